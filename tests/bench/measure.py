# SPDX-License-Identifier: Apache-2.0
"""One cell of the table: what one way does at saturation, and how long a case takes at half of that."""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.machine import MemoryWatch, reading
from tests.bench.ways import Way
from tests.bench.workload import TRANSITIONS


@dataclass(frozen=True, slots=True)
class Saturated:
    """One run at saturation."""

    cases_per_second: float
    cpu_ms: Mapping[str, float]
    wal_kilobytes: float
    wal_syncs: float
    device_flushes: float | None
    peaks: Mapping[str, float]


@dataclass(slots=True)
class Cell:
    """All runs of one way."""

    name: str
    saturated: list[Saturated] = field(default_factory=list)
    latencies: list[Mapping[str, float]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median of cases per second."""
        return statistics.median(self.rates)

    @property
    def rates(self) -> list[float]:
        """Cases per second of each run."""
        return [one.cases_per_second for one in self.saturated]

    def median(self, values: Sequence[float | None]) -> float | None:
        """Return the median of what could be measured."""
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None


async def saturated(way: Way, dsn: str, *, in_flight: int, warm_seconds: float, seconds: float) -> Saturated:
    """Return what happened in so many seconds with so many cases in flight."""
    await way.engine.ask("closed", in_flight=in_flight)
    await asyncio.sleep(warm_seconds)
    with MemoryWatch(way.groups) as memory:
        before, (replies_before, began) = await reading(dsn, way.groups), await way.engine.ask("count")
        await asyncio.sleep(seconds)
        (replies_after, ended), after = await way.engine.ask("count"), await reading(dsn, way.groups)
    await way.engine.ask("rest")
    # In replies, not in whole cases: those that are in flight are counted as far as they have come.
    cases = max(replies_after - replies_before, 1) / TRANSITIONS
    flushes = None
    if before.device_flushes is not None and after.device_flushes is not None:
        flushes = (after.device_flushes - before.device_flushes) / cases
    return Saturated(
        cases_per_second=cases / (ended - began),
        cpu_ms={
            name: 1000 * (after.cpu_seconds[name] - before.cpu_seconds[name]) / cases for name in way.groups
        },
        wal_kilobytes=(after.wal_bytes - before.wal_bytes) / cases / 1000,
        wal_syncs=(after.wal_syncs - before.wal_syncs) / cases,
        device_flushes=flushes,
        peaks=memory.peaks,
    )


async def at_half(way: Way, rate: float, *, seconds: float, seed: int) -> Mapping[str, float]:
    """Return p50 and p99 in ms at half of a rate, counted from the intended start of each case."""
    found: Mapping[str, float] = await way.engine.ask("open", rate=rate / 2, seconds=seconds, seed=seed)
    return found
