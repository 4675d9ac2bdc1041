# SPDX-License-Identifier: Apache-2.0
"""A plain notice (通知書): from whom, to whom, what about, and its items. What a simulated office issues."""

from datetime import date
from typing import Annotated

from pydantic import Field

from engine.core.text import Text
from mailbox.papers.certificate import Line, Paper, calendar_day
from mailbox.papers.wareki import wareki


class Item(Paper):
    """One line of the notice."""

    label: Text
    value: Annotated[str, Field(min_length=1, max_length=400)]


class Notice(Paper):
    """One notice to one person."""

    title: Text
    number: Line
    issued_on: date
    issuer: Text
    addressee: Line
    items: tuple[Item, ...] = ()
    words: Text
    simulation: bool

    def printed(self) -> dict[str, object]:
        """Return what the template shows: dates as the office writes them."""
        return {
            **self.model_dump(mode="json", by_alias=True),
            "issuedOn": calendar_day(self.issued_on),
            "issuedOnText": wareki(self.issued_on),
        }
