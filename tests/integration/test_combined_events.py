# SPDX-License-Identifier: Apache-2.0
"""Life events that meet: two relatives who tell of one death come to one case, on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.client import CitizenClient, Refusal
from engine.core.errors import CODES
from tests.integration.engine_ground import Ground, ground
from tests.integration.test_death_case import BANK, BROTHER, TAX, told
from tests.integration.test_participants import confirm, refusal, state


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
