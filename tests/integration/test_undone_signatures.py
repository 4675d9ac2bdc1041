# SPDX-License-Identifier: Apache-2.0
"""A signature that turns out to be worth nothing sends nothing more, and operators see the case."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.government.chiyoda_city import ChiyodaCitySimulator
from connectors.government.muroran_city import MuroranCitySimulator
from engine.identity.postgres import PostgresIdentityStore
from engine.identity.store import Proof
from tests.integration.citizen_ground import Desk, desk

_EVIDENCE = "select id, bundle_sealed from engine.evidence where case_id = $1"
UNSENT = {"waiting", "ready", "awaiting-signature"}
FLAG = "parked/signature-undone"


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    cities = MuroranCitySimulator(), ChiyodaCitySimulator()
    async with desk(postgres_dsn, tmp_path, also=cities, days_before=60) as one:
        yield one


async def undo(office: Desk) -> UUID:
    """Let the signature of the case be worth nothing, as settling does when it hears of the revocation."""
    pool = office.here.engine.pool
    row = await pool.fetchrow(_EVIDENCE, UUID(office.case_id))
    settled = await PostgresIdentityStore(pool).settle_evidence(
        row["id"], Proof.UNDONE, bundle_sealed=row["bundle_sealed"], at=datetime.now(UTC)
    )
    assert settled
    return UUID(str(row["id"]))


async def by_wire(office: Desk) -> list[dict[str, Any]]:
    return [one for one in (await office.case())["filings"] if one["way"] in {"signed", "online"}]


async def test_what_has_not_gone_out_waits_for_an_operator_and_what_has_is_left_alone(office: Desk) -> None:
    before = {one["id"]: one for one in await by_wire(office)}
    unsent = {name for name, one in before.items() if one["state"] in UNSENT}
    assert unsent
    assert unsent != set(before)  # both kinds are there
    await undo(office)

    assert await office.here.engine.undone.run_once() == 1

    after = {one["id"]: one for one in await by_wire(office)}
    assert {name for name, one in after.items() if one["flag"] == FLAG} == unsent
    assert {name: one["state"] for name, one in after.items()} == {n: o["state"] for n, o in before.items()}
    listed = await office.operator.get(f"/v1/operator/filings?flag={FLAG}")
    assert {one["id"] for one in listed["filings"]} == unsent
    assert "失効" in listed["filings"][0]["flagText"]["ja"]
    (seen,) = (await office.operator.get("/v1/operator/gate"))["undone"]
    assert seen["caseId"] == office.case_id
    assert seen["putAsideAt"] is not None


async def test_what_an_operator_lets_go_on_is_not_put_aside_again(office: Desk) -> None:
    await undo(office)
    engine = office.here.engine
    await engine.undone.run_once()
    parked = next(one for one in await by_wire(office) if one["flag"] == FLAG)

    body = {"reason": "本人に窓口で確認した"}
    await office.operator.say("POST", f"/v1/operator/filings/{parked['id']}/resume", body)

    assert await engine.undone.run_once() == 0
    assert (await office.filing(parked["slug"]))["flag"] != FLAG


async def test_a_process_that_died_in_between_is_followed_by_one_that_says_it_once(office: Desk) -> None:
    evidence = await undo(office)
    engine = office.here.engine
    await engine.undone.run_once()
    version = (await office.case())["version"]
    await engine.pool.execute("update engine.evidence set answered_at = null where id = $1", evidence)

    assert await engine.undone.run_once() == 1

    assert (await office.case())["version"] == version


async def test_a_signature_that_stands_puts_nothing_aside(office: Desk) -> None:
    assert await office.here.engine.undone.run_once() == 0

    assert not [one for one in await by_wire(office) if one["flag"] == FLAG]
