# SPDX-License-Identifier: Apache-2.0
"""What can be unsafe on this machine: settings, keys, trust store, vault, clock."""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from engine.core.errors import EngineError
from engine.identity.profiles import Environment
from engine.identity.trust import Root, TrustStore, TrustStoreError
from engine.keys import Keys
from engine.settings import Profile, Settings, unknown_variables
from engine.soundness.findings import Finding

SOON: Final = timedelta(days=180)
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


def keys(settings: Settings) -> Iterator[Finding]:
    """Find keys that are missing, open to others, or none; in a rehearsal they are made when needed."""
    path = settings.keys_directory
    if not path.exists() and settings.profile is not Profile.PRODUCTION:
        return
    try:
        Keys.load(path)
    except EngineError as error:
        yield Finding("keys-unusable", str(error.values.get("reason", "")))
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
