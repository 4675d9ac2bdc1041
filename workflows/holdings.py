# SPDX-License-Identifier: Apache-2.0
"""What people own and whose customers they are, as several life events ask it."""

from enum import Enum
from typing import Annotated, Final

from pydantic import Field

from workflows.common import Contract, CorporateNumber, Count, Facts, Line, Municipality, Phone, YesNo

MOST: Final = 20  # of whatever somebody has several of

PersonNumber = Annotated[Count, Field(ge=0, lt=MOST)]


class Owned(Facts):
    """Something of one of the people whom the facts name: `owner` counts them from 0."""

    owner: PersonNumber = 0


class VehicleKind(Enum):
    """What the law tells apart."""

    CAR = "car"  # 登録自動車
    KEI = "kei"  # 軽自動車
    MOTORCYCLE = "motorcycle"  # over 250 cc: inspected
    LIGHT_MOTORCYCLE = "light-motorcycle"  # 126 to 250 cc: notified
    MOPED = "moped"  # 原付, up to 125 cc


class RealEstate(Owned):
    """Land or a house in the register. `ex_officio`: the registry changes it by itself (76条の6)."""

    municipality: Municipality
    number: Annotated[str, Field(pattern=r"^[0-9]{13}$")]
    ex_officio: YesNo = False


class Held(Contract, Owned):
    """A contract of one of the people."""


class BankAccount(Owned):
    """An account; `company` is the bank."""

    company: CorporateNumber | None = None
    company_name: Line | None = None
    branch: Line
    account: Annotated[str, Field(pattern=r"^[0-9]{1,8}(-[0-9]{1,8})?$")]


class Mobile(Owned):
    """A mobile line."""

    company: CorporateNumber | None = None
    company_name: Line | None = None
    number: Phone
