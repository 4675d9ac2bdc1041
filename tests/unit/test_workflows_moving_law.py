# SPDX-License-Identifier: Apache-2.0
"""The 52 procedures of a move as the law has them, and what a declaration may never say."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from engine.core.deadline_rules import Anytime, EarliestOf, FactDay, Nature, Severity, Soft, Within
from engine.core.deadlines import due
from engine.core.declaration import (
    CONNECTED_WAYS,
    FactField,
    Grade,
    Guard,
    Kind,
    MisdeclaredEvent,
    Receiver,
    Sought,
)
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import Way
from engine.core.text import Text
from workflows.calendar_japan import calendar_for
from workflows.moving import GUARDS, MOVING, MovingFacts

WORDS = Text(ja="語", en="word")
BY_SLUG = {one.slug.removeprefix("move."): one for one in MOVING.procedures}
FIELDS = {one.name: one for one in MOVING.fields}
COMPANIES = [one for one in MOVING.procedures if one.receiver.kind.startswith("PRIV-")]

# Slug, kind of receiver, ways in order, what is told under which names: the engine's table of the law.
LAW = """
move-out-notice|MUNI-OLD|signed visit|name kana birthDate oldAddress newAddress movingDate movers phone
move-in-notice|MUNI-NEW|visit|name kana birthDate oldAddress newAddress movingDate movers head phone
within-city-notice|MUNI-NEW|visit|name newAddress movingDate oldAddress head relations
household-change|MUNI|visit|names newHead movingDate
card-continued-use|MUNI-NEW|visit|
signing-cert-reissue|MUNI-NEW|visit|
nhi-loss|MUNI-OLD|automatic visit|insured movingDate
nhi-enrol|MUNI-NEW|automatic visit|insured newAddress oldAddress movingDate reason
national-pension-address|MUNI-NEW|automatic self|
pensioner-address|JPS|paper|basicPensionNumber name newAddress
seal-registration-void|MUNI-OLD|automatic self|
seal-registration-new|MUNI-NEW|visit|name birthDate newAddress
ltc-insurance|MUNI-NEW|automatic visit|name birthDate insuredNumber oldAddress newAddress
ltc-cert-transfer|MUNI-NEW|signed visit|name birthDate insuredNumber careLevel validUntil doctor
late-elderly-medical|WIDE|automatic visit|name birthDate newAddress burdenClass
child-allowance-end|MUNI-OLD|automatic visit|name movingDate
child-allowance-claim|MUNI-NEW|signed visit|name newAddress spouse children account insuranceKind
infant-medical|MUNI-NEW|online signed visit|name birthDate newAddress guardian insuranceSymbol
child-support-allowance|MUNI|visit|name children cohabitation
disability-handbook|MUNI-NEW|visit|name birthDate handbookNumber newAddress
school-transfer|EDU|visit|name birthDate grade guardian newAddress oldSchool
daycare|MUNI-NEW|signed paper|name birthDate newAddress parentsWork wishes
passport|NONE|automatic|
drivers-license|POLICE|visit|name birthDate licenceNumber newAddress
drivers-license-oss|POLICE|automatic self|
garage-certificate|POLICE|signed visit|name newAddress carModel chassis garagePlace garageConsent
car-registration|MLIT|signed visit|name newAddress plate chassis
kei-car|KEI|signed visit|name newAddress plate chassis
motorcycle|MLIT|visit|name newAddress plate chassis
moped|MUNI-NEW|visit paper|name newAddress chassis plate
dog-registration|MUNI-NEW|online visit|name newAddress phone dogNumber
bulky-waste|MUNI-OLD|online self|name oldAddress phone items collectOn
resident-tax|MUNI|automatic|
real-estate-address|REG|signed paper|name kana birthDate newAddress email propertyNumber
residence-card-address|MUNI-NEW|visit|cardNumber newAddress
voter-roll|ELECTION|automatic|
employer-address|EMP|online self|newAddress movingDate commuting
water|WATER|online self|name oldAddress newAddress stopOn startOn customerNumber phone payment
electricity|PRIV-ELEC|online self|name oldAddress newAddress stopOn startOn customerNumber phone
gas|PRIV-GAS|online self|name oldAddress newAddress stopOn startOn customerNumber phone
telephone|PRIV-TEL|online self|name oldAddress newAddress workOn customerNumber phone
post-forwarding|PRIV-POST|online self|moverNames oldAddress newAddress startOn phone
newspaper|PRIV-NEWS|online self|name oldAddress newAddress stopOn startOn phone
nhk|PRIV-NHK|online self|name oldAddress newAddress movingDate customerNumber phone
isp|PRIV-ISP|online self|name oldAddress newAddress workOn customerNumber phone
bank|PRIV-BANK|online signed self|name kana branch account newAddress phone
credit-card|PRIV-CARD|online self|name memberNumber newAddress phone
mobile|PRIV-MOB|online self|name number newAddress
ecommerce|PRIV-EC|online self|accountId newAddress
life-insurance|PRIV-INS|online self|name policyNumber newAddress phone
nonlife-insurance|PRIV-INS|online self|name policyNumber newAddress building garagePlace
securities|PRIV-SEC|online signed self|name account newAddress
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
    assert len(found) == 52


@pytest.mark.parametrize(
    ("slug", "amount", "unit", "severity", "confirm"),
    [
        ("move-in-notice", 14, "days", Severity.FINE, False),
        ("within-city-notice", 14, "days", Severity.FINE, False),
        ("household-change", 14, "days", Severity.FINE, False),
        ("card-continued-use", 14, "days", Severity.RIGHT_LOST, True),
        ("nhi-enrol", 14, "days", Severity.CONVENIENCE, False),
        ("ltc-cert-transfer", 14, "days", Severity.RIGHT_LOST, False),
        ("late-elderly-medical", 14, "days", Severity.CONVENIENCE, False),
        ("child-allowance-claim", 15, "days", Severity.MONEY_LOST, True),
        ("infant-medical", 14, "days", Severity.MONEY_LOST, True),
        ("child-support-allowance", 14, "days", Severity.CONVENIENCE, True),
        ("car-registration", 15, "days", Severity.FINE, False),
        ("garage-certificate", 15, "days", Severity.CONVENIENCE, True),
        ("kei-car", 15, "days", Severity.CONVENIENCE, True),
        ("motorcycle", 15, "days", Severity.CONVENIENCE, True),
        ("moped", 15, "days", Severity.CONVENIENCE, True),
        ("dog-registration", 30, "days", Severity.CONVENIENCE, False),
        ("real-estate-address", 2, "years", Severity.FINE, False),
        ("residence-card-address", 14, "days", Severity.CONVENIENCE, False),
    ],
)
def test_a_period_has_the_days_of_the_law_and_what_is_lost(
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


@pytest.mark.parametrize(
    "slug",
    [
        *("child-allowance-end", "disability-handbook", "school-transfer", "daycare", "drivers-license"),
        *("bulky-waste", "employer-address", "nhk", "bank", "credit-card", "mobile"),
        *("life-insurance", "nonlife-insurance", "securities"),
    ],
)
def test_a_duty_in_words_never_becomes_a_day(slug: str) -> None:
    rule = BY_SLUG[slug].deadline

    assert isinstance(rule, Soft)
    assert due(rule, {"moving_date": date(2026, 12, 1)}, calendar_for(None)).last_day is None


@pytest.mark.parametrize(
    ("slug", "moved", "last"),
    [
        ("move-in-notice", "2026-04-01", "2026-04-15"),
        ("move-in-notice", "2026-03-28", "2026-04-13"),
        ("move-in-notice", "2026-12-19", "2027-01-04"),
        ("child-allowance-claim", "2026-03-31", "2026-04-15"),
        ("move-out-notice", "2026-03-28", "2026-04-07"),
        ("real-estate-address", "2025-12-01", "2028-03-31"),
        ("dog-registration", "2026-11-23", "2026-12-23"),
        ("car-registration", "2026-03-28", "2026-04-13"),
    ],
)
def test_deadlines_are_those_that_were_computed_twice(slug: str, moved: str, last: str) -> None:
    answer = due(BY_SLUG[slug].deadline, {"moving_date": date.fromisoformat(moved)}, calendar_for(None))

    assert answer.last_day == date.fromisoformat(last)


def test_what_is_not_sure_says_so() -> None:
    doubtful = {slug for slug, one in BY_SLUG.items() if one.grade is Grade.CHECK}

    assert doubtful == {"child-support-allowance", "disability-handbook", "nhk"}
    dated = [one for one in BY_SLUG.values() if not isinstance(one.deadline, Soft | Anytime | EarliestOf)]
    unsure = [
        one.slug
        for one in dated
        if one.grade is not Grade.SURE and not getattr(one.deadline, "confirm", False)
    ]
    assert unsure == ["move.residence-card-address"]  # its number of days is sure, the rest likely


def test_every_entry_is_explained_in_both_languages() -> None:
    for one in MOVING.procedures:
        words = [
            one.title,
            one.applies.text,
            *one.steps,
            *one.bring,
            *(w for w in (one.who, one.if_late) if w),
        ]
        assert all(text.ja and text.en for text in words), one.slug
        assert one.basis, one.slug
        assert one.who or one.kind.value != "filing" or one.slug == "move.bulky-waste", one.slug


def test_whoever_needs_my_number_is_told_where_it_comes_from() -> None:
    """Tasks listed in the annex of the Number Act (番号法 別表), where the receiver has to see it."""
    needing = {
        *("move-in-notice", "within-city-notice", "card-continued-use", "nhi-enrol", "pensioner-address"),
        *("ltc-insurance", "ltc-cert-transfer", "late-elderly-medical", "child-allowance-claim"),
        *("disability-handbook", "daycare", "employer-address"),
    }

    assert {slug for slug, one in BY_SLUG.items() if one.my_number} == needing


def test_what_rides_on_a_notice_of_the_law_is_never_sent() -> None:
    riding = {slug for slug, one in BY_SLUG.items() if one.hosts}

    assert riding == {
        *("nhi-loss", "nhi-enrol", "national-pension-address", "seal-registration-void", "ltc-insurance"),
        *("late-elderly-medical", "child-allowance-end", "drivers-license-oss"),
    }
    assert not [slug for slug in riding if set(BY_SLUG[slug].ways) & CONNECTED_WAYS]


def test_companies_have_no_legal_predecessor() -> None:
    waiting = {one.slug for one in COMPANIES if one.after}

    assert waiting == {"move.bank"}  # some ask for proof of the new address


def test_companies_get_neither_numbers_of_the_state_nor_what_the_register_has() -> None:
    open_to_all = {one.name for one in MOVING.fields if one.only_for is None}

    assert open_to_all == {
        *("name", "kana", "birthDate", "oldAddress", "newAddress", "movingDate", "moverNames"),
        *("phone", "email", "stopOn", "startOn"),
    }
    assert not [one.slug for one in COMPANIES if "birthDate" in one.needs]


def test_guards_are_over_procedures_that_exist() -> None:
    for guard in GUARDS:
        assert guard.text.ja
        assert (guard.over or set()) <= {one.slug for one in MOVING.procedures}


# --- a declaration that must not be loaded ----------------------------------------------------------

ELECTRICITY = BY_SLUG["electricity"]
AFTER_NOON = FactDay(name="noon", text=WORDS, nature=Nature.HAPPENED)


def with_electricity(**changes: Any) -> LifeEvent[MovingFacts]:
    others = tuple(one for one in MOVING.procedures if one is not ELECTRICITY)
    return replace(MOVING, procedures=(*others, replace(ELECTRICITY, **changes)))


def with_field(name: str) -> LifeEvent[MovingFacts]:
    field: FactField[MovingFacts] = FactField(name, WORDS, lambda _f, _s: None)
    return replace(MOVING, fields=(*MOVING.fields, field))


def with_guard(*guards: Guard[MovingFacts]) -> LifeEvent[MovingFacts]:
    return replace(MOVING, guards=guards)


def guard(name: str) -> Guard[MovingFacts]:
    return Guard(name=name, text=WORDS, holds=lambda _: True)


@pytest.mark.parametrize(
    ("field", "receiver"),
    [
        (one.name, kind)
        for one in MOVING.fields
        if one.only_for is not None
        for kind in ("PRIV-ELEC", "PRIV-BANK", "PRIV-INS", "EMP", "WATER")
        if kind not in one.only_for
    ],
)
def test_a_declaration_that_would_tell_a_restricted_fact_does_not_load(field: str, receiver: str) -> None:
    seeker: Receiver[MovingFacts] = Receiver(receiver, lambda _: Sought(WORDS))

    with pytest.raises(MisdeclaredEvent, match=f"{receiver} may not get {field}"):
        with_electricity(needs=("phone", field), receiver=seeker)


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: with_field("myNumber"), "nobody is told"),
        (lambda: with_field("individualNumber"), "nobody is told"),
        (lambda: with_field("spouseMyNumber"), "nobody is told"),
        (lambda: with_field("residentRecordCode"), "nobody is told"),
        (
            lambda: with_electricity(deadline=replace(BY_SLUG["dog-registration"].deadline, of=AFTER_NOON)),
            "unknown dates",
        ),
        (
            lambda: with_electricity(
                deadline=replace(BY_SLUG["dog-registration"].deadline, not_before=AFTER_NOON)
            ),
            "unknown dates",
        ),
        (lambda: with_electricity(opens="noon"), "unknown dates"),
        (lambda: replace(MOVING, date_names=frozenset({"another"})), "unknown dates"),
        (lambda: with_electricity(said_kind=Kind.NO_OP), "nothing is to do"),
        (lambda: with_electricity(said_kind=Kind.NO_OP, needs=()), "nothing is to do"),
        (lambda: with_electricity(receiver=Receiver("PRIV-ELEC")), "receiver cannot be found"),
        (lambda: with_electricity(rides_on=("move.unheard-of",)), "unknown procedures"),
        (lambda: with_electricity(after=("move.electricity",)), "wait for each other"),
        (lambda: with_electricity(slug="move.gas"), "twice"),
        (lambda: with_guard(guard("")), "no name of its own"),
        (lambda: with_guard(guard("a"), guard("a")), "no name of its own"),
        (
            lambda: replace(
                MOVING,
                procedures=(replace(ELECTRICITY, ways=(Way.AUTOMATIC,), needs=()),),
                guards=(guard("a"),),
            ),
            "leaves no way",
        ),
    ],
)
def test_a_contradiction_is_found_when_it_is_loaded(declare: Callable[[], object], words: str) -> None:
    with pytest.raises(MisdeclaredEvent, match=words):
        declare()


def test_a_date_may_be_a_property_of_the_facts_or_named() -> None:
    named = replace(MOVING, date_names=frozenset({"moving_date", "noon"}))

    assert replace(named, procedures=(replace(ELECTRICITY, opens="noon"),)).catalogue != MOVING.catalogue
