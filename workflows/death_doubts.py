# SPDX-License-Identifier: Apache-2.0
"""What cannot be so in the facts of a death, each with its place and its code."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from engine.core.errors import EngineError, Problem
from engine.core.periods import TOKYO, age_on
from workflows.death_facts import BEFORE_CREMATION, DeathFacts, NoticeDesk
from workflows.death_people import (
    LINEAL,
    RANKS,
    Capacity,
    Decision,
    Heir,
    Related,
    Relation,
    SpouseState,
)
from workflows.heirs import family_doubts, inheritance
from workflows.persons import HealthInsurance

_POSTHUMOUS = timedelta(days=300)  # 民法772条2項
_SIGNS_FROM = 15  # 公的個人認証法3条, 民法961条


def doubts(facts: DeathFacts, today: date) -> tuple[Problem, ...]:
    """Return what cannot be so, each with its place."""
    return tuple(_doubts(facts, today))


def _doubts(facts: DeathFacts, today: date) -> Iterator[Problem]:
    if facts.died_on > today:
        yield Problem("/diedOn", "invalid-after-today")
    yield from _about_the_death(facts)
    yield from _about_the_deceased(facts)
    yield from _about_the_notifier(facts, today)
    for number, person in enumerate(facts.people):
        yield from _about_a_person(facts, person, f"/people/{number}", today)
    yield from _numbers(facts)
    yield from _about_days(facts, today)
    yield from _about_the_household(facts)
    yield from _about_heirs(facts, today)
    yield from _about_the_family(facts)
    yield from _about_wishes(facts)


def _about_the_death(facts: DeathFacts) -> Iterator[Problem]:
    if facts.place is not None and facts.abroad is not None:
        yield Problem("/abroad", "invalid-contradicts-facts")
    if facts.place is None and facts.abroad is None and not facts.is_declared:
        yield Problem("/place", "invalid-missing")
    if facts.desk is NoticeDesk.HONSEKI and facts.deceased.honseki is None:
        yield Problem("/desk", "invalid-contradicts-facts")
    if facts.desk is NoticeDesk.PLACE_OF_DEATH and facts.place is None and not facts.is_declared:
        yield Problem("/desk", "invalid-contradicts-facts")
    if facts.desk is NoticeDesk.NOTIFIER and facts.informant.address is None:
        yield Problem("/desk", "invalid-contradicts-facts")


def _about_the_deceased(facts: DeathFacts) -> Iterator[Problem]:
    one = facts.deceased
    if one.birth_date > facts.died_on:
        yield Problem("/diedOn", "invalid-before-birth")
        return
    if one.nationality is None and one.honseki is None:
        yield Problem("/deceased/honseki", "invalid-missing")
    if one.nationality is not None and one.honseki is not None:
        yield Problem("/deceased/nationality", "invalid-contradicts-facts")
    if one.residence is not None and one.nationality is None:
        yield Problem("/deceased/residence", "invalid-contradicts-facts")
    if one.health is not None:
        if one.health.kind is HealthInsurance.LATE_ELDERLY and facts.age < 65:
            yield Problem("/deceased/health/kind", "invalid-too-young")
        if one.health.dependant and one.health.kind is not HealthInsurance.EMPLOYEE:
            yield Problem("/deceased/health/dependant", "invalid-contradicts-facts")
    if one.care is not None and one.care.certified and facts.age < 40:
        yield Problem("/deceased/care/certified", "invalid-too-young")
    if one.licence_number is not None and facts.age < 16:
        yield Problem("/deceased/licenceNumber", "invalid-too-young")
    if len(set(facts.pension.receives)) < len(facts.pension.receives):
        yield Problem("/deceased/pension/receives", "invalid-contradicts-facts")


def _about_the_notifier(facts: DeathFacts, today: date) -> Iterator[Problem]:
    person, notifier = facts.informant, facts.notifier
    is_relative = person.relation is not Relation.NONE
    entitled = {
        Capacity.RELATIVE_TOGETHER: is_relative and person.lived_together,
        Capacity.OTHER_TOGETHER: not is_relative and person.lived_together,
        Capacity.RELATIVE_APART: is_relative and not person.lived_together,
    }
    if not entitled.get(notifier.capacity, True):
        yield Problem("/notifier/capacity", "invalid-not-entitled")
    if notifier.learned_on < facts.died_on and not facts.is_declared:
        yield Problem("/notifier/learnedOn", "invalid-before-death")
    if notifier.learned_on > today:
        yield Problem("/notifier/learnedOn", "invalid-after-today")
    if person.birth_date <= today and age_on(person.birth_date, today) < _SIGNS_FROM:
        yield Problem("/people/0/birthDate", "invalid-needs-representative")
    if person.phone is None:
        yield Problem("/people/0/phone", "invalid-missing")


def _about_a_person(facts: DeathFacts, one: Related, place: str, today: date) -> Iterator[Problem]:
    if one.birth_date > today:
        yield Problem(f"{place}/birthDate", "invalid-not-born-yet")
        return
    deceased = facts.deceased.birth_date
    if one.relation is Relation.CHILD and not deceased < one.birth_date <= facts.died_on + _POSTHUMOUS:
        yield Problem(f"{place}/birthDate", "invalid-contradicts-facts")  # nor may an adoptee be older
    if one.relation in {Relation.PARENT, Relation.GRANDPARENT} and one.birth_date >= deceased:
        yield Problem(f"{place}/birthDate", "invalid-contradicts-facts")
    if one.in_household and not one.lived_together:
        yield Problem(f"{place}/inHousehold", "invalid-contradicts-facts")
    if one.married_years is not None and one.relation is not Relation.SPOUSE:
        yield Problem(f"{place}/marriedYears", "invalid-contradicts-facts")
    yield from _about_representatives(facts, one, place)


def _about_representatives(facts: DeathFacts, one: Related, place: str) -> Iterator[Problem]:
    for name, number in (
        ("representative", one.representative),
        ("specialRepresentative", one.special_representative),
    ):
        if number is None:
            continue
        if number >= len(facts.people):
            yield Problem(f"{place}/{name}", "invalid-out-of-range")
        elif not facts.needs_representative(one):
            yield Problem(f"{place}/{name}", "invalid-contradicts-facts")
        elif facts.people[number] is one or facts.needs_representative(facts.people[number]):
            yield Problem(f"{place}/{name}", "invalid-not-entitled")
    special = one.special_representative
    if special is not None and any(
        heir.person == special for heir in facts.present_heirs if heir.person != _number(facts, one)
    ):
        yield Problem(f"{place}/specialRepresentative", "invalid-not-entitled")


def _number(facts: DeathFacts, person: Related) -> int:
    return next(number for number, one in enumerate(facts.people) if one is person)


def _numbers(facts: DeathFacts) -> Iterator[Problem]:
    """Yield what names a person who is not there."""
    named = {
        "/newHead": facts.new_head,
        "/funeral/host": facts.funeral.host if facts.funeral else None,
        "/guardianship/guardian": facts.guardianship.guardian if facts.guardianship else None,
        "/allowanceCarer": facts.allowance_carer,
        **{f"/heirs/{n}/person": one.person for n, one in enumerate(facts.heirs)},
        **{f"/estate/realEstate/{n}/takenBy": one.taken_by for n, one in enumerate(facts.estate.real_estate)},
        **{f"/estate/vehicles/{n}/takenBy": one.taken_by for n, one in enumerate(facts.estate.vehicles)},
        **{f"/estate/dogs/{n}/newOwner": one.new_owner for n, one in enumerate(facts.estate.dogs)},
        **{
            f"/contracts/policies/{n}/beneficiary": one.beneficiary
            for n, one in enumerate(facts.contracts.policies)
        },
    }
    for place, number in named.items():
        if number is not None and number >= len(facts.people):
            yield Problem(place, "invalid-out-of-range")


def _about_days(facts: DeathFacts, today: date) -> Iterator[Problem]:
    died = facts.died_on
    if facts.funeral is not None and facts.funeral.day < died:
        yield Problem("/funeral/day", "invalid-before-death")
    if facts.cremation is not None:
        yield from _about_cremation(facts)
    if facts.disappearance is not None:
        yield from _not_within("/disappearance/finalOn", facts.disappearance.final_on, died, today)
    if facts.estate.divided_on is not None:
        yield from _not_within("/estate/dividedOn", facts.estate.divided_on, died, today)
    if facts.guardianship is not None:
        yield from _not_within("/guardianship/since", facts.guardianship.since, died, today)
    for number, land in enumerate(facts.estate.real_estate):
        if land.known_on is not None and land.known_on > today:
            yield Problem(f"/estate/realEstate/{number}/knownOn", "invalid-after-today")
    for number, dog in enumerate(facts.estate.dogs):
        if dog.birth_date is not None and dog.birth_date > today:
            yield Problem(f"/estate/dogs/{number}/birthDate", "invalid-not-born-yet")


def _about_cremation(facts: DeathFacts) -> Iterator[Problem]:
    """Yield what is too early: hours count at once (民法139条), and no body is cremated before 24."""
    cremation = facts.cremation
    if cremation is None:
        return
    if facts.is_declared:
        yield Problem("/cremation", "invalid-contradicts-facts")  # there is no body
    if cremation.day < facts.died_on:
        yield Problem("/cremation/day", "invalid-before-death")
    elif _latest(cremation.day, cremation.time) < _earliest(facts) + BEFORE_CREMATION:
        yield Problem("/cremation/day", "invalid-before-24-hours")


def _latest(day: date, clock: str | None) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock) if clock else time(23, 59), TOKYO)


def _earliest(facts: DeathFacts) -> datetime:
    moment = facts.died_moment
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), TOKYO)


def _not_within(place: str, day: date, first: date, today: date) -> Iterator[Problem]:
    if day < first:
        yield Problem(place, "invalid-before-death")
    if day > today:
        yield Problem(place, "invalid-after-today")


def _about_the_household(facts: DeathFacts) -> Iterator[Problem]:
    spouses = [n for n, one in enumerate(facts.people) if one.relation is Relation.SPOUSE]
    for number in spouses[1:]:
        yield Problem(f"/people/{number}/relation", "invalid-contradicts-facts")
    if spouses and facts.deceased.spouse_state is not SpouseState.MARRIED:
        yield Problem("/deceased/spouseState", "invalid-contradicts-facts")
    head = _person(facts, facts.new_head)
    if head is not None and not (facts.deceased.head_of_household and head in facts.remaining):
        yield Problem("/newHead", "invalid-contradicts-facts")
    guardian = _person(facts, facts.guardianship.guardian if facts.guardianship else None)
    if guardian is not None and facts.needs_representative(guardian):
        yield Problem("/guardianship/guardian", "invalid-not-entitled")
    for number, policy in enumerate(facts.contracts.policies):
        if policy.beneficiary is not None and policy.stop_on is not None:
            yield Problem(f"/contracts/policies/{number}/stopOn", "invalid-contradicts-facts")


def _person(facts: DeathFacts, number: int | None) -> Related | None:
    return facts.people[number] if number is not None and number < len(facts.people) else None


def _about_heirs(facts: DeathFacts, today: date) -> Iterator[Problem]:
    if facts.is_foreign and facts.heirs:
        yield Problem("/heirs", "foreign-decedent")  # 通則法36条: the law of the nationality says who
        return
    if any(heir.person >= len(facts.people) for heir in facts.heirs):
        return  # said already
    first = min((rank for heir in facts.present_heirs if (rank := _rank(facts, heir))), default=None)
    seen: set[int] = set()
    for number, heir in enumerate(facts.heirs):
        place = f"/heirs/{number}"
        if heir.person in seen:
            yield Problem(f"{place}/person", "invalid-same-person")
        seen.add(heir.person)
        yield from _about_an_heir(facts, heir, place, today)
        rank = _rank(facts, heir)
        is_behind = rank is not None and first is not None and rank > first and not heir.has_renounced
        is_stranger = rank is None and facts.people[heir.person].relation is not Relation.SPOUSE
        if is_behind or is_stranger:
            yield Problem(f"{place}/person", "invalid-not-an-heir")
    if facts.is_limited:
        for heir in facts.present_heirs:
            if heir.decision is Decision.ACCEPT:  # 民法923条: all of them, or nobody
                yield Problem(f"/heirs/{facts.heirs.index(heir)}/decision", "invalid-contradicts-facts")


def _rank(facts: DeathFacts, heir: Heir) -> int | None:
    return RANKS.get(facts.people[heir.person].relation)


def _about_an_heir(facts: DeathFacts, heir: Heir, place: str, today: date) -> Iterator[Problem]:
    if heir.learned_on is not None:
        yield from _not_within(f"{place}/learnedOn", heir.learned_on, facts.died_on, today)
    if heir.extended_until is not None and (
        heir.learned_on is None or heir.extended_until <= heir.learned_on
    ):
        yield Problem(f"{place}/extendedUntil", "invalid-contradicts-facts")
    if heir.declared_on is not None:
        yield from _not_within(f"{place}/declaredOn", heir.declared_on, facts.died_on, today)
        if heir.decision not in {Decision.LIMITED, Decision.RENOUNCE}:  # a court takes nothing else
            yield Problem(f"{place}/declaredOn", "invalid-contradicts-facts")
    if heir.infringed_on is not None:
        yield from _not_within(f"{place}/infringedOn", heir.infringed_on, facts.died_on, today)
        relation = facts.people[heir.person].relation
        if relation is not Relation.SPOUSE and relation not in LINEAL:
            yield Problem(f"{place}/infringedOn", "invalid-not-entitled")  # 民法1042条


def _about_the_family(facts: DeathFacts) -> Iterator[Problem]:
    """Yield where the heirs who were told are not those of the law, or nobody here can say who they are."""
    family = facts.family
    if family is None:
        return
    if wrong := family_doubts(family, under="/family"):
        yield from wrong
        return
    number = [one.id for one in family.people].index(family.decedent)
    if family.people[number].died_on != facts.died_on:
        yield Problem(f"/family/people/{number}/diedOn", "invalid-contradicts-facts")
    try:
        found = inheritance(family)
    except EngineError as error:
        yield from (Problem(f"/family{one.pointer}", one.code) for one in error.problems)
    else:
        yield from _differences(facts, [one.person for one in found.heirs])


def _differences(facts: DeathFacts, by_law: list[str]) -> Iterator[Problem]:
    told = set()
    for number, heir in enumerate(facts.heirs):
        person = _person(facts, heir.person)
        if person is None:
            continue
        told.add(person.known_as)
        if person.known_as is None:
            yield Problem(f"/people/{heir.person}/knownAs", "invalid-missing")
        elif person.known_as not in by_law and not heir.has_renounced:
            yield Problem(f"/heirs/{number}/person", "invalid-not-an-heir")
    if set(by_law) - told:
        yield Problem("/heirs", "invalid-heir-missing")


def _about_wishes(facts: DeathFacts) -> Iterator[Problem]:
    wishes = facts.wishes
    if facts.spouse is None:
        for name, wished in (("surnameRevert", wishes.surname_revert), ("inLawEnd", wishes.in_law_end)):
            if wished:
                yield Problem(f"/wishes/{name}", "invalid-not-entitled")
    if wishes.child_surname and not (wishes.surname_revert and facts.children):
        yield Problem("/wishes/childSurname", "invalid-contradicts-facts")
