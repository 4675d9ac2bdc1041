# SPDX-License-Identifier: Apache-2.0
"""What is true of every case whatever is said to it, in whatever order, by whomever."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.core import messages as m
from engine.core.case import Case, Gated, Participant
from engine.core.decide import step
from engine.core.errors import EngineError
from engine.core.lifecycle import (
    CASE_MOVES,
    ENDED_CASE,
    ENDED_FILING,
    FILING_MOVES,
    CaseState,
    FilingState,
    Way,
)
from engine.core.messages import Answered
from engine.core.participants import is_open
from engine.core.patience import day_in_japan
from engine.core.settle import settle
from tests.unit import facts_samples
from tests.unit.facts_samples import (
    CASE_ID,
    DAY,
    EVIDENCE,
    OWNER,
    SECOND,
    SPOUSE,
    STRANGER,
    Story,
    document,
    moving_open,
    plain,
    plain_open,
)

REFUSALS = {
    "illegal-move",
    "stale-reply",
    "already-closed",
    "already-done",
    "no-such-question",
    "no-such-filing",
    "not-your-signature",
    "already-signed",
    "no-such-participant",
    "stale-invitation",
    "already-taken-seat",
    "no-such-decision",
    "already-decided",
}
FILING_ROWS = {(FilingState(source), FilingState(target)) for _, source, target in FILING_MOVES}
CASE_ROWS = {(CaseState(source), CaseState(target)) for _, source, target in CASE_MOVES}
SPANS = [
    timedelta(minutes=1),
    timedelta(minutes=2),
    timedelta(hours=12),
    DAY,
    DAY,
    5 * DAY,
    14 * DAY,
    91 * DAY,
]
WAKE_UPS = 4000  # many more than any of these cases needs

# The parts of a case that a hundred procedures would have: each way, orders of precedence, rides.
FIRST, DATED = plain("a.first", Way.SIGNED), plain("b.dated", Way.ONLINE, not_before=date(2026, 12, 1))
FIXED = plain("f.fixed", Way.ONLINE, amendable=False, withdrawable=False, due_on=date(2026, 12, 20))
VISIT = plain(
    "c.visit", Way.VISIT, after=(FIRST[0].id,), not_before=date(2026, 12, 5), due_on=date(2026, 12, 18)
)
# Two people have to decide before this one; the second of them may leave it to the others.
SEATED, HEIR = facts_samples.FIRST, facts_samples.HEIR
AT_GATE = Gated("acceptance", (SEATED.id, HEIR.id), shut=("renounce",))
CLOSES = date(2027, 2, 25)
PARTS = (
    plain("j.gated", Way.SELF, gate=AT_GATE, closes_on=CLOSES),
    plain(
        "k.own-share", Way.ONLINE, after=(FIRST[0].id,), gate=replace(AT_GATE, own=HEIR.id)
    ),  # nobody knows its day,
    FIRST,
    DATED,
    VISIT,
    FIXED,
    plain("d.rider", Way.AUTOMATIC, rides_on=VISIT[0].id),
    plain("e.self", Way.SELF, after=(DATED[0].id,)),
    plain("g.after-all", Way.ONLINE, after=(FIRST[0].id, FIXED[0].id)),
    plain("h.paper", Way.PAPER, due_on=date(2027, 3, 1)),
    plain("i.law", Way.AUTOMATIC),
)
REPLIES: tuple[tuple[type[m.Reply], dict[str, Any]], ...] = (
    (m.Received, {}),
    (m.Received, {"promised_by": date(2027, 2, 1)}),
    (m.Accepted, {"documents": (document("d_1"),)}),
    (m.Accepted, {}),
    (m.Completed, {"documents": (document("d_2"),)}),
    (m.Completed, {}),
    (m.Refused, {"correctable": True}),
    (m.Refused, {"correctable": False}),
    (m.Asked, {"question": "q_1", "until": date(2026, 12, 9)}),
    (m.Asked, {"question": "q_2", "until": date.max}),
    (m.Amended, {}),
    (m.Withdrawn, {}),
    (m.Irrevocable, {}),
)
FILINGS = st.integers(0, len(PARTS) - 1)


class Cases(RuleBasedStateMachine):
    """One case to which anybody says anything, and time passes."""

    @initialize(
        is_moving=st.booleans(), both_sign=st.booleans(), begun=st.sampled_from([True, True, True, False])
    )
    def open(self, *, is_moving: bool, both_sign: bool, begun: bool) -> None:
        opening = moving_open() if is_moving else plain_open(*PARTS)
        signing = (SEATED, SECOND) if both_sign else (SEATED,)
        self.story = Story(replace(opening, participants=(*signing, HEIR)))
        self.ids = list(self.story.it.filings)
        self.seen = 0
        self.states: dict[UUID, FilingState] = {}
        self.passed: set[UUID] = set()
        self.case_state = CaseState.DRAFT
        if begun:
            self.sign(person=OWNER, is_first=True)
            self.sign(person=SPOUSE, is_first=False)

    def say(self, message: m.Message) -> None:
        before = self.story.it
        try:
            outcome = self.story.say(message)
        except EngineError as error:
            refusal = error.code
        else:
            assert outcome.case.version == before.version + bool(outcome.events)
            assert outcome.events or outcome.case.filings == before.filings
            return
        assert refusal in REFUSALS
        assert self.story.it is before

    def filing(self, number: int) -> UUID:
        return self.ids[number % len(self.ids)]

    @rule(person=st.sampled_from([OWNER, OWNER, SPOUSE, STRANGER]), is_first=st.booleans())
    def sign(self, *, person: UUID, is_first: bool) -> None:
        seat = SECOND if person == SPOUSE else SEATED
        self.say((m.Confirm if is_first else m.Sign)(CASE_ID, seat.id, person, EVIDENCE))

    @rule(
        seat=st.sampled_from([SECOND, HEIR]),
        person=st.sampled_from([OWNER, SPOUSE, STRANGER]),
        number=st.sampled_from([0, 0, 1]),
    )
    def join(self, *, seat: Participant, person: UUID, number: int) -> None:
        self.say(m.Join(CASE_ID, seat.id, person, number))

    @rule(seat=st.sampled_from([SEATED, SECOND, HEIR]))
    def unseat(self, *, seat: Participant) -> None:
        self.say(m.Unseat(CASE_ID, seat.id))

    @rule(
        seat=st.sampled_from([SEATED, HEIR, HEIR]),
        person=st.sampled_from([OWNER, STRANGER]),
        choice=st.sampled_from(["accept", "renounce"]),
    )
    def decide(self, *, seat: Participant, person: UUID, choice: str) -> None:
        self.say(m.Decide(CASE_ID, seat.id, person, choice, EVIDENCE))

    def told(self, number: int) -> UUID:
        """Return a filing whose organisation was told something, if there is one."""
        told = [one.id for one in self.story.it.filings.values() if one.sequence and not one.has_ended]
        return told[number % len(told)] if told else self.filing(number)

    def reply(self, number: int, kind: type[m.Reply], members: dict[str, Any]) -> None:
        filing = self.story.it.filings[self.told(number)]
        self.say(kind(CASE_ID, filing.id, "o_1", self.story.last(filing.slug), **members))

    @rule(number=FILINGS, reply=st.sampled_from(REPLIES))
    def answer_the_last_order(self, *, number: int, reply: tuple[type[m.Reply], dict[str, Any]]) -> None:
        self.reply(number, *reply)

    @rule(number=FILINGS)
    def answer_as_asked(self, *, number: int) -> None:
        filing = self.story.it.filings[self.told(number)]
        kinds = {FilingState.REVISING: m.Amended, FilingState.WITHDRAWING: m.Withdrawn}
        self.reply(number, kinds.get(filing.state, m.Completed), {})

    @rule(number=FILINGS, reply=st.sampled_from(REPLIES[-7:]))
    def answer_awkwardly(self, *, number: int, reply: tuple[type[m.Reply], dict[str, Any]]) -> None:
        self.reply(number, *reply)

    @rule(
        number=FILINGS,
        reply=st.sampled_from(REPLIES),
        kind=st.sampled_from(["submit", "amend", "withdraw", "answer"]),
        attempt=st.integers(1, 2),
        revision=st.integers(0, 2),
    )
    def answer_any_order(self, *, number: int, reply: Any, kind: Any, attempt: int, revision: int) -> None:
        what, members = reply
        answered = Answered(kind, attempt, revision)
        self.say(what(CASE_ID, self.filing(number), "o_2", answered, **members))

    @rule(number=FILINGS, question=st.sampled_from(["q_1", "q_2"]))
    def answer_a_question(self, *, number: int, question: str) -> None:
        asking = [one for one in self.story.it.filings.values() if one.question]
        filing, name = (asking[0].id, asking[0].question) if asking else (self.filing(number), question)
        self.say(m.Answer(CASE_ID, filing, name or question, {"yes": True}))

    @rule(number=FILINGS)
    def do_an_errand(self, *, number: int) -> None:
        self.say(m.MarkDone(CASE_ID, self.filing(number)))

    @rule(number=FILINGS, kind=st.sampled_from([m.Retry, m.Unreachable, m.Unreachable]))
    def reach(self, *, number: int, kind: type[m.Retry]) -> None:
        self.say(kind(CASE_ID, self.told(number)))

    @rule(number=FILINGS, is_parked=st.booleans())
    def park(self, *, number: int, is_parked: bool) -> None:
        filing = self.filing(number)
        self.say(m.Park(CASE_ID, filing, "look") if is_parked else m.Resume(CASE_ID, filing))

    @rule(numbers=st.sets(FILINGS, max_size=4), is_told=st.booleans(), later=st.integers(0, 60))
    def correct(self, *, numbers: set[int], is_told: bool, later: int) -> None:
        changes = {}
        for number in sorted(numbers):
            one = self.story.it.filings[self.filing(number)]
            first = one.not_before + later * DAY if one.not_before else None
            last = one.due_on + later * DAY if one.due_on else None
            closes = one.closes_on + later * DAY if one.closes_on else None
            changes[one.id] = m.Change(("movingDate",) if is_told else (), last, first, closes)
        if later:
            self.say(m.ChangeDate(CASE_ID, changes, date(2026, 12, 1) + later * DAY))
        else:
            self.say(m.Correct(CASE_ID, changes))

    @precondition(lambda self: len(self.story.history) > 40)  # a case has something to undo by then
    @rule()
    def cancel(self) -> None:
        self.say(m.Cancel(CASE_ID))

    @rule(span=st.sampled_from(SPANS), looks=st.sampled_from(["on time", "on time", "late", "early"]))
    def time_passes(self, *, span: timedelta, looks: str) -> None:
        if looks == "on time":
            self.story.wait(span)  # asserts that no wake-up is for nothing
        elif looks == "late":
            self.story.now += span
        self.say(m.Tick(CASE_ID))

    @invariant()
    def states_move_along_the_tables(self) -> None:
        for _, event in self.story.history[self.seen :]:
            if isinstance(event, m.CaseOpened):
                self.states = {filing.id: filing.state for filing in event.filings}
            elif isinstance(event, m.CaseMoved):
                assert (self.case_state, event.state) in CASE_ROWS
                self.case_state = event.state
            elif (after := getattr(event, "state", None)) is not None:
                before = self.states[event.filing]
                assert before is after or (before, after) in FILING_ROWS, (event.type, before, after)
                self.states[event.filing] = after
        self.seen = len(self.story.history)
        assert self.states == {filing.id: filing.state for filing in self.story.it.filings.values()}

    @invariant()
    def orders_grow_and_nothing_withdrawn_is_submitted(self) -> None:
        last: Counter[UUID] = Counter()
        withdrawn: set[tuple[UUID, int]] = set()
        for order in self.story.orders:
            if isinstance(order, m.Deliver | m.Repeat | m.Notify):
                continue
            assert order.sequence == last[order.filing] + 1, "a gap, or one sequence twice"
            last[order.filing] = order.sequence
            assert isinstance(order, m.Withdraw) or (order.filing, order.attempt) not in withdrawn
            if isinstance(order, m.Withdraw):
                withdrawn.add((order.filing, order.attempt))
        assert all(self.story.it.filings[filing].sequence == count for filing, count in last.items())

    @invariant()
    def nobody_is_reminded_twice(self) -> None:
        told = [order for order in self.story.orders if isinstance(order, m.Notify)]
        assert len(told) == len(set(told))

    @invariant()
    def nothing_passes_a_gate_that_is_not_open(self) -> None:
        case, today = self.story.it, day_in_japan(self.story.heard_at)
        for rules in case.rules.values():
            filing = case.filings[rules.id]
            is_behind = rules.gate is None or filing.state in {FilingState.WAITING, *ENDED_FILING}
            if is_behind or rules.gate is None or rules.id in self.passed:
                continue
            assert is_open(case, rules.gate, filing.closes_on, today), filing
            self.passed.add(rules.id)

    @invariant()
    def every_wait_has_an_owner_and_a_way_on(self) -> None:
        case = self.story.it
        if case.state not in {CaseState.RUNNING, CaseState.CANCELLING}:
            return
        for filing in case.filings.values():
            if filing.has_ended or (filing.flag or "").startswith("parked/"):
                continue
            assert filing.waits is not None, filing
            is_for_another = filing.waits.party.value == "predecessor"
            assert is_for_another == (filing.waits.until is None), filing
        assert not settle(case, self.story.heard_at), "it was left before the fixed point"

    @invariant()
    def ended_cases_have_only_ended_filings_and_sleep(self) -> None:
        case = self.story.it
        if case.state in ENDED_CASE:
            assert all(filing.has_ended for filing in case.filings.values())
            assert case.wake_at is None

    def teardown(self) -> None:
        if not hasattr(self, "story"):
            return
        case, orders = self.story.replayed()
        assert case.filings == self.story.it.filings
        assert (case.state, case.participants) == (self.story.it.state, self.story.it.participants)
        assert orders == self.story.orders
        for _, event in self.story.history:
            assert m.event_from_json(m.event_json(event)) == event
        self.is_ended_by_time_alone()

    def is_ended_by_time_alone(self) -> None:
        for filing in list(self.story.it.filings.values()):
            if (filing.flag or "").startswith("parked/") and not self.story.it.has_ended:
                self.story.say(m.Resume(CASE_ID, filing.id))
        for _ in range(WAKE_UPS):
            if self.story.it.has_ended:
                return
            assert self.story.it.wake_at is not None, self.story.it
            self.story.wake()
        raise AssertionError("it never ends")


TestCases = Cases.TestCase
TestCases.settings = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_the_same_messages_make_the_same_case() -> None:
    def tell() -> Case:
        story = Story(moving_open()).confirm()
        story.wait(20 * DAY)
        story.say(m.Cancel(CASE_ID))
        story.wait(20 * DAY)
        return story.it

    assert tell() == tell()


def test_a_step_leaves_the_case_it_was_given_as_it_was() -> None:
    story = Story(moving_open()).confirm()
    before, copy = story.it, dict(story.it.filings)

    step(story.it, m.Cancel(CASE_ID), story.now)

    assert story.it is before
    assert before.filings == copy
