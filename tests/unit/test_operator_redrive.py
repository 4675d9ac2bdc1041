# SPDX-License-Identifier: Apache-2.0
"""A reply that was put aside goes its way once more, and the owner of its case reads that it did."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from engine.border.envelope import EXAMPLES, parse_payload, seal_event
from engine.core.errors import EngineError
from engine.ports import InboxEntry, Parked, StoredCase
from engine.runtime.record import Act, Look
from tests.contract.store_samples import kept, new_case
from tests.unit.border_desk import NOW, NUMBER, REFERENCE
from tests.unit.control_office import ControlOffice

KIND = "jp.todoke.reply.received.v1"
PARKED = UUID(int=7)
OPERATOR = UUID(int=8)


def act(key: str) -> Act:
    return Act(OPERATOR, key, b"h" * 32, "復旧した")


async def put_aside(office: ControlOffice, *, sender: str | None = NUMBER) -> StoredCase:
    """Park a good reply about the first filing of a case; return the case."""
    stored = new_case()
    first = next(iter(stored.case.filings.values()))
    filing = replace(first, organisation=NUMBER, reference=REFERENCE)
    stored = replace(stored, case=replace(stored.case, filings={**stored.case.filings, first.id: filing}))
    _, wrapped = office.keys.new(stored.case.id)
    await kept(office.store, replace(stored, data_key_wrapped=wrapped))
    event = seal_event(
        parse_payload(KIND, json.dumps(EXAMPLES[KIND]).encode()),
        id="reply-1",
        subject=REFERENCE,
        sequence=1,
        time=NOW,
        sealer=office.border.office.sealer,
        recipient=office.border.engine.address,
    )
    await office.store.park([Parked(PARKED, "replies.3", sender, (event,), "internal-error", 1)])
    return stored


async def test_a_dry_run_says_which_filing_it_is_about_and_changes_nothing() -> None:
    office = ControlOffice()
    stored = await put_aside(office)
    before = office.store.tables.inbox.copy()

    view = await office.control.would_redrive(Look(OPERATOR, "確認"), PARKED)

    (line,) = view.events
    assert (line.outcome, line.case_id) == ("would-apply", stored.case.id)
    assert view.dry_run
    assert not view.resolved
    assert office.store.tables.inbox == before
    assert [one.act for one in await office.control.access(stored.case.id)] == ["look-parked"]


async def test_driving_it_hands_it_to_the_desk_once_and_resolves_it() -> None:
    office = ControlOffice()
    stored = await put_aside(office)

    view, replayed = await office.control.redrive(act("k-1"), PARKED)
    again, repeated = await office.control.redrive(act("k-1"), PARKED)

    assert (replayed, repeated) == (False, True)
    assert (view.events[0].outcome, view.events[0].code) == (
        "refused",
        "no-such-order",
    )  # its order is invented
    assert view.resolved
    assert again.events[0].outcome == "duplicate"
    assert await office.store.seen((NUMBER, "reply-1")) is not None
    assert [one.act for one in await office.control.access(stored.case.id)] == ["re-drive"]
    with pytest.raises(EngineError, match="already-resolved"):
        await office.control.redrive(act("k-2"), PARKED)


async def test_what_came_in_another_way_meanwhile_is_a_duplicate() -> None:
    office = ControlOffice()
    await put_aside(office)
    async with office.store.unit() as unit:
        await unit.register([InboxEntry(NUMBER, "reply-1", b"x" * 32)])

    view = await office.control.would_redrive(Look(OPERATOR), PARKED)

    assert view.events[0].outcome == "duplicate"


async def test_a_reply_that_nobody_vouches_for_can_only_be_discarded() -> None:
    office = ControlOffice()
    await put_aside(office, sender=None)

    with pytest.raises(EngineError, match="unknown-sender"):
        await office.control.redrive(act("k-1"), PARKED)

    assert not await office.control.discard(act("k-2"), PARKED)
    assert await office.control.parked(after=None, limit=9) == ([], None)


async def test_a_reply_signed_by_another_stays_aside() -> None:
    office = ControlOffice()
    await put_aside(office, sender="2130001099999")

    view, _ = await office.control.redrive(act("k-1"), PARKED)

    assert (view.events[0].outcome, view.events[0].code) == ("parked", "reply-from-another")
    assert view.resolved
    ((anew,), _) = await office.control.parked(after=None, limit=9)
    assert (anew.id != PARKED, anew.reason) == (True, "reply-from-another")
