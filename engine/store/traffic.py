# SPDX-License-Identifier: Apache-2.0
"""What went over the border, on PostgreSQL, for the organisation itself. Its twin is memory_traffic.py."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from engine.ports import Crossed, Crossing, DeletionNotice
from engine.store.pool import translated

ORDERS: Final = ("submit", "amend", "withdraw", "answer")
_COLUMNS: Final = "organisation, message_id, kind, reference, order_id, due_on, said_at, through"
_ORDERS: Final = """
select t.organisation, t.message_id, t.kind, t.reference, t.order_id, t.due_on, t.said_at,
       t.through, p.acked_at, r.kind, r.said_at
from engine.traffic t
left join engine.pull_orders p
    on p.organisation = coalesce(t.through, t.organisation) and p.order_id = t.message_id
left join lateral (
    select kind, said_at from engine.traffic
    where organisation = t.organisation and order_id = t.message_id and message_id <> t.message_id
    order by said_at desc, message_id desc limit 1
) r on true
where t.organisation = $1 and t.kind = any($2::text[])
  and ($3::timestamptz is null or (t.said_at, t.message_id) < ($3, $4::text))
order by t.said_at desc, t.message_id desc limit $5
"""
_BETWEEN: Final = f"""
with due as (
    select message_id from engine.traffic
    where organisation = $1 and kind = 'submit' and due_on >= $4 and due_on < $5
)
select {_COLUMNS} from engine.traffic
where organisation = $1
  and ((said_at >= $2 and said_at < $3) or order_id in (select message_id from due))
"""  # noqa: S608 - our own column list
_REFERENCES: Final = """
select reference from (
    select reference, min(said_at) as first from engine.traffic
    where organisation = $1 and kind = any($2::text[])
      and (message_id = any($3::text[]) or said_at >= $4)
    group by reference
) found order by first, reference limit $5
"""
_AGAIN: Final = """
with again as (
    select organisation, order_id from engine.pull_orders
    where organisation = $1 and (order_id = any($2::text[]) or created_at >= $3)
    order by position limit $4
)
update engine.pull_orders p set acked_at = null, attempts = 0, next_at = null, aside = null
from again where p.organisation = again.organisation and p.order_id = again.order_id
"""
_REFUSED: Final = """
select reason, count(*) from engine.parked where sender = $1 and resolved_at is null group by reason
"""
_NOTICE: Final = """
insert into engine.deletions (organisation, reference, because, noticed_at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) on conflict do nothing
"""
_NOTICES: Final = """
select organisation, reference, because, noticed_at, receipt, receipted_at from engine.deletions
where organisation = $1 and receipt is null
  and ($2::timestamptz is null or (noticed_at, reference) > ($2, $3::text))
order by noticed_at, reference limit $4
"""
_RECEIPT: Final = """
update engine.deletions set receipt = coalesce(receipt, $3), receipted_at = coalesce(receipted_at, $4)
where organisation = $1 and reference = $2
"""
_TOLD: Final = """
select distinct f.organisation, f.reference
from engine.disclosures d join engine.filings f on f.id = d.filing and f.organisation = d.organisation
where d.case_id = $1 and f.reference is not null
union
select h.taker, f.reference
from engine.filings f join engine.handed h on h.filing = f.id
where f.case_id = $1 and f.reference is not null
"""


class PostgresTraffic:
    """The record of the border in the schema `engine`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def orders(
        self, organisation: str, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Crossed]:
        """Return its orders, the newest first."""
        found = await self._fetch(_ORDERS, organisation, ORDERS, *(before or (None, None)), limit)
        return [Crossed(Crossing(*row[:8]), *row[8:]) for row in map(tuple, found)]

    async def between(
        self, organisation: str, *, start: datetime, end: datetime, due: tuple[date, date]
    ) -> list[Crossing]:
        """Return what was said in that time, and what was due in these days."""
        return [Crossing(*row) for row in await self._fetch(_BETWEEN, organisation, start, end, *due)]

    async def references(
        self, organisation: str, *, order_ids: Sequence[str], since: datetime | None, limit: int
    ) -> list[str]:
        """Return the references of these orders, or of those given since then."""
        found = await self._fetch(_REFERENCES, organisation, ORDERS, list(order_ids), since, limit)
        return [row[0] for row in found]

    async def offer_again(
        self, organisation: str, *, order_ids: Sequence[str], since: datetime | None, limit: int
    ) -> int:
        """Offer orders of the table once more."""
        done = await self._execute(_AGAIN, organisation, list(order_ids), since, limit)
        return int(done.removeprefix("UPDATE "))

    async def refused(self, organisation: str) -> dict[str, int]:
        """Return how many of its replies were put aside, by reason."""
        return {row[0]: row[1] for row in await self._fetch(_REFUSED, organisation)}

    async def notice(self, notices: Sequence[DeletionNotice]) -> None:
        """Keep notices of deletion."""
        columns = ("organisation", "reference", "because", "noticed_at")
        await self._execute(_NOTICE, *([getattr(one, name) for one in notices] for name in columns))

    async def notices(
        self, organisation: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[DeletionNotice]:
        """Return those without a receipt, the oldest first."""
        found = await self._fetch(_NOTICES, organisation, *(after or (None, None)), limit)
        return [DeletionNotice(*row) for row in found]

    async def receipt(self, organisation: str, reference: str, receipt: str, *, at: datetime) -> bool:
        """Keep the first receipt."""
        return await self._execute(_RECEIPT, organisation, reference, receipt, at) == "UPDATE 1"

    async def told(self, case_id: UUID) -> list[tuple[str, str]]:
        """Return (organisation, reference) of everybody who was told anything in the case."""
        return [(row[0], row[1]) for row in await self._fetch(_TOLD, case_id)]

    async def _fetch(self, statement: str, *values: object) -> list[Any]:
        with translated():
            async with self._pool.acquire() as connection:
                return list(await connection.fetch(statement, *values))

    async def _execute(self, statement: str, *values: object) -> str:
        with translated():
            async with self._pool.acquire() as connection:
                return str(await connection.execute(statement, *values))
