# SPDX-License-Identifier: Apache-2.0
"""One organisation's password at the broker is changed alone: the old one is out, others keep theirs."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from pydantic import SecretStr

from engine.broker_users import broker_password, change_broker_password, declare_broker
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.core.errors import EngineError
from engine.ports import BusUnavailable
from engine.registry.model import Channel
from engine.settings import Settings
from tests.integration.lane_ground import BANK, CITY, ground
from tests.services import Broker


def url_of(broker: Broker, number: str, password: str) -> str:
    parts = urlsplit(broker.amqp_url)
    return urlunsplit(parts._replace(netloc=f"org-{number}:{password}@{parts.hostname}:{parts.port}"))


async def is_let_in(broker: Broker, number: str, password: str) -> bool:
    bus = AmqpBus(url_of(broker, number, password))
    try:
        await bus.take(f"orders.{number}", limit=1, wait_seconds=0)
    except BusUnavailable:
        return False
    finally:
        await bus.close()
    return True


async def test_one_password_is_changed_alone_and_stays_so(
    postgres_dsn: str, rabbitmq: Broker, tmp_path: Path
) -> None:
    settings = Settings.load(
        state=tmp_path,
        profile="test",
        bus="rabbitmq",
        database_url=SecretStr(postgres_dsn),
        amqp_url=SecretStr(rabbitmq.amqp_url),
        amqp_admin_url=SecretStr(rabbitmq.admin_url),
    )
    async with ground(postgres_dsn) as here, BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost) as admin:
        for number in (CITY, BANK):
            await here.register(number, Channel.AMQP)
        try:
            await declare_broker(settings)
            old, others = await broker_password(settings, CITY), await broker_password(settings, BANK)
            assert await is_let_in(rabbitmq, CITY, old)

            new = await change_broker_password(settings, CITY, by="host:test", reason="盗難の届出")

            assert not await is_let_in(rabbitmq, CITY, old)
            assert await is_let_in(rabbitmq, CITY, new)
            await declare_broker(settings)  # said again, as `migrate` does
            assert await is_let_in(rabbitmq, CITY, new)
            assert await is_let_in(rabbitmq, BANK, others)
            assert (await broker_password(settings, CITY), await broker_password(settings, BANK)) == (
                new,
                others,
            )
            kept = await here.pool.fetchrow("select act, operator, organisation from engine.audit")
            assert tuple(kept or ()) == ("change-broker-password", "host:test", CITY)
            with pytest.raises(EngineError, match="no-such-organisation"):
                await broker_password(settings, "7999999000002")
        finally:
            for number in (CITY, BANK):
                await admin.shut_out(number)
