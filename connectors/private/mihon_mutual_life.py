# SPDX-License-Identifier: Apache-2.0
"""見本共済生命 (Mihon Mutual Life), an invented insurer: pays the named beneficiary after a death.

The money is the beneficiary's own and no part of the estate, so that it asks nobody whether the heirs
have accepted. Above a million yen it asks the beneficiary for My Number (個人番号) itself.
"""

from datetime import date
from typing import Any, ClassVar

from connectors.sdk import Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Refused, Text
from connectors.simulators import bereaved, samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本共済生命（架空・見本）", en="Mihon Mutual Life (fictitious, Simulator)")


class PayTo(Fields):
    """The account to pay into (振込先)."""

    bank: str
    branch: str
    number: str


class Claim(Fields):
    """Who claims which policy, and where the money goes."""

    deceased_name: PersonName
    died_on: date
    policy_number: str | None = None
    name: PersonName
    relation: str
    account: PayTo | None = None
    representative: PersonName | None = None


class ClaimsDesk(Clerk):
    """Examines for five days, then pays; what is paid is not taken back."""

    fields = Claim
    receipts = "MK-{}"
    days = 5
    _LETTER = Letterhead(
        _NAME,
        "payment-notice",
        Text(ja="保険金お支払いのお知らせ（見本）", en="The claim has been paid (sample)"),
        Text(
            ja="受取人固有の権利としてお支払いしました。100万円を超えるときは、個人番号の確認書類を別にお送りします。",
            en="It was paid as the beneficiary's own right. Above a million yen a form follows.",
        ),
    )
    _NO_POLICY = Refused(
        "policy-number-missing",
        Text(ja="証券番号をご記入ください", en="Please give the policy number"),
        field="/policyNumber",
        correctable=True,
    )
    _NO_ACCOUNT = Refused(
        "account-missing",
        Text(ja="受取人名義の口座をご記入ください", en="Please give the beneficiary's own account"),
        field="/account",
        correctable=True,
    )
    _PAID = Text(ja="すでにお支払いしました", en="It has been paid")

    def objection(self, fields: Claim, desk: Desk) -> Refused | None:
        if not fields.policy_number:
            return self._NO_POLICY
        return self._NO_ACCOUNT if fields.account is None else None

    def effective_on(self, fields: Claim, desk: Desk) -> date:
        return desk.today()

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Claim = order.fields
        items = {
            ("証券番号", "Policy"): told.policy_number,
            ("受取人", "Beneficiary"): told.name,
            ("代わって受け取る人", "Acting for the beneficiary"): told.representative,
            ("振込先", "Account"): f"{told.account.bank} {told.account.branch}" if told.account else None,
        }
        number = self.receipt(order.id)
        to = told.representative or told.name
        return (self._LETTER.notice(order.id, to, items, number=number, today=desk.today()),)

    def too_late(self, fields: Claim, desk: Desk) -> Text | None:
        return self._PAID


class MihonMutualLifeSimulator(Office):
    """Life insurance that names a beneficiary."""

    number = "4999999000046"
    name = _NAME
    clerks: ClassVar = {"death.life-insurance-claim": ClaimsDesk()}
    examples: ClassVar = {
        "death.life-insurance-claim": {
            "deceasedName": bereaved.DECEASED,
            "diedOn": bereaved.DIED,
            "policyNumber": "L-100",
            "name": samples.NAME,
            "relation": "child",
            "account": bereaved.ACCOUNT,
        }
    }
