# SPDX-License-Identifier: Apache-2.0
"""The pull channel: orders that an organisation fetches itself, and acknowledges one by one.

What is not acknowledged is offered again; `after` only turns pages. So nothing is lost to a client
that dies, and nothing to a commit that came late with a lower position: who turns pages is told how
many lie behind. What was acknowledged is kept for a time, so that it can be offered once more.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from engine.ports import Clock, Pulled, Store
from engine.runtime.bells import Bells
from engine.runtime.passage import UNBOUNDED, Passages

MOST_AT_ONCE: Final = 100
LONGEST_WAIT_SECONDS: Final = 30.0
_FORGOTTEN_AT_ONCE: Final = 1000
_LOOK_SECONDS: Final = 1.0  # for what another process committed


class Feed:
    """The feeds of all organisations."""

    def __init__(
        self, *, store: Store, bells: Bells, clock: Clock, kept: timedelta, passages: Passages | None = None
    ) -> None:
        """`kept` is how long acknowledged orders can be offered again; `passages` may hold orders back."""
        self._store = store
        self._bells = bells
        self._clock = clock
        self._kept = kept
        self._passages = passages

    async def orders(self, organisation: str, *, after: int, limit: int, wait_seconds: float) -> list[Pulled]:
        """Return unacknowledged orders after a position, waiting for the first one.

        Raises:
            StoreUnavailable, EngineError: ask again.
        """
        left = min(wait_seconds, LONGEST_WAIT_SECONDS)
        while True:
            with self._bells.hung(("feed", organisation)) as bell:  # before looking, or one would be missed
                pulled = await self._offered(organisation, after=after, limit=min(limit, MOST_AT_ONCE))
                if pulled or left <= 0:
                    return pulled
                look = min(left, _LOOK_SECONDS)
                await asyncio.wait([bell], timeout=look)
            left -= look

    async def _offered(self, organisation: str, *, after: int, limit: int) -> list[Pulled]:
        if self._passages is None:
            return await self._store.pull_orders(organisation, after=after, limit=limit)
        room = (await self._passages.rooms([organisation])).get(organisation, UNBOUNDED)
        if not room:
            return []
        withheld = await self._passages.withheld(organisation)
        pulled = await self._store.pull_orders(
            organisation, after=after, limit=min(limit, room), without=withheld
        )
        self._passages.went(organisation, len(pulled))
        return pulled

    async def acknowledge(self, organisation: str, order_ids: Sequence[str]) -> int:
        """Note that the organisation has these; return how many were waiting."""
        return await self._store.acknowledge_pulled(organisation, order_ids, at=self._clock.now())

    async def left_behind(self, organisation: str, *, after: int) -> int:
        """Return how many orders up to this position are not acknowledged; 1,000 stands for more."""
        if not after:
            return 0
        withheld = await self._passages.withheld(organisation) if self._passages else []
        return await self._store.left_behind(organisation, after=after, without=withheld)

    async def run_once(self) -> int:
        """Forget orders that were acknowledged long ago; return how many."""
        return await self._store.forget_acknowledged(
            before=self._clock.now() - self._kept, limit=_FORGOTTEN_AT_ONCE
        )
