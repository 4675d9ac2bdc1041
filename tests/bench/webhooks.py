# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.bench.webhooks [--quick] [--dsn DSN]`: how fast webhooks go, and whether the dead hold up others.

Without network: fetched, signed (v1 and v1a), judged and kept, in one process, on a real database.
With a local endpoint: a web server in a process of its own answers 202 to each order.
Alternations: the same traffic to four organisations, once beside a fifth that is well, once beside a
fifth that hangs or refuses connections; p99 from the order's commit to its arrival, round by round.
"""

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

from aiohttp import web

from connectors.channels.line import Answer
from engine.clock import SystemClock
from engine.local.process import free_port
from engine.ports import Changes, Limits, PullOrder
from engine.registry.model import Channel
from tests.bench.__main__ import ground as servers
from tests.bench.table import markdown
from tests.integration.lane_ground import Ground, ground
from tests.unit.border_desk import Border, Moving
from tests.unit.sdk_engine import FakeEngine, submit

NUMBERS = ("9700110000001", "8700110000002", "7700110000003", "6700110000004", "5700110000005")
OPEN = Limits(rate=1_000_000, concurrency=256)
SMALL = Limits(rate=200, concurrency=8)
_DAY = date(2026, 12, 1)


class NoNetwork:
    """Answers at once."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return Answer(202)


class Now(Moving):
    """The machine's clock."""

    def now(self) -> datetime:
        return SystemClock().now()


def sealed(number: int) -> list[bytes]:
    """Return so many sealed orders, each really signed and sealed."""
    engine = FakeEngine(Now())
    engine._recipient = Border().office.address
    return [engine.sent[engine.order(submit(), to=one + 1)] for one in range(number)]


async def put(here: Ground, number: str, events: Sequence[bytes], *, days: int = 1) -> None:
    """Commit orders, 500 at a time."""
    for start in range(0, len(events), 500):
        orders = [
            PullOrder(number, json.loads(event)["id"], _DAY + timedelta(days=place % days), event)
            for place, event in enumerate(events[start : start + 500])
        ]
        async with here.store.unit() as unit:
            await unit.keep(Changes(pull_orders=orders))


async def left(here: Ground, number: str) -> int:
    """Return how many orders wait."""
    found = await here.pool.fetchval(
        "select count(*) from engine.pull_orders where organisation = $1 and acked_at is null", number
    )
    return int(found)


async def until(what_is_left: Callable[[], Awaitable[int]], *, pause: float) -> None:
    """Return when nothing is left."""
    while True:
        if not await what_is_left():
            return
        await asyncio.sleep(pause)


async def drained(here: Ground, number: str, orders: int, *, network: bool) -> float:
    """Return orders a second from the first to the last."""
    await here.lanes.limit(number, OPEN)
    loop = asyncio.get_running_loop()
    worker = here.webhooks(None if network else NoNetwork())
    began = loop.time()
    async with here.sending(worker):
        await until(lambda: left(here, number), pause=0.05)
        return orders / (loop.time() - began)


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


# --- alternations ---------------------------------------------------------------------------------


@dataclass
class Offices:
    """Five organisations in this process; the fifth may be dead."""

    arrived: dict[str, float] = field(default_factory=dict)
    repeated: int = 0
    order: list[str] = field(default_factory=list)
    is_dead: bool = False

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{number}", self._orders)
        return app

    async def _orders(self, request: web.Request) -> web.Response:
        name = request.headers["webhook-id"]
        await request.read()
        if self.is_dead and request.match_info["number"] == NUMBERS[-1]:
            await asyncio.sleep(3600)
        self.repeated += name in self.arrived
        self.arrived.setdefault(name, asyncio.get_running_loop().time())
        self.order.append(name)
        return web.Response(status=202)


async def round_(
    here: Ground, offices: Offices, *, dead: bool, rate: float, seconds: float
) -> tuple[float, int]:
    """Return p99 in ms of the four, and their backlog when the last order was committed."""
    offices.is_dead = dead
    loop, sent = asyncio.get_running_loop(), {}
    names = count(loop.time_ns() if hasattr(loop, "time_ns") else int(loop.time() * 1e6))
    began = loop.time()
    for turn in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + turn / rate - loop.time()))
        orders = {number: f"o_{next(names)}" for number in NUMBERS}
        async with here.store.unit() as unit:
            await unit.keep(
                Changes(pull_orders=[PullOrder(number, name, _DAY, b"{}") for number, name in orders.items()])
            )
        here.bells.ring([("feed", number) for number in NUMBERS])
        sent |= {name: loop.time() for number, name in orders.items() if number != NUMBERS[-1]}

    async def missing() -> int:
        return sum(name not in offices.arrived for name in sent)

    backlog = await missing()
    async with asyncio.timeout(30):
        await until(missing, pause=0.01)
    waits = sorted(offices.arrived[name] - at for name, at in sent.items())
    return 1000 * waits[int(len(waits) * 0.99)], backlog


async def alternations(dsn: str, *, rounds: int, rate: float, seconds: float) -> list[tuple[str, ...]]:
    """Return a row for each pair, and what became of the backlog of the dead."""
    rows: list[tuple[str, ...]] = [
        ("round", "all well p99 ms", "one dead p99 ms", "ratio", "others' backlog")
    ]
    async with ground(dsn) as here:
        here.clock = Now()
        offices = Offices()
        runner = web.AppRunner(offices.app(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        for number in NUMBERS:
            await here.register(number, Channel.WEBHOOK, f"http://127.0.0.1:{port}/{number}")
            await here.lanes.limit(number, SMALL)
        ratios = []
        async with here.sending():
            await round_(here, offices, dead=False, rate=rate, seconds=min(seconds, 2))
            for turn in range(rounds):
                order = (False, True) if turn % 2 == 0 else (True, False)
                found = {
                    dead: await round_(here, offices, dead=dead, rate=rate, seconds=seconds) for dead in order
                }
                await here.lanes.drive(NUMBERS[-1])
                ratios.append(found[True][0] / found[False][0])
                rows.append(
                    (
                        str(turn + 1),
                        f"{found[False][0]:.1f}",
                        f"{found[True][0]:.1f}",
                        f"{ratios[-1]:.2f}",
                        str(found[True][1]),
                    )
                )
            rows.append(("median", "", "", f"{statistics.median(ratios):.2f}", ""))
            offices.is_dead = False
            await here.lanes.drive(NUMBERS[-1])
            began, waiting = asyncio.get_running_loop().time(), await left(here, NUMBERS[-1])
            async with asyncio.timeout(60 + waiting / SMALL.rate * 2):
                await until(lambda: left(here, NUMBERS[-1]), pause=0.1)
            took = asyncio.get_running_loop().time() - began
        await runner.cleanup()
    rows.append(("drained", f"{waiting} orders", f"{took:.1f} s", f"twice: {offices.repeated}", ""))
    return rows


async def measured(dsn: str, *, quick: bool) -> None:
    """Print everything; the database has to be empty and migrated."""
    orders = 2_000 if quick else 20_000
    rows: list[tuple[str, str, str]] = [("webhooks", "orders/s", "each run")]
    async with ground(dsn) as here, endpoint() as url:
        here.clock = Now()
        for number, network, address in (
            (NUMBERS[0], False, "https://sample.example/"),
            (NUMBERS[1], True, url),
        ):
            await here.register(number, Channel.WEBHOOK, address)
            rates = []
            for _ in range(3 if quick else 7):
                await put(here, number, sealed(orders), days=30)
                rates.append(await drained(here, number, orders, network=network))
            name = "one worker, local endpoint" if network else "one worker, no network"
            rows.append((name, f"{statistics.median(rates):.0f}", ", ".join(f"{one:.0f}" for one in rates)))
            await here.register(number, Channel.PULL)
    print(markdown(rows))
    rounds, seconds = (3, 3.0) if quick else (7, 20.0)
    print(f"\n{markdown(await alternations(dsn, rounds=rounds, rate=20, seconds=seconds))}")


async def _with_own_servers(*, quick: bool) -> None:
    from engine.store.migrate import migrate

    with servers() as on:
        await migrate(on.postgres.dsn)
        await measured(on.postgres.dsn, quick=quick)


def main() -> None:
    """Measure, or be the receiver."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--dsn", help="an empty, migrated database, instead of servers of its own")
    parser.add_argument("--receive", type=int)
    asked = parser.parse_args()
    if asked.receive:
        receive(asked.receive)
    elif asked.dsn:
        asyncio.run(measured(asked.dsn, quick=asked.quick))
    else:
        asyncio.run(_with_own_servers(quick=asked.quick))


if __name__ == "__main__":
    main()
