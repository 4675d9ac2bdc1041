# SPDX-License-Identifier: Apache-2.0
"""Killed without a word at any moment, the same case goes on: nothing is lost, nothing happens twice."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.simulators.catalogue import SIMULATORS
from engine.keys import Keys
from engine.local import process
from engine.local.postgres import Postgres
from engine.local.state import State
from tests.journeys import promises
from tests.journeys.household import Hook
from tests.journeys.worlds import distributed, environment_of, lay_authority
from tests.services import Broker

_SECONDS = 120.0


async def test_a_demonstration_killed_at_three_moments_is_resumed_to_its_end(place: Path) -> None:
    outer = State(place).prepare()
    demo = State(outer.place("demo")).prepare()
    for name in ("jpki", "keys", "card.json"):
        demo.place(name)
    lay_authority(demo.path)
    (demo.path / "card.json").unlink()  # the demonstration makes its own
    out = place.with_name("out")
    out.mkdir()

    # The plan is signed; NHK's refusal is being corrected; the calendar was turned, or all is done
    # because it was turned before.
    for moment in ("signed it", "corrected and filed again|PO box", r"\(calendar\)|PO box"):
        with demonstration(place, out) as one:
            await said(one, out, moment)
            one.kill()
            one.wait()
    with demonstration(place, out) as one:
        status = await asyncio.to_thread(one.wait, _SECONDS)

    assert status == 0, (out / "said").read_text()[-2000:]
    server = await asyncio.to_thread(Postgres(demo.path / "postgres").start)
    try:
        ledgers = {name: demo.path / "connectors" / name / "ledger.sqlite3" for name in SIMULATORS}
        async with promises.pool_of(server.dsn) as pool:
            case_id = await pool.fetchval("select id from engine.cases")
            await promises.check_nothing_left(pool, promises.no_queues)
            await promises.check_case(pool, Keys.load(demo.path / "keys"), case_id)
            promises.check_organisations(ledgers)
            letters: list[tuple[dict[str, str], bytes]] = [
                ({}, letter.read_bytes())
                for letter in out.glob("letter-*.pdf")
                if "closing-certificate" not in letter.name
            ]
            await promises.check_letters(pool, letters, ledgers)
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_case_goes_on_when_the_web_a_worker_and_a_connector_are_killed(
    place: Path, postgres_dsn: str, rabbitmq: Broker
) -> None:
    async with distributed(place, postgres_dsn, rabbitmq) as world:

        def killed(*names: str) -> Hook:
            async def hook() -> None:
                for name in names:
                    await asyncio.to_thread(world.processes.kill, name)
                for name in names:
                    world.processes.again(name)

            return hook

        # The orders are on their way; a correction was just taken, perhaps not yet sent; a case is woken.
        story = await world.household(
            {
                "confirmed": killed("work", "muroran-city"),
                "corrected": killed("serve", "nhk-simulator"),
                "answered": killed("mihon-power"),
                "moved": killed("work", "post"),
            }
        )

        await promises.check_all(world, story)
        world.processes.check_alive()


@contextmanager
def demonstration(place: Path, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `todoke demo --resume`; what it says goes to a file anew."""
    (out / "said").unlink(missing_ok=True)
    one = process.spawn(
        [sys.executable, "-m", "engine.cli", "demo", "--resume", "--out", out],
        environment_of(place),
        log=out / "said",
        death=signal.SIGTERM,
        user=None,
    )
    try:
        yield one
    finally:
        one.kill()
        one.wait()


async def said(one: subprocess.Popen[bytes], out: Path, words: str) -> None:
    """Return as soon as the demonstration says these words."""
    async with asyncio.timeout(_SECONDS):
        while not re.search(words, (out / "said").read_text(errors="replace")):
            assert one.poll() is None, (out / "said").read_text()[-2000:]
            await asyncio.sleep(0.02)
