# SPDX-License-Identifier: Apache-2.0
"""What the closed sets of the core are called where people read them, in both languages."""

from collections.abc import Mapping
from typing import Final

from engine.core.deadline_rules import Severity
from engine.core.declaration import Grade, Kind
from engine.core.lifecycle import Way
from engine.core.text import Text

WAYS: Final[Mapping[Way, Text]] = {
    Way.ONLINE: Text(ja="オンライン", en="online"),
    Way.SIGNED: Text(ja="電子署名を付けてオンライン", en="online, with the signing certificate"),
    Way.VISIT: Text(ja="窓口", en="at the counter"),
    Way.PAPER: Text(ja="書面", en="on paper"),
    Way.AUTOMATIC: Text(ja="自動（ほかの手続とともに処理）", en="automatic, with another procedure"),
    Way.SELF: Text(ja="ご自身で", en="by yourself"),
}
GRADES: Final[Mapping[Grade, Text]] = {
    Grade.SURE: Text(ja="条文などで確認済み", en="read in the law"),
    Grade.LIKELY: Text(ja="実務による", en="taken from practice"),
    Grade.CHECK: Text(ja="要確認", en="to be checked"),
}
KINDS: Final[Mapping[Kind, Text]] = {
    Kind.FILING: Text(ja="届出・申請", en="filing"),
    Kind.AUTOMATIC: Text(ja="自動", en="automatic"),
    Kind.NO_OP: Text(ja="手続なし", en="nothing to do"),
    Kind.BRANCH: Text(ja="判断", en="decision"),
    Kind.SEARCH: Text(ja="調査", en="search"),
}
SEVERITIES: Final[Mapping[Severity, Text]] = {
    Severity.CONVENIENCE: Text(ja="不便", en="inconvenience"),
    Severity.FINE: Text(ja="過料など", en="a fine"),
    Severity.MONEY_LOST: Text(ja="金銭の損失", en="money is lost"),
    Severity.RIGHT_LOST: Text(ja="権利の喪失", en="a right is lost"),
}
