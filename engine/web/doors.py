# SPDX-License-Identifier: Apache-2.0
"""Everything the web calls, as Protocols: it decides nothing itself."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from pydantic import JsonValue

from connectors.channels.webhook_desk import WebhookDesk
from connectors.conformance.suite import Suite
from engine.core.explain import Explanations
from engine.core.views import CaseSummary, CaseView, DisclosureView, LifeEventView, PlanView
from engine.identity.app import Coming, Going
from engine.identity.challenges import Challenge, Purpose
from engine.identity.guard import Caller
from engine.identity.inspection import GateView
from engine.identity.sessions import Session, SessionToken
from engine.identity.settling import OwnSignature
from engine.ports import Pulled
from engine.runtime.agents import Agents
from engine.runtime.approvals import Approvals
from engine.runtime.assistance import AssistanceDesk
from engine.runtime.calendars import Calendars
from engine.runtime.certificates import Certificates
from engine.runtime.consumer import ReplyResult
from engine.runtime.corrections import Corrections
from engine.runtime.counter import Done, Request, SignedMandate
from engine.runtime.lane_desk import LaneDesk
from engine.runtime.old_values import OldValues
from engine.runtime.onboarding import Onboarding
from engine.runtime.operations import ControlRoom
from engine.runtime.own_organisation import OwnOrganisation
from engine.runtime.participation import Participation
from engine.runtime.representation import RepresentationDesk
from engine.runtime.retention import Retention
from engine.runtime.sandbox import Sandbox
from mailbox.service import Mailbox
from mailbox.uploads import Uploads


class Counter(Protocol):
    """What a citizen can do (`engine/runtime/counter.py`). Pointers of `invalid-facts` are into the facts."""

    def life_events(self) -> list[LifeEventView]:
        """Return the life events on offer."""
        ...

    async def plan(self, event: str, facts: Mapping[str, JsonValue]) -> PlanView:
        """Return the plan for these facts; nothing is stored."""
        ...

    async def explanation(
        self, event: str, facts: Mapping[str, JsonValue], *, procedure: str, subject: str | None
    ) -> Explanations:
        """Return why a procedure is in the plan for these facts, or why not; nothing is stored."""
        ...

    async def rules(self, event: str) -> tuple[str, Mapping[str, Any]]:
        """Return today's rules of a life event under their hash."""
        ...

    async def kept_rules(self, sha256: str) -> Mapping[str, Any]:
        """Return the rules under a hash; raises `no-such-catalogue`."""
        ...

    async def cases(
        self, person: UUID, *, after: str | None, limit: int
    ) -> tuple[list[CaseSummary], str | None]:
        """Return the person's cases, newest first, and where the next ones begin."""
        ...

    async def case(self, person: UUID, case_id: UUID) -> CaseView:
        """Return the case; raises `no-such-case`, also for another's."""
        ...

    async def disclosures(self, person: UUID, case_id: UUID) -> list[DisclosureView]:
        """Return who was told what."""
        ...

    async def signed_for(self, person: UUID, case_id: UUID) -> list[OwnSignature]:
        """Return what others signed in the owner's place."""
        ...

    def watch(self, person: UUID, case_id: UUID, *, after: int) -> AsyncIterator[CaseView]:
        """Yield the case whenever its version is above the last one, beginning above `after`."""
        ...

    async def sheet(self, person: UUID, case_id: UUID, filing: UUID) -> bytes:
        """Return the PDF to take along."""
        ...

    async def open(self, request: Request, event: str, facts: Mapping[str, JsonValue]) -> Done:
        """Open a case."""
        ...

    async def mandate(self, session: Session, case_id: UUID) -> bytes:
        """Return the canonical JSON that the citizen signs."""
        ...

    async def confirm(
        self, session: Session, request: Request, case_id: UUID, *, signed: SignedMandate
    ) -> Done:
        """Confirm the plan with the signed mandate."""
        ...

    async def answer(
        self, request: Request, case_id: UUID, filing: UUID, *, question: str, answer: JsonValue
    ) -> Done:
        """Answer what an organisation asked."""
        ...

    async def mark_done(self, request: Request, case_id: UUID, filing: UUID) -> Done:
        """Note that the citizen did a filing."""
        ...

    async def cancel(self, request: Request, case_id: UUID) -> Done:
        """Call the case off."""
        ...


class Feed(Protocol):
    """The pull channel (`engine/runtime/feed.py`)."""

    async def orders(self, organisation: str, *, after: int, limit: int, wait_seconds: float) -> list[Pulled]:
        """Return unacknowledged orders after a position, waiting for the first one."""
        ...

    async def left_behind(self, organisation: str, *, after: int) -> int:
        """Return how many orders up to a position are not acknowledged."""
        ...

    async def acknowledge(self, organisation: str, order_ids: Sequence[str]) -> int:
        """Note that the organisation has these; return how many were waiting."""
        ...


class Replies(Protocol):
    """Where replies go that come over HTTP (`ReplyDesk` in `engine/runtime/consumer.py`)."""

    async def take(self, organisation: str, events: Sequence[bytes]) -> list[ReplyResult]:
        """Return, for each event in its order, what became of it; when it returns, it is durable."""
        ...


class Gate(Protocol):
    """The one gate of every person (`engine/identity/gate.py`)."""

    async def challenge(
        self, purpose: Purpose, audience: str, *, session: Session | None = None
    ) -> Challenge:
        """Return a text to be signed."""
        ...

    async def login(
        self, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> SessionToken:
        """Return a session for the signed challenge."""
        ...

    async def link(
        self, session: Session, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> object:
        """Add another card to the person who is signed in."""
        ...

    async def step_up(
        self, token: str, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller
    ) -> Session:
        """Return the session, whose person has just proven again who it is."""
        ...

    def require_recent(self, session: Session, within: timedelta) -> None:
        """Return if the person was proven that recently; raises `login-too-old`."""
        ...

    async def go_to_app(self, purpose: Purpose, *, session: Session | None = None) -> Going:
        """Return where to go to, for the app."""
        ...

    async def sign_in_app(self, session: Session, mandate: bytes) -> Going:
        """Return where to go to, to sign the mandate in the app."""
        ...

    async def login_by_app(self, coming: Coming, *, caller: Caller) -> SessionToken:
        """Return a session of whom the app's provider names."""
        ...

    async def prove_by_app(self, token: str, coming: Coming, *, caller: Caller) -> Session:
        """Return the session, to which the app is linked or whose person it has proven again."""
        ...

    async def signature_by_app(self, session: Session, coming: Coming, *, caller: Caller) -> bytes:
        """Return the signature that was made in the app."""
        ...

    async def login_by_code(self, code: str, *, caller: Caller) -> SessionToken:
        """Return a session that sees one case."""
        ...

    async def own_signatures(self, person: UUID, case_id: UUID) -> list[OwnSignature]:
        """Return what the person signed in a case."""
        ...

    async def view(self) -> GateView:
        """Return what operators see of the gate."""
        ...

    async def session(self, token: str) -> Session:
        """Return the session of a token; raises `not-signed-in`."""
        ...

    async def logout(self, token: str) -> None:
        """End the session."""
        ...


class Access(Protocol):
    """Tells which organisation a request comes from (`engine/registry/access.py`)."""

    async def number_of(self, authorization: str | None) -> str:
        """Return the 13-digit number; raises `not-signed-in-organisation…`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What a citizen is given beside the case."""

    old_values: OldValues
    calendars: Calendars
    certificates: Certificates
    retention: Retention


Probe = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Every door of the web. `keys` gives the engine's JWK Set; a probe that raises is not ready."""

    counter: Counter
    participation: Participation
    assistance: AssistanceDesk
    representations: RepresentationDesk
    corrections: Corrections
    care: Care
    control: ControlRoom
    onboarding: Onboarding
    approvals: Approvals
    own: OwnOrganisation
    agents: Agents
    lanes: LaneDesk
    webhooks: WebhookDesk
    suite: Suite
    sandbox: Sandbox
    feed: Feed
    replies: Replies
    mailbox: Mailbox
    uploads: Uploads
    gate: Gate
    access: Access
    keys: Callable[[], Mapping[str, Any]]
    probes: Mapping[str, Probe]
