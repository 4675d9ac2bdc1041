# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[2]
CODE = ("engine", "workflows", "connectors", "mailbox")
# The only places that may catch whatever comes: each answers for a boundary.
BROAD_EXCEPTS = re.compile(r"engine/(cli\.py|web/app\.py|runtime/consumer\.py)")
# The machine's own time, on purpose: blobs that a rehearsed clock must not age.
OWN_TIME = {"engine/clock.py", "mailbox/vault.py"}
FOREIGN_TIME = {"now", "utcnow", "today", "time", "time_ns"}


def sources(*roots: str) -> Iterator[Path]:
    for root in roots:
        yield from sorted((TREE / root).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(TREE))


def test_every_source_begins_with_its_licence() -> None:
    without = [
        name_of(path)
        for path in sources(*CODE, "tests")
        if not path.read_text("utf-8").startswith("# SPDX-License-Identifier: Apache-2.0\n")
    ]

    assert without == []


def test_whatever_comes_is_caught_at_three_boundaries_only() -> None:
    broad = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*CODE)
        if not BROAD_EXCEPTS.fullmatch(name_of(path))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler) and catches_everything(node)
    ]

    assert broad == []


def catches_everything(handler: ast.ExceptHandler) -> bool:
    """Cleaning up and raising again is no catching."""
    if handler.body and isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None:
        return False
    names = [node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)] if handler.type else []
    return not names or bool({"Exception", "BaseException"} & set(names))


def test_only_the_clock_asks_the_machine_for_the_time() -> None:
    asked = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*CODE)
        if name_of(path) not in OWN_TIME
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in FOREIGN_TIME
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date", "time"}
    ]

    assert asked == []


@pytest.mark.parametrize("path", sorted((TREE / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_requirements_are_pinned_hashed_and_name_no_host(path: Path) -> None:
    entries = path.read_text("utf-8").replace("\\\n", " ").splitlines()

    wrong = [
        entry[:60]
        for entry in entries
        if not re.match(r"[a-z0-9.-]+==[^\s;]+( ; [^-]+)?\s", entry) or "--hash=sha256:" not in entry
    ]

    assert "//" not in path.read_text("utf-8")
    assert wrong == []


def test_development_contains_what_running_needs() -> None:
    """So that one environment serves both: the same versions, not other ones."""
    pins = [
        set(
            re.findall(
                r"^[a-z0-9.-]+==[^\s;]+", (TREE / "requirements" / name).read_text("utf-8"), re.MULTILINE
            )
        )
        for name in ("runtime.txt", "development.txt")
    ]

    assert pins[0] - pins[1] == set()


def test_migrations_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in (TREE / "engine/store/migrations").glob("*.sql")]

    assert len(numbers) == len(set(numbers))


def test_a_command_line_does_not_wait_for_the_whole_engine() -> None:
    """Every command is registered without loading what only some of them need."""
    look = (
        "import sys, click; from engine.cli import group;"
        "[group.get_command(click.Context(group), name) for name in group.list_commands(click.Context(group))];"
        "print(sorted({'engine.bootstrap', 'aiohttp', 'typst'} & sys.modules.keys()))"
    )

    said = subprocess.run([sys.executable, "-c", look], cwd=TREE, capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
