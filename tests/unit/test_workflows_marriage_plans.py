# SPDX-License-Identifier: Apache-2.0
"""Whole plans of a marriage, entry by entry, against what the law says: written by hand beside this file."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.core.declaration import CONNECTED_WAYS
from engine.core.lifecycle import Way
from engine.core.plan import Plan, concerned, participants_of
from engine.core.views import plan_view
from tests.unit.facts_samples import CASE_ID
from tests.unit.marriage_samples import CHIYODA_HOME, MURORAN_HOME, couple, told
from tests.unit.plan_tables import content_of, name_of, plan_of, planned, written
from workflows.marriage import MARRIAGE

FILES = sorted((Path(__file__).parent / "marriage_plans").glob("*.json"))
BY_NAME = {path.stem: path for path in FILES}
EVERYBODY = "1000020131016"


def made(name: str, **changes: Any) -> Plan:
    return planned(MARRIAGE, content_of(BY_NAME[name]), **changes)


def slugs(plan: Plan) -> list[str]:
    return [one.slug.removeprefix("marriage.") for one in plan.entries]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plan_is_what_the_law_says_entry_by_entry(path: Path) -> None:
    content = content_of(path)

    plan = planned(MARRIAGE, content)

    found = {(one.slug, one.subject): written(one, plan) for one in plan.entries}
    assert found == {(one["slug"], one["subject"]): one for one in content["entries"]}


def test_the_plans_together_show_every_procedure() -> None:
    shown = {one["slug"] for path in FILES for one in content_of(path)["entries"]}

    assert shown == {one.slug for one in MARRIAGE.procedures}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_procedure_is_in_the_plan_or_left_out_with_its_reason(path: Path) -> None:
    plan = planned(MARRIAGE, content_of(path))

    there, left = {one.slug for one in plan.entries}, {one.slug for one in plan.left_out}
    assert there | left == {one.slug for one in MARRIAGE.procedures}
    assert not there & left
    assert all(one.condition.ja and one.condition.en for one in plan.left_out)


def test_two_without_contracts_have_the_notice_and_what_follows_by_itself() -> None:
    plan = plan_of(MARRIAGE, couple())

    assert slugs(plan) == [
        "marriage-notice",
        "koseki-new",
        "resident-record-update",
        "resident-record-update",
        "pension-name",
    ]


def test_who_keeps_the_surname_has_nothing_to_rename() -> None:
    banks = [{"branch": "東", "account": "1", "owner": owner} for owner in (0, 1)]

    hers = plan_of(MARRIAGE, couple(contracts={"banks": banks}))
    his = plan_of(MARRIAGE, couple(contracts={"banks": banks}, surnameOf="wife"))

    assert [one.subject for one in hers.entries if one.slug == "marriage.bank"] == ["/contracts/banks/0"]
    assert [one.subject for one in his.entries if one.slug == "marriage.bank"] == ["/contracts/banks/1"]


def test_the_new_name_goes_from_record_to_card_to_bank_to_credit_card() -> None:
    plan = made("plain")
    entries = {name_of(one): one for one in plan.entries}

    def before(name: str) -> list[str]:
        return [name_of(plan.entry(each)).removeprefix("marriage.") for each in entries[name].after]

    record = "resident-record-update /spouses/0"
    assert before("marriage.card-name /spouses/0") == [record]
    assert before("marriage.drivers-license /spouses/0") == [record]
    assert before("marriage.bank /contracts/banks/0") == [record, "card-name /spouses/0"]
    assert before("marriage.credit-card /contracts/creditCards/0") == ["bank /contracts/banks/0"]


def test_without_a_card_the_licence_proves_the_new_name_to_the_bank() -> None:
    plan = made("second-marriage")
    bank = next(one for one in plan.entries if one.slug == "marriage.bank")

    assert "marriage.drivers-license /spouses/0" in [name_of(plan.entry(each)) for each in bank.after]


def test_what_is_told_is_the_name_before_and_after() -> None:
    plan = made("plain")

    (card,) = (one for one in plan.entries if one.slug == "marriage.credit-card")

    assert card.fields == {
        "oldName": {"family": "髙橋", "given": "花子"},
        "newName": {"family": "佐藤", "given": "花子"},
        "romaji": "SATO HANAKO",
        "memberNumber": "カード-1",
    }


def test_a_spouse_who_heads_a_register_is_joined_in_it() -> None:
    plan = made("second-marriage")
    register = next(one for one in plan.entries if one.slug == "marriage.koseki-new")

    assert (register.receiver.ja, register.area) == ("室蘭市（本籍地）", "012050")
    licences = [one.subject for one in plan.entries if one.slug == "marriage.drivers-license"]
    assert licences == ["/spouses/0"]  # his 本籍 stays where it is


@pytest.mark.parametrize(("line", "needed"), [("幸町5番地", False), ("一番町1番", True)])
def test_a_passport_follows_the_prefecture_of_the_register_only(line: str, needed: bool) -> None:  # noqa: FBT001
    place = {"municipality": "012050", "prefecture": "北海道", "city": "室蘭市", "line": line}
    if needed:
        place |= {"municipality": "131016", "prefecture": "東京都", "city": "千代田区"}
    passport = {"number": "TK7654321", "romaji": "SATO TARO"}

    plan = plan_of(MARRIAGE, couple(newHonseki=place, spouses__1__passport=passport))

    assert ("passport" in slugs(plan)) is needed


# --- the order of two notices of one day ------------------------------------------------------------


def moving(day: str, first: str | None) -> Plan:
    move = {"movedOn": day, "movers": [0], "newAddress": CHIYODA_HOME}
    if first:
        move["first"] = first
    return plan_of(MARRIAGE, couple(spouses__0__address=MURORAN_HOME, spouses__0__hasCard=True, move=move))


@pytest.mark.parametrize(
    ("day", "first", "order", "municipality"),
    [
        ("2026-11-30", "move", ["move", "marriage-notice"], "千代田区"),
        ("2026-11-30", "marriage", ["marriage-notice", "move"], "千代田区"),
        ("2026-11-29", None, ["move", "marriage-notice"], "千代田区"),
        ("2026-12-01", None, ["marriage-notice", "move"], "室蘭市"),
    ],
)
def test_the_order_of_marriage_and_move_is_the_one_that_was_said(
    day: str, first: str | None, order: list[str], municipality: str
) -> None:
    plan = moving(day, first)

    assert [slug for slug in slugs(plan) if slug in {"move", "marriage-notice"}] == order
    second = next(one for one in plan.entries if one.slug == f"marriage.{order[1]}")
    assert [name_of(plan.entry(each)) for each in second.after] == [f"marriage.{order[0]}"]
    card = next(one for one in plan.entries if one.slug == "marriage.card-name")
    assert card.receiver.ja == municipality


def test_a_move_is_a_life_event_of_its_own() -> None:
    view = plan_view(moving("2026-12-01", None), MARRIAGE.rules)
    (move,) = (one for one in view.entries if one.slug == "marriage.move")

    assert (move.kind, move.ways) == ("branch", (Way.SELF,))
    assert move.told == ()


# --- guards -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_g9_of_a_protected_person_nothing_leaves_however_many_are_connected(path: Path) -> None:
    plan = planned(MARRIAGE, content_of(path) | {"connected": {"*": EVERYBODY}}, protected=True)

    assert not [one.slug for one in plan.entries if one.organisation or set(one.ways) & CONNECTED_WAYS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_g9_what_goes_on_by_itself_does_so_at_municipalities_alone(path: Path) -> None:
    plan = planned(MARRIAGE, content_of(path), protected=True)

    kinds = {one.slug: one.receiver.kind for one in MARRIAGE.procedures}
    automatic = {kinds[one.slug] for one in plan.entries if one.way is Way.AUTOMATIC}
    assert automatic <= {"MUNI", "MUNI-K", "NONE"}


def test_g9_is_shown_with_its_words() -> None:
    content = content_of(BY_NAME["plain"]) | {"connected": {"*": EVERYBODY}}

    view = plan_view(planned(MARRIAGE, content, protected=True), MARRIAGE.rules)

    guarded = [one for one in view.entries if one.guard]
    assert guarded
    assert all(one.guard_text and "支援措置" in one.guard_text.ja for one in guarded)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_g1_g4_no_company_is_told_a_name_before_the_desk_has_entered_it(path: Path) -> None:
    plan = planned(MARRIAGE, content_of(path))

    def waits_for_notice(name: str, seen: frozenset[str] = frozenset()) -> bool:
        entry = next(one for one in plan.entries if name_of(one) == name)
        before = [*entry.after, *([entry.rides_on] if entry.rides_on else [])]
        return entry.slug == "marriage.marriage-notice" or any(
            waits_for_notice(name_of(plan.entry(each))) for each in before
        )

    companies = [name_of(one) for one in plan.entries if "newName" in one.fields]
    assert [name for name in companies if not waits_for_notice(name)] == []


def test_g5_what_the_register_desk_accepts_is_final_and_says_so() -> None:
    final = {one.slug for one in MARRIAGE.procedures if not one.amendable}

    assert final == {
        *("marriage.marriage-notice", "marriage.foreign-surname"),
        *("marriage.children-surname", "marriage.step-adoption"),
    }
    for one in MARRIAGE.procedures:
        if one.slug in final:
            assert one.withdrawable  # as long as it is only deposited: the desk says whether it still is
            assert any("預かりの間だけ" in step.ja for step in one.steps), one.slug


def test_g8_what_follows_by_itself_is_never_sent() -> None:
    riding = {one.slug: one.ways[0] for one in MARRIAGE.procedures if one.hosts}

    assert riding == dict.fromkeys(
        (
            *("marriage.koseki-new", "marriage.resident-record-update"),
            *("marriage.pension-type", "marriage.pension-name"),
        ),
        Way.AUTOMATIC,
    )


def test_g11_a_foreign_national_has_no_register_and_keeps_the_name() -> None:
    content = content_of(BY_NAME["foreign-spouse"])
    facts = content["facts"]
    del facts["foreignSurname"]

    plan = planned(MARRIAGE, content)

    assert "residence-card" in slugs(plan)
    assert not {"card-name", "bank", "foreign-surname", "credit-card"} & set(slugs(plan))
    (notice,) = (one for one in plan.entries if one.slug == "marriage.marriage-notice")
    assert notice.fields["surnameOf"] is None


def test_g11_two_foreigners_have_no_family_register() -> None:
    foreign = {"familyRegister": ..., "nationality": "ブラジル連邦共和国"}
    changes = {f"spouses__{n}__{key}": value for n in (0, 1) for key, value in foreign.items()}

    plan = plan_of(MARRIAGE, couple(**changes, surnameOf=..., newHonseki=...))

    assert slugs(plan) == ["marriage-notice", "resident-record-update", "resident-record-update"]


def test_g12_a_rule_is_applied_by_the_day_of_the_marriage() -> None:
    land = [{"municipality": "012050", "number": "0123456789012"}]

    before = plan_of(MARRIAGE, couple(marriageDate="2026-03-31", realEstate=land))
    since = plan_of(MARRIAGE, couple(marriageDate="2026-04-01", realEstate=land))

    assert "real-estate-name" not in slugs(before)
    assert "real-estate-name" in slugs(since)


def test_a_spouse_abroad_signs_nothing_and_nothing_about_them_is_sent() -> None:
    abroad = {
        "spouses__1__address": ...,
        "spouses__1__abroad": {"country": "フランス"},
        "spouses__1__becomesDependant": True,
        "spouses__0__employer": {"companyName": "見本商事"},
    }
    facts = couple(**abroad)

    plan = plan_of(MARRIAGE, facts, everybody=EVERYBODY)

    (insurance,) = (one for one in plan.entries if one.slug == "marriage.hi-dependent")
    assert (insurance.way, insurance.guard) == (Way.SELF, "spouse-cannot-sign")
    assert [one.at for one in MARRIAGE.signatories(facts)] == ["/spouses/0", "/witnesses/0", "/witnesses/1"]


# --- who signs --------------------------------------------------------------------------------------


def test_the_two_and_their_witnesses_are_the_people_of_the_case() -> None:
    signing = MARRIAGE.signatories(couple())

    assert [(one.at, one.role, one.family + one.given, one.birth_date) for one in signing] == [
        ("/spouses/0", "applicant", "髙橋花子", date(1995, 5, 5)),
        ("/spouses/1", "spouse", "佐藤太郎", date(1993, 3, 3)),
        ("/witnesses/0", "witness", "鈴木一郎", date(1970, 1, 1)),
        ("/witnesses/1", "witness", "田中桜", date(1992, 2, 2)),
    ]
    assert [one.address for one in signing][:1] == ["東京都千代田区一番町1"]


def asked(plan: Plan) -> list[str]:
    return [one.at for one in participants_of(plan, CASE_ID) if one.signs]


def test_each_signs_as_far_as_something_is_sent_of_them() -> None:
    facts = couple(spouses__1__employer={"companyName": "見本工業"})

    nobody = plan_of(MARRIAGE, facts)
    everybody = plan_of(MARRIAGE, facts, everybody=EVERYBODY)

    assert asked(nobody) == ["/spouses/0"]
    assert asked(everybody) == [
        "/spouses/0",
        "/spouses/1",
    ]  # the notice is paper: the witnesses sign it by hand


def test_the_witnesses_sign_where_a_desk_takes_the_notice() -> None:
    online = tuple(
        replace(one, ways=(Way.SIGNED, *one.ways)) if one.slug == "marriage.marriage-notice" else one
        for one in MARRIAGE.procedures
    )

    plan = plan_of(replace(MARRIAGE, procedures=online), couple(), everybody=EVERYBODY)

    assert asked(plan) == ["/spouses/0", "/spouses/1", "/witnesses/0", "/witnesses/1"]
    witness = next(one for one in plan.signatories if one.at == "/witnesses/0")
    assert list(concerned(plan, witness).values()) == [("witnesses",)]


def test_what_a_spouse_signs_is_about_their_own_things() -> None:
    plan = planned(MARRIAGE, content_of(BY_NAME["plain"]) | {"connected": {"*": EVERYBODY}})
    husband = next(one for one in plan.signatories if one.at == "/spouses/1")

    told = {name_of(plan.entry(each)).removeprefix("marriage.") for each in concerned(plan, husband)}

    assert {"mobile /contracts/mobiles/1", "insurance /contracts/insurance/1", "employer /spouses/1"} <= told
    assert not {one for one in told if one.endswith(("/banks/0", "/mobiles/0", "/creditCards/0"))}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_witnesses_stand_on_the_notice_and_nowhere_else(path: Path) -> None:
    content = content_of(path)
    plan = planned(MARRIAGE, content)

    for witness in content["facts"]["witnesses"]:
        told_to = {one.slug for one in plan.entries if witness["name"]["given"] in repr(one.fields)}
        assert told_to == {"marriage.marriage-notice"}


def test_a_changed_day_changes_only_the_day() -> None:
    facts = couple()

    redated = MARRIAGE.redated(facts, date(2026, 12, 24))

    assert redated.marriage_date == date(2026, 12, 24)
    assert redated.model_copy(update={"marriage_date": facts.marriage_date}) == facts


def test_a_plan_is_made_in_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    content = content_of(BY_NAME["plain"])
    facts = MARRIAGE.facts.model_validate(content["facts"])
    plan_of(MARRIAGE, facts)

    started = time.perf_counter()
    for _ in range(20):
        plan_of(MARRIAGE, facts)
    each = (time.perf_counter() - started) / 20

    with capsys.disabled():
        print(f"\na marriage with {len(made('plain').entries)} entries is planned in {each * 1000:.1f} ms")
    assert each < 0.5


def test_the_facts_come_back_from_json_as_they_were() -> None:
    facts = MARRIAGE.facts.model_validate(content_of(BY_NAME["plain"])["facts"])

    assert MARRIAGE.facts.model_validate_json(facts.model_dump_json(by_alias=True)) == facts
    assert MARRIAGE.facts.model_validate(told()) == couple()
