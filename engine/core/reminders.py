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
    last = last_day(filing)
    come = [day for day in _days(filing, case.rules[filing.id]) if _morning(day) <= now]
    if last is None or not come:
        return []
    is_missed = now.astimezone(JAPAN).date() > last
    return [
        m.CitizenReminded(
            filing=filing.id, last_day=last, days=(last - max(come)).days, on=max(come), is_missed=is_missed
        )
    ]


def next_reminder(filing: Filing, rules: FilingRules) -> datetime | None:
    """Return the instant of the next reminder, None if there will be none as things stand."""
    days = _days(filing, rules)
    return _morning(min(days)) if days else None


def reminder_instants(case: Case, filings: Iterable[Filing]) -> list[datetime]:
    """Return the instants at which these filings are to be reminded of."""
    found = []
    for one in filings:
        if one.waits is not None and one.waits.party is Party.CITIZEN:  # asked after every message
            instant = next_reminder(one, case.rules[one.id])
            if instant is not None:
                found.append(instant)
    return found


def last_day(filing: Filing) -> date | None:
    """Return the day by which the citizen has to act, None where nothing waits for the citizen."""
    if filing.waits is None or filing.waits.party is not Party.CITIZEN:
        return None
    if filing.state is FilingState.ASKING or filing.due_on is None:
        if filing.waits.until is None or filing.state not in {FilingState.ASKING, FilingState.REFUSED}:
            return None
        return (filing.waits.until.astimezone(JAPAN) - timedelta(microseconds=1)).date()
    return filing.due_on


def _days(filing: Filing, rules: FilingRules) -> list[date]:
    """Return the days on which a reminder is still to come."""
    last = last_day(filing)
    if last is None or (filing.flag is not None and filing.flag.startswith("parked/")):
        return []
    covered = filing.since.astimezone(JAPAN).date()
    if filing.reminded_on is not None:
        covered = max(covered, filing.reminded_on)
    return [day for before in rules.remind_days if covered < (day := last - before * _DAY)]


def _morning(day: date) -> datetime:
    return datetime.combine(day, _MORNING, JAPAN)
