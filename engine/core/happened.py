# SPDX-License-Identifier: Apache-2.0
"""The small events that several rules end in, each along its row of the table."""

from datetime import datetime
from typing import Final
from uuid import UUID

from engine.core import messages as m
from engine.core.case import Case, Filing, Waits
from engine.core.errors import EngineError
from engine.core.lifecycle import CASE, FILING, CaseState, FilingState, Way
from engine.core.messages import Event
from engine.core.patience import for_citizen, for_organisation

ACTIVE: Final = frozenset({CaseState.RUNNING, CaseState.CANCELLING})
GOOD: Final = frozenset({FilingState.COMPLETED, FilingState.NOT_NEEDED})
CROSSED: Final = frozenset({FilingState.REVISING, FilingState.WITHDRAWING})


def filing_in(case: Case, filing_id: UUID) -> Filing:
    filing = case.filings.get(filing_id)
    if filing is None:
        raise EngineError("no-such-filing")
    return filing


def is_parked(filing: Filing) -> bool:
    return filing.flag is not None and filing.flag.startswith("parked/")


def case_moved(case: Case, trigger: str) -> Event:
    return m.CaseMoved(trigger=trigger, state=CASE.after(case.state, trigger))


def moved(filing: Filing, trigger: str, *, waits: Waits | None = None, way: Way | None = None) -> Event:
    return m.FilingMoved(
        filing=filing.id, trigger=trigger, state=FILING.after(filing.state, trigger), waits=waits, way=way
    )


def flagged(filing: Filing, flag: str | None) -> Event:
    return m.FilingFlagged(filing=filing.id, flag=flag, waits=filing.waits)


def unanswered(filing: Filing, now: datetime) -> Event:
    """Return how a filing goes on without its organisation."""
    if filing.state is FilingState.WITHDRAWING:
        return moved(filing, "irrevocable")  # nobody confirmed it: the citizen must know it may stand
    return given_up(filing, now)


def given_up(filing: Filing, now: datetime) -> Event:
    """Return that the citizen is given the way to do it without Todoke."""
    return moved(filing, "give-up", waits=for_citizen(filing, now), way=Way.SELF)


def resubmitted(filing: Filing, now: datetime) -> Event:
    """Return that the same order goes out once more; the journal tells which one, and of when."""
    return moved(filing, "resubmit", waits=for_organisation(now))
