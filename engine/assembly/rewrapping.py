# SPDX-License-Identifier: Apache-2.0
"""What hangs from each key at rest, and how it is closed anew while everything runs.

Row by row, in the order of their ids: what the key in use does not open is opened with another one and
closed with it. Each batch is one transaction and replaces only what nobody changed meanwhile. So it may
be killed at any point and begun again, and may run twice at once: what is done is found done.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from engine.core.errors import EngineError
from engine.identity.evidence import EvidenceSeal
from engine.keys import Keys
from engine.runtime.case_keys import CaseKey, CaseKeys
from engine.runtime.onboarding import sealed_for
from engine.store.pool import translated
from mailbox.sealing import Keyring

AT_ONCE: Final = 200
REWRAPPED: Final = ("case", "mailbox")  # the keys that close what is kept for long
_UNREADABLE: Final = frozenset({"unreadable-key", "unreadable-case", "no-such-evidence"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of closed values: `anew` returns one closed with the key in use, None where it is."""

    name: str
    table: str
    key: str
    closed: str
    anew: Callable[[Any], bytes | str | None]
    kind: str = "bytea"
    first: object = UUID(int=0)
    also: str = ""

    @property
    def page(self) -> str:
        """The statement that reads some rows after an id."""
        besides = f", {self.also}" if self.also else ""
        return (
            f"select {self.key}, {self.closed}{besides} from {self.table}"  # noqa: S608 - our own names
            f" where {self.key} > $1 and {self.closed} is not null order by {self.key} limit $2"
        )

    @property
    def replace(self) -> str:
        """The statement that puts the new values in the place of the old, where these still stand."""
        ids = "text" if isinstance(self.first, str) else "uuid"
        return (
            f"update {self.table} as row set {self.closed} = given.new"  # noqa: S608 - our own names
            f" from unnest($1::{ids}[], $2::{self.kind}[], $3::{self.kind}[]) as given (id, old, new)"
            f" where row.{self.key} = given.id and row.{self.closed} = given.old"
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one column is: rows looked at, closed anew, and opened by no key there is."""

    name: str
    seen: int = 0
    anew: int = 0
    unreadable: int = 0


def columns_of(name: str, keys: Keys) -> list[Column]:
    """Return all that hangs from a key; raises `no-such-own-key` for one from which nothing does."""
    match name:
        case "mailbox":
            return _of_mailbox(Keyring(*keys.mailboxes))
        case "case":
            return _of_case(keys)
    raise EngineError("no-such-own-key", name=name)


async def rewrap(
    pool: asyncpg.Pool,
    column: Column,
    *,
    told: Callable[[Progress], None] = lambda _: None,
    at_once: int = AT_ONCE,
    writes: bool = True,
) -> Progress:
    """Return how many were closed anew (without `writes`: would have to be), once that is durable.

    `told` hears after each batch.

    Raises:
        StoreConflict, StoreUnavailable: begin again; what was done stays done.
    """
    after, so_far = column.first, Progress(column.name)
    while True:
        with translated():
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(column.page, after, at_once)
                found, unreadable = await asyncio.to_thread(_closed_anew, column, rows)
                if found and writes:
                    await connection.execute(column.replace, *zip(*found, strict=True))
        if not rows:
            return so_far
        after = rows[-1][column.key]
        so_far = Progress(
            column.name,
            so_far.seen + len(rows),
            so_far.anew + len(found),
            so_far.unreadable + unreadable,
        )
        told(so_far)


async def under_way(pool: asyncpg.Pool, keys: Keys) -> int:
    """Return how many letters lie in the outbox or aside that the mailbox key in use does not open."""
    keyring = Keyring(*keys.mailboxes)
    with translated():
        waiting = await pool.fetch("select body from engine.outbox where destination = 'letters'")
        aside = await pool.fetch(
            "select unnest(events) as body from engine.parked"
            " where where_from in ('letters', 'todoke.letters') and resolved_at is null"
        )
    return sum(not _is_current(row["body"], keyring) for row in (*waiting, *aside))


def _closed_anew(column: Column, rows: Sequence[Any]) -> tuple[list[tuple[object, object, object]], int]:
    found: list[tuple[object, object, object]] = []
    unreadable = 0
    for row in rows:
        try:
            new = column.anew(row)
        except EngineError as error:
            if error.code not in _UNREADABLE:
                raise
            unreadable += 1
            log.warning("key.unreadable", extra={"column": column.name, "row": str(row[column.key])})
            continue
        if new is not None:
            found.append((row[column.key], row[column.closed], new))
    return found, unreadable


def _of_mailbox(keyring: Keyring) -> list[Column]:
    return [
        Column(
            "keys of people",
            "mailbox.person_keys",
            "person",
            "key_wrapped",
            lambda row: keyring.person_anew(row["person"], row["key_wrapped"]),
        ),
        Column(
            "uploaded documents",
            "mailbox.upload_tickets",
            "id",
            "key_wrapped",
            lambda row: keyring.transit_anew(row["key_wrapped"], row["blob"]),
            kind="text",
            first="",
            also="blob",
        ),
    ]


def _of_case(keys: Keys) -> list[Column]:
    cases, evidence, names = CaseKeys(*keys.cases), EvidenceSeal(*keys.evidence), CaseKey(*keys.applicants)
    return [
        Column(
            "keys of cases",
            "engine.cases",
            "id",
            "data_key_wrapped",
            lambda row: cases.anew(row["id"], row["data_key_wrapped"]),
        ),
        Column(
            "evidence",
            "engine.evidence",
            "id",
            "bundle_sealed",
            lambda row: evidence.anew(row["bundle_sealed"], row["id"], signed_at=row["signed_at"]),
            also="signed_at",
        ),
        Column(
            "names of applicants",
            "engine.applications",
            "id",
            "applicant_sealed",
            lambda row: names.anew(sealed_for(row["id"]), row["applicant_sealed"]),
        ),
    ]


def _is_current(event: bytes, keyring: Keyring) -> bool:
    try:
        envelope = json.loads(event)
        return keyring.has_sealed(envelope["id"], envelope["data_base64"])
    except (ValueError, KeyError, TypeError):
        return True  # no key opens it, so none is missed
