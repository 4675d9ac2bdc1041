# SPDX-License-Identifier: Apache-2.0
"""The sample person (見本 花子) and her two addresses, as orders carry them: for examples."""

from typing import Any, Final

NAME: Final[dict[str, Any]] = {"family": "見本", "given": "花子"}
KANA: Final[dict[str, Any]] = {"family": "ミホン", "given": "ハナコ"}
BORN: Final = "1990-04-01"
CHILD: Final[dict[str, Any]] = {"family": "見本", "given": "一郎"}
CHILD_BORN: Final = "2017-07-07"
OLD_ADDRESS: Final[dict[str, Any]] = {
    "postalCode": "051-8511",
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "幸町1番2号",
}
NEW_ADDRESS: Final[dict[str, Any]] = {
    "postalCode": "102-8688",
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "九段南一丁目2番1号",
}
MOVES: Final = "2026-12-01"
PHONE: Final = "0143-22-1111"
