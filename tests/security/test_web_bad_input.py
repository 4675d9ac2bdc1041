# SPDX-License-Identifier: Apache-2.0
"""Bad input of any kind gets a clear refusal that points to the place, and reaches no door."""

import gzip
import io
import json
from typing import Any

import pytest
from aiohttp import ClientResponse

from engine.border.envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE
from engine.web.api.examples import MOVING_FACTS
from engine.web.app import operations
from engine.web.operations import Operation
from engine.web.security import DUTY
from tests.unit.mailbox_office import CITY
from tests.unit.web_office import (
    BEARER,
    CASE,
    FILING,
    KEY,
    OPERATOR_TOKEN,
    PARTICIPANT,
    TOKEN,
    VISIT,
    Client,
    Web,
    reply_event,
)

CASE_PATH = f"/v1/cases/{CASE}"
FILING_PATH = f"{CASE_PATH}/filings/{FILING}"
CHANGE = {**BEARER, "Idempotency-Key": KEY, "If-Match": '"3"'}
TICKET = "t_" + "0" * 32
PARTS = {
    "case": str(CASE),
    "filing": str(FILING),
    "participant": str(PARTICIPANT),
    "assistance": str(VISIT),
    "representation": str(VISIT),
    "letter": str(FILING),
    "calendar": str(FILING),
    "notice": str(FILING),
    "event": "moving",
    "ticket": TICKET,
    "schema": "jp.todoke.document.v1",
    "parked": str(FILING),
    "organisation": CITY,
    "sha256": "0" * 64,
    "code": "1028688",
    "application": str(CASE),
    "slug": "move.electricity",
    "kid": "k" * 43,
    "month": "2026-10",
    "person": str(CASE),
    "grant": str(CASE),
    "reference": "r_7h2kq9m4x0000000000000000a",
}
# What has to be asked for behind the question mark.
NEEDED = {"readCalendar": f"?token={'A' * 43}"}
GOOD: dict[str, dict[str, Any]] = {
    "plan": {"facts": MOVING_FACTS},
    "comparison": {"facts": MOVING_FACTS, "changed": MOVING_FACTS},
    "explanation": {"facts": MOVING_FACTS, "slug": "move.nhk"},
    "newChallenge": {"purpose": "login"},
    "newSession": {"challengeId": str(CASE), "certificate": "AAAA", "signature": "AAAA"},
    "linkCard": {"challengeId": str(CASE), "certificate": "AAAA", "signature": "AAAA"},
    "proveAgain": {"challengeId": str(CASE), "certificate": "AAAA", "signature": "AAAA"},
    "newCodeSession": {"code": "0123-4567-89AB-CDEF-GHJK-MNPQ-RSTV"},
    "beginAssistance": {
        "errand": "open",
        "basis": "driving-licence",
        "person": {"family": "届出", "given": "花子", "birthDate": "1990-04-01"},
        "consent": "written",
    },
    "recordRepresentation": {
        "representative": str(CASE),
        "person": {"family": "届出", "given": "太郎", "birthDate": "2019-08-05"},
        "kind": "parent",
        "document": "family-register",
        "issuedOn": "2026-11-02",
        "basis": "passport",
        "events": ["moving"],
        "beginsOn": "2026-11-09",
    },
    "revokeAtCounter": {"reason": "確認済み"},
    "linkCitizensCard": {"challengeId": str(CASE), "certificate": "AAAA", "signature": "AAAA"},
    "beginAppVisit": {"purpose": "login"},
    "newAppSession": {"state": "c3RhdGU", "visit": "c2VjcmV0", "code": "Y29kZQ"},
    "proveByApp": {"state": "c3RhdGU", "visit": "c2VjcmV0", "code": "Y29kZQ"},
    "beginAppSignature": {"mandate": "AAAA"},
    "takeAppSignature": {"state": "c3RhdGU", "visit": "c2VjcmV0", "code": "Y29kZQ"},
    "openCase": {"event": "moving", "facts": MOVING_FACTS},
    "confirm": {"mandate": "AAAA", "signature": "AAAA"},
    "join": {"code": "AAECAwQFBgcICQ=="},
    "sign": {"mandate": "AAAA", "signature": "AAAA"},
    "decide": {"choice": "accept", "mandate": "AAAA", "signature": "AAAA"},
    "correctionMandate": {"movingDate": "2027-04-02"},
    "changeDate": {"movingDate": "2027-04-02"},
    "correct": {"facts": MOVING_FACTS},
    "answer": {"questionId": "q-1", "answer": None},
    "acknowledge": {"orderIds": ["o_7h2kq9m4x0000000000000000a"]},
    "beginCertification": {"patienceSeconds": 60},
    "confirmCertificationStep": {"step": "restart"},
    "advanceClock": {"advanceDays": 30},
    "newUpload": {"sizeBytes": 1, "sha256": "0" * 64},
    "redrive": {"reason": "確認済み"},
    "discard": {"reason": "確認済み"},
    "retryFiling": {"reason": "確認済み"},
    "parkFiling": {"reason": "確認済み", "why": "wrong-answer"},
    "resumeFiling": {"reason": "確認済み"},
    "retryFilings": {"reason": "確認済み", "organisation": CITY, "olderThanDays": 3},
    "pauseOrganisation": {"reason": "確認済み"},
    "resumeOrganisation": {"reason": "確認済み"},
    "reconcile": {"reason": "確認済み"},
    "apply": {"number": CITY, "channel": "pull", "subscriptions": [{"slug": "move.electricity"}]},
    "declare": {"declaration": "AAAA", "signature": "AAAA"},
    "approveApplication": {"reason": "確認済み", "checked": "register-extract"},
    "refuseApplication": {"reason": "確認済み"},
    "certifyOrganisation": {"reason": "確認済み", "report": "e30.e30.e30"},
    "goLive": {"reason": "確認済み"},
    "registerKey": {"jwk": {"use": "sig"}, "proof": "e30.e30.e30"},
    "acceptInvitation": {"code": "k" * 43},
    "offerGrant": {
        "agent": "6999999000060",
        "procedures": [{"slug": "move.electricity"}],
        "lastOn": "2027-03-31",
    },
    "declareSuccession": {"predecessor": "8999999000001"},
    "operatorEndsGrant": {"reason": "委託契約の解除"},
    "operatorDeclaresSuccession": {"successor": "8999999000001", "reason": "合併の公告を確認した"},
    "operatorRemovesRepresentative": {"reason": "確認済み"},
    "resend": {"orderIds": ["o_7h2kq9m4x0000000000000000a"]},
    "replay": {"from": "2026-11-01T00:00:00Z"},
    "confirmDeletion": {"receipt": "e30.e30.e30"},
    "askForSubscriptions": {"subscriptions": [{"slug": "move.electricity"}]},
    "switchLane": {"reason": "確認済み", "mode": "held"},
    "limitLane": {"reason": "確認済み", "rate": 5, "concurrency": 2},
    "driveLane": {"reason": "確認済み"},
}
OPERATIONS = operations()
WITH_BODY = [one for one in OPERATIONS if one.body is not None]
WITH_PARTS = [one for one in OPERATIONS if one.parts]


def named(one: Operation) -> str:
    return one.id


def path_of(one: Operation, **changes: str) -> str:
    return one.path.format(**(PARTS | changes))


def change(one: Operation, *, key: str | None = KEY) -> dict[str, str]:
    """Return the headers with which somebody who may comes to an operation."""
    token = OPERATOR_TOKEN if one.who in DUTY else TOKEN
    headers = {"Authorization": f"Bearer {token}", "If-Match": '"3"'}
    return headers if key is None else {**headers, "Idempotency-Key": key}


async def refused(answer: ClientResponse, status: int, code: str) -> list[tuple[str, str]]:
    """Return the pointers and codes of a refusal that is as every refusal has to be."""
    body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["code"]) == (status, code), body
    assert body["type"] == f"https://todoke.example/problems/{code}"
    assert body["status"] == status
    assert len(body["traceId"]) == 32
    assert body["title"]
    assert body["detail"]
    return [(one["pointer"], one["code"]) for one in body["errors"]]


async def send(client: Client, one: Operation, body: object, **headers: str) -> ClientResponse:
    return await client.request(one.method, path_of(one), json=body, headers={**change(one), **headers})


EITHER = {"correctionMandate"}  # one of two members is wanted: neither of them is the missing one


def test_there_is_a_good_body_here_for_each_operation_that_takes_one() -> None:
    assert {one.id for one in WITH_BODY} == set(GOOD)


@pytest.mark.parametrize("one", WITH_BODY, ids=named)
async def test_a_body_that_lacks_a_member_or_has_a_strange_one_is_refused_with_its_place(
    one: Operation,
) -> None:
    web = Web()
    good = GOOD[one.id]
    first = next(iter(good))
    async with web.running() as client:
        lacking = await send(client, one, {name: good[name] for name in good if name != first})
        strange = await send(client, one, {**good, "surprise/~": 1})
        other_case = await send(client, one, {**good, first.upper(): good[first]})

        named_one = ("", "contradicts-facts") if one.id in EITHER else (f"/{first}", "missing")
        assert await refused(lacking, 422, "invalid-body") == [named_one]
        assert await refused(strange, 422, "invalid-body") == [("/surprise~1~0", "unknown")]
        assert await refused(other_case, 422, "invalid-body") == [(f"/{first.upper()}", "unknown")]
    assert web.calls == []


@pytest.mark.parametrize("one", WITH_BODY, ids=named)
async def test_each_member_of_another_type_is_refused_with_its_place(one: Operation) -> None:
    web = Web()
    async with web.running() as client:
        for name in GOOD[one.id]:
            if (one.id, name) == ("answer", "answer"):
                continue  # any JSON may be an answer; the question decides
            answer = await send(client, one, {**GOOD[one.id], name: True})
            ((place, code),) = await refused(answer, 422, "invalid-body")
            assert (place, code) in {
                (f"/{name}", kind) for kind in ("type", "date", "instant", "uuid", "not-allowed-value")
            }
    assert web.calls == []


@pytest.mark.parametrize("one", WITH_BODY, ids=named)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"a":1}',
        b"[" * 5_000,
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b"9" * 5_000,
    ],
    ids=[
        "empty",
        "cut",
        "twice",
        "twice-below",
        "nan",
        "infinite",
        "surrogate",
        "utf16",
        "bom",
        "deep",
        "nested",
        "digits",
    ],
)
async def test_what_is_not_one_way_to_read_json_is_refused(one: Operation, raw: bytes) -> None:
    web = Web()
    headers = {**change(one), "Content-Type": "application/json"}
    async with web.running() as client:
        answer = await client.request(one.method, path_of(one), data=raw, headers=headers)

        assert await refused(answer, 400, "malformed-json") == [("", "malformed-json")]
    assert web.calls == []


@pytest.mark.parametrize("one", WITH_BODY, ids=named)
@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=shift_jis", "application/xml"])
async def test_a_body_of_another_kind_is_refused(one: Operation, kind: str) -> None:
    web = Web()
    body = json.dumps(GOOD[one.id]).encode()
    async with web.running() as client:
        answer = await client.request(
            one.method, path_of(one), data=body, headers={**change(one), "Content-Type": kind}
        )

        await refused(answer, 415, "unsupported-media-type")
    assert web.calls == []


async def test_a_compressed_body_is_refused_unread() -> None:
    web = Web()
    headers = {**CHANGE, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with web.running() as client:
        answer = await client.post("/v1/cases", data=gzip.compress(b"{}"), headers=headers)

        await refused(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("one", [one for one in OPERATIONS if "application/json" in one.takes], ids=named)
async def test_a_body_over_a_mebibyte_is_refused(one: Operation) -> None:
    web = Web()
    headers = {**change(one), "Content-Type": "application/json"}
    async with web.running() as client:
        answer = await client.request(
            one.method, path_of(one), data=io.BytesIO(b" " * (1024 * 1024 + 1)), headers=headers
        )

        await refused(answer, 413, "body-too-large")
    assert web.calls == []


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_too() -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 64 * 1024

    web = Web()
    async with web.running() as client:
        answer = await client.post(
            "/v1/cases", data=endless(), headers={**CHANGE, "Content-Type": "application/json"}
        )

        await refused(answer, 413, "body-too-large")


@pytest.mark.parametrize("one", [one for one in OPERATIONS if not one.takes], ids=named)
async def test_a_body_where_none_belongs_is_refused(one: Operation) -> None:
    web = Web()
    async with web.running() as client:
        path = path_of(one) + NEEDED.get(one.id, "")
        answer = await client.request(one.method, path, data=b"{}", headers=change(one))

        await refused(answer, 413, "body-too-large")
    assert web.calls == []


@pytest.mark.parametrize("one", OPERATIONS, ids=named)
async def test_a_parameter_that_we_do_not_know_is_refused(one: Operation) -> None:
    web = Web()
    async with web.running() as client:
        needed = NEEDED.get(one.id)
        path = path_of(one) + (f"{needed}&utm=1" if needed else "?utm=1")
        answer = await client.request(one.method, path, headers=change(one))

        assert await refused(answer, 422, "invalid-query") == [("/utm", "unknown")]
    assert web.calls == []


@pytest.mark.parametrize(
    ("path", "place", "code"),
    [
        ("/v1/cases?limit=0", "/limit", "out-of-range"),
        ("/v1/cases?limit=101", "/limit", "out-of-range"),
        ("/v1/cases?limit=5.0", "/limit", "pattern"),
        ("/v1/cases?limit=%EF%BC%95", "/limit", "pattern"),
        ("/v1/cases?limit=1&limit=2", "/limit", "repeated"),
        ("/v1/cases?after=%00", "/after", "pattern"),
        ("/v1/cases?after=" + "a" * 201, "/after", "pattern"),
        ("/v1/letters?caseId=1", "/caseId", "uuid"),
        ("/v1/letters?case_id=" + str(CASE), "/case_id", "unknown"),
        ("/v1/organisation/orders?wait=31", "/wait", "out-of-range"),
        ("/v1/organisation/orders?after=-1", "/after", "pattern"),
    ],
)
async def test_a_parameter_out_of_its_bounds_is_refused_with_its_name(
    path: str, place: str, code: str
) -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.get(path, headers=BEARER)

        assert await refused(answer, 422, "invalid-query") == [(place, code)]
    assert web.calls == []


async def test_a_cursor_that_nobody_gave_out_is_refused() -> None:
    async with Web().running() as client:
        answer = await client.get("/v1/letters?after=abc", headers=BEARER)

        await refused(answer, 400, "malformed-letter-cursor")


@pytest.mark.parametrize("one", WITH_PARTS, ids=named)
async def test_a_path_that_leads_nowhere_says_which_part_is_wrong(one: Operation) -> None:
    web = Web()
    async with web.running() as client:
        for name in one.parts:
            path = path_of(one, **{name: "..%00'"})
            answer = await client.request(one.method, path, headers=change(one))
            assert await refused(answer, 404, "no-such-resource") == [(f"/{name}", "no-such-resource")]
    assert web.calls == []


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.idempotent], ids=named)
@pytest.mark.parametrize("key", [None, "", "a" * 129, "a b", "鍵"])
async def test_a_change_without_a_proper_key_is_refused(one: Operation, key: str | None) -> None:
    web = Web()
    headers = change(one, key=None) | ({} if key is None else {"Idempotency-Key": key})
    async with web.running() as client:
        answer = await client.request(one.method, path_of(one), json=GOOD.get(one.id), headers=headers)

        places = await refused(answer, 400, "malformed-idempotency-key")
        assert places == [("/Idempotency-Key", "malformed-idempotency-key")]
    assert web.calls == []


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.version != "no"], ids=named)
@pytest.mark.parametrize("tag", ["3", '"a"', "*", 'W/"3"', '"1", "2"'])
async def test_a_version_that_cannot_be_read_is_refused(one: Operation, tag: str) -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.request(
            one.method, path_of(one), json=GOOD.get(one.id), headers={**change(one), "If-Match": tag}
        )

        await refused(answer, 400, "malformed-version")
    assert web.calls == []


async def test_nobody_confirms_what_they_have_not_read() -> None:
    web = Web()
    headers = {**BEARER, "Idempotency-Key": KEY}
    async with web.running() as client:
        answer = await client.post(f"{CASE_PATH}/confirmation", json=GOOD["confirm"], headers=headers)

        await refused(answer, 428, "version-required")
    assert web.calls == []


@pytest.mark.parametrize(
    ("method", "path", "under"),
    [
        ("POST", "/v1/life-events/moving/plan", {}),
        ("POST", "/v1/cases", {"event": "moving"}),
        ("PUT", f"{CASE_PATH}/facts", {}),
    ],
)
async def test_errors_in_the_facts_point_into_the_body(method: str, path: str, under: dict[str, str]) -> None:
    web = Web()
    facts = json.loads(json.dumps(MOVING_FACTS))
    facts["newAddress"]["municipality"] = "131017"
    facts["movers"][0]["kana"]["family"] = "みほん"
    facts["movers"][0]["myNumber"] = "1"
    del facts["phone"]
    async with web.running() as client:
        answer = await client.request(method, path, json={**under, "facts": facts}, headers=CHANGE)

        assert sorted(await refused(answer, 422, "invalid-facts")) == [
            ("/facts/movers/0/kana/family", "not-kana"),
            ("/facts/movers/0/myNumber", "unknown"),
            ("/facts/newAddress/municipality", "municipality"),
            ("/facts/phone", "missing"),
        ]
    assert web.calls == []


async def test_a_rule_over_several_fields_points_to_the_facts() -> None:
    facts = {**MOVING_FACTS, "newAddress": MOVING_FACTS["oldAddress"]}
    async with Web().running() as client:
        answer = await client.post("/v1/life-events/moving/plan", json={"facts": facts})

        assert await refused(answer, 422, "invalid-facts") == [("/facts", "same-address")]


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        (b"nonsense", EVENT_MEDIA_TYPE, ""),
        (json.dumps(reply_event(type="jp.todoke.order.submit.v1")).encode(), EVENT_MEDIA_TYPE, "/type"),
        (json.dumps(reply_event(subject="x")).encode(), EVENT_MEDIA_TYPE, "/subject"),
        (b"{}", BATCH_MEDIA_TYPE, ""),
        (json.dumps([reply_event(), reply_event(sequence=-1)]).encode(), BATCH_MEDIA_TYPE, "/1/sequence"),
    ],
)
async def test_a_reply_that_is_no_reply_is_refused_and_the_whole_batch_with_it(
    body: bytes, kind: str, place: str
) -> None:
    web = Web()
    async with web.running() as client:
        answer = await client.post(
            "/v1/organisation/replies", data=body, headers={**BEARER, "Content-Type": kind}
        )

        places = await refused(answer, 400, "malformed-envelope")
        assert places[0] == (place, "malformed-envelope")
    assert web.calls == []


async def test_an_upload_of_another_kind_or_under_no_ticket_is_refused() -> None:
    async with Web().running() as client:
        path = f"/v1/organisation/uploads/{TICKET}"
        kind = await client.put(path, data=b"x", headers={**BEARER, "Content-Type": "text/plain"})
        none = await client.put(
            path, data=b"x", headers={**BEARER, "Content-Type": "application/octet-stream"}
        )

        await refused(kind, 415, "unsupported-media-type")
        await refused(none, 404, "no-such-ticket")


@pytest.mark.parametrize("one", OPERATIONS, ids=named)
async def test_another_method_is_refused_and_told_which_ones_there_are(one: Operation) -> None:
    async with Web().running() as client:
        answer = await client.request("PATCH", path_of(one), headers=change(one))

        await refused(answer, 405, "method-not-allowed")
        assert one.method in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/cases/", "/v2/cases", "/v1/../etc/passwd", "/%00"])
async def test_where_nothing_is_there_is_a_refusal(path: str) -> None:
    async with Web().running() as client:
        await refused(await client.get(path), 404, "no-such-resource")


async def test_the_reader_chooses_the_language() -> None:
    async with Web().running() as client:
        default = await client.get("/v1/nothing")
        english = await client.get("/v1/nothing", headers={"Accept-Language": "fr, en-GB;q=0.8, ja;q=0.5"})

        assert (await default.json(content_type=None))["title"] == "そのページはありません"
        assert (await english.json(content_type=None))["title"] == "There is nothing here"
        assert (default.headers["Content-Language"], english.headers["Content-Language"]) == ("ja", "en")
        assert english.headers["Vary"] == "Accept-Language"


async def test_a_bug_is_an_internal_error_that_tells_nobody_what_was_in_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    web = Web()
    web.counter.refusal = RuntimeError("見本 花子")
    async with web.running() as client:
        answer = await client.get(CASE_PATH, headers=BEARER)

        await refused(answer, 500, "internal-error")
        body = await answer.json(content_type=None)
        assert "花子" not in json.dumps(body, ensure_ascii=False)
    (record,) = [one for one in caplog.records if one.getMessage() == "request.broke"]
    assert vars(record)["trace"] == body["traceId"]
    assert "RuntimeError _noted:" in vars(record)["where"]
    assert "花子" not in str([vars(one) for one in caplog.records])


async def test_a_log_line_has_ids_and_never_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with Web().running() as client:
        await client.get(f"{CASE_PATH}?after=hanako", headers={**BEARER, "User-Agent": "hanako"})

    (line,) = [vars(one) for one in caplog.records if one.message == "request.answered"]
    assert (line["operation"], line["status"], line["case"]) == ("getCase", 422, str(CASE))
    assert "hanako" not in str(line)
    assert TOKEN not in str(line)
