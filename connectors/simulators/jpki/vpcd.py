# SPDX-License-Identifier: Apache-2.0
"""The software card in a virtual reader: a PC/SC daemon sees it, and so does every program that uses cards.

The protocol of vpcd (vsmartcard): two bytes of length, then the bytes; one byte alone is a control
(power off, power on, reset, "your ATR?"), anything longer a command. vpcd connects to the card, so that
nothing but the loopback is listened on; it wants its second slot answered too.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from connectors.simulators.jpki.card import SoftwareCard

ATR: Final = bytes.fromhex("3BE000FF8131FE4514")  # the one of a My Number card in a contact reader
_ASK_ATR: Final = 4
_SLOTS: Final = 2
# Where vpcd looks for the card: a directory with this file, for `pcscd --config`.
READER: Final = """FRIENDLYNAME "Todoke rehearsal"
DEVICENAME 127.0.0.1:0x{port:X}
LIBPATH {library}
CHANNELID 0x{port:X}
"""


@asynccontextmanager
async def inserted(card: Callable[[], SoftwareCard], *, port: int) -> AsyncIterator[None]:
    """Hold the card in the reader that looks at this port of the loopback, until the block ends.

    Each slot gets a card of its own; both write their counters into the same file.
    """
    with contextlib.ExitStack() as stack:
        for slot in range(_SLOTS):
            server = await asyncio.start_server(_Slot(card).serve, "127.0.0.1", port + slot)
            stack.callback(server.close)
        yield


class _Slot:
    """One connection of the daemon after the other."""

    def __init__(self, card: Callable[[], SoftwareCard]) -> None:
        self._new_card = card
        self._card = card()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the daemon goes away."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int.from_bytes(await reader.readexactly(2), "big")
                answer = self._answer(await reader.readexactly(length))
                if answer is not None:
                    writer.write(len(answer).to_bytes(2, "big") + answer)
                    await writer.drain()
        writer.close()

    def _answer(self, said: bytes) -> bytes | None:
        if len(said) != 1:
            return self._card.transmit(said)
        if said[0] == _ASK_ATR:
            return ATR
        self._card = self._new_card()  # power and reset: what was verified is forgotten
        return None
