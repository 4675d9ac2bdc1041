# SPDX-License-Identifier: Apache-2.0
"""`todoke demo`: the main job from the login to the delivered document, on this machine, in a minute."""

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import Final

import click

from engine.core.errors import EngineError
from engine.local import process
from engine.local.state import State
from engine.settings import Settings

_USUAL_PORT: Final = 8080


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(demo)


@click.command()
@click.option("--event", type=click.Choice(["moving"]), default="moving", show_default=True)
@click.option("--change-date", is_flag=True, help="When most have been told, the day of the move changes.")
@click.option("--call-off", is_flag=True, help="When most have been told, the move is called off.")
@click.option("--resume", is_flag=True, help="Go on with a demonstration that was killed.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-out"),
    show_default=True,
    help="Where the documents go.",
)
def demo(*, event: str, change_date: bool, call_off: bool, resume: bool, out: Path) -> None:
    """Play a synthetic household's life event to its end, with simulated organisations.

    At the end, what every organisation's ledger holds is compared with what the case says.
    """
    from engine.progress import BANNER, Progress  # noqa: PLC0415

    del event  # the only one so far; its name is in the help already
    if change_date and call_off:
        raise click.UsageError("--change-date or --call-off, not both")
    turn = "change-date" if change_date else "call-off" if call_off else None if resume else "none"
    state = _state(resume=resume)
    settings = Settings.load(
        state=state.path, profile="demo", clock="simulated", bus="embedded", listen=f"127.0.0.1:{_port()}"
    )
    _log_to(settings.state / "log" / "engine.log")
    click.echo(BANNER)
    asyncio.run(_play(settings, out.absolute(), Progress(), turn))
    click.echo(f"\n終わりました。文書は {out} にあります。  Done: the documents are in {out}.")


async def _play(settings: Settings, out: Path, progress: object, turn: str | None) -> None:
    from engine.client import Refusal  # noqa: PLC0415 - everything, and only here
    from engine.demo import Demo, Turn  # noqa: PLC0415
    from engine.embedded import embedded  # noqa: PLC0415
    from engine.progress import Progress  # noqa: PLC0415

    assert isinstance(progress, Progress)  # noqa: S101 - loaded late, so the name is not at hand above
    async with embedded(settings):
        try:
            chosen = Turn(turn) if turn else None
            await Demo(settings, out=out, progress=progress, turn=chosen).run()
        except Refusal as refusal:
            raise EngineError("refused-by-server", reason=str(refusal)) from refusal


def _state(*, resume: bool) -> State:
    """Return a fresh place for the demonstration, or the one where it was killed."""
    outer = State().prepare()
    place = outer.place("demo")
    state = State(place)
    if place.exists() and not resume:
        state.reset()
    return state.prepare()


def _port() -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _USUAL_PORT))
        except OSError:
            return process.free_port()
    return _USUAL_PORT


def _log_to(file: Path) -> None:
    from engine.telemetry import log_to  # noqa: PLC0415

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    log_to(os.fdopen(descriptor, "a"), level="info")
    logging.captureWarnings(capture=True)
