# SPDX-License-Identifier: Apache-2.0
"""The electronic PO box (電子私書箱) of the person who asks."""

from datetime import datetime
from typing import Final, Self
from uuid import UUID

from aiohttp import web

from engine.core.errors import EngineError
from engine.core.text import Text
from engine.core.views import View
from engine.identity.acting import Represented
from engine.web.api.common import CITIZEN, Cursor, attachment, both
from engine.web.operations import Call, Group
from engine.web.reading import Limit, Query
from engine.web.standing import Also
from mailbox.letters import Letter

LETTERS: Final = Group("letters", both("電子私書箱", "Letters"))
_ANYTHING: Final = "application/octet-stream"
# The media type is the sender's claim: only what no browser runs is passed on.
_HARMLESS: Final = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "text/plain": "txt",
}


class LetterPage(Query):
    """Which letters."""

    after: Cursor | None = None
    limit: Limit = 20
    case_id: UUID | None = None


class LetterView(View):
    """One delivered item (通知書)."""

    id: UUID
    case_id: UUID
    filing: str
    organisation: str
    organisation_name: Text
    title: Text
    kind: str
    media_type: str
    size_bytes: int
    sha256: str
    received_at: datetime
    opened_at: datetime | None
    downloaded_at: datetime | None

    @classmethod
    def of(cls, letter: Letter) -> Self:
        """Return the letter as it is shown."""
        return cls(**letter.model_dump(exclude={"heading"}), **letter.heading.model_dump())


class LetterList(View):
    """Letters, newest first; `after` leads to the next ones, null at the end."""

    letters: tuple[LetterView, ...]
    after: str | None


@LETTERS.operation(
    "GET",
    "/v1/letters",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("届いた通知書の一覧", "List my letters"),
    refusals=("malformed-letter-cursor",),
)
async def list_letters(call: Call, query: LetterPage) -> LetterList:
    """Return a page of the box; looking through it opens nothing. A representative names the case."""
    await _check_scope(call, query.case_id)
    page = await call.doors.mailbox.letters(
        call.person, after=query.after, limit=query.limit, case_id=query.case_id
    )
    return LetterList(letters=tuple(LetterView.of(one) for one in page.letters), after=page.after)


@LETTERS.operation(
    "GET",
    "/v1/letters/{letter}",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("通知書を開く", "Open a letter"),
    refusals=("no-such-letter",),
)
async def open_letter(call: Call, letter: UUID) -> LetterView:
    """Return the letter; it counts as opened from now on."""
    found = await call.doors.mailbox.open(call.person, letter)
    await _check_scope(call, found.case_id)
    return LetterView.of(found)


@LETTERS.operation(
    "DELETE",
    "/v1/letters/{letter}",
    who=CITIZEN,
    words=both("通知書を削除する", "Delete a letter"),
    status=204,
    recent=True,
    refusals=("no-such-letter",),
)
async def delete_letter(call: Call, letter: UUID) -> None:
    """Destroy the letter and its document for good; nobody else ever does."""
    await call.doors.mailbox.delete(call.person, letter)


@LETTERS.operation(
    "GET",
    "/v1/letters/{letter}/content",
    who=CITIZEN,
    also=(Also.REPRESENTED,),
    words=both("通知書の文書を取り出す", "Take the document out"),
    gives=_ANYTHING,
    refusals=("no-such-letter", "unavailable-letter"),
)
async def letter_content(call: Call, letter: UUID) -> web.StreamResponse:
    """Return the document as it was issued, byte for byte."""
    if call.session.acting is not None:
        await _check_scope(call, (await call.doors.mailbox.open(call.person, letter)).case_id)
    content = await call.doors.mailbox.content(call.person, letter)
    kind = content.media_type if content.media_type in _HARMLESS else _ANYTHING
    name = f"letter-{letter}.{_HARMLESS.get(kind, 'bin')}"
    return attachment(content.content, media_type=kind, file_name=name)


async def _check_scope(call: Call, case_id: UUID | None) -> None:
    """Return if whoever asks may see letters of this case: its owner may, a representative within scope."""
    acting = call.session.acting
    if not isinstance(acting, Represented):
        return
    if case_id is None:
        raise EngineError("representation-scope", pointer="/caseId")
    await call.doors.representations.check_letter(acting.representation, case_id)
