# SPDX-License-Identifier: Apache-2.0
"""`todoke connect` as a program of its own: it starts, is killed, starts again, and stops when told."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from connectors.sdk.ledger import Ledger
from connectors.simulators.catalogue import SIMULATORS
from engine.clock import SystemClock
from tests.unit.border_desk import Moving
from tests.unit.sdk_engine import AUDIENCE, World, submit, world

NAME, PROCEDURE = "mihon-power", "move.electricity"
CONNECTOR = SIMULATORS[NAME].connector
TREE = Path(__file__).resolve().parents[2]


class Real(Moving):
    """The machine's clock, which the program has too."""

    def now(self) -> datetime:
        return SystemClock().now()


@asynccontextmanager
async def started(here: World) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the program; whatever happens in the test, it does not outlive it."""
    environment = {
        **os.environ,
        "TODOKE_PROFILE": "test",
        "TODOKE_PUBLIC_URL": AUDIENCE,
        "TODOKE_STATE": str(here.path),
    }
    program = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "engine.cli",
            "connect",
            NAME,
            "--engine",
            here.base,
            "--home",
            str(here.path),
        ),
        cwd=TREE,
        env=environment,
    )
    try:
        yield program
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


async def test_killed_at_any_moment_each_order_takes_effect_once_and_every_reply_arrives(
    tmp_path: Path,
) -> None:
    count = 20
    async with world(tmp_path, CONNECTOR, Real()) as here:
        here.engine.after_taking = 5
        for number in range(count):
            here.engine.order(submit(PROCEDURE, fields=CONNECTOR.examples[PROCEDURE]), to=number)

        for life in range(4):
            async with started(here):
                async with asyncio.timeout(60):
                    await here.engine.heard.wait()
                here.engine.heard.clear()
                await asyncio.sleep(life * 0.05)  # not luck: each life ends somewhere else
            for order in list(here.engine.sent)[::3]:
                here.engine.again(order)
        async with started(here) as program:
            async with asyncio.timeout(60):
                while len(here.engine.replies) < 2 * count or here.engine.pending:
                    await here.engine.heard.wait()
                    here.engine.heard.clear()
            program.send_signal(signal.SIGTERM)
            status = await asyncio.wait_for(program.wait(), 30)

        assert status == 0
        assert all(here.engine.said(number) == ["received", "asked"] for number in range(count))
        ledger = Ledger(here.path / "ledger.sqlite3")
        assert ledger.unsent(1) == []
        ledger.close()
