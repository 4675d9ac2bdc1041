# SPDX-License-Identifier: Apache-2.0
"""`todoke keys`: makes the operator's keys where TODOKE_KEYS says, and changes each without stopping."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.core.errors import EngineError
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.assembly.rewrapping import Progress
    from engine.keystore.port import KeyStore

_UNCHANGEABLE: Final = "references"
_name = click.argument("name")


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(keys)


@click.group()
def keys() -> None:
    """The operator's keys, in files or on a token (PKCS#11), as TODOKE_KEYS says.

    A key is changed in steps, and all processes are restarted after each, one after the other: prepare,
    change, rewrap (case, mailbox, wrapping), forget.
    """


@keys.command()
def show() -> None:
    """List the keys: place in life, since when, where. No key is shown."""
    from engine.progress import table  # noqa: PLC0415

    rows = [
        (one.name, one.place.value, f"{one.made_at:%Y-%m-%d}" if one.made_at else "?", one.where)
        for one in _store().held()
    ]
    click.echo(table([("key", "place", "since", "where"), *rows]))


@keys.command()
@click.option("--app", is_flag=True, help="Also those for デジタル認証アプリ.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take the keys in use over from this directory, onto the token.",
)
def init(*, app: bool, source: Path | None) -> None:
    """Make every key that is missing; those that are there stay."""
    from engine.keystore.files import FileStore  # noqa: PLC0415
    from engine.keystore.hardware import HardwareStore  # noqa: PLC0415
    from engine.keystore.port import APP_PAIRS, PAIRS, SECRETS  # noqa: PLC0415

    store = _store()
    if source is not None:
        if not isinstance(store, HardwareStore):
            raise EngineError("invalid-settings", reason="--from is for a token: TODOKE_KEYS=pkcs11:…")
        for name in store.take(FileStore(source)):
            click.echo(f"taken over: {name}")
    before = {one.name for one in store.held()}
    for name in (*store.wrapping, *PAIRS, *SECRETS, *(APP_PAIRS if app else ())):
        store.make(name)
        click.echo(f"{'there' if name in before else 'made'}: {name}")


@keys.command()
@_name
def public(name: str) -> None:
    """Print the public half of a key pair, of the next one too, as a JWK Set."""
    from engine.border.jwk import exported, key_set  # noqa: PLC0415
    from engine.keystore.port import Place  # noqa: PLC0415

    store = _store()
    _check_name(store, name)
    pairs = [pair for place in (Place.CURRENT, Place.NEXT) if (pair := store.pair(name, place)) is not None]
    jwks = [exported(pair.public_key(), use="sig" if name.endswith("signing") else "enc") for pair in pairs]
    click.echo(json.dumps(key_set(jwks), indent=2))


@keys.command()
@_name
def prepare(name: str) -> None:
    """Make the next key NAME: it opens, and nothing is made with it yet. Restart all processes after."""
    _prepare(_store(), name)
    click.echo(f"prepared: {name}; restart all processes, then: todoke keys change {name}")


@keys.command()
@_name
@click.option("--at-once", is_flag=True, help="Without `prepare`: then restart all processes together.")
def change(name: str, *, at_once: bool) -> None:
    """Let the next key NAME be the one in use; the one before opens still. Restart all processes after."""
    from engine.keystore.port import Place  # noqa: PLC0415

    store = _store()
    _check_name(store, name)
    if at_once and not any(one.name == name and one.place is Place.NEXT for one in store.held()):
        _prepare(store, name)
    store.advance(name)
    click.echo(f"changed: {name}; restart all processes, then rewrap or wait, and forget (docs/security.md)")


@keys.command()
@_name
def rewrap(name: str) -> None:
    """Close anew what hangs from the key NAME: case, mailbox, or the token's wrapping.

    While everything runs; it may be broken off and begun again.
    """
    store = _store()
    _check_name(store, name)
    if name in store.wrapping:
        click.echo(f"files: {store.rewrap(name)} closed anew")
        return
    asyncio.run(_rewrap(name, writes=True))


@keys.command()
@_name
@click.option("--even-so", is_flag=True, help="Without looking whether something still needs it.")
def forget(name: str, *, even_so: bool) -> None:
    """Destroy the previous key NAME for good; refused while something can be opened with it alone."""
    from engine.assembly.rewrapping import REWRAPPED  # noqa: PLC0415 - heavy, and only here

    store = _store()
    _check_name(store, name)
    if name in REWRAPPED and not even_so:
        asyncio.run(_check_unneeded(name))
    store.forget(name)
    click.echo(f"forgotten: the previous {name}; restart all processes")


def _store() -> "KeyStore":
    from engine.keys import open_store  # noqa: PLC0415

    return open_store(Settings.load())


def _check_name(store: "KeyStore", name: str) -> None:
    from engine.keystore.port import APP_PAIRS, PAIRS, SECRETS  # noqa: PLC0415

    if name not in (*SECRETS, *PAIRS, *APP_PAIRS, *store.wrapping):
        raise EngineError("no-such-own-key", name=name)
    if name == _UNCHANGEABLE:
        raise EngineError("unchangeable-key", reason="references that organisations hold are made of it")


def _prepare(store: "KeyStore", name: str) -> None:
    from engine.keystore.port import Place  # noqa: PLC0415

    _check_name(store, name)
    there = [one.place.value for one in store.held() if one.name == name and one.place is not Place.CURRENT]
    if there:
        raise EngineError(
            "key-change-out-of-order", reason=f"{name}: {', '.join(there)} is there: finish that change"
        )
    store.make(name, Place.NEXT)


async def _rewrap(name: str, *, writes: bool) -> int:
    """Return how many rows were closed anew, or would have to be."""
    from engine.assembly.rewrapping import columns_of, rewrap  # noqa: PLC0415
    from engine.keys import Keys  # noqa: PLC0415

    settings = Settings.load()
    columns = columns_of(name, Keys.opened(settings))
    async with _pool(settings) as pool:
        done = [
            await rewrap(pool, column, told=_tell if writes else lambda _: None, writes=writes)
            for column in columns
        ]
    for one in done:
        if writes:
            click.echo(f"{one.name}: {one.seen} seen, {one.anew} closed anew, {one.unreadable} unreadable")
    return sum(one.anew for one in done)


async def _check_unneeded(name: str) -> None:
    from engine.assembly.rewrapping import under_way  # noqa: PLC0415
    from engine.keys import Keys  # noqa: PLC0415

    settings = Settings.load()
    if left := await _rewrap(name, writes=False):
        raise EngineError("key-still-needed", reason=f"{left} rows: todoke keys rewrap {name}")
    if name != "mailbox":
        return
    async with _pool(settings) as pool:
        left = await under_way(pool, Keys.opened(settings))
    if left:
        raise EngineError("key-still-needed", reason=f"{left} letters are under way or were put aside")
    if settings.bus == "rabbitmq" and (waiting := await _in_broker(settings)):
        raise EngineError("key-still-needed", reason=f"{waiting} letters are in the broker; try again")


async def _in_broker(settings: Settings) -> int:
    from engine.broker_users import letters_waiting  # noqa: PLC0415

    return await letters_waiting(settings)


@asynccontextmanager
async def _pool(settings: Settings) -> AsyncIterator[Any]:
    from engine.store.pool import open_pool  # noqa: PLC0415

    pool = await open_pool(settings.required("database_url"))
    try:
        yield pool
    finally:
        await pool.close()


def _tell(so_far: "Progress") -> None:
    click.echo(f"{so_far.name}: {so_far.seen} seen, {so_far.anew} closed anew", err=True)
