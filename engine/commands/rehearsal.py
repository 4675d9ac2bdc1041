# SPDX-License-Identifier: Apache-2.0
"""Before a rehearsal with processes of one's own: who is believed, and who takes part.

`demo` and `up` do the same by themselves; `docker-compose.yml` runs this once, in its profile `demo`.
"""

import asyncio
from typing import Literal

import click

from engine.clock import SimulatedClock, SystemClock
from engine.core.errors import EngineError
from engine.settings import Profile, Settings


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(rehearsal)


@click.command()
@click.option("--jpki-port", type=click.IntRange(1, 65535), default=8090, show_default=True)
@click.option("--channel", type=click.Choice(["pull", "amqp"]), default="pull", show_default=True)
def rehearsal(*, jpki_port: int, channel: Literal["pull", "amqp"]) -> None:
    """Believe the test authority, and register the simulated organisations."""
    settings = Settings.load()
    if settings.profile is Profile.PRODUCTION:
        raise EngineError("invalid-settings", reason="nothing is rehearsed in production")
    asyncio.run(_prepare(settings, jpki_port, channel))


async def _prepare(settings: Settings, jpki_port: int, channel: Literal["pull", "amqp"]) -> None:
    # Everything that the simulators need, and only here.
    from connectors.sdk.keys import OwnKeys  # noqa: PLC0415
    from connectors.simulators.catalogue import SIMULATORS, registration  # noqa: PLC0415
    from connectors.simulators.jpki import JpkiWorld  # noqa: PLC0415
    from engine.identity import trust  # noqa: PLC0415
    from engine.registry.seed import seed  # noqa: PLC0415
    from engine.registry.store import PostgresRegistryStore  # noqa: PLC0415
    from engine.store.pool import open_pool  # noqa: PLC0415

    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    world = await asyncio.to_thread(JpkiWorld, clock, state=settings.state / "jpki")
    place = settings.trust or settings.state / "trust"
    trust.write(place, world.trust(f"http://127.0.0.1:{jpki_port}"))
    click.echo(f"trusting the test authority: {place}")
    known = [
        registration(
            simulated.connector, OwnKeys.kept_in(settings.state / "connectors" / name), channel=channel
        )
        for name, simulated in SIMULATORS.items()
    ]
    pool = await open_pool(settings.required("database_url"))
    try:
        await seed(PostgresRegistryStore(pool), known, clock=clock)
    finally:
        await pool.close()
    click.echo(f"registered: {', '.join(SIMULATORS)}")
