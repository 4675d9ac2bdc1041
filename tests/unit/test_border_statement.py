# SPDX-License-Identifier: Apache-2.0
"""The monthly statement counts by what envelopes say, in Japan's time, and nobody else can sign it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.jwk import thumbprint
from engine.border.statement import Said, Statement, statement, verified
from engine.core.errors import EngineError

NUMBER = "8999999000001"
NOW = datetime(2026, 12, 5, tzinfo=UTC)
KEY, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
KID = thumbprint(KEY.public_key())


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


def order(name: str, when: str, due: str | None = None, kind: str = "submit") -> Said:
    return Said(name, kind, name, date.fromisoformat(due) if due else None, at(when))


def reply(name: str, when: str, to: str, kind: str) -> Said:
    return Said(name, kind, to, None, at(when))


def counts(*said: Said, now: datetime = NOW) -> dict[str, int]:
    return {name: one.count for name, one in statement(NUMBER, "2026-11", said, now=now).counts.items()}


def test_a_month_begins_and_ends_at_midnight_in_japan() -> None:
    said = [order("before", "2026-10-31T23:59:59"), order("first", "2026-11-01T00:00:00")]
    said += [order("last", "2026-11-30T23:59:59"), order("after", "2026-12-01T00:00:00")]

    assert counts(*said) == {"sent": 2, "accepted": 0, "refused": 0, "late": 0}


def test_each_message_counts_once_and_by_its_kind() -> None:
    said = [order("o1", "2026-11-02T09:00:00"), order("w1", "2026-11-03T09:00:00", kind="withdraw")]
    said += [reply("r1", "2026-11-02T10:00:00", "o1", "received")]
    said += [reply("r2", "2026-11-02T11:00:00", "o1", "accepted")] * 2
    said += [reply("r3", "2026-11-02T12:00:00", "o1", "completed")]
    said += [reply("r4", "2026-11-03T12:00:00", "o9", "refused")]

    assert counts(*said) == {"sent": 2, "accepted": 2, "refused": 1, "late": 0}


@pytest.mark.parametrize(
    ("answer", "late"),
    [
        (None, 1),
        (("2026-11-10T23:59:59", "accepted"), 0),
        (("2026-11-11T00:00:00", "accepted"), 1),
        (("2026-11-10T12:00:00", "received"), 1),
        (("2026-11-10T12:00:00", "refused"), 0),
    ],
)
def test_late_is_what_had_no_decision_by_the_end_of_its_last_day(
    answer: tuple[str, str] | None, late: int
) -> None:
    said = [order("o1", "2026-10-20T09:00:00", "2026-11-10")]
    said += [reply("r1", answer[0], "o1", answer[1])] if answer else []

    assert counts(*said)["late"] == late


def test_a_last_day_that_is_not_over_is_not_late() -> None:
    said = [order("o1", "2026-11-02T09:00:00", "2026-11-10")]

    assert counts(*said, now=at("2026-11-10T23:59:59"))["late"] == 0
    assert counts(*said, now=at("2026-11-11T00:00:00"))["late"] == 1


def test_equal_numbers_of_other_messages_are_told_apart() -> None:
    ours = statement(NUMBER, "2026-11", [order("o1", "2026-11-02T09:00:00")], now=NOW)
    theirs = statement(NUMBER, "2026-11", [order("o2", "2026-11-02T09:00:00")], now=NOW)

    assert ours.sent.count == theirs.sent.count
    assert ours.sent != theirs.sent


def test_a_signed_statement_is_whose_it_says_and_nobody_elses() -> None:
    made = statement(NUMBER, "2026-11", [], now=NOW)
    text = made.signed(KEY, kid=KID)

    assert verified(text, {KID: KEY.public_key()}, number=NUMBER) == made
    head, payload, signature = text.split(".")
    for wrong, keys, number in (
        (text, {KID: OTHER.public_key()}, NUMBER),
        (text, {}, NUMBER),
        (text, {KID: KEY.public_key()}, "7999999000002"),
        (f"{head}.{payload}x.{signature}", {KID: KEY.public_key()}, NUMBER),
        ("", {KID: KEY.public_key()}, NUMBER),
    ):
        with pytest.raises(EngineError, match="invalid-statement"):
            verified(wrong, keys, number=number)


def test_the_bytes_that_are_signed_are_one_way_to_write_it() -> None:
    made = statement(NUMBER, "2026-11", [], now=NOW)

    assert Statement.model_validate_json(made.canonical()).canonical() == made.canonical()
    assert b" " not in made.canonical()


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-11", "2027-01", "2026-12-01"])
def test_what_is_no_month_or_has_not_begun_has_no_statement(month: str) -> None:
    with pytest.raises(EngineError, match="invalid-month"):
        statement(NUMBER, month, [], now=NOW + timedelta())
