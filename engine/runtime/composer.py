# SPDX-License-Identifier: Apache-2.0
"""From what must be done to what is sent: each order filled with exactly its fields, signed and sealed.

The core says `Submit`; here the fields that the plan agreed to are taken out of the case's sealed
contents, a disclosure is written for each, and the message goes to where its organisation takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, assert_never
from uuid import UUID, uuid5

from engine.border.envelope import seal_event
from engine.border.names import OrderKind, order_id
from engine.border.payloads import (
    OrderAmend,
    OrderAnswer,
    OrderSubmit,
    OrderWithdraw,
    Payload,
    for_another,
)
from engine.border.sealing import Sealer
from engine.core import messages as m
from engine.core.case import Case, Filing
from engine.core.messages import Order
from engine.core.patience import day_in_japan
from engine.core.text import Text
from engine.ports import Changes, Crossing, Disclosure, Documents, Handed, Parcel, PullOrder
from engine.registry.directory import Directory
from engine.registry.model import Channel

# Orders that are filled from the contents of the case.
FILLED: Final = (m.Submit, m.Revise)


@dataclass(frozen=True, slots=True)
class Told:
    """The resolved plan of one case as the orders need it: plain data out of the sealed contents."""

    event_on: str | None
    fields: Mapping[UUID, Mapping[str, Any]]
    due_on: Mapping[UUID, date | None]
    submitted: Mapping[UUID, Mapping[str, Any]]

    @classmethod
    def of(cls, contents: Mapping[str, Any]) -> "Told":
        """Return it from the contents as JSON gives them."""
        plan = contents["plan"]
        entries = {UUID(entry["id"]): entry for entry in plan["entries"]}
        return cls(
            event_on=plan["eventOn"],
            fields={id_: entry["fields"] for id_, entry in entries.items()},
            due_on={id_: _day(entry["due"]["last_day"]) for id_, entry in entries.items()},
            submitted={UUID(id_): said for id_, said in contents.get("submitted", {}).items()},
        )

    def submission(self, filing: UUID, *, attempt: int) -> tuple[Mapping[str, Any], date | None, str | None]:
        """Return fields, last day and day of the event as this attempt says them, whenever it is sent."""
        said = self.submitted.get(filing)
        if said is not None and said["attempt"] == attempt:
            return said["fields"], _day(said["dueOn"]), said["eventOn"]
        return self.fields[filing], self.due_on[filing], self.event_on


def carried(crossing: Crossing, carrier: str) -> list[Crossing]:
    """Return what the records keep of a message: that of its organisation, and that of who carried it."""
    if carrier == crossing.organisation:
        return [crossing]
    return [replace(crossing, through=carrier), replace(crossing, organisation=carrier)]


class Composer:
    """Fills, seals and addresses orders. One for each process."""

    def __init__(self, *, references_key: bytes, sealer: Sealer, documents: Documents) -> None:
        self._references_key = references_key
        self._sealer = sealer
        self._documents = documents

    def compose(
        self,
        order: Order,
        case: Case,
        *,
        told: Told | None,
        directory: Directory,
        now: datetime,
        ordered_at: datetime,
        changes: Changes,
        is_handed: bool = False,
    ) -> None:
        """Add to the changes what the order makes necessary.

        Who takes the organisation's orders now gets it. `is_handed` says that not only the organisation
        itself was given orders of the filing: then it is kept who gets this one.
        `ordered_at` is when the order was first given: one that is repeated says what it said then.

        Raises:
            EngineError: `no-recipient-key`, `no-such-organisation`: the organisation cannot be told.
        """
        filing = case.filings[order.filing]
        if isinstance(order, m.Deliver):
            self._deliver(order, case, filing, directory=directory, now=now, changes=changes)
            return
        if isinstance(order, m.Notify):
            changes.parcels.append(self._documents.notice(_notice(order, case, filing, now)))
            return
        if isinstance(order, m.Repeat):
            raise TypeError("a repetition is resolved before it is composed")
        payload, kind, revision, fields = self._payload(order, case, told, ordered_at)
        if filing.reference is None or filing.organisation is None:
            raise TypeError(f"{filing.slug} was never meant for an organisation")
        name = order_id(
            self._references_key,
            reference=filing.reference,
            kind=kind,
            attempt=order.attempt,
            revision=revision,
        )
        taker = directory.taker(filing.organisation, (filing.slug, case.rules[filing.id].area))
        event = seal_event(
            for_another(payload, filing.organisation) if taker.is_agent else payload,
            id=name,
            subject=filing.reference,
            sequence=order.sequence,
            time=now,
            sealer=self._sealer,
            recipient=directory.recipient_key(taker.number),
        )
        self._address(name, event, filing, taker=taker.number, directory=directory, changes=changes)
        is_other = taker.number != filing.organisation
        if is_other or is_handed:
            changes.handed.append(Handed(name, taker.number, filing.id, now))
        due_on = payload.due_on if isinstance(payload, OrderSubmit) else None
        crossing = Crossing(
            filing.organisation, name, kind, filing.reference, name, due_on, now.replace(microsecond=0)
        )
        changes.crossings += carried(crossing, taker.number)
        if kind == "withdraw":
            for number in {filing.organisation, taker.number}:
                changes.recalled += self._overtaken(number, filing.reference, order.attempt, revision)
        basis = case.rules[filing.id].basis
        changes.disclosures += [
            Disclosure(name, field, case.id, filing.id, filing.organisation, basis, now) for field in fields
        ]

    def _payload(
        self,
        order: m.Submit | m.Revise | m.Withdraw | m.GiveAnswer,
        case: Case,
        told: Told | None,
        ordered_at: datetime,
    ) -> tuple[Payload, OrderKind, int, tuple[str, ...]]:
        """Return the content, the kind, the revision, and the names of the fields that are told."""
        rules = case.rules[order.filing]
        match order:
            case m.Submit():
                assert told is not None  # noqa: S101 - the processor loads contents for FILLED orders
                fields, due_on, event_on = told.submission(order.filing, attempt=order.attempt)
                payload = OrderSubmit(
                    procedure=rules.slug,
                    attempt=order.attempt,
                    fields=dict(fields),
                    planned=event_on is not None and event_on > day_in_japan(ordered_at).isoformat(),
                    due_on=due_on,
                    basis=rules.basis,
                )
                return payload, "submit", 0, tuple(fields)
            case m.Revise():
                assert told is not None  # noqa: S101 - as above
                known = told.fields[order.filing]
                changed = {name: known.get(name) for name in order.fields}
                amend = OrderAmend(
                    attempt=order.attempt, revision=order.revision, fields=changed, basis=rules.basis
                )
                return amend, "amend", order.revision, order.fields
            case m.Withdraw():
                withdraw = OrderWithdraw(
                    attempt=order.attempt, revision=order.revision, reason=order.reason, basis=rules.basis
                )
                return withdraw, "withdraw", order.revision, ()
            case m.GiveAnswer():
                answer = OrderAnswer(question_id=order.question, answer=order.answer)
                return answer, "answer", order.revision, (f"answer:{order.question}",)
            case _:
                assert_never(order)

    def _overtaken(
        self, organisation: str, reference: str, attempt: int, revision: int
    ) -> list[tuple[str, str]]:
        """Return the orders that a withdrawal overtakes: who has not taken them never sees them."""
        made: list[tuple[OrderKind, int, int]] = [("submit", one, 0) for one in range(1, attempt + 1)]
        made += [(kind, attempt, one) for kind in ("amend", "answer") for one in range(1, revision + 1)]
        return [
            (
                organisation,
                order_id(self._references_key, reference=reference, kind=kind, attempt=of, revision=number),
            )
            for kind, of, number in made
        ]

    def _address(
        self,
        name: str,
        event: bytes,
        filing: Filing,
        *,
        taker: str,
        directory: Directory,
        changes: Changes,
    ) -> None:
        principal = filing.organisation if filing.organisation != taker else None
        match directory.channel(taker):
            case Channel.PULL | Channel.WEBHOOK | Channel.FILE:
                changes.pull_orders.append(PullOrder(taker, name, filing.due_on, event, principal))
            case Channel.AMQP:
                changes.parcels.append(Parcel(name, f"orders.{taker}", event, principal))

    def _deliver(
        self,
        order: m.Deliver,
        case: Case,
        filing: Filing,
        *,
        directory: Directory,
        now: datetime,
        changes: Changes,
    ) -> None:
        document = order.document
        number = filing.organisation or ""
        taker = directory.taker(number, (filing.slug, case.rules[filing.id].area))
        known = directory.name_through(number, taker.number if taker.is_agent else None)
        parcel = self._documents.parcel(
            {
                "order_id": order.order_id,
                "document_id": document.document_id,
                "owner": case.owner,
                "case_id": case.id,
                "filing": filing.slug,
                "organisation": number,
                "organisation_name": known or Text(ja=number, en=number),
                "title": dict(document.title),
                "kind": document.kind,
                "media_type": document.media_type,
                "size_bytes": document.size_bytes,
                "sha256": document.sha256,
                "blob": document.blob,
                "key_wrapped": document.key_wrapped,
                "received_at": now,
            }
        )
        changes.parcels.append(parcel)
        changes.promised_blobs.append(document.blob)


def _notice(order: m.Notify, case: Case, filing: Filing, now: datetime) -> dict[str, object]:
    """Return a reminder as the post takes it; its id makes the same reminder the same notice."""
    return {
        "id": uuid5(order.filing, f"reminder/{order.last_day.isoformat()}/{order.days}"),
        "owner": case.owner,
        "case_id": case.id,
        "filing": order.filing,
        "slug": filing.slug,
        "kind": "reminder",
        "due_on": order.last_day,
        "at": now,
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
