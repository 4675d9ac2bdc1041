# SPDX-License-Identifier: Apache-2.0
"""What engine and organisations say to each other: one model for each message, with an example.

These models are the contract: JSON Schemas, AsyncAPI and docs/messages.md are made from them.
There is no field for a My Number (個人番号) or a resident record code (住民票コード), and none is to come.
"""

import hashlib
import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from engine.border.names import ORDER_ID_PATTERN
from engine.border.questions import AnswerSchema, small
from engine.border.wire import TEXT, Date, Json, Line, Name, Slug, Statement, Title, Wire, plain
from engine.core.numbers import CorporateNumber

MAX_INLINE_BYTES: Final = 64 * 1024
MAX_DOCUMENT_BYTES: Final = 25 * 1024 * 1024
MAX_DOCUMENTS: Final = 20

_POINTER: Final = r"^(/([^/~]|~[01])*)+$"
_INLINE_CHARS: Final = (MAX_INLINE_BYTES + 2) // 3 * 4
_FIELD: Final = re.compile(r"[a-z][A-Za-z0-9]{0,63}")


def _named(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not all(map(_FIELD.fullmatch, fields)):
        raise PydanticCustomError("wire_field", "a field's name is camelCase")
    return fields


def _said(answer: JsonValue) -> JsonValue:
    if answer is None:  # no question has null for an answer
        raise PydanticCustomError("wire_null", "an answer says something")
    return answer


OrderId = Annotated[str, Field(pattern=ORDER_ID_PATTERN)]
Attempt = Annotated[int, Field(ge=1, le=10_000, description="+1 when a refused filing is filed anew")]
Revision = Annotated[int, Field(ge=1, le=10_000, description="+1 with each correction within an attempt")]
Basis = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        pattern=TEXT,
        description='Act and article, ordinance or contract, or "none"',
    ),
]
Fields = Annotated[
    dict[str, JsonValue],
    Field(max_length=200, description="Exactly the fields the procedure needs, by name"),
    AfterValidator(_named),
    AfterValidator(plain),
]
Receipt = Annotated[Line, Field(description="The organisation's own number for it (受付番号)")]


class Payload(Wire):
    """The content of a message."""

    def wire(self) -> bytes:
        """Return it as JSON; what was not said is left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


# --- documents -------------------------------------------------------------------------------


class Document(Payload):
    """A document (交付文書) for the citizen: the bytes themselves up to 64 KiB, else an upload's ticket."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["inline"]}, {"required": ["ticket"]}],
        }
    )

    document_id: Name
    kind: Slug
    title: Title
    media_type: str = Field(
        pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]*$", max_length=100, examples=["application/pdf"]
    )
    size_bytes: int = Field(ge=0, le=MAX_DOCUMENT_BYTES)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    inline: str | None = Field(
        None,
        max_length=_INLINE_CHARS,
        repr=False,
        json_schema_extra={"contentEncoding": "base64"},
        description="The document as base64 with padding (RFC 4648, 4); hash and size must fit",
    )
    ticket: Name | None = Field(None, description="The ticket under which it was uploaded")

    @field_validator("inline")
    @classmethod
    def _is_what_was_announced(cls, inline: str | None, info: ValidationInfo) -> str | None:
        if inline is None:
            return None
        content = _decoded(inline)
        if len(content) != info.data.get("size_bytes"):
            raise PydanticCustomError("document_size", "not of the announced size")
        if hashlib.sha256(content).hexdigest() != info.data.get("sha256"):
            raise PydanticCustomError("document_hash", "not with the announced SHA-256")
        return inline

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.inline is None) == (self.ticket is None):
            raise PydanticCustomError("document_place", "either inline or a ticket")
        return self

    def content(self) -> bytes | None:
        """Return the document's bytes, None when they were uploaded."""
        return None if self.inline is None else _decoded(self.inline)


def _decoded(inline: str) -> bytes:
    try:
        return b64decode(inline, validate=True)
    except (Base64Error, ValueError) as error:
        raise PydanticCustomError("document_base64", "not base64") from error


# --- orders: engine to organisation -----------------------------------------------------------


class OrderSubmit(Payload):
    """File this (提出): one procedure with the fields it needs."""

    procedure: Slug
    attempt: Attempt
    fields: Fields
    planned: bool = Field(description="The event is still to come: its date may change")
    due_on: Date | None = Field(None, description="The last day on which the law takes it")
    basis: Basis
    evidence_ref: Name | None = Field(None, description="Ask for the signature's evidence under this name")


class OrderAmend(Payload):
    """Correct what was filed (訂正): the fields that changed, null for one that is no longer there."""

    attempt: Attempt
    revision: Revision
    fields: Annotated[Fields, Field(min_length=1)]
    basis: Basis


class OrderWithdraw(Payload):
    """Undo what was filed (取下げ)."""

    attempt: Attempt
    revision: Revision
    reason: Literal["cancelled", "changed", "filed-in-error", "law-changed"]
    basis: Basis


class OrderAnswer(Payload):
    """The citizen's answer to a question, in the shape that was asked for."""

    question_id: Name
    answer: Annotated[Json, AfterValidator(_said)]


# --- the same orders to an agent (受託者), who takes them for several organisations --------------


class ForAnother(Payload):
    """That an order goes to an agent: for which organisation, by its 13-digit number (法人番号)."""

    organisation: CorporateNumber = Field(description="The organisation for which the agent acts (委託元)")


class AgentSubmit(OrderSubmit, ForAnother):
    """File this (提出) for the organisation that is named: one procedure with the fields it needs."""


class AgentAmend(OrderAmend, ForAnother):
    """Correct what was filed (訂正) with the organisation that is named."""


class AgentWithdraw(OrderWithdraw, ForAnother):
    """Undo what was filed (取下げ) with the organisation that is named."""


class AgentAnswer(OrderAnswer, ForAnother):
    """The citizen's answer to a question of the organisation that is named."""


AnyOrder = OrderSubmit | OrderAmend | OrderWithdraw | OrderAnswer
_FOR_ANOTHER: Final[dict[type[Payload], type[ForAnother]]] = {
    OrderSubmit: AgentSubmit,
    OrderAmend: AgentAmend,
    OrderWithdraw: AgentWithdraw,
    OrderAnswer: AgentAnswer,
}


def for_another(order: Payload, organisation: str) -> Payload:
    """Return an order as an agent gets it."""
    said = {name: getattr(order, name) for name in type(order).model_fields}
    return _FOR_ANOTHER[type(order)](**said | {"organisation": organisation})


def for_whom(order: Payload) -> tuple[Payload, str | None]:
    """Return an order as its organisation itself would get it, and for which one an agent has it."""
    if not isinstance(order, ForAnother):
        return order, None
    first = next(one for one, agents in _FOR_ANOTHER.items() if isinstance(order, agents))
    return first(**{name: getattr(order, name) for name in first.model_fields}), order.organisation


# --- replies: organisation to engine ----------------------------------------------------------


class Reply(Payload):
    """What every reply says: which order it answers."""

    order_id: OrderId


class ReplyReceived(Reply):
    """It arrived and is waiting to be examined (受信)."""

    receipt: Receipt | None = None
    promised_by: Date | None = Field(None, description="The day by which the organisation means to be done")


class ReplyAccepted(Reply):
    """It was taken (受理); the outcome follows."""

    receipt: Receipt
    effective_on: Date | None = None
    documents: tuple[Document, ...] = Field((), max_length=MAX_DOCUMENTS)


class ReplyCompleted(Reply):
    """It is done (完了)."""

    receipt: Receipt
    effective_on: Date | None = None
    documents: tuple[Document, ...] = Field((), max_length=MAX_DOCUMENTS)


class ReplyRefused(Reply):
    """It was not taken (不受理・却下), with the reason and whether a correction would help."""

    code: Slug = Field(description="The organisation's own code for the reason")
    reason: Statement
    field: str | None = Field(
        None, pattern=_POINTER, max_length=200, description="JSON pointer into `fields`"
    )
    correctable: bool


class ReplyAsked(Reply):
    """A question to the citizen (照会), with the shape of its answer."""

    question_id: Name
    text: Statement
    answer_schema: Annotated[AnswerSchema, AfterValidator(small)]
    until: Date


class ReplyAmended(Reply):
    """The correction is made (訂正済)."""

    receipt: Receipt
    reason: Statement | None = None


class ReplyWithdrawn(Reply):
    """It is undone (取下げ済)."""

    receipt: Receipt
    reason: Statement | None = None


class ReplyIrrevocable(Reply):
    """It can no longer be undone (取消不能)."""

    receipt: Receipt
    reason: Statement | None = None


# --- one example of each ------------------------------------------------------------------------

_ORDER: Final = "o_4t8x2k9m3n7p5q1r6s0v8w2y4z"
_LETTER: Final = b"%PDF-1.7 (example)"
_DOCUMENT: Final[dict[str, Any]] = {
    "documentId": "2026-000123-1",
    "kind": "move-out-certificate",
    "title": {"ja": "転出証明書", "en": "Certificate of moving out"},
    "mediaType": "application/pdf",
    "sizeBytes": len(_LETTER),
    "sha256": hashlib.sha256(_LETTER).hexdigest(),
    "inline": "JVBERi0xLjcgKGV4YW1wbGUp",
}
_OLD_HOME: Final[dict[str, JsonValue]] = {
    "postalCode": "050-0083",
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "東町1-1",
}
_NEW_HOME: Final[dict[str, JsonValue]] = {
    "postalCode": "102-0082",
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "一番町1",
}
EXAMPLES_BY_MODEL: Final[dict[type[Payload], dict[str, Any]]] = {
    OrderSubmit: {
        "procedure": "move.move-out-notice",
        "attempt": 1,
        "fields": {
            "name": {"family": "届出", "given": "花子"},
            "kana": {"family": "トドケデ", "given": "ハナコ"},
            "birthDate": "1990-04-01",
            "oldAddress": _OLD_HOME,
            "newAddress": _NEW_HOME,
            "movingDate": "2026-12-01",
            "movers": [
                {
                    "name": {"family": "届出", "given": "花子"},
                    "kana": {"family": "トドケデ", "given": "ハナコ"},
                    "birthDate": "1990-04-01",
                    "sex": "female",
                    "relation": "世帯主",
                }
            ],
            "phone": "090-0000-0001",
        },
        "planned": True,
        "dueOn": "2026-12-01",
        "basis": "住民基本台帳法24条",
    },
    OrderAmend: {
        "attempt": 1,
        "revision": 1,
        "fields": {"movingDate": "2026-12-08"},
        "basis": "住民基本台帳法24条",
    },
    OrderWithdraw: {"attempt": 1, "revision": 2, "reason": "cancelled", "basis": "住民基本台帳法24条"},
    OrderAnswer: {"questionId": "q1", "answer": {"key": "returned", "on": "2026-12-02"}},
    ReplyReceived: {"orderId": _ORDER, "receipt": "令8転出第123号", "promisedBy": "2026-11-27"},
    ReplyAccepted: {"orderId": _ORDER, "receipt": "令8転出第123号", "documents": []},
    ReplyCompleted: {
        "orderId": _ORDER,
        "receipt": "令8転出第123号",
        "effectiveOn": "2026-12-01",
        "documents": [_DOCUMENT],
    },
    ReplyRefused: {
        "orderId": _ORDER,
        "code": "name-differs",
        "reason": {"ja": "氏名が住民票と異なります", "en": "The name differs from the resident record"},
        "field": "/name/family",
        "correctable": True,
    },
    ReplyAsked: {
        "orderId": _ORDER,
        "questionId": "q1",
        "text": {"ja": "鍵の返却について教えてください", "en": "Please tell us about the key"},
        "answerSchema": {
            "type": "object",
            "properties": {
                "key": {
                    "type": "string",
                    "title": "鍵",
                    "oneOf": [
                        {"const": "returned", "title": "返却した"},
                        {"const": "lost", "title": "紛失した", "x-title": {"ja": "紛失した", "en": "Lost"}},
                    ],
                },
                "on": {"type": "string", "title": "日付", "format": "date"},
            },
            "required": ["key"],
            "additionalProperties": False,
        },
        "until": "2026-12-07",
    },
    ReplyAmended: {"orderId": _ORDER, "receipt": "令8転出第124号"},
    ReplyWithdrawn: {"orderId": _ORDER, "receipt": "令8転出第125号"},
    ReplyIrrevocable: {
        "orderId": _ORDER,
        "receipt": "令8転出第123号",
        "reason": {"ja": "すでに記載が済んでいます", "en": "It has already been recorded"},
    },
    Document: _DOCUMENT,
}
EXAMPLES_BY_MODEL.update(
    {
        agent: EXAMPLES_BY_MODEL[order] | {"organisation": "8000020012050"}
        for order, agent in _FOR_ANOTHER.items()
    }
)
