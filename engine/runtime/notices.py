# SPDX-License-Identifier: Apache-2.0
"""Tells a citizen in plain words that an organisation is not answering, since when, and what happens then."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core.case import Case, Filing
from engine.core.lifecycle import WITH_ORGANISATION
from engine.core.text import Text
from engine.core.views import CaseView
from engine.ports import Clock, Lane, Lanes

SILENT_FOR: Final = timedelta(days=3)  # an order that nobody fetched for so long; offices close at weekends
_NO_ANSWER: Final = "stuck/no-answer"
_JAPAN: Final = ZoneInfo("Asia/Tokyo")


class Notices:
    """Adds to what a citizen sees of a case."""

    def __init__(self, lanes: Lanes, clock: Clock) -> None:
        self._lanes = lanes
        self._clock = clock

    async def added(self, view: CaseView, case: Case, takers: Mapping[UUID, str] | None = None) -> CaseView:
        """Return the case with a notice at each filing whose organisation cannot be reached.

        `takers` are those who take the orders of a filing, where that is not its organisation itself.
        """
        takers = takers or {}
        waiting = {id_: one for id_, one in case.filings.items() if _is_waited_for(one)}
        lanes = {id_: takers.get(id_, one.organisation or "") for id_, one in waiting.items()}
        numbers = sorted(set(lanes.values()))
        if not numbers:
            return view
        silent = await self._silent(numbers)
        filings = tuple(
            one.model_copy(update={"notice": notice})
            if one.id in waiting
            and (notice := _of(waiting[one.id], silent.get(lanes[one.id]), one.waits_until))
            else one
            for one in view.filings
        )
        return view.model_copy(update={"filings": filings})

    async def _silent(self, numbers: list[str]) -> Mapping[str, datetime]:
        """Return since when each of them has not answered, for those that do not."""
        now = self._clock.now()
        lanes = await self._lanes.lanes(numbers)
        unfetched = await self._lanes.waiting_since(numbers)
        silent = {number: since for number, since in unfetched.items() if now - since >= SILENT_FOR}
        return silent | {number: since for number, lane in lanes.items() if (since := _failing(lane))}


def _of(filing: Filing, since: datetime | None, until: datetime | None) -> Text | None:
    """Return what is to be said of a filing whose receiver has been silent since.

    Of one who takes orders from the broker nobody sees whether it does; that it does not reply is seen.
    """
    if since is not None:
        return _notice(since, until)
    return _unanswered(filing.since) if filing.flag == _NO_ANSWER else None


def _is_waited_for(filing: Filing) -> bool:
    return filing.state in WITH_ORGANISATION and filing.organisation is not None


def _failing(lane: Lane) -> datetime | None:
    health = lane.health
    return health.stopped_at or (health.failing_since if health.circuit == "open" else None)


def _unanswered(since: datetime) -> Text:
    day = since.astimezone(_JAPAN)
    return Text(
        ja=f"{day.month}月{day.day}日に送りましたが、送信先の機関からまだ回答がありません。内容は失われません。"
        "係員が機関に確認しています。",
        en=f"It was sent on {day:%-d %B}, and the organisation has not replied yet. Nothing is lost:"
        " an operator is asking them.",
    )


def _notice(since: datetime, until: datetime | None) -> Text:
    day = since.astimezone(_JAPAN)
    then_ja = then_en = ""
    if until is not None:
        last = until.astimezone(_JAPAN)
        then_ja = (
            f"{last.month}月{last.day}日までに回答がなければ、係員が確認し、ご自身で行う方法をご案内します。"
        )
        then_en = (
            f" If there is no answer by {last:%-d %B}, an operator looks into it"
            " and you are told how to do it yourself."
        )
    return Text(
        ja=f"送信先の機関が{day.month}月{day.day}日から応答していません。内容は失われません。"
        f"つながり次第、期限の早いものから順に送ります。{then_ja}",
        en=f"The organisation has not answered since {day:%-d %B}. Nothing is lost: as soon as it answers,"
        f" what is due first is sent first.{then_en}",
    )
