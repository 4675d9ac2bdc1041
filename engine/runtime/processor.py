# SPDX-License-Identifier: Apache-2.0
"""One batch, one transaction: messages in, everything that follows from them kept, or nothing.

    locate    which case a reply is about             read only
    register  into the inbox; duplicates fall out     inbox rows, sorted
    load      the cases, locked                       case rows, sorted
    step      each message in order                   pure
    keep      journal, cases, filings, outbox, …      set-based, a handful of statements

A refusal of the core is an answer that the inbox remembers, never an abort of the batch.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from engine.core import messages as m
from engine.core.case import Case, Filing, owes_certificate
from engine.core.decide import step
from engine.core.errors import Code, EngineError, Problem, register
from engine.core.lifecycle import FilingState
from engine.core.messages import Event, Message, Order
from engine.core.orders import orders_of
from engine.core.plan import Contents
from engine.keystore.port import TROUBLE
from engine.ports import (
    Bus,
    Changes,
    Clock,
    Crossing,
    DeletionNotice,
    Ended,
    InboxEntry,
    Located,
    MessageKey,
    Seen,
    Store,
    StoreConflict,
    StoredCase,
    Unit,
)
from engine.registry.directory import Directories, Directory
from engine.runtime.case_keys import CaseKey, CaseKeys
from engine.runtime.composer import FILLED, Composer, Told, carried
from engine.runtime.journal import FIRST_HASH, read, written
from engine.runtime.publisher import Publisher

register(
    {
        "already-reported": Code(
            409,
            "このことは、すでにどなたかが届け出ています。ご家族に、その案件への招待を頼んでください",
            "Somebody has told of this already: ask your family to invite you to their case",
        ),
    }
)

_CONFLICTS: Final = 5  # how often a batch is run again before it is given back
# Events whose orders a repetition sends again.
_SUBMITTING: Final = "filing-submitted"
_ORDERING: Final = ("filing-submitted", "filing-revised", "filing-withdrawing", "question-answered")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message may look at before it is said: all under the lock of its case."""

    case: Case | None
    located: Located | None
    contents: Contents | None


@dataclass(frozen=True, slots=True)
class Said:
    """A message to the core, with the contents that go with it when they are new."""

    message: Message
    contents: Contents | None = None


class Say(Protocol):
    """Makes the message, once the case is known; raises EngineError to refuse."""

    def __call__(self, heard: Heard) -> Said:
        """Return the message."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One message on its way to a case.

    `reference` leads a reply to its case, `entry.case_id` everything else. `version` is the one its
    sender had read. `remembered` says that the answer is kept, to be given again to a repetition.
    `crossing` is what the record of the border keeps of a reply. `mark` is what the case is about, if with
    this message it begins to run: no two do about the same. `people` are
    the marks of who has a seat in a case that is opened, by the seat.
    """

    entry: InboxEntry
    actor: str
    say: Say
    reference: str | None = None
    version: int | None = None
    reads_contents: bool = False
    remembered: bool = False
    crossing: Crossing | None = None
    mark: str | None = None
    people: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """How one message ended: `applied`, `unchanged`, `refused`, and whether it had ended so before."""

    outcome: str
    case_id: UUID | None = None
    version: int = 0
    code: str | None = None
    problems: tuple[Problem, ...] = ()
    replayed: bool = False

    def as_answer(self) -> dict[str, Any]:
        """Return it as the inbox keeps it."""
        return {
            "caseId": str(self.case_id) if self.case_id else None,
            "version": self.version,
            "code": self.code,
            "problems": [[problem.pointer, problem.code] for problem in self.problems],
        }

    @classmethod
    def again(cls, seen: Seen) -> "Result":
        """Return the result that a repetition gets."""
        answer = seen.answer or {}
        return cls(
            outcome=seen.outcome,
            case_id=UUID(answer["caseId"]) if answer.get("caseId") else seen.case_id,
            version=answer.get("version", 0),
            code=answer.get("code"),
            problems=tuple(Problem(*problem) for problem in answer.get("problems", ())),
            replayed=True,
        )


class Handles(Protocol):
    """Whoever applies messages: the processor, or the intake that gathers batches for it."""

    async def handle(self, works: Sequence[Work]) -> list[Result]:
        """Return how each message ended, once everything is durable."""
        ...


@dataclass(slots=True)
class _Working:
    """A case while a batch goes over it."""

    stored: StoredCase
    key: CaseKey
    contents: Contents | None = None
    told: Told | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class _Ordered:
    """An order of one case, and when it was first given."""

    case_id: UUID
    order: Order
    at: datetime


@dataclass(slots=True)
class _Batch:
    """What a batch has come to so far."""

    now: datetime
    directory: Directory
    changes: Changes = field(default_factory=Changes)
    cases: dict[UUID, _Working] = field(default_factory=dict)
    erased: set[UUID] = field(default_factory=set)
    orders: list[_Ordered] = field(default_factory=list)
    unsent: set[UUID] = field(default_factory=set)
    reported: dict[str, UUID] = field(default_factory=dict)
    results: dict[MessageKey, Result] = field(default_factory=dict)


class Processor:
    """Applies messages to cases, a batch at a time."""

    def __init__(
        self,
        *,
        store: Store,
        keys: CaseKeys,
        composer: Composer,
        directories: Directories,
        publisher: Publisher,
        clock: Clock,
        bus: Bus,
        committed: Callable[[Sequence[UUID], Sequence[str]], None] = lambda *_: None,
    ) -> None:
        """`committed` is told which cases and which organisations' feeds have something new."""
        self._store = store
        self._keys = keys
        self._composer = composer
        self._directories = directories
        self._publisher = publisher
        self._clock = clock
        self._bus = bus
        self._committed = committed

    async def handle(self, works: Sequence[Work]) -> list[Result]:
        """Return how each message ended, once everything is durable.

        Raises:
            StoreConflict, StoreUnavailable: the batch may be run again as it is.
        """
        for attempt in range(1, _CONFLICTS + 1):
            try:
                return await self._handled(works)
            except StoreConflict:
                if attempt == _CONFLICTS:
                    raise
                log.info("batch.conflicted", extra={"attempt": attempt, "messages": len(works)})
        raise AssertionError  # the loop returns or raises

    async def _handled(self, works: Sequence[Work]) -> list[Result]:
        batch = _Batch(self._clock.now(), await self._directories.current())
        unique = {work.entry.key: work for work in works}
        async with self._store.unit() as unit:
            await self._fill(unit, unique, batch)
            ids = await unit.keep(batch.changes)
        await self._after_commit(ids, batch)
        return [self._result(work, unique, batch) for work in works]

    async def _fill(self, unit: Unit, unique: Mapping[MessageKey, Work], batch: _Batch) -> None:
        located = await unit.locate(sorted({w.reference for w in unique.values() if w.reference}))
        entries = {key: _entry(work, located) for key, work in unique.items()}
        before = await unit.register([entry for _, entry in sorted(entries.items())])
        fresh = [work for key, work in unique.items() if key not in before]
        for key, seen in before.items():
            batch.results[key] = _repeated(unique[key], seen)
        wanted = sorted({case_id for w in fresh if (case_id := entries[w.entry.key].case_id)}, key=str)
        await self._load(unit, wanted, fresh, entries, batch)
        if marks := sorted({work.mark for work in fresh if work.mark}):
            batch.reported = await unit.reported(marks)
        for work in fresh:
            entry = entries[work.entry.key]
            where = located.get(work.reference) if work.reference else None
            self._apply(work, entry, where, batch)
            if work.crossing is not None:
                is_taken = where is not None and batch.results[entry.key].outcome != "refused"
                number = where.organisation if where and is_taken else work.crossing.organisation
                of_whom = replace(work.crossing, organisation=number)
                batch.changes.crossings += carried(of_whom, work.crossing.organisation)
        await self._compose(unit, batch)
        self._write_cases(batch)
        if not self._bus.rides_on_store:
            batch.changes.published = self._publisher.take_published()

    async def _load(
        self,
        unit: Unit,
        wanted: Sequence[UUID],
        fresh: Sequence[Work],
        entries: Mapping[MessageKey, InboxEntry],
        batch: _Batch,
    ) -> None:
        stored = await unit.load(wanted) if wanted else {}
        for case_id, one in stored.items():
            if one.data_key_wrapped is None:
                batch.erased.add(case_id)
            else:
                batch.cases[case_id] = _Working(one, self._keys.open(case_id, one.data_key_wrapped))
        reading = {entries[w.entry.key].case_id for w in fresh if w.reads_contents} & batch.cases.keys()
        if reading:
            sealed = await unit.contents([case_id for case_id in wanted if case_id in reading])
            for case_id, text in sealed.items():
                working = batch.cases[case_id]
                working.contents = Contents.model_validate_json(working.key.open("contents", text))

    def _apply(self, work: Work, entry: InboxEntry, located: Located | None, batch: _Batch) -> None:
        """Let the case hear one message; what it refuses changes nothing."""
        try:
            result = self._stepped(work, entry, located, batch)
        except EngineError as error:
            result = Result("refused", entry.case_id, code=error.code, problems=error.problems)
            log.info("message.refused", extra={"code": error.code, "message_id": work.entry.message_id})
        batch.results[entry.key] = result
        if work.remembered or result.outcome != "applied":
            answer = result.as_answer() if work.remembered else {"code": result.code}
            batch.changes.outcomes[entry.key] = Seen(entry.body_hash, result.case_id, result.outcome, answer)

    def _stepped(self, work: Work, entry: InboxEntry, located: Located | None, batch: _Batch) -> Result:
        if work.reference is not None and located is None:
            raise EngineError("no-such-filing")
        if entry.case_id in batch.erased:
            raise EngineError("erased-case")
        working = batch.cases.get(entry.case_id) if entry.case_id else None
        case = working.stored.case if working else None
        said = work.say(Heard(case, located, working.contents if working else None))
        # After it is known whose case it is: its version is nobody else's business.
        if work.version is not None and case is not None and case.version != work.version:
            raise EngineError("stale-version", version=case.version)
        outcome = step(case, said.message, batch.now)
        if work.mark is not None:
            _report(work.mark, outcome.case.id, batch)
        if working is None:
            working = self._opened(outcome.case, said, batch)
            batch.changes.people += [(outcome.case.id, seat, person) for seat, person in work.people]
        elif said.contents is not None:
            self._rewrite(working, said.contents, batch)
        self._record(working, outcome.case, outcome.events, batch, actor=work.actor)
        batch.orders += [_Ordered(outcome.case.id, order, batch.now) for order in outcome.orders]
        return Result("applied" if outcome.events else "unchanged", outcome.case.id, outcome.case.version)

    def _opened(self, case: Case, said: Said, batch: _Batch) -> _Working:
        if said.contents is None:
            raise EngineError("no-such-case")  # only an opening makes a case, and it brings contents
        key, wrapped = self._keys.new(case.id)
        stored = StoredCase(case, 0, FIRST_HASH, wrapped)
        working = _Working(stored, key, said.contents, is_new=True)
        batch.cases[case.id] = working
        return working

    def _rewrite(self, working: _Working, contents: Contents, batch: _Batch) -> None:
        working.contents, working.told = contents, None
        if not working.is_new:
            batch.changes.contents[working.stored.case.id] = _sealed(working)

    def _record(
        self, working: _Working, case: Case, events: Sequence[Event], batch: _Batch, *, actor: str
    ) -> None:
        """Write the events into the journal, and note what moved."""
        before = working.stored
        rows, (seq, head) = written(
            events,
            case_id=case.id,
            key=working.key,
            after=(before.journal_seq, before.journal_hash),
            at=batch.now,
            actor=actor,
        )
        batch.changes.journal += rows
        if not working.is_new:
            # What happened to the case as a whole may have marked any of its filings.
            is_about_all = any(row.filing is None for row in rows)
            for id_ in case.filings if is_about_all else {row.filing for row in rows if row.filing}:
                if case.filings[id_] is not before.case.filings[id_]:
                    batch.changes.filings[id_] = case.filings[id_]
                    batch.changes.deletions += _purposeless(
                        before.case.filings[id_], case.filings[id_], batch.now
                    )
        if case.has_ended and not before.case.has_ended:
            batch.changes.ended.append(Ended(case.id, batch.now, owes_certificate(case)))
        working.stored = replace(before, case=case, journal_seq=seq, journal_hash=head)

    async def _compose(self, unit: Unit, batch: _Batch) -> None:
        handed = await self._see_handed(unit, batch)
        await self._resolve_repetitions(unit, batch)
        lacking = {
            one.case_id
            for one in batch.orders
            if isinstance(one.order, FILLED) and batch.cases[one.case_id].contents is None
        }
        sealed = await unit.contents(sorted(lacking, key=str)) if lacking else {}
        for case_id, text in sealed.items():
            working = batch.cases[case_id]
            working.told = Told.of(json.loads(working.key.open("contents", text)))
        for one in batch.orders:
            # A later order would overtake an unsent one; a notice overtakes nothing.
            if isinstance(one.order, m.Notify) or one.order.filing not in batch.unsent:
                self._compose_one(batch.cases[one.case_id], one, batch, is_handed=one.order.filing in handed)

    async def _see_handed(self, unit: Unit, batch: _Batch) -> frozenset[UUID]:
        """Return the filings of which others than their organisation were given orders.

        Whoever takes an order now and has none of the attempt gets what came before it, too.
        """
        about = {
            one.order.filing: one.case_id
            for one in batch.orders
            if not isinstance(one.order, m.Notify | m.Deliver)
            and batch.directory.acting.concerns(_filing(batch, one).organisation or "")
        }
        handed = await unit.handed(sorted(about)) if about else {}
        orders: list[_Ordered] = []
        for one in batch.orders:
            if one.order.filing in about and isinstance(one.order, m.Revise | m.GiveAnswer):
                filing = _filing(batch, one)
                number, rules = filing.organisation or "", batch.cases[one.case_id].stored.case.rules
                taker = batch.directory.taker(number, (filing.slug, rules[filing.id].area)).number
                if taker not in handed.get(filing.id, frozenset({number})):
                    orders.append(_Ordered(one.case_id, m.Repeat(filing.id, one.at, True), one.at))
            orders.append(one)
        batch.orders = orders
        return frozenset(handed)

    def _compose_one(self, working: _Working, ordered: _Ordered, batch: _Batch, *, is_handed: bool) -> None:
        case, order = working.stored.case, ordered.order
        if working.told is None and working.contents is not None:
            working.told = Told.of(working.contents.model_dump(mode="json", by_alias=True))
        try:
            self._composer.compose(
                order,
                case,
                told=working.told,
                directory=batch.directory,
                now=batch.now,
                ordered_at=ordered.at,
                changes=batch.changes,
                is_handed=is_handed,
            )
        except EngineError as error:
            if isinstance(order, m.Deliver) or error.code in TROUBLE:
                raise  # a person has to look, or nobody can be told anything: the batch fails
            # It cannot be told now: it is tried again later, as if nobody had been there.
            log.warning("order.unsent", extra={"code": error.code, "filing": str(order.filing)})
            batch.unsent.add(order.filing)
            outcome = step(case, m.Unreachable(case.id, order.filing), batch.now)
            self._record(working, outcome.case, outcome.events, batch, actor="engine")

    async def _resolve_repetitions(self, unit: Unit, batch: _Batch) -> None:
        """Put in the place of each `Repeat` the orders that the journal tells of."""
        repeated = sorted({o.order.filing for o in batch.orders if isinstance(o.order, m.Repeat)}, key=str)
        if not repeated:
            return
        rows = await unit.since(repeated, _SUBMITTING, _ORDERING)
        whole = {o.order.filing for o in batch.orders if isinstance(o.order, m.Repeat) and o.order.whole}
        resolved: list[_Ordered] = []
        for one in batch.orders:
            if not isinstance(one.order, m.Repeat):
                resolved.append(one)
            elif one.order.filing in rows:  # once in a batch; else the order itself is in this very batch
                working = batch.cases[one.case_id]
                given = [(read(row, working.key), row.at) for row in rows.pop(one.order.filing)]
                anew = _said_anew(batch.orders, one.order.filing)
                for event, at in _perhaps_untold(given, anew, whole=one.order.filing in whole):
                    orders = orders_of(working.stored.case, event, at)
                    resolved += [_Ordered(one.case_id, order, at) for order in orders]
        batch.orders = resolved

    def _write_cases(self, batch: _Batch) -> None:
        for case_id, working in batch.cases.items():
            if working.is_new:
                batch.changes.opened.append((working.stored, _sealed(working)))
            else:
                batch.changes.moved[case_id] = working.stored

    async def _after_commit(self, ids: Sequence[int], batch: _Batch) -> None:
        parcels = batch.changes.parcels
        if not self._bus.rides_on_store:
            self._publisher.send(ids, parcels)
        elif parcels:
            await self._bus.wake(sorted({parcel.destination for parcel in parcels}))
        feeds = sorted({order.organisation for order in batch.changes.pull_orders})
        self._committed(list(batch.cases), feeds)

    def _result(self, work: Work, unique: Mapping[MessageKey, Work], batch: _Batch) -> Result:
        """Return the result; a second message of the same batch gets that of the first."""
        result = batch.results[work.entry.key]
        if unique[work.entry.key] is work:
            return result
        same = unique[work.entry.key].entry.body_hash == work.entry.body_hash
        return replace(result, replayed=True) if same else _MISMATCH


def _report(mark: str, case_id: UUID, batch: _Batch) -> None:
    """Note that a case begins to run about something; raises `already-reported`."""
    if batch.reported.setdefault(mark, case_id) != case_id:
        raise EngineError("already-reported")
    batch.changes.reported[mark] = case_id


# Whoever carried a filing out keeps what it needs for that, until the case is erased.
_PURPOSE_OVER: Final = {FilingState.WITHDRAWN: "withdrawn", FilingState.CLOSED_REFUSED: "refused"}
_MISMATCH: Final = Result("refused", code="idempotency-mismatch")


def _purposeless(before: Filing, after: Filing, now: datetime) -> list[DeletionNotice]:
    """Return what its organisation has to delete now: it was told for nothing that goes on."""
    because = _PURPOSE_OVER.get(after.state)
    if because is None or before.state is after.state or not (after.organisation and after.reference):
        return []
    return [DeletionNotice(after.organisation, after.reference, because, now)]


def _entry(work: Work, located: Mapping[str, Located]) -> InboxEntry:
    """Return the inbox entry with the case the message is about, as far as it is known."""
    where = located.get(work.reference) if work.reference else None
    return replace(work.entry, case_id=where.case_id) if where else work.entry


def _repeated(work: Work, seen: Seen) -> Result:
    if seen.body_hash != work.entry.body_hash:
        log.warning("message.mismatched", extra={"message_id": work.entry.message_id})
        return _MISMATCH
    return Result.again(seen)


def _perhaps_untold(
    given: Sequence[tuple[Event, datetime]], anew: frozenset[str], *, whole: bool
) -> list[tuple[Event, datetime]]:
    """Return which orders of an attempt its organisation may lack, in their order; each as it was.

    An amendment or an answer alone would be lost with the one before it. Nobody lacks anything that
    a later order undoes or says anew (as one of this very batch does with the fields in `anew`), and
    whoever asked a question has the submission, unless the `whole` attempt goes to somebody else now.
    """
    last, _ = given[-1]
    if isinstance(last, m.FilingWithdrawing):
        return [given[-1]]
    has_asked = not whole and any(isinstance(event, m.QuestionAnswered) for event, _ in given)
    said_later: set[str] = set(anew)
    untold = []
    for event, at in reversed(given):
        if isinstance(event, m.FilingSubmitted) and has_asked:
            continue
        if isinstance(event, m.FilingRevised):
            if said_later & set(event.fields):
                said_later |= set(event.fields)
                continue  # said anew; what it said then is no longer known, and one id is one content
            said_later |= set(event.fields)
        untold.append((event, at))
    return untold[::-1]


def _said_anew(orders: Sequence[_Ordered], filing: UUID) -> frozenset[str]:
    revised = [one.order for one in orders if isinstance(one.order, m.Revise)]
    return frozenset(name for order in revised if order.filing == filing for name in order.fields)


def _filing(batch: _Batch, ordered: _Ordered) -> Filing:
    return batch.cases[ordered.case_id].stored.case.filings[ordered.order.filing]


def _sealed(working: _Working) -> bytes:
    assert working.contents is not None  # noqa: S101 - a new or rewritten case has its contents at hand
    return working.key.seal("contents", working.contents.model_dump_json(by_alias=True).encode())
