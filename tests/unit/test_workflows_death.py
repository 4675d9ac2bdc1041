# SPDX-License-Identifier: Apache-2.0
"""What a death may set off, and what it may not: the gate, the guards, who signs, what is never asked."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from engine.core import messages as m
from engine.core.case import Participant
from engine.core.declaration import APPLICANT, CONNECTED_WAYS
from engine.core.lifecycle import FilingState, Way
from engine.core.plan import Plan, filings_of, participants_of
from engine.core.views import plan_view
from tests.unit.death_samples import CHIYODA, TODAY, entries, person, plan, told, widow
from tests.unit.facts_samples import CASE_ID, EVIDENCE, NOW, OWNER, Story
from workflows.death import DEATH, GATED, GUARDS, INHERITANCE, DeathFacts

EVERYBODY = {"*": "7000012050002"}
WORKFLOWS = Path(__file__).resolve().parents[2] / "workflows"
CAUSE = re.compile(r"cause|disease|illness|diagnosis|sickness|死因|病名", re.IGNORECASE)


def facts_of(**changes: Any) -> DeathFacts:
    return DeathFacts.model_validate(told(**changes))


def members_of(model: type[BaseModel]) -> set[str]:
    """Return the names of all that may be told, at any depth, and the values to choose from."""
    schema = model.model_json_schema(by_alias=True)
    parts = {"": schema, **schema["$defs"]}
    del parts["LostRight"]  # why somebody lost the right to inherit is told of the living
    return {
        name
        for part in parts.values()
        for name in (*part.get("properties", {}), *map(str, part.get("enum", [])))
    }


# --- what is never asked ------------------------------------------------------------------------------


def test_nobody_is_told_of_what_a_person_died() -> None:
    """It stays on the doctor's certificate: neither the facts nor a field, nor a company, ever has it."""
    assert not [one for one in members_of(DeathFacts) if CAUSE.search(one)]
    assert not [one.name for one in DEATH.fields if CAUSE.search(one.name + one.label.ja + one.label.en)]
    told_ = {one.wire_name for one in DEATH.fields}
    assert not [name for name in told_ if CAUSE.search(name)]


def test_the_only_words_on_the_cause_of_death_say_that_it_is_not_handled() -> None:
    lines = [
        line
        for path in WORKFLOWS.glob("death*.py")
        for line in path.read_text("utf-8").splitlines()
        if "死因" in line
    ]

    assert len(lines) == 2  # in the docstring that promises it, and in the step at the certificate
    certificate = next(one for one in DEATH.procedures if one.slug == "death.death-certificate")
    assert any("Todoke は扱いません" in step.ja for step in certificate.steps)
    assert certificate.needs == ()


def test_nobody_is_asked_for_a_number_of_the_state() -> None:
    names = {one.lower() for one in members_of(DeathFacts)}

    assert not [one for one in names if "mynumber" in one or "individualnumber" in one or "recordcode" in one]


def test_the_facts_have_a_schema_that_a_form_can_be_made_of() -> None:
    schema = DeathFacts.model_json_schema(by_alias=True)

    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"diedOn", "deceased", "people", "notifier"}
    assert json.dumps(schema)


def test_every_member_of_the_facts_is_read_by_something() -> None:
    """No rule asks for more than it needs, so that nothing is asked for that nobody uses."""
    code = "".join(path.read_text("utf-8") for path in WORKFLOWS.glob("death*.py"))
    # what the family graph has is read by the room of the heirs
    ours = [model for model in _models(DeathFacts) if model.__module__.startswith("workflows.death")]

    unread = [
        f"{model.__name__}.{name}"
        for model in ours
        for name in model.__annotations__
        if len(re.findall(rf"\.{name}\b|{name}=", code)) == 0
    ]

    assert unread == []


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found, ahead = set(), [model]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += [part for field in one.model_fields.values() for part in _parts(field.annotation)]
    return found


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for inner in getattr(annotation, "__args__", ()) for part in _parts(inner)]


# --- who signs, who decides ---------------------------------------------------------------------------


def test_the_notifier_signs_and_the_heirs_only_decide() -> None:
    people = participants_of(plan(), CASE_ID)

    assert [(one.at, one.role, one.signs) for one in people] == [
        ("/people/0", APPLICANT, True),
        ("/people/1", "heir", False),
        ("/people/2", "heir", False),
    ]


def test_a_notifier_who_inherits_nothing_signs_alone_and_decides_nothing() -> None:
    landlord = person("友子", "トモコ", "1970-01-01", "no-relative", phone="0143-22-1111", address=CHIYODA)
    facts = facts_of(
        people=[landlord, *told()["people"][1:]],
        notifier__capacity="landlord",
        deceased__spouseState="widowed",
        heirs=[{"person": 1, "learnedOn": "2026-11-22"}],
    )

    signatories = DEATH.signatories(facts)

    assert [(one.at, one.role, one.signs) for one in signatories] == [
        ("/people/0", APPLICANT, True),
        ("/people/1", "heir", False),
    ]
    assert DEATH.gates[0].deciders(facts) == ("/people/1",)


def test_for_a_minor_the_card_of_the_one_who_acts_decides() -> None:
    people = [
        *told()["people"][:2],
        person("一", "ハジメ", "2012-07-07", "child", representative=0, specialRepresentative=3),
        person("弁護", "ベンゴ", "1980-01-01", "no-relative"),
    ]
    special = DEATH.signatories(facts_of(people=people))
    people[2].pop("specialRepresentative")
    usual = DEATH.signatories(facts_of(people=people))

    assert [(one.at, one.given) for one in special] == [
        ("/people/0", "花子"),
        ("/people/1", "太郎"),
        ("/people/2", "弁護"),
    ]
    assert [one.given for one in usual] == ["花子", "太郎", "花子"]


def test_whose_word_a_court_has_taken_decides_nothing_more() -> None:
    facts = facts_of(heirs__1__decision="renounce", heirs__1__declaredOn="2026-11-25")

    assert DEATH.gates[0].deciders(facts) == ("/people/0", "/people/2")
    assert ("renunciation", "/people/1") not in entries(plan(facts))
    assert ("inheritance-tax", "/people/1") not in entries(plan(facts))


def test_an_acceptance_that_somebody_else_tells_opens_nothing() -> None:
    facts = facts_of(heirs__1__decision="accept")

    assert "/people/1" in DEATH.gates[0].deciders(facts)


# --- the gate, as a case lives it ---------------------------------------------------------------------


def case_of(made: Plan) -> Story:
    references = {entry.id: f"r_{entry.slug}{entry.subject}" for entry in made.entries if entry.organisation}
    filings, rules = filings_of(made, references, NOW)
    people = participants_of(made, CASE_ID)
    story = Story(m.Open(CASE_ID, "death", OWNER, made.catalogue, filings, rules, people))
    story.say(m.Confirm(CASE_ID, people[0].id, OWNER, EVIDENCE))
    return story


def seat(story: Story, at: str) -> Participant:
    return next(one for one in story.it.participants.values() if one.at == at)


def decide(story: Story, number: int, choice: str) -> None:
    one = seat(story, f"/people/{number}")
    story.say(m.Decide(CASE_ID, one.id, OWNER, choice, EVIDENCE))


def waste_and_bank() -> Plan:
    """Return a plan with one thing that is told freely and one that disposes of the estate."""
    return plan(
        facts_of(
            estate={"bulkyWaste": {"items": ["机"], "day": "2026-12-20"}},
            contracts={
                "banks": [{"companyName": "見本銀行", "branch": "東", "account": "1", "registered": True}]
            },
        ),
        numbers={"death.bank": "7000012050002", "death.bulky-waste": "6000020012050"},
    )


def test_telling_begins_at_once_and_disposing_waits_for_every_heir() -> None:
    story = case_of(waste_and_bank())

    assert story.state("death.bank") == "submitted"
    assert story.state("death.bulky-waste") == "waiting"
    decide(story, 0, "accept")
    decide(story, 1, "accept")
    assert story.state("death.bulky-waste") == "waiting"

    decide(story, 2, "renounce")

    assert story.state("death.bulky-waste") == "submitted"


def test_nothing_is_disposed_of_where_everybody_renounces() -> None:
    story = case_of(waste_and_bank())

    for number in range(3):
        decide(story, number, "renounce")

    assert story.state("death.bulky-waste") == "not-needed"
    assert story.state("death.bank") == "submitted"  # it was told, which disposes of nothing


def test_the_gate_closes_only_after_the_last_day_of_the_last_heir() -> None:
    made = plan(
        facts_of(
            heirs__1__learnedOn="2026-11-24", estate={"bulkyWaste": {"items": ["机"], "day": "2027-03-01"}}
        )
    )

    assert entries(made)["bulky-waste", ""].closes_on == date(2027, 2, 24)


def test_while_an_heir_has_not_learned_of_it_no_day_decides_for_anybody() -> None:
    made = plan(
        facts_of(heirs__1__learnedOn=..., estate={"bulkyWaste": {"items": ["机"], "day": "2027-03-01"}})
    )
    story = case_of(made)
    story.now = NOW.replace(year=2029)
    story.say(m.Tick(CASE_ID))

    assert entries(made)["bulky-waste", ""].closes_on is None
    assert story.state("death.bulky-waste") == "waiting"
    for number in range(3):
        decide(story, number, "accept")
    assert story.state("death.bulky-waste") != "waiting"


def test_an_heir_who_renounces_files_no_tax_and_the_others_do() -> None:
    made = plan()
    story = case_of(made)
    for number, choice in enumerate(("accept", "renounce", "accept")):
        decide(story, number, choice)

    states = {made.entry(one.id).subject: one.state for one in story.it.filings.values() if "tax" in one.slug}

    assert states["/people/1"] is FilingState.NOT_NEEDED
    assert states["/people/0"] is FilingState.WAITING  # for the registers to be collected


def test_the_gate_says_in_both_languages_what_is_at_stake() -> None:
    gate = DEATH.gates[0]

    assert "921条1号" in gate.text.ja
    assert "3か月" in gate.text.ja
    assert {one.slug: one.takes_part for one in gate.choices} == {
        "accept": True,
        "limited": True,
        "renounce": False,
    }


def test_everything_gated_is_in_a_plan_with_its_gate() -> None:
    made = plan(
        facts_of(
            deceased__filesIncomeTax=True,
            deceased__health__overLimit=True,
            estate={
                "realEstate": [{"municipality": "012050", "number": "0123456789012"}],
                "vehicles": [{"kind": "car", "plate": "室蘭 300 あ 1", "chassis": "A-1"}],
                "bulkyWaste": {"items": ["机"], "day": "2026-12-20"},
                "cashNeeded": True,
            },
            contracts={
                "lease": {},
                "policies": [{}],
                "securities": [{}],
                "banks": [{"branch": "東", "account": "1"}],
            },
        )
    )

    gated = {one.slug for one in made.entries if one.gate is not None}

    assert gated == GATED


# --- companies ----------------------------------------------------------------------------------------

BANKS = {
    "banks": [
        {"companyName": "見本銀行", "branch": "東", "account": "1", "registered": True},
        {"companyName": "ほかの銀行", "branch": "西", "account": "2"},
    ],
    "electricity": {"registered": True},
    "gas": {},
}


def test_a_company_that_the_deceased_had_registered_is_told_at_once_the_others_after_the_notice() -> None:
    made = plan(facts_of(contracts=BANKS), numbers=EVERYBODY)
    found = entries(made)
    notice = found["death-notice", ""].id

    assert found["bank", "/contracts/banks/0"].after == ()
    assert found["bank", "/contracts/banks/1"].after == (notice,)
    assert found["electricity", ""].after == ()
    assert found["gas", ""].after == (notice,)


def test_a_telephone_is_ended_last_for_codes_come_over_it() -> None:
    contracts = BANKS | {"mobiles": [{"number": "090-1234-5678"}], "isp": {}}

    made = plan(facts_of(contracts=contracts))

    mobile = entries(made)["mobile", "/contracts/mobiles/0"]
    assert {made.entry(one).slug for one in mobile.after} == {
        "death.death-notice",
        "death.bank",
        "death.isp",
    }


# --- guards -------------------------------------------------------------------------------------------


def guarded(made: Plan, name: str) -> set[str]:
    return {one.slug.removeprefix("death.") for one in made.entries if one.guard == name}


def test_every_guard_has_words_in_both_languages() -> None:
    assert {one.name for one in GUARDS} == {
        *("protected-person", "pension-not-linked", "foreign-decedent", "no-heirs"),
        *("limited-acceptance", "conflict-of-interest", "nobody-represents"),
    }
    assert all(one.text.ja and one.text.en for one in GUARDS)


def test_of_a_protected_person_nothing_leaves() -> None:
    made = plan(facts_of(protected=True, contracts=BANKS), numbers=EVERYBODY)

    assert not [one.slug for one in made.entries if one.organisation or set(one.ways) & CONNECTED_WAYS]
    assert entries(made)["koseki-removal", ""].way is Way.AUTOMATIC


def test_a_pension_that_does_not_learn_of_the_death_by_itself_is_notified() -> None:
    linked = entries(plan())["pension-stop", ""]
    unlinked = entries(plan(facts_of(deceased__pension__linked=False)))["pension-stop", ""]

    assert (linked.way, linked.guard) == (Way.AUTOMATIC, None)
    assert (unlinked.way, unlinked.guard) == (Way.PAPER, "pension-not-linked")


def foreign() -> dict[str, Any]:
    facts = told(heirs=[])
    del facts["deceased"]["honseki"]
    facts["deceased"] |= {
        "nationality": "フランス",
        "residence": {"status": "mid-to-long", "cardNumber": "AB12345678CD"},
        "filesIncomeTax": True,
    }
    return facts


def test_a_foreign_national_is_nobodys_register_and_no_share_is_computed() -> None:
    """通則法36条: the law of the nationality says who inherits (G11)."""
    made = plan(DeathFacts.model_validate(foreign()), numbers=EVERYBODY)
    found = {one.slug.removeprefix("death.") for one in made.entries}

    assert "residence-card" in found
    assert not found & {
        *("koseki-removal", "heir-determination", "heir-chart", "renunciation", "inheritance-tax"),
        *("estate-division", "will-search"),
    }
    assert guarded(made, "foreign-decedent") == {"quasi-final-tax"}
    assert not [one.slug for one in made.entries if one.slug in INHERITANCE and one.organisation]
    assert {"pension-unpaid", "survivor-pension"} <= found  # their own right, whatever the estate's law


def test_without_an_heir_the_estate_is_a_liquidators() -> None:
    made = plan(
        facts_of(heirs=[], estate={"bulkyWaste": {"items": ["机"], "day": "2026-12-20"}}), numbers=EVERYBODY
    )

    waste = entries(made)["bulky-waste", ""]
    assert (waste.way, waste.guard, waste.gate) == (Way.SELF, "no-heirs", None)


def test_with_a_limited_acceptance_nothing_is_sent_that_disposes_of_the_estate() -> None:
    heirs = [{"person": n, "learnedOn": "2026-11-22", "decision": "limited"} for n in range(3)]
    made = plan(facts_of(heirs=heirs, deceased__filesIncomeTax=True), numbers=EVERYBODY)
    found = entries(made)

    assert found["limited-acceptance", ""].due.last_day == date(2027, 2, 22)
    assert guarded(made, "limited-acceptance") == {"quasi-final-tax", "inheritance-tax", "estate-division"}
    assert found["quasi-final-tax", ""].way is Way.PAPER


def minor(**more: Any) -> list[dict[str, Any]]:
    return [*told()["people"][:2], person("一", "ハジメ", "2012-07-07", "child", **more)]


def test_where_parent_and_child_inherit_together_a_court_names_who_acts_for_the_child() -> None:
    """民法826条 (G10)."""
    made = plan(facts_of(people=minor(representative=0)), numbers=EVERYBODY)

    assert guarded(made, "conflict-of-interest") == {"renunciation", "estate-division", "inheritance-tax"}
    tax = entries(made)["inheritance-tax", "/people/2"]
    assert (tax.way, tax.fields["representative"]) == (Way.PAPER, {"family": "髙橋", "given": "花子"})
    assert [one.at for one in made.signatories if one.conflicts] == ["/people/2"]


def test_a_special_representative_ends_the_conflict() -> None:
    people = [
        *minor(representative=0, specialRepresentative=3),
        person("弁護", "ベンゴ", "1980-01-01", "no-relative"),
    ]

    made = plan(facts_of(people=people), numbers=EVERYBODY)

    assert guarded(made, "conflict-of-interest") == set()
    assert not any(one.conflicts for one in made.signatories)
    division = entries(made)["inheritance-tax", "/people/2"]
    assert (division.way, division.fields["representative"]) == (
        Way.SIGNED,
        {"family": "髙橋", "given": "弁護"},
    )


def test_a_parent_who_has_renounced_first_stands_on_one_side_only() -> None:
    heirs = told()["heirs"]
    heirs[0] |= {"decision": "renounce", "declaredOn": "2026-11-25"}

    made = plan(facts_of(people=minor(representative=0), heirs=heirs))

    assert guarded(made, "conflict-of-interest") == set()


def test_one_representative_of_two_heirs_stands_on_both_sides() -> None:
    people = [
        *minor(representative=4),
        person("二", "フタバ", "2014-07-07", "child", representative=4),
        person("祖母", "ソボ", "1960-01-01", "other-relative"),
    ]
    heirs = [{"person": n, "learnedOn": "2026-11-22"} for n in (1, 2, 3)]

    made = plan(facts_of(people=people, heirs=heirs))

    assert "estate-division" in guarded(made, "conflict-of-interest")


def test_a_minor_whom_nobody_represents_waits_for_a_guardian() -> None:
    made = plan(facts_of(people=minor()), numbers=EVERYBODY)

    assert "renunciation" in guarded(made, "nobody-represents")
    assert ("minor-guardian", "/people/2") in entries(made)


def test_a_ward_is_represented_too() -> None:
    people = told()["people"]
    people[1] |= {"ward": True}

    assert "estate-division" in guarded(plan(facts_of(people=people)), "nobody-represents")


def test_a_guard_on_paper_is_read_by_the_citizen() -> None:
    view = plan_view(plan(facts_of(people=minor(representative=0))), DEATH.rules)

    division = next(one for one in view.entries if one.slug == "death.estate-division")
    assert division.guard_text is not None
    assert "特別代理人" in division.guard_text.ja


# --- when something applies ---------------------------------------------------------------------------


def slugs(**changes: Any) -> set[str]:
    return {one.slug.removeprefix("death.") for one in plan(facts_of(**changes)).entries}


def test_with_one_grown_up_left_nobody_notifies_a_new_head() -> None:
    people = told()["people"]
    people[2] |= {"inHousehold": False}

    assert "household-head" in slugs()
    assert "household-head" not in slugs(people=people)


def test_a_declared_death_has_no_doctor_no_notice_of_death_and_no_cremation() -> None:
    found = slugs(place=..., disappearance={"finalOn": "2026-11-24"})

    assert "disappearance" in found
    assert not found & {"death-certificate", "death-notice", "cremation-permit", "cremation-record"}
    made = plan(facts_of(place=..., disappearance={"finalOn": "2026-11-24"}))
    assert entries(made)["koseki-removal", ""].way is Way.AUTOMATIC  # it rides on the other notice


@pytest.mark.parametrize(
    ("months", "born", "years", "sex", "widows", "lump"),
    [
        (120, "1965-05-05", 10, "male", True, True),
        (119, "1965-05-05", 10, "male", False, True),
        (120, "1965-05-05", 9, "male", False, True),
        (120, "1961-11-22", 10, "male", False, True),  # she is 65
        (120, "1961-11-23", 10, "male", True, True),
        (120, "1965-05-05", 10, "female", False, True),  # a widower
        (36, "1965-05-05", 10, "male", False, True),
        (35, "1965-05-05", 10, "male", False, False),
    ],
)
def test_a_widow_or_the_next_of_kin_may_claim_what_was_paid_for_nothing(  # noqa: PLR0917
    months: int,
    born: str,
    years: int,
    sex: str,
    widows: bool,  # noqa: FBT001
    lump: bool,  # noqa: FBT001
) -> None:
    people = told()["people"]
    people[0] |= {"birthDate": born, "marriedYears": years}

    found = slugs(
        people=people,
        deceased__pension={"paidMonths": months},
        deceased__sex=sex,
        deceased__birthDate="1960-01-01",
    )

    assert ("widow-pension" in found) is widows
    assert ("lump-sum-on-death" in found) is lump


def test_no_lump_sum_beside_a_basic_survivor_pension() -> None:
    found = slugs(people=minor(representative=0), deceased__pension={"paidMonths": 200})

    assert "survivor-pension" in found
    assert "lump-sum-on-death" not in found


@pytest.mark.parametrize(
    ("together", "claimant"),
    [((0, 1, 2), "/people/0"), ((1, 2), "/people/1"), ((2,), "/people/2"), ((), None)],
)
def test_the_pension_that_was_not_paid_goes_to_the_first_who_shared_the_livelihood(
    together: tuple[int, ...], claimant: str | None
) -> None:
    people = told()["people"]
    for number, one in enumerate(people):
        one["sameLivelihood"] = number in together

    found = entries(plan(facts_of(people=people)))

    assert next((subject for slug, subject in found if slug == "pension-unpaid"), None) == claimant


def test_a_policy_with_a_beneficiary_is_claimed_freely_and_one_without_is_estate() -> None:
    policies = [{"customerNumber": "L-1", "beneficiary": 2}, {"customerNumber": "L-2"}]

    found = entries(plan(facts_of(contracts={"policies": policies})))

    claim = found["life-insurance-claim", "/contracts/policies/0"]
    assert claim.fields["name"] == {"family": "髙橋", "given": "桜"}
    assert claim.gate is None
    assert found["insurance-holder-change", "/contracts/policies/1"].gate is not None
    assert len([one for one in found if one[0].startswith(("life-ins", "insurance-holder"))]) == 2


def test_a_dog_is_notified_where_the_new_owner_lives() -> None:
    made = plan(facts_of(estate={"dogs": [{"tag": "1", "newOwner": 1}]}))

    dog = entries(made)["dog-owner", "/estate/dogs/0"]
    assert (dog.area, dog.fields["name"]) == ("131016", {"family": "髙橋", "given": "太郎"})


def test_of_siblings_none_can_collect_all_registers_at_one_desk() -> None:
    steps = next(one for one in DEATH.procedures if one.slug == "death.heir-determination").steps

    assert any("兄弟姉妹" in step.ja for step in steps)


@pytest.mark.parametrize(
    ("desk", "area"), [("place-of-death", "012050"), ("honseki", "012050"), ("notifier", "131016")]
)
def test_the_notice_goes_to_the_desk_that_was_chosen(desk: str, area: str) -> None:
    people = told()["people"]
    people[0] |= {"address": CHIYODA}

    made = plan(facts_of(people=people, desk=desk))

    assert entries(made)["death-notice", ""].area == area


def test_nobody_is_presumed_dead() -> None:
    """A revoked certificate is no death: there is a case only where somebody notifies one (G3)."""
    assert {name for name, field in DeathFacts.model_fields.items() if field.is_required()} >= {
        "notifier",
        "died_on",
    }
    assert "certificate" not in json.dumps(sorted(members_of(DeathFacts))).lower()


def test_what_does_not_apply_is_left_out_with_its_reason() -> None:
    made = plan(widow(), today=TODAY)

    there, left = {one.slug for one in made.entries}, {one.slug for one in made.left_out}
    assert there | left == {one.slug for one in DEATH.procedures}
    assert not there & left
    assert all(one.condition.ja and one.condition.en for one in made.left_out)
