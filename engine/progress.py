# SPDX-License-Identifier: Apache-2.0
"""A case in the terminal: one line for each filing, drawn anew while it changes."""

import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

_MARKS: Final = {
    "completed": "✔",
    "not-needed": "–",
    "withdrawn": "↩",
    "cancelled": "–",
    "irrevocable": "!",
    "closed-refused": "✘",
    "refused": "✘",
    "asking": "?",
    "to-visit": "☞",
    "to-post": "☞",
    "to-do": "☞",
}
_WAYS: Final = {
    "online": "オンライン",
    "signed": "電子署名",
    "visit": "窓口",
    "paper": "書面",
    "automatic": "自動",
    "self": "ご自身で",
}
_WIDTHS: Final = (26, 30, 12, 28)
BANNER: Final = (
    "────────────────────────────────────────────────────────────────────────────\n"
    "  シミュレーションです。どこにも届け出られません。人物はすべて架空です。\n"
    "  SIMULATION: nothing is filed anywhere. All people are invented.\n"
    "────────────────────────────────────────────────────────────────────────────"
)


class Progress:
    """Shows a case on a stream: in place on a terminal, elsewhere only the lines that changed."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._in_place = self._out.isatty()
        self._drawn = 0
        self._headed = ""
        self._last: dict[str, str] = {}

    def show(self, case: Mapping[str, Any]) -> None:
        """Show the case as it is now."""
        lines = {filing["id"]: _line(filing) for filing in case["filings"]}
        if self._in_place:
            self.redraw([_heading(case), *lines.values()])
        else:
            if (heading := _heading(case)) != self._headed:
                self._out.write(f"{heading}\n")
                self._headed = heading
            changed = [line for key, line in lines.items() if self._last.get(key) != line]
            self._out.write("".join(f"{line}\n" for line in changed))
        self._last = lines
        self._out.flush()

    def redraw(self, lines: Sequence[str]) -> None:
        """Draw the lines in the place of those drawn before; elsewhere than on a terminal, nothing."""
        if not self._in_place:
            return
        if self._drawn:
            self._out.write(f"\x1b[{self._drawn}A\x1b[J")
        self._out.write("".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)
        self._out.flush()

    def keep(self, lines: Sequence[str]) -> None:
        """Draw the lines for good: what comes next stands below them."""
        self.redraw(lines)
        if not self._in_place:
            self._out.write("".join(f"{line}\n" for line in lines))
        self._drawn = 0
        self._out.flush()

    def say(self, text: str) -> None:
        """Write a line of its own; the case is drawn below it the next time."""
        self._out.write(f"{text}\n")
        self._drawn = 0
        self._out.flush()


def _heading(case: Mapping[str, Any]) -> str:
    return (
        f"{case['title']['ja']} {case['title']['en']} — {case['stateText']['ja']} {case['stateText']['en']}"
    )


def _line(filing: Mapping[str, Any]) -> str:
    due = filing["deadline"]["lastDay"] or "—"
    state = f"{filing['stateText']['ja']} {filing['stateText']['en']}"
    if filing["flagText"]:
        state += f" [{filing['flagText']['ja']}]"
    cells = (filing["title"]["ja"], filing["receiver"]["ja"], due, state)
    mark = _MARKS.get(filing["state"], "…")
    return (
        f" {mark} "
        + " ".join(padded(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
    )


def padded(text: str, width: int) -> str:
    """Return the text filled up to a width in columns; wide characters take two."""
    return text + " " * max(0, width - _columns(text))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as columns as wide as their widest cell."""
    widths = [max(_columns(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ("  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def plan_table(plan: Mapping[str, Any], *, told: bool = True) -> str:
    """Return a plan as a table; told is only what an organisation is sent."""
    rows = [("手続", "提出先", "方法", "期限", "根拠", *(["伝える項目"] if told else []))]
    for entry in plan["entries"]:
        fields = "、".join(one["label"]["ja"] for one in entry["told"]) if entry["organisation"] else "—"
        rows.append(
            (
                f"{entry['title']['ja']} {entry['title']['en']}",
                entry["receiver"]["ja"],
                _WAYS[entry["way"]],
                entry["deadline"]["lastDay"] or "—",
                entry["basis"],
                *([fields] if told else []),
            )
        )
    return table(rows)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
