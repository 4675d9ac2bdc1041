# SPDX-License-Identifier: Apache-2.0
"""Where requests of people wait for their batch: a few milliseconds, and all of them together.

A lone request never waits for company; under load those that came in meanwhile make the next batch.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from engine.core.errors import EngineError
from engine.ports import StoreConflict, StoreUnavailable
from engine.runtime.consumer import handled_each
from engine.runtime.processor import Processor, Result, Work

MOST_AT_ONCE: Final = 500
MOST_WAITING: Final = 5000

_Waiting = tuple[Work, asyncio.Future[Result]]


class Intake:
    """Takes messages one by one and hands them to the processor in batches."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._waiting: list[_Waiting] = []
        self._something = asyncio.Event()

    async def submit(self, work: Work) -> Result:
        """Return how the message ended, once that is durable.

        Raises:
            EngineError: `unavailable`: nothing is known of it; say it again with the same id.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise EngineError("unavailable")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        self._something.set()
        return await future

    async def handle(self, works: Sequence[Work]) -> list[Result]:
        """Return how each of several messages ended: they share their batch with whoever else came."""
        return list(await asyncio.gather(*(self.submit(work) for work in works)))

    async def run(self) -> None:
        """Handle what comes in until cancelled; whoever still waits then is told to come again.

        Run it twice, and two batches are under way at once.
        """
        try:
            while True:
                await self._something.wait()
                some, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                if not self._waiting:
                    self._something.clear()
                await self._handle(some)
        finally:
            _fail(self._waiting)

    async def _handle(self, some: Sequence[_Waiting]) -> None:
        try:
            results = await handled_each(self._processor, [work for work, _ in some])
        except (StoreConflict, StoreUnavailable, EngineError):
            _fail(some)
            return
        except asyncio.CancelledError:
            _fail(some)
            raise
        for (_, future), result in zip(some, results, strict=True):
            if not future.done():
                future.set_result(result)


def _fail(some: Sequence[_Waiting]) -> None:
    for _, future in some:
        if not future.done():
            future.set_exception(EngineError("unavailable"))
