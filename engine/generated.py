# SPDX-License-Identifier: Apache-2.0
"""Documents that the code writes itself, kept in the tree for its readers and compared in the checks.

`./todoke check` compares them, `./todoke check --write` writes them. A room adds its own by one
entry: the path in the tree, and a function that returns the text.
"""

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import click

from engine.bootstrap import LIFE_EVENTS
from engine.border.asyncapi import message_catalogue_markdown
from engine.border.compatibility import breaks
from engine.border.envelope import DOCUMENT, PAYLOADS, schema_of
from engine.border.examples import procedure_examples
from engine.core import lifecycle
from engine.core.errors import CODES
from engine.reference import life_event_documents
from engine.runtime.catalogue import AnyEvent
from workflows.calendar_japan import calendar_for

_WRITTEN: Final = "Written by `./todoke check --write` from"
# Where refusals come from. Programs are left out: importing them would run them.
_ROOMS: Final = ("engine", "workflows", "connectors", "mailbox")
_PROGRAMS: Final = ("__main__", "refresh")
_COLUMNS: Final = 100
_SCHEMAS: Final = "docs/schemas"
MESSAGE_TYPES: Final = (*PAYLOADS, DOCUMENT)


def _lifecycles() -> str:
    parts = [f"# Lifecycles\n\n{_WRITTEN} the tables in `engine/core/lifecycle.py`.\n"]
    parts += [
        f"## {table.name.capitalize()}\n\n```mermaid\n{table.mermaid()}```\n"
        for table in (lifecycle.CASE, lifecycle.FILING)
    ]
    return "\n".join(parts)


def _problems() -> str:
    """Return every code of a refusal. All modules are imported, for each room registers its own."""
    for room in _ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not module.name.endswith(_PROGRAMS):
                importlib.import_module(module.name)
    rows = [f"| `{name}` | {code.status} | {code.ja} | {code.en} |" for name, code in sorted(CODES.items())]
    return "\n".join(
        [
            "# Refusals",
            "",
            f"{_WRITTEN} the codes that each room registers (`engine/core/errors.py`).",
            "",
            "Over HTTP a refusal is `application/problem+json` (RFC 9457); its `type` is",
            "`https://todoke.example/problems/` and the code. Codes are stable and never used again for",
            "something else; words may change. On the command line the same refusals are one line, and",
            "their status means nothing.",
            "",
            "| code | HTTP status | 日本語 | English |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _commands(group: click.Group) -> str:
    parts = [f"# Commands\n\n{_WRITTEN} the commands' own help.\n"]
    parts += [f"## `{name}`\n\n```text\n{text}\n```\n" for name, text in _helps(group, "./todoke", None)]
    return "\n".join(parts)


def _helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=_COLUMNS,
        max_content_width=_COLUMNS,
        help_option_names=["-h", "--help"],
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None  # noqa: S101 - it has just been listed
            yield from _helps(found, each, context)


def documents(commands: click.Group) -> dict[str, Callable[[], str]]:
    """Return the documents by their path in the tree; `commands` is the whole command line."""
    return {
        "docs/cli.md": lambda: _commands(commands),
        "docs/lifecycles.md": _lifecycles,
        "docs/messages.md": message_catalogue_markdown,
        "docs/problems.md": _problems,
        **life_event_documents(LIFE_EVENTS),
        **{f"docs/examples/{event.slug}.json": partial(_examples, event) for event in LIFE_EVENTS},
        **{f"{_SCHEMAS}/{name}.json": partial(_schema, name) for name in MESSAGE_TYPES},
    }


def breaking(tree: Path) -> list[str]:
    """Return why messages of a version that is out already would no longer be understood.

    The files in docs/schemas are what connectors were built against.
    """
    found = []
    for path in sorted((tree / _SCHEMAS).glob("*.json")):
        name, before = path.stem, json.loads(path.read_text("utf-8"))
        if name not in MESSAGE_TYPES:
            found.append(f"{name}: no longer served")
            continue
        found += [f"{name}: {why}" for why in breaks(name, before, schema_of(name))]
    return found


def _schema(name: str) -> str:
    return json.dumps(schema_of(name), ensure_ascii=False, indent=2) + "\n"


def _examples(event: AnyEvent) -> str:
    """Return the example orders of a life event's procedures, by their slug."""
    found = {
        slug: [example.model_dump(mode="json", by_alias=True) for example in one.examples]
        for slug, one in procedure_examples([event], calendar_for).items()
    }
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def stale(tree: Path, commands: click.Group) -> list[str]:
    """Return the documents in the tree that differ from what the code says now."""
    return [path for path, text in documents(commands).items() if _read(tree / path) != text()]


def write(tree: Path, commands: click.Group) -> None:
    """Write every document anew.

    Raises:
        click.ClickException: a message changed so that it needs a new version; nothing was written.
    """
    if reasons := breaking(tree):
        raise click.ClickException("; ".join([*reasons, "a new version is needed, beside the old one"]))
    for path, text in documents(commands).items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text(), "utf-8")


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
