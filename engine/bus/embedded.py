# SPDX-License-Identifier: Apache-2.0
"""The bus without a broker: the outbox of the store is the queue.

What the store's transaction writes is published with its commit; a taker claims rows for a while
(lease), acknowledging deletes them, and a claim that runs out lets them come again. Leases are
measured by the database's clock alone. NOTIFY is a hint: whoever misses it looks once a second.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import asyncpg

from engine.bus.cargo import Row, grouped, queues_of, rows_of
from engine.bus.topology import DELIVERY_LIMIT, known_queue
from engine.bus.waking import Bells, Watch
from engine.ports import BusUnavailable, Delivery, Parcel
from engine.postgres import FOREIGN, out_of_reach

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

_ANSWER_SECONDS: Final = 10.0

# Ids follow the order of the parcels: with ordinality, sorted before they are numbered.
_PUBLISH = """
insert into engine.outbox (destination, parcel_id, organisation, body)
select destination, parcel_id, organisation, body
from unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
     with ordinality as given (destination, parcel_id, organisation, body, position)
order by position
"""
_CLAIM = """
with picked as materialized (
    select id from engine.outbox
    where destination = $1 and (claimed_until is null or claimed_until < clock_timestamp())
    order by id limit $2
    for update skip locked
)
update engine.outbox as row
set claimed_until = clock_timestamp() + make_interval(secs => $3), attempts = row.attempts + 1
from picked where row.id = picked.id
returning row.id, row.organisation, row.body, row.attempts
"""
_GIVE_BACK = "update engine.outbox set claimed_until = null where id = any($1::bigint[])"
_PURGE = """
delete from engine.outbox
where destination = $1 and (claimed_until is null or claimed_until <= clock_timestamp())
"""
_FORGET = "delete from engine.outbox where id = any($1::bigint[])"
_PARK = """
with gone as (
    delete from engine.outbox where id = any($1::bigint[])
    returning id, destination, organisation, body, attempts
)
insert into engine.parked (id, where_from, sender, events, reason, attempts)
select gen_random_uuid(), min(destination), min(organisation), array_agg(body order by id), $2, max(attempts)
from gone having count(*) > 0
"""

log = logging.getLogger(__name__)


class EmbeddedBus:
    """A bus on the outbox. The pool lends it one connection for listening as long as it lives.

    A lease must be longer than any batch takes: what is still being handled when it runs out
    comes again, which is harmless and wasteful.
    """

    rides_on_store = True

    def __init__(self, pool: asyncpg.Pool, *, lease_seconds: float = 60.0, look_seconds: float = 1.0) -> None:
        self._pool = pool
        self._lease_seconds = lease_seconds
        self._bells = Bells()
        self._watch = Watch(pool, self._bells, look_seconds=look_seconds)
        self._held: set[int] = set()

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Return when the parcels are committed; raises `BusUnavailable`, `seal-too-large`."""
        if not parcels:
            return
        queues = queues_of(parcels)
        columns = (
            queues,
            [parcel.id for parcel in parcels],
            [parcel.organisation for parcel in parcels],
            [parcel.body for parcel in parcels],
        )
        async with self._connection() as connection:
            await connection.execute(_PUBLISH, *columns)
        await self.wake(queues)

    async def take(self, queue: str, *, limit: int, wait_seconds: float) -> list[Delivery]:
        """Return at most `limit` events, waiting for the first; raises `BusUnavailable`."""
        known_queue(queue)
        bell = self._bells.hang(queue)  # before looking: what arrives in between is not missed
        try:
            rows = await self._claimed(queue, limit)
            if not rows and wait_seconds > 0:
                self._watch.start()
                rows = await self._first(queue, limit, bell=bell, wait_seconds=wait_seconds)
        finally:
            self._bells.take_down(queue, bell)
        return grouped(queue, rows)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Delete the rows; raises `BusUnavailable`."""
        ids = [row.id for delivery in deliveries for row in rows_of(delivery).rows]
        async with self._connection() as connection:
            await connection.execute(_FORGET, ids)
        self._held.difference_update(ids)

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Move the rows into the table of parked deliveries; raises `BusUnavailable`."""
        await self._park([row.id for row in rows_of(delivery).rows], reason)

    async def purge(self, queue: str) -> int:
        """Delete the rows that nobody holds; raises `BusUnavailable`."""
        known_queue(queue)
        async with self._connection() as connection:
            done: str = await connection.execute(_PURGE, queue)
        return int(done.removeprefix("DELETE "))

    async def wake(self, queues: Sequence[str]) -> None:
        """Ring for those who wait here, and with one NOTIFY for those who wait elsewhere."""
        self._bells.ring(queues)
        with suppress(BusUnavailable):
            async with self._connection() as connection:
                await connection.execute(self._watch.hint)

    async def probe(self) -> None:
        """Return when the database answers; raises `BusUnavailable`."""
        async with self._connection() as connection:
            await connection.execute("select from engine.outbox limit 1")

    async def close(self) -> None:
        """Give back what was claimed, so that nobody has to wait until the lease runs out."""
        await self._watch.stop()
        with suppress(BusUnavailable):  # then the lease runs out
            await self._give_back(self._held)

    async def _first(self, queue: str, limit: int, *, bell: asyncio.Event, wait_seconds: float) -> list[Row]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while await _rung(bell, deadline - loop.time()):
            bell.clear()
            if rows := await self._claimed(queue, limit):
                return rows
        return []

    async def _claimed(self, queue: str, limit: int) -> list[Row]:
        """Claim rows; when cancelled meanwhile, give them back rather than wait for the lease."""
        claim = asyncio.ensure_future(self._claim(queue, limit))
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            with suppress(BusUnavailable):
                await self._give_back({row.id for row in await claim})
            raise

    async def _claim(self, queue: str, limit: int) -> list[Row]:
        async with self._connection() as connection:
            records = await connection.fetch(_CLAIM, queue, limit, self._lease_seconds)
        rows = [Row(*record) for record in records]
        self._held.update(row.id for row in rows)
        for row in rows:
            if row.attempts > DELIVERY_LIMIT + 1:
                log.error("delivery.parked", extra={"queue": queue, "row": row.id})
                await self._park([row.id], "delivery-limit")
        return [row for row in rows if row.attempts <= DELIVERY_LIMIT + 1]

    async def _park(self, ids: Sequence[int], reason: str) -> None:
        async with self._connection() as connection:
            await connection.execute(_PARK, ids, reason)
        self._held.difference_update(ids)

    async def _give_back(self, ids: set[int]) -> None:
        given = sorted(ids)
        if not given:
            return
        async with self._connection() as connection:
            await connection.execute(_GIVE_BACK, given)
        self._held.difference_update(given)

    @asynccontextmanager
    async def _connection(self) -> "AsyncIterator[PoolConnectionProxy]":
        try:
            async with asyncio.timeout(_ANSWER_SECONDS), self._pool.acquire() as connection:
                yield connection
        except FOREIGN as error:
            if out_of_reach(error):
                raise BusUnavailable(type(error).__name__) from error
            raise


async def _rung(bell: asyncio.Event, seconds: float) -> bool:
    """Return whether the bell rang in time."""
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await bell.wait()
    except TimeoutError:
        return False
    return True
