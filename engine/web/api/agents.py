# SPDX-License-Identifier: Apache-2.0
"""Who acts for whom: organisations entrust agents (受託者), and one carries on what another was (承継)."""

from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field

from engine.border.wire import Date
from engine.core.views import View
from engine.runtime.agents import GrantView, Offer, SuccessionView
from engine.runtime.record import Act
from engine.web.api.common import both
from engine.web.api.onboarding import Number, WantedSubscription, wanted_pairs
from engine.web.api.operator import OPERATOR, Because, OrganisationNumber, whole_number
from engine.web.api.organisation import ORGANISATION
from engine.web.operations import Call
from engine.web.reading import Body
from engine.web.security import Who

_MOST_OVERLAP_DAYS: Final = 180
_SUCCEEDED: Final = (
    "no-such-organisation",
    "illegal-successor",
    "already-succeeded",
    "illegal-succession",
)


class NewGrant(Body):
    """Which agent may act in which procedures, where, and until when.

    Without an area, in every area that the organisation takes. Days are days in Japan. Without
    `beginsOn` it begins when the agent accepts it. The answer shows what the agent will see.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agent": "6999999000060",
                    "procedures": [{"slug": "move.move-in-notice", "area": "015814"}],
                    "lastOn": "2029-03-31",
                }
            ]
        }
    )

    agent: Number
    procedures: Annotated[tuple[WantedSubscription, ...], Field(min_length=1, max_length=500, strict=False)]
    begins_on: Date | None = None
    last_on: Date


class GrantList(View):
    """The grants that an organisation gave and was given, the newest first."""

    grants: tuple[GrantView, ...]


class NewSuccession(Body):
    """Which organisation is carried on, and for how many days both may answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"predecessor": "8999999000001", "overlapDays": 30}]}
    )

    predecessor: Number
    overlap_days: whole_number(0, _MOST_OVERLAP_DAYS) = 30  # type: ignore[valid-type] # mypy reads no calls


class DeclaredSuccession(Because):
    """Who carries on the organisation, and for how many days both may answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"successor": "8999999000001", "overlapDays": 30, "reason": "合併の公告を確認した"}]
        }
    )

    successor: Number
    overlap_days: whole_number(0, _MOST_OVERLAP_DAYS) = 30  # type: ignore[valid-type] # as above


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/grants",
    who=Who.OWN,
    words=both("委託・受託の一覧", "Whom we entrust, and for whom we act"),
)
async def grants(call: Call) -> GrantList:
    """Return them, with every field that an agent sees and the law."""
    return GrantList(grants=await call.doors.agents.grants(call.organisation))


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/grants",
    who=Who.REPRESENTATIVE,
    words=both("手続の処理を委託する", "Entrust an agent"),
    status=201,
    cost=5,
    idempotent=True,
    recent=True,
    refusals=(
        "no-such-organisation",
        "no-such-procedure",
        "invalid-agent",
        "invalid-grant-scope",
        "invalid-grant-time",
        "already-granted",
        "idempotency-mismatch",
    ),
)
async def offer_grant(call: Call, body: NewGrant) -> GrantView:
    """Offer it to the agent, whose representative has to accept it."""
    offer = Offer(
        agent=body.agent,
        procedures=wanted_pairs(body.procedures),
        begins_on=body.begins_on,
        last_on=body.last_on,
    )
    return await call.doors.agents.offer(call.session, call.organisation, offer, key=call.key)


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/grants/{grant}/acceptance",
    who=Who.REPRESENTATIVE,
    words=both("委託を承諾する（受託者）", "Accept a grant, as the agent"),
    cost=5,
    recent=True,
    refusals=("no-such-grant", "already-ended-grant"),
)
async def accept_grant(call: Call, grant: UUID) -> GrantView:
    """Accept it: orders come to the agent from now on, or from the day it begins."""
    return await call.doors.agents.accept(call.session, call.organisation, grant)


@ORGANISATION.operation(
    "DELETE",
    "/v1/organisation/grants/{grant}",
    who=Who.REPRESENTATIVE,
    words=both("委託を直ちに終える", "End a grant at once"),
    cost=5,
    recent=True,
    refusals=("no-such-grant",),
)
async def end_grant(call: Call, grant: UUID) -> GrantView:
    """End it, for the organisation or for the agent: nothing more goes either way; what is open goes back."""
    return await call.doors.agents.end(call.session, call.organisation, grant, because="ended")


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/successions",
    who=Who.REPRESENTATIVE,
    words=both("合併・法人番号の変更による承継を届け出る", "Declare that we carry on another organisation"),
    status=201,
    cost=5,
    recent=True,
    refusals=(
        *_SUCCEEDED,
        "invalid-succession",
        "no-such-corporation",
        "invalid-corporate-number",
        "unavailable-corporate-numbers",
        "strange-corporate-numbers",
    ),
)
async def declare_succession(call: Call, body: NewSuccession) -> SuccessionView:
    """Carry it on from now on, if the published register names us as its successor."""
    return await call.doors.agents.succeed(
        call.session, call.organisation, body.predecessor, overlap=timedelta(days=body.overlap_days)
    )


@OPERATOR.operation(
    "GET",
    "/v1/operator/organisations/{organisation}/grants",
    who=Who.OPERATOR,
    words=both("委託・受託の一覧", "Who acts for whom"),
)
async def operator_grants(call: Call, organisation: OrganisationNumber) -> GrantList:
    """Return the grants that it gave and was given."""
    return GrantList(grants=await call.doors.agents.grants(organisation))


@OPERATOR.operation(
    "POST",
    "/v1/operator/grants/{grant}/end",
    who=Who.OPERATOR,
    words=both("委託を直ちに終える", "End a grant at once"),
    idempotent=True,
    recent=True,
    refusals=("no-such-grant", "idempotency-mismatch"),
)
async def operator_ends_grant(call: Call, grant: UUID, body: Because) -> GrantView:
    """End it, with the reason, which both read."""
    act = Act(call.person, call.key, call.body_hash, body.reason)
    return await call.doors.agents.end_as_operator(act, grant)


@OPERATOR.operation(
    "POST",
    "/v1/operator/organisations/{organisation}/succession",
    who=Who.OPERATOR,
    words=both("承継を登録する（合併・法人番号の変更）", "Declare who carries on an organisation"),
    idempotent=True,
    recent=True,
    refusals=(*_SUCCEEDED, "not-allowed-own-application", "idempotency-mismatch"),
)
async def operator_declares_succession(
    call: Call, organisation: OrganisationNumber, body: DeclaredSuccession
) -> SuccessionView:
    """Declare it for them, with the reason; the register need not name a successor."""
    act = Act(call.person, call.key, call.body_hash, body.reason)
    return await call.doors.agents.succeed_as_operator(
        act, organisation, body.successor, overlap=timedelta(days=body.overlap_days)
    )
