# SPDX-License-Identifier: Apache-2.0
"""An organisation with its own system: real keys, the real border, a ledger that outlives its crashes.

It speaks the contract and nothing but: the same order is carried out once, what was overtaken never
is, the same reply has the same id. All else is its temper: slow, silent, contradictory, down for days.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from engine.border import payloads as p
from engine.border.envelope import Opened, OrderEvent, open_order, seal_event
from engine.border.questions import AnswerSchema
from engine.border.wire import Statement, Title
from engine.core.patience import day_in_japan
from engine.ports import BusUnavailable, Parcel
from tests.simulation.chance import Fuse, delay
from tests.simulation.history import Asked, Effect, Issued, SeenOrder
from tests.simulation.life import CANARY
from tests.simulation.machine import Bus
from tests.unit.border_desk import Side

if TYPE_CHECKING:
    from tests.simulation.world import World

_BEGINS = (p.OrderSubmit, p.OrderWithdraw)
QUESTION = AnswerSchema(type="string", max_length=30)


@dataclass(slots=True)
class Entry:
    """An order in the office's ledger."""

    opened: Opened
    state: str = "waiting"
    replies: list[str] = field(default_factory=list)

    @property
    def sequence(self) -> int:
        return self.opened.event.sequence


@dataclass(slots=True)
class File:
    """What the office has on one filing."""

    replies: int = 0
    is_filed: bool = False
    is_silent: bool = False
    questions: int = 0


class Office:
    """One organisation."""

    def __init__(self, world: "World", number: str, side: Side) -> None:
        self.number = number
        self._world = world
        self._side = side
        self._random = world.random(f"office {number}")
        self.bus = Bus(world, Fuse(world.history.tally), self._random)
        self.orders: dict[str, Entry] = {}
        self.files: dict[str, File] = {}
        self.made: dict[str, tuple[bytes, str]] = {}
        self.down_until = world.clock.now()

    # --- receiving ---

    async def take(self) -> None:
        """Take what is in the queue into the ledger, acknowledge it, carry it out."""
        if self._world.fails("office down", 0.03):
            self.down_until = self._world.clock.now() + timedelta(hours=self._random.uniform(1, 100))
            self._world.later(self.down_until - self._world.clock.now(), self._nothing)
            return
        deliveries = await self.bus.take(f"orders.{self.number}", limit=20, wait_seconds=0)
        for delivery in deliveries:
            for event in delivery.events:
                self.receive(event)
        if self._world.fails("office died before it acknowledged", 0.05):
            self.bus.requeue()
        else:
            with suppress(BusUnavailable):  # they come again
                await self.bus.ack(deliveries)
        self.work()

    def receive(self, event: bytes) -> None:
        """Take one order into the ledger."""
        opened = open_order(event, self._side.opener)
        envelope = opened.event
        assert isinstance(envelope, OrderEvent)
        self._world.history.orders.append(
            SeenOrder(
                self.number,
                envelope.id,
                envelope.subject,
                envelope.sequence,
                envelope.type.split(".")[3],
                opened.body_hash,
                opened.payload,
                envelope.traceparent,
                self._world.clock.now(),
            )
        )
        if envelope.id in self.orders:
            self._world.history.tally["order repeated"] += 1
            self._repeated(self.orders[envelope.id])
            return
        same = [one for one in self.orders.values() if one.opened.event.subject == envelope.subject]
        entry = Entry(opened)
        if any(one.sequence > envelope.sequence and _begins(one) for one in same):
            self._world.history.tally["order superseded"] += 1
            entry.state = "superseded"
        elif _begins(entry):
            for one in same:
                if one.sequence < envelope.sequence and one.state == "waiting":
                    one.state = "superseded"
        self.orders[envelope.id] = entry
        self.files.setdefault(envelope.subject, File())

    def _repeated(self, entry: Entry) -> None:
        """Say again what was said to it, under the same ids."""
        self.files[entry.opened.event.subject].is_silent = False
        for name in entry.replies:
            self._world.later(delay(self._random), partial(self.send, name))

    # --- working ---

    def work(self) -> None:
        """Carry out whatever can be: a filing's orders in their sequence, none before its Submit."""
        for entry in sorted(self.orders.values(), key=lambda one: one.sequence):
            if entry.state == "waiting" and self._is_ready(entry):
                entry.state = "done"
                self.carry_out(entry)

    def _is_ready(self, entry: Entry) -> bool:
        return _begins(entry) or any(
            one.state == "done"
            and one.opened.event.subject == entry.opened.event.subject
            and isinstance(one.opened.payload, p.OrderSubmit)
            for one in self.orders.values()
        )

    def carry_out(self, entry: Entry) -> None:
        """Do what the order says, once, and answer in one's own time."""
        event, payload = entry.opened.event, entry.opened.payload
        file = self.files[event.subject]
        self.take_effect(entry)
        match payload:
            case p.OrderSubmit():
                file.is_filed = True
                self._examine(entry, file)
            case p.OrderAmend():
                self._amend(entry)
            case p.OrderWithdraw():
                self._withdraw(entry, file)
            case _:
                self._world.history.tally["answer heard"] += 1
                self._examine(entry, file)

    def held(self, reference: str) -> dict[str, Any]:
        """Return the values the office holds of a filing: what was carried out, in the engine's sequence."""
        fields: dict[str, Any] = {}
        for entry in sorted(self.orders.values(), key=lambda one: one.sequence):
            if entry.state == "done" and entry.opened.event.subject == reference:
                match entry.opened.payload:
                    case p.OrderSubmit(fields=said):
                        fields = dict(said)
                    case p.OrderAmend(fields=said):
                        fields |= said
                    case _:
                        pass
        return fields

    def take_effect(self, entry: Entry) -> None:
        event = entry.opened.event
        overtaken = any(
            one.sequence > event.sequence and _begins(one)
            for one in self.orders.values()
            if one.opened.event.subject == event.subject
        )
        self._world.history.effects.append(Effect(self.number, event.id, event.subject, overtaken))

    def _examine(self, entry: Entry, file: File) -> None:
        roll = self._random.random()
        calm = self._world.is_calm
        if roll < 0.08 and not calm:
            self._world.history.tally["office silent"] += 1
            file.is_silent = self._random.random() < 0.5  # or it lost the answer on the way
            self._say(entry, self._completed, lost=not file.is_silent)
            return
        if self._random.random() < 0.4:
            self._say(entry, lambda order: p.ReplyReceived(order_id=order, receipt="r-1"))
        if roll < 0.28 and file.questions < 3:
            file.questions += 1
            self._say(entry, partial(self._asked, f"q{file.questions}"))
        elif roll < 0.42:
            self._say(entry, self._refused)
        else:
            if self._random.random() < 0.4:
                self._say(entry, self._accepted)
            self._say(entry, self._completed)
            if not calm and self._random.random() < 0.1:
                self._world.history.tally["answered twice"] += 1
                self._say(entry, self._completed)

    def _amend(self, entry: Entry) -> None:
        roll = self._random.random()
        if roll < 0.08:
            self._say(entry, lambda order: p.ReplyIrrevocable(order_id=order, receipt="i-1"))
        elif roll < 0.16:
            self._say(entry, self._refused)
        elif roll < 0.22 and not self._world.is_calm:
            self._world.history.tally["office silent"] += 1
        else:
            self._say(entry, lambda order: p.ReplyAmended(order_id=order, receipt="a-1"))

    def _withdraw(self, entry: Entry, file: File) -> None:
        roll = self._random.random()
        if roll < 0.2 and file.is_filed:
            self._say(entry, lambda order: p.ReplyIrrevocable(order_id=order, receipt="i-2"))
        elif roll < 0.3 and file.is_filed:
            self._say(entry, self._refused)
        elif roll < 0.36 and not self._world.is_calm:
            self._world.history.tally["office silent"] += 1
        else:
            self._say(entry, lambda order: p.ReplyWithdrawn(order_id=order, receipt="w-1"))

    # --- saying ---

    def _say(self, entry: Entry, make: Callable[[str], p.Reply], *, lost: bool = False) -> None:
        """Make the reply when its time has come, keep it, and send it."""
        when = self._when(entry)

        async def speak() -> None:
            name = self.make(entry, make)
            if lost or self.files[entry.opened.event.subject].is_silent:
                self._world.history.tally["answer lost"] += 1
            else:
                await self.send(name)

        self._world.agenda.at(when, speak)

    def _when(self, entry: Entry) -> datetime:
        """Return when it answers: in its own time, and with a liking for the last moment."""
        now = self._world.clock.now()
        last = self._world.deadline_of(entry.opened.event.subject)
        if last is not None and last > now and self._random.random() < 0.12:
            self._world.history.tally["reply at the deadline"] += 1
            return max(now, last + timedelta(microseconds=self._random.randint(-100_000, 100_000)))
        return now + delay(self._random)

    def make(self, entry: Entry, make: Callable[[str], p.Reply]) -> str:
        """Write the reply into the ledger, sealed, under an id of its own."""
        event = entry.opened.event
        file = self.files[event.subject]
        file.replies += 1
        name = f"p-{hashlib.sha256(f'{event.subject}/{file.replies}'.encode()).hexdigest()[:20]}"
        payload = make(event.id)
        self.made[name] = self.sealed(name, event.subject, file.replies, payload), event.subject
        entry.replies.append(name)
        kind = type(payload).__name__.removeprefix("Reply").lower()
        self._world.history.replies[name] = self.number, kind
        self._world.history.tally[f"reply {kind}"] += 1
        for document in getattr(payload, "documents", ()):
            self._world.history.issued.append(
                Issued(
                    self.number,
                    event.id,
                    document.document_id,
                    event.subject,
                    document.content() or b"",
                    name,
                )
            )
        if isinstance(payload, p.ReplyAsked):
            self._world.history.asked.append(Asked(self.number, event.subject, payload.question_id, name))
        return name

    def sealed(self, name: str, subject: str, sequence: int, payload: p.Payload) -> bytes:
        return seal_event(
            payload,
            id=name,
            subject=subject,
            sequence=sequence,
            time=self._world.clock.now(),
            sealer=self._side.sealer,
            recipient=self._world.side.address,
        )

    async def send(self, name: str) -> None:
        """Hand a reply to the bus; try again in a minute where that did not work."""
        try:
            await self.bus.publish([Parcel(name, "replies", self.made[name][0], self.number)])
        except BusUnavailable:
            self._world.later(timedelta(minutes=1), partial(self.send, name))
        self._world.history.arrived.add((self.number, name))

    async def _nothing(self) -> None:
        """Be up again."""

    # --- what is said ---

    def _accepted(self, order: str) -> p.Reply:
        return p.ReplyAccepted(order_id=order, receipt="a-0", documents=self._documents(order, "accepted"))

    def _completed(self, order: str) -> p.Reply:
        documents = self._documents(order, "completed")
        if self._random.random() < 0.3:
            documents += self._documents(order, "accepted")  # once more, the same
        return p.ReplyCompleted(order_id=order, receipt="c-0", documents=documents)

    def _documents(self, order: str, kind: str) -> tuple[p.Document, ...]:
        if self._random.random() < 0.4:
            return ()
        content = f"{CANARY} {kind} {order}".encode()
        return (
            p.Document(
                document_id=f"{kind}-1",
                kind="certificate",
                title=Title(ja=f"{CANARY}の証明書", en="Certificate"),
                media_type="application/pdf",
                size_bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                inline=b64encode(content).decode(),
            ),
        )

    def _refused(self, order: str) -> p.Reply:
        return p.ReplyRefused(
            order_id=order,
            code="not-so",
            reason=Statement(ja=f"{CANARY}は違います", en="Not so"),
            correctable=self._random.random() < 0.6,
        )

    def _asked(self, question: str, order: str) -> p.Reply:
        today = day_in_japan(self._world.clock.now())
        return p.ReplyAsked(
            order_id=order,
            question_id=question,
            text=Statement(ja=f"{CANARY}ですか", en="Is it so?"),
            answer_schema=QUESTION,
            until=today + timedelta(days=self._random.randint(1, 10)),
        )


def _begins(entry: Entry) -> bool:
    return isinstance(entry.opened.payload, _BEGINS)


def forger(world: "World", random: Random) -> Callable[[], Any]:
    """Return an act that puts one false reply into a queue of the engine."""

    async def forge() -> None:
        one, other = random.sample(sorted(world.offices), 2)
        victims = sorted(ref for ref in world.offices[one].files if world.offices[one].files[ref].is_filed)
        if not victims:
            return
        office, reference = world.offices[other], random.choice(victims)
        order = min(
            name for name, e in world.offices[one].orders.items() if e.opened.event.subject == reference
        )
        false = p.ReplyCompleted(order_id=order, receipt="false")
        name = f"p-forged-{len(world.history.forged)}"
        world.history.forged.add(name)
        kind = random.choice(("another's reference", "another's name", "altered", "reused id"))
        world.history.tally[f"forged: {kind}"] += 1
        sender = other
        raw = office.sealed(name, reference, 1, false)
        if kind == "another's name":
            raw, sender = world.offices[one].sealed(name, reference, 1, false), other
        elif kind == "altered":
            raw = raw.replace(name.encode(), f"{name}x".encode())
        elif kind == "reused id":
            used = sorted(made for made, (_, about) in world.offices[one].made.items() if about == reference)
            sent = [made for made in used if (one, made) in world.tables.inbox]
            if not sent:
                return
            raw = world.offices[one].sealed(sent[0], reference, 1, false)
            sender = one
            world.history.forged.add(sent[0])
        await office.bus.publish([Parcel(name, "replies", raw, sender)])

    return forge
