# SPDX-License-Identifier: Apache-2.0
"""Whole plans of a birth, entry by entry, against what the law says: written by hand beside this file."""

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.core.deadlines import due, paid_from
from engine.core.declaration import CONNECTED_WAYS
from engine.core.lifecycle import FilingState, Way
from engine.core.messages import MarkDone, Open
from engine.core.plan import Plan, filings_of, participants_of
from engine.core.views import plan_view
from tests.unit.birth_samples import CHILD, MOTHER, REGISTER, family, told
from tests.unit.facts_samples import CASE_ID, FIRST, NOW, OWNER, Story
from tests.unit.marriage_samples import MURORAN, MURORAN_HOME, honseki, name
from tests.unit.plan_tables import content_of, name_of, plan_of, planned, written
from workflows.birth import BIRTH
from workflows.calendar_japan import calendar_for

FILES = sorted((Path(__file__).parent / "birth_plans").glob("*.json"))
BY_NAME = {path.stem: path for path in FILES}
EVERYBODY = "8000020131016"


def made(name: str, **changes: Any) -> Plan:
    return planned(BIRTH, content_of(BY_NAME[name]), **changes)


def slugs(plan: Plan) -> list[str]:
    return [one.slug.removeprefix("birth.") for one in plan.entries]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_plan_is_what_the_law_says_entry_by_entry(path: Path) -> None:
    content = content_of(path)

    plan = planned(BIRTH, content)

    found = {(one.slug, one.subject): written(one, plan) for one in plan.entries}
    assert found == {(one["slug"], one["subject"]): one for one in content["entries"]}


def test_the_plans_together_show_every_procedure() -> None:
    shown = {one["slug"] for path in FILES for one in content_of(path)["entries"]}

    assert shown == {one.slug for one in BIRTH.procedures}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_procedure_is_in_the_plan_or_left_out_with_its_reason(path: Path) -> None:
    content = content_of(path)
    plan = planned(BIRTH, content)

    there, left = {one.slug for one in plan.entries}, {one.slug for one in plan.left_out}
    assert there | left == {one.slug for one in BIRTH.procedures}
    assert not there & left
    assert all(one.condition.ja and one.condition.en for one in plan.left_out)


# --- the notice, and what hangs on it ---------------------------------------------------------------


def test_everything_of_a_child_hangs_on_the_notice_but_not_the_allowance() -> None:
    plan = made("first-child")
    entries = {one.slug.removeprefix("birth."): one for one in plan.entries}

    def before(slug: str) -> list[str]:
        found = [*entries[slug].after, *([entries[slug].rides_on] if entries[slug].rides_on else [])]
        return [plan.entry(each).slug.removeprefix("birth.") for each in found if each]

    assert before("birth-notice") == ["birth-certificate"]
    assert before("resident-record") == ["birth-notice"]
    assert before("hi-dependent") == ["birth-notice"]
    assert before("infant-medical") == ["hi-dependent"]
    assert before("passport") == ["koseki-entry"]
    assert before("child-allowance-claim") == []
    assert before("lump-sum") == []


def test_away_from_home_the_allowance_is_claimed_at_home_at_the_same_time() -> None:
    plan = made("third-child-away")
    entries = {one.slug.removeprefix("birth."): one for one in plan.entries}

    assert entries["birth-notice"].area == MURORAN
    assert entries["child-allowance-increase"].area == "131016"
    assert entries["child-allowance-increase"].after == ()


def test_elder_siblings_count_until_the_end_of_the_fiscal_year_of_22() -> None:
    plan = made("third-child-away")
    (claim,) = (one for one in plan.entries if one.slug == "birth.child-allowance-increase")

    counted = claim.fields["siblings"]

    assert isinstance(counted, list)
    assert [one["name"]["given"] for one in counted if isinstance(one, dict)] == ["一", "二郎"]
    older = family(
        siblings=[
            {"name": name("佐藤", "零"), "birthDate": "2004-04-01"},
            {"name": name("佐藤", "一"), "birthDate": "2004-04-02"},
        ],
        children__0__bornOn="2026-11-20",
    )
    assert [one.name.given for one in older.counted_siblings] == ["一"]


def test_each_twin_has_a_notice_and_the_household_one_claim() -> None:
    plan = made("twins")

    assert [one.subject for one in plan.entries if one.slug == "birth.birth-notice"] == [
        "/children/0",
        "/children/1",
    ]
    (claim,) = (one for one in plan.entries if one.slug == "birth.child-allowance-claim")
    assert isinstance(claim.fields["children"], list)
    assert len(claim.fields["children"]) == 2


def test_each_twin_has_days_of_its_own_and_a_claim_for_both_the_earlier() -> None:
    plan = made("twins")
    days = {name_of(one): one.due.last_day for one in plan.entries}

    assert days["birth.birth-notice /children/0"] == date(2026, 12, 3)
    assert days["birth.birth-notice /children/1"] == date(2026, 12, 4)
    assert days["birth.child-allowance-claim"] == date(2026, 12, 7)


def test_of_twins_around_midnight_no_claim_is_a_day_late() -> None:
    assert family(children=content_of(BY_NAME["twins"])["facts"]["children"], foetuses=2).dates[
        "birth_date"
    ] == date(2026, 11, 20)


def test_a_father_who_recognises_later_is_not_on_the_notice() -> None:
    content = content_of(BY_NAME["unmarried"])
    later = planned(BIRTH, content)
    before = planned(BIRTH, content, recognition={"kind": "before-birth"})

    def parents(plan: Plan) -> int:
        (notice,) = (one for one in plan.entries if one.slug == "birth.birth-notice")
        assert isinstance(notice.fields["parents"], list)
        return len(notice.fields["parents"])

    assert (parents(later), parents(before)) == (1, 2)
    assert "child-recognition" in slugs(later)
    assert "child-recognition" not in slugs(before)


def test_what_rides_on_what_rides_is_done_with_the_notice() -> None:
    plan = plan_of(BIRTH, family())
    filings, rules = filings_of(plan, {}, NOW)
    story = Story(Open(CASE_ID, "birth", OWNER, plan.catalogue, filings, rules, (FIRST,)))
    story.confirm()

    for slug in ("birth.birth-certificate", "birth.birth-notice"):
        story.say(MarkDone(CASE_ID, story.at(slug).id))

    done = {"birth.koseki-entry", "birth.resident-record", "birth.vaccination"}
    assert {story.at(slug).state for slug in done} == {FilingState.COMPLETED}
    assert story.at("birth.household-utilities").state is FilingState.NOT_NEEDED


# --- online: only where the law and the city take it ------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "guard"),
    [
        ({}, None),
        ({"filer": {"role": "mother"}}, None),
        ({"filer": {"role": "mother"}, "mother__hasCard": False}, "no-card-of-a-parent"),
        (
            {"filer": {"role": "doctor", "name": name("見本", "医師"), "parentsCannot": True}},
            "no-card-of-a-parent",
        ),
        ({"desk": {"municipality": MURORAN, "city": "室蘭市"}}, "not-at-register"),
        (
            {"mother__familyRegister": honseki("東町1番地") | {"head": name("佐藤", "太郎")}},
            "not-at-register",
        ),
        ({"father__familyRegister": ..., "father__nationality": "フランス"}, "foreign-parent"),
        ({"mother__name__family": "𠮷田", "children__0__name__family": "𠮷田"}, "name-not-typable"),
        ({"father__name__given": "太\U000e0100郎"}, "name-not-typable"),
        (
            {
                "bornAbroad": {"country": "フランス", "gotNationality": False, "reserves": False},
                "place": {"line": "Paris"},
            },
            "born-abroad",
        ),
    ],
)
def test_g11_a_birth_is_notified_online_only_where_the_law_allows_it(
    changes: dict[str, Any], guard: str | None
) -> None:
    plan = plan_of(BIRTH, family(**changes), everybody=EVERYBODY)
    (notice,) = (one for one in plan.entries if one.slug == "birth.birth-notice")

    assert (notice.way, notice.guard) == (Way.VISIT if guard else Way.SIGNED, guard)


def test_g10_for_a_parent_under_age_their_own_parents_act() -> None:
    facts = family(filer={"role": "mother"}, mother__birthDate="2009-05-05", children__0__wantsPassport=True)

    plan = plan_of(BIRTH, facts, everybody=EVERYBODY)

    (passport,) = (one for one in plan.entries if one.slug == "birth.passport")
    assert (passport.way, passport.guard) == (Way.VISIT, "minor-parent")


# --- nobody is told who need not know ---------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_birth_sends_nothing_to_companies_without_a_wish(path: Path) -> None:
    content = content_of(path)
    content["facts"].pop("optIns", None)

    plan = planned(BIRTH, content | {"connected": {"*": EVERYBODY}})

    kinds = {one.slug: one.receiver.kind for one in BIRTH.procedures}
    assert not [one.slug for one in plan.entries if kinds[one.slug].startswith("PRIV")]
    (utilities,) = (one for one in plan.entries if one.slug == "birth.household-utilities")
    assert (utilities.fields, utilities.organisation, utilities.way) == ({}, None, Way.AUTOMATIC)


def test_a_wish_tells_one_company_of_one_child_and_no_more() -> None:
    plan = made("first-child")
    (wish,) = (one for one in plan.entries if one.slug == "birth.private-optin")

    assert wish.fields == {
        "childName": {"family": "佐藤", "given": "一"},
        "childBirthDate": "2026-11-20",
        "customerNumber": "L-1",
        "product": "insurance",
    }


def test_where_a_child_was_lost_no_company_is_told_and_nothing_is_congratulated() -> None:
    plan = made("bereaved")
    wanted = {"stillbirth-branch", "neonatal-death-branch", "birth-notice"}

    assert wanted <= set(slugs(plan))
    assert not {"child-allowance-claim", "daycare", "vaccination", "infant-medical"} & set(slugs(plan))
    lost = told(
        children=[CHILD, CHILD | {"outcome": "died", "name": name("佐藤", "二")}],
        foetuses=2,
        optIns=[{"kind": "bank", "owner": 0}],
    )
    guarded = plan_of(BIRTH, BIRTH.facts.model_validate(lost), everybody=EVERYBODY)
    (wish,) = (one for one in guarded.entries if one.slug == "birth.private-optin")
    assert (wish.way, wish.guard) == (Way.SELF, "bereaved")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_g9_of_a_protected_person_nothing_leaves_however_many_are_connected(path: Path) -> None:
    plan = planned(BIRTH, content_of(path) | {"connected": {"*": EVERYBODY}}, protected=True)

    assert not [one.slug for one in plan.entries if one.organisation or set(one.ways) & CONNECTED_WAYS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_g9_what_goes_on_by_itself_does_so_at_municipalities_alone(path: Path) -> None:
    plan = planned(BIRTH, content_of(path), protected=True)

    kinds = {one.slug: one.receiver.kind for one in BIRTH.procedures}
    automatic = {kinds[one.slug] for one in plan.entries if one.way is Way.AUTOMATIC}
    assert automatic <= {"MUNI", "MUNI-K", "NONE"}


def test_g9_is_shown_with_its_words() -> None:
    content = content_of(BY_NAME["first-child"]) | {"connected": {"*": EVERYBODY}}

    view = plan_view(planned(BIRTH, content, protected=True), BIRTH.rules)

    guarded = [one for one in view.entries if one.guard]
    assert guarded
    assert all(one.guard_text and "支援措置" in one.guard_text.ja for one in guarded)


def test_g8_what_follows_by_itself_is_never_sent() -> None:
    riding = {one.slug.removeprefix("birth.") for one in BIRTH.procedures if one.hosts}

    assert riding == {"koseki-entry", "resident-record", "vaccination"}
    assert not [one.slug for one in BIRTH.procedures if one.hosts and set(one.ways) & CONNECTED_WAYS]


# --- days -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "last"),
    [
        ("2026-04-01", "2026-04-14"),
        ("2026-04-22", "2026-05-07"),
        ("2026-03-07", "2026-03-23"),
        ("2026-12-18", "2027-01-04"),
        ("2026-12-22", "2027-01-04"),
    ],
)
def test_the_day_of_birth_is_the_first_of_the_fourteen(born: str, last: str) -> None:
    facts = family(children__0__bornOn=born)

    plan = plan_of(BIRTH, facts, today=date(2027, 1, 20))

    (notice,) = (one for one in plan.entries if one.slug == "birth.birth-notice")
    assert notice.due.last_day == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("born", "notice", "reserved"),
    [
        ("2026-01-31", "2026-04-30", "2026-04-30"),
        ("2025-11-30", "2026-03-02", "2026-02-28"),  # to keep a nationality, nobody waits for a Monday
    ],
)
def test_abroad_there_are_three_months_of_which_the_birth_is_the_first_day(
    born: str, notice: str, reserved: str
) -> None:
    content = content_of(BY_NAME["abroad"])
    content["facts"]["children"][0]["bornOn"] = born

    plan = planned(BIRTH, content)

    days = {one.slug.removeprefix("birth."): one.due for one in plan.entries}
    assert days["birth-notice"].last_day == date.fromisoformat(notice)
    assert days["nationality-reservation"].last_day == date.fromisoformat(reserved)
    assert days["nationality-reservation"].severity.value == "right-lost"
    assert days["birth-notice"].severity.value == "fine"


@pytest.mark.parametrize(("filed", "paid"), [("2026-05-15", "2026-05-01"), ("2026-05-16", "2026-06-01")])
def test_g7_a_claim_one_day_late_loses_a_month(filed: str, paid: str) -> None:
    rule = next(one for one in BIRTH.procedures if one.slug == "birth.child-allowance-claim").deadline
    born = date(2026, 4, 30)

    answer = due(rule, {"birth_date": born}, calendar_for(None))

    assert answer.last_day == date(2026, 5, 15)
    assert paid_from(answer, born, date.fromisoformat(filed)) == date.fromisoformat(paid)


def test_maternity_pay_is_barred_from_the_first_day_of_leave() -> None:
    plan = made("first-child")

    (pay,) = (one for one in plan.entries if one.slug == "birth.maternity-pay")

    assert pay.due.last_day == date(2028, 10, 9)  # leave began on 9 October 2026


def test_a_day_of_loss_is_called_no_day_of_birth() -> None:
    plan = made("bereaved")

    (lost,) = (one for one in plan.entries if one.slug == "birth.stillbirth-branch")

    assert "出産の日" in lost.due.rule_text.ja
    assert "出生" not in lost.due.rule_text.ja


def test_what_opens_before_the_birth_was_due_says_from_when() -> None:
    plan = made("third-child-away")
    days = {one.slug.removeprefix("birth."): one.not_before for one in plan.entries}

    assert days["np-prepost-exemption"] == date(2026, 7, 20)
    assert days["pregnancy-benefit-2"] == date(2026, 11, 25)


def test_g12_the_exemption_until_one_is_the_law_for_births_since_october_2026() -> None:
    changes: dict[str, Any] = {"mother": MOTHER | {"nationalPension": True}}

    before = plan_of(BIRTH, family(**changes, children__0__bornOn="2026-09-30"))
    since = plan_of(BIRTH, family(**changes, children__0__bornOn="2026-10-01"))

    assert "np-childcare-exemption" not in slugs(before)
    assert "np-childcare-exemption" in slugs(since)


def test_a_changed_day_moves_every_child_by_as_much() -> None:
    facts = BIRTH.facts.model_validate(content_of(BY_NAME["twins"])["facts"])

    redated = BIRTH.redated(facts, date(2026, 11, 18))

    assert [one.born_on for one in redated.children] == [date(2026, 11, 18), date(2026, 11, 19)]
    assert BIRTH.redated(redated, date(2026, 11, 20)) == facts


def asked(plan: Plan) -> list[str]:
    return [one.at for one in participants_of(plan, CASE_ID) if one.signs]


@pytest.mark.parametrize(
    ("changes", "connected", "signing"),
    [
        ({}, {"birth.birth-notice": EVERYBODY}, ["/father"]),
        ({"filer": {"role": "mother"}}, {"birth.birth-notice": EVERYBODY}, ["/mother"]),
        ({}, {"birth.hi-dependent": EVERYBODY}, ["/father"]),
        ({"filer": {"role": "mother"}}, {"birth.hi-dependent": EVERYBODY}, ["/mother", "/father"]),
        ({}, {"birth.maternity-pay": EVERYBODY}, ["/father", "/mother"]),
        ({"filer": {"role": "doctor", "name": name("見本", "医師"), "parentsCannot": True}}, {}, [""]),
    ],
)
def test_the_parent_who_notifies_signs_and_the_other_where_their_own_employer_is_told(
    changes: dict[str, Any], connected: dict[str, str], signing: list[str]
) -> None:
    plan = planned(BIRTH, {"facts": told(**changes), "connected": connected})

    assert asked(plan) == signing


def test_a_plan_is_made_in_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    facts = BIRTH.facts.model_validate(content_of(BY_NAME["twins"])["facts"])
    plan_of(BIRTH, facts)

    started = time.perf_counter()
    for _ in range(20):
        plan_of(BIRTH, facts)
    each = (time.perf_counter() - started) / 20

    with capsys.disabled():
        print(f"\na birth with {len(made('twins').entries)} entries is planned in {each * 1000:.1f} ms")
    assert each < 0.5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_facts_come_back_from_json_as_they_were(path: Path) -> None:
    facts = BIRTH.facts.model_validate(content_of(path)["facts"])

    assert BIRTH.facts.model_validate_json(facts.model_dump_json(by_alias=True)) == facts


def test_the_mother_of_a_marriage_lives_where_she_lives() -> None:
    plan = plan_of(BIRTH, family(mother__address=MURORAN_HOME, livesWith="father"))
    entries = {name_of(one): one.area for one in plan.entries}

    assert entries["birth.pregnancy-benefit-2 /mother"] == MURORAN
    assert entries["birth.resident-record /children/0"] == "131016"
    assert REGISTER["municipality"] == "131016"
