# SPDX-License-Identifier: Apache-2.0
"""The record of what operators do and look at (操作記録): written first, told to whom it concerns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from engine.core.errors import EngineError
from engine.ports import AuditEntry, Clock, Ids, OperatorStore


@dataclass(frozen=True, slots=True)
class Act:
    """One request of an operator under its key, with its reason."""

    operator: UUID
    key: str
    body_hash: bytes
    reason: str

    @property
    def name(self) -> str:
        """Under which name the record and the journal know who acts."""
        return f"operator:{self.operator}"


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one case; the reason is told to its owner."""

    operator: UUID
    reason: str | None = None

    @property
    def name(self) -> str:
        """Under which name the record knows who looks."""
        return f"operator:{self.operator}"


class Record:
    """Makes entries and writes them."""

    def __init__(self, *, operators: OperatorStore, clock: Clock, ids: Ids) -> None:
        self._operators = operators
        self._clock = clock
        self._ids = ids

    def entry(
        self,
        act: Act,
        name: str,
        *,
        case_id: UUID | None = None,
        filing: UUID | None = None,
        organisation: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """Return the entry of one request."""
        return AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=act.name,
            act=name,
            case_id=case_id,
            filing=filing,
            organisation=organisation,
            reason=act.reason,
            details=details or {},
            request_key=act.key,
            request_hash=act.body_hash,
        )

    def also(self, act: Act, name: str, *, case_id: UUID, filing: UUID) -> AuditEntry:
        """Return the entry that tells the owner of one case about an act on many things."""
        entry = self.entry(act, name, case_id=case_id, filing=filing)
        return replace(entry, request_key=None, request_hash=None)

    async def write(self, act: Act, entries: Sequence[AuditEntry]) -> AuditEntry | None:
        """Write down what is about to be done; return the entry of the same request before.

        Raises:
            EngineError: `idempotency-mismatch`.
        """
        before = await self._operators.record(entries)
        if before is not None and before.request_hash != act.body_hash:
            raise EngineError("idempotency-mismatch")
        return before

    async def note(self, look: Look, name: str, *, case_id: UUID, filing: UUID | None = None) -> None:
        """Write down that somebody looks at a case."""
        entry = AuditEntry(
            id=self._ids.new(),
            at=self._clock.now(),
            operator=look.name,
            act=name,
            case_id=case_id,
            filing=filing,
            reason=look.reason,
        )
        await self._operators.record([entry])
