# SPDX-License-Identifier: Apache-2.0
"""Orders as organisations are sent them, of people who do not exist: at least one for every procedure.

They are made of `workflows/examples` by the rules that make everybody's plan, so an example holds the
fields that its procedure needs and no other. Connectors are written by them, and rehearsed with them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from engine.border.envelope import SUBMIT, schema_of
from engine.border.names import reference
from engine.border.payloads import OrderSubmit
from engine.core.calendars import Calendar
from engine.core.declaration import CONNECTED_WAYS, Kind, Procedure, Sought
from engine.core.life_event import LifeEvent
from engine.core.lifecycle import Way
from engine.core.plan import Entry, Plan
from engine.core.planning import Connected, make_plan
from engine.core.text import Text
from engine.core.views import View
from workflows.examples import HOUSEHOLDS, Household

AnyEvent = LifeEvent[Any]
Calendars = Callable[[str | None], Calendar]

MOST: Final = 3  # of one procedure
_CASES: Final = UUID("5b0c5f0e-93b4-5d0e-8f0a-6a6f1f0f7c11")
_NUMBER: Final = "8999999000001"
_KEY: Final = b"references of examples, no secret"[:32]  # an engine has a key of its own
_TAKER: Final = Connected(_NUMBER, Text(ja="見本（架空）", en="Sample (fictitious)"))


class OrderExample(View):
    """One order (指図) before it is signed and sealed, with the reference that it would come under.

    `signed`: whoever files it has signed with the 署名用 key. `brings` is what they hand in by themselves:
    nothing is attached to an order. `documents` are the kinds of what may go back to them.
    """

    household: str
    about: str
    reference: str
    order: dict[str, Any]
    signed: bool
    brings: tuple[Text, ...]
    documents: tuple[str, ...]


class ProcedureExamples(View):
    """What a connector for a procedure is written by: the schema of its orders, and some of them.

    In the schema a field's title says what it holds; one that the household did not tell is null. The
    fullest example comes first. Without `sent_online` the law keeps the procedure at a counter: no such
    order is sent today.
    """

    event: str
    slug: str
    sent_online: bool
    order_schema: dict[str, Any]
    examples: tuple[OrderExample, ...]


def procedure_examples(events: Iterable[AnyEvent], calendars: Calendars) -> dict[str, ProcedureExamples]:
    """Return the examples of every procedure that is filed and has a household to file it, by its slug."""
    general = schema_of(SUBMIT)
    return {
        one.slug: ProcedureExamples(
            event=event.slug,
            slug=one.slug,
            sent_online=bool(CONNECTED_WAYS & set(one.ways)),
            order_schema=_order_schema(general, event, one),
            examples=tuple(made[one.slug]),
        )
        for event in events
        for made in [_made(event, calendars)]
        for one in event.procedures
        if one.slug in made
    }


def _order_schema(general: Mapping[str, Any], event: AnyEvent, procedure: Procedure[Any]) -> dict[str, Any]:
    """Return the schema of a submission (2020-12) that is about this procedure: its fields and no other."""
    needed = [event.known_fields[name] for name in procedure.needs]
    fields = {
        "type": "object",
        "properties": {
            one.wire_name: {"title": one.label.ja, "x-title": one.label.model_dump()} for one in needed
        },
        "required": [one.wire_name for one in needed],
        "additionalProperties": False,
    }
    left = {"$id", "examples", "$defs"}
    return {
        **{name: part for name, part in general.items() if name not in left},
        "title": procedure.title.en,
        "properties": general["properties"] | {"procedure": {"const": procedure.slug}, "fields": fields},
    }


def _made(event: AnyEvent, calendars: Calendars) -> Mapping[str, list[OrderExample]]:
    """Return the examples by their slug, those in which most is told first."""
    rules = {one.slug: one for one in event.procedures}
    found: dict[str, dict[frozenset[str], OrderExample]] = {}
    for household, plan, entry in _entries(event, calendars):
        example = _example(household, plan, entry, rules[entry.slug])
        found.setdefault(entry.slug, {}).setdefault(_untold(entry.fields), example)
    return {
        slug: [each for _, each in sorted(shapes.items(), key=lambda one: len(one[0]))][:MOST]
        for slug, shapes in found.items()
    }


def _untold(fields: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, value in fields.items() if value is None)


def _entries(event: AnyEvent, calendars: Calendars) -> Iterator[tuple[Household, Plan, Entry]]:
    for household in HOUSEHOLDS.get(event.slug, ()):
        plan = make_plan(
            event,
            event.facts.model_validate(household.facts),
            case_id=uuid5(_CASES, f"{event.slug}/{household.name}"),
            connections=_Everybody(),
            calendars=calendars,
            today=household.today,
        )
        for entry in plan.entries:
            if entry.kind is Kind.FILING:
                yield household, plan, entry


def _example(household: Household, plan: Plan, entry: Entry, rule: Procedure[Any]) -> OrderExample:
    order = OrderSubmit(
        procedure=entry.slug,
        attempt=1,
        fields=entry.fields,
        planned=plan.event_on is not None and plan.event_on > household.today,
        due_on=entry.due.last_day,
        basis=entry.basis,
    )
    return OrderExample(
        household=household.name,
        about=household.about,
        reference=reference(_KEY, organisation=_NUMBER, filing_id=entry.id, route=0),
        order=order.model_dump(mode="json", by_alias=True, exclude_none=True),
        signed=Way.SIGNED in rule.ways,
        brings=rule.bring,
        documents=rule.documents,
    )


class _Everybody:
    """Whatever is to be told, somebody takes it."""

    def connected(self, slug: str, sought: Sought) -> Connected:
        del slug, sought
        return _TAKER
