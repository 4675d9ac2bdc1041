# SPDX-License-Identifier: Apache-2.0
"""How the gate asks authorities over HTTP: bounded in time and size, following no redirects."""

from collections.abc import Mapping
from typing import Final, Protocol

import aiohttp

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024  # a CRL of one large city, with room to spare
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10, connect=3)
_CHUNK_BYTES: Final = 64 * 1024


class Unreachable(Exception):
    """The authority gave no usable answer; asking again later may help."""


class Fetch(Protocol):
    """Gets bytes from an authority."""

    async def get(self, url: str) -> bytes:
        """Return the body; raises Unreachable."""
        ...

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        """Return the body of the answer; raises Unreachable."""
        ...


class Exchange(Protocol):
    """Asks a provider, whose refusals say something too."""

    async def exchange(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Return status and body; raises Unreachable."""
        ...


class HttpFetch:
    """The real one. Its client session belongs to whoever made it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str) -> bytes:
        """Return the body; raises Unreachable."""
        return await self._ask("GET", url, b"", {})

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        """Return the body of the answer; raises Unreachable."""
        return await self._ask("POST", url, body, {"Content-Type": content_type})

    async def _ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        status, answer = await self.exchange(method, url, body=body, headers=headers)
        if status != 200:
            raise Unreachable(f"{url} answered {status}")
        return answer

    async def exchange(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Return status and body; raises Unreachable."""
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                return answer.status, await _bounded(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"{url} did not answer") from error


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Unreachable("the answer is too large")
    return bytes(body)
