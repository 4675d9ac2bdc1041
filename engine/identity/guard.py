# SPDX-License-Identifier: Apache-2.0
"""Lock-out after failures, and the count of refusals by code: what operators see of the gate.

Only keyed hashes of certificates and addresses are kept, and only a wrong signature counts against a
certificate: whoever merely has a copy of somebody's certificate cannot make more than that of it, and
a lock is short and ends no session.
"""

import hashlib
import hmac
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from engine.core.errors import CODES, EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.store import IdentityStore, Limit
from engine.ports import Clock

_QUARTER: Final = timedelta(minutes=15)
PER_CERTIFICATE: Final = Limit(failures=5, window=_QUARTER, locked=_QUARTER)
PER_CODE: Final = Limit(failures=5, window=timedelta(hours=1), locked=timedelta(hours=1))
PER_ADDRESS: Final = Limit(failures=30, window=_QUARTER, locked=timedelta(minutes=5))  # many share one
# Which failures count against what was shown, beside the address that it came from.
_COUNTED: Final = {"signature-invalid": PER_CERTIFICATE, "no-such-code": PER_CODE}
_WRITTEN_EVERY: Final = timedelta(minutes=1)  # one write a minute, however many are refused

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is trying, as far as anybody can tell: the address, empty where there is none."""

    address: str = ""


class Guard:
    """Stands beside the door."""

    def __init__(self, store: IdentityStore, clock: Clock, key: bytes) -> None:
        self._store = store
        self._clock = clock
        self._key = hmac.digest(key, b"guard", hashlib.sha256)
        self._counts: Counter[tuple[date, str]] = Counter()
        self._written_at: datetime | None = None

    @asynccontextmanager
    async def watching(
        self, caller: Caller, certificate: bytes = b"", *, handle: str = ""
    ) -> AsyncIterator[None]:
        """Let somebody try; what is refused is counted, too much of it is locked out.

        They show a certificate, or a code, whose `handle` names it.

        Raises:
            EngineError: `too-many-failures` with the seconds to wait.
        """
        address = self._name("address", caller.address.encode()) if caller.address else None
        holder = self._name("certificate", certificate) if certificate else None
        if handle:
            holder = self._name("code", handle.encode())
        await self._check([name for name in (address, holder) if name])
        try:
            yield
        except EngineError as error:
            await self._refused(error, address, holder)
            raise
        if holder:
            await self._store.clear_failures([holder])

    async def refusals(self, *, since: date) -> list[tuple[date, str, int]]:
        """Return how often each code was refused on each day, newest first."""
        await self.write()
        return await self._store.refusals(since=since)

    async def write(self) -> None:
        """Write down what was counted."""
        counts, self._counts = self._counts, Counter()
        self._written_at = self._clock.now()
        for day in sorted({day for day, _ in counts}):
            of_day = {code: count for (when, code), count in counts.items() if when == day}
            await self._store.add_refusals(day, of_day)

    async def _check(self, names: list[bytes]) -> None:
        now = self._clock.now()
        until = await self._store.locked_until(names, now) if names else None
        if until is not None:
            error = EngineError("too-many-failures", retry_after=1 + int((until - now).total_seconds()))
            await self._count(error.code, now)
            raise error

    async def _refused(self, error: EngineError, address: bytes | None, holder: bytes | None) -> None:
        now = self._clock.now()
        await self._count(error.code, now)
        if CODES[error.code].status >= 500:
            return  # not their fault
        if address:
            await self._store.add_failure(address, PER_ADDRESS, at=now)
        if holder and error.code in _COUNTED:
            await self._store.add_failure(holder, _COUNTED[error.code], at=now)

    async def _count(self, code: str, now: datetime) -> None:
        log.info("gate.refused", extra={"code": code})
        self._counts[now.date(), code] += 1
        if self._written_at is None or now - self._written_at >= _WRITTEN_EVERY:
            await self.write()

    def _name(self, what: str, value: bytes) -> bytes:
        return hmac.digest(self._key, what.encode() + b"\0" + value, hashlib.sha256)
