# SPDX-License-Identifier: Apache-2.0
"""Operators drain, hold, open, drive and limit the way to one organisation, and it is recorded."""

from datetime import time
from uuid import UUID

import pytest

from connectors.government.muroran_city import MuroranCitySimulator
from engine.border.wire import Title
from engine.core.errors import EngineError
from engine.ports import Health, Limits
from engine.registry.model import Channel, Kind, Organisation, State
from engine.runtime.operator_views import ACTS
from engine.runtime.record import Act
from tests.unit.border_desk import NOW
from tests.unit.control_office import ControlOffice

CITY = MuroranCitySimulator.number


def act(key: str = "k-1") -> Act:
    return Act(UUID(int=7), key, key.encode().ljust(32), "電話で確認した")


@pytest.fixture
async def office() -> ControlOffice:
    made = ControlOffice()
    name = Title(ja="室蘭市", en="Muroran")
    await made.registry.put(
        [Organisation(number=CITY, name=name, kind=Kind.MUNICIPALITY, channel=Channel.PULL)]
    )
    return made


async def state(office: ControlOffice) -> State:
    known = await office.registry.organisation(CITY)
    assert known
    return known.state


async def test_draining_keeps_new_filings_away_and_opening_lets_them_in_again(office: ControlOffice) -> None:
    drained, _ = await office.lane_desk.switch(act(), CITY, "draining")
    while_drained = await state(office)
    opened, _ = await office.lane_desk.switch(act("k-2"), CITY, "open")

    assert (drained.mode, drained.standing) == ("draining", "draining")
    assert while_drained is State.PAUSED
    assert (opened.mode, opened.standing, await state(office)) == ("open", "well", State.ACTIVE)


async def test_a_repetition_does_not_undo_what_was_done_since(office: ControlOffice) -> None:
    await office.lane_desk.switch(act(), CITY, "held")
    await office.lane_desk.switch(act("k-2"), CITY, "open")

    view, replayed = await office.lane_desk.switch(act(), CITY, "held")

    assert (view.mode, replayed) == ("open", True)


@pytest.mark.parametrize(
    ("health", "standing"),
    [
        (Health(), "well"),
        (Health(circuit="open", failing_since=NOW), "open"),
        (Health(circuit="thawing", failing_since=NOW), "thawing"),
        (Health(stopped_at=NOW, circuit="open"), "gone"),
    ],
)
async def test_how_the_way_stands_is_one_word(office: ControlOffice, health: Health, standing: str) -> None:
    await office.lanes.note(CITY, health)

    view = await office.lane_desk.lane(CITY)

    assert view.standing == standing
    assert view.standing_text.ja


async def test_driving_makes_a_new_beginning_and_limits_stay(office: ControlOffice) -> None:
    await office.lanes.note(CITY, Health(stopped_at=NOW))
    limits = Limits(rate=2, concurrency=1, opens=time(9), closes=time(17))

    await office.lane_desk.limit(act(), CITY, limits)
    view, _ = await office.lane_desk.drive(act("k-2"), CITY)

    assert (view.standing, view.rate, view.concurrency, view.opens) == ("well", 2, 1, time(9))


async def test_each_act_is_in_the_record_with_words_for_it(office: ControlOffice) -> None:
    await office.lane_desk.switch(act("1"), CITY, "held")
    await office.lane_desk.switch(act("2"), CITY, "draining")
    await office.lane_desk.switch(act("3"), CITY, "open")
    await office.lane_desk.drive(act("4"), CITY)
    await office.lane_desk.limit(act("5"), CITY, Limits())

    acts = [row.entry.act for row in await office.operators.audit(after=0, limit=10)]

    assert acts == ["lane-held", "lane-draining", "lane-open", "lane-driven", "lane-limited"]
    assert set(acts) <= set(ACTS)


async def test_nobody_knows_an_organisation_that_is_none(office: ControlOffice) -> None:
    with pytest.raises(EngineError, match="no-such-organisation"):
        await office.lane_desk.drive(act(), "9010001034994")
