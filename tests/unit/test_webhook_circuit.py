# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest

from connectors.channels.circuit import FAILURES_TO_OPEN, SCHEDULE, Bucket, Circuit, next_attempt
from engine.ports import Limits
from engine.runtime.passage import opens_at

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)  # a Wednesday, noon in Japan
LIMITS = Limits(concurrency=8)


class Even(Random):
    """No jitter: the pause itself."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2 if a else a


def dead(rounds: int = 1) -> Circuit:
    circuit, now = Circuit(Even(), state="closed"), NOW
    for _ in range(FAILURES_TO_OPEN):
        circuit.failed("500", now)
    for _ in range(rounds - 1):
        assert circuit.pause_until
        now = circuit.pause_until
        circuit.woke(now)
        circuit.failed("500", now)
    return circuit


def test_some_failures_among_successes_leave_the_circuit_closed() -> None:
    circuit = Circuit(Even(), state="closed")

    for _ in range(100):
        for _ in range(FAILURES_TO_OPEN - 1):
            circuit.failed("500", NOW)
        circuit.succeeded(LIMITS)

    assert circuit.state == "closed"
    assert circuit.failing_since is None


def test_an_organisation_that_only_fails_is_left_alone_longer_and_longer() -> None:
    pauses = []
    for rounds in range(1, 10):
        circuit = dead(rounds)
        assert circuit.state == "open"
        assert circuit.failing_since == NOW
        began = dead(rounds - 1).pause_until if rounds > 1 else NOW
        assert circuit.pause_until
        assert began
        pauses.append((circuit.pause_until - began).total_seconds())

    assert pauses == [15, 30, 60, 120, 240, 480, 900, 900, 900]


def test_after_the_pause_one_order_asks_and_each_success_lets_more_through() -> None:
    circuit = dead()
    circuit.woke(NOW + timedelta(seconds=15))

    widths = [circuit.allowed(LIMITS)]
    came_back = [circuit.succeeded(LIMITS)]
    for _ in range(20):
        widths.append(circuit.allowed(LIMITS))
        came_back.append(circuit.succeeded(LIMITS))

    assert widths[:8] == [1, 2, 2, 4, 4, 4, 4, 8]
    assert came_back == [True] + [False] * 20
    assert circuit.state == "closed"


def test_before_the_pause_is_over_nothing_is_asked() -> None:
    circuit = dead()

    circuit.woke(NOW + timedelta(seconds=14))

    assert circuit.state == "open"
    assert circuit.pause_until is not None


def test_a_late_answer_does_not_close_the_circuit() -> None:
    circuit = dead()

    circuit.succeeded(LIMITS)

    assert circuit.state == "open"


def test_whoever_asks_to_be_left_alone_is_and_then_is_asked_gently() -> None:
    circuit = Circuit(Even(), state="closed")

    circuit.told_to_wait(timedelta(seconds=120), "429", NOW)
    circuit.woke(NOW + timedelta(seconds=119))
    assert circuit.pause_until is not None
    circuit.woke(NOW + timedelta(seconds=121))

    assert circuit.pause_until is None
    assert circuit.allowed(LIMITS) == 1
    assert circuit.failing_since is None


def test_a_pause_asked_for_ends_within_a_day() -> None:
    circuit = Circuit(Even())

    circuit.told_to_wait(timedelta(days=365), "503", NOW)

    assert circuit.pause_until == NOW + timedelta(hours=24)


def test_what_was_kept_is_taken_over() -> None:
    circuit = dead(3)

    again = Circuit.of(circuit.health, Even())

    assert (again.state, again.rounds, again.pause_until) == ("open", 3, circuit.pause_until)
    assert again.health == circuit.health


def test_an_order_is_tried_for_more_than_a_week_and_then_no_more() -> None:
    at, attempts = NOW, 0
    while (again := next_attempt(attempts + 1, at, Even())) is not None:
        assert again > at
        at, attempts = again, attempts + 1

    assert attempts == len(SCHEDULE)
    assert timedelta(days=7) < at - NOW < timedelta(days=9)


def test_retries_are_spread() -> None:
    random = Random(1)

    times = {next_attempt(5, NOW, random) for _ in range(20)}

    assert len(times) == 20


def test_the_bucket_lets_through_what_the_rate_says() -> None:
    bucket, now = Bucket(), 100.0
    delays = [bucket.delay(10, now) for _ in range(30)]

    assert delays[0] == 0
    assert delays[-1] == pytest.approx(3.0 - 0.25, abs=0.11)
    assert bucket.delay(10, now + 100) == 0


def test_who_does_not_wait_gets_no_more_than_the_rate_either() -> None:
    bucket, now = Bucket(), 100.0
    at_once = [bucket.has(10, now) for _ in range(30)]

    assert at_once == [True, True, *[False] * 28]
    assert sum(bucket.has(10, now + tick / 100) for tick in range(1, 101)) in range(9, 12)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (datetime(2026, 11, 25, 3, 0, tzinfo=UTC), None),  # Wednesday, noon
        (datetime(2026, 11, 24, 23, 0, tzinfo=UTC), datetime(2026, 11, 25, 0, 0, tzinfo=UTC)),  # 8:00
        (datetime(2026, 11, 25, 8, 0, tzinfo=UTC), datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),  # 17:00
        (
            datetime(2026, 11, 27, 9, 0, tzinfo=UTC),
            datetime(2026, 11, 30, 0, 0, tzinfo=UTC),
        ),  # Friday evening
        (datetime(2026, 11, 28, 3, 0, tzinfo=UTC), datetime(2026, 11, 30, 0, 0, tzinfo=UTC)),  # Saturday
    ],
)
def test_an_organisation_with_office_hours_gets_its_orders_in_them(
    at: datetime, opens: datetime | None
) -> None:
    limits = Limits(opens=time(9), closes=time(17))

    def is_working_day(day: date) -> bool:
        return day.weekday() < 5

    assert opens_at(limits, at, is_working_day) == opens
