# SPDX-License-Identifier: Apache-2.0
"""The frame of the command line: finds the commands, and turns expected failures into one line."""

import importlib
import os
import pkgutil
import sys
import tomllib
from pathlib import Path
from typing import Final

import click

from engine import commands
from engine.core.errors import CODES, EngineError

TREE: Final = Path(__file__).resolve().parents[1]


class _InOrder(click.Group):
    """Lists the commands in the order in which a newcomer needs them, then the others."""

    _FIRST: Final = ("demo", "up", "down", "test", "check", "bench", "doctor", "reset")

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        names = super().list_commands(ctx)
        return [name for name in self._FIRST if name in names] + [
            name for name in names if name not in self._FIRST
        ]


@click.group(
    name="todoke",
    cls=_InOrder,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.pass_context
def group(context: click.Context) -> None:
    """Todoke (届): tell a life event once; everybody who must know is told."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@group.command("help")
@click.argument("command", required=False)
@click.pass_context
def help_(context: click.Context, command: str | None) -> None:
    """Show what there is, or what one command does."""
    parent = context.parent or context
    if command is None:
        click.echo(parent.get_help())
        return
    found = group.get_command(parent, command)
    if found is None:
        raise click.UsageError(f"there is no command {command!r}", parent)
    click.echo(found.get_help(click.Context(found, info_name=command, parent=parent)))


@group.command()
def version() -> None:
    """Show the version."""
    project = tomllib.loads((TREE / "pyproject.toml").read_text("utf-8"))["project"]
    click.echo(f"todoke {project['version']} (Python {sys.version.split()[0]})")


def main() -> None:
    """Run one command. Exit codes: 0 done, 1 failed, 2 not understood, 130 interrupted."""
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(group)
    try:
        status = group.main(prog_name="./todoke", standalone_mode=False)
    except click.exceptions.Exit as error:
        status = error.exit_code
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = _say("interrupted", status=130)
    except EngineError as error:
        status = _say(sentence(error))
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except OSError as error:  # a full disk, a closed port, a missing file: the machine, not a bug
        status = _say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    sys.exit(status if isinstance(status, int) else 0)


def sentence(error: EngineError) -> str:
    """Return the refusal as one line in the reader's language."""
    code = CODES[error.code]
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    title = code.ja if locale.startswith("ja") else code.en
    details = [str(value) for value in error.values.values()]
    details += [f"{problem.pointer} {problem.code}".strip() for problem in error.problems]
    return ": ".join([title, *(["; ".join(details)] if details else [])])


def _say(message: str, *, status: int = 1) -> int:
    click.echo(f"todoke: {message}", err=True)
    return status


if __name__ == "__main__":
    main()
