# SPDX-License-Identifier: Apache-2.0
"""Which procedures apply to these facts: the declaration of a life event, and the plan made of it.

A life event (ライフイベント) is data with small pure functions: `workflows/` writes it, this file
applies it. What a case needs later is resolved here and copied into it, so that a case ends under
the rules of the day it was opened.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter
from pydantic.alias_generators import to_camel

from engine.core.calendars import Calendar
from engine.core.case import Filing, FilingRules, Party, Waits, filing_id
from engine.core.deadline_rules import Due, Rule, Window
from engine.core.deadlines import due
from engine.core.errors import EngineError, Problem
from engine.core.lifecycle import FilingState, Way
from engine.core.text import Text

F = TypeVar("F", bound=BaseModel)

# Ways on which an organisation has to be connected.
CONNECTED_WAYS: Final = frozenset({Way.ONLINE, Way.SIGNED})


class Grade(Enum):
    """How sure the rule is: read in the law, taken from practice, or still to be checked."""

    SURE = "sure"
    LIKELY = "likely"
    CHECK = "check"


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
    """A kind of receiver (`MUNI-OLD`, `PRIV-ELEC`), and who that is for these facts."""

    kind: str
    find: Callable[[F], Sought]


@dataclass(frozen=True, slots=True)
class FactField(Generic[F]):
    """One field that may be told to an organisation, and where it comes from.

    `told_as` is its name on the wire where that differs: a customer number is each company's own.
    """

    name: str
    label: Text
    read: Callable[[F, str], JsonValue]
    told_as: str | None = None

    @property
    def wire_name(self) -> str:
        """The name under which an organisation is told it."""
        return self.told_as or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Generic[F]):
    """One entry of a life event (手続): all that the law or a contract says about it.

    `needs` names exactly the fields that its receiver is told. `ways` are tried in order: the
    first that is possible wins. `after` are the procedures that must be completed first;
    `rides_on` is the one whose filing carries this one with it. `opens` names the fact before
    which it cannot be done. `my_number` says who supplies the number where the receiver needs it:
    never Todoke.
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
    after: tuple[str, ...] = ()
    rides_on: str | None = None
    opens: str | None = None
    amendable: bool = True
    withdrawable: bool = True
    who: Text | None = None
    bring: tuple[Text, ...] = ()
    steps: tuple[Text, ...] = ()
    if_late: Text | None = None
    documents: tuple[str, ...] = ()
    my_number: Text | None = None
    subjects: Callable[[F], tuple[str, ...]] = field(default=lambda _: ("",))


class MisdeclaredEvent(Exception):
    """A life event contradicts itself; it is found when it is loaded, not when a citizen needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeEvent(Generic[F]):
    """One life event: its facts, the fields made of them, its procedures.

    `dates` are the days that deadlines run from, the day of the event first; `redated` returns the
    facts with another day of the event. `doubts` says what is wrong with facts on the day they are
    told, which the facts alone cannot know.

    Raises:
        MisdeclaredEvent: a slug twice, an unknown field or predecessor, a circle.
    """

    slug: str
    title: Text
    facts: type[F]
    fields: tuple[FactField[F], ...]
    dates: Callable[[F], Mapping[str, date]]
    redated: Callable[[F, date], F]
    procedures: tuple[Procedure[F], ...]
    doubts: Callable[[F, date], tuple[Problem, ...]] = field(default=lambda _facts, _today: ())

    def __post_init__(self) -> None:
        _check(self)

    @property
    def rules(self) -> dict[str, Any]:
        """Return the declaration as plain data: what is stored, hashed, served and reviewed."""
        return {
            "event": self.slug,
            "title": self.title.model_dump(),
            "procedures": [_declared(one, {f.name: f for f in self.fields}) for one in self.procedures],
        }

    @property
    def catalogue(self) -> str:
        """Return the hash under which these rules are stored: equal rules, equal hash."""
        text = json.dumps(self.rules, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


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

    @property
    def way(self) -> Way:
        """The way that is taken: the first that is possible."""
        return self.ways[0]


class LeftOut(_Resolved):
    """A procedure that does not apply, and the condition that these facts do not meet."""

    slug: str
    condition: Text


class Plan(_Resolved):
    """The plan (手続計画): what applies to these facts under these rules, in order."""

    event: str
    catalogue: str
    made_on: date
    event_on: date | None
    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...] = ()

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
    in_force = [one for one in event.procedures if one.in_force <= today]
    slugs = {one.slug: one for one in in_force if one.applies.test(facts)}
    making = _Making(event, facts, case_id, slugs, event.dates(facts))
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
    )


def filings_of(
    plan: Plan, references: Mapping[UUID, str], now: datetime
) -> tuple[tuple[Filing, ...], tuple[FilingRules, ...]]:
    """Return the filings of a new case, all waiting, and the rules that each keeps for its life."""
    filings = tuple(
        Filing(
            id=entry.id,
            slug=entry.slug,
            way=entry.way,
            state=FilingState.WAITING,
            since=now,
            organisation=entry.organisation,
            reference=references.get(entry.id),
            due_on=entry.due.last_day,
            not_before=entry.not_before,
            waits=Waits(Party.PREDECESSOR) if entry.after else None,
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
        )
        for entry in plan.entries
    )
    return filings, rules


def corrected(old: Plan, new: Plan) -> tuple[Plan, dict[UUID, tuple[str, ...]]]:
    """Return the old plan with the fields and dates of the new one, and which fields changed where.

    Who receives what, and in which way, stays as it was agreed: only what is said changes.
    """
    fresh = {entry.id: entry for entry in new.entries}
    entries, changed = [], {}
    for entry in old.entries:
        other = fresh.get(entry.id)
        if other is None:
            entries.append(entry)
            continue
        names = tuple(name for name in entry.fields if entry.fields[name] != other.fields.get(name))
        if names or (entry.due, entry.not_before) != (other.due, other.not_before):
            changed[entry.id] = names
        kept = {"due": other.due, "not_before": other.not_before, "fields": other.fields}
        entries.append(entry.model_copy(update=kept))
    return old.model_copy(update={"event_on": new.event_on, "entries": tuple(entries)}), changed


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


@dataclass(frozen=True, slots=True)
class _Making(Generic[F]):
    """What the entries of one plan are made of."""

    event: LifeEvent[F]
    facts: F
    case_id: UUID
    applying: Mapping[str, Procedure[F]]
    dates: Mapping[str, date]

    def entries(
        self,
        one: Procedure[F],
        *,
        connections: Connections,
        calendars: Callable[[str | None], Calendar],
    ) -> Iterator[Entry]:
        """Yield the procedure once for each person it is about, mostly once."""
        sought = one.receiver.find(self.facts)
        connected = connections.connected(one.slug, sought)
        ways = tuple(way for way in one.ways if self._is_possible(way, one, connected))
        taker = connected if ways[0] in CONNECTED_WAYS else None
        fields = {known.name: known for known in self.event.fields}
        answer = due(one.deadline, self.dates, calendars(sought.area))
        for subject in one.subjects(self.facts):
            yield Entry(
                id=filing_id(self.case_id, one.slug, subject),
                slug=one.slug,
                subject=subject,
                ways=ways,
                receiver=connected.name if connected else sought.name,
                area=sought.area,
                organisation=taker.number if taker else None,
                after=self._filings(one.after),
                rides_on=self._host(one, subject),
                basis=one.basis,
                amendable=one.amendable,
                withdrawable=one.withdrawable,
                due=answer,
                not_before=self._not_before(one, answer),
                fields={fields[n].wire_name: fields[n].read(self.facts, subject) for n in one.needs},
            )

    def _not_before(self, one: Procedure[F], answer: Due) -> date | None:
        """Return the day before which it is not sent: the fact's, or that on which a window opens."""
        if one.opens:
            return self.dates[one.opens]
        return answer.first_day if isinstance(one.deadline, Window) else None

    def _host(self, one: Procedure[F], subject: str) -> UUID | None:
        """Return the filing that carries this one: the same person's if there is one for each."""
        hosts = self._filings((one.rides_on,)) if one.rides_on else ()
        own = filing_id(self.case_id, one.rides_on or one.slug, subject)
        return own if own in hosts else next(iter(hosts), None)

    def _is_possible(self, way: Way, one: Procedure[F], connected: Connected | None) -> bool:
        if way is Way.AUTOMATIC:
            return one.rides_on is None or one.rides_on in self.applying
        return connected is not None or way not in CONNECTED_WAYS

    def _filings(self, slugs: tuple[str, ...]) -> tuple[UUID, ...]:
        """Return the filings of those procedures that apply: what does not apply holds nobody up."""
        return tuple(
            filing_id(self.case_id, slug, subject)
            for slug in slugs
            if slug in self.applying
            for subject in self.applying[slug].subjects(self.facts)
        )


def _in_order(procedures: list[Procedure[F]]) -> list[Procedure[F]]:
    """Return the procedures with every predecessor before its successors, else as declared."""
    placed: dict[str, Procedure[F]] = {}
    waiting = list(procedures)
    slugs = {one.slug for one in procedures}
    while waiting:
        for one in waiting:
            before = {*one.after, *((one.rides_on,) if one.rides_on else ())} & slugs
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
    fields = {one.name: one for one in event.fields}
    if len(fields) != len(event.fields):
        raise MisdeclaredEvent(f"{event.slug}: a field is there twice")
    for one in event.procedures:
        if strange := set(one.needs) - fields.keys():
            raise MisdeclaredEvent(f"{one.slug}: unknown fields {sorted(strange)}")
        if len({fields[name].wire_name for name in one.needs}) != len(one.needs):
            raise MisdeclaredEvent(f"{one.slug}: two fields would be told under one name")
        before = {*one.after, *((one.rides_on,) if one.rides_on else ())}
        if strange := before - set(slugs):
            raise MisdeclaredEvent(f"{one.slug}: unknown procedures {sorted(strange)}")
        if not one.ways or one.ways[-1] in CONNECTED_WAYS or (one.ways[-1] is Way.AUTOMATIC and one.rides_on):
            raise MisdeclaredEvent(f"{one.slug}: its last way must be possible for everybody")
    _in_order(list(event.procedures))


_RULE: Final[TypeAdapter[Rule]] = TypeAdapter(Rule)


def _declared(one: Procedure[F], fields: Mapping[str, FactField[F]]) -> dict[str, Any]:
    def words(text: Text | None) -> dict[str, str] | None:
        return text.model_dump() if text else None

    return {
        "slug": one.slug,
        "title": one.title.model_dump(),
        "receiver": one.receiver.kind,
        "ways": [way.value for way in one.ways],
        "needs": {fields[name].wire_name: fields[name].label.model_dump() for name in one.needs},
        "applies": one.applies.text.model_dump(),
        "deadline": _RULE.dump_python(one.deadline, mode="json", by_alias=True),
        "basis": one.basis,
        "inForce": one.in_force.isoformat(),
        "grade": one.grade.value,
        "after": list(one.after),
        "ridesOn": one.rides_on,
        "opens": one.opens,
        "amendable": one.amendable,
        "withdrawable": one.withdrawable,
        "who": words(one.who),
        "bring": [text.model_dump() for text in one.bring],
        "steps": [text.model_dump() for text in one.steps],
        "ifLate": words(one.if_late),
        "documents": list(one.documents),
        "myNumber": words(one.my_number),
    }
