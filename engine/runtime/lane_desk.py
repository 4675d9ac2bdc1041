# SPDX-License-Identifier: Apache-2.0
"""What operators see and do about the way to one organisation: drain, hold, open, drive, limit.

Nobody else waits for an organisation that is slow or dead; here one sees that it is, and mends.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time
from typing import Final

from engine.core.errors import EngineError
from engine.core.text import Text
from engine.core.views import View
from engine.ports import Clock, Lane, LaneBacklog, Lanes, Limits, OperatorStore
from engine.registry.model import RegistryStore
from engine.runtime.record import Act, Record

MODES: Final = ("open", "draining", "held")
_SWITCHES: Final = {mode: f"lane-{mode}" for mode in MODES}
_DRIVE: Final = "lane-driven"
_LIMIT: Final = "lane-limited"
_STATES: Final = {
    "gone": Text(ja="宛先がなくなりました（410）。確認が必要です", en="The address is gone (410); ask them"),
    "held": Text(ja="係員が送信を止めています", en="An operator holds it"),
    "open": Text(ja="応答がありません。間隔を空けて確認します", en="It does not answer; asked now and then"),
    "waiting": Text(ja="先方の求めにより待っています", en="It asked to be left alone for a while"),
    "thawing": Text(ja="回復中です。少しずつ送ります", en="It is coming back; sent little by little"),
    "draining": Text(ja="新しい手続は送らず、残りを送ります", en="Nothing new; what waits is sent"),
    "well": Text(ja="正常です", en="It is well"),
}


class LaneView(View):
    """The way to an organisation: how it stands, why, and what waits in it. Counts end at 5,000.

    `waiting_for` is how much of it is for others, by their number; `waiting_elsewhere` how much for this
    organisation waits in the lane of who acts for it.
    """

    number: str
    mode: str
    standing: str
    standing_text: Text
    failing_since: datetime | None
    pause_until: datetime | None
    stopped_at: datetime | None
    last_status: str | None
    rate: float
    concurrency: int
    opens: time | None
    closes: time | None
    waiting: int
    aside: int
    oldest: datetime | None
    most_urgent: date | None
    most_attempts: int
    waiting_for: dict[str, int]
    waiting_elsewhere: dict[str, int]


class LaneDesk:
    """Where operators look after the ways to organisations."""

    def __init__(
        self,
        *,
        lanes: Lanes,
        registry: RegistryStore,
        operators: OperatorStore,
        record: Record,
        clock: Clock,
    ) -> None:
        self._lanes = lanes
        self._registry = registry
        self._operators = operators
        self._record = record
        self._clock = clock

    async def lane(self, number: str) -> LaneView:
        """Return how the way stands; raises `no-such-organisation`."""
        if await self._registry.organisation(number) is None:
            raise EngineError("no-such-organisation")
        lane, backlog = await self._lanes.lane(number), await self._lanes.backlog(number)
        elsewhere = await self._lanes.waiting_elsewhere(number)
        others = await self._lanes.waiting_for(number), {one: all_.waiting for one, all_ in elsewhere.items()}
        return _view(lane, backlog, others, self._clock.now())

    async def switch(self, act: Act, number: str, mode: str) -> tuple[LaneView, bool]:
        """Open, drain or hold the way. Draining also keeps new filings away, until it is opened.

        Returns how it stands, and whether that was said before.

        Raises:
            EngineError: `no-such-organisation`, `already-revoked-organisation`, `idempotency-mismatch`.
        """

        async def do() -> None:
            if mode == "draining":
                await self._registry.pause(number)
            if mode == "open":
                await self._registry.resume(number)
            await self._lanes.switch(number, mode)

        return await self._done(act, number, _SWITCHES[mode], do)

    async def limit(self, act: Act, number: str, limits: Limits) -> tuple[LaneView, bool]:
        """Set how much the organisation gets; raises as `switch`."""

        async def do() -> None:
            await self._lanes.limit(number, limits)

        return await self._done(act, number, _LIMIT, do)

    async def drive(self, act: Act, number: str) -> tuple[LaneView, bool]:
        """Try everything that waits now, what was put aside too; raises as `switch`."""

        async def do() -> None:
            await self._lanes.drive(number)

        return await self._done(act, number, _DRIVE, do)

    async def _done(
        self, act: Act, number: str, name: str, do: Callable[[], Awaitable[None]]
    ) -> tuple[LaneView, bool]:
        """Do it. A repetition does it again, unless somebody has done something else since."""
        await self.lane(number)
        before = await self._record.write(act, [self._record.entry(act, name, organisation=number)])
        last = await self._operators.last_act(number, (*_SWITCHES.values(), _LIMIT, _DRIVE))
        if last is not None and (last.operator, last.request_key) == (act.name, act.key):
            await do()
        return await self.lane(number), before is not None


def _view(
    lane: Lane, backlog: LaneBacklog, others: tuple[dict[str, int], dict[str, int]], now: datetime
) -> LaneView:
    health, limits = lane.health, lane.limits
    standing = _standing(lane, now)
    return LaneView(
        number=lane.number,
        mode=lane.mode,
        standing=standing,
        standing_text=_STATES[standing],
        failing_since=health.failing_since,
        pause_until=health.pause_until,
        stopped_at=health.stopped_at,
        last_status=health.last_status,
        rate=limits.rate,
        concurrency=limits.concurrency,
        opens=limits.opens,
        closes=limits.closes,
        waiting=backlog.waiting,
        aside=backlog.aside,
        oldest=backlog.oldest,
        most_urgent=backlog.most_urgent,
        most_attempts=backlog.most_attempts,
        waiting_for=others[0],
        waiting_elsewhere=others[1],
    )


def _standing(lane: Lane, now: datetime) -> str:
    health = lane.health
    if health.stopped_at is not None:
        return "gone"
    if lane.mode == "held":
        return "held"
    if health.circuit != "closed":
        return health.circuit
    if health.pause_until is not None and health.pause_until > now:
        return "waiting"
    return "draining" if lane.mode == "draining" else "well"
