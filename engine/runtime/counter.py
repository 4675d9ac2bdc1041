# SPDX-License-Identifier: Apache-2.0
"""What a citizen can do, each a use case of its own: read what is so, and say what becomes a message.

Nothing here writes. Whatever changes a case goes through the intake, where it is checked again under
the lock of its case; a request that comes twice under one key gets the first one's answer.
"""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, JsonValue

from engine.border.names import mark, person_mark, reference
from engine.border.questions import AnswerSchema, check_answer
from engine.core import messages as m
from engine.core.case import Case, Participant, participant_id
from engine.core.elsewhere import Other, left_to_others, persons_of
from engine.core.errors import Code, EngineError, register
from engine.core.explain import Explanations
from engine.core.lifecycle import CaseState
from engine.core.messages import Event
from engine.core.patience import DRAFT_LASTS, day_in_japan
from engine.core.plan import Contents, Plan, filings_of, participants_of
from engine.core.reminders import DAYS_BEFORE, Days
from engine.core.standing import Standing
from engine.core.text import Text
from engine.core.views import (
    SAID,
    CaseSummary,
    CaseView,
    DisclosureView,
    LifeEventView,
    PlanView,
    case_summary,
    case_view,
    plan_view,
    seen_elsewhere,
)
from engine.identity.acting import Acting
from engine.identity.gate import Gate
from engine.identity.mandate import Mandate
from engine.identity.sessions import Session
from engine.identity.settling import OwnSignature
from engine.ports import Clock, InboxEntry, Sheets, Store, StoredCase
from engine.registry.directory import Directories
from engine.runtime.behalf import acts_in, check_scope, finder, is_on_behalf, new_case_id
from engine.runtime.bells import Bells
from engine.runtime.called import called_today, is_acted_for, takers
from engine.runtime.case_keys import CaseKeys
from engine.runtime.catalogue import Catalogue
from engine.runtime.intake import Intake
from engine.runtime.journal import read
from engine.runtime.mandates import MarkFinder, SeatFinder, digests, recipients
from engine.runtime.notices import Notices
from engine.runtime.processor import Heard, Result, Said, Say, Work

_MOST_OTHERS: Final = 20  # cases of one person that are looked through for what is done already
MANDATE_LASTS: Final = timedelta(days=365)
_NO_CASE: Final = UUID(int=0)  # plans that are only looked at
_Act: Final = m.ParticipantDecided | m.FactsCorrected  # what may be done by a signature more than once
_BY_SIGNATURE: Final = frozenset({"participant-decided", "facts-corrected"})
_LOOK_SECONDS: Final = 2.0  # how often a watcher looks for what another process committed

register(
    {
        "malformed-cursor": Code(
            400, "続きの位置を表す値が正しくありません", "The cursor is not one that was given out"
        ),
        "no-sheet": Code(404, "この手続に案内書はありません", "There is nothing to print for this filing"),
    }
)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a request that changes a case. `replayed`: it had been done before."""

    case_id: UUID
    version: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One request under its key. `version` is the one of the case that its sender had read.

    `person` is whose case it is about; `acting` says who acts where they do not do so themselves.
    """

    person: UUID
    key: str
    body_hash: bytes
    version: int | None = None
    acting: Acting | None = None

    @property
    def actor(self) -> str:
        """Under which name inbox and journal know who acts."""
        return self.acting.actor if self.acting else f"person:{self.person}"

    @property
    def standing(self) -> Standing:
        """How who acts stands to the person."""
        return self.acting.standing if self.acting else Standing.OWN


@dataclass(frozen=True, slots=True)
class SignedMandate:
    """A mandate byte for byte, its signature, and the differences from the certificate that are right."""

    mandate: bytes
    signature: bytes
    acknowledged: tuple[str, ...] = ()


class Counter:
    """The counter (窓口) at which citizens are served."""

    def __init__(
        self,
        *,
        store: Store,
        intake: Intake,
        catalogue: Catalogue,
        directories: Directories,
        gate: Gate,
        keys: CaseKeys,
        references_key: bytes,
        sheets: Sheets,
        bells: Bells,
        clock: Clock,
        draft_lasts: timedelta = DRAFT_LASTS,
        notices: Notices,
        reminders: Days = DAYS_BEFORE,
    ) -> None:
        self._store = store
        self._intake = intake
        self._catalogue = catalogue
        self._directories = directories
        self._gate = gate
        self._keys = keys
        self._references_key = references_key
        self._sheets = sheets
        self._bells = bells
        self._clock = clock
        self._draft_lasts = draft_lasts
        self._notices = notices
        self._reminders = reminders

    # --- looking ---

    def life_events(self) -> list[LifeEventView]:
        """Return the life events on offer."""
        return self._catalogue.life_events()

    async def plan(self, event: str, facts: Mapping[str, JsonValue]) -> PlanView:
        """Return the plan for these facts; nothing is stored.

        Raises:
            EngineError: `no-such-life-event`, `invalid-facts`, `invalid-fact-date`.
        """
        contents = await self._planned(event, self._catalogue.read(event, facts), _NO_CASE)
        return plan_view(contents.plan, self._catalogue.event(event).rules)

    async def explanation(
        self, event: str, facts: Mapping[str, JsonValue], *, procedure: str, subject: str | None
    ) -> Explanations:
        """Return why a procedure is in the plan for these facts, or why not; nothing is stored.

        Raises:
            EngineError: as `plan`; `no-such-procedure`, `no-such-subject`.
        """
        told = self._catalogue.read(event, facts)
        plan = (await self._planned(event, told, _NO_CASE)).plan
        return self._catalogue.explained(event, told, plan, procedure=procedure, subject=subject)

    async def rules(self, event: str) -> tuple[str, Mapping[str, Any]]:
        """Return today's rules of a life event under their hash; raises `no-such-life-event`."""
        found = self._catalogue.event(event)
        return found.catalogue, found.rules

    async def kept_rules(self, sha256: str) -> Mapping[str, Any]:
        """Return the rules under a hash, of today or of any case; raises `no-such-catalogue`."""
        return await self._catalogue.kept(sha256)

    async def cases(
        self, person: UUID, *, after: str | None, limit: int
    ) -> tuple[list[CaseSummary], str | None]:
        """Return the person's cases, newest first, and where the next begin; raises `malformed-cursor`."""
        before = _place(after) if after is not None else None
        found = await self._store.cases_of(person, before=before, limit=limit + 1)
        last = _cursor(found[limit - 1].case) if len(found) > limit else None
        return [case_summary(one.case) for one in found[:limit]], last

    async def case(self, person: UUID, case_id: UUID) -> CaseView:
        """Return the case; raises `no-such-case`, also for another's, and `erased-case`."""
        stored = await self._own(person, case_id)
        key = self._keys.open(case_id, stored.data_key_wrapped)
        contents = await self.contents(stored)
        rows = await self._store.journal(case_id)
        said = [read(row, key) for row in rows if row.type in SAID]
        rules = await self._catalogue.rules(stored.case.catalogue)
        view = case_view(stored.case, contents, rules, said).model_copy(update={"acts": acts_in(rows)})
        directory = await self._directories.current()
        view = await self._notices.added(
            await self._seen_elsewhere(view), stored.case, takers(stored.case, directory)
        )
        if not is_acted_for(stored.case, directory):
            return view
        return called_today(view, stored.case, directory, await self._store.disclosures(case_id))

    async def disclosures(self, person: UUID, case_id: UUID) -> list[DisclosureView]:
        """Return who was told what; raises `no-such-case`."""
        await self._own(person, case_id)
        directory = await self._directories.current()
        told = await self._store.disclosures(case_id)
        return [
            DisclosureView(
                filing=one.filing,
                organisation=one.organisation,
                organisation_name=directory.name(one.organisation),
                through=tuple(directory.name(taker) or Text(ja=taker, en=taker) for taker in one.through),
                field=one.field,
                basis=one.basis,
                at=one.at,
            )
            for one in told
        ]

    async def signed_for(self, person: UUID, case_id: UUID) -> list[OwnSignature]:
        """Return what others signed in the owner's place; nothing in another's case, or an erased one."""
        stored = await self._store.case(case_id)
        if stored is None or stored.case.owner != person or stored.data_key_wrapped is None:
            return []
        key = self._keys.open(case_id, stored.data_key_wrapped)
        rows = [row for row in await self._store.journal(case_id) if is_on_behalf(row)]
        found = [getattr(read(row, key), "evidence", None) for row in rows]
        return await self._gate.signed_for([one for one in found if one is not None])

    async def watch(self, person: UUID, case_id: UUID, *, after: int) -> AsyncIterator[CaseView]:
        """Yield the case whenever its version is above the last one; ends when the case has ended."""
        while True:
            with self._bells.hung(case_id) as bell:  # before looking, or one would be missed
                stored = await self._own(person, case_id)
                if stored.case.version <= after:
                    if stored.case.has_ended:
                        return
                    await asyncio.wait([bell], timeout=_LOOK_SECONDS)
                    continue
            view = await self.case(person, case_id)
            after = view.version
            yield view

    async def sheet(self, person: UUID, case_id: UUID, filing: UUID) -> bytes:
        """Return the PDF to take along for a visit, a letter or an own errand.

        Raises:
            EngineError: `no-such-case`, `no-such-filing`; `no-sheet`, Todoke does it itself.
        """
        view = await self.case(person, case_id)
        found = next((one for one in view.filings if one.id == filing), None)
        if found is None:
            raise EngineError("no-such-filing")
        return await self._sheets.sheet(view, found, self._clock.now())

    # --- saying ---

    async def open(self, request: Request, event: str, facts: Mapping[str, JsonValue]) -> Done:
        """Open a case; the same request again is the same case.

        Raises:
            EngineError: `no-such-life-event`, `invalid-facts`, `already-reported`, `idempotency-mismatch`,
                `unavailable`.
        """
        case_id = new_case_id(request.person, request.key, request.acting)
        told = self._catalogue.read(event, facts)
        await self._check_unreported(self._mark(event, told), case_id)
        contents = await self._alone(request, event, told, case_id)
        check_scope(request.acting, contents.plan)
        now = self._clock.now()
        opening = m.Open(
            case_id,
            event,
            request.person,
            contents.plan.catalogue,
            *filings_of(contents.plan, self._references(contents), now, reminders=self._reminders),
            participants_of(contents.plan, case_id),
            now + self._draft_lasts,
        )
        people = self._people(contents, case_id)
        return await self.say(request, case_id, lambda _: Said(opening, contents), people=people)

    async def mandate(self, session: Session, case_id: UUID) -> bytes:
        """Return the mandate of the case, canonical JSON, for the person to read and sign.

        Raises:
            EngineError: `no-such-case`.
        """
        stored = await self._own(session.subject, case_id)
        plan, rules = (await self.contents(stored)).plan, await self.words(stored)
        offer = await self._gate.offer_mandate(
            session,
            case_id,
            recipients=recipients(plan, rules),
            digests=digests(plan, rules),
            expires_at=self._clock.now().replace(microsecond=0) + MANDATE_LASTS,
        )
        return offer.content

    async def confirm(
        self, session: Session, request: Request, case_id: UUID, *, signed: SignedMandate
    ) -> Done:
        """Confirm the plan with the signed mandate.

        Raises:
            EngineError: `no-such-case`, `stale-version`, `stale-mandate`, `signer-not-in-facts`,
                `facts-differ-from-certificate`, `already-reported`, and what the gate refuses.
        """
        stored = await self._own(session.subject, case_id)
        if seen := await self.seen(request):
            return seen
        if request.version is not None and stored.case.version != request.version:
            raise EngineError("stale-version", version=stored.case.version)
        if stored.case.state is not CaseState.DRAFT:  # before anything is kept of the signature
            raise EngineError("already-closed" if stored.case.has_ended else "already-signed")
        mandate = Mandate.from_bytes(signed.mandate)
        contents, rules = await self.contents(stored), await self.words(stored)
        plan = contents.plan
        check_scope(session.acting, plan)
        about = self._mark(stored.case.event, self._catalogue.reread(stored.case.event, contents.facts))
        await self._check_unreported(about, case_id)
        said = (mandate.case_id, mandate.recipients, mandate.digests, mandate.decision)
        if said != (case_id, recipients(plan, rules), digests(plan, rules), None):
            raise EngineError("stale-mandate")
        seats = [
            one
            for one in stored.case.participants.values()
            if one.signs and one.person in {None, session.subject}
        ]
        found = self.finder(session, plan, seats, signed)
        evidence = await self._gate.verify_mandate(
            session, signed.mandate, signature=signed.signature, accept=found
        )
        confirm = m.Confirm(case_id, found.seat, session.subject, evidence.id, signed.acknowledged)
        if about is not None:  # it was read without the lock: the case must be as it was
            request = replace(request, version=stored.case.version)
        return await self.say(request, case_id, self._owned(request, lambda _: Said(confirm)), about=about)

    async def answer(
        self, request: Request, case_id: UUID, filing: UUID, *, question: str, answer: JsonValue
    ) -> Done:
        """Answer what an organisation asked.

        Raises:
            EngineError: `no-such-question`, `invalid-answer` with a pointer to each place, …
        """
        asked = await self._question(request.person, case_id, filing, question)
        if asked is not None:
            check_answer(AnswerSchema.model_validate(asked.schema, by_alias=True, strict=False), answer)
        return await self.say_owned(request, case_id, m.Answer(case_id, filing, question, answer))

    async def mark_done(self, request: Request, case_id: UUID, filing: UUID) -> Done:
        """Note that the citizen did a visit, a letter or an own errand, or lets a refusal rest."""
        return await self.say_owned(request, case_id, m.MarkDone(case_id, filing))

    async def cancel(self, request: Request, case_id: UUID) -> Done:
        """Call the case off: what can be undone is undone."""
        return await self.say_owned(request, case_id, m.Cancel(case_id))

    # --- how ---

    async def say(
        self,
        request: Request,
        case_id: UUID,
        say: Say,
        *,
        reads_contents: bool = False,
        about: str | None = None,
        people: tuple[tuple[UUID, str], ...] = (),
    ) -> Done:
        """Say something to a case, once; who may say it is the caller's to know."""
        result = await self._intake.submit(
            Work(
                entry=InboxEntry(request.actor, request.key, request.body_hash, case_id),
                actor=request.actor,
                say=say,
                version=request.version,
                reads_contents=reads_contents,
                remembered=True,
                mark=about,
                people=people,
            )
        )
        return _done(result)

    async def say_owned(self, request: Request, case_id: UUID, message: m.Message) -> Done:
        """Say something that only the owner may."""
        return await self.say(request, case_id, self._owned(request, lambda _: Said(message)))

    async def seen(self, request: Request) -> Done | None:
        """Return what the same request came to before."""
        seen = await self._store.seen((request.actor, request.key))
        if seen is None:
            return None
        if seen.body_hash != request.body_hash:
            raise EngineError("idempotency-mismatch")
        return _done(Result.again(seen))

    def finder(
        self, session: Session, plan: Plan, seats: Sequence[Participant], signed: SignedMandate
    ) -> SeatFinder | MarkFinder:
        """Return what finds the seat of a signature: by the signer's certificate, or by whom they act for."""
        return finder(session, plan, seats, signed.acknowledged, key=self._references_key)

    async def check_unheard(self, stored: StoredCase, evidence: UUID) -> None:
        """Return if the case has not yet acted on this signature; raises `already-used-mandate`.

        The gate takes a signature up again whose act was not kept; one that was is no new word.
        """
        key = self._keys.open(stored.case.id, stored.data_key_wrapped)
        for row in await self._store.journal(stored.case.id):
            if row.type in _BY_SIGNATURE:
                event: Event = read(row, key)
                if isinstance(event, _Act) and event.evidence == evidence:
                    raise EngineError("already-used-mandate")

    def _owned(self, request: Request, say: Say) -> Say:
        """Return the same, said by the owner only: another's case does not exist."""

        def owned(heard: Heard) -> Said:
            if heard.case is None or heard.case.owner != request.person:
                raise EngineError("no-such-case")
            return say(heard)

        return owned

    async def _planned(
        self, event: str, facts: BaseModel, case_id: UUID, *, standing: Standing = Standing.OWN
    ) -> Contents:
        directory = await self._directories.current()
        today = day_in_japan(self._clock.now())
        return self._catalogue.plan(
            event, facts, case_id=case_id, directory=directory, today=today, standing=standing
        )

    async def _alone(self, request: Request, event: str, told: BaseModel, case_id: UUID) -> Contents:
        """Return the plan of a new case, without what another running case of the person does already."""
        contents = await self._planned(event, told, case_id, standing=request.standing)
        if not any(one.same_as for one in self._catalogue.event(event).procedures):
            return contents
        stored = await self._store.cases_of(request.person, before=None, limit=_MOST_OTHERS)
        others = [
            await self._other(one)
            for one in stored
            if not one.case.has_ended and one.data_key_wrapped is not None and one.case.id != case_id
        ]
        plan = left_to_others(self._catalogue.event(event), told, contents.plan, others)
        return contents.model_copy(update={"plan": plan})

    async def _other(self, stored: StoredCase) -> Other:
        contents, event = await self.contents(stored), self._catalogue.event(stored.case.event)
        told = self._catalogue.reread(event.slug, contents.facts)
        return Other(stored.case, contents.plan, persons_of(event, told, contents.plan))

    async def _seen_elsewhere(self, view: CaseView) -> CaseView:
        """Return the case with how far the same is where it is done."""
        cases = {one.elsewhere.case for one in view.filings if one.elsewhere}
        if not cases:
            return view
        found = [await self._store.case(case_id) for case_id in cases]
        there = {id_: one.state for stored in found if stored for id_, one in stored.case.filings.items()}
        return seen_elsewhere(view, there)

    def _mark(self, event: str, told: BaseModel) -> str | None:
        """Return what the engine keeps of what such a case is about."""
        about = self._catalogue.event(event).about(told)
        return mark(self._references_key, event=event, about=about) if about is not None else None

    def _people(self, contents: Contents, case_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """Return what is kept of who has a seat, so that their death is heard of."""
        key = self._references_key
        return tuple(
            (
                participant_id(case_id, one.at),
                person_mark(key, family=one.family, given=one.given, birth_date=one.birth_date),
            )
            for one in contents.plan.signatories
        )

    async def _check_unreported(self, about: str | None, case_id: UUID) -> None:
        if about is not None and await self._store.reported(about) not in {None, case_id}:
            raise EngineError("already-reported")

    def _references(self, contents: Contents) -> dict[UUID, str]:
        return {
            entry.id: reference(
                self._references_key, organisation=entry.organisation, filing_id=entry.id, route=0
            )
            for entry in contents.plan.entries
            if entry.organisation is not None
        }

    async def _own(self, person: UUID, case_id: UUID) -> StoredCase:
        stored = await self._store.case(case_id)
        if stored is None or stored.case.owner != person:
            raise EngineError("no-such-case")
        return stored

    async def contents(self, stored: StoredCase) -> Contents:
        """Return the facts and the plan of a case, opened."""
        key = self._keys.open(stored.case.id, stored.data_key_wrapped)
        sealed = await self._store.sealed_contents(stored.case.id)
        if sealed is None:
            raise EngineError("no-such-case")
        return Contents.model_validate_json(key.open("contents", sealed))

    async def words(self, stored: StoredCase) -> Mapping[str, Any]:
        """Return the words under which the case was opened."""
        return await self._catalogue.rules(stored.case.catalogue)

    async def _question(
        self, person: UUID, case_id: UUID, filing: UUID, question: str
    ) -> m.QuestionAsked | None:
        """Return the question if it is the one that is open; else the core says what is wrong."""
        stored = await self._own(person, case_id)
        key = self._keys.open(case_id, stored.data_key_wrapped)
        rows = await self._store.journal(case_id)
        for row in reversed(rows):
            if row.type == "question-asked" and row.filing == filing:
                event: Event = read(row, key)
                is_it = isinstance(event, m.QuestionAsked) and event.question == question
                return event if is_it and isinstance(event, m.QuestionAsked) else None
        return None


def _done(result: Result) -> Done:
    if result.code is not None or result.case_id is None:
        raise EngineError(result.code or "unavailable", problems=result.problems)
    return Done(result.case_id, result.version, result.replayed)


def _cursor(case: Case) -> str:
    text = f"{case.opened_at.isoformat()} {case.id}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, case_id = text.split(" ")
        place = datetime.fromisoformat(at), UUID(case_id)
    except (binascii.Error, ValueError) as error:
        raise EngineError("malformed-cursor", pointer="/after") from error
    if place[0].tzinfo is None:
        raise EngineError("malformed-cursor", pointer="/after")
    return place
