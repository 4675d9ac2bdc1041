# SPDX-License-Identifier: Apache-2.0
"""A marriage, a birth and a death are played to their ends: everybody holds what the case says, day by day."""

import re
from collections import Counter
from pathlib import Path

from click.testing import CliRunner

from connectors.sdk.ledger import Standing
from engine.commands.demo import demo
from engine.core.lifecycle import CaseState
from tests.journeys.demonstrations import laid, resumed_to_its_end


def procedures(held: dict[str, Standing]) -> Counter[str]:
    return Counter(one.procedure.partition(".")[2] for one in held.values())


def said_in(out: Path) -> str:
    return (out / "said").read_text("utf-8")


async def test_a_couple_marries_and_the_new_name_goes_its_way(place: Path) -> None:
    out = laid(place)

    held = await resumed_to_its_end(place, out, "--event", "marriage")

    assert procedures(held) == {
        **dict.fromkeys(("nhi", "hi-dependent", "tax-dependent", "employer"), 1),
        **dict.fromkeys(("electricity", "gas", "water", "telephone", "newspaper", "nhk", "isp"), 1),
        **dict.fromkeys(("ecommerce", "bank", "credit-card", "mobile", "insurance", "securities"), 1),
        **dict.fromkeys(("passport", "car-registration", "real-estate-name", "licences"), 1),
    }
    named = [str(one.fields["newName"]) for one in held.values() if "newName" in one.fields]
    assert {"花子" in name for name in named} == {True, False}  # his employer is told of him
    assert all("佐藤" in name for name in named)
    said = said_in(out)
    assert "佐藤 太郎さんが、ご自分のカードで署名しました" in said
    assert said.index("案内書 marriage.marriage-notice.pdf") < said.index("案内書 marriage.card-name")
    assert "corrected and filed again (romaji-missing)" in said


async def test_a_birth_is_notified_within_its_days_and_the_allowance_claimed(place: Path) -> None:
    out = laid(place)

    held = await resumed_to_its_end(place, out, "--event", "birth")

    assert procedures(held) == {
        **dict.fromkeys(("birth-notice", "child-allowance-claim", "infant-medical"), 1),
        **dict.fromkeys(("pregnancy-benefit-2", "hi-dependent", "tax-dependent"), 1),
        **dict.fromkeys(("passport", "daycare", "private-optin"), 1),
    }
    days = dict(re.findall(r"(出生届|児童手当 認定請求).*?(\d{4}-\d\d-\d\d)", said_in(out)))
    assert set(days) == {"出生届", "児童手当 認定請求"}


async def test_after_a_death_silence_accepts_and_what_lies_is_done_when_they_are_reminded(
    place: Path,
) -> None:
    out = laid(place)

    held = await resumed_to_its_end(place, out, "--event", "death")

    assert procedures(held) == {
        **dict.fromkeys(("cremation-record", "life-insurance-claim", "quasi-final-tax"), 1),
        **dict.fromkeys(("business-close", "dog-owner", "bulky-waste"), 1),
        **dict.fromkeys(("electricity", "gas", "water", "telephone", "nhk", "isp"), 1),
        **dict.fromkeys(("mobile", "newspaper", "ecommerce", "credit-card"), 1),
        **dict.fromkeys(("real-estate-registration", "car-transfer"), 1),
        "bank": 2,
        "inheritance-tax": 1,  # of three heirs one renounced, and one has signed nothing
    }
    heirs = {str(one.fields["name"]) for one in held.values() if one.procedure == "death.inheritance-tax"}
    assert ["花子" in name for name in heirs] == [True]
    told = [
        said_in(out).index(words)
        for words in (
            "Sakura decided: Renounce",
            "案内書 death.renunciation-people-2.pdf",  # by the alarm before the three months are over
            "案内書 death.estate-division.pdf",  # the gate has opened by itself: the son was silent
            "案内書 death.inheritance-tax-people-1.pdf",  # by the alarm before the ten months are over
        )
    ]
    assert told == sorted(told)


async def test_a_death_case_that_is_called_off_leaves_what_nobody_can_take_back(place: Path) -> None:
    out = laid(place)

    held = await resumed_to_its_end(
        place, out, "--event", "death", "--call-off", state=CaseState.COMPLETED_PARTLY
    )

    assert procedures(held) == dict.fromkeys(
        ("cremation-record", "life-insurance-claim", "business-close"), 1
    )
    assert said_in(out).count("取り消せませんでした") == 3


def test_a_turn_that_a_life_event_does_not_take_is_refused() -> None:
    done = CliRunner().invoke(demo, ["--event", "birth", "--call-off"])

    assert done.exit_code == 2
    assert "nothing that happens in the demonstration of birth" in done.output
