# SPDX-License-Identifier: Apache-2.0
"""How the record of what operators did is chained: each row's hash covers the hash before it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC
from typing import Final

from engine.ports import AuditEntry, AuditRow

FIRST_HASH: Final = bytes(32)


def chained(entries: Iterable[AuditEntry], *, after: tuple[int, bytes]) -> list[AuditRow]:
    """Return the entries in their places after (seq, hash)."""
    seq, head = after
    rows = []
    for entry in entries:
        seq += 1
        head = _hash(seq, entry, head)
        rows.append(AuditRow(seq, entry, head))
    return rows


def is_whole(rows: Iterable[AuditRow], *, after: tuple[int, bytes]) -> bool:
    """Say whether nothing was changed, left out or put elsewhere in these rows after (seq, hash)."""
    found = list(rows)
    return found == chained((row.entry for row in found), after=after)


def _hash(seq: int, entry: AuditEntry, before: bytes) -> bytes:
    told = [
        seq,
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.operator,
        entry.act,
        str(entry.case_id),
        str(entry.filing),
        entry.organisation,
        entry.reason,
        entry.details,
        entry.request_key,
        entry.request_hash.hex() if entry.request_hash else None,
    ]
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()
