# SPDX-License-Identifier: Apache-2.0
"""A private key inside a token, in the form in which the rest of the engine knows keys."""

import hashlib
import secrets
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    PrivateFormat,
    PublicFormat,
)

from engine.core.errors import EngineError

_ES256: Final = ec.ECDSA(SHA256())
_HALF_BYTES: Final = 32


class Inside(Protocol):
    """What happens inside the token; raises `unavailable-keys`, `unusable-keys`."""

    def sign(self, id_: bytes, digest: bytes) -> bytes:
        """Return r and s, 32 bytes each."""
        ...

    def agree(self, id_: bytes, point: bytes) -> bytes:
        """Return the agreed secret, 32 bytes."""
        ...


class TokenKey(ec.EllipticCurvePrivateKey):
    """A private key that stays in its token; to everybody else an ordinary P-256 key."""

    def __init__(self, token: Inside, id_: bytes, public: ec.EllipticCurvePublicKey) -> None:
        self._token = token
        self._id = id_
        self._public = public

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """256."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half."""
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """Return the signature (DER) of data, or of its SHA-256 digest; raises `unavailable-keys`."""
        algorithm = signature_algorithm.algorithm
        if not isinstance(signature_algorithm, ec.ECDSA) or algorithm.digest_size != _HALF_BYTES:
            raise UnsupportedAlgorithm("keys of the token sign with ECDSA and SHA-256 only")
        digest = bytes(data) if isinstance(algorithm, Prehashed) else hashlib.sha256(data).digest()
        raw = self._token.sign(self._id, digest)
        return encode_dss_signature(
            int.from_bytes(raw[:_HALF_BYTES], "big"), int.from_bytes(raw[_HALF_BYTES:], "big")
        )

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Return the agreed secret; raises `unavailable-keys`."""
        del algorithm  # there is only one
        return self._token.agree(self._id, point_of(peer_public_key))

    def private_numbers(self) -> ec.EllipticCurvePrivateNumbers:
        """Nobody gets them."""
        raise UnsupportedAlgorithm("the private key does not leave its token")

    def private_bytes(
        self,
        encoding: Encoding,
        format: PrivateFormat,  # noqa: A002 - the name is the library's
        encryption_algorithm: KeySerializationEncryption,
    ) -> bytes:
        """Nobody gets them."""
        del encoding, format, encryption_algorithm
        raise UnsupportedAlgorithm("the private key does not leave its token")

    def __copy__(self) -> "TokenKey":
        """Return the same key."""
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> "TokenKey":
        """Return the same key."""
        return self


def check_signing(key: TokenKey, label: str) -> None:
    """Raise `unusable-keys` unless the key signs as its public half says."""
    probe = secrets.token_bytes(_HALF_BYTES)
    try:
        key.public_key().verify(key.sign(probe, _ES256), probe, _ES256)
    except InvalidSignature:
        raise EngineError("unusable-keys", reason=f"{label} does not sign as its public key says") from None


def check_agreeing(key: TokenKey, label: str) -> None:
    """Raise `unusable-keys` unless the key agrees as its public half says."""
    other = ec.generate_private_key(ec.SECP256R1())
    agreed = key.exchange(ec.ECDH(), other.public_key())
    if not secrets.compare_digest(agreed, other.exchange(ec.ECDH(), key.public_key())):
        raise EngineError("unusable-keys", reason=f"{label} does not agree as its public key says")


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the key as an uncompressed point (SEC 1, 2.3.3)."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
