# SPDX-License-Identifier: Apache-2.0
"""Records one journal of each life event: `python -m tests.record_journals`, and only on purpose.

A journal that was recorded once must be read for ever: what it came to then, it comes to today. So record
anew only when a life event is to be told otherwise, never because an old journal reads otherwise than
before: then what reads it is wrong, or every case that lives somewhere changes under its owner's hands.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from connectors.simulators.catalogue import SIMULATORS
from engine.bootstrap import LIFE_EVENTS
from engine.core import messages as m
from engine.core.case import Case, Filing
from engine.core.declaration import Sought
from engine.core.lifecycle import CaseState, FilingState
from engine.core.messages import Answered, Order
from engine.core.plan import Plan, filings_of, participants_of
from engine.core.planning import Connected, make_plan
from engine.core.text import Text
from engine.demos.scripts import SCRIPTS
from tests.unit.facts_samples import CASE_ID, EVIDENCE, OWNER, Story, document
from workflows.calendar_japan import calendar_for

JOURNALS = Path(__file__).parent / "journals"
NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
_LATER = timedelta(days=5)
_WITH_CITIZEN = frozenset({FilingState.TO_VISIT, FilingState.TO_POST, FilingState.TO_DO})
_LONGEST = 2000  # messages: more than any of these cases needs
_CASE: TypeAdapter[Case] = TypeAdapter(Case)
_ORDER: TypeAdapter[Any] = TypeAdapter(Order)


class Simulated:
    """Who is connected in the demonstration."""

    def connected(self, slug: str, sought: Sought) -> Connected | None:
        for one in (simulated.connector for simulated in SIMULATORS.values()):
            is_theirs = sought.area in one.areas if one.areas else sought.number in {None, one.number}
            if slug in one.procedures and is_theirs and (not sought.is_chosen or sought.number == one.number):
                return Connected(one.number, Text(ja=one.name.ja, en=one.name.en))
        return None


@dataclass(frozen=True)
class Told:
    """A life event as the demonstration's people tell it, and its plan."""

    event: str

    def plan(self, day: date) -> Plan:
        event = next(one for one in LIFE_EVENTS if one.slug == self.event)
        return make_plan(
            event,
            event.facts.model_validate(SCRIPTS[self.event].facts(day)),
            case_id=CASE_ID,
            connections=Simulated(),
            calendars=calendar_for,
            today=NOW.date(),
        )

    @property
    def day(self) -> date:
        return NOW.date() + SCRIPTS[self.event].begins


class Recorded(Story):
    """A case whose organisations each do what they do at their turn: always the same."""

    def __init__(self, told: Told) -> None:
        plan = told.plan(told.day)
        references = {entry.id: f"r_{entry.id}" for entry in plan.entries if entry.organisation}
        filings, rules = filings_of(plan, references, NOW)
        seats = participants_of(plan, CASE_ID)
        super().__init__(m.Open(CASE_ID, told.event, OWNER, plan.catalogue, filings, rules, seats), now=NOW)
        self._told = told
        self._turns = dict.fromkeys(self.it.filings, 0)
        self._changed = False

    def play(self) -> "Recorded":
        """Let everybody do what is theirs to do, until the case is over."""
        self._sign()
        for _ in range(_LONGEST):
            if self.it.has_ended:
                return self
            filing = next((one for one in self.it.filings.values() if self._can_act(one)), None)
            if filing is not None:
                self._act(filing)
            elif self.it.wake_at is not None:
                self._change_date()
                self.wake()
        raise AssertionError(f"{self._told.event} does not come to its end")

    def _sign(self) -> None:
        people = SCRIPTS[self._told.event].people
        seats = [one for one in self.it.participants.values() if one.at in people]
        for number, seat in enumerate(seats):
            person = UUID(int=OWNER.int + 10 * number)
            if number == 0:
                self.say(m.Confirm(CASE_ID, seat.id, person, EVIDENCE))
                continue
            self.say(m.Join(CASE_ID, seat.id, person, seat.seat))
            if seat.signs:
                self.say(m.Sign(CASE_ID, seat.id, person, EVIDENCE))
        for number, seat in enumerate(seats):
            if choice := people[seat.at].chooses:
                person = UUID(int=OWNER.int + 10 * number)
                self.say(m.Decide(CASE_ID, seat.id, person, choice, EVIDENCE))

    def _can_act(self, filing: Filing) -> bool:
        return filing.state in _WITH_CITIZEN or filing.state in {
            *(FilingState.SUBMITTED, FilingState.RECEIVED, FilingState.ACCEPTED, FilingState.ASKING),
            *(FilingState.REFUSED, FilingState.REVISING, FilingState.SUBMITTED_ANSWER),
        }

    def _act(self, filing: Filing) -> None:
        self.now += timedelta(minutes=1)
        match filing.state:
            case state if state in _WITH_CITIZEN:
                self.say(m.MarkDone(CASE_ID, filing.id))
            case FilingState.ASKING:
                self.say(m.Answer(CASE_ID, filing.id, filing.question or "", "yes"))
            case FilingState.REFUSED:
                change = m.Change(("name",), filing.due_on, filing.not_before)
                self.say(m.Correct(CASE_ID, {filing.id: change}))
            case _:
                self._reply(filing)

    def _reply(self, filing: Filing) -> None:
        """Let an organisation take its turn: every fifth refuses first, every seventh asks."""
        answered = self._last_of(filing.id)
        turn, number = self._turns[filing.id], list(self.it.filings).index(filing.id)
        self._turns[filing.id] += 1
        order = f"o_{number}_{turn}"

        def say(kind: type[m.Reply], **members: Any) -> None:
            self.say(kind(CASE_ID, filing.id, order, answered, **members))

        match answered.kind, filing.state:
            case ("amend", _):
                say(m.Amended, receipt=f"A-{number}")
            case (_, FilingState.SUBMITTED) if turn == 0 and number % 5 == 0:
                say(m.Refused, code="form", reason={"ja": "様式", "en": "form"}, correctable=True)
            case (_, FilingState.SUBMITTED) if turn == 0 and number % 7 == 0:
                until = (self.now + timedelta(days=10)).date()
                say(m.Asked, question=f"q_{number}", text={"ja": "問", "en": "?"}, until=until)
            case (_, FilingState.SUBMITTED):
                say(m.Received, receipt=f"R-{number}")
            case (_, FilingState.RECEIVED):
                say(m.Accepted, receipt=f"R-{number}")
            case _:
                papers = (document(f"d_{number}"),) if number % 3 == 0 else ()
                say(m.Completed, receipt=f"R-{number}", documents=papers)

    def _last_of(self, filing: UUID) -> Answered:
        kinds = {m.Submit: "submit", m.Revise: "amend", m.Withdraw: "withdraw", m.GiveAnswer: "answer"}
        last = next(one for one in reversed(self.orders) if one.filing == filing and type(one) in kinds)
        return Answered(kinds[type(last)], last.attempt, getattr(last, "revision", 0))

    def _change_date(self) -> None:
        """A move is put off once, when everybody who can be told has been."""
        if self._told.event != "moving" or self._changed:
            return
        self._changed = True
        before, after = self._told.plan(self._told.day), self._told.plan(self._told.day + _LATER)
        changes = {}
        for entry in after.entries:
            old = before.entry(entry.id).fields
            names = tuple(name for name in entry.fields if entry.fields[name] != old.get(name))
            changes[entry.id] = m.Change(names, entry.due.last_day, entry.not_before)
        self.say(m.ChangeDate(CASE_ID, changes, self._told.day + _LATER))


def as_recorded(case: Case, orders: list[Order]) -> dict[str, Any]:
    """Return what a journal came to, as it is written down."""
    return {
        "case": _CASE.dump_python(case, mode="json"),
        "orders": [{"order": type(one).__name__, **_ORDER.dump_python(one, mode="json")} for one in orders],
    }


def recorded(event: str) -> Mapping[str, Any]:
    """Play a life event, and return its journal and what that comes to."""
    story = Recorded(Told(event)).play()
    assert story.it.state in {CaseState.COMPLETED, CaseState.COMPLETED_PARTLY}
    journal = [[at.isoformat(), json.loads(m.event_json(event))] for at, event in story.history]
    return {"journal": journal, **as_recorded(*story.replayed())}


def main() -> None:
    JOURNALS.mkdir(exist_ok=True)
    for event in SCRIPTS:
        found = recorded(event)
        lines = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in found["journal"])
        orders = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in found["orders"])
        case = json.dumps(found["case"], ensure_ascii=False)
        text = f'{{\n "journal": [\n  {lines}\n ],\n "case": {case},\n "orders": [\n  {orders}\n ]\n}}\n'
        (JOURNALS / f"{event}.json").write_text(text, "utf-8")
        print(f"{event}: {len(found['journal'])} events, {len(found['orders'])} orders")


if __name__ == "__main__":
    main()
