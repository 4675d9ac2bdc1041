# SPDX-License-Identifier: Apache-2.0
"""What a couple may tell about its marriage: each wrong fact is refused at its place, with its code."""

import json
from typing import Any

import pytest

from tests.unit.marriage_samples import CHIYODA_HOME, MURORAN_HOME, WITNESSES, honseki, name, register, told
from tests.unit.plan_tables import changed, problems, wanted
from workflows.marriage import MARRIAGE, MarriageFacts

HELD = {"company": "7000012050002", "companyName": "見本社", "customerNumber": "1", "owner": 1}
CHILD = {
    "name": name("髙橋", "一"),
    "kana": name("タカハシ", "ハジメ"),
    "birthDate": "2018-07-07",
    "parent": 0,
    "familyRegister": register("東町1番地", name("髙橋", "松")),
    "wish": "adoption",
}
MORE: dict[str, Any] = {
    "email": "hanako@example.jp",
    "kinship": "cousins",
    "children": [CHILD],
    "childAllowance": {"recipient": 1, "account": {"bank": "見本銀行", "branch": "東", "number": "1234567"}},
    "move": {"movedOn": "2026-11-30", "movers": [0, 1], "newAddress": MURORAN_HOME, "first": "marriage"},
    "householdMerge": {"members": [name("髙橋", "花子")], "newHead": name("佐藤", "太郎"), "relation": "妻"},
    "vehicles": [{"kind": "car", "plate": "品川 300 あ 1", "chassis": "A-1", "owner": 0}],
    "realEstate": [{"municipality": "012050", "number": "0123456789012", "exOfficio": False, "owner": 1}],
    "contracts": {
        "electricity": [HELD | {"merges": True}],
        "gas": [HELD],
        "water": [HELD],
        "telephone": [HELD],
        "newspaper": [HELD],
        "nhk": [HELD],
        "isp": [HELD],
        "shops": [HELD],
        "banks": [{"branch": "東", "account": "1234567", "newSeal": True}],
        "creditCards": [HELD | {"romaji": "SATO HANAKO"}],
        "mobiles": [{"number": "090-1234-5678", "joinsFamily": True}],
        "insurance": [HELD | {"beneficiary": {"name": name("佐藤", "太郎"), "relation": "夫"}}],
        "securities": [HELD],
    },
    "protected": False,
}
WIFE: dict[str, Any] = {
    "earlierMarriage": {"endedBy": "divorce", "endedOn": "2022-06-30"},
    "nonAcceptance": "set",
    "comesInPerson": True,
    "hasCard": True,
    "wantsSigningCertificate": True,
    "wantsFormerSurname": True,
    "sealRegistered": True,
    "healthInsurance": "national",
    "insuranceAfter": "employee",
    "becomesDependant": True,
    "income": 0,
    "taxDependant": True,
    "licence": {"number": "012345678901"},
    "passport": {"number": "TK1234567", "romaji": "TAKAHASHI HANAKO"},
    "qualifications": [{"title": "看護師", "ministry": "厚生労働省", "number": "1"}],
    "receivesChildSupport": True,
    "publicMoneyAccount": True,
}


def full() -> dict[str, Any]:
    """Return facts in which everything is told that can be."""
    facts: dict[str, Any] = json.loads(json.dumps(told() | MORE))
    facts["spouses"][0].update(json.loads(json.dumps(WIFE)))
    facts["spouses"][1]["employer"] = {"companyName": "見本工業"}
    return facts


LONG = "一" * 101
BRIDE, GROOM, C, MOVE = "/spouses/0", "/spouses/1", "/contracts", "/move"
HUSBAND_AS_WITNESS = {"name": name("佐藤", "太郎"), "birthDate": "1993-03-03"}
WRONG: list[tuple[str, Any, str]] = [
    # the day, the desk, the choice
    ("/marriageDate", "2027-11-27", "too-far-ahead:*"),
    ("/marriageDate", "1999-12-31", "date"),
    ("/marriageDate", "令和8年11月30日", "date"),
    ("/marriageDate", ..., "missing"),
    ("/marriageDate", "2026-12-01", "contradicts-facts:!/move/first"),
    ("/desk", ..., "missing"),
    ("/desk/municipality", "131017", "municipality"),
    ("/desk/municipality", "130001", "municipality"),
    ("/surnameOf", ..., "missing"),
    ("/surnameOf", "both", "not-allowed-value"),
    ("/surnameOf", None, "missing"),
    ("/newHonseki", ..., "missing"),
    ("/newHonseki/line", "", "too-short"),
    ("/newHonseki/municipality", "010006", "municipality"),
    ("/newHonseki/head", name("佐藤", "太郎"), "unknown"),
    ("/kinship", "lineal", "forbidden-kinship"),
    ("/kinship", "collateral-within-three", "forbidden-kinship"),
    ("/kinship", "lineal-by-marriage", "forbidden-kinship"),
    ("/kinship", "adoptive-lineal", "forbidden-kinship"),
    ("/marriedAbroad", {"country": "フランス"}, "missing:/marriedOn"),
    (
        "/marriedAbroad",
        {"country": "フランス", "marriedOn": "2026-11-26"},
        "contradicts-facts:/marriedOn",
    ),
    ("/kinship", "friends", "not-allowed-value"),
    ("/phone", "0312", "too-short"),
    ("/email", "hanako", "pattern"),
    ("/protected", "yes", "type"),
    ("/foreignSurname", {"family": "スミス", "kana": "スミス"}, "contradicts-facts"),
    ("/foreignSurname", {"family": "SMITH", "kana": "SMITH"}, "not-kana:/kana"),
    # the two
    ("/spouses", [], "too-few"),
    ("/spouses", [WIFE], "*missing:!/spouses/0/part"),
    (f"{BRIDE}/birthDate", "2008-12-01", "too-young"),
    (f"{BRIDE}/birthDate", "2026-11-26", "not-born-yet:*"),
    (f"{GROOM}/birthDate", "2008-12-01", "too-young"),
    (f"{GROOM}/birthDate", "1872-12-31", "too-long-ago"),
    (f"{GROOM}/part", "wife", "contradicts-facts:*"),
    (f"{GROOM}/part", "bride", "not-allowed-value"),
    (f"{GROOM}/part", ..., "missing"),
    (f"{GROOM}/name/family", "", "too-short"),
    (f"{GROOM}/kana/family", "さとう", "not-kana"),
    (f"{GROOM}/address", ..., "missing:*"),
    (f"{GROOM}/abroad", {"country": "フランス"}, "contradicts-facts"),
    (f"{BRIDE}/address", ..., "missing:*"),
    (f"{GROOM}/familyRegister", ..., "*missing"),
    (f"{GROOM}/familyRegister/head", ..., "missing"),
    (f"{GROOM}/familyRegister/isHead", True, "contradicts-facts:*"),
    (f"{GROOM}/nationality", "フランス", "contradicts-facts"),
    (
        f"{GROOM}/residence",
        {"status": "mid-to-long", "cardNumber": "AB12345678CD"},
        "contradicts-facts",
    ),
    (f"{GROOM}/residence", {"status": "mid-to-long", "cardNumber": "1"}, "pattern:/cardNumber"),
    (f"{GROOM}/parents", ..., "missing"),
    (f"{GROOM}/parents/relation", ..., "missing"),
    (f"{BRIDE}/earlierMarriage/endedOn", "2026-11-26", "still-married"),
    (f"{BRIDE}/earlierMarriage/endedOn", "2027-01-01", "still-married"),
    (f"{BRIDE}/earlierMarriage/endedOn", "1995-05-05", "contradicts-facts"),
    (f"{BRIDE}/earlierMarriage/endedOn", ..., "missing"),
    (f"{BRIDE}/earlierMarriage/endedBy", "annulment", "not-allowed-value"),
    (f"{BRIDE}/comesInPerson", False, "non-acceptance-set:!/spouses/0/nonAcceptance"),
    (f"{BRIDE}/nonAcceptance", "maybe", "not-allowed-value"),
    (f"{BRIDE}/hasCard", False, "contradicts-facts:!/spouses/0/wantsSigningCertificate"),
    (f"{BRIDE}/insuranceAfter", "national", "contradicts-facts"),
    (f"{BRIDE}/healthInsurance", "private", "not-allowed-value"),
    (f"{BRIDE}/income", -1, "out-of-range"),
    (f"{BRIDE}/income", "0", "type"),
    (f"{GROOM}/employer", None, "contradicts-facts:*!/spouses/0/becomesDependant"),
    (f"{GROOM}/becomesDependant", True, "*contradicts-facts"),
    (f"{GROOM}/taxDependant", True, "*contradicts-facts"),
    (f"{BRIDE}/licence/number", "01234", "pattern"),
    (f"{BRIDE}/passport/number", "1234567", "pattern"),
    (f"{BRIDE}/passport/romaji", "Takahashi", "pattern"),
    (f"{BRIDE}/qualifications/0/number", ..., "missing"),
    (f"{BRIDE}/qualifications", [WIFE["qualifications"][0]] * 6, "too-many"),
    (f"{BRIDE}/myNumber", "123456789018", "unknown"),
    (f"{BRIDE}/basicPensionNumber", "1234-567890", "unknown"),
    # the witnesses
    ("/witnesses", WITNESSES[:1], "too-few"),
    ("/witnesses", [*WITNESSES, WITNESSES[0]], "too-many"),
    ("/witnesses/0/birthDate", "2008-12-01", "too-young"),
    ("/witnesses/1/birthDate", "2026-11-26", "not-born-yet"),
    ("/witnesses/1", WITNESSES[1] | HUSBAND_AS_WITNESS, "same-person"),
    ("/witnesses/1", WITNESSES[0], "same-person"),
    ("/witnesses/0/honseki", ..., "missing"),
    ("/witnesses/0/nationality", "フランス", "contradicts-facts"),
    ("/witnesses/0/address", ..., "missing"),
    ("/witnesses/0/phone", "03-1234-5678", "unknown"),
    # children, allowance, household, move
    ("/children/0/birthDate", "2026-11-26", "not-born-yet"),
    ("/children/0/birthDate", "1990-01-01", "contradicts-facts"),
    ("/children/0", CHILD | {"name": name("佐藤", "太郎"), "birthDate": "1993-03-03"}, "same-person"),
    ("/children/0/parent", 2, "out-of-range"),
    ("/children/0/parent", "0", "type"),
    ("/children/0/wish", "both", "not-allowed-value"),
    ("/children/0/familyRegister", ..., "missing"),
    ("/children", [], "contradicts-facts:!/childAllowance"),
    ("/childAllowance/recipient", 2, "out-of-range"),
    ("/childAllowance/account/number", "12345678a", "pattern"),
    (f"{MOVE}/first", ..., "order-not-said"),
    (f"{MOVE}/first", None, "order-not-said"),
    (f"{MOVE}/first", "both", "not-allowed-value"),
    (f"{MOVE}/movedOn", "2026-11-29", "contradicts-facts:!/move/first"),
    (f"{MOVE}/movedOn", "2028-01-01", "too-far-ahead"),
    (f"{MOVE}/movers/1", 0, "out-of-range"),
    (f"{MOVE}/movers/1", 2, "out-of-range"),
    (f"{MOVE}/movers", [], "too-few"),
    (f"{MOVE}/newAddress", ..., "missing"),
    ("/householdMerge/members", [], "too-few"),
    ("/householdMerge/newHead", ..., "missing"),
    # things and contracts
    ("/vehicles/0/owner", 2, "out-of-range"),
    ("/vehicles/0/kind", "truck", "not-allowed-value"),
    ("/vehicles/0/plate", ..., "missing"),
    ("/realEstate/0/number", "1", "pattern"),
    ("/realEstate/0/owner", 2, "out-of-range"),
    (f"{C}/electricity/0/owner", 2, "out-of-range"),
    (f"{C}/electricity/0/merges", "yes", "type"),
    (f"{C}/gas/0/company", "7000012050003", "corporate-number"),
    (f"{C}/gas/0/owner", -1, "out-of-range"),
    (f"{C}/nhk/0/customerNumber", LONG, "too-long"),
    (f"{C}/water/0/owner", 19, "out-of-range"),
    (f"{C}/telephone/0/owner", 3, "out-of-range"),
    (f"{C}/newspaper/0/owner", 2, "out-of-range"),
    (f"{C}/isp/0/owner", 2, "out-of-range"),
    (f"{C}/shops", [HELD] * 21, "too-many"),
    (f"{C}/shops/0/owner", 2, "out-of-range"),
    (f"{C}/banks/0/account", "12a", "pattern"),
    (f"{C}/banks/0/branch", ..., "missing"),
    (f"{C}/banks/0/owner", 2, "out-of-range"),
    (f"{C}/creditCards/0/romaji", "ハナコ", "pattern"),
    (f"{C}/creditCards/0/owner", 2, "out-of-range"),
    (f"{C}/mobiles/0/number", "1", "too-short:*"),
    (f"{C}/mobiles/0/owner", 2, "out-of-range"),
    (f"{C}/insurance/0/beneficiary/relation", ..., "missing"),
    (f"{C}/insurance/0/owner", 2, "out-of-range"),
    (f"{C}/securities/0/owner", 2, "out-of-range"),
    (f"{C}/securities/0/myNumber", "123456789018", "unknown"),
    (f"{C}/heating", [], "unknown"),
]


@pytest.mark.parametrize(("place", "value", "code"), WRONG, ids=[f"{p}={v!r:.20}" for p, v, _ in WRONG])
def test_a_wrong_fact_is_refused_at_its_place_with_its_code(place: str, value: Any, code: str) -> None:
    found = problems(MARRIAGE, changed(full(), place, value))

    if "*" in code:  # other things contradict it too
        assert wanted(place, code.replace("*", "")) in found
    else:
        assert found == [wanted(place, code)]


def test_the_table_of_wrong_facts_is_long_and_says_nothing_twice() -> None:
    assert len({(place, repr(value)) for place, value, _ in WRONG}) == len(WRONG)
    assert len(WRONG) >= 100


def test_everything_may_be_told_at_once() -> None:
    assert problems(MARRIAGE, full()) == []


def test_nobody_marries_themselves() -> None:
    facts = told()
    facts["spouses"][1] = facts["spouses"][0] | {"part": "husband"}

    assert ("/spouses/1", "same-person") in problems(MARRIAGE, facts)


def test_two_marry_on_the_birthday_on_which_one_is_eighteen() -> None:
    assert problems(MARRIAGE, told(spouses__0__birthDate="2008-11-30")) == []


def test_with_a_foreigner_no_surname_is_chosen() -> None:
    facts = told(spouses__1__nationality="フランス", spouses__1__familyRegister=...)

    assert problems(MARRIAGE, facts) == [("/surnameOf", "contradicts-facts")]


def test_no_register_is_made_where_the_chosen_one_heads_one() -> None:
    own = register("幸町2番地", name("佐藤", "太郎"), isHead=True)
    facts = told(spouses__1__familyRegister=own)

    assert problems(MARRIAGE, facts) == [("/newHonseki", "contradicts-facts")]
    assert problems(MARRIAGE, told(spouses__1__familyRegister=own, newHonseki=...)) == []


def test_two_households_at_two_addresses_cannot_be_one() -> None:
    merge = MORE["householdMerge"]

    assert problems(MARRIAGE, told(householdMerge=merge)) == []
    assert problems(MARRIAGE, told(householdMerge=merge, spouses__0__address=MURORAN_HOME)) == [
        ("/householdMerge", "contradicts-facts")
    ]


@pytest.mark.parametrize("given", ["𠮷", "葛\U000e0100", "か\u3099", "Ｍｃ"])
def test_a_name_is_kept_as_it_is_written(given: str) -> None:
    facts = MarriageFacts.model_validate(told(spouses__1__name__family=given))

    assert facts.new_name(0).family.encode() == given.encode()


def test_the_new_honseki_may_be_anywhere_in_japan() -> None:
    assert problems(MARRIAGE, told(newHonseki=honseki("港町1番地"))) == []
    assert problems(MARRIAGE, told(spouses__0__address=CHIYODA_HOME)) == []


def test_the_facts_have_a_schema_that_a_form_can_be_made_of() -> None:
    schema = MarriageFacts.model_json_schema(by_alias=True)

    assert schema["additionalProperties"] is False
    assert not [word for word in ("myNumber", "individualNumber", "個人番号") if word in json.dumps(schema)]
