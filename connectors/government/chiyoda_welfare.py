# SPDX-License-Identifier: Apache-2.0
"""The desks of 千代田区 (simulated) for care insurance and for dogs."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, PersonName, Phone, Refused, Text
from connectors.simulators.papers import Letterhead


class CareCertification(Fields):
    """The certification that is taken along (介護保険法36条)."""

    name: PersonName
    birth_date: date
    insured_number: Annotated[str, Field(pattern=r"^[0-9]{10}$")] | None = None
    care_level: str
    valid_until: date
    doctor: str | None = None


class CareDesk(Clerk):
    """Takes over the certification of the old municipality, unless it has ended."""

    fields = CareCertification
    receipts = "千区介第{}号"
    _LETTER = Letterhead(
        Text(ja="千代田区（見本）", en="Chiyoda City (Simulator)"),
        "care-certification",
        Text(ja="要介護認定結果通知書（見本）", en="Care certification (sample)"),
        Text(ja="転入前の認定を引き継ぎました。", en="The certification before the move was taken over."),
    )
    _ENDED = Refused(
        "certification-ended",
        Text(ja="認定の有効期間が過ぎています。新たに申請してください", en="It has ended; please apply anew"),
        field="/validUntil",
    )

    def objection(self, fields: CareCertification, desk: Desk) -> Refused | None:
        return self._ENDED if fields.valid_until < desk.today() else None

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: CareCertification = order.fields
        items = {("要介護度", "Care level"): told.care_level, ("有効期限", "Until"): told.valid_until}
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)


class Dog(Fields):
    """What the register of dogs needs (狂犬病予防法4条)."""

    name: PersonName
    new_address: Address
    phone: Phone
    dog_number: str | None = None


class DogDesk(Clerk):
    """Changes where the dog is kept; the tag (鑑札) is exchanged at the counter."""

    fields = Dog
    receipts = "千区犬第{}号"
    _LETTER = Letterhead(
        Text(ja="千代田区（見本）", en="Chiyoda City (Simulator)"),
        "dog-tag",
        Text(ja="犬の登録事項変更済通知（見本）", en="Dog: the new place is registered (sample)"),
        Text(
            ja="鑑札は旧住所地のものと引き換えに窓口で無料でお渡しします。マイクロチップの犬は不要です。",
            en="A tag is exchanged at the counter, free of charge; with a microchip none is needed.",
        ),
    )
    _NO_NUMBER = Refused(
        "dog-number-missing",
        Text(
            ja="鑑札番号又はマイクロチップ番号をご記入ください", en="Please give the tag or microchip number"
        ),
        field="/dogNumber",
        correctable=True,
    )

    def objection(self, fields: Dog, desk: Desk) -> Refused | None:
        return None if fields.dog_number else self._NO_NUMBER

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Dog = order.fields
        items = {("番号", "Number"): told.dog_number, ("所在地", "Place"): told.new_address}
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)
