# SPDX-License-Identifier: Apache-2.0
"""Of a death, what was owned and whose customer the deceased was: all of it belongs to the estate."""

from enum import Enum
from typing import Annotated

from pydantic import Field

from workflows.common import (
    BirthDate,
    Contract,
    CorporateNumber,
    Count,
    EventDay,
    Facts,
    Line,
    Municipality,
    Phone,
    YesNo,
)
from workflows.holdings import MOST, PersonNumber, VehicleKind


class RealEstate(Facts):
    """Land or a house in the register. `known_on`: the day the heirs learned that it was owned.

    `taken_by` is the person who is to have it.
    """

    municipality: Municipality
    number: Annotated[str, Field(pattern=r"^[0-9]{13}$")]
    farmland: YesNo = False
    forest: YesNo = False
    known_on: EventDay | None = None
    taken_by: PersonNumber | None = None


class Vehicle(Facts):
    """A vehicle; `taken_by` is the person who is to have it."""

    kind: VehicleKind
    plate: Line
    chassis: Line
    taken_by: PersonNumber | None = None


class Dog(Facts):
    """A dog, by its microchip or its tag (鑑札); `new_owner` counts the persons from 0."""

    chip: Annotated[str, Field(pattern=r"^[0-9]{15}$")] | None = None
    tag: Line | None = None
    birth_date: BirthDate | None = None
    new_owner: PersonNumber = 0


class Searches(Facts):
    """What nobody is sure of and is to be looked for."""

    banks: YesNo = False
    policies: YesNo = False
    securities: YesNo = False


class BulkyWaste(Facts):
    """What is to be cleared away (遺品)."""

    items: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)]
    day: EventDay


class Estate(Facts):
    """What was owned. `value` in yen, of all that counts for inheritance tax, where somebody knows it.

    `divided_on` is the day on which the heirs agreed who has what (遺産分割).
    """

    real_estate: Annotated[tuple[RealEstate, ...], Field(max_length=MOST)] = ()
    vehicles: Annotated[tuple[Vehicle, ...], Field(max_length=MOST)] = ()
    dogs: Annotated[tuple[Dog, ...], Field(max_length=MOST)] = ()
    value: Annotated[Count, Field(ge=0)] | None = None
    divided_on: EventDay | None = None
    debts_known: YesNo = False
    cash_needed: YesNo = False
    searches: Searches = Searches()
    bulky_waste: BulkyWaste | None = None


class WillForm(Enum):
    """Which form a will has (遺言)."""

    HANDWRITTEN = "handwritten"  # 自筆証書遺言, at home: to be probated
    AT_REGISTRY = "at-registry"  # 自筆証書遺言, kept at 法務局
    NOTARIAL = "notarial"  # 公正証書遺言


class Ended(Contract):
    """A contract that ends. `registered`: the deceased had asked that this company be told of the death."""

    stop_on: EventDay | None = None
    registered: YesNo = False


class Water(Ended):
    """Water; `landlords`: the contract is the landlord's."""

    landlords: YesNo = False


class BankAccount(Facts):
    """An account; `company` is the bank."""

    company: CorporateNumber | None = None
    company_name: Line | None = None
    branch: Line
    account: Annotated[str, Field(pattern=r"^[0-9]{1,8}(-[0-9]{1,8})?$")]
    registered: YesNo = False


class Mobile(Facts):
    """A mobile line."""

    company: CorporateNumber | None = None
    company_name: Line | None = None
    number: Phone


class Policy(Ended):
    """A policy that the deceased held. With a `beneficiary` it pays that person, on the deceased's life."""

    beneficiary: PersonNumber | None = None


_Many = Annotated[tuple[Ended, ...], Field(max_length=MOST)]


class Contracts(Facts):
    """Who has to be told besides the authorities."""

    electricity: Ended | None = None
    gas: Ended | None = None
    water: Water | None = None
    telephone: Ended | None = None
    nhk: Ended | None = None
    isp: Ended | None = None
    lease: Ended | None = None
    mail: YesNo = False
    mobiles: Annotated[tuple[Mobile, ...], Field(max_length=MOST)] = ()
    newspapers: _Many = ()
    shops: _Many = ()
    banks: Annotated[tuple[BankAccount, ...], Field(max_length=MOST)] = ()
    credit_cards: _Many = ()
    policies: Annotated[tuple[Policy, ...], Field(max_length=MOST)] = ()
    securities: _Many = ()
