# SPDX-License-Identifier: Apache-2.0
"""What a deadline rule says in general, before anybody's days are known: for readers of the law as data."""

from datetime import date
from typing import assert_never

from engine.core.deadline_rules import (
    Anytime,
    Before,
    EarliestOf,
    NotBefore,
    Offset,
    OpenDaysBefore,
    Rule,
    Soft,
    Until,
    UntilNext,
    Window,
    Within,
)
from engine.core.deadline_words import ANYTIME, MONTHS_EN, amount_in_words, joined, soft
from engine.core.periods import Counting
from engine.core.text import Text

_ROLLS = Text(ja="休みの日に当たれば次に開く日まで。", en="If closed on that day, the next open day.")
_STAYS = Text(ja="休みの日でも延びません。", en="A closed day does not move it.")
_PRACTICE = Text(ja="窓口の扱いで変わることがあります。", en="Local practice may differ.")


def rule_in_words(rule: Rule) -> Text:
    """Return how long somebody has, counted from what, and what a closed day does."""
    match rule:
        case Within():
            return _within(rule)
        case Before():
            ja, en = amount_in_words(rule.amount, rule.unit)
            return _until(rule.of.text, ja=f"{ja}前", en=f"{en} before", is_practice=rule.confirm)
        case OpenDaysBefore():
            plural = "" if rule.amount == 1 else "s"
            words = f"{rule.amount} working day{plural} before"
            return _until(rule.of.text, ja=f"{rule.amount}営業日前", en=words, is_practice=rule.confirm)
        case Window():
            return _window(rule)
        case UntilNext():
            return _until_next(rule)
        case NotBefore():
            return Text(
                ja=f"{rule.of.text.ja}の時刻から{rule.hours}時間がたつまではできません。",
                en=f"Not until {rule.hours} hours after the moment of {rule.of.text.en}.",
            )
        case Soft():
            return soft(rule.promptness)
        case Anytime():
            return ANYTIME
        case EarliestOf():
            parts = [rule_in_words(each) for each in rule.rules]
            return joined(Text(ja="次のうち最も早いもの：", en="The earliest of:"), *parts)
        case _:
            assert_never(rule)


def _within(rule: Within) -> Text:
    ja, en = amount_in_words(rule.amount, rule.unit)
    if rule.counting is Counting.FROM_SAME_DAY:
        since = Text(ja=f"{rule.of.text.ja}を1日目として", en=f"counting {rule.of.text.en} as day one")
    else:
        since = Text(
            ja=f"{rule.of.text.ja}の翌日から数えて", en=f"counting from the day after {rule.of.text.en}"
        )
    if rule.until is Until.DAY_AFTER:
        length = Text(
            ja=f"{since.ja}{ja}を経過した日まで。",
            en=f"Until the day after {en} have passed, {since.en}.",
        )
    else:
        length = Text(ja=f"{since.ja}{ja}以内。", en=f"Within {en}, {since.en}.")
    return joined(
        length,
        _ROLLS if rule.rolls else _STAYS,
        _since(rule.in_force) if rule.in_force else None,
        _first(rule.not_before.text) if rule.not_before else None,
        _PRACTICE if rule.confirm else None,
    )


def _until_next(rule: UntilNext) -> Text:
    day = f"{rule.day} {MONTHS_EN[rule.month - 1]}"
    until = Text(
        ja=f"{rule.of.text.ja}以後の最初の{rule.month}月{rule.day}日まで。",
        en=f"Until the first {day} on or after {rule.of.text.en}.",
    )
    return joined(until, _ROLLS if rule.rolls else _STAYS, _PRACTICE if rule.confirm else None)


def _since(day: date) -> Text:
    return Text(
        ja=f"{day.year}年{day.month}月{day.day}日より前のことは、その日から数えます。",
        en=f"What was before {day.isoformat()} counts from that day.",
    )


def _first(name: Text) -> Text:
    return Text(ja=f"{name.ja}より前にはできません。", en=f"Not before {name.en}.")


def _until(of: Text, *, ja: str, en: str, is_practice: bool) -> Text:
    until = Text(ja=f"{of.ja}の{ja}まで。", en=f"By {en} {of.en}.")
    return joined(until, _PRACTICE if is_practice else None)


def _window(rule: Window) -> Text:
    opens, closes = _edge(rule.opens), _edge(rule.closes)
    ja, en = f"{rule.of.text.ja}の", ""
    if opens:
        ja, en = f"{ja}{opens.ja}から", f"From {opens.en} {rule.of.text.en}"
    if closes:
        ja = f"{ja}{closes.ja}まで"
        en = f"{en} until {closes.en} it" if opens else f"Until {closes.en} {rule.of.text.en}"
    return joined(Text(ja=f"{ja}。", en=f"{en}."), _STAYS, _PRACTICE if rule.confirm else None)


def _edge(offset: Offset | None) -> Text | None:
    if offset is None:
        return None
    ja, en = amount_in_words(abs(offset.amount), offset.unit)
    is_before = offset.amount < 0
    return Text(ja=f"{ja}{'前' if is_before else '後'}", en=f"{en} {'before' if is_before else 'after'}")
