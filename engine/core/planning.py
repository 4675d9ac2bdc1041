# SPDX-License-Identifier: Apache-2.0
"""Which procedures apply to these facts: the plan (手続計画) is made, under the rules of the day."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, JsonValue

from engine.core.calendars import Calendar
from engine.core.case import Gated, filing_id, participant_id
from engine.core.deadline_rules import Due, NotBefore, Rule, Window
from engine.core.deadlines import due
from engine.core.declaration import CONNECTED_WAYS, Guard, MisdeclaredEvent, Procedure, Sought
from engine.core.errors import EngineError
from engine.core.life_event import LifeEvent, in_order
from engine.core.lifecycle import Way
from engine.core.plan import Entry, LeftOut, Plan
from engine.core.standing import Standing
from engine.core.text import Text

F = TypeVar("F", bound=BaseModel)

Ids = Mapping[str, Mapping[str, UUID]]


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


def make_plan(
    event: LifeEvent[F],
    facts: F,
    *,
    case_id: UUID,
    connections: Connections,
    calendars: Callable[[str | None], Calendar],
    today: date,
    standing: Standing = Standing.OWN,
) -> Plan:
    """Return the plan for these facts, every procedure either in it or left out with its reason.

    `standing` says who tells them: what the person would have to sign, nobody signs who only assists.

    Raises:
        EngineError: `invalid-facts`, they cannot be so on this day; `invalid-fact-date`, a deadline
            cannot be computed from a date.
    """
    if problems := standing.left(event.doubts(facts, today)):
        raise EngineError("invalid-facts", problems=problems)
    dates = event.dates(facts)
    event_on = next(iter(dates.values()), None)
    day = event_on or today
    in_force = [one for one in event.procedures if one.is_in_force(day)]
    slugs = {one.slug: one.ordered(facts) for one in in_force if one.applies.test(facts)}
    signatories = event.signatories(facts)
    making = _Making(
        event=event,
        facts=facts,
        case_id=case_id,
        applying=slugs,
        dates=dates,
        guards=tuple(one for one in event.guards if one.holds(facts)),
        ids=_ids(slugs, facts, case_id),
        seats={one.at: participant_id(case_id, one.at) for one in signatories},
        seats_of={subject: one.at for one in signatories for subject in one.subjects},
        deciders={gate.name: gate.deciders(facts) for gate in event.gates},
        standing=standing,
    )
    entries = [
        entry
        for one in in_order(list(slugs.values()))
        for entry in making.entries(one, connections=connections, calendars=calendars)
    ]
    left_out = [LeftOut(slug=p.slug, condition=p.applies.text) for p in in_force if p.slug not in slugs]
    return Plan(
        event=event.slug,
        catalogue=event.catalogue,
        made_on=today,
        event_on=event_on,
        entries=tuple(entries),
        left_out=tuple(left_out),
        signatories=signatories,
    )


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
    standing: Standing
    values: dict[tuple[str, str], JsonValue] = field(default_factory=dict)  # read once, told to many

    def entries(
        self,
        one: Procedure[F],
        *,
        connections: Connections,
        calendars: Callable[[str | None], Calendar],
    ) -> Iterator[Entry]:
        """Yield the procedure once for each subject, mostly once."""
        for subject, filing in self.ids[one.slug].items():
            sought = one.receiver.sought(self.facts, subject)
            connected = connections.connected(one.slug, sought)
            connecting = tuple(way for way in one.ways if self._is_possible(way, one, connected))
            possible = tuple(way for way in connecting if self.standing.allows(way))
            guard = next((each for each in self.guards if each.is_told(possible[0], one)), None)
            ways = tuple(way for way in possible if all(each.lets(way, one) for each in self.guards))
            taker = connected if ways[0] in CONNECTED_WAYS else None
            dates = {**self.dates, **self.event.dates_of(self.facts, subject)}
            rule = one.deadline_for(self.facts, subject)
            answer = due(rule, dates, calendars(sought.area))
            yield Entry.made(
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
                fields=dict(self._told(name, subject) for name in one.needs),
                kind=one.kind,
                guard=guard.name if guard else None,
                gate=self._gate(one, subject),
                closes_on=self._closes_on(one),
                signer=self._signer(subject) if Way.SIGNED in ways else None,
                unsigned=possible[0] is not connecting[0],
            )

    def _told(self, name: str, subject: str) -> tuple[str, JsonValue]:
        """Return a field of the subject as the receiver gets it: how it is called, and its value."""
        known = self.event.known_fields[name]
        if (name, subject) not in self.values:
            self.values[name, subject] = known.read(self.facts, subject)
        return known.wire_name, self.values[name, subject]

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
