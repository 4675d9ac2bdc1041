# SPDX-License-Identifier: Apache-2.0
"""What operators ask, of the store in memory: the twin of operators.py."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from engine.core.case import Case, Filing
from engine.ports import (
    Aside,
    AsidePlace,
    AuditEntry,
    AuditRow,
    Backlog,
    CaseLine,
    CasePlace,
    CaseQuestion,
    FilingLine,
    FilingPlace,
    FilingQuestion,
    Parked,
)
from engine.store.audit import FIRST_HASH, chained
from engine.store.memory import MemoryStore

T = TypeVar("T")
P = TypeVar("P")


class MemoryOperators:
    """The same questions over the tables of a `MemoryStore`. A list looks at `walked` rows at most."""

    def __init__(self, store: MemoryStore, *, walked: int = 5_000) -> None:
        self._tables = store.tables
        self._walked = walked
        self._audit: list[AuditRow] = []

    async def cases(
        self, question: CaseQuestion, *, after: CasePlace | None, limit: int
    ) -> tuple[list[CaseLine], CasePlace | None]:
        """Return cases, newest first."""
        cases = [stored.case for stored in self._tables.cases.values()]
        walk = sorted(
            (
                case
                for case in cases
                if (after is None or _opened(case) < after)
                and (question.opened_before is None or case.opened_at < question.opened_before)
                and (question.opened_from is None or case.opened_at >= question.opened_from)
            ),
            key=_opened,
            reverse=True,
        )
        found, place = self._page(walk, lambda case: _fits_case(case, question), _opened, limit)
        return [_case_line(case) for case in found], place

    async def filings(
        self, question: FilingQuestion, *, after: FilingPlace | None, limit: int
    ) -> tuple[list[FilingLine], FilingPlace | None]:
        """Return filings, the earliest last day first."""
        walk = sorted(
            (
                line
                for line in self._lines()
                if (after is None or _urgency(line) > after) and _is_walked(line.filing, question)
            ),
            key=_urgency,
        )
        return self._page(walk, lambda line: _fits_filing(line.filing, question), _urgency, limit)

    async def filing(self, filing: UUID) -> FilingLine | None:
        """Return one filing."""
        case_id = self._tables.case_of.get(filing)
        return FilingLine(case_id, self._tables.filing(filing)) if case_id else None

    async def backlog(self, organisation: str) -> Backlog:
        """Return what lies at an organisation."""
        open_ = [
            line.filing
            for line in self._lines()
            if line.filing.organisation == organisation and not line.filing.has_ended
        ]
        waiting = [
            one
            for one in self._tables.to_fetch.values()
            if one.order.organisation == organisation and one.acked_at is None
        ]
        return Backlog(
            len(waiting),
            min((one.created_at for one in waiting), default=None),
            dict(sorted(Counter(filing.state.value for filing in open_).items())),
            sum(filing.flag is not None for filing in open_),
            min((filing.since for filing in open_), default=None),
        )

    async def outbox(self) -> tuple[int, datetime | None]:
        """Return how many parcels wait in the outbox, and since when."""
        posted = self._tables.outbox.values()
        return len(posted), min((one.created_at for one in posted), default=None)

    async def aside(self, *, after: AsidePlace | None, limit: int) -> tuple[list[Aside], AsidePlace | None]:
        """Return parked deliveries that wait for a person, oldest first."""
        waiting = [
            (one.parked_at, one.id)
            for one in self._tables.parked.values()
            if one.parked_at is not None and one.id not in self._tables.resolved
        ]
        places = sorted(place for place in waiting if after is None or place > after)
        page = [Aside(self._tables.parked[id_]) for _, id_ in places[:limit]]
        return page, places[limit - 1] if len(places) > limit else None

    async def aside_one(self, parked: UUID) -> Aside | None:
        """Return one parked delivery, also one that was resolved."""
        found: Parked | None = self._tables.parked.get(parked)
        return Aside(found, *self._tables.resolved.get(parked, (None, None))) if found else None

    async def resolve(self, parked: UUID, resolution: str, *, at: datetime) -> bool:
        """Note what was done about a parked delivery; False when that had been noted before."""
        if parked not in self._tables.parked or parked in self._tables.resolved:
            return False
        self._tables.resolved[parked] = at, resolution
        return True

    async def record(self, entries: Sequence[AuditEntry]) -> AuditEntry | None:
        """Write all entries, or none where the request of the first was recorded before: return that one."""
        first = entries[0]
        for row in self._audit:
            request = (row.entry.operator, row.entry.request_key)
            if first.request_key is not None and request == (first.operator, first.request_key):
                return row.entry
        head = (self._audit[-1].seq, self._audit[-1].hash) if self._audit else (0, FIRST_HASH)
        self._audit += chained(entries, after=head)
        return None

    async def last_act(self, organisation: str, acts: Sequence[str]) -> AuditEntry | None:
        """Return the last entry of one of these acts about an organisation."""
        entries = (row.entry for row in reversed(self._audit))
        return next((one for one in entries if one.organisation == organisation and one.act in acts), None)

    async def audit_of_case(self, case_id: UUID) -> list[AuditEntry]:
        """Return what operators did and looked at in a case, oldest first."""
        return [row.entry for row in self._audit if row.entry.case_id == case_id]

    async def audit(self, *, after: int, limit: int) -> list[AuditRow]:
        """Return the record after a place, in order."""
        return self._audit[after : after + limit]

    def _lines(self) -> Iterable[FilingLine]:
        return (
            FilingLine(stored.case.id, filing)
            for stored in self._tables.cases.values()
            for filing in stored.case.filings.values()
        )

    def _page(
        self, walk: Sequence[T], fits: Callable[[T], bool], place: Callable[[T], P], limit: int
    ) -> tuple[list[T], P | None]:
        """Return what fits among the first rows of the walk, and where the next page begins."""
        walked = walk[: self._walked]
        found = [one for one in walked if fits(one)]
        if len(found) > limit:
            return found[:limit], place(found[limit - 1])
        return found, place(walked[-1]) if len(walked) == self._walked else None


def _opened(case: Case) -> CasePlace:
    return case.opened_at, case.id


def _urgency(line: FilingLine) -> FilingPlace:
    return line.filing.due_on or date.max, line.filing.id


def _case_line(case: Case) -> CaseLine:
    filings = case.filings.values()
    flags = sorted({filing.flag for filing in filings if filing.flag is not None})
    return CaseLine(
        case.id,
        case.event,
        case.state.value,
        case.version,
        case.opened_at,
        case.wake_at,
        len(filings),
        sum(not filing.has_ended for filing in filings),
        tuple(flags),
    )


def _fits_case(case: Case, question: CaseQuestion) -> bool:
    return (
        question.state in {None, case.state.value}
        and question.event in {None, case.event}
        and (question.flag is None or any(_is_flagged(one, question.flag) for one in case.filings.values()))
    )


def _is_walked(filing: Filing, question: FilingQuestion) -> bool:
    if question.is_old:
        return filing.old_since is not None
    if question.flag is not None:
        return _is_flagged(filing, question.flag)
    return not filing.has_ended and question.organisation in {None, filing.organisation}


def _fits_filing(filing: Filing, question: FilingQuestion) -> bool:
    return (
        question.organisation in {None, filing.organisation}
        and question.state in {None, filing.state.value}
        and question.waits_for in {None, filing.waits.party.value if filing.waits else ""}
        and question.slug in {None, filing.slug}
        and (question.since_before is None or filing.since < question.since_before)
        and (
            question.due_before is None or (filing.due_on is not None and filing.due_on < question.due_before)
        )
    )


def _is_flagged(filing: Filing, flag: str) -> bool:
    return filing.flag is not None and flag in {filing.flag, filing.flag.partition("/")[0]}
