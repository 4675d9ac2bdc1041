# SPDX-License-Identifier: Apache-2.0
"""The published and recomputed dates: each vector names its rule and its source."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypedDict

import pytest
from pydantic import TypeAdapter

from engine.core.calendars import Calendar
from engine.core.deadline_rules import Due, NotBefore, Rule, Window, Within
from engine.core.deadlines import due, paid_from
from workflows.calendar_japan import calendar_for

# Every case of the collection; T21b and T30b are twins, T46 has two rules, R11 stands for its rule.
KNOWN = (
    "T01 T02 T04 T05 T07 T08 T10 T11 T13 T14 T16 T18 T19 T21 T21b T22 T23 T25 T26 T27 T29 T30 T30b T32 T34"
    " T35 T36 T38 T40 T41 T42 R11 T44 T45 T46a T46b T47 T48 T50 T52 T54"
)


class Vectors(TypedDict):
    rules: dict[str, dict[str, Any]]
    vectors: list[dict[str, Any]]


RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
FILE: Vectors = json.loads(Path(__file__).with_name("deadline_vectors.json").read_text(encoding="utf-8"))
VECTORS = FILE["vectors"]


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def fact(text: str) -> date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def answer(vector: dict[str, Any]) -> Due:
    rule = RULE.validate_json(json.dumps(FILE["rules"][vector["rule"]]))
    return due(rule, {name: fact(text) for name, text in vector["facts"].items()}, calendar_for(None))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_published_date_comes_out(vector: dict[str, Any]) -> None:
    found = answer(vector)

    assert found.base_day == day(vector["base"])
    assert found.last_day == day(vector["due"])
    assert found.first_day == day(vector.get("first"))
    assert found.confirm == vector.get("confirm", False)


@pytest.mark.parametrize("vector", [v for v in VECTORS if "paid_from" in v], ids=lambda vector: vector["id"])
def test_a_claim_one_day_late_loses_a_month(vector: dict[str, Any]) -> None:
    event, filed = date.fromisoformat(vector["facts"]["born_on"]), date.fromisoformat(vector["filed"])

    assert paid_from(answer(vector), event, filed) == day(vector["paid_from"])


@pytest.mark.parametrize("vector", [v for v in VECTORS if "opens_at" in v], ids=lambda vector: vector["id"])
def test_hours_end_to_the_minute(vector: dict[str, Any]) -> None:
    assert answer(vector).opens_at == datetime.fromisoformat(vector["opens_at"])


@pytest.mark.parametrize("vector", [v for v in VECTORS if "safe" in v], ids=lambda vector: vector["id"])
def test_a_limitation_period_names_the_open_day_before(vector: dict[str, Any]) -> None:
    found = answer(vector)

    assert found.safe_day == day(vector["safe"])
    assert found.skipped == ()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_answer_explains_itself(vector: dict[str, Any]) -> None:
    found = answer(vector)

    assert found.basis == FILE["rules"][vector["rule"]]["basis"]
    for last in filter(None, [found.last_day]):
        assert f"{last.year}年{last.month}月{last.day}日" in found.rule_text.ja
        assert f" {last.day} {last:%B} {last.year}" in found.rule_text.en


def test_every_vector_names_its_source_and_every_rule_is_used() -> None:
    assert all(vector["source"] for vector in VECTORS)
    assert {vector["rule"] for vector in VECTORS} == set(FILE["rules"])


def test_every_case_of_the_collection_is_here_once() -> None:
    assert " ".join(vector["id"] for vector in VECTORS) == KNOWN


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_no_deadline_is_on_a_closed_day_but_where_the_rule_says_so(vector: dict[str, Any]) -> None:
    """Hours count at once (民法139条), limitation does not roll (142条); a window is open by its own terms."""
    rule, found = RULE.validate_json(json.dumps(FILE["rules"][vector["rule"]])), answer(vector)
    calendar: Calendar = calendar_for(None)

    match rule:
        case Within(rolls=True):
            assert found.last_day is not None
            assert calendar.why_closed(found.last_day, rule.authority) is None
        case Within():
            assert vector["id"] in {"T47", "T48"}
            assert found.last_day == found.base_day
        case NotBefore() | Window():
            assert found.skipped == ()
        case _:
            pytest.fail("a rule of a kind that no vector had")
