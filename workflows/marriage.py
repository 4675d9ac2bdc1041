# SPDX-License-Identifier: Apache-2.0
"""Marriage (結婚): what the law and the contracts ask of a couple that marries.

Who signs. The notice of marriage itself is paper today, signed by hand by the two and by two adult
witnesses (民法739条2項): Todoke prepares it and files it with nobody. What they sign with their cards
is the mandate. Both spouses sign it, for what is sent afterwards is about each of them. The witnesses
sign it too, although nobody is sent anything about them: somebody else told who they are, and their
data may stand on the form only if they say so themselves. A witness without a card signs by hand
alone, on the same form (`signs_by_hand`); a spouse who lives abroad can have no card, and does the same.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from engine.core.plan import Guard, LifeEvent, Signatory
from workflows.common import both
from workflows.marriage_companies import COMPANIES
from workflows.marriage_doubts import doubts
from workflows.marriage_facts import MarriageFacts
from workflows.marriage_fields import FIELDS
from workflows.marriage_offices import OFFICES
from workflows.marriage_registers import REGISTERS
from workflows.marriage_terms import holder_of

__all__ = ["MARRIAGE", "PROCEDURES", "MarriageFacts"]

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
            {"marriage.hi-dependent", "marriage.tax-dependent", "marriage.child-allowance-change"}
        ),
    ),
)


def _signatories(facts: MarriageFacts) -> tuple[Signatory, ...]:
    return tuple(_signing(facts))


def _signing(facts: MarriageFacts) -> Iterator[Signatory]:
    for number, one in enumerate(facts.spouses):
        if one.lives_in_japan:
            yield Signatory(
                at=f"/spouses/{number}",
                role="spouse",
                title=both("結婚する人", "Who marries"),
                family=one.name.family,
                given=one.name.given,
                birth_date=one.birth_date,
            )
    for number, witness in enumerate(facts.witnesses):
        if not witness.signs_by_hand:
            yield Signatory(
                at=f"/witnesses/{number}",
                role="witness",
                title=both("証人", "Witness"),
                family=witness.name.family,
                given=witness.name.given,
                birth_date=witness.birth_date,
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
