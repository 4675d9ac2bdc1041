# SPDX-License-Identifier: Apache-2.0
"""The way out for webhooks: one POST, one answer, whatever happens in between told in a word."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

import aiohttp

from connectors.channels.guard import AddressRefused, Guard
from engine.border.envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE, MAX_BATCH_BYTES, unpacked
from engine.core.errors import EngineError
from engine.ports import Clock

_ANSWER_SECONDS: Final = 20.0  # Standard Webhooks: 15 to 30
_CONNECT_SECONDS: Final = 10.0
_NAMES_KEPT_SECONDS: Final = 10
_DIGITS: Final = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is None where nothing did, and `trouble` says why."""

    status: int | None
    trouble: str | None = None
    replies: tuple[bytes, ...] = field(default=(), repr=False)
    retry_after: timedelta | None = None


class Line(Protocol):
    """Sends one message."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return what was answered; never raises for what the other side does."""
        ...


class HttpLine:
    """The real one. Connections are looked at by the guard, one by one; redirections are not followed."""

    def __init__(self, guard: Guard, clock: Clock, *, answer_seconds: float = _ANSWER_SECONDS) -> None:
        self._guard = guard
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(
            total=answer_seconds, connect=min(answer_seconds, _CONNECT_SECONDS)
        )
        # No bound over all organisations: each has its own, and a dead one must not take the places.
        self._secure = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, socket_factory=guard.socket, ttl_dns_cache=_NAMES_KEPT_SECONDS
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._plain = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, socket_factory=guard.plain_socket, ttl_dns_cache=_NAMES_KEPT_SECONDS
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return what was answered."""
        try:
            session = self._plain if self._guard.is_plain(url) else self._secure
            async with session.post(
                url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as answer:
                return await self._read(answer)
        except AddressRefused:
            return Answer(None, "address-refused")
        except aiohttp.ClientConnectorError as error:
            return Answer(
                None, "address-refused" if isinstance(error.os_error, AddressRefused) else "connection"
            )
        except TimeoutError:
            return Answer(None, "timeout")
        except (aiohttp.ClientError, ValueError):  # ValueError: an address that only its owner can read
            return Answer(None, "connection")

    async def close(self) -> None:
        """Close the connections."""
        await self._secure.close()
        await self._plain.close()

    async def _read(self, answer: aiohttp.ClientResponse) -> Answer:
        retry_after = _retry_after(answer.headers.get("Retry-After", ""), self._clock.now())
        if answer.content_type not in {BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE}:
            return Answer(answer.status, retry_after=retry_after)
        body = await _at_most(answer, MAX_BATCH_BYTES)
        if body is None:
            return Answer(None, "answer-too-large")
        try:
            replies = unpacked(body) if answer.content_type == BATCH_MEDIA_TYPE else (body,)
        except EngineError:
            return Answer(None, "answer-malformed")
        return Answer(answer.status, replies=replies, retry_after=retry_after)


async def _at_most(answer: aiohttp.ClientResponse, most: int) -> bytes | None:
    pieces: list[bytes] = []
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        most -= len(piece)
        if most < 0:
            return None
    return b"".join(pieces)


def _retry_after(text: str, now: datetime) -> timedelta | None:
    """Return the pause that a `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3)."""
    if _DIGITS.fullmatch(text):
        return timedelta(seconds=int(text))
    try:
        return max(parsedate_to_datetime(text) - now, timedelta(0))
    except (ValueError, TypeError, OverflowError):  # a date without a zone; a year that no clock knows
        return None
