# SPDX-License-Identifier: Apache-2.0
"""What can be unsafe on this machine: settings, keys, trust store, vault, clock."""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from engine.core.errors import EngineError
from engine.identity.profiles import Environment
from engine.identity.trust import Root, TrustStore, TrustStoreError
from engine.keys import Keys, open_store
from engine.keystore.port import Held, Place
from engine.settings import Profile, Settings, unknown_variables
from engine.soundness.findings import Finding

SOON: Final = timedelta(days=180)
_DUE: Final = timedelta(days=730)  # NIST SP 800-57 Part 1, 5.3.6: one to three years, by kind
_OVERLAP: Final = timedelta(days=100)  # uploads wait 90 days at most
_PREPARED: Final = timedelta(days=30)
_FREE_BYTES: Final = 1_000_000_000
_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on


def slips(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Find variables that look like ours and are none."""
    yield from (Finding("unknown-variable", name) for name in unknown_variables(environment))


def addresses(settings: Settings) -> Iterator[Finding]:
    """Find lines that others can read, of an installation for real people."""
    if settings.profile is not Profile.PRODUCTION:
        return
    if settings.public_url is None:
        yield Finding("public-url-missing")
    if settings.host in _EVERYWHERE:
        yield Finding("listens-everywhere", settings.listen)
    broker = settings.amqp_url.get_secret_value() if settings.amqp_url else ""
    if broker.startswith("amqp:") and not _is_here(urlsplit(broker).hostname):
        yield Finding("broker-without-tls", str(urlsplit(broker).hostname))
    database = settings.database_url.get_secret_value() if settings.database_url else ""
    if database and not _is_here(urlsplit(database).hostname) and not _is_verified(database):
        yield Finding("database-without-tls", str(urlsplit(database).hostname))


def keys(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Find keys that are missing, open to others, or none; in a rehearsal they are made when needed."""
    path = settings.keys_directory
    if settings.keys_token is None:
        if not path.exists() and settings.profile is not Profile.PRODUCTION:
            return
        if settings.profile is Profile.PRODUCTION:
            yield Finding("keys-in-files", str(path))
    try:
        store = open_store(settings)
        Keys.of(store)
        yield from _changes(store.held(), now)
    except EngineError as error:
        code = "keys-unreachable" if error.code == "unavailable-keys" else "keys-unusable"
        yield Finding(code, str(error.values.get("reason", "")))
    if path.is_dir() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IRWXO):
        yield Finding("keys-directory-open", str(path))


def trust_store(path: Path, environment: Environment, *, now: datetime) -> Iterator[Finding]:
    """Find a trust store that is not for this profile, roots near their end, and no way to ask."""
    try:
        store = TrustStore.load(path, environment)
    except TrustStoreError as error:
        yield Finding("trust-unusable", str(error))
        return
    for root in store.roots:
        yield from _of_root(root, now)
    for one in store.tsa_authorities:
        if not one.is_asked:
            yield Finding("tsa-revocation-unknown", one.key_id[:16])


def vault(settings: Settings) -> Iterator[Finding]:
    """Find a vault that cannot be written to, or will soon be full."""
    path = settings.documents_directory
    there = next(place for place in (path, *path.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding("documents-unwritable", str(there))
    free = shutil.disk_usage(there).free
    if free < _FREE_BYTES:
        yield Finding("disk-nearly-full", f"{there}: {free // 1_000_000} MB")


def clocks(difference: timedelta, *, to: str, allowed: timedelta) -> Iterator[Finding]:
    """Find a clock that is off: one-time passwords, time stamps and deadlines depend on it."""
    if abs(difference) > allowed:
        yield Finding("clock-skew", f"{difference.total_seconds():+.1f} s to {to}")


def _changes(held: Sequence[Held], now: datetime) -> Iterator[Finding]:
    """Find keys that are due for a change, and changes that nobody finished."""
    age = {(one.name, one.place): now - one.made_at for one in held if one.made_at is not None}
    there = {(one.name, one.place) for one in held}
    for (name, place), old in age.items():
        if place is Place.NEXT and old > _PREPARED:
            yield Finding("key-change-unfinished", f"{name}: prepared {old.days} days ago")
        if place is not Place.CURRENT or name == "references":
            continue
        if (name, Place.PREVIOUS) in there and old > _OVERLAP:
            yield Finding("key-change-unfinished", f"{name}: the previous one is still there")
        if old > _DUE:
            yield Finding("key-due", f"{name}: {old.days} days")


def _of_root(root: Root, now: datetime) -> Iterator[Finding]:
    name = f"{root.use.value} {root.key_id[:16]}"
    ends = root.certificate.not_valid_after_utc
    if ends <= now:
        yield Finding("root-ended", f"{name}: {ends:%Y-%m-%d}")
    elif ends - now < SOON:
        yield Finding("root-ends-soon", f"{name}: {ends:%Y-%m-%d}")
    if root.ocsp_url is None and not root.crl_urls:
        yield Finding("revocation-unknown", name)


def _is_here(host: str | None) -> bool:
    if host in {None, "", "localhost"}:
        return True
    try:
        return ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _is_verified(url: str) -> bool:
    return parse_qs(urlsplit(url).query).get("sslmode") == ["verify-full"]
