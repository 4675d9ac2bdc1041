# SPDX-License-Identifier: Apache-2.0
"""An operators' control room on memory twins, with what it watches in sight of the test."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.channels.secrets import WebhookSecrets
from connectors.channels.webhook_desk import WebhookDesk
from connectors.conformance.suite import Suite
from engine.bus.memory import MemoryBus, MemoryQueues
from engine.identity.evidence import Evidence
from engine.identity.mandate import Mandate, Recipient
from engine.identity.sessions import Session
from engine.identity.signing import Accept, MandateOffer
from engine.ports import Parcel, Rehearsals, Staged
from engine.registry.acting_store import MemoryActing
from engine.registry.applications import MemoryApplications
from engine.registry.directory import Directories
from engine.registry.extract import OfflineExtract
from engine.registry.store import MemoryRegistryStore
from engine.runtime.agents import Agents
from engine.runtime.approvals import Approvals
from engine.runtime.bells import Bells
from engine.runtime.case_keys import CaseKey, CaseKeys
from engine.runtime.catalogue import Catalogue
from engine.runtime.composer import Composer
from engine.runtime.consumer import ReplyDesk
from engine.runtime.handover import Handover
from engine.runtime.intake import Intake
from engine.runtime.key_desk import KeyDesk
from engine.runtime.lane_desk import LaneDesk
from engine.runtime.moves import Moves
from engine.runtime.onboarding import Onboarding
from engine.runtime.operations import ControlRoom
from engine.runtime.own_organisation import OwnOrganisation
from engine.runtime.own_view import OwnView
from engine.runtime.processor import Processor
from engine.runtime.publisher import Publisher
from engine.runtime.reconciliation import Reconciliation
from engine.runtime.record import Record
from engine.runtime.redrive import Redrive
from engine.runtime.representatives import Representatives
from engine.runtime.resealing import Resealing
from engine.runtime.timeline import Timelines
from engine.store.care import MemoryCare
from engine.store.handing import MemoryHanding
from engine.store.memory import MemoryStore
from engine.store.memory_lanes import MemoryLanes
from engine.store.memory_operators import MemoryOperators
from engine.store.memory_traffic import MemoryTraffic
from tests.unit.border_desk import Border
from tests.unit.mailbox_office import CountedIds
from workflows.calendar_japan import calendar_for
from workflows.moving import MOVING

NOW = datetime(2026, 11, 23, tzinfo=UTC)


_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


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

    def notice(self, notice: Mapping[str, object]) -> Parcel:
        raise NotImplementedError


class Persons:
    """A gate that knows who represents whom, and believes every signature."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, UUID], str] = {}

    async def holders(self, role: str) -> list[tuple[UUID, str, datetime]]:
        return [(person, by, NOW) for (held, person), by in self.held.items() if held == role]

    async def grant(self, person: UUID, role: str, *, by: str) -> None:
        self.held.setdefault((role, person), by)

    async def withdraw(self, person: UUID, role: str, *, by: str) -> None:
        self.held.pop((role, person), None)

    async def offer_mandate(
        self,
        session: Session,
        case_id: UUID,
        *,
        recipients: Sequence[Recipient],
        expires_at: datetime,
        statement: str | None = None,
    ) -> MandateOffer:
        mandate = Mandate(
            id=UUID(int=5),
            case_id=case_id,
            recipients=tuple(recipients),
            issued_at=NOW,
            expires_at=expires_at,
            nonce="n" * 43,
        )
        return MandateOffer(mandate, mandate.to_bytes(), expires_at)

    async def verify_mandate(
        self, session: Session, mandate: bytes, *, signature: bytes, accept: Accept
    ) -> Evidence:
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

        catalogue = Catalogue((MOVING,), store=self.store, calendars=calendar_for)
        gate = self.persons = Persons()
        applications, names = MemoryApplications(), CaseKey(bytes(32))
        self.onboarding = Onboarding(
            applications=applications,
            registry=self.registry,
            directories=directories,
            catalogue=catalogue,
            numbers=OfflineExtract(),
            gate=gate,
            names=names,
            clock=clock,
        )
        self.approvals = Approvals(
            applications=applications,
            registry=self.registry,
            directories=directories,
            catalogue=catalogue,
            numbers=OfflineExtract(),
            gate=gate,
            operators=self.operators,
            record=Record(operators=self.operators, clock=clock, ids=ids),
            names=names,
            certifiers={},
            clock=clock,
            ids=ids,
        )
        self.suite = Suite(
            is_sandbox=False,
            store=cast("Rehearsals", None),  # outside of a sandbox nobody asks it
            registry=self.registry,
            approvals=self.approvals,
            bus=self.bus,
            bells=Bells(),
            catalogue=catalogue,
            signing=ec.generate_private_key(ec.SECP256R1()),
            references_key=key,
            clock=clock,
            ids=ids,
        )
        self.lanes = MemoryLanes(self.store, clock)
        handing = MemoryHanding(self.store)
        resealing = Resealing(
            store=self.store,
            handing=handing,
            operators=self.operators,
            registry=self.registry,
            directories=directories,
            intake=self.intake,
            bus=self.bus,
            clock=clock,
            ids=ids,
        )
        self.own = OwnOrganisation(
            keys=KeyDesk(
                registry=self.registry,
                directories=directories,
                resealing=resealing,
                operators=self.operators,
                clock=clock,
                ids=ids,
                audience="http://127.0.0.1",
            ),
            traffic=OwnView(
                traffic=MemoryTraffic(self.store),
                lanes=self.lanes,
                operators=self.operators,
                registry=self.registry,
                directories=directories,
                resealing=resealing,
                signing_key=ec.generate_private_key(ec.SECP256R1()),
                clock=clock,
                ids=ids,
            ),
            representatives=Representatives(
                applications=applications,
                gate=gate,
                operators=self.operators,
                record=Record(operators=self.operators, clock=clock, ids=ids),
                clock=clock,
                ids=ids,
            ),
            registry=self.registry,
            directories=directories,
            operators=self.operators,
            clock=clock,
            ids=ids,
        )
        secrets = WebhookSecrets(lambda number, turn: (f"{number} {turn}".ljust(32).encode(),), _KEY)
        acting = MemoryActing(self.registry)
        self.agents = Agents(
            acting=acting,
            registry=self.registry,
            directories=directories,
            catalogue=catalogue,
            numbers=OfflineExtract(),
            gate=gate,
            handover=Handover(
                acting=acting,
                handing=handing,
                store=self.store,
                directories=directories,
                intake=self.intake,
                moves=Moves(
                    open_bus=lambda: self.bus, lanes=self.lanes, directories=directories, clock=clock
                ),
                clock=clock,
                ids=ids,
            ),
            operators=self.operators,
            record=Record(operators=self.operators, clock=clock, ids=ids),
            clock=clock,
            ids=ids,
            is_sandbox=False,
        )
        self.webhook_desk = WebhookDesk(
            lanes=self.lanes, directories=directories, secrets=secrets, clock=clock
        )
        self.lane_desk = LaneDesk(
            lanes=self.lanes,
            registry=self.registry,
            operators=self.operators,
            record=Record(operators=self.operators, clock=clock, ids=ids),
            clock=clock,
        )
