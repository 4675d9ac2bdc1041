# SPDX-License-Identifier: Apache-2.0
"""What the demonstration prints of a case that is too long to be printed line by line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.simulators.books import Line
from connectors.simulators.catalogue import SIMULATORS
from engine.core.views import FILING_STATES
from engine.progress import table

_GROUPS: Final = (
    ("Todoke から Sent by Todoke", frozenset({"online", "signed"})),
    ("ご家族が By the family", frozenset({"visit", "paper", "self"})),
    ("自動・不要 By itself", frozenset({"automatic"})),
)
_NAMES: Final = {one.connector.number: one.connector.name.ja for one in SIMULATORS.values()}
_TEXTS: Final = {state.value: text.ja for state, text in FILING_STATES.items()}


def group_lines(case: Mapping[str, Any]) -> list[str]:
    """Return three lines: how many filings stand where, by who carries them out."""
    rows = []
    for name, ways in _GROUPS:
        some = [filing for filing in case["filings"] if filing["ways"][0] in ways]
        counted = Counter(filing["stateText"]["ja"] for filing in some)
        told = "  ".join(f"{text} {count}" for text, count in counted.most_common())
        rows.append((name, f"{len(some)}件", told))
    return table(rows).splitlines()


def books_table(case: Mapping[str, Any], lines: Sequence[Line]) -> str:
    """Return what the case says beside what each organisation's ledger holds."""
    titles = {filing["slug"]: filing["title"]["ja"] for filing in case["filings"]}
    heading = ("", "機関", "手続", "案件では", "台帳では", "台帳の日付")
    rows = [
        (
            "○" if line.agrees else "×",
            _NAMES.get(line.organisation, line.organisation),
            titles.get(line.procedure, line.procedure),
            _TEXTS[line.says] if line.says else "—",
            "、".join((line.holds or "なし nothing", *line.differs)),
            line.day or "",
        )
        for line in lines
    ]
    return table([heading, *rows])


def told_table(disclosures: Sequence[Mapping[str, Any]]) -> str:
    """Return who was told which fields: each organisation on one line."""
    told: dict[str, list[str]] = {}
    for one in disclosures:
        name = (one["organisationName"] or {"ja": one["organisation"]})["ja"]
        told.setdefault(name, []).append(one["field"])
    rows = [(name, ", ".join(dict.fromkeys(fields))) for name, fields in told.items()]
    return table(rows) if rows else "  —"


def task_lines(case: Mapping[str, Any]) -> list[str]:
    """Return what is left to do after the case, and whose it is."""
    return [
        f"  ☞ {filing['title']['ja']}（{filing['receiver']['ja']}）: {filing['task']['text']['ja']}"
        f"  [{filing['task']['ownerText']['ja']} {filing['task']['ownerText']['en']}]"
        for filing in case["filings"]
        if filing["task"]
    ]
