# SPDX-License-Identifier: Apache-2.0
"""What is said, what follows, what is so, what must be done: the four questions of every case.

    decide  says what happened          (case, message) -> events     message-triggered; may refuse
    settle  says what follows from it   (case)          -> events     state-triggered; to a fixed point
    evolve  says what is now so         (case, event)   -> case       consults no rule: old journals replay
    orders  says what must be done      (case, event)   -> orders     derivable again from the journal

`step` is all that the runtime calls. Time is a parameter; nothing here waits, sends or remembers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import Final, assert_never
from uuid import UUID

from engine.core import messages as m
from engine.core import participants
from engine.core.case import Case, Filing, Party, Waits
from engine.core.errors import Code, EngineError, register
from engine.core.lifecycle import (
    CASE,
    ENDED_FILING,
    FILING,
    WITH_ORGANISATION,
    CaseState,
    FilingState,
    Way,
)
from engine.core.messages import Event, Message, Order
from engine.core.old_values import (
    HOLDS_OLD_VALUE,
    all_made_old,
    followed,
    made_old,
    must_be_told_by_citizen,
)
from engine.core.reminders import reminded, reminder_instants

JAPAN: Final = timezone(timedelta(hours=9))  # no summer time since 1952

# A draft that nobody confirms ends (here, unless the case was opened with another day); the citizen
# begins again with today's rules.
DRAFT_LASTS: Final = timedelta(days=30)
# How long an organisation may be silent before an operator is told, and the same again before the
# citizen is given the way to do it without Todoke.
SILENCE: Final = timedelta(days=14)
# How long a refused filing waits for its correction, and a question for its answer after its day.
CORRECTION: Final = timedelta(days=30)
# How long other participants have for their signatures, from the opening.
SIGNING_LASTS: Final = timedelta(days=60)
# How long after its last day an errand of the citizen's own is reminded of, and the same again
# before it is dropped: a case does not stay open for ever.
ERRAND: Final = timedelta(days=90)
# No organisation makes a case wait longer by naming a day.
LONGEST_PROMISE: Final = timedelta(days=3660)
# Pauses after an organisation could not be reached: doubling from a minute to twelve hours.
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=12)
MOST_TRIES: Final = 40  # about 16 days

register(
    {
        "stale-reply": Code(
            409, "この回答は、すでに終わった指図に対するものです", "The reply answers an order that is over"
        ),
        "already-done": Code(409, "すでに完了しています", "This is already done"),
    }
)

_ACTIVE: Final = frozenset({CaseState.RUNNING, CaseState.CANCELLING})
_GOOD: Final = frozenset({FilingState.COMPLETED, FilingState.NOT_NEEDED})
_CROSSED: Final = frozenset({FilingState.REVISING, FilingState.WITHDRAWING})
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
# Where an organisation has an order of ours that it may not have been given.
_TOLD: Final = WITH_ORGANISATION - {FilingState.ASKING}
# Where the last day no longer matters: it is with the organisation, or being undone.
_IN_TIME: Final = frozenset({FilingState.RECEIVED, FilingState.ACCEPTED, FilingState.WITHDRAWING})
_LATE: Final = "late/due"
_LEAVING: Final = {Way.VISIT: "visit", Way.PAPER: "post", Way.SELF: "guide", Way.AUTOMATIC: "ride"}


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


# --- decide ---------------------------------------------------------------------------------------


def decide(case: Case | None, message: Message, now: datetime) -> list[Event]:
    """Return what happened because of the message; raise if it cannot be."""
    if isinstance(message, m.Open):
        return _opened(case, message)
    if case is None:
        raise EngineError("no-such-case")
    if isinstance(message, m.Reply):
        return _replied(case, message, now)
    if isinstance(message, m.Tick):
        return _ticked(case, now)
    if case.has_ended:
        raise EngineError("already-closed")
    match message:
        case m.Confirm():
            signed = participants.decided(case, message, day_in_japan(now))
            return [_case_moved(case, "confirm"), signed]
        case m.Sign() | m.Join() | m.Unseat() | m.Decide():
            return [participants.decided(case, message, day_in_japan(now))]
        case m.Answer():
            return _answered(_filing(case, message.filing), message, now)
        case m.MarkDone():
            return _marked(_filing(case, message.filing))
        case m.Correct():
            return _corrected(case, message, now)
        case m.Cancel():
            return _cancelled(case, now)
        case m.Park():
            return [_parked(_filing(case, message.filing), message.reason)]
        case m.Resume():
            return [_resumed(_filing(case, message.filing))]
        case m.Retry():
            return [_repeated(_filing(case, message.filing), now)]
        case m.Unreachable():
            return _unreached(_filing(case, message.filing), now)
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
            waits=_for_organisation(now),
            revision=filing.revision + 1,
            sequence=filing.sequence + 1,
            question=message.question,
            answer=message.answer,
        )
    ]


def _parked(filing: Filing, reason: str) -> Event:
    if filing.has_ended:
        raise EngineError("illegal-move", lifecycle="filing", state=filing.state.value, trigger="park")
    return _flagged(filing, f"parked/{reason}")


def _resumed(filing: Filing) -> Event:
    if not _is_parked(filing):
        raise EngineError("illegal-move", lifecycle="filing", state=filing.state.value, trigger="resume")
    return _flagged(filing, None)


def _marked(filing: Filing) -> list[Event]:
    if filing.state is FilingState.REFUSED:
        return [_moved(filing, "close-refused")]
    if filing.state is FilingState.COMPLETED:
        raise EngineError("already-done")
    return [_moved(filing, "do")]


def _corrected(case: Case, message: m.Correct, now: datetime) -> list[Event]:
    if case.state not in {CaseState.DRAFT, CaseState.CONFIRMED, CaseState.RUNNING}:
        raise EngineError("illegal-move", lifecycle="case", state=case.state.value, trigger="correct")
    moving_date = message.moving_date if isinstance(message, m.ChangeDate) else None
    changed = {id_: change.fields for id_, change in message.changes.items() if change.fields}
    events: list[Event] = [
        m.FactsCorrected(filings=tuple(message.changes), moving_date=moving_date, changed=changed)
    ]
    for filing_id, change in message.changes.items():
        filing = _filing(case, filing_id)
        if (change.due_on, change.not_before) != (filing.due_on, filing.not_before):
            events.append(
                m.FilingRescheduled(filing=filing_id, due_on=change.due_on, not_before=change.not_before)
            )
        if change.fields:
            events += _told_anew(case, filing, change, now)
    return events


def _told_anew(case: Case, filing: Filing, change: m.Change, now: datetime) -> list[Event]:
    """Return how a changed filing reaches the organisation that was told something else."""
    if filing.state is FilingState.REFUSED:
        return [_moved(filing, "correct")]
    is_own = filing.way is Way.SELF or (filing.sequence == 0 and filing.way is not Way.AUTOMATIC)
    if is_own and filing.state is FilingState.COMPLETED:  # also what was given up on an organisation
        return [_moved(filing, "tell-anew", waits=_for_citizen(filing, now), way=Way.SELF)]
    if filing.state is FilingState.TO_DO and filing.sequence > 0:
        return [_flagged(filing, HOLDS_OLD_VALUE)]  # should they answer yet, it is about the old value
    if filing.sequence == 0 or not FILING.allows(filing.state, "revise"):
        return []  # nobody was told yet, or it is being undone anyway
    if not case.rules[filing.id].amendable:
        return [_flagged(filing, HOLDS_OLD_VALUE)]
    # What never arrived goes first: an amendment alone would amend nothing.
    first = [_resubmitted(filing, now)] if filing.state is FilingState.POSTPONED else []
    return [
        *first,
        m.FilingRevised(
            filing=filing.id,
            state=FILING.after(filing.state, "revise"),
            waits=_for_organisation(now),
            revision=filing.revision + 1,
            sequence=filing.sequence + 1,
            fields=change.fields,
            is_done=filing.is_done or filing.state is FilingState.COMPLETED,
        ),
    ]


def _cancelled(case: Case, now: datetime) -> list[Event]:
    events: list[Event] = [_case_moved(case, "cancel")]
    for filing in case.filings.values():
        if filing.sequence > 0 and FILING.allows(filing.state, "withdraw"):
            if case.rules[filing.id].withdrawable:
                events.append(_withdrawing(filing, now))
        elif FILING.allows(filing.state, "drop"):
            events.append(_moved(filing, "drop"))
    return events


def _withdrawing(filing: Filing, now: datetime) -> Event:
    return m.FilingWithdrawing(
        filing=filing.id,
        state=FILING.after(filing.state, "withdraw"),
        waits=_for_organisation(now),
        revision=filing.revision + 1,
        sequence=filing.sequence + 1,
        reason="cancelled",
        is_done=filing.is_done or filing.state is FilingState.COMPLETED,
    )


def _repeated(filing: Filing, now: datetime) -> Event:
    if filing.state not in _TOLD:
        raise EngineError("illegal-move", lifecycle="filing", state=filing.state.value, trigger="retry")
    if filing.state is FilingState.POSTPONED:
        return _resubmitted(filing, now)
    return m.OrderRepeated(filing=filing.id, waits=_for_organisation(now))


def _unreached(filing: Filing, now: datetime) -> list[Event]:
    if filing.state not in _TOLD:
        raise EngineError("stale-reply")
    tries = filing.tries + 1
    if tries > MOST_TRIES:
        return [_unanswered(filing, now)]
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


# --- decide: what organisations say -----------------------------------------------------------------


def _replied(case: Case, reply: m.Reply, now: datetime) -> list[Event]:
    filing = _filing(case, reply.filing)
    was_asked = filing.sequence > 0 and reply.answered.attempt == filing.attempt
    is_over = case.has_ended or not was_asked
    events = [] if is_over else list(_heard(filing, reply, now))
    if events:
        return events
    if isinstance(reply, m.Accepted | m.Completed) and reply.documents:
        return [m.DocumentsIssued(filing=filing.id, order_id=reply.order_id, documents=reply.documents)]
    raise EngineError("stale-reply")


def _heard(filing: Filing, reply: m.Reply, now: datetime) -> Iterator[Event]:
    """Yield what the reply means for the filing; nothing when it comes too late to mean anything."""
    state, waits = filing.state, _for_organisation(now)
    if state is FilingState.TO_DO and reply.answered.revision != filing.revision:
        return  # it was given up on while it held an old value, and this is still about that value
    match reply:
        case m.Received() if state in _CROSSED or FILING.allows(state, "receive"):
            yield m.FilingReceived(
                filing=filing.id,
                order_id=reply.order_id,
                state=state if state in _CROSSED else FILING.after(state, "receive"),
                waits=_promised(now, reply.promised_by),
                receipt=reply.receipt,
                promised_by=reply.promised_by,
            )
        case m.Accepted() if state in _CROSSED or FILING.allows(state, "accept"):
            yield m.FilingAccepted(
                filing=filing.id,
                order_id=reply.order_id,
                state=state if state in _CROSSED else FILING.after(state, "accept"),
                waits=waits,
                receipt=reply.receipt,
                documents=reply.documents,
            )
        case m.Completed() if state in _CROSSED or FILING.allows(state, "complete"):
            yield m.FilingCompleted(
                filing=filing.id,
                order_id=reply.order_id,
                state=state if state in _CROSSED else FILING.after(state, "complete"),
                waits=waits if state in _CROSSED else None,
                receipt=reply.receipt,
                effective_on=reply.effective_on,
                documents=reply.documents,
            )
        case m.Refused() if reply.answered.kind == "amend":
            if state is FilingState.REVISING and _is_latest(filing, reply, "amend"):
                yield _not_amended(filing, reply, now)
                if not reply.correctable:
                    yield _given_up(filing, now)  # it holds the old value: only the citizen can tell it
        case m.Refused() if state is FilingState.WITHDRAWING:
            # What was refused needs no undoing; a refused undoing is one that cannot be had.
            trigger = "irrevocable" if reply.answered.kind == "withdraw" else "withdrawn"
            yield _settled(filing, reply, trigger, receipt=reply.code)
        case m.Refused() if FILING.allows(state, "refuse"):
            yield m.FilingRefused(
                filing=filing.id,
                order_id=reply.order_id,
                state=FILING.after(state, "refuse"),
                waits=Waits(Party.CITIZEN, now + CORRECTION) if reply.correctable else None,
                code=reply.code,
                reason=reply.reason,
                pointer=reply.pointer,
                correctable=reply.correctable,
            )
        case m.Asked() if FILING.allows(state, "ask"):
            until = _bounded(reply.until or day_in_japan(now + SILENCE), now)
            yield m.QuestionAsked(
                filing=filing.id,
                order_id=reply.order_id,
                state=FILING.after(state, "ask"),
                waits=Waits(Party.CITIZEN, midnight_after(until)),
                question=reply.question,
                text=reply.text,
                schema=reply.schema,
                until=until,
            )
        case m.Amended() if state is FilingState.REVISING and _is_latest(filing, reply, "amend"):
            yield _amended(filing, reply, whole="amended-whole", taken="amended", now=now)
        case m.Amended() if state is FilingState.TO_DO and _is_latest(filing, reply, "amend"):
            yield _amended(filing, reply, whole="complete", taken="accept", now=now)
        case m.Irrevocable() if state is FilingState.REVISING and _is_latest(filing, reply, "amend"):
            yield _given_up(filing, now)
        case m.Withdrawn() | m.Irrevocable() if state is FilingState.WITHDRAWING:
            trigger = "withdrawn" if isinstance(reply, m.Withdrawn) else "irrevocable"
            yield _settled(filing, reply, trigger, receipt=reply.receipt)
        case _:
            return


def _is_latest(filing: Filing, reply: m.Reply, kind: str) -> bool:
    return reply.answered.kind == kind and reply.answered.revision == filing.revision


def _amended(filing: Filing, reply: m.Amended, *, whole: str, taken: str, now: datetime) -> Event:
    """Return that the correction is made: what was done is done again, what was not goes on."""
    if filing.is_done:
        return _settled(filing, reply, whole, receipt=reply.receipt)
    return _settled(filing, reply, taken, receipt=reply.receipt, waits=_for_organisation(now))


def _not_amended(filing: Filing, reply: m.Refused, now: datetime) -> Event:
    """Return that a correction was refused: one that can be corrected is, as any other refusal."""
    correctable = reply.correctable
    return m.FilingRefused(
        filing=filing.id,
        order_id=reply.order_id,
        state=FILING.after(filing.state, "refuse") if correctable else filing.state,
        waits=Waits(Party.CITIZEN, now + CORRECTION) if correctable else filing.waits,
        code=reply.code,
        reason=reply.reason,
        pointer=reply.pointer,
        correctable=correctable,
    )


def _settled(
    filing: Filing, reply: m.Reply, trigger: str, *, receipt: str, waits: Waits | None = None
) -> Event:
    state = FILING.after(filing.state, trigger)
    return m.FilingSettled(
        filing=filing.id,
        order_id=reply.order_id,
        trigger=trigger,
        state=state,
        waits=waits,
        receipt=receipt,
    )


# --- decide: what time says -------------------------------------------------------------------------


def _ticked(case: Case, now: datetime) -> list[Event]:
    if case.state in _ACTIVE:
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
    return [_case_moved(case, trigger), *(_moved(filing, "drop") for filing in waiting)]


def _ends_at(case: Case) -> datetime | None:
    """Return when a case ends that has not begun: nobody confirmed it, or not everybody signed."""
    match case.state:
        case CaseState.DRAFT:
            return case.draft_until or case.opened_at + DRAFT_LASTS
        case CaseState.CONFIRMED:
            return case.opened_at + SIGNING_LASTS
        case _:
            return None


def _aged(filing: Filing, now: datetime) -> Iterator[Event]:
    """Yield what the passing of time does to one filing."""
    if filing.has_ended or _is_parked(filing):
        return
    if filing.waits and filing.waits.until and filing.waits.until <= now:
        yield from _waited(filing, now)
    elif (due_on := _due_on(filing)) and day_in_japan(now) > due_on:
        yield _flagged(filing, _LATE)


def _waited(filing: Filing, now: datetime) -> Iterator[Event]:
    is_stuck = filing.flag is not None and filing.flag.startswith("stuck/")
    is_asked = filing.state is FilingState.ASKING
    match filing.state:
        case FilingState.POSTPONED:
            yield _resubmitted(filing, now)
        case FilingState.REFUSED:
            yield _moved(filing, "close-refused")
        case FilingState.WAITING:
            return  # settle sees that its day has come
        case FilingState.TO_VISIT | FilingState.TO_POST | FilingState.TO_DO:
            yield _undone(filing, now, is_stuck=is_stuck)
        case _ if filing.waits and filing.waits.party is Party.DATE:
            yield m.OrderRepeated(filing=filing.id, waits=_for_organisation(now))
        case _ if not is_stuck:
            reason, waits = (
                ("no-answer-from-citizen", Waits(Party.CITIZEN, now + CORRECTION))
                if is_asked
                else ("no-answer", _for_organisation(now))
            )
            yield m.FilingFlagged(filing=filing.id, flag=f"stuck/{reason}", waits=waits)
        case _:
            yield _unanswered(filing, now)


def _undone(filing: Filing, now: datetime, *, is_stuck: bool) -> Event:
    """Return what becomes of an errand that the citizen has not ticked off."""
    if filing.due_on and midnight_after(filing.due_on) + ERRAND > now:
        # The last day was put off meanwhile.
        return m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=_for_citizen(filing, now))
    if is_stuck:
        return _moved(filing, "drop")
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
    if case.state not in _ACTIVE:
        return _ends_at(case)
    open_ = (f for f in case.filings.values() if f.state not in ENDED_FILING)
    waking = [f for f in open_ if f.flag is None or not _is_parked(f)]
    instants = [f.waits.until for f in waking if f.waits and f.waits.until]
    if days := [due_on for f in waking if f.due_on and (due_on := _due_on(f))]:
        instants.append(midnight_after(min(days)))
    instants += reminder_instants(case, waking)
    return min(instants, default=None)


# --- settle -----------------------------------------------------------------------------------------


def settle(case: Case, now: datetime) -> list[Event]:
    """Return what follows from the state of the case by itself; nothing at the fixed point."""
    match case.state:
        case CaseState.CONFIRMED if not case.unsigned:
            return [_case_moved(case, "start")]
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
        return [_case_moved(case, _ending(case))]
    return events


def _followed(case: Case, filing: Filing, now: datetime) -> Iterator[Event]:
    """Yield how a filing goes on by itself while its case runs."""
    match filing.state:
        case FilingState.WAITING if not _is_parked(filing):
            yield from _released(case, filing, now)
        case FilingState.READY if not _is_parked(filing):
            yield _left(filing, now)
        case FilingState.DONE_BY_CITIZEN:
            yield _moved(filing, "complete")
        case FilingState.RIDING:
            rides_on = case.rules[filing.id].rides_on
            host = case.filings[rides_on] if rides_on else None
            if host is None or host.state in _GOOD:
                yield _moved(filing, "complete")  # without a host, the law does it by itself
            elif host.has_ended:
                yield _moved(filing, "fall-off", waits=_for_citizen(filing, now), way=Way.SELF)
        case FilingState.REFUSED if filing.waits is None:
            yield _moved(filing, "close-refused")
        case FilingState.COMPLETED:  # whoever cannot be told by a message, the citizen has to tell
            yield _moved(filing, "tell-anew", waits=_for_citizen(filing, now), way=Way.SELF)
        case _:
            return


def _released(case: Case, filing: Filing, now: datetime) -> Iterator[Event]:
    rules, today = case.rules[filing.id], day_in_japan(now)
    before = [case.filings[one] for one in rules.after]
    if rules.gate is not None and participants.is_shut(case, rules.gate):
        yield _moved(filing, "release-not-needed")
    elif any(one.has_ended and one.state not in _GOOD for one in before):
        # What had to come first came to nothing: only the citizen can say how to go on.
        yield _moved(filing, "release", way=Way.SELF)
    elif all(one.state in _GOOD for one in before):
        if rules.gate is not None and not participants.is_open(case, rules.gate, today):
            closes_on = rules.gate.closes_on
            until = midnight_after(closes_on) if closes_on is not None else None
            waits = Waits(Party.PARTICIPANT, until)
            if filing.waits != waits:
                yield m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=waits)
        elif filing.not_before is None or today >= filing.not_before:
            yield _moved(filing, "release")
        elif filing.waits is None or filing.waits.until != midnight_of(filing.not_before):
            waits = Waits(Party.DATE, midnight_of(filing.not_before))
            yield m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=waits)
    elif filing.waits is None or filing.waits.party is not Party.PREDECESSOR:
        # One that was completed is being corrected: its day alone no longer wakes this one.
        yield m.FilingFlagged(filing=filing.id, flag=filing.flag, waits=Waits(Party.PREDECESSOR))


def _left(filing: Filing, now: datetime) -> Event:
    """Return how a filing that is ready sets out."""
    if filing.way in _LEAVING:
        is_carried = filing.way is Way.AUTOMATIC
        waits = Waits(Party.PREDECESSOR) if is_carried else _for_citizen(filing, now)
        return _moved(filing, _LEAVING[filing.way], waits=waits)
    return m.FilingSubmitted(
        filing=filing.id,
        state=FILING.after(filing.state, "submit"),
        waits=_for_organisation(now),
        attempt=filing.attempt,
        sequence=filing.sequence + 1,
    )


def _wound_down(filing: Filing) -> Iterator[Event]:
    """Yield how a filing ends by itself while its case is being cancelled."""
    match filing.state:
        case FilingState.DONE_BY_CITIZEN:
            yield _moved(filing, "complete")
        case FilingState.TO_DO if filing.sequence > 0:
            yield _moved(filing, "irrevocable")  # it was sent, and may have been done in silence
        case FilingState.REFUSED | FilingState.TO_DO:
            yield _moved(filing, "drop")
        case _:
            return


def _ending(case: Case) -> str:
    states = {filing.state for filing in case.filings.values()}
    if case.state is CaseState.CANCELLING:
        return "finish-partly" if states & {FilingState.COMPLETED, FilingState.IRREVOCABLE} else "finish"
    return "finish" if states <= _GOOD else "finish-partly"


# --- evolve -----------------------------------------------------------------------------------------


def evolve(case: Case | None, event: Event, at: datetime) -> Case:
    """Return the case after the event. What the event says is so; no rule is asked."""
    if isinstance(event, m.CaseOpened):
        return Case(
            id=event.case_id,
            event=event.event,
            state=CaseState.DRAFT,
            owner=event.owner,
            catalogue=event.catalogue,
            opened_at=at,
            participants={one.id: one for one in event.participants},
            filings={filing.id: filing for filing in event.filings},
            rules={rules.id: rules for rules in event.rules},
            draft_until=event.draft_until,
        )
    if case is None:
        raise EngineError("no-such-case")
    match event:
        case m.CaseMoved(trigger="cancel"):
            return replace(all_made_old(case, at), state=event.state)
        case m.CaseMoved():
            return replace(case, state=event.state)
        case m.CaseSigned() | m.ParticipantJoined() | m.ParticipantUnseated() | m.ParticipantDecided():
            changed = participants.evolved(case.participants[event.participant], event)
            return replace(case, participants={**case.participants, changed.id: changed})
        case m.FactsCorrected():
            return made_old(case, event, at)
        case _:
            filing = followed(case, _evolved(case.filings[event.filing], event, at), event)
            return replace(case, filings={**case.filings, filing.id: filing})


def _evolved(filing: Filing, event: Event, at: datetime) -> Filing:
    match event:
        case m.FilingMoved(trigger="correct"):
            moved = _in_state(filing, event.state, event.waits, at)
            return replace(
                moved, attempt=filing.attempt + 1, revision=0, question=None, is_done=False, tries=0
            )
        case m.FilingMoved():
            return replace(_in_state(filing, event.state, event.waits, at), way=event.way or filing.way)
        case m.FilingSubmitted():
            moved = _in_state(filing, event.state, event.waits, at)
            return replace(moved, attempt=event.attempt, sequence=event.sequence)
        case m.FilingRevised() | m.FilingWithdrawing():
            moved = _in_state(filing, event.state, event.waits, at)
            return replace(
                moved,
                revision=event.revision,
                sequence=event.sequence,
                is_done=event.is_done,
                question=None,
                tries=0,
            )
        case m.QuestionAnswered():
            moved = _in_state(filing, event.state, event.waits, at)
            return replace(moved, revision=event.revision, sequence=event.sequence, question=None, tries=0)
        case m.FilingReceived() | m.FilingAccepted() | m.FilingRefused() | m.FilingSettled():
            return _in_state(filing, event.state, event.waits, at, tries=0)
        case m.FilingCompleted():
            return replace(_in_state(filing, event.state, event.waits, at, tries=0), is_done=True)
        case m.QuestionAsked():
            return replace(_in_state(filing, event.state, event.waits, at, tries=0), question=event.question)
        case m.FilingRescheduled():
            flag = None if filing.flag == _LATE else filing.flag
            moved = replace(filing, due_on=event.due_on, not_before=event.not_before, flag=flag)
            # Another last day has its own reminders, from tomorrow on.
            return moved if event.due_on == filing.due_on else replace(moved, reminded_on=day_in_japan(at))
        case m.CitizenReminded():
            return replace(filing, reminded_on=event.on)
        case m.OrderRepeated():
            return replace(filing, waits=event.waits)
        case m.FilingPostponed():
            return replace(_in_state(filing, event.state, event.waits, at), tries=event.tries)
        case m.FilingFlagged():
            return replace(filing, flag=event.flag, waits=event.waits)
        case m.DocumentsIssued():
            return filing
        case (
            m.CaseOpened()
            | m.CaseMoved()
            | m.CaseSigned()
            | m.ParticipantJoined()
            | m.ParticipantUnseated()
            | m.ParticipantDecided()
            | m.FactsCorrected()
        ):
            raise TypeError(f"{event.type} is about the case, not about a filing")
        case _:
            assert_never(event)


def _in_state(
    filing: Filing, state: FilingState, waits: Waits | None, at: datetime, *, tries: int | None = None
) -> Filing:
    """Return the filing in a state.

    A flag ends with what it was about: a filing stays parked until it ends, and holds an old value
    until the citizen is left to say the new one or a new attempt does.
    """
    is_kept = (_is_parked(filing) and state not in ENDED_FILING) or (
        filing.flag == HOLDS_OLD_VALUE and state not in {FilingState.TO_DO, FilingState.READY}
    )
    return replace(
        filing,
        state=state,
        waits=waits,
        since=filing.since if state is filing.state else at,
        flag=filing.flag if is_kept else None,
        tries=filing.tries if tries is None else tries,
    )


# --- orders -----------------------------------------------------------------------------------------


def orders_of(case: Case, event: Event, at: datetime) -> list[Order]:
    """Return what must be done because of the event; the same again whenever the journal is read."""
    match event:
        case m.FilingSubmitted():
            return [m.Submit(event.filing, event.attempt, event.sequence)]
        case m.FilingRevised():
            attempt = case.filings[event.filing].attempt
            return [m.Revise(event.filing, attempt, event.revision, event.sequence, event.fields)]
        case m.FilingWithdrawing():
            attempt = case.filings[event.filing].attempt
            return [m.Withdraw(event.filing, attempt, event.revision, event.sequence, event.reason)]
        case m.QuestionAnswered():
            attempt = case.filings[event.filing].attempt
            return [
                m.GiveAnswer(
                    event.filing, attempt, event.revision, event.sequence, event.question, event.answer
                )
            ]
        case m.OrderRepeated() | m.FilingMoved(trigger="resubmit"):
            return [m.Repeat(event.filing, at)]
        case m.CitizenReminded(is_missed=False):
            return [m.Notify(event.filing, event.last_day, event.days)]
        case m.FilingAccepted() | m.FilingCompleted() | m.DocumentsIssued():
            return [m.Deliver(event.filing, event.order_id, document) for document in event.documents]
        case _:
            return []


# --- small words ------------------------------------------------------------------------------------


def day_in_japan(instant: datetime) -> date:
    """Return the legal day of an instant (Asia/Tokyo)."""
    return instant.astimezone(JAPAN).date()


def midnight_of(day: date) -> datetime:
    """Return the instant at which the day begins in Japan."""
    return datetime.combine(day, time(), JAPAN)


def midnight_after(day: date) -> datetime:
    """Return the instant at which the day is over in Japan."""
    return midnight_of(day + timedelta(days=1))


def _filing(case: Case, filing_id: UUID) -> Filing:
    filing = case.filings.get(filing_id)
    if filing is None:
        raise EngineError("no-such-filing")
    return filing


def _is_parked(filing: Filing) -> bool:
    return filing.flag is not None and filing.flag.startswith("parked/")


def _for_organisation(now: datetime) -> Waits:
    return Waits(Party.ORGANISATION, now + SILENCE)


def _promised(now: datetime, promised_by: date | None) -> Waits:
    """Return the wait for an organisation that named a day; it gets that day and the usual patience."""
    until = now + SILENCE
    if promised_by:
        until = max(until, midnight_after(_bounded(promised_by, now)) + SILENCE)
    return Waits(Party.ORGANISATION, until)


def _bounded(day: date, now: datetime) -> date:
    """Return the day that an organisation named, today at the earliest and within ten years."""
    today = day_in_japan(now)
    return min(max(day, today), today + LONGEST_PROMISE)


def _for_citizen(filing: Filing, now: datetime) -> Waits:
    """Return the wait for an errand of the citizen's own, which lasts until well after its last day."""
    start = max(now, midnight_after(filing.due_on)) if filing.due_on else now
    return Waits(Party.CITIZEN, start + ERRAND)


def _case_moved(case: Case, trigger: str) -> Event:
    return m.CaseMoved(trigger=trigger, state=CASE.after(case.state, trigger))


def _moved(filing: Filing, trigger: str, *, waits: Waits | None = None, way: Way | None = None) -> Event:
    return m.FilingMoved(
        filing=filing.id, trigger=trigger, state=FILING.after(filing.state, trigger), waits=waits, way=way
    )


def _flagged(filing: Filing, flag: str | None) -> Event:
    return m.FilingFlagged(filing=filing.id, flag=flag, waits=filing.waits)


def _unanswered(filing: Filing, now: datetime) -> Event:
    """Return how a filing goes on without its organisation."""
    if filing.state is FilingState.WITHDRAWING:
        return _moved(filing, "irrevocable")  # nobody confirmed it: the citizen must know it may stand
    return _given_up(filing, now)


def _given_up(filing: Filing, now: datetime) -> Event:
    """Return that the citizen is given the way to do it without Todoke."""
    return _moved(filing, "give-up", waits=_for_citizen(filing, now), way=Way.SELF)


def _resubmitted(filing: Filing, now: datetime) -> Event:
    """Return that the same order goes out once more; the journal tells which one, and of when."""
    return _moved(filing, "resubmit", waits=_for_organisation(now))
