# SPDX-License-Identifier: Apache-2.0
"""Every procedure that is filed has an example order, and it holds what its receiver may have, no more."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connectors.simulators.catalogue import SIMULATORS
from engine.bootstrap import LIFE_EVENTS
from engine.border.envelope import EXAMPLES, SUBMIT, parse_payload, schema_of
from engine.border.examples import OrderExample, procedure_examples
from engine.border.names import REFERENCE_PATTERN
from engine.border.payloads import OrderSubmit
from engine.core.declaration import CONNECTED_WAYS, Kind
from workflows.calendar_japan import calendar_for
from workflows.examples import HOUSEHOLDS

EVERY = procedure_examples(LIFE_EVENTS, calendar_for)
FILED = {
    one.slug: (event, one) for event in LIFE_EVENTS for one in event.procedures if one.kind is Kind.FILING
}
ALL = [(slug, example) for slug, one in EVERY.items() for example in one.examples]
INVENTED = {"届出", "見本", "模範", "例示", "例題", "架空", "題名", "立会", "MARTIN", "SAMPLE", "EXEMPLO"}


def values(told: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every single value, with the name that it stands under."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield from values(value, key)
    elif isinstance(told, list):
        for value in told:
            yield from values(value, name)
    else:
        yield name, told


def names(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        yield from told
        for value in told.values():
            yield from names(value)
    elif isinstance(told, list):
        for value in told:
            yield from names(value)


def is_my_number(digits: str) -> bool:
    """Say whether twelve digits could be a My Number, by its check digit (番号法施行令8条の省令5条)."""
    weights = [n + 1 if n <= 6 else n - 5 for n in range(1, 12)]
    rest = sum(int(one) * weight for one, weight in zip(reversed(digits[:11]), weights, strict=True)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def test_every_procedure_that_is_filed_has_an_example() -> None:
    assert EVERY.keys() == FILED.keys()
    assert all(one.examples for one in EVERY.values())
    assert {slug for slug, one in EVERY.items() if one.sent_online} == {
        slug for slug, (_, one) in FILED.items() if CONNECTED_WAYS & set(one.ways)
    }


@pytest.mark.parametrize("slug", FILED)
def test_an_example_holds_exactly_what_its_receiver_is_told_and_fits_its_schema(slug: str) -> None:
    event, procedure = FILED[slug]
    told = {event.known_fields[name].wire_name for name in procedure.needs}
    own, general = Draft202012Validator(EVERY[slug].order_schema), Draft202012Validator(schema_of(SUBMIT))

    for example in EVERY[slug].examples:
        order = json.loads(json.dumps(example.order))
        read = parse_payload(SUBMIT, json.dumps(order).encode())

        own.validate(order)
        general.validate(order)
        assert isinstance(read, OrderSubmit)
        assert (read.procedure, read.fields.keys(), read.basis) == (slug, told, procedure.basis)
        assert example.documents == procedure.documents


@pytest.mark.parametrize("slug", FILED)
def test_its_schema_takes_no_field_more_and_none_less(slug: str) -> None:
    validator = Draft202012Validator(EVERY[slug].order_schema)
    order = EVERY[slug].examples[0].order

    Draft202012Validator.check_schema(EVERY[slug].order_schema)
    assert not validator.is_valid(order | {"procedure": "move.other"})
    assert not validator.is_valid(order | {"fields": order["fields"] | {"another": 1}})
    for name in order["fields"]:
        less = {key: value for key, value in order["fields"].items() if key != name}
        assert not validator.is_valid(order | {"fields": less})


def test_the_fullest_example_tells_something_and_no_two_of_a_procedure_are_alike() -> None:
    for one in EVERY.values():
        untold = [
            sum(value is None for value in example.order["fields"].values()) for example in one.examples
        ]

        assert untold == sorted(untold)
        assert untold[0] < max(1, len(one.examples[0].order["fields"]))
        assert len({json.dumps(example.order["fields"]) for example in one.examples}) == len(one.examples)


def test_no_two_examples_have_the_same_reference() -> None:
    references = [example.reference for _, example in ALL]

    assert len(set(references)) == len(references)
    assert all(re.fullmatch(REFERENCE_PATTERN, one) for one in references)


def test_the_same_examples_are_made_each_time() -> None:
    assert procedure_examples(LIFE_EVENTS, calendar_for) == EVERY


@pytest.mark.parametrize(("slug", "example"), ALL, ids=[f"{slug} {one.household}" for slug, one in ALL])
def test_nobody_in_an_example_exists_and_nobody_has_a_my_number(slug: str, example: OrderExample) -> None:
    del slug
    fields = example.order["fields"]

    assert not [name for name in names(fields) if re.search(r"(?i)my.?number|individual|recordcode", name)]
    for name, value in values(fields):
        text = value if isinstance(value, str) else ""
        digits = re.sub(r"\D", "", text)
        assert not (len(digits) == 12 and is_my_number(digits)), name
        assert len(digits) != 11 or text.startswith(("090-0000-", "+1212000")), name  # 住民票コード has 11
        if name == "family":
            assert text in INVENTED | {"ミホン", "トドケデ"} or re.fullmatch(r"[ァ-ヶー]+", text), text


def test_no_household_is_of_a_life_event_that_is_not_there() -> None:
    assert HOUSEHOLDS.keys() == {event.slug for event in LIFE_EVENTS}
    told = [one.name for event in HOUSEHOLDS.values() for one in event]
    assert len(set(told)) == len(told)


def test_a_my_number_would_be_found() -> None:
    assert is_my_number("123456789018")
    assert not is_my_number("123456789012")


TAKEN = [
    (name, slug) for name, one in SIMULATORS.items() for slug in one.connector.procedures if slug in FILED
]


@pytest.mark.parametrize(("name", "slug"), TAKEN, ids=[f"{name} {slug}" for name, slug in TAKEN])
def test_every_simulated_organisation_reads_the_examples(name: str, slug: str) -> None:
    model = SIMULATORS[name].connector.procedures[slug]

    for example in EVERY[slug].examples:
        model.model_validate(example.order["fields"], by_alias=True, by_name=False)


def test_the_example_of_a_submission_is_of_its_procedure_too() -> None:
    order = EXAMPLES[SUBMIT]

    Draft202012Validator(EVERY[order["procedure"]].order_schema).validate(order)
