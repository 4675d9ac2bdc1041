# SPDX-License-Identifier: Apache-2.0
"""見本工業 (Mihon Industry), an invented employer: dependants, leave and names of its employees.

One desk takes what a marriage, a birth and a death ask of an employer; each procedure has a form of its own,
for each is told no more than it needs. What goes on to insurers and the State is the employer's to
send (健康保険法施行規則38条, 所得税法194条), with a My Number that it asks of the employee itself.
"""

from datetime import date
from typing import ClassVar

from connectors.sdk import Clerk, Fields, Office, PersonName, Text


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
    lives_together: bool


class Children(Fields):
    """The children whom an employee supports, for the tax."""

    parent_name: PersonName
    children: tuple[Supported, ...]


class Birth(Fields):
    """An employee with a child."""

    parent_name: PersonName
    birth_date: date


class MaternityLeave(Birth):
    """A mother on leave."""

    maternity_leave: Period | None = None


class ChildcareLeave(Birth):
    """A parent on childcare leave."""

    childcare_leave: Period | None = None


class AnyLeave(Birth):
    """A parent on one leave or both: no premiums are due then."""

    maternity_leave: Period | None = None
    childcare_leave: Period | None = None


class Spouse(Fields):
    """A spouse who is supported."""

    name: PersonName
    kana: PersonName
    birth_date: date


class TaxDependant(Fields):
    """What the tax needs of a spouse who is supported."""

    dependant: Spouse
    income: int | None = None
    marriage_date: date


class InsuredDependant(TaxDependant):
    """What the insurance needs of a spouse who is supported."""

    lives_together: bool


class NewName(Fields):
    """An employee who married."""

    old_name: PersonName
    new_name: PersonName
    marriage_date: date
    dependants: tuple[PersonName, ...] = ()


class EmployeeDied(Fields):
    """An employee who died: their insurance ends with it (健康保険法36条)."""

    deceased_name: PersonName
    employee_number: str | None = None
    died_on: date


class PersonnelDesk(Clerk):
    """Notes at once what employees tell it; all of it can be changed and taken back."""

    receipts = "見工人-{}"


class NewChildDesk(PersonnelDesk):
    """Insurance of a child."""

    fields = NewChild


class ChildrenDesk(PersonnelDesk):
    """Tax and children."""

    fields = Children


class MaternityDesk(PersonnelDesk):
    """Pay during maternity leave."""

    fields = MaternityLeave


class ChildcareDesk(PersonnelDesk):
    """Benefits during childcare leave."""

    fields = ChildcareLeave


class PremiumDesk(PersonnelDesk):
    """Premiums during any leave."""

    fields = AnyLeave


class NewNameDesk(PersonnelDesk):
    """Names and dependants."""

    fields = NewName


class DependantDesk(PersonnelDesk):
    """Insurance of a spouse."""

    fields = InsuredDependant


class SpouseTaxDesk(PersonnelDesk):
    """Tax and the spouse."""

    fields = TaxDependant


class DeceasedDesk(PersonnelDesk):
    """Employees who died."""

    fields = EmployeeDied


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


class MihonIndustrySimulator(Office):
    """A company with employees who marry, have children, and die."""

    number = "1999999000032"
    name = Text(ja="見本工業（架空・見本）", en="Mihon Industry (fictitious, Simulator)")
    clerks: ClassVar = {
        "birth.hi-dependent": NewChildDesk(),
        "birth.tax-dependent": ChildrenDesk(),
        "birth.maternity-pay": MaternityDesk(),
        "birth.childcare-benefit": ChildcareDesk(),
        "birth.si-exemption": PremiumDesk(),
        "marriage.employer": NewNameDesk(),
        "marriage.hi-dependent": DependantDesk(),
        "marriage.tax-dependent": SpouseTaxDesk(),
        "death.hi-loss": DeceasedDesk(),
    }
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
            "children": [
                {"name": {"family": "見本", "given": "一"}, "birthDate": "2026-11-20", "livesTogether": True}
            ],
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
