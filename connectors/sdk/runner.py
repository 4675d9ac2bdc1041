# SPDX-License-Identifier: Apache-2.0
"""Runs a connector: receives orders, works on them, sends replies; each by itself, joined by the ledger.

An order is acknowledged once it is in the ledger, worked on from there, and its replies are sent
from there. So it does not matter where the program dies: what was kept goes on, the rest comes again.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, Final

from connectors.sdk.connector import Connector, OrganisationClosed, OrganisationUnavailable
from connectors.sdk.desk import Desk, Work
from connectors.sdk.keys import EngineKeys, OwnKeys
from connectors.sdk.ledger import Entry, FollowUp, Ledger, Taken
from connectors.sdk.outbox import Outbox
from connectors.sdk.replies import Reply
from connectors.sdk.transport import EngineDoor, EngineUnavailable, Incoming, NotTaken, Transport
from connectors.sdk.work import carried_out, followed_up
from engine.border.envelope import Opened, open_order
from engine.border.sealing import Opener, Sealer
from engine.core.errors import EngineError
from engine.ports import Clock

_WAIT_SECONDS: Final = 20.0
_LOOK_EVERY_SECONDS: Final = 1.0  # for what the clock alone brings: retries and follow-ups
_BREATH_SECONDS: Final = 0.1  # an engine that answers at once with nothing is not asked without end
_LAST_WORD_SECONDS: Final = 10.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_LONGEST_DELAY_SECONDS: Final = 3600.0

log = logging.getLogger(__name__)


class Runner:
    """One connector at work."""

    def __init__(
        self,
        connector: Connector,
        *,
        transport: Transport,
        door: EngineDoor,
        keys: OwnKeys,
        ledger: Ledger,
        clock: Clock,
        random: Random | None = None,
        at_once: int = 8,
    ) -> None:
        self._connector = connector
        self._transport = transport
        self._door = door
        self._ledger = ledger
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - spreads retries, keeps no secret
        self._at_once = at_once
        self._engine = EngineKeys()
        self._opener = Opener(keys.decryption, self._engine.verification)
        source = f"/organisations/{connector.number}"
        sealer = Sealer(keys.signing, kid=keys.kid, source=source, clock=clock)
        self._outbox = Outbox(
            ledger=ledger, sealer=sealer, transport=transport, door=door, engine=self._engine
        )
        self._held: list[Incoming] = []  # taken, but not in the ledger yet
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failure: BaseException | None = None
        self._to_work = asyncio.Event()
        self._to_send = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then finish what has begun and say what there is to say."""
        async with asyncio.TaskGroup() as group:
            receiving = group.create_task(self._again(self._receive, None))
            sending = group.create_task(self._again(self._outbox.send_once, self._to_send))
            group.create_task(self._work(stop))
            await stop.wait()
            receiving.cancel()
            sending.cancel()
        try:
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                while await self._outbox.send_once():
                    pass
        except (EngineUnavailable, NotTaken, TimeoutError) as error:
            log.info("replies.kept", extra={"code": str(error)})  # for the next start

    async def run_once(self, *, wait_seconds: float = 0.0) -> None:
        """Receive, work and send once: all of the above in a straight line."""
        await self._receive_once(wait_seconds)
        while await self._start():
            await asyncio.wait(self._running.values())
        while await self._outbox.send_once():
            pass

    async def reply(self, reference: str, *replies: Reply) -> None:
        """Answer a filing when there is news, from anywhere in the program.

        Raises:
            KeyError: no order was worked on under this reference.
        """
        await asyncio.to_thread(self._ledger.news, reference, Work(replies), self._clock.now())
        self._to_send.set()

    # --- receiving ---------------------------------------------------------------------------------

    async def _receive(self) -> int:
        return await self._receive_once(_WAIT_SECONDS)

    async def _receive_once(self, wait_seconds: float) -> int:
        # A broker does not bring again what it brought while we are connected.
        incoming = self._held = self._held or await self._transport.take(wait_seconds=wait_seconds)
        read: list[tuple[Incoming, Opened]] = []
        unread: list[Incoming] = []
        for one in incoming:
            try:
                read.append((one, await self._opened(one.event)))
            except EngineError as error:
                log.error("order.unreadable", extra={"code": error.code})  # noqa: TRY400 - by its code
                unread.append(one)
        verdicts = await asyncio.to_thread(
            self._ledger.take_in, [opened for _, opened in read], self._clock.now()
        )
        self._held = []
        for (_, opened), verdict in zip(read, verdicts, strict=True):
            level = logging.ERROR if verdict is Taken.ALTERED else logging.INFO
            log.log(level, "order.received", extra={"order_id": opened.event.id, "verdict": verdict.value})
        pairs = list(zip((one for one, _ in read), verdicts, strict=True))
        unread += [one for one, verdict in pairs if verdict is Taken.ALTERED]
        await self._transport.turn_away(unread)
        await self._transport.acknowledge([one for one, verdict in pairs if verdict is not Taken.ALTERED])
        self._to_work.set()
        self._to_send.set()
        return len(incoming)

    async def _opened(self, event: bytes) -> Opened:
        """Return the order; a signature by a key we have not met makes us ask for the keys again."""
        try:
            return open_order(event, self._opener)
        except EngineError as error:
            if error.code != "seal-unknown-signer":
                raise
            self._engine.learn(await self._door.keys())
            return open_order(event, self._opener)

    # --- working -----------------------------------------------------------------------------------

    async def _work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._to_work.clear()
            await self._start()
            await self._woken(stop)
        if self._running:
            _, unfinished = await asyncio.wait(self._running.values(), timeout=_LAST_WORD_SECONDS)
            for task in unfinished:  # its order stays begun, and is worked on again
                task.cancel()

    async def _woken(self, stop: asyncio.Event) -> None:
        """Return when an order came, one was finished, we are to stop, or the clock may have moved on."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self._to_work, stop)]
        try:
            await asyncio.wait(waits, timeout=_LOOK_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _start(self) -> int:
        """Start on what is ready, up to `at_once` filings together; return how many are being worked on."""
        if self._failure is not None:
            raise self._failure  # not the connector's: the ledger cannot be written
        now = self._clock.now()
        if room := self._at_once - len(self._running):
            begin = partial(self._ledger.begin, now, busy=tuple(self._running), limit=room)
            for entry in await asyncio.to_thread(begin):
                self._go(entry, self._handle(entry))
        if room := self._at_once - len(self._running):
            look = partial(self._ledger.follow_ups, now, busy=tuple(self._running), limit=room)
            for due in await asyncio.to_thread(look):
                self._go(due.entry, self._follow_up(due))
        return len(self._running)

    def _go(self, entry: Entry, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running[entry.reference] = task
        task.add_done_callback(partial(self._done, entry))

    def _done(self, entry: Entry, task: asyncio.Task[None]) -> None:
        del self._running[entry.reference]
        self._to_work.set()
        self._to_send.set()
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failure = failure

    async def _handle(self, entry: Entry) -> None:
        # gather hands over whatever the connector raised: one order must not stop the others.
        (failure,) = await asyncio.gather(self._carry_out(entry), return_exceptions=True)
        if failure is not None:
            untouched = isinstance(failure, OrganisationClosed)
            until = self._clock.now() + self._delay(entry, failure)
            await asyncio.to_thread(partial(self._ledger.put_off, entry, until, untouched=untouched))

    async def _carry_out(self, entry: Entry) -> None:
        work = await carried_out(self._connector, entry, self._desk(entry))
        if await asyncio.to_thread(self._ledger.keep, entry, work, self._clock.now()):
            log.info("order.done", extra={"order_id": entry.id, "replies": len(work.replies)})

    async def _follow_up(self, due: FollowUp) -> None:
        (failure,) = await asyncio.gather(self._carry_on(due), return_exceptions=True)
        if failure is not None:
            until = self._clock.now() + self._delay(due.entry, failure)
            await asyncio.to_thread(self._ledger.put_off_follow_up, due, until)

    async def _carry_on(self, due: FollowUp) -> None:
        work = await followed_up(self._connector, due.entry, self._desk(due.entry))
        if await asyncio.to_thread(self._ledger.keep_follow_up, due, work, self._clock.now()):
            log.info("filing.followed-up", extra={"order_id": due.entry.id, "replies": len(work.replies)})

    def _desk(self, entry: Entry) -> Desk:
        return Desk(self._clock, self.reply, notes=dict(entry.notes), effects=set(entry.effects))

    def _delay(self, entry: Entry, failure: BaseException) -> timedelta:
        """Return how long to wait before the next attempt; the reason goes into the log."""
        match failure:
            case OrganisationClosed(minutes=float() | int() as minutes):
                log.info("organisation.closed", extra={"order_id": entry.id, "minutes": minutes})
                return timedelta(minutes=minutes)
            case OrganisationClosed() | OrganisationUnavailable():
                log.warning("organisation.unavailable", extra={"order_id": entry.id})
            case _:
                extra = {"order_id": entry.id, "error": type(failure).__name__, "at": _place(failure)}
                log.error("order.failed", extra=extra)
        return timedelta(seconds=_jittered(self._random, entry.attempts, _LONGEST_DELAY_SECONDS))

    # --- again and again ---------------------------------------------------------------------------

    async def _again(self, step: Callable[[], Coroutine[Any, Any, int]], wake: asyncio.Event | None) -> None:
        """Repeat a step; pause longer and longer while the engine is out of reach."""
        failures = 0
        while True:
            if wake is not None:
                wake.clear()
            try:
                handled = await step()
            except (EngineUnavailable, NotTaken) as error:
                failures += 1
                pause = _jittered(self._random, failures, _LONGEST_PAUSE_SECONDS)
                log.warning("engine.unavailable", extra={"code": str(error), "seconds": round(pause, 1)})
                await asyncio.sleep(pause)
                continue
            failures = 0
            if not handled:
                await (wake.wait() if wake is not None else asyncio.sleep(_BREATH_SECONDS))


def _jittered(random: Random, failures: int, most: float) -> float:
    """Return a pause somewhere up to twice the last bound (full jitter): not all come back together."""
    return random.uniform(0.1, min(most, 2.0 ** min(failures, 16)))


def _place(error: BaseException) -> str:
    """Return where it was raised; never its text, which may hold what a citizen wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].name}:{frames[-1].lineno}" if frames else "unknown"
