# SPDX-License-Identifier: Apache-2.0
"""千代田区 (Chiyoda City), simulated: the register, and the desks for insurance, dogs, children and care.

The law keeps a move-in notice (転入届) at the counter; its desk here is what a city runs that takes
the prepared notice beforehand.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.government.chiyoda_births import FAMILY_DESKS, FAMILY_EXAMPLES
from connectors.government.chiyoda_children import ChildAllowanceDesk, ChildMedicalDesk, NurseryDesk
from connectors.government.chiyoda_welfare import CareDesk, DogDesk
from connectors.sdk import (
    Address,
    Clerk,
    Desk,
    Fields,
    Mover,
    Office,
    PersonName,
    Phone,
    Refused,
    Text,
)
from connectors.simulators import samples

_TOO_EARLY = Text(
    ja="転入届は新住所に住み始めてからでなければ届け出られません（住民基本台帳法22条）",
    en="A move-in notice can be filed only after moving in (Basic Resident Registration Act, art. 22)",
)
_RECORDED = Text(ja="住民票に記載済みです", en="It has been recorded in the resident register")


class MoveIn(Fields):
    """What a move-in notice says (住民基本台帳法22条)."""

    name: PersonName
    kana: PersonName
    birth_date: date
    old_address: Address
    new_address: Address
    moving_date: date
    movers: Annotated[tuple[Mover, ...], Field(min_length=1, max_length=20)]
    head: PersonName | None = None
    phone: Phone


class Insured(Fields):
    """One person who joins; without an occupation they have none."""

    name: PersonName
    birth_date: date
    sex: str | None = None
    relation: str
    occupation: str | None = None


class HealthInsurance(Fields):
    """What enrolment in national health insurance needs here (国民健康保険法9条)."""

    insured: Annotated[tuple[Insured, ...], Field(min_length=1, max_length=20)]
    new_address: Address
    old_address: Address | str
    moving_date: date
    reason: str


class RegisterDesk(Clerk):
    """Records who has moved in; what is recorded stays."""

    fields: ClassVar[type[Fields]] = MoveIn
    receipts = "千区第{}号"

    def objection(self, fields: Any, desk: Desk) -> Refused | None:
        if desk.today() < fields.moving_date:
            return Refused("not-moved-in", _TOO_EARLY, field="/movingDate", correctable=True)
        return None

    def effective_on(self, fields: Any, desk: Desk) -> date:
        day: date = fields.moving_date
        return day

    def too_late(self, fields: Any, desk: Desk) -> Text | None:
        return _RECORDED if desk.today() >= fields.moving_date else None


class HealthInsuranceDesk(RegisterDesk):
    """Enrols those who live here."""

    fields = HealthInsurance


class ChiyodaCitySimulator(Office):
    """The city that is moved to."""

    number = "8000020131016"
    name = Text(ja="千代田区（見本）", en="Chiyoda City (Simulator)")
    kind = "municipality"
    areas = ("131016",)
    clerks: ClassVar[Mapping[str, Clerk]] = {
        "move.move-in-notice": RegisterDesk(),
        "move.nhi-enrol": HealthInsuranceDesk(),
        "move.child-allowance-claim": ChildAllowanceDesk(),
        "move.infant-medical": ChildMedicalDesk(),
        "move.daycare": NurseryDesk(),
        "move.ltc-cert-transfer": CareDesk(),
        "move.dog-registration": DogDesk(),
        **FAMILY_DESKS,
    }
    examples: ClassVar = {
        **FAMILY_EXAMPLES,
        "move.move-in-notice": {
            "name": samples.NAME,
            "kana": samples.KANA,
            "birthDate": samples.BORN,
            "oldAddress": samples.OLD_ADDRESS,
            "newAddress": samples.NEW_ADDRESS,
            "movingDate": samples.MOVES,
            "movers": [{"name": samples.NAME, "birthDate": samples.BORN, "relation": "head"}],
            "head": samples.NAME,
            "phone": samples.PHONE,
        },
        "move.nhi-enrol": {
            "insured": [{"name": samples.NAME, "birthDate": samples.BORN, "relation": "世帯主"}],
            "newAddress": samples.NEW_ADDRESS,
            "oldAddress": samples.OLD_ADDRESS,
            "movingDate": samples.MOVES,
            "reason": "転入",
        },
        "move.child-allowance-claim": {
            "name": samples.NAME,
            "newAddress": samples.NEW_ADDRESS,
            "children": [{"name": samples.CHILD, "birthDate": samples.CHILD_BORN, "livesTogether": True}],
            "insuranceKind": "厚生年金",
        },
        "move.infant-medical": {
            "name": samples.CHILD,
            "birthDate": samples.CHILD_BORN,
            "newAddress": samples.NEW_ADDRESS,
            "guardian": samples.NAME,
            "insuranceSymbol": "12-34",
        },
        "move.daycare": {
            "name": samples.CHILD,
            "birthDate": "2023-07-07",
            "newAddress": samples.NEW_ADDRESS,
            "parentsWork": "会社員",
            "wishes": ["見本保育園"],
        },
        "move.ltc-cert-transfer": {
            "name": samples.NAME,
            "birthDate": "1945-04-01",
            "insuredNumber": "0000000000",
            "careLevel": "要介護2",
            "validUntil": "2027-03-31",
            "doctor": "見本 医師",
        },
        "move.dog-registration": {
            "name": samples.NAME,
            "newAddress": samples.NEW_ADDRESS,
            "phone": samples.PHONE,
            "dogNumber": "392100000000000",
        },
    }
