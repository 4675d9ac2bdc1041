# SPDX-License-Identifier: Apache-2.0
"""Which procedures apply to these facts: the declaration of a life event, and the plan made of it.

A life event (ライフイベント) is data with small pure functions: `workflows/` writes it, this file
applies it. What a case needs later is resolved here and copied into it, so that a case ends under
the rules of the day it was opened.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter
from pydantic.alias_generators import to_camel

from engine.core.calendars import Calendar
from engine.core.case import (
    Filing,
    FilingRules,
    Gated,
    Participant,
    Party,
    Waits,
    filing_id,
    participant_id,
)
from engine.core.deadline_rules import Anytime, Due, EarliestOf, NotBefore, Rule, Soft, Window, Within
from engine.core.deadlines import due
from engine.core.errors import EngineError, Problem
from engine.core.lifecycle import FilingState, Way
from engine.core.reminders import DAYS_BEFORE, Days
from engine.core.text import Text

F = TypeVar("F", bound=BaseModel)

APPLICANT: Final = "applicant"  # the role of one who signs whatever is told of whom
# Ways on which an organisation has to be connected.
CONNECTED_WAYS: Final = frozenset({Way.ONLINE, Way.SIGNED})
# My Number (個人番号) and the resident record code (住民票コード) are in nobody's facts: 番号法19条,
# 住民基本台帳法30条の37.
_NEVER_TOLD: Final = ("mynumber", "individualnumber", "residentrecordcode")


class Grade(Enum):
    """How sure the rule is: read in the law, taken from practice, or still to be checked."""

    SURE = "sure"
    LIKELY = "likely"
    CHECK = "check"


class Kind(Enum):
    """What an entry asks of anybody.

    A filing is to be made; what is automatic is done by another act; a no-op asks nothing, and says
    so; a branch is a decision or a judgment on which others hang; a search is for what nobody is sure
    exists.
    """

    FILING = "filing"
    AUTOMATIC = "automatic"
    NO_OP = "no-op"
    BRANCH = "branch"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Condition(Generic[F]):
    """When a procedure applies; `text` says it to the citizen."""

    text: Text
    test: Callable[[F], bool]


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom a procedure goes to, as the facts have it: an area's authority, or a company.

    `is_chosen` says that only the organisation with this number will do: nobody else's customer.
    """

    name: Text
    area: str | None = None
    number: str | None = None
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Receiver(Generic[F]):
    """A kind of receiver (`MUNI-OLD`, `PRIV-ELEC`), and who that is for these facts.

    `each` is for those that differ from subject to subject: every account has its own bank.
    """

    kind: str
    find: Callable[[F], Sought] | None = None
    each: Callable[[F, str], Sought] | None = None

    def sought(self, facts: F, subject: str) -> Sought:
        """Return whom the procedure goes to for this subject."""
        if self.each is not None:
            return self.each(facts, subject)
        if self.find is None:
            raise MisdeclaredEvent(f"the receiver {self.kind} cannot be found")
        return self.find(facts)


@dataclass(frozen=True, slots=True)
class FactField(Generic[F]):
    """One field that may be told to an organisation, and where it comes from.

    `told_as` is its name on the wire where that differs: a customer number is each company's own.
    `only_for` are the kinds of receivers that may get it, everybody where it names none.
    """

    name: str
    label: Text
    read: Callable[[F, str], JsonValue]
    told_as: str | None = None
    only_for: frozenset[str] | None = None

    @property
    def wire_name(self) -> str:
        """The name under which an organisation is told it."""
        return self.told_as or self.name


@dataclass(frozen=True, slots=True)
class Instead(Generic[F]):
    """Another deadline in the usual one's place, where it is so: a death abroad, time that a court gave."""

    text: Text
    test: Callable[[F, str], bool]
    deadline: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Generic[F]):
    """One entry of a life event (手続): all that the law or a contract says about it.

    `needs` names exactly the fields that its receiver is told. `ways` are tried in order: the
    first that is possible wins. `after` are the procedures that must be completed first: those of
    the same subject, if they have it. `rides_on` is the one whose filing carries this one with it;
    of several, the first that applies. `opens` names the fact before which it cannot be done.
    `after_here` are further ones that only these facts make: an order that people choose, case by case.
    `said_kind` is needed for what is neither a filing nor automatic. `until` is the last day on which
    the rule is in force, where it has one. `gate` names what has to be decided before it is filed.
    `instead` are other deadlines that some facts have, the first that holds. `at_once` says for which
    subjects nothing has to come first: who died had asked that this company be told.
    `same_as` are procedures of other life events that do the same for the same person, so that one is enough.
    `my_number` says who supplies the number where the receiver needs it: never Todoke. `subjects` are
    the persons or things it is about, one filing for each; nothing personal, a JSON pointer into the
    facts.
    """

    slug: str
    title: Text
    receiver: Receiver[F]
    ways: tuple[Way, ...]
    needs: tuple[str, ...]
    applies: Condition[F]
    deadline: Rule
    basis: str
    in_force: date
    grade: Grade
    until: date | None = None
    after: tuple[str, ...] = ()
    rides_on: str | tuple[str, ...] | None = None
    opens: str | None = None
    gate: str | None = None
    said_kind: Kind | None = None
    amendable: bool = True
    withdrawable: bool = True
    who: Text | None = None
    bring: tuple[Text, ...] = ()
    steps: tuple[Text, ...] = ()
    if_late: Text | None = None
    documents: tuple[str, ...] = ()
    my_number: Text | None = None
    same_as: tuple[str, ...] = ()
    subjects: Callable[[F], tuple[str, ...]] = field(default=lambda _: ("",))
    after_here: Callable[[F], tuple[str, ...]] = field(default=lambda _: ())
    instead: tuple[Instead[F], ...] = ()
    at_once: Callable[[F, str], bool] = field(default=lambda _facts, _subject: False)

    def ordered(self, facts: F) -> "Procedure[F]":
        """Return the procedure with all its predecessors for these facts."""
        here = self.after_here(facts)
        return replace(self, after=(*self.after, *here)) if here else self

    def deadline_for(self, facts: F, subject: str) -> Rule:
        """Return the deadline that these facts have."""
        return next((one.deadline for one in self.instead if one.test(facts, subject)), self.deadline)

    def is_in_force(self, day: date) -> bool:
        """Say whether the rule is the law for an event of this day."""
        return self.in_force <= day and (self.until is None or day <= self.until)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The procedures that can carry this one."""
        return (self.rides_on,) if isinstance(self.rides_on, str) else self.rides_on or ()

    @property
    def kind(self) -> Kind:
        """What the entry asks of anybody."""
        if self.said_kind is not None:
            return self.said_kind
        return Kind.AUTOMATIC if self.ways[0] is Way.AUTOMATIC else Kind.FILING


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Generic[F]):
    """What keeps filings from being sent where it holds, though they could be; people are told why.

    `over` are the procedures that it is over, all where it names none. What is automatic goes on by
    itself only with the kinds of receivers in `spares`. `told_at` are procedures at which people are told
    of it even where nothing would be sent: it concerns what they do on paper too.
    """

    name: str
    text: Text
    holds: Callable[[F], bool]
    over: frozenset[str] | None = None
    spares: frozenset[str] = frozenset()
    told_at: frozenset[str] = frozenset()

    def is_told(self, way: Way, one: Procedure[F]) -> bool:
        """Say whether people read of it at this procedure."""
        return one.slug in self.told_at or not self.lets(way, one)

    def lets(self, way: Way, one: Procedure[F]) -> bool:
        """Say whether the procedure may still be filed in this way."""
        if one.kind is Kind.NO_OP or (self.over is not None and one.slug not in self.over):
            return True
        if way is Way.AUTOMATIC:
            return one.receiver.kind in self.spares
        return way not in CONNECTED_WAYS


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that a person can give where something has to be decided.

    With one that does not take part, what waits for the decision is not this person's to do.
    """

    slug: str
    title: Text
    takes_part: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Generic[F]):
    """What some filings wait for: that each of these persons has decided, or that a day has passed.

    `deciders` are JSON pointers into the facts. `closes` names the day (of the event's `dates`) that
    decides for those who have said nothing: once it has passed the filings go on, and `text` warns of
    it. Where that day is not known, nobody is decided for.
    """

    name: str
    text: Text
    deciders: Callable[[F], tuple[str, ...]]
    choices: tuple[Choice, ...]
    closes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """A person whose signature the case needs before anything is sent (当事者): `at` points into the facts.

    The one who opened the case signs as one of them; the others sign by themselves, each with their
    own card. `role` is a word of the life event: `applicant`, `member`, `spouse`, `witness`, `heir`.
    `fields` (by their names on the wire) and `subjects` are what tells of the person, everything where
    `fields` is None: nobody but an applicant signs where only others are told of. One who does not
    sign takes part by deciding. `address` is where the person is registered before the event, as one
    line, and `address_at` points there.
    """

    at: str
    role: str
    title: Text
    family: str
    given: str
    birth_date: date
    fields: frozenset[str] | None = None
    subjects: frozenset[str] = frozenset()
    signs: bool = True
    address: str | None = None
    address_at: str | None = None


class MisdeclaredEvent(Exception):
    """A life event contradicts itself; it is found when it is loaded, not when a citizen needs it."""


@dataclass(frozen=True, kw_only=True)
class LifeEvent(Generic[F]):
    """One life event: its facts, the fields made of them, its procedures.

    `dates` are the days that deadlines run from, the day of the event first; `dates_of` are those that
    a subject has of its own, as each heir has the day they learned of it; `redated` returns the
    facts with another day of the event. `doubts` says what is wrong with facts on the day they are
    told, which the facts alone cannot know. `date_names` are the names that `dates` may have: those
    of the facts' own members where none are given. `signatories` are all who have to sign; where there
    is none, the one who opened the case does. With the procedures in `revokes` the signing certificate
    of the one who opened the case ends (公的個人認証法12条), with those in `renews` there is a new one.
    `holder` is whose predecessors a subject waits for that
    has none of its own: an account, for the new name of who holds it. `about` are the words by which two
    people who tell of the same mean the same, so that it is told once; None where everybody tells their own.
    `deceased` is who has died, which is settled once one of `notices` is completed.

    Raises:
        MisdeclaredEvent: a slug twice, an unknown field, predecessor or date, a circle, a field that
            its receiver may not get.
    """

    slug: str
    title: Text
    facts: type[F]
    fields: tuple[FactField[F], ...]
    dates: Callable[[F], Mapping[str, date]]
    redated: Callable[[F, date], F]
    procedures: tuple[Procedure[F], ...]
    dates_of: Callable[[F, str], Mapping[str, date]] = field(default=lambda _facts, _subject: {})
    doubts: Callable[[F, date], tuple[Problem, ...]] = field(default=lambda _facts, _today: ())
    guards: tuple[Guard[F], ...] = ()
    gates: tuple[Gate[F], ...] = ()
    signatories: Callable[[F], tuple[Signatory, ...]] = field(default=lambda _: ())
    holder: Callable[[F, str], str] = field(default=lambda _facts, subject: subject)
    revokes: tuple[str, ...] = ()
    renews: tuple[str, ...] = ()
    date_names: frozenset[str] | None = None
    about: Callable[[F], str | None] = field(default=lambda _: None)
    deceased: Callable[[F], tuple[str, str, date] | None] = field(default=lambda _: None)
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def known_fields(self) -> Mapping[str, FactField[F]]:
        """The fields by their names."""
        return {one.name: one for one in self.fields}

    @cached_property
    def rules(self) -> dict[str, Any]:
        """Return the declaration as plain data: what is stored, hashed, served and reviewed."""
        return {
            "event": self.slug,
            "title": self.title.model_dump(),
            "guards": {one.name: one.text.model_dump() for one in self.guards},
            "revokes": list(self.revokes),
            "renews": list(self.renews),
            "gates": {one.name: _gate_declared(one) for one in self.gates},
            "procedures": [_declared(one, self.known_fields) for one in self.procedures],
        }

    @cached_property
    def catalogue(self) -> str:
        """Return the hash under which these rules are stored: equal rules, equal hash."""
        return hashlib.sha256(canonical(self.rules)).hexdigest()


def canonical(rules: Mapping[str, Any]) -> bytes:
    """Return rules as the bytes that are hashed: names in order, nothing between them, UTF-8."""
    return json.dumps(rules, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Connected:
    """A connected organisation that takes a procedure."""

    number: str
    name: Text


class Connections(Protocol):
    """Who takes what: an unchanging snapshot of the registry."""

    def connected(self, slug: str, sought: Sought) -> Connected | None:
        """Return the organisation that takes the procedure, None if it is not connected."""
        ...


class _Resolved(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Elsewhere(_Resolved):
    """Where the same is done already: another running case of the same owner."""

    case: UUID
    filing: UUID
    event: str


class Entry(_Resolved):
    """One procedure that applies, resolved for these facts. `fields` are personal."""

    id: UUID
    slug: str
    subject: str
    ways: tuple[Way, ...]
    receiver: Text
    area: str | None
    organisation: str | None
    after: tuple[UUID, ...]
    rides_on: UUID | None
    basis: str
    amendable: bool
    withdrawable: bool
    due: Due
    not_before: date | None
    fields: dict[str, JsonValue]
    kind: Kind = Kind.FILING
    guard: str | None = None
    gate: Gated | None = None
    closes_on: date | None = None
    signer: UUID | None = None
    elsewhere: Elsewhere | None = None

    @property
    def way(self) -> Way:
        """The way that is taken: the first that is possible."""
        return self.ways[0]


class LeftOut(_Resolved):
    """A procedure that does not apply, and the condition that these facts do not meet."""

    slug: str
    condition: Text


class Plan(_Resolved):
    """The plan (手続計画): what applies to these facts under these rules, in order.

    `signatories` are the people whose part it needs, the names of whom are personal.
    """

    event: str
    catalogue: str
    made_on: date
    event_on: date | None
    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...] = ()
    signatories: tuple[Signatory, ...] = ()

    def entry(self, filing: UUID) -> Entry:
        """Return the entry of a filing; raises KeyError."""
        for one in self.entries:
            if one.id == filing:
                return one
        raise KeyError(filing)


class Submitted(_Resolved):
    """What one attempt of a filing said, kept where the plan says something else since."""

    attempt: int
    fields: dict[str, JsonValue]
    due_on: date | None
    event_on: date | None


class Contents(_Resolved):
    """What a case keeps sealed: the facts as they were told, the plan made of them, what was said before."""

    facts: dict[str, JsonValue]
    plan: Plan
    submitted: dict[UUID, Submitted] = {}


def make_plan(
    event: LifeEvent[F],
    facts: F,
    *,
    case_id: UUID,
    connections: Connections,
    calendars: Callable[[str | None], Calendar],
    today: date,
) -> Plan:
    """Return the plan for these facts, every procedure either in it or left out with its reason.

    Raises:
        EngineError: `invalid-facts`, they cannot be so on this day; `invalid-fact-date`, a deadline
            cannot be computed from a date.
    """
    if problems := event.doubts(facts, today):
        raise EngineError("invalid-facts", problems=problems)
    day = next(iter(event.dates(facts).values()), today)
    in_force = [one for one in event.procedures if one.is_in_force(day)]
    slugs = {one.slug: one.ordered(facts) for one in in_force if one.applies.test(facts)}
    signatories = event.signatories(facts)
    making = _Making(
        event=event,
        facts=facts,
        case_id=case_id,
        applying=slugs,
        dates=event.dates(facts),
        guards=tuple(one for one in event.guards if one.holds(facts)),
        ids=_ids(slugs, facts, case_id),
        seats={one.at: participant_id(case_id, one.at) for one in signatories},
        seats_of={subject: one.at for one in signatories for subject in one.subjects},
        deciders={gate.name: gate.deciders(facts) for gate in event.gates},
    )
    entries = [
        entry
        for one in _in_order(list(slugs.values()))
        for entry in making.entries(one, connections=connections, calendars=calendars)
    ]
    left_out = [LeftOut(slug=p.slug, condition=p.applies.text) for p in in_force if p.slug not in slugs]
    return Plan(
        event=event.slug,
        catalogue=event.catalogue,
        made_on=today,
        event_on=next(iter(event.dates(facts).values()), None),
        entries=tuple(entries),
        left_out=tuple(left_out),
        signatories=signatories,
    )


def filings_of(
    plan: Plan, references: Mapping[UUID, str], now: datetime, *, reminders: Days = DAYS_BEFORE
) -> tuple[tuple[Filing, ...], tuple[FilingRules, ...]]:
    """Return the filings of a new case, and the rules that each keeps for its life.

    All wait, but for those where nothing is to do: they are there to say so.
    """
    filings = tuple(
        Filing(
            id=entry.id,
            slug=entry.slug,
            way=entry.way,
            state=FilingState.NOT_NEEDED if entry.kind is Kind.NO_OP else FilingState.WAITING,
            since=now,
            organisation=entry.organisation,
            reference=references.get(entry.id),
            due_on=entry.due.last_day,
            not_before=entry.not_before,
            closes_on=entry.closes_on,
            waits=Waits(Party.PREDECESSOR) if entry.after and entry.kind is not Kind.NO_OP else None,
        )
        for entry in plan.entries
    )
    rules = tuple(
        FilingRules(
            id=entry.id,
            slug=entry.slug,
            subject=entry.subject,
            ways=entry.ways,
            basis=entry.basis,
            after=entry.after,
            rides_on=entry.rides_on,
            amendable=entry.amendable,
            withdrawable=entry.withdrawable,
            gate=entry.gate,
            signer=entry.signer,
            remind_days=reminders[entry.due.severity],
        )
        for entry in plan.entries
    )
    return filings, rules


def concerned(plan: Plan, signatory: Signatory) -> dict[UUID, tuple[str, ...]]:
    """Return which fields each filing tells an organisation of this person: those that tell any."""
    found = {}
    for entry in plan.entries:
        if entry.organisation is None:
            continue
        is_own = entry.subject in signatory.subjects
        names = tuple(n for n in entry.fields if is_own or signatory.fields is None or n in signatory.fields)
        if names:
            found[entry.id] = names
    return found


def participants_of(plan: Plan, case_id: UUID) -> tuple[Participant, ...]:
    """Return the people of a new case.

    Nobody signs of whom nothing is told; where that leaves nobody, the one who opens it signs.
    """
    people = []
    for one in plan.signatories:
        is_asked = one.signs and (one.role == APPLICANT or bool(concerned(plan, one)))
        people.append(Participant(participant_id(case_id, one.at), one.at, one.role, is_asked))
    if not any(one.signs for one in people):
        people.append(Participant(participant_id(case_id, ""), "", APPLICANT))
    return tuple(people)


def corrected(old: Plan, new: Plan) -> tuple[Plan, dict[UUID, tuple[str, ...]]]:
    """Return the old plan with the fields and dates of the new one, and which fields changed where.

    Who receives what, and in which way, stays as it was agreed: only what is said changes.
    """
    fresh = {entry.id: entry for entry in new.entries}
    entries, changed = [], {}
    for entry in old.entries:
        other = fresh.get(entry.id)
        if other is None or entry.elsewhere is not None:
            entries.append(entry)
            continue
        names = tuple(name for name in entry.fields if entry.fields[name] != other.fields.get(name))
        days = (entry.due, entry.not_before, entry.closes_on)
        if names or days != (other.due, other.not_before, other.closes_on):
            changed[entry.id] = names
        kept = {
            "due": other.due,
            "not_before": other.not_before,
            "closes_on": other.closes_on,
            "fields": other.fields,
        }
        entries.append(entry.model_copy(update=kept))
    people = {one.at: one for one in new.signatories}
    kept_people = tuple(people.get(one.at, one) for one in old.signatories)
    update = {"event_on": new.event_on, "entries": tuple(entries), "signatories": kept_people}
    return old.model_copy(update=update), changed


def as_submitted(old: Contents, filings: Mapping[UUID, Filing]) -> dict[UUID, Submitted]:
    """Return what the present attempts have said, for contents in which the plan says something else."""
    said = {}
    for filing in filings.values():
        if filing.sequence == 0:
            continue
        known, entry = old.submitted.get(filing.id), old.plan.entry(filing.id)
        if known is None or known.attempt != filing.attempt:
            known = Submitted(
                attempt=filing.attempt,
                fields=entry.fields,
                due_on=entry.due.last_day,
                event_on=old.plan.event_on,
            )
        said[filing.id] = known
    return said


def unsaid(filing: Filing, plan: Plan, said: Mapping[UUID, Submitted]) -> tuple[str, ...]:
    """Return the fields of an amendment that could not be sent: the one that follows says them too."""
    if filing.state is not FilingState.REVISING or filing.tries == 0 or filing.id not in said:
        return ()
    before, now = said[filing.id].fields, plan.entry(filing.id).fields
    return tuple(name for name in now if now[name] != before.get(name))


Ids = Mapping[str, Mapping[str, UUID]]


def _ids(applying: Mapping[str, Procedure[F]], facts: F, case_id: UUID) -> Ids:
    """Return the filings by procedure and subject."""
    return {
        slug: {subject: filing_id(case_id, slug, subject) for subject in one.subjects(facts)}
        for slug, one in applying.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making(Generic[F]):
    """What the entries of one plan are made of."""

    event: LifeEvent[F]
    facts: F
    case_id: UUID
    applying: Mapping[str, Procedure[F]]
    dates: Mapping[str, date]
    guards: tuple[Guard[F], ...]
    ids: Ids
    seats: Mapping[str, UUID]
    seats_of: Mapping[str, str]
    deciders: Mapping[str, tuple[str, ...]]

    def entries(
        self,
        one: Procedure[F],
        *,
        connections: Connections,
        calendars: Callable[[str | None], Calendar],
    ) -> Iterator[Entry]:
        """Yield the procedure once for each subject, mostly once."""
        fields = self.event.known_fields
        for subject, filing in self.ids[one.slug].items():
            sought = one.receiver.sought(self.facts, subject)
            connected = connections.connected(one.slug, sought)
            possible = tuple(way for way in one.ways if self._is_possible(way, one, connected))
            guard = next((each for each in self.guards if each.is_told(possible[0], one)), None)
            ways = tuple(way for way in possible if all(each.lets(way, one) for each in self.guards))
            taker = connected if ways[0] in CONNECTED_WAYS else None
            dates = {**self.dates, **self.event.dates_of(self.facts, subject)}
            rule = one.deadline_for(self.facts, subject)
            answer = due(rule, dates, calendars(sought.area))
            # Made of our own rules, whose types are checked: validating each again costs a fifth of a plan.
            yield Entry.model_construct(
                id=filing,
                slug=one.slug,
                subject=subject,
                ways=ways,
                receiver=connected.name if connected else sought.name,
                area=sought.area,
                organisation=taker.number if taker else None,
                after=self._after(one, subject),
                rides_on=self._host(one, subject),
                basis=one.basis,
                amendable=one.amendable,
                withdrawable=one.withdrawable,
                due=answer,
                not_before=self._not_before(one, rule, dates, answer),
                fields={fields[n].wire_name: fields[n].read(self.facts, subject) for n in one.needs},
                kind=one.kind,
                guard=guard.name if guard else None,
                gate=self._gate(one, subject),
                closes_on=self._closes_on(one),
                signer=self._signer(subject) if Way.SIGNED in ways else None,
            )

    def _closes_on(self, one: Procedure[F]) -> date | None:
        gate = next((each for each in self.event.gates if each.name == one.gate), None)
        return self.dates.get(gate.closes) if gate and self.deciders[gate.name] else None

    def _signer(self, subject: str) -> UUID | None:
        """Return whose signature a filing about this subject needs; None where the applicant's will do."""
        at = self.seats_of.get(subject)
        return self.seats[at] if at is not None else None

    def _gate(self, one: Procedure[F], subject: str) -> Gated | None:
        """Return who has to decide before the procedure, and by when; None where nobody has to."""
        gate = next((each for each in self.event.gates if each.name == one.gate), None)
        deciders = self.deciders[gate.name] if gate else ()
        if gate is None or not deciders:
            return None
        if strange := set(deciders) - self.seats.keys():
            raise MisdeclaredEvent(f"{gate.name}: nobody is at {sorted(strange)}")
        return Gated(
            gate.name,
            tuple(self.seats[at] for at in deciders),
            tuple(choice.slug for choice in gate.choices if not choice.takes_part),
            self.seats[subject] if subject in deciders else None,
        )

    def _after(self, one: Procedure[F], subject: str) -> tuple[UUID, ...]:
        """Return what has to be completed first."""
        if one.at_once(self.facts, subject):
            return ()
        return tuple(each for slug in one.after for each in self._filings(slug, subject))

    @staticmethod
    def _not_before(one: Procedure[F], rule: Rule, dates: Mapping[str, date], answer: Due) -> date | None:
        """Return the day before which it is not sent: the fact's, or that of a window or a wait."""
        if one.opens:
            return dates[one.opens]
        return answer.first_day if isinstance(rule, Window | NotBefore) else None

    def _host(self, one: Procedure[F], subject: str) -> UUID | None:
        """Return the filing that carries this one."""
        filings = (each for slug in one.hosts for each in self._filings(slug, subject))
        return next(filings, None)

    def _is_possible(self, way: Way, one: Procedure[F], connected: Connected | None) -> bool:
        if way is Way.AUTOMATIC:
            return not one.hosts or any(slug in self.applying for slug in one.hosts)
        return connected is not None or way not in CONNECTED_WAYS

    def _filings(self, slug: str, subject: str) -> tuple[UUID, ...]:
        """Return the filings of a procedure: the subject's own if it has one, its holder's, else all.

        What does not apply has none, and holds nobody up.
        """
        filings = self.ids.get(slug, {})
        for own in (subject, self.event.holder(self.facts, subject)):
            if own in filings:
                return (filings[own],)
        return tuple(filings.values())


def _in_order(procedures: list[Procedure[F]]) -> list[Procedure[F]]:
    """Return the procedures with every predecessor before its successors, else as declared."""
    placed: dict[str, Procedure[F]] = {}
    waiting = list(procedures)
    slugs = {one.slug for one in procedures}
    while waiting:
        for one in waiting:
            before = {*one.after, *one.hosts} & slugs
            if before <= placed.keys():
                placed[one.slug] = one
                waiting.remove(one)
                break
        else:
            raise MisdeclaredEvent(f"these wait for each other: {[one.slug for one in waiting]}")
    return list(placed.values())


def _check(event: LifeEvent[F]) -> None:
    slugs = [one.slug for one in event.procedures]
    if len(set(slugs)) != len(slugs):
        raise MisdeclaredEvent(f"{event.slug}: a slug is there twice")
    if len(event.known_fields) != len(event.fields):
        raise MisdeclaredEvent(f"{event.slug}: a field is there twice")
    for name in event.known_fields:
        if any(never in name.lower() for never in _NEVER_TOLD):
            raise MisdeclaredEvent(f"{event.slug}: nobody is told {name}")
    for one in event.procedures:
        _check_needs(one, event.known_fields)
        _check_order(one, frozenset(slugs))
        _check_dates(one, event)
    _check_guards(event)
    _check_gates(event)
    _in_order(list(event.procedures))


def _check_needs(one: Procedure[F], fields: Mapping[str, FactField[F]]) -> None:
    if strange := set(one.needs) - fields.keys():
        raise MisdeclaredEvent(f"{one.slug}: unknown fields {sorted(strange)}")
    if len({fields[name].wire_name for name in one.needs}) != len(one.needs):
        raise MisdeclaredEvent(f"{one.slug}: two fields would be told under one name")
    for name in one.needs:
        allowed = fields[name].only_for
        if allowed is not None and one.receiver.kind not in allowed:
            raise MisdeclaredEvent(f"{one.slug}: {one.receiver.kind} may not get {name}")


def _check_order(one: Procedure[F], slugs: frozenset[str]) -> None:
    if strange := {*one.after, *one.hosts} - slugs:
        raise MisdeclaredEvent(f"{one.slug}: unknown procedures {sorted(strange)}")
    if not one.ways or one.ways[-1] in CONNECTED_WAYS or (one.ways[-1] is Way.AUTOMATIC and one.hosts):
        raise MisdeclaredEvent(f"{one.slug}: its last way must be possible for everybody")
    if one.kind is Kind.NO_OP and (one.needs or one.ways != (Way.AUTOMATIC,)):
        raise MisdeclaredEvent(f"{one.slug}: where nothing is to do, nobody is told anything")
    if one.receiver.find is None and one.receiver.each is None:
        raise MisdeclaredEvent(f"{one.slug}: its receiver cannot be found")


def _check_dates(one: Procedure[F], event: LifeEvent[F]) -> None:
    known = event.date_names
    if known is None:
        known = frozenset({*event.facts.model_fields, *(name for name in dir(event.facts) if name[0] != "_")})
    rules = (one.deadline, *(each.deadline for each in one.instead))
    named = {*(day for rule in rules for day in _days_of(rule)), *((one.opens,) if one.opens else ())}
    if strange := named - known:
        raise MisdeclaredEvent(f"{one.slug}: unknown dates {sorted(strange)}")


def _days_of(rule: Rule) -> Iterator[str]:
    match rule:
        case EarliestOf():
            for each in rule.rules:
                yield from _days_of(each)
        case Soft() | Anytime():
            return
        case Within(not_before=day) if day is not None:
            yield from (rule.of.name, day.name)
        case _:
            yield rule.of.name


def _check_gates(event: LifeEvent[F]) -> None:
    names = {gate.name for gate in event.gates}
    if len(names) != len(event.gates):
        raise MisdeclaredEvent(f"{event.slug}: a gate has no name of its own")
    for one in event.procedures:
        if one.gate is not None and one.gate not in names:
            raise MisdeclaredEvent(f"{one.slug}: unknown gate {one.gate}")


def _check_guards(event: LifeEvent[F]) -> None:
    names = [guard.name for guard in event.guards]
    if not all(names) or len(set(names)) != len(names):
        raise MisdeclaredEvent(f"{event.slug}: a guard has no name of its own")
    for guard in event.guards:
        for one in event.procedures:
            if not guard.lets(one.ways[-1], one):
                raise MisdeclaredEvent(f"{guard.name}: it leaves no way for {one.slug}")


_RULE: Final[TypeAdapter[Rule]] = TypeAdapter(Rule)


def _gate_declared(gate: Gate[F]) -> dict[str, Any]:
    choices = {one.slug: {**one.title.model_dump(), "takesPart": one.takes_part} for one in gate.choices}
    return {"text": gate.text.model_dump(), "closes": gate.closes, "choices": choices}


def _declared(one: Procedure[F], fields: Mapping[str, FactField[F]]) -> dict[str, Any]:
    def words(text: Text | None) -> dict[str, str] | None:
        return text.model_dump() if text else None

    return {
        "slug": one.slug,
        "title": one.title.model_dump(),
        "kind": one.kind.value,
        "receiver": one.receiver.kind,
        "ways": [way.value for way in one.ways],
        "needs": {fields[name].wire_name: fields[name].label.model_dump() for name in one.needs},
        "applies": one.applies.text.model_dump(),
        "deadline": _RULE.dump_python(one.deadline, mode="json", by_alias=True),
        "instead": [
            {
                "if": each.text.model_dump(),
                "deadline": _RULE.dump_python(each.deadline, mode="json", by_alias=True),
            }
            for each in one.instead
        ],
        "basis": one.basis,
        "inForce": one.in_force.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "grade": one.grade.value,
        "after": list(one.after),
        "ridesOn": list(one.hosts),
        "opens": one.opens,
        "gate": one.gate,
        "amendable": one.amendable,
        "withdrawable": one.withdrawable,
        "who": words(one.who),
        "bring": [text.model_dump() for text in one.bring],
        "steps": [text.model_dump() for text in one.steps],
        "ifLate": words(one.if_late),
        "documents": list(one.documents),
        "sameAs": list(one.same_as),
        "myNumber": words(one.my_number),
    }
