# SPDX-License-Identifier: Apache-2.0
"""The main promise, however Todoke runs: what a household tells once comes true once, and is read nowhere in clear.

Not in the database's files, not in what goes through the broker or lies on its disk, not in a log. One household serves both, for a
whole Todoke with everybody around it takes its time.

Left out are the books of the organisations, who have a right to what they were told, and the
person's own card with the authority that issued it.
"""

import asyncio
import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from connectors.simulators.catalogue import SIMULATORS
from engine.bus.topology import ORDERS, REPLIES
from engine.local.rabbitmq import call_api
from tests.journeys import promises
from tests.journeys.household import CANARIES, RECEIVERS
from tests.journeys.tapped import references_by_organisation, tapped
from tests.journeys.worlds import World, distributed, embedded
from tests.services import Broker

_THEIR_OWN = ("connectors", "jpki", "card.json")
_TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('engine', 'mailbox')
"""


def forms(value: str) -> set[bytes]:
    """Return how a value may stand in a file: as it is, in base64 at any offset, percent-encoded, escaped."""
    raw = value.encode()
    found = {raw, quote(value).encode(), quote(value).lower().encode()}
    found |= {
        "".join(f"\\u{unit:04x}" if unit > 127 else chr(unit) for unit in map(ord, value)).encode(),
        "".join(f"\\u{unit:04X}" if unit > 127 else chr(unit) for unit in map(ord, value)).encode(),
    }
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw)
        sure = encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        found |= {sure, sure.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


NEEDLES = {form: value for value in CANARIES for form in forms(value)}


def found_in(content: bytes) -> set[str]:
    return {value for form, value in NEEDLES.items() if form in content}


def files(*places: Path, left_out: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the files under these places."""
    for place in places:
        for path in place.rglob("*"):
            if path.relative_to(place).parts[0] not in left_out and path.is_file():
                yield path


def scanned(paths: Iterable[Path], *, witness: bytes) -> dict[str, set[str]]:
    """Return what was found where; fail when the witness, which must be there, was not seen."""
    found, is_seen = {}, False
    for path in paths:
        try:
            content = path.read_bytes().rstrip(b"\0")
        except FileNotFoundError:  # a segment that was just recycled
            continue
        is_seen |= witness in content
        if values := found_in(content):
            found[str(path)] = values
    assert is_seen, f"looked in the wrong place: {witness!r} was not there"
    return found


@pytest.mark.parametrize("value", CANARIES)
def test_a_canary_is_found_in_whatever_form_it_stands(value: str) -> None:
    stands = [
        value,
        quote(value),
        value.encode("unicode_escape").decode(),
        *(base64.b64encode(b"x" * offset + value.encode() + b"more").decode() for offset in range(3)),
        *(base64.urlsafe_b64encode(b"x" * offset + value.encode()).decode() for offset in range(3)),
    ]

    assert all(value in found_in(b"..." + one.encode() + b"...") for one in stands)


async def test_on_one_machine_a_move_is_carried_out_once_and_rests_nowhere_in_clear(place: Path) -> None:
    async with embedded(place) as world:
        await promises.check_all(world, await world.household())
        assert await in_tables(world.dsn) == {}
        assert world.processes.stop() == {}  # the database has written everything into its files

        kept = files(place, world.processes.logs, left_out=_THEIR_OWN)
        assert await asyncio.to_thread(scanned, kept, witness=reference_of(world)) == {}


async def test_on_many_machines_a_move_is_carried_out_once_and_rests_nowhere_in_clear(
    place: Path, postgres_dsn: str, rabbitmq: Broker
) -> None:
    connection = await asyncpg.connect(postgres_dsn)
    before = await connection.fetchval("select pg_walfile_name(pg_current_wal_lsn())")
    async with tapped(rabbitmq) as published, distributed(place, postgres_dsn, rabbitmq) as world:
        await promises.check_all(world, await world.household())
        assert await in_tables(world.dsn) == {}
        assert world.processes.stop() == {}

        assert [one for one in published if found_in(one.body) | found_in(one.headers)] == []
        for exchange in (ORDERS, REPLIES):
            known = references_by_organisation(published, exchange)
            assert len(known) > 2
            assert set(known) <= {SIMULATORS[name].connector.number for name in RECEIVERS}
            assert sum(map(len, known.values())) == len(set().union(*known.values())), "nothing joins two"
        assert {one.key for one in published if not one.exchange} == {"todoke.letters"}

        witness = reference_of(world)
        database = await database_files(connection, since=before)
        assert await asyncio.to_thread(scanned, database, witness=witness) == {}
        assert await asyncio.to_thread(scanned, broker_files(rabbitmq), witness=witness) == {}
        kept = files(place, world.processes.logs, left_out=_THEIR_OWN)
        assert await asyncio.to_thread(scanned, kept, witness=b"letter.delivered") == {}
    await connection.close()


async def in_tables(dsn: str) -> dict[str, set[str]]:
    """Return what is found in the rows themselves: in the files, long values may be compressed."""
    found = {}
    connection = await asyncpg.connect(dsn)
    for (table,) in await connection.fetch(_TABLES):
        rows = bytearray()

        async def more(part: bytes, rows: bytearray = rows) -> None:
            rows.extend(part)

        await connection.copy_from_query(f"select * from {table}", output=more, format="binary")  # noqa: S608
        if values := found_in(bytes(rows)):
            found[table] = values
    await connection.close()
    return found


async def database_files(connection: asyncpg.Connection, *, since: str) -> list[Path]:
    """Return the files of this database, and the log of writes since then, all of it on the disk."""
    await connection.execute("checkpoint")
    data = Path(await connection.fetchval("select current_setting('data_directory')"))
    own = await connection.fetchval("select oid from pg_database where datname = current_database()")
    last = await connection.fetchval("select pg_walfile_name(pg_current_wal_lsn())")
    wal = [path for path in files(data / "pg_wal") if since <= path.name <= last]
    assert wal
    return [*files(data / "base" / str(own)), *wal]


def broker_files(broker: Broker) -> Iterator[Path]:
    """Return everything the broker keeps on its disk."""
    (node,) = call_api(broker.admin_url, "GET", "/nodes")
    return chain(files(Path(node["db_dir"])), (Path(log) for log in node["log_files"] if Path(log).is_file()))


def reference_of(world: World) -> bytes:
    """Return the name of a filing, which stands in clear wherever an order goes."""
    (name,) = {
        row["reference"]
        for row in promises.rows(world.ledger("nhk-simulator"), "select reference from orders")
    }
    assert re.fullmatch(r"r_[0-9a-z]{26}", name)
    assert SIMULATORS["nhk-simulator"].connector.number not in name
    return str(name).encode()
