# SPDX-License-Identifier: Apache-2.0
"""The terms that the declarations of all life events share: subjects, conditions, receivers, periods.

A subject is a JSON pointer into the facts (`/movers/1`), "" where a procedure is about the household.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from engine.core.calendars import Authority
from engine.core.deadline_rules import FactDay, Promptness, Severity, Soft, Within
from engine.core.declaration import Condition, Receiver, Sought
from engine.core.periods import Counting, Unit
from engine.core.text import Text
from workflows.common import Address, both

F = TypeVar("F", bound=BaseModel)

# Practice, ordinances and contracts that no single day began: any day before the first case.
UNDATED: Final = date(2000, 1, 1)

# --- what several events say in the same words ------------------------------------------------------

AT_COUNTER: Final = both(
    "個人番号は窓口でカードから確認されます。Todoke は扱いません",
    "The number is read from the card at the counter; Todoke never handles it",
)
SHOWN_BY_PERSON: Final = both(
    "個人番号は窓口又は電子申請の画面でご本人が示します。Todoke は扱いません",
    "The person shows My Number at the counter; Todoke never handles it",
)
TO_EMPLOYER: Final = both(
    "勤務先が個人番号を要する場合は、ご本人が直接伝えます。Todoke は扱いません",
    "Where the employer needs My Number, the employee gives it; Todoke never handles it",
)
FINE_OF_50_000: Final = both("5万円以下の過料", "A fine of up to 50,000 yen")

# --- until when -------------------------------------------------------------------------------------


def days_from(
    of: FactDay,
    amount: int,
    basis: str,
    *,
    authority: Authority = Authority.MUNICIPAL,
    severity: Severity = Severity.CONVENIENCE,
    counting: Counting = Counting.FROM_NEXT_DAY,
    confirm: bool = False,
) -> Within:
    """Return so many days from a fact, whose last day moves on when the authority is closed."""
    return Within(
        of=of,
        amount=amount,
        unit=Unit.DAYS,
        authority=authority,
        severity=severity,
        basis=basis,
        counting=counting,
        confirm=confirm,
    )


def soft(promptness: Promptness, basis: str, *, severity: Severity = Severity.CONVENIENCE) -> Soft:
    """Return a duty in words."""
    return Soft(promptness=promptness, severity=severity, basis=basis)


# --- whom it is about, and when it applies ----------------------------------------------------------


def things(
    place: str,
    of: Callable[[F], Sequence[Any]],
    which: Callable[[F, Any], bool] = lambda _facts, _thing: True,
) -> Callable[[F], tuple[str, ...]]:
    """Return the subjects of a procedure that is about some of the things at a place of the facts."""

    def subjects(facts: F) -> tuple[str, ...]:
        return tuple(f"{place}/{n}" for n, thing in enumerate(of(facts)) if which(facts, thing))

    return subjects


def some(subjects: Callable[[F], tuple[str, ...]], text: Text) -> Condition[F]:
    """Return the condition that there is somebody or something that the procedure is about."""
    return Condition(text, lambda facts: bool(subjects(facts)))


# --- to whom ----------------------------------------------------------------------------------------


def named(company: str | None, name: str | None, unnamed: Text, *, is_chosen: bool = True) -> Sought:
    """Return the company as it was told; `is_chosen`: nobody else will do."""
    return Sought(both(name, name) if name else unnamed, number=company, is_chosen=is_chosen)


def office_at(home: Address, ja: str, en: str) -> Sought:
    """Return the office of that name for an address: `{prefecture}` and `{city}` are filled in."""
    words = both(
        ja.format(prefecture=home.prefecture, city=home.city),
        en.format(prefecture=home.prefecture, city=home.city),
    )
    return Sought(words, area=home.municipality)


def pension_service() -> Receiver[Any]:
    """Return the Japan Pension Service (日本年金機構)."""
    return Receiver("JPS", lambda _: Sought(both("日本年金機構", "Japan Pension Service")))


def nobody() -> Receiver[Any]:
    """Return the receiver of what is filed with nobody."""
    return Receiver("NONE", lambda _: Sought(both("提出不要", "Nobody")))


# --- who may be told --------------------------------------------------------------------------------


def only(*kinds: str) -> frozenset[str]:
    """Return the kinds of receivers that may get a field, and nobody else."""
    return frozenset(kinds)
