# SPDX-License-Identifier: Apache-2.0
"""The store when the network, the server or a cancellation comes in between."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg
import pytest

from engine.core.errors import EngineError
from engine.ports import StoreUnavailable
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.contract.store_samples import CITY, entry, filings_of, kept, load, new_case, revise_once


class Wire:
    """The network between the store and the server, which can fail in two ways."""

    def __init__(self, dsn: str) -> None:
        self._server = urlsplit(dsn)
        self.loses_the_answer_to: bytes | None = None
        self.is_silent = False
        self._swallowed = asyncio.Event()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._server.hostname, self._server.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forth(reader, back, writer))
                group.create_task(self._back(there, writer))
        except* OSError:
            pass
        finally:
            writer.close()
            back.close()

    async def _forth(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65_536):
            back.write(data)
            if self.loses_the_answer_to and self.loses_the_answer_to in data:
                self.loses_the_answer_to, self.is_silent = None, True
                await self._swallowed.wait()  # the server has answered: it has done it
                self.is_silent = False
                writer.transport.abort()
        raise ConnectionError

    async def _back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(65_536):
            if self.is_silent:
                self._swallowed.set()
            else:
                writer.write(data)
        raise ConnectionError


@pytest.fixture
async def wire(postgres_dsn: str) -> AsyncIterator[tuple[Wire, str]]:
    wire = Wire(postgres_dsn)
    server = await asyncio.start_server(wire.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(postgres_dsn)
    user = parts.netloc.rpartition("@")[0]
    yield wire, parts._replace(netloc=f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}").geturl()
    server.close()


async def test_when_the_answer_to_the_commit_is_lost_the_inbox_knows(wire: tuple[Wire, str]) -> None:
    network, dsn = wire
    stored = new_case()
    async with await open_pool(dsn, max_size=2) as pool:
        store = PostgresStore(pool)
        await kept(store, stored)

        network.loses_the_answer_to = b"COMMIT;"
        with pytest.raises(StoreUnavailable):
            async with store.unit() as unit:
                await revise_once(unit, stored.case.id, "m-1")

        assert await store.seen((CITY, "m-1")) is not None
        after = await load(store, stored.case.id)
        async with store.unit() as unit:
            again = await revise_once(unit, stored.case.id, "m-1")
    assert filings_of(after[stored.case.id])[0].revision == 1
    assert not again


async def test_a_server_that_says_nothing_is_out_of_reach_and_the_pool_heals(wire: tuple[Wire, str]) -> None:
    network, dsn = wire
    async with await open_pool(dsn, max_size=2, answer_seconds=0.3) as pool:
        store = PostgresStore(pool)
        assert await store.seen((CITY, "m-1")) is None

        network.is_silent = True
        async with asyncio.timeout(10):
            with pytest.raises(StoreUnavailable):
                await store.seen((CITY, "m-1"))
            with pytest.raises(StoreUnavailable):
                async with store.unit() as unit:
                    await unit.register([entry("m-1")])
        network.is_silent = False

        assert await store.seen((CITY, "m-1")) is None


async def test_nobody_there_is_out_of_reach() -> None:
    with pytest.raises(StoreUnavailable):
        await open_pool("postgresql://nobody@127.0.0.1:1/none", answer_seconds=1)


async def test_a_connection_that_breaks_is_out_of_reach_and_the_next_unit_works(postgres_dsn: str) -> None:
    async with await open_pool(postgres_dsn, max_size=2) as pool:
        store, stored = PostgresStore(pool), new_case()
        await kept(store, stored)

        async def work() -> None:
            async with store.unit() as unit:
                await unit.load([stored.case.id])
                await break_all(pool)
                await unit.contents([stored.case.id])

        with pytest.raises(StoreUnavailable):
            await work()

        assert await load(store, stored.case.id) == {stored.case.id: stored}


async def test_a_refusal_comes_out_as_it_is_even_when_nothing_can_be_rolled_back(postgres_dsn: str) -> None:
    async with await open_pool(postgres_dsn, max_size=2) as pool:
        store = PostgresStore(pool)

        async def work() -> None:
            async with store.unit() as unit:
                await unit.register([entry("m-1")])
                await break_all(pool)
                raise EngineError("no-such-case")

        with pytest.raises(EngineError, match="no-such-case"):
            await work()

        assert await store.seen((CITY, "m-1")) is None


async def test_an_error_of_the_caller_is_not_taken_for_one_of_the_store(postgres_dsn: str) -> None:
    async with await open_pool(postgres_dsn, max_size=2) as pool:
        with pytest.raises(FileNotFoundError):
            async with PostgresStore(pool).unit():
                raise FileNotFoundError


async def break_all(pool: asyncpg.Pool) -> None:
    """End every other connection of this database, as a restart would."""
    await pool.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
    )


async def test_a_storm_of_cancellations_leaves_no_lock_no_transaction_and_no_half_batch(
    postgres_dsn: str,
) -> None:
    chance = random.Random(464)  # asyncpg#464
    async with await open_pool(postgres_dsn, max_size=4) as pool:
        store, stored = PostgresStore(pool), new_case()
        await kept(store, stored)

        async def handle(message: int) -> None:
            async with store.unit() as unit:
                await revise_once(unit, stored.case.id, f"m-{message}")

        async def cancelled(message: int) -> None:
            task = asyncio.ensure_future(handle(message))
            for _ in range(2):  # once in the work, once in the tidying up
                await turns(chance.randrange(0, 120))
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        for wave in range(20):
            await asyncio.gather(*(cancelled(wave * 10 + number) for number in range(10)))
        async with asyncio.timeout(10):
            await asyncio.gather(*(handle(1_000 + number) for number in range(8)))

        await is_so(lambda: open_transactions(pool, 0))
        after = (await load(store, stored.case.id))[stored.case.id]
        messages = await pool.fetchval("select count(*) from engine.inbox")
        journal = await store.journal(stored.case.id)
    assert filings_of(after)[0].revision == messages == len(journal)
    assert 8 < messages < 208, "some must have been cancelled, some not"


async def turns(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0.0001)


async def open_transactions(pool: asyncpg.Pool, number: int) -> bool:
    found: int = await pool.fetchval(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle'"
    )
    return found == number


async def is_so(question: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await question():  # noqa: ASYNC110 - it is the server that must get there
            await asyncio.sleep(0.01)


async def test_who_leaves_a_transaction_alone_is_thrown_out_and_hears_it(postgres_dsn: str) -> None:
    async with await open_pool(postgres_dsn, max_size=2, idle_seconds=0.1) as pool:
        store = PostgresStore(pool)

        async def work() -> None:
            async with store.unit() as unit:
                await unit.register([entry("m-1")])
                await is_so(lambda: open_transactions(pool, 0))

        with pytest.raises(StoreUnavailable):
            await work()

        assert await store.seen((CITY, "m-1")) is None
