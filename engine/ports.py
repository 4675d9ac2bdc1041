# SPDX-License-Identifier: Apache-2.0
"""Every door from the engine to the outside world, as Protocols, on one page."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from uuid import UUID

from engine.core.case import Case, Filing
from engine.core.views import CaseView, FilingView


class Clock(Protocol):
    """Where the engine learns what time it is."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class Ids(Protocol):
    """Where new internal ids come from."""

    def new(self) -> UUID:
        """Return an id nobody has seen before."""
        ...


# --- the bus ---------------------------------------------------------------------------------


class BusUnavailable(Exception):
    """The bus did not confirm in time; some, all or none may have been sent. Send again, same ids."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One CloudEvent on its way out.

    `destination` is `orders.{number}`, `replies` or `letters`; `organisation` is the
    13-digit number a reply comes from (it chooses the partition), or whom an order is for that
    another takes; None for everything else that the engine sends.
    """

    id: str
    destination: str
    body: bytes
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one take from a queue brought: one message with one or more CloudEvents.

    `sender` is the organisation that the bus itself vouches for, None where it vouches for none.
    """

    id: str
    events: tuple[bytes, ...]
    sender: str | None
    redelivered: bool
    token: object = field(repr=False, compare=False)


class Bus(Protocol):
    """Carries parcels, at least once. It never retries, delays or reorders: rules do that."""

    @property
    def rides_on_store(self) -> bool:
        """Whether what the store's transaction wrote into the outbox is thereby published."""
        ...

    async def publish(self, parcels: Sequence[Parcel]) -> None:
        """Return when every parcel is durably in its queue.

        Raises:
            BusUnavailable: no confirmation came in time, or there is no such queue.
            EngineError: `seal-too-large`, one event is more than a message may hold; none was sent.
        """
        ...

    async def take(self, queue: str, *, limit: int, wait_seconds: float) -> list[Delivery]:
        """Return what is in the queue, at most about `limit` events, waiting for the first one.

        `queue` is `orders.{number}`, `replies.0` to `replies.7` or `letters`.

        Raises:
            BusUnavailable: it is out of reach, or there is no such queue.
        """
        ...

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Forget the deliveries: they are durably handled. Unacknowledged ones come again.

        A delivery that has gone back to its queue in the meantime comes again too.

        Raises:
            BusUnavailable: some may come again.
        """
        ...

    async def park(self, delivery: Delivery, reason: str) -> None:
        """Put the delivery aside, visible with its reason, and take it out of the queue.

        One that has gone back to its queue in the meantime may stay there and come again.

        Raises:
            BusUnavailable: it comes again.
        """
        ...

    async def purge(self, queue: str) -> int:
        """Throw away what waits in the queue and was not given to anybody; return how many messages.

        Raises:
            BusUnavailable: it is out of reach, or there is no such queue.
        """
        ...

    async def wake(self, queues: Sequence[str]) -> None:
        """Hint that the store put something into these queues. Never raises; a lost hint costs a second."""
        ...

    async def probe(self) -> None:
        """Return when the bus answers and every queue that is taken from is still being listened to.

        Raises:
            BusUnavailable: one of them is not so; the next take begins afresh.
        """
        ...

    async def close(self) -> None:
        """Let go of everything; what was taken and not acknowledged goes back."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What the broker or a consumer put aside, on its way into the table of parked deliveries.

    `id` is the same when the same dead letter comes again, so that it is parked once.
    """

    id: UUID
    where_from: str
    sender: str | None
    events: tuple[bytes, ...] = field(repr=False)
    reason: str
    attempts: int
    token: object = field(repr=False, compare=False)


class DeadLetters(Protocol):
    """What a bus keeps aside that does not park into the store's own table."""

    async def dead_letters(self, *, limit: int, wait_seconds: float) -> list[DeadLetter]:
        """Return what was put aside, waiting for the first one; raises `BusUnavailable`."""
        ...

    async def settle(self, letters: Sequence[DeadLetter]) -> None:
        """Forget them: they are in the table now; raises `BusUnavailable`."""
        ...


# --- the store -------------------------------------------------------------------------------

MessageKey = tuple[str, str]  # (sender, message id): what makes two messages the same one


class StoreConflict(Exception):
    """Another transaction was in the way (deadlock, serialisation); nothing was kept. Run it again."""


class StoreUnavailable(Exception):
    """The store is out of reach; whether the last commit was kept is unknown. Ask, by message id."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A message as the inbox knows it.

    `sender` is `person:{id}`, `operator:{id}`, a number, `engine`, or who acts in a person's place:
    `counter:{id}/{visit}`, `representative:{id}/{record}`.

    Say the case when it is known: else the inbox row has to be written twice.
    """

    sender: str
    message_id: str
    body_hash: bytes = field(repr=False)
    case_id: UUID | None = None

    @property
    def key(self) -> MessageKey:
        """What makes two messages the same one."""
        return self.sender, self.message_id


@dataclass(frozen=True, slots=True)
class Seen:
    """What the inbox remembers of a message: how it ended, and what was answered."""

    body_hash: bytes = field(repr=False)
    case_id: UUID | None
    outcome: str
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Located:
    """The filing that goes by a reference."""

    case_id: UUID
    filing: UUID
    organisation: str


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case with what the store keeps beside it. `data_key_wrapped` is None once it was erased."""

    case: Case
    journal_seq: int
    journal_hash: bytes = field(repr=False)
    data_key_wrapped: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One event in the journal of a case; `prev_hash` chains it to the one before."""

    case_id: UUID
    seq: int
    type: str
    filing: UUID | None
    at: datetime
    actor: str
    body_sealed: bytes = field(repr=False)
    prev_hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PullOrder:
    """An order that its organisation fetches itself; `principal` is whom it is for, if that is another."""

    organisation: str
    order_id: str
    due_on: date | None
    event: bytes = field(repr=False)
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """An order in the feed of an organisation; `position` grows, with gaps."""

    position: int
    order_id: str
    event: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field that one organisation was told (提供記録); `through` are those who took it for it."""

    order_id: str
    field: str
    case_id: UUID
    filing: UUID
    organisation: str
    basis: str
    at: datetime
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handed:
    """That somebody was given an order of a filing that is, or was, not always given to its organisation."""

    order_id: str
    taker: str
    filing: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Crossing:
    """One message that went over the border, as its envelope said it: no contents.

    `order_id` is what a reply answers, for an order its own id; `kind` is `submit`, `accepted`, ….
    `through` is who carried it, where that was not the organisation itself.
    """

    organisation: str
    message_id: str
    kind: str
    reference: str
    order_id: str
    due_on: date | None
    said_at: datetime
    through: str | None = None


@dataclass(frozen=True, slots=True)
class DeletionNotice:
    """That an organisation has to delete what it was told under a reference, and its receipt for it."""

    organisation: str
    reference: str
    because: str
    noticed_at: datetime
    receipt: str | None = None
    receipted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """What was put aside because nobody but a person can mend it."""

    id: UUID
    where_from: str
    sender: str | None
    events: tuple[bytes, ...] = field(repr=False)
    reason: str
    attempts: int
    parked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A case that has come to its end, and whether its owner is owed a certificate."""

    case_id: UUID
    at: datetime
    owes_certificate: bool


@dataclass(frozen=True, slots=True)
class KeptCertificate:
    """The certificate of a case, sealed under the key of the case."""

    case_id: UUID
    at: datetime
    sealed: bytes = field(repr=False)


@dataclass(slots=True)
class Changes:
    """All that one batch changes. A case is in `opened` (with its contents) or in `moved`, not in both.

    A certificate is kept for a case that has ended, once: a second one is a `StoreConflict`, and so is a
    second case about what is reported already. What a case is about is forgotten when it ends.

    Whoever was handed an order of a filing is told to delete it when its organisation is.

    `filings` are those of moved cases that are not as they were; they never change without a new
    `journal_hash` of their case. A pull order that is sent again goes to the end of the feed.
    """

    opened: list[tuple[StoredCase, bytes]] = field(default_factory=list)
    moved: dict[UUID, StoredCase] = field(default_factory=dict)
    filings: dict[UUID, Filing] = field(default_factory=dict)
    contents: dict[UUID, bytes] = field(default_factory=dict)
    journal: list[JournalRow] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    pull_orders: list[PullOrder] = field(default_factory=list)
    disclosures: list[Disclosure] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    promised_blobs: list[str] = field(default_factory=list)
    crossings: list[Crossing] = field(default_factory=list)
    deletions: list[DeletionNotice] = field(default_factory=list)
    recalled: list[tuple[str, str]] = field(default_factory=list)  # orders (organisation, id) not yet taken
    outcomes: dict[MessageKey, Seen] = field(default_factory=dict)
    published: list[int] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    people: list[tuple[UUID, UUID, str]] = field(default_factory=list)  # case, seat, mark of the person
    reported: dict[str, UUID] = field(default_factory=dict)  # what begins to run, by what it is about
    certificates: list[KeptCertificate] = field(default_factory=list)


class Unit(Protocol):
    """One transaction.

    `locate` only reads and may come first; the other doors are used in this order, so that locks are
    always taken in one order: inbox (sorted), cases (sorted), the rest. Each door is a fixed number
    of statements, however many rows go through it.
    """

    async def register(self, entries: Sequence[InboxEntry]) -> dict[MessageKey, Seen]:
        """Write the messages into the inbox; return those that had been there before."""
        ...

    async def locate(self, references: Sequence[str]) -> dict[str, Located]:
        """Return the filings that go by these references."""
        ...

    async def load(self, case_ids: Sequence[UUID]) -> dict[UUID, StoredCase]:
        """Lock these cases, then return them as they are once the locks are held."""
        ...

    async def contents(self, case_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """Return what these cases keep sealed."""
        ...

    async def reported(self, marks: Sequence[str]) -> dict[str, UUID]:
        """Return which of these are reported, and by which running case."""
        ...

    async def since(
        self, filings: Sequence[UUID], first: str, types: Sequence[str]
    ) -> dict[UUID, list[JournalRow]]:
        """Return the events of these types in the journal of each filing, from its last `first` on."""
        ...

    async def handed(self, filings: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
        """Return who was handed orders of these filings; none where only the organisation itself was."""
        ...

    async def keep(self, changes: Changes) -> list[int]:
        """Write everything; return the outbox ids of the parcels, in their order."""
        ...


class Store(Protocol):
    """Where cases are kept. Every door raises `StoreUnavailable` when it cannot work."""

    def unit(self) -> AbstractAsyncContextManager[Unit]:
        """Begin a transaction: kept durably when the block ends, not at all when it raises.

        Raises:
            StoreConflict: at any door; nothing was kept, run the batch again.
        """
        ...

    async def seen(self, key: MessageKey) -> Seen | None:
        """Return what the inbox remembers of a message."""
        ...

    async def case(self, case_id: UUID) -> StoredCase | None:
        """Return the case as it is, without a lock."""
        ...

    async def reported(self, mark: str) -> UUID | None:
        """Return the running case about this, None where nobody has told of it."""
        ...

    async def sealed_contents(self, case_id: UUID) -> bytes | None:
        """Return what the case keeps sealed."""
        ...

    async def cases_of(
        self, owner: UUID, *, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[StoredCase]:
        """Return the owner's cases, newest first, after the given place."""
        ...

    async def cases_with(self, person: UUID, *, limit: int) -> list[StoredCase]:
        """Return the cases in which the person has taken a seat, newest first."""
        ...

    async def journal(self, case_id: UUID, *, after: int = 0, limit: int = 1000) -> list[JournalRow]:
        """Return the journal of a case after a sequence number, in order."""
        ...

    async def disclosures(self, case_id: UUID) -> list[Disclosure]:
        """Return who was told what in this case, in order of time."""
        ...

    async def to_wake(self, now: datetime, *, limit: int) -> list[tuple[UUID, datetime, int]]:
        """Return (case, wake_at, version) of cases whose instant has come, the longest overdue first."""
        ...

    async def unpublished(
        self, *, older_than: timedelta, lease: timedelta, limit: int
    ) -> list[tuple[int, Parcel]]:
        """Claim parcels that a crash left in the outbox: older than that, and claimed by nobody."""
        ...

    async def forget_published(self, ids: Sequence[int]) -> None:
        """Drop outbox rows whose parcels are in their queues."""
        ...

    async def drop_pulled(self, organisation: str, pulled: Sequence[Pulled]) -> int:
        """Take unacknowledged orders out of the feed if they are still in this place; return how many."""
        ...

    async def pull_orders(
        self, organisation: str, *, after: int, limit: int, without: Sequence[str] = ()
    ) -> list[Pulled]:
        """Return the organisation's unacknowledged orders after a position, oldest first.

        Those for the principals in `without` stay where they are.
        `after` turns pages. A new look begins at 0: a lower position may be committed later.
        """
        ...

    async def left_behind(self, organisation: str, *, after: int, without: Sequence[str] = ()) -> int:
        """Return how many unacknowledged orders lie up to this position; 1,000 stands for more.

        Those for the principals in `without` are not counted.
        """
        ...

    async def forget_acknowledged(self, *, before: datetime, limit: int) -> int:
        """Drop orders from the feeds that were acknowledged before an instant; return how many.

        What was not acknowledged is never dropped.
        """
        ...

    async def acknowledge_pulled(self, organisation: str, order_ids: Sequence[str], *, at: datetime) -> int:
        """Note that the organisation has these orders; return how many were waiting."""
        ...

    async def park(self, parked: Sequence[Parked]) -> None:
        """Put aside, once for each id; what was resolved and comes again waits again."""
        ...

    async def parked(self, *, limit: int) -> list[Parked]:
        """Return what waits for a person, oldest first."""
        ...

    async def keep_catalogue(self, sha256: str, rules: Mapping[str, Any]) -> None:
        """Keep the rules under their hash, once."""
        ...

    async def catalogue(self, sha256: str) -> Mapping[str, Any] | None:
        """Return the rules under a hash."""
        ...

    async def erase(self, case_id: UUID) -> bool:
        """Destroy the case's key: what it kept sealed is unreadable for good; states stay."""
        ...


# --- beside the case -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    """A calendar of one case that whoever has its address reads (購読用カレンダー)."""

    id: UUID
    case_id: UUID
    person: UUID
    made_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What is kept of the end of a case."""

    case_id: UUID
    ended_at: datetime
    owes_certificate: bool
    certificate_sealed: bytes | None = field(repr=False)
    certified_at: datetime | None
    erased_at: datetime | None


class Deaths(Protocol):
    """What is kept so that a death is heard of in other cases. Every door raises `StoreUnavailable`."""

    async def noticed(self, slugs: Sequence[str], *, limit: int) -> list[UUID]:
        """Return cases with one of these procedures completed that were not followed yet."""
        ...

    async def seats_of(self, person: str) -> list[tuple[UUID, UUID]]:
        """Return the seats of a person in cases that have not ended, as (case, seat)."""
        ...

    async def followed(self, case_id: UUID) -> None:
        """Note that what a case tells of has been followed to the others."""
        ...


class CareStore(Protocol):
    """What is kept for a citizen beside the case. Every door raises `StoreUnavailable`."""

    async def add_feed(self, feed: CalendarFeed, token_hash: bytes) -> None:
        """Keep a feed, once for each id."""
        ...

    async def feeds(self, case_id: UUID) -> list[CalendarFeed]:
        """Return the feeds of a case, also revoked ones, oldest first."""
        ...

    async def revoke_feed(self, case_id: UUID, feed: UUID, *, at: datetime) -> bool:
        """Note the first time that a feed of the case was revoked; False if there is no such feed."""
        ...

    async def feed(self, token_hash: bytes) -> CalendarFeed | None:
        """Return the feed that goes by a token, unless it was revoked."""
        ...

    async def ending(self, case_id: UUID) -> Ending | None:
        """Return the end of a case, None while it goes on."""
        ...

    async def to_certify(self, *, limit: int, after: UUID | None = None) -> list[UUID]:
        """Return cases that have ended and whose certificate is owed, the longest ended first.

        `after` is the case after which they begin, whatever has become of it.
        """
        ...

    async def to_erase(
        self, *, ended_before: datetime, unconfirmed_before: datetime, limit: int, after: UUID | None = None
    ) -> list[UUID]:
        """Return cases to be erased that ended before an instant, the longest ended first.

        `unconfirmed_before` is for those that nobody had agreed to; `after` as for `to_certify`.
        """
        ...

    async def erase(
        self, case_id: UUID, left: Sequence[tuple[int, str]], *, journal_seq: int, at: datetime
    ) -> bool:
        """Destroy the key of a case that has ended, with what hangs on it; False if that is done.

        `left` is what stays of its events: (seq, JSON) without anything that was said, up to
        `journal_seq`; where there are others by now, nothing is erased, and it is False too. Gone with the
        key are the certificate, calendar feeds, notices, acknowledged orders in the feed of their
        organisation, and what was parked of this case. States, disclosures and letters stay.
        """
        ...

    async def erased_events(self, case_id: UUID) -> list[tuple[int, str]]:
        """Return what was left of the events of an erased case, in order."""
        ...


# --- lanes to organisations ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at most goes to one organisation: orders a second, at the same time, in which hours.

    `opens` and `closes` are in Japan, on days when offices are open; None is around the clock.
    """

    rate: float = 50.0
    concurrency: int = 8
    opens: time | None = None
    closes: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the way to one organisation stands. `circuit` is `closed`, `open` or `thawing`.

    `rounds` counts how often it was opened since the last success; `stopped_at` is when the
    organisation said that the address is gone.
    """

    circuit: str = "closed"
    rounds: int = 0
    pause_until: datetime | None = None
    failing_since: datetime | None = None
    last_status: str | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The way to one organisation. `mode` is `open`, `draining` (nothing new comes in) or `held`.

    `driven` counts how often operators said: try everything now.
    """

    number: str
    mode: str = "open"
    driven: int = 0
    limits: Limits = field(default_factory=Limits)
    health: Health = field(default_factory=Health)
    secret_generation: int = 1
    secret_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """An order that may be sent now; `attempts` were made before."""

    order_id: str
    attempts: int
    event: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of sending one order: taken, or not before `next_at`, or put `aside` with its reason.

    `counts` is false where it says nothing about the order that it was not taken: nobody gives up for that.
    """

    order_id: str
    status: str
    taken: bool = False
    next_at: datetime | None = None
    aside: str | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneBacklog:
    """What waits in a lane, up to a bound, since when; and what was put aside."""

    waiting: int
    aside: int
    oldest: datetime | None
    most_urgent: date | None
    most_attempts: int


class Lanes(Protocol):
    """How orders go to organisations that do not take them from a queue of the broker.

    Every door raises `StoreUnavailable` when it cannot work.
    """

    async def lease(self, holder: UUID, numbers: Sequence[str], *, seconds: float) -> list[Lane]:
        """Take or keep the lanes of these organisations that nobody else holds; return those held."""
        ...

    async def let_go(self, holder: UUID) -> None:
        """Give all lanes back."""
        ...

    async def lane(self, number: str) -> Lane:
        """Return the lane as it is; one that nobody has touched is open."""
        ...

    async def lanes(self, numbers: Sequence[str]) -> dict[str, Lane]:
        """Return the lanes of these organisations that were ever touched."""
        ...

    async def due(
        self,
        number: str,
        *,
        now: datetime,
        limit: int,
        busy: Sequence[str],
        untried: bool = False,
        without: Sequence[str] = (),
    ) -> list[Due]:
        """Return orders that may be sent now, the earliest last day first.

        Those for the principals in `without` stay where they are. `untried` puts those first that were
        tried least: the one that is always refused must not be the one that decides whether the
        organisation is back.
        """
        ...

    async def settle(self, number: str, settled: Sequence[Settled], *, at: datetime) -> None:
        """Keep what became of these orders."""
        ...

    async def note(self, number: str, health: Health) -> None:
        """Keep how the way stands."""
        ...

    async def thaw(self, number: str) -> int:
        """Let every order that was to be sent again later be sent now; return how many."""
        ...

    async def drive(self, number: str) -> int:
        """As `thaw`, for those put aside too; and forget how the way stood. Return how many orders."""
        ...

    async def switch(self, number: str, mode: str) -> None:
        """Open, drain or hold the lane."""
        ...

    async def limit(self, number: str, limits: Limits) -> None:
        """Set the limits."""
        ...

    async def change_secret(self, number: str, *, at: datetime, before: int) -> bool:
        """Begin the secret after generation `before`; False when somebody else has done so meanwhile."""
        ...

    async def backlog(self, number: str, *, limit: int = 5000) -> LaneBacklog:
        """Return what waits in the lane."""
        ...

    async def waiting_for(self, number: str) -> dict[str, int]:
        """Return how many orders wait in the lane for each principal, up to 5,000 together."""
        ...

    async def waiting_elsewhere(self, principal: str) -> dict[str, LaneBacklog]:
        """Return what waits for the organisation in the lanes of others, by lane, up to 5,000 together."""
        ...

    async def waiting_since(self, numbers: Sequence[str]) -> dict[str, datetime]:
        """Return since when the oldest order waits, for those where one does."""
        ...

    async def on_amqp(self, numbers: Sequence[str], *, now: datetime, linger: timedelta) -> list[str]:
        """Note who takes orders from the broker; return who did and may still have some there."""
        ...

    async def posted(self, numbers: Sequence[str]) -> list[str]:
        """Return which of these organisations have orders that are still on their way to the broker."""
        ...

    async def off_amqp(self, number: str, *, now: datetime) -> None:
        """Note that nothing is left at the broker, if it left no shorter ago than the `linger`."""
        ...

    async def left_over(self, numbers: Sequence[str]) -> list[str]:
        """Return which of these organisations have orders in the table that nobody has taken."""
        ...

    async def adopt(self, number: str, events: Sequence[tuple[str, str, bytes]]) -> None:
        """Put orders (id, reference, event) into the table that came back from the broker."""
        ...


class Handing(Protocol):
    """What passes from one who took orders to another. Every door raises `StoreUnavailable`."""

    async def in_lane(
        self, lane: str, principals: Sequence[str], *, after: int, limit: int, also_taken: bool
    ) -> list[Pulled]:
        """Return orders in the lane for these organisations after a position, oldest first."""
        ...

    async def drop(self, lane: str, order_ids: Sequence[str]) -> int:
        """Take orders out of the lane, taken or not: they are never offered there again."""
        ...

    async def drop_posted(self, lane: str, principals: Sequence[str]) -> int:
        """Take orders for these principals out of the outbox that are on their way to the lane's queue."""
        ...

    async def open_filings(
        self,
        organisations: Sequence[str],
        *,
        taker: str | None,
        since: datetime,
        after: UUID | None,
        limit: int,
    ) -> list[tuple[UUID, UUID, str]]:
        """Return (case, filing, organisation) of filings that go on, by their id, after one.

        With a `taker`: of which it was handed an order. Never those of which somebody else was since.
        """
        ...

    async def given(
        self, taker: str, organisations: Sequence[str], *, after: UUID | None, limit: int
    ) -> list[tuple[UUID, UUID]]:
        """Return (case, filing) of these organisations of which it was handed an order, by the filing."""
        ...

    async def forget_in(self, taker: str, filings: Sequence[UUID], *, because: str, at: datetime) -> None:
        """Ask who took orders of these filings to delete what it was told."""
        ...


@dataclass(frozen=True, slots=True)
class Crossed:
    """An order as its organisation looks back on it; `answered_by` is the kind of the newest reply."""

    order: Crossing
    acknowledged_at: datetime | None
    answered_by: str | None
    answered_at: datetime | None


class Traffic(Protocol):
    """What went over the border to and from one organisation. Every door raises `StoreUnavailable`."""

    async def orders(
        self, organisation: str, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Crossed]:
        """Return its orders, the newest first, after a place (when, id)."""
        ...

    async def between(
        self, organisation: str, *, start: datetime, end: datetime, due: tuple[date, date]
    ) -> list[Crossing]:
        """Return what was said in that time, and orders due in these days with the replies to them."""
        ...

    async def references(
        self, organisation: str, *, order_ids: Sequence[str], since: datetime | None, limit: int
    ) -> list[str]:
        """Return the references of these orders, or of those given since then, the oldest first."""
        ...

    async def offer_again(
        self, organisation: str, *, order_ids: Sequence[str], since: datetime | None, limit: int
    ) -> int:
        """Offer orders of the table once more, in their order; return how many."""
        ...

    async def refused(self, organisation: str) -> dict[str, int]:
        """Return how many of its replies were put aside and wait for an operator, by reason."""
        ...

    async def notice(self, notices: Sequence[DeletionNotice]) -> None:
        """Keep notices of deletion; one that is there stays."""
        ...

    async def notices(
        self, organisation: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[DeletionNotice]:
        """Return those without a receipt, the oldest first."""
        ...

    async def receipt(self, organisation: str, reference: str, receipt: str, *, at: datetime) -> bool:
        """Keep the first receipt; False when no deletion was asked for under this reference."""
        ...

    async def told(self, case_id: UUID) -> list[tuple[str, str]]:
        """Return (organisation, reference) of everybody who was told anything in the case."""
        ...


# --- operators -------------------------------------------------------------------------------

CasePlace = tuple[datetime, UUID]  # opened at, id: where a list of cases goes on
AsidePlace = tuple[datetime, UUID]  # parked at, id: where a list of parked deliveries goes on
FilingPlace = tuple[date, UUID]  # last day (`date.max` for none), id: where a list of filings goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuestion:
    """Which cases. `flag` is a whole flag, or its kind: `stuck`, `late`, `parked`."""

    state: str | None = None
    event: str | None = None
    flag: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingQuestion:
    """Which filings that have not ended; with a `flag`, those that have ended and still carry it too.

    `is_old` asks for those whose receiver holds an old value, whether they have ended or not.
    """

    organisation: str | None = None
    state: str | None = None
    waits_for: str | None = None
    flag: str | None = None
    slug: str | None = None
    since_before: datetime | None = None
    due_before: date | None = None
    is_old: bool = False


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in an operator's list: states and counts."""

    id: UUID
    event: str
    state: str
    version: int
    opened_at: datetime
    wake_at: datetime | None
    filings_total: int
    filings_open: int
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilingLine:
    """A filing in an operator's list."""

    case_id: UUID
    filing: Filing


@dataclass(frozen=True, slots=True)
class Backlog:
    """What lies at one organisation: pull orders it has not acknowledged, filings that have not ended.

    Each is counted up to a bound; `filings` are the most urgent ones, by state.
    """

    unacknowledged: int
    oldest: datetime | None
    filings: Mapping[str, int]
    flagged: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Aside:
    """A parked delivery; `resolution` says what an operator did about it, None while it waits."""

    parked: Parked
    resolved_at: datetime | None = None
    resolution: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What an operator did or looked at. `request_key` and `request_hash` make one request one entry.

    `operator` is `operator:{id}`, `counter:{id}`, or `host:{user}` for what was done on the host itself.
    `details` hold texts, whole numbers and lists of texts, nothing personal.
    """

    id: UUID
    at: datetime
    operator: str
    act: str
    case_id: UUID | None = None
    filing: UUID | None = None
    organisation: str | None = None
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    request_key: str | None = None
    request_hash: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry in its place; `hash` chains it to the one before."""

    seq: int
    entry: AuditEntry
    hash: bytes = field(repr=False)


class OperatorStore(Protocol):
    """What operators ask, and the record of what they did. Every door raises `StoreUnavailable`.

    A list looks at a bounded number of rows each time, however few of them fit: it may come back
    short, even empty, and goes on from the place that it returns until that is None.
    """

    async def cases(
        self, question: CaseQuestion, *, after: CasePlace | None, limit: int
    ) -> tuple[list[CaseLine], CasePlace | None]:
        """Return cases, newest first."""
        ...

    async def filings(
        self, question: FilingQuestion, *, after: FilingPlace | None, limit: int
    ) -> tuple[list[FilingLine], FilingPlace | None]:
        """Return filings, the earliest last day first."""
        ...

    async def filing(self, filing: UUID) -> FilingLine | None:
        """Return one filing."""
        ...

    async def backlog(self, organisation: str) -> Backlog:
        """Return what lies at an organisation."""
        ...

    async def outbox(self) -> tuple[int, datetime | None]:
        """Return how many parcels wait in the outbox (5,000 stands for more), and since when."""
        ...

    async def aside(self, *, after: AsidePlace | None, limit: int) -> tuple[list[Aside], AsidePlace | None]:
        """Return parked deliveries that wait for a person, oldest first."""
        ...

    async def aside_one(self, parked: UUID) -> Aside | None:
        """Return one parked delivery, also one that was resolved."""
        ...

    async def resolve(self, parked: UUID, resolution: str, *, at: datetime) -> bool:
        """Note what was done about a parked delivery; False when that had been noted before."""
        ...

    async def record(self, entries: Sequence[AuditEntry]) -> AuditEntry | None:
        """Write all entries, or none where the request of the first was recorded before: return that one."""
        ...

    async def last_act(self, organisation: str, acts: Sequence[str]) -> AuditEntry | None:
        """Return the last entry of one of these acts about an organisation."""
        ...

    async def audit_of_case(self, case_id: UUID) -> list[AuditEntry]:
        """Return what operators did and looked at in a case, oldest first."""
        ...

    async def audit(self, *, after: int, limit: int) -> list[AuditRow]:
        """Return the record after a place, in order."""
        ...


# --- documents -------------------------------------------------------------------------------


class Staged(Protocol):
    """A document that lies in the vault and waits to be told of. Its key is closed for the post."""

    @property
    def blob(self) -> str:
        """Its name in the vault."""
        ...

    @property
    def key_wrapped(self) -> str:
        """Its key, which only the post opens."""
        ...

    @property
    def sha256(self) -> str:
        """The hash of the document itself."""
        ...

    @property
    def size_bytes(self) -> int:
        """Its size."""
        ...


class Documents(Protocol):
    """How documents of replies reach the mailbox: into the vault first, then by a delivery."""

    async def stage(self, content: bytes) -> Staged:
        """Return when the document is durable.

        Raises:
            EngineError: `document-too-large`, `unavailable-vault`.
        """
        ...

    async def redeem(self, ticket: str, organisation: str) -> Staged:
        """Return what the organisation uploaded under a ticket; raises EngineError."""
        ...

    async def discard(self, staged: Staged) -> None:
        """Forget a document whose reply came to nothing."""
        ...

    def parcel(self, deliver: Mapping[str, object]) -> Parcel:
        """Return the delivery, sealed for the post; raises EngineError `invalid-document`."""
        ...

    def notice(self, notice: Mapping[str, object]) -> Parcel:
        """Return the notice, sealed for the post; raises EngineError `invalid-document`."""
        ...


class Sheets(Protocol):
    """What a citizen takes along for what Todoke cannot send."""

    async def sheet(self, case: CaseView, filing: FilingView, now: datetime) -> bytes:
        """Return the sheet of one filing as PDF; raises EngineError `no-sheet` where none is needed."""
        ...


# --- rehearsals ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One run of the conformance suite (適合試験) against one organisation, as it stands.

    `state` is waiting, running, passed, failed or broken-off. `step` is what the engineer is asked to
    do now; `report` the signed report of a run that was ended.
    """

    id: UUID
    number: str
    state: str
    asked: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]]
    step: str | None
    confirmed: Sequence[str]
    report: str | None
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedReply:
    """One copy of one reply to a rehearsal; `problem` says why it could not be taken."""

    reference: str
    reply_id: str
    kind: str
    order_id: str
    payload: Mapping[str, Any]
    problem: str | None
    said_at: datetime
    heard_at: datetime
    position: int = 0


class Rehearsals(Protocol):
    """Where runs of the conformance suite are kept. Every door may raise `StoreUnavailable`."""

    async def begin(self, id: UUID, number: str, asked: Mapping[str, Any], *, at: datetime) -> bool:  # noqa: A002
        """Keep a new run; False where one of the organisation is still open."""
        ...

    async def newest(self, number: str) -> Rehearsal | None:
        """Return the organisation's newest run."""
        ...

    async def claim(self, *, at: datetime, seconds: float) -> Rehearsal | None:
        """Take a run that waits, and hold it so long; those that nobody holds any more are broken off."""
        ...

    async def note(
        self,
        id: UUID,  # noqa: A002
        *,
        findings: Sequence[Mapping[str, Any]],
        step: str | None,
        other_key: bool,
        seconds: float,
    ) -> Sequence[str]:
        """Keep how it stands and hold it longer; return which steps the engineer has confirmed."""
        ...

    async def confirm(self, number: str, step: str) -> bool:
        """Note that the engineer did what the open run asks for; False where it asks for something else."""
        ...

    async def end(self, id: UUID, state: str, *, report: str | None, at: datetime) -> None:  # noqa: A002
        """Close the run; nothing of it is offered any more."""
        ...

    async def offer(
        self, run: UUID, number: str, orders: Sequence[tuple[str, str, bytes]], *, feed: bool
    ) -> None:
        """Note these orders (id, reference, event) as the run's; with `feed` offer them, again if need be."""
        ...

    async def runs_of(self, number: str, references: Sequence[str]) -> Mapping[str, UUID]:
        """Return which of these references belong to which of the organisation's runs."""
        ...

    async def hear(self, run: UUID, replies: Sequence[RehearsedReply]) -> None:
        """Keep what the organisation said."""
        ...

    async def heard(self, run: UUID, *, after: int) -> list[RehearsedReply]:
        """Return what was heard after a position, in order."""
        ...

    async def other_keys(self) -> list[UUID]:
        """Return the open runs whose other key is published."""
        ...

    async def wrong_clock(self, number: str, *, at: datetime) -> None:
        """Note that the organisation was turned away for its clock."""
        ...

    async def clock_was_wrong(self, number: str, *, since: datetime) -> bool:
        """Say whether it was since then."""
        ...
