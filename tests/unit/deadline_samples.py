# SPDX-License-Identifier: Apache-2.0
"""Rules and calendars for the tests of deadlines, made small by defaults."""

from dataclasses import replace
from datetime import date

from engine.core.calendars import Authority
from engine.core.deadline_rules import FactDay, Nature, Severity, Within
from engine.core.periods import Unit
from engine.core.text import Text
from workflows.calendar_japan import calendar_for

JAPAN = calendar_for(None)

EVENT = FactDay(name="event_on", text=Text(ja="その日", en="the day"))
PLANNED = FactDay(name="planned_on", text=Text(ja="予定の日", en="the planned day"), nature=Nature.PLANNED)
LEARNED = FactDay(name="learned_on", text=Text(ja="知った日", en="the day of knowing"), nature=Nature.LEARNED)

FORTNIGHT = Within(
    of=EVENT,
    amount=14,
    unit=Unit.DAYS,
    authority=Authority.MUNICIPAL,
    severity=Severity.FINE,
    basis="住民基本台帳法22条",
)
CONTRACT_WEEK = replace(
    FORTNIGHT,
    amount=7,
    authority=Authority.PRIVATE,
    severity=Severity.CONVENIENCE,
    basis="契約",
    rolls=False,
)


def on(day: str) -> dict[str, date]:
    return {"event_on": date.fromisoformat(day)}
