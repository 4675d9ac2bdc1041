# SPDX-License-Identifier: Apache-2.0
"""What everything else stands on: stores, keys, the gate, the vault, the way of a message into a case.

Each part is made when it is first asked for, once, of the parts that it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from connectors.channels.line import HttpLine
from engine.border.jwk import thumbprint
from engine.border.sealing import Opener, Sealer
from engine.core.calendars import Authority
from engine.identity.fetch import HttpFetch
from engine.identity.gate import Gate, open_gate
from engine.identity.postgres import PostgresIdentityStore
from engine.identity.profiles import Environment
from engine.identity.provider import App, load_provider
from engine.identity.standings_postgres import PostgresStandings
from engine.identity.trust import TrustStore
from engine.keys import Keys, app_pair
from engine.ports import Bus, Clock, Ids, Lanes, OperatorStore, Parcel, Staged, Store
from engine.registry import postal_codes
from engine.registry.corporate_numbers import CorporateNumbers
from engine.registry.directory import Directories
from engine.registry.model import RegistryStore, Stage
from engine.registry.store import PostgresRegistryStore
from engine.runtime.bells import Bells
from engine.runtime.case_keys import CaseKeys
from engine.runtime.catalogue import AnyEvent, Catalogue
from engine.runtime.composer import Composer
from engine.runtime.consumer import ReplyDesk
from engine.runtime.intake import Intake
from engine.runtime.passage import Passages
from engine.runtime.processor import Processor
from engine.runtime.publisher import Publisher
from engine.runtime.record import Record
from engine.settings import Profile, Settings
from engine.store.lanes import PostgresLanes
from engine.store.operators import PostgresOperators
from engine.store.postgres import PostgresStore
from mailbox.intake import DocumentIntake
from mailbox.papers.render import Papers
from mailbox.sealing import Keyring
from mailbox.store import PostgresLetterStore
from mailbox.uploads import Uploads
from mailbox.vault import LocalVault
from workflows.calendar_japan import calendar_for
from workflows.laws import citations

ENVIRONMENTS: Final = {
    Profile.PRODUCTION: Environment.PRODUCTION,
    Profile.TEST: Environment.TEST,
    Profile.DEMO: Environment.DEVELOPMENT,
}


class RandomIds:
    """Internal ids, as random as they come."""

    def new(self) -> UUID:
        """Return an id nobody has seen before."""
        return uuid4()


class DocumentDoor:
    """How documents of replies reach the mailbox: what comes inline, and what was uploaded."""

    def __init__(self, intake: DocumentIntake, uploads: Uploads) -> None:
        self._intake = intake
        self._uploads = uploads

    async def stage(self, content: bytes) -> Staged:
        """Put the document into the vault."""
        return await self._intake.stage(content)

    async def redeem(self, ticket: str, organisation: str) -> Staged:
        """Return what was uploaded."""
        return await self._uploads.redeem(ticket, organisation)

    async def discard(self, staged: Staged) -> None:
        """Forget the document unless something names it."""
        await self._intake.discard(staged)

    def parcel(self, deliver: Mapping[str, object]) -> Parcel:
        """Return the delivery."""
        return self._intake.parcel(deliver)

    def notice(self, notice: Mapping[str, object]) -> Parcel:
        """Return the notice."""
        return self._intake.notice(notice)


@dataclass(kw_only=True)
class Ground:
    """What is given from outside, and what is made of it first."""

    settings: Settings
    clock: Clock
    keys: Keys
    pool: asyncpg.Pool
    bus: Bus
    trust: TrustStore
    fetch: HttpFetch
    numbers: CorporateNumbers
    line: HttpLine
    life_events: Sequence[AnyEvent]

    @cached_property
    def ids(self) -> Ids:
        return RandomIds()

    @cached_property
    def bells(self) -> Bells:
        return Bells()

    @cached_property
    def store(self) -> Store:
        return PostgresStore(self.pool)

    @cached_property
    def registry(self) -> RegistryStore:
        return PostgresRegistryStore(self.pool)

    @cached_property
    def operators(self) -> OperatorStore:
        return PostgresOperators(self.pool)

    @cached_property
    def lanes(self) -> Lanes:
        return PostgresLanes(self.pool)

    @cached_property
    def record(self) -> Record:
        return Record(operators=self.operators, clock=self.clock, ids=self.ids)

    @cached_property
    def sealer(self) -> Sealer:
        return Sealer(
            self.keys.signing,
            kid=thumbprint(self.keys.signing.public_key()),
            source="/engine",
            clock=self.clock,
        )

    @cached_property
    def directories(self) -> Directories:
        stages = frozenset(Stage) if self.settings.sandbox else frozenset({Stage.LIVE})
        return Directories(self.registry, self.clock, forget=self.sealer.forget, stages=stages)

    @cached_property
    def opener(self) -> Opener:
        own = {thumbprint(key.public_key()): key for key in self.keys.decryptions}
        return Opener(own, self.directories.verification_key)

    @cached_property
    def gate(self) -> Gate:
        return open_gate(
            trust=self.trust,
            store=PostgresIdentityStore(self.pool),
            fetch=self.fetch,
            clock=self.clock,
            ids=self.ids,
            audience=self.settings.origin,
            session_key=self.keys.session,
            evidence_key=self.keys.evidence[0],
            other_session_keys=self.keys.sessions[1:],
            other_evidence_keys=self.keys.evidence[1:],
            exchange=self.fetch,
            app=self._app(),
            standings=PostgresStandings(self.pool),
        )

    @cached_property
    def vault(self) -> LocalVault:
        return LocalVault(self.settings.documents_directory)

    @cached_property
    def letters(self) -> PostgresLetterStore:
        return PostgresLetterStore(self.pool)

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(*self.keys.mailboxes)

    @cached_property
    def _document_intake(self) -> DocumentIntake:
        return DocumentIntake(self.vault, self.keyring, self.letters)

    @cached_property
    def uploads(self) -> Uploads:
        return Uploads(self.letters, self._document_intake, self.clock)

    @cached_property
    def documents(self) -> DocumentDoor:
        return DocumentDoor(self._document_intake, self.uploads)

    @cached_property
    def papers(self) -> Papers:
        return Papers()

    @cached_property
    def case_keys(self) -> CaseKeys:
        return CaseKeys(*self.keys.cases)

    @cached_property
    def passages(self) -> Passages:
        return Passages(
            lanes=self.lanes,
            directories=self.directories,
            clock=self.clock,
            is_working_day=is_working_day,
        )

    @cached_property
    def publisher(self) -> Publisher:
        return Publisher(bus=self.bus, store=self.store, passages=self.passages)

    @cached_property
    def processor(self) -> Processor:
        return Processor(
            store=self.store,
            keys=self.case_keys,
            composer=Composer(
                references_key=self.keys.references, sealer=self.sealer, documents=self.documents
            ),
            directories=self.directories,
            publisher=self.publisher,
            clock=self.clock,
            bus=self.bus,
            committed=self._committed,
        )

    @cached_property
    def intake(self) -> Intake:
        return Intake(self.processor)

    @cached_property
    def desk(self) -> ReplyDesk:
        return ReplyDesk(
            processor=self.intake,
            store=self.store,
            opener=self.opener,
            directories=self.directories,
            documents=self.documents,
            references_key=self.keys.references,
        )

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(
            self.life_events,
            store=self.store,
            calendars=calendar_for,
            cited=citations,
            contradictions=postal_codes.contradictions,
        )

    def _committed(self, cases: Sequence[UUID], feeds: Sequence[str]) -> None:
        self.bells.ring([*cases, *(("feed", number) for number in feeds)])

    def _app(self) -> App | None:
        """Return デジタル認証アプリ as configured beside the trust store, None where it is not offered."""
        folder = self.settings.trust or self.settings.state / "trust"
        provider = load_provider(folder, ENVIRONMENTS[self.settings.profile])
        if provider is None:
            return None
        return App(provider, *app_pair(self.settings))


def is_working_day(day: date) -> bool:
    """Say whether national offices are open on a day."""
    return calendar_for(None).why_closed(day, Authority.NATIONAL) is None
