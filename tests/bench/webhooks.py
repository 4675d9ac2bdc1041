# SPDX-License-Identifier: Apache-2.0
"""`./todoke bench --webhooks [--quick]`: how fast orders go out by webhook, and whether one dead holds up others.

Without network: fetched, signed (v1 and v1a), judged, kept and logged, by one worker on a real database.
With a local endpoint: a web server in a process of its own answers 202 to each order. Every run
begins with a table that PostgreSQL has no statistics of, as a backlog does that has just come.
CPU is that of the worker's process alone. one_dead.py has the rest.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

from connectors.channels.guard import Guard
from connectors.channels.line import Answer, HttpLine, Line
from engine.local.process import free_port
from engine.ports import Limits
from engine.registry.model import Channel
from engine.telemetry import log_to
from tests.bench import one_dead
from tests.bench.orders import Now, all_gone, put, sealed
from tests.bench.table import markdown
from tests.integration.lane_ground import CITY, Ground, ground

_OPEN: Final = Limits(rate=1_000_000, concurrency=32)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    orders: int
    runs: int
    pairs: int
    round_seconds: float
    rate: float = 40


QUICK: Final = Plan(orders=4_000, runs=3, pairs=7, round_seconds=3)
LONG: Final = Plan(orders=20_000, runs=7, pairs=7, round_seconds=10)


@dataclass
class Counted:
    """Notes what goes over a line; without one it answers at once."""

    line: Line | None = None
    sent: list[str] = field(default_factory=list)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.sent.append(headers["webhook-id"])
        return await self.line.post(url, headers, body) if self.line else Answer(202)


@dataclass(frozen=True, slots=True)
class Run:
    """Orders a second, and CPU of the worker's process for each."""

    rate: float
    cpu_us: float


async def measured(dsn: str, plan: Plan) -> None:
    """Print everything; the database has to be empty and migrated."""
    orders = sealed(plan.orders)
    rows = [("webhooks, one worker", "orders/s", "CPU µs/order", "load")]
    with _logging_to_nowhere():
        async with ground(dsn) as here, endpoint() as url:
            here.clock = Now()
            await here.register(CITY, Channel.WEBHOOK, url)
            await here.lanes.limit(CITY, _OPEN)
            http = HttpLine(Guard(["127.0.0.0/8"], plain=True), here.clock)
            for name, line in (("without network", None), ("with a local endpoint", http)):
                runs = [await drained(here, Counted(line), orders) for _ in range(plan.runs)]
                load = f"{os.getloadavg()[0]:.1f}"
                rows.append((name, _spread(one.rate for one in runs), _spread(o.cpu_us for o in runs), load))
            await http.close()
            await here.register(CITY, Channel.PULL)
        print(markdown(rows), flush=True)
        alternated = await one_dead.alternated(
            dsn, pairs=plan.pairs, rate=plan.rate, seconds=plan.round_seconds
        )
    print(f"\n{markdown(alternated)}")


async def drained(here: Ground, line: Counted, orders: list[tuple[str, bytes]]) -> Run:
    """Put orders and return how fast they went, each once."""
    await here.pool.execute("truncate engine.pull_orders")
    await put(here, CITY, orders, days=30)
    began, used = time.monotonic(), time.process_time()
    async with here.sending(here.webhooks(line)):
        await all_gone(here, CITY)
        took, cpu = time.monotonic() - began, time.process_time() - used
    if sorted(line.sent) != sorted(name for name, _ in orders):
        raise SystemExit(f"{len(line.sent)} were sent, {len(orders)} were there")
    return Run(len(orders) / took, 1e6 * cpu / len(orders))


def _spread(values: Iterator[float]) -> str:
    found = list(values)
    return f"{statistics.median(found):,.0f} ({min(found):.0f}-{max(found):.0f})"


@contextmanager
def _logging_to_nowhere() -> Iterator[None]:
    """Log as a worker does; only the writing is left out."""
    with Path(os.devnull).open("w") as nowhere:
        log_to(nowhere, level="INFO")
        yield


@asynccontextmanager
async def endpoint() -> AsyncIterator[str]:
    """Run a receiver in a process of its own."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "tests.bench.webhooks", "--receive", str(port)])  # noqa: ASYNC220
    try:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}/orders"
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait()


def receive(port: int) -> None:
    """Answer 202 to everything until told to end."""

    async def orders(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/orders", orders)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def main() -> None:
    """Be the receiver, or measure on a database that is there: `./todoke bench` starts one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dsn", help="an empty, migrated database")
    parser.add_argument("--receive", type=int)
    asked = parser.parse_args()
    if asked.receive:
        receive(asked.receive)
    elif asked.dsn:
        asyncio.run(measured(asked.dsn, QUICK if asked.quick else LONG))
    else:
        parser.error("--dsn is missing; `./todoke bench --webhooks` has servers of its own")


if __name__ == "__main__":
    main()
