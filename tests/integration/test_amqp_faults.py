# SPDX-License-Identifier: Apache-2.0
"""What the bus on RabbitMQ does when the broker, the line or a handler misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aio_pika
import pytest

from engine.border.envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from engine.bus.topology import DEAD, POLICIES, reply_queue
from engine.ports import BusUnavailable, DeadLetter, Parcel
from tests.integration.amqp_ground import (
    BANK,
    CITY,
    ORDERS,
    STRANGER,
    Ground,
    body,
    eventually,
    ground,
    numbers,
    order,
)
from tests.integration.fault_proxy import FaultProxy
from tests.services import Broker

SOON = 5.0


@pytest.fixture
async def here(rabbitmq: Broker) -> AsyncIterator[Ground]:
    async with ground(rabbitmq) as made:
        yield made


async def test_a_message_for_which_there_is_no_queue_is_refused_and_the_channel_lives_on(
    here: Ground,
) -> None:
    bus = here.bus()

    with pytest.raises(BusUnavailable):
        await bus.publish([order(1, STRANGER)])

    await bus.publish([order(2)])
    assert numbers(await bus.take(ORDERS, limit=10, wait_seconds=SOON)) == [2]


async def test_a_message_to_an_unbound_queue_is_refused(here: Ground) -> None:
    bus = here.bus()
    await here.api("DELETE", f"/bindings/{{vhost}}/e/todoke.orders/q/{ORDERS}/{CITY}")

    with pytest.raises(BusUnavailable):
        await bus.publish([order(1)])


async def test_beside_a_message_without_a_queue_the_others_are_delivered(here: Ground) -> None:
    bus = here.bus()

    with pytest.raises(BusUnavailable):
        await bus.publish([order(1), order(2, STRANGER), order(3, BANK)])

    assert numbers(await bus.take(ORDERS, limit=10, wait_seconds=SOON)) == [1]
    assert numbers(await bus.take(f"orders.{BANK}", limit=10, wait_seconds=SOON)) == [3]


async def test_the_same_order_sent_twice_has_two_message_ids_and_both_are_persistent(here: Ground) -> None:
    bus = here.bus()

    await asyncio.gather(bus.publish([order(1)]), bus.publish([order(1)]))

    first, second = await here.get(ORDERS), await here.get(ORDERS)
    assert first.message_id != second.message_id
    for message in (first, second):
        assert message.body == body(1)
        assert message.content_type == EVENT_MEDIA_TYPE
        assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_a_blocked_line_ends_a_publish_in_time_and_what_was_under_way_may_still_arrive(
    here: Ground,
) -> None:
    parts = urlsplit(here.broker.amqp_url)
    assert parts.hostname
    assert parts.port
    async with FaultProxy(parts.hostname, parts.port) as proxy:
        blocked, taker = here.bus(here.url_through(proxy.port), answer_seconds=0.5), here.bus()
        await blocked.publish([order(1)])
        proxy.hold()

        with pytest.raises(BusUnavailable):
            await blocked.publish([order(2)])
        proxy.release()
        await blocked.publish([order(2)])

        came: list[int] = []
        while len(came) < 3:
            came += numbers(await taker.take(ORDERS, limit=10, wait_seconds=SOON))
        assert came == [1, 2, 2]
        await blocked.close()


async def test_after_a_cut_line_publishing_and_taking_go_on(here: Ground) -> None:
    parts = urlsplit(here.broker.amqp_url)
    assert parts.hostname
    assert parts.port
    async with FaultProxy(parts.hostname, parts.port) as proxy:
        bus = here.bus(here.url_through(proxy.port))
        await bus.publish([order(1)])
        assert numbers(await bus.take(ORDERS, limit=10, wait_seconds=SOON)) == [1]

        proxy.cut()

        async def again() -> bool:
            await bus.publish([order(2)])
            return True

        await eventually(again)
        seen: set[int] = set()
        while seen != {1, 2}:
            seen |= set(numbers(await eventually(lambda: bus.take(ORDERS, limit=10, wait_seconds=SOON))))
        await bus.close()


async def test_a_broker_that_is_not_there_is_out_of_reach(here: Ground) -> None:
    bus = here.bus("amqp://boot:secret@127.0.0.1:1/todoke")

    for work in (bus.publish([order(1)]), bus.take(ORDERS, limit=1, wait_seconds=0), bus.probe()):
        with pytest.raises(BusUnavailable):
            await work


async def test_a_wrong_password_is_out_of_reach_too(here: Ground) -> None:
    bus = here.bus(here.url_of("boot", "wrong"))

    with pytest.raises(BusUnavailable):
        await bus.publish([order(1)])


async def test_a_closed_bus_stays_closed(here: Ground) -> None:
    bus = here.bus()
    await bus.publish([order(1)])

    await bus.close()

    with pytest.raises(BusUnavailable):
        await bus.publish([order(2)])
    with pytest.raises(BusUnavailable):
        await bus.take(ORDERS, limit=1, wait_seconds=0)


async def test_a_handler_that_is_cancelled_leaves_its_message_for_the_next(here: Ground) -> None:
    first, second = here.bus(), here.bus()
    await first.publish([order(1)])
    taken = asyncio.Event()

    async def handle() -> None:
        await first.take(ORDERS, limit=10, wait_seconds=SOON)
        taken.set()
        await asyncio.sleep(60)

    handler = asyncio.create_task(handle())
    await taken.wait()
    handler.cancel()
    await asyncio.gather(handler, return_exceptions=True)
    await first.close()

    (again,) = await second.take(ORDERS, limit=10, wait_seconds=SOON)
    assert (again.events, again.redelivered) == ((body(1),), True)


async def test_what_a_failed_handler_holds_does_not_stop_what_comes_after(here: Ground) -> None:
    bus, next_bus = here.bus(), here.bus()
    await bus.publish([order(1)])
    await bus.take(ORDERS, limit=10, wait_seconds=SOON)  # and the handler failed

    await bus.publish([order(2)])
    after = await bus.take(ORDERS, limit=10, wait_seconds=SOON)
    await bus.ack(after)
    await bus.close()

    assert numbers(after) == [2]
    assert numbers(await next_bus.take(ORDERS, limit=10, wait_seconds=SOON)) == [1]


async def test_a_killed_connection_does_not_cancel_the_handler_and_its_ack_is_void(here: Ground) -> None:
    bus = here.bus()
    await bus.publish([order(1)])
    taken = await bus.take(ORDERS, limit=10, wait_seconds=SOON)
    killed = asyncio.Event()

    async def handle() -> str:
        await killed.wait()
        await bus.ack(taken)
        return "handled"

    handler = asyncio.create_task(handle())
    await here.kill_connections(2)
    killed.set()

    assert await handler == "handled"
    (again,) = await eventually(lambda: bus.take(ORDERS, limit=10, wait_seconds=SOON))
    assert (again.events, again.redelivered) == ((body(1),), True)


async def test_an_old_acknowledgement_never_takes_down_a_new_message(here: Ground) -> None:
    bus, other = here.bus(), here.bus()
    await bus.publish([order(1)])
    old = await bus.take(ORDERS, limit=10, wait_seconds=SOON)
    await here.kill_connections(2)
    again = await eventually(lambda: bus.take(ORDERS, limit=10, wait_seconds=SOON))

    await bus.ack(old)  # the same number of the same channel, of another connection
    await bus.close()

    assert numbers(again) == numbers(await other.take(ORDERS, limit=10, wait_seconds=SOON)) == [1]


async def test_a_taker_that_waits_when_its_connection_is_killed_is_told(here: Ground) -> None:
    bus = here.bus()
    taking = asyncio.create_task(bus.take(ORDERS, limit=10, wait_seconds=60))

    await here.kill_connections(1)

    with pytest.raises(BusUnavailable):
        async with asyncio.timeout(SOON):
            await taking


async def test_a_queue_that_is_deleted_and_made_again_is_listened_to_again(here: Ground) -> None:
    bus = here.bus()
    taking = asyncio.create_task(bus.take(ORDERS, limit=10, wait_seconds=60))
    await here.connections(1)
    await here.api("DELETE", f"/queues/{{vhost}}/{ORDERS}")
    with pytest.raises(BusUnavailable):
        async with asyncio.timeout(SOON):
            await taking
    with pytest.raises(BusUnavailable):
        await bus.take(ORDERS, limit=10, wait_seconds=0)

    await here.admin.declare_organisation(CITY, "secret")

    await bus.publish([order(1)])
    assert numbers(await bus.take(ORDERS, limit=10, wait_seconds=SOON)) == [1]
    await bus.probe()


async def test_the_probe_tells_of_a_lost_listener_until_the_next_take(here: Ground) -> None:
    bus = here.bus()
    await bus.take(ORDERS, limit=10, wait_seconds=0)
    await bus.probe()

    await here.kill_connections(1)

    async def probe_on() -> None:
        async with asyncio.timeout(SOON):
            while True:
                await bus.probe()
                await asyncio.sleep(0.05)

    with pytest.raises(BusUnavailable):
        await probe_on()

    async def listen() -> bool:
        return await bus.take(ORDERS, limit=10, wait_seconds=0) == []

    await eventually(listen)
    await bus.probe()


async def test_a_queue_without_consumers_keeps_what_it_gets(here: Ground) -> None:
    publisher, late = here.bus(), here.bus()
    await publisher.publish([order(n) for n in range(250)])
    await publisher.close()

    came: list[int] = []
    while len(came) < 250:
        taken = await late.take(ORDERS, limit=100, wait_seconds=SOON)
        came += numbers(taken)
        await late.ack(taken)

    assert came == list(range(250))


async def test_a_full_queue_refuses_and_keeps_the_oldest(here: Ground) -> None:
    bus = here.bus()
    small = {**POLICIES["todoke-orders"].definition, "max-length": 3}
    policy = {"pattern": r"^orders\.", "definition": small, "apply-to": "queues", "priority": 9}
    await here.api("PUT", "/policies/{vhost}/small", policy)
    sent: list[int] = []

    async def fill() -> None:
        for number in range(500):
            await bus.publish([order(number)])
            sent.append(number)

    with pytest.raises(BusUnavailable):
        await fill()

    came: list[int] = []
    while taken := await bus.take(ORDERS, limit=50, wait_seconds=0.5):
        came += numbers(taken)
        await bus.ack(taken)
    assert came[: len(sent)] == sent


# --- what is put aside --------------------------------------------------------------------------


async def publish_raw(here: Ground, message: aio_pika.Message, *, url: str | None = None) -> None:
    channel = await (await here.raw(url)).channel()
    exchange = await channel.get_exchange("todoke.replies", ensure=False)
    await exchange.publish(message, CITY)


@pytest.mark.parametrize(
    ("media_type", "content", "reason"),
    [
        (BATCH_MEDIA_TYPE, b'[{"n": 1}, ', "malformed-envelope"),
        (BATCH_MEDIA_TYPE, b"\xff\xfe", "malformed-envelope"),
        (BATCH_MEDIA_TYPE, b"[" + b",".join([b"0"] * 101) + b"]", "seal-too-large"),
        (BATCH_MEDIA_TYPE, b"[" * 100_000, "malformed-envelope"),
        ("text/plain", b"hello", "malformed-envelope"),
        (None, b'{"n": 1}', "malformed-envelope"),
    ],
)
async def test_a_message_that_is_none_is_put_aside_and_the_others_pass(
    here: Ground, media_type: str | None, content: bytes, reason: str
) -> None:
    bus, url = here.bus(), here.url_of(f"org-{CITY}", "secret")
    await publish_raw(
        here, aio_pika.Message(content, content_type=media_type, user_id=f"org-{CITY}"), url=url
    )
    await bus.publish([Parcel("r_2", "replies", body(2), organisation=CITY)])

    assert numbers(await bus.take(reply_queue(CITY), limit=10, wait_seconds=SOON)) == [2]

    (letter,) = await bus.dead_letters(limit=10, wait_seconds=SOON)
    assert (letter.where_from, letter.sender, letter.events, letter.reason, letter.attempts) == (
        reply_queue(CITY),
        CITY,
        (content,),
        reason,
        1,
    )


async def returned_until_dead(here: Ground, queue: str) -> int:
    """Take and never acknowledge, as a process does that dies each time."""
    for deliveries in range(30):
        bus = here.bus()
        taken = await bus.take(queue, limit=1, wait_seconds=1.0)
        await bus.close()
        if not taken:
            return deliveries
    raise AssertionError("the message never died")


async def test_what_comes_back_too_often_dies_with_its_story_and_stays_persistent(here: Ground) -> None:
    url = here.url_of(f"org-{CITY}", "secret")
    forged = {"todoke-reason": "nothing to see", "todoke-sender": BANK, "todoke-where-from": "letters"}
    message = aio_pika.Message(
        body(1), content_type=EVENT_MEDIA_TYPE, user_id=f"org-{CITY}", headers=forged, delivery_mode=2
    )
    await publish_raw(here, message, url=url)

    assert await returned_until_dead(here, reply_queue(CITY)) == 11

    bus = here.bus()
    (letter,) = await bus.dead_letters(limit=10, wait_seconds=SOON)
    assert (letter.where_from, letter.sender) == (reply_queue(CITY), CITY)
    assert (letter.reason, letter.attempts) == ("delivery-limit", 11)
    await bus.close()
    assert (await here.get(DEAD)).delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_a_dead_letter_is_kept_until_it_is_settled_and_has_the_same_id_again(here: Ground) -> None:
    first, second, third = here.bus(), here.bus(), here.bus()
    await first.publish([order(1)])
    (taken,) = await first.take(ORDERS, limit=1, wait_seconds=SOON)
    await first.park(taken, "refused")
    before = await first.dead_letters(limit=10, wait_seconds=SOON)
    await first.close()

    after = await second.dead_letters(limit=10, wait_seconds=SOON)
    await second.settle(after)
    await second.close()

    assert [letter.id for letter in before] == [letter.id for letter in after]
    assert await third.dead_letters(limit=10, wait_seconds=0.5) == []


async def test_what_the_dead_letter_queue_holds_survives_many_readers(here: Ground) -> None:
    bus = here.bus()
    await bus.publish([order(1)])
    (taken,) = await bus.take(ORDERS, limit=1, wait_seconds=SOON)
    await bus.park(taken, "refused")

    letters: list[DeadLetter] = []
    for _ in range(25):  # more often than RabbitMQ's own limit of 20
        reader = here.bus()
        letters = await reader.dead_letters(limit=10, wait_seconds=SOON)
        await reader.close()

    assert numbers(letters) == [1]


async def test_every_queue_has_its_limit_and_a_missing_one_is_told(here: Ground) -> None:
    await here.admin.declare()
    assert await eventually(lambda: _problems(here, []))

    await here.api("DELETE", "/policies/{vhost}/todoke-work")

    missing = ["queue replies.0 has no delivery limit", "queue todoke.letters has no delivery limit"]
    assert await eventually(lambda: _problems(here, missing))


async def _problems(here: Ground, expected: list[str]) -> bool:
    found = await here.admin.problems()
    await asyncio.sleep(0.05)
    return set(expected) <= set(found) if expected else not found
