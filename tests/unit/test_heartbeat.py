# SPDX-License-Identifier: Apache-2.0
"""A role that works leaves a young sign; one that hangs, or whose database is away, does not."""

import asyncio
import os
from pathlib import Path

import pytest

from engine.core.errors import EngineError
from engine.local import heartbeat
from engine.ports import StoreUnavailable


class Line:
    """What a role needs, and how often it was asked."""

    def __init__(self) -> None:
        self.is_up = True
        self.asked = asyncio.Event()

    async def probe(self) -> None:
        self.asked.set()
        if not self.is_up:
            raise StoreUnavailable("away")

    async def asked_again(self) -> None:
        for _ in range(2):  # the first may have been asked before
            self.asked.clear()
            await self.asked.wait()


def make_old(path: Path) -> None:
    os.utime(path, (0, 0))


async def test_a_role_that_works_leaves_a_sign_and_takes_it_away_with_itself(tmp_path: Path) -> None:
    path, line = tmp_path / "beat", Line()
    path.touch()
    make_old(path)

    async with heartbeat.beating(path, {"store": line.probe}, every=0.001):
        await line.asked_again()
        heartbeat.check(path)

    with pytest.raises(EngineError, match="not-well"):
        heartbeat.check(path)


async def test_a_sign_grows_old_while_what_is_needed_is_away_and_is_young_again_after(tmp_path: Path) -> None:
    path, line = tmp_path / "beat", Line()
    async with heartbeat.beating(path, {"store": line.probe}, every=0.001):
        await line.asked_again()
        line.is_up = False
        await line.asked_again()
        make_old(path)
        await line.asked_again()
        with pytest.raises(EngineError, match="not-well"):
            heartbeat.check(path)

        line.is_up = True
        await line.asked_again()
        heartbeat.check(path)


async def test_a_predecessors_sign_says_nothing_of_a_role_that_does_not_get_up(tmp_path: Path) -> None:
    path, line = tmp_path / "beat", Line()
    path.touch()
    line.is_up = False

    async with heartbeat.beating(path, {"store": line.probe}, every=0.001):
        await line.asked_again()
        with pytest.raises(EngineError, match="not-well"):
            heartbeat.check(path)


async def test_without_a_path_nothing_is_written_and_nothing_asked() -> None:
    line = Line()
    async with heartbeat.beating(None, {"store": line.probe}):
        await asyncio.sleep(0)

    assert not line.asked.is_set()
