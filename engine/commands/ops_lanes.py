# SPDX-License-Identifier: Apache-2.0
"""`todoke ops lane`: the way to one organisation, looked at and steered: open, drain, hold, drive, limit."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from engine.commands.ops import Terminal, as_table, here, ops, why

Row = Mapping[str, Any]


def register(group: click.Group) -> None:
    """Add the commands to those of operators."""
    del group  # `ops` is there already
    ops.add_command(lane)


@click.group()
def lane() -> None:
    """The way to one organisation (送達路): how it stands, what waits in it, what it may carry."""


@lane.command()
@click.argument("number")
@here
def show(terminal: Terminal, number: str) -> None:
    """Show how the way stands, and what waits in it."""
    terminal.look(f"/organisations/{number}/lane", _lane)


@lane.command()
@click.argument("number")
@click.argument("mode", type=click.Choice(["open", "draining", "held"]))
@why
@here
def switch(terminal: Terminal, number: str, mode: str, *, reason: str) -> None:
    """Open the way, drain it (nothing new comes in, what waits is sent) or hold it."""
    terminal.act(f"/organisations/{number}/lane", {"reason": reason, "mode": mode}, _lane)


@lane.command("re-drive")
@click.argument("number")
@why
@here
def re_drive(terminal: Terminal, number: str, *, reason: str) -> None:
    """Try everything now that waits, what was put aside too, within the limits."""
    terminal.act(f"/organisations/{number}/lane/re-drive", {"reason": reason}, _lane)


@lane.command()
@click.argument("number")
@click.option("--rate", type=float, required=True, help="Orders a second.")
@click.option("--at-once", "concurrency", type=int, required=True, help="Orders at the same time.")
@click.option("--opens", help="09:00: only on working days from then on; without it, around the clock.")
@click.option("--for-hours", type=int, default=8, show_default=True)
@why
@here
def limit(
    terminal: Terminal,
    number: str,
    *,
    rate: float,
    concurrency: int,
    opens: str | None,
    for_hours: int,
    reason: str,
) -> None:
    """Set how much the organisation gets at most, and when."""
    body = {
        "reason": reason, "rate": rate, "concurrency": concurrency, "opens": opens, "forHours": for_hours
    }  # fmt: skip
    terminal.act(f"/organisations/{number}/lane/limits", body, _lane)


def _lane(found: Row) -> Iterable[str]:
    hours = f", {found['opens']} to {found['closes']}" if found["opens"] else ""
    text = found["standingText"]
    rows = [
        ("organisation", found["number"]),
        ("stands", f"{found['standing']} ({found['mode']})"),
        ("", f"{text['ja']} {text['en']}"),
        ("not answering since", found["failingSince"] or "—"),
        ("asked again", found["pauseUntil"] or "—"),
        ("last answer", found["lastStatus"] or "—"),
        ("limits", f"{found['rate']:g} a second, {found['concurrency']} at once{hours}"),
        ("waiting", f"{found['waiting']}, oldest {found['oldest'] or '—'}"),
        ("most urgent", found["mostUrgent"] or "—"),
        ("put aside", str(found["aside"])),
    ]
    return as_table(("what", ""), rows)
