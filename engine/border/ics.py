# SPDX-License-Identifier: Apache-2.0
"""Days as a calendar program reads them (RFC 5545). The one door to `icalendar`.

All days are whole days in Asia/Tokyo: dates without a time, which are the same day everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Final

from icalendar import Alarm, Calendar, Event, Todo

from engine.core.text import Text

MEDIA_TYPE: Final = "text/calendar"
_ALARM_HOUR: Final = timedelta(hours=9)  # of the day, for a day that begins at midnight


class Standing(Enum):
    """How a day stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One thing in a calendar: a day, or several if `first` is given. An errand is a task.

    `alarms` are days before the last one. `changed_at` and `version` say which of two copies is newer.
    """

    uid: str
    title: Text
    about: tuple[Text, ...]
    last: date
    first: date | None = None
    is_errand: bool = False
    standing: Standing = Standing.OPEN
    alarms: tuple[int, ...] = ()
    version: int
    changed_at: datetime


def calendar_text(name: Text, days: Iterable[Day]) -> bytes:
    """Return the calendar; Japanese first, English beside it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Todoke//Todoke 1.0//JA")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", _both(name))
    calendar.add("x-wr-calname", _both(name))
    calendar.add("x-wr-timezone", "Asia/Tokyo")
    calendar.add("refresh-interval", timedelta(hours=12), parameters={"VALUE": "DURATION"})
    for day in days:
        calendar.add_component(_errand(day) if day.is_errand else _event(day))
    return bytes(calendar.to_ical())


def _event(day: Day) -> Event:
    event = Event()
    event.add("uid", day.uid)
    event.add("dtstart", day.first or day.last)
    event.add("dtend", day.last + timedelta(days=1))  # the end is not in it
    event.add("transp", "TRANSPARENT")
    event.add("status", "CONFIRMED" if day.standing is Standing.OPEN else "CANCELLED")
    _describe(event, day)
    return event


def _errand(day: Day) -> Todo:
    todo = Todo()
    todo.add("uid", day.uid)
    if day.first is not None and day.first < day.last:
        todo.add("dtstart", day.first)
    todo.add("due", day.last)
    todo.add("status", _STATUSES[day.standing])
    _describe(todo, day)
    return todo


_STATUSES: Final = {
    Standing.OPEN: "NEEDS-ACTION",
    Standing.DONE: "COMPLETED",
    Standing.DROPPED: "CANCELLED",
}


def _describe(component: Event | Todo, day: Day) -> None:
    component.add("dtstamp", day.changed_at)
    component.add("sequence", day.version)
    component.add("summary", _both(day.title))
    if day.about:
        lines = [text.ja for text in day.about] + [""] + [text.en for text in day.about]
        component.add("description", "\n".join(lines))
    if day.standing is Standing.OPEN:
        for before in day.alarms:
            component.add_component(_alarm(day, before))


def _alarm(day: Day, before: int) -> Alarm:
    """Return an alarm at nine in the morning, so many days before the last day."""
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _both(day.title))
    if day.is_errand:
        alarm.add("trigger", -timedelta(days=before) + _ALARM_HOUR, parameters={"RELATED": "END"})
    else:
        length = (day.last - (day.first or day.last)).days
        alarm.add("trigger", timedelta(days=length - before) + _ALARM_HOUR)
    return alarm


def _both(text: Text) -> str:
    return f"{text.ja} / {text.en}"
