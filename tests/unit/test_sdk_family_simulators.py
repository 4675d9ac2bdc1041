# SPDX-License-Identifier: Apache-2.0
"""What the simulated family register desk and employer do with a birth and a marriage."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.government.family_register import ChiyodaRegisterSimulator
from connectors.sdk import Connector
from connectors.simulators.catalogue import SIMULATORS
from engine.border.examples import AnyEvent, procedure_examples
from engine.core.declaration import CONNECTED_WAYS, Kind
from tests.unit.sdk_engine import World, amend, submit, withdraw, world
from workflows.birth import BIRTH
from workflows.calendar_japan import calendar_for
from workflows.marriage import MARRIAGE

NOTICE = "birth.birth-notice"
FRIDAY_NOON = datetime(2026, 11, 27, 3, tzinfo=UTC)
SATURDAY = FRIDAY_NOON + timedelta(days=1)


def fields_of(procedure: str) -> dict[str, Any]:
    fields: dict[str, Any] = EXAMPLES[procedure].examples[0].order["fields"]
    return fields


def example(procedure: str, **changes: Any) -> Any:
    return submit(procedure, fields={**fields_of(procedure), **changes})


def at(here: World, moment: datetime) -> None:
    here.clock.move(moment - here.clock.now())


async def test_while_the_desk_is_open_a_birth_is_entered_at_once_for_good(tmp_path: Path) -> None:
    connector = ChiyodaRegisterSimulator()
    async with world(tmp_path, connector) as here:
        at(here, FRIDAY_NOON)
        here.engine.order(example(NOTICE), sequence=1)
        await here.once()
        assert here.engine.said() == ["received", "accepted", "completed"]

        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said()[-1] == "irrevocable"


async def test_what_is_deposited_is_accepted_on_monday_and_counts_from_saturday(tmp_path: Path) -> None:
    connector = ChiyodaRegisterSimulator()
    async with world(tmp_path, connector) as here:
        at(here, SATURDAY)
        here.engine.order(example(NOTICE), sequence=1)
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
        here.engine.order(example(NOTICE), sequence=1)
        await here.once()

        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said() == ["received", "withdrawn"]


EVENTS: tuple[AnyEvent, ...] = (BIRTH, MARRIAGE)
EXAMPLES = procedure_examples(EVENTS, calendar_for)
RULES = {one.slug: (one, event) for event in EVENTS for one in event.procedures}
CONNECTORS = [one.connector for one in SIMULATORS.values() if one.connector.procedures.keys() & RULES.keys()]
TAKEN = [(connector, slug) for connector in CONNECTORS for slug in connector.procedures if slug in RULES]
NAMES = [slug for _, slug in TAKEN]
# What is granted, issued or entered.
STAYS = {
    "birth.child-allowance-claim",
    "birth.child-allowance-increase",
    "birth.passport",
    "birth.pregnancy-benefit-2",
    "marriage.car-registration",
    "marriage.child-allowance-change",
    "marriage.licences",
    "marriage.passport",
    "marriage.real-estate-name",
}
CHANGEABLE = [(connector, slug) for connector, slug in TAKEN if slug != NOTICE]  # that one: see above


@pytest.mark.parametrize(("connector", "slug"), TAKEN, ids=NAMES)
def test_a_simulator_reads_exactly_what_its_procedure_tells(connector: Connector, slug: str) -> None:
    rule, event = RULES[slug]

    read = {field.alias or name for name, field in connector.procedures[slug].model_fields.items()}

    assert read == {event.known_fields[need].wire_name for need in rule.needs}


@pytest.mark.parametrize(("connector", "slug"), CHANGEABLE, ids=[slug for _, slug in CHANGEABLE])
async def test_it_takes_corrects_and_strikes_out_what_is_not_yet_granted(
    tmp_path: Path, connector: Connector, slug: str
) -> None:
    async with world(tmp_path, connector) as here:
        here.engine.order(example(slug), sequence=1)
        await here.once()
        here.clock.move(timedelta(days=31))
        await here.once()
        assert here.engine.said() == ["received", "accepted", "completed"]

        here.engine.order(amend(fields_of(slug)), sequence=2)
        await here.once()
        here.engine.order(withdraw(), sequence=3)
        await here.once()

        assert here.engine.said()[-2:] == ["amended", "irrevocable" if slug in STAYS else "withdrawn"]


def test_every_filing_that_can_be_sent_has_somebody_who_takes_it() -> None:
    can_be_sent = {
        slug for slug, (one, _) in RULES.items() if one.kind is Kind.FILING and set(one.ways) & CONNECTED_WAYS
    }

    assert can_be_sent == set(NAMES) & can_be_sent
