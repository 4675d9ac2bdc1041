# SPDX-License-Identifier: Apache-2.0
"""The test clock of a sandbox: thirty days pass because somebody says so, and the deadline fires."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.client import Refusal
from engine.core.decide import day_in_japan
from engine.settings import Settings
from tests.households import household
from tests.integration.engine_ground import DEMO_HOLDER, ground
from tests.integration.onboarding_ground import ELECTRICITY, people
from tests.integration.rehearsal_ground import POWER
from tests.journeys.household import PASSWORD

SECONDS = 60


async def test_thirty_days_pass_and_the_deadline_fires(postgres_dsn: str, tmp_path: Path) -> None:
    async with ground(postgres_dsn, tmp_path / "state", sandbox=True, clock="simulated") as here:
        await here.register(POWER)
        office = await people(here)
        drafted = await office.apply(POWER.number, ELECTRICITY)
        await office.sign(drafted["id"])
        await office.decide(drafted["id"])
        office.representative.about = POWER.number
        citizen = here.citizen(DEMO_HOLDER)
        told = household(day_in_japan(here.engine.clock.now()) + timedelta(days=3))
        opened = await citizen.say("POST", "/v1/cases", {"event": "moving", "facts": told})
        await citizen.confirm(opened["caseId"], opened["version"], password=PASSWORD, key="confirm")
        before = await late(citizen, opened["caseId"])

        then = here.engine.clock.now()
        moved = await office.representative.say("POST", "/v1/sandbox/clock", {"advanceDays": 30})
        after = await fired(citizen, opened["caseId"])

        assert before == []
        assert after != []
        assert moved["now"][:10] == (then + timedelta(days=30)).date().isoformat()


async def test_no_real_clock_is_moved(postgres_dsn: str, tmp_path: Path) -> None:
    async with ground(postgres_dsn, tmp_path / "state", sandbox=True, sends=False) as here:
        office = await people(here)
        await office.here.register(POWER)
        drafted = await office.apply(POWER.number, ELECTRICITY)
        await office.sign(drafted["id"])
        await office.decide(drafted["id"])
        office.representative.about = POWER.number

        with pytest.raises(Refusal) as caught:
            await office.representative.say("POST", "/v1/sandbox/clock", {"advanceDays": 30})

        assert caught.value.code == "no-test-clock"
    with pytest.raises(Exception, match="refused"):
        Settings.load(profile="production", sandbox=True)


async def late(citizen: Any, case: str) -> list[str]:
    found = await citizen.get(f"/v1/cases/{case}")
    return [one["slug"] for one in found["filings"] if str(one["flag"]).startswith("late")]


async def fired(citizen: Any, case: str) -> list[str]:
    async with asyncio.timeout(SECONDS):
        while True:
            if found := await late(citizen, case):
                return found
            await asyncio.sleep(0.2)
