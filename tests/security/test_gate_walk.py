# SPDX-License-Identifier: Apache-2.0
"""No route that touches a person's data answers without the gate: the published document is walked, on the real engine.

Anna has a case, confirmed, with filings; Bert is another citizen with a valid session. Every operation
of the document is tried on Anna's things with nothing, with a session that is over, with one that was
ended, with Bert's, with an organisation's key, and with a person's session where an organisation belongs;
by staff of a counter at which somebody else sits, and with a code on paper.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator
from connectors.sdk import Connector
from engine.border.tokens import organisation_token
from engine.core.patience import day_in_japan
from engine.identity.assistance import Assistance, Basis, Errand
from engine.runtime.assistance import Seen
from tests.households import household
from tests.integration.engine_ground import Ground, ground
from tests.journeys.household import PASSWORD
from tests.security.test_web_bad_input import GOOD
from tests.security.test_web_doors import OPEN


@dataclass
class Street:
    """The engine, Anna's things, and keys of several hands."""

    here: Ground
    document: Mapping[str, Any]
    things: Mapping[str, str]
    names: tuple[str, ...]
    keys: Mapping[str, str]
    addresses: Iterator[int] = field(default_factory=count)

    def operations(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        return [
            (method.upper(), path, one)
            for path, methods in self.document["paths"].items()
            for method, one in methods.items()
            if method in {"get", "post", "put", "delete", "patch", "head"}
        ]

    async def tried(
        self, method: str, path: str, one: Mapping[str, Any], key: str | None, **more: str
    ) -> tuple[int, bytes]:
        """Return how the engine answers to somebody with this key who asks for Anna's things."""
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            path = path.replace(f"{{{name}}}", self.things.get(name, str(uuid4())))
        headers = {
            "Idempotency-Key": str(uuid4()),
            "If-Match": '"1"',
            "X-Forwarded-For": f"203.0.113.{next(self.addresses) % 250}",  # so that none asks too often
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        body = GOOD.get(one["operationId"])
        url = self.here.engine.settings.origin + path
        async with self.here.session.request(method, url, json=body, headers=headers) as answer:
            if answer.status == 200 and answer.content_type == "text/event-stream":
                return 200, await anext(line async for line in answer.content if line.startswith(b"data:"))
            return answer.status, await answer.read()


@pytest.fixture
async def street(postgres_dsn: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        power = MihonPowerSimulator()
        await here.register(power, NhkSimulator())
        anna, over, ended, *berts = [here.citizen() for _ in range(8)]
        facts = household(day_in_japan(here.engine.clock.now()) + timedelta(days=12))
        opened = await anna.say("POST", "/v1/cases", {"event": "moving", "facts": facts}, key="open")
        case = await anna.get(f"/v1/cases/{opened['caseId']}")
        await anna.confirm(opened["caseId"], opened["version"], password=PASSWORD, key="confirm")
        for one in (*berts, over, ended):
            await one.sign_in()
        keys = {"over": _token(over), "ended": _token(ended), "anna": _token(anna)}
        keys |= {f"bert-{number}": _token(bert) for number, bert in enumerate(berts)}
        await here.engine.gate.logout(keys["ended"])
        session = await here.engine.gate.session(keys["over"])
        await here.engine.pool.execute(
            "update engine.sessions set expires_at = now() - interval '1 second' where person = $1",
            session.person,
        )
        keys["organisation"] = token_of(here, power)
        things = {"case": opened["caseId"], "filing": case["filings"][0]["id"], "number": power.number,
                  "organisation": power.number, "event": "moving"}  # fmt: skip
        async with here.session.get(f"{here.engine.settings.origin}/v1/openapi.json") as answer:
            document = json.loads(await answer.read())
        yield Street(here, document, things, _said(facts), keys)


def token_of(here: Ground, connector: Connector) -> str:
    keys = here.keys(connector)
    return organisation_token(
        keys.signing,
        kid=keys.kid,
        number=connector.number,
        audience=here.engine.settings.origin,
        now=here.engine.clock.now(),
    )


def _token(citizen: Any) -> str:
    return str(citizen._token)


def _said(facts: Any) -> tuple[str, ...]:
    """Return what Anna told that nobody else told: every text of some length in her facts."""
    match facts:
        case str() if len(facts) >= 6:
            return (facts,)
        case dict():
            return tuple(text for value in facts.values() for text in _said(value))
        case list():
            return tuple(text for value in facts for text in _said(value))
    return ()


async def test_the_document_is_walked_with_every_wrong_key(street: Street) -> None:
    walked = 0
    for method, path, one in street.operations():
        name, security = one["operationId"], one["security"]
        if not security:
            assert name in OPEN, f"{name} needs nobody, and is not on the list of what is open"
            continue
        walked += 1
        is_for_organisations, is_for_persons = (
            {kind: []} in security for kind in ("organisation", "session")
        )
        is_for_a_duty = path.startswith(("/v1/operator/", "/v1/counter/"))
        for key in (None, street.keys["over"], street.keys["ended"]):
            status, body = await street.tried(method, path, one, key)
            assert status == 401, (name, status)
            assert not reveals(street, body), name
        if not (is_for_organisations and is_for_persons):
            stranger = street.keys["anna"] if is_for_organisations else street.keys["organisation"]
            status, body = await street.tried(method, path, one, stranger)
            assert status == 401, (name, status)
        if not is_for_persons or name == "endSession":  # ends one's own session, whoever one is
            continue
        stranger = street.keys[f"bert-{walked % 5}"]  # several, so that none asks too often
        status, body = await street.tried(method, path, one, stranger)
        assert not reveals(street, body), (name, body[:300])
        if is_for_a_duty:
            assert (status, json.loads(body)["code"]) == (403, "not-allowed-role"), name
        elif path.startswith("/v1/organisation/"):  # for who represents one
            assert status in {401, 403}, (name, status)
        elif "{" in path:
            assert status == 404, (name, status, body[:300])
    assert walked >= 40


async def test_annas_own_key_opens_what_the_walk_found_shut(street: Street) -> None:
    """Else the walk would prove nothing: the same requests are answered to her."""
    answered = {}
    for method, path, one in street.operations():
        if method == "GET" and one["security"] == [{"session": []}, {"cookie": []}] and "{case}" in path:
            status, body = await street.tried(method, path, one, street.keys["anna"])
            answered[path] = (status, reveals(street, body))

    assert answered["/v1/cases/{case}"] == (200, True)
    assert answered["/v1/cases/{case}/filings"][0] == 200
    assert answered["/v1/cases/{case}/events"] == (200, True)


async def test_staff_of_a_counter_and_a_code_on_paper_reach_no_further_than_they_say(street: Street) -> None:
    await staff_sees_who_sits_there_and_not_anna(street)
    await a_code_shows_annas_case_only_where_it_is_said_so(street)


async def staff_sees_who_sits_there_and_not_anna(street: Street) -> None:
    gate = street.here.engine.gate
    visits = []
    for number in range(3):  # several, so that none asks too often
        staff = street.keys[f"bert-{number}"]
        await gate.grant((await gate.session(staff)).person, "counter", by="host:test")
        seen = Seen("届出", "三郎", date(1970, 1, 1))
        begun = await street.here.engine.assistance.open(
            await gate.session(staff), seen, Basis.PASSPORT, citizen=None
        )
        visits.append((staff, str(begun.id)))
    walked = 0
    for method, path, one in street.operations():
        if "{case}" not in path or {"session": []} not in one["security"] or "/operator/" in path:
            continue
        walked += 1
        staff, visit = visits[walked % 3]
        status, body = await street.tried(method, path, one, staff, Todoke_Assisted=visit)
        assert not reveals(street, body), one["operationId"]
        is_for_staff = "assisted" in one.get("x-also-for", ())
        expected = "no-such-case" if is_for_staff else "not-allowed-on-behalf"
        assert (json.loads(body)["code"], status >= 400) == (expected, True), one["operationId"]
    assert walked >= 20


async def a_code_shows_annas_case_only_where_it_is_said_so(street: Street) -> None:
    engine, case = street.here.engine, UUID(street.things["case"])
    anna, *berts = [
        (await engine.gate.session(street.keys[name])).person
        for name in ("anna", "bert-3", "bert-4", "bert-0", "bert-1")
    ]
    now = engine.clock.now()
    papers = []
    for number, person in enumerate((anna, *berts)):
        of = case if person == anna else UUID(int=number)
        visit = Assistance(uuid4(), berts[0], person, Errand.OPEN, Basis.PASSPORT, "m", of, now, now)
        code, _ = await engine.gate.issue_code(visit)
        papers.append((await engine.gate.login_by_code(code)).token)
    shown, walked = set(), 0
    for method, path, one in street.operations():
        if {"session": []} not in one["security"] or one["operationId"] == "endSession":
            continue
        walked += 1
        is_shown = "by-code" in one.get("x-also-for", ())
        paper = papers[0] if is_shown else papers[1 + walked % 4]
        status, body = await street.tried(method, path, one, paper)
        if is_shown:
            shown.add(one["operationId"])
            assert status in {200, 404}, one["operationId"]
            continue
        assert status in {401, 403}, (one["operationId"], status, body[:200])
        assert not reveals(street, body), one["operationId"]
    assert shown >= {"getCase", "listFilings", "access", "disclosures"}
    assert walked >= 60


async def test_another_organisation_finds_nothing_of_annas(street: Street) -> None:
    nobodys = token_of(street.here, NhkSimulator())
    for method, path, one in street.operations():
        if one["security"] != [{"organisation": []}] or method != "GET":
            continue
        _, body = await street.tried(method, path, one, nobodys)
        assert not reveals(street, body), path


def reveals(street: Street, body: bytes) -> bool:
    text = body.decode("utf-8", "replace")
    return street.things["case"] in text or any(name in text for name in street.names)
