# SPDX-License-Identifier: Apache-2.0
"""The webhook channel: the engine brings orders to this address. Replies go to the engine over HTTP.

A request is answered when its order is in the ledger (202), or when it never will be (422). Whatever
happens before that, the engine brings the order again under the same id, and the ledger knows it.
"""

import asyncio
import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from connectors.channels.signature import Verifier
from connectors.sdk.transport import Incoming, Outgoing, Result, Transport
from engine.border.envelope import MAX_BATCH_BYTES, parse_order
from engine.core.errors import EngineError
from engine.ports import Clock

PATH: Final = "/todoke/orders"
_MOST_WAITING: Final = 256  # more is asked to come again
_ANSWER_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 5

log = logging.getLogger(__name__)


class WebhookTransport:
    """A small web server for one connector. Put a proxy with TLS in front of it."""

    def __init__(self, replies: Transport, *, trusted: Sequence[str], clock: Clock, path: str = PATH) -> None:
        """`replies` is the way back (`PullTransport`); `trusted` are `whsec_…` secrets and `whpk_…` keys.

        Raises:
            EngineError: `invalid-webhook-key`.
        """
        self._replies = replies
        self._verifier = Verifier(trusted)
        self._clock = clock
        self._waiting: list[Incoming] = []
        self._came = asyncio.Event()
        app = web.Application(client_max_size=MAX_BATCH_BYTES)
        app.router.add_post(path, self._receive)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)

    async def listen(self, host: str, port: int) -> int:
        """Begin to listen; return the port, which is a free one for 0."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return int(self._runner.addresses[0][1])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def take(self, *, wait_seconds: float) -> list[Incoming]:
        """Return what was brought, waiting a while for the first."""
        if not self._waiting:
            self._came.clear()
            try:
                async with asyncio.timeout(wait_seconds):
                    await self._came.wait()
            except TimeoutError:
                return []
        taken, self._waiting = self._waiting, []
        return taken

    async def acknowledge(self, incoming: Sequence[Incoming]) -> None:
        """Answer 202: it is kept."""
        _answer(incoming, 202)

    async def turn_away(self, incoming: Sequence[Incoming]) -> None:
        """Answer 422: it cannot be read; the engine's operators see it."""
        _answer(incoming, 422)

    async def send(self, replies: Sequence[Outgoing]) -> list[Result]:
        """Hand over replies as the pull channel does."""
        return await self._replies.send(replies)

    async def close(self) -> None:
        """Stop listening; whoever still waits for an answer comes again."""
        await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            named = self._verifier.verified(request.headers, body, now=self._clock.now())
            event = parse_order(body)
        except EngineError as error:
            log.warning("webhook.refused", extra={"code": error.code})
            return web.Response(status=401 if error.code.startswith("not-signed") else 422)
        if event.id != named:
            return web.Response(status=422)
        if len(self._waiting) >= _MOST_WAITING:
            return web.Response(status=429, headers={"Retry-After": str(_RETRY_SECONDS)})
        verdict: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(Incoming(body, verdict))
        self._came.set()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return web.Response(status=await verdict)
        except TimeoutError:
            return web.Response(status=503)


def _answer(incoming: Sequence[Incoming], status: int) -> None:
    for one in incoming:
        if isinstance(one.token, asyncio.Future) and not one.token.done():
            one.token.set_result(status)
