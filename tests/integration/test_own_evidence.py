# SPDX-License-Identifier: Apache-2.0
"""Who signed can take the signature home: their own, and nobody else's."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from engine.identity import cades
from engine.identity.postgres import PostgresIdentityStore
from engine.identity.store import Proof
from tests.integration.citizen_ground import Desk, desk, refused

_EVIDENCE = "select id, bundle_sealed from engine.evidence where case_id = $1"


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


async def test_a_signature_is_there_at_once_and_proves_itself_once_it_is_settled(office: Desk) -> None:
    (waiting,) = (await office.citizen.get(f"{office.path}/evidence"))["signatures"]
    assert (waiting["standing"], waiting["signature"]) == ("waiting", None)
    mandate = base64.b64decode(waiting["mandate"])
    assert json.loads(mandate)["caseId"] == office.case_id

    pool = office.here.engine.pool
    row = await pool.fetchrow(_EVIDENCE, UUID(office.case_id))
    await PostgresIdentityStore(pool).settle_evidence(
        row["id"], Proof.SETTLED, bundle_sealed=row["bundle_sealed"], at=datetime.now(UTC)
    )

    (settled,) = (await office.citizen.get(f"{office.path}/evidence"))["signatures"]
    bare, words = cades.lowered(base64.b64decode(settled["signature"]))
    assert cades.read(bare, mandate).certificate
    assert len(words) == 1


async def test_nobody_else_gets_it_not_even_an_operator(office: Desk) -> None:
    stranger = office.here.citizen()

    for who in (stranger, office.operator):
        assert await refused(who.get(f"{office.path}/evidence")) == (404, "no-such-case")
    opened = await stranger.say("POST", "/v1/cases", {"event": "moving", "facts": office.told})
    assert await stranger.get(f"/v1/cases/{opened['caseId']}/evidence") == {"signatures": []}
