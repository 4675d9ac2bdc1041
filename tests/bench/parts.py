# SPDX-License-Identifier: Apache-2.0
"""What single parts cost: the rows that say where a case's time can go."""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec

from engine.border.envelope import open_reply, seal_event
from engine.border.jwk import RecipientKey, thumbprint
from engine.border.names import order_id, reference
from engine.border.payloads import ReplyAccepted
from engine.border.sealing import Opener, Sealer
from engine.clock import SystemClock
from engine.core import messages as m
from engine.core.case import Case
from engine.core.decide import step
from engine.core.declaration import Sought
from engine.core.life_event import LifeEvent
from engine.core.plan import Plan, filings_of, participants_of
from engine.core.planning import Connected, make_plan
from tests.bench.ways import Way
from tests.bench.workload import FACTS, NUMBERS, RECEIPT, SIZES, WorkloadFacts, event_slug, life_event
from tests.signing import confirming
from workflows.calendar_japan import calendar_for

_NOW: Final = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
_CASE: Final = UUID(int=1)
_FILINGS: Final = 35
_ROUNDS: Final = 9
_ROUND_NANOSECONDS: Final = 20_000_000
_OPENINGS: Final = 25
_BATCHES: Final = 16  # cases whose replies are counted

Row = tuple[str, str]


class _Everybody:
    def connected(self, slug: str, sought: Sought) -> Connected | None:
        """Return the organisation that is sought."""
        return Connected(sought.number or NUMBERS[0], sought.name)


def in_this_process() -> list[Row]:
    """Return what the pure core and the border cost, in CPU of this thread."""
    event = life_event()
    return [
        (f"one step of a case with {_FILINGS} filings", f"{_step_microseconds():.0f} µs"),
        ("the plan of W (24 procedures)", f"{_cpu(lambda: _plan(event)) / 1000:.1f} ms"),
        *_border(),
    ]


async def over_http(way: Way) -> list[Row]:
    """Return what a batch of replies and an opening cost at a running engine."""
    await way.engine.ask("statements", on=True)
    await way.engine.ask("some", cases=_BATCHES)
    batches = await way.engine.ask("statements", on=False)
    rows = [
        (
            "statements for a batch of replies, begin and commit included",
            f"{statistics.median(batches):.0f} (at most {max(batches)}), whatever its size",
        )
    ]
    token = await way.engine.ask("token")
    for size in SIZES:
        took = await _openings(way.origin, token, size)
        rows.append(
            (
                f"POST /v1/cases, {size} filings, one after another",
                f"{statistics.median(took):.1f} ms ({min(took):.1f}-{max(took):.1f})",
            )
        )
    return rows


async def _openings(origin: str, token: str, size: int) -> list[float]:
    body = {"event": event_slug(size), "facts": FACTS}
    took = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client:
        for _ in range(_OPENINGS):
            began = time.perf_counter()
            key = {"Idempotency-Key": uuid4().hex}
            async with client.post(f"{origin}/v1/cases", json=body, headers=key) as answer:
                assert answer.status == 201, await answer.text()
            took.append((time.perf_counter() - began) * 1000)
    return took


def _plan(event: LifeEvent[WorkloadFacts]) -> Plan:
    return make_plan(
        event,
        WorkloadFacts.model_validate(FACTS),
        case_id=_CASE,
        connections=_Everybody(),
        calendars=calendar_for,
        today=_NOW.date(),
    )


def _step_microseconds() -> float:
    """Return the CPU of one reply's step, as the median over whole cases."""
    plan, person = _plan(life_event(_FILINGS)), UUID(int=2)
    references = {entry.id: f"r_{place}" for place, entry in enumerate(plan.entries)}
    opening = m.Open(
        _CASE,
        plan.event,
        person,
        plan.catalogue,
        *filings_of(plan, references, _NOW),
        participants_of(plan, _CASE),
    )
    opened = step(None, opening, _NOW).case
    sent = step(opened, confirming(opened, evidence=UUID(int=3)), _NOW).case
    costs = []
    for _ in range(_ROUNDS):
        began = time.process_time_ns()
        steps = _carried_through(sent)
        costs.append((time.process_time_ns() - began) / steps / 1000)
    return statistics.median(costs)


def _carried_through(case: Case) -> int:
    answered, steps = m.Answered("submit", 1, 0), 0
    for filing in list(case.filings):
        case = step(case, m.Accepted(case.id, filing, "o", answered, "receipt"), _NOW).case
        case = step(case, m.Completed(case.id, filing, "o", answered, "receipt"), _NOW).case
        steps += 2
    assert case.has_ended
    return steps


def _border() -> Sequence[Row]:
    signing, decryption = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    recipient, clock = RecipientKey(decryption.public_key()), SystemClock()
    source = f"/organisations/{NUMBERS[0]}"
    sealer = Sealer(signing, kid=thumbprint(signing.public_key()), source=source, clock=clock)
    opener = Opener({recipient.kid: decryption}, lambda _source, _kid: signing.public_key())
    subject = reference(bytes(32), organisation=NUMBERS[0], filing_id=UUID(int=1), route=0)
    order = order_id(bytes(32), reference=subject, kind="submit", attempt=1, revision=0)
    payload = ReplyAccepted(order_id=order, receipt=RECEIPT)

    def sealed() -> bytes:
        return seal_event(
            payload, id="reply-1", subject=subject, sequence=1, time=_NOW, sealer=sealer, recipient=recipient
        )

    raw = sealed()
    opened = open_reply(raw, opener)
    assert opened.payload == payload
    return (
        (f"seal a message of 1 KB ({len(raw):,} bytes on the wire)", f"{_cpu(sealed):.0f} µs"),
        ("open and validate it", f"{_cpu(lambda: open_reply(raw, opener)):.0f} µs"),
        ("json.loads of the same payload alone", f"{_cpu(lambda: json.loads(payload.wire())):.0f} µs"),
    )


def _cpu(call: Callable[[], object]) -> float:
    """Return the CPU of one call in µs: the median of some rounds of at least a few milliseconds."""
    call()
    costs = []
    for _ in range(_ROUNDS):
        calls, began = 0, time.process_time_ns()
        until = began + _ROUND_NANOSECONDS
        while time.process_time_ns() < until:
            call()
            calls += 1
        costs.append((time.process_time_ns() - began) / calls / 1000)
    return statistics.median(costs)
