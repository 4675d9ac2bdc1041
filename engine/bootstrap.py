# SPDX-License-Identifier: Apache-2.0
"""The one place where everything is put together: settings in, a working engine out.

Nothing elsewhere makes its own store, bus, clock or keys. `open_engine` builds what all roles share;
the roles (serve, work, relay, post) are which of its parts are kept running.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import aiohttp
import asyncpg
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.channels.guard import Guard
from connectors.channels.line import HttpLine
from connectors.channels.secrets import WebhookSecrets
from connectors.channels.webhook import Webhooks
from connectors.channels.webhook_desk import WebhookDesk
from connectors.conformance.desk import NotedAccess, RehearsalDesk
from connectors.conformance.suite import Suite
from connectors.simulators.catalogue import EXAMPLES
from engine.border.jwk import exported, key_set, public_key, thumbprint
from engine.border.sealing import Opener, Sealer
from engine.border.tokens import read_token
from engine.bus.admin import BrokerAdmin
from engine.bus.amqp import AmqpBus
from engine.bus.embedded import EmbeddedBus
from engine.bus.tls import BrokerTls, tls_for
from engine.bus.topology import reply_queues
from engine.clock import SimulatedClock, SystemClock
from engine.core.calendars import Authority
from engine.core.errors import EngineError
from engine.identity.fetch import HttpFetch
from engine.identity.gate import Gate, open_gate
from engine.identity.postgres import PostgresIdentityStore
from engine.identity.profiles import Environment
from engine.identity.provider import App, load_provider
from engine.identity.trust import TrustStore
from engine.keys import Keys, app_pair
from engine.ports import (
    AuditEntry,
    Bus,
    Clock,
    DeadLetters,
    Lanes,
    OperatorStore,
    Parcel,
    Rehearsals,
    Staged,
    Store,
)
from engine.registry import postal_codes
from engine.registry.access import OrganisationAccess
from engine.registry.applications_postgres import PostgresApplications
from engine.registry.corporate_numbers import CorporateNumbers, NoCorporateNumbers
from engine.registry.directory import Directories
from engine.registry.extract import OfflineExtract
from engine.registry.model import Channel, RegistryStore, Stage
from engine.registry.nta import NtaWebApi
from engine.registry.store import PostgresRegistryStore
from engine.runtime.afterwards import Afterwards
from engine.runtime.approvals import Approvals
from engine.runtime.bells import Bells
from engine.runtime.calendars import Calendars
from engine.runtime.case_keys import CaseKey, CaseKeys
from engine.runtime.catalogue import AnyEvent, Catalogue
from engine.runtime.certificates import Certificates
from engine.runtime.composer import Composer
from engine.runtime.consumer import Consumer, Desk, ReplyDesk
from engine.runtime.corrections import Corrections
from engine.runtime.counter import Counter
from engine.runtime.dead import DeadDrain
from engine.runtime.deceased import Deceased
from engine.runtime.feed import Feed
from engine.runtime.intake import Intake
from engine.runtime.key_desk import KeyDesk
from engine.runtime.lane_desk import LaneDesk
from engine.runtime.moves import Moves
from engine.runtime.notices import Notices
from engine.runtime.old_values import OldValues
from engine.runtime.onboarding import Onboarding
from engine.runtime.operations import ControlRoom
from engine.runtime.own_organisation import OwnOrganisation
from engine.runtime.own_view import OwnView
from engine.runtime.participation import Participation
from engine.runtime.passage import Passages
from engine.runtime.processor import Processor
from engine.runtime.publisher import Publisher, Relay
from engine.runtime.reconciliation import Reconciliation
from engine.runtime.record import Record
from engine.runtime.redrive import Redrive
from engine.runtime.representatives import Representatives
from engine.runtime.resealing import Resealing
from engine.runtime.retention import Retention
from engine.runtime.sandbox import Sandbox
from engine.runtime.timekeeper import Timekeeper
from engine.runtime.timeline import Timelines
from engine.runtime.undone import UndoneSignatures
from engine.settings import Profile, Settings
from engine.store.care import PostgresCare
from engine.store.deaths import PostgresDeaths
from engine.store.lanes import PostgresLanes
from engine.store.operators import PostgresOperators
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from engine.store.rehearsals import PostgresRehearsals
from engine.store.traffic import PostgresTraffic
from engine.web.app import build_app, make_runner
from engine.web.doors import Access, Care, Doors, Probe
from engine.web.security import WebSettings
from mailbox.delivery import Post
from mailbox.intake import DocumentIntake
from mailbox.papers.closing import ClosingPress
from mailbox.papers.filing_sheet import FilingSheets
from mailbox.papers.render import Papers
from mailbox.sealing import Keyring
from mailbox.service import Mailbox
from mailbox.store import PostgresLetterStore
from mailbox.uploads import Uploads
from mailbox.vault import LocalVault, Sweeper
from workflows.birth import BIRTH
from workflows.calendar_japan import calendar_for
from workflows.death import DEATH
from workflows.laws import citations
from workflows.marriage import MARRIAGE
from workflows.moving import MOVING

LIFE_EVENTS: Final[Sequence[AnyEvent]] = (MOVING, MARRIAGE, BIRTH, DEATH)
ENVIRONMENTS: Final = {
    Profile.PRODUCTION: Environment.PRODUCTION,
    Profile.TEST: Environment.TEST,
    Profile.DEMO: Environment.DEVELOPMENT,
}
_SWEEP_SECONDS: Final = 3600.0

log = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Everything that is put together, for the roles, the tests and the operator's commands."""

    settings: Settings
    clock: Clock
    keys: Keys
    pool: asyncpg.Pool
    store: Store
    bus: Bus
    registry: RegistryStore
    directories: Directories
    gate: Gate
    catalogue: Catalogue
    publisher: Publisher
    processor: Processor
    intake: Intake
    desk: ReplyDesk
    replies: Desk
    rehearsals: Rehearsals
    suite: Suite
    sandbox: Sandbox
    counter: Counter
    participation: Participation
    corrections: Corrections
    care: Care
    operators: OperatorStore
    control: ControlRoom
    onboarding: Onboarding
    approvals: Approvals
    own: OwnOrganisation
    resealing: Resealing
    undone: UndoneSignatures
    feed: Feed
    mailbox: Mailbox
    uploads: Uploads
    post: Post
    chores: Afterwards
    relay: Relay
    timekeeper: Timekeeper
    afterwards: Afterwards
    consumer: Consumer
    lanes: Lanes
    lane_desk: LaneDesk
    webhooks: Webhooks
    webhook_desk: WebhookDesk
    moves: Moves

    def app(self) -> web.Application:
        """Return the web application of this engine."""
        doors = Doors(
            counter=self.counter,
            participation=self.participation,
            corrections=self.corrections,
            care=self.care,
            control=self.control,
            onboarding=self.onboarding,
            approvals=self.approvals,
            own=self.own,
            lanes=self.lane_desk,
            webhooks=self.webhook_desk,
            suite=self.suite,
            sandbox=self.sandbox,
            feed=self.feed,
            replies=self.replies,
            mailbox=self.mailbox,
            uploads=self.uploads,
            gate=self.gate,
            access=self._access(),
            keys=self.public_keys,
            probes=self.probes,
        )
        proof_lasts = timedelta(minutes=self.settings.proof_minutes)
        return build_app(doors, WebSettings(public_url=self.settings.origin, proof_lasts=proof_lasts))

    @property
    def probes(self) -> Mapping[str, Probe]:
        """What has to answer before this engine can work, by its name."""
        return {"store": self._ask_store, "bus": self.bus.probe}

    def _access(self) -> Access:
        access = OrganisationAccess(self.directories, self.clock, audience=self.settings.origin)
        if not self.settings.sandbox:
            return access
        return NotedAccess(
            access, store=self.rehearsals, clock=self.clock, number_in=lambda text: read_token(text).number
        )

    def public_keys(self) -> Mapping[str, Any]:
        """Return the engine's own public keys as a JWK Set."""
        keys = [
            exported(self.keys.signing.public_key(), use="sig"),
            exported(self.keys.decryption.public_key(), use="enc"),
        ]
        if self.keys.previous.signing is not None:  # what it has signed is still on its way
            keys.append(exported(self.keys.previous.signing.public_key(), use="sig"))
        return key_set(keys)

    async def serve(self) -> None:
        """Serve the web until cancelled; then requests under way are answered before anything else ends."""
        await asyncio.to_thread(postal_codes.ready)
        runner = make_runner(self.app())
        await runner.setup()
        parts = [asyncio.create_task(self.intake.run()), asyncio.create_task(self.publisher.run())]
        try:
            await web.TCPSite(runner, self.settings.host, self.settings.port).start()
            log.info("web.serving", extra={"listen": self.settings.listen})
            await asyncio.gather(*parts)
        finally:
            await runner.cleanup()
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await self.publisher.flush()

    async def work(self) -> None:
        """Take what comes over the bus, and wake cases, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.timekeeper.run())
            group.create_task(self.afterwards.run())
            group.create_task(self.resealing.run())
            group.create_task(self.undone.run())
            group.create_task(self.suite.run())
            group.create_task(self.intake.run())
            group.create_task(self.publisher.run())
            if not self.bus.rides_on_store:
                group.create_task(self.consumer.run())
            if isinstance(self.bus, AmqpBus):
                dead: DeadLetters = self.bus
                group.create_task(DeadDrain(letters=dead, store=self.store).run())

    async def deliver(self) -> None:
        """Put letters into their boxes, and sweep the vault, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.post.run())
            group.create_task(self._sweep())

    async def push(self) -> None:
        """Bring orders to web addresses, and along when a channel changes, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.webhooks.run())
            group.create_task(self.moves.run())
            group.create_task(self.intake.run())
            group.create_task(self.publisher.run())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            await self.chores.run_once()

    async def _ask_store(self) -> None:
        await self.store.seen(("engine", "probe"))


@asynccontextmanager
async def open_engine(
    settings: Settings,
    *,
    dsn: str | None = None,
    trust: TrustStore | None = None,
    life_events: Sequence[AnyEvent] = LIFE_EVENTS,
) -> AsyncIterator[Engine]:
    """Yield the engine of these settings; everything is closed when the block ends.

    `dsn` and `trust` are given where something else made them: the embedded database, a rehearsal.
    `life_events` is what the law says, all of it: nothing else here knows a procedure.

    Raises:
        EngineError: `invalid-settings`, `unusable-keys`; StoreUnavailable, BusUnavailable.
    """
    clock: Clock = SystemClock()
    if settings.clock == "simulated":
        clock = SimulatedClock(settings.state / "clock")
    keys = Keys.create_missing(settings.keys_directory, profile=settings.profile)
    if trust is None:
        trust = TrustStore.load(settings.trust or settings.state / "trust", ENVIRONMENTS[settings.profile])
    async with AsyncExitStack() as stack:
        pool = await open_pool(dsn or settings.required("database_url"))
        stack.push_async_callback(pool.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        line = HttpLine(Guard(settings.networks, plain=settings.profile is not Profile.PRODUCTION), clock)
        stack.push_async_callback(line.close)
        bus = _open_bus(settings, pool)
        stack.push_async_callback(bus.close)
        engine = _put_together(
            settings,
            clock=clock,
            keys=keys,
            pool=pool,
            bus=bus,
            trust=trust,
            fetch=HttpFetch(session),
            numbers=corporate_numbers(settings, session),
            line=line,
            life_events=life_events,
        )
        await engine.catalogue.keep()
        yield engine


def _put_together(
    settings: Settings,
    *,
    clock: Clock,
    keys: Keys,
    pool: asyncpg.Pool,
    bus: Bus,
    trust: TrustStore,
    fetch: HttpFetch,
    numbers: CorporateNumbers,
    line: HttpLine,
    life_events: Sequence[AnyEvent],
) -> Engine:
    ids = RandomIds()
    bells = Bells()
    store = PostgresStore(pool)
    registry = PostgresRegistryStore(pool)
    sealer = Sealer(keys.signing, kid=thumbprint(keys.signing.public_key()), source="/engine", clock=clock)
    stages = frozenset(Stage) if settings.sandbox else frozenset({Stage.LIVE})
    directories = Directories(registry, clock, forget=sealer.forget, stages=stages)
    decryption = [key for key in (keys.decryption, keys.previous.decryption) if key is not None]
    own = {thumbprint(key.public_key()): key for key in decryption}
    gate = open_gate(
        trust=trust,
        store=PostgresIdentityStore(pool),
        fetch=fetch,
        clock=clock,
        ids=ids,
        audience=settings.origin,
        session_key=keys.session,
        evidence_key=keys.evidence,
        previous_session_key=keys.previous.session,
        previous_evidence_key=keys.previous.evidence,
        exchange=fetch,
        app=_app(settings),
    )

    async def settle() -> int:
        return (await gate.settle()).settled

    vault = LocalVault(settings.documents_directory)
    letters = PostgresLetterStore(pool)
    keyring = Keyring(keys.mailbox)
    document_intake = DocumentIntake(vault, keyring, letters)
    uploads = Uploads(letters, document_intake, clock)
    documents = DocumentDoor(document_intake, uploads)
    case_keys = CaseKeys(keys.case, keys.previous.case)
    lanes = PostgresLanes(pool)
    passages = Passages(lanes=lanes, directories=directories, clock=clock, is_working_day=_is_working_day)
    publisher = Publisher(bus=bus, store=store, passages=passages)

    def committed(cases: Sequence[UUID], feeds: Sequence[str]) -> None:
        bells.ring([*cases, *(("feed", number) for number in feeds)])

    processor = Processor(
        store=store,
        keys=case_keys,
        composer=Composer(references_key=keys.references, sealer=sealer, documents=documents),
        directories=directories,
        publisher=publisher,
        clock=clock,
        bus=bus,
        committed=committed,
    )
    opener = Opener(own, directories.verification_key)
    intake = Intake(processor)
    desk = ReplyDesk(
        processor=intake,
        store=store,
        opener=opener,
        directories=directories,
        documents=documents,
        references_key=keys.references,
    )
    rehearsals = PostgresRehearsals(pool)
    rehearsing = RehearsalDesk(
        desk,
        store=rehearsals,
        opener=opener,
        directories=directories,
        documents=documents,
        clock=clock,
    )
    replies: Desk = rehearsing if settings.sandbox else desk
    catalogue = Catalogue(
        life_events,
        store=store,
        calendars=calendar_for,
        cited=citations,
        contradictions=postal_codes.contradictions,
    )
    papers, is_simulation = Papers(), settings.profile is not Profile.PRODUCTION
    webhook_secrets = WebhookSecrets(keys.webhook_secrets, keys.webhook)
    counter = Counter(
        store=store,
        intake=intake,
        catalogue=catalogue,
        directories=directories,
        gate=gate,
        keys=case_keys,
        references_key=keys.references,
        sheets=FilingSheets(papers, is_simulation=is_simulation),
        bells=bells,
        clock=clock,
        draft_lasts=timedelta(days=settings.draft_days),
        notices=Notices(lanes, clock),
        reminders=settings.reminder_days,
    )
    deceased = Deceased(
        life_events,
        store=store,
        deaths=PostgresDeaths(pool),
        counter=counter,
        catalogue=catalogue,
        processor=processor,
        key=keys.references,
    )
    operators = PostgresOperators(pool)
    record = Record(operators=operators, clock=clock, ids=ids)
    care_store = PostgresCare(pool)
    certificates = Certificates(
        cases=counter,
        store=store,
        care=care_store,
        keys=case_keys,
        signing=keys.signing,
        press=ClosingPress(papers, keys.signing),
        documents=documents,
        bus=bus,
        publisher=publisher,
        clock=clock,
        origin=settings.origin,
        is_simulation=is_simulation,
    )
    resealing = Resealing(
        store=store,
        operators=operators,
        registry=registry,
        directories=directories,
        intake=intake,
        bus=bus,
        clock=clock,
        ids=ids,
    )
    own_view = OwnView(
        traffic=PostgresTraffic(pool),
        operators=operators,
        registry=registry,
        directories=directories,
        resealing=resealing,
        signing_key=keys.signing,
        clock=clock,
        ids=ids,
    )
    care = Care(
        old_values=OldValues(
            store=store,
            operators=operators,
            catalogue=catalogue,
            directories=directories,
            keys=case_keys,
            record=record,
        ),
        calendars=Calendars(
            cases=counter,
            store=store,
            care=care_store,
            catalogue=catalogue,
            key=keys.calendar,
            origin=settings.origin,
            clock=clock,
        ),
        certificates=certificates,
        retention=Retention(
            cases=counter,
            store=store,
            care=care_store,
            keys=case_keys,
            certificates=certificates,
            purposes=own_view,
            clock=clock,
            kept=timedelta(days=settings.kept_days),
            unconfirmed_kept=timedelta(days=settings.draft_days),
        ),
    )
    applications = PostgresApplications(pool)
    names = CaseKey(keys.applicants)
    control = ControlRoom(
        operators=operators,
        store=store,
        intake=intake,
        registry=registry,
        directories=directories,
        redrive=Redrive(desk=desk, opener=opener, directories=directories, store=store, bus=bus),
        timelines=Timelines(store=store, care=care_store, directories=directories, keys=case_keys),
        reconciliation=Reconciliation(
            operators=operators, store=store, care=care_store, keys=case_keys, clock=clock
        ),
        record=record,
        clock=clock,
    )
    onboarding = Onboarding(
        applications=applications,
        registry=registry,
        directories=directories,
        catalogue=catalogue,
        numbers=numbers,
        gate=gate,
        names=names,
        clock=clock,
    )
    approvals = Approvals(
        applications=applications,
        registry=registry,
        directories=directories,
        catalogue=catalogue,
        numbers=numbers,
        gate=gate,
        operators=operators,
        record=record,
        names=names,
        certifiers=_certifiers(settings, keys),
        clock=clock,
        ids=ids,
    )
    suite = Suite(
        is_sandbox=settings.sandbox,
        store=rehearsals,
        registry=registry,
        approvals=approvals,
        bus=bus,
        bells=bells,
        examples=EXAMPLES,
        signing=keys.signing,
        references_key=keys.references,
        clock=clock,
        ids=ids,
    )
    own_organisation = OwnOrganisation(
        keys=KeyDesk(
            registry=registry,
            directories=directories,
            resealing=resealing,
            operators=operators,
            clock=clock,
            ids=ids,
            audience=settings.origin,
        ),
        traffic=own_view,
        representatives=Representatives(
            applications=applications,
            gate=gate,
            operators=operators,
            record=record,
            clock=clock,
            ids=ids,
        ),
        registry=registry,
        directories=directories,
        operators=operators,
        clock=clock,
        ids=ids,
    )
    feed = Feed(
        store=store,
        bells=bells,
        clock=clock,
        kept=timedelta(days=settings.feed_days),
        passages=passages,
    )
    return Engine(
        settings=settings,
        clock=clock,
        keys=keys,
        pool=pool,
        store=store,
        bus=bus,
        registry=registry,
        directories=directories,
        gate=gate,
        catalogue=catalogue,
        publisher=publisher,
        processor=processor,
        intake=intake,
        desk=desk,
        replies=replies,
        rehearsals=rehearsals,
        suite=suite,
        sandbox=Sandbox(clock if settings.sandbox and isinstance(clock, SimulatedClock) else None),
        counter=counter,
        corrections=Corrections(
            counter=counter,
            store=store,
            catalogue=catalogue,
            directories=directories,
            gate=gate,
            clock=clock,
        ),
        participation=Participation(
            store=store, counter=counter, gate=gate, invitations_key=keys.invitations, clock=clock
        ),
        care=care,
        operators=operators,
        control=control,
        onboarding=onboarding,
        approvals=approvals,
        own=own_organisation,
        resealing=resealing,
        feed=feed,
        undone=UndoneSignatures(gate=gate, store=store, processor=processor),
        mailbox=Mailbox(store=letters, vault=vault, keyring=keyring, clock=clock),
        uploads=uploads,
        post=Post(bus=bus, store=letters, vault=vault, keyring=keyring, ids=ids),
        chores=Afterwards([uploads.forget_old, Sweeper(vault, letters).sweep, gate.forget, settle]),
        relay=Relay(bus=bus, store=store, overflow=lanes, passages=passages),
        timekeeper=Timekeeper(store=store, processor=processor, clock=clock),
        afterwards=Afterwards(
            [care.certificates.run_once, care.retention.run_once, feed.run_once, deceased.run_once]
        ),
        consumer=Consumer(bus=bus, desk=replies, queues=reply_queues()),
        lanes=lanes,
        lane_desk=LaneDesk(lanes=lanes, registry=registry, operators=operators, record=record, clock=clock),
        webhooks=Webhooks(
            lanes=lanes,
            directories=directories,
            replies=replies,
            line=line,
            signer=webhook_secrets.signer,
            clock=clock,
            bells=bells,
            is_working_day=_is_working_day,
        ),
        webhook_desk=WebhookDesk(lanes=lanes, directories=directories, secrets=webhook_secrets, clock=clock),
        moves=Moves(
            open_bus=lambda: _open_bus(settings, pool),
            lanes=lanes,
            directories=directories,
            clock=clock,
            passages=passages,
        ),
    )


def _certifiers(settings: Settings, keys: Keys) -> dict[str, ec.EllipticCurvePublicKey]:
    """Return the keys whose reports of a rehearsal count: this installation's, and those it was told.

    Raises:
        EngineError: `invalid-key`: the file holds something else than public signing keys.
    """
    found = [keys.signing.public_key()]
    if settings.certifiers is not None:
        told = json.loads(settings.certifiers.read_text("utf-8"))["keys"]
        found += [public_key(jwk, use="sig") for jwk in told if jwk.get("use") == "sig"]
    return {thumbprint(key): key for key in found}


def corporate_numbers(settings: Settings, session: aiohttp.ClientSession) -> CorporateNumbers:
    """Return where corporate numbers are looked up: as the operator said, and in rehearsals offline.

    Raises:
        EngineError: `invalid-settings`: the file with the application id is empty or open to others.
    """
    source = settings.corporate_numbers
    if source is None and settings.profile is Profile.PRODUCTION:
        return NoCorporateNumbers()
    if source is None or source == "extract":
        return OfflineExtract()
    return NtaWebApi(session, base=source, application_id=settings.application_id())


def broker_tls(settings: Settings, url: str) -> BrokerTls | None:
    """Return how the broker's line is secured; raises `invalid-settings`."""
    return tls_for(url, ca=settings.amqp_ca, certificate=settings.amqp_cert, key=settings.amqp_key)


def admin_tls(settings: Settings, url: str) -> BrokerTls | None:
    """Return how the line to the broker's management API is secured, None for one without TLS."""
    return BrokerTls(settings.amqp_ca) if url.startswith("https:") else None


def _open_bus(settings: Settings, pool: asyncpg.Pool) -> Bus:
    if settings.bus == "rabbitmq":
        url = settings.required("amqp_url")
        return AmqpBus(url, tls=broker_tls(settings, url))
    return EmbeddedBus(pool)


def _is_working_day(day: date) -> bool:
    return calendar_for(None).why_closed(day, Authority.NATIONAL) is None


def _app(settings: Settings) -> App | None:
    """Return デジタル認証アプリ as it is configured beside the trust store, None where it is not offered."""
    folder = settings.trust or settings.state / "trust"
    provider = load_provider(folder, ENVIRONMENTS[settings.profile])
    if provider is None:
        return None
    return App(provider, *app_pair(settings.keys_directory, profile=settings.profile))


async def declare_broker(settings: Settings) -> list[str]:
    """Declare the broker's queues and policies, and queue and user of every organisation on AMQP.

    Returns what was done, a line each; passwords are not in it.

    Raises:
        EngineError: `invalid-settings`, `unavailable-broker`, `invalid-broker-request`.
    """
    keys = Keys.create_missing(settings.keys_directory, profile=settings.profile)
    vhost = unquote(urlsplit(settings.required("amqp_url")).path[1:]) or "/"
    async with _opened(settings) as pool:
        registered = (await PostgresRegistryStore(pool).contents()).organisations.values()
        numbers = sorted(one.number for one in registered if one.channel is Channel.AMQP)
        lanes = await PostgresLanes(pool).lanes(numbers)
    admin_url = settings.required("amqp_admin_url")
    async with BrokerAdmin(admin_url, vhost, tls=admin_tls(settings, admin_url)) as broker:
        await broker.declare()
        for number in numbers:
            generation = lanes[number].secret_generation if number in lanes else 1
            await broker.declare_organisation(number, keys.broker_password(number, generation))
    return [f"declared the queues of {vhost}", *(f"declared org-{number}" for number in numbers)]


async def broker_password(settings: Settings, number: str) -> str:
    """Return the password of an organisation's user at the broker, as it is now.

    Raises:
        EngineError: `invalid-settings`, `no-such-organisation`.
    """
    keys = Keys.create_missing(settings.keys_directory, profile=settings.profile)
    async with _opened(settings) as pool:
        await _registered(pool, number)
        lane = await PostgresLanes(pool).lane(number)
    return keys.broker_password(number, lane.secret_generation)


async def change_broker_password(settings: Settings, number: str, *, by: str, reason: str) -> str:
    """Give an organisation another password, end its connections, and return it; others keep theirs.

    Raises:
        EngineError: as above; `already-changing-secret`: somebody else does so at this moment;
            `unavailable-broker`: do it again, or `migrate`.
    """
    keys = Keys.create_missing(settings.keys_directory, profile=settings.profile)
    vhost = unquote(urlsplit(settings.required("amqp_url")).path[1:]) or "/"
    clock = SystemClock() if settings.clock == "system" else SimulatedClock(settings.state / "clock")
    async with _opened(settings) as pool:
        await _registered(pool, number)
        entry = AuditEntry(
            id=uuid4(),
            at=clock.now(),
            operator=by,
            act="change-broker-password",
            organisation=number,
            reason=reason,
        )
        await PostgresOperators(pool).record([entry])
        lanes = PostgresLanes(pool)
        before = (await lanes.lane(number)).secret_generation
        if not await lanes.change_secret(number, at=clock.now(), before=before):
            raise EngineError("already-changing-secret")
    password = keys.broker_password(number, before + 1)
    admin_url = settings.required("amqp_admin_url")
    async with BrokerAdmin(admin_url, vhost, tls=admin_tls(settings, admin_url)) as broker:
        await broker.shut_out(number)
        await broker.declare_organisation(number, password)
    return password


async def _registered(pool: asyncpg.Pool, number: str) -> None:
    if await PostgresRegistryStore(pool).organisation(number) is None:
        raise EngineError("no-such-organisation")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(settings.required("database_url"))
    try:
        yield pool
    finally:
        await pool.close()
