# SPDX-License-Identifier: Apache-2.0
"""The web with a fake behind every door that notes who called it, for the tests of the API."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, unused_port
from pydantic import JsonValue

from engine.core.errors import EngineError
from engine.core.explain import Explanations
from engine.core.life_event import canonical
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.core.text import Text
from engine.core.views import (
    CaseSummary,
    CaseView,
    Deadline,
    DisclosureView,
    FilingView,
    LifeEventView,
    PlanView,
)
from engine.identity.app import Coming, Going
from engine.identity.assistance import Basis
from engine.identity.challenges import Challenge, Purpose
from engine.identity.guard import Caller
from engine.identity.inspection import GateView
from engine.identity.sessions import Session, SessionToken
from engine.identity.settling import OwnSignature
from engine.identity.store import Credential, Kind
from engine.ports import Pulled
from engine.runtime.assistance import AssistanceDesk, AssistanceView, PaperCode, Seen
from engine.runtime.consumer import ReplyResult
from engine.runtime.corrections import Correction, Corrections
from engine.runtime.counter import Done, Request, SignedMandate
from engine.runtime.participation import Invitation, Participation, PartView
from engine.runtime.representation import RepresentationDesk, RepresentationView, Shown
from engine.runtime.sandbox import Sandbox
from engine.telemetry import Metrics
from engine.web.api.examples import MOVING_FACTS
from engine.web.app import build_app
from engine.web.doors import Doors, Probe
from engine.web.security import Rate, WebSettings
from tests.unit.care_office import care_of
from tests.unit.control_office import ControlOffice
from tests.unit.mailbox_office import CITY, OWNER, Office
from workflows.moving import MovingFacts

TOKEN = "test-token"
OPERATOR_TOKEN = "operator-token"
CASE = UUID(int=0xC)
FILING = UUID(int=0xF)
VISIT = UUID(int=0xB)
PARTICIPANT = UUID(int=0xA)
START = datetime(2026, 11, 9, tzinfo=UTC)
KEY = "k-1"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WORDS = Text(ja="転出届", en="Notice of moving out")
ORDER_ID = "o_7h2kq9m4x0000000000000000a"

RULES = {"event": "moving"}
RULES_HASH = hashlib.sha256(canonical(RULES)).hexdigest()

Client = TestClient[web.Request, web.Application]
Called = tuple[str, dict[str, Any]]


def a_session(person: UUID = OWNER, roles: frozenset[str] = frozenset()) -> Session:
    credential = Credential(Kind.LOGIN, issuer="issuer", serial="1")
    return Session(person, credential, roles, START, START + timedelta(hours=8))


def a_filing() -> FilingView:
    return FilingView(
        id=FILING,
        slug="move.move-out-notice",
        title=WORDS,
        subject="",
        receiver=WORDS,
        organisation=CITY,
        way=Way.SIGNED,
        ways=(Way.SIGNED, Way.VISIT),
        applies=WORDS,
        basis="住民基本台帳法24条",
        grade="sure",
        deadline=Deadline(
            last_day=date(2027, 4, 7),
            first_day=None,
            why=WORDS,
            basis="住民基本台帳法24条",
            severity="fine",
            skipped=(),
            safe_day=None,
            confirm=False,
        ),
        not_before=None,
        after=(),
        rides_on=None,
        told=(),
        who=None,
        bring=(),
        steps=(),
        if_late=None,
        my_number=None,
        state=FilingState.SUBMITTED,
        state_text=WORDS,
        attempt=1,
        since=START,
        waits_for=None,
        waits_until=None,
        flag=None,
        flag_text=None,
        question=None,
        refusal=None,
        receipt=None,
    )


def a_case(version: int = 3) -> CaseView:
    return CaseView(
        id=CASE,
        event="moving",
        state=CaseState.RUNNING,
        state_text=WORDS,
        version=version,
        opened_at=START,
        filings_total=1,
        filings_open=1,
        title=WORDS,
        facts={},
        filings=(a_filing(),),
    )


@dataclass
class FakeCounter:
    """Notes every call that changes or reads a case. With `strict_facts` it validates them as moving does."""

    strict_facts: bool = True
    calls: list[Called] = field(default_factory=list)
    refusal: Exception | None = None
    replayed: bool = False
    version: int = 3
    changes: asyncio.Queue[CaseView] = field(default_factory=asyncio.Queue)

    def _noted(self, what: str, **how: Any) -> None:
        self.calls.append((what, how))
        if self.refusal is not None:
            raise self.refusal

    def _done(self) -> Done:
        return Done(CASE, self.version + 1, self.replayed)

    def _own(self, person: UUID, case_id: UUID) -> None:
        if (person, case_id) != (OWNER, CASE):
            raise EngineError("no-such-case")

    def _read(self, event: str, facts: Mapping[str, JsonValue]) -> None:
        if event != "moving":
            raise EngineError("no-such-life-event")
        if self.strict_facts:
            MovingFacts.model_validate(facts)

    def life_events(self) -> list[LifeEventView]:
        return [LifeEventView(slug="moving", title=WORDS, catalogue="0" * 64, facts_schema={}, rules={})]

    async def plan(self, event: str, facts: Mapping[str, JsonValue]) -> PlanView:
        self._read(event, facts)
        self._noted("plan", event=event, facts=facts)
        return PlanView(
            event=event,
            title=WORDS,
            catalogue="0" * 64,
            made_on=START.date(),
            entries=(),
            left_out=(),
        )

    async def explanation(
        self, event: str, facts: Mapping[str, JsonValue], *, procedure: str, subject: str | None
    ) -> Explanations:
        self._read(event, facts)
        self._noted("explanation", event=event, facts=facts, procedure=procedure, subject=subject)
        return Explanations(event=event, made_on=START.date(), explanations=())

    async def rules(self, event: str) -> tuple[str, Mapping[str, Any]]:
        self._read(event, MOVING_FACTS)
        self._noted("rules", event=event)
        return RULES_HASH, RULES

    async def kept_rules(self, sha256: str) -> Mapping[str, Any]:
        self._noted("kept_rules", sha256=sha256)
        if sha256 != RULES_HASH:
            raise EngineError("no-such-catalogue")
        return RULES

    async def cases(
        self, person: UUID, *, after: str | None, limit: int
    ) -> tuple[list[CaseSummary], str | None]:
        self._noted("cases", person=person, after=after, limit=limit)
        return [CaseSummary(**{name: getattr(a_case(), name) for name in CaseSummary.model_fields})], "more"

    async def case(self, person: UUID, case_id: UUID) -> CaseView:
        self._own(person, case_id)
        self._noted("case", case=case_id)
        return a_case(self.version)

    async def disclosures(self, person: UUID, case_id: UUID) -> list[DisclosureView]:
        self._own(person, case_id)
        self._noted("disclosures", case=case_id)
        return [
            DisclosureView(
                filing=FILING,
                organisation=CITY,
                organisation_name=WORDS,
                field="name",
                basis="住民基本台帳法24条",
                at=START,
            )
        ]

    async def signed_for(self, person: UUID, case_id: UUID) -> list[OwnSignature]:
        return []

    async def watch(self, person: UUID, case_id: UUID, *, after: int) -> AsyncIterator[CaseView]:
        self._noted("watch", case=case_id, after=after)
        if after < self.version:
            yield a_case(self.version)
        while True:
            yield await self.changes.get()

    async def sheet(self, person: UUID, case_id: UUID, filing: UUID) -> bytes:
        self._own(person, case_id)
        self._noted("sheet", filing=filing)
        return b"%PDF-1.7 sheet"

    async def open(self, request: Request, event: str, facts: Mapping[str, JsonValue]) -> Done:
        self._read(event, facts)
        self._noted("open", request=request, event=event, facts=facts)
        return self._done()

    async def mandate(self, session: Session, case_id: UUID) -> bytes:
        self._own(session.person, case_id)
        self._noted("mandate", case=case_id)
        return b'{"caseId":"1"}'

    async def confirm(
        self, session: Session, request: Request, case_id: UUID, *, signed: SignedMandate
    ) -> Done:
        self._own(session.person, case_id)
        self._noted(
            "confirm", request=request, case=case_id, mandate=signed.mandate, signature=signed.signature
        )
        return self._done()

    async def answer(
        self, request: Request, case_id: UUID, filing: UUID, *, question: str, answer: JsonValue
    ) -> Done:
        self._own(request.person, case_id)
        self._noted("answer", request=request, filing=filing, question=question, answer=answer)
        return self._done()

    async def mark_done(self, request: Request, case_id: UUID, filing: UUID) -> Done:
        self._own(request.person, case_id)
        self._noted("mark_done", request=request, filing=filing)
        return self._done()

    async def cancel(self, request: Request, case_id: UUID) -> Done:
        self._own(request.person, case_id)
        self._noted("cancel", request=request)
        return self._done()


@dataclass
class FakeFeed:
    """Orders that wait, and what was acknowledged. With none, it waits as long as it is told."""

    waiting: list[Pulled] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def orders(self, organisation: str, *, after: int, limit: int, wait_seconds: float) -> list[Pulled]:
        self.calls.append(("orders", {"organisation": organisation, "after": after, "limit": limit}))
        self.asked.set()
        found = [one for one in self.waiting if one.position > after][:limit]
        if not found:
            await asyncio.sleep(wait_seconds)
        return found

    async def left_behind(self, organisation: str, *, after: int) -> int:
        return sum(one.position <= after for one in self.waiting)

    async def acknowledge(self, organisation: str, order_ids: Sequence[str]) -> int:
        self.calls.append(("acknowledge", {"organisation": organisation, "order_ids": tuple(order_ids)}))
        return len(order_ids)


@dataclass
class FakeReplies:
    """Applies every reply."""

    calls: list[Called] = field(default_factory=list)

    async def take(self, organisation: str, events: Sequence[bytes]) -> list[ReplyResult]:
        self.calls.append(("take", {"organisation": organisation, "events": tuple(events)}))
        return [ReplyResult(str(number), "applied") for number, _ in enumerate(events)]


@dataclass
class FakeGate:
    """Knows two tokens."""

    calls: list[Called] = field(default_factory=list)
    proven_ago: timedelta = timedelta(minutes=1)

    async def challenge(
        self, purpose: Purpose, audience: str, *, session: Session | None = None
    ) -> Challenge:
        self.calls.append(("challenge", {"purpose": purpose, "audience": audience, "session": session}))
        return Challenge(UUID(int=1), purpose, audience, b"\0" * 32, START, START + timedelta(minutes=2))

    async def login(
        self, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> SessionToken:
        self.calls.append(("login", {"challenge": challenge, "certificate": certificate}))
        return SessionToken(TOKEN, START + timedelta(hours=8), OWNER)

    async def link(
        self, session: Session, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> Credential:
        self.calls.append(("link", {"challenge": challenge}))
        return session.credential

    async def step_up(
        self, token: str, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> Session:
        self.calls.append(("step_up", {"challenge": challenge, "caller": caller}))
        return a_session()

    def require_recent(self, session: Session, within: timedelta) -> None:
        if self.proven_ago > within:
            raise EngineError("login-too-old", within_seconds=int(within.total_seconds()))

    async def go_to_app(self, purpose: Purpose, *, session: Session | None = None) -> Going:
        self.calls.append(("go_to_app", {"purpose": purpose, "session": session}))
        return Going("https://app.example/auth?state=s", "s", "secret", START + timedelta(minutes=10))

    async def sign_in_app(self, session: Session, mandate: bytes) -> Going:
        self.calls.append(("sign_in_app", {"mandate": mandate}))
        return Going("https://app.example/auth?state=s", "s", "secret", START + timedelta(minutes=10))

    async def login_by_app(self, coming: Coming, *, caller: Caller) -> SessionToken:
        self.calls.append(("login_by_app", {"coming": coming}))
        return SessionToken(TOKEN, START + timedelta(hours=8), OWNER)

    async def prove_by_app(self, token: str, coming: Coming, *, caller: Caller) -> Session:
        self.calls.append(("prove_by_app", {"coming": coming}))
        return a_session()

    async def signature_by_app(self, session: Session, coming: Coming, *, caller: Caller) -> bytes:
        self.calls.append(("signature_by_app", {"coming": coming}))
        return b"signature"

    async def login_by_code(self, code: str, *, caller: Caller) -> SessionToken:
        self.calls.append(("login_by_code", {"code": code}))
        return SessionToken(TOKEN, START + timedelta(hours=8), OWNER)

    async def own_signatures(self, person: UUID, case_id: UUID) -> list[OwnSignature]:
        return []

    async def view(self) -> GateView:
        return GateView(environment="development", refusals=(), roots=(), evidence={}, undone=(), warnings=())

    async def session(self, token: str) -> Session:
        if token == OPERATOR_TOKEN:
            return a_session(roles=frozenset({"operator", "counter", f"organisation:{CITY}"}))
        if token != TOKEN:
            raise EngineError("not-signed-in")
        return a_session(roles=frozenset({f"organisation:{CITY}"}))

    async def logout(self, token: str) -> None:
        self.calls.append(("logout", {"token": token}))


class FakeAccess:
    """Knows one organisation."""

    async def number_of(self, authorization: str | None) -> str:
        if authorization not in {f"Bearer {TOKEN}", f"Bearer {OPERATOR_TOKEN}"}:
            raise EngineError("not-signed-in-organisation")
        return CITY


class FakeCorrections:
    """Notes corrections beside what the owner does; facts are validated as moving does."""

    def __init__(self, counter: FakeCounter) -> None:
        self._counter = counter

    async def mandate(self, session: Session, case_id: UUID, correction: Correction) -> bytes:
        self._counter._own(session.person, case_id)
        if correction.facts is not None:
            self._counter._read("moving", correction.facts)
        self._counter._noted("correction-mandate", correction=correction)
        return b'{"nonce":"n"}'

    async def correct(
        self,
        session: Session,
        request: Request,
        case_id: UUID,
        correction: Correction,
        *,
        signed: SignedMandate | None = None,
    ) -> Done:
        self._counter._own(session.person, case_id)
        if correction.facts is None:
            self._counter._noted("change_date", request=request, day=correction.day)
        else:
            self._counter._read("moving", correction.facts)
            self._counter._noted("correct", request=request, facts=correction.facts)
        return self._counter._done()


class FakeParticipation:
    """Notes what the other people of a case do, beside what its owner does."""

    def __init__(self, counter: FakeCounter) -> None:
        self._counter = counter

    def _part(self, what: str, person: UUID, case_id: UUID, participant: UUID, **how: Any) -> None:
        if (person, case_id, participant) != (OWNER, CASE, PARTICIPANT):
            raise EngineError("no-such-case")
        self._counter._noted(what, **how)

    def _view(self) -> PartView:
        return PartView(
            case_id=CASE,
            participant=PARTICIPANT,
            version=3,
            event="moving",
            title=WORDS,
            state="confirmed",
            state_text=WORDS,
            role="member",
            role_text=WORDS,
            signs=True,
            has_signed=False,
            recipients=(),
            decision=None,
        )

    async def invite(self, person: UUID, case_id: UUID, participant: UUID) -> Invitation:
        self._part("invite", person, case_id, participant)
        return Invitation("AAECAwQFBgcICQ==", START)

    async def unseat(self, request: Request, case_id: UUID, participant: UUID) -> Done:
        self._part("unseat", request.person, case_id, participant, request=request)
        return self._counter._done()

    async def join(self, request: Request, code: str) -> Done:
        self._counter._noted("join", request=request, code=code)
        return self._counter._done()

    async def parts(self, person: UUID) -> list[PartView]:
        return [self._view()] if person == OWNER else []

    async def part(self, person: UUID, case_id: UUID, participant: UUID) -> PartView:
        self._part("part", person, case_id, participant)
        return self._view()

    async def mandate(
        self, session: Session, case_id: UUID, participant: UUID, *, choice: str | None
    ) -> bytes:
        self._part("part-mandate", session.person, case_id, participant, choice=choice)
        return b'{"nonce":"n"}'

    async def sign(
        self, session: Session, request: Request, case_id: UUID, participant: UUID, *, signed: SignedMandate
    ) -> Done:
        self._part("sign", session.person, case_id, participant, request=request, signed=signed)
        return self._counter._done()

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
        self._part("decide", session.person, case_id, participant, request=request, choice=choice)
        return self._counter._done()


class FakeAssistance:
    """Notes what staff of a counter does; knows one visit."""

    def __init__(self, counter: FakeCounter) -> None:
        self._counter = counter

    def _view(self) -> AssistanceView:
        return AssistanceView(
            id=VISIT,
            citizen=OWNER,
            case_id=CASE,
            errand="open",
            basis="driving-licence",
            basis_text=WORDS,
            began_at=START,
            expires_at=START,
            ended_at=None,
        )

    async def open(self, staff: Session, seen: Seen, basis: Basis, *, citizen: UUID | None) -> AssistanceView:
        self._counter._noted("begin-visit", seen=seen, basis=basis, citizen=citizen)
        return self._view()

    async def go_on(
        self, staff: Session, seen: Seen, basis: Basis, *, code: str, caller: Caller
    ) -> AssistanceView:
        self._counter._noted("go-on", seen=seen, basis=basis, code=code)
        return self._view()

    async def view(self, staff: Session, visit: UUID) -> AssistanceView:
        self._counter._noted("visit", visit=visit)
        return self._view()

    async def end(self, staff: Session, visit: UUID) -> None:
        self._counter._noted("end-visit", visit=visit)

    async def code(self, staff: Session, visit: UUID) -> PaperCode:
        self._counter._noted("paper-code", visit=visit)
        return PaperCode(code="0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV", case_id=CASE, expires_at=START)

    async def card_challenge(self, staff: Session, visit: UUID, audience: str) -> Challenge:
        self._counter._noted("card-challenge", visit=visit)
        return Challenge(UUID(int=1), Purpose.LINK, audience, b"\0" * 32, START, START)

    async def link_card(self, staff: Session, visit: UUID, challenge: UUID, **how: Any) -> None:
        self._counter._noted("link-card", visit=visit, challenge=challenge)

    async def acting(
        self, staff: Session, visit: UUID, *, operation: str, looks: bool, case: UUID | None
    ) -> Session:
        if "counter" not in staff.roles:
            raise EngineError("not-allowed-role")
        return staff


class FakeRepresentations:
    """Notes what is recorded and revoked."""

    def __init__(self, counter: FakeCounter) -> None:
        self._counter = counter

    async def record(self, staff: Session, shown: Shown) -> RepresentationView:
        self._counter._noted("record-representation", shown=shown)
        return RepresentationView(
            id=VISIT,
            representative=OWNER,
            represented=CASE,
            kind="parent",
            kind_text=WORDS,
            law="民法818条",
            document="family-register",
            events=("moving",),
            procedures=(),
            begins_on=START.date(),
            ends_on=START.date(),
            verified_at=START,
            revoked_at=None,
        )

    async def revoke_at_counter(self, staff: Session, representation: UUID, *, reason: str) -> None:
        self._counter._noted("revoke-at-counter", representation=representation, reason=reason)

    async def of_person(self, person: UUID) -> tuple[RepresentationView, ...]:
        return ()

    async def acting(
        self, session: Session, representation: UUID, *, operation: str, case: UUID | None
    ) -> Session:
        raise EngineError("no-such-representation")

    async def revoke(self, person: UUID, representation: UUID) -> None:
        self._counter._noted("revoke-representation", representation=representation)


async def well() -> None:
    """Answer a probe."""


class Web:
    """The application on a port of its own, with everything behind it in sight."""

    def __init__(self, **settings: Any) -> None:
        self.port = unused_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.counter = FakeCounter()
        self.behind = ControlOffice()
        self.control, self.care = self.behind.control, care_of(self.behind, self.counter)
        self.lanes, self.webhooks = self.behind.lane_desk, self.behind.webhook_desk
        self.feed = FakeFeed()
        self.replies = FakeReplies()
        self.gate = FakeGate()
        self.office = Office()
        self.probes: dict[str, Probe] = {"store": well}
        self.metrics = Metrics()
        generous = {"per_address": Rate(1e6, 1_000_000), "per_subject": Rate(1e6, 1_000_000)}
        self.settings = WebSettings(public_url=self.url, **(generous | settings))

    @property
    def calls(self) -> list[Called]:
        """Everything that reached a door."""
        return [*self.counter.calls, *self.feed.calls, *self.replies.calls, *self.gate.calls]

    @property
    def request(self) -> Request:
        """The request as the last change of a case had it."""
        request: Request = self.counter.calls[-1][1]["request"]
        return request

    def app(self) -> web.Application:
        """Return the application."""
        doors = Doors(
            counter=self.counter,
            corrections=cast("Corrections", FakeCorrections(self.counter)),
            participation=cast("Participation", FakeParticipation(self.counter)),
            assistance=cast("AssistanceDesk", FakeAssistance(self.counter)),
            representations=cast("RepresentationDesk", FakeRepresentations(self.counter)),
            care=self.care,
            control=self.control,
            onboarding=self.behind.onboarding,
            approvals=self.behind.approvals,
            own=self.behind.own,
            agents=self.behind.agents,
            lanes=self.lanes,
            webhooks=self.webhooks,
            suite=self.behind.suite,
            sandbox=Sandbox(None),
            feed=self.feed,
            replies=self.replies,
            mailbox=self.office.mailbox,
            uploads=self.office.uploads,
            gate=self.gate,
            access=FakeAccess(),
            keys=lambda: {"keys": [{"kty": "EC"}]},
            probes=self.probes,
        )
        return build_app(doors, self.settings, metrics=self.metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Client]:
        """Serve it, and yield a client."""
        server = TestServer(self.app(), port=self.port)
        async with TestClient(server) as client:
            yield client


def reply_event(**changes: object) -> dict[str, object]:
    """Return an envelope as an organisation sends it; what is sealed in it is nobody's business here."""
    name = "jp.todoke.reply.received.v1"
    return {
        "specversion": "1.0",
        "id": "reply-1",
        "source": f"/organisations/{CITY}",
        "type": name,
        "subject": "r_7h2kq9m4x0000000000000000a",
        "time": "2026-11-09T00:00:00Z",
        "datacontenttype": "application/jose",
        "dataschema": f"https://todoke.example/schemas/{name}.json",
        "sequence": 1,
        "data": "e30.e30.e30.e30.e30",
        **changes,
    }
