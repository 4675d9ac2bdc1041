# SPDX-License-Identifier: Apache-2.0
"""A large document comes by ticket: announced, uploaded as often as it takes, one document."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from engine.core.errors import EngineError
from mailbox.uploads import KEPT_FOR, MAX_WAITING, UPLOAD_TIME
from mailbox.vault import MAX_DOCUMENT_BYTES
from tests.unit.mailbox_office import CITY, OWNER, Office, sha256

DOCUMENT = bytes(range(256)) * 1000
OTHER_CITY = "2000020131024"


async def pieces(content: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def broken(content: bytes) -> AsyncIterator[bytes]:
    yield content[:1000]
    raise ConnectionResetError


async def ticket_for(office: Office, content: bytes = DOCUMENT) -> str:
    ticket = await office.uploads.open_ticket(CITY, size_bytes=len(content), sha256=sha256(content))
    return ticket.id


async def test_an_uploaded_document_arrives_like_any_other() -> None:
    office = Office()
    ticket = await ticket_for(office)
    await office.uploads.receive(ticket, CITY, pieces(DOCUMENT))
    staged = await office.uploads.redeem(ticket, CITY)
    await office.bus.publish([office.parcel(staged)])

    await office.post.run_once()

    assert (await office.mailbox.content(OWNER, await office.only_letter())).content == DOCUMENT


async def test_an_interrupted_upload_can_be_repeated() -> None:
    office = Office()
    ticket = await ticket_for(office)

    with pytest.raises(ConnectionResetError):
        await office.uploads.receive(ticket, CITY, broken(DOCUMENT))
    await office.uploads.receive(ticket, CITY, pieces(DOCUMENT))

    assert (await office.uploads.redeem(ticket, CITY)).sha256 == sha256(DOCUMENT)


async def test_a_finished_upload_repeated_is_one_document_and_redeemed_twice_the_same() -> None:
    office = Office()
    ticket = await ticket_for(office)

    for _ in range(2):
        await office.uploads.receive(ticket, CITY, pieces(DOCUMENT))

    assert len(office.vault.blobs) == 1
    assert await office.uploads.redeem(ticket, CITY) == await office.uploads.redeem(ticket, CITY)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (DOCUMENT[:-1], "invalid-upload-size"),
        (DOCUMENT + b"!", "invalid-upload-size"),
        (DOCUMENT[:-1] + b"!", "invalid-upload-hash"),
    ],
    ids=["too short", "too long", "other content"],
)
async def test_what_was_not_announced_is_refused_and_the_ticket_stays_good(content: bytes, code: str) -> None:
    office = Office()
    ticket = await ticket_for(office)

    with pytest.raises(EngineError, match=code):
        await office.uploads.receive(ticket, CITY, pieces(content))

    assert office.vault.blobs == {}
    await office.uploads.receive(ticket, CITY, pieces(DOCUMENT))


async def test_an_endless_upload_is_cut_at_the_announced_size() -> None:
    office = Office()
    ticket = await ticket_for(office, b"small")

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1024)

    with pytest.raises(EngineError, match="invalid-upload-size"):
        await office.uploads.receive(ticket, CITY, endless())


async def test_the_ticket_of_another_organisation_does_not_exist() -> None:
    office = Office()
    ticket = await ticket_for(office)
    await office.uploads.receive(ticket, CITY, pieces(DOCUMENT))

    with pytest.raises(EngineError, match="no-such-ticket"):
        await office.uploads.receive(ticket, OTHER_CITY, pieces(DOCUMENT))
    with pytest.raises(EngineError, match="no-such-ticket"):
        await office.uploads.redeem(ticket, OTHER_CITY)


async def test_a_ticket_without_its_upload_cannot_be_redeemed() -> None:
    office = Office()
    ticket = await ticket_for(office)

    with pytest.raises(EngineError, match="unfinished-upload"):
        await office.uploads.redeem(ticket, CITY)


async def test_an_upload_has_a_day_and_a_finished_one_outlives_it() -> None:
    office = Office()
    late, finished = await ticket_for(office), await ticket_for(office)
    await office.uploads.receive(finished, CITY, pieces(DOCUMENT))
    office.clock.pass_by(UPLOAD_TIME)

    with pytest.raises(EngineError, match="already-expired-ticket"):
        await office.uploads.receive(late, CITY, pieces(DOCUMENT))
    with pytest.raises(EngineError, match="already-expired-ticket"):
        await office.uploads.redeem(late, CITY)

    assert (await office.uploads.redeem(finished, CITY)).size_bytes == len(DOCUMENT)


@pytest.mark.parametrize(
    ("size", "digest", "code"),
    [
        (MAX_DOCUMENT_BYTES + 1, "0" * 64, "document-too-large"),
        (0, "0" * 64, "invalid-upload"),
        (-1, "0" * 64, "invalid-upload"),
        (1, "0" * 63, "invalid-upload"),
        (1, "G" * 64, "invalid-upload"),
    ],
)
async def test_an_impossible_announcement_gets_no_ticket(size: int, digest: str, code: str) -> None:
    with pytest.raises(EngineError, match=code):
        await Office().uploads.open_ticket(CITY, size_bytes=size, sha256=digest)


async def test_one_organisation_can_have_only_so_many_tickets_waiting() -> None:
    office = Office()
    first = await ticket_for(office)
    for _ in range(MAX_WAITING - 1):
        await ticket_for(office)

    with pytest.raises(EngineError, match="too-many-tickets"):
        await ticket_for(office)

    await office.uploads.open_ticket(OTHER_CITY, size_bytes=1, sha256="0" * 64)
    await office.uploads.receive(first, CITY, pieces(DOCUMENT))
    await ticket_for(office)


async def test_an_upload_is_neither_discarded_nor_swept_while_its_ticket_is_kept() -> None:
    office = Office()
    ticket = await ticket_for(office)
    await office.uploads.receive(ticket, CITY, pieces(DOCUMENT))
    staged = await office.uploads.redeem(ticket, CITY)

    await office.intake.discard(staged)
    kept = await office.sweeper.sweep()
    office.clock.pass_by(KEPT_FOR + timedelta(seconds=1))
    forgotten = await office.uploads.forget_old()
    swept = await office.sweeper.sweep()

    assert (kept, forgotten, swept) == (0, 1, 1)
