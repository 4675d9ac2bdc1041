# SPDX-License-Identifier: Apache-2.0
"""The two numbers by which offices are known: the corporate number and the area code.

Corporate numbers (法人番号) and their check digit: Ministerial Ordinance on the Designation of
Corporate Numbers (法人番号の指定等に関する省令, 平成26年財務省令第70号) art. 2. Area codes
(全国地方公共団体コード): the Ministry of Internal Affairs' list; JIS X 0401 and 0402 without the check digit.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from engine.core.errors import Code, EngineError, register

_TWELVE: Final = re.compile(r"[0-9]{12}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{12}")
_FIVE: Final = re.compile(r"(0[1-9]|[1-3][0-9]|4[0-7])[0-9]{3}")
_CODE: Final = re.compile(r"[0-9]{6}")
_LOCAL_GOVERNMENT: Final = "000020"  # local governments: check digit, this, then their area code

register(
    {
        "invalid-corporate-number": Code(
            422, "法人番号が正しくありません", "This is no corporate number (13 digits with a check digit)"
        ),
        "invalid-area-code": Code(
            422,
            "全国地方公共団体コードが正しくありません",
            "This is no area code (6 digits with a check digit)",
        ),
    }
)


def corporate_number(body: str) -> str:
    """Return the 13-digit number for its last 12 digits.

    Raises:
        EngineError: `invalid-corporate-number`, these are not 12 digits.
    """
    if not _TWELVE.fullmatch(body):
        raise EngineError("invalid-corporate-number")
    # Art. 2: 9 - (sum of Pn x Qn mod 9); n counts from the right, Qn is 1 where n is odd, else 2.
    total = sum(int(digit) * (1 if n % 2 else 2) for n, digit in enumerate(reversed(body), start=1))
    return f"{9 - total % 9}{body}"


def is_corporate_number(text: str) -> bool:
    """Whether these are 13 digits with the right check digit."""
    return _NUMBER.fullmatch(text) is not None and corporate_number(text[1:]) == text


def area_code(body: str) -> str:
    """Return the 6-digit code for its first 5 digits.

    Raises:
        EngineError: `invalid-area-code`, these are not 5 digits that begin with a prefecture.
    """
    if not _FIVE.fullmatch(body):
        raise EngineError("invalid-area-code")
    total = sum(int(digit) * weight for digit, weight in zip(body, (6, 5, 4, 3, 2), strict=True))
    return f"{body}{(11 - total % 11) % 10}"


def is_area_code(text: str) -> bool:
    """Whether these are 6 digits that begin with a prefecture and have the right check digit."""
    return (
        _CODE.fullmatch(text) is not None
        and _FIVE.fullmatch(text[:5]) is not None
        and area_code(text[:5]) == text
    )


def prefecture_of(code: str) -> str:
    """Return the area code of the prefecture in which the area lies; a prefecture's is its own."""
    return area_code(f"{code[:2]}000")


def number_of_local_government(code: str) -> str:
    """Return the corporate number of the prefecture, municipality or special ward with this area code.

    A ward of a designated city is no corporation and has none: ask for its city.

    Raises:
        EngineError: `invalid-area-code`.
    """
    if not is_area_code(code):
        raise EngineError("invalid-area-code")
    return corporate_number(_LOCAL_GOVERNMENT + code)


def area_of_local_government(number: str) -> str | None:
    """Return the area code in a local government's corporate number, None for any other organisation."""
    code = number[7:]
    local = is_corporate_number(number) and number[1:7] == _LOCAL_GOVERNMENT and is_area_code(code)
    return code if local else None


def _checked_number(text: str) -> str:
    if not is_corporate_number(text):
        raise ValueError("the check digit is wrong")
    return text


def _checked_area(text: str) -> str:
    if not is_area_code(text):
        raise ValueError("the check digit is wrong")
    return text


CorporateNumber = Annotated[str, Field(pattern=r"^[1-9][0-9]{12}$"), AfterValidator(_checked_number)]
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{6}$"), AfterValidator(_checked_area)]
