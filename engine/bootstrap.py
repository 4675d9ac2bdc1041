# SPDX-License-Identifier: Apache-2.0
"""The one place where everything is opened: settings in, a working engine out.

Nothing elsewhere makes its own store, bus, clock or keys. `engine.assembly` says what each part is made
of; here are the roles (serve, work, relay, push, post): which parts are kept running.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import aiohttp
from aiohttp import web

from connectors.channels.guard import Guard
from connectors.channels.line import HttpLine
from engine.assembly.ground import ENVIRONMENTS
from engine.assembly.organisations import open_bus
from engine.assembly.people import People
from engine.border.jwk import exported, key_set
from engine.bus.amqp import AmqpBus
from engine.clock import SimulatedClock, SystemClock
from engine.identity.fetch import HttpFetch
from engine.identity.trust import TrustStore
from engine.keys import Keys
from engine.ports import Clock, DeadLetters
from engine.registry import postal_codes
from engine.registry.corporate_numbers import CorporateNumbers, NoCorporateNumbers
from engine.registry.extract import OfflineExtract
from engine.registry.nta import NtaWebApi
from engine.runtime.catalogue import AnyEvent
from engine.runtime.dead import DeadDrain
from engine.settings import Profile, Settings
from engine.store.pool import open_pool
from engine.web.app import build_app, make_runner
from engine.web.doors import Doors, Probe
from engine.web.security import LOOPBACK, Rate, WebSettings
from workflows.birth import BIRTH
from workflows.death import DEATH
from workflows.marriage import MARRIAGE
from workflows.moving import MOVING

LIFE_EVENTS: Final[Sequence[AnyEvent]] = (MOVING, MARRIAGE, BIRTH, DEATH)
_SWEEP_SECONDS: Final = 3600.0

log = logging.getLogger(__name__)


class Engine(People):
    """Everything that is put together, for the roles, the tests and the operator's commands."""

    def app(self) -> web.Application:
        """Return the web application of this engine."""
        doors = Doors(
            counter=self.counter,
            participation=self.participation,
            assistance=self.assistance,
            representations=self.representations,
            corrections=self.corrections,
            care=self.care,
            control=self.control,
            onboarding=self.onboarding,
            approvals=self.approvals,
            own=self.own,
            agents=self.agents,
            lanes=self.lane_desk,
            webhooks=self.webhook_desk,
            suite=self.suite,
            sandbox=self.sandbox,
            feed=self.feed,
            replies=self.replies,
            mailbox=self.mailbox,
            uploads=self.uploads,
            gate=self.gate,
            access=self.access,
            keys=self.public_keys,
            probes=self.probes,
        )
        settings, rate = self.settings, self.settings.requests_per_address
        web_settings = WebSettings(
            public_url=settings.origin,
            per_address=Rate(rate, 4 * rate),
            proof_lasts=timedelta(minutes=settings.proof_minutes),
            trusted_proxies=(*LOOPBACK, *settings.proxies),
        )
        return build_app(doors, web_settings)

    @property
    def probes(self) -> Mapping[str, Probe]:
        """What has to answer before this engine can work, by its name."""
        return {"store": self._ask_store, "bus": self.bus.probe}

    def public_keys(self) -> Mapping[str, Any]:
        """Return the engine's own public keys as a JWK Set."""
        # What a previous one has signed is still on its way; a coming one is known before it signs.
        signing = [exported(key.public_key(), use="sig") for key in self.keys.signings]
        return key_set([signing[0], exported(self.keys.decryption.public_key(), use="enc"), *signing[1:]])

    async def serve(self) -> None:
        """Serve the web until cancelled; then requests under way are answered before anything else ends."""
        await asyncio.to_thread(postal_codes.ready)
        runner = make_runner(self.app())
        await runner.setup()
        parts = [asyncio.create_task(self.intake.run()), asyncio.create_task(self.publisher.run())]
        try:
            await web.TCPSite(runner, self.settings.host, self.settings.port).start()
            log.info("web.serving", extra={"listen": self.settings.listen})
            await asyncio.gather(*parts)
        finally:
            await runner.cleanup()
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await self.publisher.flush()

    async def work(self) -> None:
        """Take what comes over the bus, and wake cases, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.timekeeper.run())
            group.create_task(self.afterwards.run())
            group.create_task(self.resealing.run())
            group.create_task(self.handover.run())
            group.create_task(self.undone.run())
            group.create_task(self.suite.run())
            group.create_task(self.intake.run())
            group.create_task(self.publisher.run())
            if not self.bus.rides_on_store:
                group.create_task(self.consumer.run())
            if isinstance(self.bus, AmqpBus):
                dead: DeadLetters = self.bus
                group.create_task(DeadDrain(letters=dead, store=self.store).run())

    async def deliver(self) -> None:
        """Put letters into their boxes, and sweep the vault, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.post.run())
            group.create_task(self._sweep())

    async def push(self) -> None:
        """Bring orders to web addresses, and along when a channel changes, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.webhooks.run())
            group.create_task(self.moves.run())
            group.create_task(self.intake.run())
            group.create_task(self.publisher.run())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            await self.chores.run_once()

    async def _ask_store(self) -> None:
        await self.store.seen(("engine", "probe"))


@asynccontextmanager
async def open_engine(
    settings: Settings,
    *,
    dsn: str | None = None,
    trust: TrustStore | None = None,
    life_events: Sequence[AnyEvent] = LIFE_EVENTS,
) -> AsyncIterator[Engine]:
    """Yield the engine of these settings; everything is closed when the block ends.

    `dsn` and `trust` are given where something else made them: the embedded database, a rehearsal.
    `life_events` is what the law says, all of it: nothing else here knows a procedure.

    Raises:
        EngineError: `invalid-settings`, `unusable-keys`; StoreUnavailable, BusUnavailable.
    """
    clock: Clock = SystemClock()
    if settings.clock == "simulated":
        clock = SimulatedClock(settings.state / "clock")
    keys = Keys.opened(settings)
    if trust is None:
        trust = TrustStore.load(settings.trust or settings.state / "trust", ENVIRONMENTS[settings.profile])
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn or settings.required("database_url"))
        stack.push_async_callback(pool.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        line = HttpLine(Guard(settings.networks, plain=settings.profile is not Profile.PRODUCTION), clock)
        stack.push_async_callback(line.close)
        bus = open_bus(settings, pool)
        stack.push_async_callback(bus.close)
        engine = Engine(
            settings=settings,
            clock=clock,
            keys=keys,
            pool=pool,
            bus=bus,
            trust=trust,
            fetch=HttpFetch(session),
            numbers=corporate_numbers(settings, session),
            line=line,
            life_events=life_events,
        )
        await engine.catalogue.keep()
        yield engine


def corporate_numbers(settings: Settings, session: aiohttp.ClientSession) -> CorporateNumbers:
    """Return where corporate numbers are looked up: as the operator said, and in rehearsals offline.

    Raises:
        EngineError: `invalid-settings`: the file with the application id is empty or open to others.
    """
    source = settings.corporate_numbers
    if source is None and settings.profile is Profile.PRODUCTION:
        return NoCorporateNumbers()
    if source is None or source == "extract":
        return OfflineExtract()
    return NtaWebApi(session, base=source, application_id=settings.application_id())
