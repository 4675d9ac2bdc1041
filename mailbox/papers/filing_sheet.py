# SPDX-License-Identifier: Apache-2.0
"""The sheet of one filing, made of what its owner is shown of it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from engine.core.errors import EngineError
from engine.core.lifecycle import FilingState, Way
from engine.core.patience import day_in_japan
from engine.core.text import Text
from engine.core.views import CaseView, FilingView
from mailbox.papers.render import Papers
from mailbox.papers.sheet import Entry, Errand, Place, Sheet

_ERRANDS: Final = {Way.VISIT: Errand.VISIT, Way.PAPER: Errand.PAPER, Way.SELF: Errand.SELF}
_NO_ERRAND: Final = frozenset({FilingState.NOT_NEEDED, FilingState.CANCELLED})
_SEVERITIES: Final = {
    "fine": Text(ja="過料の対象になることがあります", en="There may be a fine"),
    "money-lost": Text(ja="受け取れるお金が減ることがあります", en="Money may be lost"),
    "right-lost": Text(ja="権利を失うことがあります", en="A right may be lost"),
}


class FilingSheets:
    """Prints sheets; `is_simulation` marks each as not for real use."""

    def __init__(self, papers: Papers, *, is_simulation: bool) -> None:
        self._papers = papers
        self._is_simulation = is_simulation

    async def sheet(self, case: CaseView, filing: FilingView, now: datetime) -> bytes:
        """Return the sheet as PDF; raises `no-sheet` where Todoke does everything itself."""
        errand = _ERRANDS.get(filing.way)
        if errand is None or filing.state in _NO_ERRAND:
            raise EngineError("no-sheet")
        sheet = Sheet(
            errand=errand,
            event=case.title,
            procedure=filing.title,
            code=str(filing.id)[:8],
            prepared_on=day_in_japan(now),
            place=Place(name=filing.receiver),
            not_before=filing.not_before,
            due_on=filing.deadline.last_day,
            reason=filing.deadline.why,
            if_late=filing.if_late or _SEVERITIES.get(filing.deadline.severity),
            who=filing.who,
            bring=filing.bring,
            steps=filing.steps,
            entries=tuple(_entries(filing)),
            law=filing.basis,
            simulation=self._is_simulation,
        )
        return await asyncio.to_thread(self._papers.sheet, sheet)


def _entries(filing: FilingView) -> Iterator[Entry]:
    for told in filing.told:
        text = _written(told.value)
        if text:
            yield Entry(label=told.label, value=text[:400])


def _written(value: JsonValue) -> str:
    """Return a value as one writes it on a form: names and addresses on one line, people one by one."""
    match value:
        case None:
            return ""
        case str():
            return value
        case Mapping() if "family" in value:
            return f"{value['family']}　{value['given']}"
        case Mapping() if "line" in value:
            parts = (value.get(name) for name in ("prefecture", "city", "line", "building"))
            written = "".join(str(part) for part in parts if part)
            postal = value.get("postalCode")  # a registered domicile (本籍) has none
            return f"〒{postal}　{written}" if postal else written
        case Mapping() if "name" in value:
            return f"{_written(value['name'])}（{value.get('relation', '')}）"
        case Sequence():
            return "、".join(_written(one) for one in value)
        case _:
            return str(value)
