# SPDX-License-Identifier: Apache-2.0
"""A first child of two employees in 千代田区, whose register is kept there too."""

import copy
from collections.abc import Mapping
from typing import Any, Final

from tests.unit.marriage_samples import CHIYODA, CHIYODA_HOME, honseki, name
from workflows.birth import BirthFacts

REGISTER: Final[dict[str, Any]] = honseki("一番町1番", municipality=CHIYODA) | {"head": name("佐藤", "太郎")}
MOTHER: Final[dict[str, Any]] = {
    "name": name("佐藤", "花子"),
    "kana": name("サトウ", "ハナコ"),
    "birthDate": "1995-05-05",
    "address": CHIYODA_HOME,
    "familyRegister": REGISTER,
    "hasCard": True,
    "healthInsurance": "employee",
    "insurer": {"companyName": "見本健康保険組合"},
    "employer": {"companyName": "見本商事"},
}
FATHER: Final[dict[str, Any]] = {
    "name": name("佐藤", "太郎"),
    "kana": name("サトウ", "タロウ"),
    "birthDate": "1993-03-03",
    "address": CHIYODA_HOME,
    "familyRegister": REGISTER | {"isHead": True},
    "hasCard": True,
    "healthInsurance": "employee",
    "employer": {"companyName": "見本工業"},
}
CHILD: Final[dict[str, Any]] = {
    "name": name("佐藤", "一"),
    "kana": name("サトウ", "ハジメ"),
    "sex": "male",
    "bornOn": "2026-11-20",
    "bornAt": "14:30",
    "relation": "長男",
    "weightGrams": 3100,
}
FAMILY: Final[Mapping[str, Any]] = {
    "children": [CHILD],
    "place": {"facility": "見本病院", "municipality": CHIYODA, "line": "九段南1"},
    "mother": MOTHER,
    "father": FATHER,
    "parentsMarried": True,
    "filer": {"role": "father"},
    "desk": {"municipality": CHIYODA, "city": "千代田区"},
    "head": name("佐藤", "太郎"),
    "phone": "090-1234-5678",
    "supportedBy": "father",
}


def told(**changes: Any) -> dict[str, Any]:
    """Return the parents' facts with changes; a key `a__0__b` goes into members and items, ... removes."""
    facts = copy.deepcopy(dict(FAMILY))
    for path, value in changes.items():
        *way, last = (int(step) if step.isdigit() else step for step in path.split("__"))
        place: Any = facts
        for step in way:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return facts


def family(**changes: Any) -> BirthFacts:
    return BirthFacts.model_validate(told(**changes))
