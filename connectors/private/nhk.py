# SPDX-License-Identifier: Apache-2.0
"""日本放送協会 (NHK), simulated: takes the new address, the new name or the end of a receiving contract.

It shows a refusal that the citizen can mend: the customer number has ten digits.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from connectors.private.ended_contracts import EndedSupply, SupplyEndDesk
from connectors.sdk import (
    Accepted,
    Address,
    Amend,
    Amended,
    Answer,
    Clerk,
    Completed,
    Desk,
    Fields,
    Office,
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

_CUSTOMER_NUMBER = Refused(
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


class HolderName(Fields):
    """A contract's new name after a marriage; where two households become one, one contract ends."""

    old_name: PersonName
    new_name: PersonName
    address: Address
    customer_number: str | None = None
    merging_numbers: tuple[str, ...] = ()
    ends: bool


class ReceptionDesk(Clerk):
    """Takes nothing whose contract it does not find."""

    receipts = "NHK-{}"

    def objection(self, fields: Any, desk: Desk) -> Refused | None:
        return _unknown(fields.customer_number)


class AddressDesk(ReceptionDesk):
    """Changes the address, and back again."""

    fields = AddressChange

    def submit(self, order: Submit[AddressChange], desk: Desk) -> Answer:
        if objection := self.objection(order.fields, desk):
            return objection
        desk.take_effect(order, "address-changed")
        receipt = self.receipt(order.id)
        return Received(receipt), Accepted(receipt), Completed(receipt, order.fields.moving_date)

    def amend(self, order: Amend[AddressChange], desk: Desk) -> Answer:
        desk.take_effect(order, "address-changed")
        return Amended(self.receipt(order.id))

    def withdraw(self, order: Withdraw[AddressChange], desk: Desk) -> Answer:
        desk.take_effect(order, "address-restored")
        return Withdrawn(self.receipt(order.id))


class NameDesk(ReceptionDesk):
    """Names."""

    fields = HolderName


class EndDesk(SupplyEndDesk):
    """Contracts that end with a death."""

    receipts = ReceptionDesk.receipts

    def objection(self, fields: EndedSupply, desk: Desk) -> Refused | None:
        return _unknown(fields.customer_number)


class NhkSimulator(Office):
    """Changes the address, the name or the end of a contract when it finds it."""

    number = "7999999000002"
    name = Text(ja="日本放送協会（見本）", en="NHK (Simulator)")
    clerks: ClassVar[Mapping[str, Clerk]] = {
        "move.nhk": AddressDesk(),
        "marriage.nhk": NameDesk(),
        "death.nhk": EndDesk(),
    }
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


def _unknown(number: str | None) -> Refused | None:
    """Return why a contract of this number is not found; None if it is."""
    return None if _TEN_DIGITS.fullmatch((number or "").replace("-", "")) else _CUSTOMER_NUMBER
