# SPDX-License-Identifier: Apache-2.0
"""見本損保 (Mihon Non-Life), an invented insurer: one policy is about a building, another about a garage."""

from typing import Any, ClassVar

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Refused, Text
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本損保（架空・見本）", en="Mihon Non-Life (fictitious, Simulator)")


class Risk(Fields):
    """What the insurer has to know of the changed risk (保険法29条)."""

    name: PersonName
    policy_number: str | None = None
    new_address: Address
    building: str | None = None
    garage_place: str | None = None


class RiskDesk(Clerk):
    """Approves the change (異動承認) when it knows what is insured there."""

    fields = Risk
    receipts = "MR-{}"
    _LETTER = Letterhead(
        _NAME,
        "change-approval",
        Text(ja="異動承認書（見本）", en="Approval of the change (sample)"),
        Text(
            ja="次のとおり契約の異動を承認しました。保険料の差額は別途お知らせします。",
            en="The change of the contract is approved; the premium is adjusted by a separate letter.",
        ),
    )
    _WHAT = Refused(
        "risk-missing",
        Text(
            ja="建物の構造（火災保険）又は車の保管場所（自動車保険）をご記入ください",
            en="Please tell the type of the building (fire) or where the car is kept (car)",
        ),
        field="/building",
        correctable=True,
    )

    def objection(self, fields: Risk, desk: Desk) -> Refused | None:
        return None if fields.building or fields.garage_place else self._WHAT

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Risk = order.fields
        items = {
            ("証券番号", "Policy"): told.policy_number,
            ("所在地", "Place"): told.new_address,
            ("建物の構造", "Building"): told.building,
            ("車の保管場所", "Garage"): told.garage_place,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)


class MihonNonlifeSimulator(Office):
    """Fire, earthquake and car insurance."""

    number = "4999999000021"
    name = _NAME
    clerks: ClassVar = {"move.nonlife-insurance": RiskDesk()}
    examples: ClassVar = {
        "move.nonlife-insurance": {
            "name": samples.NAME,
            "policyNumber": "F-200",
            "newAddress": samples.NEW_ADDRESS,
            "building": "鉄筋コンクリート造",
        }
    }
