# SPDX-License-Identifier: Apache-2.0
"""An organisation learns with what its webhooks are signed, and changes it."""

import asyncio
from datetime import timedelta

import pytest

from connectors.channels.secrets import ROTATION
from connectors.government.muroran_city import MuroranCitySimulator
from engine.border.wire import Title
from engine.core.errors import EngineError
from engine.ports import Health, Lane
from engine.registry.model import Channel, Kind, Organisation
from tests.unit.border_desk import NOW
from tests.unit.control_office import ControlOffice

CITY = MuroranCitySimulator.number


@pytest.fixture
async def office() -> ControlOffice:
    made = ControlOffice()
    await made.registry.put(
        [
            Organisation(
                number=CITY,
                name=Title(ja="室蘭市", en="Muroran"),
                kind=Kind.MUNICIPALITY,
                channel=Channel.WEBHOOK,
                endpoint="https://muroran.example/todoke",
            )
        ]
    )
    return made


async def test_the_organisation_learns_its_secret_and_our_key(office: ControlOffice) -> None:
    await office.lanes.note(CITY, Health(failing_since=NOW, last_status="500"))

    view = await office.webhook_desk.webhook(CITY)

    assert view.endpoint == "https://muroran.example/todoke"
    assert view.secret.startswith("whsec_")
    assert view.public_key.startswith("whpk_")
    assert (view.not_answering_since, view.last_status, view.also_until) == (NOW, "500", None)


async def test_a_new_secret_is_another_one_and_the_next_has_to_wait(office: ControlOffice) -> None:
    before = await office.webhook_desk.webhook(CITY)

    after = await office.webhook_desk.change_secret(CITY)
    with pytest.raises(EngineError, match="already-changing-secret"):
        await office.webhook_desk.change_secret(CITY)
    office.border.clock.move(ROTATION + timedelta(seconds=1))
    last = await office.webhook_desk.change_secret(CITY)

    assert len({before.secret, after.secret, last.secret}) == 3
    assert after.also_until == NOW + ROTATION


async def test_of_two_who_ask_at_once_one_is_told_to_wait(
    office: ControlOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes, read = office.lanes, asyncio.Barrier(2)
    lane_of = lanes.lane

    async def both_read(number: str) -> Lane:
        found = await lane_of(number)
        if found.secret_generation == 1:
            await read.wait()
        return found

    monkeypatch.setattr(lanes, "lane", both_read)

    ended = await asyncio.gather(
        *(office.webhook_desk.change_secret(CITY) for _ in range(2)), return_exceptions=True
    )

    (refused,) = [one for one in ended if isinstance(one, EngineError)]
    assert refused.code == "already-changing-secret"
    assert (await lane_of(CITY)).secret_generation == 2


async def test_who_is_on_another_channel_has_no_secret(office: ControlOffice) -> None:
    with pytest.raises(EngineError, match="not-on-webhook"):
        await office.webhook_desk.webhook("9010001034994")
