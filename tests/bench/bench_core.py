# SPDX-License-Identifier: Apache-2.0
"""What the pure core costs, in microseconds of CPU: run it with `python -m tests.bench.bench_core`.

A case of 35 filings is the largest household; each of them is accepted and completed.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from engine.core import messages as m
from engine.core.ageing import next_wake
from engine.core.decide import step
from engine.core.evolve import evolve
from engine.core.lifecycle import FILING, FilingState, Way
from engine.core.plan import Plan
from engine.core.planning import make_plan
from engine.core.settle import settle
from tests.unit.facts_samples import CASE_ID, NOW, FakeConnections, Story, family, plain, plain_open, plan
from workflows.calendar_japan import calendar_for
from workflows.death import DEATH, DeathFacts
from workflows.moving import MOVING, MovingFacts

FILINGS, ROUNDS = 35, 20
FAMILY = (
    Path(__file__).parents[1] / "unit" / "moving_plans" / "family.json"
)  # four, a car, a dog; at most 3 ms
DEATH_OF_EIGHT = Path(__file__).parents[1] / "unit" / "death_plans" / "household-of-8.json"


def measure(name: str, call: Callable[[], object], *, calls: int = 200) -> None:
    call()
    costs = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        for _ in range(calls):
            call()
        costs.append((time.process_time_ns() - start) / calls / 1000)
    print(f"{name:48} {statistics.median(costs):8.1f} µs   ({min(costs):.1f}-{max(costs):.1f})")


def large() -> Story:
    """Return a running case of 35 filings, all with their organisations."""
    due_on = (NOW + timedelta(days=30)).date()
    return Story(plain_open(*(plain(f"a.b{n}", Way.ONLINE, due_on=due_on) for n in range(FILINGS)))).confirm()


def steps() -> None:
    """Print what one reply costs while the whole case is worked off."""
    start_case, costs = large().it, []
    answered = m.Answered("submit", 1, 0)
    for _ in range(ROUNDS):
        case = start_case
        for filing in start_case.filings:
            for kind in (m.Accepted, m.Completed):
                start = time.process_time_ns()
                case = step(case, kind(CASE_ID, filing, "o_1", answered), NOW).case
                costs.append((time.process_time_ns() - start) / 1000)
        assert case.has_ended
    costs.sort()
    print(
        f"{'step: one reply, 35 filings':48} {statistics.median(costs):8.1f} µs   (p99 {costs[-len(costs) // 100]:.1f})"
    )


def family_of_four() -> Callable[[], Plan]:
    """Return what plans the whole move of a family of four."""
    told = json.loads(FAMILY.read_text("utf-8"))
    facts, today = MovingFacts.model_validate(told["facts"]), date.fromisoformat(told["today"])
    return lambda: make_plan(
        MOVING,
        facts,
        case_id=CASE_ID,
        connections=FakeConnections(told["connected"]),
        calendars=calendar_for,
        today=today,
    )


def largest_death() -> Callable[[], Plan]:
    """Return what plans the death of one of a household of eight, with whatever can be asked."""
    told = json.loads(DEATH_OF_EIGHT.read_text("utf-8"))
    facts, today = DeathFacts.model_validate(told["facts"]), date.fromisoformat(told["today"])
    return lambda: make_plan(
        DEATH,
        facts,
        case_id=CASE_ID,
        connections=FakeConnections(told["connected"]),
        calendars=calendar_for,
        today=today,
    )


def catalogue_loads() -> None:
    """Print what a fresh interpreter spends from its first import to the rules of all life events."""
    code = (
        "import time; begun = time.process_time()\n"
        "from engine.runtime.catalogue import Catalogue\n"
        "from workflows import birth, death, marriage, moving\n"
        "from workflows.calendar_japan import calendar_for\n"
        "events = (moving.MOVING, marriage.MARRIAGE, birth.BIRTH, death.DEATH)\n"
        "Catalogue(events, store=None, calendars=calendar_for)\n"
        "print(time.process_time() - begun)"
    )
    ran = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        for _ in range(5)
    ]
    print(
        f"{'catalogue of all life events, from nothing (≤ 1 s)':48} {statistics.median(ran):8.3f} s    ({min(ran):.3f}-{max(ran):.3f})"
    )


def main() -> None:
    steps()
    case = large().it
    event = m.FilingMoved(filing=next(iter(case.filings)), trigger="accept", state=FilingState.ACCEPTED)
    facts = family()
    measure("  of it: evolve, one event", lambda: evolve(case, event, NOW))
    measure("  of it: settle at the fixed point", lambda: settle(case, NOW))
    measure("  of it: next_wake", lambda: next_wake(case))
    measure("  of it: the judge, one move", lambda: FILING.after(FilingState.SUBMITTED, "accept"))
    measure("Tick that changes nothing", lambda: step(case, m.Tick(CASE_ID), NOW))
    measure("event_json", lambda: m.event_json(event))
    text = m.event_json(event)
    measure("event_from_json", lambda: m.event_from_json(text))
    measure("plan of a move, six procedures", lambda: plan(facts), calls=20)
    measure("facts of a move, validated", family, calls=20)
    whole = family_of_four()
    measure(f"plan of a family of four, {len(whole().entries)} entries (≤ 3000)", whole, calls=20)
    death = largest_death()
    measure(f"plan of a death, eight people, {len(death().entries)} entries (≤ 5000)", death, calls=20)
    catalogue_loads()


if __name__ == "__main__":
    main()
