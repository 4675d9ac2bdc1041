# SPDX-License-Identifier: Apache-2.0
"""Runs of the conformance suite, on PostgreSQL. Everything in them is invented: nothing is sealed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

from engine.ports import Rehearsal, RehearsedReply
from engine.store.pool import translated

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_RUN: Final = "id, number, state, asked, findings, step, confirmed, report, begun_at, ended_at"
_REPLY: Final = "reference, reply_id, kind, order_id, payload, problem, said_at, heard_at"
_BEGIN: Final = """
insert into engine.rehearsals (id, number, state, asked, begun_at) values ($1, $2, 'waiting', $3, $4)
on conflict (number) where ended_at is null do nothing returning id
"""
_BREAK_OFF: Final = """
update engine.rehearsals set state = 'broken-off', ended_at = $1, step = null
where state = 'running' and held_until < clock_timestamp()
"""
_CLAIM: Final = f"""
update engine.rehearsals set state = 'running', held_until = clock_timestamp() + $1::interval
where id = (
    select id from engine.rehearsals where state = 'waiting'
    order by begun_at limit 1 for update skip locked
)
returning {_RUN}
"""  # noqa: S608 - our own column list
_NOTE: Final = """
update engine.rehearsals
set findings = $2, step = case when $3 = any(confirmed) then null else $3 end,
    other_key = $4, held_until = clock_timestamp() + $5::interval
where id = $1 and state = 'running' returning confirmed
"""
_CONFIRM: Final = """
update engine.rehearsals set confirmed = confirmed || $2::text, step = null
where number = $1 and state = 'running' and step = $2 returning id
"""
_END: Final = """
update engine.rehearsals set state = $2, report = $3, ended_at = $4, step = null, other_key = false
where id = $1 and ended_at is null
"""
_TAKE_BACK: Final = """
delete from engine.pull_orders p using engine.rehearsals r
where r.id = $1 and p.organisation = r.number and p.order_id = any($2::text[])
"""
# What is offered again goes to the end of the feed, as whatever is sent again does.
_OFFER: Final = """
insert into engine.pull_orders (organisation, order_id, event)
select $1, name, event from unnest($2::text[], $3::bytea[]) with ordinality as o(name, event, place)
order by place
"""
_NAME: Final = """
insert into engine.rehearsal_references (reference, number, run)
select distinct reference, $2, $1::uuid from unnest($3::text[]) as reference on conflict do nothing
"""
_HEAR: Final = f"""
insert into engine.rehearsal_replies (run, {_REPLY}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""  # noqa: S608 - as above
_LATE: Final = """
insert into engine.rehearsal_clocks (number, refused_at) values ($1, $2)
on conflict (number) do update set refused_at = excluded.refused_at
"""


class PostgresRehearsals:
    """Rehearsals in the schema `engine`, through a pool made by `open_pool`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def begin(self, id: UUID, number: str, asked: Mapping[str, Any], *, at: datetime) -> bool:  # noqa: A002
        """Keep a new run; False where one of the organisation is still open."""
        async with self._connection() as connection:
            await connection.execute(_BREAK_OFF, at)
            return await connection.fetchval(_BEGIN, id, number, asked, at) is not None

    async def newest(self, number: str) -> Rehearsal | None:
        """Return the organisation's newest run."""
        async with self._connection() as connection:
            row = await connection.fetchrow(
                f"select {_RUN} from engine.rehearsals where number = $1 order by begun_at desc limit 1",  # noqa: S608
                number,
            )
        return Rehearsal(**row) if row else None

    async def claim(self, *, at: datetime, seconds: float) -> Rehearsal | None:
        """Take a run that waits, and hold it so long; those that nobody holds any more are broken off."""
        async with self._connection() as connection:
            await connection.execute(_BREAK_OFF, at)
            row = await connection.fetchrow(_CLAIM, timedelta(seconds=seconds))
        return Rehearsal(**row) if row else None

    async def note(
        self,
        id: UUID,  # noqa: A002
        *,
        findings: Sequence[Mapping[str, Any]],
        step: str | None,
        other_key: bool,
        seconds: float,
    ) -> Sequence[str]:
        """Keep how it stands and hold it longer; return which steps the engineer has confirmed."""
        held = timedelta(seconds=seconds)
        async with self._connection() as connection:
            confirmed: Sequence[str] | None = await connection.fetchval(
                _NOTE, id, list(findings), step, other_key, held
            )
        return confirmed or ()

    async def confirm(self, number: str, step: str) -> bool:
        """Note that the engineer did what the open run asks for; False where it asks for something else."""
        async with self._connection() as connection:
            return await connection.fetchval(_CONFIRM, number, step) is not None

    async def end(self, id: UUID, state: str, *, report: str | None, at: datetime) -> None:  # noqa: A002
        """Close the run; nothing of it is offered any more."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_END, id, state, report, at)
            names = await connection.fetchval("select offered from engine.rehearsals where id = $1", id)
            await connection.execute(_TAKE_BACK, id, names)

    async def offer(
        self, run: UUID, number: str, orders: Sequence[tuple[str, str, bytes]], *, feed: bool
    ) -> None:
        """Note these orders (id, reference, event) as the run's; with `feed` offer them, again if need be."""
        names, references, events = map(list, zip(*orders, strict=True))
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_NAME, run, number, references)
            if feed:
                await connection.execute(
                    "update engine.rehearsals set offered = offered || $2::text[] where id = $1", run, names
                )
                await connection.execute(_TAKE_BACK, run, names)
                await connection.execute(_OFFER, number, names, events)

    async def runs_of(self, number: str, references: Sequence[str]) -> Mapping[str, UUID]:
        """Return which of these references belong to which of the organisation's runs."""
        async with self._connection() as connection:
            rows = await connection.fetch(
                "select reference, run from engine.rehearsal_references"
                " where number = $1 and reference = any($2::text[])",
                number,
                list(references),
            )
        return {row["reference"]: row["run"] for row in rows}

    async def hear(self, run: UUID, replies: Sequence[RehearsedReply]) -> None:
        """Keep what the organisation said."""
        columns = _REPLY.split(", ")
        async with self._connection() as connection:
            await connection.executemany(
                _HEAR, [(run, *(getattr(one, name) for name in columns)) for one in replies]
            )

    async def heard(self, run: UUID, *, after: int) -> list[RehearsedReply]:
        """Return what was heard after a position, in order."""
        async with self._connection() as connection:
            rows = await connection.fetch(
                f"select position, {_REPLY} from engine.rehearsal_replies"  # noqa: S608
                " where run = $1 and position > $2 order by position",
                run,
                after,
            )
        return [RehearsedReply(**row) for row in rows]

    async def other_keys(self) -> list[UUID]:
        """Return the open runs whose other key is published."""
        async with self._connection() as connection:
            rows = await connection.fetch("select id from engine.rehearsals where other_key")
        return [row["id"] for row in rows]

    async def wrong_clock(self, number: str, *, at: datetime) -> None:
        """Note that the organisation was turned away for its clock."""
        async with self._connection() as connection:
            await connection.execute(_LATE, number, at)

    async def clock_was_wrong(self, number: str, *, since: datetime) -> bool:
        """Say whether it was since then."""
        async with self._connection() as connection:
            return bool(
                await connection.fetchval(
                    "select refused_at >= $2 from engine.rehearsal_clocks where number = $1", number, since
                )
            )

    @asynccontextmanager
    async def _connection(self) -> "AsyncIterator[PoolConnectionProxy]":
        with translated():
            async with self._pool.acquire() as connection:
                yield connection
