# SPDX-License-Identifier: Apache-2.0
"""Two organisations, a vendor that acts for them, and a citizen whose move concerns both."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from connectors.government.small_towns import SmallTownsSimulator
from connectors.private.mihon_gas import MihonGasSimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk import Connector
from engine.border.envelope import Opened, kind_of, open_order, seal_event
from engine.border.jwk import RecipientKey
from engine.border.payloads import Payload, ReplyReceived
from engine.border.sealing import Opener, Sealer
from engine.client import CitizenClient
from engine.core.patience import day_in_japan
from engine.registry.acting import Grant
from engine.runtime.agents import Agents
from engine.runtime.consumer import ReplyResult
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import HOLDER, PASSWORD, facts
from tests.services import Broker

POWER, NHK = MihonPowerSimulator(), NhkSimulator()
VENDOR, ANOTHER = SmallTownsSimulator(), MihonGasSimulator()
ELECTRICITY, TELEVISION = "move.electricity", "move.nhk"


@dataclass
class Town:
    """The engine, its organisations, and how each of them reads and speaks."""

    here: Ground
    citizen: CitizenClient
    case_id: str
    told: dict[str, Any]
    _people: dict[str, CitizenClient] = field(default_factory=dict)
    _said: int = 0

    @property
    def agents(self) -> Agents:
        return self.here.engine.agents

    async def speaks_for(self, who: Connector) -> CitizenClient:
        """Return a person who represents the organisation."""
        if who.number not in self._people:
            client = self.here.citizen()
            await client.sign_in()
            person = (await self.here.engine.gate.session(client._token or "")).person
            await self.here.engine.gate.grant(person, f"organisation:{who.number}", by="host:test")
            self._people[who.number] = client
        self._people[who.number].about = who.number
        return self._people[who.number]

    async def offers(self, who: Connector, *slugs: str, to: Connector = VENDOR) -> dict[str, Any]:
        body = {
            "agent": to.number,
            "procedures": [{"slug": slug} for slug in slugs],
            "lastOn": (day_in_japan(self.here.engine.clock.now()) + timedelta(days=90)).isoformat(),
        }
        client = await self.speaks_for(who)
        made: dict[str, Any] = await client.say("POST", "/v1/organisation/grants", body, key=str(uuid4()))
        return made

    async def entrusts(self, who: Connector, *slugs: str, to: Connector = VENDOR) -> str:
        grant = (await self.offers(who, *slugs, to=to))["id"]
        client = await self.speaks_for(to)
        await client.say("POST", f"/v1/organisation/grants/{grant}/acceptance")
        return str(grant)

    async def ends(self, who: Connector, grant: str) -> dict[str, Any]:
        client = await self.speaks_for(who)
        ended: dict[str, Any] = await client.say("DELETE", f"/v1/organisation/grants/{grant}")
        return ended

    async def settled(self) -> int:
        """Let the worker finish what other processes may have done meanwhile."""
        return await self.here.engine.handover.run_once(settled_after=timedelta())

    async def lying(self, who: Connector) -> list[bytes]:
        found = await self.here.engine.feed.orders(who.number, after=0, limit=50, wait_seconds=0)
        return [one.event for one in found]

    async def orders(self, who: Connector) -> list[Opened]:
        """Return what lies in the feed, opened with the organisation's own key."""
        return [self.opened(who, event) for event in await self.lying(who)]

    def opened(self, who: Connector, event: bytes) -> Opened:
        keys, engine = self.here.keys(who), self.here.engine
        return open_order(event, Opener(keys.decryption, lambda *_: engine.keys.signing.public_key()))

    async def takes(self, who: Connector) -> list[Opened]:
        """Let it have everything that waits."""
        found = await self.orders(who)
        await self.here.engine.feed.acknowledge(who.number, [one.event.id for one in found])
        return found

    async def says(self, who: Connector, order: Opened, said: Payload | None = None) -> ReplyResult:
        """Let it answer the order, signed with its own key."""
        self._said += 1
        engine, keys = self.here.engine, self.here.keys(who)
        event = seal_event(
            said or ReplyReceived(order_id=order.event.id, receipt=f"受{self._said}"),
            id=f"r-{self._said}",
            subject=order.event.subject,
            sequence=self._said,
            time=engine.clock.now(),
            sealer=Sealer(
                keys.signing, kid=keys.kid, source=f"/organisations/{who.number}", clock=engine.clock
            ),
            recipient=RecipientKey(engine.keys.decryption.public_key()),
        )
        engine.directories.look_again()
        (result,) = await engine.replies.take(who.number, [event])
        return result

    async def corrects(self, **changes: Any) -> None:
        """Let the citizen correct the facts."""
        self.told = {**self.told, **changes}
        await self.citizen.correct(self.case_id, {"facts": self.told}, password=PASSWORD, key=str(uuid4()))

    async def filing(self, slug: str) -> dict[str, Any]:
        case = await self.citizen.get(f"/v1/cases/{self.case_id}")
        return next(one for one in case["filings"] if one["slug"] == slug)

    async def grant(self, id_: str) -> Grant:
        return await self.here.engine._acting.grant(UUID(id_))


def kinds(orders: Sequence[Opened]) -> list[str]:
    return [kind_of(one.event.type) for one in orders]


def for_whom(order: Opened) -> str | None:
    return getattr(order.payload, "organisation", None)


@asynccontextmanager
async def town(
    dsn: str, place: Path, *, broker: Broker | None = None, channel: str = "pull"
) -> AsyncIterator[Town]:
    """Run the engine with one confirmed case; nobody fetches or answers by themselves.

    `channel` is the vendor's.
    """
    async with ground(dsn, place / "state", sends=False, broker=broker) as here:
        await here.register(POWER, NHK, ANOTHER)
        await here.register(VENDOR, channel=channel)
        yield await moved_household(here)


async def moved_household(here: Ground) -> Town:
    citizen = here.citizen(HOLDER)
    told = facts(day_in_japan(here.engine.clock.now()))
    opened = await citizen.say("POST", "/v1/cases", {"event": "moving", "facts": told}, key=str(uuid4()))
    await citizen.confirm(opened["caseId"], opened["version"], password=PASSWORD, key=str(uuid4()))
    return Town(here, citizen, opened["caseId"], told)


def envelope(event: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event)
    return found
