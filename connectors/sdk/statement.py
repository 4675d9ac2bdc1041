# SPDX-License-Identifier: Apache-2.0
"""The connector's own statement of a month (月次報告書), and how it compares with the engine's.

Computed from the ledger alone, by the rule in `engine/border/statement.py`. The digests are over
the ids: equal digests mean the very same messages, not only as many.
"""

from dataclasses import dataclass

from connectors.sdk.keys import EngineKeys
from connectors.sdk.ledger import Ledger
from connectors.sdk.pull import PullTransport
from engine.border.statement import Statement, statement, verified


@dataclass(frozen=True, slots=True)
class Compared:
    """One number of a statement on both sides."""

    name: str
    engine: int
    ours: int
    agrees: bool


async def compared(ledger: Ledger, door: PullTransport, *, number: str, month: str) -> list[Compared]:
    """Return each number of the engine's signed statement beside our own.

    Raises:
        EngineError: `invalid-statement`: the engine did not sign it; `invalid-month`.
        EngineUnavailable, NotTaken.
    """
    known = EngineKeys()
    known.learn(await door.keys())
    theirs = verified(await door.statement(month), known.signing, number=number)
    return differences(theirs, recomputed(ledger, theirs))


def recomputed(ledger: Ledger, theirs: Statement) -> Statement:
    """Return our own statement of the same month, as far as the engine's had come."""
    return statement(theirs.number, theirs.month, ledger.said(), now=theirs.until)


def differences(theirs: Statement, ours: Statement) -> list[Compared]:
    """Return the numbers side by side."""
    return [
        Compared(name, count.count, ours.counts[name].count, count == ours.counts[name])
        for name, count in theirs.counts.items()
    ]
