# SPDX-License-Identifier: Apache-2.0
"""What is particular to the bus that rides on the store: leases, hints, and rows the store wrote."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from engine.bus.embedded import EmbeddedBus
from engine.ports import BusUnavailable, Delivery
from tests.integration.amqp_ground import ORDERS, body, numbers, order

SOON = 5.0
STORE_WRITES = "insert into engine.outbox (destination, parcel_id, body) values ($1, $2, $3)"


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=6) as made:
        yield made


@pytest.fixture
async def buses(pool: asyncpg.Pool) -> AsyncIterator[Callable[..., EmbeddedBus]]:
    """Open buses that are closed before the pool: it waits for the connection of a listener."""
    opened: list[EmbeddedBus] = []

    def open_bus(**options: float) -> EmbeddedBus:
        opened.append(EmbeddedBus(pool, **options))
        return opened[-1]

    yield open_bus
    for bus in opened:
        await bus.close()


async def listening(pool: asyncpg.Pool, *, other_than: int = 0) -> int:
    """Return the backend that listens, once there is one (other than this)."""
    async with asyncio.timeout(SOON):
        while True:
            found = await pool.fetchval(
                "select pid from pg_stat_activity where datname = current_database()"
                " and pid not in (pg_backend_pid(), $1) and query ilike '%unnest($1::text[]) as queue%'",
                other_than,
            )
            if found:
                return int(found)
            await asyncio.sleep(0.02)


async def test_a_lease_that_runs_out_gives_the_row_to_another_and_says_so(
    pool: asyncpg.Pool, buses: Callable[..., EmbeddedBus]
) -> None:
    first, second = buses(lease_seconds=0.2), buses(look_seconds=0.1)
    await first.publish([order(1)])
    await first.take(ORDERS, limit=10, wait_seconds=0)

    at_once = await second.take(ORDERS, limit=10, wait_seconds=0)
    (later,) = await second.take(ORDERS, limit=10, wait_seconds=SOON)

    assert at_once == []
    assert (later.events, later.redelivered) == ((body(1),), True)


async def test_what_the_store_commits_is_published_by_that_and_the_hint_wakes_a_taker(
    pool: asyncpg.Pool, buses: Callable[..., EmbeddedBus]
) -> None:
    here, there = buses(), buses(look_seconds=60)
    taking = asyncio.create_task(there.take(ORDERS, limit=10, wait_seconds=30))
    await listening(pool)

    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(STORE_WRITES, ORDERS, "o_1", body(1))
    await here.wake([ORDERS])

    async with asyncio.timeout(SOON):
        assert numbers(await taking) == [1]


async def test_without_any_hint_a_taker_looks_for_itself(
    pool: asyncpg.Pool, buses: Callable[..., EmbeddedBus]
) -> None:
    bus = buses(look_seconds=0.2)
    taking = asyncio.create_task(bus.take(ORDERS, limit=10, wait_seconds=30))
    await listening(pool)

    await pool.execute(STORE_WRITES, ORDERS, "o_1", body(1))

    async with asyncio.timeout(SOON):
        assert numbers(await taking) == [1]


async def test_a_lost_listener_is_replaced(pool: asyncpg.Pool, buses: Callable[..., EmbeddedBus]) -> None:
    publisher, taker = buses(), buses(look_seconds=0.2)
    taking = asyncio.create_task(taker.take(ORDERS, limit=10, wait_seconds=30))
    killed = await listening(pool)
    await pool.execute("select pg_terminate_backend($1)", killed)
    await listening(pool, other_than=killed)

    await publisher.publish([order(1)])

    async with asyncio.timeout(SOON):
        assert numbers(await taking) == [1]


async def test_a_taker_cancelled_while_it_claims_gives_the_rows_back_at_once(
    pool: asyncpg.Pool, buses: Callable[..., EmbeddedBus]
) -> None:
    first, second = buses(lease_seconds=3600), buses()
    for number in range(30):
        await first.publish([order(number)])
        taking = asyncio.create_task(first.take(ORDERS, limit=1, wait_seconds=0))
        await asyncio.sleep(number * 0.0001)
        taking.cancel()
        result = (await asyncio.gather(taking, return_exceptions=True))[0]
        if isinstance(result, list):
            await first.ack(result)

        left: list[Delivery] = await second.take(ORDERS, limit=10, wait_seconds=0)
        await second.ack(left)

        assert await pool.fetchval("select count(*) from engine.outbox") == 0


async def test_a_database_that_is_away_is_out_of_reach(
    pool: asyncpg.Pool, buses: Callable[..., EmbeddedBus]
) -> None:
    bus = buses()
    await pool.close()

    for work in (bus.publish([order(1)]), bus.take(ORDERS, limit=1, wait_seconds=0), bus.probe()):
        with pytest.raises(BusUnavailable):
            await work
    await bus.wake([ORDERS])


async def test_the_queue_leaves_no_rows_behind(pool: asyncpg.Pool, buses: Callable[..., EmbeddedBus]) -> None:
    bus = buses()
    await bus.publish([order(number) for number in range(300)])

    while taken := await bus.take(ORDERS, limit=100, wait_seconds=0):
        await bus.ack(taken)

    assert await pool.fetchval("select count(*) from engine.outbox") == 0
