# SPDX-License-Identifier: Apache-2.0
"""What is said, what follows, what is so, what must be done: the four questions of every case.

    decide  says what happened          (case, message) -> events     message-triggered; may refuse
    settle  says what follows from it   (case)          -> events     state-triggered; to a fixed point
    evolve  says what is now so         (case, event)   -> case       consults no rule: old journals replay
    orders  says what must be done      (case, event)   -> orders     derivable again from the journal

`step` is all that the runtime calls. Time is a parameter; nothing here waits, sends or remembers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from engine.core import messages as m
from engine.core import participants
from engine.core.ageing import next_wake, ticked
from engine.core.case import Case, Filing, Party, Waits
from engine.core.errors import Code, EngineError, register
from engine.core.evolve import evolve
from engine.core.happened import case_moved, filing_in, flagged, is_parked, moved, resubmitted, unanswered
from engine.core.lifecycle import FILING, WITH_ORGANISATION, CaseState, FilingState, Way
from engine.core.messages import Event, Message, Order
from engine.core.old_values import HOLDS_OLD_VALUE
from engine.core.orders import orders_of
from engine.core.patience import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    MOST_TRIES,
    day_in_japan,
    for_citizen,
    for_organisation,
)
from engine.core.replies import replied
from engine.core.settle import settle

register(
    {
        "stale-reply": Code(
            409, "この回答は、すでに終わった指図に対するものです", "The reply answers an order that is over"
        ),
        "already-done": Code(409, "すでに完了しています", "This is already done"),
    }
)

# Where an organisation has an order of ours that it may not have been given.
TOLD: Final = WITH_ORGANISATION - {FilingState.ASKING}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one message did: the case as it is now, what happened, what must be done."""

    case: Case
    events: tuple[Event, ...]
    orders: tuple[Order, ...]


def step(case: Case | None, message: Message, now: datetime) -> Outcome:
    """Return what the message does to the case, and all that follows from it.

    Raises:
        EngineError: the case refuses: `illegal-move`, `stale-reply`, `already-closed`, `no-such-…`.
    """
    events: list[Event] = []
    orders: list[Order] = []
    batch: Sequence[Event] = decide(case, message, now)
    if not batch and case is not None:
        batch = settle(case, now)  # nothing was said, but a day may have come
    while batch:
        for event in batch:
            case = evolve(case, event, now)
            events.append(event)
            orders += orders_of(case, event, now)
        assert case is not None  # noqa: S101 - an event always leaves a case behind
        batch = settle(case, now)
    if case is None:
        raise EngineError("no-such-case")
    version = case.version + 1 if events else case.version
    return Outcome(replace(case, version=version, wake_at=next_wake(case)), tuple(events), tuple(orders))


def decide(case: Case | None, message: Message, now: datetime) -> list[Event]:
    """Return what happened because of the message; raise if it cannot be."""
    if isinstance(message, m.Open):
        return _opened(case, message)
    if case is None:
        raise EngineError("no-such-case")
    if isinstance(message, m.Reply):
        return replied(case, message, now)
    if isinstance(message, m.Tick):
        return ticked(case, now)
    if case.has_ended:
        raise EngineError("already-closed")
    match message:
        case m.Confirm():
            signed = participants.decided(case, message, day_in_japan(now))
            return [case_moved(case, "confirm"), signed]
        case m.Sign() | m.Join() | m.Unseat() | m.Decide():
            return [participants.decided(case, message, day_in_japan(now))]
        case m.Answer():
            return _answered(filing_in(case, message.filing), message, now)
        case m.MarkDone():
            return _marked(filing_in(case, message.filing))
        case m.Correct():
            return _corrected(case, message, now)
        case m.Cancel():
            return _cancelled(case, now)
        case m.Park():
            return [_parked(filing_in(case, message.filing), message.reason)]
        case m.Resume():
            return [_resumed(filing_in(case, message.filing))]
        case m.Retry():
            return [_repeated(filing_in(case, message.filing), now)]
        case m.HandOver():
            return [_handed_over(filing_in(case, message.filing), now)]
        case m.Unreachable():
            return _unreached(filing_in(case, message.filing), now)
        case _:
            raise TypeError(f"no case can hear {type(message).__name__}")


def _opened(case: Case | None, message: m.Open) -> list[Event]:
    if case is not None:
        raise EngineError("illegal-move", lifecycle="case", state=case.state.value, trigger="open")
    return [
        m.CaseOpened(
            case_id=message.case_id,
            event=message.event,
            owner=message.owner,
            catalogue=message.catalogue,
            filings=message.filings,
            rules=message.rules,
            participants=message.participants,
            draft_until=message.draft_until,
        )
    ]


def _answered(filing: Filing, message: m.Answer, now: datetime) -> list[Event]:
    if filing.question != message.question:
        raise EngineError("no-such-question")
    return [
        m.QuestionAnswered(
            filing=filing.id,
            state=FILING.after(filing.state, "answer"),
            waits=for_organisation(now),
            revision=filing.revision + 1,
            sequence=filing.sequence + 1,
            question=message.question,
            answer=message.answer,
        )
    ]


def _parked(filing: Filing, reason: str) -> Event:
    if filing.has_ended:
        raise EngineError("illegal-move", lifecycle="filing", state=filing.state.value, trigger="park")
    return flagged(filing, f"parked/{reason}")


def _resumed(filing: Filing) -> Event:
    if not is_parked(filing):
        raise EngineError("illegal-move", lifecycle="filing", state=filing.state.value, trigger="resume")
    return flagged(filing, None)


def _marked(filing: Filing) -> list[Event]:
    if filing.state is FilingState.REFUSED:
        return [moved(filing, "close-refused")]
    if filing.state is FilingState.COMPLETED:
        raise EngineError("already-done")
    return [moved(filing, "do")]


def _corrected(case: Case, message: m.Correct, now: datetime) -> list[Event]:
    if case.state not in {CaseState.DRAFT, CaseState.CONFIRMED, CaseState.RUNNING}:
        raise EngineError("illegal-move", lifecycle="case", state=case.state.value, trigger="correct")
    moving_date = message.moving_date if isinstance(message, m.ChangeDate) else None
    changed = {id_: change.fields for id_, change in message.changes.items() if change.fields}
    events: list[Event] = [
        m.FactsCorrected(
            filings=tuple(message.changes),
            moving_date=moving_date,
            changed=changed,
            evidence=message.evidence,
        )
    ]
    for filing_id, change in message.changes.items():
        filing = filing_in(case, filing_id)
        days = (change.due_on, change.not_before, change.closes_on)
        if days != (filing.due_on, filing.not_before, filing.closes_on):
            events.append(
                m.FilingRescheduled(
                    filing=filing_id,
                    due_on=change.due_on,
                    not_before=change.not_before,
                    closes_on=change.closes_on,
                )
            )
        if change.fields:
            events += _told_anew(case, filing, change, now)
    return events


def _told_anew(case: Case, filing: Filing, change: m.Change, now: datetime) -> list[Event]:
    """Return how a changed filing reaches the organisation that was told something else."""
    if filing.state is FilingState.REFUSED:
        return [moved(filing, "correct")]
    is_own = filing.way is Way.SELF or (filing.sequence == 0 and filing.way is not Way.AUTOMATIC)
    if is_own and filing.state is FilingState.COMPLETED:  # also what was given up on an organisation
        return [moved(filing, "tell-anew", waits=for_citizen(filing, now), way=Way.SELF)]
    if filing.state is FilingState.TO_DO and filing.sequence > 0:
        return [flagged(filing, HOLDS_OLD_VALUE)]  # should they answer yet, it is about the old value
    if filing.sequence == 0 or not FILING.allows(filing.state, "revise"):
        return []  # nobody was told yet, or it is being undone anyway
    if not case.rules[filing.id].amendable:
        return [flagged(filing, HOLDS_OLD_VALUE)]
    # What never arrived goes first: an amendment alone would amend nothing.
    first = [resubmitted(filing, now)] if filing.state is FilingState.POSTPONED else []
    return [
        *first,
        m.FilingRevised(
            filing=filing.id,
            state=FILING.after(filing.state, "revise"),
            waits=for_organisation(now),
            revision=filing.revision + 1,
            sequence=filing.sequence + 1,
            fields=change.fields,
            is_done=filing.is_done or filing.state is FilingState.COMPLETED,
        ),
    ]


def _cancelled(case: Case, now: datetime) -> list[Event]:
    events: list[Event] = [case_moved(case, "cancel")]
    for filing in case.filings.values():
        if filing.sequence > 0 and FILING.allows(filing.state, "withdraw"):
            if case.rules[filing.id].withdrawable:
                events.append(_withdrawing(filing, now))
        elif FILING.allows(filing.state, "drop"):
            events.append(moved(filing, "drop"))
    return events


def _withdrawing(filing: Filing, now: datetime) -> Event:
    return m.FilingWithdrawing(
        filing=filing.id,
        state=FILING.after(filing.state, "withdraw"),
        waits=for_organisation(now),
        revision=filing.revision + 1,
        sequence=filing.sequence + 1,
        reason="cancelled",
        is_done=filing.is_done or filing.state is FilingState.COMPLETED,
    )


def _repeated(filing: Filing, now: datetime) -> Event:
    if filing.state not in TOLD:
        raise EngineError("illegal-move", lifecycle="filing", state=filing.state.value, trigger="retry")
    if filing.state is FilingState.POSTPONED:
        return resubmitted(filing, now)
    return m.OrderRepeated(filing=filing.id, waits=for_organisation(now))


def _handed_over(filing: Filing, now: datetime) -> Event:
    """Return that all of the attempt goes out again; what waits for the citizen goes on waiting."""
    if filing.state is FilingState.POSTPONED:
        return resubmitted(filing, now)
    if filing.state not in WITH_ORGANISATION:
        raise EngineError("illegal-move", lifecycle="filing", state=filing.state.value, trigger="hand-over")
    waits = for_organisation(now) if filing.state in TOLD else filing.waits
    return m.OrderRepeated(filing=filing.id, waits=waits, whole=True)


def _unreached(filing: Filing, now: datetime) -> list[Event]:
    if filing.state not in TOLD:
        raise EngineError("stale-reply")
    tries = filing.tries + 1
    if tries > MOST_TRIES:
        return [unanswered(filing, now)]
    pause = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    is_first = FILING.allows(filing.state, "postpone")
    return [
        m.FilingPostponed(
            filing=filing.id,
            state=FILING.after(filing.state, "postpone") if is_first else filing.state,
            waits=Waits(Party.DATE, now + pause),  # a pause, not a silence: then it is sent again
            tries=tries,
        )
    ]
