# SPDX-License-Identifier: Apache-2.0
"""The small judges of the web: hosts, addresses, buckets, languages, kinds of errors, traces."""

from contextlib import suppress
from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import EngineError, Problem
from engine.telemetry import new_trace_id, trace_id_of
from engine.web.fields import FIELD_CODES, facts_under, field_code
from engine.web.operations import Call, Group
from engine.web.problems import preferred_language
from engine.web.reading import strict_json
from engine.web.security import LOOPBACK, Buckets, Origins, Rate, Who, address_of, is_within, rate_name


@pytest.mark.parametrize(
    ("public_url", "hosts"),
    [
        ("https://todoke.example", {"todoke.example", "todoke.example:443"}),
        ("https://todoke.example:8443", {"todoke.example:8443"}),
        ("http://127.0.0.1:8080", {"127.0.0.1:8080", "localhost:8080", "[::1]:8080"}),
    ],
)
def test_the_service_is_known_by_its_public_host_and_on_loopback_by_all_its_names(
    public_url: str, hosts: set[str]
) -> None:
    assert Origins(public_url).hosts == hosts


def test_a_bucket_fills_again_with_time_and_never_over_its_brim() -> None:
    buckets = Buckets(Rate(per_second=2, burst=4))

    buckets.take("a", 4, now=0.0)
    with pytest.raises(EngineError, match="too-many-requests") as refused:
        buckets.take("a", 4, now=0.5)
    buckets.take("a", 1, now=0.5)
    buckets.take("a", 4, now=100.0)

    assert refused.value.values["retry_after"] == 2
    with pytest.raises(EngineError, match="too-many-requests"):
        buckets.take("a", 1, now=100.0)


def test_one_bucket_is_not_anothers_and_their_number_is_bounded() -> None:
    buckets = Buckets(Rate(per_second=0.001, burst=1), most=2)

    for name in ("a", "b", "c"):
        buckets.take(name, 1, now=0.0)

    buckets.take("a", 1, now=0.0)  # forgotten, so full again
    with pytest.raises(EngineError, match="too-many-requests"):
        buckets.take("c", 1, now=0.0)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (None, "127.0.0.1"),
        ("203.0.113.1", "203.0.113.1"),
        ("203.0.113.9, 203.0.113.1", "203.0.113.1"),
        ("203.0.113.1, 127.0.0.2", "203.0.113.1"),
        ("nonsense", "127.0.0.1"),
    ],
)
def test_the_address_is_the_last_one_that_no_trusted_proxy_vouches_for(
    forwarded: str | None, address: str
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="127.0.0.1")

    assert address_of(request, LOOPBACK) == address


def test_one_ipv6_customer_is_one_address() -> None:
    assert rate_name("2001:db8::1") == rate_name("2001:db8::ffff:1") != rate_name("2001:db8:0:1::1")
    assert rate_name("203.0.113.1") == "203.0.113.1"
    assert not is_within("", (ip_network("0.0.0.0/0"),))


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "ja"),
        ("", "ja"),
        ("en", "en"),
        ("EN-us,en;q=0.9", "en"),
        ("ja,en;q=0.9", "ja"),
        ("en;q=0.5,ja;q=0.5", "ja"),
        ("en;q=0", "ja"),
        ("de, en;q=0.1", "en"),
        ("*", "ja"),
        (";;;q=,en;q=9", "ja"),
    ],
)
def test_the_language_is_english_only_where_it_is_preferred(accept: str | None, language: str) -> None:
    assert preferred_language(accept) == language


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("missing", "missing"),
        ("invalid-missing", "missing"),
        ("invalid-extra-forbidden", "unknown"),
        ("string_too_long", "too-long"),
        ("invalid-string-pattern-mismatch", "pattern"),
        ("date_from_datetime_parsing", "date"),
        ("model_type", "type"),
        ("int_parsing", "type"),
        ("invalid-same-address", "same-address"),
        ("a-rule-of-a-life-event", "a-rule-of-a-life-event"),
        ("value_error", "invalid"),
        ("invalid-fact-date", "invalid-fact-date"),
    ],
)
def test_each_kind_of_error_has_a_stable_code(kind: str, code: str) -> None:
    assert field_code(kind) == code


def test_every_field_code_has_words_in_both_languages() -> None:
    assert all(text.ja and text.en.isascii() for text in FIELD_CODES.values())


def test_errors_about_facts_are_moved_to_where_the_facts_are_and_others_stay() -> None:
    with pytest.raises(EngineError) as moved, facts_under("/facts"):
        raise EngineError("invalid-facts", problems=(Problem("/phone", "invalid-missing"),))
    with pytest.raises(EngineError) as kept, facts_under("/facts"):
        raise EngineError("no-such-case", pointer="/x")

    assert moved.value.problems == (Problem("/facts/phone", "missing"),)
    assert kept.value.problems == (Problem("/x", "no-such-case"),)


def test_a_list_with_a_wrong_element_is_not_called_too_short() -> None:
    wrong = (Problem("/movers/0/kana", "not-kana"), Problem("/movers", "invalid-too-short"))

    with pytest.raises(EngineError) as told, facts_under("/facts"):
        raise EngineError("invalid-facts", problems=wrong)

    assert told.value.problems == (Problem("/facts/movers/0/kana", "not-kana"),)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_are_json_or_refused(raw: bytes) -> None:
    with suppress(EngineError):
        strict_json(raw)


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    ],
)
def test_what_is_no_traceparent_has_no_trace(traceparent: str | None) -> None:
    assert trace_id_of(traceparent) is None


def test_a_new_trace_can_be_read_back() -> None:
    trace = new_trace_id()

    assert trace_id_of(f"00-{trace}-00f067aa0ba902b7-01") == trace


async def _nothing(call: Call, case: int) -> None:
    """Do nothing."""


def test_an_operation_whose_path_and_function_disagree_cannot_be_made() -> None:
    group = Group("g", FIELD_CODES["missing"])

    for path in ("/v1/x", "/v1/{other}", "/v1/{case}/{other}"):
        with pytest.raises(ValueError, match="parts"):
            group.operation("GET", path, who=Who.OPEN, words=group.words)(_nothing)
    with pytest.raises(ValueError, match="unknown codes"):
        group.operation("GET", "/v1/{case}", who=Who.OPEN, words=group.words, refusals=("nonsense",))
