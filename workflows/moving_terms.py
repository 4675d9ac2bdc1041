# SPDX-License-Identifier: Apache-2.0
"""The terms in which the procedures of a move are written: about whom, when, to whom, until when."""

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel

from engine.core.deadline_rules import FactDay, Nature, Severity, Within
from engine.core.declaration import Condition, Receiver, Sought
from engine.core.text import Text
from workflows.common import Contract, both
from workflows.holdings import BankAccount, Held, Mobile, Owned, RealEstate
from workflows.moving_facts import Contracts, Employer, Mover, MovingFacts, Side, owned_things
from workflows.terms import days_from, named, nobody, office_at, pension_service

Subjects = Callable[[MovingFacts], tuple[str, ...]]

# --- days -------------------------------------------------------------------------------------------

MOVING_DATE: Final = FactDay(
    name="moving_date", text=both("引越しの日", "the day of the move"), nature=Nature.PLANNED
)
# What counts for 転入届 is the day on which they really moved in, not the planned one.
MOVED_IN: Final = FactDay(
    name="moving_date", text=both("住み始めた日", "the day of moving in"), nature=Nature.HAPPENED
)


def fortnight(basis: str, severity: Severity, *, confirm: bool = False) -> Within:
    """Return the fourteen days from moving in that most municipal duties have."""
    return days_from(MOVED_IN, 14, basis, severity=severity, confirm=confirm)


# --- whom it is about -------------------------------------------------------------------------------


def thing_at(facts: MovingFacts, subject: str) -> BaseModel | None:
    """Return the person or thing that a subject points to, None where it is about the household."""
    place, _, number = subject.rpartition("/")
    if place == "/movers":
        return facts.movers[int(number)]
    things = owned_things(facts).get(place)
    return things[int(number)] if things is not None else None


def person_of(facts: MovingFacts, subject: str) -> Mover:
    """Return the person whom a subject is about: the owner of a thing, else the applicant."""
    match thing_at(facts, subject):
        case Mover() as mover:
            return mover
        case Owned() as owned:
            return facts.movers[owned.owner]
        case _:
            return facts.applicant


def movers(which: Callable[[MovingFacts, Mover], bool]) -> Subjects:
    """Return the subjects of a procedure that is about some of the movers."""

    def subjects(facts: MovingFacts) -> tuple[str, ...]:
        return tuple(f"/movers/{n}" for n, mover in enumerate(facts.movers) if which(facts, mover))

    return subjects


# --- when it applies --------------------------------------------------------------------------------


def has(of: Callable[[Contracts], object], text: Text) -> Condition[MovingFacts]:
    """Return the condition that there is a contract."""
    return Condition(text, lambda facts: bool(of(facts.contracts)))


# One of these is in every move; what does not apply holds nobody up, and carries nobody.
BASE_NOTICES: Final = ("move.move-in-notice", "move.within-city-notice")

ALWAYS: Final[Condition[MovingFacts]] = Condition(both("すべての引越し", "Every move"), lambda _: True)
LEAVES: Final[Condition[MovingFacts]] = Condition(
    both("別の市区町村又は国外へ引っ越す", "The household moves to another municipality or abroad"),
    lambda facts: facts.leaves_municipality,
)
ENTERS: Final[Condition[MovingFacts]] = Condition(
    both("別の市区町村又は国外から引っ越してくる", "The household comes from another municipality or abroad"),
    lambda facts: facts.enters_municipality,
)
STAYS: Final[Condition[MovingFacts]] = Condition(
    both("同じ市区町村の中で引っ越す", "The household moves within one municipality"),
    lambda facts: facts.stays_in_city,
)

# --- to whom ----------------------------------------------------------------------------------------


def _old(facts: MovingFacts) -> Sought:
    return Sought(facts.old_home.text, area=facts.old_home.municipality)


def _new(facts: MovingFacts) -> Sought:
    return Sought(facts.new_home.text, area=facts.new_home.municipality)


def office(kind: str, ja: str, en: str) -> Receiver[MovingFacts]:
    """Return the office of that name for the new address: `{prefecture}` and `{city}` are filled in."""

    return Receiver(kind, lambda facts: office_at(facts.new_home, ja, en))


def company(
    kind: str, of: Callable[[Contracts], Contract | None], unnamed: Text, *, is_chosen: bool = True
) -> Receiver[MovingFacts]:
    """Return the company of the contract; one that has no competitors need not be chosen."""

    def find(facts: MovingFacts) -> Sought:
        contract = of(facts.contracts) or Contract()
        return named(contract.company, contract.company_name, unnamed, is_chosen=is_chosen)

    return Receiver(kind, find)


def each_company(kind: str, unnamed: Text) -> Receiver[MovingFacts]:
    """Return the company of the thing or person that the procedure is about: each has its own."""

    def each(facts: MovingFacts, subject: str) -> Sought:
        match thing_at(facts, subject):
            case Mover(employer=Employer(company=number, company_name=name)):
                return named(number, name, unnamed)
            case (
                Held(company=number, company_name=name)
                | BankAccount(company=number, company_name=name)
                | Mobile(company=number, company_name=name)
            ):
                return named(number, name, unnamed)
            case _:
                return named(None, None, unnamed)

    return Receiver(kind, each=each)


def _household(facts: MovingFacts) -> Sought:
    change = facts.household_change
    return _old(facts) if change and change.side is Side.OLD else _new(facts)


def _waterworks(facts: MovingFacts, subject: str) -> Sought:
    home = facts.old_home if subject == "/oldAddress" else facts.new_home
    return Sought(both(f"{home.city}の水道", f"Waterworks of {home.city}"), area=home.municipality)


def _registry(facts: MovingFacts, subject: str) -> Sought:
    thing = thing_at(facts, subject)
    area = thing.municipality if isinstance(thing, RealEstate) else None
    return Sought(both("不動産を管轄する法務局", "The Legal Affairs Bureau of the property"), area=area)


OLD_MUNICIPALITY: Final = Receiver("MUNI-OLD", _old)
NEW_MUNICIPALITY: Final = Receiver("MUNI-NEW", _new)
HOUSEHOLD_DESK: Final = Receiver("MUNI", _household)
SUPPORT_DESK: Final = Receiver("MUNI", _new)
TAX_DESK: Final = Receiver("MUNI", _old)
WATERWORKS: Final = Receiver("WATER", each=_waterworks)
REGISTRY: Final = Receiver("REG", each=_registry)
NOBODY: Final[Receiver[MovingFacts]] = nobody()
POLICE: Final = office("POLICE", "{prefecture}公安委員会（警察署）", "Police of {prefecture}")
SCHOOLS: Final = office("EDU", "{city}教育委員会", "Board of Education of {city}")
ELECTIONS: Final = office("ELECTION", "{city}選挙管理委員会", "Election commission of {city}")
TRANSPORT: Final = office("MLIT", "{prefecture}の運輸支局", "Transport bureau of {prefecture}")
KEI: Final = office(
    "KEI", "軽自動車検査協会（{prefecture}）", "Light Motor Vehicle Inspection Organization, {prefecture}"
)
LATE_ELDERLY: Final = office(
    "WIDE",
    "{prefecture}後期高齢者医療広域連合（{city}）",
    "Late-elderly insurance of {prefecture}, at {city}",
)
PENSION_SERVICE: Final[Receiver[MovingFacts]] = pension_service()
