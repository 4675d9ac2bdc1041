# SPDX-License-Identifier: Apache-2.0
"""What parents cannot tell so: names that no child may have, who may not notify, contradictions.

The characters of given names are checked by the lists of the law (`name_characters.py`). Readings are
checked for their letters only: whether one is generally accepted (戸籍法13条2項) is for the desk.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from engine.core.errors import Problem
from engine.core.periods import age_on
from workflows.birth_facts import BirthFacts, FilerRole, Leave, Newborn, Parent, ParentRole, RecognitionKind
from workflows.name_characters import is_name

_ONE_DAY: Final = timedelta(days=1)
_EARLIEST: Final = timedelta(days=160)  # before the day it was due
_SIGNS_FROM: Final = 15  # 公的個人認証法3条


def doubts(facts: BirthFacts, today: date) -> tuple[Problem, ...]:
    """Return what cannot be so, each with its place."""
    return tuple(_doubts(facts, today))


def _doubts(facts: BirthFacts, today: date) -> Iterator[Problem]:
    for number, child in enumerate(facts.children):
        yield from _child(facts, child, f"/children/{number}", today)
    yield from _names(facts)
    for place, parent in facts.parents.items():
        yield from _parent(facts, parent, place, today)
    yield from _father(facts)
    yield from _filer(facts, today)
    yield from _where(facts)
    yield from _claims(facts, today)


def _child(facts: BirthFacts, child: Newborn, place: str, today: date) -> Iterator[Problem]:
    if child.born_on > today:
        yield Problem(f"{place}/bornOn", "invalid-not-born-yet")
    elif child.born_on - facts.birth_date > _ONE_DAY:
        yield Problem(f"{place}/bornOn", "invalid-contradicts-facts")  # another birth is another case
    if child.was_born_alive:
        told = {"name": child.name, "kana": child.kana, "sex": child.sex}
        yield from (
            Problem(f"{place}/{name}", "invalid-missing") for name, value in told.items() if not value
        )
    elif child.weeks is None:
        yield Problem(f"{place}/weeks", "invalid-missing")
    if child.name and facts.is_japanese and not is_name(child.name.given):
        yield Problem(f"{place}/name/given", "invalid-not-a-name-character")
    if child.name and child.name.family not in _surnames(facts):
        yield Problem(f"{place}/name/family", "invalid-contradicts-facts")  # 民法790条
    if not child.lives and (child.wants_card or child.wants_passport or child.daycare):
        yield Problem(f"{place}/outcome", "invalid-contradicts-facts")


def _surnames(facts: BirthFacts) -> set[str]:
    """Return the surnames that a child may get: the mother's alone, where the parents are not married."""
    names = {facts.mother.name.family}
    if facts.father and facts.is_legitimate:
        names.add(facts.father.name.family)
    return names


def _names(facts: BirthFacts) -> Iterator[Problem]:
    taken = set()
    for number, child in enumerate(facts.children):
        if child.name is None:
            continue
        if child.name in taken:
            yield Problem(f"/children/{number}/name", "invalid-same-person")  # one register, one name
        taken.add(child.name)


def _parent(facts: BirthFacts, parent: Parent, place: str, today: date) -> Iterator[Problem]:
    if parent.birth_date > today:
        yield Problem(f"{place}/birthDate", "invalid-not-born-yet")
    elif parent.birth_date >= facts.birth_date:
        yield Problem(f"{place}/birthDate", "invalid-contradicts-facts")
    if parent.family_register is None and parent.nationality is None:
        yield Problem(f"{place}/familyRegister", "invalid-missing")
    if parent.family_register and parent.nationality:
        yield Problem(f"{place}/nationality", "invalid-contradicts-facts")
    if parent.family_register and parent.residence:
        yield Problem(f"{place}/residence", "invalid-contradicts-facts")
    if parent.address is None and parent.abroad is None:
        yield Problem(f"{place}/address", "invalid-missing")
    if parent.address and parent.abroad:
        yield Problem(f"{place}/abroad", "invalid-contradicts-facts")
    if parent.address is None and parent.has_card:
        yield Problem(f"{place}/hasCard", "invalid-contradicts-facts")
    if parent.dependant and parent.national_pension:
        yield Problem(f"{place}/nationalPension", "invalid-contradicts-facts")
    yield from _leaves(parent, place)


def _leaves(parent: Parent, place: str) -> Iterator[Problem]:
    leaves: dict[str, Leave | None] = {
        "maternityLeave": parent.maternity_leave,
        "childcareLeave": parent.childcare_leave,
    }
    for name, leave in leaves.items():
        if leave and leave.ends_on < leave.starts_on:
            yield Problem(f"{place}/{name}/endsOn", "invalid-contradicts-facts")
        if leave and parent.employer is None:
            yield Problem(f"{place}/{name}", "invalid-contradicts-facts")


def _father(facts: BirthFacts) -> Iterator[Problem]:
    if facts.father is None and (facts.parents_married or facts.recognition):
        yield Problem("/father", "invalid-missing")
    if facts.father and facts.father.maternity_leave:
        yield Problem("/father/maternityLeave", "invalid-contradicts-facts")
    if facts.divorced_before_birth and facts.parents_married:
        yield Problem("/divorcedBeforeBirth", "invalid-contradicts-facts")
    if facts.recognition and facts.is_legitimate:
        yield Problem("/recognition", "invalid-contradicts-facts")
    if facts.recognition and (facts.recognition.kind is RecognitionKind.JUDGMENT) != bool(
        facts.recognition.judged_on
    ):
        yield Problem("/recognition/judgedOn", "invalid-contradicts-facts")
    if facts.raises_alone and facts.parents_married:
        yield Problem("/raisesAlone", "invalid-contradicts-facts")
    if facts.father is None and facts.lives_with is ParentRole.FATHER:
        yield Problem("/livesWith", "invalid-contradicts-facts")
    if not facts.has_legal_father:
        if facts.supported_by is ParentRole.FATHER:
            yield Problem("/supportedBy", "invalid-contradicts-facts")
        if facts.allowance and facts.allowance.recipient is ParentRole.FATHER:
            yield Problem("/allowance/recipient", "invalid-contradicts-facts")


def _filer(facts: BirthFacts, today: date) -> Iterator[Problem]:
    """Yield what is wrong with who notifies: the order of 戸籍法52条."""
    filer = facts.filer
    if filer.role not in _first_filers(facts) and not (_is_later(filer.role) and filer.parents_cannot):
        yield Problem("/filer/role", "invalid-may-not-file")
    if _is_later(filer.role) and filer.name is None:
        yield Problem("/filer/name", "invalid-missing")
    parent = facts.filing_parent
    if parent and parent.birth_date <= today and age_on(parent.birth_date, today) < _SIGNS_FROM:
        place = "/father" if filer.role is FilerRole.FATHER else "/mother"
        yield Problem(f"{place}/birthDate", "invalid-needs-representative")


def _first_filers(facts: BirthFacts) -> frozenset[FilerRole]:
    """Return who notifies first: both parents of a marriage; else, and after a divorce, the mother."""
    if facts.parents_married and facts.father:
        return frozenset({FilerRole.FATHER, FilerRole.MOTHER})
    return frozenset({FilerRole.MOTHER})


def _is_later(role: FilerRole) -> bool:
    return role not in {FilerRole.FATHER, FilerRole.MOTHER}


def _where(facts: BirthFacts) -> Iterator[Problem]:
    abroad = facts.born_abroad
    if abroad is None and facts.place.municipality is None:
        yield Problem("/place/municipality", "invalid-missing")
    if abroad and facts.place.municipality:
        yield Problem("/place/municipality", "invalid-contradicts-facts")
    if facts.consulate and (abroad is None or facts.desk):
        yield Problem("/consulate", "invalid-contradicts-facts")
    if facts.desk is None and facts.consulate is None:
        yield Problem("/desk", "invalid-missing")
    if abroad and abroad.reserves and not (abroad.got_nationality and facts.is_japanese):
        yield Problem("/bornAbroad/reserves", "invalid-contradicts-facts")
    if facts.due_date and not -_EARLIEST <= facts.birth_date - facts.due_date <= _EARLIEST / 4:
        yield Problem("/dueDate", "invalid-contradicts-facts")
    if facts.foetuses < len(facts.children):
        yield Problem("/foetuses", "invalid-contradicts-facts")


def _claims(facts: BirthFacts, today: date) -> Iterator[Problem]:
    for number, sibling in enumerate(facts.siblings):
        if sibling.birth_date > today:
            yield Problem(f"/siblings/{number}/birthDate", "invalid-not-born-yet")
        elif sibling.birth_date >= facts.birth_date:
            yield Problem(f"/siblings/{number}/birthDate", "invalid-contradicts-facts")
    if facts.allowance and facts.allowance.already and not facts.siblings:
        yield Problem("/allowance/already", "invalid-contradicts-facts")
    for number, wish in enumerate(facts.opt_ins):
        if wish.owner >= len(facts.children):
            yield Problem(f"/optIns/{number}/owner", "invalid-out-of-range")
        elif not facts.children[wish.owner].lives:
            yield Problem(f"/optIns/{number}/owner", "invalid-contradicts-facts")
