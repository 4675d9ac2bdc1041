# SPDX-License-Identifier: Apache-2.0
"""Anybody at a terminal looks at a plan, at two of them, and asks why: without a card."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.engine_ground import ground
from tests.integration.test_operator_cli import POWER, Terminal


@pytest.fixture
async def terminal(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(POWER)
        yield Terminal(here, postgres_dsn, tmp_path)


async def test_a_plan_two_plans_and_a_reason_are_shown_and_nothing_is_stored(
    terminal: Terminal, tmp_path: Path
) -> None:
    told = json.loads(terminal.facts.read_text("utf-8"))
    other = tmp_path / "other.json"
    dog = {"chip": "392140000000001"}
    other.write_text(json.dumps({"facts": told | {"dogs": [dog]}}), "utf-8")
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(told | {"head": None}), "utf-8")
    facts = str(terminal.facts)

    plan = await terminal.run("plan", facts)
    two = await terminal.run("plan", facts, "--compare", str(other))
    same = await terminal.run("plan", facts, "--compare", facts)
    why = await terminal.run("plan", facts, "--explain", "move.dog-registration")
    refused = await terminal.run("plan", str(wrong), fails=True)
    unknown = await terminal.run("plan", facts, "--explain", "move.nothing", fails=True)
    both = await terminal.run("plan", facts, "--explain", "x", "--compare", facts, fails=True)

    assert "転入届 Notice of moving in" in plan
    assert "＋ 犬の所在地変更" in two
    assert "added 1, dropped 0, changed 0" in two
    assert "added 0, dropped 0, changed 0" in same
    assert "必要ありません" in why
    assert "https://laws.e-gov.go.jp/law/325AC0000000247" in why
    assert "/facts/head: type" in refused
    assert "no-such-procedure" in unknown
    assert "ask one at a time" in both
    assert await terminal.here.engine.pool.fetchval("select count(*) from engine.cases") == 0
