# SPDX-License-Identifier: Apache-2.0
"""Moving (引越し): what the law and the contracts ask of a household that changes its address."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from engine.core.plan import Guard, LifeEvent
from workflows.common import both
from workflows.moving_children import CHILDREN
from workflows.moving_companies import COMPANIES
from workflows.moving_facts import MovingFacts, doubts
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
)
