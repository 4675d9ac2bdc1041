# SPDX-License-Identifier: Apache-2.0
"""What the simulated organisations do after a death, and that they read what a plan tells them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.government.family_court import FamilyCourtSimulator
from connectors.government.pension_service import PensionServiceSimulator
from connectors.government.tax_office import TaxOfficeSimulator
from connectors.private.mihon_mutual_life import MihonMutualLifeSimulator
from connectors.private.mihon_trust_bank import MihonTrustBankSimulator
from connectors.private.undertaker import UndertakerSimulator
from connectors.sdk import Connector
from connectors.sdk.fields import Fields
from connectors.simulators.catalogue import SIMULATORS
from engine.border.examples import procedure_examples
from engine.core.declaration import CONNECTED_WAYS, Kind
from tests.unit.death_samples import PLANS, expected, planned
from tests.unit.sdk_engine import World, amend, answer, submit, withdraw, world
from workflows.calendar_japan import calendar_for
from workflows.death import DEATH

CREMATION, BANK, CLAIM = "death.cremation-record", "death.bank", "death.life-insurance-claim"
RENUNCIATION, UNPAID, TAX = "death.renunciation", "death.pension-unpaid", "death.quasi-final-tax"
EXAMPLES = procedure_examples([DEATH], calendar_for)
TAKEN: list[tuple[Connector, str]] = [
    (one.connector, slug)
    for one in SIMULATORS.values()
    for slug in one.connector.procedures
    if slug.startswith("death.")
]
# Those that end a contract, and what else is written down at once.
PLAIN = [
    *("death.electricity", "death.gas", "death.water", "death.telephone", "death.nhk", "death.isp"),
    *("death.mobile", "death.newspaper", "death.ecommerce", "death.credit-card"),
    *("death.hi-loss", "death.dog-owner", "death.bulky-waste"),
]
# What is granted or entered.
STAYS = (
    "death.funeral-grant",
    "death.child-allowance",
    "death.real-estate-registration",
    "death.car-transfer",
)


def example(connector: Connector, procedure: str, **changes: Any) -> Any:
    return submit(procedure, fields={**connector.examples[procedure], **changes})


async def at(here: World, moment: datetime) -> None:
    """Let the hour come, and whatever waits for it be done."""
    here.clock.move(moment - here.clock.now())
    await here.once()


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.json")), ids=lambda path: path.stem)
def test_each_organisation_can_read_what_a_plan_tells_it(path: Path) -> None:
    takers: dict[str, type[Fields]] = {slug: one.procedures[slug] for one, slug in TAKEN}

    for entry in planned(expected(path.name)).entries:
        if entry.slug in takers:
            takers[entry.slug].model_validate(entry.fields, by_alias=True, by_name=False)


def test_each_organisation_reads_exactly_what_its_procedure_tells() -> None:
    wires = {one.name: one.wire_name for one in DEATH.fields}
    needs = {one.slug: {wires[name] for name in one.needs} for one in DEATH.procedures}

    for one, slug in TAKEN:
        model = one.procedures[slug]
        assert {field.alias for field in model.model_fields.values()} == needs[slug], slug


def test_every_filing_that_can_be_sent_has_somebody_who_takes_it() -> None:
    can_be_sent = {
        one.slug for one in DEATH.procedures if one.kind is Kind.FILING and set(one.ways) & CONNECTED_WAYS
    }

    assert can_be_sent <= {slug for _, slug in TAKEN}


def taking(slug: str) -> tuple[Connector, dict[str, Any]]:
    connector = next(one for one, taken in TAKEN if taken == slug)
    return connector, dict(EXAMPLES[slug].examples[0].order["fields"])


@pytest.mark.parametrize("slug", PLAIN)
async def test_what_is_told_is_written_down_and_struck_out_again(slug: str, tmp_path: Path) -> None:
    connector, fields = taking(slug)
    async with world(tmp_path, connector) as here:
        here.clock.move(datetime(2026, 12, 1, tzinfo=UTC) - here.clock.now())
        here.engine.order(submit(slug, fields=fields), sequence=1)
        await here.once()
        (standing,) = here.ledger.in_effect()
        issued = {paper.kind for paper in here.engine.last().documents}
        here.engine.order(amend(fields), sequence=2)
        await here.once()
        here.engine.order(withdraw(), sequence=3)
        await here.once()

        told = {name: value for name, value in fields.items() if value is not None}
        assert {name: value for name, value in standing.fields.items() if value is not None} == told
        assert issued == set(EXAMPLES[slug].examples[0].documents)
        assert here.engine.said()[:3] == ["received", "accepted", "completed"]
        assert here.engine.said()[-2:] == ["amended", "withdrawn"]
        assert here.ledger.in_effect() == []


@pytest.mark.parametrize("slug", STAYS)
async def test_what_is_granted_or_entered_stays(slug: str, tmp_path: Path) -> None:
    connector, fields = taking(slug)
    async with world(tmp_path, connector) as here:
        here.engine.order(submit(slug, fields=fields), sequence=1)
        await here.once()
        issued = {paper.kind for paper in here.engine.last().documents}
        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said() == ["received", "accepted", "completed", "irrevocable"]
        assert issued == set(EXAMPLES[slug].examples[0].documents)


async def test_the_undertaker_waits_for_the_hour_and_hands_back_the_record(tmp_path: Path) -> None:
    connector = UndertakerSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, CREMATION))
        await here.once()
        assert here.engine.said() == ["received"]

        await at(here, datetime(2026, 11, 25, 1, 59, tzinfo=UTC))
        before = here.engine.said()
        await at(here, datetime(2026, 11, 25, 2, 1, tzinfo=UTC))

        assert before == ["received"]
        assert here.engine.said() == ["received", "accepted", "completed"]
        assert [one.kind for one in here.engine.last().documents] == ["cremation-record"]


@pytest.mark.parametrize(
    ("died_at", "cremated", "said"),
    [
        ("14:30", "2026-11-23T14:29", "refused"),
        ("14:30", "2026-11-23T14:30", "received"),
        (None, "2026-11-22", "refused"),
        (None, "2026-11-23", "received"),
    ],
)
async def test_the_undertaker_takes_no_cremation_before_24_hours(
    tmp_path: Path, died_at: str | None, cremated: str, said: str
) -> None:
    connector = UndertakerSimulator()
    async with world(tmp_path, connector) as here:
        here.clock.move(datetime(2026, 11, 22, tzinfo=UTC) - here.clock.now())
        here.engine.order(example(connector, CREMATION, diedAt=died_at, cremationAt=cremated))
        await here.once()

        assert here.engine.said()[0] == said
        if said == "refused":
            assert (here.engine.last().code, here.engine.last().field) == ("before-24-hours", "/cremationAt")


async def test_a_cremation_that_is_put_off_takes_place_on_the_new_day(tmp_path: Path) -> None:
    connector = UndertakerSimulator()
    async with world(tmp_path, connector) as here:
        here.clock.move(datetime(2026, 11, 23, tzinfo=UTC) - here.clock.now())
        here.engine.order(example(connector, CREMATION), sequence=1)
        await here.once()
        here.engine.order(amend({"cremationAt": "2026-11-26T09:00"}), sequence=2)
        await here.once()

        await at(here, datetime(2026, 11, 25, 3, tzinfo=UTC))
        on_the_old_day = here.engine.said()
        await at(here, datetime(2026, 11, 26, 0, 1, tzinfo=UTC))
        here.engine.order(withdraw(), sequence=3)
        await here.once()

        assert on_the_old_day == ["received", "amended"]
        assert here.engine.said()[2:] == ["accepted", "completed", "irrevocable"]


async def test_the_bank_stops_the_account_and_pays_nothing(tmp_path: Path) -> None:
    connector = MihonTrustBankSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, BANK), sequence=1)
        await here.once()
        asked = here.engine.last()
        here.engine.order(answer("yes", asked.question_id), sequence=2)
        await here.once()

        assert here.engine.said() == ["received", "asked", "received", "accepted", "completed"]
        assert [one.kind for one in here.engine.last().documents] == ["balance-certificate"]


async def test_a_claim_without_the_beneficiarys_account_is_mended(tmp_path: Path) -> None:
    connector = MihonMutualLifeSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, CLAIM, account=None), sequence=1)
        await here.once()
        refused = here.engine.last()
        here.engine.order(example(connector, CLAIM).model_copy(update={"attempt": 2}), sequence=2)
        await here.once()
        here.clock.move(timedelta(days=5, minutes=1))
        await here.once()
        here.engine.order(withdraw().model_copy(update={"attempt": 2}), sequence=3)
        await here.once()

        assert (refused.code, refused.field, refused.correctable) == ("account-missing", "/account", True)
        assert here.engine.said() == ["refused", "received", "accepted", "completed", "irrevocable"]


@pytest.mark.parametrize(
    ("said", "end"), [("mine", "completed"), ("disposed", "refused"), ("not-mine", "refused")]
)
async def test_the_court_asks_the_heir_before_it_takes_a_renunciation(
    tmp_path: Path, said: str, end: str
) -> None:
    connector = FamilyCourtSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, RENUNCIATION), sequence=1)
        await here.once()
        asked = here.engine.last()

        here.engine.order(answer(said, asked.question_id), sequence=2)
        await here.once()

        assert [choice.const for choice in asked.answer_schema.one_of] == ["mine", "disposed", "not-mine"]
        assert here.engine.said()[-1] == end


async def test_a_renunciation_that_was_taken_is_never_taken_back(tmp_path: Path) -> None:
    connector = FamilyCourtSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, RENUNCIATION), sequence=1)
        await here.once()
        here.engine.order(answer("mine", here.engine.last().question_id), sequence=2)
        await here.once()

        here.engine.order(withdraw(), sequence=3)
        await here.once()

        assert here.engine.said()[-1] == "irrevocable"


async def test_the_court_needs_the_day_from_which_the_three_months_run(tmp_path: Path) -> None:
    connector = FamilyCourtSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, RENUNCIATION, learnedOn=None))
        await here.once()

        assert (here.engine.last().code, here.engine.last().field) == ("learned-on-missing", "/learnedOn")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"sameLivelihood": False}, "not-same-livelihood"), ({"account": None}, "account-missing")],
)
async def test_the_pension_service_looks_at_livelihood_and_account(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    connector = PensionServiceSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, UNPAID, **changes))
        await here.once()

        assert here.engine.last().code == code


async def test_the_pension_service_decides_within_a_month(tmp_path: Path) -> None:
    connector = PensionServiceSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, UNPAID))
        await here.once()
        here.clock.move(timedelta(days=30, minutes=1))
        await here.once()

        assert here.engine.said() == ["received", "accepted", "completed"]
        assert [one.kind for one in here.engine.last().documents] == ["pension-decision"]


async def test_the_tax_office_takes_one_return_of_all_heirs_and_gives_none_back(tmp_path: Path) -> None:
    connector = TaxOfficeSimulator()
    async with world(tmp_path, connector) as here:
        here.engine.order(example(connector, TAX, heirs=[]), to=1)
        here.engine.order(example(connector, TAX), to=2, sequence=1)
        await here.once()
        here.engine.order(withdraw(), to=2, sequence=2)
        await here.once()

        assert here.engine.said(1) == ["refused"]
        assert here.engine.said(2) == ["received", "accepted", "completed", "irrevocable"]
