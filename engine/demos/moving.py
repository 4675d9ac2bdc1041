# SPDX-License-Identifier: Apache-2.0
"""A family of four moves from Muroran to Chiyoda; the day may change, or the move be called off."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from connectors.simulators.jpki import Municipality, Resident
from engine.client import CitizenClient
from engine.demos.moving_family import NHK_RIGHT, household
from engine.demos.script import PASSWORD, Case, Filing, Person, Script, Stage, Turn, call_off, morning

_LATER: Final = timedelta(days=5)
_CALLED_OFF: Final = timedelta(days=-4)  # the day after the bulky waste was fetched
_HOME: Final = "北海道室蘭市幸町１番２号"
_MURORAN: Final = Municipality("01205", "Hokkaido", "Muroran-shi")


class Moving(Script):
    """Each adult of whom something is told has a card, and signs."""

    event = "moving"
    people: ClassVar = {
        "/movers/0": Person(
            Resident("届出　花子", date(1990, 4, 1), _HOME, "2", _MURORAN), "届出 花子", "Hanako"
        ),
        "/movers/1": Person(
            Resident("届出　太郎", date(1988, 2, 29), _HOME, "1", _MURORAN), "届出 太郎", "Taro"
        ),
    }
    begins = timedelta(days=12)
    turns = frozenset(Turn)
    revoked_by = "move.move-in-notice"

    def facts(self, day: date) -> dict[str, Any]:
        """Return what the family tells of its move on that day."""
        return household(day)

    def corrected(self, facts: Mapping[str, Any], filing: Filing) -> dict[str, Any]:
        """Return the facts with NHK's number as it stands on the bill."""
        contracts = facts["contracts"]
        nhk = contracts["nhk"] | {"customerNumber": NHK_RIGHT}
        return {**facts, "contracts": contracts | {"nhk": nhk}}

    async def turned(self, stage: Stage, client: CitizenClient, case: Case, *, ahead: datetime) -> bool:
        """Change the day, or call the move off, before it comes."""
        if stage.turn is Turn.CHANGE_DATE and case["facts"]["movingDate"] == stage.day.isoformat():
            if ahead >= morning(stage.day):
                await self._change_date(stage, client, case)
                return True
        elif stage.turn is Turn.CALL_OFF and case["state"] == "running":
            day = morning(stage.day + _CALLED_OFF)
            if ahead >= day:
                stage.advance_to(day)
                await call_off(stage, client, case, ja="引越しを取りやめます", en="The move is called off")
                return True
        return False

    async def _change_date(self, stage: Stage, client: CitizenClient, case: Case) -> None:
        day = (stage.day + _LATER).isoformat()
        stage.say(
            f"\n引越し日が {day} に変わりました。伝えた全員に伝え直します"
            f"  The day is now {day}: everybody who was told is told again\n"
        )
        change = {"movingDate": day}
        await client.correct(case["id"], change, password=PASSWORD, key="demo-change-date")
