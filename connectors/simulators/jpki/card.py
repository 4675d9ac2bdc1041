# SPDX-License-Identifier: Apache-2.0
"""A My Number card as software: it answers the APDUs of the JPKI application byte for byte.

It holds the two keys of a synthetic person. Like a real card it counts wrong PINs, also over
restarts, blocks after three or five, and never gives out the 署名用 certificate without password.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from pydantic import BaseModel, ConfigDict, Field

JPKI_APPLICATION: Final = bytes.fromhex("D392F000260100000001")
TEXT_APPLICATION: Final = bytes.fromhex("D3921000310001010408")  # 券面事項入力補助AP
TRIES: Final = {0x18: 3, 0x1B: 5}
TEXT_TRIES: Final = 3
_TEXT_PIN, _BASIC_ITEMS = 0x11, 0x02
_LOGIN_PIN, _SIGNATURE_PIN, _LOGIN_KEY, _SIGNATURE_KEY = 0x18, 0x1B, 0x17, 0x1A
_PIN_OF: Final = {_LOGIN_KEY: _LOGIN_PIN, _SIGNATURE_KEY: _SIGNATURE_PIN, 0x01: _SIGNATURE_PIN}
_TOKEN_INFO: Final = b"JPKIAPICCTOKEN2".ljust(32) + bytes(128)
_FLAGS: Final = bytes.fromhex("8F8F00")

OK: Final = bytes.fromhex("9000")
END_OF_FILE: Final = bytes.fromhex("6282")
BLOCKED: Final = bytes.fromhex("6984")
NOT_ALLOWED: Final = bytes.fromhex("6982")
NO_SUCH_FILE: Final = bytes.fromhex("6A82")
WRONG_PARAMETERS: Final = bytes.fromhex("6A86")
WRONG_LENGTH: Final = bytes.fromhex("6700")
WRONG_OFFSET: Final = bytes.fromhex("6B00")
WRONG_FILE: Final = bytes.fromhex("6981")
UNKNOWN_COMMAND: Final = bytes.fromhex("6D00")


class Chip(BaseModel):
    """What is stored on a card, as one JSON file: DER in base64, PINs and the tries left."""

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, ser_json_bytes="base64", val_json_bytes="base64"
    )

    simulation: str = "JPKI-TEST: the card of a synthetic person"
    login_key: Annotated[bytes, Field(repr=False)]
    login_certificate: bytes
    login_root: bytes
    login_pin: Annotated[str, Field(repr=False)]
    signature_key: Annotated[bytes, Field(repr=False)]
    signature_certificate: bytes
    signature_root: bytes
    signature_pin: Annotated[str, Field(repr=False)]
    tries: dict[int, int] = dict(TRIES)
    # What the chip has of its face, beside the 個人番号, for which this card has no file.
    basic_items: Annotated[bytes, Field(repr=False)] = b""
    text_tries: int = TEXT_TRIES


class SoftwareCard:
    """One card in its reader. `file` is written whenever a counter moves."""

    def __init__(self, chip: Chip, file: Path | None = None) -> None:
        self.chip = chip
        self._file = file
        self._application = False
        self._text: _TextApplication | None = None
        self._selected: int | None = None
        self._verified: set[int] = set()
        self._files = {
            0x0A: chip.login_certificate,
            0x0B: chip.login_root,
            0x01: chip.signature_certificate,
            0x02: chip.signature_root,
            0x06: _TOKEN_INFO,
            0x08: _FLAGS,
        }

    @classmethod
    def load(cls, file: Path) -> "SoftwareCard":
        """Return the card that lies in the file."""
        return cls(Chip.model_validate_json(file.read_bytes()), file)

    def save(self, file: Path) -> None:
        """Lay the card into the file, readable by its owner only; it stays there from now on."""
        self._file = file
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(self.chip.model_dump_json(indent=1))
        draft.replace(file)

    @property
    def login_certificate(self) -> x509.Certificate:
        """The 利用者証明用 certificate."""
        return x509.load_der_x509_certificate(self.chip.login_certificate)

    @property
    def signature_certificate(self) -> x509.Certificate:
        """The 署名用 certificate."""
        return x509.load_der_x509_certificate(self.chip.signature_certificate)

    def transmit(self, apdu: bytes) -> bytes:
        """Return the card's answer to one command: data, then the two status bytes."""
        if len(apdu) < 4:
            return WRONG_LENGTH
        head, parsed = apdu[:4], _parse(apdu[4:])
        if parsed is None:
            return WRONG_LENGTH
        data, most = parsed
        if head[:3] != b"\x00\xa4\x04" and self._text is not None:
            return self._text.transmit(head, data, most)
        match head[0], head[1]:
            case 0x00, 0xA4:
                return self._select(head[2], data)
            case ((0x00 | 0x80), (0xB0 | 0x20 | 0x2A)) if not self._application:
                return WRONG_FILE
            case 0x00, 0xB0:
                return self._read(head[2] << 8 | head[3], most)
            case 0x00, 0x20:
                return self._verify(head[3], data)
            case 0x80, 0x2A:
                return self._sign(head[2], head[3], data)
            case _:
                return UNKNOWN_COMMAND

    def _select(self, how: int, data: bytes) -> bytes:
        if how == 0x04:
            self._application = data == JPKI_APPLICATION
            self._text = _TextApplication(self) if data == TEXT_APPLICATION else None
            self._selected = None
            self._verified.clear()
            return OK if self._application or self._text else NO_SUCH_FILE
        if how != 0x02 or len(data) != 2 or not self._application:
            return WRONG_PARAMETERS
        file = int.from_bytes(data, "big")
        if file not in self._files and file not in (*TRIES, *_PIN_OF):
            return NO_SUCH_FILE
        self._selected = file
        return OK

    def _read(self, offset: int, most: int) -> bytes:
        if self._selected not in self._files:
            return WRONG_FILE
        if self._selected in _PIN_OF and _PIN_OF[self._selected] not in self._verified:
            return NOT_ALLOWED
        content = self._files[self._selected]
        if offset >= len(content):
            return WRONG_OFFSET
        part = content[offset : offset + most]
        return part + (OK if len(part) == most else END_OF_FILE)

    def _verify(self, reference: int, pin: bytes) -> bytes:
        file = self._selected
        if file not in TRIES:
            return WRONG_FILE
        if reference != 0x80:
            return WRONG_PARAMETERS
        left = self.chip.tries[file]
        if not pin:
            return _tries_left(left)
        if left == 0:
            return BLOCKED
        right = self.chip.login_pin if file == _LOGIN_PIN else self.chip.signature_pin
        if pin == right.encode():
            self._count(file, TRIES[file])
            self._verified.add(file)
            return OK
        self._count(file, left - 1)
        self._verified.discard(file)
        return _tries_left(left - 1)

    def count_text(self, left: int) -> None:
        """Note how many tries the PIN of the 券面事項入力補助 application has left."""
        self.chip.text_tries = left
        if self._file is not None:
            self.save(self._file)

    def _count(self, file: int, left: int) -> None:
        if self.chip.tries[file] != left:
            self.chip.tries[file] = left
            if self._file is not None:
                self.save(self._file)

    def _sign(self, scheme: int, reference: int, data: bytes) -> bytes:
        file = self._selected if reference == 0x80 else reference & 0x1F
        if file not in (_LOGIN_KEY, _SIGNATURE_KEY) or not reference & 0x80:
            return WRONG_FILE
        if _PIN_OF[file] not in self._verified:
            return NOT_ALLOWED
        key = _key(self.chip.login_key if file == _LOGIN_KEY else self.chip.signature_key)
        match scheme:
            case 0x00 if 1 <= len(data) <= 245:
                return key.sign(data, padding.PKCS1v15(), NoDigestInfo()) + OK
            case 0x02 if len(data) == 32:
                return key.sign(data, padding.PKCS1v15(), Prehashed(hashes.SHA256())) + OK
            case 0x00 | 0x02:
                return WRONG_LENGTH
            case _:
                return WRONG_PARAMETERS


class _TextApplication:
    """The application that fills in forms: the four basic items after a PIN, and nothing else."""

    def __init__(self, card: SoftwareCard) -> None:
        self._card = card
        self._selected: int | None = None
        self._is_open = False

    def transmit(self, head: bytes, data: bytes, most: int) -> bytes:
        """Return the answer to one command within this application."""
        match head[0], head[1]:
            case 0x00, 0xA4 if head[2] == 0x02 and len(data) == 2:
                file = int.from_bytes(data, "big")
                if file not in (_TEXT_PIN, _BASIC_ITEMS):
                    return NO_SUCH_FILE
                self._selected = file
                return OK
            case 0x00, 0x20 if self._selected == _TEXT_PIN:
                return self._verify(data)
            case 0x00, 0xB0 if self._selected == _BASIC_ITEMS:
                return self._read(head[2] << 8 | head[3], most)
            case 0x00, (0xA4 | 0x20 | 0xB0):
                return WRONG_FILE
            case _:
                return UNKNOWN_COMMAND

    def _verify(self, pin: bytes) -> bytes:
        left = self._card.chip.text_tries
        if not pin:
            return _tries_left(left)
        if left == 0:
            return BLOCKED
        if pin == self._card.chip.login_pin.encode():  # people are told to use the same four digits
            self._card.count_text(TEXT_TRIES)
            self._is_open = True
            return OK
        self._card.count_text(left - 1)
        self._is_open = False
        return _tries_left(left - 1)

    def _read(self, offset: int, most: int) -> bytes:
        if not self._is_open:
            return NOT_ALLOWED
        content = self._card.chip.basic_items
        if offset >= len(content):
            return WRONG_OFFSET
        part = content[offset : offset + most]
        return part + (OK if len(part) == most else END_OF_FILE)


def basic_items(name: str, address: str, born_on: date, sex: str) -> bytes:
    """Return the file of the four basic items, with the table of their places at its head."""
    parts = [name.encode(), address.encode(), f"{born_on:%Y%m%d}".encode(), sex.encode()]
    elements = [bytes([0xDF, 0x22 + n]) + _length(part) + part for n, part in enumerate(parts)]
    inside = sum(map(len, elements)) + 11
    place, table = 3 + len(_length(bytes(inside))) - 1 + 11, b""
    for element in elements:
        table += place.to_bytes(2, "big")
        place += len(element)
    whole = b"\xdf\x21\x08" + table + b"".join(elements)
    return b"\xff\x20" + _length(whole) + whole


def _length(content: bytes) -> bytes:
    return bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])


def private_der(key: rsa.RSAPrivateKey) -> bytes:
    """Return the key as a chip stores it."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _key(der: bytes) -> rsa.RSAPrivateKey:
    key = load_der_private_key(der, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the card's key is not an RSA key")
    return key


def _tries_left(left: int) -> bytes:
    return bytes([0x63, 0xC0 | left])


def _parse(body: bytes) -> tuple[bytes, int] | None:
    """Return data and expected length of a short APDU's body, None when the lengths do not fit."""
    if len(body) <= 1:
        return b"", (body[0] or 256) if body else 0
    length = body[0]
    data, rest = body[1 : 1 + length], body[1 + length :]
    if len(data) != length or len(rest) > 1:
        return None
    return data, (rest[0] or 256) if rest else 0
