# SPDX-License-Identifier: Apache-2.0
"""What passes from one who took orders to another, on PostgreSQL and in memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from engine.ports import DeletionNotice, Pulled
from engine.store.memory import MemoryStore
from engine.store.pool import translated

_ORDERS: Final = "orders."
_IN_LANE: Final = """
select position, order_id, event from engine.pull_orders
where organisation = $1 and coalesce(principal, organisation) = any($2::text[]) and position > $3
  and ($5::boolean or acked_at is null)
order by position limit $4
"""
_DROP: Final = "delete from engine.pull_orders where organisation = $1 and order_id = any($2::text[])"
_DROP_POSTED: Final = """
delete from engine.outbox where destination = 'orders.' || $1 and organisation = any($2::text[])
"""
_OPEN: Final = """
select case_id, id, organisation from engine.filings f
where organisation = any($1::text[]) and not has_ended and reference is not null and sequence > 0
  and ($4::uuid is null or id > $4)
  and ($2::text is null or exists (select from engine.handed h where h.filing = f.id and h.taker = $2))
  and not exists (
      select from engine.handed h
      where h.filing = f.id and h.taker <> coalesce($2, f.organisation) and h.at >= $3
  )
order by id limit $5
"""
_FORGET_IN: Final = """
insert into engine.deletions (organisation, reference, because, noticed_at)
select $1, reference, $3, $4 from engine.filings where id = any($2::uuid[]) and reference is not null
on conflict do nothing
"""
_GIVEN: Final = """
select distinct f.case_id, h.filing from engine.handed h join engine.filings f on f.id = h.filing
where h.taker = $1 and f.organisation = any($2::text[]) and ($3::uuid is null or h.filing > $3)
order by h.filing limit $4
"""


class PostgresHanding:
    """Over the tables of the store and the lanes in the schema `engine`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def in_lane(
        self, lane: str, principals: Sequence[str], *, after: int, limit: int, also_taken: bool
    ) -> list[Pulled]:
        """Return orders in the lane for these organisations after a position, oldest first."""
        found = await self._fetch(_IN_LANE, lane, list(principals), after, limit, also_taken)
        return [Pulled(*row) for row in found]

    async def drop(self, lane: str, order_ids: Sequence[str]) -> int:
        """Take orders out of the lane, taken or not."""
        return await self._execute(_DROP, lane, list(order_ids))

    async def drop_posted(self, lane: str, principals: Sequence[str]) -> int:
        """Take orders for these principals out of the outbox."""
        return await self._execute(_DROP_POSTED, lane, list(principals))

    async def open_filings(
        self,
        organisations: Sequence[str],
        *,
        taker: str | None,
        since: datetime,
        after: UUID | None,
        limit: int,
    ) -> list[tuple[UUID, UUID, str]]:
        """Return (case, filing, organisation) of filings that go on."""
        found = await self._fetch(_OPEN, list(organisations), taker, since, after, limit)
        return [(row[0], row[1], row[2]) for row in found]

    async def given(
        self, taker: str, organisations: Sequence[str], *, after: UUID | None, limit: int
    ) -> list[tuple[UUID, UUID]]:
        """Return (case, filing) of these organisations of which it was handed an order."""
        found = await self._fetch(_GIVEN, taker, list(organisations), after, limit)
        return [(row[0], row[1]) for row in found]

    async def forget_in(self, taker: str, filings: Sequence[UUID], *, because: str, at: datetime) -> None:
        """Ask who took orders of these filings to delete what it was told."""
        await self._execute(_FORGET_IN, taker, list(filings), because, at)

    async def _fetch(self, statement: str, *values: object) -> list[Any]:
        with translated():
            async with self._pool.acquire() as connection:
                return list(await connection.fetch(statement, *values))

    async def _execute(self, statement: str, *values: object) -> int:
        with translated():
            async with self._pool.acquire() as connection:
                return int(str(await connection.execute(statement, *values)).rsplit(" ", 1)[-1])


class MemoryHanding:
    """The twin, over the tables of the memory store."""

    def __init__(self, store: MemoryStore) -> None:
        self._tables = store.tables

    async def in_lane(
        self, lane: str, principals: Sequence[str], *, after: int, limit: int, also_taken: bool
    ) -> list[Pulled]:
        """Return orders in the lane for these organisations after a position, oldest first."""
        found = [
            Pulled(one.position, one.order.order_id, one.order.event)
            for one in self._tables.to_fetch.values()
            if one.order.organisation == lane
            and (one.order.principal or lane) in principals
            and one.position > after
            and (also_taken or one.acked_at is None)
        ]
        return sorted(found, key=lambda one: one.position)[:limit]

    async def drop(self, lane: str, order_ids: Sequence[str]) -> int:
        """Take orders out of the lane, taken or not."""
        gone = [key for key in self._tables.to_fetch if key[0] == lane and key[1] in order_ids]
        for key in gone:
            del self._tables.to_fetch[key]
        return len(gone)

    async def drop_posted(self, lane: str, principals: Sequence[str]) -> int:
        """Take orders for these principals out of the outbox."""
        gone = [
            id_
            for id_, one in self._tables.outbox.items()
            if one.parcel.destination == f"{_ORDERS}{lane}" and one.parcel.organisation in principals
        ]
        for id_ in gone:
            del self._tables.outbox[id_]
        return len(gone)

    async def open_filings(
        self,
        organisations: Sequence[str],
        *,
        taker: str | None,
        since: datetime,
        after: UUID | None,
        limit: int,
    ) -> list[tuple[UUID, UUID, str]]:
        """Return (case, filing, organisation) of filings that go on."""
        found = []
        for id_, case_id in self._tables.case_of.items():
            filing = self._tables.filing(id_)
            mine = [one for one in self._tables.handed.values() if one.filing == id_]
            own = taker or filing.organisation
            if (
                filing.organisation in organisations
                and not filing.has_ended
                and filing.reference is not None
                and filing.sequence > 0
                and (after is None or id_ > after)
                and (taker is None or any(one.taker == taker for one in mine))
                and not any(one.taker != own and one.at >= since for one in mine)
            ):
                found.append((case_id, id_, filing.organisation or ""))
        return sorted(found, key=lambda one: one[1])[:limit]

    async def given(
        self, taker: str, organisations: Sequence[str], *, after: UUID | None, limit: int
    ) -> list[tuple[UUID, UUID]]:
        """Return (case, filing) of these organisations of which it was handed an order."""
        mine = {one.filing for one in self._tables.handed.values() if one.taker == taker}
        found = [
            id_
            for id_ in mine
            if self._tables.filing(id_).organisation in organisations and (after is None or id_ > after)
        ]
        return [(self._tables.case_of[id_], id_) for id_ in sorted(found)[:limit]]

    async def forget_in(self, taker: str, filings: Sequence[UUID], *, because: str, at: datetime) -> None:
        """Ask who took orders of these filings to delete what it was told."""
        for id_ in filings:
            if reference := self._tables.filing(id_).reference:
                notice = DeletionNotice(taker, reference, because, at)
                self._tables.deletions.setdefault((taker, reference), notice)
