# SPDX-License-Identifier: Apache-2.0
"""The other people of a case (当事者): invite them; and for them, see one's part, sign, decide."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from aiohttp import web
from pydantic import ConfigDict, Field

from engine.core.views import View
from engine.runtime.participation import PartView
from engine.web.api.cases import Confirmation
from engine.web.api.common import CITIZEN, CaseChanged, Slug, both, changed
from engine.web.operations import Call, Group
from engine.web.reading import Body, Query
from engine.web.standing import Also

PARTICIPANTS: Final = Group("participants", both("当事者", "Participants"))
_SIGNING: Final = (
    "no-such-case",
    "illegal-move",
    "idempotency-mismatch",
    "malformed-mandate",
    "invalid-mandate",
    "stale-mandate",
    "signer-not-in-facts",
    "facts-differ-from-certificate",
    "signature-invalid",
    "status-unavailable",
)


class InvitationView(View):
    """What to hand to the person: good once, until it ends."""

    code: str
    expires_at: datetime


class Coming(Body):
    """The invitation that somebody got."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "AAECAwQFBgcICQ=="}]})

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_=-]{8,120}$")]


class Choosing(Query):
    """Which choice the mandate is to say; without it, it is the consent."""

    choice: Slug | None = None


class DecisionBody(Confirmation):
    """A choice, the mandate that says it, byte for byte as it was given, and its signature (CMS)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"choice": "accept", "mandate": "eyJjYXNlSWQiOiIifQ==", "signature": "c2lnbmF0dXJl"}]
        }
    )

    choice: Slug


class PartList(View):
    """One's parts in others' cases, newest first."""

    participations: tuple[PartView, ...]


@PARTICIPANTS.operation(
    "POST",
    "/v1/cases/{case}/participants/{participant}/invitation",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("当事者を招待する", "Invite a participant"),
    recent=True,
    refusals=("no-such-case", "no-such-participant", "already-taken-seat", "already-closed"),
)
async def invite(call: Call, case: UUID, participant: UUID) -> InvitationView:
    """Return an invitation to hand over; whoever has it can take the seat, once."""
    made = await call.doors.participation.invite(call.person, case, participant)
    return InvitationView(code=made.code, expires_at=made.expires_at)


@PARTICIPANTS.operation(
    "DELETE",
    "/v1/cases/{case}/participants/{participant}/seat",
    who=CITIZEN,
    also=(Also.ASSISTED, Also.REPRESENTED),
    words=both("招待を取り消す", "Take an invitation back"),
    idempotent=True,
    refusals=("no-such-case", "no-such-participant", "already-signed", "already-decided"),
)
async def unseat(call: Call, case: UUID, participant: UUID) -> CaseChanged:
    """Take invitations back, and the seat of whoever came on one."""
    return changed(call, await call.doors.participation.unseat(call.change, case, participant))


@PARTICIPANTS.operation(
    "POST",
    "/v1/participations",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("招待を受ける", "Come on an invitation"),
    idempotent=True,
    refusals=("invalid-invitation", "stale-invitation", "already-taken-seat", "idempotency-mismatch"),
)
async def join(call: Call, body: Coming) -> CaseChanged:
    """Take the seat."""
    return changed(call, await call.doors.participation.join(call.change, body.code))


@PARTICIPANTS.operation(
    "GET", "/v1/participations", who=CITIZEN, words=both("当事者である案件の一覧", "List my parts")
)
async def list_parts(call: Call) -> PartList:
    """Return the person's parts in others' cases."""
    return PartList(participations=tuple(await call.doors.participation.parts(call.person)))


@PARTICIPANTS.operation(
    "GET",
    "/v1/cases/{case}/participants/{participant}",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("自分の役割を見る", "Look at my part"),
    refusals=("no-such-case",),
)
async def get_part(call: Call, case: UUID, participant: UUID) -> PartView:
    """Return one's part: who is told what about oneself, and what there is to decide."""
    return await call.doors.participation.part(call.person, case, participant)


@PARTICIPANTS.operation(
    "GET",
    "/v1/cases/{case}/participants/{participant}/mandate",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("当事者が署名する同意文", "The consent or decision to be signed"),
    refusals=("no-such-case", "no-such-decision", "invalid-choice"),
)
async def get_part_mandate(call: Call, case: UUID, participant: UUID, query: Choosing) -> web.StreamResponse:
    """Return the canonical JSON that is signed, byte for byte."""
    text = await call.doors.participation.mandate(call.session, case, participant, choice=query.choice)
    return web.Response(body=text, content_type="application/json")


@PARTICIPANTS.operation(
    "POST",
    "/v1/cases/{case}/participants/{participant}/signature",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("同意に署名する", "Sign the consent"),
    cost=5,
    idempotent=True,
    refusals=(*_SIGNING, "not-your-signature", "already-signed"),
)
async def sign(call: Call, case: UUID, participant: UUID, body: Confirmation) -> CaseChanged:
    """Consent to what is told about oneself."""
    done = await call.doors.participation.sign(
        call.session, call.change, case, participant, signed=body.signed
    )
    return changed(call, done)


@PARTICIPANTS.operation(
    "POST",
    "/v1/cases/{case}/participants/{participant}/decision",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("判断に署名する", "Sign a decision"),
    cost=5,
    idempotent=True,
    refusals=(*_SIGNING, "no-such-decision", "invalid-choice", "already-decided"),
)
async def decide(call: Call, case: UUID, participant: UUID, body: DecisionBody) -> CaseChanged:
    """Decide what filings wait for."""
    done = await call.doors.participation.decide(
        call.session, call.change, case, participant, choice=body.choice, signed=body.signed
    )
    return changed(call, done)
