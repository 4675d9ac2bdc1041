# SPDX-License-Identifier: Apache-2.0
"""The four basic attributes of a certificate beside what was told: who it is, and what to ask about.

Widths and spaces are all that is evened out: the certificate writes digits wide, and nobody's
character is turned into another's. A character that the certificate could not hold (代替文字) says
nothing, so the person is asked about it.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from engine.identity.attributes import Attributes, BirthDate

_WIDE: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_SPACES: Final = frozenset(" \u3000")


@dataclass(frozen=True, slots=True)
class Told:
    """A person as the facts have it: `address` as one line, where it was told."""

    family: str = field(repr=False)
    given: str = field(repr=False)
    birth_date: date = field(repr=False)
    address: str | None = field(repr=False, default=None)


def is_same_person(attributes: Attributes, told: Told) -> bool:
    """Say whether the certificate can be this person's: the name and the known parts of the birth date."""
    name = _letters(attributes.name, attributes.name_substitutes)
    return _agree(name, _letters(told.family + told.given)) and _is_born(attributes.birth, told.birth_date)


def differences(attributes: Attributes, told: Told) -> tuple[tuple[str, str], ...]:
    """Return what the person has to be asked about: `name`, `birthDate` or `address`, and why."""
    found = []
    if attributes.name_substitutes:
        found.append(("name", "substitute-character"))
    if attributes.birth.date is None:
        found.append(("birthDate", "partly-unknown"))
    if told.address is not None:
        there = _letters(attributes.address, attributes.address_substitutes)
        if not _agree(there, _letters(told.address)):
            found.append(("address", "differs-from-certificate"))
        elif attributes.address_substitutes:
            found.append(("address", "substitute-character"))
    return tuple(found)


def _letters(text: str, substitutes: tuple[int, ...] = ()) -> list[str | None]:
    """Return the characters without spaces, None for each that the certificate could not hold."""
    flagged = frozenset(substitutes)
    return [
        None if place in flagged else letter.translate(_WIDE)
        for place, letter in enumerate(text)
        if letter not in _SPACES
    ]


def _agree(ours: list[str | None], theirs: list[str | None]) -> bool:
    return len(ours) == len(theirs) and all(a is None or a == b for a, b in zip(ours, theirs, strict=True))


def _is_born(birth: BirthDate, told: date) -> bool:
    parts = ((birth.year, told.year), (birth.month, told.month), (birth.day, told.day))
    return all(known is None or known == said for known, said in parts)
