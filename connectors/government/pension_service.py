# SPDX-License-Identifier: Apache-2.0
"""日本年金機構 (Japan Pension Service), simulated: pensions that were not yet paid, and survivor pensions.

Today's law keeps these claims on paper; this connector is what the service would run that takes the
prepared claim beforehand.
"""

from datetime import date
from typing import Any, ClassVar

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Refused, Text
from connectors.simulators import bereaved, samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="日本年金機構（見本）", en="Japan Pension Service (Simulator)")


class PaidInto(Fields):
    """The claimant's own account (振込先)."""

    bank: str
    branch: str
    number: str


class SurvivorsClaim(Fields):
    """Who claims, and as what (国年法19条、37条、厚年法58条)."""

    basic_pension_number: str | None = None
    deceased_name: PersonName
    died_on: date
    name: PersonName
    birth_date: date
    address: Address | None = None
    relation: str
    same_livelihood: bool
    account: PaidInto | None = None
    representative: PersonName | None = None


class ChildNamed(Fields):
    """A child of the deceased: with one there is a basic survivor pension (国年法37条の2)."""

    name: PersonName
    birth_date: date


class SurvivorPensionClaim(SurvivorsClaim):
    """A survivor pension, with the children it counts."""

    children: tuple[ChildNamed, ...] = ()


class ClaimsDesk(Clerk):
    """Examines for a month: kinship, the same livelihood, an account of the claimant's own."""

    days = 30
    receipts = "年機第{}号"
    letter: ClassVar[Letterhead]
    _APART = Refused(
        "not-same-livelihood",
        Text(
            ja="生計を同じくしていたことが必要です（国民年金法19条）",
            en="The claimant has to have shared the livelihood (National Pension Act, art. 19)",
        ),
        field="/sameLivelihood",
    )
    _NO_ACCOUNT = Refused(
        "account-missing",
        Text(ja="請求する人名義の口座をご記入ください", en="Please give the claimant's own account"),
        field="/account",
        correctable=True,
    )
    _DECIDED = Text(ja="すでに支給を決定しました", en="It has been decided")

    def objection(self, fields: SurvivorsClaim, desk: Desk) -> Refused | None:
        if not fields.same_livelihood:
            return self._APART
        return self._NO_ACCOUNT if fields.account is None else None

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: SurvivorsClaim = order.fields
        items = {
            ("亡くなった方", "The deceased"): told.deceased_name,
            ("亡くなった日", "Day of the death"): told.died_on,
            ("請求した人", "Claimant"): told.name,
        }
        number = self.receipt(order.id)
        return (self.letter.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: SurvivorsClaim, desk: Desk) -> Text | None:
        return self._DECIDED


class UnpaidDesk(ClaimsDesk):
    """What was due up to the month of the death (未支給年金)."""

    fields = SurvivorsClaim
    letter = Letterhead(
        _NAME,
        "pension-decision",
        Text(ja="未支給年金の支給決定通知書（見本）", en="Decision on the unpaid pension (sample)"),
        Text(
            ja="請求した方ご自身の権利として支給します。相続放棄とは関係ありません。",
            en="It is paid as the claimant's own right, whoever renounces the estate.",
        ),
    )


class SurvivorDesk(ClaimsDesk):
    """A pension for those who are left (遺族年金)."""

    fields = SurvivorPensionClaim
    letter = Letterhead(
        _NAME,
        "pension-certificate",
        Text(ja="年金証書（遺族年金・見本）", en="Pension certificate, survivors (sample)"),
        Text(ja="年金は偶数月の15日に支払われます。", en="It is paid on the 15th of even months."),
    )


_CHILD: dict[str, Any] = {"name": samples.CHILD, "birthDate": samples.CHILD_BORN}
_EXAMPLE: dict[str, Any] = {
    "basicPensionNumber": "1234-567890",
    "deceasedName": bereaved.DECEASED,
    "diedOn": bereaved.DIED,
    "name": samples.NAME,
    "birthDate": samples.BORN,
    "address": samples.OLD_ADDRESS,
    "relation": "child",
    "sameLivelihood": True,
    "account": bereaved.ACCOUNT,
}


class PensionServiceSimulator(Office):
    """Pensions after a death."""

    number = "8999999000042"
    name = _NAME
    kind = "public-body"
    clerks: ClassVar = {
        "death.pension-unpaid": UnpaidDesk(),
        "death.survivor-pension": SurvivorDesk(),
    }
    examples: ClassVar = {
        "death.pension-unpaid": _EXAMPLE,
        "death.survivor-pension": _EXAMPLE | {"children": [_CHILD]},
    }
