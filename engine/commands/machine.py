# SPDX-License-Identifier: Apache-2.0
"""For the machine that Todoke runs on: down, reset; and what `doctor` looks for here."""

import os
import platform
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from engine.core.errors import EngineError
from engine.local import postgres, process, rabbitmq
from engine.local.state import State
from engine.settings import Settings, unknown_variables

_FREE_BYTES: Final = 1_000_000_000
_DOWN_SECONDS: Final = 90.0


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(down)
    group.add_command(reset)


@click.command()
def down() -> None:
    """Stop the Todoke that runs on this state."""
    state = State()
    holder = state.holder()
    if holder is None:
        click.echo(f"nothing runs on {state.path}")
        return
    os.kill(holder, signal.SIGTERM)
    if not process.wait_until(lambda: state.holder() is None, seconds=_DOWN_SECONDS, pause_seconds=0.1):
        raise click.ClickException(f"process {holder} has not ended after {_DOWN_SECONDS:.0f} seconds")
    click.echo(f"stopped process {holder}")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(*, yes: bool) -> None:
    """Delete everything Todoke keeps on this machine: cases, documents, keys."""
    state = State()
    made = state.made()
    if not made and not state.path.exists():
        click.echo(f"there is nothing at {state.path}")
        return
    if not yes:
        click.confirm(f"Delete {', '.join(sorted(made)) or 'nothing'} in {state.path} for ever?", abort=True)
    left = state.reset()
    click.echo(f"deleted; left in {state.path}: {', '.join(left)}" if left else f"deleted {state.path}")


def _python() -> str:
    return f"{platform.python_version()} on {platform.machine()}"


def _settings() -> str:
    slips = unknown_variables(os.environ)
    if slips:
        raise EngineError("invalid-settings", reason=f"no such variables: {', '.join(slips)}")
    settings = Settings.load()
    return f"profile {settings.profile.value}, bus {settings.bus}, listens on {settings.listen}"


def _state() -> str:
    state = State()
    holder = state.holder()
    there = next(path for path in (state.path, *state.path.parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise EngineError("unsafe-path", reason=f"{there} cannot be written to; set TODOKE_STATE")
    return f"{state.path}, {f'used by process {holder}' if holder else 'nothing runs'}"


def _disk() -> str:
    there: Path = next(path for path in (State().path, *State().path.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < _FREE_BYTES:
        raise EngineError("cannot-start", reason=f"only {free // 1_000_000} MB free at {there}")
    return f"{free // 1_000_000_000} GB free"


def _postgres() -> str:
    where = postgres.binaries()
    return f"{postgres.version(where)} from {where}"


def _rabbitmq() -> str:
    if rabbitmq.installed():
        return f"{rabbitmq.installed_version()} (for tests and TODOKE_BUS=rabbitmq)"
    return "not installed; only tests and TODOKE_BUS=rabbitmq need it"


LOOKS: Final[dict[str, Callable[[], str]]] = {
    "Python": _python,
    "settings": _settings,
    "state": _state,
    "disk": _disk,
    "PostgreSQL": _postgres,
    "RabbitMQ": _rabbitmq,
}
