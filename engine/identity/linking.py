# SPDX-License-Identifier: Apache-2.0
"""Whose a certificate is that nobody has come with before: never by a name, an address, a birth date.

Names collide and addresses have just changed. There are two lawful ways only: the person proves both
in one live session, or the authority says that two numbers are one holder's. The authority tells the
number of the other certificate of a card only to those who may verify both (公的個人認証法18条5項).
"""

from typing import Final, Protocol
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.core.errors import EngineError
from engine.identity.fetch import Exchange, Unreachable
from engine.identity.store import Credential, IdentityStore, Kind, LinkedBy
from engine.ports import Clock

_HEADERS: Final = {"Accept": "application/json"}


class SerialMapping(Protocol):
    """The authority's word about which two certificates are one holder's (対応証明書の発行の番号)."""

    async def partner(self, credential: Credential) -> Credential | None:
        """Return the holder's other certificate, None when there is none; raises Unreachable."""
        ...


class _Partner(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    issuer: str
    serial: str


class HttpSerialMapping:
    """The platform's service at a URL."""

    def __init__(self, exchange: Exchange, url: str) -> None:
        self._exchange = exchange
        self._url = url

    async def partner(self, credential: Credential) -> Credential | None:
        """Return the other certificate; raises Unreachable."""
        parts = (credential.kind.value, credential.issuer, credential.serial)
        url = "/".join((self._url, *(quote(part, safe="") for part in parts)))
        status, body = await self._exchange.exchange("GET", url, body=b"", headers=_HEADERS)
        if status == 404:
            return None
        try:
            found = _Partner.model_validate_json(body)
        except ValidationError as error:
            raise Unreachable("the mapping answered something else") from error
        return Credential(found.kind, found.issuer, found.serial)


class Linking:
    """Finds the person of a certificate."""

    def __init__(self, store: IdentityStore, clock: Clock, mapping: SerialMapping | None) -> None:
        self._store = store
        self._clock = clock
        self._mapping = mapping

    async def owner(self, credential: Credential) -> UUID | None:
        """Return whose it is; a renewed one is linked when its partner is known.

        Raises:
            EngineError: `status-unavailable`: the authority cannot be asked now. A second person is
                not made of somebody who has only got a new card.
        """
        owner = await self._store.owner(credential)
        if owner is not None:
            return owner
        known = await self._owner_of_partner(credential)
        if known is None:
            return None
        return await self._store.link(credential, person=known, at=self._clock.now(), by=LinkedBy.MAPPING)

    async def check(self, credential: Credential, person: UUID) -> None:
        """Return unless the authority says that the certificate is of another person whom we know.

        Raises:
            EngineError: `already-linked-credential`, `status-unavailable`.
        """
        known = await self._owner_of_partner(credential)
        if known is not None and known != person:
            raise EngineError("already-linked-credential")

    async def _owner_of_partner(self, credential: Credential) -> UUID | None:
        if self._mapping is None or credential.kind is Kind.APP:
            return None
        try:
            partner = await self._mapping.partner(credential)
        except Unreachable as error:
            raise EngineError("status-unavailable") from error
        return None if partner is None else await self._store.owner(partner)
