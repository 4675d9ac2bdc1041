# SPDX-License-Identifier: Apache-2.0
"""How takers on the embedded bus learn that something arrived.

One connection per process listens, for all its queues; one query tells which of them have
something. It runs after a NOTIFY, and once a second besides: a notification is lost while nobody
listens, so it may only be a hint.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import asyncpg

from engine.postgres import FOREIGN

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_CHANNEL: Final = "todoke_bus"
_ANSWER_SECONDS: Final = 10.0
_WITH_SOMETHING = """
select queue from unnest($1::text[]) as queue
where exists (
    select from engine.outbox
    where destination = queue and (claimed_until is null or claimed_until < clock_timestamp())
)
"""

log = logging.getLogger(__name__)


class Bells:
    """One bell for each taker that waits."""

    def __init__(self) -> None:
        self._hung: dict[str, set[asyncio.Event]] = {}

    def hang(self, queue: str) -> asyncio.Event:
        """Return a new bell that rings when something is in the queue."""
        bell = asyncio.Event()
        self._hung.setdefault(queue, set()).add(bell)
        return bell

    def take_down(self, queue: str, bell: asyncio.Event) -> None:
        """Ring no more for this taker."""
        bells = self._hung[queue]
        bells.discard(bell)
        if not bells:
            del self._hung[queue]

    def ring(self, queues: Iterable[str]) -> None:
        """Wake those who wait at these queues."""
        for queue in set(queues):
            for bell in self._hung.get(queue, ()):
                bell.set()

    def queues(self) -> list[str]:
        """Return the queues at which somebody waits."""
        return sorted(self._hung)


class Watch:
    """Rings the bells for what other processes put into the queues."""

    hint: Final = f"notify {_CHANNEL}"

    def __init__(self, pool: asyncpg.Pool, bells: Bells, *, look_seconds: float) -> None:
        self._pool = pool
        self._bells = bells
        self._look_seconds = look_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if it has not begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="bus watch")

    async def stop(self) -> None:
        """Return when the connection is back in the pool."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        """Listen on one connection until it is lost, then on the next, until stopped."""
        while True:
            try:
                async with self._pool.acquire(timeout=_ANSWER_SECONDS) as connection:
                    await self._listen(connection)
            except FOREIGN as error:
                log.warning("bus.listener_lost", extra={"error": type(error).__name__})
            self._bells.ring(self._bells.queues())  # they look for themselves meanwhile
            await asyncio.sleep(self._look_seconds)

    async def _listen(self, connection: "PoolConnectionProxy") -> None:
        heard = asyncio.Event()

        def on_notice(*_: object) -> None:
            heard.set()

        await connection.add_listener(_CHANNEL, on_notice)
        connection.add_termination_listener(on_notice)
        try:
            while not connection.is_closed():
                await self._look(connection)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_seconds):
                        await heard.wait()
                heard.clear()
        finally:
            connection.remove_termination_listener(on_notice)
            await connection.remove_listener(_CHANNEL, on_notice)

    async def _look(self, connection: "PoolConnectionProxy") -> None:
        if queues := self._bells.queues():
            rows = await connection.fetch(_WITH_SOMETHING, queues, timeout=_ANSWER_SECONDS)
            self._bells.ring(row["queue"] for row in rows)
