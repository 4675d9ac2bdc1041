# SPDX-License-Identifier: Apache-2.0
"""The webhook channel: orders are brought to the organisation's address until it has taken them.

Each organisation has its own way (its own limits, circuit, backlog in the database), held by one
process at a time. An order stays in the table until it was taken: whatever dies, it is sent again
under the same id. What is dead or slow costs nobody else anything.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, Protocol
from uuid import UUID, uuid4

from connectors.channels.circuit import Bucket, Circuit, next_attempt
from connectors.channels.line import Answer, Line
from connectors.channels.signature import Signer
from engine.border.envelope import EVENT_MEDIA_TYPE
from engine.core.errors import EngineError
from engine.ports import Clock, Due, Lane, Lanes, Settled, StoreConflict, StoreUnavailable
from engine.registry.directory import Directories, Directory
from engine.registry.model import Channel, Organisation
from engine.runtime.bells import Bells
from engine.runtime.consumer import ReplyResult
from engine.runtime.passage import is_held, opens_at
from engine.telemetry import innermost, where

LEASE_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 2.0  # for organisations that come, go, or are held by a process that died
_NEWS_SECONDS: Final = 1.0  # for what another process committed
_AT_ONCE: Final = 200  # orders fetched ahead; as far as urgency may be overtaken
_PAUSE_UNASKED: Final = timedelta(seconds=30)  # 429 without Retry-After
_MOMENT: Final = timedelta(seconds=5)  # until our own database is back
_HEADERS: Final = {"Content-Type": EVENT_MEDIA_TYPE, "User-Agent": "Todoke"}

log = logging.getLogger(__name__)


class Replies(Protocol):
    """Where replies go that came in the answer (`engine.runtime.consumer.ReplyDesk`)."""

    async def take(
        self, organisation: str, events: Sequence[bytes], *, where_from: str = "web", attempts: int = 1
    ) -> list[ReplyResult]:
        """Return what became of each; raises EngineError, StoreConflict, StoreUnavailable."""
        ...


class Webhooks:
    """Keeps the ways to all organisations on webhook going, as many as this process can hold."""

    def __init__(
        self,
        *,
        lanes: Lanes,
        directories: Directories,
        replies: Replies,
        line: Line,
        signer: Callable[[Lane, datetime], Signer],
        clock: Clock,
        bells: Bells,
        is_working_day: Callable[[date], bool],
        random: Random | None = None,
    ) -> None:
        self._lanes = lanes
        self._directories = directories
        self._replies = replies
        self._line = line
        self._signer = signer
        self._clock = clock
        self._bells = bells
        self._is_working_day = is_working_day
        self._random = random or Random()  # noqa: S311 - spreads retries, keeps no secret
        self._me: UUID = uuid4()  # new for each life of a process: a lease must not survive it
        self._ways: dict[str, tuple[Way, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # those of ways that are being given up too

    async def run(self) -> None:
        """Send until cancelled. A way that dies is opened anew, and costs no other anything."""
        try:
            while True:
                with suppress(StoreUnavailable, StoreConflict, EngineError):
                    await self._look()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            with suppress(StoreUnavailable):
                await self._lanes.let_go(self._me)

    async def _look(self) -> None:
        directory = await self._directories.current()
        wanted = {one.number: one for one in directory.on_channel(Channel.WEBHOOK)}
        held = await self._lanes.lease(self._me, list(wanted), seconds=LEASE_SECONDS) if wanted else []
        for number in self._ways.keys() - {lane.number for lane in held}:
            _, task = self._ways.pop(number)
            task.cancel()
        for lane in held:
            without = await self._withheld(directory, lane.number)
            if lane.number in self._ways:
                self._ways[lane.number][0].learn(lane, wanted[lane.number], without=without)
            else:
                self._open(lane, wanted[lane.number], without)

    async def _withheld(self, directory: Directory, number: str) -> tuple[str, ...]:
        """Return for whom nothing of this lane is sent now: an agent's others are not held with one."""
        principals = sorted(directory.acting.principals(number))
        lanes = await self._lanes.lanes(principals) if principals else {}
        return tuple(
            one
            for one in principals
            if is_held(lanes.get(one) or Lane(number=one), directory.organisation(one))
        )

    def _open(self, lane: Lane, organisation: Organisation, without: tuple[str, ...]) -> None:
        way = self._way(lane, organisation)
        way.learn(lane, organisation, without=without)  # before its first order
        task = asyncio.create_task(way.run(), name=f"webhook {lane.number}")
        self._ways[lane.number] = way, task
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(lane.number, ended))

    def _ended(self, number: str, task: asyncio.Task[None]) -> None:
        """Forget a way; one that died by itself is opened again with the next look."""
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("way.died", extra={"number": number, "where": where(innermost(error))})
        if number in self._ways and self._ways[number][1] is task:
            del self._ways[number]

    def _way(self, lane: Lane, organisation: Organisation) -> "Way":
        return Way(
            lane,
            organisation,
            lanes=self._lanes,
            replies=self._replies,
            line=self._line,
            signer=self._signer,
            clock=self._clock,
            bells=self._bells,
            is_working_day=self._is_working_day,
            random=self._random,
        )


class Way:
    """The way to one organisation, in one process."""

    def __init__(
        self,
        lane: Lane,
        organisation: Organisation,
        *,
        lanes: Lanes,
        replies: Replies,
        line: Line,
        signer: Callable[[Lane, datetime], Signer],
        clock: Clock,
        bells: Bells,
        is_working_day: Callable[[date], bool],
        random: Random,
    ) -> None:
        self._lane = lane
        self._organisation = organisation
        self._lanes = lanes
        self._replies = replies
        self._line = line
        self._signer_of = signer
        self._signer = signer(lane, clock.now())
        self._clock = clock
        self._bells = bells
        self._is_working_day = is_working_day
        self._random = random
        self._circuit = Circuit.of(lane.health, random)
        self._noted = self._circuit.health
        self._bucket = Bucket()
        self._ready: deque[Due] = deque()
        self._without: tuple[str, ...] = ()
        self._busy: set[str] = set()  # sent, or sent and not yet kept
        self._senders = 0
        self._settled: list[Settled] = []
        self._is_back = False
        self._to_send = asyncio.Event()
        self._to_keep = asyncio.Event()

    def learn(self, lane: Lane, organisation: Organisation, *, without: tuple[str, ...] = ()) -> None:
        """Take over what operators changed meanwhile; nothing is sent for those in `without`."""
        if without != self._without:
            self._without = without
            self._ready.clear()
            self._to_send.set()
        if lane.driven != self._lane.driven or organisation.endpoint != self._organisation.endpoint:
            self._circuit = Circuit(self._random, state="thawing")
            self._to_send.set()
        self._lane, self._organisation = lane, organisation
        self._signer = self._signer_of(lane, self._clock.now())

    async def run(self) -> None:
        """Send until cancelled; what was answered is kept before it ends."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep())
                while True:
                    with self._bells.hung(("feed", self._lane.number)) as bell:  # before looking
                        bell.add_done_callback(lambda _: self._to_send.set())
                        self._to_send.clear()
                        if not await self._send_some(group):
                            await self._woken()
        finally:
            with suppress(StoreUnavailable, StoreConflict):
                await self._kept()

    async def _woken(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_NEWS_SECONDS):
                await self._to_send.wait()

    def _may_send(self, now: datetime) -> bool:
        circuit = self._circuit
        circuit.woke(now)
        return not (
            circuit.stopped_at is not None
            or circuit.pause_until is not None
            or is_held(self._lane, self._organisation)
            or opens_at(self._lane.limits, now, self._is_working_day) is not None
        )

    async def _send_some(self, group: asyncio.TaskGroup) -> bool:
        """Start what may be started now; return whether more waits for it."""
        now = self._clock.now()
        if not self._may_send(now):
            self._ready.clear()
            return False
        if self._room <= 0:
            return False
        if not self._ready:
            self._ready = deque(await self._due(now))
        for _ in range(min(self._room, len(self._ready))):
            pause = self._bucket.delay(self._lane.limits.rate, asyncio.get_running_loop().time())
            if pause:
                await asyncio.sleep(pause)
            if not self._ready or not self._may_send(self._clock.now()):
                return True
            self._senders += 1
            group.create_task(self._send(self._taken_up()))
        return bool(self._ready)

    @property
    def _room(self) -> int:
        """How many more orders may be under way; fewer than none where the circuit became narrower."""
        return self._circuit.allowed(self._lane.limits) - self._senders

    def _taken_up(self) -> Due:
        order = self._ready.popleft()
        self._busy.add(order.order_id)
        return order

    def _next(self) -> Due | None:
        """Return the order that a sender may go on with at once, if there is one."""
        if (
            self._ready
            and self._room >= 0
            and self._may_send(self._clock.now())
            and self._bucket.has(self._lane.limits.rate, asyncio.get_running_loop().time())
        ):
            return self._taken_up()
        return None

    async def _due(self, now: datetime) -> list[Due]:
        is_probing = self._circuit.rounds > 0
        try:
            return await self._lanes.due(
                self._lane.number,
                now=now,
                limit=1 if is_probing else _AT_ONCE,
                busy=tuple(self._busy),
                untried=is_probing,
                without=self._without,
            )
        except StoreUnavailable:
            return []

    async def _send(self, first: Due) -> None:
        """Send this order, and one after another as long as the next may go at once."""
        order: Due | None = first
        try:
            while order is not None:
                headers = self._signer.headers(order.order_id, order.event, now=self._clock.now()) | _HEADERS
                answer = await self._line.post(self._organisation.endpoint or "", headers, order.event)
                self._settled.append(await self._judged(order, answer))
                self._to_keep.set()
                order = self._next()
                if order is None or self._room > 0:
                    self._to_send.set()
        finally:
            self._senders -= 1

    async def _judged(self, order: Due, answer: Answer) -> Settled:
        """Return what becomes of the order, and let the circuit know."""
        now = self._clock.now()
        status = answer.trouble or str(answer.status)
        match answer.status:
            case int() as code if 200 <= code < 300 or (code == 422 and answer.replies):
                self._is_back |= self._circuit.succeeded(self._lane.limits)
                return await self._taken(order, answer, status)
            case 422:
                self._is_back |= self._circuit.succeeded(self._lane.limits)
                log.error("order.aside", extra={"order_id": order.order_id, "status": status})
                return Settled(order_id=order.order_id, status=status, aside="refused")
            case 410:
                if self._circuit.stopped_at is None:
                    log.error("organisation.gone", extra={"number": self._lane.number})
                self._circuit.stopped_at = self._circuit.stopped_at or now
                self._circuit.last_status = status
                return Settled(order_id=order.order_id, status=status, counts=False)
            case 429 | 503 if answer.status == 429 or answer.retry_after is not None:
                self._circuit.told_to_wait(answer.retry_after or _PAUSE_UNASKED, status, now)
                return Settled(order_id=order.order_id, status=status, counts=False)
            case _:
                return self._failed(order, status, now)

    async def _taken(self, order: Due, answer: Answer, status: str) -> Settled:
        if answer.replies:
            try:
                await self._replies.take(
                    self._lane.number, answer.replies, where_from="webhook", attempts=order.attempts + 1
                )
            except (
                EngineError,
                StoreConflict,
                StoreUnavailable,
            ):  # ours: it is asked again, and says so again
                later = self._clock.now() + _MOMENT
                return Settled(
                    order_id=order.order_id, status="engine-unavailable", next_at=later, counts=False
                )
        return Settled(order_id=order.order_id, status=status, taken=True)

    def _failed(self, order: Due, status: str, now: datetime) -> Settled:
        was_open = self._circuit.state == "open"
        self._circuit.failed(status, now)
        extra = {"number": self._lane.number, "order_id": order.order_id, "status": status}
        if self._circuit.state == "open" and not was_open:
            log.warning("organisation.unreachable", extra=extra)
        again = next_attempt(order.attempts + 1, now, self._random)
        if again is None:
            log.error("order.aside", extra=extra)
            return Settled(order_id=order.order_id, status=status, aside="given-up")
        return Settled(order_id=order.order_id, status=status, next_at=again)

    async def _keep(self) -> None:
        while True:
            await self._to_keep.wait()
            self._to_keep.clear()
            try:
                await self._kept()
            except (StoreUnavailable, StoreConflict):
                await asyncio.sleep(_NEWS_SECONDS)
                self._to_keep.set()

    async def _kept(self) -> None:
        """Keep what was answered so far, in one statement, and how the way stands if that has changed."""
        settled, number = list(self._settled), self._lane.number
        if settled:
            await self._lanes.settle(number, settled, at=self._clock.now())
            del self._settled[: len(settled)]
            self._busy -= {one.order_id for one in settled}
            if taken := [one.order_id for one in settled if one.taken]:
                log.info("orders.delivered", extra={"number": number, "order_ids": taken})
        if (health := self._circuit.health) != self._noted:
            await self._lanes.note(number, health)
            self._noted = health
        if self._is_back:
            self._is_back = False
            again = await self._lanes.thaw(number)
            log.info("organisation.back", extra={"number": number, "orders": again})
        self._to_send.set()
