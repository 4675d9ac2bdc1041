# SPDX-License-Identifier: Apache-2.0
"""免許を管轄する省庁 (the ministry of a licence), simulated: rewrites a state qualification (国家資格)."""

from typing import Any, ClassVar

from connectors.sdk import Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Text
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="国家資格の登録係（見本）", en="Register of State Qualifications (Simulator)")


class Registered(Fields):
    """Whose registration it is, and what stands in it from now on (登録事項の変更)."""

    registration_number: str
    old_name: PersonName
    new_name: PersonName
    honseki: str


class QualificationDesk(Clerk):
    """Rewrites the register at once; the old certificate is sent back on paper."""

    fields = Registered
    receipts = "資格第{}号"
    _LETTER = Letterhead(
        _NAME,
        "qualification-certificate",
        Text(ja="免許証の書換え交付のお知らせ（見本）", en="Your certificate was rewritten (sample)"),
        Text(ja="旧姓の免許証は返納してください。", en="Please send back the one with the old name."),
    )
    _REWRITTEN = Text(ja="登録を書き換えました", en="The register has been rewritten")

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Registered = order.fields
        items = {
            ("登録番号", "Registration"): told.registration_number,
            ("氏名", "Name"): told.new_name,
            ("本籍", "Registered domicile"): told.honseki,
        }
        number = self.receipt(order.id)
        return (self._LETTER.notice(order.id, told.new_name, items, number=number, today=desk.today()),)

    def too_late(self, fields: Registered, desk: Desk) -> Text | None:
        return self._REWRITTEN


class LicenceMinistrySimulator(Office):
    """One register for all qualifications."""

    number = "1999999000049"
    name = _NAME
    kind = "state"
    clerks: ClassVar = {"marriage.licences": QualificationDesk()}
