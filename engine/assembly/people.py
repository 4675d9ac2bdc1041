# SPDX-License-Identifier: Apache-2.0
"""What people meet: citizens with their cases and letters, and the operators who watch and mend."""

from datetime import timedelta
from functools import cached_property

from engine.assembly.organisations import Organisations
from engine.ports import CareStore
from engine.runtime.afterwards import Afterwards
from engine.runtime.assistance import AssistanceDesk
from engine.runtime.calendars import Calendars
from engine.runtime.certificates import Certificates
from engine.runtime.corrections import Corrections
from engine.runtime.counter import Counter
from engine.runtime.deceased import Deceased
from engine.runtime.lane_desk import LaneDesk
from engine.runtime.notices import Notices
from engine.runtime.old_values import OldValues
from engine.runtime.operations import ControlRoom
from engine.runtime.participation import Participation
from engine.runtime.reconciliation import Reconciliation
from engine.runtime.redrive import Redrive
from engine.runtime.representation import RepresentationDesk
from engine.runtime.retention import Retention
from engine.runtime.timekeeper import Timekeeper
from engine.runtime.timeline import Timelines
from engine.runtime.undone import UndoneSignatures
from engine.settings import Profile
from engine.store.care import PostgresCare
from engine.store.deaths import PostgresDeaths
from engine.web.doors import Care
from mailbox.delivery import Post
from mailbox.papers.closing import ClosingPress
from mailbox.papers.filing_sheet import FilingSheets
from mailbox.service import Mailbox
from mailbox.vault import Sweeper


class People(Organisations):
    """The parts that serve citizens and operators."""

    @cached_property
    def counter(self) -> Counter:
        return Counter(
            store=self.store,
            intake=self.intake,
            catalogue=self.catalogue,
            directories=self.directories,
            gate=self.gate,
            keys=self.case_keys,
            references_key=self.keys.references,
            sheets=FilingSheets(self.papers, is_simulation=self._is_simulation),
            bells=self.bells,
            clock=self.clock,
            draft_lasts=timedelta(days=self.settings.draft_days),
            notices=Notices(self.lanes, self.clock),
            reminders=self.settings.reminder_days,
        )

    @cached_property
    def corrections(self) -> Corrections:
        return Corrections(
            counter=self.counter,
            store=self.store,
            catalogue=self.catalogue,
            directories=self.directories,
            gate=self.gate,
            clock=self.clock,
        )

    @cached_property
    def participation(self) -> Participation:
        return Participation(
            store=self.store,
            counter=self.counter,
            gate=self.gate,
            invitations_keys=self.keys.invitations,
            clock=self.clock,
        )

    @cached_property
    def assistance(self) -> AssistanceDesk:
        return AssistanceDesk(
            gate=self.gate,
            store=self.store,
            operators=self.operators,
            marks_key=self.keys.references,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def representations(self) -> RepresentationDesk:
        return RepresentationDesk(
            gate=self.gate,
            store=self.store,
            operators=self.operators,
            catalogue=self.catalogue,
            marks_key=self.keys.references,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def _care_store(self) -> CareStore:
        return PostgresCare(self.pool)

    @cached_property
    def _certificates(self) -> Certificates:
        return Certificates(
            cases=self.counter,
            store=self.store,
            care=self._care_store,
            keys=self.case_keys,
            signing=self.keys.signing,
            press=ClosingPress(self.papers, self.keys.signing),
            documents=self.documents,
            bus=self.bus,
            publisher=self.publisher,
            clock=self.clock,
            origin=self.settings.origin,
            is_simulation=self._is_simulation,
        )

    @cached_property
    def _old_values(self) -> OldValues:
        return OldValues(
            store=self.store,
            operators=self.operators,
            catalogue=self.catalogue,
            directories=self.directories,
            keys=self.case_keys,
            record=self.record,
        )

    @cached_property
    def _calendars(self) -> Calendars:
        return Calendars(
            cases=self.counter,
            store=self.store,
            care=self._care_store,
            catalogue=self.catalogue,
            key=self.keys.calendar,
            origin=self.settings.origin,
            clock=self.clock,
        )

    @cached_property
    def _retention(self) -> Retention:
        return Retention(
            cases=self.counter,
            store=self.store,
            care=self._care_store,
            keys=self.case_keys,
            certificates=self._certificates,
            purposes=self.own_view,
            clock=self.clock,
            kept=timedelta(days=self.settings.kept_days),
            unconfirmed_kept=timedelta(days=self.settings.draft_days),
        )

    @cached_property
    def care(self) -> Care:
        return Care(
            old_values=self._old_values,
            calendars=self._calendars,
            certificates=self._certificates,
            retention=self._retention,
        )

    @cached_property
    def mailbox(self) -> Mailbox:
        return Mailbox(store=self.letters, vault=self.vault, keyring=self.keyring, clock=self.clock)

    @cached_property
    def post(self) -> Post:
        return Post(bus=self.bus, store=self.letters, vault=self.vault, keyring=self.keyring, ids=self.ids)

    @cached_property
    def _deceased(self) -> Deceased:
        return Deceased(
            self.life_events,
            store=self.store,
            deaths=PostgresDeaths(self.pool),
            counter=self.counter,
            catalogue=self.catalogue,
            processor=self.processor,
            key=self.keys.references,
        )

    @cached_property
    def timekeeper(self) -> Timekeeper:
        return Timekeeper(store=self.store, processor=self.processor, clock=self.clock)

    @cached_property
    def undone(self) -> UndoneSignatures:
        return UndoneSignatures(gate=self.gate, store=self.store, processor=self.processor)

    @cached_property
    def afterwards(self) -> Afterwards:
        return Afterwards(
            [
                self._certificates.run_once,
                self._retention.run_once,
                self.feed.run_once,
                self._deceased.run_once,
            ]
        )

    @cached_property
    def chores(self) -> Afterwards:
        return Afterwards(
            [
                self.uploads.forget_old,
                Sweeper(self.vault, self.letters).sweep,
                self.gate.forget,
                self._settle,
            ]
        )

    @cached_property
    def control(self) -> ControlRoom:
        return ControlRoom(
            operators=self.operators,
            store=self.store,
            intake=self.intake,
            registry=self.registry,
            directories=self.directories,
            redrive=Redrive(
                desk=self.desk,
                opener=self.opener,
                directories=self.directories,
                store=self.store,
                bus=self.bus,
            ),
            timelines=Timelines(
                store=self.store,
                care=self._care_store,
                directories=self.directories,
                keys=self.case_keys,
            ),
            reconciliation=Reconciliation(
                operators=self.operators,
                store=self.store,
                care=self._care_store,
                keys=self.case_keys,
                clock=self.clock,
            ),
            record=self.record,
            clock=self.clock,
        )

    @cached_property
    def lane_desk(self) -> LaneDesk:
        return LaneDesk(
            lanes=self.lanes,
            registry=self.registry,
            operators=self.operators,
            record=self.record,
            clock=self.clock,
        )

    @property
    def _is_simulation(self) -> bool:
        return self.settings.profile is not Profile.PRODUCTION

    async def _settle(self) -> int:
        return (await self.gate.settle()).settled
