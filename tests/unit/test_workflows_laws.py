# SPDX-License-Identifier: Apache-2.0
"""Every rule of every life event rests on something that is named, and leads to the text of the law."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from engine.bootstrap import LIFE_EVENTS
from workflows.laws import LAWS, Source, citations, source_of
from workflows.receivers import RECEIVERS

RULES = [(one, event.slug) for event in LIFE_EVENTS for one in event.rules["procedures"]]


def bases(told: Any) -> Iterator[str]:
    match told:
        case dict():
            for name, value in told.items():
                yield from [value] if name == "basis" else bases(value)
        case list():
            for each in told:
                yield from bases(each)


@pytest.mark.parametrize(("rule", "event"), RULES, ids=[one["slug"] for one, _ in RULES])
def test_a_basis_begins_with_a_known_law_an_ordinance_a_contract_a_practice_or_none(
    rule: dict[str, Any], event: str
) -> None:
    unknown = [basis for basis in bases(rule) if source_of(basis) is None]

    assert unknown == [], event


@pytest.mark.parametrize(("rule", "event"), RULES, ids=[one["slug"] for one, _ in RULES])
def test_a_receiver_has_a_name(rule: dict[str, Any], event: str) -> None:
    assert rule["receiver"] in RECEIVERS, event


def test_an_id_is_written_as_the_law_is_numbered() -> None:
    ids = [one for one in LAWS.values() if one is not None]

    assert all(re.fullmatch(r"[1-5][0-9]{2}(AC[01]|CO0)[0-9]{9}", one) for one in ids)
    doubles = {name for name, one in LAWS.items() if one and ids.count(one) > 1}
    assert doubles == {
        "口座管理法",
        "預貯金者の意思に基づく個人番号の利用による預貯金口座の管理等に関する法律",
    }


@pytest.mark.parametrize(
    ("basis", "source", "cited"),
    [
        ("戸籍法49条1項、43条1項", Source.LAW, ["戸籍法"]),
        ("国民健康保険法9条1項、同法施行規則2条", Source.LAW, ["国民健康保険法", "国民健康保険法施行規則"]),
        ("住民基本台帳法施行令23条、同法22条", Source.LAW, ["住民基本台帳法施行令", "住民基本台帳法"]),
        ("墓地、埋葬等に関する法律3条", Source.LAW, ["墓地、埋葬等に関する法律"]),
        ("地方税法384条の3、市区町村の条例", Source.LAW, ["地方税法"]),
        ("市区町村の条例", Source.ORDINANCE, []),
        ("契約（約款）、電気通信事業法26条の3", Source.CONTRACT, ["電気通信事業法"]),
        ("生命保険契約照会制度", Source.PRACTICE, []),
        ("なし", Source.NONE, []),
        ("どこかで読んだ", None, []),
    ],
)
def test_a_basis_says_what_it_rests_on_and_which_laws_it_cites(
    basis: str, source: Source | None, cited: list[str]
) -> None:
    assert source_of(basis) is source
    assert [one.name for one in citations(basis)] == cited


def test_only_a_law_whose_id_is_sure_has_a_link() -> None:
    known, unknown = citations("民法915条、戸籍法施行規則1条")

    assert (known.law_id, known.url) == (
        "129AC0000000089",
        "https://laws.e-gov.go.jp/law/129AC0000000089",
    )
    assert (unknown.law_id, unknown.url) == (None, None)
