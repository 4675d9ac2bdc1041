# SPDX-License-Identifier: Apache-2.0
"""Who still holds the old value is an answer, for the citizen and for operators, until everybody confirmed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.core import messages as m
from tests.integration.citizen_ground import (
    ELECTRICITY,
    GAS,
    NHK,
    POWER_NUMBER,
    Desk,
    desk,
    refused,
)
from tests.journeys.household import CANARIES


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


async def held(office: Desk) -> dict[str, dict[str, Any]]:
    found = (await office.citizen.get(f"{office.path}/old-values"))["oldValues"]
    return {one["slug"]: one for one in found}


async def listed(office: Desk, asked: str = "") -> set[tuple[str, str]]:
    found = await office.operator.get(f"/v1/operator/old-values{asked}")
    return {(one["slug"], one["state"]) for one in found["filings"]}


async def test_two_overlapping_corrections_are_chased_until_each_is_confirmed(office: Desk) -> None:
    assert await held(office) == {}
    first = {"phone": "0143-00-9999"}
    await office.correct(**first)
    (since,) = {one["since"] for one in (await held(office))[ELECTRICITY]["fields"]}
    new_address = office.told["newAddress"] | {"line": "一番町2番2号"}

    await office.correct(newAddress=new_address)

    power, nhk = (await held(office))[ELECTRICITY], (await held(office))[NHK]
    assert {one["name"] for one in power["fields"]} >= {"phone", "newAddress"}
    assert {one["name"]: one["since"] for one in power["fields"]}["phone"] == since == power["since"]
    assert (power["doing"], power["owner"], power["organisation"]) == (
        "amendment-sent",
        "organisation",
        POWER_NUMBER,
    )
    assert power["until"] > power["since"]
    assert await listed(office) == {(ELECTRICITY, "revising"), (NHK, "revising")}

    await office.replies(ELECTRICITY, m.Amended, to="amend/1/2")
    assert set(await held(office)) == {NHK}
    assert await listed(office, f"?organisation={POWER_NUMBER}") == set()
    await office.replies(NHK, m.Refused, to="amend/1/2", code="no", correctable=False)

    nhk = (await held(office))[NHK]
    assert (nhk["doing"], nhk["owner"]) == ("tell-yourself", "citizen")
    assert nhk["until"] is not None
    filing = await office.filing(NHK)
    await office.citizen.say("POST", f"{office.path}/filings/{filing['id']}/done")
    assert await held(office) == {}
    assert await listed(office) == set()


async def test_a_calling_off_is_followed_to_what_cannot_be_undone(office: Desk) -> None:
    filing = await office.filing(GAS)
    await office.citizen.say("POST", f"{office.path}/filings/{filing['id']}/done")
    await office.replies(ELECTRICITY, m.Completed)

    await office.call_off()
    withdrawn = (await held(office))[ELECTRICITY]
    await office.replies(NHK, m.Withdrawn, to="withdraw/1/1")
    await office.replies(ELECTRICITY, m.Irrevocable, to="withdraw/1/1")

    assert (withdrawn["doing"], withdrawn["owner"]) == ("withdrawal-sent", "organisation")
    assert {one["name"] for one in withdrawn["fields"]} == {
        one["name"] for one in (await office.filing(ELECTRICITY))["told"]
    }
    found = await held(office)
    assert {slug: (one["doing"], one["owner"]) for slug, one in found.items()} == {
        ELECTRICITY: ("irrevocable", "citizen"),
        GAS: ("irrevocable", "citizen"),  # the citizen told them, and tells them again
    }
    assert (await office.case())["state"] == "completed-partly"


async def test_operators_see_names_of_fields_and_no_value(office: Desk) -> None:
    await office.correct(phone="0143-00-9999")

    seen = await office.operator.get(f"/v1/operator/cases/{office.case_id}/old-values?reason=chasing")

    power = next(one for one in seen["oldValues"] if one["slug"] == ELECTRICITY)
    assert [one["name"] for one in power["fields"]] == ["phone"]
    assert not [canary for canary in (*CANARIES, "0143-00-9999") if canary in json.dumps(seen)]
    access = (await office.citizen.get(f"{office.path}/access"))["access"]
    assert [(one["act"], one["reason"]) for one in access] == [("look-case", "chasing")]


async def test_another_citizen_sees_nothing_of_it(office: Desk) -> None:
    stranger = office.here.citizen()

    assert await refused(stranger.get(f"{office.path}/old-values")) == (404, "no-such-case")
    assert await refused(stranger.get("/v1/operator/old-values")) == (403, "not-allowed-role")
