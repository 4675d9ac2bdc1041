# SPDX-License-Identifier: Apache-2.0
"""The families whose heirs and shares are known: each vector is a family as its members tell it.

H01 to H60 are cases of the Civil Code and the Inheritance Tax Act; P1 to P3 tell death before the
decedent from death after.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from engine.core.errors import EngineError, Problem
from workflows.heirs import inheritance, present_holders, read_family

VECTORS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("heirs_vectors.json").read_text(encoding="utf-8")
)
ANSWERED = [one for one in VECTORS if "shares" in one]
NUMBERS = "01 02 03 04 05 06 08 09 10 12 13 15 16 18 19 20 21 23 24 26 27 29 31 32 33a 34 36 37 38 39 40 41 44 46 48 49 50 51 53 55 57 60"
EVERY_CASE = [f"H{number}" for number in NUMBERS.split(" ")] + ["P1", "P2", "P3"]


def name(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def having(member: str) -> list[dict[str, Any]]:
    return [one for one in VECTORS if member in one]


def test_every_known_case_is_here_once() -> None:
    assert [name(one) for one in VECTORS] == EVERY_CASE


@pytest.mark.parametrize("vector", ANSWERED, ids=name)
def test_a_known_family_has_its_heirs_and_shares(vector: dict[str, Any]) -> None:
    found = inheritance(read_family(vector["told"]))

    assert {one.person: str(one.share) for one in found.heirs} == vector["shares"]
    assert sum((one.share for one in found.heirs), Fraction(0)) == 1


@pytest.mark.parametrize("vector", ANSWERED, ids=name)
def test_everybody_who_was_told_inherits_or_hears_why_not(vector: dict[str, Any]) -> None:
    found = inheritance(read_family(vector["told"]))

    assert {one.person: one.why.value for one in found.excluded} == vector.get("excluded", {})
    assert {one.person: list(one.represents) for one in found.heirs if one.represents} == vector.get(
        "represents", {}
    )
    assert {one.note.value: list(one.persons) for one in found.remarks} == vector.get("remarks", {})


@pytest.mark.parametrize("vector", having("refused"), ids=name)
def test_what_a_human_must_decide_or_the_law_forbids_is_refused(vector: dict[str, Any]) -> None:
    told = vector["refused"]

    with pytest.raises(EngineError) as refused:
        inheritance(read_family(vector["told"]))

    assert refused.value.code == told["code"]
    assert refused.value.problems == (Problem(told["pointer"], told["problem"]),)


@pytest.mark.parametrize("vector", having("tax"), ids=name)
def test_the_tax_counts_who_renounced_too(vector: dict[str, Any]) -> None:
    found = inheritance(read_family(vector["told"])).tax

    assert found.count == vector["tax"]["count"]
    assert found.basic_deduction_yen == vector["tax"]["basicDeductionYen"]


@pytest.mark.parametrize("vector", having("holders"), ids=name)
def test_the_part_of_an_heir_who_died_since_goes_to_that_ones_heirs(vector: dict[str, Any]) -> None:
    found = present_holders(read_family(vector["told"]))

    assert {one.person: str(one.share) for one in found} == vector["holders"]


@pytest.mark.parametrize("vector", ANSWERED, ids=name)
def test_every_reason_names_its_article_in_both_languages(vector: dict[str, Any]) -> None:
    found = inheritance(read_family(vector["told"]))

    for ground in (ground for one in found.heirs for ground in one.grounds):
        assert "民法" in ground.basis
        assert ground.reason.ja.endswith("です。")
        assert ground.reason.en.endswith(f"{'all' if ground.share == 1 else ground.share}.")
    for one in found.excluded:
        assert "民法" in one.basis
        assert one.reason.ja
        assert one.reason.en
