# SPDX-License-Identifier: Apache-2.0
"""What a world is made of before anything happens in it: one seed, a clock, ids, and places to die at."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

START = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process died here. No handler of the engine may catch it."""


class Violation(AssertionError):
    """A promise was broken; `name` is the invariant that saw it."""

    def __init__(self, name: str, details: object) -> None:
        self.name = name
        super().__init__(f"{name}: {details}")


class Clock:
    """Time stands still until the world moves it on, by whole microseconds."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move_to(self, instant: datetime) -> None:
        self.at = max(self.at, instant.astimezone(UTC))


class CountedIds:
    def __init__(self) -> None:
        self._last = 1 << 64

    def new(self) -> UUID:
        self._last += 1
        return UUID(int=self._last)


class Inline(ThreadPoolExecutor):
    """Runs at once what would go to a thread: the order of things is the seed's alone."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def run(world: Awaitable[Any]) -> Any:
    """Run a world to its end on a loop of its own."""

    async def whole() -> Any:
        asyncio.get_running_loop().set_default_executor(Inline())
        return await world

    return asyncio.run(whole())


@dataclass(slots=True)
class Fuse:
    """The points at which one process may die; the armed one kills it, once."""

    tally: Counter[str]
    armed: str | None = None

    def at(self, point: str) -> None:
        if self.armed == point:
            self.armed = None
            self.tally[f"killed at {point}"] += 1
            raise Killed(point)


_COMMIT = ("unit.begin", "commit.before", "commit.after")
_PUBLISH = ("publish.before", "publish.midway", "publish.after")
_ACK = ("ack.before", "ack.after")
# Where a process may die, by what it is doing.
POINTS: dict[str, tuple[str, ...]] = {
    "ask": _COMMIT,
    "tick": _COMMIT,
    "replies": (*_COMMIT, "document.staged", "document.staged", "park.after", "park.after", *_ACK),
    "publish": _PUBLISH,
    "forget": ("forget.before",),
    "relay": ("relay.claimed", *_PUBLISH, "forget.before"),
    "letters": ("letter.kept", *_ACK),
}


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    number: int
    act: Callable[[], Awaitable[None]] = field(compare=False)


class Agenda:
    """What will happen later, by time; at one instant in the order it was written down."""

    def __init__(self) -> None:
        self._heap: list[_Due] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, instant: datetime, act: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._heap, _Due(instant, next(self._numbers), act))

    def next_at(self) -> datetime | None:
        return self._heap[0].at if self._heap else None

    def pop(self) -> Callable[[], Awaitable[None]]:
        return heapq.heappop(self._heap).act


def delay(random: Random) -> timedelta:
    """Return a pause as organisations and people make them: seconds, hours, days, seldom weeks."""
    unit, most = random.choices(
        ((1.0, 20.0), (60.0, 300.0), (3600.0, 72.0), (86400.0, 13.0), (86400.0, 40.0)), (6, 6, 5, 3, 1)
    )[0]
    return timedelta(microseconds=round(random.uniform(0.01, most) * unit * 1e6))
