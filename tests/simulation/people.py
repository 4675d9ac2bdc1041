# SPDX-License-Identifier: Apache-2.0
"""The citizens, as lazy, late, hasty and fickle as people are; and the operator."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from engine.core import messages as m
from engine.core.case import Case, Filing
from engine.core.errors import EngineError
from engine.core.lifecycle import CaseState, FilingState
from engine.core.patience import day_in_japan
from engine.ports import BusUnavailable, InboxEntry, StoreConflict, StoreUnavailable
from engine.runtime import counter as c
from engine.runtime.corrections import Correction
from engine.runtime.processor import Heard, Said, Work
from tests.signing import confirming
from tests.simulation import life
from tests.simulation.chance import Killed, delay
from tests.simulation.history import Request
from tests.simulation.machine import Machine

if TYPE_CHECKING:
    from tests.simulation.world import World

Ask = Callable[[Machine, c.Request], Awaitable[c.Done]]
_BY_CITIZEN = {FilingState.TO_VISIT, FilingState.TO_POST, FilingState.TO_DO}
OPERATOR = UUID(int=0x0E)

EVIDENCE: Final = UUID(int=7)


class Client:
    """Asks the engine with one key until it answers, and sometimes once more after that."""

    def __init__(self, world: "World", person: UUID, random: Random) -> None:
        self._world = world
        self._person = person
        self._random = random
        self._count = 0

    async def ask(self, what: str, case_id: UUID | None, ask: Ask) -> Request:
        """Say it for the first time; what comes to nothing is said again on the agenda."""
        self._count += 1
        request = Request(self._person, f"{what}-{case_id}-{self._count}", what, case_id)
        self._world.history.requests.append(request)
        await self._say(request, ask)
        return request

    async def _say(self, request: Request, ask: Ask) -> None:
        machine = self._world.any_machine()
        body = hashlib.sha256(request.key.encode()).digest()
        self._world.light(machine, "ask")
        try:
            done = await ask(machine, c.Request(self._person, request.key, body))
        except Killed:
            self._world.replace(machine)
            self._again(request, ask)
            return
        except (StoreUnavailable, StoreConflict, BusUnavailable):
            self._again(request, ask)
            return
        except EngineError as error:
            self._note_refusal(request, error.code)
            return
        finally:
            machine.fuse.armed = None
        self._note(request, done)
        if self._random.random() < 0.15 and not self._world.is_calm:
            self._world.history.tally["asked once more"] += 1
            self._again(request, ask)

    def _again(self, request: Request, ask: Ask) -> None:
        self._world.later(timedelta(seconds=self._random.uniform(0.1, 90)), lambda: self._say(request, ask))

    def _note(self, request: Request, done: c.Done) -> None:
        if request.done is not None and (done.case_id, done.version) != (
            request.done.case_id,
            request.done.version,
        ):
            self._world.broken("an_answered_request_stays_answered", request)
        if request.code is not None:
            self._world.broken("an_answered_request_stays_answered", request)
        request.done = request.done or done
        self._world.history.tally[f"did {request.what}"] += 1

    def _note_refusal(self, request: Request, code: str) -> None:
        if request.done is not None:
            self._world.broken("an_answered_request_stays_answered", (request, code))
        request.code = code
        self._world.history.tally[f"refused {request.what}: {code}"] += 1


class Citizen:
    """One person with one case."""

    def __init__(self, world: "World", person: UUID, number: int) -> None:
        self._world = world
        self.person = person
        self._random = world.random(f"citizen {number}")
        self._client = Client(world, person, world.random(f"client {number}"))
        self.event, self._facts = life.facts(self._random, day_in_japan(world.clock.now()))
        self.case_id: UUID | None = None
        self._reacted: set[tuple[UUID, str, Any]] = set()
        self._opening: Request | None = None

    async def open(self) -> None:
        """Tell the life event; then confirm it, or think better of it."""
        self._opening = await self._client.ask(
            "open", None, lambda machine, request: machine.counter.open(request, self.event, self._facts)
        )
        roll = self._random.random()
        if roll < 0.85:
            self.soon(self._confirm)
        elif roll < 0.89:
            self.soon(self._cancel)
        if self._random.random() < 0.35:
            self.soon(self._change_date)
        if self._random.random() < 0.35:
            self.soon(self._correct)
        if self._random.random() < 0.35:
            self._world.later(timedelta(days=self._random.uniform(0, 30)), self._cancel)
        elif self._random.random() < 0.3:
            self.soon(self._cancel)

    def soon(self, act: Callable[[], Awaitable[None]]) -> None:
        self._world.later(delay(self._random), act)

    # --- saying ---

    def _is_opened(self, again: Callable[[], Awaitable[None]]) -> bool:
        if self.case_id is None and self._opening and self._opening.done:
            self.case_id = self._opening.done.case_id
        if self.case_id is None:
            self.soon(again)
        return self.case_id is not None

    async def _confirm(self) -> None:
        if not self._is_opened(self._confirm):
            return

        async def ask(machine: Machine, request: c.Request) -> c.Done:
            assert self.case_id is not None

            def confirm(heard: Heard) -> Said:
                assert heard.case is not None
                return Said(confirming(heard.case, evidence=EVIDENCE))

            owned = machine.counter._owned(request, confirm)
            return await machine.counter.say(request, self.case_id, owned)

        await self._client.ask("confirm", self.case_id, ask)

    async def _cancel(self) -> None:
        if self._is_opened(self._cancel):
            await self._on_case("cancel", lambda machine, r, id_: machine.counter.cancel(r, id_))

    async def _change_date(self) -> None:
        if self._is_opened(self._change_date):
            day = day_in_japan(self._world.clock.now()) + timedelta(days=self._random.randint(-2, 30))
            await self._on_case(
                "change-date",
                lambda mc, r, id_: mc.corrections.say(r, id_, Correction(day=day), evidence=EVIDENCE),
            )

    async def _correct(self) -> None:
        if self._is_opened(self._correct):
            facts = self._facts = life.corrected(self._random, self.event, self._facts)
            await self._on_case(
                "correct",
                lambda mc, r, id_: mc.corrections.say(r, id_, Correction(facts=facts), evidence=EVIDENCE),
            )

    async def _answer(self, filing: UUID, question: str, answer: Any) -> None:
        await self._on_case(
            "answer",
            lambda mc, r, id_: mc.counter.answer(r, id_, filing, question=question, answer=answer),
        )

    async def _done(self, filing: UUID) -> None:
        await self._on_case("mark-done", lambda mc, r, id_: mc.counter.mark_done(r, id_, filing))

    async def _on_case(self, what: str, ask: Callable[[Machine, c.Request, UUID], Awaitable[c.Done]]) -> None:
        case_id = self.case_id
        assert case_id is not None
        await self._client.ask(what, case_id, lambda machine, request: ask(machine, request, case_id))

    # --- looking ---

    def look(self, case: Case) -> None:
        """React to what the case shows; once to each thing."""
        for filing in case.filings.values():
            thing = (filing.id, filing.state.value, (filing.question, filing.attempt))
            if thing not in self._reacted:
                self._reacted.add(thing)
                self._react(case, filing)

    def _react(self, case: Case, filing: Filing) -> None:
        if filing.state is FilingState.ASKING and filing.question is not None:
            self._world.history.told_citizen.add((filing.id, filing.question))
            self._be_asked(filing, filing.question)
        elif filing.state in _BY_CITIZEN and case.state is CaseState.RUNNING:
            if self._random.random() < 0.8:
                self.soon(partial(self._done, filing.id))
        elif filing.state is FilingState.REFUSED:
            roll = self._random.random()
            if roll < 0.5:
                self.soon(self._correct)
            elif roll < 0.7:
                self.soon(partial(self._done, filing.id))

    def _be_asked(self, filing: Filing, question: str) -> None:
        roll = self._random.random()
        good, bad = "はい", ["まちがい"]
        if roll < 0.15:
            self._world.history.tally["question ignored"] += 1
        elif roll < 0.3:
            self.soon(partial(self._answer, filing.id, question, bad))
            self.soon(partial(self._answer, filing.id, question, good))
        elif roll < 0.45 and filing.waits and filing.waits.until:
            self._world.history.tally["answer at the deadline"] += 1
            when = filing.waits.until + timedelta(microseconds=self._random.randint(-100_000, 100_000))
            self._world.agenda.at(when, partial(self._answer, filing.id, question, good))
        else:
            self.soon(partial(self._answer, filing.id, question, good))


class Operator:
    """Looks at what is stuck, and tries what an operator can do."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._random = world.random("operator")
        self._count = 0
        self._seen: set[tuple[UUID, str]] = set()

    def look(self, case: Case) -> None:
        for filing in case.filings.values():
            if filing.flag is None or (filing.id, filing.flag) in self._seen:
                continue
            self._seen.add((filing.id, filing.flag))
            self._world.history.tally[f"flag {filing.flag}"] += 1
            if filing.flag.startswith("stuck/no-answer"):
                self._mend(case, filing)

    def _mend(self, case: Case, filing: Filing) -> None:
        roll = self._random.random()
        if roll < 0.4:
            self._soon("retry", case.id, m.Retry(case.id, filing.id))
        elif roll < 0.5:
            self._soon("park", case.id, m.Park(case.id, filing.id, "asked-by-telephone"))
            resume = m.Resume(case.id, filing.id)
            self._world.later(timedelta(days=45), lambda: self._say("resume", case.id, resume))

    def meddle(self, case: Case) -> None:
        """Send something once more for no good reason."""
        filing = self._random.choice(sorted(case.filings.values(), key=lambda one: one.id))
        self._soon("retry", case.id, m.Retry(case.id, filing.id))

    def _soon(self, what: str, case_id: UUID, message: m.Message) -> None:
        self._world.later(delay(self._random), lambda: self._say(what, case_id, message))

    async def _say(self, what: str, case_id: UUID, message: m.Message) -> None:
        self._count += 1
        key = str(uuid5(case_id, f"{what} {self._count}"))
        entry = InboxEntry(f"person:{OPERATOR}", key, hashlib.sha256(key.encode()).digest(), case_id)
        work = Work(entry=entry, actor=f"person:{OPERATOR}", say=lambda _: Said(message))
        machine = self._world.any_machine()
        try:
            (result,) = await machine.processor.handle([work])
        except (StoreConflict, StoreUnavailable):
            self._world.later(timedelta(minutes=1), lambda: self._say(what, case_id, message))
            return
        self._world.history.tally[f"operator {what}: {result.code or result.outcome}"] += 1
