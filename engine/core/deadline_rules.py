# SPDX-License-Identifier: Apache-2.0
"""The shapes a deadline takes in law and contract. Data only: a plan keeps them as JSON.

A rule names the fact it runs from, how it counts, whose closed days move its end, what is
lost when it passes, and its basis: act and article, ordinance, contract, or none.
"""

from datetime import date
from enum import Enum
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.dataclasses import dataclass

from engine.core.calendars import Authority
from engine.core.periods import Counting, Unit
from engine.core.text import Text

_STRICT = ConfigDict(extra="forbid")

Positive = Annotated[int, Field(ge=1)]
Basis = Annotated[str, Field(min_length=1)]


class Severity(Enum):
    """What somebody loses who is late, from least to most."""

    CONVENIENCE = "convenience"
    FINE = "fine"
    MONEY_LOST = "money-lost"
    RIGHT_LOST = "right-lost"

    @property
    def gravity(self) -> int:
        """How bad it is beside the others: 0 is the least."""
        return list(Severity).index(self)


class Nature(Enum):
    """How the date of a fact is known."""

    HAPPENED = "happened"
    PLANNED = "planned"  # counts even when the real day comes later: 転出予定日
    LEARNED = "learned"  # each person has their own: 知った日


class Until(Enum):
    """Which day closes a period."""

    LAST_DAY = "last-day"
    DAY_AFTER = "day-after"  # 「…を経過した日」: the day after the period is full.


class Promptness(Enum):
    """The words of a duty without a number of days. They never become a day."""

    WITHOUT_DELAY = "without-delay"  # 遅滞なく
    PROMPTLY = "promptly"  # 速やかに
    AT_ONCE = "at-once"  # 直ちに
    BEFOREHAND = "beforehand"  # あらかじめ
    RECEIVER_DECIDES = "receiver-decides"  # a cut-off only the receiver knows


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class FactDay:
    """A date among the facts: its field name, and the words people know it by."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    text: Text
    nature: Nature = Nature.HAPPENED


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Within:
    """So many days, months or years from a fact: 「十四日以内」.

    `rolls` says that a last day on which `authority` is closed becomes the next open day; it is
    False for limitation periods (時効) and contracts. `in_force` is the day the duty began:
    older facts count from it, and it is day one. `not_before` names a fact that must have
    happened first. `confirm` marks an answer that rests on practice: people are told so.
    """

    of: FactDay
    amount: Positive
    unit: Unit
    authority: Authority
    severity: Severity
    basis: Basis
    counting: Counting = Counting.FROM_NEXT_DAY
    rolls: bool = True
    until: Until = Until.LAST_DAY
    in_force: date | None = None
    not_before: FactDay | None = None
    confirm: bool = False
    kind: Literal["within"] = "within"


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Before:
    """So many days ahead of a fact: 「七日前まで」. Never later; with `rolls`, earlier if closed."""

    of: FactDay
    amount: Annotated[int, Field(ge=0)]
    unit: Unit
    authority: Authority
    severity: Severity
    basis: Basis
    rolls: bool = False
    confirm: bool = False
    kind: Literal["before"] = "before"


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class OpenDaysBefore:
    """So many days ahead of a fact, counting only days the receiver is open: 「二営業日前まで」."""

    of: FactDay
    amount: Positive
    authority: Authority
    severity: Severity
    basis: Basis
    confirm: bool = False
    kind: Literal["open-days-before"] = "open-days-before"


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Offset:
    """A distance from a fact; negative is before it."""

    amount: int
    unit: Unit = Unit.DAYS


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Window:
    """A fixed span around a fact in which a way is open; closed days do not move it."""

    of: FactDay
    opens: Offset | None
    closes: Offset | None
    severity: Severity
    basis: Basis
    confirm: bool = False
    kind: Literal["window"] = "window"


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class UntilNext:
    """Until the next such day of the year, on or after the fact: 「最初の三月三十一日」."""

    of: FactDay
    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    authority: Authority
    severity: Severity
    basis: Basis
    rolls: bool = True
    confirm: bool = False
    kind: Literal["until-next"] = "until-next"

    def __post_init__(self) -> None:
        date(2001, self.month, self.day)  # a day that every year has


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class NotBefore:
    """A wait of hours after an instant; hours count at once and never roll (民法139条)."""

    of: FactDay
    hours: Positive
    severity: Severity
    basis: Basis
    kind: Literal["not-before"] = "not-before"


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Soft:
    """A duty in words, without a day."""

    promptness: Promptness
    severity: Severity
    basis: Basis
    kind: Literal["soft"] = "soft"


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Anytime:
    """No deadline at all."""

    basis: Basis
    kind: Literal["anytime"] = "anytime"


Dated = Annotated[Within | Before | OpenDaysBefore | Window | UntilNext, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class EarliestOf:
    """Several dated rules at once: the earliest last day counts, and the latest first day."""

    rules: Annotated[tuple[Dated, ...], Field(min_length=2)]
    kind: Literal["earliest-of"] = "earliest-of"


Rule = Annotated[
    Within | Before | OpenDaysBefore | Window | UntilNext | NotBefore | Soft | Anytime | EarliestOf,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Due:
    """What a rule means for these facts, with its reasons.

    `last_day` and `first_day` are None where the rule sets none, or where it waits for the facts
    named in `waits_for`. `base_day` is the last day before closed days moved it, `safe_day` the
    last open day up to it; `skipped` are the closed days in between. `opens_at` is the instant a
    wait of hours ends. `confirm` says that an ordinance or practice may make the day another.
    """

    rule_text: Text
    basis: str
    severity: Severity
    last_day: date | None = None
    first_day: date | None = None
    skipped: tuple[date, ...] = ()
    base_day: date | None = None
    safe_day: date | None = None
    opens_at: AwareDatetime | None = None
    waits_for: tuple[str, ...] = ()
    confirm: bool = False
