# SPDX-License-Identifier: Apache-2.0
"""The assisted counter (窓口での補助): staff acts for a citizen who sits there without a usable card.

Who the citizen is was seen in a document, by a person. Which document it was is kept, and a keyed hash
of name and birth date, so that the facts and every later visit must be about the same person; nothing
that stands in the document is.
"""

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.core.errors import EngineError
from engine.core.text import Text
from engine.identity import codes as _codes  # noqa: F401 - registers the codes raised here

COUNTER: Final = "counter"  # the role of staff who assists
LASTS: Final = timedelta(minutes=30)  # as long as somebody sits there for one errand
CODE_LASTS: Final = timedelta(days=365)
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: nothing that is misread on paper
_READ_AS: Final = str.maketrans("OIL", "011")
_HANDLE_CHARS: Final = 8
_SECRET_CHARS: Final = 20  # 100 bits: nobody guesses it, also not from its hash
_GROUP: Final = 4


class Errand(StrEnum):
    """What a citizen has come for; one visit, one errand (用件)."""

    OPEN = "open"  # tell a life event
    CONTINUE = "continue"  # go on with a case, whose code they have brought


class Basis(StrEnum):
    """By which document somebody was identified (本人確認). No number of it is taken down."""

    CARD_FACE = "my-number-card-face"
    DRIVING_LICENCE = "driving-licence"
    PASSPORT = "passport"
    RESIDENCE_CARD = "residence-card"
    DISABILITY_HANDBOOK = "disability-handbook"
    TWO_DOCUMENTS = "two-documents"


BASES: Final = {
    Basis.CARD_FACE: Text(ja="マイナンバーカード（顔写真の確認）", en="My Number Card (by the photograph)"),
    Basis.DRIVING_LICENCE: Text(ja="運転免許証", en="driving licence"),
    Basis.PASSPORT: Text(ja="旅券", en="passport"),
    Basis.RESIDENCE_CARD: Text(ja="在留カード・特別永住者証明書", en="residence card"),
    Basis.DISABILITY_HANDBOOK: Text(ja="障害者手帳", en="disability handbook"),
    Basis.TWO_DOCUMENTS: Text(ja="顔写真のない本人確認書類2点", en="two documents without a photograph"),
}


@dataclass(frozen=True, slots=True)
class Assistance:
    """One visit to a counter: one member of staff, one citizen, one errand, one case.

    `mark` stands for name and birth date as they were read; `basis` is the document.
    """

    id: UUID
    staff: UUID
    citizen: UUID
    errand: Errand
    basis: Basis
    mark: str
    case_id: UUID
    began_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Say whether nothing can be done or seen in it any more."""
        return self.ended_at is not None or now >= self.expires_at


@dataclass(frozen=True, slots=True)
class FollowCode:
    """A code on paper with which a citizen follows one case. `handle` names it and opens nothing."""

    handle: str
    secret_hash: bytes = field(repr=False)
    person: UUID
    case_id: UUID
    mark: str
    issued_by: UUID
    issued_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Say whether it opens nothing any more."""
        return self.ended_at is not None or now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Written:
    """A code as it is written on paper, once."""

    text: str = field(repr=False)
    handle: str
    secret_hash: bytes = field(repr=False)


def new_code() -> Written:
    """Return a code that nobody can guess, in groups of four."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_HANDLE_CHARS + _SECRET_CHARS))
    text = "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))
    return Written(text, letters[:_HANDLE_CHARS], _hashed(letters))


def handle_of(text: str) -> str:
    """Return which code somebody read from paper, however they typed it; raises `no-such-code`."""
    return _letters(text)[:_HANDLE_CHARS]


def is_right(code: FollowCode, text: str) -> bool:
    """Say whether this is the code."""
    return hmac.compare_digest(code.secret_hash, _hashed(_letters(text)))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).upper().translate(_READ_AS)
    letters = "".join(one for one in plain if one not in "-‐−ー \n")
    if len(letters) != _HANDLE_CHARS + _SECRET_CHARS or set(letters) - set(_ALPHABET):
        raise EngineError("no-such-code", pointer="/code")
    return letters


def _hashed(letters: str) -> bytes:
    return hashlib.sha256(letters.encode()).digest()
