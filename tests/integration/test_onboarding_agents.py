# SPDX-License-Identifier: Apache-2.0
"""A vendor comes on board to act for others, and an organisation goes live through it; somebody leaves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from connectors.government.small_towns import SmallTownsSimulator
from connectors.private.mihon_power import MihonPowerSimulator
from engine.client import Refusal
from engine.core.patience import day_in_japan
from engine.registry.model import Stage
from tests.integration.engine_ground import ground
from tests.integration.onboarding_ground import ELECTRICITY, People, people

VENDOR, POWER = SmallTownsSimulator.number, MihonPowerSimulator.number


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[People]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        yield await people(here)


async def entrusted(office: People) -> str:
    """Let the organisation entrust the vendor; one person represents both."""
    client = office.representative
    until = day_in_japan(office.here.engine.clock.now()) + timedelta(days=30)
    body = {"agent": VENDOR, "procedures": [{"slug": "move.electricity"}], "lastOn": until.isoformat()}
    client.about = POWER
    grant = (await client.say("POST", "/v1/organisation/grants", body, key=str(uuid4())))["id"]
    client.about = VENDOR
    await client.say("POST", f"/v1/organisation/grants/{grant}/acceptance")
    return str(grant)


async def test_who_takes_nothing_itself_comes_on_board_to_act_for_others(office: People) -> None:
    drafted = await office.apply(VENDOR)
    assert (drafted["brings"], drafted["name"]["ja"]) == ([], "見本受託株式会社")
    await office.sign(drafted["id"])
    await office.decide(drafted["id"])
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])
    await office.decide(drafted["id"])

    with pytest.raises(Refusal, match="invalid-agent"):
        await entrusted(office)  # its connector has not passed the rehearsal
    with pytest.raises(Refusal, match="illegal-stage"):
        await office.stage(POWER, "live")
    await office.stage(VENDOR, "certification", report=await office.report(VENDOR))
    await entrusted(office)
    standing = await office.stage(POWER, "live")

    assert standing["stage"] == Stage.LIVE.value
    directory = await office.here.engine.directories.current()
    assert directory.taker(POWER, ("move.electricity", None)).number == VENDOR


async def test_with_who_left_goes_what_they_had_applied_for(office: People) -> None:
    await office.on_board(POWER, ELECTRICITY)
    leaving = office.representative
    leaving.about = POWER
    wanted = {"subscriptions": [{"slug": "move.gas"}]}
    drafted = await leaving.say("POST", "/v1/organisation/subscriptions", wanted, key=str(uuid4()))
    await office.sign(drafted["id"])
    path = f"/v1/operator/organisations/{POWER}/representatives"
    (seen,) = (await office.operator.get(path))["representatives"]

    await office.operator.say("POST", f"{path}/{seen['person']}/removal", {"reason": "退職の届出を受けた"})

    assert (await office.operator.get(path))["representatives"] == []
    with pytest.raises(Refusal, match="not-allowed"):
        await leaving.get("/v1/organisation/grants")
    leaving.about = None
    (mine, *_) = [
        one for one in (await leaving.get("/v1/organisations"))["applications"] if one["id"] == drafted["id"]
    ]
    assert mine["state"] == "withdrawn"
