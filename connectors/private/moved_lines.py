# SPDX-License-Identifier: Apache-2.0
"""What companies that move a line (回線の移転工事) do alike: they offer days for the work."""

from datetime import date, timedelta
from typing import Any, ClassVar

from connectors.sdk import (
    Address,
    Amend,
    Answered,
    Answering,
    Clerk,
    Desk,
    Fields,
    IssuedDocument,
    PersonName,
    Phone,
    Question,
    Text,
)
from connectors.simulators.papers import Letterhead, day_text


class LineMove(Fields):
    """What is needed to move a line; `workOn` is the day that is wished for."""

    name: PersonName
    old_address: Address
    new_address: Address
    work_on: date
    customer_number: str | None = None
    phone: Phone


class LineDesk(Clerk):
    """Offers the day and the two after it. Another day means that workmen are asked for that day."""

    fields = LineMove
    letter: ClassVar[Letterhead]
    _WHICH = Text(
        ja="工事にお伺いできる日です。お選びください",
        en="These are days on which workmen can come. Which one?",
    )
    _AT_WORK = Text(
        ja="工事の手配が済んでいます。電話で取り消してください",
        en="The workmen are on their way; please call to stop them",
    )

    def question(self, fields: LineMove, desk: Desk) -> Question:
        days = (max(fields.work_on, desk.today()) + timedelta(days=later) for later in range(3))
        choices = {day.isoformat(): day_text(day) for day in days}
        return Question("work-day", self._WHICH, "工事日", choices)

    def answered(self, order: Answered[LineMove], desk: Desk) -> Answering:
        desk.notes["day"] = order.answer
        return super().answered(order, desk)

    def amend(self, order: Amend[LineMove], desk: Desk) -> Answering:
        if "workOn" in order.changed:
            desk.notes["day"] = order.fields.work_on.isoformat()
        return super().amend(order, desk)

    def effective_on(self, fields: LineMove, desk: Desk) -> date:
        day = desk.notes.get("day")
        return date.fromisoformat(day) if isinstance(day, str) else fields.work_on

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:
        told: LineMove = order.fields
        items = {
            ("工事日", "Day of the work"): self.effective_on(told, desk),
            ("工事場所", "Place"): told.new_address,
        }
        number = self.receipt(order.id)
        return (self.letter.notice(order.id, told.name, items, number=number, today=desk.today()),)

    def too_late(self, fields: LineMove, desk: Desk) -> Text | None:
        return self._AT_WORK if desk.today() >= self.effective_on(fields, desk) - timedelta(days=1) else None
