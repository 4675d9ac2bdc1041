# SPDX-License-Identifier: Apache-2.0
"""What the other people of a case (当事者) can do: come on an invitation, see their part, sign, decide.

The one who opened the case invites; whoever comes brings their own card. That somebody is who the
facts say is found out when they sign, by the certificate; a seat alone opens nothing but the view of
what is told about that person.
"""

import base64
import binascii
import hmac
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue

from engine.core import messages as m
from engine.core.case import Case, Participant
from engine.core.declaration import Signatory
from engine.core.errors import Code, EngineError, register
from engine.core.participants import check_conflict, check_decision, check_signature, is_open
from engine.core.patience import day_in_japan
from engine.core.plan import Contents
from engine.core.text import Text
from engine.core.views import CASE_STATES, View
from engine.identity.acting import Represented
from engine.identity.gate import Gate
from engine.identity.mandate import Decision, Digest, Mandate, Recipient
from engine.identity.representation import Kind
from engine.identity.sessions import Session
from engine.ports import Clock, Store, StoredCase
from engine.runtime.counter import MANDATE_LASTS, Counter, Done, Request, SignedMandate
from engine.runtime.mandates import digests, gated, recipients_for
from engine.runtime.processor import Said

INVITATION_LASTS: Final = timedelta(days=14)
_MOST_CASES: Final = 100
_CODE: Final = struct.Struct(">16s16sIH")  # case, participant, the second it ends, the seat
_TAG_BYTES: Final = 16

register(
    {
        "invalid-invitation": Code(
            422, "招待コードが正しくないか、期限を過ぎています", "The invitation is wrong, or has run out"
        ),
        "invalid-choice": Code(422, "選べない選択肢です", "This is not one of the choices"),
    }
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the owner hands to the person: whoever has it can take the seat, once, until it ends."""

    code: str
    expires_at: datetime


class Chosen(View):
    """One choice of a decision."""

    slug: str
    text: Text


class Asked(View):
    """What a participant is asked to decide, by when, and what they chose."""

    gate: str
    text: Text
    choices: tuple[Chosen, ...]
    closes_on: date | None
    chosen: str | None
    is_open: bool


class PartView(View):
    """One person's part in somebody's case: nothing about the others but that they are there."""

    case_id: UUID
    participant: UUID
    version: int
    event: str
    title: Text
    state: str
    state_text: Text
    role: str
    role_text: Text
    signs: bool
    has_signed: bool
    recipients: tuple[dict[str, JsonValue], ...]
    decision: Asked | None


class Participation:
    """The counter for the other people of a case."""

    def __init__(
        self, *, store: Store, counter: Counter, gate: Gate, invitations_keys: Sequence[bytes], clock: Clock
    ) -> None:
        self._store = store
        self._counter = counter
        self._gate = gate
        self._keys = invitations_keys
        self._clock = clock

    # --- the owner ---

    async def invite(self, person: UUID, case_id: UUID, participant: UUID) -> Invitation:
        """Return an invitation to a seat of one's own case; earlier ones stay good until somebody came.

        Raises:
            EngineError: `no-such-case`, `no-such-participant`, `already-taken-seat`, `already-closed`.
        """
        stored = await self._store.case(case_id)
        if stored is None or stored.case.owner != person:
            raise EngineError("no-such-case")
        seat = _participant(stored.case, participant)
        if stored.case.has_ended:
            raise EngineError("already-closed")
        if seat.person is not None:
            raise EngineError("already-taken-seat")
        ends = self._clock.now().replace(microsecond=0) + INVITATION_LASTS
        packed = _CODE.pack(case_id.bytes, participant.bytes, int(ends.timestamp()), seat.seat)
        code = base64.urlsafe_b64encode(packed + _tag(self._keys[0], packed)).decode()
        return Invitation(code, ends)

    async def unseat(self, request: Request, case_id: UUID, participant: UUID) -> Done:
        """Take the invitations back, and the seat of whoever came; raises `already-signed`."""
        return await self._counter.say_owned(request, case_id, m.Unseat(case_id, participant))

    # --- whoever was invited ---

    async def join(self, request: Request, code: str) -> Done:
        """Take the seat of an invitation.

        Raises:
            EngineError: `invalid-invitation`, `stale-invitation`, `already-taken-seat`.
        """
        case_id, participant, seat = self._read(code)
        if isinstance(request.acting, Represented):
            stored = await self._store.case(case_id)
            if stored is not None:
                request.acting.representation.check_event(stored.case.event)
        joining = m.Join(case_id, participant, request.person, seat)
        return await self._counter.say(request, case_id, lambda _: Said(joining))

    async def parts(self, person: UUID) -> list[PartView]:
        """Return the person's parts in others' cases, newest first; erased cases are left out."""
        found = []
        for stored in await self._store.cases_with(person, limit=_MOST_CASES):
            if stored.data_key_wrapped is None or stored.case.owner == person:
                continue
            mine = [one for one in stored.case.participants.values() if one.person == person]
            found += [await self._view(stored, one) for one in mine]
        return found

    async def part(self, person: UUID, case_id: UUID, participant: UUID) -> PartView:
        """Return the person's part in a case; raises `no-such-case`, also for another's."""
        stored, mine = await self._mine(person, case_id, participant)
        return await self._view(stored, mine)

    async def mandate(
        self, session: Session, case_id: UUID, participant: UUID, *, choice: str | None
    ) -> bytes:
        """Return what the participant signs, canonical JSON: a consent, or with `choice` a decision.

        Raises:
            EngineError: `no-such-case`, `no-such-decision`, `invalid-choice`.
        """
        stored, mine = await self._mine(session.subject, case_id, participant)
        told, contents, decision = await self._asked(stored, mine, choice, session)
        offer = await self._gate.offer_mandate(
            session,
            case_id,
            recipients=told,
            digests=contents,
            expires_at=self._clock.now().replace(microsecond=0) + MANDATE_LASTS,
            decision=decision,
        )
        return offer.content

    async def sign(
        self, session: Session, request: Request, case_id: UUID, participant: UUID, *, signed: SignedMandate
    ) -> Done:
        """Consent to what is told about oneself.

        Raises:
            EngineError: `no-such-case`, `stale-mandate`, `signer-not-in-facts`,
                `facts-differ-from-certificate`, and what the gate refuses.
        """
        stored, mine = await self._mine(session.subject, case_id, participant)
        if seen := await self._counter.seen(request):
            return seen
        check_signature(stored.case, mine, session.subject)
        evidence = await self._verified(session, stored, mine, signed, choice=None)
        sign = m.Sign(case_id, mine.id, session.subject, evidence, signed.acknowledged)
        return await self._counter.say(request, case_id, lambda _: Said(sign))

    async def decide(
        self,
        session: Session,
        request: Request,
        case_id: UUID,
        participant: UUID,
        *,
        choice: str,
        signed: SignedMandate,
    ) -> Done:
        """Decide what filings wait for, by a signature over the choice; it can be changed until they go on.

        Raises:
            EngineError: as for `sign`; `no-such-decision`, `invalid-choice`, `already-decided`.
        """
        stored, mine = await self._mine(session.subject, case_id, participant)
        if seen := await self._counter.seen(request):
            return seen
        check_decision(stored.case, mine, session.subject, day_in_japan(self._clock.now()))
        await self._check_conflict(session, stored.case, mine)
        evidence = await self._verified(session, stored, mine, signed, choice=choice)
        await self._counter.check_unheard(stored, evidence)
        decide = m.Decide(case_id, mine.id, session.subject, choice, evidence)
        return await self._counter.say(request, case_id, lambda _: Said(decide))

    # --- how ---

    async def _mine(self, person: UUID, case_id: UUID, participant: UUID) -> tuple[StoredCase, Participant]:
        """Return the case and the seat: one that the person has taken, or any of the owner's own case."""
        stored = await self._store.case(case_id)
        seat = stored.case.participants.get(participant) if stored else None
        if stored is None or seat is None:
            raise EngineError("no-such-case")
        if seat.person != person and not (seat.person is None and stored.case.owner == person):
            raise EngineError("no-such-case")
        return stored, seat

    async def _verified(
        self,
        session: Session,
        stored: StoredCase,
        mine: Participant,
        signed: SignedMandate,
        *,
        choice: str | None,
    ) -> UUID:
        """Return the evidence of a signature by the very person whom the seat is for."""
        mandate = Mandate.from_bytes(signed.mandate)
        asked = await self._asked(stored, mine, choice, session)
        said = (mandate.recipients, mandate.digests, mandate.decision)
        if mandate.case_id != stored.case.id or said != asked:
            raise EngineError("stale-mandate")
        plan = (await self._counter.contents(stored)).plan
        finder = self._counter.finder(session, plan, [mine], signed)
        evidence = await self._gate.verify_mandate(
            session, signed.mandate, signature=signed.signature, accept=finder
        )
        return evidence.id

    async def _asked(
        self, stored: StoredCase, mine: Participant, choice: str | None, session: Session
    ) -> tuple[tuple[Recipient, ...], tuple[Digest, ...], Decision | None]:
        """Return what is signed: who is told what, what one's own applications say, what is decided."""
        contents, rules = await self._counter.contents(stored), await self._counter.words(stored)
        own = digests(contents.plan, rules, {e.id for e in contents.plan.entries if e.signer == mine.id})
        if choice is None:
            return recipients_for(contents.plan, rules, _signatory(contents, mine)), own, None
        name = _gate_of(stored.case, mine.id)
        if name is None:
            raise EngineError("no-such-decision")
        declared = rules["gates"][name]
        if choice not in declared["choices"]:
            raise EngineError("invalid-choice", pointer="/choice")
        if _signatory(contents, mine).conflicts and not _is_special(session):
            raise EngineError("special-representative-needed")
        decision = Decision(gate=name, choice=choice, text=declared["choices"][choice]["ja"])
        return gated(contents.plan, rules, mine.id), own, decision

    async def _check_conflict(self, session: Session, case: Case, mine: Participant) -> None:
        """Refuse who would decide on both sides; raises `special-representative-needed`."""
        acting = {session.person}
        if session.acting is not None and not _is_special(session):
            records = await self._gate.standings.representations_of(session.person)
            acting |= {one.represented for one in records if one.representative == session.person}
        check_conflict(case, mine, acting - {mine.person} if session.acting else acting)

    async def _view(self, stored: StoredCase, mine: Participant) -> PartView:
        case = stored.case
        contents, rules = await self._counter.contents(stored), await self._counter.words(stored)
        signatory = _signatory(contents, mine)
        told = recipients_for(contents.plan, rules, signatory)
        return PartView(
            case_id=case.id,
            participant=mine.id,
            version=case.version,
            event=case.event,
            title=Text(**rules["title"]),
            state=case.state.value,
            state_text=CASE_STATES[case.state],
            role=mine.role,
            role_text=signatory.title,
            signs=mine.signs,
            has_signed=mine.has_signed,
            recipients=tuple(one.model_dump(mode="json", by_alias=True) for one in told),
            decision=self._decision(case, mine, rules),
        )

    def _decision(self, case: Case, mine: Participant, rules: Mapping[str, Any]) -> Asked | None:
        name = _gate_of(case, mine.id)
        if name is None:
            return None
        rules_there = next(r for r in case.rules.values() if r.gate is not None and r.gate.name == name)
        gate, closes_on = rules_there.gate, case.filings[rules_there.id].closes_on
        assert gate is not None  # noqa: S101 - by the line above
        declared = rules["gates"][name]
        return Asked(
            gate=name,
            text=Text(**declared["text"]),
            choices=tuple(
                Chosen(slug=slug, text=Text(ja=words["ja"], en=words["en"]))
                for slug, words in declared["choices"].items()
            ),
            closes_on=closes_on,
            chosen=mine.choice,
            is_open=is_open(case, gate, closes_on, day_in_japan(self._clock.now())),
        )

    def _read(self, code: str) -> tuple[UUID, UUID, int]:
        """Return what an invitation says; raises `invalid-invitation`."""
        try:
            raw = base64.b64decode(code, altchars=b"-_", validate=True)
            packed, tag = raw[: _CODE.size], raw[_CODE.size :]
            case_id, participant, ends, seat = _CODE.unpack(packed)
        except (binascii.Error, ValueError, struct.error):
            raise EngineError("invalid-invitation", pointer="/code") from None
        is_ours = len(tag) == _TAG_BYTES and any(
            hmac.compare_digest(tag, _tag(key, packed)) for key in self._keys
        )
        if not is_ours or self._clock.now() >= datetime.fromtimestamp(ends, UTC):
            raise EngineError("invalid-invitation", pointer="/code")
        return UUID(bytes=case_id), UUID(bytes=participant), seat


def _tag(key: bytes, packed: bytes) -> bytes:
    return hmac.digest(key, packed, sha256)[:_TAG_BYTES]


def _is_special(session: Session) -> bool:
    """Say whether the court has named this representative because interests conflict."""
    acting = session.acting
    return isinstance(acting, Represented) and acting.representation.kind is Kind.SPECIAL


def _participant(case: Case, participant: UUID) -> Participant:
    found = case.participants.get(participant)
    if found is None:
        raise EngineError("no-such-participant")
    return found


def _signatory(contents: Contents, mine: Participant) -> Signatory:
    found = next((one for one in contents.plan.signatories if one.at == mine.at), None)
    if found is None:
        raise EngineError("no-such-participant")
    return found


def _gate_of(case: Case, participant: UUID) -> str | None:
    """Return the name of the gate at which this participant decides."""
    for rules in case.rules.values():
        if rules.gate is not None and participant in rules.gate.deciders:
            return rules.gate.name
    return None
