# SPDX-License-Identifier: Apache-2.0
"""Households that move: one with everything to another city, one within a city."""

from datetime import date
from typing import Final

from workflows.examples.telling import (
    ACCOUNT,
    CHIYODA,
    EMAIL,
    KUDAN,
    MURORAN,
    PHONE,
    Household,
    Told,
    held,
    name,
    person,
)

_MOTHER: Final = person(
    "届出 花子",
    "トドケデ ハナコ",
    "1985-04-01",
    sex="female",
    relation="世帯主",
    nationalPension=True,
    hasCard=True,
    wantsSigningCertificate=True,
    sealRegistered=True,
    wantsSeal=True,
    occupation="自営業",
    healthInsurance="national",
    licence={"number": "012345678900"},
)
_FATHER: Final = person(
    "届出 太郎",
    "トドケデ タロウ",
    "1984-02-29",
    sex="male",
    relation="夫",
    healthInsurance="employee",
    employer={"companyName": "見本商事（架空）", "commuting": "半蔵門線"},
)
_PUPIL: Final = person(
    "届出 一",
    "トドケデ ハジメ",
    "2016-07-07",
    sex="male",
    relation="子",
    healthInsurance="employee",
    school={"kind": "public", "name": "見本東小学校", "grade": 4},
    medicalSubsidy={"insuranceSymbol": "12-34"},
)
_INFANT: Final = person(
    "届出 二葉",
    "トドケデ フタバ",
    "2024-05-05",
    sex="female",
    relation="子",
    healthInsurance="employee",
    daycare={"leaves": "見本東保育所", "wishes": ["見本保育園", "模範保育園"], "parentsWork": "会社員"},
    medicalSubsidy={"insuranceSymbol": "12-34"},
)
_GRANDMOTHER: Final = person(
    "届出 梅",
    "トドケデ ウメ",
    "1942-01-10",
    sex="female",
    relation="母",
    burdenClass="1割",
    pension={"linked": False, "basicPensionNumber": "1234-567890"},
    disability={"scheme": "physical", "number": "北海道 第12345号"},
    care={
        "insuredNumber": "0123456789",
        "certification": {"level": "要介護2", "validUntil": "2027-12-31", "doctor": "見本 医師"},
    },
)

_CAR: Final[Told] = {
    "kind": "car",
    "owner": 1,
    "plate": "室蘭 300 あ 12-34",
    "chassis": "ABC12-3456789",
    "garageArea": True,
    "model": "見本",
    "garagePlace": "九段南一丁目3番",
    "garageConsent": "見本不動産（承諾済み）",
}


def _vehicle(kind: str, plate: str, chassis: str) -> Told:
    return {"kind": kind, "plate": plate, "chassis": chassis}


_CONTRACTS: Final[Told] = {
    "electricity": held("見本電力（架空）", "22-3333-4444"),
    "gas": held("見本ガス（架空）", "55-66"),
    "water": {"customerNumber": "12-345678", "payment": "口座振替"},
    "telephone": held("見本電話（架空）", "T-0123", workOn="2026-12-20"),
    "isp": held("見本ネット（架空）", "N-4567", workOn="2026-12-21"),
    "nhk": {"customerNumber": "1234567890"},
    "newspapers": [{"companyName": "見本新聞（架空）"}],
    "postForwarding": {"startOn": "2026-12-20"},
    "banks": [{"companyName": "見本銀行（架空）", "branch": "室蘭", "account": "1234567"}],
    "creditCards": [held("見本カード（架空）", "M-0001")],
    "mobiles": [{"companyName": "見本モバイル（架空）", "number": "090-0000-0001"}],
    "shops": [held("見本通販（架空）", "hanako-m")],
    "lifeInsurance": [held("見本生命（架空）", "L-100")],
    "nonlifeInsurance": [
        held("見本損保（架空）", "F-200", building="鉄筋コンクリート造"),
        held("見本損保（架空）", "C-300", owner=1, garagePlace="九段南一丁目3番"),
    ],
    "securities": [held("見本証券（架空）", "S-400")],
}

_TO_ANOTHER_CITY: Final[Told] = {
    "movingDate": "2026-12-19",
    "oldAddress": MURORAN,
    "newAddress": KUDAN,
    "movers": [_MOTHER, _FATHER, _PUPIL, _INFANT, _GRANDMOTHER],
    "head": _MOTHER["name"],
    "phone": PHONE,
    "email": EMAIL,
    "householdChange": {
        "side": "old",
        "members": [name("届出", "松"), name("届出", "竹")],
        "newHead": name("届出", "松"),
    },
    "childAllowance": {
        "owner": 0,
        "spouse": _FATHER["name"],
        "insurance": "国民年金",
        "account": ACCOUNT,
    },
    "vehicles": [
        _CAR,
        _vehicle("kei", "室蘭 580 あ 56-78", "K12-3456789"),
        _vehicle("motorcycle", "室蘭 あ 12-34", "M12-3456789"),
        _vehicle("moped", "室蘭市 あ 123", "G12-3456789"),
    ],
    "dogs": [{"chip": "392100000000000", "birthDate": "2020-01-01"}],
    "realEstate": [{"owner": 0, "municipality": "012050", "number": "0123456789012"}],
    "bulkyWaste": {"items": ["たんす", "自転車"], "day": "2026-12-14"},
    "contracts": _CONTRACTS,
}

# A single parent, and one who has less to tell: what was not told is null on the wire.
_MARTIN: Final = person(
    "MARTIN MARIE",
    "マルタン マリー",
    "1990-09-09",
    sex="female",
    relation="世帯主",
    residence={"status": "mid-to-long", "cardNumber": "AB12345678CD"},
)
_WITHIN_THE_CITY: Final[Told] = {
    "movingDate": "2026-12-05",
    "oldAddress": CHIYODA,
    "newAddress": KUDAN,
    "movers": [_MARTIN, person("MARTIN LEA", "マルタン レア", "2018-03-03", relation="子")],
    "head": _MARTIN["name"],
    "phone": "090-0000-0002",
    "childSupport": {"owner": 0, "cohabitation": "子と二人"},
    "childAllowance": {"owner": 0},
    "contracts": {"electricity": {}, "gas": {}, "water": {}, "nhk": {}, "isp": {}},
}

HOUSEHOLDS: Final = (
    Household(
        "to-another-city",
        "Three generations move from Muroran to Chiyoda, with everything there is to tell",
        date(2026, 12, 1),
        _TO_ANOTHER_CITY,
    ),
    Household(
        "within-the-city",
        "A mother of another nationality moves within Chiyoda with her child, and tells little",
        date(2026, 12, 1),
        _WITHIN_THE_CITY,
    ),
)
