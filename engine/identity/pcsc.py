# SPDX-License-Identifier: Apache-2.0
"""A real card in a real reader, over PC/SC: seven functions of the system's own library (libpcsclite).

By ctypes, because the Python package for it (pyscard) has no wheel for Linux and would ask everybody
for a compiler. Only the command line uses it; the server never sees a card.
"""

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from engine.core.errors import Code, EngineError, register

register(
    {
        "no-card-reader": Code(
            422,
            "カードリーダーかカードが見つかりません",
            "There is no reader, or no card in it",
        ),
    }
)

_SCOPE_SYSTEM: Final = 2
_SHARE_EXCLUSIVE: Final = 1  # nobody else speaks to the card between PIN and signature
_PROTOCOL_T0: Final = 1
_PROTOCOL_T1: Final = 2
_RESET_CARD: Final = 1  # what was verified is forgotten
_ANSWER_BYTES: Final = 4096
_LIBRARIES: Final = ("libpcsclite.so.1", "winscard", "PCSC")


class _Protocol(ctypes.Structure):
    _fields_ = (("protocol", ctypes.c_ulong), ("length", ctypes.c_ulong))


class PcscCard:
    """The card in one reader."""

    def __init__(self, library: ctypes.CDLL, handle: ctypes.c_long, protocol: int) -> None:
        self._library = library
        self._handle = handle
        self._protocol = _Protocol(protocol, ctypes.sizeof(_Protocol))

    def transmit(self, apdu: bytes) -> bytes:
        """Return the card's answer: data, then two status bytes; raises `card-unreadable`."""
        answer = ctypes.create_string_buffer(_ANSWER_BYTES)
        size = ctypes.c_ulong(_ANSWER_BYTES)
        status = self._library.SCardTransmit(
            self._handle, ctypes.byref(self._protocol), apdu, ctypes.c_ulong(len(apdu)), None, answer,
            ctypes.byref(size),
        )  # fmt: skip
        if status != 0:
            raise EngineError("card-unreadable", status=f"{status & 0xFFFFFFFF:08X}")
        return answer.raw[: size.value]


@contextmanager
def card_in_reader(name: str | None = None) -> Iterator[PcscCard]:
    """Yield the card in the reader whose name begins so, or in the first one; it is ours until the end.

    Raises:
        EngineError: `no-card-reader`, also where there is no PC/SC on this machine.
    """
    library = _library()
    context = ctypes.c_long()
    _check(library.SCardEstablishContext(ctypes.c_ulong(_SCOPE_SYSTEM), None, None, ctypes.byref(context)))
    try:
        reader = next((one for one in _readers(library, context) if one.startswith(name or "")), None)
        if reader is None:
            raise EngineError("no-card-reader")
        handle, protocol = ctypes.c_long(), ctypes.c_ulong()
        status = library.SCardConnect(
            context, reader.encode(), ctypes.c_ulong(_SHARE_EXCLUSIVE),
            ctypes.c_ulong(_PROTOCOL_T0 | _PROTOCOL_T1), ctypes.byref(handle), ctypes.byref(protocol),
        )  # fmt: skip
        _check(status)
        try:
            yield PcscCard(library, handle, protocol.value)
        finally:
            library.SCardDisconnect(handle, ctypes.c_ulong(_RESET_CARD))
    finally:
        library.SCardReleaseContext(context)


def _readers(library: ctypes.CDLL, context: ctypes.c_long) -> list[str]:
    size = ctypes.c_ulong()
    if library.SCardListReaders(context, None, None, ctypes.byref(size)) != 0:
        return []
    names = ctypes.create_string_buffer(size.value)
    if library.SCardListReaders(context, None, names, ctypes.byref(size)) != 0:
        return []
    return [name.decode("utf-8", "replace") for name in names.raw.split(b"\0") if name]


def _library() -> ctypes.CDLL:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(ctypes.util.find_library(name) or name)
        except OSError:
            continue
    raise EngineError("no-card-reader")


def _check(status: int) -> None:
    if status != 0:
        raise EngineError("no-card-reader", status=f"{status & 0xFFFFFFFF:08X}")
