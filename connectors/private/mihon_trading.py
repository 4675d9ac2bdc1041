# SPDX-License-Identifier: Apache-2.0
"""見本商事 (Mihon Trading), an invented employer: the new address, and the way to work."""

from datetime import date
from typing import ClassVar

from connectors.sdk import Address, Clerk, Desk, Fields, Office, Text
from connectors.simulators import samples


class Employee(Fields):
    """What an employer needs of a move (所得税法194条); the procedure tells it no name."""

    new_address: Address
    moving_date: date
    commuting: str | None = None


class PersonnelDesk(Clerk):
    """Counts from the day of the move; allowances are worked out with the next salary."""

    fields = Employee
    receipts = "見商人-{}"

    def effective_on(self, fields: Employee, desk: Desk) -> date:
        return fields.moving_date


class MihonTradingSimulator(Office):
    """A company with employees."""

    number = "2999999000023"
    name = Text(ja="見本商事（架空・見本）", en="Mihon Trading (fictitious, Simulator)")
    clerks: ClassVar = {"move.employer-address": PersonnelDesk()}
    examples: ClassVar = {
        "move.employer-address": {
            "newAddress": samples.NEW_ADDRESS,
            "movingDate": samples.MOVES,
            "commuting": "半蔵門線",
        }
    }
