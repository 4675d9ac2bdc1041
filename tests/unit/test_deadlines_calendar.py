# SPDX-License-Identifier: Apache-2.0
"""The closed days of 2026 and 2027, by kind of authority, against the proclaimed list."""

from datetime import date

import pytest
from pydantic import ValidationError

from engine.core.calendars import ROLL_BASIS, Authority, OutsideCalendar
from engine.core.text import Text
from workflows.calendar_japan import ClosedByOrdinance, SingleDay, YearlyDay, calendar_for

JAPAN = calendar_for(None)

# 内閣府「国民の祝日について」, 2026 and 2027.
HOLIDAYS = {
    2026: {
        1: (1, 12),
        2: (11, 23),
        3: (20,),
        4: (29,),
        5: (3, 4, 5, 6),
        7: (20,),
        8: (11,),
        9: (21, 22, 23),
        10: (12,),
        11: (3, 23),
    },
    2027: {
        1: (1, 11),
        2: (11, 23),
        3: (21, 22),
        4: (29,),
        5: (3, 4, 5),
        7: (19,),
        8: (11,),
        9: (20, 23),
        10: (11,),
        11: (3, 23),
    },
}
# Each on a working day: 2 January was a Friday in 2026, 3 January is a Monday in 2028.
YEAR_END = [date(2026, 12, 29), date(2026, 12, 30), date(2026, 12, 31), date(2026, 1, 2), date(2028, 1, 3)]


def test_the_holidays_of_2026_and_2027_are_the_proclaimed_ones() -> None:
    proclaimed = {
        date(year, month, day)
        for year, months in HOLIDAYS.items()
        for month, days in months.items()
        for day in days
    }

    ours = {day for day in JAPAN.holidays if day.year in HOLIDAYS}

    assert ours == proclaimed


@pytest.mark.parametrize(
    ("day", "ja", "en"),
    [
        ("2026-09-22", "国民の休日", "National Holiday"),
        ("2026-05-06", "振替休日", "Substitute Holiday"),
        ("2026-11-21", "土曜日", "Saturday"),
        ("2026-11-22", "日曜日", "Sunday"),
        ("2026-12-29", "年末年始の休み", "New Year closing"),
        ("2027-01-01", "元日", "New Year's Day"),
    ],
)
def test_a_closed_day_has_its_name_in_both_languages(day: str, ja: str, en: str) -> None:
    assert JAPAN.why_closed(date.fromisoformat(day), Authority.NATIONAL) == Text(ja=ja, en=en)


@pytest.mark.parametrize("authority", Authority)
def test_every_authority_closes_from_29_december_to_3_january(authority: Authority) -> None:
    assert JAPAN.why_closed(date(2026, 12, 28), authority) is None
    assert all(JAPAN.why_closed(day, authority) for day in YEAR_END)
    assert JAPAN.why_closed(date(2027, 1, 4), authority) is None


def test_every_authority_names_the_act_by_which_it_rolls() -> None:
    assert set(ROLL_BASIS) == set(Authority)


def test_a_municipality_may_close_on_its_own_days_and_nobody_else_does() -> None:
    hiroshima = calendar_for("341002")

    assert hiroshima.why_closed(date(2026, 8, 6), Authority.MUNICIPAL)
    assert hiroshima.is_local(date(2026, 8, 6), Authority.MUNICIPAL)
    assert hiroshima.why_closed(date(2026, 8, 6), Authority.NATIONAL) is None
    assert JAPAN.why_closed(date(2026, 8, 6), Authority.MUNICIPAL) is None


def test_a_national_holiday_is_never_a_matter_of_ordinance() -> None:
    assert JAPAN.is_local(date(2027, 1, 2), Authority.MUNICIPAL)
    assert not JAPAN.is_local(date(2027, 1, 1), Authority.MUNICIPAL)
    assert not JAPAN.is_local(date(2027, 1, 2), Authority.TAX)


def test_a_municipality_may_have_another_year_end_and_a_day_that_comes_once() -> None:
    closing = Text(ja="年末年始の休み", en="New Year closing")
    ordinance = ClosedByOrdinance(
        year_end=tuple(
            YearlyDay(month=month, day=day, name=closing)
            for month, day in [(12, 31), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]
        ),
        single=(SingleDay(on=date(2026, 10, 1), name=Text(ja="市制記念日", en="City day")),),
    )

    town = calendar_for("999999", ordinances={"999999": ordinance})

    assert town.why_closed(date(2026, 12, 29), Authority.MUNICIPAL) is None
    assert town.why_closed(date(2027, 1, 5), Authority.MUNICIPAL)
    assert town.why_closed(date(2026, 10, 1), Authority.MUNICIPAL)
    assert town.why_closed(date(2027, 10, 1), Authority.MUNICIPAL) is None


def test_the_same_municipality_has_the_same_calendar() -> None:
    assert calendar_for("131016") is JAPAN


@pytest.mark.parametrize("day", [date(1959, 12, 31), date(2080, 1, 1)])
def test_a_year_whose_holidays_nobody_knows_is_not_taken_for_open(day: date) -> None:
    with pytest.raises(OutsideCalendar):
        JAPAN.why_closed(day, Authority.NATIONAL)


def test_a_closed_day_that_no_year_has_fails_when_loaded() -> None:
    with pytest.raises(ValidationError):
        YearlyDay(month=2, day=29, name=Text(ja="無い日", en="no such day"))
