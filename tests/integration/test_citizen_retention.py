# SPDX-License-Identifier: Apache-2.0
"""What a case holds comes to an end: by the owner's word or in due time, and then nobody reads it again."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk import Connector
from engine.border.tokens import organisation_token
from engine.core import messages as m
from engine.core.errors import EngineError
from engine.core.lifecycle import CaseState
from engine.ports import CareStore, StoredCase
from engine.runtime.case_keys import CaseKeys
from engine.runtime.own_view import deletion_receipt
from engine.runtime.retention import Retention
from engine.store.care import PostgresCare
from engine.store.postgres import PostgresStore
from mailbox.letters import Notice
from mailbox.store import PostgresLetterStore
from tests.integration.citizen_ground import ELECTRICITY, Desk, desk, refused
from tests.journeys.household import CANARIES

_TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('engine', 'mailbox')
"""
_WORDS = {"ja": "氏名が異なります　見本花子", "en": "the name differs"}


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(postgres_dsn, tmp_path) as one:
        yield one


class Interrupted(PostgresCare):
    """Where a document came in before the first erasure, after the journal had been read."""

    times = 1

    async def erase(
        self, case_id: UUID, left: Sequence[tuple[int, str]], *, journal_seq: int, at: datetime
    ) -> bool:
        self.times -= 1
        read = journal_seq if self.times < 0 else journal_seq - 1
        return await super().erase(case_id, left, journal_seq=read, at=at)


def timekeeper(office: Desk, kept: timedelta, *, care: CareStore | None = None) -> Retention:
    """Return what erases in due time, with another time."""
    engine = office.here.engine
    return Retention(
        cases=engine.counter,
        store=engine.store,
        care=care or PostgresCare(engine.pool),
        keys=CaseKeys(engine.keys.case),
        certificates=engine.care.certificates,
        purposes=engine.own.traffic,
        clock=engine.clock,
        kept=kept,
        unconfirmed_kept=kept,
    )


async def dumped(office: Desk) -> str:
    """Return every row of every table as text; bytes are in hexadecimal."""
    pool, rows = office.here.engine.pool, []
    for table in await pool.fetch(_TABLES):
        rows += [row[0] for row in await pool.fetch(f"select t::text from {table[0]} t")]  # noqa: S608
    return "\n".join(rows)


async def test_after_erasure_nothing_personal_can_be_read_in_the_whole_database(office: Desk) -> None:
    engine, case_id = office.here.engine, UUID(office.case_id)
    await office.replies(ELECTRICITY, m.Refused, code="no", reason=_WORDS, correctable=True)
    await office.finish()
    before = await engine.store.case(case_id)
    assert before is not None
    assert before.data_key_wrapped is not None
    key = CaseKeys(engine.keys.case).open(case_id, before.data_key_wrapped)
    sealed = await engine.store.sealed_contents(case_id)
    assert sealed is not None
    readable = key.open("contents", sealed).decode()
    assert [one for one in CANARIES if one in readable]  # the witness: with the key it could be read

    await office.citizen.say("DELETE", office.path)

    text = await dumped(office)
    assert before.data_key_wrapped.hex() not in text
    needles = [*CANARIES, *_WORDS.values()]
    assert not [one for one in needles if one in text or one.encode().hex() in text]
    assert not [one for one in needles if json.dumps(one)[1:-1] in text]
    after = await engine.store.case(case_id)
    assert after is not None
    with pytest.raises(EngineError, match="erased-case"):
        CaseKeys(engine.keys.case).open(case_id, after.data_key_wrapped)


async def test_an_erased_case_answers_so_and_keeps_what_the_law_of_records_needs(office: Desk) -> None:
    told = await office.citizen.get(f"{office.path}/disclosures")
    await office.finish()
    certificate = await office.citizen.content(f"{office.path}/certificate")

    await office.citizen.say("DELETE", office.path)
    await office.citizen.say("DELETE", office.path)  # again is the same

    for place in ("", "/filings", "/old-values", "/calendar.ics", "/certificate"):
        assert await refused(office.citizen.get(office.path + place)) == (410, "erased-case"), place
    assert await office.citizen.get(f"{office.path}/disclosures") == told
    assert told["disclosures"]
    (one,) = (await office.citizen.get("/v1/cases"))["cases"]
    assert (one["id"], one["state"]) == (office.case_id, "cancelled")
    assert await refused(office.citizen.say("POST", f"{office.path}/cancellation")) == (410, "erased-case")
    assert b"closing" in certificate


async def deletions(office: Desk, who: Connector) -> tuple[str, dict[str, str], list[dict[str, str]]]:
    """Return where an organisation asks what it has to delete, as whom, and what it is told."""
    keys, engine = office.here.keys(who), office.here.engine
    token = organisation_token(
        keys.signing,
        kid=keys.kid,
        number=who.number,
        audience=engine.settings.origin,
        now=engine.clock.now(),
    )
    url, headers = f"{engine.settings.origin}/v1/organisation/deletions", {"Authorization": f"Bearer {token}"}
    async with office.here.session.get(url, headers=headers) as answer:
        return url, headers, (await answer.json())["deletions"]


async def test_organisations_are_asked_to_delete_what_they_know_of_an_erased_case(office: Desk) -> None:
    power = MihonPowerSimulator()
    await office.call_off()
    await office.replies(ELECTRICITY, m.Irrevocable, to="withdraw/1/1")  # carried out, and so kept
    await office.undone()
    *_, before = await deletions(office, power)

    await office.citizen.say("DELETE", office.path)

    url, headers, (asked,) = await deletions(office, power)
    reference = asked["reference"]
    signing = office.here.keys(power).signing
    receipt = deletion_receipt(signing, number=power.number, reference=reference)
    path = f"{url}/{reference}/receipt"
    async with office.here.session.post(path, json={"receipt": receipt}, headers=headers) as answer:
        confirmed = answer.status
    *_, after = await deletions(office, power)
    kept = await office.here.engine.pool.fetchval(
        "select receipt from engine.deletions where reference = $1", reference
    )
    assert (before, asked["because"], confirmed, after) == ([], "erased", 204, [])
    assert kept == receipt


async def test_who_undid_a_filing_is_asked_at_once_to_delete_what_it_was_told(office: Desk) -> None:
    *_, before = await deletions(office, NhkSimulator())

    await office.finish()

    *_, (asked,) = await deletions(office, NhkSimulator())
    assert (before, asked["because"]) == ([], "withdrawn")


async def test_addresses_and_notices_of_an_erased_case_go_with_it(office: Desk) -> None:
    made = await office.citizen.say("POST", f"{office.path}/calendars", key="share")
    stored = await office.here.engine.store.case(UUID(office.case_id))
    assert stored is not None
    notice = Notice(
        id=UUID(int=1),
        owner=stored.case.owner,
        case_id=stored.case.id,
        filing=UUID(int=2),
        slug=ELECTRICITY,
        kind="reminder",
        due_on=None,
        at=stored.case.opened_at,
    )
    await PostgresLetterStore(office.here.engine.pool).keep_notices([notice])
    await office.finish()
    assert len((await office.citizen.get("/v1/notices"))["notices"]) == 1

    await office.citizen.say("DELETE", office.path)

    assert (await office.citizen.get("/v1/notices"))["notices"] == []
    async with office.here.session.get(made["url"]) as answer:
        assert answer.status == 404


async def test_operators_see_the_states_of_an_erased_case_and_its_journal_replays(office: Desk) -> None:
    await office.finish()
    before = await office.operator.get(f"/v1/operator/cases/{office.case_id}")
    await office.citizen.say("DELETE", office.path)

    after = await office.operator.get(f"/v1/operator/cases/{office.case_id}")

    assert (before["erased"], after["erased"]) == (False, True)
    assert after["journal"] == before["journal"]
    found = await office.operator.say(
        "POST", "/v1/operator/reconciliation", {"reason": "weekly", "limit": 100}
    )
    assert (found["cases"], found["findings"]) == (1, [])


async def test_a_case_that_goes_on_is_not_erased(office: Desk) -> None:
    assert await refused(office.citizen.say("DELETE", office.path)) == (409, "case-still-runs")
    await office.call_off()
    assert await refused(office.citizen.say("DELETE", office.path)) == (409, "case-still-runs")
    stranger = office.here.citizen()

    assert await refused(stranger.say("DELETE", office.path)) == (404, "no-such-case")
    assert (await office.case())["state"] == "cancelling"


async def test_a_draft_is_dropped_and_erased_at_once(office: Desk) -> None:
    opened = await office.citizen.say("POST", "/v1/cases", {"event": "moving", "facts": office.told})
    draft = f"/v1/cases/{opened['caseId']}"

    await office.citizen.say("DELETE", draft)

    assert await refused(office.citizen.get(draft)) == (410, "erased-case")
    listed = {one["id"]: one["state"] for one in (await office.citizen.get("/v1/cases"))["cases"]}
    assert listed[opened["caseId"]] == "cancelled"


async def arrived(office: Desk) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            if letters := (await office.citizen.get("/v1/letters"))["letters"]:
                (letter,) = letters
                return dict(letter)
            await asyncio.sleep(0.05)


async def test_letters_stay_until_their_owner_deletes_them(office: Desk) -> None:
    await office.finish()
    certificate = await office.citizen.content(f"{office.path}/certificate")
    await office.citizen.say("DELETE", office.path)
    letter = await arrived(office)
    content = await office.citizen.content(f"/v1/letters/{letter['id']}/content")
    assert certificate
    assert content.startswith(b"%PDF-")
    stranger = office.here.citizen()
    assert await refused(stranger.say("DELETE", f"/v1/letters/{letter['id']}")) == (404, "no-such-letter")
    await office.citizen.say("DELETE", f"/v1/letters/{letter['id']}")
    assert (await office.citizen.get("/v1/letters"))["letters"] == []


async def test_in_due_time_a_case_is_erased_by_itself_and_not_before(office: Desk) -> None:
    await office.finish()

    assert await timekeeper(office, timedelta(days=365)).run_once() == 0
    assert (await office.case())["state"] == "cancelled"
    erased = await asyncio.gather(*(timekeeper(office, timedelta(0)).run_once() for _ in range(3)))

    assert sum(erased) == 1
    assert await refused(office.citizen.get(office.path)) == (410, "erased-case")


async def test_what_comes_in_while_a_case_is_erased_is_not_lost_and_it_is_erased_afterwards(
    office: Desk,
) -> None:
    await office.finish()
    case_id, pool = UUID(office.case_id), office.here.engine.pool
    erasing = timekeeper(office, timedelta(0), care=Interrupted(pool))

    assert await erasing.run_once() == 0
    assert (await office.case())["state"] == "cancelled"
    stored = await office.here.engine.store.case(case_id)
    assert stored is not None
    await timekeeper(office, timedelta(0), care=Interrupted(pool)).delete(stored.case.owner, case_id)

    assert await refused(office.citizen.get(office.path)) == (410, "erased-case")
    assert await erasing.run_once() == 0


async def test_a_draft_that_could_not_be_dropped_once_can_be_later(office: Desk) -> None:
    """A refusal is remembered, for the version that it was given for."""
    opened = await office.citizen.say("POST", "/v1/cases", {"event": "moving", "facts": office.told})
    engine, case_id = office.here.engine, UUID(opened["caseId"])
    before = await engine.store.case(case_id)
    assert before is not None

    class Stale(PostgresStore):
        """What was read is not what is there any more."""

        async def case(self, case_id: UUID) -> StoredCase | None:
            return before

    await office.hear(m.Correct(case_id, {}))
    retention = timekeeper(office, timedelta(0))
    retention._store = Stale(engine.pool)
    with pytest.raises(EngineError, match="stale-version"):
        await retention.delete(before.case.owner, case_id)

    await office.citizen.say("DELETE", f"/v1/cases/{case_id}")

    assert await refused(office.citizen.get(f"/v1/cases/{case_id}")) == (410, "erased-case")


async def test_a_draft_lasts_as_long_as_it_was_set_when_it_was_opened(office: Desk) -> None:
    engine = office.here.engine
    opened = await office.citizen.say("POST", "/v1/cases", {"event": "moving", "facts": office.told})
    stored = await engine.store.case(UUID(opened["caseId"]))
    assert stored is not None

    case, lasts = stored.case, timedelta(days=engine.settings.draft_days)
    assert case.state is CaseState.DRAFT
    assert case.wake_at == case.draft_until
    assert case.draft_until is not None
    assert abs(case.draft_until - case.opened_at - lasts) < timedelta(seconds=1)
