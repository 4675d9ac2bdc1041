# SPDX-License-Identifier: Apache-2.0
"""What may be told of a move, where it comes from, and which kinds of receivers may get it."""

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel, JsonValue

from engine.core.declaration import FactField
from workflows.common import Address, Contract, Facts, both
from workflows.holdings import BankAccount, Held, Mobile, RealEstate
from workflows.moving_facts import (
    Care,
    CareCertification,
    ChildAllowance,
    Contracts,
    Daycare,
    Disability,
    Dog,
    Employer,
    MedicalSubsidy,
    Mover,
    MovingFacts,
    NonLife,
    Pension,
    School,
    Vehicle,
)
from workflows.moving_terms import person_of, thing_at
from workflows.persons import HealthInsurance, Licence, Residence
from workflows.terms import only

Read = Callable[[MovingFacts, str], JsonValue]

# --- kinds of receivers -----------------------------------------------------------------------------

MUNICIPALITIES: Final = frozenset({"MUNI-OLD", "MUNI-NEW", "MUNI"})
# Insurers and municipalities may ask for the numbers of their own insured, nobody else:
# 国民健康保険法111条の2, 健康保険法194条の2; 国民年金法108条の4 for the basic pension number.
VEHICLE_OFFICES: Final = frozenset({"MLIT", "KEI", "POLICE", "MUNI-NEW"})

# --- what is told, and where it comes from ----------------------------------------------------------


def _json(facts: Facts) -> JsonValue:
    return facts.as_json()


def _old_place(facts: MovingFacts, _: str) -> JsonValue:
    return _place(facts.old_address, facts.from_abroad.written if facts.from_abroad else None)


def _new_place(facts: MovingFacts, _: str) -> JsonValue:
    return _place(facts.new_address, facts.to_abroad.written if facts.to_abroad else None)


def _place(address: Address | None, abroad: str | None) -> JsonValue:
    return _json(address) if address else abroad


def _mover(mover: Mover) -> JsonValue:
    """Return what the register has of a person, and nothing else that was told."""
    told = {"name": _json(mover.name), "kana": _json(mover.kana), "birthDate": mover.birth_date.isoformat()}
    if mover.sex:
        told["sex"] = mover.sex.value
    return {**told, "relation": mover.relation}


def _insured(mover: Mover) -> JsonValue:
    return {
        "name": _json(mover.name),
        "birthDate": mover.birth_date.isoformat(),
        "sex": mover.sex.value if mover.sex else None,
        "relation": mover.relation,
        "occupation": mover.occupation,
    }


def in_national_insurance(facts: MovingFacts) -> list[Mover]:
    """Return those who are in National Health Insurance (国民健康保険)."""
    return [one for one in facts.movers if one.health_insurance is HealthInsurance.NATIONAL]


def _child(child: Mover) -> JsonValue:
    return {
        "name": _json(child.name),
        "birthDate": child.birth_date.isoformat(),
        "livesTogether": True,
    }


def _single(of: Callable[[Contracts], Contract | None]) -> Read:
    def read(facts: MovingFacts, _: str) -> JsonValue:
        contract = of(facts.contracts)
        return contract.customer_number if contract else None

    return read


def _day(facts: MovingFacts, _: str) -> JsonValue:
    return facts.moving_date.isoformat()


def _stop_day(facts: MovingFacts, subject: str) -> JsonValue:
    return None if subject == "/newAddress" else facts.moving_date.isoformat()


def _start_day(facts: MovingFacts, subject: str) -> JsonValue:
    return None if subject == "/oldAddress" else facts.moving_date.isoformat()


def _work_day(of: Callable[[Contracts], object]) -> Read:
    def read(facts: MovingFacts, _: str) -> JsonValue:
        day = getattr(of(facts.contracts), "work_on", None) or facts.moving_date
        return day.isoformat()

    return read


def _forward_from(facts: MovingFacts, _: str) -> JsonValue:
    forwarding = facts.contracts.post_forwarding
    return ((forwarding and forwarding.start_on) or facts.moving_date).isoformat()


def _water(facts: MovingFacts, subject: str) -> JsonValue:
    contract = facts.contracts.water
    return contract.customer_number if contract and subject != "/newAddress" else None


def _water_payment(facts: MovingFacts, subject: str) -> JsonValue:
    contract = facts.contracts.water
    return contract.payment if contract and subject != "/oldAddress" else None


def _vehicle(of: Callable[[Vehicle], str | None]) -> Read:
    def read(facts: MovingFacts, subject: str) -> JsonValue:
        thing = thing_at(facts, subject)
        return of(thing) if isinstance(thing, Vehicle) else None

    return read


def _of_mover(of: Callable[[Mover], JsonValue]) -> Read:
    return lambda facts, subject: of(person_of(facts, subject))


def _thing(of: Callable[[BaseModel], JsonValue]) -> Read:
    def read(facts: MovingFacts, subject: str) -> JsonValue:
        thing = thing_at(facts, subject)
        return of(thing) if thing is not None else None

    return read


def _of_held(thing: BaseModel) -> JsonValue:
    return thing.customer_number if isinstance(thing, Held) else None


def _care(mover: Mover) -> Care:
    return mover.care or Care()


def _certified(of: Callable[[CareCertification], JsonValue]) -> Read:
    def read(mover: Mover) -> JsonValue:
        certification = _care(mover).certification
        return of(certification) if certification else None

    return _of_mover(read)


def _school(of: Callable[[School], JsonValue]) -> Read:
    return _of_mover(lambda mover: of(mover.school) if mover.school else None)


def _daycare(of: Callable[[Daycare], JsonValue]) -> Read:
    return _of_mover(lambda mover: of(mover.daycare) if mover.daycare else None)


def _disability(of: Callable[[Disability], JsonValue]) -> Read:
    return _of_mover(lambda mover: of(mover.disability) if mover.disability else None)


def _licence(of: Callable[[Licence], JsonValue]) -> Read:
    return _of_mover(lambda mover: of(mover.licence) if mover.licence else None)


def _residence(of: Callable[[Residence], JsonValue]) -> Read:
    return _of_mover(lambda mover: of(mover.residence) if mover.residence else None)


def allowance(facts: MovingFacts) -> ChildAllowance:
    """Return what was told of the child allowance: the applicant's, from the municipality, if nothing was."""
    return facts.child_allowance or ChildAllowance()


def _recipient(facts: MovingFacts, _: str) -> JsonValue:
    return _json(facts.movers[allowance(facts).owner].name)


def _spouse(facts: MovingFacts, _: str) -> JsonValue:
    spouse = allowance(facts).spouse
    return _json(spouse) if spouse else None


def _account(facts: MovingFacts, _: str) -> JsonValue:
    account = allowance(facts).account
    return _json(account) if account else None


def _single_parent(facts: MovingFacts, _: str) -> JsonValue:
    return _json(facts.movers[facts.child_support.owner if facts.child_support else 0].name)


def _changed_names(facts: MovingFacts, _: str) -> JsonValue:
    return [_json(one) for one in facts.household_change.members] if facts.household_change else None


def _new_head(facts: MovingFacts, _: str) -> JsonValue:
    return _json(facts.household_change.new_head) if facts.household_change else None


def _waste(facts: MovingFacts, _: str) -> JsonValue:
    return list(facts.bulky_waste.items) if facts.bulky_waste else None


def _bank(of: Callable[[BankAccount], JsonValue]) -> Read:
    return _thing(lambda one: of(one) if isinstance(one, BankAccount) else None)


def _nonlife(of: Callable[[NonLife], JsonValue]) -> Read:
    return _thing(lambda one: of(one) if isinstance(one, NonLife) else None)


FIELDS: Final[tuple[FactField[MovingFacts], ...]] = (
    # the person it is about: the applicant, or the mover or owner whom the subject names
    FactField("name", both("氏名", "Name"), lambda f, s: _json(person_of(f, s).name)),
    FactField("kana", both("振り仮名", "Reading of the name"), lambda f, s: _json(person_of(f, s).kana)),
    FactField(
        "birthDate", both("生年月日", "Date of birth"), lambda f, s: person_of(f, s).birth_date.isoformat()
    ),
    # the move
    FactField("oldAddress", both("旧住所", "Old address"), _old_place),
    FactField("newAddress", both("新住所", "New address"), _new_place),
    FactField("movingDate", both("異動日（引越し日）", "Day of the move"), _day),
    FactField(
        "movers",
        both("異動する人", "Who moves"),
        lambda f, _: [_mover(m) for m in f.movers],
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "relations",
        both("世帯主との続柄", "Relation to the head of household"),
        lambda f, _: [{"name": _json(m.name), "relation": m.relation} for m in f.movers],
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "moverNames",
        both("転居する人の氏名", "Names of all who move"),
        lambda f, _: [_json(m.name) for m in f.movers],
    ),
    FactField(
        "head",
        both("新しい世帯主", "New head of household"),
        lambda f, _: _json(f.head),
        only_for=MUNICIPALITIES,
    ),
    FactField("phone", both("電話番号", "Telephone"), lambda f, _: f.phone),
    FactField("email", both("メールアドレス", "E-mail"), lambda f, _: f.email),
    FactField("stopOn", both("使用停止日", "Last day of use"), _stop_day),
    FactField("startOn", both("使用開始日", "First day of use"), _start_day),
    FactField(
        "changedMembers",
        both("世帯変更の対象者", "Whom it is about"),
        _changed_names,
        "names",
        MUNICIPALITIES,
    ),
    FactField(
        "changedHead", both("新しい世帯主", "New head of household"), _new_head, "newHead", MUNICIPALITIES
    ),
    # insurance, pension, care
    FactField(
        "insuredNames",
        both("国保の資格を失う人", "Who leaves the insurance"),
        lambda f, _: [_json(one.name) for one in in_national_insurance(f)],
        "insured",
        MUNICIPALITIES,
    ),
    FactField(
        "insured",
        both("国保に加入する人", "Who joins the insurance"),
        lambda f, _: [_insured(one) for one in in_national_insurance(f)],
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "reason",
        both("資格取得の事由", "Why they join"),
        lambda f, _: "国外からの転入" if f.from_abroad else "転入",
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "basicPensionNumber",
        both("基礎年金番号", "Basic pension number"),
        _of_mover(lambda m: (m.pension or Pension()).basic_pension_number),
        only_for=only("JPS"),
    ),
    FactField(
        "careInsuredNumber",
        both("介護保険の被保険者番号", "Care insurance number"),
        _of_mover(lambda m: _care(m).insured_number),
        "insuredNumber",
        MUNICIPALITIES,
    ),
    FactField(
        "careLevel", both("要介護度", "Care level"), _certified(lambda c: c.level), only_for=MUNICIPALITIES
    ),
    FactField(
        "careValidUntil",
        both("認定の有効期限", "Certified until"),
        _certified(lambda c: c.valid_until.isoformat()),
        "validUntil",
        MUNICIPALITIES,
    ),
    FactField(
        "careDoctor", both("主治医", "Doctor"), _certified(lambda c: c.doctor), "doctor", MUNICIPALITIES
    ),
    FactField(
        "burdenClass",
        both("負担区分", "Share of the costs"),
        _of_mover(lambda m: m.burden_class),
        only_for=only("WIDE"),
    ),
    FactField(
        "handbookNumber",
        both("手帳の番号", "Number of the handbook"),
        _disability(lambda d: d.number),
        only_for=MUNICIPALITIES,
    ),
    # children
    FactField("recipient", both("受給者", "Recipient"), _recipient, "name", MUNICIPALITIES),
    FactField("spouse", both("配偶者", "Spouse"), _spouse, only_for=MUNICIPALITIES),
    FactField(
        "children",
        both("児童", "Children"),
        lambda f, _: [_child(one) for one in f.children],
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "account", both("振込先（なければ公金受取口座）", "Account"), _account, only_for=MUNICIPALITIES
    ),
    FactField(
        "insuranceKind",
        both("加入している年金・保険", "Insurance of the recipient"),
        lambda f, _: allowance(f).insurance,
        only_for=MUNICIPALITIES,
    ),
    FactField("singleParent", both("受給者", "Recipient"), _single_parent, "name", MUNICIPALITIES),
    FactField(
        "cohabitation",
        both("同居の状況", "Who lives together"),
        lambda f, _: f.child_support.cohabitation if f.child_support else None,
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "guardian",
        both("保護者", "Guardian"),
        lambda f, _: _json(f.applicant.name),
        only_for=only("MUNI-NEW", "EDU"),
    ),
    FactField(
        "insuranceSymbol",
        both("健康保険の記号・番号", "Symbol of the health insurance"),
        _of_mover(lambda m: (m.medical_subsidy or MedicalSubsidy()).insurance_symbol),
        only_for=MUNICIPALITIES,
    ),
    FactField("grade", both("学年", "Grade"), _school(lambda s: s.grade), only_for=only("EDU")),
    FactField(
        "oldSchool",
        both("転校前の学校", "School before"),
        _school(lambda s: s.name),
        only_for=only("EDU"),
    ),
    FactField(
        "parentsWork",
        both("保護者の就労", "The parents' work"),
        _daycare(lambda d: d.parents_work),
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "wishes",
        both("希望する保育所", "Nurseries wished for"),
        _daycare(lambda d: list(d.wishes)),
        only_for=MUNICIPALITIES,
    ),
    # papers, vehicles, dogs, land
    FactField(
        "residenceCardNumber",
        both("在留カード等の番号", "Number of the residence card"),
        _residence(lambda r: r.card_number),
        "cardNumber",
        only("MUNI-NEW", "IMM"),
    ),
    FactField(
        "licenceNumber",
        both("免許証の番号", "Number of the licence"),
        _licence(lambda one: one.number),
        only_for=only("POLICE"),
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
        "carModel", both("車種", "Type of the car"), _vehicle(lambda v: v.model), only_for=VEHICLE_OFFICES
    ),
    FactField(
        "garageSketch",
        both("保管場所（所在図・配置図）", "The garage, with a sketch"),
        _vehicle(lambda v: v.garage_place),
        "garagePlace",
        only("POLICE"),
    ),
    FactField(
        "garageConsent",
        both("保管場所の使用承諾", "Consent of the garage's owner"),
        _vehicle(lambda v: v.garage_consent),
        only_for=only("POLICE"),
    ),
    FactField(
        "dogNumber",
        both("鑑札番号又はマイクロチップ番号", "Tag or microchip number"),
        _thing(lambda one: (one.chip or one.tag) if isinstance(one, Dog) else None),
        only_for=MUNICIPALITIES,
    ),
    FactField("items", both("品目", "Items"), _waste, only_for=MUNICIPALITIES),
    FactField(
        "collectOn",
        both("収集日", "Day of collection"),
        lambda f, _: f.bulky_waste.day.isoformat() if f.bulky_waste else None,
        only_for=MUNICIPALITIES,
    ),
    FactField(
        "propertyNumber",
        both("不動産番号", "Property number"),
        _thing(lambda one: one.number if isinstance(one, RealEstate) else None),
        only_for=only("REG"),
    ),
    # contracts: a number is told to the company that gave it
    FactField(
        "commuting",
        both("通勤の経路", "How they commute"),
        _of_mover(lambda m: (m.employer or Employer()).commuting),
        only_for=only("EMP"),
    ),
    FactField(
        "electricityCustomer",
        both("電気のお客さま番号", "Electricity customer number"),
        _single(lambda c: c.electricity),
        "customerNumber",
        only("PRIV-ELEC"),
    ),
    FactField(
        "gasCustomer",
        both("ガスのお客さま番号", "Gas customer number"),
        _single(lambda c: c.gas),
        "customerNumber",
        only("PRIV-GAS"),
    ),
    FactField(
        "nhkCustomer",
        both("NHKのお客様番号", "NHK customer number"),
        _single(lambda c: c.nhk),
        "customerNumber",
        only("PRIV-NHK"),
    ),
    FactField(
        "waterCustomer",
        both("水道のお客さま番号", "Water customer number"),
        _water,
        "customerNumber",
        only("WATER"),
    ),
    FactField(
        "waterPayment",
        both("水道料金の支払方法", "How water is paid"),
        _water_payment,
        "payment",
        only("WATER"),
    ),
    FactField(
        "telephoneCustomer",
        both("固定電話のお客さま番号", "Telephone customer number"),
        _single(lambda c: c.telephone),
        "customerNumber",
        only("PRIV-TEL"),
    ),
    FactField(
        "telephoneWorkOn",
        both("工事日", "Day of the work"),
        _work_day(lambda c: c.telephone),
        "workOn",
        only("PRIV-TEL"),
    ),
    FactField(
        "ispCustomer",
        both("プロバイダのお客さま番号", "Internet customer number"),
        _single(lambda c: c.isp),
        "customerNumber",
        only("PRIV-ISP"),
    ),
    FactField(
        "ispWorkOn",
        both("工事日", "Day of the work"),
        _work_day(lambda c: c.isp),
        "workOn",
        only("PRIV-ISP"),
    ),
    FactField("forwardFrom", both("転送開始日", "Forward from"), _forward_from, "startOn", only("PRIV-POST")),
    FactField(
        "branch",
        both("支店", "Branch"),
        _bank(lambda one: one.branch),
        only_for=only("PRIV-BANK"),
    ),
    FactField(
        "bankAccount",
        both("口座番号", "Account number"),
        _bank(lambda one: one.account),
        "account",
        only("PRIV-BANK"),
    ),
    FactField(
        "memberNumber", both("会員番号", "Member number"), _thing(_of_held), only_for=only("PRIV-CARD")
    ),
    FactField(
        "mobileNumber",
        both("携帯電話番号", "Mobile number"),
        _thing(lambda one: one.number if isinstance(one, Mobile) else None),
        "number",
        only("PRIV-MOB"),
    ),
    FactField("shopAccount", both("会員ID", "Account id"), _thing(_of_held), "accountId", only("PRIV-EC")),
    FactField("policyNumber", both("証券番号", "Policy number"), _thing(_of_held), only_for=only("PRIV-INS")),
    FactField(
        "building",
        both("建物の構造", "Type of the building"),
        _nonlife(lambda one: one.building),
        only_for=only("PRIV-INS"),
    ),
    FactField(
        "insuredGarage",
        both("車の保管場所", "Where the car is kept"),
        _nonlife(lambda one: one.garage_place),
        "garagePlace",
        only("PRIV-INS"),
    ),
    FactField(
        "securitiesAccount",
        both("口座番号", "Account number"),
        _thing(_of_held),
        "account",
        only("PRIV-SEC"),
    ),
)
