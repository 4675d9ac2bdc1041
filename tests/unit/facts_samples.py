# SPDX-License-Identifier: Apache-2.0
"""A family of four that moves from 室蘭市 to 千代田区, its plan, and its case as a story to be told."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.core import messages as m
from engine.core.case import Case, Filing, FilingRules, Participant, participant_id
from engine.core.decide import Outcome, step
from engine.core.declaration import Sought
from engine.core.evolve import evolve
from engine.core.lifecycle import FilingState, Way
from engine.core.messages import Answered, Event, Message, Order
from engine.core.orders import orders_of
from engine.core.plan import Plan, filings_of
from engine.core.planning import Connected, make_plan
from engine.core.text import Text
from workflows import moving
from workflows.calendar_japan import calendar_for
from workflows.moving import MovingFacts

MURORAN, CHIYODA = "012050", "131016"
MURORAN_CITY, POWER, NHK = "6000020012050", "1010001000001", "8700150000002"
TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CASE_ID, OWNER, SPOUSE, STRANGER = (UUID(int=number) for number in (1, 2, 3, 4))
EVIDENCE = UUID(int=9)
FIRST = Participant(participant_id(CASE_ID, ""), "", "applicant")
SECOND = Participant(participant_id(CASE_ID, "/spouse"), "/spouse", "member", person=SPOUSE)
HEIR = Participant(participant_id(CASE_ID, "/heirs/0"), "/heirs/0", "heir", signs=False)
CONFIRM = m.Confirm(CASE_ID, FIRST.id, OWNER, EVIDENCE)

OUT, IN, PENSION = "move.move-out-notice", "move.move-in-notice", "move.national-pension-address"
ELECTRICITY, GAS, NHK_ADDRESS = "move.electricity", "move.gas", "move.nhk"

# The life event with few procedures, so that a case is small: what is told here is about the engine.
MOVING = replace(
    moving.MOVING,
    procedures=tuple(
        one
        for one in moving.MOVING.procedures
        if one.slug in {OUT, IN, PENSION, ELECTRICITY, GAS, NHK_ADDRESS}
    ),
)


def _mover(given: str, kana: str, born: str, relation: str, *, pension: bool = False) -> dict[str, Any]:
    return {
        "name": {"family": "髙橋", "given": given},
        "kana": {"family": "タカハシ", "given": kana},
        "birthDate": born,
        "relation": relation,
        "nationalPension": pension,
    }


FACTS: Mapping[str, Any] = {
    "movingDate": "2026-12-01",
    "oldAddress": {
        "postalCode": "050-0083",
        "municipality": MURORAN,
        "prefecture": "北海道",
        "city": "室蘭市",
        "line": "東町1-1",
    },
    "newAddress": {
        "postalCode": "102-0082",
        "municipality": CHIYODA,
        "prefecture": "東京都",
        "city": "千代田区",
        "line": "一番町1",
        "building": "𠮷田ビル3階",
    },
    "movers": [
        _mover("花子", "ハナコ", "1990-04-01", "本人", pension=True),
        _mover("太郎", "タロウ", "1988-02-29", "夫"),
        _mover("一", "ハジメ", "2018-07-07", "子"),
        _mover("二葉", "フタバ", "2024-01-31", "子"),
    ],
    "head": {"family": "髙橋", "given": "花子"},
    "phone": "090-1234-5678",
    "contracts": {
        "electricity": {"customerNumber": "E-1"},
        "gas": {"customerNumber": "G-2"},
        "nhk": {"customerNumber": "N-3"},
    },
}


def told(**changes: Any) -> dict[str, Any]:
    """Return the family's facts with changes; a key `a__0__b` goes into members and items, ... removes."""
    facts = copy.deepcopy(dict(FACTS))
    for path, value in changes.items():
        *way, last = (int(step) if step.isdigit() else step for step in path.split("__"))
        place: Any = facts
        for name in way:
            place = place[name]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return facts


def family(**changes: Any) -> MovingFacts:
    return MovingFacts.model_validate(told(**changes))


class FakeConnections:
    """Who is connected, by procedure: 室蘭市, an electricity company and NHK unless told otherwise."""

    def __init__(self, numbers: Mapping[str, str] | None = None) -> None:
        usual = {OUT: MURORAN_CITY, ELECTRICITY: POWER, NHK_ADDRESS: NHK}
        self.numbers = usual if numbers is None else numbers
        self.asked: list[tuple[str, Sought]] = []

    def connected(self, slug: str, sought: Sought) -> Connected | None:
        self.asked.append((slug, sought))
        number = self.numbers.get(slug)
        return Connected(number, Text(ja=f"機関{number}", en=f"Organisation {number}")) if number else None


def plan(
    facts: MovingFacts | None = None, *, today: date = TODAY, numbers: Mapping[str, str] | None = None
) -> Plan:
    return make_plan(
        MOVING,
        facts or family(),
        case_id=CASE_ID,
        connections=FakeConnections(numbers),
        calendars=calendar_for,
        today=today,
    )


def moving_open(
    made: Plan | None = None, *, seats: tuple[Participant, ...] = (FIRST,), now: datetime = NOW
) -> m.Open:
    made = made or plan()
    references = {entry.id: f"r_{entry.slug}" for entry in made.entries if entry.organisation}
    filings, rules = filings_of(made, references, now)
    return m.Open(CASE_ID, "moving", OWNER, made.catalogue, filings, rules, seats)


def plain_open(*kinds: tuple[str, Way] | tuple[FilingRules, Filing]) -> m.Open:
    """Return an opening of filings of one way each, or of rules and filings as they are given."""
    pairs = [one if isinstance(one[0], FilingRules) else plain(*one) for one in kinds]
    rules, filings = zip(*pairs, strict=True)
    return m.Open(CASE_ID, "moving", OWNER, "0" * 64, tuple(filings), tuple(rules), (FIRST,))


def plain(slug: str, way: Way, **changes: Any) -> tuple[FilingRules, Filing]:
    """Return the rules and the filing of one procedure; `changes` are for whichever has the name."""
    from engine.core.case import filing_id

    name = filing_id(CASE_ID, slug)
    is_online = way in {Way.ONLINE, Way.SIGNED}
    rules = FilingRules(id=name, slug=slug, subject="", ways=(way,), basis="法1条")
    filing = Filing(
        id=name,
        slug=slug,
        way=way,
        state=FilingState.WAITING,
        since=NOW,
        organisation=MURORAN_CITY if is_online else None,
        reference=f"r_{slug}" if is_online else None,
    )
    of_rules = {key: value for key, value in changes.items() if key in FilingRules.__slots__}
    of_filing = {key: value for key, value in changes.items() if key not in of_rules}
    return replace(rules, **of_rules), replace(filing, **of_filing)


class Story:
    """One case and everything that was said to it, with the clock in the teller's hand."""

    def __init__(self, opening: m.Open, *, now: datetime = NOW) -> None:
        self.now = self.heard_at = now
        self.history: list[tuple[datetime, Event]] = []
        self.orders: list[Order] = []
        self.case: Case | None = None
        self.say(opening)

    @property
    def it(self) -> Case:
        assert self.case is not None
        return self.case

    def say(self, message: Message) -> Outcome:
        outcome = step(self.case, message, self.now)
        self.case, self.heard_at = outcome.case, self.now
        self.history += [(self.now, event) for event in outcome.events]
        self.orders += outcome.orders
        return outcome

    def confirm(self) -> "Story":
        self.say(CONFIRM)
        return self

    def at(self, slug: str) -> Filing:
        return next(filing for filing in self.it.filings.values() if filing.slug == slug)

    def state(self, slug: str) -> str:
        return self.at(slug).state.value

    def reply(self, slug: str, kind: type[m.Reply], to: str = "", **members: Any) -> Outcome:
        """Let the organisation answer the last order, or the one named `to`: "submit/1/0"."""
        filing = self.at(slug)
        answered = self.last(slug)
        if to:
            what, attempt, revision = to.split("/")
            answered = Answered(what, int(attempt), int(revision))
        return self.say(kind(CASE_ID, filing.id, "o_1", answered, **members))

    def last(self, slug: str) -> Answered:
        """Return what the last order of a filing was."""
        filing = self.at(slug).id
        kinds = {m.Submit: "submit", m.Revise: "amend", m.Withdraw: "withdraw", m.GiveAnswer: "answer"}
        for order in reversed(self.orders):
            if order.filing == filing and type(order) in kinds:
                revision = getattr(order, "revision", 0)
                return Answered(kinds[type(order)], order.attempt, revision)
        return Answered("submit", 1, 0)

    def done(self, slug: str) -> Outcome:
        return self.say(m.MarkDone(CASE_ID, self.at(slug).id))

    def correct(self, *slugs: str, fields: tuple[str, ...] = ("newAddress",)) -> Outcome:
        changes = {
            self.at(slug).id: m.Change(fields, self.at(slug).due_on, self.at(slug).not_before)
            for slug in slugs
        }
        return self.say(m.Correct(CASE_ID, changes))

    def wait(self, span: timedelta) -> list[Event]:
        """Let time pass, waking the case whenever it asked for it; return what happened."""
        until, seen = self.now + span, len(self.history)
        while self.it.wake_at is not None and self.it.wake_at <= until:
            self.wake()
        self.now = until
        return [event for _, event in self.history[seen:]]

    def wake(self) -> Outcome:
        assert self.it.wake_at is not None
        self.now = max(self.now, self.it.wake_at)
        before = self.it
        outcome = self.say(m.Tick(CASE_ID))
        assert outcome.events or outcome.case.wake_at is None or outcome.case.wake_at > self.now, (
            f"a wake-up that changes nothing comes again at once: {before.filings}"
        )
        return outcome

    def sent(self, kind: type[Order], slug: str) -> list[Any]:
        return [o for o in self.orders if isinstance(o, kind) and o.filing == self.at(slug).id]

    def replayed(self) -> tuple[Case, list[Order]]:
        """Return the case and the orders that the journal alone gives."""
        case: Case | None = None
        orders: list[Order] = []
        for at, event in self.history:
            case = evolve(case, m.event_from_json(m.event_json(event)), at)
            orders += orders_of(case, event, at)
        assert case is not None
        return case, orders


def document(name: str = "d_1") -> m.StoredDocument:
    return m.StoredDocument(
        name, "certificate", {"ja": "証明書", "en": "Certificate"}, "application/pdf", 3, "ab", "b", "k"
    )
