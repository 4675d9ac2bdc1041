# SPDX-License-Identifier: Apache-2.0
"""Both stores of how a death is heard of keep the same promises."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from engine.clock import SystemClock
from engine.core.lifecycle import FilingState
from engine.ports import Changes, Deaths, Ended, Store
from engine.store.deaths import MemoryDeaths, PostgresDeaths
from engine.store.memory import MemoryStore
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.contract.store_samples import START, filings_of, keep, kept, moved, new_case


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def stores(dsn: str | None) -> AsyncIterator[tuple[Store, Deaths]]:
    if dsn is None:
        store = MemoryStore(SystemClock())
        yield store, MemoryDeaths(store)
        return
    async with await open_pool(dsn, max_size=2) as pool:
        yield PostgresStore(pool), PostgresDeaths(pool)


async def test_the_seats_of_a_person_are_found_until_their_case_ends(stores: tuple[Store, Deaths]) -> None:
    store, deaths = stores
    one, other = new_case(), new_case()
    await kept(store, one, other)
    seat, elsewhere = uuid4(), uuid4()
    await keep(
        store,
        Changes(
            people=[
                (one.case.id, seat, "p-1"),
                (other.case.id, elsewhere, "p-1"),
                (one.case.id, uuid4(), "p-2"),
            ]
        ),
    )

    both = await deaths.seats_of("p-1")
    await keep(store, Changes(ended=[Ended(one.case.id, START, owes_certificate=False)]))

    assert sorted(both) == sorted([(one.case.id, seat), (other.case.id, elsewhere)])
    assert await deaths.seats_of("p-1") == [(other.case.id, elsewhere)]
    assert await deaths.seats_of("p-2") == []


async def test_a_notice_is_found_once_it_is_completed_and_until_it_was_followed(
    stores: tuple[Store, Deaths],
) -> None:
    store, deaths = stores
    one = new_case()
    await kept(store, one)
    first, *_ = filings_of(one)

    before = await deaths.noticed([first.slug], limit=10)
    _, changes = moved(one, state=FilingState.COMPLETED)
    await keep(store, changes)
    found = await deaths.noticed([first.slug], limit=10)
    others = await deaths.noticed(["a.other"], limit=10)
    await deaths.followed(one.case.id)
    await deaths.followed(one.case.id)

    assert (before, found, others) == ([], [one.case.id], [])
    assert await deaths.noticed([first.slug], limit=10) == []
