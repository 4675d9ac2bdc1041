# SPDX-License-Identifier: Apache-2.0
"""A world in one process: everything that is not the engine, driven by one seed.

The engine's parts are the real ones, in several processes over one store and one bus. One loop picks
the next thing at random until nothing is left to do; then the history is judged (invariants.py).
A failing seed is the bug report: `World(seed)` does the same again.
"""

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from engine.border.jwk import exported
from engine.bus.memory import MemoryQueues
from engine.bus.topology import reply_queues
from engine.core.case import Case
from engine.core.errors import EngineError
from engine.core.messages import Event, event_json
from engine.core.plan import Contents
from engine.core.text import Text
from engine.ports import BusUnavailable, JournalRow, StoreConflict, StoreUnavailable
from engine.registry.model import Channel, Kind, Organisation, OrganisationKey, Subscription
from engine.registry.store import MemoryRegistryStore
from engine.runtime.case_keys import CaseKey, CaseKeys
from engine.runtime.catalogue import Catalogue
from engine.runtime.journal import read
from engine.store.memory_unit import MemoryUnit, Tables
from mailbox.sealing import Keyring
from mailbox.service import Mailbox
from mailbox.store import MemoryLetterStore
from mailbox.vault import MemoryVault, Sweeper
from tests.simulation import life
from tests.simulation.chance import (
    POINTS,
    START,
    Agenda,
    Clock,
    CountedIds,
    Fuse,
    Killed,
    Violation,
    delay,
)
from tests.simulation.history import History, Scribe
from tests.simulation.machine import Machine, Parts, Store
from tests.simulation.office import Office, forger
from tests.simulation.people import Citizen, Operator
from tests.unit.border_desk import Side
from workflows.calendar_japan import calendar_for
from workflows.moving import MOVING

MOST_STEPS = 3000
FAULTS_END = timedelta(days=40)  # after this nothing fails any more, and all must come to rest
REST_BY = timedelta(days=1500)
_MACHINES = 3
_CASES = 3
_OUTBOX_AGE = timedelta(seconds=30)
# What is random in a world is only what cryptography makes so; it is left out of its fingerprint.
_RANDOM = re.compile(rb'"(blob|key_wrapped)":"[^"]*"')

Act = Callable[[], Awaitable[None]]
Doing = Callable[[], Awaitable[object]]
Step = tuple[JournalRow, Event, Case | None, Case]  # a row of a journal, the case before and after it
StepCheck = Callable[["World", Case, Case | None], None]


class World:
    """One seed, played to its end."""

    def __init__(self, seed: int, *, parts: Parts | None = None) -> None:
        self.seed = seed
        self.parts = parts or Parts()
        self.history = History()
        self.clock, self.ids, self.agenda = Clock(), CountedIds(), Agenda()
        self.clock.at = START + timedelta(seconds=self.random("start").randrange(86_400))
        self.tables, self.turn = Tables(), asyncio.Lock()
        self.queues, self.registry = MemoryQueues(), MemoryRegistryStore()
        self.vault, self.letters = MemoryVault(), MemoryLetterStore()
        self.letters.promised = self.tables.promised
        self.keyring = Keyring(bytes(32))
        self.case_key, self.references_key = b"c" * 32, b"r" * 32
        self.keys = CaseKeys(self.case_key)
        self.side = Side("/engine", self.clock)  # type: ignore[arg-type] # any clock will do
        self.offices: dict[str, Office] = {}
        self.machines: list[Machine] = []
        self.citizens: list[Citizen] = []
        self.began = self.clock.now()
        self._chance = self.random("world")
        self._faults = self.random("faults")
        self._keys: dict[UUID, CaseKey] = {}
        self._started = 0
        self._looked: dict[UUID, Case] = {}
        self._noted: dict[UUID, bytes] = {}
        self.told: dict[UUID, list[Step]] = {}
        self.operator = Operator(self)

    def random(self, name: str) -> Random:
        """Return the stream of one component: what another draws does not disturb it."""
        return Random(f"{self.seed}/{name}")

    # --- what components ask of the world ---

    @property
    def is_calm(self) -> bool:
        return self.clock.now() - self.began >= FAULTS_END

    def fails(self, what: str, probability: float) -> bool:
        """Say whether something goes wrong now."""
        if self.is_calm or self._faults.random() >= probability:
            return False
        self.history.tally[what] += 1
        return True

    def later(self, pause: timedelta, act: Act) -> None:
        self.agenda.at(self.clock.now() + pause, act)

    def broken(self, name: str, details: object) -> None:
        raise Violation(name, details)

    def any_machine(self) -> Machine:
        return self._chance.choice(self.machines)

    def light(self, machine: Machine, doing: str) -> None:
        """Perhaps let the process die at some point of what it does next."""
        if not self.is_calm and self._faults.random() < (0.4 if doing == "relay" else 0.08):
            machine.fuse.armed = self._faults.choice(POINTS[doing])

    def replace(self, machine: Machine) -> None:
        """Let another process take the place of the dead one."""
        machine.die()
        self.machines[self.machines.index(machine)] = self._machine()

    def committed(self, unit: MemoryUnit) -> None:
        """Note what a transaction wrote into the inbox: each message at most once, for ever."""
        for key in unit._registered:
            self.history.applied[key] += 1
            if self.history.applied[key] > 1:
                self.broken("a_message_is_applied_at_most_once", key)

    def deadline_of(self, reference: str) -> datetime | None:
        """Return the instant at which the engine loses patience with a filing."""
        id_ = self.tables.filing_of.get(reference)
        waits = self.tables.filing(id_).waits if id_ else None
        return waits.until if waits else None

    def key_of(self, case_id: UUID) -> CaseKey:
        if case_id not in self._keys:
            self._keys[case_id] = self.keys.open(case_id, self.tables.cases[case_id].data_key_wrapped)
        return self._keys[case_id]

    def contents(self, case_id: UUID) -> Contents:
        opened = self.key_of(case_id).open("contents", self.tables.contents[case_id])
        return Contents.model_validate_json(opened)

    # --- the beginning ---

    async def _begin(self) -> None:
        self.catalogue = Catalogue(
            (MOVING, life.REHEARSAL), store=Store(self, Fuse(self.history.tally)), calendars=calendar_for
        )
        for number, slugs in life.TAKES.items():
            await self._register(number, slugs)
        self.machines = [self._machine() for _ in range(_MACHINES)]
        await self.catalogue.keep()
        people = [UUID(int=0xA), UUID(int=0xB)]
        for place in range(_CASES):
            citizen = Citizen(self, people[place % 2], place)
            self.citizens.append(citizen)
            self.later(delay(self._chance), citizen.open)
        for _ in range(self._chance.randint(2, 8)):
            self.later(timedelta(days=self._chance.uniform(1, 30)), forger(self, self.random("forger")))
        for _ in range(2):
            self.later(timedelta(days=self._chance.uniform(1, 39)), self._sweep)
            self.later(timedelta(days=self._chance.uniform(1, 39)), self._meddle)

    def _machine(self) -> Machine:
        self._started += 1
        return Machine(self, self._started)

    async def _register(self, number: str, slugs: tuple[str, ...]) -> None:
        side = Side(f"/organisations/{number}", self.clock)  # type: ignore[arg-type] # any clock will do
        side.known["/engine", self.side.kid] = self.side.signing.public_key()
        channel = Channel.PULL if number == life.FUND else Channel.AMQP
        name = Text(ja="機関", en="Office")
        await self.registry.put(
            [Organisation(number=number, name=name.model_dump(), kind=Kind.COMPANY, channel=channel)]
        )
        await self.registry.subscribe(
            [Subscription(number=number, slug=slug, since=self.clock.now()) for slug in slugs]
        )
        # One organisation has no key to seal for until it has made one.
        pause = timedelta(days=self._chance.choice((0, 0, 1, 1, 20))) if number == life.SHY else timedelta()
        for use, private, after in (("sig", side.signing, timedelta()), ("enc", side.decryption, pause)):
            key = OrganisationKey.registered(
                number,
                exported(private.public_key(), use=use),  # type: ignore[arg-type] # sig or enc
                use=use,  # type: ignore[arg-type] # as above
                not_before=self.clock.now() + after,
                not_after=self.clock.now() + timedelta(days=900),
            )
            await self.registry.add_keys([key])
        self.offices[number] = (self.parts.office or Office)(self, number, side)

    # --- the loop ---

    async def play(self, check: StepCheck) -> None:
        """Do one thing after the other until nothing is left to do; `check` sees every change of a case."""
        self._check = check
        scribe = Scribe(self.history)
        loggers = [logging.getLogger(name) for name in ("engine", "mailbox", "connectors")]
        for logger in loggers:
            logger.addHandler(scribe)
            logger.setLevel(logging.INFO)
            logger.propagate = False
        try:
            await self._begin()
            while await self._step():
                pass
        finally:
            for logger in loggers:
                logger.removeHandler(scribe)
                logger.propagate = True

    async def _step(self) -> bool:
        acts = self._enabled()
        if not acts:
            return self._advance()
        self.history.steps += 1
        if self.history.steps > MOST_STEPS:
            self.broken("the_world_comes_to_rest", f"{MOST_STEPS} steps by {self.clock.now()}")
        first = self._chance.choice(acts)
        others = [act for act in acts if act[0] is not first[0]]
        if others and not self.is_calm and self._chance.random() < 0.3:
            second = self._chance.choice(others)
            self.history.tally["two at once"] += 1
            results = await asyncio.gather(self._do(*first), self._do(*second), return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
        else:
            await self._do(*first)
        self._look()
        if self._chance.random() < 0.2:
            self.clock.move_to(self.clock.now() + timedelta(milliseconds=self._chance.randint(1, 20_000)))
        return True

    async def _do(self, actor: object, doing: str, act: Act) -> None:
        machine = actor if isinstance(actor, Machine) else None
        if machine:
            self.light(machine, doing)
        try:
            await act()
        except Killed:
            assert machine is not None
            self.replace(machine)
        except (BusUnavailable, StoreConflict, StoreUnavailable):
            self.history.tally["tried again later"] += 1
        except EngineError as error:
            if not error.code.startswith("unavailable"):
                raise
        finally:
            if machine:
                machine.fuse.armed = None

    def _advance(self) -> bool:
        """Move on to the next instant at which there is something to do; False when there is none."""
        now = self.clock.now()
        instants = [self.agenda.next_at()]
        instants += [stored.case.wake_at for stored in self.tables.cases.values()]
        instants += [row.created_at + _OUTBOX_AGE for row in self.tables.outbox.values()]
        instants += [row.claimed_until for row in self.tables.outbox.values()]
        left = [instant for instant in instants if instant is not None and instant > now]
        if not left:
            return False
        self.clock.move_to(min(left))
        if self.clock.now() - self.began > REST_BY:
            self.broken("the_world_comes_to_rest", f"{len(self.agenda)} things after {REST_BY}")
        return True

    def _enabled(self) -> list[tuple[object, str, Act]]:
        """Return everything that could be done now, each with who would do it."""
        now = self.clock.now()
        lengths = self.queues.lengths()
        acts: list[tuple[object, str, Act]] = []
        if (at := self.agenda.next_at()) is not None and at <= now:
            acts.append((self.agenda, "agenda", self._next_on_agenda))
        is_due = any(s.case.wake_at and s.case.wake_at <= now for s in self.tables.cases.values())
        has_left = any(self._is_left(row, now) for row in self.tables.outbox.values())
        for machine in self.machines:
            acts += [
                (machine, doing, partial(_ignoring, act)) for doing, act in self._work_of(machine, lengths)
            ]
            if has_left:
                acts.append((machine, "relay", partial(_ignoring, machine.relay.run_once)))
            if is_due:
                acts.append((machine, "tick", partial(_ignoring, machine.timekeeper.run_once)))
        for number, office in self.offices.items():
            if f"orders.{number}" in lengths and office.down_until <= now:
                acts.append((office, "orders", office.take))
        if any(one.acked_at is None for one in self.tables.to_fetch.values()):
            acts.append((self.offices[life.FUND], "orders", self._pull))
        return acts

    @staticmethod
    def _work_of(machine: Machine, lengths: Mapping[str, int]) -> Iterator[tuple[str, Doing]]:
        for queue in reply_queues():
            if queue in lengths or machine.holds_replies(queue):
                yield "replies", partial(machine.consumer.run_once, queue, wait_seconds=0)
        if machine.has_to_publish():
            yield "publish", machine.publisher.flush
        if machine.has_to_forget():
            yield "forget", machine.publisher.forget
        if "letters" in lengths or machine.holds_letters():
            yield "letters", partial(machine.post.run_once, wait_seconds=0)

    @staticmethod
    def _is_left(row: Any, now: datetime) -> bool:
        return row.created_at + _OUTBOX_AGE <= now and (row.claimed_until is None or row.claimed_until <= now)

    async def _next_on_agenda(self) -> None:
        await self.agenda.pop()()

    async def _pull(self) -> None:
        """Let the organisation that fetches its orders itself do so, a page at a time."""
        office, feed = self.offices[life.FUND], self.any_machine().feed
        pulled = await feed.orders(office.number, after=0, limit=10, wait_seconds=0)
        for one in pulled:
            office.receive(one.event)
        if self.fails("pull died before it acknowledged", 0.1):
            return
        await feed.acknowledge(office.number, [one.order_id for one in pulled])
        office.work()

    async def _sweep(self) -> None:
        """Remove what crashes left in the vault: nothing that anybody still wants."""
        sweeper = Sweeper(self.vault, self.letters, age=timedelta())
        self.history.tally["orphans swept"] += await sweeper.sweep()

    async def _meddle(self) -> None:
        if self.tables.cases:
            case_id = self._chance.choice(sorted(self.tables.cases))
            self.operator.meddle(self.tables.cases[case_id].case)

    def _look(self) -> None:
        """Let people look at cases that changed, and note the plan as it stands."""
        for case_id, stored in self.tables.cases.items():
            case, before = stored.case, self._looked.get(case_id)
            if before is not None and case.version == before.version:
                continue
            self._looked[case_id] = case
            self._check(self, case, before)
            self._note_plan(case_id)
            self._react(case)

    def _note_plan(self, case_id: UUID) -> None:
        sealed = self.tables.contents[case_id]
        if self._noted.get(case_id) == sealed:
            return
        self._noted[case_id] = sealed
        plan = {entry.id: dict(entry.fields) for entry in self.contents(case_id).plan.entries}
        self.history.plans.setdefault(case_id, []).append(plan)

    def _react(self, case: Case) -> None:
        self.history.tally[f"case {case.state.value}"] += 1
        for filing in case.filings.values():
            self.history.tally[f"filing {filing.state.value}"] += 1
        self.operator.look(case)
        for citizen in self.citizens:
            if citizen.case_id == case.id:
                citizen.look(case)

    # --- the end ---

    def fingerprint(self) -> str:
        """Return a hash of all journals and the number of steps: the same for the same seed."""
        digest = hashlib.sha256(str(self.history.steps).encode())
        for case_id in sorted(self.tables.cases):
            for row in self.tables.journal[case_id]:
                text = _RANDOM.sub(b"", event_json(read(row, self.key_of(case_id))))
                about = [row.seq, row.type, str(row.filing), row.at.isoformat(), row.actor]
                digest.update(json.dumps(about).encode() + text)
        return digest.hexdigest()

    def mailbox(self) -> Mailbox:
        return Mailbox(store=self.letters, vault=self.vault, keyring=self.keyring, clock=self.clock)


async def _ignoring(act: Doing) -> None:
    await act()
