# SPDX-License-Identifier: Apache-2.0
"""A citizen with a case that runs, an operator, and organisations whose answers are in the test's hand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk import Connector
from engine.client import CitizenClient, Refusal
from engine.core import messages as m
from engine.core.messages import Answered
from engine.core.patience import JAPAN
from engine.ports import InboxEntry
from engine.runtime.processor import Result, Said, Work
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import HOLDER, PASSWORD, facts

ELECTRICITY, NHK, GAS = "move.electricity", "move.nhk", "move.gas"
POWER_NUMBER, NHK_NUMBER = MihonPowerSimulator.number, NhkSimulator.number


@dataclass
class Desk:
    """One citizen's case at a whole engine."""

    here: Ground
    citizen: CitizenClient
    operator: CitizenClient
    case_id: str
    told: dict[str, Any]
    _said: int = field(default=0)

    @property
    def path(self) -> str:
        return f"/v1/cases/{self.case_id}"

    async def case(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.citizen.get(self.path)
        return found

    async def filing(self, slug: str) -> dict[str, Any]:
        return next(one for one in (await self.case())["filings"] if one["slug"] == slug)

    async def replies(
        self, slug: str, kind: type[m.Reply], *, to: str = "submit/1/0", **members: Any
    ) -> Result:
        """Let the organisation of a filing say something, as the consumer would."""
        what, attempt, revision = to.split("/")
        answered = Answered(what, int(attempt), int(revision))  # type: ignore[arg-type] # one of its kinds
        filing = UUID((await self.filing(slug))["id"])
        return await self.hear(kind(UUID(self.case_id), filing, "o_1", answered, **members))

    async def hear(self, message: m.Message) -> Result:
        self._said += 1
        entry = InboxEntry("test", f"said-{self._said}", bytes(32), message.case_id)
        work = Work(entry=entry, actor="organisation:test", say=lambda _: Said(message))
        (result,) = await self.here.engine.processor.handle([work])
        assert result.code is None, result
        return result

    async def correct(self, **changes: Any) -> None:
        """Correct the facts over HTTP."""
        self.told = {**self.told, **changes}
        key = f"correct-{uuid4()}"
        await self.citizen.correct(self.case_id, {"facts": self.told}, password=PASSWORD, key=key)

    async def call_off(self) -> None:
        await self.citizen.say("POST", f"{self.path}/cancellation")

    async def finish(self) -> None:
        """Call the case off and let everybody confirm: it ends."""
        await self.call_off()
        await self.undone()

    async def undone(self) -> None:
        """Let everybody who is to undo something say that it is done."""
        for one in (await self.case())["filings"]:
            if one["state"] == "withdrawing":
                await self.replies(one["slug"], m.Withdrawn, to=f"withdraw/{one['attempt']}/1")


@asynccontextmanager
async def desk(
    dsn: str, place: Path, *, also: Sequence[Connector] = (), days_before: int = 0
) -> AsyncIterator[Desk]:
    """Run an engine with a confirmed case; organisations fetch nothing by themselves."""
    async with ground(dsn, place / "state") as here:
        await here.register(MihonPowerSimulator(), NhkSimulator(), *also)
        citizen, operator = here.citizen(HOLDER), here.citizen()
        await operator.sign_in()
        person = (await here.engine.gate.session(operator._token or "")).person
        await here.engine.gate.grant_operator(person, by="host:test")
        told = facts(here.engine.clock.now().astimezone(JAPAN).date() + timedelta(days=days_before))
        opened = await citizen.say("POST", "/v1/cases", {"event": "moving", "facts": told})
        case_id = str(opened["caseId"])
        await citizen.confirm(case_id, opened["version"], password=PASSWORD, key="confirm")
        yield Desk(here, citizen, operator, case_id, told)


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.status, caught.value.code
