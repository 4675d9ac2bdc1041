# SPDX-License-Identifier: Apache-2.0
"""Marriage (結婚): what the law and the contracts ask of a couple that marries.

Who signs. The notice of marriage itself is paper today, signed by hand by the two and by two adult
witnesses (民法739条2項): Todoke prepares it and files it with nobody. What is signed here with a card is
the mandate, and each signs it as far as something is sent of them. That is both spouses, for what
follows the notice is about either. The witnesses' data goes onto the notice and nowhere else: they are
asked to sign only where a desk takes the notice itself, which none does today, and on the paper they
sign by hand. A spouse who lives abroad can have no card: nothing about them is sent.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from engine.core.declaration import APPLICANT, Guard, Signatory
from engine.core.life_event import LifeEvent
from workflows.common import both
from workflows.marriage_companies import COMPANIES
from workflows.marriage_doubts import doubts
from workflows.marriage_facts import MarriageFacts
from workflows.marriage_fields import FIELDS
from workflows.marriage_offices import OFFICES
from workflows.marriage_registers import REGISTERS
from workflows.marriage_terms import holder_of, things_of

__all__ = ["MARRIAGE", "PROCEDURES", "MarriageFacts"]

# What tells of both spouses at once, whoever it is about; and what tells of the witnesses.
_OF_BOTH: Final = frozenset({"parties", "dependants", "parents", "recipient", "adopter", "names"})
_OF_WITNESSES: Final = frozenset({"witnesses"})

PROCEDURES: Final = (*REGISTERS, *OFFICES, *COMPANIES)

GUARDS: Final[tuple[Guard[MarriageFacts], ...]] = (
    Guard(
        name="protected-person",
        text=both(
            "支援措置を受けている人がいるため、どこにも送りません。窓口で相談しながら、ご自身で一つずつ確かめてください",
            "Somebody is under protection, so nothing is sent to anybody. Ask the desk, and decide on each"
            " of these yourself",
        ),
        holds=lambda facts: facts.protected,
        # what the register's own desks do with the notice goes on by itself
        spares=frozenset({"MUNI", "MUNI-K"}),
    ),
    Guard(
        name="spouse-cannot-sign",
        text=both(
            "国外にいる配偶者はカードで署名できないため、その人についての届出はご自身で行ってください",
            "A spouse abroad cannot sign with a card, so what is about them is filed by yourselves",
        ),
        holds=lambda facts: not all(one.lives_in_japan for one in facts.spouses),
        over=frozenset(
            {
                "marriage.hi-dependent",
                "marriage.tax-dependent",
                "marriage.employer",
                "marriage.child-allowance-change",
            }
        ),
    ),
)


def _signatories(facts: MarriageFacts) -> tuple[Signatory, ...]:
    """Return the two who marry, the first of whom opens the case, and the two who witness it."""
    spouses = [_marrying(facts, number) for number, one in enumerate(facts.spouses) if one.lives_in_japan]
    return (*spouses, *(_witnessing(facts, number) for number in range(len(facts.witnesses))))


def _marrying(facts: MarriageFacts, number: int) -> Signatory:
    one = facts.spouses[number]
    at = f"/spouses/{number}"
    return Signatory(
        at=at,
        role="spouse" if number else APPLICANT,
        title=both("結婚する人", "Who marries"),
        family=one.name.family,
        given=one.name.given,
        birth_date=one.birth_date,
        fields=_OF_BOTH if number else None,
        subjects=frozenset({at, *things_of(facts, number)}),
        address=one.address.as_line if one.address else None,
        address_at=f"{at}/address" if one.address else None,
    )


def _witnessing(facts: MarriageFacts, number: int) -> Signatory:
    witness = facts.witnesses[number]
    at = f"/witnesses/{number}"
    return Signatory(
        at=at,
        role="witness",
        title=both("証人", "Witness"),
        family=witness.name.family,
        given=witness.name.given,
        birth_date=witness.birth_date,
        fields=_OF_WITNESSES,
        address=witness.address.as_line,
        address_at=f"{at}/address",
    )


def _dates(facts: MarriageFacts) -> Mapping[str, date]:
    return facts.dates


def _redated(facts: MarriageFacts, day: date) -> MarriageFacts:
    return facts.model_copy(update={"marriage_date": day})


MARRIAGE: Final = LifeEvent(
    slug="marriage",
    title=both("結婚", "Marriage"),
    facts=MarriageFacts,
    fields=FIELDS,
    dates=_dates,
    redated=_redated,
    procedures=PROCEDURES,
    doubts=doubts,
    guards=GUARDS,
    signatories=_signatories,
    holder=holder_of,
    date_names=frozenset({"marriage_date", "married_abroad_on", "move_date"}),
)
