# SPDX-License-Identifier: Apache-2.0
"""What the assembled engine does with a request that comes twice, differs, or is wrong: counted in the database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from engine.client import CitizenClient, Refusal
from engine.core.patience import day_in_japan
from tests.households import household
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import PASSWORD

# What a refused request must leave as it was. Sessions and challenges are not of a case.
_COUNTED = (
    *("cases", "case_plans", "filings", "journal", "inbox", "outbox", "pull_orders", "disclosures"),
    *("parked", "evidence"),
)
# An id with the form of ours that nobody has.
NOBODY = "00000000-0000-4000-8000-000000000000"
NONE = {"questionId": "q-1", "answer": "yes"}


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as one:
        await one.register(MihonPowerSimulator(), NhkSimulator())
        yield one


def told(here: Ground, **changes: Any) -> dict[str, Any]:
    day = day_in_japan(here.engine.clock.now()) + timedelta(days=12)
    return {"event": "moving", "facts": household(day) | changes}


async def count(here: Ground) -> Mapping[str, int]:
    return {
        table: await here.engine.pool.fetchval(f"select count(*) from engine.{table}")  # noqa: S608
        for table in _COUNTED
    }


async def test_the_same_request_twice_at_the_same_moment_opens_one_case(here: Ground) -> None:
    citizen, body = here.citizen(), told(here)
    await citizen.sign_in()

    answers = await asyncio.gather(*(citizen.say("POST", "/v1/cases", body, key="open") for _ in range(10)))

    assert len({answer["caseId"] for answer in answers}) == 1
    assert (await count(here))["cases"] == 1
    assert (await count(here))["inbox"] == 1


async def test_two_people_may_use_the_same_key(here: Ground) -> None:
    first, second, body = here.citizen(), here.citizen(), told(here)

    one = await first.say("POST", "/v1/cases", body, key="open")
    other = await second.say("POST", "/v1/cases", body, key="open")

    assert one["caseId"] != other["caseId"]


async def test_the_same_key_with_another_body_is_refused_and_changes_nothing(here: Ground) -> None:
    citizen = here.citizen()
    await citizen.say("POST", "/v1/cases", told(here), key="open")
    before = await count(here)

    with pytest.raises(Refusal) as refused:
        await citizen.say("POST", "/v1/cases", told(here, phone="0143-22-2222"), key="open")

    assert (refused.value.status, refused.value.code) == (409, "idempotency-mismatch")
    assert await count(here) == before


async def test_two_bodies_under_one_key_at_the_same_moment_are_one_case_and_one_refusal(here: Ground) -> None:
    citizen, other = here.citizen(), "0143-22-2222"
    await citizen.sign_in()

    answers = await asyncio.gather(
        citizen.say("POST", "/v1/cases", told(here), key="open"),
        citizen.say("POST", "/v1/cases", told(here, phone=other), key="open"),
        return_exceptions=True,
    )

    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.code for refusal in refusals] == ["idempotency-mismatch"]
    assert (await count(here))["cases"] == 1


async def test_a_confirmation_sent_twice_sends_every_order_once(here: Ground) -> None:
    citizen = here.citizen()
    opened = await citizen.say("POST", "/v1/cases", told(here), key="open")
    case_id, version = opened["caseId"], opened["version"]
    await citizen.confirm(case_id, version, password=PASSWORD, key="confirm")
    before = await count(here)

    with pytest.raises(Refusal):
        await citizen.confirm(case_id, version, password=PASSWORD, key="again")

    assert before["pull_orders"] == 2
    after = await count(here)
    assert {**after, "inbox": 0} == {**before, "inbox": 0}


WRONG: tuple[tuple[str, str, Any, int | None], ...] = (
    ("POST", "/v1/cases", {}, 422),
    ("POST", "/v1/cases", {"event": "moving", "facts": {}}, 422),
    ("POST", "/v1/cases", {"event": "wedding", "facts": {}}, 404),
    ("POST", "/v1/cases", {"event": "moving", "facts": {"movingDate": "2026-02-30"}}, 422),
    ("POST", "/v1/life-events/moving/plan", {"facts": {"movers": []}}, 422),
    ("POST", "/v1/cases/{case}/confirmation", {"mandate": "bm8=", "signature": "bm8="}, None),
    ("POST", "/v1/cases/{case}/confirmation", {"mandate": "not base64!", "signature": ""}, 422),
    ("PUT", "/v1/cases/{case}/moving-date", {"movingDate": "soon"}, 422),
    ("PUT", "/v1/cases/{case}/facts", {"facts": {"phone": 1}}, 422),
    ("POST", "/v1/cases/{case}/filings/{filing}/answer", {"questionId": "q-1"}, 422),
    ("POST", "/v1/cases/{case}/filings/not-an-id/done", None, 404),
    ("POST", f"/v1/cases/{NOBODY}/cancellation", None, 404),
    ("PUT", f"/v1/cases/{NOBODY}/moving-date", {"movingDate": "2027-04-02"}, 404),
    ("POST", f"/v1/cases/{NOBODY}/filings/{NOBODY}/answer", NONE, 404),
    ("POST", "/v1/organisation/replies", {}, 401),
    ("POST", "/v1/organisation/uploads", {"sizeBytes": 1, "sha256": "0" * 64}, 401),
)


async def test_whatever_is_wrong_with_a_request_it_stores_nothing(here: Ground) -> None:
    citizen = here.citizen()
    opened = await citizen.say("POST", "/v1/cases", told(here), key="open")
    case = await citizen.get(f"/v1/cases/{opened['caseId']}")
    names = {"case": case["id"], "filing": case["filings"][0]["id"]}

    for method, path, body, status in WRONG:
        before = await stored(here)
        refusal = await refused(citizen, method, path.format(**names), body, version=case["version"])

        assert 400 <= refusal.status < 500, (path, refusal.code)
        assert status in (None, refusal.status), (path, refusal.code)
        assert refusal.code != "unknown", path
        assert await stored(here) == before, (path, refusal.code)


async def test_what_only_its_owner_may_do_is_refused_to_others_and_nothing_changes(here: Ground) -> None:
    owner, stranger = here.citizen(), here.citizen()
    opened = await owner.say("POST", "/v1/cases", told(here), key="open")
    await stranger.sign_in()
    before = await states(here)

    for method, path in (("POST", "cancellation"), ("PUT", "moving-date"), ("PUT", "facts")):
        body = {"moving-date": {"movingDate": "2027-04-02"}, "facts": {"facts": told(here)["facts"]}}.get(
            path
        )
        refusal = await refused(stranger, method, f"/v1/cases/{opened['caseId']}/{path}", body)
        assert (refusal.status, refusal.code) == (404, "no-such-case")

    assert await states(here) == before


async def refused(
    citizen: CitizenClient, method: str, path: str, body: Any, *, version: int | None = None
) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        await citizen.say(method, path, body, version=version if path.endswith("confirmation") else None)
    return refusal.value


async def stored(here: Ground) -> Mapping[str, Any]:
    """Return what is stored, apart from the note that a well-formed message was refused."""
    counts = dict(await count(here))
    counts["inbox"] = await here.engine.pool.fetchval(
        "select count(*) from engine.inbox where outcome <> 'refused'"
    )
    return counts | {"states": await states(here)}


async def states(here: Ground) -> list[tuple[Any, ...]]:
    rows = await here.engine.pool.fetch(
        "select id, version, state, journal_hash from engine.cases order by id"
    )
    return [tuple(row) for row in rows]


async def test_who_needs_protection_after_all_is_told_to_call_off_and_nothing_more_leaves(
    here: Ground,
) -> None:
    citizen, body = here.citizen(), told(here)
    await citizen.sign_in()
    opened = await citizen.say("POST", "/v1/cases", body, key="open")
    path = f"/v1/cases/{opened['caseId']}"
    await citizen.confirm(opened["caseId"], opened["version"], password=PASSWORD, key="confirm")
    before = await count(here)

    facts = body["facts"] | {"protected": True, "phone": "0143-99-9999"}
    with pytest.raises(Refusal) as refused:
        await citizen.say("PUT", f"{path}/facts", {"facts": facts}, key="protect")

    after = await count(here)
    assert refused.value.code == "guarded-later"
    assert {table: after[table] for table in after if table != "inbox"} == {
        table: before[table] for table in before if table != "inbox"
    }
