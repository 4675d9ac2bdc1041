# SPDX-License-Identifier: Apache-2.0
"""What an organisation sees of its own traffic, and asks for once more. Never another's."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import ConfigDict, Field

from engine.border.names import REFERENCE_PATTERN
from engine.border.wire import Instant
from engine.core.views import View
from engine.runtime.own_view import MOST_AGAIN, DeletionLine, DeliveryLine, OwnBacklog
from engine.web.api.common import Cursor, both
from engine.web.api.organisation import ORGANISATION, OrderId
from engine.web.api.own_organisation import asker_of
from engine.web.operations import Call
from engine.web.reading import Body, Limit, Query
from engine.web.security import Who

_OWN: Final = Who.OWN
_JOSE: Final = "application/jose"
Month = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="YYYY-MM")]
Reference = Annotated[str, Field(pattern=REFERENCE_PATTERN)]


class Page(Query):
    """Which page."""

    after: Cursor | None = None
    limit: Limit = 50


class Deliveries(View):
    """Orders, the newest first; `after` leads to the next ones."""

    deliveries: tuple[DeliveryLine, ...]
    after: str | None


class ToResend(Body):
    """Orders to be offered once more."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"orderIds": ["o_7h2kq9m4x0000000000000000a"]}]}
    )

    order_ids: Annotated[tuple[OrderId, ...], Field(min_length=1, max_length=MOST_AGAIN, strict=False)]


class ReplayFrom(Body):
    """Since when."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"from": "2026-11-01T00:00:00Z"}]})

    from_: Annotated[Instant, Field(alias="from", description="YYYY-MM-DDThh:mm:ssZ")]


class OfferedAgain(View):
    """How many come again. At most 1,000 at once: go on from where the last of them was sent."""

    orders: int


class Deletions(View):
    """What has to be deleted and is not confirmed, the oldest first."""

    deletions: tuple[DeletionLine, ...]
    after: str | None


class Receipt(Body):
    """A JWS (ES256, `typ` "todoke-deletion+jws") by a registered key over `deleted {reference} {number}`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"receipt": "e30.e30.e30"}]})

    receipt: Annotated[str, Field(min_length=5, max_length=4096)]


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/backlog",
    who=_OWN,
    words=both("自機関あての滞留と不達", "Our backlog, and what failed"),
)
async def own_backlog(call: Call) -> OwnBacklog:
    """Return what waits."""
    return await call.doors.own.traffic.backlog(call.organisation)


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/deliveries",
    who=_OWN,
    words=both("最近の送信", "Our last deliveries"),
    refusals=("malformed-traffic-cursor",),
)
async def own_deliveries(call: Call, query: Page) -> Deliveries:
    """Return a page of orders."""
    found, after = await call.doors.own.traffic.deliveries(
        call.organisation, after=query.after, limit=query.limit
    )
    return Deliveries(deliveries=tuple(found), after=after)


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/resend",
    who=_OWN,
    words=both("指図の再送を求める", "Have orders sent once more"),
    cost=5,
)
async def resend(call: Call, body: ToResend) -> OfferedAgain:
    """Offer these orders again, under the same ids; others' ids mean nothing here."""
    return OfferedAgain(orders=await call.doors.own.traffic.again(asker_of(call), order_ids=body.order_ids))


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/replay",
    who=_OWN,
    words=both("指定時刻からの指図の再送を求める", "Have everything sent once more since then"),
    cost=20,
)
async def replay(call: Call, body: ReplayFrom) -> OfferedAgain:
    """Offer everything again that was given since then, under the same ids."""
    return OfferedAgain(orders=await call.doors.own.traffic.again(asker_of(call), since=body.from_))


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/statements/{month}",
    who=_OWN,
    words=both("月次報告書（署名付き）", "The statement of a month, signed"),
    gives=_JOSE,
    refusals=("invalid-month",),
)
async def own_statement(call: Call, month: Month) -> web.StreamResponse:
    """Return canonical JSON in a JWS of the engine; `connectors/sdk/statement.py` recomputes it."""
    text = await call.doors.own.traffic.statement(call.organisation, month)
    return web.Response(body=text.encode(), content_type=_JOSE)


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/deletions",
    who=_OWN,
    words=both("削除すべき符号の一覧", "What we have to delete"),
    refusals=("malformed-traffic-cursor",),
)
async def own_deletions(call: Call, query: Page) -> Deletions:
    """Return references whose purpose has ended."""
    found, after = await call.doors.own.traffic.deletions(
        call.organisation, after=query.after, limit=query.limit
    )
    return Deletions(deletions=tuple(found), after=after)


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/deletions/{reference}/receipt",
    who=_OWN,
    words=both("削除の受領証を渡す", "Confirm a deletion, signed"),
    status=204,
    refusals=("no-such-deletion", "invalid-receipt"),
)
async def confirm_deletion(call: Call, reference: Reference, body: Receipt) -> None:
    """Keep the receipt."""
    await call.doors.own.traffic.confirm_deletion(call.organisation, reference, body.receipt)
