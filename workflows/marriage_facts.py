# SPDX-License-Identifier: Apache-2.0
"""What a couple tells about its marriage (婚姻の申請事項).

`spouses` are the two who marry, the first of them opens the case. What a couple cannot tell so is in
`marriage_doubts.py`. Who tells nothing of a passport has none.
"""

from datetime import date
from enum import Enum
from typing import Annotated, Final

from pydantic import Field

from workflows.common import (
    Address,
    BirthDate,
    Email,
    EventDay,
    Facts,
    Kana,
    Line,
    Name,
    Person,
    Phone,
    Reading,
    YesNo,
)
from workflows.holdings import (
    MOST,
    BankAccount,
    Held,
    Mobile,
    Owned,
    PersonNumber,
    RealEstate,
    VehicleKind,
)
from workflows.persons import Abroad, Account, HealthInsurance, Licence, Residence, Workplace
from workflows.registers import Honseki, Register, RegisterDesk

Romaji = Annotated[str, Field(pattern=r"^[A-Z][A-Z ]*$", max_length=100)]

# --- the two, and those who witness it --------------------------------------------------------------


class Part(Enum):
    """Whom the notice names as husband and as wife (夫になる人・妻になる人)."""

    HUSBAND = "husband"
    WIFE = "wife"


class Ending(Enum):
    """How an earlier marriage ended (死別・離別)."""

    DEATH = "death"
    DIVORCE = "divorce"


class EarlierMarriage(Facts):
    """The last marriage before this one (再婚); who has none marries for the first time (初婚)."""

    ended_by: Ending
    ended_on: BirthDate


class Parents(Facts):
    """The parents' names, and which of their children somebody is (父母の氏名・続き柄)."""

    father: Name | None = None
    mother: Name | None = None
    relation: Line


class NonAcceptance(Enum):
    """A request that no notice be accepted which they do not bring themselves (不受理申出)."""

    WANTED = "wanted"
    SET = "set"


class Passport(Facts):
    """A passport (旅券)."""

    number: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{7}$")]
    romaji: Romaji


class Qualification(Facts):
    """A state qualification (国家資格) whose register shows name and 本籍."""

    title: Line
    ministry: Line
    number: Line


class Spouse(Person):
    """One of the two who marry. `family_register` is for Japanese nationals, `nationality` for all others.

    `insurance_after` is told where the insurance changes. `becomes_dependant` and `tax_dependant` say
    that the other one's employer is told of them.
    """

    part: Part
    address: Address | None = None
    abroad: Abroad | None = None
    family_register: Register | None = None
    nationality: Line | None = None
    residence: Residence | None = None
    parents: Parents
    earlier_marriage: EarlierMarriage | None = None
    non_acceptance: NonAcceptance | None = None
    comes_in_person: YesNo = True
    has_card: YesNo = False
    wants_signing_certificate: YesNo = False
    wants_former_surname: YesNo = False
    seal_registered: YesNo = False
    health_insurance: HealthInsurance | None = None
    insurance_after: HealthInsurance | None = None
    becomes_dependant: YesNo = False
    income: Annotated[int, Field(strict=True, ge=0, le=999_999_999)] | None = None
    tax_dependant: YesNo = False
    employer: Workplace | None = None
    licence: Licence | None = None
    passport: Passport | None = None
    qualifications: Annotated[tuple[Qualification, ...], Field(max_length=5)] = ()
    receives_child_support: YesNo = False
    public_money_account: YesNo = False

    @property
    def is_japanese(self) -> bool:
        """Say whether they have a family register."""
        return self.family_register is not None

    @property
    def lives_in_japan(self) -> bool:
        """Say whether a municipality has them in its resident register."""
        return self.address is not None


class Witness(Facts):
    """An adult who witnesses the marriage (証人)."""

    name: Name
    birth_date: BirthDate
    address: Address
    honseki: Honseki | None = None
    nationality: Line | None = None


class Kinship(Enum):
    """How the two are related (親族関係): most is forbidden (民法734〜736条)."""

    NONE = "none"
    COUSINS = "cousins"  # fourth degree, and further: allowed
    LINEAL = "lineal"  # 直系血族
    COLLATERAL = "collateral-within-three"  # 三親等内の傍系血族
    LINEAL_BY_MARRIAGE = "lineal-by-marriage"  # 直系姻族, also after it ended
    ADOPTIVE = "adoptive-lineal"  # 養親子等, also after it was dissolved


ALLOWED_KINSHIP: Final = frozenset({Kinship.NONE, Kinship.COUSINS})

# --- the family -------------------------------------------------------------------------------------


class ForeignSurname(Facts):
    """The surname of the foreign spouse that the Japanese one takes (戸籍法107条2項)."""

    family: Line
    kana: Kana


class ChildWish(Enum):
    """What is wished for a child of an earlier union: its register does not change by itself."""

    NOTHING = "nothing"
    JOIN_REGISTER = "join-register"  # 子の入籍, with leave of the family court
    ADOPTION = "adoption"  # 養子縁組 with the new spouse


class Child(Person):
    """A child of an earlier union; `parent` is one of the spouses, counted from 0."""

    parent: PersonNumber
    family_register: Register
    wish: ChildWish = ChildWish.NOTHING


class First(Enum):
    """Which of two notices of one day is handed in first."""

    MARRIAGE = "marriage"
    MOVE = "move"


class MoveTogether(Facts):
    """A move about the same time: its own life event. On the day itself the order has to be said."""

    moved_on: EventDay
    movers: Annotated[tuple[PersonNumber, ...], Field(min_length=1, max_length=2)]
    new_address: Address
    first: First | None = None


class HouseholdMerge(Facts):
    """Two households at one address that become one (世帯合併)."""

    members: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST)]
    new_head: Name
    relation: Line


class AllowanceChange(Facts):
    """Another parent receives the child allowance from now on; `recipient` is one of the spouses."""

    recipient: PersonNumber
    account: Account | None = None


# --- what they own and whose customers they are -----------------------------------------------------


class Vehicle(Owned):
    """A vehicle that is registered or recorded in its owner's name."""

    kind: VehicleKind
    plate: Line
    chassis: Line


class Utility(Held):
    """A contract of a household. `merges`: two become one, and this one ends."""

    merges: YesNo = False


class Beneficiary(Facts):
    """Who is to receive the insurance money (受取人)."""

    name: Name
    relation: Line


class Policy(Held):
    """An insurance; `beneficiary` where that changes too."""

    beneficiary: Beneficiary | None = None


class Card(Held):
    """A credit card; `romaji` is how the new name is to stand on it."""

    romaji: Romaji | None = None


class MobileLine(Mobile):
    """A mobile line; `joins_family`: it joins a family plan."""

    joins_family: YesNo = False


class Banked(BankAccount):
    """An account; `new_seal`: another seal is registered with it."""

    new_seal: YesNo = False


_Utilities = Annotated[tuple[Utility, ...], Field(max_length=MOST)]
_Many = Annotated[tuple[Held, ...], Field(max_length=MOST)]


class Contracts(Facts):
    """The contracts of both, each with its holder."""

    electricity: _Utilities = ()
    gas: _Utilities = ()
    water: _Utilities = ()
    telephone: _Utilities = ()
    newspaper: _Utilities = ()
    nhk: _Utilities = ()
    isp: _Utilities = ()
    shops: _Many = ()
    banks: Annotated[tuple[Banked, ...], Field(max_length=MOST)] = ()
    credit_cards: Annotated[tuple[Card, ...], Field(max_length=MOST)] = ()
    mobiles: Annotated[tuple[MobileLine, ...], Field(max_length=MOST)] = ()
    insurance: Annotated[tuple[Policy, ...], Field(max_length=MOST)] = ()
    securities: _Many = ()


# --- the whole --------------------------------------------------------------------------------------


class MarriedAbroad(Facts):
    """A marriage that was made by the form of another country (戸籍法41条): its certificate is filed."""

    country: Line
    married_on: EventDay


class MarriageFacts(Facts):
    """What a couple tells. `surname_of`: whose surname both will have (民法750条), if both are Japanese.

    `new_honseki` is where the new register is made; there is none where the spouse whose surname is
    used heads a register already, which the other one enters (戸籍法16条). `protected`: somebody is
    under the protection of 支援措置, so that nothing is sent to anybody.
    """

    marriage_date: EventDay
    desk: RegisterDesk
    spouses: Annotated[tuple[Spouse, ...], Field(min_length=2, max_length=2)]
    witnesses: Annotated[tuple[Witness, ...], Field(min_length=2, max_length=2)]
    surname_of: Part | None = None
    new_honseki: Honseki | None = None
    kinship: Kinship = Kinship.NONE
    married_abroad: MarriedAbroad | None = None
    phone: Phone
    email: Email | None = None
    foreign_surname: ForeignSurname | None = None
    children: Annotated[tuple[Child, ...], Field(max_length=MOST)] = ()
    move: MoveTogether | None = None
    household_merge: HouseholdMerge | None = None
    child_allowance: AllowanceChange | None = None
    contracts: Contracts = Contracts()
    vehicles: Annotated[tuple[Vehicle, ...], Field(max_length=MOST)] = ()
    real_estate: Annotated[tuple[RealEstate, ...], Field(max_length=MOST)] = ()
    protected: YesNo = False

    @property
    def applicant(self) -> Spouse:
        """The spouse who opens the case."""
        return self.spouses[0]

    def other(self, number: int) -> Spouse:
        """Return whom this spouse marries."""
        return self.spouses[1 - number]

    @property
    def is_international(self) -> bool:
        """Say whether one of the two is no Japanese national."""
        return not all(one.is_japanese for one in self.spouses)

    @property
    def namesake(self) -> Spouse | None:
        """The first in the register: whose surname both have, or the Japanese who marries a foreigner."""
        japanese = [one for one in self.spouses if one.is_japanese]
        if len(japanese) == 2:
            return next((one for one in japanese if one.part is self.surname_of), None)
        return japanese[0] if japanese else None

    @property
    def makes_register(self) -> bool:
        """Say whether a new register is made: nobody heads one that can be entered or stays."""
        head = self.namesake
        return head is not None and not (head.family_register and head.family_register.is_head)

    @property
    def register_place(self) -> Honseki | None:
        """The 本籍 after the marriage; None for two foreigners."""
        if self.makes_register:
            return self.new_honseki
        return self.namesake.family_register if self.namesake else None

    def is_renamed(self, number: int) -> bool:
        """Say whether this spouse's surname changes: by the couple's choice, or to a foreign one."""
        one = self.spouses[number]
        if not one.is_japanese:
            return False
        return self.foreign_surname is not None if self.is_international else one.part is not self.surname_of

    def new_name(self, number: int) -> Name:
        """Return the name after the marriage."""
        one = self.spouses[number]
        if not self.is_renamed(number):
            return one.name
        family = self.foreign_surname.family if self.foreign_surname else self.other(number).name.family
        return Name(family=family, given=one.name.given)

    def new_kana(self, number: int) -> Reading:
        """Return how the name is read after the marriage."""
        one = self.spouses[number]
        if not self.is_renamed(number):
            return one.kana
        family = self.foreign_surname.kana if self.foreign_surname else self.other(number).kana.family
        return Reading(family=family, given=one.kana.given)

    def honseki_changes(self, number: int) -> bool:
        """Say whether this spouse's 本籍 becomes another."""
        before, after = self.spouses[number].family_register, self.register_place
        if before is None or after is None:
            return False
        return before.place != (after.municipality, after.line)

    def prefecture_changes(self, number: int) -> bool:
        """Say whether the prefecture of the 本籍 becomes another: a passport shows no more of it."""
        before, after = self.spouses[number].family_register, self.register_place
        if before is None or after is None:
            return False
        return before.prefecture_code != after.prefecture_code

    @property
    def moves_first(self) -> bool:
        """Say whether the move comes before the marriage: by its day, on the same day as it was said."""
        move = self.move
        if move is None:
            return False
        return move.moved_on < self.marriage_date or (
            move.moved_on == self.marriage_date and move.first is First.MOVE
        )

    def home(self, number: int) -> Address:
        """Return where this spouse lives when the marriage is entered: the new address from its day on."""
        move = self.move
        if move and number in move.movers and move.moved_on <= self.marriage_date:
            return move.new_address
        known = self.spouses[number].address or self.applicant.address
        if known is None:
            raise ValueError("the applicant lives in Japan")
        return known

    @property
    def dates(self) -> dict[str, date]:
        """The days that deadlines run from."""
        moved = {"move_date": self.move.moved_on} if self.move else {}
        abroad = {"married_abroad_on": self.married_abroad.married_on} if self.married_abroad else {}
        return {"marriage_date": self.marriage_date, **moved, **abroad}
