# SPDX-License-Identifier: Apache-2.0
"""For small organisations: `todoke files` takes orders out as tables and hands replies in as tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.clock import SimulatedClock, SystemClock
from engine.settings import Settings

if TYPE_CHECKING:
    from connectors.channels.files import Encoding, FileDesk, Form


def register(group: click.Group) -> None:
    """Add the commands."""
    group.add_command(files)


@click.group()
@click.argument("number")
@click.option("--engine", "address", help="Where the engine is reached; without it, TODOKE_PUBLIC_URL.")
@click.option("--home", type=click.Path(path_type=Path), help="Where keys and ledger are kept.")
@click.option("--form", type=click.Choice(["csv", "xml"]), default="csv", show_default=True)
@click.option("--encoding", type=click.Choice(["utf-8", "cp932"]), default="utf-8", show_default=True)
@click.pass_context
def files(
    context: click.Context, number: str, *, address: str | None, home: Path | None, form: str, encoding: str
) -> None:
    """Orders and replies as files, for the organisation NUMBER (13 digits), with its own keys."""
    settings = Settings.load()
    home = home or settings.state / "connectors" / number
    context.obj = _Place(number, settings, address=address, home=home, form=form, encoding=encoding)


@files.command("out")
@click.argument("directory", type=click.Path(path_type=Path))
@click.pass_obj
def out(place: "_Place", directory: Path) -> None:
    """Write the orders that wait into DIRECTORY, one row one order."""

    async def work() -> None:
        async with place.desk() as desk:
            for path in await desk.take_out(directory, form=place.form, encoding=place.encoding):
                click.echo(path)

    asyncio.run(work())


@files.command("done")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def done(place: "_Place", file: Path) -> None:
    """Say that the orders of FILE were taken over: they do not come again."""

    async def work() -> int:
        async with place.desk() as desk:
            return await desk.done(file)

    click.echo(f"acknowledged: {asyncio.run(work())}")


@files.command("in")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--partly", is_flag=True, help="Send the rows that are right although others are not.")
@click.pass_obj
def in_(place: "_Place", file: Path, *, partly: bool) -> None:
    """Send the replies in FILE, one row one reply; faults are written to FILE.errors.csv."""

    async def work() -> int:
        async with place.desk() as desk:
            told = await desk.hand_in(file, form=place.form, encoding=place.encoding, partly=partly)
        click.echo(f"replies: {told.taken} new, {told.repeated} handed in before, {len(told.faults)} faults")
        for fault in told.faults:
            click.echo(f"{fault.row} {fault.column} {fault.code}  {fault.words.ja}  {fault.words.en}")
        return 1 if told.faults else 0

    if status := asyncio.run(work()):
        raise SystemExit(status)


class _Place:
    """Where the office's things are."""

    def __init__(
        self, number: str, settings: Settings, *, address: str | None, home: Path, form: str, encoding: str
    ) -> None:
        self._number = number
        self._address = address
        self._home = home
        self._settings = settings
        self.form: Form = "xml" if form == "xml" else "csv"
        self.encoding: Encoding = "cp932" if encoding == "cp932" else "utf-8"

    @asynccontextmanager
    async def desk(self) -> "AsyncIterator[FileDesk]":
        """Yield the desk."""
        from connectors.channels.files import FileDesk  # noqa: PLC0415 - the web client, only here
        from connectors.sdk.keys import OwnKeys  # noqa: PLC0415
        from connectors.sdk.ledger import Ledger  # noqa: PLC0415
        from connectors.sdk.pull import PullTransport  # noqa: PLC0415

        settings = self._settings
        clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
        keys = OwnKeys.kept_in(self._home)
        ledger = Ledger(self._home / "ledger.sqlite3")
        door = PullTransport(
            self._address or settings.origin,
            number=self._number,
            keys=keys,
            clock=clock,
            audience=settings.origin,
        )
        try:
            yield FileDesk(
                self._number, self._home, keys=keys, ledger=ledger, transport=door, door=door, clock=clock
            )
        finally:
            await door.close()
            ledger.close()
