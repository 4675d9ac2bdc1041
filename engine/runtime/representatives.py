# SPDX-License-Identifier: Apache-2.0
"""Who represents an organisation: invited by one who does, taken away when they leave.

The grant is the person's, not the card's. An invitation is a secret that works once; only its hash
is kept. The last representative is taken away by an operator only, so that nobody locks up an
organisation by mistake.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.core.errors import Code, EngineError, register
from engine.core.views import View
from engine.identity.sessions import Session
from engine.ports import AuditEntry, Clock, Ids, OperatorStore
from engine.registry.applications import Applications, Decision, Invitation, Kind, State
from engine.runtime.onboarding import Persons, role_of
from engine.runtime.record import Act, Record

_LASTS: Final = timedelta(days=7)
_SECRET_BYTES: Final = 32
_MOST_APPLICATIONS: Final = 1000

register(
    {
        "illegal-last-representative": Code(
            409,
            "最後の代表者は自分では外れられません。先にほかの方を招待してください",
            "The last representative cannot be taken away; invite another one first",
        ),
        "no-such-representative": Code(
            404,
            "その方はこの機関・事業者を代表していません",
            "This person does not represent the organisation",
        ),
    }
)


class RepresentativeView(View):
    """A person who represents the organisation, by their number; since when, and let in by whom."""

    person: UUID
    since: datetime
    by: str


class InvitationView(View):
    """The secret to hand to the one who is invited. It is shown this once."""

    code: str
    expires_at: datetime


class Representatives:
    """The representatives of organisations."""

    def __init__(
        self,
        *,
        applications: Applications,
        gate: Persons,
        operators: OperatorStore,
        record: Record,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._applications = applications
        self._gate = gate
        self._operators = operators
        self._record = record
        self._clock = clock
        self._ids = ids

    async def list(self, number: str) -> tuple[RepresentativeView, ...]:
        """Return who represents the organisation now."""
        found = await self._gate.holders(role_of(number))
        return tuple(RepresentativeView(person=person, since=since, by=by) for person, by, since in found)

    async def invite(self, session: Session, number: str) -> InvitationView:
        """Return an invitation; whoever comes with it in time represents the organisation too."""
        code = secrets.token_urlsafe(_SECRET_BYTES)
        now = self._clock.now()
        invitation = Invitation(
            code_hash=_hashed(code),
            number=number,
            invited_by=session.person,
            invited_at=now,
            expires_at=now + _LASTS,
        )
        await self._note(session, "invite-representative", number)
        await self._applications.invite(invitation)
        return InvitationView(code=code, expires_at=invitation.expires_at)

    async def accept(self, session: Session, code: str) -> str:
        """Let the person represent the organisation that invited them; return its number.

        Raises:
            EngineError: `no-such-invitation`.
        """
        now = self._clock.now()
        found = await self._applications.use_invitation(_hashed(code), person=session.person, at=now)
        # Whoever has left since invites nobody any more.
        if found.invited_by not in {person for person, *_ in await self._gate.holders(role_of(found.number))}:
            raise EngineError("no-such-invitation")
        await self._note(session, "become-representative", found.number)
        await self._gate.grant(session.person, role_of(found.number), by=f"person:{found.invited_by}")
        return found.number

    async def remove(self, session: Session, number: str, person: UUID) -> None:
        """Take a representative away, also oneself; gone with the next request.

        What they had applied for in the organisation's name, and nobody has decided, goes with them.

        Raises:
            EngineError: `no-such-representative`, `illegal-last-representative`.
        """
        held = {one for one, *_ in await self._gate.holders(role_of(number))}
        if person not in held:
            raise EngineError("no-such-representative")
        if len(held) == 1:
            raise EngineError("illegal-last-representative")
        await self._note(session, "remove-representative", number, person=person)
        await self._gone(number, person, by=f"person:{session.person}")

    async def remove_as_operator(self, act: Act, number: str, person: UUID) -> None:
        """Take a representative away who left, also the last one; raises `no-such-representative`."""
        if person not in {one for one, *_ in await self._gate.holders(role_of(number))}:
            raise EngineError("no-such-representative")
        entry = self._record.entry(
            act, "remove-representative", organisation=number, details={"person": str(person)}
        )
        await self._record.write(act, [entry])
        await self._gone(number, person, by=act.name)

    async def _gone(self, number: str, person: UUID, *, by: str) -> None:
        """End what the person may do for the organisation, and what they had applied for in its name."""
        await self._gate.withdraw(person, role_of(number), by=by)
        decision = Decision(state=State.WITHDRAWN, at=self._clock.now(), by=by, reason="")
        for one in await self._applications.of_person(person, limit=_MOST_APPLICATIONS):
            if (one.number, one.kind) == (number, Kind.SUBSCRIPTIONS):
                await self._applications.decide(one.id, decision, among=(State.DRAFT, State.APPLIED))

    async def _note(self, session: Session, act: str, number: str, *, person: UUID | None = None) -> None:
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=f"person:{session.person}",
            act=act,
            organisation=number,
            details={"person": str(person)} if person else {},
        )
        await self._operators.record([entry])


def _hashed(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
