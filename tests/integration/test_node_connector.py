# SPDX-License-Identifier: Apache-2.0
"""A connector in another language, written from the documentation alone, beside the Python one."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from aiohttp.test_utils import TestServer

from connectors.sdk.amqp import AmqpTransport
from connectors.sdk.keys import OwnKeys
from engine.border.envelope import parse_order
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.bus.topology import reply_queue
from engine.clock import SystemClock
from engine.ports import Parcel
from tests.services import Broker
from tests.unit.border_desk import Moving
from tests.unit.sdk_engine import FakeEngine, Office, sealed_for_nobody, submit, withdraw, world

HERE = Path(__file__).resolve().parents[2] / "connectors/examples/node"
NODE, PYTHON = "5555999000006", "5555999000007"
THOUSAND = 1000


class Now(Moving):
    """The machine's clock: the other program looks at it too."""

    def now(self) -> datetime:
        return SystemClock().now()


class PythonOffice(Office):
    number = PYTHON


@cache
def installed() -> Path:
    """Return where the Node connector is ready to run."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("Node is missing (apt-get install nodejs npm)")
    place = Path(os.environ.get("TMPDIR", "/tmp")) / f"todoke-node-{os.getpid()}"  # noqa: S108 - a tool's copy
    shutil.copytree(HERE, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=place,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("the packages of the Node connector could not be had (npm ci)")
    return place


@dataclass
class Line:
    """The engine's end of a broker, and the organisation on Node at the other."""

    engine: FakeEngine
    bus: AmqpBus
    url: str
    home: Path
    base: str
    program: subprocess.Popen[bytes] | None = None

    async def publish(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), 100):
            some = names[start : start + 100]
            await self.bus.publish([Parcel(name, f"orders.{NODE}", self.engine.sent[name]) for name in some])

    def start(self) -> None:
        self.program = subprocess.Popen(
            [shutil.which("node") or "node", "connector.mjs"],
            cwd=installed(),
            env={
                "PATH": os.environ["PATH"],
                "TODOKE_NUMBER": NODE,
                "TODOKE_ENGINE": self.base,
                "TODOKE_AMQP_URL": self.url,
                "TODOKE_HOME": str(self.home),
            },
            stdout=subprocess.DEVNULL,
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.program
        self.program.send_signal(number)
        return self.program.wait(20)

    async def replies(self, count: int) -> None:
        """Judge replies as the engine does, until so many arrived."""
        async with asyncio.timeout(90):
            while len(self.engine.replies) < count:
                taken = await self.bus.take(reply_queue(NODE), limit=200, wait_seconds=1)
                for delivery in taken:
                    assert delivery.sender == NODE
                    for event in delivery.events:
                        told = self.engine.took(event)
                        assert told["outcome"] in {"applied", "duplicate"}, told
                await self.bus.ack(taken)


@pytest.fixture
async def line(rabbitmq: Broker, tmp_path: Path) -> AsyncIterator[Line]:
    installed()
    async with _line(rabbitmq, tmp_path) as made:
        yield made


def url_of(broker: Broker, number: str) -> str:
    parts = urlsplit(broker.amqp_url)
    return urlunsplit(parts._replace(netloc=f"org-{number}:secret@{parts.hostname}:{parts.port}"))


@asynccontextmanager
async def _line(broker: Broker, path: Path) -> AsyncIterator[Line]:
    async with AsyncExitStack() as stack:
        admin = await stack.enter_async_context(BrokerAdmin(broker.admin_url, broker.vhost))
        await admin.declare()
        for number in (NODE, PYTHON):
            await admin.declare_organisation(number, "secret")
            stack.push_async_callback(admin.shut_out, number)
        engine = FakeEngine(Now(), NODE)
        home = path / "node"
        engine.meets(OwnKeys.kept_in(home))
        server = await stack.enter_async_context(TestServer(engine.app()))
        bus = AmqpBus(broker.amqp_url)
        stack.push_async_callback(bus.close)
        made = Line(engine, bus, url_of(broker, NODE), home, str(server.make_url("")))
        made.start()
        try:
            yield made
        finally:
            if made.program is not None and made.program.poll() is None:
                made.stop(signal.SIGKILL)


async def test_a_thousand_orders_are_taken_beside_the_python_connector(
    line: Line, rabbitmq: Broker, tmp_path: Path
) -> None:
    names = [line.engine.order(submit(), to=place) for place in range(1, THOUSAND + 1)]
    async with world(tmp_path / "python", PythonOffice(), Now()) as python:
        transport = AmqpTransport(url_of(rabbitmq, PYTHON), number=PYTHON)
        python.start(transport, python.line)
        stop = asyncio.Event()
        running = asyncio.create_task(python.runner.run(stop))
        beside = [python.engine.order(submit(), to=place) for place in range(1, 101)]
        await line.bus.publish([Parcel(one, f"orders.{PYTHON}", python.engine.sent[one]) for one in beside])
        await line.publish(names)

        await line.replies(THOUSAND)
        async with asyncio.timeout(60):
            got = 0
            while got < len(beside):
                taken = await line.bus.take(reply_queue(PYTHON), limit=200, wait_seconds=1)
                got += sum(len(one.events) for one in taken)
                await line.bus.ack(taken)
        stop.set()
        await running
        await transport.close()

    assert {reply.payload.order_id for reply in line.engine.replies.values()} == set(names)  # type: ignore[attr-defined] # all are replies
    assert line.stop() == 0


async def test_what_is_repeated_is_answered_with_the_same_reply_also_after_a_kill(line: Line) -> None:
    name = line.engine.order(submit())
    await line.publish([name])
    await line.replies(1)
    line.stop(signal.SIGKILL)
    line.start()

    await line.publish([name, line.engine.order(submit(), to=2)])
    await line.replies(2)

    assert line.engine.arrivals.count(f"{name}.1") >= 2  # once more where the kill came before the ack
    assert len((line.home / "done.jsonl").read_text().splitlines()) == 2


async def test_what_is_overtaken_or_cannot_be_read_is_not_carried_out(line: Line) -> None:
    undone, late = line.engine.order(withdraw(), sequence=2), line.engine.order(submit(), sequence=1)
    other = line.engine.order(submit(), to=2)
    garbled = line.engine.order(submit(), to=3)
    line.engine.sent[garbled] = sealed_for_nobody(line.engine.sent[garbled])
    for name in (undone, late, garbled, other):
        await line.publish([name])

    await line.replies(2)
    (dead,) = await line.bus.dead_letters(limit=10, wait_seconds=10)

    assert line.engine.said() == ["withdrawn"]
    assert line.engine.said(2) == ["completed"]
    assert parse_order(dead.events[0]).id == garbled
    done = [json.loads(row) for row in (line.home / "done.jsonl").read_text().splitlines()]
    assert [row["reply"] is None for row in done if row["order"] == late] == [True]
