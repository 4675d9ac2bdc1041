# SPDX-License-Identifier: Apache-2.0
"""A small registry with a clock, for the tests of what it answers."""

import asyncio
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.jwk import Use, exported, thumbprint
from engine.border.wire import Title
from engine.core.numbers import corporate_number, number_of_local_government
from engine.registry.directory import Directories, Directory
from engine.registry.model import Channel, Contents, Kind, Organisation, OrganisationKey, Subscription
from engine.registry.store import MemoryRegistryStore

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SAPPORO, MURORAN = number_of_local_government("011002"), number_of_local_government("012050")
POLICE, POWER, RIVAL = (corporate_number(f"99999999999{last}") for last in "123")


class Moving:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, step: timedelta) -> None:
        self.at += step


class Counting(MemoryRegistryStore):
    """Notes how it is read, and lets others go on meanwhile as a database does."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def version(self) -> int:
        self.asked.append("version")
        return await super().version()

    async def contents(self) -> Contents:
        self.asked.append("contents")
        await asyncio.sleep(0)
        return await super().contents()


class Office:
    """The registry, its clock, and the private keys of the organisations in it."""

    def __init__(self) -> None:
        self.clock = Moving()
        self.store = Counting()
        self.forgotten: list[str] = []
        self.directories = Directories(self.store, self.clock, forget=self.forgotten.append)
        self.private: dict[str, ec.EllipticCurvePrivateKey] = {}

    async def opens(self, *numbers: str) -> None:
        """Register these organisations."""
        await self.store.put([organisation(number) for number in numbers])

    async def takes(self, number: str, slug: str, area: str | None, *, since: datetime = NOW) -> None:
        await self.store.subscribe([Subscription(number=number, slug=slug, area=area, since=since)])

    async def adds_key(
        self, number: str, *, use: Use, start: datetime = NOW, end: datetime = NOW + 30 * DAY
    ) -> str:
        """Register a new key; return its name."""
        private = ec.generate_private_key(ec.SECP256R1())
        jwk = exported(private.public_key(), use=use)
        key = OrganisationKey.registered(number, jwk, use=use, not_before=start, not_after=end)
        self.private[key.kid] = private
        await self.store.add_keys([key])
        return thumbprint(private.public_key())

    async def directory(self) -> Directory:
        """Return the registry as it is now."""
        return Directory(await self.store.contents(), self.clock)


def organisation(number: str) -> Organisation:
    return Organisation(
        number=number, name=Title(ja="某市", en="Some City"), kind=Kind.MUNICIPALITY, channel=Channel.PULL
    )
