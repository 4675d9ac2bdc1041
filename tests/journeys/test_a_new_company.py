# SPDX-License-Identifier: Apache-2.0
"""A company nobody has heard of connects by the page docs/connectors.md alone, on each of the four channels.

Its representative has a card, its engineer a terminal; the operator approves, and lets it go live. The
steps are those of the chapter "From nothing to live", in that order; the minutes of each are printed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connectors.channels.files import FileDesk
from connectors.channels.replies_table import COLUMNS
from connectors.channels.tables import read, written
from connectors.conformance.engineer import Engineer
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.sdk.keys import OwnKeys
from connectors.sdk.ledger import Ledger
from connectors.sdk.pull import PullTransport
from connectors.sdk.transport import EngineUnavailable
from connectors.sdk.webhook import PATH
from engine.broker_users import declare_broker
from engine.local.process import free_port
from tests.integration.engine_ground import Ground, ground
from tests.integration.onboarding_ground import People, people
from tests.integration.test_operator_cli import Terminal
from tests.journeys.household import PASSWORD, PIN
from tests.journeys.worlds import Processes, _keys_with_shared_passwords, _url_of
from tests.services import Broker

NUMBER = MihonPowerSimulator.number
MOST_MINUTES = 30.0
ANSWERS = {"submit": "completed", "amend": "amended", "withdraw": "withdrawn"}


class Minutes:
    """How long each step took."""

    def __init__(self) -> None:
        self._at = self._began = time.monotonic()
        self.steps: dict[str, float] = {}

    def done(self, step: str) -> None:
        now = time.monotonic()
        self.steps[step] = (now - self._at) / 60
        self._at = now

    def table(self, channel: str) -> str:
        lines = [f"{minutes:6.2f} min  {step}" for step, minutes in self.steps.items()]
        return "\n".join([f"--- {channel}", *lines, f"{sum(self.steps.values()):6.2f} min  in all"])


class Office:
    """A town hall with a spreadsheet: takes files out, answers every row, hands the table in."""

    def __init__(self, here: Ground, home: Path) -> None:
        self._here = here
        self._home = home
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._work())

    async def kill(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        folder = self._home
        while True:
            try:
                async with self._desk() as desk:
                    for file in await desk.take_out(folder, form="csv"):
                        await self._answer(desk, folder, file)
            except EngineUnavailable:
                pass
            await asyncio.sleep(0.3)

    async def _answer(self, desk: FileDesk, folder: Path, file: Path) -> None:
        rows = read(await asyncio.to_thread(file.read_bytes), form="csv")
        replies = [
            {"orderId": row["orderId"], "reply": ANSWERS[row["order"]], "receipt": f"F-{row['orderId'][2:8]}"}
            for row in rows
        ]
        table = folder / "replies.csv"
        await asyncio.to_thread(table.write_bytes, written(replies, COLUMNS, form="csv"))
        assert (await desk.hand_in(table, form="csv")).faults == ()
        await desk.done(file)

    @asynccontextmanager
    async def _desk(self) -> AsyncIterator[FileDesk]:
        engine = self._here.engine
        keys, ledger = OwnKeys.kept_in(self._home), Ledger(self._home / "ledger.sqlite3")
        door = PullTransport(engine.settings.origin, number=NUMBER, keys=keys, clock=engine.clock)
        try:
            yield FileDesk(
                NUMBER, self._home, keys=keys, ledger=ledger, transport=door, door=door, clock=engine.clock
            )
        finally:
            await door.close()
            ledger.close()


class Company:
    """The new company: its card, its terminal, its connector."""

    def __init__(self, here: Ground, terminal: Terminal, place: Path, channel: str) -> None:
        self.here = here
        self.terminal = terminal
        self.channel = channel
        self.home = place / "power"
        self.port = free_port()
        self.processes = Processes(place / "log")
        self.office = Office(here, self.home)
        self.more: dict[str, str] = {}

    async def apply(self) -> None:
        endpoint = ("--endpoint", f"http://127.0.0.1:{self.port}{PATH}") if self.channel == "webhook" else ()
        takes = ("--takes", "move.electricity", "--channel", self.channel, *endpoint)
        await self._organisation("apply", NUMBER, *takes, "--password", PASSWORD, "--yes")

    async def register_keys(self) -> None:
        await self._organisation("register-keys", NUMBER, "--home", str(self.home))

    async def start(self, engineer: Engineer) -> None:
        if self.channel == "file":
            self.office.start()
            return
        arguments = ["connect", "mihon-power", "--home", str(self.home), "--channel", self.channel]
        if self.channel == "webhook":
            secret = (await engineer.webhook())["secret"]
            arguments += ["--listen", f"127.0.0.1:{self.port}", "--trust", secret]
        self.processes.start("power", {**self.terminal.environment, **self.more}, *arguments)

    async def restart(self) -> None:
        """Kill it in the middle of its work, and start it again."""
        if self.channel == "file":
            await self.office.kill()
            self.office.start()
            return
        await asyncio.to_thread(self.processes.kill, "power")
        self.processes.again("power")
        if self.channel == "webhook":
            await listening(self.port)

    async def stop(self) -> None:
        await self.office.kill()
        await asyncio.to_thread(self.processes.stop)

    async def _organisation(self, *arguments: str) -> None:
        place = ("organisation", "--card", str(self.terminal.card), "--pin", PIN)
        await self.terminal.run(*place, *arguments)


async def listening(port: int) -> None:
    """Return when somebody listens there: only then has the connector been started again."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            await writer.wait_closed()
            return


async def rehearsed(company: Company, engineer: Engineer, minutes: Minutes) -> Mapping[str, Any]:
    """Follow the rehearsal as `todoke certify` does, and do what it asks for."""
    await engineer.begin({"patienceSeconds": 60, "burst": 60})
    last: Mapping[str, Any] = {}
    async for view in engineer.findings():
        if view:
            last = view
            if view["findings"] and "first sandbox order answered" not in minutes.steps:
                minutes.done("first sandbox order answered")
            if view["step"]:
                if view["step"]["name"] == "change-keys":
                    await engineer.change_key()
                await company.restart()
                await engineer.confirm(view["step"]["name"])
        await asyncio.sleep(0.2)
    return last


@asynccontextmanager
async def sandbox(dsn: str, place: Path, broker: Broker | None) -> AsyncIterator[Ground]:
    if broker is not None:
        (place / "state").mkdir(mode=0o700)
        _keys_with_shared_passwords(place / "state" / "keys")
    async with ground(dsn, place / "state", sandbox=True, broker=broker) as here:
        if broker is not None:
            await declare_broker(here.engine.settings)
        yield here


@pytest.mark.parametrize("channel", ["pull", "webhook", "amqp", "file"])
async def test_a_new_company_is_certified_and_live_within_half_an_hour(
    channel: str, postgres_dsn: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    broker: Broker | None = request.getfixturevalue("rabbitmq") if channel == "amqp" else None
    async with sandbox(postgres_dsn, tmp_path, broker) as here, aiohttp.ClientSession() as session:
        office = await people(here)
        company = Company(here, Terminal(here, postgres_dsn, tmp_path), tmp_path, channel)
        minutes = Minutes()
        try:
            await company.apply()
            minutes.done("applied, signed with the card")
            await approve(office)
            minutes.done("approved by an operator")
            await company.register_keys()
            minutes.done("keys registered")
            if broker is not None:  # the operator's part: its queue, and the password of its user
                await declare_broker(here.engine.settings)
                password = here.engine.keys.broker_password(NUMBER)
                company.more["TODOKE_AMQP_URL"] = _url_of(broker, f"org-{NUMBER}", password)
            engineer = Engineer(
                session,
                here.engine.settings.origin,
                number=NUMBER,
                home=company.home,
                clock=here.engine.clock,
            )
            await company.start(engineer)
            minutes.done("connector started")
            last = await rehearsed(company, engineer, minutes)
            minutes.done("certified")
            wrong = [
                (one["check"], one["verdict"], one["came"])
                for one in last["findings"]
                if one["verdict"] in {"failed", "not-run"}
            ]
            if wrong:
                print(*wrong, *last["findings"], sep="\n")
            assert (last["state"], wrong) == ("passed", [])
            live = await office.stage(NUMBER, "live")
            minutes.done("live, let through by an operator")
        finally:
            await company.stop()

    print(minutes.table(channel))
    assert live["stage"] == "live"
    assert sum(minutes.steps.values()) < MOST_MINUTES


async def approve(office: People) -> None:
    """What the operator does, and all that anybody else does before the company is certified."""
    (line,) = (await office.operator.get("/v1/operator/applications"))["applications"]
    await office.decide(line["id"])
