# SPDX-License-Identifier: Apache-2.0
"""The AMQP channel: orders come from the organisation's own queue, replies go to one exchange.

Two connections, because a broker under memory alarm stops reading from those that publish, and
acknowledgements must still pass. They are opened when they are needed, and again after a loss.
Nothing is ever rejected because we are stopping: what was not acknowledged comes again.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from pamqp.commands import Basic

from connectors.sdk.transport import EngineUnavailable, Incoming, Outgoing, Result
from engine.border.envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE, packed, unpacked
from engine.bus.tls import BrokerTls
from engine.core.errors import EngineError

_PREFETCH: Final = 20
_ANSWER_SECONDS: Final = 10.0
_HEARTBEAT_SECONDS: Final = 15


@dataclass(slots=True, eq=False)
class _Message:
    """One message on the broker; it is acknowledged when the last of its events is."""

    message: AbstractIncomingMessage
    left: int
    turned_away: bool = False


class AmqpTransport:
    """The queue `orders.{number}` and the exchange `todoke.replies`, both declared by the engine."""

    def __init__(self, url: str, *, number: str, tls: BrokerTls | None = None) -> None:
        """`tls` for `amqps://`; with a certificate in it, an address that names nobody logs in by that."""
        self._url = tls.address(url) if tls else url
        self._tls = tls
        self._number = number
        self._inbox: _Inbox | None = None
        self._outgoing: AbstractConnection | None = None
        self._publishing: AbstractChannel | None = None

    async def take(self, *, wait_seconds: float) -> list[Incoming]:
        """Return the events of what the broker brought; a message without events goes to the dead letters."""
        inbox = await self._listening()
        events: list[Incoming] = []
        for message in await inbox.messages(wait_seconds):
            found = _events(message)
            if not found:
                await _settle(_Message(message, 0, turned_away=True))
            shared = _Message(message, len(found))
            events += [Incoming(event, shared) for event in found]
        return events

    async def acknowledge(self, incoming: Sequence[Incoming]) -> None:
        """Acknowledge each message whose events are all kept."""
        await _finish(incoming, turned_away=False)

    async def turn_away(self, incoming: Sequence[Incoming]) -> None:
        """Send the messages to the dead letters, where operators see them; their other events are kept."""
        await _finish(incoming, turned_away=True)

    async def send(self, replies: Sequence[Outgoing]) -> list[Result]:
        """Return when the broker has confirmed them: from then on they are the engine's."""
        if len(replies) == 1:
            await self._publish(replies[0].event, EVENT_MEDIA_TYPE)
        else:
            for batch in packed(reply.event for reply in replies):
                await self._publish(batch, BATCH_MEDIA_TYPE)
        return [Result(reply.id, "sent") for reply in replies]

    async def close(self) -> None:
        """Close both connections; what was not acknowledged goes back to the queue."""
        inbox, self._inbox = self._inbox, None
        outgoing, self._outgoing, self._publishing = self._outgoing, None, None
        for connection in (inbox.connection if inbox else None, outgoing):
            if connection is not None:
                await _close(connection)

    async def _listening(self) -> "_Inbox":
        if self._inbox is not None and self._inbox.is_over:
            inbox, self._inbox = self._inbox, None
            await _close(inbox.connection)
        if self._inbox is None:
            async with _plainly():
                connection = await self._connect()
                self._inbox = _Inbox(connection)
                await self._inbox.open(f"orders.{self._number}")
        return self._inbox

    async def _publish(self, body: bytes, content_type: str) -> None:
        message = aio_pika.Message(
            body,
            content_type=content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=secrets.token_hex(16),  # of this attempt; the ids that matter are in the envelopes
            user_id=f"org-{self._number}",
        )
        async with _plainly(), asyncio.timeout(_ANSWER_SECONDS):
            channel = await self._publisher()
            exchange = await channel.get_exchange("todoke.replies", ensure=False)
            confirmed = await exchange.publish(message, self._number, mandatory=True)
        if not isinstance(confirmed, Basic.Ack):
            raise EngineUnavailable("not confirmed")

    async def _publisher(self) -> AbstractChannel:
        if self._publishing is None or self._publishing.is_closed:
            if self._outgoing is None or not self._outgoing.connected.is_set():
                self._outgoing = await self._connect()
            self._publishing = await self._outgoing.channel(publisher_confirms=True, on_return_raises=True)
        return self._publishing

    async def _connect(self) -> AbstractConnection:
        return await aio_pika.connect(
            self._url,
            timeout=_ANSWER_SECONDS,
            heartbeat=_HEARTBEAT_SECONDS,
            ssl_context=self._tls.context() if self._tls else None,
        )


class _Inbox:
    """What the queue has sent over one connection, until that ends."""

    def __init__(self, connection: AbstractConnection) -> None:
        self.connection = connection
        self.is_over = False
        self._waiting: list[AbstractIncomingMessage] = []
        self._arrived = asyncio.Event()

    async def open(self, queue: str) -> None:
        """Begin to receive."""
        try:
            channel = await self.connection.channel()
            underlay = await channel.get_underlay_channel()
            underlay.on_consumer_cancel_callbacks.add(self._end)  # such as: the queue was deleted
            channel.close_callbacks.add(self._end)
            await channel.set_qos(prefetch_count=_PREFETCH)
            await (await channel.get_queue(queue, ensure=False)).consume(self._receive)
        except BaseException:
            self.is_over = True
            raise

    async def messages(self, wait_seconds: float) -> list[AbstractIncomingMessage]:
        """Return what has come, waiting a while for the first; raises `EngineUnavailable`."""
        if not self._waiting and not self.is_over:
            self._arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._arrived.wait()
        if self.is_over:
            raise EngineUnavailable("the connection ended")
        taken, self._waiting = self._waiting, []
        return taken

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._waiting.append(message)
        self._arrived.set()

    def _end(self, *_: object) -> None:
        self.is_over = True
        self._arrived.set()


def _events(message: AbstractIncomingMessage) -> tuple[bytes, ...]:
    if message.content_type != BATCH_MEDIA_TYPE:
        return (message.body,)
    try:
        return unpacked(message.body)
    except EngineError:
        return ()


async def _finish(incoming: Sequence[Incoming], *, turned_away: bool) -> None:
    for one in incoming:
        if isinstance(one.token, _Message):
            one.token.left -= 1
            one.token.turned_away |= turned_away
            if one.token.left == 0:
                await _settle(one.token)


async def _settle(shared: _Message) -> None:
    async with _plainly(), asyncio.timeout(_ANSWER_SECONDS):
        if shared.turned_away:
            await shared.message.reject(requeue=False)
        else:
            await shared.message.ack()


async def _close(connection: AbstractConnection) -> None:
    with suppress(EngineUnavailable):
        async with _plainly(), asyncio.timeout(_ANSWER_SECONDS):
            await connection.close()


@asynccontextmanager
async def _plainly() -> AsyncIterator[None]:
    """Say in one word what a lost, blocked or refusing broker makes the library raise."""
    try:
        yield
    except (AMQPError, ChannelInvalidStateError, OSError) as error:  # TimeoutError is an OSError
        raise EngineUnavailable(type(error).__name__) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Nobody cancelled us: the library ends in this way what waits on a channel that closes.
        raise EngineUnavailable("the channel was closed") from None
