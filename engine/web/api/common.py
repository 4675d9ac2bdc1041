# SPDX-License-Identifier: Apache-2.0
"""Answers that several chapters give."""

from typing import Annotated, Final
from uuid import UUID

from aiohttp import web
from pydantic import Field

from engine.core.text import Text
from engine.core.views import View
from engine.runtime.counter import Done
from engine.web.operations import Call
from engine.web.security import Who

CITIZEN: Final = Who.CITIZEN
OPEN: Final = Who.OPEN
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Cursor = Annotated[
    str, Field(pattern=r"^[!-~]{1,200}$", description="続きの位置 / `after` of the page before")
]


class CaseChanged(View):
    """The case as it is after the request; `version` is its new ETag."""

    case_id: UUID
    version: int


def changed(call: Call, done: Done) -> CaseChanged:
    """Return what is answered to a request that changes a case."""
    call.headers["ETag"] = etag(done.version)
    if done.replayed:
        call.headers["Idempotent-Replayed"] = "true"
    return CaseChanged(case_id=done.case_id, version=done.version)


def etag(version: int | str) -> str:
    """Return the version, or the hash, as an ETag."""
    return f'"{version}"'


def attachment(content: bytes, *, media_type: str, file_name: str) -> web.Response:
    """Return a document to be kept, not shown: whatever is in it cannot act on our pages."""
    return web.Response(
        body=content,
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        },
    )


def both(ja: str, en: str) -> Text:
    """Return the words of an operation."""
    return Text(ja=ja, en=en)
