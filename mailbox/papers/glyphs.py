# SPDX-License-Identifier: Apache-2.0
"""Which characters the vendored fonts can draw.

A renderer that lacks a character leaves a gap or an empty box without a word, and drops a
variation selector silently; on a certificate that is a wrong name. So every character, and every
base + selector pair, is looked up in the fonts' own tables (OpenType `cmap`, formats 4, 12, 14)
before anything is drawn.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

GETA = "〓"  # what Japanese printers set for a character they do not have


class Glyphs:
    """The characters that every one of some fonts can draw."""

    def __init__(self, characters: frozenset[int], variants: frozenset[tuple[int, int]]) -> None:
        self._characters = characters
        self._variants = variants

    @classmethod
    def of(cls, fonts: Iterable[Path]) -> Self:
        """Read the tables of the fonts; a character counts when all of them have it."""
        tables = [_read(path.read_bytes()) for path in fonts]
        return cls(
            frozenset(set.intersection(*(characters for characters, _ in tables))),
            frozenset(set.intersection(*(variants for _, variants in tables))),
        )

    def can_draw(self, text: str) -> bool:
        """Say whether each character of the text would appear as it was meant."""
        return all(drawn for _, drawn in self._pieces(text))

    def with_geta(self, text: str) -> str:
        """Return the text with 〓 in the place of whatever cannot be drawn."""
        return "".join(piece if drawn else GETA for piece, drawn in self._pieces(text))

    def _pieces(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield characters, each with its variation selector, and whether they can be drawn."""
        at = 0
        while at < len(text):
            base = ord(text[at])
            selector = ord(text[at + 1]) if at + 1 < len(text) else 0
            if _is_selector(selector):
                yield text[at : at + 2], (base, selector) in self._variants
                at += 2
            else:
                yield text[at], base in self._characters and base >= 0x20 and base != 0x7F
                at += 1


def _is_selector(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def _read(font: bytes) -> tuple[set[int], set[tuple[int, int]]]:
    characters: set[int] = set()
    variants: set[tuple[int, int]] = set()
    cmap = _table(font, b"cmap")
    (count,) = struct.unpack_from(">2xH", font, cmap)
    for index in range(count):
        (offset,) = struct.unpack_from(">4xI", font, cmap + 4 + 8 * index)
        start = cmap + offset
        (form,) = struct.unpack_from(">H", font, start)
        if form == 4:
            characters |= _format_4(font, start)
        elif form == 12:
            characters |= _format_12(font, start)
        elif form == 14:
            variants |= _format_14(font, start)
    return characters, variants


def _table(font: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">4xH", font)
    for index in range(count):
        name, offset = struct.unpack_from(">4s4xI", font, 12 + 16 * index)
        if name == tag:
            return int(offset)
    raise ValueError("the font has no cmap table")


def _format_4(font: bytes, start: int) -> set[int]:
    (double,) = struct.unpack_from(">6xH", font, start)
    number = double // 2
    ends_at = start + 14
    starts_at = ends_at + double + 2
    ends = struct.unpack_from(f">{number}H", font, ends_at)
    starts = struct.unpack_from(f">{number}H", font, starts_at)
    deltas = struct.unpack_from(f">{number}H", font, starts_at + double)
    ranges_at = starts_at + 2 * double
    ranges = struct.unpack_from(f">{number}H", font, ranges_at)
    found = set()
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if ranges[index]:
                where = ranges_at + 2 * index + ranges[index] + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", font, where)
                if not glyph:
                    continue
            if (glyph + deltas[index]) & 0xFFFF:
                found.add(code)
    return found


def _format_12(font: bytes, start: int) -> set[int]:
    (groups,) = struct.unpack_from(">12xI", font, start)
    found: set[int] = set()
    for index in range(groups):
        first, last, glyph = struct.unpack_from(">III", font, start + 16 + 12 * index)
        found.update(range(first + (glyph == 0), last + 1))
    return found


def _format_14(font: bytes, start: int) -> set[tuple[int, int]]:
    (records,) = struct.unpack_from(">6xI", font, start)
    found: set[tuple[int, int]] = set()
    for index in range(records):
        at = start + 10 + 11 * index
        selector = int.from_bytes(font[at : at + 3], "big")
        default, other = struct.unpack_from(">II", font, at + 3)
        if default:
            found |= {(base, selector) for base in _default_bases(font, start + default)}
        if other:
            found |= {(base, selector) for base in _other_bases(font, start + other)}
    return found


def _default_bases(font: bytes, at: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">I", font, at)
    for index in range(count):
        entry = at + 4 + 4 * index
        first = int.from_bytes(font[entry : entry + 3], "big")
        yield from range(first, first + font[entry + 3] + 1)


def _other_bases(font: bytes, at: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">I", font, at)
    for index in range(count):
        entry = at + 4 + 5 * index
        yield int.from_bytes(font[entry : entry + 3], "big")
