# SPDX-License-Identifier: Apache-2.0
"""What a family may tell about a death: each wrong fact is refused at its place, with its code."""

import json
from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from engine.core.errors import EngineError
from engine.core.periods import TOKYO
from engine.web.fields import FIELD_CODES, field_code, field_problems
from engine.web.fields import words as words_of
from tests.unit.death_samples import CHIYODA, HONSEKI, MURORAN, TODAY, person, plan, told
from workflows.death import DEATH, DeathFacts
from workflows.death_terms import dates, dates_of, deliberates_until, deliberation_ends

HELD = {"company": "7000012050002", "companyName": "見本社", "customerNumber": "1", "registered": True}
ENDED = {**HELD, "stopOn": "2026-12-01"}
FULL: dict[str, Any] = {
    "diedOn": "2026-11-20",
    "diedAt": "06:05",
    "place": MURORAN | {"line": "病院町1"},
    "deceased": {
        "name": {"family": "髙橋", "given": "二郎"},
        "kana": {"family": "タカハシ", "given": "ジロウ"},
        "birthDate": "1974-03-03",
        "sex": "male",
        "address": MURORAN,
        "headOfHousehold": True,
        "honseki": HONSEKI,
        "spouseState": "married",
        "hasCard": True,
        "sealRegistered": True,
        "taxed": True,
        "filesIncomeTax": True,
        "health": {
            "kind": "national",
            "symbol": "12-34",
            "overLimit": True,
            "insurer": {"company": "7000012050002", "companyName": "見本健保"},
        },
        "care": {"insuredNumber": "0123456789", "certified": True, "overLimit": False},
        "pension": {"receives": [], "linked": False, "basicPensionNumber": "1234-567890", "paidMonths": 300},
        "work": {"company": {"companyName": "見本商事"}, "employeeNumber": "E-7", "atWork": True},
        "business": {"tradeName": "髙橋商店"},
        "disability": {"scheme": "physical", "number": "1"},
        "licenceNumber": "012345678900",
        "passportNumber": "TR1234567",
    },
    "people": [
        person(
            "花子",
            "ハナコ",
            "1976-05-05",
            "spouse",
            address=MURORAN,
            phone="0143-22-1111",
            email="hanako@example.jp",
            honseki=HONSEKI,
            livedTogether=True,
            inHousehold=True,
            sameLivelihood=True,
            marriedYears=20,
            account={"bank": "見本銀行", "branch": "東", "number": "1234567"},
        ),
        person(
            "一",
            "ハジメ",
            "2010-07-07",
            "child",
            address=MURORAN,
            livedTogether=True,
            inHousehold=True,
            representative=0,
            specialRepresentative=3,
        ),
        person("三郎", "サブロウ", "1970-01-01", "sibling", address=CHIYODA),
        person("友子", "トモコ", "1974-01-01", "no-relative", address=CHIYODA),
    ],
    "notifier": {"capacity": "relative-living-together", "learnedOn": "2026-11-20"},
    "desk": "place-of-death",
    "newHead": 0,
    "funeral": {"day": "2026-11-23", "host": 0},
    "cremation": {
        "crematorium": "室蘭市斎場",
        "day": "2026-11-23",
        "time": "11:00",
        "undertaker": {"companyName": "見本葬祭"},
    },
    "allowanceCarer": 0,
    "heirs": [
        {"person": 0, "learnedOn": "2026-11-20", "decision": "accept", "infringedOn": "2026-11-24"},
        {"person": 1, "learnedOn": "2026-11-20", "extendedUntil": "2027-05-20"},
    ],
    "will": "handwritten",
    "wishes": {"heirChart": True, "surnameRevert": True, "inLawEnd": True, "childSurname": True},
    "estate": {
        "realEstate": [
            {
                "municipality": "012050",
                "number": "0123456789012",
                "farmland": True,
                "forest": True,
                "knownOn": "2026-11-24",
                "takenBy": 0,
            }
        ],
        "vehicles": [{"kind": "car", "plate": "室蘭 300 あ 1", "chassis": "A-1", "takenBy": 0}],
        "dogs": [{"chip": "392123456789012", "tag": "1", "birthDate": "2024-01-01", "newOwner": 0}],
        "value": 90000000,
        "dividedOn": "2026-11-25",
        "debtsKnown": True,
        "cashNeeded": True,
        "searches": {"banks": True, "policies": True, "securities": True},
        "bulkyWaste": {"items": ["机"], "day": "2026-12-20"},
    },
    "contracts": {
        "electricity": ENDED,
        "gas": ENDED,
        "water": {**ENDED, "landlords": False},
        "telephone": ENDED,
        "nhk": ENDED,
        "isp": ENDED,
        "lease": ENDED,
        "mail": True,
        "mobiles": [{"companyName": "見本", "number": "090-1234-5678"}],
        "newspapers": [HELD],
        "shops": [HELD],
        "banks": [{"companyName": "見本銀行", "branch": "東", "account": "1234567", "registered": True}],
        "creditCards": [HELD],
        "policies": [HELD, {"companyName": "見本生命", "customerNumber": "L-1", "beneficiary": 0}],
        "securities": [HELD],
    },
    "protected": False,
}
NOTICE, D, P, H = "/notifier", "/deceased", "/people", "/heirs"
E_, C, W = "/estate", "/contracts", "/wishes"
LONG = "一" * 101


def full() -> dict[str, Any]:
    """Return facts in which everything is told that can be, with nothing shared between two places."""
    copied: dict[str, Any] = json.loads(json.dumps(FULL))
    return copied


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return these facts with other values at JSON pointers, without them where it is `...`."""
    facts = full()
    for place, value in changes:
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
        plan(DeathFacts.model_validate(facts))
    except ValidationError as error:
        return [(one.pointer, one.code) for one in field_problems(error)]
    except EngineError as error:
        return [(one.pointer, field_code(one.code)) for one in error.problems]
    return []


WRONG: list[tuple[str, Any, str]] = [
    # the death
    ("/diedOn", "2026-11-26", "after-today:*"),
    ("/diedOn", "1974-03-02", "date"),
    ("/diedOn", "2026-02-30", "date"),
    ("/diedOn", ..., "missing"),
    ("/diedOn", "2026-11-21", "before-death:!/notifier/learnedOn,/heirs/0/learnedOn,/heirs/1/learnedOn"),
    ("/diedAt", "24:00", "pattern"),
    ("/diedAt", "6:05", "pattern"),
    ("/diedAt", "06:60", "pattern"),
    ("/diedAt", "０６:05", "pattern"),
    ("/place", None, "missing:*"),
    ("/place/municipality", "012051", "municipality"),
    ("/abroad", {"country": "フランス"}, "contradicts-facts"),
    ("/desk", "anywhere", "not-allowed-value"),
    ("/causeOfDeath", "老衰", "unknown"),
    ("/cause", "老衰", "unknown"),
    ("/protected", "no", "type"),
    # who died
    (f"{D}/causeOfDeath", "老衰", "unknown"),
    (f"{D}/myNumber", "123456789018", "unknown"),
    (f"{D}/individualNumber", "123456789018", "unknown"),
    (f"{D}/residentRecordCode", "12345678901", "unknown"),
    (f"{D}/birthDate", "2026-11-21", "before-birth:!/diedOn:*"),
    (f"{D}/birthDate", "1872-01-01", "too-long-ago"),
    (f"{D}/birthDate", "2012-03-03", "contradicts-facts:!/people/1/birthDate:*"),
    (f"{D}/birthDate", "2010-07-07", "contradicts-facts:!/people/1/birthDate:*"),
    (f"{D}/sex", ..., "missing"),
    (f"{D}/sex", "other", "not-allowed-value"),
    (f"{D}/address", ..., "missing"),
    (f"{D}/honseki", None, "missing"),
    (f"{D}/honseki/head", ..., "missing"),
    (f"{D}/honseki/municipality", "130001", "municipality"),
    (f"{D}/nationality", "フランス", "contradicts-facts:*"),
    (
        f"{D}/residence",
        {"status": "mid-to-long", "cardNumber": "AB12345678CD"},
        "contradicts-facts",
    ),
    (f"{D}/residence", {"status": "mid-to-long", "cardNumber": "1"}, "pattern:/cardNumber"),
    (f"{D}/spouseState", "widowed", "contradicts-facts"),
    (f"{D}/spouseState", "separated", "not-allowed-value"),
    (f"{D}/spouseState", ..., "missing"),
    (f"{D}/health/kind", "late-elderly", "too-young"),
    (f"{D}/health/kind", "private", "not-allowed-value"),
    (f"{D}/health/dependant", True, "contradicts-facts"),
    (f"{D}/health/insurer/company", "1000020131017", "corporate-number"),
    (f"{D}/care/insuredNumber", "123", "pattern"),
    (f"{D}/care/certified", "yes", "type"),
    (f"{D}/pension/receives", ["national", "national"], "contradicts-facts"),
    (f"{D}/pension/receives", ["private"], "not-allowed-value:/0"),
    (f"{D}/pension/basicPensionNumber", "12345678901", "pattern"),
    (f"{D}/pension/paidMonths", -1, "out-of-range"),
    (f"{D}/pension/paidMonths", 601, "out-of-range"),
    (f"{D}/work/atWork", 1, "type"),
    (f"{D}/business/tradeName", "", "too-short"),
    (f"{D}/disability/scheme", "visual", "not-allowed-value"),
    (f"{D}/licenceNumber", "01234567890", "pattern"),
    (f"{D}/passportNumber", "tr1234567", "pattern"),
    # who notifies
    (f"{NOTICE}/capacity", "friend", "not-allowed-value"),
    (f"{NOTICE}/capacity", "undertaker", "not-allowed-value"),
    (f"{NOTICE}/capacity", "other-living-together", "not-entitled"),
    (f"{NOTICE}/capacity", "relative-living-apart", "not-entitled"),
    (f"{NOTICE}/capacity", ..., "missing"),
    (f"{NOTICE}/learnedOn", "2026-11-19", "before-death"),
    (f"{NOTICE}/learnedOn", "2026-11-26", "after-today"),
    (f"{P}/0/livedTogether", False, "not-entitled:!/notifier/capacity:*"),
    (f"{P}/0/relation", "no-relative", "not-entitled:!/notifier/capacity:*"),
    (f"{P}/0/phone", ..., "missing"),
    (f"{P}/0/birthDate", "2012-01-01", "needs-representative:*"),
    # who is left
    (P, [], "too-few"),
    (f"{P}/1/relation", "spouse", "contradicts-facts:*"),
    (f"{P}/1/relation", "parent", "contradicts-facts:!/people/1/birthDate:*"),
    (f"{P}/1/relation", "friend", "not-allowed-value"),
    (f"{P}/1/birthDate", "1974-03-03", "contradicts-facts:*"),  # no child is as old
    (f"{P}/1/birthDate", "2026-11-26", "not-born-yet"),
    (f"{P}/1/birthDate", "2008-11-20", "contradicts-facts:!/people/1/representative:*"),
    (f"{P}/1/livedTogether", False, "contradicts-facts:!/people/1/inHousehold"),
    (f"{P}/1/marriedYears", 3, "contradicts-facts"),
    (f"{P}/0/marriedYears", 100, "out-of-range"),
    (f"{P}/1/representative", 1, "not-entitled"),  # nobody acts for themselves
    (f"{P}/1/representative", 4, "out-of-range"),
    (f"{P}/1/representative", 20, "out-of-range"),
    (f"{P}/1/representative", True, "type"),
    (f"{P}/0/representative", 2, "contradicts-facts"),  # a grown-up needs none
    (f"{P}/1/specialRepresentative", 0, "not-entitled"),  # who inherits as well
    (f"{P}/1/specialRepresentative", 9, "out-of-range"),
    (f"{P}/2/ward", "no", "type"),
    (f"{P}/0/account/number", "123456789", "pattern"),
    (f"{P}/0/myNumber", "123456789018", "unknown"),
    # the household, funeral, cremation
    ("/newHead", 2, "contradicts-facts"),  # lives elsewhere
    ("/newHead", 7, "out-of-range"),
    (f"{D}/headOfHousehold", False, "contradicts-facts:!/newHead"),
    ("/funeral/day", "2026-11-19", "before-death"),
    ("/funeral/host", 4, "out-of-range"),
    ("/funeral/host", -1, "out-of-range"),
    ("/cremation/day", "2026-11-19", "before-death"),
    ("/cremation/day", "2026-11-20", "before-24-hours"),
    ("/cremation/time", "25:00", "pattern"),
    ("/cremation/crematorium", ..., "missing"),
    ("/allowanceCarer", 4, "out-of-range"),
    ("/disappearance", {"finalOn": "2026-11-24"}, "contradicts-facts:!/cremation"),
    ("/disappearance", {}, "missing:/finalOn"),
    ("/guardianship", {"guardian": 9, "since": "2026-11-24"}, "out-of-range:/guardian"),
    ("/guardianship", {"guardian": 1, "since": "2026-11-24"}, "not-entitled:/guardian"),
    ("/guardianship", {"guardian": 2, "since": "2026-11-19"}, "before-death:/since"),
    ("/guardianship", {"guardian": 2, "since": "2026-11-26"}, "after-today:/since"),
    # the heirs
    (f"{H}/0/person", 4, "out-of-range"),
    (f"{H}/1/person", 0, "same-person:*"),
    (f"{H}/1/person", 2, "ok"),  # without the child the brother is an heir
    (f"{H}/1/person", 3, "not-an-heir:*"),
    (f"{H}/0/learnedOn", "2026-11-19", "before-death"),
    (f"{H}/0/learnedOn", "2026-11-26", "after-today"),
    (f"{H}/1/extendedUntil", "2026-11-20", "contradicts-facts"),
    (f"{H}/1/learnedOn", ..., "contradicts-facts:!/heirs/1/extendedUntil"),
    (f"{H}/0/decision", "maybe", "not-allowed-value"),
    (f"{H}/0/declaredOn", "2026-11-24", "contradicts-facts"),  # no court takes an acceptance
    (f"{H}/1/decision", "limited", "contradicts-facts:!/heirs/0/decision"),  # all of them, or nobody
    (f"{H}/0/infringedOn", "2026-11-19", "before-death"),
    (f"{H}/0/share", "1/2", "unknown"),
    ("/will", "oral", "not-allowed-value"),
    (f"{W}/surnameRevert", False, "contradicts-facts:!/wishes/childSurname"),
    (f"{W}/heirChart", 1, "type"),
    # the estate
    (f"{E_}/realEstate/0/number", "123", "pattern"),
    (f"{E_}/realEstate/0/knownOn", "2026-11-26", "after-today"),
    (f"{E_}/realEstate/0/takenBy", 4, "out-of-range"),
    (f"{E_}/vehicles/0/kind", "truck", "not-allowed-value"),
    (f"{E_}/vehicles/0/takenBy", 4, "out-of-range"),
    (f"{E_}/dogs/0/newOwner", 4, "out-of-range"),
    (f"{E_}/dogs/0/chip", "1", "pattern"),
    (f"{E_}/dogs/0/birthDate", "2026-11-26", "not-born-yet"),
    (f"{E_}/value", -1, "out-of-range"),
    (f"{E_}/value", "多い", "type"),
    (f"{E_}/dividedOn", "2026-11-19", "before-death"),
    (f"{E_}/dividedOn", "2026-11-26", "after-today"),
    (f"{E_}/bulkyWaste/items", [], "too-few"),
    # contracts
    (f"{C}/electricity/company", "100002013101", "pattern"),
    (f"{C}/electricity/stopOn", "12月1日", "date"),
    (f"{C}/water/landlords", None, "type"),
    (f"{C}/banks/0/account", "12a", "pattern"),
    (f"{C}/banks/0/pin", "1234", "unknown"),
    (f"{C}/mobiles/0/number", "9012345678", "pattern"),
    (f"{C}/policies/1/beneficiary", 4, "out-of-range"),
    (f"{C}/policies/1/stopOn", "2026-12-01", "contradicts-facts"),  # it pays, it does not end
    (f"{C}/creditCards/0/customerNumber", LONG, "too-long"),
    (f"{C}/mail", "yes", "type"),
]


@pytest.mark.parametrize(("place", "value", "code"), WRONG, ids=[f"{p}={v!r:.20}" for p, v, _ in WRONG])
def test_a_wrong_fact_is_refused_at_its_place_with_its_code(place: str, value: Any, code: str) -> None:
    found = problems(changed((place, value)))

    if code == "ok":
        assert found == []
        return
    name, _, where = code.partition(":")
    also = where.endswith("*")
    where = where.removesuffix("*").removesuffix(":")
    places = where[1:].split(",") if where.startswith("!") else [place + where]
    wanted = [(one, name) for one in places]
    assert [one for one in wanted if one not in found] == []
    assert also or found == wanted


def test_the_table_of_wrong_facts_is_long_and_says_nothing_twice() -> None:
    assert len({(place, repr(value)) for place, value, _ in WRONG}) == len(WRONG)
    assert len(WRONG) >= 120


def test_everything_may_be_told_at_once() -> None:
    assert problems(full()) == []


def test_every_refusal_has_words_in_both_languages() -> None:
    codes = {code.partition(":")[0] for _, _, code in WRONG} - {"ok"}

    assert not [code for code in codes if words_of(code) == FIELD_CODES["invalid"]]


def test_nobody_but_those_the_law_names_can_notify() -> None:
    facts = changed(("/people/0/relation", "no-relative"), ("/people/0/livedTogether", False))
    facts["people"][0] |= {"inHousehold": False}
    del facts["people"][0]["marriedYears"]
    for capacity in ("landlord", "landowner", "caretaker", "guardian", "head-of-public-institution"):
        facts["notifier"]["capacity"] = capacity
        assert ("/notifier/capacity", "not-entitled") not in problems(facts)
    for capacity in ("relative-living-together", "relative-living-apart", "other-living-together"):
        facts["notifier"]["capacity"] = capacity
        assert ("/notifier/capacity", "not-entitled") in problems(facts)


def test_no_lower_rank_inherits_beside_a_higher_one_that_has_not_renounced() -> None:
    facts = full()
    facts["heirs"].append({"person": 2, "learnedOn": "2026-11-24"})
    assert problems(facts) == [("/heirs/2/person", "not-an-heir")]

    facts["heirs"][1] |= {"decision": "renounce", "declaredOn": "2026-11-24"}

    assert problems(facts) == []


def test_a_sibling_has_no_reserved_share() -> None:
    facts = full()
    facts["heirs"][1] = {"person": 2, "learnedOn": "2026-11-20", "infringedOn": "2026-11-24"}

    assert problems(facts) == [("/heirs/1/infringedOn", "not-entitled")]


@pytest.mark.parametrize(
    ("died_at", "day", "at", "early"),
    [
        ("14:30", "2026-11-23", "14:29", True),
        ("14:30", "2026-11-23", "14:30", False),
        ("00:00", "2026-11-23", "00:00", False),
        (None, "2026-11-22", "23:59", True),  # the hour of the death is not known: no earlier than from 0:00
        (None, "2026-11-23", "00:00", False),
        ("14:30", "2026-11-23", None, False),  # sometime on that day
        ("14:30", "2026-11-22", None, True),
    ],
)
def test_nobody_is_cremated_before_24_hours(
    died_at: str | None,
    day: str,
    at: str | None,
    early: bool,  # noqa: FBT001
) -> None:
    cremation = {"crematorium": "斎場", "day": day} | ({"time": at} if at else {})

    found = problems(told(diedAt=died_at, cremation=cremation))

    assert found == ([("/cremation/day", "before-24-hours")] if early else [])


def test_a_child_may_be_born_after_the_death() -> None:
    today = date(2027, 6, 1)
    child = person("末", "スエ", "2027-05-20", "child")
    facts = DeathFacts.model_validate(told(people=[*told()["people"], child]))

    plan(facts, today=today)

    late = person("末", "スエ", "2027-09-19", "child")
    with pytest.raises(EngineError) as refusal:
        plan(DeathFacts.model_validate(told(people=[*told()["people"], late])), today=date(2027, 10, 1))
    assert [one.pointer for one in refusal.value.problems] == ["/people/3/birthDate"]


def test_a_foreign_national_has_no_heirs_that_anybody_here_computes() -> None:
    facts = told()
    del facts["deceased"]["honseki"]
    facts["deceased"]["nationality"] = "フランス"

    assert problems(facts) == [("/heirs", "foreign-decedent")]


def test_the_facts_come_back_from_json_as_they_were() -> None:
    facts = DeathFacts.model_validate(full())

    assert DeathFacts.model_validate_json(facts.model_dump_json(by_alias=True)) == facts


def test_what_was_wrong_is_not_repeated_in_the_error() -> None:
    with pytest.raises(ValidationError) as refusal:
        DeathFacts.model_validate(changed(("/deceased/name/given", "秘密\x00")))

    assert "秘密" not in str(refusal.value)


def test_a_changed_day_changes_only_the_day() -> None:
    facts = DeathFacts.model_validate(told())

    redated = DEATH.redated(facts, date(2026, 11, 21))

    assert redated.died_on == date(2026, 11, 21)
    assert redated.model_copy(update={"died_on": facts.died_on}) == facts


def test_the_moment_of_a_death_is_an_instant_in_japan() -> None:
    facts = DeathFacts.model_validate(told())

    assert facts.died_moment == datetime(2026, 11, 22, 14, 30, tzinfo=TOKYO)
    assert DeathFacts.model_validate(told(diedAt=...)).died_moment == date(2026, 11, 22)


def test_each_heir_has_days_of_their_own() -> None:
    facts = DeathFacts.model_validate(
        told(heirs__1__learnedOn="2026-11-24", heirs__2__learnedOn=..., heirs__0__extendedUntil="2027-06-30")
    )

    assert dates_of(facts, "/people/1")["learned_on"] == date(2026, 11, 24)
    assert dates_of(facts, "/people/2") == {}
    assert dates_of(facts, "") == {}
    assert dates(facts)["first_learned_on"] == date(2026, 11, 22)
    assert [deliberates_until(one) for one in facts.heirs] == [date(2027, 6, 30), date(2027, 2, 24), None]


def test_the_time_to_decide_is_over_when_it_is_over_for_the_last_heir() -> None:
    everybody = DeathFacts.model_validate(told(heirs__1__learnedOn="2026-11-24"))
    someone_knows_nothing = DeathFacts.model_validate(told(heirs__1__learnedOn=...))

    assert deliberation_ends(everybody) == date(2027, 2, 24)  # until its end he may renounce
    assert deliberation_ends(someone_knows_nothing) is None
    assert "deliberation_ends" not in dates(someone_knows_nothing)


def test_who_has_renounced_holds_nobody_up() -> None:
    facts = DeathFacts.model_validate(
        told(
            heirs__1__learnedOn="2026-11-24",
            heirs__1__decision="renounce",
            heirs__1__declaredOn="2026-11-25",
        )
    )

    assert deliberation_ends(facts) == date(2027, 2, 22)


@pytest.mark.parametrize(
    ("value", "heirs", "taxed"),
    [(None, 3, True), (48_000_000, 3, False), (48_000_001, 3, True), (0, 0, False)],
)
def test_the_basic_deduction_grows_with_the_heirs(value: int | None, heirs: int, taxed: bool) -> None:  # noqa: FBT001
    facts = DeathFacts.model_validate(told(estate={"value": value}, heirs=told()["heirs"][:heirs]))

    assert facts.may_be_taxed is taxed


def test_today_is_a_day_on_which_one_may_notify() -> None:
    facts = told(diedOn=TODAY.isoformat(), notifier__learnedOn=TODAY.isoformat(), heirs=[])

    assert problems(facts) == []


# --- the family as a whole, and the heirs by law ------------------------------------------------------

FAMILY: dict[str, Any] = {
    "decedent": "ichiro",
    "people": [
        {"id": "ichiro", "birthDate": "1946-02-03", "diedOn": "2026-11-22"},
        {"id": "hanako"},
        {"id": "taro", "parents": [{"parent": "ichiro"}, {"parent": "hanako"}]},
        {"id": "sakura", "parents": [{"parent": "ichiro"}, {"parent": "hanako"}]},
    ],
    "marriages": [{"between": ["ichiro", "hanako"]}],
}
KNOWN: dict[str, Any] = {
    "people__0__knownAs": "hanako",
    "people__1__knownAs": "taro",
    "people__2__knownAs": "sakura",
}


def with_family(**changes: Any) -> dict[str, Any]:
    return told(**({"family": json.loads(json.dumps(FAMILY))} | KNOWN | changes))


def test_the_heirs_by_law_have_their_shares() -> None:
    facts = DeathFacts.model_validate(with_family())

    assert problems(with_family()) == []
    assert [str(facts.share(one)) for one in facts.people] == ["1/2", "1/4", "1/4"]
    assert DeathFacts.model_validate(told()).share(facts.people[0]) is None


FAMILY_WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"heirs__2": ..., "people__2__knownAs": None}, ("/heirs", "heir-missing")),
    ({"people__2__knownAs": None}, ("/people/2/knownAs", "missing")),
    ({"people__2__knownAs": "somebody"}, ("/heirs/2/person", "not-an-heir")),
    ({"family__people__0__diedOn": "2026-11-21"}, ("/family/people/0/diedOn", "contradicts-facts")),
    ({"family__people__0__diedOn": ...}, ("/family/people/0/diedOn", "death-needed")),
    ({"family__people__0__foreignNational": True}, ("/family/people/0/foreignNational", "foreign-decedent")),
    ({"family__decedent": "nobody"}, ("/family/decedent", "unknown-person")),
    (
        {"family__people__0__parents": [{"parent": "taro"}]},  # somebody's own ancestor: no shares follow
        ("/family/people/0/parents", "family-circle"),
    ),
    ({"family__people__2__id": "sakura"}, ("/family/people/3/id", "person-twice")),
    ({"family__people__2__parents__0__parent": "x"}, ("/family/people/2/parents/0/parent", "unknown-person")),
    ({"family__people__0__name": "一郎"}, ("/family/people/0/name", "unknown")),
    ({"family__marriages__0__between": ["ichiro"]}, ("/family/marriages/0/between/1", "missing")),
]


@pytest.mark.parametrize(("changes", "wanted"), FAMILY_WRONG, ids=[one for _, (_, one) in FAMILY_WRONG])
def test_a_family_that_contradicts_itself_or_the_heirs_is_refused(
    changes: dict[str, Any], wanted: tuple[str, str]
) -> None:
    assert wanted in problems(with_family(**changes))


def test_who_renounced_may_still_be_told_beside_the_heirs_by_law() -> None:
    renounced = {"decision": "renounce", "declaredOn": "2026-11-25"}
    facts = with_family(
        heirs__1={"person": 1, "learnedOn": "2026-11-22"} | renounced,
        family__people__2__renounced=["ichiro"],
    )

    assert problems(facts) == []
    shares = DeathFacts.model_validate(facts)
    assert [str(shares.share(one)) for one in shares.people] == ["1/2", "0", "1/2"]


def test_the_tax_counts_the_heirs_whom_the_law_counts() -> None:
    """Of two adopted children beside a natural one the tax counts one (相続税法15条2項)."""
    family = json.loads(json.dumps(FAMILY))
    for one in family["people"][2:]:
        one |= {"birthDate": "2000-01-01"}
        one["parents"] = [{"parent": "ichiro", "kind": "adoption", "since": "2010-01-01"}]
    family["people"].append({"id": "jiro", "birthDate": "1999-01-01", "parents": [{"parent": "ichiro"}]})
    facts = DeathFacts.model_validate(with_family(family=family, estate={"value": 50_000_000}))

    assert facts.inheritance is not None
    assert (facts.inheritance.tax.count, facts.may_be_taxed) == (3, True)


# --- days and ages at their edges ---------------------------------------------------------------------


def test_registering_land_counts_from_the_day_on_which_an_heir_knew_of_both() -> None:
    """不動産登記法76条の2: the death, and that the land was owned."""
    land = [
        {"municipality": "012050", "number": "0123456789012"},
        {"municipality": "012050", "number": "0123456789013", "knownOn": "2026-11-24"},
        {"municipality": "012050", "number": "0123456789014", "knownOn": "2001-01-01"},
    ]
    facts = DeathFacts.model_validate(told(estate={"realEstate": land}, heirs__0__learnedOn="2026-11-23"))

    known = [dates_of(facts, f"/estate/realEstate/{n}")["ownership_known_on"] for n in range(3)]

    assert known == [date(2026, 11, 22), date(2026, 11, 24), date(2026, 11, 22)]


def test_what_all_heirs_do_together_counts_from_the_first_who_stays() -> None:
    renounced = {"decision": "renounce", "declaredOn": "2026-11-25"}
    facts = DeathFacts.model_validate(
        told(
            heirs__0={"person": 0, "learnedOn": "2026-11-22"} | renounced,
            heirs__1__learnedOn="2026-11-24",
            heirs__2__learnedOn="2026-11-23",
        )
    )

    assert dates(facts)["first_learned_on"] == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("born", "counts"), [("2009-04-01", True), ("2008-04-02", True), ("2008-04-01", False)]
)
def test_children_count_until_the_end_of_the_fiscal_year_in_which_they_become_18(
    born: str,
    counts: bool,  # noqa: FBT001
) -> None:
    people = [*told()["people"][:2], person("一", "ハジメ", born, "child")]

    assert bool(DeathFacts.model_validate(told(people=people)).children) is counts


@pytest.mark.parametrize(("born", "minor"), [("2008-11-22", False), ("2008-11-23", True)])
def test_who_has_had_the_eighteenth_birthday_acts_alone(born: str, minor: bool) -> None:  # noqa: FBT001
    people = [*told()["people"][:2], person("一", "ハジメ", born, "child")]
    facts = DeathFacts.model_validate(told(people=people))

    assert facts.is_minor(facts.people[2]) is minor


@pytest.mark.parametrize(("born", "insured"), [("1961-11-23", True), ("1961-11-24", False)])
def test_care_insurance_ends_for_who_was_65_on_the_day_before(born: str, insured: bool) -> None:  # noqa: FBT001
    facts = DeathFacts.model_validate(told(deceased__birthDate=born, deceased__health=...))

    assert facts.had_care_insurance is insured


@pytest.mark.parametrize(("born", "insured"), [("1951-11-22", True), ("1951-11-23", False)])
def test_late_elderly_insurance_is_theirs_from_the_75th_birthday(born: str, insured: bool) -> None:  # noqa: FBT001
    facts = DeathFacts.model_validate(told(deceased__birthDate=born, deceased__health=...))

    assert facts.is_late_elderly is insured


def test_the_chart_shows_who_renounced_and_not_who_came_in_their_place() -> None:
    """不動産登記規則247条: it is of the family at the death, whatever anybody declared since."""
    renounced = {"decision": "renounce", "declaredOn": "2026-11-25", "learnedOn": "2026-11-22"}
    people = [*told()["people"], person("三郎", "サブロウ", "1950-01-01", "sibling")]
    heirs = [
        {"person": 0, "learnedOn": "2026-11-22"},
        {"person": 1} | renounced,
        {"person": 2} | renounced,
        {"person": 3, "learnedOn": "2026-11-25"},
    ]
    facts = DeathFacts.model_validate(told(people=people, heirs=heirs, wishes={"heirChart": True}))

    made = {one.slug: one for one in plan(facts).entries}

    def given(told_: Any) -> list[str]:
        return [one["name"]["given"] for one in told_]

    assert given(made["death.heir-chart"].fields["heirs"]) == ["花子", "太郎", "桜"]
    assert given(made["death.estate-division"].fields["heirs"]) == ["花子", "三郎"]


def test_a_dog_is_registered_from_its_91st_day() -> None:
    dogs = [{"birthDate": "2026-08-24"}, {"birthDate": "2026-08-23"}, {}]
    facts = DeathFacts.model_validate(told(estate={"dogs": dogs}))

    assert [facts.has_to_be_registered(dog) for dog in facts.estate.dogs] == [False, True, True]
