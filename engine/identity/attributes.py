# SPDX-License-Identifier: Apache-2.0
"""The four basic attributes (基本4情報) in the subjectAltName of a 署名用 certificate.

Each is an otherName whose value is a UTF8String, digits too. A part of a birth date that the
register does not know is zeros; it stays unknown here and never becomes a date.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Final

from cryptography import x509

from engine.core.errors import EngineError
from engine.identity.profiles import extension_of

_ARC: Final = "1.2.392.200149.8.5.5."
_NAME, _NAME_SUBSTITUTES, _SEX, _BIRTH, _ADDRESS, _ADDRESS_SUBSTITUTES = "123456"
_REQUIRED: Final = (_NAME, _SEX, _BIRTH, _ADDRESS)
_UTF8_STRING: Final = 0x0C
_MOST_CHARACTERS: Final = 200


class Era(IntEnum):
    """The first digit of a birth date (年号). The year itself is always Gregorian."""

    UNKNOWN = 0
    MEIJI = 1
    TAISHO = 2
    SHOWA = 3
    HEISEI = 4
    REIWA = 5


# First day and last day. On two days people were born in either era: the old one had not ended.
_ERAS: Final = {
    Era.MEIJI: (date(1868, 1, 25), date(1912, 7, 30)),
    Era.TAISHO: (date(1912, 7, 30), date(1926, 12, 25)),
    Era.SHOWA: (date(1926, 12, 25), date(1989, 1, 7)),
    Era.HEISEI: (date(1989, 1, 8), date(2019, 4, 30)),
    Era.REIWA: (date(2019, 5, 1), date.max),
}


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A birth date as far as the register knows it; None for each part it does not know."""

    era: Era
    year: int | None
    month: int | None
    day: int | None

    @property
    def date(self) -> date | None:
        """The date, None when any part is unknown."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the certificate says about its holder. Never logged: repr shows nothing."""

    name: str = field(repr=False)
    birth: BirthDate = field(repr=False)
    sex: str = field(repr=False)  # "1" male, "2" female, "3" unknown
    address: str = field(repr=False)
    # Positions of characters that the certificate could not hold and replaced (代替文字).
    name_substitutes: tuple[int, ...] = field(default=(), repr=False)
    address_substitutes: tuple[int, ...] = field(default=(), repr=False)


def attributes_of(certificate: x509.Certificate) -> Attributes:
    """Return the four attributes; otherNames we do not know are left alone.

    Raises:
        EngineError: `certificate-attributes`, one is missing, doubled or not as the profile says.
    """
    extension = extension_of(certificate, x509.SubjectAlternativeName)
    if extension is None:
        raise EngineError("certificate-attributes")
    values = _values(extension.value)
    if any(number not in values for number in _REQUIRED) or values[_SEX] not in ("1", "2", "3"):
        raise EngineError("certificate-attributes")
    name, address = values[_NAME], values[_ADDRESS]
    return Attributes(
        name=name,
        birth=_birth(values[_BIRTH]),
        sex=values[_SEX],
        address=address,
        name_substitutes=_substitutes(values.get(_NAME_SUBSTITUTES), name),
        address_substitutes=_substitutes(values.get(_ADDRESS_SUBSTITUTES), address),
    )


def _values(names: x509.SubjectAlternativeName) -> dict[str, str]:
    values: dict[str, str] = {}
    for other in names.get_values_for_type(x509.OtherName):
        arc, _, number = other.type_id.dotted_string.rpartition(".")
        if arc + "." != _ARC or number not in "123456":
            continue
        if number in values:
            raise EngineError("certificate-attributes")
        values[number] = _utf8_string(other.value)
    return values


def _utf8_string(der: bytes) -> str:
    """Return the text of one DER UTF8String that fills all the bytes."""
    try:
        tag, length, start = der[0], der[1], 2
        if length > 0x80:
            start += length - 0x80
            length = int.from_bytes(der[2:start], "big")
            if length < 0x80 or der[2] == 0:  # DER: the shortest form
                raise EngineError("certificate-attributes")
        text = der[start:].decode("utf-8")
    except (IndexError, UnicodeDecodeError) as error:
        raise EngineError("certificate-attributes") from error
    if tag != _UTF8_STRING or length != len(der) - start or not 0 < len(text) <= _MOST_CHARACTERS:
        raise EngineError("certificate-attributes")
    return text


def _birth(digits: str) -> BirthDate:
    if len(digits) != 9 or not (digits.isascii() and digits.isdigit()) or digits[0] > "5":
        raise EngineError("certificate-attributes")
    parts = (int(part) or None for part in (digits[1:5], digits[5:7], digits[7:9]))
    birth = BirthDate(Era(int(digits[0])), *parts)
    try:
        day = birth.date
        _ = date(birth.year or 2000, birth.month or 1, birth.day or 1)  # 2000: a leap year
    except ValueError as error:
        raise EngineError("certificate-attributes") from error
    if day is not None and birth.era is not Era.UNKNOWN:
        first, last = _ERAS[birth.era]
        if not first <= day <= last:
            raise EngineError("certificate-attributes")
    return birth


def _substitutes(flags: str | None, text: str) -> tuple[int, ...]:
    """Return the positions flagged `1`: one flag for each character, spaces counted."""
    if flags is None:
        return ()
    if len(flags) != len(text) or not set(flags) <= {"0", "1"}:
        raise EngineError("certificate-attributes")
    return tuple(position for position, flag in enumerate(flags) if flag == "1")
