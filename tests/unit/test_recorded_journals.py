# SPDX-License-Identifier: Apache-2.0
"""What was recorded once reads the same for ever: one journal of each life event, replayed."""

import json
from collections import Counter
from datetime import datetime
from typing import Any, get_args, get_type_hints

import pytest

from engine.core import messages as m
from engine.core.case import Case
from engine.core.evolve import evolve
from engine.core.messages import Event, Order
from engine.core.orders import orders_of
from tests.record_journals import JOURNALS, as_recorded

EVENTS = ("moving", "marriage", "birth", "death")
HOW = (
    "an old journal reads otherwise than before: cases that live somewhere would change. Mend what reads"
    " it. Only where the life event itself is to be told otherwise: python -m tests.record_journals"
)


def kept(event: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((JOURNALS / f"{event}.json").read_text("utf-8"))
    return found


def read(event: str) -> list[tuple[datetime, Event]]:
    return [
        (datetime.fromisoformat(at), m.event_from_json(json.dumps(told).encode()))
        for at, told in kept(event)["journal"]
    ]


def as_known_then(now: Any, then: Any) -> Any:
    """Return what is so now without the members that nobody had thought of then."""
    if isinstance(now, dict) and isinstance(then, dict):
        return {name: as_known_then(value, then[name]) for name, value in now.items() if name in then}
    if isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        return [as_known_then(*pair) for pair in zip(now, then, strict=True)]
    return now


@pytest.mark.parametrize("event", EVENTS)
def test_a_recorded_journal_comes_to_the_same_case_and_the_same_orders(event: str) -> None:
    case: Case | None = None
    orders: list[Order] = []
    for at, told in read(event):
        case = evolve(case, told, at)
        orders += orders_of(case, told, at)

    assert case is not None
    came_to = as_recorded(case, orders)
    for name in ("case", "orders"):
        assert as_known_then(came_to[name], kept(event)[name]) == kept(event)[name], HOW


@pytest.mark.parametrize("event", EVENTS)
def test_a_recorded_event_is_written_as_it_was_read(event: str) -> None:
    for (_, told), (_, written) in zip(read(event), kept(event)["journal"], strict=True):
        assert as_known_then(json.loads(m.event_json(told)), written) == written, HOW


def test_the_recorded_journals_tell_of_what_happens_in_a_case() -> None:
    told = Counter(one.type for event in EVENTS for _, one in read(event))

    # What an operator does and what an organisation does not do has its own tests.
    elsewhere = {
        *("filing-withdrawing", "documents-issued", "order-repeated", "filing-postponed"),
        *("filing-flagged", "participant-unseated"),
    }
    known = {get_args(get_type_hints(one)["type"])[0] for one in get_args(Event)}
    assert known - elsewhere <= set(told)
