# SPDX-License-Identifier: Apache-2.0
"""見本カード (Mihon Card), an invented card company: it waits until the bank has confirmed the holder."""

from typing import ClassVar

from connectors.private.ended_contracts import CardEndDesk
from connectors.private.new_names import CardNameDesk, Examples
from connectors.sdk import Address, Clerk, Desk, Fields, Office, PersonName, Phone, Refused, Text
from connectors.simulators import samples

_NAME = Text(ja="見本カード（架空・見本）", en="Mihon Card (fictitious, Simulator)")


class Member(Fields):
    """Which member, and where they live now."""

    name: PersonName
    member_number: str | None = None
    new_address: Address
    phone: Phone


class MemberDesk(Clerk):
    """Three days for the bank; a card on its way by then goes to the old address, and comes back."""

    fields = Member
    receipts = "MC-{}"
    days = 3
    _NO_NUMBER = Refused(
        "member-number-missing",
        Text(ja="会員番号をご記入ください", en="Please give your member number"),
        field="/memberNumber",
        correctable=True,
    )

    def objection(self, fields: Member, desk: Desk) -> Refused | None:
        return None if fields.member_number else self._NO_NUMBER


class MihonCardSimulator(Office):
    """A credit card."""

    number = "9999999000017"
    name = _NAME
    clerks: ClassVar = {
        "move.credit-card": MemberDesk(),
        "marriage.credit-card": CardNameDesk(),
        "death.credit-card": CardEndDesk(_NAME),
    }
    examples: ClassVar = {
        "marriage.credit-card": Examples.card,
        "move.credit-card": {
            "name": samples.NAME,
            "memberNumber": "M-0001",
            "newAddress": samples.NEW_ADDRESS,
            "phone": samples.PHONE,
        },
    }
