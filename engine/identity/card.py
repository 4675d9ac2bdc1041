# SPDX-License-Identifier: Apache-2.0
"""Talking to the JPKI application (公的個人認証AP) of a My Number card, in APDUs.

A wrong PIN is never tried again by us: three or five wrong ones lock the card, and only a
municipality can unlock it. Works with any card or reader that has `transmit`.
"""

import hashlib
import re
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from engine.core.errors import EngineError
from engine.identity import cades
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here
from engine.identity.profiles import Use

_SELECT_APPLICATION: Final = bytes.fromhex("00A4040C0AD392F000260100000001")
_SELECT_FILE: Final = bytes.fromhex("00A4020C02")
_VERIFY: Final = bytes.fromhex("00200080")
_SIGN: Final = bytes.fromhex("802A0080")
_SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300D060960864801650304020105000420")
_OK: Final = 0x9000
_BLOCKED: Final = (0x6984, 0x63C0)
_END_OF_FILE: Final = 0x6282
_BLOCK_BYTES: Final = 0xE0
_MOST_BYTES: Final = 0x7FFF


class Card(Protocol):
    """A card in a reader."""

    def transmit(self, apdu: bytes) -> bytes:
        """Return the card's answer: data, then two status bytes."""
        ...


class _Files(NamedTuple):
    certificate: int
    key: int
    pin: int
    pin_form: re.Pattern[str]


_FILES: Final = {
    Use.LOGIN: _Files(0x0A, 0x17, 0x18, re.compile(r"[0-9]{4}")),
    Use.SIGNATURE: _Files(0x01, 0x1A, 0x1B, re.compile(r"[0-9A-Z]{6,16}")),
}


class JpkiCard:
    """The two certificates and keys of the card that is in the reader."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._send(_SELECT_APPLICATION)

    def tries_left(self, use: Use) -> int:
        """Return how many wrong PINs the card still takes; asking costs none."""
        self._select(_FILES[use].pin)
        _, status = self._exchange(_VERIFY)
        if status in _BLOCKED:
            return 0
        if status & 0xFFF0 != 0x63C0:
            raise EngineError("card-unreadable", status=f"{status:04X}")
        return status & 0x0F

    def verify_pin(self, use: Use, pin: str) -> None:
        """Return when the card has taken the PIN.

        Raises:
            EngineError: `invalid-pin`, not sent to the card, no try lost; `wrong-pin` with
                `tries_left`; `card-blocked`.
        """
        files = _FILES[use]
        entered = pin.upper() if use is Use.SIGNATURE else pin
        if not files.pin_form.fullmatch(entered):
            raise EngineError("invalid-pin", use=use.value)
        self._select(files.pin)
        _, status = self._exchange(_VERIFY + bytes([len(entered)]) + entered.encode("ascii"))
        if status in _BLOCKED:
            raise EngineError("card-blocked", use=use.value)
        if status & 0xFFF0 == 0x63C0:
            raise EngineError("wrong-pin", use=use.value, tries_left=status & 0x0F)
        if status != _OK:
            raise EngineError("card-unreadable", status=f"{status:04X}")

    def read_certificate(self, use: Use) -> bytes:
        """Return the certificate in DER; the one for signatures only after its PIN."""
        self._select(_FILES[use].certificate)
        head = self._read(0, 4)
        if len(head) != 4 or head[:2] != b"\x30\x82":  # every certificate has a length of two bytes
            raise EngineError("card-unreadable")
        size = 4 + int.from_bytes(head[2:], "big")
        if size > _MOST_BYTES:
            raise EngineError("card-unreadable")
        content = bytearray(head)
        while len(content) < size:
            part = self._read(len(content), min(_BLOCK_BYTES, size - len(content)))
            if not part:
                raise EngineError("card-unreadable")
            content += part
        return bytes(content)

    def sign(self, use: Use, message: bytes) -> bytes:
        """Return the RSA signature (PKCS #1 v1.5, SHA-256) over the message, after the PIN."""
        return self.sign_digest(use, hashlib.sha256(message).digest())

    def sign_digest(self, use: Use, digest: bytes) -> bytes:
        """Return the signature over a message of which the SHA-256 digest is given, after the PIN."""
        self._select(_FILES[use].key)
        digest_info = _SHA256_DIGEST_INFO + digest
        return self._send(_SIGN + bytes([len(digest_info)]) + digest_info + b"\x00")

    def sign_detached(self, content: bytes, at: datetime) -> bytes:
        """Return the CAdES-BES over the content with the 署名用 key, after its PIN."""
        certificate = self.read_certificate(Use.SIGNATURE)
        attributes = cades.to_be_signed(content, certificate, at)
        return cades.assemble(attributes, self.sign(Use.SIGNATURE, attributes), certificate)

    def _select(self, file: int) -> None:
        self._send(_SELECT_FILE + file.to_bytes(2, "big"))

    def _read(self, offset: int, most: int) -> bytes:
        data, status = self._exchange(bytes([0x00, 0xB0, offset >> 8, offset & 0xFF, most]))
        if status not in (_OK, _END_OF_FILE):
            raise EngineError("card-unreadable", status=f"{status:04X}")
        return data

    def _send(self, apdu: bytes) -> bytes:
        data, status = self._exchange(apdu)
        if status != _OK:
            raise EngineError("card-unreadable", status=f"{status:04X}")
        return data

    def _exchange(self, apdu: bytes) -> tuple[bytes, int]:
        answer = self._card.transmit(apdu)
        if len(answer) < 2:
            raise EngineError("card-unreadable")
        return answer[:-2], int.from_bytes(answer[-2:], "big")
