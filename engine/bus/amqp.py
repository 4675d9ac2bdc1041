# SPDX-License-Identifier: Apache-2.0
"""The bus on RabbitMQ: the one place that speaks AMQP.

Connections are opened when they are needed and again after a loss, here and in sight: nothing is
restored behind our back. A channel that ends takes its deliveries with it; they come again.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import unquote, urlsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, DeliveryMode
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from pamqp.commands import Basic

from engine.border.envelope import BATCH_MEDIA_TYPE, packed
from engine.bus import aside
from engine.bus.cargo import Load, events_of, loads
from engine.bus.tls import BrokerTls
from engine.bus.topology import DEAD, Route, broker_queue
from engine.core.errors import EngineError
from engine.ports import BusUnavailable, DeadLetter, Delivery, Parcel

_HEARTBEAT_SECONDS: Final = 10
_ANSWER_SECONDS: Final = 10.0
_WINDOW: Final = 256  # messages on their way to be confirmed
_MOST_PREFETCHED: Final = 256  # messages, each of at most 1 MiB

T = TypeVar("T", Delivery, DeadLetter)

log = logging.getLogger(__name__)


@asynccontextmanager
async def _plainly() -> AsyncIterator[None]:
    """Say in one word what a lost, blocked or refusing broker makes the library raise."""
    try:
        yield
    except (AMQPError, ChannelInvalidStateError, OSError) as error:  # TimeoutError is an OSError
        raise BusUnavailable(type(error).__name__) from error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # Nobody cancelled us: the library ends in this way what waits on a channel that closes.
        raise BusUnavailable("the channel was closed") from None


class _Line:
    """One connection. Publishing and consuming have one each: a blocked one must not stop acks."""

    def __init__(self, url: str, name: str, tls: BrokerTls | None) -> None:
        self._url = tls.address(url) if tls else url
        self._tls = tls
        self._name = name
        self._opening = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._questions: AbstractChannel | None = None
        self._is_over = False

    async def connection(self) -> AbstractConnection:
        """Return the open connection."""
        async with self._opening:
            if self._is_over:
                raise BusUnavailable("the bus is closed")
            if self._connection is None or not self._connection.connected.is_set():
                await self._drop()
                self._connection = await aio_pika.connect(
                    self._url,
                    timeout=_ANSWER_SECONDS,
                    heartbeat=_HEARTBEAT_SECONDS,
                    client_properties={"connection_name": self._name},
                    ssl_context=self._tls.context() if self._tls else None,
                )
            return self._connection

    async def questions(self) -> AbstractChannel:
        """Return a channel on which an answer of "no" harms nobody: it would close the channel."""
        if self._questions is None or self._questions.is_closed:
            self._questions = await (await self.connection()).channel()
        return self._questions

    async def close(self) -> None:
        """Close the connection for good."""
        self._is_over = True
        await self._drop()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(BusUnavailable):
                async with _plainly(), asyncio.timeout(_ANSWER_SECONDS):
                    await connection.close()


class _Publisher:
    """Sends messages and returns when the broker has taken all of them."""

    def __init__(self, line: _Line, user: str | None, *, answer_seconds: float) -> None:
        self._line = line
        self._user = user
        self._answer_seconds = answer_seconds
        self._opening = asyncio.Lock()
        self._channel: AbstractChannel | None = None

    async def send(self, batch: Sequence[Load], *, headers: dict[str, str | int] | None = None) -> None:
        """Return when all are confirmed; raises `BusUnavailable`: some may have been sent."""
        for start in range(0, len(batch), _WINDOW):
            window = batch[start : start + _WINDOW]
            async with _plainly(), asyncio.timeout(self._answer_seconds):
                channel = await self._open()
                sent = (self._send(channel, load, headers) for load in window)
                _check(await asyncio.gather(*sent, return_exceptions=True))

    async def _send(self, channel: AbstractChannel, load: Load, headers: dict[str, str | int] | None) -> None:
        way = load.route
        exchange = channel.default_exchange
        if way.exchange:
            exchange = await channel.get_exchange(way.exchange, ensure=False)
        message = aio_pika.Message(
            load.body,
            content_type=load.media_type,
            delivery_mode=DeliveryMode.PERSISTENT,
            # New for each attempt: the library charges a return to the last message of this id.
            message_id=secrets.token_hex(16),
            user_id=self._user,
            headers={**headers} if headers else None,
        )
        confirmation = await exchange.publish(message, way.key, mandatory=True)
        if not isinstance(confirmation, Basic.Ack):
            raise BusUnavailable("the broker did not take the message")

    async def _open(self) -> AbstractChannel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                connection = await self._line.connection()
                self._channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            return self._channel


def _check(results: Sequence[BaseException | None]) -> None:
    for result in results:
        if isinstance(result, asyncio.CancelledError):  # the channel closed under it
            raise BusUnavailable("the channel was closed")
        if result is not None:
            raise result


@dataclass(frozen=True, slots=True)
class _Token:
    """Which message of which channel a delivery is."""

    consumer: "_Consumer[Delivery] | _Consumer[DeadLetter]"
    queue: str
    tag: int
    media_type: str | None
    attempts: int


class _Consumer(Generic[T]):
    """What one queue has sent over one channel, and which of it is not yet acknowledged.

    Everything happens between two awaits, so that a cancelled taker leaves no message in its hands.
    """

    def __init__(
        self, channel: AbstractChannel, queue: str, make: Callable[[aside.Message, _Token], T]
    ) -> None:
        self._channel = channel
        self._queue = queue
        self._make: Callable[[aside.Message, _Token], T] = make
        self._waiting: deque[T] = deque()
        self._unacknowledged: dict[int, None] = {}
        self._arrived = asyncio.Event()
        self.malformed: deque[tuple[aside.Message, _Token, str]] = deque()
        self.is_over = False

    async def start(self, broker_queue: str, *, prefetch: int) -> None:
        """Begin to receive."""
        underlay = await self._channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(self.end)  # such as: the queue was deleted
        self._channel.close_callbacks.add(self.end)
        await self._channel.set_qos(prefetch_count=prefetch)
        await (await self._channel.get_queue(broker_queue, ensure=False)).consume(self._receive)

    def drain(self, limit: int) -> list[T]:
        """Take what is here, up to about `limit` events."""
        taken: list[T] = []
        room = limit
        while self._waiting and (not taken or len(self._waiting[0].events) <= room):
            taken.append(self._waiting.popleft())
            room -= len(taken[-1].events)
        return taken

    async def something(self, seconds: float) -> bool:
        """Return whether anything happened in time; the caller has just found nothing."""
        self._arrived.clear()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True

    async def ack(self, tags: set[int]) -> None:
        """Acknowledge: the oldest ones in one word, if they are all of the oldest."""
        underlay = await self._channel.get_underlay_channel()
        oldest = 0
        for tag in self._unacknowledged:
            if tag not in tags:
                break
            oldest = tag
        if oldest:
            await underlay.basic_ack(oldest, multiple=True, wait=False)
        for tag in sorted(tags & self._unacknowledged.keys()):
            if tag > oldest:
                await underlay.basic_ack(tag, wait=False)
            del self._unacknowledged[tag]

    async def close(self) -> None:
        """Give back what is not acknowledged; the broker has heard the acknowledgements of the rest."""
        self.end()
        if not self._channel.is_closed:
            await self._channel.close()

    async def _receive(self, received: AbstractIncomingMessage) -> None:
        if self.is_over or received.delivery_tag is None:
            return
        message = aside.Message(
            id=received.message_id or "",
            user=received.user_id,
            exchange=received.exchange or "",
            key=received.routing_key or "",
            media_type=received.content_type,
            headers=received.headers,
            body=received.body,
            redelivered=bool(received.redelivered),
        )
        attempts = aside.attempts_of(message)
        token = _Token(self, self._queue, received.delivery_tag, message.media_type, attempts)
        self._unacknowledged[token.tag] = None
        try:
            self._waiting.append(self._make(message, token))
        except EngineError as error:
            self.malformed.append((message, token, error.code))
        self._arrived.set()

    def end(self, *_: object) -> None:
        """Forget everything: the broker has taken it back."""
        self.is_over = True
        self._waiting.clear()
        self.malformed.clear()
        self._unacknowledged.clear()
        self._arrived.set()


class AmqpBus:
    """The bus for one user of the broker; `url` holds its name, unless it logs in by certificate."""

    rides_on_store = False

    def __init__(
        self, url: str, *, tls: BrokerTls | None = None, answer_seconds: float = _ANSWER_SECONDS
    ) -> None:
        name = urlsplit(url).username
        self._user = unquote(name) if name else (tls.user() if tls else None)
        self._outgoing = _Line(url, "todoke: publish", tls)
        self._incoming = _Line(url, "todoke: consume", tls)
        self._publisher = _Publisher(self._outgoing, self._user, answer_seconds=answer_seconds)
        self._opening = asyncio.Lock()
        self._consumers: dict[str, _Consumer[Delivery]] = {}
        self._dead: dict[str, _Consumer[DeadLetter]] = {}

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Return when the broker has confirmed every message; raises `BusUnavailable`, `seal-too-large`."""
        await self._publisher.send(loads(parcels))

    async def take(self, queue: str, *, limit: int, wait_seconds: float) -> list[Delivery]:
        """Return what the broker has sent, waiting for the first; raises `BusUnavailable`.

        The first take of a queue begins to receive from it and decides how much may come ahead;
        with `wait_seconds=0` it finds only what came before. What came ahead is kept from other
        takers: who begins to take goes on taking, or closes.
        """
        broker_queue(queue)
        consumer = await self._consumer(self._consumers, queue, self._delivery, limit=limit)
        return await self._taken(consumer, limit, wait_seconds)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge what has not gone back meanwhile. Never raises: what is not heard comes again."""
        await _acknowledge([_token(delivery) for delivery in deliveries])

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Publish it to the dead-letter exchange, then acknowledge it; raises `BusUnavailable`.

        What has gone back meanwhile is left where it is.
        """
        token = _token(delivery)
        body = delivery.events[0] if delivery.events else b"[]"
        if token.media_type == BATCH_MEDIA_TYPE:
            body = next(packed(delivery.events), b"[]")
        await self._put_aside(token, body, sender=delivery.sender, reason=reason)

    async def purge(self, queue: str) -> int:
        """Throw away what waits in the queue; raises `BusUnavailable`."""
        async with _plainly(), asyncio.timeout(_ANSWER_SECONDS):
            channel = await self._outgoing.questions()
            found = await channel.declare_queue(_on_broker(queue), passive=True)
            purged = await found.purge()
        return purged.message_count or 0

    async def wake(self, queues: Sequence[str]) -> None:
        """Do nothing: the broker wakes takers itself."""

    async def probe(self) -> None:
        """Ask the broker over both connections, and whether it still knows each of our consumers."""
        async with _plainly(), asyncio.timeout(_ANSWER_SECONDS):
            await (await self._outgoing.questions()).declare_exchange(DEAD, passive=True)
            for queue, consumer in self._all_consumers():
                channel = await self._incoming.questions()
                found = (await channel.declare_queue(_on_broker(queue), passive=True)).declaration_result
                if consumer.is_over or not found.consumer_count:
                    consumer.end()
                    raise BusUnavailable(f"nobody listens at {queue}")

    async def dead_letters(self, *, limit: int, wait_seconds: float) -> list[DeadLetter]:
        """Return what was put aside, by us or by the broker; raises `BusUnavailable`."""
        consumer = await self._consumer(self._dead, DEAD, self._dead_letter, limit=limit)
        return await self._taken(consumer, limit, wait_seconds)

    async def settle(self, letters: Sequence[DeadLetter]) -> None:
        """Acknowledge dead letters. Never raises: what is not heard comes again."""
        await _acknowledge([_token(letter) for letter in letters])

    async def close(self) -> None:
        """Close both connections; the broker takes back what was not acknowledged."""
        for _, consumer in self._all_consumers():
            with suppress(BusUnavailable):
                async with _plainly(), asyncio.timeout(_ANSWER_SECONDS):
                    await consumer.close()
        await self._incoming.close()
        await self._outgoing.close()

    async def _consumer(
        self,
        known: dict[str, _Consumer[T]],
        queue: str,
        make: Callable[[aside.Message, _Token], T],
        *,
        limit: int,
    ) -> _Consumer[T]:
        """Return the consumer of a queue, a new one if there is none or its channel has ended."""
        async with self._opening, _plainly(), asyncio.timeout(_ANSWER_SECONDS):
            consumer = known.get(queue)
            if consumer is not None and not consumer.is_over:
                return consumer
            if consumer is not None:
                await consumer.close()
            channel = await (await self._incoming.connection()).channel()
            known[queue] = consumer = _Consumer(channel, queue, make)
            try:
                await consumer.start(_on_broker(queue), prefetch=min(2 * limit, _MOST_PREFETCHED))
            except BaseException:
                consumer.end()
                raise
            return consumer

    async def _taken(self, consumer: _Consumer[T], limit: int, wait_seconds: float) -> list[T]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while True:
            await self._put_malformed_aside(consumer)
            if consumer.is_over:
                raise BusUnavailable("the channel was closed")
            if taken := consumer.drain(limit):
                return taken
            if not await consumer.something(deadline - loop.time()):
                return []

    async def _put_malformed_aside(self, consumer: _Consumer[T]) -> None:
        while consumer.malformed:
            message, token, code = consumer.malformed.popleft()
            sender = aside.sender_of(message, our_user=self._user)
            log.error("message.malformed", extra={"queue": token.queue, "sender": sender, "code": code})
            try:
                await self._put_aside(token, message.body, sender=sender, reason=code)
            except BaseException:
                consumer.malformed.appendleft((message, token, code))
                raise

    async def _put_aside(self, token: _Token, body: bytes, *, sender: str | None, reason: str) -> None:
        if token.consumer.is_over:
            return
        headers = aside.headers_aside(
            reason=reason, where_from=token.queue, sender=sender, attempts=token.attempts
        )
        await self._publisher.send([Load(Route(DEAD, ""), token.media_type, body)], headers=headers)
        await _acknowledge([token])

    def _all_consumers(self) -> "list[tuple[str, _Consumer[Delivery] | _Consumer[DeadLetter]]]":
        return [*self._consumers.items(), *self._dead.items()]

    def _delivery(self, message: aside.Message, token: _Token) -> Delivery:
        return Delivery(
            id=message.id,
            events=events_of(message.media_type, message.body),
            sender=aside.sender_of(message, our_user=self._user),
            redelivered=message.redelivered,
            token=token,
        )

    def _dead_letter(self, message: aside.Message, token: _Token) -> DeadLetter:
        return aside.dead_letter(message, token, our_user=self._user)


def _on_broker(queue: str) -> str:
    return DEAD if queue == DEAD else broker_queue(queue)


def _token(delivery: Delivery | DeadLetter) -> _Token:
    if not isinstance(delivery.token, _Token):
        raise TypeError("the delivery came from another bus")
    return delivery.token


async def _acknowledge(tokens: Sequence[_Token]) -> None:
    """Acknowledge on channels that are still open; the others have given their messages back."""
    consumers = {id(token.consumer): token.consumer for token in tokens}
    for key, consumer in consumers.items():
        if consumer.is_over:
            continue
        try:
            async with _plainly():
                await consumer.ack({token.tag for token in tokens if id(token.consumer) == key})
        except BusUnavailable:
            consumer.end()
