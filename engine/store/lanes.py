# SPDX-License-Identifier: Apache-2.0
"""The lanes to organisations on PostgreSQL: who holds them, how they stand, what is due in them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

from engine.ports import Due, Health, Lane, LaneBacklog, Limits, Settled
from engine.store.pool import translated

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_LANE: Final = (
    "number, mode, rate, concurrency, opens, closes, circuit, rounds, pause_until, failing_since,"
    " last_status, stopped_at, driven, secret_generation, secret_changed_at"
)
# The clock is the server's: leases of several processes have to be compared.
_LEASE: Final = f"""
insert into engine.lanes as l (number, holder, held_until)
select number, $1::uuid, clock_timestamp() + $3 * interval '1 second'
from unnest($2::text[]) as given (number)
order by number
on conflict (number) do update set holder = excluded.holder, held_until = excluded.held_until
where l.holder is null or l.holder = excluded.holder or l.held_until < clock_timestamp()
returning {_LANE}
"""  # noqa: S608 - only our own column list is put in
_LET_GO: Final = "update engine.lanes set holder = null, held_until = null where holder = $1"
_LANES: Final = f"select {_LANE} from engine.lanes where number = any($1::text[])"  # noqa: S608 - as above
_DUE: Final = """
select order_id, attempts, event from engine.pull_orders
where organisation = $1 and acked_at is null and aside is null
  and (next_at is null or next_at <= $2) and order_id not in (select unnest($3::text[]))
  and (principal is null or principal <> all($5::text[]))
order by {first}coalesce(due_on, date 'infinity'), position limit $4
"""
_DUE_URGENT: Final = _DUE.format(first="")
# By its statistics the planner cannot know that one organisation has a backlog among thousands that
# have none. It would read the whole of it and sort it, for 200; the index has it in order.
_AS_IN_THE_INDEX: Final = "set local enable_sort = off"
_DUE_UNTRIED: Final = _DUE.format(first="attempts, ")
_SETTLE: Final = """
update engine.pull_orders p set
    attempts = least(p.attempts + g.counts::int, 32000), last_at = $8::timestamptz, last_status = g.status,
    acked_at = case when g.taken then $8::timestamptz end, next_at = g.next_at, aside = g.aside
from unnest($2::text[], $3::text[], $4::bool[], $5::timestamptz[], $6::text[], $7::bool[])
    as g (order_id, status, taken, next_at, aside, counts)
where p.organisation = $1 and p.order_id = g.order_id and p.acked_at is null
"""
_NOTE: Final = """
insert into engine.lanes (number, circuit, rounds, pause_until, failing_since, last_status, stopped_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (number) do update set
    circuit = excluded.circuit, rounds = excluded.rounds, pause_until = excluded.pause_until,
    failing_since = excluded.failing_since, last_status = excluded.last_status,
    stopped_at = excluded.stopped_at
"""
_THAW: Final = """
update engine.pull_orders set next_at = null
where organisation = $1 and acked_at is null and aside is null and next_at is not null
"""
_DRIVE: Final = """
update engine.pull_orders set next_at = null, aside = null
where organisation = $1 and acked_at is null and (next_at is not null or aside is not null)
"""
_DRIVEN: Final = """
insert into engine.lanes (number, driven) values ($1, 1)
on conflict (number) do update set
    driven = lanes.driven + 1, circuit = 'closed', rounds = 0, pause_until = null, failing_since = null,
    last_status = null, stopped_at = null
"""
_SWITCH: Final = """
insert into engine.lanes (number, mode) values ($1, $2)
on conflict (number) do update set mode = excluded.mode
"""
_LIMIT: Final = """
insert into engine.lanes (number, rate, concurrency, opens, closes) values ($1, $2, $3, $4, $5)
on conflict (number) do update set
    rate = excluded.rate, concurrency = excluded.concurrency, opens = excluded.opens, closes = excluded.closes
"""
_NEXT_GENERATION: Final = """
insert into engine.lanes as l (number, secret_generation, secret_changed_at) values ($1, $3::int + 1, $2)
on conflict (number) do update set
    secret_generation = excluded.secret_generation, secret_changed_at = excluded.secret_changed_at
where l.secret_generation = $3
returning secret_generation
"""
_BACKLOG: Final = """
select count(*) filter (where aside is null)::int, count(*) filter (where aside is not null)::int,
       min(created_at), min(due_on), coalesce(max(attempts), 0)::int
from (
    select aside, created_at, due_on, attempts from engine.pull_orders
    where organisation = $1 and acked_at is null
    order by coalesce(due_on, date 'infinity'), position limit $2
) waiting
"""
_WAITING_FOR: Final = """
select principal, count(*)::int from (
    select principal from engine.pull_orders
    where organisation = $1 and acked_at is null and aside is null order by position limit $2
) waiting where principal is not null group by principal order by principal
"""
_ELSEWHERE: Final = """
select organisation, count(*) filter (where aside is null)::int,
       count(*) filter (where aside is not null)::int, min(created_at), min(due_on),
       coalesce(max(attempts), 0)::int
from (
    select organisation, aside, created_at, due_on, attempts from engine.pull_orders
    where principal = $1 and acked_at is null order by position limit $2
) waiting group by organisation order by organisation
"""
_WAITING_SINCE: Final = """
select number, created_at from unnest($1::text[]) as given (number) cross join lateral (
    select created_at from engine.pull_orders
    where organisation = number and acked_at is null order by position limit 1
) oldest
"""
_ON_AMQP: Final = """
insert into engine.lanes (number, amqp_until)
select number, 'infinity' from unnest($1::text[]) as given (number)
order by number
on conflict (number) do update set amqp_until = 'infinity' where lanes.amqp_until is distinct from 'infinity'
"""
_OFF_AMQP: Final = """
update engine.lanes set amqp_until = $2::timestamptz
where amqp_until = 'infinity' and number <> all($1::text[])
"""
_LATELY: Final = """
select number from engine.lanes where amqp_until <> 'infinity' order by number
"""
_POSTED: Final = """
select number from unnest($1::text[]) as given (number)
where exists (select from engine.outbox where destination = 'orders.' || number)
"""
_EMPTY: Final = "update engine.lanes set amqp_until = null where number = $1 and amqp_until <= $2"
_LEFT_OVER: Final = """
select number from unnest($1::text[]) as given (number) where exists (
    select from engine.pull_orders where organisation = number and acked_at is null and aside is null
)
"""
# An order that is there already was taken, unless the table only says that it went to the broker.
_ADOPT: Final = """
insert into engine.pull_orders (organisation, order_id, due_on, event, principal)
select $1, order_id, f.due_on, event, nullif(f.organisation, $1)
from unnest($2::text[], $3::text[], $4::bytea[]) with ordinality as given (order_id, reference, event, place)
     left join engine.filings f using (reference)
order by place
on conflict (organisation, order_id) do update set acked_at = null, last_status = null
where pull_orders.last_status = 'to-broker'
"""


_MOST_COUNTED: Final = 5000


class PostgresLanes:
    """The lanes in the schema `engine`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def lease(self, holder: UUID, numbers: Sequence[str], *, seconds: float) -> list[Lane]:
        """Take or keep the lanes of these organisations that nobody else holds; return those held."""
        return [_lane(row) for row in await self._fetch(_LEASE, holder, sorted(numbers), seconds)]

    async def let_go(self, holder: UUID) -> None:
        """Give all lanes back."""
        await self._execute(_LET_GO, holder)

    async def lane(self, number: str) -> Lane:
        """Return the lane as it is; one that nobody has touched is open."""
        return (await self.lanes([number])).get(number) or Lane(number=number)

    async def lanes(self, numbers: Sequence[str]) -> dict[str, Lane]:
        """Return the lanes of these organisations that were ever touched."""
        return {row[0]: _lane(row) for row in await self._fetch(_LANES, list(numbers))}

    async def due(
        self,
        number: str,
        *,
        now: datetime,
        limit: int,
        busy: Sequence[str],
        untried: bool = False,
        without: Sequence[str] = (),
    ) -> list[Due]:
        """Return orders that may be sent now, the earliest last day first."""
        given = number, now, list(busy), limit, list(without)
        if untried:
            return [Due(*row) for row in await self._fetch(_DUE_UNTRIED, *given)]
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_AS_IN_THE_INDEX)
            return [Due(*row) for row in await connection.fetch(_DUE_URGENT, *given)]

    async def settle(self, number: str, settled: Sequence[Settled], *, at: datetime) -> None:
        """Keep what became of these orders; one that was acknowledged meanwhile stays acknowledged."""
        columns = ("order_id", "status", "taken", "next_at", "aside", "counts")
        given = ([getattr(one, column) for one in settled] for column in columns)
        await self._execute(_SETTLE, number, *given, at)

    async def note(self, number: str, health: Health) -> None:
        """Keep how the way stands."""
        await self._execute(_NOTE, number, *asdict(health).values())

    async def thaw(self, number: str) -> int:
        """Let every order that was to be sent again later be sent now; return how many."""
        return _count(await self._execute(_THAW, number))

    async def drive(self, number: str) -> int:
        """As `thaw`, for those put aside too; and forget how the way stood. Return how many orders."""
        async with self._connection() as connection, connection.transaction():
            done = await connection.execute(_DRIVE, number)
            await connection.execute(_DRIVEN, number)
        return _count(done)

    async def switch(self, number: str, mode: str) -> None:
        """Open, drain or hold the lane."""
        await self._execute(_SWITCH, number, mode)

    async def limit(self, number: str, limits: Limits) -> None:
        """Set the limits."""
        await self._execute(_LIMIT, number, *asdict(limits).values())

    async def change_secret(self, number: str, *, at: datetime, before: int) -> bool:
        """Begin the secret after generation `before`; False when somebody else has done so meanwhile."""
        return bool(await self._fetch(_NEXT_GENERATION, number, at, before))

    async def backlog(self, number: str, *, limit: int = 5000) -> LaneBacklog:
        """Return what waits, up to a bound."""
        ((waiting, aside, oldest, urgent, attempts),) = await self._fetch(_BACKLOG, number, limit)
        return LaneBacklog(
            waiting=waiting, aside=aside, oldest=oldest, most_urgent=urgent, most_attempts=attempts
        )

    async def waiting_for(self, number: str) -> dict[str, int]:
        """Return how many orders wait in the lane for each principal."""
        return {row[0]: row[1] for row in await self._fetch(_WAITING_FOR, number, _MOST_COUNTED)}

    async def waiting_elsewhere(self, principal: str) -> dict[str, LaneBacklog]:
        """Return what waits for the organisation in the lanes of others."""
        names = ("waiting", "aside", "oldest", "most_urgent", "most_attempts")
        found = await self._fetch(_ELSEWHERE, principal, _MOST_COUNTED)
        return {lane: LaneBacklog(**dict(zip(names, counts, strict=True))) for lane, *counts in found}

    async def waiting_since(self, numbers: Sequence[str]) -> dict[str, datetime]:
        """Return since when the oldest order waits, for those where one does."""
        return {row[0]: row[1] for row in await self._fetch(_WAITING_SINCE, list(numbers))}

    async def on_amqp(self, numbers: Sequence[str], *, now: datetime, linger: timedelta) -> list[str]:
        """Note who takes orders from the broker; return who did and may still have some there."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_ON_AMQP, list(numbers))
            await connection.execute(_OFF_AMQP, list(numbers), now + linger)
            return [row[0] for row in await connection.fetch(_LATELY)]

    async def posted(self, numbers: Sequence[str]) -> list[str]:
        """Return which of these organisations have orders that are still on their way to the broker."""
        return [row[0] for row in await self._fetch(_POSTED, list(numbers))]

    async def off_amqp(self, number: str, *, now: datetime) -> None:
        """Note that nothing is left at the broker, if it left no shorter ago than the `linger`."""
        await self._execute(_EMPTY, number, now)

    async def left_over(self, numbers: Sequence[str]) -> list[str]:
        """Return which of these organisations have orders in the table that nobody has taken."""
        return [row[0] for row in await self._fetch(_LEFT_OVER, list(numbers))]

    async def adopt(self, number: str, events: Sequence[tuple[str, str, bytes]]) -> None:
        """Put orders (id, reference, event) into the table that came back from the broker."""
        once = {name: (name, reference, event) for name, reference, event in events}
        if once:
            await self._execute(_ADOPT, number, *map(list, zip(*once.values(), strict=True)))

    async def _fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        async with self._connection() as connection:
            return await connection.fetch(statement, *values)

    async def _execute(self, statement: str, *values: Any) -> str:
        async with self._connection() as connection:
            return await connection.execute(statement, *values)

    @asynccontextmanager
    async def _connection(self) -> "AsyncIterator[PoolConnectionProxy]":
        with translated():
            async with self._pool.acquire() as connection:
                yield connection


def _count(done: str) -> int:
    return int(done.removeprefix("UPDATE "))


def _lane(row: asyncpg.Record) -> Lane:
    number, mode, rate, concurrency, opens, closes, *health, driven, generation, changed_at = row
    return Lane(
        number=number,
        mode=mode,
        driven=driven,
        limits=Limits(rate=rate, concurrency=concurrency, opens=opens, closes=closes),
        health=Health(
            circuit=health[0],
            rounds=health[1],
            pause_until=health[2],
            failing_since=health[3],
            last_status=health[4],
            stopped_at=health[5],
        ),
        secret_generation=generation,
        secret_changed_at=changed_at,
    )
