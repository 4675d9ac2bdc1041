# SPDX-License-Identifier: Apache-2.0
"""Somebody acts for another with their own card: by a record, within its scope and its days, visibly."""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.government.muroran_city import MuroranCitySimulator
from connectors.private.mihon_power import MihonPowerSimulator
from engine.client import CitizenClient, Refusal
from engine.core.patience import day_in_japan
from engine.core.text import Text
from tests.households import household
from tests.integration.engine_ground import Ground, ground
from tests.integration.test_assisted_counter import number, officer, refused
from tests.integration.test_participants import WITH_GATE, confirm, seat, signed
from tests.integration.test_participants import opened as case_of_couple
from tests.journeys.household import PASSWORD

CHILD = {"family": "届出", "given": "太郎", "birthDate": "2019-08-05"}
LAST_DAY = "2037-08-04"  # the 18th birthday is the day after


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as made:
        await made.register(MuroranCitySimulator(), MihonPowerSimulator())
        yield made


def today(here: Ground) -> date:
    return day_in_japan(here.engine.clock.now())


async def recorded(
    here: Ground, staff: CitizenClient, parent: CitizenClient, **changes: Any
) -> dict[str, Any]:
    """Record that somebody represents a child of theirs, or as the changes say."""
    shown = {
        "representative": str(await number(here, parent)),
        "person": CHILD,
        "kind": "parent",
        "document": "family-register",
        "issuedOn": today(here).isoformat(),
        "basis": "driving-licence",
        "events": ["moving"],
        "beginsOn": today(here).isoformat(),
    }
    made: dict[str, Any] = await staff.say("POST", "/v1/counter/representations", shown | changes)
    parent.representation = made["id"]
    return made


def facts(here: Ground) -> dict[str, Any]:
    """Return what is told of a child who moves alone, to its grandparents."""
    told = household(today(here) + timedelta(days=12))
    return told | {"movers": told["movers"][1:]}


async def opened(here: Ground, parent: CitizenClient) -> dict[str, Any]:
    made = await parent.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}, key="open")
    await parent.confirm(made["caseId"], made["version"], password=PASSWORD, key="confirm")
    found: dict[str, Any] = await parent.get(f"/v1/cases/{made['caseId']}")
    return found


async def test_a_parent_acts_for_a_child_and_journal_and_evidence_say_so(here: Ground) -> None:
    staff, parent = await officer(here), here.citizen()
    made = await recorded(here, staff, parent)
    opening = await parent.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}, key="open")
    mandate = json.loads(await parent.content(f"/v1/cases/{opening['caseId']}/mandate"))

    case = await opened(here, parent)

    assert made["endsOn"] == LAST_DAY
    assert (mandate["onBehalf"]["kind"], mandate["onBehalf"]["reference"]) == ("parent", made["id"])
    assert "民法818条" in mandate["onBehalf"]["basis"]
    assert "As parent" in mandate["statement"]
    stored = await here.engine.store.case(UUID(case["id"]))
    assert stored is not None
    assert str(stored.case.owner) == made["represented"]
    rows = await here.engine.store.journal(stored.case.id)
    person = await number(here, parent)
    assert {row.actor for row in rows if row.type in {"case-opened", "case-signed"}} == {
        f"representative:{person}/{made['id']}"
    }
    assert {act["by"] for act in case["acts"]} == {"representative"}
    assert (case["state"], [one["id"] for one in (await parent.get("/v1/cases"))["cases"]]) == (
        "running",
        [case["id"]],
    )
    notice = next(one for one in case["filings"] if one["slug"] == "move.move-out-notice")
    assert (notice["way"], notice["unsignedText"]) == ("signed", None)  # their own signature is given
    parent.representation = None
    assert (await parent.get("/v1/cases"))["cases"] == []


async def test_without_a_record_a_child_under_15_is_not_told_for(here: Ground) -> None:
    parent = here.citizen()

    code = await refused(parent.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}))

    assert code == "invalid-facts"


async def test_the_facts_are_of_the_represented_and_of_nobody_else(here: Ground) -> None:
    staff, parent = await officer(here), here.citizen()
    await recorded(here, staff, parent, person=CHILD | {"given": "次郎"})
    made = await parent.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}, key="open")

    code = await refused(parent.confirm(made["caseId"], made["version"], password=PASSWORD, key="confirm"))

    assert code == "signer-not-in-facts"


async def test_outside_of_its_days_and_scope_every_act_is_refused(here: Ground) -> None:
    staff, parent = await officer(here), here.citizen()
    made = await recorded(here, staff, parent)
    case = await opened(here, parent)
    path = f"/v1/cases/{case['id']}"
    for change, code in (
        ("events = '{death}'", "representation-scope"),
        ("events = '{moving}', begins_on = begins_on + 1", "representation-not-begun"),
        ("begins_on = begins_on - 401, ends_on = begins_on - 2", "representation-ended"),
    ):
        await here.engine.pool.execute(
            f"update engine.representations set {change} where id = $1",  # noqa: S608 - the test's own words
            UUID(made["id"]),
        )

        for method, there in (("GET", path), ("POST", f"{path}/cancellation"), ("GET", f"{path}/filings")):
            assert await refused(parent.say(method, there)) == code
        again = parent.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}, key=code)
        assert await refused(again) == code


async def test_either_of_the_two_or_the_counter_revokes_it_at_once(here: Ground) -> None:
    staff, parent = await officer(here), here.citizen()
    made = await recorded(here, staff, parent)
    case = await opened(here, parent)
    path = f"/v1/cases/{case['id']}"
    await staff.say(
        "POST", f"/v1/counter/representations/{made['id']}/revocation", {"reason": "親権の喪失を確認"}
    )
    assert await refused(parent.get(path)) == "representation-revoked"

    again = await recorded(here, staff, parent, represented=made["represented"])
    assert (await parent.get(path))["id"] == case["id"]
    parent.representation = None
    assert [one["id"] for one in (await parent.get("/v1/representations"))["representations"]] == [
        again["id"],
        made["id"],
    ]
    await parent.say("DELETE", f"/v1/representations/{again['id']}")
    parent.representation = again["id"]
    assert await refused(parent.get(path)) == "representation-revoked"
    stranger = here.citizen()
    assert await refused(stranger.say("DELETE", f"/v1/representations/{again['id']}")) == (
        "no-such-representation"
    )


async def test_a_record_is_good_for_its_representative_alone(here: Ground) -> None:
    staff, parent, stranger = await officer(here), here.citizen(), here.citizen()
    made = await recorded(here, staff, parent)
    case = await opened(here, parent)
    stranger.representation = made["id"]

    assert await refused(stranger.get(f"/v1/cases/{case['id']}")) == "no-such-representation"
    for path in ("/v1/notices", "/v1/participations", "/v1/representations"):
        assert await refused(parent.get(path)) == "not-allowed-on-behalf"


_WRONG = (
    ({"document": "letter-of-attorney"}, "/document"),
    ({"events": ["moving", "travelling"]}, "/events/1"),
    ({"procedures": ["death.pension"]}, "/procedures/0"),
    ({"issuedOn": "2026-01-05"}, "/issuedOn"),
    ({"endsOn": "2037-08-05"}, "/endsOn"),
    ({"person": CHILD | {"birthDate": "1990-04-01"}}, "/person/birthDate"),
    ({"kind": "guardian", "document": "guardianship-registration"}, "/endsOn"),
    ({"kind": "curator", "document": "guardianship-registration"}, "/procedures"),
)


async def test_what_the_law_does_not_know_is_not_recorded(here: Ground) -> None:
    staff, parent = await officer(here), here.citizen()
    for changes, place in _WRONG:
        with pytest.raises(Refusal) as caught:
            await recorded(here, staff, parent, **changes)

        assert caught.value.code == "invalid-representation"
        assert place in {one["pointer"] for one in caught.value.problem["errors"]}


async def test_an_agent_does_what_the_letter_names_and_nothing_else(here: Ground) -> None:
    staff, agent = await officer(here), here.citizen()
    letter = {
        "kind": "agent",
        "document": "letter-of-attorney",
        "procedures": ["move.gas"],
        "endsOn": (today(here) + timedelta(days=30)).isoformat(),
        "person": CHILD | {"birthDate": "1950-01-02"},
    }
    await recorded(here, staff, agent, **letter)
    told = facts(here)
    old = told["movers"][0] | {"birthDate": "1950-01-02"}

    code = await refused(
        agent.say("POST", "/v1/cases", {"event": "moving", "facts": told | {"movers": [old]}})
    )

    assert code == "representation-scope"


async def test_staff_does_nothing_for_themselves_and_knows_who_was_identified(here: Ground) -> None:
    staff, parent = await officer(here), here.citizen()
    made = await recorded(here, staff, parent)

    own = recorded(here, staff, parent, representative=str(await number(here, staff)))
    assert await refused(own) == "not-allowed-own-case"
    other = recorded(here, staff, parent, represented=made["represented"], person=CHILD | {"given": "次郎"})
    assert await refused(other) == "another-citizen"
    parent.representation = None
    await here.engine.gate.grant(await number(here, parent), "counter", by="host:test")
    receive = {"errand": "open", "basis": "passport", "person": CHILD, "consent": "written"}
    served = parent.say("POST", "/v1/counter/sessions", receive | {"citizen": made["represented"]})
    assert await refused(served) == "not-allowed-own-case"  # nor for whom they represent


async def test_a_guardian_who_inherits_too_does_not_decide_for_the_ward(
    postgres_dsn: str, tmp_path: Path
) -> None:
    """民法826条, 860条; once they take no part themselves, they have one side only."""
    async with ground(postgres_dsn, tmp_path / "state", sends=False, life_events=(WITH_GATE,)) as here:
        await here.register(MuroranCitySimulator(), MihonPowerSimulator())
        staff, guardian = await officer(here), here.citizen()
        case = await case_of_couple(here, guardian)
        await confirm(guardian, case)
        own = f"/v1/cases/{case['id']}/participants/{seat(case, '/movers/0')}"
        theirs = f"/v1/cases/{case['id']}/participants/{seat(case, '/movers/1')}"
        code = (await guardian.say("POST", f"{theirs}/invitation"))["code"]
        shown = {
            "kind": "guardian",
            "document": "guardianship-registration",
            "person": {"family": "届出", "given": "次郎", "birthDate": "1989-05-06"},
            "endsOn": (today(here) + timedelta(days=300)).isoformat(),
        }
        record = (await recorded(here, staff, guardian, **shown))["id"]
        await guardian.say("POST", "/v1/participations", {"code": code})
        await guardian.say("POST", f"{theirs}/signature", await signed(guardian, theirs))
        await decide(guardian, own, "accept", under=None)

        assert await refused(decide(guardian, theirs, "accept", under=record)) == (
            "special-representative-needed"
        )
        await decide(guardian, own, "renounce", under=None)
        await decide(guardian, theirs, "accept", under=record)

        stored = await here.engine.store.case(UUID(case["id"]))
        assert stored is not None
        assert sorted(one.choice or "" for one in stored.case.participants.values()) == ["accept", "renounce"]


async def decide(person: CitizenClient, path: str, choice: str, *, under: str | None) -> None:
    person.representation = under
    body = await signed(person, path, query=f"?choice={choice}") | {"choice": choice}
    await person.say("POST", f"{path}/decision", body)


async def letter_of(here: Ground, owner: str, case: str) -> str:
    """Put a document into somebody's box, as the post does; return the letter's number."""
    staged = await here.engine.documents.stage(b"%PDF-1.7 certificate")
    told = {
        "order_id": "o_7h2kq9m4x0000000000000000a",
        "document_id": "d-1",
        "owner": UUID(owner),
        "case_id": UUID(case),
        "filing": "move.move-out-notice",
        "organisation": MuroranCitySimulator.number,
        "organisation_name": Text(ja="室蘭市", en="Muroran"),
        "title": {"ja": "転出証明書", "en": "Certificate"},
        "kind": "certificate",
        "media_type": "application/pdf",
        "size_bytes": 20,
        "sha256": staged.sha256,
        "blob": staged.blob,
        "key_wrapped": staged.key_wrapped,
        "received_at": here.engine.clock.now(),
    }
    await here.engine.bus.publish([here.engine.documents.parcel(told)])
    assert await here.engine.post.run_once() == 1
    (letter,) = (await here.engine.mailbox.letters(UUID(owner))).letters
    return str(letter.id)


async def test_a_representative_reads_the_letters_of_the_cases_within_their_scope(here: Ground) -> None:
    staff, parent = await officer(here), here.citizen()
    made = await recorded(here, staff, parent)
    case = await opened(here, parent)
    letter = await letter_of(here, made["represented"], case["id"])

    (found,) = (await parent.get(f"/v1/letters?caseId={case['id']}"))["letters"]
    assert found["id"] == letter
    assert await parent.content(f"/v1/letters/{letter}/content") == b"%PDF-1.7 certificate"
    assert await refused(parent.say("DELETE", f"/v1/letters/{letter}")) == "not-allowed-on-behalf"
    assert await refused(parent.get("/v1/letters")) == "representation-scope"

    await here.engine.pool.execute("update engine.representations set events = '{death}'")
    for path in (f"?caseId={case['id']}", f"/{letter}", f"/{letter}/content"):
        assert await refused(parent.get(f"/v1/letters{path}")) == "representation-scope"
