# SPDX-License-Identifier: Apache-2.0
"""What was left lying is found, and what is only busy is not."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from engine.ports import Changes, Parcel, Parked
from engine.runtime.record import Act
from tests.contract.store_samples import START, journal_row, keep, kept, new_case
from tests.unit.control_office import ControlOffice

MINUTE = timedelta(minutes=1)


def act(key: str) -> Act:
    return Act(UUID(int=8), key, b"h" * 32, "点検")


async def kinds(office: ControlOffice, key: str) -> list[str]:
    view, _ = await office.control.reconcile(act(key), limit=0, after=None)
    return [one.kind for one in view.findings]


async def test_a_case_has_overslept_when_nothing_happened_in_it_for_a_minute() -> None:
    office = ControlOffice()
    office.border.clock.at = START
    stored = new_case(wake_at=START - 1000 * MINUTE)  # a day long past is asked for at once
    row = replace(journal_row(stored, None), at=START)
    await kept(office.store, stored)
    await keep(office.store, Changes(moved={stored.case.id: replace(stored, journal_seq=1)}, journal=[row]))

    busy = await kinds(office, "k-1")
    office.border.clock.move(2 * MINUTE)
    overslept = await kinds(office, "k-2")

    assert (busy, overslept) == ([], ["overslept"])


async def test_an_old_outbox_and_what_is_parked_are_found() -> None:
    office = ControlOffice()
    await keep(office.store, Changes(parcels=[Parcel("o1", "letters", b"1")]))
    fresh = await kinds(office, "k-1")

    office.border.clock.move(6 * MINUTE)
    await office.store.park([Parked(UUID(int=1), "web", None, (), "seal-broken", 1)])

    assert (fresh, await kinds(office, "k-2")) == ([], ["outbox-old", "parked"])


async def test_a_record_that_was_changed_is_found_and_its_end_is_said() -> None:
    office = ControlOffice()
    view, _ = await office.control.reconcile(act("k-1"), limit=0, after=None)
    assert (view.audit_entries, len(view.audit_hash)) == (1, 64)

    rows = office.operators._audit
    rows[0] = replace(rows[0], entry=replace(rows[0].entry, reason="別の理由"))

    assert await kinds(office, "k-2") == ["audit-broken"]
