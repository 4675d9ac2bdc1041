# SPDX-License-Identifier: Apache-2.0
"""The 32 procedures of a birth as the law has them, and what a declaration may never say."""

from dataclasses import replace
from datetime import date

import pytest

from engine.core.calendars import Authority
from engine.core.deadline_rules import Severity, Soft, Window, Within
from engine.core.deadlines import due
from engine.core.declaration import Grade, Kind, MisdeclaredEvent, Receiver, Sought
from engine.core.periods import Counting
from engine.core.text import Text
from workflows.birth import BIRTH, GUARDS, BirthFacts
from workflows.birth_fields import MEDICAL
from workflows.calendar_japan import calendar_for
from workflows.laws import source_of

WORDS = Text(ja="語", en="word")
BY_SLUG = {one.slug.removeprefix("birth."): one for one in BIRTH.procedures}
FIELDS = {one.name: one for one in BIRTH.fields}

# Slug, kind of receiver, ways in order, what is told under which names: the engine's table of the law.
LAW = """
birth-certificate|HOSPITAL|self|
birth-notice|MUNI-K|signed visit|child parents head filer
nationality-reservation|MUNI-K|paper|child reservation filer
child-recognition|MUNI-K|paper|child father mother
koseki-entry|MUNI-K|automatic self|
resident-record|MUNI|automatic self|
mynumber-card|MUNI|visit paper|childName childBirthDate address guardians
child-allowance-claim|MUNI|signed visit|recipient recipientAddress children siblings account
child-allowance-increase|MUNI|signed visit|recipient children siblings
infant-medical|MUNI|online signed visit|childName childBirthDate guardians insuranceSymbol address
hi-dependent|EMP|online self|supporterName childName childKana childBirthDate childSex
nhi-enrol|MUNI|signed visit|childName childBirthDate head
lump-sum|HINS|self|mother birthDate childCount
maternity-pay|EMP|online paper|parentName birthDate maternityLeave
childcare-benefit|EMP|online self|parentName birthDate childcareLeave
si-exemption|EMP|online self|parentName birthDate maternityLeave childcareLeave
np-prepost-exemption|MUNI|online signed visit|mother dueDate birthDate
np-childcare-exemption|MUNI|online signed visit|parentName children
nhi-premium-relief|MUNI|signed visit|mother dueDate birthDate
pregnancy-benefit-2|MUNI|signed visit|mother foetuses account
health-centre-card|MUNI|online paper|childName childBirthDate mother weight phone
premature-medical|MUNI|visit|childName childBirthDate guardians weight
vaccination|MUNI|automatic self|
tax-dependent|EMP|online self|parentName children
daycare|MUNI|signed paper|childName childBirthDate address parentsWork wishes
passport|MOFA|signed visit|childName childBirthDate honsekiPrefecture guardians address
residence-status|IMM|visit|childName childBirthDate parentsResidence guardians address
single-parent-allowance|MUNI|visit|parentName children
household-utilities|NONE|automatic|
private-optin|PRIV-OPT-IN|online self|childName childBirthDate customerNumber product
stillbirth-branch|MUNI|paper|mother weeks birthDate hospital
neonatal-death-branch|MUNI-K|self|
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
    assert len(found) == 32


@pytest.mark.parametrize(
    ("slug", "amount", "unit", "severity", "confirm"),
    [
        ("birth-notice", 14, "days", Severity.FINE, False),
        ("child-allowance-claim", 15, "days", Severity.MONEY_LOST, False),
        ("child-allowance-increase", 15, "days", Severity.MONEY_LOST, False),
        ("hi-dependent", 5, "days", Severity.CONVENIENCE, True),
        ("nhi-enrol", 14, "days", Severity.CONVENIENCE, True),
        ("lump-sum", 2, "years", Severity.MONEY_LOST, False),
        ("maternity-pay", 2, "years", Severity.MONEY_LOST, False),
        ("premature-medical", 14, "days", Severity.MONEY_LOST, True),
        ("residence-status", 30, "days", Severity.RIGHT_LOST, True),
        ("nationality-reservation", 3, "months", Severity.RIGHT_LOST, True),
        ("stillbirth-branch", 7, "days", Severity.FINE, True),
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


def test_the_day_of_birth_counts_for_the_register_and_for_nothing_else() -> None:
    others = [each.deadline for one in BIRTH.procedures for each in one.instead]
    counted = [rule.counting for rule in others if isinstance(rule, Within)]
    same_day = {
        slug
        for slug, one in BY_SLUG.items()
        if isinstance(one.deadline, Within) and one.deadline.counting is Counting.FROM_SAME_DAY
    }

    assert counted == [Counting.FROM_SAME_DAY] * 2
    assert same_day == {"birth-notice", "nationality-reservation", "stillbirth-branch"}


@pytest.mark.parametrize(
    ("slug", "born", "last"),
    [
        ("child-allowance-claim", "2026-12-18", "2027-01-04"),
        ("child-allowance-claim", "2026-04-30", "2026-05-15"),
        ("child-allowance-increase", "2026-12-14", "2027-01-04"),
        ("hi-dependent", "2026-12-24", "2027-01-04"),
        ("nhi-enrol", "2026-12-19", "2027-01-04"),
        ("premature-medical", "2026-04-20", "2026-05-07"),
        ("residence-status", "2026-12-01", "2027-01-04"),
        ("stillbirth-branch", "2026-12-24", "2027-01-04"),
        ("stillbirth-branch", "2026-11-20", "2026-11-26"),
        ("lump-sum", "2026-11-23", "2028-11-23"),  # a holiday: a time-bar waits for nobody
    ],
)
def test_deadlines_run_through_real_days(slug: str, born: str, last: str) -> None:
    answer = due(BY_SLUG[slug].deadline, {"birth_date": date.fromisoformat(born)}, calendar_for(None))

    assert answer.last_day == date.fromisoformat(last)


def test_a_time_bar_shows_the_open_day_before() -> None:
    answer = due(BY_SLUG["lump-sum"].deadline, {"birth_date": date(2026, 11, 23)}, calendar_for(None))

    assert (answer.last_day, answer.safe_day) == (date(2028, 11, 23), date(2028, 11, 22))
    assert [one.authority for one in (BY_SLUG["lump-sum"].deadline,) if isinstance(one, Within)] == [
        Authority.NATIONAL
    ]


@pytest.mark.parametrize("slug", ["np-prepost-exemption", "nhi-premium-relief", "pregnancy-benefit-2"])
def test_what_opens_before_the_birth_never_closes(slug: str) -> None:
    rule = BY_SLUG[slug].deadline

    assert isinstance(rule, Window)
    assert rule.closes is None
    assert due(rule, {"due_date": date(2027, 1, 20)}, calendar_for(None)).last_day is None


@pytest.mark.parametrize(
    "slug",
    [
        *("birth-certificate", "infant-medical", "childcare-benefit", "si-exemption", "health-centre-card"),
        *("tax-dependent", "daycare", "single-parent-allowance", "neonatal-death-branch"),
    ],
)
def test_a_duty_in_words_never_becomes_a_day(slug: str) -> None:
    rule = BY_SLUG[slug].deadline

    assert isinstance(rule, Soft)
    assert due(rule, {"birth_date": date(2026, 12, 1)}, calendar_for(None)).last_day is None


def test_kinds_of_entries_can_be_told_apart() -> None:
    kinds = {slug: one.kind for slug, one in BY_SLUG.items() if one.kind is not Kind.FILING}

    assert kinds == {
        "koseki-entry": Kind.AUTOMATIC,
        "resident-record": Kind.AUTOMATIC,
        "vaccination": Kind.AUTOMATIC,
        "household-utilities": Kind.NO_OP,
        "stillbirth-branch": Kind.BRANCH,
        "neonatal-death-branch": Kind.BRANCH,
    }


def test_g5_what_the_register_desk_accepts_is_final_and_says_so() -> None:
    final = {slug for slug, one in BY_SLUG.items() if not one.amendable}

    assert final == {"birth-notice", "nationality-reservation", "child-recognition"}
    assert any("預かりの間だけ" in step.ja for step in BY_SLUG["birth-notice"].steps)
    assert not BY_SLUG["child-recognition"].withdrawable


def test_every_rule_names_what_it_rests_on() -> None:
    bases = {one.basis for one in BIRTH.procedures}
    bases |= {
        each.deadline.basis
        for one in BIRTH.procedures
        for each in one.instead
        if isinstance(each.deadline, Within)
    }

    assert [basis for basis in bases if source_of(basis) is None] == []


def test_what_is_not_sure_says_so() -> None:
    assert {slug for slug, one in BY_SLUG.items() if one.grade is Grade.CHECK} == {"lump-sum"}
    unsure = [
        slug
        for slug, one in BY_SLUG.items()
        if isinstance(one.deadline, Within) and one.grade is not Grade.SURE and not one.deadline.confirm
    ]
    assert unsure == ["lump-sum"]  # its two years are sure, the bill of 2026 is not


def test_every_entry_is_explained_in_both_languages() -> None:
    for one in BIRTH.procedures:
        words = [one.title, one.applies.text, *one.steps, *one.bring]
        words += [text for text in (one.who, one.if_late, one.my_number) if text]
        assert all(text.ja and text.en for text in words), one.slug
        assert one.basis, one.slug
        assert one.who or one.kind is not Kind.FILING, one.slug
        assert one.steps or one.bring, one.slug


def test_whoever_needs_my_number_is_told_where_it_comes_from() -> None:
    needing = {slug for slug, one in BY_SLUG.items() if one.my_number}

    assert needing == {
        *("mynumber-card", "child-allowance-claim", "child-allowance-increase", "hi-dependent", "nhi-enrol"),
        *("lump-sum", "maternity-pay", "childcare-benefit", "si-exemption", "np-prepost-exemption"),
        *("np-childcare-exemption", "premature-medical", "tax-dependent", "daycare"),
        "single-parent-allowance",
    }
    assert not [slug for slug in needing if BY_SLUG[slug].receiver.kind not in {"MUNI", "EMP", "HINS"}]


def test_health_is_told_to_municipalities_alone() -> None:
    medical = {one.name for one in BIRTH.fields if one.only_for == MEDICAL and one.only_for is MEDICAL}
    told = {one.receiver.kind for one in BIRTH.procedures if medical & set(one.needs)}

    assert {"MUNI"} == MEDICAL
    assert {"weight", "weeks", "foetuses", "hospital"} <= medical
    assert told == {"MUNI"}


def test_nothing_is_open_to_all() -> None:
    assert [one.name for one in BIRTH.fields if one.only_for is None] == []


def test_the_family_register_stays_at_its_desks() -> None:
    of_register = {"child", "parents", "filer", "recognising", "recognisedMother", "reservation"}

    told = {one.receiver.kind for one in BIRTH.procedures if of_register & set(one.needs)}

    assert told == {"MUNI-K"}


def test_guards_are_over_procedures_that_exist() -> None:
    slugs = {one.slug for one in BIRTH.procedures}

    assert {one.name for one in GUARDS} == {
        *("protected-person", "bereaved", "minor-parent", "born-abroad", "foreign-parent"),
        *("not-at-register", "no-card-of-a-parent", "name-not-typable"),
    }
    assert all(one.text.ja and one.text.en and (one.over or set()) <= slugs for one in GUARDS)


@pytest.mark.parametrize(
    ("field", "receiver"),
    [
        (one.name, kind)
        for one in BIRTH.fields
        if one.only_for is not None
        for kind in ("PRIV-ELEC", "PRIV-BANK", "PRIV-INS", "PRIV-OPT-IN", "WATER", "EMP", "HINS")
        if kind not in one.only_for
    ],
)
def test_a_declaration_that_would_tell_a_restricted_fact_does_not_load(field: str, receiver: str) -> None:
    seeker: Receiver[BirthFacts] = Receiver(receiver, lambda _: Sought(WORDS))
    others = tuple(one for one in BIRTH.procedures if one is not BY_SLUG["private-optin"])
    optin = replace(BY_SLUG["private-optin"], needs=(field,), receiver=seeker)

    with pytest.raises(MisdeclaredEvent, match=f"{receiver} may not get {field}"):
        replace(BIRTH, procedures=(*others, optin))
