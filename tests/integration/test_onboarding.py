# SPDX-License-Identifier: Apache-2.0
"""An organisation comes on board at a whole engine: asked, signed, checked by another person, rehearsed, live."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connectors.government.muroran_city import MuroranCitySimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from engine.client import Refusal
from engine.core.errors import EngineError
from engine.core.numbers import corporate_number
from engine.registry.applications_postgres import PostgresApplications
from engine.registry.model import Stage, Subscription
from engine.store.audit import FIRST_HASH, is_whole
from tests.integration.engine_ground import ground
from tests.integration.onboarding_ground import ELECTRICITY, People, people

POWER, GAS, CLOSED = (
    MihonPowerSimulator.number,
    corporate_number("999999000003"),
    corporate_number("999999000006"),
)
MURORAN = MuroranCitySimulator.number
FIELDS = "/v1/life-events/moving/procedures/move.electricity/fields"


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[People]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        yield await people(here)


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.status, caught.value.code


async def taker(office: People) -> str | None:
    office.here.engine.directories.look_again()
    receives = (await office.representative.get(FIELDS))["receivesToday"]
    return receives["number"] if receives else None


def automatic_slugs(office: People) -> list[str]:
    event = office.here.engine.catalogue.event("moving")
    return [one.slug for one in event.procedures if one.kind.value == "automatic"]


async def test_name_and_seat_come_from_the_register_and_each_field_is_shown_with_its_law(
    office: People,
) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)

    assert drafted["name"] == {"ja": "見本電力株式会社", "en": "Mihon Electric Power Co., Inc."}
    assert (drafted["state"], drafted["seat"]) == ("draft", "東京都千代田区見本町１丁目１番１号")
    assert "国税庁法人番号システム" in drafted["notice"]
    (brings,) = drafted["brings"]
    _, procedure = office.here.engine.catalogue.procedure("move.electricity")
    assert brings["basis"] == procedure.basis
    assert len(brings["fields"]) == len(procedure.needs)
    assert "customerNumber" in [one["name"] for one in brings["fields"] if one["restricted"]]
    assert brings == await office.representative.get(FIELDS)


async def test_an_engineer_reads_orders_of_a_procedure_before_anybody_has_applied(office: People) -> None:
    at = "/v1/life-events/death/procedures/death.life-insurance-claim"

    read = await office.representative.get(f"{at}/examples")
    brings = await office.representative.get(f"{at}/fields")
    served = await office.representative.get("/v1/asyncapi.json")

    order = read["examples"][0]["order"]
    Draft202012Validator(read["orderSchema"]).validate(order)
    assert sorted(order["fields"]) == sorted(one["name"] for one in brings["fields"])
    submit = served["components"]["messages"]["orderSubmit"]
    assert submit["x-content-examples"]["death.life-insurance-claim"] == order
    for other in ("death/procedures/death.estate-division", "birth/procedures/death.life-insurance-claim"):
        path = f"/v1/life-events/{other}/examples"
        assert await refused(office.representative.get(path)) == (404, "no-such-procedure")


async def test_nobody_is_registered_by_asking_or_signing_alone(office: People) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    signed = await office.sign(drafted["id"])

    assert signed["state"] == "applied"
    assert await office.here.engine.registry.organisation(POWER) is None
    assert (await office.representative.get("/v1/organisations"))["represents"] == []


async def test_an_operator_sees_the_applicant_until_it_is_decided_and_every_look_is_recorded(
    office: People,
) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])
    (line,) = (await office.operator.get("/v1/operator/applications"))["applications"]

    seen = await office.operator.get(f"/v1/operator/applications/{line['id']}")
    decided = await office.decide(line["id"])

    assert seen["applicantName"] == "届出　花子"
    assert decided["applicantName"] is None
    assert (decided["state"], decided["checked"]) == ("approved", "register-extract")
    rows = await office.here.engine.operators.audit(after=0, limit=100)
    assert [row.entry.act for row in rows] == ["look-application", "approve-application"]
    assert is_whole(rows, after=(0, FIRST_HASH))
    assert "花子" not in json.dumps([row.entry.details for row in rows], ensure_ascii=False)


async def test_an_approved_organisation_rehearses_and_gets_no_real_filing_before_it_is_live(
    office: People,
) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])
    await office.decide(drafted["id"])
    mine = await office.representative.get("/v1/organisations")
    stages = [(mine["represents"], await taker(office))]

    early = await refused(office.stage(POWER, "live"))
    await office.stage(POWER, "certification", report=await office.report(POWER))
    stages.append((mine["represents"], await taker(office)))
    live = await office.stage(POWER, "live")

    assert stages == [([POWER], None), ([POWER], None)]
    assert early == (409, "illegal-stage")
    assert (live["stage"], live["report"]["passed"]) == ("live", 0)
    assert await taker(office) == POWER


async def test_who_goes_live_later_takes_nothing_from_who_is_there(office: People) -> None:
    engine = office.here.engine
    await office.apply(GAS, ELECTRICITY)
    drafted = await office.apply(GAS, ELECTRICITY)
    await office.sign(drafted["id"])
    await office.decide(drafted["id"])  # subscribed first, while it rehearses
    await office.here.register(MihonPowerSimulator())  # there, and live
    await office.stage(GAS, "certification", report=await office.report(GAS))
    await office.stage(GAS, "live")

    assert await taker(office) == POWER
    known = await engine.registry.organisation(GAS)
    assert known is not None
    assert known.stage is Stage.LIVE


async def test_whom_an_application_touches_is_shown_to_the_operator(office: People) -> None:
    await office.here.register(MihonPowerSimulator(), NhkSimulator())
    tokyo = {"slug": "move.electricity", "area": "130001"}
    drafted = await office.apply(GAS, ELECTRICITY, tokyo)

    seen = await office.operator.get(f"/v1/operator/applications/{drafted['id']}")

    touched = [
        (one["area"], one["withNumber"], one["withArea"], one["relation"]) for one in seen["conflicts"]
    ]
    assert touched == [(None, POWER, None, "same"), ("130001", POWER, None, "wider")]


async def test_nobody_decides_what_they_applied_for_nor_lets_their_own_organisation_live(
    office: People,
) -> None:
    operator_too = await office.person(office.representative)
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])
    await office.here.engine.gate.grant_operator(operator_too, by="host:test")
    path = f"/v1/operator/applications/{drafted['id']}/approval"

    own = office.representative.say("POST", path, {"reason": "自分で", "checked": "register-extract"})

    assert await refused(own) == (403, "not-allowed-own-application")
    await office.decide(drafted["id"])
    await office.stage(POWER, "certification", report=await office.report(POWER))
    own = office.representative.say("POST", f"/v1/operator/organisations/{POWER}/live", {"reason": "自分で"})
    assert await refused(own) == (403, "not-allowed-own-application")


async def test_a_refusal_is_read_by_the_applicant_and_final(office: People) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])

    await office.decide(drafted["id"], "refusal", reason="委任状が確認できない")
    (seen,) = (await office.representative.get("/v1/organisations"))["applications"]

    assert (seen["state"], seen["reason"]) == ("refused", "委任状が確認できない")
    assert await refused(office.decide(drafted["id"])) == (409, "already-decided-application")
    assert await office.here.engine.registry.organisation(POWER) is None


async def test_what_cannot_be_is_refused_before_anybody_signs(office: People) -> None:
    notice = {"slug": "move.move-out-notice", "area": "012050"}
    election = {"slug": "move.no-such-thing", "area": None}

    assert await refused(office.apply(CLOSED, ELECTRICITY)) == (422, "invalid-organisation-closed")
    assert await refused(office.apply(corporate_number("999999999999"), ELECTRICITY)) == (
        404,
        "no-such-corporation",
    )
    assert await refused(office.apply("1234567890123", ELECTRICITY)) == (422, "invalid-corporate-number")
    assert await refused(office.apply(POWER, notice)) == (422, "invalid-subscription-area")
    assert await refused(office.apply(MURORAN, {**notice, "area": "131016"})) == (
        422,
        "invalid-subscription-area",
    )
    automatic = {"slug": next(iter(automatic_slugs(office))), "area": None}
    assert await refused(office.apply(POWER, automatic)) == (422, "invalid-subscription")
    assert await refused(office.apply(POWER, election)) == (404, "no-such-procedure")
    assert await refused(office.apply(POWER, ELECTRICITY, channel="webhook")) == (422, "invalid-organisation")


async def test_a_municipality_takes_its_own_procedures_and_is_known_as_one(office: People) -> None:
    drafted = await office.apply(
        MURORAN, {"slug": "move.move-out-notice", "area": "012050"}, areas=["012050"]
    )
    await office.sign(drafted["id"])
    await office.decide(drafted["id"], checked="official-notice")

    known = await office.here.engine.registry.organisation(MURORAN)

    assert known is not None
    assert (known.kind.value, known.stage, known.areas) == ("municipality", Stage.SANDBOX, ("012050",))
    (one,) = await office.here.engine.registry.subscriptions(MURORAN)
    assert isinstance(one, Subscription)
    assert (one.slug, one.area) == ("move.move-out-notice", "012050")


async def test_an_application_is_its_applicants_alone_and_can_be_withdrawn_until_it_is_decided(
    office: People,
) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    path = f"/v1/organisations/applications/{drafted['id']}"
    stranger = office.here.citizen()
    await stranger.sign_in()

    assert await refused(stranger.get(path)) == (404, "no-such-application")
    assert await refused(office.sign(drafted["id"], who=stranger)) == (404, "no-such-application")
    await office.representative.say("DELETE", path)
    assert await refused(office.sign(drafted["id"])) == (409, "already-decided-application")
    assert await refused(office.decide(drafted["id"])) == (409, "already-decided-application")


async def test_the_declaration_of_one_application_is_not_that_of_another(office: People) -> None:
    first, second = await office.apply(POWER, ELECTRICITY), await office.apply(GAS, ELECTRICITY)
    client = office.representative
    path = "/v1/organisations/applications/{}/declaration"
    text = await client.content(path.format(first["id"]))
    body = {"declaration": base64.b64encode(text).decode(), "signature": "AAAA"}

    assert await refused(client.say("POST", path.format(second["id"]), body)) == (409, "stale-declaration")


async def test_who_is_registered_is_not_registered_by_somebody_else(office: People) -> None:
    await office.on_board(POWER, ELECTRICITY)
    stranger = office.here.citizen()
    body = {"number": POWER, "channel": "pull", "subscriptions": [ELECTRICITY]}

    answer = await refused(stranger.say("POST", "/v1/organisations", body))

    assert answer == (409, "already-registered-organisation")


@pytest.mark.parametrize("is_noted", [True, False], ids=["done", "killed before that was noted"])
async def test_an_approval_that_is_said_again_brings_back_nobody(
    office: People, monkeypatch: pytest.MonkeyPatch, *, is_noted: bool
) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])
    with monkeypatch.context() as patched:
        if not is_noted:
            patched.setattr(PostgresApplications, "carried_out", crash)
            assert await refused(office.decide(drafted["id"])) == (503, "unavailable-registry")
        else:
            await office.decide(drafted["id"])
    colleague = office.here.citizen()
    await colleague.sign_in()
    invited = await office.representative.say("POST", "/v1/organisation/invitations")
    await colleague.say("POST", "/v1/organisations/invitations", {"code": invited["code"]})
    first = await office.person(office.representative)
    await colleague.say("DELETE", f"/v1/organisation/representatives/{first}")

    again = await office.decide(drafted["id"])

    assert again["state"] == "approved"
    assert (await office.representative.get("/v1/organisations"))["represents"] == []


async def test_an_approval_that_is_said_again_brings_back_no_subscription(office: People) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])
    await office.decide(drafted["id"])
    await office.representative.say("DELETE", "/v1/organisation/subscriptions/move.electricity")

    await office.decide(drafted["id"])

    assert await office.here.engine.registry.subscriptions(POWER) == []


async def crash(*_: object, **__: object) -> None:
    raise EngineError("unavailable-registry")


async def test_an_approval_that_a_crash_left_half_done_is_finished_when_it_is_said_again(
    office: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = await office.apply(POWER, ELECTRICITY)
    await office.sign(drafted["id"])

    with monkeypatch.context() as patched:
        patched.setattr(office.here.engine.registry, "subscribe", crash)
        assert await refused(office.decide(drafted["id"])) == (503, "unavailable-registry")
    await office.decide(drafted["id"])

    assert (await office.representative.get("/v1/organisations"))["represents"] == [POWER]
    (one,) = await office.here.engine.registry.subscriptions(POWER)
    assert one.slug == "move.electricity"
