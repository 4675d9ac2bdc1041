# SPDX-License-Identifier: Apache-2.0
"""A deadline rule is said in words before anybody's days are known."""

from dataclasses import replace
from datetime import date

import pytest

from engine.core.calendars import Authority
from engine.core.deadline_rules import (
    Anytime,
    Before,
    EarliestOf,
    NotBefore,
    Offset,
    OpenDaysBefore,
    Promptness,
    Rule,
    Severity,
    Soft,
    Until,
    UntilNext,
    Window,
)
from engine.core.periods import Counting, Unit
from engine.core.rule_words import rule_in_words
from tests.unit.deadline_samples import CONTRACT_WEEK, EVENT, FORTNIGHT

FINE = Severity.FINE
SAID: list[tuple[Rule, str, str]] = [
    (
        FORTNIGHT,
        "その日の翌日から数えて14日以内。休みの日に当たれば次に開く日まで。",
        "Within 14 days, counting from the day after the day. If closed on that day, the next open day.",
    ),
    (
        replace(CONTRACT_WEEK, counting=Counting.FROM_SAME_DAY, amount=1),
        "その日を1日目として1日以内。休みの日でも延びません。",
        "Within 1 day, counting the day as day one. A closed day does not move it.",
    ),
    (
        replace(FORTNIGHT, amount=3, unit=Unit.MONTHS, until=Until.DAY_AFTER, in_force=date(2024, 4, 1)),
        (
            "その日の翌日から数えて3か月を経過した日まで。休みの日に当たれば次に開く日まで。"
            "2024年4月1日より前のことは、その日から数えます。"
        ),
        (
            "Until the day after 3 months have passed, counting from the day after the day. If closed on that"
            " day, the next open day. What was before 2024-04-01 counts from that day."
        ),
    ),
    (
        replace(FORTNIGHT, not_before=EVENT, confirm=True),
        (
            "その日の翌日から数えて14日以内。休みの日に当たれば次に開く日まで。その日より前にはできません。"
            "窓口の扱いで変わることがあります。"
        ),
        (
            "Within 14 days, counting from the day after the day. If closed on that day, the next open day."
            " Not before the day. Local practice may differ."
        ),
    ),
    (
        Before(of=EVENT, amount=7, unit=Unit.DAYS, authority=Authority.PRIVATE, severity=FINE, basis="約款"),
        "その日の7日前まで。",
        "By 7 days before the day.",
    ),
    (
        OpenDaysBefore(
            of=EVENT, amount=2, authority=Authority.PRIVATE, severity=FINE, basis="約款", confirm=True
        ),
        "その日の2営業日前まで。窓口の扱いで変わることがあります。",
        "By 2 working days before the day. Local practice may differ.",
    ),
    (
        Window(of=EVENT, opens=Offset(amount=-30), closes=Offset(amount=10), severity=FINE, basis="取扱い"),
        "その日の30日前から10日後まで。休みの日でも延びません。",
        "From 30 days before the day until 10 days after it. A closed day does not move it.",
    ),
    (
        Window(of=EVENT, opens=None, closes=Offset(amount=10), severity=FINE, basis="取扱い"),
        "その日の10日後まで。休みの日でも延びません。",
        "Until 10 days after the day. A closed day does not move it.",
    ),
    (
        UntilNext(of=EVENT, month=3, day=31, authority=Authority.TAX, severity=FINE, basis="地方税法"),
        "その日以後の最初の3月31日まで。休みの日に当たれば次に開く日まで。",
        "Until the first 31 March on or after the day. If closed on that day, the next open day.",
    ),
    (
        NotBefore(of=EVENT, hours=24, severity=FINE, basis="墓地、埋葬等に関する法律3条"),
        "その日の時刻から24時間がたつまではできません。",
        "Not until 24 hours after the moment of the day.",
    ),
    (
        Soft(promptness=Promptness.PROMPTLY, severity=FINE, basis="旅券法"),
        "速やかに行うこととされています。日数の決まりはありません。",
        "To be done promptly; no number of days is set.",
    ),
    (Anytime(basis="なし"), "期限はありません。", "There is no deadline."),
    (
        EarliestOf(rules=(CONTRACT_WEEK, replace(CONTRACT_WEEK, amount=3))),
        (
            "次のうち最も早いもの：その日の翌日から数えて7日以内。休みの日でも延びません。"
            "その日の翌日から数えて3日以内。休みの日でも延びません。"
        ),
        (
            "The earliest of: Within 7 days, counting from the day after the day. A closed day does not move it."
            " Within 3 days, counting from the day after the day. A closed day does not move it."
        ),
    ),
]


@pytest.mark.parametrize(("rule", "ja", "en"), SAID, ids=[f"{place}" for place in range(len(SAID))])
def test_a_rule_says_how_long_from_what_and_what_a_closed_day_does(rule: Rule, ja: str, en: str) -> None:
    said = rule_in_words(rule)

    assert (said.ja, said.en) == (ja, en)
