# SPDX-License-Identifier: Apache-2.0
"""Orders in the database, organisations that take them in every mood, and the worker that brings them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from random import Random

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.channels.guard import Guard
from connectors.channels.line import HttpLine, Line
from connectors.channels.secrets import WebhookSecrets
from connectors.channels.signature import Verifier
from connectors.channels.webhook import Webhooks
from connectors.government.muroran_city import MuroranCitySimulator
from connectors.private.mihon_power import MihonPowerSimulator
from engine.border.wire import Title
from engine.ports import Changes, Lane, Limits, PullOrder
from engine.registry.directory import Directories
from engine.registry.model import Channel, Kind, Organisation
from engine.registry.store import PostgresRegistryStore
from engine.runtime.bells import Bells
from engine.runtime.consumer import ReplyResult
from engine.store.lanes import PostgresLanes
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.unit.border_desk import Moving

CITY, BANK = MuroranCitySimulator.number, MihonPowerSimulator.number
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SECRETS = WebhookSecrets(lambda number, generation: (f"{number} {generation}".ljust(32).encode(),), KEY)
FAST = Limits(rate=10_000, concurrency=8)


@dataclass
class Receiver:
    """An organisation's web server; the test says how it answers."""

    mood: Callable[[web.Request], web.StreamResponse] = field(default=lambda _: web.Response(status=202))
    hangs: bool = False
    got: list[str] = field(default_factory=list)
    bodies: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    most_at_once: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)
    _at_once: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/orders", self._orders)
        return app

    async def _orders(self, request: web.Request) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self.bodies.append((dict(request.headers), await request.read()))
            self.got.append(request.headers["webhook-id"])
            self.came.set()
            if self.hangs:
                await asyncio.sleep(3600)
            return self.mood(request)
        finally:
            self._at_once -= 1

    async def has(self, count: int) -> list[str]:
        async with asyncio.timeout(8):
            while len(self.got) < count:
                self.came.clear()
                await self.came.wait()
        return self.got


@dataclass
class Heard:
    """Where replies go."""

    replies: list[tuple[str, bytes]] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)

    async def take(
        self, organisation: str, events: Sequence[bytes], *, where_from: str = "web", attempts: int = 1
    ) -> list[ReplyResult]:
        if self.troubles:
            raise self.troubles.pop(0)
        self.replies += [(organisation, event) for event in events]
        return [ReplyResult(str(place), "applied") for place in range(len(events))]


class Impatient(Random):
    """Waits as little as it may."""

    def uniform(self, a: float, b: float) -> float:
        return a


@dataclass
class Ground:
    pool: asyncpg.Pool
    store: PostgresStore
    lanes: PostgresLanes
    registry: PostgresRegistryStore
    clock: Moving
    bells: Bells
    heard: Heard
    stack: AsyncExitStack
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def receiver(self, number: str = CITY, limits: Limits = FAST) -> Receiver:
        """Register an organisation on webhook."""
        receiver = Receiver()
        server = await self.stack.enter_async_context(TestServer(receiver.app()))
        await self.register(number, Channel.WEBHOOK, str(server.make_url("/orders")))
        await self.lanes.limit(number, limits)
        return receiver

    async def register(self, number: str, channel: Channel, endpoint: str | None = None) -> None:
        name = Title(ja="見本", en="Sample")
        one = Organisation(number=number, name=name, kind=Kind.COMPANY, channel=channel, endpoint=endpoint)
        await self.registry.put([one])

    async def order(self, *names: str, to: str = CITY, due: date | None = None) -> None:
        orders = [PullOrder(to, name, due, b'{"id":"%s"}' % name.encode()) for name in names]
        async with self.store.unit() as unit:
            await unit.keep(Changes(pull_orders=orders))
        self.bells.ring([("feed", to)])

    def webhooks(self, line: Line | None = None) -> Webhooks:
        if line is None:
            line = HttpLine(Guard(["127.0.0.0/8"], plain=True), self.clock, answer_seconds=1.0)
            self.stack.push_async_callback(line.close)
        return Webhooks(
            lanes=self.lanes,
            directories=Directories(self.registry, self.clock),
            replies=self.heard,
            line=line,
            signer=SECRETS.signer,
            clock=self.clock,
            bells=self.bells,
            is_working_day=lambda day: day.weekday() < 5,
            random=Impatient(),
        )

    @asynccontextmanager
    async def sending(self, *workers: Webhooks) -> AsyncIterator[None]:
        self.tasks = tasks = [asyncio.create_task(worker.run()) for worker in workers or (self.webhooks(),)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended

    async def rows(self, to: str = CITY) -> dict[str, asyncpg.Record]:
        found = await self.pool.fetch("select * from engine.pull_orders where organisation = $1", to)
        return {row["order_id"]: row for row in found}

    async def until(self, is_so: Callable[[dict[str, asyncpg.Record]], bool], to: str = CITY) -> None:
        """Return when the rows of the organisation are as they should be."""
        async with asyncio.timeout(8):
            while True:
                if is_so(await self.rows(to)):
                    return
                await self._moment()

    async def until_lane(self, number: str = CITY, **expected: object) -> None:
        async with asyncio.timeout(8):
            while True:
                health = (await self.lanes.lane(number)).health
                if all(getattr(health, name) == value for name, value in expected.items()):
                    return
                await self._moment()

    async def _moment(self) -> None:
        for task in self.tasks:
            if task.done():
                task.result()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def ground(dsn: str) -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn)
        stack.push_async_callback(pool.close)
        yield Ground(
            pool,
            PostgresStore(pool),
            PostgresLanes(pool),
            PostgresRegistryStore(pool),
            Moving(),
            Bells(),
            Heard(),
            stack,
        )


def trusting(number: str = CITY, generation: int = 1) -> Verifier:
    return Verifier([SECRETS.told(Lane(number=number, secret_generation=generation))[0]])
