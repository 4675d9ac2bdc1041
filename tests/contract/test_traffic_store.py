# SPDX-License-Identifier: Apache-2.0
"""Both records of the border keep the same promises about what has to be deleted."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from engine.clock import SystemClock
from engine.ports import DeletionNotice, Traffic
from engine.store.memory import MemoryStore
from engine.store.memory_traffic import MemoryTraffic
from engine.store.pool import open_pool
from engine.store.traffic import PostgresTraffic
from tests.contract.store_samples import CITY, HOUR, START


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def traffic(dsn: str | None) -> AsyncIterator[Traffic]:
    if dsn is None:
        yield MemoryTraffic(MemoryStore(SystemClock()))
        return
    async with await open_pool(dsn, max_size=2) as pool:
        yield PostgresTraffic(pool)


async def test_a_deletion_is_asked_for_until_the_first_receipt_which_stays(traffic: Traffic) -> None:
    first, second = (DeletionNotice(CITY, f"r_{n}", "erased", START + n * HOUR) for n in (1, 2))
    await traffic.notice([second, first])
    await traffic.notice([replace(first, because="another")])

    assert await traffic.notices(CITY, after=None, limit=9) == [first, second]
    assert not await traffic.receipt(CITY, "r_3", "signed", at=START)
    assert not await traffic.receipt("9" * 13, "r_1", "signed", at=START)
    assert await traffic.receipt(CITY, "r_1", "signed", at=START)
    assert await traffic.receipt(CITY, "r_1", "signed anew", at=START + HOUR)
    assert await traffic.notices(CITY, after=None, limit=9) == [second]
