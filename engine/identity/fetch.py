# SPDX-License-Identifier: Apache-2.0
"""How the gate asks authorities over HTTP: bounded in time and size, following no redirects."""

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


class HttpFetch:
    """The real one. Its client session belongs to whoever made it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str) -> bytes:
        """Return the body; raises Unreachable."""
        return await self._ask("GET", url, None, {})

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        """Return the body of the answer; raises Unreachable."""
        return await self._ask("POST", url, body, {"Content-Type": content_type})

    async def _ask(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise Unreachable(f"{url} answered {answer.status}")
                return await _bounded(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"{url} did not answer") from error


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise Unreachable("the answer is too large")
    return bytes(body)
