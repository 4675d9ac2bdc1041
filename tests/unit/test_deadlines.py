# SPDX-License-Identifier: Apache-2.0
"""What each shape of rule means, beyond the published dates."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from engine.core.calendars import Authority
from engine.core.deadline_rules import (
    Anytime,
    Before,
    Due,
    EarliestOf,
    NotBefore,
    Offset,
    OpenDaysBefore,
    Promptness,
    Rule,
    Severity,
    Soft,
    Until,
    UntilNext,
    Window,
)
from engine.core.deadlines import due
from engine.core.errors import EngineError
from engine.core.periods import Unit
from tests.unit.deadline_samples import CONTRACT_WEEK, EVENT, FORTNIGHT, JAPAN, LEARNED, PLANNED, on
from workflows.calendar_japan import calendar_for

RULES: TypeAdapter[Rule] = TypeAdapter(Rule)

WEEK_AHEAD = Before(
    of=EVENT,
    amount=7,
    unit=Unit.DAYS,
    authority=Authority.MUNICIPAL,
    severity=Severity.CONVENIENCE,
    basis="条例",
)
TWO_WORKING_DAYS = OpenDaysBefore(
    of=EVENT,
    amount=2,
    authority=Authority.PRIVATE,
    severity=Severity.CONVENIENCE,
    basis="小売約款",
)
CREMATION = NotBefore(of=EVENT, hours=24, severity=Severity.FINE, basis="墓地、埋葬等に関する法律3条")
EXEMPTION = Window(
    of=EVENT,
    opens=Offset(amount=-6, unit=Unit.MONTHS),
    closes=None,
    severity=Severity.MONEY_LOST,
    basis="国民年金法88条の2",
)
SCHOOL_YEAR = UntilNext(
    of=EVENT, month=3, day=31, authority=Authority.MUNICIPAL, severity=Severity.MONEY_LOST, basis="児童手当法"
)


@pytest.mark.parametrize("promptness", Promptness)
def test_a_duty_in_words_never_becomes_a_day(promptness: Promptness) -> None:
    rule = Soft(promptness=promptness, severity=Severity.FINE, basis="道路交通法94条1項")

    answer = due(rule, on("2026-04-01"), JAPAN)

    assert (answer.last_day, answer.first_day, answer.waits_for) == (None, None, ())
    assert answer.severity is Severity.FINE
    assert answer.rule_text.ja
    assert answer.rule_text.en


def test_no_deadline_is_an_answer_too() -> None:
    answer = due(Anytime(basis="戸籍法74条"), {}, JAPAN)

    assert answer.last_day is None
    assert answer.rule_text.en == "There is no deadline."


@pytest.mark.parametrize(
    "rule", [FORTNIGHT, WEEK_AHEAD, TWO_WORKING_DAYS, CREMATION, EXEMPTION, SCHOOL_YEAR], ids=lambda r: r.kind
)
def test_an_unknown_date_is_waited_for_by_name(rule: Rule) -> None:
    answer = due(rule, {}, JAPAN)

    assert answer.waits_for == ("event_on",)
    assert answer.last_day is None
    assert "その日" in answer.rule_text.ja


def test_a_backward_period_does_not_roll_forward() -> None:
    # 2026-05-13 less 7 days is 2026-05-06, a substitute holiday.
    answer = due(WEEK_AHEAD, on("2026-05-13"), JAPAN)

    assert answer.last_day == date(2026, 5, 6)
    assert answer.safe_day == date(2026, 5, 1)
    assert answer.skipped == ()


def test_a_backward_period_rolls_back_where_its_rule_says_so() -> None:
    answer = due(replace(WEEK_AHEAD, rolls=True), on("2026-05-13"), JAPAN)

    assert answer.last_day == date(2026, 5, 1)
    assert answer.base_day == date(2026, 5, 6)
    assert answer.skipped == tuple(date(2026, 5, day) for day in (2, 3, 4, 5, 6))


def test_working_days_are_counted_over_the_long_holidays() -> None:
    # Silver week 2026: 19 Sat to 23 Wed are all closed.
    answer = due(TWO_WORKING_DAYS, on("2026-09-24"), JAPAN)

    assert answer.last_day == date(2026, 9, 17)
    assert answer.skipped == tuple(date(2026, 9, day) for day in (19, 20, 21, 22, 23))


def test_hours_never_roll_and_need_no_office() -> None:
    died = datetime(2026, 12, 31, 5, 30, tzinfo=UTC)  # 14:30 in Japan

    answer = due(CREMATION, {"event_on": died}, JAPAN)

    assert answer.opens_at == datetime(2027, 1, 1, 5, 30, tzinfo=UTC)
    assert answer.first_day == date(2027, 1, 1)
    assert "2027年1月1日（金）14:30" in answer.rule_text.ja


def test_hours_count_from_the_moment_and_not_from_the_day() -> None:
    evening = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # 20:00 in Japan

    answer = due(replace(CREMATION, hours=30), {"event_on": evening}, JAPAN)

    assert answer.first_day == date(2026, 11, 25)


def test_hours_after_a_day_without_its_time_give_the_first_possible_day() -> None:
    answer = due(CREMATION, on("2026-11-23"), JAPAN)

    assert (answer.first_day, answer.opens_at) == (date(2026, 11, 24), None)


def test_an_instant_counts_as_its_day_in_japan() -> None:
    late_evening_utc = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)  # 00:30 on 1 April in Japan

    answer = due(FORTNIGHT, {"event_on": late_evening_utc}, JAPAN)

    assert answer.last_day == date(2026, 4, 15)


def test_a_window_opens_months_ahead_at_the_end_of_a_short_month() -> None:
    answer = due(EXEMPTION, on("2027-08-31"), JAPAN)

    assert answer.first_day == date(2027, 2, 28)
    assert answer.last_day is None


def test_a_day_of_the_year_is_the_first_on_or_after_the_fact() -> None:
    assert due(SCHOOL_YEAR, on("2026-03-31"), JAPAN).last_day == date(2026, 3, 31)
    assert due(SCHOOL_YEAR, on("2026-04-01"), JAPAN).last_day == date(2027, 3, 31)


def test_the_day_that_passes_a_period_is_one_later() -> None:
    # 「三月を経過した日」: three months from 15 January are full on 15 April.
    rule = replace(FORTNIGHT, amount=3, unit=Unit.MONTHS, until=Until.DAY_AFTER)

    assert due(rule, on("2026-01-15"), JAPAN).last_day == date(2026, 4, 16)


@pytest.mark.parametrize(
    ("event", "last"),
    [("2024-03-31", "2027-03-31"), ("2024-04-01", "2027-04-01"), ("1950-01-01", "2027-03-31")],
)
def test_a_new_duty_counts_its_own_first_day_for_older_facts(event: str, last: str) -> None:
    rule = replace(
        FORTNIGHT, amount=3, unit=Unit.YEARS, authority=Authority.NATIONAL, in_force=date(2024, 4, 1)
    )

    assert due(rule, on(event), JAPAN).last_day == date.fromisoformat(last)


def test_nothing_can_be_filed_before_the_fact_it_needs() -> None:
    rule = replace(FORTNIGHT, of=PLANNED, not_before=EVENT)

    planned_only = due(rule, {"planned_on": date(2026, 3, 31)}, JAPAN)
    both = due(rule, {"planned_on": date(2026, 3, 31), **on("2026-04-03")}, JAPAN)

    assert planned_only.first_day is None
    assert both.first_day == date(2026, 4, 3)
    assert planned_only.last_day == both.last_day == date(2026, 4, 14)


def test_people_are_told_when_each_of_them_has_an_own_clock() -> None:
    rule = replace(FORTNIGHT, of=LEARNED)

    answer = due(rule, {"learned_on": date(2026, 4, 1)}, JAPAN)

    assert "一人ずつ" in answer.rule_text.ja


def test_a_moved_day_names_the_holiday_the_act_and_every_day_skipped() -> None:
    answer = due(FORTNIGHT, on("2026-04-21"), JAPAN)  # the fortnight ends on Children's Day

    assert answer.skipped == (date(2026, 5, 5), date(2026, 5, 6))
    assert "こどもの日" in answer.rule_text.ja
    assert "地方自治法4条の2第4項" in answer.rule_text.ja
    assert not answer.confirm


def test_a_year_end_set_by_ordinance_is_marked_and_has_a_safe_day() -> None:
    answer = due(FORTNIGHT, on("2026-12-19"), JAPAN)

    assert answer.last_day == date(2027, 1, 4)
    assert answer.confirm
    assert answer.safe_day == date(2026, 12, 28)
    assert "2026年12月28日（月）" in answer.rule_text.ja


def test_a_year_end_set_by_national_law_is_certain() -> None:
    answer = due(replace(FORTNIGHT, authority=Authority.TAX), on("2026-12-19"), JAPAN)

    assert answer.last_day == date(2027, 1, 4)
    assert not answer.confirm


def test_a_local_closed_day_moves_only_its_own_towns_deadline() -> None:
    naha = calendar_for("472018")

    assert due(FORTNIGHT, on("2026-06-09"), naha).last_day == date(2026, 6, 24)
    assert due(FORTNIGHT, on("2026-06-09"), JAPAN).last_day == date(2026, 6, 23)
    assert due(replace(FORTNIGHT, authority=Authority.COURT), on("2026-06-09"), naha).last_day == date(
        2026, 6, 23
    )


def test_a_safe_day_is_never_before_the_fact_itself() -> None:
    rule = replace(FORTNIGHT, amount=2)  # Wed 30 December to Fri 1 January, all closed

    answer = due(rule, on("2026-12-30"), JAPAN)

    assert answer.safe_day == answer.last_day == date(2027, 1, 4)


def test_a_contract_does_not_roll() -> None:
    answer = due(CONTRACT_WEEK, on("2026-04-28"), JAPAN)

    assert answer.last_day == date(2026, 5, 5)
    assert answer.safe_day == date(2026, 5, 1)


def test_the_earliest_of_several_counts_and_the_unknown_ones_are_named() -> None:
    rule = EarliestOf(
        rules=(FORTNIGHT, replace(FORTNIGHT, of=LEARNED, amount=10), replace(CONTRACT_WEEK, amount=9))
    )

    some = due(rule, on("2026-04-01"), JAPAN)
    none = due(rule, {}, JAPAN)

    assert some.last_day == date(2026, 4, 10)
    assert some.basis == "契約"
    assert some.waits_for == ("learned_on",)
    assert (none.last_day, none.waits_for) == (None, ("event_on", "learned_on"))


def test_of_two_deadlines_on_one_day_the_graver_counts() -> None:
    graver = replace(FORTNIGHT, severity=Severity.RIGHT_LOST, basis="介護保険法36条")

    answer = due(EarliestOf(rules=(FORTNIGHT, graver)), on("2026-04-01"), JAPAN)

    assert answer.severity is Severity.RIGHT_LOST


def test_several_rules_open_when_the_last_of_them_does() -> None:
    rule = EarliestOf(rules=(EXEMPTION, replace(FORTNIGHT, not_before=EVENT)))

    answer = due(rule, on("2026-04-01"), JAPAN)

    assert (answer.first_day, answer.last_day) == (date(2026, 4, 1), date(2026, 4, 15))


@pytest.mark.parametrize("event", [date.max, date.min, date(2079, 12, 25), datetime(2026, 4, 1)])  # noqa: DTZ001
def test_a_date_that_cannot_be_counted_from_is_refused_at_its_field(event: date) -> None:
    with pytest.raises(EngineError) as refused:
        due(FORTNIGHT, {"event_on": event}, JAPAN)

    assert refused.value.code == "invalid-fact-date"
    assert [problem.pointer for problem in refused.value.problems] == ["/eventOn"]


@pytest.mark.parametrize(
    "rule",
    [FORTNIGHT, WEEK_AHEAD, TWO_WORKING_DAYS, CREMATION, EXEMPTION, SCHOOL_YEAR],
    ids=lambda r: r.kind,
)
@pytest.mark.parametrize(
    "event", [date.max, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)]
)
def test_a_date_at_the_end_of_time_is_answered_or_refused_and_never_a_crash(rule: Rule, event: date) -> None:
    with suppress(EngineError):
        due(rule, {"event_on": event}, JAPAN)


def test_rules_and_answers_survive_being_kept_as_json() -> None:
    answers: TypeAdapter[Due] = TypeAdapter(Due)
    every: list[Rule] = [
        replace(FORTNIGHT, in_force=date(2024, 4, 1), not_before=PLANNED),
        WEEK_AHEAD,
        TWO_WORKING_DAYS,
        CREMATION,
        EXEMPTION,
        SCHOOL_YEAR,
        Soft(promptness=Promptness.PROMPTLY, severity=Severity.FINE, basis="道路交通法94条1項"),
        Anytime(basis="なし"),
        EarliestOf(rules=(FORTNIGHT, EXEMPTION)),
    ]

    for rule in every:
        answer = due(rule, {"event_on": datetime(2026, 12, 19, 5, tzinfo=UTC)}, JAPAN)

        assert RULES.validate_json(RULES.dump_json(rule)) == rule
        assert answers.validate_json(answers.dump_json(answer)) == answer


@pytest.mark.parametrize(
    "wrong",
    [{"amount": 0}, {"basis": ""}, {"extra": 1}, {"unit": "hours"}, {"severity": "mild"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_rule_that_makes_no_sense_fails_when_loaded(wrong: dict[str, object]) -> None:
    written = RULES.dump_python(FORTNIGHT, mode="json")

    with pytest.raises(ValidationError):
        RULES.validate_python(written | wrong)


def test_a_day_that_no_year_has_fails_when_loaded() -> None:
    with pytest.raises(ValidationError):
        RULES.validate_python(RULES.dump_python(SCHOOL_YEAR, mode="json") | {"month": 2, "day": 30})
