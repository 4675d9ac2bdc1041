# SPDX-License-Identifier: Apache-2.0
"""The desks of 千代田区 (simulated) for families: child allowance, medical aid, nurseries."""

from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, PersonName, Refused, Text
from connectors.simulators.papers import Letterhead

_CITY = Text(ja="千代田区（見本）", en="Chiyoda City (Simulator)")
_PAID = Text(ja="支給を決定しました。変更は窓口へ", en="It has been granted; please come to the counter")


class Child(Fields):
    """One child of the recipient."""

    name: PersonName
    birth_date: date
    lives_together: bool


class Account(Fields):
    """An account to be paid into."""

    bank: str
    branch: str
    number: str


class ChildAllowance(Fields):
    """What a claim for child allowance says (児童手当法7条); without an account, 公金受取口座 is meant."""

    name: PersonName
    new_address: Address
    spouse: PersonName | None = None
    children: Annotated[tuple[Child, ...], Field(min_length=1, max_length=20)]
    account: Account | None = None
    insurance_kind: str | None = None


class ChildAllowanceDesk(Clerk):
    """Decides within three days, and writes the decision (認定通知書)."""

    fields = ChildAllowance
    receipts = "千区児手第{}号"
    days = 3
    _LETTER = Letterhead(
        _CITY,
        "allowance-decision",
        Text(ja="児童手当認定通知書（見本）", en="Decision on child allowance (sample)"),
        Text(ja="児童手当の受給資格を認定しました。", en="The child allowance has been granted."),
    )

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: ChildAllowance = order.fields
        account = told.account
        items = {
            ("児童", "Children"): "、".join(str(child.name) for child in told.children),
            ("振込先", "Account"): f"{account.bank} {account.branch}" if account else "公金受取口座",
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: ChildAllowance, desk: Desk) -> Text | None:
        return _PAID


class ChildMedical(Fields):
    """What aid with a child's medical costs needs (市区町村の条例)."""

    name: PersonName
    birth_date: date
    new_address: Address
    guardian: PersonName
    insurance_symbol: str | None = None


class ChildMedicalDesk(Clerk):
    """Issues the certificate (医療証) at once; it asks for the child's health insurance."""

    fields = ChildMedical
    receipts = "千区医証第{}号"
    _LETTER = Letterhead(
        _CITY,
        "medical-aid-certificate",
        Text(ja="子ども医療証（見本）", en="Certificate of medical aid (sample)"),
        Text(
            ja="健康保険の資格が分かるものとともに、医療機関でお示しください。",
            en="Show it at the clinic, with what shows the health insurance.",
        ),
    )
    _NO_INSURANCE = Refused(
        "insurance-symbol-missing",
        Text(
            ja="お子さんの健康保険の記号・番号をご記入ください", en="Please give the child's insurance symbol"
        ),
        field="/insuranceSymbol",
        correctable=True,
    )

    def objection(self, fields: ChildMedical, desk: Desk) -> Refused | None:
        return None if fields.insurance_symbol else self._NO_INSURANCE

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: ChildMedical = order.fields
        items = {
            ("お子さん", "Child"): told.name,
            ("生年月日", "Date of birth"): told.birth_date,
            ("保護者", "Guardian"): told.guardian,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.guardian, items, number=number, today=desk.today()),)


class Nursery(Fields):
    """What an application for a nursery says (子ども・子育て支援法20条)."""

    name: PersonName
    birth_date: date
    new_address: Address
    parents_work: str | None = None
    wishes: tuple[str, ...] = ()


class NurseryDesk(Clerk):
    """Decides when all applications of the month are in; a child of school age is refused."""

    fields = Nursery
    receipts = "千区保第{}号"
    days = 30
    _LETTER = Letterhead(
        _CITY,
        "nursery-decision",
        Text(ja="利用調整結果通知書（見本）", en="Decision on a nursery place (sample)"),
        Text(ja="次のとおり利用を承諾します。", en="The place is granted as follows."),
    )
    _SCHOOL_AGE = Refused(
        "school-age", Text(ja="就学前のお子さんが対象です", en="It is for children before school age")
    )
    _NO_WISH = Refused(
        "wishes-missing",
        Text(ja="希望する保育所を1つ以上ご記入ください", en="Please name a nursery at least"),
        field="/wishes",
        correctable=True,
    )

    def objection(self, fields: Nursery, desk: Desk) -> Refused | None:
        if desk.today() - fields.birth_date > timedelta(days=7 * 365):
            return self._SCHOOL_AGE
        return None if fields.wishes else self._NO_WISH

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Nursery = order.fields
        items = {("お子さん", "Child"): told.name, ("保育所", "Nursery"): told.wishes[0]}
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, None, items, number=number, today=desk.today()),)
