# SPDX-License-Identifier: Apache-2.0
"""Couples who marry: with everything, across borders, and for the second time."""

from datetime import date
from typing import Any, Final

from workflows.examples.telling import (
    ACCOUNT,
    CHIYODA,
    CHIYODA_DESK,
    EMAIL,
    MURORAN,
    PHONE,
    Household,
    Told,
    held,
    honseki,
    name,
    person,
    register,
)


def _parents(family: str, father: str, mother: str, relation: str) -> Told:
    return {"father": name(family, father), "mother": name(family, mother), "relation": relation}


def _witness(written: str, born: str, home: Told, **more: Any) -> Told:
    return {"name": name(*written.split()), "birthDate": born, "address": home, **more}


_WITNESSES: Final = [
    _witness("立会 一郎", "1970-01-01", MURORAN, honseki=honseki(MURORAN, "港町3番地")),
    _witness("立会 桜", "1992-02-02", CHIYODA, honseki=honseki(CHIYODA, "一番町4番")),
]

# --- with everything --------------------------------------------------------------------------------

_HANAKO: Final = person(
    "見本 花子",
    "ミホン ハナコ",
    "1995-05-05",
    part="wife",
    address=CHIYODA,
    familyRegister=register(MURORAN, "東町1番地", "見本 松"),
    parents=_parents("見本", "松", "梅", "長女"),
    nonAcceptance="wanted",
    hasCard=True,
    wantsSigningCertificate=True,
    wantsFormerSurname=True,
    sealRegistered=True,
    healthInsurance="national",
    insuranceAfter="employee",
    becomesDependant=True,
    income=0,
    taxDependant=True,
    employer={"companyName": "見本商事（架空）"},
    licence={"number": "012345678901"},
    passport={"number": "TK1234567", "romaji": "MIHON HANAKO"},
    qualifications=[{"title": "看護師", "ministry": "厚生労働省", "number": "1234567"}],
    publicMoneyAccount=True,
)
_TARO: Final = person(
    "模範 太郎",
    "モハン タロウ",
    "1993-03-03",
    part="husband",
    address=CHIYODA,
    familyRegister=register(MURORAN, "幸町2番地", "模範 次郎"),
    parents=_parents("模範", "次郎", "菊", "長男"),
    hasCard=True,
    healthInsurance="employee",
    employer={"companyName": "見本工業（架空）"},
)


def _contracts() -> Told:
    return {
        "electricity": [held("見本電力（架空）", "22-3333-4444", merges=True)],
        "gas": [held("見本ガス（架空）", "55-66")],
        "water": [{"customerNumber": "12-345678"}],
        "telephone": [held("見本電話（架空）", "T-0123")],
        "newspaper": [held("見本新聞（架空）", "P-0042")],
        "nhk": [{"customerNumber": "1234567890", "merges": True}],
        "isp": [held("見本ネット（架空）", "N-4567")],
        "shops": [held("見本通販（架空）", "hanako-m")],
        "banks": [{"companyName": "見本銀行（架空）", "branch": "東", "account": "1234567", "newSeal": True}],
        "creditCards": [held("見本カード（架空）", "M-0001", romaji="MOHAN HANAKO")],
        "mobiles": [{"companyName": "見本モバイル（架空）", "number": "090-0000-0003"}],
        "insurance": [
            held("見本生命（架空）", "L-100", beneficiary={"name": _TARO["name"], "relation": "夫"}),
        ],
        "securities": [held("見本証券（架空）", "S-400")],
    }


_PLAIN: Final[Told] = {
    "marriageDate": "2026-12-10",
    "desk": CHIYODA_DESK,
    "spouses": [_HANAKO, _TARO],
    "witnesses": _WITNESSES,
    "surnameOf": "husband",
    "newHonseki": honseki(CHIYODA, "一番町1番"),
    "phone": PHONE,
    "email": EMAIL,
    "householdMerge": {
        "members": [_HANAKO["name"]],
        "newHead": _TARO["name"],
        "relation": "妻",
    },
    "contracts": _contracts(),
    "vehicles": [
        {"kind": "car", "plate": "品川 300 あ 12-34", "chassis": "ABC12-3456789"},
        {"kind": "kei", "plate": "品川 580 あ 56-78", "chassis": "K12-3456789"},
    ],
    "realEstate": [{"municipality": "012050", "number": "0123456789012"}],
}

# --- across borders ---------------------------------------------------------------------------------

_SAKURA: Final = person(
    "例示 桜",
    "レイジ サクラ",
    "1994-04-04",
    part="wife",
    address=CHIYODA,
    familyRegister=register(MURORAN, "本町3番地", "例示 竹"),
    parents=_parents("例示", "竹", "菊", "二女"),
)
_JOHN: Final = person(
    "SAMPLE JOHN",
    "サンプル ジョン",
    "1990-09-09",
    part="husband",
    address=CHIYODA,
    nationality="アメリカ合衆国",
    residence={"status": "mid-to-long", "cardNumber": "AB12345678CD"},
    parents=_parents("SAMPLE", "JAMES", "MARY", "長男"),
)
_ACROSS: Final[Told] = {
    "marriageDate": "2026-12-21",
    "desk": CHIYODA_DESK,
    "spouses": [_SAKURA, _JOHN],
    "witnesses": [
        _WITNESSES[0],
        _witness("SAMPLE ANN", "1991-01-01", CHIYODA, nationality="アメリカ合衆国"),
    ],
    "newHonseki": honseki(CHIYODA, "一番町2番"),
    "phone": "090-0000-0004",
    "foreignSurname": {"family": "サンプル", "kana": "サンプル"},
    "contracts": {"electricity": [{}], "shops": [{}], "insurance": [{}], "securities": [{}]},
}

# --- for the second time ----------------------------------------------------------------------------

_OLD_REGISTER: Final = register(MURORAN, "輪西町4番地", "架空 菫")


def _child(given: str, read: str, born: str, wish: str) -> Told:
    return person(
        f"架空 {given}",
        f"カクウ {read}",
        born,
        parent=0,
        familyRegister=_OLD_REGISTER,
        wish=wish,
    )


_SECOND: Final[Told] = {
    "marriageDate": "2026-12-15",
    "desk": CHIYODA_DESK,
    "spouses": [
        person(
            "架空 菫",
            "カクウ スミレ",
            "1991-06-06",
            part="wife",
            address=CHIYODA,
            familyRegister=_OLD_REGISTER | {"isHead": True},
            parents=_parents("架空", "健", "楓", "長女"),
            earlierMarriage={"endedBy": "divorce", "endedOn": "2022-06-30"},
            receivesChildSupport=True,
            healthInsurance="national",
        ),
        person(
            "例題 健",
            "レイダイ ケン",
            "1989-08-08",
            part="husband",
            address=CHIYODA,
            familyRegister=register(CHIYODA, "一番町5番", "例題 健", isHead=True),
            parents=_parents("例題", "茂", "幸", "二男"),
            earlierMarriage={"endedBy": "death", "endedOn": "2020-01-15"},
        ),
    ],
    "witnesses": _WITNESSES,
    "surnameOf": "husband",
    "phone": "090-0000-0005",
    "children": [
        _child("一", "ハジメ", "2018-07-07", "adoption"),
        _child("二葉", "フタバ", "2020-02-29", "join-register"),
    ],
    "childAllowance": {"recipient": 1, "account": ACCOUNT},
}

HOUSEHOLDS: Final = (
    Household(
        "two-households-become-one",
        "Two who share an address marry; she takes his surname, and all she owns bears the old one",
        date(2026, 12, 1),
        _PLAIN,
    ),
    Household(
        "across-borders",
        "A Japanese and a foreign national marry, and she takes his surname",
        date(2026, 12, 1),
        _ACROSS,
    ),
    Household(
        "second-marriage",
        "A mother of two marries again; he adopts one child, the other one follows into the register",
        date(2026, 12, 1),
        _SECOND,
    ),
)
