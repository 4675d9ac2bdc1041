# SPDX-License-Identifier: Apache-2.0
"""The desks of 千代田区 (simulated) for births and marriages: allowances, medical aid, insurance, pension.

They stand beside those of a move, in the same city: who has a child there claims here, wherever the
birth is notified.
"""

from datetime import date
from typing import Any, ClassVar, Final

from connectors.sdk import Address, Clerk, Desk, Fields, PersonName, Phone, Text
from connectors.simulators import samples

_GRANTED = Text(ja="支給を決定しました。変更は窓口へ", en="It has been granted; please come to the counter")


class Supported(Fields):
    """A child of the recipient."""

    name: PersonName
    birth_date: date


class Child(Supported):
    """A child for whom something is paid."""

    lives_together: bool


class Account(Fields):
    """An account to be paid into; none means the one registered with the State."""

    bank: str
    branch: str
    number: str


class Increase(Fields):
    """A further child of a recipient (児童手当法9条)."""

    recipient: PersonName
    children: tuple[Child, ...]
    siblings: tuple[Child, ...] = ()


class Claim(Increase):
    """The first child of a recipient (児童手当法7条)."""

    recipient_address: Address
    account: Account | None = None


class OtherRecipient(Fields):
    """Another parent receives the allowance from now on."""

    recipient: PersonName
    parents: tuple[PersonName, ...]
    children: tuple[Supported, ...]
    account: Account | None = None


class Newborn(Fields):
    """A child who is new in the household."""

    child_name: PersonName
    child_birth_date: date


class MedicalAid(Newborn):
    """Aid with a child's medical costs (市区町村の条例)."""

    guardians: tuple[PersonName, ...]
    insurance_symbol: str | None = None
    address: Address


class Enrolment(Newborn):
    """A child joins national health insurance (国民健康保険法9条)."""

    head: PersonName


class HealthCard(Newborn):
    """A light child, for the midwife's visit (母子保健法18条)."""

    mother: PersonName
    weight: int
    phone: Phone


class Nursery(Newborn):
    """A place in a nursery (子ども・子育て支援法20条)."""

    address: Address
    parents_work: str | None = None
    wishes: tuple[str, ...] = ()


class AroundBirth(Fields):
    """Premiums around a birth (国民年金法88条の2)."""

    mother: PersonName
    due_date: date
    birth_date: date


class UntilOne(Fields):
    """No premiums until the child is one."""

    parent_name: PersonName
    children: tuple[Child, ...]


class SecondBenefit(Fields):
    """The benefit for each foetus (子ども・子育て支援法10条の2)."""

    mother: PersonName
    foetuses: int
    account: Account | None = None


class InsuranceChange(Fields):
    """Who joins or leaves national health insurance by a marriage, or is renamed in it."""

    old_name: PersonName
    new_name: PersonName
    insurance_before: str | None = None
    insurance_after: str | None = None
    marriage_date: date


class FamilyDesk(Clerk):
    """Writes down at once; can correct and strike out."""

    receipts = "千区子第{}号"


class AllowanceDesk(FamilyDesk):
    """Decides within three days; what is granted is changed at the counter."""

    fields: ClassVar[type[Fields]] = Claim
    days = 3

    def too_late(self, fields: Any, desk: Desk) -> Text | None:
        return _GRANTED


class IncreaseDesk(AllowanceDesk):
    """Further children."""

    fields = Increase


class RecipientDesk(AllowanceDesk):
    """Another recipient."""

    fields = OtherRecipient


class BenefitDesk(AllowanceDesk):
    """The second part of the benefit."""

    fields = SecondBenefit


class MedicalAidDesk(FamilyDesk):
    """Medical aid."""

    fields = MedicalAid


class EnrolmentDesk(FamilyDesk):
    """Children in national health insurance."""

    fields = Enrolment


class HealthCentreDesk(FamilyDesk):
    """The health centre."""

    fields = HealthCard


class NurseryPlaceDesk(FamilyDesk):
    """Nurseries."""

    fields = Nursery


class PremiumDesk(FamilyDesk):
    """Premiums around a birth, of pension and of health insurance."""

    fields = AroundBirth


class UntilOneDesk(FamilyDesk):
    """Premiums until a child is one."""

    fields = UntilOne


class InsuranceChangeDesk(FamilyDesk):
    """National health insurance after a marriage."""

    fields = InsuranceChange


FAMILY_DESKS: Final = {
    "birth.child-allowance-claim": AllowanceDesk(),
    "birth.child-allowance-increase": IncreaseDesk(),
    "birth.infant-medical": MedicalAidDesk(),
    "birth.nhi-enrol": EnrolmentDesk(),
    "birth.np-prepost-exemption": PremiumDesk(),
    "birth.np-childcare-exemption": UntilOneDesk(),
    "birth.nhi-premium-relief": PremiumDesk(),
    "birth.pregnancy-benefit-2": BenefitDesk(),
    "birth.health-centre-card": HealthCentreDesk(),
    "birth.daycare": NurseryPlaceDesk(),
    "marriage.nhi": InsuranceChangeDesk(),
    "marriage.child-allowance-change": RecipientDesk(),
}

_CHILD: Final[dict[str, Any]] = {"childName": samples.CHILD, "childBirthDate": "2026-11-20"}
_CHILDREN: Final[list[dict[str, Any]]] = [
    {"name": samples.CHILD, "birthDate": "2026-11-20", "livesTogether": True}
]
_AROUND: Final[dict[str, Any]] = {
    "mother": samples.NAME,
    "dueDate": "2026-11-25",
    "birthDate": "2026-11-20",
}

FAMILY_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "birth.child-allowance-claim": {
        "recipient": samples.NAME,
        "recipientAddress": samples.NEW_ADDRESS,
        "children": _CHILDREN,
        "siblings": [],
    },
    "birth.child-allowance-increase": {
        "recipient": samples.NAME,
        "children": _CHILDREN,
        "siblings": _CHILDREN,
    },
    "birth.infant-medical": {
        **_CHILD,
        "guardians": [samples.NAME],
        "insuranceSymbol": "12-34",
        "address": samples.NEW_ADDRESS,
    },
    "birth.nhi-enrol": {**_CHILD, "head": samples.NAME},
    "birth.np-prepost-exemption": _AROUND,
    "birth.np-childcare-exemption": {"parentName": samples.NAME, "children": _CHILDREN},
    "birth.nhi-premium-relief": _AROUND,
    "birth.pregnancy-benefit-2": {"mother": samples.NAME, "foetuses": 1},
    "birth.health-centre-card": {
        **_CHILD,
        "mother": samples.NAME,
        "weight": 2300,
        "phone": samples.PHONE,
    },
    "birth.daycare": {
        **_CHILD,
        "address": samples.NEW_ADDRESS,
        "parentsWork": "会社員",
        "wishes": ["見本保育所"],
    },
    "marriage.nhi": {
        "oldName": samples.NAME,
        "newName": {"family": "模範", "given": "花子"},
        "insuranceBefore": "national",
        "marriageDate": "2026-11-30",
    },
    "marriage.child-allowance-change": {
        "recipient": samples.NAME,
        "parents": [samples.NAME],
        "children": [{"name": samples.CHILD, "birthDate": samples.CHILD_BORN}],
    },
}
