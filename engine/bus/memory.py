# SPDX-License-Identifier: Apache-2.0
"""The bus in memory, for tests and the simulation: one process, no chance, no time of its own."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from engine.bus.cargo import Row, grouped, queues_of, rows_of
from engine.bus.topology import DELIVERY_LIMIT, known_queue
from engine.ports import Delivery, Parcel


@dataclass(frozen=True, slots=True)
class ParkedDelivery:
    """What was put aside, and why."""

    where_from: str
    sender: str | None
    events: tuple[bytes, ...]
    reason: str
    attempts: int


class MemoryQueues:
    """What several buses in one process share, as processes share a broker."""

    def __init__(self) -> None:
        self.parked: list[ParkedDelivery] = []
        self._rows: dict[str, deque[Row]] = {}
        self._arrived: dict[str, asyncio.Event] = {}
        self._ids = count(1)

    def put(self, queue: str, parcel: Parcel) -> None:
        """Add a parcel at the end of the queue."""
        row = Row(next(self._ids), parcel.organisation, parcel.body, attempts=0)
        self._rows.setdefault(queue, deque()).append(row)
        self.arrived(queue).set()

    def purge(self, queue: str) -> int:
        """Drop what waits in the queue; return how much."""
        return len(self._rows.pop(queue, ()))

    def put_back(self, queue: str, rows: Sequence[Row]) -> None:
        """Return rows to where they stood."""
        waiting = [*rows, *self._rows.get(queue, ())]
        self._rows[queue] = deque(sorted(waiting, key=lambda row: row.id))
        self.arrived(queue).set()

    def pull(self, queue: str, limit: int) -> list[Row]:
        """Take rows from the front; what came back too often is parked instead."""
        rows = self._rows.setdefault(queue, deque())
        taken: list[Row] = []
        while rows and len(taken) < limit:
            row = rows.popleft()
            if row.attempts > DELIVERY_LIMIT:
                self.park(queue, (row,), "delivery-limit")
            else:
                taken.append(replace(row, attempts=row.attempts + 1))
        if not rows:
            self.arrived(queue).clear()
        return taken

    def park(self, queue: str, rows: Sequence[Row], reason: str) -> None:
        """Put rows aside."""
        events = tuple(row.body for row in rows)
        attempts = max(row.attempts for row in rows)
        self.parked.append(ParkedDelivery(queue, rows[0].organisation, events, reason, attempts))

    def arrived(self, queue: str) -> asyncio.Event:
        """Return what is set while something is in the queue."""
        return self._arrived.setdefault(queue, asyncio.Event())

    def lengths(self) -> dict[str, int]:
        """Return how much waits in which queue; the empty ones are left out."""
        return {queue: len(rows) for queue, rows in self._rows.items() if rows}


class MemoryBus:
    """A bus over queues in memory; two of them over the same queues are two processes."""

    rides_on_store = False

    def __init__(self, queues: MemoryQueues | None = None) -> None:
        self.queues = queues or MemoryQueues()
        self._held: dict[int, tuple[str, Row]] = {}

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Put the parcels into their queues; raises `BusUnavailable`, `seal-too-large`."""
        for queue, parcel in zip(queues_of(parcels), parcels, strict=True):
            self.queues.put(queue, parcel)

    async def take(self, queue: str, *, limit: int, wait_seconds: float) -> list[Delivery]:
        """Return what is in the queue; waits at most so long, and not at all with 0."""
        known_queue(queue)
        rows = self.queues.pull(queue, limit)
        if not rows and wait_seconds > 0:
            rows = await self._first(queue, limit, wait_seconds)
        self._held.update({row.id: (queue, row) for row in rows})
        return grouped(queue, rows)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Forget what this bus still holds of the deliveries."""
        for delivery in deliveries:
            self._release(delivery)

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Put aside what this bus still holds of the delivery."""
        queue, rows = self._release(delivery)
        if rows:
            self.queues.park(queue, rows, reason)

    async def purge(self, queue: str) -> int:
        """Throw away what waits in the queue."""
        known_queue(queue)
        return self.queues.purge(queue)

    async def wake(self, queues: Sequence[str]) -> None:
        """Do nothing: who puts something into a queue wakes it."""

    async def probe(self) -> None:
        """Return: there is nothing to be out of reach."""

    async def close(self) -> None:
        """Give everything back that was not acknowledged."""
        self.requeue()

    def requeue(self) -> None:
        """Give everything back that was not acknowledged, as when a process dies."""
        held, self._held = self._held, {}
        for queue in sorted({queue for queue, _ in held.values()}):
            self.queues.put_back(queue, [row for where, row in held.values() if where == queue])

    async def _first(self, queue: str, limit: int, wait_seconds: float) -> list[Row]:
        try:
            async with asyncio.timeout(wait_seconds):
                while not (rows := self.queues.pull(queue, limit)):
                    await self.queues.arrived(queue).wait()
                return rows
        except TimeoutError:
            return []

    def _release(self, delivery: Delivery) -> tuple[str, list[Row]]:
        token = rows_of(delivery)
        return token.queue, [row for row in token.rows if self._held.pop(row.id, None) is not None]
