# SPDX-License-Identifier: Apache-2.0
"""What another running case of the same person does already is left to it, and nothing else is."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from engine.core.case import Case
from engine.core.declaration import Kind
from engine.core.elsewhere import Other, left_to_others, persons_of
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.core.plan import Entry, Plan, filings_of
from engine.core.planning import make_plan
from engine.core.views import plan_view
from tests.unit import birth_samples, marriage_samples
from tests.unit.facts_samples import NOW, OWNER, TODAY, FakeConnections, told
from workflows.birth import BIRTH, BirthFacts
from workflows.calendar_japan import calendar_for
from workflows.marriage import MARRIAGE
from workflows.moving import MOVING, MovingFacts

MOVE_CASE, MARRIAGE_CASE = UUID(int=21), UUID(int=22)
REISSUE = "marriage.signing-cert-reissue"


def planned(event: Any, facts: Any, case_id: UUID) -> Plan:
    return make_plan(
        event,
        facts,
        case_id=case_id,
        connections=FakeConnections({}),
        calendars=calendar_for,
        today=TODAY,
    )


def moving(**changes: Any) -> Other:
    """Return the running move of 髙橋 花子 with her card."""
    facts = MovingFacts.model_validate(
        told(movers__0__hasCard=True, movers__0__wantsSigningCertificate=True, **changes)
    )
    plan = planned(MOVING, facts, MOVE_CASE)
    filings, rules = filings_of(plan, {}, NOW)
    case = Case(
        MOVE_CASE,
        "moving",
        CaseState.RUNNING,
        OWNER,
        plan.catalogue,
        NOW,
        filings={one.id: one for one in filings},
        rules={one.id: one for one in rules},
    )
    return Other(case, plan, persons_of(MOVING, facts, plan))


def marriage(*others: Other, **changes: Any) -> Plan:
    """Return the plan of her marriage, the day before the move."""
    told_then = {"marriageDate": "2026-11-30", "spouses__0__birthDate": "1990-04-01"}
    wishes = {"spouses__0__hasCard": True, "spouses__0__wantsSigningCertificate": True}
    facts = marriage_samples.couple(**told_then | wishes | changes)
    return left_to_others(MARRIAGE, facts, planned(MARRIAGE, facts, MARRIAGE_CASE), others)


def reissue(plan: Plan) -> Entry:
    return next(one for one in plan.entries if one.slug == REISSUE)


def test_one_new_certificate_is_enough_where_the_move_comes_after_the_marriage() -> None:
    move = moving()

    left = reissue(marriage(move))

    assert (left.kind, left.ways, left.organisation, left.fields) == (Kind.NO_OP, (Way.AUTOMATIC,), None, {})
    assert left.elsewhere is not None
    assert (left.elsewhere.case, left.elsewhere.event) == (MOVE_CASE, "moving")
    assert move.plan.entry(left.elsewhere.filing).slug == "move.signing-cert-reissue"


def test_the_plan_says_where_it_is_done_and_the_case_has_nothing_to_do_there() -> None:
    plan = marriage(moving())

    (view,) = [one for one in plan_view(plan, MARRIAGE.rules).entries if one.elsewhere]
    filings, _ = filings_of(plan, {}, NOW)

    assert view.elsewhere is not None
    assert "別の案件" in view.elsewhere.text.ja
    states = {one.slug: one.state for one in filings}
    assert states[REISSUE] is FilingState.NOT_NEEDED


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"spouses__0__birthDate": "1995-05-05"}, id="another person"),
        pytest.param({"marriageDate": "2026-12-05"}, id="the name changes after the move"),
    ],
)
def test_what_another_case_does_not_do_is_done_here(change: dict[str, Any]) -> None:
    assert reissue(marriage(moving(), **change)).elsewhere is None


def test_what_is_over_in_the_other_case_is_done_anew() -> None:
    move = moving()
    over = {id_: replace(one, state=FilingState.COMPLETED) for id_, one in move.case.filings.items()}
    done = replace(move, case=replace(move.case, filings=over))
    draft = replace(move, case=replace(move.case, state=CaseState.DRAFT))

    assert reissue(marriage(done)).elsewhere is None
    assert reissue(marriage(draft)).elsewhere is None


def test_a_move_that_runs_is_not_asked_for_again_by_the_marriage() -> None:
    together = {
        "move": {"movedOn": "2026-12-01", "movers": [0], "newAddress": told()["newAddress"]},
        "newHonseki": marriage_samples.honseki("一番町1番", municipality=marriage_samples.CHIYODA),
    }

    plan = marriage(moving(), **together)

    (move,) = [one for one in plan.entries if one.slug == "marriage.move"]
    assert move.elsewhere is not None
    assert not [one for one in plan.entries if move.id in one.after]  # nothing has lost its order by it


def test_a_birth_away_from_home_is_notified_there_and_claimed_at_home() -> None:
    away = {"municipality": marriage_samples.MURORAN, "city": "室蘭市"}
    facts = BirthFacts.model_validate(
        birth_samples.told(
            desk=away,
            place={"facility": "見本病院", "municipality": marriage_samples.MURORAN, "line": "東町1"},
        )
    )

    plan = planned(BIRTH, facts, MARRIAGE_CASE)

    areas = {one.slug: one.area for one in plan.entries}
    assert areas["birth.birth-notice"] == marriage_samples.MURORAN
    assert areas["birth.child-allowance-claim"] == marriage_samples.CHIYODA
    claim = next(one for one in plan.entries if one.slug == "birth.child-allowance-claim")
    assert claim.after == ()  # it hangs on the birth, not on the notice
