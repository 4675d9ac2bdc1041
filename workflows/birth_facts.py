# SPDX-License-Identifier: Apache-2.0
"""What parents tell about a birth (出生の申請事項): each child of one birth, the parents, who notifies.

What cannot be told so is in `birth_doubts.py`. What concerns health (weeks, weight, a stay in hospital)
is told to municipalities alone.
"""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Final

from pydantic import Field

from engine.core.periods import age_on, fiscal_year_end_of
from workflows.common import (
    Address,
    BirthDate,
    Email,
    EventDay,
    Facts,
    Line,
    Municipality,
    Name,
    Person,
    Phone,
    Reading,
    Sex,
    YesNo,
)
from workflows.holdings import MOST, Held
from workflows.persons import Abroad, Account, AllowancePayer, HealthInsurance, Residence, Workplace
from workflows.registers import Register, RegisterDesk

LOW_WEIGHT: Final = 2500  # grams, 母子保健法18条
_COUNTED_UNTIL: Final = 22  # 児童手当法: elder siblings count until the 31 March after 22

# --- the children -----------------------------------------------------------------------------------


class Outcome(Enum):
    """How the birth ended: nobody is congratulated who lost a child."""

    LIVING = "living"
    DIED = "died"  # born alive: the birth is notified, and then the death
    STILLBORN = "stillborn"  # 死産, from the twelfth week


class Daycare(Facts):
    """A place in a nursery that is wished for."""

    wishes: Annotated[tuple[Line, ...], Field(max_length=10)] = ()
    parents_work: Line | None = None


class Newborn(Facts):
    """One child of this birth. Name, reading and sex are told of all who were born alive."""

    outcome: Outcome = Outcome.LIVING
    name: Name | None = None
    kana: Reading | None = None
    sex: Sex | None = None
    born_on: EventDay
    born_at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    relation: Line | None = None
    weight_grams: Annotated[int, Field(strict=True, ge=200, le=8000)] | None = None
    weeks: Annotated[int, Field(strict=True, ge=12, le=45)] | None = None
    premature_care: YesNo = False
    wants_card: YesNo = False
    wants_passport: YesNo = False
    daycare: Daycare | None = None

    @property
    def was_born_alive(self) -> bool:
        """Say whether there is a birth to be notified."""
        return self.outcome is not Outcome.STILLBORN

    @property
    def lives(self) -> bool:
        """Say whether there is a child to be cared for."""
        return self.outcome is Outcome.LIVING


class BirthPlace(Facts):
    """Where the child was born: the clinic, and the municipality in Japan."""

    facility: Line | None = None
    municipality: Municipality | None = None
    line: Line


class BornAbroad(Facts):
    """A birth outside Japan. `got_nationality`: by birth, of that country; `reserves`: 国籍留保."""

    country: Line
    got_nationality: YesNo
    reserves: YesNo


# --- the parents ------------------------------------------------------------------------------------


class ParentRole(Enum):
    """One of the two parents."""

    MOTHER = "mother"
    FATHER = "father"


class Leave(Facts):
    """A leave from work, maternity (産前産後休業) or childcare (育児休業)."""

    starts_on: EventDay
    ends_on: EventDay


class Parent(Person):
    """A parent. `dependant`: in the employee insurance of somebody else.

    `national_pension` says that they pay it themselves (第1号被保険者).
    """

    address: Address | None = None
    abroad: Abroad | None = None
    family_register: Register | None = None
    nationality: Line | None = None
    residence: Residence | None = None
    has_card: YesNo = False
    health_insurance: HealthInsurance | None = None
    dependant: YesNo = False
    insurance_symbol: Line | None = None
    insurer: Workplace | None = None
    employer: Workplace | None = None
    national_pension: YesNo = False
    maternity_leave: Leave | None = None
    childcare_leave: Leave | None = None

    @property
    def is_japanese(self) -> bool:
        """Say whether they have a family register."""
        return self.family_register is not None

    @property
    def insures_themselves_at_work(self) -> bool:
        """Say whether they are in employee insurance in their own right."""
        return self.health_insurance is HealthInsurance.EMPLOYEE and not self.dependant

    @property
    def is_in_national_insurance(self) -> bool:
        """Say whether they are in National Health Insurance (国民健康保険)."""
        return self.health_insurance is HealthInsurance.NATIONAL


class RecognitionKind(Enum):
    """How a child whose parents are not married gets a father (認知)."""

    BEFORE_BIRTH = "before-birth"  # 胎児認知: done already
    NOTICE = "notice"
    JUDGMENT = "judgment"


class Recognition(Facts):
    """The recognition of a child by its father; `judged_on`: the day a judgment became final."""

    kind: RecognitionKind
    judged_on: EventDay | None = None


class FilerRole(Enum):
    """Who notifies the birth, in the order of 戸籍法52条."""

    FATHER = "father"
    MOTHER = "mother"
    COHABITANT = "cohabitant"
    DOCTOR = "doctor"
    MIDWIFE = "midwife"
    ATTENDANT = "attendant"
    REPRESENTATIVE = "representative"
    INSTITUTION = "institution"  # 56条: the head of a public institution


class Filer(Facts):
    """Who notifies the birth; a parent's name is known already. `parents_cannot`: neither parent can."""

    role: FilerRole
    name: Name | None = None
    parents_cannot: YesNo = False


# --- what is claimed --------------------------------------------------------------------------------


class Sibling(Facts):
    """An elder brother or sister."""

    name: Name
    birth_date: BirthDate
    lives_together: YesNo = True


class Allowance(Facts):
    """The child allowance (児童手当). `already`: the recipient receives it for elder children."""

    recipient: ParentRole
    payer: AllowancePayer = AllowancePayer.MUNICIPALITY
    already: YesNo = False
    account: Account | None = None


class OptInKind(Enum):
    """What a company is asked for a child: nobody is told of a birth but on this wish."""

    INSURANCE = "insurance"  # 学資保険
    BANK = "bank"
    MOBILE = "mobile"


class OptIn(Held):
    """The express wish that a company is told of a child; `owner` counts the children from 0."""

    kind: OptInKind


# --- the whole --------------------------------------------------------------------------------------


class BirthFacts(Facts):
    """What parents tell. `lives_with` is whose household the child enters; `supported_by` whose insurance.

    `protected`: somebody is under the protection of 支援措置, so that nothing is sent to anybody.
    """

    children: Annotated[tuple[Newborn, ...], Field(min_length=1, max_length=6)]
    place: BirthPlace
    born_abroad: BornAbroad | None = None
    mother: Parent
    father: Parent | None = None
    parents_married: YesNo
    divorced_before_birth: YesNo = False
    recognition: Recognition | None = None
    filer: Filer
    desk: RegisterDesk | None = None
    consulate: Line | None = None
    head: Name
    phone: Phone
    email: Email | None = None
    lives_with: ParentRole = ParentRole.MOTHER
    supported_by: ParentRole
    raises_alone: YesNo = False
    due_date: EventDay | None = None
    foetuses: Annotated[int, Field(strict=True, ge=1, le=6)] = 1
    allowance: Allowance | None = None
    siblings: Annotated[tuple[Sibling, ...], Field(max_length=MOST)] = ()
    opt_ins: Annotated[tuple[OptIn, ...], Field(max_length=10)] = ()
    protected: YesNo = False

    @property
    def birth_date(self) -> date:
        """The day of the birth: of twins around midnight the earlier, so that no claim for both is late."""
        return min(one.born_on for one in self.children)

    @property
    def parents(self) -> dict[str, Parent]:
        """The parents by their JSON pointers."""
        both = {"/mother": self.mother}
        return both if self.father is None else both | {"/father": self.father}

    def parent(self, role: ParentRole) -> Parent:
        """Return one of the parents; the mother where there is no father."""
        return self.father if role is ParentRole.FATHER and self.father else self.mother

    @property
    def supporter(self) -> Parent:
        """The parent in whose insurance and tax the children are."""
        return self.parent(self.supported_by)

    @property
    def home(self) -> Address | None:
        """The address in Japan that the child gets, None abroad."""
        return self.parent(self.lives_with).address

    @property
    def is_legitimate(self) -> bool:
        """Say whether the children are of a marriage (嫡出子)."""
        return self.parents_married or self.divorced_before_birth

    @property
    def has_legal_father(self) -> bool:
        """Say whether the law knows the father: by marriage, or by recognition."""
        return self.father is not None and (self.is_legitimate or self.recognition is not None)

    @property
    def has_father_at_birth(self) -> bool:
        """Say whether the law knows the father when the birth is notified, as after no later recognition."""
        before = self.recognition is not None and self.recognition.kind is RecognitionKind.BEFORE_BIRTH
        return self.father is not None and (self.is_legitimate or before)

    @property
    def is_japanese(self) -> bool:
        """Say whether a child is Japanese by birth (国籍法2条): by the mother, or by a legal father."""
        by_father = self.father is not None and self.father.is_japanese and self.has_father_at_birth
        return self.mother.is_japanese or by_father

    @property
    def family_register(self) -> Register | None:
        """The family register that the children enter, None where nobody is Japanese."""
        if self.mother.family_register is not None:
            return self.mother.family_register
        return self.father.family_register if self.father and self.is_japanese else None

    @property
    def recipient(self) -> Parent:
        """The parent who receives the child allowance."""
        return self.parent(self.allowance.recipient if self.allowance else self.supported_by)

    @property
    def counted_siblings(self) -> tuple[Sibling, ...]:
        """The elder siblings that count: until the 31 March after they reach 22."""
        return tuple(
            one
            for one in self.siblings
            if fiscal_year_end_of(one.birth_date, _COUNTED_UNTIL) >= self.birth_date
        )

    @property
    def filing_parent(self) -> Parent | None:
        """The parent who notifies the birth, None where somebody else does."""
        if self.filer.role is FilerRole.FATHER:
            return self.father
        return self.mother if self.filer.role is FilerRole.MOTHER else None

    def age(self, parent: Parent) -> int:
        """Return a parent's age on the day of the birth."""
        return age_on(parent.birth_date, self.birth_date)

    @property
    def dates(self) -> Mapping[str, date]:
        """The days that deadlines run from."""
        judged = self.recognition.judged_on if self.recognition else None
        leave = self.mother.maternity_leave
        known = {
            "birth_date": self.birth_date,
            "due_date": self.due_date or self.birth_date,
            "leave_date": leave.starts_on if leave else self.birth_date,
        }
        return known | ({"judged_on": judged} if judged else {})
