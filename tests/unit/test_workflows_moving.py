# SPDX-License-Identifier: Apache-2.0
"""What a household may tell about its move, and what is refused, field by field."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.core.errors import EngineError
from tests.unit.facts_samples import MURORAN, OUT, TODAY, family, plan, told
from workflows.moving import MOVING, MovingFacts


def problems(facts: Any) -> list[tuple[str, str]]:
    """Return what pydantic says is wrong, and where, as JSON pointers."""
    with pytest.raises(ValidationError) as refusal:
        MovingFacts.model_validate(facts)
    return [
        ("".join(f"/{step}" for step in one["loc"]), one["type"])
        for one in refusal.value.errors(include_context=False)
    ]


WRONG: list[tuple[str, Any, str]] = [
    # dates: only YYYY-MM-DD, and only days that can be
    ("movingDate", "0001-01-01", "date-out-of-range"),
    ("movingDate", "1999-12-31", "date-out-of-range"),
    ("movingDate", "2080-01-01", "date-out-of-range"),
    ("movingDate", "9999-12-31", "date-out-of-range"),
    ("movingDate", "2026-02-30", "date_from_datetime_parsing"),
    ("movingDate", "2026-12-01T00:00:00", "date"),
    ("movingDate", "1764547200", "date"),
    ("movingDate", 1764547200, "date"),
    ("movingDate", "令和8年12月1日", "date"),
    ("movingDate", "２０２６-12-01", "date"),
    ("movingDate", " 2026-12-01", "date"),
    ("movingDate", "2026-12-1", "date"),
    ("movingDate", "", "date"),
    ("movingDate", None, "date"),
    ("movingDate", ..., "missing"),
    ("movers/0/birthDate", "1872-12-31", "too-long-ago"),
    ("movers/0/birthDate", "0001-01-01", "too-long-ago"),
    ("movers/1/birthDate", "1989-02-29", "date_from_datetime_parsing"),
    ("movers/3/birthDate", True, "date"),
    # places
    ("oldAddress", "北海道室蘭市", "model_type"),
    ("oldAddress", ..., "missing"),
    ("oldAddress/municipality", "012051", "municipality"),  # check digit
    ("oldAddress/municipality", "01205", "string_pattern_mismatch"),
    ("oldAddress/municipality", "０１２０５０", "string_pattern_mismatch"),
    ("oldAddress/municipality", "480001", "municipality"),  # there are 47 prefectures
    ("newAddress/municipality", "130001", "municipality"),  # Tokyo is no municipality
    ("newAddress/municipality", 131016, "string_type"),
    ("newAddress/postalCode", "1020082\n", "string_pattern_mismatch"),
    ("newAddress/postalCode", "102-008", "string_pattern_mismatch"),
    ("newAddress/postalCode", "〒102-0082", "string_pattern_mismatch"),
    ("newAddress/line", "", "string_too_short"),
    ("newAddress/line", "一" * 101, "string_too_long"),
    ("newAddress/line", "一番町1\n2", "control-characters"),
    ("newAddress/city", " 千代田区", "outer-space"),
    ("newAddress/city", "千代田区\u3000", "outer-space"),
    ("newAddress/building", "", "string_too_short"),
    ("newAddress/country", "JP", "extra_forbidden"),
    # names
    ("head", None, "model_type"),
    ("head/family", "髙橋\x00", "control-characters"),
    ("head/family", "髙\u200b橋", "control-characters"),  # zero width
    ("head/family", "\u202e髙橋", "control-characters"),  # turns the writing round
    ("head/family", "\ue000", "control-characters"),  # a private character: nobody else has it
    ("head/family", "\uffff", "not-a-character"),
    ("head/family", "\U0001fffe", "not-a-character"),
    ("head/family", "\ufdd0", "not-a-character"),
    ("head/middle", "M", "extra_forbidden"),
    ("movers/0/name/given", ["花子"], "string_type"),
    ("movers/0/kana/given", "はなこ", "not-kana"),
    ("movers/0/kana/given", "ﾊﾅｺ", "not-kana"),
    ("movers/0/kana/family", "Takahashi", "not-kana"),
    # persons
    ("movers", [], "too_short"),
    ("movers", ..., "missing"),
    ("movers", "花子", "tuple_type"),
    ("movers/2/sex", "other", "enum"),
    ("movers/2/relation", ..., "missing"),
    ("movers/2/nationalPension", "yes", "bool_type"),
    ("movers/2/nationalPension", 1, "bool_type"),
    ("movers/0/myNumber", "123456789018", "extra_forbidden"),
    ("movers/0/individualNumber", "123456789018", "extra_forbidden"),
    ("movers/0/residentRecordCode", "12345678901", "extra_forbidden"),
    # how to reach them
    ("phone", "090-1234-567890-1234567890", "string_too_long"),
    ("phone", "123456789018", "string_pattern_mismatch"),  # no telephone begins so
    ("phone", "090--1234-5678", "string_pattern_mismatch"),
    ("phone", "０９０-1234-5678", "string_pattern_mismatch"),
    ("phone", "090-1234-5678;ext=1", "string_pattern_mismatch"),
    ("phone", "0312", "string_too_short"),
    ("phone", 9012345678, "string_type"),
    # contracts
    ("contracts", [], "model_type"),
    ("contracts/heating", {}, "extra_forbidden"),
    ("contracts/gas/company", "1000020131017", "corporate-number"),
    ("contracts/gas/company", "100002013101", "string_pattern_mismatch"),
    ("contracts/gas/customerNumber", "", "string_too_short"),
    ("contracts/nhk/customerNumber", "1\t2", "control-characters"),
    # the whole
    ("moving_date_", "2026-12-01", "extra_forbidden"),
]


@pytest.mark.parametrize(("place", "value", "kind"), WRONG, ids=[f"{p}={v!r:.24}" for p, v, _ in WRONG])
def test_a_wrong_fact_is_refused_where_it_stands(place: str, value: object, kind: str) -> None:
    facts = told(**{place.replace("/", "__"): value})

    assert problems(facts) == [(f"/{place}", kind)]


@pytest.mark.parametrize("facts", [None, [], "moving", 1, True])
def test_what_is_no_object_is_no_facts(facts: object) -> None:
    assert problems(facts) == [("", "model_type")]


def test_every_wrong_fact_is_named_at_once() -> None:
    found = problems(told(phone="x", movingDate="x", newAddress__city="", movers__1__name__given=""))

    assert [place for place, _ in found] == [
        "/movingDate",
        "/newAddress/city",
        "/movers/1/name/given",
        "/phone",
    ]


def test_a_move_goes_somewhere() -> None:
    facts = told()
    facts["newAddress"] = facts["oldAddress"]

    assert problems(facts) == [("", "same-address")]


def test_a_household_has_a_bounded_number_of_people() -> None:
    facts = told()
    facts["movers"] = facts["movers"] * 5
    MovingFacts.model_validate(facts)

    facts["movers"] = facts["movers"] + facts["movers"][:1]

    assert problems(facts) == [("/movers", "too_long")]


def test_what_was_wrong_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValidationError) as refusal:
        MovingFacts.model_validate(told(head__family="秘密\x00"))

    assert "秘密" not in str(refusal.value)


@pytest.mark.parametrize(
    "name",
    [
        "髙橋",  # not 高
        "山﨑",  # not 崎
        "𠮷田",  # outside the basic plane, not 吉
        "葛\U000e0100城",  # a variation of 葛
        "葛\U000e0101城",
        "邉",
        "⻆田",
        "\U00031350",  # newer than this Python's Unicode
        "か\u3099",  # a mark of its own: not composed to が
        "Ｍｃ",  # full-width: not folded
        "O'Brien",
        "Ó Súilleabháin",
        "グエン ヴァン",
    ],
)
def test_a_name_is_kept_as_it_is_written(name: str) -> None:
    facts = family(head__family=name, movers__0__name__family=name, newAddress__building=name)
    out = next(entry for entry in plan(facts).entries if entry.slug == OUT)

    back = MovingFacts.model_validate_json(facts.model_dump_json(by_alias=True))

    assert facts.head.family == name
    assert back == facts
    told_to = json.loads(json.dumps(out.fields))
    assert told_to["name"]["family"].encode() == name.encode()
    assert told_to["newAddress"]["building"].encode() == name.encode()


@given(st.text(min_size=1, max_size=30))
def test_whatever_a_name_is_it_is_refused_or_kept(name: str) -> None:
    try:
        facts = family(head__family=name)
    except ValidationError:
        return
    assert facts.as_json()["head"] == {"family": name, "given": "花子"}


@pytest.mark.parametrize(
    "phone", ["0312345678", "03-1234-5678", "090-1234-5678", "+81-90-1234-5678", "0143-22-1111"]
)
def test_a_telephone_number_may_be_written_as_people_do(phone: str) -> None:
    assert family(phone=phone).phone == phone


def test_a_move_may_be_told_late_but_not_years_ahead() -> None:
    plan(family(movingDate="2019-04-01"))
    plan(family(movingDate=(TODAY + timedelta(days=366)).isoformat()))

    with pytest.raises(EngineError) as refusal:
        plan(family(movingDate=(TODAY + timedelta(days=367)).isoformat()))

    assert refusal.value.code == "invalid-facts"
    assert [(p.pointer, p.code) for p in refusal.value.problems] == [("/movingDate", "invalid-too-far-ahead")]


def test_nobody_moves_who_is_not_born_yet() -> None:
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    plan(family(movers__3__birthDate=TODAY.isoformat()))

    with pytest.raises(EngineError) as refusal:
        plan(family(movers__3__birthDate=tomorrow))

    assert [(p.pointer, p.code) for p in refusal.value.problems] == [
        ("/movers/3/birthDate", "invalid-not-born-yet")
    ]


def test_within_one_municipality_nothing_is_filed_with_another() -> None:
    slugs = {entry.slug for entry in plan(family(newAddress__municipality=MURORAN)).entries}

    assert not slugs & {OUT, "move.move-in-notice", "move.national-pension-address"}


def test_the_applicant_is_the_first_who_moves() -> None:
    assert family().applicant.name.given == "花子"


def test_a_changed_day_changes_only_the_day() -> None:
    facts = family()

    redated = MOVING.redated(facts, date(2026, 12, 24))

    assert redated.moving_date == date(2026, 12, 24)
    assert redated.model_copy(update={"moving_date": facts.moving_date}) == facts


def test_the_facts_have_a_schema_that_a_form_can_be_made_of() -> None:
    schema = MovingFacts.model_json_schema(by_alias=True)

    assert schema["properties"]["movingDate"] == {"format": "date", "title": "Movingdate", "type": "string"}
    assert schema["additionalProperties"] is False
    assert not [word for word in ("myNumber", "individualNumber", "個人番号") if word in json.dumps(schema)]
