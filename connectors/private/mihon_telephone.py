# SPDX-License-Identifier: Apache-2.0
"""見本電話 (Mihon Telephone), an invented company: moves a line; in another area the number changes."""

from typing import ClassVar

from connectors.private.ended_contracts import LineEndDesk
from connectors.private.moved_lines import LineDesk
from connectors.private.new_names import Examples, LineNameDesk
from connectors.sdk import Office, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本電話（架空・見本）", en="Mihon Telephone (fictitious, Simulator)")


class TelephoneDesk(LineDesk):
    """Workmen come to both ends."""

    receipts = "MT-{}"
    letter = Letterhead(
        _NAME,
        "work-notice",
        Text(ja="電話移転工事のお知らせ（見本）", en="Moving your telephone line (sample)"),
        Text(
            ja="市外局番の区域が変わるため、電話番号が変わります。新しい番号は工事の日にお知らせします。",
            en="It is another area, so the number changes; we tell you the new one on the day of the work.",
        ),
    )


class MihonTelephoneSimulator(Office):
    """A fixed telephone line."""

    number = "5999999000012"
    name = _NAME
    clerks: ClassVar = {
        "move.telephone": TelephoneDesk(),
        "marriage.telephone": LineNameDesk(),
        "death.telephone": LineEndDesk(_NAME),
    }
    examples: ClassVar = {
        "marriage.telephone": Examples.line,
        "move.telephone": {
            "name": samples.NAME,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "workOn": samples.MOVES,
            "customerNumber": "T-0123",
            "phone": samples.PHONE,
        },
    }
