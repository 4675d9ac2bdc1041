# SPDX-License-Identifier: Apache-2.0
"""Talking to the app's provider: tokens, its keys, sign transactions. Believes only what it signed for us."""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import urlencode

from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.fetch import Exchange, Unreachable
from engine.identity.provider import App

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LASTS: Final = timedelta(minutes=2)
_SKEW: Final = timedelta(minutes=2)
_OLDEST: Final = timedelta(minutes=10)
_KEYS_AGAIN: Final = timedelta(minutes=1)  # a new key is looked for, but strangers cause no traffic
_MAX_SUBJECT: Final = 255
_MAX_ANSWER_BYTES: Final = 64 * 1024
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class _Answer(BaseModel):
    """Members that we do not know are ignored, as OAuth asks (RFC 6749, 5.1)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


A = TypeVar("A", bound=_Answer)


class Tokens(_Answer):
    """What the token endpoint gives."""

    access_token: str = Field(repr=False, max_length=8192)
    id_token: str = Field(default="", repr=False, max_length=16_384)


class SignTransaction(_Answer):
    """A transaction that was begun."""

    sign_transaction_id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")


class SignResult(_Answer):
    """One signature value in base64, and the 署名用 certificate, sealed for us."""

    signatures: tuple[str, ...] = Field(repr=False, min_length=1, max_length=1)
    sign_certificate_jwe: str = Field(repr=False, max_length=32_768)


class _Claims(_Answer):
    """What an ID token says."""

    iss: str
    aud: str | list[str]
    sub: str = Field(min_length=1, max_length=_MAX_SUBJECT)
    nonce: str
    acr: str
    iat: float = Field(strict=True)
    exp: float = Field(strict=True)


class ProviderClient:
    """The provider of one app."""

    def __init__(self, app: App, exchange: Exchange) -> None:
        self._app = app
        self._provider = app.provider
        self._exchange = exchange
        self._keys: KeySet | None = None
        self._keys_at: datetime | None = None

    async def redeem(self, code: str, *, verifier: str, now: datetime) -> Tokens:
        """Return the tokens for the code; raises `app-refused`, `app-unavailable`."""
        return await self._tokens(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._provider.redirect_uri,
                "code_verifier": verifier,
            },
            now,
        )

    async def subject(self, id_token: str, *, nonce: str, now: datetime) -> str:
        """Return who it is (a name that is ours alone); raises `app-token-invalid`, `app-unavailable`."""
        try:
            keys = await self._key_set(id_token, now)
            claims = _Claims.model_validate(jwt.decode(id_token, keys, algorithms=["ES256"]).claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise EngineError("app-token-invalid") from None  # the cause would show what was inside
        self._check(claims, nonce, now)
        return claims.sub

    async def begin_signature(self, content: bytes, now: datetime) -> str:
        """Return the id of a transaction in which this content is to be signed; raises `app-…`."""
        tokens = await self._tokens({"grant_type": "client_credentials", "scope": "sign"}, now)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        asked = json.dumps({"digests": [digest], "digest_algorithm": "SHA-256"}).encode()
        answer = await self._call("POST", self._provider.sign_url, asked, _bearer(tokens.access_token))
        return _read(SignTransaction, answer).sign_transaction_id

    async def signature(self, transaction: str, tokens: Tokens) -> tuple[bytes, bytes]:
        """Return the signature and the certificate (DER) of a transaction; raises `app-…`."""
        url = f"{self._provider.sign_url}/{transaction}/result"
        result = _read(SignResult, await self._call("GET", url, b"", _bearer(tokens.access_token)))
        try:
            sealed = jwe.decrypt_compact(
                result.sign_certificate_jwe,
                self._app.decryption_key,
                algorithms=["ECDH-ES+A256KW", "A256GCM"],
            )
            return _plain(result.signatures[0]), _plain(bytes(sealed.plaintext or b"").decode("ascii"))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise EngineError("app-token-invalid") from error

    async def _tokens(self, form: Mapping[str, str], now: datetime) -> Tokens:
        body = urlencode(
            {**form, "client_assertion_type": _ASSERTION, "client_assertion": self._assertion(now)}
        )
        return _read(Tokens, await self._call("POST", self._provider.token_url, body.encode(), _FORM))

    def _assertion(self, now: datetime) -> str:
        client = self._provider.client_id
        key = self._app.signing_key
        claims = {
            "iss": client,
            "sub": client,
            "aud": self._provider.token_url,
            "jti": secrets.token_urlsafe(24),
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LASTS).timestamp()),
        }
        return jwt.encode({"alg": "ES256", "kid": key.thumbprint()}, claims, key, algorithms=["ES256"])

    def _check(self, claims: "_Claims", nonce: str, now: datetime) -> None:
        audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        holds = (
            claims.iss == self._provider.issuer
            and audience == [self._provider.client_id]
            and secrets.compare_digest(claims.nonce.encode(), nonce.encode())
            and claims.acr in self._provider.accepted_acr
            and (now - _OLDEST).timestamp() <= claims.iat <= (now + _SKEW).timestamp()
            and now.timestamp() < claims.exp
        )
        if not holds:
            raise EngineError("app-token-invalid")

    async def _key_set(self, id_token: str, now: datetime) -> KeySet:
        """Return the provider's keys; asked for again when a token names one that we have not seen."""
        known = self._keys
        kid = json.loads(_padded(id_token.split(".", maxsplit=1)[0])).get("kid")
        is_known = known is not None and any(key.kid == kid for key in known.keys)
        is_fresh = self._keys_at is not None and now - self._keys_at < _KEYS_AGAIN
        if known is None or not (is_known or is_fresh):
            answer = await self._call("GET", self._provider.jwks_url, b"", {"Accept": "application/json"})
            known = self._keys = KeySet.import_key_set(json.loads(answer))
            self._keys_at = now
        return known

    async def _call(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            status, answer = await self._exchange.exchange(method, url, body=body, headers=headers)
        except Unreachable as error:
            raise EngineError("app-unavailable") from error
        if status >= 500 or status == 429:
            raise EngineError("app-unavailable")
        if status not in (200, 201) or len(answer) > _MAX_ANSWER_BYTES:
            raise EngineError("app-refused")
        return answer


def _bearer(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }


def _read(kind: type[A], answer: bytes) -> A:
    try:
        return kind.model_validate_json(answer)
    except ValidationError:
        raise EngineError("app-token-invalid") from None  # the cause would show what was inside


def _plain(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _padded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
