# SPDX-License-Identifier: Apache-2.0
"""From the outbox to the bus: at once for what was just committed, by a sweep for what a crash left.

Sent twice is harmless (every order keeps its id), lost is impossible: a row leaves the outbox only
after the bus confirmed it, with the next batch or after a short linger.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from engine.border.envelope import parse_order
from engine.core.errors import EngineError
from engine.ports import Bus, BusUnavailable, Lanes, Parcel, Store, StoreConflict, StoreUnavailable
from engine.runtime.passage import Passages

_AT_ONCE: Final = 2000  # parcels that may wait in memory; more stay with the sweep
_LINGER_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 5.0
_OLDER_THAN: Final = timedelta(seconds=30)
_LEASE: Final = timedelta(seconds=60)
_SWEPT_AT_ONCE: Final = 500
_FULL_SECONDS: Final = 10.0
_ORDERS: Final = "orders."

log = logging.getLogger(__name__)


class Publisher:
    """Publishes what was committed, in the background of the batches that follow."""

    def __init__(self, *, bus: Bus, store: Store, passages: Passages | None = None) -> None:
        """`passages` say what may go to organisations now; the rest stays in the outbox."""
        self._bus = bus
        self._store = store
        self._passages = passages
        self._waiting: list[tuple[int, Parcel]] = []
        self._published: list[int] = []
        self._something = asyncio.Event()
        self._full: dict[str, float] = {}  # queues that refuse while others take, and until when

    def send(self, ids: Sequence[int], parcels: Sequence[Parcel]) -> None:
        """Publish these soon. What does not fit stays in the outbox for the sweep."""
        room = max(0, _AT_ONCE - len(self._waiting))
        self._waiting += list(zip(ids, parcels, strict=True))[:room]
        self._something.set()

    def take_published(self) -> list[int]:
        """Return the outbox rows that are in their queues, to be forgotten with the next batch."""
        published, self._published = self._published, []
        return published

    async def run(self) -> None:
        """Publish until cancelled; what is confirmed while nothing else happens is forgotten by itself."""
        while True:
            try:
                async with asyncio.timeout(_LINGER_SECONDS):
                    await self._something.wait()
            except TimeoutError:
                await self.forget()
                continue
            self._something.clear()
            await self.flush()

    async def flush(self) -> None:
        """Publish what waits now. What is for a full queue waits in the outbox, in nobody's way."""
        waiting, self._waiting = self._waiting, []
        now = asyncio.get_running_loop().time()
        self._full = {queue: until for queue, until in self._full.items() if until > now}
        free = [pair for pair in waiting if pair[1].destination not in self._full]
        sent, _ = await _let_through(self._passages, free)
        published, refused = await _published(self._bus, sent)
        self._published += published
        if published:
            self._full |= dict.fromkeys(refused, now + _FULL_SECONDS)

    async def forget(self) -> None:
        """Forget what was published, now, where no batch does; what cannot be forgotten is kept for later."""
        if not self._published:
            return
        published = self.take_published()
        try:
            await self._store.forget_published(published)
        except (StoreConflict, StoreUnavailable):
            self._published += published


class Relay:
    """Sweeps the outbox for what a process left behind when it died."""

    def __init__(
        self, *, bus: Bus, store: Store, overflow: Lanes | None = None, passages: Passages | None = None
    ) -> None:
        """`overflow` takes the orders for which there is no room in a queue, or that `passages` hold back."""
        self._bus = bus
        self._store = store
        self._overflow = overflow
        self._passages = passages

    async def run_once(self, *, older_than: timedelta = _OLDER_THAN) -> int:
        """Publish some of what was left; return how many parcels.

        Raises:
            StoreUnavailable: nothing was lost.
        """
        left = await self._store.unpublished(older_than=older_than, lease=_LEASE, limit=_SWEPT_AT_ONCE)
        sent, held = await _let_through(self._passages, left)
        published, refused = await _published(self._bus, sent)
        published += await self._set_aside([pair for pair in sent if pair[1].destination in refused] + held)
        await self._store.forget_published(published)
        if left:
            log.info("outbox.swept", extra={"left": len(left), "published": len(published)})
        return len(published)

    async def _set_aside(self, refused: Sequence[tuple[int, Parcel]]) -> list[int]:
        """Put orders for full queues where they wait by urgency; return which rows that were."""
        mine = [(id_, one) for id_, one in refused if one.destination.startswith(_ORDERS)]
        if self._overflow is None or not mine:
            return []
        try:
            await self._bus.probe()
        except BusUnavailable:  # it is not the queue: nothing can be sent at all
            return []
        by_queue: dict[str, list[tuple[int, Parcel]]] = defaultdict(list)
        for id_, parcel in mine:
            by_queue[parcel.destination].append((id_, parcel))
        done: list[int] = []
        for queue, some in by_queue.items():
            named = [(id_, one.id, subject, one.body) for id_, one in some if (subject := _subject(one))]
            try:
                await self._overflow.adopt(queue.removeprefix(_ORDERS), [one[1:] for one in named])
            except StoreConflict:  # with the next sweep
                log.warning("orders.waiting", extra={"queue": queue, "orders": len(named)})
                continue
            done += [one[0] for one in named]
            log.warning("orders.overflowed", extra={"queue": queue, "orders": len(named)})
        return done

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                swept = await self.run_once()
            except (StoreConflict, StoreUnavailable) as error:
                log.warning("outbox.waiting", extra={"code": type(error).__name__})
                swept = 0
            if swept < _SWEPT_AT_ONCE:
                await asyncio.sleep(_SWEEP_SECONDS)


async def _let_through(
    passages: Passages | None, waiting: Sequence[tuple[int, Parcel]]
) -> tuple[list[tuple[int, Parcel]], list[tuple[int, Parcel]]]:
    """Return what may go now, and what organisations are not to get yet. Unknown is: not yet."""
    numbers = {
        one.destination.removeprefix(_ORDERS) for _, one in waiting if one.destination.startswith(_ORDERS)
    }
    if passages is None or not numbers:
        return list(waiting), []
    principals = {one.organisation for _, one in waiting if one.organisation}
    try:
        rooms = await passages.rooms(numbers)
        withheld = frozenset(await passages.held(principals)) if principals else frozenset()
    except (StoreUnavailable, EngineError):
        rooms, withheld = {}, frozenset()
    through: list[tuple[int, Parcel]] = []
    held: list[tuple[int, Parcel]] = []
    for pair in waiting:
        number = pair[1].destination.removeprefix(_ORDERS)
        if number not in numbers:
            through.append(pair)
        elif pair[1].organisation in withheld:
            held.append(pair)
        elif rooms.get(number, 0) > 0:
            rooms[number] -= 1
            passages.went(number, 1)
            through.append(pair)
        else:
            held.append(pair)
    return through, held


def _subject(order: Parcel) -> str | None:
    """Return what an order is about; None for one that cannot be read, which stays where it is."""
    try:
        return parse_order(order.body).subject
    except EngineError as error:
        log.warning("order.unreadable", extra={"order_id": order.id, "code": error.code})
        return None


async def _published(bus: Bus, waiting: Sequence[tuple[int, Parcel]]) -> tuple[list[int], list[str]]:
    """Return the rows that are now in their queues, and the queues that took nothing.

    A queue that takes nothing holds up no other.
    """
    if not waiting:
        return [], []
    try:
        await bus.publish([parcel for _, parcel in waiting])
        return [id_ for id_, _ in waiting], []
    except (BusUnavailable, EngineError):
        by_queue: dict[str, list[tuple[int, Parcel]]] = defaultdict(list)
        for id_, parcel in waiting:
            by_queue[parcel.destination].append((id_, parcel))
        published: list[int] = []
        refused: list[str] = []
        for destination, some in by_queue.items():
            try:
                await bus.publish([parcel for _, parcel in some])
                published += [id_ for id_, _ in some]
            except (BusUnavailable, EngineError):
                refused.append(destination)
                log.warning("bus.unavailable", extra={"queue": destination, "parcels": len(some)})
        return published, refused
