# SPDX-License-Identifier: Apache-2.0
"""`./todoke bench [--quick] [--profile | --webhooks]`: how fast Todoke is, beside the same work without it.

What W is stands in workload.py, what the ceilings are in bare_side.py; docs/performance.md reads the
numbers. Everything runs on servers of its own, with fsync, in a directory that is deleted afterwards.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.local import rabbitmq
from engine.local.postgres import Postgres, binaries, version
from engine.local.rabbitmq import Rabbit
from engine.store.migrate import migrate
from tests.bench import machine, parts, table, webhooks
from tests.bench.measure import Cell, Saturated, at_half, saturated
from tests.bench.ways import Ground, Way, bare_way, checked, engine_way
from tests.bench.workload import TRANSITIONS

_ENGINE, _BARE = "a embedded, pull", "a' bare, tables"
_ENGINE_AMQP, _BARE_AMQP = "b RabbitMQ", "b' bare, RabbitMQ"
_SDK: Final = "a with the SDK's Runner and ledger"
_CAPTION: Final = """\
W: 24 online filings at 8 organisations, two replies of 1 KB to each order. The connector of a and b is
lean: the SDK's channels and the border's code, one process, without the SDK's ledger, whose own rate is
the row with the SDK. All groups share the CPUs. p50 and p99 count from the intended start."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure."""

    rounds: int
    seconds: float
    warm_seconds: float
    half_seconds: float
    in_flight: int = 24


QUICK: Final = Plan(rounds=3, seconds=4.0, warm_seconds=1.0, half_seconds=5.0)
LONG: Final = Plan(rounds=5, seconds=10.0, warm_seconds=3.0, half_seconds=20.0)


@contextmanager
def ground(*, with_broker: bool = True) -> Iterator[Ground]:
    """Yield durable servers of our own; nothing of them is left."""
    base = Path(tempfile.mkdtemp(prefix="todoke-bench-"))
    base.chmod(0o755 if os.geteuid() == 0 else 0o700)  # root's servers run as somebody else
    postgres = Postgres(base / "postgres")
    rabbit = Rabbit(base / "rabbitmq") if with_broker and rabbitmq.installed() else None
    try:
        postgres.start()
        if rabbit is not None:
            rabbit.start()
        yield Ground(base, postgres, rabbit)
    finally:
        if rabbit is not None:
            rabbit.stop()
        postgres.stop()
        shutil.rmtree(base, ignore_errors=True)


async def measured(on: Ground, plan: Plan) -> None:
    """Print all tables."""
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(way) for way in _ways(on)]
        known = {way.name: Cell(way.name) for way in running}
        for number in range(plan.rounds):  # A B A B: what disturbs one disturbs its neighbour
            _tell(f"round {number + 1} of {plan.rounds}")
            for way in running:
                known[way.name].saturated.append(await _saturated(way, on, plan))
        for number, way in enumerate(running):
            _tell(f"at half: {way.name}")
            rate = known[way.name].rate
            known[way.name].latencies.append(await at_half(way, rate, seconds=plan.half_seconds, seed=number))
            await _check(way)
        small = [*parts.in_this_process(), *await parts.over_http(running[0])]
    known[_SDK] = await _with_sdk(on, plan)
    print(machine.words(version(binaries()), on.rabbit.version() if on.rabbit else None))
    print(f"\n{table.cells(list(known.values()))}\n{_CAPTION}\n")
    pairs = [(_ENGINE, _BARE), (_ENGINE_AMQP, _BARE_AMQP)]
    print(table.ratios((known[one], known[other]) for one, other in pairs if one in known))
    print(f"\n{table.markdown([('part', 'cost'), *small])}")
    if on.rabbit is None:
        print("\nLEFT OUT: RabbitMQ is not installed, so neither b nor b' was measured.")


async def webhooks_measured(on: Ground, plan: webhooks.Plan) -> None:
    """Print how fast webhooks go, and whether one that is dead holds up the others."""
    await migrate(on.postgres.dsn)
    await webhooks.measured(on.postgres.dsn, plan)
    print(f"\n{machine.words(version(binaries()), None)}")


async def profiled(on: Ground, plan: Plan) -> None:
    """Print where the engine's own time goes while W runs."""
    ways: Sequence[Callable[[], AbstractAsyncContextManager[Way]]] = [
        lambda: engine_way(on, _ENGINE, over_amqp=False),
        *([lambda: engine_way(on, _ENGINE_AMQP, over_amqp=True)] if on.rabbit else []),
    ]
    for make in ways:
        async with make() as way:
            await way.engine.ask("closed", in_flight=plan.in_flight)
            await asyncio.sleep(plan.warm_seconds)
            await way.engine.ask("profile", on=True)
            await asyncio.sleep(3 * plan.seconds)
            told = await way.engine.ask("profile", on=False)
            await way.engine.ask("rest")
            print(f"{way.name} (profiling itself makes Python calls look dearer than they are)\n{told}\n")


def _ways(on: Ground) -> Sequence[AbstractAsyncContextManager[Way]]:
    ways = [engine_way(on, _ENGINE, over_amqp=False), bare_way(on, _BARE, over_amqp=False)]
    if on.rabbit is not None:
        ways += [engine_way(on, _ENGINE_AMQP, over_amqp=True), bare_way(on, _BARE_AMQP, over_amqp=True)]
    return ways


async def _with_sdk(on: Ground, plan: Plan) -> Cell:
    _tell(_SDK)
    async with engine_way(on, _SDK, over_amqp=False, sdk=True) as way:
        cell = Cell(way.name, [await _saturated(way, on, plan)])
        await _check(way)
    return cell


async def _saturated(way: Way, on: Ground, plan: Plan) -> Saturated:
    return await saturated(
        way,
        on.postgres.dsn,
        in_flight=plan.in_flight,
        warm_seconds=plan.warm_seconds,
        seconds=plan.seconds,
    )


async def _check(way: Way) -> None:
    """Refuse to print a rate for work that was not done."""
    found = await checked(way)
    whole = found["completed"] == found["cases"] and found["transitions"] == TRANSITIONS * found["cases"]
    if not whole or found.get("parked"):
        raise SystemExit(f"{way.name}: not everything was done: {found}")


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="todoke bench", description="Measure how fast Todoke is here.")
    parser.add_argument("--quick", action="store_true", help="at most three minutes")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--profile", action="store_true", help="say where the engine's time goes instead")
    instead.add_argument("--webhooks", action="store_true", help="measure the webhooks instead")
    asked = parser.parse_args()
    plan = QUICK if asked.quick else LONG
    with ground(with_broker=not asked.webhooks) as on:
        if asked.webhooks:
            asyncio.run(webhooks_measured(on, webhooks.QUICK if asked.quick else webhooks.LONG))
        else:
            asyncio.run((profiled if asked.profile else measured)(on, plan))


if __name__ == "__main__":
    main()
