# SPDX-License-Identifier: Apache-2.0
"""The plain way of an office: look at what was told, write it down, answer at once.

Most organisations are like this. What one of them does otherwise stands in its own file, as the
answer to one of the questions here; who has a quite different way of working is a `Connector`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from connectors.sdk.connector import Connector
from connectors.sdk.desk import Amend, Answered, Desk, Order, Submit, Withdraw
from connectors.sdk.fields import Fields
from connectors.sdk.replies import (
    Accepted,
    Amended,
    Answer,
    Answering,
    Asked,
    Completed,
    Irrevocable,
    IssuedDocument,
    Later,
    Received,
    Refused,
    Reply,
    Withdrawn,
)
from engine.core.text import Text


@dataclass(frozen=True, slots=True)
class Question:
    """Something to choose (照会); the first of the choices is the usual one."""

    id: str
    text: Text
    title: str
    choices: Mapping[str, Text]
    days: int = 7


class Clerk:
    """One desk (係) of an organisation: it takes one procedure, or several that it treats alike."""

    fields: ClassVar[type[Fields]]
    receipts: ClassVar[str] = "{}"
    """How its receipt numbers (受付番号) look; `{}` is where the number goes."""
    days: ClassVar[int] = 0
    """How long it takes; 0 for at once."""

    def objection(self, fields: Any, desk: Desk) -> Refused | None:  # noqa: ARG002 - for those that override it
        """Return why this cannot be taken; None if it can."""
        return None

    def effective_on(self, fields: Any, desk: Desk) -> date | None:  # noqa: ARG002 - as above
        """Return the day from which it counts."""
        return None

    def papers(self, order: Any, desk: Desk) -> tuple[IssuedDocument, ...]:  # noqa: ARG002 - as above
        """Return what the citizen gets: with the first answer, and again when it is corrected."""
        return ()

    def too_late(self, fields: Any, desk: Desk) -> Text | None:  # noqa: ARG002 - as above
        """Return why it can no longer be undone; None while it can."""
        return None

    def question(self, fields: Any, desk: Desk) -> Question | None:  # noqa: ARG002 - as above
        """Return what the citizen has to be asked first."""
        return None

    def submit(self, order: Submit[Any], desk: Desk) -> Answering:
        """Take it, or say what is wrong with it."""
        return self.objection(order.fields, desk) or self._taken(order, desk)

    def answered(self, order: Answered[Any], desk: Desk) -> Answering:
        """Go on with the citizen's answer; it is in `desk.notes["answer"]` from now on."""
        desk.notes["answer"] = order.answer
        return self._heard(order, desk)

    def follow_up(self, order: Submit[Any], desk: Desk) -> Answering:
        """Go on when the days have passed."""
        return self._done(order, desk)

    def amend(self, order: Amend[Any], desk: Desk) -> Answering:
        """Correct what was written down; papers that say the old thing are issued anew."""
        return self.objection(order.fields, desk) or self._corrected(order, desk)

    def withdraw(self, order: Withdraw[Any], desk: Desk) -> Answer:
        """Strike it out, or say that it is too late for that."""
        if desk.effects and (reason := self.too_late(order.fields, desk)):
            return Irrevocable(self.receipt(order.id), reason)
        desk.take_effect(order, "struck-out")
        return Withdrawn(self.receipt(order.id))

    def _taken(self, order: Submit[Any], desk: Desk) -> Iterator[Reply | Later]:
        yield Received(self.receipt(order.id), self._promised(desk))
        if question := self.question(order.fields, desk):
            until = desk.today() + timedelta(days=question.days)
            yield Asked(question.id, question.text, choice(question.title, question.choices), until)
        else:
            yield from self._begun(order, desk)

    def _heard(self, order: Answered[Any], desk: Desk) -> Iterator[Reply | Later]:
        yield Received(self.receipt(order.id), self._promised(desk))
        yield from self._begun(order, desk)

    def _begun(self, order: Order[Any], desk: Desk) -> Iterator[Reply | Later]:
        if self.days:
            desk.notes["waits"] = True
            yield Later(desk.now() + timedelta(days=self.days))
        else:
            yield from self._done(order, desk)

    def _done(self, order: Order[Any], desk: Desk) -> Iterator[Reply]:
        desk.take_effect(order, "recorded")
        receipt = self.receipt(order.id)
        yield Accepted(receipt)
        yield Completed(receipt, self.effective_on(order.fields, desk), self.papers(order, desk))

    def _corrected(self, order: Amend[Any], desk: Desk) -> Iterator[Reply | Later]:
        receipt = self.receipt(order.id)
        if desk.effects:
            desk.take_effect(order, "corrected")
            if papers := self.papers(order, desk):
                yield Completed(receipt, self.effective_on(order.fields, desk), papers)
        elif not desk.notes.get("waits"):
            # The question went with what it was about: what is usual is done.
            yield from self._begun(order, desk)
        yield Amended(receipt)

    def _promised(self, desk: Desk) -> date | None:
        return desk.today() + timedelta(days=self.days) if self.days else None

    def receipt(self, order_id: str) -> str:
        """Return the receipt number: the same for the same order."""
        return self.receipts.format(order_id[2:10])


class Office(Connector):
    """An organisation whose procedures are kept by clerks (係)."""

    clerks: ClassVar[Mapping[str, Clerk]]

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "clerks" in cls.__dict__:
            cls.procedures = {slug: clerk.fields for slug, clerk in cls.clerks.items()}

    def submit(self, order: Submit[Any], desk: Desk) -> Answering:
        """Let the clerk file it."""
        return self.clerks[order.procedure].submit(order, desk)

    def withdraw(self, order: Withdraw[Any], desk: Desk) -> Answering:
        """Let the clerk undo it."""
        return self.clerks[order.procedure].withdraw(order, desk)

    def amend(self, order: Amend[Any], desk: Desk) -> Answering:
        """Let the clerk correct it."""
        return self.clerks[order.procedure].amend(order, desk)

    def answered(self, order: Answered[Any], desk: Desk) -> Answering:
        """Let the clerk go on."""
        return self.clerks[order.procedure].answered(order, desk)

    def follow_up(self, order: Submit[Any], desk: Desk) -> Answering:
        """Let the clerk go on."""
        return self.clerks[order.procedure].follow_up(order, desk)


def choice(title: str, choices: Mapping[str, Text]) -> dict[str, Any]:
    """Return the schema of a question with these answers, for `Asked`."""
    return {
        "type": "string",
        "title": title,
        "oneOf": [
            {"const": value, "title": text.ja, "x-title": text.model_dump()}
            for value, text in choices.items()
        ],
    }
