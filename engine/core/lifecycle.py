# SPDX-License-Identifier: Apache-2.0
"""The two lifecycles, as tables: which state follows which, and on what.

Theory of operation. A case holds many filings. Both have a flat lifecycle: the case's own,
and one table for every filing. What differs between the ways of filing (online, signed, at
a counter, on paper, automatic, by the citizen alone) is where a filing leaves `ready` and
which rows are closed to it. Filings run side by side because a case holds many of them; the
join is `settle` in decide.py, not a parallel region here.

Everything that says which move is legal is in this file. `transitions` is the judge of the
tables and nothing more: one machine per lifecycle, no model, no callbacks, no conditions.
"""

from enum import Enum
from typing import Generic, TypeVar

from transitions import Machine, MachineError

from engine.core.errors import EngineError


class CaseState(Enum):
    """Where a case (案件) stands."""

    __hash__ = object.__hash__  # members are single; Enum's own hash is a slow call for each look-up

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    COMPLETED_PARTLY = "completed-partly"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class FilingState(Enum):
    """Where one filing (届出・申請) stands."""

    __hash__ = object.__hash__  # as above

    WAITING = "waiting"
    READY = "ready"
    AWAITING_SIGNATURE = "awaiting-signature"
    SUBMITTED = "submitted"
    POSTPONED = "postponed"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    ASKING = "asking"
    SUBMITTED_ANSWER = "submitted-answer"
    REFUSED = "refused"
    TO_VISIT = "to-visit"
    TO_POST = "to-post"
    TO_DO = "to-do"
    DONE_BY_CITIZEN = "done-by-citizen"
    RIDING = "riding"
    REVISING = "revising"
    WITHDRAWING = "withdrawing"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    IRREVOCABLE = "irrevocable"
    CLOSED_REFUSED = "closed-refused"
    NOT_NEEDED = "not-needed"
    CANCELLED = "cancelled"


class Way(Enum):
    """How a filing reaches its receiver."""

    ONLINE = "online"
    SIGNED = "signed"
    VISIT = "visit"
    PAPER = "paper"
    AUTOMATIC = "automatic"
    SELF = "self"


_Move = tuple[str, str, str]  # trigger, source, destination

CASE_MOVES: tuple[_Move, ...] = (
    ("confirm", "draft", "confirmed"),
    ("start", "confirmed", "running"),
    ("expire", "draft", "expired"),
    ("cancel", "draft", "cancelled"),
    ("cancel", "confirmed", "cancelled"),
    ("cancel", "running", "cancelling"),
    ("finish", "running", "completed"),
    ("finish-partly", "running", "completed-partly"),
    ("finish", "cancelling", "cancelled"),
    ("finish-partly", "cancelling", "completed-partly"),
)

# Where an organisation may answer from: it was sent the filing and has not ended it.
_SENT = ("submitted", "postponed", "received", "accepted", "asking", "submitted-answer")
_BY_CITIZEN = ("to-visit", "to-post", "to-do")

FILING_MOVES: tuple[_Move, ...] = (
    ("release", "waiting", "ready"),
    ("release-not-needed", "waiting", "not-needed"),
    ("drop", "waiting", "cancelled"),
    ("drop", "ready", "cancelled"),
    ("drop", "awaiting-signature", "cancelled"),
    ("drop", "to-visit", "cancelled"),
    ("drop", "to-post", "cancelled"),
    ("drop", "to-do", "cancelled"),
    ("drop", "riding", "cancelled"),
    ("drop", "refused", "cancelled"),
    # leaving `ready`, one trigger for each way
    ("await-signature", "ready", "awaiting-signature"),
    ("submit", "ready", "submitted"),
    ("submit", "awaiting-signature", "submitted"),
    ("visit", "ready", "to-visit"),
    ("post", "ready", "to-post"),
    ("guide", "ready", "to-do"),
    ("ride", "ready", "riding"),
    # what the organisation says
    ("receive", "submitted", "received"),
    ("receive", "postponed", "received"),
    ("receive", "submitted-answer", "received"),
    ("receive", "done-by-citizen", "received"),
    *(("accept", source, "accepted") for source in _SENT),
    *(("ask", source, "asking") for source in _SENT),
    *(("complete", source, "completed") for source in _SENT),
    *(("refuse", source, "refused") for source in _SENT),
    # what the network says
    ("postpone", "submitted", "postponed"),
    ("resubmit", "postponed", "submitted"),
    *(("give-up", source, "to-do") for source in _SENT),
    # what the citizen says
    ("answer", "asking", "submitted-answer"),
    *(("do", source, "done-by-citizen") for source in _BY_CITIZEN),
    ("complete", "done-by-citizen", "completed"),
    ("correct", "refused", "ready"),
    ("close-refused", "refused", "closed-refused"),
    # riding on another procedure
    ("complete", "riding", "completed"),
    ("fall-off", "riding", "to-do"),
    # an organisation that was given up on may answer in the end, and is told of an undoing
    ("receive", "to-do", "received"),
    ("accept", "to-do", "accepted"),
    ("ask", "to-do", "asking"),
    ("complete", "to-do", "completed"),
    ("withdraw", "to-do", "withdrawing"),
    ("irrevocable", "to-do", "irrevocable"),
    # correcting what was sent, also what the organisation had completed
    *(("revise", source, "revising") for source in (*_SENT, "revising", "completed")),
    ("amended", "revising", "accepted"),
    ("amended-whole", "revising", "completed"),
    ("refuse", "revising", "refused"),
    ("give-up", "revising", "to-do"),
    ("tell-anew", "completed", "to-do"),  # the citizen had done it, and has to say something else now
    # undoing what was sent
    *(("withdraw", source, "withdrawing") for source in (*_SENT, "revising", "completed")),
    ("withdrawn", "withdrawing", "withdrawn"),
    ("irrevocable", "withdrawing", "irrevocable"),
)

ENDED_CASE = frozenset(
    {CaseState.COMPLETED, CaseState.COMPLETED_PARTLY, CaseState.CANCELLED, CaseState.EXPIRED}
)
# Where nothing more is waited for. A completed filing can still be corrected or undone while its
# case runs (docs/adr/0006).
ENDED_FILING = frozenset(
    {
        FilingState.COMPLETED,
        FilingState.WITHDRAWN,
        FilingState.IRREVOCABLE,
        FilingState.CLOSED_REFUSED,
        FilingState.NOT_NEEDED,
        FilingState.CANCELLED,
    }
)
WITH_ORGANISATION = frozenset(FilingState(name) for name in (*_SENT, "revising", "withdrawing"))
WITH_CITIZEN = frozenset(FilingState(name) for name in (*_BY_CITIZEN, "refused", "awaiting-signature"))

S = TypeVar("S", bound=Enum)


class _Cursor:
    """The one slot in which `transitions` keeps the state while it judges a move."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


class Lifecycle(Generic[S]):
    """One table of moves, with its judge."""

    def __init__(self, name: str, states: type[S], moves: tuple[_Move, ...], *, ends: frozenset[S]) -> None:
        self.name = name
        self.ends = ends
        self.states = states
        self.moves = moves
        self._legal = frozenset((trigger, source) for trigger, source, _ in moves)
        self._machine = Machine(
            model=None,
            states=[state.value for state in states],
            transitions=[list(move) for move in moves],
            initial=None,
            auto_transitions=False,
        )

    def after(self, state: S, trigger: str) -> S:
        """Return the state that follows `state` on `trigger`.

        Raises:
            EngineError: `illegal-move`, the table has no such row.
        """
        cursor = _Cursor(state.value)
        try:
            self._machine.events[trigger].trigger(cursor)
        except (KeyError, MachineError) as error:
            raise EngineError(
                "illegal-move", lifecycle=self.name, state=state.value, trigger=trigger
            ) from error
        return self.states(cursor.state)

    def allows(self, state: S, trigger: str) -> bool:
        """Say whether the table has a row for `trigger` in `state`."""
        return (trigger, state.value) in self._legal

    def mermaid(self) -> str:
        """Return the table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2"]
        lines += [f'    state "{s.value}" as {s.name.lower()}' for s in self.states]
        lines.append(f"    [*] --> {next(iter(self.states)).name.lower()}")
        lines += [
            f"    {self.states(source).name.lower()} --> {self.states(target).name.lower()}: {trigger}"
            for trigger, source, target in self.moves
        ]
        lines += [f"    {s.name.lower()} --> [*]" for s in self.states if s in self.ends]
        return "\n".join(lines) + "\n"


CASE = Lifecycle("case", CaseState, CASE_MOVES, ends=ENDED_CASE)
FILING = Lifecycle("filing", FilingState, FILING_MOVES, ends=ENDED_FILING)
