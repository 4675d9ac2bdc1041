# SPDX-License-Identifier: Apache-2.0
"""Documents that the code writes itself, kept in the tree for its readers and compared in the checks.

`./todoke check` compares them, `./todoke check --write` writes them. A room adds its own by one
entry: the path in the tree, and a function that returns the text.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.core import lifecycle


def _lifecycles() -> str:
    parts = [
        "# Lifecycles\n\nWritten by `./todoke check --write` from the tables in `engine/core/lifecycle.py`.\n"
    ]
    parts += [
        f"## {table.name.capitalize()}\n\n```mermaid\n{table.mermaid()}```\n"
        for table in (lifecycle.CASE, lifecycle.FILING)
    ]
    return "\n".join(parts)


DOCUMENTS: Final[dict[str, Callable[[], str]]] = {"docs/lifecycles.md": _lifecycles}


def stale(tree: Path) -> list[str]:
    """Return the documents in the tree that differ from what the code says now."""
    return [path for path, text in DOCUMENTS.items() if _read(tree / path) != text()]


def write(tree: Path) -> None:
    """Write every document anew."""
    for path, text in DOCUMENTS.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text(), "utf-8")


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
