# SPDX-License-Identifier: Apache-2.0
"""People who die: an old man with everything, a sole trader, a worker, and who leaves a child alone."""

from datetime import date
from typing import Any, Final

from workflows.examples.telling import (
    ACCOUNT,
    CHIYODA,
    EMAIL,
    MURORAN,
    Household,
    Told,
    held,
    person,
    register,
)

_PENSION: Final = "1234-567890"
_HERE: Final[Told] = {"address": MURORAN, "livedTogether": True, "inHousehold": True}
_HOSPITAL: Final = MURORAN | {"line": "病院町1"}


def _deceased(written: str, read: str, born: str, **more: Any) -> Told:
    told = {"sex": "male", "address": MURORAN, "headOfHousehold": True, "spouseState": "married"}
    return person(written, read, born, **(told | more))


def _heir(number: int, learned: str, **more: Any) -> Told:
    return {"person": number, "learnedOn": learned, **more}


def _notifies(learned: str, capacity: str = "relative-living-together") -> Told:
    return {"capacity": capacity, "learnedOn": learned}


# --- an old man with everything ---------------------------------------------------------------------

_FARM: Final = register(MURORAN, "東町一丁目1番", "見本 一郎")
_OLD_MAN: Final = _deceased(
    "見本 一郎",
    "ミホン イチロウ",
    "1946-02-03",
    honseki=_FARM,
    hasCard=True,
    sealRegistered=True,
    taxed=True,
    filesIncomeTax=True,
    business={"tradeName": "見本農園"},
    pension={"receives": ["national", "employees"], "linked": False, "basicPensionNumber": _PENSION},
    health={"kind": "late-elderly", "symbol": "01234567", "overLimit": True},
    care={"insuredNumber": "0123456789", "certified": True, "overLimit": True},
    disability={"scheme": "physical", "number": "北海道 第12345号"},
    licenceNumber="012345678900",
    passportNumber="TR1234567",
)
_OLD_MANS_FAMILY: Final = [
    person(
        "見本 花子",
        "ミホン ハナコ",
        "1950-05-05",
        relation="spouse",
        honseki=_FARM,
        phone="090-0000-0001",
        email=EMAIL,
        sameLivelihood=True,
        account=ACCOUNT,
        **_HERE,
    ),
    person(
        "見本 太郎",
        "ミホン タロウ",
        "1975-07-07",
        relation="child",
        email="taro@example.jp",
        account=ACCOUNT | {"number": "7654321"},
        **_HERE,
    ),
    person("見本 桜", "ミホン サクラ", "1978-08-08", relation="child", address=CHIYODA),
]


def _land(number: str, **more: Any) -> Told:
    return {"municipality": "012050", "number": number, **more}


_ESTATE: Final[Told] = {
    "realEstate": [
        _land("0123456789012", takenBy=1),
        _land("0123456789013", takenBy=1, farmland=True),
        _land("0123456789014", takenBy=1, forest=True),
    ],
    "vehicles": [{"kind": "car", "plate": "室蘭 300 あ 12-34", "chassis": "ABC12-3456789", "takenBy": 1}],
    "dogs": [{"chip": "392100000000000", "birthDate": "2020-01-01", "newOwner": 1}],
    "value": 80_000_000,
    "dividedOn": "2026-11-28",
    "cashNeeded": True,
    "bulkyWaste": {"items": ["机", "本棚"], "day": "2027-05-10"},
}


def _ended(company: str, number: str) -> Told:
    return held(company, number, stopOn="2026-12-31")


_CONTRACTS: Final[Told] = {
    "electricity": _ended("見本電力（架空）", "22-3333-4444"),
    "gas": _ended("見本ガス（架空）", "55-66"),
    "water": {"customerNumber": "12-345678", "stopOn": "2026-12-31"},
    "telephone": _ended("見本電話（架空）", "T-0123"),
    "nhk": {"customerNumber": "1234567890", "stopOn": "2026-12-31"},
    "isp": _ended("見本ネット（架空）", "N-4567"),
    "lease": {"companyName": "見本不動産（架空）"},
    "mail": True,
    "mobiles": [{"companyName": "見本モバイル（架空）", "number": "090-0000-0009"}],
    "newspapers": [{"companyName": "見本新聞（架空）"}],
    "shops": [held("見本通販（架空）", "ichiro-m")],
    "banks": [{"companyName": "見本信託銀行（架空）", "branch": "室蘭", "account": "1234567"}],
    "creditCards": [held("見本カード（架空）", "M-0001")],
    "policies": [
        held("見本相互生命（架空）", "L-100", beneficiary=0),
        held("見本相互生命（架空）", "L-200"),
    ],
    "securities": [held("見本証券（架空）", "S-400")],
}
_WITH_EVERYTHING: Final[Told] = {
    "diedOn": "2026-11-22",
    "diedAt": "14:30",
    "place": _HOSPITAL,
    "deceased": _OLD_MAN,
    "people": _OLD_MANS_FAMILY,
    "notifier": _notifies("2026-11-22"),
    "newHead": 0,
    "funeral": {"day": "2026-11-25", "host": 0},
    "cremation": {
        "crematorium": "見本斎場",
        "day": "2026-11-25",
        "time": "11:00",
        "undertaker": {"companyName": "見本葬祭（架空）"},
    },
    "heirs": [
        _heir(0, "2026-11-22"),
        _heir(1, "2026-11-22"),
        _heir(2, "2026-11-22", infringedOn="2026-11-29"),
    ],
    "wishes": {"heirChart": True},
    "estate": _ESTATE,
    "contracts": _CONTRACTS,
}

# --- a sole trader, with children -------------------------------------------------------------------

_TRADER: Final[Told] = {
    "diedOn": "2026-11-20",
    "diedAt": "08:00",
    "place": _HOSPITAL,
    "deceased": _deceased(
        "模範 二郎",
        "モハン ジロウ",
        "1974-03-03",
        honseki=register(MURORAN, "本町一丁目2番", "模範 二郎"),
        pension={"paidMonths": 300, "basicPensionNumber": _PENSION},
        health={"kind": "national", "symbol": "12-34"},
    ),
    "people": [
        person(
            "模範 菊",
            "モハン キク",
            "1976-05-05",
            relation="spouse",
            phone="090-0000-0002",
            sameLivelihood=True,
            marriedYears=20,
            account=ACCOUNT,
            **_HERE,
        ),
        person("模範 一", "モハン ハジメ", "2010-07-07", relation="child", representative=0, **_HERE),
    ],
    "notifier": _notifies("2026-11-20"),
    "funeral": {"day": "2026-11-24", "host": 0},
    "allowanceCarer": 0,
    "heirs": [_heir(0, "2026-11-20"), _heir(1, "2026-11-20")],
    "estate": {"value": 20_000_000},
    "contracts": {
        **{kind: {} for kind in ("electricity", "gas", "water", "telephone", "nhk", "isp")},
        "policies": [held("見本相互生命（架空）", "L-300", beneficiary=1)],
    },
}

# --- a worker, whose widow goes back to her own name ------------------------------------------------

_WORKERS_REGISTER: Final = register(MURORAN, "輪西町一丁目3番", "例示 三郎")
_WORKER: Final[Told] = {
    "diedOn": "2026-11-18",
    "diedAt": "16:00",
    "place": MURORAN | {"line": "工場町1"},
    "deceased": _deceased(
        "例示 三郎",
        "レイジ サブロウ",
        "1992-05-05",
        honseki=_WORKERS_REGISTER,
        pension={"basicPensionNumber": _PENSION},
        health={
            "kind": "employee",
            "symbol": "12-34",
            "insurer": {"companyName": "見本健保（架空）"},
        },
        work={"company": {"companyName": "見本製鉄（架空）"}, "employeeNumber": "E-7", "atWork": True},
    ),
    "people": [
        person(
            "例示 楓",
            "レイジ カエデ",
            "1993-03-03",
            relation="spouse",
            honseki=_WORKERS_REGISTER,
            phone="090-0000-0003",
            sameLivelihood=True,
            marriedYears=3,
            account=ACCOUNT,
            **_HERE,
        ),
        person(
            "例示 陽",
            "レイジ ヨウ",
            "2025-10-10",
            relation="child",
            honseki=_WORKERS_REGISTER,
            representative=0,
            **_HERE,
        ),
    ],
    "notifier": _notifies("2026-11-18"),
    "funeral": {"day": "2026-11-22", "host": 0},
    "heirs": [_heir(0, "2026-11-18"), _heir(1, "2026-11-18")],
    "wishes": {"surnameRevert": True, "inLawEnd": True, "childSurname": True},
    "estate": {"value": 10_000_000},
}

# --- a father whose child has nobody else, a foreign resident, a man without children ---------------

_FATHERS_REGISTER: Final = register(MURORAN, "港町一丁目4番", "架空 五郎")
_FATHER: Final[Told] = {
    "diedOn": "2026-11-15",
    "place": MURORAN,
    "deceased": _deceased(
        "架空 五郎", "カクウ ゴロウ", "1980-02-02", honseki=_FATHERS_REGISTER, spouseState="divorced"
    ),
    "people": [
        person(
            "架空 陽子",
            "カクウ ヨウコ",
            "1985-03-03",
            relation="sibling",
            address=CHIYODA,
            phone="090-0000-0004",
        ),
        person(
            "架空 光",
            "カクウ ヒカル",
            "2012-07-07",
            relation="child",
            address=CHIYODA,
            honseki=_FATHERS_REGISTER,
            representative=0,
        ),
    ],
    "notifier": _notifies("2026-11-16", "relative-living-apart"),
    "guardianship": {"guardian": 0, "since": "2026-11-24"},
    "heirs": [_heir(1, "2026-11-16", decision="limited")],
}
_RESIDENT: Final[Told] = {
    "diedOn": "2026-11-21",
    "diedAt": "23:50",
    "place": _HOSPITAL,
    "deceased": _deceased(
        "MARTIN JEAN",
        "マルタン ジャン",
        "1960-08-08",
        nationality="フランス",
        residence={"status": "mid-to-long", "cardNumber": "AB12345678CD"},
    ),
    "people": [
        person(
            "例題 幸",
            "レイダイ サチ",
            "1962-01-01",
            relation="spouse",
            phone="090-0000-0005",
            honseki=register(MURORAN, "幸町5番地", "例題 幸"),
            **_HERE,
        )
    ],
    "notifier": _notifies("2026-11-21"),
}
_CHILDLESS: Final[Told] = {
    "diedOn": "2026-11-19",
    "diedAt": "06:45",
    "place": _HOSPITAL,
    "deceased": _deceased(
        "題名 六郎",
        "ダイメイ ロクロウ",
        "1978-12-12",
        honseki=register(MURORAN, "東町二丁目6番", "題名 六郎"),
        spouseState="never-married",
        pension={"paidMonths": 240, "basicPensionNumber": _PENSION},
        health={"kind": "national", "symbol": "56-78"},
    ),
    "people": [
        person(
            "題名 松",
            "ダイメイ マツ",
            "1950-11-11",
            relation="parent",
            phone="090-0000-0006",
            sameLivelihood=True,
            account=ACCOUNT,
            **_HERE,
        )
    ],
    "notifier": _notifies("2026-11-19"),
    "heirs": [_heir(0, "2026-11-19")],
}

HOUSEHOLDS: Final = (
    Household(
        "with-everything",
        "A farmer of 80 dies in Muroran; a widow and two children, with everything there is to tell",
        date(2026, 12, 1),
        _WITH_EVERYTHING,
    ),
    Household(
        "sole-trader", "A sole trader of 52 leaves a widow and a child at school", date(2026, 12, 1), _TRADER
    ),
    Household(
        "worker",
        "A worker dies at work; his widow wishes to go back to her own name",
        date(2026, 12, 1),
        _WORKER,
    ),
    Household("orphan", "A divorced father leaves a child who gets a guardian", date(2026, 12, 1), _FATHER),
    Household("foreign-resident", "A French national dies in Muroran", date(2026, 12, 1), _RESIDENT),
    Household(
        "childless", "A man of 47 who paid his pension leaves his mother", date(2026, 12, 1), _CHILDLESS
    ),
)
