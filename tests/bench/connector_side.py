# SPDX-License-Identifier: Apache-2.0
"""The connector of the workload, in a process of its own, for all eight organisations.

Lean: the SDK's channels and the border's code, without the ledger that makes an organisation's
effects happen once. It is not a pattern to copy; it is fast enough not to be what is measured.
With `sdk` set it is the real thing: `Runner`, and a ledger (SQLite, fsync) for each organisation.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from connectors.sdk import (
    Accepted,
    Answer,
    Completed,
    Connector,
    Desk,
    Fields,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)
from connectors.sdk.amqp import AmqpTransport
from connectors.sdk.keys import EngineKeys, OwnKeys
from connectors.sdk.ledger import Ledger
from connectors.sdk.pull import PullTransport
from connectors.sdk.runner import Runner
from connectors.sdk.transport import EngineUnavailable, Incoming, Outgoing, Transport
from engine.border.envelope import MAX_BATCH_EVENTS, open_order, seal_event
from engine.border.payloads import OrderSubmit
from engine.border.sealing import Opener, Sealer
from engine.clock import SystemClock
from tests.bench import line
from tests.bench.workload import NUMBERS, RECEIPT, SIZES, answers, slug_of

_WAIT_SECONDS = 20.0
_PAUSE_SECONDS = 0.05

log = logging.getLogger(__name__)


class LeanConnector:
    """One organisation: each order is opened and answered twice; acknowledged when the engine has both."""

    def __init__(self, number: str, *, transport: Transport, door: PullTransport, keys: OwnKeys) -> None:
        self._transport = transport
        self._door = door
        self._engine = EngineKeys()
        self._opener = Opener(keys.decryption, self._engine.verification)
        self._clock = SystemClock()
        source = f"/organisations/{number}"
        self._sealer = Sealer(keys.signing, kid=keys.kid, source=source, clock=self._clock)

    async def run(self) -> None:
        """Answer until cancelled."""
        self._engine.learn(await self._door.keys())
        while True:
            try:
                await self._once()
            except EngineUnavailable as error:  # the same again, with the same ids
                log.warning("engine.unavailable", extra={"code": str(error)})
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _once(self) -> None:
        incoming = await self._transport.take(wait_seconds=_WAIT_SECONDS)
        replies = [reply for one in incoming for reply in self._answered(one)]
        for some in _in_batches(replies):
            await self._transport.send(some)
        await self._transport.acknowledge(incoming)

    def _answered(self, incoming: Incoming) -> Iterator[Outgoing]:
        order = open_order(incoming.event, self._opener)
        assert isinstance(order.payload, OrderSubmit)
        assert self._engine.recipient is not None
        for sequence, payload in enumerate(answers(order.event.id, order.payload), start=1):
            name = f"{order.event.id}.{sequence}"
            event = seal_event(
                payload,
                id=name,
                subject=order.event.subject,
                sequence=sequence,
                time=self._clock.now(),
                sealer=self._sealer,
                recipient=self._engine.recipient,
            )
            yield Outgoing(name, event)


class _AnyFields(Fields):
    """The workload's connector reads nothing of what it is told."""


def sdk_connector(number: str) -> Connector:
    """Return the smallest connector that the SDK runs, answering as the lean one does."""

    class Bench(Connector):
        name = Text(ja="測定", en="Measurement")
        procedures: ClassVar = {slug_of(place): _AnyFields for place in range(max(SIZES))}

        async def submit(self, order: Submit[_AnyFields], desk: Desk) -> Answer:
            desk.take_effect(order, "filed")
            return Accepted(RECEIPT), Completed(RECEIPT, order.due_on)

        async def withdraw(self, order: Withdraw[_AnyFields], desk: Desk) -> Answer:
            return Withdrawn(order.reference)

    Bench.number = number
    return Bench()


async def run(decided: Mapping[str, Any]) -> None:
    """Run the connectors of all organisations until standard input ends."""
    stop, clock = asyncio.Event(), SystemClock()
    parts = []
    for number in NUMBERS:
        home = Path(decided["home"]) / number
        keys = OwnKeys.kept_in(home)
        door = PullTransport(decided["engine"], number=number, keys=keys, clock=clock)
        transport: Transport = door
        if decided["amqp"]:
            transport = AmqpTransport(decided["amqp"][number], number=number)
        if decided["sdk"]:
            runner = Runner(
                sdk_connector(number), transport=transport, door=door, keys=keys,
                ledger=Ledger(home / "ledger.sqlite3"), clock=clock,
            )  # fmt: skip
            parts.append(runner.run(stop))
        else:
            parts.append(LeanConnector(number, transport=transport, door=door, keys=keys).run())
    await line.obey({}, parts)


def _in_batches(replies: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    for start in range(0, len(replies), MAX_BATCH_EVENTS):
        yield replies[start : start + MAX_BATCH_EVENTS]


if __name__ == "__main__":
    asyncio.run(run(line.settings()))
