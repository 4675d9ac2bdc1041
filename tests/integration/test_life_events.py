# SPDX-License-Identifier: Apache-2.0
"""Every life event over HTTP, on the assembled engine: its plan, what is wrong with its facts, its case."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.private.employer import MihonIndustrySimulator
from connectors.simulators.jpki import Municipality, Resident
from engine.client import Refusal
from engine.core.patience import day_in_japan
from tests.integration.engine_ground import Ground, ground
from tests.integration.test_participants import come, signed
from tests.journeys.household import PASSWORD
from tests.unit import birth_samples, marriage_samples

HOME = "東京都千代田区一番町１"
KOJIMACHI = Municipality("13101", "Tokyo-to", "Chiyoda-ku")
TARO = Resident("佐藤　太郎", date(1993, 3, 3), HOME, "1", KOJIMACHI)
HANAKO = Resident("髙橋　花子", date(1995, 5, 5), HOME, "2", KOJIMACHI)


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as one:
        yield one


def day(here: Ground, days: int) -> str:
    return (day_in_japan(here.engine.clock.now()) + timedelta(days=days)).isoformat()


def marriage(here: Ground) -> dict[str, Any]:
    return marriage_samples.told(marriageDate=day(here, 5), spouses__0__hasCard=True)


def birth(here: Ground) -> dict[str, Any]:
    return birth_samples.told(children__0__bornOn=day(here, -3))


async def plan(here: Ground, event: str, facts: dict[str, Any]) -> dict[str, Any]:
    path = f"{here.engine.settings.origin}/v1/life-events/{event}/plan"
    async with here.session.post(path, json={"facts": facts}) as answer:
        return {"status": answer.status, **await answer.json()}


async def test_life_events_are_on_offer_each_with_its_form_and_its_law(here: Ground) -> None:
    async with here.session.get(f"{here.engine.settings.origin}/v1/life-events") as answer:
        offered = (await answer.json())["lifeEvents"]

    sizes = {one["slug"]: len(one["rules"]["procedures"]) for one in offered}
    assert sizes.items() >= {"moving": 52, "marriage": 41, "birth": 32}.items()
    assert all(one["factsSchema"]["properties"] and one["title"]["ja"] for one in offered)


async def test_a_couple_sees_what_a_marriage_asks_of_them(here: Ground) -> None:
    made = await plan(here, "marriage", marriage(here))

    assert made["status"] == 200
    notice, *_ = made["entries"]
    assert (notice["slug"], notice["way"]) == ("marriage.marriage-notice", "visit")
    assert {"marriage.card-name", "marriage.koseki-new"} <= {one["slug"] for one in made["entries"]}
    assert "marriage.passport" in {one["slug"] for one in made["leftOut"]}


async def test_parents_see_what_a_birth_asks_of_them(here: Ground) -> None:
    made = await plan(here, "birth", birth(here))

    assert made["status"] == 200
    assert {"birth.birth-notice", "birth.child-allowance-claim"} <= {one["slug"] for one in made["entries"]}


async def test_what_is_wrong_is_named_in_its_own_words_where_it_stands(here: Ground) -> None:
    wrong = [
        ("marriage", marriage(here) | {"kinship": "lineal"}, "/facts/kinship", "forbidden-kinship"),
        ("marriage", marriage(here) | {"surnameOf": None}, "/facts/surnameOf", "missing"),
        ("birth", birth(here) | {"filer": {"role": "doctor"}}, "/facts/filer/role", "may-not-file"),
        (
            "birth",
            birth_samples.told(children__0__bornOn=day(here, 1)),
            "/facts/children/0/bornOn",
            "not-born-yet",
        ),
    ]

    for event, facts, place, code in wrong:
        refused = await plan(here, event, facts)

        assert refused["status"] == 422
        (problem,) = (one for one in refused["errors"] if one["pointer"] == place)
        assert problem["code"] == code
        assert problem["detail"] not in {"正しくありません", "It is not right"}


async def test_a_case_of_a_birth_goes_from_the_card_to_the_resident_record(here: Ground) -> None:
    citizen = here.citizen(TARO)
    opened = await citizen.say("POST", "/v1/cases", {"event": "birth", "facts": birth(here)}, key="open")
    case = opened["caseId"]
    await citizen.confirm(case, opened["version"], password=PASSWORD, key="confirm")

    for slug in ("birth.birth-certificate", "birth.birth-notice"):
        found = await citizen.get(f"/v1/cases/{case}")
        (filing,) = (one for one in found["filings"] if one["slug"] == slug)
        path = f"/v1/cases/{case}/filings/{filing['id']}/done"
        await citizen.say("POST", path, None, key=slug, version=found["version"])

    found = await citizen.get(f"/v1/cases/{case}")
    states = {one["slug"]: one["state"] for one in found["filings"]}
    assert states["birth.resident-record"] == "completed"
    assert states["birth.vaccination"] == "completed"
    assert states["birth.household-utilities"] == "not-needed"
    assert states["birth.child-allowance-claim"] == "to-visit"


async def test_a_case_of_a_marriage_opens_with_every_procedure_of_its_plan(here: Ground) -> None:
    citizen, facts = here.citizen(), marriage(here)
    opened = await citizen.say("POST", "/v1/cases", {"event": "marriage", "facts": facts}, key="open")

    found = await citizen.get(f"/v1/cases/{opened['caseId']}")

    assert found["event"] == "marriage"
    assert {one["slug"] for one in found["filings"]} == {
        one["slug"] for one in (await plan(here, "marriage", facts))["entries"]
    }


async def test_both_spouses_sign_before_anything_is_sent_of_either(here: Ground) -> None:
    employer = MihonIndustrySimulator()
    await here.register(employer)
    facts = marriage(here)
    for spouse in facts["spouses"]:
        spouse["employer"] = {"company": employer.number}
    bride, groom = here.citizen(HANAKO), here.citizen(TARO)
    made = await bride.say("POST", "/v1/cases", {"event": "marriage", "facts": facts}, key="open")
    case = await bride.get(f"/v1/cases/{made['caseId']}")

    await bride.confirm(case["id"], case["version"], password=PASSWORD, key="confirm")
    before = (await bride.get(f"/v1/cases/{case['id']}"))["state"]
    path = await come(bride, groom, case, "/spouses/1")
    await groom.say("POST", f"{path}/signature", await signed(groom, path))

    after = await bride.get(f"/v1/cases/{case['id']}")
    assert (before, after["state"]) == ("confirmed", "running")
    assert {one["at"]: one["signs"] for one in after["participants"]} == {
        "/spouses/0": True,
        "/spouses/1": True,
        "/witnesses/0": False,
        "/witnesses/1": False,
    }


async def test_a_wrong_marriage_opens_no_case(here: Ground) -> None:
    facts = marriage(here)
    facts["witnesses"] = facts["witnesses"][:1]

    with pytest.raises(Refusal) as refused:
        await here.citizen().say("POST", "/v1/cases", {"event": "marriage", "facts": facts}, key="open")

    assert (refused.value.status, refused.value.code) == (422, "invalid-facts")
    assert await here.engine.pool.fetchval("select count(*) from engine.cases") == 0
