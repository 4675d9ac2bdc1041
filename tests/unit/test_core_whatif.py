# SPDX-License-Identifier: Apache-2.0
"""Two plans side by side: what changes when the facts do, for every life event."""

from dataclasses import replace

import pytest

from engine.core.views import PlanView
from engine.core.whatif import Change, Comparison, EntryComparison, What, compare
from tests.unit.told_households import HOUSEHOLDS, Told, household


def changes(found: Comparison) -> dict[tuple[str, str], Change]:
    return {(one.slug, one.subject): one.change for one in found.entries}


def entry(found: Comparison, slug: str) -> EntryComparison:
    return next(one for one in found.entries if one.slug == slug)


def keys(plan: PlanView) -> set[tuple[str, str]]:
    return {(one.slug, one.subject) for one in plan.entries}


@pytest.mark.parametrize("told", HOUSEHOLDS, ids=lambda told: f"{told.event.slug}-{told.name}")
def test_the_same_facts_change_nothing(told: Told) -> None:
    found = compare(told.view(), told.view())

    assert set(changes(found).values()) == {Change.SAME}
    assert found.same == len(told.view().entries)
    assert all(not one.differences for one in found.entries)


@pytest.mark.parametrize("told", HOUSEHOLDS, ids=lambda told: f"{told.event.slug}-{told.name}")
def test_every_procedure_of_both_plans_is_there_once_and_the_other_way_round_is_the_mirror(
    told: Told,
) -> None:
    other = next(one for one in (*HOUSEHOLDS, told) if one.event is told.event and one.name != told.name)
    mirror = {Change.ADDED: Change.DROPPED, Change.DROPPED: Change.ADDED}

    there, back = compare(told.view(), other.view()), compare(other.view(), told.view())

    assert len(there.entries) == len(changes(there))
    assert changes(there).keys() == keys(told.view()) | keys(other.view())
    assert changes(back) == {key: mirror.get(one, one) for key, one in changes(there).items()}
    assert there.added + there.dropped + there.changed + there.same == len(there.entries)


@pytest.mark.parametrize("told", HOUSEHOLDS, ids=lambda told: f"{told.event.slug}-{told.name}")
def test_who_is_no_longer_connected_changes_ways_and_offices_only(told: Told) -> None:
    alone = replace(told, connected_to={})

    found = compare(told.view(), alone.view())

    assert {one.what for each in found.entries for one in each.differences} <= {
        What.WAY,
        What.OFFICE,
        What.GUARD,
    }
    assert found.added == found.dropped == 0


def test_another_day_moves_deadlines_and_says_which_fields_change() -> None:
    told = household("moving", "family")

    found = compare(told.view(), told.view({"movingDate": "2027-04-05"}))

    notice = entry(found, "move.move-in-notice")
    told_before, told_after = told.facts["movingDate"], "2027-04-05"
    assert notice.change is Change.CHANGED
    assert [(one.before, one.after) for one in notice.differences if one.field == "movingDate"] == [
        (told_before, told_after)
    ]
    assert {one.what for one in notice.differences} >= {What.LAST_DAY, What.FIELD}
    assert all(one.label.ja and one.label.en for one in notice.differences)


def test_a_move_within_the_city_drops_notices_and_names_the_condition_that_is_no_longer_met() -> None:
    told = household("moving", "family")
    within = dict(told.facts["oldAddress"], line="本町1丁目1番1号")

    found = compare(told.view(), told.view({"newAddress": within}))

    assert entry(found, "move.move-in-notice").change is Change.DROPPED
    assert entry(found, "move.move-in-notice").why.ja.startswith("別の市区町村")
    assert entry(found, "move.within-city-notice").change is Change.ADDED
    assert entry(found, "move.move-in-notice").after is None
    assert entry(found, "move.within-city-notice").before is None


def test_one_subject_less_says_that_it_is_no_longer_about_it() -> None:
    plan = household("moving", "family").view()
    first = plan.entries[0]
    more = first.model_copy(update={"subject": "/movers/9"})

    found = compare(plan.model_copy(update={"entries": (*plan.entries, more)}), plan).entries[-1]

    assert (found.slug, found.subject, found.change) == (first.slug, "/movers/9", Change.DROPPED)
    assert found.why.en == "It is no longer about this subject"
