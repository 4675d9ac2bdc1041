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

_duty = click.option(
    "--duty",
    type=click.Choice(["operator", "counter"]),
    default="operator",
    show_default=True,
    help="Watch and mend (係員), or assist people at a counter (窓口).",
)
_reason = click.option("--reason", required=True, help="Why; it is kept in the record.")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(operator)


@click.group()
def operator() -> None:
    """Who may watch and mend (係員). A person's number is in the answer to `todoke card login`."""


@operator.command()
@click.argument("person", type=click.UUID)
@_duty
@_reason
def grant(person: UUID, *, duty: str, reason: str) -> None:
    """Give a person a duty."""
    asyncio.run(_change(person, "grant", duty, reason))
    click.echo(f"{duty}: {person}")


@operator.command()
@click.argument("person", type=click.UUID)
@_duty
@_reason
def withdraw(person: UUID, *, duty: str, reason: str) -> None:
    """Take a duty away; it is gone with the next request."""
    asyncio.run(_change(person, "withdraw", duty, reason))
    click.echo(f"no {duty} any more: {person}")


@operator.command("list")
@_duty
def list_(*, duty: str) -> None:
    """List who has a duty, by whom, and since when."""
    from engine.progress import table  # noqa: PLC0415

    rows = [("person", "by", "since"), *asyncio.run(_listed(duty))]
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


async def _change(person: UUID, what: str, duty: str, reason: str) -> None:
    from engine.ports import AuditEntry  # noqa: PLC0415 - much, and only here

    settings = Settings.load()
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    by = f"host:{getpass.getuser()}"
    async with _stores(settings) as (identity, operators):
        details = {"person": str(person)}
        now = clock.now()
        await operators.record(
            [
                AuditEntry(
                    id=uuid4(), at=now, operator=by, act=f"{what}-{duty}", reason=reason, details=details
                )
            ]
        )
        if what == "withdraw":
            await identity.withdraw(person, duty, by=by, at=now)
        elif not await identity.grant(person, duty, by=by, at=now):
            raise EngineError("no-such-person")


async def _listed(duty: str) -> list[tuple[str, str, str]]:
    async with _stores(Settings.load()) as (_, operators):
        return [(str(who), by, at.isoformat()) for who, by, at in await operators.holders(duty)]


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
