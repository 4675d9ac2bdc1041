# SPDX-License-Identifier: Apache-2.0
"""Operators at a whole engine: what they see, what they mend, what is written down, and what the citizen reads."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.private.mihon_power import MihonPowerSimulator
from engine.client import CitizenClient, Refusal
from engine.core.patience import JAPAN
from engine.identity.gate import OPERATOR
from engine.ports import Parked
from engine.store.audit import FIRST_HASH, is_whole
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import CANARIES, HOLDER, PASSWORD, facts

POWER = MihonPowerSimulator()
ELECTRICITY = "move.electricity"


class Office:
    """A citizen with a case that runs, an operator, and the engine between them."""

    def __init__(self, here: Ground, citizen: CitizenClient, operator: CitizenClient, case_id: str) -> None:
        self.here = here
        self.citizen = citizen
        self.operator = operator
        self.case_id = case_id
        self.answers: list[Any] = []

    async def get(self, path: str) -> Any:
        self.answers.append(await self.operator.get(f"/v1/operator{path}"))
        return self.answers[-1]

    async def say(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Any:
        self.answers.append(await self.operator.say("POST", f"/v1/operator{path}", body, key=key))
        return self.answers[-1]

    async def filing(self, slug: str = ELECTRICITY) -> dict[str, Any]:
        case = await self.citizen.get(f"/v1/cases/{self.case_id}")
        return next(one for one in case["filings"] if one["slug"] == slug)

    async def access(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.citizen.get(f"/v1/cases/{self.case_id}/access"))["access"]
        return found

    async def audited(self) -> list[str]:
        rows = await self.here.engine.operators.audit(after=0, limit=1000)
        assert is_whole(rows, after=(0, FIRST_HASH))
        return [row.entry.act for row in rows]


@pytest.fixture
async def office(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(POWER)
        citizen, operator = here.citizen(HOLDER), here.citizen()
        await operator.sign_in()
        person = (await here.engine.gate.session(operator._token or "")).person
        await here.engine.gate.grant_operator(person, by="host:test")
        told = facts(here.engine.clock.now().astimezone(JAPAN).date())
        opened = await citizen.say("POST", "/v1/cases", {"event": "moving", "facts": told})
        case_id = str(opened["caseId"])
        await citizen.confirm(case_id, opened["version"], password=PASSWORD, key="confirm")
        yield Office(here, citizen, operator, case_id)


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        await call
    return caught.value.status, caught.value.code


async def test_what_waits_at_an_organisation_and_why_is_one_question(office: Office) -> None:
    filing = await office.filing()
    asked = f"/filings?organisation={POWER.number}&olderThanDays="

    fresh = await office.get(f"{asked}3")
    waiting = await office.get(f"{asked}0&waitsFor=organisation&state=submitted")

    assert fresh["filings"] == []
    (one,) = waiting["filings"]
    assert (one["id"], one["caseId"], one["slug"]) == (filing["id"], office.case_id, ELECTRICITY)
    assert one["owner"] == {"ja": "機関の回答待ち", "en": "The organisation has to answer"}
    assert one["waitsUntil"] > one["since"]
    assert "stuck" in one["then"]["en"]
    assert one["organisationName"]["ja"]


async def test_a_case_is_shown_by_states_and_its_owner_reads_that_it_was(office: Office) -> None:
    looked = await office.get(f"/cases/{office.case_id}?reason=checking")
    listed = await office.get("/cases?state=running&event=moving")

    kinds = [(line["type"], line["by"], line["state"]) for line in looked["journal"]]
    assert kinds[0] == ("case-opened", "citizen", "draft")
    assert ("filing-submitted", "citizen", "submitted") in kinds
    assert [one["id"] for one in listed["cases"]] == [office.case_id]
    assert looked["filingsTotal"] == len(looked["filings"])
    (line,) = await office.access()
    assert (line["act"], line["reason"]) == ("look-case", "checking")
    assert line["actText"]["ja"] == "案件の進行状況を閲覧"
    assert "operator" not in json.dumps(line)


async def test_a_parked_filing_rests_with_its_reason_until_it_is_resumed(office: Office) -> None:
    filing = await office.filing()
    path = f"/filings/{filing['id']}"

    parked = await office.say(f"{path}/park", {"reason": "照会中", "why": "wrong-answer"}, key="k-1")
    again = await office.say(f"{path}/park", {"reason": "照会中", "why": "wrong-answer"}, key="k-1")
    (flagged,) = (await office.get("/filings?flag=parked"))["filings"]
    seen = await office.filing()
    await office.say(f"{path}/resume", {"reason": "解決した"})

    assert parked == again
    assert flagged["flag"] == "parked/wrong-answer"
    assert flagged["flagText"]["ja"] == "回答に疑義があるため保留"
    assert flagged["owner"]["en"] == "An operator has to act"
    assert seen["flagText"]["ja"] == "係員が確認中です"
    assert (await office.filing())["flag"] is None
    assert await office.audited() == ["park-filing", "resume-filing"]
    assert [(one["act"], one["reason"]) for one in await office.access()] == [
        ("park-filing", "照会中"),
        ("resume-filing", "解決した"),
    ]
    refusal = office.say(f"{path}/resume", {"reason": "もう一度"}, key="k-2")
    assert await refused(refusal) == (409, "illegal-move")
    mismatch = office.say(f"{path}/park", {"reason": "別の理由", "why": "wrong-answer"}, key="k-1")
    assert await refused(mismatch) == (409, "idempotency-mismatch")


async def test_a_filing_is_sent_again_as_the_same_order(office: Office) -> None:
    filing = await office.filing()
    feed = office.here.engine.feed
    (before,) = await feed.orders(POWER.number, after=0, limit=10, wait_seconds=0)
    await feed.acknowledge(POWER.number, [before.order_id])

    await office.say(f"/filings/{filing['id']}/retry", {"reason": "復旧した"})

    (after,) = await feed.orders(POWER.number, after=0, limit=10, wait_seconds=0)
    assert after.order_id == before.order_id
    assert [one["act"] for one in await office.access()] == ["retry-filing"]


async def test_a_bulk_says_first_what_it_would_do_and_does_it_once(office: Office) -> None:
    body = {"reason": "障害復旧", "organisation": POWER.number, "olderThanDays": 0, "atMost": 5}
    filing = await office.filing()

    dry = await office.say("/filings/retry?dryRun=true", body, key="bulk")
    nobody = await office.audited()
    done = await office.say("/filings/retry", body, key="bulk")
    version = (await office.citizen.get(f"/v1/cases/{office.case_id}"))["version"]
    again = await office.say("/filings/retry", body, key="bulk")

    assert [(one["filing"], one["outcome"]) for one in dry["filings"]] == [(filing["id"], "would-retry")]
    assert nobody == []
    assert done["filings"] == again["filings"]
    assert done["filings"][0]["outcome"] == "applied"
    assert (await office.citizen.get(f"/v1/cases/{office.case_id}"))["version"] == version
    assert await office.audited() == ["retry-filings", "retry-filing"]
    assert [one["act"] for one in await office.access()] == ["retry-filing"]


async def test_an_organisation_is_paused_and_resumed_and_a_late_repetition_changes_nothing(
    office: Office,
) -> None:
    path = f"/organisations/{POWER.number}"

    before = await office.get(path)
    paused = await office.say(f"{path}/pause", {"reason": "保守"}, key="k-1")
    resumed = await office.say(f"{path}/resume", {"reason": "保守終了"}, key="k-2")
    late = await office.say(f"{path}/pause", {"reason": "保守"}, key="k-1")

    assert (before["state"], before["unacknowledged"], before["filingsOpen"]) == (
        "active",
        1,
        {"submitted": 1},
    )
    assert before["oldest"] is not None
    assert [one["state"] for one in (paused, resumed, late)] == ["paused", "active", "active"]
    assert await office.audited() == ["pause-organisation", "resume-organisation"]
    unknown = office.say("/organisations/1000020131016/pause", {"reason": "保守"})
    assert await refused(unknown) == (404, "no-such-organisation")


async def replies_aside(office: Office) -> list[dict[str, Any]]:
    """Return what lies aside but letters: one that was sent again may have been put aside again by now."""
    parked = (await office.get("/parked"))["parked"]
    return [one for one in parked if "letter" not in one["whereFrom"]]


async def test_what_was_put_aside_is_looked_at_driven_again_or_discarded(office: Office) -> None:
    store = office.here.engine.store
    unreadable, letter, nobodys = (Parked(uuid4(), *rest) for rest in _ASIDE)
    await store.park([unreadable, letter, nobodys])
    because = {"reason": "確認した"}

    listed = (await office.get("/parked?limit=2"))["parked"]
    dry = await office.say(f"/parked/{unreadable.id}/re-drive?dryRun=true", because)
    driven = await office.say(f"/parked/{unreadable.id}/re-drive", because)
    sent = await office.say(f"/parked/{letter.id}/re-drive", because, key="k-1")
    again = await office.say(f"/parked/{letter.id}/re-drive", because, key="k-1")
    await office.say(f"/parked/{nobodys.id}/discard", because)

    assert len(listed) == 2
    assert [one["code"] for one in dry["events"]] == [one["code"] for one in driven["events"]]
    assert (driven["events"][0]["outcome"], driven["resolved"]) == ("parked", True)
    assert (sent["events"][0]["outcome"], sent["resolved"]) == ("published", True)
    assert again["resolved"]
    (anew,) = await replies_aside(
        office
    )  # what cannot be read was put aside by the desk, under an id made of its bytes
    assert (anew["reason"], anew["attempts"]) == (dry["events"][0]["code"], 2)
    still = await office.say(f"/parked/{anew['id']}/re-drive", because)
    assert (still["events"][0]["outcome"], still["resolved"]) == ("parked", False)
    assert [one["id"] for one in await replies_aside(office)] == [anew["id"]]
    assert await refused(office.say(f"/parked/{letter.id}/discard", because)) == (409, "already-resolved")
    assert await refused(office.say(f"/parked/{uuid4()}/discard", because)) == (404, "no-such-parked")


@pytest.mark.parametrize("where_from", ["web", "webhook", "replies.3"])
async def test_a_reply_goes_to_the_desk_once_more_whichever_way_it_came(
    office: Office, where_from: str
) -> None:
    await office.here.engine.desk.take(POWER.number, [b'{"not":"a reply"}'], where_from=where_from)
    (aside,) = (await office.get("/parked"))["parked"]

    dry = await office.say(f"/parked/{aside['id']}/re-drive?dryRun=true", {"reason": "確認した"})
    driven = await office.say(f"/parked/{aside['id']}/re-drive", {"reason": "確認した"})

    assert aside["whereFrom"] == where_from
    for view in (dry, driven):
        assert [(one["outcome"], one["code"]) for one in view["events"]] == [("parked", aside["reason"])]


_ASIDE: tuple[Any, ...] = (
    ("replies.3", POWER.number, (b'{"not":"a reply"}',), "malformed-envelope", 1),
    ("letters", None, (b'{"an":"order"}',), "delivery-limit", 11),
    ("replies.1", None, (b"{}",), "reply-from-another", 1),
)


async def test_a_reconciliation_finds_nothing_in_good_order_and_a_changed_row_in_bad(office: Office) -> None:
    good = await office.say("/reconciliation", {"reason": "点検", "limit": 10})
    await office.here.engine.pool.execute(
        "update engine.filings set state = 'completed' where slug = $1", ELECTRICITY
    )
    await office.here.engine.pool.execute("update engine.cases set journal_hash = journal_hash")
    office.here.engine.store._known._cases.clear()  # type: ignore[attr-defined] # as another process sees it
    bad = await office.say("/reconciliation", {"reason": "点検", "limit": 10})

    assert (good["cases"], good["findings"]) == (1, [])
    assert good["auditEntries"] == 1
    assert {one["kind"] for one in bad["findings"]} == {"journal-differs"}
    assert bad["findings"][0]["caseId"] == office.case_id


async def test_no_answer_to_an_operator_holds_anything_a_person_told(office: Office) -> None:
    await office.get("/cases")
    await office.get(f"/cases/{office.case_id}")
    await office.get("/filings")
    await office.get(f"/organisations/{POWER.number}")
    await office.say("/reconciliation", {"reason": "点検"})
    filing = await office.filing()
    await office.say(f"/filings/{filing['id']}/park", {"reason": "点検", "why": "law-unclear"})
    await office.get("/filings?flag=parked/law-unclear")
    await office.get("/parked")

    told = json.dumps(office.answers, ensure_ascii=False)
    assert len(told) > 2000
    assert [canary for canary in CANARIES if canary in told] == []


@pytest.mark.parametrize("path", ["/cases", "/filings", "/parked", f"/cases/{UUID(int=1)}"])
async def test_the_role_is_asked_for_each_time(office: Office, path: str) -> None:
    assert await refused(office.citizen.get(f"/v1/operator{path}")) == (403, "not-allowed-role")
    async with office.here.session.get(f"{office.here.engine.settings.origin}/v1/operator{path}") as answer:
        assert answer.status == 401

    person = (await office.here.engine.gate.session(office.operator._token or "")).person
    await office.here.engine.gate.withdraw(person, OPERATOR, by="host:test")
    assert await refused(office.get(path)) == (403, "not-allowed-role")


async def test_another_citizen_reads_nobodys_record(office: Office) -> None:
    stranger = office.here.citizen()

    assert await refused(stranger.get(f"/v1/cases/{office.case_id}/access")) == (404, "no-such-case")


@pytest.mark.parametrize(
    "reason", ["", "x" * 301, "電話 090-1234-5678", "番号１２３４５６７８９０１２", "a\x00b"]
)
async def test_a_reason_is_needed_and_names_no_persons_number(office: Office, reason: str) -> None:
    filing = await office.filing()

    answer = office.say(f"/filings/{filing['id']}/retry", {"reason": reason})

    assert await refused(answer) == (422, "invalid-body")
    assert await office.audited() == []


async def test_acts_at_once_are_all_recorded(office: Office) -> None:
    filing = await office.filing()
    path = f"/filings/{filing['id']}/retry"

    await asyncio.gather(
        *(office.say(path, {"reason": "復旧"}, key=f"k-{number % 4}") for number in range(8))
    )

    assert await office.audited() == ["retry-filing"] * 4
