# SPDX-License-Identifier: Apache-2.0
"""A case as its journal tells it to an operator: kinds, times, states; who by role; nothing that was said."""

from typing import Final
from uuid import UUID

from engine.core.lifecycle import CaseState
from engine.core.messages import Event, event_from_json
from engine.core.views import CASE_STATES
from engine.ports import CareStore, FilingLine, JournalRow, Store, StoredCase
from engine.registry.directory import Directories
from engine.runtime.case_keys import CaseKeys
from engine.runtime.journal import read
from engine.runtime.operator_views import JournalLine, OperatorCaseView, filing_view

_ROWS: Final = 1000
_ROLES: Final = {
    "person": "citizen",
    "organisation": "organisation",
    "operator": "operator",
    "counter": "counter",
    "representative": "representative",
}


class Timelines:
    """Makes the operators' view of one case."""

    def __init__(self, *, store: Store, care: CareStore, directories: Directories, keys: CaseKeys) -> None:
        self._store = store
        self._care = care
        self._directories = directories
        self._keys = keys

    async def view(self, stored: StoredCase) -> OperatorCaseView:
        """Return the case with its filings and its journal."""
        case, directory = stored.case, await self._directories.current()
        erased = stored.data_key_wrapped is None
        told = await self._told(stored)
        filings = case.filings.values()
        return OperatorCaseView(
            id=case.id,
            event=case.event,
            state=case.state,
            state_text=CASE_STATES[case.state],
            version=case.version,
            opened_at=case.opened_at,
            wake_at=case.wake_at,
            filings_total=len(case.filings),
            filings_open=sum(not one.has_ended for one in filings),
            flags=tuple(sorted({one.flag for one in filings if one.flag is not None})),
            erased=erased,
            filings=tuple(filing_view(FilingLine(case.id, one), directory) for one in filings),
            journal=tuple(_line(row, event) for row, event in told),
        )

    async def _told(self, stored: StoredCase) -> list[tuple[JournalRow, Event | None]]:
        """Return the rows with their events, or with what is left of them where the case is erased."""
        rows = await rows_of(self._store, stored)
        if stored.data_key_wrapped is None:
            left = await left_events(self._care, stored.case.id)
            return [(row, left.get(row.seq)) for row in rows]
        key = self._keys.open(stored.case.id, stored.data_key_wrapped)
        return [(row, read(row, key)) for row in rows]


async def left_events(care: CareStore, case_id: UUID) -> dict[int, Event]:
    """Return what is left of the events of an erased case, by their place in the journal."""
    return {seq: event_from_json(body.encode()) for seq, body in await care.erased_events(case_id)}


async def rows_of(store: Store, stored: StoredCase) -> list[JournalRow]:
    """Return the journal of the case as far as it went when the case was read."""
    rows: list[JournalRow] = []
    while len(rows) < stored.journal_seq:
        more = await store.journal(stored.case.id, after=len(rows), limit=_ROWS)
        if not more:
            break
        rows += more
    return rows[: stored.journal_seq]


def _line(row: JournalRow, event: Event | None) -> JournalLine:
    """Return what may be seen of an event: three of its members, by name, are states."""
    role, _, name = row.actor.partition(":")
    return JournalLine(
        seq=row.seq,
        type=row.type,
        at=row.at,
        by=_ROLES.get(role, "engine"),
        organisation=name if role == "organisation" else None,
        filing=row.filing,
        trigger=getattr(event, "trigger", None),
        state=_state(event),
        flag=getattr(event, "flag", None),
    )


def _state(event: Event | None) -> str | None:
    if event is None:
        return None
    if event.type == "case-opened":
        return CaseState.DRAFT.value
    state = getattr(event, "state", None)
    return state.value if state is not None else None
