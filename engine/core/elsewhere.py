# SPDX-License-Identifier: Apache-2.0
"""What another running case of the same owner does already is not done twice: the plan says so, and where.

Two procedures are the same where the law of one says so (`same_as`), for the same person, while the other
one is still open and its event is not before this one: what is got before the name changes has to be got
again after it. What something else in the plan waits for stays as it is, or the order would be lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from engine.core.case import Case
from engine.core.declaration import APPLICANT, F, Kind, Signatory
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import CaseState, Way
from engine.core.plan import Elsewhere, Entry, Plan

_RUNS: Final = frozenset({CaseState.CONFIRMED, CaseState.RUNNING})
Person = tuple[str, str, date]


@dataclass(frozen=True, slots=True)
class Other:
    """Another case of the owner, and the person of each of its filings."""

    case: Case
    plan: Plan
    persons: Mapping[UUID, Person]


def persons_of(event: LifeEvent[F], facts: F, plan: Plan) -> dict[UUID, Person]:
    """Return whom each filing is about: a signatory, else the one who opened the case."""
    seats = {one.at: one for one in plan.signatories}
    applicant = next((one for one in plan.signatories if one.role == APPLICANT), None)
    found = {}
    for entry in plan.entries:
        seat = seats.get(entry.subject) or seats.get(event.holder(facts, entry.subject)) or applicant
        if seat is not None:
            found[entry.id] = _person(seat)
    return found


def left_to_others(event: LifeEvent[F], facts: F, plan: Plan, others: Sequence[Other]) -> Plan:
    """Return the plan in which nothing is done that one of the other cases does already."""
    same_as = {one.slug: one.same_as for one in event.procedures if one.same_as}
    if not same_as or not others:
        return plan
    persons = persons_of(event, facts, plan)
    waited_for = {id_ for entry in plan.entries for id_ in (*entry.after, entry.rides_on) if id_}
    entries = tuple(
        _left(entry, found)
        if entry.id not in waited_for
        and (found := _there(plan, same_as.get(entry.slug, ()), persons.get(entry.id), others))
        else entry
        for entry in plan.entries
    )
    return plan.model_copy(update={"entries": entries})


def _there(
    plan: Plan, slugs: Sequence[str], person: Person | None, others: Sequence[Other]
) -> Elsewhere | None:
    for other in others:
        if other.case.state not in _RUNS or _is_before(other.plan.event_on, plan.event_on):
            continue
        for entry in other.plan.entries:
            is_same = entry.slug in slugs and other.persons.get(entry.id) == person
            if is_same and entry.elsewhere is None and not other.case.filings[entry.id].has_ended:
                return Elsewhere(case=other.case.id, filing=entry.id, event=other.case.event)
    return None


def _left(entry: Entry, elsewhere: Elsewhere) -> Entry:
    return entry.model_copy(
        update={
            "kind": Kind.NO_OP,
            "ways": (Way.AUTOMATIC,),
            "organisation": None,
            "fields": {},
            "signer": None,
            "elsewhere": elsewhere,
        }
    )


def _is_before(one: date | None, other: date | None) -> bool:
    return one is not None and other is not None and one < other


def _person(seat: Signatory) -> Person:
    return seat.family, seat.given, seat.birth_date
