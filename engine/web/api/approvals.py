# SPDX-License-Identifier: Apache-2.0
"""What operators decide about organisations that want to come on board. Every act says why."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, WithJsonSchema

from engine.core.views import View
from engine.registry.applications import State
from engine.runtime.onboarding_views import ApplicationLine, OperatorApplicationView, Standing
from engine.runtime.record import Act
from engine.web.api.common import Cursor, both
from engine.web.api.operator import OPERATOR, Because, OrganisationNumber, Reason
from engine.web.operations import Call
from engine.web.reading import Body, Limit, Query
from engine.web.security import Who

_OPERATOR: Final = Who.OPERATOR
_DECIDED: Final = (
    "no-such-application",
    "already-decided-application",
    "not-allowed-own-application",
    "idempotency-mismatch",
)
_STAGED: Final = (
    "no-such-organisation",
    "illegal-stage",
    "invalid-certification",
    "stale-certification",
    "idempotency-mismatch",
)
StateAsked = Annotated[State, WithJsonSchema({"type": "string", "enum": [one.value for one in State]})]


class ApplicationsAsked(Query):
    """Which applications."""

    state: StateAsked = State.APPLIED
    after: Cursor | None = None
    limit: Limit = 50


class ApplicationsFound(View):
    """Applications, the oldest first."""

    applications: tuple[ApplicationLine, ...]
    after: str | None


class ApprovedBecause(Body):
    """Why it is approved, and what was looked at to know that this person may speak for the organisation.

    `register-extract`: 登記事項証明書, the person is its representative. `letter-of-authority`: 委任状 of
    such a representative. `official-notice`: 公文書, for the State and local governments.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reason": "登記事項証明書と氏名を照合した", "checked": "register-extract"}]
        }
    )

    reason: Reason
    checked: Literal["register-extract", "letter-of-authority", "official-notice"]


class CertifiedBecause(Body):
    """That the connector passed the rehearsal in another installation, with the report that one signed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "適合試験に合格", "report": "eyJh.eyJu.c2ln"}]}
    )

    reason: Reason
    report: Annotated[str, Field(min_length=1, max_length=400_000)]


@OPERATOR.operation(
    "GET",
    "/v1/operator/applications",
    who=_OPERATOR,
    words=both("利用申込みの一覧", "List applications of organisations"),
    refusals=("malformed-operator-cursor",),
)
async def operator_applications(call: Call, query: ApplicationsAsked) -> ApplicationsFound:
    """Return applications in a state."""
    found, after = await call.doors.approvals.waiting(query.state, after=query.after, limit=query.limit)
    return ApplicationsFound(applications=tuple(found), after=after)


@OPERATOR.operation(
    "GET",
    "/v1/operator/applications/{application}",
    who=_OPERATOR,
    words=both("利用申込みを審査する", "Look at an application"),
    refusals=("no-such-application",),
)
async def operator_application(call: Call, application: UUID) -> OperatorApplicationView:
    """Return it with the applicant's name and everybody whom it would touch; the look is recorded."""
    return await call.doors.approvals.look(call.person, application)


@OPERATOR.operation(
    "POST",
    "/v1/operator/applications/{application}/approval",
    who=_OPERATOR,
    words=both("利用申込みを承認する", "Approve an application"),
    idempotent=True,
    recent=True,
    refusals=(*_DECIDED, "invalid-organisation-closed", "unavailable-corporate-numbers"),
)
async def approve_application(
    call: Call, application: UUID, body: ApprovedBecause
) -> OperatorApplicationView:
    """Let the organisation into the sandbox, with its representative."""
    return await call.doors.approvals.approve(_act(call, body.reason), application, checked=body.checked)


@OPERATOR.operation(
    "POST",
    "/v1/operator/applications/{application}/refusal",
    who=_OPERATOR,
    words=both("利用申込みを承認しない", "Refuse an application"),
    idempotent=True,
    recent=True,
    refusals=_DECIDED,
)
async def refuse_application(call: Call, application: UUID, body: Because) -> OperatorApplicationView:
    """Refuse it; the applicant reads the reason."""
    return await call.doors.approvals.refuse(_act(call, body.reason), application)


@OPERATOR.operation(
    "GET",
    "/v1/operator/organisations/{organisation}/standing",
    who=_OPERATOR,
    words=both("機関の登録段階を見る", "How far an organisation has come on board"),
    refusals=("no-such-organisation",),
)
async def organisation_standing(call: Call, organisation: OrganisationNumber) -> Standing:
    """Return its stage and the newest report of its rehearsal."""
    return await call.doors.approvals.standing(organisation)


@OPERATOR.operation(
    "POST",
    "/v1/operator/organisations/{organisation}/certification",
    who=_OPERATOR,
    words=both("適合試験の合格を記録する", "Note that its connector passed the rehearsal"),
    idempotent=True,
    recent=True,
    refusals=_STAGED,
)
async def certify_organisation(
    call: Call, organisation: OrganisationNumber, body: CertifiedBecause
) -> Standing:
    """Certify it."""
    return await call.doors.approvals.certify(_act(call, body.reason), organisation, report=body.report)


@OPERATOR.operation(
    "POST",
    "/v1/operator/organisations/{organisation}/live",
    who=_OPERATOR,
    words=both("本番の届出を流す", "Let real filings through"),
    idempotent=True,
    recent=True,
    refusals=(*_STAGED, "not-allowed-own-application"),
)
async def go_live(call: Call, organisation: OrganisationNumber, body: Because) -> Standing:
    """Make a certified organisation live."""
    return await call.doors.approvals.go_live(_act(call, body.reason), organisation)


def _act(call: Call, reason: str) -> Act:
    return Act(call.person, call.key, call.body_hash, reason)
