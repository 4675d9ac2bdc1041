# SPDX-License-Identifier: Apache-2.0
"""What an organisation sees of its own traffic at a whole engine, what it has sent again, and the sums both sides make."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk.ledger import Ledger
from connectors.sdk.pull import PullTransport
from connectors.sdk.statement import compared
from connectors.simulators.behaviour import Behaviour
from connectors.simulators.catalogue import Simulated
from connectors.simulators.program import Place, run_until
from engine.border.jwk import thumbprint
from engine.border.tokens import organisation_token
from engine.core import messages as m
from engine.core.patience import day_in_japan
from engine.demos.moving_family import household
from engine.ports import InboxEntry
from engine.runtime.own_view import deletion_receipt
from engine.runtime.processor import Said, Work
from tests.integration.engine_ground import Ground, ground

POWER, NHK = MihonPowerSimulator(), NhkSimulator()


@dataclass
class Sent:
    """A case whose orders wait for two organisations."""

    here: Ground
    case_id: UUID

    async def ask(self, method: str, path: str, body: object = None, *, who: Any = POWER) -> tuple[int, Any]:
        origin = self.here.engine.settings.origin
        keys = self.here.keys(who)
        token = organisation_token(
            keys.signing, kid=keys.kid, number=who.number, audience=origin, now=self.here.engine.clock.now()
        )
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{origin}/v1/organisation{path}"
        async with self.here.session.request(method, url, json=body, headers=headers) as answer:
            raw = await answer.read()
            is_json = "json" in answer.content_type
            return answer.status, json.loads(raw) if is_json else raw.decode()

    async def orders(self, who: Any = POWER) -> list[dict[str, Any]]:
        found = await self.here.engine.feed.orders(who.number, after=0, limit=50, wait_seconds=0)
        return [json.loads(one.event) for one in found]


@pytest.fixture
async def sent(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Sent]:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(POWER, NHK)
        case_id = await here.open(household(day_in_japan(here.engine.clock.now()) + timedelta(days=12)))
        await here.confirm([case_id])
        yield Sent(here, case_id)


async def test_an_organisation_sees_its_own_backlog_and_deliveries_and_nobody_elses(sent: Sent) -> None:
    (order,) = await sent.orders()
    (others,) = await sent.orders(NHK)

    _, backlog = await sent.ask("GET", "/backlog")
    _, page = await sent.ask("GET", "/deliveries?limit=1")
    _, rest = await sent.ask("GET", f"/deliveries?limit=1&after={page['after']}")

    assert (backlog["unacknowledged"], backlog["filingsOpen"], backlog["putAside"]) == (
        1,
        {"submitted": 1},
        {},
    )
    (line,) = page["deliveries"]
    assert (line["orderId"], line["kind"], line["reference"]) == (order["id"], "submit", order["subject"])
    assert (line["acknowledgedAt"], line["answeredBy"]) == (None, None)
    assert rest["deliveries"] == []
    assert others["id"] not in json.dumps([backlog, page, rest])


async def test_orders_come_again_by_name_or_since_a_time_under_the_same_ids(sent: Sent) -> None:
    (order,) = await sent.orders()
    (others,) = await sent.orders(NHK)
    await sent.ask("POST", "/orders/acks", {"orderIds": [order["id"]]})
    assert await sent.orders() == []

    _, named = await sent.ask("POST", "/resend", {"orderIds": [order["id"], others["id"]]})
    first = await sent.orders()
    await sent.ask("POST", "/orders/acks", {"orderIds": [order["id"]]})
    before = (sent.here.engine.clock.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    _, since = await sent.ask("POST", "/replay", {"from": before})
    second = await sent.orders()

    assert (named, since) == ({"orders": 1}, {"orders": 1})
    assert first == second == [order]
    rows = await sent.here.engine.operators.audit(after=0, limit=10)
    assert [row.entry.act for row in rows] == ["resend", "replay"]


async def test_both_sides_compute_the_same_statement_from_what_each_kept(sent: Sent, tmp_path: Path) -> None:
    here, home = sent.here, tmp_path / "state" / "connectors" / NHK.number
    engine = here.engine.settings.origin
    stop = asyncio.Event()
    place = Place(home=home, engine=engine, audience=engine, clock=here.engine.clock)
    running = asyncio.create_task(run_until(stop, Simulated(NHK), Behaviour(), place))
    async with asyncio.timeout(30):
        while await answered(sent) in {None, "received"}:  # noqa: ASYNC110 - another program answers
            await asyncio.sleep(0.1)
    stop.set()
    await running
    month = day_in_japan(here.engine.clock.now()).isoformat()[:7]
    await asyncio.sleep(1.1)  # what was said in this second is of the next one's statement
    ledger = Ledger(home / "ledger.sqlite3")
    door = PullTransport(
        engine, number=NHK.number, keys=here.keys(NHK), clock=here.engine.clock, audience=engine
    )

    lines = await compared(ledger, door, number=NHK.number, month=month)
    _, of_another = await sent.ask("GET", f"/statements/{month}", who=POWER)
    ledger.close()
    await door.close()

    assert all(one.agrees for one in lines)
    assert {one.name: one.engine for one in lines} == {"sent": 1, "accepted": 0, "refused": 1, "late": 0}
    assert json.loads(jws.extract_compact(of_another.encode()).payload)["refused"]["count"] == 0
    assert (await sent.ask("GET", "/statements/2099-01"))[0] == 422


async def test_what_is_withdrawn_before_it_was_taken_is_never_seen(sent: Sent) -> None:
    (submit,) = await sent.orders()
    await withdraw(sent)

    (left,) = await sent.orders()

    assert left["type"] == "jp.todoke.order.withdraw.v1"
    assert left["subject"] == submit["subject"]
    _, resent = await sent.ask("POST", "/resend", {"orderIds": [submit["id"]]})
    assert resent == {"orders": 0}


async def test_an_office_with_files_never_sees_what_was_withdrawn_before_it_looked(
    postgres_dsn: str, tmp_path: Path
) -> None:
    async with ground(postgres_dsn, tmp_path / "state") as here:
        await here.register(POWER, channel="file")
        case_id = await here.open(household(day_in_japan(here.engine.clock.now()) + timedelta(days=12)))
        await here.confirm([case_id])
        office = Sent(here, case_id)
        (submit,) = await office.orders()

        await withdraw(office)

        (left,) = await office.orders()
        assert (left["type"], left["subject"]) == ("jp.todoke.order.withdraw.v1", submit["subject"])


async def test_what_was_taken_before_its_withdrawal_stays_known_and_is_undone(sent: Sent) -> None:
    (submit,) = await sent.orders()
    await sent.ask("POST", "/orders/acks", {"orderIds": [submit["id"]]})
    await withdraw(sent)

    _, page = await sent.ask("GET", "/deliveries")

    assert [one["kind"] for one in page["deliveries"]] in (["withdraw", "submit"], ["submit", "withdraw"])


async def test_at_the_end_of_the_purpose_deletion_is_asked_for_and_confirmed_signed(sent: Sent) -> None:
    (order,) = await sent.orders()
    reference, keys = order["subject"], sent.here.keys(POWER)
    traffic = sent.here.engine.own.traffic
    count = await traffic.purpose_ended(sent.case_id, because="erased")
    _, asked = await sent.ask("GET", "/deletions")
    good = deletion_receipt(keys.signing, number=POWER.number, reference=reference)
    forged = deletion_receipt(sent.here.keys(NHK).signing, number=POWER.number, reference=reference)
    path = f"/deletions/{reference}/receipt"

    wrong = await sent.ask("POST", path, {"receipt": forged})
    elsewhere = await sent.ask("POST", path, {"receipt": good}, who=NHK)
    done = await sent.ask("POST", path, {"receipt": good})
    again = await sent.ask("POST", path, {"receipt": good})
    anew = deletion_receipt(keys.signing, number=POWER.number, reference=reference)  # not the same bytes
    newer = await sent.ask("POST", path, {"receipt": anew})

    assert count == 2
    assert [(one["reference"], one["because"]) for one in asked["deletions"]] == [(reference, "erased")]
    assert [wrong[0], elsewhere[0], done[0], again[0], newer[0]] == [422, 422, 204, 204, 204]
    assert (
        await sent.here.engine.pool.fetchval("select receipt from engine.deletions where receipt is not null")
        == good
    )
    assert (await sent.ask("GET", "/deletions"))[1]["deletions"] == []
    key = ECKey.import_key(keys.signing)
    assert jws.deserialize_compact(good, key, algorithms=["ES256"]).headers()["kid"] == thumbprint(
        keys.signing.public_key()
    )


async def answered(sent: Sent) -> str | None:
    """Return the kind of the newest reply of the company to its order."""
    kind: str | None = (await sent.ask("GET", "/deliveries", who=NHK))[1]["deliveries"][0]["answeredBy"]
    return kind


async def withdraw(sent: Sent) -> None:
    """Let the citizen call the case off."""
    cancel = m.Cancel(sent.case_id)
    entry = InboxEntry("test", "cancel", bytes(32), sent.case_id)
    work = Work(entry=entry, actor="test", say=lambda _: Said(cancel))
    (result,) = await sent.here.engine.processor.handle([work])
    assert result.outcome == "applied"
