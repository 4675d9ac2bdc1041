# SPDX-License-Identifier: Apache-2.0
"""What is on offer, and what it would mean for a household: open to everybody, nothing is stored."""

from typing import Final

from pydantic import ConfigDict, JsonValue

from engine.core.views import LifeEventView, PlanView, View
from engine.web.api.common import OPEN, Slug, both
from engine.web.api.examples import MOVING_FACTS
from engine.web.fields import facts_under
from engine.web.operations import Call, Group
from engine.web.reading import Body

LIFE_EVENTS: Final = Group("life-events", both("ライフイベントと手続計画", "Life events and plans"))


class LifeEventList(View):
    """All life events."""

    life_events: tuple[LifeEventView, ...]


class Facts(Body):
    """The facts (申請事項), as the life event's schema has them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"facts": MOVING_FACTS}]})

    facts: dict[str, JsonValue]


@LIFE_EVENTS.operation(
    "GET", "/v1/life-events", who=OPEN, words=both("ライフイベントの一覧", "List the life events")
)
async def life_events(call: Call) -> LifeEventList:
    """Return what is on offer."""
    return LifeEventList(life_events=tuple(call.doors.counter.life_events()))


@LIFE_EVENTS.operation(
    "POST",
    "/v1/life-events/{event}/plan",
    who=OPEN,
    words=both("手続計画を試算する（保存されません）", "Make a plan; nothing is stored"),
    cost=5,
    refusals=("invalid-facts", "no-such-life-event"),
)
async def plan(call: Call, event: Slug, body: Facts) -> PlanView:
    """Return the plan for these facts."""
    with facts_under("/facts"):
        return await call.doors.counter.plan(event, body.facts)
