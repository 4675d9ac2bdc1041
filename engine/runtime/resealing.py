# SPDX-License-Identifier: Apache-2.0
"""When a key to seal for is revoked (lost, stolen): whatever still waits is sealed anew for the next one.

The engine cannot open what it sealed, so each order is given once more from its case: the same
content under the same id, for the newest valid key. It is done at once where the key is revoked,
and once more by `run`: another process may have sealed for the old key until it heard of it.

    table (pull, webhook, file)   the orders that are sealed for the key, each in its place
    queue at the broker (amqp)    what nobody has been given is thrown away, and every order that
                                  has no answer yet is given again; taken twice is harmless
"""

import asyncio
import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from engine.border.envelope import parse_order, sealed_for
from engine.core import messages as m
from engine.core.errors import EngineError
from engine.core.lifecycle import FilingState
from engine.ports import (
    Bus,
    BusUnavailable,
    Clock,
    FilingPlace,
    FilingQuestion,
    Handing,
    Ids,
    InboxEntry,
    OperatorStore,
    Pulled,
    Store,
    StoreConflict,
    StoreUnavailable,
)
from engine.registry.directory import MAX_AGE, Directories
from engine.registry.model import Channel, OrganisationKey, RegistryStore
from engine.runtime.intake import Intake
from engine.runtime.processor import Heard, Result, Said, Work

# As long as a process may go on believing the old key, or has a batch of it under way.
SETTLED_AFTER: Final = 2 * MAX_AGE
_PAGE: Final = 100
_LOOK_SECONDS: Final = 5.0
UNANSWERED: Final = frozenset(
    {
        FilingState.SUBMITTED,
        FilingState.SUBMITTED_ANSWER,
        FilingState.REVISING,
        FilingState.WITHDRAWING,
    }
)

log = logging.getLogger(__name__)


class Resealing:
    """Seals anew what waits for organisations whose key was revoked."""

    def __init__(
        self,
        *,
        store: Store,
        operators: OperatorStore,
        handing: Handing,
        registry: RegistryStore,
        directories: Directories,
        intake: Intake,
        bus: Bus,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._operators = operators
        self._handing = handing
        self._registry = registry
        self._directories = directories
        self._intake = intake
        self._bus = bus
        self._clock = clock
        self._ids = ids

    async def run(self) -> None:
        """Look for revoked keys until cancelled."""
        while True:
            try:
                await self.run_once()
            except (StoreUnavailable, StoreConflict, BusUnavailable, EngineError) as error:
                log.warning("resealing.waiting", extra={"error": type(error).__name__})
            await asyncio.sleep(_LOOK_SECONDS)

    async def run_once(self, *, settled_after: timedelta = SETTLED_AFTER) -> int:
        """Finish with every key that was revoked so long ago; return how many orders were given again.

        Raises:
            StoreUnavailable, StoreConflict, BusUnavailable, EngineError: it is gone on with next time.
        """
        now = self._clock.now()
        again = 0
        for key in await self._registry.to_reseal(revoked_before=now - settled_after):
            if await self._has_key(key.number):
                again += await self.reseal(key)
                await self._registry.resealed(key.kid, at=now)
        return again

    async def reseal(self, key: OrganisationKey) -> int:
        """Give again what waits sealed for this key; return how many orders. Without a new key, nothing.

        Raises:
            StoreUnavailable, StoreConflict, BusUnavailable, EngineError: do it again.
        """
        self._directories.look_again()
        if not await self._has_key(key.number):
            return 0
        again = await self._in_the_table(key)
        directory = await self._directories.current()
        if directory.channel(key.number) is Channel.AMQP:
            again += await self._at_the_broker(key.number)
            again += await self._for_others(key.number, directory.acting.principals(key.number))
        log.info("orders.resealed", extra={"organisation": key.number, "kid": key.kid, "orders": again})
        return again

    async def _has_key(self, number: str) -> bool:
        try:
            (await self._directories.current()).recipient_key(number)
        except EngineError as error:
            if error.code != "no-recipient-key":
                raise
            return False
        return True

    async def _in_the_table(self, key: OrganisationKey) -> int:
        again = 0
        for page in await self._sealed_for(key):
            for order in page:
                again += await self.again(parse_order(order.event).subject)
            # What was not given again is over, and nobody can open it any more.
            await self._store.drop_pulled(key.number, page)
        return again

    async def _sealed_for(self, key: OrganisationKey) -> list[list[Pulled]]:
        pages: list[list[Pulled]] = []
        after = 0
        while found := await self._store.pull_orders(key.number, after=after, limit=_PAGE):
            pages.append([one for one in found if sealed_for(one.event) == key.kid])
            after = found[-1].position
        return [page for page in pages if page]

    async def _at_the_broker(self, number: str) -> int:
        await self._bus.purge(f"orders.{number}")
        question = FilingQuestion(organisation=number)
        again = 0
        place: FilingPlace | None = None
        while True:
            lines, place = await self._operators.filings(question, after=place, limit=_PAGE)
            waiting = [line for line in lines if line.filing.state in UNANSWERED]
            again += sum(await asyncio.gather(*(self._again(one.case_id, one.filing.id) for one in waiting)))
            if place is None:
                return again

    async def _for_others(self, number: str, principals: frozenset[str]) -> int:
        """Give again what an agent or a successor has of others and has not answered."""
        again = 0
        after: UUID | None = None
        never = self._clock.now() + timedelta(days=1)  # taken twice is harmless
        while principals and (
            found := await self._handing.open_filings(
                sorted(principals), taker=number, since=never, after=after, limit=_PAGE
            )
        ):
            again += sum(await asyncio.gather(*(self._again(*one[:2]) for one in found)))
            after = found[-1][1]
        return again

    async def again(self, reference: str) -> int:
        """Give the last order of a filing again, under its id; return 1 if that could be.

        Raises:
            StoreUnavailable, StoreConflict.
        """
        async with self._store.unit() as unit:
            located = (await unit.locate([reference])).get(reference)
        return await self._again(located.case_id, located.filing) if located else 0

    async def _again(self, case_id: UUID, filing: UUID) -> int:
        """Say that the last order of the filing is to be given again; return 1 if it was."""

        def say(heard: Heard) -> Said:
            if heard.case is None:
                raise EngineError("no-such-case")
            return Said(m.Retry(case_id, filing))

        entry = InboxEntry("engine", f"reseal/{self._ids.new()}", filing.bytes.ljust(32, b"\0"), case_id)
        result: Result = await self._intake.submit(Work(entry=entry, actor="engine", say=say))
        return int(result.outcome == "applied")
