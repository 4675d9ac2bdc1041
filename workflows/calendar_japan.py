# SPDX-License-Identifier: Apache-2.0
"""The closed days of Japan as data for the core: holidays by law, year-end, local days.

National holidays come from the `holidays` library, built when first asked for (about half a
second). The library knows no closed days of authorities, so those are ours. A municipality's
own days are data: its ordinance sets them within the Local Autonomy Act (地方自治法) art. 4-2.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from engine.core.calendars import Authority, Calendar
from engine.core.text import Text

# A case does not reach further; equinoxes beyond next year are computed, not yet proclaimed.
FIRST_YEAR = 1960
LAST_YEAR = 2079

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class YearlyDay:
    """A closed day that comes every year."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    name: Text

    def __post_init__(self) -> None:
        date(2001, self.month, self.day)  # a day that every year has

    def in_year(self, year: int) -> date:
        """Return the day in one year."""
        return date(year, self.month, self.day)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class SingleDay:
    """A closed day that comes once."""

    on: date
    name: Text


_NEW_YEAR = Text(ja="年末年始の休み", en="New Year closing")


def _new_year(*days: tuple[int, int]) -> tuple[YearlyDay, ...]:
    return tuple(YearlyDay(month=month, day=day, name=_NEW_YEAR) for month, day in days)


# 行政機関の休日に関する法律 art. 1(1)三; 国税通則法施行令 art. 2, 民事訴訟法 art. 95(3): the same days.
# Private businesses vary; counted ahead, the longer closing is the safer one.
YEAR_END = _new_year((12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3))


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class ClosedByOrdinance:
    """The closed days of one municipality beside weekends and national holidays."""

    year_end: tuple[YearlyDay, ...] = YEAR_END
    yearly: tuple[YearlyDay, ...] = ()
    single: tuple[SingleDay, ...] = ()


# Municipalities whose ordinance differs from the usual, by 6-digit code.
ORDINANCES: Mapping[str, ClosedByOrdinance] = {
    "341002": ClosedByOrdinance(  # 広島市の休日を定める条例
        yearly=(YearlyDay(month=8, day=6, name=Text(ja="平和記念日", en="Peace Memorial Day")),)
    ),
    "472018": ClosedByOrdinance(  # 那覇市の休日を定める条例
        yearly=(YearlyDay(month=6, day=23, name=Text(ja="慰霊の日", en="Okinawa Memorial Day")),)
    ),
}


def calendar_for(
    municipality: str | None, *, ordinances: Mapping[str, ClosedByOrdinance] = ORDINANCES
) -> Calendar:
    """Return the calendar with the municipality's own closed days; the usual ones for None."""
    own = ordinances.get(municipality) if municipality else None
    return _calendar(own) if own is not None else _usual_calendar()


@cache
def _usual_calendar() -> Calendar:
    return _calendar(ClosedByOrdinance())


@cache
def _calendar(ordinance: ClosedByOrdinance) -> Calendar:
    everywhere = _every_year(YEAR_END)
    local = _every_year((*ordinance.year_end, *ordinance.yearly))
    local |= {single.on: single.name for single in ordinance.single}
    return Calendar(
        first=date(FIRST_YEAR, 1, 1),
        last=date(LAST_YEAR, 12, 31),
        holidays=_national_holidays(),
        closed={
            authority: local if authority is Authority.MUNICIPAL else everywhere for authority in Authority
        },
    )


def _every_year(days: Iterable[YearlyDay]) -> dict[date, Text]:
    kept = tuple(days)
    return {day.in_year(year): day.name for year in range(FIRST_YEAR, LAST_YEAR + 1) for day in kept}


@cache
def _national_holidays() -> Mapping[date, Text]:
    """Return 国民の祝日, 振替休日 and 国民の休日 (国民の祝日に関する法律 art. 3), by day."""
    import holidays  # noqa: PLC0415 - a quarter of a second that a process without plans need not pay

    years = range(FIRST_YEAR, LAST_YEAR + 1)
    japanese = holidays.country_holidays("JP", years=years, language="ja")
    english = holidays.country_holidays("JP", years=years, language="en_US")
    return {day: Text(ja=name, en=english[day]) for day, name in japanese.items()}
