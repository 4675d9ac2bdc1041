# SPDX-License-Identifier: Apache-2.0
"""What time says to a case: patience, flags with a way on, and never a wake-up lost or for nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from engine.core import messages as m
from engine.core.case import Party, Waits
from engine.core.errors import EngineError
from engine.core.lifecycle import CaseState, Way
from engine.core.patience import CORRECTION, ERRAND, LONGEST_PAUSE, MOST_TRIES, SILENCE
from tests.unit.facts_samples import CASE_ID, DAY, NOW, Story, moving_open, plain, plain_open

SECOND = timedelta(seconds=1)


def single(way: Way = Way.ONLINE, **changes: object) -> Story:
    return Story(plain_open(plain("a.one", way, **changes))).confirm()


def unreached(story: Story, times: int = 1) -> None:
    for _ in range(times):
        story.say(m.Unreachable(CASE_ID, story.at("a.one").id))


# --- silence --------------------------------------------------------------------------------------------


def test_an_organisation_that_is_silent_is_first_flagged_then_given_up_on() -> None:
    story = single()

    assert not story.wait(SILENCE - SECOND)
    story.wait(SECOND)
    assert (story.state("a.one"), story.at("a.one").flag) == ("submitted", "stuck/no-answer")
    story.wait(SILENCE)

    assert (story.state("a.one"), story.at("a.one").way, story.at("a.one").flag) == ("to-do", Way.SELF, None)


def test_an_answer_takes_the_flag_away() -> None:
    story = single()
    story.wait(SILENCE)

    story.reply("a.one", m.Received)

    assert story.at("a.one").flag is None


@pytest.mark.parametrize(
    ("kind", "state"),
    [(m.Received, "received"), (m.Accepted, "accepted"), (m.Asked, "asking"), (m.Completed, "completed")],
)
def test_an_organisation_that_was_given_up_on_may_still_answer(kind: type[m.Reply], state: str) -> None:
    story = single()
    story.wait(2 * SILENCE)
    assert story.state("a.one") == "to-do"

    story.reply("a.one", kind)

    assert story.state("a.one") == state


def test_an_acceptance_is_not_waited_on_for_ever() -> None:
    story = single()
    story.reply("a.one", m.Accepted)

    story.wait(2 * SILENCE)

    assert story.state("a.one") == "to-do"


def test_a_question_that_is_overdue_is_flagged_and_then_left_to_the_citizen() -> None:
    story = single()
    story.reply("a.one", m.Asked, question="q_1", until=date(2026, 12, 7))

    story.wait(datetime(2026, 12, 7, 15, tzinfo=UTC) - NOW)
    assert (story.state("a.one"), story.at("a.one").flag) == ("asking", "stuck/no-answer-from-citizen")
    story.wait(CORRECTION - SECOND)
    assert story.state("a.one") == "asking"
    story.wait(SECOND)

    assert story.state("a.one") == "to-do"


def test_an_overdue_question_can_still_be_answered() -> None:
    story = single()
    story.reply("a.one", m.Asked, question="q_1", until=date(2026, 12, 7))
    story.wait(20 * DAY)

    story.say(m.Answer(CASE_ID, story.at("a.one").id, "q_1", "yes"))

    assert (story.state("a.one"), story.at("a.one").flag) == ("submitted-answer", None)


def test_a_refusal_that_nobody_corrects_is_closed() -> None:
    story = single()
    story.reply("a.one", m.Refused, correctable=True)

    story.wait(CORRECTION)

    assert story.state("a.one") == "closed-refused"
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_a_refusal_is_not_closed_before_the_last_day_is_over() -> None:
    story = single(due_on=date(2027, 9, 24))
    story.reply("a.one", m.Refused, correctable=True)

    story.wait(datetime(2027, 9, 24, 15, tzinfo=UTC) - NOW - SECOND)
    assert story.state("a.one") == "refused"
    story.wait(SECOND)

    assert story.state("a.one") == "closed-refused"


# --- errands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [Way.VISIT, Way.PAPER, Way.SELF])
def test_an_errand_that_nobody_ticks_off_is_reminded_of_and_in_the_end_dropped(way: Way) -> None:
    story = single(way)
    open_state = story.state("a.one")

    story.wait(ERRAND)
    assert (story.state("a.one"), story.at("a.one").flag) == (open_state, "stuck/no-answer-from-citizen")
    story.wait(ERRAND)

    assert story.state("a.one") == "cancelled"
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_an_errand_lasts_until_well_after_its_last_day() -> None:
    story = single(Way.VISIT, due_on=date(2027, 11, 25))

    story.wait(366 * DAY)
    assert (story.state("a.one"), story.at("a.one").flag) == ("to-visit", "late/due")
    story.wait(ERRAND + ERRAND)

    assert story.it.has_ended


def test_an_errand_whose_last_day_is_put_off_is_not_dropped_before_it() -> None:
    story = single(Way.VISIT, due_on=date(2026, 12, 15))
    later = m.Change((), date(2028, 12, 15), None)
    story.say(m.ChangeDate(CASE_ID, {story.at("a.one").id: later}, date(2028, 12, 1)))

    story.wait(datetime(2028, 12, 15, 14, tzinfo=UTC) - NOW)

    assert (story.state("a.one"), story.at("a.one").flag) == ("to-visit", None)


# --- last days ------------------------------------------------------------------------------------------


def test_a_filing_is_late_when_its_last_day_is_over_in_japan() -> None:
    story = single(Way.VISIT, due_on=date(2026, 12, 15))
    story.now = datetime(2026, 12, 15, 14, 59, 59, tzinfo=UTC)
    assert not story.say(m.Tick(CASE_ID)).events

    story.now += SECOND
    story.say(m.Tick(CASE_ID))

    assert story.at("a.one").flag == "late/due"


def test_lateness_is_said_once() -> None:
    story = single(Way.VISIT, due_on=date(2026, 12, 15))

    story.wait(60 * DAY)

    assert [event.type for _, event in story.history].count("filing-flagged") == 1


@pytest.mark.parametrize("kind", [m.Received, m.Accepted])
def test_what_arrived_in_time_is_not_late(kind: type[m.Reply]) -> None:
    story = single(due_on=date(2026, 11, 27))
    story.reply("a.one", kind)

    story.wait(7 * DAY)

    assert story.at("a.one").flag is None


def test_what_never_arrived_is_late() -> None:
    story = single(due_on=date(2026, 11, 27))

    story.wait(7 * DAY)

    assert story.at("a.one").flag == "late/due"


def test_a_new_last_day_takes_the_lateness_away_and_is_watched_like_the_old() -> None:
    story = single(Way.VISIT, due_on=date(2026, 11, 27))
    story.wait(7 * DAY)
    change = m.Change((), date(2026, 12, 24), None)

    story.say(m.ChangeDate(CASE_ID, {story.at("a.one").id: change}, date(2026, 12, 10)))
    assert story.at("a.one").flag is None
    story.wait(30 * DAY)

    assert story.at("a.one").flag == "late/due"


# --- out of reach -----------------------------------------------------------------------------------------


def test_an_order_that_did_not_arrive_is_sent_again_as_the_same_order() -> None:
    story = single()

    unreached(story)
    assert (story.state("a.one"), story.at("a.one").waits) == (
        "postponed",
        Waits(Party.DATE, NOW + timedelta(minutes=1)),
    )
    story.wait(timedelta(minutes=1))

    assert (story.state("a.one"), story.at("a.one").sequence, story.at("a.one").attempt) == (
        "submitted",
        1,
        1,
    )
    assert story.orders == [m.Submit(story.at("a.one").id, 1, 1), m.Repeat(story.at("a.one").id, story.now)]


def test_pauses_double_up_to_half_a_day() -> None:
    story = single()
    pauses = []
    for _ in range(14):
        unreached(story)
        assert story.it.wake_at is not None
        pauses.append(story.it.wake_at - story.now)
        story.wake()

    assert pauses[:4] == [timedelta(minutes=one) for one in (1, 2, 4, 8)]
    assert pauses[-1] == LONGEST_PAUSE


def test_an_organisation_that_stays_out_of_reach_is_given_up_on() -> None:
    story = single()

    for _ in range(MOST_TRIES):
        unreached(story)
        story.wake()
    assert story.state("a.one") == "submitted"
    unreached(story)

    assert story.state("a.one") == "to-do"


def test_an_undoing_that_never_arrives_ends_as_irrevocable() -> None:
    story = single()
    story.say(m.Cancel(CASE_ID))

    for _ in range(MOST_TRIES):
        unreached(story)
        story.wake()
    unreached(story)

    assert story.state("a.one") == "irrevocable"
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_silence_after_a_pause_is_silence() -> None:
    story = single()
    unreached(story)
    story.wait(timedelta(minutes=1))

    story.wait(SILENCE)
    assert story.at("a.one").flag == "stuck/no-answer"
    story.wait(SILENCE)

    assert story.state("a.one") == "to-do"


def test_silence_after_a_repeated_correction_is_silence() -> None:
    story = single()
    story.reply("a.one", m.Accepted)
    story.correct("a.one")
    unreached(story)
    assert story.state("a.one") == "revising"

    story.wait(timedelta(minutes=1))
    assert len([o for o in story.orders if isinstance(o, m.Repeat)]) == 1
    story.wait(2 * SILENCE)

    assert story.state("a.one") == "to-do"
    assert len([o for o in story.orders if isinstance(o, m.Repeat)]) == 1


def test_tries_are_counted_anew_when_the_organisation_has_answered() -> None:
    story = single()
    unreached(story, 5)
    story.reply("a.one", m.Received)
    story.reply("a.one", m.Asked, question="q")
    story.say(m.Answer(CASE_ID, story.at("a.one").id, "q", 1))

    unreached(story)

    assert story.at("a.one").waits == Waits(Party.DATE, story.now + timedelta(minutes=1))


@pytest.mark.parametrize("way", [Way.VISIT, Way.SELF])
def test_nobody_is_out_of_reach_where_nobody_was_called(way: Way) -> None:
    story = single(way)

    with pytest.raises(EngineError) as refusal:
        unreached(story)

    assert refusal.value.code == "stale-reply"


def test_an_organisation_that_asked_a_question_was_reached() -> None:
    story = single()
    story.reply("a.one", m.Asked, question="q", until=date(2026, 12, 7))
    waits = story.at("a.one").waits

    with pytest.raises(EngineError):
        unreached(story)

    assert story.at("a.one").waits == waits


# --- operators --------------------------------------------------------------------------------------------


def test_a_parked_filing_rests_until_an_operator_lets_it_go_on() -> None:
    story = single()
    filing = story.at("a.one").id
    story.say(m.Park(CASE_ID, filing, "wrong-receiver"))
    assert story.at("a.one").flag == "parked/wrong-receiver"
    assert story.it.wake_at is None

    assert not story.wait(3 * SILENCE)
    story.say(m.Resume(CASE_ID, filing))
    assert story.at("a.one").flag is None
    story.wait(timedelta())

    assert story.at("a.one").flag == "stuck/no-answer"


def test_a_parked_filing_still_hears_its_organisation_and_stays_parked() -> None:
    story = Story(plain_open(plain("a.one", Way.ONLINE), plain("b.two", Way.SELF))).confirm()
    story.say(m.Park(CASE_ID, story.at("a.one").id, "look"))

    story.reply("a.one", m.Accepted)
    assert (story.state("a.one"), story.at("a.one").flag) == ("accepted", "parked/look")
    story.reply("a.one", m.Completed)

    assert (story.state("a.one"), story.at("a.one").flag) == ("completed", None)


def test_a_filing_parked_before_its_turn_sets_out_when_it_is_resumed() -> None:
    first = plain("a.one", Way.ONLINE)
    story = Story(plain_open(first, plain("b.two", Way.ONLINE, after=(first[0].id,)))).confirm()
    story.say(m.Park(CASE_ID, story.at("b.two").id, "look"))
    story.reply("a.one", m.Completed)
    assert story.state("b.two") == "waiting"

    story.say(m.Resume(CASE_ID, story.at("b.two").id))

    assert story.state("b.two") == "submitted"


def test_only_what_is_parked_is_resumed_and_only_what_is_open_is_parked() -> None:
    story = Story(plain_open(plain("a.one", Way.SELF), plain("b.two", Way.SELF))).confirm()
    story.done("a.one")

    for message in (m.Resume(CASE_ID, story.at("b.two").id), m.Park(CASE_ID, story.at("a.one").id, "x")):
        with pytest.raises(EngineError) as refusal:
            story.say(message)
        assert refusal.value.code == "illegal-move"


def test_a_retry_sends_the_last_order_again_and_nothing_new() -> None:
    story = single()

    outcome = story.say(m.Retry(CASE_ID, story.at("a.one").id))

    assert outcome.orders == (m.Repeat(story.at("a.one").id, story.now),)
    assert (story.at("a.one").sequence, story.at("a.one").attempt) == (1, 1)


def test_a_retry_ends_a_pause() -> None:
    story = single()
    unreached(story, 9)

    outcome = story.say(m.Retry(CASE_ID, story.at("a.one").id))

    assert story.state("a.one") == "submitted"
    assert outcome.orders == (m.Repeat(story.at("a.one").id, story.now),)


@pytest.mark.parametrize("way", [Way.VISIT, Way.SELF])
def test_what_was_never_sent_is_not_sent_again(way: Way) -> None:
    story = single(way)

    with pytest.raises(EngineError) as refusal:
        story.say(m.Retry(CASE_ID, story.at("a.one").id))

    assert refusal.value.code == "illegal-move"


# --- waking -----------------------------------------------------------------------------------------------


def test_a_wake_up_that_came_while_nobody_looked_is_not_lost() -> None:
    story = single(due_on=date(2026, 11, 27))
    story.now += 100 * DAY  # everything has long come
    assert story.it.wake_at is not None

    woken = 0
    while story.it.wake_at is not None and story.it.wake_at <= story.now:
        story.wake()
        woken += 1

    assert story.at("a.one").flag == "stuck/no-answer"
    assert woken == 1


def test_the_earliest_of_all_instants_wakes_the_case() -> None:
    story = Story(
        plain_open(
            plain("a.one", Way.ONLINE),
            plain("b.two", Way.VISIT, due_on=date(2026, 12, 1)),
            plain("c.three", Way.ONLINE, not_before=date(2026, 11, 30)),
        )
    ).confirm()

    assert story.it.wake_at == datetime(2026, 11, 29, 15, tzinfo=UTC)
    story.wake()
    assert story.it.wake_at == datetime(2026, 12, 1, 15, tzinfo=UTC)
    story.wake()
    assert story.it.wake_at == NOW + SILENCE


def test_a_tick_before_its_time_changes_nothing() -> None:
    story = Story(moving_open()).confirm()
    story.wait(timedelta())
    version, wake_at = story.it.version, story.it.wake_at

    outcome = story.say(m.Tick(CASE_ID))

    assert not outcome.events
    assert (story.it.version, story.it.wake_at) == (version, wake_at)
