# SPDX-License-Identifier: Apache-2.0
"""The names in JPKI certificates, and the otherNames of the four attributes (基本4情報)."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from engine.identity.profiles import Use

ORGANISATION: Final = "JPKI-TEST"
_AGENCY: Final = "Japan Agency for Local Authority Information Systems"
_UNITS: Final = {Use.LOGIN: "JPKI for user authentication", Use.SIGNATURE: "JPKI for digital signature"}
_UNITS_JA: Final = {
    Use.LOGIN: "公的個人認証サービス利用者証明用",
    Use.SIGNATURE: "公的個人認証サービス署名用",
}
_ARC: Final = "1.2.392.200149.8.5.5."
_ERAS: Final = ((date(2019, 5, 1), "5"), (date(1989, 1, 8), "4"), (date(1926, 12, 25), "3"))
_ERAS_BEFORE: Final = ((date(1912, 7, 30), "2"), (date(1868, 1, 25), "1"))


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """Return a name with one attribute in each RDN, country first."""
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")
    return x509.Name([country, *(x509.NameAttribute(oid, value) for oid, value in parts)])


def units(*values: str, organisation: str = ORGANISATION) -> x509.Name:
    """Return a name of an organisation and its units."""
    return name(
        (NameOID.ORGANIZATION_NAME, organisation),
        *((NameOID.ORGANIZATIONAL_UNIT_NAME, value) for value in values),
    )


def authority_name(use: Use) -> x509.Name:
    """Return the name that every generation of one authority has."""
    return units(_UNITS[use], _AGENCY)


def authority_name_ja(use: Use) -> x509.Name:
    """Return the same in Japanese, as it stands in alternative names."""
    return units(_UNITS_JA[use], "地方公共団体情報システム機構", organisation="公的個人認証サービス")


def distribution_point(use: Use, prefecture: str, city: str) -> x509.Name:
    """Return the name of a municipality's part of the CRL."""
    parts = units(_UNITS[use], "CRL Distribution Points", prefecture)
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, f"{city} CRLDP")])


def birth_digits(day: date) -> str:
    """Return the birth date as the certificate holds it: era, then the Gregorian date."""
    era = next((era for first, era in (*_ERAS, *_ERAS_BEFORE) if day >= first), "0")
    return f"{era}{day:%Y%m%d}"


def attribute_names(values: Iterable[tuple[int, str]]) -> list[x509.OtherName]:
    """Return the otherNames of these attributes, by their last arc."""
    return [other_name(number, utf8_string(value)) for number, value in values]


def other_name(number: int, der: bytes) -> x509.OtherName:
    """Return one otherName with any DER in it."""
    return x509.OtherName(x509.ObjectIdentifier(f"{_ARC}{number}"), der)


def utf8_string(text: str) -> bytes:
    """Return the text as a DER UTF8String."""
    content = text.encode()
    if len(content) < 0x80:
        return bytes([0x0C, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([0x0C, 0x80 + len(length)]) + length + content
