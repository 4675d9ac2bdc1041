# SPDX-License-Identifier: Apache-2.0
"""Any procedure explains itself: applied, held back, left out, or not the law of that day."""

from dataclasses import replace
from datetime import date

import pytest

from engine.core.errors import EngineError
from engine.core.explain import Explanation, Explanations, Outcome, explain
from engine.core.views import plan_view
from tests.unit.told_households import HOUSEHOLDS, Told, household
from workflows.laws import citations


def explained(told: Told, slug: str, *, subject: str | None = None) -> Explanations:
    plan = told.plan()
    return explain(
        told.event,
        told.read(),
        plan,
        view=plan_view(plan, told.event.rules),
        slug=slug,
        subject=subject,
        cited=citations,
    )


def only(found: Explanations) -> Explanation:
    (one,) = found.explanations
    return one


@pytest.mark.parametrize("told", HOUSEHOLDS, ids=lambda told: f"{told.event.slug}-{told.name}")
def test_every_procedure_of_the_event_explains_itself_as_the_plan_has_it(told: Told) -> None:
    plan = told.plan()
    left_out = {one.slug for one in plan.left_out}

    for one in told.event.procedures:
        found = explained(told, one.slug).explanations
        entries = [each for each in plan.entries if each.slug == one.slug]
        assert [each.subject for each in found] == ([each.subject for each in entries] or [None])
        for each, entry in zip(found, entries, strict=False):
            assert each.outcome is (Outcome.GUARDED if entry.guard else Outcome.APPLIES)
            assert each.entry is not None
            assert [way.way for way in each.ways if way.is_open] == [
                way for way in one.ways if way in entry.ways
            ]
            assert all(way.is_open or way.why_not for way in each.ways)
            assert {day.name for day in each.days if day.day is None} >= set(entry.due.waits_for)
            assert entry.due.last_day is None or any(day.day for day in each.days)
            assert (each.gate_text is None) == (each.gate is None)
        if not entries:
            assert found[0].outcome is (Outcome.LEFT_OUT if one.slug in left_out else Outcome.NOT_IN_FORCE)


@pytest.mark.parametrize("told", HOUSEHOLDS, ids=lambda told: f"{told.event.slug}-{told.name}")
def test_every_explanation_says_in_both_languages_the_condition_and_the_law(told: Told) -> None:
    for one in told.event.procedures:
        for each in explained(told, one.slug).explanations:
            assert one.basis in each.text.ja
            assert one.basis in each.text.en
            assert each.rule.catalogue == told.event.catalogue
            if each.outcome is not Outcome.NOT_IN_FORCE:
                assert one.applies.text.ja in each.text.ja
                assert one.applies.text.en in each.text.en


def test_an_entry_says_the_day_it_counts_from_and_what_must_come_first() -> None:
    told = household("moving", "family")

    found = only(explained(told, "move.move-in-notice"))

    assert [(one.name, one.day) for one in found.days] == [
        ("moving_date", date.fromisoformat(told.facts["movingDate"]))
    ]
    assert "move.move-out-notice" in [one.slug for one in found.after]
    assert "先に転出届" in found.text.ja
    assert found.citations[0].url == "https://laws.e-gov.go.jp/law/342AC0000000081"
    assert found.entry is not None
    assert found.entry.deadline.why.ja in found.text.ja


def test_what_is_held_back_says_by_what() -> None:
    found = only(explained(household("moving", "protected"), "move.electricity"))

    assert (found.outcome, found.guard) == (Outcome.GUARDED, "protected-person")
    assert "支援措置" in found.text.ja
    assert [one.why_not.ja[:4] for one in found.ways if one.why_not] == ["支援措置"]


def test_what_is_left_out_says_which_condition_is_not_met() -> None:
    found = only(explained(household("moving", "within-city"), "move.move-in-notice"))

    assert (found.outcome, found.entry, found.subject) == (Outcome.LEFT_OUT, None, None)
    assert "当てはまらないため、必要ありません" in found.text.ja


def test_what_nobody_is_connected_for_says_so() -> None:
    told = replace(household("moving", "family"), connected_to={})

    found = explained(told, "move.electricity").explanations[0]

    assert [one.why_not.en for one in found.ways if one.why_not] == ["The receiver is not connected yet."]


@pytest.mark.parametrize(
    ("in_force", "until", "words"),
    [("2030-01-01", None, "begins on"), ("1967-11-10", "2020-01-01", "has ended")],
)
def test_a_rule_that_is_not_the_law_of_that_day_says_so(in_force: str, until: str | None, words: str) -> None:
    told = household("moving", "family")
    one = next(each for each in told.event.procedures if each.slug == "move.dog-registration")
    other = replace(
        one, in_force=date.fromisoformat(in_force), until=date.fromisoformat(until) if until else None
    )
    event = replace(
        told.event, procedures=tuple(other if each is one else each for each in told.event.procedures)
    )

    found = only(explained(replace(told, event=event), "move.dog-registration"))

    assert found.outcome is Outcome.NOT_IN_FORCE
    assert words in found.text.en


def test_one_subject_can_be_asked_for_alone() -> None:
    told = household("moving", "family")
    plan = told.plan()
    entry = next(one for one in plan.entries if one.subject)

    assert only(explained(told, entry.slug, subject=entry.subject)).subject == entry.subject
    with pytest.raises(EngineError, match="no-such-subject"):
        explained(told, entry.slug, subject="/movers/99")
    with pytest.raises(EngineError, match="no-such-procedure"):
        explained(told, "move.nothing")
