# SPDX-License-Identifier: Apache-2.0
"""The database's shape, brought up to date: numbered files of plain SQL, each applied once.

A file that was applied is never changed: its hash is kept, and another content is refused.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from engine.core.errors import Code, EngineError, register

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK: Final = 0x7D0C  # any constant; all migrators of one database agree on it
_TABLE: Final = """
create table if not exists public.schema_migrations (
    version integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
)
"""

log = logging.getLogger(__name__)

register(
    {
        "changed-migration": Code(
            500,
            "適用済みの移行ファイルが変更されています",
            "The database and the migration files do not belong together",
        ),
        "failed-migration": Code(
            500, "データベースの移行に失敗しました", "The database could not be migrated"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The hash that is kept when the file was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(dsn: str, *, directory: Path = MIGRATIONS) -> list[str]:
    """Return the names of the files that were applied now; any number of migrators may race.

    Raises:
        EngineError: `changed-migration`: an applied file has changed or is gone.
        EngineError: `failed-migration`: a file was refused; the ones before it stay applied.
    """
    migrations = read(directory)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        rows = await connection.fetch("select version, sha256 from public.schema_migrations")
        applied: dict[int, str] = {row["version"]: row["sha256"] for row in rows}
        _compare(applied, migrations)
        fresh = [migration for migration in migrations if migration.version not in applied]
        for migration in fresh:
            await _apply(connection, migration)
        return [migration.name for migration in fresh]
    finally:
        await connection.close()  # ends the session, and with it the lock


def read(directory: Path) -> list[Migration]:
    """Return the migrations in the order of their numbers; gaps are fine."""
    found: dict[int, Migration] = {}
    for path in sorted(directory.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise EngineError(
                "changed-migration", reason=f"{path.name} is not named like 0001_what_it_adds.sql"
            )
        version = int(match[1])
        if version in found:
            raise EngineError(
                "changed-migration", reason=f"{found[version].name} and {path.name} share a number"
            )
        found[version] = Migration(version, path.name, path.read_text("utf-8"))
    return [found[version] for version in sorted(found)]


def _compare(applied: dict[int, str], migrations: list[Migration]) -> None:
    known = {migration.version: migration for migration in migrations}
    for version, sha256 in sorted(applied.items()):
        if version not in known:
            raise EngineError(
                "changed-migration",
                reason=f"the database has migration {version:04}, unknown to this Todoke (an older one?)",
            )
        if known[version].sha256 != sha256:
            raise EngineError(
                "changed-migration", reason=f"{known[version].name} was changed after it was applied"
            )


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            # Rather fail and be run again than stand in everybody's way behind a long transaction.
            await connection.execute("set local lock_timeout = '5s'")
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into public.schema_migrations (version, name, sha256) values ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.sha256,
            )
    except asyncpg.PostgresError as error:
        raise EngineError("failed-migration", reason=f"{migration.name}: {error}") from error
    log.info("migration.applied", extra={"migration": migration.name})
