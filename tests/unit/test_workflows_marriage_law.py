# SPDX-License-Identifier: Apache-2.0
"""The 41 procedures of a marriage as the law has them, and what a declaration may never say."""

from dataclasses import replace
from datetime import date

import pytest

from engine.core.deadline_rules import Severity, Soft, Within
from engine.core.deadlines import due
from engine.core.declaration import CONNECTED_WAYS, Grade, Kind, MisdeclaredEvent, Receiver, Sought
from engine.core.lifecycle import Way
from engine.core.periods import Counting
from engine.core.text import Text
from tests.unit.marriage_samples import MURORAN_HOME, couple
from workflows.calendar_japan import calendar_for
from workflows.laws import source_of
from workflows.marriage import GUARDS, MARRIAGE, MarriageFacts

WORDS = Text(ja="語", en="word")
BY_SLUG = {one.slug.removeprefix("marriage."): one for one in MARRIAGE.procedures}
FIELDS = {one.name: one for one in MARRIAGE.fields}
COMPANIES = [one for one in MARRIAGE.procedures if one.receiver.kind.startswith(("PRIV-", "WATER"))]

# Slug, kind of receiver, ways in order, what is told under which names: the engine's table of the law.
LAW = """
marriage-notice|MUNI-K|visit|parties surnameOf honseki witnesses marriageDate
non-acceptance-request|MUNI-K|visit|name birthDate honseki
koseki-new|MUNI-K|automatic self|
resident-record-update|MUNI|automatic self|
household-merge|MUNI|visit|names newHead relation
move|MUNI-NEW|self|
card-name|MUNI|visit|
signing-cert-reissue|MUNI|visit|
former-surname|MUNI|visit|oldName newName kana
seal-registration|MUNI|visit|newName birthDate address
nhi|MUNI|signed visit|oldName newName insuranceBefore insuranceAfter marriageDate
hi-dependent|EMP|online self|dependant income livesTogether marriageDate
pension-type|EMP|automatic self|
pension-name|JPS|automatic self|
tax-dependent|EMP|online self|dependant income marriageDate
drivers-license|POLICE|visit|licenceNumber newName honseki address
passport|MOFA|signed visit|newName romaji passportNumber honsekiPrefecture
car-registration|MLIT|signed visit|oldName newName plate chassis
real-estate-name|REG|signed paper|oldName newName newKana birthDate email propertyNumber
residence-card|IMM|visit|name nationality cardNumber
foreign-surname|MUNI-K|paper|name honseki foreignSurname marriageDate
children-surname|MUNI-K|paper|child parentHonseki
step-adoption|MUNI-K|paper|adopter child
single-parent-allowance-end|MUNI|visit|name marriageDate
child-allowance-change|MUNI|signed visit|recipient parents children account
public-money-account|DIGITAL|self|newName newKana
licences|MINISTRY|signed paper|registrationNumber oldName newName honseki
employer|EMP|online self|oldName newName marriageDate dependants
electricity|PRIV-ELEC|online self|oldName newName customerNumber phone ends
gas|PRIV-GAS|online self|oldName newName customerNumber phone ends
water|WATER|online self|oldName newName customerNumber phone ends
telephone|PRIV-TEL|online self|oldName newName customerNumber ends
newspaper|PRIV-NEWS|online self|newName customerNumber ends
nhk|PRIV-NHK|online self|oldName newName address customerNumber mergingNumbers ends
isp|PRIV-ISP|online self|oldName newName customerNumber ends
ecommerce|PRIV-EC|online self|accountId newName
bank|PRIV-BANK|online signed visit|oldName newName newKana branch account newSeal
credit-card|PRIV-CARD|online self|oldName newName romaji memberNumber
mobile|PRIV-MOB|online visit|oldName newName number
insurance|PRIV-INS|online paper|oldName newName policyNumber beneficiary
securities|PRIV-SEC|online paper|oldName newName account
"""


def test_each_procedure_has_the_receiver_ways_and_data_of_the_law() -> None:
    wanted = {}
    for line in LAW.strip().splitlines():
        slug, receiver, ways, told = line.split("|")
        wanted[slug] = (receiver, ways.split(), sorted(told.split()))

    found = {
        slug: (
            one.receiver.kind,
            [way.value for way in one.ways],
            sorted(FIELDS[name].wire_name for name in one.needs),
        )
        for slug, one in BY_SLUG.items()
    }

    assert found == wanted
    assert len(found) == 41


@pytest.mark.parametrize(
    ("slug", "amount", "unit", "severity", "confirm"),
    [
        ("household-merge", 14, "days", Severity.FINE, False),
        ("move", 14, "days", Severity.FINE, False),
        ("card-name", 14, "days", Severity.CONVENIENCE, False),
        ("nhi", 14, "days", Severity.CONVENIENCE, True),
        ("hi-dependent", 5, "days", Severity.CONVENIENCE, True),
        ("pension-type", 14, "days", Severity.CONVENIENCE, True),
        ("car-registration", 15, "days", Severity.FINE, False),
        ("real-estate-name", 2, "years", Severity.FINE, False),
        ("residence-card", 14, "days", Severity.CONVENIENCE, True),
        ("foreign-surname", 6, "months", Severity.RIGHT_LOST, True),
        ("single-parent-allowance-end", 14, "days", Severity.CONVENIENCE, True),
        ("child-allowance-change", 15, "days", Severity.MONEY_LOST, True),
        ("licences", 30, "days", Severity.CONVENIENCE, True),
    ],
)
def test_g7_a_period_has_the_days_of_the_law_and_what_is_lost(
    slug: str,
    amount: int,
    unit: str,
    severity: Severity,
    confirm: bool,  # noqa: FBT001
) -> None:
    rule = BY_SLUG[slug].deadline

    assert isinstance(rule, Within)
    assert (rule.amount, rule.unit.value, rule.severity, rule.confirm) == (amount, unit, severity, confirm)
    assert rule.rolls


def test_a_marriage_has_no_deadline() -> None:
    answer = due(
        BY_SLUG["marriage-notice"].deadline, {"marriage_date": date(2026, 12, 1)}, calendar_for(None)
    )

    assert (answer.last_day, answer.first_day) == (None, None)


@pytest.mark.parametrize("slug", ["tax-dependent", "employer", "drivers-license", "passport", "bank", "nhk"])
def test_a_duty_in_words_never_becomes_a_day(slug: str) -> None:
    rule = BY_SLUG[slug].deadline

    assert isinstance(rule, Soft)
    assert due(rule, {"marriage_date": date(2026, 12, 1)}, calendar_for(None)).last_day is None


@pytest.mark.parametrize(
    ("slug", "married", "last"),
    [
        ("card-name", "2026-11-22", "2026-12-07"),  # a Sunday at the night desk
        ("card-name", "2026-12-19", "2027-01-04"),  # through the closing of the year
        ("household-merge", "2026-12-15", "2027-01-04"),
        ("hi-dependent", "2026-12-24", "2027-01-04"),
        ("car-registration", "2026-12-14", "2027-01-04"),
        ("residence-card", "2026-04-22", "2026-05-07"),  # through the holidays of May
        ("child-allowance-change", "2026-12-16", "2027-01-04"),
        ("child-allowance-change", "2026-11-30", "2026-12-15"),
        ("foreign-surname", "2026-08-31", "2027-03-01"),  # no 31 February, then a Sunday
        ("foreign-surname", "2026-11-30", "2027-05-31"),
        ("foreign-surname", "2026-07-03", "2027-01-04"),
        ("real-estate-name", "2026-11-22", "2028-11-22"),
        ("licences", "2026-12-01", "2027-01-04"),
    ],
)
def test_deadlines_run_through_real_days(slug: str, married: str, last: str) -> None:
    answer = due(BY_SLUG[slug].deadline, {"marriage_date": date.fromisoformat(married)}, calendar_for(None))

    assert answer.last_day == date.fromisoformat(last)


def test_the_day_of_the_marriage_is_the_first_of_six_months_until_somebody_has_checked() -> None:
    rule = BY_SLUG["foreign-surname"].deadline

    assert isinstance(rule, Within)
    assert (rule.counting, rule.confirm) == (Counting.FROM_SAME_DAY, True)


def test_a_municipality_with_a_longer_closing_moves_the_day() -> None:
    rule = BY_SLUG["card-name"].deadline

    answer = due(rule, {"marriage_date": date(2026, 7, 23)}, calendar_for("341002"))

    assert answer.last_day == date(2026, 8, 7)  # 広島市 is closed on 6 August


def test_every_rule_names_what_it_rests_on() -> None:
    bases = {one.basis for one in MARRIAGE.procedures}
    bases |= {
        each.deadline.basis
        for one in MARRIAGE.procedures
        for each in one.instead
        if isinstance(each.deadline, Within)
    }

    assert [basis for basis in bases if source_of(basis) is None] == []


def test_what_is_not_sure_says_so() -> None:
    assert {slug for slug, one in BY_SLUG.items() if one.grade is Grade.CHECK} == {"former-surname"}
    unsure = [
        slug
        for slug, one in BY_SLUG.items()
        if isinstance(one.deadline, Within) and one.grade is not Grade.SURE and not one.deadline.confirm
    ]
    assert unsure == ["move"]  # its number of days is sure, the rest likely


def test_every_entry_is_explained_in_both_languages() -> None:
    for one in MARRIAGE.procedures:
        words = [one.title, one.applies.text, *one.steps, *one.bring]
        words += [text for text in (one.who, one.if_late, one.my_number) if text]
        assert all(text.ja and text.en for text in words), one.slug
        assert one.basis, one.slug
        assert one.who or one.kind is not Kind.FILING, one.slug
        assert one.steps or one.bring, one.slug


def test_whoever_needs_my_number_is_told_where_it_comes_from() -> None:
    needing = {slug for slug, one in BY_SLUG.items() if one.my_number}

    assert needing == {
        *("card-name", "nhi", "hi-dependent", "pension-type", "tax-dependent", "employer"),
        "child-allowance-change",
    }
    assert not [slug for slug in needing if BY_SLUG[slug].receiver.kind not in {"MUNI", "EMP"}]


def test_the_notice_is_paper_today_and_sent_to_nobody() -> None:
    assert not set(BY_SLUG["marriage-notice"].ways) & CONNECTED_WAYS
    assert BY_SLUG["marriage-notice"].ways == (Way.VISIT,)


def test_the_family_register_stays_with_those_who_may_have_it() -> None:
    of_register = {"parties", "witnesses", "honseki", "child", "adopter", "parentHonseki", "surnameOf"}

    told = {
        one.receiver.kind
        for one in MARRIAGE.procedures
        if {FIELDS[name].wire_name for name in one.needs} & of_register
    }

    assert told == {"MUNI-K", "POLICE", "MINISTRY"}
    assert not [one.slug for one in COMPANIES if {"kana", "birthDate", "marriageDate"} & set(one.needs)]


def test_what_is_open_to_all_is_the_name_and_how_to_reach_them() -> None:
    open_to_all = {one.name for one in MARRIAGE.fields if one.only_for is None}

    assert open_to_all == {"name", "oldName", "newName", "newKana", "phone"}


def test_guards_are_over_procedures_that_exist() -> None:
    slugs = {one.slug for one in MARRIAGE.procedures}

    assert {one.name for one in GUARDS} == {"protected-person", "spouse-cannot-sign"}
    assert all(one.text.ja and one.text.en and (one.over or set()) <= slugs for one in GUARDS)


def test_an_order_that_people_choose_names_procedures_that_exist() -> None:
    move = {"movedOn": "2026-11-30", "movers": [0], "newAddress": MURORAN_HOME, "first": "move"}
    facts = [couple(move=move), couple(move=move | {"first": "marriage"}), couple()]
    facts.append(couple(spouses__0__licence={"number": "012345678901"}))
    slugs = {one.slug for one in MARRIAGE.procedures}

    named = {slug for one in MARRIAGE.procedures for told in facts for slug in one.after_here(told)}

    assert named == {"marriage.move", "marriage.marriage-notice", "marriage.drivers-license"}
    assert named <= slugs


@pytest.mark.parametrize(
    ("field", "receiver"),
    [
        (one.name, kind)
        for one in MARRIAGE.fields
        if one.only_for is not None
        for kind in ("PRIV-ELEC", "PRIV-BANK", "PRIV-INS", "EMP", "WATER", "MUNI", "JPS")
        if kind not in one.only_for
    ],
)
def test_a_declaration_that_would_tell_a_restricted_fact_does_not_load(field: str, receiver: str) -> None:
    seeker: Receiver[MarriageFacts] = Receiver(receiver, lambda _: Sought(WORDS))
    others = tuple(one for one in MARRIAGE.procedures if one is not BY_SLUG["gas"])
    gas = replace(BY_SLUG["gas"], needs=(field,), receiver=seeker)

    with pytest.raises(MisdeclaredEvent, match=f"{receiver} may not get {field}"):
        replace(MARRIAGE, procedures=(*others, gas))
