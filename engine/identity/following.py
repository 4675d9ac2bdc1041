# SPDX-License-Identifier: Apache-2.0
"""Following a case with a code on paper: whoever has it sees that one case, and can do nothing in it."""

import logging
from dataclasses import replace
from typing import Final
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.assistance import CODE_LASTS, Assistance, FollowCode, handle_of, is_right, new_code
from engine.identity.guard import Caller, Guard
from engine.identity.sessions import Session, Sessions, SessionToken
from engine.identity.standings import StandingStore, credential_of
from engine.identity.store import Kind
from engine.ports import Clock

_NOTHING: Final[frozenset[str]] = frozenset()

log = logging.getLogger(__name__)


class Following:
    """Gives codes out and lets people in with them."""

    def __init__(self, store: StandingStore, sessions: Sessions, guard: Guard, clock: Clock) -> None:
        self._store = store
        self._sessions = sessions
        self._guard = guard
        self._clock = clock

    async def issue(self, assistance: Assistance) -> tuple[str, FollowCode]:
        """Return a new code for the case of a visit, as it is written once; the one before falls."""
        written, now = new_code(), self._clock.now()
        code = FollowCode(
            handle=written.handle,
            secret_hash=written.secret_hash,
            person=assistance.citizen,
            case_id=assistance.case_id,
            mark=assistance.mark,
            issued_by=assistance.staff,
            issued_at=now,
            expires_at=now.replace(microsecond=0) + CODE_LASTS,
        )
        await self._store.issue_code(code)
        log.info("code.issued", extra={"case_id": str(code.case_id)})
        return written.text, code

    async def read(self, text: str, *, caller: Caller) -> FollowCode:
        """Return the code that somebody shows.

        Raises:
            EngineError: `no-such-code`, also for one that is over; `too-many-failures`.
        """
        handle = handle_of(text)
        async with self._guard.watching(caller, handle=handle):
            code = await self._store.code(handle)
            if code is None or not is_right(code, text) or code.is_over(self._clock.now()):
                raise EngineError("no-such-code", pointer="/code")
            return code

    async def login(self, text: str, *, caller: Caller) -> SessionToken:
        """Return a session that sees the case of the code; raises as `read`."""
        code = await self.read(text, caller=caller)
        return await self._sessions.begin(code.person, credential_of(code), not_after=code.expires_at)

    async def narrowed(self, session: Session) -> Session:
        """Return the session as far as it reaches: with a code to one case, and to no role.

        Raises:
            EngineError: `not-signed-in`: the code has ended.
        """
        if session.credential.kind is not Kind.CODE:
            return session
        code = await self._store.code(session.credential.serial)
        if code is None or code.is_over(self._clock.now()):
            raise EngineError("not-signed-in")
        return replace(session, roles=_NOTHING, only_case=code.case_id)

    async def end(self, person: UUID) -> int:
        """End all codes of a person who has got a card now."""
        return await self._store.end_codes(person, self._clock.now())
