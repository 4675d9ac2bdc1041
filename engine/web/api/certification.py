# SPDX-License-Identifier: Apache-2.0
"""The sandbox: an organisation rehearses by itself and follows it; the test clock."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from connectors.conformance.suite import Asked, RehearsalView
from engine.core.views import View
from engine.web.api.common import both
from engine.web.api.organisation import ORGANISATION
from engine.web.operations import Call
from engine.web.reading import INTEGRAL, Body
from engine.web.security import Who

_OWN: Final = Who.OWN


class NewRehearsal(Body):
    """How long an answer, and a step of the engineer's, may take; how many orders come in the burst."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"patienceSeconds": 60}]})

    patience_seconds: Annotated[int, Field(ge=2, le=3600)]
    step_seconds: Annotated[int, Field(ge=5, le=86_400)] = 900
    burst: Annotated[int, Field(ge=10, le=500)] = 200


class StepDone(Body):
    """Which step was done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step": "restart"}]})

    step: Literal["restart", "change-keys"]


class Advance(Body):
    """By how many days."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"advanceDays": 30}]})

    advance_days: Annotated[int, Field(ge=1, le=400), INTEGRAL]


class SandboxTime(View):
    """What the test clock shows."""

    now: datetime


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/certification",
    who=_OWN,
    words=both("適合試験を始める", "Begin a rehearsal"),
    status=201,
    cost=5,
    refusals=("no-sandbox", "no-such-organisation", "already-rehearsing", "invalid-rehearsal"),
)
async def begin_certification(call: Call, body: NewRehearsal) -> RehearsalView:
    """Begin it; it is played over the channel that the organisation has registered."""
    asked = Asked(patience_seconds=body.patience_seconds, step_seconds=body.step_seconds, burst=body.burst)
    return await call.doors.suite.begin(call.organisation, asked)


@ORGANISATION.operation(
    "GET",
    "/v1/organisation/certification",
    who=_OWN,
    words=both("適合試験の経過と結果", "How the newest rehearsal stands"),
    refusals=("no-sandbox", "no-such-rehearsal"),
)
async def certification(call: Call) -> RehearsalView:
    """Return it, with each finding so far, and the signed report at the end."""
    return await call.doors.suite.newest(call.organisation)


@ORGANISATION.operation(
    "POST",
    "/v1/organisation/certification/steps",
    who=_OWN,
    words=both("適合試験の手順を済ませたと知らせる", "Confirm what the rehearsal asked for"),
    refusals=("no-sandbox", "no-such-rehearsal", "illegal-step"),
)
async def confirm_certification_step(call: Call, body: StepDone) -> RehearsalView:
    """Go on with the rehearsal."""
    return await call.doors.suite.confirm(call.organisation, body.step)


@ORGANISATION.operation(
    "POST",
    "/v1/sandbox/clock",
    who=_OWN,
    words=both("サンドボックスの時計を進める", "Let days pass in the sandbox"),
    cost=5,
    refusals=("no-test-clock",),
)
async def advance_clock(call: Call, body: Advance) -> SandboxTime:
    """Move the clock for everybody in this sandbox; deadlines that passed fire."""
    return SandboxTime(now=call.doors.sandbox.advance(body.advance_days))
