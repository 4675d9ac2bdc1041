# SPDX-License-Identifier: Apache-2.0
"""What a message says about itself: who sent it, and in the dead-letter queue, why it lies there.

A message gets there in two ways. The broker puts it there, and then `x-death` says why: the broker
always writes it, so a sender's own headers are never asked. Or we put it there, with our headers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID, uuid5

from engine.bus.cargo import events_of
from engine.bus.topology import DELIVERY_LIMIT, REPLIES, organisation_of, own_queue
from engine.core.errors import EngineError
from engine.ports import DeadLetter

_REASON: Final = "todoke-reason"
_WHERE_FROM: Final = "todoke-where-from"
_SENDER: Final = "todoke-sender"
_ATTEMPTS: Final = "todoke-attempts"
_DEATHS: Final = "x-death"
_RETURNS: Final = "x-delivery-count"
_DEAD_LETTERS: Final = UUID("5d1b2f0e-52a4-4e0b-9d0c-0f6a4f3c9a11")


@dataclass(frozen=True, slots=True)
class Message:
    """What the rules below ask of a message of the broker."""

    id: str
    user: str | None  # the broker has compared it with the connection
    exchange: str
    key: str
    media_type: str | None
    headers: Mapping[str, Any]
    body: bytes
    redelivered: bool


def sender_of(message: Message, *, our_user: str | None) -> str | None:
    """Return the organisation that the broker vouches for.

    Its own user; or, when one of us publishes what came over another channel, the routing key.
    """
    if organisation := organisation_of(message.user):
        return organisation
    if our_user is not None and message.user == our_user and message.exchange == REPLIES:
        return message.key
    return None


def attempts_of(message: Message) -> int:
    """Return how often the message has been delivered, this time included."""
    returns = message.headers.get(_RETURNS)
    return returns + 1 if isinstance(returns, int) else 1


def headers_aside(*, reason: str, where_from: str, sender: str | None, attempts: int) -> dict[str, str | int]:
    """Return the headers with which we put a message aside."""
    headers: dict[str, str | int] = {_REASON: reason, _WHERE_FROM: where_from, _ATTEMPTS: attempts}
    return headers if sender is None else {**headers, _SENDER: sender}


def dead_letter(message: Message, token: object, *, our_user: str | None) -> DeadLetter:
    """Return what lies in the dead-letter queue."""
    where_from, sender, reason, attempts = _story(message, our_user)
    digest = hashlib.sha256(message.body).hexdigest()
    return DeadLetter(
        id=uuid5(_DEAD_LETTERS, f"{message.id}/{where_from}/{sender}/{digest}"),
        where_from=where_from,
        sender=sender,
        events=_events(message),
        reason=reason,
        attempts=attempts,
        token=token,
    )


def _story(message: Message, our_user: str | None) -> tuple[str, str | None, str, int]:
    """Return queue, sender, reason and attempts."""
    deaths = message.headers.get(_DEATHS)
    if deaths:
        last = deaths[0]
        died = replace(
            message,
            exchange=str(last.get("exchange", "")),
            key=str(next(iter(last.get("routing-keys", ())), "")),
        )
        reason = str(last.get("reason", "unknown")).replace("_", "-")
        sender = sender_of(died, our_user=our_user)
        # The broker's count of returns ends with the queue; what was dead by its limit had all of them.
        attempts = DELIVERY_LIMIT + 1 if reason == "delivery-limit" else 1
        return own_queue(str(last.get("queue", ""))), sender, reason, attempts
    sender = message.headers.get(_SENDER)
    return (
        str(message.headers.get(_WHERE_FROM, "")),
        None if sender is None else str(sender),
        str(message.headers.get(_REASON, "unknown")),
        int(message.headers.get(_ATTEMPTS, 1)),
    )


def _events(message: Message) -> tuple[bytes, ...]:
    """Return the events, or all of the body if it is no proper message."""
    try:
        return events_of(message.media_type, message.body)
    except EngineError:
        return (message.body,)
