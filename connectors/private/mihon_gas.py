# SPDX-License-Identifier: Apache-2.0
"""見本ガス (Mihon Gas), an invented gas company: closes one valve, and opens another with somebody present.

The law wants the appliances looked at when gas begins (ガス事業法159条), so it asks for a time.
"""

from datetime import date
from typing import Any, ClassVar

from connectors.private.ended_contracts import SupplyEndDesk
from connectors.private.new_names import Examples, UtilityNameDesk
from connectors.sdk import (
    Address,
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    Office,
    PersonName,
    Phone,
    Question,
    Refused,
    Text,
)
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本ガス（架空・見本）", en="Mihon Gas (fictitious, Simulator)")


class GasMove(Fields):
    """What the company needs to close the old valve and to open the new one."""

    name: PersonName
    old_address: Address
    new_address: Address
    stop_on: date
    start_on: date
    customer_number: str | None = None
    phone: Phone


class ValveDesk(Clerk):
    """Books a time for the opening; another day keeps the time of day."""

    fields = GasMove
    receipts = "MG-{}"
    _LETTER = Letterhead(
        _NAME,
        "safety-notice",
        Text(ja="開栓のご予約と保安のお知らせ（見本）", en="Opening of the valve, and safety (sample)"),
        Text(
            ja="係員が消費機器を調査してから開栓します。立会いをお願いします。",
            en="Our staff look at the appliances before they open the valve; somebody has to be present.",
        ),
    )
    _WHEN = Text(
        ja="開栓には立会いが必要です。時間帯をお選びください",
        en="Somebody has to be present when the valve is opened. Which time suits you?",
    )
    _TIMES: ClassVar = {
        "morning": Text(ja="午前（9時〜12時）", en="Morning (9 to 12)"),
        "afternoon": Text(ja="午後（13時〜17時）", en="Afternoon (13 to 17)"),
        "evening": Text(ja="夕方（17時〜19時）", en="Evening (17 to 19)"),
    }
    _ORDER = Text(ja="開栓日が閉栓日より前です", en="It would begin before the old supply ends")
    _CLOSED = Text(ja="すでに閉栓しています", en="The valve has been closed")

    def objection(self, fields: GasMove, desk: Desk) -> Refused | None:
        if fields.start_on < fields.stop_on:
            return Refused("start-before-stop", self._ORDER, field="/startOn", correctable=True)
        return None

    def question(self, fields: GasMove, desk: Desk) -> Question:
        return Question("opening-time", self._WHEN, "開栓の時間帯", self._TIMES)

    def effective_on(self, fields: GasMove, desk: Desk) -> date:
        return fields.start_on

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: GasMove = order.fields
        time = self._TIMES.get(str(desk.notes.get("answer")), self._TIMES["morning"])
        items = {
            ("閉栓日", "Closed on"): told.stop_on,
            ("開栓日", "Opened on"): told.start_on,
            ("時間帯", "Time"): time.ja,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: GasMove, desk: Desk) -> Text | None:
        return self._CLOSED if desk.today() >= fields.stop_on else None


class MihonGasSimulator(Office):
    """Sells gas at both addresses."""

    number = "6999999000011"
    name = _NAME
    clerks: ClassVar = {
        "move.gas": ValveDesk(),
        "marriage.gas": UtilityNameDesk(),
        "death.gas": SupplyEndDesk(_NAME),
    }
    examples: ClassVar = {
        "marriage.gas": Examples.utility,
        "move.gas": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "stopOn": samples.MOVES,
            "startOn": samples.MOVES,
            "customerNumber": "55-66",
            "phone": samples.PHONE,
        },
    }
