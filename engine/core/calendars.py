# SPDX-License-Identifier: Apache-2.0
"""On which days which kind of authority is closed, as data handed in from outside.

Every authority closes on Saturdays, Sundays and the national holidays (国民の祝日). The days
around New Year and local days differ by authority, so they are kept apart: only they make an
answer depend on an ordinance.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from engine.core.text import Text


class Authority(Enum):
    """Whose closed days move the end of a period."""

    NATIONAL = "national"
    MUNICIPAL = "municipal"
    TAX = "tax"
    COURT = "court"
    PRIVATE = "private"


# The act that moves the last day of a period to the next open day.
ROLL_BASIS: Mapping[Authority, Text] = {
    Authority.NATIONAL: Text(
        ja="行政機関の休日に関する法律2条", en="Act on Holidays of Administrative Organs, art. 2"
    ),
    Authority.MUNICIPAL: Text(ja="地方自治法4条の2第4項", en="Local Autonomy Act, art. 4-2(4)"),
    Authority.TAX: Text(ja="国税通則法10条2項", en="Act on General Rules for National Taxes, art. 10(2)"),
    Authority.COURT: Text(
        ja="家事事件手続法34条4項、民事訴訟法95条3項",
        en="Domestic Relations Case Procedure Act, art. 34(4); Code of Civil Procedure, art. 95(3)",
    ),
    Authority.PRIVATE: Text(ja="民法142条", en="Civil Code, art. 142"),
}

_SATURDAY = Text(ja="土曜日", en="Saturday")
_SUNDAY = Text(ja="日曜日", en="Sunday")
_ONE_DAY = timedelta(days=1)


class OutsideCalendar(Exception):
    """The day lies outside the years whose holidays are known."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The closed days from `first` to `last`, with the name of each.

    `holidays` are closed for everybody by national law; `closed` adds the other closed days of
    each kind of authority. A case with two municipalities has two calendars.
    """

    first: date
    last: date
    holidays: Mapping[date, Text]
    closed: Mapping[Authority, Mapping[date, Text]]

    def why_closed(self, day: date, authority: Authority) -> Text | None:
        """Return why the authority is closed on the day, None when it is open.

        Raises:
            OutsideCalendar: nobody knows the holidays of that year.
        """
        if not self.first <= day <= self.last:
            raise OutsideCalendar
        if reason := self.holidays.get(day) or self.closed.get(authority, {}).get(day):
            return reason
        return {5: _SATURDAY, 6: _SUNDAY}.get(day.weekday())

    def is_local(self, day: date, authority: Authority) -> bool:
        """Say whether the day belongs to a closing set by ordinance: the next town may differ."""
        return (
            authority is Authority.MUNICIPAL
            and day not in self.holidays
            and day in self.closed.get(authority, {})
        )

    def closed_run(self, day: date, authority: Authority) -> tuple[date, ...]:
        """Return the closed days from `day` on, empty when `day` is open."""
        run: list[date] = []
        while self.why_closed(day, authority):
            run.append(day)
            day += _ONE_DAY
        return tuple(run)

    def open_on_or_before(self, day: date, authority: Authority) -> date:
        """Return the last open day up to and including `day`."""
        while self.why_closed(day, authority):
            day -= _ONE_DAY
        return day

    def open_days(self, day: date, authority: Authority, *, step: int) -> Iterator[date]:
        """Yield the open days after `day` (step 1) or before it (step -1), without end."""
        while True:
            day += step * _ONE_DAY
            if not self.why_closed(day, authority):
                yield day
