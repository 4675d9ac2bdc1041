# SPDX-License-Identifier: Apache-2.0
"""What a family tells about a death (死亡の申請事項).

Everything beyond who died, when, where and who notifies it is optional: who tells nothing of cars has
no car. No rule asks for more than it needs, so there is no member here that no procedure reads.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Final

from pydantic import BaseModel, Field

from engine.core.periods import TOKYO, age_on, fiscal_year_end_of, reached
from workflows.common import Address, Contract, EventDay, Facts, Line, YesNo
from workflows.death_estate_facts import Contracts, Dog, Estate, WillForm
from workflows.death_people import (
    Deceased,
    Decision,
    Heir,
    Notifier,
    PensionRecord,
    Related,
    Relation,
    TimeOfDay,
)
from workflows.heirs import Family, Inheritance, inheritance
from workflows.holdings import MOST, PersonNumber
from workflows.persons import Abroad, HealthInsurance

BEFORE_CREMATION: Final = timedelta(hours=24)  # 墓地、埋葬等に関する法律3条
MAJORITY: Final = 18  # 民法4条
_OF_A_DOG: Final = timedelta(days=90)  # 狂犬病予防法4条: dogs of 91 days and more
_DEDUCTION: Final = 30_000_000  # 相続税法15条1項
_DEDUCTION_EACH: Final = 6_000_000


class NoticeDesk(Enum):
    """Where the notice of death is filed (戸籍法25条、88条)."""

    PLACE_OF_DEATH = "place-of-death"  # 死亡地
    HONSEKI = "honseki"  # 本籍地
    NOTIFIER = "notifier"  # 届出人の所在地


class Funeral(Facts):
    """The funeral (葬儀), and who held it (喪主)."""

    day: EventDay
    host: PersonNumber = 0


class Cremation(Facts):
    """The cremation (火葬): where, when, and by whom it is arranged."""

    crematorium: Line
    day: EventDay
    time: TimeOfDay | None = None
    undertaker: Contract | None = None


class Disappearance(Facts):
    """A court has declared the person dead (失踪宣告); the day of the death is the deemed one (民法31条)."""

    final_on: EventDay


class Guardianship(Facts):
    """A minor is left without anybody to represent them, and a guardian took office (未成年後見)."""

    guardian: PersonNumber
    since: EventDay


class Wishes(Facts):
    """What the surviving spouse, the heirs or the carer wish, and no law demands."""

    heir_chart: YesNo = False
    surname_revert: YesNo = False
    in_law_end: YesNo = False
    child_surname: YesNo = False


class DeathFacts(Facts):
    """What a family tells about a death. The first of the persons is the one who notifies it.

    `family` is the whole of it, where somebody told it: from it the law says who the heirs are, and
    `heirs` has to say the same. `allowance_carer` takes care of the children for whom the deceased
    received the child allowance.
    `protected`: somebody is under the protection of 支援措置, so that nothing is sent to anybody.
    """

    died_on: EventDay
    died_at: TimeOfDay | None = None
    place: Address | None = None
    abroad: Abroad | None = None
    deceased: Deceased
    people: Annotated[tuple[Related, ...], Field(min_length=1, max_length=MOST)]
    notifier: Notifier
    desk: NoticeDesk = NoticeDesk.PLACE_OF_DEATH
    new_head: PersonNumber | None = None
    funeral: Funeral | None = None
    cremation: Cremation | None = None
    disappearance: Disappearance | None = None
    guardianship: Guardianship | None = None
    allowance_carer: PersonNumber | None = None
    family: Family | None = None
    heirs: Annotated[tuple[Heir, ...], Field(max_length=MOST)] = ()
    will: WillForm | None = None
    wishes: Wishes = Wishes()
    estate: Estate = Estate()
    contracts: Contracts = Contracts()
    protected: YesNo = False

    # --- the death ---

    @property
    def died_moment(self) -> date:
        """The instant of the death; the day alone where its hour is not known."""
        if self.died_at is None:
            return self.died_on
        return datetime.combine(self.died_on, time.fromisoformat(self.died_at), TOKYO)

    @property
    def is_foreign(self) -> bool:
        """Say whether another country's law says who inherits (通則法36条)."""
        return self.deceased.nationality is not None

    @property
    def is_declared(self) -> bool:
        """Say whether a court declared the death, so that no doctor saw it."""
        return self.disappearance is not None

    @property
    def age(self) -> int:
        """The age of the deceased."""
        return age_on(self.deceased.birth_date, self.died_on)

    # --- the persons ---

    @property
    def informant(self) -> Related:
        """The person who notifies the death (届出人)."""
        return self.people[0]

    def is_minor(self, person: Related) -> bool:
        """Say whether the person was a minor on the day of the death."""
        return age_on(person.birth_date, self.died_on) < MAJORITY

    def needs_representative(self, person: Related) -> bool:
        """Say whether somebody has to act for the person."""
        return person.ward or self.is_minor(person)

    @property
    def remaining(self) -> tuple[Related, ...]:
        """Those of 15 years and more who remain in the household of the deceased."""
        return tuple(
            one for one in self.people if one.in_household and age_on(one.birth_date, self.died_on) >= 15
        )

    @property
    def children(self) -> tuple[int, ...]:
        """Which of the persons are children of the deceased until the 31 March after they reach 18."""
        return tuple(
            number
            for number, one in enumerate(self.people)
            if one.relation is Relation.CHILD and fiscal_year_end_of(one.birth_date, 18) >= self.died_on
        )

    @property
    def spouse(self) -> int | None:
        """Which of the persons is the spouse."""
        found = (n for n, one in enumerate(self.people) if one.relation is Relation.SPOUSE)
        return next(found, None)

    # --- insurance and pension ---

    @property
    def is_late_elderly(self) -> bool:
        """Say whether the late-elderly insurance was theirs: from the 75th birthday, or certified from 65."""
        if self.deceased.health is None:
            return self.age >= 75
        return self.deceased.health.kind is HealthInsurance.LATE_ELDERLY

    def is_insured_by(self, kind: HealthInsurance) -> bool:
        """Say whether this was the insurance."""
        return self.deceased.health is not None and self.deceased.health.kind is kind

    @property
    def had_care_insurance(self) -> bool:
        """Say whether the care insurance was theirs: from the day before 65, or certified."""
        care = self.deceased.care
        return reached(self.deceased.birth_date, 65) <= self.died_on or (care is not None and care.certified)

    @property
    def pension(self) -> PensionRecord:
        """What is told of the pension."""
        return self.deceased.pension or PensionRecord()

    # --- the estate ---

    @cached_property
    def present_heirs(self) -> tuple[Heir, ...]:
        """The heirs but for those whose renunciation a court has taken."""
        return tuple(one for one in self.heirs if not one.has_renounced)

    @cached_property
    def inheritance(self) -> Inheritance | None:
        """Who inherits by law, each with their share; None where the family was not told."""
        return inheritance(self.family) if self.family is not None else None

    def share(self, person: Related) -> Fraction | None:
        """Return the person's share by law (法定相続分), None where the family was not told."""
        told = self.inheritance
        return told.share(person.known_as) if told and person.known_as else None

    @property
    def is_limited(self) -> bool:
        """Say whether the heirs accept within limits (限定承認)."""
        return any(one.decision is Decision.LIMITED for one in self.heirs)

    @property
    def may_be_taxed(self) -> bool:
        """Say whether the estate is above the basic deduction, or nobody knows (相続税法15条)."""
        value, told = self.estate.value, self.inheritance
        counted = told.tax.count if told else len(self.heirs)
        return value is None or value > _DEDUCTION + _DEDUCTION_EACH * counted

    def acting_for(self, person: Related) -> Related:
        """Return who acts for the person: a special representative, the legal one, or they themselves."""
        number = person.special_representative
        if number is None:
            number = person.representative
        return self.people[number] if number is not None else person

    def conflicts(self, heir: Heir) -> bool:
        """Say whether who represents the heir inherits too, so that a court names another (民法826条)."""
        person = self.people[heir.person]
        if not self.needs_representative(person) or person.special_representative is not None:
            return False
        others = [one for one in self.present_heirs if one is not heir]
        return any(one.person == person.representative for one in others) or any(
            self._represents(person, self.people[one.person]) for one in others
        )

    def _represents(self, one: Related, other: Related) -> bool:
        """Say whether one and the same acts for both."""
        return (
            one.representative is not None
            and self.needs_representative(other)
            and other.special_representative is None
            and other.representative == one.representative
        )

    def has_to_be_registered(self, dog: Dog) -> bool:
        """Say whether the dog is old enough to be in the register."""
        return dog.birth_date is None or self.died_on - dog.birth_date > _OF_A_DOG

    @cached_property
    def things(self) -> Mapping[str, Sequence[BaseModel]]:
        """Whom and what there is several of, by the JSON pointer to the list."""
        estate, contracts = self.estate, self.contracts
        return {
            "/people": self.people,
            "/estate/realEstate": estate.real_estate,
            "/estate/vehicles": estate.vehicles,
            "/estate/dogs": estate.dogs,
            "/contracts/mobiles": contracts.mobiles,
            "/contracts/newspapers": contracts.newspapers,
            "/contracts/shops": contracts.shops,
            "/contracts/banks": contracts.banks,
            "/contracts/creditCards": contracts.credit_cards,
            "/contracts/policies": contracts.policies,
            "/contracts/securities": contracts.securities,
        }
