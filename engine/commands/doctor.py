# SPDX-License-Identifier: Apache-2.0
"""`todoke doctor`: what is missing on this machine, and what is unsafe in this set-up."""

import asyncio
import json
from typing import Final

import click

from engine.commands.machine import LOOKS
from engine.core.errors import EngineError
from engine.soundness.findings import Finding, Weight

_SIGNS: Final = {Weight.UNSAFE: "UNSAFE ", Weight.WATCH: "watch  "}


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(doctor)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.option("--ask-outside", is_flag=True, help="Also connect to where revocation is asked.")
@click.option("--time-from", metavar="URL", help="Also compare the clock with this web server's.")
def doctor(*, as_json: bool, ask_outside: bool, time_from: str | None) -> None:
    """Say what Todoke misses here and what is unsafe in its set-up; exit with 1 if anything is."""
    from engine.soundness.everything import everything  # noqa: PLC0415 - heavy, and only here

    parts = {} if as_json else _parts()
    found = asyncio.run(everything(ask_outside=ask_outside, time_from=time_from))
    unsafe = [one for one in found if one.weight is Weight.UNSAFE]
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found], ensure_ascii=False, indent=2))
    for one in () if as_json else found:
        click.echo(f"{_SIGNS[one.weight]}  {one.code}: {one.text.ja} {one.text.en} {one.detail}".rstrip())
    problems = len(unsafe) + sum(not is_well for is_well in parts.values())
    if problems:
        raise click.ClickException(f"{problems} to put right")
    if not as_json:
        click.echo("nothing unsafe was found 危険な設定は見つかりませんでした")


def _parts() -> dict[str, bool]:
    """Print what this machine has of what Todoke needs; return whether each is well."""
    well = {}
    for name, look in LOOKS.items():
        try:
            click.echo(f"ok       {name}: {look()}")
            well[name] = True
        except EngineError as error:
            well[name] = False
            click.echo(f"PROBLEM  {name}: {error.values.get('reason', error.code)}")
    return well


def _as_json(one: Finding) -> dict[str, str]:
    return {
        "code": one.code,
        "weight": one.weight.value,
        "ja": one.text.ja,
        "en": one.text.en,
        "detail": one.detail,
    }
