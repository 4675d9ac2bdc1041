# SPDX-License-Identifier: Apache-2.0
"""The assisted counter: staff receives a citizen, acts for them while they sit there, and no longer.

A visit is bound to one member of staff, one citizen, one errand and one case. Whatever is done or
looked at in it is written into the record first, and its owner reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from engine.border.names import person_mark
from engine.core.errors import EngineError
from engine.core.text import Text
from engine.core.views import View
from engine.identity.acting import Assisted
from engine.identity.assistance import BASES, COUNTER, LASTS, Assistance, Basis, Errand
from engine.identity.challenges import Challenge, Purpose
from engine.identity.gate import Gate
from engine.identity.guard import Caller
from engine.identity.sessions import Session
from engine.ports import AuditEntry, Clock, Ids, OperatorStore, Store
from engine.runtime.behalf import case_of_visit

OPENING: Final = "openCase"


@dataclass(frozen=True, slots=True)
class Seen:
    """A person as a document shows them: nothing of it is kept but a keyed hash."""

    family: str
    given: str
    birth_date: date

    def mark(self, key: bytes) -> str:
        """Return what is kept."""
        return person_mark(key, family=self.family, given=self.given, birth_date=self.birth_date)


class AssistanceView(View):
    """A visit to the counter, as its staff sees it."""

    id: UUID
    citizen: UUID
    case_id: UUID
    errand: str
    basis: str
    basis_text: Text
    began_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class PaperCode(View):
    """A code to be written on paper for the citizen. It is shown this once."""

    code: str
    case_id: UUID
    expires_at: datetime


class AssistanceDesk:
    """Where visits begin and end."""

    def __init__(
        self,
        *,
        gate: Gate,
        store: Store,
        operators: OperatorStore,
        marks_key: bytes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._gate = gate
        self._visits = gate.standings
        self._store = store
        self._operators = operators
        self._key = marks_key
        self._clock = clock
        self._ids = ids

    # --- a visit ---

    async def open(self, staff: Session, seen: Seen, basis: Basis, *, citizen: UUID | None) -> AssistanceView:
        """Receive somebody who tells a life event: somebody known by their number, or a new person.

        Raises:
            EngineError: `no-such-person`, `not-allowed-own-case`.
        """
        if citizen is not None and not await self._gate.is_person(citizen):
            raise EngineError("no-such-person", pointer="/citizen")
        if citizen is not None:
            await self._check_another(staff, citizen)
        person = citizen or await self._gate.new_person()
        now, visit = self._clock.now(), self._ids.new()
        made = Assistance(
            id=visit,
            staff=staff.person,
            citizen=person,
            errand=Errand.OPEN,
            basis=basis,
            mark=seen.mark(self._key),
            case_id=case_of_visit(visit),
            began_at=now,
            expires_at=now + LASTS,
        )
        return await self._begun(staff, made)

    async def go_on(
        self, staff: Session, seen: Seen, basis: Basis, *, code: str, caller: Caller
    ) -> AssistanceView:
        """Receive somebody who has brought the code of their case.

        Raises:
            EngineError: `no-such-code`, `too-many-failures`; `another-citizen`, who was identified is not
                whom the code was given to; `not-allowed-own-case`.
        """
        paper = await self._gate.read_code(code, caller=caller)
        await self._check_another(staff, paper.person)
        if seen.mark(self._key) != paper.mark:
            raise EngineError("another-citizen", pointer="/person")
        now = self._clock.now()
        made = Assistance(
            id=self._ids.new(),
            staff=staff.person,
            citizen=paper.person,
            errand=Errand.CONTINUE,
            basis=basis,
            mark=paper.mark,
            case_id=paper.case_id,
            began_at=now,
            expires_at=now + LASTS,
        )
        return await self._begun(staff, made)

    async def view(self, staff: Session, visit: UUID) -> AssistanceView:
        """Return a visit; raises `no-such-assistance`, also for a colleague's."""
        return _view(await self._own(staff, visit))

    async def end(self, staff: Session, visit: UUID) -> None:
        """End a visit; nothing can be seen or done in it from now on. Twice is harmless."""
        found = await self._own(staff, visit)
        if found.ended_at is None:
            await self._note(found, "end-assistance")
            await self._visits.end_assistance(visit, self._clock.now())

    # --- what is done in it beside the case ---

    async def code(self, staff: Session, visit: UUID) -> PaperCode:
        """Return a code for the case; the one before opens nothing from now on.

        Raises:
            EngineError: `no-such-assistance`, `assistance-ended`; `no-such-case`, none was opened yet.
        """
        found = await self._live(staff, visit)
        stored = await self._store.case(found.case_id)
        if stored is None or stored.case.owner != found.citizen:
            raise EngineError("no-such-case")
        await self._note(found, "issue-code")
        text, code = await self._gate.issue_code(found)
        return PaperCode(code=text, case_id=code.case_id, expires_at=code.expires_at)

    async def card_challenge(self, staff: Session, visit: UUID, audience: str) -> Challenge:
        """Return a text that the citizen signs with a card of their own, to be known by it from now on.

        Raises:
            EngineError: `no-such-assistance`, `assistance-ended`; `citizen-has-card`, another is theirs to
                add: nobody at a counter adds one to somebody who can come in by themselves.
        """
        found = await self._without_card(staff, visit)
        return await self._gate.challenge(Purpose.LINK, audience, session=_as_citizen(staff, found))

    async def link_card(
        self,
        staff: Session,
        visit: UUID,
        challenge: UUID,
        *,
        certificate: bytes,
        signature: bytes,
        caller: Caller,
    ) -> None:
        """Make a card the citizen's, who has just signed with it here; their codes open nothing any more.

        Raises:
            EngineError: as `card_challenge` and `Gate.link`.
        """
        found = await self._without_card(staff, visit)
        await self._note(found, "link-card")
        await self._gate.link(
            _as_citizen(staff, found), challenge, certificate=certificate, signature=signature, caller=caller
        )
        await self._gate.end_codes(found.citizen)

    # --- what is done in the case ---

    async def acting(
        self, staff: Session, visit: UUID, *, operation: str, looks: bool, case: UUID | None
    ) -> Session:
        """Return the session in which staff acts for the citizen, having written down what it is for.

        Raises:
            EngineError: `not-allowed-role`, `no-such-assistance`, `assistance-ended`; `no-such-case`, it is
                another than the one of this visit; `not-allowed-on-behalf`.
        """
        if COUNTER not in staff.roles:
            raise EngineError("not-allowed-role")
        found = await self._live(staff, visit)
        if case is None and (operation != OPENING or found.errand is not Errand.OPEN):
            raise EngineError("not-allowed-on-behalf")
        if case is not None and case != found.case_id:
            raise EngineError("no-such-case")
        await self._note(found, "assisted-look" if looks else "assisted-act", operation=operation)
        return replace(staff, acting=Assisted(found), roles=frozenset())

    # --- how ---

    async def _begun(self, staff: Session, made: Assistance) -> AssistanceView:
        made = replace(made, expires_at=min(made.expires_at, staff.expires_at))
        basis = made.basis
        reason = f"本人確認：{BASES[basis].ja} / Identified by {BASES[basis].en}"
        await self._note(made, "begin-assistance", reason=reason, basis=basis.value, errand=made.errand.value)
        await self._visits.add_assistance(made)
        return _view(made)

    async def _check_another(self, staff: Session, citizen: UUID) -> None:
        """Refuse whoever would serve themselves, or somebody they represent."""
        records = await self._visits.representations_of(staff.person)
        if citizen in {staff.person, *(one.represented for one in records)}:
            raise EngineError("not-allowed-own-case")

    async def _own(self, staff: Session, visit: UUID) -> Assistance:
        found = await self._visits.assistance(visit)
        if found is None or found.staff != staff.person:
            raise EngineError("no-such-assistance")
        return found

    async def _live(self, staff: Session, visit: UUID) -> Assistance:
        found = await self._own(staff, visit)
        if found.is_over(self._clock.now()):
            raise EngineError("assistance-ended")
        return found

    async def _without_card(self, staff: Session, visit: UUID) -> Assistance:
        found = await self._live(staff, visit)
        if await self._gate.has_card(found.citizen):
            raise EngineError("citizen-has-card")
        return found

    async def _note(self, visit: Assistance, act: str, *, reason: str | None = None, **details: str) -> None:
        """Write down what is about to be done."""
        told: Mapping[str, Any] = {"assistance": str(visit.id), "citizen": str(visit.citizen), **details}
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=f"counter:{visit.staff}",
            act=act,
            case_id=visit.case_id,
            reason=reason,
            details=told,
        )
        await self._operators.record([entry])


def _as_citizen(staff: Session, visit: Assistance) -> Session:
    """Return a session of the citizen, for nothing but a card of their own."""
    return replace(staff, person=visit.citizen, roles=frozenset(), acting=None)


def _view(visit: Assistance) -> AssistanceView:
    return AssistanceView(
        id=visit.id,
        citizen=visit.citizen,
        case_id=visit.case_id,
        errand=visit.errand.value,
        basis=visit.basis.value,
        basis_text=BASES[visit.basis],
        began_at=visit.began_at,
        expires_at=visit.expires_at,
        ended_at=visit.ended_at,
    )
