# SPDX-License-Identifier: Apache-2.0
"""Who takes an order, and who may answer: grants in time and place, successions in a row."""

from dataclasses import replace
from uuid import uuid4

import pytest

from engine.core.errors import EngineError
from engine.core.numbers import corporate_number
from engine.registry.acting import Acting, Grant, Succession, Taker
from tests.unit.registry_office import DAY, MURORAN, NOW, POLICE, POWER, RIVAL, SAPPORO

SLUG = "move.move-in-notice"
HEIR = corporate_number("999999999994")
EVERYBODY = frozenset({MURORAN, SAPPORO, POLICE, POWER, RIVAL, HEIR})


def grant(**changes: object) -> Grant:
    one = Grant(
        id=uuid4(),
        principal=MURORAN,
        agent=POWER,
        procedures=((SLUG, None),),
        begins_at=NOW,
        ends_at=NOW + 30 * DAY,
        offered_by="person:1",
        offered_at=NOW - DAY,
        accepted_by="person:2",
        accepted_at=NOW - DAY,
    )
    return replace(one, **changes)  # type: ignore[arg-type] # each its own


def succession(predecessor: str, successor: str) -> Succession:
    return Succession(
        predecessor=predecessor,
        successor=successor,
        declared_by="operator:1",
        declared_at=NOW,
        reason="合併",
        overlap_until=NOW + 10 * DAY,
    )


def acting(*found: Grant | Succession, usable: frozenset[str] = EVERYBODY) -> Acting:
    grants = [one for one in found if isinstance(one, Grant)]
    return Acting(grants, [one for one in found if isinstance(one, Succession)], usable=usable)


def code(one: Acting, speaker: str, number: str = MURORAN, *, area: str | None = None, day: int = 0) -> str:
    try:
        one.check_may_answer(speaker, number, (SLUG, area), NOW + day * DAY)
    except EngineError as error:
        return error.code
    return "yes"


def test_a_grant_counts_from_its_first_instant_to_before_its_last() -> None:
    one = acting(grant())

    def taker(days: int) -> Taker:
        return one.taker(MURORAN, (SLUG, "012050"), NOW + days * DAY)

    assert taker(-1) == taker(30) == Taker(MURORAN)
    assert taker(0) == taker(29) == Taker(POWER, is_agent=True)
    assert [code(one, POWER, day=day) for day in (0, 29, 30)] == ["yes", "yes", "ended-grant"]


@pytest.mark.parametrize(
    ("entrusted", "asked", "covers"),
    [
        (None, "011002", True),
        (None, None, True),
        ("011002", "011002", True),
        ("011002", "011011", True),  # a ward of the city
        ("011002", "012050", False),
        ("011002", None, False),
    ],
)
def test_an_area_covers_what_lies_in_it(entrusted: str | None, asked: str | None, covers: bool) -> None:  # noqa: FBT001
    one = acting(grant(procedures=((SLUG, entrusted),)))

    assert (one.taker(MURORAN, (SLUG, asked), NOW).number == POWER) is covers
    assert code(one, POWER, area=asked) == ("yes" if covers else "not-in-grant")


def test_what_was_never_granted_accepted_or_begun_is_nobodys() -> None:
    one = acting(grant(accepted_at=None, accepted_by=None))

    assert code(one, POWER) == code(one, RIVAL) == code(acting(), POWER) == "not-your-reference"
    assert code(one, MURORAN) == "yes"
    assert one.principals(POWER) == frozenset()


def test_an_agent_that_was_shut_out_takes_nothing_more() -> None:
    one = acting(grant(), usable=EVERYBODY - {POWER})

    assert one.taker(MURORAN, (SLUG, None), NOW) == Taker(MURORAN)
    assert code(one, POWER) == "ended-grant"


def test_successors_in_a_row_answer_for_all_and_predecessors_until_their_overlap_ends() -> None:
    one = acting(succession(MURORAN, SAPPORO), succession(SAPPORO, HEIR), succession(POLICE, HEIR))

    assert one.taker(MURORAN, (SLUG, None), NOW) == Taker(HEIR)
    assert one.former(HEIR) == tuple(sorted((MURORAN, SAPPORO, POLICE)))
    assert [code(one, speaker) for speaker in (MURORAN, SAPPORO, HEIR)] == ["yes"] * 3
    assert code(one, POLICE) == "not-your-reference"  # it became the same, but never was this one
    assert [code(one, speaker, day=10) for speaker in (MURORAN, HEIR)] == ["ended-succession", "yes"]
    assert one.principals(HEIR) == frozenset({MURORAN, SAPPORO, POLICE})


def test_grants_of_the_predecessor_and_of_the_successor_both_carry_its_filings() -> None:
    before = acting(grant(), succession(MURORAN, HEIR))
    after = acting(grant(principal=HEIR, agent=RIVAL), succession(MURORAN, HEIR))

    assert before.taker(MURORAN, (SLUG, None), NOW) == Taker(POWER, is_agent=True)
    assert after.taker(MURORAN, (SLUG, None), NOW) == Taker(RIVAL, is_agent=True)
    assert after.principals(RIVAL) == frozenset({HEIR, MURORAN})
    assert code(after, RIVAL) == "yes"


def test_an_agent_that_became_another_goes_on_as_that() -> None:
    one = acting(grant(), succession(POWER, HEIR))

    assert one.taker(MURORAN, (SLUG, None), NOW) == Taker(HEIR, is_agent=True)
    assert code(one, HEIR) == code(one, POWER) == "yes"


def test_a_circle_ends_somewhere() -> None:
    one = acting(succession(MURORAN, SAPPORO), succession(SAPPORO, MURORAN))

    assert one.heir(MURORAN) in {MURORAN, SAPPORO}
    assert one.former(MURORAN) == (SAPPORO,)
