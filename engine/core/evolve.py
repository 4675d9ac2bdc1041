# SPDX-License-Identifier: Apache-2.0
"""What is so after an event. What the event says is believed; no rule is asked, so old journals replay."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from engine.core import messages as m
from engine.core import participants
from engine.core.ageing import LATE
from engine.core.case import Case, Filing, Waits
from engine.core.errors import EngineError
from engine.core.happened import is_parked
from engine.core.lifecycle import ENDED_FILING, CaseState, FilingState
from engine.core.messages import Event
from engine.core.old_values import HOLDS_OLD_VALUE, all_made_old, followed, made_old
from engine.core.patience import day_in_japan


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
            flag = None if filing.flag == LATE else filing.flag
            moved = replace(
                filing,
                due_on=event.due_on,
                not_before=event.not_before,
                closes_on=event.closes_on,
                flag=flag,
            )
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
    is_kept = (is_parked(filing) and state not in ENDED_FILING) or (
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
