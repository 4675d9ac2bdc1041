# SPDX-License-Identifier: Apache-2.0
"""The books of all simulated organisations beside a case: does everybody hold what the case says they hold?

What stands in a ledger is what the organisation did, not what it answered. So whoever confirmed a
correction and kept the old value is found here, and so is one who was told nothing of an end.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from connectors.sdk.ledger import Ledger, Standing
from connectors.simulators.catalogue import SIMULATORS

# Of a filing in one of these states, the organisation holds what the case says it was told.
_HELD: Final = frozenset({"completed", "irrevocable"})
# In these, the case does not know what the organisation holds: it was given up on, or has not answered.
_OPEN: Final = frozenset({"submitted", "postponed", "revising", "withdrawing", "submitted-answer", "to-do"})
_OURS: Final = frozenset({"online", "signed"})
_DAYS: Final = ("movingDate", "startOn", "stopOn", "workOn", "collectOn")


@dataclass(frozen=True, slots=True)
class Line:
    """One filing, or one thing that an organisation holds and no filing knows of.

    `says` is the state that the case gives it, None where it has none; `holds` is the last effect in
    the organisation's ledger, None where nothing is in effect, and `day` the day that it holds.
    `is_own` says that the citizen did it, on paper or at a counter: no order of ours speaks of it.
    """

    organisation: str
    procedure: str
    says: str | None
    holds: str | None
    day: str | None = None
    differs: tuple[str, ...] = ()
    is_own: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the ledger holds what the case says."""
        if self.is_own and self.says in _HELD and self.holds is None:
            return True
        if self.says in _HELD:
            return self.holds is not None and not self.differs
        return self.says is not None and self.says not in _OPEN and self.holds is None


class Books:
    """The ledgers of the simulated organisations, by their corporate numbers."""

    def __init__(self, connectors: Path) -> None:
        self._ledgers = {
            simulated.connector.number: Ledger(connectors / name / "ledger.sqlite3")
            for name, simulated in SIMULATORS.items()
        }

    def close(self) -> None:
        """Let go of the files."""
        for ledger in self._ledgers.values():
            ledger.close()

    def next_follow_up(self) -> datetime | None:
        """Return when the first of them has something to do that waits for its day."""
        days = [day for ledger in self._ledgers.values() if (day := ledger.next_follow_up())]
        return min(days, default=None)

    def issued(self) -> int:
        """Return how many documents they have issued, and the engine has taken."""
        return sum(ledger.documents_taken() for ledger in self._ledgers.values())

    def compared(self, case: Mapping[str, Any]) -> list[Line]:
        """Return what a case, as its owner sees it, says beside what the organisations hold."""
        filings = [filing for filing in case["filings"] if filing["organisation"]]
        numbers = dict.fromkeys(filing["organisation"] for filing in filings)
        numbers |= dict.fromkeys(self._ledgers)
        lines: list[Line] = []
        for number in numbers:
            ledger = self._ledgers.get(number)
            standing = ledger.in_effect() if ledger else []
            lines += _lines(number, [f for f in filings if f["organisation"] == number], standing)
        return lines


def _lines(number: str, filings: Sequence[Mapping[str, Any]], standing: Iterable[Standing]) -> Iterator[Line]:
    """Yield the filings of one organisation, each with what it holds of it, then what is left over.

    An organisation does not know a filing by its id, and the case not by the organisation's
    reference; so like is put to like: first what is told and held alike, then by the procedure.
    """
    left = list(standing)
    waiting = []
    for filing in filings:
        told = _told(filing)
        same = next((one for one in left if one.procedure == filing["slug"] and one.fields == told), None)
        if same is not None and filing["state"] in _HELD:
            left.remove(same)
            yield Line(number, filing["slug"], filing["state"], same.effect, _day(same))
        else:
            waiting.append(filing)
    for filing in waiting:
        other = next((one for one in left if one.procedure == filing["slug"]), None)
        if other is None:
            is_own = filing["way"] not in _OURS
            yield Line(number, filing["slug"], filing["state"], None, is_own=is_own)
        else:
            left.remove(other)
            differs = _differences(_told(filing), other.fields)
            yield Line(number, filing["slug"], filing["state"], other.effect, _day(other), differs)
    for one in left:
        yield Line(number, one.procedure, None, one.effect, _day(one))


def _day(standing: Standing) -> str | None:
    return next((str(standing.fields[name]) for name in _DAYS if name in standing.fields), None)


def _told(filing: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {one["name"]: one["value"] for one in filing["told"] if one["value"] is not None}


def _differences(told: Mapping[str, JsonValue], held: Mapping[str, JsonValue]) -> tuple[str, ...]:
    names = sorted({*told, *held})
    return tuple(
        f"{name}: {_short(held.get(name))} ≠ {_short(told.get(name))}"
        for name in names
        if told.get(name) != held.get(name)
    )


def _short(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)[:40]
