# SPDX-License-Identifier: Apache-2.0
"""Everything a household may tell besides who moves where: each wrong fact is refused at its place, with its code."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from engine.core.errors import EngineError
from engine.core.planning import make_plan
from engine.web.fields import field_code, field_problems
from tests.unit.facts_samples import CASE_ID, TODAY, FakeConnections, told
from workflows.calendar_japan import calendar_for
from workflows.common import city_of
from workflows.moving import MOVING, MovingFacts

HELD = {"company": "7000012050002", "companyName": "見本社", "customerNumber": "1", "owner": 1}
NAME = {"family": "髙橋", "given": "松"}
FULL: dict[str, Any] = {
    "email": "hanako@example.jp",
    "householdChange": {"side": "old", "members": [NAME], "newHead": NAME},
    "childAllowance": {
        "owner": 1,
        "payer": "municipality",
        "spouse": NAME,
        "insurance": "厚生年金",
        "account": {"bank": "見本銀行", "branch": "東", "number": "1234567"},
    },
    "childSupport": {"owner": 0, "cohabitation": "二人暮らし"},
    "vehicles": [
        {"kind": "car", "plate": "室蘭 300 あ 1", "chassis": "A-1", "garageArea": True, "garagePlace": "町2"},
        {"kind": "moped", "owner": 1, "plate": "室蘭市 あ 1", "chassis": "M-1"},
    ],
    "dogs": [{"chip": "392123456789012", "tag": "1", "birthDate": "2024-01-01"}],
    "realEstate": [{"municipality": "012050", "number": "0123456789012", "exOfficio": False}],
    "bulkyWaste": {"items": ["机"], "day": "2026-11-30"},
    "protected": False,
}
CONTRACTS: dict[str, Any] = {
    "nhk": {"customerNumber": "N-3", "merges": False},
    "water": {"landlords": False, "payment": "口座振替"},
    "telephone": {"workOn": "2026-12-01"},
    "isp": {"workOn": "2026-12-01"},
    "newspapers": [HELD],
    "postForwarding": {"startOn": "2026-12-01"},
    "banks": [{"companyName": "見本銀行", "branch": "東", "account": "1234567", "owner": 1}],
    "creditCards": [HELD],
    "mobiles": [{"number": "090-1234-5678", "companyName": "見本"}],
    "shops": [HELD],
    "lifeInsurance": [HELD],
    "nonlifeInsurance": [HELD | {"building": "木造", "garagePlace": "町2"}],
    "securities": [HELD],
}
ADULT: dict[str, Any] = {
    "hasCard": True,
    "wantsSigningCertificate": True,
    "occupation": "会社員",
    "healthInsurance": "national",
    "burdenClass": "1割",
    "pension": {"linked": False, "basicPensionNumber": "1234-567890"},
    "disability": {"scheme": "physical", "number": "1"},
    "licence": {"number": "012345678900", "form": "my-number-card", "oneStop": True},
    "sealRegistered": True,
    "wantsSeal": True,
    "residence": {"status": "mid-to-long", "cardNumber": "AB12345678CD"},
    "employer": {"companyName": "見本商事", "commuting": "徒歩"},
}
CHILD: dict[str, Any] = {
    "school": {"kind": "public", "name": "東小学校", "grade": 2},
    "medicalSubsidy": {"insuranceSymbol": "12-34"},
}
SMALL: dict[str, Any] = {"daycare": {"leaves": "東保育所", "wishes": ["西保育所"], "parentsWork": "会社員"}}
OLD: dict[str, Any] = {
    "birthDate": "1942-01-10",
    "care": {
        "insuredNumber": "0123456789",
        "certification": {"level": "要介護2", "validUntil": "2027-12-31", "doctor": "見本"},
        "facility": False,
    },
}


def apart(facts: dict[str, Any]) -> dict[str, Any]:
    """Return a copy in which nothing is shared, not even between two places."""
    copied: dict[str, Any] = json.loads(json.dumps(facts))
    return copied


def full() -> dict[str, Any]:
    """Return facts in which everything is told that can be."""
    facts = apart(told() | FULL)
    facts["contracts"] |= apart(CONTRACTS)
    for mover, more in zip(facts["movers"], (ADULT, OLD, CHILD, SMALL), strict=True):
        mover.update(apart(more))
    return facts


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return these facts with another value at a JSON pointer, without it where it is `...`."""
    facts = full()
    *way, last = (int(step) if step.isdigit() else step for step in place.split("/")[1:])
    spot: Any = facts
    for step in way:
        spot = spot[step]
    if value is ...:
        del spot[last]
    else:
        spot[last] = value
    return facts


def problems(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where and what is wrong, in the codes that a citizen gets."""
    try:
        make_plan(
            MOVING,
            MovingFacts.model_validate(facts),
            case_id=CASE_ID,
            connections=FakeConnections({}),
            calendars=calendar_for,
            today=TODAY,
        )
    except ValidationError as error:
        return [(one.pointer, one.code) for one in field_problems(error)]
    except EngineError as error:
        return [(one.pointer, field_code(one.code)) for one in error.problems]
    return []


LONG = "一" * 101
MOVER, WIFE, PUPIL, SMALLEST = "/movers/0", "/movers/1", "/movers/2", "/movers/3"
C = "/contracts"
WRONG: list[tuple[str, Any, str]] = [
    # abroad
    ("/fromAbroad", {"country": "フランス"}, "contradicts-facts:!/oldAddress"),
    ("/fromAbroad", {}, "missing:/country"),
    ("/fromAbroad", "フランス", "type"),
    ("/fromAbroad", {"country": ""}, "too-short:/country"),
    ("/fromAbroad", {"country": LONG}, "too-long:/country"),
    ("/fromAbroad", {"country": "仏", "city": "Paris"}, "unknown:/city"),
    ("/toAbroad", {"place": "Paris"}, "missing:/country"),
    ("/toAbroad", [], "type"),
    ("/toAbroad", {"country": "仏\n"}, "control-characters:/country"),
    ("/oldAddress", None, "missing"),
    ("/newAddress", None, "missing"),
    ("/newAddress", ..., "missing"),
    # the household
    ("/email", "hanako", "pattern"),
    ("/email", "hanako@example", "pattern"),
    ("/email", "花子@example.jp", "pattern"),
    ("/email", "a@b.jp\n", "pattern"),
    ("/email", 1, "type"),
    ("/email", "a" * 250 + "@example.jp", "too-long"),
    ("/protected", "yes", "type"),
    ("/protected", 1, "type"),
    ("/protected", None, "type"),
    ("/householdChange", [], "type"),
    ("/householdChange/side", "both", "not-allowed-value"),
    ("/householdChange/side", ..., "missing"),
    ("/householdChange/members", [], "too-few"),
    ("/householdChange/members", [NAME] * 21, "too-many"),
    ("/householdChange/members/0/family", "", "too-short"),
    ("/householdChange/members/0/given", ..., "missing"),
    ("/householdChange/newHead", ..., "missing"),
    ("/householdChange/newHead/kana", "マツ", "unknown"),
    ("/childAllowance/owner", -1, "out-of-range"),
    ("/childAllowance/owner", 4, "out-of-range"),
    ("/childAllowance/owner", 20, "out-of-range"),
    ("/childAllowance/owner", "0", "type"),
    ("/childAllowance/owner", True, "type"),
    ("/childAllowance/owner", 0.5, "type"),
    ("/childAllowance/payer", "state", "not-allowed-value"),
    ("/childAllowance/spouse", "松", "type"),
    ("/childAllowance/spouse/family", " 髙橋", "outer-space"),
    ("/childAllowance/insurance", "", "too-short"),
    ("/childAllowance/account/bank", ..., "missing"),
    ("/childAllowance/account/branch", LONG, "too-long"),
    ("/childAllowance/account/number", "123456789", "pattern"),
    ("/childAllowance/account/number", "１２３", "pattern"),
    ("/childAllowance/account/myNumber", "123456789018", "unknown"),
    ("/childAllowance/income", 1, "unknown"),
    ("/childSupport/owner", 4, "out-of-range"),
    ("/childSupport/cohabitation", 1, "type"),
    ("/bulkyWaste/items", [], "too-few"),
    ("/bulkyWaste/items", ["机"] * 51, "too-many"),
    ("/bulkyWaste/items/0", "", "too-short"),
    ("/bulkyWaste/day", "2026-13-01", "date"),
    ("/bulkyWaste/day", "1999-01-01", "date"),
    ("/bulkyWaste/day", ..., "missing"),
    # vehicles, dogs, land
    ("/vehicles", {}, "type"),
    ("/vehicles/0/kind", "truck", "not-allowed-value"),
    ("/vehicles/0/kind", ..., "missing"),
    ("/vehicles/0/plate", ..., "missing"),
    ("/vehicles/0/plate", "", "too-short"),
    ("/vehicles/0/plate", LONG, "too-long"),
    ("/vehicles/0/chassis", ..., "missing"),
    ("/vehicles/0/chassis", "A\t1", "control-characters"),
    ("/vehicles/0/garageArea", "true", "type"),
    ("/vehicles/0/garagePlace", 2, "type"),
    ("/vehicles/0/garageConsent", "", "too-short"),
    ("/vehicles/0/model", "\u202e", "control-characters"),
    ("/vehicles/0/owner", 4, "out-of-range"),
    ("/vehicles/0/colour", "red", "unknown"),
    ("/vehicles/1/garageArea", True, "contradicts-facts"),
    ("/vehicles/1/owner", 99, "out-of-range"),
    ("/vehicles/1/owner", None, "type"),
    ("/dogs/0/chip", "39212345678901", "pattern"),
    ("/dogs/0/chip", "3921234567890123", "pattern"),
    ("/dogs/0/chip", "39212345678901X", "pattern"),
    ("/dogs/0/chip", 392123456789012, "type"),
    ("/dogs/0/tag", "", "too-short"),
    ("/dogs/0/birthDate", "2026-11-26", "not-born-yet"),
    ("/dogs/0/birthDate", "1872-01-01", "too-long-ago"),
    ("/dogs/0/birthDate", "2024", "date"),
    ("/dogs/0/owner", 4, "out-of-range"),
    ("/dogs/0/name", "ポチ", "unknown"),
    ("/realEstate/0/number", "123456789012", "pattern"),
    ("/realEstate/0/number", "01234567890123", "pattern"),
    ("/realEstate/0/number", ..., "missing"),
    ("/realEstate/0/municipality", "012051", "municipality"),
    ("/realEstate/0/municipality", "010006", "municipality"),
    ("/realEstate/0/municipality", ..., "missing"),
    ("/realEstate/0/exOfficio", 0, "type"),
    ("/realEstate/0/owner", 5, "out-of-range"),
    # movers
    (f"{MOVER}/hasCard", "yes", "type"),
    (f"{MOVER}/hasCard", 1, "type"),
    (f"{MOVER}/hasCard", False, "contradicts-facts:!/movers/0/wantsSigningCertificate"),
    (f"{PUPIL}/wantsSigningCertificate", True, "too-young:*"),
    (f"{PUPIL}/wantsSeal", True, "too-young"),
    (f"{SMALLEST}/wantsSeal", True, "too-young"),
    (f"{MOVER}/wantsSeal", "no", "type"),
    (f"{MOVER}/sealRegistered", None, "type"),
    (f"{MOVER}/occupation", "", "too-short"),
    (f"{MOVER}/healthInsurance", "private", "not-allowed-value"),
    (f"{MOVER}/healthInsurance", "late-elderly", "too-young"),
    (f"{PUPIL}/healthInsurance", "late-elderly", "too-young"),
    (f"{MOVER}/burdenClass", 1, "type"),
    (f"{MOVER}/pension", True, "type"),
    (f"{MOVER}/pension/linked", "no", "type"),
    (f"{MOVER}/pension/basicPensionNumber", "123-4567890", "pattern"),
    (f"{MOVER}/pension/basicPensionNumber", "12345678901", "pattern"),
    (f"{MOVER}/pension/basicPensionNumber", "１２３４-567890", "pattern"),
    (f"{MOVER}/disability/scheme", "visual", "not-allowed-value"),
    (f"{MOVER}/disability/scheme", ..., "missing"),
    (f"{MOVER}/disability/number", ..., "missing"),
    (f"{MOVER}/disability/grade", 1, "unknown"),
    (f"{MOVER}/licence/number", "01234567890", "pattern"),
    (f"{MOVER}/licence/number", "0123456789000", "pattern"),
    (f"{MOVER}/licence/number", 123456789000, "type"),
    (f"{MOVER}/licence/number", ..., "missing"),
    (f"{MOVER}/licence/form", "paper", "not-allowed-value"),
    (f"{MOVER}/licence/form", "both", "contradicts-facts:!/movers/0/licence/oneStop"),
    (f"{MOVER}/licence/form", "licence", "contradicts-facts:!/movers/0/licence/oneStop"),
    (f"{MOVER}/licence/oneStop", "yes", "type"),
    (f"{MOVER}/residence/status", "tourist", "not-allowed-value"),
    (f"{MOVER}/residence/cardNumber", "ab12345678cd", "pattern"),
    (f"{MOVER}/residence/cardNumber", "AB1234567CD", "pattern"),
    (f"{MOVER}/residence/cardNumber", ..., "missing"),
    (f"{MOVER}/employer/company", "1000020131017", "corporate-number"),
    (f"{MOVER}/employer/company", "100002013101", "pattern"),
    (f"{MOVER}/employer/companyName", "", "too-short"),
    (f"{MOVER}/employer/myNumber", "123456789018", "unknown"),
    (f"{MOVER}/birthDate", "2012-01-01", "*needs-representative"),
    (f"{MOVER}/myNumber", "123456789018", "unknown"),
    (f"{MOVER}/honseki", "北海道", "unknown"),
    (f"{WIFE}/care", 1, "type"),
    (f"{WIFE}/care/insuredNumber", "123456789", "pattern"),
    (f"{WIFE}/care/insuredNumber", "01234567890", "pattern"),
    (f"{WIFE}/care/facility", "no", "type"),
    (f"{WIFE}/care/certification/level", ..., "missing"),
    (f"{WIFE}/care/certification/level", "", "too-short"),
    (f"{WIFE}/care/certification/validUntil", ..., "missing"),
    (f"{WIFE}/care/certification/validUntil", "2027-02-30", "date"),
    (f"{WIFE}/care/certification/validUntil", "2080-01-01", "date"),
    (f"{WIFE}/care/certification/doctor", "", "too-short"),
    (f"{WIFE}/birthDate", "1990-01-10", "too-young:!/movers/1/care/certification"),
    (f"{PUPIL}/school/kind", "cram", "not-allowed-value"),
    (f"{PUPIL}/school/name", ..., "missing"),
    (f"{PUPIL}/school/grade", 0, "out-of-range"),
    (f"{PUPIL}/school/grade", 10, "out-of-range"),
    (f"{PUPIL}/school/grade", "2", "type"),
    (f"{PUPIL}/school/grade", ..., "missing"),
    (f"{PUPIL}/birthDate", "2021-07-07", "contradicts-facts:!/movers/2/school"),
    (f"{PUPIL}/birthDate", "2001-07-07", "contradicts-facts:!/movers/2/school"),
    (f"{PUPIL}/medicalSubsidy", "12", "type"),
    (f"{PUPIL}/medicalSubsidy/insuranceSymbol", "", "too-short"),
    (f"{SMALLEST}/daycare/leaves", "", "too-short"),
    (f"{SMALLEST}/daycare/wishes", "西保育所", "type"),
    (f"{SMALLEST}/daycare/wishes", ["西"] * 11, "too-many"),
    (f"{SMALLEST}/daycare/wishes/0", " 西", "outer-space"),
    (f"{SMALLEST}/daycare/parentsWork", 1, "type"),
    # contracts
    (f"{C}/nhk/merges", "no", "type"),
    (f"{C}/nhk/merges", 1, "type"),
    (f"{C}/water/landlords", None, "type"),
    (f"{C}/water/payment", "", "too-short"),
    (f"{C}/water/company", "1000020131017", "corporate-number"),
    (f"{C}/telephone/workOn", "12月1日", "date"),
    (f"{C}/telephone/workOn", "1999-12-01", "date"),
    (f"{C}/isp/workOn", 20261201, "date"),
    (f"{C}/isp/password", "x", "unknown"),
    (f"{C}/newspapers", {}, "type"),
    (f"{C}/newspapers", [HELD] * 21, "too-many"),
    (f"{C}/newspapers/0/owner", 4, "out-of-range"),
    (f"{C}/postForwarding/startOn", "2026-12-1", "date"),
    (f"{C}/postForwarding", [], "type"),
    (f"{C}/banks/0/branch", ..., "missing"),
    (f"{C}/banks/0/account", ..., "missing"),
    (f"{C}/banks/0/account", "12a", "pattern"),
    (f"{C}/banks/0/account", "12345-", "pattern"),
    (f"{C}/banks/0/account", "123456789-123456789", "pattern"),
    (f"{C}/banks/0/pin", "1234", "unknown"),
    (f"{C}/banks/0/owner", 4, "out-of-range"),
    (f"{C}/creditCards/0/company", "100002013101", "pattern"),
    (f"{C}/creditCards/0/customerNumber", LONG, "too-long"),
    (f"{C}/creditCards/0/owner", 4, "out-of-range"),
    (f"{C}/mobiles/0/number", ..., "missing"),
    (f"{C}/mobiles/0/number", "9012345678", "pattern"),
    (f"{C}/mobiles/0/number", "090-1234", "too-short"),
    (f"{C}/mobiles/0/owner", 7, "out-of-range"),
    (f"{C}/shops/0/companyName", "通販\x00", "control-characters"),
    (f"{C}/shops/0/owner", 4, "out-of-range"),
    (f"{C}/lifeInsurance/0/customerNumber", "", "too-short"),
    (f"{C}/lifeInsurance/0/owner", 4, "out-of-range"),
    (f"{C}/nonlifeInsurance/0/building", "", "too-short"),
    (f"{C}/nonlifeInsurance/0/garagePlace", 1, "type"),
    (f"{C}/nonlifeInsurance/0/owner", 4, "out-of-range"),
    (f"{C}/securities/0/owner", 4, "out-of-range"),
    (f"{C}/securities/0/myNumber", "123456789018", "unknown"),
    (f"{C}/crypto", [], "unknown"),
]


def wanted(place: str, code: str) -> tuple[str, str]:
    """Return pointer and code: `code:/below` is under the place, `code:!/elsewhere` somewhere else."""
    code, _, where = code.partition(":")
    if where.startswith("!"):
        return where[1:], code
    return (place + where if where.startswith("/") else place), code


@pytest.mark.parametrize(("place", "value", "code"), WRONG, ids=[f"{p}={v!r:.20}" for p, v, _ in WRONG])
def test_a_wrong_fact_is_refused_at_its_place_with_its_code(place: str, value: Any, code: str) -> None:
    found = problems(changed(place, value))

    if code.startswith("*") or code.endswith(":*"):  # other things contradict it too
        assert (place, code.strip(":*")) in found
    else:
        assert found == [wanted(place, code)]


def test_the_table_of_wrong_facts_is_long_and_says_nothing_twice() -> None:
    assert len({(place, repr(value)) for place, value, _ in WRONG}) == len(WRONG)
    assert len(WRONG) >= 150


def test_everything_may_be_told_at_once() -> None:
    assert problems(full()) == []


def test_nobody_comes_from_abroad_and_goes_there() -> None:
    facts = full() | {"fromAbroad": {"country": "仏"}, "toAbroad": {"country": "独"}}
    del facts["oldAddress"], facts["newAddress"]

    assert ("/toAbroad", "contradicts-facts") in problems(facts)


def test_who_comes_from_abroad_has_no_household_left_behind() -> None:
    facts = full() | {"fromAbroad": {"country": "仏"}}
    del facts["oldAddress"]

    assert problems(facts) == [("/householdChange/side", "contradicts-facts")]


def test_the_facts_come_back_from_json_as_they_were() -> None:
    facts = MovingFacts.model_validate(full())

    assert MovingFacts.model_validate_json(facts.model_dump_json(by_alias=True)) == facts


@pytest.mark.parametrize(
    ("born", "insured"), [("1961-12-01", True), ("1961-12-02", True), ("1961-12-03", False)]
)
def test_care_insurance_begins_on_the_day_before_the_65th_birthday(born: str, insured: bool) -> None:  # noqa: FBT001
    facts = MovingFacts.model_validate(told(movers__1__birthDate=born))

    assert facts.has_care_insurance(facts.movers[1]) is insured


@pytest.mark.parametrize(("born", "insured"), [("1951-12-01", True), ("1951-12-02", False)])
def test_late_elderly_insurance_begins_on_the_75th_birthday(born: str, insured: bool) -> None:  # noqa: FBT001
    facts = MovingFacts.model_validate(told(movers__1__birthDate=born))

    assert facts.is_late_elderly(facts.movers[1]) is insured


@pytest.mark.parametrize(
    ("born", "counts"), [("2009-04-01", True), ("2008-04-02", True), ("2008-04-01", False)]
)
def test_children_count_until_the_end_of_the_fiscal_year_in_which_they_become_18(
    born: str,
    counts: bool,  # noqa: FBT001
) -> None:
    facts = MovingFacts.model_validate(told(movers__1__birthDate=born))

    assert (facts.movers[1] in facts.children) is counts


def test_a_dog_is_registered_from_its_91st_day() -> None:
    facts = MovingFacts.model_validate(
        told(dogs=[{"birthDate": "2026-09-02"}, {"birthDate": "2026-09-01"}, {}])
    )

    assert [facts.has_to_be_registered(dog) for dog in facts.dogs] == [False, True, True]


@pytest.mark.parametrize(
    ("code", "city"),
    [
        ("141046", "141003"),
        ("011011", "011002"),
        ("131016", "131016"),
        ("012050", "012050"),
        ("141003", "141003"),
    ],
)
def test_a_ward_of_a_designated_city_belongs_to_its_city(code: str, city: str) -> None:
    assert city_of(code) == city


def test_every_ward_that_the_registry_knows_has_its_city_here() -> None:
    from engine.registry.municipalities import municipalities

    known = {one.code: one.part_of for one in municipalities().values() if one.part_of}

    assert {code: city_of(code) for code in known} == known
    assert not [code for code in municipalities() if code not in known and city_of(code) != code]


def test_a_day_that_is_told_is_kept() -> None:
    facts = MovingFacts.model_validate(full())

    assert facts.contracts.telephone is not None
    assert facts.contracts.telephone.work_on == date(2026, 12, 1)
