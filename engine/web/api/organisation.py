# SPDX-License-Identifier: Apache-2.0
"""What an organisation (機関・事業者) does over HTTP: fetch orders, hand in replies, upload documents."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import ConfigDict, Field

from engine.border.envelope import (
    BATCH_MEDIA_TYPE,
    EVENT_MEDIA_TYPE,
    MAX_BATCH_BYTES,
    ReplyEvent,
    packed,
    parse_reply,
    unpacked,
)
from engine.border.names import ORDER_ID_PATTERN
from engine.core.errors import EngineError, Problem
from engine.core.views import View
from engine.ports import Pulled
from engine.web.api.common import OPEN, both
from engine.web.operations import Call, Group
from engine.web.reading import INTEGRAL, Body, Limit, Place, Query, Seconds, check_media_type, read_body
from engine.web.security import Who
from mailbox.letters import Sha256
from mailbox.vault import MAX_DOCUMENT_BYTES

ORGANISATION: Final = Group("organisation", both("機関・事業者", "Organisations"))
_DOCUMENT: Final = "application/octet-stream"
_UPLOAD_SECONDS: Final = 300.0
_ORGANISATION: Final = Who.ORGANISATION
TicketId = Annotated[str, Field(pattern=r"^t_[0-9a-f]{32}$")]
OrderId = Annotated[str, Field(pattern=ORDER_ID_PATTERN)]


class JwkSet(View):
    """The engine's public keys (RFC 7517): `sig` verifies orders, `enc` is what replies are sealed for."""

    keys: tuple[dict[str, Any], ...]


class OrderPage(Query):
    """After which position, how many, and how many seconds to wait for the first."""

    after: Place = 0
    limit: Limit = 100
    wait: Seconds = 0


class OrderIds(Body):
    """Orders that the organisation has durably."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"orderIds": ["o_7h2kq9m4x0000000000000000a"]}]}
    )

    order_ids: Annotated[tuple[OrderId, ...], Field(min_length=1, max_length=1000, strict=False)]


class Acknowledged(View):
    """How many of them had been waiting."""

    acknowledged: int


class ReplyOutcome(View):
    """What became of one reply; `code` says why it was refused."""

    id: str
    outcome: str
    code: str | None


class ReplyOutcomes(View):
    """One outcome for each reply, in their order."""

    results: tuple[ReplyOutcome, ...]


class NewUpload(Body):
    """Size and hash of the document, fixed before its first byte comes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "sizeBytes": 6,
                    "sha256": "bfa0ec8bb95b9a37d1ee1dc3a7df9cc15d4ffcb9d6cb2bbae7b2d5bd0be91ec0",
                }
            ]
        }
    )

    size_bytes: Annotated[int, Field(ge=1, le=MAX_DOCUMENT_BYTES), INTEGRAL]
    sha256: Sha256


class UploadTicket(View):
    """Permission to upload this document, until when."""

    ticket: str
    size_bytes: int
    sha256: str
    expires_at: datetime


@ORGANISATION.operation(
    "GET", "/v1/keys", who=OPEN, words=both("エンジンの公開鍵（JWKS）", "The engine's public keys (JWKS)")
)
async def keys(call: Call) -> JwkSet:
    """Return the JWK Set."""
    return JwkSet(keys=(*call.doors.keys()["keys"], *await call.doors.suite.keys()))


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/orders",
    who=_ORGANISATION,
    words=both("指図を取り出す", "Fetch orders"),
    gives=BATCH_MEDIA_TYPE,
    waits=True,
)
async def orders(call: Call, query: OrderPage) -> web.StreamResponse:
    """Return unacknowledged orders; `Todoke-After` is where the next ones begin.

    `Todoke-Left-Behind` is how many up to `after` are not acknowledged: if it is more than you know
    of, something was missed, and `after=0` brings it.
    """
    found = await call.context.streams.until_closing(
        call.doors.feed.orders(
            call.organisation, after=query.after, limit=query.limit, wait_seconds=float(query.wait)
        ),
        otherwise=[],
    )
    batch, count = _first_batch(found)
    after = found[count - 1].position if count else query.after
    behind = await call.doors.feed.left_behind(call.organisation, after=query.after)
    return web.Response(
        body=batch,
        content_type=BATCH_MEDIA_TYPE,
        headers={"Todoke-After": str(after), "Todoke-Left-Behind": str(behind)},
    )


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/orders/acks",
    who=_ORGANISATION,
    words=both("指図の受領を知らせる", "Acknowledge orders"),
)
async def acknowledge(call: Call, body: OrderIds) -> Acknowledged:
    """Note that the organisation has these orders; they do not come again."""
    return Acknowledged(acknowledged=await call.doors.feed.acknowledge(call.organisation, body.order_ids))


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/replies",
    who=_ORGANISATION,
    words=both("回答を渡す", "Hand in replies"),
    takes=(EVENT_MEDIA_TYPE, BATCH_MEDIA_TYPE),
    part=ReplyEvent,
    refusals=("malformed-envelope", "seal-too-large"),
)
async def replies(call: Call) -> ReplyOutcomes:
    """Take one reply or a batch; each has its own outcome, and all are durable."""
    raw = await read_body(call.request, (EVENT_MEDIA_TYPE, BATCH_MEDIA_TYPE), most=MAX_BATCH_BYTES)
    is_batch = call.request.content_type == BATCH_MEDIA_TYPE
    events = unpacked(raw) if is_batch else (raw,)
    for place, event in enumerate(events):
        _check_envelope(event, f"/{place}" if is_batch else "")
    results = await call.doors.replies.take(call.organisation, events) if events else []
    return ReplyOutcomes(
        results=tuple(ReplyOutcome(id=one.id, outcome=one.outcome, code=one.code) for one in results)
    )


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/uploads",
    who=_ORGANISATION,
    words=both("文書のアップロード券を求める", "Ask for an upload ticket"),
    status=201,
    refusals=("too-many-tickets",),
)
async def new_upload(call: Call, body: NewUpload) -> UploadTicket:
    """Return a ticket for exactly this document."""
    ticket = await call.doors.uploads.open_ticket(
        call.organisation, size_bytes=body.size_bytes, sha256=body.sha256
    )
    call.headers["Location"] = f"/v1/organisation/uploads/{ticket.id}"
    return UploadTicket(
        ticket=ticket.id,
        size_bytes=ticket.size_bytes,
        sha256=ticket.sha256,
        expires_at=ticket.expires_at,
    )


@ORGANISATION.operation(
    "PUT",
    "/v1/organisation/uploads/{ticket}",
    who=_ORGANISATION,
    words=both("文書をアップロードする", "Upload the document"),
    status=204,
    takes=(_DOCUMENT,),
    waits=True,
    refusals=(
        "no-such-ticket",
        "already-expired-ticket",
        "invalid-upload-size",
        "invalid-upload-hash",
        "request-too-slow",
    ),
)
async def upload(call: Call, ticket: TicketId) -> None:
    """Take the document in pieces; repeating a finished upload changes nothing."""
    check_media_type(call.request, (_DOCUMENT,))
    if (call.request.content_length or 0) > MAX_DOCUMENT_BYTES:
        raise EngineError("body-too-large", most=MAX_DOCUMENT_BYTES)
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            await call.doors.uploads.receive(ticket, call.organisation, _pieces(call.request))
    except TimeoutError as error:
        raise EngineError("request-too-slow") from error


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.content.iter_any():
            yield piece
    except web.RequestPayloadError as error:
        raise EngineError("malformed-request") from error


def _first_batch(found: Sequence[Pulled]) -> tuple[bytes, int]:
    """Return as many orders as one batch may hold, and how many that is."""
    batch = next(packed(one.event for one in found), b"[]")
    return batch, len(unpacked(batch))


def _check_envelope(event: bytes, place: str) -> None:
    try:
        parse_reply(event)
    except EngineError as error:
        moved = tuple(Problem(place + one.pointer, one.code) for one in error.problems)
        raise EngineError(error.code, problems=moved or (Problem(place, error.code),)) from error
