# SPDX-License-Identifier: Apache-2.0
"""千代田区 (Chiyoda City), simulated: takes move-in notices (転入届) and national health insurance.

The law keeps a move-in notice at the counter; this connector is what a city runs that takes the
prepared notice beforehand.
"""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from connectors.sdk import (
    Accepted,
    Address,
    Amend,
    Amended,
    Answer,
    Completed,
    Connector,
    Desk,
    Fields,
    Irrevocable,
    Mover,
    PersonName,
    Phone,
    Received,
    Refused,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)

_TOO_EARLY = Text(
    ja="転入届は新住所に住み始めてからでなければ届け出られません（住民基本台帳法22条）",
    en="A move-in notice can be filed only after moving in (Basic Resident Registration Act, art. 22)",
)
_RECORDED = Text(ja="住民票に記載済みです", en="It has been recorded in the resident register")


class MoveIn(Fields):
    """What a move-in notice says (住民基本台帳法22条)."""

    name: PersonName
    kana: PersonName
    birth_date: date
    old_address: Address
    new_address: Address
    moving_date: date
    movers: Annotated[tuple[Mover, ...], Field(min_length=1, max_length=20)]
    head: PersonName | None = None
    phone: Phone


class HealthInsurance(Fields):
    """What enrolment in national health insurance needs here (国民健康保険法9条)."""

    name: PersonName
    birth_date: date
    new_address: Address
    moving_date: date


class ChiyodaCitySimulator(Connector):
    """Records who has moved in; what is recorded stays."""

    number = "8000020131016"
    name = Text(ja="千代田区（見本）", en="Chiyoda City (Simulator)")
    kind = "municipality"
    areas = ("131016",)
    procedures: ClassVar = {"move.move-in-notice": MoveIn, "move.nhi-enrol": HealthInsurance}

    def submit(self, order: Submit[MoveIn] | Submit[HealthInsurance], desk: Desk) -> Answer:
        if desk.today() < order.fields.moving_date:
            return Refused("not-moved-in", _TOO_EARLY, field="/movingDate", correctable=True)
        desk.take_effect(order, "recorded")
        receipt = _receipt(order.id)
        return Received(receipt), Accepted(receipt), Completed(receipt, order.fields.moving_date)

    def amend(self, order: Amend[MoveIn] | Amend[HealthInsurance], desk: Desk) -> Answer:
        desk.take_effect(order, "corrected")
        return Amended(_receipt(order.id))

    def withdraw(self, order: Withdraw[MoveIn] | Withdraw[HealthInsurance], desk: Desk) -> Answer:
        if desk.today() >= order.fields.moving_date:
            return Irrevocable(_receipt(order.id), _RECORDED)
        return Withdrawn(_receipt(order.id))

    examples: ClassVar = {
        "move.nhi-enrol": {
            "name": {"family": "見本", "given": "花子"},
            "birthDate": "1990-04-01",
            "newAddress": {
                "postalCode": "102-8688",
                "municipality": "131016",
                "prefecture": "東京都",
                "city": "千代田区",
                "line": "九段南一丁目2番1号",
            },
            "movingDate": "2026-12-01",
        }
    }


def _receipt(order_id: str) -> str:
    return f"千区第{order_id[2:10]}号"
