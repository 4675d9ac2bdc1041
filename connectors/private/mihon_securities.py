# SPDX-License-Identifier: Apache-2.0
"""見本証券 (Mihon Securities), an invented securities firm: it looks twice before an address is changed."""

from typing import ClassVar

from connectors.private.new_names import Examples, HolderNameDesk
from connectors.sdk import (
    Address,
    Answered,
    Answering,
    Clerk,
    Desk,
    Fields,
    Office,
    PersonName,
    Question,
    Refused,
    Text,
)
from connectors.simulators import samples


class Holder(Fields):
    """Whose account it is, and where they live now."""

    name: PersonName
    account: str | None = None
    new_address: Address


class HolderDesk(Clerk):
    """Asks whether it was really the holder: an address is the first thing a thief changes."""

    fields = Holder
    receipts = "MSE-{}"
    _REALLY = Text(
        ja="ご本人による住所変更ですか。お心当たりがない場合は取引を停止します",
        en="Was it you who asked for the change? If not, the account is blocked",
    )
    _CHOICES: ClassVar = {
        "mine": Text(ja="はい、本人です", en="Yes, it was me"),
        "unknown": Text(ja="心当たりがありません", en="I know nothing of it"),
    }
    _BLOCKED = Refused(
        "account-blocked",
        Text(ja="取引を停止しました。お電話ください", en="The account is blocked; please call us"),
    )

    def question(self, fields: Holder, desk: Desk) -> Question:
        return Question("is-it-you", self._REALLY, "ご本人の確認", self._CHOICES, days=3)

    def answered(self, order: Answered[Holder], desk: Desk) -> Answering:
        return self._BLOCKED if order.answer == "unknown" else super().answered(order, desk)


class MihonSecuritiesSimulator(Office):
    """A securities account."""

    number = "3999999000022"
    name = Text(ja="見本証券（架空・見本）", en="Mihon Securities (fictitious, Simulator)")
    clerks: ClassVar = {"move.securities": HolderDesk(), "marriage.securities": HolderNameDesk()}
    examples: ClassVar = {
        "marriage.securities": Examples.holder,
        "move.securities": {
            "name": samples.NAME,
            "account": "S-300",
            "newAddress": samples.NEW_ADDRESS,
        },
    }
