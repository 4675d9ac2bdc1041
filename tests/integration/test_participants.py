# SPDX-License-Identifier: Apache-2.0
"""Several people on one case, each with their own card, against a running engine."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.government.muroran_city import MuroranCitySimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.simulators.jpki import Resident
from engine.client import CitizenClient, Refusal
from engine.core.declaration import Choice, Gate
from engine.core.lifecycle import Way
from engine.core.patience import day_in_japan
from engine.core.text import Text
from engine.identity.card import Use
from engine.identity.signing import anybody
from tests.households import household
from tests.integration.engine_ground import MURORAN, Ground, ground
from tests.journeys.household import PASSWORD
from workflows.moving import MOVING

HOME = "北海道室蘭市幸町１番２号"
SPOUSE = Resident("届出　次郎", date(1989, 5, 6), HOME, "1", MURORAN)
WORDS = Text(ja="相続の承認", en="Acceptance")
WITH_GATE = replace(
    MOVING,
    gates=(
        Gate(
            name="acceptance",
            text=WORDS,
            deciders=lambda facts: tuple(f"/movers/{n}" for n in range(len(facts.movers))),
            choices=(Choice("accept", WORDS), Choice("renounce", WORDS, takes_part=False)),
            closes="moving_date",
        ),
    ),
    procedures=tuple(
        replace(one, gate="acceptance", ways=(Way.SELF,)) if one.slug == "move.gas" else one
        for one in MOVING.procedures
    ),
)


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state", life_events=(WITH_GATE,)) as made:
        await made.register(MuroranCitySimulator(), MihonPowerSimulator())
        yield made


def couple(here: Ground, **changes: Any) -> dict[str, Any]:
    told = household(day_in_japan(here.engine.clock.now()) + timedelta(days=12))
    first = told["movers"][0]
    second = first | {
        "name": {"family": "届出", "given": "次郎"},
        "kana": {"family": "トドケデ", "given": "ジロウ"},
        "birthDate": "1989-05-06",
        "sex": "male",
        "relation": "夫",
        "nationalPension": False,
    }
    contracts = {"electricity": told["contracts"]["electricity"], "gas": {"customerNumber": "55-66"}}
    return told | {"movers": [first, second], "contracts": contracts} | changes


async def opened(here: Ground, owner: CitizenClient, **changes: Any) -> dict[str, Any]:
    made = await owner.say("POST", "/v1/cases", {"event": "moving", "facts": couple(here, **changes)})
    case: dict[str, Any] = await owner.get(f"/v1/cases/{made['caseId']}")
    return case


def seat(case: dict[str, Any], at: str) -> str:
    return next(str(one["id"]) for one in case["participants"] if one["at"] == at)


async def come(owner: CitizenClient, guest: CitizenClient, case: dict[str, Any], at: str) -> str:
    """Bring somebody to a seat; return the path of their part."""
    path = f"/v1/cases/{case['id']}/participants/{seat(case, at)}"
    invitation = await owner.say("POST", f"{path}/invitation")
    await guest.say("POST", "/v1/participations", {"code": invitation["code"]})
    return path


async def signed(person: CitizenClient, path: str, *, query: str = "") -> dict[str, str]:
    """Return what one's part asks to be signed, and the signature of one's own card."""
    mandate = await person.content(f"{path}/mandate{query}")
    person._card.verify_pin(Use.SIGNATURE, PASSWORD)
    signature = person._card.sign_detached(mandate, person._now())
    return {
        "mandate": base64.b64encode(mandate).decode(),
        "signature": base64.b64encode(signature).decode(),
    }


async def confirm(owner: CitizenClient, case: dict[str, Any]) -> None:
    await owner.confirm(case["id"], case["version"], password=PASSWORD, key="confirm")


async def refusal(call: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value


def places(refused: Refusal) -> list[tuple[str, str]]:
    return [(one["pointer"], one["code"]) for one in refused.problem["errors"]]


async def state(owner: CitizenClient, case: dict[str, Any]) -> str:
    return str((await owner.get(f"/v1/cases/{case['id']}"))["state"])


async def test_nothing_is_sent_before_each_adult_has_signed_for_what_is_told_of_them(here: Ground) -> None:
    owner, spouse = here.citizen(), here.citizen(SPOUSE)
    case = await opened(here, owner)
    await confirm(owner, case)
    assert await state(owner, case) == "confirmed"

    path = await come(owner, spouse, case, "/movers/1")
    part = await spouse.get(path)
    await spouse.say("POST", f"{path}/signature", await signed(spouse, path))

    assert [one["fields"] for one in part["recipients"] if one["organisation"]]
    assert "facts" not in part
    assert await state(owner, case) == "running"
    (mine,) = (await spouse.get("/v1/participations"))["participations"]
    assert mine["hasSigned"]
    assert (await spouse.get("/v1/cases"))["cases"] == []


async def test_only_the_person_whom_the_facts_name_signs_in_a_seat(here: Ground) -> None:
    owner, stranger = here.citizen(), here.citizen(replace(SPOUSE, name="届出　三郎"))
    case = await opened(here, owner)
    await confirm(owner, case)
    path = await come(owner, stranger, case, "/movers/1")

    refused = await refusal(_sign(stranger, path))

    assert refused.problem["code"] == "signer-not-in-facts"
    assert places(refused) == [("/movers/1", "differs-from-certificate")]
    await owner.say("DELETE", f"{path}/seat")
    spouse = here.citizen(SPOUSE)
    await come(owner, spouse, case, "/movers/1")
    await _sign(spouse, path)
    assert await state(owner, case) == "running"


async def _sign(person: CitizenClient, path: str) -> None:
    await person.say("POST", f"{path}/signature", await signed(person, path))


async def test_an_invitation_is_good_once_and_until_it_is_taken_back(here: Ground) -> None:
    owner, spouse, other = here.citizen(), here.citizen(SPOUSE), here.citizen(SPOUSE)
    case = await opened(here, owner)
    path = f"/v1/cases/{case['id']}/participants/{seat(case, '/movers/1')}"
    code = (await owner.say("POST", f"{path}/invitation"))["code"]
    await spouse.say("POST", "/v1/participations", {"code": code})

    again = await refusal(other.say("POST", "/v1/participations", {"code": code}))
    wrong = await refusal(other.say("POST", "/v1/participations", {"code": code[:-3] + "AAA"}))
    await owner.say("DELETE", f"{path}/seat")
    stale = await refusal(other.say("POST", "/v1/participations", {"code": code}))

    assert [one.problem["code"] for one in (again, wrong, stale)] == [
        "already-taken-seat",
        "invalid-invitation",
        "stale-invitation",
    ]
    gone = await refusal(spouse.get(path))
    assert gone.problem["code"] == "no-such-case"
    nobodys = await refusal(spouse.say("POST", f"{path}/invitation"))
    assert nobodys.problem["code"] == "no-such-case"


async def test_what_the_certificate_has_otherwise_is_asked_about_never_guessed(here: Ground) -> None:
    owner = here.citizen(
        Resident("届出　花子", date(1990, 4, 1), "北海道登別市中央町６番１１号", "2", MURORAN)
    )
    case = await opened(here, owner, movers=couple(here)["movers"][:1])

    refused = await refusal(confirm(owner, case))

    assert refused.problem["code"] == "facts-differ-from-certificate"
    assert places(refused) == [("/oldAddress", "differs-from-certificate")]
    body = await signed(owner, f"/v1/cases/{case['id']}") | {"acknowledged": ["/oldAddress"]}
    await owner.say("POST", f"/v1/cases/{case['id']}/confirmation", body, version=case["version"])
    assert await state(owner, case) == "running"


async def test_what_waits_for_a_decision_waits_until_everybody_has_signed_theirs(here: Ground) -> None:
    owner, spouse = here.citizen(), here.citizen(SPOUSE)
    case = await opened(here, owner)
    await confirm(owner, case)
    path = await come(owner, spouse, case, "/movers/1")
    await _sign(spouse, path)
    assert (await gas(owner, case))["waitsFor"] == "participant"

    decided = await signed(spouse, path, query="?choice=accept") | {"choice": "accept"}
    await spouse.say("POST", f"{path}/decision", decided)
    assert (await gas(owner, case))["waitsFor"] == "participant"
    twisted = await refusal(spouse.say("POST", f"{path}/decision", decided | {"choice": "renounce"}))
    own = f"/v1/cases/{case['id']}/participants/{seat(case, '/movers/0')}"
    mine = await signed(owner, own, query="?choice=renounce") | {"choice": "renounce"}
    await owner.say("POST", f"{own}/decision", mine)

    assert twisted.problem["code"] == "stale-mandate"
    assert (await gas(owner, case))["state"] == "to-do"
    late = await refusal(owner.say("POST", f"{own}/decision", mine))
    assert late.problem["code"] == "already-decided"


async def kept_only_at_the_gate(here: Ground, person: CitizenClient, body: dict[str, str]) -> None:
    """Verify a signature as far as a process comes that dies before the case hears of it."""
    session = await here.engine.gate.session(person._token or "")
    mandate, signature = (base64.b64decode(body[name]) for name in ("mandate", "signature"))
    await here.engine.gate.verify_mandate(session, mandate, signature=signature, accept=anybody)


async def test_a_signature_whose_act_was_not_kept_is_good_when_it_comes_again(here: Ground) -> None:
    owner, spouse = here.citizen(), here.citizen(SPOUSE)
    case = await opened(here, owner)
    body = await signed(owner, f"/v1/cases/{case['id']}")
    await kept_only_at_the_gate(here, owner, body)
    await owner.say("POST", f"/v1/cases/{case['id']}/confirmation", body, version=case["version"])

    path = await come(owner, spouse, case, "/movers/1")
    consent = await signed(spouse, path)
    await kept_only_at_the_gate(here, spouse, consent)
    await spouse.say("POST", f"{path}/signature", consent)
    decision = await signed(spouse, path, query="?choice=accept") | {"choice": "accept"}
    await kept_only_at_the_gate(here, spouse, decision)
    await spouse.say("POST", f"{path}/decision", decision)

    assert await state(owner, case) == "running"
    assert (await spouse.get(path))["decision"]["chosen"] == "accept"
    assert await here.engine.pool.fetchval("select count(*) from engine.evidence") == 3


async def test_an_old_choice_is_not_made_again_with_its_old_signature(here: Ground) -> None:
    owner, spouse = here.citizen(), here.citizen(SPOUSE)
    case = await opened(here, owner)
    await confirm(owner, case)
    path = await come(owner, spouse, case, "/movers/1")
    await _sign(spouse, path)
    first = await signed(spouse, path, query="?choice=renounce") | {"choice": "renounce"}
    await spouse.say("POST", f"{path}/decision", first)
    second = await signed(spouse, path, query="?choice=accept") | {"choice": "accept"}
    await spouse.say("POST", f"{path}/decision", second)

    again = await refusal(spouse.say("POST", f"{path}/decision", first))

    assert again.problem["code"] == "already-used-mandate"
    assert (await spouse.get(path))["decision"]["chosen"] == "accept"


async def test_nothing_is_kept_of_a_signature_for_a_decision_that_is_over(here: Ground) -> None:
    owner, spouse = here.citizen(), here.citizen(SPOUSE)
    case = await opened(here, owner)
    await confirm(owner, case)
    path = await come(owner, spouse, case, "/movers/1")
    await _sign(spouse, path)
    own = f"/v1/cases/{case['id']}/participants/{seat(case, '/movers/0')}"
    late = await signed(spouse, path, query="?choice=renounce") | {"choice": "renounce"}
    for person, place in ((spouse, path), (owner, own)):
        choice = await signed(person, place, query="?choice=accept") | {"choice": "accept"}
        await person.say("POST", f"{place}/decision", choice)
    before = await here.engine.pool.fetchval("select count(*) from engine.evidence")

    refused = await refusal(spouse.say("POST", f"{path}/decision", late))

    assert refused.problem["code"] == "already-decided"
    assert await here.engine.pool.fetchval("select count(*) from engine.evidence") == before


async def gas(owner: CitizenClient, case: dict[str, Any]) -> dict[str, Any]:
    filings = (await owner.get(f"/v1/cases/{case['id']}"))["filings"]
    return next(one for one in filings if one["slug"] == "move.gas")
