# SPDX-License-Identifier: Apache-2.0
"""Nobody comes in without what they need, from where they should not, or too often."""

import asyncio
import json
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID

import pytest

from engine.web.app import operations
from engine.web.operations import CONTEXT, Operation
from engine.web.security import COOKIE, DUTY, Rate, Who
from tests.security.test_web_bad_input import GOOD, named, path_of, refused
from tests.unit.web_office import BEARER, CASE, KEY, OPERATOR_TOKEN, TOKEN, Web

CLOSED = [one for one in operations() if one.who is not Who.OPEN]
OPEN = {
    "lifeEvents",
    "plan",
    "comparison",
    "explanation",
    "catalogue",
    "keptCatalogue",
    "procedureFields",
    "procedureExamples",
    "newChallenge",
    "newSession",
    "newCodeSession",
    "beginAppVisit",
    "newAppSession",
    "keys",
    "openapiDocument",
    "asyncapiDocument",
    "messageSchema",
    "problemCodes",
    "live",
    "ready",
    "metrics",
    "readCalendar",
    "postalCode",
}
RECENT = {
    "linkCard",
    "deleteLetter",
    "invite",
    "beginAssistance",
    "recordRepresentation",
    "revokeAtCounter",
    "revokeRepresentation",
    "erase",
    "cancel",
    "registerKey",
    "revokeKey",
    "inviteRepresentative",
    "removeRepresentative",
    "discard",
    "approveApplication",
    "refuseApplication",
    "certifyOrganisation",
    "goLive",
    "operatorRemovesRepresentative",
    "offerGrant",
    "acceptGrant",
    "endGrant",
    "operatorEndsGrant",
    "declareSuccession",
    "operatorDeclaresSuccession",
}
CASE_PATH = f"/v1/cases/{CASE}"


def test_what_is_open_to_everybody_is_on_this_list() -> None:
    assert {one.id for one in operations() if one.who is Who.OPEN} == OPEN


def test_every_route_of_the_application_is_an_operation() -> None:
    routes = {
        (route.method, route.resource.canonical) for route in Web().app().router.routes() if route.resource
    }

    assert routes == {(one.method, one.path) for one in operations()}


@pytest.mark.parametrize("one", CLOSED, ids=named)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Authorization": TOKEN},
        {"Cookie": f"{COOKIE}=wrong", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=["nothing", "wrong", "basic", "empty", "bare", "wrong-cookie"],
)
async def test_each_closed_operation_refuses_whoever_has_not_signed_in(
    one: Operation, headers: dict[str, str]
) -> None:
    web = Web()
    code = "not-signed-in-organisation" if one.who is Who.ORGANISATION else "not-signed-in"
    async with web.running() as client:
        answer = await client.request(
            one.method,
            path_of(one),
            json=GOOD.get(one.id),
            headers={"Idempotency-Key": KEY, "If-Match": '"3"', **headers},
        )

        await refused(answer, 401, code)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert web.calls == []


@pytest.mark.parametrize("one", [one for one in CLOSED if one.who is Who.ORGANISATION], ids=named)
async def test_a_persons_cookie_is_no_organisation(one: Operation) -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.request(
            one.method, path_of(one), headers={"Cookie": f"{COOKIE}={TOKEN}", "Origin": web.url}
        )

        await refused(answer, 401, "not-signed-in-organisation")


def test_what_wants_a_proof_of_now_is_on_this_list() -> None:
    assert {one.id for one in operations() if one.recent} == RECENT


@pytest.mark.parametrize("one", [one for one in operations() if one.recent], ids=named)
async def test_an_old_login_is_not_enough_for_what_cannot_be_taken_back(one: Operation) -> None:
    web = Web()
    web.gate.proven_ago = timedelta(minutes=10, seconds=1)
    key = OPERATOR_TOKEN if one.who in DUTY else TOKEN
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": KEY, "If-Match": '"3"'}
    async with web.running() as client:
        if one.who in DUTY:
            below = await client.request(
                one.method, path_of(one), json=GOOD.get(one.id), headers=headers | BEARER
            )
            await refused(below, 403, "not-allowed-role")  # nobody proves anything for what is not theirs
        old = await client.request(one.method, path_of(one), json=GOOD.get(one.id), headers=headers)
        await refused(old, 403, "login-too-old")
        assert web.calls == []

        web.gate.proven_ago = timedelta(minutes=10)
        again = await client.request(one.method, path_of(one), json=GOOD.get(one.id), headers=headers)
        body = await again.text()
        assert "login-too-old" not in body


async def test_an_old_login_links_no_app_and_may_prove_itself_in_it() -> None:
    web = Web()
    web.gate.proven_ago = timedelta(minutes=10, seconds=1)
    async with web.running() as client:
        linked = await client.post("/v1/login/app/visits", json={"purpose": "link"}, headers=BEARER)
        await refused(linked, 403, "login-too-old")
        proven = await client.post("/v1/login/app/visits", json={"purpose": "step-up"}, headers=BEARER)
        assert proven.status == 201


def test_the_document_says_what_wants_a_proof_of_now() -> None:
    document = json.loads(Web().app()[CONTEXT].openapi)
    marked = {
        one["operationId"]
        for methods in document["paths"].values()
        for one in methods.values()
        if one.get("x-needs-recent-proof")
    }

    assert marked == RECENT


async def test_a_case_of_somebody_else_does_not_exist() -> None:
    async with Web().running() as client:
        for path in ("", "/mandate", "/filings", "/disclosures", "/events"):
            answer = await client.get(f"/v1/cases/{UUID(int=99)}{path}", headers=BEARER)
            await refused(answer, 404, "no-such-case")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "{url}"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "{url}.evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
async def test_a_cookie_changes_something_from_our_own_pages_only(
    headers: dict[str, str], status: int
) -> None:
    web = Web()
    told = {name: value.format(url=web.url) for name, value in headers.items()}
    async with web.running() as client:
        answer = await client.post(
            f"{CASE_PATH}/cancellation",
            headers={"Cookie": f"{COOKIE}={TOKEN}", "Idempotency-Key": KEY, **told},
        )

        assert answer.status == status
    assert len(web.calls) == (status == 200)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), ({"Sec-Fetch-Site": "none"}, 200), ({"Sec-Fetch-Site": "cross-site"}, 403)],
)
async def test_a_cookie_reads_wherever_it_is_not_another_site(headers: dict[str, str], status: int) -> None:
    async with Web().running() as client:
        answer = await client.get(CASE_PATH, headers={"Cookie": f"{COOKIE}={TOKEN}", **headers})

        assert answer.status == status


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", ""])
async def test_a_request_for_another_host_is_not_answered(host: str) -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.get("/v1/life-events", headers={"Host": host})

        await refused(answer, 421, "misdirected-request")


async def test_on_loopback_every_name_of_it_is_ours_and_probes_may_use_any() -> None:
    web = Web()
    async with web.running() as client:
        local = await client.get("/v1/life-events", headers={"Host": f"localhost:{web.port}"})
        probe = await client.get("/health/live", headers={"Host": "10.0.0.1"})

        assert (local.status, probe.status) == (200, 200)


async def test_other_sites_get_no_permission_to_read() -> None:
    async with Web().running() as client:
        answer = await client.get("/v1/life-events", headers={"Origin": "https://evil.example"})
        asked = await client.options("/v1/life-events", headers={"Origin": "https://evil.example"})

        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert asked.status == 405


@pytest.mark.parametrize("path", ["/v1/life-events", "/v1/nothing", f"/v1/cases/{CASE}/events"])
async def test_every_answer_carries_what_browsers_have_to_refuse(path: str) -> None:
    async with Web().running() as client:
        answer = await client.get(path, headers=BEARER)
        answer.close()

        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Server"] == "todoke"


async def test_a_person_who_asks_too_often_is_told_when_to_come_again() -> None:
    web = Web(per_subject=Rate(0.1, 2))
    async with web.running() as client:
        answers = [await client.get(CASE_PATH, headers=BEARER) for _ in range(3)]

        assert [one.status for one in answers] == [200, 200, 429]
        await refused(answers[2], 429, "too-many-requests")
        assert 9 <= int(answers[2].headers["Retry-After"]) <= 11
    assert len(web.calls) == 2


async def test_an_address_that_asks_too_often_is_refused_and_another_is_not() -> None:
    web = Web(per_address=Rate(0.1, 1))
    async with web.running() as client:
        first = await client.get("/v1/life-events", headers={"X-Forwarded-For": "203.0.113.1"})
        again = await client.get("/v1/life-events", headers={"X-Forwarded-For": "203.0.113.1"})
        other = await client.get("/v1/life-events", headers={"X-Forwarded-For": "203.0.113.2"})

        assert [first.status, again.status, other.status] == [200, 429, 200]


async def test_signing_in_costs_more_than_looking() -> None:
    web = Web(per_address=Rate(0.1, 12))
    body = GOOD["newSession"]
    async with web.running() as client:
        first = await client.post("/v1/login/sessions", json=body)
        again = await client.post("/v1/login/sessions", json=body)

        assert (first.status, again.status) == (201, 429)


async def test_nobody_but_a_trusted_proxy_says_where_a_request_comes_from() -> None:
    web = Web(per_address=Rate(0.1, 1), trusted_proxies=(ip_network("192.0.2.0/24"),))
    async with web.running() as client:
        first = await client.get("/v1/life-events", headers={"X-Forwarded-For": "203.0.113.1"})
        again = await client.get("/v1/life-events", headers={"X-Forwarded-For": "203.0.113.2"})

        assert [first.status, again.status] == [200, 429]


async def test_metrics_are_not_for_the_world() -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.1"})

        await refused(answer, 404, "no-such-resource")


async def test_a_trace_is_taken_over_from_a_trusted_proxy_only() -> None:
    given = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    near, far = Web(), Web(trusted_proxies=(ip_network("192.0.2.0/24"),))
    async with near.running() as client, far.running() as other:
        taken = await (await client.get("/v1/nothing", headers=given)).json(content_type=None)
        own = await (await other.get("/v1/nothing", headers=given)).json(content_type=None)

        assert taken["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert own["traceId"] != taken["traceId"]


async def test_each_request_of_one_connection_has_a_trace_of_its_own() -> None:
    async with Web().running() as client:
        traces = [
            (await (await client.get("/v1/nothing")).json(content_type=None))["traceId"] for _ in range(3)
        ]

        assert len(set(traces)) == 3


async def test_an_operation_that_hangs_is_given_up() -> None:
    web = Web(answer_seconds=0.05)

    async def hanging(*_: object) -> object:
        return await asyncio.Event().wait()

    web.counter.case = hanging  # type: ignore[method-assign,assignment] # a counter that hangs
    async with web.running() as client:
        answer = await client.get(CASE_PATH, headers=BEARER)

        await refused(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
