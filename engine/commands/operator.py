# SPDX-License-Identifier: Apache-2.0
"""Who is an operator (係員): granted on the host, straight in the database, and written into the record."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import click

from engine.clock import SimulatedClock, SystemClock
from engine.core.errors import EngineError
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.identity.postgres import PostgresIdentityStore
    from engine.store.operators import PostgresOperators

_reason = click.option("--reason", required=True, help="Why; it is kept in the record.")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(operator)


@click.group()
def operator() -> None:
    """Who may watch and mend (係員). A person's number is in the answer to `todoke card login`."""


@operator.command()
@click.argument("person", type=click.UUID)
@_reason
def grant(person: UUID, *, reason: str) -> None:
    """Make a person an operator."""
    asyncio.run(_change(person, "grant-operator", reason))
    click.echo(f"operator: {person}")


@operator.command()
@click.argument("person", type=click.UUID)
@_reason
def withdraw(person: UUID, *, reason: str) -> None:
    """Take the role away; it is gone with the next request."""
    asyncio.run(_change(person, "withdraw-operator", reason))
    click.echo(f"no operator any more: {person}")


@operator.command("list")
def list_() -> None:
    """List who is an operator, by whom, and since when."""
    from engine.progress import table  # noqa: PLC0415

    rows = [("person", "by", "since"), *asyncio.run(_listed())]
    click.echo(table(rows))


@operator.command("broker-password")
@click.argument("number")
@click.option("--change", is_flag=True, help="Make another one first; its connections end.")
@click.option("--reason", help="Why it is changed; it is kept in the record.")
def broker_password(number: str, *, change: bool, reason: str | None) -> None:
    """Print the password of an organisation at the broker, for the organisation and nobody else."""
    from engine.broker_users import broker_password as present  # noqa: PLC0415 - stores and broker, only here
    from engine.broker_users import change_broker_password  # noqa: PLC0415

    settings = Settings.load()
    if not change:
        click.echo(asyncio.run(present(settings, number)))
        return
    if not reason:
        raise click.UsageError("--change needs --reason")
    by = f"host:{getpass.getuser()}"
    click.echo(asyncio.run(change_broker_password(settings, number, by=by, reason=reason)))


async def _change(person: UUID, act: str, reason: str) -> None:
    from engine.identity.gate import OPERATOR  # noqa: PLC0415 - the database driver, only here
    from engine.ports import AuditEntry  # noqa: PLC0415

    settings = Settings.load()
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    by = f"host:{getpass.getuser()}"
    async with _stores(settings) as (identity, operators):
        details = {"person": str(person)}
        now = clock.now()
        await operators.record(
            [AuditEntry(id=uuid4(), at=now, operator=by, act=act, reason=reason, details=details)]
        )
        if act == "withdraw-operator":
            await identity.withdraw(person, OPERATOR, by=by, at=now)
        elif not await identity.grant(person, OPERATOR, by=by, at=now):
            raise EngineError("no-such-person")


async def _listed() -> list[tuple[str, str, str]]:
    from engine.identity.gate import OPERATOR  # noqa: PLC0415

    async with _stores(Settings.load()) as (_, operators):
        return [(str(who), by, at.isoformat()) for who, by, at in await operators.holders(OPERATOR)]


@asynccontextmanager
async def _stores(settings: Settings) -> "AsyncIterator[tuple[PostgresIdentityStore, PostgresOperators]]":
    from engine.identity.postgres import PostgresIdentityStore  # noqa: PLC0415
    from engine.local.postgres import running  # noqa: PLC0415
    from engine.store.operators import PostgresOperators  # noqa: PLC0415
    from engine.store.pool import open_pool  # noqa: PLC0415

    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
    else:
        dsn = running(settings.state / "postgres")
    pool = await open_pool(dsn)
    try:
        yield PostgresIdentityStore(pool), PostgresOperators(pool)
    finally:
        await pool.close()
