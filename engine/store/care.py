# SPDX-License-Identifier: Apache-2.0
"""What is kept for a citizen beside the case, on PostgreSQL and in memory; one contract suite for both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import asyncpg

from engine.core.erasure import NOT_KEPT
from engine.ports import CalendarFeed, Ending
from engine.store.memory import MemoryStore
from engine.store.pool import translated

_FEED: Final = "select id, case_id, person, made_at, revoked_at from engine.calendar_feeds"
_ADD_FEED: Final = """
insert into engine.calendar_feeds (id, case_id, person, token_hash, made_at)
values ($1, $2, $3, $4, $5) on conflict (id) do nothing
"""
_REVOKE: Final = """
update engine.calendar_feeds set revoked_at = coalesce(revoked_at, $3) where case_id = $1 and id = $2
"""
_ENDING: Final = """
select case_id, ended_at, owes_certificate, certificate_sealed, certified_at, erased_at
from engine.endings where case_id = $1
"""
_TO_CERTIFY: Final = """
select case_id from engine.endings
where owes_certificate and certified_at is null and erased_at is null
  and ($2::uuid is null
       or (ended_at, case_id) > (select ended_at, case_id from engine.endings where case_id = $2))
order by ended_at, case_id limit $1
"""
_TO_ERASE: Final = """
select case_id from engine.endings
where erased_at is null and ended_at < greatest($1::timestamptz, $2::timestamptz)
  and ended_at < case when owes_certificate then $1 else $2 end
  and ($4::uuid is null
       or (ended_at, case_id) > (select ended_at, case_id from engine.endings where case_id = $4))
order by ended_at, case_id limit $3
"""
_LOCK: Final = "select journal_seq from engine.cases where id = $1 for update"
_ERASE_ENDING: Final = """
update engine.endings set erased_at = $2, certificate_sealed = null
where case_id = $1 and erased_at is null
"""
# That somebody decided is a state; what, is not kept.
_ERASE_KEY: Final = """
update engine.cases set data_key_wrapped = null, participants = coalesce((
    select jsonb_agg(
        case when one ->> 'choice' is null then one else one || jsonb_build_object('choice', $2::text) end
        order by place
    )
    from jsonb_array_elements(participants) with ordinality as people (one, place)
), '[]')
where id = $1
"""
_LEAVE: Final = """
insert into engine.erased_events (case_id, seq, body)
select $1, seq, body::jsonb from unnest($2::int[], $3::text[]) as given (seq, body)
"""
_LEFT: Final = "select seq, body::text from engine.erased_events where case_id = $1 order by seq"
_WITH_IT: Final = (
    "delete from engine.calendar_feeds where case_id = $1",
    "delete from mailbox.notices where case_id = $1",
    """
    delete from engine.pull_orders where acked_at is not null and order_id in (
        select order_id from engine.disclosures where case_id = $1
    )
    """,
    # What was put aside is a sealed event with its reference on the envelope.
    """
    delete from engine.parked p using engine.filings f
    where f.case_id = $1 and f.reference is not null and exists (
        select 1 from unnest(p.events) event where position(f.reference::bytea in event) > 0
    )
    """,
)


class PostgresCare:
    """The schema `engine`, through a pool made by `open_pool`."""

    def __init__(self, pool: asyncpg.Pool, *, connection_seconds: float = 10.0) -> None:
        self._pool = pool
        self._connection_seconds = connection_seconds

    async def add_feed(self, feed: CalendarFeed, token_hash: bytes) -> None:
        """Keep a feed, once for each id."""
        with translated():
            await self._pool.execute(_ADD_FEED, feed.id, feed.case_id, feed.person, token_hash, feed.made_at)

    async def feeds(self, case_id: UUID) -> list[CalendarFeed]:
        """Return the feeds of a case, also revoked ones, oldest first."""
        with translated():
            found = await self._pool.fetch(f"{_FEED} where case_id = $1 order by made_at, id", case_id)
        return [CalendarFeed(*row) for row in found]

    async def revoke_feed(self, case_id: UUID, feed: UUID, *, at: datetime) -> bool:
        """Note the first time that a feed of the case was revoked; False if there is no such feed."""
        with translated():
            return await self._pool.execute(_REVOKE, case_id, feed, at) == "UPDATE 1"

    async def feed(self, token_hash: bytes) -> CalendarFeed | None:
        """Return the feed that goes by a token, unless it was revoked."""
        with translated():
            row = await self._pool.fetchrow(
                f"{_FEED} where token_hash = $1 and revoked_at is null", token_hash
            )
        return CalendarFeed(*row) if row else None

    async def ending(self, case_id: UUID) -> Ending | None:
        """Return the end of a case, None while it goes on."""
        with translated():
            row = await self._pool.fetchrow(_ENDING, case_id)
        return Ending(*row) if row else None

    async def to_certify(self, *, limit: int, after: UUID | None = None) -> list[UUID]:
        """Return cases that have ended and whose certificate is owed, the longest ended first."""
        with translated():
            return [row[0] for row in await self._pool.fetch(_TO_CERTIFY, limit, after)]

    async def to_erase(
        self, *, ended_before: datetime, unconfirmed_before: datetime, limit: int, after: UUID | None = None
    ) -> list[UUID]:
        """Return cases to be erased that ended before an instant, the longest ended first."""
        with translated():
            found = await self._pool.fetch(_TO_ERASE, ended_before, unconfirmed_before, limit, after)
        return [row[0] for row in found]

    async def erase(
        self, case_id: UUID, left: Sequence[tuple[int, str]], *, journal_seq: int, at: datetime
    ) -> bool:
        """Destroy the key of a case that has ended, with what hangs on it; False if it is not as read."""
        with translated():
            async with (
                self._pool.acquire(timeout=self._connection_seconds) as connection,
                connection.transaction(),
            ):
                if await connection.fetchval(_LOCK, case_id) != journal_seq:
                    return False
                if await connection.execute(_ERASE_ENDING, case_id, at) != "UPDATE 1":
                    return False
                await connection.execute(_ERASE_KEY, case_id, NOT_KEPT)
                seqs, bodies = [seq for seq, _ in left], [body for _, body in left]
                await connection.execute(_LEAVE, case_id, seqs, bodies)
                for statement in _WITH_IT:
                    await connection.execute(statement, case_id)
        return True

    async def erased_events(self, case_id: UUID) -> list[tuple[int, str]]:
        """Return what was left of the events of an erased case, in order."""
        with translated():
            return [(row[0], row[1]) for row in await self._pool.fetch(_LEFT, case_id)]


class KeepsNotices(Protocol):
    """Where notices to owners are kept in memory."""

    def forget_notices(self, case_id: UUID) -> None:
        """Forget those of a case."""
        ...


class MemoryCare:
    """The same over the tables of a `MemoryStore`, and notices, where there are any."""

    def __init__(self, store: MemoryStore, notices: KeepsNotices | None = None) -> None:
        self._store = store
        self._notices = notices
        self._tables = store.tables

    async def add_feed(self, feed: CalendarFeed, token_hash: bytes) -> None:
        """Keep a feed, once for each id."""
        if feed.id not in {one.id for one in self._tables.feeds.values()}:
            self._tables.feeds[token_hash] = feed

    async def feeds(self, case_id: UUID) -> list[CalendarFeed]:
        """Return the feeds of a case, also revoked ones, oldest first."""
        found = [one for one in self._tables.feeds.values() if one.case_id == case_id]
        return sorted(found, key=lambda one: (one.made_at, one.id))

    async def revoke_feed(self, case_id: UUID, feed: UUID, *, at: datetime) -> bool:
        """Note the first time that a feed of the case was revoked; False if there is no such feed."""
        for token_hash, one in self._tables.feeds.items():
            if (one.case_id, one.id) == (case_id, feed):
                self._tables.feeds[token_hash] = replace(one, revoked_at=one.revoked_at or at)
                return True
        return False

    async def feed(self, token_hash: bytes) -> CalendarFeed | None:
        """Return the feed that goes by a token, unless it was revoked."""
        found = self._tables.feeds.get(token_hash)
        return found if found and found.revoked_at is None else None

    async def ending(self, case_id: UUID) -> Ending | None:
        """Return the end of a case, None while it goes on."""
        return self._tables.endings.get(case_id)

    async def to_certify(self, *, limit: int, after: UUID | None = None) -> list[UUID]:
        """Return cases that have ended and whose certificate is owed, the longest ended first."""
        owed = [
            one
            for one in self._endings(after)
            if one.owes_certificate and one.certified_at is None and one.erased_at is None
        ]
        return [one.case_id for one in owed[:limit]]

    async def to_erase(
        self, *, ended_before: datetime, unconfirmed_before: datetime, limit: int, after: UUID | None = None
    ) -> list[UUID]:
        """Return cases to be erased that ended before an instant, the longest ended first."""
        old = [
            one
            for one in self._endings(after)
            if one.erased_at is None
            and one.ended_at < (ended_before if one.owes_certificate else unconfirmed_before)
        ]
        return [one.case_id for one in old[:limit]]

    async def erase(
        self, case_id: UUID, left: Sequence[tuple[int, str]], *, journal_seq: int, at: datetime
    ) -> bool:
        """Destroy the key of a case that has ended, with what hangs on it; False if it is not as read."""
        ending = self._tables.endings.get(case_id)
        tables = self._tables
        if ending is None or ending.erased_at is not None or tables.cases[case_id].journal_seq != journal_seq:
            return False
        tables.endings[case_id] = replace(ending, erased_at=at, certificate_sealed=None)
        await self._store.erase(case_id)
        stored = tables.cases[case_id]
        people = {
            id_: replace(one, choice=NOT_KEPT if one.choice is not None else None)
            for id_, one in stored.case.participants.items()
        }
        tables.cases[case_id] = replace(stored, case=replace(stored.case, participants=people))
        tables.erased[case_id] = list(left)
        if self._notices is not None:
            self._notices.forget_notices(case_id)
        tables.feeds = {key: one for key, one in tables.feeds.items() if one.case_id != case_id}
        told = {one.order_id for one in tables.disclosures.values() if one.case_id == case_id}
        tables.to_fetch = {
            key: one
            for key, one in tables.to_fetch.items()
            if one.acked_at is None or one.order.order_id not in told
        }
        filings = tables.cases[case_id].case.filings.values()
        references = [one.reference.encode() for one in filings if one.reference]
        tables.parked = {
            id_: one
            for id_, one in tables.parked.items()
            if not any(name in event for name in references for event in one.events)
        }
        return True

    async def erased_events(self, case_id: UUID) -> list[tuple[int, str]]:
        """Return what was left of the events of an erased case, in order."""
        return self._tables.erased.get(case_id, [])

    def _endings(self, after: UUID | None) -> list[Ending]:
        found = sorted(self._tables.endings.values(), key=lambda one: (one.ended_at, one.case_id))
        place = next((n for n, one in enumerate(found, start=1) if one.case_id == after), 0)
        return found[place:]
