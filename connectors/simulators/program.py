# SPDX-License-Identifier: Apache-2.0
"""Simulated organisations as a program: each with its own keys, ledger, channel, dial and runner."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectors.sdk.amqp import AmqpTransport
from connectors.sdk.keys import OwnKeys
from connectors.sdk.ledger import Ledger
from connectors.sdk.pull import PullTransport
from connectors.sdk.runner import Runner
from connectors.sdk.transport import Transport
from connectors.sdk.webhook import WebhookTransport
from connectors.simulators.behaviour import Behaviour, FaultyLine, WrongClock, dialled
from connectors.simulators.catalogue import Simulated
from engine.bus.tls import BrokerTls
from engine.ports import Clock

Channel = Literal["pull", "amqp", "webhook"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a connector runs: its own directory, and the way to the engine.

    `audience` is the engine's public URL, `engine` the address at which it is reached from here.
    `listen` and `trusted` (secrets and keys of the engine) are for the webhook channel.
    """

    home: Path
    engine: str
    audience: str
    clock: Clock
    channel: Channel = "pull"
    amqp_url: str = ""
    amqp_tls: BrokerTls | None = None
    listen: tuple[str, int] = ("127.0.0.1", 0)
    trusted: tuple[str, ...] = ()


async def run(several: Sequence[tuple[Simulated, Behaviour, Place]]) -> None:
    """Run them side by side until SIGTERM or SIGINT; what has begun is finished first.

    They share a process and nothing else.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        for one in several:
            group.create_task(run_until(stop, *one))


async def run_until(stop: asyncio.Event, simulated: Simulated, behaviour: Behaviour, place: Place) -> None:
    """Run until `stop` is set."""
    connector = dialled(simulated.connector, behaviour)
    clock = WrongClock(place.clock, behaviour)
    keys = OwnKeys.kept_in(place.home)
    ledger = Ledger(place.home / "ledger.sqlite3")
    door = PullTransport(
        place.engine, number=connector.number, keys=keys, clock=clock, audience=place.audience
    )
    transport: Transport = door
    if place.channel == "amqp":
        transport = AmqpTransport(place.amqp_url, number=connector.number, tls=place.amqp_tls)
    if place.channel == "webhook":
        webhook = WebhookTransport(door, trusted=place.trusted, clock=clock)
        port = await webhook.listen(*place.listen)
        log.info("webhook.listening", extra={"number": connector.number, "port": port})
        transport = webhook
    try:
        line = FaultyLine(transport, behaviour)
        runner = Runner(connector, transport=line, door=door, keys=keys, ledger=ledger, clock=clock)
        log.info("connector.started", extra={"number": connector.number, "channel": place.channel})
        await runner.run(stop)
    finally:
        await transport.close()
        await door.close()
        ledger.close()
