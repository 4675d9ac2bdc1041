# SPDX-License-Identifier: Apache-2.0
"""Making the proof of a signature complete, and judging it again years later.

When somebody signs, the newest word of the authority may be of this morning, and what a municipality
enters today is in tomorrow's list. So a signature waits until there is a word of a later day than
its own (in Japan), which is kept with it. From then on it is judged by what was kept, alone: neither
the revocation that the move itself causes, nor the end of the certificate, nor an authority that no
longer answers changes it.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.evidence import Bundle, EvidenceSeal
from engine.identity.examiner import Examiner
from engine.identity.mandate import Mandate
from engine.identity.status import EVER
from engine.identity.store import EvidenceRow, IdentityStore, Proof
from engine.identity.verdict import ProvenTime, Standing, Verdicts
from engine.ports import Clock

_JAPAN: Final = ZoneInfo("Asia/Tokyo")
_AT_ONCE: Final = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the signatures that were waiting."""

    settled: int = 0
    undone: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class LongTermProof:
    """What is handed to a court: the content, and a signature that needs nothing else (CAdES-LT)."""

    content: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class OwnSignature:
    """One signature of a person, for that person: `proof` once it is settled."""

    content: bytes = field(repr=False)
    signed_at: datetime
    standing: Proof
    proof: LongTermProof | None = field(repr=False)


class Settling:
    """The later half of a signature's life."""

    def __init__(self, *, store: IdentityStore, examiner: Examiner, seal: EvidenceSeal, clock: Clock) -> None:
        self._store = store
        self._examiner = examiner
        self._seal = seal
        self._clock = clock

    async def settle(self) -> Settled:
        """Settle what can be settled now; what cannot waits for the next time."""
        now = self._clock.now()
        outcomes = [await self._settled(row, now) async for row in self._waiting(before=_today(now))]
        counted = Settled(*(outcomes.count(proof) for proof in (Proof.SETTLED, Proof.UNDONE, Proof.WAITING)))
        if outcomes:
            log.info("evidence.settled", extra={"settled": counted.settled, "undone": counted.undone})
        return counted

    async def judge_again(self, evidence: UUID) -> Verdicts:
        """Return the verdicts about kept evidence, at its proven time.

        A settled one is judged by what was kept; for one that waits the authority is asked.

        Raises:
            EngineError: `no-such-evidence`.
        """
        row = await self._row(evidence)
        bundle = self._opened(row)
        if row.standing is Proof.WAITING:
            return await self._judged(row, bundle, self._clock.now())
        return kept_verdicts(self._examiner, row, bundle)

    async def long_term(self, evidence: UUID) -> LongTermProof:
        """Return a settled signature with all that proves it inside.

        Raises:
            EngineError: `no-such-evidence`; `evidence-not-settled`, come again tomorrow.
        """
        row = await self._row(evidence)
        if row.standing is not Proof.SETTLED:
            raise EngineError("evidence-not-settled", standing=row.standing.value)
        return _raised(self._opened(row))

    async def own(self, person: UUID, case_id: UUID) -> list[OwnSignature]:
        """Return what the person signed in a case, oldest first: for themselves, not in another's place."""
        found = []
        for row in await self._store.signatures_of(person, case_id):
            bundle = self._opened(row)
            if Mandate.from_bytes(bundle.content).on_behalf is not None:
                continue  # it shows whose case it is
            proof = _raised(bundle) if row.standing is Proof.SETTLED else None
            found.append(OwnSignature(bundle.content, row.signed_at, row.standing, proof))
        return found

    async def contents(self, evidence: Sequence[UUID]) -> list[OwnSignature]:
        """Return what was signed, and how far its proof is, without the proof."""
        rows = [await self._row(one) for one in evidence]
        return [OwnSignature(self._opened(row).content, row.signed_at, row.standing, None) for row in rows]

    async def _waiting(self, *, before: datetime) -> AsyncIterator[EvidenceRow]:
        """Yield every one that waits: one whose list is never to be had does not hold up the others."""
        after = (EVER, UUID(int=0))
        while rows := await self._store.waiting_evidence(before=before, after=after, limit=_AT_ONCE):
            for row in rows:
                yield row
            after = (rows[-1].signed_at, rows[-1].id)

    async def _settled(self, row: EvidenceRow, now: datetime) -> Proof:
        """Settle one of many: what cannot be now waits for the next time, and holds up no other."""
        try:
            return await self._settle(row, now)
        except EngineError as error:
            log.warning("evidence.waiting", extra={"evidence": str(row.id), "code": error.code})
            return Proof.WAITING

    async def _settle(self, row: EvidenceRow, now: datetime) -> Proof:
        bundle = self._opened(row)
        verdicts = await self._judged(row, bundle, now)
        proof = proof_of(verdicts, row.signed_at)
        if proof is Proof.WAITING:
            return proof
        word = await self._word_of_time(row, verdicts.proven, now)
        if proof is Proof.SETTLED and word is None:
            return Proof.WAITING
        kept = replace(bundle, status=verdicts.status.evidence, tsa_status=word or b"")
        sealed = self._seal.seal(kept, row.id, signed_at=row.signed_at)
        if await self._store.settle_evidence(row.id, proof, bundle_sealed=sealed, at=now):
            if proof is Proof.UNDONE:
                log.error("evidence.undone", extra={"evidence": str(row.id), "case_id": str(row.case_id)})
            return proof
        return Proof.WAITING  # somebody else was faster

    async def _word_of_time(self, row: EvidenceRow, proven: ProvenTime | None, now: datetime) -> bytes | None:
        """Return the word about who stamped the time, empty where nobody is asked; None: do not settle."""
        if proven is None:
            return b""
        stands, word = await self._examiner.time_stamp(proven, now)
        if stands is False:  # a person has to look: the time-stamping authority lost its key
            log.error("evidence.time-stamp-revoked", extra={"evidence": str(row.id)})
        return word if stands else None

    async def _row(self, evidence: UUID) -> EvidenceRow:
        row = await self._store.evidence(evidence)
        if row is None:
            raise EngineError("no-such-evidence")
        return row

    def _opened(self, row: EvidenceRow) -> Bundle:
        return self._seal.open(row.bundle_sealed, row.id, signed_at=row.signed_at)

    async def _judged(self, row: EvidenceRow, bundle: Bundle, now: datetime) -> Verdicts:
        signed = cades.read(bundle.signature, bundle.content)
        proven = _proven(self._examiner, row, bundle, signed)
        since = word_of_a_later_day(row.signed_at)
        examined = await self._examiner.document(signed, proven=proven, now=now, since=since)
        return examined.verdicts


def kept_verdicts(examiner: Examiner, row: EvidenceRow, bundle: Bundle) -> Verdicts:
    """Return the verdicts about kept evidence by what was kept with it, alone."""
    signed = cades.read(bundle.signature, bundle.content)
    proven = _proven(examiner, row, bundle, signed)
    if proven and bundle.tsa_status:
        stands = examiner.kept_time_stamp(proven, bundle.tsa_status, root=bundle.tsa_root)
        proven = proven if stands else None
    return examiner.kept(signed, proven=proven, root=bundle.root, status=bundle.status)


def _proven(examiner: Examiner, row: EvidenceRow, bundle: Bundle, signed: cades.Signed) -> ProvenTime | None:
    token = cades.time_stamp_of(bundle.signature)
    if token is None:
        return ProvenTime(row.signed_at, "clock")
    return examiner.proven_by(token, signed, also=bundle.tsa_root)


def _raised(bundle: Bundle) -> LongTermProof:
    roots = [root for root in (bundle.root, bundle.tsa_root) if root]
    words = [word for word in (bundle.status, bundle.tsa_status) if word]
    raised = cades.long_term(bundle.signature, certificates=roots, revocations=words)
    return LongTermProof(bundle.content, raised)


def word_of_a_later_day(signed_at: datetime) -> datetime:
    """Return from when on the authority's word is of a later day than the signature, in Japan."""
    return _today(signed_at) + timedelta(days=1)


def _today(now: datetime) -> datetime:
    return now.astimezone(_JAPAN).replace(hour=0, minute=0, second=0, microsecond=0)


def proof_of(verdicts: Verdicts, signed_at: datetime) -> Proof:
    """Return how far the proof is, by these verdicts.

    Only the authority's word ends the waiting: nobody is undone because nobody answered.
    """
    status = verdicts.status
    if verdicts.refusal() == "status-revoked":
        return Proof.UNDONE  # it was revoked when it was made: no later word changes that
    if verdicts.refusal() is not None or status.standing not in (Standing.GOOD, Standing.REVOKED):
        return Proof.WAITING
    if status.this_update is None or status.this_update < word_of_a_later_day(signed_at):
        return Proof.WAITING
    return Proof.SETTLED
