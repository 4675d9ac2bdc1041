# SPDX-License-Identifier: Apache-2.0
"""法務局 (the Legal Affairs Bureau), simulated: enters the owner's new address (住所等変更登記)."""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Refused, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="法務局（見本）", en="Legal Affairs Bureau (Simulator)")


class OwnerAddress(Fields):
    """What the registry needs (不動産登記法76条の5), and what it finds the owner by later (76条の6)."""

    name: PersonName
    kana: PersonName
    birth_date: date
    new_address: Address
    email: str | None = None
    property_number: Annotated[str, Field(pattern=r"^[0-9]{13}$")]


class RegistryDesk(Clerk):
    """Takes a week. Until it is entered, the application can be taken back (取下げ)."""

    fields = OwnerAddress
    receipts = "法登第{}号"
    days = 7
    _LETTER = Letterhead(
        _NAME,
        "registration-complete",
        Text(ja="登記完了証（見本）", en="Registration complete (sample)"),
        Text(
            ja="所有権登記名義人の住所を変更しました。次からは職権で変更できます。",
            en="The owner's address was changed. From now on the registry can do so by itself.",
        ),
    )
    _NO_EMAIL = Refused(
        "email-missing",
        Text(ja="検索用情報としてメールアドレスが必要です", en="An e-mail address is needed to be found by"),
        field="/email",
        correctable=True,
    )
    _ENTERED = Text(ja="登記を完了しています", en="It has been entered in the register")

    def objection(self, fields: OwnerAddress, desk: Desk) -> Refused | None:
        return None if fields.email else self._NO_EMAIL

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: OwnerAddress = order.fields
        items = {
            ("不動産番号", "Property number"): told.property_number,
            ("住所", "Address"): told.new_address,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: OwnerAddress, desk: Desk) -> Text | None:
        return self._ENTERED


class LegalAffairsSimulator(Office):
    """One simulated bureau for the whole country."""

    number = "7999999000010"
    name = _NAME
    kind = "state"
    clerks: ClassVar = {"move.real-estate-address": RegistryDesk()}
    examples: ClassVar = {
        "move.real-estate-address": {
            "name": samples.NAME,
            "kana": samples.KANA,
            "birthDate": samples.BORN,
            "newAddress": samples.NEW_ADDRESS,
            "email": "hanako@example.jp",
            "propertyNumber": "0123456789012",
        }
    }
