# SPDX-License-Identifier: Apache-2.0
"""東京都水道局 (Tokyo's waterworks), simulated: begins the supply of those who come (水道の開始).

It serves the 23 wards, so it is registered for the prefecture.
"""

from typing import ClassVar

from connectors.government.waterworks import StartDesk
from connectors.private.new_names import Examples, UtilityNameDesk
from connectors.sdk import Office, Text
from connectors.simulators import samples


class TokyoStartDesk(StartDesk):
    """Wherever in Tokyo it is."""

    area = "13"
    receipts = "都水-{}"


class TokyoWaterSimulator(Office):
    """The waterworks at the new address."""

    number = "3999999000006"
    name = Text(ja="東京都水道局（見本）", en="Tokyo Waterworks (Simulator)")
    kind = "public-body"
    areas = ("130001",)
    clerks: ClassVar = {"move.water": TokyoStartDesk(), "marriage.water": UtilityNameDesk()}
    examples: ClassVar = {
        "marriage.water": Examples.utility,
        "move.water": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "startOn": samples.MOVES,
            "phone": samples.PHONE,
            "payment": "口座振替",
        },
    }
