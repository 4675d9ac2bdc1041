# SPDX-License-Identifier: Apache-2.0
"""A tap on a vhost of RabbitMQ (its firehose tracer): a copy of everything that is published in it."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

import aio_pika

from engine.local.rabbitmq import call_api
from tests.services import Broker


@dataclass(frozen=True, slots=True)
class Published:
    """One message as it was published: where to, and all that is readable of it."""

    exchange: str
    key: str
    headers: bytes
    body: bytes

    @property
    def subjects(self) -> set[str]:
        """The references that it names, in one event or in a batch."""
        read = json.loads(self.body)
        return {one["subject"] for one in (read if isinstance(read, list) else [read])}


@asynccontextmanager
async def tapped(broker: Broker) -> AsyncIterator[list[Published]]:
    """Yield the list that grows with every message, until the end of the block."""
    call_api(broker.admin_url, "PUT", f"/vhosts/{quote(broker.vhost, safe='')}", body={"tracing": True})
    heard: list[Published] = []

    async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        said = message.headers
        (key,) = said["routing_keys"]  # type: ignore[misc] # the tracer's own list, of one here
        headers = repr(said["properties"]).encode()
        heard.append(Published(str(said["exchange_name"]), str(key), headers, message.body))

    connection = await aio_pika.connect(broker.amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind("amq.rabbitmq.trace", "publish.#")
        await queue.consume(hear, no_ack=True)
        yield heard


def references_by_organisation(messages: Iterable[Published], exchange: str) -> dict[str, set[str]]:
    """Return the references in what went through an exchange to or from each organisation."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in messages:
        if one.exchange == exchange:
            found[one.key] |= one.subjects
    return found
