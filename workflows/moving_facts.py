# SPDX-License-Identifier: Apache-2.0
"""What a household tells about its move (引越しの申請事項), and what cannot be so.

Everything beyond who moves, when, from where and to where is optional: who tells nothing of dogs has
no dog. No rule asks for more than it needs, so there is no member here that no procedure reads.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import Enum
from typing import Annotated, Final, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from engine.core.errors import Problem
from engine.core.periods import age_on, fiscal_year_end_of, reached
from workflows.common import (
    Address,
    BirthDate,
    Contract,
    Count,
    Email,
    EventDay,
    Facts,
    Line,
    Name,
    Person,
    Phone,
    YesNo,
    city_of,
    contradiction,
    missing,
)
from workflows.holdings import MOST, BankAccount, Held, Mobile, Owned, RealEstate, VehicleKind
from workflows.persons import (
    Abroad,
    Account,
    AllowancePayer,
    HealthInsurance,
    Licence,
    Residence,
    Workplace,
)

PLANNED_AHEAD: Final = timedelta(days=366)  # a move cannot be told earlier; a late one has no such bound
# Between wards of a designated city it is 転居 by 住民基本台帳法23条; the handling of wards varies.
WARDS_ARE_ONE_CITY: Final = True
_OF_A_DOG: Final = timedelta(days=90)  # 狂犬病予防法4条: dogs of 91 days and more

# --- the persons ------------------------------------------------------------------------------------


class Pension(Facts):
    """A pension that is received (年金受給). Linked: its office learns of the move by itself."""

    linked: YesNo = True
    basic_pension_number: Annotated[str, Field(pattern=r"^[0-9]{4}-?[0-9]{6}$")] | None = None


class CareCertification(Facts):
    """A certification of needing care (要介護・要支援認定)."""

    level: Line
    valid_until: EventDay
    doctor: Line | None = None


class Care(Facts):
    """Long-term care insurance (介護保険). `facility`: a move into a home keeps the old insurer (13条)."""

    insured_number: Annotated[str, Field(pattern=r"^[0-9]{10}$")] | None = None
    certification: CareCertification | None = None
    facility: YesNo = False


class DisabilityScheme(Enum):
    """Which handbook or medical aid a person has."""

    PHYSICAL = "physical"  # 身体障害者手帳
    INTELLECTUAL = "intellectual"  # 療育手帳
    MENTAL = "mental"  # 精神障害者保健福祉手帳
    MEDICAL = "medical"  # 自立支援医療


class Disability(Facts):
    """A handbook (障害者手帳) or medical aid."""

    scheme: DisabilityScheme
    number: Line


class SchoolKind(Enum):
    """Who runs a school."""

    PUBLIC = "public"
    NATIONAL = "national"
    PRIVATE = "private"


class School(Facts):
    """The elementary or lower secondary school of a child; grades 1 to 9."""

    kind: SchoolKind
    name: Line
    grade: Annotated[Count, Field(ge=1, le=9)]


class Daycare(Facts):
    """A place in a nursery (保育所): the one that is left, those that are wished for."""

    leaves: Line | None = None
    wishes: Annotated[tuple[Line, ...], Field(max_length=10)] = ()
    parents_work: Line | None = None


class MedicalSubsidy(Facts):
    """The aid with a child's medical costs (子ども医療費助成)."""

    insurance_symbol: Line | None = None


class Employer(Workplace):
    """Where a person works, and how they get there."""

    commuting: Line | None = None


class Mover(Person):
    """One person who moves. `national_pension` says that they pay it themselves (第1号被保険者)."""

    relation: Line
    national_pension: YesNo = False
    has_card: YesNo = False
    wants_signing_certificate: YesNo = False
    occupation: Line | None = None
    health_insurance: HealthInsurance | None = None
    burden_class: Line | None = None
    pension: Pension | None = None
    care: Care | None = None
    disability: Disability | None = None
    licence: Licence | None = None
    school: School | None = None
    daycare: Daycare | None = None
    medical_subsidy: MedicalSubsidy | None = None
    seal_registered: YesNo = False
    wants_seal: YesNo = False
    residence: Residence | None = None
    employer: Employer | None = None


# --- what they own and whose customers they are -----------------------------------------------------


class Vehicle(Owned):
    """A vehicle. `garage_area`: its new place lies where a garage has to be shown (車庫法)."""

    kind: VehicleKind
    plate: Line
    chassis: Line
    garage_area: YesNo = False
    model: Line | None = None
    garage_place: Line | None = None
    garage_consent: Line | None = None

    @field_validator("garage_area")
    @classmethod
    def _of_cars(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - a validator's value
        if value and info.data.get("kind", VehicleKind.CAR) not in {VehicleKind.CAR, VehicleKind.KEI}:
            raise contradiction()
        return value


class Dog(Owned):
    """A dog, by its microchip or its tag (鑑札)."""

    chip: Annotated[str, Field(pattern=r"^[0-9]{15}$")] | None = None
    tag: Line | None = None
    birth_date: BirthDate | None = None


class Water(Contract):
    """Water; `landlords`: the contract is the landlord's."""

    landlords: YesNo = False
    payment: Line | None = None


class MovedLine(Contract):
    """A line that is moved by workmen, on a day of its own."""

    work_on: EventDay | None = None


class Forwarding(Facts):
    """Mail is to be forwarded (転送), from a day of its own."""

    start_on: EventDay | None = None


class Reception(Contract):
    """A reception contract; `merges`: two households become one, and one contract ends."""

    merges: YesNo = False


class NonLife(Held):
    """Fire, earthquake or car insurance."""

    building: Line | None = None
    garage_place: Line | None = None


_Many = Annotated[tuple[Held, ...], Field(max_length=MOST)]


class Contracts(Facts):
    """What has to be told about the move besides the authorities."""

    electricity: Contract | None = None
    gas: Contract | None = None
    nhk: Reception | None = None
    water: Water | None = None
    telephone: MovedLine | None = None
    isp: MovedLine | None = None
    newspapers: _Many = ()
    post_forwarding: Forwarding | None = None
    banks: Annotated[tuple[BankAccount, ...], Field(max_length=MOST)] = ()
    credit_cards: _Many = ()
    mobiles: Annotated[tuple[Mobile, ...], Field(max_length=MOST)] = ()
    shops: _Many = ()
    life_insurance: _Many = ()
    nonlife_insurance: Annotated[tuple[NonLife, ...], Field(max_length=MOST)] = ()
    securities: _Many = ()


# --- the household ----------------------------------------------------------------------------------


class Side(Enum):
    """Which of the two households of a move."""

    OLD = "old"
    NEW = "new"


class HouseholdChange(Facts):
    """A household that changes beside the move (世帯変更): those it is about, and who heads it now."""

    side: Side
    members: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST)]
    new_head: Name


class ChildAllowance(Owned):
    """The child allowance (児童手当); `owner` is the one who receives it."""

    payer: AllowancePayer = AllowancePayer.MUNICIPALITY
    spouse: Name | None = None
    insurance: Line | None = None
    account: Account | None = None


class ChildSupport(Owned):
    """The child support allowance of a single parent (児童扶養手当); `owner` receives it."""

    cohabitation: Line | None = None


class BulkyWaste(Facts):
    """What is to be fetched (粗大ごみ), and when."""

    items: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)]
    day: EventDay


class MovingFacts(Facts):
    """What a household tells about its move. The applicant is one of the movers, the first.

    `protected`: somebody is under the protection of 支援措置, so that nothing is sent to anybody.
    """

    moving_date: EventDay
    from_abroad: Abroad | None = None
    to_abroad: Abroad | None = None
    old_address: Address | None = None
    new_address: Address | None = None
    movers: Annotated[tuple[Mover, ...], Field(min_length=1, max_length=MOST)]
    head: Name
    phone: Phone
    email: Email | None = None
    contracts: Contracts = Contracts()
    household_change: HouseholdChange | None = None
    child_allowance: ChildAllowance | None = None
    child_support: ChildSupport | None = None
    vehicles: Annotated[tuple[Vehicle, ...], Field(max_length=MOST)] = ()
    dogs: Annotated[tuple[Dog, ...], Field(max_length=MOST)] = ()
    real_estate: Annotated[tuple[RealEstate, ...], Field(max_length=MOST)] = ()
    bulky_waste: BulkyWaste | None = None
    protected: YesNo = False

    @model_validator(mode="before")
    @classmethod
    def _looks_at_both_addresses(cls, told: object) -> object:
        """Return the facts with both addresses in them, so that a missing one is found by its name."""
        if not isinstance(told, dict):
            return told
        missing = {"old_address": "oldAddress", "new_address": "newAddress"}
        return told | {alias: None for name, alias in missing.items() if not {name, alias} & told.keys()}

    @field_validator("to_abroad")
    @classmethod
    def _not_both(cls, value: Abroad | None, info: ValidationInfo) -> Abroad | None:
        if value is not None and info.data.get("from_abroad") is not None:
            raise contradiction()
        return value

    @field_validator("old_address", "new_address")
    @classmethod
    def _here_or_abroad(cls, value: Address | None, info: ValidationInfo) -> Address | None:
        abroad = "from_abroad" if info.field_name == "old_address" else "to_abroad"
        if abroad not in info.data:
            return value  # it is wrong itself, and was said so
        if value is None and info.data[abroad] is None:
            raise missing()
        if value is not None and info.data[abroad] is not None:
            raise contradiction()
        return value

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.old_address == self.new_address:
            raise PydanticCustomError("same-address", "the new address is the old one")
        return self

    @property
    def applicant(self) -> Mover:
        """The person who tells it."""
        return self.movers[0]

    @property
    def old_home(self) -> Address:
        """The address in Japan that is left; of those who come from abroad, the new one."""
        return _one_of(self.old_address, self.new_address)

    @property
    def new_home(self) -> Address:
        """The address in Japan that is moved to; of those who go abroad, the old one."""
        return _one_of(self.new_address, self.old_address)

    @property
    def stays_in_city(self) -> bool:
        """Say whether the same municipality stays responsible (転居)."""
        if self.old_address is None or self.new_address is None:
            return False
        old, new = self.old_address.municipality, self.new_address.municipality
        return old == new or (WARDS_ARE_ONE_CITY and city_of(old) == city_of(new))

    @property
    def stays_in_japan(self) -> bool:
        """Say whether there is a new address in Japan."""
        return self.new_address is not None

    @property
    def leaves_municipality(self) -> bool:
        """Say whether a municipality is left for another or for abroad (転出)."""
        return self.old_address is not None and not self.stays_in_city

    @property
    def enters_municipality(self) -> bool:
        """Say whether a municipality is entered from another or from abroad (転入)."""
        return self.new_address is not None and not self.stays_in_city

    @property
    def changes_municipality(self) -> bool:
        """Say whether one municipality in Japan is left for another."""
        return self.leaves_municipality and self.enters_municipality

    def age(self, mover: Mover) -> int:
        """Return the age on the day of the move."""
        return age_on(mover.birth_date, self.moving_date)

    def has_reached(self, mover: Mover, years: int) -> bool:
        """Say whether the age is reached by the day of the move, which it is the day before the birthday."""
        return reached(mover.birth_date, years) <= self.moving_date

    @property
    def children(self) -> tuple[Mover, ...]:
        """Those for whom child allowance is paid: until the 31 March after they reach 18."""
        return tuple(one for one in self.movers if fiscal_year_end_of(one.birth_date, 18) >= self.moving_date)

    def is_late_elderly(self, mover: Mover) -> bool:
        """Say whether the late-elderly insurance is theirs: from the 75th birthday, or certified from 65."""
        if mover.health_insurance is None:
            return self.age(mover) >= 75
        return mover.health_insurance is HealthInsurance.LATE_ELDERLY

    def has_care_insurance(self, mover: Mover) -> bool:
        """Say whether the care insurance changes: 65, or certified from 40; a facility's keeps it."""
        care = mover.care or Care()
        return not care.facility and (self.has_reached(mover, 65) or care.certification is not None)

    def has_to_be_registered(self, dog: Dog) -> bool:
        """Say whether the dog is old enough to be in the register."""
        return dog.birth_date is None or self.moving_date - dog.birth_date > _OF_A_DOG


def _one_of(first: Address | None, second: Address | None) -> Address:
    home = first or second
    if home is None:
        raise ValueError("a move has an address in Japan")
    return home


# --- what cannot be so ------------------------------------------------------------------------------


def doubts(facts: MovingFacts, today: date) -> tuple[Problem, ...]:
    """Return what cannot be so, each with its place."""
    return tuple(_doubts(facts, today))


def _doubts(facts: MovingFacts, today: date) -> Iterator[Problem]:
    if facts.moving_date > today + PLANNED_AHEAD:
        yield Problem("/movingDate", "invalid-too-far-ahead")
    for number, mover in enumerate(facts.movers):
        if mover.birth_date > today:
            yield Problem(f"/movers/{number}/birthDate", "invalid-not-born-yet")
        else:
            yield from _about(facts, mover, f"/movers/{number}")
    if not facts.applicant.birth_date > today and age_on(facts.applicant.birth_date, today) < 15:
        # Civil Code art. 5 and 公的個人認証法3条: their legal representative tells it
        yield Problem("/movers/0/birthDate", "invalid-needs-representative")
    for number, dog in enumerate(facts.dogs):
        if dog.birth_date is not None and dog.birth_date > today:
            yield Problem(f"/dogs/{number}/birthDate", "invalid-not-born-yet")
    for place, thing in owned(facts):
        if thing.owner >= len(facts.movers):
            yield Problem(f"{place}/owner", "invalid-out-of-range")
    change = facts.household_change
    if change and (facts.old_address if change.side is Side.OLD else facts.new_address) is None:
        yield Problem("/householdChange/side", "invalid-contradicts-facts")


def _about(facts: MovingFacts, mover: Mover, place: str) -> Iterator[Problem]:
    age = facts.age(mover)
    if mover.wants_seal and age < 15:
        yield Problem(f"{place}/wantsSeal", "invalid-too-young")
    if mover.wants_signing_certificate and age < 15:
        yield Problem(f"{place}/wantsSigningCertificate", "invalid-too-young")
    if mover.wants_signing_certificate and not mover.has_card:
        yield Problem(f"{place}/wantsSigningCertificate", "invalid-contradicts-facts")
    if mover.health_insurance is HealthInsurance.LATE_ELDERLY and not facts.has_reached(mover, 65):
        yield Problem(f"{place}/healthInsurance", "invalid-too-young")
    if mover.care and mover.care.certification and not facts.has_reached(mover, 40):
        yield Problem(f"{place}/care/certification", "invalid-too-young")
    if mover.school and not 6 <= age <= 15:
        yield Problem(f"{place}/school", "invalid-contradicts-facts")


def owned(facts: MovingFacts) -> Iterator[tuple[str, Owned]]:
    """Yield what one of the movers owns or holds, by its JSON pointer."""
    for place, things in owned_things(facts).items():
        for number, thing in enumerate(things):
            yield f"{place}/{number}", thing
    if facts.child_allowance:
        yield "/childAllowance", facts.child_allowance
    if facts.child_support:
        yield "/childSupport", facts.child_support


def owned_things(facts: MovingFacts) -> dict[str, Sequence[Owned]]:
    """Return what somebody owns or holds several of, by the JSON pointer to the list."""
    contracts = facts.contracts
    return {
        "/vehicles": facts.vehicles,
        "/dogs": facts.dogs,
        "/realEstate": facts.real_estate,
        "/contracts/newspapers": contracts.newspapers,
        "/contracts/banks": contracts.banks,
        "/contracts/creditCards": contracts.credit_cards,
        "/contracts/mobiles": contracts.mobiles,
        "/contracts/shops": contracts.shops,
        "/contracts/lifeInsurance": contracts.life_insurance,
        "/contracts/nonlifeInsurance": contracts.nonlife_insurance,
        "/contracts/securities": contracts.securities,
    }
