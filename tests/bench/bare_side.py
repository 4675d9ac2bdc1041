# SPDX-License-Identifier: Apache-2.0
"""The bare pipeline, engine side: the same batches, tables and transitions, and nothing to understand.

No sealing, no validation, no sealed journal, no disclosures, no timers, no web. Replies carry their
1 KB in the open. It is what a case would cost if only moving it were the work: a ceiling, not a peer.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg

from engine.core.lifecycle import FILING, FilingState
from engine.store.pool import open_pool
from tests.bench import line
from tests.bench.bare_amqp import BareBroker
from tests.bench.load import Expected, Load
from tests.bench.workload import FILINGS, NUMBERS

_MOST: Final = 200
_SHORTEST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.1  # an idle pipeline must not disturb the one that is measured
_STATES: Final = {state.value: state for state in FilingState}
_FIELDS: Final = "x" * 360
_OPEN: Final = (
    "insert into bare.cases select *, 'running' from unnest($1::uuid[], $2::int2[])",
    """insert into bare.filings select id, case_id, 'submitted', clock_timestamp()
    from unnest($1::uuid[], $2::uuid[]) as g (id, case_id)""",
    "insert into bare.queue (destination, body) select * from unnest($1::text[], $2::bytea[]) returning id",
)
_POP: Final = """
delete from bare.queue where id in (
    select id from bare.queue where destination = $1 order by id limit $2 for update skip locked
) returning id, body
"""
_REGISTER: Final = """
insert into bare.inbox (id) select * from unnest($1::text[]) as g (id) order by id collate "C"
on conflict (id) do nothing returning id
"""
_LOCK: Final = "select id, missing from bare.cases where id = any($1::uuid[]) order by id for update"
_FILINGS: Final = "select id, state from bare.filings where id = any($1::uuid[])"
_HISTORY: Final = """
insert into bare.history (case_id, filing, state, body)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])
"""
_MOVE_FILINGS: Final = """
update bare.filings f set state = g.state, since = clock_timestamp()
from unnest($1::uuid[], $2::text[]) as g (id, state) where f.id = g.id
"""
_MOVE_CASES: Final = """
update bare.cases c set missing = g.missing, state = case g.missing when 0 then 'completed' else c.state end
from unnest($1::uuid[], $2::int2[]) as g (id, missing) where c.id = g.id
"""
_FORGET: Final = "delete from bare.queue where id = any($1::bigint[])"


@dataclass(frozen=True, slots=True)
class _Reply:
    id: str
    case: UUID
    filing: UUID
    trigger: str
    body: bytes


class BareSide:
    """The engine's part of both bare pipelines; without a broker the queues are tables."""

    def __init__(self, pool: asyncpg.Pool, broker: BareBroker | None) -> None:
        self._pool = pool
        self._broker = broker
        self._expected = Expected()
        self._load = Load(self._begin)
        self._opening: list[tuple[UUID, asyncio.Future[None]]] = []
        self._something = asyncio.Event()
        self._published: list[int] = []

    @property
    def commands(self) -> dict[str, line.Command]:
        """What the measuring process may ask."""
        return {**self._load.commands, "check": self._checked}

    async def run(self) -> None:
        """Open cases and take replies until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._open_cases())
            group.create_task(self._take_replies())

    async def _begin(self) -> "asyncio.Future[None]":
        case_id = uuid4()
        ended = self._expected.expect(case_id)
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._opening.append((case_id, opened))
        self._something.set()
        await opened
        return ended

    async def _open_cases(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            some, self._opening = self._opening, []
            await self._open([case_id for case_id, _ in some])
            for _, opened in some:
                opened.set_result(None)

    async def _open(self, cases: Sequence[UUID]) -> None:
        filings = [(uuid4(), case_id, NUMBERS[n % len(NUMBERS)]) for case_id in cases for n in range(FILINGS)]
        queues = ["orders" if self._broker is None else number for _, _, number in filings]
        orders = [
            json.dumps({"case": str(case), "filing": str(id_), "fields": _FIELDS}).encode()
            for id_, case, _ in filings
        ]
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_OPEN[0], cases, [2 * FILINGS] * len(cases))
            await connection.execute(_OPEN[1], [one[0] for one in filings], [one[1] for one in filings])
            rows = await connection.fetch(_OPEN[2], queues, orders)
        if self._broker is not None:
            await self._broker.publish(_together(queues, orders))
            self._published += [row[0] for row in rows]

    async def _take_replies(self) -> None:
        if self._broker is None:
            await again(self._handle_rows)
            return
        while True:
            replies, token = await self._broker.take(_MOST)
            await self._handle([_read(one) for one in replies])
            await self._broker.ack(token)

    async def _handle_rows(self) -> int:
        async with self._pool.acquire() as connection, connection.transaction():
            bodies = await popped(connection, "replies")
            ended = await self._move(connection, [_read(json.loads(one)) for one in bodies]) if bodies else []
        self._tell(ended, len(bodies))
        return len(bodies)

    async def _handle(self, replies: Sequence[_Reply]) -> None:
        published, self._published = self._published, []
        async with self._pool.acquire() as connection, connection.transaction():
            ended = await self._move(connection, replies)
            if published:
                await connection.execute(_FORGET, published)
        self._tell(ended, len(replies))

    async def _move(self, connection: Any, replies: Sequence[_Reply]) -> list[UUID]:
        """Return the cases that have ended with these replies."""
        new = {row[0] for row in await connection.fetch(_REGISTER, [one.id for one in replies])}
        fresh = [one for one in replies if one.id in new]
        missing = dict(map(tuple, await connection.fetch(_LOCK, list({one.case for one in fresh}))))
        states = {
            row[0]: _STATES[row[1]] for row in await connection.fetch(_FILINGS, [one.filing for one in fresh])
        }
        moved = []
        for one in fresh:
            states[one.filing] = FILING.after(states[one.filing], one.trigger)
            moved.append(states[one.filing].value)
            missing[one.case] -= 1
        columns = (
            [one.case for one in fresh],
            [one.filing for one in fresh],
            moved,
            [one.body for one in fresh],
        )
        await connection.execute(_HISTORY, *columns)
        await connection.execute(_MOVE_FILINGS, list(states), [state.value for state in states.values()])
        await connection.execute(_MOVE_CASES, list(missing), list(missing.values()))
        return [case_id for case_id, left in missing.items() if left == 0]

    def _tell(self, ended: Sequence[UUID], replies: int) -> None:
        self._load.transitions += replies
        for case_id in ended:
            self._expected.ended(case_id)

    async def _checked(self) -> Mapping[str, int]:
        (row,) = await self._pool.fetch(
            "select (select count(*) from bare.cases) as cases,"
            " (select count(*) from bare.cases where state = 'completed') as completed,"
            " (select count(*) from bare.history) as transitions"
        )
        return dict(row)


async def again(step: Callable[[], Awaitable[int]]) -> None:
    """Repeat a step; look less and less often while there is nothing to do."""
    pause = 0.0
    while True:
        if await step():
            pause = 0.0
            continue
        pause = min(max(2 * pause, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)


async def popped(connection: Any, destination: str) -> list[bytes]:
    """Return what is in a queue, oldest first, and take it out with this transaction."""
    return [body for _, body in sorted(map(tuple, await connection.fetch(_POP, destination, _MOST)))]


def _read(told: Mapping[str, Any]) -> _Reply:
    return _Reply(
        told["id"], UUID(told["case"]), UUID(told["filing"]), told["trigger"], told["body"].encode()
    )


def _together(queues: Sequence[str], orders: Sequence[bytes]) -> dict[str, list[bytes]]:
    together: dict[str, list[bytes]] = {}
    for queue, order in zip(queues, orders, strict=True):
        together.setdefault(queue, []).append(order)
    return together


async def main() -> None:
    decided = line.settings()
    pool = await open_pool(decided["dsn"], max_size=6)
    broker = await BareBroker.connect(decided["amqp"], takes=["replies"]) if decided["amqp"] else None
    side = BareSide(pool, broker)
    await line.obey(side.commands, [side.run()])
    if broker is not None:
        await broker.close()
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main())
