# SPDX-License-Identifier: Apache-2.0
"""A death against a running engine: one signs, everybody decides with their own card, nothing leaks."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.government.tax_office import TaxOfficeSimulator
from connectors.private.mihon_trust_bank import MihonTrustBankSimulator
from connectors.simulators import samples
from connectors.simulators.jpki import Resident
from engine.client import CitizenClient
from engine.core.patience import day_in_japan
from tests.integration.engine_ground import MURORAN, Ground, ground
from tests.integration.test_participants import come, confirm, refusal, seat, signed, state
from tests.unit.death_samples import HONSEKI

BROTHER = Resident("届出　次郎", date(1989, 5, 6), "北海道室蘭市幸町１番２号", "1", MURORAN)
BANK, TAX = MihonTrustBankSimulator(), TaxOfficeSimulator()


@pytest.fixture
async def here(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Ground]:
    async with ground(postgres_dsn, tmp_path / "state") as made:
        await made.register(BANK, TAX)
        yield made


def person(given: str, kana: str, born: str, **more: Any) -> dict[str, Any]:
    return {
        "name": {"family": "届出", "given": given},
        "kana": {"family": "トドケデ", "given": kana},
        "birthDate": born,
        "relation": "child",
        "address": samples.OLD_ADDRESS,
        **more,
    }


def told(here: Ground) -> dict[str, Any]:
    """Return the death, yesterday, of the father of two who file his last tax return."""
    today = day_in_japan(here.engine.clock.now())
    died = (today - timedelta(days=1)).isoformat()
    bank = {"company": BANK.number, "branch": "室蘭", "account": "1234567", "registered": True}
    return {
        "diedOn": died,
        "diedAt": "14:30",
        "place": samples.OLD_ADDRESS,
        "deceased": {
            "name": {"family": "届出", "given": "太郎"},
            "kana": {"family": "トドケデ", "given": "タロウ"},
            "birthDate": "1946-02-03",
            "sex": "male",
            "address": samples.OLD_ADDRESS,
            "honseki": HONSEKI,
            "spouseState": "widowed",
            "filesIncomeTax": True,
        },
        "people": [
            person("花子", "ハナコ", "1990-04-01", phone="0143-22-1111", livedTogether=True),
            person("次郎", "ジロウ", "1989-05-06"),
        ],
        "notifier": {"capacity": "relative-living-together", "learnedOn": died},
        "heirs": [{"person": 0, "learnedOn": died}, {"person": 1, "learnedOn": died}],
        "estate": {"value": 1_000_000},
        "contracts": {"banks": [bank, bank | {"registered": False, "account": "7654321"}]},
    }


async def opened(here: Ground, owner: CitizenClient) -> dict[str, Any]:
    made = await owner.say("POST", "/v1/cases", {"event": "death", "facts": told(here)})
    case: dict[str, Any] = await owner.get(f"/v1/cases/{made['caseId']}")
    return case


async def filings(owner: CitizenClient, case: dict[str, Any], slug: str) -> list[dict[str, Any]]:
    there = (await owner.get(f"/v1/cases/{case['id']}"))["filings"]
    return [one for one in there if one["slug"] == slug]


async def decide(one: CitizenClient, path: str, choice: str) -> None:
    body = await signed(one, path, query=f"?choice={choice}") | {"choice": choice}
    await one.say("POST", f"{path}/decision", body)


async def test_one_notifies_and_each_heir_decides_with_their_own_card(here: Ground) -> None:
    owner, brother = here.citizen(), here.citizen(BROTHER)
    case = await opened(here, owner)

    await confirm(owner, case)

    assert await state(owner, case) == "running"  # nobody else has to sign before the death is notified
    registered, other = await filings(owner, case, "death.bank")
    assert (registered["state"], other["waitsFor"]) == ("submitted", "predecessor")
    (tax,) = await filings(owner, case, "death.quasi-final-tax")
    assert (tax["state"], tax["waitsFor"]) == ("waiting", "participant")

    theirs = await come(owner, brother, case, "/people/1")
    await decide(brother, theirs, "accept")
    (tax,) = await filings(owner, case, "death.quasi-final-tax")
    assert tax["state"] == "waiting"

    await decide(owner, f"/v1/cases/{case['id']}/participants/{seat(case, '/people/0')}", "accept")

    (tax,) = await filings(owner, case, "death.quasi-final-tax")
    assert tax["state"] == "submitted"


async def test_nobody_decides_for_an_heir_with_another_card(here: Ground) -> None:
    owner, brother = here.citizen(), here.citizen(BROTHER)
    case = await opened(here, owner)
    await confirm(owner, case)
    theirs = await come(owner, brother, case, "/people/1")

    refused = await refusal(decide(owner, theirs, "accept"))

    assert refused.problem["code"] == "no-such-case"  # the seat is taken, and it is not the owner's
    (tax,) = await filings(owner, case, "death.quasi-final-tax")
    assert tax["state"] == "waiting"


async def test_where_all_heirs_renounce_nothing_of_the_estate_is_filed(here: Ground) -> None:
    owner, brother = here.citizen(), here.citizen(BROTHER)
    case = await opened(here, owner)
    await confirm(owner, case)
    theirs = await come(owner, brother, case, "/people/1")

    await decide(brother, theirs, "renounce")
    await decide(owner, f"/v1/cases/{case['id']}/participants/{seat(case, '/people/0')}", "renounce")

    (tax,) = await filings(owner, case, "death.quasi-final-tax")
    assert tax["state"] == "not-needed"
    registered, _ = await filings(owner, case, "death.bank")
    assert registered["state"] == "submitted"


async def test_a_bank_is_told_what_it_needs_and_nothing_of_the_family_register(here: Ground) -> None:
    owner = here.citizen()
    case = await opened(here, owner)

    await confirm(owner, case)

    told_to = (await owner.get(f"/v1/cases/{case['id']}/disclosures"))["disclosures"]
    fields = {one["field"] for one in told_to if one["organisation"] == BANK.number}
    assert fields == {"deceasedName", "deceasedBirthDate", "branch", "account", "notifierName", "phone"}
    assert not [one for one in told_to if one["organisation"] == TAX.number]  # it waits for the heirs
