# SPDX-License-Identifier: Apache-2.0
"""What operators hold does not leave, whichever way the organisation takes it: by pull or from the broker."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, time, timedelta

import pytest

from engine.border.payloads import OrderWithdraw
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.ports import Changes, Limits, Parcel, PullOrder
from engine.registry.directory import Directories
from engine.registry.model import Channel
from engine.runtime.feed import Feed
from engine.runtime.moves import Moves
from engine.runtime.passage import Passages
from engine.runtime.publisher import Publisher, Relay
from tests.integration.lane_ground import CITY, Ground, ground
from tests.services import Broker
from tests.unit.border_desk import Border
from tests.unit.sdk_engine import FakeEngine

WITHDRAW = OrderWithdraw(attempt=1, revision=1, reason="cancelled", basis="none")


def is_working_day(day: date) -> bool:
    return day.weekday() < 5


@pytest.fixture
async def here(postgres_dsn: str) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn) as found:
        yield found


def passages(here: Ground) -> Passages:
    return Passages(
        lanes=here.lanes,
        directories=Directories(here.registry, here.clock, max_age=timedelta(0)),
        clock=here.clock,
        is_working_day=is_working_day,
    )


@asynccontextmanager
async def fetching(here: Ground) -> AsyncIterator[Feed]:
    await here.register(CITY, Channel.PULL)
    yield Feed(
        store=here.store,
        bells=here.bells,
        clock=here.clock,
        kept=timedelta(days=21),
        passages=passages(here),
    )


async def offered(feed: Feed, limit: int = 50) -> list[str]:
    found = await feed.orders(CITY, after=0, limit=limit, wait_seconds=0)
    return [one.order_id for one in found]


async def test_who_fetches_is_offered_nothing_while_held_and_may_acknowledge(here: Ground) -> None:
    async with fetching(here) as feed:
        await here.order("o_1", "o_2")
        before = await offered(feed)
        await here.lanes.switch(CITY, "held")

        assert before == ["o_1", "o_2"]
        assert await offered(feed) == []
        assert await feed.acknowledge(CITY, ["o_1"]) == 1
        await here.lanes.switch(CITY, "open")
        assert await offered(feed) == ["o_2"]


async def test_a_paused_organisation_is_offered_nothing_unless_it_is_drained(here: Ground) -> None:
    async with fetching(here) as feed:
        await here.order("o_1")
        await here.registry.pause(CITY)
        paused = await offered(feed)
        await here.lanes.switch(CITY, "draining")

        assert (paused, await offered(feed)) == ([], ["o_1"])


async def test_orders_are_offered_in_office_hours_only(here: Ground) -> None:
    async with fetching(here) as feed:
        await here.order("o_1")
        await here.lanes.limit(CITY, Limits(opens=time(9), closes=time(17)))
        found = {}
        for hour in (8, 9, 16, 17):
            monday = datetime.fromisoformat(f"2026-11-30T{hour:02}:00:00+09:00")
            here.clock.move(monday - here.clock.now())
            found[hour] = await offered(feed)

        assert found == {8: [], 9: ["o_1"], 16: ["o_1"], 17: []}


async def test_no_more_orders_are_offered_in_a_second_than_an_operator_allows(here: Ground) -> None:
    async with fetching(here) as feed:
        await here.order(*(f"o_{number}" for number in range(9)))
        usual = await offered(feed)
        await here.lanes.limit(CITY, Limits(rate=3))

        assert len(usual) == 9
        assert await offered(feed) == ["o_0", "o_1", "o_2"]
        assert await offered(feed) == []  # what a second holds was offered


class AtTheBroker:
    """An organisation that takes its orders from the broker, and everything that brings them there."""

    def __init__(self, here: Ground, url: str, bus: AmqpBus) -> None:
        ways = passages(here)
        self.here, self.bus, self.url = here, bus, url
        self.publisher = Publisher(bus=bus, store=here.store, passages=ways)
        self.relay = Relay(bus=bus, store=here.store, overflow=here.lanes, passages=ways)
        self.moves = Moves(
            open_bus=lambda: AmqpBus(url),
            lanes=here.lanes,
            directories=Directories(here.registry, here.clock),
            clock=here.clock,
            passages=ways,
        )
        self.maker = FakeEngine(here.clock)
        self.maker._recipient = Border().office.address
        self.made = 0

    async def order(self) -> str:
        """Commit an order and publish it, if it may go."""
        self.made += 1
        name = self.maker.order(WITHDRAW, to=self.made)
        parcel = Parcel(name, f"orders.{CITY}", self.maker.sent[name])
        async with self.here.store.unit() as unit:
            ids = await unit.keep(Changes(parcels=[parcel]))
        self.publisher.send(ids, [parcel])
        await self.publisher.flush()
        await self.here.store.forget_published(self.publisher.take_published())
        return name

    async def withdraw(self, order: str) -> str:
        """Commit what withdraws an order, as the composer does: what was not taken is taken back."""
        name = self.maker.order(WITHDRAW, to=self.made, sequence=2)
        parcel = Parcel(name, f"orders.{CITY}", self.maker.sent[name])
        async with self.here.store.unit() as unit:
            await unit.keep(Changes(parcels=[parcel], recalled=[(CITY, order)]))
        return name

    async def settle(self) -> None:
        """Let everything that waits go where it may."""
        await self.relay.run_once(older_than=timedelta(0))
        while await self.moves.run_once():
            pass

    async def queued(self) -> list[bytes]:
        """Take all there is from the queue, as the organisation does."""
        bus = AmqpBus(self.url)
        found = await bus.take(f"orders.{CITY}", limit=50, wait_seconds=0.5)
        await bus.ack(found)
        await bus.close()
        return [event for one in found for event in one.events]


@pytest.fixture
async def broker(here: Ground, rabbitmq: Broker) -> AsyncIterator[AtTheBroker]:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost))
        await admin.declare()
        await admin.declare_organisation(CITY, "secret")
        await here.register(CITY, Channel.AMQP)
        bus = AmqpBus(rabbitmq.amqp_url)
        stack.push_async_callback(bus.close)
        yield AtTheBroker(here, rabbitmq.amqp_url, bus)


@pytest.mark.parametrize("how", ["held", "paused"])
async def test_nothing_reaches_the_queue_of_who_is_held_and_all_of_it_when_it_is_opened(
    broker: AtTheBroker, how: str
) -> None:
    before = await broker.order()  # in the queue, and nobody took it
    if how == "held":
        await broker.here.lanes.switch(CITY, "held")
    else:
        await broker.here.registry.pause(CITY)
    while_held = await broker.order()
    await broker.settle()

    nothing = await broker.queued()
    waiting = (await broker.here.lanes.backlog(CITY)).waiting
    await broker.here.lanes.switch(CITY, "open")
    await broker.here.registry.resume(CITY)
    await broker.settle()

    assert (nothing, waiting) == ([], 2)
    assert sorted(await broker.queued()) == sorted(broker.maker.sent[one] for one in (before, while_held))


async def test_outside_its_hours_nothing_is_put_into_a_queue(broker: AtTheBroker) -> None:
    await broker.here.lanes.limit(CITY, Limits(opens=time(9), closes=time(17)))
    night = datetime.fromisoformat("2026-11-30T20:00:00+09:00")
    broker.here.clock.move(night - broker.here.clock.now())
    name = await broker.order()
    await broker.settle()
    at_night = await broker.queued()

    broker.here.clock.move(timedelta(hours=13))
    await broker.settle()

    assert (at_night, await broker.queued()) == ([], [broker.maker.sent[name]])


async def test_a_queue_gets_no_more_in_a_second_than_an_operator_allows(broker: AtTheBroker) -> None:
    await broker.here.lanes.limit(CITY, Limits(rate=2))
    for _ in range(3):
        await broker.order()

    assert len(await broker.queued()) < 3
    await broker.relay.run_once(older_than=timedelta(0))
    assert (await broker.here.lanes.backlog(CITY)).waiting >= 1


async def test_what_waits_for_room_and_is_withdrawn_never_reaches_the_queue(broker: AtTheBroker) -> None:
    await broker.here.lanes.switch(CITY, "held")
    submitted = await broker.order()
    await broker.settle()
    assert (await broker.here.lanes.backlog(CITY)).waiting == 1

    withdrawn = await broker.withdraw(submitted)
    await broker.here.lanes.switch(CITY, "open")
    await broker.settle()

    assert await broker.queued() == [broker.maker.sent[withdrawn]]


async def test_what_a_webhook_was_not_sent_yet_and_is_withdrawn_is_never_sent(here: Ground) -> None:
    receiver = await here.receiver()
    await here.lanes.switch(CITY, "held")
    await here.order("o_submit")
    async with here.store.unit() as unit:
        withdrawal = PullOrder(CITY, "o_withdraw", None, b"{}")
        await unit.keep(Changes(pull_orders=[withdrawal], recalled=[(CITY, "o_submit")]))
    await here.lanes.switch(CITY, "open")

    async with here.sending():
        await here.until(lambda rows: all(row["acked_at"] for row in rows.values()))

    assert receiver.got == ["o_withdraw"]
