# SPDX-License-Identifier: Apache-2.0
"""The assembled engine compares, explains and shows its rules to anybody, and stores nothing."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.bootstrap import LIFE_EVENTS
from engine.core.patience import day_in_japan
from tests.households import household
from tests.integration.engine_ground import Ground, ground


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as one:
        yield one


async def test_a_preview_answers_for_the_law_of_today_and_leaves_no_trace(here: Ground) -> None:
    day = day_in_japan(here.engine.clock.now()) + timedelta(days=12)
    facts, later = household(day), household(day + timedelta(days=20))
    anybody = here.citizen()

    two = await anybody.say("POST", "/v1/life-events/moving/comparison", {"facts": facts, "changed": later})
    why = await anybody.say(
        "POST", "/v1/life-events/moving/explanation", {"facts": facts, "slug": "move.move-in-notice"}
    )

    notice = next(one for one in two["entries"] if one["slug"] == "move.move-in-notice")
    assert {one["what"] for one in notice["differences"]} >= {"last-day", "field"}
    (explained,) = why["explanations"]
    assert explained["outcome"] == "applies"
    assert [one["day"] for one in explained["days"]] == [day.isoformat()]
    assert explained["citations"][0]["url"].startswith("https://laws.e-gov.go.jp/law/")
    assert await here.engine.pool.fetchval("select count(*) from engine.cases") == 0
    assert await here.engine.pool.fetchval("select count(*) from engine.journal") == 0


async def test_the_rules_of_every_life_event_are_served_under_their_hash(here: Ground) -> None:
    anybody = here.citizen()

    for event in LIFE_EVENTS:
        today = await anybody.content(f"/v1/life-events/{event.slug}/catalogue")
        kept = await anybody.content(f"/v1/catalogues/{event.catalogue}")

        assert hashlib.sha256(today).hexdigest() == event.catalogue
        assert kept == today
