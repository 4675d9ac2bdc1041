# SPDX-License-Identifier: Apache-2.0
"""What follows from the state of a case by itself, run until nothing more does."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from engine.core import messages as m
from engine.core import participants
from engine.core.case import Case, Filing, Party, Waits
from engine.core.happened import GOOD, case_moved, is_parked, moved
from engine.core.lifecycle import ENDED_FILING, FILING, CaseState, FilingState, Way
from engine.core.messages import Event
from engine.core.old_values import must_be_told_by_citizen
from engine.core.patience import (
    DECISION,
    day_in_japan,
    for_citizen,
    for_organisation,
    midnight_after,
    midnight_of,
)

# Where a filing may go on by itself.
_RESTLESS: Final = frozenset(
    {
        FilingState.WAITING,
        FilingState.READY,
        FilingState.DONE_BY_CITIZEN,
        FilingState.RIDING,
        FilingState.REFUSED,
    }
)
UNDECIDED: Final = "stuck/nobody-decides"
_LEAVING: Final = {Way.VISIT: "visit", Way.PAPER: "post", Way.SELF: "guide", Way.AUTOMATIC: "ride"}


def settle(case: Case, now: datetime) -> list[Event]:
    """Return what follows from the state of the case by itself; nothing at the fixed point."""
    match case.state:
        case CaseState.CONFIRMED if not case.unsigned:
            return [case_moved(case, "start")]
        case CaseState.RUNNING:
            moving = [
                filing
                for filing in case.filings.values()
                if filing.state in _RESTLESS or must_be_told_by_citizen(filing)
            ]
            events = [event for filing in moving for event in _followed(case, filing, now)]
        case CaseState.CANCELLING:
            events = [event for filing in case.filings.values() for event in _wound_down(filing)]
        case _:
            return []
    if not events and all(filing.state in ENDED_FILING for filing in case.filings.values()):
        return [case_moved(case, _ending(case))]
    return events


def _followed(case: Case, filing: Filing, now: datetime) -> Iterator[Event]:
    """Yield how a filing goes on by itself while its case runs."""
    match filing.state:
        case FilingState.WAITING if not is_parked(filing):
            yield from _released(case, filing, now)
        case FilingState.READY if not is_parked(filing):
            yield _left(case, filing, now)
        case FilingState.DONE_BY_CITIZEN:
            yield moved(filing, "complete")
        case FilingState.RIDING:
            rides_on = case.rules[filing.id].rides_on
            host = case.filings[rides_on] if rides_on else None
            if host is None or host.state in GOOD:
                yield moved(filing, "complete")  # without a host, the law does it by itself
            elif host.has_ended:
                yield moved(filing, "fall-off", waits=for_citizen(filing, now), way=Way.SELF)
        case FilingState.REFUSED if filing.waits is None:
            yield moved(filing, "close-refused")
        case FilingState.COMPLETED:  # whoever cannot be told by a message, the citizen has to tell
            yield moved(filing, "tell-anew", waits=for_citizen(filing, now), way=Way.SELF)
        case _:
            return


def _released(case: Case, filing: Filing, now: datetime) -> Iterator[Event]:
    rules, today = case.rules[filing.id], day_in_japan(now)
    before = [case.filings[one] for one in rules.after]
    if rules.gate is not None and not participants.is_open(case, rules.gate, filing.closes_on, today):
        yield from _held_back(filing, now)
    elif rules.gate is not None and participants.is_shut(case, rules.gate):
        yield moved(filing, "release-not-needed")
    elif any(one.has_ended and one.state not in GOOD for one in before):
        # What had to come first came to nothing: only the citizen can say how to go on.
        yield moved(filing, "release", way=Way.SELF)
    elif all(one.state in GOOD for one in before):
        if filing.not_before is None or today >= filing.not_before:
            yield moved(filing, "release")
        elif filing.waits is None or filing.waits.until != midnight_of(filing.not_before):
            waits = Waits(Party.DATE, midnight_of(filing.not_before))
            yield m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=waits)
    elif filing.waits is None or filing.waits.party is not Party.PREDECESSOR:
        # One that was completed is being corrected: its day alone no longer wakes this one.
        yield m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=Waits(Party.PREDECESSOR))


def _held_back(filing: Filing, now: datetime) -> Iterator[Event]:
    """Yield how a filing waits at its gate: until the day that decides; where none is known, not for ever."""
    waits_there = filing.waits is not None and filing.waits.party is Party.PARTICIPANT
    if filing.closes_on is not None:
        waits = Waits(Party.PARTICIPANT, midnight_after(filing.closes_on))
        if filing.waits != waits:
            yield m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=waits)
    elif not waits_there:
        yield m.FilingFlagged(
            filing=filing.id, flag=filing.flag, waits=Waits(Party.PARTICIPANT, now + DECISION)
        )
    elif filing.waits is not None and filing.waits.until is not None and filing.waits.until <= now:
        if filing.flag == UNDECIDED:
            yield moved(filing, "drop")
        else:
            waits = Waits(Party.PARTICIPANT, now + DECISION)
            yield m.FilingFlagged(filing=filing.id, flag=UNDECIDED, waits=waits)


def _left(case: Case, filing: Filing, now: datetime) -> Event:
    """Return how a filing that is ready sets out."""
    rules = case.rules[filing.id]
    if filing.way is Way.SIGNED and not participants.has_authority(case, rules.signer):
        # Whoever had to sign it has not: it goes on in the next way that needs no signature here.
        way = next((one for one in rules.ways if one in _LEAVING), Way.SELF)
        return moved(filing, _LEAVING[way], waits=for_citizen(filing, now), way=way)
    if filing.way in _LEAVING:
        is_carried = filing.way is Way.AUTOMATIC
        waits = Waits(Party.PREDECESSOR) if is_carried else for_citizen(filing, now)
        return moved(filing, _LEAVING[filing.way], waits=waits)
    return m.FilingSubmitted(
        filing=filing.id,
        state=FILING.after(filing.state, "submit"),
        waits=for_organisation(now),
        attempt=filing.attempt,
        sequence=filing.sequence + 1,
    )


def _wound_down(filing: Filing) -> Iterator[Event]:
    """Yield how a filing ends by itself while its case is being cancelled."""
    match filing.state:
        case FilingState.DONE_BY_CITIZEN:
            yield moved(filing, "complete")
        case FilingState.TO_DO if filing.sequence > 0:
            yield moved(filing, "irrevocable")  # it was sent, and may have been done in silence
        case FilingState.REFUSED | FilingState.TO_DO:
            yield moved(filing, "drop")
        case _:
            return


def _ending(case: Case) -> str:
    states = {filing.state for filing in case.filings.values()}
    if case.state is CaseState.CANCELLING:
        return "finish-partly" if states & {FilingState.COMPLETED, FilingState.IRREVOCABLE} else "finish"
    return "finish" if states <= GOOD else "finish-partly"
