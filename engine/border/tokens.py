# SPDX-License-Identifier: Apache-2.0
"""The token with which an organisation signs in over HTTP: a JWT signed by one of its registered keys.

Both sides share this page: organisations make tokens with it, the engine reads them. What is in a
token is believed only after `verified`; whose key that takes is for the reader to find out.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.border.jwk import Kid, exported, jose_key, thumbprint
from engine.core.errors import Code, EngineError, register

MAX_TOKEN_LIFE: Final = timedelta(seconds=300)
MAX_SKEW: Final = timedelta(seconds=30)  # by so much the two clocks may differ
_ALGORITHM: Final = "ES256"
_PROOF_TYPE: Final = "todoke-key+jwt"
_TYPE: Final = "JWT"  # explicit typing (RFC 8725, 3.11): the signature inside a seal is no token
_MAX_CHARS: Final = 2048
_Seconds = Annotated[int, Field(ge=0, le=2**40)]

register(
    {
        "not-signed-in-organisation-token": Code(
            401, "トークンの形式が正しくありません", "This is no token of an organisation"
        ),
        "not-signed-in-organisation-key": Code(
            401,
            "トークンの署名を確認できません",
            "The token is not signed by a registered, valid key of its issuer",
        ),
        "not-signed-in-organisation-audience": Code(
            401, "トークンの宛先が違います", "The token is meant for another service"
        ),
        "invalid-key-proof": Code(
            422,
            "鍵を持っていることの証明が正しくありません",
            "The proof is not signed by this very key, for this number and this service, just now",
        ),
        "not-signed-in-organisation-time": Code(
            401,
            "トークンの有効期間外です",
            "The token is not valid now, or for longer than 300 seconds",
        ),
    }
)


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    alg: Literal["ES256"]
    typ: Literal["JWT"]
    kid: Kid


class _ProofHead(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    alg: Literal["ES256"]
    typ: Literal["todoke-key+jwt"]
    kid: Kid


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    iss: str = Field(pattern=r"^[0-9]{13}$")
    sub: str
    aud: str
    iat: _Seconds
    exp: _Seconds
    jti: str | None = Field(default=None, min_length=1, max_length=100)


@dataclass(frozen=True, slots=True)
class OrganisationToken:
    """What a token says, not yet believed. `id` is its `jti`: it is then good for one time only."""

    text: str
    kid: str
    number: str
    audience: str
    issued_at: int
    expires_at: int
    id: str | None

    def verified(self, key: ec.EllipticCurvePublicKey, *, audience: str, now: datetime) -> None:
        """Return if this key signed the token, for this audience, and it is in time.

        Raises:
            EngineError: `not-signed-in-organisation-key`, `-audience`, `-time`.
        """
        try:
            jws.deserialize_compact(
                self.text, ECKey.import_key(dict(exported(key, use="sig"))), algorithms=[_ALGORITHM]
            )
        except JoseError as error:
            raise EngineError("not-signed-in-organisation-key") from error
        if self.audience != audience:
            raise EngineError("not-signed-in-organisation-audience")
        skew = MAX_SKEW.total_seconds()
        in_time = self.issued_at - skew <= now.timestamp() < self.expires_at + skew
        if not in_time or not 0 < self.expires_at - self.issued_at <= MAX_TOKEN_LIFE.total_seconds():
            raise EngineError("not-signed-in-organisation-time")


def organisation_token(
    key: ec.EllipticCurvePrivateKey,
    *,
    kid: str,
    number: str,
    audience: str,
    now: datetime,
    token_id: str | None = None,
) -> str:
    """Return a token for five minutes from now. `audience` is the engine's public URL.

    With a `token_id` that was never used before, it works only once.
    """
    issued_at = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": number,
        "sub": number,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + int(MAX_TOKEN_LIFE.total_seconds()),
    }
    if token_id is not None:
        claims["jti"] = token_id
    head = {"alg": _ALGORITHM, "kid": kid, "typ": _TYPE}
    return jwt.encode(head, claims, jose_key(key), algorithms=[_ALGORITHM])


def read_token(text: str) -> OrganisationToken:
    """Return what the token says; raises `not-signed-in-organisation-token`."""
    if len(text) > _MAX_CHARS or not text.isascii():
        raise EngineError("not-signed-in-organisation-token")
    try:
        parts = jws.extract_compact(text.encode())
        head = _Head.model_validate(parts.headers())
        claims = _Claims.model_validate(json.loads(parts.payload))
    except (JoseError, ValidationError, ValueError, RecursionError):
        raise EngineError("not-signed-in-organisation-token") from None
    if claims.iss != claims.sub:
        raise EngineError("not-signed-in-organisation-token")
    return OrganisationToken(text, head.kid, claims.iss, claims.aud, claims.iat, claims.exp, claims.jti)


def key_proof(key: ec.EllipticCurvePrivateKey, *, number: str, audience: str, now: datetime) -> str:
    """Return the proof that somebody holds this key and wants it registered for this organisation.

    It is one signature, also by a key that otherwise only decrypts; its type is good for nothing else.
    """
    issued_at = int(now.timestamp())
    claims: dict[str, object] = {
        "iss": number,
        "sub": number,
        "aud": audience,
        "iat": issued_at,
        "exp": issued_at + int(MAX_TOKEN_LIFE.total_seconds()),
    }
    head = {"alg": _ALGORITHM, "kid": thumbprint(key.public_key()), "typ": _PROOF_TYPE}
    return jwt.encode(head, claims, jose_key(key), algorithms=[_ALGORITHM])


def check_key_proof(
    text: str, key: ec.EllipticCurvePublicKey, *, number: str, audience: str, now: datetime
) -> None:
    """Return if the holder of this key signed it, for this number and service; else `invalid-key-proof`."""
    if len(text) > _MAX_CHARS or not text.isascii():
        raise EngineError("invalid-key-proof", pointer="/proof")
    try:
        parts = jws.extract_compact(text.encode())
        head = _ProofHead.model_validate(parts.headers())
        claims = _Claims.model_validate(json.loads(parts.payload))
        token = OrganisationToken(text, head.kid, claims.iss, claims.aud, claims.iat, claims.exp, claims.jti)
        token.verified(key, audience=audience, now=now)
    except (EngineError, JoseError, ValidationError, ValueError, RecursionError):
        raise EngineError("invalid-key-proof", pointer="/proof") from None
    if (head.kid, claims.iss, claims.sub) != (thumbprint(key), number, number):
        raise EngineError("invalid-key-proof", pointer="/proof")
