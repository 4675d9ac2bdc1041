# SPDX-License-Identifier: Apache-2.0
"""What the example households are told with: places that exist, people and numbers that do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Household:
    """A household of nobody (架空の世帯), and what it tells of its life event on that day.

    `name` is stable: the references of its example orders are made of it.
    """

    name: str
    about: str
    today: date
    facts: Mapping[str, Any]


MURORAN: Final[Told] = {
    "postalCode": "050-0083",
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "東町1-1",
}
CHIYODA: Final[Told] = {
    "postalCode": "102-0082",
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "一番町1",
}
KUDAN: Final[Told] = {
    "postalCode": "102-0074",
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "九段南一丁目2番1号",
    "building": "見本マンション 101",
}
CHIYODA_DESK: Final[Told] = {"municipality": "131016", "city": "千代田区"}
PHONE: Final = "090-0000-0001"
EMAIL: Final = "mihon@example.jp"
ACCOUNT: Final[Told] = {"bank": "見本銀行", "branch": "東", "number": "1234567"}


def name(family: str, given: str) -> Told:
    """Return a name, or a reading."""
    return {"family": family, "given": given}


def person(written: str, read: str, born: str, **more: Any) -> Told:
    """Return a person: name and reading each as `family given`, and whatever else is told."""
    return {
        "name": name(*written.split()),
        "kana": name(*read.split()),
        "birthDate": born,
        **more,
    }


def honseki(home: Told, line: str) -> Told:
    """Return a registered domicile (本籍) in the municipality of a home."""
    return {part: home[part] for part in ("municipality", "prefecture", "city")} | {"line": line}


def register(home: Told, line: str, head: str, **more: Any) -> Told:
    """Return a family register (戸籍), by its 本籍 and who stands first in it."""
    return honseki(home, line) | {"head": name(*head.split()), **more}


def held(company: str, number: str, **more: Any) -> Told:
    """Return a contract with an invented company."""
    return {"companyName": company, "customerNumber": number, **more}
