# SPDX-License-Identifier: Apache-2.0
"""When somebody is reminded (督促) of what waits for them: so many days before the last day, by what is lost.

The days are copied into the case when it opens, as all its rules are. A reminder is an event of the
case, so that nobody gets one twice, and none comes for what is done. Whoever was given something today
is not reminded of it today.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from engine.core import messages as m
from engine.core.case import Case, Filing, FilingRules, Party
from engine.core.deadline_rules import Severity
from engine.core.lifecycle import FilingState
from engine.core.patience import JAPAN

Days = Mapping[Severity, tuple[int, ...]]

# Days before the last day, the earliest reminder first, where the operator has not set others.
DAYS_BEFORE: Final[Days] = {
    Severity.RIGHT_LOST: (30, 7, 1),
    Severity.MONEY_LOST: (14, 3),
    Severity.FINE: (7, 1),
    Severity.CONVENIENCE: (3,),
}
_MORNING: Final = time(9)  # nobody is reminded at night
_DAY: Final = timedelta(days=1)


def reminded(case: Case, filing: Filing, now: datetime) -> list[m.Event]:
    """Return the reminder whose morning has come, if there is one; of several, the last.

    One that could not be given before the last day was over is noted as missed, and not sent.
    """
    if filing.waits and filing.waits.until and filing.waits.until <= now:
        return []  # something else happens to it now
    come = [pair for pair in _days(filing, case.rules[filing.id]) if _morning(pair[0]) <= now]
    if not come:
        return []
    day, last = max(come)
    is_missed = now.astimezone(JAPAN).date() > last
    return [
        m.CitizenReminded(
            filing=filing.id, last_day=last, days=(last - day).days, on=day, is_missed=is_missed
        )
    ]


def next_reminder(filing: Filing, rules: FilingRules) -> datetime | None:
    """Return the instant of the next reminder, None if there will be none as things stand."""
    days = _days(filing, rules)
    return _morning(min(days)[0]) if days else None


def reminder_instants(case: Case, filings: Iterable[Filing]) -> list[datetime]:
    """Return the instants at which these filings are to be reminded of."""
    found = []
    for one in filings:
        if one.waits is not None and one.waits.party is Party.CITIZEN:  # asked after every message
            instant = next_reminder(one, case.rules[one.id])
            if instant is not None:
                found.append(instant)
    return found


def _last_days(filing: Filing) -> list[date]:
    """Return the days by which the citizen has to act, one after the other.

    What was refused is corrected before its own last day, where that is still to come, and before
    the end of the time for correcting it in any case.
    """
    if filing.waits is None or filing.waits.party is not Party.CITIZEN:
        return []
    until = filing.waits.until
    ends = [] if until is None else [(until.astimezone(JAPAN) - timedelta(microseconds=1)).date()]
    due = [] if filing.due_on is None else [filing.due_on]
    match filing.state:
        case FilingState.ASKING:
            return ends
        case FilingState.REFUSED:
            asked_on = filing.since.astimezone(JAPAN).date()
            return sorted({*ends, *(day for day in due if asked_on <= day <= max(ends, default=day))})
        case _:
            return due


def _days(filing: Filing, rules: FilingRules) -> list[tuple[date, date]]:
    """Return the days on which a reminder is still to come, each with the last day that it is about."""
    if filing.flag is not None and filing.flag.startswith("parked/"):
        return []
    covered = filing.since.astimezone(JAPAN).date()
    if filing.reminded_on is not None:
        covered = max(covered, filing.reminded_on)
    found = []
    for last in _last_days(filing):
        days = (last - before * _DAY for before in rules.remind_days)
        found += [(day, last) for day in days if day > covered]
        covered = max(covered, last)  # of what ends later nobody is reminded before
    return found


def _morning(day: date) -> datetime:
    return datetime.combine(day, _MORNING, JAPAN)
