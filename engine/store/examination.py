# SPDX-License-Identifier: Apache-2.0
"""How a database is set up, and what lies in it for too long: looked at once, by a connection of its own."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from engine.clock import SystemClock
from engine.store.migrate import MIGRATIONS, read
from engine.store.pool import translated

_SETTINGS: Final = (
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "data_checksums",
    "max_connections",
    "superuser_reserved_connections",
)
_WHO: Final = """
select rolsuper or rolcreaterole or rolreplication or rolbypassrls from pg_roles where rolname = current_user
"""
_THERE: Final = "select to_regclass('public.schema_migrations') is not null"
_LYING: Final = """
select (select count(*) from engine.parked where resolved_at is null) as parked,
       (select min(created_at) from engine.outbox) as oldest,
       array(select number from engine.organisations where state <> 'revoked' order by number) as registered
"""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What was found. `ahead` is how far the database's clock is before ours."""

    settings: dict[str, str]
    version: int
    is_superuser: bool
    ahead: timedelta
    pending: tuple[str, ...]
    foreign: tuple[str, ...]
    parked: int = 0
    oldest_in_outbox: timedelta | None = None
    registered: tuple[str, ...] = ()


async def examine(dsn: str) -> DatabaseState:
    """Return how the database stands; nothing is changed. Raises `StoreUnavailable`."""
    with translated():
        connection = await asyncpg.connect(dsn, timeout=10, command_timeout=10)
        try:
            async with connection.transaction(readonly=True):
                return await _examined(connection)
        finally:
            await connection.close()


async def _examined(connection: asyncpg.Connection) -> DatabaseState:
    clock = SystemClock()
    before = clock.now()
    theirs: datetime = await connection.fetchval("select clock_timestamp()")
    ours = before + (clock.now() - before) / 2
    settings = {
        name: str(await connection.fetchval("select current_setting($1)", name)) for name in _SETTINGS
    }
    version = int(await connection.fetchval("select current_setting('server_version_num')"))
    is_superuser = bool(await connection.fetchval(_WHO))
    pending, foreign = await _migrations(connection)
    found = DatabaseState(settings, version, is_superuser, theirs - ours, pending, foreign)
    if pending or foreign:
        return found  # its tables may be others
    (row,) = await connection.fetch(_LYING)
    oldest = theirs - row["oldest"] if row["oldest"] else None
    return replace(found, parked=row["parked"], oldest_in_outbox=oldest, registered=tuple(row["registered"]))


async def _migrations(connection: asyncpg.Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of ours that are not applied, and of applied ones that are not ours."""
    known = {one.version: one for one in read(MIGRATIONS)}
    applied: dict[int, tuple[str, str]] = {}
    if await connection.fetchval(_THERE):
        rows = await connection.fetch("select version, name, sha256 from public.schema_migrations")
        applied = {row["version"]: (row["name"], row["sha256"]) for row in rows}
    pending = [one.name for version, one in known.items() if version not in applied]
    foreign = [
        name
        for version, (name, sha256) in applied.items()
        if version not in known or known[version].sha256 != sha256
    ]
    return tuple(pending), tuple(foreign)
