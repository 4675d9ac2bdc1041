# SPDX-License-Identifier: Apache-2.0
"""見本工業 (Mihon Industry), an invented employer: dependants, leave and names of its employees.

One desk takes what a marriage and a birth ask of an employer; each procedure has a form of its own,
for each is told no more than it needs. What goes on to insurers and the State is the employer's to
send (健康保険法施行規則38条, 所得税法194条), with a My Number that it asks of the employee itself.
"""

from datetime import date
from typing import Any, ClassVar

from connectors.sdk import (
    Accepted,
    Amend,
    Amended,
    Answer,
    Completed,
    Connector,
    Desk,
    Fields,
    PersonName,
    Received,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)


class Period(Fields):
    """A leave from work."""

    starts_on: date
    ends_on: date


class NewChild(Fields):
    """A child who enters the insurance of an employee."""

    supporter_name: PersonName
    child_name: PersonName
    child_kana: PersonName
    child_birth_date: date
    child_sex: str


class Supported(Fields):
    """A child whom an employee supports."""

    name: PersonName
    birth_date: date


class Children(Fields):
    """The children whom an employee supports, for the tax."""

    parent_name: PersonName
    children: tuple[Supported, ...]


class OnLeave(Fields):
    """An employee on leave around a birth."""

    parent_name: PersonName
    birth_date: date
    maternity_leave: Period | None = None
    childcare_leave: Period | None = None


class Dependant(Fields):
    """A spouse who becomes a dependant."""

    name: PersonName
    kana: PersonName
    birth_date: date


class NewDependant(Fields):
    """What insurance or tax needs of a spouse who is supported."""

    dependant: Dependant
    income: int | None = None
    lives_together: bool | None = None
    marriage_date: date


class NewName(Fields):
    """An employee who married."""

    old_name: PersonName
    new_name: PersonName
    marriage_date: date
    dependants: tuple[PersonName, ...] = ()


_NAME = {"family": "見本", "given": "花子"}
_KANA = {"family": "ミホン", "given": "ハナコ"}
_LEAVE = {
    "parentName": _NAME,
    "birthDate": "2026-11-20",
    "childcareLeave": {"startsOn": "2027-01-16", "endsOn": "2027-11-19"},
}
_SPOUSE = {
    "dependant": {"name": _NAME, "kana": _KANA, "birthDate": "1995-05-05"},
    "income": 0,
    "marriageDate": "2026-11-30",
}


class MihonIndustrySimulator(Connector):
    """Takes what employees tell it; all of it can be changed and taken back."""

    number = "1999999000032"
    name = Text(ja="見本工業（架空・見本）", en="Mihon Industry (fictitious, Simulator)")
    procedures: ClassVar = {
        "birth.hi-dependent": NewChild,
        "birth.tax-dependent": Children,
        "birth.maternity-pay": OnLeave,
        "birth.childcare-benefit": OnLeave,
        "birth.si-exemption": OnLeave,
        "marriage.employer": NewName,
        "marriage.hi-dependent": NewDependant,
        "marriage.tax-dependent": NewDependant,
    }

    def submit(self, order: Submit[Any], desk: Desk) -> Answer:
        desk.take_effect(order, "noted")
        receipt = _receipt(order.id)
        return Received(receipt), Accepted(receipt), Completed(receipt, effective_on=desk.today())

    def amend(self, order: Amend[Any], desk: Desk) -> Answer:
        desk.take_effect(order, "corrected")
        return Amended(_receipt(order.id))

    def withdraw(self, order: Withdraw[Any], desk: Desk) -> Answer:
        desk.take_effect(order, "struck out")
        return Withdrawn(_receipt(order.id))

    examples: ClassVar = {
        "birth.hi-dependent": {
            "supporterName": _NAME,
            "childName": {"family": "見本", "given": "一"},
            "childKana": {"family": "ミホン", "given": "ハジメ"},
            "childBirthDate": "2026-11-20",
            "childSex": "male",
        },
        "birth.tax-dependent": {
            "parentName": _NAME,
            "children": [{"name": {"family": "見本", "given": "一"}, "birthDate": "2026-11-20"}],
        },
        "birth.maternity-pay": {
            "parentName": _NAME,
            "birthDate": "2026-11-20",
            "maternityLeave": {"startsOn": "2026-10-09", "endsOn": "2027-01-15"},
        },
        "birth.childcare-benefit": _LEAVE,
        "birth.si-exemption": _LEAVE,
        "marriage.employer": {
            "oldName": _NAME,
            "newName": {"family": "模範", "given": "花子"},
            "marriageDate": "2026-11-30",
            "dependants": [],
        },
        "marriage.hi-dependent": {**_SPOUSE, "livesTogether": True},
        "marriage.tax-dependent": _SPOUSE,
    }


def _receipt(order_id: str) -> str:
    return f"見工人-{order_id[2:10]}"
