# SPDX-License-Identifier: Apache-2.0
"""A message that changes so that somebody no longer understands it needs a new version, and says why."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from engine.border.compatibility import breaks
from engine.border.envelope import EXAMPLES, PAYLOADS, schema_of
from engine.generated import MESSAGE_TYPES, breaking, write

TREE = Path(__file__).resolve().parents[2]
SUBMIT, RECEIVED, REFUSED = (
    "jp.todoke.order.submit.v1",
    "jp.todoke.reply.received.v1",
    "jp.todoke.reply.refused.v1",
)
Change = Callable[[dict[str, Any]], object]


def changed(name: str, change: Change) -> list[str]:
    before = schema_of(name)
    now = copy.deepcopy(before)
    change(now)
    return breaks(name, before, now)


def add(member: str, *, required: bool = False) -> Change:
    def change(schema: dict[str, Any]) -> None:
        schema["properties"][member] = {"type": "string"}
        if required:
            schema["required"].append(member)

    return change


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_what_is_served_is_what_connectors_were_built_against(name: str) -> None:
    kept = json.loads((TREE / f"docs/schemas/{name}.json").read_text("utf-8"))

    assert kept == json.loads(json.dumps(schema_of(name)))
    jsonschema.Draft202012Validator(kept).validate(EXAMPLES[name])
    assert breaks(name, kept, schema_of(name)) == []


def test_no_version_that_is_out_was_broken_or_taken_away() -> None:
    assert breaking(TREE) == []
    assert {path.stem for path in (TREE / "docs/schemas").glob("*.json")} == set(MESSAGE_TYPES)


def test_a_new_member_breaks_readers_of_orders_and_an_optional_one_no_writer_of_replies() -> None:
    assert changed(SUBMIT, add("surprise")) == ["/surprise is not known"]
    assert changed(RECEIVED, add("surprise")) == []
    assert changed(RECEIVED, add("surprise", required=True)) == ["/surprise may be missing"]


def test_a_member_that_goes_breaks_whoever_waits_for_it_or_still_sends_it() -> None:
    assert "/procedure may be missing" in changed(SUBMIT, lambda s: s["required"].remove("procedure"))
    assert changed(RECEIVED, lambda s: s["properties"].pop("receipt")) == ["/receipt is not known"]


def test_values_and_bounds_widen_for_readers_and_narrow_for_writers_only() -> None:
    def narrower(schema: dict[str, Any]) -> None:
        schema["properties"]["attempt"]["maximum"] = 5

    def shorter(schema: dict[str, Any]) -> None:
        schema["properties"]["code"]["maxLength"] = 3

    assert changed(SUBMIT, narrower) == []
    assert changed(REFUSED, shorter) == ["/code maxLength 3 does not hold"]


def test_another_type_or_pattern_is_named_with_its_place() -> None:
    def text(schema: dict[str, Any]) -> None:
        schema["properties"]["attempt"] = {"type": "string"}

    def pattern(schema: dict[str, Any]) -> None:
        schema["properties"]["orderId"] = {**schema["properties"]["orderId"], "pattern": "^x$"}

    assert changed(SUBMIT, text) == ["/attempt is string, was read as integer"]
    assert changed(RECEIVED, pattern) == ["/orderId has another pattern"]


def test_a_change_inside_a_definition_is_seen() -> None:
    def inside(schema: dict[str, Any]) -> None:
        for part in schema["$defs"].values():
            part.setdefault("required", []).append("surprise")

    assert any("surprise may be missing" in why for why in changed(REFUSED, inside))


def test_a_breaking_change_is_not_written_over_what_is_out(tmp_path: Path) -> None:
    schemas = tmp_path / "docs/schemas"
    schemas.mkdir(parents=True)
    before = schema_of(SUBMIT)
    del before["properties"]["basis"]  # as if connectors had never known it
    (schemas / f"{SUBMIT}.json").write_text(json.dumps(before))
    (schemas / "jp.todoke.order.old.v1.json").write_text("{}")

    with pytest.raises(click.ClickException, match=r"/basis is not known.*new version"):
        write(tmp_path, click.Group())

    assert "jp.todoke.order.old.v1: no longer served" in breaking(tmp_path)
    assert not (tmp_path / "docs/cli.md").exists()
    assert SUBMIT in PAYLOADS
