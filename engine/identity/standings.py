# SPDX-License-Identifier: Apache-2.0
"""What is kept of who may act for whom: visits to the counter, codes, representations; and the twin."""

from dataclasses import replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.assistance import Assistance, FollowCode
from engine.identity.representation import Representation
from engine.identity.store import Credential, IdentityStore, Kind, LinkedBy

CODES_ISSUER = "counter"


class StandingStore(Protocol):
    """Each method is one transaction.

    Raises:
        EngineError: `unavailable`, from any method: the store is out of reach; `no-such-person`, where
            a row names somebody who is not there.
    """

    async def add_assistance(self, assistance: Assistance) -> None:
        """Keep a new visit."""
        ...

    async def assistance(self, assistance: UUID) -> Assistance | None:
        """Return a visit, also one that is over."""
        ...

    async def end_assistance(self, assistance: UUID, at: datetime) -> None:
        """End a visit; ending it twice leaves the first end."""
        ...

    async def issue_code(self, code: FollowCode) -> None:
        """Keep a new code, a credential of its person; the one before for the same case opens nothing now."""
        ...

    async def code(self, handle: str) -> FollowCode | None:
        """Return a code, also one that is over."""
        ...

    async def end_codes(self, person: UUID, at: datetime) -> int:
        """End every code of a person, and what was opened with one; return how many codes."""
        ...

    async def add_representation(self, representation: Representation) -> None:
        """Keep a new representation."""
        ...

    async def representation(self, representation: UUID) -> Representation | None:
        """Return a representation, also one that is over."""
        ...

    async def representations_of(self, person: UUID) -> list[Representation]:
        """Return those by which the person represents or is represented, the newest first."""
        ...

    async def revoke_representation(self, representation: UUID, *, by: UUID, at: datetime) -> bool:
        """Revoke it, once; False when it had been revoked."""
        ...


def credential_of(code: FollowCode) -> Credential:
    """Return by what the person of a code is known."""
    return Credential(Kind.CODE, CODES_ISSUER, code.handle)


class MemoryStandings:
    """The twin for tests; `store` knows the persons."""

    def __init__(self, store: IdentityStore) -> None:
        self._store = store
        self._assistances: dict[UUID, Assistance] = {}
        self._codes: dict[str, FollowCode] = {}
        self._representations: dict[UUID, Representation] = {}

    async def add_assistance(self, assistance: Assistance) -> None:
        """Keep a new visit."""
        await self._require(assistance.staff, assistance.citizen)
        self._assistances[assistance.id] = assistance

    async def assistance(self, assistance: UUID) -> Assistance | None:
        """Return a visit."""
        return self._assistances.get(assistance)

    async def end_assistance(self, assistance: UUID, at: datetime) -> None:
        """End a visit."""
        found = self._assistances.get(assistance)
        if found is not None and found.ended_at is None:
            self._assistances[assistance] = replace(found, ended_at=at)

    async def issue_code(self, code: FollowCode) -> None:
        """Keep a new code."""
        await self._store.link(
            credential_of(code), person=code.person, at=code.issued_at, by=LinkedBy.COUNTER
        )
        for handle, one in self._codes.items():
            if one.case_id == code.case_id and one.ended_at is None:
                self._codes[handle] = replace(one, ended_at=code.issued_at)
        self._codes[code.handle] = code

    async def code(self, handle: str) -> FollowCode | None:
        """Return a code."""
        return self._codes.get(handle)

    async def end_codes(self, person: UUID, at: datetime) -> int:
        """End every code of a person."""
        ended = [one for one in self._codes.values() if one.person == person and one.ended_at is None]
        for one in ended:
            self._codes[one.handle] = replace(one, ended_at=at)
        return len(ended)

    async def add_representation(self, representation: Representation) -> None:
        """Keep a new representation."""
        await self._require(
            representation.representative, representation.represented, representation.verified_by
        )
        self._representations[representation.id] = representation

    async def representation(self, representation: UUID) -> Representation | None:
        """Return a representation."""
        return self._representations.get(representation)

    async def representations_of(self, person: UUID) -> list[Representation]:
        """Return those of a person."""
        found = [
            one for one in self._representations.values() if person in {one.representative, one.represented}
        ]
        return sorted(found, key=lambda one: (one.verified_at, one.id), reverse=True)

    async def revoke_representation(self, representation: UUID, *, by: UUID, at: datetime) -> bool:
        """Revoke it, once."""
        found = self._representations.get(representation)
        if found is None or found.revoked_at is not None:
            return False
        self._representations[representation] = replace(found, revoked_at=at, revoked_by=by)
        return True

    async def _require(self, *persons: UUID) -> None:
        for person in persons:
            if not await self._store.is_person(person):
                raise EngineError("no-such-person")
