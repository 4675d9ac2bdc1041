# SPDX-License-Identifier: Apache-2.0
"""Whoever has something to do is reminded before the last day, once for each day that was set, never after."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.core import messages as m
from engine.core.lifecycle import Way
from engine.core.patience import JAPAN, day_in_japan
from engine.core.reminders import next_reminder
from tests.unit.facts_samples import CASE_ID, Story, moving_open, plain, plain_open

DAY = timedelta(days=1)


def case(
    way: Way = Way.VISIT, *, due: int | None = 20, days: tuple[int, ...] = (7, 1), **changes: Any
) -> Story:
    """Return a case with an errand that is due in so many days, held open by another."""
    story = Story(plain_open(plain("z.errand", Way.SELF)))
    due_on = day_in_japan(story.now) + due * DAY if due is not None else None
    story = Story(
        plain_open(
            plain("a.one", way, due_on=due_on, remind_days=days, **changes), plain("z.errand", Way.SELF)
        )
    )
    return story.confirm()


def given(story: Story) -> list[tuple[datetime, m.CitizenReminded]]:
    return [(at, event) for at, event in story.history if isinstance(event, m.CitizenReminded)]


def notices(story: Story) -> list[m.Notify]:
    return [order for order in story.orders if isinstance(order, m.Notify)]


def test_an_errand_is_reminded_of_in_the_morning_of_each_day_that_was_set() -> None:
    story = case()
    due_on = story.at("a.one").due_on
    assert due_on is not None

    story.wait(40 * DAY)

    assert [at.astimezone(JAPAN).date() for at, _ in given(story)] == [due_on - 7 * DAY, due_on - DAY]
    assert {at.astimezone(JAPAN).hour for at, _ in given(story)} == {9}
    assert [(one.last_day, one.days) for one in notices(story)] == [(due_on, 7), (due_on, 1)]


def test_what_is_done_is_not_reminded_of() -> None:
    story = case()
    story.wait(10 * DAY)

    story.done("a.one")
    story.wait(40 * DAY)

    assert notices(story) == []


def test_who_was_asked_late_is_reminded_only_of_what_is_still_ahead() -> None:
    story = case(due=5)

    story.wait(20 * DAY)

    assert [one.days for one in notices(story)] == [1]


def test_a_case_that_slept_over_several_reminders_gives_the_last_one() -> None:
    story = case()
    story.now += 18 * DAY + timedelta(hours=20)

    story.say(m.Tick(CASE_ID))
    story.wait(40 * DAY)

    assert [one.days for one in notices(story)] == [7, 1]
    assert len(given(story)) == 2


def test_a_reminder_that_was_slept_over_until_after_the_last_day_is_noted_and_not_sent() -> None:
    story = case()
    story.now += 60 * DAY

    story.say(m.Tick(CASE_ID))

    assert [event.is_missed for _, event in given(story)] == [True]
    assert notices(story) == []
    assert next_reminder(story.at("a.one"), story.it.rules[story.at("a.one").id]) is None


def test_a_last_day_that_is_put_off_has_its_own_reminders_and_none_is_repeated() -> None:
    story = case(due=10)
    story.wait(4 * DAY)
    assert [one.days for one in notices(story)] == [7]
    later = day_in_japan(story.now) + 30 * DAY

    story.say(m.Correct(CASE_ID, {story.at("a.one").id: m.Change((), later, None)}))
    story.wait(60 * DAY)

    told = [(one.last_day, one.days) for one in notices(story)]
    assert told[1:] == [(later, 7), (later, 1)]
    assert len(set(told)) == len(told)


def test_a_question_is_reminded_of_before_its_own_last_day() -> None:
    story = case(Way.ONLINE, due=None)
    until = day_in_japan(story.now) + 14 * DAY

    story.reply("a.one", m.Asked, question="q", until=until)
    story.wait(14 * DAY)

    assert [(one.last_day, one.days) for one in notices(story)] == [(until, 7), (until, 1)]


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (-3, [(30, 7), (30, 1)]),  # its last day had passed when it was refused
        (12, [(12, 7), (12, 1), (30, 7), (30, 1)]),  # first its last day, then the end of the correction
        (28, [(28, 7), (28, 1), (30, 1)]),
        (60, [(60, 7), (60, 1)]),  # it can be corrected until its last day
        (None, [(30, 7), (30, 1)]),
    ],
)
def test_what_was_refused_is_reminded_of_by_the_day_that_comes_first(
    due: int | None, told: list[tuple[int, int]]
) -> None:
    story = case(Way.ONLINE, due=due)
    today = day_in_japan(story.now)
    story.reply("a.one", m.Refused, code="no", reason={}, correctable=True)

    story.wait(70 * DAY)

    assert [((one.last_day - today).days, one.days) for one in notices(story)] == told
    assert story.at("a.one").has_ended


@pytest.mark.parametrize("way", [Way.ONLINE, Way.AUTOMATIC])
def test_nobody_is_reminded_of_what_others_have_to_do(way: Way) -> None:
    story = case(way)

    story.wait(40 * DAY)

    assert notices(story) == []


def test_a_parked_filing_is_not_reminded_of() -> None:
    story = case()
    story.say(m.Park(CASE_ID, story.at("a.one").id, "law-unclear"))

    story.wait(40 * DAY)

    assert notices(story) == []


def test_a_case_called_off_reminds_of_nothing() -> None:
    story = case()
    story.say(m.Cancel(CASE_ID))

    story.wait(40 * DAY)

    assert given(story) == []


def test_the_days_come_from_what_is_lost_and_stay_in_the_case() -> None:
    story = Story(moving_open()).confirm()
    days = {rules.remind_days for rules in story.it.rules.values()}

    assert {(7, 1), (3,)} <= days


def test_the_journal_tells_what_was_given() -> None:
    story = case()
    story.wait(40 * DAY)

    again, orders = story.replayed()

    assert again.filings == story.it.filings
    assert [one for one in orders if isinstance(one, m.Notify)] == notices(story)
