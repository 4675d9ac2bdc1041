# SPDX-License-Identifier: Apache-2.0
"""What a case (案件) is while it is being carried out: states, counters and waits, nothing personal.

What a person told (facts, fields, answers) is kept beside the case, sealed; no rule needs to read
it. `FilingRules` is what the plan resolved for one filing and never changes; `Filing` is what moves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final
from uuid import UUID, uuid5

from engine.core.lifecycle import ENDED_CASE, ENDED_FILING, CaseState, FilingState, Way

_SLUG: Final = re.compile(r"[a-z][a-z0-9.-]*")


class Party(Enum):
    """Whom a filing waits for."""

    ORGANISATION = "organisation"
    CITIZEN = "citizen"
    PARTICIPANT = "participant"
    PREDECESSOR = "predecessor"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Waits:
    """Whom a filing waits for, and the instant at which a rule looks at it again."""

    party: Party
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """A person with a part in the case (当事者), as it stands; the name is in the plan, sealed.

    `at` points at the person in the facts. `person` is who came for the seat, by the gate's number;
    `seat` counts those who were asked to leave it, so that an old invitation opens nothing. `choice`
    is what the person decided, where a filing waits for that.
    """

    id: UUID
    at: str
    role: str
    signs: bool = True
    person: UUID | None = None
    seat: int = 0
    has_signed: bool = False
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Gated:
    """What has to be decided before a filing is made.

    Open when each of `deciders` has decided, or once the filing's `closes_on` has passed. `shut` are the
    choices with which a person takes no part in it; `own` is the one whom the filing is about.
    """

    name: str
    deciders: tuple[UUID, ...]
    shut: tuple[str, ...] = ()
    own: UUID | None = None


@dataclass(frozen=True, slots=True)
class FilingRules:
    """What the plan resolved for one filing when the case opened.

    `after` are the filings that have to be completed first, `rides_on` the one that carries this
    one with it. `ways` are those that were possible, the chosen one first. `remind_days` are how many
    days before its last day the citizen is reminded.
    `signer` is the participant whose signature it needs, where that is a certain one. `area` is where its
    receiver was sought (6-digit code), None for the whole country.
    """

    id: UUID
    slug: str
    subject: str
    ways: tuple[Way, ...]
    basis: str
    after: tuple[UUID, ...] = ()
    rides_on: UUID | None = None
    amendable: bool = True
    withdrawable: bool = True
    gate: Gated | None = None
    signer: UUID | None = None
    remind_days: tuple[int, ...] = ()
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """One procedure in one case (届出・申請), as it stands.

    `attempt` counts filings anew after a refusal, `revision` the messages within an attempt after
    the first, `sequence` the orders under one reference, `route` the references it has had,
    `tries` the times in a row that the organisation could not be reached. `is_done` says that the
    organisation had completed it before a correction or an undoing was asked for. `old_since` is set
    while somebody who was told holds an old value (core/old_values.py). Up to `reminded_on` all reminders
    have been given (core/reminders.py). `closes_on` is the day that decides for those who say nothing, for
    one that waits at a gate; None while nobody knows it.
    """

    id: UUID
    slug: str
    way: Way
    state: FilingState
    since: datetime
    organisation: str | None = None
    reference: str | None = None
    route: int = 0
    attempt: int = 1
    revision: int = 0
    sequence: int = 0
    due_on: date | None = None
    not_before: date | None = None
    waits: Waits | None = None
    flag: str | None = None
    tries: int = 0
    question: str | None = None
    is_done: bool = False
    old_since: datetime | None = None
    reminded_on: date | None = None
    closes_on: date | None = None

    @property
    def has_ended(self) -> bool:
        """Say whether nothing more is waited for."""
        return self.state in ENDED_FILING


@dataclass(frozen=True, slots=True)
class Case:
    """One life event of one household being carried out.

    `version` grows by one with each message that changed something.
    """

    id: UUID
    event: str
    state: CaseState
    owner: UUID
    catalogue: str
    opened_at: datetime
    version: int = 0
    participants: Mapping[UUID, Participant] = field(default_factory=dict)
    wake_at: datetime | None = None
    filings: Mapping[UUID, Filing] = field(default_factory=dict)
    rules: Mapping[UUID, FilingRules] = field(default_factory=dict)
    draft_until: datetime | None = None

    @property
    def unsigned(self) -> frozenset[UUID]:
        """The participants whose signature is still missing."""
        return frozenset(one.id for one in self.participants.values() if one.signs and not one.has_signed)

    @property
    def has_ended(self) -> bool:
        """Say whether the case is closed."""
        return self.state in ENDED_CASE


def owes_certificate(case: Case) -> bool:
    """Say whether the owner of a case that has ended is owed a certificate: it had been agreed to."""
    return case.has_ended and case.state is not CaseState.EXPIRED and not case.unsigned


def filing_id(case_id: UUID, slug: str, subject: str = "") -> UUID:
    """Return the id of one procedure in one case; `subject` is the person it is about, if it is about one."""
    if not _SLUG.fullmatch(slug):  # a slug has no "/": the first one divides
        raise ValueError("a procedure's slug is lower case with dots and hyphens")
    return uuid5(case_id, f"{slug}/{subject}")


def participant_id(case_id: UUID, at: str) -> UUID:
    """Return the id of the participant at this place in the facts; no filing has the same."""
    return uuid5(case_id, f"@{at}")


def tick_id(case_id: UUID, *, wake_at: datetime, version: int) -> UUID:
    """Return the id of the Tick that a case in this version asked for; no filing has the same."""
    if wake_at.tzinfo is None or version < 0:
        raise ValueError("a wake-up is an aware instant, a version counts from 0")
    return uuid5(case_id, f"{wake_at.astimezone(UTC).isoformat(timespec='microseconds')}/{version}")
