# SPDX-License-Identifier: Apache-2.0
"""Who takes what, and with which keys: a snapshot of the registry that everybody asks.

`Directories` keeps the newest one. Asking it costs nothing while the snapshot is young, one small
query when it is not, and reading the registry only when that has changed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.jwk import RecipientKey
from engine.border.wire import Title
from engine.core.errors import EngineError
from engine.ports import Clock
from engine.registry.acting import Acting, Scope, Taker
from engine.registry.model import (
    Channel,
    Contents,
    Organisation,
    OrganisationKey,
    RegistryStore,
    Stage,
    State,
)
from engine.registry.municipalities import areas_around

MAX_AGE: Final = timedelta(seconds=5)  # how long a revoked key may still be taken for good
_SOURCE: Final = "/organisations/"


class Directory:
    """The registry in one version. It never changes; only time goes on, and keys begin and end with it."""

    def __init__(
        self, contents: Contents, clock: Clock, *, stages: frozenset[Stage] = frozenset({Stage.LIVE})
    ) -> None:
        self.version = contents.version
        self._clock = clock
        self._organisations = contents.organisations
        self._keys = {key.kid: key for key in contents.keys}
        self._receivers = _receivers(contents, stages)
        self._encryption_keys = _encryption_keys(contents)
        usable = (one for one in contents.organisations.values() if one.state is not State.REVOKED)
        self.acting = Acting(
            contents.grants,
            contents.successions,
            usable=frozenset(one.number for one in usable if one.stage in {*stages, Stage.CERTIFIED}),
        )

    def organisation(self, number: str) -> Organisation | None:
        """Return the organisation, whatever its state."""
        return self._organisations.get(number)

    def name(self, number: str) -> Title | None:
        """Return how the organisation is called today: as its successor, formerly itself."""
        known, heir = self._organisations.get(number), self._organisations.get(self.acting.heir(number))
        if known is None or heir is None or heir is known:
            return known.name if known else None
        return Title(
            ja=f"{heir.name.ja}（旧 {known.name.ja}）", en=f"{heir.name.en} (formerly {known.name.en})"
        )

    def name_through(self, number: str, agent: str | None) -> Title | None:
        """Return how the organisation is called where an agent carried the message."""
        name, through = self.name(number), self.name(agent) if agent else None
        if name is None or through is None:
            return name
        return Title(ja=f"{name.ja}（{through.ja}が受託）", en=f"{name.en} (through {through.en})")

    def taker(self, number: str, scope: Scope) -> Taker:
        """Return who takes orders of the organisation about a procedure and place now."""
        return self.acting.taker(number, scope, self._clock.now())

    def check_may_answer(self, speaker: str, number: str, scope: Scope) -> None:
        """Return if `speaker` may answer about such a filing of the organisation now.

        Raises:
            EngineError: as `Acting.check_may_answer`.
        """
        self.acting.check_may_answer(speaker, number, scope, self._clock.now())

    def channel(self, number: str) -> Channel:
        """Return how orders reach the organisation; raises `no-such-organisation`."""
        organisation = self._organisations.get(number)
        if organisation is None:
            raise EngineError("no-such-organisation")
        return organisation.channel

    def on_channel(self, channel: Channel) -> list[Organisation]:
        """Return the organisations that take their orders in this way and were not revoked."""
        known = self._organisations.values()
        return [one for one in known if one.channel is channel and one.state is not State.REVOKED]

    def receiver(self, slug: str, municipality: str | None) -> Organisation | None:
        """Return the active organisation that takes the procedure there, one of the directory's stages.

        The smallest area wins: a ward, its city, its prefecture, the whole country. In one area the
        oldest subscription wins, so a later one takes nothing away. A paused organisation keeps its
        place, and None is returned: nobody else gets what was meant for it.
        """
        first = next(iter(self._takers(slug, municipality)), None)
        return first if first and first.state is State.ACTIVE else None

    def receivers(self, slug: str, municipality: str | None) -> tuple[Organisation, ...]:
        """Return all active organisations that take the procedure there, in the same order."""
        takers = self._takers(slug, municipality)
        return tuple({one.number: one for one in takers if one.state is State.ACTIVE}.values())

    def recipient_key(self, number: str) -> RecipientKey:
        """Return the newest valid key to seal for the organisation.

        Raises:
            EngineError: `no-recipient-key`, also where the organisation is unknown or revoked.
        """
        now = self._clock.now()
        key = next((key for key in self._encryption_keys.get(number, ()) if key.is_valid(now)), None)
        if key is None:
            raise EngineError("no-recipient-key", organisation=number)
        return RecipientKey(key.public)

    def verification_key(self, source: str, kid: str) -> ec.EllipticCurvePublicKey | None:
        """Return the key if it may sign for this source (`/organisations/{number}`) now."""
        key = self._keys.get(kid)
        if key is None or key.use != "sig" or source != f"{_SOURCE}{key.number}":
            return None
        usable = key.is_valid(self._clock.now()) and not self._is_revoked(key.number)
        return key.public if usable else None

    def sealing_kids(self) -> frozenset[str]:
        """Return the names of the keys to seal for that are not revoked."""
        return frozenset(
            key.kid for keys in self._encryption_keys.values() for key in keys if key.revoked_at is None
        )

    def _takers(self, slug: str, municipality: str | None) -> Iterator[Organisation]:
        areas = (*areas_around(municipality), None) if municipality else (None,)
        return (one for area in areas for one in self._receivers.get((slug, area), ()))

    def _is_revoked(self, number: str) -> bool:
        organisation = self._organisations.get(number)
        return organisation is None or organisation.state is State.REVOKED


class Directories:
    """The newest directory, never older than `max_age`. One for each process.

    `forget` is told the name of each key to seal for that was revoked: give it `Sealer.forget`.
    `stages` are those that are sent anything: live ones, and in a sandbox everybody who rehearses.
    """

    def __init__(
        self,
        store: RegistryStore,
        clock: Clock,
        *,
        max_age: timedelta = MAX_AGE,
        forget: Callable[[str], None] | None = None,
        stages: frozenset[Stage] = frozenset({Stage.LIVE}),
    ) -> None:
        self._store = store
        self._clock = clock
        self._max_age = max_age
        self._forget = forget
        self._stages = stages
        self._latest: Directory | None = None
        self._asked_at: datetime | None = None
        self._changes = 0
        self._refreshing = asyncio.Lock()

    async def current(self) -> Directory:
        """Return the directory as it is now, or was at most `max_age` ago.

        Raises:
            EngineError: `unavailable-registry`, when that cannot be known.
        """
        young = self._young()
        if young is not None:
            return young
        async with self._refreshing:
            return self._young() or await self._refreshed()

    def look_again(self) -> None:
        """Ask the store with the next question, however young the snapshot is: something was changed here."""
        self._asked_at = None
        self._changes += 1  # what is being read at this moment may be what was there before

    def verification_key(self, source: str, kid: str) -> ec.EllipticCurvePublicKey | None:
        """Return what the newest directory says; this is what an `Opener` takes.

        Await `current()` before opening a batch: this cannot refresh, and knows nobody before that.
        """
        return self._latest.verification_key(source, kid) if self._latest else None

    def _young(self) -> Directory | None:
        if self._asked_at is None or self._clock.now() - self._asked_at >= self._max_age:
            return None
        return self._latest

    async def _refreshed(self) -> Directory:
        asked_at, changes = self._clock.now(), self._changes
        latest = self._latest
        if latest is None or await self._store.version() != latest.version:
            latest = self._replaced(Directory(await self._store.contents(), self._clock, stages=self._stages))
        self._asked_at = asked_at if changes == self._changes else None
        return latest

    def _replaced(self, newest: Directory) -> Directory:
        if self._latest is not None and self._forget is not None:
            for kid in self._latest.sealing_kids() - newest.sealing_kids():
                self._forget(kid)
        self._latest = newest
        return newest


def _receivers(
    contents: Contents, stages: frozenset[Stage]
) -> dict[tuple[str, str | None], list[Organisation]]:
    """Return who is in one of the stages and not revoked, for each procedure and area, the oldest first."""
    receivers: dict[tuple[str, str | None], list[Organisation]] = defaultdict(list)
    for one in sorted(contents.subscriptions, key=lambda one: (one.since, one.number)):
        organisation = contents.organisations[one.number]
        if organisation.state is not State.REVOKED and organisation.stage in stages:
            receivers[one.slug, one.area].append(organisation)
    return dict(receivers)


def _encryption_keys(contents: Contents) -> dict[str, list[OrganisationKey]]:
    """Return the keys to seal for each organisation that is not revoked, the newest first."""
    keys: dict[str, list[OrganisationKey]] = defaultdict(list)
    for key in sorted(contents.keys, key=lambda key: (key.not_before, key.kid), reverse=True):
        if key.use == "enc" and contents.organisations[key.number].state is not State.REVOKED:
            keys[key.number].append(key)
    return dict(keys)
