# SPDX-License-Identifier: Apache-2.0
"""Who represents an organisation (代表者・担当者): invited, listed, taken away when they leave."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from engine.core.views import View
from engine.runtime.record import Act
from engine.runtime.representatives import InvitationView, RepresentativeView
from engine.web.api.common import CITIZEN, both
from engine.web.api.onboarding import ONBOARDING
from engine.web.api.operator import OPERATOR, Because, OrganisationNumber
from engine.web.api.organisation import ORGANISATION
from engine.web.operations import Call
from engine.web.reading import Body
from engine.web.security import Who


class RepresentativeList(View):
    """Who represents the organisation now."""

    representatives: tuple[RepresentativeView, ...]


class Invited(Body):
    """The secret of an invitation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "k" * 43}]})

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class Represented(View):
    """Which organisation the person represents now too."""

    number: str


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/representatives",
    who=Who.REPRESENTATIVE,
    words=both("代表者・担当者の一覧", "Who represents us"),
)
async def representatives(call: Call) -> RepresentativeList:
    """Return the representatives."""
    return RepresentativeList(representatives=await call.doors.own.representatives.list(call.organisation))


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/invitations",
    who=Who.REPRESENTATIVE,
    words=both("ほかの代表者・担当者を招待する", "Invite another representative"),
    status=201,
    cost=5,
    recent=True,
)
async def invite_representative(call: Call) -> InvitationView:
    """Return the secret, once."""
    return await call.doors.own.representatives.invite(call.session, call.organisation)


@ORGANISATION.operation(
    "DELETE",
    "/v1/organisation/representatives/{person}",
    who=Who.REPRESENTATIVE,
    words=both("代表者・担当者を外す（退職など）", "Take a representative away"),
    status=204,
    recent=True,
    refusals=("no-such-representative", "illegal-last-representative"),
)
async def remove_representative(call: Call, person: UUID) -> None:
    """Take them away; they are out with their next request."""
    await call.doors.own.representatives.remove(call.session, call.organisation, person)


@ONBOARDING.operation(
    "POST",
    "/v1/organisations/invitations",
    who=CITIZEN,
    words=both("招待を受けて代表者・担当者になる", "Accept an invitation"),
    cost=5,
    refusals=("no-such-invitation",),
)
async def accept_invitation(call: Call, body: Invited) -> Represented:
    """Represent the organisation from now on."""
    return Represented(number=await call.doors.own.representatives.accept(call.session, body.code))


@OPERATOR.operation(
    "GET",
    "/v1/operator/organisations/{organisation}/representatives",
    who=Who.OPERATOR,
    words=both("代表者・担当者の一覧", "Who represents the organisation"),
)
async def operator_representatives(call: Call, organisation: OrganisationNumber) -> RepresentativeList:
    """Return the representatives, by their number."""
    found = await call.doors.own.representatives.list(organisation)
    return RepresentativeList(representatives=found)


@OPERATOR.operation(
    "POST",
    "/v1/operator/organisations/{organisation}/representatives/{person}/removal",
    who=Who.OPERATOR,
    words=both("代表者・担当者を外す", "Take a representative away"),
    status=204,
    idempotent=True,
    recent=True,
    refusals=("no-such-representative", "idempotency-mismatch"),
)
async def operator_removes_representative(
    call: Call, organisation: OrganisationNumber, person: UUID, body: Because
) -> None:
    """Take away somebody who left, also the last one."""
    act = Act(call.person, call.key, call.body_hash, body.reason)
    await call.doors.own.representatives.remove_as_operator(act, organisation, person)
