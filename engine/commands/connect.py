# SPDX-License-Identifier: Apache-2.0
"""For organisations: `todoke connect NAME` runs a connector; here, one or several of the simulated ones."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from pydantic import ValidationError

from engine.clock import SimulatedClock, SystemClock
from engine.core.errors import EngineError
from engine.settings import Profile, Settings
from engine.telemetry import log_to_stderr

if TYPE_CHECKING:
    from connectors.simulators.behaviour import Behaviour


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(connect)


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--engine", "address", help="Where the engine is reached; without it, TODOKE_PUBLIC_URL.")
@click.option("--channel", type=click.Choice(["pull", "amqp", "webhook"]), default="pull", show_default=True)
@click.option(
    "--listen", default="127.0.0.1:8090", show_default=True, help="Webhook: where orders are brought."
)
@click.option("--endpoint", help="Webhook: the address as the engine sees it, for --registration.")
@click.option("--trust", multiple=True, help="Webhook: whsec_… or whpk_…; as often as there are secrets.")
@click.option(
    "--home", type=click.Path(path_type=Path), help="Where keys and ledger of the one named are kept."
)
@click.option("--behaviour", "dial", help='The dial, as JSON: \'{"slow_days": 2, "ask_first": true}\'.')
@click.option("--registration", "show", is_flag=True, help="Print what the registry must know, and end.")
@click.option(
    "--statement", "month", help="Compare the ledger with the engine's statement of YYYY-MM, and end."
)
def connect(
    names: tuple[str, ...],
    *,
    address: str | None,
    channel: Literal["pull", "amqp", "webhook"],
    listen: str,
    endpoint: str | None,
    trust: tuple[str, ...],
    home: Path | None,
    dial: str | None,
    show: bool,
    month: str | None,
) -> None:
    """Run the connectors of simulated organisations (見本) until told to stop; `all` is every one."""
    # Fonts, broker and web client: loaded only by the one command that needs them.
    from connectors.sdk.keys import OwnKeys  # noqa: PLC0415
    from connectors.simulators import program  # noqa: PLC0415
    from connectors.simulators.catalogue import SIMULATORS, registration  # noqa: PLC0415
    from engine.bus.tls import tls_for  # noqa: PLC0415

    chosen = tuple(SIMULATORS) if names == ("all",) else names
    if not set(chosen) <= SIMULATORS.keys():
        raise click.BadParameter(f"there is all, {', '.join(SIMULATORS)}", param_hint="NAME")
    if len(chosen) > 1 and (home is not None or channel != "pull"):
        raise click.UsageError("--home and channels other than pull are for one organisation alone")
    settings = Settings.load()
    homes = {name: home or settings.state / "connectors" / name for name in chosen}
    if show:
        found = [
            registration(
                SIMULATORS[name].connector, OwnKeys.kept_in(homes[name]), channel=channel, endpoint=endpoint
            )
            for name in chosen
        ]
        click.echo(json.dumps(found if len(found) > 1 else found[0], ensure_ascii=False, indent=2))
        return
    if month is not None:
        _print_statement(chosen, homes, settings, address=address, month=month)
        return
    if settings.profile is Profile.PRODUCTION:
        raise EngineError("invalid-settings", reason="simulated organisations do not run in production")
    amqp_url = settings.required("amqp_url") if channel == "amqp" else ""
    several = []
    for name in chosen:
        place = program.Place(
            home=homes[name],
            engine=address or settings.origin,
            audience=settings.origin,
            clock=SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock"),
            channel=channel,
            amqp_url=amqp_url,
            amqp_tls=tls_for(
                amqp_url, ca=settings.amqp_ca, certificate=settings.amqp_cert, key=settings.amqp_key
            ),
            listen=_host_and_port(listen),
            trusted=trust,
        )
        several.append((SIMULATORS[name], _turned(SIMULATORS[name].behaviour, dial), place))
    log_to_stderr(settings.log)
    asyncio.run(program.run(several))


def _turned(behaviour: "Behaviour", dial: str | None) -> "Behaviour":
    try:
        return behaviour.turned(dial or "{}")
    except ValidationError as error:
        raise click.BadParameter(f"{error.error_count()} faults", param_hint="--behaviour") from None


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter("should be HOST:PORT", param_hint="--listen")
    return host.strip("[]"), int(port)


def _print_statement(
    names: tuple[str, ...], homes: dict[str, Path], settings: Settings, *, address: str | None, month: str
) -> None:
    from connectors.sdk.keys import OwnKeys  # noqa: PLC0415 - as above
    from connectors.sdk.ledger import Ledger  # noqa: PLC0415
    from connectors.sdk.pull import PullTransport  # noqa: PLC0415
    from connectors.sdk.statement import compared  # noqa: PLC0415
    from connectors.simulators.catalogue import SIMULATORS  # noqa: PLC0415
    from engine.progress import table  # noqa: PLC0415

    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")

    async def compare(name: str) -> bool:
        number = SIMULATORS[name].connector.number
        ledger = Ledger(homes[name] / "ledger.sqlite3")
        keys = OwnKeys.kept_in(homes[name])
        door = PullTransport(
            address or settings.origin, number=number, keys=keys, clock=clock, audience=settings.origin
        )
        try:
            lines = await compared(ledger, door, number=number, month=month)
        finally:
            await door.close()
            ledger.close()
        rows = [(one.name, str(one.engine), str(one.ours), "" if one.agrees else "differs") for one in lines]
        click.echo(f"{number} {month}")
        click.echo(table([("", "engine", "ledger", ""), *rows]))
        return all(one.agrees for one in lines)

    agree = [asyncio.run(compare(name)) for name in names]
    if not all(agree):
        raise click.exceptions.Exit(1)
