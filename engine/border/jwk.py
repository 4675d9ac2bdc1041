# SPDX-License-Identifier: Apache-2.0
"""Public keys as JSON Web Keys (RFC 7517): P-256, each named by its thumbprint (RFC 7638)."""

import hashlib
from base64 import urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, KeyParameters
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.core.errors import Code, EngineError, register

Use = Literal["sig", "enc"]
Kid = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]

_ALG: Final[dict[Use, str]] = {"sig": "ES256", "enc": "ECDH-ES+A256KW"}
_COORDINATE_BYTES: Final = 32
# Characters that leave no bit of the last group unused, by the length of that group: with
# others, two texts would read as the same bytes.
_LAST: Final = {2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/   ")

register(
    {
        "invalid-key": Code(422, "公開鍵の形式が正しくありません", "This is no P-256 public key as a JWK"),
        "invalid-key-private": Code(
            422,
            "秘密鍵が送られました。この鍵は使わず、新しい鍵を作ってください",
            "This is a private key: stop using it, make a new one and send its public part only",
        ),
    }
)


class PublicJwk(BaseModel):
    """One P-256 public key on the wire. Members we do not know are ignored (RFC 7517, 4)."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$")
    y: str = Field(pattern=r"^[A-Za-z0-9_-]{43}$")
    kid: Kid | None = None
    use: Use | None = None
    alg: Literal["ES256", "ECDH-ES+A256KW"] | None = None


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """A public key that messages are sealed for, with the name that goes with it."""

    key: ec.EllipticCurvePublicKey = field(repr=False)
    kid: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kid", thumbprint(self.key))

    @classmethod
    def from_jwk(cls, jwk: object) -> "RecipientKey":
        """Return the key; raises `invalid-key`, `invalid-key-private`."""
        return cls(public_key(jwk, use="enc"))


def thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    """Return the kid of a key: the SHA-256 of its required members in lexical order (RFC 7638, 3)."""
    x, y = coordinates(key)
    canonical = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    return encoded(hashlib.sha256(canonical.encode()).digest()).decode()


def exported(key: ec.EllipticCurvePublicKey, *, use: Use) -> dict[str, str]:
    """Return the public key as a JWK."""
    x, y = coordinates(key)
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": x,
        "y": y,
        "kid": thumbprint(key),
        "use": use,
        "alg": _ALG[use],
    }


def jose_key(key: ec.EllipticCurvePrivateKey, parameters: KeyParameters | None = None) -> ECKey:
    """Return the key as joserfc uses it, described by its public half: it may be in a token."""
    x, y = coordinates(key.public_key())
    return ECKey(key, {"kty": "EC", "crv": "P-256", "x": x, "y": y}, parameters)


def key_set(jwks: Iterable[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Return the JWK Set (RFC 7517, 5)."""
    return {"keys": list(jwks)}


def public_key(jwk: object, *, use: Use) -> ec.EllipticCurvePublicKey:
    """Return the public key in a JWK.

    Raises:
        EngineError: `invalid-key`: another kind of key, a point off the curve, meant for another
            use, or a kid that is not its thumbprint. `invalid-key-private`: it has a private part.
    """
    if isinstance(jwk, dict) and "d" in jwk:
        raise EngineError("invalid-key-private", pointer="/d")
    try:
        read = PublicJwk.model_validate(jwk)
    except ValidationError as error:
        where = error.errors(include_input=False)[0]["loc"]
        raise EngineError("invalid-key", pointer="".join(f"/{step}" for step in where)) from None
    key = point(read.x, read.y)
    if read.use not in (None, use) or read.alg not in (None, _ALG[use]):
        raise EngineError("invalid-key", pointer="/use")
    if read.kid not in (None, thumbprint(key)):
        raise EngineError("invalid-key", pointer="/kid")
    return key


def point(x: str, y: str) -> ec.EllipticCurvePublicKey:
    """Return the public key with these coordinates; raises `invalid-key` off the curve."""
    try:
        raw = decoded(x.encode("ascii")), decoded(y.encode("ascii"))
        if any(len(coordinate) != _COORDINATE_BYTES for coordinate in raw):
            raise EngineError("invalid-key", pointer="/x")
        numbers = [int.from_bytes(coordinate, "big") for coordinate in raw]
        return ec.EllipticCurvePublicNumbers(numbers[0], numbers[1], ec.SECP256R1()).public_key()
    except ValueError as error:
        raise EngineError("invalid-key", pointer="/x") from error


def coordinates(key: ec.EllipticCurvePublicKey) -> tuple[str, str]:
    """Return x and y as JWK members; raises `invalid-key` on another curve."""
    if not isinstance(key.curve, ec.SECP256R1):
        raise EngineError("invalid-key", pointer="/crv")
    numbers = key.public_numbers()
    x, y = (encoded(number.to_bytes(_COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
    return x.decode(), y.decode()


def encoded(raw: bytes) -> bytes:
    """Return base64url without padding (RFC 7515, 2)."""
    return urlsafe_b64encode(raw).rstrip(b"=")


def decoded(text: bytes) -> bytes:
    """Return the bytes of base64url without padding; exactly one text stands for them.

    Raises:
        ValueError: it is no such text.
    """
    rest = len(text) % 4
    if rest == 1 or (rest and text[-1] not in _LAST[rest]):
        raise ValueError("not base64url")
    try:
        return a2b_base64(text.translate(_FROM_URL) + b"==="[: -rest % 4], strict_mode=True)
    except Base64Error as error:  # a ValueError too, said plainly
        raise ValueError("not base64url") from error
