# SPDX-License-Identifier: Apache-2.0
"""The municipalities (市町村・特別区) of Japan by their area codes, and which areas contain which.

The table is data/municipalities.csv; where it comes from stands in data/make_municipalities.py.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from engine.core.errors import Code, EngineError, register
from engine.core.numbers import number_of_local_government, prefecture_of

register(
    {
        "no-such-municipality": Code(404, "その市区町村は見つかりません", "There is no such municipality"),
    }
)


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality, or a ward of a designated city; `part_of` is that city's code, else None.

    `county` (郡) is written before the name in an address, "" where there is none. `english` is
    transcribed by rule.
    """

    code: str
    prefecture: str
    county: str
    name: str
    kana: str
    english: str
    part_of: str | None

    @property
    def number(self) -> str:
        """The corporate number of the municipality; a ward is served by its city."""
        return number_of_local_government(self.part_of or self.code)


@cache
def municipalities() -> Mapping[str, Municipality]:
    """Return all of them by code, in the order of the codes. Read once."""
    text = resources.files("engine.registry.data").joinpath("municipalities.csv").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    table = {
        row["code"]: Municipality(**{**row, "part_of": row["part_of"] or None})  # type: ignore[arg-type] # all text
        for row in csv.DictReader(lines)
    }
    return MappingProxyType(table)


def municipality(code: str) -> Municipality:
    """Return the municipality or ward with this area code; raises `no-such-municipality`."""
    found = municipalities().get(code)
    if found is None:
        raise EngineError("no-such-municipality")
    return found


def areas_around(code: str) -> tuple[str, ...]:
    """Return the area codes that contain this place, the smallest first: ward, city, prefecture."""
    known = municipalities().get(code)
    city = (known.part_of,) if known and known.part_of else ()
    return tuple(dict.fromkeys((code, *city, prefecture_of(code))))
