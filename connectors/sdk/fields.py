# SPDX-License-Identifier: Apache-2.0
"""The fields (申請事項) that orders carry, as connectors read them.

A connector names the fields it needs in a model of its own; these are the parts most of them share.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Line = Annotated[str, Field(min_length=1, max_length=200)]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9][0-9-]{8,18}$")]
MunicipalityCode = Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class Fields(BaseModel):
    """The fields of one procedure: frozen, camelCase on the wire.

    A field the connector does not know is left aside: the engine may learn new ones before the
    connector does, and what is not read here is not kept by the organisation.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class PersonName(Fields):
    """A name (氏名) or its reading (フリガナ)."""

    family: Line
    given: Line

    def __str__(self) -> str:
        return f"{self.family} {self.given}"


class Address(Fields):
    """An address (住所); `municipality` is the 6-digit code (全国地方公共団体コード)."""

    postal_code: Annotated[str, Field(pattern=r"^[0-9]{3}-?[0-9]{4}$")]
    municipality: MunicipalityCode
    prefecture: Line
    city: Line
    line: Line
    building: Line | None = None

    def __str__(self) -> str:
        return f"{self.prefecture}{self.city}{self.line}" + (f" {self.building}" if self.building else "")


class Mover(Fields):
    """One person who moves (異動者); `relation` is the relation to the head of the household (続柄)."""

    name: PersonName
    kana: PersonName | None = None
    birth_date: date
    sex: Line | None = None
    relation: Line
