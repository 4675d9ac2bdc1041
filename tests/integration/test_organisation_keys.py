# SPDX-License-Identifier: Apache-2.0
"""Keys of an organisation at a whole engine: registered, changed with overlap, lost, stolen; the backlog follows."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from engine.border.envelope import open_order, sealed_for
from engine.border.jwk import exported, thumbprint
from engine.border.sealing import Opener
from engine.border.tokens import key_proof, organisation_token
from engine.bus.admin import BrokerAdmin
from engine.client import Refusal
from engine.core.errors import EngineError
from engine.core.patience import day_in_japan
from engine.demos.moving_family import household
from tests.integration.amqp_ground import eventually
from tests.integration.engine_ground import Ground, ground
from tests.integration.onboarding_ground import ELECTRICITY, People, people
from tests.services import Broker

POWER = MihonPowerSimulator()
NUMBER = POWER.number
Private = ec.EllipticCurvePrivateKey


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[People]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        office = await people(here)
        await office.on_board(NUMBER, ELECTRICITY)
        yield office


@pytest.fixture
async def amqp(postgres_dsn: str, rabbitmq: Broker, tmp_path: Path) -> AsyncIterator[People]:
    async with BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost) as admin:
        await admin.declare()
        await admin.declare_organisation(NUMBER, "secret")
        async with ground(postgres_dsn, tmp_path / "state", broker=rabbitmq) as here:
            office = await people(here)
            await office.on_board(NUMBER, ELECTRICITY, channel="amqp")
            yield office
        await admin.shut_out(NUMBER)


def new_key() -> Private:
    return ec.generate_private_key(ec.SECP256R1())


def kid(key: Private) -> str:
    return thumbprint(key.public_key())


def asked(here: Ground, key: Private, use: Any, *, number: str = NUMBER, **more: Any) -> dict[str, Any]:
    settings = here.engine.settings
    proof = key_proof(key, number=number, audience=settings.origin, now=here.engine.clock.now())
    return {"jwk": exported(key.public_key(), use=use), "proof": proof, **more}


async def register(office: People, use: Any, **more: Any) -> Private:
    key = new_key()
    await office.representative.say("POST", "/v1/organisation/keys", asked(office.here, key, use, **more))
    return key


async def as_organisation(
    here: Ground, key: Private, method: str, path: str, body: object = None, *, number: str = NUMBER
) -> tuple[int, Any]:
    settings = here.engine.settings
    token = organisation_token(
        key, kid=kid(key), number=number, audience=settings.origin, now=here.engine.clock.now()
    )
    headers = {"Authorization": f"Bearer {token}"}
    async with here.session.request(method, settings.origin + path, json=body, headers=headers) as answer:
        raw = await answer.read()
        return answer.status, json.loads(raw) if raw else None


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.status, caught.value.code


async def one_case(here: Ground) -> None:
    case_id = await here.open(household(day_in_japan(here.engine.clock.now()) + timedelta(days=12)))
    await here.confirm([case_id])


async def waiting(here: Ground) -> list[bytes]:
    found = await here.engine.feed.orders(NUMBER, after=0, limit=10, wait_seconds=0)
    return [one.event for one in found]


def opens(here: Ground, key: Private, event: bytes) -> bool:
    engine = here.engine.keys.signing.public_key()
    opener = Opener({kid(key): key}, lambda _, __: engine)
    try:
        return open_order(event, opener).event.id == json.loads(event)["id"]
    except EngineError:
        return False


async def test_a_representative_registers_keys_that_prove_they_are_possessed(office: People) -> None:
    sig, enc = await register(office, "sig"), await register(office, "enc")

    listed = (await office.representative.get("/v1/organisation/keys"))["keys"]
    status, own = await as_organisation(office.here, sig, "GET", "/v1/organisation/keys")

    assert {(one["kid"], one["use"], one["valid"]) for one in listed} == {
        (kid(sig), "sig", True),
        (kid(enc), "enc", True),
    }
    assert (status, own["keys"]) == (200, listed)


async def test_nobody_registers_a_key_that_is_not_theirs(office: People) -> None:
    here, mine, theirs = office.here, new_key(), new_key()
    path = "/v1/organisation/keys"
    others = asked(here, mine, "sig") | {"jwk": exported(theirs.public_key(), use="sig")}
    for_another = asked(here, mine, "sig", number=NhkSimulator.number)
    elsewhere = asked(here, mine, "sig")
    elsewhere["proof"] = key_proof(
        mine, number=NUMBER, audience="https://evil.example", now=here.engine.clock.now()
    )
    token = asked(here, mine, "sig") | {
        "proof": organisation_token(
            mine,
            kid=kid(mine),
            number=NUMBER,
            audience=here.engine.settings.origin,
            now=here.engine.clock.now(),
        )
    }

    for body in (others, for_another, elsewhere, token):
        assert await refused(office.representative.say("POST", path, body)) == (422, "invalid-key-proof")
    assert (await office.representative.get(path))["keys"] == []


async def test_a_key_changes_by_itself_with_overlap_and_no_person(office: People) -> None:
    old, fresh = await register(office, "sig"), new_key()
    body = asked(office.here, fresh, "sig", replaces=kid(old), overlapDays=3)

    status, made = await as_organisation(office.here, old, "POST", "/v1/organisation/keys", body)
    during = [
        (await as_organisation(office.here, key, "GET", "/v1/organisation/keys"))[0] for key in (old, fresh)
    ]

    now = office.here.engine.clock.now()
    ends = {one.kid: one.not_after for one in await office.here.engine.registry.keys(NUMBER)}
    assert (status, made["kid"], during) == (201, kid(fresh), [200, 200])
    assert now + timedelta(days=2) < ends[kid(old)] <= now + timedelta(days=3)
    assert ends[kid(fresh)] > now + timedelta(days=700)


async def test_a_key_takes_the_place_of_one_of_its_own_kind_only(office: People) -> None:
    sig = await register(office, "sig")
    body = asked(office.here, new_key(), "enc", replaces=kid(sig), overlapDays=0)

    assert await refused(office.representative.say("POST", "/v1/organisation/keys", body)) == (
        404,
        "no-such-key",
    )
    assert (await as_organisation(office.here, sig, "GET", "/v1/organisation/keys"))[0] == 200


async def test_a_stolen_key_signs_nothing_more_at_once(office: People) -> None:
    stolen, fresh = await register(office, "sig"), await register(office, "sig")

    revoked = await office.representative.say("DELETE", f"/v1/organisation/keys/{kid(stolen)}?because=stolen")

    assert (revoked["valid"], revoked["revokedBecause"]) == (False, "stolen")
    assert (await as_organisation(office.here, stolen, "GET", "/v1/organisation/orders"))[0] == 401
    assert (await as_organisation(office.here, fresh, "GET", "/v1/organisation/keys"))[0] == 200
    rows = await office.here.engine.operators.audit(after=0, limit=100)
    assert [row.entry.act for row in rows][-3:] == ["register-key", "register-key", "revoke-key"]
    again = office.representative.say("POST", "/v1/organisation/keys", asked(office.here, stolen, "sig"))
    assert await refused(again) == (409, "already-registered-key")


async def test_what_waits_in_the_feed_is_sealed_anew_for_the_next_key_under_the_same_id(
    office: People,
) -> None:
    lost = await register(office, "enc")
    await one_case(office.here)
    (before,) = await waiting(office.here)
    fresh = await register(office, "enc")

    await office.representative.say("DELETE", f"/v1/organisation/keys/{kid(lost)}?because=lost")
    (after,) = await waiting(office.here)

    assert json.loads(before)["id"] == json.loads(after)["id"]
    assert (opens(office.here, lost, before), opens(office.here, lost, after)) == (True, False)
    assert opens(office.here, fresh, after)


async def test_a_lost_key_with_no_other_leaves_the_backlog_until_there_is_one(office: People) -> None:
    lost = await register(office, "enc")
    await one_case(office.here)
    await office.representative.say("DELETE", f"/v1/organisation/keys/{kid(lost)}?because=lost")
    (kept,) = await waiting(office.here)

    fresh = await register(office, "enc")
    (after,) = await waiting(office.here)

    assert sealed_for(kept) == kid(lost)
    assert opens(office.here, fresh, after)


async def test_the_worker_finishes_what_another_process_sealed_for_the_old_key_meanwhile(
    office: People,
) -> None:
    here, resealing = office.here, office.here.engine.resealing
    lost, fresh = await register(office, "enc"), await register(office, "enc")
    await here.engine.registry.revoke_key(NUMBER, kid(fresh), at=here.engine.clock.now())
    here.engine.directories.look_again()
    await one_case(here)  # sealed for the one that will be lost
    late = await register(office, "enc")
    await here.engine.registry.revoke_key(NUMBER, kid(lost), at=here.engine.clock.now())  # as elsewhere

    early = await resealing.run_once()
    done = await resealing.run_once(settled_after=timedelta())
    again = await resealing.run_once(settled_after=timedelta())
    (after,) = await waiting(here)

    assert (early, done, again) == (0, 1, 0)
    assert opens(here, late, after)


async def test_what_lies_at_the_broker_is_sealed_anew_too(amqp: People) -> None:
    here, bus = amqp.here, amqp.here.engine.bus
    lost = await register(amqp, "enc")
    await one_case(here)
    await lies_at_the_broker(here)
    fresh = await register(amqp, "enc")

    await amqp.representative.say("DELETE", f"/v1/organisation/keys/{kid(lost)}?because=stolen")
    (delivery,) = await eventually(lambda: bus.take(f"orders.{NUMBER}", limit=10, wait_seconds=1))

    (event,) = delivery.events
    assert opens(here, fresh, event)
    await bus.ack([delivery])
    assert await bus.take(f"orders.{NUMBER}", limit=10, wait_seconds=0.2) == []


async def lies_at_the_broker(here: Ground) -> None:
    """Return once a message lies in the organisation's queue."""
    async with await aio_pika.connect(here.engine.settings.required("amqp_url")) as connection:
        channel = await connection.channel()
        async with asyncio.timeout(15):
            while True:
                found = await channel.declare_queue(f"orders.{NUMBER}", passive=True)
                if found.declaration_result.message_count:
                    return
                await asyncio.sleep(0.05)


async def test_subscriptions_are_added_by_approval_and_ended_at_once(office: People) -> None:
    more = {"subscriptions": [{"slug": "move.electricity", "area": "131016"}]}
    drafted = await office.representative.say("POST", "/v1/organisation/subscriptions", more)
    before = (await office.representative.get("/v1/organisation/subscriptions"))["subscriptions"]
    await office.sign(drafted["id"])
    await office.decide(drafted["id"])
    during = (await office.representative.get("/v1/organisation/subscriptions"))["subscriptions"]
    await office.representative.say("DELETE", "/v1/organisation/subscriptions/move.electricity")
    after = (await office.representative.get("/v1/organisation/subscriptions"))["subscriptions"]

    assert [[one["area"] for one in some] for some in (before, during, after)] == [
        [None],
        [None, "131016"],
        ["131016"],
    ]


async def test_only_a_representative_may_and_says_which_organisation_if_there_are_several(
    office: People,
) -> None:
    stranger = office.here.citizen()
    await stranger.sign_in()
    person = await office.person(office.representative)

    assert await refused(stranger.get("/v1/organisation/keys")) == (403, "not-allowed-representative")
    await office.here.engine.gate.grant(person, f"organisation:{NhkSimulator.number}", by="host:test")
    assert await refused(office.representative.get("/v1/organisation/keys")) == (
        400,
        "ambiguous-organisation",
    )


async def test_a_representative_is_invited_once_and_taken_away_when_they_leave(office: People) -> None:
    colleague, stranger = office.here.citizen(), office.here.citizen()
    await colleague.sign_in()
    first, second = await office.person(office.representative), await office.person(colleague)
    path = "/v1/organisation/representatives"
    invited = await office.representative.say("POST", "/v1/organisation/invitations")

    joined = await colleague.say("POST", "/v1/organisations/invitations", {"code": invited["code"]})
    used = await refused(stranger.say("POST", "/v1/organisations/invitations", {"code": invited["code"]}))
    listed = [one["person"] for one in (await colleague.get(path))["representatives"]]
    last = await office.representative.say("POST", "/v1/organisation/invitations")
    await colleague.say("DELETE", f"{path}/{first}")

    assert joined == {"number": NUMBER}
    assert used == (404, "no-such-invitation")
    assert listed == [str(first), str(second)]
    assert await refused(office.representative.get(path)) == (403, "not-allowed-representative")
    gone = stranger.say("POST", "/v1/organisations/invitations", {"code": last["code"]})
    assert await refused(gone) == (404, "no-such-invitation")  # whoever left invites nobody
    assert await refused(colleague.say("DELETE", f"{path}/{second}")) == (409, "illegal-last-representative")
    removal = f"/v1/operator/organisations/{NUMBER}/representatives/{second}/removal"
    await office.operator.say("POST", removal, {"reason": "退職の届出を確認した"})
    assert await refused(colleague.get(path)) == (403, "not-allowed-representative")
