# SPDX-License-Identifier: Apache-2.0
"""Why a procedure is in a plan or not: rule, version, inputs, law, in plain words of both languages.

Pure: the declaration, the facts and the plan made of them in, an explanation out. It holds for every
life event, and for what is left out or held back as well as for what applies.
"""

from collections.abc import Callable, Iterator
from datetime import date
from enum import Enum
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from engine.core.deadline_rules import Anytime, EarliestOf, FactDay, Rule, Soft, Within
from engine.core.deadline_words import day_in_words, joined
from engine.core.declaration import CONNECTED_WAYS, Procedure
from engine.core.errors import Code, EngineError, register
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import Way
from engine.core.periods import tokyo_date
from engine.core.plan import Entry, Plan
from engine.core.text import Text
from engine.core.views import EntryView, PlanView, View
from engine.core.words import GRADES, WAYS

F = TypeVar("F", bound=BaseModel)

register(
    {
        "no-such-procedure": Code(
            404, "このライフイベントに、その手続はありません", "The life event has no such procedure"
        ),
        "no-such-subject": Code(
            404, "その手続は、その対象にはありません", "The procedure is not about that subject"
        ),
    }
)


class Citation(View):
    """A law that a basis cites; `law_id` and `url` are of e-Gov, where they are sure."""

    name: str
    law_id: str | None = None
    url: str | None = None


Cited = Callable[[str], tuple[Citation, ...]]


def no_citations(_: str) -> tuple[Citation, ...]:
    """Return nothing: for events whose laws nobody has listed."""
    return ()


class Outcome(Enum):
    """What became of a procedure under these facts."""

    APPLIES = "applies"
    GUARDED = "guarded"  # it applies, and something keeps it from being sent
    LEFT_OUT = "left-out"  # its condition is not met
    NOT_IN_FORCE = "not-in-force"  # the rule is not the law on the day of the event


class RuleVersion(View):
    """Which rule was applied: the catalogue's hash, its days in force, how sure it is."""

    catalogue: str
    in_force: date
    until: date | None
    grade: str
    grade_text: Text


class DayInput(View):
    """A day that the deadline runs from; None where it is not known yet."""

    name: str
    label: Text
    day: date | None


class WayExplained(View):
    """One way of filing that the rule allows, whether it is open here, and why not."""

    way: Way
    text: Text
    is_open: bool
    why_not: Text | None = None


class Reference(View):
    """Another entry of the plan."""

    id: UUID
    slug: str
    subject: str
    title: Text


class Explanation(View):
    """Why one procedure is in the plan for one subject, or why it is not there at all.

    `guard` is what keeps it from being sent, `gate` the decision that it waits for.
    """

    slug: str
    subject: str | None
    title: Text
    outcome: Outcome
    text: Text
    condition: Text
    rule: RuleVersion
    basis: str
    citations: tuple[Citation, ...]
    days: tuple[DayInput, ...]
    ways: tuple[WayExplained, ...]
    after: tuple[Reference, ...]
    rides_on: Reference | None
    guard: str | None
    guard_text: Text | None
    gate: str | None
    gate_text: Text | None
    entry: EntryView | None


class Explanations(View):
    """The explanations of one procedure, one for each subject it is about."""

    event: str
    made_on: date
    explanations: tuple[Explanation, ...]


_APPLIES: Final = Text(ja="今回の内容はこの条件に当てはまります。", en="These facts meet it.")
_LEFT_OUT: Final = Text(
    ja="今回の内容はこの条件に当てはまらないため、必要ありません。",
    en="These facts do not meet it, so nothing is to be done.",
)
_NOT_CONNECTED: Final = Text(ja="提出先がまだ接続していません。", en="The receiver is not connected yet.")
_NO_HOST: Final = Text(
    ja="一緒に処理する手続が今回はありません。", en="The procedure that would carry it does not apply."
)


def explain(
    event: LifeEvent[F],
    facts: F,
    plan: Plan,
    *,
    view: PlanView,
    slug: str,
    subject: str | None = None,
    cited: Cited = no_citations,
) -> Explanations:
    """Return why the procedure is in this plan or not; of one subject where one is named.

    Raises:
        EngineError: `no-such-procedure`, `no-such-subject`.
    """
    one = next((each for each in event.procedures if each.slug == slug), None)
    if one is None:
        raise EngineError("no-such-procedure")
    explaining = _Explaining(event, facts, plan, view, cited)
    entries = [each for each in plan.entries if each.slug == slug]
    if not entries:
        found: tuple[Explanation, ...] = (explaining.absent(one),)
    else:
        found = tuple(explaining.present(one, each) for each in entries if subject in {None, each.subject})
    if not found or (subject and not entries):
        raise EngineError("no-such-subject")
    return Explanations(event=event.slug, made_on=plan.made_on, explanations=found)


class _Explaining:
    def __init__(
        self, event: LifeEvent[Any], facts: BaseModel, plan: Plan, view: PlanView, cited: Cited
    ) -> None:
        self._event = event
        self._facts = facts
        self._plan = plan
        self._entries = {one.id: one for one in view.entries}
        self._cited = cited

    def absent(self, one: Procedure[Any]) -> Explanation:
        """Return why the procedure is not in the plan."""
        day = self._plan.event_on or self._plan.made_on
        if one.is_in_force(day):
            return self._made(one, Outcome.LEFT_OUT, (_condition(one), _LEFT_OUT, _basis(one.basis)))
        return self._made(one, Outcome.NOT_IN_FORCE, (_not_in_force(one, day), _basis(one.basis)))

    def present(self, one: Procedure[Any], entry: Entry) -> Explanation:
        """Return why the procedure is in the plan, and what follows for it."""
        view = self._entries[entry.id]
        after = tuple(self._reference(each) for each in entry.after)
        host = self._reference(entry.rides_on) if entry.rides_on else None
        words = (
            _condition(one),
            _APPLIES,
            _basis(one.basis),
            Text(ja=f"提出先は{view.receiver.ja}です。", en=f"It goes to {view.receiver.en}."),
            _way(entry.way),
            view.deadline.why,
            _order(after),
            _sentence(self._gate(one)),
            _sentence(view.guard_text),
        )
        outcome = Outcome.GUARDED if entry.guard else Outcome.APPLIES
        return self._made(one, outcome, words, entry=view, after=after, rides_on=host)

    def _made(
        self,
        one: Procedure[Any],
        outcome: Outcome,
        words: tuple[Text | None, ...],
        *,
        entry: EntryView | None = None,
        after: tuple[Reference, ...] = (),
        rides_on: Reference | None = None,
    ) -> Explanation:
        return Explanation(
            slug=one.slug,
            subject=entry.subject if entry else None,
            title=one.title,
            outcome=outcome,
            text=joined(*words),
            condition=one.applies.text,
            rule=RuleVersion(
                catalogue=self._plan.catalogue,
                in_force=one.in_force,
                until=one.until,
                grade=one.grade.value,
                grade_text=GRADES[one.grade],
            ),
            basis=one.basis,
            citations=self._cited(one.basis),
            days=tuple(self._days(one, entry)),
            ways=tuple(self._way(way, one, entry) for way in one.ways),
            after=after,
            rides_on=rides_on,
            guard=entry.guard if entry else None,
            guard_text=entry.guard_text if entry else None,
            gate=one.gate,
            gate_text=self._gate(one),
            entry=entry,
        )

    def _days(self, one: Procedure[Any], entry: EntryView | None) -> Iterator[DayInput]:
        rule, known = one.deadline, dict(self._event.dates(self._facts))
        if entry:
            rule = one.deadline_for(self._facts, entry.subject)
            known |= self._event.dates_of(self._facts, entry.subject)
        for of in dict.fromkeys(fact_days(rule)):
            day = known.get(of.name)
            yield DayInput(name=of.name, label=of.text, day=tokyo_date(day) if day else None)

    def _way(self, way: Way, one: Procedure[Any], entry: EntryView | None) -> WayExplained:
        is_open = entry is not None and way in entry.ways
        return WayExplained(
            way=way,
            text=WAYS[way],
            is_open=is_open,
            why_not=None if is_open or entry is None else _why_not(way, one, entry),
        )

    def _gate(self, one: Procedure[Any]) -> Text | None:
        return next((gate.text for gate in self._event.gates if gate.name == one.gate), None)

    def _reference(self, filing: UUID) -> Reference:
        one = self._entries[filing]
        return Reference(id=one.id, slug=one.slug, subject=one.subject, title=one.title)


def fact_days(rule: Rule) -> Iterator[FactDay]:
    """Yield the facts whose days a rule reads."""
    match rule:
        case EarliestOf():
            for each in rule.rules:
                yield from fact_days(each)
        case Soft() | Anytime():
            return
        case Within(not_before=FactDay() as first):
            yield from (rule.of, first)
        case _:
            yield rule.of


def _condition(one: Procedure[Any]) -> Text:
    return Text(
        ja=f"「{one.title.ja}」の条件：{one.applies.text.ja}。",
        en=f"“{one.title.en}” applies when: {one.applies.text.en}.",
    )


def _sentence(words: Text | None) -> Text | None:
    return Text(ja=f"{words.ja}。", en=f"{words.en}.") if words else None


def _basis(basis: str) -> Text:
    return Text(ja=f"根拠は{basis}です。", en=f"It rests on {basis}.")


def _not_in_force(one: Procedure[Any], day: date) -> Text:
    words, begins = day_in_words(day), day_in_words(one.in_force)
    if day < one.in_force:
        return Text(
            ja=f"この決まりは{begins.ja}から始まるため、{words.ja}の出来事には当てはまりません。",
            en=f"The rule begins on {begins.en} and is not for an event of {words.en}.",
        )
    return Text(
        ja=f"この決まりはすでに終わっているため、{words.ja}の出来事には当てはまりません。",
        en=f"The rule has ended and is not for an event of {words.en}.",
    )


def _way(way: Way) -> Text:
    return Text(ja=f"方法は{WAYS[way].ja}です。", en=f"The way: {WAYS[way].en}.")


def _order(after: tuple[Reference, ...]) -> Text | None:
    if not after:
        return None
    titles = {one.slug: one.title for one in after}.values()
    return Text(
        ja=f"先に{'・'.join(one.ja for one in titles)}が終わる必要があります。",
        en=f"It comes after: {', '.join(one.en for one in titles)}.",
    )


def _why_not(way: Way, one: Procedure[Any], entry: EntryView) -> Text | None:
    if way is Way.AUTOMATIC and one.hosts and entry.rides_on is None:
        return _NO_HOST
    if way in CONNECTED_WAYS and entry.organisation is None and entry.guard is None:
        return _NOT_CONNECTED
    return entry.guard_text
