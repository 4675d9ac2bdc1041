# SPDX-License-Identifier: Apache-2.0
"""Begins cases and notes when they end: so many at once (closed loop), or at a rate (open loop)."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from random import Random
from time import monotonic
from uuid import UUID

from tests.bench.line import Command

_LONGEST_SECONDS = 60.0


class Load:
    """The cases of one process. `begin` returns when the case is durably begun, with what will end."""

    def __init__(self, begin: Callable[[], Awaitable["asyncio.Future[None]"]]) -> None:
        self._begin = begin
        self._running: list[asyncio.Task[None]] = []
        self.transitions = 0  # replies that are durably applied; counted by whoever applies them

    @property
    def commands(self) -> dict[str, Command]:
        """What the measuring process may ask."""
        return {
            "closed": self.closed, "count": self.count, "rest": self.rest, "open": self.open, "some": self.some,
        }  # fmt: skip

    async def closed(self, in_flight: int) -> None:
        """Keep so many cases in flight from now on."""
        self._running = [asyncio.create_task(self._again()) for _ in range(in_flight)]

    async def count(self) -> list[float]:
        """Return how many replies have been applied, and the instant."""
        return [self.transitions, monotonic()]

    async def rest(self) -> None:
        """Return when the cases in flight have ended and no other has begun."""
        running, self._running = self._running, []
        for task in running:
            task.add_done_callback(_raised)
        async with asyncio.timeout(_LONGEST_SECONDS):
            await asyncio.gather(*running)

    async def some(self, cases: int) -> None:
        """Carry out so many cases, all at once."""
        async with asyncio.timeout(_LONGEST_SECONDS):
            await asyncio.gather(*(self._once() for _ in range(cases)))

    async def open(self, rate: float, seconds: float, seed: int) -> dict[str, float]:
        """Begin cases at exponential gaps; return their times in ms, counted from the intended start."""
        random, now = Random(seed), monotonic()
        starts, at = [now], now
        while (at := at + random.expovariate(rate)) < now + seconds:
            starts.append(at)
        async with asyncio.timeout(seconds + _LONGEST_SECONDS):
            times = sorted(await asyncio.gather(*(self._timed(start) for start in starts)))
        return {
            "cases": len(times),
            "p50": statistics.median(times),
            "p99": times[min(len(times) - 1, int(0.99 * len(times)))],
        }

    async def _again(self) -> None:
        me = asyncio.current_task()
        while me in self._running:
            await self._once()

    async def _once(self) -> None:
        await (await self._begin())

    async def _timed(self, start: float) -> float:
        await asyncio.sleep(max(0.0, start - monotonic()))
        await self._once()
        return (monotonic() - start) * 1000


class Expected:
    """Cases whose end is waited for."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, asyncio.Future[None]] = {}

    def expect(self, case_id: UUID) -> "asyncio.Future[None]":
        """Return what will be done when the case has ended."""
        future = self._waiting[case_id] = asyncio.get_running_loop().create_future()
        return future

    def ended(self, case_id: UUID) -> None:
        """Tell whoever waits for the case."""
        if future := self._waiting.pop(case_id, None):
            future.set_result(None)


def _raised(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
