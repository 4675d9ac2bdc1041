# SPDX-License-Identifier: Apache-2.0
"""What the envelope promises: CloudEvents 1.0 that the official SDK reads, and nothing beside the contract."""

import contextlib
import json
from datetime import UTC, timedelta
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as OfficialEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engine.border.envelope import (
    EXAMPLES,
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    PAYLOADS,
    OrderEvent,
    ReplyEvent,
    dataschema,
    new_traceparent,
    open_order,
    open_reply,
    packed,
    parse_order,
    parse_payload,
    parse_reply,
    seal_event,
    unpacked,
)
from engine.core.errors import EngineError
from tests.unit.border_desk import NOW, ORDER, ORGANISATION, REFERENCE, Border

ORDERS = [name for name in PAYLOADS if ".order." in name]
REPLIES = [name for name in PAYLOADS if ".reply." in name]


def order(border: Border, event_type: str = ORDERS[0], **changes: Any) -> bytes:
    payload = parse_payload(event_type, json.dumps(EXAMPLES[event_type]).encode())
    about: dict[str, Any] = {"id": ORDER, "subject": REFERENCE, "sequence": 7, "time": NOW, **changes}
    return seal_event(payload, **about, sealer=border.engine.sealer, recipient=border.office.address)


def reply(border: Border, event_type: str = REPLIES[0], **changes: Any) -> bytes:
    payload = parse_payload(event_type, json.dumps(EXAMPLES[event_type]).encode())
    about: dict[str, Any] = {"id": "reply-1", "subject": REFERENCE, "sequence": 7, "time": NOW, **changes}
    return seal_event(payload, **about, sealer=border.office.sealer, recipient=border.engine.address)


# --- there and back ------------------------------------------------------------------------------


@pytest.mark.parametrize("event_type", ORDERS)
def test_every_order_reaches_the_organisation(event_type: str) -> None:
    border = Border()

    opened = open_order(order(border, event_type), border.office.opener)

    assert json.loads(opened.payload.wire()) == EXAMPLES[event_type]
    assert (opened.event.id, opened.event.subject, opened.event.sequence) == (ORDER, REFERENCE, 7)
    assert opened.event.source == "/engine"


@pytest.mark.parametrize("event_type", REPLIES)
def test_every_reply_reaches_the_engine(event_type: str) -> None:
    border = Border()

    opened = open_reply(reply(border, event_type), border.engine.opener)

    assert json.loads(opened.payload.wire()) == EXAMPLES[event_type]
    assert opened.event.source == ORGANISATION
    assert opened.event.type == event_type


def test_the_official_sdk_reads_it() -> None:
    raw = order(Border())

    event = JSONFormat().read(OfficialEvent, raw)

    assert event.get_id() == ORDER
    assert event.get_source() == "/engine"
    assert event.get_type() == "jp.todoke.order.submit.v1"
    assert event.get_subject() == REFERENCE
    assert event.get_time() == NOW
    assert event.get_datacontenttype() == "application/jose"
    assert event.get_dataschema() == dataschema("jp.todoke.order.submit.v1")
    assert event.get_extension("sequence") == 7
    assert event.get_data() == json.loads(raw)["data"]


def test_we_read_what_the_official_sdk_writes() -> None:
    border = Border()
    attributes = json.loads(reply(border))
    data = attributes.pop("data")
    written = JSONFormat().write(OfficialEvent({**attributes, "time": NOW}, data))

    assert open_reply(written, border.engine.opener).event.id == "reply-1"


def test_an_envelope_shows_nothing_of_its_content() -> None:
    raw = order(Border()).decode()

    assert "花子" not in raw
    assert "move-out" not in raw
    assert set(json.loads(raw)) == {
        *("specversion", "id", "source", "type", "subject", "time"),
        *("datacontenttype", "dataschema", "sequence", "traceparent", "data"),
    }


def test_the_length_says_little_about_the_content() -> None:
    border = Border()
    lengths = set()
    for name in ("林", "勅使河原", "五百旗頭"):
        example = {**EXAMPLES[ORDERS[0]], "fields": {"name": name}}
        payload = parse_payload(ORDERS[0], json.dumps(example).encode())
        raw = seal_event(
            payload,
            id=ORDER,
            subject=REFERENCE,
            sequence=1,
            time=NOW,
            sealer=border.engine.sealer,
            recipient=border.office.address,
        )
        lengths.add(len(raw))

    assert len(lengths) == 1


def test_each_order_has_its_own_trace_and_a_reply_needs_none() -> None:
    border = Border()

    traces = {parse_order(order(border)).traceparent for _ in range(20)}

    assert len(traces) == 20
    assert parse_reply(reply(border)).traceparent is None


def test_time_on_the_wire_has_whole_seconds_in_utc() -> None:
    raw = order(Border(), time=NOW + timedelta(microseconds=123456))

    assert json.loads(raw)["time"] == "2026-11-23T01:02:03Z"
    assert parse_order(raw).time.tzinfo == UTC or parse_order(raw).time.utcoffset() == timedelta()


def test_the_same_said_again_has_the_same_hash() -> None:
    border = Border()

    first = open_reply(reply(border), border.engine.opener)
    again = open_reply(reply(border, time=NOW + timedelta(hours=3)), border.engine.opener)
    other = open_reply(reply(border, REPLIES[1]), border.engine.opener)

    assert first.event.data != again.event.data
    assert first.body_hash == again.body_hash
    assert first.body_hash != other.body_hash


def test_an_envelope_fits_its_schema() -> None:
    border = Border()

    for model, raw in ((OrderEvent, order(border)), (ReplyEvent, reply(border))):
        schema = model.model_json_schema()
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(json.loads(raw))


def test_what_could_not_be_read_is_not_sent() -> None:
    border = Border()

    for changes in (
        {"subject": "r_x"},
        {"id": "reply 1"},
        {"sequence": -1},
        {"time": NOW.replace(tzinfo=None)},
    ):
        with pytest.raises(EngineError) as refusal:
            reply(border, **changes)
        assert refusal.value.code == "malformed-envelope"


# --- everything else -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("id", "a" * 65),
        ("id", "花子"),
        ("source", "/engine"),
        ("source", "/organisations/123"),
        ("source", "/organisations/1130001012345/"),
        ("type", "jp.todoke.order.submit.v1"),
        ("type", "jp.todoke.reply.received.v2"),
        ("subject", "r_" + "u" * 26),
        ("subject", REFERENCE + "\n"),
        ("time", "2026-11-23T01:02:03.5Z"),
        ("time", "2026-11-23T10:02:03+09:00"),
        ("time", "2026-11-23T01:02:03"),
        ("time", "2026-13-23T01:02:03Z"),
        ("time", 1700000000),
        ("time", "1700000000"),
        ("datacontenttype", "application/json"),
        ("dataschema", "https://evil.example/x"),
        ("sequence", "7"),
        ("sequence", -1),
        ("sequence", 2**31),
        ("sequence", 1.5),
        ("traceparent", "00-0-0-00"),
        ("data", ""),
        ("data", {"a": 1}),
        ("data", "a" * 1_000_001),
        ("tracestate", "a=b"),
        ("data_base64", "AAAA"),
    ],
)
def test_an_envelope_beside_the_contract_is_refused_and_pointed_at(name: str, value: object) -> None:
    body = {**json.loads(reply(Border())), name: value}

    with pytest.raises(EngineError) as refusal:
        parse_reply(json.dumps(body).encode())

    assert refusal.value.code == "malformed-envelope"
    assert f"/{name}" in {problem.pointer for problem in refusal.value.problems}


@pytest.mark.parametrize(
    "name", ["specversion", "id", "source", "type", "subject", "time", "sequence", "data"]
)
def test_an_envelope_without_something_is_refused(name: str) -> None:
    body = json.loads(order(Border()))
    del body[name]

    with pytest.raises(EngineError) as refusal:
        parse_order(json.dumps(body).encode())

    assert f"/{name}" in {problem.pointer for problem in refusal.value.problems}


def test_an_order_is_no_reply_and_a_reply_no_order() -> None:
    border = Border()

    with pytest.raises(EngineError):
        parse_reply(order(border))
    with pytest.raises(EngineError):
        parse_order(reply(border))


def test_a_payload_of_another_type_is_refused_although_it_was_signed() -> None:
    border = Border()
    event = parse_reply(reply(border, REPLIES[1]))
    data = border.office.sealer.seal(event.attributes, b'{"orderId":"x"}', border.engine.address)

    with pytest.raises(EngineError) as refusal:
        open_reply(event.model_copy(update={"data": data}).wire(), border.engine.opener)

    assert refusal.value.code == "invalid-payload"


@given(st.binary(max_size=300))
def test_bytes_however_strange_end_in_our_own_error_or_in_none(raw: bytes) -> None:
    for read in (parse_order, parse_reply, unpacked):
        with contextlib.suppress(EngineError):
            read(raw)


# --- batches -------------------------------------------------------------------------------------


def test_a_batch_is_what_cloudevents_says_and_gives_each_event_back_as_it_was() -> None:
    border = Border()
    events = [order(border, sequence=number) for number in range(30)]

    (batch,) = packed(events)

    assert [one["sequence"] for one in json.loads(batch)] == list(range(30))
    assert unpacked(batch) == tuple(events)


@settings(max_examples=60)
@given(st.lists(st.integers(2, 400_000), max_size=260))
def test_batches_keep_order_and_bounds(sizes: list[int]) -> None:
    events = [b'"' + b"x" * (size - 2) + b'"' for size in sizes]

    batches = list(packed(events))

    assert [event for batch in batches for event in unpacked(batch)] == events
    assert all(len(batch) <= MAX_BATCH_BYTES for batch in batches)
    assert all(1 <= len(unpacked(batch)) <= MAX_BATCH_EVENTS for batch in batches)
    assert len(batches) <= 1 + sum(sizes) // (MAX_BATCH_BYTES // 2) + len(sizes) // MAX_BATCH_EVENTS


def test_one_bad_event_does_not_spoil_its_batch() -> None:
    border = Border()
    events = (reply(border), b'{"specversion": 7}', b"null", reply(border, REPLIES[1]))

    found = unpacked(b" [ " + b" , ".join(events) + b" ]\n")

    assert found == events
    assert parse_reply(found[3]).type == REPLIES[1]


@pytest.mark.parametrize("batch", [b"[]", b" [ ] \n"])
def test_an_empty_batch_holds_nothing(batch: bytes) -> None:
    assert unpacked(batch) == ()


@pytest.mark.parametrize(
    "batch",
    [
        *(
            b"",
            b"{}",
            b"[",
            b"]",
            b"[1",
            b"[1,",
            b"[1,]",
            b"[,1]",
            b"[1 2]",
            b"[1]]",
            b"[1]x",
            b"null",
            b"\xff",
        ),
        *(b"[tru]", b'["a]', b"[" + b"[" * 100_000, b"[" + b"9" * 5000 + b"]"),
    ],
)
def test_what_is_no_batch_is_refused(batch: bytes) -> None:
    with pytest.raises(EngineError) as refusal:
        unpacked(batch)
    assert refusal.value.code == "malformed-envelope"


def test_a_batch_over_the_bounds_is_refused() -> None:
    many = b"[" + b",".join([b"1"] * (MAX_BATCH_EVENTS + 1)) + b"]"

    for batch in (many, b"[" + b" " * MAX_BATCH_BYTES + b"]"):
        with pytest.raises(EngineError) as refusal:
            unpacked(batch)
        assert refusal.value.code == "seal-too-large"
    with pytest.raises(EngineError) as refusal:
        list(packed([bytes(MAX_BATCH_BYTES)]))
    assert refusal.value.code == "seal-too-large"
    with pytest.raises(EngineError):
        parse_order(b" " * (MAX_BATCH_BYTES + 1))


def test_the_largest_payload_still_fits_one_message() -> None:
    border = Border()
    event = parse_order(order(border))

    data = border.engine.sealer.seal(event.attributes, bytes(512 * 1024), border.office.address)
    raw = event.model_copy(update={"data": data}).wire()

    assert parse_order(raw).data == data
    assert len(list(packed([raw]))) == 1


def test_a_new_trace_is_a_valid_one() -> None:
    body = {**json.loads(reply(Border())), "traceparent": new_traceparent()}

    assert parse_reply(json.dumps(body).encode()).traceparent == body["traceparent"]
