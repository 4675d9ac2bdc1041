# SPDX-License-Identifier: Apache-2.0
"""A notice reaches its owner once, among letters or alone, and is shown with its words."""

from datetime import date
from uuid import UUID

import pytest

from engine.core.errors import EngineError
from tests.unit.mailbox_office import CASE, OWNER, Office
from tests.unit.web_office import BEARER, KEY, Web

FILING = UUID(int=0xF1)
STRANGER = UUID(int=0x99)


def notice(office: Office, number: int = 1, **changes: object) -> dict[str, object]:
    return {
        "id": UUID(int=number),
        "owner": OWNER,
        "case_id": CASE,
        "filing": FILING,
        "slug": "move.move-in-notice",
        "kind": "reminder",
        "due_on": date(2026, 12, 1),
        "at": office.clock.now(),
    } | changes


async def test_a_notice_that_comes_twice_among_letters_is_there_once() -> None:
    office = Office()
    parcel = office.intake.notice(notice(office))
    await office.bus.publish([parcel, parcel])
    await office.send(b"a document")

    assert await office.post.run_once(wait_seconds=0) == 1

    found, after = await office.mailbox.notices(OWNER)
    assert ([one.id for one in found], after) == ([UUID(int=1)], None)
    assert await office.mailbox.notices(STRANGER) == ([], None)
    assert office.bus.taken == []
    assert office.bus.parked == []


async def test_a_notice_is_sealed_on_its_way_and_a_forged_one_is_put_aside() -> None:
    office = Office()
    parcel = office.intake.notice(notice(office))
    other = office.intake.notice(notice(office, 2))
    assert b"move-in" not in parcel.body

    office.bus.put((parcel.body.replace(parcel.id.encode(), other.id.encode()),))
    await office.post.run_once(wait_seconds=0)

    assert [reason for _, reason in office.bus.parked] == ["unreadable-key"]
    assert (await office.mailbox.notices(OWNER))[0] == []


async def test_what_is_no_notice_is_never_sent() -> None:
    office = Office()

    with pytest.raises(EngineError, match="invalid-document"):
        office.intake.notice(notice(office, kind="advertisement"))


async def test_notices_turn_their_pages() -> None:
    office = Office()
    for number in range(1, 6):
        await office.bus.publish([office.intake.notice(notice(office, number))])
    await office.post.run_once(wait_seconds=0)

    first, after = await office.mailbox.notices(OWNER, limit=3)
    rest, end = await office.mailbox.notices(OWNER, limit=3, after=after)

    assert ([one.id.int for one in (*first, *rest)], end) == ([5, 4, 3, 2, 1], None)


async def test_the_citizen_reads_what_is_due_by_when_and_marks_it_read() -> None:
    web = Web()
    await web.office.bus.publish([web.office.intake.notice(notice(web.office))])
    await web.office.post.run_once(wait_seconds=0)
    async with web.running() as client:
        (unread,) = (await (await client.get("/v1/notices", headers=BEARER)).json())["notices"]
        headers = {**BEARER, "Idempotency-Key": KEY}
        marked = await client.post(f"/v1/notices/{unread['id']}/read", headers=headers)
        nothing = await client.post(f"/v1/notices/{UUID(int=77)}/read", headers=headers)
        (read,) = (await (await client.get("/v1/notices", headers=BEARER)).json())["notices"]

    assert (unread["procedure"], unread["lastDay"], unread["readAt"]) == (
        "move.move-in-notice",
        "2026-12-01",
        None,
    )
    assert "2026-12-01" in unread["text"]["ja"]
    assert (marked.status, nothing.status) == (204, 404)
    assert read["readAt"] is not None
