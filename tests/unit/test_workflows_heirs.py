# SPDX-License-Identifier: Apache-2.0
"""Rules of the family that no published case shows, and what cannot be so, each with its place."""

from fractions import Fraction
from typing import Any

import pytest

from engine.core.errors import CODES, EngineError
from workflows.heirs import family_doubts, inheritance, present_holders, read_family
from workflows.heirs_result import Inheritance
from workflows.heirs_words import Note, Why

DIED = "2026-06-01"
BEFORE = "2020-01-01"
ADOPTED = {"kind": "adoption", "since": "2001-04-01"}
SPECIAL = {"kind": "special-adoption", "since": "2001-04-01"}


def person(name: str, *parents: str | dict[str, Any], **told: Any) -> dict[str, Any]:
    links = [one if isinstance(one, dict) else {"parent": one} for one in parents]
    return {"id": name, "parents": links, **told}


def dead(*parents: str | dict[str, Any], **told: Any) -> dict[str, Any]:
    return person("D", *parents, **{"diedOn": DIED} | told)


def married(first: str = "D", second: str = "S", **told: Any) -> dict[str, Any]:
    return {"between": [first, second], **told}


def family(
    *people: dict[str, Any], marriages: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    return {"decedent": "D", "people": list(people), "marriages": list(marriages), **more}


def answer(*people: dict[str, Any], marriages: tuple[dict[str, Any], ...] = (), **more: Any) -> Inheritance:
    return inheritance(read_family(family(*people, marriages=marriages, **more)))


def shares(found: Inheritance) -> dict[str, str]:
    return {one.person: str(one.share) for one in found.heirs}


def why(found: Inheritance, name: str) -> Why:
    return next(one.why for one in found.excluded if one.person == name)


def refused(
    *people: dict[str, Any], marriages: tuple[dict[str, Any], ...] = (), **more: Any
) -> list[tuple[str, str]]:
    with pytest.raises(EngineError) as error:
        answer(*people, marriages=marriages, **more)
    assert error.value.code in CODES
    return [(one.pointer, one.code) for one in error.value.problems]


# --- adoption ---


def test_a_special_adoption_ends_the_natural_line() -> None:
    found = answer(dead(), person("C", "D", {"parent": "X", **SPECIAL}), person("X"), person("K", "D"))

    assert shares(found) == {"K": "1"}
    assert why(found, "C") is Why.LINE_ENDED


def test_a_special_adoption_by_the_spouse_keeps_the_line_to_the_natural_parent() -> None:
    found = answer(
        dead(),
        person("S"),
        person("X"),
        person("C", "D", "X", {"parent": "S", **SPECIAL}),
        marriages=(married(since="2000-01-01"),),
    )

    assert shares(found) == {"S": "1/2", "C": "1/2"}


def test_a_special_adoptee_is_a_child_like_any_other() -> None:
    assert shares(answer(dead(), person("K", "D"), person("C", {"parent": "D", **SPECIAL}))) == {
        "K": "1/2",
        "C": "1/2",
    }


@pytest.mark.parametrize("days", [{"since": "2001-04-01", "until": "2010-01-01"}, {"since": "2026-06-02"}])
def test_an_adoption_counts_only_while_it_lasts(days: dict[str, str]) -> None:
    found = answer(dead(), person("A", {"parent": "D", "kind": "adoption", **days}), person("K", "D"))

    assert shares(found) == {"K": "1"}
    assert why(found, "A") is Why.ADOPTION_NOT_IN_TIME


def test_a_grandchild_who_was_adopted_takes_both_parts() -> None:
    found = answer(
        dead(),
        person("C1", "D", diedOn=BEFORE),
        person("G", "C1", {"parent": "D", **ADOPTED}),
        person("C2", "D"),
    )

    (heir,) = (one for one in found.heirs if one.person == "G")
    assert heir.share == Fraction(2, 3)
    assert sorted(ground.represents for ground in heir.grounds) == [(), ("C1",)]
    assert found.tax.count == 2


def test_a_child_born_before_the_adoption_represents_when_it_is_in_the_line_otherwise() -> None:
    found = answer(
        dead(),
        person("K", "D", diedOn=BEFORE),
        person("A", {"parent": "D", **ADOPTED}, birthDate="1970-01-01", diedOn=BEFORE),
        person("G", "A", "K", birthDate="1995-01-01"),
    )

    assert shares(found) == {"G": "1"}
    assert {ground.represents for ground in found.heirs[0].grounds} == {("K",), ("A",)}


def test_a_siblings_child_born_before_the_adoption_does_not_represent() -> None:
    parents = (person("F", diedEarlier=True), person("M", diedEarlier=True))
    found = answer(
        dead("F", "M"),
        *parents,
        person(
            "A", {"parent": "F", **ADOPTED}, {"parent": "M", **ADOPTED}, birthDate="1970-01-01", diedOn=BEFORE
        ),
        person("N", "A", birthDate="1995-01-01"),
        person("B", "F", "M"),
    )

    assert shares(found) == {"B": "1"}
    assert why(found, "N") is Why.BEFORE_ADOPTION


def test_the_days_on_which_representation_depends_are_asked_for() -> None:
    unknown = {"parent": "D", "kind": "adoption"}

    assert refused(dead(), person("A", unknown, diedOn=BEFORE), person("G", "A")) == [
        ("/people/1/parents/0/since", "adoption-date-needed"),
        ("/people/2/birthDate", "adoption-date-needed"),
    ]
    assert shares(answer(dead(), person("A", unknown), person("G", "A"))) == {"A": "1"}


def test_ascendants_of_an_adoptive_parent_inherit_only_from_who_came_after() -> None:
    line = (person("F", {"parent": "Q", **ADOPTED}, diedOn=BEFORE), person("Q"))

    assert shares(answer(dead("F", birthDate="2002-01-01"), *line)) == {"Q": "1"}
    assert shares(answer(dead("F", birthDate="1999-01-01"), *line)) == {}


# --- births and deaths ---


@pytest.mark.parametrize(("born", "inherits"), [("2026-12-24", True), ("2027-03-29", False)])
def test_a_child_born_after_the_death_inherits_if_it_was_conceived(born: str, *, inherits: bool) -> None:
    found = answer(dead(), person("C", "D", birthDate=born), person("K", "D"))

    assert ("C" in shares(found)) is inherits


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, {"B": "1"}),
        ({"diedTime": "09:00"}, {"B": "1"}),
        ({"diedTime": "11:00"}, {"S": "3/4", "B": "1/4"}),
    ],
)
def test_deaths_of_one_day_are_together_unless_their_times_tell(
    times: dict[str, str], expected: dict[str, str]
) -> None:
    found = answer(
        dead("F", diedTime="10:00"),
        person("F", diedEarlier=True),
        person("S", diedOn=DIED, **times),
        person("B", "F"),
        marriages=(married(),),
    )

    assert shares(found) == expected


def test_an_estate_goes_on_through_several_deaths_one_after_the_other() -> None:
    told = family(
        dead(),
        person("S", diedOn="2026-08-01"),
        person("C", "D", "S", diedOn="2026-09-01"),
        person("W"),
        person("G", "C"),
        person("X", "S"),
        marriages=(married(), married("C", "W")),
    )

    held = {one.person: (one.share, one.through) for one in present_holders(read_family(told))}

    assert held == {
        "X": (Fraction(1, 4), ("S",)),
        "W": (Fraction(3, 8), ("S", "C")),
        "G": (Fraction(3, 8), ("S", "C")),
    }


def test_who_renounces_the_estate_of_an_heir_has_no_part_of_the_first_one_either() -> None:
    told = family(
        dead(), person("C", "D", diedOn="2026-09-01"), person("G", "C", renounced=["C"]), person("K", "D")
    )

    held = {one.person: (one.share, one.through) for one in present_holders(read_family(told))}

    assert held == {"K": (Fraction(1), ("C",))}


def test_where_nobody_inherits_it_says_who_comes_then() -> None:
    found = answer(dead())

    assert found.heirs == ()
    assert [one.note for one in found.remarks] == [Note.NOBODY]


def test_a_will_is_pointed_to() -> None:
    assert [one.note for one in answer(dead(), person("C", "D"), hasWill=True).remarks] == [Note.WILL]


# --- the count for the tax ---


@pytest.mark.parametrize(
    ("natural", "adopted", "count"), [(1, 1, 2), (1, 3, 2), (0, 1, 1), (0, 2, 2), (0, 3, 2)]
)
def test_of_adopted_children_one_is_counted_beside_a_natural_child_and_two_without(
    natural: int, adopted: int, count: int
) -> None:
    found = answer(
        dead(),
        *(person(f"C{one}", "D") for one in range(natural)),
        *(person(f"A{one}", {"parent": "D", **ADOPTED}) for one in range(adopted)),
    )

    assert found.tax.count == count
    assert found.tax.basic_deduction_yen == 30_000_000 + 6_000_000 * count


def test_special_adoptees_the_spouses_children_and_who_represents_are_counted_as_natural() -> None:
    found = answer(
        dead(),
        person("S"),
        person("T", "S", {"parent": "D", **ADOPTED}),
        person("P", {"parent": "D", **SPECIAL}),
        person("A", {"parent": "D", **ADOPTED}, diedOn=BEFORE),
        person("G", "A", birthDate="2003-03-03"),
        person("B", {"parent": "D", **ADOPTED}),
        person("E", {"parent": "D", **ADOPTED}),
        marriages=(married(),),
    )

    assert found.tax.adopted == 2
    assert found.tax.count == 5


def test_deaths_before_2015_had_another_deduction() -> None:
    assert answer(dead(diedOn="2014-12-31"), person("C", "D")).tax.basic_deduction_yen is None


# --- where a human has to decide ---


def test_the_law_of_earlier_days_is_left_to_a_human() -> None:
    assert refused(dead(diedOn="1980-12-31"), person("C", "D")) == [("/people/0/diedOn", "earlier-law")]


def test_children_of_unmarried_parents_before_september_2013_are_left_to_a_human() -> None:
    children = (
        person("C1", "D", "S"),
        person("S"),
        person("C2", {"parent": "D", "kind": "recognised"}, "X"),
        person("X"),
    )

    assert refused(dead(diedOn="2013-09-04"), *children) == [("/people/0/diedOn", "earlier-law")]
    assert shares(answer(dead(diedOn="2013-09-05"), *children)) == {"C1": "1/2", "C2": "1/2"}


def test_a_spouse_who_is_kin_is_left_to_a_human() -> None:
    siblings = (person("F", diedEarlier=True), person("S", {"parent": "F", **ADOPTED}))

    assert refused(dead("F"), *siblings, marriages=(married(),)) == [("/people/2", "spouse-is-kin")]


def test_a_foreign_heir_who_died_since_is_a_matter_for_a_human_only_on_the_way_on() -> None:
    told = read_family(
        family(dead(), person("C", "D", diedOn="2026-09-01", foreignNational=True), person("G", "C"))
    )

    assert shares(inheritance(told)) == {"C": "1"}
    with pytest.raises(EngineError) as error:
        present_holders(told)
    assert [(one.pointer, one.code) for one in error.value.problems] == [
        ("/people/1/foreignNational", "foreign-decedent")
    ]


# --- what cannot be so ---


@pytest.mark.parametrize(
    ("people", "problem"),
    [
        ([dead("X")], ("/people/0/parents/0/parent", "unknown-person")),
        ([dead(), person("C", "D"), person("C", "D")], ("/people/2/id", "person-twice")),
        ([person("D")], ("/people/0/diedOn", "death-needed")),
        ([dead(), person("C", "D", renounced=["X"])], ("/people/1/renounced/0", "unknown-person")),
        ([dead(), person("C", "D", renounced=["C"])], ("/people/1/renounced/0", "estate-not-open")),
        (
            [dead(birthDate="1950-01-01"), person("C", "D", birthDate="1949-12-31")],
            ("/people/1/parents/0/parent", "older-than-parent"),
        ),
        (
            [dead(), person("C", "D", birthDate="2000-01-01", diedOn="1999-01-01")],
            ("/people/1/diedOn", "died-before-birth"),
        ),
        (
            [dead(), person("C", "D", "A", "B"), person("A"), person("B")],
            ("/people/1/parents", "too-many-parents"),
        ),
        (
            [dead(), person("C", {"parent": "D", **ADOPTED, "until": "2000-01-01"})],
            ("/people/1/parents/0/until", "ends-before-it-begins"),
        ),
        (
            [dead(), person("C", {"parent": "D", "until": "2000-01-01"})],
            ("/people/1/parents/0/until", "contradicts-facts"),
        ),
    ],
    ids=lambda one: one[1] if isinstance(one, tuple) else "",
)
def test_what_cannot_be_so_has_its_place(people: list[dict[str, Any]], problem: tuple[str, str]) -> None:
    assert refused(*people) == [problem]


def test_nobody_is_their_own_ancestor() -> None:
    assert refused(dead("C"), person("C", "D")) == [
        ("/people/0/parents", "family-circle"),
        ("/people/1/parents", "family-circle"),
    ]


def test_nobody_has_two_spouses_at_once() -> None:
    people = (dead(), person("S"), person("X"))

    assert refused(*people, marriages=(married(), married("D", "X"))) == [
        ("/marriages/1", "two-spouses-at-once")
    ]
    assert refused(
        *people,
        marriages=(
            married("D", "X", since="1990-01-01", divorcedOn="2005-05-05"),
            married(since="2004-01-01"),
        ),
    ) == [("/marriages/1", "two-spouses-at-once")]
    assert shares(answer(*people, marriages=(married("D", "X", divorced=True), married()))) == {"S": "1"}
    assert shares(answer(*people, marriages=(married("D", "X", registered=False), married()))) == {"S": "1"}


def test_a_family_with_more_lines_than_anybody_can_follow_is_left_to_a_human() -> None:
    layers = [
        person(f"p{layer}{side}", *(f"p{layer - 1}{one}" for one in "ab" if layer), diedOn=BEFORE)
        for layer in range(12)
        for side in "ab"
    ]

    assert refused(dead("p11a", "p11b"), *layers) == [("/people", "family-too-tangled")]


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"diedOn": "明治45年7月30日"}, ("/people/0/diedOn", "date")),
        ({"diedOn": DIED, "birthDate": "1872-12-31"}, ("/people/0/birthDate", "too-long-ago")),
        ({"diedOn": DIED, "unborn": True}, ("/people/0", "contradicts-facts")),
        ({"diedTime": "10:00"}, ("/people/0", "contradicts-facts")),
        ({"diedOn": DIED, "myNumber": "0"}, ("/people/0/myNumber", "extra-forbidden")),
    ],
)
def test_what_is_not_written_as_it_should_be_has_its_place(
    told: dict[str, Any], problem: tuple[str, str]
) -> None:
    with pytest.raises(EngineError) as error:
        read_family({"decedent": "D", "people": [{"id": "D", **told}]})

    assert [(one.pointer, one.code) for one in error.value.problems] == [problem]


def test_a_family_within_other_facts_has_its_places_there() -> None:
    told = read_family({"decedent": "D", "people": [{"id": "D"}]})

    assert [one.pointer for one in family_doubts(told, under="/family")] == ["/family/people/0/diedOn"]


def test_an_answer_crosses_a_border_with_its_fractions_whole() -> None:
    found = answer(dead(), person("C1", "D"), person("C2", "D"), person("C3", "D"))

    sent = found.model_dump_json(by_alias=True)

    assert '"share":"1/3"' in sent
    assert Inheritance.model_validate_json(sent) == found
