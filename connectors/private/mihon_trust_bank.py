# SPDX-License-Identifier: Apache-2.0
"""見本信託銀行 (Mihon Trust Bank), an invented bank: is told of a death and stops the accounts.

To be told is all that it takes here. What it pays out, it pays to heirs who have accepted, on paper,
with their seals: no order asks for that.
"""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.sdk import (
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    Office,
    PersonName,
    Phone,
    Question,
    Refused,
    Text,
)
from connectors.simulators import bereaved, samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本信託銀行（架空・見本）", en="Mihon Trust Bank (fictitious, Simulator)")


class DeathTold(Fields):
    """Whose account it was, and who tells of the death."""

    deceased_name: PersonName
    deceased_birth_date: date
    branch: str
    account: Annotated[str, Field(pattern=r"^[0-9]{1,8}(-[0-9]{1,8})?$")]
    notifier_name: PersonName
    phone: Phone


class InheritanceDesk(Clerk):
    """Stops the account at once; asks whether the balance on the day of the death is to be certified."""

    fields = DeathTold
    receipts = "MT-{}"
    _LETTER = Letterhead(
        _NAME,
        "balance-certificate",
        Text(ja="お取引停止のお知らせ（見本）", en="The account has been stopped (sample)"),
        Text(
            ja="払戻し・名義変更は、相続人の皆さまが相続の承認を決めた後に承ります。お急ぎになる必要はありません。",
            en="Payments and changes of holder follow once all heirs have accepted. There is no hurry.",
        ),
    )
    _BALANCE = Text(
        ja="亡くなった日の残高証明書を発行しますか", en="Do you want the balance of the day certified?"
    )
    _CHOICES: ClassVar = {
        "yes": Text(ja="発行する", en="Yes"),
        "no": Text(ja="発行しない", en="No"),
    }
    _SHORT = Refused(
        "account-not-found",
        Text(
            ja="口座が見つかりません。7桁の口座番号をご記入ください", en="Not found; please give seven digits"
        ),
        field="/account",
        correctable=True,
    )

    def objection(self, fields: DeathTold, desk: Desk) -> Refused | None:
        return None if len(fields.account.replace("-", "")) >= 7 else self._SHORT

    def question(self, fields: DeathTold, desk: Desk) -> Question:
        return Question("balance", self._BALANCE, "残高証明書", self._CHOICES)

    def effective_on(self, fields: DeathTold, desk: Desk) -> date:
        return desk.today()

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: DeathTold = order.fields
        wanted = desk.notes.get("answer") == "yes"
        items = {
            ("亡くなった方", "The deceased"): told.deceased_name,
            ("支店・口座", "Branch, account"): f"{told.branch} {'*' * 4}{told.account[-3:]}",
            ("お取引", "Account"): "停止しました",
            ("残高証明書", "Balance certificate"): "別に郵送します" if wanted else None,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.notifier_name, items, number=number, today=desk.today()),)


class MihonTrustBankSimulator(Office):
    """Accounts of the deceased."""

    number = "5999999000045"
    name = _NAME
    clerks: ClassVar = {"death.bank": InheritanceDesk()}
    examples: ClassVar = {
        "death.bank": {
            "deceasedName": bereaved.DECEASED,
            "deceasedBirthDate": "1946-02-03",
            "branch": "室蘭",
            "account": "1234567",
            "notifierName": samples.NAME,
            "phone": samples.PHONE,
        }
    }
