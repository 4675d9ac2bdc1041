# SPDX-License-Identifier: Apache-2.0
"""The simulated certification authority (見本) as a program: OCSP, CRLs and time stamps on the loopback.

At the same port stands the simulated provider of デジタル認証アプリ, with the card of this rehearsal.
"""

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

    from connectors.simulators.digital_app import CLIENT, Client, DigitalApp, app_of  # noqa: PLC0415
    from connectors.simulators.jpki import JpkiWorld, SoftwareCard  # noqa: PLC0415
    from engine.identity.provider import App  # noqa: PLC0415
    from engine.keys import app_pair  # noqa: PLC0415

    settings = Settings.load()
    if settings.profile is Profile.PRODUCTION:
        raise EngineError("invalid-settings", reason="the test authority does not run in production")
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    world = JpkiWorld(clock, state=settings.state / "jpki")
    provider = DigitalApp(world, base=f"http://127.0.0.1:{port}")
    app = App(provider.described(settings.origin), *app_pair(settings))
    provider.register(Client(CLIENT, app.public_keys(), (app.provider.redirect_uri,)))
    both = world.app()
    app_of(provider, lambda: SoftwareCard.load(settings.state / "card.json"), both)
    web.run_app(both, host="127.0.0.1", port=port, print=None)
