# SPDX-License-Identifier: Apache-2.0
"""The simulated certification authority (見本) as a program: OCSP, CRLs and time stamps on the loopback."""

import click

from engine.clock import SimulatedClock, SystemClock
from engine.core.errors import EngineError
from engine.settings import Profile, Settings


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(jpki)


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="On 127.0.0.1.")
def jpki(*, port: int) -> None:
    """Run the test authority (JPKI simulator) for rehearsals with synthetic people."""
    from aiohttp import web  # noqa: PLC0415

    from connectors.simulators.jpki import JpkiWorld  # noqa: PLC0415

    settings = Settings.load()
    if settings.profile is Profile.PRODUCTION:
        raise EngineError("invalid-settings", reason="the test authority does not run in production")
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    world = JpkiWorld(clock, state=settings.state / "jpki")
    web.run_app(world.app(), host="127.0.0.1", port=port, print=None)
