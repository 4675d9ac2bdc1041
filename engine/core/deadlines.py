# SPDX-License-Identifier: Apache-2.0
"""What a rule means for these facts: the last day, and why.

Every answer explains itself: how the days were counted, which closed days moved the end and by
which act, and the safe earlier day where an ordinance or practice could make it another.
A fact that is not known yet is no error: the answer says what it waits for.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import assert_never

from pydantic.alias_generators import to_camel

from engine.core import deadline_words as words
from engine.core.calendars import Calendar, OutsideCalendar
from engine.core.deadline_rules import (
    Anytime,
    Before,
    Dated,
    Due,
    EarliestOf,
    FactDay,
    NotBefore,
    Offset,
    OpenDaysBefore,
    Rule,
    Severity,
    Soft,
    Until,
    UntilNext,
    Window,
    Within,
)
from engine.core.errors import Code, EngineError, register
from engine.core.periods import Counting, Unit, end_of_period, next_on, shifted, tokyo_date
from engine.core.text import Text

_ONE_DAY = timedelta(days=1)

register(
    {
        "invalid-fact-date": Code(
            422, "この日付からは期限を計算できません", "No deadline can be computed from this date"
        ),
    }
)


def due(rule: Rule, facts_dates: Mapping[str, date], calendar: Calendar) -> Due:
    """Return the answer of a rule for the dates among the facts.

    Facts are days in Japan; an aware instant counts as the day it falls on there. Missing facts
    make an answer without days that names them in `waits_for`.

    Raises:
        EngineError: `invalid-fact-date`, the answer lies in years whose holidays nobody knows,
            or an instant came without its zone.
    """
    match rule:
        case Within() | Before() | OpenDaysBefore() | Window() | UntilNext():
            return _dated(rule, facts_dates, calendar)
        case NotBefore():
            return _not_before(rule, facts_dates)
        case EarliestOf():
            return _earliest(rule, facts_dates, calendar)
        case Soft():
            return Due(rule_text=words.soft(rule.promptness), basis=rule.basis, severity=rule.severity)
        case Anytime():
            return Due(rule_text=words.ANYTIME, basis=rule.basis, severity=Severity.CONVENIENCE)
        case _:
            assert_never(rule)


def paid_from(answer: Due, event: date, filed: date) -> date:
    """Return the first day of the month from which a claim pays.

    A claim in time counts as made in the month of the event, a late one in its own; payment
    starts the month after (児童手当法 art. 8(2)(3)).
    """
    in_time = answer.last_day is not None and filed <= answer.last_day
    return shifted((event if in_time else filed).replace(day=1), 1, Unit.MONTHS)


def _dated(rule: Dated, facts: Mapping[str, date], calendar: Calendar) -> Due:
    event = _fact(rule.of, facts)
    if event is None:
        return _waiting(rule)
    try:
        match rule:
            case Within():
                return _within(rule, event, facts=facts, calendar=calendar)
            case Before():
                return _before(rule, event, calendar=calendar)
            case OpenDaysBefore():
                return _open_days_before(rule, event, calendar=calendar)
            case Window():
                return _window(rule, event)
            case UntilNext():
                return _until_next(rule, event, calendar=calendar)
            case _:
                assert_never(rule)
    except (OverflowError, OutsideCalendar) as error:
        raise _refused(rule.of) from error


def _within(rule: Within, event: date, *, facts: Mapping[str, date], calendar: Calendar) -> Due:
    start, counting = event, rule.counting
    if rule.in_force and event < rule.in_force:
        # A new duty for old facts starts at 0:00 of its first day, so that day counts.
        start, counting = rule.in_force, Counting.FROM_SAME_DAY
    base = end_of_period(start, rule.amount, rule.unit, counting=counting)
    if rule.until is Until.DAY_AFTER:
        base += _ONE_DAY
    first = _fact(rule.not_before, facts) if rule.not_before else None
    counted = words.within(rule, event)
    return _moved_on(rule, counted, event=event, base=base, calendar=calendar, first=first)


def _until_next(rule: UntilNext, event: date, *, calendar: Calendar) -> Due:
    base = next_on(event, month=rule.month, day=rule.day)
    return _moved_on(rule, words.until_next(rule, event), event=event, base=base, calendar=calendar)


def _moved_on(
    rule: Within | UntilNext,
    counted: Text,
    *,
    event: date,
    base: date,
    calendar: Calendar,
    first: date | None = None,
) -> Due:
    """Return the answer whose last day is the next open one, if the rule rolls."""
    closed = calendar.closed_run(base, rule.authority)
    skipped = closed if rule.rolls else ()
    last = closed[-1] + _ONE_DAY if skipped else base
    safe = calendar.open_on_or_before(base, rule.authority)
    if safe < event:
        safe = last  # no open day in between
    confirm = rule.confirm or any(calendar.is_local(day, rule.authority) for day in skipped)
    reason = calendar.why_closed(base, rule.authority)
    ending = words.ending(rule, base=base, last=last, safe=safe, reason=reason, confirm=confirm)
    return Due(
        last_day=last,
        first_day=first,
        base_day=base,
        safe_day=safe,
        skipped=skipped,
        rule_text=words.joined(counted, ending),
        basis=rule.basis,
        severity=rule.severity,
        confirm=confirm,
    )


def _before(rule: Before, event: date, *, calendar: Calendar) -> Due:
    base = shifted(event, -rule.amount, rule.unit)
    last = calendar.open_on_or_before(base, rule.authority) if rule.rolls else base
    skipped = tuple(last + timedelta(days=n) for n in range(1, (base - last).days + 1))
    return Due(
        last_day=last,
        base_day=base,
        safe_day=calendar.open_on_or_before(last, rule.authority),
        skipped=skipped,
        rule_text=words.joined(words.before(rule, event, last=last), words.ASK if rule.confirm else None),
        basis=rule.basis,
        severity=rule.severity,
        confirm=rule.confirm,
    )


def _open_days_before(rule: OpenDaysBefore, event: date, *, calendar: Calendar) -> Due:
    backwards = calendar.open_days(event, rule.authority, step=-1)
    last = next(islice(backwards, rule.amount - 1, None))
    between = (event - timedelta(days=n) for n in range(1, (event - last).days))
    return Due(
        last_day=last,
        base_day=last,
        safe_day=last,
        skipped=tuple(sorted(day for day in between if calendar.why_closed(day, rule.authority))),
        rule_text=words.joined(
            words.open_days_before(rule, event, last=last), words.ASK if rule.confirm else None
        ),
        basis=rule.basis,
        severity=rule.severity,
        confirm=rule.confirm,
    )


def _window(rule: Window, event: date) -> Due:
    opens, closes = _edge(event, rule.opens), _edge(event, rule.closes)
    return Due(
        last_day=closes,
        first_day=opens,
        base_day=closes,
        safe_day=closes,
        rule_text=words.joined(
            words.window(rule, event, opens=opens, closes=closes), words.ASK if rule.confirm else None
        ),
        basis=rule.basis,
        severity=rule.severity,
        confirm=rule.confirm,
    )


def _edge(event: date, offset: Offset | None) -> date | None:
    return shifted(event, offset.amount, offset.unit) if offset else None


def _not_before(rule: NotBefore, facts: Mapping[str, date]) -> Due:
    event = _fact(rule.of, facts)
    if event is None:
        return _waiting(rule)
    wait = timedelta(hours=rule.hours)
    moment = facts[rule.of.name]
    try:
        opens_at = (moment + wait).astimezone(UTC) if isinstance(moment, datetime) else None
        # Of a day without its time, the wait ends no earlier than counted from 0:00.
        first = tokyo_date(opens_at) if opens_at else event + wait
    except OverflowError as error:
        raise _refused(rule.of) from error
    return Due(
        first_day=first,
        opens_at=opens_at,
        rule_text=words.not_before(rule, event, opens_at=opens_at),
        basis=rule.basis,
        severity=rule.severity,
    )


def _earliest(rule: EarliestOf, facts: Mapping[str, date], calendar: Calendar) -> Due:
    answers = [_dated(each, facts, calendar) for each in rule.rules]
    waits_for = tuple(sorted({name for answer in answers for name in answer.waits_for}))
    known = [answer for answer in answers if answer.last_day]
    chosen = min(known or answers, key=_urgency)
    return replace(
        chosen,
        first_day=max((answer.first_day for answer in answers if answer.first_day), default=None),
        rule_text=words.among_several(chosen.rule_text),
        waits_for=waits_for,
    )


def _urgency(answer: Due) -> tuple[date, int, str, str]:
    """Return what puts the earliest first, then the gravest; the rest settles ties for good."""
    return answer.last_day or date.max, -answer.severity.gravity, answer.basis, answer.rule_text.ja


def _fact(of: FactDay, facts: Mapping[str, date]) -> date | None:
    try:
        return tokyo_date(facts[of.name]) if of.name in facts else None
    except (ValueError, OverflowError) as error:
        raise _refused(of) from error


def _waiting(rule: Dated | NotBefore) -> Due:
    return Due(
        rule_text=words.waiting(rule.of),
        basis=rule.basis,
        severity=rule.severity,
        waits_for=(rule.of.name,),
    )


def _refused(of: FactDay) -> EngineError:
    return EngineError("invalid-fact-date", pointer=f"/{to_camel(of.name)}", fact=of.name)
