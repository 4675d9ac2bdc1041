# SPDX-License-Identifier: Apache-2.0
"""A reminder of a whole engine: in the journal, in the case's view, in the owner's notices, once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from engine.core import messages as m
from engine.core.patience import day_in_japan
from engine.core.reminders import DAYS_BEFORE
from engine.ports import InboxEntry
from engine.runtime.processor import Said, Work
from tests.integration.citizen_ground import GAS, Desk, desk


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


class Later:
    """A clock that is some days ahead."""

    def __init__(self, office: Desk, ahead: timedelta) -> None:
        self._clock = office.here.engine.clock
        self._ahead = ahead

    def now(self) -> object:
        return self._clock.now() + self._ahead


async def test_an_errand_is_reminded_of_once_in_the_box_of_its_owner(office: Desk) -> None:
    engine = office.here.engine
    today = day_in_japan(engine.clock.now())
    filing = UUID((await office.filing(GAS))["id"])
    change = m.Change((), today + timedelta(days=40), None)
    await office.hear(m.Correct(UUID(office.case_id), {filing: change}))
    shown = await office.filing(GAS)
    days = max(DAYS_BEFORE[next(s for s in DAYS_BEFORE if s.value == shown["deadline"]["severity"])])
    processor, clock = engine.processor, engine.processor._clock
    processor._clock = Later(office, timedelta(days=40 - days, hours=23))  # type: ignore[assignment] # a clock

    for number in range(3):
        entry = InboxEntry("engine", f"tick-{number}", bytes(32), UUID(office.case_id))
        tick = Work(entry=entry, actor="engine", say=lambda _: Said(m.Tick(UUID(office.case_id))))
        await processor.handle([tick])
    processor._clock = clock

    async with asyncio.timeout(20):
        while True:
            notices = (await office.citizen.get("/v1/notices"))["notices"]
            mine = [one for one in notices if one["filing"] == str(filing)]
            if mine:
                break
            await asyncio.sleep(0.05)
    assert [one["lastDay"] for one in mine] == [change.due_on.isoformat() if change.due_on else None]
    after = await office.filing(GAS)
    assert after["remindedOn"] == (today + timedelta(days=40 - days)).isoformat()
    stranger = office.here.citizen()
    assert (await stranger.get("/v1/notices"))["notices"] == []
