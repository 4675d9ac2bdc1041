# SPDX-License-Identifier: Apache-2.0
"""How long operators wait for their lists: 100,000 cases of ten filings each, made by SQL.

Run it with `python -m tests.bench.bench_operators [cases]`; TODOKE_TEST_SERVICES says where PostgreSQL is.
Beside the usual questions it asks the worst ones: what hardly any row fits.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg

from engine.ports import CaseQuestion, FilingQuestion
from engine.store.operators import PostgresOperators
from engine.store.pool import open_pool
from tests.services import copy_database, drop_database, ensure_template, load

ROUNDS = 60
NATIONWIDE, CITY = "9011005000001", "1000020131016"
NOW = datetime(2026, 11, 9, tzinfo=UTC)

CASES = """
insert into engine.cases (id, event, state, version, owner, catalogue, opened_at, participants, wake_at,
                          journal_seq, journal_hash)
select gen_random_uuid(),
       case when n % 50 = 0 then 'death' when n % 7 = 0 then 'birth' else 'moving' end,
       case when n % 5 < 2 then 'running' when n % 1000 = 3 then 'cancelling' else 'completed' end,
       9, gen_random_uuid(), repeat('c', 64), timestamptz '2026-11-09' - n * interval '5 minutes', '[]',
       case when n % 5 < 2 then timestamptz '2026-11-20' end, 20, decode(repeat('00', 32), 'hex')
from generate_series(1, $1) n
"""
# Of ten filings: one at the nationwide organisation, nine at one of 2,000 others. Four in ten cases
# run; in those, half of the filings are open, one in fifty is flagged.
FILINGS = """
insert into engine.filings (id, case_id, position, slug, way, state, organisation, reference, route, attempt,
                            revision, sequence, due_on, waits_for, waits_until, since, flag, tries, is_done,
                            has_ended)
select gen_random_uuid(), c.id, p, 'move.procedure-' || p, 'online',
       case when not is_open then 'completed' when r < 0.01 then 'refused' when r < 0.1 then 'asking'
            else 'submitted' end,
       case when p = 1 then '9011005000001' else (1000020131016 + floor(random() * 2000)::int)::text end,
       'r_' || gen_random_uuid(), 0, 1, 0, 1, date '2026-11-01' + (r * 60)::int,
       case when is_open then case when r < 0.1 then 'citizen' else 'organisation' end end,
       case when is_open then timestamptz '2026-11-20' end, timestamptz '2026-11-09' - r * interval '10 days',
       case when is_open and r2 < 0.02 then case when r2 < 0.005 then 'stuck/no-answer' else 'late/due' end end,
       0, false, not is_open
from engine.cases c cross join generate_series(1, 10) p
cross join lateral (
    select random() r, random() r2, c.state = 'running' and (p = 1 or random() < 0.5) is_open where p > 0
) chance
"""
PULL_ORDERS = """
insert into engine.pull_orders (organisation, order_id, event)
select '9011005000001', 'o_' || n, 'x' from generate_series(1, 20000) n
"""


async def main(server: str, cases: int) -> None:
    name = f"bench_{uuid4().hex}"
    dsn = await copy_database(server, await ensure_template(server), name)
    try:
        async with await open_pool(dsn, max_size=2, statement_seconds=600, answer_seconds=600) as pool:
            await fill(pool, cases)
            await measure(PostgresOperators(pool))
    finally:
        await drop_database(server, name)


async def fill(pool: asyncpg.Pool, cases: int) -> None:
    started = time.monotonic()
    await pool.execute(CASES, cases)
    await pool.execute(FILINGS)
    await pool.execute(PULL_ORDERS)
    await pool.execute("vacuum analyze")
    filings = await pool.fetchval("select count(*) from engine.filings")
    print(f"{cases} cases, {filings} filings made in {time.monotonic() - started:.0f} s")


async def measure(operators: PostgresOperators) -> None:
    week = NOW - timedelta(days=3)

    def cases(**asked: object) -> Callable[[], Awaitable[object]]:
        return lambda: operators.cases(CaseQuestion(**asked), after=None, limit=50)  # type: ignore[arg-type]

    def filings(**asked: object) -> Callable[[], Awaitable[object]]:
        return lambda: operators.filings(FilingQuestion(**asked), after=None, limit=50)  # type: ignore[arg-type]

    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "cases: newest": cases(),
        "cases: running": cases(state="running"),
        "cases: cancelling, of which there are 100": cases(state="cancelling"),
        "cases: an event that there is not": cases(event="marriage"),
        "cases: stuck": cases(flag="stuck"),
        "cases: stuck, of an event that there is not": cases(flag="stuck", event="marriage"),
        "filings: all open": filings(),
        "filings: of a city, waiting longer than 3 days": filings(organisation=CITY, since_before=week),
        "filings: of the largest, longer than 3 days": filings(organisation=NATIONWIDE, since_before=week),
        "filings: of the largest, in no such state": filings(organisation=NATIONWIDE, state="riding"),
        "filings: in no such state": filings(state="riding"),
        "filings: stuck": filings(flag="stuck"),
        "filings: late, at the largest": filings(flag="late", organisation=NATIONWIDE),
        "filings: due before a day": filings(due_before=date(2026, 11, 10)),
        "organisation: the largest": lambda: operators.backlog(NATIONWIDE),
        "organisation: a city": lambda: operators.backlog(CITY),
    }
    for name, question in questions.items():
        await timed(name, question)


async def timed(name: str, question: Callable[[], Awaitable[object]]) -> None:
    await question()
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await question()
        took.append((time.perf_counter() - started) * 1000)
    p99 = statistics.quantiles(took, n=100)[98]
    print(f"{name:50} p50 {statistics.median(took):7.1f} ms   p99 {p99:7.1f} ms", flush=True)


if __name__ == "__main__":
    services = load(Path(os.environ["TODOKE_TEST_SERVICES"]).read_text())
    asyncio.run(main(services.dsn, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
