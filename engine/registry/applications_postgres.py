# SPDX-License-Identifier: Apache-2.0
"""Applications on PostgreSQL. The twin is in applications.py; one contract suite for both."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

from engine.core.errors import EngineError
from engine.registry.applications import Application, Decision, Invitation, Kind, State
from engine.registry.store import reaching

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_COLUMNS: Final = (
    "id, number, kind, person, state, asked, made_at, evidence, applicant_sealed, decided_at, decided_by,"
    " checked, reason, carried_out_at"
)
_SELECT: Final = f"select {_COLUMNS} from engine.applications"  # noqa: S608 - our own column list
_DRAFT: Final = f"""
insert into engine.applications ({_COLUMNS})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""  # noqa: S608 - as above
_SIGN: Final = """
update engine.applications set state = 'applied', evidence = $2, applicant_sealed = $3
where id = $1 and state = 'draft'
"""
_DECIDE: Final = """
update engine.applications set state = $2, decided_at = $3, decided_by = $4, checked = $5, reason = $6,
    applicant_sealed = null
where id = $1 and state = any($7::text[])
"""
_CARRIED_OUT: Final = "update engine.applications set carried_out_at = $2 where id = $1"
_CERTIFY: Final = """
insert into engine.certifications (number, report, certified_by, certified_at) values ($1, $2, $3, $4)
"""
_INVITE: Final = """
insert into engine.invitations (code_hash, number, invited_by, invited_at, expires_at)
values ($1, $2, $3, $4, $5)
"""
_USE: Final = """
update engine.invitations set used_by = $2, used_at = $3
where code_hash = $1 and used_at is null and expires_at > $3
returning code_hash, number, invited_by, invited_at, expires_at
"""


class PostgresApplications:
    """Applications in the schema `engine`, through a pool made by `open_pool`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def draft(self, application: Application) -> None:
        """Keep a new one."""
        one = application
        async with self._transaction() as connection:
            await connection.execute(
                _DRAFT, one.id, one.number, one.kind.value, one.person, one.state.value, one.asked,
                one.made_at, one.evidence, one.applicant_sealed, one.decided_at, one.decided_by,
                one.checked, one.reason, one.carried_out_at,
            )  # fmt: skip

    async def application(self, application: UUID) -> Application | None:
        """Return it."""
        found = await self._found(f"{_SELECT} where id = $1", application)
        return found[0] if found else None

    async def of_person(self, person: UUID, *, limit: int) -> list[Application]:
        """Return what this person applied for."""
        return await self._found(
            f"{_SELECT} where person = $1 order by made_at desc, id desc limit $2", person, limit
        )

    async def of_organisation(self, number: str, *, limit: int) -> list[Application]:
        """Return what was applied for about this organisation."""
        return await self._found(
            f"{_SELECT} where number = $1 order by made_at desc, id desc limit $2", number, limit
        )

    async def in_state(
        self, state: State, *, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[Application]:
        """Return those in a state, the oldest first."""
        return await self._found(
            f"{_SELECT} where state = $1 and ($2::timestamptz is null or (made_at, id) > ($2, $3::uuid))"
            " order by made_at, id limit $4",
            state.value,
            *(after or (None, None)),
            limit,
        )

    async def sign(self, application: UUID, *, evidence: UUID, applicant_sealed: bytes) -> bool:
        """Note that a draft was signed."""
        async with self._transaction() as connection:
            return await connection.execute(_SIGN, application, evidence, applicant_sealed) == "UPDATE 1"

    async def decide(self, application: UUID, decision: Decision, *, among: Sequence[State]) -> bool:
        """Decide it."""
        async with self._transaction() as connection:
            done = await connection.execute(
                _DECIDE, application, decision.state.value, decision.at, decision.by, decision.checked,
                decision.reason, [one.value for one in among],
            )  # fmt: skip
        return done == "UPDATE 1"

    async def carried_out(self, application: UUID, *, at: datetime) -> None:
        """Note that what was approved is done."""
        async with self._transaction() as connection:
            await connection.execute(_CARRIED_OUT, application, at)

    async def certify(self, number: str, report: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Keep the report."""
        async with self._transaction() as connection:
            await connection.execute(_CERTIFY, number, report, by, at)

    async def certification(self, number: str) -> Mapping[str, Any] | None:
        """Return the newest report."""
        async with self._transaction() as connection:
            found: Mapping[str, Any] | None = await connection.fetchval(
                "select report from engine.certifications where number = $1 order by id desc limit 1", number
            )
        return found

    async def invite(self, invitation: Invitation) -> None:
        """Keep an invitation."""
        one = invitation
        async with self._transaction() as connection:
            await connection.execute(
                _INVITE, one.code_hash, one.number, one.invited_by, one.invited_at, one.expires_at
            )

    async def use_invitation(self, code_hash: bytes, *, person: UUID, at: datetime) -> Invitation:
        """Use it up."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_USE, code_hash, person, at)
        if row is None:
            raise EngineError("no-such-invitation")
        return Invitation(**row)

    async def _found(self, statement: str, *values: object) -> list[Application]:
        async with self._transaction() as connection:
            rows = await connection.fetch(statement, *values)
        return [
            Application(**dict(row) | {"kind": Kind(row["kind"]), "state": State(row["state"])})
            for row in rows
        ]

    @asynccontextmanager
    async def _transaction(self) -> "AsyncIterator[PoolConnectionProxy]":
        async with reaching(), self._pool.acquire() as connection, connection.transaction():
            yield connection
