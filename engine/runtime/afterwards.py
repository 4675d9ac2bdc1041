# SPDX-License-Identifier: Apache-2.0
"""What is owed to cases that have ended: their certificate soon, the end of what is kept in due time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from engine.core.errors import EngineError
from engine.ports import StoreConflict, StoreUnavailable

_LOOK_SECONDS: Final = 2.0

log = logging.getLogger(__name__)

Owed = Callable[[], Awaitable[int]]


class Afterwards:
    """Does what is owed, over and over; each part is safe to repeat and to do in several processes."""

    def __init__(self, parts: Sequence[Owed]) -> None:
        self._parts = parts

    async def run_once(self) -> int:
        """Do some of what is owed; return how much was. One part out of reach holds up no other."""
        done = 0
        for part in self._parts:
            try:
                done += await part()
            except (StoreConflict, StoreUnavailable, EngineError) as error:
                code = error.code if isinstance(error, EngineError) else type(error).__name__
                log.warning("afterwards.waiting", extra={"code": code})
        return done

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            if not await self.run_once():
                await asyncio.sleep(_LOOK_SECONDS)
