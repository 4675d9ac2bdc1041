# SPDX-License-Identifier: Apache-2.0
"""A signature that turns out to be worth nothing: what it would still have sent waits for an operator.

The gate finds it a day later at the earliest, when the authority's next word says that the certificate had
been revoked before it signed. What has gone out by then is out; what has not is put aside, and stands in
the operators' lists until one of them has spoken with the person.
"""

import asyncio
import hashlib
import logging
from typing import Final, Protocol
from uuid import UUID

from engine.core import messages as m
from engine.core.case import Filing
from engine.core.errors import EngineError
from engine.core.happened import is_parked
from engine.core.lifecycle import FilingState, Way
from engine.identity.store import Undone
from engine.ports import InboxEntry, Store, StoreConflict, StoreUnavailable
from engine.runtime.consumer import handled_each
from engine.runtime.processor import Heard, Processor, Said, Work

SIGNATURE_UNDONE: Final = "signature-undone"
_LOOK_SECONDS: Final = 60.0
_UNSENT: Final = frozenset({FilingState.WAITING, FilingState.READY, FilingState.AWAITING_SIGNATURE})
_BY_WIRE: Final = frozenset({Way.SIGNED, Way.ONLINE})  # what goes out in the signer's name

log = logging.getLogger(__name__)


class Proofs(Protocol):
    """What is asked of the one gate (`engine/identity/gate.py`)."""

    async def undone(self, *, limit: int) -> list[Undone]:
        """Return signatures that are undone, those first that nobody has looked after."""
        ...

    async def answer_undone(self, evidence: UUID) -> None:
        """Note that the case of one was looked after."""
        ...


class UndoneSignatures:
    """Puts aside what a worthless signature would still send."""

    def __init__(self, *, gate: Proofs, store: Store, processor: Processor) -> None:
        self._gate = gate
        self._store = store
        self._processor = processor

    async def run_once(self) -> int:
        """Look after every case whose signature is undone; return how many there were.

        Raises:
            StoreConflict, StoreUnavailable, EngineError: the next look goes on where this one ended.
        """
        found = [one for one in await self._gate.undone(limit=100) if one.answered_at is None]
        for one in found:
            await self._park(one)
            await self._gate.answer_undone(one.evidence)
        return len(found)

    async def run(self) -> None:
        """Look every minute until cancelled."""
        while True:
            try:
                await self.run_once()
            except (StoreConflict, StoreUnavailable, EngineError) as error:
                log.warning("undone.later", extra={"reason": type(error).__name__})
            await asyncio.sleep(_LOOK_SECONDS)

    async def _park(self, undone: Undone) -> None:
        """Put aside what has not gone out. An application of an organisation is no case, and has none."""
        stored = await self._store.case(undone.case_id)
        filings = [one for one in stored.case.filings.values() if _is_unsent(one)] if stored else []
        works = [_parking(undone, filing.id) for filing in filings]
        results = await handled_each(self._processor, works) if works else []
        parked = sum(result.code is None for result in results)
        log.error("undone.parked", extra={"case_id": str(undone.case_id), "filings": parked})


def _is_unsent(filing: Filing) -> bool:
    return filing.state in _UNSENT and filing.way in _BY_WIRE and not is_parked(filing)


def _parking(undone: Undone, filing: UUID) -> Work:
    name = f"{SIGNATURE_UNDONE}/{undone.evidence}/{filing}"
    entry = InboxEntry("engine", name, hashlib.sha256(name.encode()).digest(), undone.case_id)

    def say(heard: Heard) -> Said:
        if heard.case is None:
            raise EngineError("no-such-case")
        if not _is_unsent(heard.case.filings[filing]):  # it has gone out since, or was put aside
            raise EngineError("illegal-move", lifecycle="filing", trigger="park")
        return Said(m.Park(undone.case_id, filing, SIGNATURE_UNDONE))

    return Work(entry=entry, actor="engine", say=say)
