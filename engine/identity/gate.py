# SPDX-License-Identifier: Apache-2.0
"""The one gate. Every person comes through here; what comes out is a person's number and verdicts.

Certificates and evidence stay behind the gate. There is no second way in.
"""

import logging
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.app import AppDoor, Coming, Going
from engine.identity.assistance import Assistance, FollowCode
from engine.identity.challenges import CHALLENGE_LASTS, Challenge, Purpose
from engine.identity.entering import NOBODY, Entering
from engine.identity.evidence import Evidence, EvidenceSeal
from engine.identity.examiner import Examiner
from engine.identity.fetch import Exchange, Fetch
from engine.identity.following import Following
from engine.identity.guard import Caller, Guard
from engine.identity.inspection import GateView, Inspection
from engine.identity.linking import HttpSerialMapping, Linking, SerialMapping
from engine.identity.mandate import Decision, Digest, Recipient
from engine.identity.provider import App
from engine.identity.sessions import Session, Sessions, SessionToken
from engine.identity.settling import LongTermProof, OwnSignature, Settled, Settling
from engine.identity.signing import Accept, MandateOffer, Signing
from engine.identity.standings import MemoryStandings, StandingStore
from engine.identity.status import RevocationService
from engine.identity.store import Credential, IdentityStore, Kind, Undone
from engine.identity.timestamps import ClockTimestamper, Timestamper, TsaTimestamper
from engine.identity.trust import TrustStore
from engine.identity.verdict import Verdicts
from engine.ports import Clock, Ids

OPERATOR: Final = "operator"
_ROLE: Final = re.compile(r"operator|counter|organisation:[0-9]{13}")

log = logging.getLogger(__name__)


class Gate:
    """Login, sessions, roles and signed mandates of every person."""

    def __init__(
        self,
        *,
        store: IdentityStore,
        examiner: Examiner,
        timestamper: Timestamper,
        clock: Clock,
        ids: Ids,
        audience: str,
        session_key: bytes,
        evidence_key: bytes,
        other_session_keys: Sequence[bytes] = (),
        other_evidence_keys: Sequence[bytes] = (),
        trust: TrustStore | None = None,
        app: AppDoor | None = None,
        mapping: SerialMapping | None = None,
        standings: StandingStore | None = None,
    ) -> None:
        self.audience = audience
        self.standings = standings or MemoryStandings(store)
        self._ids = ids
        self._store = store
        self._clock = clock
        self._sessions = Sessions(store, clock, session_key, *other_session_keys)
        self._guard = Guard(store, clock, session_key)
        self._inspection = (
            Inspection(store=store, guard=self._guard, trust=trust, clock=clock) if trust else None
        )
        linking = Linking(store, clock, mapping)
        self._entering = Entering(
            store=store,
            examiner=examiner,
            sessions=self._sessions,
            linking=linking,
            guard=self._guard,
            app=app,
            audience=audience,
            clock=clock,
            ids=ids,
        )
        self._following = Following(self.standings, self._sessions, self._guard, clock)
        seal = EvidenceSeal(evidence_key, *other_evidence_keys)
        self._settling = Settling(store=store, examiner=examiner, seal=seal, clock=clock)
        self._signing = Signing(
            store=store,
            examiner=examiner,
            timestamper=timestamper,
            seal=seal,
            linking=linking,
            audience=audience,
            clock=clock,
            ids=ids,
        )

    # --- coming in ---

    async def challenge(
        self, purpose: Purpose, audience: str, *, session: Session | None = None
    ) -> Challenge:
        """Return a text to be signed at this site, for this purpose, within two minutes.

        LINK (another card) and STEP_UP (a second proof) need a session; only its person can use them.

        Raises:
            EngineError: `invalid-challenge-audience`, this gate is not at that site;
                `invalid-challenge-purpose`, a mandate is offered by `offer_mandate`; `not-signed-in`.
        """
        return await self._entering.challenge(purpose, audience, session=session)

    async def login(
        self, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller = NOBODY
    ) -> SessionToken:
        """Return the session of the person whose 利用者証明用 key signed the challenge.

        A certificate that nobody has come with before makes a new person, unless the authority says
        that it is the renewed one of somebody known.

        Raises:
            EngineError: `no-such-challenge`, `already-used-challenge`, `invalid-challenge-…`,
                `malformed-certificate`, `certificate-…`, `chain-…`, `signature-…`, `status-…`,
                `too-many-failures`.
        """
        return await self._entering.login(
            challenge, certificate=certificate, signature=signature, caller=caller
        )

    async def link(
        self,
        session: Session,
        challenge: UUID,
        *,
        certificate: bytes,
        signature: bytes,
        caller: Caller = NOBODY,
    ) -> Credential:
        """Add another card to the person who is signed in: both are proven in one live session.

        Raises:
            EngineError: as for `login`; `already-linked-credential`, it is another person's.
        """
        return await self._entering.link(
            session, challenge, certificate=certificate, signature=signature, caller=caller
        )

    # --- a second proof before what cannot be undone ---

    async def step_up(
        self, token: str, challenge: UUID, *, certificate: bytes, signature: bytes, caller: Caller = NOBODY
    ) -> Session:
        """Return the session of the token, whose person has signed a STEP_UP challenge just now.

        Raises:
            EngineError: as for `login`; `already-linked-credential`, it was another person's card.
        """
        return await self._entering.step_up(
            token, challenge, certificate=certificate, signature=signature, caller=caller
        )

    def require_recent(self, session: Session, within: timedelta) -> None:
        """Return if the person was proven no longer ago than that; raises `login-too-old`."""
        if self._clock.now() - session.authenticated_at > within:
            raise EngineError("login-too-old", within_seconds=int(within.total_seconds()))

    # --- the app (デジタル認証アプリ) ---

    async def go_to_app(self, purpose: Purpose, *, session: Session | None = None) -> Going:
        """Return where to go: LOGIN, or in a session LINK and STEP_UP.

        Raises:
            EngineError: `app-not-offered`, `not-signed-in`, `invalid-challenge-purpose`.
        """
        if purpose is Purpose.MANDATE:
            raise EngineError("invalid-challenge-purpose")
        return await self._entering.go_to_app(purpose, session=session)

    async def sign_in_app(self, session: Session, mandate: bytes) -> Going:
        """Return where to go to sign the mandate that was offered to this person.

        Raises:
            EngineError: `app-…`, and about the mandate as for `verify_mandate`.
        """
        await self._signing.check_offer(session, mandate)
        return await self._entering.go_to_app(Purpose.MANDATE, session=session, content=mandate)

    async def login_by_app(self, coming: Coming, *, caller: Caller = NOBODY) -> SessionToken:
        """Return the session of whom the provider names.

        Raises:
            EngineError: `app-…`, `no-such-app-visit`, `too-many-failures`.
        """
        return await self._entering.login_by_app(coming, caller=caller)

    async def prove_by_app(self, token: str, coming: Coming, *, caller: Caller = NOBODY) -> Session:
        """Return the session: as its visit was for, the app is linked or the person proven again.

        Raises:
            EngineError: as for `login_by_app`; `not-signed-in`, `already-linked-credential`.
        """
        return await self._entering.prove_by_app(token, coming, caller=caller)

    async def signature_by_app(self, session: Session, coming: Coming, *, caller: Caller = NOBODY) -> bytes:
        """Return the signature made in the app (CMS, detached), for `verify_mandate`; raises `app-…`."""
        return await self._entering.signature_by_app(session, coming, caller=caller)

    # --- sessions ---

    async def session(self, token: str) -> Session:
        """Return who carries the token; raises `not-signed-in`."""
        return await self._following.narrowed(await self._sessions.find(token))

    async def logout(self, token: str) -> None:
        """End the session."""
        await self._sessions.end(token)

    async def logout_everywhere(self, person: UUID) -> int:
        """End every session of the person; return how many there were."""
        return await self._store.end_sessions(person)

    # --- people without a card ---

    async def new_person(self) -> UUID:
        """Return a person who has nothing to be known by yet."""
        person = self._ids.new()
        await self._store.new_person(person, self._clock.now())
        return person

    async def is_person(self, person: UUID) -> bool:
        """Say whether there is such a person."""
        return await self._store.is_person(person)

    async def has_card(self, person: UUID) -> bool:
        """Say whether the person can come in by themselves: by a card, or the app."""
        return any(one.kind is not Kind.CODE for one in await self._store.credentials(person))

    async def issue_code(self, assistance: Assistance) -> tuple[str, FollowCode]:
        """Return a code for the case of a visit, to be written on paper; it is shown this once."""
        return await self._following.issue(assistance)

    async def read_code(self, code: str, *, caller: Caller = NOBODY) -> FollowCode:
        """Return what a code is for; raises `no-such-code`, `too-many-failures`."""
        return await self._following.read(code, caller=caller)

    async def login_by_code(self, code: str, *, caller: Caller = NOBODY) -> SessionToken:
        """Return a session that sees the one case of the code; raises as `read_code`."""
        return await self._following.login(code, caller=caller)

    async def end_codes(self, person: UUID) -> int:
        """End the codes of a person; return how many there were."""
        return await self._following.end(person)

    # --- roles ---

    async def grant(self, person: UUID, role: str, *, by: str) -> None:
        """Give a person a role: `operator`, `counter` or `organisation:{number}`.

        Raises:
            EngineError: `invalid-role`, `no-such-person`.
        """
        if not _ROLE.fullmatch(role):
            raise EngineError("invalid-role")
        if not await self._store.grant(person, role, by=by, at=self._clock.now()):
            raise EngineError("no-such-person")
        log.info("role.granted", extra={"person": str(person), "role": role, "by": by})

    async def withdraw(self, person: UUID, role: str, *, by: str) -> None:
        """Take a role away; it is gone with the next request."""
        await self._store.withdraw(person, role, by=by, at=self._clock.now())
        log.info("role.withdrawn", extra={"person": str(person), "role": role, "by": by})

    async def holders(self, role: str) -> list[tuple[UUID, str, datetime]]:
        """Return who has a role now, by whom it was granted, and since when."""
        return await self._store.holders(role)

    async def grant_operator(self, person: UUID, *, by: str) -> None:
        """Make a person an operator; raises `no-such-person`. The first one is granted on the host."""
        await self.grant(person, OPERATOR, by=by)

    # --- signing ---

    async def offer_mandate(
        self,
        session: Session,
        case_id: UUID,
        *,
        recipients: Sequence[Recipient],
        expires_at: datetime,
        decision: Decision | None = None,
        digests: Sequence[Digest] = (),
        statement: str | None = None,
    ) -> MandateOffer:
        """Return the mandate of this case for the person to read and sign, once, within the hour.

        `case_id` may be an organisation's application too: then `statement` is what is declared.
        """
        return await self._signing.offer(
            session,
            case_id,
            recipients=recipients,
            expires_at=expires_at,
            decision=decision,
            digests=digests,
            statement=statement,
        )

    async def verify_mandate(
        self, session: Session, mandate: bytes, *, signature: bytes, accept: Accept
    ) -> Evidence:
        """Return the evidence of a mandate signed with the 署名用 key (CAdES-BES, detached).

        `accept` is shown the four attributes of the signer once everything else is in order, and raises
        where this person must not sign: nothing is kept then, and the mandate can be signed once more.

        The certificate becomes the person's: both are proven in one live session.

        Raises:
            EngineError: `malformed-mandate`, `invalid-mandate`, `invalid-mandate-expired`,
                `already-used-mandate`, `already-linked-credential`, `malformed-certificate`,
                `certificate-…`, `chain-…`, `signature-…`, `status-…`. Nothing was kept; after
                a 503 the same signature may come again. What was kept is returned again.
        """
        async with self._guard.watching(NOBODY):
            return await self._signing.verify(session, mandate, signature=signature, accept=accept)

    async def settle(self) -> Settled:
        """Complete the proofs of signatures whose day is over; to be called every hour or so."""
        return await self._settling.settle()

    async def undone(self, *, limit: int) -> list[Undone]:
        """Return signatures that turned out to be worth nothing, those first that nobody looked after."""
        return await self._store.undone_evidence(limit=limit)

    async def answer_undone(self, evidence: UUID) -> None:
        """Note that the case of such a signature was looked after."""
        await self._store.answer_undone(evidence, self._clock.now())

    async def judge_again(self, evidence: UUID) -> Verdicts:
        """Return the verdicts about kept evidence, at its proven time; raises `no-such-evidence`."""
        return await self._settling.judge_again(evidence)

    async def long_term(self, evidence: UUID) -> LongTermProof:
        """Return a signature that proves itself; raises `no-such-evidence`, `evidence-not-settled`."""
        return await self._settling.long_term(evidence)

    async def signed_for(self, evidence: Sequence[UUID]) -> list[OwnSignature]:
        """Return what others signed in somebody's place, without the signature: it shows who they are."""
        return await self._settling.contents(evidence)

    async def own_signatures(self, person: UUID, case_id: UUID) -> list[OwnSignature]:
        """Return what the person signed in a case; each proves itself from the day after."""
        return await self._settling.own(person, case_id)

    async def view(self) -> GateView:
        """Return what operators see of the gate."""
        if self._inspection is None:
            raise EngineError("unavailable")
        return await self._inspection.view()

    async def forget(self) -> int:
        """Drop challenges, visits and sessions that are over; return how many."""
        await self._guard.write()
        return await self._store.forget(before=self._clock.now() - CHALLENGE_LASTS)


def open_gate(
    *,
    trust: TrustStore,
    store: IdentityStore,
    fetch: Fetch,
    clock: Clock,
    ids: Ids,
    audience: str,
    session_key: bytes,
    evidence_key: bytes,
    other_session_keys: Sequence[bytes] = (),
    other_evidence_keys: Sequence[bytes] = (),
    exchange: Exchange | None = None,
    app: App | None = None,
    standings: StandingStore | None = None,
) -> Gate:
    """Return the gate at `audience` (the public URL), with real revocation checks.

    `session_key` and `evidence_key` are 32 bytes each; the others open while they are changed.
    Without a time-stamping authority in the trust store the engine's clock is what proves times.
    `exchange` is needed for the app and for the authority's mapping of numbers, where they are configured.
    """
    door = AppDoor(app, store, exchange) if app and exchange else None
    mapping = HttpSerialMapping(exchange, trust.mapping_url) if trust.mapping_url and exchange else None
    timestamper: Timestamper = ClockTimestamper()
    if trust.tsa_url is not None:
        timestamper = TsaTimestamper(fetch, url=trust.tsa_url, roots=trust.tsa_roots)
    return Gate(
        store=store,
        examiner=Examiner(trust, RevocationService(fetch)),
        timestamper=timestamper,
        clock=clock,
        ids=ids,
        audience=audience,
        session_key=session_key,
        evidence_key=evidence_key,
        other_session_keys=other_session_keys,
        other_evidence_keys=other_evidence_keys,
        trust=trust,
        app=door,
        mapping=mapping,
        standings=standings,
    )
