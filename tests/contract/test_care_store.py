# SPDX-License-Identifier: Apache-2.0
"""Both stores of what is kept beside the case keep the same promises."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.clock import SystemClock
from engine.core.case import Participant
from engine.core.erasure import NOT_KEPT
from engine.ports import (
    CalendarFeed,
    CareStore,
    Changes,
    Disclosure,
    Ended,
    KeptCertificate,
    Parcel,
    Parked,
    PullOrder,
    Store,
    StoreConflict,
)
from engine.store.care import MemoryCare, PostgresCare
from engine.store.memory import MemoryStore
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from mailbox.letters import LetterStore, Notice
from mailbox.store import MemoryLetterStore, PostgresLetterStore
from tests.contract.store_samples import (
    CITY,
    HOUR,
    OWNER,
    START,
    filings_of,
    journal_row,
    keep,
    kept,
    load,
    moved,
    new_case,
)

DAY = timedelta(days=1)


class Both:
    """A store, and what is kept beside its cases."""

    def __init__(self, store: Store, care: CareStore, letters: LetterStore) -> None:
        self.store = store
        self.care = care
        self.letters = letters

    async def ended(self, at_hour: int, *, owes: bool = True) -> UUID:
        stored = new_case()
        await kept(self.store, stored)
        await keep(self.store, Changes(ended=[Ended(stored.case.id, START + at_hour * HOUR, owes)]))
        return stored.case.id

    async def due(
        self, hours: int, *, unconfirmed: int = 0, limit: int = 9, after: UUID | None = None
    ) -> list[UUID]:
        return await self.care.to_erase(
            ended_before=START + hours * HOUR,
            unconfirmed_before=START + unconfirmed * HOUR,
            limit=limit,
            after=after,
        )


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def both(dsn: str | None) -> AsyncIterator[Both]:
    if dsn is None:
        memory = MemoryStore(SystemClock())
        letters = MemoryLetterStore()
        yield Both(memory, MemoryCare(memory, letters), letters)
        return
    async with await open_pool(dsn, max_size=4) as pool:
        yield Both(PostgresStore(pool), PostgresCare(pool), PostgresLetterStore(pool))


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# --- calendars ------------------------------------------------------------------------------------


async def test_a_feed_is_found_by_its_token_until_it_is_revoked(both: Both) -> None:
    stored = new_case()
    await kept(both.store, stored)
    feed = CalendarFeed(uuid4(), stored.case.id, OWNER, START)
    await both.care.add_feed(feed, hash_of("a"))
    await both.care.add_feed(feed, hash_of("a"))

    assert await both.care.feed(hash_of("a")) == feed
    assert await both.care.feed(hash_of("b")) is None
    assert not await both.care.revoke_feed(uuid4(), feed.id, at=START)
    assert await both.care.revoke_feed(stored.case.id, feed.id, at=START + HOUR)
    assert await both.care.revoke_feed(stored.case.id, feed.id, at=START + DAY)

    assert await both.care.feed(hash_of("a")) is None
    assert await both.care.feeds(stored.case.id) == [replace(feed, revoked_at=START + HOUR)]


# --- endings --------------------------------------------------------------------------------------


async def test_a_case_ends_once_and_what_is_owed_to_it_is_found(both: Both) -> None:
    late, early = await both.ended(5), await both.ended(1)
    unconfirmed = await both.ended(2, owes=False)
    await keep(both.store, Changes(ended=[Ended(late, START + DAY, False)]))

    ending = await both.care.ending(late)

    assert ending is not None
    assert (ending.ended_at, ending.owes_certificate, ending.erased_at) == (START + 5 * HOUR, True, None)
    assert await both.care.to_certify(limit=9) == [early, late]
    assert await both.care.to_certify(limit=1) == [early]
    assert await both.care.to_certify(limit=1, after=early) == [late]
    assert await both.care.to_certify(limit=9, after=unconfirmed) == [late]
    assert await both.care.to_certify(limit=9, after=late) == []
    assert await both.due(6, unconfirmed=3, limit=1, after=early) == [unconfirmed]
    assert await both.due(6, unconfirmed=3, after=unconfirmed) == [late]
    assert await both.due(5, unconfirmed=2) == [early]
    assert await both.due(6, unconfirmed=3) == [early, unconfirmed, late]
    assert await both.due(1, unconfirmed=3, limit=1) == [unconfirmed]
    assert await both.care.ending(uuid4()) is None


async def test_a_certificate_is_kept_once_with_its_letter_or_not_at_all(both: Both) -> None:
    case_id = await both.ended(1)
    first = Changes(
        certificates=[KeptCertificate(case_id, START + DAY, b"first")],
        parcels=[Parcel("l-1", "letters", b"")],
    )
    second = Changes(
        certificates=[KeptCertificate(case_id, START + DAY, b"second")],
        parcels=[Parcel("l-2", "letters", b"")],
    )
    (kept_id,) = await keep(both.store, first)

    with pytest.raises(StoreConflict):
        await keep(both.store, second)

    ending = await both.care.ending(case_id)
    assert ending is not None
    assert (ending.certificate_sealed, ending.certified_at) == (b"first", START + DAY)
    assert await both.care.to_certify(limit=9) == []
    waiting = await both.store.unpublished(older_than=-DAY, lease=DAY, limit=9)
    assert [id_ for id_, _ in waiting] == [kept_id]


async def test_a_case_that_goes_on_gets_no_certificate(both: Both) -> None:
    stored = new_case()
    await kept(both.store, stored)

    with pytest.raises(StoreConflict):
        await keep(both.store, Changes(certificates=[KeptCertificate(stored.case.id, START, b"x")]))


# --- erasing --------------------------------------------------------------------------------------


async def test_an_erased_case_loses_its_key_and_all_that_hangs_on_it(both: Both) -> None:
    stored, other = new_case(), new_case()
    await kept(both.store, stored, other)
    id_ = stored.case.id
    filing = filings_of(stored)[0]
    reference = (filing.reference or "").encode()
    row = journal_row(stored, filing.id)
    await keep(both.store, Changes(journal=[row], ended=[Ended(id_, START, True)]))
    await keep(both.store, Changes(certificates=[KeptCertificate(id_, START, b"sealed")]))
    await keep(
        both.store,
        Changes(
            disclosures=[
                Disclosure("o-1", "phone", id_, filing.id, CITY, "法", START),
                Disclosure("o-2", "phone", id_, filing.id, CITY, "法", START),
            ],
            pull_orders=[PullOrder(CITY, "o-1", None, b"1"), PullOrder(CITY, "o-2", None, b"2")],
        ),
    )
    await both.store.acknowledge_pulled(CITY, ["o-1"], at=START)
    await both.care.add_feed(CalendarFeed(uuid4(), id_, OWNER, START), hash_of("a"))
    mine, others = (
        Parked(uuid4(), "replies", CITY, (b'{"subject":"' + reference + b'"}',), "x", 1),
        Parked(uuid4(), "replies", CITY, (b'{"subject":"r_other"}',), "x", 1),
    )
    await both.store.park([mine, others])

    assert await both.care.erase(id_, [(1, '{"type": "case-moved"}')], journal_seq=0, at=START + DAY)
    assert not await both.care.erase(id_, [], journal_seq=0, at=START + 2 * DAY)
    assert not await both.care.erase(other.case.id, [], journal_seq=0, at=START)  # it has not ended

    loaded = await load(both.store, id_, other.case.id)
    assert [loaded[one].data_key_wrapped for one in (id_, other.case.id)] == [None, b"wrapped"]
    assert loaded[id_].case == stored.case
    ending = await both.care.ending(id_)
    assert ending is not None
    assert (ending.certificate_sealed, ending.erased_at) == (None, START + DAY)
    assert await both.care.erased_events(id_) == [(1, '{"type": "case-moved"}')]
    assert await both.care.feed(hash_of("a")) is None
    assert [one.id for one in await both.store.parked(limit=9)] == [others.id]
    assert [one.order_id for one in await both.store.pull_orders(CITY, after=0, limit=9)] == ["o-2"]
    assert len(await both.store.disclosures(id_)) == 2
    assert await both.due(99, unconfirmed=99) == []
    assert await both.care.to_certify(limit=9) == []


async def test_what_was_said_after_the_journal_was_read_keeps_the_case_from_being_erased(both: Both) -> None:
    stored = new_case()
    id_ = stored.case.id
    await kept(both.store, stored)
    later, changes = moved(stored)
    await keep(both.store, changes)
    await keep(both.store, Changes(ended=[Ended(id_, START, True)]))

    assert not await both.care.erase(id_, [], journal_seq=stored.journal_seq, at=START + DAY)

    ending = await both.care.ending(id_)
    assert ending is not None
    assert ending.erased_at is None
    assert (await load(both.store, id_))[id_].data_key_wrapped is not None
    assert await both.due(99) == [id_]
    assert await both.care.erase(id_, [(1, "{}")], journal_seq=later.journal_seq, at=START + DAY)


async def test_notices_of_an_erased_case_go_and_those_of_others_stay(both: Both) -> None:
    case_id, other = await both.ended(1), await both.ended(2)
    await both.letters.keep_notices(
        [
            Notice(
                id=uuid4(), owner=OWNER, case_id=one, filing=uuid4(), slug="move.gas", kind="reminder",
                due_on=None, at=START,
            )
            for one in (case_id, other)
        ]
    )  # fmt: skip

    await both.care.erase(case_id, [], journal_seq=0, at=START)

    left = await both.letters.notices(OWNER, before=None, limit=9)
    assert [one.case_id for one in left] == [other]


async def test_what_a_participant_decided_goes_that_somebody_decided_stays(both: Both) -> None:
    people = {
        id_: Participant(id_, f"/heirs/{id_.int}", "heir", choice=choice)
        for id_, choice in ((UUID(int=1), "renounces"), (UUID(int=2), None))
    }
    stored = new_case(participants=people)
    await kept(both.store, stored)
    await keep(both.store, Changes(ended=[Ended(stored.case.id, START, True)]))

    await both.care.erase(stored.case.id, [], journal_seq=0, at=START)

    loaded = (await load(both.store, stored.case.id))[stored.case.id].case.participants
    assert {id_: one.choice for id_, one in loaded.items()} == {UUID(int=1): NOT_KEPT, UUID(int=2): None}
    assert [replace(one, choice=people[id_].choice) for id_, one in loaded.items()] == list(people.values())


async def test_an_erased_case_gets_no_certificate_any_more(both: Both) -> None:
    case_id = await both.ended(1)
    await both.care.erase(case_id, [], journal_seq=0, at=START)

    with pytest.raises(StoreConflict):
        await keep(both.store, Changes(certificates=[KeptCertificate(case_id, START, b"x")]))
