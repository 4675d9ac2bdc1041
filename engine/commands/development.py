# SPDX-License-Identifier: Apache-2.0
"""For those who change Todoke: test, check, bench."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from engine.core.errors import EngineError
from engine.local import rabbitmq

TREE: Final = Path(__file__).resolve().parents[2]
_PYTHON: Final = (sys.executable, "-m")
CHECKS: Final[dict[str, tuple[str, ...]]] = {
    "format": (*_PYTHON, "ruff", "format", "--check", "."),
    "lint": (*_PYTHON, "ruff", "check", "."),
    "types": (*_PYTHON, "mypy"),
    "imports": (sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"),
}
_AS_THEY_ARE: Final = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(test)
    group.add_command(check)
    group.add_command(bench)


@click.command(context_settings=_AS_THEY_ARE)
@click.option("--long", is_flag=True, help="Also what takes minutes.")
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def test(*, long: bool, pytest_arguments: tuple[str, ...]) -> None:
    """Run the tests on a real PostgreSQL and a real RabbitMQ; more words go to pytest."""
    _need("pytest")
    _provide_rabbitmq()
    workers = (
        []
        if any(word.startswith(("-n", "--numprocesses")) for word in pytest_arguments)
        else ["-n", "3", "--dist", "worksteal"]
    )
    _become("pytest", *workers, *(["--long"] if long else []), *pytest_arguments)


@click.command()
@click.option("--write", is_flag=True, help="Write generated documents anew instead of comparing them.")
@click.pass_context
def check(context: click.Context, *, write: bool) -> None:
    """Judge form, types, imports and generated documents."""
    _need("ruff")
    from engine import generated  # noqa: PLC0415 - knows the whole engine, and only this command needs it

    commands = context.find_root().command
    assert isinstance(commands, click.Group)  # noqa: S101 - the root is what has all the commands
    if write:
        generated.write(TREE, commands)
    failed = [name for name, arguments in CHECKS.items() if not _passes(name, arguments)]
    stale = generated.stale(TREE, commands)
    for path in stale:
        click.echo(f"{path} is not what the code says; ./todoke check --write", err=True)
    broken = generated.breaking(TREE)
    for reason in broken:
        click.echo(f"{reason}; a new version is needed, beside the old one", err=True)
    failed += ["documents"] if stale or broken else []
    if failed:
        raise click.ClickException(f"not in order: {', '.join(failed)}")
    click.echo(f"in order: {', '.join((*CHECKS, 'documents'))}")


@click.command(context_settings=_AS_THEY_ARE)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure how fast Todoke is on this machine."""
    _need("pytest")
    if not (TREE / "tests/bench/__main__.py").exists():
        raise click.ClickException("this tree has no benchmarks (tests/bench/__main__.py)")
    _become("tests.bench", *arguments)


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise click.ClickException(f"{package} is missing: start this by ./todoke, which installs it")


def _provide_rabbitmq() -> None:
    if rabbitmq.installed() or os.environ.get("TODOKE_TEST_SERVICES"):
        return
    click.echo("installing RabbitMQ (apt-get), no service of it is started", err=True)
    try:
        rabbitmq.install()
    except EngineError as error:  # the tests without it still say something; what is left out is said loudly
        click.echo(f"{error.values['reason']}\ngoing on without RabbitMQ", err=True)


def _passes(name: str, arguments: tuple[str, ...]) -> bool:
    click.echo(f"— {name}", err=True)
    return subprocess.run(arguments, cwd=TREE, check=False).returncode == 0


def _become(module: str, *arguments: str) -> None:
    # Tests start hundreds of processes: what they import is compiled once, beside the packages.
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(sys.prefix) / "pycache"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.stdout.flush()
    os.chdir(TREE)
    os.execv(sys.executable, [*_PYTHON, module, *arguments])  # noqa: S606  signals go straight to it
