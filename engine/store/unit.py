# SPDX-License-Identifier: Apache-2.0
"""One transaction on PostgreSQL: each door a fixed number of statements, however many rows go through it.

Locks are taken in one order everywhere: inbox rows (sorted), cases (sorted), then the rest.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from engine.core.case import Filing
from engine.ports import (
    Changes,
    Crossing,
    InboxEntry,
    JournalRow,
    Located,
    MessageKey,
    Parcel,
    Seen,
    StoreConflict,
    StoredCase,
)
from engine.store import rows
from engine.store.pool import translated

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

_REGISTER: Final = """
insert into engine.inbox (sender, message_id, body_hash, case_id)
select * from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[])
    as given (sender, message_id, body_hash, case_id)
order by sender collate "C", message_id collate "C"
on conflict (sender, message_id) do nothing
returning sender, message_id
"""
_SEEN: Final = """
select sender, message_id, body_hash, case_id, outcome, answer
from engine.inbox join unnest($1::text[], $2::text[]) as asked (sender, message_id) using (sender, message_id)
"""
_LOCATE: Final = """
select reference, case_id, id, organisation from engine.filings
where reference = any($1::text[]) and organisation is not null
"""
_LOCK: Final = "select id from engine.cases where id = any($1::uuid[]) order by id for update"
_CASES: Final = f"""
select {rows.CASE}, p.rules
from engine.cases c
left join engine.case_plans p on p.case_id = c.id and p.case_id = any($2::uuid[])
where c.id = any($1::uuid[])
"""  # noqa: S608 - only our own column list is put in
_FILINGS: Final = f"""
select {rows.FILING} from engine.filings where case_id = any($1::uuid[]) order by case_id, position
"""  # noqa: S608 - only our own column list is put in
_CONTENTS: Final = "select case_id, contents_sealed from engine.case_plans where case_id = any($1::uuid[])"
_SINCE: Final = """
select j.case_id, j.seq, j.type, j.filing, j.at, j.actor, j.body_sealed, j.prev_hash
from engine.filings f
cross join lateral (
    select seq from engine.journal
    where case_id = f.case_id and filing = f.id and type = $2
    order by seq desc limit 1
) begun
join engine.journal j
    on j.case_id = f.case_id and j.filing = f.id and j.seq >= begun.seq and j.type = any($3::text[])
where f.id = any($1::uuid[])
order by j.case_id, j.seq
"""
_HANDED: Final = """
select filing, array_agg(distinct taker) from engine.handed where filing = any($1::uuid[]) group by filing
"""
_OPEN_CASES: Final = """
insert into engine.cases (id, state, version, participants, wake_at, journal_seq, journal_hash, event, owner,
                          catalogue, opened_at, data_key_wrapped, draft_until)
select id, state, version, participants::jsonb, wake_at, journal_seq, journal_hash, event, owner,
       catalogue, opened_at, data_key_wrapped, draft_until
from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::int[], $7::bytea[],
            $8::text[], $9::uuid[], $10::text[], $11::timestamptz[], $12::bytea[], $13::timestamptz[])
    as given (id, state, version, participants, wake_at, journal_seq, journal_hash, event, owner,
              catalogue, opened_at, data_key_wrapped, draft_until)
order by id
on conflict (id) do nothing
returning id
"""
_OPEN_PLANS: Final = """
insert into engine.case_plans (case_id, rules, contents_sealed)
select case_id, rules::jsonb, contents_sealed
from unnest($1::uuid[], $2::text[], $3::bytea[]) as given (case_id, rules, contents_sealed)
"""
_OPEN_FILINGS: Final = """
insert into engine.filings (id, way, state, since, organisation, reference, route, attempt, revision,
                            sequence, due_on, not_before, waits_for, waits_until, flag, tries, question,
                            is_done, has_ended, old_since, reminded_on, closes_on, case_id, position, slug)
select * from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::int2[], $8::int2[],
    $9::int2[], $10::int[], $11::date[], $12::date[], $13::text[], $14::timestamptz[], $15::text[],
    $16::int2[], $17::text[], $18::bool[], $19::bool[], $20::timestamptz[], $21::date[], $22::date[],
    $23::uuid[], $24::int2[], $25::text[]
)
"""
_JOURNAL: Final = """
insert into engine.journal (case_id, seq, type, filing, at, actor, body_sealed, prev_hash)
select * from unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::timestamptz[], $6::text[],
                     $7::bytea[], $8::bytea[])
"""
# The key is not here: whoever erases a case must not be undone by who read it before.
_MOVE_CASES: Final = """
update engine.cases c set
    state = g.state, version = g.version, participants = g.participants::jsonb, wake_at = g.wake_at,
    journal_seq = g.journal_seq, journal_hash = g.journal_hash
from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::int[], $7::bytea[])
    as g (id, state, version, participants, wake_at, journal_seq, journal_hash)
where c.id = g.id
"""
_MOVE_FILINGS: Final = """
update engine.filings f set
    way = g.way, state = g.state, since = g.since, organisation = g.organisation, reference = g.reference,
    route = g.route, attempt = g.attempt, revision = g.revision, sequence = g.sequence, due_on = g.due_on,
    not_before = g.not_before, waits_for = g.waits_for, waits_until = g.waits_until, flag = g.flag,
    tries = g.tries, question = g.question, is_done = g.is_done, has_ended = g.has_ended,
    old_since = g.old_since, reminded_on = g.reminded_on, closes_on = g.closes_on
from unnest(
    $1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::int2[], $8::int2[],
    $9::int2[], $10::int[], $11::date[], $12::date[], $13::text[], $14::timestamptz[], $15::text[],
    $16::int2[], $17::text[], $18::bool[], $19::bool[], $20::timestamptz[], $21::date[], $22::date[]
) as g (id, way, state, since, organisation, reference, route, attempt, revision, sequence, due_on,
        not_before, waits_for, waits_until, flag, tries, question, is_done, has_ended, old_since,
        reminded_on, closes_on)
where f.id = g.id
"""
_CORRECT: Final = """
update engine.case_plans p set contents_sealed = g.contents_sealed
from unnest($1::uuid[], $2::bytea[]) as g (case_id, contents_sealed)
where p.case_id = g.case_id
"""
# Ids follow the order of the parcels: with ordinality, sorted before they are numbered.
_POST: Final = """
insert into engine.outbox (destination, parcel_id, organisation, body)
select destination, parcel_id, organisation, body
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
     with ordinality as given (destination, parcel_id, organisation, body, position)
order by position
returning id
"""
# What goes along with a batch, in one statement: each alone is a few rows or none.
_BESIDE: Final = """
with promised as (
    insert into mailbox.promised_blobs (blob) select unnest($1::text[]) on conflict do nothing
), disclosed as (
    insert into engine.disclosures (order_id, field, case_id, filing, organisation, basis, at)
    select * from unnest($2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                         $8::timestamptz[])
    on conflict do nothing
), to_fetch as (
    insert into engine.pull_orders (organisation, order_id, due_on, event, principal)
    select organisation, order_id, due_on, event, principal
    from unnest($9::text[], $10::text[], $11::date[], $12::bytea[], $32::text[])
         with ordinality as given (organisation, order_id, due_on, event, principal, place)
    order by place
    on conflict (organisation, order_id) do update set
        position = default, due_on = excluded.due_on, event = excluded.event, acked_at = null,
        attempts = 0, next_at = null, aside = null, principal = excluded.principal
), answered as (
    update engine.inbox i set case_id = g.case_id, outcome = g.outcome, answer = g.answer::jsonb
    from unnest($13::text[], $14::text[], $15::uuid[], $16::text[], $17::text[])
        as g (sender, message_id, case_id, outcome, answer)
    where i.sender = g.sender and i.message_id = g.message_id
), crossed as (
    insert into engine.traffic (organisation, message_id, kind, reference, order_id, due_on, said_at, through)
    select * from unnest($19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::date[],
                         $25::timestamptz[], $33::text[])
    on conflict (organisation, message_id) do update set through = excluded.through
    where traffic.through is distinct from excluded.through
), recalled as (
    delete from engine.pull_orders p using unnest($26::text[], $27::text[]) as g (organisation, order_id)
    where p.organisation = g.organisation and p.order_id = g.order_id and p.acked_at is null
), to_delete as (
    insert into engine.deletions (organisation, reference, because, noticed_at)
    select * from unnest($28::text[], $29::text[], $30::text[], $31::timestamptz[])
    union
    select h.taker, g.reference, g.because, g.noticed_at
    from unnest($29::text[], $30::text[], $31::timestamptz[]) as g (reference, because, noticed_at)
         join engine.filings f using (reference) join engine.handed h on h.filing = f.id
    on conflict do nothing
), handed as (
    insert into engine.handed (order_id, taker, filing, at)
    select * from unnest($34::text[], $35::text[], $36::uuid[], $37::timestamptz[])
    on conflict (order_id, taker) do update set at = excluded.at
)
delete from engine.outbox where id = any($18::bigint[])
"""
_REPORTED: Final = "select mark, case_id from engine.reported where mark = any($1::text[])"
# Whoever reports the same at the same time waits here for the first, and then finds it.
_REPORT: Final = """
insert into engine.reported (mark, case_id)
select * from unnest($1::text[], $2::uuid[]) as given (mark, case_id) order by mark
on conflict do nothing
"""
_FORGET: Final = """
with unseated as (delete from engine.case_people where case_id = any($1::uuid[]))
delete from engine.reported where case_id = any($1::uuid[])
"""
_SEAT: Final = """
insert into engine.case_people (case_id, seat, person)
select * from unnest($1::uuid[], $2::uuid[], $3::text[])
"""
# Both are rare: a case ends once, and has one certificate.
_END: Final = """
insert into engine.endings (case_id, ended_at, owes_certificate)
select * from unnest($1::uuid[], $2::timestamptz[], $3::bool[])
on conflict (case_id) do nothing
"""
_CERTIFY: Final = """
update engine.endings e set certified_at = g.at, certificate_sealed = g.sealed
from unnest($1::uuid[], $2::timestamptz[], $3::bytea[]) as g (case_id, at, sealed)
where e.case_id = g.case_id and e.certified_at is null and e.erased_at is null
"""


class PostgresUnit:
    """The doors of one transaction."""

    def __init__(self, connection: "PoolConnectionProxy", known: rows.Known) -> None:
        self._connection = connection
        self._known = known
        self._registered: dict[MessageKey, UUID | None] = {}
        self.kept: list[StoredCase] = []

    async def register(self, entries: Sequence[InboxEntry]) -> dict[MessageKey, Seen]:
        """Write the messages into the inbox; return those that had been there before."""
        if not entries:
            return {}
        columns = (
            [entry.sender for entry in entries],
            [entry.message_id for entry in entries],
            [entry.body_hash for entry in entries],
            [entry.case_id for entry in entries],
        )
        with translated():
            fresh = {(row[0], row[1]) for row in await self._connection.fetch(_REGISTER, *columns)}
            self._registered = {entry.key: entry.case_id for entry in entries if entry.key in fresh}
            before = [entry.key for entry in entries if entry.key not in fresh]
            return await seen(self._connection, before) if before else {}

    async def locate(self, references: Sequence[str]) -> dict[str, Located]:
        """Return the filings that go by these references now, and have an organisation."""
        with translated():
            found = await self._connection.fetch(_LOCATE, references) if references else []
        return {reference: Located(*located) for reference, *located in found}

    async def load(self, case_ids: Sequence[UUID]) -> dict[UUID, StoredCase]:
        """Lock these cases, then return them as they are once the locks are held."""
        if not case_ids:
            return {}
        with translated():
            await self._connection.execute(_LOCK, case_ids)
            return await stored_cases(self._connection, case_ids, self._known)

    async def contents(self, case_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return what these cases keep sealed."""
        with translated():
            found = await self._connection.fetch(_CONTENTS, case_ids) if case_ids else []
        return {row[0]: row[1] for row in found}

    async def reported(self, marks: Sequence[str]) -> dict[str, UUID]:
        """Return which of these are reported, and by which running case."""
        with translated():
            found = await self._connection.fetch(_REPORTED, marks) if marks else []
        return {row[0]: row[1] for row in found}

    async def since(
        self, filings: Sequence[UUID], first: str, types: Sequence[str]
    ) -> dict[UUID, list[JournalRow]]:
        """Return the events of these types in the journal of each filing, from its last `first` on."""
        with translated():
            rows_found = await self._connection.fetch(_SINCE, filings, first, types) if filings else []
        found: dict[UUID, list[JournalRow]] = {}
        for row in rows_found:
            found.setdefault(row[3], []).append(JournalRow(*row))
        return found

    async def handed(self, filings: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
        """Return who was handed orders of these filings."""
        with translated():
            rows_found = await self._connection.fetch(_HANDED, filings) if filings else []
        return {row[0]: frozenset(row[1]) for row in rows_found}

    async def keep(self, changes: Changes) -> list[int]:
        """Write everything; return the outbox ids of the parcels, in their order."""
        with translated():
            await self._open(changes.opened)
            await self._journal(changes.journal)
            await self._move(list(changes.moved.values()), list(changes.filings.values()))
            await self._correct(changes.contents)
            ids = await self._post(changes.parcels)
            await self._beside(changes)
            await self._report(changes.reported)
            if changes.people:
                await self._connection.execute(_SEAT, *map(list, zip(*changes.people, strict=True)))
            await self._end(changes)
        self.kept += [*(stored for stored, _ in changes.opened), *changes.moved.values()]
        return ids

    async def _open(self, opened: Sequence[tuple[StoredCase, bytes]]) -> None:
        if not opened:
            return
        stored = [one for one, _ in opened]
        new = await self._connection.fetch(_OPEN_CASES, *rows.new_case_columns(stored))
        if len(new) != len(stored):  # opened meanwhile by another message: run again, the case will say no
            raise StoreConflict("case opened twice")
        plans = (
            [one.case.id for one in stored],
            [rows.rules_json(one.case.rules) for one in stored],
            [contents for _, contents in opened],
        )
        await self._connection.execute(_OPEN_PLANS, *plans)
        await self._connection.execute(_OPEN_FILINGS, *rows.new_filing_columns(stored))

    async def _journal(self, journal: Sequence[JournalRow]) -> None:
        if not journal:
            return
        columns = (
            [row.case_id for row in journal],
            [row.seq for row in journal],
            [row.type for row in journal],
            [row.filing for row in journal],
            [row.at for row in journal],
            [row.actor for row in journal],
            [row.body_sealed for row in journal],
            [row.prev_hash for row in journal],
        )
        await self._connection.execute(_JOURNAL, *columns)

    async def _move(self, cases: Sequence[StoredCase], filings: Sequence[Filing]) -> None:
        if cases:
            await self._changed(_MOVE_CASES, *rows.case_columns(cases))
        if filings:
            await self._changed(_MOVE_FILINGS, *rows.filing_columns(filings))

    async def _report(self, reported: Mapping[str, UUID]) -> None:
        if not reported:
            return
        done = await self._connection.execute(_REPORT, list(reported), list(reported.values()))
        if done != f"INSERT 0 {len(reported)}":
            raise StoreConflict("reported meanwhile")

    async def _end(self, changes: Changes) -> None:
        if ended := changes.ended:
            columns = (
                [one.case_id for one in ended],
                [one.at for one in ended],
                [one.owes_certificate for one in ended],
            )
            await self._connection.execute(_END, *columns)
            await self._connection.execute(_FORGET, columns[0])
        if kept := changes.certificates:
            certificates = (
                [one.case_id for one in kept],
                [one.at for one in kept],
                [one.sealed for one in kept],
            )
            if await self._connection.execute(_CERTIFY, *certificates) != f"UPDATE {len(kept)}":
                raise StoreConflict("certified or erased meanwhile")

    async def _changed(self, statement: str, ids: Sequence[UUID], *columns: Sequence[object]) -> None:
        """Run an update that must find every row: silence here would be a lost case."""
        done = await self._connection.execute(statement, ids, *columns)
        if done != f"UPDATE {len(ids)}":
            raise LookupError(f"{len(ids)} rows were to change: {done}")

    async def _correct(self, contents: Mapping[UUID, bytes]) -> None:
        if contents:
            await self._changed(_CORRECT, list(contents), list(contents.values()))

    async def _post(self, parcels: Sequence[Parcel]) -> list[int]:
        if not parcels:
            return []
        columns = (
            [parcel.destination for parcel in parcels],
            [parcel.id for parcel in parcels],
            [parcel.organisation for parcel in parcels],
            [parcel.body for parcel in parcels],
        )
        return [row[0] for row in await self._connection.fetch(_POST, *columns)]

    async def _beside(self, changes: Changes) -> None:
        told = changes.disclosures
        pulled = list({(one.organisation, one.order_id): one for one in changes.pull_orders}.values())
        handed = list({(one.order_id, one.taker): one for one in changes.handed}.values())
        answered = [(key, seen) for key, seen in changes.outcomes.items() if self._must_be_written(key, seen)]
        crossed = changes.crossings or changes.recalled or changes.deletions or handed
        if not (changes.promised_blobs or told or pulled or answered or changes.published or crossed):
            return
        await self._connection.execute(
            _BESIDE,
            sorted(changes.promised_blobs),
            [one.order_id for one in told],
            [one.field for one in told],
            [one.case_id for one in told],
            [one.filing for one in told],
            [one.organisation for one in told],
            [one.basis for one in told],
            [one.at for one in told],
            [one.organisation for one in pulled],
            [one.order_id for one in pulled],
            [one.due_on for one in pulled],
            [one.event for one in pulled],
            [key[0] for key, _ in answered],
            [key[1] for key, _ in answered],
            [seen.case_id for _, seen in answered],
            [seen.outcome for _, seen in answered],
            [json.dumps(seen.answer) if seen.answer is not None else None for _, seen in answered],
            sorted(changes.published),
            *_crossing_columns(changes.crossings)[:-1],
            [one[0] for one in changes.recalled],
            [one[1] for one in changes.recalled],
            [one.organisation for one in changes.deletions],
            [one.reference for one in changes.deletions],
            [one.because for one in changes.deletions],
            [one.noticed_at for one in changes.deletions],
            [one.principal for one in pulled],
            _crossing_columns(changes.crossings)[-1],
            [one.order_id for one in handed],
            [one.taker for one in handed],
            [one.filing for one in handed],
            [one.at for one in handed],
        )

    def _must_be_written(self, key: MessageKey, seen: Seen) -> bool:
        """Say whether the inbox row says something else than when it was registered."""
        return (
            seen.outcome != "applied" or seen.answer is not None or seen.case_id != self._registered.get(key)
        )


def _crossing_columns(crossings: Sequence[Crossing]) -> tuple[list[object], ...]:
    """Return the columns; what came twice in one batch is one row."""
    once = {(one.organisation, one.message_id): one for one in reversed(crossings)}.values()
    names = ("organisation", "message_id", "kind", "reference", "order_id", "due_on", "said_at", "through")
    return tuple([getattr(one, name) for one in once] for name in names)


async def seen(connection: "PoolConnectionProxy", keys: Sequence[MessageKey]) -> dict[MessageKey, Seen]:
    """Return what the inbox remembers of these messages."""
    found = await connection.fetch(_SEEN, [key[0] for key in keys], [key[1] for key in keys])
    return {(sender, message_id): Seen(*rest) for sender, message_id, *rest in found}


async def stored_cases(
    connection: "PoolConnectionProxy", case_ids: Sequence[UUID], known: rows.Known
) -> dict[UUID, StoredCase]:
    """Return the cases, in at most two statements; they have to be locked, or seen in one snapshot."""
    recalled = known.recall(case_ids)  # once: others may make the process forget while this one waits
    strange = [case_id for case_id in case_ids if case_id not in recalled]
    records: list[Record] = await connection.fetch(_CASES, case_ids, strange)
    fresh = {one[0] for one in records if one[0] in recalled and recalled[one[0]].journal_hash == one[10]}
    stale = [one[0] for one in records if one[0] not in fresh]
    fetched = rows.filings_by_case(await connection.fetch(_FILINGS, stale)) if stale else {}
    found = {}
    for *case, rules in records:
        id_ = case[0]
        filings = recalled[id_].filings if id_ in fresh else fetched.get(id_, {})
        found[id_] = rows.case_of(
            case, filings, recalled[id_].rules if id_ in recalled else rows.rules_of(rules)
        )
    known.remember(found.values())
    return found
