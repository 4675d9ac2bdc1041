# SPDX-License-Identifier: Apache-2.0
"""The one gate. Every person comes through here; what comes out is a person's number and verdicts.

Certificates and evidence stay behind the gate. There is no second way in.
"""

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.challenges import CHALLENGE_LASTS, Challenge, Purpose, new_nonce
from engine.identity.evidence import Evidence, EvidenceSeal
from engine.identity.examiner import Examined, Examiner
from engine.identity.fetch import Fetch
from engine.identity.mandate import Decision, Recipient
from engine.identity.sessions import Session, Sessions, SessionToken
from engine.identity.settling import LongTermProof, Settled, Settling
from engine.identity.signing import Accept, MandateOffer, Signing, anybody
from engine.identity.status import RevocationService
from engine.identity.store import Credential, IdentityStore
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
    ) -> None:
        self.audience = audience
        self._store = store
        self._examiner = examiner
        self._clock = clock
        self._ids = ids
        self._sessions = Sessions(store, clock, session_key)
        seal = EvidenceSeal(evidence_key)
        self._settling = Settling(store=store, examiner=examiner, seal=seal, clock=clock)
        self._signing = Signing(
            store=store,
            examiner=examiner,
            timestamper=timestamper,
            seal=seal,
            audience=audience,
            clock=clock,
            ids=ids,
        )

    # --- coming in ---

    async def challenge(
        self, purpose: Purpose, audience: str, *, session: Session | None = None
    ) -> Challenge:
        """Return a text to be signed at this site, for this purpose, within two minutes.

        A card is linked within a session only: LINK needs it, and only that person can use it.

        Raises:
            EngineError: `invalid-challenge-audience`, this gate is not at that site;
                `invalid-challenge-purpose`, a mandate is offered by `offer_mandate`; `not-signed-in`.
        """
        if audience != self.audience:
            raise EngineError("invalid-challenge-audience")
        if purpose is Purpose.LINK and session is None:
            raise EngineError("not-signed-in")
        if purpose is Purpose.MANDATE:
            raise EngineError("invalid-challenge-purpose")
        now = self._clock.now().replace(microsecond=0)
        challenge = Challenge(
            id=self._ids.new(),
            purpose=purpose,
            audience=audience,
            nonce=new_nonce(),
            issued_at=now,
            expires_at=now + CHALLENGE_LASTS,
            person=session.person if session and purpose is Purpose.LINK else None,
        )
        await self._store.add_challenge(challenge)
        return challenge

    async def login(self, challenge: UUID, *, certificate: bytes, signature: bytes) -> SessionToken:
        """Return the session of the person whose 利用者証明用 key signed the challenge.

        A certificate that nobody has come with before makes a new person.

        Raises:
            EngineError: `no-such-challenge`, `already-used-challenge`, `invalid-challenge-…`,
                `malformed-certificate`, `certificate-…`, `chain-…`, `signature-…`, `status-…`.
        """
        examined = await self._answered(challenge, (Purpose.LOGIN, None), certificate, signature)
        credential, _ = examined.require()
        person = await self._store.enter(credential, newcomer=self._ids.new(), at=self._clock.now())
        not_after = examined.certificate.not_valid_after_utc
        return await self._sessions.begin(person, credential, not_after=not_after)

    async def link(
        self, session: Session, challenge: UUID, *, certificate: bytes, signature: bytes
    ) -> Credential:
        """Add another card to the person who is signed in: both are proven in one live session.

        Raises:
            EngineError: as for `login`; `already-linked-credential`, it is another person's.
        """
        examined = await self._answered(challenge, (Purpose.LINK, session.person), certificate, signature)
        credential, _ = examined.require()
        owner = await self._store.link(credential, person=session.person, at=self._clock.now())
        if owner != session.person:
            raise EngineError("already-linked-credential")
        log.info("credential.linked", extra={"person": str(session.person)})
        return credential

    async def session(self, token: str) -> Session:
        """Return who carries the token; raises `not-signed-in`."""
        return await self._sessions.find(token)

    async def logout(self, token: str) -> None:
        """End the session."""
        await self._sessions.end(token)

    async def logout_everywhere(self, person: UUID) -> int:
        """End every session of the person; return how many there were."""
        return await self._store.end_sessions(person)

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
            statement=statement,
        )

    async def verify_mandate(
        self, session: Session, mandate: bytes, *, signature: bytes, accept: Accept = anybody
    ) -> Evidence:
        """Return the evidence of a mandate signed with the 署名用 key (CAdES-BES, detached).

        `accept` is shown the four attributes of the signer once everything else is in order, and raises
        where this person must not sign: nothing is kept then, and the mandate can be signed once more.

        The certificate becomes the person's: both are proven in one live session.

        Raises:
            EngineError: `malformed-mandate`, `invalid-mandate`, `invalid-mandate-expired`,
                `already-used-mandate`, `already-linked-credential`, `malformed-certificate`,
                `certificate-…`, `chain-…`, `signature-…`, `status-…`. Nothing was kept; after
                a 503 the same signature may come again.
        """
        return await self._signing.verify(session, mandate, signature=signature, accept=accept)

    async def settle(self) -> Settled:
        """Complete the proofs of signatures whose day is over; to be called every hour or so."""
        return await self._settling.settle()

    async def judge_again(self, evidence: UUID) -> Verdicts:
        """Return the verdicts about kept evidence, at its proven time; raises `no-such-evidence`."""
        return await self._settling.judge_again(evidence)

    async def long_term(self, evidence: UUID) -> LongTermProof:
        """Return a signature that proves itself; raises `no-such-evidence`, `evidence-not-settled`."""
        return await self._settling.long_term(evidence)

    async def forget(self) -> int:
        """Drop challenges and sessions that are over; return how many."""
        return await self._store.forget(before=self._clock.now() - CHALLENGE_LASTS)

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
        if challenge.audience != self.audience:
            raise EngineError("invalid-challenge-audience")
        if not await self._store.use_challenge(challenge_id, now):
            raise EngineError("already-used-challenge")
        if now >= challenge.expires_at:
            raise EngineError("invalid-challenge-expired")
        return await self._examiner.login(certificate, text=challenge.text, signature=signature, now=now)


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
) -> Gate:
    """Return the gate at `audience` (the public URL), with real revocation checks.

    `session_key` and `evidence_key` are 32 bytes each. Without a time-stamping authority in
    the trust store the engine's clock is what proves times.
    """
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
    )
