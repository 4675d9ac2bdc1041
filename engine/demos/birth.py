# SPDX-License-Identifier: Apache-2.0
"""A first child of two employees in Chiyoda, told three days after the birth by the father.

The day of birth is day one of the notice, and not of the allowance: both last days stand in the plan, and
neither waits for the other. The employer hears of the child when the notice has been accepted.
"""

from datetime import date, timedelta
from typing import Any, ClassVar, Final

from connectors.private.employer import MihonIndustrySimulator
from connectors.private.mihon_life import MihonLifeSimulator
from connectors.simulators.jpki import Resident
from engine.demos.marriage import HOME, TARO, name
from engine.demos.script import Person, Script

_REGISTER: Final[dict[str, Any]] = {
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "一番町1番",
    "head": name("佐藤", "太郎"),
}
_MOTHER: Final = Resident(
    "佐藤　花子", date(1995, 5, 5), TARO.resident.address, "2", TARO.resident.municipality
)


class Birth(Script):
    """The parent who notifies signs first; the other one where their employer is told something of them."""

    event = "birth"
    people: ClassVar = {"/father": TARO, "/mother": Person(_MOTHER, "佐藤 花子", "Hanako")}
    begins = timedelta(days=-3)

    def facts(self, day: date) -> dict[str, Any]:
        """Return what the parents tell of the child born on that day."""
        return {
            "children": [_child(day)],
            "place": {"facility": "見本病院", "municipality": "131016", "line": "九段南1"},
            "mother": _parent("花子", "ハナコ", "1995-05-05", employer={"companyName": "見本商事"})
            | {"insurer": {"companyName": "見本健康保険組合"}},
            "father": _parent(
                "太郎", "タロウ", "1993-03-03", employer={"company": MihonIndustrySimulator.number}
            ),
            "parentsMarried": True,
            "filer": {"role": "father"},
            "desk": {"municipality": "131016", "city": "千代田区"},
            "head": name("佐藤", "太郎"),
            "phone": "090-1234-5678",
            "supportedBy": "father",
            "optIns": [
                {"kind": "insurance", "company": MihonLifeSimulator.number, "customerNumber": "L-100"}
            ],
        }


def _child(day: date) -> dict[str, Any]:
    return {
        "name": name("佐藤", "一"),
        "kana": name("サトウ", "ハジメ"),
        "sex": "male",
        "bornOn": day.isoformat(),
        "bornAt": "14:30",
        "relation": "長男",
        "weightGrams": 3100,
        "wantsPassport": True,
        "daycare": {"wishes": ["見本保育園"], "parentsWork": "会社員"},
    }


def _parent(given: str, kana: str, born: str, *, employer: dict[str, str]) -> dict[str, Any]:
    is_head = {"isHead": True} if given == "太郎" else {}
    return {
        "name": name("佐藤", given),
        "kana": name("サトウ", kana),
        "birthDate": born,
        "address": HOME,
        "familyRegister": _REGISTER | is_head,
        "hasCard": True,
        "healthInsurance": "employee",
        "employer": employer,
    }
