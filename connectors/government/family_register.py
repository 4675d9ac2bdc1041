# SPDX-License-Identifier: Apache-2.0
"""千代田区 戸籍係 (Family register desk of Chiyoda), simulated: takes notices of birth (出生届) online.

It shows what is deposited: handed in while the desk is closed, a notice is judged on the next open
day, and counts from the day it was handed in. Until it is accepted it can be taken back, after that
nobody can undo it.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from connectors.sdk import (
    Accepted,
    Answer,
    Completed,
    Connector,
    Desk,
    Fields,
    Irrevocable,
    Later,
    PersonName,
    Received,
    Reply,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)

_JAPAN = ZoneInfo("Asia/Tokyo")
_SATURDAY = 5
_ACCEPTED = Text(
    ja="受理されたため取り下げられません。名の変更には家庭裁判所の許可が要ります（戸籍法107条の2）",
    en="It has been accepted and stays; another name needs leave of the family court",
)


class Place(Fields):
    """Where the child was born."""

    facility: str | None = None
    municipality: str | None = None
    line: str


class Child(Fields):
    """The child, with the hour and the minute (戸籍法49条2項)."""

    name: PersonName
    kana: PersonName
    sex: str
    legitimate: bool
    relation: str | None = None
    born_on: date
    born_at: str
    place: Place


class Parent(Fields):
    """A parent as the notice names them; more than this the desk looks up in its own register."""

    name: PersonName
    birth_date: date


class Filer(Fields):
    """Who notifies the birth."""

    role: str
    name: PersonName


class BirthNotice(Fields):
    """What a notice of birth says (戸籍法49条)."""

    child: Child
    parents: Annotated[tuple[Parent, ...], Field(min_length=1, max_length=2)]
    head: PersonName
    filer: Filer


class ChiyodaRegisterSimulator(Connector):
    """Accepts at once while it is open, and in the morning what was deposited."""

    number = "2999999000031"
    name = Text(ja="千代田区戸籍係（見本）", en="Family Register Desk of Chiyoda (Simulator)")
    kind = "public-body"
    areas = ("131016",)
    procedures: ClassVar = {"birth.birth-notice": BirthNotice}
    hours: ClassVar[tuple[time, time] | None] = (time(8, 30), time(17, 0))
    """When the desk is open from Monday to Friday; None: it never closes."""

    def submit(self, order: Submit[BirthNotice], desk: Desk) -> Iterator[Reply | Later]:
        desk.notes["handedIn"] = desk.today().isoformat()
        opens = self._next_opening(desk.now())
        yield Received(_receipt(order.id), promised_by=opens.date())
        if opens > desk.now():
            yield Later(opens)
            return
        yield from _accepted(order, desk)

    def follow_up(self, order: Submit[BirthNotice], desk: Desk) -> Iterator[Reply]:
        return _accepted(order, desk)

    def withdraw(self, order: Withdraw[BirthNotice], desk: Desk) -> Answer:
        if desk.notes.get("accepted"):
            return Irrevocable(_receipt(order.id), _ACCEPTED)
        return Withdrawn(_receipt(order.id))

    def _next_opening(self, now: datetime) -> datetime:
        """Return now while the desk is open, else when it next opens."""
        if self.hours is None:
            return now
        opens, closes = self.hours
        here = now.astimezone(_JAPAN)
        if here.weekday() < _SATURDAY and opens <= here.time() < closes:
            return now
        day = here.date() if here.time() < opens else here.date() + timedelta(days=1)
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
        return datetime.combine(day, opens, tzinfo=_JAPAN)

    examples: ClassVar = {
        "birth.birth-notice": {
            "child": {
                "name": {"family": "見本", "given": "一"},
                "kana": {"family": "ミホン", "given": "ハジメ"},
                "sex": "male",
                "legitimate": True,
                "relation": "長男",
                "bornOn": "2026-11-20",
                "bornAt": "14:30",
                "place": {"facility": "見本病院", "municipality": "131016", "line": "九段南一丁目"},
            },
            "parents": [
                {"name": {"family": "見本", "given": "花子"}, "birthDate": "1995-05-05"},
                {"name": {"family": "見本", "given": "太郎"}, "birthDate": "1993-03-03"},
            ],
            "head": {"family": "見本", "given": "太郎"},
            "filer": {"role": "father", "name": {"family": "見本", "given": "太郎"}},
        }
    }


def _accepted(order: Submit[BirthNotice], desk: Desk) -> Iterator[Reply]:
    """Enter the child; the notice takes effect on the day it was handed in (戸籍法施行規則20条)."""
    desk.take_effect(order, "entered")
    desk.notes["accepted"] = True
    handed_in = date.fromisoformat(str(desk.notes["handedIn"]))
    yield Accepted(_receipt(order.id))
    yield Completed(_receipt(order.id), effective_on=handed_in)


def _receipt(order_id: str) -> str:
    return f"千区戸第{order_id[2:10]}号"
