# SPDX-License-Identifier: Apache-2.0
"""How an organisation (機関・事業者) comes on board: its representative's side. Signed in with a card."""

from typing import Annotated, Final, Literal
from uuid import UUID

from aiohttp import web
from pydantic import ConfigDict, Field

from engine.border.examples import ProcedureExamples
from engine.border.wire import Slug as ProcedureSlug
from engine.core.numbers import AreaCode
from engine.core.views import View
from engine.registry.model import Channel, Kind
from engine.runtime.onboarding import Wanted, represented
from engine.runtime.onboarding_views import ApplicationView, ProcedureFields
from engine.web.api.common import CITIZEN, OPEN, Slug, both
from engine.web.operations import Call, Group
from engine.web.reading import Body, Query, base64_bytes

ONBOARDING: Final = Group("onboarding", both("機関・事業者の利用登録", "Organisations come on board"))
_DECLARATION_BYTES: Final = 256 * 1024
_SIGNATURE_BYTES: Final = 64 * 1024
_LOOKED_UP: Final = (
    "no-such-corporation",
    "invalid-organisation",
    "invalid-organisation-closed",
    "invalid-subscription",
    "invalid-subscription-area",
    "no-such-procedure",
    "unavailable-corporate-numbers",
    "strange-corporate-numbers",
)
_MINE: Final = ("no-such-application", "already-decided-application")
Number = Annotated[str, Field(pattern=r"^[1-9][0-9]{12}$", description="法人番号 / 13 digits")]
ChannelName = Literal["pull", "amqp", "webhook", "file"]


class WantedSubscription(Body):
    """One procedure (手続), in one area, or without it in the whole country."""

    slug: ProcedureSlug
    area: AreaCode | None = None


class NewOrganisation(Body):
    """What is applied for. Name, seat and kind come from the published register, not from here.

    An agent (受託者), who only acts for others by their grants, takes nothing itself: no subscriptions.
    `kind` is looked at only where the register cannot tell: a public body says so.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "8999999000001",
                    "channel": "pull",
                    "subscriptions": [{"slug": "move.electricity", "area": None}],
                }
            ]
        }
    )

    number: Number
    channel: ChannelName
    subscriptions: Annotated[tuple[WantedSubscription, ...], Field(max_length=500, strict=False)]
    endpoint: Annotated[str | None, Field(max_length=500)] = None
    areas: Annotated[tuple[AreaCode, ...], Field(max_length=100, strict=False)] = ()
    kind: Literal["public-body"] | None = None

    def wanted(self) -> Wanted:
        """Return it as the use case takes it."""
        return Wanted(
            number=self.number,
            kind=Kind(self.kind) if self.kind else None,
            channel=Channel(self.channel),
            endpoint=self.endpoint,
            areas=self.areas,
            subscriptions=tuple((one.slug, one.area) for one in self.subscriptions),
        )


class Declared(Body):
    """The declaration as it was read, byte for byte, and the signature over it (CAdES, detached)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"declaration": "eyJ9", "signature": "c2lnbmF0dXJl"}]}
    )

    declaration: base64_bytes(_DECLARATION_BYTES)  # type: ignore[valid-type] # mypy reads no calls
    signature: base64_bytes(_SIGNATURE_BYTES)  # type: ignore[valid-type] # as above


class AreaAsked(Query):
    """In which area."""

    area: AreaCode | None = None


class MyOrganisations(View):
    """Which organisations the person represents, and what they applied for, the newest first."""

    represents: tuple[str, ...]
    applications: tuple[ApplicationView, ...]


@ONBOARDING.operation(
    "GET",
    "/v1/life-events/{event}/procedures/{slug}/fields",
    who=OPEN,
    words=both(
        "手続で届く項目・根拠・現在の受け手", "What a procedure brings, its law, who receives it today"
    ),
    refusals=("no-such-life-event", "no-such-procedure"),
)
async def procedure_fields(call: Call, event: Slug, slug: ProcedureSlug, query: AreaAsked) -> ProcedureFields:
    """Return exactly the fields that each filing would bring."""
    return await call.doors.onboarding.fields(event, slug, query.area)


@ONBOARDING.operation(
    "GET",
    "/v1/life-events/{event}/procedures/{slug}/examples",
    who=OPEN,
    words=both("手続の指図の例（架空の人物）", "Example orders of a procedure, of invented people"),
    refusals=("no-such-life-event", "no-such-procedure"),
)
async def procedure_examples(call: Call, event: Slug, slug: ProcedureSlug) -> ProcedureExamples:
    """Return the schema of its orders and some of them, as a connector gets them."""
    return call.doors.onboarding.examples(event, slug)


@ONBOARDING.operation(
    "POST",
    "/v1/organisations",
    who=CITIZEN,
    words=both("法人番号で利用を申し込む", "Apply for an organisation by its corporate number"),
    status=201,
    cost=5,
    idempotent=True,
    refusals=(
        *_LOOKED_UP,
        "already-registered-organisation",
        "too-many-applications",
        "idempotency-mismatch",
    ),
)
async def apply(call: Call, body: NewOrganisation) -> ApplicationView:
    """Draft an application; nothing is decided before it is signed."""
    view = await call.doors.onboarding.apply(call.session, body.wanted(), key=call.key)
    call.headers["Location"] = f"/v1/organisations/applications/{view.id}"
    return view


@ONBOARDING.operation(
    "GET",
    "/v1/organisations",
    who=CITIZEN,
    words=both("自分が代表する機関と申込み", "Organisations I represent, and my applications"),
)
async def my_organisations(call: Call) -> MyOrganisations:
    """Return what is the person's."""
    found = await call.doors.onboarding.mine(call.session)
    return MyOrganisations(represents=tuple(represented(call.session)), applications=tuple(found))


@ONBOARDING.operation(
    "GET",
    "/v1/organisations/applications/{application}",
    who=CITIZEN,
    words=both("申込みを見る", "Look at an application"),
    refusals=("no-such-application",),
)
async def my_application(call: Call, application: UUID) -> ApplicationView:
    """Return one of the person's applications."""
    return await call.doors.onboarding.application(call.session, application)


@ONBOARDING.operation(
    "GET",
    "/v1/organisations/applications/{application}/declaration",
    who=CITIZEN,
    words=both("署名する申告文", "The declaration to be signed"),
    refusals=_MINE,
)
async def get_declaration(call: Call, application: UUID) -> web.StreamResponse:
    """Return the canonical JSON that is signed, byte for byte."""
    text = await call.doors.onboarding.declaration(call.session, application)
    return web.Response(body=text, content_type="application/json")


@ONBOARDING.operation(
    "POST",
    "/v1/organisations/applications/{application}/declaration",
    who=CITIZEN,
    words=both("署名した申告文を提出する", "Hand the application in with the signed declaration"),
    cost=5,
    refusals=(
        *_MINE,
        "stale-declaration",
        "malformed-mandate",
        "invalid-mandate",
        "signature-invalid",
        "status-unavailable",
    ),
)
async def declare(call: Call, application: UUID, body: Declared) -> ApplicationView:
    """Hand it in: from here on, an operator looks at it."""
    return await call.doors.onboarding.declare(
        call.session, application, declaration=body.declaration, signature=body.signature
    )


@ONBOARDING.operation(
    "DELETE",
    "/v1/organisations/applications/{application}",
    who=CITIZEN,
    words=both("申込みを取り下げる", "Withdraw an application"),
    status=204,
    refusals=_MINE,
)
async def withdraw_application(call: Call, application: UUID) -> None:
    """Take it back, as long as nobody has decided it."""
    await call.doors.onboarding.withdraw(call.session, application)


def wanted_pairs(wanted: tuple[WantedSubscription, ...]) -> tuple[tuple[str, str | None], ...]:
    """Return the subscriptions as pairs of procedure and area."""
    return tuple((one.slug, one.area) for one in wanted)
