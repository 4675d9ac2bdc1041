# SPDX-License-Identifier: Apache-2.0
"""The record of the border in memory: the twin of traffic.py for tests and simulation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from engine.ports import Crossed, Crossing, DeletionNotice
from engine.store.memory import MemoryStore
from engine.store.traffic import ORDERS


class MemoryTraffic:
    """What a memory store keeps of the border."""

    def __init__(self, store: MemoryStore) -> None:
        self._tables = store.tables

    async def orders(
        self, organisation: str, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Crossed]:
        """Return its orders, the newest first."""
        mine = [one for one in self._of(organisation) if one.kind in ORDERS]
        mine = [one for one in mine if before is None or (one.said_at, one.message_id) < before]
        mine.sort(key=lambda one: (one.said_at, one.message_id), reverse=True)
        return [self._crossed(one) for one in mine[:limit]]

    async def between(
        self, organisation: str, *, start: datetime, end: datetime, due: tuple[date, date]
    ) -> list[Crossing]:
        """Return what was said in that time, and what was due in these days."""
        mine = self._of(organisation)
        wanted = {one.message_id for one in mine if one.due_on and due[0] <= one.due_on < due[1]}
        return [one for one in mine if start <= one.said_at < end or one.order_id in wanted]

    async def references(
        self, organisation: str, *, order_ids: Sequence[str], since: datetime | None, limit: int
    ) -> list[str]:
        """Return the references of these orders, or of those given since then."""
        mine = sorted(self._of(organisation), key=lambda one: (one.said_at, one.reference))
        found = [
            one.reference
            for one in mine
            if one.kind in ORDERS and (one.message_id in order_ids or (since and one.said_at >= since))
        ]
        return list(dict.fromkeys(found))[:limit]

    async def offer_again(
        self, organisation: str, *, order_ids: Sequence[str], since: datetime | None, limit: int
    ) -> int:
        """Offer orders of the table once more."""
        rows = [
            (key, row)
            for key, row in self._tables.to_fetch.items()
            if key[0] == organisation and (key[1] in order_ids or since is not None)
        ]
        rows.sort(key=lambda one: one[1].position)
        for key, row in rows[:limit]:
            self._tables.to_fetch[key] = replace(row, acked_at=None)
        return len(rows[:limit])

    async def refused(self, organisation: str) -> dict[str, int]:
        """Return how many of its replies were put aside, by reason."""
        counts: dict[str, int] = {}
        for one in self._tables.parked.values():
            if one.sender == organisation and one.id not in self._tables.resolved:
                counts[one.reason] = counts.get(one.reason, 0) + 1
        return counts

    async def notice(self, notices: Sequence[DeletionNotice]) -> None:
        """Keep notices of deletion."""
        for one in notices:
            self._tables.deletions.setdefault((one.organisation, one.reference), one)

    async def notices(
        self, organisation: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[DeletionNotice]:
        """Return those without a receipt, the oldest first."""
        open_ = [
            one
            for one in self._tables.deletions.values()
            if one.organisation == organisation and one.receipt is None
        ]
        open_.sort(key=lambda one: (one.noticed_at, one.reference))
        return [one for one in open_ if after is None or (one.noticed_at, one.reference) > after][:limit]

    async def receipt(self, organisation: str, reference: str, receipt: str, *, at: datetime) -> bool:
        """Keep the first receipt."""
        known = self._tables.deletions.get((organisation, reference))
        if known is None:
            return False
        if known.receipt is not None:
            return True
        self._tables.deletions[organisation, reference] = replace(known, receipt=receipt, receipted_at=at)
        return True

    async def told(self, case_id: UUID) -> list[tuple[str, str]]:
        """Return (organisation, reference) of everybody who was told anything in the case."""
        told = {
            (one.organisation, one.filing)
            for one in self._tables.disclosures.values()
            if one.case_id == case_id
        }
        filings = {filing: self._tables.filing(filing).reference for _, filing in told}
        takers = {(one.taker, one.filing) for one in self._tables.handed.values()}
        told |= {(taker, filing) for taker, filing in takers if self._tables.case_of.get(filing) == case_id}
        filings |= {filing: self._tables.filing(filing).reference for _, filing in told}
        return sorted((number, reference) for number, filing in told if (reference := filings[filing]))

    def _of(self, organisation: str) -> list[Crossing]:
        return [one for one in self._tables.crossings.values() if one.organisation == organisation]

    def _crossed(self, order: Crossing) -> Crossed:
        replies = [
            one
            for one in self._of(order.organisation)
            if one.order_id == order.message_id and one.message_id != order.message_id
        ]
        last = max(replies, key=lambda one: (one.said_at, one.message_id), default=None)
        row = self._tables.to_fetch.get((order.through or order.organisation, order.message_id))
        return Crossed(
            order, row.acked_at if row else None, last.kind if last else None, last.said_at if last else None
        )
