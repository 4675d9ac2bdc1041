# SPDX-License-Identifier: Apache-2.0
"""What may be told of a birth, where it comes from, and which kinds of receivers may get it.

The register's contents go to its desks alone; weeks, weight and stays in hospital to municipalities
alone: no company, no employer and no insurer is told of anybody's health.
"""

from collections.abc import Callable
from typing import Final

from pydantic import JsonValue

from engine.core.declaration import FactField
from workflows.birth_facts import BirthFacts, Leave, Newborn, OptIn, Parent
from workflows.birth_terms import child_of, parent_of, wish_at
from workflows.common import Facts, both
from workflows.registers import MAY_HAVE_PREFECTURE, REGISTER_DESK
from workflows.terms import only

Read = Callable[[BirthFacts, str], JsonValue]

MEDICAL: Final = only("MUNI")  # 母子保健法, 死産の届出に関する規程: tasks of municipalities
_DESK: Final = only(REGISTER_DESK)
_MUNICIPALITY: Final = only("MUNI")
_OFFICES: Final = only("MUNI", REGISTER_DESK)
_NO_COMPANY: Final = only("MUNI", "EMP", "HINS")
# A child is made known to those who have to know it, and to companies on an express wish.
_CHILDS_RECEIVERS: Final = only("MUNI", "EMP", "MOFA", "IMM", "PRIV-OPT-IN")


def _json(facts: Facts | None) -> JsonValue:
    return facts.as_json() if facts else None


def _newborn(facts: BirthFacts, child: Newborn) -> JsonValue:
    """Return what the notice says of the child (戸籍法49条2項)."""
    return {
        "name": _json(child.name),
        "kana": _json(child.kana),
        "sex": child.sex.value if child.sex else None,
        "legitimate": facts.is_legitimate,
        "relation": child.relation,
        "bornOn": child.born_on.isoformat(),
        "bornAt": child.born_at,
        "place": _json(facts.place),
        "country": facts.born_abroad.country if facts.born_abroad else None,
    }


def _on_notice(parent: Parent) -> JsonValue:
    return {
        "name": _json(parent.name),
        "birthDate": parent.birth_date.isoformat(),
        "address": _json(parent.address) or (parent.abroad.written if parent.abroad else None),
        "familyRegister": _json(parent.family_register),
        "nationality": parent.nationality,
    }


def _parents(facts: BirthFacts, _: str) -> JsonValue:
    """Return the parents whom the notice names: a father only where the law knows one at the birth."""
    named = [facts.mother, *([facts.father] if facts.father and facts.has_father_at_birth else [])]
    return [_on_notice(one) for one in named]


def _both_names(facts: BirthFacts, _: str) -> JsonValue:
    return [_json(one.name) for one in facts.parents.values()]


def _filer(facts: BirthFacts, _: str) -> JsonValue:
    parent = facts.filing_parent
    return {"role": facts.filer.role.value, "name": _json(parent.name if parent else facts.filer.name)}


def _family(facts: BirthFacts, _: str) -> JsonValue:
    return [
        {"name": _json(one.name), "birthDate": one.born_on.isoformat(), "livesTogether": True}
        for one in facts.children
        if one.lives
    ]


def _siblings(facts: BirthFacts, _: str) -> JsonValue:
    return [
        {
            "name": _json(one.name),
            "birthDate": one.birth_date.isoformat(),
            "livesTogether": one.lives_together,
        }
        for one in facts.counted_siblings
    ]


def _child(of: Callable[[Newborn], JsonValue]) -> Read:
    return lambda facts, subject: of(child_of(facts, subject))


def _parent(of: Callable[[Parent], JsonValue]) -> Read:
    return lambda facts, subject: of(parent_of(facts, subject))


def _wish(of: Callable[[OptIn], JsonValue]) -> Read:
    def read(facts: BirthFacts, subject: str) -> JsonValue:
        wish = wish_at(facts, subject)
        return of(wish) if wish else None

    return read


def _leave(of: Callable[[Parent], Leave | None]) -> Read:
    return _parent(lambda one: _json(of(one)))


def _due(facts: BirthFacts, _: str) -> JsonValue:
    return (facts.due_date or facts.birth_date).isoformat()


FIELDS: Final[tuple[FactField[BirthFacts], ...]] = (
    # the notice
    FactField("child", both("子", "The child"), lambda f, s: _newborn(f, child_of(f, s)), only_for=_DESK),
    FactField("parents", both("父母", "The parents"), _parents, only_for=_DESK),
    FactField("head", both("世帯主", "Head of the household"), lambda f, _: _json(f.head), only_for=_OFFICES),
    FactField("filer", both("届出人", "Who notifies"), _filer, only_for=_DESK),
    FactField(
        "reservation",
        both("日本国籍を留保する", "The Japanese nationality is reserved"),
        lambda f, _: f.born_abroad.reserves if f.born_abroad else None,
        only_for=_DESK,
    ),
    FactField(
        "recognising",
        both("認知する父", "The father who recognises"),
        lambda f, _: _on_notice(f.father) if f.father else None,
        "father",
        _DESK,
    ),
    FactField(
        "recognisedMother",
        both("母", "The mother"),
        lambda f, _: _on_notice(f.mother),
        "mother",
        _DESK,
    ),
    # the child, for whom a claim is made
    FactField(
        "childName",
        both("子の氏名", "The child's name"),
        _child(lambda one: _json(one.name)),
        only_for=_CHILDS_RECEIVERS,
    ),
    FactField(
        "childKana",
        both("子の氏名の振り仮名", "Reading of the child's name"),
        _child(lambda one: _json(one.kana)),
        only_for=only("EMP", "MUNI"),
    ),
    FactField(
        "childBirthDate",
        both("子の生年月日", "The child's date of birth"),
        _child(lambda one: one.born_on.isoformat()),
        only_for=_CHILDS_RECEIVERS,
    ),
    FactField(
        "childSex",
        both("子の性別", "The child's sex"),
        _child(lambda one: one.sex.value if one.sex else None),
        only_for=only("EMP"),
    ),
    FactField("children", both("児童", "Children"), _family, only_for=only("MUNI", "EMP")),
    FactField(
        "siblings", both("兄姉（22歳の年度末まで）", "Elder siblings"), _siblings, only_for=_MUNICIPALITY
    ),
    FactField(
        "childCount",
        both("生まれた子の数", "How many were born"),
        lambda f, _: len(f.children),
        only_for=_NO_COMPANY,
    ),
    # the parents
    FactField(
        "parentName",
        both("親の氏名", "The parent's name"),
        _parent(lambda one: _json(one.name)),
        only_for=_NO_COMPANY,
    ),
    FactField(
        "supporterName",
        both("扶養する親の氏名", "Name of the parent who supports the child"),
        lambda f, _: _json(f.supporter.name),
        only_for=only("EMP"),
    ),
    FactField(
        "motherName",
        both("母の氏名", "The mother's name"),
        lambda f, _: _json(f.mother.name),
        "mother",
        _NO_COMPANY,
    ),
    FactField("guardians", both("保護者", "Guardians"), _both_names, only_for=only("MUNI", "MOFA", "IMM")),
    FactField(
        "address",
        both("住所", "Address"),
        lambda f, _: _json(f.home),
        only_for=only("MUNI", "MOFA", "IMM"),
    ),
    FactField("phone", both("電話番号", "Telephone"), lambda f, _: f.phone, only_for=_MUNICIPALITY),
    FactField(
        "recipient",
        both("受給者", "The recipient"),
        lambda f, _: _json(f.recipient.name),
        only_for=_MUNICIPALITY,
    ),
    FactField(
        "recipientAddress",
        both("受給者の住所", "The recipient's address"),
        lambda f, _: _json(f.recipient.address),
        only_for=_MUNICIPALITY,
    ),
    FactField(
        "account",
        both("振込先（なければ公金受取口座）", "Account"),
        lambda f, _: _json(f.allowance.account) if f.allowance else None,
        only_for=_MUNICIPALITY,
    ),
    FactField(
        "insuranceSymbol",
        both("健康保険の記号・番号", "Symbol of the health insurance"),
        lambda f, _: f.supporter.insurance_symbol,
        only_for=_MUNICIPALITY,
    ),
    FactField("dueDate", both("出産予定日", "The day it was due"), _due, only_for=_MUNICIPALITY),
    FactField(
        "birthDate",
        both("出産日", "Day of the birth"),
        lambda f, _: f.birth_date.isoformat(),
        only_for=_NO_COMPANY,
    ),
    FactField(
        "maternityLeave",
        both("産前産後休業の期間", "Maternity leave"),
        _leave(lambda one: one.maternity_leave),
        only_for=only("EMP"),
    ),
    FactField(
        "childcareLeave",
        both("育児休業の期間", "Childcare leave"),
        _leave(lambda one: one.childcare_leave),
        only_for=only("EMP"),
    ),
    FactField(
        "parentsWork",
        both("保護者の就労", "The parents' work"),
        _child(lambda one: one.daycare.parents_work if one.daycare else None),
        only_for=_MUNICIPALITY,
    ),
    FactField(
        "wishes",
        both("希望する保育所", "Nurseries wished for"),
        _child(lambda one: list(one.daycare.wishes) if one.daycare else None),
        only_for=_MUNICIPALITY,
    ),
    FactField(
        "honsekiPrefecture",
        both("本籍の都道府県", "Prefecture of the registered domicile"),
        lambda f, _: f.family_register.prefecture if f.family_register else None,
        only_for=MAY_HAVE_PREFECTURE,
    ),
    FactField(
        "parentsResidence",
        both("父母の在留カードの番号", "Numbers of the parents' residence cards"),
        lambda f, _: [one.residence.card_number for one in f.parents.values() if one.residence],
        only_for=only("IMM"),
    ),
    # health
    FactField("foetuses", both("胎児の数", "Number of foetuses"), lambda f, _: f.foetuses, only_for=MEDICAL),
    FactField(
        "weight",
        both("出生体重（グラム）", "Weight at birth, in grams"),
        _child(lambda one: one.weight_grams),
        only_for=MEDICAL,
    ),
    FactField(
        "weeks", both("妊娠週数", "Weeks of pregnancy"), _child(lambda one: one.weeks), only_for=MEDICAL
    ),
    FactField(
        "hospital",
        both("出産した施設", "Where the birth was"),
        lambda f, _: f.place.facility or f.place.line,
        only_for=MEDICAL,
    ),
    # a company, on an express wish
    FactField(
        "customerNumber",
        both("お客さま番号（親）", "Customer number of the parent"),
        _wish(lambda one: one.customer_number),
        only_for=only("PRIV-OPT-IN"),
    ),
    FactField(
        "product",
        both("申込みの種類", "What is asked for"),
        _wish(lambda one: one.kind.value),
        only_for=only("PRIV-OPT-IN"),
    ),
)
