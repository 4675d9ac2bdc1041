# SPDX-License-Identifier: Apache-2.0
"""The last days of a case as a calendar (カレンダー): a file, or an address for a calendar program."""

from typing import Annotated, Final
from uuid import UUID

from aiohttp import web
from pydantic import Field

from engine.border.ics import MEDIA_TYPE
from engine.core.views import View
from engine.runtime.calendars import FeedView, NewFeed
from engine.web.api.common import CITIZEN, OPEN, both, etag
from engine.web.operations import Call, Group
from engine.web.reading import Query, is_known

CALENDARS: Final = Group("calendars", both("カレンダー", "Calendars"))
_LOOKING_COSTS: Final = 5  # for whoever guesses


class FeedAsked(Query):
    """The token that was given out with the address."""

    token: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]


class FeedList(View):
    """The addresses of a case, without what is secret of them."""

    calendars: tuple[FeedView, ...]


@CALENDARS.operation(
    "GET",
    "/v1/cases/{case}/calendar.ics",
    who=CITIZEN,
    words=both("期限のカレンダー（iCalendar）", "Last days as a calendar (iCalendar)"),
    gives=MEDIA_TYPE,
    conditional=True,
    refusals=("no-such-case", "erased-case"),
)
async def case_calendar(call: Call, case: UUID) -> web.StreamResponse:
    """Return every last day, window and errand of the case, with alarms."""
    text, version = await call.doors.care.calendars.of_case(call.person, case)
    return _calendar(call, text, version, name=f"todoke-{case}")


@CALENDARS.operation(
    "GET",
    "/v1/cases/{case}/calendars",
    who=CITIZEN,
    words=both("購読用アドレスの一覧", "List the addresses for calendar programs"),
    refusals=("no-such-case",),
)
async def list_calendars(call: Call, case: UUID) -> FeedList:
    """Return which addresses there are, and which were revoked."""
    return FeedList(calendars=tuple(await call.doors.care.calendars.feeds(call.person, case)))


@CALENDARS.operation(
    "POST",
    "/v1/cases/{case}/calendars",
    who=CITIZEN,
    words=both("購読用アドレスを作る", "Make an address for a calendar program"),
    status=201,
    idempotent=True,
    refusals=("no-such-case", "erased-case", "too-many-calendars"),
)
async def make_calendar(call: Call, case: UUID) -> NewFeed:
    """Return an address that gives titles and last days to whoever has it, until it is revoked."""
    return await call.doors.care.calendars.make_feed(call.change, case)


@CALENDARS.operation(
    "DELETE",
    "/v1/cases/{case}/calendars/{calendar}",
    who=CITIZEN,
    words=both("購読用アドレスを取り消す", "Revoke an address"),
    status=204,
    refusals=("no-such-case", "no-such-calendar"),
)
async def revoke_calendar(call: Call, case: UUID, calendar: UUID) -> None:
    """Let the address lead nowhere from now on."""
    await call.doors.care.calendars.revoke(call.person, case, calendar)


@CALENDARS.operation(
    "GET",
    "/v1/calendar.ics",
    who=OPEN,
    words=both("購読用カレンダー", "A calendar by its address"),
    cost=_LOOKING_COSTS,
    gives=MEDIA_TYPE,
    conditional=True,
    refusals=("no-such-calendar",),
)
async def read_calendar(call: Call, query: FeedAsked) -> web.StreamResponse:
    """Return titles and last days; no login, for calendar programs have none."""
    text, version = await call.doors.care.calendars.read(query.token)
    return _calendar(call, text, version, name="todoke")


def _calendar(call: Call, text: bytes, version: int, *, name: str) -> web.Response:
    call.headers["ETag"] = etag(version)
    if is_known(call.request, version):
        raise web.HTTPNotModified(headers=call.headers)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.ics"'}
    return web.Response(
        body=text, content_type=MEDIA_TYPE, charset="utf-8", headers={**call.headers, **disposition}
    )
