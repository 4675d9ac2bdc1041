# SPDX-License-Identifier: Apache-2.0
"""The pull channel: the connector asks the engine for orders over HTTP. It needs no open port."""

import hashlib
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from connectors.sdk.keys import OwnKeys
from connectors.sdk.transport import EngineUnavailable, Incoming, NotTaken, Outgoing, Result
from engine.border.envelope import (
    BATCH_MEDIA_TYPE,
    EVENT_MEDIA_TYPE,
    packed,
    parse_order,
    unpacked,
)
from engine.border.tokens import organisation_token
from engine.core.errors import EngineError
from engine.ports import Clock

_LIMIT: Final = 100
_GRACE_SECONDS: Final = 15.0  # what an answer may take beyond the time we asked the engine to wait
_UPLOAD_SECONDS: Final = 600.0  # 25 MiB over a slow line
_TOKEN_KEPT_FOR: Final = timedelta(seconds=200)  # it is good for 300
_LOOK_AGAIN: Final = timedelta(minutes=5)
# What the engine says about the message and will say again; everything else may pass.
_FINAL: Final = frozenset({400, 409, 413, 415, 422})


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


log = logging.getLogger(__name__)

A = TypeVar("A", bound=_Answer)


class _Results(_Answer):
    class _Result(_Answer):
        id: str
        outcome: str
        code: str | None = None

    results: list[_Result]


class _Ticket(_Answer):
    ticket: str


class _Problem(_Answer):
    code: str = "unknown"


class PullTransport:
    """The engine's `organisation/…` resources, for one organisation. Also its door for uploads."""

    def __init__(
        self,
        base: str,
        *,
        number: str,
        keys: OwnKeys,
        clock: Clock,
        audience: str | None = None,
    ) -> None:
        self._base = base.rstrip("/")
        self._audience = audience or self._base
        self._number = number
        self._keys = keys
        self._clock = clock
        self._session = aiohttp.ClientSession()
        self._token = ""
        self._token_until: datetime | None = None
        self._after = ""
        self._after_until: datetime | None = None
        self._passed_over: set[str] = set()

    async def take(self, *, wait_seconds: float) -> list[Incoming]:
        """Return orders not yet acknowledged; those turned away lately are passed over.

        When more lie behind than were turned away, the next look begins at the start.
        """
        if self._after_until and self._after_until <= self._clock.now():
            self._look_from_the_start()
        query = {"limit": str(_LIMIT), "wait": str(int(wait_seconds))}
        if self._after:
            query["after"] = self._after
        timeout = wait_seconds + _GRACE_SECONDS
        async with self._asked("GET", "/v1/organisation/orders", params=query, timeout=timeout) as answer:
            events = unpacked(await answer.read())
            cursor = answer.headers.get("Todoke-After", "")
            behind = answer.headers.get("Todoke-Left-Behind", "0")
        if behind.isascii() and behind.isdigit() and int(behind) > len(self._passed_over):
            log.warning("orders.left-behind", extra={"orders": int(behind)})
            self._look_from_the_start()
        return [Incoming(event, cursor) for event in events]

    async def acknowledge(self, incoming: Sequence[Incoming]) -> None:
        """Acknowledge by order id."""
        await self.acknowledge_named([parse_order(one.event).id for one in incoming])

    async def acknowledge_named(self, order_ids: Sequence[str]) -> None:
        """Acknowledge orders whose envelopes the caller has read itself."""
        if order_ids:
            body = {"orderIds": list(order_ids)}
            async with self._asked("POST", "/v1/organisation/orders/acks", json=body):
                pass

    async def turn_away(self, incoming: Sequence[Incoming]) -> None:
        """Read on behind them. They are looked at again after some minutes: keys may have changed."""
        for one in incoming:
            if isinstance(one.token, str) and one.token:
                self._after, self._after_until = one.token, self._clock.now() + _LOOK_AGAIN
                self._passed_over.add(hashlib.sha256(one.event).hexdigest())

    def _look_from_the_start(self) -> None:
        self._after, self._after_until = "", None
        self._passed_over.clear()

    async def send(self, replies: Sequence[Outgoing]) -> list[Result]:
        """Send the replies; a batch that is refused as a whole is sent one by one."""
        results: list[Result] = []
        left = list(replies)
        for batch in packed(reply.event for reply in replies):
            part, left = left[: len(unpacked(batch))], left[len(unpacked(batch)) :]
            results += await self._send(part, batch)
        return results

    async def keys(self) -> dict[str, Any]:
        """Return the engine's JWK Set."""
        async with self._asked("GET", "/v1/keys") as answer:
            try:
                jwks: dict[str, Any] = json.loads(await answer.read())
            except ValueError as error:
                raise EngineUnavailable("keys") from error
        return jwks

    async def statement(self, month: str) -> str:
        """Return the engine's signed statement of a month; raises `EngineUnavailable`, `NotTaken`."""
        async with self._asked("GET", f"/v1/organisation/statements/{month}") as answer:
            return (await answer.read()).decode("ascii", errors="replace")

    async def upload(self, content: bytes) -> str:
        """Ask for a ticket and upload under it."""
        announced = {"sizeBytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        async with self._asked("POST", "/v1/organisation/uploads", json=announced) as answer:
            ticket = _read(_Ticket, await answer.read()).ticket
        path = f"/v1/organisation/uploads/{ticket}"
        async with self._asked(
            "PUT", path, data=content, content_type="application/octet-stream", timeout=_UPLOAD_SECONDS
        ):
            return ticket

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _send(self, part: Sequence[Outgoing], batch: bytes) -> list[Result]:
        alone = len(part) == 1
        body, kind = (part[0].event, EVENT_MEDIA_TYPE) if alone else (batch, BATCH_MEDIA_TYPE)
        try:
            path = "/v1/organisation/replies"
            async with self._asked("POST", path, data=body, content_type=kind) as answer:
                said = _read(_Results, await answer.read()).results
        except NotTaken as refused:
            if alone:
                return [Result(part[0].id, "refused", refused.code)]
            return [result for one in part for result in await self._send([one], one.event)]
        return [Result(one.id, one.outcome, one.code) for one in said]

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        path: str,
        *,
        content_type: str = "application/json",
        timeout: float = 30.0,
        **options: Any,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield a good answer; translate every other one."""
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        if method != "GET":
            headers["Content-Type"] = content_type
        try:
            async with self._session.request(
                method,
                self._base + path,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
                **options,
            ) as answer:
                if answer.status == 401:
                    self._token_until = None
                if answer.status >= 300:
                    raise await _trouble(answer)
                yield answer
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineUnavailable(type(error).__name__) from error
        except EngineError as error:  # what came is no batch of events
            raise EngineUnavailable(error.code) from error

    def _bearer(self) -> str:
        now = self._clock.now()
        if self._token_until is None or now >= self._token_until:
            self._token = organisation_token(
                self._keys.signing, kid=self._keys.kid, number=self._number, audience=self._audience, now=now
            )
            self._token_until = now + _TOKEN_KEPT_FOR
        return self._token


async def _trouble(answer: aiohttp.ClientResponse) -> Exception:
    try:
        code = _Problem.model_validate_json(await answer.read()).code
    except ValidationError:
        code = "unknown"
    if answer.status in _FINAL:
        return NotTaken(code)
    return EngineUnavailable(f"{answer.status} {code}")


def _read(model: type[A], raw: bytes) -> A:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise EngineUnavailable("not the answer of an engine") from error
