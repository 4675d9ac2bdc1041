# SPDX-License-Identifier: Apache-2.0
"""Makes the orders of a rehearsal: right ones as the engine makes them, and wrong ones on purpose."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import JsonValue

from engine.border.envelope import ENGINE, dataschema, new_traceparent, seal_event
from engine.border.jwk import RecipientKey, thumbprint
from engine.border.names import OrderKind, order_id, reference
from engine.border.payloads import OrderAmend, OrderAnswer, OrderSubmit, OrderWithdraw, Payload, for_another
from engine.border.sealing import Attributes, Sealer
from engine.ports import Clock

_BASIS: Final = "none (rehearsal)"


@dataclass(slots=True)
class Mock:
    """A filing (届出) of somebody who does not exist."""

    reference: str
    slug: str
    fields: Mapping[str, JsonValue]
    attempt: int = 1
    revision: int = 0
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One order as it was sent."""

    id: str
    reference: str
    kind: str
    event: bytes


class Press:
    """Makes orders for one organisation, sealed for the key it has now."""

    def __init__(
        self,
        number: str,
        *,
        references_key: bytes,
        sealer: Sealer,
        other: Sealer,
        clock: Clock,
        principals: Mapping[str, str] | None = None,
    ) -> None:
        """`other` signs with the engine's other key; `principals` entrusted these procedures to an agent."""
        self._principals = principals or {}
        self._number = number
        self._references_key = references_key
        self._sealer = sealer
        self._other = other
        self._clock = clock
        stranger = ec.generate_private_key(ec.SECP256R1())
        self._stranger = Sealer(stranger, kid=thumbprint(stranger.public_key()), source=ENGINE, clock=clock)
        self._nobody = RecipientKey(stranger.public_key())

    def mock(self, slug: str, fields: Mapping[str, JsonValue]) -> Mock:
        """Return a new filing under a new reference."""
        name = reference(self._references_key, organisation=self._number, filing_id=uuid4(), route=0)
        return Mock(name, slug, fields)

    def submit(
        self,
        mock: Mock,
        recipient: RecipientKey,
        *,
        sequence: int | None = None,
        by_other: bool = False,
        at: timedelta = timedelta(),
    ) -> Sent:
        """Return its submission; `at` is how far from now it was written."""
        payload = self._submission(mock)
        sealer = self._other if by_other else self._sealer
        return self._order(mock, payload, "submit", recipient, sequence=sequence, sealer=sealer, at=at)

    def amend(self, mock: Mock, recipient: RecipientKey, *, sequence: int | None = None) -> Sent:
        """Return a correction of one of its fields: there has to be one."""
        mock.revision += 1
        payload = OrderAmend(
            attempt=mock.attempt, revision=mock.revision, fields=_changed(mock.fields), basis=_BASIS
        )
        return self._order(mock, payload, "amend", recipient, sequence=sequence)

    def withdraw(self, mock: Mock, recipient: RecipientKey, *, sequence: int | None = None) -> Sent:
        """Return its withdrawal."""
        mock.revision += 1
        payload = OrderWithdraw(
            attempt=mock.attempt, revision=mock.revision, reason="cancelled", basis=_BASIS
        )
        return self._order(mock, payload, "withdraw", recipient, sequence=sequence)

    def answer(self, mock: Mock, recipient: RecipientKey, question: str, answer: JsonValue) -> Sent:
        """Return the citizen's answer to a question."""
        mock.revision += 1
        return self._order(mock, OrderAnswer(question_id=question, answer=answer), "answer", recipient)

    def wrong(self, name: str, mock: Mock, recipient: RecipientKey) -> Sent:
        """Return a submission that must not be answered, by the name of its check."""
        right = self.submit(mock, recipient)
        said = self._told(mock, self._submission(mock))
        now = self._clock.now().replace(microsecond=0)
        kind = _type_of(right.event)
        attributes = Attributes(right.id, kind, mock.reference, ENGINE, mock.sequence, now)
        wire = said.wire()
        match name:
            case "bad-signature":
                event = json.loads(right.event) | {"data": self._stranger.seal(attributes, wire, recipient)}
            case "wrong-key":
                event = json.loads(right.event) | {"data": self._sealer.seal(attributes, wire, self._nobody)}
            case "altered-header":
                event = json.loads(right.event) | {"sequence": mock.sequence + 1}
            case "unknown-type":
                event = _enveloped(
                    self._sealer, replaced(attributes, "jp.todoke.order.greet.v1"), wire, recipient
                )
            case "unknown-member":
                more = json.dumps(json.loads(wire) | {"greeting": "hello"}).encode()
                event = json.loads(right.event) | {"data": self._sealer.seal(attributes, more, recipient)}
            case _:
                raise LookupError(name)
        return Sent(right.id, right.reference, name, json.dumps(event).encode())

    def _told(self, mock: Mock, order: Payload) -> Payload:
        """Return the order as its receiver gets it: an agent is told for whom."""
        principal = self._principals.get(mock.slug)
        return for_another(order, principal) if principal is not None else order

    def _submission(self, mock: Mock) -> OrderSubmit:
        return OrderSubmit(
            procedure=mock.slug,
            attempt=mock.attempt,
            fields=dict(mock.fields),
            planned=True,
            due_on=(self._clock.now() + timedelta(days=14)).date(),
            basis=_BASIS,
        )

    def _order(
        self,
        mock: Mock,
        payload: Payload,
        kind: OrderKind,
        recipient: RecipientKey,
        *,
        sequence: int | None = None,
        sealer: Sealer | None = None,
        at: timedelta = timedelta(),
    ) -> Sent:
        mock.sequence = mock.sequence + 1 if sequence is None else sequence
        name = order_id(
            self._references_key,
            reference=mock.reference,
            kind=kind,
            attempt=mock.attempt,
            revision=0 if kind == "submit" else mock.revision,
        )
        event = seal_event(
            self._told(mock, payload),
            id=name,
            subject=mock.reference,
            sequence=mock.sequence,
            time=self._clock.now() + at,
            sealer=sealer or self._sealer,
            recipient=recipient,
        )
        return Sent(name, mock.reference, kind, event)


def _type_of(event: bytes) -> str:
    return str(json.loads(event)["type"])


def other_key(secret: bytes, run: UUID) -> ec.EllipticCurvePrivateKey:
    """Return the key that the engine changes to in one run: the same in every process."""
    digest = hmac.digest(secret, b"rehearsal " + run.bytes, "sha256")
    return ec.derive_private_key(int.from_bytes(digest, "big") >> 1, ec.SECP256R1())


def replaced(attributes: Attributes, kind: str) -> Attributes:
    """Return the attributes with another type."""
    one = attributes
    return Attributes(one.id, kind, one.subject, one.source, one.sequence, one.time)


def _enveloped(
    sealer: Sealer, attributes: Attributes, wire: bytes, recipient: RecipientKey
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": attributes.id,
        "source": attributes.source,
        "type": attributes.type,
        "subject": attributes.subject,
        "time": _instant(attributes.time),
        "datacontenttype": "application/jose",
        "dataschema": dataschema(attributes.type),
        "sequence": attributes.sequence,
        "traceparent": new_traceparent(),
        "data": sealer.seal(attributes, wire, recipient),
    }


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _changed(fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return one field with a value that is as good: a day is another day, what cannot be told stays.

    A day by which somebody is known (of birth, of death) is nobody's to move.
    """
    for name, value in fields.items():
        is_known_by = name == "diedOn" or name.lower().endswith("birthdate")
        if not is_known_by and isinstance(value, str) and (day := _day(value)):
            return {name: (day + timedelta(days=1)).isoformat()}
    name = next((name for name in ("phone", "newAddress") if name in fields), next(iter(fields)))
    return {name: fields[name]}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-25") else None
    except ValueError:
        return None
