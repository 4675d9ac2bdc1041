# SPDX-License-Identifier: Apache-2.0
"""Coming in: by a signed challenge or by the app, for a session, a second proof, or another credential."""

import logging
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.app import AppDoor, Coming, Going
from engine.identity.challenges import CHALLENGE_LASTS, Challenge, Purpose, new_nonce
from engine.identity.examiner import Examined, Examiner
from engine.identity.guard import Caller, Guard
from engine.identity.linking import Linking
from engine.identity.sessions import LASTS, Session, Sessions, SessionToken
from engine.identity.store import Credential, IdentityStore
from engine.ports import Clock, Ids

_IN_A_SESSION: Final = frozenset({Purpose.LINK, Purpose.STEP_UP})
NOBODY: Final = Caller()

log = logging.getLogger(__name__)


class Entering:
    """The 利用者証明用 half of the gate."""

    def __init__(
        self,
        *,
        store: IdentityStore,
        examiner: Examiner,
        sessions: Sessions,
        linking: Linking,
        guard: Guard,
        app: AppDoor | None,
        audience: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._examiner = examiner
        self._sessions = sessions
        self._linking = linking
        self._guard = guard
        self._app = app
        self._audience = audience
        self._clock = clock
        self._ids = ids

    async def challenge(self, purpose: Purpose, audience: str, *, session: Session | None) -> Challenge:
        """Return a text to be signed; what is for a session is bound to its person."""
        if audience != self._audience:
            raise EngineError("invalid-challenge-audience")
        if purpose is Purpose.MANDATE:
            raise EngineError("invalid-challenge-purpose")
        if purpose in _IN_A_SESSION and session is None:
            raise EngineError("not-signed-in")
        now = self._clock.now().replace(microsecond=0)
        challenge = Challenge(
            id=self._ids.new(),
            purpose=purpose,
            audience=audience,
            nonce=new_nonce(),
            issued_at=now,
            expires_at=now + CHALLENGE_LASTS,
            person=session.person if session and purpose in _IN_A_SESSION else None,
        )
        await self._store.add_challenge(challenge)
        return challenge

    async def login(
        self, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> SessionToken:
        """Return the session of the person whose key signed the challenge."""
        async with self._guard.watching(caller, certificate):
            examined = await self._answered(challenge, (Purpose.LOGIN, None), certificate, signature)
            credential, _ = examined.require()
            return await self._entered(credential, not_after=examined.certificate.not_valid_after_utc)

    async def link(
        self, session: Session, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> Credential:
        """Add another card to the person."""
        async with self._guard.watching(caller, certificate):
            examined = await self._answered(challenge, (Purpose.LINK, session.person), certificate, signature)
            credential, _ = examined.require()
            await self._linked(credential, session.person)
        return credential

    async def step_up(
        self, token: str, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> Session:
        """Return the session, whose person is proven anew."""
        session = await self._sessions.find(token)
        async with self._guard.watching(caller, certificate):
            examined = await self._answered(
                challenge, (Purpose.STEP_UP, session.person), certificate, signature
            )
            credential, _ = examined.require()
            return await self._proven_again(token, session, credential)

    # --- by the app ---

    async def go_to_app(
        self, purpose: Purpose, *, session: Session | None, content: bytes | None = None
    ) -> Going:
        """Return where to go to."""
        if purpose is not Purpose.LOGIN and session is None:
            raise EngineError("not-signed-in")
        person = session.person if session and purpose is not Purpose.LOGIN else None
        return await self._door().go(purpose, self._clock.now(), person=person, content=content)

    async def login_by_app(self, coming: Coming, *, caller: Caller) -> SessionToken:
        """Return the session of whom the provider names."""
        async with self._guard.watching(caller):
            now = self._clock.now()
            credential, _ = await self._door().come(coming, now, purposes=(Purpose.LOGIN,))
            return await self._entered(credential, not_after=now + LASTS)

    async def prove_by_app(self, token: str, coming: Coming, *, caller: Caller) -> Session:
        """Return the session: the app is linked to its person, or has proven the person again."""
        session = await self._sessions.find(token)
        async with self._guard.watching(caller):
            credential, visit = await self._door().come(
                coming, self._clock.now(), purposes=tuple(_IN_A_SESSION), person=session.person
            )
            if visit.purpose is Purpose.STEP_UP:
                return await self._proven_again(token, session, credential)
            await self._linked(credential, session.person)
            return session

    async def signature_by_app(self, session: Session, coming: Coming, *, caller: Caller) -> bytes:
        """Return the signature that was made in the app."""
        async with self._guard.watching(caller):
            return await self._door().signature(coming, self._clock.now(), person=session.person)

    def _door(self) -> AppDoor:
        if self._app is None:
            raise EngineError("app-not-offered")
        return self._app

    # --- both ---

    async def _entered(self, credential: Credential, *, not_after: datetime) -> SessionToken:
        person = await self._linking.owner(credential)
        if person is None:
            now = self._clock.now()
            person = await self._store.enter(credential, newcomer=self._ids.new(), at=now)
        return await self._sessions.begin(person, credential, not_after=not_after)

    async def _linked(self, credential: Credential, person: UUID) -> None:
        if await self._store.link(credential, person=person, at=self._clock.now()) != person:
            raise EngineError("already-linked-credential")
        log.info("credential.linked", extra={"person": str(person)})

    async def _proven_again(self, token: str, session: Session, credential: Credential) -> Session:
        if await self._store.owner(credential) != session.person:
            raise EngineError("already-linked-credential")
        return await self._sessions.renew(token)

    async def _answered(
        self, challenge_id: UUID, bound_to: tuple[Purpose, UUID | None], certificate: bytes, signature: bytes
    ) -> Examined:
        """Use the challenge up before the answer is looked at, then examine the answer."""
        now = self._clock.now()
        found = await self._store.challenge(challenge_id)
        if found is None:
            raise EngineError("no-such-challenge")
        challenge, _ = found
        if (challenge.purpose, challenge.person) != bound_to:
            raise EngineError("invalid-challenge-purpose")
        if challenge.audience != self._audience:
            raise EngineError("invalid-challenge-audience")
        if not await self._store.use_challenge(challenge_id, now):
            raise EngineError("already-used-challenge")
        if now >= challenge.expires_at:
            raise EngineError("invalid-challenge-expired")
        return await self._examiner.login(certificate, text=challenge.text, signature=signature, now=now)
