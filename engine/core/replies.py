# SPDX-License-Identifier: Apache-2.0
"""What organisations say, and what it means for a filing."""

from collections.abc import Iterator
from datetime import datetime

from engine.core import messages as m
from engine.core.case import Case, Filing, Party, Waits
from engine.core.errors import EngineError
from engine.core.happened import CROSSED, filing_in, given_up
from engine.core.lifecycle import FILING, FilingState
from engine.core.messages import Event
from engine.core.patience import (
    SILENCE,
    bounded,
    day_in_japan,
    for_correction,
    for_organisation,
    midnight_after,
    promised,
)


def replied(case: Case, reply: m.Reply, now: datetime) -> list[Event]:
    filing = filing_in(case, reply.filing)
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
    state, waits = filing.state, for_organisation(now)
    if state is FilingState.TO_DO and reply.answered.revision != filing.revision:
        return  # it was given up on while it held an old value, and this is still about that value
    match reply:
        case m.Received() if state in CROSSED or FILING.allows(state, "receive"):
            yield m.FilingReceived(
                filing=filing.id,
                order_id=reply.order_id,
                state=state if state in CROSSED else FILING.after(state, "receive"),
                waits=promised(now, reply.promised_by),
                receipt=reply.receipt,
                promised_by=reply.promised_by,
            )
        case m.Accepted() if state in CROSSED or FILING.allows(state, "accept"):
            yield m.FilingAccepted(
                filing=filing.id,
                order_id=reply.order_id,
                state=state if state in CROSSED else FILING.after(state, "accept"),
                waits=waits,
                receipt=reply.receipt,
                documents=reply.documents,
            )
        case m.Completed() if state in CROSSED or FILING.allows(state, "complete"):
            yield m.FilingCompleted(
                filing=filing.id,
                order_id=reply.order_id,
                state=state if state in CROSSED else FILING.after(state, "complete"),
                waits=waits if state in CROSSED else None,
                receipt=reply.receipt,
                effective_on=reply.effective_on,
                documents=reply.documents,
            )
        case m.Refused() if reply.answered.kind == "amend":
            if state is FilingState.REVISING and _is_latest(filing, reply, "amend"):
                yield _not_amended(filing, reply, now)
                if not reply.correctable:
                    yield given_up(filing, now)  # it holds the old value: only the citizen can tell it
        case m.Refused() if state is FilingState.WITHDRAWING:
            # What was refused needs no undoing; a refused undoing is one that cannot be had.
            trigger = "irrevocable" if reply.answered.kind == "withdraw" else "withdrawn"
            yield settled(filing, reply, trigger, receipt=reply.code)
        case m.Refused() if FILING.allows(state, "refuse"):
            yield m.FilingRefused(
                filing=filing.id,
                order_id=reply.order_id,
                state=FILING.after(state, "refuse"),
                waits=for_correction(filing, now) if reply.correctable else None,
                code=reply.code,
                reason=reply.reason,
                pointer=reply.pointer,
                correctable=reply.correctable,
            )
        case m.Asked() if FILING.allows(state, "ask"):
            until = bounded(reply.until or day_in_japan(now + SILENCE), now)
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
            yield given_up(filing, now)
        case m.Withdrawn() | m.Irrevocable() if state is FilingState.WITHDRAWING:
            trigger = "withdrawn" if isinstance(reply, m.Withdrawn) else "irrevocable"
            yield settled(filing, reply, trigger, receipt=reply.receipt)
        case _:
            return


def _is_latest(filing: Filing, reply: m.Reply, kind: str) -> bool:
    return reply.answered.kind == kind and reply.answered.revision == filing.revision


def _amended(filing: Filing, reply: m.Amended, *, whole: str, taken: str, now: datetime) -> Event:
    """Return that the correction is made: what was done is done again, what was not goes on."""
    if filing.is_done:
        return settled(filing, reply, whole, receipt=reply.receipt)
    return settled(filing, reply, taken, receipt=reply.receipt, waits=for_organisation(now))


def _not_amended(filing: Filing, reply: m.Refused, now: datetime) -> Event:
    """Return that a correction was refused: one that can be corrected is, as any other refusal."""
    correctable = reply.correctable
    return m.FilingRefused(
        filing=filing.id,
        order_id=reply.order_id,
        state=FILING.after(filing.state, "refuse") if correctable else filing.state,
        waits=for_correction(filing, now) if correctable else filing.waits,
        code=reply.code,
        reason=reply.reason,
        pointer=reply.pointer,
        correctable=correctable,
    )


def settled(
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
