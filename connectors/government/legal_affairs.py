# SPDX-License-Identifier: Apache-2.0
"""法務局 (the Legal Affairs Bureau), simulated: enters an owner's new address or name, or the heir (登記)."""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Refused, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="法務局（見本）", en="Legal Affairs Bureau (Simulator)")


PropertyNumber = Annotated[str, Field(pattern=r"^[0-9]{13}$")]


def _complete(ja: str, en: str) -> Letterhead:
    """Return the certificate of completion (登記完了証) with these words."""
    title = Text(ja="登記完了証（見本）", en="Registration complete (sample)")
    return Letterhead(_NAME, "registration-complete", title, Text(ja=ja, en=en))


class OwnerAddress(Fields):
    """What the registry needs (不動産登記法76条の5), and what it finds the owner by later (76条の6)."""

    name: PersonName
    kana: PersonName
    birth_date: date
    new_address: Address
    email: str | None = None
    property_number: PropertyNumber


class OwnerName(Fields):
    """The same after a marriage: the name changes, and the owner lives where they lived."""

    old_name: PersonName
    new_name: PersonName
    new_kana: PersonName
    birth_date: date
    email: str | None = None
    property_number: PropertyNumber


class OwnerInherits(Fields):
    """Who is to stand in the register after a death (不動産登記法76条の2)."""

    property_number: PropertyNumber
    name: PersonName
    kana: PersonName
    birth_date: date
    address: Address | None = None
    person_email: str | None = None
    representative: PersonName | None = None


class RegistryDesk(Clerk):
    """Takes a week. Until it is entered, the application can be taken back (取下げ)."""

    receipts = "法登第{}号"
    days = 7
    letter: ClassVar[Letterhead]
    _NO_EMAIL = Refused(
        "email-missing",
        Text(ja="検索用情報としてメールアドレスが必要です", en="An e-mail address is needed to be found by"),
        field="/email",
        correctable=True,
    )
    _ENTERED = Text(ja="登記を完了しています", en="It has been entered in the register")

    def objection(self, fields: Any, desk: Desk) -> Refused | None:
        return None if fields.email else self._NO_EMAIL

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        owner, entered = self.entered(order.fields)
        items = {("不動産番号", "Property number"): order.fields.property_number, **entered}
        number = self.receipt(order.id)
        return (self.letter.notice(order.id, owner, items, number=number, today=desk.today()),)

    def entered(self, fields: Any) -> tuple[PersonName, dict[tuple[str, str], object]]:
        """Return the owner, and what is written of them now."""
        raise NotImplementedError

    def too_late(self, fields: Any, desk: Desk) -> Text | None:
        return self._ENTERED


class AddressDesk(RegistryDesk):
    """Addresses."""

    fields = OwnerAddress
    letter = _complete(
        "所有権登記名義人の住所を変更しました。次からは職権で変更できます。",
        "The owner's address was changed. From now on the registry can do so by itself.",
    )

    def entered(self, fields: OwnerAddress) -> tuple[PersonName, dict[tuple[str, str], object]]:
        return fields.name, {("住所", "Address"): fields.new_address}


class NameDesk(RegistryDesk):
    """Names: it looks at the family register, which takes a day more."""

    fields = OwnerName
    days = 8
    letter = _complete(
        "所有権登記名義人の氏名を変更しました。次からは職権で変更できます。",
        "The owner's name was changed. From now on the registry can do so by itself.",
    )

    def entered(self, fields: OwnerName) -> tuple[PersonName, dict[tuple[str, str], object]]:
        return fields.new_name, {("氏名", "Name"): fields.new_name}


class InheritanceDesk(RegistryDesk):
    """Heirs, on the day: what takes long is done before. Nobody is refused for want of an address."""

    fields = OwnerInherits
    days = 0
    letter = _complete(
        "相続による所有権の移転を登記しました。登記識別情報は別にお送りします。",
        "The inheritance was entered. The owner's code follows on paper.",
    )

    def objection(self, fields: OwnerInherits, desk: Desk) -> Refused | None:
        return None

    def entered(self, fields: OwnerInherits) -> tuple[PersonName, dict[tuple[str, str], object]]:
        return fields.representative or fields.name, {("所有者", "Owner"): fields.name}


class LegalAffairsSimulator(Office):
    """One simulated bureau for the whole country."""

    number = "7999999000010"
    name = _NAME
    kind = "state"
    clerks: ClassVar = {
        "move.real-estate-address": AddressDesk(),
        "marriage.real-estate-name": NameDesk(),
        "death.real-estate-registration": InheritanceDesk(),
    }
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
