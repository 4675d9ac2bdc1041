# SPDX-License-Identifier: Apache-2.0
"""室蘭市 (Muroran City), simulated: takes move-out notices (転出届) and issues the certificate.

A whole connector: the fields it needs, what it does with an order, one example.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from connectors.sdk import (
    Accepted,
    Address,
    Amend,
    Amended,
    Answer,
    Completed,
    Connector,
    Desk,
    Fields,
    Irrevocable,
    IssuedDocument,
    Mover,
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
from connectors.simulators.papers import Issuer, NotPrintable, move_out_certificate

_CITY = Issuer(municipality="室蘭市（見本）", mayor_title="室蘭市長（見本）", mayor="見本 市長")
_CERTIFICATE = Text(ja="転出証明書（見本）", en="Certificate of moving out (sample)")
_MOVED = Text(ja="転出予定日を過ぎています", en="The day of moving has come")
_CHARACTERS = Text(
    ja="証明書に印字できない文字があります", en="There are characters the certificate cannot show"
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


class MuroranCitySimulator(Connector):
    """Files at once and issues the certificate; undoes it as long as nobody has moved."""

    number = "8000020012050"
    name = Text(ja="室蘭市（見本）", en="Muroran City (Simulator)")
    kind = "municipality"
    areas = ("012050",)
    procedures: ClassVar = {"move.move-out-notice": MoveOut}

    def submit(self, order: Submit[MoveOut], desk: Desk) -> Iterator[Reply]:
        receipt = _receipt(order)
        try:
            certificate = _certificate(order, desk, receipt)
        except NotPrintable:
            yield Refused("characters", _CHARACTERS, field="/movers", correctable=True)
            return
        desk.take_effect(order, "registered")
        yield Received(receipt, promised_by=desk.today())
        yield Accepted(receipt)
        yield Completed(receipt, effective_on=order.fields.moving_date, documents=(certificate,))

    def amend(self, order: Amend[MoveOut], desk: Desk) -> Answer:
        desk.take_effect(order, "corrected")
        return Amended(_receipt(order))

    def withdraw(self, order: Withdraw[MoveOut], desk: Desk) -> Answer:
        if desk.today() >= order.fields.moving_date:
            return Irrevocable(_receipt(order), _MOVED)
        desk.take_effect(order, "undone")
        return Withdrawn(_receipt(order))

    examples: ClassVar = {
        "move.move-out-notice": {
            "name": {"family": "見本", "given": "花子"},
            "kana": {"family": "ミホン", "given": "ハナコ"},
            "birthDate": "1990-04-01",
            "oldAddress": {
                "postalCode": "051-8511",
                "municipality": "012050",
                "prefecture": "北海道",
                "city": "室蘭市",
                "line": "幸町1番2号",
            },
            "newAddress": {
                "postalCode": "102-8688",
                "municipality": "131016",
                "prefecture": "東京都",
                "city": "千代田区",
                "line": "九段南一丁目2番1号",
            },
            "movingDate": "2026-12-01",
            "movers": [
                {
                    "name": {"family": "見本", "given": "花子"},
                    "kana": {"family": "ミホン", "given": "ハナコ"},
                    "birthDate": "1990-04-01",
                    "sex": "female",
                    "relation": "head",
                }
            ],
            "phone": "0143-22-1111",
        }
    }


def _receipt(order: Submit[MoveOut] | Amend[MoveOut] | Withdraw[MoveOut]) -> str:
    """Return the receipt number (受付番号): the same for the same order."""
    return f"室市転第{order.id[2:10]}号"


def _certificate(order: Submit[MoveOut], desk: Desk, receipt: str) -> IssuedDocument:
    pdf = move_out_certificate(order.fields, _CITY, number=receipt, today=desk.today())
    return IssuedDocument(f"{order.id}.certificate", "move-out-certificate", _CERTIFICATE, pdf)
