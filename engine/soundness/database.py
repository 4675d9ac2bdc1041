# SPDX-License-Identifier: Apache-2.0
"""What can be unsafe about the database: each look is a function of what was found there."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from engine.settings import Profile
from engine.soundness.findings import Finding
from engine.soundness.place import clocks
from engine.store.examination import DatabaseState

_OLDEST: Final = 150_000  # the owner of a database may write into its schema `public` from 15 on
_CONNECTIONS: Final = 60  # five roles of 10, and somebody who looks
_OUTBOX: Final = timedelta(minutes=15)
_SKEW: Final = timedelta(seconds=2)
_INVENTED: Final = "999999"  # after the check digit; no register of corporations gives such a number


def durability(found: DatabaseState) -> Iterator[Finding]:
    """Find settings under which a commit is no promise."""
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if found.settings[name] == "off":
            yield Finding(f"{name.replace('_', '-')}-off")
    if found.settings["data_checksums"] == "off":
        yield Finding("checksums-off")


def server(found: DatabaseState) -> Iterator[Finding]:
    """Find a server that is too old or too small."""
    if found.version < _OLDEST:
        yield Finding("old-postgresql", f"{found.version // 10_000}")
    free = int(found.settings["max_connections"]) - int(found.settings["superuser_reserved_connections"])
    if free < _CONNECTIONS:
        yield Finding("few-connections", f"{free} of {_CONNECTIONS}")


def role(found: DatabaseState, profile: Profile) -> Iterator[Finding]:
    """Find a role that may do more than own its tables; in a rehearsal that is so."""
    if found.is_superuser and profile is Profile.PRODUCTION:
        yield Finding("database-superuser")


def migrations(found: DatabaseState) -> Iterator[Finding]:
    """Find tables of another version."""
    if found.pending:
        yield Finding("migrations-pending", ", ".join(found.pending))
    if found.foreign:
        yield Finding("migrations-foreign", ", ".join(found.foreign))


def clock(found: DatabaseState) -> Iterator[Finding]:
    """Find clocks of ours and of the database that differ."""
    yield from clocks(found.ahead, to="the database", allowed=_SKEW)


def backlog(found: DatabaseState) -> Iterator[Finding]:
    """Find what lies there and should not."""
    if found.parked:
        yield Finding("parked", str(found.parked))
    if found.oldest_in_outbox is not None and found.oldest_in_outbox > _OUTBOX:
        yield Finding("outbox-old", f"{found.oldest_in_outbox.total_seconds() / 60:.0f} minutes")


def organisations(found: DatabaseState, profile: Profile) -> Iterator[Finding]:
    """Find simulators among those who would be sent real filings."""
    if profile is Profile.PRODUCTION:
        invented = [number for number in found.registered if number[1:7] == _INVENTED]
        yield from (Finding("simulated-organisation", number) for number in invented)


def all_of(found: DatabaseState, profile: Profile) -> Iterator[Finding]:
    """Find all of it."""
    yield from durability(found)
    yield from server(found)
    yield from role(found, profile)
    yield from migrations(found)
    yield from clock(found)
    yield from backlog(found)
    yield from organisations(found, profile)
