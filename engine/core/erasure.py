# SPDX-License-Identifier: Apache-2.0
"""What is left of an event when the contents of its case are erased: enough to replay the states."""

from dataclasses import replace
from typing import Final, assert_never

from engine.core import messages as m
from engine.core.messages import Event

NOT_KEPT: Final = ""  # what stands where a participant had decided something


def left_of(event: Event) -> Event:
    """Return the event without anything that a person or an organisation has said in it.

    Whoever adds an event decides here what of it may stay.
    """
    match event:
        case m.QuestionAnswered():
            return replace(event, answer=None)
        case m.QuestionAsked():
            return replace(event, text={}, schema={})
        case m.FilingRefused():
            return replace(event, code="", reason={}, pointer=None)
        case m.FilingReceived():
            return replace(event, receipt=None, promised_by=None)
        case m.FilingAccepted():
            return replace(event, receipt="", documents=())
        case m.FilingCompleted():
            return replace(event, receipt="", effective_on=None, documents=())
        case m.FilingSettled():
            return replace(event, receipt="")
        case m.DocumentsIssued():
            return replace(event, documents=())
        case m.FactsCorrected():
            return replace(event, moving_date=None)
        case m.ParticipantDecided():
            return replace(event, choice=NOT_KEPT)
        case (
            m.CaseOpened()
            | m.CaseMoved()
            | m.CaseSigned()
            | m.ParticipantJoined()
            | m.ParticipantUnseated()
            | m.FilingRescheduled()
            | m.FilingMoved()
            | m.FilingSubmitted()
            | m.FilingRevised()
            | m.FilingWithdrawing()
            | m.OrderRepeated()
            | m.FilingPostponed()
            | m.FilingFlagged()
            | m.CitizenReminded()
        ):
            return event
        case _:
            assert_never(event)
