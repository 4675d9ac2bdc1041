# SPDX-License-Identifier: Apache-2.0
"""A man of 80 dies in Muroran: his widow notifies it, and each heir decides with their own card, or not.

The daughter renounces, within three months. The son says nothing, and is taken to have accepted when they
are over (民法921条2号): from that day on what disposes of the estate goes on. But nothing goes out that
he has not signed: his tax return goes by paper. That, and the daughter's letter to the court, lie until the
family is reminded of the last day.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final

from connectors.private.mihon_card import MihonCardSimulator
from connectors.private.mihon_gas import MihonGasSimulator
from connectors.private.mihon_light import MihonLightSimulator
from connectors.private.mihon_mobile import MihonMobileSimulator
from connectors.private.mihon_mutual_life import MihonMutualLifeSimulator
from connectors.private.mihon_net import MihonNetSimulator
from connectors.private.mihon_news import MihonNewsSimulator
from connectors.private.mihon_shop import MihonShopSimulator
from connectors.private.mihon_telephone import MihonTelephoneSimulator
from connectors.private.mihon_trust_bank import MihonTrustBankSimulator
from connectors.private.nhk import NhkSimulator
from connectors.private.undertaker import UndertakerSimulator
from connectors.simulators.jpki import Municipality, Resident
from engine.client import CitizenClient
from engine.demos.moving_family import NHK_RIGHT
from engine.demos.script import Case, Filing, Person, Script, Stage, Turn, call_off

_MURORAN: Final = Municipality("01205", "Hokkaido", "Muroran-shi")
_HOME: Final[dict[str, Any]] = {
    "postalCode": "050-0083",
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "東町1-1",
}
_TOKYO: Final[dict[str, Any]] = {
    "postalCode": "102-0082",
    "municipality": "131016",
    "prefecture": "東京都",
    "city": "千代田区",
    "line": "一番町1",
}
_DECEASED: Final = {"family": "届出", "given": "一郎"}
_HONSEKI: Final[dict[str, Any]] = {
    "municipality": "012050",
    "prefecture": "北海道",
    "city": "室蘭市",
    "line": "東町一丁目1番",
    "head": _DECEASED,
}
# What lies until they are reminded of it: the one has three months, the other ten.
_LEFT_LYING: Final = frozenset({"death.renunciation", "death.inheritance-tax"})
_SON: Final = 1


class Death(Script):
    """Nobody decides for another: the silence of one is what the law makes of it."""

    event = "death"
    people: ClassVar = {
        "/people/0": Person(
            Resident("届出　花子", date(1950, 5, 5), "北海道室蘭市東町１－１", "2", _MURORAN),
            "届出 花子",
            "Hanako",
            chooses="accept",
        ),
        "/people/2": Person(
            Resident("届出　桜", date(1978, 8, 8), "北海道室蘭市東町１－１", "2", _MURORAN),
            "届出 桜",
            "Sakura",
            chooses="renounce",
        ),
    }
    begins = timedelta(days=-1)
    turns = frozenset({Turn.NONE, Turn.CALL_OFF})

    def facts(self, day: date) -> dict[str, Any]:
        """Return what the family tells of the death on that day."""
        learned = day.isoformat()
        cremation = {"crematorium": "室蘭市斎場", "day": (day + timedelta(days=3)).isoformat()}
        return {
            "diedOn": learned,
            "diedAt": "14:30",
            "place": _HOME,
            "deceased": _deceased(),
            "people": _people(),
            "notifier": {"capacity": "relative-living-together", "learnedOn": learned},
            "newHead": 0,
            "cremation": cremation | {"time": "10:00", "undertaker": {"company": UndertakerSimulator.number}},
            "heirs": [
                {"person": 0, "learnedOn": learned, "decision": "accept"},
                {"person": _SON, "learnedOn": learned, "decision": "accept"},
                {"person": 2, "learnedOn": learned},
            ],
            "estate": _estate(day),
            "contracts": _contracts(),
        }

    def is_left_lying(self, filing: Filing) -> bool:
        """Say whether they wait with it until they are reminded."""
        return filing["slug"] in _LEFT_LYING and not filing["remindedOn"]

    async def turned(self, stage: Stage, client: CitizenClient, case: Case, *, ahead: datetime) -> bool:
        """Call the case off before the three months are over: what the law or the fire made final stays."""
        days = self.days(case)
        if stage.turn is not Turn.CALL_OFF or case["state"] != "running" or ahead not in days:
            return False
        await call_off(
            stage,
            client,
            case,
            ja="ご家族は、残りを窓口で行うことにしました",
            en="The family goes on by itself",
        )
        return True

    def days(self, case: Case) -> Sequence[datetime]:
        """Return the morning on which the time to decide is over, as long as something waits for it."""
        return [
            datetime.fromisoformat(filing["waitsUntil"])
            for filing in case["filings"]
            if filing["waitsFor"] == "participant" and filing["waitsUntil"]
        ]


def _deceased() -> dict[str, Any]:
    return {
        "name": _DECEASED,
        "kana": {"family": "トドケデ", "given": "イチロウ"},
        "birthDate": "1946-02-03",
        "sex": "male",
        "address": _HOME,
        "headOfHousehold": True,
        "honseki": _HONSEKI,
        "spouseState": "married",
        "filesIncomeTax": True,
        "business": {"tradeName": "見本農園"},
        "pension": {"receives": ["national"], "basicPensionNumber": "1234-567890"},
        "health": {"kind": "late-elderly", "symbol": "01234567"},
    }


def _estate(day: date) -> dict[str, Any]:
    """Return what he leaves: the widow is to have the house and the car."""
    return {
        "value": 80_000_000,
        "realEstate": [{"municipality": "012050", "number": "0123456789012", "takenBy": 0}],
        "vehicles": [{"kind": "car", "plate": "室蘭 300 あ 12-34", "chassis": "ABC12-3456789", "takenBy": 0}],
        "dogs": [{"chip": "392100000000000", "newOwner": 0}],
        "bulkyWaste": {"items": ["机", "本棚"], "day": (day + timedelta(days=200)).isoformat()},
    }


def _people() -> list[dict[str, Any]]:
    at_home = {"address": _HOME, "livedTogether": True, "inHousehold": True}
    widow = _person("花子", "ハナコ", "1950-05-05", "spouse", phone="0143-22-1111", honseki=_HONSEKI)
    account = {"bank": "見本銀行", "branch": "東", "number": "1234567"}
    return [
        widow | at_home | {"sameLivelihood": True, "account": account},
        _person("太郎", "タロウ", "1975-07-07", "child", address=_TOKYO),
        _person("桜", "サクラ", "1978-08-08", "child", **at_home),
    ]


def _person(given: str, kana: str, born: str, relation: str, **more: Any) -> dict[str, Any]:
    return {
        "name": {"family": "届出", "given": given},
        "kana": {"family": "トドケデ", "given": kana},
        "birthDate": born,
        "relation": relation,
        **more,
    }


def _contracts() -> dict[str, Any]:
    bank = {"company": MihonTrustBankSimulator.number, "branch": "室蘭"}
    return {
        "electricity": {"company": MihonLightSimulator.number, "customerNumber": "E-0001"},
        "gas": {"company": MihonGasSimulator.number, "customerNumber": "55-66"},
        "water": {"customerNumber": "12-345678"},
        "telephone": {"company": MihonTelephoneSimulator.number, "customerNumber": "T-0123"},
        "nhk": {"company": NhkSimulator.number, "customerNumber": NHK_RIGHT},
        "isp": {"company": MihonNetSimulator.number, "customerNumber": "N-4567"},
        "mail": True,
        "mobiles": [{"company": MihonMobileSimulator.number, "number": "090-0000-0009"}],
        "newspapers": [{"company": MihonNewsSimulator.number}],
        "shops": [{"company": MihonShopSimulator.number, "customerNumber": "ichiro-m"}],
        "creditCards": [{"company": MihonCardSimulator.number, "customerNumber": "M-0001"}],
        "banks": [bank | {"account": "1234567", "registered": True}, bank | {"account": "7654321"}],
        "policies": [
            {"company": MihonMutualLifeSimulator.number, "customerNumber": "L-100", "beneficiary": 0}
        ],
    }
