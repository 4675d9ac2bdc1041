# SPDX-License-Identifier: Apache-2.0
"""What may be told of a marriage, where it comes from, and which kinds of receivers may get it.

What stands in the family register (parents, 本籍, earlier marriages) goes to its own desks alone, and
the witnesses to nobody but the desk that takes the notice.
"""

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel, JsonValue

from engine.core.declaration import FactField
from workflows.common import Facts, both
from workflows.holdings import BankAccount, Held, Mobile, RealEstate
from workflows.marriage_facts import (
    Banked,
    Card,
    Child,
    MarriageFacts,
    Policy,
    Qualification,
    Spouse,
    Utility,
    Vehicle,
    Witness,
)
from workflows.marriage_terms import home_of, number_of, person_of, thing_at
from workflows.registers import MAY_HAVE_HONSEKI, MAY_HAVE_PREFECTURE, REGISTER_DESK
from workflows.terms import only

Read = Callable[[MarriageFacts, str], JsonValue]

_DESK: Final = only(REGISTER_DESK)
_MUNICIPALITIES: Final = only("MUNI", "MUNI-NEW")
_EMPLOYERS: Final = only("EMP")


def _json(facts: Facts | None) -> JsonValue:
    return facts.as_json() if facts else None


def _party(spouse: Spouse) -> JsonValue:
    """Return what the notice says of one of the two (戸籍法74条, 同法施行規則56条)."""
    before = spouse.earlier_marriage
    return {
        "part": spouse.part.value,
        "name": _json(spouse.name),
        "kana": _json(spouse.kana),
        "birthDate": spouse.birth_date.isoformat(),
        "address": _json(spouse.address) or (spouse.abroad.written if spouse.abroad else None),
        "familyRegister": _json(spouse.family_register),
        "nationality": spouse.nationality,
        "parents": _json(spouse.parents),
        "earlierMarriage": _json(before),
    }


def _witness(witness: Witness) -> JsonValue:
    """Return what the notice says of a witness (戸籍法33条)."""
    return {
        "name": _json(witness.name),
        "birthDate": witness.birth_date.isoformat(),
        "address": _json(witness.address),
        "honseki": witness.honseki.written if witness.honseki else witness.nationality,
    }


def _supported(spouse: Spouse) -> JsonValue:
    return {
        "name": _json(spouse.name),
        "kana": _json(spouse.kana),
        "birthDate": spouse.birth_date.isoformat(),
    }


def _child(child: Child) -> JsonValue:
    return {
        "name": _json(child.name),
        "kana": _json(child.kana),
        "birthDate": child.birth_date.isoformat(),
        "familyRegister": _json(child.family_register),
    }


def _of_child(of: Callable[[Child], JsonValue]) -> Read:
    return _thing(lambda one: of(one) if isinstance(one, Child) else None)


def _thing(of: Callable[[BaseModel], JsonValue]) -> Read:
    def read(facts: MarriageFacts, subject: str) -> JsonValue:
        thing = thing_at(facts, subject)
        return of(thing) if thing is not None else None

    return read


def _person(of: Callable[[Spouse], JsonValue]) -> Read:
    return lambda facts, subject: of(person_of(facts, subject))


def _new_honseki(facts: MarriageFacts, _: str) -> JsonValue:
    return facts.register_place.written if facts.register_place else None


def _prefecture(facts: MarriageFacts, _: str) -> JsonValue:
    return facts.register_place.prefecture if facts.register_place else None


def _adopter(facts: MarriageFacts, subject: str) -> JsonValue:
    return _party(facts.other(number_of(facts, subject)))


def _dependants(facts: MarriageFacts, subject: str) -> JsonValue:
    """Return whom an employee supports from now on: the other one, if they become a dependant."""
    other = facts.other(number_of(facts, subject))
    return [_json(other.name)] if other.becomes_dependant or other.tax_dependant else []


def _lives_together(facts: MarriageFacts, subject: str) -> JsonValue:
    number = number_of(facts, subject)
    return facts.home(number) == facts.home(1 - number)


def _merging(facts: MarriageFacts, _: str) -> JsonValue:
    held = facts.contracts.nhk
    return [one.customer_number for one in held] if any(one.merges for one in held) else []


def _day(facts: MarriageFacts, _: str) -> JsonValue:
    return facts.marriage_date.isoformat()


def _recipient(facts: MarriageFacts, _: str) -> JsonValue:
    change = facts.child_allowance
    return _json(facts.spouses[change.recipient].name) if change else None


FIELDS: Final[tuple[FactField[MarriageFacts], ...]] = (
    # the spouse it is about: the subject, the holder of a contract, else who opened the case
    FactField("name", both("氏名", "Name"), lambda f, s: _json(person_of(f, s).name)),
    FactField(
        "kana",
        both("振り仮名", "Reading of the name"),
        lambda f, s: _json(person_of(f, s).kana),
        only_for=_MUNICIPALITIES,
    ),
    FactField(
        "birthDate",
        both("生年月日", "Date of birth"),
        lambda f, s: person_of(f, s).birth_date.isoformat(),
        only_for=only(REGISTER_DESK, "MUNI", "REG", "POLICE"),
    ),
    FactField("oldName", both("旧氏名", "Old name"), lambda f, s: _json(person_of(f, s).name)),
    FactField("newName", both("新氏名", "New name"), lambda f, s: _json(f.new_name(number_of(f, s)))),
    FactField(
        "newKana",
        both("新氏名の振り仮名", "Reading of the new name"),
        lambda f, s: _json(f.new_kana(number_of(f, s))),
    ),
    FactField(
        "address",
        both("住所", "Address"),
        lambda f, s: _json(home_of(f, s)),
        only_for=only("MUNI", "POLICE", "PRIV-NHK"),
    ),
    FactField("phone", both("電話番号", "Telephone"), lambda f, _: f.phone),
    FactField("email", both("メールアドレス", "E-mail"), lambda f, _: f.email, only_for=only("REG")),
    FactField(
        "marriageDate",
        both("婚姻の日", "Day of the marriage"),
        _day,
        only_for=only(REGISTER_DESK, "MUNI", "EMP"),
    ),
    # the notice
    FactField(
        "parties",
        both("夫になる人・妻になる人", "The two who marry"),
        lambda f, _: [_party(one) for one in f.spouses],
        only_for=_DESK,
    ),
    FactField(
        "surnameOf",
        both("婚姻後の夫婦の氏", "Whose surname both will have"),
        lambda f, _: f.surname_of.value if f.surname_of else None,
        only_for=_DESK,
    ),
    FactField(
        "newHonseki",
        both("新しい本籍", "The new registered domicile"),
        _new_honseki,
        "honseki",
        MAY_HAVE_HONSEKI,
    ),
    FactField(
        "witnesses",
        both("証人", "The witnesses"),
        lambda f, _: [_witness(one) for one in f.witnesses],
        only_for=_DESK,
    ),
    FactField(
        "ownHonseki",
        both("本籍", "Registered domicile"),
        _person(lambda one: one.family_register.written if one.family_register else None),
        "honseki",
        _DESK,
    ),
    FactField(
        "foreignSurname",
        both("変更後の氏と振り仮名", "The surname that is taken"),
        lambda f, _: _json(f.foreign_surname),
        only_for=_DESK,
    ),
    FactField("child", both("子", "The child"), _of_child(_child), only_for=_DESK),
    FactField(
        "parentHonseki",
        both("入籍する戸籍の本籍", "The register that the child enters"),
        _new_honseki,
        only_for=_DESK,
    ),
    FactField("adopter", both("養親になる人", "Who adopts"), _adopter, only_for=_DESK),
    # the household, insurance, allowances
    FactField(
        "members",
        both("世帯変更の対象者", "Whom it is about"),
        lambda f, _: [_json(one) for one in f.household_merge.members] if f.household_merge else None,
        "names",
        _MUNICIPALITIES,
    ),
    FactField(
        "newHead",
        both("新しい世帯主", "New head of household"),
        lambda f, _: _json(f.household_merge.new_head) if f.household_merge else None,
        only_for=_MUNICIPALITIES,
    ),
    FactField(
        "relation",
        both("世帯主との続柄", "Relation to the head of household"),
        lambda f, _: f.household_merge.relation if f.household_merge else None,
        only_for=_MUNICIPALITIES,
    ),
    FactField(
        "insuranceBefore",
        both("これまでの医療保険", "Health insurance until now"),
        _person(lambda one: one.health_insurance.value if one.health_insurance else None),
        only_for=_MUNICIPALITIES,
    ),
    FactField(
        "insuranceAfter",
        both("これからの医療保険", "Health insurance from now on"),
        _person(lambda one: one.insurance_after.value if one.insurance_after else None),
        only_for=_MUNICIPALITIES,
    ),
    FactField("dependant", both("被扶養者", "The dependant"), _person(_supported), only_for=_EMPLOYERS),
    FactField(
        "income",
        both("年間収入の見込み（円）", "Income expected in a year, in yen"),
        _person(lambda one: one.income),
        only_for=_EMPLOYERS,
    ),
    FactField(
        "livesTogether",
        both("同居しているか", "Whether they live together"),
        _lives_together,
        only_for=_EMPLOYERS,
    ),
    FactField(
        "dependants", both("扶養に入る人", "Who is supported from now on"), _dependants, only_for=_EMPLOYERS
    ),
    FactField(
        "recipient", both("新しい受給者", "Who receives it from now on"), _recipient, only_for=_MUNICIPALITIES
    ),
    FactField(
        "bothParents",
        both("父母", "Both parents"),
        lambda f, _: [_json(one.name) for one in f.spouses],
        "parents",
        _MUNICIPALITIES,
    ),
    FactField(
        "children",
        both("児童", "Children"),
        lambda f, _: [{"name": _json(c.name), "birthDate": c.birth_date.isoformat()} for c in f.children],
        only_for=_MUNICIPALITIES,
    ),
    FactField(
        "allowanceAccount",
        both("振込先（なければ公金受取口座）", "Account"),
        lambda f, _: _json(f.child_allowance.account) if f.child_allowance else None,
        "account",
        _MUNICIPALITIES,
    ),
    # papers, vehicles, land
    FactField(
        "licenceNumber",
        both("免許証の番号", "Number of the licence"),
        _person(lambda one: one.licence.number if one.licence else None),
        only_for=only("POLICE"),
    ),
    FactField(
        "romaji",
        both("旅券のローマ字氏名", "Name in the passport"),
        _person(lambda one: one.passport.romaji if one.passport else None),
        only_for=only("MOFA"),
    ),
    FactField(
        "passportNumber",
        both("旅券の番号", "Number of the passport"),
        _person(lambda one: one.passport.number if one.passport else None),
        only_for=only("MOFA"),
    ),
    FactField(
        "honsekiPrefecture",
        both("本籍の都道府県", "Prefecture of the registered domicile"),
        _prefecture,
        only_for=MAY_HAVE_PREFECTURE,
    ),
    FactField(
        "residenceCardNumber",
        both("在留カード等の番号", "Number of the residence card"),
        _person(lambda one: one.residence.card_number if one.residence else None),
        "cardNumber",
        only("IMM"),
    ),
    FactField(
        "nationality", both("国籍", "Nationality"), _person(lambda one: one.nationality), only_for=only("IMM")
    ),
    FactField(
        "qualification",
        both("登録番号", "Number of the registration"),
        _thing(lambda one: one.number if isinstance(one, Qualification) else None),
        "registrationNumber",
        only("MINISTRY"),
    ),
    FactField(
        "plate",
        both("登録番号・車両番号", "Number plate"),
        _thing(lambda one: one.plate if isinstance(one, Vehicle) else None),
        only_for=only("MLIT"),
    ),
    FactField(
        "chassis",
        both("車台番号", "Chassis number"),
        _thing(lambda one: one.chassis if isinstance(one, Vehicle) else None),
        only_for=only("MLIT"),
    ),
    FactField(
        "propertyNumber",
        both("不動産番号", "Property number"),
        _thing(lambda one: one.number if isinstance(one, RealEstate) else None),
        only_for=only("REG"),
    ),
    # contracts: a number is told to the company that gave it
    FactField(
        "customerNumber",
        both("お客さま番号", "Customer number"),
        _thing(lambda one: one.customer_number if isinstance(one, Held) else None),
        only_for=only("PRIV-ELEC", "PRIV-GAS", "WATER", "PRIV-TEL", "PRIV-NEWS", "PRIV-NHK", "PRIV-ISP"),
    ),
    FactField(
        "ends",
        both(
            "世帯が一つになるため解約する契約か", "Whether this contract ends, as two households become one"
        ),
        _thing(lambda one: one.merges if isinstance(one, Utility) else None),
        only_for=only("PRIV-ELEC", "PRIV-GAS", "WATER", "PRIV-TEL", "PRIV-NEWS", "PRIV-NHK", "PRIV-ISP"),
    ),
    FactField(
        "mergingNumbers",
        both("一つになる世帯のお客様番号", "Customer numbers of the households that become one"),
        _merging,
        only_for=only("PRIV-NHK"),
    ),
    FactField(
        "shopAccount",
        both("会員ID", "Account id"),
        _thing(lambda one: one.customer_number if isinstance(one, Held) else None),
        "accountId",
        only("PRIV-EC"),
    ),
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
    FactField(
        "newSeal",
        both("届出印を変えるか", "Whether another seal is registered"),
        _thing(lambda one: one.new_seal if isinstance(one, Banked) else None),
        only_for=only("PRIV-BANK"),
    ),
    FactField(
        "memberNumber",
        both("会員番号", "Member number"),
        _thing(lambda one: one.customer_number if isinstance(one, Held) else None),
        only_for=only("PRIV-CARD"),
    ),
    FactField(
        "cardRomaji",
        both("カードのローマ字氏名", "Name on the card"),
        _thing(lambda one: one.romaji if isinstance(one, Card) else None),
        "romaji",
        only("PRIV-CARD"),
    ),
    FactField(
        "mobileNumber",
        both("携帯電話番号", "Mobile number"),
        _thing(lambda one: one.number if isinstance(one, Mobile) else None),
        "number",
        only("PRIV-MOB"),
    ),
    FactField(
        "policyNumber",
        both("証券番号", "Policy number"),
        _thing(lambda one: one.customer_number if isinstance(one, Held) else None),
        only_for=only("PRIV-INS"),
    ),
    FactField(
        "beneficiary",
        both("受取人と続柄", "Beneficiary and relation"),
        _thing(lambda one: _json(one.beneficiary) if isinstance(one, Policy) else None),
        only_for=only("PRIV-INS"),
    ),
    FactField(
        "securitiesAccount",
        both("口座番号", "Account number"),
        _thing(lambda one: one.customer_number if isinstance(one, Held) else None),
        "account",
        only("PRIV-SEC"),
    ),
)
