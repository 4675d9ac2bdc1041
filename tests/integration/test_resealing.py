# SPDX-License-Identifier: Apache-2.0
"""A key is lost while several orders of one filing wait: the organisation still learns everything."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.envelope import Opened, open_order
from engine.border.jwk import exported, thumbprint
from engine.border.sealing import Opener
from engine.core import messages as m
from engine.registry.model import OrganisationKey
from tests.integration.citizen_ground import ELECTRICITY, POWER_NUMBER, Desk, desk

PHONE, ANOTHER = "0143-00-9999", "0143-00-8888"


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


async def waiting(office: Desk) -> list[bytes]:
    found = await office.here.engine.feed.orders(POWER_NUMBER, after=0, limit=100, wait_seconds=0)
    return [one.event for one in found]


async def ids(office: Desk) -> list[str]:
    return [str(json.loads(event)["id"]) for event in await waiting(office)]


async def take(office: Desk) -> None:
    """Let the organisation have everything that waits."""
    engine = office.here.engine
    await engine.store.acknowledge_pulled(POWER_NUMBER, await ids(office), at=engine.clock.now())


async def lose_the_key(office: Desk) -> list[Opened]:
    """Revoke the organisation's key and register another; return what can be opened with that."""
    engine = office.here.engine
    now = engine.clock.now()
    lost = [one for one in await engine.registry.keys(POWER_NUMBER) if one.use == "enc"]
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = exported(key.public_key(), use="enc")
    until = now + timedelta(days=9)
    fresh = OrganisationKey.registered(POWER_NUMBER, jwk, use="enc", not_before=now, not_after=until)
    await engine.registry.add_keys([fresh])
    for one in lost:
        await engine.registry.revoke_key(POWER_NUMBER, one.kid, at=now)
    engine.directories.look_again()
    await engine.resealing.run_once(settled_after=timedelta())
    opener = Opener({thumbprint(key.public_key()): key}, lambda *_: engine.keys.signing.public_key())
    return [open_order(event, opener) for event in await waiting(office)]


def kinds(orders: list[Opened]) -> list[str]:
    return [one.event.type.split(".")[3] for one in orders]


def known(orders: list[Opened]) -> dict[str, Any]:
    """Return what somebody knows who takes these orders one after the other."""
    fields: dict[str, Any] = {}
    for one in orders:
        fields |= getattr(one.payload, "fields", {})
    return fields


async def test_no_correction_is_lost_with_the_key_it_was_sealed_for(office: Desk) -> None:
    await office.correct(phone=PHONE)
    address = office.told["newAddress"] | {"line": "一番町2番2号"}
    await office.correct(newAddress=address)
    before = await ids(office)

    after = await lose_the_key(office)

    assert [one.event.id for one in after] == before
    assert kinds(after) == ["submit", "amend", "amend"]
    assert [one.event.sequence for one in after] == [1, 2, 3]
    assert (known(after)["phone"], known(after)["newAddress"]["line"]) == (PHONE, address["line"])


async def test_what_was_corrected_twice_is_said_once_and_as_it_is_now(office: Desk) -> None:
    await office.correct(phone=PHONE)
    await office.correct(phone=ANOTHER)

    after = await lose_the_key(office)

    assert kinds(after) == ["submit", "amend"]
    assert known(after)["phone"] == ANOTHER


async def test_an_answer_is_not_lost_behind_the_correction_that_followed_it(office: Desk) -> None:
    await take(office)
    text = {"ja": "何階ですか", "en": "Floor?"}
    await office.replies(ELECTRICITY, m.Asked, question="q1", text=text, schema={"type": "string"})
    filing = UUID((await office.filing(ELECTRICITY))["id"])
    await office.hear(m.Answer(UUID(office.case_id), filing, "q1", "二階"))
    await office.correct(phone=PHONE)

    after = await lose_the_key(office)

    assert kinds(after) == ["answer", "amend"]
    assert known(after)["phone"] == PHONE


async def test_a_withdrawal_is_all_that_is_said_again(office: Desk) -> None:
    await office.correct(phone=PHONE)
    await take(office)
    await office.call_off()

    assert kinds(await lose_the_key(office)) == ["withdraw"]
