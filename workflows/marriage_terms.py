# SPDX-License-Identifier: Apache-2.0
"""The terms in which the procedures of a marriage are written: about whom, when, to whom, until when.

A subject is one of the two (`/spouses/1`), a child, or a thing of one of them.
"""

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel

from engine.core.deadline_rules import FactDay, Nature, Promptness, Severity, Within
from engine.core.declaration import Condition, Receiver, Sought
from engine.core.text import Text
from workflows.common import Address, both
from workflows.holdings import BankAccount, Held, Mobile, Owned, RealEstate, VehicleKind
from workflows.marriage_doubts import owned_things
from workflows.marriage_facts import Child, MarriageFacts, Qualification, Spouse, Vehicle
from workflows.terms import days_from, named, office_at, soft

Subjects = Callable[[MarriageFacts], tuple[str, ...]]

# --- days -------------------------------------------------------------------------------------------

# The day on which the notice is handed in, if it is accepted: deposited at night or not (戸籍法25条).
MARRIAGE_DATE: Final = FactDay(
    name="marriage_date", text=both("婚姻の日（届出の日）", "the day of the marriage"), nature=Nature.PLANNED
)
MARRIED_ABROAD_ON: Final = FactDay(
    name="married_abroad_on", text=both("外国の方式で婚姻が成立した日", "the day of the marriage abroad")
)
MOVE_DATE: Final = FactDay(
    name="move_date", text=both("住み始めた日", "the day of moving in"), nature=Nature.HAPPENED
)
TERMS: Final = soft(Promptness.PROMPTLY, "契約（約款）")


def fortnight(basis: str, severity: Severity, *, confirm: bool = False) -> Within:
    """Return the fourteen days from the marriage that most municipal duties have."""
    return days_from(MARRIAGE_DATE, 14, basis, severity=severity, confirm=confirm)


# --- whom it is about -------------------------------------------------------------------------------


def thing_at(facts: MarriageFacts, subject: str) -> BaseModel | None:
    """Return the person or thing that a subject points to, None where it is about the couple."""
    place, _, number = subject.rpartition("/")
    if place == "/spouses":
        return facts.spouses[int(number)]
    if place == "/children":
        return facts.children[int(number)]
    if place.endswith("/qualifications"):
        return facts.spouses[int(place.split("/")[2])].qualifications[int(number)]
    owned = owned_things(facts).get(place)
    return owned[int(number)] if owned is not None else None


def number_of(facts: MarriageFacts, subject: str) -> int:
    """Return which of the two a subject is about: themselves, the owner of a thing, else the applicant."""
    if subject.startswith("/spouses/"):
        return int(subject.split("/")[2])
    match thing_at(facts, subject):
        case Owned(owner=owner):
            return owner
        case Child(parent=parent):
            return parent
        case _:
            return 0


def holder_of(facts: MarriageFacts, subject: str) -> str:
    """Return the subject of the spouse whose thing or contract this is."""
    return f"/spouses/{number_of(facts, subject)}" if subject else subject


def things_of(facts: MarriageFacts, number: int) -> tuple[str, ...]:
    """Return the subjects that are things, contracts, qualifications and children of one of the two."""
    places = [
        *(f"{place}/{n}" for place, things in owned_things(facts).items() for n, _ in enumerate(things)),
        *(f"/children/{n}" for n, _ in enumerate(facts.children)),
        *(
            f"/spouses/{number}/qualifications/{n}"
            for n, _ in enumerate(facts.spouses[number].qualifications)
        ),
    ]
    return tuple(place for place in places if number_of(facts, place) == number)


def person_of(facts: MarriageFacts, subject: str) -> Spouse:
    """Return the spouse whom a subject is about."""
    return facts.spouses[number_of(facts, subject)]


def spouses(which: Callable[[MarriageFacts, int, Spouse], bool]) -> Subjects:
    """Return the subjects of a procedure that is about some of the two."""

    def subjects(facts: MarriageFacts) -> tuple[str, ...]:
        return tuple(f"/spouses/{n}" for n, one in enumerate(facts.spouses) if which(facts, n, one))

    return subjects


def contracts(place: str, which: Callable[[MarriageFacts, Owned], bool]) -> Subjects:
    """Return the contracts in one of the lists that something has to be told about."""

    def subjects(facts: MarriageFacts) -> tuple[str, ...]:
        held = owned_things(facts)[f"/contracts/{place}"]
        return tuple(f"/contracts/{place}/{n}" for n, one in enumerate(held) if which(facts, one))

    return subjects


def is_holder_renamed(facts: MarriageFacts, thing: Owned) -> bool:
    """Say whether the holder of a contract, or the owner of a thing, has another name."""
    return facts.is_renamed(thing.owner)


# --- when it applies --------------------------------------------------------------------------------

NOTICE: Final = ("marriage.marriage-notice",)
# What the register desk enters; after a foreign surname, that one.
ENTERED: Final = ("marriage.marriage-notice", "marriage.foreign-surname")
RECORD: Final = ("marriage.resident-record-update",)
# From when on a new name can be shown: it is entered, the foreign one by a notice of its own.
NAMED: Final = (*RECORD, "marriage.foreign-surname")

EVERY_MARRIAGE: Final[Condition[MarriageFacts]] = Condition(
    both("すべての婚姻", "Every marriage"), lambda _: True
)

renamed: Final = spouses(lambda facts, n, one: facts.is_renamed(n) and one.lives_in_japan)


# --- to whom ----------------------------------------------------------------------------------------


def home_of(facts: MarriageFacts, subject: str) -> Address:
    """Return where the spouse whom a subject is about lives."""
    return facts.home(number_of(facts, subject))


def _desk(facts: MarriageFacts) -> Sought:
    desk = facts.desk
    return Sought(both(f"{desk.city}（戸籍窓口）", f"{desk.city}, family register"), area=desk.municipality)


def _register_place(facts: MarriageFacts) -> Sought:
    place = facts.register_place
    if place is None:
        return _desk(facts)
    return Sought(both(f"{place.city}（本籍地）", f"{place.city}, family register"), area=place.municipality)


def _own_register(facts: MarriageFacts, subject: str) -> Sought:
    register = person_of(facts, subject).family_register
    if register is None:
        return _desk(facts)
    return Sought(
        both(f"{register.city}（本籍地）", f"{register.city}, family register"), area=register.municipality
    )


def _municipality(facts: MarriageFacts, subject: str) -> Sought:
    return office_at(home_of(facts, subject), "{city}", "{city}")


def _employer_of(facts: MarriageFacts, number: int) -> Sought:
    work = facts.spouses[number].employer
    unnamed = both("勤務先", "The employer")
    return named(work.company, work.company_name, unnamed) if work else Sought(unnamed, is_chosen=True)


def office(kind: str, ja: str, en: str) -> Receiver[MarriageFacts]:
    """Return the office of that name where the spouse lives."""
    return Receiver(kind, each=lambda facts, subject: office_at(home_of(facts, subject), ja, en))


def _vehicle_office(facts: MarriageFacts, subject: str) -> Sought:
    match thing_at(facts, subject):
        case Vehicle(kind=VehicleKind.KEI):
            words = (
                "軽自動車検査協会（{prefecture}）",
                "Light Motor Vehicle Inspection Organization, {prefecture}",
            )
        case _:
            words = ("{prefecture}の運輸支局", "Transport bureau of {prefecture}")
    return office_at(home_of(facts, subject), *words)


def _registry(facts: MarriageFacts, subject: str) -> Sought:
    thing = thing_at(facts, subject)
    area = thing.municipality if isinstance(thing, RealEstate) else None
    return Sought(both("不動産を管轄する法務局", "The Legal Affairs Bureau of the property"), area=area)


def _ministry(facts: MarriageFacts, subject: str) -> Sought:
    thing = thing_at(facts, subject)
    name = thing.ministry if isinstance(thing, Qualification) else None
    return named(None, name, both("資格を登録した官庁", "The ministry that registered it"), is_chosen=False)


def each_company(kind: str, unnamed: Text) -> Receiver[MarriageFacts]:
    """Return the company of the contract that the procedure is about."""

    def each(facts: MarriageFacts, subject: str) -> Sought:
        match thing_at(facts, subject):
            case (
                Held(company=number, company_name=name)
                | BankAccount(company=number, company_name=name)
                | Mobile(company=number, company_name=name)
            ):
                return named(number, name, unnamed)
            case _:
                return named(None, None, unnamed)

    return Receiver(kind, each=each)


REGISTER_DESK: Final = Receiver("MUNI-K", _desk)
REGISTER_PLACE: Final = Receiver("MUNI-K", _register_place)
OWN_REGISTER: Final = Receiver("MUNI-K", each=_own_register)
MUNICIPALITY: Final = Receiver("MUNI", each=_municipality)
NEW_MUNICIPALITY: Final[Receiver[MarriageFacts]] = Receiver(
    "MUNI-NEW",
    lambda facts: office_at(facts.move.new_address if facts.move else facts.home(0), "{city}", "{city}"),
)
EMPLOYER: Final[Receiver[MarriageFacts]] = Receiver(
    "EMP", each=lambda facts, subject: _employer_of(facts, number_of(facts, subject))
)
# Of a dependant, the employer of the one who supports them.
EMPLOYER_OF_OTHER: Final[Receiver[MarriageFacts]] = Receiver(
    "EMP", each=lambda facts, subject: _employer_of(facts, 1 - number_of(facts, subject))
)
POLICE: Final = office("POLICE", "{prefecture}公安委員会（警察署）", "Police of {prefecture}")
PASSPORTS: Final = office("MOFA", "{prefecture}の旅券窓口", "Passport office of {prefecture}")
IMMIGRATION: Final = office(
    "IMM", "{prefecture}を管轄する出入国在留管理局", "Immigration office for {prefecture}"
)
WATERWORKS: Final = office("WATER", "{city}の水道", "Waterworks of {city}")
VEHICLES: Final = Receiver("MLIT", each=_vehicle_office)
REGISTRY: Final = Receiver("REG", each=_registry)
MINISTRY: Final = Receiver("MINISTRY", each=_ministry)
DIGITAL_AGENCY: Final[Receiver[MarriageFacts]] = Receiver(
    "DIGITAL", lambda _: Sought(both("デジタル庁（公金受取口座）", "Digital Agency"))
)
