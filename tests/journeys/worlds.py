# SPDX-License-Identifier: Apache-2.0
"""The two ways to run Todoke, with everybody around it: each a set of processes that ends with the test."""

import asyncio
import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from connectors.sdk.keys import OwnKeys
from connectors.simulators.catalogue import SIMULATORS, registration
from connectors.simulators.jpki import JpkiWorld, SoftwareCard
from engine.clock import SimulatedClock, SystemClock
from engine.identity import trust
from engine.keys import Keys
from engine.local import process
from engine.local.process import free_port
from engine.local.rabbitmq import call_api
from engine.local.state import State
from engine.registry.seed import seed
from engine.registry.store import PostgresRegistryStore
from engine.settings import Profile
from engine.store.pool import open_pool
from tests.journeys.household import (
    HOLDER,
    PASSWORD,
    PIN,
    RECEIVERS,
    Hook,
    Household,
    Story,
)
from tests.services import Broker

TREE = Path(__file__).resolve().parents[2]
_UP_SECONDS = 60.0
_DOWN_SECONDS = 30.0
ROLES = ("serve", "work", "relay", "post")


class Processes:
    """Commands of Todoke that run beside the test; none outlives it, however it ends."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._how: dict[str, tuple[Mapping[str, str], tuple[str, ...]]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(mode=0o700)

    def start(self, name: str, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
        self._how[name] = (environment, arguments)
        self._running[name] = process.spawn(
            [sys.executable, "-m", "engine.cli", *arguments],
            environment,
            log=self.logs / f"{name}.log",
            death=signal.SIGTERM,
            user=None,
        )
        return self._running[name]

    def kill(self, name: str) -> None:
        """Let it die without a word."""
        self._running[name].kill()
        self._running[name].wait()

    def again(self, name: str) -> None:
        """Start it as it was started."""
        environment, arguments = self._how[name]
        self.start(name, environment, *arguments)

    def check_alive(self) -> None:
        for name, one in self._running.items():
            assert one.poll() is None, f"{name} ended: {self.said(name)}"

    def said(self, name: str) -> str:
        return process.last_words(process.read_log(self.logs / f"{name}.log"))

    def stop(self) -> dict[str, int]:
        """Tell all to end; return which did not in good order, and with which status."""
        for one in self._running.values():
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        for one in self._running.values():
            try:
                one.wait(_DOWN_SECONDS)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
        return {name: one.returncode for name, one in self._running.items() if one.returncode}


@dataclass
class World:
    """A Todoke that answers at `origin`, and where things lie that only its operator sees."""

    origin: str
    state: Path
    processes: Processes
    given_dsn: str | None = None
    broker: Broker | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def dsn(self) -> str:
        return self.given_dsn or embedded_dsn(self.state / "postgres")

    @property
    def keys(self) -> Keys:
        return Keys.load(self.state / "keys")

    def ledger(self, name: str) -> Path:
        return self.state / "connectors" / name / "ledger.sqlite3"

    async def household(self, moments: Mapping[str, Hook] | None = None) -> Story:
        """Let a household move, and return what it saw."""
        clock = SimulatedClock(self.state / "clock")
        card = SoftwareCard.load(self.state / "card.json")
        try:
            return await Household(self.origin, card, clock, moments or {}).moves()
        finally:
            self.processes.check_alive()  # the first thing to know when a journey has stuck

    async def queues(self) -> dict[str, int]:
        """Return how many messages lie in each queue of the broker; empty on the embedded bus."""
        if self.broker is None:
            return {}
        path = f"/queues/{self.broker.vhost}?disable_stats=true&enable_queue_totals=true"
        listed: list[dict[str, Any]] = await asyncio.to_thread(call_api, self.broker.admin_url, "GET", path)
        return {queue["name"]: queue.get("messages", 0) for queue in listed}


@asynccontextmanager
async def embedded(place: Path) -> AsyncIterator[World]:
    """Run `todoke up` on a fresh place."""
    state = State(place).prepare()
    for name in ("jpki", "card.json"):
        state.place(name)
    lay_authority(place)
    port = free_port()
    environment = environment_of(place, TODOKE_LISTEN=f"127.0.0.1:{port}")
    world = World(f"http://127.0.0.1:{port}", place, Processes(place.with_name("log")))
    async with stopped_after(world):
        world.processes.start("up", environment, "up")
        await answers(f"{world.origin}/health/live", world.processes)
        yield world


@asynccontextmanager
async def distributed(place: Path, dsn: str, broker: Broker) -> AsyncIterator[World]:
    """Run every role, the household's receivers and the certification authority, each as its own process."""
    lay_authority(place)
    port, jpki_port = free_port(), free_port()
    jpki = JpkiWorld(SystemClock(), state=place / "jpki")
    trust.write(place / "trust", jpki.trust(f"http://127.0.0.1:{jpki_port}"))
    environment = environment_of(
        place,
        TODOKE_LISTEN=f"127.0.0.1:{port}",
        TODOKE_BUS="rabbitmq",
        TODOKE_DATABASE_URL=dsn,
        TODOKE_AMQP_URL=broker.amqp_url,
        TODOKE_AMQP_ADMIN_URL=broker.admin_url,
        TODOKE_TRUST=str(place / "trust"),
    )
    keys = _keys_with_shared_passwords(place / "keys")
    await _register(place, dsn)
    world = World(
        f"http://127.0.0.1:{port}", place, Processes(place.with_name("log")), dsn, broker, environment
    )
    async with stopped_after(world):
        migrating = world.processes.start("migrate", environment, "migrate")
        assert await asyncio.to_thread(migrating.wait, _UP_SECONDS) == 0, world.processes.said("migrate")
        world.processes._running.pop("migrate")
        world.processes.start("jpki", environment_of(place), "jpki", "--port", str(jpki_port))
        for role in ROLES:
            world.processes.start(role, environment, role)
        for name in RECEIVERS:
            number = SIMULATORS[name].connector.number
            own = environment_of(
                place,
                TODOKE_LISTEN=f"127.0.0.1:{port}",
                TODOKE_AMQP_URL=_url_of(broker, f"org-{number}", keys.broker_password(number)),
            )
            world.processes.start(name, own, "connect", name, "--channel", "amqp")
        await answers(f"{world.origin}/health/live", world.processes)
        await answers(f"http://127.0.0.1:{jpki_port}/", world.processes)
        yield world


@asynccontextmanager
async def stopped_after(world: World) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await asyncio.to_thread(world.processes.stop)


def environment_of(place: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TODOKE_")}
    own = {
        "PYTHONPATH": str(TREE),
        "TODOKE_STATE": str(place),
        "TODOKE_PROFILE": "demo",
        "TODOKE_CLOCK": "simulated",
        "TODOKE_LOG": "debug",
    }
    chosen = {
        name: os.environ[name]
        for name in ("TODOKE_PG", "TODOKE_PG_BIN", "TODOKE_RUN_AS")
        if name in os.environ
    }
    return kept | own | chosen | more


def embedded_dsn(directory: Path) -> str:
    """Return the way into a private PostgreSQL that runs."""
    password = (directory / "password").read_text()
    port = (directory / "data" / "postmaster.pid").read_text().splitlines()[3]
    return f"postgresql://todoke:{password}@127.0.0.1:{port}/postgres"


async def answers(url: str, processes: Processes) -> None:
    """Return when somebody answers there; fail with the last words of a process that has ended."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(_UP_SECONDS):
        while True:
            processes.check_alive()
            try:
                async with client.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


def lay_authority(place: Path) -> None:
    """Put the certification authority and the household's card there: made once, they are slow to make."""
    made = _authority()
    place.mkdir(mode=0o700, exist_ok=True)
    shutil.copytree(made / "jpki", place / "jpki")
    shutil.copy(made / "card.json", place / "card.json")


@cache
def _authority() -> Path:
    place = Path(tempfile.mkdtemp(prefix="todoke-jpki-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    world = JpkiWorld(SystemClock(), state=place / "jpki")
    world.make_card(HOLDER, login_pin=PIN, signature_pin=PASSWORD).save(place / "card.json")
    return place


def _keys_with_shared_passwords(directory: Path) -> Keys:
    """Return new keys, but for the one that makes the passwords of the broker's users.

    Users belong to the whole broker, not to a virtual host: worlds side by side share them.
    """
    directory.mkdir(mode=0o700)
    session_key = directory / "session.key"
    session_key.touch(mode=0o600)
    session_key.write_bytes(bytes(range(32)))
    return Keys.create_missing(directory, profile=Profile.DEMO)


async def _register(place: Path, dsn: str) -> None:
    known = [
        registration(SIMULATORS[name].connector, OwnKeys.kept_in(place / "connectors" / name), channel="amqp")
        for name in RECEIVERS
    ]
    pool = await open_pool(dsn)
    try:
        await seed(PostgresRegistryStore(pool), known, clock=SystemClock())
    finally:
        await pool.close()


def _url_of(broker: Broker, user: str, password: str) -> str:
    parts = urlsplit(broker.amqp_url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}"))
