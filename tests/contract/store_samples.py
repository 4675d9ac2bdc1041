# SPDX-License-Identifier: Apache-2.0
"""Cases as the store sees them, and how they move on."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from engine.core.case import Case, Filing, FilingRules, Party, Waits, filing_id
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.ports import Changes, InboxEntry, JournalRow, Store, StoredCase, Unit

OWNER, STRANGER = UUID(int=1), UUID(int=2)
START = datetime(2026, 11, 9, 1, 2, 3, 456789, tzinfo=UTC)
HOUR = timedelta(hours=1)
CITY, POWER = "1000020131016", "9010001008844"
NO_HASH = bytes(32)


def entry(
    message_id: str, *, sender: str = CITY, body: bytes = b"body", case: UUID | None = None
) -> InboxEntry:
    return InboxEntry(sender, message_id, hashlib.sha256(body).digest(), case)


def new_case(
    case_id: UUID | None = None, *, filings: int = 2, owner: UUID = OWNER, **changes: object
) -> StoredCase:
    id_ = case_id or uuid4()
    slugs = [f"move.procedure-{number}" for number in range(filings)]
    rules = [
        FilingRules(filing_id(id_, slug), slug, "", (Way.ONLINE, Way.SELF), "住民基本台帳法 art. 22")
        for slug in slugs
    ]
    made = [
        Filing(
            one.id,
            one.slug,
            Way.ONLINE,
            FilingState.SUBMITTED,
            START,
            organisation=CITY,
            reference=f"r_{one.id.hex}",
            sequence=1,
            due_on=date(2026, 11, 23),
            waits=Waits(Party.ORGANISATION, START + HOUR),
        )
        for one in rules
    ]
    case = Case(
        id_,
        "moving",
        CaseState.RUNNING,
        owner,
        "c" * 64,
        START,
        version=1,
        filings={one.id: one for one in made},
        rules={one.id: one for one in rules},
    )
    return StoredCase(replace(case, **changes), 0, NO_HASH, b"wrapped")  # type: ignore[arg-type] # real fields


def moved(stored: StoredCase, filing: UUID | None = None, **change: object) -> tuple[StoredCase, Changes]:
    """Return the case after one filing (the first) has moved, and the changes that say so."""
    case = stored.case
    old = case.filings[filing] if filing else next(iter(case.filings.values()))
    new = replace(old, **({"state": FilingState.ACCEPTED} | change))  # type: ignore[arg-type] # real fields
    row = journal_row(stored, new.id)
    hash_ = hashlib.sha256(row.prev_hash + row.body_sealed).digest()
    case = replace(case, version=case.version + 1, filings={**case.filings, new.id: new})
    after = StoredCase(case, row.seq, hash_, stored.data_key_wrapped)
    return after, Changes(moved={case.id: after}, filings={new.id: new}, journal=[row])


def journal_row(stored: StoredCase, filing: UUID | None, type_: str = "filing-accepted") -> JournalRow:
    seq = stored.journal_seq + 1
    return JournalRow(
        stored.case.id, seq, type_, filing, START + seq * HOUR, CITY, uuid4().bytes, stored.journal_hash
    )


async def kept(store: Store, *opened: StoredCase) -> None:
    async with store.unit() as unit:
        await unit.keep(Changes(opened=[(one, b"sealed contents") for one in opened]))


async def keep(store: Store, changes: Changes) -> list[int]:
    async with store.unit() as unit:
        return await unit.keep(changes)


async def load(store: Store, *case_ids: UUID) -> dict[UUID, StoredCase]:
    async with store.unit() as unit:
        return await unit.load(case_ids)


async def revise_once(unit: Unit, case_id: UUID, message_id: str) -> bool:
    """Handle one message as a worker does: add one to the revision of the first filing, once."""
    if await unit.register([entry(message_id, case=case_id)]):
        return False
    stored = (await unit.load([case_id]))[case_id]
    revision = next(iter(stored.case.filings.values())).revision
    _, changes = moved(stored, revision=revision + 1)
    await unit.keep(changes)
    return True


def filings_of(stored: StoredCase) -> Sequence[Filing]:
    return list(stored.case.filings.values())
