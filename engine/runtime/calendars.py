# SPDX-License-Identifier: Apache-2.0
"""The last days of a case as a calendar: whole for its owner, and as an address that calendar programs poll.

The address is a capability: its token is a keyed hash of its id, only the hash of the token is kept,
and it can be revoked. What it gives is made of states and the catalogue alone: no key of any case is
opened for it, so that it cannot give more than titles and days.
"""

import hashlib
import hmac
import logging
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from engine.border.ics import Day, Standing, calendar_text
from engine.border.jwk import encoded
from engine.core.case import Filing
from engine.core.deadline_rules import Severity
from engine.core.errors import Code, EngineError, register
from engine.core.lifecycle import ENDED_FILING, FilingState, Way
from engine.core.reminders import DAYS_BEFORE
from engine.core.text import Text
from engine.core.views import CaseView, FilingView, View
from engine.ports import CalendarFeed, CareStore, Clock, Store
from engine.runtime.catalogue import Catalogue
from engine.runtime.counter import Request
from engine.runtime.owned import owned

MOST_FEEDS: Final = 10
_FEEDS: Final = UUID("5b0d3a0e-6a53-5f0e-9a37-0d2f6f0f7c31")  # the name space of their ids
_ERRANDS: Final = frozenset({Way.VISIT, Way.PAPER, Way.SELF})
_DONE: Final = frozenset({FilingState.COMPLETED, FilingState.DONE_BY_CITIZEN})
_FEED_ALARMS: Final = (3,)
_SEVERITIES: Final[Mapping[str, Text]] = {
    "right-lost": Text(ja="遅れると権利を失うことがあります", en="If late, a right may be lost"),
    "money-lost": Text(ja="遅れると受け取れるお金が減ることがあります", en="If late, money may be lost"),
    "fine": Text(ja="遅れると過料の対象になることがあります", en="If late, there may be a fine"),
    "convenience": Text(ja="遅れると不便があります", en="If late, it is inconvenient"),
}

log = logging.getLogger(__name__)

register(
    {
        "no-such-calendar": Code(404, "カレンダーが見つかりません", "There is no such calendar"),
        "too-many-calendars": Code(
            409,
            "購読用アドレスの数が上限に達しています。不要なものを取り消してください",
            "There are as many addresses as there may be; revoke those you do not need",
        ),
    }
)


class FeedView(View):
    """An address that calendar programs may read, without the address itself."""

    id: UUID
    made_at: datetime
    revoked_at: datetime | None


class NewFeed(View):
    """An address for a calendar program. It is shown now and never again; who has it reads the calendar."""

    id: UUID
    url: str


class Cases(Protocol):
    """Where a case is looked at by its owner."""

    async def case(self, person: UUID, case_id: UUID) -> CaseView:
        """Return the case; raises `no-such-case`, `erased-case`."""
        ...


class Calendars:
    """Makes calendars, and keeps the addresses under which they are read."""

    def __init__(
        self,
        *,
        cases: Cases,
        store: Store,
        care: CareStore,
        catalogue: Catalogue,
        key: bytes,
        origin: str,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._store = store
        self._care = care
        self._catalogue = catalogue
        self._key = key
        self._origin = origin
        self._clock = clock

    async def of_case(self, person: UUID, case_id: UUID) -> tuple[bytes, int]:
        """Return the calendar of a case and its version; raises `no-such-case`, `erased-case`."""
        case = await self._cases.case(person, case_id)
        days = [day for filing in case.filings for day in _days(filing, case.version)]
        return calendar_text(case.title, days), case.version

    async def make_feed(self, request: Request, case_id: UUID) -> NewFeed:
        """Return a new address; the same request again is the same address.

        Raises:
            EngineError: `no-such-case`, `erased-case`, `too-many-calendars`.
        """
        stored = await owned(self._store, request.person, case_id)
        if stored.data_key_wrapped is None:
            raise EngineError("erased-case")
        name = uuid5(_FEEDS, f"{request.person} {case_id} {request.key}")
        feeds = await self._care.feeds(case_id)
        if name not in {one.id for one in feeds}:
            if sum(one.revoked_at is None for one in feeds) >= MOST_FEEDS:
                raise EngineError("too-many-calendars", most=MOST_FEEDS)
            feed = CalendarFeed(name, case_id, request.person, self._clock.now())
            await self._care.add_feed(feed, _hash(self._token(name)))
            log.info("calendar.shared", extra={"case_id": str(case_id), "feed": str(name)})
        return NewFeed(id=name, url=f"{self._origin}/v1/calendar.ics?token={self._token(name)}")

    async def feeds(self, person: UUID, case_id: UUID) -> list[FeedView]:
        """Return the addresses there are, without saying them; raises `no-such-case`."""
        await owned(self._store, person, case_id)
        return [
            FeedView(id=one.id, made_at=one.made_at, revoked_at=one.revoked_at)
            for one in await self._care.feeds(case_id)
        ]

    async def revoke(self, person: UUID, case_id: UUID, feed: UUID) -> None:
        """Let an address lead nowhere from now on; raises `no-such-case`, `no-such-calendar`."""
        await owned(self._store, person, case_id)
        if not await self._care.revoke_feed(case_id, feed, at=self._clock.now()):
            raise EngineError("no-such-calendar")
        log.info("calendar.revoked", extra={"case_id": str(case_id), "feed": str(feed)})

    async def read(self, token: str) -> tuple[bytes, int]:
        """Return titles and last days for whoever has the token; raises `no-such-calendar`."""
        feed = await self._care.feed(_hash(token))
        stored = await self._store.case(feed.case_id) if feed else None
        if stored is None or stored.data_key_wrapped is None:
            raise EngineError("no-such-calendar")
        case = stored.case
        rules = await self._catalogue.rules(case.catalogue)
        titles = {one["slug"]: Text(**one["title"]) for one in rules["procedures"]}
        days = [
            _deadline(filing, filing.due_on, titles[filing.slug], case.version)
            for filing in case.filings.values()
            if filing.due_on is not None
        ]
        return calendar_text(Text(**rules["title"]), days), case.version

    def _token(self, feed: UUID) -> str:
        return encoded(hmac.digest(self._key, feed.bytes, hashlib.sha256)).decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _deadline(filing: Filing, last: date, title: Text, version: int) -> Day:
    return Day(
        uid=f"{filing.id}-deadline@todoke",
        title=_with(title, Text(ja="期限", en="last day")),
        about=(),
        last=last,
        standing=_standing(filing.state),
        alarms=_FEED_ALARMS,
        version=version,
        changed_at=filing.since,
    )


def _days(filing: FilingView, version: int) -> Iterator[Day]:
    """Yield the last day, the window and the errand of a filing, as far as it has them."""
    deadline = filing.deadline
    common: dict[str, Any] = {
        "version": version,
        "changed_at": filing.since,
        "standing": _standing(filing.state),
        "about": _about(filing),
    }
    alarms = DAYS_BEFORE[Severity(deadline.severity)]
    is_errand = filing.way in _ERRANDS
    if deadline.last_day is not None:
        yield Day(
            uid=f"{filing.id}-deadline@todoke",
            title=_with(filing.title, Text(ja="期限", en="last day")),
            last=deadline.last_day,
            alarms=() if is_errand else alarms,  # the errand rings
            **common,
        )
    if deadline.first_day is not None and deadline.last_day is not None:
        yield Day(
            uid=f"{filing.id}-window@todoke",
            title=_with(filing.title, Text(ja="受付期間", en="open for it")),
            first=deadline.first_day,
            last=deadline.last_day,
            **common,
        )
    if is_errand and (day := deadline.safe_day or deadline.last_day) is not None:
        yield Day(
            uid=f"{filing.id}-errand@todoke",
            title=_with(filing.title, _errand(filing.way)),
            first=filing.not_before,
            last=day,
            is_errand=True,
            alarms=alarms,
            **common,
        )
    if filing.question is not None:
        yield Day(
            uid=f"{filing.id}-answer@todoke",
            title=_with(filing.title, Text(ja="ご回答の期限", en="last day for your answer")),
            last=filing.question.until,
            alarms=alarms,
            **common,
        )


def _about(filing: FilingView) -> tuple[Text, ...]:
    lines = [filing.receiver, filing.deadline.why]
    lines.append(filing.if_late or _SEVERITIES[filing.deadline.severity])
    if filing.deadline.basis:
        lines.append(Text(ja=f"根拠：{filing.deadline.basis}", en=f"Law: {filing.deadline.basis}"))
    return tuple(lines)


def _errand(way: Way) -> Text:
    if way is Way.VISIT:
        return Text(ja="窓口へ", en="visit")
    if way is Way.PAPER:
        return Text(ja="書面を送る", en="by post")
    return Text(ja="ご自身で", en="by yourself")


def _with(title: Text, what: Text) -> Text:
    return Text(ja=f"{title.ja}（{what.ja}）", en=f"{title.en} ({what.en})")


def _standing(state: FilingState) -> Standing:
    if state in _DONE:
        return Standing.DONE
    return Standing.DROPPED if state in ENDED_FILING else Standing.OPEN
