# SPDX-License-Identifier: Apache-2.0
"""The roles of a distributed Todoke, each a process of its own, as many of each as needed; and `up`."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

import click

from engine.local.heartbeat import beating
from engine.settings import Settings
from engine.telemetry import log_to_stderr

if TYPE_CHECKING:
    from engine.bootstrap import Engine


def register(group: click.Group) -> None:
    """Add the commands."""
    for command in (up, serve, work, relay, post, push, migrate):
        group.add_command(command)


@click.command()
def up() -> None:
    """Serve an embedded Todoke with simulated organisations until Ctrl-C."""
    from engine.embedded import embedded  # noqa: PLC0415 - everything, and only here

    settings = Settings.load(**({} if "TODOKE_PROFILE" in os.environ else {"profile": "demo"}))
    log_to_stderr(settings.log)

    async def serving() -> None:
        async with embedded(settings) as engine:
            click.echo(f"Todoke answers at {settings.origin} ({settings.profile.value})")
            click.echo(f"API: {settings.origin}/v1/openapi.json   stop: Ctrl-C or ./todoke down")
            if settings.profile.value != "production":
                click.echo(
                    "SIMULATION: nothing is filed anywhere. シミュレーションです。何も届け出られません。"
                )
            await asyncio.Event().wait()
            del engine

    until_told(serving())


@click.command()
def serve() -> None:
    """Role: answer the web, for people and for organisations that pull."""
    _role(lambda engine: engine.serve())


@click.command()
def work() -> None:
    """Role: take replies from the bus, and wake cases at their instants."""
    _role(lambda engine: engine.work())


@click.command()
def relay() -> None:
    """Role: publish what a process that died left in the outbox."""
    _role(lambda engine: engine.relay.run())


@click.command()
def post() -> None:
    """Role: put letters into their electronic PO boxes."""
    _role(lambda engine: engine.deliver())


@click.command()
def push() -> None:
    """Role: bring orders to organisations that take them by webhook."""
    _role(lambda engine: engine.push())


@click.command()
def migrate() -> None:
    """Bring the database, and the broker where there is one, to this version."""
    from engine.store.migrate import migrate as bring  # noqa: PLC0415

    settings = Settings.load()

    async def bringing() -> None:
        for name in await bring(settings.required("database_url")):
            click.echo(f"applied {name}")
        if settings.bus == "rabbitmq":
            await _declare(settings)

    asyncio.run(bringing())


async def _declare(settings: Settings) -> None:
    """Declare exchanges, queues and policies, and the queue and user of every organisation on AMQP."""
    from engine.broker_users import declare_broker  # noqa: PLC0415

    for line in await declare_broker(settings):
        click.echo(line)


_Kept = Callable[["Engine"], Awaitable[None]]


def _role(keep_running: _Kept) -> None:
    from engine.bootstrap import open_engine  # noqa: PLC0415 - heavy, and only where it is needed

    settings = Settings.load()
    log_to_stderr(settings.log)

    async def running() -> None:
        async with (
            open_engine(settings) as engine,
            beating(settings.heartbeat, engine.probes),
        ):
            await keep_running(engine)

    until_told(running())


def until_told(work_: Coroutine[Any, Any, None]) -> None:
    """Run until it ends, or SIGTERM or SIGINT comes; then let it end in good order."""

    async def main() -> None:
        task = asyncio.ensure_future(work_)
        loop = asyncio.get_running_loop()
        for number in _ENDINGS:
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            return

    asyncio.run(main())


_ENDINGS: Final = (signal.SIGTERM, signal.SIGINT)
