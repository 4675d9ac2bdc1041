# SPDX-License-Identifier: Apache-2.0
"""What one subject of a procedure has of its own: days, another deadline, leave to be told at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from engine.core.deadline_rules import Anytime, FactDay, NotBefore, Offset, Severity, Window
from engine.core.declaration import Guard, Instead, MisdeclaredEvent
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import Way
from engine.core.periods import TOKYO
from engine.core.plan import Entry, Plan
from engine.core.planning import make_plan
from engine.core.text import Text
from tests.unit.facts_samples import CASE_ID, GAS, IN, MOVING, OUT, TODAY, FakeConnections, family
from workflows.calendar_japan import calendar_for
from workflows.moving import MovingFacts

WORDS = Text(ja="語", en="word")
LEARNED = FactDay(name="learned_on", text=WORDS)
TEN_DAYS = Window(
    of=LEARNED, opens=None, closes=Offset(amount=10), severity=Severity.CONVENIENCE, basis="法1条"
)
FIRST, SECOND = "/movers/0", "/movers/1"


def event(**changes: Any) -> LifeEvent[MovingFacts]:
    """Return the move with a gas procedure for each of two movers, changed as it is said."""
    gas = next(one for one in MOVING.procedures if one.slug == GAS)
    others = tuple(one for one in MOVING.procedures if one is not gas)
    of_event = {name: value for name, value in changes.items() if name in LifeEvent.__dataclass_fields__}
    of_gas = {name: value for name, value in changes.items() if name not in of_event}
    changed = replace(gas, subjects=lambda _: (FIRST, SECOND), **of_gas)
    return replace(
        MOVING,
        procedures=(*others, changed),
        date_names=frozenset({"moving_date", "learned_on"}),
        **of_event,
    )


def planned(declared: LifeEvent[MovingFacts]) -> Plan:
    return make_plan(
        declared,
        family(),
        case_id=CASE_ID,
        connections=FakeConnections(),
        calendars=calendar_for,
        today=TODAY,
    )


def gas_of(made: Plan) -> dict[str, Entry]:
    return {one.subject: one for one in made.entries if one.slug == GAS}


def learned(_: MovingFacts, subject: str) -> Mapping[str, date]:
    return {"learned_on": date(2026, 11, 20)} if subject == FIRST else {}


def test_each_subject_counts_from_its_own_day() -> None:
    found = gas_of(planned(event(deadline=TEN_DAYS, dates_of=learned)))

    assert found[FIRST].due.last_day == date(2026, 11, 30)
    assert (found[SECOND].due.last_day, found[SECOND].due.waits_for) == (None, ("learned_on",))


def test_the_days_of_a_subject_come_before_those_of_the_event() -> None:
    later = replace(TEN_DAYS, of=FactDay(name="moving_date", text=WORDS))

    found = gas_of(planned(event(deadline=later, dates_of=lambda _f, _s: {"moving_date": date(2027, 1, 1)})))

    assert found[FIRST].due.last_day == date(2027, 1, 11)


def test_another_deadline_takes_the_usual_ones_place_where_it_is_so() -> None:
    instead: Instead[MovingFacts] = Instead(
        WORDS, lambda _, subject: subject == SECOND, Anytime(basis="法2条")
    )

    found = gas_of(planned(event(deadline=TEN_DAYS, dates_of=learned, instead=(instead,))))

    assert found[FIRST].due.basis == "法1条"
    assert found[SECOND].due.basis == "法2条"


def test_another_deadline_is_part_of_the_rules_that_are_stored() -> None:
    instead: Instead[MovingFacts] = Instead(WORDS, lambda _f, _s: True, Anytime(basis="法2条"))

    declared = event(instead=(instead,))

    rules = next(one for one in declared.rules["procedures"] if one["slug"] == GAS)
    assert rules["instead"] == [{"if": WORDS.model_dump(), "deadline": {"kind": "anytime", "basis": "法2条"}}]
    assert declared.catalogue != event().catalogue


def test_another_deadline_runs_from_a_day_that_there_is() -> None:
    strange = replace(TEN_DAYS, of=FactDay(name="noon", text=WORDS))

    with pytest.raises(MisdeclaredEvent, match="unknown dates"):
        event(instead=(Instead(WORDS, lambda _f, _s: True, strange),))


def test_who_may_be_told_at_once_waits_for_nobody() -> None:
    found = gas_of(planned(event(after=(OUT,), at_once=lambda _, subject: subject == FIRST)))

    assert found[FIRST].after == ()
    assert len(found[SECOND].after) == 1


def test_nothing_is_sent_before_a_wait_of_hours_has_ended() -> None:
    rule = NotBefore(of=LEARNED, hours=24, severity=Severity.RIGHT_LOST, basis="法3条")
    at = datetime(2026, 11, 30, 14, 30, tzinfo=TOKYO)

    found = gas_of(planned(event(deadline=rule, dates_of=lambda _f, _s: {"learned_on": at})))

    assert found[FIRST].not_before == date(2026, 12, 1)


def test_a_guard_may_be_told_where_it_changes_no_way() -> None:
    guard: Guard[MovingFacts] = Guard(
        name="told", text=WORDS, holds=lambda _: True, over=frozenset({OUT}), told_at=frozenset({IN})
    )

    made = planned(event(guards=(guard,)))

    entries = {one.slug: one for one in made.entries}
    assert (entries[IN].way, entries[IN].guard) == (Way.VISIT, "told")
    assert (entries[OUT].way, entries[OUT].guard) == (Way.VISIT, "told")
    assert entries[GAS].guard is None
