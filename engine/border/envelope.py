# SPDX-License-Identifier: Apache-2.0
"""The envelope of every message that crosses the border: CloudEvents 1.0, one or in a batch.

`seal_event` and `open_order`/`open_reply` are the whole way from payload to wire and back; engine
and connectors use the same. A batch is only a way to carry: each event keeps its id and its fate.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.json_schema import models_json_schema
from pydantic_core import PydanticCustomError

from engine.border import payloads
from engine.border.jwk import RecipientKey
from engine.border.names import ORDER_ID_PATTERN, REFERENCE_PATTERN
from engine.border.payloads import EXAMPLES_BY_MODEL, Document, Payload
from engine.border.sealing import MAX_SEALED_CHARS, Attributes, Opener, Sealer, recipient_of
from engine.border.wire import Instant, Name, Wire, refusal
from engine.core.errors import EngineError

EVENT_MEDIA_TYPE: Final = "application/cloudevents+json"
BATCH_MEDIA_TYPE: Final = "application/cloudevents-batch+json"
MAX_BATCH_EVENTS: Final = 100
MAX_BATCH_BYTES: Final = 1024 * 1024
ENGINE: Final = "/engine"

OrderType = Literal[
    "jp.todoke.order.submit.v1",
    "jp.todoke.order.amend.v1",
    "jp.todoke.order.withdraw.v1",
    "jp.todoke.order.answer.v1",
    "jp.todoke.order.submit.v2",
    "jp.todoke.order.amend.v2",
    "jp.todoke.order.withdraw.v2",
    "jp.todoke.order.answer.v2",
]
ReplyType = Literal[
    "jp.todoke.reply.received.v1",
    "jp.todoke.reply.accepted.v1",
    "jp.todoke.reply.completed.v1",
    "jp.todoke.reply.refused.v1",
    "jp.todoke.reply.asked.v1",
    "jp.todoke.reply.amended.v1",
    "jp.todoke.reply.withdrawn.v1",
    "jp.todoke.reply.irrevocable.v1",
]
SUBMIT: Final = "jp.todoke.order.submit.v1"
AMEND: Final = "jp.todoke.order.amend.v1"
WITHDRAW: Final = "jp.todoke.order.withdraw.v1"
ANSWER: Final = "jp.todoke.order.answer.v1"
PAYLOADS: Final[dict[str, type[Payload]]] = {
    SUBMIT: payloads.OrderSubmit,
    AMEND: payloads.OrderAmend,
    WITHDRAW: payloads.OrderWithdraw,
    ANSWER: payloads.OrderAnswer,
    # To an agent, who has to know for whom; the organisation itself gets the first version.
    "jp.todoke.order.submit.v2": payloads.AgentSubmit,
    "jp.todoke.order.amend.v2": payloads.AgentAmend,
    "jp.todoke.order.withdraw.v2": payloads.AgentWithdraw,
    "jp.todoke.order.answer.v2": payloads.AgentAnswer,
    "jp.todoke.reply.received.v1": payloads.ReplyReceived,
    "jp.todoke.reply.accepted.v1": payloads.ReplyAccepted,
    "jp.todoke.reply.completed.v1": payloads.ReplyCompleted,
    "jp.todoke.reply.refused.v1": payloads.ReplyRefused,
    "jp.todoke.reply.asked.v1": payloads.ReplyAsked,
    "jp.todoke.reply.amended.v1": payloads.ReplyAmended,
    "jp.todoke.reply.withdrawn.v1": payloads.ReplyWithdrawn,
    "jp.todoke.reply.irrevocable.v1": payloads.ReplyIrrevocable,
}
DOCUMENT: Final = "jp.todoke.document.v1"
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    **{name: EXAMPLES_BY_MODEL[model] for name, model in PAYLOADS.items()},
    DOCUMENT: EXAMPLES_BY_MODEL[Document],
}
_TYPES: Final = {model: name for name, model in PAYLOADS.items()}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
# The length of a message on the broker says little about what is in it: JSON may end in spaces.
_PADDED_TO_BYTES: Final = 256
_SPACE: Final = " \t\n\r"
_scan: Final = json.JSONDecoder().raw_decode


def kind_of(event_type: str) -> str:
    """Return `submit` of `jp.todoke.order.submit.v1`, whatever the version."""
    return event_type.split(".")[3]


def dataschema(event_type: str) -> str:
    """Return the name of a type's JSON Schema. The same everywhere: it is a name, not an address."""
    return f"https://todoke.example/schemas/{event_type}.json"


class CloudEvent(Wire):
    """One message in its envelope; `data` is a JWE that only its receiver reads."""

    # CloudEvents writes its attributes in lower case, not in camelCase.
    model_config = ConfigDict(alias_generator=None)

    specversion: Literal["1.0"]
    id: Name
    source: str
    type: str
    subject: str = Field(pattern=REFERENCE_PATTERN, description="The reference (符号)")
    time: Instant
    datacontenttype: Literal["application/jose"]
    dataschema: str
    sequence: int = Field(ge=0, le=2**31 - 1, description="Counts the messages about one reference")
    data: str = Field(
        min_length=1,
        max_length=MAX_SEALED_CHARS,
        repr=False,
        json_schema_extra={"contentMediaType": "application/jose"},
    )

    @field_validator("dataschema")
    @classmethod
    def _belongs_to_the_type(cls, name: str, info: ValidationInfo) -> str:
        if name != dataschema(info.data.get("type", "")):
            raise PydanticCustomError("envelope_schema", "not the schema of this type")
        return name

    @property
    def attributes(self) -> Attributes:
        """What the seal repeats."""
        return Attributes(self.id, self.type, self.subject, self.source, self.sequence, self.time)

    def wire(self) -> bytes:
        """Return it in structured JSON."""
        return self.model_dump_json(exclude_none=True).encode()


_Traceparent = Annotated[
    str,
    Field(
        pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        description="W3C Trace Context, new for each order: a shared one would join references",
    ),
]


class OrderEvent(CloudEvent):
    """An order (指図): from the engine to an organisation."""

    id: Annotated[str, Field(pattern=ORDER_ID_PATTERN)]
    source: Literal["/engine"]
    type: OrderType
    traceparent: _Traceparent


class ReplyEvent(CloudEvent):
    """A reply (回答): from an organisation to the engine. The same id again is the same reply."""

    source: Annotated[str, Field(pattern=r"^/organisations/[0-9]{13}$")]
    type: ReplyType
    traceparent: _Traceparent | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that its sender signed. `body_hash` is the same whenever the same is sent again."""

    event: CloudEvent
    payload: Payload
    body_hash: bytes


E = TypeVar("E", bound=CloudEvent)


def seal_event(
    payload: Payload,
    *,
    id: str,  # noqa: A002 - CloudEvents calls it so
    subject: str,
    sequence: int,
    time: datetime,
    sealer: Sealer,
    recipient: RecipientKey,
) -> bytes:
    """Return the payload signed, sealed and in its envelope. `time` is cut to whole seconds.

    Raises:
        EngineError: `malformed-envelope` (an attribute is not what it must be), `seal-too-large`.
    """
    name = _TYPES[type(payload)]
    attributes = Attributes(id, name, subject, sealer.source, sequence, time.replace(microsecond=0))
    text = payload.wire()
    padded = text.ljust(-(-len(text) // _PADDED_TO_BYTES) * _PADDED_TO_BYTES)
    envelope: dict[str, object] = {
        "specversion": "1.0",
        "id": id,
        "source": sealer.source,
        "type": name,
        "subject": subject,
        "time": attributes.time,
        "datacontenttype": "application/jose",
        "dataschema": dataschema(name),
        "sequence": sequence,
        "data": sealer.seal(attributes, padded, recipient),
    }
    try:
        if sealer.source == ENGINE:
            return OrderEvent.model_validate({**envelope, "traceparent": new_traceparent()}).wire()
        return ReplyEvent.model_validate(envelope).wire()
    except ValidationError as error:
        raise refusal("malformed-envelope", error) from None


def open_order(raw: bytes, opener: Opener) -> Opened:
    """Return the order in an event; raises `malformed-envelope`, `seal-…`, `invalid-payload`."""
    return _opened(parse_order(raw), opener)


def open_reply(raw: bytes, opener: Opener) -> Opened:
    """Return the reply in an event; raises `malformed-envelope`, `seal-…`, `invalid-payload`.

    Who brought it is the caller's to compare: `event.source` is what the signature proves.
    """
    return _opened(parse_reply(raw), opener)


def parse_order(raw: bytes) -> OrderEvent:
    """Return the envelope of an order, still sealed; raises `malformed-envelope`."""
    return _parsed(OrderEvent, raw)


def parse_reply(raw: bytes) -> ReplyEvent:
    """Return the envelope of a reply, still sealed; raises `malformed-envelope`."""
    return _parsed(ReplyEvent, raw)


def sealed_for(raw: bytes) -> str:
    """Return the name of the key that an order is sealed for; raises `malformed-envelope`, `seal-malformed`.

    What it says is not yet proven: it is for the engine's own orders, before they are sent.
    """
    return recipient_of(parse_order(raw).data)


def parse_payload(event_type: str, raw: bytes) -> Payload:
    """Return the content of an opened message; raises `invalid-payload` with a pointer to each fault."""
    model = PAYLOADS.get(event_type)
    if model is None:
        raise EngineError("malformed-envelope", pointer="/type")
    try:
        return model.model_validate_json(raw, by_alias=True, by_name=False)
    except ValidationError as error:
        raise refusal("invalid-payload", error) from None


def new_traceparent() -> str:
    """Return a trace context that nothing else shares."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


# --- batches ------------------------------------------------------------------------------------


def packed(events: Iterable[bytes]) -> Iterator[bytes]:
    """Return the events in as few batches as the bounds allow, in their order.

    Raises:
        EngineError: `seal-too-large`, one event alone is over the bound.
    """
    batch: list[bytes] = []
    size = 2
    for event in events:
        if len(event) + 2 > MAX_BATCH_BYTES:
            raise EngineError("seal-too-large", size_bytes=len(event), most=MAX_BATCH_BYTES)
        if batch and (len(batch) == MAX_BATCH_EVENTS or size + len(event) + 1 > MAX_BATCH_BYTES):
            yield _joined(batch)
            batch, size = [], 2
        batch.append(event)
        size += len(event) + 1
    if batch:
        yield _joined(batch)


def unpacked(batch: bytes) -> tuple[bytes, ...]:
    """Return the events of a batch, each as the bytes that were sent; they are not yet looked at.

    Raises:
        EngineError: `seal-too-large` (too many or too long), `malformed-envelope`: it is no JSON array.
    """
    if len(batch) > MAX_BATCH_BYTES:
        raise EngineError("seal-too-large", size_bytes=len(batch), most=MAX_BATCH_BYTES)
    try:
        text = batch.decode()
        spans = tuple(_spans(text))
    except (ValueError, RecursionError) as error:
        raise EngineError("malformed-envelope", pointer="") from error
    return tuple(text[start:end].encode() for start, end in spans)


def _joined(events: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(events) + b"]"


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each element of the array begins and ends."""
    at = _skip(text, 0, "[")
    if text[_skip(text, at) :].rstrip(_SPACE) == "]":
        return
    for count in range(MAX_BATCH_EVENTS + 1):
        if count == MAX_BATCH_EVENTS:
            raise EngineError("seal-too-large", most=MAX_BATCH_EVENTS)
        start = _skip(text, at)
        _, end = _scan(text, start)
        yield start, end
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            break
        at = _skip(text, at, ",")
    if text[at + 1 :].strip(_SPACE):
        raise ValueError("something follows the array")


def _skip(text: str, at: int, wanted: str = "") -> int:
    """Return the place after white space and then `wanted`."""
    while text[at : at + 1] in _WHITE:
        at += 1
    if not text.startswith(wanted, at):
        raise ValueError("not a JSON array")
    return at + len(wanted)


_WHITE: Final = frozenset(_SPACE)


# --- schemas ------------------------------------------------------------------------------------


def schema_of(event_type: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a type's payload, with its example."""
    model = Document if event_type == DOCUMENT else PAYLOADS[event_type]
    schema = model.model_json_schema(by_alias=True)
    return {
        "$schema": _DIALECT,
        "$id": dataschema(event_type),
        **schema,
        "examples": [EXAMPLES[event_type]],
    }


def component_schemas() -> dict[str, Any]:
    """Return the schemas of all envelopes and payloads by name, referring to each other as components."""
    models: tuple[type[BaseModel], ...] = (OrderEvent, ReplyEvent, Document, *PAYLOADS.values())
    _, document = models_json_schema(
        [(model, "validation") for model in models],
        by_alias=True,
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = document["$defs"]
    return schemas


def _parsed(model: type[E], raw: bytes) -> E:
    if len(raw) > MAX_BATCH_BYTES:
        raise EngineError("seal-too-large", size_bytes=len(raw), most=MAX_BATCH_BYTES)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise refusal("malformed-envelope", error) from None


def _opened(event: CloudEvent, opener: Opener) -> Opened:
    raw = opener.open(event.attributes, event.data)
    about = f"{event.type} {event.subject} {event.sequence} ".encode()
    return Opened(event, parse_payload(event.type, raw), hashlib.sha256(about + raw).digest())
