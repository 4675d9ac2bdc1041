# SPDX-License-Identifier: Apache-2.0
"""What is declared at the broker from the host: queues and policies, and every organisation's own user."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import asyncpg

from engine.bus.admin import BrokerAdmin
from engine.bus.tls import BrokerTls
from engine.clock import SimulatedClock, SystemClock
from engine.core.errors import EngineError
from engine.keys import Keys
from engine.ports import AuditEntry
from engine.registry.model import Channel
from engine.registry.store import PostgresRegistryStore
from engine.settings import Settings
from engine.store.lanes import PostgresLanes
from engine.store.operators import PostgresOperators
from engine.store.pool import open_pool


def admin_tls(settings: Settings, url: str) -> BrokerTls | None:
    """Return how the line to the broker's management API is secured, None for one without TLS."""
    return BrokerTls(settings.amqp_ca) if url.startswith("https:") else None


async def declare_broker(settings: Settings) -> list[str]:
    """Declare the broker's queues and policies, and queue and user of every organisation on AMQP.

    Returns what was done, a line each; passwords are not in it.

    Raises:
        EngineError: `invalid-settings`, `unavailable-broker`, `invalid-broker-request`.
    """
    keys = Keys.opened(settings)
    vhost = unquote(urlsplit(settings.required("amqp_url")).path[1:]) or "/"
    async with _opened(settings) as pool:
        registered = (await PostgresRegistryStore(pool).contents()).organisations.values()
        numbers = sorted(one.number for one in registered if one.channel is Channel.AMQP)
        lanes = await PostgresLanes(pool).lanes(numbers)
    admin_url = settings.required("amqp_admin_url")
    async with BrokerAdmin(admin_url, vhost, tls=admin_tls(settings, admin_url)) as broker:
        await broker.declare()
        for number in numbers:
            generation = lanes[number].secret_generation if number in lanes else 1
            await broker.declare_organisation(number, keys.broker_password(number, generation))
    return [f"declared the queues of {vhost}", *(f"declared org-{number}" for number in numbers)]


async def letters_waiting(settings: Settings) -> int:
    """Return how many letters lie in the broker, as it counted some seconds ago.

    Raises:
        EngineError: `invalid-settings`, `unavailable-broker`.
    """
    vhost = unquote(urlsplit(settings.required("amqp_url")).path[1:]) or "/"
    admin_url = settings.required("amqp_admin_url")
    async with BrokerAdmin(admin_url, vhost, tls=admin_tls(settings, admin_url)) as broker:
        return await broker.waiting("letters")


async def broker_password(settings: Settings, number: str) -> str:
    """Return the password of an organisation's user at the broker, as it is now.

    Raises:
        EngineError: `invalid-settings`, `no-such-organisation`.
    """
    keys = Keys.opened(settings)
    async with _opened(settings) as pool:
        await _registered(pool, number)
        lane = await PostgresLanes(pool).lane(number)
    return keys.broker_password(number, lane.secret_generation)


async def change_broker_password(settings: Settings, number: str, *, by: str, reason: str) -> str:
    """Give an organisation another password, end its connections, and return it; others keep theirs.

    Raises:
        EngineError: as above; `already-changing-secret`: somebody else does so at this moment;
            `unavailable-broker`: do it again, or `migrate`.
    """
    keys = Keys.opened(settings)
    vhost = unquote(urlsplit(settings.required("amqp_url")).path[1:]) or "/"
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    async with _opened(settings) as pool:
        await _registered(pool, number)
        entry = AuditEntry(
            id=uuid4(),
            at=clock.now(),
            operator=by,
            act="change-broker-password",
            organisation=number,
            reason=reason,
        )
        await PostgresOperators(pool).record([entry])
        lanes = PostgresLanes(pool)
        before = (await lanes.lane(number)).secret_generation
        if not await lanes.change_secret(number, at=clock.now(), before=before):
            raise EngineError("already-changing-secret")
    password = keys.broker_password(number, before + 1)
    admin_url = settings.required("amqp_admin_url")
    async with BrokerAdmin(admin_url, vhost, tls=admin_tls(settings, admin_url)) as broker:
        await broker.shut_out(number)
        await broker.declare_organisation(number, password)
    return password


async def _registered(pool: asyncpg.Pool, number: str) -> None:
    if await PostgresRegistryStore(pool).organisation(number) is None:
        raise EngineError("no-such-organisation")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(settings.required("database_url"))
    try:
        yield pool
    finally:
        await pool.close()
