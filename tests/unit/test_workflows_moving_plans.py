# SPDX-License-Identifier: Apache-2.0
"""Whole plans of a move, entry by entry, against what the law says: written by hand beside this file.

Each file in `moving_plans/` holds the facts, who is connected (`*`: everybody), and every entry that
the plan must have: way, receiver, what comes first, the last day, and exactly what is told.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.core.deadline_rules import Within
from engine.core.declaration import CONNECTED_WAYS, Sought
from engine.core.lifecycle import FilingState, Way
from engine.core.plan import Entry, Plan, filings_of
from engine.core.planning import Connected, make_plan
from engine.core.text import Text
from engine.core.views import plan_view
from tests.unit.facts_samples import CASE_ID, NOW
from workflows.calendar_japan import calendar_for
from workflows.moving import MOVING, MovingFacts

FILES = sorted((Path(__file__).parent / "moving_plans").glob("*.json"))


@dataclass(frozen=True)
class Told:
    numbers: dict[str, str]

    def connected(self, slug: str, sought: Sought) -> Connected | None:
        number = self.numbers.get(slug, self.numbers.get("*"))
        return Connected(number, Text(ja=f"機関{number}", en=f"Organisation {number}")) if number else None


def expected(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        Path(__file__).with_name("moving_plans").joinpath(name).read_text("utf-8")
    )
    return content


def planned(content: dict[str, Any], **changes: Any) -> Plan:
    return make_plan(
        MOVING,
        MovingFacts.model_validate(content["facts"] | changes),
        case_id=CASE_ID,
        connections=Told(content["connected"]),
        calendars=calendar_for,
        today=date.fromisoformat(content["today"]),
    )


def written(entry: Entry, plan: Plan) -> dict[str, Any]:
    """Return the entry as the files write it."""

    def name(one: Entry) -> str:
        return f"{one.slug} {one.subject}".rstrip()

    told = {
        "slug": entry.slug,
        "subject": entry.subject,
        "way": entry.way.value,
        "receiver": entry.receiver.ja,
        "after": [name(plan.entry(each)) for each in entry.after],
        "due": entry.due.last_day.isoformat() if entry.due.last_day else None,
        "needs": list(entry.fields),
    }
    if entry.rides_on:
        told["ridesOn"] = name(plan.entry(entry.rides_on))
    if entry.guard:
        told["guard"] = entry.guard
    return told


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plan_is_what_the_law_says_entry_by_entry(path: Path) -> None:
    content = expected(path.name)

    made = planned(content)

    found = {(one.slug, one.subject): written(one, made) for one in made.entries}
    wanted = {(one["slug"], one["subject"]): one for one in content["entries"]}
    assert found == wanted


def test_there_are_plans_of_all_kinds_of_households() -> None:
    slugs = {one["slug"] for path in FILES for one in expected(path.name)["entries"]}

    assert len(FILES) >= 6
    assert {one.slug for one in MOVING.procedures} == slugs


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_procedure_is_in_the_plan_or_left_out_with_its_reason(path: Path) -> None:
    made = planned(expected(path.name))

    there = {one.slug for one in made.entries}
    left = {one.slug for one in made.left_out}
    assert there | left == {one.slug for one in MOVING.procedures}
    assert not there & left


def test_of_a_protected_person_nothing_leaves() -> None:
    made = planned(expected("protected.json"))

    assert not [one.slug for one in made.entries if one.organisation or set(one.ways) & CONNECTED_WAYS]
    assert {one.way for one in made.entries if one.slug == "move.electricity"} == {Way.SELF}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_protection_holds_for_every_household_however_many_are_connected(path: Path) -> None:
    content = expected(path.name) | {"connected": {"*": "1000020131016"}}

    made = planned(content, protected=True)

    assert not [one.slug for one in made.entries if one.organisation or set(one.ways) & CONNECTED_WAYS]


def test_a_guard_is_shown_with_its_words() -> None:
    view = plan_view(planned(expected("protected.json")), MOVING.rules)

    guarded = [one for one in view.entries if one.guard]
    assert guarded
    assert all(one.guard_text and "支援措置" in one.guard_text.ja for one in guarded)


def test_moving_abroad_is_notified_at_the_counter() -> None:
    content = expected("family.json")
    facts = content["facts"]
    del facts["newAddress"]
    facts["toAbroad"] = {"country": "フランス"}

    made = planned(content)

    entries = {one.slug: one for one in made.entries}
    assert (entries["move.move-out-notice"].way, entries["move.move-out-notice"].guard) == (
        Way.VISIT,
        "moves-abroad",
    )
    assert entries["move.move-out-notice"].fields["newAddress"] == "フランス"
    assert "move.move-in-notice" not in entries
    assert "move.child-allowance-end" in entries
    assert "move.child-allowance-claim" not in entries


def test_when_two_households_become_one_one_contract_is_ended_and_no_address_sent() -> None:
    content = expected("family.json")
    content["facts"]["contracts"]["nhk"]["merges"] = True

    nhk = next(one for one in planned(content).entries if one.slug == "move.nhk")

    assert (nhk.way, nhk.organisation, nhk.guard) == (Way.SELF, None, "households-merge")


def test_between_wards_of_a_designated_city_it_is_a_move_within_the_city() -> None:
    content = expected("within-city.json")
    yokohama = {"prefecture": "神奈川県", "city": "横浜市"}
    content["facts"]["oldAddress"] |= yokohama | {"municipality": "141046"}
    content["facts"]["newAddress"] |= yokohama | {"municipality": "141097"}

    slugs = {one.slug for one in planned(content).entries}

    assert "move.within-city-notice" in slugs
    assert not slugs & {"move.move-out-notice", "move.move-in-notice"}


def test_child_allowance_counts_from_the_planned_day_and_the_notice_from_the_real_one() -> None:
    rules = {one.slug: one.deadline for one in MOVING.procedures}

    natures = [
        rule.of.nature.value
        for rule in (rules["move.child-allowance-claim"], rules["move.move-in-notice"])
        if isinstance(rule, Within)
    ]

    assert natures == ["planned", "happened"]


def test_what_asks_for_nothing_is_there_with_its_reason_and_waits_for_nobody() -> None:
    made = planned(expected("family.json"))
    view = plan_view(made, MOVING.rules)

    filings, _ = filings_of(made, {}, NOW)

    idle = {one.slug: one for one in view.entries if one.kind == "no-op"}
    assert idle.keys() == {"move.passport", "move.resident-tax", "move.voter-roll"}
    assert all(one.steps and one.told == () for one in idle.values())
    states = {one.slug: one.state for one in filings}
    assert {states[slug] for slug in idle} == {FilingState.NOT_NEEDED}
    assert {state for slug, state in states.items() if slug not in idle} == {FilingState.WAITING}


def test_kinds_of_entries_can_be_told_apart() -> None:
    kinds = {one.slug: one.kind.value for one in MOVING.procedures}

    assert kinds["move.move-out-notice"] == "filing"
    assert kinds["move.nhi-enrol"] == "automatic"
    assert kinds["move.passport"] == "no-op"
