# SPDX-License-Identifier: Apache-2.0
"""The lanes, on PostgreSQL and in memory: the same promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

import pytest

from engine.ports import Changes, Health, Lanes, Limits, Parcel, PullOrder, Settled, Store
from engine.store.lanes import PostgresLanes
from engine.store.memory import MemoryStore
from engine.store.memory_lanes import MemoryLanes
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.unit.border_desk import Moving
from tests.unit.sdk_engine import ref

A, B = "8000020012050", "9010001034994"


@dataclass
class Both:
    store: Store
    lanes: Lanes
    clock: Moving

    async def order(self, *names: str, to: str = A, due: date | None = None) -> None:
        async with self.store.unit() as unit:
            await unit.keep(Changes(pull_orders=[PullOrder(to, name, due, name.encode()) for name in names]))

    async def due(self, number: str = A, *, busy: tuple[str, ...] = (), untried: bool = False) -> list[str]:
        now = self.clock.now()
        found = await self.lanes.due(number, now=now, limit=100, busy=busy, untried=untried)
        return [one.order_id for one in found]

    async def settle(self, *settled: Settled) -> None:
        await self.lanes.settle(A, settled, at=self.clock.now())

    def later(self, hours: int) -> Settled:
        return Settled(order_id="o_1", status="500", next_at=self.clock.now() + timedelta(hours=hours))


@pytest.fixture(params=["postgres", "memory"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def both(dsn: str | None) -> AsyncIterator[Both]:
    clock = Moving()
    if dsn is None:
        memory = MemoryStore(clock)
        yield Both(memory, MemoryLanes(memory, clock), clock)
        return
    pool = await open_pool(dsn)
    try:
        yield Both(PostgresStore(pool), PostgresLanes(pool), clock)
    finally:
        await pool.close()


async def test_the_earliest_last_day_is_due_first(both: Both) -> None:
    await both.order("o_none")
    await both.order("o_late", due=date(2026, 12, 24))
    await both.order("o_soon", due=date(2026, 12, 1))
    await both.order("o_other", to=B)

    assert await both.due() == ["o_soon", "o_late", "o_none"]
    assert await both.due(busy=("o_soon",)) == ["o_late", "o_none"]


async def test_what_was_taken_is_due_no_more_and_what_failed_later(both: Both) -> None:
    await both.order("o_1", "o_2")

    await both.settle(both.later(1), Settled(order_id="o_2", status="202", taken=True))
    soon = await both.due()
    both.clock.move(timedelta(hours=1))

    assert soon == []
    assert await both.due() == ["o_1"]
    assert [one.order_id for one in await both.store.pull_orders(A, after=0, limit=9)] == ["o_1"]


async def test_who_asks_carefully_gets_first_what_was_tried_least(both: Both) -> None:
    await both.order("o_1", due=date(2026, 12, 1))
    await both.order("o_2", due=date(2026, 12, 2))
    await both.settle(Settled(order_id="o_1", status="500"))

    assert await both.due() == ["o_1", "o_2"]
    assert await both.due(untried=True) == ["o_2", "o_1"]


async def test_what_says_nothing_about_the_order_is_no_attempt(both: Both) -> None:
    await both.order("o_1", "o_2")
    await both.settle(
        Settled(order_id="o_1", status="429", counts=False), Settled(order_id="o_2", status="500")
    )
    now = both.clock.now()

    found = {one.order_id: one.attempts for one in await both.lanes.due(A, now=now, limit=9, busy=())}

    assert found == {"o_1": 0, "o_2": 1}


async def test_what_was_put_aside_waits_for_an_operator(both: Both) -> None:
    await both.order("o_1", "o_2")
    await both.settle(Settled(order_id="o_1", status="422", aside="refused"))
    await both.settle(Settled(order_id="o_2", status="500", next_at=both.clock.now() + timedelta(days=1)))
    backlog = await both.lanes.backlog(A)

    thawed, after_thaw = await both.lanes.thaw(A), await both.due()
    driven, after_drive = await both.lanes.drive(A), await both.due()

    assert (backlog.waiting, backlog.aside, backlog.most_attempts) == (1, 1, 1)
    assert (thawed, after_thaw) == (1, ["o_2"])
    assert (driven, after_drive) == (1, ["o_1", "o_2"])


async def test_an_order_that_is_sent_again_begins_anew(both: Both) -> None:
    await both.order("o_1")
    await both.settle(Settled(order_id="o_1", status="422", aside="refused"))

    await both.order("o_1")

    assert await both.due() == ["o_1"]
    assert (await both.lanes.backlog(A)).most_attempts == 0


async def test_what_was_acknowledged_meanwhile_stays_so(both: Both) -> None:
    await both.order("o_1")
    await both.store.acknowledge_pulled(A, ["o_1"], at=both.clock.now())

    await both.settle(Settled(order_id="o_1", status="500"))

    assert await both.due() == []


async def test_a_lane_is_held_by_one_until_it_lets_go(both: Both) -> None:
    one, other = uuid4(), uuid4()

    first = await both.lanes.lease(one, [B, A], seconds=60)
    refused = await both.lanes.lease(other, [A, B], seconds=60)
    again = await both.lanes.lease(one, [A], seconds=60)
    await both.lanes.let_go(one)
    then = await both.lanes.lease(other, [A], seconds=60)

    assert sorted(lane.number for lane in first) == [A, B]
    assert refused == []
    assert [lane.number for lane in again] == [lane.number for lane in then] == [A]


async def test_what_is_set_for_a_lane_stays(both: Both) -> None:
    health = Health(circuit="open", rounds=2, pause_until=both.clock.now(), last_status="500")
    limits = Limits(rate=2.5, concurrency=3)

    await both.lanes.limit(A, limits)
    await both.lanes.note(A, health)
    await both.lanes.switch(A, "held")
    changed = await both.lanes.change_secret(A, at=both.clock.now(), before=1)
    lane = await both.lanes.lane(A)

    assert (lane.limits, lane.health, lane.mode, lane.secret_generation) == (limits, health, "held", 2)
    assert changed
    assert (await both.lanes.lanes([A, B])) == {A: lane}
    assert (await both.lanes.lane(B)).mode == "open"


async def test_a_secret_is_changed_once_however_many_ask(both: Both) -> None:
    asked = [both.lanes.change_secret(A, at=both.clock.now(), before=1) for _ in range(2)]

    changed = await asyncio.gather(*asked)

    assert sorted(changed) == [False, True]
    assert (await both.lanes.lane(A)).secret_generation == 2
    assert await both.lanes.change_secret(A, at=both.clock.now(), before=2)


async def test_driving_forgets_how_the_way_stood(both: Both) -> None:
    await both.lanes.note(A, Health(circuit="open", rounds=9, stopped_at=both.clock.now()))

    await both.lanes.drive(A)

    lane = await both.lanes.lane(A)
    assert (lane.driven, lane.health) == (1, Health())


async def test_since_when_somebody_waits_is_known(both: Both) -> None:
    await both.order("o_1")

    assert set(await both.lanes.waiting_since([A, B])) == {A}


async def test_who_left_the_broker_is_looked_after_until_nothing_is_there(both: Both) -> None:
    hour = timedelta(hours=1)
    now = both.clock.now()

    async def left(*on: str, hours: float = 0) -> list[str]:
        return await both.lanes.on_amqp(on, now=now + hour * hours, linger=hour)

    assert await left(A, B) == []
    assert await left(B) == [A]
    await both.lanes.off_amqp(A, now=now + hour / 2)
    assert await left(B, hours=48) == [A]  # it was too early to say
    await both.lanes.off_amqp(A, now=now + hour)
    assert await left(B, hours=48) == []
    await both.lanes.off_amqp(B, now=now + hour * 48)
    assert await left(A, hours=48) == [B]  # who is there is not let go of
    assert await left(A, B, hours=48) == []


async def test_what_is_on_its_way_to_the_broker_is_known(both: Both) -> None:
    async with both.store.unit() as unit:
        await unit.keep(Changes(parcels=[Parcel("o_1", f"orders.{A}", b"1"), Parcel("n_1", "mailbox", b"2")]))

    assert await both.lanes.posted([A, B]) == [A]
    assert await both.lanes.posted([]) == []


async def test_what_comes_back_from_the_broker_is_there_unless_it_was_taken(both: Both) -> None:
    await both.order("o_moved", "o_taken")
    await both.settle(Settled(order_id="o_moved", status="to-broker", taken=True))
    await both.settle(Settled(order_id="o_taken", status="202", taken=True))

    await both.lanes.adopt(A, [(name, ref(1), name.encode()) for name in ("o_moved", "o_taken", "o_new")])

    assert sorted(await both.due()) == ["o_moved", "o_new"]
    assert await both.lanes.left_over([A, B]) == [A]
