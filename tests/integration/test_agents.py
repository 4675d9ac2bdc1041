# SPDX-License-Identifier: Apache-2.0
"""A vendor acts for organisations that entrust it: what it is given, what it may say, and what ends with the grant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.border.payloads import ReplyAsked, ReplyCompleted
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.client import Refusal
from engine.runtime.key_desk import Asker
from tests.integration.agents_ground import (
    ANOTHER,
    ELECTRICITY,
    NHK,
    POWER,
    TELEVISION,
    VENDOR,
    Town,
    for_whom,
    kinds,
    town,
)
from tests.services import Broker


@pytest.fixture
async def one(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(postgres_dsn, tmp_path) as found:
        yield found


async def test_what_waits_goes_to_the_agent_and_says_for_whom(one: Town) -> None:
    before = {order.event.id for who in (POWER, NHK) for order in await one.orders(who)}
    offered = await one.offers(POWER, ELECTRICITY)
    assert offered["state"] == "offered"
    assert "25条" in offered["law"]["ja"]
    assert "name" in {field["name"] for field in offered["procedures"][0]["fields"]}
    assert await one.orders(VENDOR) == []  # nobody has accepted it

    await (await one.speaks_for(VENDOR)).say("POST", f"/v1/organisation/grants/{offered['id']}/acceptance")
    await one.entrusts(NHK, TELEVISION)
    given = await one.orders(VENDOR)

    assert (await one.orders(POWER), await one.orders(NHK)) == ([], [])
    assert {order.event.id for order in given} == before
    assert {for_whom(order) for order in given} == {POWER.number, NHK.number}
    assert len({order.event.subject for order in given}) == 2  # one citizen, two organisations, two names
    assert await one.settled() == 0  # once more gives nothing twice


async def test_the_agent_answers_and_the_citizen_reads_through_whom(one: Town) -> None:
    await one.entrusts(POWER, ELECTRICITY)
    (order,) = await one.takes(VENDOR)

    said = await one.says(VENDOR, order)

    assert (said.outcome, said.code) == ("applied", None)
    filing = await one.filing(ELECTRICITY)
    assert (filing["state"], filing["receipt"]) == ("received", "受1")
    assert filing["receiver"]["ja"].endswith("（見本受託株式会社が受託）")
    told = (await one.citizen.get(f"/v1/cases/{one.case_id}/disclosures"))["disclosures"]
    through = {row["organisation"]: [name["ja"] for name in row["through"]] for row in told}
    assert through[POWER.number] == ["見本受託株式会社"]
    assert through[NHK.number] == []
    # what it carried is in the record of both
    engine = one.here.engine
    for number in (POWER.number, VENDOR.number):
        (line,), _ = await engine.own_view.deliveries(number, after=None, limit=9)
        assert (line.order_id, line.answered_by) == (order.event.id, "received")


async def test_nobody_answers_without_a_grant_of_that_procedure(one: Town) -> None:
    (power,), (nhk,) = await one.orders(POWER), await one.orders(NHK)
    assert (await one.says(VENDOR, power)).code == "not-your-reference"
    await one.offers(NHK, TELEVISION)
    assert (await one.says(VENDOR, nhk)).code == "not-your-reference"  # offered is not granted

    await one.entrusts(POWER, ELECTRICITY)

    assert (await one.says(VENDOR, nhk)).code == "not-your-reference"
    assert (await one.says(ANOTHER, power)).code == "not-your-reference"  # another agent's business
    assert (await one.says(NHK, power)).code == "not-your-reference"
    assert (await one.says(VENDOR, power)).outcome == "applied"
    assert (await one.says(POWER, power)).code == "stale-reply"  # its own organisation may speak, too late


async def test_a_procedure_outside_of_the_grant_stays_with_its_organisation(one: Town) -> None:
    await one.here.engine.registry.subscribe(
        [
            subscription.model_copy(update={"slug": "move.gas"})
            for subscription in await one.here.engine.registry.subscriptions(POWER.number)
        ]
    )
    await one.entrusts(POWER, "move.gas")

    (order,) = await one.orders(POWER)

    assert for_whom(order) is None
    assert (await one.says(VENDOR, order)).code == "not-in-grant"


async def test_the_end_takes_everything_back_at_once(one: Town) -> None:
    grant = await one.entrusts(POWER, ELECTRICITY)
    await one.entrusts(NHK, TELEVISION)
    orders = await one.takes(VENDOR)
    power = next(order for order in orders if for_whom(order) == POWER.number)
    nhk = next(order for order in orders if for_whom(order) == NHK.number)
    assert (await one.says(VENDOR, power)).outcome == "applied"

    ended = await one.ends(POWER, grant)

    assert (ended["state"], ended["endedBecause"]) == ("ended", "ended")
    assert (await one.says(VENDOR, power)).code == "ended-grant"
    (back,) = await one.orders(POWER)  # sealed for its own key now, the same order
    assert (back.event.id, for_whom(back)) == (power.event.id, None)
    # the agent is asked to delete it, and cannot have it offered again
    engine = one.here.engine
    notices, _ = await engine.own_view.deletions(VENDOR.number, after=None, limit=9)
    assert [(line.reference, line.because) for line in notices] == [(power.event.subject, "grant-ended")]
    asker, long_ago = Asker("test", VENDOR.number), datetime(2020, 1, 1, tzinfo=UTC)
    assert await engine.own_view.again(asker, since=long_ago) == 1
    assert [for_whom(order) for order in await one.orders(VENDOR)] == [NHK.number]
    # what others entrusted goes on
    assert (await one.says(VENDOR, nhk)).outcome == "applied"
    assert await one.settled() == 0


async def test_what_the_agent_had_asked_is_answered_to_the_organisation_with_what_came_before(
    one: Town,
) -> None:
    grant = await one.entrusts(POWER, ELECTRICITY)
    (order,) = await one.takes(VENDOR)

    question = ReplyAsked.model_validate(
        {
            "orderId": order.event.id,
            "questionId": "q1",
            "text": {"ja": "何階ですか", "en": "Which floor?"},
            "answerSchema": {"type": "string", "title": "階"},
            "until": "2099-01-01",
        },
        by_alias=True,
        strict=False,
    )
    assert (await one.says(VENDOR, order, question)).outcome == "applied"

    await one.ends(VENDOR, grant)  # the agent may give up, too
    filing = await one.filing(ELECTRICITY)
    case = await one.citizen.get(f"/v1/cases/{one.case_id}")
    path = f"/v1/cases/{one.case_id}/filings/{filing['id']}/answer"
    await one.citizen.say(
        "POST", path, {"questionId": "q1", "answer": "二階"}, key=str(uuid4()), version=case["version"]
    )

    assert filing["state"] == "asking"
    assert kinds(await one.orders(POWER)) == ["submit", "answer"]


async def test_one_organisation_that_is_paused_holds_up_none_of_the_agents_others(one: Town) -> None:
    await one.entrusts(POWER, ELECTRICITY)
    await one.entrusts(NHK, TELEVISION)
    engine = one.here.engine

    await engine.registry.pause(POWER.number)
    engine.directories.look_again()
    given = await one.orders(VENDOR)

    assert [for_whom(order) for order in given] == [NHK.number]
    lane = await engine.lane_desk.lane(VENDOR.number)
    assert (lane.waiting, lane.waiting_for) == (2, {POWER.number: 1, NHK.number: 1})
    assert (await engine.own_view.backlog(POWER.number)).with_others == {VENDOR.number: 1}
    await engine.registry.resume(POWER.number)
    engine.directories.look_again()
    assert len(await one.orders(VENDOR)) == 2


async def test_who_may_offer_what_to_whom(one: Town) -> None:
    async def refused(**changes: object) -> str:
        body = {"agent": VENDOR.number, "procedures": [{"slug": ELECTRICITY}], "lastOn": "2027-03-31"}
        client = await one.speaks_for(POWER)
        with pytest.raises(Refusal) as caught:
            await client.say("POST", "/v1/organisation/grants", {**body, **changes}, key=str(uuid4()))
        return str(caught.value.code)

    assert await refused(agent=POWER.number) == "invalid-agent"
    assert await refused(agent="8999999000001") == "invalid-agent"
    assert await refused(procedures=[{"slug": TELEVISION}]) == "invalid-grant-scope"
    assert await refused(lastOn="2001-01-01") == "invalid-grant-time"
    assert await refused(lastOn="9999-12-31") == "invalid-grant-time"
    grant = await one.entrusts(POWER, ELECTRICITY)
    assert await refused() == "already-granted"
    strangers = await one.speaks_for(NHK)
    for method, path in (("DELETE", f"grants/{grant}"), ("POST", f"grants/{grant}/acceptance")):
        with pytest.raises(Refusal, match="no-such-grant"):
            await strangers.say(method, f"/v1/organisation/{path}")


async def test_an_operator_sees_and_ends_it(one: Town) -> None:
    grant = await one.entrusts(POWER, ELECTRICITY)
    operator = one.here.citizen()
    await operator.sign_in()
    person = (await one.here.engine.gate.session(operator._token or "")).person
    await one.here.engine.gate.grant_operator(person, by="host:test")

    seen = await operator.get(f"/v1/operator/organisations/{VENDOR.number}/grants")
    await operator.say("POST", f"/v1/operator/grants/{grant}/end", {"reason": "委託契約の解除"})

    assert [row["id"] for row in seen["grants"]] == [grant]
    ended = await one.grant(grant)
    assert (ended.ended_by, ended.ended_because) == (f"operator:{person}", "委託契約の解除")
    acts = await one.here.engine.pool.fetch(
        "select act from engine.audit where organisation = $1 order by at", POWER.number
    )
    assert [row["act"] for row in acts] == ["offer-grant", "accept-grant", "end-grant"]
    assert UUID(grant) == ended.id


async def test_what_lies_at_the_broker_for_one_goes_back_and_the_others_stays(
    postgres_dsn: str, tmp_path: Path, rabbitmq: Broker
) -> None:
    async with (
        BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost) as admin,
        town(postgres_dsn, tmp_path, broker=rabbitmq, channel="amqp") as one,
    ):
        await admin.declare()
        await admin.declare_organisation(VENDOR.number, "secret")
        engine, bus = one.here.engine, AmqpBus(rabbitmq.amqp_url)
        grant = await one.entrusts(POWER, ELECTRICITY)
        await one.entrusts(NHK, TELEVISION)
        await engine.publisher.flush()

        await one.ends(POWER, grant)
        await engine.moves.run_once()
        try:
            deliveries = await bus.take(f"orders.{VENDOR.number}", limit=9, wait_seconds=2)
        finally:
            await bus.close()

        left = [one.opened(VENDOR, event) for delivery in deliveries for event in delivery.events]
        assert [for_whom(order) for order in left] == [NHK.number]
        assert [for_whom(order) for order in await one.orders(POWER)] == [None]


async def test_at_the_broker_too_one_that_is_held_holds_up_no_other(
    postgres_dsn: str, tmp_path: Path, rabbitmq: Broker
) -> None:
    async with (
        BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost) as admin,
        town(postgres_dsn, tmp_path, broker=rabbitmq, channel="amqp") as one,
    ):
        await admin.declare()
        await admin.declare_organisation(VENDOR.number, "secret")
        engine, bus = one.here.engine, AmqpBus(rabbitmq.amqp_url)
        await one.entrusts(POWER, ELECTRICITY)
        await one.entrusts(NHK, TELEVISION)
        await engine.publisher.flush()

        await engine.registry.pause(POWER.number)
        engine.directories.look_again()
        for _ in range(4):
            await engine.moves.run_once()
        try:
            deliveries = await bus.take(f"orders.{VENDOR.number}", limit=9, wait_seconds=2)
        finally:
            await bus.close()

        left = [one.opened(VENDOR, event) for delivery in deliveries for event in delivery.events]
        assert [for_whom(order) for order in left] == [NHK.number]
        assert (await engine.lanes.waiting_for(VENDOR.number)) == {POWER.number: 1}


async def test_a_grant_that_comes_to_its_last_day_ends_by_itself(one: Town) -> None:
    grant = await one.entrusts(POWER, ELECTRICITY)
    (order,) = await one.takes(VENDOR)
    pool = one.here.engine.pool
    await pool.execute(
        "update engine.agent_grants set ends_at = clock_timestamp() where id = $1", UUID(grant)
    )
    await pool.execute("update engine.registry_version set version = version + 1")

    assert (await one.says(VENDOR, order)).code == "ended-grant"
    assert await one.settled() == 1  # nobody had to say anything: the worker sees it

    (back,) = await one.orders(POWER)
    assert back.event.id == order.event.id
    assert (await one.says(POWER, back)).outcome == "applied"
    assert await one.settled() == 0


async def test_a_correction_after_the_end_brings_what_it_corrects(one: Town) -> None:
    grant = await one.entrusts(POWER, ELECTRICITY)
    (order,) = await one.takes(VENDOR)
    done = ReplyCompleted(order_id=order.event.id, receipt="済1")
    assert (await one.says(VENDOR, order, done)).outcome == "applied"
    await one.ends(POWER, grant)
    assert await one.orders(POWER) == []  # what is done is done once

    await one.corrects(phone="0143-00-9999")

    assert kinds(await one.orders(POWER)) == ["submit", "amend"]
    assert await one.orders(VENDOR) == []
