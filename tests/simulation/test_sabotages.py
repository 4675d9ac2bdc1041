# SPDX-License-Identifier: Apache-2.0
"""A simulation is worth the mutants it kills: one line of the engine goes wrong, and a promise must break.

Each sabotage names the invariant that has to see it, within a few worlds. One that survives shows a
promise that nobody wrote down.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from engine.border.envelope import parse_reply
from engine.core import decide, happened, patience, replies, settle
from engine.core import messages as m
from engine.core.errors import EngineError
from engine.core.lifecycle import FILING, FilingState
from engine.core.messages import Order
from engine.ports import Delivery, InboxEntry, MessageKey, Parcel, Seen, StoreConflict
from engine.runtime import timekeeper
from engine.runtime.composer import Composer
from engine.runtime.consumer import Consumer, ReplyDesk, ReplyResult
from engine.runtime.processor import Heard, Processor, Said
from engine.runtime.publisher import Publisher, Relay
from engine.store.memory_unit import MemoryUnit
from mailbox.letters import Kept, LetterRow, Pair
from tests.simulation.chance import run
from tests.simulation.invariants import suffer
from tests.simulation.machine import Letters, Parts, Store
from tests.simulation.office import Office
from tests.simulation.world import World

MOST_WORLDS = 100


class AcknowledgesFirst(Consumer):
    async def _handle(self, queue: str, deliveries: Sequence[Delivery]) -> None:
        await self._bus.ack(deliveries)
        await super()._handle(queue, deliveries)


class DropsWhatFails(Consumer):
    async def _handle(self, queue: str, deliveries: Sequence[Delivery]) -> None:
        try:
            await super()._handle(queue, deliveries)
        finally:
            await self._bus.ack(deliveries)


class LetsGoOfNothing(Consumer):
    async def run_once(self, queue: str, *, wait_seconds: float = 1.0) -> int:
        self._held.clear()
        return await super().run_once(queue, wait_seconds=wait_seconds)


class BelievesTheEnvelope(ReplyDesk):
    async def take(
        self, organisation: str, events: Sequence[bytes], *, where_from: str = "web", attempts: int = 1
    ) -> list[ReplyResult]:
        organisation = parse_reply(events[0]).source[-13:]
        return await super().take(organisation, events, where_from=where_from, attempts=attempts)


class _Forgetful(MemoryUnit):
    async def register(self, entries: Sequence[InboxEntry]) -> dict[MessageKey, Seen]:
        await super().register(entries)
        self._registered |= {one.key: Seen(one.body_hash, one.case_id, "applied", None) for one in entries}
        return {}


class NoInbox(Store):
    @asynccontextmanager
    async def begun(self) -> AsyncIterator[MemoryUnit]:
        async with super().begun() as unit:
            unit.__class__ = _Forgetful
            yield unit


class _OnlyUnique(MemoryUnit):
    def commit(self) -> None:
        if self._registered.keys() & self._tables.inbox.keys():
            raise StoreConflict("the inbox has it")
        super().commit()


class NoRowLock(Store):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._turn = asyncio.Lock()  # nobody else waits for it

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[MemoryUnit]:
        async with super().begun() as unit:
            unit.__class__ = _OnlyUnique
            yield unit


class NoRelay(Relay):
    async def run_once(self, **_: Any) -> int:
        return 0


class SentBeforeConfirmed(Publisher):
    async def flush(self) -> None:
        self._published += [id_ for id_, _ in self._waiting]
        waiting, self._waiting = self._waiting, []
        await self._bus.publish([parcel for _, parcel in waiting])


class ForgetsBeforeSending(Publisher):
    def send(self, ids: Sequence[int], parcels: Sequence[Parcel]) -> None:
        super().send(ids, parcels)
        self._published += ids


class ReusesAttempts(Composer):
    def compose(self, order: Order, *args: Any, **more: Any) -> None:
        super().compose(replace(order, attempt=1) if isinstance(order, m.Submit) else order, *args, **more)


class NewIdEachTime(Composer):
    def compose(self, order: Order, *args: Any, **more: Any) -> None:
        self._references_key = str(more["now"]).encode().ljust(32)[-32:]
        super().compose(order, *args, **more)


class RaisesNoSequence(Composer):
    def compose(self, order: Order, *args: Any, **more: Any) -> None:
        flat = replace(order, sequence=1) if isinstance(order, m.Revise | m.Withdraw) else order
        super().compose(flat, *args, **more)


class SaysWhatIsSoNow(Composer):
    def compose(self, order: Order, *args: Any, **more: Any) -> None:
        super().compose(order, *args, **{**more, "ordered_at": more["now"]})


class RemindsTwice(Composer):
    def compose(self, order: Order, *arguments: Any, **named: Any) -> None:
        super().compose(order, *arguments, **named)
        if isinstance(order, m.Notify):
            super().compose(replace(order, days=order.days + 100), *arguments, **named)


class NoDisclosures(Composer):
    def compose(self, order: Order, *args: Any, **more: Any) -> None:
        super().compose(order, *args, **more)
        more["changes"].disclosures.clear()


class TellsTooMuch(Composer):
    def _payload(self, *args: Any) -> Any:
        payload, *rest = super()._payload(*args)
        fields = getattr(payload, "fields", None)
        return (payload.model_copy(update={"fields": {**fields, "more": "x"}}) if fields else payload, *rest)


class LogsWhatItTells(Composer):
    def _payload(self, *args: Any) -> Any:
        payload, *rest = super()._payload(*args)
        logging.getLogger("engine.runtime.composer").info("order.filled", extra={"fields": str(payload)})
        return (payload, *rest)


class DropsAJournalRow(Processor):
    def _write_cases(self, batch: Any) -> None:
        del batch.changes.journal[1:2]
        super()._write_cases(batch)


class NoDedupe(Letters):
    async def delivered(self, pairs: Sequence[Pair]) -> dict[Pair, Kept]:
        return {}

    async def keep(self, rows: Sequence[LetterRow]) -> dict[Pair, Kept]:
        self.letters |= {row.id: row for row in rows}
        return {(row.order_id, row.document_id): Kept(row.id, row.owner, row.sha256) for row in rows}


class NotIdempotent(Office):
    def receive(self, event: bytes) -> None:
        known = dict(self.orders)
        self.orders.clear()
        super().receive(event)
        self.orders = {**known, **self.orders}


class _Lenient:
    """A judge who lets everything be completed."""

    def allows(self, state: FilingState, trigger: str) -> bool:
        return trigger == "complete" or FILING.allows(state, trigger)

    def after(self, state: FilingState, trigger: str) -> FilingState:
        return FilingState.COMPLETED if trigger == "complete" else FILING.after(state, trigger)


def _swallows(heard: Heard) -> Said:
    raise EngineError("stale-reply")


def _in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "JAPAN", UTC)


def _is_lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (decide, happened, replies, settle):
        monkeypatch.setattr(room, "FILING", _Lenient())


def _swallows_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeper, "_tick", lambda _: _swallows)


def _does_not_settle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "_released", lambda *_: iter(()))


Sabotage = Parts | Callable[[pytest.MonkeyPatch], None]

SABOTAGES: tuple[tuple[Sabotage, str], ...] = (
    (Parts(consumer=AcknowledgesFirst), "every_reply_is_heard_or_put_aside"),
    (Parts(consumer=DropsWhatFails), "every_reply_is_heard_or_put_aside"),
    (Parts(consumer=LetsGoOfNothing), "every_reply_is_heard_or_put_aside"),
    (Parts(desk=BelievesTheEnvelope), "no_forgery_counts"),
    (Parts(store=NoInbox), "a_message_is_applied_at_most_once"),
    (Parts(store=NoRowLock), "the_journal_replays_to_the_stored_case"),
    (Parts(relay=NoRelay), "the_world_comes_to_rest"),
    (Parts(publisher=SentBeforeConfirmed), "nothing_is_left_on_the_way"),
    (Parts(publisher=ForgetsBeforeSending), "nothing_is_left_on_the_way"),
    (Parts(composer=ReusesAttempts), "one_order_id_is_one_content"),
    (Parts(composer=NewIdEachTime), "one_content_is_one_order_id"),
    (Parts(composer=RaisesNoSequence), "sequences_do_not_contradict"),
    (Parts(composer=SaysWhatIsSoNow), "one_order_id_is_one_content"),
    (Parts(composer=RemindsTwice), "nobody_is_reminded_twice_or_after_the_end"),
    (Parts(composer=NoDisclosures), "every_field_told_is_disclosed"),
    (Parts(composer=TellsTooMuch), "offices_get_exactly_the_fields_of_the_plan"),
    (Parts(composer=LogsWhatItTells), "nothing_personal_leaks"),
    (Parts(processor=DropsAJournalRow), "the_journal_replays_to_the_stored_case"),
    (Parts(letters=NoDedupe), "every_document_is_in_its_box_once"),
    (Parts(office=NotIdempotent), "an_order_takes_effect_at_most_once"),
    (_in_utc, "lateness_is_said_in_time"),
    (_is_lenient, "what_was_undone_is_not_done_afterwards"),
    (_swallows_ticks, "the_world_comes_to_rest"),
    (_does_not_settle, "every_case_ended_or_waits_for_a_person"),
)


def _name_of(sabotage: object) -> str:
    if isinstance(sabotage, Parts):
        changed = [getattr(sabotage, part) for part in Parts.__slots__]
        return next(str(part.__name__) for part in changed if getattr(part, "__module__", "") == __name__)
    return str(getattr(sabotage, "__name__", sabotage))


def worlds_until_caught(parts: Parts, invariant: str) -> int | None:
    """Return how many worlds it took the invariant to see the sabotage, None when it survived."""
    for seed in range(MOST_WORLDS):
        if invariant in run(suffer(World(seed, parts=parts))):
            return seed + 1
    return None


@pytest.mark.parametrize(("sabotage", "invariant"), SABOTAGES, ids=_name_of)
def test_no_sabotage_survives(sabotage: Sabotage, invariant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not isinstance(sabotage, Parts):
        sabotage(monkeypatch)
    parts = sabotage if isinstance(sabotage, Parts) else Parts()

    worlds = worlds_until_caught(parts, invariant)

    assert worlds is not None
