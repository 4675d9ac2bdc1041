# SPDX-License-Identifier: Apache-2.0
"""What it means for a case that somebody acts in the place of the person whose it is."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID, uuid5

from engine.core.case import Participant
from engine.core.errors import EngineError
from engine.core.plan import Plan
from engine.core.standing import Standing
from engine.core.views import ACTED_FOR, ActView
from engine.identity.acting import Acting, Assisted, Represented
from engine.identity.sessions import Session
from engine.ports import JournalRow
from engine.runtime.mandates import MarkFinder, SeatFinder

_CASES: Final = UUID("0b9c7d1e-5d0c-5e43-8f0a-2b6f6a6d7c11")  # the name space of case ids


def new_case_id(person: UUID, key: str, acting: Acting | None) -> UUID:
    """Return the id of the case that a request opens: the same for the same request; one for each visit."""
    match acting:
        case Assisted(assistance):
            return assistance.case_id
        case Represented():
            return uuid5(_CASES, f"{person} {acting.actor} {key}")
        case _:
            return uuid5(_CASES, f"{person} {key}")


def case_of_visit(assistance: UUID) -> UUID:
    """Return the one case that can be opened in a visit to a counter."""
    return uuid5(_CASES, f"assistance {assistance}")


def check_scope(acting: Acting | None, plan: Plan) -> None:
    """Return if whoever acts may do all that the plan holds.

    Raises:
        EngineError: `representation-scope`; `not-allowed-on-behalf`, it has to be signed by the person.
    """
    if acting and not all(acting.standing.allows(entry.way) for entry in plan.entries):
        raise EngineError("not-allowed-on-behalf")
    if isinstance(acting, Represented):
        acting.representation.check_procedures(plan.event, [entry.slug for entry in plan.entries])


def finder(
    session: Session, plan: Plan, seats: Sequence[Participant], acknowledged: Collection[str], *, key: bytes
) -> SeatFinder | MarkFinder:
    """Return what finds the seat of a signature: by the signer's certificate, or by whom they act for."""
    by_certificate = SeatFinder(plan, seats, acknowledged=acknowledged)
    if session.acting is None:
        return by_certificate
    # In a seat that only decides, the facts name whoever acts there (workflows/death.py).
    names_who_acts = session.standing is Standing.REPRESENTED and not any(one.signs for one in seats)
    otherwise = by_certificate if names_who_acts else None
    return MarkFinder(plan, seats, mark=session.acting.mark, key=key, otherwise=otherwise)


def is_on_behalf(row: JournalRow) -> bool:
    """Say whether somebody did it in the owner's place."""
    return _role(row) in ACTED_FOR


def acts_in(rows: Iterable[JournalRow]) -> tuple[ActView, ...]:
    """Return what others did for the owner, as the journal tells it."""
    return tuple(
        ActView(at=row.at, by=_role(row), by_text=ACTED_FOR[_role(row)], what=row.type)
        for row in rows
        if is_on_behalf(row)
    )


def _role(row: JournalRow) -> str:
    return row.actor.partition(":")[0]
