# SPDX-License-Identifier: Apache-2.0
"""The store on PostgreSQL. Its twin is memory.py; one contract suite for both."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

import asyncpg

from engine.ports import Disclosure, JournalRow, MessageKey, Parcel, Parked, Pulled, Seen, StoredCase
from engine.postgres import FOREIGN
from engine.store import rows
from engine.store.pool import meaning, translated
from engine.store.unit import PostgresUnit, seen, stored_cases

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_CONTENTS: Final = "select contents_sealed from engine.case_plans where case_id = $1"
_CASES_OF: Final = """
select id from engine.cases
where owner = $1 and ($2::timestamptz is null or (opened_at, id) < ($2, $3::uuid))
order by opened_at desc, id desc limit $4
"""
_CASES_WITH: Final = """
select id from engine.cases
where participants @> jsonb_build_array(jsonb_build_object('person', $1::text))
order by opened_at desc, id desc limit $2
"""
_JOURNAL: Final = """
select case_id, seq, type, filing, at, actor, body_sealed, prev_hash
from engine.journal where case_id = $1 and seq > $2 order by seq limit $3
"""
_DISCLOSURES: Final = """
select order_id, field, case_id, filing, organisation, basis, at, array(
    select taker from engine.handed h
    where h.order_id = d.order_id and taker <> d.organisation order by h.at, taker
) as through
from engine.disclosures d where case_id = $1 order by at, order_id, field
"""
_TO_WAKE: Final = """
select id, wake_at, version from engine.cases where wake_at <= $1 order by wake_at, id limit $2
"""
_CLAIM: Final = """
with picked as materialized (
    select id from engine.outbox
    where created_at <= clock_timestamp() - $1::interval
      and (claimed_until is null or claimed_until <= clock_timestamp())
    order by id limit $3
    for update skip locked
)
update engine.outbox row
set claimed_until = clock_timestamp() + $2::interval, attempts = row.attempts + 1
from picked where row.id = picked.id
returning row.id, row.parcel_id, row.destination, row.body, row.organisation
"""
_FORGET: Final = "delete from engine.outbox where id = any($1::bigint[])"
_PULL: Final = """
select position, order_id, event from engine.pull_orders
where organisation = $1 and position > $2 and acked_at is null
  and (principal is null or principal <> all($4::text[]))
order by position limit $3
"""
_DROP_PULLED: Final = """
delete from engine.pull_orders p using unnest($2::bigint[], $3::text[]) as given (position, order_id)
where p.organisation = $1 and p.acked_at is null
  and p.position = given.position and p.order_id = given.order_id
"""
_LEFT_BEHIND: Final = """
select count(*)::int from (
    select from engine.pull_orders where organisation = $1 and position <= $2 and acked_at is null
      and (principal is null or principal <> all($3::text[])) limit 1000
) behind
"""
_FORGET_ACKNOWLEDGED: Final = """
delete from engine.pull_orders where position in (
    select position from engine.pull_orders where acked_at < $1 order by acked_at limit $2
    for update skip locked
) and acked_at < $1
"""
_ACKNOWLEDGE: Final = """
update engine.pull_orders set acked_at = $3
where organisation = $1 and order_id = any($2::text[]) and acked_at is null
"""
_PARK: Final = """
insert into engine.parked (id, where_from, sender, events, reason, attempts, parked_at)
values ($1, $2, $3, $4, $5, $6, coalesce($7, clock_timestamp()))
on conflict (id) do update set
    reason = excluded.reason, parked_at = excluded.parked_at, resolved_at = null, resolution = null
where parked.resolved_at is not null
"""
_PARKED: Final = """
select id, where_from, sender, events, reason, attempts, parked_at
from engine.parked where resolved_at is null order by parked_at, id limit $1
"""
_KEEP_CATALOGUE: Final = """
insert into engine.catalogues (sha256, rules) values ($1, $2) on conflict (sha256) do nothing
"""
_CATALOGUE: Final = "select rules from engine.catalogues where sha256 = $1"
_REPORTED: Final = "select case_id from engine.reported where mark = $1"
_ERASE: Final = """
update engine.cases set data_key_wrapped = null where id = $1 and data_key_wrapped is not null
"""


class PostgresStore:
    """Cases in the schema `engine`, through a pool made by `open_pool`.

    `remembered` is how many cases this process keeps in mind (about 30 KiB each with 24 filings).
    """

    def __init__(
        self, pool: asyncpg.Pool, *, remembered: int = 2_000, connection_seconds: float = 10.0
    ) -> None:
        self._pool = pool
        self._known = rows.Known(remembered)
        self._connection_seconds = connection_seconds  # rather refuse than wait in a circle for each other

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[PostgresUnit]:
        """Begin a transaction; raises `StoreConflict`, `StoreUnavailable`."""
        async with self._transaction("read_committed") as connection:
            unit = PostgresUnit(connection, self._known)
            yield unit
        self._known.remember(unit.kept)  # not before it is committed

    async def seen(self, key: MessageKey) -> Seen | None:
        """Return what the inbox remembers of a message."""
        async with self._statement() as connection:
            return (await seen(connection, [key])).get(key)

    async def case(self, case_id: UUID) -> StoredCase | None:
        """Return the case as it is, without a lock."""
        async with self._snapshot() as connection:
            return (await stored_cases(connection, [case_id], self._known)).get(case_id)

    async def reported(self, mark: str) -> UUID | None:
        """Return the running case about this, None where nobody has told of it."""
        async with self._statement() as connection:
            found: UUID | None = await connection.fetchval(_REPORTED, mark)
        return found

    async def sealed_contents(self, case_id: UUID) -> bytes | None:
        """Return what the case keeps sealed."""
        async with self._statement() as connection:
            found: bytes | None = await connection.fetchval(_CONTENTS, case_id)
        return found

    async def cases_of(
        self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[StoredCase]:
        """Return the owner's cases, newest first, after the given place."""
        async with self._snapshot() as connection:
            records = await connection.fetch(_CASES_OF, owner, *(before or (None, None)), limit)
            ids = [record[0] for record in records]
            found = await stored_cases(connection, ids, self._known)
        return [found[id_] for id_ in ids]

    async def cases_with(self, person: UUID, *, limit: int) -> list[StoredCase]:
        """Return the cases in which the person has taken a seat, newest first."""
        async with self._snapshot() as connection:
            ids = [record[0] for record in await connection.fetch(_CASES_WITH, str(person), limit)]
            found = await stored_cases(connection, ids, self._known)
        return [found[id_] for id_ in ids]

    async def journal(self, case_id: UUID, *, after: int = 0, limit: int = 1000) -> list[JournalRow]:
        """Return the journal of a case after a sequence number, in order."""
        async with self._statement() as connection:
            return [JournalRow(*row) for row in await connection.fetch(_JOURNAL, case_id, after, limit)]

    async def disclosures(self, case_id: UUID) -> list[Disclosure]:
        """Return who was told what in this case, in order of time."""
        async with self._statement() as connection:
            found = await connection.fetch(_DISCLOSURES, case_id)
        return [Disclosure(**{**dict(row), "through": tuple(row["through"])}) for row in found]

    async def to_wake(self, now: datetime, *, limit: int) -> list[tuple[UUID, datetime, int]]:
        """Return (case, wake_at, version) of cases whose instant has come, the longest overdue first."""
        async with self._statement() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.fetch(_TO_WAKE, now, limit)]

    async def unpublished(
        self, *, older_than: timedelta, lease: timedelta, limit: int
    ) -> list[tuple[int, Parcel]]:
        """Claim parcels that a crash left in the outbox, by the clock of the database."""
        async with self._statement() as connection:
            claimed = await connection.fetch(_CLAIM, older_than, lease, limit)
        return sorted(((row[0], Parcel(*row[1:])) for row in map(tuple, claimed)), key=lambda one: one[0])

    async def forget_published(self, ids: Sequence[int]) -> None:
        """Drop outbox rows whose parcels are in their queues."""
        async with self._statement() as connection:
            await connection.execute(_FORGET, sorted(ids))

    async def pull_orders(
        self, organisation: str, *, after: int, limit: int, without: Sequence[str] = ()
    ) -> list[Pulled]:
        """Return the organisation's unacknowledged orders after a position, oldest first."""
        async with self._statement() as connection:
            found = await connection.fetch(_PULL, organisation, after, limit, list(without))
        return [Pulled(*row) for row in found]

    async def drop_pulled(self, organisation: str, pulled: Sequence[Pulled]) -> int:
        """Take unacknowledged orders out of the feed if they are still in this place."""
        columns = [one.position for one in pulled], [one.order_id for one in pulled]
        async with self._statement() as connection:
            done = await connection.execute(_DROP_PULLED, organisation, *columns)
        return int(done.removeprefix("DELETE "))

    async def left_behind(self, organisation: str, *, after: int, without: Sequence[str] = ()) -> int:
        """Return how many unacknowledged orders lie up to this position."""
        async with self._statement() as connection:
            return int(await connection.fetchval(_LEFT_BEHIND, organisation, after, list(without)))

    async def forget_acknowledged(self, *, before: datetime, limit: int) -> int:
        """Drop orders from the feeds that were acknowledged before an instant."""
        async with self._statement() as connection:
            done = await connection.execute(_FORGET_ACKNOWLEDGED, before, limit)
        return int(done.removeprefix("DELETE "))

    async def acknowledge_pulled(self, organisation: str, order_ids: Sequence[str], *, at: datetime) -> int:
        """Note that the organisation has these orders; return how many were waiting."""
        async with self._statement() as connection:
            done = await connection.execute(_ACKNOWLEDGE, organisation, order_ids, at)
        return int(done.removeprefix("UPDATE "))

    async def park(self, parked: Sequence[Parked]) -> None:
        """Put aside, once for each id; what was resolved and comes again waits again."""
        rows_ = [
            (one.id, one.where_from, one.sender, one.events, one.reason, one.attempts, one.parked_at)
            for one in sorted(parked, key=lambda one: one.id)
        ]
        async with self._statement() as connection:
            await connection.executemany(_PARK, rows_)  # one transaction, sent in one go

    async def parked(self, *, limit: int) -> list[Parked]:
        """Return what waits for a person, oldest first."""
        async with self._statement() as connection:
            found = await connection.fetch(_PARKED, limit)
        return [
            Parked(id_, where_from, sender, tuple(events), *rest)
            for id_, where_from, sender, events, *rest in found
        ]

    async def keep_catalogue(self, sha256: str, rules: Mapping[str, Any]) -> None:
        """Keep the rules under their hash, once."""
        async with self._statement() as connection:
            await connection.execute(_KEEP_CATALOGUE, sha256, rules)

    async def catalogue(self, sha256: str) -> Mapping[str, Any] | None:
        """Return the rules under a hash."""
        async with self._statement() as connection:
            found: Mapping[str, Any] | None = await connection.fetchval(_CATALOGUE, sha256)
        return found

    async def erase(self, case_id: UUID) -> bool:
        """Destroy the case's key: what it kept sealed is unreadable for good; states stay."""
        async with self._statement() as connection:
            return await connection.execute(_ERASE, case_id) == "UPDATE 1"

    @asynccontextmanager
    async def _transaction(
        self, isolation: Literal["read_committed", "repeatable_read"]
    ) -> "AsyncIterator[PoolConnectionProxy]":
        """Begin, and commit at the end; what is raised inside comes out as it is."""
        inside: BaseException | None = None
        try:
            async with (
                self._pool.acquire(timeout=self._connection_seconds) as connection,
                connection.transaction(isolation=isolation),
            ):
                try:
                    yield connection
                except BaseException as error:
                    inside = error
                    raise
        except FOREIGN as error:
            if inside is not None:  # rolling back may fail too: what came first is what matters
                raise inside  # noqa: B904 - it has its own cause
            raise meaning(error) from error

    @asynccontextmanager
    async def _snapshot(self) -> "AsyncIterator[PoolConnectionProxy]":
        """Several statements that see one instant."""
        async with self._transaction("repeatable_read") as connection:
            with translated():
                yield connection

    @asynccontextmanager
    async def _statement(self) -> "AsyncIterator[PoolConnectionProxy]":
        """One statement, a transaction of its own."""
        with translated():
            async with self._pool.acquire(timeout=self._connection_seconds) as connection:
                yield connection
