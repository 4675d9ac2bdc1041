# SPDX-License-Identifier: Apache-2.0
"""How one order is worked on: its fields are checked, the connector is asked, its answers collected."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from connectors.sdk.connector import Connector
from connectors.sdk.desk import Amend, Answered, Desk, Order, Submit, Withdraw, Work
from connectors.sdk.fields import Fields
from connectors.sdk.ledger import Entry
from connectors.sdk.replies import Answer, Answering, Later, Refused, Reply, Withdrawn
from engine.border.envelope import parse_payload
from engine.border.payloads import OrderAmend, OrderAnswer, OrderSubmit, OrderWithdraw
from engine.border.wire import pointer
from engine.core.text import Text

_INVALID: Final = Text(ja="項目の内容に誤りがあります", en="A field is missing or is not as it must be")
_UNKNOWN: Final = Text(ja="この手続は取り扱っていません", en="This procedure is not taken here")
NEVER_FILED: Final = Text(
    ja="届いていなかったため、取下げは不要です", en="It had not been filed; nothing to undo"
)


@dataclass(frozen=True, slots=True)
class _Filing:
    """What is filed now: the last submission with its corrections."""

    submitted: OrderSubmit
    fields: dict[str, JsonValue]


async def carried_out(connector: Connector, entry: Entry, desk: Desk) -> Work:
    """Return what comes of an order. The SDK answers itself where the connector need not be asked.

    Raises:
        OrganisationClosed, OrganisationUnavailable, or whatever the connector raises.
    """
    payload = parse_payload(entry.type, entry.payload.encode())
    if isinstance(payload, OrderWithdraw) and not entry.filed:
        return Work((Withdrawn(receipt="not-filed", reason=NEVER_FILED),), notes=desk.notes)
    filing = _folded(entry.history)
    model = connector.procedures.get(filing.submitted.procedure)
    if model is None:
        return Work((Refused("unknown-procedure", _UNKNOWN),), notes=desk.notes)
    try:
        fields = model.model_validate(filing.fields, by_alias=True, by_name=False)
    except ValidationError as error:
        where = pointer(error.errors(include_input=False)[0]["loc"]) or None
        return Work((Refused("invalid-fields", _INVALID, field=where, correctable=True),), notes=desk.notes)
    match payload:
        case OrderSubmit():
            return await _asked(connector.submit, _submit(connector, entry, filing, fields), desk)
        case OrderAmend():
            changed = frozenset(payload.fields)
            amend = Amend(**_shared(connector, entry, filing, fields), changed=changed, basis=payload.basis)
            return await _asked(connector.amend, amend, desk)
        case OrderWithdraw(reason=reason, basis=basis):
            withdraw = Withdraw(**_shared(connector, entry, filing, fields), reason=reason, basis=basis)
            return await _asked(connector.withdraw, withdraw, desk)
        case OrderAnswer(question_id=question_id, answer=answer):
            answered = Answered(
                **_shared(connector, entry, filing, fields), question_id=question_id, answer=answer
            )
            return await _asked(connector.answered, answered, desk)
        case _:
            raise TypeError(f"{entry.type} is no order")


async def followed_up(connector: Connector, entry: Entry, desk: Desk) -> Work:
    """Return what comes of a filing whose time has come."""
    filing = _folded(entry.history)
    model = connector.procedures[filing.submitted.procedure]
    fields = model.model_validate(filing.fields, by_alias=True, by_name=False)
    return await _asked(connector.follow_up, _submit(connector, entry, filing, fields), desk)


def _folded(history: Sequence[OrderSubmit | OrderAmend]) -> _Filing:
    submitted: OrderSubmit | None = None
    fields: dict[str, JsonValue] = {}
    for step in history:
        if isinstance(step, OrderSubmit):
            submitted, fields = step, {}
        fields |= step.fields
    if submitted is None:
        raise LookupError("the ledger lets no order pass before its Submit")
    return _Filing(submitted, {name: value for name, value in fields.items() if value is not None})


def _shared(connector: Connector, entry: Entry, filing: _Filing, fields: Fields) -> dict[str, Any]:
    return {
        "id": entry.id,
        "reference": entry.reference,
        "procedure": filing.submitted.procedure,
        "attempt": filing.submitted.attempt,
        "fields": fields,
        "organisation": entry.organisation or connector.number,
    }


def _submit(connector: Connector, entry: Entry, filing: _Filing, fields: Fields) -> Submit[Any]:
    return Submit(
        **_shared(connector, entry, filing, fields),
        planned=filing.submitted.planned,
        due_on=filing.submitted.due_on,
        basis=filing.submitted.basis,
        evidence_ref=filing.submitted.evidence_ref,
    )


async def _asked(handler: Callable[[Any, Desk], Answering], order: Order[Any], desk: Desk) -> Work:
    said = await collected(handler, order, desk)
    replies: list[Reply] = []
    follow_up: Later | None = None
    for one in said:
        if isinstance(one, Later):
            follow_up = one
        else:
            replies.append(one)
    return Work(
        tuple(replies),
        follow_up,
        notes=desk.notes,
        effects=tuple(desk.taken),
        filed=not any(isinstance(reply, Refused) for reply in replies),
    )


async def collected(
    handler: Callable[[Any, Desk], Answering], order: Order[Any], desk: Desk
) -> Sequence[Reply | Later]:
    """Return all answers. A plain function may block: it runs in a thread of its own."""
    answer: Answering
    if inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler):
        answer = handler(order, desk)
    else:
        answer = await asyncio.to_thread(_run_through, handler, order, desk)
    if isinstance(answer, AsyncIterator):
        return [one async for one in answer]
    if isinstance(answer, Awaitable):
        return _listed(await answer)
    return _listed(answer)


def _run_through(handler: Callable[[Any, Desk], Answering], order: Order[Any], desk: Desk) -> Answering:
    answer = handler(order, desk)
    return answer if isinstance(answer, AsyncIterator | Awaitable) else _listed(answer)


def _listed(said: Answer) -> list[Reply | Later]:
    match said:
        case None:
            return []
        case str() | bytes():
            raise TypeError("a connector answers with replies")
        case [*several]:
            return several
        case _ if isinstance(said, Reply | Later):
            return [said]
        case _:
            return list(said)
