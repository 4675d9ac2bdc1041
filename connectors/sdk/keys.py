# SPDX-License-Identifier: Apache-2.0
"""The connector's own keys, as files, and what it knows of the engine's."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from engine.border.envelope import ENGINE
from engine.border.jwk import RecipientKey, Use, exported, key_set, public_key, thumbprint
from engine.border.tokens import key_proof
from engine.core.errors import EngineError

_SIGNING: Final = "signing.pem"
_DECRYPTION: Final = "decryption.pem"
_EARLIER: Final = "decryption-*.pem"  # kept after a change of keys, until nothing sealed for them is left


class OwnKeys:
    """One key to sign with, and one to be written to. The private parts never leave their directory."""

    def __init__(
        self,
        signing: ec.EllipticCurvePrivateKey,
        decryption: ec.EllipticCurvePrivateKey,
        earlier: tuple[ec.EllipticCurvePrivateKey, ...] = (),
    ) -> None:
        self.signing = signing
        self.kid = thumbprint(signing.public_key())
        self._decryption = decryption
        self.decryption: Mapping[str, ec.EllipticCurvePrivateKey] = {
            thumbprint(key.public_key()): key for key in (decryption, *earlier)
        }

    @classmethod
    def kept_in(cls, directory: Path) -> Self:
        """Return the keys in the directory; the first time, make them."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            _kept(directory / _SIGNING),
            _kept(directory / _DECRYPTION),
            tuple(_read(path) for path in sorted(directory.glob(_EARLIER))),
        )

    def public(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys as a JWK Set, for the registration."""
        return key_set(
            [
                exported(self.signing.public_key(), use="sig"),
                exported(self._decryption.public_key(), use="enc"),
            ]
        )

    def proofs(self, *, number: str, audience: str, now: datetime) -> list[dict[str, Any]]:
        """Return what `POST /v1/organisation/keys` takes to register both keys: each with its proof."""
        pairs: list[tuple[ec.EllipticCurvePrivateKey, Use]] = [
            (self.signing, "sig"),
            (self._decryption, "enc"),
        ]
        return [
            {
                "jwk": exported(key.public_key(), use=use),
                "proof": key_proof(key, number=number, audience=audience, now=now),
            }
            for key, use in pairs
        ]


class EngineKeys:
    """The engine's public keys, as it last told them."""

    def __init__(self) -> None:
        self._signing: dict[str, ec.EllipticCurvePublicKey] = {}
        self._recipient: RecipientKey | None = None

    @property
    def recipient(self) -> RecipientKey | None:
        """The key replies are sealed for; None before the first `learn`."""
        return self._recipient

    @property
    def signing(self) -> dict[str, ec.EllipticCurvePublicKey]:
        """The keys the engine signs with, by name."""
        return dict(self._signing)

    def learn(self, jwks: Mapping[str, Any]) -> None:
        """Take over a JWK Set; what is no longer in it is no longer trusted. Other keys are passed by."""
        signing: dict[str, ec.EllipticCurvePublicKey] = {}
        recipients: list[RecipientKey] = []
        for jwk in jwks.get("keys", ()):
            try:
                if jwk.get("use") == "sig":
                    key = public_key(jwk, use="sig")
                    signing[thumbprint(key)] = key
                elif jwk.get("use") == "enc":
                    recipients.append(RecipientKey.from_jwk(jwk))
            except EngineError:  # a kind of key we do not know (RFC 7517, 5)
                continue
        self._signing = signing
        self._recipient = recipients[0] if recipients else None

    def verification(self, source: str, kid: str) -> ec.EllipticCurvePublicKey | None:
        """Return the key with which a source signs; only the engine writes to connectors."""
        return self._signing.get(kid) if source == ENGINE else None


def _kept(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # whoever comes second takes the first one's key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return _read(path)


def _read(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise EngineError("invalid-key", pointer="/kty")
    return key
