# SPDX-License-Identifier: Apache-2.0
"""What every municipal waterworks (水道局) does alike: it ends a supply, or begins one.

A move between two municipalities is told to both; each reads its own half.
"""

from datetime import date
from typing import Any, ClassVar

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, PersonName, Phone, Refused, Text
from connectors.simulators.papers import Letterhead


class Water(Fields):
    """What ends a supply (`stopOn`, with the customer number) or begins one (`startOn`)."""

    name: PersonName
    old_address: Address
    new_address: Address
    stop_on: date | None = None
    start_on: date | None = None
    customer_number: str | None = None
    phone: Phone
    payment: str | None = None


class StopDesk(Clerk):
    """Ends the supply at an address of ours, and announces the last bill."""

    fields = Water
    area: ClassVar[str]
    """The municipality or prefecture (the first two digits) whose water it is."""
    letter: ClassVar[Letterhead]
    _NOT_OURS = Refused(
        "not-our-supply",
        Text(ja="当局の給水区域ではありません", en="This address is not supplied by us"),
        field="/oldAddress/municipality",
    )
    _NO_NUMBER = Refused(
        "customer-number-missing",
        Text(
            ja="お客さま番号をご記入ください（検針票にあります）",
            en="Please give the number on the meter slip",
        ),
        field="/customerNumber",
        correctable=True,
    )
    _ENDED = Text(ja="すでに中止し、精算しました", en="It has ended and was settled")

    def objection(self, fields: Water, desk: Desk) -> Refused | None:
        if fields.stop_on is None or not fields.old_address.municipality.startswith(self.area):
            return self._NOT_OURS
        return None if fields.customer_number else self._NO_NUMBER

    def effective_on(self, fields: Water, desk: Desk) -> date | None:
        return fields.stop_on

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Water = order.fields
        items = {("中止日", "Last day"): told.stop_on, ("使用場所", "Place"): told.old_address}
        number = self.receipt(order.id)
        return (self.letter.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: Water, desk: Desk) -> Text | None:
        return self._ENDED if fields.stop_on and desk.today() >= fields.stop_on else None


class StartDesk(Clerk):
    """Begins the supply at an address of ours: nobody need be present, the tap is opened outside."""

    fields = Water
    area: ClassVar[str]
    _NOT_OURS = Refused(
        "not-our-supply",
        Text(ja="当局の給水区域ではありません", en="This address is not supplied by us"),
        field="/newAddress/municipality",
    )
    _BEGUN = Text(
        ja="すでに開始しています。中止をお申し込みください", en="It has begun; please ask to stop it"
    )

    def objection(self, fields: Water, desk: Desk) -> Refused | None:
        is_ours = fields.start_on is not None and fields.new_address.municipality.startswith(self.area)
        return None if is_ours else self._NOT_OURS

    def effective_on(self, fields: Water, desk: Desk) -> date | None:
        return fields.start_on

    def too_late(self, fields: Water, desk: Desk) -> Text | None:
        return self._BEGUN if fields.start_on and desk.today() >= fields.start_on else None
