# SPDX-License-Identifier: Apache-2.0
"""Notices (お知らせ) to the person who asks: reminders of last days, without a document."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from engine.core.text import Text
from engine.core.views import View
from engine.web.api.common import CITIZEN, Cursor, both
from engine.web.operations import Call, Group
from engine.web.reading import Limit, Query
from mailbox.letters import Notice

NOTICES: Final = Group("notices", both("お知らせ", "Notices"))


class NoticePage(Query):
    """Which notices."""

    after: Cursor | None = None
    limit: Limit = 20


class NoticeView(View):
    """One notice: what it is about, by when, and whether it was read."""

    id: UUID
    case_id: UUID
    filing: UUID
    procedure: str
    kind: str
    text: Text
    last_day: date | None
    at: datetime
    read_at: datetime | None


class NoticeList(View):
    """Notices, newest first; `after` leads to the next ones, null at the end."""

    notices: tuple[NoticeView, ...]
    after: str | None


@NOTICES.operation(
    "GET",
    "/v1/notices",
    who=CITIZEN,
    words=both("お知らせの一覧", "List my notices"),
    refusals=("malformed-letter-cursor",),
)
async def list_notices(call: Call, query: NoticePage) -> NoticeList:
    """Return a page of notices."""
    found, after = await call.doors.mailbox.notices(call.person, after=query.after, limit=query.limit)
    titles = {
        str(one["slug"]): Text.model_validate(one["title"])
        for event in call.doors.counter.life_events()
        for one in _procedures(event.rules)
    }
    return NoticeList(notices=tuple(_shown(one, titles.get(one.slug)) for one in found), after=after)


@NOTICES.operation(
    "POST",
    "/v1/notices/{notice}/read",
    who=CITIZEN,
    words=both("お知らせを既読にする", "Mark a notice as read"),
    status=204,
    refusals=("no-such-notice",),
)
async def read_notice(call: Call, notice: UUID) -> None:
    """Note that it was read; the first time counts."""
    await call.doors.mailbox.read_notice(call.person, notice)


def _procedures(rules: Mapping[str, JsonValue]) -> list[dict[str, JsonValue]]:
    found = rules.get("procedures")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _shown(notice: Notice, title: Text | None) -> NoticeView:
    named = title or Text(ja=notice.slug, en=notice.slug)
    day = notice.due_on.isoformat() if notice.due_on else "—"
    return NoticeView(
        id=notice.id,
        case_id=notice.case_id,
        filing=notice.filing,
        procedure=notice.slug,
        kind=notice.kind,
        text=Text(
            ja=f"「{named.ja}」は{day}までです。まだ済んでいません",
            en=f"“{named.en}” is due by {day}, and is not done yet",
        ),
        last_day=notice.due_on,
        at=notice.at,
        read_at=notice.read_at,
    )
