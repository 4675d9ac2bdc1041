# SPDX-License-Identifier: Apache-2.0
"""Who may act for whom, in PostgreSQL (0019). One contract suite with the memory twin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.assistance import Assistance, Basis, Errand, FollowCode
from engine.identity.representation import Document, Kind, Representation, Scope
from engine.identity.standings import credential_of
from engine.identity.store import LinkedBy
from engine.postgres import FOREIGN, out_of_reach

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_ADD_ASSISTANCE: Final = """
insert into engine.assistances
    (id, staff, citizen, errand, basis, mark, case_id, began_at, expires_at, ended_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_ASSISTANCE: Final = """
select id, staff, citizen, errand, basis, mark, case_id, began_at, expires_at, ended_at
from engine.assistances where id = $1
"""
_END_ASSISTANCE: Final = "update engine.assistances set ended_at = $2 where id = $1 and ended_at is null"
_ADD_CREDENTIAL: Final = """
insert into engine.credentials (kind, issuer, serial, person, linked_at, linked_by)
values ($1, $2, $3, $4, $5, $6)
"""
_END_CODE: Final = "update engine.follow_codes set ended_at = $2 where case_id = $1 and ended_at is null"
_ADD_CODE: Final = """
insert into engine.follow_codes
    (handle, secret_hash, person, case_id, mark, issued_by, issued_at, expires_at, ended_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_CODE: Final = """
select handle, secret_hash, person, case_id, mark, issued_by, issued_at, expires_at, ended_at
from engine.follow_codes where handle = $1
"""
_END_CODES: Final = "update engine.follow_codes set ended_at = $2 where person = $1 and ended_at is null"
_ADD_REPRESENTATION: Final = """
insert into engine.representations (
    id, representative, represented, kind, mark, document, events, procedures, begins_on, ends_on,
    basis, verified_by, verified_at, revoked_at, revoked_by
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_REPRESENTATION: Final = """
select
    id, representative, represented, kind, mark, document, events, procedures, begins_on, ends_on,
    basis, verified_by, verified_at, revoked_at, revoked_by
from engine.representations where id = $1
"""
_REPRESENTATIONS_OF: Final = """
select
    id, representative, represented, kind, mark, document, events, procedures, begins_on, ends_on,
    basis, verified_by, verified_at, revoked_at, revoked_by
from engine.representations where representative = $1 or represented = $1
order by verified_at desc, id desc
"""
_REVOKE: Final = """
update engine.representations set revoked_at = $2, revoked_by = $3
where id = $1 and revoked_at is null returning id
"""


class PostgresStandings:
    """The counter's and the representatives' part of the schema `engine`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add_assistance(self, assistance: Assistance) -> None:
        """Keep a new visit."""
        async with self._transaction() as connection:
            await connection.execute(
                _ADD_ASSISTANCE, assistance.id, assistance.staff, assistance.citizen, assistance.errand.value,
                assistance.basis.value, assistance.mark, assistance.case_id, assistance.began_at,
                assistance.expires_at, assistance.ended_at,
            )  # fmt: skip

    async def assistance(self, assistance: UUID) -> Assistance | None:
        """Return a visit."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_ASSISTANCE, assistance)
        if row is None:
            return None
        id_, staff, citizen, errand, basis, *rest = row
        return Assistance(id_, staff, citizen, Errand(errand), Basis(basis), *rest)

    async def end_assistance(self, assistance: UUID, at: datetime) -> None:
        """End a visit."""
        async with self._transaction() as connection:
            await connection.execute(_END_ASSISTANCE, assistance, at)

    async def issue_code(self, code: FollowCode) -> None:
        """Keep a new code."""
        known = credential_of(code)
        async with self._transaction() as connection:
            await connection.execute(
                _ADD_CREDENTIAL, known.kind.value, known.issuer, known.serial, code.person, code.issued_at,
                LinkedBy.COUNTER.value,
            )  # fmt: skip
            await connection.execute(_END_CODE, code.case_id, code.issued_at)
            await connection.execute(
                _ADD_CODE, code.handle, code.secret_hash, code.person, code.case_id, code.mark,
                code.issued_by, code.issued_at, code.expires_at, code.ended_at,
            )  # fmt: skip

    async def code(self, handle: str) -> FollowCode | None:
        """Return a code."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_CODE, handle)
        return FollowCode(*row) if row else None

    async def end_codes(self, person: UUID, at: datetime) -> int:
        """End every code of a person."""
        async with self._transaction() as connection:
            done = await connection.execute(_END_CODES, person, at)
        return int(done.rpartition(" ")[2])

    async def add_representation(self, representation: Representation) -> None:
        """Keep a new representation."""
        one = representation
        async with self._transaction() as connection:
            await connection.execute(
                _ADD_REPRESENTATION, one.id, one.representative, one.represented, one.kind.value, one.mark,
                one.document.value, list(one.scope.events), list(one.scope.procedures), one.begins_on,
                one.ends_on, one.basis.value, one.verified_by, one.verified_at, one.revoked_at,
                one.revoked_by,
            )  # fmt: skip

    async def representation(self, representation: UUID) -> Representation | None:
        """Return a representation."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_REPRESENTATION, representation)
        return _representation(row) if row else None

    async def representations_of(self, person: UUID) -> list[Representation]:
        """Return those of a person."""
        async with self._transaction() as connection:
            return [_representation(row) for row in await connection.fetch(_REPRESENTATIONS_OF, person)]

    async def revoke_representation(self, representation: UUID, *, by: UUID, at: datetime) -> bool:
        """Revoke it, once."""
        async with self._transaction() as connection:
            return await connection.fetchval(_REVOKE, representation, at, by) is not None

    @asynccontextmanager
    async def _transaction(self) -> "AsyncIterator[PoolConnectionProxy]":
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection
        except asyncpg.ForeignKeyViolationError as error:
            raise EngineError("no-such-person") from error
        except asyncpg.UniqueViolationError as error:  # two codes for one case at once: say it again
            raise EngineError("unavailable") from error
        except FOREIGN as error:
            if out_of_reach(error):
                raise EngineError("unavailable") from error
            raise


def _representation(row: asyncpg.Record) -> Representation:
    told = dict(row)
    scope = Scope(tuple(told.pop("events")), tuple(told.pop("procedures")))
    kind, document, basis = (told.pop(name) for name in ("kind", "document", "basis"))
    return Representation(
        kind=Kind(kind), document=Document(document), basis=Basis(basis), scope=scope, **told
    )
