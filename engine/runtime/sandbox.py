# SPDX-License-Identifier: Apache-2.0
"""The test clock of a sandbox: time goes on for everybody in it, and deadlines fire."""

from datetime import datetime, timedelta
from typing import Protocol

from engine.core.errors import Code, EngineError, register
from engine.ports import Clock

register(
    {
        "no-test-clock": Code(
            404,
            "ここでは時刻を進められません（TODOKE_SANDBOX=true と TODOKE_CLOCK=simulated が必要）",
            "Time cannot be moved here: that takes TODOKE_SANDBOX=true and TODOKE_CLOCK=simulated",
        ),
    }
)


class TestClock(Clock, Protocol):
    """A clock that can be moved forward, for every process of the sandbox (`engine/clock.py`)."""

    def advance_to(self, instant: datetime) -> None:
        """Move it; an earlier instant changes nothing."""
        ...


class Sandbox:
    """What there is only where nothing is real."""

    def __init__(self, clock: TestClock | None) -> None:
        """`clock` is None where time cannot be moved: always in production."""
        self._clock = clock

    def now(self) -> datetime:
        """Return what the test clock shows; raises `no-test-clock`."""
        return self._moving().now()

    def advance(self, days: int) -> datetime:
        """Let so many days pass for everybody; return the new time. Raises `no-test-clock`."""
        clock = self._moving()
        clock.advance_to(clock.now() + timedelta(days=days))
        return clock.now()

    def _moving(self) -> TestClock:
        if self._clock is None:
            raise EngineError("no-test-clock")
        return self._clock
