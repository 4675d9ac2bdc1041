# SPDX-License-Identifier: Apache-2.0
"""Every bus keeps the same promises: in memory, on the outbox of the store, on RabbitMQ."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncpg
import pytest

from engine.border.envelope import MAX_BATCH_BYTES
from engine.bus.amqp import AmqpBus
from engine.bus.embedded import EmbeddedBus
from engine.bus.memory import MemoryBus, MemoryQueues
from engine.bus.topology import reply_queue
from engine.core.errors import EngineError
from engine.ports import Bus, BusUnavailable, DeadLetter, Delivery, Parcel
from tests.integration.amqp_ground import BANK, CITY, ground
from tests.services import Broker

ORDERS = f"orders.{CITY}"
SOON = 5.0  # how long a test waits for what must come


@dataclass(frozen=True)
class Parked:
    where_from: str
    sender: str | None
    events: tuple[bytes, ...]
    reason: str


@dataclass(frozen=True)
class Site:
    """One kind of bus: open as many as there are processes, and see what was put aside."""

    open: Callable[[], Awaitable[Bus]]
    parked: Callable[[], Awaitable[list[Parked]]]


async def memory(stack: AsyncExitStack) -> Site:
    queues = MemoryQueues()

    async def open_bus() -> Bus:
        return MemoryBus(queues)

    async def parked() -> list[Parked]:
        return [Parked(p.where_from, p.sender, p.events, p.reason) for p in queues.parked]

    return Site(open_bus, parked)


async def embedded(stack: AsyncExitStack, dsn: str) -> Site:
    pool = await stack.enter_async_context(asyncpg.create_pool(dsn, min_size=1, max_size=8))

    async def open_bus() -> Bus:
        bus = EmbeddedBus(pool)
        stack.push_async_callback(bus.close)
        return bus

    async def parked() -> list[Parked]:
        rows = await pool.fetch(
            "select where_from, sender, events, reason from engine.parked order by parked_at"
        )
        return [Parked(row[0], row[1], tuple(row[2]), row[3]) for row in rows]

    return Site(open_bus, parked)


async def rabbitmq(stack: AsyncExitStack, broker: Broker) -> Site:
    await stack.enter_async_context(ground(broker))

    async def open_bus() -> AmqpBus:
        bus = AmqpBus(broker.amqp_url)
        stack.push_async_callback(bus.close)
        return bus

    async def parked() -> list[Parked]:
        drain = await open_bus()
        found = [
            Parked(letter.where_from, letter.sender, letter.events, letter.reason)
            async for letter in dead_letters(drain)
        ]
        await drain.close()
        return found

    return Site(open_bus, parked)


async def dead_letters(bus: AmqpBus) -> AsyncIterator[DeadLetter]:
    while letters := await bus.dead_letters(limit=100, wait_seconds=1.0):
        for letter in letters:
            yield letter
        await bus.settle(letters)


@pytest.fixture(params=["memory", "embedded", "rabbitmq"])
def kind(request: pytest.FixtureRequest) -> tuple[str, object]:
    needs = {"embedded": "postgres_dsn", "rabbitmq": "rabbitmq"}
    return request.param, needs.get(request.param) and request.getfixturevalue(needs[request.param])


@pytest.fixture
async def site(kind: tuple[str, object]) -> AsyncIterator[Site]:
    name, service = kind
    async with AsyncExitStack() as stack:
        match name, service:
            case "embedded", str(dsn):
                yield await embedded(stack, dsn)
            case "rabbitmq", Broker() as broker:
                yield await rabbitmq(stack, broker)
            case _:
                yield await memory(stack)


def body(number: int, *, size_bytes: int = 0) -> bytes:
    return json.dumps({"n": number, "fill": "x" * size_bytes}).encode()


def orders(*numbers: int, size_bytes: int = 0) -> list[Parcel]:
    return [Parcel(f"o_{n}", ORDERS, body(n, size_bytes=size_bytes)) for n in numbers]


def numbers(deliveries: list[Delivery]) -> list[int]:
    return [json.loads(event)["n"] for delivery in deliveries for event in delivery.events]


async def drained(bus: Bus, queue: str, count: int, *, limit: int = 200) -> list[int]:
    """Take and acknowledge until so many events have come."""
    seen: list[int] = []
    while len(seen) < count:
        deliveries = await bus.take(queue, limit=limit, wait_seconds=SOON)
        assert deliveries, f"only {len(seen)} of {count} came"
        seen += numbers(deliveries)
        await bus.ack(deliveries)
    return seen


async def is_empty(bus: Bus, queue: str) -> bool:
    return await bus.take(queue, limit=10, wait_seconds=0.3) == []


async def test_parcels_come_in_the_order_in_which_they_were_published(site: Site) -> None:
    bus = await site.open()

    await bus.publish(orders(1, 2, 3))
    await bus.publish(orders(4))

    assert await drained(bus, ORDERS, 4) == [1, 2, 3, 4]


async def test_each_parcel_goes_to_its_own_queue(site: Site) -> None:
    bus = await site.open()

    await bus.publish(
        [
            Parcel("a", ORDERS, body(1)),
            Parcel("b", "letters", body(2)),
            Parcel("d", "replies", body(4), organisation=CITY),
            Parcel("e", f"orders.{BANK}", body(5)),
        ]
    )

    for queue, number in {
        ORDERS: 1,
        "letters": 2,
        reply_queue(CITY): 4,
        f"orders.{BANK}": 5,
    }.items():
        assert await drained(bus, queue, 1) == [number], queue


async def test_replies_of_different_organisations_never_share_a_delivery(site: Site) -> None:
    bus = await site.open()
    replies = [
        Parcel(f"r{n}", "replies", body(n), organisation=who) for n, who in enumerate((CITY, BANK) * 3)
    ]

    await bus.publish(replies)

    came: dict[str | None, list[int]] = {}
    for queue in sorted({reply_queue(CITY), reply_queue(BANK)}):
        while deliveries := await bus.take(queue, limit=10, wait_seconds=0.5):
            for delivery in deliveries:
                came.setdefault(delivery.sender, []).extend(numbers([delivery]))
            await bus.ack(deliveries)
    assert came == {CITY: [0, 2, 4], BANK: [1, 3, 5]}


async def test_what_the_engine_sends_has_no_sender(site: Site) -> None:
    bus = await site.open()

    await bus.publish(orders(1))

    assert [d.sender for d in await bus.take(ORDERS, limit=1, wait_seconds=SOON)] == [None]


async def test_what_was_not_acknowledged_comes_again_and_says_so(site: Site) -> None:
    first, second = await site.open(), await site.open()
    await first.publish(orders(1, 2, 3))
    before = await first.take(ORDERS, limit=10, wait_seconds=SOON)

    await first.close()

    after = await second.take(ORDERS, limit=10, wait_seconds=SOON)
    assert numbers(before) == numbers(after) == [1, 2, 3]
    assert not any(delivery.redelivered for delivery in before)
    assert all(delivery.redelivered for delivery in after)


async def test_what_was_acknowledged_never_comes_again(site: Site) -> None:
    first, second = await site.open(), await site.open()
    await first.publish(orders(1, 2))

    await drained(first, ORDERS, 2)
    await first.close()

    assert await is_empty(second, ORDERS)


async def test_acknowledging_some_leaves_the_others(site: Site) -> None:
    first, second = await site.open(), await site.open()
    taken: list[Delivery] = []
    for number in (1, 2, 3, 4):
        await first.publish(orders(number))
        taken += await first.take(ORDERS, limit=2, wait_seconds=SOON)

    await first.ack([taken[1], taken[3]])
    await first.close()

    assert await drained(second, ORDERS, 2) == [1, 3]
    assert await is_empty(second, ORDERS)


async def test_acknowledging_twice_is_harmless(site: Site) -> None:
    bus = await site.open()
    await bus.publish(orders(1))
    taken = await bus.take(ORDERS, limit=1, wait_seconds=SOON)

    await bus.ack(taken)
    await bus.ack(taken)

    await bus.publish(orders(2))
    assert await drained(bus, ORDERS, 1) == [2]


async def test_acknowledging_after_the_close_is_harmless(site: Site) -> None:
    first, second = await site.open(), await site.open()
    await first.publish(orders(1))
    taken = await first.take(ORDERS, limit=1, wait_seconds=SOON)
    await first.close()

    await first.ack(taken)

    await second.publish(orders(2))
    # Who rides on a store may still be heard; nobody may take down what came later.
    assert await drained(second, ORDERS, 1) in ([1], [2], [1, 2])


async def test_what_is_parked_is_visible_with_its_reason_and_comes_no_more(site: Site) -> None:
    bus = await site.open()
    await bus.publish([Parcel(f"r{n}", "replies", body(n), organisation=CITY) for n in (1, 2)])
    (delivery,) = await bus.take(reply_queue(CITY), limit=10, wait_seconds=SOON)

    await bus.park(delivery, "malformed-envelope")

    assert await is_empty(bus, reply_queue(CITY))
    assert await site.parked() == [Parked(reply_queue(CITY), CITY, (body(1), body(2)), "malformed-envelope")]


async def test_what_is_never_acknowledged_is_parked_after_ten_returns(site: Site) -> None:
    publisher = await site.open()
    await publisher.publish(orders(1))

    deliveries = 0
    for _ in range(20):
        bus = await site.open()
        taken = await bus.take(ORDERS, limit=1, wait_seconds=1.0)
        deliveries += len(taken)
        await bus.close()
        if not taken:
            break

    assert deliveries == 11
    assert await site.parked() == [Parked(ORDERS, None, (body(1),), "delivery-limit")]


async def test_a_parcel_that_came_back_comes_alone_where_each_is_kept_by_itself(site: Site) -> None:
    first, second = await site.open(), await site.open()
    if isinstance(first, AmqpBus):  # a broker gives back the whole message; the consumer takes it apart
        return
    await first.publish(orders(1, 2))
    await first.take(ORDERS, limit=10, wait_seconds=SOON)
    await first.close()
    await second.publish(orders(3, 4))

    deliveries = await second.take(ORDERS, limit=10, wait_seconds=SOON)

    assert [numbers([delivery]) for delivery in deliveries] == [[1], [2], [3, 4]]


async def test_many_parcels_travel_in_few_messages(site: Site) -> None:
    bus = await site.open()

    await bus.publish(orders(*range(100)))

    assert len(await bus.take(ORDERS, limit=200, wait_seconds=SOON)) == 1


async def test_a_hundred_and_one_events_are_too_many_for_one_message_and_all_come(site: Site) -> None:
    bus = await site.open()

    await bus.publish(orders(*range(101)))

    assert await drained(bus, ORDERS, 101) == list(range(101))


async def test_more_than_a_mebibyte_is_divided_and_all_comes(site: Site) -> None:
    bus = await site.open()

    await bus.publish(orders(1, 2, 3, size_bytes=MAX_BATCH_BYTES // 2))

    assert await drained(bus, ORDERS, 3) == [1, 2, 3]


async def test_an_event_that_no_message_can_hold_is_refused_and_nothing_is_sent(site: Site) -> None:
    bus = await site.open()

    with pytest.raises(EngineError) as refused:
        await bus.publish([*orders(1), *orders(2, size_bytes=MAX_BATCH_BYTES)])

    assert refused.value.code == "seal-too-large"
    assert await is_empty(bus, ORDERS)


async def test_two_takers_share_what_is_there(site: Site) -> None:
    publisher, first, second = await site.open(), await site.open(), await site.open()
    for number in range(60):
        await publisher.publish(orders(number))

    shares: list[list[int]] = [[], []]

    async def work(bus: Bus, share: list[int]) -> None:
        while deliveries := await bus.take(ORDERS, limit=1, wait_seconds=1.0):
            share += numbers(deliveries)
            await asyncio.sleep(0)  # the other one's turn
            await bus.ack(deliveries)

    await asyncio.gather(work(first, shares[0]), work(second, shares[1]))

    assert sorted(shares[0] + shares[1]) == list(range(60))
    assert all(shares)


async def test_a_taker_waits_for_the_first_parcel_and_does_not_linger(site: Site) -> None:
    publisher, taker = await site.open(), await site.open()
    loop = asyncio.get_running_loop()
    assert await is_empty(taker, ORDERS)  # it listens already
    taking = asyncio.create_task(taker.take(ORDERS, limit=100, wait_seconds=30))
    await asyncio.sleep(0.2)
    assert not taking.done()

    published = loop.time()
    await publisher.publish(orders(1))

    assert numbers(await taking) == [1]
    assert loop.time() - published < 0.9  # less than it takes to look by oneself


async def test_an_empty_queue_gives_an_empty_list(site: Site) -> None:
    bus = await site.open()

    assert await bus.take(ORDERS, limit=10, wait_seconds=0) == []
    assert await bus.take(ORDERS, limit=10, wait_seconds=0.2) == []


async def test_publishing_nothing_is_allowed(site: Site) -> None:
    bus = await site.open()

    await bus.publish([])
    await bus.ack([])

    assert await is_empty(bus, ORDERS)


@pytest.mark.parametrize(
    "nowhere",
    [
        Parcel("o_1", "nowhere", b"{}"),
        Parcel("o_1", "orders.1", b"{}"),
        Parcel("o_1", "replies", b"{}"),
        Parcel("o_1", "replies", b"{}", organisation="somebody"),
        Parcel("o_1", "replies.9", b"{}"),
    ],
)
async def test_a_parcel_for_an_unknown_destination_is_refused_and_nothing_is_sent(
    site: Site, nowhere: Parcel
) -> None:
    bus = await site.open()

    with pytest.raises(BusUnavailable):
        await bus.publish([*orders(1), nowhere])

    assert await is_empty(bus, ORDERS)


async def test_taking_from_an_unknown_queue_is_refused(site: Site) -> None:
    bus = await site.open()

    with pytest.raises(BusUnavailable):
        await bus.take("nowhere", limit=1, wait_seconds=0)


async def test_a_taker_that_is_cancelled_at_any_moment_loses_nothing(site: Site) -> None:
    publisher, impatient, patient = await site.open(), await site.open(), await site.open()
    seen: list[int] = []

    for number in range(40):
        await publisher.publish(orders(number))
        taking = asyncio.create_task(impatient.take(ORDERS, limit=5, wait_seconds=SOON))
        await asyncio.sleep(number * 0.0005)
        taking.cancel()
        if isinstance(taken := (await asyncio.gather(taking, return_exceptions=True))[0], list):
            seen += numbers(taken)
            await impatient.ack(taken)
    await impatient.close()

    seen += await drained(patient, ORDERS, 40 - len(seen)) if len(seen) < 40 else []
    assert sorted(seen) == list(range(40))


async def test_a_big_backlog_drains(site: Site) -> None:
    bus = await site.open()

    await bus.publish([Parcel(f"r{n}", "replies", body(n), organisation=CITY) for n in range(5_000)])

    assert await drained(bus, reply_queue(CITY), 5_000, limit=500) == list(range(5_000))
    assert await is_empty(bus, reply_queue(CITY))


async def test_a_bus_that_listens_proves_it(site: Site) -> None:
    bus = await site.open()
    await bus.take(ORDERS, limit=1, wait_seconds=0)

    await bus.wake([ORDERS])
    await bus.probe()


async def test_only_the_bus_on_the_store_is_published_to_by_the_store(site: Site) -> None:
    bus = await site.open()

    assert bus.rides_on_store == isinstance(bus, EmbeddedBus)
