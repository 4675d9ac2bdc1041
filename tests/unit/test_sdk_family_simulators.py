# SPDX-License-Identifier: Apache-2.0
"""What the simulated family register desk and employer do with a birth and a marriage."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.government.family_register import ChiyodaRegisterSimulator
from connectors.sdk import Connector
from connectors.simulators.catalogue import SIMULATORS
from tests.unit.birth_samples import CHILD, FATHER, MOTHER
from tests.unit.birth_samples import told as birth_told
from tests.unit.marriage_samples import couple, name, register
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


RULES = {one.slug: (one, event) for event in (BIRTH, MARRIAGE) for one in event.procedures}
CONNECTORS = [one.connector for one in SIMULATORS.values() if one.connector.procedures.keys() & RULES.keys()]
TAKEN = [(connector, slug) for connector in CONNECTORS for slug in connector.procedures if slug in RULES]
NAMES = [slug for _, slug in TAKEN]
CHANGEABLE = [(connector, slug) for connector, slug in TAKEN if slug != NOTICE]  # that one: see above


@pytest.mark.parametrize(("connector", "slug"), TAKEN, ids=NAMES)
def test_a_simulator_reads_exactly_what_its_procedure_tells(connector: Connector, slug: str) -> None:
    rule, event = RULES[slug]

    read = {field.alias or name for name, field in connector.procedures[slug].model_fields.items()}

    assert read == {event.known_fields[need].wire_name for need in rule.needs}
    assert slug in connector.examples


@pytest.mark.parametrize(("connector", "slug"), CHANGEABLE, ids=[slug for _, slug in CHANGEABLE])
async def test_it_takes_corrects_and_strikes_out_what_is_not_yet_granted(
    tmp_path: Path, connector: Connector, slug: str
) -> None:
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, slug), sequence=1)
        await here.once()
        here.clock.move(timedelta(days=6))
        await here.once()
        assert here.engine.said() == ["received", "accepted", "completed"]

        here.engine.order(amend(connector.examples[slug]), sequence=2)
        await here.once()
        here.engine.order(withdraw(), sequence=3)
        await here.once()

        granted = {"child-allowance-claim", "child-allowance-increase", "child-allowance-change"}
        is_granted = slug.partition(".")[2] in granted | {"pregnancy-benefit-2"}
        assert here.engine.said()[-2:] == ["amended", "irrevocable" if is_granted else "withdrawn"]


LEAVE = {"startsOn": "2026-10-09", "endsOn": "2027-01-15"}
HELD = {"companyName": "見本社", "customerNumber": "1"}
CONTRACTS: dict[str, Any] = {
    **{kind: [HELD] for kind in ("gas", "water", "telephone", "newspaper", "isp", "shops", "securities")},
    "banks": [{"branch": "東", "account": "1234567"}],
    "creditCards": [HELD | {"romaji": "SATO HANAKO"}],
    "mobiles": [{"number": "090-1234-5678"}],
    "insurance": [HELD | {"beneficiary": {"name": name("佐藤", "太郎"), "relation": "夫"}}],
}
STEP_CHILD = {
    "name": name("髙橋", "一"),
    "kana": name("タカハシ", "ハジメ"),
    "birthDate": "2018-07-07",
    "parent": 0,
    "familyRegister": register("東町1番地", name("髙橋", "松")),
}


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda one: type(one).__name__)
def test_what_the_engine_tells_is_what_they_take(connector: Connector) -> None:
    """Of a household with everything at once, and of one that is insured nationally."""
    child = CHILD | {"weightGrams": 2300, "daycare": {"wishes": ["見本保育所"]}}
    national = {"healthInsurance": "national", "nationalPension": True}
    employed = birth_told(children=[child], mother__maternityLeave=LEAVE, mother__childcareLeave=LEAVE)
    insured = birth_told(
        father=FATHER | national, mother=MOTHER | national, allowance={"recipient": "father", "already": True}
    )
    insured["siblings"] = [{"name": name("佐藤", "零"), "birthDate": "2020-01-01"}]
    married = couple(
        spouses__0__employer={"companyName": "見本工業"},
        spouses__0__healthInsurance="national",
        spouses__1__becomesDependant=True,
        spouses__1__taxDependant=True,
        children=[STEP_CHILD],
        childAllowance={"recipient": 1},
        contracts=CONTRACTS,
    )
    plans = [
        *(
            plan_of(BIRTH, BIRTH.facts.model_validate(facts), everybody=connector.number)
            for facts in (employed, insured)
        ),
        plan_of(MARRIAGE, married, everybody=connector.number),
    ]

    told = {
        one.slug: {field: value for field, value in one.fields.items() if value is not None}
        for plan in plans
        for one in plan.entries
        if one.slug in connector.procedures
    }

    assert told.keys() == connector.procedures.keys() & RULES.keys()
    for slug, fields in told.items():
        connector.procedures[slug].model_validate(fields, by_alias=True, by_name=False)
