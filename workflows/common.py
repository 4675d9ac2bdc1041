# SPDX-License-Identifier: Apache-2.0
"""What the facts of all life events are made of: names, persons, addresses, contracts.

There is no field for a My Number (個人番号) or a resident record code (住民票コード), and none is to
come. Names and addresses are kept as they were written: no normalisation, which would turn one
family's character into another's.
"""

import re
import unicodedata
from datetime import date
from enum import Enum
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from engine.core.numbers import area_code, is_area_code, is_corporate_number
from engine.core.text import Text

_KANA: Final = re.compile(r"[\u30a1-\u30fa\u30fc\u30fb\u3000 ]+")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PREFECTURE: Final = "000"  # where an area code has its municipality, a prefecture's has none
_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2079, 12, 31)  # as far as the calendars go
_BORN_AFTER: Final = date(1873, 1, 1)  # Japan counts Gregorian days since then


def _line(text: str) -> str:
    if any(ord(one) & 0xFFFE == 0xFFFE or "\ufdd0" <= one <= "\ufdef" for one in text):
        raise PydanticCustomError("not-a-character", "a code point that is never a character")
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for one in text):
        raise PydanticCustomError("control-characters", "control characters are not text")
    if text != text.strip():
        raise PydanticCustomError("outer-space", "space at the beginning or the end")
    return text


def _kana(text: str) -> str:
    if not _KANA.fullmatch(text):
        raise PydanticCustomError("not-kana", "full-width katakana")
    return text


def _area(code: str) -> str:
    if not is_area_code(code):
        raise PydanticCustomError("municipality", "no municipality code with its check digit")
    return code


def _number(number: str) -> str:
    if not is_corporate_number(number):
        raise PydanticCustomError("corporate-number", "no corporate number with its check digit")
    return number


def _municipality(code: str) -> str:
    if code[2:5] == _PREFECTURE:
        raise PydanticCustomError("municipality", "a prefecture is no municipality")
    return code


def _iso(value: object) -> object:
    # pydantic would take 1700000000, "1700000000" and "2026-12-01T00:00" too
    if (isinstance(value, str) and _DAY.fullmatch(value)) or type(value) is date:
        return value
    raise PydanticCustomError("date", "a date is YYYY-MM-DD")


def _in_our_time(day: date) -> date:
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise PydanticCustomError("date-out-of-range", "a day in the years 2000 to 2079")
    return day


def _born(day: date) -> date:
    if day < _BORN_AFTER:
        raise PydanticCustomError("too-long-ago", "before the Gregorian calendar came to Japan")
    return day


Line = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_line)]
Kana = Annotated[Line, AfterValidator(_kana)]
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{6}$"), AfterValidator(_area)]
Municipality = Annotated[AreaCode, AfterValidator(_municipality)]
CorporateNumber = Annotated[str, Field(pattern=r"^[0-9]{13}$"), AfterValidator(_number)]
PostalCode = Annotated[str, Field(pattern=r"^[0-9]{3}-?[0-9]{4}$")]
Phone = Annotated[str, Field(pattern=r"^(0|\+[1-9])[0-9]*(-[0-9]+)*$", min_length=10, max_length=20)]
Email = Annotated[str, Field(pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=254)]
Day = Annotated[date, BeforeValidator(_iso, json_schema_input_type=date)]
EventDay = Annotated[Day, AfterValidator(_in_our_time)]
BirthDate = Annotated[Day, AfterValidator(_born)]
YesNo = StrictBool
Count = StrictInt

# The designated cities (指定都市) with the last of their wards, by area code without check digit: a
# city's wards follow it. Configuration: a ward that is made or merged is written here.
DESIGNATED_CITIES: Final = {
    "01100": "01110",  # 札幌市
    "04100": "04105",  # 仙台市
    "11100": "11110",  # さいたま市
    "12100": "12106",  # 千葉市
    "14100": "14118",  # 横浜市
    "14130": "14137",  # 川崎市
    "14150": "14153",  # 相模原市
    "15100": "15108",  # 新潟市
    "22100": "22103",  # 静岡市
    "22130": "22140",  # 浜松市: 22138 to 22140 since 2024
    "23100": "23116",  # 名古屋市
    "26100": "26111",  # 京都市
    "27100": "27128",  # 大阪市
    "27140": "27147",  # 堺市
    "28100": "28111",  # 神戸市
    "33100": "33104",  # 岡山市
    "34100": "34108",  # 広島市
    "40100": "40109",  # 北九州市
    "40130": "40137",  # 福岡市
    "43100": "43105",  # 熊本市
}


def city_of(municipality: str) -> str:
    """Return the code of the designated city whose ward this is, else the code itself."""
    body = municipality[:5]
    for city, last in DESIGNATED_CITIES.items():
        if city < body <= last:
            return area_code(city)
    return municipality


def both(ja: str, en: str) -> Text:
    """Return the words in both languages."""
    return Text(ja=ja, en=en)


def contradiction() -> PydanticCustomError:
    """Return what is said of a fact that contradicts another."""
    return PydanticCustomError("contradicts-facts", "it contradicts another fact")


def missing() -> PydanticCustomError:
    """Return what is said of a fact that other facts require."""
    return PydanticCustomError("missing", "it is required here")


class Facts(BaseModel):
    """What a citizen tells: camelCase, nothing unknown, shown back as it was written."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as it crosses a border."""
        dumped: dict[str, JsonValue] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return dumped


class Name(Facts):
    """A name as it stands in the register (氏名), or its reading (振り仮名)."""

    family: Line
    given: Line


class Reading(Facts):
    """How a name is read, in full-width katakana."""

    family: Kana
    given: Kana


class Sex(Enum):
    """What the resident register records (性別)."""

    MALE = "male"
    FEMALE = "female"


class Person(Facts):
    """One person, by the four items of the register without the address."""

    name: Name
    kana: Reading
    birth_date: BirthDate
    sex: Sex | None = None


class Address(Facts):
    """A place in Japan (住所): its municipality by code, the rest as it is written."""

    postal_code: PostalCode
    municipality: Municipality
    prefecture: Line
    city: Line
    line: Line
    building: Line | None = None

    @property
    def as_line(self) -> str:
        """The whole address as one line, as a certificate writes it."""
        return f"{self.prefecture}{self.city}{self.line}{self.building or ''}"

    @property
    def text(self) -> Text:
        """The municipality's name, as people read it."""
        return Text(ja=self.city, en=self.city)


class Contract(Facts):
    """A contract with a company: which company, and the number it knows the customer by."""

    company: CorporateNumber | None = None
    company_name: Line | None = None
    customer_number: Line | None = None
