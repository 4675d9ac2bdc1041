# SPDX-License-Identifier: Apache-2.0
"""The sentences in which a deadline explains itself, in both languages.

Days are written out with their weekday, without the machine's locale.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from engine.core.calendars import ROLL_BASIS
from engine.core.deadline_rules import (
    Before,
    FactDay,
    Nature,
    NotBefore,
    OpenDaysBefore,
    Promptness,
    Until,
    UntilNext,
    Window,
    Within,
)
from engine.core.periods import TOKYO, Counting, Unit
from engine.core.text import Text

_WEEKDAYS_JA = "月火水木金土日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_UNITS: Mapping[Unit, tuple[str, str]] = {
    Unit.DAYS: ("日", "day"),
    Unit.WEEKS: ("週間", "week"),
    Unit.MONTHS: ("か月", "month"),
    Unit.YEARS: ("年", "year"),
}
_SOFT: Mapping[Promptness, Text] = {
    Promptness.WITHOUT_DELAY: Text(
        ja="遅滞なく行うこととされています。日数の決まりはありません。",
        en="To be done without delay; no number of days is set.",
    ),
    Promptness.PROMPTLY: Text(
        ja="速やかに行うこととされています。日数の決まりはありません。",
        en="To be done promptly; no number of days is set.",
    ),
    Promptness.AT_ONCE: Text(
        ja="直ちに行うこととされています。日数の決まりはありません。",
        en="To be done at once; no number of days is set.",
    ),
    Promptness.BEFOREHAND: Text(
        ja="あらかじめ行うこととされています。日数の決まりはありません。",
        en="To be done beforehand; no number of days is set.",
    ),
    Promptness.RECEIVER_DECIDES: Text(
        ja="締切は提出先ごとに異なります。提出先に確かめてください。",
        en="Each receiver sets its own closing day; ask the receiver.",
    ),
}
_NATURE: Mapping[Nature, Text | None] = {
    Nature.HAPPENED: None,
    Nature.PLANNED: Text(
        ja="実際の日が遅れても、予定の日から数えます。",
        en="It runs from the planned day even when the real day is later.",
    ),
    Nature.LEARNED: Text(
        ja="知った日は人ごとに異なるため、一人ずつ数えます。",
        en="It runs for each person from the day that person learned of it.",
    ),
}

ANYTIME = Text(ja="期限はありません。", en="There is no deadline.")
ASK = Text(
    ja="窓口の扱いで変わることがあります。早めに窓口へ確かめてください。",
    en="Local practice may differ: ask the counter early.",
)


@lru_cache(maxsize=4096)  # a plan names the same few days again and again
def day_in_words(day: date) -> Text:
    """Return the day as people write it: 2026年4月13日（月） and Mon 13 April 2026."""
    return Text(
        ja=f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS_JA[day.weekday()]}）",
        en=f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {MONTHS_EN[day.month - 1]} {day.year}",
    )


def joined(*parts: Text | None) -> Text:
    """Return the sentences one after the other."""
    there = [part for part in parts if part]
    return Text(ja="".join(part.ja for part in there), en=" ".join(part.en for part in there))


def soft(promptness: Promptness) -> Text:
    """Return the sentence for a duty in words, which never becomes a day."""
    return _SOFT[promptness]


def within(rule: Within, event: date) -> Text:
    """Return how a period from a fact is counted."""
    since = _named(rule.of, event)
    if rule.in_force and event < rule.in_force:
        start = day_in_words(rule.in_force)
        return joined(
            _period(rule, ja=f"{start.ja}を1日目として", en=f"counting {start.en} as day one"),
            Text(
                ja=f"{since.ja}は、この義務が始まった日より前のためです。",
                en=f"The duty began on that day, after {since.en}.",
            ),
            _waits(rule),
        )
    if rule.counting is Counting.FROM_SAME_DAY:
        counted = _period(rule, ja=f"{since.ja}を1日目として", en=f"counting {since.en} as day one")
    else:
        counted = _period(
            rule, ja=f"{since.ja}の翌日から数えて", en=f"counting from the day after {since.en}"
        )
    return joined(counted, _NATURE[rule.of.nature], _waits(rule))


def until_next(rule: UntilNext, event: date) -> Text:
    """Return the sentence for a fixed day of the year."""
    since = _named(rule.of, event)
    return Text(
        ja=f"{since.ja}以後の最初の{rule.month}月{rule.day}日までです。",
        en=f"Until the first {rule.day} {MONTHS_EN[rule.month - 1]} on or after {since.en}.",
    )


def ending(
    rule: Within | UntilNext, *, base: date, last: date, safe: date, reason: Text | None, confirm: bool
) -> Text:
    """Return which day is the last, why it moved or does not, and the day that is safe anyway."""
    end, sure, counted = day_in_words(last), day_in_words(safe), day_in_words(base)
    if reason and rule.rolls:
        act = ROLL_BASIS[rule.authority]
        moved = Text(
            ja=f"{counted.ja}は{reason.ja}で閉まっているため、次に開く{end.ja}が最後の日です（{act.ja}）。",
            en=f"{counted.en} is closed ({reason.en}), so the last day is {end.en} ({act.en}).",
        )
    elif reason:
        return Text(
            ja=f"最後の日は{end.ja}です。{reason.ja}ですが延びないため、{sure.ja}までに済ませてください。",
            en=f"The last day is {end.en}. It does not move ({reason.en}): go by {sure.en}.",
        )
    else:
        moved = Text(ja=f"最後の日は{end.ja}です。", en=f"The last day is {end.en}.")
    return joined(moved, _safe(sure) if confirm and reason else None, ASK if confirm and not reason else None)


def before(rule: Before, event: date, *, last: date) -> Text:
    """Return the sentence for a period that runs backwards from a fact."""
    ja, en = amount_in_words(rule.amount, rule.unit)
    return _ahead(rule.of, event, ja=f"{ja}前", en=f"{en} before", last=last)


def open_days_before(rule: OpenDaysBefore, event: date, *, last: date) -> Text:
    """Return the sentence for a number of open days ahead of a fact."""
    plural = "" if rule.amount == 1 else "s"
    return _ahead(
        rule.of, event, ja=f"{rule.amount}営業日前", en=f"{rule.amount} working day{plural} before", last=last
    )


def window(rule: Window, event: date, *, opens: date | None, closes: date | None) -> Text:
    """Return from when until when a way is open."""
    since = _named(rule.of, event)
    ja, en = f"{since.ja}に対して", f"For {since.en}: "
    if opens:
        day = day_in_words(opens)
        ja, en = f"{ja}{day.ja}から", f"{en}from {day.en} "
    if closes:
        day = day_in_words(closes)
        ja, en = f"{ja}{day.ja}まで", f"{en}until {day.en} "
    return Text(
        ja=f"{ja}受け付けます。休日でも変わりません。", en=f"{en.rstrip()}; closed days do not move it."
    )


def not_before(rule: NotBefore, event: date, *, opens_at: datetime | None) -> Text:
    """Return until which hour one must wait, to the minute when the instant is known."""
    since = _named(rule.of, event)
    hours = "hour" if rule.hours == 1 else "hours"
    wait = Text(
        ja=f"{since.ja}の時刻から{rule.hours}時間がたつまではできません。",
        en=f"Not until {rule.hours} {hours} after the moment of {since.en}.",
    )
    if opens_at is None:
        return wait
    local = opens_at.astimezone(TOKYO)
    day, clock = day_in_words(local.date()), f"{local:%H:%M}"
    return joined(
        wait, Text(ja=f"{day.ja}{clock}からできます。", en=f"It is possible from {day.en}, {clock}.")
    )


def waiting(of: FactDay) -> Text:
    """Return which date must be known first."""
    return Text(
        ja=f"{of.text.ja}が決まると、期限が分かります。",
        en=f"The deadline is known once {of.text.en} is.",
    )


def among_several(chosen: Text) -> Text:
    """Return the sentence of the rule that ends first, marked as one of several."""
    return joined(
        Text(ja="いくつかの期限のうち、最も早いものです。", en="The earliest of several deadlines."), chosen
    )


def _named(of: FactDay, event: date) -> Text:
    day = day_in_words(event)
    return Text(ja=f"{of.text.ja} {day.ja}", en=f"{of.text.en} ({day.en})")


def amount_in_words(amount: int, unit: Unit) -> tuple[str, str]:
    """Return a length of time: 14日 and 14 days."""
    ja, en = _UNITS[unit]
    return f"{amount}{ja}", f"{amount} {en}{'' if amount == 1 else 's'}"


def _period(rule: Within, *, ja: str, en: str) -> Text:
    length_ja, length_en = amount_in_words(rule.amount, rule.unit)
    if rule.until is Until.DAY_AFTER:
        return Text(
            ja=f"{ja}{length_ja}を経過した日までです。",
            en=f"Until the day after {length_en} have passed, {en}.",
        )
    return Text(ja=f"{ja}{length_ja}以内です。", en=f"Within {length_en}, {en}.")


def _waits(rule: Within) -> Text | None:
    if rule.not_before is None:
        return None
    name = rule.not_before.text
    return Text(ja=f"{name.ja}より前にはできません。", en=f"It cannot be done before {name.en}.")


def _ahead(of: FactDay, event: date, *, ja: str, en: str, last: date) -> Text:
    since, end = _named(of, event), day_in_words(last)
    return Text(
        ja=f"{since.ja}の{ja}までです。最後の日は{end.ja}です。",
        en=f"By {en} {since.en}. The last day is {end.en}.",
    )


def _safe(sure: Text) -> Text:
    return Text(
        ja=f"休みの日は条例などで異なることがあります。{sure.ja}までに済ませると確実です。",
        en=f"Closed days may differ from place to place: {sure.en} is safe.",
    )
