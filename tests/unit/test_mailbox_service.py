# SPDX-License-Identifier: Apache-2.0
"""The box belongs to its owner: what they see, what is written down, and nobody else."""

from datetime import timedelta
from uuid import UUID

import pytest

from engine.core.errors import EngineError
from mailbox.letters import LetterEvent
from tests.unit.mailbox_office import CASE, CITY, OWNER, START, STRANGER, Office

HOUR = timedelta(hours=1)


async def office_with(letters: int) -> Office:
    office = Office()
    for number in range(letters):
        await office.send(f"document {number}".encode(), document_id=f"d-{number}")
        if number % 2:  # pairs share a second, so that paging has ties
            office.clock.pass_by(timedelta(seconds=1))
    await office.post.run_once()
    return office


async def test_the_list_shows_what_came_from_whom_and_opens_nothing() -> None:
    office = await office_with(1)

    (letter,) = (await office.mailbox.letters(OWNER)).letters

    assert letter.heading.title.ja == "転出証明書"
    assert (letter.heading.organisation, letter.case_id) == (CITY, CASE)
    assert (letter.received_at, letter.opened_at, letter.downloaded_at) == (START, None, None)


async def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    office = await office_with(7)

    seen, after = [], None
    for _ in range(4):
        page = await office.mailbox.letters(OWNER, after=after, limit=2)
        seen += [letter.id for letter in page.letters]
        after = page.after

    whole = await office.mailbox.letters(OWNER, limit=100)
    assert after is None
    assert seen == [letter.id for letter in whole.letters]
    assert len(set(seen)) == 7


async def test_the_list_can_be_narrowed_to_one_case() -> None:
    office = await office_with(2)
    await office.send(b"other", document_id="d-9", case_id=UUID(int=9))
    await office.post.run_once()

    page = await office.mailbox.letters(OWNER, case_id=UUID(int=9))

    assert [letter.case_id for letter in page.letters] == [UUID(int=9)]


@pytest.mark.parametrize("after", ["", "x", "????", "MjAyNi0xMS0wOQ==", "bm93IHRoZW4="])
async def test_a_cursor_nobody_gave_out_is_refused(after: str) -> None:
    office = await office_with(1)

    with pytest.raises(EngineError, match="malformed-letter-cursor"):
        await office.mailbox.letters(OWNER, after=after)


@pytest.mark.parametrize("limit", [0, -1, 101])
async def test_a_page_has_between_1_and_100_letters(limit: int) -> None:
    office = await office_with(1)

    with pytest.raises(EngineError, match="invalid-letter-limit"):
        await office.mailbox.letters(OWNER, limit=limit)


async def test_a_letter_remembers_when_it_was_first_opened_and_downloaded() -> None:
    office = await office_with(1)
    letter = await office.only_letter()

    office.clock.pass_by(HOUR)
    await office.mailbox.open(OWNER, letter)
    office.clock.pass_by(HOUR)
    await office.mailbox.content(OWNER, letter)
    office.clock.pass_by(HOUR)
    again = await office.mailbox.open(OWNER, letter)

    assert (again.opened_at, again.downloaded_at) == (START + HOUR, START + 2 * HOUR)
    assert await office.mailbox.history(OWNER, letter) == [
        (LetterEvent.DELIVERED, START),
        (LetterEvent.OPENED, START + HOUR),
        (LetterEvent.DOWNLOADED, START + 2 * HOUR),
        (LetterEvent.OPENED, START + 3 * HOUR),
    ]


async def test_who_downloads_has_opened() -> None:
    office = await office_with(1)

    await office.mailbox.content(OWNER, await office.only_letter())

    (letter,) = (await office.mailbox.letters(OWNER)).letters
    assert letter.opened_at == letter.downloaded_at == START


async def test_a_letter_of_somebody_else_does_not_exist() -> None:
    office = await office_with(1)
    await office.send(b"theirs", document_id="d-9", owner=STRANGER)
    await office.post.run_once()
    letter = await office.only_letter()

    for door in (office.mailbox.open, office.mailbox.content, office.mailbox.history):
        with pytest.raises(EngineError, match="no-such-letter"):
            await door(STRANGER, letter)

    assert len(await office.mailbox.history(OWNER, letter)) == 1


async def test_a_document_lost_by_the_vault_is_an_outage_and_not_a_download() -> None:
    office = await office_with(1)
    letter = await office.only_letter()
    office.vault.blobs.clear()

    with pytest.raises(EngineError, match="unavailable-letter"):
        await office.mailbox.content(OWNER, letter)

    assert (await office.mailbox.open(OWNER, letter)).downloaded_at is None


async def test_an_erased_box_is_gone_and_a_later_letter_starts_a_new_one() -> None:
    office = await office_with(2)
    letter = (await office.mailbox.letters(OWNER)).letters[0].id

    erased = await office.mailbox.erase(OWNER)
    await office.sweeper.sweep()
    await office.send(b"later", document_id="d-9")
    await office.post.run_once()

    assert erased == 2
    with pytest.raises(EngineError, match="no-such-letter"):
        await office.mailbox.content(OWNER, letter)
    assert (await office.mailbox.content(OWNER, await office.only_letter())).content == b"later"
    assert len(office.vault.blobs) == 1


async def test_an_empty_box_is_an_empty_page() -> None:
    page = await Office().mailbox.letters(OWNER)

    assert (page.letters, page.after) == ((), None)
