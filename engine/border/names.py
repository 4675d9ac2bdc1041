# SPDX-License-Identifier: Apache-2.0
"""How things are named: the same thing always the same, and nothing an outsider could join or guess.

References and order ids leave the engine. They are keyed hashes: without K_ref nobody can compute
one, or see that two belong to one filing.
"""

import base64
import hmac
import re
import unicodedata
from datetime import date
from typing import Final, Literal, get_args
from uuid import UUID

OrderKind = Literal["submit", "amend", "withdraw", "answer"]

REFERENCE_PATTERN: Final = r"^r_[0-9a-hjkmnp-tv-z]{26}$"
ORDER_ID_PATTERN: Final = r"^o_[0-9a-hjkmnp-tv-z]{26}$"

_KEY_BYTES: Final = 32
_NAME_BYTES: Final = 16
_CROCKFORD: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")
_NUMBER: Final = re.compile(r"[0-9]{13}")
_REFERENCE: Final = re.compile(REFERENCE_PATTERN[1:-1])
_KINDS: Final = frozenset(get_args(OrderKind))


def reference(key: bytes, *, organisation: str, filing_id: UUID, route: int) -> str:
    """Return the reference (符号) under which one organisation knows one filing.

    `route` counts the re-routings of the filing, from 0: each route has its own reference.
    """
    if not _NUMBER.fullmatch(organisation) or route < 0:
        raise ValueError("an organisation has 13 digits, a route counts from 0")
    return "r_" + _keyed(key, "reference", organisation, str(filing_id), str(route))


def order_id(key: bytes, *, reference: str, kind: OrderKind, attempt: int, revision: int) -> str:
    """Return the id of an order: the same content has the same id for ever, however often it is sent.

    An attempt or revision begins only with different content; every answer is a revision of its own.
    """
    if not _REFERENCE.fullmatch(reference) or kind not in _KINDS or attempt < 1 or revision < 0:
        raise ValueError("no order has such a reference, kind, attempt or revision")
    return "o_" + _keyed(key, "order", reference, kind, str(attempt), str(revision))


def mark(key: bytes, *, event: str, about: str) -> str:
    """Return what is kept of what a case is about: equal words, equal mark, and no way back."""
    return _keyed(key, "about", event, about)


def person_mark(key: bytes, *, family: str, given: str, birth_date: date) -> str:
    """Return what is kept of who has a seat in a case: equal for the same person, and no way back."""
    return _keyed(key, "person", plainly(family + given), birth_date.isoformat())


def plainly(name: str) -> str:
    """Return a name without what differs by how it was typed: spaces and widths."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def _keyed(key: bytes, *parts: str) -> str:
    """Return 26 characters for the parts; each has its length before it, so no two lists read alike."""
    if len(key) != _KEY_BYTES:
        raise ValueError("references.key must have 32 bytes")
    text = b"".join(len(part).to_bytes(4, "big") + part for part in map(str.encode, parts))
    digest = hmac.digest(key, text, "sha256")[:_NAME_BYTES]
    return base64.b32encode(digest).rstrip(b"=").translate(_CROCKFORD).decode()
