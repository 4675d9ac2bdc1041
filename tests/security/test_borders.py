# SPDX-License-Identifier: Apache-2.0
"""What leaves the assembled engine tells each organisation what it may know, and gives two of them nothing to join."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk import Connector
from connectors.sdk.keys import EngineKeys, OwnKeys
from connectors.sdk.pull import PullTransport
from engine.border.envelope import Opened, open_order
from engine.border.sealing import Opener
from engine.core.errors import EngineError
from engine.core.patience import day_in_japan
from tests.households import household
from tests.integration.engine_ground import Ground, ground

POWER, NHK = MihonPowerSimulator(), NhkSimulator()


@dataclass
class Sent:
    """One citizen's case whose orders are on their way to two organisations."""

    here: Ground
    case_id: str
    owner: str
    power: bytes
    nhk: bytes


@pytest.fixture
async def sent(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Sent]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        await here.register(POWER, NHK)
        case_id = await here.open(household(day_in_japan(here.engine.clock.now()) + timedelta(days=12)))
        await here.confirm([case_id])
        stored = await here.engine.store.case(case_id)
        assert stored is not None
        (power,), (nhk,) = [await orders(here, one) for one in (POWER, NHK)]
        yield Sent(here, str(case_id), str(stored.case.owner), power, nhk)


async def test_two_organisations_receive_nothing_by_which_to_join_what_they_know(sent: Sent) -> None:
    power, nhk = json.loads(sent.power), json.loads(sent.nhk)

    names = [
        {order["id"], order["subject"], *order["traceparent"].split("-")[1:3], header(order)["epk"]["x"]}
        for order in (power, nhk)
    ]

    assert all(len(of_one) == 5 for of_one in names)
    assert not names[0] & names[1]
    for raw in (sent.power, sent.nhk, payload(sent, POWER, sent.power), payload(sent, NHK, sent.nhk)):
        assert sent.case_id.encode() not in raw
        assert sent.owner.encode() not in raw


async def test_an_envelope_shows_nothing_of_what_is_in_it(sent: Sent) -> None:
    told = json.loads(payload(sent, NHK, sent.nhk))

    shown = sent.nhk + json.dumps(header(json.loads(sent.nhk)), ensure_ascii=False).encode()

    assert told["fields"]["phone"].encode() not in shown
    assert told["procedure"].encode() not in shown
    assert told["fields"]["name"]["family"].encode() not in shown


async def test_nobody_but_the_organisation_itself_opens_its_order(sent: Sent) -> None:
    assert opened(sent, NHK, sent.nhk).event.subject == json.loads(sent.nhk)["subject"]

    with pytest.raises(EngineError, match="seal-unknown-recipient"):
        opened(sent, POWER, sent.nhk)


async def test_an_order_put_into_anothers_envelope_is_found_out(sent: Sent) -> None:
    swapped = json.loads(sent.power) | {"data": json.loads(sent.nhk)["data"]}

    with pytest.raises(EngineError, match="seal-"):
        opened(sent, NHK, json.dumps(swapped).encode())


async def test_an_organisation_is_handed_its_own_orders_and_may_acknowledge_no_others(sent: Sent) -> None:
    engine, keys = sent.here.engine, sent.here.keys(POWER)
    line = PullTransport(engine.settings.origin, number=POWER.number, keys=keys, clock=engine.clock)
    try:
        handed = await line.take(wait_seconds=0)
        await line.acknowledge([type(one)(sent.nhk, None) for one in handed])
    finally:
        await line.close()

    assert [one.event for one in handed] == [sent.power]
    assert await orders(sent.here, NHK) == [sent.nhk]


async def test_a_key_of_one_organisation_does_not_speak_for_another(sent: Sent) -> None:
    engine, stolen = sent.here.engine, sent.here.keys(POWER)
    line = PullTransport(engine.settings.origin, number=NHK.number, keys=stolen, clock=engine.clock)
    try:
        with pytest.raises(Exception, match="401"):
            await line.take(wait_seconds=0)
    finally:
        await line.close()


async def orders(here: Ground, connector: Connector) -> list[bytes]:
    """Return the orders that wait for an organisation, as they lie there."""
    return [one.event for one in await here.engine.store.pull_orders(connector.number, after=0, limit=10)]


def opened(sent: Sent, connector: Connector, raw: bytes) -> Opened:
    """Return the order as the organisation's own program opens it."""
    own: OwnKeys = sent.here.keys(connector)
    engine = EngineKeys()
    engine.learn(sent.here.engine.public_keys())
    return open_order(raw, Opener(own.decryption, engine.verification))


def payload(sent: Sent, connector: Connector, raw: bytes) -> bytes:
    return opened(sent, connector, raw).payload.wire()


def header(order: dict[str, Any]) -> dict[str, Any]:
    text = order["data"].partition(".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found
