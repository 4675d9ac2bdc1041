# SPDX-License-Identifier: Apache-2.0
"""What the people of a case do in it: take their seats, sign, decide; and what waits for a decision."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final, assert_never
from uuid import UUID

from engine.core import messages as m
from engine.core.case import Case, Gated, Participant
from engine.core.errors import Code, EngineError, register
from engine.core.lifecycle import CaseState, FilingState

register(
    {
        "not-your-signature": Code(
            403,
            "この案件では署名を求められていません",
            "This person's signature is not asked for in this case",
        ),
        "already-signed": Code(409, "すでに署名されています", "This is already signed"),
        "already-taken-seat": Code(
            409, "この招待はすでに使われています", "Somebody has come on this invitation already"
        ),
        "stale-invitation": Code(409, "この招待は取り消されています", "This invitation was taken back"),
        "no-such-participant": Code(404, "この当事者はいません", "There is no such participant"),
        "no-such-decision": Code(
            404, "この当事者に求められている判断はありません", "Nothing has to be decided by this participant"
        ),
        "special-representative-needed": Code(
            409,
            "代理人と本人の利益が相反するため、家庭裁判所が選任する特別代理人が必要です（民法826条、860条）",
            "The interests conflict: the family court has to appoint a special representative"
            " (Civil Code, art. 826, 860)",
        ),
        "already-decided": Code(
            409,
            "この判断を待っていた手続がすでに進んでいるため、変更できません",
            "What waited for the decision has gone on; it can no longer be changed",
        ),
    }
)

Said = m.Sign | m.Join | m.Unseat | m.Decide
Event = m.CaseSigned | m.ParticipantJoined | m.ParticipantUnseated | m.ParticipantDecided
_OPEN: Final = frozenset({CaseState.DRAFT, CaseState.CONFIRMED, CaseState.RUNNING})


def decided(case: Case, message: Said, today: date) -> Event:
    """Return what a participant's act is; raise if it cannot be."""
    participant = case.participants.get(message.participant)
    if participant is None:
        raise EngineError("no-such-participant")
    if case.state not in _OPEN:
        raise EngineError("illegal-move", lifecycle="case", state=case.state.value, trigger="take part")
    match message:
        case m.Sign():
            return _signed(case, participant, message)
        case m.Join():
            return _joined(participant, message)
        case m.Unseat():
            return _unseated(participant)
        case m.Decide():
            return _chosen(case, participant, message, today)
        case _:
            assert_never(message)


def evolved(participant: Participant, event: Event) -> Participant:
    """Return the participant after the event."""
    match event:
        case m.CaseSigned():
            return replace(participant, person=event.person, has_signed=True)
        case m.ParticipantJoined():
            return replace(participant, person=event.person)
        case m.ParticipantUnseated():
            return replace(participant, person=None, seat=event.seat)
        case m.ParticipantDecided():
            return replace(participant, person=event.person, choice=event.choice)
        case _:
            assert_never(event)


def is_open(case: Case, gated: Gated, closes_on: date | None, today: date) -> bool:
    """Say whether what waits at the gate may go on: all have decided, or the day has passed."""
    choices = [case.participants[one].choice for one in gated.deciders]
    return (closes_on is not None and today > closes_on) or all(choices)


def is_shut(case: Case, gated: Gated) -> bool:
    """Say whether nobody is left to file it: the one it is about, or everybody, takes no part."""
    asked = (gated.own,) if gated.own is not None else gated.deciders
    return bool(asked) and all(case.participants[one].choice in gated.shut for one in asked)


def awaits_new_certificate(case: Case, rules: Mapping[str, Any]) -> bool:
    """Say whether the case itself has revoked the owner's signing certificate, and none is there yet."""
    states: dict[str, set[FilingState]] = {}
    for filing in case.filings.values():
        states.setdefault(filing.slug, set()).add(filing.state)
    revoked = any(FilingState.COMPLETED in states.get(slug, ()) for slug in rules.get("revokes", ()))
    renewed = any(FilingState.COMPLETED in states.get(slug, ()) for slug in rules.get("renews", ()))
    return revoked and not renewed


def has_authority(case: Case, signer: UUID | None) -> bool:
    """Say whether the one who has to sign a filing has: by a signature of one's own, or a decision."""
    if signer is None:
        return True
    one = case.participants[signer]
    return one.has_signed or one.choice is not None


def check_signature(case: Case, participant: Participant, person: UUID, *, is_first: bool = False) -> None:
    """Return if the person may sign in this seat now: to be asked before anybody is.

    Raises:
        EngineError: `already-closed`, `not-your-signature`, `already-signed`, `illegal-move`.
    """
    if case.has_ended:
        raise EngineError("already-closed")
    # The owner needs no invitation; everybody else signs in the seat that they have taken.
    expected = case.owner if is_first else participant.person
    if not participant.signs or person != expected:
        raise EngineError("not-your-signature")
    if participant.has_signed:
        raise EngineError("already-signed")
    if is_first is not (case.state is CaseState.DRAFT):  # the owner first, then everybody else
        trigger = "confirm" if is_first else "sign"
        raise EngineError("illegal-move", lifecycle="case", state=case.state.value, trigger=trigger)


def check_decision(case: Case, participant: Participant, person: UUID, today: date) -> None:
    """Return if the person may decide in this seat today: to be asked before anybody signs.

    Raises:
        EngineError: `already-closed`, `no-such-decision`, `already-decided`.
    """
    if case.has_ended:
        raise EngineError("already-closed")
    gates = [
        (rules.gate, case.filings[rules.id].closes_on)
        for rules in case.rules.values()
        if rules.gate is not None and participant.id in rules.gate.deciders
    ]
    if not gates or participant.person not in {None, person}:
        raise EngineError("no-such-decision")
    if any(is_open(case, gate, closes_on, today) for gate, closes_on in gates):
        raise EngineError("already-decided")


def check_conflict(case: Case, participant: Participant, acting: Collection[UUID]) -> None:
    """Return if none of `acting` decides elsewhere too what this participant is asked to decide.

    Whoever decides in two seats acts for somebody in one of them, and stands on both sides. One that has
    chosen to take no part has no side any more (Supreme Court, 24 February 1978).

    Raises:
        EngineError: `special-representative-needed` (Civil Code, art. 826, 860).
    """
    for rules in case.rules.values():
        gate = rules.gate
        if gate is None or participant.id not in gate.deciders:
            continue
        others = [case.participants[one] for one in gate.deciders if one != participant.id]
        if any(one.person in acting and one.choice not in gate.shut for one in others):
            raise EngineError("special-representative-needed")


def _signed(case: Case, participant: Participant, message: m.Sign) -> Event:
    check_signature(case, participant, message.person, is_first=isinstance(message, m.Confirm))
    return m.CaseSigned(
        participant=participant.id,
        person=message.person,
        evidence=message.evidence,
        acknowledged=message.acknowledged,
    )


def _joined(participant: Participant, message: m.Join) -> Event:
    if message.seat != participant.seat:
        raise EngineError("stale-invitation")
    if participant.person is not None:
        raise EngineError("already-taken-seat")
    return m.ParticipantJoined(participant=participant.id, person=message.person)


def _unseated(participant: Participant) -> Event:
    if participant.has_signed:
        raise EngineError("already-signed")
    if participant.choice is not None:
        raise EngineError("already-decided")
    return m.ParticipantUnseated(participant=participant.id, seat=participant.seat + 1)


def _chosen(case: Case, participant: Participant, message: m.Decide, today: date) -> Event:
    check_decision(case, participant, message.person, today)
    return m.ParticipantDecided(
        participant=participant.id, person=message.person, choice=message.choice, evidence=message.evidence
    )
