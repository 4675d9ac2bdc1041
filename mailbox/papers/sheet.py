# SPDX-License-Identifier: Apache-2.0
"""The sheet a citizen takes along for what Todoke cannot send: a visit, a letter, an own errand.

It answers, in this order: what, where, by when and why, what to bring, what to write.
"""

from datetime import date
from enum import Enum
from typing import Annotated, Final

from pydantic import Field

from engine.core.text import Text
from mailbox.papers.certificate import Line, Paper, calendar_day
from mailbox.papers.wareki import wareki, wareki_with_weekday

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Errand(Enum):
    """How the citizen carries the procedure out."""

    VISIT = "VISIT"
    PAPER = "PAPER"
    SELF = "SELF"


_TITLES: Final = {
    Errand.VISIT: Text(ja="窓口での手続のご案内", en="To be done at the counter"),
    Errand.PAPER: Text(ja="書面での手続のご案内", en="To be sent on paper"),
    Errand.SELF: Text(ja="ご自身で行う手続のご案内", en="To be done by yourself"),
}


class Place(Paper):
    """Where to go, write or call."""

    name: Text
    address: Line | None = None
    hours: Text | None = None
    contact: Line | None = None


class Entry(Paper):
    """One prepared item of the form (記入事項)."""

    label: Text
    value: Annotated[str, Field(max_length=400)]


class Sheet(Paper):
    """One procedure of one case, on paper. `code` is what the QR carries: it names no person."""

    errand: Errand
    event: Text
    procedure: Text
    code: Line
    prepared_on: date
    place: Place
    not_before: date | None = None
    due_on: date | None = None
    reason: Text | None = None
    if_late: Text | None = None
    who: Text | None = None
    bring: tuple[Text, ...] = ()
    steps: tuple[Text, ...] = ()
    entries: tuple[Entry, ...] = ()
    law: Line | None = None
    simulation: bool

    def printed(self) -> dict[str, object]:
        """Return what the template shows, with each date in both manners of writing."""
        return {
            **self.model_dump(mode="json", by_alias=True),
            "title": _TITLES[self.errand].model_dump(),
            "preparedOn": calendar_day(self.prepared_on),
            "preparedOnText": _both(self.prepared_on).model_dump(),
            "notBefore": _both(self.not_before).model_dump() if self.not_before else None,
            "dueOn": _both(self.due_on, weekday=True).model_dump() if self.due_on else None,
        }


def _both(day: date, *, weekday: bool = False) -> Text:
    if weekday:
        return Text(ja=wareki_with_weekday(day), en=f"{_WEEKDAYS[day.weekday()]}, {day.isoformat()}")
    return Text(ja=wareki(day), en=day.isoformat())
