# SPDX-License-Identifier: Apache-2.0
"""The terms in which the procedures of a birth are written: about whom, when, to whom, until when.

A subject is one child (`/children/0`), one parent (`/mother`), or a wish about a child (`/optIns/0`).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from engine.core.calendars import Authority
from engine.core.deadline_rules import FactDay, Nature, Severity, Within
from engine.core.declaration import Condition, Receiver, Sought
from engine.core.periods import Counting, Unit
from workflows.birth_facts import BirthFacts, Newborn, OptIn, Parent
from workflows.common import Address, both
from workflows.persons import Workplace
from workflows.terms import days_from, named, office_at

Subjects = Callable[[BirthFacts], tuple[str, ...]]

# --- days -------------------------------------------------------------------------------------------

BIRTH_DATE: Final = FactDay(name="birth_date", text=both("出生の日", "the day of birth"))
# The same day, in words for those who lost a child too.
DELIVERY: Final = FactDay(name="birth_date", text=both("出産の日", "the day of the delivery"))
LEAVE_DATE: Final = FactDay(
    name="leave_date", text=both("産前休業で休み始めた日", "the first day of maternity leave")
)
JUDGED_ON: Final = FactDay(
    name="judged_on", text=both("認知の裁判が確定した日", "the day on which the judgment became final")
)
DUE_DATE: Final = FactDay(
    name="due_date", text=both("出産予定日", "the day on which it was due"), nature=Nature.PLANNED
)


NOTICE_BASIS: Final = "戸籍法49条1項、43条1項、137条"


def months_abroad(severity: Severity, basis: str, *, rolls: bool) -> Within:
    """Return the three months that a birth abroad has, its own day being the first."""
    return Within(
        of=BIRTH_DATE,
        amount=3,
        unit=Unit.MONTHS,
        authority=Authority.MUNICIPAL,
        severity=severity,
        basis=basis,
        counting=Counting.FROM_SAME_DAY,
        rolls=rolls,
        confirm=True,  # a consulate has closed days of its own
    )


# The day of birth is day one (戸籍法43条1項), here as abroad.
NOTICE_PERIOD: Final = days_from(
    BIRTH_DATE, 14, NOTICE_BASIS, severity=Severity.FINE, counting=Counting.FROM_SAME_DAY
)

# --- whom it is about -------------------------------------------------------------------------------


def wish_at(facts: BirthFacts, subject: str) -> OptIn | None:
    """Return the wish that a subject points to."""
    place, _, number = subject.rpartition("/")
    return facts.opt_ins[int(number)] if place == "/optIns" else None


def child_of(facts: BirthFacts, subject: str) -> Newborn:
    """Return the child whom a subject is about, else the first."""
    wish = wish_at(facts, subject)
    if wish is not None:
        return facts.children[wish.owner]
    place, _, number = subject.rpartition("/")
    return facts.children[int(number)] if place == "/children" else facts.children[0]


def parent_of(facts: BirthFacts, subject: str) -> Parent:
    """Return the parent whom a subject is about: themselves, of a child who supports it."""
    return facts.parents.get(subject, facts.supporter)


def days_of(facts: BirthFacts, subject: str) -> Mapping[str, date]:
    """Return the days that a child has of its own: twins may be born on two."""
    child = child_of(facts, holder_of(facts, subject))
    return {"birth_date": child.born_on} if holder_of(facts, subject).startswith("/children/") else {}


def holder_of(facts: BirthFacts, subject: str) -> str:
    """Return the child whom a wish is about."""
    wish = wish_at(facts, subject)
    return f"/children/{wish.owner}" if wish else subject


def children(which: Callable[[BirthFacts, Newborn], bool]) -> Subjects:
    """Return the subjects of a procedure that is about some of the children."""

    def subjects(facts: BirthFacts) -> tuple[str, ...]:
        return tuple(f"/children/{n}" for n, child in enumerate(facts.children) if which(facts, child))

    return subjects


def parents(which: Callable[[BirthFacts, Parent], bool]) -> Subjects:
    """Return the subjects of a procedure that is about one or both of the parents."""

    def subjects(facts: BirthFacts) -> tuple[str, ...]:
        return tuple(place for place, parent in facts.parents.items() if which(facts, parent))

    return subjects


def the_mother(which: Callable[[BirthFacts, Parent], bool]) -> Subjects:
    """Return the subject of a procedure that is about the mother alone."""
    return lambda facts: ("/mother",) if which(facts, facts.mother) else ()


# --- when it applies --------------------------------------------------------------------------------

NOTICE: Final = ("birth.birth-notice",)
RECORD: Final = ("birth.resident-record",)

EVERY_BIRTH: Final[Condition[BirthFacts]] = Condition(both("すべての出生", "Every birth"), lambda _: True)

living: Final = children(lambda facts, child: child.lives and facts.home is not None)
born_alive: Final = children(lambda _, child: child.was_born_alive)


# --- to whom ----------------------------------------------------------------------------------------


def _desk(facts: BirthFacts) -> Sought:
    if facts.desk is None:
        name = facts.consulate or "在外公館"
        return Sought(both(name, name))
    city = facts.desk.city
    return Sought(both(f"{city}（戸籍窓口）", f"{city}, family register"), area=facts.desk.municipality)


def _register(facts: BirthFacts) -> Sought:
    register = facts.family_register
    if register is None:
        return _desk(facts)
    return Sought(
        both(f"{register.city}（本籍地）", f"{register.city}, family register"), area=register.municipality
    )


def _at(home: Address | None, ja: str, en: str) -> Sought:
    if home is None:
        return Sought(both("住所地の市区町村", "The municipality where they live"))
    return office_at(home, ja, en)


def office(kind: str, ja: str, en: str) -> Receiver[BirthFacts]:
    """Return the office of that name where the child lives."""
    return Receiver(kind, lambda facts: _at(facts.home, ja, en))


def _work(work: Workplace | None, ja: str, en: str) -> Sought:
    unnamed = both(ja, en)
    return named(work.company, work.company_name, unnamed) if work else Sought(unnamed, is_chosen=True)


def _insurer(facts: BirthFacts, _: str) -> Sought:
    """Return who pays for the birth: the mother's insurer, or the municipality where it is 国保."""
    mother = facts.mother
    if mother.is_in_national_insurance:
        return _at(mother.address, "{city}（国民健康保険）", "{city}, National Health Insurance")
    return _work(mother.insurer, "母の健康保険の保険者", "The mother's health insurer")


def _hospital(facts: BirthFacts) -> Sought:
    name = facts.place.facility or "出産に立ち会った医師・助産師"
    return Sought(both(name, facts.place.facility or "The doctor or midwife"))


def _chosen(facts: BirthFacts, subject: str) -> Sought:
    wish = wish_at(facts, subject)
    unnamed = both("選んだ会社", "The company that was chosen")
    return named(wish.company, wish.company_name, unnamed) if wish else Sought(unnamed, is_chosen=True)


REGISTER_DESK: Final = Receiver("MUNI-K", _desk)
REGISTER_PLACE: Final = Receiver("MUNI-K", _register)
MUNICIPALITY: Final = office("MUNI", "{city}", "{city}")
MOTHERS_MUNICIPALITY: Final[Receiver[BirthFacts]] = Receiver(
    "MUNI", lambda facts: _at(facts.mother.address, "{city}", "{city}")
)
# It hangs on where the recipient lives, wherever the birth is notified (里帰り出産).
RECIPIENTS_MUNICIPALITY: Final[Receiver[BirthFacts]] = Receiver(
    "MUNI", lambda facts: _at(facts.recipient.address, "{city}", "{city}")
)
EACH_PARENTS_MUNICIPALITY: Final[Receiver[BirthFacts]] = Receiver(
    "MUNI", each=lambda facts, subject: _at(parent_of(facts, subject).address, "{city}", "{city}")
)
EMPLOYER: Final[Receiver[BirthFacts]] = Receiver(
    "EMP", each=lambda facts, subject: _work(parent_of(facts, subject).employer, "勤務先", "The employer")
)
INSURER: Final = Receiver("HINS", each=_insurer)
HOSPITAL: Final = Receiver("HOSPITAL", _hospital)
PASSPORTS: Final = office("MOFA", "{prefecture}の旅券窓口", "Passport office of {prefecture}")
IMMIGRATION: Final = office(
    "IMM", "{prefecture}を管轄する出入国在留管理局", "Immigration office for {prefecture}"
)
CHOSEN_COMPANY: Final = Receiver("PRIV-OPT-IN", each=_chosen)
