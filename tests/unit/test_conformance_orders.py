# SPDX-License-Identifier: Apache-2.0
"""Whatever procedure an organisation subscribes to, the suite has an order for it, right from the first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from connectors.conformance.run import Run
from connectors.conformance.script import filed, repeated
from connectors.conformance.suite import Asked, Suite
from engine.border.envelope import open_order
from engine.border.jwk import exported
from engine.border.payloads import OrderAmend, OrderSubmit
from engine.bus.memory import MemoryBus, MemoryQueues
from engine.core.declaration import Kind, Procedure
from engine.ports import Rehearsal, Rehearsals, RehearsedReply
from engine.registry.seed import seed
from engine.registry.store import MemoryRegistryStore
from engine.runtime.approvals import Approvals
from engine.runtime.bells import Bells
from engine.runtime.catalogue import AnyEvent, Catalogue
from engine.store.memory import MemoryStore
from tests.unit.border_desk import NOW, Border, Moving
from tests.unit.mailbox_office import CountedIds
from workflows.birth import BIRTH
from workflows.calendar_japan import calendar_for
from workflows.death import DEATH
from workflows.marriage import MARRIAGE
from workflows.moving import MOVING

EVENTS: tuple[AnyEvent, ...] = (MOVING, MARRIAGE, BIRTH, DEATH)
NUMBER = "8999999000001"
CATALOGUE = Catalogue(EVENTS, store=MemoryStore(Moving()), calendars=calendar_for)
FILED = [one for event in EVENTS for one in event.procedures if one.kind is Kind.FILING]


class Kept:
    """Keeps one run, and answers each of its orders as an organisation that takes everything."""

    def __init__(self, border: Border) -> None:
        self._border = border
        self.run: Rehearsal | None = None
        self.replies: list[RehearsedReply] = []
        self.opened: list[Any] = []

    async def begin(self, run: UUID, number: str, asked: Mapping[str, Any], *, at: datetime) -> bool:
        self.run = Rehearsal(
            id=run,
            number=number,
            state="running",
            asked=asked,
            findings=(),
            step=None,
            confirmed=(),
            report=None,
            begun_at=at,
            ended_at=None,
        )
        return True

    async def newest(self, number: str) -> Rehearsal | None:
        return self.run

    async def note(self, run: UUID, **how: Any) -> Sequence[str]:
        return ()

    async def offer(self, run: UUID, number: str, orders: Sequence[tuple[str, str, bytes]], **_: Any) -> None:
        for order, reference, event in orders:
            self.opened.append(open_order(event, self._border.office.opener).payload)
            self.replies.append(
                RehearsedReply(
                    reference=reference,
                    reply_id=str(uuid4()),
                    kind="completed",
                    order_id=order,
                    payload={"receipt": "1"},
                    problem=None,
                    said_at=NOW,
                    heard_at=NOW,
                    position=len(self.replies) + 1,
                )
            )

    async def heard(self, run: UUID, *, after: int) -> list[RehearsedReply]:
        return [one for one in self.replies if one.position > after]


class Rehearsing:
    """A suite without a database, and an organisation that has subscribed to these procedures."""

    def __init__(self) -> None:
        self.border = Border()
        self.kept = Kept(self.border)
        self.registry = MemoryRegistryStore()
        self.suite = Suite(
            is_sandbox=True,
            store=cast("Rehearsals", self.kept),
            registry=self.registry,
            approvals=cast("Approvals", None),  # no run comes to its end here
            bus=MemoryBus(MemoryQueues()),
            bells=Bells(),
            catalogue=CATALOGUE,
            signing=self.border.engine.signing,
            references_key=bytes(32),
            clock=self.border.clock,
            ids=CountedIds(),
        )

    async def subscribe(self, *slugs: str) -> None:
        """Register the organisation with its key and these subscriptions."""
        office = self.border.office
        known = {
            "number": NUMBER,
            "name": {"ja": "見本", "en": "Sample"},
            "kind": "company",
            "channel": "pull",
            "subscriptions": [{"slug": slug} for slug in slugs],
            "keys": [exported(office.decryption.public_key(), use="enc")],
        }
        await seed(self.registry, [known], clock=self.border.clock)

    async def begun(self) -> Run:
        """Begin as the organisation does, and return what the suite has prepared."""
        await self.suite.begin(NUMBER, Asked(patience_seconds=1))
        assert self.kept.run is not None
        return await self.suite.prepared(self.kept.run, await self.suite.rehearsed(NUMBER))


@pytest.mark.parametrize("procedure", FILED, ids=[one.slug for one in FILED])
async def test_a_rehearsal_of_each_procedure_begins_with_a_right_order(procedure: Procedure[Any]) -> None:
    one = Rehearsing()
    await one.subscribe(procedure.slug)

    run = await one.begun()
    mock = await filed(run, procedure.slug)

    (submitted,) = one.kept.opened
    assert isinstance(submitted, OrderSubmit)
    assert submitted.procedure == procedure.slug
    assert submitted.fields == CATALOGUE.examples[procedure.slug].examples[0].order["fields"]
    if submitted.fields:
        await run.send(run.press.amend(mock, await run.recipient()))
        amend = one.kept.opened[-1]
        assert isinstance(amend, OrderAmend)
        assert amend.fields.keys() < submitted.fields.keys() or len(submitted.fields) == 1


async def test_the_acts_are_played_with_a_procedure_that_tells_something() -> None:
    one = Rehearsing()
    await one.subscribe("death.death-certificate", "death.bank", "marriage.bank")

    run = await one.begun()

    assert set(run.examples) == {"death.death-certificate", "death.bank", "marriage.bank"}
    assert run.mock().fields


async def test_what_tells_nothing_can_be_rehearsed_but_not_corrected() -> None:
    one = Rehearsing()
    await one.subscribe("death.death-certificate")

    run = await one.begun()

    assert run.mock().fields == {}


def said(*ids: str) -> list[RehearsedReply]:
    """Return replies as they came, one after the other."""
    return [
        RehearsedReply(
            reference="r",
            reply_id=name,
            kind="completed",
            order_id="o",
            payload={},
            problem=None,
            said_at=NOW,
            heard_at=NOW,
            position=place,
        )
        for place, name in enumerate(ids, 1)
    ]


def test_a_batch_that_was_on_its_way_when_the_connector_was_killed_may_come_again() -> None:
    replies = said("a", "b", "b", "c", "d", "c", "d", "e")

    assert repeated(replies, (3, 5)) == ({"b": 2}, 5)
    assert repeated(replies, (0, 0)) == ({"b": 2, "c": 2, "d": 2}, 5)
    assert repeated(said("a", "a", "a"), (1, 1)) == ({"a": 3}, 1)


def test_more_than_one_batch_that_comes_again_after_a_restart_is_not_excused() -> None:
    names = [str(number) for number in range(150)]

    again, count = repeated(said(*names, *names), (150, 150))

    assert (len(again), count) == (50, 150)
