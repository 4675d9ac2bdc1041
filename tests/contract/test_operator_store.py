# SPDX-License-Identifier: Apache-2.0
"""Both stores answer operators alike, and both remember what operators did."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.clock import SystemClock
from engine.core.case import Filing, Party, Waits
from engine.core.lifecycle import CaseState, FilingState
from engine.ports import (
    AuditEntry,
    CaseQuestion,
    Changes,
    FilingQuestion,
    OperatorStore,
    Parcel,
    Parked,
    PullOrder,
    Store,
    StoredCase,
)
from engine.store.audit import FIRST_HASH, is_whole
from engine.store.memory import MemoryStore
from engine.store.memory_operators import MemoryOperators
from engine.store.operators import PostgresOperators
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.contract.store_samples import CITY, HOUR, POWER, START, filings_of, keep, kept, moved, new_case

DAY = timedelta(days=1)
WALKED = 20  # few, so that a page ends before its rows do


class Both:
    """A store, and the same one as operators see it."""

    def __init__(self, store: Store, operators: OperatorStore) -> None:
        self.store = store
        self.operators = operators


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def both(dsn: str | None) -> AsyncIterator[Both]:
    if dsn is None:
        store = MemoryStore(SystemClock())
        yield Both(store, MemoryOperators(store, walked=WALKED))
        return
    async with await open_pool(dsn, max_size=4) as pool:
        yield Both(PostgresStore(pool), PostgresOperators(pool, walked=WALKED))


def case_with(*changes: dict[str, object], **of_case: object) -> StoredCase:
    """Return a case whose filings differ from the usual ones in these things."""
    stored = new_case(filings=len(changes), **of_case)  # type: ignore[arg-type] # real fields
    made: dict[UUID, Filing] = {
        one.id: replace(one, **change)  # type: ignore[arg-type] # real fields
        for one, change in zip(filings_of(stored), changes, strict=True)
    }
    return replace(stored, case=replace(stored.case, filings=made))


async def all_filings(both: Both, question: FilingQuestion, *, limit: int = 3) -> list[UUID]:
    found: list[UUID] = []
    place = None
    while True:
        lines, place = await both.operators.filings(question, after=place, limit=limit)
        assert len(lines) <= limit
        found += [line.filing.id for line in lines]
        if place is None:
            return found


async def all_cases(both: Both, question: CaseQuestion, *, limit: int = 3) -> list[UUID]:
    found: list[UUID] = []
    place = None
    while True:
        lines, place = await both.operators.cases(question, after=place, limit=limit)
        assert len(lines) <= limit
        found += [line.id for line in lines]
        if place is None:
            return found


# --- cases ----------------------------------------------------------------------------------------


async def test_cases_are_listed_newest_first_with_their_counts_and_flags(both: Both) -> None:
    old = case_with({"flag": "late/due"}, {"state": FilingState.COMPLETED}, {"flag": "late/due"})
    new = case_with({}, opened_at=START + HOUR)
    await kept(both.store, old, new)

    lines, place = await both.operators.cases(CaseQuestion(), after=None, limit=5)

    assert place is None
    assert [line.id for line in lines] == [new.case.id, old.case.id]
    assert (lines[1].filings_total, lines[1].filings_open, lines[1].flags) == (3, 2, ("late/due",))
    assert (lines[1].state, lines[1].event, lines[1].version) == ("running", "moving", 1)


async def test_cases_are_found_by_state_event_flag_and_day_over_any_number_of_pages(both: Both) -> None:
    cases = [case_with({}, opened_at=START + number * HOUR) for number in range(50)]
    special = case_with(
        {"flag": "stuck/no-answer"}, opened_at=START - HOUR, state=CaseState.CANCELLING, event="death"
    )
    await kept(both.store, special, *cases)

    newest_first = [one.case.id for one in reversed(cases)]
    assert await all_cases(both, CaseQuestion(state="running")) == newest_first
    assert await all_cases(both, CaseQuestion(state="cancelling")) == [special.case.id]
    assert await all_cases(both, CaseQuestion(event="death")) == [special.case.id]
    assert await all_cases(both, CaseQuestion(flag="stuck")) == [special.case.id]
    assert await all_cases(both, CaseQuestion(flag="stuck/no-answer")) == [special.case.id]
    assert await all_cases(both, CaseQuestion(flag="stuck/no")) == []
    assert await all_cases(both, CaseQuestion(opened_before=START)) == [special.case.id]
    assert await all_cases(both, CaseQuestion(opened_from=START + 48 * HOUR)) == newest_first[:2]


# --- filings --------------------------------------------------------------------------------------


async def test_filings_are_listed_by_their_last_day_and_those_without_one_come_last(both: Both) -> None:
    stored = case_with(
        {"due_on": None},
        {"due_on": date(2026, 12, 2)},
        {"due_on": date(2026, 12, 1)},
        {"due_on": date(2026, 11, 30), "state": FilingState.COMPLETED},
    )
    await kept(both.store, stored)
    ids = [one.id for one in filings_of(stored)]

    lines, _ = await both.operators.filings(FilingQuestion(), after=None, limit=10)

    assert [line.filing.id for line in lines] == [ids[2], ids[1], ids[0]]
    assert lines[0].case_id == stored.case.id
    assert lines[0].filing == stored.case.filings[ids[2]]


@pytest.mark.parametrize(
    "question",
    [
        FilingQuestion(organisation=POWER),
        FilingQuestion(state="asking"),
        FilingQuestion(waits_for="citizen"),
        FilingQuestion(flag="stuck/no-answer"),
        FilingQuestion(flag="stuck", organisation=POWER, state="asking"),
        FilingQuestion(slug="move.procedure-1"),
        FilingQuestion(since_before=START),
        FilingQuestion(due_before=date(2026, 11, 23)),
        FilingQuestion(organisation=POWER, since_before=START, due_before=date(2026, 11, 23)),
    ],
    ids=lambda question: "+".join(
        name for name in type(question).__dataclass_fields__ if getattr(question, name) is not None
    ),
)
async def test_the_one_filing_that_is_meant_is_found_among_many(both: Both, question: FilingQuestion) -> None:
    meant = case_with(
        {"state": FilingState.COMPLETED},
        {
            "organisation": POWER,
            "state": FilingState.ASKING,
            "waits": Waits(Party.CITIZEN, START + DAY),
            "flag": "stuck/no-answer",
            "since": START - DAY,
            "due_on": date(2026, 11, 22),
        },
    )
    await kept(both.store, *(case_with({}) for _ in range(50)), meant)

    assert await all_filings(both, question) == [filings_of(meant)[1].id]


async def test_a_list_of_filings_is_whole_over_any_number_of_pages(both: Both) -> None:
    cases = [case_with({"due_on": date(2026, 12, 1 + number % 5)}, {"due_on": None}) for number in range(30)]
    await kept(both.store, *cases)
    places = sorted((one.due_on or date.max, one.id) for case in cases for one in filings_of(case))

    assert await all_filings(both, FilingQuestion(organisation=CITY), limit=7) == [id_ for _, id_ in places]
    assert await all_filings(both, FilingQuestion(), limit=7) == [id_ for _, id_ in places]


async def test_a_flag_is_found_on_a_filing_that_has_ended_too(both: Both) -> None:
    stored = case_with({"state": FilingState.IRREVOCABLE, "flag": "stuck/holds-old-value"})
    await kept(both.store, stored)

    assert await all_filings(both, FilingQuestion(flag="stuck")) == [filings_of(stored)[0].id]
    assert await all_filings(both, FilingQuestion(organisation=CITY)) == []


async def test_whoever_holds_an_old_value_is_found_whatever_the_state(both: Both) -> None:
    ended = case_with({"state": FilingState.IRREVOCABLE, "old_since": START, "due_on": date(2026, 12, 2)})
    waiting = case_with({"old_since": START, "due_on": date(2026, 12, 1), "organisation": POWER}, {})
    await kept(both.store, ended, waiting, case_with({}))
    first, second = filings_of(waiting)[0].id, filings_of(ended)[0].id

    assert await all_filings(both, FilingQuestion(is_old=True)) == [first, second]
    assert await all_filings(both, FilingQuestion(is_old=True, organisation=POWER)) == [first]

    _, changes = moved(waiting, first, old_since=None)
    await keep(both.store, changes)

    assert await all_filings(both, FilingQuestion(is_old=True)) == [second]


async def test_one_filing_is_found_by_its_id(both: Both) -> None:
    stored = case_with({}, {})
    await kept(both.store, stored)
    second = filings_of(stored)[1]

    found = await both.operators.filing(second.id)

    assert found is not None
    assert (found.case_id, found.filing) == (stored.case.id, second)
    assert await both.operators.filing(uuid4()) is None


# --- organisations and the outbox -----------------------------------------------------------------


async def test_a_backlog_counts_what_lies_at_one_organisation(both: Both) -> None:
    stored = case_with(
        {"since": START - DAY},
        {"state": FilingState.ASKING, "flag": "stuck/no-answer"},
        {"organisation": POWER},
    )
    orders = [
        PullOrder(CITY, "o1", None, b"1"),
        PullOrder(CITY, "o2", None, b"2"),
        PullOrder(POWER, "o3", None, b""),
    ]
    await kept(both.store, stored)
    await keep(both.store, Changes(pull_orders=orders))
    await both.store.acknowledge_pulled(CITY, ["o1"], at=START)

    backlog = await both.operators.backlog(CITY)

    assert (backlog.unacknowledged, backlog.flagged, backlog.since) == (1, 1, START - DAY)
    assert backlog.filings == {"asking": 1, "submitted": 1}
    assert backlog.oldest is not None
    assert (await both.operators.backlog("4000020131016")).oldest is None


async def test_the_outbox_says_how_much_waits_and_since_when(both: Both) -> None:
    empty = await both.operators.outbox()
    await keep(both.store, Changes(parcels=[Parcel("o1", "letters", b"1"), Parcel("o2", "letters", b"2")]))

    count, since = await both.operators.outbox()

    assert empty == (0, None)
    assert count == 2
    assert since is not None


# --- parked ---------------------------------------------------------------------------------------


def parked(number: int) -> Parked:
    at = START + number * HOUR
    return Parked(UUID(int=number), "replies.3", CITY, (b"event",), "seal-broken", 2, at)


async def test_parked_deliveries_are_listed_oldest_first_until_they_are_resolved(both: Both) -> None:
    await both.store.park([parked(3), parked(1), parked(2)])

    first, place = await both.operators.aside(after=None, limit=2)
    rest, end = await both.operators.aside(after=place, limit=2)
    assert [one.parked.id.int for one in (*first, *rest)] == [1, 2, 3]
    assert end is None

    assert await both.operators.resolve(UUID(int=1), "discarded", at=START)
    assert not await both.operators.resolve(UUID(int=1), "applied", at=START + HOUR)
    found = await both.operators.aside_one(UUID(int=1))
    assert found is not None
    assert (found.resolution, found.resolved_at, found.parked) == ("discarded", START, parked(1))
    assert [one.id.int for one in await both.store.parked(limit=9)] == [2, 3]
    assert not await both.operators.resolve(uuid4(), "discarded", at=START)
    assert await both.operators.aside_one(uuid4()) is None


async def test_what_was_resolved_and_is_parked_again_waits_again(both: Both) -> None:
    await both.store.park([parked(1)])
    await both.operators.resolve(UUID(int=1), "discarded", at=START)

    await both.store.park([replace(parked(1), reason="stale", parked_at=START + 9 * HOUR)])

    lines, _ = await both.operators.aside(after=None, limit=9)
    assert [(one.parked.reason, one.parked.parked_at) for one in lines] == [("stale", START + 9 * HOUR)]
    assert lines[0].resolution is None


# --- the record -----------------------------------------------------------------------------------


def entry(key: str | None = None, *, operator: str = "person:1", **changes: object) -> AuditEntry:
    given = AuditEntry(
        id=uuid4(), at=datetime(2026, 11, 9, 1, 2, 3, 4, tzinfo=UTC), operator=operator, act="look"
    )
    return replace(given, request_key=key, request_hash=b"h" * 32 if key else None, **changes)  # type: ignore[arg-type] # real fields


async def test_what_was_recorded_is_chained_and_read_back_as_it_was(both: Both) -> None:
    case_id = uuid4()
    full = entry(
        "k-1",
        case_id=case_id,
        filing=uuid4(),
        organisation=CITY,
        reason="電話で確認",
        details={"filings": ["a", "b"], "atMost": 3, "語": "値"},
    )
    assert await both.operators.record([full, entry(case_id=case_id)]) is None
    assert await both.operators.record([entry()]) is None

    rows = await both.operators.audit(after=0, limit=10)

    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[0].entry == full
    assert await both.operators.audit_of_case(case_id) == [row.entry for row in rows[:2]]
    assert await both.operators.audit(after=2, limit=10) == rows[2:]
    assert is_whole(rows, after=(0, FIRST_HASH))
    assert not is_whole([rows[0], rows[2]], after=(0, FIRST_HASH))
    assert not is_whole([replace(rows[0], entry=replace(full, reason="別の理由"))], after=(0, FIRST_HASH))


async def test_one_request_is_recorded_once(both: Both) -> None:
    first = entry("k-1", details={"filings": ["a"]})
    assert await both.operators.record([first]) is None

    again = await both.operators.record([entry("k-1", details={"filings": ["b"]}), entry()])

    assert again == first
    assert await both.operators.record([entry("k-1", operator="person:2")]) is None
    assert len(await both.operators.audit(after=0, limit=10)) == 2


async def test_operators_who_act_at_once_do_not_break_the_chain(both: Both) -> None:
    names = [f"k-{number % 10}" for number in range(30)]

    await asyncio.gather(*(both.operators.record([entry(name)]) for name in names))

    rows = await both.operators.audit(after=0, limit=100)
    assert len(rows) == 10
    assert is_whole(rows, after=(0, FIRST_HASH))


@pytest.mark.parametrize(
    "statement", ["update engine.audit set reason = 'x'", "delete from engine.audit", "truncate engine.audit"]
)
async def test_the_database_refuses_to_change_the_record(postgres_dsn: str, statement: str) -> None:
    async with await open_pool(postgres_dsn, max_size=1) as pool:
        operators = PostgresOperators(pool)
        await operators.record([entry("k-1")])

        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await pool.execute(statement)

        assert len(await operators.audit(after=0, limit=9)) == 1
