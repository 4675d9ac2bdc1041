# SPDX-License-Identifier: Apache-2.0
"""Moving (引越し): what the law and the contracts ask of a household that changes its address."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from engine.core.declaration import APPLICANT, Guard, Signatory
from engine.core.life_event import LifeEvent
from workflows.common import both
from workflows.moving_children import CHILDREN
from workflows.moving_companies import COMPANIES
from workflows.moving_facts import MovingFacts, doubts, owned
from workflows.moving_fields import FIELDS
from workflows.moving_municipal import MUNICIPAL
from workflows.moving_offices import OFFICES

__all__ = ["MOVING", "PROCEDURES", "MovingFacts"]

PROCEDURES: Final = (*MUNICIPAL, *CHILDREN, *OFFICES, *COMPANIES)

GUARDS: Final[tuple[Guard[MovingFacts], ...]] = (
    Guard(
        name="protected-person",
        text=both(
            "支援措置を受けている人がいるため、どこにも送りません。窓口で相談しながら、ご自身で一つずつ確かめてください",
            "Somebody is under protection, so nothing is sent to anybody. Ask the desk, and decide on each"
            " of these yourself",
        ),
        holds=lambda facts: facts.protected,
        # what the municipality's own desk does with the notice goes on by itself
        spares=frozenset({"MUNI-OLD", "MUNI-NEW", "WIDE"}),
    ),
    Guard(
        name="moves-abroad",
        text=both(
            "国外への転出は、オンラインでは届け出られません", "Moving abroad cannot be notified online"
        ),
        holds=lambda facts: facts.to_abroad is not None,
        over=frozenset({"move.move-out-notice"}),
    ),
    Guard(
        name="households-merge",
        text=both(
            "二つの世帯が一つになるため、住所変更ではなく一方の解約です",
            "Two households become one: one contract is ended, no address is changed",
        ),
        holds=lambda facts: facts.contracts.nhk is not None and facts.contracts.nhk.merges,
        over=frozenset({"move.nhk"}),
    ),
)


def _dates(facts: MovingFacts) -> Mapping[str, date]:
    return {"moving_date": facts.moving_date}


def _redated(facts: MovingFacts, day: date) -> MovingFacts:
    return facts.model_copy(update={"moving_date": day})


# What an organisation is told of those who move along.
_MEMBERS: Final = frozenset(
    {"movers", "relations", "moverNames", "names", "head", "newHead", "insured", "spouse", "children"}
)


def _signatories(facts: MovingFacts) -> tuple[Signatory, ...]:
    """Return who signs: the applicant, and each adult of whom something is told (成年: Civil Code art. 4)."""
    found = []
    for number, mover in enumerate(facts.movers):
        at = f"/movers/{number}"
        if number and not facts.has_reached(mover, 18):
            continue
        mine = {place for place, thing in owned(facts) if thing.owner == number}
        found.append(
            Signatory(
                at=at,
                role="member" if number else APPLICANT,
                title=both("世帯員", "Household member") if number else both("申請者", "Applicant"),
                family=mover.name.family,
                given=mover.name.given,
                birth_date=mover.birth_date,
                fields=_MEMBERS if number else None,
                subjects=frozenset({at, *mine}),
                address=facts.old_address.as_line if facts.old_address else None,
                address_at="/oldAddress" if facts.old_address else None,
            )
        )
    return tuple(found)


MOVING: Final = LifeEvent(
    slug="moving",
    title=both("引越し", "Moving"),
    facts=MovingFacts,
    fields=FIELDS,
    dates=_dates,
    redated=_redated,
    procedures=PROCEDURES,
    doubts=doubts,
    guards=GUARDS,
    signatories=_signatories,
    revokes=("move.move-in-notice", "move.within-city-notice"),
    renews=("move.signing-cert-reissue",),
)
