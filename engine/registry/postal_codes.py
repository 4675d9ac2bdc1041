# SPDX-License-Identifier: Apache-2.0
"""The postal codes (郵便番号) of Japan and the municipalities they are in.

The table is data/postal_codes.txt.xz; where it comes from stands in data/make_postal_codes.py. It is
always older than the newest town, and knows nothing of codes that belong to one large sender: a code
that is not in it says nothing. Some codes are shared by places in several municipalities.
"""

import lzma
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from pydantic import JsonValue

from engine.core.errors import Code, EngineError, Problem, register
from engine.core.numbers import area_code
from engine.registry.municipalities import Municipality, areas_around, municipalities, municipality

register(
    {
        "no-such-postal-code": Code(
            404, "その郵便番号は見つかりません", "There is no such postal code in our table"
        ),
    }
)

ELSEWHERE: Final = "invalid-postal-code-elsewhere"
_POSTAL_CODE: Final = ("postalCode", "postal_code")


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality or ward, and its towns (町域) with the code; none: all without one of their own."""

    municipality: Municipality
    towns: tuple[str, ...]


def places(postal_code: str) -> tuple[Place, ...]:
    """Return where a postal code is, written with or without its hyphen; raises `no-such-postal-code`."""
    found = tuple(_found(postal_code.replace("-", "")))
    if not found:
        raise EngineError("no-such-postal-code")
    return found


def contradictions(facts: Mapping[str, JsonValue]) -> tuple[Problem, ...]:
    """Return each postal code in the facts that is known, and is known to be in another municipality.

    A code or a municipality that the tables do not know passes: they may be older than the address, and
    the address older than a merger.
    """
    return tuple(_contradictions(facts, ""))


def ready() -> None:
    """Read the table now, so that no request has to wait for it."""
    _table()


def _contradictions(value: JsonValue | Mapping[str, JsonValue], place: str) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        name = next((name for name in _POSTAL_CODE if name in value), None)
        if name and _is_elsewhere(value[name], value.get("municipality")):
            yield Problem(f"{place}/{name}", ELSEWHERE)
        for key, inner in value.items():
            yield from _contradictions(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _contradictions(inner, f"{place}/{number}")


def _is_elsewhere(postal_code: JsonValue, area: JsonValue) -> bool:
    if not isinstance(postal_code, str) or not isinstance(area, str) or area not in municipalities():
        return False
    known = [place.municipality.code for place in _found(postal_code.replace("-", ""))]
    # A designated city is told for its ward, and a ward for its city.
    return bool(known) and not any(area in areas_around(one) or one in areas_around(area) for one in known)


def _found(digits: str) -> Iterator[Place]:
    table, wanted = _table(), digits.encode()
    place = bisect_left(table, wanted)
    while place < len(table) and table[place].startswith(wanted + b"\t"):
        _, area, towns = table[place].decode().split("\t")
        yield Place(municipality(area_code(area)), tuple(towns.split("|")) if towns else ())
        place += 1


@cache
def _table() -> Sequence[bytes]:
    """Return the lines in the order of their codes: 121,000 of them, 12 MB. Read once."""
    packed = resources.files("engine.registry.data").joinpath("postal_codes.txt.xz").read_bytes()
    return lzma.decompress(packed).rstrip(b"\n").split(b"\n")[1:]
