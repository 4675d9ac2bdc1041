# SPDX-License-Identifier: Apache-2.0
"""The assembled engine in the test's own process, on a real PostgreSQL, with people and organisations around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import aiohttp
from aiohttp.test_utils import TestServer

from connectors.sdk import Connector
from connectors.sdk.keys import OwnKeys
from connectors.simulators.catalogue import registration
from connectors.simulators.jpki import JpkiWorld, Municipality, Resident
from engine.bootstrap import LIFE_EVENTS, Engine, open_engine
from engine.client import CitizenClient
from engine.clock import SimulatedClock, SystemClock
from engine.core import messages as m
from engine.core.case import Case
from engine.identity.card import JpkiCard
from engine.local.process import free_port
from engine.ports import InboxEntry
from engine.registry.seed import seed
from engine.runtime.catalogue import AnyEvent
from engine.runtime.counter import Request
from engine.runtime.processor import Said, Work
from engine.settings import Settings
from tests.journeys.household import PASSWORD, PIN
from tests.services import Broker
from tests.signing import confirming, following
from tests.unit.identity_desk import KEYS

MURORAN: Final = Municipality("01205", "Hokkaido", "Muroran-shi")
DEMO_HOLDER: Final = Resident("届出　花子", date(1990, 4, 1), "北海道室蘭市幸町１番２号", "2", MURORAN)


@dataclass
class Ground:
    """A running engine, and what its people and organisations have of their own."""

    engine: Engine
    session: aiohttp.ClientSession
    jpki: JpkiWorld
    homes: Path

    def citizen(self, holder: Resident = DEMO_HOLDER) -> CitizenClient:
        """Return a person of their own, with a new card: by default who moves in the demonstration."""
        card = self.jpki.make_card(holder, login_pin=PIN, signature_pin=PASSWORD)
        origin = self.engine.settings.origin
        return CitizenClient(self.session, origin, card=JpkiCard(card), pin=PIN, now=self.engine.clock.now)

    def keys(self, connector: Connector) -> OwnKeys:
        return OwnKeys.kept_in(self.homes / connector.number)

    async def register(self, *connectors: Connector, channel: str = "pull") -> None:
        known = [registration(one, self.keys(one), channel=channel) for one in connectors]
        await seed(self.engine.registry, known, clock=self.engine.clock)

    async def open(self, facts: dict[str, Any]) -> UUID:
        """Open a case of a person who is nowhere else."""
        request = Request(uuid4(), "open", b"hash of the body".ljust(32))
        return (await self.engine.counter.open(request, "moving", facts)).case_id

    async def confirm(self, cases: Sequence[UUID]) -> None:
        """Confirm these cases as if their owners had signed: the gate has its own tests."""
        for start in range(0, len(cases), 100):
            some = [await self._case(case_id) for case_id in cases[start : start + 100]]
            await self._say([confirming(case, evidence=uuid4()) for case in some])
            some = [await self._case(case.id) for case in some]
            await self._say([one for case in some for one in following(case, evidence=uuid4())])

    async def _case(self, case_id: UUID) -> Case:
        stored = await self.engine.store.case(case_id)
        assert stored is not None
        return stored.case

    async def _say(self, messages: Sequence[m.Message]) -> None:
        works = [
            Work(
                entry=InboxEntry("test", str(uuid4()), bytes(32), message.case_id),
                actor="test",
                say=lambda _, message=message: Said(message),
            )
            for message in messages
        ]
        results = await self.engine.processor.handle(works) if works else []
        assert {result.outcome for result in results} <= {"applied"}


@asynccontextmanager
async def ground(
    dsn: str,
    place: Path,
    *,
    life_events: Sequence[AnyEvent] = LIFE_EVENTS,
    sends: bool = True,
    broker: Broker | None = None,
    **more: object,
) -> AsyncIterator[Ground]:
    """Run the engine in this process; without `sends` nobody takes what it has to say. `more` are settings."""
    clock = SimulatedClock(place / "clock") if more.get("clock") == "simulated" else SystemClock()
    jpki = JpkiWorld(clock, keys=KEYS)
    bus: dict[str, object] = {"bus": "rabbitmq", "database_url": dsn} if broker else {}
    if broker:
        bus |= {"amqp_url": broker.amqp_url, "amqp_admin_url": broker.admin_url}
    settings = Settings.load(state=place, profile="test", listen=f"127.0.0.1:{free_port()}", **bus, **more)
    async with TestServer(jpki.app()) as authority, aiohttp.ClientSession() as session:
        trust = jpki.trust(str(authority.make_url("")).rstrip("/"))
        async with open_engine(settings, dsn=dsn, trust=trust, life_events=life_events) as engine:
            parts: list[Awaitable[None]] = [engine.serve()]
            if sends:
                parts += [engine.work(), engine.deliver()]
            if settings.sandbox and sends:
                parts.append(engine.push())
            async with _kept_running(parts):
                await _serving(session, settings.origin)
                yield Ground(engine, session, jpki, place / "connectors")


@asynccontextmanager
async def _kept_running(parts: Sequence[Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serving(session: aiohttp.ClientSession, origin: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with session.get(f"{origin}/health/live"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)
