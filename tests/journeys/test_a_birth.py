# SPDX-License-Identifier: Apache-2.0
"""One child's birth from the father's card to the household's register, over a running engine and two offices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.government.family_register import ChiyodaRegisterSimulator
from connectors.private.employer import MihonIndustrySimulator
from connectors.simulators.jpki import Municipality, Resident
from engine.client import CitizenClient
from engine.core.patience import day_in_japan
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import PASSWORD
from tests.journeys.test_one_more_procedure import running
from tests.unit.birth_samples import told

KOJIMACHI = Municipality("13101", "Tokyo-to", "Chiyoda-ku")
FATHER = Resident("佐藤　太郎", date(1993, 3, 3), "東京都千代田区一番町１", "1", KOJIMACHI)


class DayAndNight(ChiyodaRegisterSimulator):
    """The same desk, so that the story does not wait for the morning."""

    hours = None


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    desk, employer = DayAndNight(), MihonIndustrySimulator()
    async with ground(postgres_dsn, tmp_path / "state") as made, AsyncExitStack() as offices:
        await made.register(desk, employer)
        for connector in (desk, employer):
            await offices.enter_async_context(running(made, connector))
        yield made


async def until(citizen: CitizenClient, case: str, slug: str, state: str) -> dict[str, Any]:
    """Return the filings by their slugs once one of them is in a state."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(60):
            while True:
                view = await citizen.get(f"/v1/cases/{case}")
                found = {one["slug"]: one for one in view["filings"]}
                if found[slug]["state"] == state:
                    return {**found, "version": view["version"]}
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"{slug} stayed {found[slug]['state']}")


async def test_a_birth_is_notified_online_and_the_employer_hears_of_it_afterwards(here: Ground) -> None:
    born = day_in_japan(here.engine.clock.now()) - timedelta(days=3)
    facts = told(
        children__0__bornOn=born.isoformat(), father__employer={"company": MihonIndustrySimulator.number}
    )
    father = here.citizen(FATHER)
    opened = await father.say("POST", "/v1/cases", {"event": "birth", "facts": facts}, key="open")
    case = opened["caseId"]
    await father.confirm(case, opened["version"], password=PASSWORD, key="confirm")

    waiting = await until(father, case, "birth.birth-certificate", "to-do")
    assert waiting["birth.birth-notice"]["state"] == "waiting"
    assert waiting["birth.hi-dependent"]["state"] == "waiting"
    path = f"/v1/cases/{case}/filings/{waiting['birth.birth-certificate']['id']}/done"
    await father.say("POST", path, None, key="certificate", version=waiting["version"])
    await until(father, case, "birth.hi-dependent", "completed")
    done = await until(father, case, "birth.tax-dependent", "completed")

    assert done["birth.birth-notice"]["way"] == "signed"
    assert done["birth.birth-notice"]["state"] == "completed"
    assert done["birth.birth-notice"]["receipt"].startswith("千区戸第")
    assert {
        done[f"birth.{slug}"]["state"] for slug in ("koseki-entry", "resident-record", "vaccination")
    } == {"completed"}
    told_to = (await father.get(f"/v1/cases/{case}/disclosures"))["disclosures"]
    assert {(one["organisation"], one["field"]) for one in told_to} == {
        *((DayAndNight.number, field) for field in ("child", "parents", "head", "filer")),
        *(
            (MihonIndustrySimulator.number, field)
            for field in ("supporterName", "childName", "childKana", "childBirthDate", "childSex")
        ),
        *((MihonIndustrySimulator.number, field) for field in ("parentName", "children")),
    }
