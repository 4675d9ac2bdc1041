# SPDX-License-Identifier: Apache-2.0
"""What must be true when a journey has ended, looked at from outside: database, broker, and the organisations' own books."""

import asyncio
import base64
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from connectors.sdk.ledger import Ledger, Standing
from connectors.simulators.catalogue import SIMULATORS
from engine.core.lifecycle import CaseState, FilingState, Way
from engine.core.plan import Contents
from engine.keys import Keys
from engine.runtime.case_keys import CaseKeys
from engine.runtime.journal import replayed
from engine.store.pool import open_pool
from engine.store.postgres import PostgresStore
from tests.journeys.household import Story
from tests.journeys.worlds import World

_REST_SECONDS = 60.0
# What each organisation does about this household, once: the last word of the effect in its ledger.
EFFECTS = {
    "muroran-city": ["registered"],
    "chiyoda-city": [],  # the notice of moving in is a visit: nothing is sent
    "mihon-power": ["booked"],
    "nhk-simulator": ["address-changed"],
}
# Which orders it gets: the corrected refusal is a second attempt, everything else is said once.
ORDERS = {
    "muroran-city": ["submit"],
    "chiyoda-city": [],
    "mihon-power": ["submit", "answer"],
    "nhk-simulator": ["submit", "submit"],
}
_LEFT = {
    "outbox": "select count(*) from engine.outbox",
    "parked": "select count(*) from engine.parked",
    "orders to fetch": "select count(*) from engine.pull_orders where acked_at is null",
    "promised documents": "select count(*) from mailbox.promised_blobs",
}


async def check_all(world: World, story: Story) -> None:
    """Everything a finished journey promises."""
    ledgers = {name: world.ledger(name) for name in SIMULATORS}
    async with pool_of(world.dsn) as pool:
        await check_nothing_left(pool, world.queues)
        await check_case(pool, world.keys, UUID(story.case["id"]))
        await check_books(pool, world.keys, UUID(story.case["id"]), ledgers)
        check_organisations(ledgers, {name: EFFECTS.get(name, []) for name in ledgers})
        check_orders(ledgers)
        check_disclosures(story.case, story.disclosures, ledgers)
        await check_letters(pool, story.letters, ledgers)


@asynccontextmanager
async def pool_of(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(dsn)
    try:
        yield pool
    finally:
        await pool.close()


async def check_case(
    pool: asyncpg.Pool, keys: Keys, case_id: UUID, *, state: CaseState = CaseState.COMPLETED
) -> None:
    """The one case is over, every filing settled, and its journal tells exactly what is stored."""
    store = PostgresStore(pool)
    assert await pool.fetchval("select count(*) from engine.cases") == 1
    stored = await store.case(case_id)
    assert stored is not None
    assert stored.case.state is state
    assert all(filing.has_ended for filing in stored.case.filings.values())
    key = CaseKeys(keys.case).open(case_id, stored.data_key_wrapped)
    told = replayed(await store.journal(case_id), key, head=stored.journal_hash)
    # How many messages there were, and when to look again, is counted beside the journal.
    counted = replace(told, version=stored.case.version, wake_at=stored.case.wake_at)
    assert counted == stored.case


async def check_books(
    pool: asyncpg.Pool, keys: Keys, case_id: UUID, ledgers: Mapping[str, Path]
) -> dict[str, Standing]:
    """Every organisation holds exactly what the case says it holds, by the reference of each filing.

    What it says is done, or cannot be undone, is in effect with the last word that was told; of
    everything else nothing is. Return what is in effect.
    """
    store = PostgresStore(pool)
    stored, sealed = await store.case(case_id), await store.sealed_contents(case_id)
    assert stored is not None
    assert sealed is not None
    key = CaseKeys(keys.case).open(case_id, stored.data_key_wrapped)
    plan = Contents.model_validate_json(key.open("contents", sealed)).plan
    held = {one.reference: one for path in ledgers.values() for one in standing_in(path)}
    left = dict(held)
    for filing in stored.case.filings.values():
        found = left.pop(filing.reference, None) if filing.reference else None
        is_by_hand = filing.way not in {Way.ONLINE, Way.SIGNED} and found is None
        if (
            filing.reference
            and not is_by_hand
            and filing.state in {FilingState.COMPLETED, FilingState.IRREVOCABLE}
        ):
            said = plan.entry(filing.id).fields
            assert found is not None, f"{filing.slug}: it is {filing.state.value}, and nothing is in effect"
            assert found.procedure == filing.slug
            assert found.fields == {name: value for name, value in said.items() if value is not None}
        else:
            assert found is None, f"{filing.slug}: it is {filing.state.value}, and {found} is in effect"
    assert not left, f"no filing knows of these: {left}"
    return held


def standing_in(path: Path) -> list[Standing]:
    book = Ledger(path)
    try:
        return book.in_effect()
    finally:
        book.close()


async def check_nothing_left(pool: asyncpg.Pool, queues: Callable[[], Awaitable[dict[str, int]]]) -> None:
    """Nothing waits anywhere for anybody, and nothing was put aside."""
    left: Mapping[str, int] = {}
    try:
        async with asyncio.timeout(_REST_SECONDS):
            while True:
                left = {name: await pool.fetchval(question) for name, question in _LEFT.items()}
                left = {name: count for name, count in (left | await queues()).items() if count}
                if not left:
                    return
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"this was left: {left}") from None


async def no_queues() -> dict[str, int]:
    """The embedded bus has no queue but the outbox."""
    return {}


def check_organisations(
    ledgers: Mapping[str, Path], wanted: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Every order took effect once, as is `wanted`; no content came under two ids; every reply was taken."""
    for name, path in ledgers.items():
        book = Ledger(path)
        effects = [effect.rpartition(" ")[2] for effect, _ in book.effects()]
        assert wanted is None or effects == wanted[name], name
        assert book.unsent(1) == [], name
        book.close()
        orders = rows(path, "select * from orders order by rowid")
        assert {order["state"] for order in orders} <= {"done"}, name
        contents = Counter((order["reference"], order["payload"]) for order in orders)
        assert all(count == 1 for count in contents.values()), name


def check_orders(ledgers: Mapping[str, Path]) -> None:
    """Nobody was sent more orders than it takes."""
    for name, path in ledgers.items():
        orders = rows(path, "select type from orders order by rowid")
        assert [order["type"].split(".")[3] for order in orders] == ORDERS.get(name, []), name


def check_disclosures(
    case: Mapping[str, Any], disclosures: list[Mapping[str, Any]], ledgers: Mapping[str, Path]
) -> None:
    """Each organisation got exactly the fields of the plan, and exactly that is written down."""
    by_number = {SIMULATORS[name].connector.number: path for name, path in ledgers.items()}
    told: dict[tuple[str, str], set[str]] = {}
    for one in disclosures:
        told.setdefault((one["organisation"], one["filing"]), set()).add(one["field"])
    sent = {(f["organisation"], f["id"]): f for f in case["filings"] if f["organisation"] and f["told"]}
    assert told.keys() == sent.keys()
    for (organisation, filing), fields in told.items():
        planned = {one["name"] for one in sent[organisation, filing]["told"]}
        answers = {field for field in fields if field.startswith("answer:")}
        assert fields - answers == planned
        orders = rows(by_number[organisation], "select type, payload from orders")
        payloads = [json.loads(order["payload"]) for order in orders]
        got = [set(payload["fields"]) for payload in payloads if "fields" in payload]
        asked = {f"answer:{payload['questionId']}" for payload in payloads if "questionId" in payload}
        assert got
        assert all(fields == planned for fields in got)
        assert answers == asked


async def check_letters(
    pool: asyncpg.Pool,
    letters: Sequence[tuple[Mapping[str, Any], bytes]],
    ledgers: Mapping[str, Path],
) -> None:
    """Every document that an organisation issued is in the box once, byte for byte, and nothing else is."""
    issued = [document for path in ledgers.values() for document in documents(path)]
    assert issued
    assert Counter(hashlib.sha256(content).hexdigest() for _, content in letters) == Counter(
        document["sha256"] for document in issued
    )
    by_hash = {hashlib.sha256(content).hexdigest(): content for _, content in letters}
    for document in issued:
        content = by_hash[document["sha256"]]
        assert len(content) == document["sizeBytes"]
        if document.get("inline"):
            assert base64.b64decode(document["inline"]) == content
    kept = await pool.fetch("select order_id from mailbox.letters")
    own = [row for row in kept if row["order_id"].startswith("closing-")]
    assert (len(kept) - len(own), len(own)) == (len(issued), 1)  # and Todoke's own certificate


def documents(ledger: Path) -> list[dict[str, Any]]:
    """Return the documents in the replies of one organisation."""
    replies = rows(ledger, "select payload from replies order by position")
    return [one for reply in replies for one in json.loads(reply["payload"]).get("documents", [])]


def rows(ledger: Path, question: str) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(ledger)) as book:
        book.row_factory = sqlite3.Row
        return book.execute(question).fetchall()
