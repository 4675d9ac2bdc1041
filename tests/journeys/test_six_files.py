# SPDX-License-Identifier: Apache-2.0
"""A stranger follows one case by reading six files in order: the README's list is the path that a case takes."""

import ast
import re
from pathlib import Path

from connectors.simulators.catalogue import SIMULATORS

TREE = Path(__file__).resolve().parents[2]
# Each file with the function a case goes through, and the calls by which it leads to the next.
PATH = (
    ("engine/web/api/cases.py", "open_case", {"open"}),
    ("engine/runtime/processor.py", "_stepped", {"step"}),
    ("engine/core/decide.py", "step", {"orders_of"}),
    ("engine/runtime/publisher.py", "_published", {"publish"}),
    ("connectors/government/muroran_city.py", "submit", {"take_effect"}),
    ("mailbox/delivery.py", "run_once", {"take"}),
)


def test_the_readme_lists_the_six_files_in_the_order_of_a_case() -> None:
    listed = re.findall(
        r"(?:engine|connectors|mailbox)/[\w/]+\.py", (TREE / "README.md").read_text(encoding="utf-8")
    )

    places = [listed.index(file) for file, _, _ in PATH]

    assert places == sorted(places)


def test_each_of_the_six_files_holds_its_step_and_leads_to_the_next() -> None:
    for file, function, calls in PATH:
        tree = ast.parse((TREE / file).read_text(encoding="utf-8"))
        found = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function
        ]

        assert found, f"{file}: {function} is gone"
        assert calls <= {_called(node) for node in ast.walk(found[0]) if isinstance(node, ast.Call)}, file


def test_the_connector_of_the_list_is_one_that_takes_part() -> None:
    assert type(SIMULATORS["muroran-city"].connector).__module__ == "connectors.government.muroran_city"


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
