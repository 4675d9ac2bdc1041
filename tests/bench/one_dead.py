# SPDX-License-Identifier: Apache-2.0
"""Whether one dead organisation holds up the others, and how its backlog drains when it is back.

Four organisations get the same traffic all the time. Alternating, a fifth one gets it that is well, or
a sixth one that is dead for the whole run (in turn it hangs and breaks off) and is driven anew at the
beginning of each of its rounds, so that it is being tried while one measures. Counted is the time from an
order's commit to its arrival.
"""

import asyncio
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import accumulate, count
from typing import Final

from aiohttp import web

from engine.ports import Changes, Limits, PullOrder
from engine.registry.model import Channel
from tests.bench.orders import Now, all_gone, until, waiting
from tests.integration.lane_ground import Ground, ground

OTHERS: Final = ("9700110000001", "8700110000002", "7700110000003", "6700110000004")
WELL, DEAD = "5700110000005", "4700110000006"
LIMITS: Final = Limits(rate=200, concurrency=8)
MOST_RATIO: Final = 1.25
_DAY, _DAYS = date(2026, 12, 1), 30
_UNTIL_NOTHING_IS_TRIED_SECONDS: Final = 4.0  # the worker looks every 2 s and waits 1 s for an answer


@dataclass
class Offices:
    """All organisations, behind one web server."""

    arrived: dict[str, float] = field(default_factory=dict)
    in_order: list[str] = field(default_factory=list)  # those of the dead one, once it is back
    twice: int = 0
    is_dead: bool = True
    hangs: bool = True
    most_at_once: int = 0
    _at_once: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{number}", self._orders)
        return app

    async def _orders(self, request: web.Request) -> web.Response:
        name, is_the_dead = request.headers["webhook-id"], request.match_info["number"] == DEAD
        await request.read()
        if is_the_dead and self.is_dead:
            if self.hangs:
                await asyncio.Event().wait()  # until the worker has had enough and hangs up
            assert request.transport
            request.transport.abort()
            return web.Response()
        self.twice += name in self.arrived
        self.arrived.setdefault(name, asyncio.get_running_loop().time())
        if is_the_dead:
            self.in_order.append(name)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            await asyncio.sleep(0.01)
            self._at_once -= 1
        return web.Response(status=202)


@dataclass(frozen=True, slots=True)
class Round:
    """The p99 of the four others, and how many of their orders waited half-way and at the end."""

    p99_ms: float
    half_way: int
    at_the_end: int


@dataclass
class Traffic:
    """Commits orders and remembers when."""

    here: Ground
    offices: Offices
    rate: float
    seconds: float
    committed: dict[str, float] = field(default_factory=dict)
    due: dict[str, date] = field(default_factory=dict)
    names: "count[int]" = field(default_factory=count)

    async def round(self, fifth: str) -> Round:
        """Return how long the four others waited while the fifth got as much."""
        if fifth == DEAD:
            await self.here.lanes.drive(DEAD)
        loop, turns = asyncio.get_running_loop(), int(self.rate * self.seconds)
        began, sent, half_way = loop.time(), [], 0
        for turn in range(turns):
            await asyncio.sleep(max(0.0, began + turn / self.rate - loop.time()))
            sent += await self._commit(fifth, _DAY + timedelta(days=turn * 7 % _DAYS))
            if turn == turns // 2:
                half_way = self._missing(sent)
        at_the_end = self._missing(sent)
        async with asyncio.timeout(60):
            await until(partial(self._all_arrived, sent), look_seconds=0.01)
        waits = sorted(self.offices.arrived[name] - self.committed[name] for name in sent)
        return Round(1000 * waits[int(len(waits) * 0.99)], half_way, at_the_end)

    async def _commit(self, fifth: str, day: date) -> list[str]:
        """Commit an order to each; return those to the four."""
        orders = {number: f"o_{next(self.names)}" for number in (*OTHERS, fifth)}
        async with self.here.store.unit() as unit:
            await unit.keep(Changes(pull_orders=[PullOrder(to, o, day, b"{}") for to, o in orders.items()]))
        self.committed |= dict.fromkeys(orders.values(), asyncio.get_running_loop().time())
        self.due |= dict.fromkeys(orders.values(), day)
        self.here.bells.ring([("feed", number) for number in orders])
        return [orders[number] for number in OTHERS]

    async def _all_arrived(self, sent: Sequence[str]) -> bool:
        return not self._missing(sent)

    def _missing(self, sent: Sequence[str]) -> int:
        return sum(name not in self.offices.arrived for name in sent)


async def alternated(dsn: str, *, pairs: int, rate: float, seconds: float) -> list[tuple[str, ...]]:
    """Return a row for each pair, their median, and what became of the backlog of the dead.

    Raises:
        SystemExit: an order was lost, came twice, or overtook one with an earlier last day.
    """
    rows: list[tuple[str, ...]] = [
        ("pair", "p99 ms, all well", "p99 ms, one dead", "ratio", "others waiting, half-way and at the end")
    ]
    async with ground(dsn) as here:
        here.clock = Now()
        traffic = Traffic(here, Offices(), rate, seconds)
        runner = web.AppRunner(traffic.offices.app(), access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        for number in (*OTHERS, WELL, DEAD):
            await here.register(number, Channel.WEBHOOK, f"http://127.0.0.1:{port}/{number}")
            await here.lanes.limit(number, LIMITS)
        async with here.sending():
            await traffic.round(WELL)  # warm
            ratios = []
            for turn in range(pairs):  # A B B A: what disturbs one disturbs its neighbour
                traffic.offices.hangs = turn % 2 == 0
                order = (WELL, DEAD) if turn % 2 == 0 else (DEAD, WELL)
                found = {fifth: await traffic.round(fifth) for fifth in order}
                ratios.append(found[DEAD].p99_ms / found[WELL].p99_ms)
                rows.append(_row(turn, found[WELL], found[DEAD], ratios[-1]))
            rows.append(("median", "", "", f"{statistics.median(ratios):.2f} (≤ {MOST_RATIO})", ""))
            rows.append(await _drained(traffic))
        await runner.cleanup()
    return rows


def _row(turn: int, well: Round, dead: Round, ratio: float) -> tuple[str, ...]:
    waiting = f"well {well.half_way}, {well.at_the_end}; dead {dead.half_way}, {dead.at_the_end}"
    return (str(turn + 1), f"{well.p99_ms:.1f}", f"{dead.p99_ms:.1f}", f"{ratio:.2f}", waiting)


async def _drained(traffic: Traffic) -> tuple[str, ...]:
    """Let the dead one come back; return how its backlog drained."""
    here, offices, loop = traffic.here, traffic.offices, asyncio.get_running_loop()
    await here.lanes.switch(DEAD, "held")
    await asyncio.sleep(_UNTIL_NOTHING_IS_TRIED_SECONDS)
    backlog, offices.is_dead = await waiting(here, DEAD), False
    await here.lanes.switch(DEAD, "open")
    await here.lanes.drive(DEAD)
    async with asyncio.timeout(60 + 2 * backlog / LIMITS.rate):
        await all_gone(here, DEAD)
    took = loop.time() - offices.arrived[offices.in_order[0]]
    too_early = overtakers([traffic.due[name] for name in offices.in_order], LIMITS.concurrency)
    lost = len(traffic.committed.keys() - offices.arrived.keys())
    if lost or offices.twice or too_early or offices.most_at_once > LIMITS.concurrency:
        most = offices.most_at_once
        raise SystemExit(f"lost {lost}, twice {offices.twice}, overtook {too_early}, at once {most}")
    most = most_in_a_second([offices.arrived[name] for name in offices.in_order])
    return (
        "it is back",
        f"{backlog} orders in {took:.1f} s",
        f"at most {most} in a second, {offices.most_at_once} at once (limits {LIMITS.rate:.0f}, {LIMITS.concurrency})",
        "earliest last day first",
        "lost 0, twice 0",
    )


def overtakers(days: Sequence[date], at_once: int) -> int:
    """Return how many came although one with an earlier day had not, beyond those under way together."""
    latest = [date.min] * at_once + list(accumulate(days, max))
    return sum(day < before for day, before in zip(days, latest, strict=False))


def most_in_a_second(times: Sequence[float]) -> int:
    """Return the most that came within one second; `times` are in order."""
    return max(bisect_left(times, at + 1) - place for place, at in enumerate(times))
