# SPDX-License-Identifier: Apache-2.0
"""What the SDK promises a connector: each order once, nothing overtaken, every reply arrives."""

import asyncio
import logging
import stat
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from sqlite3 import ProgrammingError
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from connectors.sdk import (
    Accepted,
    Asked,
    Completed,
    Irrevocable,
    IssuedDocument,
    Later,
    OrganisationClosed,
    OrganisationUnavailable,
    Received,
    Refused,
    Text,
    Withdrawn,
)
from connectors.sdk.desk import Work
from connectors.sdk.keys import OwnKeys
from connectors.sdk.replies import Reply, draft
from connectors.sdk.transport import EngineDoor, EngineUnavailable, Incoming, Outgoing, Result
from engine.border.envelope import MAX_BATCH_EVENTS, ReplyType, parse_order
from tests.unit.border_desk import Side
from tests.unit.sdk_engine import (
    ADDRESS,
    FIELDS,
    Office,
    World,
    amend,
    answer,
    ref,
    sealed_for_nobody,
    submit,
    withdraw,
    world,
)

ONE = Completed("R-1")
HELLO = Text(ja="こんにちは", en="Hello")


def office(here: World) -> Office:
    assert isinstance(here.connector, Office)
    return here.connector


# --- once -----------------------------------------------------------------------------------------


async def test_an_order_is_worked_on_acknowledged_and_answered(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = [Received("R-1"), Accepted("R-1"), Completed("R-1")]
        order = here.engine.order(submit())

        await here.once()

        assert here.engine.pending == {}
        assert here.engine.said() == ["received", "accepted", "completed"]
        assert [reply.event.sequence for reply in here.engine.replies.values()] == [1, 2, 3]
        assert here.engine.last().order_id == order
        assert office(here).seen[0].fields.customer_number == "0123456789"


async def test_an_order_sent_twice_takes_effect_once_and_brings_the_same_replies(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        order = here.engine.order(submit())
        await here.once()
        first = dict(here.engine.replies)

        here.engine.again(order)
        await here.once()

        assert office(here).calls == ["submit"]
        assert here.engine.replies == first
        assert here.engine.arrivals == [f"{order}.1", f"{order}.1"]


async def test_killed_before_the_work_was_kept_it_is_done_again_and_counts_once(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).trouble = [RuntimeError("killed")]
        here.engine.order(submit())
        await here.once()
        assert here.ledger.effects() == []

        here.clock.move(timedelta(hours=2))
        here.start()
        await here.once()

        assert office(here).calls == ["submit", "submit"]
        assert len(here.ledger.effects()) == 1
        assert here.engine.said() == ["completed"]


async def test_killed_between_effect_and_reply_the_effect_is_not_repeated(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit())
        await here.runner._receive_once(0)
        while await here.runner._start():
            await asyncio.wait(here.runner._running.values())
        assert len(here.ledger.effects()) == 1
        assert here.engine.replies == {}

        here.start()
        await here.once()

        assert office(here).calls == ["submit"]
        assert len(here.ledger.effects()) == 1
        assert here.engine.said() == ["completed"]


async def test_two_programs_on_one_ledger_keep_one_outcome(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit())
        await here.runner._receive_once(0)
        (entry,) = here.ledger.begin(here.clock.now(), busy=(), limit=9)

        here.start()
        await here.once()
        kept = here.ledger.keep(entry, Work((Completed("R-2"),), effects=("other",)), here.clock.now())

        assert not kept
        assert [name for name, _ in here.ledger.effects()] == [f"{entry.id} submit"]


async def test_an_order_acknowledged_in_vain_is_not_worked_on_twice(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit())
        here.engine.faults = []
        await here.runner._receive_once(0)
        here.engine.again(next(iter(here.engine.sent)))

        here.start()
        await here.once()

        assert office(here).calls == ["submit"]


async def test_an_order_is_acknowledged_only_after_it_was_kept(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        order = here.engine.order(submit())
        here.ledger.close()

        with pytest.raises(ProgrammingError):
            await here.once()

        assert order in here.engine.pending


# --- order ----------------------------------------------------------------------------------------


async def test_a_submit_that_comes_after_its_withdraw_never_takes_effect(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(withdraw(), sequence=2)
        await here.once()

        here.engine.order(submit(), sequence=1)
        await here.once()

        assert office(here).calls == []
        assert here.ledger.effects() == []
        assert here.engine.said() == ["withdrawn"]
        assert here.engine.pending == {}


async def test_a_submit_withdrawn_while_the_office_was_closed_never_reaches_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).trouble = [OrganisationClosed(minutes=60)]
        here.engine.order(submit(), sequence=1)
        await here.once()

        here.engine.order(withdraw(), sequence=2)
        here.clock.move(timedelta(hours=2))
        await here.once()

        assert office(here).calls == ["submit"]
        assert here.ledger.effects() == []
        assert here.engine.said() == ["withdrawn"]


async def test_a_submit_that_perhaps_arrived_is_finished_and_then_withdrawn(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).trouble = [OrganisationUnavailable()]
        here.engine.order(submit(), sequence=1)
        await here.once()

        here.engine.order(withdraw(), sequence=2)
        await here.once()
        assert here.engine.said() == []
        here.clock.move(timedelta(hours=2))
        await here.once()

        assert office(here).calls == ["submit", "submit", "withdraw"]
        assert here.engine.said() == ["completed", "withdrawn"]


async def test_orders_of_one_filing_that_come_together_are_worked_on_in_their_order(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(amend({"customerNumber": "2"}), sequence=2)
        here.engine.order(submit(), sequence=1)

        await here.once()

        assert office(here).calls == ["submit", "amend"]
        assert office(here).seen[1].fields.customer_number == "2"
        assert office(here).seen[1].changed == {"customerNumber"}


async def test_an_older_correction_does_not_undo_a_newer_one(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit(), sequence=1)
        here.engine.order(amend({"customerNumber": "3"}, revision=2), sequence=3)
        await here.once()

        here.engine.order(amend({"customerNumber": "2"}), sequence=2)
        await here.once()

        assert [order.fields.customer_number for order in office(here).seen] == ["0123456789", "3", "3"]


async def test_a_first_attempt_that_comes_after_the_second_is_superseded(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit(attempt=2), sequence=2)
        await here.once()

        here.engine.order(submit(), sequence=1)
        await here.once()

        assert [order.attempt for order in office(here).seen] == [2]


async def test_the_same_id_with_another_content_is_not_taken(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        order = here.engine.order(submit())
        await here.once()

        assert here.engine.order(submit(fields={**FIELDS, "customerNumber": "9"})) == order
        await here.once()

        assert office(here).calls == ["submit"]
        assert order in here.engine.pending


# --- the engine is not there ----------------------------------------------------------------------


async def test_replies_wait_for_an_engine_that_is_away_and_keep_their_ids(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        order = here.engine.order(submit())
        await here.runner._receive_once(0)
        here.engine.faults = [503]
        with pytest.raises(EngineUnavailable):
            await here.once()

        here.start()
        await here.once()

        assert here.engine.arrivals == [f"{order}.1"]


async def test_a_reply_the_engine_took_without_saying_so_is_sent_again_the_same(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        order = here.engine.order(submit())
        await here.runner._receive_once(0)
        while await here.runner._start():
            await asyncio.wait(here.runner._running.values())
        await here.line.keys()
        here.engine.after_taking = 2  # the keys, then the replies
        with pytest.raises(EngineUnavailable):
            await here.runner._outbox.send_once()
        with pytest.raises(EngineUnavailable):
            await here.runner._outbox.send_once()

        await here.once()

        assert set(here.engine.arrivals) == {f"{order}.1"}
        assert len(here.engine.replies) == 1


async def test_the_program_pauses_while_the_engine_is_away_and_goes_on_by_itself(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.faults = [503, 502, 401]
        here.engine.order(submit())
        stop = asyncio.Event()

        running = asyncio.create_task(here.runner.run(stop))
        async with asyncio.timeout(30):
            await here.engine.replied.wait()
        stop.set()
        await running

        assert here.engine.said() == ["completed"]


async def test_a_slow_engine_is_waited_for(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.slow_seconds = 0.3
        here.engine.order(submit())

        await here.once()

        assert here.engine.said() == ["completed"]


async def test_a_hundred_orders_are_answered_in_one_batch(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        for number in range(MAX_BATCH_EVENTS):
            here.engine.order(submit(), to=number)

        await here.once()

        assert here.engine.batches == [MAX_BATCH_EVENTS]
        assert len(here.engine.replies) == MAX_BATCH_EVENTS
        assert here.engine.pending == {}


async def test_told_to_stop_it_finishes_what_has_begun_and_says_so(tmp_path: Path) -> None:
    class Slow(Office):
        async def submit(self, order: Any, desk: Any) -> Any:
            begun.set()
            await go_on.wait()
            return await super().submit(order, desk)

    begun, go_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with world(tmp_path, Slow()) as here:
        here.engine.order(submit())
        running = asyncio.create_task(here.runner.run(stop))
        await begun.wait()

        stop.set()
        await asyncio.sleep(0)
        go_on.set()
        await running

        assert here.engine.said() == ["completed"]


# --- keys -----------------------------------------------------------------------------------------


async def test_an_order_that_cannot_be_read_does_not_stand_in_the_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as here:
        bad = here.engine.order(submit(), to=1)
        here.engine.pending[bad] = sealed_for_nobody(here.engine.sent[bad])
        await here.once()

        here.engine.order(submit(), to=2)
        with caplog.at_level(logging.ERROR):
            await here.once()

        assert here.engine.said(2) == ["completed"]
        assert list(here.engine.pending) == [bad]
        assert any("after=1" in request for request in here.engine.requests)
        here.engine.pending[bad] = here.engine.sent[bad]
        here.clock.move(timedelta(minutes=6))
        await here.once()
        assert here.engine.said(1) == ["completed"]


async def test_an_order_that_appeared_behind_the_page_is_looked_for_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        late, bad = here.engine.order(submit()), here.engine.order(submit(), to=2)
        committed_late = here.engine.pending.pop(late)
        here.engine.pending[bad] = sealed_for_nobody(here.engine.sent[bad])
        await here.once()
        here.engine.pending[late] = committed_late  # below the position from which the connector reads on

        here.engine.order(submit(), to=3)
        await here.once()
        await here.once()

        assert (here.engine.said(1), here.engine.said(3)) == (["completed"], ["completed"])


async def test_an_order_sealed_for_another_key_is_not_acknowledged(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.meets(OwnKeys.kept_in(tmp_path / "other"))
        order = here.engine.order(submit())
        here.engine.meets(here.keys)

        await here.once()

        assert office(here).calls == []
        assert order in here.engine.pending


async def test_a_new_key_of_the_engine_is_fetched_when_it_is_met(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit(), to=1)
        await here.once()
        known, here.engine.side = here.engine.side.known, Side("/engine", here.clock)
        here.engine.side.known = known
        here.engine.order(submit(), to=2)
        await here.once()

        assert here.engine.said(2) == ["completed"]


async def test_a_reply_sealed_for_the_engines_old_key_is_sealed_anew(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit(), to=1)
        await here.once()
        here.engine.side.own.clear()
        renewed = Side("/engine", here.clock)
        here.engine.side.decryption = renewed.decryption
        here.engine.side.own[renewed.address.kid] = renewed.decryption
        here.engine.order(submit(), to=2)
        with pytest.raises(EngineUnavailable):
            await here.once()

        await here.once()

        assert here.engine.said(2) == ["completed"]


def test_keys_are_made_once_and_are_for_their_owner_only(tmp_path: Path) -> None:
    made = OwnKeys.kept_in(tmp_path / "keys")

    again = OwnKeys.kept_in(tmp_path / "keys")

    assert again.public() == made.public()
    files = list((tmp_path / "keys").iterdir())
    assert {path.name for path in files} == {"signing.pem", "decryption.pem"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert not any("d" in jwk for jwk in made.public()["keys"])


# --- fields, questions, news ----------------------------------------------------------------------


async def test_bad_fields_are_refused_with_the_place_and_the_office_is_not_asked(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit(fields={**FIELDS, "newAddress": {**ADDRESS, "municipality": "1"}}))

        await here.once()

        refused = here.engine.last()
        assert (refused.code, refused.field, refused.correctable) == (
            "invalid-fields",
            "/newAddress/municipality",
            True,
        )
        assert office(here).calls == []


async def test_what_was_only_refused_needs_no_undoing(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit(fields={}), sequence=1)
        await here.once()

        here.engine.order(withdraw(), sequence=2)
        await here.once()

        assert here.engine.said() == ["refused", "withdrawn"]
        assert office(here).calls == []


async def test_a_procedure_nobody_takes_here_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.engine.order(submit("move.nhk"))

        await here.once()

        assert here.engine.last().code == "unknown-procedure"


async def test_a_question_is_asked_and_the_answer_carries_on(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        schema = {"type": "string", "enum": ["yes", "no"]}
        office(here).answers = Asked("q1", HELLO, schema, until=here.clock.now().date())
        here.engine.order(submit(), sequence=1)
        await here.once()
        assert here.engine.last().answer_schema.as_schema() == schema

        second = here.engine.order(answer("yes"), sequence=2)
        await here.once()

        assert here.engine.said() == ["asked", "accepted", "completed"]
        assert here.engine.last().order_id == second
        assert office(here).seen[1].answer == "yes"


async def test_what_is_said_later_comes_when_the_clock_says_so_even_after_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = [Received(), Later(here.clock.now() + timedelta(days=2))]
        here.engine.order(submit())
        await here.once()
        here.clock.move(timedelta(days=1))
        await here.once()
        assert here.engine.said() == ["received"]

        here.start()
        here.clock.move(timedelta(days=1))
        await here.once()
        await here.once()

        assert here.engine.said() == ["received", "completed"]
        assert office(here).calls == ["submit", "follow-up"]


async def test_what_was_withdrawn_is_not_followed_up(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = Later(here.clock.now() + timedelta(days=2))
        here.engine.order(submit(), sequence=1)
        await here.once()
        here.engine.order(withdraw(), sequence=2)
        await here.once()

        here.clock.move(timedelta(days=3))
        await here.once()

        assert here.engine.said() == ["withdrawn"]


async def test_a_correction_does_not_make_the_office_forget_to_come_back(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = Later(here.clock.now() + timedelta(days=2))
        here.engine.order(submit(), sequence=1)
        here.engine.order(amend({"customerNumber": "2"}), sequence=2)
        await here.once()

        here.clock.move(timedelta(days=3))
        await here.once()

        assert here.engine.said() == ["amended", "completed"]
        assert office(here).seen[-1].fields.customer_number == "2"


async def test_news_from_the_office_is_sent_under_the_last_order(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = Received()
        order = here.engine.order(submit())
        await here.once()

        await here.runner.reply(ref(1), Accepted("R-1"), Completed("R-1"))
        await here.once()

        assert here.engine.said() == ["received", "accepted", "completed"]
        assert set(here.engine.replies) == {f"{order}.{number}" for number in (1, 2, 3)}


async def test_news_about_a_filing_nobody_knows_is_an_error(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        with pytest.raises(KeyError):
            await here.runner.reply(ref(7), Completed("R-1"))


@pytest.mark.parametrize("manner", ["one", "list", "generator", "async generator", "coroutine", "nothing"])
async def test_a_connector_may_answer_in_any_manner(tmp_path: Path, manner: str) -> None:
    class Free(Office):
        def submit(self, order: Any, desk: Any) -> Any:
            match manner:
                case "one":
                    return ONE
                case "list":
                    return [ONE]
                case "generator":
                    return iter([ONE])
                case "async generator":
                    return several()
                case "coroutine":
                    return later()
                case _:
                    return None

    async def later() -> Completed:
        return ONE

    async def several() -> AsyncIterator[Completed]:
        yield ONE

    async with world(tmp_path, Free()) as here:
        here.engine.order(submit())

        await here.once()

        assert here.engine.said() == ([] if manner == "nothing" else ["completed"])


async def test_one_order_that_makes_the_connector_fail_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as here:
        office(here).trouble = [ValueError("届出 花子")]
        here.engine.order(submit(), to=1)
        here.engine.order(submit(), to=2)

        with caplog.at_level(logging.DEBUG):
            await here.once()

        assert (here.engine.said(1), here.engine.said(2)) == ([], ["completed"])
        assert "order.failed" in caplog.messages
        assert not any("花子" in repr(vars(record)) for record in caplog.records)


async def test_a_reply_outside_the_contract_is_the_connectors_mistake_and_is_not_sent(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = Refused("Not A Slug", HELLO)
        here.engine.order(submit())

        await here.once()

        assert here.engine.arrivals == []
        assert here.ledger.effects() == []
        with pytest.raises(ValidationError):
            draft(Refused("Not A Slug", HELLO), next(iter(here.engine.sent)))


async def test_the_trace_of_an_order_goes_back_with_its_replies(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        order = here.engine.order(submit())

        await here.once()

        (reply,) = here.engine.replies.values()
        assert reply.event.model_dump()["traceparent"] == parse_order(here.engine.sent[order]).traceparent


# --- documents ------------------------------------------------------------------------------------


def document(size: int, number: int = 1) -> IssuedDocument:
    return IssuedDocument(f"d{number}", "certificate", HELLO, bytes([number]) * size)


async def test_small_documents_travel_inside_and_large_ones_are_uploaded(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        small, large = document(64 * 1024, 1), document(64 * 1024 + 1, 2)
        office(here).answers = Completed("R-1", documents=(small, large))
        here.engine.order(submit())

        await here.once()

        inside, outside = here.engine.last().documents
        assert inside.content() == small.content
        assert outside.inline is None
        assert here.engine.uploads[outside.ticket][1] == large.content


async def test_documents_that_together_are_too_much_for_a_message_are_uploaded(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = Completed(
            "R-1", documents=tuple(document(60 * 1024, number) for number in range(20))
        )
        here.engine.order(submit())

        await here.once()

        assert len(here.engine.last().documents) == 20
        assert 0 < len(here.engine.uploads) < 20


async def test_an_upload_that_failed_is_tried_again_and_holds_up_its_own_filing_only(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = Completed("R-1", documents=(document(100_000),))
        here.engine.order(submit(), to=1)
        await here.runner._receive_once(0)
        while await here.runner._start():
            await asyncio.wait(here.runner._running.values())
        office(here).answers = Completed("R-2")
        here.engine.order(submit(), to=2)
        await here.runner._receive_once(0)
        while await here.runner._start():
            await asyncio.wait(here.runner._running.values())
        here.engine.faults = [503]
        await here.runner._outbox.send_once()
        assert (here.engine.said(1), here.engine.said(2)) == ([], ["completed"])

        await here.once()

        assert here.engine.said(1) == ["completed"]


async def test_sent_again_a_reply_names_the_same_ticket(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        office(here).answers = Completed("R-1", documents=(document(100_000),))
        order = here.engine.order(submit())
        await here.once()

        here.engine.again(order)
        await here.once()

        assert len(here.engine.arrivals) == 2
        assert list(here.engine.uploads) == ["t1"]
        assert len(here.engine.replies) == 1


def test_what_a_connector_can_say_is_all_the_contract_knows() -> None:
    words = {reply.__name__.lower() for reply in get_args(Reply)}

    assert words == {name.split(".")[3] for name in get_args(ReplyType)}
    assert {Withdrawn, Irrevocable} <= set(get_args(Reply))


# --- a broker hands over once ---------------------------------------------------------------------


class _Broker:
    """A channel that hands an order over once as long as the connection lasts, as a broker does."""

    def __init__(self, event: bytes) -> None:
        self.waiting = [Incoming(event, None)]
        self.acknowledged: list[Incoming] = []

    async def take(self, *, wait_seconds: float) -> list[Incoming]:
        taken, self.waiting = self.waiting, []
        return taken

    async def acknowledge(self, incoming: Sequence[Incoming]) -> None:
        self.acknowledged += incoming

    async def turn_away(self, incoming: Sequence[Incoming]) -> None:
        assert not incoming

    async def send(self, replies: Sequence[Outgoing]) -> list[Result]:
        return [Result(reply.id, "sent") for reply in replies]

    async def close(self) -> None:
        pass


class _ShutOnce:
    """A door of the engine that is shut the first time."""

    def __init__(self, inner: EngineDoor) -> None:
        self._troubles: list[Exception] = [EngineUnavailable("down")]
        self._inner = inner

    async def keys(self) -> dict[str, Any]:
        if self._troubles:
            raise self._troubles.pop()
        return await self._inner.keys()

    async def upload(self, content: bytes) -> str:
        return await self._inner.upload(content)


async def test_an_order_that_came_while_the_engines_keys_could_not_be_had_is_not_forgotten(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        order = here.engine.order(submit())
        broker = _Broker(here.engine.sent[order])
        here.start(transport=broker, door=_ShutOnce(here.line))
        with pytest.raises(EngineUnavailable):
            await here.runner.run_once()

        await here.runner.run_once()

        assert office(here).calls == ["submit"]
        assert len(broker.acknowledged) == 1
