# SPDX-License-Identifier: Apache-2.0
"""What must be done because of an event; the same again whenever the journal is read."""

from datetime import datetime

from engine.core import messages as m
from engine.core.case import Case
from engine.core.messages import Event, Order


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
        case m.OrderRepeated():
            return [m.Repeat(event.filing, at, event.whole)]
        case m.FilingMoved(trigger="resubmit"):
            return [m.Repeat(event.filing, at)]
        case m.CitizenReminded(is_missed=False):
            return [m.Notify(event.filing, event.last_day, event.days)]
        case m.FilingAccepted() | m.FilingCompleted() | m.DocumentsIssued():
            return [m.Deliver(event.filing, event.order_id, document) for document in event.documents]
        case _:
            return []
