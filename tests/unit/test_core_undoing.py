# SPDX-License-Identifier: Apache-2.0
"""A changed date or a cancelled move reaches everyone who was told, and is chased until they answer."""

from datetime import date, timedelta

import pytest

from engine.core import messages as m
from engine.core.case import Party
from engine.core.errors import EngineError
from engine.core.lifecycle import CaseState, Way
from engine.core.patience import SILENCE
from engine.core.plan import corrected
from tests.unit.facts_samples import (
    CASE_ID,
    ELECTRICITY,
    GAS,
    IN,
    NHK_ADDRESS,
    OUT,
    PENSION,
    Story,
    document,
    family,
    moving_open,
    plain,
    plain_open,
    plan,
)


def single(way: Way = Way.ONLINE, **changes: object) -> Story:
    """Return a case with this filing, held open by an errand."""
    return Story(plain_open(plain("a.one", way, **changes), plain("z.errand", Way.SELF))).confirm()


def is_stale(story: Story, kind: type[m.Reply], to: str = "", **members: object) -> bool:
    before = story.it
    try:
        story.reply("a.one", kind, to, **members)
    except EngineError as error:
        assert story.it is before
        return error.code == "stale-reply"
    return False


# --- the date changes -----------------------------------------------------------------------------------


def test_a_changed_date_reaches_everyone_who_was_told() -> None:
    old = plan()
    story = Story(moving_open(old)).confirm()
    story.reply(OUT, m.Completed)
    story.reply(NHK_ADDRESS, m.Received)
    story.done(GAS)
    new, changed = corrected(old, plan(family(movingDate="2026-12-15")))
    changes = {
        filing: m.Change(names, new.entry(filing).due.last_day, new.entry(filing).not_before)
        for filing, names in changed.items()
    }

    story.say(m.ChangeDate(CASE_ID, changes, date(2026, 12, 15)))

    assert {slug: story.state(slug) for slug in (OUT, ELECTRICITY, NHK_ADDRESS, GAS, IN, PENSION)} == {
        OUT: "revising",  # also what was completed
        ELECTRICITY: "revising",
        NHK_ADDRESS: "revising",
        GAS: "to-do",  # the citizen told them, and has to tell them again
        IN: "waiting",
        PENSION: "riding",
    }
    (revise,) = story.sent(m.Revise, ELECTRICITY)
    assert (revise.attempt, revise.revision, revise.sequence) == (1, 1, 2)
    assert revise.fields == ("stopOn", "startOn")
    assert story.at(IN).not_before == date(2026, 12, 15)
    assert story.at(IN).due_on == date(2027, 1, 4)  # 29 December and the days after are closed
    assert not story.sent(m.Revise, IN)


def test_a_correction_is_chased_until_it_is_confirmed() -> None:
    story = single()
    story.reply("a.one", m.Completed)
    story.correct("a.one")

    story.wait(SILENCE)
    assert (story.state("a.one"), story.at("a.one").flag) == ("revising", "stuck/no-answer")
    story.reply("a.one", m.Amended)

    assert (story.state("a.one"), story.at("a.one").flag) == ("completed", None)


def test_what_was_not_done_yet_goes_on_after_its_correction() -> None:
    story = single()
    story.reply("a.one", m.Accepted)
    story.correct("a.one")

    story.reply("a.one", m.Amended)

    assert story.state("a.one") == "accepted"
    waits = story.at("a.one").waits
    assert waits is not None
    assert waits.party is Party.ORGANISATION
    assert waits.until is not None
    assert waits.until > story.now


def test_only_the_newest_correction_is_confirmed() -> None:
    story = single()
    story.correct("a.one")
    story.correct("a.one")
    assert [order.revision for order in story.sent(m.Revise, "a.one")] == [1, 2]

    assert is_stale(story, m.Amended, "amend/1/1")
    story.reply("a.one", m.Amended, "amend/1/2")

    assert story.state("a.one") == "accepted"


def test_a_completion_that_crosses_a_correction_does_not_end_the_chase() -> None:
    story = single()
    story.correct("a.one")

    outcome = story.reply("a.one", m.Completed, "submit/1/0", documents=(document(),))
    assert story.state("a.one") == "revising"
    assert outcome.orders == (m.Deliver(story.at("a.one").id, "o_1", document()),)
    story.reply("a.one", m.Amended, "amend/1/1")

    assert story.state("a.one") == "completed"


def test_a_refusal_that_crosses_a_correction_refuses_the_filing() -> None:
    story = single()
    story.correct("a.one")

    story.reply("a.one", m.Refused, "submit/1/0", correctable=False)

    assert story.state("a.one") == "closed-refused"


def test_a_correction_that_is_refused_is_left_to_the_citizen_with_its_reason() -> None:
    story = single()
    story.reply("a.one", m.Completed)
    story.correct("a.one")

    outcome = story.reply("a.one", m.Refused, code="too-late", correctable=False)

    assert story.state("a.one") == "to-do"
    assert [event.type for event in outcome.events] == ["filing-refused", "filing-moved"]


def test_an_older_correction_that_is_refused_does_not_stop_the_newest() -> None:
    story = single()
    story.correct("a.one")
    story.correct("a.one")

    assert is_stale(story, m.Refused, "amend/1/1", correctable=False)
    assert story.state("a.one") == "revising"


def test_a_correction_that_cannot_be_made_is_left_to_the_citizen() -> None:
    story = single()
    story.reply("a.one", m.Completed)
    story.correct("a.one")

    story.reply("a.one", m.Irrevocable)

    assert (story.state("a.one"), story.at("a.one").way) == ("to-do", Way.SELF)


def test_an_organisation_given_up_on_over_a_correction_is_heard_about_the_correction_alone() -> None:
    story = single()
    story.correct("a.one")
    story.wait(2 * SILENCE)
    assert story.state("a.one") == "to-do"

    assert is_stale(story, m.Completed, "submit/1/0")  # about the old value
    story.reply("a.one", m.Amended, "amend/1/1")

    assert story.state("a.one") == "accepted"


def test_who_cannot_be_told_by_a_message_is_told_by_the_citizen_once_it_is_done() -> None:
    story = single(amendable=False)

    story.correct("a.one")
    assert (story.state("a.one"), story.at("a.one").flag) == ("submitted", "stuck/holds-old-value")
    story.reply("a.one", m.Completed)

    assert (story.state("a.one"), story.at("a.one").way) == ("to-do", Way.SELF)
    waits = story.at("a.one").waits
    assert waits is not None
    assert waits.party is Party.CITIZEN
    assert not story.sent(m.Revise, "a.one")


def test_a_filing_that_never_arrived_goes_again_before_its_correction() -> None:
    story = single()
    story.say(m.Unreachable(CASE_ID, story.at("a.one").id))

    outcome = story.correct("a.one")

    assert [type(order) for order in outcome.orders] == [m.Repeat, m.Revise]
    assert story.sent(m.Revise, "a.one")[0].sequence == 2


def test_what_the_citizen_finished_for_the_organisation_the_citizen_also_corrects() -> None:
    story = single()
    story.wait(2 * SILENCE)
    story.done("a.one")

    story.correct("a.one")

    assert (story.state("a.one"), story.at("a.one").way) == ("to-do", Way.SELF)
    story.done("a.one")
    assert story.state("a.one") == "completed"


def test_revisions_are_counted_anew_in_each_attempt() -> None:
    story = single()
    story.correct("a.one")
    story.reply("a.one", m.Refused, "submit/1/0", correctable=True)
    story.correct("a.one")

    story.correct("a.one")

    last = story.sent(m.Revise, "a.one")[-1]
    assert (last.attempt, last.revision, last.sequence) == (2, 1, 4)


def test_a_question_that_a_correction_overtook_is_no_longer_answered() -> None:
    story = single()
    story.reply("a.one", m.Asked, question="q")
    story.correct("a.one")

    with pytest.raises(EngineError) as refusal:
        story.say(m.Answer(CASE_ID, story.at("a.one").id, "q", 1))

    assert refusal.value.code == "no-such-question"


def test_a_changed_date_that_changes_no_field_tells_nobody() -> None:
    story = single()
    change = m.Change((), date(2026, 12, 24), None)

    story.say(m.ChangeDate(CASE_ID, {story.at("a.one").id: change}, date(2026, 12, 10)))

    assert story.state("a.one") == "submitted"
    assert story.at("a.one").due_on == date(2026, 12, 24)
    assert not story.sent(m.Revise, "a.one")


def test_a_correction_before_the_confirmation_tells_nobody() -> None:
    story = Story(plain_open(plain("a.one", Way.ONLINE)))

    story.correct("a.one")
    story.confirm()

    assert [type(order) for order in story.orders] == [m.Submit]


# --- the event does not take place ------------------------------------------------------------------------


def test_a_cancelled_case_undoes_what_was_sent_and_drops_what_was_not() -> None:
    story = Story(moving_open()).confirm()
    story.reply(ELECTRICITY, m.Completed)

    story.say(m.Cancel(CASE_ID))
    assert {slug: story.state(slug) for slug in (OUT, ELECTRICITY, NHK_ADDRESS, GAS, IN, PENSION)} == {
        OUT: "withdrawing",
        ELECTRICITY: "withdrawing",
        NHK_ADDRESS: "withdrawing",
        GAS: "cancelled",
        IN: "cancelled",
        PENSION: "cancelled",
    }
    for slug in (OUT, ELECTRICITY, NHK_ADDRESS):
        (order,) = story.sent(m.Withdraw, slug)
        assert (order.revision, order.sequence, order.reason) == (1, 2, "cancelled")
        story.reply(slug, m.Withdrawn)

    assert story.it.state is CaseState.CANCELLED


def test_a_case_with_something_irrevocable_is_completed_partly() -> None:
    story = single()
    story.say(m.Cancel(CASE_ID))

    story.reply("a.one", m.Irrevocable)

    assert story.state("a.one") == "irrevocable"
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_what_cannot_be_withdrawn_stays_and_the_case_is_completed_partly() -> None:
    story = single(withdrawable=False)
    story.reply("a.one", m.Completed)

    story.say(m.Cancel(CASE_ID))

    assert story.state("a.one") == "completed"
    assert not story.sent(m.Withdraw, "a.one")
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_what_cannot_be_withdrawn_and_is_never_answered_may_stand() -> None:
    story = single(withdrawable=False)
    story.say(m.Cancel(CASE_ID))
    assert story.it.state is CaseState.CANCELLING

    story.wait(2 * SILENCE)

    assert story.state("a.one") == "irrevocable"
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_an_organisation_that_was_given_up_on_is_told_of_the_undoing() -> None:
    story = single()
    story.wait(2 * SILENCE)
    assert story.state("a.one") == "to-do"

    story.say(m.Cancel(CASE_ID))

    assert story.state("a.one") == "withdrawing"
    assert len(story.sent(m.Withdraw, "a.one")) == 1


def test_a_completion_that_crosses_an_undoing_does_not_stop_it() -> None:
    story = single()
    story.say(m.Cancel(CASE_ID))

    outcome = story.reply("a.one", m.Completed, "submit/1/0", documents=(document(),))
    assert story.state("a.one") == "withdrawing"
    assert len(outcome.orders) == 1
    story.reply("a.one", m.Withdrawn)

    assert story.state("a.one") == "withdrawn"


def test_what_was_refused_needs_no_undoing() -> None:
    story = single()
    story.say(m.Cancel(CASE_ID))

    story.reply("a.one", m.Refused, "submit/1/0", code="no")

    assert story.state("a.one") == "withdrawn"
    assert story.it.state is CaseState.CANCELLED


def test_an_undoing_that_is_refused_cannot_be_had() -> None:
    story = single()
    story.say(m.Cancel(CASE_ID))

    story.reply("a.one", m.Refused, "withdraw/1/1", code="no")

    assert story.state("a.one") == "irrevocable"


def test_a_correction_refused_while_it_is_undone_leaves_the_undoing_open() -> None:
    story = single()
    story.reply("a.one", m.Accepted)
    story.correct("a.one")
    story.say(m.Cancel(CASE_ID))

    assert is_stale(story, m.Refused, "amend/1/1")
    assert story.state("a.one") == "withdrawing"


def test_an_undoing_that_nobody_confirms_is_flagged_and_then_said_to_stand() -> None:
    story = single()
    story.say(m.Cancel(CASE_ID))

    story.wait(SILENCE)
    assert story.at("a.one").flag == "stuck/no-answer"
    story.wait(SILENCE)

    assert story.state("a.one") == "irrevocable"


def test_an_undoing_is_not_late() -> None:
    story = single(due_on=date(2026, 11, 27))
    story.say(m.Cancel(CASE_ID))

    story.wait(timedelta(days=10))

    assert story.at("a.one").flag is None


def test_what_the_citizen_did_stays_done() -> None:
    story = single(Way.VISIT)
    story.done("a.one")

    story.say(m.Cancel(CASE_ID))

    assert story.state("a.one") == "completed"
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_a_draft_is_cancelled_at_once() -> None:
    story = Story(moving_open())

    story.say(m.Cancel(CASE_ID))

    assert story.it.state is CaseState.CANCELLED
    assert not story.orders


def test_a_case_is_cancelled_once_and_not_corrected_after() -> None:
    story = single()
    story.say(m.Cancel(CASE_ID))

    for message in (m.Cancel(CASE_ID), m.Correct(CASE_ID, {})):
        with pytest.raises(EngineError) as refusal:
            story.say(message)
        assert refusal.value.code == "illegal-move"
