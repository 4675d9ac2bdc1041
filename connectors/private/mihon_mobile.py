# SPDX-License-Identifier: Apache-2.0
"""見本モバイル (Mihon Mobile), an invented mobile company: finds the contract by the number of the phone."""

import re
from typing import ClassVar, Final

from connectors.private.ended_contracts import MobileEndDesk
from connectors.private.new_names import Examples, MobileNameDesk
from connectors.sdk import Address, Clerk, Desk, Fields, Office, PersonName, Phone, Refused, Text
from connectors.simulators import samples

_MOBILE: Final = re.compile(r"0[789]0[0-9]{8}")


class MobileLine(Fields):
    """Whose line it is (携帯電話不正利用防止法)."""

    name: PersonName
    number: Phone
    new_address: Address


class MobileDesk(Clerk):
    """Takes no number that cannot be a mobile one."""

    fields = MobileLine
    receipts = "MM-{}"
    _NO_MOBILE = Refused(
        "not-a-mobile-number",
        Text(ja="携帯電話の番号（070・080・090）をご記入ください", en="Please give the mobile number"),
        field="/number",
        correctable=True,
    )

    def objection(self, fields: MobileLine, desk: Desk) -> Refused | None:
        return None if _MOBILE.fullmatch(fields.number.replace("-", "")) else self._NO_MOBILE


class MihonMobileSimulator(Office):
    """A mobile line."""

    number = "8999999000018"
    name = Text(ja="見本モバイル（架空・見本）", en="Mihon Mobile (fictitious, Simulator)")
    clerks: ClassVar = {
        "move.mobile": MobileDesk(),
        "marriage.mobile": MobileNameDesk(),
        "death.mobile": MobileEndDesk(),
    }
    examples: ClassVar = {
        "marriage.mobile": Examples.mobile,
        "move.mobile": {
            "name": samples.NAME,
            "number": "090-0000-0000",
            "newAddress": samples.NEW_ADDRESS,
        },
    }
