# SPDX-License-Identifier: Apache-2.0
"""Everybody's signatures, for tests that begin where a case runs: the gate has tests of its own."""

from uuid import UUID, uuid5

from engine.core import messages as m
from engine.core.case import Case


def confirming(case: Case, *, evidence: UUID) -> m.Confirm:
    """Return that the owner signs, in the first seat that is asked to."""
    seat = next(one.id for one in case.participants.values() if one.signs)
    return m.Confirm(case.id, seat, case.owner, evidence)


def following(case: Case, *, evidence: UUID) -> list[m.Message]:
    """Return that everybody else takes a seat and signs, as somebody of their own."""
    said: list[m.Message] = []
    for one in case.participants.values():
        if one.signs and not one.has_signed:
            person = one.person or uuid5(one.id, "person")
            said += [] if one.person else [m.Join(case.id, one.id, person, one.seat)]
            said.append(m.Sign(case.id, one.id, person, evidence))
    return said
