# SPDX-License-Identifier: Apache-2.0
"""What is true of every deadline, whatever the rule and the day."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.core.calendars import Authority, Calendar
from engine.core.deadline_rules import Before, EarliestOf, OpenDaysBefore, Severity, Until, Within
from engine.core.deadlines import due
from engine.core.periods import Counting, Unit
from engine.core.text import Text
from tests.unit.deadline_samples import EVENT, JAPAN, LEARNED, PLANNED

ONE_DAY = timedelta(days=1)
EVENTS = st.dates(date(1990, 1, 1), date(2040, 12, 31))
AUTHORITIES = st.sampled_from(Authority)

WITHIN = st.builds(
    Within,
    of=st.just(EVENT),
    amount=st.integers(1, 36),
    unit=st.sampled_from([Unit.DAYS, Unit.WEEKS, Unit.MONTHS]),
    authority=AUTHORITIES,
    severity=st.sampled_from(Severity),
    basis=st.just("法"),
    counting=st.sampled_from(Counting),
    rolls=st.booleans(),
    until=st.sampled_from(Until),
    in_force=st.none() | EVENTS,
)
AHEAD = st.builds(
    Before,
    of=st.just(EVENT),
    amount=st.integers(0, 60),
    unit=st.sampled_from(Unit),
    authority=AUTHORITIES,
    severity=st.sampled_from(Severity),
    basis=st.just("法"),
    rolls=st.booleans(),
).filter(lambda rule: rule.unit in {Unit.DAYS, Unit.WEEKS} or rule.amount < 12)


def last_day(
    rule: Within | Before | OpenDaysBefore | EarliestOf, event: date, calendar: Calendar = JAPAN
) -> date:
    found = due(rule, {"event_on": event}, calendar).last_day
    assert found is not None
    return found


@given(rule=WITHIN | AHEAD, first=EVENTS, second=EVENTS)
def test_a_later_event_never_has_an_earlier_deadline(
    rule: Within | Before, first: date, second: date
) -> None:
    earlier, later = sorted((first, second))

    assert last_day(rule, earlier) <= last_day(rule, later)


@given(rule=WITHIN, event=EVENTS)
def test_the_next_day_never_has_an_earlier_deadline(rule: Within, event: date) -> None:
    assert last_day(rule, event) <= last_day(rule, event + ONE_DAY)


@given(rule=WITHIN, event=EVENTS)
def test_a_longer_period_never_ends_earlier(rule: Within, event: date) -> None:
    assert last_day(rule, event) <= last_day(replace(rule, amount=rule.amount + 1), event)


@given(rule=WITHIN, event=EVENTS)
def test_a_rolling_deadline_is_never_on_a_closed_day_and_moves_no_further_than_needed(
    rule: Within, event: date
) -> None:
    answer = due(replace(rule, rolls=True), {"event_on": event}, JAPAN)

    assert answer.last_day is not None
    assert answer.base_day is not None
    assert JAPAN.why_closed(answer.last_day, rule.authority) is None
    assert all(JAPAN.why_closed(day, rule.authority) for day in answer.skipped)
    assert answer.last_day == answer.base_day + len(answer.skipped) * ONE_DAY


@given(rule=WITHIN, event=EVENTS)
def test_a_deadline_that_does_not_roll_is_its_base_day(rule: Within, event: date) -> None:
    answer = due(replace(rule, rolls=False), {"event_on": event}, JAPAN)

    assert answer.last_day == answer.base_day
    assert answer.skipped == ()


@given(rule=WITHIN, event=EVENTS)
def test_the_safe_day_is_open_and_never_late(rule: Within, event: date) -> None:
    answer = due(replace(rule, rolls=True), {"event_on": event}, JAPAN)

    assert answer.safe_day is not None
    assert answer.last_day is not None
    assert answer.safe_day <= answer.last_day
    assert JAPAN.why_closed(answer.safe_day, rule.authority) is None


@given(rule=WITHIN, event=EVENTS, more=st.sets(EVENTS, max_size=20), authority=AUTHORITIES)
def test_another_closed_day_never_shortens_a_deadline(
    rule: Within, event: date, more: set[date], authority: Authority
) -> None:
    name = Text(ja="臨時の休み", en="closed")
    base = due(rule, {"event_on": event}, JAPAN).base_day
    assert base is not None
    local = dict.fromkeys({*more, base}, name)
    stricter = replace(JAPAN, closed={**JAPAN.closed, authority: {**JAPAN.closed[authority], **local}})

    assert last_day(rule, event) <= last_day(rule, event, stricter)


@given(rule=AHEAD, event=EVENTS)
def test_a_period_before_an_event_never_ends_after_it_nor_rolls_forward(rule: Before, event: date) -> None:
    answer = due(rule, {"event_on": event}, JAPAN)

    assert answer.last_day is not None
    assert answer.base_day is not None
    assert answer.last_day <= answer.base_day <= event
    assert not rule.rolls or JAPAN.why_closed(answer.last_day, rule.authority) is None


@given(event=EVENTS, amount=st.integers(1, 30), authority=AUTHORITIES)
def test_working_days_ahead_leave_exactly_so_many_open_days(
    event: date, amount: int, authority: Authority
) -> None:
    rule = OpenDaysBefore(
        of=EVENT, amount=amount, authority=authority, severity=Severity.CONVENIENCE, basis="約款"
    )

    last = last_day(rule, event)

    days = [last + n * ONE_DAY for n in range((event - last).days)]
    assert sum(JAPAN.why_closed(day, authority) is None for day in days) == amount
    assert JAPAN.why_closed(last, authority) is None


@given(data=st.data(), rules=st.lists(WITHIN | AHEAD, min_size=2, max_size=4), event=EVENTS)
def test_the_order_of_rules_and_facts_says_nothing(
    data: st.DataObject, rules: list[Within | Before], event: date
) -> None:
    named = [replace(rule, of=data.draw(st.sampled_from([EVENT, LEARNED, PLANNED]))) for rule in rules]
    facts = {"event_on": event, "learned_on": event + 3 * ONE_DAY, "other_on": event - ONE_DAY}
    shuffled_facts = dict(data.draw(st.permutations(list(facts.items()))))
    shuffled_rules = data.draw(st.permutations(named))

    one = due(EarliestOf(rules=tuple(named)), facts, JAPAN)
    other = due(EarliestOf(rules=tuple(shuffled_rules)), shuffled_facts, JAPAN)

    assert one == other
