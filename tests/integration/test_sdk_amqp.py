# SPDX-License-Identifier: Apache-2.0
"""The SDK's AMQP channel on a real broker, against the engine's own bus and topology."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from connectors.sdk.amqp import AmqpTransport
from connectors.sdk.transport import EngineUnavailable, Outgoing
from engine.border.envelope import MAX_BATCH_EVENTS
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.bus.topology import reply_queue
from engine.core.numbers import corporate_number
from engine.ports import Delivery, Parcel
from tests.services import Broker
from tests.unit.sdk_engine import Office, World, sealed_for_nobody, submit, withdraw, world

# A broker has its users for all virtual hosts: each process that tests has its own.
POST = corporate_number(f"55599{os.getpid() % 10**7:07}")


class PostOffice(Office):
    number = POST


@dataclass
class Line:
    """A connector on a broker, and the engine's end of it."""

    here: World
    admin: BrokerAdmin
    bus: AmqpBus
    url: str
    transport: AmqpTransport

    async def publish(self, orders: Sequence[str]) -> None:
        """Send orders as the engine's relay does."""
        await self.bus.publish(
            [Parcel(order, f"orders.{POST}", self.here.engine.sent[order]) for order in orders]
        )

    async def again(self) -> None:
        """Start anew, as after a kill: nothing is said to the broker."""
        await self.transport.close()
        self.transport = AmqpTransport(self.url, number=POST)
        self.here.start(self.transport)

    async def work(self) -> None:
        await self.here.runner.run_once(wait_seconds=5)

    async def replies(self, count: int) -> list[Delivery]:
        """Return the messages that hold this many replies, taken as the engine takes them."""
        taken: list[Delivery] = []
        async with asyncio.timeout(20):
            while sum(len(delivery.events) for delivery in taken) < count:
                taken += await self.bus.take(reply_queue(POST), limit=200, wait_seconds=1)
        for delivery in taken:
            for event in delivery.events:
                self.here.engine.took(event)
        await self.bus.ack(taken)
        return taken


@pytest.fixture
async def line(rabbitmq: Broker, tmp_path: Path) -> AsyncIterator[Line]:
    async with _line(rabbitmq, tmp_path) as made:
        yield made


@asynccontextmanager
async def _line(broker: Broker, path: Path) -> AsyncIterator[Line]:
    parts = urlsplit(broker.amqp_url)
    own = urlunsplit(parts._replace(netloc=f"org-{POST}:secret@{parts.hostname}:{parts.port}"))
    bus = AmqpBus(broker.amqp_url)
    async with BrokerAdmin(broker.admin_url, broker.vhost) as admin, world(path, PostOffice()) as here:
        await admin.declare()
        await admin.declare_organisation(POST, "secret")
        transport = AmqpTransport(own, number=POST)
        here.start(transport)
        made = Line(here, admin, bus, own, transport)
        try:
            yield made
        finally:
            await made.transport.close()
            await bus.close()
            await admin.shut_out(POST)


async def test_an_order_on_the_queue_is_answered_on_the_exchange(line: Line) -> None:
    await line.publish([line.here.engine.order(submit())])

    await line.work()

    (delivery,) = await line.replies(1)
    assert delivery.sender == POST
    assert line.here.engine.said() == ["completed"]


async def test_a_hundred_orders_in_batches_are_answered_in_batches(line: Line) -> None:
    await line.publish([line.here.engine.order(submit(), to=number) for number in range(MAX_BATCH_EVENTS)])

    for _ in range(20):
        await line.work()
        if len(line.here.ledger.effects()) == MAX_BATCH_EVENTS:
            break

    deliveries = await line.replies(MAX_BATCH_EVENTS)
    assert len(line.here.engine.replies) == MAX_BATCH_EVENTS
    assert len(deliveries) < MAX_BATCH_EVENTS / 2


@pytest.mark.parametrize("withdrawn_first", [False, True], ids=["in-order", "overtaken"])
async def test_what_lies_in_the_queue_and_is_withdrawn_never_reaches_the_office(
    line: Line, *, withdrawn_first: bool
) -> None:
    orders = [line.here.engine.order(submit()), line.here.engine.order(withdraw(), sequence=2)]

    await line.publish(orders[::-1] if withdrawn_first else orders)  # before the connector looked
    async with asyncio.timeout(20):
        while not line.here.engine.said():
            await line.work()
            await line.replies(1)

    assert line.here.connector.calls == []
    assert line.here.engine.said() == ["withdrawn"]
    assert line.here.ledger.effects() == []


async def test_killed_before_it_was_kept_an_order_comes_again(line: Line) -> None:
    await line.publish([line.here.engine.order(submit())])
    assert len(await line.transport.take(wait_seconds=5)) == 1

    await line.again()
    await line.work()

    await line.replies(1)
    assert line.here.engine.said() == ["completed"]


async def test_what_was_kept_does_not_come_again(line: Line) -> None:
    await line.publish([line.here.engine.order(submit())])
    await line.work()

    await line.again()

    assert await line.transport.take(wait_seconds=0.5) == []


async def test_what_cannot_be_read_goes_to_the_dead_letters_and_the_rest_is_kept(line: Line) -> None:
    bad, good = line.here.engine.order(submit(), to=1), line.here.engine.order(submit(), to=2)
    line.here.engine.sent[bad] = sealed_for_nobody(line.here.engine.sent[bad])
    await line.publish([bad, good])

    await line.work()

    await line.replies(1)
    assert line.here.engine.said(2) == ["completed"]
    assert len(await line.bus.dead_letters(limit=9, wait_seconds=5)) == 1


async def test_a_cut_connection_is_opened_again(line: Line) -> None:
    await line.publish([line.here.engine.order(submit(), to=1)])
    await line.work()
    await _cut(line)

    await line.publish([line.here.engine.order(submit(), to=2)])
    async with asyncio.timeout(30):
        while len(line.here.ledger.effects()) < 2 or line.here.ledger.unsent(1):
            try:
                await line.work()
            except EngineUnavailable:
                continue

    await line.replies(2)
    assert line.here.engine.said(2) == ["completed"]


async def _cut(line: Line) -> None:
    """Have the broker end our connections, as soon as it knows of them."""
    async with asyncio.timeout(20):
        while True:
            found = [
                one
                for one in await line.admin._call("GET", "/connections")
                if one.get("user") == f"org-{POST}"
            ]
            if len(found) == 2:
                break
            await asyncio.sleep(0.2)
    for one in found:
        await line.admin._call(
            "DELETE", f"/connections/{one['name'].replace(' ', '%20').replace('>', '%3E')}"
        )


async def test_a_reply_that_no_queue_takes_is_not_taken_for_sent(line: Line) -> None:
    vhost = line.admin._path("bindings").rsplit("/", 1)[-1]
    await line.admin._call("DELETE", f"/bindings/{vhost}/e/todoke.replies/q/{reply_queue(POST)}/{POST}")

    with pytest.raises(EngineUnavailable):
        await line.transport.send([Outgoing("x", b"{}")])


async def test_without_a_queue_or_a_broker_it_says_so(line: Line) -> None:
    for url, number in ((line.url, "6666999000006"), ("amqp://a:b@127.0.0.1:1/x", POST)):
        transport = AmqpTransport(url, number=number)

        with pytest.raises(EngineUnavailable):
            await transport.take(wait_seconds=0.1)

        await transport.close()
