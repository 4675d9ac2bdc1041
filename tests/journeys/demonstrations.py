# SPDX-License-Identifier: Apache-2.0
"""`todoke demo` as somebody runs it: begun, killed at a word it says, resumed, and looked at when it ended."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.sdk.ledger import Standing
from connectors.simulators.catalogue import SIMULATORS
from engine.core.lifecycle import CaseState
from engine.keys import Keys
from engine.local import process
from engine.local.postgres import Postgres
from engine.local.state import MARKER, State
from tests.journeys import promises
from tests.journeys.worlds import environment_of, lay_authority

_SECONDS = 240.0


def laid(place: Path) -> Path:
    """Prepare a place for a demonstration, with an authority that is ready; return where it puts letters."""
    outer = State(place).prepare()
    demo = State(outer.place("demo")).prepare()
    for name in ("jpki", "keys", "card.json"):
        demo.place(name)
    lay_authority(demo.path)
    (demo.path / "card.json").unlink()  # the demonstration makes its own
    out = place.with_name("out")
    out.mkdir()
    return out


async def killed_at(moment: str, place: Path, out: Path, *options: str) -> None:
    """Run it until it says these words, and kill it there."""
    with demonstration(place, out, *options) as one:
        await said(one, out, moment)
        one.kill()
        one.wait()


async def resumed_to_its_end(
    place: Path,
    out: Path,
    *options: str,
    state: CaseState = CaseState.COMPLETED,
) -> dict[str, Standing]:
    """Resume it, and look at everything that it promises; return what is in effect in the end."""
    with demonstration(place, out, *options) as one:
        status = await asyncio.to_thread(one.wait, _SECONDS)

    assert status == 0, (out / "said").read_text()[-3000:]
    demo = place / "demo"
    strange = {child.name for child in demo.iterdir()} - {MARKER, *State(demo).made()}
    assert not strange, "the next demonstration could not clear the place"
    server = await asyncio.to_thread(Postgres(demo / "postgres").start)
    try:
        ledgers = {name: demo / "connectors" / name / "ledger.sqlite3" for name in SIMULATORS}
        async with promises.pool_of(server.dsn) as pool:
            case_id, keys = await pool.fetchval("select id from engine.cases"), Keys.load(demo / "keys")
            await promises.check_nothing_left(pool, promises.no_queues)
            await promises.check_case(pool, keys, case_id, state=state)
            held = await promises.check_books(pool, keys, case_id, ledgers)
            promises.check_organisations(ledgers)
            await promises.check_letters(pool, letters_in(out), ledgers)
    finally:
        await asyncio.to_thread(server.stop)
    assert State(demo).reset() == [], "something was made that a new demonstration would stumble over"
    return held


def letters_in(out: Path) -> list[tuple[dict[str, Any], bytes]]:
    """Return what organisations have issued: the certificate of the case is Todoke's own."""
    return [
        ({}, letter.read_bytes())
        for letter in out.glob("letter-*.pdf")
        if "closing-certificate" not in letter.name
    ]


@contextmanager
def demonstration(place: Path, out: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `todoke demo --resume`; what it says goes to a file anew."""
    (out / "said").unlink(missing_ok=True)
    one = process.spawn(
        [sys.executable, "-m", "engine.cli", "demo", "--resume", "--out", str(out), *options],
        environment_of(place, TODOKE_LISTEN=f"127.0.0.1:{process.free_port()}"),
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
