# SPDX-License-Identifier: Apache-2.0
"""What passes from one taker of orders to another, on PostgreSQL and in memory: the same promises."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from engine.clock import SystemClock
from engine.core.lifecycle import FilingState
from engine.ports import (
    Changes,
    Crossing,
    DeletionNotice,
    Disclosure,
    Handed,
    Handing,
    Lanes,
    Parcel,
    PullOrder,
    Store,
    StoredCase,
    Traffic,
)
from engine.store.handing import MemoryHanding, PostgresHanding
from engine.store.lanes import PostgresLanes
from engine.store.memory import MemoryStore
from engine.store.memory_lanes import MemoryLanes
from engine.store.memory_traffic import MemoryTraffic
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from engine.store.traffic import PostgresTraffic
from tests.contract.store_samples import CITY, HOUR, START, filings_of, keep, kept, moved, new_case

VENDOR, OTHER = "6999999000060", "9010001034994"


@dataclass
class Both:
    store: Store
    lanes: Lanes
    traffic: Traffic
    handing: Handing

    async def open_filings(self, taker: str | None, **changes: object) -> list[UUID]:
        asked = {"since": START, "after": None, "limit": 9} | changes
        found = await self.handing.open_filings([CITY], taker=taker, **asked)  # type: ignore[arg-type]
        return [filing for _, filing, _ in found]

    async def in_lane(self, *principals: str, also_taken: bool = False, after: int = 0) -> list[str]:
        found = await self.handing.in_lane(VENDOR, principals, after=after, limit=9, also_taken=also_taken)
        return [one.order_id for one in found]


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def both(dsn: str | None) -> AsyncIterator[Both]:
    clock = SystemClock()
    if dsn is None:
        memory = MemoryStore(clock)
        yield Both(memory, MemoryLanes(memory, clock), MemoryTraffic(memory), MemoryHanding(memory))
        return
    async with await open_pool(dsn, max_size=3) as pool:
        yield Both(PostgresStore(pool), PostgresLanes(pool), PostgresTraffic(pool), PostgresHanding(pool))


async def a_case(both: Both) -> tuple[StoredCase, list[UUID]]:
    stored = new_case(filings=2)
    await kept(both.store, stored)
    return stored, sorted(one.id for one in filings_of(stored))


def order(name: str, principal: str | None, *, lane: str = VENDOR) -> PullOrder:
    return PullOrder(lane, name, None, name.encode(), principal)


async def test_an_agents_lane_holds_orders_for_several_and_one_of_them_can_wait(both: Both) -> None:
    await keep(both.store, Changes(pull_orders=[order("o_1", CITY), order("o_2", OTHER), order("o_3", None)]))

    async def fetched(*without: str) -> list[str]:
        found = await both.store.pull_orders(VENDOR, after=0, limit=9, without=without)
        due = await both.lanes.due(VENDOR, now=START, limit=9, busy=(), without=without)
        assert [one.order_id for one in due] == [one.order_id for one in found]
        return [one.order_id for one in found]

    assert await fetched() == ["o_1", "o_2", "o_3"]
    assert await fetched(CITY) == ["o_2", "o_3"]
    last = (await both.store.pull_orders(VENDOR, after=0, limit=9))[-1].position
    assert await both.store.left_behind(VENDOR, after=last) == 3
    assert await both.store.left_behind(VENDOR, after=last, without=[CITY, OTHER]) == 1
    assert await both.lanes.waiting_for(VENDOR) == {CITY: 1, OTHER: 1}
    elsewhere = await both.lanes.waiting_elsewhere(CITY)
    assert {lane: one.waiting for lane, one in elsewhere.items()} == {VENDOR: 1}
    assert await both.in_lane(CITY, OTHER) == ["o_1", "o_2"]
    assert await both.in_lane(VENDOR) == ["o_3"]


async def test_what_is_dropped_is_offered_nowhere_again_also_when_it_was_taken(both: Both) -> None:
    await keep(both.store, Changes(pull_orders=[order("o_1", CITY), order("o_2", CITY)]))
    await both.store.acknowledge_pulled(VENDOR, ["o_1"], at=START)

    assert await both.in_lane(CITY) == ["o_2"]
    assert await both.in_lane(CITY, also_taken=True) == ["o_1", "o_2"]
    assert await both.handing.drop(VENDOR, ["o_1", "o_2", "o_3"]) == 2
    assert await both.in_lane(CITY, also_taken=True) == []


async def test_only_what_is_on_its_way_for_that_organisation_is_taken_from_the_outbox(both: Both) -> None:
    queue = f"orders.{VENDOR}"
    parcels = [Parcel(f"o_{n}", queue, b"x", of) for n, of in enumerate((CITY, OTHER, None))]
    await keep(both.store, Changes(parcels=[*parcels, Parcel("o_9", f"orders.{OTHER}", b"x", CITY)]))

    assert await both.handing.drop_posted(VENDOR, [CITY]) == 1
    assert await both.lanes.posted([VENDOR, OTHER]) == [VENDOR, OTHER]


async def test_an_order_that_comes_back_from_the_broker_knows_for_whom_it_is(both: Both) -> None:
    stored, (first, _) = await a_case(both)
    reference = stored.case.filings[first].reference or ""

    await both.lanes.adopt(VENDOR, [("o_1", reference, b"x"), ("o_2", "r_unknown", b"x")])

    assert await both.in_lane(CITY) == ["o_1"]
    assert await both.in_lane(VENDOR) == ["o_2"]


async def test_which_filings_go_on_with_whom(both: Both) -> None:
    stored, (first, second) = await a_case(both)
    assert await both.open_filings(None) == [first, second]
    assert await both.open_filings(None, after=first) == [second]
    assert await both.open_filings(VENDOR) == []

    await keep(both.store, Changes(handed=[Handed("o_1", VENDOR, first, START)]))
    assert await both.open_filings(VENDOR) == [first]
    assert await both.open_filings(None) == [second]  # somebody else has the first by now
    assert await both.open_filings(None, since=START + HOUR) == [first, second]
    assert await both.handing.given(VENDOR, [CITY], after=None, limit=9) == [(stored.case.id, first)]
    assert await both.handing.given(VENDOR, [OTHER], after=None, limit=9) == []

    again = [Handed("o_1", VENDOR, first, START + HOUR), Handed("o_1", CITY, first, START + 2 * HOUR)]
    await keep(both.store, Changes(handed=again))
    async with both.store.unit() as unit:
        assert await unit.handed([first, second]) == {first: frozenset({VENDOR, CITY})}
    assert await both.open_filings(VENDOR) == []  # it went back since
    _, changes = moved(stored, second, state=FilingState.COMPLETED)
    await keep(both.store, changes)
    assert second not in await both.open_filings(None, since=START + 9 * HOUR)


async def test_whoever_was_given_an_order_deletes_with_its_organisation_and_stands_in_the_record(
    both: Both,
) -> None:
    stored, (first, second) = await a_case(both)
    reference = stored.case.filings[first].reference or ""
    told = [
        Disclosure(name, "phone", stored.case.id, filing, CITY, "法", START)
        for name, filing in (("o_1", first), ("o_2", second))
    ]
    await keep(both.store, Changes(disclosures=told, handed=[Handed("o_1", VENDOR, first, START)]))

    found = await both.store.disclosures(stored.case.id)
    assert {one.order_id: one.through for one in found} == {"o_1": (VENDOR,), "o_2": ()}
    assert (VENDOR, reference) in await both.traffic.told(stored.case.id)
    await keep(both.store, Changes(deletions=[DeletionNotice(CITY, reference, "withdrawn", START)]))
    for number in (CITY, VENDOR):
        assert [one.because for one in await both.traffic.notices(number, after=None, limit=9)] == [
            "withdrawn"
        ]
    await both.handing.forget_in(VENDOR, [first, second], because="grant-ended", at=START)
    notices = await both.traffic.notices(VENDOR, after=None, limit=9)
    assert sorted(one.because for one in notices) == ["grant-ended", "withdrawn"]  # asked for once each


async def test_the_record_says_who_carried_it_now(both: Both) -> None:
    crossing = Crossing(CITY, "o_1", "submit", "r_1", "o_1", None, START, VENDOR)
    own = replace(crossing, organisation=VENDOR, through=None)
    await keep(both.store, Changes(crossings=[crossing, own], pull_orders=[order("o_1", CITY)]))
    await both.store.acknowledge_pulled(VENDOR, ["o_1"], at=START + HOUR)

    for number in (CITY, VENDOR):
        (line,) = await both.traffic.orders(number, before=None, limit=9)
        assert line.acknowledged_at == START + HOUR
    await keep(both.store, Changes(crossings=[replace(crossing, through=None)]))
    (line,) = await both.traffic.orders(CITY, before=None, limit=9)
    assert (line.order.through, line.acknowledged_at) == (None, None)
