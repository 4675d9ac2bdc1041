# SPDX-License-Identifier: Apache-2.0
"""When somebody else takes an organisation's orders from now on: what waits goes along.

A grant begins or ends, one organisation carries on another. It is done at once where that is said, and
once more by `run`: another process may have sealed for the former one until it heard of it. The order
keeps its id; the engine cannot open what it sealed, so it is given once more from its case.

    begins     what the organisation has not fetched is given to the agent; what it has, it finishes
    ends       what the agent was given and has not finished is given to the organisation, or the next
               agent; nothing of it is offered to the agent any more
    succession what the predecessor has not fetched goes to the successor at once; what it has, it may
               finish until the overlap ends, then that goes along too

Why it is so: docs/adr/0028.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.border.envelope import parse_order
from engine.core import messages as m
from engine.core.case import Case
from engine.core.errors import EngineError
from engine.ports import (
    BusUnavailable,
    Clock,
    Handing,
    Ids,
    InboxEntry,
    Located,
    Pulled,
    Store,
    StoreConflict,
    StoreUnavailable,
)
from engine.registry.acting import Grant, Succession
from engine.registry.acting_store import ActingStore
from engine.registry.directory import Directories, Directory
from engine.registry.model import Channel
from engine.runtime.intake import Intake
from engine.runtime.moves import Moves
from engine.runtime.processor import Heard, Said, Work
from engine.runtime.resealing import SETTLED_AFTER

GRANT_ENDED: Final = "grant-ended"  # why the agent is asked to delete
_PAGE: Final = 100
_LOOK_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class Handover:
    """Gives what waits to who takes it now."""

    def __init__(
        self,
        *,
        acting: ActingStore,
        handing: Handing,
        store: Store,
        directories: Directories,
        intake: Intake,
        moves: Moves,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._acting = acting
        self._handing = handing
        self._store = store
        self._directories = directories
        self._intake = intake
        self._moves = moves
        self._clock = clock
        self._ids = ids

    async def run(self) -> None:
        """Look for what began and ended until cancelled."""
        while True:
            try:
                await self.run_once()
            except (StoreUnavailable, StoreConflict, BusUnavailable, EngineError) as error:
                log.warning("handover.waiting", extra={"error": type(error).__name__})
            await asyncio.sleep(_LOOK_SECONDS)

    async def run_once(self, *, settled_after: timedelta = SETTLED_AFTER) -> int:
        """Finish with everything that began or ended so long ago; return how many orders were given again.

        Raises:
            StoreUnavailable, StoreConflict, BusUnavailable, EngineError: it is gone on with next time.
        """
        before = self._clock.now() - settled_after
        grants, successions = await self._acting.to_pass_on(before=before)
        again = 0
        for grant in grants:
            if grant.taken_over_at is None and grant.begins_at <= before:
                again += await self.begun(grant)
                await self._acting.passed_on(grant.id, "taken_over_at", at=self._clock.now())
            if grant.handed_back_at is None and grant.last_instant <= before:
                again += await self.ended(grant)
                await self._acting.passed_on(grant.id, "handed_back_at", at=self._clock.now())
        for one in successions:
            again += await self.succeeded(one)
            if one.overlap_until <= before:
                await self._acting.succeeded(one.predecessor, at=self._clock.now())
        return again

    async def begun(self, grant: Grant) -> int:
        """Give to the agent what its principal has not fetched; return how many filings.

        Raises:
            StoreUnavailable, StoreConflict, BusUnavailable, EngineError: do it again.
        """
        directory = await self._looked_again()
        given = 0
        for number in (grant.principal, *directory.acting.former(grant.principal)):
            given += await self._unfetched(directory, directory.acting.heir(number), number)
        return given

    async def ended(self, grant: Grant) -> int:
        """Take from the agent what it has not finished; return how many filings. Raises as `begun`."""
        directory = await self._looked_again()
        lane = directory.acting.heir(grant.agent)
        principals = [grant.principal, *directory.acting.former(grant.principal)]
        await self._handing.drop_posted(lane, principals)
        await self._from_queue(directory, lane)
        again = await self._open(directory, principals, taker=lane, since=grant.last_instant)
        await self._clear(directory, lane, principals)
        await self._ask_to_delete(directory, lane, principals)
        log.info("grant.handed-back", extra={"agent": lane, "organisation": grant.principal, "orders": again})
        return again

    async def succeeded(self, one: Succession) -> int:
        """Give to the successor what it carries on by now; return how many filings. Raises as `begun`."""
        directory = await self._looked_again()
        lane = one.predecessor
        # It may have carried on others itself, or been the agent of some: they go along.
        others = sorted(directory.acting.principals(directory.acting.heir(lane)) - {lane})
        again = await self._unfetched(directory, lane, lane, *others)
        if self._clock.now() >= one.overlap_until:
            again += await self._open(directory, [lane], taker=None, since=one.declared_at)
            again += await self._open(directory, others, taker=lane, since=one.declared_at)
            await self._clear(directory, lane, [lane, *others])
        return again

    # --- how ---

    async def _looked_again(self) -> Directory:
        self._directories.look_again()
        return await self._directories.current()

    async def _unfetched(self, directory: Directory, lane: str, *numbers: str) -> int:
        """Give what lies in the lane for these to who takes it now; return how many filings."""
        await self._from_queue(directory, lane)
        given = 0
        async for page in self._pages(lane, numbers, also_taken=False):
            elsewhere = await self._elsewhere(directory, lane, page)
            filings = {(located.case_id, located.filing) for _, located in elsewhere}
            given += await self._hand_over(filings)
            await self._handing.drop(lane, [order.order_id for order, _ in elsewhere])
        return given

    async def _open(
        self, directory: Directory, organisations: Sequence[str], *, taker: str | None, since: datetime
    ) -> int:
        """Give again what goes on and is taken by somebody else now; return how many filings."""
        given = 0
        after: UUID | None = None
        while found := await self._handing.open_filings(
            organisations, taker=taker, since=since, after=after, limit=_PAGE
        ):
            cases = await self._cases({case_id for case_id, *_ in found})
            moved = [
                (case_id, filing)
                for case_id, filing, number in found
                if _taker(directory, cases.get(case_id), filing) != (taker or number)
            ]
            given += await self._hand_over(moved)
            after = found[-1][1]
        return given

    async def _clear(self, directory: Directory, lane: str, principals: Sequence[str]) -> None:
        """Take out of the lane whatever somebody else takes now, fetched or not."""
        async for page in self._pages(lane, principals, also_taken=True):
            elsewhere = await self._elsewhere(directory, lane, page)
            await self._handing.drop(lane, [order.order_id for order, _ in elsewhere])

    async def _ask_to_delete(self, directory: Directory, lane: str, principals: Sequence[str]) -> None:
        """Ask an agent to delete what it was told for a principal that it no longer acts for."""
        after: UUID | None = None
        while found := await self._handing.given(lane, principals, after=after, limit=_PAGE):
            cases = await self._cases({case_id for case_id, _ in found})
            gone = [
                filing for case_id, filing in found if _taker(directory, cases.get(case_id), filing) != lane
            ]
            if gone:
                await self._handing.forget_in(lane, gone, because=GRANT_ENDED, at=self._clock.now())
            after = found[-1][1]

    async def _from_queue(self, directory: Directory, lane: str) -> None:
        if directory.organisation(lane) is not None and directory.channel(lane) is Channel.AMQP:
            await self._moves.bring_back(lane)

    async def _pages(
        self, lane: str, principals: Sequence[str], *, also_taken: bool
    ) -> AsyncIterator[list[tuple[Pulled, str]]]:
        """Yield what lies in the lane for these organisations, with the reference of each order."""
        after = 0
        while found := await self._handing.in_lane(
            lane, principals, after=after, limit=_PAGE, also_taken=also_taken
        ):
            yield [(order, parse_order(order.event).subject) for order in found]
            after = found[-1].position

    async def _elsewhere(
        self, directory: Directory, lane: str, page: Sequence[tuple[Pulled, str]]
    ) -> list[tuple[Pulled, Located]]:
        """Return which of these orders somebody else takes now than who has the lane."""
        async with self._store.unit() as unit:
            located = await unit.locate(sorted({reference for _, reference in page}))
        cases = await self._cases({one.case_id for one in located.values()})
        return [
            (order, one)
            for order, reference in page
            if (one := located.get(reference)) is not None
            and _taker(directory, cases.get(one.case_id), one.filing) != lane
        ]

    async def _cases(self, ids: Iterable[UUID]) -> dict[UUID, Case]:
        found = [await self._store.case(id_) for id_ in sorted(ids)]
        return {stored.case.id: stored.case for stored in found if stored is not None}

    async def _hand_over(self, filings: Iterable[tuple[UUID, UUID]]) -> int:
        """Say of each filing that somebody else takes it now; return of how many that was so."""
        outcomes = await asyncio.gather(*(self._say(*one) for one in sorted(set(filings))))
        return sum(outcomes)

    async def _say(self, case_id: UUID, filing: UUID) -> int:
        def say(heard: Heard) -> Said:
            if heard.case is None:
                raise EngineError("no-such-case")
            return Said(m.HandOver(case_id, filing))

        entry = InboxEntry("engine", f"handover/{self._ids.new()}", filing.bytes.ljust(32, b"\0"), case_id)
        result = await self._intake.submit(Work(entry=entry, actor="engine", say=say))
        return int(result.outcome == "applied")


def _taker(directory: Directory, case: Case | None, filing: UUID) -> str | None:
    """Return who takes orders of the filing now; None where nothing goes out any more."""
    if case is None:
        return None
    one = case.filings[filing]
    return directory.taker(one.organisation or "", (one.slug, case.rules[filing].area)).number
