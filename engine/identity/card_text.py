# SPDX-License-Identifier: Apache-2.0
"""Reading the four basic items from the 券面事項入力補助 application of a My Number card, to fill in forms.

They are not signed by anybody: they save typing and prove nothing. The file beside them, with the
個人番号, is never selected.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from engine.core.errors import EngineError
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.card import Card

_SELECT_APPLICATION: Final = bytes.fromhex("00A4040C0AD3921000310001010408")
_SELECT_PIN: Final = bytes.fromhex("00A4020C020011")
_SELECT_BASIC: Final = bytes.fromhex("00A4020C020002")
_VERIFY: Final = bytes.fromhex("00200080")
_READ: Final = bytes.fromhex("00B0")
_OK: Final = b"\x90\x00"
_END_OF_FILE: Final = b"\x62\x82"
_BLOCKED: Final = (b"\x69\x84", b"\x63\xc0")
_PIN: Final = re.compile(r"[0-9]{4}")
_OUTER: Final = b"\xff\x20"
_NAME, _ADDRESS, _BIRTH, _SEX = b"\xdf\x22", b"\xdf\x23", b"\xdf\x24", b"\xdf\x25"
_BLOCK_BYTES: Final = 0xE0


@dataclass(frozen=True, slots=True)
class BasicItems:
    """What is printed on the card, as the chip has it. `sex`: "1" male, "2" female, others unknown."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    born_on: date = field(repr=False)
    sex: str = field(repr=False)


def read_basic_items(card: Card, pin: str) -> BasicItems:
    """Return the four items, after the four-digit PIN; a wrong one is never tried again by us.

    Raises:
        EngineError: `invalid-pin`, no try lost; `wrong-pin` with `tries_left`; `card-blocked`;
            `card-unreadable`.
    """
    if not _PIN.fullmatch(pin):
        raise EngineError("invalid-pin")
    _send(card, _SELECT_APPLICATION)
    _send(card, _SELECT_PIN)
    answer = card.transmit(_VERIFY + bytes([len(pin)]) + pin.encode("ascii"))[-2:]
    if answer in _BLOCKED:
        raise EngineError("card-blocked")
    if answer[:1] == b"\x63":
        raise EngineError("wrong-pin", tries_left=answer[1] & 0x0F)
    if answer != _OK:
        raise EngineError("card-unreadable")
    _send(card, _SELECT_BASIC)
    return read_items(_whole_file(card))


def read_items(content: bytes) -> BasicItems:
    """Return the items in the file's content; raises `card-unreadable`."""
    items = dict(_elements(_value(content)))
    try:
        birth = items[_BIRTH].decode("ascii")
        return BasicItems(
            name=items[_NAME].decode(),
            address=items[_ADDRESS].decode(),
            born_on=date(int(birth[:4]), int(birth[4:6]), int(birth[6:8])),
            sex=items[_SEX].decode("ascii"),
        )
    except (KeyError, ValueError) as error:
        raise EngineError("card-unreadable") from error


def _whole_file(card: Card) -> bytes:
    content = _read(card, 0, 4)
    if len(content) != 4:
        raise EngineError("card-unreadable")
    size = 3 + content[2] if content[2] < 0x80 else _long(content)
    while len(content) < size:
        part = _read(card, len(content), min(_BLOCK_BYTES, size - len(content)))
        if not part:
            raise EngineError("card-unreadable")
        content += part
    return content


def _long(head: bytes) -> int:
    """Return the size of a file whose length is written in one more byte."""
    if head[2] != 0x81:
        raise EngineError("card-unreadable")
    return 4 + head[3]


def _value(content: bytes) -> bytes:
    elements = _elements(content)
    if len(elements) != 1 or elements[0][0] != _OUTER:
        raise EngineError("card-unreadable")
    return elements[0][1]


def _elements(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return tags of two bytes with their values."""
    found, rest = [], content
    while rest:
        if len(rest) < 3:
            raise EngineError("card-unreadable")
        size, start = rest[2], 3
        if size == 0x81 and len(rest) > 3:
            size, start = rest[3], 4
        if (size >= 0x80 and start == 3) or len(rest) < start + size:
            raise EngineError("card-unreadable")
        found.append((rest[:2], rest[start : start + size]))
        rest = rest[start + size :]
    return found


def _read(card: Card, offset: int, most: int) -> bytes:
    answer = card.transmit(_READ + bytes([offset >> 8, offset & 0xFF, most]))
    if answer[-2:] not in (_OK, _END_OF_FILE):
        raise EngineError("card-unreadable")
    return answer[:-2]


def _send(card: Card, apdu: bytes) -> None:
    if card.transmit(apdu)[-2:] != _OK:
        raise EngineError("card-unreadable")
