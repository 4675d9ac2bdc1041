# SPDX-License-Identifier: Apache-2.0
"""The two stores of the registry: PostgreSQL, and the memory twin. One contract suite for both."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import asyncpg

from engine.core.errors import EngineError
from engine.postgres import FOREIGN, out_of_reach
from engine.registry.acting import Grant, Succession
from engine.registry.model import Contents, Organisation, OrganisationKey, Stage, State, Subscription

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy


_VERSION: Final = "select version from engine.registry_version"
_NEXT_VERSION: Final = "update engine.registry_version set version = version + 1"
_ORGANISATIONS: Final = (
    "select number, name_ja, name_en, kind, channel, endpoint, areas, state, stage from engine.organisations"
)
_SUBSCRIPTIONS: Final = "select number, slug, area, since from engine.subscriptions"
_KEYS: Final = (
    "select kid, number, use, x, y, not_before, not_after, revoked_at, revoked_because"
    " from engine.organisation_keys"
)
GRANTS: Final = (
    "select id, principal, agent, procedures, begins_at, ends_at, offered_by, offered_at, accepted_by,"
    " accepted_at, ended_by, ended_at, ended_because, taken_over_at, handed_back_at from engine.agent_grants"
)
SUCCESSIONS: Final = (
    "select predecessor, successor, declared_by, declared_at, reason, overlap_until, taken_over_at"
    " from engine.successions"
)
_PUT: Final = """
insert into engine.organisations (number, name_ja, name_en, kind, channel, endpoint, areas, state, stage)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (number) do update set
    name_ja = excluded.name_ja, name_en = excluded.name_en, kind = excluded.kind,
    channel = excluded.channel, endpoint = excluded.endpoint, areas = excluded.areas
"""
_ADVANCE: Final = "update engine.organisations set stage = $2 where number = $1"
_BEGIN: Final = "update engine.subscriptions set since = $2 where number = $1"
_SUBSCRIBE: Final = """
insert into engine.subscriptions (number, slug, area, since)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
on conflict (number, slug, area) do nothing
"""
_UNSUBSCRIBE: Final = """
delete from engine.subscriptions where number = $1 and slug = $2 and area is not distinct from $3
"""
_ADD_KEYS: Final = """
insert into engine.organisation_keys (kid, number, use, x, y, not_before, not_after, revoked_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_REVOKE_KEY: Final = """
update engine.organisation_keys
set revoked_at = coalesce(revoked_at, $3),
    revoked_because = case when revoked_at is null then $4 else revoked_because end
where number = $1 and kid = $2
"""
_RETIRE_KEY: Final = """
update engine.organisation_keys set not_after = greatest(least(not_after, $3), not_before + interval '1 s')
where number = $1 and kid = $2
"""
_TO_RESEAL: Final = """
 where use = 'enc' and revoked_at <= $1 and resealed_at is null order by revoked_at, kid
"""
_RESEALED: Final = "update engine.organisation_keys set resealed_at = $2 where kid = $1"
_BY_SLUG: Final = " where number = $1 order by slug, area nulls first"
_BY_AGE: Final = " where number = $1 order by not_before, kid"


class PostgresRegistryStore:
    """The registry in the schema `engine`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def version(self) -> int:
        """Return the present version."""
        async with transaction(self._pool) as connection:
            return int(await connection.fetchval(_VERSION))

    async def contents(self) -> Contents:
        """Return everything, as one instant saw it."""
        async with transaction(self._pool, isolation="repeatable_read") as connection:
            version = int(await connection.fetchval(_VERSION))
            organisations = map(_organisation, await connection.fetch(_ORGANISATIONS))
            subscriptions = map(_subscription, await connection.fetch(_SUBSCRIPTIONS))
            keys = [OrganisationKey(*row) for row in await connection.fetch(_KEYS)]
            grants = [grant_of(row) for row in await connection.fetch(GRANTS)]
            successions = [succession_of(row) for row in await connection.fetch(SUCCESSIONS)]
        known = {one.number: one for one in organisations}
        return Contents(version, known, list(subscriptions), keys, grants, successions)

    async def put(self, organisations: Sequence[Organisation]) -> None:
        """Add or change the organisations."""
        rows = [
            (
                one.number, one.name.ja, one.name.en, one.kind.value, one.channel.value, one.endpoint,
                list(one.areas), one.state.value, one.stage.value,
            )
            for one in organisations
        ]  # fmt: skip
        async with writing(self._pool) as connection:
            await connection.executemany(_PUT, rows)

    async def organisation(self, number: str) -> Organisation | None:
        """Return the organisation."""
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(f"{_ORGANISATIONS} where number = $1", number)
        return _organisation(row) if row else None

    async def pause(self, number: str) -> None:
        """Send it nothing new."""
        await self._change(number, State.PAUSED)

    async def resume(self, number: str) -> None:
        """Send to it again."""
        await self._change(number, State.ACTIVE)

    async def revoke(self, number: str) -> None:
        """Shut it out for good."""
        await self._change(number, State.REVOKED)

    async def advance(self, number: str, stage: Stage, *, at: datetime) -> None:
        """Let it have come so far on board."""
        async with writing(self._pool) as connection:
            row = await connection.fetchrow(f"{_ORGANISATIONS} where number = $1", number)
            known = _changed(_organisation(row) if row else None, State.ACTIVE)
            await connection.execute(_ADVANCE, number, stage.value)
            if known.stage is not stage is Stage.LIVE:
                await connection.execute(_BEGIN, number, at)

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Add the subscriptions."""
        columns = ("number", "slug", "area", "since")
        async with writing(self._pool) as connection:
            await connection.execute(
                _SUBSCRIBE, *([getattr(one, column) for one in subscriptions] for column in columns)
            )

    async def unsubscribe(self, number: str, *, slug: str, area: str | None) -> None:
        """Take the subscription away."""
        async with writing(self._pool) as connection:
            if await connection.execute(_UNSUBSCRIBE, number, slug, area) == "DELETE 0":
                raise EngineError("no-such-subscription")

    async def subscriptions(self, number: str) -> list[Subscription]:
        """Return the organisation's subscriptions."""
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(_SUBSCRIPTIONS + _BY_SLUG, number)
        return [_subscription(row) for row in rows]

    async def add_keys(self, keys: Sequence[OrganisationKey]) -> None:
        """Add the keys."""
        rows = [
            (key.kid, key.number, key.use, key.x, key.y, key.not_before, key.not_after, key.revoked_at)
            for key in keys
        ]
        async with writing(self._pool) as connection:
            await connection.executemany(_ADD_KEYS, rows)

    async def retire_key(self, number: str, kid: str, *, not_after: datetime) -> None:
        """Let the key end by then."""
        async with writing(self._pool) as connection:
            if await connection.execute(_RETIRE_KEY, number, kid, not_after) == "UPDATE 0":
                raise EngineError("no-such-key")

    async def to_reseal(self, *, revoked_before: datetime) -> list[OrganisationKey]:
        """Return revoked keys that orders may still be sealed for."""
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(_KEYS + _TO_RESEAL, revoked_before)
        return [OrganisationKey(*row) for row in rows]

    async def resealed(self, kid: str, *, at: datetime) -> None:
        """Note that nothing that waits is sealed for it any more."""
        async with transaction(self._pool) as connection:
            await connection.execute(_RESEALED, kid, at)

    async def revoke_key(self, number: str, kid: str, *, at: datetime, because: str | None = None) -> None:
        """Make the key invalid for good."""
        async with writing(self._pool) as connection:
            if await connection.execute(_REVOKE_KEY, number, kid, at, because) == "UPDATE 0":
                raise EngineError("no-such-key")

    async def keys(self, number: str) -> list[OrganisationKey]:
        """Return the organisation's keys."""
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(_KEYS + _BY_AGE, number)
        return [OrganisationKey(*row) for row in rows]

    async def _change(self, number: str, state: State) -> None:
        async with writing(self._pool) as connection:
            row = await connection.fetchrow(f"{_ORGANISATIONS} where number = $1", number)
            changed = _changed(_organisation(row) if row else None, state)
            await connection.execute(
                "update engine.organisations set state = $2 where number = $1", number, changed.state.value
            )


@asynccontextmanager
async def writing(pool: asyncpg.Pool) -> "AsyncIterator[PoolConnectionProxy]":
    """Yield a connection that makes a new version; all who write stand in one row."""
    async with transaction(pool) as connection:
        await connection.execute(_NEXT_VERSION)  # its row lock puts all writers in a row
        yield connection


@asynccontextmanager
async def transaction(
    pool: asyncpg.Pool, *, isolation: Literal["read_committed", "repeatable_read"] = "read_committed"
) -> "AsyncIterator[PoolConnectionProxy]":
    """Yield a connection in a transaction; raises as `reaching`."""
    async with (
        reaching(),
        pool.acquire() as connection,
        connection.transaction(isolation=isolation),
    ):
        yield connection


@asynccontextmanager
async def reaching() -> AsyncIterator[None]:
    """Raise our own errors for what PostgreSQL and the network raise."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError as error:
        raise EngineError("no-such-organisation") from error
    except asyncpg.UniqueViolationError as error:  # only kid has no "on conflict"
        raise EngineError("already-registered-key") from error
    except FOREIGN as error:
        if out_of_reach(error):
            raise EngineError("unavailable-registry") from error
        raise


def grant_of(row: asyncpg.Record) -> Grant:
    """Return a grant as `GRANTS` selects it."""
    values = dict(row)
    return Grant(**values | {"procedures": tuple((slug, area) for slug, area in values["procedures"])})


def succession_of(row: asyncpg.Record) -> Succession:
    """Return a succession as `SUCCESSIONS` selects it."""
    return Succession(**dict(row))


def _organisation(row: asyncpg.Record) -> Organisation:
    number, ja, en, kind, channel, endpoint, areas, state, stage = row
    return Organisation.model_validate(
        {
            "number": number, "name": {"ja": ja, "en": en}, "kind": kind, "channel": channel,
            "endpoint": endpoint, "areas": areas, "state": state, "stage": stage,
        }
    )  # fmt: skip


def _subscription(row: asyncpg.Record) -> Subscription:
    # Checked when it was written; there may be a hundred thousand.
    return Subscription.model_construct(**dict(row))


def _changed(organisation: Organisation | None, state: State) -> Organisation:
    if organisation is None:
        raise EngineError("no-such-organisation")
    if organisation.state is State.REVOKED and state is not State.REVOKED:
        raise EngineError("already-revoked-organisation")
    return organisation.model_copy(update={"state": state})


class MemoryRegistryStore:
    """The twin for tests and simulation."""

    def __init__(self) -> None:
        self._version = 0
        self._organisations: dict[str, Organisation] = {}
        self._subscriptions: dict[tuple[str, str, str | None], Subscription] = {}
        self._keys: dict[str, OrganisationKey] = {}
        self._resealed: dict[str, datetime] = {}
        self.grants: dict[UUID, Grant] = {}
        self.successions: dict[str, Succession] = {}

    async def version(self) -> int:
        """Return the present version."""
        return self._version

    async def contents(self) -> Contents:
        """Return everything."""
        return Contents(
            self._version,
            dict(self._organisations),
            list(self._subscriptions.values()),
            list(self._keys.values()),
            list(self.grants.values()),
            list(self.successions.values()),
        )

    async def carry_on(self, succession: Succession) -> None:
        """Move the subscriptions of a predecessor to its successor, and let its keys end."""
        old, new = succession.predecessor, succession.successor
        for key, one in list(self._subscriptions.items()):
            if one.number == old:
                del self._subscriptions[key]
                there = self._subscriptions.get((new, one.slug, one.area))
                since = min(one.since, there.since) if there else one.since
                moved = one.model_copy(update={"number": new, "since": since})
                self._subscriptions[new, one.slug, one.area] = moved
        for kid, held in list(self._keys.items()):
            if held.number == old and held.revoked_at is None:
                least = held.not_before + timedelta(seconds=1)
                ends = max(min(held.not_after, succession.overlap_until), least)
                self._keys[kid] = replace(held, not_after=ends)
        self._version += 1

    def changed(self) -> None:
        """Begin a new version, for what its twin in acting_store.py has written."""
        self._version += 1

    async def put(self, organisations: Sequence[Organisation]) -> None:
        """Add or change the organisations."""
        for one in organisations:
            known = self._organisations.get(one.number)
            kept = {"state": known.state, "stage": known.stage} if known else {}
            self._organisations[one.number] = one.model_copy(update=kept)
        self._version += 1

    async def organisation(self, number: str) -> Organisation | None:
        """Return the organisation."""
        return self._organisations.get(number)

    async def pause(self, number: str) -> None:
        """Send it nothing new."""
        self._change(number, State.PAUSED)

    async def resume(self, number: str) -> None:
        """Send to it again."""
        self._change(number, State.ACTIVE)

    async def revoke(self, number: str) -> None:
        """Shut it out for good."""
        self._change(number, State.REVOKED)

    async def advance(self, number: str, stage: Stage, *, at: datetime) -> None:
        """Let it have come so far on board."""
        _changed(self._organisations.get(number), State.ACTIVE)
        known = self._organisations[number]
        self._organisations[number] = known.model_copy(update={"stage": stage})
        if known.stage is not stage is Stage.LIVE:
            for key, one in self._subscriptions.items():
                if one.number == number:
                    self._subscriptions[key] = one.model_copy(update={"since": at})
        self._version += 1

    async def subscribe(self, subscriptions: Sequence[Subscription]) -> None:
        """Add the subscriptions."""
        self.must_know(one.number for one in subscriptions)
        for one in subscriptions:
            self._subscriptions.setdefault((one.number, one.slug, one.area), one)
        self._version += 1

    async def unsubscribe(self, number: str, *, slug: str, area: str | None) -> None:
        """Take the subscription away."""
        if self._subscriptions.pop((number, slug, area), None) is None:
            raise EngineError("no-such-subscription")
        self._version += 1

    async def subscriptions(self, number: str) -> list[Subscription]:
        """Return the organisation's subscriptions."""
        mine = [one for one in self._subscriptions.values() if one.number == number]
        return sorted(mine, key=lambda one: (one.slug, one.area or ""))

    async def add_keys(self, keys: Sequence[OrganisationKey]) -> None:
        """Add the keys."""
        self.must_know(key.number for key in keys)
        added = {key.kid: key for key in keys}
        if len(added) < len(keys) or added.keys() & self._keys.keys():
            raise EngineError("already-registered-key")
        self._keys |= added
        self._version += 1

    async def retire_key(self, number: str, kid: str, *, not_after: datetime) -> None:
        """Let the key end by then."""
        key = self._own_key(number, kid)
        ends = max(min(key.not_after, not_after), key.not_before + timedelta(seconds=1))
        self._keys[kid] = replace(key, not_after=ends)
        self._version += 1

    async def to_reseal(self, *, revoked_before: datetime) -> list[OrganisationKey]:
        """Return revoked keys that orders may still be sealed for."""
        found = [
            key
            for key in self._keys.values()
            if key.use == "enc" and key.revoked_at is not None and key.revoked_at <= revoked_before
        ]
        return sorted((key for key in found if key.kid not in self._resealed), key=lambda key: key.kid)

    async def resealed(self, kid: str, *, at: datetime) -> None:
        """Note that nothing that waits is sealed for it any more."""
        self._resealed[kid] = at

    async def revoke_key(self, number: str, kid: str, *, at: datetime, because: str | None = None) -> None:
        """Make the key invalid for good."""
        key = self._own_key(number, kid)
        if key.revoked_at is None:
            self._keys[kid] = replace(key, revoked_at=at, revoked_because=because)
        self._version += 1

    async def keys(self, number: str) -> list[OrganisationKey]:
        """Return the organisation's keys."""
        mine = [key for key in self._keys.values() if key.number == number]
        return sorted(mine, key=lambda key: (key.not_before, key.kid))

    def _own_key(self, number: str, kid: str) -> OrganisationKey:
        key = self._keys.get(kid)
        if key is None or key.number != number:
            raise EngineError("no-such-key")
        return key

    def _change(self, number: str, state: State) -> None:
        self._organisations[number] = _changed(self._organisations.get(number), state)
        self._version += 1

    def must_know(self, numbers: Iterable[str]) -> None:
        """Return if all of these are there; raises `no-such-organisation`."""
        if any(number not in self._organisations for number in numbers):
            raise EngineError("no-such-organisation")
