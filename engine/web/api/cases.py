# SPDX-License-Identifier: Apache-2.0
"""A citizen's cases (案件): open, look at, confirm, change, call off, follow."""

import base64
from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from aiohttp import web
from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from engine.border.wire import Date
from engine.core.views import CaseSummary, CaseView, DisclosureView, View
from engine.identity.acting import Represented
from engine.identity.mandate import MAX_MANDATE_BYTES
from engine.runtime.corrections import Correction
from engine.runtime.counter import SignedMandate
from engine.runtime.old_values import OldValue
from engine.runtime.operator_views import AccessLine
from engine.web.api.common import CITIZEN, CaseChanged, Cursor, Slug, attachment, both, changed, etag
from engine.web.api.examples import MOVING_FACTS
from engine.web.api.life_events import Facts
from engine.web.fields import facts_under
from engine.web.operations import Call, Group
from engine.web.reading import JSON, Body, Limit, Query, base64_bytes, is_known, last_event_id
from engine.web.standing import Also
from engine.web.streams import MEDIA_TYPE

_CORRECTING: Final = (
    "guarded-later",
    "signature-needed",
    "signed-by-another",
    "new-certificate-needed",
    "stale-mandate",
)
CASES: Final = Group("cases", both("案件", "Cases"))
_PDF: Final = "application/pdf"
_OBJECT: Final[JsonValue] = {"type": "object"}
_TEXT: Final[JsonValue] = {"type": "string"}
_NULL: Final[JsonValue] = {"type": "null"}
SIGNATURE_BYTES: Final = 64 * 1024  # a CMS with its certificate


class NewCase(Body):
    """A life event and what there is to know about it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"event": "moving", "facts": MOVING_FACTS}]})

    event: Slug
    facts: dict[str, JsonValue]


class CasePage(Query):
    """Which cases."""

    after: Cursor | None = None
    limit: Limit = 20


class CaseList(View):
    """Cases, newest first; `after` leads to the next ones, null at the end."""

    cases: tuple[CaseSummary, ...]
    after: str | None


class Confirmation(Body):
    """The mandate, byte for byte as it was given, and its signature with the 署名用 certificate (CMS)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"mandate": "eyJjYXNlSWQiOiIifQ==", "signature": "c2lnbmF0dXJl"}]}
    )

    mandate: base64_bytes(MAX_MANDATE_BYTES)  # type: ignore[valid-type] # mypy reads no calls
    signature: base64_bytes(SIGNATURE_BYTES)  # type: ignore[valid-type] # as above
    acknowledged: Annotated[
        tuple[Annotated[str, Field(pattern=r"^/[!-~]{1,200}$")], ...],
        Field(max_length=50, description="証明書と異なるが正しい箇所 / Differences that are right"),
    ] = ()

    @property
    def signed(self) -> SignedMandate:
        """What the gate is shown."""
        return SignedMandate(self.mandate, self.signature, self.acknowledged)


class CorrectedFacts(Facts):
    """All the facts as they are now; `signed` where that changes what somebody had signed."""

    signed: Confirmation | None = None


class ToBeSigned(Body):
    """The correction that is to be signed: other facts, or another day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"movingDate": "2027-04-02"}],
            "oneOf": [
                {"required": ["facts"], "properties": {"facts": _OBJECT, "movingDate": _NULL}},
                {"required": ["movingDate"], "properties": {"movingDate": _TEXT, "facts": _NULL}},
            ],
        }
    )

    facts: dict[str, JsonValue] | None = None
    moving_date: Annotated[Date, Field(description="YYYY-MM-DD")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.facts is None) is (self.moving_date is None):
            raise PydanticCustomError("contradicts-facts", "either facts or a day")
        return self


class MovingDate(Body):
    """The new day of the event."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"movingDate": "2027-04-02"}]})

    moving_date: Annotated[Date, Field(description="YYYY-MM-DD")]
    signed: Confirmation | None = None


class AccessList(View):
    """What staff did and looked at in the case, in order of time."""

    access: tuple[AccessLine, ...]


class SignatureView(View):
    """A mandate that I or another for me signed, byte for byte (base64), and what proves it (CAdES-LT).

    `signature` is null while `standing` is `waiting`: it proves itself from the day after. Of what another
    signed in my place (`onBehalf` in the mandate) it stays null: their certificate is theirs.
    """

    mandate: Annotated[str, Field(description="base64")]
    signature: Annotated[str | None, Field(description="base64, DER")]
    signed_at: datetime
    standing: str


class SignatureList(View):
    """What I signed in a case, oldest first; `todoke evidence verify` judges it without a network."""

    signatures: tuple[SignatureView, ...]


class DisclosureList(View):
    """Who was told what, in order of time."""

    disclosures: tuple[DisclosureView, ...]


class OldValueList(View):
    """Who still holds an old value; empty once everybody has confirmed the new one."""

    old_values: tuple[OldValue, ...]


@CASES.operation(
    "POST",
    "/v1/cases",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("案件を開く", "Open a case"),
    status=201,
    idempotent=True,
    refusals=("invalid-facts", "no-such-life-event", "idempotency-mismatch"),
)
async def open_case(call: Call, body: NewCase) -> CaseChanged:
    """Open a case; nothing is sent before it is confirmed."""
    with facts_under("/facts"):
        done = await call.doors.counter.open(call.change, body.event, body.facts)
    call.headers["Location"] = f"/v1/cases/{done.case_id}"
    return changed(call, done)


@CASES.operation(
    "GET",
    "/v1/cases",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("自分の案件の一覧", "List my cases"),
)
async def list_cases(call: Call, query: CasePage) -> CaseList:
    """Return a page of the person's cases; a representative gets those within their scope."""
    found, after = await call.doors.counter.cases(call.person, after=query.after, limit=query.limit)
    if isinstance(acting := call.session.acting, Represented):
        found = [one for one in found if one.event in acting.representation.scope.events]
    return CaseList(cases=tuple(found), after=after)


@CASES.operation(
    "GET",
    "/v1/cases/{case}",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED, Also.BY_CODE),
    words=both("案件を見る", "Look at a case"),
    conditional=True,
    refusals=("no-such-case",),
)
async def get_case(call: Call, case: UUID) -> CaseView:
    """Return the case, or 304 to one who has this version."""
    view = await call.doors.counter.case(call.person, case)
    call.headers["ETag"] = etag(view.version)
    if is_known(call.request, view.version):
        raise web.HTTPNotModified(headers=call.headers)
    return view


@CASES.operation(
    "DELETE",
    "/v1/cases/{case}",
    who=CITIZEN,
    words=both("案件の内容を消去する", "Erase what a case holds"),
    status=204,
    recent=True,
    refusals=("no-such-case", "case-still-runs", "stale-version"),
)
async def erase(call: Call, case: UUID) -> None:
    """Destroy the key of a case that has ended, or of a draft. States, disclosures and letters stay."""
    await call.doors.care.retention.delete(call.person, case)


@CASES.operation(
    "GET",
    "/v1/cases/{case}/mandate",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("署名する委任文", "The mandate to be signed"),
    refusals=("no-such-case", "illegal-move"),
)
async def get_mandate(call: Call, case: UUID) -> web.StreamResponse:
    """Return the canonical JSON that is signed, byte for byte."""
    text = await call.doors.counter.mandate(call.session, case)
    return web.Response(body=text, content_type="application/json")


@CASES.operation(
    "POST",
    "/v1/cases/{case}/confirmation",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("署名した委任文で案件を確定する", "Confirm the plan with the signed mandate"),
    cost=5,
    idempotent=True,
    version="must",
    refusals=(
        "no-such-case",
        "illegal-move",
        "idempotency-mismatch",
        "stale-version",
        "malformed-mandate",
        "invalid-mandate",
        "stale-mandate",
        "signer-not-in-facts",
        "facts-differ-from-certificate",
        "signature-invalid",
        "status-unavailable",
    ),
)
async def confirm(call: Call, case: UUID, body: Confirmation) -> CaseChanged:
    """Confirm the plan: from here on, organisations are told."""
    done = await call.doors.counter.confirm(call.session, call.change, case, signed=body.signed)
    return changed(call, done)


@CASES.operation(
    "PUT",
    "/v1/cases/{case}/moving-date",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("引越し日を変える", "Change the day"),
    idempotent=True,
    version="may",
    refusals=("no-such-case", "illegal-move", "idempotency-mismatch", "stale-version", *_CORRECTING),
)
async def change_date(call: Call, case: UUID, body: MovingDate) -> CaseChanged:
    """Change the day; everyone who was told hears of it."""
    correction = Correction(day=body.moving_date)
    done = await call.doors.corrections.correct(
        call.session, call.change, case, correction, signed=_signed(body.signed)
    )
    return changed(call, done)


@CASES.operation(
    "PUT",
    "/v1/cases/{case}/facts",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("申請事項を訂正する", "Correct the facts"),
    idempotent=True,
    version="may",
    refusals=(
        "invalid-facts",
        "no-such-case",
        "illegal-move",
        "idempotency-mismatch",
        "stale-version",
        *_CORRECTING,
    ),
)
async def correct(call: Call, case: UUID, body: CorrectedFacts) -> CaseChanged:
    """Correct the facts; whoever held the old value gets the new one."""
    with facts_under("/facts"):
        done = await call.doors.corrections.correct(
            call.session, call.change, case, Correction(facts=body.facts), signed=_signed(body.signed)
        )
    return changed(call, done)


@CASES.operation(
    "POST",
    "/v1/cases/{case}/correction-mandate",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("訂正のために署名する委任文", "The mandate of a correction"),
    refusals=("invalid-facts", "no-such-case", "nothing-to-sign", "guarded-later"),
)
async def correction_mandate(call: Call, case: UUID, body: ToBeSigned) -> web.StreamResponse:
    """Return the canonical JSON that is signed where a correction changes what was signed."""
    correction = Correction(facts=body.facts, day=body.moving_date)
    with facts_under("/facts"):
        text = await call.doors.corrections.mandate(call.session, case, correction)
    return web.Response(body=text, content_type="application/json")


@CASES.operation(
    "POST",
    "/v1/cases/{case}/cancellation",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("案件を取りやめる", "Call the case off"),
    idempotent=True,
    version="may",
    recent=True,
    refusals=("no-such-case", "already-closed", "illegal-move", "idempotency-mismatch", "stale-version"),
)
async def cancel(call: Call, case: UUID) -> CaseChanged:
    """Call the case off; what was told is withdrawn where it can be."""
    return changed(call, await call.doors.counter.cancel(call.change, case))


@CASES.operation(
    "GET",
    "/v1/cases/{case}/disclosures",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED, Also.BY_CODE),
    words=both("誰に何を提供したか", "Who was told what"),
    refusals=("no-such-case",),
)
async def disclosures(call: Call, case: UUID) -> DisclosureList:
    """Return the record of disclosures (提供記録)."""
    return DisclosureList(disclosures=tuple(await call.doors.counter.disclosures(call.person, case)))


@CASES.operation(
    "GET",
    "/v1/cases/{case}/evidence",
    who=CITIZEN,
    also=(Also.REPRESENTED, Also.BY_CODE),
    words=both("自分の署名とその証拠", "My own signatures and what proves them"),
    cost=5,
    refusals=("no-such-case",),
)
async def own_evidence(call: Call, case: UUID) -> SignatureList:
    """Return what the person signed, and what was signed in their place; of others it says nothing."""
    found = await call.doors.gate.own_signatures(call.person, case)
    found += await call.doors.counter.signed_for(call.person, case)
    if not found:
        await call.doors.counter.disclosures(call.person, case)  # refused where the case is another's
    return SignatureList(
        signatures=tuple(
            SignatureView(
                mandate=base64.b64encode(one.content).decode(),
                signature=base64.b64encode(one.proof.signature).decode() if one.proof else None,
                signed_at=one.signed_at,
                standing=one.standing.value,
            )
            for one in found
        )
    )


@CASES.operation(
    "GET",
    "/v1/cases/{case}/old-values",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED, Also.BY_CODE),
    words=both("訂正前の情報をまだ持っている相手", "Who still holds an old value"),
    refusals=("no-such-case", "erased-case"),
)
async def old_values(call: Call, case: UUID) -> OldValueList:
    """Return whoever was told something that has changed since and has not confirmed the change."""
    found = await call.doors.care.old_values.of_owner(call.person, case)
    return OldValueList(old_values=tuple(found))


@CASES.operation(
    "GET",
    "/v1/cases/{case}/certificate",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED, Also.BY_CODE),
    words=both("手続終了証明書（JSON・PDF）", "The closing certificate (JSON or PDF)"),
    refusals=("no-such-case", "erased-case", "no-such-certificate"),
)
async def certificate(call: Call, case: UUID) -> web.StreamResponse:
    """Return the signed certificate of a case that has ended; as PDF to whoever accepts that only."""
    issued = await call.doors.care.certificates.of_owner(call.person, case)
    if _wants_pdf(call.request):
        return attachment(issued.pdf, media_type=_PDF, file_name=f"certificate-{case}.pdf")
    return web.Response(body=issued.document, content_type=JSON)


def _wants_pdf(request: web.Request) -> bool:
    accepted = {one.partition(";")[0].strip().lower() for one in request.headers.get("Accept", "").split(",")}
    return _PDF in accepted and JSON not in accepted


@CASES.operation(
    "GET",
    "/v1/cases/{case}/access",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED, Also.BY_CODE),
    words=both("係員が何を見て何をしたか", "What staff looked at and did"),
    refusals=("no-such-case",),
)
async def access(call: Call, case: UUID) -> AccessList:
    """Return the record of what operators did and looked at in the case."""
    await call.doors.counter.disclosures(call.person, case)  # refused where the case is another's
    return AccessList(access=tuple(await call.doors.control.access(case)))


@CASES.operation(
    "GET",
    "/v1/cases/{case}/events",
    who=CITIZEN,
    also=(Also.REPRESENTED, Also.BY_CODE),
    words=both("案件の変化を受け取る（SSE）", "Follow the case (server-sent events)"),
    gives=MEDIA_TYPE,
    waits=True,
    refusals=("no-such-case", "malformed-last-event-id", "too-many-streams"),
)
async def follow(call: Call, case: UUID) -> web.StreamResponse:
    """Send the case now, unless the reader has it, and whenever it changes."""
    after = last_event_id(call.request)
    settings, streams = call.context.settings, call.context.streams
    await call.doors.counter.case(call.person, case)  # refused before the stream begins
    with streams.place(call.person), call.context.metrics.streams.track_inprogress():
        return await streams.send(
            call.request,
            call.doors.counter.watch(call.person, case, after=after),
            heartbeat_seconds=settings.heartbeat_seconds,
            seconds=settings.stream_seconds,
        )


def _signed(confirmation: Confirmation | None) -> SignedMandate | None:
    return confirmation.signed if confirmation else None
