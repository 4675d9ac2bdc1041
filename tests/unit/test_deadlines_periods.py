# SPDX-License-Identifier: Apache-2.0
"""How ages and periods are counted (年齢計算ニ関スル法律, 民法 140, 143)."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.periods import (
    Counting,
    Unit,
    age_on,
    birthday,
    end_of_period,
    fiscal_year_end_of,
    reached,
    shifted,
    tokyo_date,
)

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
LONG = st.sampled_from([Unit.MONTHS, Unit.YEARS])


@pytest.mark.parametrize(
    ("born", "years", "last"),
    [
        ("1961-11-23", 65, "2026-11-22"),  # 介護保険: the day before
        ("2006-11-23", 20, "2026-11-22"),  # 国民年金: the day before
        ("2008-04-01", 18, "2026-03-31"),
        ("2004-02-29", 20, "2024-02-28"),
        ("2004-02-29", 21, "2025-02-28"),
        ("2000-01-01", 18, "2017-12-31"),
    ],
)
def test_an_age_is_reached_at_the_end_of_the_day_before_the_birthday(
    born: str, years: int, last: str
) -> None:
    assert reached(date.fromisoformat(born), years) == date.fromisoformat(last)


def test_late_elderly_insurance_begins_on_the_birthday_itself() -> None:
    assert birthday(date(1951, 11, 23), 75) == date(2026, 11, 23)
    assert birthday(date(1952, 2, 29), 75) == date(2027, 3, 1)


def test_who_is_born_on_the_first_of_april_belongs_to_the_school_year_before() -> None:
    assert fiscal_year_end_of(date(2008, 4, 1), 18) == date(2026, 3, 31)
    assert fiscal_year_end_of(date(2008, 4, 2), 18) == date(2027, 3, 31)


@given(born=DAYS, years=st.integers(0, 120))
def test_the_age_goes_up_on_the_birthday_and_not_before(born: date, years: int) -> None:
    assert age_on(born, birthday(born, years)) == years
    assert age_on(born, reached(born, years)) == max(years - 1, 0)


@given(start=DAYS, months=st.integers(1, 600))
def test_a_month_period_ends_before_its_corresponding_day_or_with_the_month(start: date, months: int) -> None:
    end = end_of_period(start, months, Unit.MONTHS, counting=Counting.FROM_SAME_DAY)

    following = date.fromordinal(end.toordinal() + 1)
    no_such_day = following.day == 1 and shifted(start, months, Unit.MONTHS).day < start.day
    assert following.day == start.day or no_such_day
    assert (following.year - start.year) * 12 + following.month - start.month == months + no_such_day


@given(event=DAYS, amount=st.integers(1, 40), unit=LONG)
def test_counting_the_same_day_is_counting_from_the_next_day_one_day_earlier(
    event: date, amount: int, unit: Unit
) -> None:
    earlier = date.fromordinal(event.toordinal() - 1)

    same = end_of_period(event, amount, unit, counting=Counting.FROM_SAME_DAY)
    following = end_of_period(earlier, amount, unit, counting=Counting.FROM_NEXT_DAY)

    assert same == following


@given(event=DAYS, years=st.integers(1, 40), counting=st.sampled_from(Counting))
def test_a_year_is_twelve_months_and_a_week_seven_days(event: date, years: int, counting: Counting) -> None:
    def end(amount: int, unit: Unit) -> date:
        return end_of_period(event, amount, unit, counting=counting)

    assert end(years, Unit.YEARS) == end(years * 12, Unit.MONTHS)
    assert end(years, Unit.WEEKS) == end(years * 7, Unit.DAYS)


def test_an_instant_without_its_zone_is_no_day() -> None:
    with pytest.raises(ValueError, match="zone"):
        tokyo_date(datetime(2026, 4, 1, 12))  # noqa: DTZ001
