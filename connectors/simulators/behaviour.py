# SPDX-License-Identifier: Apache-2.0
"""The dial on a simulated organisation: offices that ask, refuse, are slow, closed, or lose an answer.

Wrappers around what is real: one around a connector (what the office does), one around its transport
(what the line does), one around its clock. The connector inside knows nothing of them.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from connectors.sdk import (
    Accepted,
    Amend,
    Amended,
    Answer,
    Answered,
    Asked,
    Completed,
    Connector,
    Desk,
    Irrevocable,
    Later,
    OrganisationClosed,
    Received,
    Refused,
    Reply,
    Submit,
    Text,
    Withdraw,
)
from connectors.sdk.desk import JAPAN
from connectors.sdk.transport import Outgoing, Result, Transport
from connectors.sdk.work import collected
from engine.ports import Clock

_OPENS, _CLOSES = time(9), time(17)
_SURE: Final = "is-it-right"
_QUESTION: Final = Text(
    ja="お届けの内容に間違いがないか、もう一度ご確認ください",
    en="Please confirm that what you told us is right",
)
_YES: Final = {
    "type": "boolean",
    "title": "内容は正しい",
    "x-title": {"ja": "内容は正しい", "en": "It is right"},
}
_LOOK_AGAIN: Final = Refused(
    "please-check",
    Text(ja="内容をもう一度ご確認ください", en="Please check what you told us"),
    correctable=True,
)
_TOO_LATE: Final = Text(ja="処理が済んでいます（見本）", en="It has been processed (simulated)")


class Behaviour(BaseModel):
    """How an organisation behaves; without anything it simply does its work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ask_first: bool = False
    refuse_first: bool | Refused = False
    """Refuses every first attempt, with a reason the citizen can mend."""
    slow_days: float = Field(0, ge=0)
    down_minutes: float = Field(0, ge=0)
    """Out of reach for that long, counted from the first order."""
    office_hours: bool = False
    """Works 9 to 17 in Japan, Monday to Friday."""
    issue_documents: bool = True
    irrevocable: bool = False
    forget_corrections: bool = False
    """Confirms every correction and keeps the old value: what a comparison of the books must find."""
    lose_answer_once: bool = False
    duplicate_replies: bool = False
    malformed_replies: bool = False
    """Each reply comes cut off first, and whole only then."""
    burst: int = Field(1, ge=1, le=100)
    """How often everything is sent, one right after the other."""
    clock_minutes: float = Field(0, ge=-1440, le=1440)
    """By how much its clock is fast, or slow."""

    def turned(self, dial: str) -> Self:
        """Return it with what the JSON says; raises ValidationError."""
        wanted = type(self).model_validate_json(dial)
        return self.model_copy(update={name: getattr(wanted, name) for name in wanted.model_fields_set})


class Dialled(Connector):
    """A connector that behaves as it is told."""

    number = ""
    name = Text(ja="", en="")
    procedures = {}  # noqa: RUF012 - `dialled` puts the connector's own in place

    def __init__(self, inner: Connector, behaviour: Behaviour) -> None:
        self._inner = inner
        self._dial = behaviour
        self._up_at: datetime | None = None

    async def submit(self, order: Submit[Any], desk: Desk) -> Answer:
        """Do what the dial says before the work, then the work."""
        desk.notes.pop("at-work", None)
        return await self._next(order, desk)

    async def follow_up(self, order: Submit[Any], desk: Desk) -> Answer:
        """Go on where the dial made a pause, or let the connector go on."""
        if desk.notes.get("at-work"):
            return self._without_papers(await collected(self._inner.follow_up, order, desk))
        return await self._next(order, desk)

    async def answered(self, order: Answered[Any], desk: Desk) -> Answer:
        """Go on after the dial's own question; any other is the connector's."""
        self._check_open(desk)
        if order.question_id == _SURE:
            return Later(desk.now())
        return self._without_papers(await collected(self._inner.answered, order, desk))

    async def amend(self, order: Amend[Any], desk: Desk) -> Answer:
        """Correct it, in office hours."""
        self._check_open(desk)
        if self._dial.forget_corrections:
            return Amended(f"{order.id[2:10]}")
        return self._without_papers(await collected(self._inner.amend, order, desk))

    async def withdraw(self, order: Withdraw[Any], desk: Desk) -> Answer:
        """Undo it, unless the dial says it is too late."""
        self._check_open(desk)
        if self._dial.irrevocable:
            return Irrevocable(f"{order.id[2:10]}", _TOO_LATE)
        return await collected(self._inner.withdraw, order, desk)

    async def _next(self, order: Submit[Any], desk: Desk) -> Answer:
        self._check_open(desk)
        if self._dial.refuse_first and order.attempt == 1:
            return _LOOK_AGAIN if self._dial.refuse_first is True else self._dial.refuse_first
        if self._dial.ask_first and not desk.notes.get("asked"):
            desk.notes["asked"] = True
            until = desk.today() + timedelta(days=7)
            return Received(), Asked(_SURE, _QUESTION, _YES, until=until)
        if self._dial.slow_days and not desk.notes.get("waited"):
            desk.notes["waited"] = True
            return Received(), Later(desk.now() + timedelta(days=self._dial.slow_days))
        desk.notes["at-work"] = True
        return self._without_papers(await collected(self._inner.submit, order, desk))

    def _check_open(self, desk: Desk) -> None:
        now = desk.now()
        if self._up_at is None:
            self._up_at = now + timedelta(minutes=self._dial.down_minutes)
        opens = max(self._up_at, opening(now) if self._dial.office_hours else now)
        if opens > now:
            raise OrganisationClosed(minutes=(opens - now) / timedelta(minutes=1))

    def _without_papers(self, said: Sequence[Reply | Later]) -> list[Reply | Later]:
        if self._dial.issue_documents:
            return list(said)
        return [replace(one, documents=()) if isinstance(one, Accepted | Completed) else one for one in said]


def dialled(connector: Connector, behaviour: Behaviour) -> Connector:
    """Return the connector with the dial in front of it."""
    names = ("number", "name", "kind", "areas", "procedures", "examples")
    told = {name: getattr(connector, name) for name in names}
    simulator: Connector = type(type(connector).__name__, (Dialled,), told)(connector, behaviour)
    return simulator


def opening(now: datetime) -> datetime:
    """Return when the office is open next: now, if it is."""
    here = now.astimezone(JAPAN)
    if here.weekday() < 5 and _OPENS <= here.time() < _CLOSES:
        return now
    day = here.date() if here.time() < _OPENS else here.date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, _OPENS, JAPAN)


class WrongClock:
    """A clock that is fast, or slow."""

    def __init__(self, inner: Clock, behaviour: Behaviour) -> None:
        self._inner = inner
        self._ahead = timedelta(minutes=behaviour.clock_minutes)

    def now(self) -> datetime:
        """Return what it shows."""
        return self._inner.now() + self._ahead


class FaultyLine:
    """A transport that loses each reply once, spoils it, or sends it more than once."""

    def __init__(self, inner: Transport, behaviour: Behaviour) -> None:
        self._inner = inner
        self._behaviour = behaviour
        self._lost: set[str] = set()
        self._spoilt: set[str] = set()
        self.take = inner.take
        self.acknowledge = inner.acknowledge
        self.turn_away = inner.turn_away
        self.close = inner.close

    async def send(self, replies: Sequence[Outgoing]) -> list[Result]:
        """Send what is not lost on the way; the sender believes that all arrived."""
        lost = [one for one in replies if self._behaviour.lose_answer_once and one.id not in self._lost]
        self._lost |= {one.id for one in lost}
        sent = [one for one in replies if one not in lost]
        results = [Result(one.id, "sent") for one in lost]
        if not sent:
            return results
        if self._behaviour.malformed_replies:
            await self._spoil([one for one in sent if one.id not in self._spoilt])
        results += await self._inner.send(sent)
        for _ in range(1, max(self._behaviour.burst, 1 + self._behaviour.duplicate_replies)):
            await self._inner.send(sent)
        return results

    async def _spoil(self, replies: Sequence[Outgoing]) -> None:
        self._spoilt |= {one.id for one in replies}
        for one in replies:
            await self._inner.send([replace(one, event=cut_off(one.event))])


def cut_off(event: bytes) -> bytes:
    """Return the event with the second half of what is sealed in it missing."""
    spoilt = json.loads(event)
    spoilt["data"] = spoilt["data"][: len(spoilt["data"]) // 2]
    return json.dumps(spoilt).encode()
