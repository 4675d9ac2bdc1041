# SPDX-License-Identifier: Apache-2.0
"""An organisation that takes nothing from its queue: the others get theirs once, and it loses nothing."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from engine.border.envelope import parse_order
from engine.border.payloads import OrderWithdraw
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.bus.topology import POLICIES
from engine.ports import Changes, Parcel
from engine.registry.directory import Directories
from engine.registry.model import Channel
from engine.runtime.moves import Moves
from engine.runtime.publisher import Publisher, Relay
from tests.integration.lane_ground import BANK, CITY, Ground, ground
from tests.services import Broker
from tests.unit.border_desk import Border
from tests.unit.sdk_engine import FakeEngine

WITHDRAW = OrderWithdraw(attempt=1, revision=1, reason="cancelled", basis="none")


@dataclass
class Line:
    here: Ground
    bus: AmqpBus
    publisher: Publisher
    relay: Relay
    moves: Moves
    maker: FakeEngine

    async def order(self, number: str, count: int) -> list[str]:
        """Commit orders and let the publisher know, as the processor does."""
        names = [self.maker.order(WITHDRAW, to=len(self.maker.sent) + 1) for _ in range(count)]
        parcels = [Parcel(name, f"orders.{number}", self.maker.sent[name]) for name in names]
        async with self.here.store.unit() as unit:
            ids = await unit.keep(Changes(parcels=parcels))
        self.publisher.send(ids, parcels)
        return names

    async def publish(self) -> None:
        await self.publisher.flush()
        await self.here.store.forget_published(self.publisher.take_published())

    async def take(self, number: str) -> list[str]:
        """Take all that is in a queue, as often as it is there."""
        came: list[str] = []
        while taken := await self.bus.take(f"orders.{number}", limit=100, wait_seconds=1.0):
            came += [parse_order(event).id for delivery in taken for event in delivery.events]
            await self.bus.ack(taken)
        return came

    async def outbox(self) -> int:
        return int(await self.here.pool.fetchval("select count(*) from engine.outbox"))


@pytest.fixture
async def line(postgres_dsn: str, rabbitmq: Broker) -> AsyncIterator[Line]:
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(ground(postgres_dsn))
        admin = await stack.enter_async_context(BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost))
        await admin.declare()
        for number in (CITY, BANK):
            await admin.declare_organisation(number, "secret")
            await here.register(number, Channel.AMQP)
        small = {**POLICIES["todoke-orders"].definition, "max-length": 3}
        await _policy(
            rabbitmq,
            {"pattern": f"^orders.{CITY}$", "definition": small, "apply-to": "queues", "priority": 9},
        )
        bus = AmqpBus(rabbitmq.amqp_url)
        stack.push_async_callback(bus.close)
        maker = FakeEngine(here.clock)
        maker._recipient = Border().office.address
        directories = Directories(here.registry, here.clock)
        yield Line(
            here,
            bus,
            Publisher(bus=bus, store=here.store),
            Relay(bus=bus, store=here.store, overflow=here.lanes),
            Moves(
                open_bus=lambda: AmqpBus(rabbitmq.amqp_url),
                lanes=here.lanes,
                directories=directories,
                clock=here.clock,
            ),
            maker,
        )


async def _policy(broker: Broker, policy: object) -> None:
    import asyncio

    from engine.local.rabbitmq import call_api

    path = f"/policies/{broker.vhost}/small"
    await asyncio.to_thread(call_api, broker.admin_url, "PUT", path, body=policy)


async def full(line: Line) -> list[str]:
    """Fill the queue of one until it refuses."""
    names: Sequence[str] = []
    for _ in range(100):
        names = [*names, *await line.order(CITY, 1)]
        await line.publish()
        if await line.outbox():
            return list(names)
    raise AssertionError("the queue is never full")


async def test_a_full_queue_is_left_alone_and_the_others_get_theirs_once(line: Line) -> None:
    await full(line)
    sent = await line.order(BANK, 5)
    await line.order(CITY, 5)
    await line.publish()  # here it is found to be full, and what is for the other may go twice
    first = await line.take(BANK)

    later = []
    for _ in range(5):
        later += await line.order(BANK, 5)
        await line.order(CITY, 5)
        await line.publish()

    assert set(first) == set(sent)
    assert await line.take(BANK) == later


async def test_what_found_no_room_waits_in_the_table_and_comes_when_there_is_room(line: Line) -> None:
    names = await full(line)
    names += await line.order(CITY, 40)
    await line.publish()

    await line.relay.run_once(older_than=timedelta(0))
    in_outbox = await line.outbox()
    waiting = await line.here.lanes.backlog(CITY)
    got: list[str] = []
    for _ in range(30):
        got += await line.take(CITY)
        if not await line.moves.run_once() and set(got) == set(names):
            break

    assert in_outbox == 0
    assert waiting.waiting > 0
    assert set(got) == set(names)  # more than once where the broker had taken a part: the same ids
