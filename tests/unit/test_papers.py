# SPDX-License-Identifier: Apache-2.0
"""What the printed papers promise: right dates, right names, nothing executed, nothing lost."""

from datetime import date

import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import EngineError
from engine.core.text import Text
from mailbox.papers.certificate import Member, MoveOutCertificate
from mailbox.papers.render import Papers
from mailbox.papers.sheet import Entry, Errand, Place, Sheet
from mailbox.papers.wareki import era_year, wareki, wareki_with_weekday


@pytest.fixture(scope="module")
def papers() -> Papers:
    return Papers()


def certificate(**changes: object) -> MoveOutCertificate:
    return MoveOutCertificate(
        number="青市転第2026-004512号",
        municipality="青葉市",
        mayor_title="青葉市長",
        mayor="森川 直樹",
        issued_on=date(2026, 11, 9),
        notified_on=date(2026, 11, 8),
        planned_on=date(2026, 11, 23),
        old_address="東京都青葉市若草町二丁目3番4号",
        old_head="髙橋 一郎",
        new_address="神奈川県横浜市港北区日吉本町一丁目20番30号",
        new_head="髙橋 一郎",
        members=(member("髙橋 一郎"), member("髙橋 花子"), member("髙橋 未来")),
        verification="https://todoke.example/verify/7h2kq9m4x0",
        simulation=True,
    ).model_copy(update=changes)


def member(name: str, **changes: object) -> Member:
    return Member(
        name=name,
        kana="タカハシ",
        born_on=date(1989, 1, 8),
        sex="女",
        relation="世帯主",
        domicile="東京都青葉市若草町二丁目3番",
        register_head="髙橋 一郎",
        remarks=("国民健康保険の被保険者",),
    ).model_copy(update=changes)


def sheet(**changes: object) -> Sheet:
    return Sheet(
        errand=Errand.VISIT,
        event=Text(ja="引越し", en="Moving"),
        procedure=Text(ja="転入届", en="Move-in notice"),
        code="T-7H2K-Q9M4-X0",
        prepared_on=date(2026, 11, 9),
        place=Place(name=Text(ja="港北区役所", en="Kohoku Ward Office")),
        due_on=date(2026, 12, 7),
        reason=Text(ja="14日目です。", en="It is the 14th day."),
        bring=(Text(ja="マイナンバーカード", en="My Number Card"),),
        entries=(Entry(label=Text(ja="氏名", en="Name"), value="髙橋 一郎"),),
        law="住民基本台帳法第22条",
        simulation=False,
    ).model_copy(update=changes)


def words(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "".join(document[page].get_textpage().get_text_range() for page in range(len(document)))


def test_an_era_begins_on_its_first_day_with_its_first_year() -> None:
    changes = {
        date(1912, 7, 29): "明治45年7月29日",
        date(1912, 7, 30): "大正元年7月30日",
        date(1926, 12, 24): "大正15年12月24日",
        date(1926, 12, 25): "昭和元年12月25日",
        date(1989, 1, 7): "昭和64年1月7日",
        date(1989, 1, 8): "平成元年1月8日",
        date(2019, 4, 30): "平成31年4月30日",
        date(2019, 5, 1): "令和元年5月1日",
        date(2020, 1, 1): "令和2年1月1日",
    }

    written = {day: wareki(day) for day in changes}

    assert written == changes
    assert wareki_with_weekday(date(2026, 11, 3)) == "令和8年11月3日（火）"


def test_a_day_of_the_old_calendar_has_no_such_date() -> None:
    assert wareki(date(1873, 1, 1)) == "明治6年1月1日"

    with pytest.raises(ValueError, match="calendar"):
        wareki(date(1872, 12, 31))


@given(st.dates(min_value=date(1873, 1, 1), max_value=date(2100, 12, 31)))
def test_the_year_in_an_era_is_never_below_one(day: date) -> None:
    _, year = era_year(day)

    assert 1 <= year <= 82


def test_the_certificate_says_what_was_certified(papers: Papers) -> None:
    pdf = papers.move_out_certificate(certificate())

    text = words(pdf).replace("\r\n", "").replace(" ", "")
    for expected in (
        "転出証明書",
        "髙橋一郎",
        "令和8年11月23日（月）",
        "青葉市長",
        "平成元年1月8日",
        "SIMULATION",
    ):
        assert expected in text


def test_only_a_simulated_certificate_says_that_it_is_one(papers: Papers) -> None:
    assert "SIMULATION" not in words(papers.move_out_certificate(certificate(simulation=False)))


def test_the_same_paper_has_the_same_bytes(papers: Papers) -> None:
    assert papers.move_out_certificate(certificate()) == Papers().move_out_certificate(certificate())


def test_a_household_certificate_fits_into_an_inline_document(papers: Papers) -> None:
    assert len(papers.move_out_certificate(certificate())) <= 64 * 1024


def test_what_a_person_wrote_is_text_and_never_template(papers: Papers) -> None:
    hostile = '#panic("x") $1$ *bold* \\ "quoted" #read("/etc/passwd")'

    text = words(papers.move_out_certificate(certificate(new_address=hostile)))

    assert '#panic("x")' in text.replace("\r\n", "")
    assert "$1$" in text


def test_long_names_and_addresses_wrap_and_are_complete(papers: Papers) -> None:
    address = "神奈川県横浜市港北区日吉本町" + "グランドパークレジデンス" * 8 + "ABCDEFGHIJ" * 6
    many = tuple(member(f"マリア フェルナンダ デ ラ クルス ヴァスコンセロス {index}") for index in range(20))

    pdf = papers.move_out_certificate(certificate(new_address=address, members=many))

    text = "".join(words(pdf).split()).replace("\u200b", "")
    assert address in text
    assert all(person.name.replace(" ", "") in text for person in many)
    assert inked_margin(pdf) == 0


def inked_margin(pdf: bytes) -> int:
    """Return how many dark pixels lie within 10 mm of the left and right edges of any page."""
    dark = 0
    document = pypdfium2.PdfDocument(pdf)
    for page in range(len(document)):
        bitmap = document[page].render(scale=1, grayscale=True)
        edge = int(10 / 25.4 * 72)
        rows = bytes(bitmap.buffer)
        for top in range(0, bitmap.height * bitmap.stride, bitmap.stride):
            row = rows[top : top + bitmap.width]
            dark += sum(value < 128 for value in row[:edge] + row[-edge:])
    return dark


@pytest.mark.parametrize(
    "name",
    ["𠮷野 太郎", "邉\U000e01ef 太郎", "山田\n太郎", "山田\u202e太郎", "山田\u200b太郎", "😀"],
    ids=["lacking kanji", "lacking variant", "line break", "reversed text", "zero width", "emoji"],
)
def test_a_certificate_with_a_character_the_fonts_lack_is_refused(papers: Papers, name: str) -> None:
    with pytest.raises(EngineError) as refused:
        papers.move_out_certificate(certificate(members=(member("髙橋 一郎"), member(name))))

    assert refused.value.code == "invalid-characters"
    assert [problem.pointer for problem in refused.value.problems] == ["/members/1/name"]
    assert name not in str(refused.value)


def test_a_name_variant_that_the_fonts_have_is_drawn(papers: Papers) -> None:
    plain = papers.move_out_certificate(certificate(old_head="熊田 一郎"))

    variant = papers.move_out_certificate(certificate(old_head="熊\U000e0100田 一郎"))

    assert variant != plain


def test_the_sheet_says_where_by_when_and_why_in_both_languages(papers: Papers) -> None:
    text = words(papers.sheet(sheet())).replace("\r\n", " ")

    for expected in (
        "転入届",
        "Move-in notice",
        "令和8年12月7日（月）",
        "2026-12-07",
        "14日目です。",
        "14th day",
    ):
        assert expected in text
    assert "T-7H2K-Q9M4-X0" in text


def test_the_sheet_marks_what_it_cannot_print_and_says_so(papers: Papers) -> None:
    entries = (Entry(label=Text(ja="氏名", en="Name"), value="𠮷野 太郎"),)

    text = words(papers.sheet(sheet(entries=entries)))

    assert "〓野 太郎" in text
    assert "印刷できない文字" in text
    assert "印刷できない文字" not in words(papers.sheet(sheet()))


@pytest.mark.parametrize("errand", list(Errand))
def test_a_sheet_with_the_least_content_can_be_printed(papers: Papers, errand: Errand) -> None:
    bare = sheet(errand=errand, due_on=None, reason=None, bring=(), entries=(), law=None)

    assert papers.sheet(bare).startswith(b"%PDF-")
