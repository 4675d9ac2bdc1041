# SPDX-License-Identifier: Apache-2.0
"""What proves a signature for good, kept by the gate alone (role of 署名検証者), sealed.

The bundle holds everything needed to judge the signature again in ten years: what was signed, the
signature with its time stamp, the root, and what the authority said about revocation.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from asn1crypto import core
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.core.errors import EngineError
from engine.identity.attributes import Attributes
from engine.identity.verdict import Verdicts

_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """What others may know of a verified signature: the verdicts and the attributes, no certificate."""

    id: UUID
    person: UUID
    case_id: UUID
    digest: bytes
    verdicts: Verdicts
    attributes: Attributes
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Bundle:
    """The parts, each in the form in which it was signed. `root` and `tsa_root` were pinned at the time."""

    content: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    root: bytes = field(repr=False)
    status: bytes = field(repr=False)
    tsa_root: bytes = field(default=b"", repr=False)
    tsa_status: bytes = field(default=b"", repr=False)  # the word about the time-stamping authority

    def to_der(self) -> bytes:
        """Return a SEQUENCE OF OCTET STRING."""
        parts = [self.content, self.signature, self.root, self.status, self.tsa_root, self.tsa_status]
        return bytes(core.SequenceOf(parts, spec=core.OctetString).dump())

    @classmethod
    def from_der(cls, der: bytes) -> "Bundle":
        """Return the parts."""
        return cls(*core.SequenceOf.load(der, spec=core.OctetString).native)


class EvidenceSeal:
    """Seals bundles under one key; each is bound to its id and to the time it was judged at.

    While the key is being changed, `others` open what they have sealed.
    """

    def __init__(self, key: bytes, *others: bytes) -> None:
        self._cipher = AESGCM(key)
        self._opening = (self._cipher, *(AESGCM(other) for other in others))

    def seal(self, bundle: Bundle, evidence: UUID, *, signed_at: datetime) -> bytes:
        """Return the sealed bundle."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, bundle.to_der(), _bound_to(evidence, signed_at))

    def open(self, sealed: bytes, evidence: UUID, *, signed_at: datetime) -> Bundle:
        """Return the bundle; raises `no-such-evidence` when it was not sealed as this one."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for cipher in self._opening:
            try:
                return Bundle.from_der(cipher.decrypt(nonce, ciphertext, _bound_to(evidence, signed_at)))
            except InvalidTag:
                continue
        raise EngineError("no-such-evidence")

    def anew(self, sealed: bytes, evidence: UUID, *, signed_at: datetime) -> bytes | None:
        """Return the bundle sealed with the key in use, None when it is; raises `no-such-evidence`."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            self._cipher.decrypt(nonce, ciphertext, _bound_to(evidence, signed_at))
        except InvalidTag:
            bundle = self.open(sealed, evidence, signed_at=signed_at)
            return self.seal(bundle, evidence, signed_at=signed_at)
        return None


def _bound_to(evidence: UUID, signed_at: datetime) -> bytes:
    return evidence.bytes + signed_at.astimezone(UTC).isoformat().encode()
