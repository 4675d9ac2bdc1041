# SPDX-License-Identifier: Apache-2.0
"""What stays open: event streams and long polls. Each ends at once when the service stops."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager, suppress
from inspect import isasyncgen
from typing import Any, Final, TypeVar
from uuid import UUID

from aiohttp import web

from engine.core.errors import EngineError
from engine.core.views import CaseView
from engine.telemetry import trace
from engine.web import codes as _codes  # noqa: F401 - registers the codes raised here

MEDIA_TYPE: Final = "text/event-stream"
_RETRY: Final = b"retry: 2000\n\n"  # milliseconds until a browser connects again
_BEAT: Final = b": still here\n\n"

T = TypeVar("T")

log = logging.getLogger(__name__)


class Streams:
    """Counts what is open, and tells it to end."""

    def __init__(self, *, per_person: int, most: int) -> None:
        self._per_person = per_person
        self._most = most
        self._open: Counter[UUID] = Counter()
        self._closing = asyncio.Event()

    @property
    def are_closing(self) -> bool:
        """Whether the service stops."""
        return self._closing.is_set()

    def close(self) -> None:
        """End everything that is open, and let nothing new stay open."""
        self._closing.set()

    @contextmanager
    def place(self, person: UUID) -> Iterator[None]:
        """Take one of the person's places; raises `too-many-streams`, `unavailable`."""
        if self.are_closing:
            raise EngineError("unavailable")
        if self._open[person] >= self._per_person or self._open.total() >= self._most:
            raise EngineError("too-many-streams", limit=self._per_person)
        self._open[person] += 1
        try:
            yield
        finally:
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]

    async def until_closing(self, work: Coroutine[Any, Any, T], *, otherwise: T) -> T:
        """Return what the work returns, or `otherwise` when the service stops first."""
        task = asyncio.create_task(work)
        await self.first_of(task, seconds=None)
        return task.result() if task.done() and not task.cancelled() else otherwise

    async def first_of(self, *tasks: asyncio.Task[Any], seconds: float | None) -> None:
        """Wait until one task ends, the time is over, or the service stops; then end all of them."""
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({*tasks, closing}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, closing):
                task.cancel()
            await asyncio.gather(*tasks, closing, return_exceptions=True)

    async def send(
        self,
        request: web.Request,
        views: AsyncIterator[CaseView],
        *,
        heartbeat_seconds: float,
        seconds: float,
    ) -> web.StreamResponse:
        """Send each view as a server-sent event whose id is its version, until one side ends it.

        A reader that has gone away is no error. When the views break off, the stream ends, and the
        reader comes again after its last event.
        """
        response = web.StreamResponse(
            headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        delivering = asyncio.create_task(_deliver(response, views))
        beating = asyncio.create_task(_beat(response, heartbeat_seconds))
        await self.first_of(delivering, beating, seconds=seconds)
        with suppress(ConnectionError):
            await response.write_eof()
        for task in (delivering, beating):
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, ConnectionError):
                log.error("stream.broken", extra={"error": type(error).__name__, "trace": trace.get()})
        return response


async def _deliver(response: web.StreamResponse, views: AsyncIterator[CaseView]) -> None:
    try:
        await response.write(_RETRY)
        async for view in views:
            data = view.model_dump_json(by_alias=True)  # one line: JSON escapes line breaks
            await response.write(f"id: {view.version}\nevent: case\ndata: {data}\n\n".encode())
    finally:
        if isasyncgen(views):
            await views.aclose()


async def _beat(response: web.StreamResponse, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await response.write(_BEAT)
