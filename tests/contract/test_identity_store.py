# SPDX-License-Identifier: Apache-2.0
"""Both stores of the gate keep the same promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.core.errors import EngineError
from engine.identity.challenges import Challenge, Purpose
from engine.identity.postgres import PostgresIdentityStore
from engine.identity.store import (
    Credential,
    EvidenceRow,
    IdentityStore,
    Kept,
    Kind,
    Limit,
    LinkedBy,
    MemoryIdentityStore,
    Proof,
    SessionRow,
    Visit,
)

START = datetime(2026, 11, 9, 1, 2, 3, 456789, tzinfo=UTC)
HOUR = timedelta(hours=1)
CASE = UUID(int=0xCA5E)
CARD = Credential(Kind.LOGIN, "aa" * 20, "100001")
SIGNING = Credential(Kind.SIGNATURE, "bb" * 20, "100002")


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def store(dsn: str | None) -> AsyncIterator[IdentityStore]:
    if dsn is None:
        yield MemoryIdentityStore()
        return
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield PostgresIdentityStore(pool)


async def person(store: IdentityStore, credential: Credential = CARD) -> UUID:
    return await store.enter(credential, newcomer=uuid4(), at=START)


def challenge(**changes: object) -> Challenge:
    given = Challenge(uuid4(), Purpose.LOGIN, "https://todoke.example", bytes(32), START, START + HOUR)
    return replace(given, **changes)  # type: ignore[arg-type] # the tests name real fields


def session(owner: UUID, token_hash: bytes = b"hash", **changes: object) -> SessionRow:
    given = SessionRow(token_hash, owner, CARD, START, START, START + HOUR)
    return replace(given, **changes)  # type: ignore[arg-type] # the tests name real fields


def evidence(owner: UUID, **changes: object) -> EvidenceRow:
    given = EvidenceRow(uuid4(), owner, CASE, SIGNING, bytes(32), START, b"sealed")
    return replace(given, **changes)  # type: ignore[arg-type] # the tests name real fields


async def test_a_challenge_comes_back_as_it_was_kept(store: IdentityStore) -> None:
    owner = await person(store)
    plain = challenge()
    bound = challenge(purpose=Purpose.MANDATE, person=owner, digest=b"d" * 32)

    await store.add_challenge(plain)
    await store.add_challenge(bound)

    assert await store.challenge(plain.id) == (plain, False)
    assert await store.challenge(bound.id) == (bound, False)
    assert await store.challenge(uuid4()) is None


async def test_of_racing_uses_of_a_challenge_one_wins(store: IdentityStore) -> None:
    given = challenge()
    await store.add_challenge(given)

    won = await asyncio.gather(*(store.use_challenge(given.id, START) for _ in range(8)))

    assert sorted(won) == [False] * 7 + [True]
    assert await store.challenge(given.id) == (given, True)
    assert not await store.use_challenge(uuid4(), START)


async def test_a_credential_is_one_person_however_often_it_comes(store: IdentityStore) -> None:
    first = await person(store)

    assert await person(store) == first
    assert await store.credentials(first) == {CARD}


@pytest.mark.parametrize(
    "other",
    [replace(CARD, serial="100003"), replace(CARD, issuer="cc" * 20), replace(CARD, kind=Kind.SIGNATURE)],
)
async def test_any_other_credential_is_another_person(store: IdentityStore, other: Credential) -> None:
    assert await person(store, CARD) != await person(store, other)


async def test_a_card_that_comes_in_twice_at_once_makes_one_person(store: IdentityStore) -> None:
    owners = await asyncio.gather(*(person(store) for _ in range(8)))

    assert len(set(owners)) == 1
    assert not await store.grant(uuid4(), "operator", by="host", at=START)


async def test_a_credential_is_linked_once_and_stays(store: IdentityStore) -> None:
    first, second = await person(store), await person(store, replace(CARD, serial="2"))

    assert await store.link(SIGNING, person=first, at=START) == first
    assert await store.link(SIGNING, person=second, at=START) == first
    assert await store.enter(SIGNING, newcomer=uuid4(), at=START) == first
    assert await store.credentials(first) == {CARD, SIGNING}


async def test_nothing_is_kept_for_nobody(store: IdentityStore) -> None:
    with pytest.raises(EngineError, match="no-such-person"):
        await store.link(SIGNING, person=uuid4(), at=START)
    with pytest.raises(EngineError, match="no-such-person"):
        await store.add_session(session(uuid4()))


async def test_a_session_lives_until_it_is_ended(store: IdentityStore) -> None:
    given = session(await person(store))
    await store.add_session(given)

    assert await store.session(b"hash") == given
    await store.see_session(b"hash", START + HOUR)
    assert await store.session(b"hash") == replace(given, seen_at=START + HOUR)
    await store.end_session(b"hash")
    await store.end_session(b"hash")
    assert await store.session(b"hash") is None


async def test_all_sessions_of_a_person_end_together(store: IdentityStore) -> None:
    first, second = await person(store), await person(store, replace(CARD, serial="2"))
    for number, owner in enumerate((first, first, second)):
        await store.add_session(session(owner, b"hash%d" % number))

    assert await store.end_sessions(first) == 2
    assert await store.session(b"hash2") is not None


async def test_a_role_is_held_from_grant_to_withdrawal(store: IdentityStore) -> None:
    owner = await person(store)

    assert await store.grant(owner, "operator", by="host", at=START)
    assert await store.grant(owner, "operator", by="host", at=START)
    assert await store.roles(owner) == {"operator"}
    await store.withdraw(owner, "operator", by="host", at=START)
    assert await store.roles(owner) == frozenset()
    assert await store.grant(owner, "operator", by="host", at=START)
    assert await store.roles(owner) == {"operator"}
    assert not await store.grant(uuid4(), "operator", by="host", at=START)


async def test_evidence_its_challenge_and_its_credential_go_together(store: IdentityStore) -> None:
    owner, offer = await person(store), challenge(purpose=Purpose.MANDATE)
    await store.add_challenge(offer)
    given = evidence(owner)

    assert await store.keep_evidence(given, challenge=offer.id, at=START) is Kept.KEPT
    assert await store.evidence(given.id) == given
    assert await store.evidence_of(given.case_id, person=owner, digest=given.digest) == given
    assert await store.evidence_of(given.case_id, person=uuid4(), digest=given.digest) is None
    assert await store.evidence_of(uuid4(), person=owner, digest=given.digest) is None
    assert await store.evidence_of(given.case_id, person=owner, digest=b"other") is None
    assert await store.credentials(owner) == {CARD, SIGNING}
    assert await store.challenge(offer.id) == (offer, True)


async def test_one_offer_gives_one_evidence(store: IdentityStore) -> None:
    owner, offer = await person(store), challenge(purpose=Purpose.MANDATE)
    await store.add_challenge(offer)

    kept = await asyncio.gather(
        *(store.keep_evidence(evidence(owner), challenge=offer.id, at=START) for _ in range(6))
    )

    assert sorted(kept) == [Kept.KEPT, *[Kept.USED] * 5]
    assert await store.keep_evidence(evidence(owner), challenge=uuid4(), at=START) is Kept.USED


async def test_evidence_with_another_persons_certificate_leaves_no_trace(store: IdentityStore) -> None:
    owner, other = await person(store), await person(store, SIGNING)
    offer = challenge(purpose=Purpose.MANDATE)
    await store.add_challenge(offer)
    given = evidence(owner)

    assert await store.keep_evidence(given, challenge=offer.id, at=START) is Kept.ANOTHER_PERSON
    assert await store.evidence(given.id) is None
    assert await store.challenge(offer.id) == (offer, False)
    assert await store.credentials(other) == {SIGNING}


async def test_only_what_is_over_is_forgotten(store: IdentityStore) -> None:
    owner = await person(store)
    old, new = challenge(), challenge(expires_at=START + 3 * HOUR)
    for given in (old, new):
        await store.add_challenge(given)
    await store.add_session(session(owner, b"old"))
    await store.add_session(session(owner, b"new", expires_at=START + 3 * HOUR))

    assert await store.forget(before=START + 2 * HOUR) == 2
    assert await store.challenge(old.id) is None
    assert await store.challenge(new.id) is not None
    assert await store.session(b"old") is None
    assert await store.session(b"new") is not None


async def test_a_store_out_of_reach_says_so(postgres_dsn: str) -> None:
    pool = await asyncpg.create_pool(postgres_dsn, min_size=1, max_size=1)
    store = PostgresIdentityStore(pool)
    await pool.close()

    with pytest.raises(EngineError) as refused:
        await store.session(b"hash")

    assert (refused.value.code, refused.value.status) == ("unavailable", 503)


async def kept(store: IdentityStore, owner: UUID, *, signed_at: datetime) -> EvidenceRow:
    offer, given = challenge(purpose=Purpose.MANDATE), replace(evidence(owner), signed_at=signed_at)
    await store.add_challenge(offer)
    assert await store.keep_evidence(given, challenge=offer.id, at=START) is Kept.KEPT
    return given


async def test_signatures_wait_oldest_first_and_are_settled_once(store: IdentityStore) -> None:
    owner = await person(store)
    rows = [await kept(store, owner, signed_at=START + hours * HOUR) for hours in (2, 1, 1, 5)]
    first = (START - HOUR, UUID(int=0))

    waiting = await store.waiting_evidence(before=START + 4 * HOUR, after=first, limit=2)
    place = (waiting[-1].signed_at, waiting[-1].id)
    rest = await store.waiting_evidence(before=START + 4 * HOUR, after=place, limit=2)

    assert {row.id for row in waiting} == {rows[1].id, rows[2].id}
    assert [row.id for row in rest] == [rows[0].id]
    settled = [
        await store.settle_evidence(rows[0].id, proof, bundle_sealed=b"newer", at=START)
        for proof in (Proof.SETTLED, Proof.UNDONE)
    ]
    assert settled == [True, False]
    assert await store.evidence(rows[0].id) == replace(
        rows[0], standing=Proof.SETTLED, bundle_sealed=b"newer"
    )
    assert await store.waiting_evidence(before=START + 4 * HOUR, after=place, limit=2) == []
    assert await store.evidence_by_standing() == {Proof.SETTLED: 1, Proof.WAITING: 3}
    assert not await store.settle_evidence(uuid4(), Proof.SETTLED, bundle_sealed=b"", at=START)


async def test_a_credential_has_an_owner_once_it_is_linked(store: IdentityStore) -> None:
    owner = await person(store)
    app = Credential(Kind.APP, "https://app.example", "name-here")

    assert (await store.owner(CARD), await store.owner(app)) == (owner, None)
    assert await store.link(app, person=owner, at=START, by=LinkedBy.MAPPING) == owner
    assert await store.owner(app) == owner


async def test_a_session_is_proven_again(store: IdentityStore) -> None:
    given = session(await person(store))
    await store.add_session(given)

    await store.renew_session(b"hash", START + HOUR)
    await store.renew_session(b"nobody's", START)

    assert await store.session(b"hash") == replace(given, authenticated_at=START + HOUR)


def visit(**changes: object) -> Visit:
    given = Visit(b"state", b"browser", Purpose.LOGIN, "nonce", "verifier", START + HOUR)
    return replace(given, **changes)  # type: ignore[arg-type] # the tests name real fields


async def test_a_visit_is_taken_once_in_time_by_the_browser_that_went(store: IdentityStore) -> None:
    owner = await person(store)
    whole = visit(purpose=Purpose.MANDATE, person=owner, content=b"text", transaction="t")
    await store.add_visit(whole)

    assert await store.take_visit(b"state", b"other", START) is None
    assert await store.take_visit(b"other", b"browser", START) is None
    assert await store.take_visit(b"state", b"browser", START + HOUR) is None
    taken = await asyncio.gather(*(store.take_visit(b"state", b"browser", START) for _ in range(5)))
    assert [one for one in taken if one is not None] == [whole]


async def test_visits_that_are_over_are_forgotten(store: IdentityStore) -> None:
    await store.add_visit(visit())

    assert await store.forget(before=START) == 0
    assert await store.forget(before=START + 2 * HOUR) == 1


LIMIT = Limit(failures=3, window=HOUR, locked=2 * HOUR)


async def test_failures_lock_at_the_limit_and_until_then(store: IdentityStore) -> None:
    for _ in range(2):
        await store.add_failure(b"name", LIMIT, at=START)
    assert await store.locked_until([b"name"], START) is None
    await store.add_failure(b"name", LIMIT, at=START)

    assert await store.locked_until([b"other", b"name"], START) == START + 2 * HOUR
    assert await store.locked_until([b"name"], START + 2 * HOUR) is None
    assert await store.locked_until([], START) is None
    await store.clear_failures([b"name"])
    assert await store.locked_until([b"name"], START) is None


async def test_old_failures_do_not_count(store: IdentityStore) -> None:
    for hours in (0, 2, 4, 6):
        await store.add_failure(b"name", LIMIT, at=START + hours * HOUR)

    assert await store.locked_until([b"name"], START + 6 * HOUR) is None


async def test_failures_at_once_are_all_counted(store: IdentityStore) -> None:
    await asyncio.gather(*(store.add_failure(b"name", LIMIT, at=START) for _ in range(3)))

    assert await store.locked_until([b"name"], START) is not None


async def test_refusals_are_added_up_by_day_and_code(store: IdentityStore) -> None:
    day = START.date()
    await store.add_refusals(day, {"status-revoked": 2, "signature-invalid": 1})
    await store.add_refusals(day, {"signature-invalid": 4})
    await store.add_refusals(day - timedelta(days=9), {"status-revoked": 1})
    await store.add_refusals(day, {})

    assert await store.refusals(since=day - timedelta(days=1)) == [
        (day, "signature-invalid", 5),
        (day, "status-revoked", 2),
    ]
    assert len(await store.refusals(since=day - timedelta(days=9))) == 3


async def test_undone_signatures_are_answered_once_and_the_unanswered_come_first(
    store: IdentityStore,
) -> None:
    owner = await person(store)
    rows = [await kept(store, owner, signed_at=START + hours * HOUR) for hours in (1, 2, 3)]
    for row, proof in zip(rows, (Proof.UNDONE, Proof.UNDONE, Proof.SETTLED), strict=True):
        await store.settle_evidence(row.id, proof, bundle_sealed=b"newer", at=START)

    await store.answer_undone(rows[0].id, START + HOUR)
    await store.answer_undone(rows[0].id, START + 2 * HOUR)
    await store.answer_undone(rows[2].id, START)

    found = await store.undone_evidence(limit=10)
    assert [(one.evidence, one.case_id, one.signed_at, one.answered_at) for one in found] == [
        (rows[1].id, rows[1].case_id, rows[1].signed_at, None),
        (rows[0].id, rows[0].case_id, rows[0].signed_at, START + HOUR),
    ]
    assert await store.undone_evidence(limit=1) == found[:1]


async def test_a_person_finds_their_own_signatures_of_a_case_and_no_others(store: IdentityStore) -> None:
    owner = await person(store)
    rows = [await kept(store, owner, signed_at=START + hours * HOUR) for hours in (2, 1)]

    assert [one.id for one in await store.signatures_of(owner, rows[0].case_id)] == [rows[1].id, rows[0].id]
    assert await store.signatures_of(owner, uuid4()) == []
    assert await store.signatures_of(uuid4(), rows[0].case_id) == []
