# SPDX-License-Identifier: Apache-2.0
"""For engineers: `todoke certify` rehearses a connector in the sandbox; `todoke sandbox` moves its clock."""

import asyncio
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.clock import SimulatedClock, SystemClock
from engine.commands.card import signed_in
from engine.settings import Settings

if TYPE_CHECKING:
    from connectors.conformance.engineer import Engineer

_MARKS: Final = {"passed": "✓", "failed": "✗", "not-applicable": "–", "not-run": "·"}
_LOOK_SECONDS: Final = 0.5


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(certify)
    group.add_command(sandbox)


@click.command()
@click.argument("name")
@click.option("--server", help="Where the sandbox is reached. [default: TODOKE_PUBLIC_URL]")
@click.option(
    "--home", type=click.Path(path_type=Path), help="Where the connector keeps its keys. [default: by NAME]"
)
@click.option("--patience", default=60, show_default=True, help="Seconds that an answer may take.")
@click.option("--burst", default=200, show_default=True, help="How many orders come at once.")
@click.option("--restart", help="A command that kills the connector and starts it again; else you are asked.")
@click.option("--report", type=click.Path(path_type=Path), help="Where the signed report is written.")
def certify(
    name: str,
    *,
    server: str | None,
    home: Path | None,
    patience: int,
    burst: int,
    restart: str | None,
    report: Path | None,
) -> None:
    """Rehearse (適合試験) the connector of NAME: 13 digits, or a simulated organisation."""
    from connectors.sdk.transport import EngineUnavailable, NotTaken  # noqa: PLC0415

    asked = {"patienceSeconds": patience, "burst": burst}
    try:
        view = asyncio.run(_rehearsed(name, server, home, asked, restart))
    except NotTaken as refused:
        raise click.ClickException(refused.code) from refused
    except EngineUnavailable as error:
        raise click.ClickException(f"not reached: {error}") from error
    if report is not None and view["report"]:
        report.write_text(f"{view['report']}\n", "ascii")
    click.echo(f"{name}: {view['state']}")
    if view["state"] != "passed":
        raise click.exceptions.Exit(1)


@click.group()
def sandbox() -> None:
    """What there is only in a sandbox."""


@sandbox.command()
@click.argument("days", type=click.IntRange(1, 400))
@click.option("--server", help="Where the sandbox is reached. [default: TODOKE_PUBLIC_URL]")
@click.option("--card", "card", type=click.Path(path_type=Path), help="[default: card.json in TODOKE_STATE]")
@click.option("--pin", help="Four digits, three tries; asked for when it is not given.")
@click.option("--about", help="Which organisation, if you represent several: 13 digits.")
def advance(days: int, *, server: str | None, card: Path | None, pin: str | None, about: str | None) -> None:
    """Let DAYS pass for everybody in the sandbox, and watch the deadlines fire."""
    secret = pin or click.prompt("PIN", hide_input=True)

    async def moved() -> Any:
        async with signed_in(server, card, str(secret)) as client:
            client.about = about
            return await client.say("POST", "/v1/sandbox/clock", {"advanceDays": days})

    click.echo(asyncio.run(moved())["now"])


async def _rehearsed(
    name: str, server: str | None, home: Path | None, asked: Mapping[str, int], restart: str | None
) -> Mapping[str, Any]:
    import aiohttp  # noqa: PLC0415

    from connectors.conformance.engineer import Engineer  # noqa: PLC0415
    from connectors.simulators.catalogue import SIMULATORS  # noqa: PLC0415

    settings = Settings.load()
    number = SIMULATORS[name].connector.number if name in SIMULATORS else name
    async with aiohttp.ClientSession() as session:
        engineer = Engineer(
            session,
            server or settings.origin,
            number=number,
            home=home or settings.state / "connectors" / name,
            clock=SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock"),
            audience=settings.origin,
        )
        await engineer.begin(asked)
        return await _followed(engineer, restart)


async def _followed(engineer: "Engineer", restart: str | None) -> Mapping[str, Any]:
    shown = 0
    last: Mapping[str, Any] = {}
    async for view in engineer.findings():
        if view:
            last = view
            for finding in view["findings"][shown:]:
                _show(finding)
            shown = len(view["findings"])
            if view["step"]:
                await _do(engineer, view["step"], restart)
        await asyncio.sleep(_LOOK_SECONDS)
    return last


async def _do(engineer: "Engineer", step: Mapping[str, Any], restart: str | None) -> None:
    """Do what the rehearsal asks for, or have it done, and confirm it."""
    click.echo(f"→ {step['text']['ja']}\n  {step['text']['en']}")
    if step["name"] == "change-keys":
        click.echo(f"  kid {await engineer.change_key()}")
    if restart:
        await asyncio.to_thread(subprocess.run, shlex.split(restart), check=True)
    else:
        await asyncio.to_thread(click.prompt, "  Enter", default="", show_default=False)
    await engineer.confirm(step["name"])


def _show(finding: Mapping[str, Any]) -> None:
    about = f" {finding['about']}" if finding["about"] else ""
    title = finding["title"]
    click.echo(
        f"{_MARKS[finding['verdict']]} {finding['check']}{about}  {title['ja']} {title['en']}"
        f" ({finding['seconds']} s)"
    )
    if finding["verdict"] == "failed":
        expected, hint = finding["expected"], finding["hint"]
        click.echo(
            f"    expected  {expected['ja']}  {expected['en']} (docs/connectors.md#{finding['section']})"
        )
        for line in finding["came"] or ("—",):
            click.echo(f"    came      {line}")
        click.echo(f"    hint      {hint['ja']}  {hint['en']}")
