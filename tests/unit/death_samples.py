# SPDX-License-Identifier: Apache-2.0
"""A pensioner of 80 who died in 室蘭市, the widow, two children, a house, accounts and a car."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from engine.core.declaration import Sought
from engine.core.errors import EngineError
from engine.core.plan import Entry, Plan
from engine.core.planning import Connected, make_plan
from engine.core.text import Text
from tests.unit.facts_samples import CASE_ID
from workflows.calendar_japan import calendar_for
from workflows.death import DEATH, DeathFacts

TODAY = date(2026, 11, 25)
PLANS = Path(__file__).parent / "death_plans"

MURORAN: dict[str, Any] = {
    "postalCode": "050-0083",
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "東町1-1",
}
CHIYODA: dict[str, Any] = {
    "postalCode": "102-0082",
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "一番町1",
}
HONSEKI: dict[str, Any] = {
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "東町一丁目1番",
    "head": {"family": "髙橋", "given": "一郎"},
}


def person(given: str, kana: str, born: str, relation: str, **more: Any) -> dict[str, Any]:
    return {
        "name": {"family": "髙橋", "given": given},
        "kana": {"family": "タカハシ", "given": kana},
        "birthDate": born,
        "relation": relation,
        **more,
    }


FACTS: Mapping[str, Any] = {
    "diedOn": "2026-11-22",
    "diedAt": "14:30",
    "place": MURORAN | {"line": "病院町1"},
    "deceased": {
        "name": {"family": "髙橋", "given": "一郎"},
        "kana": {"family": "タカハシ", "given": "イチロウ"},
        "birthDate": "1946-02-03",
        "sex": "male",
        "address": MURORAN,
        "headOfHousehold": True,
        "honseki": HONSEKI,
        "spouseState": "married",
        "pension": {"receives": ["national", "employees"], "basicPensionNumber": "1234-567890"},
        "health": {"kind": "late-elderly", "symbol": "01234567"},
    },
    "people": [
        person(
            "花子",
            "ハナコ",
            "1950-05-05",
            "spouse",
            address=MURORAN,
            phone="0143-22-1111",
            honseki=HONSEKI,
            livedTogether=True,
            inHousehold=True,
            sameLivelihood=True,
        ),
        person("太郎", "タロウ", "1975-07-07", "child", address=CHIYODA),
        person("桜", "サクラ", "1978-08-08", "child", address=MURORAN, livedTogether=True, inHousehold=True),
    ],
    "notifier": {"capacity": "relative-living-together", "learnedOn": "2026-11-22"},
    "heirs": [
        {"person": 0, "learnedOn": "2026-11-22"},
        {"person": 1, "learnedOn": "2026-11-22"},
        {"person": 2, "learnedOn": "2026-11-22"},
    ],
}


def told(**changes: Any) -> dict[str, Any]:
    """Return the facts with changes; a key `a__0__b` goes into members and items, ... removes."""
    facts = copy.deepcopy(dict(FACTS))
    for path, value in changes.items():
        *way, last = (int(step) if step.isdigit() else step for step in path.split("__"))
        place: Any = facts
        for name in way:
            place = place[name]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return facts


def widow(**changes: Any) -> DeathFacts:
    return DeathFacts.model_validate(told(**changes))


@dataclass(frozen=True)
class Told:
    """Who is connected, by procedure; `*` is everybody."""

    numbers: Mapping[str, str]

    def connected(self, slug: str, sought: Sought) -> Connected | None:
        number = self.numbers.get(slug, self.numbers.get("*"))
        return Connected(number, Text(ja=f"機関{number}", en=f"Organisation {number}")) if number else None


def plan(
    facts: DeathFacts | None = None, *, today: date = TODAY, numbers: Mapping[str, str] | None = None
) -> Plan:
    return make_plan(
        DEATH,
        facts or widow(),
        case_id=CASE_ID,
        connections=Told(numbers or {}),
        calendars=calendar_for,
        today=today,
    )


def expected(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((PLANS / name).read_text("utf-8"))
    return content


def planned(content: dict[str, Any], **changes: Any) -> Plan:
    return plan(
        DeathFacts.model_validate(content["facts"] | changes),
        today=date.fromisoformat(content["today"]),
        numbers=content["connected"],
    )


def entries(made: Plan) -> dict[tuple[str, str], Entry]:
    return {(one.slug.removeprefix("death."), one.subject): one for one in made.entries}


def refused(facts: dict[str, Any], *, today: date = TODAY) -> list[tuple[str, str]]:
    """Return what a plan refuses beyond what the model does."""
    try:
        plan(DeathFacts.model_validate(facts), today=today)
    except EngineError as error:
        return [(one.pointer, one.code) for one in error.problems]
    return []
