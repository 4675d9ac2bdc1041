# SPDX-License-Identifier: Apache-2.0
"""Whatever a dialled organisation does on the line, the engine hears each of its answers once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.private.mihon_shop import MihonShopSimulator
from connectors.sdk.ledger import Ledger
from connectors.simulators import program
from connectors.simulators.behaviour import Behaviour
from connectors.simulators.catalogue import Simulated
from engine.client import CitizenClient
from engine.core.patience import day_in_japan
from tests.households import household
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import PASSWORD

SHOP = MihonShopSimulator()
SLUG = "move.ecommerce"
SECONDS = 60
HALF_A_MINUTE = 0.4


@pytest.mark.parametrize(
    "dial",
    [
        Behaviour(malformed_replies=True),
        Behaviour(burst=20),
        Behaviour(malformed_replies=True, duplicate_replies=True, burst=5),
        Behaviour(clock_minutes=HALF_A_MINUTE),
        Behaviour(clock_minutes=-HALF_A_MINUTE),
    ],
    ids=["malformed", "burst", "all-together", "fast", "slow"],
)
async def test_each_answer_is_heard_once_whatever_the_line_does(
    dial: Behaviour, postgres_dsn: str, tmp_path: Path
) -> None:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(SHOP)
        case, citizen = await confirmed(here)
        async with running(here, dial):
            filing = await completed(citizen, case)

        assert filing["receipt"]
        assert held(here) == [SLUG]
        said = await here.engine.pool.fetch("select type from engine.journal where filing = $1", filing["id"])
        assert [row["type"] for row in said].count("filing-completed") == 1


@pytest.mark.parametrize("minutes", [10, -10])
async def test_a_clock_that_is_wrong_by_minutes_is_not_let_in_and_nothing_is_lost(
    minutes: int, postgres_dsn: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(SHOP)
        case, citizen = await confirmed(here)
        async with running(here, Behaviour(clock_minutes=minutes)):
            await until(lambda: any("organisation-time" in _code(record) for record in caplog.records))
            assert (await filing_of(citizen, case))["state"] == "submitted"

        async with running(here, Behaviour()):
            await completed(citizen, case)

        assert held(here) == [SLUG]


def held(here: Ground) -> list[str]:
    """Return what took effect at the shop; nothing took effect twice."""
    ledger = Ledger(here.homes / SHOP.number / "ledger.sqlite3")
    try:
        assert len(ledger.effects()) == len(ledger.in_effect())
        assert ledger.unsent(1) == []
        return [one.procedure for one in ledger.in_effect()]
    finally:
        ledger.close()


def _code(record: logging.LogRecord) -> str:
    return str(getattr(record, "code", ""))


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            if so():
                return
            await asyncio.sleep(0.05)


async def confirmed(here: Ground) -> tuple[str, CitizenClient]:
    citizen = here.citizen()
    told = household(day_in_japan(here.engine.clock.now()) + timedelta(days=12))
    shop = {"company": SHOP.number, "customerNumber": "hanako-m"}
    body = {"event": "moving", "facts": told | {"contracts": {"shops": [shop]}}}
    opened = await citizen.say("POST", "/v1/cases", body, key="open")
    await citizen.confirm(opened["caseId"], opened["version"], password=PASSWORD, key="confirm")
    return opened["caseId"], citizen


async def filing_of(citizen: CitizenClient, case: str) -> Any:
    found = await citizen.get(f"/v1/cases/{case}")
    (filing,) = (one for one in found["filings"] if one["slug"] == SLUG)
    return filing


async def completed(citizen: CitizenClient, case: str) -> Any:
    async with asyncio.timeout(SECONDS):
        while True:
            filing = await filing_of(citizen, case)
            if filing["state"] == "completed":
                return filing
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running(here: Ground, dial: Behaviour) -> AsyncIterator[None]:
    """Run the connector as its own program would."""
    origin = here.engine.settings.origin
    place = program.Place(here.homes / SHOP.number, origin, origin, here.engine.clock)
    stop = asyncio.Event()
    task = asyncio.create_task(program.run_until(stop, Simulated(SHOP), dial, place))
    try:
        yield
    finally:
        stop.set()
        await task
