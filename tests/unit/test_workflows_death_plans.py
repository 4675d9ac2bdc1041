# SPDX-License-Identifier: Apache-2.0
"""Whole plans of a death, entry by entry, against what the law says: written by hand beside this file.

Each file in `death_plans/` holds the facts, who is connected (`*`: everybody), and every entry that the
plan must have: way, receiver, what comes first, the last day, the guard, the day on which the gate
opens for those who say nothing, and exactly what is told.
"""

from time import process_time
from typing import Any

import pytest

from engine.core.declaration import CONNECTED_WAYS
from engine.core.lifecycle import FilingState
from engine.core.plan import Entry, Plan, filings_of
from engine.core.views import plan_view
from tests.unit.death_samples import PLANS, expected, planned
from tests.unit.facts_samples import NOW
from workflows.death import DEATH, GATED

FILES = sorted(PLANS.glob("*.json"))


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
        "needs": sorted(entry.fields),
    }
    if entry.rides_on:
        told["ridesOn"] = name(plan.entry(entry.rides_on))
    if entry.guard:
        told["guard"] = entry.guard
    if entry.closes_on:
        told["gate"] = entry.closes_on.isoformat()
    return told


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plan_is_what_the_law_says_entry_by_entry(path: Any) -> None:
    content = expected(path.name)

    made = planned(content)

    found = {(one.slug, one.subject): written(one, made) for one in made.entries}
    wanted = {(one["slug"], one["subject"]): one for one in content["entries"]}
    assert found.keys() == wanted.keys()
    assert found == wanted


def test_there_are_plans_of_all_kinds_of_households() -> None:
    slugs = {one["slug"] for path in FILES for one in expected(path.name)["entries"]}

    assert len(FILES) >= 7
    assert {one.slug for one in DEATH.procedures} - slugs == {"death.lump-sum-on-death"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_protection_holds_for_every_household_however_many_are_connected(path: Any) -> None:
    content = expected(path.name) | {"connected": {"*": "1000020131016"}}

    made = planned(content, protected=True)

    assert not [one.slug for one in made.entries if one.organisation or set(one.ways) & CONNECTED_WAYS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_gated_entry_waits_for_the_heirs_where_there_are_any(path: Any) -> None:
    content = expected(path.name)

    made = planned(content)

    for one in made.entries:
        assert (one.gate is not None) is (one.slug in GATED and bool(content["facts"].get("heirs"))), one.slug


def test_what_asks_for_nothing_is_there_with_its_reason() -> None:
    made = planned(expected("widow.json"))
    view = plan_view(made, DEATH.rules)

    filings, _ = filings_of(made, {}, NOW)

    idle = {one.slug: one for one in view.entries if one.kind == "no-op"}
    assert idle.keys() == {"death.tax-office-notice"}
    assert all(one.steps and one.told == () for one in idle.values())
    states = {one.slug: one.state for one in filings}
    assert {states[slug] for slug in idle} == {FilingState.NOT_NEEDED}
    assert {state for slug, state in states.items() if slug not in idle} == {FilingState.WAITING}


def test_a_household_of_eight_is_planned_in_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    content = expected("household-of-8.json")
    planned(content)  # the calendar is read once

    took = []
    for _ in range(10):
        begun = process_time()
        made = planned(content)
        took.append(process_time() - begun)

    with capsys.disabled():
        print(
            f"a death with {len(made.entries)} entries is planned in {min(took) * 1000:.1f} ms of the processor"
        )
    assert len(made.entries) >= 60
    assert min(took) < 0.030  # of the processor: a slower machine than ours has room
