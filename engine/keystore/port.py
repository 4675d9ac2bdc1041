# SPDX-License-Identifier: Apache-2.0
"""What a store of keys does. A key stands in one of three places: in use, coming, or going.

    next ──change──> current ──change──> previous ──forget──> gone

Every process opens with all three and makes new things with the one in use, so a change needs no moment
at which all processes restart together. Key pairs are handed out as the `EllipticCurvePrivateKey` of the
library `cryptography`: it signs and agrees, and need not be able to show itself.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from engine.core.errors import Code, register

SECRETS: Final = ("case", "references", "mailbox", "session")
PAIRS: Final = ("signing", "decryption")
APP_PAIRS: Final = ("app-signing", "app-decryption")  # only where the app is offered
SECRET_BYTES: Final = 32

register(
    {
        "unusable-keys": Code(500, "鍵を利用できません", "The operator's keys cannot be used"),
        "unavailable-keys": Code(
            503,
            "鍵を保管する装置を利用できません。しばらくしてからやり直してください",
            "The device that holds the keys is not available; try again shortly",
        ),
        "no-such-own-key": Code(404, "その鍵はありません", "There is no such key here"),
        "key-change-out-of-order": Code(
            409, "鍵の交換の順序が違います", "That is not the next step of changing this key"
        ),
        "unchangeable-key": Code(422, "この鍵は交換できません", "This key cannot be changed"),
        "key-still-needed": Code(
            409, "この鍵で封じたものが残っています", "Something can still be opened with this key alone"
        ),
    }
)


# What goes wrong with a key of ours is never the fault of the message that needed it: it waits.
TROUBLE: Final = frozenset({"unavailable-keys", "unusable-keys"})


class Place(Enum):
    """Where in its life a key stands."""

    NEXT = "next"  # opens already; known to every process before it is used
    CURRENT = "current"
    PREVIOUS = "previous"  # opens still, until what it made is over or made anew


@dataclass(frozen=True, slots=True)
class Held:
    """One key that a store holds: since when, as far as the store can say."""

    name: str
    place: Place
    made_at: datetime | None
    where: str


class KeyStore(Protocol):
    """Keeps keys by name and place. Every door raises `unusable-keys`; a token also `unavailable-keys`."""

    @property
    def wrapping(self) -> tuple[str, ...]:
        """Names of keys that only wrap other keys of this store; changed like all others."""
        ...

    def secret(self, name: str, place: Place = Place.CURRENT) -> bytes | None:
        """Return the 32 bytes, None where there is no such key."""
        ...

    def pair(self, name: str, place: Place = Place.CURRENT) -> ec.EllipticCurvePrivateKey | None:
        """Return the P-256 key, None where there is no such key."""
        ...

    def make(self, name: str, place: Place = Place.CURRENT) -> None:
        """Make a key where there is none; processes that race get the same one."""
        ...

    def advance(self, name: str) -> None:
        """Let the next key be the one in use, and that one the previous; finishes what a crash broke off.

        Raises:
            EngineError: `key-change-out-of-order`: there is no next key, or still a previous one.
        """
        ...

    def forget(self, name: str) -> None:
        """Destroy the previous key; one that is not there is no error."""
        ...

    def rewrap(self, name: str) -> int:
        """Wrap this store's own files anew with a wrapping key; return how many were."""
        ...

    def held(self) -> list[Held]:
        """Return every key there is."""
        ...
