# SPDX-License-Identifier: Apache-2.0
"""What the gate keeps: persons, credentials, sessions, challenges, grants, evidence; and the memory twin."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from engine.core.errors import EngineError
from engine.identity.challenges import Challenge, Purpose

_FAILURES_KEPT: Final = timedelta(days=1)


class Kind(StrEnum):
    """What a person is known by."""

    LOGIN = "login"  # 利用者証明用 certificate
    SIGNATURE = "signature"  # 署名用 certificate
    APP = "app"  # the name that the app's provider (デジタル認証アプリ) has for the person here
    CODE = "code"  # a code on paper, given at a counter: it shows one case, and does nothing


class LinkedBy(StrEnum):
    """Why a credential is this person's. That two names are the same is no reason."""

    ENTRY = "entry"  # it made the person
    LIVE = "live"  # it was proven in a session of the person
    MAPPING = "mapping"  # the authority says that both numbers are one holder's
    COUNTER = "counter"  # staff gave it to the person in a visit


@dataclass(frozen=True, slots=True)
class Credential:
    """One certificate, by its issuer's key and its number, or a name in the app; never a person's name."""

    kind: Kind
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


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit to the app's provider, as it is kept. `content` is what is to be signed, where something is."""

    state_hash: bytes = field(repr=False)
    browser: bytes = field(repr=False)
    purpose: Purpose
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    expires_at: datetime
    person: UUID | None = None
    content: bytes | None = field(default=None, repr=False)
    transaction: str | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures within a window, then locked for as long as it says."""

    failures: int
    window: timedelta
    locked: timedelta


class Proof(StrEnum):
    """How far the proof of a kept signature has come."""

    WAITING = "waiting"  # for the authority's word of a later day
    SETTLED = "settled"  # for good: nothing that happens later changes it
    UNDONE = "undone"  # the certificate had been revoked before the signature existed


@dataclass(frozen=True, slots=True)
class Undone:
    """A signature that turned out to be worth nothing; `answered_at` is when its case was looked after."""

    evidence: UUID
    case_id: UUID
    signed_at: datetime
    answered_at: datetime | None


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

    async def new_person(self, person: UUID, at: datetime) -> None:
        """Make a person who has nothing yet to be known by: they came to a counter."""
        ...

    async def is_person(self, person: UUID) -> bool:
        """Say whether there is such a person."""
        ...

    async def link(
        self, credential: Credential, *, person: UUID, at: datetime, by: LinkedBy = LinkedBy.LIVE
    ) -> UUID:
        """Make the credential the person's, if it is nobody's; return whose it is."""
        ...

    async def owner(self, credential: Credential) -> UUID | None:
        """Return whose credential it is, None when it is nobody's."""
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

    async def renew_session(self, token_hash: bytes, at: datetime) -> None:
        """Note that the person of the session has been proven again."""
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

    async def evidence_of(self, case_id: UUID, *, person: UUID, digest: bytes) -> EvidenceRow | None:
        """Return the evidence of what the person signed in the case, by the digest of the content."""
        ...

    async def add_visit(self, visit: Visit) -> None:
        """Keep a new visit to the app's provider."""
        ...

    async def take_visit(self, state_hash: bytes, browser: bytes, at: datetime) -> Visit | None:
        """Return the visit and forget it; None when there is none, it is over, or another browser's."""
        ...

    async def locked_until(self, names: Sequence[bytes], at: datetime) -> datetime | None:
        """Return until when one of these is locked, None when none is."""
        ...

    async def add_failure(self, name: bytes, limit: Limit, *, at: datetime) -> None:
        """Count a failure; at the limit the name is locked."""
        ...

    async def clear_failures(self, names: Sequence[bytes]) -> None:
        """Forget the failures of these: they have come in."""
        ...

    async def add_refusals(self, day: date, counts: Mapping[str, int]) -> None:
        """Add to the day's counts of refusals, by code."""
        ...

    async def refusals(self, *, since: date) -> list[tuple[date, str, int]]:
        """Return the counts of each day and code, newest day first, most first."""
        ...

    async def signatures_of(self, person: UUID, case_id: UUID) -> list[EvidenceRow]:
        """Return what one person signed in one case, oldest first."""
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

    async def undone_evidence(self, *, limit: int) -> list[Undone]:
        """Return signatures that are undone: the unanswered first, then the newest answer."""
        ...

    async def answer_undone(self, evidence: UUID, at: datetime) -> None:
        """Note once that the case of an undone signature was looked after."""
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
        self._answered: dict[UUID, datetime] = {}
        self._visits: dict[bytes, Visit] = {}
        self._failures: dict[bytes, tuple[int, datetime, datetime | None]] = {}
        self._refusals: Counter[tuple[date, str]] = Counter()

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

    async def new_person(self, person: UUID, at: datetime) -> None:
        """Make a person."""
        del at
        self._persons.add(person)

    async def is_person(self, person: UUID) -> bool:
        """Say whether there is such a person."""
        return person in self._persons

    async def link(
        self, credential: Credential, *, person: UUID, at: datetime, by: LinkedBy = LinkedBy.LIVE
    ) -> UUID:
        """Make the credential the person's, if it is nobody's."""
        del at, by
        self._require(person)
        return self._owners.setdefault(credential, person)

    async def owner(self, credential: Credential) -> UUID | None:
        """Return whose credential it is."""
        return self._owners.get(credential)

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

    async def renew_session(self, token_hash: bytes, at: datetime) -> None:
        """Note that the person has been proven again."""
        if token_hash in self._sessions:
            self._sessions[token_hash] = replace(self._sessions[token_hash], authenticated_at=at)

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

    async def evidence_of(self, case_id: UUID, *, person: UUID, digest: bytes) -> EvidenceRow | None:
        """Return the evidence of what was signed."""
        wanted = (case_id, person, digest)
        found = (one for one in self._evidence.values() if (one.case_id, one.person, one.digest) == wanted)
        return next(found, None)

    async def add_visit(self, visit: Visit) -> None:
        """Keep a new visit."""
        self._visits[visit.state_hash] = visit

    async def take_visit(self, state_hash: bytes, browser: bytes, at: datetime) -> Visit | None:
        """Return the visit and forget it."""
        visit = self._visits.get(state_hash)
        if visit is None or visit.browser != browser or at >= visit.expires_at:
            return None
        return self._visits.pop(state_hash)

    async def locked_until(self, names: Sequence[bytes], at: datetime) -> datetime | None:
        """Return until when one of these is locked."""
        ends = [self._failures[name][2] for name in names if name in self._failures]
        return max((end for end in ends if end is not None and end > at), default=None)

    async def add_failure(self, name: bytes, limit: Limit, *, at: datetime) -> None:
        """Count a failure."""
        count, last, locked = self._failures.get(name, (0, at, None))
        count = 1 if at - last > limit.window else count + 1
        self._failures[name] = (count, at, at + limit.locked if count >= limit.failures else locked)

    async def clear_failures(self, names: Sequence[bytes]) -> None:
        """Forget the failures of these."""
        for name in names:
            self._failures.pop(name, None)

    async def add_refusals(self, day: date, counts: Mapping[str, int]) -> None:
        """Add to the day's counts."""
        self._refusals.update({(day, code): count for code, count in counts.items()})

    async def refusals(self, *, since: date) -> list[tuple[date, str, int]]:
        """Return the counts of each day and code."""
        found = [(day, code, count) for (day, code), count in self._refusals.items() if day >= since]
        return sorted(found, key=lambda one: (-one[0].toordinal(), -one[2], one[1]))

    async def signatures_of(self, person: UUID, case_id: UUID) -> list[EvidenceRow]:
        """Return what one person signed in one case."""
        rows = [row for row in self._evidence.values() if (row.person, row.case_id) == (person, case_id)]
        return sorted(rows, key=lambda row: (row.signed_at, row.id))

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

    async def undone_evidence(self, *, limit: int) -> list[Undone]:
        """Return signatures that are undone."""
        rows = [row for row in self._evidence.values() if row.standing is Proof.UNDONE]
        found = [Undone(row.id, row.case_id, row.signed_at, self._answered.get(row.id)) for row in rows]
        found.sort(key=lambda one: (one.signed_at, one.evidence))
        found.sort(
            key=lambda one: one.answered_at.timestamp() if one.answered_at else float("inf"), reverse=True
        )
        return found[:limit]

    async def answer_undone(self, evidence: UUID, at: datetime) -> None:
        """Note that the case was looked after."""
        row = self._evidence.get(evidence)
        if row is not None and row.standing is Proof.UNDONE:
            self._answered.setdefault(evidence, at)

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
        gone = [name for name, visit in self._visits.items() if visit.expires_at < before]
        for name in gone:
            del self._visits[name]
        self._failures = {
            name: one for name, one in self._failures.items() if one[1] >= before - _FAILURES_KEPT
        }
        return len(old) + len(over) + len(gone)

    def _require(self, person: UUID) -> None:
        if person not in self._persons:
            raise EngineError("no-such-person")
