# SPDX-License-Identifier: Apache-2.0
"""Offering a mandate to the person who is signed in, and verifying what comes back signed."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.attributes import Attributes, attributes_of
from engine.identity.challenges import MANDATE_OFFER_LASTS, Challenge, Purpose, new_nonce
from engine.identity.evidence import Bundle, Evidence, EvidenceSeal
from engine.identity.examiner import Examiner
from engine.identity.linking import Linking
from engine.identity.mandate import Decision, Digest, Mandate, Recipient, written_nonce
from engine.identity.sessions import Session
from engine.identity.settling import kept_verdicts
from engine.identity.store import Credential, EvidenceRow, IdentityStore, Kept
from engine.identity.timestamps import Timestamper
from engine.identity.verdict import ProvenTime
from engine.ports import Clock, Ids

# Looks at who signed, and raises where it must not be that person: then nothing is kept.
Accept = Callable[[Attributes], None]


def anybody(_: Attributes) -> None:
    """Accept whoever signed: for what is not bound to a person that was named before."""


_DRIFT: Final = timedelta(minutes=5)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MandateOffer:
    """A mandate to be read and signed: `content` byte for byte, before `expires_at`."""

    mandate: Mandate
    content: bytes = field(repr=False)
    expires_at: datetime


class Signing:
    """The 署名用 half of the gate."""

    def __init__(
        self,
        *,
        store: IdentityStore,
        examiner: Examiner,
        timestamper: Timestamper,
        seal: EvidenceSeal,
        linking: Linking,
        audience: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._examiner = examiner
        self._timestamper = timestamper
        self._seal = seal
        self._linking = linking
        self._audience = audience
        self._clock = clock
        self._ids = ids

    async def offer(
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
        """Return the mandate that this person may sign, once, within the hour."""
        now = self._clock.now().replace(microsecond=0)
        acting = session.acting
        said = statement if acting is None else acting.statement
        nonce, challenge_id = new_nonce(), self._ids.new()
        mandate = Mandate(
            id=challenge_id,
            case_id=case_id,
            recipients=tuple(recipients),
            decision=decision,
            digests=tuple(digests),
            issued_at=now,
            expires_at=expires_at,
            nonce=written_nonce(nonce),
            on_behalf=acting.stated if acting else None,
            **({} if said is None else {"statement": said}),
        )
        content = mandate.to_bytes()
        offer_ends = now + MANDATE_OFFER_LASTS
        await self._store.add_challenge(
            Challenge(
                id=challenge_id,
                purpose=Purpose.MANDATE,
                audience=self._audience,
                nonce=nonce,
                issued_at=now,
                expires_at=offer_ends,
                person=session.person,
                digest=hashlib.sha256(content).digest(),
            )
        )
        return MandateOffer(mandate, content, offer_ends)

    async def verify(self, session: Session, content: bytes, *, signature: bytes, accept: Accept) -> Evidence:
        """Return the evidence of a signed mandate.

        The offer is used up together with keeping the evidence, not before: when the authority
        cannot be asked now, the same signature can come again, and no second PIN is risked. It can
        also come again afterwards, and is the same evidence: what it is for may not have been kept.
        """
        now = self._clock.now()
        mandate = Mandate.from_bytes(content)
        offer, is_used = await self._offered(session, mandate, content)
        if is_used:
            return await self._taken_up(session, mandate, content, signature, accept)
        _check_time(offer, mandate, now)
        signed = _read(signature, mandate, content, now)
        proven = await self._timestamper.prove(signed.signature, now)
        examined = await self._examiner.document(signed, proven=proven, now=now)
        credential, root = examined.require()
        await self._linking.check(credential, session.person)
        evidence = Evidence(
            id=self._ids.new(),
            person=session.person,
            case_id=mandate.case_id,
            digest=hashlib.sha256(content).digest(),
            verdicts=examined.verdicts,
            attributes=attributes_of(signed.certificate),
            signed_at=proven.at if proven else now,
        )
        bundle = Bundle(
            content=content,
            signature=_stamped(signature, proven),
            root=root.certificate.public_bytes(Encoding.DER),
            status=examined.verdicts.status.evidence,
            tsa_root=self._examiner.tsa_root_of(proven),
        )
        accept(evidence.attributes)
        if not await self._keep(self._row(evidence, credential, bundle), mandate.id, now):
            return await self._taken_up(session, mandate, content, signature, accept)
        return evidence

    async def check_offer(self, session: Session, content: bytes) -> None:
        """Return if this was offered to the person and can still be signed; raises as `verify`."""
        mandate = Mandate.from_bytes(content)
        offer, is_used = await self._offered(session, mandate, content)
        if is_used:
            raise EngineError("already-used-mandate")
        _check_time(offer, mandate, self._clock.now())

    async def _offered(self, session: Session, mandate: Mandate, content: bytes) -> tuple[Challenge, bool]:
        """Return the person's offer of this mandate, and whether it has been signed."""
        found = await self._store.challenge(mandate.id)
        if found is None:
            raise EngineError("invalid-mandate")
        offer, is_used = found
        if mandate.on_behalf != (session.acting.stated if session.acting else None):
            raise EngineError("invalid-mandate")  # in whose place it is signed is part of what is signed
        expected = (Purpose.MANDATE, self._audience, session.person, hashlib.sha256(content).digest())
        if (offer.purpose, offer.audience, offer.person, offer.digest) != expected:
            raise EngineError("invalid-mandate")
        return offer, is_used

    async def _taken_up(
        self, session: Session, mandate: Mandate, content: bytes, signature: bytes, accept: Accept
    ) -> Evidence:
        """Return the evidence that was kept of this very signature, judged by what was kept with it."""
        digest = hashlib.sha256(content).digest()
        row = await self._store.evidence_of(mandate.case_id, person=session.person, digest=digest)
        if row is None:
            raise EngineError("already-used-mandate")
        bundle = self._seal.open(row.bundle_sealed, row.id, signed_at=row.signed_at)
        signed, kept = cades.read(signature, content), cades.read(bundle.signature, content)
        if (signed.signature, signed.certificate) != (kept.signature, kept.certificate):
            raise EngineError("already-used-mandate")
        verdicts = kept_verdicts(self._examiner, row, bundle)
        verdicts.require()
        attributes = attributes_of(signed.certificate)
        accept(attributes)
        log.info("evidence.taken-up", extra={"evidence": str(row.id), "case_id": str(row.case_id)})
        return Evidence(
            id=row.id,
            person=row.person,
            case_id=row.case_id,
            digest=row.digest,
            verdicts=verdicts,
            attributes=attributes,
            signed_at=row.signed_at,
        )

    def _row(self, evidence: Evidence, credential: Credential, bundle: Bundle) -> EvidenceRow:
        return EvidenceRow(
            id=evidence.id,
            person=evidence.person,
            case_id=evidence.case_id,
            credential=credential,
            digest=evidence.digest,
            signed_at=evidence.signed_at,
            bundle_sealed=self._seal.seal(bundle, evidence.id, signed_at=evidence.signed_at),
        )

    async def _keep(self, row: EvidenceRow, offer: UUID, now: datetime) -> bool:
        """Keep it; False when the offer has been used meanwhile."""
        match await self._store.keep_evidence(row, challenge=offer, at=now):
            case Kept.KEPT:
                log.info("evidence.kept", extra={"evidence": str(row.id), "case_id": str(row.case_id)})
                return True
            case Kept.USED:
                return False
            case Kept.ANOTHER_PERSON:
                raise EngineError("already-linked-credential")


def _check_time(offer: Challenge, mandate: Mandate, now: datetime) -> None:
    if now >= offer.expires_at or now >= mandate.expires_at:
        raise EngineError("invalid-mandate-expired")


def _read(signature: bytes, mandate: Mandate, content: bytes, now: datetime) -> cades.Signed:
    """Return the signature over the mandate.

    The signer's own clock proves nothing, but it must not tell another story.
    """
    signed = cades.read(signature, content)
    if cades.time_stamp_of(signature) is not None:  # a time stamp is ours to get
        raise EngineError("signature-malformed")
    claimed = signed.signing_time
    if claimed is None and not signed.names_itself:
        return signed  # the app's form: it claims no time at all
    if claimed is None or not mandate.issued_at - _DRIFT <= claimed <= now + _DRIFT:
        raise EngineError("signature-wrong-attributes")
    return signed


def _stamped(signature: bytes, proven: ProvenTime | None) -> bytes:
    return cades.with_time_stamp(signature, proven.token) if proven and proven.token else signature
