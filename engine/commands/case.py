# SPDX-License-Identifier: Apache-2.0
"""`todoke case`: tell a life event from the terminal with one's own card, and follow it."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import click

from engine.commands.card import signed_in
from engine.commands.plan import read_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.client import CitizenClient

_ENDED: Final = frozenset({"completed", "completed-partly", "cancelled", "expired"})
_PAUSE_SECONDS: Final = 2.0  # before a stream that ended is asked for again

_server: Final = click.option("--server", help="Where Todoke is reached. [default: TODOKE_PUBLIC_URL]")
_card: Final = click.option(
    "--card", "card", type=click.Path(path_type=Path), help="[default: card.json in TODOKE_STATE]"
)
_pin: Final = click.option("--pin", prompt="PIN", hide_input=True, help="Four digits; three tries.")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(case)


@click.group()
def case() -> None:
    """A case (案件) of one's own."""


@case.command()
@click.argument("facts", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--event", default="moving", show_default=True)
@click.option("--password", prompt="Password", hide_input=True, help="For the signature; five tries.")
@_server
@_card
@_pin
def start(*, facts: Path, event: str, password: str, server: str | None, card: Path | None, pin: str) -> None:
    """Open a case of the facts in a JSON file, show its plan, and confirm it after a yes."""
    told = read_facts(facts)
    asyncio.run(_start(told, event, password, (server, card, pin)))


@case.command()
@click.argument("case_id", type=click.UUID)
@_server
@_card
@_pin
def watch(*, case_id: UUID, server: str | None, card: Path | None, pin: str) -> None:
    """Follow a case until it has ended."""
    asyncio.run(_watch(str(case_id), (server, card, pin)))


_Place = tuple[str | None, Path | None, str]


async def _start(facts: dict[str, Any], event: str, password: str, place: _Place) -> None:
    from engine.progress import plan_table  # noqa: PLC0415

    async with signed_in(*place) as client:
        plan = await client.say("POST", f"/v1/life-events/{event}/plan", {"facts": facts})
        click.echo(plan_table(plan))
        # The same facts again are the same case: whoever is cut off begins where they were.
        body = {"event": event, "facts": facts}
        name = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        opened = await client.say("POST", "/v1/cases", body, key=f"start-{name}")
        case_id = str(opened["caseId"])
        click.echo(f"case {case_id}")
        found = await client.get(f"/v1/cases/{case_id}")
        if found["state"] != "draft":
            click.echo("it was confirmed before")
            return
        answer = await asyncio.to_thread(click.prompt, "署名して申請しますか。 Sign and file this? (yes)")
        if answer != "yes":
            click.echo("nothing was sent; the draft waits thirty days")
            return
        version = found["version"]
        await client.confirm(case_id, version, password=password, key=f"confirm-{version}")
        click.echo(f"confirmed; follow it with: todoke case watch {case_id}")


async def _watch(case_id: str, place: _Place) -> None:
    from engine.progress import Progress  # noqa: PLC0415

    progress = Progress()
    async with signed_in(*place) as client:
        await _follow(client, case_id, progress.show)


async def _follow(client: "CitizenClient", case_id: str, show: "Callable[[Mapping[str, Any]], None]") -> None:
    """Show the case whenever it changes; a stream that ends before the case is begun anew where it was."""
    state, version = "", 0
    while state not in _ENDED:
        async for found in client.events(f"/v1/cases/{case_id}/events", after=version):
            state, version = found["state"], found["version"]
            show(found)
        if state not in _ENDED:
            await asyncio.sleep(_PAUSE_SECONDS)
