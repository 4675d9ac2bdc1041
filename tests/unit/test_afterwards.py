# SPDX-License-Identifier: Apache-2.0
"""What is done over and over goes on, whatever one part or one row of it comes to."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from engine.bus.memory import MemoryBus
from engine.clock import SystemClock
from engine.core.errors import EngineError
from engine.ports import BusUnavailable, Changes, Parcel, StoreConflict, StoreUnavailable
from engine.runtime.afterwards import Afterwards
from engine.runtime.publisher import Publisher, Relay
from engine.store.memory import MemoryStore
from engine.store.memory_lanes import MemoryLanes
from tests.unit.border_desk import Border, Moving
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
