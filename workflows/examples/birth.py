# SPDX-License-Identifier: Apache-2.0
"""Children who are born: to employees, to those who insure themselves, abroad, to parents not married."""

from datetime import date
from typing import Any, Final

from workflows.examples.telling import (
    ACCOUNT,
    CHIYODA,
    CHIYODA_DESK,
    MURORAN,
    PHONE,
    Household,
    Told,
    held,
    name,
    person,
    register,
)

_HOSPITAL: Final[Told] = {"facility": "見本病院", "municipality": "131016", "line": "九段南1"}
_LEAVE: Final[Told] = {
    "maternityLeave": {"startsOn": "2026-10-09", "endsOn": "2027-01-15"},
    "childcareLeave": {"startsOn": "2027-01-16", "endsOn": "2027-11-19"},
}


def _child(written: str, read: str, born: str, **more: Any) -> Told:
    told = person(written, read, born, sex="male", bornOn=born, bornAt="14:30", relation="長男", **more)
    del told["birthDate"]
    return told


# --- to two employees -------------------------------------------------------------------------------

_REGISTER: Final = register(CHIYODA, "一番町1番", "例示 太郎")
_EMPLOYEES: Final[Told] = {
    "children": [
        _child(
            "例示 一",
            "レイジ ハジメ",
            "2026-11-20",
            weightGrams=3100,
            wantsCard=True,
            wantsPassport=True,
            daycare={"wishes": ["見本保育園", "模範保育園"], "parentsWork": "会社員"},
        )
    ],
    "place": _HOSPITAL,
    "mother": person(
        "例示 花子",
        "レイジ ハナコ",
        "1995-05-05",
        address=CHIYODA,
        familyRegister=_REGISTER,
        hasCard=True,
        healthInsurance="employee",
        insuranceSymbol="12-34",
        insurer={"companyName": "見本健康保険組合（架空）"},
        employer={"companyName": "見本商事（架空）"},
        **_LEAVE,
    ),
    "father": person(
        "例示 太郎",
        "レイジ タロウ",
        "1993-03-03",
        address=CHIYODA,
        familyRegister=_REGISTER | {"isHead": True},
        healthInsurance="employee",
        insuranceSymbol="56-78",
        employer={"companyName": "見本工業（架空）"},
    ),
    "parentsMarried": True,
    "filer": {"role": "father"},
    "desk": CHIYODA_DESK,
    "head": name("例示", "太郎"),
    "phone": PHONE,
    "supportedBy": "father",
    "allowance": {"recipient": "father", "account": ACCOUNT},
    "optIns": [{"kind": "insurance", **held("見本生命（架空）", "L-100")}],
}

# --- to parents who insure themselves ---------------------------------------------------------------

_SELF_INSURED: Final[Told] = {"address": CHIYODA, "healthInsurance": "national", "nationalPension": True}
_SECOND_REGISTER: Final = register(CHIYODA, "一番町6番", "模範 健")
_SECOND_CHILD: Final[Told] = {
    "children": [
        _child("模範 二郎", "モハン ジロウ", "2026-11-18", weightGrams=2300, weeks=34, prematureCare=True)
    ],
    "place": _HOSPITAL,
    "mother": person(
        "模範 桜",
        "モハン サクラ",
        "1994-04-04",
        familyRegister=_SECOND_REGISTER,
        insuranceSymbol="90-12",
        **_SELF_INSURED,
    ),
    "father": person(
        "模範 健",
        "モハン ケン",
        "1992-02-02",
        familyRegister=_SECOND_REGISTER | {"isHead": True},
        **_SELF_INSURED,
    ),
    "parentsMarried": True,
    "filer": {"role": "mother"},
    "desk": CHIYODA_DESK,
    "head": name("模範", "健"),
    "phone": "090-0000-0002",
    "supportedBy": "father",
    "dueDate": "2026-12-28",
    "allowance": {"recipient": "father", "already": True, "account": ACCOUNT},
    "siblings": [{"name": name("模範", "一"), "birthDate": "2020-06-01"}],
}

# --- abroad, to parents not married, to foreign nationals -------------------------------------------

_NEW_YORK: Final[Told] = {"country": "アメリカ合衆国", "place": "New York"}
_THIRD_REGISTER: Final = register(CHIYODA, "一番町7番", "見本 茂")
_ABROAD: Final[Told] = {
    "children": [_child("見本 陽", "ミホン ヨウ", "2026-11-12", weightGrams=3200)],
    "place": {"facility": "Sample Hospital", "line": "New York"},
    "bornAbroad": {"country": "アメリカ合衆国", "gotNationality": True, "reserves": True},
    "mother": person(
        "見本 楓", "ミホン カエデ", "1990-10-10", familyRegister=_THIRD_REGISTER, abroad=_NEW_YORK
    ),
    "father": person(
        "見本 茂",
        "ミホン シゲル",
        "1988-08-08",
        familyRegister=_THIRD_REGISTER | {"isHead": True},
        abroad=_NEW_YORK,
    ),
    "parentsMarried": True,
    "filer": {"role": "father"},
    "consulate": "在ニューヨーク日本国総領事館",
    "head": name("見本", "茂"),
    "phone": "+12120000000",
    "supportedBy": "father",
}
_UNMARRIED: Final[Told] = {
    "children": [_child("架空 光", "カクウ ヒカル", "2026-11-21", weightGrams=2900)],
    "place": _HOSPITAL,
    "mother": person(
        "架空 菫",
        "カクウ スミレ",
        "1996-06-06",
        address=CHIYODA,
        familyRegister=register(MURORAN, "東町1番地", "架空 健"),
        healthInsurance="employee",
        insurer={"companyName": "見本健康保険組合（架空）"},
        employer={"companyName": "見本商事（架空）"},
    ),
    "father": person(
        "例題 誠",
        "レイダイ マコト",
        "1995-07-07",
        address=MURORAN,
        familyRegister=register(CHIYODA, "一番町8番", "例題 誠", isHead=True),
    ),
    "parentsMarried": False,
    "recognition": {"kind": "notice"},
    "raisesAlone": True,
    "filer": {"role": "mother"},
    "desk": CHIYODA_DESK,
    "head": name("架空", "菫"),
    "phone": "090-0000-0003",
    "supportedBy": "mother",
}
_RESIDENT: Final[Told] = {"address": CHIYODA, "nationality": "ブラジル連邦共和国"}
_FOREIGN: Final[Told] = {
    "children": [_child("EXEMPLO LUCAS", "エゼンプロ ルーカス", "2026-11-22")],
    "place": _HOSPITAL,
    "mother": person(
        "EXEMPLO MARIA",
        "エゼンプロ マリア",
        "1995-01-01",
        residence={"status": "mid-to-long", "cardNumber": "AB12345678CD"},
        **_RESIDENT,
    ),
    "father": person(
        "EXEMPLO JOSE",
        "エゼンプロ ジョゼ",
        "1993-02-02",
        residence={"status": "mid-to-long", "cardNumber": "EF12345678GH"},
        **_RESIDENT,
    ),
    "parentsMarried": True,
    "filer": {"role": "father"},
    "desk": CHIYODA_DESK,
    "head": name("EXEMPLO", "JOSE"),
    "phone": "090-0000-0004",
    "supportedBy": "father",
}

HOUSEHOLDS: Final = (
    Household("two-employees", "A first child of two employees", date(2026, 11, 25), _EMPLOYEES),
    Household(
        "self-insured",
        "A second child, born too early, of parents in the National Health Insurance",
        date(2026, 11, 25),
        _SECOND_CHILD,
    ),
    Household("born-abroad", "A Japanese child is born in New York", date(2026, 11, 25), _ABROAD),
    Household(
        "not-married",
        "A mother raises her child alone; the father recognises it",
        date(2026, 11, 25),
        _UNMARRIED,
    ),
    Household("foreign-parents", "A child of two Brazilians in Chiyoda", date(2026, 11, 25), _FOREIGN),
)
