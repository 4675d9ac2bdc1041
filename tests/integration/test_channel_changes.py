# SPDX-License-Identifier: Apache-2.0
"""An organisation changes its channel while orders are on their way: none is lost, each keeps its id."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from itertools import permutations
from urllib.parse import urlsplit, urlunsplit

import pytest

from connectors.sdk.amqp import AmqpTransport
from engine.border.envelope import parse_order
from engine.border.payloads import OrderWithdraw
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.ports import Changes, Parcel, PullOrder
from engine.registry.directory import Directories
from engine.registry.model import Channel
from engine.runtime.moves import Moves
from tests.integration.lane_ground import CITY, Ground, Receiver, ground
from tests.services import Broker
from tests.unit.border_desk import Border
from tests.unit.sdk_engine import FakeEngine

PAIRS = list(permutations(Channel, 2))
WITHDRAW = OrderWithdraw(attempt=1, revision=1, reason="cancelled", basis="none")


class Traffic:
    """One organisation, its orders, and all ways in which it may take them."""

    def __init__(
        self, here: Ground, bus: AmqpBus, *, own_url: str, url: str, receiver: Receiver, endpoint: str
    ) -> None:
        self.here = here
        self.bus = bus
        self.directories = Directories(here.registry, here.clock)
        self.moves = Moves(
            open_bus=lambda: AmqpBus(own_url),
            lanes=here.lanes,
            directories=self.directories,
            clock=here.clock,
        )
        self.got: dict[str, bytes] = {}
        self.sent: dict[str, bytes] = {}
        self._url = url
        self._receiver = receiver
        self._endpoint = endpoint
        self._maker = FakeEngine(here.clock)
        self._maker._recipient = Border().office.address

    async def goes_over_to(self, channel: Channel) -> None:
        endpoint = self._endpoint if channel is Channel.WEBHOOK else None
        await self.here.register(CITY, channel, endpoint)
        self.here.clock.move(timedelta(seconds=6))  # every process knows by then

    async def send(self, count: int) -> None:
        """Address orders as the composer does."""
        channel = (await self.directories.current()).channel(CITY)
        orders = [self._order() for _ in range(count)]
        if channel is Channel.AMQP:
            await self.bus.publish([Parcel(name, f"orders.{CITY}", event) for name, event in orders])
            return
        pulled = [PullOrder(CITY, name, None, event) for name, event in orders]
        async with self.here.store.unit() as unit:
            await unit.keep(Changes(pull_orders=pulled))

    async def take(self, channel: Channel, count: int) -> None:
        """Take at least so many orders in the channel's own way, or all there are."""
        match channel:
            case Channel.AMQP:
                await self._from_broker(count)
            case Channel.WEBHOOK:
                await self._by_webhook(count)
            case Channel.PULL | Channel.FILE:  # the tool for files asks as any other connector
                pulled = await self.here.store.pull_orders(CITY, after=0, limit=count)
                self.got |= {one.order_id: one.event for one in pulled}
                names = [one.order_id for one in pulled]
                await self.here.store.acknowledge_pulled(CITY, names, at=self.here.clock.now())

    async def settle(self) -> None:
        """Let everything that has to move do so."""
        async with asyncio.timeout(20):
            while await self.moves.run_once():
                pass

    async def _from_broker(self, count: int) -> None:
        transport = AmqpTransport(self._url, number=CITY)
        enough = min(len(self.got) + count, len(self.sent))
        try:
            async with asyncio.timeout(20):
                while len(self.got) < enough:  # it comes in parts, and what was sent before may come again
                    taken = (await transport.take(wait_seconds=2))[:count]
                    self.got |= {parse_order(one.event).id: one.event for one in taken}
                    await transport.acknowledge(taken)
                    count -= len(taken)
        finally:
            await transport.close()

    async def _by_webhook(self, count: int) -> None:
        before = len(self._receiver.got)
        waiting = len(await self.here.store.pull_orders(CITY, after=0, limit=1000))
        async with self.here.sending():
            await self._receiver.has(before + min(count, waiting))
        self.got |= {parse_order(body).id: body for _, body in self._receiver.bodies}

    def _order(self) -> tuple[str, bytes]:
        name = self._maker.order(WITHDRAW, to=len(self.sent) + 1)
        self.sent[name] = self._maker.sent[name]
        return name, self.sent[name]


@asynccontextmanager
async def _traffic(dsn: str, broker: Broker) -> AsyncIterator[Traffic]:
    parts = urlsplit(broker.amqp_url)
    url = urlunsplit(parts._replace(netloc=f"org-{CITY}:secret@{parts.hostname}:{parts.port}"))
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(ground(dsn))
        admin = await stack.enter_async_context(BrokerAdmin(broker.admin_url, broker.vhost))
        await admin.declare()
        await admin.declare_organisation(CITY, "secret")
        bus = AmqpBus(broker.amqp_url)
        stack.push_async_callback(bus.close)
        receiver = await here.receiver()
        known = await here.registry.organisation(CITY)
        assert known
        assert known.endpoint
        yield Traffic(here, bus, own_url=broker.amqp_url, url=url, receiver=receiver, endpoint=known.endpoint)


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda channel: channel.value)
async def test_no_order_is_lost_between_two_channels(
    postgres_dsn: str, rabbitmq: Broker, before: Channel, after: Channel
) -> None:
    async with _traffic(postgres_dsn, rabbitmq) as traffic:
        await traffic.goes_over_to(before)
        await traffic.settle()
        await traffic.send(12)
        await traffic.take(before, 4)
        await traffic.goes_over_to(after)
        await traffic.send(5)
        await traffic.settle()
        await traffic.take(after, 100)

    assert traffic.got == traffic.sent  # the same ids, the same bytes
    assert len(traffic.sent) == 17


async def test_going_there_and_back_loses_nothing(postgres_dsn: str, rabbitmq: Broker) -> None:
    async with _traffic(postgres_dsn, rabbitmq) as traffic:
        for channel in (
            Channel.AMQP,
            Channel.PULL,
            Channel.AMQP,
            Channel.WEBHOOK,
            Channel.AMQP,
            Channel.FILE,
        ):
            await traffic.goes_over_to(channel)
            await traffic.send(3)
            await traffic.settle()
        await traffic.take(Channel.FILE, 100)

    assert traffic.got == traffic.sent


async def test_what_a_broker_held_that_was_away_for_long_is_brought_along(
    postgres_dsn: str, rabbitmq: Broker
) -> None:
    async with _traffic(postgres_dsn, rabbitmq) as traffic:
        here = traffic.here
        await traffic.goes_over_to(Channel.AMQP)
        await traffic.settle()
        await traffic.send(3)
        await traffic.goes_over_to(Channel.WEBHOOK)
        await Moves(
            open_bus=lambda: AmqpBus("amqp://127.0.0.1:1/"),
            lanes=here.lanes,
            directories=traffic.directories,
            clock=here.clock,
        ).run_once()
        here.clock.move(timedelta(hours=3))
        await traffic.settle()
        await traffic.take(Channel.WEBHOOK, 100)

    assert traffic.got == traffic.sent


async def test_what_was_posted_before_the_change_is_waited_for_however_long(
    postgres_dsn: str, rabbitmq: Broker
) -> None:
    async with _traffic(postgres_dsn, rabbitmq) as traffic:
        here = traffic.here
        await traffic.goes_over_to(Channel.AMQP)
        await traffic.settle()
        name, event = traffic._order()
        parcel = Parcel(name, f"orders.{CITY}", event)
        async with here.store.unit() as unit:
            (row,) = await unit.keep(Changes(parcels=[parcel]))
        await traffic.goes_over_to(Channel.WEBHOOK)
        for hours in (0, 2):  # whoever pushes is away
            here.clock.move(timedelta(hours=hours))
            await traffic.settle()
        await traffic.bus.publish([parcel])
        async with here.store.unit() as unit:
            await unit.keep(Changes(published=[row]))
        await traffic.settle()
        await traffic.take(Channel.WEBHOOK, 100)
        await traffic.settle()

        assert traffic.got == traffic.sent
        assert await here.lanes.on_amqp([], now=here.clock.now(), linger=timedelta()) == []
