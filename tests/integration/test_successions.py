# SPDX-License-Identifier: Apache-2.0
"""One organisation carries on another (合併): what waits, what is under way, what was said, and what comes later."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.border.payloads import ReplyCompleted
from engine.client import CitizenClient, Refusal
from engine.core.errors import EngineError
from tests.integration.agents_ground import (
    ANOTHER,
    ELECTRICITY,
    NHK,
    POWER,
    TELEVISION,
    VENDOR,
    Town,
    kinds,
    moved_household,
    town,
)

HEIR = ANOTHER  # what NHK and the power company were, the gas company is


@pytest.fixture
async def one(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(postgres_dsn, tmp_path) as found:
        yield found


async def operator_of(one: Town) -> CitizenClient:
    operator = one.here.citizen()
    await operator.sign_in()
    person = (await one.here.engine.gate.session(operator._token or "")).person
    await one.here.engine.gate.grant_operator(person, by="host:test")
    return operator


async def declared(one: Town, predecessor: str, *, days: int = 30, to: str = HEIR.number) -> dict[str, Any]:
    operator = await operator_of(one)
    said: dict[str, Any] = await operator.say(
        "POST",
        f"/v1/operator/organisations/{predecessor}/succession",
        {"successor": to, "overlapDays": days, "reason": "合併の公告を確認した"},
    )
    return said


async def overlap_is_over(one: Town, predecessor: str) -> None:
    """Let the overlap and the predecessor's keys end now, as their days would."""
    pool = one.here.engine.pool
    await pool.execute(
        "update engine.successions set overlap_until = clock_timestamp() where predecessor = $1", predecessor
    )
    await pool.execute(
        "update engine.organisation_keys set not_after = clock_timestamp() where number = $1", predecessor
    )
    await pool.execute("update engine.registry_version set version = version + 1")
    one.here.engine.directories.look_again()


async def test_what_nobody_has_fetched_goes_along_and_the_citizen_reads_the_new_name(one: Town) -> None:
    (before,) = await one.orders(POWER)

    said = await declared(one, POWER.number)
    (after,) = await one.orders(HEIR)

    assert await one.lying(POWER) == []
    assert (after.event.id, after.event.subject) == (before.event.id, before.event.subject)
    assert after.event.type == before.event.type  # it takes it as its own
    assert said["predecessor"]["name"]["ja"] == f"{HEIR.name.ja}（旧 {POWER.name.ja}）"
    assert (await one.says(HEIR, after)).outcome == "applied"
    filing = await one.filing(ELECTRICITY)
    assert filing["receiver"]["ja"] == f"{HEIR.name.ja}（旧 {POWER.name.ja}）"
    assert await one.settled() == 0


async def test_what_was_fetched_is_answered_by_either_and_goes_along_when_the_overlap_ends(
    one: Town,
) -> None:
    (order,) = await one.takes(POWER)
    await declared(one, POWER.number)
    assert await one.orders(HEIR) == []  # the predecessor has it: nobody is given it twice
    assert (await one.says(POWER, order)).outcome == "applied"

    await overlap_is_over(one, POWER.number)
    assert (await one.says(POWER, order)).code == "seal-unknown-signer"  # its keys have ended
    assert await one.settled() == 1
    (along,) = await one.takes(HEIR)

    assert along.event.id == order.event.id
    assert await one.settled() == 0
    done = ReplyCompleted(order_id=order.event.id, receipt="済1")
    assert (await one.says(HEIR, along, done)).outcome == "applied"
    assert (await one.filing(ELECTRICITY))["state"] == "completed"


async def test_what_is_answered_by_the_predecessor_is_given_to_nobody_again(one: Town) -> None:
    (order,) = await one.takes(POWER)
    done = ReplyCompleted(order_id=order.event.id, receipt="済1")
    await declared(one, POWER.number)

    assert (await one.says(POWER, order, done)).outcome == "applied"
    await overlap_is_over(one, POWER.number)

    assert await one.settled() == 0
    assert (await one.orders(POWER), await one.orders(HEIR)) == ([], [])


async def test_a_correction_reaches_the_successor_with_what_it_corrects(one: Town) -> None:
    await one.takes(POWER)
    await declared(one, POWER.number)

    await one.corrects(phone="0143-00-9999")

    assert kinds(await one.orders(HEIR)) == ["submit", "amend"]
    assert await one.lying(POWER) == []


async def test_plans_made_later_name_the_successor(one: Town) -> None:
    await declared(one, NHK.number)

    later = await moved_household(one.here)

    directory = await one.here.engine.directories.current()
    receiver = directory.receiver(TELEVISION, "131016")
    assert receiver is not None
    assert receiver.number == HEIR.number
    assert await one.here.engine.registry.subscriptions(NHK.number) == []
    assert later.case_id != one.case_id


async def test_several_become_one_and_one_becomes_another(one: Town) -> None:
    await one.here.engine.agents.grants(NHK.number)
    await declared(one, NHK.number, to=POWER.number)
    await declared(one, POWER.number)

    orders = await one.orders(HEIR)

    assert len(orders) == 2
    assert len({order.event.subject for order in orders}) == 2
    for order in orders:
        assert (await one.says(HEIR, order)).outcome == "applied"


async def test_an_agent_of_the_predecessor_goes_on_until_the_grant_ends(one: Town) -> None:
    grant = await one.entrusts(POWER, ELECTRICITY)
    await declared(one, POWER.number)

    (order,) = await one.takes(VENDOR)
    assert (await one.says(VENDOR, order)).outcome == "applied"
    await one.ends(HEIR, grant)  # the successor may end what its predecessor granted

    assert (await one.says(VENDOR, order)).code == "ended-grant"
    assert [again.event.id for again in await one.orders(HEIR)] == [order.event.id]


async def test_only_the_register_or_an_operator_says_who_carries_on(one: Town) -> None:
    client = await one.speaks_for(HEIR)
    body = {"predecessor": POWER.number}
    with pytest.raises(Refusal) as caught:
        await client.say("POST", "/v1/organisation/successions", body)
    assert caught.value.code in {"invalid-succession", "no-such-corporation"}

    await declared(one, POWER.number)

    with pytest.raises(Refusal, match="already-succeeded"):
        await declared(one, POWER.number, to=NHK.number)
    with pytest.raises(Refusal, match="illegal-succession"):
        await declared(one, HEIR.number, to=POWER.number)
    former = await one.speaks_for(POWER)
    proofs = one.here.keys(VENDOR).proofs(
        number=POWER.number, audience=one.here.engine.settings.origin, now=one.here.engine.clock.now()
    )
    with pytest.raises(Refusal, match="already-succeeded"):
        await former.say("POST", "/v1/organisation/keys", proofs[0])


async def test_whom_the_published_register_names_says_so_without_an_operator(one: Town) -> None:
    class Former(type(HEIR)):  # type: ignore[misc] # in the extract it was merged into the other
        number = "5999999000004"

    class Successor(type(HEIR)):  # type: ignore[misc] # as above
        number = "4999999000005"

    await one.here.register(Former(), Successor())
    one.here.engine.directories.look_again()
    client = await one.speaks_for(Successor())

    said = await client.say("POST", "/v1/organisation/successions", {"predecessor": Former.number})

    assert [said[who]["number"] for who in ("predecessor", "successor")] == [Former.number, Successor.number]
    one.here.engine.directories.look_again()
    assert (await one.here.engine.directories.current()).acting.heir(Former.number) == Successor.number


async def test_keys_of_the_predecessor_end_with_the_overlap(one: Town) -> None:
    await declared(one, POWER.number, days=3)

    until = one.here.engine.clock.now() + timedelta(days=3, minutes=1)
    keys = await one.here.engine.registry.keys(POWER.number)

    assert keys
    assert all(key.not_after <= until for key in keys)
    with pytest.raises(EngineError, match="no-such-organisation"):
        await one.here.engine.registry.pause("1234567890123")
