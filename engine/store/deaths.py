# SPDX-License-Identifier: Apache-2.0
"""How a death is heard of in other cases, on PostgreSQL and in memory; one contract suite for both."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from engine.core.lifecycle import FilingState
from engine.store.memory import MemoryStore
from engine.store.pool import translated

_NOTICED: Final = """
select distinct f.case_id from engine.filings f
where f.slug = any($1::text[]) and f.state = 'completed'
  and not exists (select from engine.followed_deaths d where d.case_id = f.case_id)
limit $2
"""
_SEATS: Final = "select case_id, seat from engine.case_people where person = $1 order by case_id, seat"
_FOLLOWED: Final = "insert into engine.followed_deaths (case_id) values ($1) on conflict do nothing"


class PostgresDeaths:
    """The schema `engine`, through a pool made by `open_pool`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def noticed(self, slugs: Sequence[str], *, limit: int) -> list[UUID]:
        """Return cases with one of these procedures completed that were not followed yet."""
        with translated():
            return [row[0] for row in await self._pool.fetch(_NOTICED, slugs, limit)]

    async def seats_of(self, person: str) -> list[tuple[UUID, UUID]]:
        """Return the seats of a person in cases that have not ended, as (case, seat)."""
        with translated():
            return [(row[0], row[1]) for row in await self._pool.fetch(_SEATS, person)]

    async def followed(self, case_id: UUID) -> None:
        """Note that what a case tells of has been followed to the others."""
        with translated():
            await self._pool.execute(_FOLLOWED, case_id)


class MemoryDeaths:
    """The same over the tables of a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._tables = store.tables

    async def noticed(self, slugs: Sequence[str], *, limit: int) -> list[UUID]:
        """Return cases with one of these procedures completed that were not followed yet."""
        cases = (one.case for one in self._tables.cases.values())
        found = [
            case.id
            for case in cases
            if case.id not in self._tables.followed
            and any(one.slug in slugs and one.state is FilingState.COMPLETED for one in case.filings.values())
        ]
        return found[:limit]

    async def seats_of(self, person: str) -> list[tuple[UUID, UUID]]:
        """Return the seats of a person in cases that have not ended, as (case, seat)."""
        return sorted((case, seat) for case, seat, one in self._tables.people if one == person)

    async def followed(self, case_id: UUID) -> None:
        """Note that what a case tells of has been followed to the others."""
        self._tables.followed.add(case_id)
