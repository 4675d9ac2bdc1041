# SPDX-License-Identifier: Apache-2.0
"""What representatives (代表者・担当者) of organisations apply for, and what an operator decided.

An application is drafted, signed, and then decided once. The applicant's name stands in it, sealed,
only until then: whose signature it was stays with the gate.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from engine.core.errors import Code, EngineError, register

register(
    {
        "no-such-application": Code(404, "その申込みはありません", "There is no such application"),
        "already-decided-application": Code(
            409,
            "この申込みはすでに処理されています",
            "The application was decided, signed or withdrawn already",
        ),
        "no-such-invitation": Code(
            404, "この招待は使えません", "The invitation is unknown, used or no longer valid"
        ),
    }
)


class Kind(Enum):
    """What is applied for."""

    ORGANISATION = "organisation"  # to be registered, with its first subscriptions
    SUBSCRIPTIONS = "subscriptions"  # more of them, for one that is registered


class State(Enum):
    """How far it is. It is decided once."""

    DRAFT = "draft"
    APPLIED = "applied"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application. `asked` is what for, as JSON; `evidence` the signed declaration at the gate.

    `checked` says what the operator looked at to know that this person may speak for the organisation,
    `carried_out_at` when all was done that an approval brings.
    """

    id: UUID
    number: str
    kind: Kind
    person: UUID
    state: State
    asked: Mapping[str, Any]
    made_at: datetime
    evidence: UUID | None = None
    applicant_sealed: bytes | None = field(default=None, repr=False)
    decided_at: datetime | None = None
    decided_by: str | None = None
    checked: str | None = None
    reason: str | None = None
    carried_out_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of an application, by whom, and why."""

    state: State
    at: datetime
    by: str
    reason: str
    checked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation to become another representative: a secret of which only the hash is known."""

    code_hash: bytes = field(repr=False)
    number: str
    invited_by: UUID
    invited_at: datetime
    expires_at: datetime


class Applications(Protocol):
    """Where applications, certifications and invitations are kept.

    Every method raises `unavailable-registry` when the store is out of reach.
    """

    async def draft(self, application: Application) -> None:
        """Keep a new one."""
        ...

    async def application(self, application: UUID) -> Application | None:
        """Return it."""
        ...

    async def of_person(self, person: UUID, *, limit: int) -> list[Application]:
        """Return what this person applied for, the newest first."""
        ...

    async def of_organisation(self, number: str, *, limit: int) -> list[Application]:
        """Return what was applied for about this organisation, the newest first."""
        ...

    async def in_state(
        self, state: State, *, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[Application]:
        """Return those in a state, the oldest first, after a place."""
        ...

    async def sign(self, application: UUID, *, evidence: UUID, applicant_sealed: bytes) -> bool:
        """Note that a draft was signed; False when it is no draft any more."""
        ...

    async def decide(self, application: UUID, decision: Decision, *, among: Sequence[State]) -> bool:
        """Decide it, and forget the applicant's name; False when it is in none of these states."""
        ...

    async def carried_out(self, application: UUID, *, at: datetime) -> None:
        """Note that what was approved is done."""
        ...

    async def certify(self, number: str, report: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Keep the report of a rehearsal; raises `no-such-organisation`."""
        ...

    async def certification(self, number: str) -> Mapping[str, Any] | None:
        """Return the newest report."""
        ...

    async def invite(self, invitation: Invitation) -> None:
        """Keep an invitation."""
        ...

    async def use_invitation(self, code_hash: bytes, *, person: UUID, at: datetime) -> Invitation:
        """Use it up; raises `no-such-invitation` when it is unknown, used or over."""
        ...


class MemoryApplications:
    """The twin for tests and simulation."""

    def __init__(self) -> None:
        self._applications: dict[UUID, Application] = {}
        self._reports: dict[str, Mapping[str, Any]] = {}
        self._invitations: dict[bytes, Invitation] = {}

    async def draft(self, application: Application) -> None:
        """Keep a new one."""
        self._applications[application.id] = application

    async def application(self, application: UUID) -> Application | None:
        """Return it."""
        return self._applications.get(application)

    async def of_person(self, person: UUID, *, limit: int) -> list[Application]:
        """Return what this person applied for."""
        return self._newest(lambda one: one.person == person, limit)

    async def of_organisation(self, number: str, *, limit: int) -> list[Application]:
        """Return what was applied for about this organisation."""
        return self._newest(lambda one: one.number == number, limit)

    async def in_state(
        self, state: State, *, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[Application]:
        """Return those in a state, the oldest first."""
        found = self._newest(lambda one: one.state is state, len(self._applications))[::-1]
        return [one for one in found if after is None or (one.made_at, one.id) > after][:limit]

    async def sign(self, application: UUID, *, evidence: UUID, applicant_sealed: bytes) -> bool:
        """Note that a draft was signed."""
        known = self._applications[application]
        if known.state is not State.DRAFT:
            return False
        self._applications[application] = replace(
            known, state=State.APPLIED, evidence=evidence, applicant_sealed=applicant_sealed
        )
        return True

    async def decide(self, application: UUID, decision: Decision, *, among: Sequence[State]) -> bool:
        """Decide it."""
        known = self._applications[application]
        if known.state not in among:
            return False
        self._applications[application] = replace(
            known,
            state=decision.state,
            applicant_sealed=None,
            decided_at=decision.at,
            decided_by=decision.by,
            checked=decision.checked,
            reason=decision.reason,
        )
        return True

    async def carried_out(self, application: UUID, *, at: datetime) -> None:
        """Note that what was approved is done."""
        known = self._applications[application]
        self._applications[application] = replace(known, carried_out_at=at)

    async def certify(self, number: str, report: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Keep the report."""
        del by, at
        self._reports[number] = report

    async def certification(self, number: str) -> Mapping[str, Any] | None:
        """Return the newest report."""
        return self._reports.get(number)

    async def invite(self, invitation: Invitation) -> None:
        """Keep an invitation."""
        self._invitations[invitation.code_hash] = invitation

    async def use_invitation(self, code_hash: bytes, *, person: UUID, at: datetime) -> Invitation:
        """Use it up."""
        del person
        found = self._invitations.pop(code_hash, None)
        if found is None or at >= found.expires_at:
            raise EngineError("no-such-invitation")
        return found

    def _newest(self, test: Callable[[Application], bool], limit: int) -> list[Application]:
        found = [one for one in self._applications.values() if test(one)]
        return sorted(found, key=lambda one: (one.made_at, one.id), reverse=True)[:limit]
