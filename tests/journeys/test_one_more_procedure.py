# SPDX-License-Identifier: Apache-2.0
"""A new procedure is one entry, a new connector one class: nothing else has to know of either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.sdk import (
    Accepted,
    Address,
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
from connectors.sdk.ledger import Ledger
from connectors.simulators import program
from connectors.simulators.behaviour import Behaviour
from connectors.simulators.catalogue import Simulated
from engine.client import CitizenClient
from engine.core.deadline_rules import Promptness, Severity, Soft
from engine.core.declaration import Condition, Grade, Procedure, Receiver, Sought
from engine.core.lifecycle import Way
from engine.core.patience import day_in_japan
from tests.households import household
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import PASSWORD
from workflows.moving import MOVING, MovingFacts

SLUG = "move.library-card"

LIBRARY_CARD: Procedure[MovingFacts] = Procedure(
    slug=SLUG,
    title=Text(ja="図書館利用者の住所変更", en="Library card: change of address"),
    receiver=Receiver("LIBRARY", lambda _: Sought(Text(ja="見本図書館", en="Sample Library"))),
    ways=(Way.ONLINE, Way.SELF),
    needs=("newAddress", "movingDate"),
    applies=Condition(Text(ja="いつも", en="Always"), lambda _: True),
    deadline=Soft(
        promptness=Promptness.WITHOUT_DELAY, severity=Severity.CONVENIENCE, basis="見本図書館利用規則"
    ),
    basis="見本図書館利用規則",
    in_force=date(2020, 4, 1),
    grade=Grade.SURE,
)


class NewAddress(Fields):
    """What the library needs."""

    new_address: Address
    moving_date: date


class Library(Connector):
    """The whole connector."""

    number = "6999999000003"
    name = Text(ja="見本図書館", en="Sample Library")
    procedures: ClassVar = {SLUG: NewAddress}

    def submit(self, order: Submit[NewAddress], desk: Desk) -> Answer:
        desk.take_effect(order, "changed")
        return Accepted("L-1"), Completed("L-1", order.fields.moving_date)

    def withdraw(self, order: Withdraw[NewAddress], desk: Desk) -> Answer:
        desk.take_effect(order, "changed back")
        return Withdrawn("L-1")


async def test_one_entry_and_one_class_are_all_that_a_new_procedure_takes(
    postgres_dsn: str, tmp_path: Path
) -> None:
    law = (replace(MOVING, procedures=(*MOVING.procedures, LIBRARY_CARD)),)
    async with ground(postgres_dsn, tmp_path / "state", life_events=law) as here:
        library = Library()
        await here.register(library)
        async with running(here, library):
            case, citizen = await confirmed(here)
            filing = await completed(citizen, case)

            told = (await citizen.get(f"/v1/cases/{case}/disclosures"))["disclosures"]

        assert (filing["way"], filing["receipt"]) == ("online", "L-1")
        assert {(one["organisation"], one["field"]) for one in told} == {
            (library.number, "newAddress"),
            (library.number, "movingDate"),
        }
        ledger = Ledger(here.homes / library.number / "ledger.sqlite3")
        assert [effect.rpartition(" ")[2] for effect, _ in ledger.effects()] == ["changed"]
        ledger.close()


async def test_without_its_class_the_same_entry_is_left_to_the_citizen(
    postgres_dsn: str, tmp_path: Path
) -> None:
    law = (replace(MOVING, procedures=(*MOVING.procedures, LIBRARY_CARD)),)
    async with ground(postgres_dsn, tmp_path / "state", life_events=law) as here:
        case, citizen = await confirmed(here)

        found = await citizen.get(f"/v1/cases/{case}")

        assert [f["state"] for f in found["filings"] if f["slug"] == SLUG] == ["to-do"]


async def test_without_the_entry_nobody_hears_of_the_procedure(postgres_dsn: str, tmp_path: Path) -> None:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(Library())
        case, citizen = await confirmed(here)

        found = await citizen.get(f"/v1/cases/{case}")

        assert SLUG not in {filing["slug"] for filing in found["filings"]}


async def confirmed(here: Ground) -> tuple[str, CitizenClient]:
    citizen = here.citizen()
    facts = household(day_in_japan(here.engine.clock.now()) + timedelta(days=12))
    opened = await citizen.say("POST", "/v1/cases", {"event": "moving", "facts": facts}, key="open")
    await citizen.confirm(opened["caseId"], opened["version"], password=PASSWORD, key="confirm")
    return opened["caseId"], citizen


async def completed(citizen: CitizenClient, case: str) -> Any:
    filing: Any = None
    try:
        async with asyncio.timeout(60):
            while True:
                found = await citizen.get(f"/v1/cases/{case}")
                (filing,) = (one for one in found["filings"] if one["slug"] == SLUG)
                if filing["state"] == "completed":
                    return filing
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"it stayed {filing['state']}")


@asynccontextmanager
async def running(here: Ground, connector: Connector) -> AsyncIterator[None]:
    """Run the connector as its own program would."""
    origin = here.engine.settings.origin
    place = program.Place(here.homes / connector.number, origin, origin, here.engine.clock)
    stop = asyncio.Event()
    task = asyncio.create_task(program.run_until(stop, Simulated(connector), Behaviour(), place))
    try:
        yield
    finally:
        stop.set()
        await task
