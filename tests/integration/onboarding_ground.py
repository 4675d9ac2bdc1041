# SPDX-License-Identifier: Apache-2.0
"""People who bring their organisation on board over the API, as `docs/connectors.md` tells them to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.client import CitizenClient
from tests.integration.engine_ground import Ground
from tests.journeys.household import PASSWORD

ELECTRICITY = {"slug": "move.electricity", "area": None}


@dataclass
class People:
    """A representative, an operator, and the engine between them."""

    here: Ground
    representative: CitizenClient
    operator: CitizenClient

    async def person(self, who: CitizenClient) -> UUID:
        return (await self.here.engine.gate.session(who._token or "")).person

    async def apply(self, number: str, *subscriptions: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"number": number, "channel": "pull", "subscriptions": list(subscriptions), **more}
        drafted: dict[str, Any] = await self.representative.say("POST", "/v1/organisations", body)
        return drafted

    async def sign(self, application: str, *, who: CitizenClient | None = None) -> dict[str, Any]:
        client = who or self.representative
        signed: dict[str, Any] = await client.declare(application, password=PASSWORD)
        return signed

    async def decide(self, application: str, how: str = "approval", **body: str) -> dict[str, Any]:
        said = {
            "reason": "登記事項証明書と照合した",
            **({"checked": "register-extract"} if how == "approval" else {}),
            **body,
        }
        path = f"/v1/operator/applications/{application}/{how}"
        decided: dict[str, Any] = await self.operator.say("POST", path, said)
        return decided

    async def on_board(self, number: str, *subscriptions: dict[str, Any], **more: Any) -> None:
        """Bring the organisation all the way to its first real filing."""
        drafted = await self.apply(number, *subscriptions, **more)
        await self.sign(drafted["id"])
        await self.decide(drafted["id"])
        await self.stage(number, "certification", report={"passed": 1})
        await self.stage(number, "live")

    async def stage(self, number: str, step: str, **body: Any) -> dict[str, Any]:
        path = f"/v1/operator/organisations/{number}/{step}"
        standing: dict[str, Any] = await self.operator.say("POST", path, {"reason": "段階を進める", **body})
        return standing


async def people(here: Ground) -> People:
    representative, operator = here.citizen(), here.citizen()
    await representative.sign_in()
    await operator.sign_in()
    found = People(here, representative, operator)
    await here.engine.gate.grant_operator(await found.person(operator), by="host:test")
    return found
