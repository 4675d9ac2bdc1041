# SPDX-License-Identifier: Apache-2.0
"""What a citizen is given beside the case, on memory twins."""

from engine.registry.directory import Directories
from engine.runtime.calendars import Calendars, Cases
from engine.runtime.catalogue import Catalogue
from engine.runtime.old_values import OldValues
from engine.runtime.record import Record
from engine.store.care import MemoryCare
from engine.web.doors import Care
from tests.unit.control_office import ControlOffice
from tests.unit.mailbox_office import CountedIds
from workflows.calendar_japan import calendar_for
from workflows.moving import MOVING


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
    )
