# SPDX-License-Identifier: Apache-2.0
"""Going to the app's provider and coming back: for login, a second proof, or a signature.

A visit is known by its state, good once, for ten minutes, and only for whoever holds its secret: an
answer that is slipped into another browser opens nothing there.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.challenges import Purpose
from engine.identity.fetch import Exchange
from engine.identity.provider import App
from engine.identity.provider_client import ProviderClient, Tokens
from engine.identity.store import Credential, IdentityStore, Kind, Visit

VISIT_LASTS: Final = timedelta(minutes=10)
_SECRET_BYTES: Final = 32
_MAX_CODE: Final = 2048


@dataclass(frozen=True, slots=True)
class Going:
    """Where the browser goes, and what it needs when it comes back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Coming:
    """What the provider's page sends back, with the secret that only the one who went has."""

    state: str = field(repr=False)
    secret: str = field(repr=False)
    code: str = field(repr=False)


class AppDoor:
    """The app's side of the gate."""

    def __init__(self, app: App, store: IdentityStore, exchange: Exchange) -> None:
        self._provider = app.provider
        self._client = ProviderClient(app, exchange)
        self._store = store

    async def go(
        self, purpose: Purpose, now: datetime, *, person: UUID | None = None, content: bytes | None = None
    ) -> Going:
        """Return where to go; with `content`, to sign it. Raises `app-unavailable`, `app-refused`."""
        state, secret, nonce, verifier = (secrets.token_urlsafe(_SECRET_BYTES) for _ in range(4))
        transaction = None if content is None else await self._client.begin_signature(content, now)
        visit = Visit(
            state_hash=_hash(state),
            browser=_hash(secret),
            purpose=purpose,
            nonce=nonce,
            verifier=verifier,
            expires_at=now + VISIT_LASTS,
            person=person,
            content=content,
            transaction=transaction,
        )
        await self._store.add_visit(visit)
        return Going(self._url(state, visit), state, secret, visit.expires_at)

    async def come(
        self, coming: Coming, now: datetime, *, purposes: tuple[Purpose, ...], person: UUID | None = None
    ) -> tuple[Credential, Visit]:
        """Return who came back, by an ID token that is for us and for this visit.

        Raises:
            EngineError: `no-such-app-visit`, `app-refused`, `app-token-invalid`, `app-unavailable`.
        """
        visit, tokens = await self._redeemed(coming, now, purposes=purposes, person=person)
        subject = await self._client.subject(tokens.id_token, nonce=visit.nonce, now=now)
        return Credential(Kind.APP, self._provider.issuer, subject), visit

    async def signature(self, coming: Coming, now: datetime, *, person: UUID) -> bytes:
        """Return the signature over what the visit was for, as CMS without signed attributes.

        The app gives its certificate only after signing, so that no attribute could name it.

        Raises:
            EngineError: as for `come`.
        """
        visit, tokens = await self._redeemed(coming, now, purposes=(Purpose.MANDATE,), person=person)
        await self._client.subject(tokens.id_token, nonce=visit.nonce, now=now)
        if visit.transaction is None:
            raise EngineError("no-such-app-visit")
        value, certificate = await self._client.signature(visit.transaction, tokens)
        return cades.assemble_plain(value, certificate)

    async def _redeemed(
        self, coming: Coming, now: datetime, *, purposes: tuple[Purpose, ...], person: UUID | None
    ) -> tuple[Visit, Tokens]:
        if len(coming.code) > _MAX_CODE:
            raise EngineError("app-refused")
        visit = await self._store.take_visit(_hash(coming.state), _hash(coming.secret), now)
        if visit is None or visit.purpose not in purposes or visit.person != person:
            raise EngineError("no-such-app-visit")
        return visit, await self._client.redeem(coming.code, verifier=visit.verifier, now=now)

    def _url(self, state: str, visit: Visit) -> str:
        provider = self._provider
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": provider.redirect_uri,
            "scope": provider.scope if visit.transaction is None else provider.sign_scope,
            "state": state,
            "nonce": visit.nonce,
            "code_challenge": _challenge(visit.verifier),
            "code_challenge_method": "S256",
            "acr_values": provider.acr,
        }
        if visit.transaction is not None:
            asked["sign_transaction_id"] = visit.transaction
        return f"{provider.authorization_url}?{urlencode(asked)}"


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
