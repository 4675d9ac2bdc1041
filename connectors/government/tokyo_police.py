# SPDX-License-Identifier: Apache-2.0
"""警視庁 (Tokyo's police), simulated: certifies where a car is kept (自動車保管場所証明).

Somebody comes to look at the garage, so it asks for a day; the driving licence stays at the counter.
"""

from datetime import date, timedelta
from typing import Any, ClassVar

from connectors.sdk import (
    Address,
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    Office,
    PersonName,
    Question,
    Refused,
    Text,
)
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead, day_text

_NAME = Text(ja="警視庁（見本）", en="Metropolitan Police (Simulator)")


class Garage(Fields):
    """What the police need of a car and its garage (自動車の保管場所の確保等に関する法律4条、7条)."""

    name: PersonName
    new_address: Address
    car_model: str | None = None
    chassis: str
    garage_place: str | None = None
    garage_consent: str | None = None


class GarageDesk(Clerk):
    """Asks for a day to look, and certifies three days later."""

    fields = Garage
    receipts = "警視庁車庫第{}号"
    days = 3
    _LETTER = Letterhead(
        _NAME,
        "garage-certificate",
        Text(ja="自動車保管場所証明書（見本）", en="Certificate of the garage (sample)"),
        Text(
            ja="次のとおり自動車の保管場所が確保されていることを証明します。標章は交付しません。",
            en="It is certified that the car has a garage as follows. No sticker is issued.",
        ),
    )
    _NO_PLACE = Text(ja="保管場所の位置をご記入ください", en="Please say where the car will be kept")
    _NO_CONSENT = Text(
        ja="使用承諾書又は自認書の内容が必要です", en="The consent of the garage's owner is missing"
    )
    _LOOK = Text(
        ja="現地を確認します。ご都合のよい日をお選びください",
        en="We come to look at it. Which day suits you?",
    )
    _ISSUED = Text(ja="証明書を交付済みです", en="The certificate has been issued")

    def objection(self, fields: Garage, desk: Desk) -> Refused | None:
        if not fields.garage_place:
            return Refused("garage-missing", self._NO_PLACE, field="/garagePlace", correctable=True)
        if not fields.garage_consent:
            return Refused("consent-missing", self._NO_CONSENT, field="/garageConsent", correctable=True)
        return None

    def question(self, fields: Garage, desk: Desk) -> Question:
        days = (desk.today() + timedelta(days=ahead) for ahead in (1, 2, 3))
        choices = {day.isoformat(): day_text(day) for day in days}
        return Question("visit-day", self._LOOK, "現地確認日", choices)

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Garage = order.fields
        looked = desk.notes.get("answer")
        items = {
            ("車台番号", "Chassis number"): told.chassis,
            ("保管場所", "Garage"): told.garage_place,
            ("現地確認日", "Looked at on"): date.fromisoformat(looked) if isinstance(looked, str) else None,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: Garage, desk: Desk) -> Text | None:
        return self._ISSUED


class TokyoPoliceSimulator(Office):
    """The police of the new address."""

    number = "2999999000007"
    name = _NAME
    kind = "prefecture"
    areas = ("130001",)
    clerks: ClassVar = {"move.garage-certificate": GarageDesk()}
    examples: ClassVar = {
        "move.garage-certificate": {
            "name": samples.NAME,
            "newAddress": samples.NEW_ADDRESS,
            "carModel": "見本",
            "chassis": "ABC12-3456789",
            "garagePlace": "九段南一丁目3番",
            "garageConsent": "見本不動産（承諾済み）",
        }
    }
