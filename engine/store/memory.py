# SPDX-License-Identifier: Apache-2.0
"""The store in memory: the twin for tests and the simulation, with the same promises but durability."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from engine.ports import (
    Clock,
    Disclosure,
    JournalRow,
    MessageKey,
    Parcel,
    Parked,
    Pulled,
    Seen,
    StoreConflict,
    StoredCase,
    StoreUnavailable,
)
from engine.store.memory_unit import MemoryUnit, Tables


class Failure(Enum):
    """How a unit can end badly."""

    CONFLICT = "conflict"  # StoreConflict; nothing was kept
    LOST = "lost"  # StoreUnavailable; nothing was kept
    KEPT = "kept"  # StoreUnavailable; everything was kept, but the answer got lost


class MemoryStore:
    """Cases in dictionaries. Units stand in a row: one begins when the one before has ended.

    `failures` is for rehearsals: the unit that ends next takes the first one and ends so.
    `promised` is the set of promised blobs that the mailbox reads.
    """

    def __init__(self, clock: Clock, *, promised: set[str] | None = None) -> None:
        self.failures: deque[Failure] = deque()
        self._clock = clock
        self._turn = asyncio.Lock()
        self._tables = Tables(promised=promised if promised is not None else set())

    @property
    def tables(self) -> Tables:
        """What is kept, for the twin of the operators' store."""
        return self._tables

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[MemoryUnit]:
        """Begin a transaction; raises `StoreConflict`, `StoreUnavailable`."""
        async with self._turn:
            unit = MemoryUnit(self._tables, self._clock.now())
            yield unit
            failure = self.failures.popleft() if self.failures else None
            if failure is Failure.CONFLICT:
                raise StoreConflict("rehearsed")
            if failure is not Failure.LOST:
                unit.commit()
            if failure is not None:
                raise StoreUnavailable("rehearsed")

    async def seen(self, key: MessageKey) -> Seen | None:
        """Return what the inbox remembers of a message."""
        return self._tables.inbox.get(key)

    async def case(self, case_id: UUID) -> StoredCase | None:
        """Return the case as it is."""
        return self._tables.cases.get(case_id)

    async def reported(self, mark: str) -> UUID | None:
        """Return the running case about this."""
        return self._tables.reported.get(mark)

    async def sealed_contents(self, case_id: UUID) -> bytes | None:
        """Return what the case keeps sealed."""
        return self._tables.contents.get(case_id)

    async def cases_of(
        self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[StoredCase]:
        """Return the owner's cases, newest first, after the given place."""
        wanted = [
            one
            for one in self._tables.cases.values()
            if one.case.owner == owner and (before is None or (one.case.opened_at, one.case.id) < before)
        ]
        return sorted(wanted, key=lambda one: (one.case.opened_at, one.case.id), reverse=True)[:limit]

    async def cases_with(self, person: UUID, *, limit: int) -> list[StoredCase]:
        """Return the cases in which the person has taken a seat, newest first."""
        wanted = [
            one
            for one in self._tables.cases.values()
            if person in {each.person for each in one.case.participants.values()}
        ]
        return sorted(wanted, key=lambda one: (one.case.opened_at, one.case.id), reverse=True)[:limit]

    async def journal(self, case_id: UUID, *, after: int = 0, limit: int = 1000) -> list[JournalRow]:
        """Return the journal of a case after a sequence number, in order."""
        return [row for row in self._tables.journal.get(case_id, ()) if row.seq > after][:limit]

    async def disclosures(self, case_id: UUID) -> list[Disclosure]:
        """Return who was told what in this case, in order of time."""
        told = [
            replace(one, through=self._through(one))
            for one in self._tables.disclosures.values()
            if one.case_id == case_id
        ]
        return sorted(told, key=lambda one: (one.at, one.order_id, one.field))

    def _through(self, told: Disclosure) -> tuple[str, ...]:
        mine = [one for one in self._tables.handed.values() if one.order_id == told.order_id]
        mine.sort(key=lambda one: (one.at, one.taker))
        return tuple(one.taker for one in mine if one.taker != told.organisation)

    async def to_wake(self, now: datetime, *, limit: int) -> list[tuple[UUID, datetime, int]]:
        """Return (case, wake_at, version) of cases whose instant has come, the longest overdue first."""
        cases = [stored.case for stored in self._tables.cases.values()]
        due = [
            (one.id, one.wake_at, one.version)
            for one in cases
            if one.wake_at is not None and one.wake_at <= now
        ]
        return sorted(due, key=lambda one: (one[1], one[0]))[:limit]

    async def unpublished(
        self, *, older_than: timedelta, lease: timedelta, limit: int
    ) -> list[tuple[int, Parcel]]:
        """Claim parcels that a crash left in the outbox."""
        now = self._clock.now()
        free = [
            id_
            for id_, one in sorted(self._tables.outbox.items())
            if one.created_at <= now - older_than and (one.claimed_until is None or one.claimed_until <= now)
        ][:limit]
        for id_ in free:
            self._tables.outbox[id_] = replace(self._tables.outbox[id_], claimed_until=now + lease)
        return [(id_, self._tables.outbox[id_].parcel) for id_ in free]

    async def forget_published(self, ids: Sequence[int]) -> None:
        """Drop outbox rows whose parcels are in their queues."""
        for id_ in ids:
            self._tables.outbox.pop(id_, None)

    async def pull_orders(
        self, organisation: str, *, after: int, limit: int, without: Sequence[str] = ()
    ) -> list[Pulled]:
        """Return the organisation's unacknowledged orders after a position, oldest first."""
        waiting = [
            Pulled(one.position, one.order.order_id, one.order.event)
            for one in self._tables.to_fetch.values()
            if one.order.organisation == organisation
            and one.acked_at is None
            and one.position > after
            and one.order.principal not in without
        ]
        return sorted(waiting, key=lambda one: one.position)[:limit]

    async def drop_pulled(self, organisation: str, pulled: Sequence[Pulled]) -> int:
        """Take unacknowledged orders out of the feed if they are still in this place."""
        given = {(organisation, one.order_id): one.position for one in pulled}
        gone = [
            key
            for key, position in given.items()
            if (row := self._tables.to_fetch.get(key)) and row.acked_at is None and row.position == position
        ]
        for key in gone:
            del self._tables.to_fetch[key]
        return len(gone)

    async def left_behind(self, organisation: str, *, after: int, without: Sequence[str] = ()) -> int:
        """Return how many unacknowledged orders lie up to this position."""
        behind = [
            one
            for one in self._tables.to_fetch.values()
            if one.order.organisation == organisation
            and one.acked_at is None
            and one.position <= after
            and one.order.principal not in without
        ]
        return min(len(behind), 1000)

    async def forget_acknowledged(self, *, before: datetime, limit: int) -> int:
        """Drop orders from the feeds that were acknowledged before an instant."""
        old = [key for key, one in self._tables.to_fetch.items() if one.acked_at and one.acked_at < before]
        for key in old[:limit]:
            del self._tables.to_fetch[key]
        return len(old[:limit])

    async def acknowledge_pulled(self, organisation: str, order_ids: Sequence[str], *, at: datetime) -> int:
        """Note that the organisation has these orders; return how many were waiting."""
        keys = {(organisation, order_id) for order_id in order_ids}
        waiting = [
            key
            for key in keys
            if key in self._tables.to_fetch and self._tables.to_fetch[key].acked_at is None
        ]
        for key in waiting:
            self._tables.to_fetch[key] = replace(self._tables.to_fetch[key], acked_at=at)
        return len(waiting)

    async def park(self, parked: Sequence[Parked]) -> None:
        """Put aside, once for each id; what was resolved and comes again waits again."""
        for one in parked:
            again = replace(one, parked_at=one.parked_at or self._clock.now())
            if self._tables.resolved.pop(one.id, None):
                again = replace(self._tables.parked[one.id], reason=one.reason, parked_at=again.parked_at)
                self._tables.parked[one.id] = again
            self._tables.parked.setdefault(one.id, again)

    async def parked(self, *, limit: int) -> list[Parked]:
        """Return what waits for a person, oldest first."""
        waiting = [one for one in self._tables.parked.values() if one.id not in self._tables.resolved]
        return sorted(waiting, key=_by_age)[:limit]

    async def keep_catalogue(self, sha256: str, rules: Mapping[str, Any]) -> None:
        """Keep the rules under their hash, once."""
        self._tables.catalogues.setdefault(sha256, rules)

    async def catalogue(self, sha256: str) -> Mapping[str, Any] | None:
        """Return the rules under a hash."""
        return self._tables.catalogues.get(sha256)

    async def erase(self, case_id: UUID) -> bool:
        """Destroy the case's key: what it kept sealed is unreadable for good; states stay."""
        stored = self._tables.cases.get(case_id)
        if stored is None or stored.data_key_wrapped is None:
            return False
        self._tables.cases[case_id] = replace(stored, data_key_wrapped=None)
        return True


def _by_age(one: Parked) -> tuple[float, UUID]:
    return (one.parked_at.timestamp() if one.parked_at else 0.0, one.id)
