# SPDX-License-Identifier: Apache-2.0
"""What waits for decisions: until all have decided, until a day decides for the silent, never for ever."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core import messages as m
from engine.core.case import Case, Gated, Participant, Party, participant_id
from engine.core.errors import EngineError
from engine.core.lifecycle import Way
from engine.core.participants import check_conflict
from engine.core.patience import DECISION
from tests.unit.facts_samples import CASE_ID, DAY, EVIDENCE, FIRST, OWNER, Story, plain, plain_open

CLOSES = date(2027, 2, 25)
HEIRS = tuple(
    Participant(participant_id(CASE_ID, f"/heirs/{n}"), f"/heirs/{n}", "heir", signs=False) for n in range(2)
)
GATE = Gated("acceptance", tuple(one.id for one in HEIRS), shut=("renounce",))


def story_of(way: Way = Way.SELF, *, closes_on: date | None = CLOSES, **changes: Any) -> Story:
    rules = {"gate": GATE} | changes
    opening = plain_open(plain("a.gated", way, closes_on=closes_on, **rules))
    return Story(replace(opening, participants=(FIRST, *HEIRS))).confirm()


def decide(story: Story, heir: int, choice: str) -> None:
    story.say(m.Decide(CASE_ID, HEIRS[heir].id, OWNER, choice, EVIDENCE))


def correct(story: Story, closes_on: date | None) -> None:
    filing = story.at("a.gated")
    change = m.Change((), filing.due_on, filing.not_before, closes_on)
    story.say(m.Correct(CASE_ID, {filing.id: change}))


def turn_to(story: Story, day: date) -> None:
    while story.it.wake_at is not None and story.it.wake_at.date() < day:
        story.wake()


def test_it_opens_when_all_have_decided() -> None:
    story = story_of()
    decide(story, 0, "accept")
    assert story.state("a.gated") == "waiting"

    decide(story, 1, "accept")

    assert story.state("a.gated") == "to-do"


def test_the_day_decides_for_those_who_say_nothing() -> None:
    story = story_of()

    turn_to(story, CLOSES + 2 * DAY)

    assert story.state("a.gated") == "to-do"


def test_a_day_that_is_put_off_holds_it_back_until_then() -> None:
    story = story_of()
    correct(story, CLOSES + timedelta(days=90))

    story.wait(CLOSES + 5 * DAY - story.now.date())

    assert story.state("a.gated") == "waiting"
    decide(story, 0, "renounce")  # the right is still there
    turn_to(story, CLOSES + timedelta(days=92))
    assert story.state("a.gated") == "to-do"


def test_where_no_day_is_known_somebody_is_asked_and_it_ends_at_last() -> None:
    story = story_of(closes_on=None)
    waits = story.at("a.gated").waits
    assert waits is not None
    assert (waits.party, waits.until) == (Party.PARTICIPANT, story.now + DECISION)

    story.wake()
    assert story.at("a.gated").flag == "stuck/nobody-decides"
    story.wake()

    assert story.state("a.gated") == "cancelled"


def test_a_day_that_becomes_known_is_waited_for() -> None:
    story = story_of(closes_on=None)

    correct(story, CLOSES)
    turn_to(story, CLOSES + 2 * DAY)

    assert story.state("a.gated") == "to-do"


def test_a_mind_can_be_changed_until_all_have_decided() -> None:
    story = story_of(gate=replace(GATE, own=HEIRS[0].id))
    decide(story, 0, "renounce")
    assert story.state("a.gated") == "waiting"

    decide(story, 0, "accept")
    decide(story, 1, "accept")

    assert story.state("a.gated") == "to-do"
    with pytest.raises(EngineError) as refusal:
        decide(story, 0, "renounce")
    assert refusal.value.code in {"already-decided", "already-closed"}


def test_what_only_one_who_takes_no_part_could_do_is_not_needed() -> None:
    story = story_of(gate=replace(GATE, own=HEIRS[0].id))
    decide(story, 0, "renounce")

    decide(story, 1, "accept")

    assert story.state("a.gated") == "not-needed"


def test_nothing_goes_out_signed_by_somebody_who_has_not_signed() -> None:
    story = story_of(Way.SIGNED, signer=HEIRS[0].id, ways=(Way.SIGNED, Way.PAPER))

    turn_to(story, CLOSES + 2 * DAY)

    assert (story.state("a.gated"), story.at("a.gated").way) == ("to-post", Way.PAPER)
    assert not [order for order in story.orders if isinstance(order, m.Submit)]


def test_a_decision_is_a_signature_for_what_it_opens() -> None:
    story = story_of(Way.SIGNED, signer=HEIRS[0].id, ways=(Way.SIGNED, Way.PAPER))
    decide(story, 0, "accept")
    decide(story, 1, "accept")

    assert story.state("a.gated") == "submitted"


def seated(*people: UUID | None, choices: tuple[str | None, str | None] = (None, None)) -> Case:
    """Return a case in whose heirs' seats these people sit, with what they chose."""
    case = story_of().it
    heirs = {
        one.id: replace(one, person=person, choice=choice)
        for one, person, choice in zip(HEIRS, people, choices, strict=True)
    }
    return replace(case, participants={**case.participants, **heirs})


def test_who_decides_in_two_seats_stands_on_both_sides() -> None:
    """民法826条, 860条."""
    case = seated(OWNER, OWNER)

    with pytest.raises(EngineError, match="special-representative-needed"):
        check_conflict(case, case.participants[HEIRS[1].id], {OWNER})


@pytest.mark.parametrize(
    ("case", "acting"),
    [
        (seated(OWNER, UUID(int=9)), {UUID(int=9)}),
        (seated(None, OWNER), {OWNER}),
        (seated(OWNER, OWNER, choices=("renounce", None)), {OWNER}),
    ],
    ids=["two people", "one seat", "renounced first"],
)
def test_who_has_one_side_only_decides(case: Case, acting: set[UUID]) -> None:
    check_conflict(case, case.participants[HEIRS[1].id], acting)
