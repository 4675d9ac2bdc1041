# SPDX-License-Identifier: Apache-2.0
"""Judging a signature that proves itself, with the pinned roots and nothing else: no engine, no network.

What a person downloads of their own mandate is judged here as the engine judges it, by strangers too.
"""

from dataclasses import dataclass, field
from datetime import datetime

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity.attributes import Attributes, attributes_of
from engine.identity.examiner import Examiner
from engine.identity.fetch import Unreachable
from engine.identity.profiles import Use
from engine.identity.settling import proof_of
from engine.identity.status import RevocationService
from engine.identity.store import Proof
from engine.identity.trust import TrustStore
from engine.identity.verdict import ProvenTime, Standing, Verdicts


@dataclass(frozen=True, slots=True)
class Judged:
    """What a signature proves: by whom, since when and on whose word (`tsa`, or `clock`: the engine's)."""

    attributes: Attributes = field(repr=False)
    proven: ProvenTime
    verdicts: Verdicts


class _Nobody:
    """There is no network here."""

    async def get(self, url: str) -> bytes:
        """Return nothing, ever."""
        raise Unreachable(url)

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        """Return nothing, ever."""
        del body, content_type
        raise Unreachable(url)


def judged(content: bytes, signature: bytes, *, signed_at: datetime, trust: TrustStore) -> Judged:
    """Return what a self-proving signature (CAdES-LT) over the content proves.

    `signed_at` is what the engine says, and counts only where no time stamp says more.

    Raises:
        EngineError: `signature-…`, `chain-…`, `status-…`; `evidence-not-settled`: no word of the
            authority of a later day is in it, so it may still turn out to be worth nothing.
    """
    lowered, words = cades.lowered(signature)
    signed = cades.read(lowered, content)
    root = trust.issuer_of(signed.certificate, Use.SIGNATURE)
    examiner = Examiner(trust, RevocationService(_Nobody()))
    token = cades.time_stamp_of(lowered)
    proven = examiner.proven_by(token, signed) if token else ProvenTime(signed_at, "clock")
    if proven is None:
        raise EngineError("signature-time-unproven")
    verdicts = [examiner.kept_under(signed, proven=proven, root=root, status=word) for word in words]
    known = [one.status.standing is not Standing.UNAVAILABLE for one in verdicts]
    if len(words) not in {1, 2} or (len(words) == 2 and known.count(True) != 1):
        raise EngineError("evidence-not-settled")
    own = known.index(True) if True in known else 0
    for about_time in (word for place, word in enumerate(words) if place != own):
        if not examiner.kept_time_stamp(proven, about_time):
            raise EngineError("signature-time-unproven")
    return _settled(verdicts[own], signed, proven)


def _settled(verdicts: Verdicts, signed: cades.Signed, proven: ProvenTime) -> Judged:
    verdicts.require()
    if proof_of(verdicts, proven.at) is not Proof.SETTLED:
        raise EngineError("evidence-not-settled")
    return Judged(attributes_of(signed.certificate), proven, verdicts)
