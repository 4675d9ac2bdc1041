# SPDX-License-Identifier: Apache-2.0
"""The two stores of letters: PostgreSQL, and the memory twin. One contract suite for both."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from engine.core.errors import EngineError
from engine.postgres import FOREIGN, out_of_reach
from mailbox.letters import Kept, LetterEvent, LetterRow, Notice, Pair, PersonKey, Ticket

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_LETTER: Final = (
    "l.id, l.owner, l.person_key, l.case_id, l.order_id, l.document_id, l.blob, l.size_bytes, l.sha256,"
    " k.key_wrapped, l.heading_sealed, l.received_at, l.opened_at, l.downloaded_at"
)
_TICKET: Final = "id, organisation, size_bytes, sha256, opened_at, expires_at, blob, key_wrapped, redeemed_at"

_ENSURE_PERSON_KEYS = """
insert into mailbox.person_keys (id, person, key_wrapped)
select * from unnest($1::uuid[], $2::uuid[], $3::bytea[])
on conflict (person) do nothing
"""
_PERSON_KEYS = "select id, person, key_wrapped from mailbox.person_keys where person = any($1::uuid[])"
_DELIVERED = """
select l.order_id, l.document_id, l.id, l.owner, l.sha256
from mailbox.letters l
join unnest($1::text[], $2::text[]) as asked (order_id, document_id) using (order_id, document_id)
"""
_KEEP = """
with given as (
    select * from unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bigint[],
        $9::text[], $10::bytea[], $11::bytea[], $12::timestamptz[]
    ) as g (id, owner, person_key, case_id, order_id, document_id, blob, size_bytes, sha256, key_wrapped,
            heading_sealed, received_at)
), kept as (
    insert into mailbox.letters (id, owner, person_key, case_id, order_id, document_id, blob, size_bytes,
                                 sha256, heading_sealed, received_at)
    select id, owner, person_key, case_id, order_id, document_id, blob, size_bytes, sha256, heading_sealed,
           received_at
    from given order by order_id, document_id
    on conflict (order_id, document_id) do nothing
    returning id, received_at
), keys as (
    insert into mailbox.letter_keys (letter_id, key_wrapped)
    select id, given.key_wrapped from kept join given using (id)
)
insert into mailbox.letter_events (letter_id, event, at)
select id, 'delivered', received_at from kept
"""
_FULFIL = "delete from mailbox.promised_blobs where blob = any($1::text[])"
_PAGE = f"""
select {_LETTER}
from mailbox.letters l join mailbox.letter_keys k on k.letter_id = l.id
where l.owner = $1
  and ($2::timestamptz is null or (l.received_at, l.id) < ($2, $3::uuid))
  and ($4::uuid is null or l.case_id = $4)
order by l.received_at desc, l.id desc
limit $5
"""  # noqa: S608 - only our own column list is put in
_ONE = f"""
select {_LETTER}
from mailbox.letters l join mailbox.letter_keys k on k.letter_id = l.id
where l.owner = $1 and l.id = $2
"""  # noqa: S608 - only our own column list is put in
# Who downloads has opened: both first times are set, and each act is an event of its own.
_MARK = """
with marked as (
    update mailbox.letters set
        opened_at = coalesce(opened_at, $4),
        downloaded_at = case when $3 = 'downloaded' then coalesce(downloaded_at, $4) else downloaded_at end
    where owner = $1 and id = $2
    returning id
)
insert into mailbox.letter_events (letter_id, event, at) select id, $3, $4 from marked
"""
_NAMED = """
select blob from mailbox.letters where blob = any($1::text[])
union select blob from mailbox.promised_blobs where blob = any($1::text[])
union select blob from mailbox.upload_tickets where blob = any($1::text[])
"""

_KEEP_NOTICES = """
insert into mailbox.notices (id, owner, case_id, filing, slug, kind, due_on, at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::date[],
                     $8::timestamptz[])
on conflict (id) do nothing
"""
_NOTICES = """
select id, owner, case_id, filing, slug, kind, due_on, at, read_at from mailbox.notices
where owner = $1 and ($2::timestamptz is null or (at, id) < ($2, $3::uuid))
order by at desc, id desc limit $4
"""
_READ_NOTICE = """
update mailbox.notices set read_at = coalesce(read_at, $3) where owner = $1 and id = $2
"""


class PostgresLetterStore:
    """Letters in the schema `mailbox`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def ensure_person_keys(self, candidates: Sequence[PersonKey]) -> dict[UUID, PersonKey]:
        """Return each person's key, keeping the candidate where there was none."""
        ordered = sorted(candidates, key=lambda key: key.person)  # one lock order for all
        persons = [key.person for key in ordered]
        async with self._transaction() as connection:
            wrapped = [key.key_wrapped for key in ordered]
            await connection.execute(_ENSURE_PERSON_KEYS, [key.id for key in ordered], persons, wrapped)
            rows = await connection.fetch(_PERSON_KEYS, persons)
        return {row["person"]: PersonKey(row["id"], row["person"], row["key_wrapped"]) for row in rows}

    async def person_key(self, person: UUID) -> PersonKey | None:
        """Return the person's key."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_PERSON_KEYS, [person])
        return PersonKey(row["id"], row["person"], row["key_wrapped"]) if row else None

    async def delivered(self, pairs: Sequence[Pair]) -> dict[Pair, Kept]:
        """Return the letters that these pairs have become."""
        async with self._transaction() as connection:
            return await _delivered(connection, pairs)

    async def keep(self, rows: Sequence[LetterRow]) -> dict[Pair, Kept]:
        """Keep what is new, and fulfil its promises, in one transaction."""
        columns = (
            "id", "owner", "person_key", "case_id", "order_id", "document_id", "blob", "size_bytes", "sha256",
            "key_wrapped", "heading_sealed", "received_at",
        )  # fmt: skip
        async with self._transaction() as connection:
            await connection.execute(_KEEP, *([getattr(row, column) for row in rows] for column in columns))
            kept = await _delivered(connection, [(row.order_id, row.document_id) for row in rows])
            await connection.execute(_FULFIL, _fulfilled(rows, kept))
            return kept

    async def page(
        self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int, case_id: UUID | None
    ) -> list[LetterRow]:
        """Return the owner's letters, newest first."""
        at, letter = before or (None, None)
        async with self._transaction() as connection:
            rows = await connection.fetch(_PAGE, owner, at, letter, case_id, limit)
        return [LetterRow(*row) for row in rows]

    async def letter(self, owner: UUID, letter: UUID) -> LetterRow | None:
        """Return the owner's letter."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(_ONE, owner, letter)
        return LetterRow(*row) if row else None

    async def mark(self, owner: UUID, letter: UUID, event: LetterEvent, at: datetime) -> LetterRow | None:
        """Write down what the owner did."""
        async with self._transaction() as connection:
            await connection.execute(_MARK, owner, letter, event.value, at)
            row = await connection.fetchrow(_ONE, owner, letter)
        return LetterRow(*row) if row else None

    async def events(self, letter: UUID) -> list[tuple[LetterEvent, datetime]]:
        """Return what happened to the letter."""
        async with self._transaction() as connection:
            rows = await connection.fetch(
                "select event, at from mailbox.letter_events where letter_id = $1 order by id", letter
            )
        return [(LetterEvent(row["event"]), row["at"]) for row in rows]

    async def keep_notices(self, notices: Sequence[Notice]) -> None:
        """Keep each notice, once for each id."""
        columns = ("id", "owner", "case_id", "filing", "slug", "kind", "due_on", "at")
        async with self._transaction() as connection:
            await connection.execute(
                _KEEP_NOTICES, *([getattr(one, column) for one in notices] for column in columns)
            )

    async def notices(self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Notice]:
        """Return the owner's notices, newest first, after the given place."""
        async with self._transaction() as connection:
            rows = await connection.fetch(_NOTICES, owner, *(before or (None, None)), limit)
        return [Notice(**row) for row in rows]

    async def read_notice(self, owner: UUID, notice: UUID, at: datetime) -> bool:
        """Note the first time that the owner read a notice."""
        async with self._transaction() as connection:
            done = await connection.execute(_READ_NOTICE, owner, notice, at)
        return bool(done == "UPDATE 1")

    async def delete(self, owner: UUID, letter: UUID) -> bool:
        """Destroy one letter; its key and events go with it, its blob with the next sweep."""
        async with self._transaction() as connection:
            done = await connection.execute(
                "delete from mailbox.letters where owner = $1 and id = $2", owner, letter
            )
        return bool(done == "DELETE 1")

    async def erase(self, person: UUID) -> int:
        """Destroy the person's key; letters, keys and events go with it."""
        async with self._transaction() as connection:
            count = await connection.fetchval("select count(*) from mailbox.letters where owner = $1", person)
            await connection.execute("delete from mailbox.person_keys where person = $1", person)
        return int(count)

    async def promise(self, blobs: Sequence[str]) -> None:
        """Remember deliveries under way."""
        async with self._transaction() as connection:
            await connection.execute(
                "insert into mailbox.promised_blobs (blob) select unnest($1::text[]) on conflict do nothing",
                sorted(blobs),
            )

    async def fulfil(self, blobs: Sequence[str]) -> None:
        """Forget promises."""
        async with self._transaction() as connection:
            await connection.execute(_FULFIL, sorted(blobs))

    async def named(self, blobs: list[str]) -> set[str]:
        """Return the blobs still wanted."""
        async with self._transaction() as connection:
            return {row["blob"] for row in await connection.fetch(_NAMED, blobs)}

    async def add_ticket(self, ticket: Ticket) -> None:
        """Keep a new ticket."""
        async with self._transaction() as connection:
            await connection.execute(
                f"insert into mailbox.upload_tickets ({_TICKET}) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)",  # noqa: S608 - our own column list
                ticket.id, ticket.organisation, ticket.size_bytes, ticket.sha256, ticket.opened_at,
                ticket.expires_at, ticket.blob, ticket.key_wrapped, ticket.redeemed_at,
            )  # fmt: skip

    async def ticket(self, ticket: str) -> Ticket | None:
        """Return the ticket."""
        async with self._transaction() as connection:
            row = await connection.fetchrow(
                f"select {_TICKET} from mailbox.upload_tickets where id = $1",  # noqa: S608 - our own column list
                ticket,
            )
        return Ticket(*row) if row else None

    async def waiting_tickets(self, organisation: str, now: datetime) -> int:
        """Return how many tickets still wait for their upload."""
        async with self._transaction() as connection:
            count = await connection.fetchval(
                "select count(*) from mailbox.upload_tickets"
                " where organisation = $1 and blob is null and expires_at > $2",
                organisation,
                now,
            )
        return int(count)

    async def fill_ticket(self, ticket: str, *, blob: str, key_wrapped: str) -> bool:
        """Note where the upload lies, unless another was first."""
        async with self._transaction() as connection:
            done = await connection.execute(
                "update mailbox.upload_tickets set blob = $2, key_wrapped = $3"
                " where id = $1 and blob is null",
                ticket,
                blob,
                key_wrapped,
            )
        return done == "UPDATE 1"

    async def redeem_ticket(self, ticket: str, at: datetime) -> None:
        """Note the first redemption."""
        async with self._transaction() as connection:
            await connection.execute(
                "update mailbox.upload_tickets set redeemed_at = $2 where id = $1 and redeemed_at is null",
                ticket,
                at,
            )

    async def forget_tickets(self, *, opened_before: datetime) -> int:
        """Drop old tickets."""
        async with self._transaction() as connection:
            done = await connection.execute(
                "delete from mailbox.upload_tickets where opened_at < $1", opened_before
            )
        return int(done.removeprefix("DELETE "))

    @asynccontextmanager
    async def _transaction(self) -> "AsyncIterator[PoolConnectionProxy]":
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                yield connection
        except asyncpg.ForeignKeyViolationError as error:
            # The person's key was erased between two statements; the next run makes a new one.
            raise EngineError("unavailable-mailbox") from error
        except FOREIGN as error:
            if out_of_reach(error):
                raise EngineError("unavailable-mailbox") from error
            raise


async def _delivered(connection: "PoolConnectionProxy", pairs: Sequence[Pair]) -> dict[Pair, Kept]:
    orders, documents = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rows = await connection.fetch(_DELIVERED, orders, documents)
    return {(order, document): Kept(*kept) for order, document, *kept in rows}


def _fulfilled(rows: Sequence[LetterRow], kept: Mapping[Pair, Kept]) -> list[str]:
    """Return the blobs whose document is now in the box; a conflicting one stays promised."""
    pairs = ((row, kept[row.order_id, row.document_id]) for row in rows)
    return sorted(
        row.blob for row, letter in pairs if (letter.owner, letter.sha256) == (row.owner, row.sha256)
    )


class MemoryLetterStore:
    """The twin for tests and simulation."""

    def __init__(self) -> None:
        self.letters: dict[UUID, LetterRow] = {}
        self.kept_notices: dict[UUID, Notice] = {}
        self.promised: set[str] = set()
        self.tickets: dict[str, Ticket] = {}
        self._keys: dict[UUID, PersonKey] = {}
        self._pairs: dict[Pair, UUID] = {}
        self._events: list[tuple[UUID, LetterEvent, datetime]] = []

    async def ensure_person_keys(self, candidates: Sequence[PersonKey]) -> dict[UUID, PersonKey]:
        """Return each person's key, keeping the candidate where there was none."""
        return {key.person: self._keys.setdefault(key.person, key) for key in candidates}

    async def person_key(self, person: UUID) -> PersonKey | None:
        """Return the person's key."""
        return self._keys.get(person)

    async def delivered(self, pairs: Sequence[Pair]) -> dict[Pair, Kept]:
        """Return the letters that these pairs have become."""
        found = {pair: self.letters[self._pairs[pair]] for pair in pairs if pair in self._pairs}
        return {pair: Kept(row.id, row.owner, row.sha256) for pair, row in found.items()}

    async def keep(self, rows: Sequence[LetterRow]) -> dict[Pair, Kept]:
        """Keep what is new, and fulfil its promises."""
        for row in rows:
            key = self._keys.get(row.owner)
            if key is None or key.id != row.person_key:
                raise EngineError("unavailable-mailbox")
        for row in rows:
            pair = (row.order_id, row.document_id)
            if pair not in self._pairs:
                self._pairs[pair] = row.id
                self.letters[row.id] = row
                self._events.append((row.id, LetterEvent.DELIVERED, row.received_at))
        kept = await self.delivered([(row.order_id, row.document_id) for row in rows])
        self.promised.difference_update(_fulfilled(rows, kept))
        return kept

    async def page(
        self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int, case_id: UUID | None
    ) -> list[LetterRow]:
        """Return the owner's letters, newest first."""
        wanted = [
            row
            for row in self.letters.values()
            if row.owner == owner
            and (case_id is None or row.case_id == case_id)
            and (before is None or (row.received_at, row.id) < before)
        ]
        return sorted(wanted, key=lambda row: (row.received_at, row.id), reverse=True)[:limit]

    async def letter(self, owner: UUID, letter: UUID) -> LetterRow | None:
        """Return the owner's letter."""
        row = self.letters.get(letter)
        return row if row and row.owner == owner else None

    async def mark(self, owner: UUID, letter: UUID, event: LetterEvent, at: datetime) -> LetterRow | None:
        """Write down what the owner did."""
        row = await self.letter(owner, letter)
        if row is None:
            return None
        downloaded = at if event is LetterEvent.DOWNLOADED else None
        row = replace(row, opened_at=row.opened_at or at, downloaded_at=row.downloaded_at or downloaded)
        self.letters[letter] = row
        self._events.append((letter, event, at))
        return row

    async def events(self, letter: UUID) -> list[tuple[LetterEvent, datetime]]:
        """Return what happened to the letter."""
        return [(event, at) for owner, event, at in self._events if owner == letter]

    async def keep_notices(self, notices: Sequence[Notice]) -> None:
        """Keep each notice, once for each id."""
        for one in notices:
            self.kept_notices.setdefault(one.id, one)

    def forget_notices(self, case_id: UUID) -> None:
        """Forget the notices of a case: on PostgreSQL they go with what is erased of it."""
        self.kept_notices = {id_: one for id_, one in self.kept_notices.items() if one.case_id != case_id}

    async def notices(self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Notice]:
        """Return the owner's notices, newest first, after the given place."""
        mine = [
            one
            for one in self.kept_notices.values()
            if one.owner == owner and (before is None or (one.at, one.id) < before)
        ]
        return sorted(mine, key=lambda one: (one.at, one.id), reverse=True)[:limit]

    async def read_notice(self, owner: UUID, notice: UUID, at: datetime) -> bool:
        """Note the first time that the owner read a notice."""
        found = self.kept_notices.get(notice)
        if found is None or found.owner != owner:
            return False
        self.kept_notices[notice] = found.model_copy(update={"read_at": found.read_at or at})
        return True

    async def delete(self, owner: UUID, letter: UUID) -> bool:
        """Destroy one letter."""
        if await self.letter(owner, letter) is None:
            return False
        self._forget({letter})
        return True

    async def erase(self, person: UUID) -> int:
        """Destroy the person's key and letters."""
        self._keys.pop(person, None)
        gone = {row.id for row in self.letters.values() if row.owner == person}
        self._forget(gone)
        return len(gone)

    def _forget(self, gone: set[UUID]) -> None:
        self.letters = {id_: row for id_, row in self.letters.items() if id_ not in gone}
        self._pairs = {pair: id_ for pair, id_ in self._pairs.items() if id_ not in gone}
        self._events = [event for event in self._events if event[0] not in gone]

    async def promise(self, blobs: Sequence[str]) -> None:
        """Remember deliveries under way."""
        self.promised.update(blobs)

    async def fulfil(self, blobs: Sequence[str]) -> None:
        """Forget promises."""
        self.promised.difference_update(blobs)

    async def named(self, blobs: list[str]) -> set[str]:
        """Return the blobs still wanted."""
        letters = {row.blob for row in self.letters.values()}
        tickets = {ticket.blob for ticket in self.tickets.values()}
        return {blob for blob in blobs if blob in letters or blob in tickets or blob in self.promised}

    async def add_ticket(self, ticket: Ticket) -> None:
        """Keep a new ticket."""
        self.tickets[ticket.id] = ticket

    async def ticket(self, ticket: str) -> Ticket | None:
        """Return the ticket."""
        return self.tickets.get(ticket)

    async def waiting_tickets(self, organisation: str, now: datetime) -> int:
        """Return how many tickets still wait for their upload."""
        return sum(
            ticket.organisation == organisation and ticket.blob is None and ticket.expires_at > now
            for ticket in self.tickets.values()
        )

    async def fill_ticket(self, ticket: str, *, blob: str, key_wrapped: str) -> bool:
        """Note where the upload lies, unless another was first."""
        found = self.tickets.get(ticket)
        if found is None or found.blob is not None:
            return False
        self.tickets[ticket] = replace(found, blob=blob, key_wrapped=key_wrapped)
        return True

    async def redeem_ticket(self, ticket: str, at: datetime) -> None:
        """Note the first redemption."""
        found = self.tickets.get(ticket)
        if found is not None and found.redeemed_at is None:
            self.tickets[ticket] = replace(found, redeemed_at=at)

    async def forget_tickets(self, *, opened_before: datetime) -> int:
        """Drop old tickets."""
        old = [ticket.id for ticket in self.tickets.values() if ticket.opened_at < opened_before]
        for ticket in old:
            del self.tickets[ticket]
        return len(old)
