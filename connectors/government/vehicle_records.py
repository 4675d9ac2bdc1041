# SPDX-License-Identifier: Apache-2.0
"""What the offices that keep the records of cars do alike: change the record, and ask about the plates."""

from typing import Any, ClassVar

from connectors.sdk import (
    Address,
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    PersonName,
    Question,
    Text,
)
from connectors.simulators.papers import Letterhead


class Vehicle(Fields):
    """What a changed record needs (道路運送車両法12条、67条)."""

    name: PersonName
    new_address: Address
    plate: str
    chassis: str


class RecordDesk(Clerk):
    """Changes the record online; the plates of another area need a visit, now or at the next inspection."""

    fields = Vehicle
    letter: ClassVar[Letterhead]
    _PLATES = Text(
        ja="管轄が変わるため番号標の交換が必要です。オンラインではできません。いつ持ち込みますか",
        en="The plates have to be exchanged, which cannot be done online. When will you bring the car?",
    )
    _CHOICES: ClassVar = {
        "next-inspection": Text(ja="次の車検のとき", en="At the next inspection"),
        "visit": Text(ja="15日以内に窓口で", en="At the counter, within 15 days"),
    }
    _RECORDED = Text(ja="記録を変更済みです", en="The record has been changed")

    def question(self, fields: Vehicle, desk: Desk) -> Question:
        return Question("plates", self._PLATES, "番号標の交換", self._CHOICES)

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Vehicle = order.fields
        plates = self._CHOICES.get(str(desk.notes.get("answer")), self._CHOICES["next-inspection"])
        items = {
            ("登録番号", "Plate"): told.plate,
            ("車台番号", "Chassis number"): told.chassis,
            ("使用の本拠", "Kept at"): told.new_address,
            ("番号標の交換", "Exchange of the plates"): plates.ja,
        }
        number = self.receipt(order.id)
        return (self.letter.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: Vehicle, desk: Desk) -> Text | None:
        return self._RECORDED


class RenamedVehicle(Fields):
    """An owner's new name (道路運送車両法12条)."""

    old_name: PersonName
    new_name: PersonName
    plate: str
    chassis: str


class OwnerNameDesk(Clerk):
    """Writes the new name: the plates stay, and so does what is written."""

    fields = RenamedVehicle
    letter: ClassVar[Letterhead]
    _RECORDED = Text(ja="氏名を変更済みです", en="The name has been changed")

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: RenamedVehicle = order.fields
        items = {
            ("登録番号", "Plate"): told.plate,
            ("車台番号", "Chassis number"): told.chassis,
            ("所有者", "Owner"): told.new_name,
        }
        number = self.receipt(order.id)
        return (self.letter.notice(order.id, told.new_name, items, number=number, today=desk.today()),)

    def too_late(self, fields: RenamedVehicle, desk: Desk) -> Text | None:
        return self._RECORDED
