# SPDX-License-Identifier: Apache-2.0
"""A sandbox and one organisation in it, whose connector the test starts, stops and gives new keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from joserfc import jws

from connectors.conformance.suite import Asked
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.sdk import Connector
from connectors.sdk.keys import OwnKeys
from connectors.simulators import program
from connectors.simulators.behaviour import Behaviour
from connectors.simulators.catalogue import Simulated
from engine.border.certification import Report
from engine.border.certification import verified as report_in
from engine.border.jwk import thumbprint
from engine.registry.model import OrganisationKey, Stage
from tests.integration.engine_ground import Ground

SECONDS: Final = 200


@dataclass
class Rehearsing:
    """One organisation that rehearses. `start` runs its connector until it is stopped."""

    here: Ground
    number: str
    start: Callable[[asyncio.Event], Awaitable[None]]
    home: Path
    _stop: asyncio.Event | None = None
    _task: "asyncio.Task[None] | None" = None

    async def go(self) -> None:
        self._stop = asyncio.Event()
        self._task = asyncio.ensure_future(self.start(self._stop))

    async def halt(self) -> None:
        if self._task is not None and self._stop is not None:
            self._stop.set()
            await self._task
            self._task = None

    async def rehearse(self, *, patience: int = 3, burst: int = 20) -> Report:
        """Go through the whole suite as its engineer would; return the report."""
        suite = self.here.engine.suite
        await suite.begin(self.number, Asked(patience_seconds=patience, step_seconds=120, burst=burst))
        async with asyncio.timeout(SECONDS):
            while True:
                view = await suite.newest(self.number)
                if view.ended_at is not None:
                    break
                if view.step is not None:
                    await self._do(view.step.name)
                    await suite.confirm(self.number, view.step.name)
                await asyncio.sleep(0.4)
        assert view.report is not None
        key = self.here.engine.keys.signing.public_key()
        if view.state == "failed":
            return Report.model_validate_json(jws.extract_compact(view.report.encode()).payload)
        return report_in(view.report, {thumbprint(key): key}, number=self.number)

    async def _do(self, step: str) -> None:
        await self.halt()
        if step == "change-keys":
            await self._change_keys()
        await self.go()

    async def _change_keys(self) -> None:
        (self.home / "decryption.pem").rename(self.home / "decryption-1.pem")
        keys = OwnKeys.kept_in(self.home)
        await register(self.here, self.number, keys)


async def register(here: Ground, number: str, keys: OwnKeys) -> None:
    """Register what is new of the connector's keys."""
    now = here.engine.clock.now()
    known = {one.kid for one in await here.engine.registry.keys(number)}
    made = [
        OrganisationKey.registered(
            number, jwk, use=jwk["use"], not_before=now, not_after=now.replace(year=now.year + 1)
        )
        for jwk in keys.public()["keys"]
    ]
    await here.engine.registry.add_keys([one for one in made if one.kid not in known])
    here.engine.directories.look_again()


@asynccontextmanager
async def dialled(here: Ground, connector: Connector, dial: Behaviour) -> AsyncIterator[Rehearsing]:
    """Yield a simulated organisation with its dial turned."""
    await here.register(connector)
    here.engine.directories.look_again()
    origin = here.engine.settings.origin
    home = here.homes / connector.number
    place = program.Place(home, origin, origin, here.engine.clock)

    async def start(stop: asyncio.Event) -> None:
        await program.run_until(stop, Simulated(connector), dial, place)

    one = Rehearsing(here, connector.number, start, home)
    await one.go()
    try:
        yield one
    finally:
        await one.halt()


def failed(report: Report) -> list[str]:
    return sorted({one.check for one in report.findings if one.verdict == "failed"})


async def stage(here: Ground, number: str) -> Stage:
    known = await here.engine.registry.organisation(number)
    assert known is not None
    return known.stage


POWER: Final = MihonPowerSimulator()
