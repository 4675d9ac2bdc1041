# SPDX-License-Identifier: Apache-2.0
"""Corporate numbers without a network: invented corporations, and the municipalities of our own table.

For rehearsals and tests. The file has the agency's 30 columns (data/corporations.csv); every
corporation in it is invented, with numbers that no registry office gives out. A municipality's
number follows from its area code, so it is answered from the table of municipalities.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Final

from engine.core.numbers import area_of_local_government
from engine.registry.corporate_numbers import Corporation, checked
from engine.registry.corporate_records import rows_of
from engine.registry.municipalities import municipalities

_FIRST_DAY: Final = date(2015, 10, 5)  # when the first numbers were assigned


class OfflineExtract:
    """Answers from what comes with the program."""

    async def records(self, numbers: Sequence[str], *, history: bool = False) -> tuple[Corporation, ...]:
        """Return the records of these numbers, the oldest of each first."""
        found = [one for number in checked(numbers) for one in _known(number)]
        return tuple(one for one in found if history or one.is_latest)


@cache
def _listed() -> dict[str, list[Corporation]]:
    text = resources.files("engine.registry.data").joinpath("corporations.csv").read_text("utf-8")
    by_number: dict[str, list[Corporation]] = {}
    for one in rows_of(text):
        by_number.setdefault(one.number, []).append(one)
    return by_number


def _known(number: str) -> list[Corporation]:
    known = _listed().get(number)
    return known if known is not None else _local_government(number)


def _local_government(number: str) -> list[Corporation]:
    code = area_of_local_government(number)
    place = municipalities().get(code) if code else None
    if place is None or place.part_of is not None:
        return []
    return [
        Corporation(
            number=number,
            process="01",
            name=place.name,
            english=place.english,
            kana=place.kana,
            kind="201",
            seat=place.prefecture + place.county + place.name,
            area=place.code,
            postal_code=None,
            updated_on=_FIRST_DAY,
            changed_on=_FIRST_DAY,
            assigned_on=_FIRST_DAY,
            closed_on=None,
            close_cause=None,
            successor=None,
            change_cause="",
            is_latest=True,
        )
    ]
