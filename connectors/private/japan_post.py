# SPDX-License-Identifier: Apache-2.0
"""日本郵便 (Japan Post), simulated: forwards mail for one year from the day of the notice (郵便法35条)."""

from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.sdk import (
    Address,
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    Office,
    PersonName,
    Phone,
    Refused,
    Text,
)
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="日本郵便（見本）", en="Japan Post (Simulator)")


class Forwarding(Fields):
    """Whose mail, from where, to where, from when (転居・転送届)."""

    mover_names: Annotated[tuple[PersonName, ...], Field(min_length=1, max_length=20)]
    old_address: Address
    new_address: Address
    start_on: date
    phone: Phone


class ForwardingDesk(Clerk):
    """Takes three days to check who it is; the year counts from the notice, not from the first letter."""

    fields = Forwarding
    receipts = "転居第{}号"
    days = 3
    _LETTER = Letterhead(
        _NAME,
        "forwarding-receipt",
        Text(ja="転居届受付確認のお知らせ（見本）", en="Your mail will be forwarded (sample)"),
        Text(
            ja="次の期間、転送します。「転送不要」の郵便物は差出人に返ります。",
            en="It is forwarded for this time. Mail marked not to be forwarded goes back to its sender.",
        ),
    )
    _SAME = Text(ja="旧住所と新住所が同じです", en="Both addresses are the same")
    _FORWARDS = Text(
        ja="転送を始めています。郵便局へ新しい転居届を出してください",
        en="Mail is being forwarded; please hand in a new notice at the post office",
    )

    def objection(self, fields: Forwarding, desk: Desk) -> Refused | None:
        if fields.old_address == fields.new_address:
            return Refused("same-address", self._SAME, field="/newAddress", correctable=True)
        desk.notes.setdefault("noticed", desk.today().isoformat())
        return None

    def effective_on(self, fields: Forwarding, desk: Desk) -> date:
        return fields.start_on

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Forwarding = order.fields
        noticed = date.fromisoformat(str(desk.notes["noticed"]))
        items = {
            ("転送開始", "From"): told.start_on,
            ("転送期限", "Until"): noticed + timedelta(days=365),
            ("転居する人", "Whose"): "、".join(str(name) for name in told.mover_names),
            ("転送先", "To"): told.new_address,
        }
        number, to = self.receipt(order.id), told.mover_names[0]
        return (self._LETTER.notice(order.id, to, items, number=number, today=desk.today()),)

    def too_late(self, fields: Forwarding, desk: Desk) -> Text | None:
        return self._FORWARDS if desk.today() >= fields.start_on else None


class JapanPostSimulator(Office):
    """The post: there is one."""

    number = "3999999000014"
    name = _NAME
    clerks: ClassVar = {"move.post-forwarding": ForwardingDesk()}
    examples: ClassVar = {
        "move.post-forwarding": {
            "moverNames": [samples.NAME],
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "startOn": samples.MOVES,
            "phone": samples.PHONE,
        }
    }
