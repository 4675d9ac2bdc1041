# SPDX-License-Identifier: Apache-2.0
"""The desks at which companies (simulated) take a new name after a marriage (改姓).

Every company has its own form, and is told what stands on it: the name before and after, the number it
gave, and whether a contract ends because two households become one. Nobody is told who was married.
"""

from typing import Any, ClassVar, Final

from connectors.sdk import Clerk, Desk, Fields, PersonName, Phone, Refused, Text
from connectors.simulators import samples


class NewName(Fields):
    """The name before and after."""

    old_name: PersonName
    new_name: PersonName


class UtilityName(NewName):
    """Gas or water."""

    customer_number: str | None = None
    phone: Phone
    ends: bool


class LineName(NewName):
    """A telephone or internet line."""

    customer_number: str | None = None
    ends: bool


class PaperName(Fields):
    """A newspaper, which needs no old name."""

    new_name: PersonName
    customer_number: str | None = None
    ends: bool


class ShopName(Fields):
    """An account with a shop."""

    account_id: str | None = None
    new_name: PersonName


class AccountName(NewName):
    """A bank account, with the reading that other banks compare."""

    new_kana: PersonName
    branch: str
    account: str
    new_seal: bool


class CardName(NewName):
    """A credit card, and how the name stands on it."""

    romaji: str | None = None
    member_number: str | None = None


class MobileName(NewName):
    """A mobile line."""

    number: Phone


class Beneficiary(Fields):
    """Who receives the insurance money."""

    name: PersonName
    relation: str


class PolicyName(NewName):
    """An insurance."""

    policy_number: str | None = None
    beneficiary: Beneficiary | None = None


class HolderName(NewName):
    """A securities account."""

    account: str | None = None


class NameDesk(Clerk):
    """Writes the new name down at once, and goes back to the old one if asked."""

    receipts = "改姓-{}"


class UtilityNameDesk(NameDesk):
    """Gas and water."""

    fields = UtilityName


class LineNameDesk(NameDesk):
    """Lines."""

    fields = LineName


class PaperNameDesk(NameDesk):
    """Newspapers."""

    fields = PaperName


class ShopNameDesk(NameDesk):
    """Shops."""

    fields = ShopName


class AccountNameDesk(NameDesk):
    """Banks: the new card comes within five days."""

    fields = AccountName
    days = 5


class CardNameDesk(NameDesk):
    """Card companies: nothing is embossed whose spelling is not known."""

    fields = CardName
    days = 5
    _SPELLING = Refused(
        "romaji-missing",
        Text(
            ja="カードに記すローマ字氏名をご記入ください",
            en="Please give the name for the card",
        ),
        field="/romaji",
        correctable=True,
    )

    def objection(self, fields: CardName, desk: Desk) -> Refused | None:
        return None if fields.romaji else self._SPELLING


class MobileNameDesk(NameDesk):
    """Mobile companies."""

    fields = MobileName


class PolicyNameDesk(NameDesk):
    """Insurers."""

    fields = PolicyName


class HolderNameDesk(NameDesk):
    """Securities firms."""

    fields = HolderName


_NAMES: Final[dict[str, Any]] = {
    "oldName": samples.NAME,
    "newName": {"family": "模範", "given": "花子"},
}


class Examples:
    """What each form looks like on the wire."""

    utility: ClassVar = {**_NAMES, "customerNumber": "1234", "phone": samples.PHONE, "ends": False}
    line: ClassVar = {**_NAMES, "customerNumber": "1234", "ends": False}
    paper: ClassVar = {"newName": _NAMES["newName"], "customerNumber": "1234", "ends": False}
    shop: ClassVar = {"accountId": "hanako", "newName": _NAMES["newName"]}
    account: ClassVar = {
        **_NAMES,
        "newKana": {"family": "モハン", "given": "ハナコ"},
        "branch": "室蘭",
        "account": "1234567",
        "newSeal": False,
    }
    card: ClassVar = {**_NAMES, "romaji": "MOHAN HANAKO", "memberNumber": "M-0001"}
    mobile: ClassVar = {**_NAMES, "number": "090-1234-5678"}
    policy: ClassVar = {
        **_NAMES,
        "policyNumber": "L-100",
        "beneficiary": {"name": samples.NAME, "relation": "妻"},
    }
    holder: ClassVar = {**_NAMES, "account": "S-100"}
