# SPDX-License-Identifier: Apache-2.0
"""Every household whose plan is written by hand, of every life event: for what must hold for all of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from engine.bootstrap import LIFE_EVENTS
from engine.core.declaration import Sought
from engine.core.plan import Plan
from engine.core.planning import Connected, make_plan
from engine.core.text import Text
from engine.core.views import PlanView, plan_view
from engine.runtime.catalogue import AnyEvent
from workflows.calendar_japan import calendar_for

CASE: Final = UUID(int=1)


@dataclass(frozen=True)
class Told:
    """One file of `<event>_plans/`: the facts, who is connected (`*`: everybody), the day."""

    event: AnyEvent
    name: str
    facts: dict[str, Any]
    connected_to: dict[str, str]
    today: date

    def connected(self, slug: str, _: Sought) -> Connected | None:
        number = self.connected_to.get(slug, self.connected_to.get("*"))
        return Connected(number, Text(ja=f"機関{number}", en=f"Organisation {number}")) if number else None

    def read(self, changes: Mapping[str, Any] | None = None) -> BaseModel:
        facts: BaseModel = self.event.facts.model_validate(self.facts | dict(changes or {}))
        return facts

    def plan(self, changes: Mapping[str, Any] | None = None) -> Plan:
        return make_plan(
            self.event,
            self.read(changes),
            case_id=CASE,
            connections=self,
            calendars=calendar_for,
            today=self.today,
        )

    def view(self, changes: Mapping[str, Any] | None = None) -> PlanView:
        return plan_view(self.plan(changes), self.event.rules)


def _told(event: AnyEvent) -> list[Told]:
    files = sorted((Path(__file__).parent / f"{event.slug}_plans").glob("*.json"))
    contents = [json.loads(path.read_text("utf-8")) for path in files]
    return [
        Told(event, path.stem, one["facts"], one["connected"], date.fromisoformat(one["today"]))
        for path, one in zip(files, contents, strict=True)
    ]


HOUSEHOLDS: Final = [one for event in LIFE_EVENTS for one in _told(event)]


def household(event: str, name: str) -> Told:
    return next(one for one in HOUSEHOLDS if (one.event.slug, one.name) == (event, name))
