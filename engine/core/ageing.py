# SPDX-License-Identifier: Apache-2.0
"""What the passing of time says to a case, and when it has something to say next."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from engine.core import messages as m
from engine.core.case import Case, Filing, Party, Waits
from engine.core.happened import ACTIVE, case_moved, flagged, is_parked, moved, resubmitted, unanswered
from engine.core.lifecycle import ENDED_FILING, CaseState, FilingState
from engine.core.messages import Event
from engine.core.patience import (
    CORRECTION,
    DRAFT_LASTS,
    ERRAND,
    SIGNING_LASTS,
    day_in_japan,
    for_citizen,
    for_organisation,
    midnight_after,
)
from engine.core.reminders import reminded, reminder_instants

# Where the last day no longer matters: it is with the organisation, or being undone.
_IN_TIME: Final = frozenset({FilingState.RECEIVED, FilingState.ACCEPTED, FilingState.WITHDRAWING})
LATE: Final = "late/due"


def ticked(case: Case, now: datetime) -> list[Event]:
    if case.state in ACTIVE:
        return [
            event
            for filing in case.filings.values()
            for event in (*_aged(filing, now), *reminded(case, filing, now))
        ]
    ends_at = _ends_at(case)
    if ends_at is None or now < ends_at:
        return []
    trigger = "expire" if case.state is CaseState.DRAFT else "cancel"
    waiting = [filing for filing in case.filings.values() if not filing.has_ended]
    return [case_moved(case, trigger), *(moved(filing, "drop") for filing in waiting)]


def _ends_at(case: Case) -> datetime | None:
    """Return when a case ends that has not begun: nobody confirmed it, or not everybody signed."""
    draft_until = case.draft_until or case.opened_at + DRAFT_LASTS
    match case.state:
        case CaseState.DRAFT:
            return draft_until
        case CaseState.CONFIRMED:
            return draft_until + SIGNING_LASTS
        case _:
            return None


def _aged(filing: Filing, now: datetime) -> Iterator[Event]:
    """Yield what the passing of time does to one filing."""
    if filing.has_ended or is_parked(filing):
        return
    if filing.waits and filing.waits.until and filing.waits.until <= now:
        yield from _waited(filing, now)
    elif (due_on := _due_on(filing)) and day_in_japan(now) > due_on:
        yield flagged(filing, LATE)


def _waited(filing: Filing, now: datetime) -> Iterator[Event]:
    is_stuck = filing.flag is not None and filing.flag.startswith("stuck/")
    is_asked = filing.state is FilingState.ASKING
    match filing.state:
        case FilingState.POSTPONED:
            yield resubmitted(filing, now)
        case FilingState.REFUSED:
            yield moved(filing, "close-refused")
        case FilingState.WAITING:
            return  # settle sees that its day has come
        case FilingState.TO_VISIT | FilingState.TO_POST | FilingState.TO_DO:
            yield _undone(filing, now, is_stuck=is_stuck)
        case _ if filing.waits and filing.waits.party is Party.DATE:
            yield m.OrderRepeated(filing=filing.id, waits=for_organisation(now))
        case _ if not is_stuck:
            reason, waits = (
                ("no-answer-from-citizen", Waits(Party.CITIZEN, now + CORRECTION))
                if is_asked
                else ("no-answer", for_organisation(now))
            )
            yield m.FilingFlagged(filing=filing.id, flag=f"stuck/{reason}", waits=waits)
        case _:
            yield unanswered(filing, now)


def _undone(filing: Filing, now: datetime, *, is_stuck: bool) -> Event:
    """Return what becomes of an errand that the citizen has not ticked off."""
    if filing.due_on and midnight_after(filing.due_on) + ERRAND > now:
        # The last day was put off meanwhile.
        return m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=for_citizen(filing, now))
    if is_stuck:
        return moved(filing, "drop")
    waits = Waits(Party.CITIZEN, now + ERRAND)
    return m.FilingFlagged(filing=filing.id, flag="stuck/no-answer-from-citizen", waits=waits)


def _due_on(filing: Filing) -> date | None:
    """Return the last day whose passing has to be said, None if it does not matter or was said."""
    is_open = filing.flag is None and not filing.is_done and filing.state not in _IN_TIME
    return filing.due_on if is_open else None


def next_wake(case: Case) -> datetime | None:
    """Return the instant at which time itself has something to say to the case, None if never.

    What has already come is returned too: the case is woken for it at once, so nothing is swallowed.
    """
    if case.state not in ACTIVE:
        return _ends_at(case)
    open_ = (f for f in case.filings.values() if f.state not in ENDED_FILING)
    waking = [f for f in open_ if f.flag is None or not is_parked(f)]
    instants = [f.waits.until for f in waking if f.waits and f.waits.until]
    if days := [due_on for f in waking if f.due_on and (due_on := _due_on(f))]:
        instants.append(midnight_after(min(days)))
    instants += reminder_instants(case, waking)
    return min(instants, default=None)
