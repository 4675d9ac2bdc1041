# SPDX-License-Identifier: Apache-2.0
"""Which queues there are, what they are called on the broker, and under which policies they live.

Only data and names: `admin.py` declares it, once, for `migrate`; everybody else finds it there.
The names inside Todoke (`letters`, `replies.3`) are the same whichever bus carries the parcels.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.ports import BusUnavailable, Parcel

PARTITIONS: Final = 8
DELIVERY_LIMIT: Final = 10  # what was given back more often than this is parked: 11 deliveries
OUTSTANDING_ORDERS: Final = 1_000

ORDERS: Final = "todoke.orders"
REPLIES: Final = "todoke.replies"
DEAD: Final = "todoke.dead"
_DEFAULT_EXCHANGE: Final = ""

_NUMBER: Final = "[0-9]{13}"
_OWN_QUEUES: Final = {"letters": "todoke.letters"}
_QUEUE: Final = re.compile(rf"letters|replies\.[0-{PARTITIONS - 1}]|orders\.{_NUMBER}")
_USER: Final = re.compile(rf"org-({_NUMBER})")


def reply_queue(organisation: str) -> str:
    """Return the queue in which all replies of this organisation (法人番号) arrive."""
    return f"replies.{hashlib.sha256(organisation.encode()).digest()[0] % PARTITIONS}"


def reply_queues() -> tuple[str, ...]:
    """Return the names of all partitions."""
    return tuple(f"replies.{number}" for number in range(PARTITIONS))


def queue_of(parcel: Parcel) -> str:
    """Return the queue in which the parcel is to arrive; the store writes it into the outbox.

    Raises:
        BusUnavailable: there is no such destination.
    """
    if parcel.destination != "replies":
        return known_queue(parcel.destination)
    if parcel.organisation is None or not re.fullmatch(_NUMBER, parcel.organisation):
        raise BusUnavailable("a reply comes from an organisation")
    return reply_queue(parcel.organisation)


def known_queue(queue: str) -> str:
    """Return the name if it is one of ours; raises `BusUnavailable`."""
    if not _QUEUE.fullmatch(queue):
        raise BusUnavailable(f"there is no queue {queue!r}")
    return queue


# --- names on the broker ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """Where a message is published."""

    exchange: str
    key: str


def route(parcel: Parcel) -> Route:
    """Return the way to the parcel's queue; raises `BusUnavailable`."""
    queue = queue_of(parcel)
    if parcel.destination == "replies":
        return Route(REPLIES, parcel.organisation or "")
    if queue in _OWN_QUEUES:
        return Route(_DEFAULT_EXCHANGE, _OWN_QUEUES[queue])
    return Route(ORDERS, queue.removeprefix("orders."))


def broker_queue(queue: str) -> str:
    """Return what our queue is called on the broker; raises `BusUnavailable`."""
    return _OWN_QUEUES.get(known_queue(queue), queue)


def own_queue(broker_name: str) -> str:
    """Return what we call a queue of the broker."""
    return broker_name.removeprefix("todoke.")


def user_of(organisation: str) -> str:
    """Return the broker's user for an organisation."""
    if not re.fullmatch(_NUMBER, organisation):
        raise ValueError("an organisation has 13 digits")
    return f"org-{organisation}"


def organisation_of(user: str | None) -> str | None:
    """Return whose user it is, None if it is not an organisation's."""
    match = _USER.fullmatch(user or "")
    return match[1] if match else None


# --- what `migrate` declares --------------------------------------------------------------------

# The type is the only argument: with other arguments a declaration is refused, a policy can change.
QUEUE_ARGUMENTS: Final[Mapping[str, str]] = {"x-queue-type": "quorum"}
EXCHANGES: Final[Mapping[str, str]] = {ORDERS: "direct", REPLIES: "topic", DEAD: "fanout"}
QUEUES: Final[tuple[str, ...]] = (*_OWN_QUEUES.values(), *reply_queues(), DEAD)

RETIRED: Final[tuple[str, ...]] = ("todoke.outbound",)  # queues of earlier versions that nobody uses

_CAREFUL: Final[dict[str, object]] = {
    "delivery-limit": DELIVERY_LIMIT,
    "dead-letter-exchange": DEAD,
    "dead-letter-strategy": "at-least-once",
    "overflow": "reject-publish",  # at-least-once needs it; drop-head would lose the oldest silently
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What the broker applies to each queue whose name matches."""

    pattern: str
    definition: Mapping[str, object]


POLICIES: Final[Mapping[str, Policy]] = {
    "todoke-orders": Policy(
        rf"^orders\.{_NUMBER}$",
        {**_CAREFUL, "max-length": OUTSTANDING_ORDERS},
    ),
    "todoke-work": Policy(rf"^(replies\.[0-{PARTITIONS - 1}]|todoke\.letters)$", _CAREFUL),
    # Nothing lies behind this queue: with the default limit of RabbitMQ 4 it would lose what it keeps.
    "todoke-dead": Policy(r"^todoke\.dead$", {"delivery-limit": 1_000_000, "overflow": "reject-publish"}),
}


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user of the broker may do, as patterns over names."""

    write: str
    read: str
    configure: str = "^$"
    topic: str | None = None  # the routing keys it may use on `todoke.replies`
    most_connections: int | None = None


ENGINE_RIGHTS: Final = Rights(
    write=r"^(todoke\.(orders|replies|dead)|amq\.default)$",
    read=rf"^(orders\.{_NUMBER}|replies\.[0-{PARTITIONS - 1}]|todoke\.(letters|dead))$",
)


def organisation_rights(organisation: str) -> Rights:
    """Return the rights of an organisation: read its own orders, send its own replies, nothing else."""
    return Rights(
        write=r"^todoke\.replies$",
        read=rf"^orders\.{organisation}$",
        topic=f"^{organisation}$",
        most_connections=4,
    )
