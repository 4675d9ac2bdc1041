# SPDX-License-Identifier: Apache-2.0
"""What the simulated family register desk and employer do with a birth and a marriage."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.government.family_register import ChiyodaRegisterSimulator
from connectors.private.employer import MihonIndustrySimulator
from connectors.sdk import Connector
from tests.unit.birth_samples import CHILD, family
from tests.unit.birth_samples import told as birth_told
from tests.unit.marriage_samples import couple
from tests.unit.plan_tables import plan_of
from tests.unit.sdk_engine import World, amend, submit, withdraw, world
from workflows.birth import BIRTH
from workflows.marriage import MARRIAGE

NOTICE = "birth.birth-notice"
FRIDAY_NOON = datetime(2026, 11, 27, 3, tzinfo=UTC)
SATURDAY = FRIDAY_NOON + timedelta(days=1)


def example(connector: Connector, procedure: str, **changes: Any) -> Any:
    return submit(procedure, fields={**connector.examples[procedure], **changes})


def at(here: World, moment: datetime) -> None:
    here.clock.move(moment - here.clock.now())


async def test_while_the_desk_is_open_a_birth_is_entered_at_once_for_good(tmp_path: Path) -> None:
    connector = ChiyodaRegisterSimulator()
    async with world(tmp_path, connector) as here:
        at(here, FRIDAY_NOON)
        here.engine.order(example(connector, NOTICE), sequence=1)
        await here.once()
        assert here.engine.said() == ["received", "accepted", "completed"]

        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said()[-1] == "irrevocable"


async def test_what_is_deposited_is_accepted_on_monday_and_counts_from_saturday(tmp_path: Path) -> None:
    connector = ChiyodaRegisterSimulator()
    async with world(tmp_path, connector) as here:
        at(here, SATURDAY)
        here.engine.order(example(connector, NOTICE), sequence=1)
        await here.once()
        assert here.engine.said() == ["received"]

        here.clock.move(timedelta(days=2))
        await here.once()

        assert here.engine.said() == ["received", "accepted", "completed"]
        assert here.engine.last().effective_on.isoformat() == "2026-11-28"


async def test_what_is_only_deposited_can_be_taken_back(tmp_path: Path) -> None:
    connector = ChiyodaRegisterSimulator()
    async with world(tmp_path, connector) as here:
        at(here, SATURDAY)
        here.engine.order(example(connector, NOTICE), sequence=1)
        await here.once()

        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said() == ["received", "withdrawn"]


@pytest.mark.parametrize("procedure", MihonIndustrySimulator.procedures)
async def test_the_employer_notes_corrects_and_strikes_out(tmp_path: Path, procedure: str) -> None:
    connector = MihonIndustrySimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, procedure), sequence=1)
        await here.once()
        here.engine.order(amend(connector.examples[procedure]), sequence=2)
        await here.once()
        here.engine.order(withdraw(), sequence=3)
        await here.once()

        assert here.engine.said() == ["received", "accepted", "completed", "amended", "withdrawn"]


RULES = {one.slug: (one, event) for event in (BIRTH, MARRIAGE) for one in event.procedures}
TAKEN = [
    (connector, slug)
    for connector in (ChiyodaRegisterSimulator(), MihonIndustrySimulator())
    for slug in connector.procedures
]


@pytest.mark.parametrize(("connector", "slug"), TAKEN, ids=[slug for _, slug in TAKEN])
def test_a_simulator_reads_exactly_what_its_procedure_tells(connector: Connector, slug: str) -> None:
    rule, event = RULES[slug]

    read = {field.alias or name for name, field in connector.procedures[slug].model_fields.items()}

    assert read == {event.known_fields[need].wire_name for need in rule.needs}


LEAVE = {"startsOn": "2026-10-09", "endsOn": "2027-01-15"}


@pytest.mark.parametrize("connector", [ChiyodaRegisterSimulator(), MihonIndustrySimulator()])
def test_what_the_engine_tells_is_what_they_take(connector: Connector) -> None:
    facts = birth_told(children=[CHILD], mother__maternityLeave=LEAVE, mother__childcareLeave=LEAVE)
    married = couple(
        spouses__0__employer={"companyName": "見本工業"},
        spouses__1__becomesDependant=True,
        spouses__1__taxDependant=True,
    )
    plans = [
        plan_of(BIRTH, BIRTH.facts.model_validate(facts), everybody=connector.number),
        plan_of(MARRIAGE, married, everybody=connector.number),
        plan_of(BIRTH, family(), everybody=connector.number),
    ]

    told = {
        one.slug: {name: value for name, value in one.fields.items() if value is not None}
        for plan in plans
        for one in plan.entries
        if one.slug in connector.procedures
    }

    assert told.keys() == connector.procedures.keys()
    for slug, fields in told.items():
        connector.procedures[slug].model_validate(fields, by_alias=True, by_name=False)
