# SPDX-License-Identifier: Apache-2.0
"""The ways W is carried out, each with its processes: the engine on either bus, and the bare pipelines."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from connectors.sdk.keys import OwnKeys
from engine.bus.admin import BrokerAdmin
from engine.clock import SystemClock
from engine.local.postgres import Postgres
from engine.local.process import free_port
from engine.local.rabbitmq import Rabbit
from engine.registry.seed import seed
from engine.registry.store import PostgresRegistryStore
from engine.store.migrate import migrate
from engine.store.pool import open_pool
from tests.bench.line import Child
from tests.bench.workload import NUMBERS, registration

_BARE: Final = Path(__file__).with_name("bare.sql")


@dataclass(frozen=True, slots=True)
class Ground:
    """What is shared by all ways: one durable PostgreSQL, one RabbitMQ (None where there is none)."""

    directory: Path
    postgres: Postgres
    rabbit: Rabbit | None


@dataclass(slots=True)
class Way:
    """One way, running: its engine (or bare engine), its connector, and what else works for it."""

    name: str
    engine: Child
    connector: Child
    groups: dict[str, int]
    origin: str = ""


@asynccontextmanager
async def engine_way(ground: Ground, name: str, *, over_amqp: bool, sdk: bool = False) -> AsyncIterator[Way]:
    """Yield a whole engine with the connectors of the workload."""
    home = ground.directory / name.replace(" ", "-")
    home.mkdir(mode=0o755)
    dsn = await _database(ground, "engine")
    await migrate(dsn)
    keys = {number: OwnKeys.kept_in(home / "connectors" / number) for number in NUMBERS}
    channel = "amqp" if over_amqp else "pull"
    pool = await open_pool(dsn)
    try:
        listed = [registration(number, own, channel=channel) for number, own in keys.items()]
        await seed(PostgresRegistryStore(pool), listed, clock=SystemClock())
    finally:
        await pool.close()
    listen = f"127.0.0.1:{free_port()}"
    settings: dict[str, object] = {
        "state": str(home), "database_url": dsn, "listen": listen, "profile": "test", "bus": "embedded",
    }  # fmt: skip
    amqp: dict[str, str] | None = None
    if over_amqp:
        address, amqp = await _broker(ground, name)
        settings |= {"bus": "rabbitmq", "amqp_url": address}
    engine = await Child.start("tests.bench.engine_side", {"settings": settings}, log=home / "engine.log")
    decided = {"home": str(home / "connectors"), "engine": f"http://{listen}", "amqp": amqp, "sdk": sdk}
    try:
        connector = await Child.start("tests.bench.connector_side", decided, log=home / "connector.log")
        try:
            yield Way(name, engine, connector, _groups(ground, engine, connector), f"http://{listen}")
        finally:
            await connector.stop()
    finally:
        await engine.stop()


@asynccontextmanager
async def bare_way(ground: Ground, name: str, *, over_amqp: bool) -> AsyncIterator[Way]:
    """Yield a bare pipeline with its connector."""
    home = ground.directory / name.replace(" ", "-")
    home.mkdir(mode=0o755)
    dsn = await _database(ground, "bare")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_BARE.read_text())
    finally:
        await connection.close()
    amqp = ground.rabbit.vhost(f"bare-{secrets.token_hex(4)}") if over_amqp and ground.rabbit else None
    decided = {"dsn": dsn, "amqp": amqp}
    connector = await Child.start("tests.bench.bare_connector", decided, log=home / "connector.log")
    try:
        engine = await Child.start("tests.bench.bare_side", decided, log=home / "engine.log")
        try:
            yield Way(name, engine, connector, _groups(ground, engine, connector))
        finally:
            await engine.stop()
    finally:
        await connector.stop()


def _groups(ground: Ground, engine: Child, connector: Child) -> dict[str, int]:
    groups = {"engine": engine.pid, "connector": connector.pid, "postgres": ground.postgres.pid or 0}
    if ground.rabbit is not None:
        groups["broker"] = ground.rabbit.pid or 0
    return groups


async def _database(ground: Ground, kind: str) -> str:
    name = f"{kind}_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(ground.postgres.dsn)
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    return urlunsplit(urlsplit(ground.postgres.dsn)._replace(path=f"/{name}"))


async def _broker(ground: Ground, name: str) -> tuple[str, dict[str, str]]:
    """Declare a vhost as `migrate` does; return the engine's way in, and that of each organisation."""
    assert ground.rabbit is not None
    vhost = f"{name.replace(' ', '-')}-{secrets.token_hex(4)}"
    address = ground.rabbit.vhost(vhost)
    host = address.rpartition("@")[2]
    ways: dict[str, str] = {}
    async with BrokerAdmin(ground.rabbit.admin_url, vhost) as broker:
        await broker.declare()
        for number in NUMBERS:
            password = secrets.token_urlsafe(12)
            await broker.declare_organisation(number, password)
            ways[number] = f"amqp://org-{number}:{quote(password, safe='')}@{host}"
    return address, ways


async def checked(way: Way) -> Mapping[str, Any]:
    """Return what the way's tables hold."""
    found: Mapping[str, Any] = await way.engine.ask("check")
    return found
