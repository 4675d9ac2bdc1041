# SPDX-License-Identifier: Apache-2.0
"""One process of the engine: the real parts, on a store and a bus that fail and die as the seed says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from engine.border.sealing import Opener, Sealer
from engine.bus.cargo import queues_of
from engine.bus.memory import MemoryBus
from engine.bus.topology import reply_queues
from engine.core.views import CaseView, FilingView
from engine.identity.gate import Gate
from engine.ports import BusUnavailable, Delivery, Parcel, Parked, StoreConflict
from engine.registry.directory import Directories
from engine.runtime.bells import Bells
from engine.runtime.case_keys import CaseKeys
from engine.runtime.composer import Composer
from engine.runtime.consumer import Consumer, ReplyDesk, handled_each
from engine.runtime.corrections import Corrections
from engine.runtime.counter import Counter
from engine.runtime.feed import Feed
from engine.runtime.intake import Intake
from engine.runtime.notices import Notices
from engine.runtime.processor import Processor, Result, Work
from engine.runtime.publisher import Publisher, Relay
from engine.runtime.timekeeper import Timekeeper
from engine.store.memory import Failure, MemoryStore
from engine.store.memory_lanes import MemoryLanes
from engine.store.memory_unit import MemoryUnit
from mailbox.delivery import Post
from mailbox.intake import DocumentIntake, StagedDocument
from mailbox.letters import Kept, LetterRow, Pair
from mailbox.store import MemoryLetterStore
from tests.simulation.chance import Fuse, delay

if TYPE_CHECKING:
    from tests.simulation.world import World


class Bus(MemoryBus):
    """The broker as one process sees it: it delays, reorders, doubles, and sometimes does not answer."""

    def __init__(self, world: "World", fuse: Fuse, random: Random) -> None:
        super().__init__(world.queues)
        self._world = world
        self._fuse = fuse
        self._random = random

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        queues = queues_of(parcels)
        self._fuse.at("publish.before")
        if self._world.fails("bus refused", 0.03):
            raise BusUnavailable("rehearsed")
        for place, (queue, parcel) in enumerate(zip(queues, parcels, strict=True)):
            if place:
                self._fuse.at("publish.midway")
            self._world.history.routed.append((parcel.destination, parcel.id))
            self._carry(queue, parcel)
        self._fuse.at("publish.after")
        if self._world.fails("bus unconfirmed", 0.03):
            raise BusUnavailable("rehearsed")

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        self._fuse.at("ack.before")
        if self._world.fails("ack lost", 0.02):
            self.requeue()
            raise BusUnavailable("rehearsed")
        await super().ack(deliveries)
        self._fuse.at("ack.after")

    def _carry(self, queue: str, parcel: Parcel) -> None:
        if not self._world.fails("parcel delayed", 0.25):
            self.queues.put(queue, parcel)
        else:
            self._world.later(delay(self._random), lambda: self._arrive(queue, parcel))
        if self._world.fails("parcel doubled", 0.08):
            self._world.later(delay(self._random), lambda: self._arrive(queue, parcel))

    async def _arrive(self, queue: str, parcel: Parcel) -> None:
        self.queues.put(queue, parcel)


class Store(MemoryStore):
    """The store as one process sees it, over the tables that all share."""

    def __init__(self, world: "World", fuse: Fuse) -> None:
        super().__init__(world.clock)
        self._tables = world.tables
        self._turn = world.turn
        self._world = world
        self._fuse = fuse

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[MemoryUnit]:
        self._fuse.at("unit.begin")
        for failure in Failure:
            if self._world.fails(f"commit {failure.value}", 0.02):
                self.failures.append(failure)
        async with self.begun() as unit:
            yield unit
            await asyncio.sleep(0)
            self._fuse.at("commit.before")
        self._world.committed(unit)
        self._fuse.at("commit.after")

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[MemoryUnit]:
        """Begin the transaction itself; what was kept counts also when the answer is lost."""
        will_be_kept = self.failures and self.failures[0] is Failure.KEPT
        try:
            async with super().unit() as unit:
                yield unit
        except StoreConflict:
            raise
        except Exception:
            if will_be_kept:
                self._world.committed(unit)
            raise

    async def unpublished(
        self, *, older_than: timedelta, lease: timedelta, limit: int
    ) -> list[tuple[int, Parcel]]:
        left = await super().unpublished(older_than=older_than, lease=lease, limit=limit)
        self._fuse.at("relay.claimed")
        return left

    async def forget_published(self, ids: Sequence[int]) -> None:
        self._fuse.at("forget.before")
        await super().forget_published(ids)

    async def park(self, parked: Sequence[Parked]) -> None:
        await super().park(parked)
        self._fuse.at("park.after")


class Letters(MemoryLetterStore):
    """The letter store as one process sees it."""

    def __init__(self, shared: MemoryLetterStore, fuse: Fuse) -> None:
        vars(self).update(vars(shared))
        self._fuse = fuse

    async def keep(self, rows: Sequence[LetterRow]) -> dict[Pair, Kept]:
        kept = await super().keep(rows)
        self._fuse.at("letter.kept")
        return kept


class Documents(DocumentIntake):
    """The way into the vault, with a place to die at."""

    fuse: Fuse

    async def stage(self, content: bytes) -> StagedDocument:
        staged = await super().stage(content)
        self.fuse.at("document.staged")
        return staged

    async def redeem(self, ticket: str, organisation: str) -> StagedDocument:
        raise NotImplementedError  # offices send their documents inside their replies here


class AtOnce(Intake):
    """An intake without a background task: each request is a batch of its own."""

    async def submit(self, work: Work) -> Result:
        return (await handled_each(self._processor, [work]))[0]


class NoGate(Gate):
    """Confirmations are said to the processor directly here; the gate has its own tests."""

    def __init__(self) -> None:
        """Know nobody."""


class NoSheets:
    """Paper plays no part here."""

    async def sheet(self, case: CaseView, filing: FilingView, now: datetime) -> bytes:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Parts:
    """What the engine's processes are made of; a sabotage puts another class in one place."""

    bus: type[Bus] = Bus
    store: type[Store] = Store
    letters: type[Letters] = Letters
    composer: type[Composer] = Composer
    processor: type[Processor] = Processor
    publisher: type[Publisher] = Publisher
    relay: type[Relay] = Relay
    desk: type[ReplyDesk] = ReplyDesk
    consumer: type[Consumer] = Consumer
    timekeeper: type[Timekeeper] = Timekeeper
    post: type[Post] = Post
    office: Any = None


class Machine:
    """One process. When it dies, what it held in memory is gone and what it had not acknowledged returns."""

    def __init__(self, world: "World", number: int) -> None:
        parts, self.number = world.parts, number
        self.fuse = Fuse(world.history.tally)
        self.bus = parts.bus(world, self.fuse, world.random("bus"))
        self.store = parts.store(world, self.fuse)
        self.directories = Directories(world.registry, world.clock)
        keys = CaseKeys(world.case_key)
        sealer = Sealer(world.side.signing, kid=world.side.kid, source="/engine", clock=world.clock)
        documents = Documents(world.vault, world.keyring, world.letters)
        documents.fuse = self.fuse
        self.publisher = parts.publisher(bus=self.bus, store=self.store)
        self.relay = parts.relay(bus=self.bus, store=self.store)
        self.processor = parts.processor(
            store=self.store,
            keys=keys,
            composer=parts.composer(references_key=world.references_key, sealer=sealer, documents=documents),
            directories=self.directories,
            publisher=self.publisher,
            clock=world.clock,
            bus=self.bus,
        )
        desk = parts.desk(
            processor=self.processor,
            store=self.store,
            opener=Opener(world.side.own, self.directories.verification_key),
            directories=self.directories,
            documents=documents,
            references_key=world.references_key,
        )
        self.consumer = parts.consumer(bus=self.bus, desk=desk, queues=reply_queues())
        self.timekeeper = parts.timekeeper(store=self.store, processor=self.processor, clock=world.clock)
        self.feed = Feed(store=self.store, bells=Bells(), clock=world.clock, kept=timedelta(days=21))
        self.post = parts.post(
            bus=self.bus,
            store=parts.letters(world.letters, self.fuse),
            vault=world.vault,
            keyring=world.keyring,
            ids=world.ids,
        )
        self.counter = Counter(
            store=self.store,
            intake=AtOnce(self.processor),
            catalogue=world.catalogue,
            directories=self.directories,
            gate=NoGate(),
            keys=keys,
            references_key=world.references_key,
            sheets=NoSheets(),
            bells=Bells(),
            clock=world.clock,
            notices=Notices(MemoryLanes(self.store, world.clock), world.clock),
        )
        self.corrections = Corrections(
            counter=self.counter,
            store=self.store,
            catalogue=world.catalogue,
            directories=self.directories,
            gate=NoGate(),
            clock=world.clock,
        )

    def has_to_publish(self) -> bool:
        return bool(self.publisher._waiting)

    def has_to_forget(self) -> bool:
        return bool(self.publisher._published)

    def holds_replies(self, queue: str) -> bool:
        return bool(self.consumer._held.get(queue))

    def holds_letters(self) -> bool:
        return bool(self.post._held)

    def die(self) -> None:
        """Give back what was not acknowledged; the rest is forgotten with the object."""
        self.bus.requeue()
