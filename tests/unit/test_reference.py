# SPDX-License-Identifier: Apache-2.0
"""The reference of the life events says what the declarations say, and quickly enough to say it always."""

import hashlib
import json
import time
from dataclasses import replace

import pytest

from engine.bootstrap import LIFE_EVENTS
from engine.core.declaration import Grade
from engine.core.life_event import LifeEvent, canonical
from engine.core.lifecycle import Way
from engine.reference import life_event_documents, page
from engine.runtime.catalogue import AnyEvent
from tests.unit.test_workflows_laws import RULES

LOADS_WITHIN_SECONDS = 1.0
DOCUMENTS = life_event_documents(LIFE_EVENTS)
named = pytest.mark.parametrize("event", LIFE_EVENTS, ids=lambda event: event.slug)


@named
def test_a_page_has_every_procedure_with_what_it_asks(event: AnyEvent) -> None:
    text = page(event)

    for one in event.procedures:
        section = text.split(f"### `{one.slug}`\n")[1].split("\n### ")[0]
        assert one.title.ja in section
        assert one.title.en in section
        assert one.applies.text.ja in section
        assert one.basis in section
        assert all(event.known_fields[name].label.ja in section for name in one.needs)
        assert all(other.text.ja in section for other in one.instead)
        assert all(each.ja in section for each in (*one.bring, *one.steps))
        assert f"](#{one.slug.replace('.', '')})" in text


@named
def test_what_is_still_to_be_checked_is_shown_as_such(event: AnyEvent) -> None:
    text = page(event)

    for one in event.procedures:
        line = next(each for each in text.splitlines() if f"](#{one.slug.replace('.', '')})" in each)
        assert line.startswith("| ⚠ ") is (one.grade is Grade.CHECK)


@named
def test_the_picture_has_every_procedure_that_waits_and_what_it_waits_for(event: AnyEvent) -> None:
    picture = page(event).split("```mermaid\n")[1].split("```")[0]

    for one in event.procedures:
        name = one.slug.replace(".", "_").replace("-", "_")
        for before in (*one.after, *one.hosts):
            assert f"{before.replace('.', '_').replace('-', '_')} -" in picture
            assert f"> {name}\n" in picture
            assert f'  {name}["{one.title.ja}"]' in picture


@named
def test_a_decision_is_in_the_picture_and_said_below_it(event: AnyEvent) -> None:
    text = page(event)

    for gate in event.gates:
        assert f"- `{gate.name}`: {gate.text.ja}" in text
        assert all(choice.title.ja in text for choice in gate.choices)
    for one in event.procedures:
        arrow = f"gate_{one.gate} ==> {one.slug}".replace(".", "_").replace("-", "_")
        assert one.gate is None or arrow in text


@named
def test_the_file_of_the_rules_has_the_hash_that_plans_name(event: AnyEvent) -> None:
    rules = json.loads(DOCUMENTS[f"docs/life-events/{event.slug}.json"]())

    assert hashlib.sha256(canonical(rules)).hexdigest() == event.catalogue
    assert event.catalogue[:12] in DOCUMENTS["docs/life-events/README.md"]()


def test_a_page_links_each_law_whose_id_is_sure() -> None:
    (moving,) = (event for event in LIFE_EVENTS if event.slug == "moving")

    assert "[住民基本台帳法](https://laws.e-gov.go.jp/law/342AC0000000081)" in page(moving)


def test_rules_are_told_apart_by_their_ways() -> None:
    (moving,) = (event for event in LIFE_EVENTS if event.slug == "moving")
    first, *others = moving.procedures
    other = replace(moving, procedures=(replace(first, ways=(Way.VISIT,)), *others))

    assert page(other) != page(moving)


def test_every_life_event_loads_with_all_its_checks_within_a_second() -> None:
    begun = time.process_time()

    loaded: list[LifeEvent[object]] = [replace(event) for event in LIFE_EVENTS]  # checks it anew
    hashes = [event.catalogue for event in loaded]

    assert time.process_time() - begun < LOADS_WITHIN_SECONDS
    assert hashes == [event.catalogue for event in LIFE_EVENTS]
    assert len(RULES) == sum(len(event.procedures) for event in loaded)
