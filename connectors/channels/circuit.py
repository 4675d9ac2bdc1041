# SPDX-License-Identifier: Apache-2.0
"""How much one organisation can take now: pure arithmetic over instants that are handed in.

An organisation that fails is left alone, longer and longer; when it is back it is asked with one
order, then two, then four (a gradual thaw), so that its backlog does not knock it over again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from engine.ports import Health, Limits

FAILURES_TO_OPEN: Final = 5
_FIRST_PAUSE: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(minutes=15)
_LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
# When an order that failed while others went through is tried again. 8 days in all.
SCHEDULE: Final = (
    timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=5),
    timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=3),
    timedelta(hours=6), timedelta(hours=12), timedelta(hours=12), *(timedelta(days=1),) * 6,
)  # fmt: skip


def next_attempt(attempts: int, now: datetime, random: Random) -> datetime | None:
    """Return when to try an order again after so many attempts; None when it is enough."""
    if attempts > len(SCHEDULE):
        return None
    return now + _jittered(SCHEDULE[attempts - 1], random)


@dataclass(slots=True)
class Circuit:
    """Counts failures of one organisation. `width` is how many orders may be under way."""

    random: Random
    state: str = "closed"
    rounds: int = 0
    pause_until: datetime | None = None
    failing_since: datetime | None = None
    last_status: str | None = None
    stopped_at: datetime | None = None
    failures: int = 0
    width: int = 1
    successes: int = 0

    @classmethod
    def of(cls, health: Health, random: Random) -> "Circuit":
        """Return it as it was left; whoever takes over begins gently."""
        return cls(
            random,
            state=health.circuit if health.circuit == "open" else "thawing",
            rounds=health.rounds,
            pause_until=health.pause_until,
            failing_since=health.failing_since,
            last_status=health.last_status,
            stopped_at=health.stopped_at,
        )

    @property
    def health(self) -> Health:
        """What is worth keeping."""
        return Health(
            circuit="open" if self.state == "open" else "closed" if self.failing_since is None else "thawing",
            rounds=self.rounds,
            pause_until=self.pause_until,
            failing_since=self.failing_since,
            last_status=self.last_status,
            stopped_at=self.stopped_at,
        )

    def allowed(self, limits: Limits) -> int:
        """Return how many orders may be under way at the same time."""
        return limits.concurrency if self.state == "closed" else min(self.width, limits.concurrency)

    def woke(self, now: datetime) -> None:
        """Begin to ask again when the pause is over: with one order."""
        if self.pause_until is not None and self.pause_until <= now:
            self.pause_until = None
            self._thaw()

    def succeeded(self, limits: Limits) -> bool:
        """Count a success; return whether the organisation was away and is back."""
        was_away = self.rounds > 0
        self.failures, self.rounds, self.failing_since, self.last_status = 0, 0, None, None
        if self.state == "open":  # an answer that was still on its way when others failed
            return False
        self.successes += 1
        if self.state == "thawing" and self.successes >= self.width:
            self.width, self.successes = self.width * 2, 0
            if self.width >= limits.concurrency:
                self.state = "closed"
        return was_away

    def failed(self, status: str, now: datetime) -> None:
        """Count a failure; too many, or one while it thaws after an outage, open the circuit."""
        self.failures += 1
        self.last_status = status
        is_relapse = self.state == "thawing" and self.failing_since is not None
        self.failing_since = self.failing_since or now
        if self.state != "open" and (is_relapse or self.failures >= FAILURES_TO_OPEN):
            self.state = "open"
            pause = min(_FIRST_PAUSE * 2 ** min(self.rounds, 10), _LONGEST_PAUSE)
            self.pause_until = now + _jittered(pause, self.random)
            self.rounds += 1

    def told_to_wait(self, pause: timedelta, status: str, now: datetime) -> None:
        """Do as the organisation asks: nothing before the pause is over, then gently."""
        until = now + min(pause, _LONGEST_RETRY_AFTER) + timedelta(seconds=self.random.uniform(0, 1))
        self.pause_until = max(until, self.pause_until or until)
        self.last_status = status
        if self.state != "open":
            self._thaw()

    def _thaw(self) -> None:
        self.state, self.width, self.successes = "thawing", 1, 0


class Bucket:
    """Lets so many through in a second, none saved up for more than a quarter of one."""

    def __init__(self) -> None:
        self._free_at = 0.0

    def delay(self, rate: float, now: float) -> float:
        """Take a place; return how many seconds it is away."""
        self._free_at = max(self._free_at, now - 0.25) + 1 / rate
        return max(0.0, self._free_at - now)

    def has(self, rate: float, now: float) -> bool:
        """Take a place if one is free now; return whether it was."""
        is_free = max(self._free_at, now - 0.25) + 1 / rate <= now
        if is_free:
            self.delay(rate, now)
        return is_free


def _jittered(pause: timedelta, random: Random) -> timedelta:
    """Return half to one and a half of it: not all come back together."""
    return pause * random.uniform(0.5, 1.5)
