# SPDX-License-Identifier: Apache-2.0
"""What the names of things promise."""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.border.names import (
    ORDER_ID_PATTERN,
    REFERENCE_PATTERN,
    OrderKind,
    order_id,
    reference,
)
from engine.core.case import filing_id, tick_id

KEY = bytes(range(32))
CASE = UUID("00000000-0000-4000-8000-000000000001")
FILING = UUID("00000000-0000-4000-8000-000000000002")
OFFICE, BANK = "1130001012345", "2130001099999"
REFERENCE = reference(KEY, organisation=OFFICE, filing_id=FILING, route=0)
KINDS: tuple[OrderKind, ...] = ("submit", "amend", "withdraw", "answer")


def test_a_reference_is_the_keyed_hash_of_the_contract() -> None:
    parts = [b"reference", OFFICE.encode(), str(FILING).encode(), b"0"]
    text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    number = int.from_bytes(hmac.digest(KEY, text, hashlib.sha256)[:16], "big") << 2
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    expected = "".join(alphabet[number >> shift & 31] for shift in range(125, -1, -5))

    assert f"r_{expected}" == REFERENCE


def test_names_stay_the_same_for_ever() -> None:
    """These are in stored cases and at organisations: a change here loses them."""
    assert REFERENCE == GOLDEN_REFERENCE
    assert order_id(KEY, reference=REFERENCE, kind="submit", attempt=1, revision=0) == GOLDEN_ORDER
    assert filing_id(CASE, "move.move-in-notice") == uuid5(CASE, "move.move-in-notice/")
    assert filing_id(CASE, "move.nhi-enrol", "child-1") == uuid5(CASE, "move.nhi-enrol/child-1")


def test_each_organisation_filing_and_route_has_its_own_reference() -> None:
    other = UUID(int=FILING.int + 1)
    names = {
        reference(KEY, organisation=organisation, filing_id=filing, route=route)
        for organisation in (OFFICE, BANK)
        for filing in (FILING, other)
        for route in range(12)
    }

    assert len(names) == 48
    assert all(re.fullmatch(REFERENCE_PATTERN, name) for name in names)


def test_without_the_key_a_reference_cannot_be_made() -> None:
    assert reference(bytes(32), organisation=OFFICE, filing_id=FILING, route=0) != REFERENCE


def test_an_order_has_its_own_id_for_each_kind_attempt_and_revision() -> None:
    names = {
        order_id(KEY, reference=REFERENCE, kind=kind, attempt=attempt, revision=revision)
        for kind in KINDS
        for attempt in range(1, 13)
        for revision in range(12)
    }

    assert len(names) == 4 * 12 * 12  # attempt 1, revision 11 is not attempt 11, revision 1
    assert all(re.fullmatch(ORDER_ID_PATTERN, name) for name in names)


@given(st.text("ab/", min_size=0, max_size=6), st.text("ab/", min_size=0, max_size=6))
def test_two_subjects_never_share_a_filing(one: str, other: str) -> None:
    assert (filing_id(CASE, "a.b", one) == filing_id(CASE, "a.b", other)) == (one == other)


def test_a_tick_is_named_by_instant_and_version_in_whatever_zone_it_is_told() -> None:
    wake_at = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    tokyo = wake_at.astimezone(timezone(timedelta(hours=9)))

    name = tick_id(CASE, wake_at=wake_at, version=3)

    assert name == tick_id(CASE, wake_at=tokyo, version=3)
    assert name == uuid5(CASE, "2026-12-01T00:00:00.000000+00:00/3")
    assert name != tick_id(CASE, wake_at=wake_at, version=4)
    assert name != tick_id(CASE, wake_at=wake_at + timedelta(microseconds=1), version=3)


def test_what_is_no_part_of_a_name_is_refused() -> None:
    with pytest.raises(ValueError):
        reference(b"short", organisation=OFFICE, filing_id=FILING, route=0)
    with pytest.raises(ValueError):
        reference(KEY, organisation="１１３０００１０１２３４５", filing_id=FILING, route=0)
    with pytest.raises(ValueError):
        reference(KEY, organisation=OFFICE, filing_id=FILING, route=-1)
    with pytest.raises(ValueError):
        order_id(KEY, reference=REFERENCE + "\n", kind="submit", attempt=1, revision=0)
    with pytest.raises(ValueError):
        order_id(KEY, reference=REFERENCE, kind="submit", attempt=0, revision=0)
    with pytest.raises(ValueError):
        filing_id(CASE, "move/x")
    with pytest.raises(ValueError):
        tick_id(CASE, wake_at=datetime(2026, 12, 1), version=1)  # noqa: DTZ001 - naive is the point


GOLDEN_REFERENCE = "r_3mrxx8psg766aajyawejrswvf0"
GOLDEN_ORDER = "o_mvavhr6yhs38pfs25xd2rzm1r0"
