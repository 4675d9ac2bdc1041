# SPDX-License-Identifier: Apache-2.0
"""What operators do about the way to one organisation (送達路): look, drain, hold, open, drive, limit."""

from datetime import time
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from engine.ports import Limits
from engine.runtime.lane_desk import LaneView
from engine.runtime.record import Act
from engine.web.api.common import both
from engine.web.api.operator import Because, OrganisationNumber, whole_number
from engine.web.operations import Call, Group
from engine.web.security import Who

LANES: Final = Group("lanes", both("機関への送達路", "Ways to organisations"))
_OPERATOR: Final = Who.OPERATOR
_DONE: Final = ("idempotency-mismatch", "no-such-organisation", "already-revoked-organisation")
_PATH: Final = "/v1/operator/organisations/{organisation}/lane"
Hour = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM in Japan")]


class SwitchBecause(Because):
    """How the way is switched: `open`, `draining` (nothing new, what waits is sent) or `held`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "先方の保守のため", "mode": "held"}]}
    )

    mode: Literal["open", "draining", "held"]


class LimitBecause(Because):
    """At most so many orders a second, so many at the same time; on working days from `opens` for so long."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"reason": "先方の希望", "rate": 5, "concurrency": 2, "opens": "09:00", "forHours": 8}
            ]
        }
    )

    rate: Annotated[float, Field(ge=0.01, le=10_000)]
    concurrency: whole_number(1, 256)  # type: ignore[valid-type] # mypy reads no calls
    opens: Hour | None = None
    for_hours: whole_number(1, 24) = 8  # type: ignore[valid-type] # as above

    def limits(self) -> Limits:
        """Return the limits."""
        if self.opens is None:
            return Limits(rate=self.rate, concurrency=self.concurrency)
        opens = time.fromisoformat(self.opens)
        hour = opens.hour + self.for_hours
        closes = opens.replace(hour=hour) if hour < 24 else time.max
        return Limits(rate=self.rate, concurrency=self.concurrency, opens=opens, closes=closes)


@LANES.operation(
    "GET",
    _PATH,
    who=_OPERATOR,
    words=both("機関への送達路の状態", "How the way to an organisation stands"),
    refusals=("no-such-organisation",),
)
async def lane(call: Call, organisation: OrganisationNumber) -> LaneView:
    """Return how the way stands, and what waits in it."""
    return await call.doors.lanes.lane(organisation)


@LANES.operation(
    "POST",
    _PATH,
    who=_OPERATOR,
    words=both("送達路を開く・絞る・止める", "Open, drain or hold the way"),
    idempotent=True,
    refusals=_DONE,
)
async def switch_lane(call: Call, organisation: OrganisationNumber, body: SwitchBecause) -> LaneView:
    """Switch the way; every process knows within seconds."""
    return _told(call, await call.doors.lanes.switch(_act(call, body.reason), organisation, body.mode))


@LANES.operation(
    "POST",
    f"{_PATH}/limits",
    who=_OPERATOR,
    words=both("送信量の上限を定める", "Set the limits of the way"),
    idempotent=True,
    refusals=_DONE,
)
async def limit_lane(call: Call, organisation: OrganisationNumber, body: LimitBecause) -> LaneView:
    """Set how much the organisation gets at most, and when."""
    return _told(call, await call.doors.lanes.limit(_act(call, body.reason), organisation, body.limits()))


@LANES.operation(
    "POST",
    f"{_PATH}/re-drive",
    who=_OPERATOR,
    words=both("待っている指図をすべて今すぐ送る", "Try everything that waits now"),
    idempotent=True,
    refusals=_DONE,
)
async def drive_lane(call: Call, organisation: OrganisationNumber, body: Because) -> LaneView:
    """Try everything again, what was put aside and a gone address too; within the limits."""
    return _told(call, await call.doors.lanes.drive(_act(call, body.reason), organisation))


def _act(call: Call, reason: str) -> Act:
    return Act(call.person, call.key, call.body_hash, reason)


def _told(call: Call, done: tuple[LaneView, bool]) -> LaneView:
    view, replayed = done
    if replayed:
        call.headers["Idempotent-Replayed"] = "true"
    return view
