# SPDX-License-Identifier: Apache-2.0
"""A virtual host with everything declared, and what tests do to it behind the bus's back."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.local.rabbitmq import call_api
from engine.ports import BusUnavailable, DeadLetter, Delivery, Parcel
from tests.services import Broker

# Users belong to the whole broker, not to a virtual host: each run has organisations of its own.
CITY, BANK, STRANGER = (f"{first}{secrets.randbelow(10**12):012}" for first in (1, 7, 3))
ORDERS = f"orders.{CITY}"


@dataclass
class Ground:
    broker: Broker
    admin: BrokerAdmin
    _stack: AsyncExitStack

    def bus(self, url: str | None = None, *, answer_seconds: float = 10.0) -> AmqpBus:
        bus = AmqpBus(url or self.broker.amqp_url, answer_seconds=answer_seconds)
        self._stack.push_async_callback(bus.close)
        return bus

    def url_of(self, user: str, password: str) -> str:
        parts = urlsplit(self.broker.amqp_url)
        return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}"))

    def url_through(self, port: int) -> str:
        parts = urlsplit(self.broker.amqp_url)
        login = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))

    async def raw(self, url: str | None = None) -> aio_pika.abc.AbstractConnection:
        """A plain connection, as a program that is not ours has one."""
        connection = await aio_pika.connect(url or self.broker.amqp_url)
        self._stack.push_async_callback(connection.close)
        return connection

    async def api(self, method: str, path: str, body: object = None) -> Any:
        return await asyncio.to_thread(
            call_api, self.broker.admin_url, method, path.format(vhost=self.broker.vhost), body=body
        )

    async def connections(self, count: int) -> list[str]:
        """Return the names of this virtual host's connections; the broker lists them after a second."""
        async with asyncio.timeout(15):
            while True:
                listed = await self.api("GET", "/connections")
                names = [c["name"] for c in listed if c.get("vhost") == self.broker.vhost]
                if len(names) >= count:
                    return names
                await asyncio.sleep(0.1)

    async def kill_connections(self, count: int) -> None:
        for name in await self.connections(count):
            await self.api("DELETE", f"/connections/{quote(name, safe='')}")

    async def get(self, queue: str) -> AbstractIncomingMessage:
        """Take a message out of the broker as it lies there."""
        channel = await (await self.raw()).channel()
        message = await (await channel.get_queue(queue, ensure=False)).get(timeout=5)
        assert message
        await message.ack()
        return message


@asynccontextmanager
async def ground(broker: Broker) -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(BrokerAdmin(broker.admin_url, broker.vhost))
        await admin.declare()
        for organisation in (CITY, BANK):
            await admin.declare_organisation(organisation, "secret")
            stack.push_async_callback(admin.shut_out, organisation)
        yield Ground(broker, admin, stack)


def body(number: int) -> bytes:
    return json.dumps({"n": number}).encode()


def order(number: int, organisation: str = CITY) -> Parcel:
    return Parcel(f"o_{number}", f"orders.{organisation}", body(number))


def numbers(found: list[Delivery] | list[DeadLetter]) -> list[int]:
    return [json.loads(event)["n"] for delivery in found for event in delivery.events]


async def eventually(work: Callable[[], Any], *, seconds: float = 15) -> Any:
    """Repeat what may be refused while a connection is lost; return what it returns at last."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if result := await work():
                    return result
            except BusUnavailable:
                await asyncio.sleep(0.05)
