# SPDX-License-Identifier: Apache-2.0
"""What operators see of the gate: how much was refused and why, what it believes, what needs a hand.

Codes and numbers; no person, no certificate, no address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cryptography import x509

from engine.identity.guard import Guard
from engine.identity.store import IdentityStore, Proof, Undone
from engine.identity.trust import Root, TrustStore
from engine.ports import Clock

_MOST_UNDONE: Final = 50
_SHOWN: Final = timedelta(days=30)
# An authority announces a new root about a year before; half a year without one is worth a call.
_SOON: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often something was refused on a day (UTC)."""

    day: date
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class PinnedRoot:
    """A root that is believed: what for, its key's name, its period, and where revocation is asked."""

    use: str
    key: str
    algorithm: str
    not_after: datetime
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateView:
    """The gate, for operators. `warnings` are codes with what they are about."""

    environment: str
    refusals: tuple[Refusals, ...]
    roots: tuple[PinnedRoot, ...]
    evidence: Mapping[str, int]
    undone: tuple[Undone, ...]
    warnings: tuple[str, ...]


class Inspection:
    """Looks at the gate from outside."""

    def __init__(self, *, store: IdentityStore, guard: Guard, trust: TrustStore, clock: Clock) -> None:
        self._store = store
        self._guard = guard
        self._trust = trust
        self._clock = clock

    async def view(self) -> GateView:
        """Return what operators see."""
        now = self._clock.now()
        counted = await self._guard.refusals(since=(now - _SHOWN).date())
        evidence = await self._store.evidence_by_standing()
        return GateView(
            environment=self._trust.environment.value,
            refusals=tuple(Refusals(*one) for one in counted),
            roots=tuple(_pinned(root) for root in self._trust.roots),
            evidence={proof.value: evidence.get(proof, 0) for proof in Proof},
            undone=tuple(await self._store.undone_evidence(limit=_MOST_UNDONE)),
            warnings=(*warnings_of(self._trust, now), *_of_evidence(evidence)),
        )


def warnings_of(trust: TrustStore, now: datetime) -> tuple[str, ...]:
    """Return what about the trust store needs a hand: `code` or `code: which`."""
    found: list[str] = []
    for root in trust.roots:
        name = f"{root.use.value} {root.key_id[:16]}"
        found += [f"{code}: {name}" for code in _of_period(root.certificate, now)]
        if not (root.ocsp_url or root.crl_urls):
            found.append(f"no-revocation-source: {name}")
    found += [f"tsa-{code}" for root in trust.tsa_roots for code in _of_period(root, now)]
    found += [
        f"tsa-no-revocation-source: {one.key_id[:16]}" for one in trust.tsa_authorities if not one.is_asked
    ]
    for use in sorted({root.use.value for root in trust.roots}):
        ends = [root.certificate.not_valid_after_utc for root in trust.roots if root.use.value == use]
        if max(ends) - now < _SOON:
            found.append(f"no-later-root: {use}")
    if trust.tsa_url is None:
        found.append("no-tsa")
    return tuple(found)


def _of_period(root: x509.Certificate, now: datetime) -> list[str]:
    if now < root.not_valid_before_utc:
        return ["root-not-yet-valid"]
    if now > root.not_valid_after_utc:
        return ["root-expired"]
    return ["root-expires-soon"] if root.not_valid_after_utc - now < _SOON else []


def _of_evidence(evidence: Mapping[Proof, int]) -> tuple[str, ...]:
    return ("evidence-undone",) if evidence.get(Proof.UNDONE) else ()


def _pinned(root: Root) -> PinnedRoot:
    sources = (*(("ocsp",) if root.ocsp_url else ()), *(("crl",) if root.crl_urls else ()))
    return PinnedRoot(
        use=root.use.value,
        key=root.key_id,
        algorithm=root.profile.algorithm.value,
        not_after=root.certificate.not_valid_after_utc,
        sources=sources,
    )
