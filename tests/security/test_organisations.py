# SPDX-License-Identifier: Apache-2.0
"""What one organisation tries against another, at a whole engine on a real database and a real broker: all in vain."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk import Connector
from connectors.sdk.keys import OwnKeys
from engine.border.envelope import EVENT_MEDIA_TYPE, seal_event
from engine.border.jwk import RecipientKey, exported
from engine.border.payloads import ReplyReceived
from engine.border.sealing import Sealer
from engine.border.tokens import key_proof, organisation_token
from engine.bus.admin import BrokerAdmin
from engine.core.patience import day_in_japan
from engine.demos.moving_family import household
from engine.registry.model import Subscription
from tests.integration.engine_ground import Ground, ground
from tests.integration.onboarding_ground import people
from tests.services import Broker

POWER, NHK = MihonPowerSimulator(), NhkSimulator()
FEED, REPLIES, KEYS = (f"/v1/organisation/{name}" for name in ("orders", "replies", "keys"))


@dataclass
class Two:
    """Two organisations with an order each; NHK is the one that tries."""

    here: Ground
    power: dict[str, Any]
    nhk: dict[str, Any]

    def token(self, who: Connector, *, number: str | None = None, token_id: str | None = None) -> str:
        keys = self.here.keys(who)
        return organisation_token(
            keys.signing,
            kid=keys.kid,
            number=number or who.number,
            audience=self.here.engine.settings.origin,
            now=self.here.engine.clock.now(),
            token_id=token_id,
        )

    async def ask(
        self, method: str, path: str, *, token: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        kind = EVENT_MEDIA_TYPE if isinstance(body, bytes) else "application/json"
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {token}", **({"Content-Type": kind} if raw else {}), **headers}
        url = self.here.engine.settings.origin + path
        async with self.here.session.request(method, url, data=raw, headers=sent) as answer:
            return answer.status, json.loads(await answer.read())

    def reply(
        self, keys: OwnKeys, order: dict[str, Any], *, source: str, receipt: str = "1", name: str = "r-1"
    ) -> bytes:
        clock = self.here.engine.clock
        sealer = Sealer(keys.signing, kid=keys.kid, source=f"/organisations/{source}", clock=clock)
        return seal_event(
            ReplyReceived(order_id=order["id"], receipt=receipt),
            id=name,
            subject=order["subject"],
            sequence=1,
            time=clock.now(),
            sealer=sealer,
            recipient=RecipientKey(self.here.engine.keys.decryption.public_key()),
        )

    async def say(self, event: bytes, who: Connector = NHK) -> tuple[str, str | None]:
        status, said = await self.ask("POST", REPLIES, token=self.token(who), body=event)
        assert status == 200, said
        (one,) = said["results"]
        return one["outcome"], one["code"]


async def waiting(here: Ground, who: Connector) -> dict[str, Any]:
    (one,) = await here.engine.feed.orders(who.number, after=0, limit=5, wait_seconds=0)
    found: dict[str, Any] = json.loads(one.event)
    return found


@pytest.fixture
async def two(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Two]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        await here.register(POWER, NHK)
        case_id = await here.open(household(day_in_japan(here.engine.clock.now()) + timedelta(days=12)))
        await here.confirm([case_id])
        yield Two(here, await waiting(here, POWER), await waiting(here, NHK))


async def test_a_feed_is_its_own_organisations_whatever_a_request_says(two: Two) -> None:
    token = two.token(NHK)

    _, named = await two.ask("GET", FEED, token=token, **{"Todoke-Organisation": POWER.number})
    forged, _ = await two.ask("GET", FEED, token=two.token(NHK, number=POWER.number))

    assert [one["id"] for one in named] == [two.nhk["id"]]
    assert forged == 401


async def test_acknowledging_or_resending_somebody_elses_order_does_nothing(two: Two) -> None:
    ids = {"orderIds": [two.power["id"]]}

    _, acked = await two.ask("POST", f"{FEED}/acks", token=two.token(NHK), body=ids)
    _, resent = await two.ask("POST", "/v1/organisation/resend", token=two.token(NHK), body=ids)

    assert (acked, resent) == ({"acknowledged": 0}, {"orders": 0})
    assert await waiting(two.here, POWER) == two.power


async def test_a_sender_cannot_be_forged(two: Two) -> None:
    mine, theirs = two.here.keys(NHK), POWER.number

    as_them = two.reply(mine, two.power, source=theirs)
    stolen = json.loads(two.reply(mine, two.power, source=NHK.number)) | {
        "source": f"/organisations/{theirs}"
    }

    assert await two.say(as_them) == ("parked", "seal-unknown-signer")
    assert (await two.say(json.dumps(stolen).encode()))[0] == "parked"
    # what the other really signed, handed in by somebody else
    real = two.reply(two.here.keys(POWER), two.power, source=theirs)
    assert await two.say(real) == ("parked", "reply-from-another")
    assert await two.say(real, POWER) == ("applied", None)


async def test_nobody_answers_for_a_reference_that_is_not_theirs(two: Two) -> None:
    event = two.reply(two.here.keys(NHK), two.power, source=NHK.number)

    assert await two.say(event) == ("refused", "not-your-reference")


async def test_an_old_reply_says_nothing_twice_and_nothing_new(two: Two) -> None:
    keys = two.here.keys(NHK)
    first = two.reply(keys, two.nhk, source=NHK.number)

    outcomes = [await two.say(first), await two.say(first)]
    changed = await two.say(two.reply(keys, two.nhk, source=NHK.number, receipt="2"))
    moved = json.loads(first) | {"id": "r-2"}

    assert outcomes == [("applied", None), ("duplicate", None)]
    assert changed == ("refused", "idempotency-mismatch")
    assert await two.say(json.dumps(moved).encode()) == ("parked", "seal-mismatch")


async def test_a_token_that_is_good_for_once_is_good_for_once(two: Two) -> None:
    token = two.token(NHK, token_id="once")

    statuses = [(await two.ask("GET", KEYS, token=token))[0] for _ in range(2)]

    assert statuses == [200, 401]


async def test_no_key_is_registered_for_another_number(two: Two) -> None:
    settings, clock = two.here.engine.settings, two.here.engine.clock
    key = ec.generate_private_key(ec.SECP256R1())
    proof = key_proof(key, number=POWER.number, audience=settings.origin, now=clock.now())
    body = {"jwk": exported(key.public_key(), use="sig"), "proof": proof}
    office = await people(two.here)
    person = await office.person(office.representative)
    await two.here.engine.gate.grant(person, f"organisation:{NHK.number}", by="host:test")
    before = await two.here.engine.registry.keys(POWER.number)

    by_key = await two.ask(
        "POST", KEYS, token=two.token(NHK), body=body, **{"Todoke-Organisation": POWER.number}
    )
    session = office.representative._token or ""
    by_person = await two.ask("POST", KEYS, token=session, body=body, **{"Todoke-Organisation": POWER.number})
    others = await two.ask("DELETE", f"{KEYS}/{before[0].kid}?because=lost", token=two.token(NHK))

    assert (by_key[0], by_key[1]["code"]) == (422, "invalid-key-proof")
    assert (by_person[0], by_person[1]["code"]) == (403, "not-allowed-representative")
    assert (others[0], others[1]["code"]) == (404, "no-such-key")
    assert await two.here.engine.registry.keys(POWER.number) == before


async def test_a_key_alone_takes_no_more_procedures(two: Two) -> None:
    registry, clock = two.here.engine.registry, two.here.engine.clock
    narrower = Subscription(number=NHK.number, slug="move.electricity", area="131016", since=clock.now())
    token = two.token(NHK)

    status, _ = await two.ask(
        "POST",
        "/v1/organisation/subscriptions",
        token=token,
        body={"subscriptions": [{"slug": "move.electricity", "area": "131016"}]},
        **{"Idempotency-Key": "k"},
    )

    assert status == 401  # a key asks for no subscriptions: a representative does, and an operator approves
    assert narrower not in await registry.subscriptions(NHK.number)


@pytest.fixture
async def broker(rabbitmq: Broker) -> AsyncIterator[Broker]:
    async with BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost) as admin:
        await admin.declare()
        for who in (POWER, NHK):
            await admin.declare_organisation(who.number, f"secret-{who.number}")
        yield rabbitmq
        for who in (POWER, NHK):
            await admin.shut_out(who.number)


def url_of(broker: Broker, who: Connector) -> str:
    parts = urlsplit(broker.amqp_url)
    login = f"org-{who.number}:secret-{who.number}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.hostname}:{parts.port}"))


async def test_at_the_broker_nobody_reads_anothers_queue_nor_publishes_as_another(broker: Broker) -> None:
    async with await aio_pika.connect(url_of(broker, NHK)) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(f"orders.{POWER.number}", ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await queue.get(timeout=5)
        channel = await connection.channel(on_return_raises=True)
        replies = await channel.get_exchange("todoke.replies", ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await replies.publish(aio_pika.Message(b"{}"), POWER.number)
        channel = await connection.channel(on_return_raises=True)
        replies = await channel.get_exchange("todoke.replies", ensure=False)
        forged = aio_pika.Message(b"{}", user_id=f"org-{POWER.number}")
        with pytest.raises(ChannelPreconditionFailed):
            await replies.publish(forged, NHK.number)
