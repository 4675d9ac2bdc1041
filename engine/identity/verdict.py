# SPDX-License-Identifier: Apache-2.0
"""Four verdicts about one signature, kept apart, and the one rule that puts them together.

    crypto   the signature is by this key over these bytes
    chain    the certificate is what it should be, under a pinned root, at the proven time
    status   what the authority says about revocation, and when it said so
    proven   since when the signature provably exists

A signature is judged at its proven time. A later revocation does not undo it: the move that the
citizen announces is itself what revokes the 署名用 certificate.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from engine.core.errors import EngineError


class Standing(StrEnum):
    """What is known about the revocation of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # the authority does not know the certificate
    UNAVAILABLE = "unavailable"  # no answer that can be believed


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination found: nothing wrong, or the code of what is."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The authority's word, and the signed bytes that prove it."""

    standing: Standing
    source: str = ""  # "ocsp" or "crl"
    this_update: datetime | None = None
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None  # as RFC 5280, 5.3.1 writes it; None where the authority gave none
    evidence: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """Since when the signature exists, and who says so: `clock` (the engine) or `tsa` (RFC 3161)."""

    at: datetime
    source: str
    token: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The four verdicts. There is no boolean that sums them up, only the rule below."""

    crypto: Finding
    chain: Finding
    status: Status
    proven: ProvenTime | None

    def refusal(self) -> str | None:
        """Return the code of the first reason against the signature, None when there is none.

        What cannot be known now is a refusal (it may be tried again), never a permission.
        """
        if self.chain.code or self.crypto.code:
            return self.chain.code or self.crypto.code
        if self.proven is None:
            return "signature-time-unproven"
        match self.status.standing:
            case Standing.GOOD:
                return None
            case Standing.REVOKED:
                return None if self._existed_before(self.proven.at) else "status-revoked"
            case Standing.UNKNOWN:
                return "status-unknown"
            case Standing.UNAVAILABLE:
                return "status-unavailable"

    def require(self) -> None:
        """Return if nothing speaks against the signature; raises the refusal."""
        code = self.refusal()
        if code is not None:
            raise EngineError(code)

    def _existed_before(self, proven_at: datetime) -> bool:
        return self.status.revoked_at is not None and proven_at < self.status.revoked_at
