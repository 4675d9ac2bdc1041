# SPDX-License-Identifier: Apache-2.0
"""軽自動車検査協会 (the organisation that inspects kei cars), simulated: changes the record of a kei car."""

from typing import ClassVar

from connectors.government.vehicle_records import RecordDesk
from connectors.sdk import Desk, Office, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="軽自動車検査協会（見本）", en="Kei Car Inspection Organization (Simulator)")


class KeiDesk(RecordDesk):
    """It keeps a record, no register: what is in it can be put right again."""

    receipts = "軽検-{}"
    letter = Letterhead(
        _NAME,
        "inspection-certificate",
        Text(ja="軽自動車の検査証記録事項（見本）", en="Record of a kei car (sample)"),
        Text(ja="変更を記録しました。", en="The change was recorded."),
    )

    def too_late(self, fields: object, desk: Desk) -> None:
        return None


class KeiInspectionSimulator(Office):
    """One organisation for the whole country."""

    number = "9999999000009"
    name = _NAME
    kind = "public-body"
    clerks: ClassVar = {"move.kei-car": KeiDesk()}
    examples: ClassVar = {
        "move.kei-car": {
            "name": samples.NAME,
            "newAddress": samples.NEW_ADDRESS,
            "plate": "室蘭 580 あ 12-34",
            "chassis": "K12-345678",
        }
    }
