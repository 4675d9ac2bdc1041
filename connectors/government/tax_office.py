# SPDX-License-Identifier: Apache-2.0
"""室蘭税務署 (Muroran Tax Office), simulated: takes returns and notices after a death.

A return is corrected by another return (修正申告), never withdrawn. No My Number comes by Todoke: each
heir writes their own on the return.
"""

from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field

from connectors.sdk import Address, Clerk, Desk, Fields, IssuedDocument, Office, PersonName, Refused, Text
from connectors.simulators import bereaved, samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="室蘭税務署（見本）", en="Muroran Tax Office (Simulator)")
_LETTER = Letterhead(
    _NAME,
    "tax-receipt",
    Text(ja="申告・届出の受付結果（見本）", en="Receipt of the return or notice (sample)"),
    Text(
        ja="受け付けました。誤りがあるときは、修正申告又は更正の請求をしてください。",
        en="It was taken. An error is mended by another return, or by asking for a correction.",
    ),
)
_FILED = Text(
    ja="申告書は取り下げられません。修正申告又は更正の請求をしてください",
    en="A return cannot be taken back: file a corrected one",
)


class HeirNamed(Fields):
    """One heir on the joint return (付表)."""

    name: PersonName
    birth_date: date
    relation: str
    address: Address | None = None
    share: str | None = None


class OfTheDeceased(Fields):
    """Whose tax it is."""

    deceased_name: PersonName
    last_address: Address
    died_on: date


class QuasiFinalReturn(OfTheDeceased):
    """The income tax return of the deceased (準確定申告, 所得税法125条)."""

    income: str
    heirs: Annotated[tuple[HeirNamed, ...], Field(max_length=20)]


class InheritanceReturn(OfTheDeceased):
    """One heir's inheritance tax return (相続税法27条)."""

    name: PersonName
    birth_date: date
    relation: str
    address: Address | None = None
    representative: PersonName | None = None


class BusinessEnds(OfTheDeceased):
    """A business that ends, or that somebody goes on with (所得税法229条)."""

    trade_name: str | None = None
    name: PersonName


class ReturnsDesk(Clerk):
    """Files at once and sends the receipt."""

    receipts = "室税第{}号"

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told = order.fields
        to = told.name if isinstance(told, InheritanceReturn | BusinessEnds) else None
        items = {
            ("亡くなった方", "The deceased"): told.deceased_name,
            ("亡くなった日", "Day of the death"): told.died_on,
            ("相続人の数", "Heirs"): len(told.heirs) if isinstance(told, QuasiFinalReturn) else None,
        }
        number = self.receipt(order.id)
        return (_LETTER.notice(order.id, to, items, number=number, today=desk.today()),)

    def too_late(self, fields: Any, desk: Desk) -> Text | None:
        return _FILED


class QuasiFinalDesk(ReturnsDesk):
    """All heirs stand on one return, so that one without them is not taken."""

    fields = QuasiFinalReturn
    _NO_HEIRS = Refused(
        "heirs-missing",
        Text(ja="相続人全員の連名が必要です（付表）", en="All heirs have to be named on the return"),
        field="/heirs",
        correctable=True,
    )

    def objection(self, fields: QuasiFinalReturn, desk: Desk) -> Refused | None:
        return None if fields.heirs else self._NO_HEIRS


class InheritanceDesk(ReturnsDesk):
    """Each heir's own return."""

    fields = InheritanceReturn


class BusinessDesk(ReturnsDesk):
    """Notices of businesses."""

    fields = BusinessEnds


_OF_HIM: dict[str, Any] = {
    "deceasedName": bereaved.DECEASED,
    "lastAddress": samples.OLD_ADDRESS,
    "diedOn": bereaved.DIED,
}


class TaxOfficeSimulator(Office):
    """The tax office of the last address (納税地)."""

    number = "9999999000041"
    name = _NAME
    kind = "state"
    areas = ("012050",)
    clerks: ClassVar = {
        "death.quasi-final-tax": QuasiFinalDesk(),
        "death.inheritance-tax": InheritanceDesk(),
        "death.business-close": BusinessDesk(),
    }
    examples: ClassVar = {
        "death.quasi-final-tax": _OF_HIM | {"income": "給与・年金などの所得", "heirs": [bereaved.HEIR]},
        "death.inheritance-tax": _OF_HIM | bereaved.HEIR,
        "death.business-close": _OF_HIM | {"tradeName": "見本商店", "name": samples.NAME},
    }
