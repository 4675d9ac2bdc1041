# SPDX-License-Identifier: Apache-2.0
"""What a citizen is given beside the case, on memory twins."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from engine.core.views import CaseView
from engine.registry.directory import Directories
from engine.runtime.calendars import Calendars
from engine.runtime.catalogue import Catalogue
from engine.runtime.certificates import Certificates
from engine.runtime.counter import Done, Request
from engine.runtime.old_values import OldValues
from engine.runtime.publisher import Publisher
from engine.runtime.record import Record
from engine.runtime.retention import Retention
from engine.web.doors import Care
from tests.unit.control_office import ControlOffice, NoDocuments
from tests.unit.mailbox_office import CountedIds
from workflows.calendar_japan import calendar_for
from workflows.moving import MOVING


class FakeCases(Protocol):
    """A counter, as far as it is needed here."""

    async def case(self, person: UUID, case_id: UUID) -> CaseView: ...

    async def cancel(self, request: Request, case_id: UUID) -> Done: ...


class NoPress:
    """Where nothing is printed."""

    async def certificate(self, content: Mapping[str, Any], document: bytes, *, at: datetime) -> bytes:
        return document


class NoPurposes:
    """Where no organisation was told anything."""

    async def purpose_ended(self, case_id: UUID, *, because: str) -> int:
        return 0


def care_of(office: ControlOffice, cases: FakeCases) -> Care:
    """Return the doors beside the case, over the store of an office."""
    clock = office.border.clock
    catalogue = Catalogue((MOVING,), store=office.store, calendars=calendar_for)
    certificates = Certificates(
        cases=cases,
        store=office.store,
        care=office.care,
        keys=office.keys,
        signing=ec.generate_private_key(ec.SECP256R1()),
        press=NoPress(),
        documents=NoDocuments(),
        bus=office.bus,
        publisher=Publisher(bus=office.bus, store=office.store),
        clock=clock,
        origin="https://todoke.test",
        is_simulation=True,
    )
    return Care(
        old_values=OldValues(
            store=office.store,
            operators=office.operators,
            catalogue=catalogue,
            directories=Directories(office.registry, clock),
            keys=office.keys,
            record=Record(operators=office.operators, clock=clock, ids=CountedIds()),
        ),
        calendars=Calendars(
            cases=cases,
            store=office.store,
            care=office.care,
            catalogue=catalogue,
            key=bytes(32),
            origin="https://todoke.test",
            clock=clock,
        ),
        certificates=certificates,
        retention=Retention(
            cases=cases,
            store=office.store,
            care=office.care,
            keys=office.keys,
            certificates=certificates,
            purposes=NoPurposes(),
            clock=clock,
            kept=timedelta(days=365),
            unconfirmed_kept=timedelta(days=30),
        ),
    )
