# SPDX-License-Identifier: Apache-2.0
"""Every operation of the JSON API does what it says, over HTTP."""

import asyncio
import hashlib
import json
from datetime import date
from uuid import UUID

import pytest
from aiohttp import ClientResponse

from engine.border.envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from engine.identity.challenges import Purpose
from engine.ports import BusUnavailable, Pulled, StoreConflict, StoreUnavailable
from engine.web.api.examples import MOVING_FACTS
from tests.unit.mailbox_office import CITY, OWNER
from tests.unit.web_office import (
    BEARER,
    CASE,
    FILING,
    KEY,
    ORDER_ID,
    RULES_HASH,
    TOKEN,
    Client,
    Web,
    a_case,
    reply_event,
)
from workflows.moving import MovingFacts

CASE_PATH = f"/v1/cases/{CASE}"
FILING_PATH = f"{CASE_PATH}/filings/{FILING}"
CHANGE = {**BEARER, "Idempotency-Key": KEY}
B64 = "c2lnbmF0dXJl"
CHANGES = [
    ("POST", "/v1/cases", {"event": "moving", "facts": MOVING_FACTS}, "open"),
    ("POST", f"{CASE_PATH}/confirmation", {"mandate": B64, "signature": B64}, "confirm"),
    ("PUT", f"{CASE_PATH}/moving-date", {"movingDate": "2027-04-02"}, "change_date"),
    ("PUT", f"{CASE_PATH}/facts", {"facts": MOVING_FACTS}, "correct"),
    ("POST", f"{CASE_PATH}/cancellation", None, "cancel"),
    ("POST", f"{FILING_PATH}/answer", {"questionId": "q-1", "answer": [1]}, "answer"),
    ("POST", f"{FILING_PATH}/done", None, "mark_done"),
]


def test_the_example_in_the_document_is_a_move_that_could_be_filed() -> None:
    assert MovingFacts.model_validate(MOVING_FACTS).leaves_municipality


async def test_everybody_can_look_at_the_life_events() -> None:
    async with Web().running() as client:
        answer = await client.get("/v1/life-events")

        assert answer.status == 200
        assert [one["slug"] for one in (await answer.json())["lifeEvents"]] == ["moving"]


async def test_everybody_can_try_out_a_plan() -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.post("/v1/life-events/moving/plan", json={"facts": MOVING_FACTS})

        assert answer.status == 200
        assert (await answer.json())["event"] == "moving"
    assert web.counter.calls == [("plan", {"event": "moving", "facts": MOVING_FACTS})]


async def test_everybody_can_compare_two_plans_and_nothing_else_is_called() -> None:
    web = Web()
    changed = MOVING_FACTS | {"movingDate": "2027-04-05"}
    async with web.running() as client:
        answer = await client.post(
            "/v1/life-events/moving/comparison", json={"facts": MOVING_FACTS, "changed": changed}
        )

        assert answer.status == 200
        assert (await answer.json())["entries"] == []
    assert [how["facts"] for _, how in web.counter.calls] == [MOVING_FACTS, changed]
    assert {name for name, _ in web.counter.calls} == {"plan"}


@pytest.mark.parametrize("wrong", ["facts", "changed"])
async def test_wrong_facts_of_a_comparison_are_pointed_to_where_they_stand(wrong: str) -> None:
    body = {"facts": MOVING_FACTS, "changed": MOVING_FACTS} | {wrong: MOVING_FACTS | {"head": None}}
    async with Web().running() as client:
        answer = await client.post("/v1/life-events/moving/comparison", json=body)

        assert answer.status == 422
        assert [one["pointer"] for one in (await answer.json())["errors"]] == [f"/{wrong}/head"]


async def test_everybody_can_ask_why() -> None:
    web = Web()
    asked = {"facts": MOVING_FACTS, "slug": "move.nhk", "subject": "/movers/0"}
    async with web.running() as client:
        answer = await client.post("/v1/life-events/moving/explanation", json=asked)

        assert answer.status == 200
    assert web.counter.calls == [
        (
            "explanation",
            {"event": "moving", "facts": MOVING_FACTS, "procedure": "move.nhk", "subject": "/movers/0"},
        )
    ]


async def test_the_rules_come_as_the_bytes_of_their_hash_and_only_once() -> None:
    async with Web().running() as client:
        for path in ("/v1/life-events/moving/catalogue", f"/v1/catalogues/{RULES_HASH}"):
            answer = await client.get(path)
            again = await client.get(path, headers={"If-None-Match": answer.headers["ETag"]})

            assert (answer.status, again.status) == (200, 304)
            assert answer.headers["ETag"] == f'"{hashlib.sha256(await answer.read()).hexdigest()}"'
            assert again.headers["Cache-Control"] == answer.headers["Cache-Control"] != "no-store"
        nothing = await client.get(f"/v1/catalogues/{'0' * 64}")

        assert (nothing.status, (await nothing.json())["code"]) == (404, "no-such-catalogue")


async def test_a_challenge_is_for_this_site_unless_another_is_named() -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.post("/v1/login/challenges", json={"purpose": "login"})

        assert answer.status == 201
        assert set(await answer.json()) == {"challengeId", "text", "expiresAt"}
    assert web.gate.calls == [("challenge", {"purpose": Purpose.LOGIN, "audience": web.url, "session": None})]


async def test_a_card_is_linked_within_a_session_only() -> None:
    web = Web()
    async with web.running() as client:
        refused = await client.post("/v1/login/challenges", json={"purpose": "link"})
        taken = await client.post("/v1/login/challenges", json={"purpose": "link"}, headers=BEARER)

        assert (refused.status, taken.status) == (401, 201)
    ((_, asked),) = web.gate.calls
    assert asked["session"].person == OWNER


async def test_signing_in_gives_a_token_and_signing_out_ends_it() -> None:
    web = Web()
    signed = {"challengeId": str(UUID(int=1)), "certificate": B64, "signature": B64}
    async with web.running() as client:
        came = await client.post("/v1/login/sessions", json=signed)
        linked = await client.post("/v1/login/credentials", json=signed, headers=BEARER)
        left = await client.delete("/v1/login/sessions", headers=BEARER)

        assert (came.status, linked.status, left.status) == (201, 204, 204)
        assert (await came.json())["token"] == TOKEN
    assert [name for name, _ in web.gate.calls] == ["login", "link", "logout"]
    assert web.gate.calls[0][1]["certificate"] == b"signature"


@pytest.mark.parametrize(("method", "path", "body", "called"), CHANGES)
async def test_each_change_of_a_case_reaches_the_counter_under_its_key(
    method: str, path: str, body: object, called: str
) -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.request(method, path, json=body, headers={**CHANGE, "If-Match": '"3"'})

        assert answer.status == (201 if called == "open" else 200)
        assert await answer.json() == {"caseId": str(CASE), "version": 4}
        assert answer.headers["ETag"] == '"4"'
        assert "Idempotent-Replayed" not in answer.headers
    assert [name for name, _ in web.counter.calls] == [called]
    assert (web.request.person, web.request.key) == (OWNER, KEY)
    assert web.request.version == (None if called == "open" else 3)


@pytest.mark.parametrize(("method", "path", "body", "called"), CHANGES)
async def test_a_replayed_change_says_so(method: str, path: str, body: object, called: str) -> None:
    web = Web()
    web.counter.replayed = True
    async with web.running() as client:
        answer = await client.request(method, path, json=body, headers={**CHANGE, "If-Match": '"3"'})

        assert answer.headers["Idempotent-Replayed"] == "true"


async def test_the_same_key_with_another_body_has_another_hash() -> None:
    web = Web()
    hashes = set()
    async with web.running() as client:
        for day in ("2027-04-02", "2027-04-02", "2027-04-03"):
            await client.put(f"{CASE_PATH}/moving-date", json={"movingDate": day}, headers=CHANGE)
            hashes.add(web.request.body_hash)
        await client.post(f"{CASE_PATH}/cancellation", headers=CHANGE)
        hashes.add(web.request.body_hash)

    assert len(hashes) == 3


async def test_what_is_in_a_change_is_what_was_sent() -> None:
    web = Web()
    async with web.running() as client:
        await client.put(f"{CASE_PATH}/moving-date", json={"movingDate": "2027-04-02"}, headers=CHANGE)
        await client.post(
            f"{FILING_PATH}/answer", json={"questionId": "q-1", "answer": {"階": 3}}, headers=CHANGE
        )

    assert web.counter.calls[0][1]["day"] == date(2027, 4, 2)
    assert web.counter.calls[1][1]["answer"] == {"階": 3}
    assert web.counter.calls[1][1]["filing"] == FILING


async def test_a_list_of_cases_leads_on() -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.get("/v1/cases?after=abc&limit=7", headers=BEARER)

        body = await answer.json()
        assert ([one["id"] for one in body["cases"]], body["after"]) == ([str(CASE)], "more")
    assert web.counter.calls == [("cases", {"person": OWNER, "after": "abc", "limit": 7})]


async def test_a_case_has_its_version_as_etag_and_is_not_sent_twice() -> None:
    async with Web().running() as client:
        first = await client.get(CASE_PATH, headers=BEARER)
        again = await client.get(CASE_PATH, headers={**BEARER, "If-None-Match": 'W/"3"'})
        older = await client.get(CASE_PATH, headers={**BEARER, "If-None-Match": '"2"'})

        assert (first.status, again.status, older.status) == (200, 304, 200)
        assert first.headers["ETag"] == again.headers["ETag"] == '"3"'


async def test_filings_and_disclosures_are_listed() -> None:
    async with Web().running() as client:
        filings = await (await client.get(f"{CASE_PATH}/filings", headers=BEARER)).json()
        told = await (await client.get(f"{CASE_PATH}/disclosures", headers=BEARER)).json()

    assert [one["id"] for one in filings["filings"]] == [str(FILING)]
    assert [one["field"] for one in told["disclosures"]] == ["name"]


async def test_the_mandate_is_given_byte_for_byte() -> None:
    async with Web().running() as client:
        answer = await client.get(f"{CASE_PATH}/mandate", headers=BEARER)

        assert answer.content_type == "application/json"
        assert await answer.read() == b'{"caseId":"1"}'


async def test_the_sheet_is_a_pdf_to_keep() -> None:
    async with Web().running() as client:
        answer = await client.get(f"{FILING_PATH}/sheet", headers=BEARER)

        assert (await answer.read()).startswith(b"%PDF")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="sheet-{FILING}.pdf"'


async def test_a_stream_begins_with_the_case_and_goes_on_with_each_change() -> None:
    web = Web()
    async with web.running() as client:
        stream = await client.get(f"{CASE_PATH}/events", headers=BEARER)
        first = await _event(stream)
        web.counter.changes.put_nowait(await web.counter.case(OWNER, CASE))
        second = await _event(stream)

        assert stream.content_type == "text/event-stream"
        assert first["id"] == second["id"] == "3"
        assert json.loads(first["data"])["id"] == str(CASE)


async def test_a_stream_goes_on_after_the_last_event_that_was_seen() -> None:
    web = Web(heartbeat_seconds=0.01)
    async with web.running() as client:
        stream = await client.get(f"{CASE_PATH}/events", headers={**BEARER, "Last-Event-ID": "3"})
        await stream.content.readuntil(b": still here\n\n")
        stream.close()

    assert ("watch", {"case": CASE, "after": 3}) in web.counter.calls


async def test_a_quiet_stream_has_a_heartbeat() -> None:
    web = Web(heartbeat_seconds=0.01)
    async with web.running() as client:
        stream = await client.get(f"{CASE_PATH}/events", headers={**BEARER, "Last-Event-ID": "3"})
        async with asyncio.timeout(5):
            beat = await stream.content.readuntil(b": still here\n\n")

        assert beat.endswith(b": still here\n\n")
        stream.close()


async def test_a_person_has_so_many_streams_and_gets_a_place_back() -> None:
    web = Web(streams_per_person=1)
    async with web.running() as client:
        stream = await client.get(f"{CASE_PATH}/events", headers=BEARER)
        refused = await client.get(f"{CASE_PATH}/events", headers=BEARER)
        assert (refused.status, (await refused.json())["code"]) == (429, "too-many-streams")

        stream.close()
        async with asyncio.timeout(5):
            while (await client.get(f"{CASE_PATH}/events", headers=BEARER)).status != 200:
                web.counter.changes.put_nowait(a_case())  # a reader's going is noticed with the next write


async def test_letters_are_listed_opened_and_taken_out() -> None:
    web = Web()
    await web.office.send(b"%PDF-1.7 certificate")
    await web.office.post.run_once()
    async with web.running() as client:
        listed = await (await client.get("/v1/letters?limit=5", headers=BEARER)).json()
        letter = listed["letters"][0]["id"]
        opened = await (await client.get(f"/v1/letters/{letter}", headers=BEARER)).json()
        content = await client.get(f"/v1/letters/{letter}/content", headers=BEARER)

        assert listed["after"] is None
        assert opened["openedAt"] is not None
        assert opened["title"] == {"ja": "転出証明書", "en": "Move-out certificate"}
        assert await content.read() == b"%PDF-1.7 certificate"
        assert content.content_type == "application/pdf"
        assert content.headers["Content-Disposition"] == f'attachment; filename="letter-{letter}.pdf"'
        assert content.headers["X-Content-Type-Options"] == "nosniff"
        assert content.headers["Content-Security-Policy"].startswith("sandbox;")


async def test_a_large_document_comes_out_as_it_went_in() -> None:
    web = Web()
    content = b"%PDF" + bytes(range(256)) * 16_000
    await web.office.send(content)
    await web.office.post.run_once()
    async with web.running() as client:
        letter = await web.office.only_letter()
        answer = await client.get(f"/v1/letters/{letter}/content", headers=BEARER)

        assert await answer.read() == content


@pytest.mark.parametrize("claimed", ["text/html", "image/svg+xml", "application/xhtml+xml"])
async def test_a_document_that_a_browser_would_run_is_only_bytes(claimed: str) -> None:
    web = Web()
    await web.office.send(b"<script>", media_type=claimed)
    await web.office.post.run_once()
    async with web.running() as client:
        letter = await web.office.only_letter()
        content = await client.get(f"/v1/letters/{letter}/content", headers=BEARER)

        assert content.content_type == "application/octet-stream"
        assert content.headers["Content-Disposition"].endswith('.bin"')


async def test_orders_come_as_a_batch_with_the_place_to_go_on() -> None:
    web = Web()
    web.feed.waiting = [Pulled(5, "o1", b'{"a":1}'), Pulled(9, "o2", b'{"b":2}')]
    async with web.running() as client:
        answer = await client.get("/v1/organisation/orders?limit=10&after=4", headers=BEARER)

        assert answer.content_type == BATCH_MEDIA_TYPE
        assert await answer.read() == b'[{"a":1},{"b":2}]'
        assert answer.headers["Todoke-After"] == "9"
        assert answer.headers["Todoke-Left-Behind"] == "0"
        later = await client.get("/v1/organisation/orders?limit=10&after=6", headers=BEARER)
        assert later.headers["Todoke-Left-Behind"] == "1"
    assert web.feed.calls[0] == ("orders", {"organisation": CITY, "after": 4, "limit": 10})


async def test_a_batch_of_orders_ends_where_it_would_grow_too_large() -> None:
    web = Web()
    large = b'"' + b"x" * 700_000 + b'"'
    web.feed.waiting = [Pulled(1, "o1", large), Pulled(2, "o2", large)]
    async with web.running() as client:
        answer = await client.get("/v1/organisation/orders", headers=BEARER)

        assert await answer.read() == b"[" + large + b"]"
        assert answer.headers["Todoke-After"] == "1"


async def test_no_orders_are_an_empty_batch_from_the_same_place() -> None:
    async with Web().running() as client:
        answer = await client.get("/v1/organisation/orders?after=7", headers=BEARER)

        assert await answer.read() == b"[]"
        assert answer.headers["Todoke-After"] == "7"


async def test_orders_are_acknowledged_by_id() -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.post(
            "/v1/organisation/orders/acks", json={"orderIds": [ORDER_ID]}, headers=BEARER
        )

        assert await answer.json() == {"acknowledged": 1}
    assert web.feed.calls == [("acknowledge", {"organisation": CITY, "order_ids": (ORDER_ID,)})]


async def test_replies_are_taken_one_or_many_as_the_bytes_that_came() -> None:
    web = Web()
    event = json.dumps(reply_event()).encode()
    async with web.running() as client:
        one = await _reply(client, event, EVENT_MEDIA_TYPE)
        many = await _reply(client, b"[" + event + b" , " + event + b"]", BATCH_MEDIA_TYPE)

        assert (await one.json())["results"] == [{"id": "0", "outcome": "applied", "code": None}]
        assert len((await many.json())["results"]) == 2
    assert [call["events"] for _, call in web.replies.calls] == [(event,), (event, event)]


async def test_a_document_is_uploaded_under_a_ticket_and_twice_is_once() -> None:
    web = Web()
    content = b"d" * 300_000
    announced = {"sizeBytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    kind = {**BEARER, "Content-Type": "application/octet-stream"}
    async with web.running() as client:
        asked = await client.post("/v1/organisation/uploads", json=announced, headers=BEARER)
        ticket = (await asked.json())["ticket"]
        for _ in range(2):
            answer = await client.put(f"/v1/organisation/uploads/{ticket}", data=content, headers=kind)
            assert answer.status == 204
    assert (await web.office.uploads.redeem(ticket, CITY)).size_bytes == len(content)


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/v1/keys", "keys"),
        ("/v1/openapi.json", "openapi"),
        ("/v1/asyncapi.json", "asyncapi"),
        ("/v1/schemas/jp.todoke.order.submit.v1.json", "properties"),
        ("/v1/problems", "problems"),
        ("/health/live", "status"),
        ("/health/ready", "status"),
    ],
)
async def test_the_service_says_what_it_is_to_everybody(path: str, member: str) -> None:
    async with Web().running() as client:
        answer = await client.get(path)

        assert answer.status == 200
        assert member in json.loads(await answer.read())


@pytest.mark.parametrize("error", [OSError, StoreUnavailable, BusUnavailable, TimeoutError])
async def test_a_service_without_its_store_or_bus_is_alive_and_not_ready(error: type[Exception]) -> None:
    async def broken() -> None:
        raise error

    web = Web()
    web.probes["store"] = broken
    async with web.running() as client:
        assert (await client.get("/health/live")).status == 200
        assert (await client.get("/health/ready")).status == 503


@pytest.mark.parametrize("error", [StoreUnavailable, StoreConflict, BusUnavailable])
async def test_what_cannot_be_kept_now_is_unavailable_and_may_be_tried_again(error: type[Exception]) -> None:
    web = Web()
    web.counter.refusal = error()
    async with web.running() as client:
        answer = await client.post(f"{CASE_PATH}/cancellation", headers=CHANGE)

        assert (answer.status, (await answer.json(content_type=None))["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "5"


async def test_metrics_count_operations_and_name_nobody() -> None:
    async with Web().running() as client:
        await client.get(CASE_PATH, headers=BEARER)
        text = await (await client.get("/metrics")).text()

    assert 'todoke_http_requests_total{operation="getCase",status="200"} 1.0' in text
    assert str(CASE) not in text
    assert str(OWNER) not in text


async def _event(stream: ClientResponse) -> dict[str, str]:
    async with asyncio.timeout(5):
        while True:
            lines = (await stream.content.readuntil(b"\n\n")).decode().strip().split("\n")
            found = dict(line.split(": ", 1) for line in lines)
            if "data" in found:
                return found


async def _reply(client: Client, body: bytes, kind: str) -> ClientResponse:
    return await client.post("/v1/organisation/replies", data=body, headers={**BEARER, "Content-Type": kind})


async def test_everybody_can_ask_where_a_postal_code_is() -> None:
    async with Web().running() as client:
        answer = await client.get("/v1/postal-codes/5100001")
        shared = await client.get("/v1/postal-codes/498-0000")
        unknown = await client.get("/v1/postal-codes/102-8688")
        odd = await client.get("/v1/postal-codes/1%2F2")

        assert (answer.status, shared.status, unknown.status) == (200, 200, 404)
        assert (await answer.json())["postalCode"] == "510-0001"
        assert [one["city"] for one in (await shared.json())["places"]] == ["弥富市", "桑名郡木曽岬町"]
        assert (await unknown.json())["type"].endswith("no-such-postal-code")
        assert odd.status in {400, 404}
