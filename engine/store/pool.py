# SPDX-License-Identifier: Apache-2.0
"""The connections to PostgreSQL, how long anything may take on them, and what their failures mean."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from engine.ports import StoreConflict, StoreUnavailable
from engine.postgres import FOREIGN, out_of_reach

_IN_THE_WAY: Final = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)

# asyncpg asks the server about each array type once; here, rather than within somebody's transaction.
_ARRAYS: Final = """
select $1::uuid[], $2::timestamptz[], $3::date[], $4::bytea[], $5::int8[], $6::int4[], $7::int2[], $8::bool[]
"""


async def open_pool(
    dsn: str,
    *,
    min_size: int = 1,
    max_size: int = 10,
    lock_seconds: float = 5.0,
    statement_seconds: float = 20.0,
    idle_seconds: float = 30.0,
    answer_seconds: float = 30.0,
) -> asyncpg.Pool:
    """Return a pool whose connections the stores can work with.

    A lock is waited for less long than a statement, a statement less long than the network:
    `answer_seconds` is for a server that says nothing at all. A transaction that is left alone
    for `idle_seconds` is ended by the server, so that nobody waits for a process that hangs.

    Raises:
        StoreUnavailable: no connection could be made.
    """
    with translated():
        return await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=answer_seconds,
            command_timeout=answer_seconds,
            max_cached_statement_lifetime=0,  # the statements are few and always the same
            init=_prepare,
            server_settings={
                "application_name": "todoke",
                "default_transaction_isolation": "read committed",
                "lock_timeout": _milliseconds(lock_seconds),
                "statement_timeout": _milliseconds(statement_seconds),
                "idle_in_transaction_session_timeout": _milliseconds(idle_seconds),
                "jit": "off",  # short statements: compiling takes longer than running
                # Everything is looked up by key: one plan for all sizes of a batch, and never a scan
                # because the table was small when the plan was made.
                "plan_cache_mode": "force_generic_plan",
                "random_page_cost": "1.1",
                "TimeZone": "UTC",
            },
        )


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StoreConflict` or `StoreUnavailable` for what PostgreSQL and the network raise."""
    try:
        yield
    except FOREIGN as error:
        raise meaning(error) from error


def meaning(error: Exception) -> Exception:
    """Return what the error means to the caller; itself if it is a bug of ours."""
    if isinstance(error, _IN_THE_WAY):
        return StoreConflict(type(error).__name__)
    if out_of_reach(error):
        return StoreUnavailable(type(error).__name__)
    return error


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    await connection.prepare(_ARRAYS)


def _milliseconds(seconds: float) -> str:
    return str(max(round(seconds * 1000), 1))  # 0 would mean: for ever
