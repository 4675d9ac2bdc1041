# SPDX-License-Identifier: Apache-2.0
"""What parents may tell about a birth: each wrong fact is refused at its place, with its code."""

import json
import unicodedata
from datetime import date
from typing import Any

import pytest

from tests.unit.birth_samples import CHILD, MOTHER, told
from tests.unit.marriage_samples import MURORAN, honseki, name
from tests.unit.plan_tables import changed, problems, wanted
from workflows.birth import BIRTH, BirthFacts
from workflows.name_characters import KANJI, NAME_CHARACTERS, is_name

LEAVE = {"startsOn": "2026-10-09", "endsOn": "2027-01-15"}


def full() -> dict[str, Any]:
    """Return facts in which everything is told that can be, by a couple in Japan."""
    facts: dict[str, Any] = json.loads(json.dumps(told()))
    facts["children"][0] |= {
        "wantsCard": True,
        "wantsPassport": True,
        "prematureCare": True,
        "daycare": {"wishes": ["見本保育所"], "parentsWork": "会社員"},
    }
    facts["mother"] |= {"maternityLeave": dict(LEAVE), "insuranceSymbol": "12-34", "nationalPension": False}
    facts["father"] |= {"childcareLeave": dict(LEAVE)}
    facts |= {
        "email": "taro@example.jp",
        "dueDate": "2026-11-25",
        "foetuses": 1,
        "livesWith": "mother",
        "raisesAlone": False,
        "allowance": {
            "recipient": "father",
            "already": True,
            "account": {"bank": "見本銀行", "branch": "東", "number": "1234567"},
        },
        "siblings": [{"name": name("佐藤", "零"), "birthDate": "2020-01-01", "livesTogether": True}],
        "optIns": [{"kind": "insurance", "companyName": "見本生命", "customerNumber": "L-1", "owner": 0}],
        "protected": False,
    }
    return facts


CHILD_0, MUM, DAD = "/children/0", "/mother", "/father"
RESIDENCE = {"status": "mid-to-long", "cardNumber": "AB12345678CD"}
WRONG: list[tuple[str, Any, str]] = [
    # the child
    ("/children", [], "too-few"),
    ("/children", [CHILD] * 7, "too-many"),
    (f"{CHILD_0}/bornOn", "2026-11-26", "not-born-yet"),
    (f"{CHILD_0}/bornOn", "1999-12-31", "date"),
    (f"{CHILD_0}/bornOn", ..., "missing"),
    (f"{CHILD_0}/bornAt", "24:00", "pattern"),
    (f"{CHILD_0}/bornAt", "9:30", "pattern"),
    (f"{CHILD_0}/bornAt", "12:60", "pattern"),
    (f"{CHILD_0}/bornAt", ..., "missing"),
    (f"{CHILD_0}/name", ..., "missing"),
    (f"{CHILD_0}/name/given", "", "too-short"),
    (f"{CHILD_0}/name/given", "檸", "not-a-name-character"),
    (f"{CHILD_0}/name/given", "腥", "not-a-name-character:*"),
    (f"{CHILD_0}/name/given", "Luca", "not-a-name-character"),
    (f"{CHILD_0}/name/given", "太1", "not-a-name-character"),
    (f"{CHILD_0}/name/given", "一・", "not-a-name-character"),
    (f"{CHILD_0}/name/given", "ー郎", "not-a-name-character"),
    (f"{CHILD_0}/name/given", "太\u200b郎", "control-characters"),
    (f"{CHILD_0}/name/given", "か\u3099", "not-a-name-character"),
    (f"{CHILD_0}/name/family", "鈴木", "contradicts-facts"),
    (f"{CHILD_0}/kana", ..., "missing"),
    (f"{CHILD_0}/kana/given", "はじめ", "not-kana"),
    (f"{CHILD_0}/kana/given", "ﾊｼﾞﾒ", "not-kana"),
    (f"{CHILD_0}/kana/given", "Hajime", "not-kana"),
    (f"{CHILD_0}/sex", ..., "missing"),
    (f"{CHILD_0}/sex", "other", "not-allowed-value"),
    (f"{CHILD_0}/outcome", "died", "*contradicts-facts"),
    (f"{CHILD_0}/outcome", "stillborn", "*missing:/../weeks"),
    (f"{CHILD_0}/outcome", "lost", "not-allowed-value"),
    (f"{CHILD_0}/weightGrams", 199, "out-of-range"),
    (f"{CHILD_0}/weightGrams", 8001, "out-of-range"),
    (f"{CHILD_0}/weightGrams", "3100", "type"),
    (f"{CHILD_0}/weeks", 11, "out-of-range"),
    (f"{CHILD_0}/weeks", 46, "out-of-range"),
    (f"{CHILD_0}/prematureCare", "yes", "type"),
    (f"{CHILD_0}/daycare/wishes", ["西"] * 11, "too-many"),
    (f"{CHILD_0}/myNumber", "123456789018", "unknown"),
    # the parents
    (MUM, ..., "missing"),
    (f"{MUM}/birthDate", "2026-11-20", "contradicts-facts"),
    (f"{MUM}/birthDate", "2026-11-26", "not-born-yet"),
    (f"{DAD}/birthDate", "2026-11-26", "not-born-yet"),
    (f"{DAD}/birthDate", "2012-01-01", "needs-representative"),
    (f"{MUM}/address", ..., "missing:*"),
    (f"{MUM}/abroad", {"country": "フランス"}, "contradicts-facts"),
    (f"{MUM}/familyRegister", ..., "missing"),
    (f"{MUM}/nationality", "フランス", "contradicts-facts"),
    (f"{MUM}/residence", RESIDENCE, "contradicts-facts"),
    (f"{MUM}/healthInsurance", "private", "not-allowed-value"),
    (f"{MUM}/dependant", "yes", "type"),
    (f"{MUM}/maternityLeave/endsOn", "2026-10-08", "contradicts-facts"),
    (f"{MUM}/maternityLeave/endsOn", ..., "missing"),
    (f"{DAD}/childcareLeave/endsOn", "2026-10-08", "contradicts-facts"),
    (f"{DAD}/employer", ..., "contradicts-facts:!/father/childcareLeave"),
    (f"{DAD}/maternityLeave", LEAVE, "contradicts-facts"),
    (f"{DAD}/basicPensionNumber", "1234-567890", "unknown"),
    (DAD, ..., "*missing"),
    ("/parentsMarried", ..., "missing"),
    ("/parentsMarried", False, "*contradicts-facts:!/supportedBy"),
    ("/divorcedBeforeBirth", True, "contradicts-facts"),
    ("/recognition", {"kind": "notice"}, "contradicts-facts"),
    ("/recognition", {"kind": "oral"}, "not-allowed-value:/kind"),
    ("/raisesAlone", True, "contradicts-facts"),
    # who notifies, and where
    ("/filer", ..., "missing"),
    ("/filer/role", "uncle", "not-allowed-value"),
    ("/filer/role", "doctor", "may-not-file:*"),
    ("/filer/role", "cohabitant", "may-not-file:*"),
    ("/filer/role", "institution", "*missing:/../name"),
    ("/filer/parentsCannot", "yes", "type"),
    ("/desk", ..., "missing"),
    ("/desk/municipality", "130001", "municipality"),
    ("/consulate", "在フランス日本国大使館", "contradicts-facts"),
    ("/place", ..., "missing"),
    ("/place/municipality", ..., "missing"),
    ("/place/municipality", "131017", "municipality"),
    (
        "/bornAbroad",
        {"country": "フランス", "gotNationality": True, "reserves": True},
        "contradicts-facts:!/place/municipality",
    ),
    ("/bornAbroad", {"country": "フランス", "gotNationality": True}, "missing:/reserves"),
    ("/dueDate", "2028-01-01", "contradicts-facts"),
    ("/dueDate", "2026-09-01", "contradicts-facts"),
    ("/dueDate", "in November", "date"),
    ("/foetuses", 0, "out-of-range"),
    ("/foetuses", 7, "out-of-range"),
    ("/head", ..., "missing"),
    ("/phone", "0312", "too-short"),
    ("/email", "taro", "pattern"),
    # what is claimed
    ("/supportedBy", ..., "missing"),
    ("/supportedBy", "grandmother", "not-allowed-value"),
    ("/allowance/recipient", "child", "not-allowed-value"),
    ("/allowance/payer", "state", "not-allowed-value"),
    ("/allowance/account/number", "12a", "pattern"),
    ("/siblings", [], "contradicts-facts:!/allowance/already"),
    ("/siblings/0/birthDate", "2026-11-26", "not-born-yet"),
    ("/siblings/0/birthDate", "2026-11-20", "contradicts-facts"),
    ("/siblings/0/name", ..., "missing"),
    ("/optIns/0/owner", 1, "out-of-range"),
    ("/optIns/0/kind", "toys", "not-allowed-value"),
    ("/optIns/0/company", "1000020131017", "corporate-number"),
    ("/protected", 1, "type"),
    ("/utilities", {}, "unknown"),
]


@pytest.mark.parametrize(("place", "value", "code"), WRONG, ids=[f"{p}={v!r:.20}" for p, v, _ in WRONG])
def test_a_wrong_fact_is_refused_at_its_place_with_its_code(place: str, value: Any, code: str) -> None:
    found = problems(BIRTH, changed(full(), place, value))

    if "*" in code:  # other things contradict it too
        there, said = wanted(place, code.replace("*", ""))
        parts = there.split("/")
        if ".." in parts:
            at = parts.index("..")
            there = "/".join([*parts[: at - 1], *parts[at + 1 :]])
        assert (there, said) in found
    else:
        assert found == [wanted(place, code)]


def test_the_table_of_wrong_facts_is_long_and_says_nothing_twice() -> None:
    assert len({(place, repr(value)) for place, value, _ in WRONG}) == len(WRONG)
    assert len(WRONG) >= 90


def test_everything_may_be_told_at_once() -> None:
    assert problems(BIRTH, full()) == []


# --- who may notify (戸籍法52条) ---------------------------------------------------------------------

UNMARRIED: dict[str, Any] = {
    "parentsMarried": False,
    "supportedBy": "mother",
    "mother": MOTHER | {"name": name("髙橋", "花子")},
    "children__0__name__family": "髙橋",
}


@pytest.mark.parametrize(
    ("changes", "role", "may"),
    [
        ({}, "father", True),
        ({}, "mother", True),
        ({"divorcedBeforeBirth": True, "parentsMarried": False}, "mother", True),
        ({"divorcedBeforeBirth": True, "parentsMarried": False}, "father", False),
        (UNMARRIED, "mother", True),
        (UNMARRIED, "father", False),
        (UNMARRIED | {"recognition": {"kind": "before-birth"}}, "father", False),
    ],
)
def test_of_a_marriage_either_parent_notifies_else_the_mother(
    changes: dict[str, Any],
    role: str,
    may: bool,  # noqa: FBT001
) -> None:
    found = problems(BIRTH, told(**changes, filer={"role": role}))

    assert (found == []) is may
    assert may or ("/filer/role", "may-not-file") in found


@pytest.mark.parametrize(
    "role", ["cohabitant", "doctor", "midwife", "attendant", "representative", "institution"]
)
def test_others_notify_where_the_parents_cannot(role: str) -> None:
    filer = {"role": role, "name": name("見本", "一郎"), "parentsCannot": True}

    assert problems(BIRTH, told(filer=filer)) == []


# --- names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ["一", "葵", "凛", "渾", "巫", "サクラ", "さくら", "奈々", "祢々", "ジョー", "翔", "𠮟", "ゑ"]
)
def test_a_name_of_common_characters_is_taken(given: str) -> None:
    assert is_name(given)


@pytest.mark.parametrize(
    "given", ["", "々", "ー", "A", "1", "①", "檸", "髙", "龥", "\U0001f600", "一 ", "ｻｸﾗ"]
)
def test_a_name_of_other_characters_is_not(given: str) -> None:
    assert not is_name(given)


def test_the_lists_of_the_law_are_whole() -> None:
    assert len(KANJI) == 2136 + 863
    assert all(unicodedata.name(one).startswith("CJK") for one in KANJI)
    assert len(NAME_CHARACTERS - KANJI) == 86 + 90 + 6  # hiragana, katakana, marks


def test_a_child_of_foreigners_may_be_named_as_they_like() -> None:
    foreign: dict[str, Any] = {}
    for parent in ("mother", "father"):
        foreign |= {f"{parent}__familyRegister": ..., f"{parent}__nationality": "ブラジル連邦共和国"}

    assert problems(BIRTH, told(**foreign, children__0__name__given="LUCAS")) == []


def test_twins_cannot_have_one_name() -> None:
    facts = told(children=[CHILD, CHILD], foetuses=2)

    assert problems(BIRTH, facts) == [("/children/1/name", "same-person")]


def test_two_births_are_two_cases() -> None:
    later = CHILD | {"bornOn": "2026-11-22", "name": name("佐藤", "二")}

    assert problems(BIRTH, told(children=[CHILD, later], foetuses=2)) == [
        ("/children/1/bornOn", "contradicts-facts")
    ]


def test_more_children_than_foetuses_there_are_not() -> None:
    twin = CHILD | {"name": name("佐藤", "二")}

    assert problems(BIRTH, told(children=[CHILD, twin])) == [("/foetuses", "contradicts-facts")]


def test_a_stillborn_child_needs_no_name() -> None:
    lost = {"outcome": "stillborn", "bornOn": "2026-11-20", "bornAt": "03:00", "weeks": 20}

    assert problems(BIRTH, told(children=[lost])) == []


def test_an_unmarried_mother_gives_the_child_her_name() -> None:
    wrong = UNMARRIED | {"children__0__name__family": "佐藤", "filer": {"role": "mother"}}

    assert problems(BIRTH, told(**wrong)) == [("/children/0/name/family", "contradicts-facts")]


def test_a_father_whom_the_law_does_not_know_supports_nobody() -> None:
    facts = told(**(UNMARRIED | {"supportedBy": "father"}), filer={"role": "mother"})

    assert problems(BIRTH, facts) == [("/supportedBy", "contradicts-facts")]
    assert problems(BIRTH, facts | {"recognition": {"kind": "notice"}}) == []


@pytest.mark.parametrize("recognition", [{"kind": "judgment"}, {"kind": "notice", "judgedOn": "2026-12-18"}])
def test_a_judgment_has_the_day_it_became_final_and_nothing_else_has(recognition: dict[str, Any]) -> None:
    facts = told(**UNMARRIED, filer={"role": "mother"}, recognition=recognition)

    assert problems(BIRTH, facts) == [("/recognition/judgedOn", "contradicts-facts")]


def test_a_nationality_is_reserved_only_where_it_could_be_lost() -> None:
    abroad = {"country": "フランス", "gotNationality": False, "reserves": True}
    place = {"line": "Paris"}

    assert problems(BIRTH, told(bornAbroad=abroad, place=place)) == [
        ("/bornAbroad/reserves", "contradicts-facts")
    ]
    assert problems(BIRTH, told(bornAbroad=abroad | {"reserves": False}, place=place)) == []


def test_a_birth_may_be_told_late() -> None:
    assert problems(BIRTH, told(children__0__bornOn="2026-11-20"), today=date(2028, 1, 1)) == []
    assert problems(BIRTH, told(desk={"municipality": MURORAN, "city": "室蘭市"})) == []
    assert honseki("港町1")["city"] == "室蘭市"


def test_the_facts_have_a_schema_that_a_form_can_be_made_of() -> None:
    schema = BirthFacts.model_json_schema(by_alias=True)

    assert schema["additionalProperties"] is False
    assert not [word for word in ("myNumber", "individualNumber", "個人番号") if word in json.dumps(schema)]
