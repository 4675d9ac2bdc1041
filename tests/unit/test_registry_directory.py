# SPDX-License-Identifier: Apache-2.0
"""The directory says who takes what and with which keys, and is never older than it promises."""

import asyncio
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.jwk import Use, thumbprint
from engine.border.sealing import Attributes, Opener, Sealer
from engine.core.errors import EngineError
from engine.registry.directory import MAX_AGE, Directory
from engine.registry.model import Channel, Stage
from tests.unit.registry_office import (
    DAY,
    MURORAN,
    NOW,
    POLICE,
    POWER,
    RIVAL,
    SAPPORO,
    SECOND,
    Counting,
    Office,
    organisation,
)

USES: Final[tuple[Use, ...]] = ("enc", "sig")
NOTICE, GARAGE, LIGHT = "move.move-in-notice", "move.garage-certificate", "move.electricity"


@pytest.fixture
def office() -> Office:
    return Office()


async def receiver(office: Office, slug: str, municipality: str | None) -> str | None:
    found = (await office.directory()).receiver(slug, municipality)
    return found.number if found else None


async def test_a_subscription_for_the_area_comes_before_one_for_the_whole_country(office: Office) -> None:
    await office.opens(MURORAN, POWER)
    await office.takes(POWER, NOTICE, None, since=NOW - DAY)
    await office.takes(MURORAN, NOTICE, "012050")

    assert await receiver(office, NOTICE, "012050") == MURORAN
    assert await receiver(office, NOTICE, "131016") == POWER
    assert await receiver(office, NOTICE, None) == POWER
    assert await receiver(office, GARAGE, "012050") is None


async def test_a_ward_is_taken_by_its_city_and_a_city_by_its_prefecture(office: Office) -> None:
    await office.opens(SAPPORO, POLICE)
    await office.takes(SAPPORO, NOTICE, "011002")
    await office.takes(POLICE, GARAGE, "010006")

    assert await receiver(office, NOTICE, "011011") == SAPPORO
    assert await receiver(office, NOTICE, "012050") is None
    assert await receiver(office, GARAGE, "011011") == POLICE
    assert await receiver(office, GARAGE, "131016") is None


async def test_a_later_subscription_takes_nothing_away(office: Office) -> None:
    await office.opens(POWER, RIVAL)
    await office.takes(RIVAL, LIGHT, None, since=NOW + SECOND)
    await office.takes(POWER, LIGHT, None)

    directory = await office.directory()

    assert await receiver(office, LIGHT, "012050") == POWER
    assert [one.number for one in directory.receivers(LIGHT, "012050")] == [POWER, RIVAL]


async def test_nobody_else_gets_what_was_meant_for_a_paused_organisation(office: Office) -> None:
    await office.opens(MURORAN, POWER)
    await office.takes(MURORAN, NOTICE, "012050")
    await office.takes(POWER, NOTICE, None)

    await office.store.pause(MURORAN)
    paused = await receiver(office, NOTICE, "012050")
    await office.store.resume(MURORAN)

    assert paused is None
    assert await receiver(office, NOTICE, "012050") == MURORAN


async def test_a_revoked_organisation_takes_nothing_and_has_no_keys(office: Office) -> None:
    await office.opens(MURORAN)
    await office.takes(MURORAN, NOTICE, "012050")
    await office.adds_key(MURORAN, use="enc")
    kid = await office.adds_key(MURORAN, use="sig")

    await office.store.revoke(MURORAN)
    directory = await office.directory()

    assert directory.receiver(NOTICE, "012050") is None
    assert directory.verification_key(f"/organisations/{MURORAN}", kid) is None
    with pytest.raises(EngineError, match="no-recipient-key"):
        directory.recipient_key(MURORAN)


async def test_a_paused_organisation_may_still_answer(office: Office) -> None:
    await office.opens(MURORAN)
    kid = await office.adds_key(MURORAN, use="sig")

    await office.store.pause(MURORAN)

    assert (await office.directory()).verification_key(f"/organisations/{MURORAN}", kid) is not None


async def test_the_newest_valid_key_is_sealed_for(office: Office) -> None:
    await office.opens(MURORAN)
    old = await office.adds_key(MURORAN, use="enc", end=NOW + 3 * DAY)
    new = await office.adds_key(MURORAN, use="enc", start=NOW + DAY, end=NOW + 2 * DAY)
    await office.adds_key(MURORAN, use="sig", start=NOW + DAY)
    directory = await office.directory()

    kids = []
    for _ in range(3):
        kids.append(directory.recipient_key(MURORAN).kid)
        office.clock.move(DAY)

    assert kids == [old, new, old]
    with pytest.raises(EngineError, match="no-recipient-key"):
        directory.recipient_key(MURORAN)


async def test_signatures_by_every_valid_signing_key_are_taken_and_by_no_other(office: Office) -> None:
    await office.opens(MURORAN, POWER)
    first = await office.adds_key(MURORAN, use="sig")
    second = await office.adds_key(MURORAN, use="sig")
    gone = await office.adds_key(MURORAN, use="sig")
    later = await office.adds_key(MURORAN, use="sig", start=NOW + SECOND)
    ended = await office.adds_key(MURORAN, use="sig", start=NOW - DAY, end=NOW)
    sealing = await office.adds_key(MURORAN, use="enc")
    foreign = await office.adds_key(POWER, use="sig")
    await office.store.revoke_key(MURORAN, gone, at=NOW)
    directory = await office.directory()

    every = (first, second, gone, later, ended, sealing, foreign, "x")
    taken = [kid for kid in every if directory.verification_key(f"/organisations/{MURORAN}", kid)]

    assert taken == [first, second]
    assert directory.verification_key(MURORAN, first) is None
    assert directory.verification_key("/engine", first) is None
    found = directory.verification_key(f"/organisations/{MURORAN}", first)
    assert found == office.private[first].public_key()


async def test_the_channel_of_an_organisation_is_known_and_of_no_other(office: Office) -> None:
    await office.opens(MURORAN)
    directory = await office.directory()

    assert directory.channel(MURORAN) is Channel.PULL
    with pytest.raises(EngineError, match="no-such-organisation"):
        directory.channel(POWER)


async def test_a_young_directory_is_not_asked_for_and_an_unchanged_one_not_read_again(
    office: Office,
) -> None:
    await office.opens(MURORAN)
    first = await office.directories.current()
    office.clock.move(MAX_AGE - SECOND)
    young = await office.directories.current()
    office.clock.move(SECOND)

    unchanged = await office.directories.current()

    assert first is young is unchanged
    assert office.store.asked == ["contents", "version"]


async def test_a_change_is_seen_within_the_promised_age(office: Office) -> None:
    await office.directories.current()
    await office.opens(MURORAN)
    before = (await office.directories.current()).organisation(MURORAN)
    office.clock.move(MAX_AGE)

    after = (await office.directories.current()).organisation(MURORAN)

    assert before is None
    assert after is not None


async def test_who_changed_something_sees_it_although_an_older_reading_was_under_way(office: Office) -> None:
    under_way = asyncio.ensure_future(office.directories.current())
    await asyncio.sleep(0)
    office.directories.look_again()
    await under_way

    await office.directories.current()

    assert office.store.asked == ["contents", "version"]


async def test_many_who_ask_at_once_make_one_reading(office: Office) -> None:
    found = await asyncio.gather(*(office.directories.current() for _ in range(20)))

    assert len(set(map(id, found))) == 1
    assert office.store.asked == ["contents"]


async def test_an_old_directory_is_not_given_out_when_the_store_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Counting) -> int:
        raise EngineError("unavailable-registry")

    await office.directories.current()
    monkeypatch.setattr(Counting, "version", away)
    office.clock.move(MAX_AGE)

    with pytest.raises(EngineError, match="unavailable-registry"):
        await office.directories.current()


async def test_a_revoked_sealing_key_is_forgotten_by_name(office: Office) -> None:
    await office.opens(MURORAN)
    kept, gone = [await office.adds_key(MURORAN, use="enc") for _ in range(2)]
    await office.directories.current()
    await office.store.revoke_key(MURORAN, gone, at=NOW)
    office.clock.move(MAX_AGE)

    directory = await office.directories.current()

    assert office.forgotten == [gone]
    assert directory.recipient_key(MURORAN).kid == kept


async def test_sealer_and_opener_work_with_what_the_directory_says(office: Office) -> None:
    await office.opens(MURORAN)
    source = f"/organisations/{MURORAN}"
    sealing, signing = [await office.adds_key(MURORAN, use=use) for use in USES]
    directory = await office.directories.current()
    own = ec.generate_private_key(ec.SECP256R1())
    engine = Sealer(own, kid=thumbprint(own.public_key()), source="/engine", clock=office.clock)
    there = Opener({sealing: office.private[sealing]}, lambda _, __: own.public_key())
    here = Opener({sealing: office.private[sealing]}, office.directories.verification_key)
    sender = Sealer(office.private[signing], kid=signing, source=source, clock=office.clock)
    order = Attributes("o_1", "jp.todoke.order.submit.v1", "r_1", "/engine", 1, NOW)
    reply = Attributes("x1", "jp.todoke.reply.received.v1", "r_1", source, 1, NOW)

    sent = engine.seal(order, b"order", directory.recipient_key(MURORAN))
    answered = sender.seal(reply, b"reply", directory.recipient_key(MURORAN))

    assert there.open(order, sent) == b"order"
    assert here.open(reply, answered) == b"reply"


async def test_before_the_first_reading_nobody_is_known(office: Office) -> None:
    await office.opens(MURORAN)
    kid = await office.adds_key(MURORAN, use="sig")

    assert office.directories.verification_key(f"/organisations/{MURORAN}", kid) is None


async def test_only_live_organisations_are_sent_anything_except_in_a_sandbox() -> None:
    office = Office()
    await office.opens(POWER)
    await office.takes(POWER, "move.electricity", None)
    rehearsing = organisation(RIVAL).model_copy(update={"stage": Stage.SANDBOX})
    await office.store.put([rehearsing])
    await office.takes(RIVAL, "move.electricity", "131016")

    contents = await office.store.contents()
    real = Directory(contents, office.clock)
    sandbox = Directory(contents, office.clock, stages=frozenset(Stage))

    assert [one.number for one in real.receivers("move.electricity", "131016")] == [POWER]
    assert [one.number for one in sandbox.receivers("move.electricity", "131016")] == [RIVAL, POWER]
