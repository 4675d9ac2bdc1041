# SPDX-License-Identifier: Apache-2.0
"""Representation (代理): who acts for whom, on which basis, in what, from when and until when.

The basis is a document that staff of a counter has seen. It ends by itself: a parent's on the child's
18th birthday, a guardian's when a new certificate has to be shown, an agent's as the letter says.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.core.errors import EngineError, Problem
from engine.core.text import Text
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.assistance import Basis

ADULT_FROM: Final = 18  # Civil Code (民法) art. 4
FRESH_DAYS: Final = 92  # 登記事項証明書 and the like are not older than three months


class Kind(StrEnum):
    """The basis of a power."""

    PARENT = "parent"  # 親権者
    GUARDIAN_OF_MINOR = "guardian-of-minor"  # 未成年後見人
    GUARDIAN = "guardian"  # 成年後見人
    CURATOR = "curator"  # 保佐人
    ASSISTANT = "assistant"  # 補助人
    VOLUNTARY_GUARDIAN = "voluntary-guardian"  # 任意後見人
    AGENT = "agent"  # 任意代理人
    SPECIAL = "special"  # 特別代理人


class Document(StrEnum):
    """What proves a power."""

    FAMILY_REGISTER = "family-register"  # 戸籍全部事項証明書
    REGISTRATION = "guardianship-registration"  # 登記事項証明書（後見登記等ファイル）
    LETTER_OF_ATTORNEY = "letter-of-attorney"  # 委任状
    COURT_DECISION = "court-decision"  # 審判書謄本


@dataclass(frozen=True, slots=True)
class Power:
    """What the law says of a kind: its name, its articles, what proves it, what it needs."""

    name: Text
    law: str
    documents: frozenset[Document]
    of_minor: bool = False
    needs_procedures: bool = False  # no general power: each procedure is named (代理行為目録, 委任状)


POWERS: Final = {
    Kind.PARENT: Power(
        Text(ja="親権者", en="parent"),
        "民法818条・824条・824条の2",
        frozenset({Document.FAMILY_REGISTER}),
        of_minor=True,
    ),
    Kind.GUARDIAN_OF_MINOR: Power(
        Text(ja="未成年後見人", en="guardian of a minor"),
        "民法838条1号・859条",
        frozenset({Document.FAMILY_REGISTER}),
        of_minor=True,
    ),
    Kind.GUARDIAN: Power(
        Text(ja="成年後見人", en="guardian of an adult"),
        "民法8条・859条",
        frozenset({Document.REGISTRATION}),
    ),
    Kind.CURATOR: Power(
        Text(ja="保佐人", en="curator"),
        "民法12条・876条の4",
        frozenset({Document.REGISTRATION}),
        needs_procedures=True,
    ),
    Kind.ASSISTANT: Power(
        Text(ja="補助人", en="assistant"),
        "民法16条・876条の9",
        frozenset({Document.REGISTRATION}),
        needs_procedures=True,
    ),
    Kind.VOLUNTARY_GUARDIAN: Power(
        Text(ja="任意後見人", en="voluntary guardian"),
        "任意後見契約に関する法律2条4号",
        frozenset({Document.REGISTRATION}),
        needs_procedures=True,
    ),
    Kind.AGENT: Power(
        Text(ja="任意代理人", en="agent"),
        "民法99条・643条",
        frozenset({Document.LETTER_OF_ATTORNEY}),
        needs_procedures=True,
    ),
    Kind.SPECIAL: Power(
        Text(ja="特別代理人", en="special representative"),
        "民法826条・860条",
        frozenset({Document.COURT_DECISION}),
    ),
}
assert POWERS.keys() == set(Kind)  # noqa: S101 - a kind without its law would be a bug


@dataclass(frozen=True, slots=True)
class Scope:
    """In which life events, and which procedures of them; none named: all of these events."""

    events: tuple[str, ...]
    procedures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """A record of who represents whom. `begins_on` and `ends_on` are both within it (Japan).

    `mark` stands for name and birth date of the represented, `basis` is the document by which the
    representative was identified, `document` what the power was seen in.
    """

    id: UUID
    representative: UUID
    represented: UUID
    kind: Kind
    mark: str
    document: Document
    scope: Scope
    begins_on: date
    ends_on: date
    basis: Basis
    verified_by: UUID
    verified_at: datetime
    revoked_at: datetime | None = None
    revoked_by: UUID | None = None

    def check(self, today: date) -> None:
        """Return if the power is there today.

        Raises:
            EngineError: `representation-revoked`, `representation-ended`, `representation-not-begun`.
        """
        if self.revoked_at is not None:
            raise EngineError("representation-revoked")
        if today > self.ends_on:
            raise EngineError("representation-ended")
        if today < self.begins_on:
            raise EngineError("representation-not-begun")

    def check_event(self, event: str) -> None:
        """Return if the power covers the life event; raises `representation-scope`."""
        if event not in self.scope.events:
            raise EngineError("representation-scope", problems=(Problem("/event", "representation-scope"),))

    def check_procedures(self, event: str, slugs: Collection[str]) -> None:
        """Return if the power covers all of this; raises `representation-scope`, naming what it does not."""
        self.check_event(event)
        if not self.scope.procedures:
            return
        beyond = sorted(set(slugs) - set(self.scope.procedures))
        if beyond:
            problems = tuple(Problem(f"/procedures/{slug}", "representation-scope") for slug in beyond)
            raise EngineError("representation-scope", problems=problems)


def last_day_of_minority(born: date) -> date:
    """Return the last day on which somebody is a minor: the one before the 18th birthday.

    An age is reached when the day before the birthday ends (年齢計算ニ関スル法律, Civil Code art. 143): who
    was born on 29 February reaches it with the end of 28 February, in every year.
    """
    try:
        return born.replace(year=born.year + ADULT_FROM) - timedelta(days=1)
    except ValueError:
        return born.replace(year=born.year + ADULT_FROM, day=28)
