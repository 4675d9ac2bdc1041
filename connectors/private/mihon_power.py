# SPDX-License-Identifier: Apache-2.0
"""見本電力 (Mihon Power), an invented electricity company: ends one supply and starts another.

It shows a question to the citizen: the work goes on when the answer comes.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar

from connectors.sdk import (
    Accepted,
    Address,
    Amend,
    Amended,
    Answer,
    Answered,
    Asked,
    Completed,
    Connector,
    Desk,
    Fields,
    Irrevocable,
    PersonName,
    Phone,
    Received,
    Reply,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
    choice,
)
from connectors.simulators import samples

_METER = Text(
    ja="使用停止日に、検針員が敷地に入ってメーターを確認してもよいですか",
    en="May our staff enter the premises to read the meter on the day the supply ends?",
)
_CHOICES = {
    "alone": Text(ja="はい（立会いなし）", en="Yes, without me"),
    "with-me": Text(ja="はい（立会いあり）", en="Yes, with me"),
    "locked": Text(ja="いいえ（施錠）", en="No, it is locked"),
}
_METER_ANSWER = choice("メーターの確認", _CHOICES)
_ENDED = Text(ja="すでに使用を停止しています", en="The supply has already ended")


class ElectricityMove(Fields):
    """What the company needs to end the old supply and start the new one."""

    name: PersonName
    old_address: Address
    new_address: Address
    stop_on: date
    start_on: date
    customer_number: str | None = None
    phone: Phone


class MihonPowerSimulator(Connector):
    """Asks about the meter, then books both dates."""

    number = "8999999000001"
    name = Text(ja="見本電力（架空・見本）", en="Mihon Power (fictitious, Simulator)")
    procedures: ClassVar = {"move.electricity": ElectricityMove}

    def submit(self, order: Submit[ElectricityMove], desk: Desk) -> Iterator[Reply]:
        yield Received(_receipt(order.id))
        yield Asked("meter-access", _METER, _METER_ANSWER, until=desk.today() + timedelta(days=7))

    def answered(self, order: Answered[ElectricityMove], desk: Desk) -> Iterator[Reply]:
        desk.take_effect(order, "booked")
        desk.notes["meter"] = order.answer
        yield Accepted(_receipt(order.id))
        yield Completed(_receipt(order.id), effective_on=order.fields.start_on)

    def amend(self, order: Amend[ElectricityMove], desk: Desk) -> Iterator[Reply]:
        desk.take_effect(order, "rebooked")
        if "meter" not in desk.notes:
            # The question went with the days it was about: the meter is read from outside.
            yield Completed(_receipt(order.id), effective_on=order.fields.start_on)
        yield Amended(_receipt(order.id))

    def withdraw(self, order: Withdraw[ElectricityMove], desk: Desk) -> Answer:
        if desk.today() >= order.fields.stop_on:
            return Irrevocable(_receipt(order.id), _ENDED)
        desk.take_effect(order, "undone")
        return Withdrawn(_receipt(order.id))

    examples: ClassVar = {
        "move.electricity": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "stopOn": samples.MOVES,
            "startOn": samples.MOVES,
            "customerNumber": "0123456789",
            "phone": samples.PHONE,
        }
    }


def _receipt(order_id: str) -> str:
    return f"MP-{order_id[2:10]}"
