# SPDX-License-Identifier: Apache-2.0
"""The desks of 室蘭市 (simulated) after a death: the funeral grant, the child allowance, the dog."""

from datetime import date
from typing import Any, ClassVar, Final

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, PersonName, Refused, Text
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="室蘭市（見本）", en="Muroran City (Simulator)")
_GRANTED = Text(ja="支給を決定しました", en="It has been granted")


class Account(Fields):
    """An account to be paid into; none means the one registered with the State."""

    bank: str
    branch: str
    number: str


class Survivor(Fields):
    """Who died, and who claims."""

    deceased_name: PersonName
    died_on: date
    name: PersonName
    address: Address | None = None
    account: Account | None = None


class FuneralClaim(Survivor):
    """The grant for a funeral (国民健康保険法58条、高齢者の医療の確保に関する法律86条)."""

    insured_number: str | None = None
    funeral_on: date | None = None


class ChildNamed(Fields):
    """A child for whom the allowance was paid."""

    name: PersonName
    birth_date: date


class AllowanceClaim(Survivor):
    """Another recipient of the child allowance, and what was not yet paid (児童手当法7条、12条)."""

    children: tuple[ChildNamed, ...] = ()


class DogTaken(Fields):
    """Whose dog it was, and whose it is (狂犬病予防法4条5項)."""

    deceased_name: PersonName
    name: PersonName
    address: Address | None = None
    dog_number: str | None = None


class SurvivorsDesk(Clerk):
    """Decides on the day; what is granted is not taken back."""

    receipts = "室市弔第{}号"
    letter: ClassVar[Letterhead]

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Survivor = order.fields
        items = {
            ("亡くなった方", "The deceased"): told.deceased_name,
            ("亡くなった日", "Day of the death"): told.died_on,
            ("請求した人", "Claimant"): told.name,
        }
        number = self.receipt(order.id)
        return (self.letter.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: Survivor, desk: Desk) -> Text | None:
        return _GRANTED


class FuneralDesk(SurvivorsDesk):
    """Pays whoever held the funeral: without one there is no grant."""

    fields = FuneralClaim
    letter = Letterhead(
        _NAME,
        "grant-decision",
        Text(ja="葬祭費支給決定通知書（見本）", en="Decision on the funeral grant (sample)"),
        Text(ja="葬儀を行った方に支給します。", en="It is paid to whoever held the funeral."),
    )
    _NO_FUNERAL = Refused(
        "funeral-missing",
        Text(ja="葬儀の日をご記入ください", en="Please give the day of the funeral"),
        field="/funeralOn",
        correctable=True,
    )

    def objection(self, fields: FuneralClaim, desk: Desk) -> Refused | None:
        return None if fields.funeral_on else self._NO_FUNERAL


class AllowanceDesk(SurvivorsDesk):
    """Pays who takes care of the children now."""

    fields = AllowanceClaim
    letter = Letterhead(
        _NAME,
        "allowance-decision",
        Text(ja="児童手当 認定通知書（見本）", en="Decision on the child allowance (sample)"),
        Text(ja="未支払の手当は児童の口座へ振り込みます。", en="What was not yet paid goes to the children."),
    )


class DogTakenDesk(Clerk):
    """Notes the new owner, who may change again."""

    fields = DogTaken
    receipts = "室犬-{}"
    _LETTER = Letterhead(
        _NAME,
        "dog-tag",
        Text(ja="犬の登録事項変更のお知らせ（見本）", en="The dog's new owner (sample)"),
        Text(ja="鑑札はそのままお使いいただけます。", en="The tag stays the same."),
    )

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: DogTaken = order.fields
        items = {("新しい飼い主", "New owner"): told.name, ("番号", "Number"): told.dog_number}
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.name, items, number=number, today=desk.today()),)


BEREAVED_DESKS: Final = {
    "death.funeral-grant": FuneralDesk(),
    "death.child-allowance": AllowanceDesk(),
    "death.dog-owner": DogTakenDesk(),
}
