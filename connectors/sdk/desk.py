# SPDX-License-Identifier: Apache-2.0
"""What a connector is handed: the order it is asked to carry out, and the desk it sits at."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from connectors.sdk.fields import Fields
from connectors.sdk.replies import Later, Reply
from engine.ports import Clock

JAPAN = ZoneInfo("Asia/Tokyo")
F = TypeVar("F", bound=Fields)


@dataclass(frozen=True, slots=True)
class Order(Generic[F]):
    """An order (指図) about one filing, with its fields as they stand now.

    `id` never changes when the same is sent again: give it to the organisation's own system as
    the key under which it does the work once. `reference` (符号) is the name of the filing.
    `organisation` is for whom it is to be done: the connector's own number, unless it acts as the
    agent (受託者) of several.
    """

    id: str
    reference: str
    procedure: str
    attempt: int
    fields: F
    organisation: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Submit(Order[F]):
    """File this (提出). `planned`: the event is still to come and its date may change."""

    planned: bool
    due_on: date | None
    basis: str
    evidence_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Amend(Order[F]):
    """Correct what was filed (訂正): `changed` names the fields that are new in `fields`."""

    changed: frozenset[str]
    basis: str


@dataclass(frozen=True, slots=True)
class Withdraw(Order[F]):
    """Undo what was filed (取下げ)."""

    reason: Literal["cancelled", "changed", "filed-in-error", "law-changed"]
    basis: str


@dataclass(frozen=True, slots=True)
class Answered(Order[F]):
    """The citizen's answer (回答) to a question this connector asked."""

    question_id: str
    answer: JsonValue


Notes = dict[str, JsonValue]


@dataclass(slots=True)
class Desk:
    """The place at which one order is worked on.

    Nothing written here is kept before the work is done: effects, notes and replies of one order
    go into the ledger together, or not at all.
    """

    clock: Clock
    reply: Callable[..., Awaitable[None]]
    """`await desk.reply(reference, *replies)`: answer any filing, whenever there is news."""
    notes: Notes = field(default_factory=dict)
    """What the connector wants to know next time about this filing; JSON."""
    effects: set[str] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return self.clock.now()

    def today(self) -> date:
        """Return the date in Japan."""
        return self.clock.now().astimezone(JAPAN).date()

    def take_effect(self, order: Order[Any], name: str = "done") -> bool:
        """Write down that the order took effect; return False when it already had, once is enough."""
        effect = f"{order.id} {name}"
        if effect in self.effects:
            return False
        self.effects.add(effect)
        self.taken.append(effect)
        return True


@dataclass(frozen=True, slots=True)
class Work:
    """What came of one order: all of it is kept, or none."""

    replies: tuple[Reply, ...] = ()
    follow_up: Later | None = None
    notes: Notes = field(default_factory=dict)
    effects: tuple[str, ...] = ()
    filed: bool = False
