# SPDX-License-Identifier: Apache-2.0
"""One case with an organisation on webhook: the whole engine on one side, the SDK's receiver on the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.channels.webhook_desk import WebhookView
from connectors.private.nhk import NhkSimulator
from connectors.sdk.ledger import Ledger
from connectors.sdk.pull import PullTransport
from connectors.sdk.runner import Runner
from connectors.sdk.webhook import PATH, WebhookTransport
from connectors.simulators.catalogue import registration
from engine.client import CitizenClient
from engine.core.patience import JAPAN
from engine.local.process import free_port
from engine.ports import Health
from engine.registry.seed import seed
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import HOLDER, PASSWORD, facts

NHK = NhkSimulator()
SLUG = "move.nhk"


class Office:
    """A citizen whose case runs, and an organisation whose address is known before anybody listens there."""

    def __init__(self, here: Ground, citizen: CitizenClient, case_id: str, *, port: int) -> None:
        self.here = here
        self.citizen = citizen
        self.case_id = case_id
        self.port = port

    async def filing(self) -> dict[str, Any]:
        case = await self.citizen.get(f"/v1/cases/{self.case_id}")
        return next(one for one in case["filings"] if one["slug"] == SLUG)

    async def until(self, *states: str) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while True:
                filing = await self.filing()
                if filing["state"] in states:
                    return filing
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def pushed(self) -> AsyncIterator[None]:
        """Run the role that brings orders."""
        pushing = asyncio.create_task(self.here.engine.push())
        try:
            yield
        finally:
            pushing.cancel()
            await asyncio.gather(pushing, return_exceptions=True)

    @asynccontextmanager
    async def connected(self, place: Path) -> AsyncIterator[None]:
        """Run the connector as a program of its own would."""
        engine = self.here.engine
        door = PullTransport(
            engine.settings.origin, number=NHK.number, keys=self.here.keys(NHK), clock=engine.clock
        )
        secret: WebhookView = await engine.webhook_desk.webhook(NHK.number)
        transport = WebhookTransport(door, trusted=[secret.secret], clock=engine.clock)
        await transport.listen("127.0.0.1", self.port)
        ledger = Ledger(place / "ledger.sqlite3")
        runner = Runner(
            NHK, transport=transport, door=door, keys=self.here.keys(NHK), ledger=ledger, clock=engine.clock
        )
        stop = asyncio.Event()
        running = asyncio.create_task(runner.run(stop))
        try:
            yield
        finally:
            stop.set()
            await running
            await transport.close()
            await door.close()
            ledger.close()


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        port = free_port()
        endpoint = f"http://127.0.0.1:{port}{PATH}"
        known = registration(NHK, here.keys(NHK), channel="webhook", endpoint=endpoint)
        await seed(here.engine.registry, [known], clock=here.engine.clock)
        citizen = here.citizen(HOLDER)
        told = facts(here.engine.clock.now().astimezone(JAPAN).date())
        opened = await citizen.say("POST", "/v1/cases", {"event": "moving", "facts": told})
        await citizen.confirm(str(opened["caseId"]), opened["version"], password=PASSWORD, key="confirm")
        yield Office(here, citizen, str(opened["caseId"]), port=port)


async def test_an_order_is_brought_and_the_reply_reaches_the_citizen(office: Office, tmp_path: Path) -> None:
    before = await office.filing()

    async with office.connected(tmp_path), office.pushed():
        after = await office.until("refused")

    assert before["state"] == "submitted"
    assert after["refusal"]["field"] == "/customerNumber"  # what this organisation says to these facts
    assert after["notice"] is None


async def test_while_nobody_answers_the_citizen_is_told_in_plain_words(office: Office) -> None:
    since = office.here.engine.clock.now()
    await office.here.engine.lanes.note(NHK.number, Health(circuit="open", failing_since=since, rounds=1))

    filing = await office.filing()

    assert "応答していません" in filing["notice"]["ja"]
    assert "has not answered since" in filing["notice"]["en"]
