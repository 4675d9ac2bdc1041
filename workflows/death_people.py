# SPDX-License-Identifier: Apache-2.0
"""Of a death, the persons: who died, who notifies it, who is left, and what each heir knows and decided.

The cause of death (死因) is nobody's member, and none is to come: it stays on the doctor's certificate,
which goes from the family's hand to the desk. Of a person who died no My Number is told either: it stays
protected after death (番号法).
"""

from enum import Enum
from typing import Annotated, Final

from pydantic import Field

from workflows.common import (
    Address,
    Contract,
    Count,
    Email,
    EventDay,
    Facts,
    Line,
    Person,
    Phone,
    Sex,
    YesNo,
)
from workflows.heirs_graph import PersonId
from workflows.holdings import PersonNumber
from workflows.moving_facts import Disability
from workflows.persons import Account, HealthInsurance, Residence
from workflows.registers import Register

TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


# --- the deceased -----------------------------------------------------------------------------------


class SpouseState(Enum):
    """Whether there is a spouse (配偶者の有無), as the notice asks."""

    MARRIED = "married"
    NEVER = "never-married"
    WIDOWED = "widowed"
    DIVORCED = "divorced"


class Health(Facts):
    """The health insurance (医療保険). `dependant`: insured through somebody else's employer (被扶養者)."""

    kind: HealthInsurance
    dependant: YesNo = False
    insurer: Contract | None = None
    symbol: Line | None = None
    over_limit: YesNo = False


class LongTermCare(Facts):
    """The care insurance (介護保険): certified, or of 65 years and more."""

    insured_number: Annotated[str, Field(pattern=r"^[0-9]{10}$")] | None = None
    certified: YesNo = False
    over_limit: YesNo = False


class PensionKind(Enum):
    """Which pension was received."""

    NATIONAL = "national"  # 国民年金
    EMPLOYEES = "employees"  # 厚生年金


class PensionRecord(Facts):
    """The pension (年金). Linked: its office learns of the death by itself.

    `paid_months` are those paid by the person themselves (第1号被保険者として納めた月数).
    """

    receives: Annotated[tuple[PensionKind, ...], Field(max_length=2)] = ()
    linked: YesNo = True
    basic_pension_number: Annotated[str, Field(pattern=r"^[0-9]{4}-?[0-9]{6}$")] | None = None
    paid_months: Annotated[Count, Field(ge=0, le=600)] = 0


class Work(Facts):
    """Where the deceased was employed; `at_work`: the death came from the work (業務上・通勤)."""

    company: Contract = Contract()
    employee_number: Line | None = None
    at_work: YesNo = False


class Business(Facts):
    """A business of one's own (個人事業)."""

    trade_name: Line | None = None


class Deceased(Person):
    """The person who died. A foreign national has a `nationality` and no family register here."""

    sex: Sex
    address: Address
    head_of_household: YesNo = False
    honseki: Register | None = None
    nationality: Line | None = None
    residence: Residence | None = None
    spouse_state: SpouseState
    has_card: YesNo = False
    seal_registered: YesNo = False
    taxed: YesNo = False
    files_income_tax: YesNo = False
    health: Health | None = None
    care: LongTermCare | None = None
    pension: PensionRecord | None = None
    work: Work | None = None
    business: Business | None = None
    disability: Disability | None = None
    licence_number: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = None
    passport_number: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{7}$")] | None = None


# --- those who are left -----------------------------------------------------------------------------


class Relation(Enum):
    """What a person is to the deceased."""

    SPOUSE = "spouse"
    CHILD = "child"
    GRANDCHILD = "grandchild"
    PARENT = "parent"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    NEPHEW = "nephew-or-niece"
    OTHER = "other-relative"
    NONE = "no-relative"


# The order in which the blood heirs come (民法887条、889条); a spouse is an heir beside any of them.
RANKS: Final = {
    Relation.CHILD: 1,
    Relation.GRANDCHILD: 1,
    Relation.PARENT: 2,
    Relation.GRANDPARENT: 2,
    Relation.SIBLING: 3,
    Relation.NEPHEW: 3,
}
LINEAL: Final = frozenset(one for one, rank in RANKS.items() if rank < 3)


class Related(Person):
    """A person who is left. The first of the list is the one who notifies.

    `ward`: under guardianship (成年被後見人). `representative` acts for a minor or a ward (法定代理人),
    `special_representative` where the two would stand on both sides (特別代理人, 民法826条).
    `same_livelihood` is what the pension laws ask (生計同一). `known_as` is who it is in the `family`.
    """

    relation: Relation
    known_as: PersonId | None = None
    address: Address | None = None
    honseki: Register | None = None
    phone: Phone | None = None
    email: Email | None = None
    lived_together: YesNo = False
    in_household: YesNo = False
    same_livelihood: YesNo = False
    married_years: Annotated[Count, Field(ge=0, le=99)] | None = None
    ward: YesNo = False
    representative: PersonNumber | None = None
    special_representative: PersonNumber | None = None
    account: Account | None = None


class Capacity(Enum):
    """As what somebody notifies the death (届出人の資格, 戸籍法87条、93条・56条).

    Nobody else may: no friend, no undertaker, no one charged with what comes after the death.
    """

    RELATIVE_TOGETHER = "relative-living-together"  # 同居の親族
    OTHER_TOGETHER = "other-living-together"  # その他の同居者
    LANDLORD = "landlord"  # 家主
    LANDOWNER = "landowner"  # 地主
    CARETAKER = "caretaker"  # 家屋又は土地の管理人
    RELATIVE_APART = "relative-living-apart"  # 同居していない親族
    GUARDIAN = "guardian"  # 後見人
    CURATOR = "curator"  # 保佐人
    ASSISTANT = "assistant"  # 補助人
    VOLUNTARY_GUARDIAN = "voluntary-guardian"  # 任意後見人
    DESIGNATED_GUARDIAN = "designated-voluntary-guardian"  # 任意後見受任者
    INSTITUTION = "head-of-public-institution"  # 公設所の長


# Those who have to (戸籍法87条1項), in the order of the law; any of them may come first.
BOUND: Final = (
    Capacity.RELATIVE_TOGETHER,
    Capacity.OTHER_TOGETHER,
    Capacity.LANDLORD,
    Capacity.LANDOWNER,
    Capacity.CARETAKER,
)


class Notifier(Facts):
    """As what the first of the persons notifies, and on which day they learned of the death."""

    capacity: Capacity
    learned_on: EventDay


class Decision(Enum):
    """What an heir decides about the estate (民法915条)."""

    ACCEPT = "accept"  # 単純承認
    LIMITED = "limited"  # 限定承認
    RENOUNCE = "renounce"  # 相続放棄


class Heir(Facts):
    """An heir as the family knows it.

    `learned_on` is the day on which they knew that they themselves are an heir; of a minor or a ward,
    when the representative did (917条). `decision` is what is known so far; only what a court has taken
    is done (`declared_on`), and an acceptance is said by each heir themselves. `extended_until`: the
    court gave more time. `infringed_on`: they learned that a will leaves them less than is reserved.
    """

    person: PersonNumber
    learned_on: EventDay | None = None
    extended_until: EventDay | None = None
    decision: Decision | None = None
    declared_on: EventDay | None = None
    infringed_on: EventDay | None = None

    @property
    def has_renounced(self) -> bool:
        """Say whether a court has taken the renunciation: never an heir (939条)."""
        return self.decision is Decision.RENOUNCE and self.declared_on is not None
