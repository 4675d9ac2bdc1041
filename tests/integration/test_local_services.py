# SPDX-License-Identifier: Apache-2.0
"""Private services start clean, keep what they confirmed, and leave nothing running."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from engine.core.errors import EngineError
from engine.local import process, rabbitmq
from engine.local.postgres import Postgres
from engine.local.rabbitmq import Rabbit
from tests.services import now

HOLDER = """
import sys, time
from pathlib import Path
from engine.local.postgres import Postgres
print(Postgres(Path(sys.argv[1])).start().dsn, flush=True)
time.sleep(600)
"""


async def run(dsn: str, *statements: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@pytest.fixture
def database(place: Path) -> Iterator[Postgres]:
    server = Postgres(place)
    yield server
    server.stop()


def test_the_database_keeps_its_rows_over_a_restart(database: Postgres) -> None:
    before = database.start().dsn
    now(run(before, "create table kept (n int)", "insert into kept values (7)", "select 1"))
    database.stop()

    after = database.start().dsn

    assert now(run(after, "select n from kept")) == 7
    assert (
        now(run(after, "select current_setting('fsync') || current_setting('listen_addresses')"))
        == "on127.0.0.1"
    )


def test_the_database_asks_for_the_password(database: Postgres) -> None:
    dsn = database.start().dsn
    password = dsn.split(":")[2].split("@")[0]

    with pytest.raises(asyncpg.InvalidPasswordError):
        now(run(dsn.replace(password, "guess"), "select 1"))


def test_a_second_start_says_who_is_there(database: Postgres, place: Path) -> None:
    database.start()

    with pytest.raises(EngineError) as caught:
        Postgres(place).start()

    assert caught.value.code == "already-running"
    assert str(os.getpid()) in str(caught.value.values["reason"])


def test_an_initdb_that_was_cut_off_is_done_again(database: Postgres, place: Path) -> None:
    process.own_directory(place)
    (place / "data.new").mkdir()
    (place / "data.new" / "PG_VERSION").write_text("18\n")

    dsn = database.start().dsn

    assert now(run(dsn, "select 1")) == 1


def test_a_note_left_by_a_crash_does_not_stop_the_start(database: Postgres, place: Path) -> None:
    database.start()
    database.stop()
    # a process that lives, but is no server of ours: what a container sees after its restart
    (place / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{place}/data\n1\n1\n\n\n\nready\n")

    dsn = database.start().dsn

    assert now(run(dsn, "select 1")) == 1


def test_the_database_dies_with_its_owner_and_loses_nothing(database: Postgres, place: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        dsn = owner.stdout.readline().strip()
        now(run(dsn, "create table kept (n int)", "insert into kept values (7)", "select 1"))
        owner.send_signal(signal.SIGKILL)

    after = database.start().dsn  # waits for the old server's end

    assert now(run(after, "select n from kept")) == 7


def test_programs_do_not_run_as_root(database: Postgres) -> None:
    database.start()

    assert database.pid
    assert Path(f"/proc/{database.pid}").stat().st_uid != 0


def test_files_of_the_database_are_closed_to_others(database: Postgres, place: Path) -> None:
    database.start()

    assert place.stat().st_mode & 0o077 == 0
    assert (place / "password").stat().st_mode & 0o077 == 0


def test_what_postgresql_said_is_in_the_refusal(database: Postgres, place: Path) -> None:
    database.start()
    database.stop()
    (place / "data" / "PG_VERSION").write_text("9\n")

    with pytest.raises(EngineError, match="cannot-start") as caught:
        database.start()

    assert "version" in str(caught.value.values["reason"])
    assert database.pid is None


def test_a_rabbitmq_of_our_own_leaves_nothing_running(place: Path) -> None:
    if not rabbitmq.installed():
        pytest.skip("RabbitMQ is missing (apt-get install rabbitmq-server)")
    node = Rabbit(place).start()
    assert node.vhost("one/two").endswith("/one%2Ftwo")
    with pytest.raises(EngineError, match="already-running"):
        Rabbit(place).start()
    running = node._members()

    node.stop()

    assert len(running) > 1  # the node and at least its name server
    assert node._members() == []
