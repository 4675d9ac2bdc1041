# SPDX-License-Identifier: Apache-2.0
"""When an organisation changes its channel, its orders go along: between the broker and the table.

Pull, webhook and file share the table, so only AMQP has two ways: what lies in the queue of an
organisation that left is put into the table, what lies in the table of one that came is published,
the most urgent first, as far as its queue has room. An order keeps its id; taken twice is harmless.
When an operator holds an organisation, what nobody has taken from its queue yet waits in the table.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from engine.border.envelope import parse_order
from engine.core.errors import EngineError
from engine.ports import Bus, BusUnavailable, Clock, Lanes, Parcel, Settled, StoreConflict, StoreUnavailable
from engine.registry.directory import Directories, Directory
from engine.registry.model import Channel
from engine.runtime.passage import UNBOUNDED, Passages

_PAUSE_SECONDS: Final = 5.0
_AT_ONCE: Final = 200
_TAKE_SECONDS: Final = 1.0
TO_BROKER: Final = "to-broker"  # what the store knows such an order by
# As long as a process may still believe the old channel, or somebody hold what goes back to the queue.
_LINGER: Final = timedelta(hours=1)

log = logging.getLogger(__name__)


class Moves:
    """Brings orders to where their organisation now takes them."""

    def __init__(
        self,
        *,
        open_bus: Callable[[], Bus],
        lanes: Lanes,
        directories: Directories,
        clock: Clock,
        passages: Passages | None = None,
    ) -> None:
        """`open_bus` makes a bus for a moment: one that stays would go on taking from the queue."""
        self._open_bus = open_bus
        self._lanes = lanes
        self._directories = directories
        self._clock = clock
        self._passages = passages
        # Lanes, and for whom who is held nothing is at the broker any more; and those not done yet.
        self._swept: set[tuple[str, str]] = set()
        self._sweeping: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Move until cancelled."""
        while True:
            try:
                moved = await self.run_once()
            except (StoreUnavailable, StoreConflict, EngineError) as error:
                moved = 0
                log.warning("moves.waiting", extra={"error": type(error).__name__})
            if not moved:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def run_once(self) -> int:
        """Move some orders; return how many.

        Raises:
            StoreUnavailable, StoreConflict, EngineError: they stay where they were.
        """
        directory = await self._directories.current()
        numbers = [one.number for one in directory.on_channel(Channel.AMQP)]
        left = await self._lanes.on_amqp(numbers, now=self._clock.now(), linger=_LINGER)
        held = await self._passages.held(numbers) if self._passages else []
        moved = await self._away(left)
        for number in held:
            moved += await self._from_broker(number) or 0
        moved += await self._withheld(directory, [number for number in numbers if number not in held])
        sweeping = {number for number, _ in self._sweeping}
        waiting = await self._lanes.left_over(
            [number for number in numbers if number not in held and number not in sweeping]
        )
        rooms = await self._passages.rooms(waiting) if self._passages else {}
        for number in waiting:
            if room := rooms.get(number, UNBOUNDED):
                moved += await self._to_broker(number, room)
        return moved

    async def bring_back(self, number: str) -> int:
        """Bring what nobody has taken from the queue of an organisation into the table; return how much.

        Raises:
            BusUnavailable, StoreUnavailable, StoreConflict: do it again.
        """
        moved = 0
        while True:
            found = await self._from_broker(number)
            if found is None:
                raise BusUnavailable(f"nothing can be taken from orders.{number}")
            if not found:
                return moved
            moved += found

    async def _withheld(self, directory: Directory, numbers: Sequence[str]) -> int:
        """Bring back, once, what lies in a lane for one who is held; the rest goes to the broker again."""
        if self._passages is None:
            return 0
        moved, withheld = 0, set()
        for number in numbers:
            if directory.acting.principals(number):
                withheld |= {(number, one) for one in await self._passages.withheld(number)}
        self._sweeping = withheld - self._swept
        for number in sorted({number for number, _ in self._sweeping}):
            found = await self._from_broker(number)
            moved += found or 0
            if found == 0:
                self._swept |= {pair for pair in withheld if pair[0] == number}
        self._swept &= withheld
        return moved

    async def _away(self, left: Sequence[str]) -> int:
        """Bring along what lies at the broker; who left is looked after until nothing can be there."""
        posted = await self._lanes.posted(left)  # first: what leaves the outbox meanwhile is in the queue
        moved = 0
        for number in left:
            found = await self._from_broker(number)
            if found == 0 and number not in posted:
                await self._lanes.off_amqp(number, now=self._clock.now())
            moved += found or 0
        return moved

    async def _from_broker(self, number: str) -> int | None:
        """Return how many orders were moved; None when the broker could not be asked."""
        async with self._bus(number) as bus:
            deliveries = await bus.take(f"orders.{number}", limit=_AT_ONCE, wait_seconds=_TAKE_SECONDS)
            events = [event for delivery in deliveries for event in delivery.events]
            if events:
                await self._lanes.adopt(number, [_named(event) for event in events])
                await bus.ack(deliveries)
            return self._told(number, events)
        return None

    async def _to_broker(self, number: str, room: int) -> int:
        withheld = await self._passages.withheld(number) if self._passages else []
        due = await self._lanes.due(
            number, now=self._clock.now(), limit=min(_AT_ONCE, room), busy=(), without=withheld
        )
        async with self._bus(number) as bus:
            await bus.publish([Parcel(one.order_id, f"orders.{number}", one.event) for one in due])
            settled = [Settled(order_id=one.order_id, status=TO_BROKER, taken=True) for one in due]
            await self._lanes.settle(number, settled, at=self._clock.now())
            if self._passages:
                self._passages.went(number, len(due))
            return self._told(number, due)
        return 0

    @asynccontextmanager
    async def _bus(self, number: str) -> AsyncIterator[Bus]:
        """Yield a bus for a moment; one organisation whose queue is full or gone holds up no other."""
        bus = self._open_bus()
        try:
            yield bus
        except BusUnavailable as error:
            log.warning("orders.waiting", extra={"number": number, "reason": str(error)})
        finally:
            await bus.close()

    def _told(self, number: str, moved: Sequence[object]) -> int:
        if moved:
            log.info("orders.moved", extra={"number": number, "orders": len(moved)})
        return len(moved)


def _named(event: bytes) -> tuple[str, str, bytes]:
    order = parse_order(event)
    return order.id, order.subject, event
