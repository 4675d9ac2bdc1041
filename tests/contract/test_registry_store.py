# SPDX-License-Identifier: Apache-2.0
"""Both stores of the registry keep the same promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.jwk import Use, exported
from engine.border.wire import Title
from engine.core.errors import EngineError
from engine.core.numbers import number_of_local_government
from engine.registry.model import (
    Channel,
    Kind,
    Organisation,
    OrganisationKey,
    RegistryStore,
    Stage,
    State,
    Subscription,
)
from engine.registry.store import MemoryRegistryStore, PostgresRegistryStore

START = datetime(2026, 11, 9, 1, 2, 3, 456789, tzinfo=UTC)
DAY = timedelta(days=1)
MURORAN, CHIYODA = number_of_local_government("012050"), number_of_local_government("131016")
CITY = Organisation(
    number=MURORAN,
    name=Title(ja="室蘭市", en="Muroran City"),
    kind=Kind.MUNICIPALITY,
    channel=Channel.AMQP,
    areas=("012050",),
)
WARD = Organisation(
    number=CHIYODA,
    name=Title(ja="千代田区", en="Chiyoda City"),
    kind=Kind.MUNICIPALITY,
    channel=Channel.WEBHOOK,
    endpoint="https://todoke.chiyoda.example/orders",
)
NOTICE = Subscription(number=MURORAN, slug="move.move-in-notice", area="012050", since=START)
EVERYWHERE = NOTICE.model_copy(update={"area": None})


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def store(dsn: str | None) -> AsyncIterator[RegistryStore]:
    if dsn is None:
        yield MemoryRegistryStore()
        return
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield PostgresRegistryStore(pool)


def key(number: str = MURORAN, *, use: Use = "enc", start: datetime = START) -> OrganisationKey:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    jwk = exported(public, use=use)
    return OrganisationKey.registered(number, jwk, use=use, not_before=start, not_after=start + 9 * DAY)


async def refused(asked: Awaitable[object]) -> str:
    with pytest.raises(EngineError) as refusal:
        await asked
    return refusal.value.code


async def test_organisations_come_back_as_they_were_put(store: RegistryStore) -> None:
    await store.put([CITY, WARD])

    assert await store.organisation(MURORAN) == CITY
    assert await store.organisation(CHIYODA) == WARD
    assert await store.organisation("7000012050002") is None
    assert (await store.contents()).organisations == {MURORAN: CITY, CHIYODA: WARD}


async def test_an_organisation_put_again_is_changed_but_keeps_its_state(store: RegistryStore) -> None:
    await store.put([CITY])
    await store.pause(MURORAN)

    await store.put([CITY.model_copy(update={"channel": Channel.PULL, "areas": ()})])

    found = await store.organisation(MURORAN)
    assert found is not None
    assert (found.channel, found.areas, found.state) == (Channel.PULL, (), State.PAUSED)


async def test_a_paused_organisation_can_go_on_and_a_revoked_one_cannot(store: RegistryStore) -> None:
    states = []
    await store.put([CITY])

    for change in (store.pause, store.pause, store.resume, store.revoke, store.revoke):
        await change(MURORAN)
        found = await store.organisation(MURORAN)
        states.append(found and found.state)

    assert states == [State.PAUSED, State.PAUSED, State.ACTIVE, State.REVOKED, State.REVOKED]
    assert await refused(store.resume(MURORAN)) == "already-revoked-organisation"
    assert await refused(store.pause(MURORAN)) == "already-revoked-organisation"


async def test_a_subscription_is_there_once_and_keeps_its_first_day(store: RegistryStore) -> None:
    await store.put([CITY])

    await store.subscribe([NOTICE, EVERYWHERE])
    await store.subscribe([one.model_copy(update={"since": START + DAY}) for one in (NOTICE, EVERYWHERE)])

    assert await store.subscriptions(MURORAN) == [EVERYWHERE, NOTICE]
    assert await store.subscriptions(CHIYODA) == []


@pytest.mark.parametrize("gone", [NOTICE, EVERYWHERE])
async def test_a_subscription_taken_away_leaves_the_others(store: RegistryStore, gone: Subscription) -> None:
    await store.put([CITY])
    await store.subscribe([NOTICE, EVERYWHERE])

    await store.unsubscribe(MURORAN, slug=gone.slug, area=gone.area)

    assert await store.subscriptions(MURORAN) == [one for one in (NOTICE, EVERYWHERE) if one != gone]
    assert await refused(store.unsubscribe(MURORAN, slug=gone.slug, area=gone.area)) == "no-such-subscription"


async def test_keys_overlap_and_come_back_as_they_were(store: RegistryStore) -> None:
    old, new, signing = key(), key(start=START + DAY), key(use="sig", start=START + 2 * DAY)
    await store.put([CITY])

    await store.add_keys([new, signing])
    await store.add_keys([old])

    assert await store.keys(MURORAN) == [old, new, signing]
    assert all(one.is_valid(START + 3 * DAY) for one in await store.keys(MURORAN))


async def test_a_revoked_key_stays_revoked_since_the_first_time(store: RegistryStore) -> None:
    given = key()
    await store.put([CITY])
    await store.add_keys([given])

    await store.revoke_key(MURORAN, given.kid, at=START + DAY)
    await store.revoke_key(MURORAN, given.kid, at=START + 2 * DAY)

    assert await store.keys(MURORAN) == [replace(given, revoked_at=START + DAY)]
    assert await refused(store.add_keys([given])) == "already-registered-key"


async def test_a_key_belongs_to_one_organisation(store: RegistryStore) -> None:
    given = key()
    await store.put([CITY, WARD])
    await store.add_keys([given])

    stolen = await refused(store.add_keys([replace(given, number=CHIYODA)]))
    revoked = await refused(store.revoke_key(CHIYODA, given.kid, at=START))

    assert (stolen, revoked) == ("already-registered-key", "no-such-key")
    assert await store.keys(MURORAN) == [given]
    assert await store.keys(CHIYODA) == []


Write = Callable[[RegistryStore], Awaitable[object]]
WRITES: dict[str, Write] = {
    "put": lambda store: store.put([WARD]),
    "pause": lambda store: store.pause(MURORAN),
    "resume": lambda store: store.resume(MURORAN),
    "revoke": lambda store: store.revoke(MURORAN),
    "subscribe": lambda store: store.subscribe([EVERYWHERE]),
    "unsubscribe": lambda store: store.unsubscribe(MURORAN, slug=NOTICE.slug, area=NOTICE.area),
    "add_keys": lambda store: store.add_keys([key()]),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
async def test_every_write_makes_a_new_version(store: RegistryStore, write: Write) -> None:
    await store.put([CITY])
    await store.subscribe([NOTICE])
    before = await store.version()

    await write(store)

    assert await store.version() > before
    assert (await store.contents()).version == await store.version()


async def test_revoking_a_key_makes_a_new_version(store: RegistryStore) -> None:
    given = key()
    await store.put([CITY])
    await store.add_keys([given])
    before = await store.version()

    await store.revoke_key(MURORAN, given.kid, at=START)

    assert await store.version() > before


REFUSED: dict[str, tuple[Write, str]] = {
    "pause": (lambda store: store.pause(CHIYODA), "no-such-organisation"),
    "revoke": (lambda store: store.revoke(CHIYODA), "no-such-organisation"),
    "subscribe": (
        lambda store: store.subscribe([NOTICE, NOTICE.model_copy(update={"number": CHIYODA})]),
        "no-such-organisation",
    ),
    "add_keys": (lambda store: store.add_keys([key(), key(CHIYODA)]), "no-such-organisation"),
    "add_keys twice": (lambda store: store.add_keys([key(), *[key()] * 2]), "already-registered-key"),
    "revoke_key": (lambda store: store.revoke_key(MURORAN, "x", at=START), "no-such-key"),
}


@pytest.mark.parametrize(("write", "code"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_refused_write_changes_nothing(store: RegistryStore, write: Write, code: str) -> None:
    await store.put([CITY])
    before = await store.contents()

    assert await refused(write(store)) == code

    assert await store.contents() == before


async def test_writers_at_the_same_time_each_make_a_version(store: RegistryStore) -> None:
    await store.put([CITY, WARD])
    before = await store.version()

    await asyncio.gather(*(store.add_keys([key(MURORAN), key(CHIYODA)]) for _ in range(6)))

    assert await store.version() == before + 6
    assert len((await store.contents()).keys) == 12


async def test_what_is_read_together_belongs_to_one_version(store: RegistryStore) -> None:
    await store.put([CITY])
    before = await store.version()
    read: list[tuple[int, int]] = []

    async def write() -> None:
        for _ in range(30):
            await store.add_keys([key()])

    async def reads() -> None:
        while not read or read[-1][1] < 30:
            contents = await store.contents()
            read.append((contents.version - before, len(contents.keys)))
            await asyncio.sleep(0)

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for work in (write(), reads(), reads()):
            tasks.create_task(work)

    assert all(version == keys for version, keys in read)


async def test_a_database_out_of_reach_is_said_so(postgres_dsn: str) -> None:
    pool = await asyncpg.create_pool(postgres_dsn, min_size=1, max_size=1)
    store = PostgresRegistryStore(pool)
    await pool.close()

    assert await refused(store.version()) == "unavailable-registry"
    assert await refused(store.put([CITY])) == "unavailable-registry"


async def test_a_key_ends_by_a_day_and_never_lives_longer_for_it(store: RegistryStore) -> None:
    await store.put([CITY])
    short = key()
    await store.add_keys([short])

    await store.retire_key(MURORAN, short.kid, not_after=START + 2 * DAY)
    await store.retire_key(MURORAN, short.kid, not_after=START + 99 * DAY)

    (found,) = await store.keys(MURORAN)
    assert found.not_after == START + 2 * DAY
    assert await refused(store.retire_key(CHIYODA, short.kid, not_after=START)) == "no-such-key"


async def test_a_revoked_key_to_seal_for_is_named_until_nothing_is_sealed_for_it(
    store: RegistryStore,
) -> None:
    await store.put([CITY])
    lost, signing = key(), key(use="sig")
    await store.add_keys([lost, signing])
    await store.revoke_key(MURORAN, lost.kid, at=START, because="stolen")
    await store.revoke_key(MURORAN, signing.kid, at=START, because="lost")
    await store.revoke_key(MURORAN, lost.kid, at=START + DAY, because="ended")

    early = await store.to_reseal(revoked_before=START - DAY)
    due = await store.to_reseal(revoked_before=START)
    await store.resealed(lost.kid, at=START + DAY)

    assert early == []
    assert [(one.kid, one.revoked_at, one.revoked_because) for one in due] == [(lost.kid, START, "stolen")]
    assert await store.to_reseal(revoked_before=START) == []


async def test_it_comes_on_board_step_by_step_and_its_place_counts_from_the_last(
    store: RegistryStore,
) -> None:
    await store.put([CITY.model_copy(update={"stage": Stage.SANDBOX})])
    await store.subscribe([NOTICE])

    await store.advance(MURORAN, Stage.CERTIFIED, at=START + DAY)
    before = await store.subscriptions(MURORAN)
    await store.advance(MURORAN, Stage.LIVE, at=START + 2 * DAY)
    await store.advance(MURORAN, Stage.LIVE, at=START + 3 * DAY)
    await store.put([CITY.model_copy(update={"stage": Stage.SANDBOX})])

    found = await store.organisation(MURORAN)
    assert found is not None
    assert found.stage is Stage.LIVE
    assert [one.since for one in before] == [START]
    assert [one.since for one in await store.subscriptions(MURORAN)] == [START + 2 * DAY]
    assert await refused(store.advance(CHIYODA, Stage.LIVE, at=START)) == "no-such-organisation"
