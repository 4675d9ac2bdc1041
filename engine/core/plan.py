# SPDX-License-Identifier: Apache-2.0
"""The plan (手続計画) of a case: what was resolved for these facts, and what follows from it.

What a case needs later is in it, so that a case ends under the rules of the day it was opened.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from engine.core.case import Filing, FilingRules, Gated, Participant, Party, Waits, participant_id
from engine.core.deadline_rules import Due
from engine.core.declaration import APPLICANT, Kind, Signatory
from engine.core.lifecycle import FilingState, Way
from engine.core.reminders import DAYS_BEFORE, Days
from engine.core.text import Text


class _Resolved(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Elsewhere(_Resolved):
    """Where the same is done already: another running case of the same owner."""

    case: UUID
    filing: UUID
    event: str


class Entry(_Resolved):
    """One procedure that applies, resolved for these facts. `fields` are personal.

    `unsigned` says that it would be signed electronically, but whoever told the facts cannot do so.
    """

    id: UUID
    slug: str
    subject: str
    ways: tuple[Way, ...]
    receiver: Text
    area: str | None
    organisation: str | None
    after: tuple[UUID, ...]
    rides_on: UUID | None
    basis: str
    amendable: bool
    withdrawable: bool
    due: Due
    not_before: date | None
    fields: dict[str, JsonValue]
    kind: Kind = Kind.FILING
    guard: str | None = None
    gate: Gated | None = None
    closes_on: date | None = None
    signer: UUID | None = None
    elsewhere: Elsewhere | None = None
    unsigned: bool = False

    @classmethod
    def made(cls, **values: object) -> "Entry":
        """Return the entry of values whose types our own rules vouch for.

        Validating each again costs a fifth of a plan.
        """
        return _BLANK.model_copy(update=values)

    @property
    def way(self) -> Way:
        """The way that is taken: the first that is possible."""
        return self.ways[0]


_BLANK: Final = Entry.model_construct()  # type: ignore[call-arg]  # what is forgotten is missed, not blank


class LeftOut(_Resolved):
    """A procedure that does not apply, and the condition that these facts do not meet."""

    slug: str
    condition: Text


class Plan(_Resolved):
    """The plan (手続計画): what applies to these facts under these rules, in order.

    `signatories` are the people whose part it needs, the names of whom are personal.
    """

    event: str
    catalogue: str
    made_on: date
    event_on: date | None
    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...] = ()
    signatories: tuple[Signatory, ...] = ()

    def entry(self, filing: UUID) -> Entry:
        """Return the entry of a filing; raises KeyError."""
        for one in self.entries:
            if one.id == filing:
                return one
        raise KeyError(filing)


class Submitted(_Resolved):
    """What one attempt of a filing said, kept where the plan says something else since."""

    attempt: int
    fields: dict[str, JsonValue]
    due_on: date | None
    event_on: date | None


class Contents(_Resolved):
    """What a case keeps sealed: the facts as they were told, the plan made of them, what was said before."""

    facts: dict[str, JsonValue]
    plan: Plan
    submitted: dict[UUID, Submitted] = {}


def filings_of(
    plan: Plan, references: Mapping[UUID, str], now: datetime, *, reminders: Days = DAYS_BEFORE
) -> tuple[tuple[Filing, ...], tuple[FilingRules, ...]]:
    """Return the filings of a new case, and the rules that each keeps for its life.

    All wait, but for those where nothing is to do: they are there to say so.
    """
    filings = tuple(
        Filing(
            id=entry.id,
            slug=entry.slug,
            way=entry.way,
            state=FilingState.NOT_NEEDED if entry.kind is Kind.NO_OP else FilingState.WAITING,
            since=now,
            organisation=entry.organisation,
            reference=references.get(entry.id),
            due_on=entry.due.last_day,
            not_before=entry.not_before,
            closes_on=entry.closes_on,
            waits=Waits(Party.PREDECESSOR) if entry.after and entry.kind is not Kind.NO_OP else None,
        )
        for entry in plan.entries
    )
    rules = tuple(
        FilingRules(
            id=entry.id,
            slug=entry.slug,
            subject=entry.subject,
            ways=entry.ways,
            basis=entry.basis,
            after=entry.after,
            rides_on=entry.rides_on,
            amendable=entry.amendable,
            withdrawable=entry.withdrawable,
            gate=entry.gate,
            signer=entry.signer,
            remind_days=reminders[entry.due.severity],
            area=entry.area,
        )
        for entry in plan.entries
    )
    return filings, rules


def concerned(plan: Plan, signatory: Signatory) -> dict[UUID, tuple[str, ...]]:
    """Return which fields each filing tells an organisation of this person: those that tell any."""
    found = {}
    for entry in plan.entries:
        if entry.organisation is None:
            continue
        is_own = entry.subject in signatory.subjects
        names = tuple(n for n in entry.fields if is_own or signatory.fields is None or n in signatory.fields)
        if names:
            found[entry.id] = names
    return found


def participants_of(plan: Plan, case_id: UUID) -> tuple[Participant, ...]:
    """Return the people of a new case.

    Nobody signs of whom nothing is told; where that leaves nobody, the one who opens it signs.
    """
    people = []
    for one in plan.signatories:
        is_asked = one.signs and (one.role == APPLICANT or bool(concerned(plan, one)))
        people.append(Participant(participant_id(case_id, one.at), one.at, one.role, is_asked))
    if not any(one.signs for one in people):
        people.append(Participant(participant_id(case_id, ""), "", APPLICANT))
    return tuple(people)


def corrected(old: Plan, new: Plan) -> tuple[Plan, dict[UUID, tuple[str, ...]]]:
    """Return the old plan with the fields and dates of the new one, and which fields changed where.

    Who receives what, and in which way, stays as it was agreed: only what is said changes.
    """
    fresh = {entry.id: entry for entry in new.entries}
    entries, changed = [], {}
    for entry in old.entries:
        other = fresh.get(entry.id)
        if other is None or entry.elsewhere is not None:
            entries.append(entry)
            continue
        names = tuple(name for name in entry.fields if entry.fields[name] != other.fields.get(name))
        days = (entry.due, entry.not_before, entry.closes_on)
        if names or days != (other.due, other.not_before, other.closes_on):
            changed[entry.id] = names
        kept = {
            "due": other.due,
            "not_before": other.not_before,
            "closes_on": other.closes_on,
            "fields": other.fields,
        }
        entries.append(entry.model_copy(update=kept))
    people = {one.at: one for one in new.signatories}
    kept_people = tuple(people.get(one.at, one) for one in old.signatories)
    update = {"event_on": new.event_on, "entries": tuple(entries), "signatories": kept_people}
    return old.model_copy(update=update), changed


def as_submitted(old: Contents, filings: Mapping[UUID, Filing]) -> dict[UUID, Submitted]:
    """Return what the present attempts have said, for contents in which the plan says something else."""
    said = {}
    for filing in filings.values():
        if filing.sequence == 0:
            continue
        known, entry = old.submitted.get(filing.id), old.plan.entry(filing.id)
        if known is None or known.attempt != filing.attempt:
            known = Submitted(
                attempt=filing.attempt,
                fields=entry.fields,
                due_on=entry.due.last_day,
                event_on=old.plan.event_on,
            )
        said[filing.id] = known
    return said


def unsaid(filing: Filing, plan: Plan, said: Mapping[UUID, Submitted]) -> tuple[str, ...]:
    """Return the fields of an amendment that could not be sent: the one that follows says them too."""
    if filing.state is not FilingState.REVISING or filing.tries == 0 or filing.id not in said:
        return ()
    before, now = said[filing.id].fields, plan.entry(filing.id).fields
    return tuple(name for name in now if now[name] != before.get(name))
