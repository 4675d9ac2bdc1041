# SPDX-License-Identifier: Apache-2.0
"""Whole plans as tables: facts, who is connected, and every entry, as a file beside the tests has them."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from engine.core.declaration import Sought
from engine.core.errors import EngineError
from engine.core.life_event import LifeEvent
from engine.core.plan import Entry, Plan
from engine.core.planning import Connected, make_plan
from engine.core.text import Text
from engine.web.fields import field_code, field_problems
from tests.unit.facts_samples import CASE_ID, TODAY
from workflows.calendar_japan import calendar_for


@dataclass(frozen=True)
class Told:
    """Who is connected, by procedure; `*` is everybody."""

    numbers: dict[str, str]

    def connected(self, slug: str, sought: Sought) -> Connected | None:
        number = self.numbers.get(slug, self.numbers.get("*"))
        return Connected(number, Text(ja=f"機関{number}", en=f"Organisation {number}")) if number else None


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def planned(event: LifeEvent[Any], content: dict[str, Any], **changes: Any) -> Plan:
    return make_plan(
        event,
        event.facts.model_validate(content["facts"] | changes),
        case_id=CASE_ID,
        connections=Told(content.get("connected", {})),
        calendars=calendar_for,
        today=date.fromisoformat(content.get("today", TODAY.isoformat())),
    )


def plan_of(event: LifeEvent[Any], facts: BaseModel, *, today: date = TODAY, **numbers: str) -> Plan:
    """Return a plan for facts; `everybody="…"` connects one organisation to everything."""
    connected = {"*": numbers["everybody"]} if numbers else {}
    return make_plan(
        event, facts, case_id=CASE_ID, connections=Told(connected), calendars=calendar_for, today=today
    )


def problems(event: LifeEvent[Any], facts: Any, *, today: date = TODAY) -> list[tuple[str, str]]:
    """Return where and what is wrong, in the codes that a citizen gets."""
    try:
        plan_of(event, event.facts.model_validate(facts), today=today)
    except ValidationError as error:
        return [(one.pointer, one.code) for one in field_problems(error)]
    except EngineError as error:
        return [(one.pointer, field_code(one.code)) for one in error.problems]
    return []


def changed(facts: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return a copy with another value at a JSON pointer, without it where it is `...`."""
    copied: dict[str, Any] = json.loads(json.dumps(facts))
    *way, last = (int(step) if step.isdigit() else step for step in place.split("/")[1:])
    spot: Any = copied
    for step in way:
        spot = spot[step]
    if value is ...:
        del spot[last]
    else:
        spot[last] = value
    return copied


def wanted(place: str, code: str) -> tuple[str, str]:
    """Return pointer and code: `code:/below` is under the place, `code:!/elsewhere` somewhere else."""
    code, _, where = code.partition(":")
    if where.startswith("!"):
        return where[1:], code
    return (place + where if where.startswith("/") else place), code


def name_of(entry: Entry) -> str:
    return f"{entry.slug} {entry.subject}".rstrip()


def written(entry: Entry, plan: Plan) -> dict[str, Any]:
    """Return the entry as the files write it."""
    told = {
        "slug": entry.slug,
        "subject": entry.subject,
        "way": entry.way.value,
        "receiver": entry.receiver.ja,
        "after": [name_of(plan.entry(each)) for each in entry.after],
        "due": entry.due.last_day.isoformat() if entry.due.last_day else None,
        "needs": list(entry.fields),
    }
    if entry.rides_on:
        told["ridesOn"] = name_of(plan.entry(entry.rides_on))
    if entry.guard:
        told["guard"] = entry.guard
    return told
