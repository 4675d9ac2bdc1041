# SPDX-License-Identifier: Apache-2.0
"""An old login does not call anything off: whoever holds the card proves it anew, and nobody else."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.integration.citizen_ground import Desk, desk

_EARLIER = "update engine.sessions set authenticated_at = authenticated_at - interval '601 seconds'"
_NOW = "select authenticated_at > now() - interval '1 minute' from engine.sessions where person = $1"


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


async def test_who_stole_a_session_of_this_morning_calls_nothing_off(office: Desk) -> None:
    await office.here.engine.pool.execute(_EARLIER)
    stolen = {"Authorization": f"Bearer {office.citizen._token}", "Idempotency-Key": "thief"}
    url = office.here.engine.settings.origin + office.path

    for method, path in (("POST", "/cancellation"), ("DELETE", "")):
        async with office.here.session.request(method, url + path, headers=stolen) as answer:
            problem = await answer.json(content_type=None)
            assert (answer.status, problem["code"]) == (403, "login-too-old")

    assert (await office.case())["state"] == "running"


async def test_the_terminal_renews_the_proof_by_itself_and_says_it_once(office: Desk) -> None:
    engine = office.here.engine
    await engine.pool.execute(_EARLIER)
    token = office.citizen._token

    await office.call_off()

    assert (await office.case())["state"] == "cancelling"
    assert office.citizen._token == token  # the same session, proven again
    person = (await engine.gate.session(token or "")).person
    assert await engine.pool.fetchval(_NOW, UUID(str(person)))
