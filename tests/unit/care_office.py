# SPDX-License-Identifier: Apache-2.0
"""What a citizen is given beside the case, on memory twins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from engine.registry.directory import Directories
from engine.runtime.calendars import Calendars, Cases
from engine.runtime.catalogue import Catalogue
from engine.runtime.certificates import Certificates
from engine.runtime.old_values import OldValues
from engine.runtime.publisher import Publisher
from engine.runtime.record import Record
from engine.store.care import MemoryCare
from engine.web.doors import Care
from tests.unit.control_office import ControlOffice, NoDocuments
from tests.unit.mailbox_office import CountedIds
from workflows.calendar_japan import calendar_for
from workflows.moving import MOVING


class NoPress:
    """Where nothing is printed."""

    async def certificate(self, content: Mapping[str, Any], document: bytes, *, at: datetime) -> bytes:
        return document


def care_of(office: ControlOffice, cases: Cases) -> Care:
    """Return the doors beside the case, over the store of an office."""
    clock = office.border.clock
    catalogue = Catalogue((MOVING,), store=office.store, calendars=calendar_for)
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
            care=MemoryCare(office.store),
            catalogue=catalogue,
            key=bytes(32),
            origin="https://todoke.test",
            clock=clock,
        ),
        certificates=Certificates(
            cases=cases,
            store=office.store,
            care=MemoryCare(office.store),
            keys=office.keys,
            signing=ec.generate_private_key(ec.SECP256R1()),
            press=NoPress(),
            documents=NoDocuments(),
            bus=office.bus,
            publisher=Publisher(bus=office.bus, store=office.store),
            clock=clock,
            origin="https://todoke.test",
            is_simulation=True,
        ),
    )
