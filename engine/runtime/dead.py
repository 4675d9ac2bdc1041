# SPDX-License-Identifier: Apache-2.0
"""Brings what the broker put aside into the table where an operator sees it with its reason."""

import asyncio
import logging
from typing import Final

from engine.ports import BusUnavailable, DeadLetters, Parked, Store, StoreUnavailable

_AT_ONCE: Final = 100
_PAUSE_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class DeadDrain:
    """Empties the broker's queue of dead letters into the store."""

    def __init__(self, *, letters: DeadLetters, store: Store) -> None:
        self._letters = letters
        self._store = store

    async def run_once(self, *, wait_seconds: float = 1.0) -> int:
        """Park what is there; return how many. The same dead letter again is parked once.

        Raises:
            BusUnavailable, StoreUnavailable: it stays where it is.
        """
        dead = await self._letters.dead_letters(limit=_AT_ONCE, wait_seconds=wait_seconds)
        if not dead:
            return 0
        await self._store.park(
            [Parked(one.id, one.where_from, one.sender, one.events, one.reason, one.attempts) for one in dead]
        )
        await self._letters.settle(dead)
        log.error("messages.parked", extra={"count": len(dead)})
        return len(dead)

    async def run(self) -> None:
        """Drain until cancelled."""
        while True:
            try:
                await self.run_once()
            except (BusUnavailable, StoreUnavailable):
                await asyncio.sleep(_PAUSE_SECONDS)
