# SPDX-License-Identifier: Apache-2.0
"""Killed without a word at any moment, the same case goes on: nothing is lost, nothing happens twice."""

import asyncio
from pathlib import Path

from tests.journeys import promises
from tests.journeys.demonstrations import killed_at, laid, resumed_to_its_end
from tests.journeys.household import Hook
from tests.journeys.worlds import distributed
from tests.services import Broker


async def test_a_demonstration_killed_twice_is_resumed_to_its_end(place: Path) -> None:
    out = laid(place)

    # The plan is signed; NHK's refusal is being corrected, or the calendar was turned before.
    for moment in ("signed it", "corrected and filed again|PO box"):
        await killed_at(moment, place, out)

    await resumed_to_its_end(place, out)


async def test_a_case_goes_on_when_the_web_a_worker_and_a_connector_are_killed(
    place: Path, postgres_dsn: str, rabbitmq: Broker
) -> None:
    async with distributed(place, postgres_dsn, rabbitmq) as world:

        def killed(*names: str) -> Hook:
            async def hook() -> None:
                for name in names:
                    await asyncio.to_thread(world.processes.kill, name)
                for name in names:
                    world.processes.again(name)

            return hook

        # The orders are on their way; a correction was just taken, perhaps not yet sent; a case is woken.
        story = await world.household(
            {
                "confirmed": killed("work", "muroran-city"),
                "corrected": killed("serve", "nhk-simulator"),
                "answered": killed("mihon-power"),
                "moved": killed("work", "post"),
            }
        )

        await promises.check_all(world, story)
        world.processes.check_alive()
