# SPDX-License-Identifier: Apache-2.0
"""The main promise: a household tells its move once, and everything that follows comes true, however Todoke runs."""

from pathlib import Path

from tests.journeys.promises import check_all
from tests.journeys.worlds import distributed, embedded
from tests.services import Broker


async def test_a_move_told_once_is_carried_out_once_by_everybody_on_one_machine(place: Path) -> None:
    async with embedded(place) as world:
        story = await world.household()

        await check_all(world, story)
        assert world.processes.stop() == {}


async def test_a_move_told_once_is_carried_out_once_when_every_role_is_its_own_process(
    place: Path, postgres_dsn: str, rabbitmq: Broker
) -> None:
    async with distributed(place, postgres_dsn, rabbitmq) as world:
        story = await world.household()

        await check_all(world, story)
        assert world.processes.stop() == {}
