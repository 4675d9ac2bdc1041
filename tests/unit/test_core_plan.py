# SPDX-License-Identifier: Apache-2.0
"""A plan is complete, in order, explained, and made of a declaration that cannot contradict itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from engine.core.case import Party, Waits, filing_id
from engine.core.deadline_rules import FactDay, Nature, Offset, Severity, Window, Within
from engine.core.declaration import Condition, FactField, MisdeclaredEvent, Procedure
from engine.core.errors import EngineError, Problem
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import FilingState, Way
from engine.core.plan import Contents, Plan, corrected, filings_of
from engine.core.planning import make_plan
from engine.core.text import Text
from tests.unit.facts_samples import (
    CASE_ID,
    CHIYODA,
    DAY,
    ELECTRICITY,
    GAS,
    IN,
    MOVING,
    MURORAN,
    MURORAN_CITY,
    NHK,
    NHK_ADDRESS,
    NOW,
    OUT,
    PENSION,
    POWER,
    TODAY,
    FakeConnections,
    family,
    plan,
)
from workflows.calendar_japan import calendar_for
from workflows.moving import MovingFacts

WORDS = Text(ja="語", en="word")


def by_slug(made: Plan) -> dict[str, Any]:
    return {entry.slug: entry for entry in made.entries}


def procedure(slug: str, **changes: Any) -> Procedure[MovingFacts]:
    """Return the electricity entry under another name, with changes."""
    known = next(one for one in MOVING.procedures if one.slug == ELECTRICITY)
    always = Condition(WORDS, lambda _: True)
    return replace(known, slug=slug, needs=("name",), **{"applies": always, "ways": (Way.SELF,)} | changes)


def declared(*procedures: Procedure[MovingFacts]) -> LifeEvent[MovingFacts]:
    return replace(MOVING, procedures=procedures)


def planned(event: LifeEvent[MovingFacts], **changes: Any) -> Plan:
    return make_plan(
        event,
        family(**changes),
        case_id=CASE_ID,
        connections=FakeConnections(),
        calendars=calendar_for,
        today=TODAY,
    )


# --- what is in it ------------------------------------------------------------------------------------


def test_every_procedure_that_applies_is_in_the_plan_with_its_receiver_and_way() -> None:
    entries = by_slug(plan())

    assert {slug: (entry.way, entry.organisation) for slug, entry in entries.items()} == {
        OUT: (Way.SIGNED, MURORAN_CITY),
        IN: (Way.VISIT, None),
        PENSION: (Way.AUTOMATIC, None),
        ELECTRICITY: (Way.ONLINE, POWER),
        GAS: (Way.SELF, None),
        NHK_ADDRESS: (Way.ONLINE, NHK),
    }


def test_a_plan_is_complete_although_nobody_is_connected() -> None:
    entries = by_slug(plan(numbers={}))

    assert entries.keys() == {OUT, IN, PENSION, ELECTRICITY, GAS, NHK_ADDRESS}
    assert all(entry.organisation is None for entry in entries.values())
    assert {slug: entry.way for slug, entry in entries.items()} == {
        OUT: Way.VISIT,
        IN: Way.VISIT,
        PENSION: Way.AUTOMATIC,
        ELECTRICITY: Way.SELF,
        GAS: Way.SELF,
        NHK_ADDRESS: Way.SELF,
    }


def test_receivers_are_looked_for_where_the_facts_say() -> None:
    connections = FakeConnections()

    make_plan(
        MOVING,
        family(contracts__gas__company="7000012050002"),
        case_id=CASE_ID,
        connections=connections,
        calendars=calendar_for,
        today=TODAY,
    )

    sought = dict(connections.asked)
    assert (sought[OUT].area, sought[IN].area) == (MURORAN, CHIYODA)
    assert sought[GAS].number == "7000012050002"


def test_what_has_to_come_first_stands_first() -> None:
    event = declared(
        procedure("c.three", after=("b.two",)),
        procedure("d.rider", rides_on="c.three", ways=(Way.AUTOMATIC, Way.SELF)),
        procedure("b.two", after=("a.one",)),
        procedure("a.one"),
    )

    made = planned(event)

    assert [entry.slug for entry in made.entries] == ["a.one", "b.two", "c.three", "d.rider"]
    assert by_slug(made)["c.three"].after == (filing_id(CASE_ID, "b.two"),)
    assert by_slug(made)["d.rider"].rides_on == filing_id(CASE_ID, "c.three")


def test_what_does_not_apply_holds_nobody_up() -> None:
    never = Condition(WORDS, lambda _: False)
    event = declared(
        procedure("a.one", applies=never),
        procedure("b.two", after=("a.one",)),
        procedure("c.rider", rides_on="a.one", ways=(Way.AUTOMATIC, Way.SELF)),
    )

    entries = by_slug(planned(event))

    assert entries["b.two"].after == ()
    assert (entries["c.rider"].way, entries["c.rider"].rides_on) == (Way.SELF, None)


@pytest.mark.parametrize("first", ["a", "b"])
def test_an_order_that_people_choose_is_kept(first: str) -> None:
    def after(other: str) -> Callable[[MovingFacts], tuple[str, ...]]:
        return lambda _: (f"move.{other}",) if first == other else ()

    event = declared(procedure("move.a", after_here=after("b")), procedure("move.b", after_here=after("a")))

    one, other = planned(event).entries

    assert one.slug == f"move.{first}"
    assert (one.after, other.after) == ((), (one.id,))


def test_what_somebody_holds_waits_for_what_is_done_about_them() -> None:
    people = ("/movers/0", "/movers/1")
    event = replace(
        declared(
            procedure("move.card", subjects=lambda _: people),
            procedure("move.account", subjects=lambda _: ("/accounts/0",), after=("move.card",)),
        ),
        holder=lambda _, subject: "/movers/1" if subject == "/accounts/0" else subject,
    )

    *_, card, account = planned(event).entries

    assert (card.subject, account.after) == ("/movers/1", (card.id,))


def test_what_is_left_out_says_which_condition_is_not_met() -> None:
    facts = family(newAddress__municipality=MURORAN, contracts__gas=..., movers__0__nationalPension=False)

    made = plan(facts)

    assert [entry.slug for entry in made.entries] == [ELECTRICITY, NHK_ADDRESS]
    left = {one.slug: one.condition.en for one in made.left_out}
    assert left.keys() == {OUT, IN, PENSION, GAS}
    assert left[OUT] == "The household moves to another municipality or abroad"


def test_a_rule_counts_if_it_is_the_law_on_the_day_of_the_event() -> None:
    moves = family().moving_date
    event = declared(
        procedure("a.on-the-day", in_force=moves, until=moves),
        procedure("b.not-yet", in_force=moves + DAY),
        procedure("c.no-longer", until=moves - DAY),
    )

    assert [entry.slug for entry in planned(event).entries] == ["a.on-the-day"]


def test_a_procedure_about_each_person_is_there_once_for_each() -> None:
    def everybody(facts: MovingFacts) -> tuple[str, ...]:
        return tuple(mover.name.given for mover in facts.movers)

    event = declared(
        procedure("a.each", subjects=everybody),
        procedure("b.rider", subjects=everybody, rides_on="a.each", ways=(Way.AUTOMATIC, Way.SELF)),
        procedure("c.last", after=("a.each",)),
    )

    made = planned(event)

    hosts = {entry.subject: entry.id for entry in made.entries if entry.slug == "a.each"}
    assert hosts.keys() == {"花子", "太郎", "一", "二葉"}
    assert {e.subject: e.rides_on for e in made.entries if e.slug == "b.rider"} == hosts
    assert set(by_slug(made)["c.last"].after) == set(hosts.values())


def test_each_receiver_is_told_what_it_needs_and_nothing_else() -> None:
    entries = by_slug(plan())
    fields = {field.name: field for field in MOVING.fields}

    for one in MOVING.procedures:
        assert entries[one.slug].fields.keys() == {fields[name].wire_name for name in one.needs}
    told = {slug: entry.fields.get("customerNumber") for slug, entry in entries.items()}
    assert (told[ELECTRICITY], told[GAS], told[NHK_ADDRESS], told[OUT]) == ("E-1", "G-2", "N-3", None)
    assert "nationalPension" not in json.dumps(entries[OUT].fields)


# --- by when --------------------------------------------------------------------------------------------


def test_every_deadline_is_explained() -> None:
    for entry in plan().entries:
        assert entry.due.rule_text.ja
        assert entry.due.rule_text.en
        assert entry.due.basis
    entries = by_slug(plan())
    assert entries[IN].due.last_day == date(2026, 12, 15)
    assert "22条" in entries[IN].due.basis
    assert entries[IN].not_before == date(2026, 12, 1)
    assert entries[ELECTRICITY].due.last_day == date(2026, 11, 27)  # two open days before a Tuesday
    assert entries[NHK_ADDRESS].due.last_day is None


def test_nothing_is_sent_before_its_window_opens() -> None:
    entries = by_slug(plan(family(movingDate="2027-03-01")))

    assert entries[OUT].not_before == date(2027, 1, 30)


def test_a_date_whose_holidays_nobody_knows_is_refused() -> None:
    event = replace(MOVING, dates=lambda _: {"moving_date": date(2079, 12, 31)})

    with pytest.raises(EngineError) as refusal:
        planned(event)

    assert refusal.value.code == "invalid-fact-date"


def test_facts_that_cannot_be_so_today_are_refused() -> None:
    doubt = Problem("/movingDate", "invalid-too-far-ahead")
    event = replace(MOVING, doubts=lambda _facts, today: (doubt,) if today == TODAY else ())

    with pytest.raises(EngineError) as refusal:
        planned(event)

    assert (refusal.value.code, refusal.value.problems) == ("invalid-facts", (doubt,))


# --- the catalogue ---------------------------------------------------------------------------------------


def test_equal_rules_have_an_equal_hash() -> None:
    again = replace(MOVING, procedures=tuple(replace(one) for one in MOVING.procedures))

    assert MOVING.catalogue == again.catalogue
    assert len(MOVING.catalogue) == 64
    assert plan().catalogue == MOVING.catalogue
    assert plan(family(movingDate="2026-12-24")).catalogue == MOVING.catalogue


@pytest.mark.parametrize(
    "change",
    [
        {"basis": "民法1条"},
        {"title": WORDS},
        {"in_force": date(2030, 1, 1)},
        {"ways": (Way.VISIT,)},
        {"needs": ()},
        {"amendable": False},
        {"withdrawable": False},
        {"opens": "moving_date"},
        {"steps": (WORDS,)},
        {"bring": (WORDS,)},
        {"documents": ("d",)},
        {"my_number": WORDS},
        {"if_late": WORDS},
        {"who": WORDS},
        {
            "deadline": Window(
                of=FactDay(name="moving_date", text=WORDS, nature=Nature.PLANNED),
                opens=Offset(amount=-31),
                closes=None,
                severity=Severity.FINE,
                basis="法",
            )
        },
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_rule_has_another_hash(change: dict[str, Any]) -> None:
    first, *rest = MOVING.procedures

    assert declared(replace(first, **change), *rest).catalogue != MOVING.catalogue


def test_the_catalogue_is_plain_data() -> None:
    rules = json.loads(json.dumps(MOVING.rules))

    assert rules == MOVING.rules
    assert {one["slug"] for one in rules["procedures"]} == {one.slug for one in MOVING.procedures}


# --- a declaration that contradicts itself ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("misdeclare", "words"),
    [
        (lambda: declared(procedure("a.one"), procedure("a.one")), "twice"),
        (lambda: declared(replace(procedure("a.one"), needs=("shoeSize",))), "unknown fields"),
        (lambda: declared(procedure("a.one", after=("b.two",))), "unknown procedures"),
        (lambda: declared(procedure("a.one", rides_on="b.two")), "unknown procedures"),
        (lambda: declared(procedure("a.one", after=("a.one",))), "wait for each other"),
        (
            lambda: declared(procedure("a.one", after=("b.two",)), procedure("b.two", after=("a.one",))),
            "wait for each other",
        ),
        (
            lambda: declared(procedure("a.one", rides_on="b.two"), procedure("b.two", after=("a.one",))),
            "wait for each other",
        ),
        (lambda: declared(procedure("a.one", ways=())), "last way"),
        (lambda: declared(procedure("a.one", ways=(Way.ONLINE,))), "last way"),
        (lambda: declared(procedure("a.one", ways=(Way.SELF, Way.SIGNED))), "last way"),
        (
            lambda: declared(procedure("b.two"), procedure("a.one", ways=(Way.AUTOMATIC,), rides_on="b.two")),
            "last way",
        ),
        (
            lambda: declared(replace(procedure("a.one"), needs=("gasCustomer", "nhkCustomer"))),
            "under one name",
        ),
        (lambda: replace(MOVING, fields=(*MOVING.fields, MOVING.fields[0])), "a field is there twice"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused_when_it_is_loaded(
    misdeclare: Callable[[], object], words: str
) -> None:
    with pytest.raises(MisdeclaredEvent, match=words):
        misdeclare()


# --- what a case takes over -----------------------------------------------------------------------------------


def test_a_new_case_waits_with_all_its_filings() -> None:
    made = plan()

    filings, rules = filings_of(made, {made.entries[0].id: "r_1"}, NOW)

    assert {filing.state for filing in filings} == {FilingState.WAITING}
    first = filings[0]
    assert (first.slug, first.reference, first.organisation) == (OUT, "r_1", MURORAN_CITY)
    assert filings[1].waits == Waits(Party.PREDECESSOR)
    assert [one.id for one in rules] == [entry.id for entry in made.entries]
    assert rules[1].after == (first.id,)


def test_a_correction_keeps_receivers_and_ways_and_names_the_changed_fields() -> None:
    old = plan()
    new = plan(family(movingDate="2026-12-15", phone="03-1234-5678"), numbers={})

    kept, changed = corrected(old, new)

    assert [(e.way, e.organisation) for e in kept.entries] == [(e.way, e.organisation) for e in old.entries]
    assert changed[kept.entries[0].id] == ("movingDate", "phone")
    entries = by_slug(kept)
    assert changed[entries[PENSION].id] == ()  # only its last day
    assert entries[ELECTRICITY].fields["stopOn"] == "2026-12-15"
    assert entries[ELECTRICITY].due.last_day == date(2026, 12, 11)
    assert kept.catalogue == old.catalogue


def test_a_correction_that_changes_nothing_changes_nothing() -> None:
    assert corrected(plan(), plan()) == (plan(), {})


def test_what_no_longer_applies_stays_as_it_was_agreed() -> None:
    old = plan()

    kept, changed = corrected(old, plan(family(contracts__gas=...)))

    assert by_slug(kept)[GAS] == by_slug(old)[GAS]
    assert by_slug(old)[GAS].id not in changed


def test_the_contents_of_a_case_come_back_from_json_as_they_were() -> None:
    facts = family()
    contents = Contents(facts=facts.as_json(), plan=plan(facts))

    assert Contents.model_validate_json(contents.model_dump_json(by_alias=True)) == contents


def test_a_field_has_the_name_it_is_told_under() -> None:
    assert FactField("a", WORDS, lambda _f, _s: None).wire_name == "a"
    assert FactField("a", WORDS, lambda _f, _s: None, "b").wire_name == "b"


def test_a_rule_has_the_same_answer_in_the_catalogue_as_in_the_plan() -> None:
    rule = next(one for one in MOVING.procedures if one.slug == IN).deadline

    assert isinstance(rule, Within)
    assert MOVING.rules["procedures"][1]["deadline"]["amount"] == rule.amount
