# SPDX-License-Identifier: Apache-2.0
"""Documents too large for a reply: the organisation asks for a ticket, uploads, names the ticket.

The ticket fixes size and hash before the first byte comes, so an upload that broke off is simply
repeated, and one that was finished twice is one document.
"""

import asyncio
import hashlib
import logging
import re
import secrets
from collections.abc import AsyncIterable
from datetime import timedelta
from typing import Final

from engine.core.errors import Code, EngineError, Problem, register
from engine.ports import Clock
from mailbox.intake import DocumentIntake, StagedDocument
from mailbox.letters import LetterStore, Ticket
from mailbox.vault import MAX_DOCUMENT_BYTES

UPLOAD_TIME: Final = timedelta(hours=24)
# A reply may be delayed for weeks by an outage on either side; its finished uploads must still be there.
KEPT_FOR: Final = timedelta(days=90)
# 100 × 25 MiB is what one organisation can make us hold without a reply in sight.
MAX_WAITING: Final = 100
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger(__name__)

register(
    {
        "no-such-ticket": Code(404, "アップロード券が見つかりません", "There is no such upload ticket"),
        "already-expired-ticket": Code(
            409, "アップロード券の期限が切れています", "The upload ticket has expired; ask for a new one"
        ),
        "too-many-tickets": Code(
            429,
            "未使用のアップロード券が多すぎます",
            "Too many upload tickets are waiting; finish some first",
        ),
        "invalid-upload": Code(
            422, "アップロードの申込みに誤りがあります", "The upload was announced wrongly"
        ),
        "invalid-upload-size": Code(
            422,
            "アップロードされた文書の大きさが申込みと違います",
            "The uploaded document has not the announced size",
        ),
        "invalid-upload-hash": Code(
            422,
            "アップロードされた文書の内容が申込みと違います",
            "The uploaded document has not the announced SHA-256",
        ),
        "unfinished-upload": Code(
            409, "文書がまだアップロードされていません", "The document has not been uploaded yet"
        ),
    }
)


class Uploads:
    """Opens tickets, receives documents, hands them on."""

    def __init__(self, store: LetterStore, intake: DocumentIntake, clock: Clock) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock

    async def open_ticket(self, organisation: str, *, size_bytes: int, sha256: str) -> Ticket:
        """Return a ticket for exactly this document.

        Raises:
            EngineError: `document-too-large`, `invalid-upload`, `too-many-tickets`.
        """
        if size_bytes > MAX_DOCUMENT_BYTES:
            raise EngineError("document-too-large", pointer="/sizeBytes", size_bytes=size_bytes)
        wrong = [
            Problem(pointer, "invalid-upload")
            for pointer, is_right in (("/sizeBytes", size_bytes >= 1), ("/sha256", _SHA256.fullmatch(sha256)))
            if not is_right
        ]
        if wrong:
            raise EngineError("invalid-upload", problems=tuple(wrong))
        now = self._clock.now()
        if await self._store.waiting_tickets(organisation, now) >= MAX_WAITING:
            raise EngineError("too-many-tickets", limit=MAX_WAITING)
        ticket = Ticket(
            id="t_" + secrets.token_hex(16),
            organisation=organisation,
            size_bytes=size_bytes,
            sha256=sha256,
            opened_at=now,
            expires_at=now + UPLOAD_TIME,
        )
        await self._store.add_ticket(ticket)
        return ticket

    async def receive(self, ticket: str, organisation: str, content: AsyncIterable[bytes]) -> None:
        """Return when the document is durable. A repetition of a finished upload changes nothing.

        Raises:
            EngineError: `no-such-ticket` (or another's), `already-expired-ticket`,
                `invalid-upload-size`, `invalid-upload-hash`; the ticket stays good for a new attempt.
        """
        found = await self._found(ticket, organisation)
        if found.blob is not None:
            return
        if found.expires_at <= self._clock.now():
            raise EngineError("already-expired-ticket")
        staged = await self._intake.stage(await _checked(found, content))
        if await self._store.fill_ticket(ticket, blob=staged.blob, key_wrapped=staged.key_wrapped):
            log.info("upload.received", extra={"ticket": ticket, "organisation": organisation})
        else:
            await self._intake.discard(staged)

    async def redeem(self, ticket: str, organisation: str) -> StagedDocument:
        """Return the uploaded document, the same one each time.

        A finished upload can be redeemed after the ticket has expired: the reply may have waited.

        Raises:
            EngineError: `no-such-ticket` (or another's), `unfinished-upload`, `already-expired-ticket`.
        """
        found = await self._found(ticket, organisation)
        now = self._clock.now()
        if found.blob is None or found.key_wrapped is None:
            raise EngineError("already-expired-ticket" if found.expires_at <= now else "unfinished-upload")
        await self._store.redeem_ticket(ticket, now)
        return StagedDocument(found.blob, found.key_wrapped, found.sha256, found.size_bytes)

    async def forget_old(self) -> int:
        """Drop tickets older than 90 days, so that the sweeper can have what nobody redeemed."""
        return await self._store.forget_tickets(opened_before=self._clock.now() - KEPT_FOR)

    async def _found(self, ticket: str, organisation: str) -> Ticket:
        found = await self._store.ticket(ticket)
        if found is None or found.organisation != organisation:
            raise EngineError("no-such-ticket")
        return found


async def _checked(ticket: Ticket, content: AsyncIterable[bytes]) -> bytes:
    """Return the document, having read no more of it than was announced."""
    document = bytearray()
    async for piece in content:
        document += piece
        if len(document) > ticket.size_bytes:
            raise EngineError("invalid-upload-size", announced=ticket.size_bytes)
    if len(document) != ticket.size_bytes:
        raise EngineError("invalid-upload-size", announced=ticket.size_bytes, received=len(document))
    if await asyncio.to_thread(lambda: hashlib.sha256(document).hexdigest()) != ticket.sha256:
        raise EngineError("invalid-upload-hash")
    return bytes(document)
