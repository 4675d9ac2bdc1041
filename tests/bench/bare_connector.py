# SPDX-License-Identifier: Apache-2.0
"""The connector of the bare pipelines, in a process of its own: each order is answered twice, in the open."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

from engine.store.pool import open_pool
from tests.bench import line
from tests.bench.bare_amqp import BareBroker
from tests.bench.bare_side import again, popped
from tests.bench.workload import NUMBERS

_BODY: Final = "y" * 1024
_PUSH: Final = "insert into bare.queue (destination, body) select 'replies', body from unnest($1::bytea[]) with ordinality as g (body, place) order by place"


def answers(order: dict[str, Any]) -> Iterator[bytes]:
    """Return both replies to an order."""
    for trigger in ("accept", "complete"):
        reply = {
            "id": f"{order['filing']}.{trigger}", "case": order["case"], "filing": order["filing"],
            "trigger": trigger, "body": _BODY,
        }  # fmt: skip
        yield json.dumps(reply).encode()


async def over_tables(dsn: str) -> None:
    """Answer what is in the table of orders, a batch in one transaction."""
    async with await open_pool(dsn, max_size=2) as pool:

        async def step() -> int:
            async with pool.acquire() as connection, connection.transaction():
                orders = await popped(connection, "orders")
                if orders:
                    replies = [one for body in orders for one in answers(json.loads(body))]
                    await connection.execute(_PUSH, replies)
                return len(orders)

        await again(step)


async def over_broker(url: str) -> None:
    """Answer what comes, and acknowledge it once the replies are confirmed."""
    broker = await BareBroker.connect(url, takes=NUMBERS)
    while True:
        orders, token = await broker.take(200)
        await broker.publish({"replies": [one for order in orders for one in answers(order)]})
        await broker.ack(token)


async def main() -> None:
    decided = line.settings()
    working = over_broker(decided["amqp"]) if decided["amqp"] else over_tables(decided["dsn"])
    await line.obey({}, [working])


if __name__ == "__main__":
    asyncio.run(main())
