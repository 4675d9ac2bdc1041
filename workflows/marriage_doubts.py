# SPDX-License-Identifier: Apache-2.0
"""What a couple cannot tell so: who may not marry, and facts that contradict each other.

The law's bars are those of the Civil Code (民法731〜736条). What the facts do not say is not inferred:
relatives and the order of two notices of one day are asked, never guessed.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from engine.core.errors import Problem
from engine.core.periods import age_on
from workflows.common import Name
from workflows.holdings import Owned
from workflows.marriage_facts import ALLOWED_KINSHIP, First, MarriageFacts, NonAcceptance, Spouse
from workflows.persons import HealthInsurance

PLANNED_AHEAD: Final = timedelta(days=366)
_ADULT: Final = 18


def doubts(facts: MarriageFacts, today: date) -> tuple[Problem, ...]:
    """Return what cannot be so, each with its place."""
    return tuple(_doubts(facts, today))


def _doubts(facts: MarriageFacts, today: date) -> Iterator[Problem]:
    if facts.marriage_date > today + PLANNED_AHEAD:
        yield Problem("/marriageDate", "invalid-too-far-ahead")
    abroad = facts.married_abroad
    if abroad and abroad.married_on > min(today, facts.marriage_date):
        yield Problem("/marriedAbroad/marriedOn", "invalid-contradicts-facts")
    if facts.kinship not in ALLOWED_KINSHIP:
        yield Problem("/kinship", "invalid-forbidden-kinship")  # 民法734〜736条
    for number, spouse in enumerate(facts.spouses):
        yield from _about(facts, spouse, number, today)
    yield from _couple(facts)
    yield from _witnesses(facts, today)
    yield from _register(facts)
    yield from _children(facts, today)
    yield from _household(facts, today)
    for place, owned in _owned(facts):
        if owned.owner > 1:
            yield Problem(f"{place}/owner", "invalid-out-of-range")


def _about(facts: MarriageFacts, spouse: Spouse, number: int, today: date) -> Iterator[Problem]:
    place = f"/spouses/{number}"
    if spouse.birth_date > today:
        yield Problem(f"{place}/birthDate", "invalid-not-born-yet")
    elif age_on(spouse.birth_date, facts.marriage_date) < _ADULT:
        yield Problem(f"{place}/birthDate", "invalid-too-young")  # 民法731条
    before = spouse.earlier_marriage
    if before and before.ended_on > min(today, facts.marriage_date):
        yield Problem(f"{place}/earlierMarriage/endedOn", "invalid-still-married")  # 民法732条
    elif before and before.ended_on <= spouse.birth_date:
        yield Problem(f"{place}/earlierMarriage/endedOn", "invalid-contradicts-facts")
    if spouse.non_acceptance is NonAcceptance.SET and not spouse.comes_in_person:
        # 戸籍法27条の2第5項: it has to be refused
        yield Problem(f"{place}/nonAcceptance", "invalid-non-acceptance-set")
    yield from _nationality(spouse, place)
    yield from _home(spouse, number)
    yield from _support(facts, spouse, number)
    if spouse.wants_signing_certificate and not spouse.has_card:
        yield Problem(f"{place}/wantsSigningCertificate", "invalid-contradicts-facts")


def _nationality(spouse: Spouse, place: str) -> Iterator[Problem]:
    if spouse.family_register is None and spouse.nationality is None:
        yield Problem(f"{place}/familyRegister", "invalid-missing")
    if spouse.family_register and spouse.nationality:
        yield Problem(f"{place}/nationality", "invalid-contradicts-facts")
    if spouse.family_register and spouse.residence:
        yield Problem(f"{place}/residence", "invalid-contradicts-facts")
    if (
        spouse.family_register
        and spouse.family_register.is_head
        and spouse.family_register.head != spouse.name
    ):
        yield Problem(f"{place}/familyRegister/isHead", "invalid-contradicts-facts")


def _home(spouse: Spouse, number: int) -> Iterator[Problem]:
    place = f"/spouses/{number}"
    if spouse.address and spouse.abroad:
        yield Problem(f"{place}/abroad", "invalid-contradicts-facts")
    if spouse.address is None and (spouse.abroad is None or number == 0):
        yield Problem(f"{place}/address", "invalid-missing")
    if spouse.address is None and spouse.has_card:
        yield Problem(f"{place}/hasCard", "invalid-contradicts-facts")
    if spouse.address is None and spouse.seal_registered:
        yield Problem(f"{place}/sealRegistered", "invalid-contradicts-facts")


def _support(facts: MarriageFacts, spouse: Spouse, number: int) -> Iterator[Problem]:
    place, other = f"/spouses/{number}", facts.other(number)
    if spouse.becomes_dependant and (other.employer is None or other.becomes_dependant):
        yield Problem(f"{place}/becomesDependant", "invalid-contradicts-facts")
    if spouse.becomes_dependant and spouse.insurance_after not in {None, HealthInsurance.EMPLOYEE}:
        yield Problem(f"{place}/insuranceAfter", "invalid-contradicts-facts")
    if spouse.tax_dependant and (other.employer is None or other.tax_dependant):
        yield Problem(f"{place}/taxDependant", "invalid-contradicts-facts")


def _couple(facts: MarriageFacts) -> Iterator[Problem]:
    one, other = facts.spouses
    if (one.name, one.birth_date) == (other.name, other.birth_date):
        yield Problem("/spouses/1", "invalid-same-person")
    if one.part is other.part:
        yield Problem("/spouses/1/part", "invalid-contradicts-facts")


def _witnesses(facts: MarriageFacts, today: date) -> Iterator[Problem]:
    taken: set[tuple[Name, date]] = {(one.name, one.birth_date) for one in facts.spouses}
    for number, witness in enumerate(facts.witnesses):
        place = f"/witnesses/{number}"
        if witness.birth_date > today:
            yield Problem(f"{place}/birthDate", "invalid-not-born-yet")
        elif age_on(witness.birth_date, facts.marriage_date) < _ADULT:
            yield Problem(f"{place}/birthDate", "invalid-too-young")  # 民法739条2項
        if (witness.name, witness.birth_date) in taken:
            yield Problem(place, "invalid-same-person")
        taken.add((witness.name, witness.birth_date))
        if witness.honseki is None and witness.nationality is None:
            yield Problem(f"{place}/honseki", "invalid-missing")
        if witness.honseki and witness.nationality:
            yield Problem(f"{place}/nationality", "invalid-contradicts-facts")


def _register(facts: MarriageFacts) -> Iterator[Problem]:
    if not facts.is_international and facts.surname_of is None:
        yield Problem("/surnameOf", "invalid-missing")  # 戸籍法74条: it has to be chosen
    elif facts.is_international and facts.surname_of is not None:
        yield Problem("/surnameOf", "invalid-contradicts-facts")  # nobody's surname changes by itself
    elif facts.makes_register and facts.new_honseki is None:
        yield Problem("/newHonseki", "invalid-missing")
    elif facts.new_honseki and not facts.makes_register:
        yield Problem("/newHonseki", "invalid-contradicts-facts")
    foreigners = sum(not one.is_japanese for one in facts.spouses)
    if facts.foreign_surname and foreigners != 1:
        yield Problem("/foreignSurname", "invalid-contradicts-facts")


def _children(facts: MarriageFacts, today: date) -> Iterator[Problem]:
    for number, child in enumerate(facts.children):
        place = f"/children/{number}"
        if child.birth_date > today:
            yield Problem(f"{place}/birthDate", "invalid-not-born-yet")
        elif child.parent > 1:
            yield Problem(f"{place}/parent", "invalid-out-of-range")
        elif (child.name, child.birth_date) in {(one.name, one.birth_date) for one in facts.spouses}:
            yield Problem(place, "invalid-same-person")
        elif child.birth_date <= facts.spouses[child.parent].birth_date:
            yield Problem(f"{place}/birthDate", "invalid-contradicts-facts")
    change = facts.child_allowance
    if change and change.recipient > 1:
        yield Problem("/childAllowance/recipient", "invalid-out-of-range")
    if change and not facts.children:
        yield Problem("/childAllowance", "invalid-contradicts-facts")


def _household(facts: MarriageFacts, today: date) -> Iterator[Problem]:
    move = facts.move
    if move:
        if move.moved_on > today + PLANNED_AHEAD:
            yield Problem("/move/movedOn", "invalid-too-far-ahead")
        for number, mover in enumerate(move.movers):
            if mover > 1 or mover in move.movers[:number]:
                yield Problem(f"/move/movers/{number}", "invalid-out-of-range")
        yield from _order(facts)
    if facts.household_merge and move is None and facts.spouses[0].address != facts.spouses[1].address:
        yield Problem("/householdMerge", "invalid-contradicts-facts")  # one household has one address


def _order(facts: MarriageFacts) -> Iterator[Problem]:
    """Yield what is wrong with the order of two notices: which name the second one carries hangs on it."""
    move = facts.move
    if move is None:
        return
    by_day = First.MOVE if move.moved_on < facts.marriage_date else First.MARRIAGE
    if move.moved_on == facts.marriage_date:
        if move.first is None:
            yield Problem("/move/first", "invalid-order-not-said")
    elif move.first not in {None, by_day}:
        yield Problem("/move/first", "invalid-contradicts-facts")


def _owned(facts: MarriageFacts) -> Iterator[tuple[str, Owned]]:
    for place, owned in owned_things(facts).items():
        for number, thing in enumerate(owned):
            yield f"{place}/{number}", thing


def owned_things(facts: MarriageFacts) -> dict[str, tuple[Owned, ...]]:
    """Return what one of the two owns or holds several of, by the JSON pointer to the list."""
    held = facts.contracts
    return {
        "/vehicles": facts.vehicles,
        "/realEstate": facts.real_estate,
        "/contracts/electricity": held.electricity,
        "/contracts/gas": held.gas,
        "/contracts/water": held.water,
        "/contracts/telephone": held.telephone,
        "/contracts/newspaper": held.newspaper,
        "/contracts/nhk": held.nhk,
        "/contracts/isp": held.isp,
        "/contracts/shops": held.shops,
        "/contracts/banks": held.banks,
        "/contracts/creditCards": held.credit_cards,
        "/contracts/mobiles": held.mobiles,
        "/contracts/insurance": held.insurance,
        "/contracts/securities": held.securities,
    }
