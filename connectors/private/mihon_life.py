# SPDX-License-Identifier: Apache-2.0
"""見本生命 (Mihon Life), an invented life insurer: changes the address of a policy and certifies it."""

from datetime import date
from typing import Any, ClassVar

from connectors.private.new_names import Examples, PolicyNameDesk
from connectors.sdk import (
    Address,
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    Office,
    PersonName,
    Phone,
    Refused,
    Text,
)
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本生命（架空・見本）", en="Mihon Life (fictitious, Simulator)")


class Policy(Fields):
    """Which policy, and where its holder lives now."""

    name: PersonName
    policy_number: str | None = None
    new_address: Address
    phone: Phone


class PolicyDesk(Clerk):
    """Finds the policy by its number."""

    fields = Policy
    receipts = "ML-{}"
    _LETTER = Letterhead(
        _NAME,
        "policy-certificate",
        Text(ja="ご契約内容変更のお知らせ（見本）", en="Your policy has been changed (sample)"),
        Text(
            ja="保険証券とともに保管してください。保障の内容は変わりません。",
            en="Please keep it with the policy. The cover is unchanged.",
        ),
    )
    _NO_POLICY = Refused(
        "policy-number-missing",
        Text(ja="証券番号をご記入ください", en="Please give the policy number"),
        field="/policyNumber",
        correctable=True,
    )

    def objection(self, fields: Policy, desk: Desk) -> Refused | None:
        return None if fields.policy_number else self._NO_POLICY

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Policy = order.fields
        items = {
            ("証券番号", "Policy"): told.policy_number,
            ("新住所", "New address"): told.new_address,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)


class WishedFor(Fields):
    """A child whose parents asked expressly that the company be told."""

    child_name: PersonName
    child_birth_date: date
    customer_number: str | None = None
    product: str


class SchoolingDesk(Clerk):
    """Sends an offer of insurance for the child's schooling (学資保険), and forgets it when asked."""

    fields = WishedFor
    receipts = "ML-{}"


class MihonLifeSimulator(Office):
    """Life insurance."""

    number = "5999999000020"
    name = _NAME
    clerks: ClassVar = {
        "move.life-insurance": PolicyDesk(),
        "marriage.insurance": PolicyNameDesk(),
        "birth.private-optin": SchoolingDesk(),
    }
    examples: ClassVar = {
        "marriage.insurance": Examples.policy,
        "move.life-insurance": {
            "name": samples.NAME,
            "policyNumber": "L-100",
            "newAddress": samples.NEW_ADDRESS,
            "phone": samples.PHONE,
        },
    }
