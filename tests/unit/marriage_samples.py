# SPDX-License-Identifier: Apache-2.0
"""A couple that marries in 千代田区: 佐藤 太郎 and 髙橋 花子, who takes his surname."""

import copy
from collections.abc import Mapping
from typing import Any, Final

from workflows.marriage import MarriageFacts

CHIYODA, MURORAN, YOKOHAMA = "131016", "012050", "141003"

CHIYODA_HOME: Final[dict[str, Any]] = {
    "postalCode": "102-0082",
    "municipality": CHIYODA,
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "一番町1",
}
MURORAN_HOME: Final[dict[str, Any]] = {
    "postalCode": "050-0083",
    "municipality": MURORAN,
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "東町1-1",
}


def name(family: str, given: str) -> dict[str, str]:
    return {"family": family, "given": given}


def honseki(line: str, *, municipality: str = MURORAN) -> dict[str, str]:
    prefecture, city = {MURORAN: ("北海道", "室蘭市"), CHIYODA: ("東京都", "千代田区")}[municipality]
    return {"municipality": municipality, "prefecture": prefecture, "city": city, "line": line}


def register(line: str, head: dict[str, str], **more: Any) -> dict[str, Any]:
    return honseki(line) | {"head": head} | more


HANAKO: Final[dict[str, Any]] = {
    "part": "wife",
    "name": name("髙橋", "花子"),
    "kana": name("タカハシ", "ハナコ"),
    "birthDate": "1995-05-05",
    "address": CHIYODA_HOME,
    "familyRegister": register("東町1番地", name("髙橋", "松")),
    "parents": {"father": name("髙橋", "松"), "mother": name("髙橋", "梅"), "relation": "長女"},
}
TARO: Final[dict[str, Any]] = {
    "part": "husband",
    "name": name("佐藤", "太郎"),
    "kana": name("サトウ", "タロウ"),
    "birthDate": "1993-03-03",
    "address": CHIYODA_HOME,
    "familyRegister": register("幸町2番地", name("佐藤", "次郎")),
    "parents": {"father": name("佐藤", "次郎"), "mother": name("佐藤", "菊"), "relation": "長男"},
}
WITNESSES: Final[list[dict[str, Any]]] = [
    {
        "name": name("鈴木", "一郎"),
        "birthDate": "1970-01-01",
        "address": MURORAN_HOME,
        "honseki": honseki("港町3番地"),
    },
    {
        "name": name("田中", "桜"),
        "birthDate": "1992-02-02",
        "address": CHIYODA_HOME,
        "honseki": honseki("一番町4番", municipality=CHIYODA),
    },
]
COUPLE: Final[Mapping[str, Any]] = {
    "marriageDate": "2026-11-30",
    "desk": {"municipality": CHIYODA, "city": "千代田区"},
    "spouses": [HANAKO, TARO],
    "witnesses": WITNESSES,
    "surnameOf": "husband",
    "newHonseki": honseki("一番町1番", municipality=CHIYODA),
    "phone": "090-1234-5678",
}


def told(**changes: Any) -> dict[str, Any]:
    """Return the couple's facts with changes; a key `a__0__b` goes into members and items, ... removes."""
    facts = copy.deepcopy(dict(COUPLE))
    for path, value in changes.items():
        *way, last = (int(step) if step.isdigit() else step for step in path.split("__"))
        place: Any = facts
        for step in way:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return facts


def couple(**changes: Any) -> MarriageFacts:
    return MarriageFacts.model_validate(told(**changes))
