# SPDX-License-Identifier: Apache-2.0
"""What may be said in a message, and what is answered to everything else."""

import base64
import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from engine.border.envelope import DOCUMENT, EXAMPLES, PAYLOADS, parse_payload, schema_of
from engine.border.payloads import MAX_INLINE_BYTES, Document, OrderAmend, OrderSubmit, Payload, ReplyAsked
from engine.border.questions import AnswerSchema, check_answer
from engine.border.wire import Title
from engine.core.errors import CODES, EngineError

TYPES = list(PAYLOADS)
SUBMIT, ASKED, COMPLETED = (
    f"jp.todoke.{name}.v1" for name in ("order.submit", "reply.asked", "reply.completed")
)


def said(event_type: str, **changes: Any) -> bytes:
    body = {**copy.deepcopy(EXAMPLES[event_type]), **changes}
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


def refused(event_type: str, raw: bytes) -> dict[str, str]:
    with pytest.raises(EngineError) as refusal:
        parse_payload(event_type, raw)
    assert refusal.value.code == "invalid-payload"
    assert all(problem.code in CODES for problem in refusal.value.problems)
    return {problem.pointer: problem.code for problem in refusal.value.problems}


# --- models, schemas, examples -------------------------------------------------------------------


@pytest.mark.parametrize("event_type", TYPES)
def test_an_example_is_read_and_written_as_it_stands(event_type: str) -> None:
    payload = parse_payload(event_type, said(event_type))

    assert json.loads(payload.wire()) == EXAMPLES[event_type]


@pytest.mark.parametrize("event_type", [*TYPES, DOCUMENT])
def test_an_example_fits_its_schema(event_type: str) -> None:
    schema = schema_of(event_type)

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(EXAMPLES[event_type])
    assert schema["examples"] == [EXAMPLES[event_type]]
    assert schema["$id"].endswith(f"/{event_type}.json")


@pytest.mark.parametrize("event_type", TYPES)
def test_schema_and_model_ask_for_the_same_members(event_type: str) -> None:
    schema = schema_of(event_type)
    validator = Draft202012Validator(schema)

    for name in schema["required"]:
        without = said(event_type, **{name: ...})
        assert refused(event_type, without)[f"/{name}"] == "invalid-payload-missing"
        assert not validator.is_valid(json.loads(without))
    assert not validator.is_valid(json.loads(said(event_type, extra=1)))


@pytest.mark.parametrize("event_type", TYPES)
def test_an_unknown_member_is_refused_and_pointed_at(event_type: str) -> None:
    assert refused(event_type, said(event_type, myNumber="0")) == {"/myNumber": "invalid-payload-unknown"}


def test_the_wire_is_camel_case_only() -> None:
    raw = said(SUBMIT, dueOn=..., due_on="2026-12-01")

    assert refused(SUBMIT, raw) == {"/due_on": "invalid-payload-unknown"}


def test_no_message_has_a_place_for_a_my_number() -> None:
    text = json.dumps([schema_of(event_type) for event_type in (*TYPES, DOCUMENT)]).lower()

    for name in ("mynumber", "individualnumber", "kojinbango", "residentcode", "jumin"):
        assert name not in text


@pytest.mark.parametrize(
    ("event_type", "changes", "pointer"),
    [
        (SUBMIT, {"attempt": 0}, "/attempt"),
        (SUBMIT, {"attempt": "1"}, "/attempt"),
        (SUBMIT, {"attempt": True}, "/attempt"),
        (SUBMIT, {"procedure": "Move.Notice"}, "/procedure"),
        (SUBMIT, {"procedure": "a" * 81}, "/procedure"),
        (SUBMIT, {"planned": 1}, "/planned"),
        (SUBMIT, {"dueOn": "1700000000"}, "/dueOn"),
        (SUBMIT, {"dueOn": "2026-02-30"}, "/dueOn"),
        (SUBMIT, {"dueOn": "2026-12-01T00:00:00Z"}, "/dueOn"),
        (SUBMIT, {"basis": ""}, "/basis"),
        (SUBMIT, {"basis": "a\x00b"}, "/basis"),
        (SUBMIT, {"fields": []}, "/fields"),
        (SUBMIT, {"fields": {"a b": 1}}, "/fields"),
        (SUBMIT, {"fields": {"a": "x\x00"}}, "/fields"),
        (SUBMIT, {"fields": {"a": "x" * 4001}}, "/fields"),
        (SUBMIT, {"fields": {"a": 2**53}}, "/fields"),
        (SUBMIT, {"fields": {"a": {"\u202e": 1}}}, "/fields"),
        (SUBMIT, {"fields": {f"a{n}": 1 for n in range(201)}}, "/fields"),
        (SUBMIT, {"fields": {"a": [1] * 3000}}, "/fields"),
        ("jp.todoke.order.amend.v1", {"fields": {}}, "/fields"),
        ("jp.todoke.order.amend.v1", {"revision": 0}, "/revision"),
        ("jp.todoke.order.withdraw.v1", {"reason": "because"}, "/reason"),
        ("jp.todoke.reply.refused.v1", {"field": "name"}, "/field"),
        ("jp.todoke.reply.refused.v1", {"field": "/a~2"}, "/field"),
        ("jp.todoke.reply.refused.v1", {"reason": {"ja": "理由"}}, "/reason/en"),
        ("jp.todoke.reply.refused.v1", {"reason": {"ja": "", "en": "x"}}, "/reason/ja"),
        ("jp.todoke.reply.refused.v1", {"code": "Bad Code"}, "/code"),
        (COMPLETED, {"orderId": "o_short"}, "/orderId"),
        (COMPLETED, {"receipt": "a\nb\x1b"}, "/receipt"),
        (COMPLETED, {"documents": [EXAMPLES[DOCUMENT]] * 21}, "/documents"),
        (ASKED, {"questionId": "a/b"}, "/questionId"),
    ],
)
def test_a_value_out_of_bounds_is_refused_and_pointed_at(
    event_type: str, changes: dict[str, Any], pointer: str
) -> None:
    assert pointer in refused(event_type, said(event_type, **changes))


def test_what_is_nested_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(9):
        deep = [deep]

    assert "/fields" in refused(SUBMIT, said(SUBMIT, fields={"a": deep}))
    assert refused(SUBMIT, b'{"fields":' + b"[" * 100_000) == {"": "invalid-payload"}


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b"\xff", b'"\xed\xa0\x80"', b"NaN"])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    assert refused(SUBMIT, raw) == {"": "invalid-payload"}


def test_numbers_that_are_none_are_refused() -> None:
    for word in (b"NaN", b"Infinity", b"1e999"):
        raw = said(SUBMIT, fields={"a": 0}).replace(b'"a": 0', b'"a": ' + word)
        assert "/fields" in refused(SUBMIT, raw)


def test_a_removed_field_is_null_on_the_wire() -> None:
    amend = OrderAmend(attempt=1, revision=2, fields={"phone": None}, basis="none")

    assert json.loads(amend.wire())["fields"] == {"phone": None}
    assert parse_payload("jp.todoke.order.amend.v1", amend.wire()) == amend


def test_a_refusal_says_where_but_never_what() -> None:
    with pytest.raises(EngineError) as refusal:
        parse_payload(SUBMIT, said(SUBMIT, procedure="届出花子", fields={"name": "届出花子\x00"}))

    assert "花子" not in f"{refusal.value!r} {refusal.value.problems}"
    assert refusal.value.__cause__ is None


def test_problems_and_pointers_are_bounded() -> None:
    raw = said(SUBMIT, **{f"{n}{'長' * 300}": 1 for n in range(50)})

    problems = refused(SUBMIT, raw)

    assert len(problems) == 20
    assert max(map(len, problems)) == 200


def test_a_pointer_is_escaped_as_rfc_6901_has_it() -> None:
    assert refused(SUBMIT, said(SUBMIT, **{"a/b~c": 1})) == {"/a~1b~0c": "invalid-payload-unknown"}


@settings(max_examples=100)
@given(
    st.sampled_from(TYPES),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    ),
)
def test_nothing_however_strange_ends_in_another_error(event_type: str, strange: Any) -> None:
    for name in (*EXAMPLES[event_type], "more"):
        raw = said(event_type, **{name: strange})
        try:
            payload: Payload | None = parse_payload(event_type, raw)
        except EngineError:
            payload = None
        assert payload is None or parse_payload(event_type, payload.wire()) == payload


def test_a_type_that_nobody_defined_is_refused() -> None:
    with pytest.raises(EngineError) as refusal:
        parse_payload("jp.todoke.order.pay.v1", b"{}")
    assert refusal.value.code == "malformed-envelope"


# --- documents -----------------------------------------------------------------------------------


def document(content: bytes, **changes: Any) -> dict[str, Any]:
    body = {
        **EXAMPLES[DOCUMENT],
        "sizeBytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "inline": base64.b64encode(content).decode(),
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


@pytest.mark.parametrize("content", [b"", b"a", bytes(MAX_INLINE_BYTES)], ids=["empty", "one byte", "64 KiB"])
def test_an_inline_document_comes_out_byte_for_byte(content: bytes) -> None:
    read = Document.model_validate_json(json.dumps(document(content)))

    assert read.content() == content


def test_an_uploaded_document_is_named_by_its_ticket() -> None:
    read = Document.model_validate_json(json.dumps(document(b"x" * 99999, inline=..., ticket="t-1")))

    assert read.content() is None
    assert read.ticket == "t-1"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"inline": base64.b64encode(b"Other").decode()}, "/documents/0/inline"),
        ({"sizeBytes": 4}, "/documents/0/inline"),
        ({"sha256": "0" * 64}, "/documents/0/inline"),
        ({"inline": "ä"}, "/documents/0/inline"),
        ({"inline": "aGVsbG8="}, "/documents/0/inline"),
        ({"inline": "A" * 90_000}, "/documents/0/inline"),
        ({"inline": ...}, "/documents/0"),
        ({"ticket": "t-1"}, "/documents/0"),
        ({"mediaType": "text/html; charset=x"}, "/documents/0/mediaType"),
        ({"sizeBytes": 26 * 2**20}, "/documents/0/sizeBytes"),
        ({"documentId": "../../x"}, "/documents/0/documentId"),
        ({"kind": "Letter"}, "/documents/0/kind"),
    ],
)
def test_a_document_that_is_not_what_it_says_is_refused(changes: dict[str, Any], pointer: str) -> None:
    assert pointer in refused(COMPLETED, said(COMPLETED, documents=[document(b"hello world", **changes)]))


def test_the_schema_of_a_document_wants_it_in_one_place_too() -> None:
    validator = Draft202012Validator(schema_of(DOCUMENT))

    assert validator.is_valid(document(b"x"))
    assert not validator.is_valid(document(b"x", inline=...))
    assert not validator.is_valid(document(b"x", ticket="t-1"))


def test_a_documents_content_is_not_shown_by_accident() -> None:
    assert "JVBER" not in repr(Document.model_validate_json(json.dumps(EXAMPLES[DOCUMENT])))


# --- questions -----------------------------------------------------------------------------------

FORM: dict[str, Any] = EXAMPLES[ASKED]["answerSchema"]


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels - 1):
        schema = {"type": "array", "items": schema, "maxItems": 2}
    return schema


WIDE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        f"p{n}": {
            "type": "object",
            "additionalProperties": False,
            "properties": {f"q{m}": {"type": "boolean"} for m in range(20)},
        }
        for n in range(6)
    },
}


@pytest.mark.parametrize(
    "schema",
    [
        FORM,
        {"type": "string", "maxLength": 10},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "integer", "minimum": 0, "maximum": 9},
        {"type": "number", "minimum": 0.5},
        {"type": "boolean", "title": "はい", "x-title": {"ja": "はい", "en": "Yes"}},
        {"type": "array", "items": {"type": "string"}, "maxItems": 3, "uniqueItems": True},
        nested(4),
    ],
)
def test_a_question_in_the_small_schema_is_taken_as_it_stands(schema: dict[str, Any]) -> None:
    payload = parse_payload(ASKED, said(ASKED, answerSchema=schema))

    assert isinstance(payload, ReplyAsked)
    assert payload.answer_schema.as_schema() == schema
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        (True, ""),
        ({}, "/type"),
        ({"type": ["string", "null"]}, "/type"),
        ({"type": "null"}, "/type"),
        ({"$ref": "https://evil.example/schema"}, "/$ref"),
        ({"type": "string", "$ref": "#"}, "/$ref"),
        ({"type": "string", "$schema": "https://x"}, "/$schema"),
        ({"type": "string", "pattern": "(a+)+$"}, "/pattern"),
        ({"type": "string", "format": "regex"}, "/format"),
        ({"type": "string", "allOf": [{"type": "string"}]}, "/allOf"),
        ({"type": "string", "if": {}}, "/if"),
        ({"type": "string", "minimum": 1}, ""),
        ({"type": "string", "minLength": 5, "maxLength": 4}, ""),
        ({"type": "string", "enum": []}, "/enum"),
        ({"type": "string", "enum": ["x"] * 101}, "/enum"),
        ({"type": "string", "enum": ["x"], "oneOf": [{"const": "x", "title": "x"}]}, ""),
        ({"type": "string", "title": "<\x00>"}, "/title"),
        ({"type": "integer", "minimum": 1e400}, "/minimum"),
        ({"type": "array", "maxItems": 3}, ""),
        ({"type": "array", "items": {"type": "string"}}, ""),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 51}, "/maxItems"),
        ({"type": "array", "items": {"type": "odd"}, "maxItems": 5}, "/items/type"),
        ({"type": "object", "additionalProperties": False, "properties": {}}, "/properties"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, ""),
        ({**FORM, "additionalProperties": True}, "/additionalProperties"),
        ({**FORM, "required": ["other"]}, ""),
        ({**FORM, "properties": {"a b": {"type": "string"}}}, "/properties/a b/[key]"),
        (nested(5), ""),
        (WIDE, ""),
    ],
)
def test_a_question_beyond_the_small_schema_is_refused(schema: Any, pointer: str) -> None:
    problems = refused(ASKED, said(ASKED, answerSchema=schema))

    assert f"/answerSchema{pointer}" in problems


def test_answers_are_judged_by_the_question() -> None:
    schema = AnswerSchema.model_validate_json(json.dumps(FORM), by_alias=True)

    check_answer(schema, {"key": "returned"})
    check_answer(schema, {"key": "lost", "on": "2026-12-01"})

    wrong: tuple[tuple[Any, str], ...] = (
        ({"key": "eaten"}, "/key"),
        ({"key": "lost", "on": "tomorrow"}, "/on"),
        ({"on": "2026-12-01"}, ""),
        ({"key": "lost", "more": 1}, ""),
        ("lost", ""),
    )
    for answer, pointer in wrong:
        with pytest.raises(EngineError) as refusal:
            check_answer(schema, answer)
        assert refusal.value.code == "invalid-answer"
        assert [problem.pointer for problem in refusal.value.problems] == [pointer]


# --- made in Python ------------------------------------------------------------------------------


def test_in_python_names_are_snake_case_and_as_strict() -> None:
    order = OrderSubmit(procedure="move.move-out-notice", attempt=1, fields={}, planned=False, basis="none")

    assert order.due_on is None
    assert "dueOn" not in json.loads(order.wire())
    with pytest.raises(ValidationError):
        Title(ja="", en="x")
    with pytest.raises(ValidationError):
        order.attempt = 2  # type: ignore[misc]  # frozen is the point
