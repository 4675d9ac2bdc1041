# SPDX-License-Identifier: Apache-2.0
"""What is done over and over goes on, whatever one part or one row of it comes to."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from engine.bus.memory import MemoryBus
from engine.clock import SystemClock
from engine.core.errors import EngineError
from engine.core.views import CaseView
from engine.ports import BusUnavailable, Changes, Ended, Parcel, StoreConflict, StoreUnavailable
from engine.runtime.afterwards import Afterwards
from engine.runtime.counter import Done, Request
from engine.runtime.publisher import Publisher, Relay
from engine.store.memory import MemoryStore
from engine.store.memory_lanes import MemoryLanes
from tests.contract.store_samples import HOUR, keep, kept, new_case
from tests.unit.border_desk import Border, Moving
from tests.unit.care_office import care_of
from tests.unit.control_office import ControlOffice
from tests.unit.sdk_engine import FakeEngine, submit

NOW = timedelta(seconds=-1)


@pytest.mark.parametrize(
    "error", [StoreConflict("x"), StoreUnavailable("x"), EngineError("no-such-case")], ids=repr
)
async def test_a_part_that_fails_holds_up_no_other_and_ends_nothing(error: Exception) -> None:
    async def fails() -> int:
        raise error

    async def works() -> int:
        return 2

    assert await Afterwards([fails, works]).run_once() == 2


class FullBus(MemoryBus):
    """Queues of organisations that take nothing."""

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        raise BusUnavailable("full")


class Stubborn(MemoryLanes):
    """Where the row of one organisation is in somebody's way."""

    async def adopt(self, number: str, events: Sequence[tuple[str, str, bytes]]) -> None:
        if number == "1":
            raise StoreConflict("deadlock")
        await super().adopt(number, events)


async def test_one_queue_or_one_row_that_cannot_be_set_aside_holds_up_no_other() -> None:
    clock = SystemClock()
    store, maker = MemoryStore(clock), FakeEngine(Moving())
    maker._recipient = Border().office.address
    order = maker.sent[maker.order(submit())]
    parcels = [
        Parcel("o-1", "orders.1", order),
        Parcel("o-2", "orders.2", b"not an order"),
        Parcel("o-3", "orders.2", order),
    ]
    async with store.unit() as unit:
        await unit.keep(Changes(parcels=parcels))
    relay = Relay(bus=FullBus(), store=store, overflow=Stubborn(store, clock))

    assert await relay.run_once(older_than=NOW) == 1

    assert [one.order_id for one in await store.pull_orders("2", after=0, limit=9)] == ["o-3"]
    assert sorted(one.parcel.id for one in store.tables.outbox.values()) == ["o-1", "o-2"]


async def test_the_publisher_forgets_later_what_it_cannot_forget_now() -> None:
    class InTheWay(MemoryStore):
        is_in_the_way = True

        async def forget_published(self, ids: Sequence[int]) -> None:
            if self.is_in_the_way:
                raise StoreConflict("deadlock")
            await super().forget_published(ids)

    store = InTheWay(SystemClock())
    publisher = Publisher(bus=MemoryBus(), store=store)
    parcels = [Parcel("l-1", "letters", b"x")]
    async with store.unit() as unit:
        publisher.send(await unit.keep(Changes(parcels=parcels)), parcels)
    await publisher.flush()

    await publisher.forget()
    store.is_in_the_way = False
    await publisher.forget()

    assert not store.tables.outbox


class Unprintable:
    """Cases whose certificate cannot be made; who asked for which is noted."""

    def __init__(self) -> None:
        self.asked: list[UUID] = []

    async def case(self, person: UUID, case_id: UUID) -> CaseView:
        self.asked.append(case_id)
        raise EngineError("unavailable")

    async def cancel(self, request: Request, case_id: UUID) -> Done:
        raise EngineError("unavailable")


@pytest.mark.parametrize("part", ["certificates", "retention"])
async def test_cases_that_fail_each_time_hold_up_no_younger_ones(part: str) -> None:
    office, cases = ControlOffice(), Unprintable()
    opened = [new_case() for _ in range(5)]
    await kept(office.store, *opened)
    long_ago = office.border.clock.now() - timedelta(days=999)
    ended = [Ended(one.case.id, long_ago + n * HOUR, True) for n, one in enumerate(opened)]
    await keep(office.store, Changes(ended=ended))
    care = care_of(office, cases)

    for _ in range(4):
        owed = care.certificates if part == "certificates" else care.retention
        assert await owed.run_once(limit=2) == 0

    ids = [one.case.id for one in opened]
    assert cases.asked == [*ids, *ids[:2]]  # and round again
