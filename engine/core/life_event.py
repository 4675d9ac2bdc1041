# SPDX-License-Identifier: Apache-2.0
"""A life event (ライフイベント): its procedures with all that they need, checked when it is loaded."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter

from engine.core.deadline_rules import Anytime, EarliestOf, Rule, Soft, Within
from engine.core.declaration import (
    CONNECTED_WAYS,
    FactField,
    Gate,
    Guard,
    Kind,
    MisdeclaredEvent,
    Procedure,
    Signatory,
)
from engine.core.errors import Problem
from engine.core.lifecycle import Way
from engine.core.text import Text

F = TypeVar("F", bound=BaseModel)

# My Number (個人番号) and the resident record code (住民票コード) are in nobody's facts: 番号法19条,
# 住民基本台帳法30条の37.
_NEVER_TOLD: Final = ("mynumber", "individualnumber", "residentrecordcode")


@dataclass(frozen=True, kw_only=True)
class LifeEvent(Generic[F]):
    """One life event: its facts, the fields made of them, its procedures.

    `dates` are the days that deadlines run from, the day of the event first; `dates_of` are those that
    a subject has of its own, as each heir has the day they learned of it; `redated` returns the
    facts with another day of the event. `doubts` says what is wrong with facts on the day they are
    told, which the facts alone cannot know. `date_names` are the names that `dates` may have: those
    of the facts' own members where none are given. `signatories` are all who have to sign; where there
    is none, the one who opened the case does. With the procedures in `revokes` the signing certificate
    of the one who opened the case ends (公的個人認証法12条), with those in `renews` there is a new one.
    `holder` is whose predecessors a subject waits for that
    has none of its own: an account, for the new name of who holds it. `about` are the words by which two
    people who tell of the same mean the same, so that it is told once; None where everybody tells their own.
    `deceased` is who has died, which is settled once one of `notices` is completed.

    Raises:
        MisdeclaredEvent: a slug twice, an unknown field, predecessor or date, a circle, a field that
            its receiver may not get.
    """

    slug: str
    title: Text
    facts: type[F]
    fields: tuple[FactField[F], ...]
    dates: Callable[[F], Mapping[str, date]]
    redated: Callable[[F, date], F]
    procedures: tuple[Procedure[F], ...]
    dates_of: Callable[[F, str], Mapping[str, date]] = field(default=lambda _facts, _subject: {})
    doubts: Callable[[F, date], tuple[Problem, ...]] = field(default=lambda _facts, _today: ())
    guards: tuple[Guard[F], ...] = ()
    gates: tuple[Gate[F], ...] = ()
    signatories: Callable[[F], tuple[Signatory, ...]] = field(default=lambda _: ())
    holder: Callable[[F, str], str] = field(default=lambda _facts, subject: subject)
    revokes: tuple[str, ...] = ()
    renews: tuple[str, ...] = ()
    date_names: frozenset[str] | None = None
    about: Callable[[F], str | None] = field(default=lambda _: None)
    deceased: Callable[[F], tuple[str, str, date] | None] = field(default=lambda _: None)
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @cached_property
    def known_fields(self) -> Mapping[str, FactField[F]]:
        """The fields by their names."""
        return {one.name: one for one in self.fields}

    @cached_property
    def rules(self) -> dict[str, Any]:
        """Return the declaration as plain data: what is stored, hashed, served and reviewed."""
        return {
            "event": self.slug,
            "title": self.title.model_dump(),
            "guards": {one.name: one.text.model_dump() for one in self.guards},
            "revokes": list(self.revokes),
            "renews": list(self.renews),
            "gates": {one.name: _gate_declared(one) for one in self.gates},
            "procedures": [_declared(one, self.known_fields) for one in self.procedures],
        }

    @cached_property
    def catalogue(self) -> str:
        """Return the hash under which these rules are stored: equal rules, equal hash."""
        return hashlib.sha256(canonical(self.rules)).hexdigest()


def canonical(rules: Mapping[str, Any]) -> bytes:
    """Return rules as the bytes that are hashed: names in order, nothing between them, UTF-8."""
    return json.dumps(rules, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def in_order(procedures: list[Procedure[F]]) -> list[Procedure[F]]:
    """Return the procedures with every predecessor before its successors, else as declared."""
    placed: dict[str, Procedure[F]] = {}
    waiting = list(procedures)
    slugs = {one.slug for one in procedures}
    while waiting:
        for one in waiting:
            before = {*one.after, *one.hosts} & slugs
            if before <= placed.keys():
                placed[one.slug] = one
                waiting.remove(one)
                break
        else:
            raise MisdeclaredEvent(f"these wait for each other: {[one.slug for one in waiting]}")
    return list(placed.values())


def _check(event: LifeEvent[F]) -> None:
    slugs = [one.slug for one in event.procedures]
    if len(set(slugs)) != len(slugs):
        raise MisdeclaredEvent(f"{event.slug}: a slug is there twice")
    if len(event.known_fields) != len(event.fields):
        raise MisdeclaredEvent(f"{event.slug}: a field is there twice")
    for name in event.known_fields:
        if any(never in name.lower() for never in _NEVER_TOLD):
            raise MisdeclaredEvent(f"{event.slug}: nobody is told {name}")
    for one in event.procedures:
        _check_needs(one, event.known_fields)
        _check_order(one, frozenset(slugs))
        _check_dates(one, event)
    _check_guards(event)
    _check_gates(event)
    in_order(list(event.procedures))


def _check_needs(one: Procedure[F], fields: Mapping[str, FactField[F]]) -> None:
    if strange := set(one.needs) - fields.keys():
        raise MisdeclaredEvent(f"{one.slug}: unknown fields {sorted(strange)}")
    if len({fields[name].wire_name for name in one.needs}) != len(one.needs):
        raise MisdeclaredEvent(f"{one.slug}: two fields would be told under one name")
    for name in one.needs:
        allowed = fields[name].only_for
        if allowed is not None and one.receiver.kind not in allowed:
            raise MisdeclaredEvent(f"{one.slug}: {one.receiver.kind} may not get {name}")


def _check_order(one: Procedure[F], slugs: frozenset[str]) -> None:
    if strange := {*one.after, *one.hosts} - slugs:
        raise MisdeclaredEvent(f"{one.slug}: unknown procedures {sorted(strange)}")
    if not one.ways or one.ways[-1] in CONNECTED_WAYS or (one.ways[-1] is Way.AUTOMATIC and one.hosts):
        raise MisdeclaredEvent(f"{one.slug}: its last way must be possible for everybody")
    if one.kind is Kind.NO_OP and (one.needs or one.ways != (Way.AUTOMATIC,)):
        raise MisdeclaredEvent(f"{one.slug}: where nothing is to do, nobody is told anything")
    if one.receiver.find is None and one.receiver.each is None:
        raise MisdeclaredEvent(f"{one.slug}: its receiver cannot be found")


def _check_dates(one: Procedure[F], event: LifeEvent[F]) -> None:
    known = event.date_names
    if known is None:
        known = frozenset({*event.facts.model_fields, *(name for name in dir(event.facts) if name[0] != "_")})
    rules = (one.deadline, *(each.deadline for each in one.instead))
    named = {*(day for rule in rules for day in _days_of(rule)), *((one.opens,) if one.opens else ())}
    if strange := named - known:
        raise MisdeclaredEvent(f"{one.slug}: unknown dates {sorted(strange)}")


def _days_of(rule: Rule) -> Iterator[str]:
    match rule:
        case EarliestOf():
            for each in rule.rules:
                yield from _days_of(each)
        case Soft() | Anytime():
            return
        case Within(not_before=day) if day is not None:
            yield from (rule.of.name, day.name)
        case _:
            yield rule.of.name


def _check_gates(event: LifeEvent[F]) -> None:
    names = {gate.name for gate in event.gates}
    if len(names) != len(event.gates):
        raise MisdeclaredEvent(f"{event.slug}: a gate has no name of its own")
    for one in event.procedures:
        if one.gate is not None and one.gate not in names:
            raise MisdeclaredEvent(f"{one.slug}: unknown gate {one.gate}")


def _check_guards(event: LifeEvent[F]) -> None:
    names = [guard.name for guard in event.guards]
    if not all(names) or len(set(names)) != len(names):
        raise MisdeclaredEvent(f"{event.slug}: a guard has no name of its own")
    for guard in event.guards:
        for one in event.procedures:
            if not guard.lets(one.ways[-1], one):
                raise MisdeclaredEvent(f"{guard.name}: it leaves no way for {one.slug}")


_RULE: Final[TypeAdapter[Rule]] = TypeAdapter(Rule)


def _gate_declared(gate: Gate[F]) -> dict[str, Any]:
    choices = {one.slug: {**one.title.model_dump(), "takesPart": one.takes_part} for one in gate.choices}
    return {"text": gate.text.model_dump(), "closes": gate.closes, "choices": choices}


def _declared(one: Procedure[F], fields: Mapping[str, FactField[F]]) -> dict[str, Any]:
    def words(text: Text | None) -> dict[str, str] | None:
        return text.model_dump() if text else None

    return {
        "slug": one.slug,
        "title": one.title.model_dump(),
        "kind": one.kind.value,
        "receiver": one.receiver.kind,
        "ways": [way.value for way in one.ways],
        "needs": {fields[name].wire_name: fields[name].label.model_dump() for name in one.needs},
        "applies": one.applies.text.model_dump(),
        "deadline": _RULE.dump_python(one.deadline, mode="json", by_alias=True),
        "instead": [
            {
                "if": each.text.model_dump(),
                "deadline": _RULE.dump_python(each.deadline, mode="json", by_alias=True),
            }
            for each in one.instead
        ],
        "basis": one.basis,
        "inForce": one.in_force.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "grade": one.grade.value,
        "after": list(one.after),
        "ridesOn": list(one.hosts),
        "opens": one.opens,
        "gate": one.gate,
        "amendable": one.amendable,
        "withdrawable": one.withdrawable,
        "who": words(one.who),
        "bring": [text.model_dump() for text in one.bring],
        "steps": [text.model_dump() for text in one.steps],
        "ifLate": words(one.if_late),
        "documents": list(one.documents),
        "sameAs": list(one.same_as),
        "myNumber": words(one.my_number),
    }
