# SPDX-License-Identifier: Apache-2.0
"""The engine under measurement: a whole one, with its web, its bus, its timekeeper and its relay.

What is not measured is said here: cases are opened and confirmed at the counter and the intake of
this process (no card signs), and the web's rate limits count but never refuse.
"""

import asyncio
import cProfile
import hashlib
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from aiohttp import web

from engine.bootstrap import Engine, open_engine
from engine.identity.profiles import Environment
from engine.identity.store import Credential, Kind
from engine.identity.trust import TrustStore
from engine.ports import InboxEntry
from engine.runtime.catalogue import Catalogue
from engine.runtime.counter import Request
from engine.runtime.processor import Heard, Result, Said, Work
from engine.settings import Settings
from engine.telemetry import log_to_stderr
from engine.web.app import make_runner
from engine.web.operations import CONTEXT
from engine.web.security import Buckets, Rate
from tests.bench import line
from tests.bench.load import Expected, Load
from tests.bench.profiled import by_room
from tests.bench.workload import FACTS, FINAL_VERSION, SIZES, event_slug, life_event
from tests.signing import confirming
from workflows.calendar_japan import calendar_for

_NEVER_FULL: Final = Rate(1e9, 10**9)


class EngineSide:
    """One engine, and the commands of the measuring process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._expected = Expected()
        self._load = Load(self._begin)
        self._profile = cProfile.Profile()
        self._said: dict[int, list[str]] = {}
        # Between the processor and whoever calls it: a case has ended when its last reply is durable.
        handle = engine.processor.handle

        async def noted(works: Sequence[Work]) -> list[Result]:
            results = await handle(works)
            replies = zip(works, results, strict=True)
            self._load.transitions += sum(w.reference is not None and not r.replayed for w, r in replies)
            for result in results:
                if result.version == FINAL_VERSION and result.case_id is not None:
                    self._expected.ended(result.case_id)
            return results

        vars(engine.processor)["handle"] = noted

    @property
    def work(self) -> list[Coroutine[Any, Any, None]]:
        """All roles of a Todoke, in one process."""
        engine = self._engine
        parts = [engine.intake.run(), engine.publisher.run(), engine.work(), engine.deliver()]
        return parts if engine.bus.rides_on_store else [*parts, engine.relay.run()]

    @property
    def commands(self) -> dict[str, line.Command]:
        """What the measuring process may ask."""
        return {
            **self._load.commands, "token": self._token, "profile": self._profiled, "statements": self._counted,
            "check": self._checked,
        }  # fmt: skip

    async def _begin(self) -> "asyncio.Future[None]":
        """Open a case at the counter and confirm it; both are durable when this returns."""
        person, key = uuid4(), uuid4().hex
        body_hash = hashlib.sha256(key.encode()).digest()
        done = await self._engine.counter.open(Request(person, key, body_hash), event_slug(SIZES[0]), FACTS)
        ended = self._expected.expect(done.case_id)
        result = await self._engine.intake.submit(_confirming(person, done.case_id, body_hash))
        if result.code is not None:
            raise RuntimeError(f"not confirmed: {result.code}")
        return ended

    async def _token(self) -> str:
        """Return the session of a new person, for requests that come over HTTP."""
        gate, now = self._engine.gate, self._engine.clock.now()
        credential = Credential(Kind.LOGIN, "00" * 20, uuid4().hex)
        person = await gate._store.enter(credential, newcomer=uuid4(), at=now)
        return (await gate._sessions.begin(person, credential, not_after=now + timedelta(hours=1))).token

    async def _profiled(self, *, on: bool) -> str:
        """Begin to profile this thread, or stop and tell."""
        if on:
            self._profile.enable()
            return ""
        self._profile.disable()
        return by_room(self._profile)

    async def _counted(self, *, on: bool) -> list[int]:
        """Begin to listen to the statements, or return how many each batch of replies took."""
        for holder in self._engine.pool._holders:  # type: ignore[attr-defined] # asyncpg has no other way to them
            if on and holder._con is not None:
                holder._con.add_query_logger(partial(self._note, id(holder)))
        said, self._said = self._said, {}
        return [count for statements in said.values() for count in reply_batches(statements)]

    def _note(self, connection: int, record: Any) -> None:
        self._said.setdefault(connection, []).append(record.query)

    async def _checked(self) -> Mapping[str, int]:
        """Return what the tables hold, so that a rate cannot be fast by doing less."""
        (row,) = await self._engine.pool.fetch(
            "select (select count(*) from engine.cases) as cases,"
            " (select count(*) from engine.cases where state = 'completed') as completed,"
            " (select count(*) from engine.journal where type in ('filing-accepted', 'filing-completed'))"
            " as transitions, (select count(*) from engine.parked) as parked,"
            " (select count(*) from engine.disclosures) as disclosures"
        )
        return dict(row)


@asynccontextmanager
async def running(decided: Mapping[str, Any]) -> AsyncIterator[EngineSide]:
    """Yield an engine with everything on."""
    settings = Settings.load(**decided["settings"])
    async with open_engine(settings, trust=TrustStore(Environment.TEST, roots=())) as engine:
        events = [life_event(size) for size in SIZES]
        catalogue = Catalogue(events, store=engine.store, calendars=calendar_for)
        await catalogue.keep()
        engine.counter._catalogue = catalogue
        runner = make_runner(_app(engine))
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        try:
            yield EngineSide(engine)
        finally:
            await runner.cleanup()


def reply_batches(statements: Sequence[str]) -> Iterator[int]:
    """Yield how many statements each transaction had that moved replies, its begin and commit included."""
    batch: list[str] = []
    for statement in statements:
        if statement.lower().startswith("begin"):
            batch = []
        batch.append(statement)
        if statement.lower().startswith("commit") and any("update engine.filings" in one for one in batch):
            yield len(batch)


def _app(engine: Engine) -> web.Application:
    app = engine.app()
    app[CONTEXT] = replace(app[CONTEXT], addresses=Buckets(_NEVER_FULL), subjects=Buckets(_NEVER_FULL))
    return app


def _confirming(person: UUID, case_id: UUID, body_hash: bytes) -> Work:
    def say(heard: Heard) -> Said:
        assert heard.case is not None
        return Said(confirming(heard.case, evidence=uuid4()))

    sender = f"person:{person}"
    return Work(InboxEntry(sender, "confirm", body_hash, case_id), actor=sender, say=say, remembered=True)


async def main() -> None:
    decided = line.settings()
    log_to_stderr("info")
    async with running(decided) as side:
        await line.obey(side.commands, side.work)


if __name__ == "__main__":
    asyncio.run(main())
