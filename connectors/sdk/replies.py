# SPDX-License-Identifier: Apache-2.0
"""What a connector may answer, and how an answer becomes a message.

A connector returns or yields these values. It never sees an order id, a sequence or a seal.
"""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from engine.border import payloads
from engine.border.payloads import MAX_INLINE_BYTES, Payload
from engine.border.questions import AnswerSchema
from engine.border.wire import Statement, Title
from engine.core.text import Text

# Stands where an upload's ticket will stand once the document has been uploaded.
AWAITING_UPLOAD: Final = "awaiting-upload"
_MAX_INLINE_TOGETHER: Final = 4 * MAX_INLINE_BYTES  # base64 makes 4 bytes of 3; a payload has at most 512 KiB


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """A document (交付文書) for the citizen; how it travels is the SDK's business."""

    document_id: str
    kind: str
    title: Text
    content: bytes
    media_type: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Received:
    """It arrived (受信) and is waiting to be examined."""

    receipt: str | None = None
    promised_by: date | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """It was taken (受理); the outcome follows."""

    receipt: str
    effective_on: date | None = None
    documents: tuple[IssuedDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """It is done (完了)."""

    receipt: str
    effective_on: date | None = None
    documents: tuple[IssuedDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not taken (不受理・却下). `field` is a JSON pointer into the fields of the order."""

    code: str
    reason: Text
    field: str | None = None
    correctable: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the citizen (照会); `schema` is in the part of JSON Schema that Todoke takes."""

    question_id: str
    text: Text
    schema: dict[str, Any]
    until: date


@dataclass(frozen=True, slots=True)
class Amended:
    """The correction is made (訂正済)."""

    receipt: str
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """It is undone (取下げ済)."""

    receipt: str
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Irrevocable:
    """It can no longer be undone (取消不能)."""

    receipt: str
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing more to say yet: `follow_up` is called at that instant."""

    at: datetime


Reply: TypeAlias = Received | Accepted | Completed | Refused | Asked | Amended | Withdrawn | Irrevocable
Answer: TypeAlias = Reply | Later | Iterable[Reply | Later] | None
Answering: TypeAlias = Answer | Awaitable[Answer] | AsyncIterator[Reply | Later]


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply ready for the ledger, with the documents that are too large to travel inside."""

    payload: Payload
    uploads: tuple[tuple[int, bytes], ...] = ()


def draft(reply: Reply, order_id: str) -> Draft:
    """Return the message for an answer.

    Raises:
        pydantic.ValidationError: the connector said something the contract does not know.
    """
    match reply:
        case Received(receipt, promised_by):
            return Draft(payloads.ReplyReceived(order_id=order_id, receipt=receipt, promised_by=promised_by))
        case Accepted(receipt, effective_on, documents):
            accepted = payloads.ReplyAccepted(
                order_id=order_id,
                receipt=receipt,
                effective_on=effective_on,
                documents=_described(documents),
            )
            return Draft(accepted, _too_large(documents))
        case Completed(receipt, effective_on, documents):
            completed = payloads.ReplyCompleted(
                order_id=order_id,
                receipt=receipt,
                effective_on=effective_on,
                documents=_described(documents),
            )
            return Draft(completed, _too_large(documents))
        case Refused(code, reason, field, correctable):
            return Draft(
                payloads.ReplyRefused(
                    order_id=order_id,
                    code=code,
                    reason=_statement(reason),
                    field=field,
                    correctable=correctable,
                )
            )
        case Asked(question_id, text, schema, until):
            return Draft(
                payloads.ReplyAsked(
                    order_id=order_id,
                    question_id=question_id,
                    text=_statement(text),
                    answer_schema=AnswerSchema.model_validate(schema, strict=False),
                    until=until,
                )
            )
        case Amended(receipt, reason):
            return Draft(payloads.ReplyAmended(order_id=order_id, receipt=receipt, reason=_maybe(reason)))
        case Withdrawn(receipt, reason):
            return Draft(payloads.ReplyWithdrawn(order_id=order_id, receipt=receipt, reason=_maybe(reason)))
        case Irrevocable(receipt, reason):
            return Draft(payloads.ReplyIrrevocable(order_id=order_id, receipt=receipt, reason=_maybe(reason)))


def _described(documents: tuple[IssuedDocument, ...]) -> tuple[payloads.Document, ...]:
    uploaded = {position for position, _ in _too_large(documents)}
    return tuple(
        _document(document, inline=position not in uploaded) for position, document in enumerate(documents)
    )


def _document(document: IssuedDocument, *, inline: bool) -> payloads.Document:
    return payloads.Document(
        document_id=document.document_id,
        kind=document.kind,
        title=Title(ja=document.title.ja, en=document.title.en),
        media_type=document.media_type,
        size_bytes=len(document.content),
        sha256=hashlib.sha256(document.content).hexdigest(),
        inline=b64encode(document.content).decode() if inline else None,
        ticket=None if inline else AWAITING_UPLOAD,
    )


def _too_large(documents: tuple[IssuedDocument, ...]) -> tuple[tuple[int, bytes], ...]:
    """Return what must be uploaded: too large by itself, or once the message is full."""
    left = _MAX_INLINE_TOGETHER
    uploads: list[tuple[int, bytes]] = []
    for position, document in enumerate(documents):
        size = len(document.content)
        if size > MAX_INLINE_BYTES or size > left:
            uploads.append((position, document.content))
        else:
            left -= size
    return tuple(uploads)


def _statement(text: Text) -> Statement:
    return Statement(ja=text.ja, en=text.en)


def _maybe(text: Text | None) -> Statement | None:
    return None if text is None else _statement(text)
