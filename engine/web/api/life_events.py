# SPDX-License-Identifier: Apache-2.0
"""What is on offer, and what it would mean for a household: open to everybody, nothing is stored."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import ConfigDict, Field, JsonValue

from engine.core.explain import Explanations
from engine.core.life_event import canonical
from engine.core.views import LifeEventView, PlanView, View
from engine.core.whatif import Comparison, compare
from engine.web.api.common import OPEN, Slug, both, etag
from engine.web.api.examples import MOVING_FACTS
from engine.web.fields import facts_under
from engine.web.operations import Call, Group
from engine.web.reading import JSON, Body, is_known

LIFE_EVENTS: Final = Group("life-events", both("ライフイベントと手続計画", "Life events and plans"))


class LifeEventList(View):
    """All life events."""

    life_events: tuple[LifeEventView, ...]


_FOR_EVER: Final = "public, max-age=31536000, immutable"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# A JSON pointer into the facts, as plans name the subject of an entry.
Subject = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9~]{1,60}){0,8}$", max_length=200)]
Procedure = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{0,79}$")]


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


class TwoFacts(Body):
    """The facts as they are, and as they might be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"facts": MOVING_FACTS, "changed": {**MOVING_FACTS, "movingDate": "2027-04-05"}},
            ]
        }
    )

    facts: dict[str, JsonValue]
    changed: dict[str, JsonValue]


class Asked(Body):
    """The facts, and the procedure to explain; of all its subjects where none is named."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"facts": MOVING_FACTS, "slug": "move.move-out-notice"}]}
    )

    facts: dict[str, JsonValue]
    slug: Procedure
    subject: Subject | None = None


@LIFE_EVENTS.operation(
    "POST",
    "/v1/life-events/{event}/comparison",
    who=OPEN,
    words=both(
        "申請事項を変えた場合の手続計画を見比べる（保存されません）",
        "Compare the plan with that of changed facts; nothing is stored",
    ),
    cost=10,
    refusals=("invalid-facts", "no-such-life-event"),
)
async def comparison(call: Call, event: Slug, body: TwoFacts) -> Comparison:
    """Return both plans side by side."""
    with facts_under("/facts"):
        before = await call.doors.counter.plan(event, body.facts)
    with facts_under("/changed"):
        after = await call.doors.counter.plan(event, body.changed)
    return compare(before, after)


@LIFE_EVENTS.operation(
    "POST",
    "/v1/life-events/{event}/explanation",
    who=OPEN,
    words=both(
        "手続が必要な理由・不要な理由を見る（保存されません）",
        "Explain why a procedure applies or does not; nothing is stored",
    ),
    cost=5,
    refusals=("invalid-facts", "no-such-life-event", "no-such-procedure", "no-such-subject"),
)
async def explanation(call: Call, event: Slug, body: Asked) -> Explanations:
    """Return rule, version, inputs, law, and plain words."""
    with facts_under("/facts"):
        return await call.doors.counter.explanation(
            event, body.facts, procedure=body.slug, subject=body.subject
        )


@LIFE_EVENTS.operation(
    "GET",
    "/v1/life-events/{event}/catalogue",
    who=OPEN,
    words=both("ライフイベントの今の規則を取得する", "Get today's rules of a life event"),
    conditional=True,
    refusals=("no-such-life-event",),
)
async def catalogue(call: Call, event: Slug) -> web.StreamResponse:
    """Return the rules as the very bytes whose SHA-256 is their ETag and the plans' `catalogue`."""
    sha256, rules = await call.doors.counter.rules(event)
    return _rules(call, sha256, rules, keep="no-cache")


@LIFE_EVENTS.operation(
    "GET",
    "/v1/catalogues/{sha256}",
    who=OPEN,
    words=both("ある案件が従った規則を取得する", "Get the rules that a case was opened under"),
    conditional=True,
    refusals=("no-such-catalogue",),
)
async def kept_catalogue(call: Call, sha256: Sha256) -> web.StreamResponse:
    """Return the rules under a hash: they never change."""
    return _rules(call, sha256, await call.doors.counter.kept_rules(sha256), keep=_FOR_EVER)


def _rules(call: Call, sha256: str, rules: Mapping[str, Any], *, keep: str) -> web.StreamResponse:
    call.headers |= {"ETag": etag(sha256), "Cache-Control": keep}
    if is_known(call.request, sha256):
        raise web.HTTPNotModified(headers=call.headers)
    return web.Response(body=canonical(rules), content_type=JSON, headers=call.headers)
