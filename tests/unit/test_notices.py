# SPDX-License-Identifier: Apache-2.0
"""A citizen is told in plain words that an organisation does not answer, since when, and what happens then."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.core.case import Filing
from engine.core.lifecycle import FilingState
from engine.ports import Changes, Health, PullOrder
from engine.runtime.notices import SILENT_FOR, Notices, _is_waited_for, _notice, _of
from engine.store.memory import MemoryStore
from engine.store.memory_lanes import MemoryLanes
from tests.unit.border_desk import NOW, Moving

CITY = "8000020012050"


class Office:
    def __init__(self) -> None:
        self.clock = Moving()
        self.store = MemoryStore(self.clock)
        self.lanes = MemoryLanes(self.store, self.clock)
        self.notices = Notices(self.lanes, self.clock)

    async def silent(self) -> dict[str, object]:
        return dict(await self.notices._silent([CITY]))


async def test_an_organisation_that_is_left_alone_is_told_since_it_failed() -> None:
    office = Office()
    await office.lanes.note(CITY, Health(circuit="open", failing_since=NOW))

    assert await office.silent() == {CITY: NOW}


async def test_one_that_failed_once_is_not_told() -> None:
    office = Office()
    await office.lanes.note(CITY, Health(circuit="thawing", failing_since=NOW))

    assert await office.silent() == {}


async def test_one_whose_address_is_gone_is_told() -> None:
    office = Office()
    await office.lanes.note(CITY, Health(stopped_at=NOW))

    assert await office.silent() == {CITY: NOW}


async def test_one_that_does_not_fetch_its_orders_is_told_after_some_days() -> None:
    office = Office()
    async with office.store.unit() as unit:
        await unit.keep(Changes(pull_orders=[PullOrder(CITY, "o_1", None, b"1")]))
    office.clock.move(SILENT_FOR - timedelta(seconds=1))
    before = await office.silent()
    office.clock.move(timedelta(seconds=1))

    assert before == {}
    assert await office.silent() == {CITY: NOW}


def test_the_words_say_since_when_and_what_happens_then() -> None:
    text = _notice(NOW, NOW + timedelta(days=7))

    assert "11月23日から応答していません" in text.ja
    assert "11月30日までに回答がなければ" in text.ja
    assert "since 23 November" in text.en
    assert "by 30 November" in text.en
    assert "期限の早いものから" in _notice(NOW, None).ja


def test_one_that_takes_its_orders_and_never_replies_is_told_in_words(filing: Filing) -> None:
    text = _of(replace(filing, flag="stuck/no-answer"), None, None)

    assert text
    assert "11月23日に送りましたが" in text.ja
    assert "sent on 23 November" in text.en
    assert _of(filing, None, None) is None
    assert _of(replace(filing, flag="stuck/no-answer-from-citizen"), None, None) is None
    assert _of(replace(filing, flag="stuck/no-answer"), NOW, None) == _notice(NOW, None)


@pytest.mark.parametrize("state", [FilingState.TO_DO, FilingState.COMPLETED, FilingState.WAITING])
def test_nothing_is_said_where_nobody_waits_for_the_organisation(filing: Filing, state: FilingState) -> None:
    assert _is_waited_for(filing)
    assert not _is_waited_for(replace(filing, state=state))


@pytest.fixture
def filing() -> Filing:
    from uuid import UUID

    from engine.core.lifecycle import Way

    return Filing(
        UUID(int=1), "move.nhk", Way.ONLINE, FilingState.SUBMITTED, NOW, CITY, "r_1", 0, 1, 0, 1, None, None,
        None, None, 0, None, is_done=False,
    )  # fmt: skip
