# SPDX-License-Identifier: Apache-2.0
"""Who still holds an old value (旧情報): from a correction until whoever was told has the new one.

A filing is marked with the instant at which what its receiver holds became old, by the correction or
by the calling off, and the mark is taken away by nothing but a confirmation: the organisation's, or
the citizen's own for what only the citizen can tell. What is done about it follows from the state.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.core import messages as m
from engine.core.case import Case, Filing
from engine.core.lifecycle import WITH_ORGANISATION, FilingState, Way
from engine.core.text import Text

HOLDS_OLD_VALUE: Final = "stuck/holds-old-value"

# Where an organisation that was sent the filing holds what it said.
_HOLDING: Final = WITH_ORGANISATION | {FilingState.COMPLETED, FilingState.TO_DO}
# Where an answer to the newest word is an answer to all that was said before.
_CONFIRMING: Final = frozenset({FilingState.ACCEPTED, FilingState.COMPLETED})
_AMENDED: Final = frozenset({"amended", "amended-whole", "accept", "complete", "withdrawn"})

# What is done about an old value, and who has to do it.
DOINGS: Final[Mapping[str, tuple[str, Text]]] = {
    "amendment-sent": (
        "organisation",
        Text(ja="訂正を送り、確認を待っています", en="The correction was sent; they have to confirm it"),
    ),
    "amendment-waiting": (
        "organisation",
        Text(ja="送信先に届かず、訂正を再送します", en="Not reachable; the correction will be sent again"),
    ),
    "filed-anew": (
        "organisation",
        Text(ja="訂正した内容で改めて届け出ています", en="It is being filed anew with what was corrected"),
    ),
    "refused": (
        "citizen",
        Text(
            ja="訂正が受け付けられませんでした。内容を確認してください",
            en="The correction was refused; please look at it",
        ),
    ),
    "tell-yourself": (
        "citizen",
        Text(ja="ご自身で新しい内容を伝えてください", en="Please tell them the new value yourself"),
    ),
    "withdrawal-sent": (
        "organisation",
        Text(ja="取下げを送り、確認を待っています", en="The withdrawal was sent; they have to confirm it"),
    ),
    "irrevocable": (
        "citizen",
        Text(
            ja="取り消せません。ご自身で機関に連絡してください",
            en="It cannot be undone from here; please contact them yourself",
        ),
    ),
    "parked": ("operator", Text(ja="係員が確認中です", en="An operator is looking into it")),
}


def made_old(case: Case, event: m.FactsCorrected, at: datetime) -> Case:
    """Return the case in which those are marked who hold what the correction changed."""
    told = {id_ for id_, names in event.changed.items() if names}
    return _marked(case, {id_ for id_ in told if _is_made_old(case.filings[id_])}, at)


def all_made_old(case: Case, at: datetime) -> Case:
    """Return the case that is being called off: whoever was told anything holds what is no longer so."""
    return _marked(case, {id_ for id_, one in case.filings.items() if _holds(one)}, at)


def followed(case: Case, after: Filing, event: m.Event) -> Filing:
    """Return the filing after an event, without its mark if the event confirms the new value."""
    before = case.filings[after.id]
    if before.old_since is None or not _confirms(case, before, after, event):
        return after
    return replace(after, old_since=None)


def must_be_told_by_citizen(filing: Filing) -> bool:
    """Say whether a filing is done that holds an old value which no message can change."""
    is_parked = filing.flag is not None and filing.flag.startswith("parked/")
    return filing.old_since is not None and filing.state is FilingState.COMPLETED and not is_parked


def doing(filing: Filing, *, amendable: bool) -> str:
    """Return what is being done about an old value: a key of `DOINGS`."""
    if filing.flag is not None and filing.flag.startswith("parked/"):
        return "parked"
    match filing.state:
        case FilingState.REVISING:
            return "amendment-waiting" if filing.tries else "amendment-sent"
        case FilingState.WITHDRAWING:
            return "withdrawal-sent"
        case FilingState.REFUSED | FilingState.CLOSED_REFUSED:
            return "refused"
        case FilingState.TO_VISIT | FilingState.TO_POST | FilingState.TO_DO:
            return "tell-yourself"
        case _ if filing.has_ended or not amendable:
            return "irrevocable"
        case _:
            return "filed-anew"


def _marked(case: Case, filings: set[UUID], at: datetime) -> Case:
    fresh = {
        id_: replace(case.filings[id_], old_since=at)
        for id_ in filings
        if case.filings[id_].old_since is None
    }
    return replace(case, filings={**case.filings, **fresh}) if fresh else case


def _is_made_old(filing: Filing) -> bool:
    # Who refused a filing holds nothing of it; who refused a correction has its mark already.
    return _holds(filing) and filing.state is not FilingState.REFUSED


def _holds(filing: Filing) -> bool:
    """Say whether anybody outside was told what the filing says."""
    if filing.sequence > 0:
        return filing.state in _HOLDING
    return filing.state is FilingState.COMPLETED and filing.way is not Way.AUTOMATIC


def _confirms(case: Case, before: Filing, after: Filing, event: m.Event) -> bool:
    match event:
        case m.FilingSettled(trigger=trigger):
            return trigger in _AMENDED and before.flag != HOLDS_OLD_VALUE
        case m.FilingAccepted() | m.FilingCompleted():
            # A completion that crosses a correction is about the old value: the state stays.
            is_about_new = case.rules[after.id].amendable and before.flag != HOLDS_OLD_VALUE
            return is_about_new and after.state in _CONFIRMING
        case m.FilingMoved(trigger="do"):
            return True
        case m.FilingRefused():
            return before.state not in {FilingState.REVISING, FilingState.WITHDRAWING}
        case _:
            return False
