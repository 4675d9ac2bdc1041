# SPDX-License-Identifier: Apache-2.0
"""Wakes each case at the instant it asked for. The rules of time are the core's; this only looks.

The id of a Tick is made of case, instant and version: two timekeepers wake a case once, and a case
that has moved on in the meantime simply has nothing to say to it.
"""

import asyncio
import hashlib
import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from engine.core.case import tick_id
from engine.core.errors import EngineError
from engine.core.messages import Tick
from engine.ports import Clock, InboxEntry, Store, StoreConflict, StoreUnavailable
from engine.runtime.processor import Heard, Processor, Said, Say, Work

_LOOK_SECONDS: Final = 1.0
_AT_ONCE: Final = 200
_OVERSLEPT: Final = timedelta(seconds=60)

log = logging.getLogger(__name__)


class Timekeeper:
    """Sends a Tick to every case whose instant has come."""

    def __init__(self, *, store: Store, processor: Processor, clock: Clock) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock

    async def run_once(self) -> int:
        """Wake some cases, the longest overdue first; return how many.

        Raises:
            StoreConflict, StoreUnavailable: the next look finds them again.
        """
        now = self._clock.now()
        waiting = await self._store.to_wake(now, limit=_AT_ONCE)
        works = []
        for case_id, wake_at, version in waiting:
            if now - wake_at > _OVERSLEPT:
                log.warning("case.overslept", extra={"case_id": str(case_id)})
            name = str(tick_id(case_id, wake_at=wake_at, version=version))
            entry = InboxEntry("engine", name, hashlib.sha256(name.encode()).digest(), case_id)
            works.append(Work(entry=entry, actor="engine", say=_tick(case_id)))
        if works:
            await self._processor.handle(works)
        return len(works)

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            try:
                woken = await self.run_once()
            except (StoreConflict, StoreUnavailable, EngineError) as error:
                log.warning("timekeeper.waiting", extra={"error": type(error).__name__})
                woken = 0
            if woken < _AT_ONCE:
                await asyncio.sleep(_LOOK_SECONDS)


def _tick(case_id: UUID) -> Say:
    def say(heard: Heard) -> Said:
        if heard.case is None:
            raise EngineError("no-such-case")
        return Said(Tick(case_id))

    return say
