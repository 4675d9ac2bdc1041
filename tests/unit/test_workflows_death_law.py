# SPDX-License-Identifier: Apache-2.0
"""The 73 procedures of a death as the law has them: receiver, ways, what is told, until when, what is lost."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest

from engine.core.deadline_rules import Due, EarliestOf, NotBefore, Rule, Severity, Soft, Window, Within
from engine.core.deadlines import due
from engine.core.declaration import CONNECTED_WAYS, FactField, Grade, Kind, MisdeclaredEvent, Receiver, Sought
from engine.core.periods import TOKYO, Counting
from engine.core.text import Text
from tests.unit.death_samples import entries as by_name
from tests.unit.death_samples import plan, told
from workflows.calendar_japan import calendar_for
from workflows.death import DEATH, GATED, GUARDS, DeathFacts

WORDS = Text(ja="語", en="word")
BY_SLUG = {one.slug.removeprefix("death."): one for one in DEATH.procedures}
FIELDS = {one.name: one for one in DEATH.fields}
COMPANIES = [one for one in DEATH.procedures if one.receiver.kind.startswith("PRIV-")]
CONTRACT = "deceasedName customerNumber lastAddress stopOn notifierName phone relation"
SEARCH = "deceasedName deceasedKana deceasedBirthDate lastAddress notifierName"

# Slug, kind of receiver, ways in order, what is told under which names: the engine's table of the law.
LAW = f"""
death-certificate|DOCTOR|self|
death-notice|MUNI-K|paper|deceasedName deceasedKana deceasedBirthDate deceasedSex diedOn diedAt placeOfDeath lastAddress deceasedIsHead honseki nationality spouseState notifierName notifierBirthDate notifierAddress notifierHonseki capacity phone
cremation-permit|MUNI-K|paper|deceasedName deceasedBirthDate lastAddress honseki diedOn diedAt placeOfDeath notifierName notifierAddress relation crematorium
cremation-record|PRIV-CREM|online self|deceasedName diedOn diedAt crematorium cremationAt
koseki-removal|MUNI-K|automatic self|
resident-record-delete|MUNI|automatic self|
household-head|MUNI|visit|newHead members deceasedName diedOn
mynumber-card|MUNI|automatic self|
certs-revoked|J-LIS|automatic self|
seal-registration|MUNI|automatic self|
nhi-loss|MUNI|automatic visit|deceasedName diedOn
late-elderly-loss|WIDE|automatic visit|deceasedName diedOn
ltc-loss|MUNI|automatic visit|deceasedName insuredNumber diedOn
funeral-grant|MUNI|signed visit paper|deceasedName insuredNumber diedOn funeralOn name address account
burial-allowance|HINS|paper|deceasedName insuredNumber diedOn name relation account
hi-loss|EMP|online self|deceasedName employeeNumber diedOn
pension-stop|JPS|automatic paper|basicPensionNumber deceasedName deceasedBirthDate diedOn notifierName
pension-unpaid|JPS|paper visit|basicPensionNumber deceasedName diedOn name birthDate address relation sameLivelihood account representative
survivor-pension|JPS|paper visit|basicPensionNumber deceasedName diedOn name birthDate address relation sameLivelihood children account representative
lump-sum-on-death|JPS|paper visit|basicPensionNumber deceasedName diedOn name relation sameLivelihood account
widow-pension|JPS|paper visit|basicPensionNumber deceasedName diedOn name birthDate marriedYears sameLivelihood account
child-allowance|MUNI|signed visit|deceasedName diedOn name address children account
single-parent-benefits|MUNI|visit|name address children
high-cost-medical|HINS|paper|deceasedName insuredNumber name account
disability-return|MUNI|visit|handbookNumber deceasedName
drivers-license|POLICE|visit|licenceNumber deceasedName diedOn notifierName
passport|MOFA|visit|passportNumber deceasedName
residence-card|IMM|paper visit|cardNumber deceasedName nationality
dog-owner|MUNI|online visit|deceasedName name address dogNumber
resident-tax|MUNI|paper|deceasedName name address
bulky-waste|MUNI|online self|notifierName phone lastAddress items collectOn
will-search|COURT|visit paper|deceasedName deceasedBirthDate notifierName
heir-determination|MUNI-K|visit paper|deceasedName deceasedBirthDate honseki notifierName
heir-chart|REG|paper visit|deceasedName deceasedBirthDate lastAddress diedOn heirs
renunciation|COURT|paper|name birthDate address honseki relation representative learnedOn estateOutline deceasedName deceasedHonseki lastAddress diedOn
limited-acceptance|COURT|paper|heirs estateOutline deceasedName deceasedHonseki lastAddress diedOn
quasi-final-tax|NTA|signed paper|deceasedName lastAddress diedOn income heirs
inheritance-tax|NTA|signed paper|deceasedName lastAddress diedOn name birthDate address relation representative
tax-office-notice|NTA|automatic|
estate-division|HEIRS|paper|deceasedName diedOn heirs
deposit-partial|PRIV-BANK|paper|deceasedName branch account name
real-estate-registration|REG|signed paper|propertyNumber name kana birthDate address personEmail representative
property-tax-holder|MUNI|paper|propertyNumber deceasedName heirs
farmland|AGRI|paper|propertyNumber name address
forest|MUNI|paper|propertyNumber name address
car-transfer|MLIT|signed paper|plate chassis vehicleKind name address
business-close|NTA|signed paper|deceasedName lastAddress tradeName diedOn name
bank-account-search|DIC|visit|{SEARCH}
insurance-search|PRIV-LIA|signed paper|{SEARCH}
securities-search|PRIV-JASDEC|paper|{SEARCH}
life-insurance-claim|PRIV-INS|online paper|deceasedName diedOn policyNumber name relation account representative
statutory-share-claim|HEIRS|paper|name deceasedName diedOn
surname-revert|MUNI-K|paper|name birthDate honseki deceasedName diedOn
in-law-end|MUNI-K|paper|name birthDate honseki deceasedName deceasedHonseki diedOn
child-surname|MUNI-K|paper|name birthDate honseki representative
minor-guardian|MUNI-K|paper|guardian name birthDate honseki
disappearance|MUNI-K|paper|deceasedName deceasedBirthDate honseki diedOn finalOn notifierName phone
workers-comp|LABOUR|paper|deceasedName diedOn employer name address relation account
electricity|PRIV-ELEC|online self|{CONTRACT}
gas|PRIV-GAS|online self|{CONTRACT}
water|WATER|online self|{CONTRACT}
telephone|PRIV-TEL|online self|deceasedName customerNumber lastAddress notifierName phone relation
nhk|PRIV-NHK|online self|{CONTRACT}
isp|PRIV-ISP|online self|{CONTRACT}
mobile|PRIV-MOB|online visit|deceasedName number notifierName phone relation
newspaper|PRIV-NEWS|online self|deceasedName lastAddress notifierName phone
ecommerce|PRIV-EC|online self|deceasedName accountId notifierName phone
post|PRIV-POST|visit|deceasedName lastAddress notifierName phone
bank|PRIV-BANK|online self|deceasedName deceasedBirthDate branch account notifierName phone
credit-card|PRIV-CARD|online self|deceasedName memberNumber notifierName phone
insurance-holder-change|PRIV-INS|paper|policyNumber deceasedName notifierName
securities|PRIV-SEC|paper|account deceasedName notifierName
lease|PRIV-LANDLORD|paper|deceasedName lastAddress heirs
"""

# What must be completed first.
FIRST: Mapping[str, tuple[str, ...]] = {
    "death-notice": ("death-certificate",),
    "cremation-permit": ("death-notice",),
    "cremation-record": ("cremation-permit",),
    "heir-determination": ("koseki-removal",),
    "heir-chart": ("heir-determination",),
    "renunciation": ("heir-determination",),
    "limited-acceptance": ("heir-determination",),
    "inheritance-tax": ("heir-determination",),
    "estate-division": ("heir-determination", "will-search"),
    "real-estate-registration": ("heir-determination", "estate-division"),
    "car-transfer": ("heir-determination", "estate-division"),
    "securities": ("heir-determination", "estate-division"),
    "lease": ("heir-determination",),
    "surname-revert": ("koseki-removal",),
    "in-law-end": ("koseki-removal",),
    "child-surname": ("surname-revert",),
    "single-parent-benefits": ("koseki-removal",),
    "deposit-partial": ("heir-determination", "heir-chart"),
    "mobile": ("death-notice", "disappearance", "bank", "credit-card", "ecommerce", "isp"),
    # nothing has to come first
    "quasi-final-tax": (),
    "high-cost-medical": (),
    "bulky-waste": (),
    "insurance-holder-change": (),
    "life-insurance-claim": (),
    "funeral-grant": (),
    "burial-allowance": (),
    "business-close": (),
    "child-allowance": (),
    "workers-comp": (),
    "dog-owner": (),
}


def test_each_procedure_has_the_receiver_ways_and_data_of_the_law() -> None:
    wanted = {}
    for line in LAW.strip().splitlines():
        slug, receiver, ways, told_ = line.split("|")
        wanted[slug] = (receiver, ways.split(), sorted(told_.split()))

    found = {
        slug: (
            one.receiver.kind,
            [way.value for way in one.ways],
            sorted(FIELDS[name].wire_name for name in one.needs),
        )
        for slug, one in BY_SLUG.items()
    }

    assert found == wanted
    assert len(found) == 73


@pytest.mark.parametrize("slug", FIRST)
def test_the_order_is_that_of_the_law(slug: str) -> None:
    assert BY_SLUG[slug].after == tuple(f"death.{one}" for one in FIRST[slug])


def test_the_gate_is_before_whatever_disposes_of_the_estate_and_before_nothing_else() -> None:
    assert {slug.removeprefix("death.") for slug in GATED} == {
        *("high-cost-medical", "bulky-waste", "quasi-final-tax", "inheritance-tax", "estate-division"),
        *("deposit-partial", "real-estate-registration", "car-transfer", "insurance-holder-change"),
        *("securities", "lease"),
    }


@pytest.mark.parametrize(
    "slug",
    [
        # own right
        *("pension-unpaid", "survivor-pension", "lump-sum-on-death", "widow-pension", "funeral-grant"),
        *("burial-allowance", "life-insurance-claim", "workers-comp", "child-allowance"),
        # telling, looking, declaring and renouncing
        *("death-notice", "bank", "credit-card", "electricity", "telephone", "nhk", "mobile", "ecommerce"),
        *("will-search", "heir-determination", "heir-chart", "renunciation", "limited-acceptance"),
        *("bank-account-search", "insurance-search", "securities-search", "property-tax-holder"),
        *("resident-tax", "pension-stop", "nhi-loss", "dog-owner", "statutory-share-claim"),
    ],
)
def test_what_disposes_of_nothing_is_free_of_the_gate(slug: str) -> None:
    assert BY_SLUG[slug].gate is None


def test_where_one_procedure_has_a_free_and_a_gated_part_its_steps_say_what_has_to_wait() -> None:
    for slug in ("bank", "telephone", "nhk", "mobile", "ecommerce", "credit-card"):
        assert any("遺産" in step.ja for step in BY_SLUG[slug].steps), slug
    for slug in GATED - {"death.inheritance-tax", "death.real-estate-registration"}:
        assert any("921条" in step.ja for step in BY_SLUG[slug.removeprefix("death.")].steps), slug


def test_own_right_says_so() -> None:
    for slug in ("pension-unpaid", "survivor-pension", "funeral-grant", "burial-allowance"):
        assert any("相続放棄をしても" in step.ja for step in BY_SLUG[slug].steps), slug


@pytest.mark.parametrize(
    ("slug", "amount", "unit", "severity", "rolls", "confirm"),
    [
        ("death-notice", 7, "days", Severity.FINE, True, False),
        ("household-head", 14, "days", Severity.FINE, True, False),
        ("nhi-loss", 14, "days", Severity.CONVENIENCE, True, True),
        ("late-elderly-loss", 14, "days", Severity.CONVENIENCE, True, True),
        ("ltc-loss", 14, "days", Severity.CONVENIENCE, True, True),
        ("hi-loss", 5, "days", Severity.CONVENIENCE, True, False),
        ("pension-stop", 14, "days", Severity.CONVENIENCE, True, False),
        ("residence-card", 14, "days", Severity.FINE, True, True),
        ("dog-owner", 30, "days", Severity.CONVENIENCE, True, False),
        ("child-allowance", 15, "days", Severity.MONEY_LOST, True, True),
        ("funeral-grant", 2, "years", Severity.MONEY_LOST, False, False),
        ("burial-allowance", 2, "years", Severity.MONEY_LOST, False, False),
        ("high-cost-medical", 2, "years", Severity.MONEY_LOST, False, False),
        ("lump-sum-on-death", 2, "years", Severity.MONEY_LOST, False, False),
        ("pension-unpaid", 5, "years", Severity.MONEY_LOST, False, False),
        ("survivor-pension", 5, "years", Severity.MONEY_LOST, False, False),
        ("widow-pension", 5, "years", Severity.MONEY_LOST, False, False),
        ("life-insurance-claim", 3, "years", Severity.MONEY_LOST, False, False),
        ("renunciation", 3, "months", Severity.RIGHT_LOST, True, False),
        ("limited-acceptance", 3, "months", Severity.RIGHT_LOST, True, True),
        ("quasi-final-tax", 4, "months", Severity.FINE, True, False),
        ("inheritance-tax", 10, "months", Severity.FINE, True, False),
        ("real-estate-registration", 3, "years", Severity.FINE, True, False),
        ("property-tax-holder", 3, "months", Severity.FINE, True, True),
        ("forest", 90, "days", Severity.FINE, True, True),
        ("car-transfer", 15, "days", Severity.FINE, True, True),
        ("business-close", 1, "months", Severity.CONVENIENCE, True, True),
        ("minor-guardian", 10, "days", Severity.FINE, True, False),
        ("disappearance", 10, "days", Severity.FINE, True, False),
    ],
)
def test_a_period_has_the_days_of_the_law_and_what_is_lost(  # noqa: PLR0917 - as many as a period has
    slug: str,
    amount: int,
    unit: str,
    severity: Severity,
    rolls: bool,  # noqa: FBT001
    confirm: bool,  # noqa: FBT001
) -> None:
    rule = BY_SLUG[slug].deadline

    assert isinstance(rule, Within)
    found = (rule.amount, rule.unit.value, rule.severity, rule.rolls, rule.confirm)
    assert found == (amount, unit, severity, rolls, confirm)


def test_only_the_family_register_counts_the_day_itself() -> None:
    same_day = {
        slug
        for slug, one in BY_SLUG.items()
        if isinstance(one.deadline, Within) and one.deadline.counting is Counting.FROM_SAME_DAY
    }

    assert same_day == {"death-notice", "minor-guardian", "disappearance"}


@pytest.mark.parametrize(
    "slug",
    [
        *("death-certificate", "cremation-permit", "passport", "disability-return", "will-search"),
        *("farmland", "resident-tax", "electricity", "credit-card", "single-parent-benefits"),
    ],
)
def test_a_duty_in_words_never_becomes_a_day(slug: str) -> None:
    rule = BY_SLUG[slug].deadline

    assert isinstance(rule, Soft)
    assert answer(rule, died_on="2026-11-22").last_day is None


def answer(rule: Rule, **days: str) -> Due:
    return due(rule, {name: date.fromisoformat(day) for name, day in days.items()}, calendar_for("012050"))


# What it runs from, the day, the last day before and after closed days moved it: the vectors of the
# facts page with their numbers, and the days on which counting goes wrong.
DUE: list[tuple[str, str, str, str, str]] = [
    ("death-notice", "notifier_learned_on", "2026-11-23", "2026-11-29", "2026-11-30"),  # T08
    ("death-notice", "notifier_learned_on", "2026-12-24", "2026-12-30", "2027-01-04"),  # T10
    ("death-notice", "notifier_learned_on", "2026-11-25", "2026-12-01", "2026-12-01"),  # T11: the landlord
    ("death-notice", "notifier_learned_on", "2028-02-29", "2028-03-06", "2028-03-06"),
    ("death-notice", "notifier_learned_on", "2026-12-31", "2027-01-06", "2027-01-06"),
    ("death-notice", "notifier_learned_on", "2026-10-31", "2026-11-06", "2026-11-06"),
    ("household-head", "died_on", "2026-12-15", "2026-12-29", "2027-01-04"),
    ("household-head", "died_on", "2026-10-20", "2026-11-03", "2026-11-04"),  # 文化の日
    ("pension-stop", "died_on", "2026-11-23", "2026-12-07", "2026-12-07"),  # T46
    ("renunciation", "learned_on", "2026-01-31", "2026-04-30", "2026-04-30"),  # T26
    ("renunciation", "learned_on", "2026-11-30", "2027-02-28", "2027-03-01"),  # T27
    ("renunciation", "learned_on", "2027-11-29", "2028-02-29", "2028-02-29"),  # T29
    ("renunciation", "learned_on", "2028-02-29", "2028-05-31", "2028-05-31"),  # from 1 March
    ("renunciation", "learned_on", "1969-09-28", "1969-12-28", "1970-01-05"),  # T30: 福島家裁 昭45(家)1006
    ("renunciation", "learned_on", "2025-09-28", "2025-12-28", "2026-01-05"),
    ("renunciation", "learned_on", "2026-09-30", "2026-12-31", "2027-01-04"),
    ("quasi-final-tax", "first_learned_on", "2026-11-23", "2027-03-23", "2027-03-23"),  # T32
    ("quasi-final-tax", "first_learned_on", "2026-08-31", "2026-12-31", "2027-01-04"),  # T34
    ("quasi-final-tax", "first_learned_on", "2026-10-31", "2027-02-28", "2027-03-01"),
    ("inheritance-tax", "learned_on", "2026-01-06", "2026-11-06", "2026-11-06"),  # T35
    ("inheritance-tax", "learned_on", "2016-09-21", "2017-07-21", "2017-07-21"),  # T36
    ("inheritance-tax", "learned_on", "2026-02-05", "2026-12-05", "2026-12-07"),  # T38
    ("inheritance-tax", "learned_on", "2025-01-05", "2025-11-05", "2025-11-05"),  # T54
    ("inheritance-tax", "learned_on", "2026-04-30", "2027-02-28", "2027-03-01"),
    ("inheritance-tax", "learned_on", "2027-04-30", "2028-02-29", "2028-02-29"),
    ("real-estate-registration", "ownership_known_on", "2026-11-23", "2029-11-23", "2029-11-26"),  # T40
    ("real-estate-registration", "ownership_known_on", "2010-05-01", "2027-03-31", "2027-03-31"),  # T41
    ("real-estate-registration", "ownership_known_on", "2028-02-29", "2031-02-28", "2031-02-28"),
    ("burial-allowance", "died_on", "2026-11-23", "2028-11-23", "2028-11-23"),  # T47: no reliance on a roll
    ("burial-allowance", "died_on", "2024-02-29", "2026-02-28", "2026-02-28"),
    ("funeral-grant", "funeral_on", "2026-11-27", "2028-11-27", "2028-11-27"),  # T48
    ("pension-unpaid", "died_on", "2024-02-29", "2029-02-28", "2029-02-28"),
    ("life-insurance-claim", "died_on", "2026-12-31", "2029-12-31", "2029-12-31"),
    ("property-tax-holder", "first_learned_on", "2026-11-22", "2027-02-23", "2027-02-24"),  # the day after
    ("property-tax-holder", "first_learned_on", "2026-11-30", "2027-03-01", "2027-03-01"),
    ("business-close", "died_on", "2026-11-30", "2026-12-31", "2027-01-04"),
    ("business-close", "died_on", "2026-12-31", "2027-01-31", "2027-02-01"),
    ("business-close", "died_on", "2027-01-31", "2027-02-28", "2027-03-01"),
    ("child-allowance", "died_on", "2026-12-18", "2027-01-02", "2027-01-04"),
    ("forest", "died_on", "2026-11-23", "2027-02-21", "2027-02-22"),
    ("dog-owner", "died_on", "2026-11-23", "2026-12-23", "2026-12-23"),
    ("car-transfer", "divided_on", "2026-12-19", "2027-01-03", "2027-01-04"),
    ("minor-guardian", "guardian_since", "2026-11-23", "2026-12-02", "2026-12-02"),
    ("disappearance", "final_on", "2026-12-22", "2026-12-31", "2027-01-04"),
    ("statutory-share-claim", "infringed_on", "2026-11-24", "2027-11-24", "2027-11-24"),
    ("hi-loss", "died_on", "2026-04-29", "2026-05-04", "2026-05-07"),  # みどりの日 to the 振替休日
    ("residence-card", "died_on", "2026-11-22", "2026-12-06", "2026-12-07"),
]


@pytest.mark.parametrize(("slug", "base", "day", "before", "last"), DUE)
def test_a_deadline_is_the_day_that_the_law_counts(
    slug: str, base: str, day: str, before: str, last: str
) -> None:
    found = answer(BY_SLUG[slug].deadline, **{base: day})

    assert (found.base_day, found.last_day) == (date.fromisoformat(before), date.fromisoformat(last))


def test_a_deadline_whose_day_nobody_knows_yet_waits_for_it() -> None:
    for slug, name in (
        ("renunciation", "learned_on"),
        ("car-transfer", "divided_on"),
        ("minor-guardian", "guardian_since"),
    ):
        found = answer(BY_SLUG[slug].deadline, died_on="2026-11-22")
        assert (found.last_day, found.waits_for) == (None, (name,))


def test_no_body_is_cremated_before_24_hours_and_hours_never_roll() -> None:
    rule = BY_SLUG["cremation-record"].deadline
    died = datetime(2026, 11, 23, 14, 30, tzinfo=TOKYO)  # T50, a holiday

    found = due(rule, {"died_moment": died}, calendar_for(None))

    assert isinstance(rule, NotBefore)
    assert found.opens_at == datetime(2026, 11, 24, 14, 30, tzinfo=TOKYO)
    assert "14:30" in found.rule_text.ja
    at_night = due(rule, {"died_moment": datetime(2026, 12, 31, 23, 59, tzinfo=TOKYO)}, calendar_for(None))
    assert at_night.opens_at == datetime(2027, 1, 1, 23, 59, tzinfo=TOKYO)


def test_a_record_of_the_cremation_is_not_asked_for_before_its_day() -> None:
    facts = DeathFacts.model_validate(told(cremation={"crematorium": "斎場", "day": "2026-11-24"}))

    record = by_name(plan(facts))["cremation-record", ""]

    assert record.not_before == date(2026, 11, 23)
    assert record.due.opens_at == datetime(2026, 11, 23, 14, 30, tzinfo=TOKYO)


def test_a_death_abroad_is_notified_within_three_months() -> None:
    facts = told(abroad={"country": "フランス"}, desk="honseki")
    del facts["place"]

    notice = by_name(plan(DeathFacts.model_validate(facts)))["death-notice", ""]

    assert notice.due.last_day == date(2027, 2, 22)  # the day itself counts, and 21 February is a Sunday
    assert notice.fields["placeOfDeath"] == "フランス"


@pytest.mark.parametrize(
    ("receives", "last"),
    [(["national"], "2026-12-07"), (["employees"], "2026-12-02"), (["national", "employees"], "2026-12-02")],
)
def test_an_employees_pension_is_stopped_sooner(receives: list[str], last: str) -> None:
    facts = DeathFacts.model_validate(told(deceased__pension={"receives": receives}))

    assert by_name(plan(facts))["pension-stop", ""].due.last_day == date.fromisoformat(last)


def test_more_time_that_a_court_gave_is_the_deadline_of_that_heir_alone() -> None:
    facts = DeathFacts.model_validate(told(heirs__1__extendedUntil="2027-05-22"))

    found = by_name(plan(facts))

    assert found["renunciation", "/people/1"].due.last_day == date(2027, 5, 22)
    assert found["renunciation", "/people/0"].due.last_day == date(2027, 2, 22)
    assert isinstance(BY_SLUG["renunciation"].instead[0].deadline, Window)


def test_the_shorter_of_two_limitations_is_shown() -> None:
    rule = BY_SLUG["workers-comp"].deadline

    assert isinstance(rule, EarliestOf)
    assert answer(rule, died_on="2026-11-23").last_day == date(2028, 11, 23)


@pytest.mark.parametrize("day", ["2024-02-29", "2026-01-31", "2026-12-31", "2027-01-01", "2026-05-03"])
def test_every_deadline_that_rolls_ends_on_an_open_day(day: str) -> None:
    calendar = calendar_for("012050")
    for slug, one in BY_SLUG.items():
        if isinstance(one.deadline, Within) and one.deadline.rolls:
            found = due(one.deadline, {one.deadline.of.name: date.fromisoformat(day)}, calendar)
            assert found.last_day is not None
            assert calendar.why_closed(found.last_day, one.deadline.authority) is None, slug


def test_what_is_lost_forever_is_said_to_be() -> None:
    """Of a death these are the right to renounce, to limit, to claim what is reserved (G7)."""
    gravest = {
        slug
        for slug, one in BY_SLUG.items()
        for rule in (one.deadline.rules if isinstance(one.deadline, EarliestOf) else (one.deadline,))
        if getattr(rule, "severity", None) is Severity.RIGHT_LOST
    }

    assert gravest == {"renunciation", "limited-acceptance", "statutory-share-claim", "cremation-record"}
    for slug, one in BY_SLUG.items():
        if isinstance(one.deadline, Within) and one.deadline.severity is not Severity.CONVENIENCE:
            assert one.if_late is not None or slug == "residence-card", slug


def test_what_is_not_sure_says_so() -> None:
    dated = [one for one in BY_SLUG.values() if isinstance(one.deadline, Within)]

    unsure = [one.slug for one in dated if one.grade is not Grade.SURE and not one.deadline.confirm]  # type: ignore[union-attr]

    assert unsure == ["death.high-cost-medical"]  # its two years are sure, the rest likely


def test_every_entry_is_explained_in_both_languages() -> None:
    for one in DEATH.procedures:
        words = [
            one.title,
            one.applies.text,
            *(each.text for each in one.instead),
            *one.steps,
            *one.bring,
            *(text for text in (one.who, one.if_late, one.my_number) if text),
        ]
        assert all(text.ja and text.en for text in words), one.slug
        assert one.basis, one.slug
        assert one.who or one.kind is Kind.AUTOMATIC or one.kind is Kind.NO_OP or one.steps, one.slug


def test_what_is_no_filing_says_what_it_is() -> None:
    kinds = {slug: one.said_kind for slug, one in BY_SLUG.items() if one.said_kind}

    assert kinds == {
        "tax-office-notice": Kind.NO_OP,
        "estate-division": Kind.BRANCH,
        "disappearance": Kind.BRANCH,
        "will-search": Kind.SEARCH,
        "bank-account-search": Kind.SEARCH,
        "insurance-search": Kind.SEARCH,
        "securities-search": Kind.SEARCH,
    }


def test_what_rides_on_the_notice_of_death_is_never_sent() -> None:
    """戸籍→住基, 住基→年金, 戸籍→NTA and what the municipality does by itself (G8)."""
    riding = {slug for slug, one in BY_SLUG.items() if one.hosts}

    assert riding == {
        *("koseki-removal", "resident-record-delete", "mynumber-card", "certs-revoked"),
        *("seal-registration", "nhi-loss", "late-elderly-loss", "ltc-loss", "pension-stop"),
    }
    never = riding | {"tax-office-notice"}
    assert not [slug for slug in never if set(BY_SLUG[slug].ways) & CONNECTED_WAYS]


def test_what_the_family_register_takes_is_never_taken_back() -> None:
    """Nor what a court takes: 民法919条1項 (G5)."""
    final = {slug for slug, one in BY_SLUG.items() if not one.withdrawable}

    assert final == {
        *("death-notice", "cremation-permit", "disappearance", "surname-revert", "in-law-end"),
        *("child-surname", "minor-guardian", "renunciation", "limited-acceptance"),
    }
    assert all(not BY_SLUG[slug].amendable for slug in final)
    for slug in ("death-notice", "surname-revert", "in-law-end", "renunciation"):
        assert any("受理された後は" in step.ja for step in BY_SLUG[slug].steps), slug


def test_companies_get_neither_numbers_of_the_state_nor_what_the_register_has() -> None:
    open_to_all = {one.name for one in DEATH.fields if one.only_for is None}

    assert open_to_all == {
        *("deceasedName", "deceasedKana", "deceasedBirthDate", "lastAddress", "diedOn"),
        *("notifierName", "phone", "email", "notifierRelation", "name"),
    }
    birth = {one.slug for one in COMPANIES if "deceasedBirthDate" in one.needs}
    assert birth == {
        "death.bank",
        "death.insurance-search",
        "death.securities-search",
    }  # who it is, else nobody
    registered = {"honseki", "deceasedHonseki", "personHonseki", "spouseState", "heirs", "learnedOn"}
    assert not [one.slug for one in COMPANIES if registered & set(one.needs)]


def test_whoever_needs_my_number_is_told_where_it_comes_from() -> None:
    needing = {slug for slug, one in BY_SLUG.items() if one.my_number}

    assert needing == {
        *("mynumber-card", "hi-loss", "pension-unpaid", "survivor-pension", "lump-sum-on-death"),
        *("widow-pension", "child-allowance", "single-parent-benefits", "life-insurance-claim"),
        *("workers-comp", "quasi-final-tax", "inheritance-tax"),
    }
    assert all("Todoke は扱いません" in one.my_number.ja for one in BY_SLUG.values() if one.my_number)


def test_guards_are_over_procedures_that_exist() -> None:
    slugs = {one.slug for one in DEATH.procedures}
    for guard in GUARDS:
        assert guard.text.ja
        assert (guard.over or set()) | guard.told_at <= slugs


# --- what a declaration may not say -------------------------------------------------------------------

ELECTRICITY = BY_SLUG["electricity"]
RESTRICTED = [
    (one.name, kind)
    for one in DEATH.fields
    if one.only_for is not None
    for kind in ("PRIV-ELEC", "PRIV-BANK", "PRIV-INS", "EMP", "WATER", "PRIV-CREM", "PRIV-LANDLORD")
    if kind not in one.only_for
]


@pytest.mark.parametrize(("field", "receiver"), RESTRICTED)
def test_a_declaration_that_would_tell_a_restricted_fact_does_not_load(field: str, receiver: str) -> None:
    seeker: Receiver[DeathFacts] = Receiver(receiver, lambda _: Sought(WORDS))
    others = tuple(one for one in DEATH.procedures if one is not ELECTRICITY)
    telling = replace(ELECTRICITY, needs=("phone", field), receiver=seeker)

    with pytest.raises(MisdeclaredEvent, match=f"{receiver} may not get {field}"):
        replace(DEATH, procedures=(*others, telling))


@pytest.mark.parametrize("kind", ["causeOfDeath", "myNumber", "spouseMyNumber", "residentRecordCode"])
def test_no_field_is_there_for_what_nobody_is_told(kind: str) -> None:
    assert kind not in FIELDS
    if kind != "causeOfDeath":
        field: FactField[DeathFacts] = FactField(kind, WORDS, lambda _f, _s: None)
        with pytest.raises(MisdeclaredEvent, match="nobody is told"):
            replace(DEATH, fields=(*DEATH.fields, field))


def test_a_gate_that_is_not_declared_holds_nothing() -> None:
    with pytest.raises(MisdeclaredEvent, match="unknown gate"):
        replace(DEATH, gates=())
