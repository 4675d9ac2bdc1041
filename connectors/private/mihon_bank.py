# SPDX-License-Identifier: Apache-2.0
"""見本銀行 (Mihon Bank), an invented bank: an address changes online, a seal (届出印) at the counter."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.private.new_names import AccountNameDesk, Examples
from connectors.sdk import (
    Address,
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
from connectors.simulators import samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="見本銀行（架空・見本）", en="Mihon Bank (fictitious, Simulator)")


class AccountHolder(Fields):
    """Whose account it is, and where they live now."""

    name: PersonName
    kana: PersonName
    branch: str
    account: Annotated[str, Field(pattern=r"^[0-9]{1,8}(-[0-9]{1,8})?$")]
    new_address: Address
    phone: Phone


class AccountDesk(Clerk):
    """Asks about the seal first, for that has to be said at the counter; then writes to the new address."""

    fields = AccountHolder
    receipts = "MB-{}"
    _LETTER = Letterhead(
        _NAME,
        "confirmation-letter",
        Text(ja="住所変更手続完了のお知らせ（見本）", en="Your address has been changed (sample)"),
        Text(
            ja="同じ内容の確認書類を、転送不要の郵便で新住所へお送りします。",
            en="The same comes to the new address, as mail that is not forwarded.",
        ),
    )
    _SEAL = Text(ja="お届け印も変更しますか", en="Do you want to change your seal too?")
    _CHOICES: ClassVar = {
        "keep": Text(ja="変更しない", en="No"),
        "change": Text(ja="変更する（窓口で承ります）", en="Yes (that is done at the counter)"),
    }
    _AT_COUNTER = "通帳・新旧の印鑑・本人確認書類を持って窓口へお越しください"
    _SHORT = Refused(
        "account-not-found",
        Text(
            ja="口座が見つかりません。7桁の口座番号をご記入ください", en="Not found; please give seven digits"
        ),
        field="/account",
        correctable=True,
    )

    def objection(self, fields: AccountHolder, desk: Desk) -> Refused | None:
        return None if len(fields.account.replace("-", "")) >= 7 else self._SHORT

    def question(self, fields: AccountHolder, desk: Desk) -> Question:
        return Question("seal", self._SEAL, "お届け印", self._CHOICES)

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: AccountHolder = order.fields
        items = {
            ("支店・口座", "Branch, account"): f"{told.branch} {'*' * 4}{told.account[-3:]}",
            ("新住所", "New address"): told.new_address,
            ("お届け印", "Seal"): self._AT_COUNTER if desk.notes.get("answer") == "change" else None,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)


class MihonBankSimulator(Office):
    """Accounts."""

    number = "1999999000016"
    name = _NAME
    clerks: ClassVar = {"move.bank": AccountDesk(), "marriage.bank": AccountNameDesk()}
    examples: ClassVar = {
        "marriage.bank": Examples.account,
        "move.bank": {
            "name": samples.NAME,
            "kana": samples.KANA,
            "branch": "室蘭",
            "account": "1234567",
            "newAddress": samples.NEW_ADDRESS,
            "phone": samples.PHONE,
        },
    }
