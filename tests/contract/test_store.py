# SPDX-License-Identifier: Apache-2.0
"""Both stores keep the same promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.core.case import Case, Filing, FilingRules, Gated, Participant, Party, Waits, filing_id
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.ports import (
    Changes,
    Disclosure,
    Ended,
    Located,
    Parcel,
    Parked,
    Pulled,
    PullOrder,
    Seen,
    Store,
    StoreConflict,
    StoredCase,
)
from engine.store.memory import MemoryStore
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.contract.store_samples import (
    CITY,
    HOUR,
    OWNER,
    POWER,
    START,
    STRANGER,
    entry,
    filings_of,
    journal_row,
    keep,
    kept,
    load,
    moved,
    new_case,
    revise_once,
)


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def store(dsn: str | None) -> AsyncIterator[Store]:
    if dsn is None:
        yield MemoryStore(SystemClock())
        return
    async with await open_pool(dsn, max_size=4) as pool:
        yield PostgresStore(pool)


# --- inbox ----------------------------------------------------------------------------------------


async def test_a_message_is_new_once(store: Store) -> None:
    case_id = uuid4()
    async with store.unit() as unit:
        first = await unit.register([entry("m-2", case=case_id), entry("m-1"), entry("m-1", sender=POWER)])

    async with store.unit() as unit:
        again = await unit.register([entry("m-1"), entry("m-2"), entry("m-3")])

    assert first == {}
    assert again == {
        (CITY, "m-1"): Seen(entry("m-1").body_hash, None, "applied", None),
        (CITY, "m-2"): Seen(entry("m-2").body_hash, case_id, "applied", None),
    }


async def test_the_same_id_with_another_body_shows_the_first_body(store: Store) -> None:
    async with store.unit() as unit:
        await unit.register([entry("m-1", body=b"first")])

    async with store.unit() as unit:
        again = await unit.register([entry("m-1", body=b"second")])

    assert again[CITY, "m-1"].body_hash == entry("m-1", body=b"first").body_hash


async def test_the_answer_stays_with_the_message(store: Store) -> None:
    body_hash, case_id = entry("m-1").body_hash, uuid4()
    outcomes = {
        (CITY, "m-1"): Seen(body_hash, case_id, "refused: illegal-move", {"status": 409, "title": "だめ"}),
        (CITY, "m-2"): Seen(body_hash, case_id, "applied", None),
        (CITY, "m-3"): Seen(body_hash, None, "applied", None),
    }

    async with store.unit() as unit:
        await unit.register([entry("m-1"), entry("m-2"), entry("m-3")])
        await unit.keep(Changes(outcomes=outcomes))

    assert {key: await store.seen(key) for key in outcomes} == outcomes
    assert await store.seen((POWER, "m-1")) is None


async def test_nothing_is_asked_for_nothing(store: Store) -> None:
    async with store.unit() as unit:
        answers = [
            await unit.register([]),
            await unit.locate([]),
            await unit.load([]),
            await unit.contents([]),
            await unit.since([], "filing-submitted", ["filing-accepted"]),
        ]
        ids = await unit.keep(Changes())

    assert answers == [{}] * 5
    assert ids == []


# --- units ----------------------------------------------------------------------------------------


async def test_a_unit_that_raises_keeps_nothing(store: Store) -> None:
    known, fresh = new_case(), new_case()
    await kept(store, known)
    _, changes = moved(known)
    everything = replace(
        changes,
        opened=[(fresh, b"sealed")],
        parcels=[Parcel("o_1", f"orders.{CITY}", b"body")],
        pull_orders=[PullOrder(CITY, "o_1", None, b"event")],
        disclosures=[told("o_1", known.case.id)],
        outcomes={(CITY, "m-1"): Seen(b"", None, "refused", None)},
    )

    async def work() -> None:
        async with store.unit() as unit:
            await unit.register([entry("m-1")])
            await unit.load([known.case.id])
            await unit.keep(everything)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        await work()

    assert await store.seen((CITY, "m-1")) is None
    assert await store.case(known.case.id) == known
    assert await load(store, known.case.id) == {known.case.id: known}
    assert await store.case(fresh.case.id) is None
    assert await store.journal(known.case.id) == []
    assert await store.disclosures(known.case.id) == []
    assert await store.pull_orders(CITY, after=0, limit=9) == []
    assert await store.unpublished(older_than=timedelta(), lease=HOUR, limit=9) == []


async def test_two_units_on_one_case_follow_each_other(store: Store) -> None:
    stored = new_case()
    await kept(store, stored)

    async def handle(number: int) -> bool:
        async with store.unit() as unit:
            return await revise_once(unit, stored.case.id, f"m-{number}")

    applied = await asyncio.gather(*(handle(number % 10) for number in range(20)))

    after = await store.case(stored.case.id)
    assert sum(applied) == 10
    assert after is not None
    assert filings_of(after)[0].revision == 10
    assert [row.seq for row in await store.journal(stored.case.id)] == list(range(1, 11))


async def test_a_case_is_opened_once(store: Store) -> None:
    stored = new_case()
    await kept(store, stored)

    with pytest.raises(StoreConflict):
        await kept(store, replace(stored, journal_seq=9))

    assert await store.case(stored.case.id) == stored


async def test_a_change_that_finds_no_row_is_never_silent(store: Store) -> None:
    _, changes = moved(new_case())

    with pytest.raises(LookupError):
        await keep(store, Changes(moved=changes.moved))
    with pytest.raises(LookupError):
        await keep(store, Changes(filings=changes.filings))
    with pytest.raises(LookupError):
        await keep(store, Changes(contents={uuid4(): b"sealed"}))


# --- cases ----------------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
small = st.integers(0, 32_767)
instants = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
days = st.dates(datetime(1950, 1, 1).date(), datetime(2150, 1, 1).date())  # noqa: DTZ001 - bounds


@st.composite
def participants(draw: st.DrawFn) -> Participant:
    return Participant(
        id=draw(st.uuids()),
        at=draw(words),
        role=draw(words),
        signs=draw(st.booleans()),
        person=draw(st.none() | st.uuids()),
        seat=draw(small),
        has_signed=draw(st.booleans()),
        choice=draw(st.none() | words),
    )


@st.composite
def gates(draw: st.DrawFn) -> Gated:
    return Gated(
        name=draw(words),
        deciders=tuple(draw(st.lists(st.uuids(), max_size=3))),
        shut=tuple(draw(st.lists(words, max_size=2))),
        own=draw(st.none() | st.uuids()),
    )


@st.composite
def stored_cases(draw: st.DrawFn) -> StoredCase:
    id_ = draw(st.uuids())
    slugs = draw(st.lists(st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True), unique=True, max_size=4))
    ids = [filing_id(id_, slug) for slug in slugs]
    filings = [
        Filing(
            id=one,
            slug=slug,
            way=draw(st.sampled_from(Way)),
            state=draw(st.sampled_from(FilingState)),
            since=draw(instants),
            organisation=draw(st.none() | words),
            reference=draw(st.none() | st.just(f"r_{one.hex}")),
            route=draw(small),
            attempt=draw(small),
            revision=draw(small),
            sequence=draw(st.integers(0, 2**31 - 1)),
            due_on=draw(st.none() | days),
            not_before=draw(st.none() | days),
            waits=draw(st.none() | st.builds(Waits, st.sampled_from(Party), st.none() | instants)),
            flag=draw(st.none() | words),
            tries=draw(small),
            question=draw(st.none() | words),
            is_done=draw(st.booleans()),
            closes_on=draw(st.none() | days),
        )
        for one, slug in zip(ids, slugs, strict=True)
    ]
    rules = [
        FilingRules(
            id=one,
            slug=slug,
            subject=draw(words),
            ways=tuple(draw(st.lists(st.sampled_from(Way), max_size=3))),
            basis=draw(words),
            after=tuple(draw(st.lists(st.sampled_from(ids), max_size=2))),
            rides_on=draw(st.none() | st.sampled_from(ids)),
            amendable=draw(st.booleans()),
            withdrawable=draw(st.booleans()),
            gate=draw(st.none() | gates()),
            signer=draw(st.none() | st.uuids()),
        )
        for one, slug in zip(ids, slugs, strict=True)
    ]
    case = Case(
        id=id_,
        event=draw(words),
        state=draw(st.sampled_from(CaseState)),
        owner=draw(st.uuids()),
        catalogue=draw(words),
        opened_at=draw(instants),
        version=draw(small),
        participants={one.id: one for one in draw(st.lists(participants(), max_size=3))},
        wake_at=draw(st.none() | instants),
        filings={one.id: one for one in filings},
        rules={one.id: one for one in rules},
    )
    return StoredCase(
        case, draw(small), draw(st.binary(max_size=32)), draw(st.none() | st.binary(max_size=8))
    )


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(opened=stored_cases(), later=stored_cases())
def test_a_case_comes_back_as_it_was_kept(dsn: str | None, opened: StoredCase, later: StoredCase) -> None:
    """Also after it has moved to any other values, and for a process that has never seen it."""

    async def there_and_back(writer: Store, reader: Store) -> None:
        await kept(writer, opened)
        assert await load(reader, opened.case.id) == {opened.case.id: opened}
        assert list((await load(reader, opened.case.id))[opened.case.id].case.filings) == list(
            opened.case.filings
        )

        after = altered(opened, later)
        await keep(writer, Changes(moved={after.case.id: after}, filings=dict(after.case.filings)))
        for store in (writer, reader):
            assert await store.case(after.case.id) == after
            assert (await load(store, after.case.id))[after.case.id].case.rules == opened.case.rules

    async def on_fresh_tables() -> None:
        if dsn is None:
            one = MemoryStore(SystemClock())
            await there_and_back(one, one)
            return
        async with await open_pool(dsn, max_size=2) as pool:
            await pool.execute("truncate engine.cases cascade")
            await there_and_back(PostgresStore(pool), PostgresStore(pool))

    asyncio.run(on_fresh_tables())


def altered(stored: StoredCase, later: StoredCase) -> StoredCase:
    """Return the case with every moving value of the other one."""
    filings = {
        mine.id: replace(other, id=mine.id, slug=mine.slug, reference=mine.reference)
        for mine, other in zip(filings_of(stored), filings_of(later), strict=False)
    }
    case = replace(
        stored.case,
        state=later.case.state,
        version=later.case.version,
        participants=later.case.participants,
        wake_at=later.case.wake_at,
        filings={**stored.case.filings, **filings},
    )
    return StoredCase(case, later.journal_seq, later.journal_hash + b"later", stored.data_key_wrapped)


async def test_a_case_nobody_opened_is_not_there(store: Store) -> None:
    assert await load(store, uuid4()) == {}
    assert await store.case(uuid4()) is None
    assert await store.sealed_contents(uuid4()) is None


async def test_only_the_filings_that_are_named_move(store: Store) -> None:
    stored = new_case()
    await kept(store, stored)
    first, second = filings_of(stored)

    after, changes = moved(stored, second.id, flag="stuck", waits=None)
    await keep(store, changes)

    found = await store.case(stored.case.id)
    assert found == after
    assert filings_of(found) == [first, replace(second, state=FilingState.ACCEPTED, flag="stuck", waits=None)]


async def test_the_contents_are_kept_sealed_and_can_be_corrected(store: Store) -> None:
    stored, other = new_case(), new_case()
    await kept(store, stored, other)

    await keep(store, Changes(contents={stored.case.id: b"corrected"}))

    assert await store.sealed_contents(stored.case.id) == b"corrected"
    async with store.unit() as unit:
        contents = await unit.contents([stored.case.id, other.case.id, uuid4()])
    assert contents == {stored.case.id: b"corrected", other.case.id: b"sealed contents"}


async def test_a_reference_leads_to_its_filing_until_it_gets_another(store: Store) -> None:
    stored = new_case()
    await kept(store, stored)
    first, second = filings_of(stored)
    assert first.reference
    assert second.reference

    _, changes = moved(stored, second.id, reference="r_new", route=1, organisation=POWER)
    await keep(store, changes)

    async with store.unit() as unit:
        found = await unit.locate([first.reference, second.reference, "r_new", "r_unknown"])
    assert found == {
        first.reference: Located(stored.case.id, first.id, CITY),
        "r_new": Located(stored.case.id, second.id, POWER),
    }


async def test_an_owner_reads_the_newest_cases_first_page_by_page(store: Store) -> None:
    cases = [new_case(opened_at=START + hours * HOUR) for hours in (0, 2, 1, 1)]
    await kept(store, *cases, new_case(owner=STRANGER))
    newest_first = sorted(cases, key=lambda one: (one.case.opened_at, one.case.id), reverse=True)

    pages, before = [], None
    while page := await store.cases_of(OWNER, before=before, limit=3):
        pages.append(page)
        before = (page[-1].case.opened_at, page[-1].case.id)

    assert pages == [newest_first[:3], newest_first[3:]]


async def test_an_erased_case_keeps_its_states_and_never_gets_its_key_back(store: Store) -> None:
    stored = new_case()
    await kept(store, stored)

    erased = [
        await store.erase(stored.case.id),
        await store.erase(stored.case.id),
        await store.erase(uuid4()),
    ]
    after, changes = moved(stored)  # read before the key was destroyed
    await keep(store, changes)

    assert erased == [True, False, False]
    assert await store.case(stored.case.id) == replace(after, data_key_wrapped=None)


# --- journal --------------------------------------------------------------------------------------


async def test_the_journal_is_read_in_order(store: Store) -> None:
    stored = new_case()
    await kept(store, stored)
    rows = []
    for _ in range(3):
        stored, changes = moved(stored)
        rows += changes.journal
        await keep(store, changes)

    assert await store.journal(stored.case.id) == rows
    assert await store.journal(stored.case.id, after=1, limit=1) == rows[1:2]


async def test_the_events_of_a_filing_are_found_by_type_from_one_on(store: Store) -> None:
    stored = new_case()
    first, second = filings_of(stored)
    await kept(store, stored)
    rows = []
    for filing, type_ in [
        (first, "begun"),
        (first, "asked"),
        (first, "begun"),
        (first, "asked"),
        (second, "asked"),
        (first, "answered"),
        (first, "other"),
    ]:
        rows.append(journal_row(stored, filing.id, type_))
        stored = replace(stored, journal_seq=stored.journal_seq + 1)
    await keep(store, Changes(journal=rows))

    async with store.unit() as unit:
        everything = [first.id, second.id, uuid4()]
        found = await unit.since(everything, "begun", ["begun", "asked", "answered"])
        without = await unit.since(everything, "begun", ["asked"])

    assert found == {first.id: [rows[2], rows[3], rows[5]]}  # the second one was never begun
    assert without == {first.id: [rows[3]]}


# --- outbox ---------------------------------------------------------------------------------------


async def test_parcels_get_ids_in_their_order(store: Store) -> None:
    parcels = [Parcel(f"o_{number}", f"orders.{CITY}", b"body", CITY) for number in range(9, 0, -1)]

    ids = await keep(store, Changes(parcels=parcels))

    assert len(ids) == len(parcels)
    assert ids == sorted(ids)
    claimed = await store.unpublished(older_than=timedelta(), lease=HOUR, limit=99)
    assert claimed == list(zip(ids, parcels, strict=True))


async def test_what_is_published_is_forgotten_alone_or_with_the_next_batch(store: Store) -> None:
    ids = await keep(store, Changes(parcels=[Parcel(f"o_{n}", "letters", b"body") for n in range(3)]))

    await store.forget_published(ids[:1])
    await keep(store, Changes(published=ids[1:2]))

    left = await store.unpublished(older_than=timedelta(), lease=HOUR, limit=9)
    assert [id_ for id_, _ in left] == ids[2:]


async def test_only_old_and_unclaimed_parcels_are_swept_until_their_lease_runs_out(store: Store) -> None:
    ids = await keep(store, Changes(parcels=[Parcel(f"o_{n}", "letters", b"body") for n in range(3)]))

    young = await store.unpublished(older_than=HOUR, lease=HOUR, limit=9)
    briefly = await store.unpublished(older_than=timedelta(), lease=timedelta(), limit=1)
    claimed = await store.unpublished(older_than=timedelta(), lease=HOUR, limit=2)
    others = await store.unpublished(older_than=timedelta(), lease=HOUR, limit=9)
    nothing = await store.unpublished(older_than=timedelta(), lease=HOUR, limit=9)

    assert young == []
    assert [id_ for id_, _ in briefly] == ids[:1]
    assert [id_ for id_, _ in claimed] == ids[:2]
    assert [id_ for id_, _ in others] == ids[2:]
    assert nothing == []


# --- what organisations fetch ---------------------------------------------------------------------


async def test_an_organisation_fetches_its_own_orders_in_order_and_acknowledges_them(store: Store) -> None:
    orders = [PullOrder(CITY, f"o_{number}", START.date(), b"%d" % number) for number in (3, 1, 2)]
    await keep(store, Changes(pull_orders=[*orders, PullOrder(POWER, "o_1", None, b"other")]))

    feed = await store.pull_orders(CITY, after=0, limit=2)
    rest = await store.pull_orders(CITY, after=feed[-1].position, limit=2)
    counts = [
        await store.acknowledge_pulled(POWER, ["o_3", "o_2"], at=START),
        await store.acknowledge_pulled(CITY, ["o_3", "o_2", "o_9"], at=START),
        await store.acknowledge_pulled(CITY, ["o_3"], at=START),
    ]

    assert [(one.order_id, one.event) for one in (*feed, *rest)] == [
        ("o_3", b"3"),
        ("o_1", b"1"),
        ("o_2", b"2"),
    ]
    assert counts == [0, 2, 0]
    assert await store.pull_orders(CITY, after=0, limit=9) == [feed[1]]


async def test_who_turned_pages_past_an_order_is_told_that_it_lies_behind(store: Store) -> None:
    orders = [PullOrder(CITY, f"o_{number}", None, b"event") for number in (1, 2, 3)]
    await keep(store, Changes(pull_orders=[*orders, PullOrder(POWER, "o_1", None, b"other")]))
    feed = await store.pull_orders(CITY, after=0, limit=9)

    await store.acknowledge_pulled(CITY, ["o_1", "o_3"], at=START)  # n and n+2

    behind = [await store.left_behind(CITY, after=after) for after in (0, *(one.position for one in feed))]
    assert behind == [0, 0, 1, 1]


async def test_acknowledged_orders_are_forgotten_in_time_and_waiting_ones_never(store: Store) -> None:
    orders = [PullOrder(CITY, f"o_{number}", None, b"event") for number in (1, 2, 3)]
    await keep(store, Changes(pull_orders=orders))
    await store.acknowledge_pulled(CITY, ["o_1"], at=START)
    await store.acknowledge_pulled(CITY, ["o_2"], at=START + timedelta(days=1))

    counts = [
        await store.forget_acknowledged(before=START, limit=9),
        await store.forget_acknowledged(before=START + timedelta(hours=1), limit=9),
        await store.forget_acknowledged(before=START + timedelta(days=900), limit=9),
    ]

    assert counts == [0, 1, 1]
    assert [one.order_id for one in await store.pull_orders(CITY, after=0, limit=9)] == ["o_3"]


async def test_an_order_that_is_sent_again_is_at_the_end_of_the_feed_once(store: Store) -> None:
    await keep(
        store, Changes(pull_orders=[PullOrder(CITY, "o_1", None, b"1"), PullOrder(CITY, "o_2", None, b"2")])
    )
    await store.acknowledge_pulled(CITY, ["o_1"], at=START)

    again = PullOrder(CITY, "o_1", None, b"sealed anew")
    await keep(store, Changes(pull_orders=[PullOrder(CITY, "o_1", None, b"not this one"), again]))

    feed = await store.pull_orders(CITY, after=0, limit=9)
    assert [(one.order_id, one.event) for one in feed] == [("o_2", b"2"), ("o_1", b"sealed anew")]
    assert isinstance(feed[1], Pulled)


# --- the rest -------------------------------------------------------------------------------------


def told(order_id: str, case_id: UUID, *, field: str = "name", at: datetime = START) -> Disclosure:
    return Disclosure(
        order_id, field, case_id, filing_id(case_id, "move.move-in-notice"), CITY, "art. 22", at
    )


async def test_a_field_is_disclosed_once_for_each_order(store: Store) -> None:
    stored = new_case()
    await kept(store, stored)
    first, later = told("o_1", stored.case.id), told("o_2", stored.case.id, at=START + HOUR)

    await keep(store, Changes(disclosures=[later, first]))
    await keep(store, Changes(disclosures=[told("o_1", stored.case.id, at=START + HOUR)]))

    assert await store.disclosures(stored.case.id) == [first, later]


async def test_the_longest_overdue_case_is_woken_first(store: Store) -> None:
    late, later = new_case(wake_at=START - HOUR), new_case(wake_at=START)
    await kept(store, later, late, new_case(), new_case(wake_at=START + timedelta(microseconds=1)))

    due = await store.to_wake(START, limit=9)

    assert due == [(late.case.id, START - HOUR, 1), (later.case.id, START, 1)]
    assert await store.to_wake(START, limit=1) == due[:1]


async def test_a_delivery_is_parked_once(store: Store) -> None:
    first = Parked(uuid4(), "replies.3", CITY, (b"\x00{", b""), "malformed-event", 3, START)
    other = Parked(uuid4(), "letters", None, (), "delivery-limit", 11, START - HOUR)

    await store.park([first, other])
    await store.park([replace(first, reason="again"), replace(first, id=uuid4(), parked_at=None)])

    parked = await store.parked(limit=9)
    assert parked[:2] == [other, first]
    assert [one.parked_at is not None for one in parked] == [True, True, True]
    assert await store.parked(limit=1) == [other]


async def test_a_catalogue_is_kept_once(store: Store) -> None:
    rules = {"event": "moving", "title": {"ja": "引越し"}, "procedures": [{"needs": ["name"], "opens": None}]}

    await store.keep_catalogue("a" * 64, rules)
    await store.keep_catalogue("a" * 64, {"event": "other"})

    assert await store.catalogue("a" * 64) == rules
    assert await store.catalogue("b" * 64) is None


# --- what is reported -----------------------------------------------------------------------------


async def test_what_a_case_is_about_is_reported_once_and_forgotten_when_it_ends(store: Store) -> None:
    first, second = new_case(), new_case()
    await kept(store, first, second)

    await keep(store, Changes(reported={"m-1": first.case.id}))

    assert await store.reported("m-1") == first.case.id
    async with store.unit() as unit:
        assert await unit.reported(["m-1", "m-2"]) == {"m-1": first.case.id}
    with pytest.raises(StoreConflict):
        await keep(store, Changes(reported={"m-1": second.case.id}))
    assert await store.reported("m-1") == first.case.id
    await keep(store, Changes(ended=[Ended(first.case.id, START, owes_certificate=False)]))
    assert await store.reported("m-1") is None
    await keep(store, Changes(reported={"m-1": second.case.id}))
    assert await store.reported("m-1") == second.case.id


async def test_of_two_who_report_the_same_at_once_one_is_told_to_look_again(store: Store) -> None:
    first, second = new_case(), new_case()
    await kept(store, first, second)

    outcomes = await asyncio.gather(
        *(keep(store, Changes(reported={"m-1": one.case.id})) for one in (first, second)),
        return_exceptions=True,
    )

    assert [isinstance(one, StoreConflict) for one in outcomes].count(True) == 1
    assert await store.reported("m-1") in {first.case.id, second.case.id}
