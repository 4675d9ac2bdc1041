# SPDX-License-Identifier: Apache-2.0
"""Life events that meet: two relatives who tell of one death come to one case, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from connectors.simulators.jpki import Resident
from engine.client import CitizenClient, Refusal
from engine.core.errors import CODES
from engine.core.patience import day_in_japan
from tests.households import household
from tests.integration.engine_ground import MURORAN, Ground, ground
from tests.integration.test_death_case import BANK, BROTHER, TAX, told
from tests.integration.test_participants import confirm, refusal, state
from tests.unit import facts_samples, marriage_samples

HANAKO = Resident("髙橋　花子", date(1990, 4, 1), "北海道室蘭市東町１－１", "2", MURORAN)


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state") as made:
        await made.register(BANK, TAX)
        yield made


def by_brother(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the same death as the brother tells it: himself first, and nothing of contracts."""
    people = list(reversed(facts["people"]))
    people[0] |= {"phone": "0143-22-1111", "livedTogether": True}
    return facts | {"people": people, "contracts": {}}


async def opened(one: CitizenClient, facts: dict[str, Any]) -> dict[str, Any]:
    made = await one.say("POST", "/v1/cases", {"event": "death", "facts": facts})
    case: dict[str, Any] = await one.get(f"/v1/cases/{made['caseId']}")
    return case


async def test_a_second_relative_is_told_that_the_death_has_been_reported(here: Ground) -> None:
    sister, brother = here.citizen(), here.citizen(BROTHER)
    first = await opened(sister, told(here))
    second = await opened(brother, by_brother(told(here)))  # both are only drafts: nobody has signed

    await confirm(sister, first)
    refused = await refusal(confirm(brother, second))
    anew = await refusal(opened(brother, by_brother(told(here))))

    assert (refused.status, refused.code) == (409, "already-reported")
    assert anew.code == "already-reported"
    assert "招待" in CODES["already-reported"].ja
    assert await state(brother, second) == "draft"
    assert first["id"] not in str(refused.problem)  # whose case it is, is nobody's business


async def test_when_the_first_case_is_over_another_may_tell_of_the_death(here: Ground) -> None:
    sister, brother = here.citizen(), here.citizen(BROTHER)
    first = await opened(sister, told(here) | {"contracts": {}})
    await confirm(sister, first)
    await sister.say("POST", f"/v1/cases/{first['id']}/cancellation")
    assert await state(sister, first) == "cancelled"

    second = await opened(brother, by_brother(told(here)))
    await confirm(brother, second)

    assert await state(brother, second) == "running"


async def test_of_two_relatives_who_sign_at_once_one_case_runs(here: Ground) -> None:
    sister, brother = here.citizen(), here.citizen(BROTHER)
    first = await opened(sister, told(here))
    second = await opened(brother, by_brother(told(here)))

    outcomes = await asyncio.gather(confirm(sister, first), confirm(brother, second), return_exceptions=True)

    refused = [one for one in outcomes if isinstance(one, Refusal)]
    assert [one.code for one in refused] == ["already-reported"]
    states = {await state(sister, first), await state(brother, second)}
    assert states == {"draft", "running"}


async def test_what_is_kept_of_a_death_tells_nobody_who_died(here: Ground, postgres_dsn: str) -> None:
    sister = here.citizen()
    await confirm(sister, await opened(sister, told(here)))

    connection = await asyncpg.connect(postgres_dsn)
    try:
        (mark,) = [row[0] for row in await connection.fetch("select mark from engine.reported")]
    finally:
        await connection.close()

    assert len(mark) == 26
    assert "太郎" not in mark


# --- a move during a marriage ------------------------------------------------------------------------


def day(here: Ground, days: int) -> str:
    return (day_in_japan(here.engine.clock.now()) + timedelta(days=days)).isoformat()


async def running_move(here: Ground, hanako: CitizenClient) -> dict[str, Any]:
    facts = facts_samples.told(
        movingDate=day(here, 12), movers__0__hasCard=True, movers__0__wantsSigningCertificate=True
    )
    facts["movers"] = facts["movers"][:1]
    made = await hanako.say("POST", "/v1/cases", {"event": "moving", "facts": facts})
    move: dict[str, Any] = await hanako.get(f"/v1/cases/{made['caseId']}")
    await confirm(hanako, move)
    return move


def marriage_of(here: Ground) -> dict[str, Any]:
    facts = marriage_samples.told(marriageDate=day(here, 5), spouses__0__hasCard=True)
    facts["spouses"][0] |= {"birthDate": "1990-04-01", "wantsSigningCertificate": True}
    return {"event": "marriage", "facts": facts}


async def reissue_in(hanako: CitizenClient, case: str) -> dict[str, Any]:
    filings = (await hanako.get(f"/v1/cases/{case}"))["filings"]
    found: dict[str, Any] = next(one for one in filings if one["slug"] == "marriage.signing-cert-reissue")
    return found


async def test_a_marriage_leaves_to_a_running_move_what_that_does_already(here: Ground) -> None:
    hanako = here.citizen(HANAKO)
    before = (await hanako.say("POST", "/v1/cases", marriage_of(here)))["caseId"]
    move = await running_move(here, hanako)

    marriage = (await hanako.say("POST", "/v1/cases", marriage_of(here)))["caseId"]

    left = await reissue_in(hanako, marriage)
    assert (left["state"], left["kind"]) == ("not-needed", "no-op")
    assert left["elsewhere"]["case"] == move["id"]
    assert left["elsewhere"]["event"] == "moving"
    assert left["elsewhere"]["state"] == "waiting"
    assert "別の案件" in left["elsewhere"]["text"]["ja"]
    alone = await reissue_in(hanako, before)
    assert (alone["state"], alone["elsewhere"]) == ("waiting", None)


async def test_what_the_other_case_does_not_do_after_all_is_said_to_be_left(here: Ground) -> None:
    hanako = here.citizen(HANAKO)
    move = await running_move(here, hanako)
    marriage = (await hanako.say("POST", "/v1/cases", marriage_of(here)))["caseId"]

    await hanako.say("POST", f"/v1/cases/{move['id']}/cancellation")

    left = await reissue_in(hanako, marriage)
    assert left["elsewhere"]["state"] == "cancelled"
    assert "ご自身で" in left["elsewhere"]["text"]["ja"]


async def test_what_somebody_else_does_is_no_reason_to_leave_anything_out(here: Ground) -> None:
    hanako, namesake = here.citizen(HANAKO), here.citizen(HANAKO)  # another card, another account
    await running_move(here, hanako)

    marriage = (await namesake.say("POST", "/v1/cases", marriage_of(here)))["caseId"]

    assert (await reissue_in(namesake, marriage))["elsewhere"] is None


# --- a death in the middle of another case -----------------------------------------------------------

FATHER = Resident("届出　太郎", date(1946, 2, 3), "北海道室蘭市幸町１番２号", "1", MURORAN)


async def move_of_father(here: Ground, father: CitizenClient) -> dict[str, Any]:
    facts = household(day_in_japan(here.engine.clock.now()) + timedelta(days=12))
    facts["movers"] = [
        facts["movers"][0]
        | {
            "name": {"family": "届出", "given": "太郎"},
            "kana": {"family": "トドケデ", "given": "タロウ"},
            "birthDate": "1946-02-03",
            "nationalPension": False,
            "sex": "male",
        }
    ]
    made = await father.say("POST", "/v1/cases", {"event": "moving", "facts": facts})
    move: dict[str, Any] = await father.get(f"/v1/cases/{made['caseId']}")
    await confirm(father, move)
    return move


async def flags(one: CitizenClient, case: dict[str, Any]) -> set[str | None]:
    filings = (await one.get(f"/v1/cases/{case['id']}"))["filings"]
    return {each["flag"] for each in filings if each["state"] not in {"not-needed", "completed"}}


async def notify(sister: CitizenClient, case: dict[str, Any]) -> None:
    for slug in ("death.death-certificate", "death.death-notice"):
        (found,) = [
            one for one in (await sister.get(f"/v1/cases/{case['id']}"))["filings"] if one["slug"] == slug
        ]
        await sister.say("POST", f"/v1/cases/{case['id']}/filings/{found['id']}/done")


async def test_once_a_death_is_notified_nothing_more_goes_out_in_that_persons_name(here: Ground) -> None:
    father, sister = here.citizen(FATHER), here.citizen()
    move, another = await move_of_father(here, father), await running_move(here, here.citizen(HANAKO))
    death = await opened(sister, told(here))
    await confirm(sister, death)
    follow = here.engine.afterwards.run_once

    await follow()
    assert await flags(father, move) == {None}  # it was told, and the notice is not in yet
    await notify(sister, death)
    await follow()

    assert await flags(father, move) == {"parked/participant-died"}
    assert await state(father, move) == "running"  # nothing is taken back
    assert "parked/participant-died" not in await flags(sister, death)
    stored = await here.engine.store.case(UUID(another["id"]))
    assert stored is not None
    assert {one.flag for one in stored.case.filings.values()} == {None}
    await follow()  # once more is the same
    assert await flags(father, move) == {"parked/participant-died"}
