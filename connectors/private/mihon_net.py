# SPDX-License-Identifier: Apache-2.0
"""見本ネット (Mihon Net), an invented internet provider: moves a line, if it finds the contract."""

from typing import ClassVar

from connectors.private.ended_contracts import SupplyEndDesk
from connectors.private.moved_lines import LineDesk, LineMove
from connectors.private.new_names import Examples, LineNameDesk
from connectors.sdk import Desk, Office, Refused, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本ネット（架空・見本）", en="Mihon Net (fictitious, Simulator)")


class InternetDesk(LineDesk):
    """It has to find the contract before it looks for a line."""

    receipts = "MN-{}"
    letter = Letterhead(
        _NAME,
        "work-notice",
        Text(ja="光回線工事のお知らせ（見本）", en="Moving your internet line (sample)"),
        Text(
            ja="宅内の工事に1時間ほどかかります。立会いをお願いします。旧住所の機器は返送してください。",
            en="It takes about an hour and somebody has to be there. Please send back the old device.",
        ),
    )
    _NO_NUMBER = Refused(
        "customer-number-missing",
        Text(ja="お客さま番号をご記入ください", en="Please give your customer number"),
        field="/customerNumber",
        correctable=True,
    )

    def objection(self, fields: LineMove, desk: Desk) -> Refused | None:
        return None if fields.customer_number else self._NO_NUMBER


class MihonNetSimulator(Office):
    """An internet line."""

    number = "4999999000013"
    name = _NAME
    clerks: ClassVar = {
        "move.isp": InternetDesk(),
        "marriage.isp": LineNameDesk(),
        "death.isp": SupplyEndDesk(),
    }
    examples: ClassVar = {
        "marriage.isp": Examples.line,
        "move.isp": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "workOn": samples.MOVES,
            "customerNumber": "N-4567",
            "phone": samples.PHONE,
        },
    }
