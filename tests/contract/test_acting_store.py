# SPDX-License-Identifier: Apache-2.0
"""Grants and successions, on PostgreSQL and in memory: the same promises."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.jwk import exported
from engine.border.wire import Title
from engine.core.errors import EngineError
from engine.core.numbers import number_of_local_government
from engine.registry.acting import Grant, Succession
from engine.registry.acting_store import ActingStore, MemoryActing, PostgresActing
from engine.registry.model import Channel, Kind, Organisation, OrganisationKey, RegistryStore, Subscription
from engine.registry.store import MemoryRegistryStore, PostgresRegistryStore
from engine.store.pool import open_pool

START = datetime(2026, 11, 9, tzinfo=UTC)
DAY = timedelta(days=1)
A, B, C = (number_of_local_government(code) for code in ("012050", "015750", "015849"))
SLUG = "move.move-in-notice"


@dataclass
class Both:
    acting: ActingStore
    registry: RegistryStore


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def both(dsn: str | None) -> AsyncIterator[Both]:
    if dsn is None:
        memory = MemoryRegistryStore()
        found = Both(MemoryActing(memory), memory)
        await known(found)
        yield found
        return
    async with await open_pool(dsn) as pool:
        found = Both(PostgresActing(pool), PostgresRegistryStore(pool))
        await known(found)
        yield found


async def known(both: Both) -> None:
    name = Title(ja="町", en="Town")
    await both.registry.put(
        [
            Organisation(number=number, name=name, kind=Kind.MUNICIPALITY, channel=Channel.PULL)
            for number in (A, B, C)
        ]
    )


def grant(**changes: object) -> Grant:
    one = Grant(
        id=uuid4(),
        principal=A,
        agent=B,
        procedures=((SLUG, "012050"),),
        begins_at=START,
        ends_at=START + 30 * DAY,
        offered_by="person:1",
        offered_at=START,
    )
    return replace(one, **changes)  # type: ignore[arg-type] # each its own


async def refused(work: object) -> str:
    with pytest.raises(EngineError) as caught:
        await work  # type: ignore[misc] # a coroutine
    return caught.value.code


async def test_a_grant_counts_from_its_acceptance_and_the_first_end_stays(both: Both) -> None:
    one = grant()
    before = await both.registry.version()
    await both.acting.offer(one)
    await both.acting.offer(one)  # said again

    accepted = await both.acting.accept(one.id, by="person:2", at=START + DAY)
    again = await both.acting.accept(one.id, by="person:3", at=START + 2 * DAY)
    ended = await both.acting.end(one.id, by="person:1", at=START + 3 * DAY, because="ended")
    later = await both.acting.end(one.id, by="operator:9", at=START + 4 * DAY, because="late")

    assert (accepted.accepted_by, accepted.begins_at) == ("person:2", START + DAY)
    assert again == accepted
    assert (ended.ended_by, ended.last_instant, ended.ended_because) == ("person:1", START + 3 * DAY, "ended")
    assert later == ended
    assert await both.acting.grants(A) == await both.acting.grants(B) == [ended]
    assert await both.acting.grants(C) == []
    assert list((await both.registry.contents()).grants) == [ended]
    assert await both.registry.version() > before + 1


async def test_one_procedure_of_one_place_has_one_agent_at_a_time(both: Both) -> None:
    first = grant()
    await both.acting.offer(first)

    for changes in ({"agent": C}, {"procedures": ((SLUG, None),), "agent": C}):
        assert await refused(both.acting.offer(grant(**changes))) == "already-granted"
    await both.acting.offer(grant(procedures=(("move.nhk", None),), agent=C))
    await both.acting.offer(grant(begins_at=START + 30 * DAY, ends_at=START + 60 * DAY, agent=C))
    await both.acting.end(first.id, by="person:1", at=START + DAY, because="ended")
    await both.acting.offer(grant(offered_at=START + DAY, begins_at=START + DAY, agent=C))

    assert await refused(both.acting.offer(replace(first, agent=C))) == "idempotency-mismatch"
    stranger = grant(agent="1234567890123", procedures=(("move.gas", None),))
    assert await refused(both.acting.offer(stranger)) == "no-such-organisation"


async def test_what_is_not_there_or_over_is_said(both: Both) -> None:
    over = grant(ends_at=START + DAY)
    await both.acting.offer(over)

    assert await refused(both.acting.accept(over.id, by="p", at=START + DAY)) == "already-ended-grant"
    for work in (both.acting.grant(UUID(int=1)), both.acting.end(UUID(int=1), by="p", at=START, because="x")):
        assert await refused(work) == "no-such-grant"


async def test_what_began_or_ended_waits_until_it_was_passed_on(both: Both) -> None:
    one, offered = grant(), grant(procedures=(("move.nhk", None),))
    for each in (one, offered):
        await both.acting.offer(each)
    await both.acting.accept(one.id, by="p", at=START)

    async def waiting(at: datetime) -> list[UUID]:
        return [found.id for found in (await both.acting.to_pass_on(before=at))[0]]

    assert await waiting(START - DAY) == []
    assert await waiting(START) == [one.id]
    await both.acting.passed_on(one.id, "taken_over_at", at=START)
    assert await waiting(START + DAY) == []
    assert await waiting(START + 30 * DAY) == [one.id]
    await both.acting.passed_on(one.id, "handed_back_at", at=START)
    assert await waiting(START + 31 * DAY) == []


def succession(**changes: object) -> Succession:
    one = Succession(
        predecessor=A,
        successor=B,
        declared_by="operator:1",
        declared_at=START,
        reason="合併",
        overlap_until=START + 30 * DAY,
    )
    return replace(one, **changes)  # type: ignore[arg-type] # each its own


async def test_the_successor_has_the_subscriptions_in_their_place_and_the_keys_end(both: Both) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    jwk = exported(key, use="sig")
    registered = OrganisationKey.registered(A, jwk, use="sig", not_before=START, not_after=START + 700 * DAY)
    await both.registry.add_keys([registered])
    old = Subscription(number=A, slug=SLUG, area="012050", since=START)
    await both.registry.subscribe([old, old.model_copy(update={"number": B, "since": START + DAY})])

    await both.acting.succeed(succession())

    assert await both.registry.subscriptions(A) == []
    assert await both.registry.subscriptions(B) == [old.model_copy(update={"number": B})]
    (ends,) = await both.registry.keys(A)
    assert ends.not_after == START + 30 * DAY
    assert await both.acting.succession(A) == succession()
    assert list((await both.registry.contents()).successions) == [succession()]
    assert (await both.acting.to_pass_on(before=START))[1] == [succession()]
    await both.acting.succeeded(A, at=START)
    assert (await both.acting.to_pass_on(before=START))[1] == []


async def test_nobody_is_carried_on_twice_or_by_itself(both: Both) -> None:
    await both.acting.succeed(succession())
    await both.acting.succeed(succession(predecessor=B, successor=C))

    assert await refused(both.acting.succeed(succession(successor=C))) == "already-succeeded"
    assert await refused(both.acting.succeed(succession(predecessor=C, successor=A))) == "illegal-succession"
    assert await both.acting.succession(C) is None
