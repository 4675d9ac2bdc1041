# SPDX-License-Identifier: Apache-2.0
"""A case that has ended leaves a signed certificate: in the PO box, and the same bytes at every reading."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.border.signed_json import verified_document
from engine.core import messages as m
from engine.runtime.certificates import PLATFORM
from mailbox.papers.pades import read_signed_pdf
from tests.integration.citizen_ground import ELECTRICITY, Desk, desk, refused
from tests.journeys.household import CANARIES


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


async def published(office: Desk) -> Any:
    async with office.here.session.get(f"{office.here.engine.settings.origin}/v1/keys") as answer:
        return await answer.json()


async def pdf(office: Desk) -> bytes:
    headers = {"Authorization": f"Bearer {office.citizen._token}", "Accept": "application/pdf"}
    url = f"{office.here.engine.settings.origin}{office.path}/certificate"
    async with office.here.session.get(url, headers=headers) as answer:
        assert answer.content_type == "application/pdf"
        return await answer.read()


async def letter(office: Desk) -> dict[str, Any]:
    """Return the letter of Todoke itself, once it has arrived."""
    async with asyncio.timeout(20):
        while True:
            listed = (await office.citizen.get(f"/v1/letters?caseId={office.case_id}"))["letters"]
            found: list[dict[str, Any]] = [one for one in listed if one["organisation"] == PLATFORM]
            if found:
                (one,) = found
                return one
            await asyncio.sleep(0.05)


async def test_the_certificate_says_who_was_told_what_with_what_outcome_and_no_value(office: Desk) -> None:
    told = {one["name"] for one in (await office.filing(ELECTRICITY))["told"]}
    await office.replies(ELECTRICITY, m.Completed, receipt="E-1")
    assert await refused(office.citizen.get(f"{office.path}/certificate")) == (404, "no-such-certificate")
    await office.call_off()
    await office.replies(ELECTRICITY, m.Irrevocable, to="withdraw/1/1")
    await office.replies("move.nhk", m.Withdrawn, to="withdraw/1/1")

    text = await office.citizen.content(f"{office.path}/certificate")

    content, _ = verified_document(text, await published(office))
    power = next(one for one in content["filings"] if one["procedure"] == ELECTRICITY)
    assert (power["outcome"], power["receipt"]) == ("irrevocable", "E-1")
    assert {one["field"] for one in power["told"]} == told
    assert all(one["label"]["ja"] for one in power["told"])
    assert (content["case"]["id"], content["case"]["outcome"]) == (office.case_id, "completed-partly")
    assert content["simulation"] is True
    assert not [canary for canary in CANARIES if canary in text.decode()]


async def test_it_is_the_same_at_every_reading_and_the_same_in_the_box(office: Desk) -> None:
    await office.finish()

    texts = await asyncio.gather(*(office.citizen.content(f"{office.path}/certificate") for _ in range(5)))

    assert len(set(texts)) == 1
    printed = await pdf(office)
    signed = await read_signed_pdf(printed)
    assert signed.document == texts[0]
    arrived = await letter(office)
    assert (arrived["kind"], arrived["mediaType"]) == ("closing-certificate", "application/pdf")
    assert await office.citizen.content(f"/v1/letters/{arrived['id']}/content") == printed


async def test_it_comes_by_itself_once_whoever_makes_it(office: Desk) -> None:
    await office.finish()
    certificates = office.here.engine.care.certificates
    await asyncio.gather(*(certificates.run_once() for _ in range(3)), return_exceptions=True)

    await letter(office)

    counted = "select count(*) from mailbox.letters where order_id like 'closing-%'"
    assert await office.here.engine.pool.fetchval(counted) == 1
    assert await office.here.engine.pool.fetchval("select count(*) from mailbox.promised_blobs") == 0
    assert await certificates.run_once() == 0


async def test_nobody_else_gets_it_and_what_was_never_agreed_to_has_none(office: Desk) -> None:
    await office.finish()
    stranger = office.here.citizen()
    assert await refused(stranger.get(f"{office.path}/certificate")) == (404, "no-such-case")
    opened = await stranger.say("POST", "/v1/cases", {"event": "moving", "facts": office.told})
    draft = f"/v1/cases/{opened['caseId']}"

    await stranger.say("POST", f"{draft}/cancellation")

    assert await refused(stranger.get(f"{draft}/certificate")) == (404, "no-such-certificate")


async def test_the_certificate_is_sealed_where_it_is_kept(office: Desk) -> None:
    await office.finish()
    text = await office.citizen.content(f"{office.path}/certificate")

    row = await office.here.engine.pool.fetchrow("select * from engine.endings")

    assert json.loads(text)["jws"].encode() not in row["certificate_sealed"]
    assert b"closing-certificate" not in row["certificate_sealed"]
