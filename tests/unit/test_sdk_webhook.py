# SPDX-License-Identifier: Apache-2.0
"""A connector on webhook: what is brought to it, and what it answers to whoever brings it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from connectors.channels.signature import Signer, secret_text
from connectors.sdk.webhook import PATH, WebhookTransport
from engine.border.envelope import EVENT_MEDIA_TYPE
from tests.unit.sdk_engine import World, sealed_for_nobody, submit, withdraw, world

SECRET = b"s" * 32
SIGNER = Signer([SECRET])


@dataclass
class Door:
    """A connector that listens, and whoever brings it orders."""

    here: World
    transport: WebhookTransport
    session: aiohttp.ClientSession
    url: str

    async def bring(
        self, order: str, *, signer: Signer = SIGNER, named: str | None = None, body: bytes | None = None
    ) -> int:
        body = body if body is not None else self.here.engine.sent[order]
        headers = signer.headers(named or order, body, now=self.here.clock.now())
        headers["Content-Type"] = EVENT_MEDIA_TYPE
        async with self.session.post(self.url, data=body, headers=headers) as answer:
            return answer.status

    async def brought(self, order: str, **how: object) -> int:
        """Bring it while the connector is at work."""
        bringing = asyncio.create_task(self.bring(order, **how))  # type: ignore[arg-type] # passed on
        await self.here.runner.run_once(wait_seconds=2)
        return await bringing


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with world(tmp_path) as here, aiohttp.ClientSession() as session:
        transport = WebhookTransport(here.line, trusted=[secret_text(SECRET)], clock=here.clock)
        async with transport:
            port = await transport.listen("127.0.0.1", 0)
            here.start(transport, here.line)
            yield Door(here, transport, session, f"http://127.0.0.1:{port}{PATH}")


async def test_an_order_that_is_brought_is_kept_then_answered_and_replied_to(door: Door) -> None:
    order = door.here.engine.order(submit())

    assert await door.brought(order) == 202
    assert door.here.engine.said() == ["completed"]


async def test_an_order_that_is_brought_twice_takes_effect_once(door: Door) -> None:
    order = door.here.engine.order(submit())

    assert [await door.brought(order), await door.brought(order)] == [202, 202]
    assert len(door.here.ledger.effects()) == 1


async def test_a_submit_that_comes_after_its_withdraw_takes_no_effect(door: Door) -> None:
    late, undone = door.here.engine.order(submit()), door.here.engine.order(withdraw(), sequence=2)

    assert [await door.brought(undone), await door.brought(late)] == [202, 202]
    assert door.here.ledger.effects() == []


async def test_what_cannot_be_opened_is_turned_away(door: Door) -> None:
    order = door.here.engine.order(submit())

    assert await door.brought(order, body=sealed_for_nobody(door.here.engine.sent[order])) == 422
    assert await door.bring(order, body=b"{}") == 422


async def test_an_order_under_another_name_is_turned_away(door: Door) -> None:
    first, second = door.here.engine.order(submit()), door.here.engine.order(submit(), to=2)

    assert await door.bring(first, named=second) == 422


async def test_a_stranger_is_turned_away_before_anything_is_looked_at(door: Door) -> None:
    order = door.here.engine.order(submit())

    assert await door.bring(order, signer=Signer([b"x" * 32])) == 401
    assert await door.bring(order, body=b"not even JSON", signer=Signer([b"x" * 32])) == 401
    assert await door.transport.take(wait_seconds=0) == []


async def test_an_old_message_is_not_taken_again(door: Door) -> None:
    order = door.here.engine.order(submit())
    body = door.here.engine.sent[order]
    headers = SIGNER.headers(order, body, now=door.here.clock.now() - timedelta(minutes=6))

    async with door.session.post(door.url, data=body, headers=headers) as answer:
        assert answer.status == 401
