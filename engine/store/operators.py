# SPDX-License-Identifier: Apache-2.0
"""What operators ask of PostgreSQL. Its twin is memory_operators.py; one contract suite for both.

A list walks an index that does not move with the rows (0005_operations.sql) and looks at a bounded
number of them: whatever is asked for, and however little of it there is, an answer takes as long.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import asyncpg

from engine.ports import (
    Aside,
    AsidePlace,
    AuditEntry,
    AuditRow,
    Backlog,
    CaseLine,
    CasePlace,
    CaseQuestion,
    FilingLine,
    FilingPlace,
    FilingQuestion,
    Parked,
)
from engine.store import operator_queries as sql
from engine.store import rows
from engine.store.audit import FIRST_HASH, chained
from engine.store.pool import translated

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

WALKED: Final = 5_000  # rows that one page of a list looks at, at most
MOST_COUNTED: Final = 5_000
_AUDIT_LOCK: Final = 0x70D0E0A  # any constant: entries are chained one after another


class PostgresOperators:
    """What operators ask of the schema `engine`, through a pool made by `open_pool`."""

    def __init__(self, pool: asyncpg.Pool, *, walked: int = WALKED, connection_seconds: float = 10.0) -> None:
        self._pool = pool
        self._walked = walked
        self._connection_seconds = connection_seconds

    async def cases(
        self, question: CaseQuestion, *, after: CasePlace | None, limit: int
    ) -> tuple[list[CaseLine], CasePlace | None]:
        """Return cases, newest first."""
        walk = (*(after or (None, None)), question.opened_before, question.opened_from, self._walked)
        asked = (question.state, question.event, *flag_range(question.flag))
        async with self._transaction() as connection:
            found = await connection.fetch(sql.CASES, *walk, *asked, limit + 1)
            end = await connection.fetchrow(sql.CASES_END, *walk) if len(found) <= limit else None
        lines = [_case_line(row) for row in found[:limit]]
        if len(found) > limit:
            return lines, (lines[-1].opened_at, lines[-1].id)
        return lines, tuple(end) if end else None

    async def filings(
        self, question: FilingQuestion, *, after: FilingPlace | None, limit: int
    ) -> tuple[list[FilingLine], FilingPlace | None]:
        """Return filings, the earliest last day first."""
        beginning, where = _beginning(question)
        walk = (*(after or (None, None)), self._walked, *where)
        asked = (
            question.organisation, question.state, question.waits_for, question.slug,
            question.since_before, question.due_before,
        )  # fmt: skip
        statement, end_statement = sql.FILINGS[beginning]
        async with self._transaction() as connection:
            found = await connection.fetch(statement, *walk, *asked, limit + 1)
            end = await connection.fetchrow(end_statement, *walk) if len(found) <= limit else None
        lines = [_filing_line(row) for row in found[:limit]]
        if len(found) > limit:
            return lines, place_of(lines[-1])
        return lines, tuple(end) if end else None

    async def filing(self, filing: UUID) -> FilingLine | None:
        """Return one filing."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(sql.FILING, filing)
        return _filing_line(row) if row else None

    async def backlog(self, organisation: str) -> Backlog:
        """Return what lies at an organisation."""
        async with self._transaction() as connection:
            orders = await connection.fetchrow(sql.BACKLOG, organisation, MOST_COUNTED)
            filings = await connection.fetch(sql.OPEN_FILINGS, organisation, MOST_COUNTED)
        unacknowledged, oldest = orders or (0, None)
        return Backlog(
            unacknowledged,
            oldest,
            {row[0]: row[1] for row in filings},
            sum(row[2] for row in filings),
            min((row[3] for row in filings), default=None),
        )

    async def outbox(self) -> tuple[int, datetime | None]:
        """Return how many parcels wait in the outbox (5,000 stands for more), and since when."""
        async with self._transaction() as connection:
            waiting, since = await connection.fetchrow(sql.OUTBOX, MOST_COUNTED) or (0, None)
        return waiting, since

    async def aside(self, *, after: AsidePlace | None, limit: int) -> tuple[list[Aside], AsidePlace | None]:
        """Return parked deliveries that wait for a person, oldest first."""
        async with self._transaction() as connection:
            found = await connection.fetch(sql.ASIDE_PAGE, *(after or (None, None)), limit + 1)
        lines = [_aside(row) for row in found[:limit]]
        return lines, (found[limit - 1]["parked_at"], lines[-1].parked.id) if len(found) > limit else None

    async def aside_one(self, parked: UUID) -> Aside | None:
        """Return one parked delivery, also one that was resolved."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(f"{sql.ASIDE} where id = $1", parked)
        return _aside(row) if row else None

    async def resolve(self, parked: UUID, resolution: str, *, at: datetime) -> bool:
        """Note what was done about a parked delivery; False when that had been noted before."""
        async with self._transaction("read_committed") as connection:
            return await connection.execute(sql.RESOLVE, parked, at, resolution) == "UPDATE 1"

    async def record(self, entries: Sequence[AuditEntry]) -> AuditEntry | None:
        """Write all entries, or none where the request of the first was recorded before: return that one."""
        first = entries[0]
        async with self._transaction("read_committed") as connection:
            await connection.execute("select pg_advisory_xact_lock($1)", _AUDIT_LOCK)
            before = await connection.fetchrow(sql.RECORDED, first.operator, first.request_key)
            if before is not None:
                return AuditEntry(**before)
            head = await connection.fetchrow(sql.HEAD)
            added = chained(entries, after=tuple(head) if head else (0, FIRST_HASH))
            await connection.executemany(
                sql.RECORD, [(row.seq, *_columns(row.entry), row.hash) for row in added]
            )
        return None

    async def last_act(self, organisation: str, acts: Sequence[str]) -> AuditEntry | None:
        """Return the last entry of one of these acts about an organisation."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(sql.LAST_ACT, organisation, acts)
        return AuditEntry(**row) if row else None

    async def audit_of_case(self, case_id: UUID) -> list[AuditEntry]:
        """Return what operators did and looked at in a case, oldest first."""
        async with self._transaction() as connection:
            return [AuditEntry(**row) for row in await connection.fetch(sql.AUDIT_OF_CASE, case_id)]

    async def audit(self, *, after: int, limit: int) -> list[AuditRow]:
        """Return the record after a place, in order."""
        async with self._transaction() as connection:
            found = await connection.fetch(sql.AUDIT, after, limit)
        return [_audit_row(**row) for row in found]

    async def holders(self, role: str) -> list[tuple[UUID, str, datetime]]:
        """Return who has a role now, by whom and since when. Only the host asks."""
        async with self._transaction() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.fetch(sql.HOLDERS, role)]

    @asynccontextmanager
    async def _transaction(
        self, isolation: Literal["read_committed", "repeatable_read"] = "repeatable_read"
    ) -> "AsyncIterator[PoolConnectionProxy]":
        """One instant for everything that is asked in the block."""
        with translated():
            async with (
                self._pool.acquire(timeout=self._connection_seconds) as connection,
                connection.transaction(isolation=isolation),
            ):
                yield connection


def flag_range(flag: str | None) -> tuple[str | None, str | None]:
    """Return the bytes between which a flag lies, or all flags of a kind."""
    if flag is None:
        return None, None
    return (flag, f"{flag} ") if "/" in flag else (f"{flag}/", f"{flag}0")  # "0" comes after "/"


def place_of(line: FilingLine) -> FilingPlace:
    """Return where a list goes on after a filing."""
    return line.filing.due_on or date.max, line.filing.id


def _beginning(question: FilingQuestion) -> tuple[str, tuple[str | None, ...]]:
    if question.is_old:
        return "old", ()
    if question.flag is not None:
        return "flag", flag_range(question.flag)
    if question.organisation is not None:
        return "organisation", (question.organisation,)
    return "all", ()


def _case_line(row: Any) -> CaseLine:
    id_, event, state, version, opened_at, wake_at, total, still_open, flags = row
    return CaseLine(id_, event, state, version, opened_at, wake_at, total, still_open, tuple(flags))


def _filing_line(row: Any) -> FilingLine:
    ((case_id, filings),) = rows.filings_by_case([row]).items()
    return FilingLine(case_id, next(iter(filings.values())))


def _aside(row: Any) -> Aside:
    id_, where_from, sender, events, *rest, resolved_at, resolution = row
    return Aside(Parked(id_, where_from, sender, tuple(events), *rest), resolved_at, resolution)


def _columns(entry: AuditEntry) -> tuple[object, ...]:
    return (
        entry.id, entry.at, entry.operator, entry.act, entry.case_id, entry.filing, entry.organisation,
        entry.reason, entry.details, entry.request_key, entry.request_hash,
    )  # fmt: skip


def _audit_row(*, seq: int, hash: bytes, **entry: Any) -> AuditRow:  # noqa: A002 - a column's name
    return AuditRow(seq, AuditEntry(**entry), hash)
