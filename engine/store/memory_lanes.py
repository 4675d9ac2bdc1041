# SPDX-License-Identifier: Apache-2.0
"""The twin of the lanes, for tests and simulation: over the tables of the memory store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from engine.ports import Clock, Due, Health, Lane, LaneBacklog, Limits, PullOrder, Settled
from engine.store.memory import MemoryStore
from engine.store.memory_unit import ToFetch

_TO_BROKER: Final = "to-broker"


@dataclass(frozen=True, slots=True)
class _Tries:
    """What became of sending one order; it is another one when the order was sent again."""

    position: int
    attempts: int = 0
    next_at: datetime | None = None
    status: str | None = None
    aside: str | None = None


class MemoryLanes:
    """The lanes in memory."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._tables = store.tables
        self._clock = clock
        self._lanes: dict[str, Lane] = {}
        self._leases: dict[str, tuple[UUID, datetime]] = {}
        self._tries: dict[tuple[str, str], _Tries] = {}
        self._amqp_until: dict[str, datetime | None] = {}  # None: it still is

    async def lease(self, holder: UUID, numbers: Sequence[str], *, seconds: float) -> list[Lane]:
        """Take or keep the lanes of these organisations that nobody else holds; return those held."""
        now, until = self._clock.now(), self._clock.now() + timedelta(seconds=seconds)
        free = [
            number
            for number in sorted(numbers)
            if number not in self._leases
            or self._leases[number][0] == holder
            or self._leases[number][1] < now
        ]
        self._leases |= dict.fromkeys(free, (holder, until))
        return [self._touched(number) for number in free]

    async def let_go(self, holder: UUID) -> None:
        """Give all lanes back."""
        self._leases = {number: held for number, held in self._leases.items() if held[0] != holder}

    async def lane(self, number: str) -> Lane:
        """Return the lane as it is."""
        return self._lanes.get(number) or Lane(number=number)

    async def lanes(self, numbers: Sequence[str]) -> dict[str, Lane]:
        """Return the lanes of these organisations that were ever touched."""
        return {number: self._lanes[number] for number in numbers if number in self._lanes}

    async def due(
        self,
        number: str,
        *,
        now: datetime,
        limit: int,
        busy: Sequence[str],
        untried: bool = False,
        without: Sequence[str] = (),
    ) -> list[Due]:
        """Return orders that may be sent now, the earliest last day first."""
        found = [
            (tries.attempts if untried else 0, one.order.due_on or date.max, one.position, one, tries)
            for one, tries in self._waiting(number)
            if tries.aside is None
            and (tries.next_at is None or tries.next_at <= now)
            and one.order.order_id not in busy
            and one.order.principal not in without
        ]
        found.sort(key=lambda entry: entry[:3])
        return [Due(one.order.order_id, tries.attempts, one.order.event) for *_, one, tries in found[:limit]]

    async def settle(self, number: str, settled: Sequence[Settled], *, at: datetime) -> None:
        """Keep what became of these orders."""
        waiting = {one.order.order_id: (one, tries) for one, tries in self._waiting(number)}
        for said in settled:
            if said.order_id not in waiting:
                continue
            one, tries = waiting[said.order_id]
            key = (number, said.order_id)
            attempts = tries.attempts + said.counts
            self._tries[key] = _Tries(one.position, attempts, said.next_at, said.status, said.aside)
            if said.taken:
                self._tables.to_fetch[key] = replace(one, acked_at=at)

    async def note(self, number: str, health: Health) -> None:
        """Keep how the way stands."""
        self._lanes[number] = replace(self._touched(number), health=health)

    async def thaw(self, number: str) -> int:
        """Let every order that was to be sent again later be sent now; return how many."""
        return self._at_once(number, [t for _, t in self._keys(number) if t.next_at and not t.aside])

    async def drive(self, number: str) -> int:
        """As `thaw`, for those put aside too; and forget how the way stood. Return how many orders."""
        lane = self._touched(number)
        self._lanes[number] = replace(lane, driven=lane.driven + 1, health=Health())
        return self._at_once(number, [t for _, t in self._keys(number) if t.next_at or t.aside])

    async def switch(self, number: str, mode: str) -> None:
        """Open, drain or hold the lane."""
        self._lanes[number] = replace(self._touched(number), mode=mode)

    async def limit(self, number: str, limits: Limits) -> None:
        """Set the limits."""
        self._lanes[number] = replace(self._touched(number), limits=limits)

    async def change_secret(self, number: str, *, at: datetime, before: int) -> bool:
        """Begin the secret after generation `before`; False when somebody else has done so meanwhile."""
        lane = self._touched(number)
        if lane.secret_generation != before:
            return False
        self._lanes[number] = replace(lane, secret_generation=before + 1, secret_changed_at=at)
        return True

    async def backlog(self, number: str, *, limit: int = 5000) -> LaneBacklog:
        """Return what waits, up to a bound."""
        waiting = sorted(
            self._waiting(number), key=lambda pair: (pair[0].order.due_on or date.max, pair[0].position)
        )[:limit]
        return _counted(waiting)

    async def waiting_for(self, number: str) -> dict[str, int]:
        """Return how many orders wait in the lane for each principal."""
        found: dict[str, int] = {}
        for one, tries in self._waiting(number):
            if one.order.principal is not None and tries.aside is None:
                found[one.order.principal] = found.get(one.order.principal, 0) + 1
        return dict(sorted(found.items()))

    async def waiting_elsewhere(self, principal: str) -> dict[str, LaneBacklog]:
        """Return what waits for the organisation in the lanes of others."""
        lanes = sorted({key[0] for key in self._tables.to_fetch})
        found = {
            lane: [pair for pair in self._waiting(lane) if pair[0].order.principal == principal]
            for lane in lanes
        }
        return {lane: _counted(waiting) for lane, waiting in found.items() if waiting}

    async def waiting_since(self, numbers: Sequence[str]) -> dict[str, datetime]:
        """Return since when the oldest order waits, for those where one does."""
        found = {number: [one.created_at for one, _ in self._waiting(number)] for number in numbers}
        return {number: min(times) for number, times in found.items() if times}

    async def on_amqp(self, numbers: Sequence[str], *, now: datetime, linger: timedelta) -> list[str]:
        """Note who takes orders from the broker; return who did and may still have some there."""
        for number, until in self._amqp_until.items():
            if until is None and number not in numbers:
                self._amqp_until[number] = now + linger
        self._amqp_until |= dict.fromkeys(numbers)
        return sorted(number for number, until in self._amqp_until.items() if until)

    async def posted(self, numbers: Sequence[str]) -> list[str]:
        """Return which of these organisations have orders that are still on their way to the broker."""
        queues = {one.parcel.destination for one in self._tables.outbox.values()}
        return [number for number in numbers if f"orders.{number}" in queues]

    async def off_amqp(self, number: str, *, now: datetime) -> None:
        """Note that nothing is left at the broker, if it left no shorter ago than the `linger`."""
        until = self._amqp_until.get(number)
        if until and until <= now:
            del self._amqp_until[number]

    async def left_over(self, numbers: Sequence[str]) -> list[str]:
        """Return which of these organisations have orders in the table that nobody has taken."""
        return [number for number in numbers if any(not tries.aside for _, tries in self._waiting(number))]

    async def adopt(self, number: str, events: Sequence[tuple[str, str, bytes]]) -> None:
        """Put orders (id, reference, event) into the table that came back from the broker."""
        for name, reference, event in events:
            key, tables = (number, name), self._tables
            known = tables.to_fetch.get(key)
            if known is not None:
                if key in self._tries and self._tries[key].status == _TO_BROKER:
                    tables.to_fetch[key] = replace(known, acked_at=None)
                continue
            filing = tables.filing_of.get(reference)
            known_filing = tables.filing(filing) if filing else None
            principal = known_filing.organisation if known_filing else None
            order = PullOrder(
                number,
                name,
                known_filing.due_on if known_filing else None,
                event,
                principal if principal != number else None,
            )
            tables.to_fetch[key] = ToFetch(next(tables.positions), order, self._clock.now())

    def _touched(self, number: str) -> Lane:
        return self._lanes.setdefault(number, Lane(number=number))

    def _waiting(self, number: str) -> Iterator[tuple[ToFetch, _Tries]]:
        for key, one in self._tables.to_fetch.items():
            if key[0] == number and one.acked_at is None:
                tries = self._tries.get(key)
                fresh = tries is None or tries.position != one.position
                yield one, _Tries(one.position) if fresh or tries is None else tries

    def _keys(self, number: str) -> list[tuple[str, _Tries]]:
        return [(one.order.order_id, tries) for one, tries in self._waiting(number)]

    def _at_once(self, number: str, which: Sequence[_Tries]) -> int:
        for name, tries in self._keys(number):
            if tries in which:
                self._tries[number, name] = replace(tries, next_at=None, aside=None)
        return len(which)


def _counted(waiting: Sequence[tuple[ToFetch, _Tries]]) -> LaneBacklog:
    return LaneBacklog(
        waiting=sum(tries.aside is None for _, tries in waiting),
        aside=sum(tries.aside is not None for _, tries in waiting),
        oldest=min((one.created_at for one, _ in waiting), default=None),
        most_urgent=min((one.order.due_on for one, _ in waiting if one.order.due_on), default=None),
        most_attempts=max((tries.attempts for _, tries in waiting), default=0),
    )
