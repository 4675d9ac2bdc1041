# SPDX-License-Identifier: Apache-2.0
"""東京都の旅券窓口 (Tokyo's passport office), simulated: a new passport after a marriage, a child's first.

It is applied for online and fetched in person (旅券法3条、8条), with the face beside the photograph.
"""

from datetime import date
from typing import Any, ClassVar

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Text
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="東京都旅券課（見本）", en="Tokyo Passport Office (Simulator)")
_LETTER = Letterhead(
    _NAME,
    "passport",
    Text(ja="旅券の受取りのご案内（見本）", en="Your passport can be fetched (sample)"),
    Text(
        ja="ご本人が6か月以内に窓口でお受け取りください。手数料は受取りのときに納めます。",
        en="Please fetch it in person within six months; the fee is paid then.",
    ),
)
_ISSUED = Text(ja="旅券を発行しました", en="The passport has been issued")


class NewName(Fields):
    """A passport with the name, or the prefecture of the 本籍, after a marriage (旅券法10条)."""

    new_name: PersonName
    romaji: str | None = None
    passport_number: str
    honseki_prefecture: str


class FirstPassport(Fields):
    """A child's passport, which its legal representatives ask for."""

    child_name: PersonName
    child_birth_date: date
    honseki_prefecture: str
    guardians: tuple[PersonName, ...]
    address: Address


class PassportDesk(Clerk):
    """Takes eight days; what has been issued is not taken back."""

    receipts = "都旅券第{}号"
    days = 8

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told = order.fields
        holder = told.child_name if isinstance(told, FirstPassport) else told.new_name
        items = {
            ("名義人", "Holder"): holder,
            ("本籍の都道府県", "Prefecture of the 本籍"): told.honseki_prefecture,
        }
        number = self.receipt(order.id)
        return (_LETTER.notice(order.id, holder, items, number=number, today=desk.today()),)

    def too_late(self, fields: Any, desk: Desk) -> Text | None:
        return _ISSUED


class NewNameDesk(PassportDesk):
    """After a marriage."""

    fields = NewName


class FirstPassportDesk(PassportDesk):
    """For a child."""

    fields = FirstPassport


class PassportOfficeSimulator(Office):
    """The passport office of a prefecture."""

    number = "2999999000048"
    name = _NAME
    kind = "prefecture"
    areas = ("130001",)
    clerks: ClassVar = {"marriage.passport": NewNameDesk(), "birth.passport": FirstPassportDesk()}
