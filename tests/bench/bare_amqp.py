# SPDX-License-Identifier: Apache-2.0
"""The broker as the bare pipelines use it: quorum queues, persistent, confirmed, batch envelopes."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, DeliveryMode

from engine.border.envelope import MAX_BATCH_EVENTS

_PREFETCH: Final = 100
_QUORUM: Final[dict[str, Any]] = {"x-queue-type": "quorum"}


class BareBroker:
    """Publishes lists of messages, a hundred in one, and takes them as they come."""

    def __init__(
        self, connections: Sequence[AbstractConnection], outgoing: AbstractChannel, incoming: AbstractChannel
    ) -> None:
        self._connections = connections
        self._outgoing = outgoing
        self._incoming = incoming
        self._waiting: deque[AbstractIncomingMessage] = deque()
        self._arrived = asyncio.Event()

    @classmethod
    async def connect(cls, url: str, *, takes: Sequence[str]) -> Self:
        """Return it once it receives from these queues."""
        connections = [await aio_pika.connect(url) for _ in range(2)]
        outgoing = await connections[0].channel(publisher_confirms=True, on_return_raises=True)
        incoming = await connections[1].channel()
        broker = cls(connections, outgoing, incoming)
        await incoming.set_qos(prefetch_count=_PREFETCH)
        for name in takes:
            queue = await incoming.declare_queue(name, durable=True, arguments=_QUORUM)
            await queue.consume(broker._receive)
        return broker

    async def publish(self, queues: Mapping[str, Sequence[bytes]]) -> None:
        """Return when the broker has confirmed all of it."""
        sent = [
            self._outgoing.default_exchange.publish(
                aio_pika.Message(
                    b"[" + b",".join(some[start : start + MAX_BATCH_EVENTS]) + b"]",
                    delivery_mode=DeliveryMode.PERSISTENT,
                ),
                name,
                mandatory=True,
            )
            for name, some in queues.items()
            for start in range(0, len(some), MAX_BATCH_EVENTS)
        ]
        await asyncio.gather(*sent)

    async def take(self, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return the messages that have come, about so many, and what acknowledges them."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        taken: list[dict[str, Any]] = []
        last = 0
        while self._waiting and len(taken) < limit:
            message = self._waiting.popleft()
            taken += json.loads(message.body)
            last = message.delivery_tag or 0
        return taken, last

    async def ack(self, last: int) -> None:
        """Acknowledge everything up to there."""
        await (await self._incoming.get_underlay_channel()).basic_ack(last, multiple=True, wait=False)

    async def close(self) -> None:
        """Close both connections."""
        for connection in self._connections:
            await connection.close()

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._waiting.append(message)
        self._arrived.set()
