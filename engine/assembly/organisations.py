# SPDX-License-Identifier: Apache-2.0
"""What organisations meet: how they come on board, the ways to them, what they see of their own."""

import json
from datetime import timedelta
from functools import cached_property

import asyncpg
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.channels.secrets import WebhookSecrets
from connectors.channels.webhook import Webhooks
from connectors.channels.webhook_desk import WebhookDesk
from connectors.conformance.desk import NotedAccess, RehearsalDesk
from connectors.conformance.suite import Suite
from engine.assembly.ground import Ground, is_working_day
from engine.border.jwk import public_key, thumbprint
from engine.border.tokens import read_token
from engine.bus.amqp import AmqpBus
from engine.bus.embedded import EmbeddedBus
from engine.bus.tls import BrokerTls, tls_for
from engine.bus.topology import reply_queues
from engine.clock import SimulatedClock
from engine.keys import Keys
from engine.ports import Bus, Rehearsals
from engine.registry.access import OrganisationAccess
from engine.registry.acting_store import PostgresActing
from engine.registry.applications_postgres import PostgresApplications
from engine.runtime.agents import Agents
from engine.runtime.approvals import Approvals
from engine.runtime.case_keys import CaseKey
from engine.runtime.consumer import Consumer, Desk
from engine.runtime.feed import Feed
from engine.runtime.handover import Handover
from engine.runtime.key_desk import KeyDesk
from engine.runtime.moves import Moves
from engine.runtime.onboarding import Onboarding
from engine.runtime.own_organisation import OwnOrganisation
from engine.runtime.own_view import OwnView
from engine.runtime.publisher import Relay
from engine.runtime.representatives import Representatives
from engine.runtime.resealing import Resealing
from engine.runtime.sandbox import Sandbox
from engine.settings import Settings
from engine.store.handing import PostgresHanding
from engine.store.rehearsals import PostgresRehearsals
from engine.store.traffic import PostgresTraffic
from engine.web.doors import Access


class Organisations(Ground):
    """The parts that serve organisations."""

    @cached_property
    def rehearsals(self) -> Rehearsals:
        return PostgresRehearsals(self.pool)

    @cached_property
    def replies(self) -> Desk:
        if not self.settings.sandbox:
            return self.desk
        return RehearsalDesk(
            self.desk,
            store=self.rehearsals,
            opener=self.opener,
            directories=self.directories,
            documents=self.documents,
            clock=self.clock,
        )

    @cached_property
    def _applications(self) -> PostgresApplications:
        return PostgresApplications(self.pool)

    @cached_property
    def _names(self) -> CaseKey:
        return CaseKey(*self.keys.applicants)

    @cached_property
    def onboarding(self) -> Onboarding:
        return Onboarding(
            applications=self._applications,
            registry=self.registry,
            directories=self.directories,
            catalogue=self.catalogue,
            numbers=self.numbers,
            gate=self.gate,
            names=self._names,
            clock=self.clock,
        )

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(
            applications=self._applications,
            registry=self.registry,
            directories=self.directories,
            catalogue=self.catalogue,
            numbers=self.numbers,
            gate=self.gate,
            operators=self.operators,
            record=self.record,
            names=self._names,
            certifiers=_certifiers(self.settings, self.keys),
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def suite(self) -> Suite:
        return Suite(
            is_sandbox=self.settings.sandbox,
            store=self.rehearsals,
            registry=self.registry,
            approvals=self.approvals,
            bus=self.bus,
            bells=self.bells,
            catalogue=self.catalogue,
            signing=self.keys.signing,
            references_key=self.keys.references,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def sandbox(self) -> Sandbox:
        clock = self.clock if self.settings.sandbox else None
        return Sandbox(clock if isinstance(clock, SimulatedClock) else None)

    @cached_property
    def resealing(self) -> Resealing:
        return Resealing(
            store=self.store,
            operators=self.operators,
            handing=self._handing,
            registry=self.registry,
            directories=self.directories,
            intake=self.intake,
            bus=self.bus,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def _acting(self) -> PostgresActing:
        return PostgresActing(self.pool)

    @cached_property
    def _handing(self) -> PostgresHanding:
        return PostgresHanding(self.pool)

    @cached_property
    def handover(self) -> Handover:
        return Handover(
            acting=self._acting,
            handing=self._handing,
            store=self.store,
            directories=self.directories,
            intake=self.intake,
            moves=self.moves,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def agents(self) -> Agents:
        return Agents(
            acting=self._acting,
            registry=self.registry,
            directories=self.directories,
            catalogue=self.catalogue,
            numbers=self.numbers,
            gate=self.gate,
            handover=self.handover,
            operators=self.operators,
            record=self.record,
            clock=self.clock,
            ids=self.ids,
            is_sandbox=self.settings.sandbox,
        )

    @cached_property
    def own_view(self) -> OwnView:
        return OwnView(
            traffic=PostgresTraffic(self.pool),
            lanes=self.lanes,
            operators=self.operators,
            registry=self.registry,
            directories=self.directories,
            resealing=self.resealing,
            signing_key=self.keys.signing,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def _key_desk(self) -> KeyDesk:
        return KeyDesk(
            registry=self.registry,
            directories=self.directories,
            resealing=self.resealing,
            operators=self.operators,
            clock=self.clock,
            ids=self.ids,
            audience=self.settings.origin,
        )

    @cached_property
    def _representatives(self) -> Representatives:
        return Representatives(
            applications=self._applications,
            gate=self.gate,
            operators=self.operators,
            record=self.record,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def own(self) -> OwnOrganisation:
        return OwnOrganisation(
            keys=self._key_desk,
            traffic=self.own_view,
            representatives=self._representatives,
            registry=self.registry,
            directories=self.directories,
            operators=self.operators,
            clock=self.clock,
            ids=self.ids,
        )

    @cached_property
    def feed(self) -> Feed:
        return Feed(
            store=self.store,
            bells=self.bells,
            clock=self.clock,
            kept=timedelta(days=self.settings.feed_days),
            passages=self.passages,
        )

    @cached_property
    def _webhook_secrets(self) -> WebhookSecrets:
        return WebhookSecrets(self.keys.webhook_secrets, self.keys.webhook)

    @cached_property
    def webhooks(self) -> Webhooks:
        return Webhooks(
            lanes=self.lanes,
            directories=self.directories,
            replies=self.replies,
            line=self.line,
            signer=self._webhook_secrets.signer,
            clock=self.clock,
            bells=self.bells,
            is_working_day=is_working_day,
        )

    @cached_property
    def webhook_desk(self) -> WebhookDesk:
        return WebhookDesk(
            lanes=self.lanes,
            directories=self.directories,
            secrets=self._webhook_secrets,
            clock=self.clock,
        )

    @cached_property
    def moves(self) -> Moves:
        return Moves(
            open_bus=lambda: open_bus(self.settings, self.pool),
            lanes=self.lanes,
            directories=self.directories,
            clock=self.clock,
            passages=self.passages,
        )

    @cached_property
    def relay(self) -> Relay:
        return Relay(bus=self.bus, store=self.store, overflow=self.lanes, passages=self.passages)

    @cached_property
    def consumer(self) -> Consumer:
        return Consumer(bus=self.bus, desk=self.replies, queues=reply_queues())

    @cached_property
    def access(self) -> Access:
        access = OrganisationAccess(self.directories, self.clock, audience=self.settings.origin)
        if not self.settings.sandbox:
            return access
        return NotedAccess(
            access, store=self.rehearsals, clock=self.clock, number_in=lambda text: read_token(text).number
        )


def open_bus(settings: Settings, pool: asyncpg.Pool) -> Bus:
    """Return the bus of these settings, not yet connected; raises `invalid-settings`."""
    if settings.bus == "rabbitmq":
        url = settings.required("amqp_url")
        return AmqpBus(url, tls=broker_tls(settings, url))
    return EmbeddedBus(pool)


def broker_tls(settings: Settings, url: str) -> BrokerTls | None:
    """Return how the broker's line is secured; raises `invalid-settings`."""
    return tls_for(url, ca=settings.amqp_ca, certificate=settings.amqp_cert, key=settings.amqp_key)


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
