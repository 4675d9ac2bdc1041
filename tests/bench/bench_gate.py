# SPDX-License-Identifier: Apache-2.0
"""What the gate costs, in milliseconds of CPU: run it with `python -m tests.bench.bench_gate`.

The store is the memory twin and the authorities answer in process; the CPU that they use for it is
taken off, so that what is left is the gate's own: reading, paths, signatures, revocation, sealing.
Cold means that the gate has to ask the authority; its wait for the network is not in the figure.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from connectors.simulators.jpki import SoftwareCard
from connectors.simulators.jpki.register import Entry
from connectors.simulators.jpki.rehearsal import AUDIENCE, answer, rehearsal_gate
from connectors.simulators.jpki.world import InProcess
from engine.identity.challenges import Purpose
from engine.identity.gate import Gate
from engine.identity.profiles import Use
from engine.identity.sessions import Session
from engine.identity.signing import anybody
from tests.unit.identity_desk import RECIPIENT, Desk

TIMES = 60
LOGIN_MS, MANDATE_MS = 2.0, 10.0  # the bounds, warm
REVOKED_IN_ONE_CITY = 20_000


class Timed:
    """The authorities, whose CPU is counted apart."""

    def __init__(self, real: InProcess) -> None:
        self._real = real
        self.spent_ns = 0

    async def get(self, url: str) -> bytes:
        return await self._counted(self._real.get(url))

    async def post(self, url: str, body: bytes, *, content_type: str) -> bytes:
        return await self._counted(self._real.post(url, body, content_type=content_type))

    async def _counted(self, asking: Awaitable[bytes]) -> bytes:
        start = time.process_time_ns()
        try:
            return await asking
        finally:
            self.spent_ns += time.process_time_ns() - start


class Bench(Desk):
    """A desk whose gate is new, that is cold, whenever it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.timed = Timed(self.world.fetch)

    def new_gate(self) -> Gate:
        return rehearsal_gate(self.world, self.ids, store=self.store, fetch=self.timed)

    async def cost(self, act: Callable[[], Awaitable[object]]) -> float:
        """Return the gate's own milliseconds."""
        before, start = self.timed.spent_ns, time.process_time_ns()
        await act()
        return (time.process_time_ns() - start - (self.timed.spent_ns - before)) / 1e6

    async def login(self, gate: Gate, card: SoftwareCard) -> float:
        challenge = await gate.challenge(Purpose.LOGIN, AUDIENCE)
        certificate, signature = answer(card, challenge)
        return await self.cost(lambda: gate.login(challenge.id, certificate=certificate, signature=signature))

    async def mandate(self, gate: Gate, card: SoftwareCard, session: Session) -> float:
        until = self.clock.now() + timedelta(days=1)
        offer = await gate.offer_mandate(session, self.ids.new(), recipients=[RECIPIENT], expires_at=until)
        signature = self.signed(card, offer.content)
        return await self.cost(
            lambda: gate.verify_mandate(session, offer.content, signature=signature, accept=anybody)
        )

    def crowd(self) -> None:
        """Let many of this municipality have moved: its list is as long as that of a large city."""
        place = self.world.register.entries(Use.SIGNATURE)[0]
        for number in range(REVOKED_IN_ONE_CITY):
            entry = Entry(
                use=Use.SIGNATURE,
                generation=2,
                serial=0x7000_0000 + number,
                prefecture=place.prefecture,
                city=place.city,
                revoked_at=self.clock.now(),
            )
            self.world.register.add(entry)


def say(name: str, costs: list[float], bound: float | None = None) -> None:
    median = statistics.median(costs)
    verdict = "" if bound is None else f"   bound {bound:.0f} ms: {'kept' if median <= bound else 'BROKEN'}"
    print(f"{name:56} {median:7.2f} ms   ({min(costs):.2f}-{max(costs):.2f}){verdict}")


async def main() -> None:
    bench = Bench()
    card = bench.card()
    warm = bench.new_gate()
    await bench.login(warm, card)
    say("login, warm", [await bench.login(warm, card) for _ in range(TIMES)], LOGIN_MS)
    say("login, cold: asks the OCSP responder",
        [await bench.login(bench.new_gate(), card) for _ in range(TIMES)])  # fmt: skip

    session = await bench.signed_in(card)
    await bench.mandate(warm, card, session)
    say("mandate with time stamp, warm",
        [await bench.mandate(warm, card, session) for _ in range(TIMES)], MANDATE_MS)  # fmt: skip
    say("mandate with time stamp, cold: fetches a small list",
        [await bench.mandate(bench.new_gate(), card, session) for _ in range(TIMES)])  # fmt: skip
    bench.crowd()
    say(f"mandate, cold: fetches a list of {REVOKED_IN_ONE_CITY:,} revoked",
        [await bench.mandate(bench.new_gate(), card, session) for _ in range(5)])  # fmt: skip

    waiting = (await bench.store.evidence_by_standing()).values()
    bench.clock.pass_by(days=1)
    gate = bench.new_gate()
    total = await bench.cost(gate.settle)
    say(f"settling a signature, of {sum(waiting)}", [total / sum(waiting)])
    kept = [row.id for row in bench.store._evidence.values()][:TIMES]  # type: ignore[attr-defined] # the twin
    say(
        "judging a settled signature again, by that long list",
        [await bench.cost(partial(gate.judge_again, evidence)) for evidence in kept],
    )


if __name__ == "__main__":
    asyncio.run(main())
