# SPDX-License-Identifier: Apache-2.0
"""The database's shape comes from numbered files, each applied once, whoever races."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from engine.core.errors import EngineError
from engine.store.migrate import MIGRATIONS, migrate, read

START = "create table public.things (n int); insert into public.things values (1);"


@pytest.fixture
async def dsn(postgres_dsn: str) -> str:
    """An empty database: the fixture's own migrations are forgotten."""
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("delete from public.schema_migrations")
    await connection.close()
    return postgres_dsn


async def value(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_racing_migrators_apply_each_file_once(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_things.sql").write_text(START)
    (tmp_path / "0007_more.sql").write_text("insert into public.things select 2 from pg_sleep(0.1)")

    done = await asyncio.gather(*(migrate(dsn, directory=tmp_path) for _ in range(4)))

    assert sorted(name for names in done for name in names) == ["0001_things.sql", "0007_more.sql"]
    assert await value(dsn, "select array_agg(n order by n) from public.things") == [1, 2]


async def test_a_number_may_come_later_than_its_successor(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0003_things.sql").write_text(START)
    await migrate(dsn, directory=tmp_path)
    (tmp_path / "0002_late.sql").write_text("create table public.late ()")

    assert await migrate(dsn, directory=tmp_path) == ["0002_late.sql"]


async def test_a_file_that_fails_leaves_no_trace(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_things.sql").write_text(START)
    (tmp_path / "0002_broken.sql").write_text("insert into public.things values (2); select nonsense;")

    with pytest.raises(EngineError, match="failed-migration") as caught:
        await migrate(dsn, directory=tmp_path)

    assert "0002_broken.sql" in str(caught.value.values["reason"])
    assert await value(dsn, "select count(*) from public.things") == 1
    assert await value(dsn, "select count(*) from public.schema_migrations") == 1


async def test_a_changed_file_is_refused(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_things.sql").write_text(START)
    await migrate(dsn, directory=tmp_path)
    (tmp_path / "0001_things.sql").write_text(START + " -- better")
    (tmp_path / "0002_next.sql").write_text("create table public.next ()")

    with pytest.raises(EngineError, match="changed-migration") as caught:
        await migrate(dsn, directory=tmp_path)

    assert "0001_things.sql" in str(caught.value.values["reason"])
    assert await value(dsn, "select to_regclass('public.next')") is None


async def test_an_older_todoke_does_not_touch_a_newer_database(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "0001_things.sql").write_text(START)
    (tmp_path / "0002_next.sql").write_text("create table public.next ()")
    await migrate(dsn, directory=tmp_path)
    (tmp_path / "0002_next.sql").unlink()

    with pytest.raises(EngineError, match="changed-migration"):
        await migrate(dsn, directory=tmp_path)


@pytest.mark.parametrize("names", [("0001_a.sql", "0001_b.sql"), ("1_a.sql",)])
def test_names_that_leave_the_order_open_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(EngineError, match="changed-migration"):
        read(tmp_path)


async def test_our_own_migrations_are_all_applied_in_the_fixture(postgres_dsn: str) -> None:
    assert await migrate(postgres_dsn) == []
    assert await value(postgres_dsn, "select count(*) from public.schema_migrations") == len(read(MIGRATIONS))
