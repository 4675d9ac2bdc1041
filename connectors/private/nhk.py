# SPDX-License-Identifier: Apache-2.0
"""日本放送協会 (NHK), simulated: takes the new address of a receiving contract (放送受信契約).

It shows a refusal that the citizen can mend: the customer number has ten digits.
"""

import re
from datetime import date
from typing import ClassVar

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
    PersonName,
    Phone,
    Received,
    Refused,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)
from connectors.simulators import samples

CUSTOMER_NUMBER = Refused(
    "customer-number-format",
    Text(
        ja="お客様番号を確認できません。数字10桁でご記入ください",
        en="The customer number was not found; please give its ten digits",
    ),
    field="/customerNumber",
    correctable=True,
)
_TEN_DIGITS = re.compile(r"[0-9]{10}")


class AddressChange(Fields):
    """What NHK needs to follow a household to its new address (放送法64条)."""

    name: PersonName
    old_address: Address
    new_address: Address
    moving_date: date
    customer_number: str | None = None
    phone: Phone


class NhkSimulator(Connector):
    """Changes the address when it finds the contract."""

    number = "7999999000002"
    name = Text(ja="日本放送協会（見本）", en="NHK (Simulator)")
    procedures: ClassVar = {"move.nhk": AddressChange}

    async def submit(self, order: Submit[AddressChange], desk: Desk) -> Answer:
        if not _TEN_DIGITS.fullmatch((order.fields.customer_number or "").replace("-", "")):
            return CUSTOMER_NUMBER
        desk.take_effect(order, "address-changed")
        receipt = _receipt(order.id)
        return Received(receipt), Accepted(receipt), Completed(receipt, order.fields.moving_date)

    async def amend(self, order: Amend[AddressChange], desk: Desk) -> Answer:
        desk.take_effect(order, "address-changed")
        return Amended(_receipt(order.id))

    async def withdraw(self, order: Withdraw[AddressChange], desk: Desk) -> Answer:
        desk.take_effect(order, "address-restored")
        return Withdrawn(_receipt(order.id))

    examples: ClassVar = {
        "move.nhk": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "movingDate": samples.MOVES,
            "customerNumber": "1234567890",
            "phone": samples.PHONE,
        }
    }


def _receipt(order_id: str) -> str:
    return f"NHK-{order_id[2:10]}"
