# SPDX-License-Identifier: Apache-2.0
"""The doctor at the terminal, before a real database and a real broker that are made unsafe."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
from aiohttp import web

from connectors.simulators.jpki import JpkiWorld
from engine.bus.admin import BrokerAdmin
from engine.clock import SystemClock
from engine.core.numbers import corporate_number
from engine.identity import trust
from engine.keys import Keys
from engine.local import process
from engine.ports import Parked
from engine.settings import Profile
from engine.soundness import line
from engine.store.examination import examine
from engine.store.migrate import migrate
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.integration.amqp_ground import eventually
from tests.journeys.worlds import TREE
from tests.services import Broker

NUMBER = corporate_number("999999000091")  # a user of the broker that no other test has


def doctor(place: Path, *more: str, **settings: str) -> tuple[int, list[dict[str, str]]]:
    """Ask it, for a rehearsal with its keys and trust store; return how it ends and what it found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TODOKE_")}
    environment = kept | {"TODOKE_STATE": str(place), "TODOKE_PROFILE": "demo"} | settings
    said = subprocess.run(
        [sys.executable, "-m", "engine.cli", "doctor", "--json", *more],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout, said.stderr
    return said.returncode, json.loads(said.stdout)


def codes(found: list[dict[str, str]]) -> set[str]:
    return {one["code"] for one in found}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    jpki = JpkiWorld(SystemClock(), state=tmp_path / "jpki")
    trust.write(tmp_path / "trust", jpki.trust("http://127.0.0.1:1"))
    Keys.create_missing(tmp_path / "keys", profile=Profile.DEMO)
    return tmp_path


async def test_a_database_that_loses_commits_is_unsafe_and_ends_with_one(
    state: Path, postgres_dsn: str
) -> None:
    name = urlsplit(postgres_dsn).path[1:]
    connection = await asyncpg.connect(postgres_dsn)
    durable = await connection.fetchval("select current_setting('fsync')") == "on"
    await connection.execute(f'alter database "{name}" set synchronous_commit = off')
    await connection.execute("delete from public.schema_migrations where version = 10")
    await connection.close()

    status, found = await asyncio.to_thread(doctor, state, TODOKE_DATABASE_URL=postgres_dsn)

    assert status == 1
    assert {"synchronous-commit-off", "migrations-pending"} <= codes(found)
    assert ("fsync-off" in codes(found)) == (not durable)
    assert all(one["ja"] and one["en"] and one["weight"] for one in found)
    password = urlsplit(postgres_dsn).password or ""
    assert password not in json.dumps(found)


async def test_a_role_that_owns_its_database_and_nothing_else_is_enough(postgres_dsn: str) -> None:
    name = f"t_{uuid4().hex}"
    script = (TREE / ".ci/postgres-role.sh").read_text("utf-8")
    role, made = (line_.strip(";") for line_ in script.splitlines() if line_.startswith("create "))
    parts = urlsplit(postgres_dsn)
    dsn = f"postgresql://{name}:geheim@{parts.hostname}:{parts.port}/{name}"
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(role.replace("todoke", name).replace(":'password'", "'geheim'"))
    await connection.execute(made.replace("todoke", name))
    try:
        await migrate(dsn)
        found = await examine(dsn)
    finally:
        await connection.execute(f"drop database {name} (force)")
        await connection.execute(f"drop role {name}")
        await connection.close()

    assert (found.pending, found.is_superuser) == ((), False)
    assert (await examine(postgres_dsn)).is_superuser


async def test_what_was_put_aside_is_told_and_is_no_danger(state: Path, postgres_dsn: str) -> None:
    pool = await open_pool(postgres_dsn)
    await PostgresStore(pool).park([Parked(uuid4(), "outbound", None, (b"{}",), "delivery-limit", 11)])
    await pool.close()

    _, found = await asyncio.to_thread(doctor, state, TODOKE_DATABASE_URL=postgres_dsn)

    (parked,) = [one for one in found if one["code"] == "parked"]
    assert (parked["weight"], parked["detail"]) == ("watch", "1")


async def test_a_database_that_is_away_is_said_without_its_password(state: Path) -> None:
    url = f"postgresql://todoke:geheim@127.0.0.1:{process.free_port()}/todoke"

    status, found = await asyncio.to_thread(doctor, state, TODOKE_DATABASE_URL=url)

    assert (status, codes(found)) == (1, {"database-unreachable"})
    assert "geheim" not in json.dumps(found)


async def test_a_set_up_without_fault_ends_with_zero(state: Path) -> None:
    assert await asyncio.to_thread(doctor, state) == (0, [])
    assert codes((await asyncio.to_thread(doctor, state, TODOKE_DATABSE_URL="x"))[1]) == {"unknown-variable"}
    status, found = await asyncio.to_thread(doctor, state, TODOKE_PROFILE="production")
    assert (status, codes(found)) == (1, {"keys-in-files", "public-url-missing", "trust-unusable"})
    assert codes((await asyncio.to_thread(doctor, state, "--ask-outside"))[1]) == {"revocation-unreachable"}


async def test_a_broker_without_queues_and_with_wider_rights_is_unsafe(
    state: Path, postgres_dsn: str, rabbitmq: Broker
) -> None:
    settings = {
        "TODOKE_BUS": "rabbitmq",
        "TODOKE_DATABASE_URL": postgres_dsn,
        "TODOKE_AMQP_URL": rabbitmq.amqp_url,
        "TODOKE_AMQP_ADMIN_URL": rabbitmq.admin_url,
    }

    async def looked() -> set[str]:
        found = (await asyncio.to_thread(lambda: doctor(state, **settings)))[1]
        return {code for code in codes(found) if code.startswith("broker-")}

    bare = await looked()
    async with BrokerAdmin(rabbitmq.admin_url, rabbitmq.vhost) as admin:
        await admin.declare()
        await admin.declare_organisation(NUMBER, "secret")

        async def applied() -> bool:  # the broker tells of its policies a moment later
            await asyncio.sleep(0.05)
            return await admin.problems() == []

        await eventually(applied)
        sound = await looked()
        await _permit(
            rabbitmq, f"org-{NUMBER}", {"configure": "^$", "write": "^todoke.replies$", "read": ".*"}
        )
        wide = await looked()
        unseen = await asyncio.to_thread(
            lambda: doctor(state, **{name: settings[name] for name in settings if "ADMIN" not in name})
        )
        await admin.shut_out(NUMBER)

    assert (bare, sound, wide) == ({"broker-undeclared"}, set(), {"broker-rights"})
    assert "broker-not-looked-at" in codes(unseen[1])


async def _permit(rabbitmq: Broker, user: str, rights: Mapping[str, str]) -> None:
    parts = urlsplit(rabbitmq.admin_url)
    url = f"http://{parts.hostname}:{parts.port}/api/permissions/{quote(rabbitmq.vhost, safe='')}/{user}"
    auth = aiohttp.encode_basic_auth(parts.username or "", parts.password or "")
    async with (
        aiohttp.ClientSession(headers={"Authorization": auth}) as session,
        session.put(url, json=rights) as answer,
    ):
        assert answer.ok


@pytest.mark.parametrize(("hours", "expected"), [(0, []), (1, ["clock-skew"])])
async def test_a_clock_is_compared_with_a_web_servers(hours: int, expected: list[str]) -> None:
    async def answer(request: web.Request) -> web.Response:
        del request
        now: Any = SystemClock().now() + timedelta(hours=hours)
        return web.Response(headers={"Date": format_datetime(now, usegmt=True)})

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = process.free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as session:
            found = [one async for one in line.time_of(session, f"http://127.0.0.1:{port}/")]
    finally:
        await runner.cleanup()

    assert [one.code for one in found] == expected


def test_an_embedded_rehearsal_needs_no_trust_store_of_its_own(tmp_path: Path) -> None:
    """What it has beside its authority, such as the app's provider, is no store that cannot be read."""
    (tmp_path / "trust" / "development").mkdir(parents=True)
    (tmp_path / "trust" / "development" / "app.json").write_text("{}")
    Keys.create_missing(tmp_path / "keys", profile=Profile.DEMO)

    status, found = doctor(tmp_path)

    assert (status, codes(found)) == (0, set())
