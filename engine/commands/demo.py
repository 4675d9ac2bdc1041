# SPDX-License-Identifier: Apache-2.0
"""`todoke demo`: a life event from the login to the delivered document, on this machine, in a minute."""

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
_EVENTS: Final = ("moving", "marriage", "birth", "death")


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(demo)


@click.command()
@click.option("--event", type=click.Choice(_EVENTS), help="Which life event; moving, or what is resumed.")
@click.option("--change-date", is_flag=True, help="When most have been told, the day of the move changes.")
@click.option("--call-off", is_flag=True, help="When most have been told, it is called off (moving, death).")
@click.option("--resume", is_flag=True, help="Go on with a demonstration that was killed.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-out"),
    show_default=True,
    help="Where the documents go.",
)
def demo(*, event: str | None, change_date: bool, call_off: bool, resume: bool, out: Path) -> None:
    """Play a synthetic household's life event to its end, with simulated organisations.

    At the end, what every organisation's ledger holds is compared with what the case says.
    """
    from engine.progress import BANNER, Progress  # noqa: PLC0415

    if change_date and call_off:
        raise click.UsageError("--change-date or --call-off, not both")
    turn = "change-date" if change_date else "call-off" if call_off else None if resume else "none"
    event = event or (_begun() if resume else None) or "moving"
    _check_turn(event, turn)
    state = _state(resume=resume)
    settings = Settings.load(
        state=state.path, profile="demo", clock="simulated", bus="embedded", listen=_listen()
    )
    _log_to(settings.state / "log" / "engine.log")
    click.echo(BANNER)
    asyncio.run(_play(settings, event, out.absolute(), Progress(), turn))
    click.echo(f"\n終わりました。文書は {out} にあります。  Done: the documents are in {out}.")


def _begun() -> str | None:
    """Return which life event the killed demonstration was about, if there is one."""
    from engine.demos.demo import begun  # noqa: PLC0415

    return begun(State().path / "demo")


def _check_turn(event: str, turn: str | None) -> None:
    """Refuse a turn that this life event does not take."""
    from engine.demos.scripts import SCRIPTS, Turn  # noqa: PLC0415

    if turn is not None and Turn(turn) not in SCRIPTS[event].turns:
        raise click.UsageError(f"--{turn} is nothing that happens in the demonstration of {event}")


async def _play(settings: Settings, event: str, out: Path, progress: object, turn: str | None) -> None:
    from engine.client import Refusal  # noqa: PLC0415 - everything, and only here
    from engine.demos.demo import Demo  # noqa: PLC0415
    from engine.demos.scripts import SCRIPTS, Turn  # noqa: PLC0415
    from engine.embedded import embedded  # noqa: PLC0415
    from engine.progress import Progress  # noqa: PLC0415

    assert isinstance(progress, Progress)  # noqa: S101 - loaded late, so the name is not at hand above
    async with embedded(settings):
        try:
            chosen = Turn(turn) if turn else None
            await Demo(settings, SCRIPTS[event], out=out, progress=progress, turn=chosen).run()
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


def _listen() -> str:
    """Return where it listens: where somebody says, else at the usual port, or another if it is taken."""
    return os.environ.get("TODOKE_LISTEN") or f"127.0.0.1:{_port()}"


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
