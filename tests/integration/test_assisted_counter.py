# SPDX-License-Identifier: Apache-2.0
"""Somebody without a usable card at a counter: staff acts while they sit there, visibly, and no longer."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.government.muroran_city import MuroranCitySimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.simulators.jpki import Resident
from engine.client import CitizenClient, Refusal
from engine.core.patience import day_in_japan
from engine.identity.card import Use
from tests.households import household
from tests.integration.engine_ground import MURORAN, Ground, ground
from tests.journeys.household import PASSWORD

OFFICER = Resident("窓口　係子", date(1980, 3, 4), "北海道室蘭市幸町９番９号", "2", MURORAN)
HANAKO = {"family": "届出", "given": "花子", "birthDate": "1990-04-01"}
TARO = HANAKO | {"given": "太郎"}
RECEIVE = {"errand": "open", "basis": "driving-licence", "person": HANAKO, "consent": "written"}


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as made:
        await made.register(MuroranCitySimulator(), MihonPowerSimulator())
        yield made


@pytest.fixture
async def staff(here: Ground) -> CitizenClient:
    return await officer(here)


async def officer(here: Ground) -> CitizenClient:
    """Return somebody with a card and the duty at the counter."""
    made = here.citizen(OFFICER)
    await here.engine.gate.grant(await number(here, made), "counter", by="host:test")
    return made


async def number(here: Ground, client: CitizenClient) -> UUID:
    await client.sign_in()
    return (await here.engine.gate.session(client._token or "")).person


def facts(here: Ground) -> dict[str, Any]:
    told = household(day_in_japan(here.engine.clock.now()) + timedelta(days=12))
    return told | {"movers": told["movers"][:1]}


async def received(staff: CitizenClient, **changes: Any) -> dict[str, Any]:
    """Receive somebody, and act in that visit from now on."""
    staff.assisted = None
    visit: dict[str, Any] = await staff.say("POST", "/v1/counter/sessions", RECEIVE | changes)
    staff.assisted = visit["id"]
    return visit


async def opened(here: Ground, staff: CitizenClient) -> dict[str, Any]:
    """Open and confirm a case for somebody who sits there; return it as it is then."""
    made = await staff.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}, key="open")
    await staff.confirm(made["caseId"], made["version"], password=PASSWORD, key="confirm")
    found: dict[str, Any] = await staff.get(f"/v1/cases/{made['caseId']}")
    return found


async def code_of(staff: CitizenClient, visit: dict[str, Any]) -> str:
    return str((await staff.say("POST", f"/v1/counter/sessions/{visit['id']}/code"))["code"])


async def followed(here: Ground, code: str) -> CitizenClient:
    """Return somebody at home with the code on paper, who has no card in this."""
    reader = here.citizen()
    made = await reader._send("POST", "/v1/login/codes", {"code": code}, {})
    reader._token = str(json.loads(made)["token"])
    return reader


async def refused(call: Any) -> str:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.code


async def test_staff_opens_a_case_for_who_sits_there_and_every_act_is_marked(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)

    case = await opened(here, staff)

    assert (case["id"], case["state"]) == (visit["caseId"], "running")
    stored = await here.engine.store.case(UUID(case["id"]))
    assert stored is not None
    assert str(stored.case.owner) == visit["citizen"]
    journal = await here.engine.store.journal(stored.case.id)
    assert {row.actor for row in journal if row.type in {"case-opened", "case-signed"}} == {
        f"counter:{await number(here, staff)}/{visit['id']}"
    }
    assert {act["by"] for act in case["acts"]} == {"counter"}
    access = (await staff.get(f"/v1/cases/{case['id']}/access"))["access"]
    assert access[0]["act"] == "begin-assistance"
    assert "運転免許証" in access[0]["reason"]
    assert [one["act"] for one in access].count("assisted-act") == 2


async def test_the_mandate_says_that_staff_attests_and_is_signed_with_their_own_card(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)
    made = await staff.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)})
    mandate = json.loads(await staff.content(f"/v1/cases/{made['caseId']}/mandate"))

    assert mandate["onBehalf"]["kind"] == "assisted"
    assert mandate["onBehalf"]["reference"] == visit["id"]
    assert "運転免許証" in mandate["onBehalf"]["text"]
    assert "書面で委任し" in mandate["statement"]
    assert "I attest this" in mandate["statement"]

    await staff.confirm(made["caseId"], made["version"], password=PASSWORD, key="confirm")
    signer = await here.engine.pool.fetchval(
        "select person from engine.evidence where case_id = $1", UUID(made["caseId"])
    )
    assert signer == await number(here, staff)


async def test_what_the_law_wants_signed_by_the_citizen_goes_to_a_counter_and_the_plan_says_so(
    here: Ground, staff: CitizenClient
) -> None:
    await received(staff)
    case = await opened(here, staff)

    notice = next(one for one in case["filings"] if one["slug"] == "move.move-out-notice")

    assert notice["way"] == "visit"
    assert "署名用電子証明書" in notice["unsignedText"]["ja"]
    assert "signed" not in {way for one in case["filings"] for way in one["ways"]}
    assert {one["way"] for one in case["filings"] if one["slug"] == "move.electricity"} == {"online"}


async def test_the_facts_are_of_the_person_whom_staff_identified(here: Ground, staff: CitizenClient) -> None:
    await received(staff, person=TARO)
    made = await staff.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)})

    code = await refused(staff.confirm(made["caseId"], made["version"], password=PASSWORD, key="confirm"))

    assert code == "signer-not-in-facts"
    assert await here.engine.pool.fetchval("select count(*) from engine.evidence") == 0


async def test_when_the_person_has_gone_nothing_is_seen_or_done_any_more(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)
    case = await opened(here, staff)
    path = f"/v1/cases/{case['id']}"

    await staff.say("DELETE", f"/v1/counter/sessions/{visit['id']}")

    assert await refused(staff.get(path)) == "assistance-ended"
    assert await refused(staff.say("POST", f"{path}/cancellation")) == "assistance-ended"
    assert await refused(staff.say("POST", f"/v1/counter/sessions/{visit['id']}/code")) == "assistance-ended"
    staff.assisted = None
    assert await refused(staff.get(path)) == "no-such-case"
    assert await refused(staff.get(f"{path}/evidence")) == "no-such-case"  # though they have signed there
    assert (await staff.get("/v1/cases"))["cases"] == []


async def test_a_visit_ends_by_itself_after_half_an_hour(here: Ground, staff: CitizenClient) -> None:
    await received(staff)
    await here.engine.pool.execute("update engine.assistances set expires_at = now()")

    code = await refused(staff.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}))

    assert code == "assistance-ended"


async def test_a_visit_is_one_persons_of_staff_and_one_case(here: Ground, staff: CitizenClient) -> None:
    first = await received(staff)
    case = await opened(here, staff)
    colleague = await officer(here)
    colleague.assisted = first["id"]

    assert await refused(colleague.get(f"/v1/cases/{case['id']}")) == "no-such-assistance"
    again = staff.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)}, key="another")
    assert await refused(again) == "illegal-move"
    await received(staff, citizen=first["citizen"])  # the same person, another errand
    assert await refused(staff.get(f"/v1/cases/{case['id']}")) == "no-such-case"
    for path in ("/v1/cases", "/v1/letters", "/v1/participations"):
        assert await refused(staff.get(path)) == "not-allowed-on-behalf"


async def test_without_the_duty_nobody_is_received(here: Ground, staff: CitizenClient) -> None:
    visit = await received(staff)
    person = await number(here, staff)
    await here.engine.gate.withdraw(person, "counter", by="host:test")

    taken = staff.say("POST", "/v1/cases", {"event": "moving", "facts": facts(here)})
    assert await refused(taken) == "not-allowed-role"
    staff.assisted = None
    assert await refused(staff.say("POST", "/v1/counter/sessions", RECEIVE)) == "not-allowed-role"
    assert await refused(staff.get(f"/v1/counter/sessions/{visit['id']}")) == "not-allowed-role"


async def test_nobody_serves_themselves(here: Ground, staff: CitizenClient) -> None:
    own = str(await number(here, staff))

    assert await refused(received(staff, citizen=own)) == "not-allowed-own-case"


async def test_staff_proves_to_be_there_before_each_visit(here: Ground, staff: CitizenClient) -> None:
    await staff.sign_in()
    await here.engine.pool.execute(
        "update engine.sessions set authenticated_at = authenticated_at - interval '601 seconds'"
    )
    headers = {"Authorization": f"Bearer {staff._token}"}
    url = f"{here.engine.settings.origin}/v1/counter/sessions"
    async with here.session.post(url, json=RECEIVE, headers=headers) as answer:
        assert (await answer.json(content_type=None))["code"] == "login-too-old"


async def test_with_the_code_on_paper_one_sees_the_case_and_does_nothing(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)
    case = await opened(here, staff)
    code = await code_of(staff, visit)
    path = f"/v1/cases/{case['id']}"

    reader = await followed(here, f" {code.lower().replace('-', ' ')} ")

    assert (await reader.get(path))["acts"]
    assert (await reader.get(f"{path}/filings"))["filings"]
    assert (await reader.get(f"{path}/access"))["access"]
    (attested,) = (await reader.get(f"{path}/evidence"))["signatures"]
    assert json.loads(base64.b64decode(attested["mandate"]))["onBehalf"]["kind"] == "assisted"
    assert attested["signature"] is None  # the certificate in it has the home address of staff
    await received(staff, citizen=visit["citizen"])
    another = await opened(here, staff)  # of the same person
    assert await refused(reader.get(f"/v1/cases/{another['id']}")) == "no-such-case"
    for method, there in (
        ("POST", "/v1/cases"),
        ("GET", "/v1/cases"),
        ("GET", "/v1/letters"),
        ("POST", f"{path}/cancellation"),
        ("GET", f"{path}/mandate"),
        ("DELETE", path),
    ):
        body = {"event": "moving", "facts": {}} if there == "/v1/cases" and method == "POST" else None
        asked = reader._send(method, there, body, {"Idempotency-Key": "k"})
        assert await refused(asked) == "not-allowed-by-code", there


async def test_a_code_is_kept_as_a_hash_and_wrong_ones_are_soon_refused_unread(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)
    await opened(here, staff)
    code = await code_of(staff, visit)
    letters = code.replace("-", "")
    kept = await here.engine.pool.fetchval("select row_to_json(c)::text from engine.follow_codes c")
    assert letters[8:] not in kept

    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    said = [await refused(followed(here, wrong)) for _ in range(6)]

    assert said == ["no-such-code"] * 5 + ["too-many-failures"]
    assert await refused(followed(here, code)) == "too-many-failures"


async def test_a_new_code_ends_the_one_before_and_what_was_opened_with_it(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)
    case = await opened(here, staff)
    first = await code_of(staff, visit)
    reader = await followed(here, first)

    await code_of(staff, visit)

    gone = reader._send("GET", f"/v1/cases/{case['id']}", None, {})
    assert await refused(gone) == "not-signed-in"
    assert await refused(followed(here, first)) == "no-such-code"


async def test_who_brings_the_code_goes_on_with_that_case_if_it_is_them(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)
    case = await opened(here, staff)
    code = await code_of(staff, visit)
    back = {"errand": "continue", "code": code}

    assert await refused(received(staff, **back, person=TARO)) == "another-citizen"
    later = await received(staff, **back)

    assert (later["caseId"], later["citizen"]) == (case["id"], visit["citizen"])
    assert (await staff.get(f"/v1/cases/{case['id']}"))["state"] == "running"
    gas = next(one for one in case["filings"] if one["slug"] == "move.gas")
    await staff.say("POST", f"/v1/cases/{case['id']}/filings/{gas['id']}/done")
    await staff.say("POST", f"/v1/cases/{case['id']}/cancellation")


async def test_a_card_that_works_again_is_linked_there_and_the_paper_falls(
    here: Ground, staff: CitizenClient
) -> None:
    visit = await received(staff)
    case = await opened(here, staff)
    code = await code_of(staff, visit)
    citizen = here.citizen()
    path = f"/v1/counter/sessions/{visit['id']}"
    challenge = await staff.say("POST", f"{path}/card-challenge")
    citizen._card.verify_pin(Use.LOGIN, citizen._pin)
    signature = citizen._card.sign(Use.LOGIN, challenge["text"].encode())
    certificate = citizen._card.read_certificate(Use.LOGIN)

    await staff.say(
        "POST",
        f"{path}/card",
        {
            "challengeId": challenge["challengeId"],
            "certificate": base64.b64encode(certificate).decode(),
            "signature": base64.b64encode(signature).decode(),
        },
    )

    assert await refused(staff.say("POST", f"{path}/card-challenge")) == "citizen-has-card"
    assert str(await number(here, citizen)) == visit["citizen"]
    assert (await citizen.get(f"/v1/cases/{case['id']}"))["acts"]
    assert await refused(followed(here, code)) == "no-such-code"


async def test_nobody_at_a_counter_adds_a_card_to_somebody_who_has_one(
    here: Ground, staff: CitizenClient
) -> None:
    known = str(await number(here, here.citizen()))
    visit = await received(staff, citizen=known)

    code = await refused(staff.say("POST", f"/v1/counter/sessions/{visit['id']}/card-challenge"))

    assert code == "citizen-has-card"


async def test_nobody_acts_for_two_at_once(here: Ground, staff: CitizenClient) -> None:
    visit = await received(staff)
    staff.representation = visit["id"]
    assert await refused(staff.get(f"/v1/cases/{visit['caseId']}")) == "ambiguous-standing"
    staff.representation, staff.assisted = None, "somebody"
    assert await refused(staff.get(f"/v1/cases/{visit['caseId']}")) == "no-such-assistance"
