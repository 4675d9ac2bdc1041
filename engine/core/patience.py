# SPDX-License-Identifier: Apache-2.0
"""How long everybody is waited for, in days as Japan counts them. No wait is without an end."""

from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from engine.core.case import Filing, Party, Waits

JAPAN: Final = timezone(timedelta(hours=9))  # no summer time since 1952

# A draft that nobody confirms ends (here, unless the case was opened with another day); the citizen
# begins again with today's rules.
DRAFT_LASTS: Final = timedelta(days=30)
# How long an organisation may be silent before an operator is told, and the same again before the
# citizen is given the way to do it without Todoke.
SILENCE: Final = timedelta(days=14)
# How long a refused filing waits for its correction (until its last day, where that is later), and a
# question for its answer after its day.
CORRECTION: Final = timedelta(days=30)
# How long other participants have for their signatures at least: it begins when the draft would have
# ended, so whoever confirms on its last day leaves them as long.
SIGNING_LASTS: Final = timedelta(days=30)
# How long after its last day an errand of the citizen's own is reminded of, and the same again
# before it is dropped: a case does not stay open for ever.
ERRAND: Final = timedelta(days=90)
# How long a filing waits for decisions where no day decides for the silent, and the same again.
DECISION: Final = timedelta(days=180)
# No organisation makes a case wait longer by naming a day.
LONGEST_PROMISE: Final = timedelta(days=3660)
# Pauses after an organisation could not be reached: doubling from a minute to twelve hours.
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=12)
MOST_TRIES: Final = 40  # about 16 days


def day_in_japan(instant: datetime) -> date:
    """Return the legal day of an instant (Asia/Tokyo)."""
    return instant.astimezone(JAPAN).date()


def midnight_of(day: date) -> datetime:
    """Return the instant at which the day begins in Japan."""
    return datetime.combine(day, time(), JAPAN)


def midnight_after(day: date) -> datetime:
    """Return the instant at which the day is over in Japan."""
    return midnight_of(day + timedelta(days=1))


def for_organisation(now: datetime) -> Waits:
    return Waits(Party.ORGANISATION, now + SILENCE)


def promised(now: datetime, promised_by: date | None) -> Waits:
    """Return the wait for an organisation that named a day; it gets that day and the usual patience."""
    until = now + SILENCE
    if promised_by:
        until = max(until, midnight_after(bounded(promised_by, now)) + SILENCE)
    return Waits(Party.ORGANISATION, until)


def bounded(day: date, now: datetime) -> date:
    """Return the day that an organisation named, today at the earliest and within ten years."""
    today = day_in_japan(now)
    return min(max(day, today), today + LONGEST_PROMISE)


def for_correction(filing: Filing, now: datetime) -> Waits:
    """Return the wait for the correction of a refusal: never shorter than the law leaves for the filing."""
    until = now + CORRECTION
    if filing.due_on:
        until = max(until, midnight_after(filing.due_on))
    return Waits(Party.CITIZEN, until)


def for_citizen(filing: Filing, now: datetime) -> Waits:
    """Return the wait for an errand of the citizen's own, which lasts until well after its last day."""
    start = max(now, midnight_after(filing.due_on)) if filing.due_on else now
    return Waits(Party.CITIZEN, start + ERRAND)
