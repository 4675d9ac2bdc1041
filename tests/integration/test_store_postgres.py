# SPDX-License-Identifier: Apache-2.0
"""What the store promises and only a real PostgreSQL can show: locks, statements, pages, plans."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from engine.core.lifecycle import FilingState
from engine.ports import (
    Changes,
    Disclosure,
    Parcel,
    PullOrder,
    Seen,
    StoreConflict,
    StoredCase,
    StoreUnavailable,
)
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.contract.store_samples import (
    CITY,
    HOUR,
    START,
    entry,
    filings_of,
    keep,
    kept,
    load,
    moved,
    new_case,
    revise_once,
)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with await open_pool(postgres_dsn, max_size=4) as pool:
        yield pool


@pytest.fixture
async def single(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with await open_pool(postgres_dsn, max_size=1) as pool:
        yield pool


def batch(stored: list[StoredCase], name: str) -> Changes:
    """Return all that a batch of replies can change, for one reply to each of these cases."""
    changes = Changes()
    for number, one in enumerate(stored):
        _, moves = moved(one)
        changes.moved |= moves.moved
        changes.filings |= moves.filings
        changes.journal += moves.journal
        filing = next(iter(moves.filings))
        order_id = f"o_{name}_{number}"
        changes.parcels.append(Parcel(order_id, "letters", b"body"))
        changes.pull_orders.append(PullOrder(CITY, order_id, None, b"event"))
        changes.disclosures.append(Disclosure(order_id, "name", one.case.id, filing, CITY, "art. 22", START))
        changes.promised_blobs.append(f"blob-{name}-{number}")
        changes.outcomes[CITY, f"{name}-{number}"] = Seen(b"", one.case.id, "refused: stale", {"status": 409})
    changes.published = [1]
    return changes


async def test_two_workers_apply_fifty_messages_to_one_case_once_each(postgres_dsn: str) -> None:
    stored = new_case()
    async with (
        await open_pool(postgres_dsn, max_size=8) as one,
        await open_pool(postgres_dsn, max_size=8) as two,
    ):
        workers = [PostgresStore(one), PostgresStore(two)]
        await kept(workers[0], stored)

        async def handle(store: PostgresStore, message: int) -> bool:
            async with store.unit() as unit:
                return await revise_once(unit, stored.case.id, f"m-{message}")

        applied = await asyncio.gather(
            *(handle(store, message) for message in range(50) for store in workers)
        )

        found = [await store.case(stored.case.id) for store in workers]
        journal = await workers[1].journal(stored.case.id)
    assert sum(applied) == 50
    assert found[0] == found[1]
    assert found[0]
    assert (found[0].case.version, filings_of(found[0])[0].revision) == (51, 50)
    assert [row.seq for row in journal] == list(range(1, 51))
    assert len({row.prev_hash for row in journal}) == 50


@pytest.mark.parametrize("size", [1, 60])
async def test_a_batch_of_replies_takes_at_most_fourteen_statements_of_any_size(
    single: asyncpg.Pool, size: int
) -> None:
    cases = [new_case() for _ in range(size)]
    await kept(PostgresStore(single), *cases)
    ids = [one.case.id for one in cases]
    statements: list[str] = []
    async with single.acquire() as connection:
        connection.add_query_logger(lambda query: statements.append(query.query))
    statements.clear()

    async with PostgresStore(single).unit() as unit:  # one that has never seen these cases
        references = [one.reference or "" for case in cases for one in filings_of(case)]
        located = await unit.locate(references)
        await unit.register([entry(f"a-{number}", case=id_) for number, id_ in enumerate(ids)])
        await unit.load(ids)
        await unit.contents(ids)
        await unit.keep(batch(cases, "a"))

    assert len(located) == 2 * size
    assert statements[0].startswith("BEGIN")
    assert statements.index("COMMIT;") + 1 == 13  # with one more for what had been there before: 14


async def test_what_goes_along_with_a_batch_is_written_too(pool: asyncpg.Pool) -> None:
    stored, store = new_case(), PostgresStore(pool)
    await kept(store, stored)
    await keep(store, Changes(parcels=[Parcel("o_0", "letters", b"published before")]))

    async with store.unit() as unit:
        await unit.register([entry("a-0", case=stored.case.id)])
        await unit.keep(batch([stored], "a"))
    await keep(store, Changes(promised_blobs=["blob-a-0", "blob-b"]))  # promised before, and not

    assert {row[0] for row in await pool.fetch("select blob from mailbox.promised_blobs")} == {
        "blob-a-0",
        "blob-b",
    }
    assert await pool.fetchval("select array_agg(parcel_id) from engine.outbox") == ["o_a_0"]
    assert (
        len(await store.disclosures(stored.case.id))
        == len(await store.pull_orders(CITY, after=0, limit=9))
        == 1
    )
    answer = await store.seen((CITY, "a-0"))
    assert answer == Seen(entry("a-0").body_hash, stored.case.id, "refused: stale", {"status": 409})


async def test_a_message_that_was_applied_is_written_into_the_inbox_once(pool: asyncpg.Pool) -> None:
    stored, store = new_case(), PostgresStore(pool)
    await kept(store, stored)
    outcomes = {
        (CITY, f"m-{n}"): Seen(entry(f"m-{n}").body_hash, stored.case.id, "applied", None) for n in range(2)
    }

    async with store.unit() as unit:
        await unit.register([entry("m-0", case=stored.case.id), entry("m-1")])
        await unit.keep(Changes(outcomes=outcomes))

    twice = await pool.fetch("select message_id from engine.inbox where ctid > '(0,2)'")
    assert [row[0] for row in twice] == ["m-1"]
    assert {key: await store.seen(key) for key in outcomes} == outcomes


async def test_a_move_of_a_filing_that_stays_open_touches_no_index(single: asyncpg.Pool) -> None:
    store, stored = PostgresStore(single), new_case()
    await kept(store, stored)

    states = (FilingState.RECEIVED, FilingState.ASKING, FilingState.SUBMITTED_ANSWER, FilingState.ACCEPTED)
    for hours, state in enumerate(states):
        stored, changes = moved(stored, state=state, since=START + hours * HOUR, waits=None, sequence=hours)
        await keep(store, changes)

    assert await updates(single) == (4, 4)
    _, changes = moved(stored, state=FilingState.COMPLETED)  # leaves the index of what is open
    await keep(store, changes)
    assert await updates(single) == (5, 4)


async def updates(pool: asyncpg.Pool) -> tuple[int, int]:
    await pool.execute("select pg_stat_force_next_flush()")
    (row,) = await pool.fetch(
        "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where schemaname = 'engine' and relname = 'filings'"
    )
    return row[0], row[1]


async def test_plans_made_on_empty_tables_stay_good_when_the_tables_have_grown(single: asyncpg.Pool) -> None:
    store = PostgresStore(single)
    for number in range(7):  # more often than PostgreSQL hesitates before it keeps a plan
        await handle_batch(store, [new_case()], f"early-{number}")
    cases = [new_case(filings=10) for _ in range(600)]
    for start in range(0, 600, 200):
        await kept(store, *cases[start : start + 200])
    await single.execute("select pg_stat_force_next_flush()")
    await single.execute("select pg_stat_reset()")

    for number in range(3):
        fresh = PostgresStore(single)
        await handle_batch(fresh, cases[number * 50 : number * 50 + 50], f"late-{number}", opened=True)

    await single.execute("select pg_stat_force_next_flush()")
    scanned = await single.fetch(
        "select relname, seq_tup_read from pg_stat_user_tables"
        " where schemaname = 'engine' and seq_tup_read > 0 and relname <> 'outbox'"
    )
    assert [tuple(row) for row in scanned] == []


async def handle_batch(
    store: PostgresStore, cases: list[StoredCase], name: str, *, opened: bool = False
) -> None:
    if not opened:
        await kept(store, *cases)
    ids = [one.case.id for one in cases]
    async with store.unit() as unit:
        await unit.register([entry(f"{name}-{number}", case=id_) for number, id_ in enumerate(ids)])
        await unit.register([entry(f"{name}-{number}", case=id_) for number, id_ in enumerate(ids)])
        await unit.locate([one.reference or "" for case in cases for one in filings_of(case)])
        await unit.load(ids)
        await unit.contents(ids)
        await unit.since([filings_of(case)[0].id for case in cases], "filing-submitted", ["filing-accepted"])
        await unit.keep(batch(cases, name))


async def test_a_process_that_remembers_little_still_reads_everything(pool: asyncpg.Pool) -> None:
    store = PostgresStore(pool, remembered=1)
    cases = [new_case() for _ in range(3)]
    await kept(store, *cases)
    ids = [one.case.id for one in cases]

    found = [*await asyncio.gather(*(load(store, *ids) for _ in range(8))), await load(store, *ids)]

    assert found == [{one.case.id: one for one in cases}] * 9


async def test_what_was_rolled_back_is_not_remembered(pool: asyncpg.Pool) -> None:
    store, stored = PostgresStore(pool), new_case()
    await kept(store, stored)
    after, changes = moved(stored)

    async def work() -> None:
        async with store.unit() as unit:
            await unit.keep(changes)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        await work()
    # Another process keeps the same hash with the filings as they were: only a memory would hide that.
    await keep(PostgresStore(pool), replace(changes, filings={}))

    found = await store.case(stored.case.id)
    assert found
    assert (found.journal_hash, found.case.filings) == (after.journal_hash, stored.case.filings)


async def test_a_reader_never_sees_half_a_batch(pool: asyncpg.Pool) -> None:
    writer, stored = PostgresStore(pool), new_case()
    await kept(writer, stored)
    torn = []

    async def write() -> None:
        for _ in range(60):
            async with writer.unit() as unit:
                now = (await unit.load([stored.case.id]))[stored.case.id]
                _, changes = moved(now, revision=now.case.version)
                await unit.keep(changes)

    async def read(task: "asyncio.Task[None]") -> None:
        while not task.done():
            seen = await PostgresStore(pool).case(stored.case.id)
            assert seen
            if filings_of(seen)[0].revision != seen.case.version - 1:
                torn.append(seen)

    writing = asyncio.ensure_future(write())
    await read(writing)
    await writing

    assert torn == []


async def test_a_relay_passes_over_what_another_is_just_claiming(pool: asyncpg.Pool) -> None:
    store = PostgresStore(pool)
    ids = await keep(store, Changes(parcels=[Parcel(f"o_{n}", "letters", b"body") for n in range(4)]))

    async with pool.acquire() as other, other.transaction():
        await other.execute("select from engine.outbox where id = any($1::bigint[]) for update", ids[:2])
        claimed = await store.unpublished(older_than=timedelta(), lease=HOUR, limit=2)

    assert [id_ for id_, _ in claimed] == ids[2:]


async def test_who_waits_too_long_for_a_lock_runs_again(postgres_dsn: str) -> None:
    stored = new_case()
    async with await open_pool(postgres_dsn, max_size=2, lock_seconds=0.1) as pool:
        store = PostgresStore(pool)
        await kept(store, stored)

        async with store.unit() as unit:
            await unit.load([stored.case.id])
            with pytest.raises(StoreConflict):
                await load(store, stored.case.id)

        assert await load(store, stored.case.id) == {stored.case.id: stored}


async def test_a_deadlock_ends_with_one_that_runs_again(pool: asyncpg.Pool) -> None:
    store, one, two = PostgresStore(pool), new_case(), new_case()
    await kept(store, one, two)
    both_hold = asyncio.Barrier(2)

    async def crosswise(first: StoredCase, second: StoredCase) -> str:
        try:
            async with store.unit() as unit:
                await unit.load([first.case.id])
                await both_hold.wait()
                await unit.load([second.case.id])
        except StoreConflict:
            return "conflict"
        return "kept"

    ends = await asyncio.gather(crosswise(one, two), crosswise(two, one))

    assert sorted(ends) == ["conflict", "kept"]


async def test_a_full_pool_refuses_rather_than_waits_for_ever(single: asyncpg.Pool) -> None:
    store = PostgresStore(single, connection_seconds=0.05)

    async with store.unit():
        with pytest.raises(StoreUnavailable):
            await load(store, new_case().case.id)
        with pytest.raises(StoreUnavailable):
            await store.seen((CITY, "m-1"))

    assert await store.seen((CITY, "m-1")) is None
