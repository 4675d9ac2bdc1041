# SPDX-License-Identifier: Apache-2.0
"""What several life events ask about a person: insurance, licence, residence, work, places abroad."""

from enum import Enum
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from workflows.common import CorporateNumber, Facts, Line, YesNo, contradiction


class HealthInsurance(Enum):
    """In which health insurance a person is (医療保険)."""

    NATIONAL = "national"  # 国民健康保険
    EMPLOYEE = "employee"  # 被用者保険
    LATE_ELDERLY = "late-elderly"  # 後期高齢者医療
    WELFARE = "welfare"  # 生活保護: in none of them


class LicenceForm(Enum):
    """On what a driving licence is."""

    PAPER = "licence"
    MY_NUMBER_CARD = "my-number-card"  # マイナ免許証 alone
    BOTH = "both"


class Licence(Facts):
    """A driving licence (運転免許). `one_stop`: the change of address was signed up for beforehand."""

    number: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    form: LicenceForm = LicenceForm.PAPER
    one_stop: YesNo = False

    @field_validator("one_stop")
    @classmethod
    def _of_one_card(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - a validator's value
        if value and info.data.get("form", LicenceForm.MY_NUMBER_CARD) is not LicenceForm.MY_NUMBER_CARD:
            raise contradiction()  # 道路交通法95条の5: holders of マイナ免許証 alone
        return value


class ResidenceStatus(Enum):
    """How a foreign national resides."""

    MID_TO_LONG = "mid-to-long"  # 中長期在留者
    SPECIAL_PERMANENT = "special-permanent"  # 特別永住者


class Residence(Facts):
    """The residence of a foreign national (在留); Japanese nationals have none."""

    status: ResidenceStatus
    card_number: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{8}[A-Z]{2}$")]


class Abroad(Facts):
    """A place outside Japan."""

    country: Line
    place: Line | None = None

    @property
    def written(self) -> str:
        """The place as one line."""
        return f"{self.country} {self.place}" if self.place else self.country


class AllowancePayer(Enum):
    """Who pays the child allowance to the one who receives it."""

    MUNICIPALITY = "municipality"
    EMPLOYER = "employer"  # civil servants
    NOBODY_HERE = "nobody-here"  # the one who receives it does not move, or nobody does


class Account(Facts):
    """An account to be paid into; none means the one registered with the State (公金受取口座)."""

    bank: Line
    branch: Line
    number: Annotated[str, Field(pattern=r"^[0-9]{1,8}$")]


class Workplace(Facts):
    """Where a person works (勤務先)."""

    company: CorporateNumber | None = None
    company_name: Line | None = None
