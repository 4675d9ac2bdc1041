# SPDX-License-Identifier: Apache-2.0
"""A broker that is killed comes back with everything it had confirmed."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.local.rabbitmq import Rabbit, installed
from engine.ports import BusUnavailable
from tests.integration.amqp_ground import ORDERS, body, eventually, ground, numbers, order
from tests.services import Broker

VHOST = "restarted"


@pytest.fixture
def node() -> Iterator[Rabbit]:
    if not installed():
        pytest.skip("RabbitMQ is missing (apt-get install rabbitmq-server)")
    with tempfile.TemporaryDirectory(prefix="todoke-restart-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        rabbit = Rabbit(Path(directory) / "rabbitmq")
        rabbit.start()
        try:
            yield rabbit
        finally:
            rabbit.stop()


def kill(rabbit: Rabbit) -> None:
    """Kill the node as a power cut does, and wait until the last of it is gone."""
    for pid in rabbit._members("beam"):
        os.kill(pid, signal.SIGKILL)
    rabbit.stop()


@pytest.mark.long
async def test_what_was_confirmed_outlives_the_death_of_the_broker(node: Rabbit) -> None:
    node.vhost(VHOST)
    async with ground(Broker(node.amqp_url_of(VHOST), node.admin_url, VHOST)) as here:
        bus = here.bus()
        await bus.publish([order(1)])
        await bus.publish([order(2)])
        taken = await bus.take(ORDERS, limit=10, wait_seconds=5)
        (first,) = taken[:1]
        await bus.park(first, "refused")

        await asyncio.to_thread(kill, node)
        with pytest.raises(BusUnavailable):
            await bus.publish([order(3)])
        await asyncio.to_thread(node.start)

        came: list[int] = []
        while not came:
            came += numbers(await eventually(lambda: bus.take(ORDERS, limit=10, wait_seconds=5), seconds=60))
        assert came == [2]
        (letter,) = await eventually(lambda: bus.dead_letters(limit=10, wait_seconds=5), seconds=60)
        assert (letter.events, letter.reason) == ((body(1),), "refused")
