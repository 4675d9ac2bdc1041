# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document is sound, and the service does what it says: a stranger's tool tries it out."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from engine.web.app import GROUPS, operations
from engine.web.openapi import openapi
from tests.unit.mailbox_office import CITY
from tests.unit.web_office import CASE, FILING, OPERATOR_TOKEN, Web

DOCUMENT = openapi(GROUPS, public_url="https://todoke.example")
_SECONDS = 10


def test_the_document_names_each_operation_once() -> None:
    ids = [one["operationId"] for item in DOCUMENT["paths"].values() for one in item.values()]

    assert DOCUMENT["openapi"] == "3.1.1"
    assert sorted(ids) == sorted({one.id for one in operations()})


def test_every_schema_is_json_schema_and_every_reference_leads_somewhere() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in _references(DOCUMENT):
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_operation_says_in_both_languages_what_it_is_and_how_it_refuses() -> None:
    for path, item in DOCUMENT["paths"].items():
        for one in item.values():
            ja, _, en = one["summary"].partition(" / ")
            assert not ja.isascii(), path
            assert en.isascii(), path
            assert en, path
            assert {"421", "429", "500", "503", "default"} <= set(one["responses"]), path


def test_every_example_of_a_body_fits_its_schema() -> None:
    bodies = [one.body for one in operations() if one.body is not None]

    for body in bodies:
        for example in body.model_json_schema(by_alias=True)["examples"]:
            body.model_validate_json(json.dumps(example), by_alias=True, by_name=False)


def test_who_may_do_what_is_written_in_the_document() -> None:
    def security(path: str, method: str) -> list[str]:
        return [name for one in DOCUMENT["paths"][path][method]["security"] for name in one]

    assert security("/v1/life-events", "get") == []
    assert security("/v1/cases", "post") == ["session", "cookie"]
    assert security("/v1/organisation/orders", "get") == ["organisation"]


@pytest.mark.parametrize("seed", [1])
async def test_schemathesis_finds_nothing_that_the_document_does_not_say(seed: int, tmp_path: Path) -> None:
    web = Web(streams_per_person=10_000, stream_seconds=0.05)
    web.counter.strict_facts = False
    (tmp_path / "schemathesis.toml").write_text(_CONFIG)
    async with web.running():
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "schemathesis.cli",
            f"--config-file={tmp_path / 'schemathesis.toml'}",
            "run",
            f"{web.url}/v1/openapi.json",
            f"--header=Authorization:Bearer {OPERATOR_TOKEN}",
            f"--seed={seed}",
            "--max-examples=2",
            "--phases=examples,coverage,fuzzing",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()[-8000:]


_CONFIG = f"""
[parameters]
"path.case" = "{CASE}"
"path.filing" = "{FILING}"
"path.event" = "moving"
"query.wait" = 0
"query.token" = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"header.If-Match" = '"3"'
"header.Todoke-Organisation" = "{CITY}"

[checks.missing_required_header]
expected-statuses = [400, 401, 428]

# What these take, no schema can say: a cursor that was given out, plain text, a sealed message, one document, check digits, a text that was signed, what a register says.
[[operations]]
include-operation-id = [
  "listLetters", "answer", "replies", "upload", "operatorCases", "operatorFilings", "operatorParked", "reconcile",
  "operatorOldValues", "listNotices",
  "operatorApplications", "procedureFields", "apply", "declare",
  "askForSubscriptions", "endSubscription", "registerKey", "confirmDeletion", "ownDeliveries", "ownDeletions",
  "ownStatement", "offerGrant", "declareSuccession", "operatorDeclaresSuccession",
]
checks.positive_data_acceptance.enabled = false
"""


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
