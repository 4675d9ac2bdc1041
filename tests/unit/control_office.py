# SPDX-License-Identifier: Apache-2.0
"""An operators' control room on memory twins, with what it watches in sight of the test."""

from collections.abc import Mapping

from engine.bus.memory import MemoryBus, MemoryQueues
from engine.ports import Parcel, Staged
from engine.registry.directory import Directories
from engine.registry.store import MemoryRegistryStore
from engine.runtime.case_keys import CaseKeys
from engine.runtime.composer import Composer
from engine.runtime.consumer import ReplyDesk
from engine.runtime.intake import Intake
from engine.runtime.operations import ControlRoom
from engine.runtime.processor import Processor
from engine.runtime.publisher import Publisher
from engine.runtime.reconciliation import Reconciliation
from engine.runtime.record import Record
from engine.runtime.redrive import Redrive
from engine.runtime.timeline import Timelines
from engine.store.care import MemoryCare
from engine.store.memory import MemoryStore
from engine.store.memory_operators import MemoryOperators
from tests.unit.border_desk import Border
from tests.unit.mailbox_office import CountedIds


class NoDocuments:
    """Where nobody sends a document."""

    async def stage(self, content: bytes) -> Staged:
        raise NotImplementedError

    async def redeem(self, ticket: str, organisation: str) -> Staged:
        raise NotImplementedError

    async def discard(self, staged: Staged) -> None:
        raise NotImplementedError

    def parcel(self, deliver: Mapping[str, object]) -> Parcel:
        raise NotImplementedError


class ControlOffice:
    """Everything behind the control room."""

    def __init__(self) -> None:
        self.border = Border()
        clock, ids = self.border.clock, CountedIds()
        self.store = MemoryStore(clock)
        self.operators = MemoryOperators(self.store)
        self.care = MemoryCare(self.store)
        self.registry = MemoryRegistryStore()
        self.queues = MemoryQueues()
        self.bus = MemoryBus(self.queues)
        self.keys = CaseKeys(bytes(32))
        directories = Directories(self.registry, clock)
        documents, key = NoDocuments(), bytes(32)
        self.processor = Processor(
            store=self.store,
            keys=self.keys,
            composer=Composer(references_key=key, sealer=self.border.engine.sealer, documents=documents),
            directories=directories,
            publisher=Publisher(bus=self.bus, store=self.store),
            clock=clock,
            bus=self.bus,
        )
        opener = self.border.engine.opener
        desk = ReplyDesk(
            processor=self.processor,
            store=self.store,
            opener=opener,
            directories=directories,
            documents=documents,
            references_key=key,
        )
        self.intake = Intake(self.processor)
        self.control = ControlRoom(
            operators=self.operators,
            store=self.store,
            intake=self.intake,
            registry=self.registry,
            directories=directories,
            redrive=Redrive(
                desk=desk, opener=opener, directories=directories, store=self.store, bus=self.bus
            ),
            timelines=Timelines(store=self.store, care=self.care, directories=directories, keys=self.keys),
            reconciliation=Reconciliation(
                operators=self.operators, store=self.store, care=self.care, keys=self.keys, clock=clock
            ),
            record=Record(operators=self.operators, clock=clock, ids=ids),
            clock=clock,
        )


def control_room() -> ControlRoom:
    """Return a control room where nothing has happened yet."""
    return ControlOffice().control
