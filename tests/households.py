# SPDX-License-Identifier: Apache-2.0
"""A small household that moves from Muroran to Chiyoda, for tests that are about something else: a mother and her child."""

from datetime import date
from typing import Any

from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.nhk import NhkSimulator


def household(moving_date: date) -> dict[str, Any]:
    """Return what is told of them: few procedures, one contract that nobody takes."""
    movers = [
        _mover("花子", "ハナコ", "1990-04-01", "female", "世帯主", national_pension=True),
        _mover("太郎", "タロウ", "2019-08-05", "male", "子", national_pension=False),
    ]
    return {
        "movingDate": moving_date.isoformat(),
        "oldAddress": {
            "postalCode": "051-8511",
            "municipality": "012050",
            "prefecture": "北海道",
            "city": "室蘭市",
            "line": "幸町1番2号",
        },
        "newAddress": {
            "postalCode": "102-8688",
            "municipality": "131016",
            "prefecture": "東京都",
            "city": "千代田区",
            "line": "九段南一丁目2番1号",
            "building": "見本マンション 101",
        },
        "movers": movers,
        "head": movers[0]["name"],
        "phone": "0143-22-1111",
        "contracts": {
            "electricity": {"company": MihonPowerSimulator.number, "customerNumber": "22-3333-4444"},
            "gas": {"companyName": "見本ガス（架空・接続なし）", "customerNumber": "55-66"},
            "nhk": {"company": NhkSimulator.number, "customerNumber": "12345"},
        },
    }


def _mover(
    given: str, kana: str, born: str, sex: str, relation: str, *, national_pension: bool
) -> dict[str, Any]:
    return {
        "name": {"family": "届出", "given": given},
        "kana": {"family": "トドケデ", "given": kana},
        "birthDate": born,
        "sex": sex,
        "relation": relation,
        "nationalPension": national_pension,
    }
