# SPDX-License-Identifier: Apache-2.0
"""`todoke ops discard`: what was put aside is given up, after a look at what it is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from engine.commands.ops import Terminal, as_table, driven_lines, here, ops, parked_lines, why

Row = Mapping[str, Any]


def register(group: click.Group) -> None:
    """Add the command to those of operators."""
    del group  # `ops` is there already
    ops.add_command(discard)


@click.command()
@click.argument("parked_id", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="Only show it, and what re-driving it would do instead.")
@why
@here
def discard(terminal: Terminal, parked_id: object, *, dry_run: bool, reason: str) -> None:
    """Give up something that was put aside; the record keeps why. Nothing brings it back."""
    if not dry_run:
        terminal.act(f"/parked/{parked_id}/discard", {"reason": reason}, lambda _: ["discarded"])
        return
    found = [one for one in terminal.all_of("/parked", "parked") if one["id"] == str(parked_id)]
    if not found:
        raise click.ClickException("nothing with this id is waiting; `ops parked` lists what is")
    (row,) = found
    if _nobody_vouches(row):
        terminal.show([row], _without_sender)
        return
    terminal.act(
        f"/parked/{parked_id}/re-drive",
        {"reason": reason},
        lambda driven: [*parked_lines(found), "", *driven_lines(driven)],
        dry_run=True,
    )


def _nobody_vouches(row: Row) -> bool:
    """Say whether it is a reply without a sender: then it can be neither read nor driven again."""
    return row["organisation"] is None and str(row["whereFrom"]).startswith("replies.")


def _without_sender(found: Sequence[Row]) -> Iterable[str]:
    yield from parked_lines(found)
    yield from as_table(("event", "instead"), [("all", "unknown-sender: it can only be discarded")])
