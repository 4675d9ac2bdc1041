# SPDX-License-Identifier: Apache-2.0
"""室蘭市水道部 (Muroran's waterworks), simulated: ends the supply of those who leave (水道の中止)."""

from typing import ClassVar

from connectors.government.waterworks import StopDesk
from connectors.private.ended_contracts import SupplyEndDesk
from connectors.sdk import Office, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="室蘭市水道部（見本）", en="Muroran Waterworks (Simulator)")


class MuroranStopDesk(StopDesk):
    """Reads the meter from outside; the last bill goes to the new address."""

    area = "012050"
    receipts = "室水-{}"
    letter = Letterhead(
        _NAME,
        "final-bill",
        Text(ja="水道料金精算のお知らせ（見本）", en="Your last water bill (sample)"),
        Text(
            ja="中止日にメーターを確認し、最後の料金を新住所へお知らせします。立会いは不要です。",
            en="We read the meter on that day and write to the new address; nobody need be there.",
        ),
    )


class MuroranWaterSimulator(Office):
    """The waterworks of the city that is left."""

    number = "4999999000005"
    name = _NAME
    kind = "public-body"
    areas = ("012050",)
    clerks: ClassVar = {"move.water": MuroranStopDesk(), "death.water": SupplyEndDesk(_NAME)}
    examples: ClassVar = {
        "move.water": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "stopOn": samples.MOVES,
            "customerNumber": "12-345678",
            "phone": samples.PHONE,
        }
    }
