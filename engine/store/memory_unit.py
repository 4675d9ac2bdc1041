# SPDX-License-Identifier: Apache-2.0
"""One transaction in memory: what it writes is set down when it ends, all at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from engine.core.case import Filing
from engine.ports import (
    CalendarFeed,
    Changes,
    Crossing,
    DeletionNotice,
    Disclosure,
    Ending,
    Handed,
    InboxEntry,
    JournalRow,
    Located,
    MessageKey,
    Parcel,
    Parked,
    PullOrder,
    Seen,
    StoreConflict,
    StoredCase,
)


@dataclass(frozen=True, slots=True)
class Posted:
    """A parcel in the outbox."""

    parcel: Parcel
    created_at: datetime
    claimed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ToFetch:
    """A pull order in the feed of its organisation."""

    position: int
    order: PullOrder
    created_at: datetime
    acked_at: datetime | None = None


@dataclass(slots=True)
class Tables:
    """What is kept."""

    cases: dict[UUID, StoredCase] = field(default_factory=dict)
    contents: dict[UUID, bytes] = field(default_factory=dict)
    journal: dict[UUID, list[JournalRow]] = field(default_factory=dict)
    case_of: dict[UUID, UUID] = field(default_factory=dict)  # by filing
    filing_of: dict[str, UUID] = field(default_factory=dict)  # by reference, also former ones
    inbox: dict[MessageKey, Seen] = field(default_factory=dict)
    outbox: dict[int, Posted] = field(default_factory=dict)
    outbox_ids: "count[int]" = field(default_factory=lambda: count(1))
    to_fetch: dict[tuple[str, str], ToFetch] = field(default_factory=dict)
    positions: "count[int]" = field(default_factory=lambda: count(1))
    disclosures: dict[tuple[str, str], Disclosure] = field(default_factory=dict)
    handed: dict[tuple[str, str], Handed] = field(default_factory=dict)  # by order and taker
    parked: dict[UUID, Parked] = field(default_factory=dict)
    resolved: dict[UUID, tuple[datetime, str]] = field(default_factory=dict)  # parked ones, and how
    catalogues: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    promised: set[str] = field(default_factory=set)
    crossings: dict[tuple[str, str], Crossing] = field(default_factory=dict)
    deletions: dict[tuple[str, str], DeletionNotice] = field(default_factory=dict)
    endings: dict[UUID, Ending] = field(default_factory=dict)
    feeds: dict[bytes, CalendarFeed] = field(default_factory=dict)  # by the hash of the token
    reported: dict[str, UUID] = field(default_factory=dict)  # running cases, by what they are about
    people: list[tuple[UUID, UUID, str]] = field(default_factory=list)  # case, seat, mark of the person
    followed: set[UUID] = field(default_factory=set)  # cases of deaths
    erased: dict[UUID, list[tuple[int, str]]] = field(default_factory=dict)  # what is left of events

    def filing(self, id_: UUID) -> Filing:
        """Return a filing; raises KeyError."""
        return self.cases[self.case_of[id_]].case.filings[id_]


class MemoryUnit:
    """The doors of one transaction."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._tables = tables
        self._now = now
        self._registered: dict[MessageKey, Seen] = {}
        self._kept: list[tuple[Changes, list[int]]] = []

    async def register(self, entries: Sequence[InboxEntry]) -> dict[MessageKey, Seen]:
        """Write the messages into the inbox; return those that had been there before."""
        inbox = self._tables.inbox
        for one in entries:
            if one.key not in inbox:
                self._registered[one.key] = Seen(one.body_hash, one.case_id, "applied", None)
        return {one.key: inbox[one.key] for one in entries if one.key in inbox}

    async def locate(self, references: Sequence[str]) -> dict[str, Located]:
        """Return the filings that go by these references now, and have an organisation."""
        found = {}
        for reference in references:
            if (id_ := self._tables.filing_of.get(reference)) is None:
                continue
            filing = self._tables.filing(id_)
            if filing.reference == reference and filing.organisation is not None:
                found[reference] = Located(self._tables.case_of[id_], id_, filing.organisation)
        return found

    async def load(self, case_ids: Sequence[UUID]) -> dict[UUID, StoredCase]:
        """Return these cases; nobody else is at work."""
        return {id_: self._tables.cases[id_] for id_ in case_ids if id_ in self._tables.cases}

    async def contents(self, case_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return what these cases keep sealed."""
        return {id_: self._tables.contents[id_] for id_ in case_ids if id_ in self._tables.contents}

    async def reported(self, marks: Sequence[str]) -> dict[str, UUID]:
        """Return which of these are reported, and by which running case."""
        return {mark: self._tables.reported[mark] for mark in marks if mark in self._tables.reported}

    async def since(
        self, filings: Sequence[UUID], first: str, types: Sequence[str]
    ) -> dict[UUID, list[JournalRow]]:
        """Return the events of these types in the journal of each filing, from its last `first` on."""
        found: dict[UUID, list[JournalRow]] = {}
        for id_ in filings:
            case = self._tables.case_of.get(id_)
            rows = [row for row in self._tables.journal[case] if row.filing == id_] if case else []
            begun = [place for place, row in enumerate(rows) if row.type == first]
            if begun:
                found[id_] = [row for row in rows[begun[-1] :] if row.type in types]
        return found

    async def handed(self, filings: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
        """Return who was handed orders of these filings."""
        found: dict[UUID, frozenset[str]] = {}
        for one in self._tables.handed.values():
            if one.filing in filings:
                found[one.filing] = found.get(one.filing, frozenset()) | {one.taker}
        return found

    async def keep(self, changes: Changes) -> list[int]:
        """Write everything; return the outbox ids of the parcels, in their order."""
        if any(stored.case.id in self._tables.cases for stored, _ in changes.opened):
            raise StoreConflict("case opened twice")
        if not changes.moved.keys() | changes.contents.keys() <= self._tables.cases.keys():
            raise LookupError("a case was to change that is not there")
        if not changes.filings.keys() <= self._tables.case_of.keys():
            raise LookupError("a filing was to change that is not there")
        if changes.reported.keys() & self._tables.reported.keys():
            raise StoreConflict("reported meanwhile")
        for one in changes.certificates:
            ending = self._tables.endings.get(one.case_id)
            if ending is None or ending.certified_at or ending.erased_at:
                raise StoreConflict("certified or erased meanwhile")
        ids = [next(self._tables.outbox_ids) for _ in changes.parcels]
        self._kept.append((changes, ids))
        return ids

    def commit(self) -> None:
        """Set everything down."""
        self._tables.inbox.update(self._registered)
        for changes, ids in self._kept:
            self._set_down_cases(changes)
            self._set_down_beside(changes, ids)

    def _set_down_cases(self, changes: Changes) -> None:
        tables = self._tables
        for stored, contents in changes.opened:
            tables.cases[stored.case.id] = stored
            tables.contents[stored.case.id] = contents
            tables.journal[stored.case.id] = []
            for filing in stored.case.filings.values():
                self._name(stored.case.id, filing)
        for id_, stored in changes.moved.items():
            before = tables.cases[id_]  # its key may have been destroyed meanwhile
            case = replace(stored.case, filings=before.case.filings, rules=before.case.rules)
            tables.cases[id_] = replace(stored, case=case, data_key_wrapped=before.data_key_wrapped)
        for id_, filing in changes.filings.items():
            stored = tables.cases[tables.case_of[id_]]
            case = replace(stored.case, filings={**stored.case.filings, id_: filing})
            tables.cases[case.id] = replace(stored, case=case)
            self._name(case.id, filing)
        for row in changes.journal:
            tables.journal[row.case_id].append(row)
        tables.contents.update(changes.contents)

    def _name(self, case_id: UUID, filing: Filing) -> None:
        self._tables.case_of[filing.id] = case_id
        if filing.reference is not None:
            self._tables.filing_of[filing.reference] = filing.id

    def _set_down_beside(self, changes: Changes, ids: Sequence[int]) -> None:
        tables = self._tables
        for id_, parcel in zip(ids, changes.parcels, strict=True):
            tables.outbox[id_] = Posted(parcel, self._now)
        for order in changes.pull_orders:
            tables.to_fetch[order.organisation, order.order_id] = ToFetch(
                next(tables.positions), order, self._now
            )
        for told in changes.disclosures:
            tables.disclosures.setdefault((told.order_id, told.field), told)
        tables.promised.update(changes.promised_blobs)
        for crossing in changes.crossings:
            known = tables.crossings.setdefault((crossing.organisation, crossing.message_id), crossing)
            if known.through != crossing.through:
                tables.crossings[crossing.organisation, crossing.message_id] = replace(
                    known, through=crossing.through
                )
        for notice in changes.deletions:
            filing = tables.filing_of.get(notice.reference)
            takers = {one.taker for one in tables.handed.values() if one.filing == filing}
            for number in {notice.organisation, *takers}:
                told_off = replace(notice, organisation=number)
                tables.deletions.setdefault((number, notice.reference), told_off)
        for handed in changes.handed:
            tables.handed[handed.order_id, handed.taker] = handed
        for key in changes.recalled:
            if key in tables.to_fetch and tables.to_fetch[key].acked_at is None:
                del tables.to_fetch[key]
        for key, seen in changes.outcomes.items():
            tables.inbox[key] = replace(seen, body_hash=tables.inbox[key].body_hash)
        for id_ in changes.published:
            tables.outbox.pop(id_, None)
        ended = {one.case_id for one in changes.ended}
        tables.reported.update(changes.reported)
        tables.people = [one for one in (*tables.people, *changes.people) if one[0] not in ended]
        for mark in [mark for mark, id_ in tables.reported.items() if id_ in ended]:
            del tables.reported[mark]
        for one in changes.ended:
            ending = Ending(one.case_id, one.at, one.owes_certificate, None, None, None)
            tables.endings.setdefault(one.case_id, ending)
        for kept in changes.certificates:
            tables.endings[kept.case_id] = replace(
                tables.endings[kept.case_id], certificate_sealed=kept.sealed, certified_at=kept.at
            )
