# SPDX-License-Identifier: Apache-2.0
"""The last days of a case in a calendar program: whole for its owner, titles and days for a secret address."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar

from tests.integration.citizen_ground import GAS, Desk, desk, refused
from tests.journeys.household import CANARIES

UNGUESSED = "A" * 43


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


async def polled(office: Desk, url: str, **headers: str) -> tuple[int, bytes, str]:
    async with office.here.session.get(url, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers.get("ETag", "")


async def test_every_last_day_window_and_errand_is_in_the_calendar(office: Desk) -> None:
    case = await office.case()

    text = await office.citizen.content(f"{office.path}/calendar.ics")

    calendar = Calendar.from_ical(text.decode())
    uids = {str(one["uid"]) for one in calendar.subcomponents}
    wanted = {
        f"{one['id']}-deadline@todoke" for one in case["filings"] if one["deadline"]["lastDay"] is not None
    }
    assert wanted
    assert wanted <= uids
    assert len(uids) == len(calendar.subcomponents)
    errands = {str(one["uid"]) for one in calendar.walk("VTODO")}
    assert errands == {
        f"{one['id']}-errand@todoke"
        for one in case["filings"]
        if one["way"] in {"visit", "paper", "self"} and one["deadline"]["lastDay"]
    }
    assert {int(one["sequence"]) for one in calendar.subcomponents} == {case["version"]}
    assert not [uid for uid in uids if not re.fullmatch(r"[0-9a-f-]{36}-[a-z]+@todoke", uid)]


async def test_an_address_gives_titles_and_days_to_whoever_has_it_and_nothing_else(office: Desk) -> None:
    made = await office.citizen.say("POST", f"{office.path}/calendars", key="share")
    again = await office.citizen.say("POST", f"{office.path}/calendars", key="share")
    case = await office.case()

    status, text, etag = await polled(office, made["url"])

    assert (status, made) == (200, again)
    calendar = Calendar.from_ical(text.decode())
    assert len(calendar.walk("VEVENT")) == sum(bool(one["deadline"]["lastDay"]) for one in case["filings"])
    allowed = {"UID", "DTSTART", "DTEND", "DTSTAMP", "SUMMARY", "SEQUENCE", "STATUS", "TRANSP"}
    assert {name for one in calendar.walk("VEVENT") for name in one} == allowed
    titles = {one["title"]["ja"] for one in case["filings"]}
    assert {str(one["summary"]).partition("（期限）")[0] for one in calendar.walk("VEVENT")} <= titles
    told = text.decode()
    assert not [
        canary for canary in (*CANARIES, *(f["receiver"]["ja"] for f in case["filings"])) if canary in told
    ]
    assert (await polled(office, made["url"], **{"If-None-Match": etag}))[0] == 304


async def test_a_revoked_address_leads_nowhere_and_nobody_can_guess_one(office: Desk) -> None:
    made = await office.citizen.say("POST", f"{office.path}/calendars", key="share")
    other = await office.citizen.say("POST", f"{office.path}/calendars", key="other")
    stranger = office.here.citizen()
    assert await refused(stranger.say("DELETE", f"{office.path}/calendars/{made['id']}")) == (
        404,
        "no-such-case",
    )

    await office.citizen.say("DELETE", f"{office.path}/calendars/{made['id']}")

    assert (await polled(office, made["url"]))[0] == 404
    assert (await polled(office, other["url"]))[0] == 200
    guessed = urlsplit(other["url"])._replace(query=f"token={UNGUESSED}").geturl()
    assert (await polled(office, guessed))[0] == 404
    listed = (await office.citizen.get(f"{office.path}/calendars"))["calendars"]
    assert {one["id"]: bool(one["revokedAt"]) for one in listed} == {made["id"]: True, other["id"]: False}
    rows = await office.here.engine.pool.fetch("select to_jsonb(f)::text from engine.calendar_feeds f")
    assert not [row for row in rows if other["url"].partition("token=")[2] in row[0]]


async def test_who_asks_often_with_no_name_is_slowed_down(office: Desk) -> None:
    made = await office.citizen.say("POST", f"{office.path}/calendars", key="share")
    seen = [(await polled(office, made["url"]))[0] for _ in range(60)]

    assert seen[0] == 200
    assert 429 in seen


async def test_a_done_errand_stops_ringing(office: Desk) -> None:
    filing = await office.filing(GAS)
    await office.citizen.say("POST", f"{office.path}/filings/{filing['id']}/done")

    calendar = Calendar.from_ical((await office.citizen.content(f"{office.path}/calendar.ics")).decode())

    mine = [one for one in calendar.subcomponents if str(one["uid"]).startswith(filing["id"])]
    assert not [one for one in mine if one.walk("VALARM")]
