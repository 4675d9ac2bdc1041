# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens of people who came in. Only a keyed hash is kept: a copy of the table opens nothing."""

import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.core.errors import EngineError
from engine.core.standing import Standing
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.acting import Acting
from engine.identity.store import Credential, IdentityStore, SessionRow
from engine.ports import Clock

LASTS: Final = timedelta(hours=8)
IDLE: Final = timedelta(minutes=30)
_SEEN_EVERY: Final = timedelta(minutes=1)  # a write for each minute of use, not for each request
_TOKEN_BYTES: Final = 32
_MAX_TOKEN_CHARS: Final = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionToken:
    """What the person carries from now on. Shown once, kept by nobody here."""

    token: str = field(repr=False)
    expires_at: datetime
    person: UUID


@dataclass(frozen=True, slots=True)
class Session:
    """Who is at the door. `roles`: `operator`, `counter`, `organisation:{number}`.

    `acting` is there where they act in another's place. Who has come with the code of one case
    (`only_case`) sees that case, and does nothing.
    """

    person: UUID
    credential: Credential
    roles: frozenset[str]
    authenticated_at: datetime
    expires_at: datetime
    acting: Acting | None = None
    only_case: UUID | None = None

    @property
    def subject(self) -> UUID:
        """Whose case it is about: the person's own, or that of whom they act for."""
        return self.acting.subject if self.acting else self.person

    @property
    def standing(self) -> Standing:
        """How the person at the door stands to the subject."""
        return self.acting.standing if self.acting else Standing.OWN


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, store: IdentityStore, clock: Clock, key: bytes, *others: bytes) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        # While the key is being changed: sessions that began under another one go on.
        self._known_by = (key, *others)

    async def begin(self, person: UUID, credential: Credential, *, not_after: datetime) -> SessionToken:
        """Return the token of a new session, which never outlives the certificate."""
        now = self._clock.now()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        expires_at = min(now + LASTS, not_after)
        await self._store.add_session(
            SessionRow(_hash(self._key, token), person, credential, now, now, expires_at)
        )
        log.info("session.began", extra={"person": str(person)})
        return SessionToken(token, expires_at, person)

    async def find(self, token: str) -> Session:
        """Return the live session; raises `not-signed-in`."""
        now = self._clock.now()
        row = await self._row(token) if len(token) <= _MAX_TOKEN_CHARS else None
        if row is None or now >= row.expires_at or now - row.seen_at >= IDLE:
            raise EngineError("not-signed-in")
        if now - row.seen_at >= _SEEN_EVERY:
            await self._store.see_session(row.token_hash, now)
        roles = await self._store.roles(row.person)
        return Session(row.person, row.credential, roles, row.authenticated_at, row.expires_at)

    async def renew(self, token: str) -> Session:
        """Return the session, noting that its person has been proven again; raises `not-signed-in`."""
        session = await self.find(token)
        now = self._clock.now()
        for key in self._known_by:
            await self._store.renew_session(_hash(key, token), now)
        log.info("session.proven", extra={"person": str(session.person)})
        return replace(session, authenticated_at=now)

    async def end(self, token: str) -> None:
        """End the session; an unknown one is already over."""
        for key in self._known_by:
            await self._store.end_session(_hash(key, token))

    async def _row(self, token: str) -> SessionRow | None:
        for key in self._known_by:
            row = await self._store.session(_hash(key, token))
            if row is not None:
                return row
        return None


def _hash(key: bytes, token: str) -> bytes:
    return hmac.digest(key, token.encode("utf-8", "surrogatepass"), hashlib.sha256)
