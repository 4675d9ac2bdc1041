# SPDX-License-Identifier: Apache-2.0
"""Between the core's words and the columns of the tables: positions, not names, for this is the hot path."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from engine.core.case import Case, Filing, FilingRules, Gated, Participant, Party, Waits
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.ports import StoredCase

Filings = Mapping[UUID, Filing]
Rules = Mapping[UUID, FilingRules]
Participants = Mapping[UUID, Participant]

_CASE_STATES: Final = {state.value: state for state in CaseState}
_STATES: Final = {state.value: state for state in FilingState}
_WAYS: Final = {way.value: way for way in Way}
_PARTIES: Final = {party.value: party for party in Party}

CASE: Final = (
    "c.id, c.event, c.state, c.owner, c.catalogue, c.opened_at, c.version, c.participants, c.wake_at,"
    " c.journal_seq, c.journal_hash, c.data_key_wrapped, c.draft_until"
)
FILING: Final = (
    "case_id, id, slug, way, state, since, organisation, reference, route, attempt, revision, sequence,"
    " due_on, not_before, waits_for, waits_until, flag, tries, question, is_done, old_since, reminded_on,"
    " closes_on"
)


def case_of(row: Sequence[Any], filings: Filings, rules: Rules) -> StoredCase:
    """Return the case in a row of `CASE`."""
    id_, event, state, owner, catalogue, opened_at, version, people, wake_at, seq, hash_, key, draft = row
    case = Case(
        id_, event, _CASE_STATES[state], owner, catalogue, opened_at, version, participants_of(people),
        wake_at, filings, rules, draft,
    )  # fmt: skip
    return StoredCase(case, seq, hash_, key)


def filings_by_case(rows: Iterable[Any]) -> dict[UUID, dict[UUID, Filing]]:
    """Return the filings in rows of `FILING`, in the order of the rows."""
    found: dict[UUID, dict[UUID, Filing]] = {}
    for (
        case_id, id_, slug, way, state, since, organisation, reference, route, attempt, revision, sequence,
        due_on, not_before, waits_for, waits_until, flag, tries, question, is_done, old_since,
        reminded_on, closes_on,
    ) in rows:  # fmt: skip
        filing = Filing(
            id_, slug, _WAYS[way], _STATES[state], since, organisation, reference, route, attempt, revision,
            sequence, due_on, not_before,
            None if waits_for is None else Waits(_PARTIES[waits_for], waits_until),
            flag, tries, question, is_done, old_since, reminded_on, closes_on,
        )  # fmt: skip
        if case_id in found:
            found[case_id][id_] = filing
        else:
            found[case_id] = {id_: filing}
    return found


def case_columns(stored: Sequence[StoredCase]) -> tuple[list[Any], ...]:
    """Return what moves of a case: id, state, version, participants, wake_at, journal_seq, journal_hash."""
    cases = [one.case for one in stored]
    return (
        [case.id for case in cases],
        [case.state.value for case in cases],
        [case.version for case in cases],
        [participants_json(case.participants) for case in cases],
        [case.wake_at for case in cases],
        [one.journal_seq for one in stored],
        [one.journal_hash for one in stored],
    )


def new_case_columns(stored: Sequence[StoredCase]) -> tuple[list[Any], ...]:
    """Return all of a case: what moves, then event, owner, catalogue, opened_at, data_key_wrapped,
    draft_until.
    """
    cases = [one.case for one in stored]
    return (
        *case_columns(stored),
        [case.event for case in cases],
        [case.owner for case in cases],
        [case.catalogue for case in cases],
        [case.opened_at for case in cases],
        [one.data_key_wrapped for one in stored],
        [case.draft_until for case in cases],
    )


def filing_columns(filings: Sequence[Filing]) -> tuple[list[Any], ...]:
    """Return what moves of a filing, in the order of the statements in unit.py."""
    return (
        [one.id for one in filings],
        [one.way.value for one in filings],
        [one.state.value for one in filings],
        [one.since for one in filings],
        [one.organisation for one in filings],
        [one.reference for one in filings],
        [one.route for one in filings],
        [one.attempt for one in filings],
        [one.revision for one in filings],
        [one.sequence for one in filings],
        [one.due_on for one in filings],
        [one.not_before for one in filings],
        [one.waits.party.value if one.waits else None for one in filings],
        [one.waits.until if one.waits else None for one in filings],
        [one.flag for one in filings],
        [one.tries for one in filings],
        [one.question for one in filings],
        [one.is_done for one in filings],
        [one.has_ended for one in filings],
        [one.old_since for one in filings],
        [one.reminded_on for one in filings],
        [one.closes_on for one in filings],
    )


def new_filing_columns(stored: Sequence[StoredCase]) -> tuple[list[Any], ...]:
    """Return all of the filings of these cases: what moves, then case_id, position, slug."""
    placed = [
        (one.case.id, position, filing)
        for one in stored
        for position, filing in enumerate(one.case.filings.values())
    ]
    return (
        *filing_columns([filing for _, _, filing in placed]),
        [case_id for case_id, _, _ in placed],
        [position for _, position, _ in placed],
        [filing.slug for _, _, filing in placed],
    )


def rules_json(rules: Rules) -> str:
    """Return the rules as they are stored, once, in their order."""
    resolved = [
        {
            "id": str(one.id),
            "slug": one.slug,
            "subject": one.subject,
            "ways": [way.value for way in one.ways],
            "basis": one.basis,
            "after": [str(id_) for id_ in one.after],
            "ridesOn": str(one.rides_on) if one.rides_on else None,
            "amendable": one.amendable,
            "withdrawable": one.withdrawable,
            "remindDays": list(one.remind_days),
            **({"gate": _gate_json(one.gate)} if one.gate else {}),
            **({"signer": str(one.signer)} if one.signer else {}),
            **({"area": one.area} if one.area else {}),
        }
        for one in rules.values()
    ]
    return json.dumps({"filings": resolved}, ensure_ascii=False)


def rules_of(stored: Mapping[str, Any]) -> dict[UUID, FilingRules]:
    """Return the rules that were stored."""
    found = (
        FilingRules(
            UUID(one["id"]),
            one["slug"],
            one["subject"],
            tuple(_WAYS[way] for way in one["ways"]),
            one["basis"],
            tuple(map(UUID, one["after"])),
            UUID(one["ridesOn"]) if one["ridesOn"] else None,
            one["amendable"],
            one["withdrawable"],
            _gate_of(one["gate"]) if "gate" in one else None,
            UUID(one["signer"]) if "signer" in one else None,
            tuple(one.get("remindDays", ())),
            one.get("area"),
        )
        for one in stored["filings"]
    )
    return {one.id: one for one in found}


def _gate_json(gate: Gated) -> dict[str, Any]:
    return {
        "name": gate.name,
        "deciders": [str(id_) for id_ in gate.deciders],
        "shut": list(gate.shut),
        "own": str(gate.own) if gate.own else None,
    }


def _gate_of(stored: Mapping[str, Any]) -> Gated:
    return Gated(
        stored["name"],
        tuple(map(UUID, stored["deciders"])),
        tuple(stored["shut"]),
        UUID(stored["own"]) if stored["own"] else None,
    )


def participants_json(participants: Participants) -> str:
    """Return the people of a case as they are stored, in their order."""
    return json.dumps(
        [
            {
                "id": str(one.id),
                "at": one.at,
                "role": one.role,
                "signs": one.signs,
                "person": str(one.person) if one.person else None,
                "seat": one.seat,
                "hasSigned": one.has_signed,
                "choice": one.choice,
            }
            for one in participants.values()
        ],
        ensure_ascii=False,
    )


def participants_of(stored: Sequence[Mapping[str, Any]]) -> dict[UUID, Participant]:
    """Return the people that were stored."""
    found = (
        Participant(
            UUID(one["id"]),
            one["at"],
            one["role"],
            one["signs"],
            UUID(one["person"]) if one["person"] else None,
            one["seat"],
            one["hasSigned"],
            one["choice"],
        )
        for one in stored
    )
    return {one.id: one for one in found}


@dataclass(frozen=True, slots=True)
class Memory:
    """A case as this process saw it last."""

    journal_hash: bytes
    filings: Filings
    rules: Rules


class Known:
    """What this process remembers of the cases it saw last, so that it need not be fetched again.

    The rules of a case never change. Its filings are as they were while its journal ends in the
    same hash: the hash is read under the lock, and nothing but what is journalled moves a filing.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._cases: dict[UUID, Memory] = {}  # the longest unused first

    def recall(self, case_ids: Iterable[UUID]) -> dict[UUID, Memory]:
        """Return what is remembered of these cases."""
        return {case_id: self._cases[case_id] for case_id in case_ids if case_id in self._cases}

    def remember(self, stored: Iterable[StoredCase]) -> None:
        """Take note of cases as they are in the store."""
        for one in stored:
            self._cases.pop(one.case.id, None)
            self._cases[one.case.id] = Memory(one.journal_hash, one.case.filings, one.case.rules)
        while len(self._cases) > self._limit:
            del self._cases[next(iter(self._cases))]
