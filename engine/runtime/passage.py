# SPDX-License-Identifier: Apache-2.0
"""Whether orders may go to an organisation now, and how many: held, paused, its hours, its rate.

The same for every channel. What may not go waits where it is, or in the table of orders; replies and
acknowledgements always pass. The usual rate binds webhooks only: who fetches paces itself, unless
an operator has set less.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.ports import Clock, Lane, Lanes, Limits
from engine.registry.directory import Directories
from engine.registry.model import Organisation, State

UNBOUNDED: Final = 1_000_000
_USUAL_RATE: Final = Limits().rate
_JAPAN: Final = ZoneInfo("Asia/Tokyo")


def is_held(lane: Lane, organisation: Organisation | None) -> bool:
    """Whether an operator has stopped orders to it; a paused one that is being drained gets the rest."""
    is_paused = organisation is not None and organisation.state is State.PAUSED
    return lane.mode == "held" or (is_paused and lane.mode != "draining")


def opens_at(limits: Limits, now: datetime, is_working_day: Callable[[date], bool]) -> datetime | None:
    """Return when the organisation opens next; None when it is open now."""
    if limits.opens is None or limits.closes is None:
        return None
    here = now.astimezone(_JAPAN)
    if is_working_day(here.date()) and limits.opens <= here.time() < limits.closes:
        return None
    day = here.date() if here.time() < limits.opens else here.date() + timedelta(days=1)
    for _ in range(31):
        if is_working_day(day):
            break
        day += timedelta(days=1)
    return datetime.combine(day, limits.opens, _JAPAN)


class Passages:
    """The ways to all organisations. Rates are counted in each process."""

    def __init__(
        self, *, lanes: Lanes, directories: Directories, clock: Clock, is_working_day: Callable[[date], bool]
    ) -> None:
        self._lanes = lanes
        self._directories = directories
        self._clock = clock
        self._is_working_day = is_working_day
        self._rates: dict[str, float] = {}
        self._free_at: dict[str, float] = {}

    async def rooms(self, numbers: Collection[str]) -> dict[str, int]:
        """Return how many orders may go to each of them now: at most those of one second.

        Raises:
            StoreUnavailable, EngineError: that cannot be known.
        """
        if not numbers:
            return {}
        directory = await self._directories.current()
        lanes = await self._lanes.lanes(sorted(numbers))
        now = self._clock.now()
        rooms = {}
        for number in numbers:
            lane = lanes.get(number) or Lane(number=number)
            is_closed = is_held(lane, directory.organisation(number)) or opens_at(
                lane.limits, now, self._is_working_day
            )
            rooms[number] = 0 if is_closed else self._room(number, lane.limits.rate)
        return rooms

    async def held(self, numbers: Collection[str]) -> list[str]:
        """Return those to which an operator lets nothing go; raises as `rooms`."""
        directory = await self._directories.current()
        lanes = await self._lanes.lanes(sorted(numbers))
        return [
            number
            for number in numbers
            if is_held(lanes.get(number) or Lane(number=number), directory.organisation(number))
        ]

    async def withheld(self, number: str) -> list[str]:
        """Return for whom nothing of this lane may go now: an agent's others are not held with one of them.

        Raises as `rooms`.
        """
        directory = await self._directories.current()
        principals = directory.acting.principals(number)
        return await self.held(sorted(principals)) if principals else []

    def went(self, number: str, orders: int) -> None:
        """Count orders that went to it."""
        if (rate := self._rates.get(number)) and orders:
            now = asyncio.get_running_loop().time()
            self._free_at[number] = max(self._free_at.get(number, now), now) + orders / rate

    def _room(self, number: str, rate: float) -> int:
        if rate >= _USUAL_RATE:
            self._rates.pop(number, None)
            return UNBOUNDED
        self._rates[number] = rate
        is_free = self._free_at.get(number, 0.0) <= asyncio.get_running_loop().time()
        return max(1, int(rate)) if is_free else 0
