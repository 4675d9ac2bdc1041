# SPDX-License-Identifier: Apache-2.0
"""How long a case is kept, and how it is erased: its key is destroyed, its states stay (保存期間と消去).

A case that was confirmed is kept for a time after its end, so that its owner can look things up; one
that never was, for a shorter one. Its owner may ask earlier. Letters are the owner's and stay; the
record of disclosures stays, as fields, organisations, bases and times.
"""

import hashlib
import logging
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from engine.core.erasure import left_of
from engine.core.errors import Code, EngineError, register
from engine.core.lifecycle import CaseState
from engine.core.messages import event_json
from engine.ports import CareStore, Clock, Store, StoredCase
from engine.runtime.case_keys import CaseKeys
from engine.runtime.certificates import Certificates
from engine.runtime.counter import Done, Request
from engine.runtime.journal import read
from engine.runtime.owned import owned
from engine.runtime.timeline import rows_of

ERASED: Final = "erased"
_AT_ONCE: Final = 50
_TRIES: Final = 3  # organisations may still answer a case that has ended

log = logging.getLogger(__name__)

register(
    {
        "case-still-runs": Code(
            409,
            "手続が終わっていない案件は消去できません。取りやめるか、終わるまでお待ちください",
            "A case that goes on cannot be erased: call it off, or wait for its end",
        ),
    }
)


class Cancels(Protocol):
    """Where a case is called off."""

    async def cancel(self, request: Request, case_id: UUID) -> Done:
        """Call the case off."""
        ...


class Purposes(Protocol):
    """Whoever asks organisations to delete what they were told (`OwnView`)."""

    async def purpose_ended(self, case_id: UUID, *, because: str) -> int:
        """Ask everybody who was told anything in the case to delete it; asked before, it stays so."""
        ...


class Retention:
    """Erases cases: whose time has come, and whose owner asks for it."""

    def __init__(
        self,
        *,
        cases: Cancels,
        store: Store,
        care: CareStore,
        keys: CaseKeys,
        certificates: Certificates,
        purposes: Purposes,
        clock: Clock,
        kept: timedelta,
        unconfirmed_kept: timedelta,
    ) -> None:
        self._cases = cases
        self._store = store
        self._care = care
        self._keys = keys
        self._certificates = certificates
        self._purposes = purposes
        self._clock = clock
        self._kept = kept
        self._unconfirmed_kept = unconfirmed_kept
        self._after: UUID | None = None

    async def delete(self, person: UUID, case_id: UUID) -> None:
        """Erase the person's case now; one that is a draft is dropped first. Again is the same.

        Raises:
            EngineError: `no-such-case`; `case-still-runs`; `stale-version`, it was confirmed or something
                was said to it meanwhile.
        """
        stored = await owned(self._store, person, case_id)
        if stored.case.state is CaseState.DRAFT:
            name = f"erase {case_id} {stored.case.version}"  # a refusal is of this version alone
            digest = hashlib.sha256(name.encode()).digest()
            await self._cases.cancel(Request(person, name, digest, stored.case.version), case_id)
            stored = await owned(self._store, person, case_id)
        if not stored.case.has_ended:
            raise EngineError("case-still-runs")
        for _ in range(_TRIES):
            if await self._erase(stored):
                return
            stored = await owned(self._store, person, case_id)
            if stored.data_key_wrapped is None:
                return
        raise EngineError("stale-version", version=stored.case.version)

    async def run_once(self, *, limit: int = _AT_ONCE) -> int:
        """Erase cases whose time has come; return how many were erased."""
        now, count = self._clock.now(), 0
        due = await self._care.to_erase(
            ended_before=now - self._kept,
            unconfirmed_before=now - self._unconfirmed_kept,
            limit=limit,
            after=self._after,
        )
        self._after = due[-1] if len(due) == limit else None  # round and round, past those that fail
        for case_id in due:
            stored = await self._store.case(case_id)
            if stored is not None:
                count += await self._erased(stored)
        return count

    async def _erased(self, stored: StoredCase) -> bool:
        """Erase one case of many: what cannot be done now is tried again, and holds up no other."""
        try:
            return await self._erase(stored)
        except EngineError as error:
            log.warning("case.kept", extra={"case_id": str(stored.case.id), "code": error.code})
            return False

    async def _erase(self, stored: StoredCase) -> bool:
        """Destroy the key, once the owner has what is owed; leave what replays the states.

        Organisations that were told anything are asked to delete it. False if that is done, or if
        something was said to the case meanwhile: then it stays as it is.
        """
        case = stored.case
        left = []
        if stored.data_key_wrapped is not None:
            ending = await self._care.ending(case.id)
            if ending is not None and ending.owes_certificate:
                await self._certificates.issued(stored)
            key = self._keys.open(case.id, stored.data_key_wrapped)
            rows = await rows_of(self._store, stored)
            left = [(row.seq, event_json(left_of(read(row, key))).decode()) for row in rows]
            # Before, so that nobody who was told is forgotten with a crash in between.
            await self._purposes.purpose_ended(case.id, because=ERASED)
        was_first = await self._care.erase(
            case.id, left, journal_seq=stored.journal_seq, at=self._clock.now()
        )
        if was_first:
            log.info("case.erased", extra={"case_id": str(case.id)})
        return was_first
