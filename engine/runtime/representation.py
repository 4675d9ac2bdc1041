# SPDX-License-Identifier: Apache-2.0
"""Representation (代理): recorded at a counter from what proves it, used by the representative's own card.

Nothing else than the record lets anybody act for another, and only within its scope and its days; it is
revoked at once by either of the two, or at a counter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from engine.core.errors import Code, EngineError, Problem, register
from engine.core.patience import day_in_japan
from engine.core.text import Text
from engine.core.views import View
from engine.identity.acting import Represented
from engine.identity.assistance import Basis
from engine.identity.gate import Gate
from engine.identity.representation import (
    FRESH_DAYS,
    POWERS,
    Document,
    Kind,
    Representation,
    Scope,
    last_day_of_minority,
)
from engine.identity.sessions import Session
from engine.ports import AuditEntry, Clock, Ids, OperatorStore, Store
from engine.runtime.assistance import Seen
from engine.runtime.catalogue import Catalogue

MOST_DAYS: Final = 366  # then what proves the power is looked at anew; a minor's lasts as the law says
_FRESH: Final = {Document.FAMILY_REGISTER, Document.REGISTRATION}
_WITHOUT_CASE: Final = frozenset(
    {"openCase", "listCases", "join", "listLetters", "openLetter", "letterContent"}
)

register(
    {
        "invalid-representation": Code(422, "代理の内容に誤りがあります", "The representation has errors"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was shown at the counter. `seen` is the represented; without a number it is a new person.

    `issued_on` is the day of the document that proves the power. A parent's or a minor's guardian's ends
    with the minority where no earlier day is said.
    """

    representative: UUID
    represented: UUID | None
    kind: Kind
    seen: Seen
    document: Document
    issued_on: date
    basis: Basis
    scope: Scope
    begins_on: date
    ends_on: date | None


class RepresentationView(View):
    """A representation, as both of its people and the counter see it."""

    id: UUID
    representative: UUID
    represented: UUID
    kind: str
    kind_text: Text
    law: str
    document: str
    events: tuple[str, ...]
    procedures: tuple[str, ...]
    begins_on: date
    ends_on: date
    verified_at: datetime
    revoked_at: datetime | None


class RepresentationDesk:
    """Where representations are recorded, looked up and revoked."""

    def __init__(
        self,
        *,
        gate: Gate,
        store: Store,
        operators: OperatorStore,
        catalogue: Catalogue,
        marks_key: bytes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._gate = gate
        self._records = gate.standings
        self._store = store
        self._operators = operators
        self._catalogue = catalogue
        self._key = marks_key
        self._clock = clock
        self._ids = ids

    # --- at the counter ---

    async def record(self, staff: Session, shown: Shown) -> RepresentationView:
        """Record what was shown; it counts from its first day.

        Raises:
            EngineError: `invalid-representation` with a pointer to each place; `no-such-person`,
                `not-allowed-own-case`; `another-citizen`, the person is known as somebody else.
        """
        last = self._checked(shown)
        if staff.person in {shown.representative, shown.represented}:
            raise EngineError("not-allowed-own-case")
        mark = shown.seen.mark(self._key)
        for name, person in (("representative", shown.representative), ("represented", shown.represented)):
            if person is not None and not await self._gate.is_person(person):
                raise EngineError("no-such-person", pointer=f"/{name}")
        if shown.represented is not None:
            await self._check_known(shown.represented, mark)
        made = Representation(
            id=self._ids.new(),
            representative=shown.representative,
            represented=shown.represented or await self._gate.new_person(),
            kind=shown.kind,
            mark=mark,
            document=shown.document,
            scope=shown.scope,
            begins_on=shown.begins_on,
            ends_on=last,
            basis=shown.basis,
            verified_by=staff.person,
            verified_at=self._clock.now(),
        )
        details = {"kind": made.kind.value, "document": made.document.value, "basis": made.basis.value}
        await self._note(staff, "record-representation", made.id, details)
        await self._records.add_representation(made)
        return _view(made)

    async def revoke_at_counter(self, staff: Session, representation: UUID, *, reason: str) -> None:
        """Revoke it, as a court's decision or a letter shows; raises `no-such-representation`."""
        if await self._records.representation(representation) is None:
            raise EngineError("no-such-representation")
        await self._note(staff, "revoke-representation", representation, {}, reason=reason)
        now = self._clock.now()
        await self._records.revoke_representation(representation, by=staff.person, at=now)

    # --- the two people ---

    async def of_person(self, person: UUID) -> tuple[RepresentationView, ...]:
        """Return by which the person represents or is represented, the newest first."""
        return tuple(_view(one) for one in await self._records.representations_of(person))

    async def revoke(self, person: UUID, representation: UUID) -> None:
        """Revoke it, as either of the two; twice is harmless. Raises `no-such-representation`."""
        found = await self._records.representation(representation)
        if found is None or person not in {found.representative, found.represented}:
            raise EngineError("no-such-representation")
        await self._records.revoke_representation(representation, by=person, at=self._clock.now())

    # --- acting ---

    async def acting(
        self, session: Session, representation: UUID, *, operation: str, case: UUID | None
    ) -> Session:
        """Return the session in which the representative acts for the represented.

        Raises:
            EngineError: `no-such-representation`, `representation-…`; `not-allowed-on-behalf`.
        """
        found = await self._records.representation(representation)
        if found is None or found.representative != session.person:
            raise EngineError("no-such-representation")
        found.check(day_in_japan(self._clock.now()))
        if case is not None:
            await self._check_case(found, case)
        elif operation not in _WITHOUT_CASE:
            raise EngineError("not-allowed-on-behalf")
        return replace(session, acting=Represented(found), roles=frozenset())

    async def check_letter(self, found: Representation, case_id: UUID) -> None:
        """Return if a letter of this case is within the scope; raises `representation-scope`."""
        stored = await self._store.case(case_id)
        if stored is None:
            raise EngineError("representation-scope")
        found.check_event(stored.case.event)

    # --- how ---

    async def _check_case(self, found: Representation, case_id: UUID) -> None:
        """Refuse a case of the represented that is beyond the scope; of others' nothing is said."""
        stored = await self._store.case(case_id)
        if stored is None:
            return
        people = {one.person for one in stored.case.participants.values()}
        if found.represented in {stored.case.owner, *people}:
            found.check_event(stored.case.event)

    async def _check_known(self, person: UUID, mark: str) -> None:
        """Refuse a person who was identified as somebody else before."""
        records = await self._records.representations_of(person)
        if any(one.mark != mark for one in records if one.represented == person):
            raise EngineError("another-citizen", pointer="/represented")

    def _checked(self, shown: Shown) -> date:
        """Return the last day of the power; raises `invalid-representation`."""
        power, today = POWERS[shown.kind], day_in_japan(self._clock.now())
        problems = [*self._scope_problems(shown)]
        if shown.document not in power.documents:
            problems.append(Problem("/document", "invalid-not-entitled"))
        if shown.issued_on > today:
            problems.append(Problem("/issuedOn", "invalid-after-today"))
        elif shown.document in _FRESH and today - shown.issued_on > timedelta(days=FRESH_DAYS):
            problems.append(Problem("/issuedOn", "invalid-too-long-ago"))
        longest = shown.begins_on + timedelta(days=MOST_DAYS - 1)
        if power.of_minor:
            longest = last_day_of_minority(shown.seen.birth_date)
        last = shown.ends_on or (longest if power.of_minor else None)
        if last is None:
            problems.append(Problem("/endsOn", "invalid-missing"))
        elif power.of_minor and max(shown.begins_on, today) > longest:
            problems.append(Problem("/person/birthDate", "invalid-not-entitled"))
        elif not shown.begins_on <= last <= longest or last < today:
            problems.append(Problem("/endsOn", "invalid-out-of-range"))
        if problems or last is None:
            raise EngineError("invalid-representation", problems=tuple(problems))
        return last

    def _scope_problems(self, shown: Shown) -> list[Problem]:
        problems: list[Problem] = []
        known: set[str] = set()
        for number, slug in enumerate(shown.scope.events):
            try:
                known |= {one.slug for one in self._catalogue.event(slug).procedures}
            except EngineError:
                problems.append(Problem(f"/events/{number}", "invalid-not-allowed-value"))
        for number, slug in enumerate(shown.scope.procedures):
            if slug not in known:
                problems.append(Problem(f"/procedures/{number}", "invalid-not-allowed-value"))
        if POWERS[shown.kind].needs_procedures and not shown.scope.procedures:
            problems.append(Problem("/procedures", "invalid-missing"))
        return problems

    async def _note(
        self,
        staff: Session,
        act: str,
        representation: UUID,
        details: Mapping[str, str],
        *,
        reason: str | None = None,
    ) -> None:
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=f"counter:{staff.person}",
            act=act,
            reason=reason,
            details={"representation": str(representation), **details},
        )
        await self._operators.record([entry])


def _view(one: Representation) -> RepresentationView:
    power = POWERS[one.kind]
    return RepresentationView(
        id=one.id,
        representative=one.representative,
        represented=one.represented,
        kind=one.kind.value,
        kind_text=power.name,
        law=power.law,
        document=one.document.value,
        events=one.scope.events,
        procedures=one.scope.procedures,
        begins_on=one.begins_on,
        ends_on=one.ends_on,
        verified_at=one.verified_at,
        revoked_at=one.revoked_at,
    )
