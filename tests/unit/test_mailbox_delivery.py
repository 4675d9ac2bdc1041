# SPDX-License-Identifier: Apache-2.0
"""Each document of a delivery is in its owner's box exactly once, byte for byte."""

import json
import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest

from engine.core.errors import EngineError
from engine.core.text import Text
from mailbox.letters import Kept, LetterRow, Pair
from mailbox.sealing import Keyring
from mailbox.store import MemoryLetterStore
from tests.unit.mailbox_office import CASE, CITY, OWNER, STRANGER, Office

DOCUMENT = "転出証明書 髙橋 一郎".encode()


class WeakStore(MemoryLetterStore):
    """A store that fails when told to."""

    is_away = False

    async def keep(self, rows: Sequence[LetterRow]) -> dict[Pair, Kept]:
        if self.is_away:
            raise EngineError("unavailable-mailbox")
        return await super().keep(rows)


async def test_a_delivered_document_is_in_the_box_byte_for_byte() -> None:
    office = Office()
    await office.send(DOCUMENT)

    arrived = await office.post.run_once()

    content = await office.mailbox.content(OWNER, await office.only_letter())
    assert arrived == 1
    assert (content.content, content.media_type) == (DOCUMENT, "application/pdf")
    assert (office.bus.taken, office.bus.parked) == ([], [])


async def test_a_delivery_seen_twice_makes_one_letter() -> None:
    office = Office()
    staged = await office.send(DOCUMENT)
    await office.bus.publish([office.parcel(staged)])

    together = await office.post.run_once()
    await office.bus.publish([office.parcel(staged)])
    later = await office.new_post().run_once()

    assert (together, later) == (1, 0)
    await office.only_letter()
    assert (office.bus.taken, office.bus.parked) == ([], [])


async def test_a_document_staged_twice_is_one_letter_and_the_spare_copy_is_swept() -> None:
    office = Office()
    await office.send(DOCUMENT)
    await office.post.run_once()
    spare = await office.send(DOCUMENT)

    await office.post.run_once()
    swept = await office.sweeper.sweep()

    assert swept == 1
    assert spare.blob not in office.vault.blobs
    assert (await office.mailbox.content(OWNER, await office.only_letter())).content == DOCUMENT


async def test_a_promised_document_is_not_swept_however_long_the_post_is_away() -> None:
    office = Office()
    await office.send(DOCUMENT)

    swept_before = await office.sweeper.sweep()
    await office.post.run_once()
    swept_after = await office.sweeper.sweep()

    assert (swept_before, swept_after) == (0, 0)
    assert (await office.mailbox.content(OWNER, await office.only_letter())).content == DOCUMENT


async def test_a_document_staged_for_a_transaction_that_never_came_is_swept() -> None:
    office = Office()
    await office.intake.stage(DOCUMENT)

    assert await office.sweeper.sweep() == 1


async def test_several_documents_in_one_message_go_to_their_own_boxes() -> None:
    office = Office()
    mine, theirs = await office.intake.stage(b"mine"), await office.intake.stage(b"theirs")
    office.bus.put((office.parcel(mine).body, office.parcel(theirs, document_id="d-2", owner=STRANGER).body))

    await office.post.run_once()

    assert (await office.mailbox.content(OWNER, await office.only_letter())).content == b"mine"
    assert (await office.mailbox.content(STRANGER, await office.only_letter(STRANGER))).content == b"theirs"


async def test_while_the_store_is_away_nothing_is_acknowledged_and_nothing_lost() -> None:
    store = WeakStore()
    office = Office(store)
    await office.send(DOCUMENT)
    store.is_away = True

    with pytest.raises(EngineError, match="unavailable-mailbox"):
        await office.post.run_once()
    held = list(office.bus.taken)
    store.is_away = False
    arrived = await office.post.run_once()

    assert (len(held), arrived) == (1, 1)
    assert (office.bus.taken, office.bus.parked) == ([], [])


async def test_a_post_that_died_before_the_acknowledgement_delivers_once() -> None:
    office = Office()
    staged = await office.send(DOCUMENT)
    await office.post.run_once()
    await office.bus.publish([office.parcel(staged)])
    await office.bus.take("letters", limit=1, wait_seconds=0)
    await office.bus.close()

    await office.new_post().run_once()

    await office.only_letter()


async def test_a_missing_document_is_parked_with_its_reason_and_holds_up_nobody() -> None:
    office = Office()
    lost = await office.send(b"lost")
    await office.vault.discard(lost.blob)
    await office.send(DOCUMENT, document_id="d-2")

    arrived = await office.post.run_once()

    ((_, reason),) = office.bus.parked
    assert arrived == 1
    assert "no-such-blob" in reason
    assert office.bus.taken == []


async def test_a_damaged_document_is_parked() -> None:
    office = Office()
    staged = await office.send(DOCUMENT)
    office.vault.blobs[staged.blob] += b"!"

    await office.post.run_once()

    assert "damaged-blob" in office.bus.parked[0][1]
    assert (await office.mailbox.letters(OWNER)).letters == ()


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"size_bytes": 1}], ids=["hash", "size"])
async def test_a_document_that_is_not_the_announced_one_is_parked(wrong: dict[str, object]) -> None:
    office = Office()
    await office.send(DOCUMENT, **wrong)

    await office.post.run_once()

    assert "wrong-document" in office.bus.parked[0][1]


@pytest.mark.parametrize("other", [{"owner": STRANGER}, {}], ids=["other owner", "other content"])
async def test_the_same_document_id_with_something_else_is_parked_and_changes_nothing(
    other: dict[str, object],
) -> None:
    office = Office()
    await office.send(DOCUMENT)
    await office.post.run_once()
    await office.send(DOCUMENT if other else b"forged", **other)

    await office.post.run_once()

    assert "already-delivered-otherwise" in office.bus.parked[0][1]
    assert (await office.mailbox.content(OWNER, await office.only_letter())).content == DOCUMENT
    assert (await office.mailbox.letters(STRANGER)).letters == ()


async def test_a_conflict_within_one_batch_is_parked_too() -> None:
    office = Office()
    await office.send(DOCUMENT)
    await office.send(b"forged")

    await office.post.run_once()

    assert len(office.bus.parked) == 1
    await office.only_letter()


@pytest.mark.parametrize(
    "event",
    [b"", b"{}", b"[]", b"\xff", b'{"specversion":"1.0","id":"o/d","data_base64":"AAAA"}'],
)
async def test_a_delivery_nobody_can_read_is_parked(event: bytes) -> None:
    office = Office()
    office.bus.put((event,))

    await office.post.run_once()

    assert len(office.bus.parked) == 1


async def test_a_delivery_moved_under_another_id_is_parked() -> None:
    office = Office()
    parcel = office.parcel(await office.intake.stage(DOCUMENT))
    moved = json.loads(parcel.body) | {"id": "l_" + "0" * 32}
    office.bus.put((json.dumps(moved).encode(),))

    await office.post.run_once()

    assert "unreadable-key" in office.bus.parked[0][1]


async def test_nothing_personal_is_readable_on_the_bus() -> None:
    office = Office()

    parcel = office.parcel(await office.intake.stage(DOCUMENT))

    seen = parcel.body.decode() + parcel.id
    for private in ("転出証明書", "\\u8ee2", str(OWNER), str(CASE), CITY, "青葉市", "Aoba"):
        assert private not in seen
    assert json.loads(parcel.body)["specversion"] == "1.0"


async def test_the_same_delivery_is_the_same_parcel_for_ever() -> None:
    office = Office()
    staged = await office.intake.stage(DOCUMENT)

    assert office.parcel(staged).id == office.parcel(staged).id


async def test_a_wrong_description_is_refused_with_pointers_and_without_its_values() -> None:
    office = Office()
    staged = await office.intake.stage(DOCUMENT)

    with pytest.raises(EngineError) as refused:
        office.parcel(staged, media_type="text/html; 髙橋", document_id="")

    assert refused.value.code == "invalid-document"
    assert {problem.pointer for problem in refused.value.problems} == {"/media_type", "/document_id"}
    assert "髙橋" not in str(refused.value)


async def test_a_reply_that_came_to_nothing_leaves_no_document() -> None:
    office = Office()
    staged = await office.intake.stage(DOCUMENT)

    await office.intake.discard(staged)

    assert office.vault.blobs == {}


async def test_the_keys_at_rest_open_only_in_their_own_place() -> None:
    office = Office()
    await office.send(b"one", document_id="d-1")
    await office.send(b"two", document_id="d-2", title=Text(ja="納税証明書", en="Tax certificate"))
    await office.post.run_once()
    first, second = await office.store.page(OWNER, before=None, limit=2, case_id=None)
    key = await office.store.person_key(OWNER)
    assert key is not None
    person = office.keyring.person(OWNER, key.key_wrapped)

    for stolen in (
        lambda: person.unwrap(first.key_wrapped, second.id),
        lambda: person.open(first.heading_sealed, second.id),
        lambda: office.keyring.person(STRANGER, key.key_wrapped),
        lambda: Keyring(bytes(32)).person(OWNER, key.key_wrapped),
    ):
        with pytest.raises(EngineError, match="unreadable-key"):
            stolen()


async def test_the_log_of_the_post_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    office = Office()
    await office.send(DOCUMENT)
    await office.send(DOCUMENT, owner=STRANGER)

    with caplog.at_level(logging.DEBUG):
        await office.post.run_once()

    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert caplog.records
    for private in (str(OWNER), str(STRANGER), "転出証明書", "青葉市", CITY):
        assert private not in logged


async def test_the_clock_of_the_reply_is_the_time_of_arrival() -> None:
    office = Office()
    await office.send(DOCUMENT)
    received_at = office.clock.now()
    office.clock.pass_by(timedelta(hours=5))

    await office.post.run_once()

    (letter,) = (await office.mailbox.letters(OWNER)).letters
    assert letter.received_at == received_at
