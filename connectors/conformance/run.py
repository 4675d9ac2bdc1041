# SPDX-License-Identifier: Apache-2.0
"""One run under way: what it sent, what it heard, what it found so far."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from pydantic import JsonValue

from connectors.conformance.checks import found
from connectors.conformance.press import Mock, Press, Sent
from engine.border.certification import Finding, Verdict
from engine.border.jwk import RecipientKey
from engine.ports import Clock, Rehearsal, Rehearsals, RehearsedReply

HELD_SECONDS: Final = 60.0
QUIET_SECONDS: Final = 1.0  # for what should not come, after what should has come
_LOOK_SECONDS: Final = 0.1
_NOTE_SECONDS: Final = 5.0
FINAL: Final = frozenset({"accepted", "completed", "refused", "asked"})
TAKEN: Final = frozenset({"accepted", "completed"})


class Line(Protocol):
    """The way to one organisation, over the channel it has registered."""

    async def carry(self, run: Rehearsal, orders: Sequence[Sent]) -> None:
        """Bring the orders; the same again is brought again."""
        ...

    async def recipient(self, number: str) -> RecipientKey:
        """Return the key the organisation has now."""
        ...


class Run:
    """What the acts of the script work with."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        *,
        examples: Mapping[str, Mapping[str, JsonValue]],
        press: Press,
        line: Line,
        store: Rehearsals,
        clock: Clock,
    ) -> None:
        self.rehearsal = rehearsal
        self.number = rehearsal.number
        self.examples = examples
        self.press = press
        self.store = store
        self.clock = clock
        self.patience = float(rehearsal.asked["patienceSeconds"])
        self.step_patience = float(rehearsal.asked["stepSeconds"])
        self.size_of_burst = int(rehearsal.asked["burst"])
        self.findings: list[Finding] = []
        self.heard: list[RehearsedReply] = []
        self.slugs: dict[str, str] = {}  # which procedure a reference is about
        self.asked_again: set[str] = (
            set()
        )  # orders that were sent more than once: their answers may come again
        self.restarted = (0, 0)  # what had been heard when the restart was asked for, and confirmed
        self._line = line
        self._confirmed: Sequence[str] = ()
        self._step: str | None = None
        self._other_key = False
        self._noted_at = 0.0

    # --- saying ---

    async def recipient(self) -> RecipientKey:
        """Return the key to seal for."""
        return await self._line.recipient(self.number)

    async def send(self, *orders: Sent) -> None:
        """Bring the orders."""
        await self._line.carry(self.rehearsal, orders)

    async def send_again(self, *orders: Sent) -> None:
        """Bring orders again that were brought before."""
        self.asked_again |= {one.id for one in orders}
        await self._line.carry(self.rehearsal, orders)

    def mock(self, slug: str | None = None) -> Mock:
        """Return a filing of the procedure, or of the first one that tells something."""
        name = slug or next((each for each, told in self.examples.items() if told), next(iter(self.examples)))
        made = self.press.mock(name, self.examples[name])
        self.slugs[made.reference] = name
        return made

    async def submitted(self, mock: Mock) -> Sent:
        """Bring its submission."""
        order = self.press.submit(mock, await self.recipient())
        await self.send(order)
        return order

    async def publish_other_key(self) -> None:
        """Let /v1/keys name the other key from now on."""
        self._other_key = True
        await self._note()

    # --- hearing ---

    async def until(self, so: Callable[[], bool], seconds: float | None = None) -> bool:
        """Listen until it is so, or the patience is over; return whether it is."""
        return await self._wait(so, self.patience if seconds is None else seconds)

    async def answered(self, *orders: Sent) -> bool:
        """Listen until each was answered."""
        ids = {one.id for one in orders}
        return await self.until(lambda: ids <= {one.order_id for one in self.good()})

    async def quiet(self) -> None:
        """Listen a little longer for what should not come."""
        await self.until(lambda: False, QUIET_SECONDS)

    async def passes_over(self, order: Sent) -> bool:
        """Listen until another order is answered, and say whether this one was not."""
        await self.answered(await self.submitted(self.mock()))
        await self.quiet()
        return not self.about(order)

    async def step(self, name: str) -> bool:
        """Ask the engineer to do something, and wait until it was confirmed; say whether it was."""
        self._step = name
        await self._note()
        done = await self._wait(lambda: name in self._confirmed, self.step_patience)
        self._step = None
        await self._note()
        return done

    @property
    def position(self) -> int:
        """The position of what was heard last."""
        return self.heard[-1].position if self.heard else 0

    def good(self) -> list[RehearsedReply]:
        """Return what could be taken."""
        return [one for one in self.heard if one.problem is None]

    def about(self, order: Sent, kinds: frozenset[str] | None = None) -> list[RehearsedReply]:
        """Return the answers to an order, of these kinds."""
        return [
            one for one in self.good() if one.order_id == order.id and (kinds is None or one.kind in kinds)
        ]

    # --- finding ---

    async def find(
        self,
        name: str,
        verdict: Verdict | bool,  # noqa: FBT001 - what a check mostly comes to
        *,
        about: str | None = None,
        sent: Sequence[Sent] = (),
        came: Sequence[str] = (),
        since: float | None = None,
    ) -> None:
        """Keep what a check came to."""
        said: Verdict = verdict if isinstance(verdict, str) else "passed" if verdict else "failed"
        answers = [text(reply) for order in sent for reply in self.about(order)]
        seconds = asyncio.get_running_loop().time() - since if since is not None else 0.0
        self.findings.append(
            found(
                name,
                said,
                about=about,
                sent=tuple(f"{one.kind} {one.id}" for one in sent),
                came=tuple(came) or tuple(answers),
                seconds=seconds,
            )
        )
        await self._note()

    # --- how ---

    async def _wait(self, so: Callable[[], bool], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while True:
            await self._listen()
            if so():
                return True
            if loop.time() >= until:
                return False
            await asyncio.sleep(_LOOK_SECONDS)

    async def _listen(self) -> None:
        self.heard += await self.store.heard(self.rehearsal.id, after=self.position)
        is_due = asyncio.get_running_loop().time() >= self._noted_at + _NOTE_SECONDS
        if self._step is not None or is_due:
            await self._note()

    async def _note(self) -> None:
        self._confirmed = await self.store.note(
            self.rehearsal.id,
            findings=[one.model_dump(mode="json", by_alias=True) for one in self.findings],
            step=self._step,
            other_key=self._other_key,
            seconds=HELD_SECONDS,
        )
        self._noted_at = asyncio.get_running_loop().time()


Act = Callable[[Run], Awaitable[None]]


def text(reply: RehearsedReply) -> str:
    """Return a reply as a line of the report."""
    more: Any = reply.problem or reply.payload.get("receipt") or reply.payload.get("code") or ""
    return f"{reply.kind} {reply.reply_id} {more}".strip()
