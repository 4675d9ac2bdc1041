# SPDX-License-Identifier: Apache-2.0
"""Two who share a home in Chiyoda marry: the notice at the counter, then the new name, everywhere.

髙橋 花子 takes the surname of 佐藤 太郎, and his employer's insurance. Each signs with their own card for
what is told of them. The two witnesses stand on the notice and nowhere else: they sign by hand.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from connectors.private.employer import MihonIndustrySimulator
from connectors.private.mihon_bank import MihonBankSimulator
from connectors.private.mihon_card import MihonCardSimulator
from connectors.private.mihon_gas import MihonGasSimulator
from connectors.private.mihon_life import MihonLifeSimulator
from connectors.private.mihon_light import MihonLightSimulator
from connectors.private.mihon_mobile import MihonMobileSimulator
from connectors.private.mihon_net import MihonNetSimulator
from connectors.private.mihon_news import MihonNewsSimulator
from connectors.private.mihon_securities import MihonSecuritiesSimulator
from connectors.private.mihon_shop import MihonShopSimulator
from connectors.private.mihon_telephone import MihonTelephoneSimulator
from connectors.private.nhk import NhkSimulator
from connectors.simulators.jpki import Municipality, Resident
from engine.demos.moving_family import NHK_RIGHT
from engine.demos.script import Filing, Person, Script

_CHIYODA: Final = Municipality("13101", "Tokyo-to", "Chiyoda-ku")
_HOME: Final = "東京都千代田区一番町１"
HOME: Final[dict[str, Any]] = {
    "postalCode": "102-0082",
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "一番町1",
}
TARO: Final = Person(Resident("佐藤　太郎", date(1993, 3, 3), _HOME, "1", _CHIYODA), "佐藤 太郎", "Taro")
HANAKO: Final = Person(Resident("髙橋　花子", date(1995, 5, 5), _HOME, "2", _CHIYODA), "髙橋 花子", "Hanako")


class Marriage(Script):
    """The one who opens the case is the one whose name changes."""

    event = "marriage"
    people: ClassVar = {"/spouses/0": HANAKO, "/spouses/1": TARO}
    begins = timedelta(days=5)

    def facts(self, day: date) -> dict[str, Any]:
        """Return what the couple tells of its marriage on that day."""
        return {
            "marriageDate": day.isoformat(),
            "desk": {"municipality": "131016", "city": "千代田区"},
            "spouses": [_hanako(), _taro()],
            "witnesses": _witnesses(),
            "surnameOf": "husband",
            "newHonseki": _honseki("一番町1番", "131016", "東京都", "千代田区"),
            "phone": "090-1234-5678",
            "email": "hanako@example.jp",
            "contracts": _contracts(),
            "vehicles": [{"kind": "car", "plate": "品川 300 あ 12-34", "chassis": "ABC12-3456789"}],
            "realEstate": [{"municipality": "012050", "number": "0123456789012"}],
        }

    def corrected(self, facts: Mapping[str, Any], filing: Filing) -> dict[str, Any]:
        """Return the facts with how the new name is to stand on the credit card, which was forgotten."""
        contracts = facts["contracts"]
        cards = [one | {"romaji": "SATO HANAKO"} for one in contracts["creditCards"]]
        return {**facts, "contracts": contracts | {"creditCards": cards}}


def name(family: str, given: str) -> dict[str, str]:
    """Return a name."""
    return {"family": family, "given": given}


def _honseki(line: str, municipality: str, prefecture: str, city: str) -> dict[str, Any]:
    return {"municipality": municipality, "prefecture": prefecture, "city": city, "line": line}


def _register(line: str, head: dict[str, str]) -> dict[str, Any]:
    return _honseki(line, "012050", "北海道", "室蘭市") | {"head": head}


def _hanako() -> dict[str, Any]:
    return {
        "part": "wife",
        "name": name("髙橋", "花子"),
        "kana": name("タカハシ", "ハナコ"),
        "birthDate": "1995-05-05",
        "address": HOME,
        "familyRegister": _register("東町1番地", name("髙橋", "松")),
        "parents": {"father": name("髙橋", "松"), "mother": name("髙橋", "梅"), "relation": "長女"},
        "hasCard": True,
        "wantsSigningCertificate": True,
        "sealRegistered": True,
        "healthInsurance": "national",
        "insuranceAfter": "employee",
        "becomesDependant": True,
        "income": 0,
        "taxDependant": True,
        "licence": {"number": "012345678901"},
        "qualifications": [{"title": "看護師", "ministry": "厚生労働省", "number": "1234567"}],
        "passport": {"number": "TK1234567", "romaji": "TAKAHASHI HANAKO"},
    }


def _taro() -> dict[str, Any]:
    return {
        "part": "husband",
        "name": name("佐藤", "太郎"),
        "kana": name("サトウ", "タロウ"),
        "birthDate": "1993-03-03",
        "address": HOME,
        "familyRegister": _register("幸町2番地", name("佐藤", "次郎")),
        "parents": {"father": name("佐藤", "次郎"), "mother": name("佐藤", "菊"), "relation": "長男"},
        "hasCard": True,
        "healthInsurance": "employee",
        "employer": {"company": MihonIndustrySimulator.number},
    }


def _witnesses() -> list[dict[str, Any]]:
    return [
        {
            "name": name("鈴木", "一郎"),
            "birthDate": "1970-01-01",
            "address": HOME | {"line": "二番町2"},
            "honseki": _honseki("港町3番地", "012050", "北海道", "室蘭市"),
        },
        {
            "name": name("田中", "桜"),
            "birthDate": "1992-02-02",
            "address": HOME | {"line": "三番町3"},
            "honseki": _honseki("一番町4番", "131016", "東京都", "千代田区"),
        },
    ]


def _contracts() -> dict[str, Any]:
    return {
        "electricity": [{"company": MihonLightSimulator.number, "customerNumber": "E-0001"}],
        "gas": [{"company": MihonGasSimulator.number, "customerNumber": "55-66"}],
        "water": [{"customerNumber": "12-345678"}],
        "telephone": [{"company": MihonTelephoneSimulator.number, "customerNumber": "T-0123"}],
        "nhk": [{"company": NhkSimulator.number, "customerNumber": NHK_RIGHT}],
        "isp": [{"company": MihonNetSimulator.number, "customerNumber": "N-4567"}],
        "newspaper": [{"company": MihonNewsSimulator.number}],
        "shops": [{"company": MihonShopSimulator.number, "customerNumber": "hanako-m"}],
        "banks": [{"company": MihonBankSimulator.number, "branch": "麹町", "account": "1234567"}],
        "creditCards": [{"company": MihonCardSimulator.number, "customerNumber": "M-0001"}],
        "mobiles": [{"company": MihonMobileSimulator.number, "number": "090-0000-0001"}],
        "insurance": [{"company": MihonLifeSimulator.number, "customerNumber": "L-100"}],
        "securities": [{"company": MihonSecuritiesSimulator.number, "customerNumber": "S-400"}],
    }
