# SPDX-License-Identifier: Apache-2.0
"""The gate's tables in PostgreSQL (0002, 0010). One contract suite with the memory twin."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.challenges import Challenge, Purpose
from engine.identity.store import (
    Credential,
    EvidenceRow,
    Kept,
    Kind,
    Limit,
    LinkedBy,
    Proof,
    SessionRow,
    Undone,
    Visit,
)
from engine.postgres import FOREIGN, out_of_reach

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_USE_CHALLENGE: Final = (
    "update engine.challenges set used_at = $2 where id = $1 and used_at is null returning id"
)
_OWNER: Final = "select person from engine.credentials where kind = $1 and issuer = $2 and serial = $3"
_LINK: Final = """
insert into engine.credentials (kind, issuer, serial, person, linked_at, linked_by)
values ($1, $2, $3, $4, $5, $6)
on conflict (kind, issuer, serial) do nothing
"""
_NEW_PERSON: Final = "insert into engine.persons (id, entered_at) values ($1, $2)"
_IS_PERSON: Final = "select true from engine.persons where id = $1"
_ADD_CHALLENGE: Final = """
insert into engine.challenges (id, purpose, audience, nonce, issued_at, expires_at, person, digest)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_CHALLENGE: Final = """
select id, purpose, audience, nonce, issued_at, expires_at, person, digest, used_at
from engine.challenges where id = $1
"""
_ADD_SESSION: Final = """
insert into engine.sessions
    (token_hash, person, kind, issuer, serial, authenticated_at, seen_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_SESSION: Final = """
select token_hash, person, kind, issuer, serial, authenticated_at, seen_at, expires_at
from engine.sessions where token_hash = $1
"""
_GRANT: Final = """
insert into engine.grants (person, role, granted_by, granted_at)
select id, $2, $3, $4 from engine.persons where id = $1
on conflict (person, role) where withdrawn_at is null do nothing
"""
_KEEP_EVIDENCE: Final = """
insert into engine.evidence (id, person, case_id, kind, issuer, serial, digest, signed_at, bundle_sealed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_EVIDENCE: Final = """
select id, person, case_id, kind, issuer, serial, digest, signed_at, bundle_sealed, standing
from engine.evidence where id = $1
"""
_EVIDENCE_OF: Final = """
select id, person, case_id, kind, issuer, serial, digest, signed_at, bundle_sealed, standing
from engine.evidence where case_id = $1 and person = $2 and digest = $3
"""
_SIGNATURES_OF: Final = """
select id, person, case_id, kind, issuer, serial, digest, signed_at, bundle_sealed, standing
from engine.evidence where case_id = $2 and person = $1 order by signed_at, id
"""
_WAITING_EVIDENCE: Final = """
select id, person, case_id, kind, issuer, serial, digest, signed_at, bundle_sealed, standing
from engine.evidence where standing = 'waiting' and signed_at < $1 and (signed_at, id) > ($2, $3)
order by signed_at, id limit $4
"""
_SETTLE_EVIDENCE: Final = """
update engine.evidence set standing = $2, bundle_sealed = $3, settled_at = $4
where id = $1 and standing = 'waiting' returning id
"""
_UNDONE_EVIDENCE: Final = """
select id, case_id, signed_at, answered_at from engine.evidence where standing = 'undone'
order by answered_at desc nulls first, signed_at, id limit $1
"""
_ANSWER_UNDONE: Final = """
update engine.evidence set answered_at = $2
where id = $1 and standing = 'undone' and answered_at is null
"""

_ADD_VISIT: Final = """
insert into engine.app_visits
    (state_hash, browser, purpose, nonce, verifier, expires_at, person, content, transaction)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_TAKE_VISIT: Final = """
delete from engine.app_visits where state_hash = $1 and browser = $2 and expires_at > $3
returning state_hash, browser, purpose, nonce, verifier, expires_at, person, content, transaction
"""
_LOCKED_UNTIL: Final = """
select max(locked_until) from engine.gate_failures where name = any($1) and locked_until > $2
"""
_ADD_FAILURE: Final = """
insert into engine.gate_failures as known (name, failures, last_at, locked_until)
values ($1, 1, $2, case when 1 >= $4::integer then $2::timestamptz + $5::interval end)
on conflict (name) do update set
    failures = case when $2 - known.last_at > $3::interval then 1 else known.failures + 1 end,
    last_at = $2,
    locked_until = case
        when (case when $2 - known.last_at > $3::interval then 1 else known.failures + 1 end) >= $4::integer
        then $2::timestamptz + $5::interval
        else known.locked_until
    end
"""
_ADD_REFUSALS: Final = """
insert into engine.gate_refusals as known (day, code, count) values ($1, $2, $3)
on conflict (day, code) do update set count = known.count + excluded.count
"""


class _Undone(Exception):
    """Rolls the transaction back: the credential is another person's."""


class PostgresIdentityStore:
    """The gate's part of the schema `engine`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add_challenge(self, challenge: Challenge) -> None:
        """Keep a new challenge."""
        async with self._transaction() as connection:
            await connection.execute(
                _ADD_CHALLENGE, challenge.id, challenge.purpose.value, challenge.audience, challenge.nonce,
                challenge.issued_at, challenge.expires_at, challenge.person, challenge.digest,
            )  # fmt: skip

    async def challenge(self, challenge: UUID) -> tuple[Challenge, bool] | None:
        """Return the challenge and whether it has been used."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_CHALLENGE, challenge)
        if row is None:
            return None
        id_, purpose, *rest, used_at = row
        return Challenge(id_, Purpose(purpose), *rest), used_at is not None

    async def use_challenge(self, challenge: UUID, at: datetime) -> bool:
        """Use the challenge up, once."""
        async with self._transaction() as connection:
            return await connection.fetchval(_USE_CHALLENGE, challenge, at) is not None

    async def enter(self, credential: Credential, *, newcomer: UUID, at: datetime) -> UUID:
        """Return whose credential it is, or make a person."""
        async with self._transaction() as connection:
            owner = await _owner(connection, credential)
            if owner is not None:
                return owner
            await connection.execute(_NEW_PERSON, newcomer, at)
            owner = await _link(connection, credential, newcomer, at, by=LinkedBy.ENTRY)
            if owner != newcomer:  # the same card came in twice at once
                await connection.execute("delete from engine.persons where id = $1", newcomer)
            return owner

    async def new_person(self, person: UUID, at: datetime) -> None:
        """Make a person."""
        async with self._transaction() as connection:
            await connection.execute(_NEW_PERSON, person, at)

    async def is_person(self, person: UUID) -> bool:
        """Say whether there is such a person."""
        async with self._transaction() as connection:
            return await connection.fetchval(_IS_PERSON, person) is not None

    async def link(
        self, credential: Credential, *, person: UUID, at: datetime, by: LinkedBy = LinkedBy.LIVE
    ) -> UUID:
        """Make the credential the person's, if it is nobody's."""
        async with self._transaction() as connection:
            return await _link(connection, credential, person, at, by=by)

    async def owner(self, credential: Credential) -> UUID | None:
        """Return whose credential it is."""
        async with self._transaction() as connection:
            return await _owner(connection, credential)

    async def credentials(self, person: UUID) -> frozenset[Credential]:
        """Return everything by which the person is known."""
        async with self._transaction() as connection:
            rows = await connection.fetch(
                "select kind, issuer, serial from engine.credentials where person = $1", person
            )
        return frozenset(_credential(*row) for row in rows)

    async def add_session(self, session: SessionRow) -> None:
        """Keep a new session."""
        async with self._transaction() as connection:
            await connection.execute(
                _ADD_SESSION, session.token_hash, session.person, *_names(session.credential),
                session.authenticated_at, session.seen_at, session.expires_at,
            )  # fmt: skip

    async def session(self, token_hash: bytes) -> SessionRow | None:
        """Return the session."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_SESSION, token_hash)
        if row is None:
            return None
        hash_, person, kind, issuer, serial, *times = row
        return SessionRow(hash_, person, _credential(kind, issuer, serial), *times)

    async def see_session(self, token_hash: bytes, at: datetime) -> None:
        """Note that the session was used."""
        async with self._transaction() as connection:
            await connection.execute(
                "update engine.sessions set seen_at = $2 where token_hash = $1", token_hash, at
            )

    async def renew_session(self, token_hash: bytes, at: datetime) -> None:
        """Note that the person has been proven again."""
        async with self._transaction() as connection:
            await connection.execute(
                "update engine.sessions set authenticated_at = $2 where token_hash = $1", token_hash, at
            )

    async def end_session(self, token_hash: bytes) -> None:
        """End the session."""
        async with self._transaction() as connection:
            await connection.execute("delete from engine.sessions where token_hash = $1", token_hash)

    async def end_sessions(self, person: UUID) -> int:
        """End every session of the person."""
        async with self._transaction() as connection:
            done = await connection.execute("delete from engine.sessions where person = $1", person)
        return _count(done)

    async def grant(self, person: UUID, role: str, *, by: str, at: datetime) -> bool:
        """Give the person a role."""
        async with self._transaction() as connection:
            await connection.execute(_GRANT, person, role, by, at)
            known = await connection.fetchval(_IS_PERSON, person)
        return known is not None

    async def withdraw(self, person: UUID, role: str, *, by: str, at: datetime) -> None:
        """Take the role away."""
        async with self._transaction() as connection:
            await connection.execute(
                "update engine.grants set withdrawn_by = $3, withdrawn_at = $4"
                " where person = $1 and role = $2 and withdrawn_at is null",
                person,
                role,
                by,
                at,
            )

    async def roles(self, person: UUID) -> frozenset[str]:
        """Return the roles the person has now."""
        async with self._transaction() as connection:
            rows = await connection.fetch(
                "select role from engine.grants where person = $1 and withdrawn_at is null", person
            )
        return frozenset(row["role"] for row in rows)

    async def holders(self, role: str) -> list[tuple[UUID, str, datetime]]:
        """Return who has the role now."""
        async with self._transaction() as connection:
            rows = await connection.fetch(
                "select person, granted_by, granted_at from engine.grants"
                " where role = $1 and withdrawn_at is null order by id",
                role,
            )
        return [(row[0], row[1], row[2]) for row in rows]

    async def keep_evidence(self, row: EvidenceRow, *, challenge: UUID, at: datetime) -> Kept:
        """Keep the evidence with all that belongs to it."""
        try:
            async with self._transaction() as connection:
                if await connection.fetchval(_USE_CHALLENGE, challenge, at) is None:
                    return Kept.USED
                await _link_own(connection, row, at)
                await connection.execute(
                    _KEEP_EVIDENCE, row.id, row.person, row.case_id, *_names(row.credential), row.digest,
                    row.signed_at, row.bundle_sealed,
                )  # fmt: skip
        except _Undone:
            return Kept.ANOTHER_PERSON
        return Kept.KEPT

    async def evidence(self, evidence: UUID) -> EvidenceRow | None:
        """Return the evidence."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_EVIDENCE, evidence)
        return None if row is None else _evidence(row)

    async def evidence_of(self, case_id: UUID, *, person: UUID, digest: bytes) -> EvidenceRow | None:
        """Return the evidence of what was signed."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_EVIDENCE_OF, case_id, person, digest)
        return None if row is None else _evidence(row)

    async def add_visit(self, visit: Visit) -> None:
        """Keep a new visit."""
        async with self._transaction() as connection:
            await connection.execute(
                _ADD_VISIT, visit.state_hash, visit.browser, visit.purpose.value, visit.nonce, visit.verifier,
                visit.expires_at, visit.person, visit.content, visit.transaction,
            )  # fmt: skip

    async def take_visit(self, state_hash: bytes, browser: bytes, at: datetime) -> Visit | None:
        """Return the visit and forget it."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_TAKE_VISIT, state_hash, browser, at)
        if row is None:
            return None
        state, secret, purpose, *rest = row
        return Visit(state, secret, Purpose(purpose), *rest)

    async def locked_until(self, names: Sequence[bytes], at: datetime) -> datetime | None:
        """Return until when one of these is locked."""
        async with self._transaction() as connection:
            until: datetime | None = await connection.fetchval(_LOCKED_UNTIL, list(names), at)
        return until

    async def add_failure(self, name: bytes, limit: Limit, *, at: datetime) -> None:
        """Count a failure."""
        async with self._transaction() as connection:
            await connection.execute(_ADD_FAILURE, name, at, limit.window, limit.failures, limit.locked)

    async def clear_failures(self, names: Sequence[bytes]) -> None:
        """Forget the failures of these."""
        async with self._transaction() as connection:
            await connection.execute("delete from engine.gate_failures where name = any($1)", list(names))

    async def add_refusals(self, day: date, counts: Mapping[str, int]) -> None:
        """Add to the day's counts."""
        async with self._transaction() as connection:
            for code in sorted(counts):  # in one order: two that add at once do not block each other
                await connection.execute(_ADD_REFUSALS, day, code, counts[code])

    async def refusals(self, *, since: date) -> list[tuple[date, str, int]]:
        """Return the counts of each day and code."""
        async with self._transaction() as connection:
            rows = await connection.fetch(
                "select day, code, count from engine.gate_refusals where day >= $1"
                " order by day desc, count desc, code",
                since,
            )
        return [(row["day"], row["code"], row["count"]) for row in rows]

    async def signatures_of(self, person: UUID, case_id: UUID) -> list[EvidenceRow]:
        """Return what one person signed in one case."""
        async with self._transaction() as connection:
            rows = await connection.fetch(_SIGNATURES_OF, person, case_id)
        return [_evidence(row) for row in rows]

    async def waiting_evidence(
        self, *, before: datetime, after: tuple[datetime, UUID], limit: int
    ) -> list[EvidenceRow]:
        """Return signatures whose proof is not settled."""
        async with self._transaction() as connection:
            rows = await connection.fetch(_WAITING_EVIDENCE, before, *after, limit)
        return [_evidence(row) for row in rows]

    async def settle_evidence(
        self, evidence: UUID, standing: Proof, *, bundle_sealed: bytes, at: datetime
    ) -> bool:
        """Settle the proof, once."""
        async with self._transaction() as connection:
            done = await connection.fetchval(_SETTLE_EVIDENCE, evidence, standing.value, bundle_sealed, at)
        return done is not None

    async def undone_evidence(self, *, limit: int) -> list[Undone]:
        """Return signatures that are undone."""
        async with self._transaction() as connection:
            rows = await connection.fetch(_UNDONE_EVIDENCE, limit)
        return [Undone(*row) for row in rows]

    async def answer_undone(self, evidence: UUID, at: datetime) -> None:
        """Note that the case was looked after."""
        async with self._transaction() as connection:
            await connection.execute(_ANSWER_UNDONE, evidence, at)

    async def evidence_by_standing(self) -> dict[Proof, int]:
        """Return how many signatures stand how."""
        async with self._transaction() as connection:
            rows = await connection.fetch("select standing, count(*) from engine.evidence group by standing")
        return {Proof(standing): count for standing, count in rows}

    async def forget(self, *, before: datetime) -> int:
        """Drop what ended before."""
        async with self._transaction() as connection:
            challenges = await connection.execute(
                "delete from engine.challenges where expires_at < $1", before
            )
            sessions = await connection.execute("delete from engine.sessions where expires_at < $1", before)
            visits = await connection.execute("delete from engine.app_visits where expires_at < $1", before)
            await connection.execute(
                "delete from engine.gate_failures where last_at < $1::timestamptz - interval '1 day'", before
            )
        return _count(challenges) + _count(sessions) + _count(visits)

    @asynccontextmanager
    async def _transaction(self) -> "AsyncIterator[PoolConnectionProxy]":
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection
        except asyncpg.ForeignKeyViolationError as error:
            raise EngineError("no-such-person") from error
        except FOREIGN as error:
            if out_of_reach(error):
                raise EngineError("unavailable") from error
            raise


async def _owner(connection: "PoolConnectionProxy", credential: Credential) -> UUID | None:
    owner: UUID | None = await connection.fetchval(_OWNER, *_names(credential))
    return owner


async def _link(
    connection: "PoolConnectionProxy",
    credential: Credential,
    person: UUID,
    at: datetime,
    *,
    by: LinkedBy = LinkedBy.LIVE,
) -> UUID:
    """Lock in one statement, look in the next: READ COMMITTED shows what another has just committed."""
    await connection.execute(_LINK, *_names(credential), person, at, by.value)
    owner = await _owner(connection, credential)
    if owner is None:  # credentials are never deleted
        raise EngineError("unavailable")
    return owner


async def _link_own(connection: "PoolConnectionProxy", row: EvidenceRow, at: datetime) -> None:
    if await _link(connection, row.credential, row.person, at) != row.person:
        raise _Undone


def _evidence(row: asyncpg.Record) -> EvidenceRow:
    id_, person, case_id, kind, issuer, serial, digest, signed_at, sealed, standing = row
    credential = _credential(kind, issuer, serial)
    return EvidenceRow(id_, person, case_id, credential, digest, signed_at, sealed, Proof(standing))


def _names(credential: Credential) -> tuple[str, str, str]:
    return credential.kind.value, credential.issuer, credential.serial


def _credential(kind: str, issuer: str, serial: str) -> Credential:
    return Credential(Kind(kind), issuer, serial)


def _count(done: str) -> int:
    return int(done.rpartition(" ")[2])
