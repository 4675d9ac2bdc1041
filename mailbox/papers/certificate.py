# SPDX-License-Identifier: Apache-2.0
"""What stands on a move-out certificate (転出証明書).

The items are those of the Order for Enforcement of the Basic Resident Registration Act
(住民基本台帳法施行令) art. 23(2), without 個人番号 and 住民票コード: Todoke has no field for them.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mailbox.papers.wareki import wareki, wareki_with_weekday

Line = Annotated[str, Field(min_length=1, max_length=200)]


class Paper(BaseModel):
    """What is printed: fixed once made, camelCase where it meets JSON."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Member(Paper):
    """One person who moves out (転出する者)."""

    name: Line
    kana: Line | None = None
    born_on: date
    sex: Line | None = None
    relation: Line  # 続柄: relation to the head of the household
    domicile: Line | None = None  # 本籍
    register_head: Line | None = None  # 筆頭者
    remarks: tuple[Line, ...] = ()


class MoveOutCertificate(Paper):
    """One certificate for the members of a household who leave a municipality."""

    number: Line
    municipality: Line
    mayor_title: Line
    mayor: Line
    issued_on: date
    notified_on: date
    planned_on: date
    old_address: Line
    old_head: Line
    new_address: Line
    new_head: Line
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=20)]
    verification: Annotated[str, Field(max_length=300)] | None = None
    simulation: bool

    def printed(self) -> dict[str, object]:
        """Return what the template shows: dates as the office writes them, gaps marked."""
        return {
            **self.model_dump(mode="json", by_alias=True),
            "issuedOn": calendar_day(self.issued_on),
            "issuedOnText": wareki(self.issued_on),
            "notifiedOn": wareki(self.notified_on),
            "plannedOn": wareki_with_weekday(self.planned_on),
            "members": [
                {
                    **member.model_dump(mode="json", by_alias=True),
                    "bornOn": wareki(member.born_on),
                    "sex": member.sex or "—",
                    "registerHead": member.register_head or "—",
                }
                for member in self.members
            ],
        }


def calendar_day(day: date) -> dict[str, int]:
    """Return the day as typst takes it for the date of a document."""
    return {"year": day.year, "month": day.month, "day": day.day}
