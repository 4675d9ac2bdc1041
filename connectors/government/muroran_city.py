# SPDX-License-Identifier: Apache-2.0
"""室蘭市 (Muroran City), simulated: takes move-out notices (転出届), fetches bulky waste (粗大ごみ).

A whole office: one clerk for each procedure, the fields each needs, what each does with an order.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.government.muroran_deaths import BEREAVED_DESKS
from connectors.sdk import (
    Accepted,
    Address,
    Amend,
    Amended,
    Answer,
    Clerk,
    Completed,
    Desk,
    Fields,
    Irrevocable,
    IssuedDocument,
    Mover,
    Office,
    PersonName,
    Phone,
    Received,
    Refused,
    Reply,
    Submit,
    Text,
    Withdraw,
    Withdrawn,
)
from connectors.simulators import samples
from connectors.simulators.papers import Issuer, Letterhead, NotPrintable, move_out_certificate

_CITY = Issuer(municipality="室蘭市（見本）", mayor_title="室蘭市長（見本）", mayor="見本 市長")
_NAME = Text(ja="室蘭市（見本）", en="Muroran City (Simulator)")
_CERTIFICATE = Text(ja="転出証明書（見本）", en="Certificate of moving out (sample)")
_MOVED = Text(ja="転出予定日を過ぎています", en="The day of moving has come")
_UNPRINTABLE = Refused(
    "characters",
    Text(ja="証明書に印字できない文字があります", en="There are characters the certificate cannot show"),
    field="/movers",
    correctable=True,
)


class MoveOut(Fields):
    """What a move-out notice says (住民基本台帳法24条), and who moves."""

    name: PersonName
    kana: PersonName
    birth_date: date
    old_address: Address
    new_address: Address
    moving_date: date
    movers: Annotated[tuple[Mover, ...], Field(min_length=1, max_length=20)]
    phone: Phone


class MoveOutDesk(Clerk):
    """Files at once and issues the certificate; undoes it as long as nobody has moved."""

    fields = MoveOut
    receipts = "室市転第{}号"

    def submit(self, order: Submit[MoveOut], desk: Desk) -> Iterator[Reply]:
        receipt = self.receipt(order.id)
        try:
            certificate = _certificate(order, desk, receipt)
        except NotPrintable:
            yield _UNPRINTABLE
            return
        desk.take_effect(order, "registered")
        yield Received(receipt, promised_by=desk.today())
        yield Accepted(receipt)
        yield Completed(receipt, effective_on=order.fields.moving_date, documents=(certificate,))

    def amend(self, order: Amend[MoveOut], desk: Desk) -> Iterator[Reply]:
        """Correct the register; the certificate says the old thing, so there is a new one."""
        receipt = self.receipt(order.id)
        try:
            certificate = _certificate(order, desk, receipt)
        except NotPrintable:
            yield _UNPRINTABLE
            return
        desk.take_effect(order, "corrected")
        yield Completed(receipt, effective_on=order.fields.moving_date, documents=(certificate,))
        yield Amended(receipt)

    def withdraw(self, order: Withdraw[MoveOut], desk: Desk) -> Answer:
        if desk.today() >= order.fields.moving_date:
            return Irrevocable(self.receipt(order.id), _MOVED)
        desk.take_effect(order, "undone")
        return Withdrawn(self.receipt(order.id))


class BulkyWaste(Fields):
    """What is to be fetched, where and when (廃棄物の処理及び清掃に関する法律6条の2)."""

    name: PersonName
    old_address: Address
    phone: Phone
    items: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]
    collect_on: date


class EstateWaste(Fields):
    """What is to be fetched from the home of somebody who died (遺品)."""

    notifier_name: PersonName
    phone: Phone
    last_address: Address
    items: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)]
    collect_on: date

    @property
    def name(self) -> PersonName:
        """Who has it fetched."""
        return self.notifier_name


class BulkyWasteDesk(Clerk):
    """Books the lorry two days ahead at the least; what was fetched is gone."""

    fields: ClassVar[type[Fields]] = BulkyWaste
    receipts = "室ごみ-{}"
    _NOTICE = timedelta(days=2)
    _LETTER = Letterhead(
        _NAME,
        "collection-receipt",
        Text(ja="粗大ごみ収集受付票（見本）", en="Receipt for bulky waste (sample)"),
        Text(
            ja="収集日の朝8時までに、受付番号を書いて玄関先に出してください。",
            en="Put it outside by 8 in the morning of that day, with the number on it.",
        ),
    )
    _TOO_SOON = Text(ja="収集日は2日後以降でお選びください", en="The day must be at least two days ahead")
    _FETCHED = Text(ja="すでに収集しました", en="It has been fetched")

    def objection(self, fields: BulkyWaste | EstateWaste, desk: Desk) -> Refused | None:
        if fields.collect_on < desk.today() + self._NOTICE and not desk.effects:
            return Refused("too-soon", self._TOO_SOON, field="/collectOn", correctable=True)
        return None

    def effective_on(self, fields: BulkyWaste | EstateWaste, desk: Desk) -> date:
        return fields.collect_on

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: BulkyWaste | EstateWaste = order.fields
        items = {("収集日", "Day"): told.collect_on, ("品目", "Items"): "、".join(told.items)}
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: BulkyWaste | EstateWaste, desk: Desk) -> Text | None:
        return self._FETCHED if desk.today() >= fields.collect_on else None


class EstateWasteDesk(BulkyWasteDesk):
    """The same lorry."""

    fields: ClassVar[type[Fields]] = EstateWaste


class MuroranCitySimulator(Office):
    """The city that is left."""

    number = "8000020012050"
    name = _NAME
    kind = "municipality"
    areas = ("012050",)
    clerks: ClassVar[Mapping[str, Clerk]] = {
        "move.move-out-notice": MoveOutDesk(),
        "move.bulky-waste": BulkyWasteDesk(),
        "death.bulky-waste": EstateWasteDesk(),
        **BEREAVED_DESKS,
    }
    examples: ClassVar = {
        "move.move-out-notice": {
            "name": samples.NAME,
            "kana": samples.KANA,
            "birthDate": samples.BORN,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "movingDate": samples.MOVES,
            "movers": [
                {
                    "name": samples.NAME,
                    "kana": samples.KANA,
                    "birthDate": samples.BORN,
                    "sex": "female",
                    "relation": "head",
                }
            ],
            "phone": samples.PHONE,
        },
        "move.bulky-waste": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "phone": samples.PHONE,
            "items": ["たんす", "自転車"],
            "collectOn": "2026-11-28",
        },
    }


def _certificate(order: Submit[MoveOut] | Amend[MoveOut], desk: Desk, receipt: str) -> IssuedDocument:
    pdf = move_out_certificate(order.fields, _CITY, number=receipt, today=desk.today())
    return IssuedDocument(f"{order.id}.certificate", "move-out-certificate", _CERTIFICATE, pdf)
