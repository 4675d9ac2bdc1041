# SPDX-License-Identifier: Apache-2.0
"""The description for strangers is valid, and says what the code does."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from engine.bootstrap import LIFE_EVENTS
from engine.border.asyncapi import asyncapi, message_catalogue_markdown
from engine.border.envelope import DOCUMENT, EXAMPLES, PAYLOADS
from engine.border.examples import procedure_examples
from engine.core.declaration import Kind
from tests.unit.border_desk import Border
from tests.unit.test_border_envelope import ORDERS, REPLIES, order, reply
from workflows.calendar_japan import calendar_for

ORDERED = {slug: one.examples[0].order for slug, one in procedure_examples(LIFE_EVENTS, calendar_for).items()}
DESCRIPTION = asyncapi("https://todoke.example/engine/", ORDERED)


def test_it_is_asyncapi_3() -> None:
    schema = json.loads(Path(__file__).with_name("asyncapi-3.0.0.schema.json").read_text())

    errors = [error.json_path for error in Draft7Validator(schema).iter_errors(DESCRIPTION)]

    assert errors == []


def test_every_reference_leads_somewhere() -> None:
    def follow(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                follow(one)
        elif isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                assert reference.startswith("#/")
                target: Any = DESCRIPTION
                for step in reference[2:].split("/"):
                    target = target[step]
            for one in node.values():
                follow(one)

    follow(DESCRIPTION)


def test_each_message_goes_its_way() -> None:
    ways = {
        name: {message["$ref"].rsplit("/", 1)[1] for message in operation["messages"]}
        for name, operation in DESCRIPTION["operations"].items()
    }
    named = {short: message["name"] for short, message in DESCRIPTION["components"]["messages"].items()}

    assert sorted(named.values()) == sorted(PAYLOADS)
    for name, shorts in ways.items():
        assert {named[short] for short in shorts} == set(ORDERS if "Orders" in name else REPLIES)
    assert DESCRIPTION["channels"]["orders"]["address"] == "orders.{number}"
    assert DESCRIPTION["servers"]["web"]["pathname"] == "/engine/v1"


def test_real_messages_fit_the_description() -> None:
    border = Border()
    resource = Resource.from_contents(DESCRIPTION, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:description", resource)
    events = [(name, order(border, name)) for name in ORDERS] + [
        (name, reply(border, name)) for name in REPLIES
    ]

    for short, message in DESCRIPTION["components"]["messages"].items():
        schema = {"$ref": f"urn:description#/components/messages/{short}/payload/schema"}
        validator = Draft202012Validator(schema, registry=registry)
        fitting = [name for name, raw in events if validator.is_valid(json.loads(raw))]
        assert fitting == [message["name"]]


def test_it_has_an_order_of_every_procedure_and_each_fits_what_it_says_of_the_content() -> None:
    message = DESCRIPTION["components"]["messages"]["orderSubmit"]
    resource = Resource.from_contents(DESCRIPTION, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:description", resource)
    validator = Draft202012Validator(
        {"$ref": "urn:description#/components/schemas/OrderSubmit"}, registry=registry
    )

    examples = message["x-content-examples"]

    assert {one.slug for event in LIFE_EVENTS for one in event.procedures if one.kind is Kind.FILING} == set(
        examples
    )
    for slug, content in examples.items():
        validator.validate(content)
        assert content["procedure"] == slug


def test_the_catalogue_has_every_message_with_its_example() -> None:
    page = message_catalogue_markdown()

    for name in (*PAYLOADS, DOCUMENT):
        section = page.split(f"## `{name}`")[1].split("\n## ")[0]
        example = section.split("```json\n")[1].split("```")[0]
        assert json.loads(example) == EXAMPLES[name]
        assert all(f"| `{member}` |" in section for member in EXAMPLES[name])
