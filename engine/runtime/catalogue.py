# SPDX-License-Identifier: Apache-2.0
"""The life events on offer, and the rules of every case that was ever opened, by their hash."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError

from engine.border.examples import ProcedureExamples, procedure_examples
from engine.border.wire import pointer
from engine.core.calendars import Calendar
from engine.core.declaration import Procedure, Sought
from engine.core.errors import Code, EngineError, Problem, register
from engine.core.explain import Cited, Explanations, explain, no_citations
from engine.core.life_event import LifeEvent
from engine.core.plan import Contents, Plan
from engine.core.planning import Connected, make_plan
from engine.core.standing import Standing
from engine.core.views import LifeEventView, plan_view
from engine.ports import Store
from engine.registry.directory import Directory

AnyEvent = LifeEvent[Any]

register(
    {
        "no-such-life-event": Code(404, "そのライフイベントはありません", "There is no such life event"),
        "no-such-catalogue": Code(404, "その版の規則はありません", "There are no rules under this hash"),
        "unknown-catalogue": Code(500, "規則の版が見つかりません", "The rules of this case are not there"),
    }
)


class RegistryConnections:
    """Who takes what, as one snapshot of the registry has it."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def connected(self, slug: str, sought: Sought) -> Connected | None:
        """Return the organisation that takes the procedure, None if it is not connected."""
        takers = self._directory.receivers(slug, sought.area)
        if sought.number is not None:
            takers = tuple(one for one in takers if one.number == sought.number)
        elif sought.is_chosen:
            return None
        return Connected(takers[0].number, takers[0].name) if takers else None


Contradictions = Callable[[Mapping[str, JsonValue]], tuple[Problem, ...]]
"""What facts say of places that the tables know otherwise, each with its pointer."""


def no_contradictions(facts: Mapping[str, JsonValue]) -> tuple[Problem, ...]:
    """Find nothing: for an engine without tables."""
    del facts
    return ()


class Catalogue:
    """Makes plans by the rules of today, and finds the rules of every earlier day."""

    def __init__(
        self,
        events: Sequence[AnyEvent],
        *,
        store: Store,
        calendars: Callable[[str | None], Calendar],
        cited: Cited = no_citations,
        contradictions: Contradictions = no_contradictions,
    ) -> None:
        self._events = {event.slug: event for event in events}
        self._store = store
        self._calendars = calendars
        self._cited = cited
        self._contradictions = contradictions
        self._rules: dict[str, Mapping[str, Any]] = {event.catalogue: event.rules for event in events}
        self._views = [_view(event) for event in events]

    async def keep(self) -> None:
        """Keep today's rules where every case that will be opened under them finds them."""
        for sha256, rules in list(self._rules.items()):
            await self._store.keep_catalogue(sha256, rules)

    def life_events(self) -> list[LifeEventView]:
        """Return the life events on offer."""
        return self._views

    def event(self, slug: str) -> AnyEvent:
        """Return a life event; raises `no-such-life-event`."""
        try:
            return self._events[slug]
        except KeyError as error:
            raise EngineError("no-such-life-event") from error

    def procedure(self, slug: str) -> tuple[AnyEvent, Procedure[Any]]:
        """Return a procedure with its life event; raises `no-such-procedure`."""
        for event in self._events.values():
            for procedure in event.procedures:
                if procedure.slug == slug:
                    return event, procedure
        raise EngineError("no-such-procedure", slug=slug)

    @cached_property
    def examples(self) -> Mapping[str, ProcedureExamples]:
        """Example orders of every procedure that is filed, by its slug; made when first asked for."""
        return procedure_examples(self._events.values(), self._calendars)

    async def rules(self, sha256: str) -> Mapping[str, Any]:
        """Return the rules under a hash; raises `unknown-catalogue`."""
        known = await self._found(sha256)
        if known is None:
            raise EngineError("unknown-catalogue")
        return known

    async def kept(self, sha256: str) -> Mapping[str, Any]:
        """Return the rules under a hash that anybody may name; raises `no-such-catalogue`."""
        known = await self._found(sha256)
        if known is None:
            raise EngineError("no-such-catalogue")
        return known

    async def _found(self, sha256: str) -> Mapping[str, Any] | None:
        known = self._rules.get(sha256)
        if known is None:
            known = await self._store.catalogue(sha256)
            if known is not None:
                self._rules[sha256] = known
        return known

    def read(self, slug: str, facts: Mapping[str, JsonValue]) -> BaseModel:
        """Return facts that are told now, validated, also against the tables of today.

        Raises:
            EngineError: `no-such-life-event`; `invalid-facts` with a pointer to each field.
        """
        told = self.reread(slug, facts)
        if problems := self._contradictions(facts):
            raise EngineError("invalid-facts", problems=problems)
        return told

    def reread(self, slug: str, facts: Mapping[str, JsonValue]) -> BaseModel:
        """Return facts that were accepted before: no newer table refuses them. Raises as `read`."""
        model: type[BaseModel] = self.event(slug).facts
        try:
            return model.model_validate(facts)
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False, include_context=False)
            problems = tuple(Problem(pointer(one["loc"]), f"invalid-{_kebab(one['type'])}") for one in wrong)
            raise EngineError("invalid-facts", problems=problems) from None

    def plan(
        self,
        slug: str,
        facts: BaseModel,
        *,
        case_id: UUID,
        directory: Directory,
        today: date,
        standing: Standing = Standing.OWN,
    ) -> Contents:
        """Return the facts with the plan made of them by today's rules."""
        plan: Plan = make_plan(
            self.event(slug),
            facts,
            case_id=case_id,
            connections=RegistryConnections(directory),
            calendars=self._calendars,
            today=today,
            standing=standing,
        )
        return Contents(facts=facts.model_dump(mode="json", by_alias=True, exclude_none=True), plan=plan)

    def explained(
        self, slug: str, facts: BaseModel, plan: Plan, *, procedure: str, subject: str | None
    ) -> Explanations:
        """Return why a procedure is in a plan by today's rules, or why not.

        Raises:
            EngineError: `no-such-procedure`, `no-such-subject`.
        """
        event = self.event(slug)
        view = plan_view(plan, event.rules)
        return explain(event, facts, plan, view=view, slug=procedure, subject=subject, cited=self._cited)

    def redated(self, slug: str, facts: BaseModel, day: date) -> BaseModel:
        """Return the facts with another day of the event; raises `invalid-facts`."""
        event = self.event(slug)
        return self.reread(slug, event.redated(facts, day).model_dump(mode="json", by_alias=True))


def _kebab(kind: str) -> str:
    return kind.replace("_", "-")


@cache
def _schema(facts: type[BaseModel]) -> dict[str, JsonValue]:
    """Return the schema of the facts, made once."""
    return facts.model_json_schema(by_alias=True)


@cache
def _view(event: AnyEvent) -> LifeEventView:
    facts: type[BaseModel] = event.facts
    return LifeEventView(
        slug=event.slug,
        title=event.title,
        catalogue=event.catalogue,
        facts_schema=_schema(facts),
        rules=event.rules,
    )
