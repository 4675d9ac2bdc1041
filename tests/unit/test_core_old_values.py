# SPDX-License-Identifier: Apache-2.0
"""Whoever was told something that changed is marked, until the new value is confirmed and not before."""

from datetime import timedelta

import pytest

from engine.core import messages as m
from engine.core.lifecycle import Way
from engine.core.old_values import doing
from engine.core.patience import SILENCE
from tests.unit.facts_samples import CASE_ID, NOW, Story, plain, plain_open

DAY = timedelta(days=1)


def single(way: Way = Way.ONLINE, **changes: object) -> Story:
    """Return a case with this filing, held open by an errand."""
    story = Story(plain_open(plain("a.one", way, **changes), plain("z.errand", Way.SELF))).confirm()
    story.now += DAY
    return story


def what(story: Story) -> str:
    filing = story.at("a.one")
    return doing(filing, amendable=story.it.rules[filing.id].amendable)


def is_old(story: Story) -> bool:
    return story.at("a.one").old_since is not None


def test_a_correction_marks_who_was_told_until_it_is_confirmed() -> None:
    story = single()
    story.reply("a.one", m.Completed)

    story.correct("a.one")
    assert (story.at("a.one").old_since, what(story)) == (NOW + DAY, "amendment-sent")
    story.reply("a.one", m.Amended)

    assert not is_old(story)


def test_of_two_overlapping_corrections_the_first_one_counts_and_the_last_one_confirms() -> None:
    story = single()
    story.correct("a.one", fields=("newAddress",))
    story.now += DAY
    story.correct("a.one", fields=("phone",))

    assert story.at("a.one").old_since == NOW + DAY
    story.reply("a.one", m.Amended, "amend/1/2")

    assert not is_old(story)


def test_a_completion_that_crosses_a_correction_confirms_nothing() -> None:
    story = single()
    story.correct("a.one")

    story.reply("a.one", m.Completed, "submit/1/0")

    assert is_old(story)


@pytest.mark.parametrize("state", ["waiting", "to-do"])
def test_nobody_is_marked_who_was_not_told(state: str) -> None:
    way = Way.SELF if state == "to-do" else Way.ONLINE
    story = single(way, **({"not_before": (NOW + 9 * DAY).date()} if state == "waiting" else {}))
    assert story.state("a.one") == state

    story.correct("a.one")

    assert not is_old(story)


def test_what_the_citizen_told_is_old_until_the_citizen_told_it_anew() -> None:
    story = single(Way.SELF)
    story.done("a.one")

    story.correct("a.one")
    assert what(story) == "tell-yourself"
    story.done("a.one")

    assert not is_old(story)


def test_an_organisation_that_refused_everything_holds_nothing() -> None:
    story = single()
    story.reply("a.one", m.Refused, correctable=True)

    story.correct("a.one")

    assert (story.state("a.one"), is_old(story)) == ("submitted", False)


def test_a_refused_correction_stays_old_until_a_new_attempt_is_taken() -> None:
    story = single()
    story.reply("a.one", m.Accepted)
    story.correct("a.one")

    story.reply("a.one", m.Refused, code="no", correctable=True)
    assert what(story) == "refused"
    story.correct("a.one")
    assert what(story) == "filed-anew"
    story.reply("a.one", m.Accepted, "submit/2/0")

    assert not is_old(story)


def test_who_cannot_be_amended_is_a_task_of_the_citizen() -> None:
    story = single(amendable=False)
    story.correct("a.one")
    assert what(story) == "irrevocable"

    story.reply("a.one", m.Completed)
    assert (what(story), is_old(story)) == ("tell-yourself", True)
    story.done("a.one")

    assert (story.state("a.one"), is_old(story)) == ("completed", False)


def test_an_organisation_given_up_on_that_answers_late_about_an_older_value_is_told_by_the_citizen() -> None:
    story = single()
    story.correct("a.one")
    story.wait(2 * SILENCE)
    story.correct("a.one")

    story.reply("a.one", m.Amended, "amend/1/1")
    assert story.state("a.one") == "accepted"
    story.reply("a.one", m.Completed, "submit/1/0")

    assert (story.state("a.one"), what(story)) == ("to-do", "tell-yourself")


def test_an_organisation_given_up_on_that_answers_the_last_word_holds_nothing_old() -> None:
    story = single()
    story.correct("a.one")
    story.wait(2 * SILENCE)
    assert (story.state("a.one"), is_old(story)) == ("to-do", True)

    story.reply("a.one", m.Amended, "amend/1/1")

    assert not is_old(story)


def test_calling_off_makes_everything_old_that_was_told() -> None:
    story = single()
    story.reply("a.one", m.Completed)

    story.say(m.Cancel(CASE_ID))
    assert what(story) == "withdrawal-sent"
    story.reply("a.one", m.Withdrawn)

    assert not is_old(story)


def test_what_cannot_be_withdrawn_stays_with_the_citizen() -> None:
    story = single()
    story.reply("a.one", m.Completed)
    story.say(m.Cancel(CASE_ID))

    story.reply("a.one", m.Irrevocable)

    assert story.it.has_ended
    assert (what(story), is_old(story)) == ("irrevocable", True)


def test_the_marks_are_in_the_journal() -> None:
    story = single()
    story.correct("a.one")

    again, _ = story.replayed()

    assert again.filings == story.it.filings
