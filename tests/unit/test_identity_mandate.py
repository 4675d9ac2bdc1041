# SPDX-License-Identifier: Apache-2.0
"""A mandate is one text for one meaning, readable by the person who signs it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.border.canonical import canonical_json
from engine.core.errors import EngineError
from engine.identity.challenges import new_nonce
from engine.identity.mandate import Mandate, written_nonce
from tests.unit.identity_desk import CASE, RECIPIENT, START

MANDATE = Mandate(
    id=CASE,
    case_id=CASE,
    recipients=(RECIPIENT,),
    issued_at=START,
    expires_at=START + timedelta(days=365),
    nonce=written_nonce(new_nonce()),
)


def test_a_mandate_says_who_receives_what_and_why_in_plain_text() -> None:
    text = MANDATE.to_bytes().decode()

    assert '"name":"清瀬市"' in text
    assert '"fields":["name","newAddress"]' in text
    assert '"expiresAt":"2027-11-09T01:02:03Z"' in text


def test_a_mandate_comes_back_from_its_bytes() -> None:
    assert Mandate.from_bytes(MANDATE.to_bytes()) == MANDATE


@pytest.mark.parametrize(
    "other",
    [
        lambda text: json.dumps(json.loads(text)).encode(),
        lambda text: text + b"\n",
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b'"todoke-mandate/1"', b'"todoke-mandate\\/1"'),
        lambda text: text.replace(b'{"caseId"', b'{"more":1,"caseId"'),
        lambda text: text.replace(b'{"caseId"', b'{"caseId":"x","caseId"'),
        lambda text: text.replace(b"01:02:03Z", b"01:02:03.0Z"),
        lambda text: text[:-1],
        lambda _: b"",
        lambda _: b"\xff",
        lambda _: b"[" * 100_000,
        lambda text: text + b" " * 300_000,
    ],
)
def test_any_other_bytes_are_no_mandate(other: Any) -> None:
    with pytest.raises(EngineError, match="malformed-mandate"):
        Mandate.from_bytes(other(MANDATE.to_bytes()))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        ({"é": "x"}, None),
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\x7f\u2028", '"\x7f\u2028"'),
        (1.5, None),
        (2**53, None),
        ("\ud800", None),
        (-(2**53) + 1, "-9007199254740991"),
    ],
)
def test_canonical_json_follows_rfc_8785_or_refuses(value: object, text: str | None) -> None:
    if text is None:
        with pytest.raises(ValueError):
            canonical_json(value)
    else:
        assert canonical_json(value).decode() == text
