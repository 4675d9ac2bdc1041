# SPDX-License-Identifier: Apache-2.0
"""What hangs from a key is closed anew while everything runs; killed in the middle it is gone on with."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.assembly.rewrapping import Progress, columns_of, rewrap, under_way
from engine.commands import keys as command
from engine.core.errors import EngineError
from engine.identity.evidence import Bundle, EvidenceSeal
from engine.keys import Keys
from engine.keystore.files import FileStore
from engine.keystore.port import Place
from engine.runtime.case_keys import CaseKey, CaseKeys
from engine.runtime.onboarding import sealed_for
from engine.settings import Profile, Settings
from engine.store.pool import open_pool
from mailbox.intake import Envelope
from mailbox.letters import PersonKey, Ticket
from mailbox.sealing import Keyring
from mailbox.store import PostgresLetterStore

NOW = datetime(2026, 4, 1, tzinfo=UTC)
TREE = Path(__file__).resolve().parents[2]
# Dies without a word, as by a power cut, when two batches are done and a third is open.
KILLED = """
import asyncio, os, signal, sys
from engine.assembly.rewrapping import columns_of, rewrap
from engine.keys import Keys
from engine.keystore.files import FileStore
from engine.store.pool import open_pool
from pathlib import Path

def told(progress):
    if progress.seen == 20:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    pool = await open_pool(sys.argv[1])
    column = columns_of("mailbox", Keys.load(Path(sys.argv[2])))[0]
    await rewrap(pool, column, told=told, at_once=10)

asyncio.run(main())
"""


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, max_size=2)
    yield pool
    await pool.close()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    Keys.create_missing(tmp_path / "keys", profile=Profile.TEST)
    return FileStore(tmp_path / "keys")


def changed(store: FileStore, name: str) -> Keys:
    store.make(name, Place.NEXT)
    store.advance(name)
    return Keys.of(store)


async def boxes(pool: asyncpg.Pool, keyring: Keyring, count: int) -> dict[UUID, bytes]:
    """Return people with the key of their letters, by something it opens."""
    candidates = [PersonKey(uuid4(), one := uuid4(), keyring.new_person_key(one)) for _ in range(count)]
    await PostgresLetterStore(pool).ensure_person_keys(candidates)
    return {
        one.person: keyring.person(one.person, one.key_wrapped).seal(b"title", one.id) for one in candidates
    }


async def opens(pool: asyncpg.Pool, keyring: Keyring, people: dict[UUID, bytes]) -> int:
    store, count = PostgresLetterStore(pool), 0
    for person, sealed in people.items():
        kept = await store.person_key(person)
        assert kept is not None
        try:
            assert keyring.person(person, kept.key_wrapped).open(sealed, kept.id) == b"title"
        except EngineError:
            continue
        count += 1
    return count


async def test_rewrapping_that_is_killed_in_the_middle_loses_nobody_and_is_gone_on_with(
    pool: asyncpg.Pool, postgres_dsn: str, store: FileStore
) -> None:
    old = Keyring(Keys.of(store).mailbox)
    people = await boxes(pool, old, 45)
    keys = changed(store, "mailbox")
    both, new = Keyring(*keys.mailboxes), Keyring(keys.mailbox)

    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, postgres_dsn, str(store.directory), cwd=TREE,
        env={**os.environ, "PYTHONPATH": _path()},
    )  # fmt: skip

    assert await killed.wait() == -signal.SIGKILL
    assert (await opens(pool, new, people), await opens(pool, both, people)) == (20, 45)
    again = [await rewrap(pool, column, at_once=10) for column in columns_of("mailbox", keys)]
    assert again[0] == Progress("keys of people", seen=45, anew=25)
    assert (await opens(pool, new, people), await opens(pool, old, people)) == (45, 0)


async def test_who_is_erased_meanwhile_stays_erased_and_a_new_box_stays_new(
    pool: asyncpg.Pool, postgres_dsn: str, store: FileStore
) -> None:
    people = await boxes(pool, Keyring(Keys.of(store).mailbox), 3)
    keys = changed(store, "mailbox")
    column, keyring = columns_of("mailbox", keys)[0], Keyring(keys.mailbox)
    gone, anew_there = sorted(people)[:2]
    fresh = keyring.new_person_key(anew_there)

    async def meanwhile() -> None:
        connection = await asyncpg.connect(postgres_dsn)
        await connection.execute("delete from mailbox.person_keys where person = any($1)", [gone, anew_there])
        await connection.execute(
            "insert into mailbox.person_keys (id, person, key_wrapped) values ($1, $2, $3)",
            uuid4(), anew_there, fresh,
        )  # fmt: skip
        await connection.close()

    def anew(row: asyncpg.Record) -> bytes | str | None:
        if row["person"] == gone:  # between the reading and the writing
            asyncio.run(meanwhile())  # rows are closed anew in a thread of their own
        return column.anew(row)

    await rewrap(pool, replace(column, anew=anew))

    letters = PostgresLetterStore(pool)
    kept = await letters.person_key(anew_there)
    assert kept is not None
    assert kept.key_wrapped == fresh
    assert await letters.person_key(gone) is None
    assert await opens(pool, keyring, {one: people[one] for one in sorted(people)[2:]}) == 1


async def test_uploads_cases_evidence_and_names_follow_their_key(
    pool: asyncpg.Pool, store: FileStore
) -> None:
    before = Keys.of(store)
    case, evidence, application, blob = uuid4(), uuid4(), uuid4(), "ab" * 32
    _, wrapped = CaseKeys(before.case).new(case)
    bundle = Bundle(b"content", b"signature", b"root", b"status")
    sealed = EvidenceSeal(before.evidence[0]).seal(bundle, evidence, signed_at=NOW)
    name = CaseKey(before.applicants[0]).seal(sealed_for(application), "青森花子".encode())
    await _rows(
        pool, case=case, wrapped=wrapped, evidence=evidence, sealed=sealed, application=application, name=name
    )
    letters = PostgresLetterStore(pool)
    transit = Keyring(before.mailbox).wrap_for_transit(bytes(32), blob)
    await letters.add_ticket(Ticket("t_1", "1000020131016", 1, "cd" * 32, NOW, NOW, blob, transit))
    await letters.add_ticket(Ticket("t_2", "1000020131016", 1, "cd" * 32, NOW, NOW))
    changed(store, "mailbox")
    keys = changed(store, "case")

    done = [await rewrap(pool, column) for name in ("mailbox", "case") for column in columns_of(name, keys)]

    assert [(one.seen, one.anew, one.unreadable) for one in done] == [(0, 0, 0), *[(1, 1, 0)] * 4]
    ticket = await letters.ticket("t_1")
    assert ticket is not None
    assert Keyring(keys.mailbox).unwrap_from_transit(str(ticket.key_wrapped), blob) == bytes(32)
    row = await pool.fetchrow("select data_key_wrapped from engine.cases")
    CaseKeys(keys.case).open(case, row["data_key_wrapped"])
    row = await pool.fetchrow("select bundle_sealed from engine.evidence")
    assert EvidenceSeal(keys.evidence[0]).open(row["bundle_sealed"], evidence, signed_at=NOW) == bundle
    row = await pool.fetchrow("select applicant_sealed from engine.applications")
    assert (
        CaseKey(keys.applicants[0]).open(sealed_for(application), row["applicant_sealed"]).decode()
        == "青森花子"
    )


async def test_the_key_before_is_kept_as_long_as_something_needs_it(
    pool: asyncpg.Pool, postgres_dsn: str, store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Keyring(Keys.of(store).mailbox)
    await boxes(pool, old, 2)
    envelope = Envelope(
        id="l_1", type="jp.todoke.letter.deliver.v1", data_base64=old.seal_delivery("l_1", b"x")
    )
    await pool.execute(
        "insert into engine.outbox (destination, parcel_id, body) values ('letters', 'l_1', $1)",
        envelope.model_dump_json().encode(),
    )
    keys = changed(store, "mailbox")
    for name, value in (("STATE", str(tmp_path)), ("PROFILE", "test"), ("DATABASE_URL", postgres_dsn)):
        monkeypatch.setenv(f"TODOKE_{name}", value)

    with pytest.raises(EngineError, match="key-still-needed") as rows:
        await command._check_unneeded("mailbox")
    assert await command._rewrap("mailbox", writes=True) == 2
    with pytest.raises(EngineError, match="key-still-needed") as letters:
        await command._check_unneeded("mailbox")
    assert await under_way(pool, keys) == 1
    await pool.execute("delete from engine.outbox")
    await command._check_unneeded("mailbox")

    assert "2 rows" in str(rows.value.values["reason"])
    assert "1 letters" in str(letters.value.values["reason"])
    assert Settings.load().keys_directory == store.directory


async def _rows(
    pool: asyncpg.Pool,
    *,
    case: UUID,
    wrapped: bytes,
    evidence: UUID,
    sealed: bytes,
    application: UUID,
    name: bytes,
) -> None:
    person = uuid4()
    await pool.execute(
        "insert into engine.cases (id, event, state, version, owner, catalogue, opened_at, journal_seq,"
        " journal_hash, data_key_wrapped) values ($1, 'moving', 'draft', 1, $2, 'c', $3, 0, '', $4)",
        case, person, NOW, wrapped,
    )  # fmt: skip
    await pool.execute("insert into engine.persons (id, entered_at) values ($1, $2)", person, NOW)
    await pool.execute(
        "insert into engine.credentials (kind, issuer, serial, person, linked_at)"
        " values ('signature', 'i', 's', $1, $2)",
        person, NOW,
    )  # fmt: skip
    await pool.execute(
        "insert into engine.evidence (id, person, case_id, kind, issuer, serial, digest, signed_at, bundle_sealed)"
        " values ($1, $2, $3, 'signature', 'i', 's', $4, $5, $6)",
        evidence, person, case, bytes(32), NOW, sealed,
    )  # fmt: skip
    await pool.execute(
        "insert into engine.applications (id, number, kind, person, state, asked, made_at, applicant_sealed)"
        " values ($1, '1000020131016', 'organisation', $2, 'applied', '{}', $3, $4)",
        application, person, NOW, name,
    )  # fmt: skip


def _path() -> str:
    return os.pathsep.join([str(TREE), os.environ.get("PYTHONPATH", "")])
