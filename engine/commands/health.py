# SPDX-License-Identifier: Apache-2.0
"""`todoke health ROLE`: does the process of this role do its work? For whoever supervises it."""

import asyncio
from typing import Final

import click

from engine.core.errors import EngineError
from engine.local import heartbeat
from engine.settings import Settings

_ROLES: Final = ("serve", "work", "relay", "post", "push")
_ANSWER_SECONDS: Final = 4.0
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, not listened on


def register(group: click.Group) -> None:
    """Add the command."""
    group.add_command(health)


@click.command()
@click.argument("role", type=click.Choice(_ROLES))
@click.option("--within", default=heartbeat.WITHIN_SECONDS, show_default=True, help="Seconds.")
def health(role: str, *, within: float) -> None:
    """Say whether the role works here: `serve` is asked, the others leave a sign in TODOKE_HEARTBEAT."""
    settings = Settings.load()
    if role == "serve":
        asyncio.run(_ask(f"http://{_reached(settings)}/health/ready"))
    elif settings.heartbeat is None:
        raise EngineError("invalid-settings", reason="TODOKE_HEARTBEAT is not set")
    else:
        heartbeat.check(settings.heartbeat, within_seconds=within)
    click.echo("ok")


def _reached(settings: Settings) -> str:
    host = settings.listen.rpartition(":")[0]
    return f"{_ANYWHERE.get(host.strip('[]'), host)}:{settings.port}"


async def _ask(url: str) -> None:
    import aiohttp  # noqa: PLC0415 - heavy, and only for `serve`

    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            status = answer.status
    except (aiohttp.ClientError, OSError) as error:
        raise EngineError("not-well", reason=type(error).__name__) from error
    if status != 200:
        raise EngineError("not-well", reason=f"it answered {status}")
