# SPDX-License-Identifier: Apache-2.0
"""An organisation on the broker reads its own orders, replies as itself, and can do nothing else."""

from collections.abc import AsyncIterator

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed

from engine.border.envelope import EVENT_MEDIA_TYPE
from engine.bus.admin import BrokerAdmin
from engine.bus.topology import reply_queue
from engine.core.errors import EngineError
from engine.ports import BusUnavailable, Parcel
from tests.integration.amqp_ground import BANK, CITY, ORDERS, STRANGER, Ground, body, ground, numbers, order
from tests.services import Broker

SOON = 5.0


@pytest.fixture
async def here(rabbitmq: Broker) -> AsyncIterator[Ground]:
    async with ground(rabbitmq) as made:
        yield made


def city(here: Ground) -> str:
    return here.url_of(f"org-{CITY}", "secret")


def named(text: str) -> str:
    """Put the numbers of this run in; the names of tests must be the same in every process."""
    return text.replace("CITY", CITY).replace("BANK", BANK)


async def publish(here: Ground, exchange: str, key: str, *, user_id: str | None = None) -> None:
    """Publish as the city's own program does."""
    channel = await (await here.raw(city(here))).channel(on_return_raises=True)
    message = aio_pika.Message(body(1), content_type=EVENT_MEDIA_TYPE, user_id=user_id)
    way = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
    await way.publish(message, key)


async def test_an_organisation_takes_its_orders_and_its_replies_carry_its_name(here: Ground) -> None:
    engine, connector = here.bus(), here.bus(city(here))
    await engine.publish([order(1)])

    taken = await connector.take(ORDERS, limit=10, wait_seconds=SOON)
    await connector.publish([Parcel("r_2", "replies", body(2), organisation=CITY)])
    await connector.ack(taken)

    (reply,) = await engine.take(reply_queue(CITY), limit=10, wait_seconds=SOON)
    assert numbers(taken) == [1]
    assert (reply.events, reply.sender) == ((body(2),), CITY)


async def test_a_reply_without_a_user_has_no_sender(here: Ground) -> None:
    engine = here.bus()

    await publish(here, "todoke.replies", CITY)

    (reply,) = await engine.take(reply_queue(CITY), limit=10, wait_seconds=SOON)
    assert reply.sender is None


@pytest.mark.parametrize("queue", ["orders.BANK", "replies.0", "todoke.letters", "todoke.dead"])
async def test_an_organisation_reads_no_other_queue(here: Ground, queue: str) -> None:
    channel = await (await here.raw(city(here))).channel()

    with pytest.raises(ChannelAccessRefused):
        await (await channel.get_queue(named(queue), ensure=False)).get(fail=False)


async def test_an_organisation_that_takes_from_another_queue_hears_that_it_is_out_of_reach(
    here: Ground,
) -> None:
    with pytest.raises(BusUnavailable, match="ChannelAccessRefused"):
        await here.bus(city(here)).take(f"orders.{BANK}", limit=1, wait_seconds=0)


@pytest.mark.parametrize(
    ("exchange", "key"),
    [
        ("todoke.replies", "BANK"),
        ("todoke.replies", "CITY.more"),
        ("todoke.replies", ""),
        ("todoke.orders", "CITY"),
        ("todoke.dead", ""),
        ("", "orders.BANK"),
        ("", "todoke.letters"),
        ("amq.topic", "CITY"),
    ],
)
async def test_an_organisation_writes_nothing_but_its_own_replies(
    here: Ground, exchange: str, key: str
) -> None:
    with pytest.raises(ChannelAccessRefused):
        await publish(here, exchange, named(key))


@pytest.mark.parametrize("forged", ["org-BANK", "boot"])
async def test_an_organisation_that_signs_as_somebody_else_is_refused(here: Ground, forged: str) -> None:
    with pytest.raises(ChannelPreconditionFailed):
        await publish(here, "todoke.replies", CITY, user_id=named(forged))


async def test_an_organisation_declares_and_deletes_nothing(here: Ground) -> None:
    connection = await here.raw(city(here))

    with pytest.raises(ChannelAccessRefused):
        await (await connection.channel()).declare_queue("mine", durable=True)
    own = await (await connection.channel()).get_queue(ORDERS, ensure=False)
    with pytest.raises(ChannelAccessRefused):
        await own.delete(if_unused=False, if_empty=False)


async def test_an_organisation_has_four_connections_and_no_more(here: Ground) -> None:
    for _ in range(4):
        await here.raw(city(here))
    await here.connections(4)

    with pytest.raises(BusUnavailable):
        await here.bus(city(here)).take(ORDERS, limit=1, wait_seconds=0)


async def test_an_organisation_that_is_shut_out_is_gone_at_once_and_its_orders_stay(here: Ground) -> None:
    engine, connector = here.bus(), here.bus(city(here))
    await engine.publish([order(1)])
    await connector.take(ORDERS, limit=10, wait_seconds=SOON)
    await here.connections(2)

    await here.admin.shut_out(CITY)

    with pytest.raises(BusUnavailable):
        await connector.take(ORDERS, limit=10, wait_seconds=SOON)
    with pytest.raises(BusUnavailable):
        await connector.take(ORDERS, limit=10, wait_seconds=SOON)
    assert numbers(await engine.take(ORDERS, limit=10, wait_seconds=SOON)) == [1]


async def test_the_rights_of_the_engine_are_enough_for_all_it_does(here: Ground) -> None:
    user = f"engine-{here.broker.vhost}"
    await here.admin.declare_engine_user(user, "secret")
    try:
        bus = here.bus(here.url_of(user, "secret"))

        await bus.publish(
            [
                order(1),
                Parcel("a", "letters", body(2)),
                Parcel("c", "replies", body(4), organisation=CITY),
            ]
        )
        for queue in (ORDERS, "letters", reply_queue(CITY)):
            (delivery,) = await bus.take(queue, limit=10, wait_seconds=SOON)
            await bus.park(delivery, "refused")
        letters = await bus.dead_letters(limit=10, wait_seconds=SOON)
        while len(letters) < 3:
            letters += await bus.dead_letters(limit=10, wait_seconds=SOON)
        await bus.settle(letters)
        await bus.probe()

        assert sorted(numbers(letters)) == [1, 2, 4]
        assert {letter.sender for letter in letters} == {None, CITY}
    finally:
        await here.api("DELETE", f"/users/{user}")


async def test_a_reply_of_an_unknown_organisation_has_no_way(here: Ground) -> None:
    with pytest.raises(BusUnavailable):
        await here.bus().publish([Parcel("r", "replies", body(1), organisation=STRANGER)])


async def test_a_management_api_that_is_not_there_or_says_no_is_told_apart(here: Ground) -> None:
    async with BrokerAdmin("http://boot:secret@127.0.0.1:1", "todoke") as nowhere:
        with pytest.raises(EngineError) as unreachable:
            await nowhere.declare()
    async with BrokerAdmin(here.broker.admin_url.replace("boot:", "nobody:"), "todoke") as stranger:
        with pytest.raises(EngineError) as refused:
            await stranger.declare()

    assert unreachable.value.code == "unavailable-broker"
    assert refused.value.code == "invalid-broker-request"
