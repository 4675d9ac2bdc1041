# SPDX-License-Identifier: Apache-2.0
"""The provider of the app as its public specification shapes it, for one relying party or more.

Code flow only, PKCE S256 only, clients known by private_key_jwt only, tokens in ES256. It takes what
the specification asks for and refuses the rest, so that a relying party that works here is careful
enough. Paths and parameters: developers.digital.go.jp, 認証APIリファレンス; shapes that are not public
(body of a sign transaction) are our guess.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from connectors.simulators.jpki.world import LOGIN_PIN, SIGNATURE_PIN, JpkiWorld
from engine.identity.card import Card, JpkiCard
from engine.identity.profiles import Use
from engine.identity.provider import Provider

CLIENT: Final = "RP00000001"
REALM: Final = "/api/realms/main"
SIGN: Final = "/api/sign-transactions"
_CODE_LASTS: Final = timedelta(seconds=60)
_TOKEN_LASTS: Final = timedelta(minutes=5)
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPES: Final = {"openid", "name", "address", "birthdate", "gender", "sign"}
_JSON: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Client:
    """A relying party as it registered: its public keys, and where answers may go."""

    client_id: str
    keys: Mapping[str, Any]
    redirect_uris: tuple[str, ...]


@dataclass(slots=True)
class _Grant:
    """A code that was given out, and whom and what for."""

    client: Client
    asked: Mapping[str, str]
    subject: str
    ends: datetime
    is_used: bool = False


@dataclass(slots=True)
class _Token:
    client: Client
    ends: datetime
    scope: frozenset[str]
    subject: str | None
    transaction: str | None = None


@dataclass(slots=True)
class _Transaction:
    client: Client
    digest: bytes
    signature: bytes | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)


class Refused(Exception):
    """An error of OAuth: its code, and the status that goes with it."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class DigitalApp:
    """The provider at a base address, in the world of the test authority. While `is_down` it is 503."""

    def __init__(self, world: JpkiWorld, *, base: str, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        self.world = world
        self.base = base.rstrip("/")
        self.is_down = False
        self.clients: dict[str, Client] = {}
        self._key = ECKey.import_key(key or ec.generate_private_key(ec.SECP256R1()))
        self._grants: dict[str, _Grant] = {}
        self._tokens: dict[str, _Token] = {}
        self._transactions: dict[str, _Transaction] = {}
        self._seen: set[str] = set()

    @property
    def issuer(self) -> str:
        """The name of the provider."""
        return f"{self.base}{REALM}"

    def address(self, name: str) -> str:
        """Return the address of one of its endpoints: auth, token, userinfo, certs."""
        return f"{self.issuer}/protocol/openid-connect/{name}"

    def described(self, origin: str) -> Provider:
        """Return the configuration of a relying party at this origin."""
        return Provider(
            issuer=self.issuer,
            authorization_url=self.address("auth"),
            token_url=self.address("token"),
            jwks_url=self.address("certs"),
            sign_url=f"{self.base}{SIGN}",
            client_id=CLIENT,
            redirect_uri=f"{origin}/login/app",
        )

    def register(self, client: Client) -> None:
        """Let a relying party in."""
        self.clients[client.client_id] = client

    # --- the browser and the phone ---

    def check(self, url: str) -> Mapping[str, str]:
        """Return the parameters of an authorization request; raises Refused."""
        given = parse_qs(urlsplit(url).query, strict_parsing=True)
        asked = {name: values[0] for name, values in given.items() if len(values) == 1}
        client = self.clients.get(asked.get("client_id", ""))
        if client is None or asked.get("redirect_uri") not in client.redirect_uris:
            raise Refused("unauthorized_client")
        scope = set(asked.get("scope", "").split())
        holds = (
            asked.get("response_type") == "code"
            and "openid" in scope <= _SCOPES
            and asked.get("code_challenge_method") == "S256"
            and len(asked.get("code_challenge", "")) == 43
            and all(1 <= len(asked.get(name, "")) <= 255 for name in ("state", "nonce"))
            and "aal3" in asked.get("acr_values", "").split()
            and ("sign" in scope) == ("sign_transaction_id" in asked)
        )
        if not holds:
            raise Refused("invalid_request")
        if "sign" in scope and self._transaction(asked["sign_transaction_id"], client).signature is not None:
            raise Refused("invalid_request")
        return asked

    def approve(self, url: str, card: Card, *, pin: str = LOGIN_PIN, password: str = SIGNATURE_PIN) -> str:
        """Return where the browser is sent back to, after the card was held to the phone.

        Raises:
            Refused: of the request; EngineError: of the card.
        """
        asked = self.check(url)
        reader = JpkiCard(card)
        reader.verify_pin(Use.LOGIN, pin)
        certificate = x509.load_der_x509_certificate(reader.read_certificate(Use.LOGIN))
        holder = self._holder(certificate)
        if "sign_transaction_id" in asked:
            self._sign(self._transactions[asked["sign_transaction_id"]], reader, password)
        code = secrets.token_urlsafe(32)
        client = self.clients[asked["client_id"]]
        subject = hashlib.sha256(f"{client.client_id} {holder}".encode()).hexdigest()[:32]
        self._grants[code] = _Grant(client, asked, subject, self.world.clock.now() + _CODE_LASTS)
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def _holder(self, certificate: x509.Certificate) -> str:
        for entry in self.world.register.entries(Use.LOGIN):
            if entry.serial == certificate.serial_number and entry.revoked_at is None:
                return entry.holder
        raise Refused("access_denied")

    def _sign(self, transaction: _Transaction, reader: JpkiCard, password: str) -> None:
        reader.verify_pin(Use.SIGNATURE, password)
        transaction.signature = reader.sign_digest(Use.SIGNATURE, transaction.digest)
        transaction.certificate = reader.read_certificate(Use.SIGNATURE)

    # --- relying parties ---

    async def exchange(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Return status and JSON, as over HTTP."""
        if self.is_down:
            return 503, b""
        try:
            return self._answer(method, url.removeprefix(self.base), body, headers)
        except Refused as refused:
            return refused.status, json.dumps({"error": refused.code}).encode()

    def _answer(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        parts = path.strip("/").split("/")
        match method, parts:
            case "POST", ["api", "realms", "main", "protocol", "openid-connect", "token"]:
                return _json(self._token({name: one[0] for name, one in parse_qs(body.decode()).items()}))
            case "GET", ["api", "realms", "main", "protocol", "openid-connect", "certs"]:
                return _json(self.key_set())
            case "GET", ["api", "realms", "main", "protocol", "openid-connect", "userinfo"]:
                return _json({"sub": self._bearer(headers, "openid").subject})
            case "GET", ["api", "realms", "main", ".well-known", "openid-configuration"]:
                return _json(self.metadata())
            case "POST", ["api", "sign-transactions"]:
                return _json(self._begin(self._bearer(headers, "sign"), body), 201)
            case "GET", ["api", "sign-transactions", name, "result"]:
                return _json(self._result(self._bearer(headers, "sign"), name))
        raise Refused("not_found", 404)

    def key_set(self) -> dict[str, Any]:
        """Return the keys of its tokens."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._key.thumbprint(), "use": "sig", "alg": "ES256"}]}

    def metadata(self) -> dict[str, Any]:
        """Return what it supports."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.address("auth"),
            "token_endpoint": self.address("token"),
            "userinfo_endpoint": self.address("userinfo"),
            "jwks_uri": self.address("certs"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "scopes_supported": sorted(_SCOPES),
            "subject_types_supported": ["pairwise"],
        }

    def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        client, now = self._client(form), self.world.clock.now()
        if form.get("grant_type") == "client_credentials" and form.get("scope") == "sign":
            return self._given(_Token(client, now + _TOKEN_LASTS, frozenset({"sign"}), None))
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type")
        grant = self._grants.get(form.get("code", ""))
        if grant is None or grant.is_used or grant.client != client or now >= grant.ends:
            raise Refused("invalid_grant")
        grant.is_used = True
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge.rstrip(b"=").decode() != grant.asked["code_challenge"]:
            raise Refused("invalid_grant")
        if form.get("redirect_uri") != grant.asked["redirect_uri"]:
            raise Refused("invalid_grant")
        scope = frozenset(grant.asked["scope"].split())
        transaction = grant.asked.get("sign_transaction_id")
        token = _Token(client, now + _TOKEN_LASTS, scope, grant.subject, transaction)
        return {**self._given(token), "id_token": self._id_token(grant, now)}

    def _given(self, token: _Token) -> dict[str, Any]:
        name = secrets.token_urlsafe(32)
        self._tokens[name] = token
        return {
            "access_token": name,
            "token_type": "Bearer",
            "expires_in": int(_TOKEN_LASTS.total_seconds()),
            "scope": " ".join(sorted(token.scope)),
        }

    def _id_token(self, grant: _Grant, now: datetime) -> str:
        claims = {
            "iss": self.issuer,
            "sub": grant.subject,
            "aud": grant.client.client_id,
            "iat": int(now.timestamp()),
            "auth_time": int(now.timestamp()),
            "exp": int((now + _TOKEN_LASTS).timestamp()),
            "nonce": grant.asked["nonce"],
            "acr": "aal3",
        }
        header = {"alg": "ES256", "kid": self._key.thumbprint()}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def _client(self, form: Mapping[str, str]) -> Client:
        """Return who asks, by an assertion that was signed for this endpoint and not used before."""
        try:
            assertion = form["client_assertion"]
            body = assertion.split(".")[1]
            named = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["iss"]
            client = self.clients[named]
            keys = KeySet.import_key_set(client.keys)  # type: ignore[arg-type] # a JWK Set is a JWK Set
            claims = jwt.decode(assertion, keys, algorithms=["ES256"]).claims
        except (JoseError, LookupError, ValueError, TypeError) as error:
            raise Refused("invalid_client", 401) from error
        holds = (
            form.get("client_assertion_type") == _ASSERTION
            and claims.get("sub") == named
            and claims.get("aud") in (self.address("token"), self.issuer)
            and self.world.clock.now().timestamp() < claims.get("exp", 0)
            and claims.get("jti") not in self._seen
        )
        if not holds:
            raise Refused("invalid_client", 401)
        self._seen.add(claims["jti"])
        return client

    # --- the signature API ---

    def _bearer(self, headers: Mapping[str, str], scope: str) -> _Token:
        token = self._tokens.get(headers.get("Authorization", "").removeprefix("Bearer "))
        if token is None or self.world.clock.now() >= token.ends or scope not in token.scope:
            raise Refused("invalid_token", 401)
        return token

    def _begin(self, token: _Token, body: bytes) -> dict[str, Any]:
        try:
            (digest,) = json.loads(body)["digests"]
            raw = base64.b64decode(digest, validate=True)
        except (LookupError, ValueError, TypeError) as error:
            raise Refused("invalid_request") from error
        if token.subject is not None or len(raw) != 32:
            raise Refused("invalid_request")
        name = str(uuid4())
        self._transactions[name] = _Transaction(token.client, raw)
        return {"sign_transaction_id": name}

    def _result(self, token: _Token, name: str) -> dict[str, Any]:
        done = self._transaction(name, token.client)
        if token.transaction != name or done.signature is None or done.certificate is None:
            raise Refused("invalid_request")
        keys = KeySet.import_key_set(token.client.keys)  # type: ignore[arg-type] # as above
        key = next(key for key in keys.keys if key.get("use") == "enc")
        header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": key.kid}
        sealed = jwe.encrypt_compact(header, base64.b64encode(done.certificate), key)
        return {
            "signatures": [base64.b64encode(done.signature).decode()],
            "sign_certificate_jwe": sealed,
        }

    def _transaction(self, name: str, client: Client) -> _Transaction:
        found = self._transactions.get(name)
        if found is None or found.client != client:
            raise Refused("invalid_request")
        return found


def _json(value: Mapping[str, Any], status: int = 200) -> tuple[int, bytes]:
    return status, json.dumps(value).encode()
