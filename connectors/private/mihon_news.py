# SPDX-License-Identifier: Apache-2.0
"""見本新聞 (Mihon Shimbun), an invented newspaper: one dealer stops, the dealer at the new place begins."""

from datetime import date, timedelta
from typing import ClassVar

from connectors.private.ended_contracts import PaperEndDesk
from connectors.private.new_names import Examples, PaperNameDesk
from connectors.sdk import Address, Clerk, Desk, Fields, Office, PersonName, Phone, Refused, Text
from connectors.simulators import samples


class Delivery(Fields):
    """Where the paper comes, until when and from when."""

    name: PersonName
    old_address: Address
    new_address: Address
    stop_on: date
    start_on: date
    phone: Phone


class DealerDesk(Clerk):
    """The dealers settle among themselves; they want to hear of it a day before."""

    fields = Delivery
    receipts = "MS-{}"
    _TOO_SOON = Text(
        ja="停止は翌日以降の日をご指定ください", en="The paper can be stopped from tomorrow at the earliest"
    )
    _COMES = Text(ja="新住所への配達を始めています", en="It is being delivered to the new address")

    def objection(self, fields: Delivery, desk: Desk) -> Refused | None:
        if fields.stop_on < desk.today() + timedelta(days=1):
            return Refused("too-soon", self._TOO_SOON, field="/stopOn", correctable=True)
        return None

    def effective_on(self, fields: Delivery, desk: Desk) -> date:
        return fields.start_on

    def too_late(self, fields: Delivery, desk: Desk) -> Text | None:
        return self._COMES if desk.today() >= fields.start_on else None


class MihonNewsSimulator(Office):
    """A daily newspaper."""

    number = "2999999000015"
    name = Text(ja="見本新聞（架空・見本）", en="Mihon Shimbun (fictitious, Simulator)")
    clerks: ClassVar = {
        "move.newspaper": DealerDesk(),
        "marriage.newspaper": PaperNameDesk(),
        "death.newspaper": PaperEndDesk(),
    }
    examples: ClassVar = {
        "marriage.newspaper": Examples.paper,
        "move.newspaper": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "stopOn": samples.MOVES,
            "startOn": samples.MOVES,
            "phone": samples.PHONE,
        },
    }
