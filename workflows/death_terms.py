# SPDX-License-Identifier: Apache-2.0
"""The terms in which the procedures of a death are written: about whom, when, to whom, until when.

A subject is a JSON pointer into the facts (`/people/1`, `/estate/realEstate/0`), "" where a procedure is
about the death itself. An heir is the person whom `heirs` names.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from pydantic import BaseModel

from engine.core.calendars import Authority
from engine.core.deadline_rules import FactDay, Nature, Severity, Within
from engine.core.deadlines import due
from engine.core.declaration import Condition, Receiver, Sought
from engine.core.periods import Unit
from engine.core.text import Text
from workflows.calendar_japan import calendar_for
from workflows.common import Address, Contract, both
from workflows.death_estate_facts import (
    BankAccount,
    Contracts,
    Dog,
    Ended,
    Mobile,
    Policy,
    RealEstate,
    Vehicle,
)
from workflows.death_facts import DeathFacts, NoticeDesk
from workflows.death_people import Heir, Related, Relation
from workflows.registers import Register
from workflows.terms import named, office_at, pension_service

Subjects = Callable[[DeathFacts], tuple[str, ...]]

GATE: Final = "acceptance"
DELIBERATION_ENDS: Final = "deliberation_ends"
NOTICE: Final = ("death.death-notice", "death.disappearance")  # one of them is in every case

# --- days -------------------------------------------------------------------------------------------

DIED: Final = FactDay(name="died_on", text=both("亡くなった日", "the day of the death"))
DIED_AT: Final = FactDay(name="died_moment", text=both("死亡", "the death"))
NOTIFIER_LEARNED: Final = FactDay(
    name="notifier_learned_on",
    text=both("届出人が死亡の事実を知った日", "the day on which the notifier learned of the death"),
    nature=Nature.LEARNED,
)
HEIR_LEARNED: Final = FactDay(
    name="learned_on",
    text=both("自分が相続人になったことを知った日", "the day on which the heir knew of being one"),
    nature=Nature.LEARNED,
)
EXTENDED: Final = FactDay(
    name="extended_until",
    text=both("家庭裁判所が伸長した期間の末日", "the last day of the time that the court has given"),
    nature=Nature.PLANNED,
)
FIRST_LEARNED: Final = FactDay(
    name="first_learned_on",
    text=both("相続人のうち最初の人が知った日", "the day on which the first of the heirs knew of being one"),
    nature=Nature.LEARNED,
)
OWNERSHIP_KNOWN: Final = FactDay(
    name="ownership_known_on",
    text=both(
        "相続の開始と所有権の取得を知った日", "the day on which an heir knew of the death and the ownership"
    ),
    nature=Nature.LEARNED,
)
INFRINGED: Final = FactDay(
    name="infringed_on",
    text=both(
        "遺留分の侵害を知った日", "the day on which the heir learned that the reserved share is infringed"
    ),
    nature=Nature.LEARNED,
)
FUNERAL: Final = FactDay(name="funeral_on", text=both("葬儀の日", "the day of the funeral"))
DIVIDED: Final = FactDay(
    name="divided_on", text=both("遺産分割がまとまった日", "the day on which the heirs divided the estate")
)
GUARDIAN_SINCE: Final = FactDay(
    name="guardian_since", text=both("後見人に就いた日", "the day on which the guardian took office")
)
DECLARED_FINAL: Final = FactDay(
    name="final_on", text=both("失踪宣告の裁判が確定した日", "the day on which the declaration became final")
)


def within(
    amount: int,
    unit: Unit,
    basis: str,
    *,
    severity: Severity,
    of: FactDay = DIED,
    authority: Authority = Authority.MUNICIPAL,
    confirm: bool = False,
) -> Within:
    """Return a period that closed days make longer."""
    return Within(
        of=of, amount=amount, unit=unit, authority=authority, severity=severity, basis=basis, confirm=confirm
    )


def limitation(years: int, basis: str, *, severity: Severity, of: FactDay = DIED) -> Within:
    """Return a limitation period (時効): nobody should rely on a roll (民法142条)."""
    return Within(
        of=of,
        amount=years,
        unit=Unit.YEARS,
        authority=Authority.NATIONAL,
        severity=severity,
        basis=basis,
        rolls=False,
    )


DELIBERATION: Final = within(
    3,
    Unit.MONTHS,
    "民法915条1項",
    severity=Severity.RIGHT_LOST,
    of=HEIR_LEARNED,
    authority=Authority.COURT,
)


def deliberates_until(heir: Heir) -> date | None:
    """Return the last day on which the heir can still renounce; None while they have not learned of it."""
    if heir.learned_on is None:
        return None
    last = due(DELIBERATION, {HEIR_LEARNED.name: heir.learned_on}, calendar_for(None)).last_day
    return max(day for day in (last, heir.extended_until) if day is not None)


def deliberation_ends(facts: DeathFacts) -> date | None:
    """Return the last day of the last heir: who has said nothing by its end has accepted (921条2号).

    None while an heir has not learned of being one, for then nothing has begun to run.
    """
    ends = [deliberates_until(heir) for heir in facts.present_heirs]
    known = [day for day in ends if day is not None]
    return max(known) if known and len(known) == len(ends) else None


def dates(facts: DeathFacts) -> Mapping[str, date]:
    """Return the days that deadlines run from, the death first. What is not known is not there."""
    found = {
        DIED.name: facts.died_on,
        DIED_AT.name: facts.died_moment,
        NOTIFIER_LEARNED.name: facts.notifier.learned_on,
        FIRST_LEARNED.name: _first_learned(facts),
        FUNERAL.name: facts.funeral.day if facts.funeral else None,
        DIVIDED.name: facts.estate.divided_on,
        GUARDIAN_SINCE.name: facts.guardianship.since if facts.guardianship else None,
        DECLARED_FINAL.name: facts.disappearance.final_on if facts.disappearance else None,
        DELIBERATION_ENDS: deliberation_ends(facts),
    }
    return {name: day for name, day in found.items() if day is not None}


def dates_of(facts: DeathFacts, subject: str) -> Mapping[str, date]:
    """Return the days that are an heir's or a property's own."""
    heir, thing = heir_at(facts, subject), thing_at(facts, subject)
    found: dict[str, date | None] = {}
    if heir is not None:
        found = {
            HEIR_LEARNED.name: heir.learned_on,
            EXTENDED.name: heir.extended_until,
            INFRINGED.name: heir.infringed_on,
        }
    if isinstance(thing, RealEstate):
        found = {OWNERSHIP_KNOWN.name: _ownership_known(facts, thing)}
    return {name: day for name, day in found.items() if day is not None}


DATE_NAMES: Final = frozenset(
    {
        *(DIED.name, DIED_AT.name, NOTIFIER_LEARNED.name, FIRST_LEARNED.name, FUNERAL.name),
        *(DIVIDED.name, GUARDIAN_SINCE.name, DECLARED_FINAL.name, DELIBERATION_ENDS),
        *(HEIR_LEARNED.name, EXTENDED.name, INFRINGED.name, OWNERSHIP_KNOWN.name),
    }
)


def _first_learned(facts: DeathFacts) -> date | None:
    return min((one.learned_on for one in facts.present_heirs if one.learned_on), default=None)


def _ownership_known(facts: DeathFacts, land: RealEstate) -> date | None:
    """Return when the first heir knew of both, the death and that it was owned (不動産登記法76条の2)."""
    learned = _first_learned(facts)
    return max(learned, land.known_on or learned) if learned else None


# --- whom it is about -------------------------------------------------------------------------------


def thing_at(facts: DeathFacts, subject: str) -> BaseModel | None:
    """Return the person or thing that a subject points to, None where it is about the death."""
    place, _, number = subject.rpartition("/")
    several = facts.things.get(place)
    return several[int(number)] if several is not None else None


def heir_at(facts: DeathFacts, subject: str) -> Heir | None:
    """Return as which heir the person inherits whom a subject is about: an heir is told as a person."""
    place, _, number = subject.rpartition("/")
    return next((one for one in facts.heirs if place == "/people" and one.person == int(number)), None)


def person_of(facts: DeathFacts, subject: str) -> Related:
    """Return whom a subject is about: the heir, the claimant, who takes a thing; else the notifier."""
    match thing_at(facts, subject):
        case Related() as person:
            return person
        case Dog() as dog:
            return facts.people[dog.new_owner]
        case Policy(beneficiary=number) if number is not None:
            return facts.people[number]
        case RealEstate(taken_by=number) | Vehicle(taken_by=number) if number is not None:
            return facts.people[number]
        case _:
            return facts.informant


def things(place: str, which: Callable[..., bool] = lambda *_: True) -> Subjects:
    """Return the subjects of a procedure that is about some of what stands at a place of the facts."""

    def subjects(facts: DeathFacts) -> tuple[str, ...]:
        return tuple(f"{place}/{n}" for n, one in enumerate(facts.things[place]) if which(facts, one))

    return subjects


def heirs(which: Callable[[DeathFacts, Heir], bool]) -> Subjects:
    """Return the subjects of a procedure that is about some of the heirs: the persons whom they are."""

    def subjects(facts: DeathFacts) -> tuple[str, ...]:
        return tuple(f"/people/{one.person}" for one in facts.heirs if which(facts, one))

    return subjects


def kin(
    facts: DeathFacts, order: tuple[Relation, ...], which: Callable[[Related], bool] = lambda _: True
) -> int | None:
    """Return the person who comes first in an order of relations; of equals, the first that was told."""
    found = [n for n, one in enumerate(facts.people) if one.relation in order and which(one)]
    return min(found, key=lambda n: (order.index(facts.people[n].relation), n), default=None)


def one_person(which: Callable[[DeathFacts], int | None]) -> Subjects:
    """Return the subject of a procedure that one person does."""

    def subjects(facts: DeathFacts) -> tuple[str, ...]:
        number = which(facts)
        return (f"/people/{number}",) if number is not None else ()

    return subjects


def had_registered(facts: DeathFacts, subject: str) -> bool:
    """Say whether the deceased had asked that this company be told of the death (本人の事前登録)."""
    match thing_at(facts, subject):
        case Ended() | BankAccount() as thing:
            return thing.registered
        case _:
            return False


def had_registered_one(of: Callable[[Contracts], Ended | None]) -> Callable[[DeathFacts, str], bool]:
    """Return the same question about a contract of which there is one."""

    def registered(facts: DeathFacts, _: str) -> bool:
        contract = of(facts.contracts)
        return contract is not None and contract.registered

    return registered


# --- when it applies --------------------------------------------------------------------------------


def has(of: Callable[[Contracts], object], text: Text) -> Condition[DeathFacts]:
    """Return the condition that there is a contract."""
    return Condition(text, lambda facts: bool(of(facts.contracts)))


ALWAYS: Final[Condition[DeathFacts]] = Condition(both("すべての死亡", "Every death"), lambda _: True)
SEEN: Final[Condition[DeathFacts]] = Condition(
    both("医師が死亡を確かめた（失踪宣告ではない）", "A doctor has seen the death; no court declared it"),
    lambda facts: not facts.is_declared,
)
CREMATED: Final[Condition[DeathFacts]] = Condition(
    both("国内で火葬する", "There is a cremation in Japan"),
    lambda facts: facts.cremation is not None,
)

# --- to whom ----------------------------------------------------------------------------------------


def _at(address: Address) -> Sought:
    return Sought(address.text, area=address.municipality)


def _home(facts: DeathFacts) -> Sought:
    return _at(facts.deceased.address)


def _desk(facts: DeathFacts) -> Sought:
    """Return the desk of the place of death, the honseki or the notifier (戸籍法25条、88条)."""
    honseki, address = facts.deceased.honseki, facts.informant.address
    if facts.desk is NoticeDesk.HONSEKI and honseki is not None:
        return _kept_at(honseki)
    if facts.desk is NoticeDesk.NOTIFIER and address is not None:
        return _at(address)
    return _at(facts.place) if facts.place is not None else _home(facts)


def _kept_at(honseki: Register) -> Sought:
    return Sought(both(honseki.city, honseki.city), area=honseki.municipality)


def _register(facts: DeathFacts) -> Sought:
    honseki = facts.deceased.honseki
    return _kept_at(honseki) if honseki is not None else _home(facts)


def office(kind: str, ja: str, en: str) -> Receiver[DeathFacts]:
    """Return the office of that name for the last address: `{prefecture}` and `{city}` are filled in."""
    return Receiver(kind, lambda facts: office_at(facts.deceased.address, ja, en))


def nationwide(kind: str, ja: str, en: str) -> Receiver[DeathFacts]:
    """Return the one office or company of its kind in the country."""
    return Receiver(kind, lambda _: Sought(both(ja, en)))


def _named(contract: Contract | BankAccount | Mobile | None, unnamed: Text, *, is_chosen: bool) -> Sought:
    told = contract or Contract()
    return named(told.company, told.company_name, unnamed, is_chosen=is_chosen)


def company(
    kind: str, of: Callable[[DeathFacts], Contract | None], unnamed: Text, *, is_chosen: bool = True
) -> Receiver[DeathFacts]:
    """Return the company of the contract; one that has no competitors need not be chosen."""
    return Receiver(kind, lambda facts: _named(of(facts), unnamed, is_chosen=is_chosen))


def each_company(kind: str, unnamed: Text) -> Receiver[DeathFacts]:
    """Return the company of the thing that the procedure is about: each has its own."""

    def each(facts: DeathFacts, subject: str) -> Sought:
        match thing_at(facts, subject):
            case Ended() | BankAccount() | Mobile() as thing:
                return _named(thing, unnamed, is_chosen=True)
            case _:
                return _named(None, unnamed, is_chosen=True)

    return Receiver(kind, each=each)


def of_land(kind: str, ja: str, en: str) -> Receiver[DeathFacts]:
    """Return the office of that name where the land lies."""

    def each(facts: DeathFacts, subject: str) -> Sought:
        thing = thing_at(facts, subject)
        return Sought(both(ja, en), area=thing.municipality if isinstance(thing, RealEstate) else None)

    return Receiver(kind, each=each)


def of_person(kind: str, unnamed: Text) -> Receiver[DeathFacts]:
    """Return the municipality where the person lives whom the procedure is about."""

    def each(facts: DeathFacts, subject: str) -> Sought:
        address = person_of(facts, subject).address
        return _at(address) if address is not None else Sought(unnamed)

    return Receiver(kind, each=each)


DESK: Final = Receiver("MUNI-K", _desk)
REGISTER: Final = Receiver("MUNI-K", _register)
MUNICIPALITY: Final = Receiver("MUNI", _home)
PERSONS_MUNICIPALITY: Final = of_person("MUNI", both("お住まいの市区町村", "Your municipality"))
PERSONS_REGISTER: Final = of_person("MUNI-K", both("お住まいの市区町村", "Your municipality"))
PENSION_SERVICE: Final[Receiver[DeathFacts]] = pension_service()
POLICE: Final = office("POLICE", "{prefecture}公安委員会（警察署）", "Police of {prefecture}")
COURT: Final = office("COURT", "家庭裁判所（{prefecture}）", "Family court of {prefecture}")
TAX_OFFICE: Final = office("NTA", "税務署（{city}）", "Tax office for {city}")
LABOUR_OFFICE: Final = office(
    "LABOUR", "労働基準監督署（{prefecture}）", "Labour standards office, {prefecture}"
)
PASSPORTS: Final = office("MOFA", "{prefecture}の旅券事務所", "Passport office of {prefecture}")
LATE_ELDERLY: Final = office(
    "WIDE",
    "{prefecture}後期高齢者医療広域連合（{city}）",
    "Late-elderly insurance of {prefecture}, at {city}",
)
REGISTRY: Final = of_land("REG", "不動産を管轄する法務局", "The Legal Affairs Bureau of the property")
