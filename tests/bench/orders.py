# SPDX-License-Identifier: Apache-2.0
"""Sealed orders in the table of orders: made, put, waited for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from engine.border.envelope import parse_order
from engine.clock import SystemClock
from engine.ports import Changes, PullOrder
from tests.integration.lane_ground import Ground
from tests.unit.border_desk import Border, Moving
from tests.unit.sdk_engine import FakeEngine, submit

_DAY: Final = date(2026, 12, 1)
_AT_ONCE: Final = 500
_ALL_GONE: Final = """
select not exists (select from engine.pull_orders where organisation = $1 and acked_at is null)
"""


class Now(Moving):
    """The machine's clock."""

    def now(self) -> datetime:
        return SystemClock().now()


def sealed(number: int) -> list[tuple[str, bytes]]:
    """Return so many orders with their ids, each really signed and sealed."""
    engine = FakeEngine(Now())
    engine._recipient = Border().office.address
    events = [engine.sent[engine.order(submit(), to=one + 1)] for one in range(number)]
    return [(parse_order(event).id, event) for event in events]


async def put(here: Ground, number: str, orders: Sequence[tuple[str, bytes]], *, days: int) -> None:
    """Commit orders whose last days are spread over so many days."""
    pulled = [
        PullOrder(number, name, _DAY + timedelta(days=place % days), event)
        for place, (name, event) in enumerate(orders)
    ]
    for start in range(0, len(pulled), _AT_ONCE):
        async with here.store.unit() as unit:
            await unit.keep(Changes(pull_orders=pulled[start : start + _AT_ONCE]))


async def waiting(here: Ground, number: str) -> int:
    """Return how many orders wait."""
    found = await here.pool.fetchval(
        "select count(*) from engine.pull_orders where organisation = $1 and acked_at is null", number
    )
    return int(found)


async def all_gone(here: Ground, number: str) -> None:
    """Return when no order waits."""
    await until(partial(here.pool.fetchval, _ALL_GONE, number), look_seconds=0.05)


async def until(is_so: Callable[[], Awaitable[bool]], *, look_seconds: float) -> None:
    """Return when it is so."""
    while True:
        if await is_so():
            return
        await asyncio.sleep(look_seconds)
