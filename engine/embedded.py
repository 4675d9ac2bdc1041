# SPDX-License-Identifier: Apache-2.0
"""A whole Todoke on one machine: its own database, the engine, and in a rehearsal everybody around it.

The simulated organisations, together, and the simulated certification authority are programs of their
own, as real ones would be; the engine knows no difference. When this process dies, in whatever way, they die.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, Self

import aiohttp

from connectors.sdk.keys import OwnKeys
from connectors.simulators.catalogue import SIMULATORS, registration
from connectors.simulators.digital_app import DigitalApp
from connectors.simulators.jpki import JpkiWorld
from engine.bootstrap import Engine, open_engine
from engine.clock import SimulatedClock, SystemClock
from engine.core.errors import Code, EngineError, register
from engine.identity.profiles import Environment
from engine.identity.provider import keep_provider
from engine.identity.trust import TrustStore
from engine.local import process
from engine.local.postgres import Postgres
from engine.local.state import State
from engine.registry.seed import seed
from engine.settings import Profile, Settings
from engine.store.migrate import migrate

TREE: Final = Path(__file__).resolve().parents[1]
_UP_SECONDS: Final = 60.0
_DOWN_SECONDS: Final = 20.0

register(
    {
        "not-up": Code(503, "起動できませんでした", "It did not come up in time"),
    }
)


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[Engine]:
    """Yield a running engine that answers at `settings.origin`; all of it has ended when the block ends.

    Raises:
        EngineError: `already-running`, `unsafe-path`, `cannot-start`, `not-up`, and what the parts raise.
    """
    state = State(settings.state).prepare()
    for name in (
        "keys",
        "documents",
        "clock",
        "jpki",
        "trust",
        "connectors",
        "log",
        "card.json",
        "cards",
        "demo.json",
        "trust",
    ):
        state.place(name)
    with state.lock():
        (settings.state / "log").mkdir(exist_ok=True, mode=0o700)
        postgres = Postgres(state.place("postgres")).start()
        try:
            await migrate(postgres.dsn)
            async with AsyncExitStack() as stack:
                children = stack.enter_context(_Children(settings))
                trust = None
                if settings.profile is not Profile.PRODUCTION:
                    trust = await _certification_authority(settings, children)
                engine = await stack.enter_async_context(open_engine(settings, dsn=postgres.dsn, trust=trust))
                if settings.profile is not Profile.PRODUCTION:
                    await _register_simulators(settings, engine)
                await stack.enter_async_context(_running(engine))
                if settings.profile is not Profile.PRODUCTION:
                    children.start("organisations", "connect", "all", "--engine", settings.origin)
                yield engine
        finally:
            postgres.stop()


class _Children:
    """Programs of this tree that run beside us, and end before us."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._running:
            child.send_signal(signal.SIGTERM)
        for child in self._running:
            process.stop(child, signal.SIGTERM, seconds=_DOWN_SECONDS)

    def start(self, name: str, *arguments: str) -> None:
        """Start one command of Todoke; what it says goes to its own log."""
        self._running.append(
            process.spawn(
                [sys.executable, "-m", "engine.cli", *arguments],
                environment(self._settings),
                log=self._settings.state / "log" / f"{name}.log",
                death=signal.SIGTERM,
                user=None,
            )
        )


def environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment in which another process finds the same Todoke."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TODOKE_")}
    return kept | {
        "PYTHONPATH": str(TREE),
        "TODOKE_STATE": str(settings.state),
        "TODOKE_PROFILE": settings.profile.value,
        "TODOKE_CLOCK": settings.clock,
        "TODOKE_LISTEN": settings.listen,
        "TODOKE_PUBLIC_URL": settings.origin,
        "TODOKE_LOG": settings.log,
    }


@asynccontextmanager
async def _running(engine: Engine) -> AsyncIterator[None]:
    """Keep all roles running while the block lasts."""
    parts = [
        asyncio.create_task(part, name=name)
        for name, part in (
            ("serve", engine.serve()),
            ("work", engine.work()),
            ("deliver", engine.deliver()),
            ("push", engine.push()),
        )
    ]
    try:
        await _answers(f"{engine.settings.origin}/health/live", parts)
        yield
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)


async def _answers(url: str, parts: list[asyncio.Task[None]]) -> None:
    """Return when the address answers; raise what one of the parts died of."""
    until = time.monotonic() + _UP_SECONDS
    async with aiohttp.ClientSession() as client:
        while time.monotonic() < until:
            for part in parts:
                if part.done():
                    part.result()
            try:
                async with client.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    raise EngineError("not-up", reason=url)


async def _certification_authority(settings: Settings, children: _Children) -> TrustStore:
    """Start the simulated authority, and return the trust store that believes it."""
    port = process.free_port()
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    world = await asyncio.to_thread(JpkiWorld, clock, state=settings.state / "jpki")
    children.start("jpki-simulator", "jpki", "--port", str(port))
    await _answers(f"http://127.0.0.1:{port}/", [])
    provider = DigitalApp(world, base=f"http://127.0.0.1:{port}").described(settings.origin)
    keep_provider(settings.state / "trust", Environment.DEVELOPMENT, provider)
    return world.trust(f"http://127.0.0.1:{port}")


async def _register_simulators(settings: Settings, engine: Engine) -> None:
    known = [
        registration(
            simulated.connector, OwnKeys.kept_in(settings.state / "connectors" / name), channel="pull"
        )
        for name, simulated in SIMULATORS.items()
    ]
    await seed(engine.registry, known, clock=engine.clock)
