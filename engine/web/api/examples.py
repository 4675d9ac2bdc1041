# SPDX-License-Identifier: Apache-2.0
"""Examples for the OpenAPI document: invented people at invented addresses."""

from typing import Any, Final

MOVING_FACTS: Final[dict[str, Any]] = {
    "movingDate": "2027-03-28",
    "oldAddress": {
        "postalCode": "050-0083",
        "municipality": "012050",
        "prefecture": "北海道",
        "city": "室蘭市",
        "line": "東町9丁目9番9号",
    },
    "newAddress": {
        "postalCode": "102-0082",
        "municipality": "131016",
        "prefecture": "東京都",
        "city": "千代田区",
        "line": "一番町99番地",
        "building": "見本荘101",
    },
    "movers": [
        {
            "name": {"family": "見本", "given": "花子"},
            "kana": {"family": "ミホン", "given": "ハナコ"},
            "birthDate": "1990-04-01",
            "relation": "本人",
            "nationalPension": True,
        }
    ],
    "head": {"family": "見本", "given": "花子"},
    "phone": "0143-00-0000",
    "contracts": {"electricity": {"companyName": "見本電力", "customerNumber": "0000-1111"}},
}
