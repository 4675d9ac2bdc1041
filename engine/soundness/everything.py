# SPDX-License-Identifier: Apache-2.0
"""All looks at one set-up, in the order in which one would put things right."""

import os
from urllib.parse import unquote, urlsplit

import aiohttp

from engine.assembly.ground import ENVIRONMENTS
from engine.broker_users import admin_tls
from engine.bus.admin import BrokerAdmin
from engine.clock import SystemClock
from engine.core.errors import EngineError
from engine.identity.trust import MANIFEST, TrustStore, TrustStoreError
from engine.ports import StoreUnavailable
from engine.settings import Profile, Settings
from engine.soundness import broker, database, line, place
from engine.soundness.findings import Finding
from engine.store.examination import examine


async def everything(*, ask_outside: bool, time_from: str | None) -> list[Finding]:
    """Return all that was found; nothing is changed.

    Other machines than database and broker are asked only where it is wanted: `ask_outside`, `time_from`.
    """
    found = list(place.slips(os.environ))
    try:
        settings = Settings.load()
    except EngineError as error:
        return [*found, Finding("invalid-settings", str(error.values.get("reason", "")))]
    found += place.addresses(settings)
    found += place.keys(settings, now=SystemClock().now())
    found += place.vault(settings)
    found += _trust(settings)
    found += await _database(settings)
    found += await _broker(settings)
    if ask_outside:
        found += await _revocation(settings)
    if time_from is not None:
        async with aiohttp.ClientSession() as session:
            found += [one async for one in line.time_of(session, time_from)]
    return found


def _trust(settings: Settings) -> list[Finding]:
    folder, environment = settings.trust or settings.state / "trust", ENVIRONMENTS[settings.profile]
    is_made = (folder / environment.value / MANIFEST).exists()
    if settings.trust is None and settings.profile is not Profile.PRODUCTION and not is_made:
        return []  # an embedded rehearsal has an authority of its own, and keeps no store
    return list(place.trust_store(folder, environment, now=SystemClock().now()))


async def _database(settings: Settings) -> list[Finding]:
    if settings.database_url is None:
        return []  # the embedded one is set up by us
    try:
        state = await examine(settings.database_url.get_secret_value())
    except StoreUnavailable as error:
        return [Finding("database-unreachable", str(error))]
    return list(database.all_of(state, settings.profile))


async def _broker(settings: Settings) -> list[Finding]:
    if settings.bus != "rabbitmq":
        return []
    if settings.amqp_admin_url is None:
        return [Finding("broker-not-looked-at")]
    url = settings.amqp_admin_url.get_secret_value()
    vhost = unquote(urlsplit(settings.required("amqp_url")).path[1:]) or "/"
    try:
        async with BrokerAdmin(url, vhost, tls=admin_tls(settings, url)) as admin:
            return [one for look in broker.LOOKS async for one in look(admin)]
    except EngineError as error:
        return [Finding("broker-unreachable", error.code)]


async def _revocation(settings: Settings) -> list[Finding]:
    try:
        store = TrustStore.load(settings.trust or settings.state / "trust", ENVIRONMENTS[settings.profile])
    except TrustStoreError:
        return []  # it was found already
    return [one async for one in line.revocation(store)]
