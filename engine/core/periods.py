# SPDX-License-Identifier: Apache-2.0
"""How the law counts days, months, years and ages. Pure date arithmetic, no closed days.

Everything is a date in Asia/Tokyo: a deadline is a day, not an instant.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from enum import Enum

# Japan has had no summer time since 1951, so one fixed offset is the zone.
TOKYO = timezone(timedelta(hours=9), "Asia/Tokyo")
_ONE_DAY = timedelta(days=1)


class Counting(Enum):
    """Whether the day of the event is day zero or day one."""

    FROM_NEXT_DAY = "from-next-day"  # Civil Code (民法) art. 140: the first day is not counted.
    FROM_SAME_DAY = "from-same-day"  # Family Register Act (戸籍法) art. 43(1): it is.


class Unit(Enum):
    """What a period is counted in."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


def tokyo_date(moment: date) -> date:
    """Return the day in Japan; an instant becomes the day it falls on there.

    Raises:
        ValueError: an instant without a zone, which could be either of two days.
    """
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError("an instant needs its zone")
    return moment.astimezone(TOKYO).date()


def _month_away(day: date, months: int) -> tuple[date, bool]:
    """Return the same day of another month, or that month's last day and False."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError
    length = monthrange(year, month0 + 1)[1]
    return date(year, month0 + 1, min(day.day, length)), day.day <= length


def _months(amount: int, unit: Unit) -> int:
    return amount * 12 if unit is Unit.YEARS else amount


def shifted(day: date, amount: int, unit: Unit) -> date:
    """Return the day `amount` units later (earlier when negative); short months end early.

    Raises:
        OverflowError: no such year.
    """
    if unit in {Unit.MONTHS, Unit.YEARS}:
        return _month_away(day, _months(amount, unit))[0]
    return day + timedelta(days=amount * (7 if unit is Unit.WEEKS else 1))


def end_of_period(event: date, amount: int, unit: Unit, *, counting: Counting) -> date:
    """Return the last day of a period that runs from an event.

    Months and years end on the day before the one that corresponds to the first day counted;
    where the month has no such day, on its last day and no earlier (Civil Code art. 143(2)).

    Raises:
        OverflowError: no such year.
    """
    start = event if counting is Counting.FROM_SAME_DAY else event + _ONE_DAY
    if unit not in {Unit.MONTHS, Unit.YEARS}:
        return shifted(start, amount, unit) - _ONE_DAY
    day, corresponds = _month_away(start, _months(amount, unit))
    return day - _ONE_DAY if corresponds else day


def next_on(event: date, *, month: int, day: int) -> date:
    """Return the first such day of a year on or after the event.

    Raises:
        OverflowError: no such year.
    """
    this_year = date(event.year, month, day)
    return this_year if this_year >= event else shifted(this_year, 1, Unit.YEARS)


def reached(born: date, years: int) -> date:
    """Return the day at whose end a person reaches an age: the day before the birthday.

    Act on Calculation of Ages (年齢計算ニ関スル法律), with Civil Code art. 143. Who is born on
    29 February reaches every age on 28 February.

    Raises:
        OverflowError: no such year.
    """
    return end_of_period(born, years, Unit.YEARS, counting=Counting.FROM_SAME_DAY)


def birthday(born: date, years: int) -> date:
    """Return the first whole day of an age, for the acts that count from the birthday itself.

    高齢者の医療の確保に関する法律 art. 52: the late-elderly insurance begins on it.
    """
    return reached(born, years) + _ONE_DAY


def age_on(born: date, day: date) -> int:
    """Return the age as people say it: it goes up on the birthday; 0 before the first."""
    years = day.year - born.year
    return max(years if birthday(born, years) <= day else years - 1, 0)


def fiscal_year_end_of(born: date, years: int) -> date:
    """Return the first 31 March on or after the day an age is reached.

    「十八歳に達する日以後の最初の三月三十一日」: who is born on 1 April belongs to the year before.
    """
    return next_on(reached(born, years), month=3, day=31)
