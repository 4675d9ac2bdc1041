# SPDX-License-Identifier: Apache-2.0
"""The desks at which companies (simulated) are told that a customer has died (解約・承継).

To end a contract is free for everybody. What is owed, or paid back, belongs to the estate: nobody here
asks for it, and nobody is told who the heirs are.
"""

from datetime import date
from typing import Any, ClassVar

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, PersonName, Phone, Text
from connectors.simulators.papers import Letterhead


class Ended(Fields):
    """Who died, and who tells of it."""

    deceased_name: PersonName
    notifier_name: PersonName
    phone: Phone


class EndedPaper(Ended):
    """A newspaper, by where it came."""

    last_address: Address


class EndedLine(EndedPaper):
    """A telephone line; `relation` is that of who tells of it: a relative may take the line over."""

    customer_number: str | None = None
    relation: str


class EndedSupply(EndedLine):
    """Electricity, gas, water, reception or internet, until when."""

    stop_on: date | None = None


class EndedMobile(Ended):
    """A mobile line, by its number."""

    number: Phone
    relation: str


class EndedAccount(Ended):
    """An account with a shop."""

    account_id: str | None = None


class EndedCard(Ended):
    """A credit card."""

    member_number: str | None = None


class EndDesk(Clerk):
    """Ends it at once, and can take that back; with `issuer` it announces the last bill."""

    receipts = "解約-{}"
    kind: ClassVar[str] = "final-bill"
    title: ClassVar = Text(ja="ご精算のお知らせ（見本）", en="Your last bill (sample)")
    words: ClassVar = Text(
        ja="ご契約を終了しました。精算額は遺産に関わります。お支払いを急ぐ必要はありません。",
        en="The contract has ended. What is owed belongs to the estate; there is no hurry to pay.",
    )

    def __init__(self, issuer: Text | None = None) -> None:
        self._letter = Letterhead(issuer, self.kind, self.title, self.words) if issuer else None

    def effective_on(self, fields: Any, desk: Desk) -> date:
        return desk.today()

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        if self._letter is None:
            return ()
        told: Ended = order.fields
        items = {
            ("亡くなった方", "The deceased"): told.deceased_name,
            ("終了日", "Ended on"): self.effective_on(told, desk),
        }
        number = self.receipt(order.id)
        return (self._letter.notice(order.id, told.notifier_name, items, number=number, today=desk.today()),)


class PaperEndDesk(EndDesk):
    """Newspapers."""

    fields = EndedPaper


class MobileEndDesk(EndDesk):
    """Mobile lines."""

    fields = EndedMobile


class AccountEndDesk(EndDesk):
    """Shops."""

    fields = EndedAccount


class CardEndDesk(EndDesk):
    """Credit cards."""

    fields = EndedCard


class SupplyEndDesk(EndDesk):
    """Supplies: until the last day, which is today where nobody named one."""

    fields = EndedSupply
    _STOPPED = Text(ja="すでに停止しました", en="It has been stopped")

    def effective_on(self, fields: EndedSupply, desk: Desk) -> date:
        return fields.stop_on or desk.today()

    def too_late(self, fields: EndedSupply, desk: Desk) -> Text | None:
        return self._STOPPED if fields.stop_on and desk.today() >= fields.stop_on else None


class LineEndDesk(EndDesk):
    """Telephone lines, whose right to be used is inherited (電話加入権の承継)."""

    fields = EndedLine
    kind = "succession-notice"
    title = Text(ja="電話加入権の承継のご案内（見本）", en="Succession to the telephone line (sample)")
    words = Text(
        ja="ご利用を休止しました。加入権の承継は、相続人の皆さまがお決めになった後に承ります。",
        en="The line rests. Who succeeds to it is for all heirs to decide, whenever they have.",
    )
