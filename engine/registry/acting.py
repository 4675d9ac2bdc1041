# SPDX-License-Identifier: Apache-2.0
"""Who acts for whom: agents (受託者) by a grant, successors by a merger or a new corporate number.

Orders for an organisation go to whoever takes them at that instant; replies about its filings are taken
from itself, from its successor, and from the agent of a live grant. Why it is so: docs/adr/0028.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.core.errors import Code, EngineError, register
from engine.registry.municipalities import areas_around

Scope = tuple[str, str | None]
"""A procedure by its slug, and the area in which; None is everywhere."""

register(
    {
        "not-your-reference": Code(
            403, "この符号はほかの機関のものです", "The reference belongs to another organisation"
        ),
        "not-in-grant": Code(
            403,
            "この手続は委託の範囲に含まれていません",
            "The grant to act for this organisation does not cover this procedure",
        ),
        "ended-grant": Code(
            403,
            "この機関・事業者からの委託は終了しています",
            "The grant to act for this organisation has ended",
        ),
        "ended-succession": Code(
            403,
            "この法人番号での回答の受付は終了しています。承継した機関・事業者が回答してください",
            "Replies under the former corporate number are over; the successor answers",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """That an agent takes orders and answers for a principal (委託元): which procedures, from when to when.

    It counts once a representative of the agent has accepted it. `ended_at` is when one of the two, or
    an operator, ended it before its time. `taken_over_at` and `handed_back_at` are when what waited had
    been given to who takes it since.
    """

    id: UUID
    principal: str
    agent: str
    procedures: tuple[Scope, ...]
    begins_at: datetime
    ends_at: datetime
    offered_by: str
    offered_at: datetime
    accepted_by: str | None = None
    accepted_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    ended_because: str | None = None
    taken_over_at: datetime | None = None
    handed_back_at: datetime | None = None

    @property
    def last_instant(self) -> datetime:
        """When it is over, however it came to its end."""
        return min(self.ended_at, self.ends_at) if self.ended_at is not None else self.ends_at

    def is_live(self, now: datetime) -> bool:
        """Whether the agent may act now."""
        return self.accepted_at is not None and self.begins_at <= now < self.last_instant

    def is_open(self, now: datetime) -> bool:
        """Whether it is live or may still become so."""
        return now < self.last_instant

    def covers(self, slug: str, area: str | None) -> bool:
        """Whether it is about the procedure there."""
        around = (*areas_around(area), None) if area else (None,)
        return any(one == slug and where in around for one, where in self.procedures)

    def meets(self, other: "Grant") -> bool:
        """Whether both would give one procedure of one place to somebody at the same time."""
        apart = other.last_instant <= self.begins_at or self.last_instant <= other.begins_at
        if apart or self.principal != other.principal:
            return False
        return any(other.covers(*one) for one in self.procedures) or any(
            self.covers(*one) for one in other.procedures
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """That one organisation carries on what another was. Until `overlap_until` both may answer."""

    predecessor: str
    successor: str
    declared_by: str
    declared_at: datetime
    reason: str
    overlap_until: datetime
    taken_over_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes an order: the organisation itself, its successor, or an agent."""

    number: str
    is_agent: bool = False


NOBODY: Final[frozenset[str]] = frozenset()


class Acting:
    """All grants and successions of one version of the registry. `usable` are who may act as agents."""

    def __init__(
        self, grants: Iterable[Grant], successions: Iterable[Succession], *, usable: frozenset[str]
    ) -> None:
        self._usable = usable
        self._successions = {one.predecessor: one for one in successions}
        self._grants: Mapping[str, list[Grant]] = _by_principal(grants)
        self._former = _former(self._successions)
        self._principals = self._all_principals()

    def heir(self, number: str) -> str:
        """Return who carries on today what this organisation was: itself, if nobody does."""
        seen = {number}
        while (found := self._successions.get(number)) is not None and found.successor not in seen:
            number = found.successor
            seen.add(number)
        return number

    def former(self, number: str) -> tuple[str, ...]:
        """Return the organisations that this one carries on, directly or not."""
        return self._former.get(number, ())

    def concerns(self, number: str) -> bool:
        """Whether anybody ever acted for the organisation, or carries it on."""
        return number in self._grants or number in self._successions

    def taker(self, number: str, scope: Scope, now: datetime) -> Taker:
        """Return who takes orders of the organisation about this procedure and place."""
        heir = self.heir(number)
        for grant in self._of(number, heir):
            if grant.is_live(now) and grant.covers(*scope):
                agent = self.heir(grant.agent)
                if agent in self._usable and agent != heir:
                    return Taker(agent, is_agent=True)
        return Taker(heir)

    def check_may_answer(self, speaker: str, number: str, scope: Scope, now: datetime) -> None:
        """Return if `speaker` may answer about such a filing of the organisation.

        Raises:
            EngineError: `not-in-grant`, `ended-grant`, `ended-succession`; `not-your-reference`: it never
                had to do with it.
        """
        heir = self.heir(number)
        if speaker == heir:
            return
        if speaker == number or (speaker in self._former.get(heir, ()) and number in self.former(speaker)):
            if now >= self._successions[speaker].overlap_until:
                raise EngineError("ended-succession")
            return
        own = [
            grant
            for grant in self._of(number, heir)
            if speaker in (grant.agent, self.heir(grant.agent)) and grant.accepted_at is not None
        ]
        live = [grant for grant in own if grant.is_live(now) and speaker in self._usable]
        if any(grant.covers(*scope) for grant in live):
            return
        if not own:
            raise EngineError("not-your-reference")
        raise EngineError("not-in-grant" if live else "ended-grant")

    def principals(self, number: str) -> frozenset[str]:
        """Return for whom orders may lie in this organisation's lane, beside its own."""
        return self._principals.get(number, NOBODY)

    def _of(self, number: str, heir: str) -> list[Grant]:
        own = self._grants.get(number, [])
        return own if heir == number else own + self._grants.get(heir, [])

    def _all_principals(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for number in self._successions:
            found[self.heir(number)].add(number)
        for principal, grants in self._grants.items():
            for grant in grants:
                if grant.accepted_at is not None:
                    # The heir's own grants carry the filings of whom it carries on, too.
                    found[self.heir(grant.agent)] |= {principal, *self.former(principal)}
        return {number: frozenset(some) for number, some in found.items()}


def _by_principal(grants: Iterable[Grant]) -> dict[str, list[Grant]]:
    found: dict[str, list[Grant]] = defaultdict(list)
    for grant in sorted(grants, key=lambda one: (one.begins_at, one.id)):
        found[grant.principal].append(grant)
    return dict(found)


def _former(successions: Mapping[str, Succession]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for number in sorted(successions):
        seen = {number}
        one = successions[number].successor
        while one not in seen:
            found[one].append(number)
            seen.add(one)
            following = successions.get(one)
            one = following.successor if following else number
    return {number: tuple(some) for number, some in found.items()}
