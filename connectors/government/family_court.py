# SPDX-License-Identifier: Apache-2.0
"""札幌家庭裁判所室蘭支部 (the family court at Muroran), simulated: renunciations, one heir at a time.

Today's law keeps the application on paper; this connector is what a court would run that takes the
prepared one beforehand. It shows that the court asks the heir (照会書) before it takes a renunciation,
and that nobody takes one back (民法919条1項).
"""

from datetime import date
from typing import Any, ClassVar

from connectors.sdk import (
    Address,
    Answered,
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    Office,
    PersonName,
    Question,
    Refused,
    Text,
)
from connectors.sdk.replies import Answering
from connectors.simulators import bereaved, samples
from connectors.simulators.papers import Letterhead

_NAME = Text(ja="札幌家庭裁判所室蘭支部（見本）", en="Family court at Muroran (Simulator)")


class Domicile(Fields):
    """A registered domicile (本籍)."""

    municipality: str
    prefecture: str
    city: str
    line: str
    head: PersonName


class Outline(Fields):
    """What there is, in outline (相続財産の概略)."""

    land: int
    accounts: int
    debts: bool


class Renunciation(Fields):
    """What the application says (相続放棄申述書, 民法938条)."""

    name: PersonName
    birth_date: date
    address: Address | None = None
    honseki: Domicile | None = None
    relation: str
    representative: PersonName | None = None
    learned_on: date | None = None
    estate_outline: Outline
    deceased_name: PersonName
    deceased_honseki: Domicile | None = None
    last_address: Address
    died_on: date


class RenunciationDesk(Clerk):
    """Asks whether it is the heir's own will, then takes it, for good."""

    fields = Renunciation
    receipts = "家第{}号"
    _LETTER = Letterhead(
        _NAME,
        "renunciation-accepted",
        Text(ja="相続放棄申述受理通知書（見本）", en="The renunciation has been taken (sample)"),
        Text(
            ja="受理された相続放棄は撤回できません（民法919条1項）。",
            en="A renunciation that was taken cannot be taken back (Civil Code, art. 919).",
        ),
    )
    _WILL = Text(
        ja="相続放棄は、あなたの真意に基づくものですか。遺産を処分していませんか",
        en="Is it your own will, and have you disposed of nothing of the estate?",
    )
    _CHOICES: ClassVar = {
        "mine": Text(ja="真意であり、処分していない", en="It is, and I have not"),
        "disposed": Text(ja="遺産を処分した", en="I have disposed of something"),
        "not-mine": Text(ja="真意ではない", en="It is not my will"),
    }
    _NO_DAY = Refused(
        "learned-on-missing",
        Text(
            ja="自分が相続人になったことを知った日が必要です（民法915条1項）",
            en="The day on which you knew of being an heir is needed (Civil Code, art. 915)",
        ),
        field="/learnedOn",
        correctable=True,
    )
    _DISMISSED = Refused(
        "dismissed",
        Text(ja="申述を却下しました（民法921条、938条）", en="The application was dismissed"),
    )
    _FINAL = Text(ja="受理されたため撤回できません（民法919条1項）", en="It was taken and is final")

    def objection(self, fields: Renunciation, desk: Desk) -> Refused | None:
        return None if fields.learned_on else self._NO_DAY

    def question(self, fields: Renunciation, desk: Desk) -> Question:
        return Question("own-will", self._WILL, "照会書への回答", self._CHOICES, days=14)

    def answered(self, order: Answered[Any], desk: Desk) -> Answering:
        return super().answered(order, desk) if order.answer == "mine" else self._DISMISSED

    def effective_on(self, fields: Renunciation, desk: Desk) -> date:
        return desk.today()

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: Renunciation = order.fields
        items = {
            ("被相続人", "The deceased"): told.deceased_name,
            ("亡くなった日", "Day of the death"): told.died_on,
            ("申述人", "Who renounces"): told.name,
            ("法定代理人等", "Acting for the heir"): told.representative,
        }
        number = self.receipt(order.id)
        to = told.representative or told.name
        return (self._LETTER.notice(order.id, to, items, number=number, today=desk.today()),)

    def too_late(self, fields: Renunciation, desk: Desk) -> Text | None:
        return self._FINAL


class FamilyCourtSimulator(Office):
    """The court of the last address."""

    number = "7999999000043"
    name = _NAME
    kind = "state"
    areas = ("012050",)
    clerks: ClassVar = {"death.renunciation": RenunciationDesk()}
    examples: ClassVar = {
        "death.renunciation": {
            "name": samples.NAME,
            "birthDate": samples.BORN,
            "address": samples.OLD_ADDRESS,
            "honseki": bereaved.HONSEKI,
            "relation": "child",
            "learnedOn": bereaved.DIED,
            "estateOutline": {"land": 1, "accounts": 2, "debts": True},
            "deceasedName": bereaved.DECEASED,
            "deceasedHonseki": bereaved.HONSEKI,
            "lastAddress": samples.OLD_ADDRESS,
            "diedOn": bereaved.DIED,
        }
    }
