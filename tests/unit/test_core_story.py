# SPDX-License-Identifier: Apache-2.0
"""What a case promises from its opening to its end, told in messages."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from engine.core import messages as m
from engine.core.ageing import next_wake
from engine.core.case import Party, Waits
from engine.core.decide import step
from engine.core.errors import EngineError
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.core.patience import DRAFT_LASTS, SIGNING_LASTS
from tests.unit.facts_samples import (
    CASE_ID,
    CONFIRM,
    DAY,
    ELECTRICITY,
    EVIDENCE,
    FIRST,
    GAS,
    IN,
    NHK_ADDRESS,
    NOW,
    OUT,
    PENSION,
    SECOND,
    SPOUSE,
    STRANGER,
    Story,
    document,
    moving_open,
    plain,
    plain_open,
    plan,
)


def running() -> Story:
    return Story(moving_open()).confirm()


def single(way: Way = Way.ONLINE, **changes: object) -> Story:
    return Story(plain_open(plain("a.one", way, **changes))).confirm()


def refused(story: Story, message: m.Message) -> EngineError:
    before = story.it
    with pytest.raises(EngineError) as refusal:
        story.say(message)
    assert story.it is before
    return refusal.value


# --- the whole of it ---------------------------------------------------------------------------------


def test_a_move_is_carried_out_from_the_confirmation_to_the_last_errand() -> None:
    story = running()
    assert story.it.state is CaseState.RUNNING
    assert {slug: story.state(slug) for slug in (OUT, IN, PENSION, ELECTRICITY, GAS, NHK_ADDRESS)} == {
        OUT: "submitted",
        IN: "waiting",
        PENSION: "riding",
        ELECTRICITY: "submitted",
        GAS: "to-do",
        NHK_ADDRESS: "submitted",
    }

    story.reply(OUT, m.Received, receipt="R-1")
    story.reply(OUT, m.Completed, receipt="R-1", documents=(document(),))
    story.reply(ELECTRICITY, m.Accepted, receipt="E")
    story.reply(ELECTRICITY, m.Completed, receipt="E")
    story.reply(NHK_ADDRESS, m.Completed, receipt="N")
    story.done(GAS)
    assert story.at(IN).waits == Waits(Party.DATE, datetime(2026, 11, 30, 15, tzinfo=UTC))
    story.wait(10 * DAY)
    assert story.state(IN) == "to-visit"
    outcome = story.done(IN)

    assert story.it.state is CaseState.COMPLETED
    assert [event.type for event in outcome.events] == ["filing-moved"] * 3 + ["case-moved"]
    assert story.state(PENSION) == "completed"
    assert story.it.wake_at is None
    assert story.sent(m.Deliver, OUT) == [m.Deliver(story.at(OUT).id, "o_1", document())]


@pytest.mark.parametrize(
    ("way", "state", "party"),
    [
        (Way.ONLINE, "submitted", Party.ORGANISATION),
        (Way.SIGNED, "submitted", Party.ORGANISATION),
        (Way.VISIT, "to-visit", Party.CITIZEN),
        (Way.PAPER, "to-post", Party.CITIZEN),
        (Way.SELF, "to-do", Party.CITIZEN),
    ],
)
def test_each_way_of_filing_sets_out_on_its_own(way: Way, state: str, party: Party) -> None:
    story = single(way)

    assert story.state("a.one") == state
    waits = story.at("a.one").waits
    assert waits is not None
    assert waits.party is party
    assert waits.until is not None
    assert waits.until > NOW
    assert len(story.sent(m.Submit, "a.one")) == (party is Party.ORGANISATION)


@pytest.mark.parametrize("way", [Way.VISIT, Way.PAPER, Way.SELF])
def test_an_errand_that_is_done_is_completed(way: Way) -> None:
    story = single(way)

    story.done("a.one")

    assert story.state("a.one") == "completed"
    assert story.it.state is CaseState.COMPLETED


def test_what_the_law_does_by_itself_is_complete_at_once() -> None:
    story = single(Way.AUTOMATIC)

    assert story.state("a.one") == "completed"
    assert not story.orders


# --- confirming and signing ------------------------------------------------------------------------------


def test_a_case_starts_when_everybody_has_signed() -> None:
    story = Story(moving_open(seats=(FIRST, SECOND))).confirm()
    assert story.it.state is CaseState.CONFIRMED
    assert not story.orders

    story.say(m.Sign(CASE_ID, SECOND.id, SPOUSE, EVIDENCE))

    assert story.it.state is CaseState.RUNNING
    assert story.sent(m.Submit, OUT)


def test_nobody_else_confirms_a_case() -> None:
    story = Story(moving_open())

    assert refused(story, m.Confirm(CASE_ID, FIRST.id, STRANGER, EVIDENCE)).code == "not-your-signature"


def test_nobody_signs_before_the_applicant_has_confirmed() -> None:
    story = Story(moving_open(seats=(FIRST, SECOND)))

    assert refused(story, m.Sign(CASE_ID, SECOND.id, SPOUSE, EVIDENCE)).code == "illegal-move"


def test_nobody_signs_twice() -> None:
    story = Story(moving_open(seats=(FIRST, SECOND))).confirm()

    assert refused(story, CONFIRM).code == "already-signed"


def test_a_draft_that_nobody_confirms_expires() -> None:
    story = Story(moving_open())
    assert story.it.wake_at == NOW + DRAFT_LASTS

    story.wait(DRAFT_LASTS)

    assert story.it.state is CaseState.EXPIRED
    assert {filing.state for filing in story.it.filings.values()} == {FilingState.CANCELLED}
    assert refused(story, CONFIRM).code == "already-closed"


def test_a_case_that_not_everybody_signs_is_called_off() -> None:
    story = Story(moving_open(seats=(FIRST, SECOND))).confirm()
    assert story.it.wake_at == NOW + DRAFT_LASTS + SIGNING_LASTS

    story.wait(DRAFT_LASTS + SIGNING_LASTS)

    assert story.it.state is CaseState.CANCELLED
    assert not story.orders


@pytest.mark.parametrize("days", [1, 30, 90, 365])
def test_whoever_confirms_on_the_last_day_of_a_draft_leaves_the_others_their_time(days: int) -> None:
    lasts = timedelta(days=days)
    story = Story(replace(moving_open(seats=(FIRST, SECOND)), draft_until=NOW + lasts))
    story.wait(lasts - timedelta(hours=1))
    story.confirm()

    story.wait(SIGNING_LASTS)

    assert story.it.state is CaseState.CONFIRMED
    again, _ = story.replayed()
    assert next_wake(again) == story.it.wake_at == NOW + lasts + SIGNING_LASTS
    story.wait(timedelta(hours=1))
    assert story.it.state is CaseState.CANCELLED


def test_a_case_is_opened_once() -> None:
    assert refused(running(), moving_open()).code == "illegal-move"


def test_nothing_is_said_to_a_case_that_nobody_opened() -> None:
    with pytest.raises(EngineError) as refusal:
        step(None, m.Tick(CASE_ID), NOW)

    assert refusal.value.code == "no-such-case"


@pytest.mark.parametrize("kind", [m.MarkDone, m.Resume, m.Retry, m.Unreachable])
def test_a_filing_of_another_case_does_not_exist(kind: type[m.MarkDone]) -> None:
    assert refused(running(), kind(CASE_ID, UUID(int=77))).code == "no-such-filing"


def test_a_closed_case_refuses_whatever_is_said() -> None:
    story = single(Way.SELF)
    story.done("a.one")
    filing = story.at("a.one").id

    for message in (
        CONFIRM,
        m.MarkDone(CASE_ID, filing),
        m.Cancel(CASE_ID),
        m.Correct(CASE_ID, {}),
        m.Park(CASE_ID, filing, "why"),
        m.Resume(CASE_ID, filing),
        m.Retry(CASE_ID, filing),
        m.Unreachable(CASE_ID, filing),
        m.Answer(CASE_ID, filing, "q", 1),
    ):
        assert refused(story, message).code == "already-closed"
    assert not story.say(m.Tick(CASE_ID)).events


# --- what comes first --------------------------------------------------------------------------------------


def test_a_filing_waits_for_the_one_that_comes_first() -> None:
    first, second = plain("a.one", Way.ONLINE), plain("b.two", Way.ONLINE)
    story = Story(plain_open(first, plain("b.two", Way.ONLINE, after=(first[0].id,)))).confirm()
    assert story.state("b.two") == "waiting"
    assert story.at("b.two").waits == Waits(Party.PREDECESSOR)

    story.reply("a.one", m.Completed)

    assert story.state("b.two") == "submitted"
    assert story.sent(m.Submit, "b.two") == [m.Submit(second[0].id, 1, 1)]


def test_where_the_first_comes_to_nothing_the_citizen_is_shown_the_way() -> None:
    first = plain("a.one", Way.ONLINE)
    story = Story(plain_open(first, plain("b.two", Way.VISIT, after=(first[0].id,)))).confirm()

    story.reply("a.one", m.Refused, code="no", correctable=False)

    assert story.state("a.one") == "closed-refused"
    assert (story.state("b.two"), story.at("b.two").way) == ("to-do", Way.SELF)
    story.done("b.two")
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_nothing_is_sent_before_its_day() -> None:
    story = single(not_before=date(2026, 12, 1))
    assert story.state("a.one") == "waiting"

    story.now = datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC)
    assert not story.say(m.Tick(CASE_ID)).events
    assert story.it.wake_at == datetime(2026, 11, 30, 15, tzinfo=UTC)  # midnight in Japan
    story.wake()

    assert story.state("a.one") == "submitted"


def test_a_day_that_has_come_does_not_wake_a_filing_whose_predecessor_is_being_corrected() -> None:
    first = plain("a.one", Way.ONLINE)
    later = plain("b.two", Way.VISIT, after=(first[0].id,), not_before=date(2026, 12, 1))
    story = Story(plain_open(first, later)).confirm()
    story.reply("a.one", m.Completed)
    story.correct("a.one")
    assert story.at("b.two").waits == Waits(Party.PREDECESSOR)

    story.wait(7 * DAY)
    assert story.state("b.two") == "waiting"
    story.reply("a.one", m.Amended)

    assert story.state("b.two") == "to-visit"


def test_what_rides_on_another_is_completed_with_it() -> None:
    host = plain("a.one", Way.VISIT)
    story = Story(plain_open(host, plain("b.two", Way.AUTOMATIC, rides_on=host[0].id))).confirm()
    assert story.state("b.two") == "riding"

    story.done("a.one")

    assert story.state("b.two") == "completed"


def test_what_rides_on_a_filing_that_comes_to_nothing_falls_off() -> None:
    host = plain("a.one", Way.ONLINE)
    story = Story(plain_open(host, plain("b.two", Way.AUTOMATIC, rides_on=host[0].id))).confirm()

    story.reply("a.one", m.Refused, code="no")

    assert (story.state("b.two"), story.at("b.two").way) == ("to-do", Way.SELF)


# --- questions and refusals ----------------------------------------------------------------------------------


def asked() -> Story:
    story = single()
    story.reply(
        "a.one", m.Asked, question="q_1", text={"ja": "?", "en": "?"}, schema={}, until=date(2026, 12, 7)
    )
    return story


def test_a_question_goes_to_the_citizen_and_the_answer_to_the_organisation() -> None:
    story = asked()
    assert story.state("a.one") == "asking"
    assert story.at("a.one").waits == Waits(Party.CITIZEN, datetime(2026, 12, 7, 15, tzinfo=UTC))

    story.say(m.Answer(CASE_ID, story.at("a.one").id, "q_1", {"floor": 3}))

    assert story.state("a.one") == "submitted-answer"
    assert story.sent(m.GiveAnswer, "a.one") == [
        m.GiveAnswer(story.at("a.one").id, 1, 1, 2, "q_1", {"floor": 3})
    ]
    story.reply("a.one", m.Received)
    story.reply("a.one", m.Completed)
    assert story.it.state is CaseState.COMPLETED


def test_only_the_question_that_was_asked_is_answered_and_only_once() -> None:
    story = asked()
    filing = story.at("a.one").id

    assert refused(story, m.Answer(CASE_ID, filing, "q_2", 1)).code == "no-such-question"
    story.say(m.Answer(CASE_ID, filing, "q_1", 1))
    assert refused(story, m.Answer(CASE_ID, filing, "q_1", 1)).code == "no-such-question"


def test_a_question_that_the_organisation_settled_itself_is_no_longer_answered() -> None:
    story = asked()
    story.reply("a.one", m.Accepted)

    assert refused(story, m.Answer(CASE_ID, story.at("a.one").id, "q_1", 1)).code == "illegal-move"


@pytest.mark.parametrize("until", [date.min, date(2026, 1, 1), date.max, None])
def test_a_question_with_an_impossible_day_still_waits_for_a_day_that_comes(until: date | None) -> None:
    story = single()

    story.reply("a.one", m.Asked, question="q", until=until)

    waits = story.at("a.one").waits
    assert waits is not None
    assert waits.until is not None
    assert NOW < waits.until < NOW + timedelta(days=3700)


@pytest.mark.parametrize("promised", [date.min, date.max])
def test_an_impossible_promise_is_bounded(promised: date) -> None:
    story = single()

    story.reply("a.one", m.Received, promised_by=promised)

    waits = story.at("a.one").waits
    assert waits is not None
    assert waits.until is not None
    assert NOW < waits.until < NOW + timedelta(days=3700)


def test_a_promised_day_is_waited_for() -> None:
    story = single()

    story.reply("a.one", m.Received, promised_by=date(2027, 3, 1))

    assert story.at("a.one").waits == Waits(Party.ORGANISATION, datetime(2027, 3, 15, 15, tzinfo=UTC))
    assert not story.wait(100 * DAY)


def test_a_refusal_that_can_be_corrected_becomes_a_second_attempt() -> None:
    story = single()
    story.reply("a.one", m.Refused, code="address", reason={"ja": "x", "en": "x"}, correctable=True)
    assert story.state("a.one") == "refused"
    waits = story.at("a.one").waits
    assert waits is not None
    assert waits.party is Party.CITIZEN

    story.correct("a.one")

    assert story.state("a.one") == "submitted"
    assert story.sent(m.Submit, "a.one")[-1] == m.Submit(story.at("a.one").id, 2, 2)
    story.reply("a.one", m.Completed)
    assert story.it.state is CaseState.COMPLETED


def test_an_answer_to_the_first_attempt_does_not_touch_the_second() -> None:
    story = single()
    story.reply("a.one", m.Refused, correctable=True)
    story.correct("a.one")

    with pytest.raises(EngineError) as refusal:
        story.reply("a.one", m.Completed, to="submit/1/0")

    assert refusal.value.code == "stale-reply"
    assert story.state("a.one") == "submitted"


def test_a_refusal_that_cannot_be_corrected_ends_the_filing() -> None:
    story = single()

    story.reply("a.one", m.Refused, correctable=False)

    assert story.state("a.one") == "closed-refused"
    assert story.it.state is CaseState.COMPLETED_PARTLY


def test_a_citizen_may_let_a_refusal_rest() -> None:
    story = single()
    story.reply("a.one", m.Refused, correctable=True)

    story.done("a.one")

    assert story.state("a.one") == "closed-refused"


# --- replies that mean nothing any more ----------------------------------------------------------------------


def test_documents_in_a_reply_that_comes_too_late_are_the_citizens_all_the_same() -> None:
    story = single()
    story.reply("a.one", m.Completed)
    assert story.it.has_ended
    version = story.it.version

    outcome = story.reply("a.one", m.Completed, documents=(document("d_2"),))

    assert outcome.orders == (m.Deliver(story.at("a.one").id, "o_1", document("d_2")),)
    assert [event.type for event in outcome.events] == ["documents-issued"]
    assert story.it.version == version + 1


@pytest.mark.parametrize("kind", [m.Received, m.Accepted, m.Completed, m.Refused, m.Asked, m.Amended])
def test_a_reply_about_what_was_never_sent_is_stale(kind: type[m.Reply]) -> None:
    story = single(Way.SELF)

    with pytest.raises(EngineError) as refusal:
        story.reply("a.one", kind, to="submit/1/0")

    assert refusal.value.code == "stale-reply"


@pytest.mark.parametrize("kind", [m.Amended, m.Withdrawn, m.Irrevocable])
def test_nothing_is_amended_or_undone_that_nobody_asked_for(kind: type[m.Reply]) -> None:
    story = single()

    with pytest.raises(EngineError) as refusal:
        story.reply("a.one", kind)

    assert refusal.value.code == "stale-reply"


# --- versions -------------------------------------------------------------------------------------------------


def test_the_version_counts_messages_that_changed_something() -> None:
    story = Story(moving_open(plan()))
    assert story.it.version == 1

    story.confirm()  # many events, one version
    assert story.it.version == 2
    story.done(GAS)
    assert story.it.version == 3
    story.say(m.Tick(CASE_ID))

    assert story.it.version == 3
