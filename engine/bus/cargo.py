# SPDX-License-Identifier: Apache-2.0
"""How parcels become messages and messages deliveries, the same for every bus."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.border.envelope import BATCH_MEDIA_TYPE, EVENT_MEDIA_TYPE, MAX_BATCH_BYTES, packed, unpacked
from engine.bus.topology import Route, queue_of, route
from engine.core.errors import EngineError
from engine.ports import Delivery, Parcel

_BRACKETS: Final = 2


def queues_of(parcels: Sequence[Parcel]) -> list[str]:
    """Return the queue of each parcel, or refuse all.

    Raises:
        BusUnavailable: one has no queue.
        EngineError: `seal-too-large`, one is more than a message may hold.
    """
    for parcel in parcels:
        if len(parcel.body) + _BRACKETS > MAX_BATCH_BYTES:
            raise EngineError("seal-too-large", size_bytes=len(parcel.body), most=MAX_BATCH_BYTES)
    return [queue_of(parcel) for parcel in parcels]


# --- messages on a broker -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """One message on its way: parcels for one destination (and from one organisation) in one body."""

    route: Route
    media_type: str | None
    body: bytes


def loads(parcels: Sequence[Parcel]) -> list[Load]:
    """Return the parcels in as few messages as the bounds allow; their order per queue is kept.

    Raises:
        BusUnavailable: one has no queue.
        EngineError: `seal-too-large`.
    """
    queues_of(parcels)
    together: dict[Route, list[bytes]] = {}
    for parcel in parcels:
        together.setdefault(route(parcel), []).append(parcel.body)
    return [load for way, bodies in together.items() for load in _loads(way, bodies)]


def _loads(way: Route, bodies: Sequence[bytes]) -> Iterator[Load]:
    if len(bodies) == 1:
        yield Load(way, EVENT_MEDIA_TYPE, bodies[0])
        return
    for body in packed(bodies):
        yield Load(way, BATCH_MEDIA_TYPE, body)


def events_of(media_type: str | None, body: bytes) -> tuple[bytes, ...]:
    """Return the events in a message; they are not yet looked at.

    Raises:
        EngineError: `malformed-envelope`, `seal-too-large`: it is no such message.
    """
    if media_type == BATCH_MEDIA_TYPE:
        return unpacked(body)
    if media_type != EVENT_MEDIA_TYPE:
        raise EngineError("malformed-envelope", pointer="/contentType")
    if len(body) > MAX_BATCH_BYTES:
        raise EngineError("seal-too-large", size_bytes=len(body), most=MAX_BATCH_BYTES)
    return (body,)


# --- rows of a queue that keeps each parcel by itself -------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One parcel in a queue; `attempts` counts the deliveries, this one included."""

    id: int
    organisation: str | None
    body: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class RowToken:
    """Which rows of which queue a delivery holds."""

    queue: str
    rows: tuple[Row, ...]


def grouped(queue: str, rows: Sequence[Row]) -> list[Delivery]:
    """Return the rows as deliveries: those from one sender together, a redelivered row alone.

    Alone, because a row that came back may be the one that does harm.
    """
    groups: dict[tuple[str | None, int], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        groups.setdefault((row.organisation, row.id if row.attempts > 1 else 0), []).append(row)
    return [_delivery(queue, tuple(group)) for group in groups.values()]


def rows_of(delivery: Delivery) -> RowToken:
    """Return what a delivery made here holds."""
    if not isinstance(delivery.token, RowToken):
        raise TypeError("the delivery came from another bus")
    return delivery.token


def _delivery(queue: str, rows: tuple[Row, ...]) -> Delivery:
    return Delivery(
        id=str(rows[0].id),
        events=tuple(row.body for row in rows),
        sender=rows[0].organisation,
        redelivered=rows[0].attempts > 1,
        token=RowToken(queue, rows),
    )
