# SPDX-License-Identifier: Apache-2.0
"""What may be told of a death, where it comes from, and which kinds of receivers may get it.

What the family register has (本籍、配偶者の有無) goes to its own desk, to courts and to registries, never
to a company. No field tells of what somebody died.
"""

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel, JsonValue

from engine.core.declaration import FactField
from workflows.common import Contract, Facts, both
from workflows.death_estate_facts import BankAccount, Dog, Ended, Mobile, RealEstate, Vehicle
from workflows.death_facts import DeathFacts
from workflows.death_people import RANKS, Deceased, Heir, Related, Work
from workflows.death_terms import heir_at, person_of, thing_at
from workflows.terms import only

Read = Callable[[DeathFacts, str], JsonValue]

# --- kinds of receivers -----------------------------------------------------------------------------

DESKS: Final = frozenset({"MUNI-K"})
MUNICIPALITIES: Final = frozenset({"MUNI", "MUNI-K", "WIDE"})
# 国民健康保険法111条の2, 健康保険法194条の2: insurers may ask for the numbers of their own insured.
INSURERS: Final = frozenset({"MUNI", "WIDE", "HINS", "EMP"})
COURTS: Final = frozenset({"COURT"})
REGISTERS: Final = frozenset({"MUNI-K", "COURT", "REG"})
VEHICLE_OFFICES: Final = frozenset({"MLIT"})
LAND_OFFICES: Final = frozenset({"REG", "MUNI", "AGRI"})
# Who pays to an account: an authority or an insurer, to the one who claims.
PAYERS: Final = frozenset({"MUNI", "WIDE", "HINS", "JPS", "LABOUR", "PRIV-INS"})
# Who decides by kinship: what a person is to the deceased is told to nobody else.
KIN: Final = frozenset({*PAYERS, "NTA", "COURT", "REG", "MUNI-K", "HEIRS"})

# --- what is told, and where it comes from ----------------------------------------------------------


def _json(facts: Facts | None) -> JsonValue:
    return facts.as_json() if facts is not None else None


def _of_deceased(of: Callable[[Deceased], JsonValue]) -> Read:
    return lambda facts, _: of(facts.deceased)


def _of_informant(of: Callable[[Related], JsonValue]) -> Read:
    return lambda facts, _: of(facts.informant)


def _of_person(of: Callable[[Related], JsonValue]) -> Read:
    return lambda facts, subject: of(person_of(facts, subject))


def _thing(of: Callable[[BaseModel], JsonValue]) -> Read:
    def read(facts: DeathFacts, subject: str) -> JsonValue:
        thing = thing_at(facts, subject)
        return of(thing) if thing is not None else None

    return read


def _vehicle(of: Callable[[Vehicle], JsonValue]) -> Read:
    return _thing(lambda one: of(one) if isinstance(one, Vehicle) else None)


def _heir(of: Callable[[Heir], JsonValue]) -> Read:
    def read(facts: DeathFacts, subject: str) -> JsonValue:
        heir = heir_at(facts, subject)
        return of(heir) if heir is not None else None

    return read


def _work(of: Callable[[Work], JsonValue]) -> Read:
    return _of_deceased(lambda one: of(one.work) if one.work else None)


def _number_of(contract: Contract | None) -> JsonValue:
    return contract.customer_number if contract is not None else None


def _single(of: Callable[[DeathFacts], Contract | None]) -> Read:
    return lambda facts, _: _number_of(of(facts))


def _held(one: BaseModel) -> JsonValue:
    return one.customer_number if isinstance(one, Ended) else None


def _stop_day(of: Callable[[DeathFacts], Ended | None]) -> Read:
    def read(facts: DeathFacts, _: str) -> JsonValue:
        contract = of(facts)
        return contract.stop_on.isoformat() if contract is not None and contract.stop_on else None

    return read


def _place_of_death(facts: DeathFacts, _: str) -> JsonValue:
    if facts.place is not None:
        return _json(facts.place)
    return facts.abroad.written if facts.abroad else None


def _heir_named(facts: DeathFacts, heir: Heir) -> JsonValue:
    person = facts.people[heir.person]
    share = facts.share(person)
    return {
        "name": _json(person.name),
        "birthDate": person.birth_date.isoformat(),
        "relation": person.relation.value,
        "address": _json(person.address),
        "share": str(share) if share is not None else None,
    }


def _heirs(facts: DeathFacts, _: str) -> JsonValue:
    return [_heir_named(facts, one) for one in facts.present_heirs]


def _chart(facts: DeathFacts, _: str) -> JsonValue:
    """Return the heirs as the chart has them: it shows no renunciation, so that a next rank is not in it."""
    ranks = [RANKS.get(facts.people[one.person].relation, 0) for one in facts.heirs]
    first = min((rank for rank in ranks if rank), default=0)
    return [
        _heir_named(facts, one) for one, rank in zip(facts.heirs, ranks, strict=True) if rank in {0, first}
    ]


def _heir_names(facts: DeathFacts, _: str) -> JsonValue:
    return [_json(facts.people[one.person].name) for one in facts.present_heirs]


def _children(facts: DeathFacts, _: str) -> JsonValue:
    found = (facts.people[number] for number in facts.children)
    return [{"name": _json(one.name), "birthDate": one.birth_date.isoformat()} for one in found]


def _members(facts: DeathFacts, _: str) -> JsonValue:
    return [_json(one.name) for one in facts.people if one.in_household]


def _new_head(facts: DeathFacts, _: str) -> JsonValue:
    return _json(facts.people[facts.new_head].name) if facts.new_head is not None else None


def _guardian(facts: DeathFacts, _: str) -> JsonValue:
    if facts.guardianship is None:
        return None
    return _json(facts.people[facts.guardianship.guardian].name)


def _representative(facts: DeathFacts, subject: str) -> JsonValue:
    """Return who acts for the person: the court's special representative before the legal one."""
    person = person_of(facts, subject)
    acting = facts.acting_for(person)
    return _json(acting.name) if acting is not person else None


def _outline(facts: DeathFacts, _: str) -> JsonValue:
    """Return what there is in outline (相続財産の概略), as the court's form asks."""
    return {
        "land": len(facts.estate.real_estate),
        "accounts": len(facts.contracts.banks),
        "debts": facts.estate.debts_known,
    }


def _cremation(facts: DeathFacts, _: str) -> JsonValue:
    cremation = facts.cremation
    if cremation is None:
        return None
    return f"{cremation.day.isoformat()}T{cremation.time}" if cremation.time else cremation.day.isoformat()


def _waste(facts: DeathFacts, _: str) -> JsonValue:
    return list(facts.estate.bulky_waste.items) if facts.estate.bulky_waste else None


def _income(facts: DeathFacts, _: str) -> JsonValue:
    return "事業所得" if facts.deceased.business else "給与・年金などの所得"


def _customer(name: str, ja: str, en: str, kind: str, read: Read) -> FactField[DeathFacts]:
    """Return the number under which a company knows the deceased: told to that kind of company alone."""
    return FactField(name, both(ja, en), read, "customerNumber", only(kind))


def _stop(name: str, kind: str, of: Callable[[DeathFacts], Ended | None]) -> FactField[DeathFacts]:
    return FactField(name, both("使用停止日", "Last day of use"), _stop_day(of), "stopOn", only(kind))


_DECEASED: Final[tuple[FactField[DeathFacts], ...]] = (
    FactField(
        "deceasedName",
        both("亡くなった人の氏名", "Name of the deceased"),
        _of_deceased(lambda d: _json(d.name)),
    ),
    FactField("deceasedKana", both("振り仮名", "Reading of the name"), _of_deceased(lambda d: _json(d.kana))),
    FactField(
        "deceasedBirthDate",
        both("生年月日", "Date of birth"),
        _of_deceased(lambda d: d.birth_date.isoformat()),
    ),
    FactField("deceasedSex", both("性別", "Sex"), _of_deceased(lambda d: d.sex.value), only_for=DESKS),
    FactField("lastAddress", both("最後の住所", "Last address"), _of_deceased(lambda d: _json(d.address))),
    FactField("diedOn", both("亡くなった日", "Day of the death"), lambda f, _: f.died_on.isoformat()),
    FactField(
        "diedAt",
        both("亡くなった時刻", "Hour of the death"),
        lambda f, _: f.died_at,
        only_for=only("MUNI-K", "PRIV-CREM"),
    ),
    FactField("placeOfDeath", both("亡くなった場所", "Place of death"), _place_of_death, only_for=DESKS),
    FactField(
        "deceasedIsHead",
        both("世帯主かどうか", "Head of household"),
        _of_deceased(lambda d: d.head_of_household),
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "honseki",
        both("本籍・筆頭者", "Honseki"),
        _of_deceased(lambda d: _json(d.honseki)),
        only_for=REGISTERS,
    ),
    FactField(
        "nationality",
        both("国籍", "Nationality"),
        _of_deceased(lambda d: d.nationality),
        only_for=only("MUNI-K", "IMM"),
    ),
    FactField(
        "spouseState",
        both("配偶者の有無", "Whether there is a spouse"),
        _of_deceased(lambda d: d.spouse_state.value),
        only_for=DESKS,
    ),
    FactField(
        "insuranceSymbol",
        both("健康保険の記号・番号", "Symbol of the health insurance"),
        _of_deceased(lambda d: d.health.symbol if d.health else None),
        "insuredNumber",
        INSURERS,
    ),
    FactField(
        "careInsuredNumber",
        both("介護保険の被保険者番号", "Care insurance number"),
        _of_deceased(lambda d: d.care.insured_number if d.care else None),
        "insuredNumber",
        only("MUNI"),
    ),
    FactField(
        "basicPensionNumber",
        both("基礎年金番号", "Basic pension number"),
        lambda f, _: f.pension.basic_pension_number,
        only_for=only("JPS"),
    ),
    FactField(
        "handbookNumber",
        both("手帳の番号", "Number of the handbook"),
        _of_deceased(lambda d: d.disability.number if d.disability else None),
        only_for=only("MUNI"),
    ),
    FactField(
        "licenceNumber",
        both("免許証の番号", "Number of the licence"),
        _of_deceased(lambda d: d.licence_number),
        only_for=only("POLICE"),
    ),
    FactField(
        "passportNumber",
        both("旅券番号", "Number of the passport"),
        _of_deceased(lambda d: d.passport_number),
        only_for=only("MOFA"),
    ),
    FactField(
        "residenceCardNumber",
        both("在留カード等の番号", "Number of the residence card"),
        _of_deceased(lambda d: d.residence.card_number if d.residence else None),
        "cardNumber",
        only("IMM"),
    ),
    FactField(
        "employeeNumber",
        both("従業員番号", "Employee number"),
        _work(lambda w: w.employee_number),
        only_for=only("EMP"),
    ),
    FactField(
        "employer",
        both("勤務先", "Employer"),
        _work(lambda w: w.company.company_name),
        only_for=only("LABOUR"),
    ),
    FactField(
        "tradeName",
        both("屋号", "Trade name"),
        _of_deceased(lambda d: d.business.trade_name if d.business else None),
        only_for=only("NTA"),
    ),
    FactField("income", both("所得の種類", "Kind of the income"), _income, only_for=only("NTA")),
)

_PERSONS: Final[tuple[FactField[DeathFacts], ...]] = (
    FactField(
        "notifierName",
        both("届け出る人の氏名", "Name of who notifies"),
        _of_informant(lambda p: _json(p.name)),
    ),
    FactField("phone", both("電話番号", "Telephone"), _of_informant(lambda p: p.phone)),
    FactField("email", both("メールアドレス", "E-mail"), _of_informant(lambda p: p.email)),
    FactField(
        "notifierRelation",
        both("亡くなった人との続柄", "Relation to the deceased"),
        _of_informant(lambda p: p.relation.value),
        "relation",
    ),
    FactField(
        "notifierBirthDate",
        both("届出人の生年月日", "Date of birth of the notifier"),
        _of_informant(lambda p: p.birth_date.isoformat()),
        only_for=DESKS,
    ),
    FactField(
        "notifierAddress",
        both("届出人の住所", "Address of the notifier"),
        _of_informant(lambda p: _json(p.address)),
        only_for=DESKS,
    ),
    FactField(
        "notifierHonseki",
        both("届出人の本籍", "Honseki of the notifier"),
        _of_informant(lambda p: _json(p.honseki)),
        only_for=DESKS,
    ),
    FactField(
        "capacity",
        both("届出人の資格", "Capacity of the notifier"),
        lambda f, _: f.notifier.capacity.value,
        only_for=DESKS,
    ),
    # the person it is about: the claimant, the heir, who takes over
    FactField("name", both("請求・申請する人の氏名", "Name"), _of_person(lambda p: _json(p.name))),
    FactField(
        "birthDate",
        both("その人の生年月日", "Date of birth"),
        _of_person(lambda p: p.birth_date.isoformat()),
        only_for=KIN,
    ),
    FactField(
        "address",
        both("その人の住所", "Address"),
        _of_person(lambda p: _json(p.address)),
        only_for=frozenset({*KIN, "MUNI", "MLIT", "AGRI"}),
    ),
    FactField(
        "kana",
        both("その人の振り仮名", "Reading of the name"),
        _of_person(lambda p: _json(p.kana)),
        only_for=only("REG"),
    ),
    FactField(
        "personEmail",
        both("その人のメールアドレス", "E-mail"),
        _of_person(lambda p: p.email),
        "personEmail",
        only("REG"),
    ),
    FactField(
        "personRelation",
        both("亡くなった人との続柄", "Relation to the deceased"),
        _of_person(lambda p: p.relation.value),
        "relation",
        KIN,
    ),
    FactField(
        "personHonseki",
        both("その人の本籍", "Honseki"),
        _of_person(lambda p: _json(p.honseki)),
        "honseki",
        only("MUNI-K", "COURT"),
    ),
    FactField(
        "deceasedHonseki",
        both("亡くなった人の本籍", "Honseki of the deceased"),
        _of_deceased(lambda d: _json(d.honseki)),
        only_for=only("COURT", "MUNI-K"),
    ),
    FactField(
        "sameLivelihood",
        both("生計同一", "Same livelihood"),
        _of_person(lambda p: p.same_livelihood),
        only_for=only("JPS"),
    ),
    FactField(
        "marriedYears",
        both("婚姻期間（年）", "Years of marriage"),
        _of_person(lambda p: p.married_years),
        only_for=only("JPS"),
    ),
    FactField(
        "account",
        both("振込先（なければ公金受取口座）", "Account"),
        _of_person(lambda p: _json(p.account)),
        only_for=PAYERS,
    ),
    FactField(
        "representative",
        both("代わって行う人", "Who acts for the person"),
        _representative,
        only_for=frozenset({*COURTS, "MUNI-K", "NTA", "REG", "JPS", "PRIV-INS"}),
    ),
    FactField("children", both("子ども", "Children"), _children, only_for=only("MUNI", "JPS", "MUNI-K")),
    FactField("members", both("世帯員", "Members of the household"), _members, only_for=only("MUNI")),
    FactField("newHead", both("新しい世帯主", "New head of household"), _new_head, only_for=only("MUNI")),
    FactField("guardian", both("未成年後見人", "Guardian"), _guardian, only_for=DESKS),
    FactField(
        "heirs", both("相続人", "Heirs"), _heirs, only_for=only("COURT", "REG", "NTA", "HEIRS", "MUNI")
    ),
    FactField("chartHeirs", both("相続人", "Heirs"), _chart, "heirs", only("REG")),
    FactField(
        "heirNames", both("相続人の氏名", "Names of the heirs"), _heir_names, "heirs", only("PRIV-LANDLORD")
    ),
    FactField(
        "learnedOn",
        both("自分が相続人になったことを知った日", "Day on which the heir knew of being one"),
        _heir(lambda one: one.learned_on.isoformat() if one.learned_on else None),
        only_for=COURTS,
    ),
    FactField("estateOutline", both("相続財産の概略", "The estate in outline"), _outline, only_for=COURTS),
    FactField(
        "funeralOn",
        both("葬儀の日", "Day of the funeral"),
        lambda f, _: f.funeral.day.isoformat() if f.funeral else None,
        only_for=only("MUNI", "WIDE", "HINS"),
    ),
    FactField(
        "crematorium",
        both("火葬場", "Crematorium"),
        lambda f, _: f.cremation.crematorium if f.cremation else None,
        only_for=only("MUNI-K", "PRIV-CREM"),
    ),
    FactField(
        "cremationAt", both("火葬の日時", "Time of the cremation"), _cremation, only_for=only("PRIV-CREM")
    ),
    FactField(
        "finalOn",
        both("裁判が確定した日", "Day on which the declaration became final"),
        lambda f, _: f.disappearance.final_on.isoformat() if f.disappearance else None,
        only_for=DESKS,
    ),
)

_THINGS: Final[tuple[FactField[DeathFacts], ...]] = (
    FactField(
        "propertyNumber",
        both("不動産番号", "Property number"),
        _thing(lambda one: one.number if isinstance(one, RealEstate) else None),
        only_for=LAND_OFFICES,
    ),
    FactField(
        "plate",
        both("登録番号・車両番号", "Number plate"),
        _vehicle(lambda v: v.plate),
        only_for=VEHICLE_OFFICES,
    ),
    FactField(
        "chassis", both("車台番号", "Chassis number"), _vehicle(lambda v: v.chassis), only_for=VEHICLE_OFFICES
    ),
    FactField(
        "vehicleKind",
        both("車の種類", "Kind of the vehicle"),
        _vehicle(lambda v: v.kind.value),
        only_for=VEHICLE_OFFICES,
    ),
    FactField(
        "dogNumber",
        both("鑑札番号又はマイクロチップ番号", "Tag or microchip number"),
        _thing(lambda one: (one.chip or one.tag) if isinstance(one, Dog) else None),
        only_for=only("MUNI"),
    ),
    FactField("items", both("品目", "Items"), _waste, only_for=only("MUNI")),
    FactField(
        "collectOn",
        both("収集日", "Day of collection"),
        lambda f, _: f.estate.bulky_waste.day.isoformat() if f.estate.bulky_waste else None,
        only_for=only("MUNI"),
    ),
)

_CONTRACTS: Final[tuple[FactField[DeathFacts], ...]] = (
    _customer(
        "electricityCustomer",
        "電気のお客さま番号",
        "Electricity customer number",
        "PRIV-ELEC",
        _single(lambda f: f.contracts.electricity),
    ),
    _stop("electricityStop", "PRIV-ELEC", lambda f: f.contracts.electricity),
    _customer(
        "gasCustomer",
        "ガスのお客さま番号",
        "Gas customer number",
        "PRIV-GAS",
        _single(lambda f: f.contracts.gas),
    ),
    _stop("gasStop", "PRIV-GAS", lambda f: f.contracts.gas),
    _customer(
        "waterCustomer",
        "水道のお客さま番号",
        "Water customer number",
        "WATER",
        _single(lambda f: f.contracts.water),
    ),
    _stop("waterStop", "WATER", lambda f: f.contracts.water),
    _customer(
        "telephoneCustomer",
        "固定電話のお客さま番号",
        "Telephone customer number",
        "PRIV-TEL",
        _single(lambda f: f.contracts.telephone),
    ),
    _customer(
        "nhkCustomer",
        "NHKのお客様番号",
        "NHK customer number",
        "PRIV-NHK",
        _single(lambda f: f.contracts.nhk),
    ),
    _stop("nhkStop", "PRIV-NHK", lambda f: f.contracts.nhk),
    _customer(
        "ispCustomer",
        "プロバイダのお客さま番号",
        "Internet customer number",
        "PRIV-ISP",
        _single(lambda f: f.contracts.isp),
    ),
    _stop("ispStop", "PRIV-ISP", lambda f: f.contracts.isp),
    FactField(
        "branch",
        both("支店", "Branch"),
        _thing(lambda one: one.branch if isinstance(one, BankAccount) else None),
        only_for=only("PRIV-BANK"),
    ),
    FactField(
        "bankAccount",
        both("口座番号", "Account number"),
        _thing(lambda one: one.account if isinstance(one, BankAccount) else None),
        "account",
        only("PRIV-BANK"),
    ),
    FactField("memberNumber", both("会員番号", "Member number"), _thing(_held), only_for=only("PRIV-CARD")),
    FactField(
        "mobileNumber",
        both("携帯電話番号", "Mobile number"),
        _thing(lambda one: one.number if isinstance(one, Mobile) else None),
        "number",
        only("PRIV-MOB"),
    ),
    FactField("shopAccount", both("会員ID", "Account id"), _thing(_held), "accountId", only("PRIV-EC")),
    FactField("policyNumber", both("証券番号", "Policy number"), _thing(_held), only_for=only("PRIV-INS")),
    FactField(
        "securitiesAccount", both("口座番号", "Account number"), _thing(_held), "account", only("PRIV-SEC")
    ),
)

FIELDS: Final[tuple[FactField[DeathFacts], ...]] = (*_DECEASED, *_PERSONS, *_THINGS, *_CONTRACTS)
