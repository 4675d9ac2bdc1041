# SPDX-License-Identifier: Apache-2.0
"""The journal of a case: every event sealed, numbered, and chained to the one before.

A row cannot be changed, left out or put elsewhere without breaking the chain after it; the newest
hash stands in the case itself.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from engine.core.case import Case
from engine.core.errors import Code, EngineError, register
from engine.core.evolve import evolve
from engine.core.messages import Event, event_from_json, event_json
from engine.ports import JournalRow
from engine.runtime.case_keys import CaseKey

register(
    {
        "broken-journal": Code(500, "記録の連鎖が壊れています", "The journal of the case is not whole"),
    }
)

FIRST_HASH = bytes(32)


def hash_of(row: JournalRow) -> bytes:
    """Return what the next row is chained to."""
    words = f"{row.case_id} {row.seq} {row.type} {row.filing} {row.at.isoformat()} {row.actor} "
    body = hashlib.sha256(row.body_sealed).digest()
    return hashlib.sha256(row.prev_hash + words.encode() + body).digest()


def written(
    events: Sequence[Event],
    *,
    case_id: UUID,
    key: CaseKey,
    after: tuple[int, bytes],
    at: datetime,
    actor: str,
) -> tuple[list[JournalRow], tuple[int, bytes]]:
    """Return the rows for these events after (seq, hash), and the new (seq, hash)."""
    seq, previous = after
    rows = []
    for event in events:
        seq += 1
        row = JournalRow(
            case_id=case_id,
            seq=seq,
            type=event.type,
            filing=getattr(event, "filing", None),
            at=at,
            actor=actor,
            body_sealed=key.seal(f"journal/{seq}", event_json(event)),
            prev_hash=previous,
        )
        rows.append(row)
        previous = hash_of(row)
    return rows, (seq, previous)


def read(row: JournalRow, key: CaseKey) -> Event:
    """Return the event in a row; raises `unreadable-case`."""
    return event_from_json(key.open(f"journal/{row.seq}", row.body_sealed))


def replayed(rows: Iterable[JournalRow], key: CaseKey, *, head: bytes) -> Case:
    """Return the case that the journal tells of, having checked the chain up to `head`.

    Raises:
        EngineError: `broken-journal`, a row is missing, changed or out of place.
    """
    return _replayed(rows, lambda row: read(row, key), head=head)


def replayed_states(rows: Iterable[JournalRow], left: Mapping[int, Event], *, head: bytes) -> Case:
    """Return the case that what is left of an erased journal tells of; the chain is checked all the same.

    Raises:
        EngineError: `broken-journal`, as above, or an event has nothing left.
    """

    def event(row: JournalRow) -> Event:
        if row.seq not in left:
            raise EngineError("broken-journal", seq=row.seq)
        return left[row.seq]

    return _replayed(rows, event, head=head)


def _replayed(rows: Iterable[JournalRow], event: Callable[[JournalRow], Event], *, head: bytes) -> Case:
    case: Case | None = None
    previous, seq = FIRST_HASH, 0
    for row in rows:
        seq += 1
        if row.seq != seq or row.prev_hash != previous:
            raise EngineError("broken-journal", seq=row.seq)
        case = evolve(case, event(row), row.at)
        previous = hash_of(row)
    if case is None or previous != head:
        raise EngineError("broken-journal", seq=seq)
    return case
