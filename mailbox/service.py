# SPDX-License-Identifier: Apache-2.0
"""The box as its owner uses it: look through it, open a letter, take the document out.

There is no other door. A letter of somebody else is a letter that does not exist.
"""

import base64
import binascii
import hashlib
import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.core.errors import Code, EngineError, register
from engine.ports import Clock
from mailbox.letters import Heading, Letter, LetterEvent, LetterRow, LetterStore, Notice
from mailbox.sealing import Keyring, PersonKeyring
from mailbox.vault import Vault

MAX_PAGE: Final = 100

log = logging.getLogger(__name__)

register(
    {
        "malformed-letter-cursor": Code(
            400, "続きの位置を表す値が正しくありません", "The cursor is not one that was given out"
        ),
        "invalid-letter-limit": Code(
            422, "件数は1から100までで指定してください", "The limit must be between 1 and 100"
        ),
        "no-such-notice": Code(404, "お知らせが見つかりません", "There is no such notice"),
        "unavailable-letter": Code(
            503,
            "文書を取り出せません。係員が確認します",
            "The document cannot be taken out; an operator has been told",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """Some letters, newest first; `after` leads to the next ones, None at the end."""

    letters: tuple[Letter, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """A document as it was issued, byte for byte. Its media type is the sender's claim."""

    letter: UUID
    media_type: str
    content: bytes = field(repr=False)


class Mailbox:
    """The electronic PO box (電子私書箱) of every person, one person at a time."""

    def __init__(self, *, store: LetterStore, vault: Vault, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._vault = vault
        self._keyring = keyring
        self._clock = clock

    async def letters(
        self, owner: UUID, *, after: str | None = None, limit: int = 20, case_id: UUID | None = None
    ) -> Page:
        """Return the owner's letters, newest first; looking through the list opens nothing.

        Raises:
            EngineError: `malformed-letter-cursor`, `invalid-letter-limit`.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise EngineError("invalid-letter-limit", pointer="/limit")
        before = _place(after) if after is not None else None
        rows = await self._store.page(owner, before=before, limit=limit + 1, case_id=case_id)
        shown = rows[:limit]
        keys = await self._keys(owner) if shown else None
        if keys is None:
            return Page((), None)
        last = _cursor(shown[-1]) if len(rows) > limit else None
        return Page(tuple(_letter(row, keys) for row in shown), last)

    async def open(self, owner: UUID, letter: UUID) -> Letter:
        """Return what the letter is, and note that it was opened; raises `no-such-letter`."""
        row = await self._store.mark(owner, letter, LetterEvent.OPENED, self._clock.now())
        keys = await self._keys(owner)
        if row is None or keys is None:
            raise EngineError("no-such-letter")
        return _letter(row, keys)

    async def content(self, owner: UUID, letter: UUID) -> Content:
        """Return the document, and note that it was taken out.

        Raises:
            EngineError: `no-such-letter`; `unavailable-letter` when the vault lost it;
                `unavailable-vault`.
        """
        row = await self._store.letter(owner, letter)
        keys = await self._keys(owner)
        if row is None or keys is None:
            raise EngineError("no-such-letter")
        content = await self._read(row, keys)
        await self._store.mark(owner, letter, LetterEvent.DOWNLOADED, self._clock.now())
        return Content(letter, _letter(row, keys).heading.media_type, content)

    async def history(self, owner: UUID, letter: UUID) -> list[tuple[LetterEvent, datetime]]:
        """Return what happened to the letter and when; raises `no-such-letter`."""
        if await self._store.letter(owner, letter) is None:
            raise EngineError("no-such-letter")
        return await self._store.events(letter)

    async def notices(
        self, owner: UUID, *, after: str | None = None, limit: int = 20
    ) -> tuple[list[Notice], str | None]:
        """Return the owner's notices, newest first, and where the next ones begin.

        Raises:
            EngineError: `malformed-letter-cursor`.
        """
        before = _place(after) if after is not None else None
        found = await self._store.notices(owner, before=before, limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], _written(last.at, last.id) if last else None

    async def read_notice(self, owner: UUID, notice: UUID) -> None:
        """Note that the owner has read a notice; raises `no-such-notice`."""
        if not await self._store.read_notice(owner, notice, self._clock.now()):
            raise EngineError("no-such-notice")

    async def delete(self, owner: UUID, letter: UUID) -> None:
        """Destroy one letter for good: it is the owner's; raises `no-such-letter`."""
        if not await self._store.delete(owner, letter):
            raise EngineError("no-such-letter")
        log.info("letter.deleted", extra={"letter": str(letter)})

    async def erase(self, owner: UUID) -> int:
        """Destroy the owner's box for good; return how many letters were in it."""
        count = await self._store.erase(owner)
        log.info("mailbox.erased", extra={"person": str(owner), "letters": count})
        return count

    async def _keys(self, owner: UUID) -> PersonKeyring | None:
        key = await self._store.person_key(owner)
        return self._keyring.person(owner, key.key_wrapped) if key else None

    async def _read(self, row: LetterRow, keys: PersonKeyring) -> bytes:
        try:
            content = await self._vault.get(row.blob, keys.unwrap(row.key_wrapped, row.id))
        except EngineError as error:
            if error.code == "unavailable-vault":
                raise
            log.exception("letter.unreadable", extra={"letter": str(row.id), "code": error.code})
            raise EngineError("unavailable-letter", letter=row.id) from error
        if hashlib.sha256(content).hexdigest() != row.sha256:
            log.error("letter.unreadable", extra={"letter": str(row.id), "code": "wrong-document"})
            raise EngineError("unavailable-letter", letter=row.id)
        return content


def _letter(row: LetterRow, keys: PersonKeyring) -> Letter:
    return Letter(
        id=row.id,
        case_id=row.case_id,
        heading=Heading.model_validate_json(keys.open(row.heading_sealed, row.id)),
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        received_at=row.received_at,
        opened_at=row.opened_at,
        downloaded_at=row.downloaded_at,
    )


def _cursor(row: LetterRow) -> str:
    return _written(row.received_at, row.id)


def _written(at: datetime, name: UUID) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {name}".encode()).decode()


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, letter = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().split(" ")
        instant, identity = datetime.fromisoformat(at), UUID(letter)
    except (binascii.Error, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise EngineError("malformed-letter-cursor", pointer="/after") from error
    if instant.tzinfo is None:
        raise EngineError("malformed-letter-cursor", pointer="/after")
    return instant, identity
