# SPDX-License-Identifier: Apache-2.0
"""A batch costs the same number of statements, however many replies it holds: real seals, real PostgreSQL."""

import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from connectors.private.mihon_power import MihonPowerSimulator
from engine.border import payloads as p
from engine.border.envelope import EXAMPLES, parse_payload, seal_event
from engine.border.jwk import RecipientKey
from engine.border.names import order_id
from engine.border.sealing import Sealer
from engine.core.patience import day_in_japan
from tests.households import household
from tests.integration.engine_ground import Ground, ground

SIZES = (20, 200, 400)
MOST = 14  # BEGIN and COMMIT included
POWER = MihonPowerSimulator()
# Not of the batch: what the pool says when it takes a connection back, and the look at the registry
# that is due every few seconds.
_POOL, _REGISTRY = "pg_advisory_unlock_all", "registry_version"
_KINDS = ("received", "accepted", "completed", "asked")


async def test_a_batch_of_any_size_costs_the_same_few_statements(postgres_dsn: str, tmp_path: Path) -> None:
    async with ground(postgres_dsn, tmp_path / "state", sends=False) as here:
        await here.register(POWER)
        cases = [await here.open(facts(here)) for _ in range(sum(SIZES))]
        await here.confirm(cases)
        counts = {}
        for size in SIZES:
            some, cases = cases[:size], cases[size:]
            replies = await sealed_replies(here, some)
            async with heard(here.engine.pool) as statements:
                results = await here.engine.desk.take(POWER.number, replies)

            assert {result.outcome for result in results} == {"applied"}
            counts[size] = of_the_batch(statements)

        numbers = {size: len(statements) for size, statements in counts.items()}
        assert len(set(numbers.values())) == 1, numbers
        assert max(numbers.values()) <= MOST, "\n".join(counts[SIZES[0]])
        for of_one in counts.values():
            assert sum(one.startswith("BEGIN") for one in of_one) == 1
            assert sum(one.startswith("COMMIT") for one in of_one) == 1


def facts(here: Ground) -> dict[str, object]:
    told = household(day_in_japan(here.engine.clock.now()) + timedelta(days=30))
    return told | {"contracts": {"electricity": told["contracts"]["electricity"]}}


async def sealed_replies(here: Ground, cases: Sequence[UUID]) -> list[bytes]:
    """Return a reply to the order of each case: some with a document, some with a question."""
    keys, engine = here.keys(POWER), here.engine
    sealer = Sealer(keys.signing, kid=keys.kid, source=f"/organisations/{POWER.number}", clock=engine.clock)
    recipient = RecipientKey(engine.keys.decryption.public_key())
    replies = []
    for case_id, kind in zip(cases, cycle(_KINDS)):
        stored = await engine.store.case(case_id)
        assert stored is not None
        (name,) = {f.reference for f in stored.case.filings.values() if f.organisation == POWER.number}
        assert name is not None
        order = order_id(engine.keys.references, reference=name, kind="submit", attempt=1, revision=0)
        replies.append(
            seal_event(
                payload(kind, order),
                id=str(uuid4()),
                subject=name,
                sequence=1,
                time=engine.clock.now(),
                sealer=sealer,
                recipient=recipient,
            )
        )
    return replies


def payload(kind: str, order: str) -> p.Payload:
    name = f"jp.todoke.reply.{kind}.v1"
    told = dict(EXAMPLES[name]) | {"orderId": order}
    if kind in ("accepted", "completed"):
        content = f"%PDF {order}".encode()
        told["documents"] = [
            {
                "documentId": "d-1",
                "kind": "certificate",
                "title": {"ja": "証明書", "en": "Certificate"},
                "mediaType": "application/pdf",
                "sizeBytes": len(content),
                "sha256": sha256(content).hexdigest(),
                "inline": base64.b64encode(content).decode(),
            }
        ]
    return parse_payload(name, json.dumps(told).encode())


Heard = list[tuple[int, str]]


@asynccontextmanager
async def heard(pool: asyncpg.Pool) -> AsyncIterator[Heard]:
    """Collect every statement that goes over any connection of the pool, with its connection."""
    statements: Heard = []

    async with every_connection(pool) as connections:
        notes = [_noting(number, statements) for number in range(len(connections))]
        for one, note in zip(connections, notes, strict=True):
            one.add_query_logger(note)
    yield statements
    async with every_connection(pool) as connections:
        for one in connections:
            for note in notes:
                one.remove_query_logger(note)


def _noting(number: int, statements: Heard) -> Callable[[asyncpg.connection.LoggedQuery], None]:
    return lambda record: statements.append((number, record.query.strip()))


def of_the_batch(statements: Heard) -> list[str]:
    """Return the statements without the transactions that are about the registry."""
    transactions: dict[int, list[list[str]]] = defaultdict(list)
    for connection, one in statements:
        if one.startswith("BEGIN") or not transactions[connection]:
            transactions[connection].append([])
        if _POOL not in one:
            transactions[connection][-1].append(one)
    each = [some for on_one in transactions.values() for some in on_one]
    return [one for some in each if not any(_REGISTRY in one for one in some) for one in some]


@asynccontextmanager
async def every_connection(pool: asyncpg.Pool) -> AsyncIterator[list[PoolConnectionProxy]]:
    """Hold all connections of the pool: what comes later uses one of these."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_max_size())]
