# SPDX-License-Identifier: Apache-2.0
"""What people sign in a case: who is told what, and in which seat somebody signs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import UUID

from engine.border.canonical import canonical_json
from engine.border.names import person_mark
from engine.core.case import Participant
from engine.core.declaration import Signatory
from engine.core.errors import Code, EngineError, Problem, register
from engine.core.lifecycle import Way
from engine.core.plan import Entry, Plan, concerned
from engine.identity.attributes import Attributes
from engine.identity.comparison import Told, differences, is_same_person
from engine.identity.mandate import Digest, Recipient

register(
    {
        "stale-mandate": Code(
            409,
            "同意の内容が現在の手続計画と一致しません。もう一度内容を確認してください",
            "The mandate does not say what the plan now says; read and sign it again",
        ),
        "signer-not-in-facts": Code(
            409,
            "署名した方の氏名・生年月日が、署名を求められている当事者と一致しません",
            "Name and birth date of the signer are not those of anybody whose signature is asked for",
        ),
        "facts-differ-from-certificate": Code(
            409,
            "申請事項と電子証明書の記載が異なります。内容を確かめ、正しければその旨を添えてもう一度署名してください",
            "The facts differ from the certificate: look at each place, and sign again saying so",
        ),
    }
)


def recipients(plan: Plan, rules: Mapping[str, Any]) -> tuple[Recipient, ...]:
    """Return who receives what, as the mandate of the one who opened the case says it."""
    told = {entry.id: tuple(entry.fields) if entry.organisation else () for entry in plan.entries}
    return _recipients(plan.entries, told, rules)


def recipients_of(plan: Plan, rules: Mapping[str, Any], filings: Collection[UUID]) -> tuple[Recipient, ...]:
    """Return who receives what by some filings."""
    told = {entry.id: tuple(entry.fields) for entry in plan.entries if entry.id in filings}
    return _recipients([entry for entry in plan.entries if entry.id in filings], told, rules)


def digests(
    plan: Plan, rules: Mapping[str, Any], filings: Collection[UUID] | None = None
) -> tuple[Digest, ...]:
    """Return what is signed of each signed application: its contents, so that no other can be said to be."""
    titles = {one["slug"]: one["title"]["ja"] for one in rules["procedures"]}
    return tuple(
        Digest(
            procedure=titles[entry.slug],
            sha256=sha256(canonical_json({"subject": entry.subject, "fields": entry.fields})).hexdigest(),
        )
        for entry in plan.entries
        if entry.way is Way.SIGNED and (filings is None or entry.id in filings)
    )


def recipients_for(plan: Plan, rules: Mapping[str, Any], signatory: Signatory) -> tuple[Recipient, ...]:
    """Return who receives what of one person; nothing about anybody else."""
    told = concerned(plan, signatory)
    return _recipients([entry for entry in plan.entries if entry.id in told], told, rules)


def gated(plan: Plan, rules: Mapping[str, Any], participant: UUID) -> tuple[Recipient, ...]:
    """Return who is told what once this participant and the others have decided."""
    entries = [entry for entry in plan.entries if entry.gate and participant in entry.gate.deciders]
    told = {entry.id: tuple(entry.fields) if entry.organisation else () for entry in entries}
    return _recipients(entries, told, rules)


def _recipients(
    entries: Iterable[Entry], told: Mapping[UUID, Collection[str]], rules: Mapping[str, Any]
) -> tuple[Recipient, ...]:
    """Return one line for each receiver."""
    titles = {one["slug"]: one["title"]["ja"] for one in rules["procedures"]}
    labels = {one["slug"]: one["needs"] for one in rules["procedures"]}
    ordered = sorted(entries, key=lambda e: (e.organisation or "", e.receiver.ja))
    found = []
    for (organisation, name), group in groupby(ordered, key=lambda e: (e.organisation, e.receiver.ja)):
        some = list(group)
        fields = {labels[entry.slug][field]["ja"] for entry in some for field in told[entry.id]}
        found.append(
            Recipient(
                organisation=organisation,
                name=name,
                procedures=tuple(titles[entry.slug] for entry in some),
                fields=tuple(sorted(fields)),
                purpose=rules["title"]["ja"],
            )
        )
    return tuple(found)


class SeatFinder:
    """Finds the seat of whoever signed among some, by the certificate; the gate shows it the attributes.

    `acknowledged` are the pointers of differences that the signer stands by.
    """

    def __init__(self, plan: Plan, seats: Sequence[Participant], *, acknowledged: Collection[str]) -> None:
        self._people = {one.at: one for one in plan.signatories}
        self._seats = seats
        self._acknowledged = acknowledged
        self._found: UUID | None = None

    def __call__(self, attributes: Attributes) -> None:
        """Find the seat.

        Raises:
            EngineError: `signer-not-in-facts`; `facts-differ-from-certificate`, with a pointer to each
                place that the signer has not acknowledged yet.
        """
        for seat in self._seats:
            person = self._people.get(seat.at)
            if person is None:  # the event names nobody: whoever opened the case signs
                self._found = seat.id
                return
            told = Told(person.family, person.given, person.birth_date, person.address)
            if is_same_person(attributes, told):
                self._ask(person, attributes, told)
                self._found = seat.id
                return
        raise EngineError(
            "signer-not-in-facts",
            problems=tuple(Problem(seat.at, "differs-from-certificate") for seat in self._seats),
        )

    @property
    def seat(self) -> UUID:
        """The participant that was found; only after the gate has shown the attributes."""
        if self._found is None:
            raise EngineError("signer-not-in-facts")
        return self._found

    def _ask(self, person: Signatory, attributes: Attributes, told: Told) -> None:
        places = {
            "name": f"{person.at}/name",
            "birthDate": f"{person.at}/birthDate",
            "address": person.address_at or person.at,
        }
        problems = tuple(
            Problem(places[what], code)
            for what, code in differences(attributes, told)
            if places[what] not in self._acknowledged
        )
        if problems:
            raise EngineError("facts-differ-from-certificate", problems=problems)


class MarkFinder:
    """Finds the seat of the person in whose place somebody signs, by name and birth date as they were seen.

    Whose certificate signed is the gate's to know; what the facts say has to be of the person who was
    identified, and of nobody else. `otherwise` looks where the facts name the signer as who acts there.
    """

    def __init__(
        self,
        plan: Plan,
        seats: Sequence[Participant],
        *,
        mark: str,
        key: bytes,
        otherwise: SeatFinder | None = None,
    ) -> None:
        self._people = {one.at: one for one in plan.signatories}
        self._seats = seats
        self._mark = mark
        self._key = key
        self._otherwise = otherwise

    def __call__(self, attributes: Attributes) -> None:
        """Return if there is one; raises `signer-not-in-facts`."""
        if self._found is None and self._otherwise is not None:
            self._otherwise(attributes)
        _ = self.seat

    @property
    def seat(self) -> UUID:
        """The participant that was found; raises `signer-not-in-facts`."""
        if self._found is not None:
            return self._found
        if self._otherwise is not None:
            return self._otherwise.seat
        raise EngineError(
            "signer-not-in-facts",
            problems=tuple(Problem(seat.at, "differs-from-document") for seat in self._seats),
        )

    @property
    def _found(self) -> UUID | None:
        for seat in self._seats:
            person = self._people.get(seat.at)
            if person is None or self._is_meant(person):
                return seat.id
        return None

    def _is_meant(self, person: Signatory) -> bool:
        """Say whether the facts name the person who was identified."""
        told = person_mark(self._key, family=person.family, given=person.given, birth_date=person.birth_date)
        return told == self._mark
