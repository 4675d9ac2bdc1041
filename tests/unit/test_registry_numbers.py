# SPDX-License-Identifier: Apache-2.0
"""The numbers and the table of municipalities are right, digit by digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import EngineError
from engine.core.numbers import (
    area_code,
    area_of_local_government,
    corporate_number,
    is_area_code,
    is_corporate_number,
    number_of_local_government,
    prefecture_of,
)
from engine.registry.municipalities import areas_around, municipalities, municipality

# Published numbers: the tax agency, a car maker, three ministries, two agencies, the post, …
PUBLISHED = [
    "7000012050002",
    "1180301018771",
    "8000012010038",
    "2000012020001",
    "1000012030001",
    "9000012040001",
    "8000012050001",
    "7000012060001",
    "6000012070001",
    "5000012080001",
    "4000012090001",
    "2000012100001",
    "1000012110001",
    "1010001112577",
]
# Published numbers of local governments, with the area codes they hold.
LOCAL = {
    "130001": "8000020130001",  # 東京都
    "010006": "7000020010006",  # 北海道
    "131016": "8000020131016",  # 千代田区
    "092151": "7000020092151",  # 那須烏山市
}
CODES = [
    "011002",
    "011011",
    "010006",
    "012050",
    "111007",
    "122076",
    "131032",
    "132217",
    "141046",
    "221309",
    "270008",
    "401307",
    "472018",
]


@pytest.mark.parametrize("number", [*PUBLISHED, *LOCAL.values()])
def test_published_corporate_numbers_have_the_right_check_digit(number: str) -> None:
    assert is_corporate_number(number)
    assert corporate_number(number[1:]) == number


@pytest.mark.parametrize(
    "number", ["1000012050002", "3010401100190", "700001205000", "70000120500021", "７000012050002", "", "x"]
)
def test_other_texts_are_no_corporate_numbers(number: str) -> None:
    assert not is_corporate_number(number)


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.integers(0, 11), st.integers(1, 8))
def test_one_wrong_digit_is_noticed_unless_nine_divides_the_difference(
    body: str, place: int, step: int
) -> None:
    number = corporate_number(body)
    changed = str((int(body[place]) + step) % 10)
    weight = 1 if (12 - place) % 2 else 2

    wrong = number[0] + body[:place] + changed + body[place + 1 :]

    assert is_corporate_number(wrong) == ((int(changed) - int(body[place])) * weight % 9 == 0)


@pytest.mark.parametrize("code", CODES)
def test_published_area_codes_have_the_right_check_digit(code: str) -> None:
    assert is_area_code(code)
    assert area_code(code[:5]) == code


@pytest.mark.parametrize("code", ["012051", "480002", "000000", "01205", "0120500", "０12050", ""])
def test_other_texts_are_no_area_codes(code: str) -> None:
    assert not is_area_code(code)


@pytest.mark.parametrize(("code", "number"), LOCAL.items())
def test_the_number_of_a_local_government_follows_from_its_area_code(code: str, number: str) -> None:
    assert number_of_local_government(code) == number
    assert area_of_local_government(number) == code


@pytest.mark.parametrize("number", ["7000012050002", "1000020131016", "000020131016", ""])
def test_no_other_organisation_has_an_area_code_in_its_number(number: str) -> None:
    assert area_of_local_government(number) is None


@pytest.mark.parametrize(
    ("function", "text", "code"),
    [
        (corporate_number, "12345678901", "invalid-corporate-number"),
        (corporate_number, "12345678901２", "invalid-corporate-number"),
        (area_code, "48101", "invalid-area-code"),
        (area_code, "", "invalid-area-code"),
        (number_of_local_government, "012051", "invalid-area-code"),
        (prefecture_of, "", "invalid-area-code"),
    ],
)
def test_wrong_texts_are_refused(function: object, text: str, code: str) -> None:
    assert callable(function)

    with pytest.raises(EngineError) as refusal:
        function(text)

    assert refusal.value.code == code


def test_the_table_has_every_municipality_and_every_ward_with_right_check_digits() -> None:
    table = municipalities()

    assert all(is_area_code(code) and one.code == code for code, one in table.items())
    assert sum(one.part_of is None for one in table.values()) == 1741
    assert sum(one.part_of is not None for one in table.values()) == 171
    assert len({one.part_of for one in table.values() if one.part_of}) == 20
    assert (
        len({prefecture_of(code) for code in table}) == len({one.prefecture for one in table.values()}) == 47
    )


def test_every_row_of_the_table_is_complete() -> None:
    table = municipalities()

    assert len({(one.prefecture, one.county, one.name) for one in table.values()}) == len(table)
    for one in table.values():
        assert one.name.endswith(tuple("市区町村"))
        assert one.kana
        assert all("ァ" <= sign <= "ー" for sign in one.kana)
        assert one.english.replace(" ", "").replace(",", "").isalpha()
        assert one.english.endswith(("City", "Town", "Village"))
        assert one.county == "" or one.county.endswith("郡")
        assert one.part_of is None or one.name.startswith(table[one.part_of].name)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("012050", ("北海道", "", "室蘭市", "ムロランシ", "Muroran City")),
        ("131016", ("東京都", "", "千代田区", "チヨダク", "Chiyoda City")),
        ("011002", ("北海道", "", "札幌市", "サッポロシ", "Sapporo City")),
        ("011011", ("北海道", "", "札幌市中央区", "サッポロシチュウオウク", "Chuo Ward, Sapporo City")),
        ("401005", ("福岡県", "", "北九州市", "キタキュウシュウシ", "Kitakyushu City")),
        ("341002", ("広島県", "", "広島市", "ヒロシマシ", "Hiroshima City")),
        ("104647", ("群馬県", "佐波郡", "玉村町", "タマムラマチ", "Tamamura Town")),
        ("103446", ("群馬県", "北群馬郡", "榛東村", "シントウムラ", "Shinto Village")),
        ("134015", ("東京都", "", "八丈町", "ハチジョウマチ", "Hachijo Town")),
        ("282090", ("兵庫県", "", "豊岡市", "トヨオカシ", "Toyooka City")),
        ("422088", ("長崎県", "", "松浦市", "マツウラシ", "Matsuura City")),
    ],
)
def test_municipalities_are_found_by_their_codes(code: str, expected: tuple[str, ...]) -> None:
    one = municipality(code)

    assert (one.prefecture, one.county, one.name, one.kana, one.english) == expected


def test_a_ward_is_served_by_its_city() -> None:
    assert municipality("011011").number == number_of_local_government("011002")
    assert areas_around("011011") == ("011011", "011002", "010006")
    assert areas_around("131016") == ("131016", "130001")
    assert areas_around("130001") == ("130001",)


def test_an_unknown_municipality_is_refused() -> None:
    with pytest.raises(EngineError) as refusal:
        municipality("012051")

    assert refusal.value.code == "no-such-municipality"
