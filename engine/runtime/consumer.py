# SPDX-License-Identifier: Apache-2.0
"""What organisations say, on its way to the cases: opened, checked, its documents put away, handled.

Both doors lead here: the queues of the bus (`Consumer`) and the web (`ReplyDesk.take`). A reply that
nobody can read is put aside with its reason; it never holds up the others of its message.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID, uuid5

from engine.border import payloads as p
from engine.border.envelope import Opened, kind_of, open_reply
from engine.border.names import order_id
from engine.border.sealing import Opener
from engine.core import messages as m
from engine.core.case import Filing
from engine.core.errors import Code, EngineError, register
from engine.keystore.port import TROUBLE
from engine.ports import (
    Bus,
    BusUnavailable,
    Crossing,
    Delivery,
    Documents,
    InboxEntry,
    Parked,
    Staged,
    Store,
    StoreConflict,
    StoreUnavailable,
)
from engine.registry.directory import Directories, Directory
from engine.runtime.processor import Handles, Heard, Result, Said, Work
from engine.telemetry import where

MOST_AT_ONCE: Final = 200
BY_HTTP: Final = ("web", "webhook")  # where replies come from that lay in no queue
_LONGEST_PAUSE_SECONDS: Final = 30.0
_PASSING: Final = frozenset({"unavailable-registry", "unavailable-vault", "unavailable-mailbox"}) | TROUBLE
_PARKED_IDS: Final = UUID("6c1c2e2e-8c8a-5c1f-9d63-0c3c4f6f2b11")

log = logging.getLogger(__name__)

register(
    {
        "no-such-order": Code(404, "その指図はありません", "The reply names an order that was never given"),
        "reply-from-another": Code(
            403,
            "差出人が接続した機関と異なります",
            "The reply is signed by another organisation than sent it",
        ),
        "internal-error": Code(
            500,
            "内部で問題が起きました。係員が確認します",
            "Something went wrong inside; an operator looks at it",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ReplyResult:
    """What became of one reply: `applied`, `duplicate`, `stale`, `refused` or `parked`."""

    id: str
    outcome: str
    code: str | None = None


@dataclass(slots=True)
class _Readable:
    """A reply that could be opened, with its documents in the vault."""

    place: int
    opened: Opened
    staged: dict[str, Staged] = field(default_factory=dict)


class ReplyDesk:
    """Takes replies of one organisation, whichever way they came."""

    def __init__(
        self,
        *,
        processor: Handles,
        store: Store,
        opener: Opener,
        directories: Directories,
        documents: Documents,
        references_key: bytes,
    ) -> None:
        self._processor = processor
        self._store = store
        self._opener = opener
        self._directories = directories
        self._documents = documents
        self._references_key = references_key

    async def take(
        self, organisation: str, events: Sequence[bytes], *, where_from: str = "web", attempts: int = 1
    ) -> list[ReplyResult]:
        """Return what became of each reply, once that is durable.

        Raises:
            EngineError: `unavailable…`; StoreConflict, StoreUnavailable: send them again as they are.
        """
        directory = await self._directories.current()
        results: list[ReplyResult | None] = [None] * len(events)
        readable: list[_Readable] = []
        aside: list[Parked] = []
        for place, raw in enumerate(events):
            try:
                readable.append(await self._read(place, raw, organisation))
            except EngineError as error:
                if error.code in _PASSING:
                    raise
                results[place] = ReplyResult(_claimed_id(raw), "parked", error.code)
                aside.append(_parked(raw, organisation, where_from, error.code, attempts))
        works = [self._work(one, organisation, directory) for one in readable]
        handled = await handled_each(self._processor, works)
        for one, result in zip(readable, handled, strict=True):
            results[one.place] = _told(one.opened.event.id, result)
            if result.code == "internal-error":
                aside.append(_parked(events[one.place], organisation, where_from, result.code, attempts))
            elif result.outcome == "refused" and not result.replayed:
                await self._discard(one)
        if aside:
            await self._store.park(aside)
        return [result for result in results if result is not None]

    async def _read(self, place: int, raw: bytes, organisation: str) -> _Readable:
        opened = open_reply(raw, self._opener)
        if opened.event.source != f"/organisations/{organisation}":
            raise EngineError("reply-from-another")
        one = _Readable(place, opened)
        documents = getattr(opened.payload, "documents", ())
        for document in documents:
            one.staged[document.document_id] = await self._stage(document, organisation)
        return one

    async def _stage(self, document: p.Document, organisation: str) -> Staged:
        content = document.content()
        if content is not None:
            return await self._documents.stage(content)
        return await self._documents.redeem(document.ticket or "", organisation)

    def _work(self, one: _Readable, organisation: str, directory: Directory) -> Work:
        event, payload = one.opened.event, one.opened.payload

        def say(heard: Heard) -> Said:
            if heard.located is None or heard.case is None:
                raise EngineError("no-such-filing")
            filing = heard.case.filings[heard.located.filing]
            scope = filing.slug, heard.case.rules[filing.id].area
            directory.check_may_answer(organisation, heard.located.organisation, scope)
            if filing.reference != event.subject:
                raise EngineError("stale-reply")  # it was routed to somebody else since
            assert isinstance(payload, p.Reply)  # noqa: S101 - open_reply opens nothing else
            answered = self._answered(filing, payload.order_id)
            return Said(_message(heard.case.id, filing.id, payload, answered, one.staged))

        return Work(
            entry=InboxEntry(organisation, event.id, one.opened.body_hash),
            actor=f"organisation:{organisation}",
            say=say,
            reference=event.subject,
            crossing=_crossing(organisation, one.opened),
        )

    def _answered(self, filing: Filing, name: str) -> m.Answered:
        """Return which order of the filing goes by this id; raises `no-such-order`."""
        reference = filing.reference or ""
        for attempt in range(filing.attempt, 0, -1):
            revisions = filing.revision if attempt == filing.attempt else _MOST_REVISIONS
            if (
                order_id(
                    self._references_key, reference=reference, kind="submit", attempt=attempt, revision=0
                )
                == name
            ):
                return m.Answered("submit", attempt, 0)
            for revision in range(revisions, 0, -1):
                for kind in ("amend", "withdraw", "answer"):
                    made = order_id(
                        self._references_key,
                        reference=reference,
                        kind=kind,
                        attempt=attempt,
                        revision=revision,
                    )
                    if made == name:
                        return m.Answered(kind, attempt, revision)
        raise EngineError("no-such-order")

    async def _discard(self, one: _Readable) -> None:
        """Forget the documents of a reply that came to nothing."""
        for staged in one.staged.values():
            await self._documents.discard(staged)


class Desk(Protocol):
    """Where replies go: `ReplyDesk`, or what a sandbox puts in front of it."""

    async def take(
        self, organisation: str, events: Sequence[bytes], *, where_from: str = "web", attempts: int = 1
    ) -> list[ReplyResult]:
        """Return what became of each reply, once that is durable."""
        ...


class Consumer:
    """Takes replies from some of the queues, and acknowledges what is durable."""

    def __init__(self, *, bus: Bus, desk: Desk, queues: Sequence[str]) -> None:
        self._bus = bus
        self._desk = desk
        self._queues = queues
        self._held: dict[str, list[Delivery]] = {}

    async def run(self) -> None:
        """Consume every queue until cancelled."""
        async with asyncio.TaskGroup() as group:
            for queue in self._queues:
                group.create_task(self._consume(queue))

    async def run_once(self, queue: str, *, wait_seconds: float = 1.0) -> int:
        """Handle what is in one queue now; return how many replies it was.

        What could not be handled is held, and handled first by the next call: a broker gives a
        delivery to somebody else only when this process lets go of it.
        """
        deliveries = self._held.get(queue) or await self._bus.take(
            queue, limit=MOST_AT_ONCE, wait_seconds=wait_seconds
        )
        self._held[queue] = deliveries
        by_sender: dict[str | None, list[Delivery]] = {}
        for delivery in deliveries:
            # What came back is handled alone: it may be what the last process died of.
            name = f"{delivery.sender} {delivery.id}" if delivery.redelivered else delivery.sender
            by_sender.setdefault(name, []).append(delivery)
        left = list(by_sender.values())
        while left:
            await self._handle(queue, left[0])
            del left[0]
            self._held[queue] = [delivery for some in left for delivery in some]
        return sum(len(delivery.events) for delivery in deliveries)

    async def _handle(self, queue: str, deliveries: Sequence[Delivery]) -> None:
        sender = deliveries[0].sender
        if sender is None:
            for delivery in deliveries:
                await self._bus.park(delivery, "reply-from-another")
            return
        events = [event for delivery in deliveries for event in delivery.events]
        await self._desk.take(sender, events, where_from=queue)
        await self._bus.ack(deliveries)

    async def _consume(self, queue: str) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            try:
                await self.run_once(queue)
                pause = 0.0
            except (BusUnavailable, StoreConflict, StoreUnavailable, EngineError) as error:
                pause = min(max(0.5, pause * 2), _LONGEST_PAUSE_SECONDS)
                log.warning("consumer.waiting", extra={"queue": queue, "error": type(error).__name__})


async def handled_each(processor: Handles, works: Sequence[Work]) -> list[Result]:
    """Return how each message ended. One that breaks the batch is found by running them one by one.

    Raises:
        StoreConflict, StoreUnavailable: nothing is known of any of them; send them again.
    """
    if not works:
        return []
    try:
        return await processor.handle(works)
    except (StoreConflict, StoreUnavailable, EngineError):
        if len(works) == 1:
            raise
    except Exception as error:
        log.error("batch.failed", extra={"messages": len(works), "where": where(error)})  # noqa: TRY400 - see where()
        if len(works) == 1:
            return [Result("refused", code="internal-error")]
    return [(await handled_each(processor, [work]))[0] for work in works]


_MOST_REVISIONS: Final = 20  # of attempts that are over: older answers to them mean nothing any more


def _message(
    case_id: UUID, filing: UUID, payload: p.Reply, answered: m.Answered, staged: dict[str, Staged]
) -> m.Reply:
    """Return what the reply says to the core."""
    match payload:
        case p.ReplyReceived():
            return m.Received(
                case_id, filing, payload.order_id, answered, payload.receipt, payload.promised_by
            )
        case p.ReplyAccepted():
            documents = _stored(payload.documents, staged)
            return m.Accepted(case_id, filing, payload.order_id, answered, payload.receipt, documents)
        case p.ReplyCompleted():
            documents = _stored(payload.documents, staged)
            return m.Completed(
                case_id, filing, payload.order_id, answered, payload.receipt, payload.effective_on, documents
            )
        case p.ReplyRefused():
            return m.Refused(
                case_id,
                filing,
                payload.order_id,
                answered,
                payload.code,
                payload.reason.model_dump(),
                payload.field,
                payload.correctable,
            )
        case p.ReplyAsked():
            return m.Asked(
                case_id,
                filing,
                payload.order_id,
                answered,
                payload.question_id,
                payload.text.model_dump(),
                payload.answer_schema.as_schema(),
                payload.until,
            )
        case p.ReplyAmended():
            return m.Amended(case_id, filing, payload.order_id, answered, payload.receipt)
        case p.ReplyWithdrawn():
            return m.Withdrawn(case_id, filing, payload.order_id, answered, payload.receipt)
        case p.ReplyIrrevocable():
            return m.Irrevocable(case_id, filing, payload.order_id, answered, payload.receipt)
        case _:
            raise TypeError(f"no reply is a {type(payload).__name__}")


def _stored(documents: Sequence[p.Document], staged: dict[str, Staged]) -> tuple[m.StoredDocument, ...]:
    return tuple(
        m.StoredDocument(
            document_id=one.document_id,
            kind=one.kind,
            title=one.title.model_dump(),
            media_type=one.media_type,
            size_bytes=staged[one.document_id].size_bytes,
            sha256=staged[one.document_id].sha256,
            blob=staged[one.document_id].blob,
            key_wrapped=staged[one.document_id].key_wrapped,
        )
        for one in documents
    )


def _crossing(organisation: str, opened: Opened) -> Crossing:
    """Return what the record of the border keeps of a reply."""
    event = opened.event
    answers = opened.payload.order_id if isinstance(opened.payload, p.Reply) else ""
    kind = kind_of(event.type)
    return Crossing(organisation, event.id, kind, event.subject, answers, None, event.time)


def _told(reply_id: str, result: Result) -> ReplyResult:
    if result.code == "internal-error":
        return ReplyResult(reply_id, "parked", result.code)
    if result.code == "stale-reply":
        return ReplyResult(reply_id, "stale", result.code)
    if result.outcome == "refused":
        return ReplyResult(reply_id, "refused", result.code)
    return ReplyResult(reply_id, "duplicate" if result.replayed else "applied")


def parked_id(raw: bytes, organisation: str) -> UUID:
    """Return under which id a reply is put aside; the same bytes are put aside once."""
    return uuid5(_PARKED_IDS, f"{organisation} {hashlib.sha256(raw).hexdigest()}")


def _parked(raw: bytes, organisation: str, where_from: str, reason: str, attempts: int) -> Parked:
    """Return it to be put aside."""
    return Parked(parked_id(raw, organisation), where_from, organisation, (raw,), reason, attempts)


def _claimed_id(raw: bytes) -> str:
    """Return a name for a reply that cannot be read: its hash, for its id may be anything."""
    return "sha256:" + hashlib.sha256(raw).hexdigest()[:32]
