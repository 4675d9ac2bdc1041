# SPDX-License-Identifier: Apache-2.0
"""Both stores of applications keep the same promises."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.border.wire import Title
from engine.core.errors import EngineError
from engine.core.numbers import number_of_local_government
from engine.registry.applications import (
    Application,
    Applications,
    Decision,
    Invitation,
    Kind,
    MemoryApplications,
    State,
)
from engine.registry.applications_postgres import PostgresApplications
from engine.registry.model import Channel, Organisation
from engine.registry.model import Kind as OrganisationKind
from engine.registry.store import PostgresRegistryStore
from engine.store.pool import open_pool

NOW = datetime(2026, 11, 25, 1, 2, 3, 456789, tzinfo=UTC)
MURORAN = number_of_local_government("012050")
HANAKO, TARO = UUID(int=1), UUID(int=2)
DRAFT = Application(
    id=UUID(int=10),
    number=MURORAN,
    kind=Kind.ORGANISATION,
    person=HANAKO,
    state=State.DRAFT,
    asked={
        "name": {"ja": "室蘭市", "en": "Muroran"},
        "subscriptions": [{"slug": "move.water", "area": None}],
    },
    made_at=NOW,
)
LATER = replace(DRAFT, id=UUID(int=11), made_at=NOW + timedelta(hours=1), person=TARO)
APPROVED = Decision(
    state=State.APPROVED, at=NOW, by="operator:1", reason="照合した", checked="register-extract"
)
INVITATION = Invitation(
    code_hash=b"h" * 32, number=MURORAN, invited_by=HANAKO, invited_at=NOW, expires_at=NOW + timedelta(days=7)
)


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else None


@pytest.fixture
async def store(dsn: str | None) -> AsyncIterator[Applications]:
    if dsn is None:
        yield MemoryApplications()
        return
    pool = await open_pool(dsn)
    name = Title(ja="室蘭市", en="Muroran")
    city = Organisation(number=MURORAN, name=name, kind=OrganisationKind.MUNICIPALITY, channel=Channel.PULL)
    await PostgresRegistryStore(pool).put([city])
    yield PostgresApplications(pool)
    await pool.close()


async def test_a_draft_is_kept_as_it_was_asked(store: Applications) -> None:
    await store.draft(DRAFT)

    assert await store.application(DRAFT.id) == DRAFT
    assert await store.application(LATER.id) is None


async def test_lists_are_by_person_organisation_and_state_in_a_steady_order(store: Applications) -> None:
    await store.draft(DRAFT)
    await store.draft(LATER)

    assert await store.of_person(HANAKO, limit=10) == [DRAFT]
    assert await store.of_organisation(MURORAN, limit=10) == [LATER, DRAFT]
    assert await store.in_state(State.DRAFT, after=None, limit=1) == [DRAFT]
    assert await store.in_state(State.DRAFT, after=(DRAFT.made_at, DRAFT.id), limit=9) == [LATER]
    assert await store.in_state(State.APPLIED, after=None, limit=9) == []


async def test_it_is_signed_once_and_decided_once_and_then_the_name_is_gone(store: Applications) -> None:
    await store.draft(DRAFT)
    evidence = UUID(int=99)

    early = await store.decide(DRAFT.id, APPROVED, among=(State.APPLIED,))
    signed = await store.sign(DRAFT.id, evidence=evidence, applicant_sealed=b"sealed")
    again = await store.sign(DRAFT.id, evidence=UUID(int=98), applicant_sealed=b"other")
    before = await store.application(DRAFT.id)
    decided = await store.decide(DRAFT.id, APPROVED, among=(State.APPLIED,))
    twice = await store.decide(DRAFT.id, replace(APPROVED, state=State.REFUSED), among=(State.APPLIED,))
    after = await store.application(DRAFT.id)

    assert (early, signed, again, decided, twice) == (False, True, False, True, False)
    assert before is not None
    assert (before.state, before.evidence, before.applicant_sealed) == (State.APPLIED, evidence, b"sealed")
    assert after is not None
    assert (after.state, after.applicant_sealed, after.checked) == (State.APPROVED, None, "register-extract")
    assert (after.decided_by, after.reason, after.evidence) == ("operator:1", "照合した", evidence)


async def test_what_was_carried_out_is_known(store: Applications) -> None:
    await store.draft(DRAFT)

    await store.carried_out(DRAFT.id, at=NOW)

    assert await store.application(DRAFT.id) == replace(DRAFT, carried_out_at=NOW)


async def test_an_invitation_works_once_and_in_time(store: Applications) -> None:
    await store.invite(INVITATION)
    await store.invite(replace(INVITATION, code_hash=b"o" * 32))

    used = await store.use_invitation(b"h" * 32, person=TARO, at=NOW)

    assert used == INVITATION
    for code, at in ((b"h" * 32, NOW), (b"o" * 32, INVITATION.expires_at), (b"x" * 32, NOW)):
        with pytest.raises(EngineError, match="no-such-invitation"):
            await store.use_invitation(code, person=TARO, at=at)


async def test_the_newest_report_of_a_rehearsal_counts(store: Applications) -> None:
    assert await store.certification(MURORAN) is None

    await store.certify(MURORAN, {"passed": 1}, by="operator:1", at=NOW)
    await store.certify(MURORAN, {"passed": 2}, by="operator:1", at=NOW)

    assert await store.certification(MURORAN) == {"passed": 2}
