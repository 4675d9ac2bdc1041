# SPDX-License-Identifier: Apache-2.0
"""Both stores of who may act for whom keep the same promises."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from engine.core.errors import EngineError
from engine.identity.assistance import Assistance, Basis, Errand, FollowCode
from engine.identity.postgres import PostgresIdentityStore
from engine.identity.representation import Document, Kind, Representation, Scope
from engine.identity.standings import MemoryStandings, StandingStore, credential_of
from engine.identity.standings_postgres import PostgresStandings
from engine.identity.store import IdentityStore, MemoryIdentityStore

START = datetime(2026, 11, 9, 1, 2, 3, 456789, tzinfo=UTC)
HOUR = timedelta(hours=1)
CASE = UUID(int=0xCA5E)


@dataclass
class Office:
    """A store, and three people who are known in it."""

    persons: IdentityStore
    store: StandingStore
    staff: UUID
    citizen: UUID
    parent: UUID

    def assistance(self) -> Assistance:
        return Assistance(
            uuid4(), self.staff, self.citizen, Errand.OPEN, Basis.PASSPORT, "m", CASE, START, START + HOUR
        )

    def code(self, handle: str, case: UUID = CASE) -> FollowCode:
        until = START + timedelta(days=365)
        return FollowCode(handle, bytes(32), self.citizen, case, "m", self.staff, START, until)

    def representation(self) -> Representation:
        return Representation(
            id=uuid4(),
            representative=self.parent,
            represented=self.citizen,
            kind=Kind.PARENT,
            mark="m",
            document=Document.FAMILY_REGISTER,
            scope=Scope(("moving", "death"), ("move.nhk",)),
            begins_on=date(2026, 11, 9),
            ends_on=date(2030, 1, 1),
            basis=Basis.CARD_FACE,
            verified_by=self.staff,
            verified_at=START,
        )


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def office(dsn: str | None) -> AsyncIterator[Office]:
    if dsn is None:
        persons: IdentityStore = MemoryIdentityStore()
        yield await _peopled(persons, MemoryStandings(persons))
        return
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield await _peopled(PostgresIdentityStore(pool), PostgresStandings(pool))


async def _peopled(persons: IdentityStore, store: StandingStore) -> Office:
    people = [uuid4() for _ in range(3)]
    for one in people:
        await persons.new_person(one, START)
    return Office(persons, store, *people)


async def test_a_person_may_be_known_before_any_credential(office: Office) -> None:
    assert await office.persons.is_person(office.citizen)
    assert not await office.persons.is_person(uuid4())
    assert await office.persons.credentials(office.citizen) == frozenset()


async def test_a_visit_is_kept_and_ends_once(office: Office) -> None:
    given = office.assistance()
    await office.store.add_assistance(given)
    assert await office.store.assistance(given.id) == given

    await office.store.end_assistance(given.id, START + HOUR / 4)
    await office.store.end_assistance(given.id, START + HOUR / 2)

    assert await office.store.assistance(given.id) == replace(given, ended_at=START + HOUR / 4)
    assert await office.store.assistance(uuid4()) is None


async def test_nothing_is_kept_of_nobody(office: Office) -> None:
    with pytest.raises(EngineError, match="no-such-person"):
        await office.store.add_assistance(replace(office.assistance(), citizen=uuid4()))
    with pytest.raises(EngineError, match="no-such-person"):
        await office.store.issue_code(replace(office.code("A"), person=uuid4()))
    with pytest.raises(EngineError, match="no-such-person"):
        await office.store.add_representation(replace(office.representation(), represented=uuid4()))


async def test_a_case_has_one_code_at_a_time(office: Office) -> None:
    first, second, other = office.code("A"), office.code("B"), office.code("C", UUID(int=1))
    for one in (first, other, second):
        await office.store.issue_code(one)

    assert await office.store.code("A") == replace(first, ended_at=START)
    assert await office.store.code("B") == second
    assert await office.store.code("C") == other
    assert await office.store.code("D") is None
    assert await office.persons.owner(credential_of(second)) == office.citizen


async def test_all_codes_of_a_person_end_together(office: Office) -> None:
    for one in (office.code("A"), office.code("B"), office.code("C", UUID(int=1))):
        await office.store.issue_code(one)

    assert await office.store.end_codes(office.citizen, START + HOUR) == 2
    assert await office.store.end_codes(office.citizen, START + HOUR) == 0

    ended = await office.store.code("C")
    assert ended is not None
    assert ended.ended_at == START + HOUR


async def test_a_representation_is_found_by_both_and_revoked_once(office: Office) -> None:
    old, new = office.representation(), replace(office.representation(), verified_at=START + HOUR)
    for one in (old, new):
        await office.store.add_representation(one)

    assert await office.store.representation(old.id) == old
    for person in (office.parent, office.citizen):
        assert await office.store.representations_of(person) == [new, old]
    assert await office.store.representations_of(office.staff) == []

    assert await office.store.revoke_representation(old.id, by=office.citizen, at=START + HOUR)
    assert not await office.store.revoke_representation(old.id, by=office.parent, at=START + HOUR * 2)
    assert not await office.store.revoke_representation(uuid4(), by=office.parent, at=START)
    expected = replace(old, revoked_at=START + HOUR, revoked_by=office.citizen)
    assert await office.store.representation(old.id) == expected
