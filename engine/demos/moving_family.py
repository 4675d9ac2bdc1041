# SPDX-License-Identifier: Apache-2.0
"""The family of the demonstration: four people, a car, a dog, two schoolchildren, and all their contracts.

Every kind of receiver that a move has takes part, but for those who have neither an infant nor
somebody in need of care.
"""

from datetime import date, timedelta
from typing import Any, Final

from connectors.private.mihon_bank import MihonBankSimulator
from connectors.private.mihon_card import MihonCardSimulator
from connectors.private.mihon_gas import MihonGasSimulator
from connectors.private.mihon_life import MihonLifeSimulator
from connectors.private.mihon_mobile import MihonMobileSimulator
from connectors.private.mihon_net import MihonNetSimulator
from connectors.private.mihon_news import MihonNewsSimulator
from connectors.private.mihon_nonlife import MihonNonlifeSimulator
from connectors.private.mihon_power import MihonPowerSimulator
from connectors.private.mihon_securities import MihonSecuritiesSimulator
from connectors.private.mihon_shop import MihonShopSimulator
from connectors.private.mihon_telephone import MihonTelephoneSimulator
from connectors.private.mihon_trading import MihonTradingSimulator
from connectors.private.nhk import NhkSimulator

FAMILY: Final = "届出"
# NHK's numbers have ten digits: she reads it off wrongly, and corrects it when it is refused.
NHK_WRONG: Final = "12345"
NHK_RIGHT: Final = "1234567890"
_WASTE_GOES: Final = timedelta(days=-5)
_NAMES: Final = {"花子": "ハナコ", "太郎": "タロウ", "一郎": "イチロウ", "二葉": "フタバ"}


def household(moving_date: date) -> dict[str, Any]:
    """Return the facts of a synthetic family that moves from Muroran to Chiyoda."""
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
        "movers": _movers(),
        "head": {"family": FAMILY, "given": "花子"},
        "phone": "0143-22-1111",
        "email": "hanako@example.jp",
        "childAllowance": {
            "owner": 1,
            "spouse": {"family": FAMILY, "given": "花子"},
            "insurance": "厚生年金",
        },
        "vehicles": [
            {
                "kind": "car",
                "owner": 1,
                "plate": "室蘭 300 あ 12-34",
                "chassis": "ABC12-3456789",
                "garageArea": True,
                "model": "見本",
                "garagePlace": "九段南一丁目3番",
                "garageConsent": "見本不動産（承諾済み）",
            }
        ],
        "dogs": [{"chip": "392100000000000"}],
        "realEstate": [{"owner": 1, "municipality": "012050", "number": "0123456789012"}],
        "bulkyWaste": {"items": ["たんす", "自転車"], "day": (moving_date + _WASTE_GOES).isoformat()},
        "contracts": _contracts(),
    }


def _movers() -> list[dict[str, Any]]:
    return [
        _mover(
            "花子",
            "1990-04-01",
            "female",
            "世帯主",
            nationalPension=True,
            healthInsurance="national",
            hasCard=True,
            wantsSigningCertificate=True,
            sealRegistered=True,
            licence={"number": "012345678900"},
        ),
        _mover(
            "太郎",
            "1988-02-29",
            "male",
            "夫",
            healthInsurance="employee",
            hasCard=True,
            licence={"number": "112345678900", "form": "my-number-card", "oneStop": True},
            employer={"company": MihonTradingSimulator.number, "commuting": "半蔵門線"},
        ),
        _mover(
            "一郎",
            "2016-07-07",
            "male",
            "子",
            healthInsurance="employee",
            school={"kind": "public", "name": "見本東小学校", "grade": 4},
            medicalSubsidy={"insuranceSymbol": "12-34"},
        ),
        _mover(
            "二葉",
            "2019-05-05",
            "female",
            "子",
            healthInsurance="employee",
            school={"kind": "public", "name": "見本東小学校", "grade": 1},
            medicalSubsidy={"insuranceSymbol": "12-34"},
        ),
    ]


def _mover(given: str, born: str, sex: str, relation: str, **more: Any) -> dict[str, Any]:
    return {
        "name": {"family": FAMILY, "given": given},
        "kana": {"family": "トドケデ", "given": _NAMES[given]},
        "birthDate": born,
        "sex": sex,
        "relation": relation,
        **more,
    }


def _contracts() -> dict[str, Any]:
    nonlife = {"company": MihonNonlifeSimulator.number}
    return {
        "electricity": {"company": MihonPowerSimulator.number, "customerNumber": "22-3333-4444"},
        "gas": {"company": MihonGasSimulator.number, "customerNumber": "55-66"},
        "water": {"customerNumber": "12-345678", "payment": "口座振替"},
        "telephone": {"company": MihonTelephoneSimulator.number, "customerNumber": "T-0123"},
        "isp": {"company": MihonNetSimulator.number, "customerNumber": "N-4567"},
        "nhk": {"company": NhkSimulator.number, "customerNumber": NHK_WRONG},
        "newspapers": [{"company": MihonNewsSimulator.number}],
        "postForwarding": {},
        "banks": [
            {"company": MihonBankSimulator.number, "branch": "室蘭", "account": "1234567"},
            {"owner": 1, "company": MihonBankSimulator.number, "branch": "室蘭", "account": "7654321"},
        ],
        "creditCards": [{"owner": 1, "company": MihonCardSimulator.number, "customerNumber": "M-0001"}],
        "mobiles": [
            {"company": MihonMobileSimulator.number, "number": "090-0000-0001"},
            {"owner": 1, "company": MihonMobileSimulator.number, "number": "090-0000-0002"},
        ],
        "shops": [{"company": MihonShopSimulator.number, "customerNumber": "hanako-m"}],
        "lifeInsurance": [{"owner": 1, "company": MihonLifeSimulator.number, "customerNumber": "L-100"}],
        "nonlifeInsurance": [
            {**nonlife, "customerNumber": "F-200", "building": "鉄筋コンクリート造"},
            {**nonlife, "owner": 1, "customerNumber": "C-300", "garagePlace": "九段南一丁目3番"},
        ],
        "securities": [{"company": MihonSecuritiesSimulator.number, "customerNumber": "S-400"}],
    }
