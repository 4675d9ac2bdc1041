# SPDX-License-Identifier: Apache-2.0
"""When a death has been notified, nothing more is sent in the name of who died.

Their other running cases are put aside for an operator, filing by filing: what was sent stays, nothing is
taken back, and nobody is told by whom or where the death was notified. That a certificate was revoked never
means that somebody died: it is revoked for many reasons.
"""

import hashlib
import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from engine.border.names import person_mark
from engine.core import messages as m
from engine.core.case import Case
from engine.core.declaration import APPLICANT
from engine.core.errors import EngineError
from engine.core.happened import is_parked
from engine.ports import Deaths, InboxEntry, Store, StoredCase
from engine.runtime.catalogue import AnyEvent, Catalogue
from engine.runtime.counter import Counter
from engine.runtime.processor import Handles, Heard, Said, Say, Work

DIED: Final = "participant-died"
_AT_ONCE: Final = 20

log = logging.getLogger(__name__)


class Deceased:
    """Follows each death that was notified to the other cases of who died."""

    def __init__(
        self,
        events: Sequence[AnyEvent],
        *,
        store: Store,
        deaths: Deaths,
        counter: Counter,
        catalogue: Catalogue,
        processor: Handles,
        key: bytes,
    ) -> None:
        self._notices = tuple(slug for event in events for slug in event.notices)
        self._store = store
        self._deaths = deaths
        self._counter = counter
        self._catalogue = catalogue
        self._processor = processor
        self._key = key

    async def run_once(self) -> int:
        """Follow some deaths; return how many. Done again, it does the same once."""
        if not self._notices:
            return 0
        found = await self._deaths.noticed(self._notices, limit=_AT_ONCE)
        for case_id in found:
            stored = await self._store.case(case_id)
            if stored is not None and stored.data_key_wrapped is not None:
                await self._follow(stored)
            await self._deaths.followed(case_id)
        return len(found)

    async def _follow(self, stored: StoredCase) -> None:
        event = self._catalogue.event(stored.case.event)
        contents = await self._counter.contents(stored)
        died = event.deceased(self._catalogue.reread(event.slug, contents.facts))
        if died is None:
            return
        family, given, birth_date = died
        person = person_mark(self._key, family=family, given=given, birth_date=birth_date)
        for case_id, seat in await self._deaths.seats_of(person):
            other = await self._store.case(case_id)
            if other is not None and _needs(other.case, seat):
                await self._park(other.case, because=stored.case.id)

    async def _park(self, case: Case, *, because: UUID) -> None:
        works = [
            _parking(case.id, one.id, because)
            for one in case.filings.values()
            if not one.has_ended and not is_parked(one)
        ]
        if works:
            await self._processor.handle(works)
            log.warning("case.parked", extra={"case_id": str(case.id), "reason": DIED})


def _needs(case: Case, seat: UUID) -> bool:
    """Say whether a case goes on in the name of whoever has this seat: it is theirs, or waits for them."""
    one = case.participants.get(seat)
    return one is not None and (one.role == APPLICANT or (one.signs and not one.has_signed))


def _parking(case_id: UUID, filing: UUID, because: UUID) -> Work:
    name = f"{DIED} {because} {filing}"
    entry = InboxEntry("engine", name, hashlib.sha256(name.encode()).digest(), case_id)
    return Work(entry=entry, actor="engine", say=_park(case_id, filing))


def _park(case_id: UUID, filing: UUID) -> Say:
    def say(heard: Heard) -> Said:
        if heard.case is None:
            raise EngineError("no-such-case")
        return Said(m.Park(case_id, filing, DIED))

    return say
