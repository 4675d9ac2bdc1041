# SPDX-License-Identifier: Apache-2.0
"""When a power ends by itself, and how a code is read from paper."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from engine.core.errors import EngineError
from engine.identity.assistance import Basis, FollowCode, handle_of, is_right, new_code
from engine.identity.representation import (
    POWERS,
    Document,
    Kind,
    Representation,
    Scope,
    last_day_of_minority,
)

START = datetime(2026, 11, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("born", "last"),
    [
        (date(2019, 8, 5), date(2037, 8, 4)),
        (date(2019, 1, 1), date(2036, 12, 31)),
        (date(2008, 2, 29), date(2026, 2, 28)),
        (date(2019, 3, 1), date(2037, 2, 28)),
    ],
)
def test_the_day_before_the_eighteenth_birthday_is_the_last_of_minority(born: date, last: date) -> None:
    """民法4条, 143条, 年齢計算ニ関スル法律: who is born on 29 February is of age with the end of the 28th."""
    assert last_day_of_minority(born) == last


def a_power(**changes: object) -> Representation:
    given = {
        "id": UUID(int=1),
        "representative": UUID(int=2),
        "represented": UUID(int=3),
        "kind": Kind.CURATOR,
        "mark": "m",
        "document": Document.REGISTRATION,
        "scope": Scope(("moving",), ("move.gas",)),
        "begins_on": date(2026, 11, 9),
        "ends_on": date(2026, 12, 9),
        "basis": Basis.PASSPORT,
        "verified_by": UUID(int=4),
        "verified_at": START,
    }
    return Representation(**{**given, **changes})  # type: ignore[arg-type] # the tests name real fields


def test_both_its_days_are_within_a_power_and_the_next_one_is_not() -> None:
    power = a_power()

    power.check(date(2026, 11, 9))
    power.check(date(2026, 12, 9))
    with pytest.raises(EngineError, match="representation-ended"):
        power.check(date(2026, 12, 10))
    with pytest.raises(EngineError, match="representation-not-begun"):
        power.check(date(2026, 11, 8))
    with pytest.raises(EngineError, match="representation-revoked"):
        a_power(revoked_at=START, revoked_by=UUID(int=2)).check(date(2026, 11, 9))


def test_what_the_power_does_not_name_is_pointed_at() -> None:
    with pytest.raises(EngineError) as caught:
        a_power().check_procedures("moving", ["move.gas", "move.nhk"])

    assert [one.pointer for one in caught.value.problems] == ["/procedures/move.nhk"]
    a_power(scope=Scope(("moving",))).check_procedures("moving", ["move.gas", "move.nhk"])


def test_each_kind_names_its_article_and_what_proves_it() -> None:
    assert all("条" in one.law or "号" in one.law for one in POWERS.values())
    assert all(one.documents for one in POWERS.values())


def test_a_code_is_read_however_it_is_typed() -> None:
    written = new_code()
    letters = written.text.replace("-", "")
    code = FollowCode(
        written.handle, written.secret_hash, UUID(int=1), UUID(int=2), "m", UUID(int=3), START, START
    )
    wide = "".join(chr(ord(one) + 0xFEE0) for one in letters)
    misread = letters.replace("0", "o").replace("1", "l")
    for typed in (written.text, letters.lower(), wide, misread, f" {written.text.replace('-', 'ー')}\n"):
        assert handle_of(typed) == written.handle
        assert is_right(code, typed)
    assert not is_right(code, new_code().text)


@pytest.mark.parametrize("typed", ["", "0" * 27, "0" * 29, "U" * 28, "あ" * 28])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(EngineError, match="no-such-code"):
        handle_of(typed)
