# SPDX-License-Identifier: Apache-2.0
"""Where grants and successions are kept: PostgreSQL, and the memory twin. One contract suite for both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol
from uuid import UUID

import asyncpg

from engine.core.errors import Code, EngineError, register
from engine.registry.acting import Grant, Succession
from engine.registry.store import (
    GRANTS,
    SUCCESSIONS,
    MemoryRegistryStore,
    grant_of,
    succession_of,
    transaction,
    writing,
)

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Passed = Literal["taken_over_at", "handed_back_at"]

_OFFER: Final = """
insert into engine.agent_grants (id, principal, agent, procedures, begins_at, ends_at, offered_by, offered_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_ACCEPT: Final = """
update engine.agent_grants set accepted_by = $2, accepted_at = $3, begins_at = greatest(begins_at, $3)
where id = $1
"""
_END: Final = "update engine.agent_grants set ended_by = $2, ended_at = $3, ended_because = $4 where id = $1"
_NOT_PASSED: Final = """
 where accepted_at is not null
   and ((taken_over_at is null and begins_at <= $1)
        or (handed_back_at is null and least(ended_at, ends_at) <= $1))
 order by begins_at, id
"""
_PASSED: Final = "update engine.agent_grants set {} = $2 where id = $1"
_SUCCEED: Final = """
insert into engine.successions (predecessor, successor, declared_by, declared_at, reason, overlap_until)
values ($1, $2, $3, $4, $5, $6)
"""
# Whoever took a procedure first keeps its place, also under the new number.
_MERGE: Final = """
insert into engine.subscriptions (number, slug, area, since)
select $2, slug, area, since from engine.subscriptions where number = $1
on conflict (number, slug, area) do update set since = least(subscriptions.since, excluded.since)
"""
_LEAVE: Final = "delete from engine.subscriptions where number = $1"
_RETIRE: Final = """
update engine.organisation_keys set not_after = greatest(least(not_after, $2), not_before + interval '1 s')
where number = $1 and revoked_at is null
"""

register(
    {
        "no-such-grant": Code(404, "その委託はありません", "There is no such grant"),
        "already-granted": Code(
            409,
            "同じ手続を同じ期間に委託済みです。先にその委託を終えてください",
            "An agent has this procedure in this time already; end that grant first",
        ),
        "already-ended-grant": Code(409, "この委託はすでに終了しています", "The grant is over"),
        "already-succeeded": Code(
            409,
            "この法人番号の承継はすでに登録されています",
            "The succession of this number is declared already",
        ),
        "illegal-succession": Code(
            409, "承継の関係が循環します", "The successor is carried on by the predecessor itself"
        ),
    }
)


class ActingStore(Protocol):
    """Grants and successions. Each write is whole or not at all, and makes a new version of the registry.

    Every method raises `unavailable-registry` when the store is out of reach.
    """

    async def offer(self, grant: Grant) -> None:
        """Keep a grant that somebody offers; the same again changes nothing.

        Raises:
            EngineError: `no-such-organisation`, `already-granted`.
        """
        ...

    async def accept(self, grant: UUID, *, by: str, at: datetime) -> Grant:
        """Let it count, from `at` on at the earliest; accepted before, it stays as it was.

        Raises:
            EngineError: `no-such-grant`, `already-ended-grant`.
        """
        ...

    async def end(self, grant: UUID, *, by: str, at: datetime, because: str) -> Grant:
        """End it at once; the first end counts. Raises `no-such-grant`."""
        ...

    async def grant(self, grant: UUID) -> Grant:
        """Return it; raises `no-such-grant`."""
        ...

    async def grants(self, number: str) -> list[Grant]:
        """Return those in which the organisation is principal or agent, the newest first."""
        ...

    async def to_pass_on(self, *, before: datetime) -> tuple[list[Grant], list[Succession]]:
        """Return those that began or ended until then and of which what waited was not passed on yet."""
        ...

    async def passed_on(self, grant: UUID, what: Passed, *, at: datetime) -> None:
        """Note that what waited is with who takes it since the grant began, or ended."""
        ...

    async def succeed(self, succession: Succession) -> None:
        """Let the successor carry on what the predecessor was: its subscriptions, and its keys end.

        Raises:
            EngineError: `no-such-organisation`, `already-succeeded`, `illegal-succession`.
        """
        ...

    async def succession(self, number: str) -> Succession | None:
        """Return who carries on the organisation, if anybody does."""
        ...

    async def succeeded(self, predecessor: str, *, at: datetime) -> None:
        """Note that what waited for the predecessor is with its successor."""
        ...


class PostgresActing:
    """Grants and successions in the schema `engine`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def offer(self, grant: Grant) -> None:
        """Keep a grant that somebody offers."""
        one = grant
        async with writing(self._pool) as connection:
            rows = await connection.fetch(f"{GRANTS} where principal = $1", one.principal)
            if not _is_new(one, [grant_of(row) for row in rows]):
                return
            await connection.execute(
                _OFFER, one.id, one.principal, one.agent, [list(scope) for scope in one.procedures],
                one.begins_at, one.ends_at, one.offered_by, one.offered_at,
            )  # fmt: skip

    async def accept(self, grant: UUID, *, by: str, at: datetime) -> Grant:
        """Let it count."""
        async with writing(self._pool) as connection:
            if not _is_to_accept(await _one(connection, grant), at):
                return await _one(connection, grant)
            await connection.execute(_ACCEPT, grant, by, at)
            return await _one(connection, grant)

    async def end(self, grant: UUID, *, by: str, at: datetime, because: str) -> Grant:
        """End it at once."""
        async with writing(self._pool) as connection:
            if (known := await _one(connection, grant)).is_open(at):
                await connection.execute(_END, grant, by, at, because)
                return await _one(connection, grant)
            return known

    async def grant(self, grant: UUID) -> Grant:
        """Return it."""
        async with transaction(self._pool) as connection:
            return await _one(connection, grant)

    async def grants(self, number: str) -> list[Grant]:
        """Return those in which the organisation is principal or agent."""
        order = "where principal = $1 or agent = $1 order by offered_at desc, id desc"
        async with transaction(self._pool) as connection:
            return [grant_of(row) for row in await connection.fetch(f"{GRANTS} {order}", number)]

    async def to_pass_on(self, *, before: datetime) -> tuple[list[Grant], list[Succession]]:
        """Return what was not passed on yet."""
        waiting = " where taken_over_at is null and declared_at <= $1 order by declared_at, predecessor"
        async with transaction(self._pool) as connection:
            grants = await connection.fetch(GRANTS + _NOT_PASSED, before)
            successions = await connection.fetch(SUCCESSIONS + waiting, before)
        return [grant_of(row) for row in grants], [succession_of(row) for row in successions]

    async def passed_on(self, grant: UUID, what: Passed, *, at: datetime) -> None:
        """Note that what waited is with who takes it."""
        async with transaction(self._pool) as connection:
            await connection.execute(_PASSED.format(what), grant, at)

    async def succeed(self, succession: Succession) -> None:
        """Let the successor carry on what the predecessor was."""
        one = succession
        async with writing(self._pool) as connection:
            rows = await connection.fetch(SUCCESSIONS)
            _check_line(one, {found.predecessor: found for found in map(succession_of, rows)})
            await connection.execute(
                _SUCCEED, one.predecessor, one.successor, one.declared_by, one.declared_at, one.reason,
                one.overlap_until,
            )  # fmt: skip
            await connection.execute(_MERGE, one.predecessor, one.successor)
            await connection.execute(_LEAVE, one.predecessor)
            await connection.execute(_RETIRE, one.predecessor, one.overlap_until)

    async def succession(self, number: str) -> Succession | None:
        """Return who carries on the organisation."""
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(f"{SUCCESSIONS} where predecessor = $1", number)
        return succession_of(row) if row else None

    async def succeeded(self, predecessor: str, *, at: datetime) -> None:
        """Note that what waited for the predecessor is with its successor."""
        async with transaction(self._pool) as connection:
            await connection.execute(
                "update engine.successions set taken_over_at = $2 where predecessor = $1", predecessor, at
            )


class MemoryActing:
    """The twin for tests and simulation, over a registry in memory."""

    def __init__(self, registry: MemoryRegistryStore) -> None:
        self._registry = registry

    async def offer(self, grant: Grant) -> None:
        """Keep a grant that somebody offers."""
        self._registry.must_know([grant.principal, grant.agent])
        known = [one for one in self._registry.grants.values() if one.principal == grant.principal]
        if _is_new(grant, known):
            self._keep(grant)

    async def accept(self, grant: UUID, *, by: str, at: datetime) -> Grant:
        """Let it count."""
        known = await self.grant(grant)
        if not _is_to_accept(known, at):
            return known
        return self._keep(replace(known, accepted_by=by, accepted_at=at, begins_at=max(known.begins_at, at)))

    async def end(self, grant: UUID, *, by: str, at: datetime, because: str) -> Grant:
        """End it at once."""
        known = await self.grant(grant)
        if not known.is_open(at):
            return known
        return self._keep(replace(known, ended_by=by, ended_at=at, ended_because=because))

    async def grant(self, grant: UUID) -> Grant:
        """Return it."""
        if grant not in self._registry.grants:
            raise EngineError("no-such-grant")
        return self._registry.grants[grant]

    async def grants(self, number: str) -> list[Grant]:
        """Return those in which the organisation is principal or agent."""
        mine = [one for one in self._registry.grants.values() if number in (one.principal, one.agent)]
        return sorted(mine, key=lambda one: (one.offered_at, one.id), reverse=True)

    async def to_pass_on(self, *, before: datetime) -> tuple[list[Grant], list[Succession]]:
        """Return what was not passed on yet."""
        grants = [
            one
            for one in self._registry.grants.values()
            if one.accepted_at is not None
            and (
                (one.taken_over_at is None and one.begins_at <= before)
                or (one.handed_back_at is None and one.last_instant <= before)
            )
        ]
        successions = [
            one
            for one in self._registry.successions.values()
            if one.taken_over_at is None and one.declared_at <= before
        ]
        grants.sort(key=lambda one: (one.begins_at, one.id))
        return grants, sorted(successions, key=lambda one: (one.declared_at, one.predecessor))

    async def passed_on(self, grant: UUID, what: Passed, *, at: datetime) -> None:
        """Note that what waited is with who takes it."""
        known = await self.grant(grant)
        self._registry.grants[grant] = (
            replace(known, taken_over_at=at) if what == "taken_over_at" else replace(known, handed_back_at=at)
        )

    async def succeed(self, succession: Succession) -> None:
        """Let the successor carry on what the predecessor was."""
        one = succession
        self._registry.must_know([one.predecessor, one.successor])
        _check_line(one, self._registry.successions)
        self._registry.successions[one.predecessor] = one
        await self._registry.carry_on(one)

    async def succession(self, number: str) -> Succession | None:
        """Return who carries on the organisation."""
        return self._registry.successions.get(number)

    async def succeeded(self, predecessor: str, *, at: datetime) -> None:
        """Note that what waited for the predecessor is with its successor."""
        known = self._registry.successions[predecessor]
        self._registry.successions[predecessor] = replace(known, taken_over_at=at)

    def _keep(self, grant: Grant) -> Grant:
        self._registry.grants[grant.id] = grant
        self._registry.changed()
        return grant


async def _one(connection: "PoolConnectionProxy", grant: UUID) -> Grant:
    row = await connection.fetchrow(f"{GRANTS} where id = $1", grant)
    if row is None:
        raise EngineError("no-such-grant")
    return grant_of(row)


def _is_new(grant: Grant, known: Sequence[Grant]) -> bool:
    """Return whether it is to be kept; raises `already-granted`, `idempotency-mismatch`."""
    same = next((one for one in known if one.id == grant.id), None)
    if same is not None:
        if (same.agent, same.procedures, same.ends_at) != (grant.agent, grant.procedures, grant.ends_at):
            raise EngineError("idempotency-mismatch")
        return False
    if any(one.is_open(grant.offered_at) and grant.meets(one) for one in known):
        raise EngineError("already-granted")
    return True


def _is_to_accept(grant: Grant, at: datetime) -> bool:
    if grant.accepted_at is not None:
        return False
    if not grant.is_open(at):
        raise EngineError("already-ended-grant")
    return True


def _check_line(one: Succession, known: "dict[str, Succession]") -> None:
    if one.predecessor in known:
        raise EngineError("already-succeeded")
    number: str | None = one.successor
    for _ in range(len(known) + 1):
        if number == one.predecessor:
            raise EngineError("illegal-succession")
        found = known.get(number or "")
        if found is None:
            return
        number = found.successor
