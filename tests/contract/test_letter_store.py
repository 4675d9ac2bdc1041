# SPDX-License-Identifier: Apache-2.0
"""Both stores of letters keep the same promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.core.errors import EngineError
from mailbox.letters import LetterEvent, LetterRow, LetterStore, Notice, PersonKey, Ticket
from mailbox.store import MemoryLetterStore, PostgresLetterStore

OWNER, STRANGER, CASE = UUID(int=1), UUID(int=2), UUID(int=3)
START = datetime(2026, 11, 9, 1, 2, 3, 456789, tzinfo=UTC)
HOUR = timedelta(hours=1)
CITY = "1000020131016"


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def store(dsn: str | None) -> AsyncIterator[LetterStore]:
    if dsn is None:
        yield MemoryLetterStore()
        return
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield PostgresLetterStore(pool)


async def key_of(store: LetterStore, person: UUID = OWNER) -> UUID:
    keys = await store.ensure_person_keys([PersonKey(uuid4(), person, b"wrapped")])
    return keys[person].id


async def row(store: LetterStore, document: str = "d-1", **changes: object) -> LetterRow:
    owner = changes.get("owner", OWNER)
    assert isinstance(owner, UUID)
    given = LetterRow(
        id=uuid4(),
        owner=owner,
        person_key=await key_of(store, owner),
        case_id=CASE,
        order_id="o_1",
        document_id=document,
        blob=f"{uuid4().hex}{uuid4().hex}",
        size_bytes=10,
        sha256="a" * 64,
        key_wrapped=b"key",
        heading_sealed=b"heading",
        received_at=START,
    )
    return replace(given, **changes)  # type: ignore[arg-type] # the tests name real fields


def ticket(**changes: object) -> Ticket:
    given = Ticket("t_1", CITY, 10, "a" * 64, START, START + HOUR)
    return replace(given, **changes)  # type: ignore[arg-type] # the tests name real fields


async def test_the_first_key_of_a_person_stays(store: LetterStore) -> None:
    first = PersonKey(uuid4(), OWNER, b"first")

    made = await store.ensure_person_keys([first, PersonKey(uuid4(), STRANGER, b"other")])
    again = await store.ensure_person_keys([PersonKey(uuid4(), OWNER, b"second")])

    assert made[OWNER] == again[OWNER] == first == await store.person_key(OWNER)
    assert await store.person_key(UUID(int=99)) is None


async def test_racing_posts_agree_on_one_key(store: LetterStore) -> None:
    answers = await asyncio.gather(*(key_of(store) for _ in range(8)))

    assert len(set(answers)) == 1


async def test_a_letter_comes_back_as_it_was_kept(store: LetterStore) -> None:
    given = await row(store)

    await store.keep([given])

    assert await store.letter(OWNER, given.id) == given
    assert await store.letter(STRANGER, given.id) is None
    assert await store.events(given.id) == [(LetterEvent.DELIVERED, START)]


async def test_one_order_and_document_make_one_letter(store: LetterStore) -> None:
    first, second, third = await row(store), await row(store), await row(store, sha256="b" * 64)

    together = await store.keep([first, second])
    later = await store.keep([third])

    assert [kept.letter for kept in together.values()] == [first.id]
    assert together == later == await store.delivered([("o_1", "d-1"), ("o_1", "d-2")])
    assert len(await store.page(OWNER, before=None, limit=10, case_id=None)) == 1


async def test_racing_posts_keep_one_letter(store: LetterStore) -> None:
    rows = [await row(store) for _ in range(8)]

    answers = await asyncio.gather(*(store.keep([given]) for given in rows))

    assert len({answer["o_1", "d-1"].letter for answer in answers}) == 1


async def test_pages_are_newest_first_and_go_on_after_a_place(store: LetterStore) -> None:
    rows = [await row(store, f"d-{n}", received_at=START + HOUR * (n // 2)) for n in range(5)]
    other = await row(store, "d-9", owner=STRANGER)
    await store.keep([*rows, other])

    first = await store.page(OWNER, before=None, limit=3, case_id=None)
    rest = await store.page(OWNER, before=(first[-1].received_at, first[-1].id), limit=3, case_id=None)

    assert first + rest == sorted(rows, key=lambda r: (r.received_at, r.id), reverse=True)
    assert await store.page(OWNER, before=None, limit=3, case_id=UUID(int=77)) == []


async def test_only_the_first_opening_and_download_set_the_time(store: LetterStore) -> None:
    given = await row(store)
    await store.keep([given])

    opened = await store.mark(OWNER, given.id, LetterEvent.OPENED, START + HOUR)
    await store.mark(OWNER, given.id, LetterEvent.DOWNLOADED, START + 2 * HOUR)
    last = await store.mark(OWNER, given.id, LetterEvent.DOWNLOADED, START + 3 * HOUR)

    assert opened == replace(given, opened_at=START + HOUR)
    assert last == replace(given, opened_at=START + HOUR, downloaded_at=START + 2 * HOUR)
    assert [event.value for event, _ in await store.events(given.id)] == [
        "delivered", "opened", "downloaded", "downloaded",
    ]  # fmt: skip


async def test_a_stranger_marks_nothing(store: LetterStore) -> None:
    given = await row(store)
    await store.keep([given])

    assert await store.mark(STRANGER, given.id, LetterEvent.OPENED, START) is None
    assert await store.letter(OWNER, given.id) == given
    assert len(await store.events(given.id)) == 1


async def test_erasing_a_person_leaves_nothing_of_theirs_and_all_of_others(store: LetterStore) -> None:
    mine, theirs = await row(store), await row(store, "d-2", owner=STRANGER)
    await store.keep([mine, theirs])

    erased = await store.erase(OWNER)

    assert (erased, await store.erase(OWNER)) == (1, 0)
    assert await store.person_key(OWNER) is None
    assert await store.letter(OWNER, mine.id) is None
    assert await store.events(mine.id) == []
    assert await store.named([mine.blob, theirs.blob]) == {theirs.blob}
    assert await store.letter(STRANGER, theirs.id) == theirs


async def test_a_letter_for_a_key_that_was_erased_meanwhile_is_tried_again(store: LetterStore) -> None:
    given = await row(store)
    await store.erase(OWNER)
    await key_of(store)

    with pytest.raises(EngineError, match="unavailable-mailbox"):
        await store.keep([given])

    assert await store.delivered([("o_1", "d-1")]) == {}


async def test_a_promise_lasts_until_its_document_is_in_the_box(store: LetterStore) -> None:
    given, conflicting = await row(store), await row(store, sha256="b" * 64)
    await store.promise([given.blob, conflicting.blob])
    await store.promise([given.blob])

    await store.keep([given])
    await store.keep([conflicting])
    await store.erase(OWNER)

    assert await store.named([given.blob, conflicting.blob]) == {conflicting.blob}
    await store.fulfil([conflicting.blob])
    assert await store.named([conflicting.blob]) == set()


async def test_a_ticket_is_filled_once_and_redeemed_at_its_first_time(store: LetterStore) -> None:
    await store.add_ticket(ticket())

    filled = await store.fill_ticket("t_1", blob="b" * 64, key_wrapped="k")
    again = await store.fill_ticket("t_1", blob="c" * 64, key_wrapped="l")
    await store.redeem_ticket("t_1", START + HOUR)
    await store.redeem_ticket("t_1", START + 2 * HOUR)

    assert (filled, again) == (True, False)
    assert await store.ticket("t_1") == ticket(blob="b" * 64, key_wrapped="k", redeemed_at=START + HOUR)
    assert await store.named(["b" * 64, "c" * 64]) == {"b" * 64}
    assert await store.ticket("t_2") is None
    assert await store.fill_ticket("t_2", blob="b" * 64, key_wrapped="k") is False


async def test_waiting_tickets_are_those_of_the_organisation_open_and_unfilled(store: LetterStore) -> None:
    await store.add_ticket(ticket())
    await store.add_ticket(ticket(id="t_2", blob="b" * 64, key_wrapped="k"))
    await store.add_ticket(ticket(id="t_3", organisation="2000020131024"))
    await store.add_ticket(ticket(id="t_4", expires_at=START))

    assert await store.waiting_tickets(CITY, START) == 1


async def test_old_tickets_are_forgotten(store: LetterStore) -> None:
    await store.add_ticket(ticket())
    await store.add_ticket(ticket(id="t_2", opened_at=START + HOUR))

    assert await store.forget_tickets(opened_before=START + HOUR) == 1
    assert await store.ticket("t_1") is None
    assert await store.ticket("t_2") is not None


async def test_a_store_out_of_reach_says_so(postgres_dsn: str) -> None:
    pool = await asyncpg.create_pool(postgres_dsn, min_size=1, max_size=1)
    await pool.close()

    with pytest.raises(EngineError, match="unavailable-mailbox"):
        await PostgresLetterStore(pool).person_key(OWNER)


async def test_a_letter_is_deleted_by_its_owner_alone_and_leaves_nothing_named(store: LetterStore) -> None:
    given, other = await row(store), await row(store, "d-2")
    await store.keep([given, other])

    assert not await store.delete(STRANGER, given.id)
    assert await store.delete(OWNER, given.id)
    assert not await store.delete(OWNER, given.id)

    assert await store.letter(OWNER, given.id) is None
    assert await store.events(given.id) == []
    assert await store.named([given.blob, other.blob]) == {other.blob}


def notice(**changes: object) -> Notice:
    given = Notice(
        id=uuid4(),
        owner=OWNER,
        case_id=CASE,
        filing=UUID(int=4),
        slug="move.move-in-notice",
        kind="reminder",
        due_on=date(2026, 12, 1),
        at=START,
    )
    return given.model_copy(update=changes)


async def test_a_notice_is_kept_once_and_read_by_its_owner(store: LetterStore) -> None:
    first, second = notice(), notice(at=START + HOUR, due_on=None)
    await store.keep_notices([first, second])
    await store.keep_notices([first.model_copy(update={"slug": "move.other"})])

    assert await store.notices(OWNER, before=None, limit=9) == [second, first]
    assert await store.notices(OWNER, before=(second.at, second.id), limit=9) == [first]
    assert await store.notices(OWNER, before=None, limit=1) == [second]
    assert await store.notices(STRANGER, before=None, limit=9) == []
    assert not await store.read_notice(STRANGER, first.id, START)
    assert await store.read_notice(OWNER, first.id, START + HOUR)
    assert await store.read_notice(OWNER, first.id, START + 2 * HOUR)

    (_, read) = await store.notices(OWNER, before=None, limit=9)
    assert read.read_at == START + HOUR
