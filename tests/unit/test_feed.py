# SPDX-License-Identifier: Apache-2.0
"""The feed of an organisation wakes up for what was committed, also while it was looking."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from engine.ports import Pulled
from engine.runtime.bells import Bells
from engine.runtime.feed import Feed
from engine.store.memory import MemoryStore

NUMBER = "7999999000002"


class Still:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)


class Slow(MemoryStore):
    """A store whose first look is overtaken by a commit."""

    def __init__(self, bells: Bells) -> None:
        super().__init__(Still())
        self.bells = bells
        self.looks = 0

    async def pull_orders(
        self, organisation: str, *, after: int, limit: int, without: Sequence[str] = ()
    ) -> list[Pulled]:
        self.looks += 1
        if self.looks > 1:
            return [Pulled(1, "o_1", b"{}")]
        await asyncio.sleep(0)
        self.bells.ring([("feed", organisation)])  # committed after the look had begun
        return []


async def test_an_order_committed_during_the_look_is_found_at_once() -> None:
    bells = Bells()
    store = Slow(bells)
    feed = Feed(store=store, bells=bells, clock=Still(), kept=timedelta(days=21))

    async with asyncio.timeout(0.5):  # the next look by the clock would be after a second
        pulled = await feed.orders(NUMBER, after=0, limit=10, wait_seconds=20)

    assert [one.order_id for one in pulled] == ["o_1"]
    assert store.looks == 2
