# SPDX-License-Identifier: Apache-2.0
"""What is true of every family, however tangled: and a second implementation agrees."""

from copy import deepcopy
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import EngineError, Problem
from tests.unit.heirs_families import DIED, Told, families, pushed_down
from workflows.heirs import Inheritance, inheritance, present_holders, read_family
from workflows.heirs_words import Rank


def answer(told: Told) -> Inheritance:
    return inheritance(read_family(told))


def shares(told: Told) -> dict[str, Fraction]:
    return {one.person: one.share for one in answer(told).heirs}


@given(told=families())
def test_the_shares_are_one_whole_or_there_is_no_heir(told: Told) -> None:
    found = answer(told)

    assert sum(shares(told).values()) == (1 if found.heirs else 0)
    assert all(one.share > 0 for one in found.heirs)


@settings(max_examples=500)  # every rank, with half blood and adoptees who died
@given(told=families())
def test_a_second_way_of_dividing_comes_to_the_same(told: Told) -> None:
    assert shares(told) == pushed_down(told)


@given(told=families())
def test_everybody_is_heir_or_excluded_and_only_one_of_the_two(told: Told) -> None:
    found = answer(told)

    named = [one.person for one in found.heirs] + [one.person for one in found.excluded]
    assert sorted([*named, told["decedent"]]) == sorted(one["id"] for one in told["people"])


@given(told=families(), data=st.data())
def test_the_order_in_which_people_are_told_says_nothing(told: Told, data: st.DataObject) -> None:
    other = deepcopy(told)
    other["people"] = data.draw(st.permutations(other["people"]))
    for one in other["people"]:
        one["parents"] = data.draw(st.permutations(one.get("parents", [])))

    assert shares(other) == shares(told)
    assert {(one.person, one.why) for one in answer(other).excluded} == {
        (one.person, one.why) for one in answer(told).excluded
    }


@given(told=families())
def test_names_say_nothing(told: Told) -> None:
    names = {one["id"]: f"X{number}" for number, one in enumerate(told["people"])}

    found = shares(_renamed(told, names))

    assert found == {names[one]: share for one, share in shares(told).items()}


@given(told=families(adoptions=False))
def test_a_child_who_renounces_was_never_there(told: Told) -> None:
    gone = {"id": "gone", "birthDate": "1999-01-01", "parents": [{"parent": told["decedent"]}]}
    below = {"id": "below", "birthDate": "2020-01-01", "parents": [{"parent": "gone"}]}

    renouncing = {**told, "people": [*told["people"], {**gone, "renounced": [told["decedent"]]}, below]}

    assert shares(renouncing) == shares(told)


@given(told=families())
def test_nobody_stands_in_for_one_who_renounced(told: Told) -> None:
    renounced = {
        one["id"] for one in told["people"] if one.get("renounced") and one.get("diedOn", "9") > DIED
    }

    for one in answer(told).heirs:
        assert all(renounced.isdisjoint(ground.represents) for ground in one.grounds)


@given(told=families())
def test_a_child_leaves_nothing_to_ascendants_and_siblings(told: Told) -> None:
    child = {"id": "child", "birthDate": "2010-01-01", "parents": [{"parent": told["decedent"]}]}

    found = answer({**told, "people": [*told["people"], child]})

    assert {one.rank for one in found.heirs} <= {Rank.SPOUSE, Rank.CHILD}
    assert found.share("child") > 0


@given(told=families())
def test_renouncing_changes_shares_but_never_the_count_for_the_tax(told: Told) -> None:
    other = deepcopy(told)
    for one in other["people"]:
        one.pop("renounced", None)

    assert answer(told).tax == answer(other).tax
    assert answer(other).tax.count <= len(answer(other).heirs)


@given(told=families())
def test_what_the_living_hold_today_is_one_whole(told: Told) -> None:
    heirs = answer(told).heirs

    held = present_holders(read_family(told))

    assert sum(one.share for one in held) == 1
    assert heirs or [one.person for one in held] == [told["decedent"]]


IDS = st.sampled_from(["a", "b", "c", "d"])
DAYS = st.sampled_from(["1950-01-01", "1980-02-29", "2000-01-01", "2013-09-05", "2026-06-01", "2026-06-02"])
LINKS = st.fixed_dictionaries(
    {"parent": IDS},
    optional={
        "kind": st.sampled_from(
            ["birth", "recognised", "unrecognised", "adoption", "special-adoption", "step"]
        ),
        "since": DAYS,
        "until": DAYS,
    },
)
PEOPLE = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "birthDate": DAYS,
        "diedOn": DAYS,
        "diedTime": st.sampled_from(["09:00", "21:30"]),
        "diedEarlier": st.booleans(),
        "parents": st.lists(LINKS, max_size=3),
        "renounced": st.lists(IDS, max_size=1),
        "disqualified": st.lists(
            st.fixed_dictionaries({"estate": IDS, "cause": st.sampled_from(["unworthy", "disinherited"])}),
            max_size=1,
        ),
        "unborn": st.booleans(),
        "foreignNational": st.booleans(),
    },
)
MARRIAGES = st.fixed_dictionaries(
    {"between": st.lists(IDS, min_size=2, max_size=2)},
    optional={"registered": st.booleans(), "since": DAYS, "divorced": st.booleans(), "divorcedOn": DAYS},
)


@given(
    told=st.fixed_dictionaries(
        {
            "decedent": IDS,
            "people": st.lists(PEOPLE, min_size=1, max_size=4, unique_by=lambda one: one["id"]),
        },
        optional={"marriages": st.lists(MARRIAGES, max_size=3)},
    )
)
def test_whatever_is_told_is_answered_whole_or_refused_with_a_place(told: dict[str, Any]) -> None:
    found = _answer_or_problems(told)

    if isinstance(found, Inheritance):
        assert sum(one.share for one in found.heirs) in {0, 1}
    else:
        assert found
        assert all(one.pointer.startswith("/") for one in found)


def _answer_or_problems(told: dict[str, Any]) -> Inheritance | tuple[Problem, ...]:
    try:
        return answer(told)
    except EngineError as refused:
        return refused.problems


def _renamed(told: Any, names: dict[str, str]) -> Any:
    match told:
        case dict():
            return {key: _renamed(value, names) for key, value in told.items()}
        case list():
            return [_renamed(one, names) for one in told]
        case str():
            return names.get(told, told)
        case _:
            return told
