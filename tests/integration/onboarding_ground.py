# SPDX-License-Identifier: Apache-2.0
"""People who bring their organisation on board over the API, as `docs/connectors.md` tells them to."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.border.certification import SUITE, Rehearsed, Report, schemas_digest
from engine.border.jwk import thumbprint
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
        await self.stage(number, "certification", report=await self.report(number))
        await self.stage(number, "live")

    async def report(self, number: str, **changes: Any) -> str:
        """Return a report as the sandbox of this installation signs it, of a rehearsal that was passed."""
        engine = self.here.engine
        known = await engine.registry.organisation(number)
        assert known is not None
        taken = await engine.registry.subscriptions(number)
        now = engine.clock.now()
        said: dict[str, Any] = {
            "number": number,
            "channel": known.channel.value,
            "subscriptions": tuple(Rehearsed(slug=one.slug, area=one.area) for one in taken),
            "suite": SUITE,
            "schemas": schemas_digest(),
            "passed": True,
            "begun_at": now,
            "ended_at": now,
            "findings": (),
        }
        key = engine.keys.signing
        return Report(**said | changes).signed(key, kid=thumbprint(key.public_key()))

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
