# SPDX-License-Identifier: Apache-2.0
"""室蘭運輸支局 (Muroran's transport bureau), simulated: enters the heir who takes a car (移転登録)."""

from typing import Any, ClassVar

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Text
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="室蘭運輸支局（見本）", en="Muroran Transport Bureau (Simulator)")


class TakenOver(Fields):
    """Which vehicle, and who takes it (道路運送車両法13条)."""

    plate: str
    chassis: str
    vehicle_kind: str
    name: PersonName
    address: Address | None = None


class TransferDesk(Clerk):
    """Enters the new owner at once; what is entered stays."""

    fields = TakenOver
    receipts = "室運第{}号"
    _LETTER = Letterhead(
        _NAME,
        "inspection-certificate",
        Text(ja="自動車検査証記録事項（移転登録・見本）", en="Record after the transfer (sample)"),
        Text(
            ja="移転登録をしました。遺産分割協議書の写しは窓口でお返しします。",
            en="The transfer was entered; the copy of the division is given back at the counter.",
        ),
    )
    _ENTERED = Text(ja="移転登録を済ませました", en="The transfer has been entered")

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: TakenOver = order.fields
        items = {
            ("登録番号", "Plate"): told.plate,
            ("車台番号", "Chassis number"): told.chassis,
            ("所有者", "Owner"): told.name,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: TakenOver, desk: Desk) -> Text | None:
        return self._ENTERED


class MuroranTransportSimulator(Office):
    """The bureau of the last address."""

    number = "8999999000050"
    name = _NAME
    kind = "state"
    areas = ("012050",)
    clerks: ClassVar = {"death.car-transfer": TransferDesk()}
