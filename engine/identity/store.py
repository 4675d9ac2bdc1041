# SPDX-License-Identifier: Apache-2.0
"""What the gate keeps: persons, credentials, sessions, challenges, grants, evidence; and the memory twin."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity.challenges import Challenge
from engine.identity.profiles import Use


@dataclass(frozen=True, slots=True)
class Credential:
    """One certificate: by its use, the key of its issuer and its number; never by a name."""

    use: Use
    issuer: str
    serial: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session. Only the keyed hash of its token is known here."""

    token_hash: bytes = field(repr=False)
    person: UUID
    credential: Credential
    authenticated_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One verified signature. What it consists of is sealed; the rest names nobody outside."""

    id: UUID
    person: UUID
    case_id: UUID
    credential: Credential
    digest: bytes
    signed_at: datetime
    bundle_sealed: bytes = field(repr=False)
    standing: "Proof" = field(default_factory=lambda: Proof.WAITING)


class Proof(StrEnum):
    """How far the proof of a kept signature has come."""

    WAITING = "waiting"  # for the authority's word of a later day
    SETTLED = "settled"  # for good: nothing that happens later changes it
    UNDONE = "undone"  # the certificate had been revoked before the signature existed


class Kept(StrEnum):
    """What became of a signature that was to be kept."""

    KEPT = "kept"
    USED = "used"  # the mandate has been signed before
    ANOTHER_PERSON = "another-person"  # the certificate belongs to somebody else


class IdentityStore(Protocol):
    """Each method is one transaction; each use of a challenge is one compare-and-set.

    Raises:
        EngineError: `unavailable`, from any method: the store is out of reach.
    """

    async def add_challenge(self, challenge: Challenge) -> None:
        """Keep a new challenge."""
        ...

    async def challenge(self, challenge: UUID) -> tuple[Challenge, bool] | None:
        """Return the challenge and whether it has been used; None when there is none."""
        ...

    async def use_challenge(self, challenge: UUID, at: datetime) -> bool:
        """Use the challenge up; False when there is none or somebody else was first."""
        ...

    async def enter(self, credential: Credential, *, newcomer: UUID, at: datetime) -> UUID:
        """Return whose credential it is; an unknown one makes `newcomer` a person."""
        ...

    async def link(self, credential: Credential, *, person: UUID, at: datetime) -> UUID:
        """Make the credential the person's, if it is nobody's; return whose it is."""
        ...

    async def credentials(self, person: UUID) -> frozenset[Credential]:
        """Return everything by which the person is known."""
        ...

    async def add_session(self, session: SessionRow) -> None:
        """Keep a new session."""
        ...

    async def session(self, token_hash: bytes) -> SessionRow | None:
        """Return the session, None when it never was or was ended."""
        ...

    async def see_session(self, token_hash: bytes, at: datetime) -> None:
        """Note that the session was used."""
        ...

    async def end_session(self, token_hash: bytes) -> None:
        """End the session; ending it twice is harmless."""
        ...

    async def end_sessions(self, person: UUID) -> int:
        """End every session of the person; return how many there were."""
        ...

    async def grant(self, person: UUID, role: str, *, by: str, at: datetime) -> bool:
        """Give the person a role; False when there is no such person. Giving twice is harmless."""
        ...

    async def withdraw(self, person: UUID, role: str, *, by: str, at: datetime) -> None:
        """Take the role away; the record of it stays."""
        ...

    async def roles(self, person: UUID) -> frozenset[str]:
        """Return the roles the person has now."""
        ...

    async def holders(self, role: str) -> list[tuple[UUID, str, datetime]]:
        """Return who has the role now, who granted it and when, the first first."""
        ...

    async def keep_evidence(self, row: EvidenceRow, *, challenge: UUID, at: datetime) -> Kept:
        """Keep the evidence, use up its challenge and link its credential: all of it or nothing."""
        ...

    async def evidence(self, evidence: UUID) -> EvidenceRow | None:
        """Return the evidence."""
        ...

    async def waiting_evidence(
        self, *, before: datetime, after: tuple[datetime, UUID], limit: int
    ) -> list[EvidenceRow]:
        """Return signatures made before whose proof is not settled, oldest first, after a place."""
        ...

    async def settle_evidence(
        self, evidence: UUID, standing: Proof, *, bundle_sealed: bytes, at: datetime
    ) -> bool:
        """Settle the proof, once; False when it has been settled."""
        ...

    async def evidence_by_standing(self) -> dict[Proof, int]:
        """Return how many signatures stand how."""
        ...

    async def forget(self, *, before: datetime) -> int:
        """Drop challenges and sessions that ended before; return how many."""
        ...


@dataclass(slots=True)
class _Grant:
    person: UUID
    role: str
    by: str
    at: datetime
    withdrawn_at: datetime | None = None


class MemoryIdentityStore:
    """The twin for tests and simulation."""

    def __init__(self) -> None:
        self._challenges: dict[UUID, Challenge] = {}
        self._used: set[UUID] = set()
        self._owners: dict[Credential, UUID] = {}
        self._persons: set[UUID] = set()
        self._sessions: dict[bytes, SessionRow] = {}
        self._grants: list[_Grant] = []
        self._evidence: dict[UUID, EvidenceRow] = {}

    async def add_challenge(self, challenge: Challenge) -> None:
        """Keep a new challenge."""
        self._challenges[challenge.id] = challenge

    async def challenge(self, challenge: UUID) -> tuple[Challenge, bool] | None:
        """Return the challenge and whether it has been used."""
        found = self._challenges.get(challenge)
        return (found, challenge in self._used) if found else None

    async def use_challenge(self, challenge: UUID, at: datetime) -> bool:
        """Use the challenge up, once."""
        del at
        if challenge not in self._challenges or challenge in self._used:
            return False
        self._used.add(challenge)
        return True

    async def enter(self, credential: Credential, *, newcomer: UUID, at: datetime) -> UUID:
        """Return whose credential it is, or make a person."""
        del at
        if credential not in self._owners:
            self._persons.add(newcomer)
        return self._owners.setdefault(credential, newcomer)

    async def link(self, credential: Credential, *, person: UUID, at: datetime) -> UUID:
        """Make the credential the person's, if it is nobody's."""
        del at
        self._require(person)
        return self._owners.setdefault(credential, person)

    async def credentials(self, person: UUID) -> frozenset[Credential]:
        """Return everything by which the person is known."""
        return frozenset(credential for credential, owner in self._owners.items() if owner == person)

    async def add_session(self, session: SessionRow) -> None:
        """Keep a new session."""
        self._require(session.person)
        self._sessions[session.token_hash] = session

    async def session(self, token_hash: bytes) -> SessionRow | None:
        """Return the session."""
        return self._sessions.get(token_hash)

    async def see_session(self, token_hash: bytes, at: datetime) -> None:
        """Note that the session was used."""
        if token_hash in self._sessions:
            self._sessions[token_hash] = replace(self._sessions[token_hash], seen_at=at)

    async def end_session(self, token_hash: bytes) -> None:
        """End the session."""
        self._sessions.pop(token_hash, None)

    async def end_sessions(self, person: UUID) -> int:
        """End every session of the person."""
        ended = [name for name, session in self._sessions.items() if session.person == person]
        for name in ended:
            del self._sessions[name]
        return len(ended)

    async def grant(self, person: UUID, role: str, *, by: str, at: datetime) -> bool:
        """Give the person a role."""
        if person not in self._persons:
            return False
        if role not in await self.roles(person):
            self._grants.append(_Grant(person, role, by, at))
        return True

    async def withdraw(self, person: UUID, role: str, *, by: str, at: datetime) -> None:
        """Take the role away."""
        del by
        for grant in self._grants:
            if (grant.person, grant.role, grant.withdrawn_at) == (person, role, None):
                grant.withdrawn_at = at

    async def roles(self, person: UUID) -> frozenset[str]:
        """Return the roles the person has now."""
        held = (grant for grant in self._grants if grant.person == person and grant.withdrawn_at is None)
        return frozenset(grant.role for grant in held)

    async def holders(self, role: str) -> list[tuple[UUID, str, datetime]]:
        """Return who has the role now."""
        held = (grant for grant in self._grants if grant.role == role and grant.withdrawn_at is None)
        return [(grant.person, grant.by, grant.at) for grant in held]

    async def keep_evidence(self, row: EvidenceRow, *, challenge: UUID, at: datetime) -> Kept:
        """Keep the evidence with all that belongs to it."""
        if challenge not in self._challenges or challenge in self._used:
            return Kept.USED
        if self._owners.get(row.credential, row.person) != row.person:
            return Kept.ANOTHER_PERSON
        await self.link(row.credential, person=row.person, at=at)
        self._used.add(challenge)
        self._evidence[row.id] = row
        return Kept.KEPT

    async def evidence(self, evidence: UUID) -> EvidenceRow | None:
        """Return the evidence."""
        return self._evidence.get(evidence)

    async def waiting_evidence(
        self, *, before: datetime, after: tuple[datetime, UUID], limit: int
    ) -> list[EvidenceRow]:
        """Return signatures whose proof is not settled."""
        waiting = [row for row in self._evidence.values() if row.standing is Proof.WAITING]
        places = {(row.signed_at, row.id): row for row in waiting if row.signed_at < before}
        return [places[place] for place in sorted(places) if place > after][:limit]

    async def settle_evidence(
        self, evidence: UUID, standing: Proof, *, bundle_sealed: bytes, at: datetime
    ) -> bool:
        """Settle the proof, once."""
        del at
        row = self._evidence.get(evidence)
        if row is None or row.standing is not Proof.WAITING:
            return False
        self._evidence[evidence] = replace(row, standing=standing, bundle_sealed=bundle_sealed)
        return True

    async def evidence_by_standing(self) -> dict[Proof, int]:
        """Return how many signatures stand how."""
        return dict(Counter(row.standing for row in self._evidence.values()))

    async def forget(self, *, before: datetime) -> int:
        """Drop what ended before."""
        old = [challenge.id for challenge in self._challenges.values() if challenge.expires_at < before]
        over = [name for name, session in self._sessions.items() if session.expires_at < before]
        for challenge in old:
            del self._challenges[challenge]
            self._used.discard(challenge)
        for name in over:
            del self._sessions[name]
        return len(old) + len(over)

    def _require(self, person: UUID) -> None:
        if person not in self._persons:
            raise EngineError("no-such-person")
