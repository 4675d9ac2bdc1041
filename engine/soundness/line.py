# SPDX-License-Identifier: Apache-2.0
"""What is asked of others only when the operator wants it: where revocation is asked, and what time it is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from engine.clock import SystemClock
from engine.identity.trust import TrustStore
from engine.soundness.findings import Finding
from engine.soundness.place import clocks

_SECONDS: Final = 5.0
_SKEW: Final = timedelta(seconds=5)  # a Date header has whole seconds, and the way takes its time


async def revocation(store: TrustStore) -> AsyncIterator[Finding]:
    """Find responders and lists of the roots that do not take a connection."""
    urls = {url for root in store.roots for url in (root.ocsp_url, *root.crl_urls.values()) if url}
    for host, port in sorted({_place(url) for url in urls}):
        try:
            async with asyncio.timeout(_SECONDS):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
        except OSError as error:
            yield Finding("revocation-unreachable", f"{host}:{port} {type(error).__name__}")


async def time_of(session: aiohttp.ClientSession, url: str) -> AsyncIterator[Finding]:
    """Find a clock of ours that differs from that of a web server, by its Date header."""
    clock = SystemClock()
    before = clock.now()
    try:
        async with asyncio.timeout(_SECONDS), session.head(url) as answer:
            theirs = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (aiohttp.ClientError, OSError, KeyError, ValueError) as error:
        yield Finding("clock-skew", f"{urlsplit(url).hostname} did not say the time: {type(error).__name__}")
        return
    ours = before + (clock.now() - before) / 2
    for one in clocks(theirs - ours, to=str(urlsplit(url).hostname), allowed=_SKEW):
        yield one


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
