# SPDX-License-Identifier: Apache-2.0
"""Compares what must agree, and looks for what was left lying. It changes nothing, and shows no contents."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.core.ageing import next_wake
from engine.core.errors import EngineError
from engine.core.text import Text
from engine.ports import CareStore, CaseLine, CasePlace, CaseQuestion, Clock, OperatorStore, Store, StoredCase
from engine.runtime.case_keys import CaseKeys
from engine.runtime.journal import replayed, replayed_states
from engine.runtime.operator_views import Finding
from engine.runtime.timeline import left_events, rows_of
from engine.store.audit import FIRST_HASH, is_whole

_OVERSLEPT: Final = timedelta(seconds=60)
_OUTBOX_AGE: Final = timedelta(minutes=5)
_MOST_OVERSLEPT: Final = 100
_ENTRIES: Final = 1000
_WORDS: Final = {
    "journal-differs": Text(
        ja="記録を再生した結果が保存された案件と一致しません",
        en="Replaying the journal does not give the stored case",
    ),
    "journal-broken": Text(ja="記録の連鎖が壊れています", en="The journal of the case is not whole"),
    "wake-differs": Text(
        ja="次に起こす時刻が規則の示す時刻と一致しません",
        en="It is not woken at the instant its rules ask for",
    ),
    "overslept": Text(ja="起こす時刻を過ぎています", en="The instant at which it was to be woken has passed"),
    "outbox-old": Text(ja="送信されないまま残っています", en="Parcels lie in the outbox and are not sent"),
    "parked": Text(ja="保留されたものがあります", en="Deliveries are parked and wait for a person"),
    "audit-broken": Text(
        ja="操作の記録が改変されています", en="The record of what operators did is not whole"
    ),
}


class Reconciliation:
    """Looks at some cases, and at what lies around them."""

    def __init__(
        self, *, operators: OperatorStore, store: Store, care: CareStore, keys: CaseKeys, clock: Clock
    ) -> None:
        self._operators = operators
        self._store = store
        self._care = care
        self._keys = keys
        self._clock = clock

    async def cases(
        self, *, after: CasePlace | None, limit: int
    ) -> tuple[int, list[Finding], CasePlace | None]:
        """Return how many cases were compared with their journals, what was found, where to go on."""
        lines, place = await self._operators.cases(CaseQuestion(), after=after, limit=limit)
        findings: list[Finding] = []
        for line in lines:
            findings += await self._case(line)
        return len(lines), findings, place

    async def around(self) -> list[Finding]:
        """Return who overslept, and what lies in the outbox or aside."""
        now = self._clock.now()
        due = await self._store.to_wake(now - _OVERSLEPT, limit=_MOST_OVERSLEPT)
        findings = [
            _finding("overslept", case=case_id, since=wake_at)
            for case_id, wake_at, _ in due
            if await self._rested_since(case_id, now - _OVERSLEPT)
        ]
        count, since = await self._operators.outbox()
        if since is not None and now - since > _OUTBOX_AGE:
            findings.append(_finding("outbox-old", count=count, since=since))
        aside, more = await self._operators.aside(after=None, limit=100)
        if aside:
            findings.append(_finding("parked", count=len(aside), since=aside[0].parked.parked_at))
        del more  # a hundred stands for more
        return findings

    async def audit(self) -> tuple[int, bytes, list[Finding]]:
        """Return how long the record of operators is, the hash it ends in, and whether it is whole."""
        place = (0, FIRST_HASH)
        while rows := await self._operators.audit(after=place[0], limit=_ENTRIES):
            if not is_whole(rows, after=place):
                return place[0], place[1], [_finding("audit-broken", count=place[0] + 1)]
            place = rows[-1].seq, rows[-1].hash
        return *place, []

    async def _rested_since(self, case_id: UUID, instant: datetime) -> bool:
        """Say whether nothing has happened in the case since: a day long past is asked for at once too."""
        stored = await self._store.case(case_id)
        rows = await self._store.journal(case_id, after=stored.journal_seq - 1, limit=1) if stored else []
        return bool(rows) and rows[-1].at <= instant

    async def _case(self, line: CaseLine) -> list[Finding]:
        stored = await self._store.case(line.id)
        if stored is None:
            return []
        kind = await self._compared(stored)
        return [_finding(kind, case=line.id)] if kind else []

    async def _compared(self, stored: StoredCase) -> str | None:
        case, rows = stored.case, await rows_of(self._store, stored)
        try:
            if stored.data_key_wrapped is None:
                left = await left_events(self._care, case.id)
                told = replayed_states(rows, left, head=stored.journal_hash)
            else:
                key = self._keys.open(case.id, stored.data_key_wrapped)
                told = replayed(rows, key, head=stored.journal_hash)
        except EngineError as error:
            if error.code not in {"broken-journal", "unreadable-case"}:
                raise
            return "journal-broken"
        # The version counts messages, and the instant follows from the states: no event tells them.
        if replace(told, version=case.version, wake_at=case.wake_at) != case:
            return "journal-differs"
        return "wake-differs" if next_wake(case) != case.wake_at else None


def _finding(
    kind: str, *, case: object = None, count: int | None = None, since: datetime | None = None
) -> Finding:
    return Finding.model_validate(
        {"kind": kind, "text": _WORDS[kind], "case_id": case, "count": count, "since": since}
    )
